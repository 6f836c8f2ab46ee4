/*
 * leases.h
 *		What every lease needs: a fence, an opaque token, an end, a backoff.
 */
#ifndef CAMPAIGN_LEASES_H
#define CAMPAIGN_LEASES_H

#include "datatype/timestamp.h"

#include "compat.h"

/* Bounds of a lease. */
#define CAMPAIGN_MIN_LEASE	(USECS_PER_SEC)
#define CAMPAIGN_MAX_LEASE	(24 * USECS_PER_HOUR)

/* Raises 22023 for what is no token. */
CAMPAIGN_NORETURN_COMPAT extern void LeaseRaiseInvalidToken(void);

/* A fence never is 0: that means no lease. */
extern int64 LeaseFence(void);

/*
 * Length of a lease in microseconds.  Raises 22023 outside of
 * CAMPAIGN_MIN_LEASE and CAMPAIGN_MAX_LEASE, and for months, whose length is
 * not a length.
 */
extern int64 LeaseLength(const Interval *lease);

/*
 * Microseconds to wait after the given number of failed attempts (from 1): 1,
 * 5 and then 15 minutes, and up to a fifth more at random, so that what failed
 * together is not tried again together.
 */
extern int64 LeaseBackoff(int attempts);

/* Bytes as base64url text (RFC 4648, section 5) without padding, palloc'ed. */
extern char *LeaseEncode(const uint8 *bytes, int len);

/* Back again: true if text is exactly len bytes in that form. */
extern bool LeaseDecode(const char *text, int textlen, uint8 *bytes, int len);

#endif							/* CAMPAIGN_LEASES_H */
