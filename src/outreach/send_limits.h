/*
 * send_limits.h
 *		How much a tenant may send over a channel: caps per hour, day and month.
 *
 * All of it runs inside the SPI connection of the SQL function, and none of it
 * ever waits for a lock: what is busy is refused for a moment.
 */
#ifndef CAMPAIGN_SEND_LIMITS_H
#define CAMPAIGN_SEND_LIMITS_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

/* After so long what was busy is looked at again (microseconds). */
#define CAMPAIGN_CAPS_BUSY	USECS_PER_SEC

/* What one call knows and has taken; its memory is a child of the context given. */
typedef struct SendCaps SendCaps;

extern SendCaps *SendCapsBegin(MemoryContext context);

/*
 * Take one unit of every cap of a tenant's channel; true where there is none.
 * now is the engine's clock, lease_until the wall clock.  wanted_hint: how many
 * the caller may still take of this tenant and channel in this call, this one
 * included.
 *
 * false: *retry_at, by the engine's clock, says when to look again.  No more
 * than CAMPAIGN_CAPS_BUSY from now: others hold what is left.  Later: it is
 * used up, and SendCapsThrottle may be called, in this same transaction.
 */
extern bool SendCapsTake(SendCaps *caps, const pg_uuid_t *tenant, const char *channel,
						 TimestampTz now, TimestampTz lease_until, int wanted_hint,
						 TimestampTz *retry_at);

/* The last unit that was taken of a tenant's channel in this call is not used. */
extern void SendCapsUntake(SendCaps *caps, const pg_uuid_t *tenant, const char *channel);

/*
 * Write what was taken.  In the (sub)transaction of the takes, which hold the
 * locks; without it, they are given back when the transaction ends.
 */
extern void SendCapsFinish(SendCaps *caps);

/* Know nothing any more: after a finish at whose end a subtransaction ends, and after an abort. */
extern void SendCapsForget(SendCaps *caps);

/*
 * Give back the unit of a touch that was claimed at a time (the engine's clock)
 * and not sent.  Once for each unit; does nothing if none can have been taken,
 * or for a time that is not finite: it was given back before.
 */
extern void SendCapsReturn(const pg_uuid_t *tenant, const char *channel, TimestampTz claimed_at);

/*
 * Count what was sent without a unit: by hand, or under a lease whose unit had
 * been given back.  It may exceed the caps: it has happened.
 */
extern void SendCapsCount(const pg_uuid_t *tenant, const char *channel, TimestampTz at);

/* Would a take be granted, apart from who is busy?  Only reads; *retry_at as there. */
extern bool SendCapsAllow(const pg_uuid_t *tenant, const char *channel, TimestampTz now,
						  TimestampTz *retry_at);

/* Nothing is claimed from a tenant's lanes of a channel until then; a lane that is busy is left out. */
extern void SendCapsThrottle(const pg_uuid_t *tenant, const char *channel, TimestampTz until);

/*
 * Grows when a take has ended old leases in the queue to get back what they
 * had: what was read of the queue before may have changed.
 */
extern uint64 SendCapsEnded(void);

/* Least time between two touches of one contact over the channel, in microseconds. */
extern int64 SendCapsContactInterval(const pg_uuid_t *tenant, const char *channel);

#endif							/* CAMPAIGN_SEND_LIMITS_H */
