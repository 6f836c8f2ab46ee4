/*
 * clock.h
 *		The engine's clock, and time zones by name.
 */
#ifndef CAMPAIGN_CLOCK_H
#define CAMPAIGN_CLOCK_H

#include "datatype/timestamp.h"
#include "pgtime.h"

/*
 * Business time: the start of the current statement plus
 * campaign.clock_offset.  Constant within a statement and the same in every
 * session whatever its time zone.  Leases do not use it.
 */
extern TimestampTz CampaignNow(void);

/*
 * The zone of this name, in any case of letters; NULL if the server's time
 * zone database has none.  Abbreviations and POSIX rules are no names.  Lives
 * as long as the backend, and costs one look into a hash table.
 */
extern pg_tz *ClockZone(const char *name);

/* Defines campaign.clock_offset. */
extern void ClockInit(void);

#endif							/* CAMPAIGN_CLOCK_H */
