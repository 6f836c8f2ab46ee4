/*
 * clock.h
 *		The engine's clock.
 */
#ifndef CAMPAIGN_CLOCK_H
#define CAMPAIGN_CLOCK_H

#include "datatype/timestamp.h"

/*
 * Business time: the start of the current statement plus
 * campaign.clock_offset.  Constant within a statement and the same in every
 * session whatever its time zone.  Leases do not use it.
 */
extern TimestampTz CampaignNow(void);

/* Defines campaign.clock_offset. */
extern void ClockInit(void);

#endif							/* CAMPAIGN_CLOCK_H */
