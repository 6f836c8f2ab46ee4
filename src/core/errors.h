/*
 * errors.h
 *		SQLSTATEs of class CP: only where a client must tell cases apart.
 */
#ifndef CAMPAIGN_ERRORS_H
#define CAMPAIGN_ERRORS_H

#include "utils/elog.h"

#define ERRCODE_CAMPAIGN_ILLEGAL_TRANSITION	MAKE_SQLSTATE('C','P','0','0','1')
#define ERRCODE_CAMPAIGN_PRECONDITION		MAKE_SQLSTATE('C','P','0','0','2')
#define ERRCODE_CAMPAIGN_INVALID_DOCUMENT	MAKE_SQLSTATE('C','P','0','0','3')
#define ERRCODE_CAMPAIGN_LEASE_LOST			MAKE_SQLSTATE('C','P','0','0','4')
#define ERRCODE_CAMPAIGN_LIMIT_EXHAUSTED	MAKE_SQLSTATE('C','P','0','0','5')
#define ERRCODE_CAMPAIGN_BREAKER_OPEN		MAKE_SQLSTATE('C','P','0','0','6')

#endif							/* CAMPAIGN_ERRORS_H */
