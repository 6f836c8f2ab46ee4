/*
 * quiet_hours.h
 *		When may a contact be written to, by the clock on his wall?
 */
#ifndef CAMPAIGN_QUIET_HOURS_H
#define CAMPAIGN_QUIET_HOURS_H

#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/array.h"
#include "utils/date.h"

/* So far ahead an allowed instant is looked for. */
#define CAMPAIGN_QUIET_HOURS_DAYS 400

typedef struct QuietHours
{
	pg_tz	   *zone;
	bool		has_window;
	int64		from;			/* quiet from here, in usec of the local day, ... */
	int64		until;			/* ... until before here; equal: never */
	const DateADT *blackouts;	/* whole local days, ascending */
	int			nblackouts;
} QuietHours;

/*
 * The contact's time zone, else the tenant's, else UTC; either may be NULL.
 * Never NULL.  *unknown: one of the names that were looked at is no time zone.
 */
extern pg_tz *QuietHoursZone(const char *contact, const char *tenant, bool *unknown);

/*
 * Set the blackouts from a date[], in any order; NULLs are left out.  The copy
 * is palloc'ed in the current context.
 */
extern void QuietHoursSetBlackouts(QuietHours *quiet, ArrayType *days);

/*
 * The first instant from at on that is allowed: at itself if it is.  DT_NOEND
 * if there is none within CAMPAIGN_QUIET_HOURS_DAYS.  *blackout: at falls on a
 * blackout; false if only the window objects to it, or nothing.  An instant
 * that is not finite comes back as it is.
 */
extern TimestampTz QuietHoursNext(const QuietHours *quiet, TimestampTz at, bool *blackout);

#endif							/* CAMPAIGN_QUIET_HOURS_H */
