/*
 * quiet_hours.c
 *		When may a contact be written to, by the clock on his wall?
 *
 * Owns the arithmetic of quiet hours and blackouts.  Which window, zone and
 * days apply to a touch is for those who read the rows; what becomes of a
 * touch that has to wait, for the gate.
 *
 * An instant is judged by what the local clock shows at it.  Between two
 * changes of the zone's offset local time runs like time itself, so each
 * objection says how long it lasts on the local clock, and the walk goes on
 * from there, or from the change of the offset if that comes first.  Hours
 * that a day skips or has twice need no further thought.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "core/clock.h"
#include "outreach/quiet_hours.h"

#define SEARCH_USECS (CAMPAIGN_QUIET_HOURS_DAYS * USECS_PER_DAY)

static int64 objection(const QuietHours *quiet, int64 local, bool *blackout);
static bool is_blackout(const QuietHours *quiet, DateADT day);
static int64 window_wait(const QuietHours *quiet, int64 time_of_day);
static pg_time_t unix_seconds(TimestampTz at);
static int64 utc_offset(const pg_tz *zone, TimestampTz at);
static TimestampTz offset_change(const pg_tz *zone, TimestampTz at);
static int compare_dates(const void *a, const void *b);
static text *optional_text(FunctionCallInfo fcinfo, int arg);

PG_FUNCTION_INFO_V1(campaign_next_allowed_at);

/*
 * campaign.next_allowed_at(at timestamptz, timezone text, quiet_from time,
 * quiet_until time, blackouts date[]).  Raises 22023 for an unknown zone and
 * for half a window.
 */
Datum
campaign_next_allowed_at(PG_FUNCTION_ARGS)
{
	QuietHours	quiet = {0};
	text	   *zone = optional_text(fcinfo, 1);
	bool		blackout;
	bool		unknown;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	quiet.zone = QuietHoursZone(zone ? text_to_cstring(zone) : NULL, NULL, &unknown);
	if (unknown)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown time zone \"%s\"", text_to_cstring(zone)),
				 errdetail("The server's time zone database has no zone of this name."),
				 errhint("View pg_timezone_names lists them: Europe/Berlin, America/New_York, UTC.")));
	if (PG_ARGISNULL(2) != PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("quiet hours have a start and an end"),
				 errdetail("One of quiet_from and quiet_until is null."),
				 errhint("Give both, or neither if there are no quiet hours.")));
	quiet.has_window = !PG_ARGISNULL(2);
	if (quiet.has_window)
	{
		quiet.from = PG_GETARG_TIMEADT(2);
		quiet.until = PG_GETARG_TIMEADT(3);
	}
	if (!PG_ARGISNULL(4))
		QuietHoursSetBlackouts(&quiet, PG_GETARG_ARRAYTYPE_P(4));
	PG_RETURN_TIMESTAMPTZ(QuietHoursNext(&quiet, PG_GETARG_TIMESTAMPTZ(0), &blackout));
}

PG_FUNCTION_INFO_V1(campaign_effective_timezone);

/* campaign.effective_timezone(contact text, tenant text) */
Datum
campaign_effective_timezone(PG_FUNCTION_ARGS)
{
	text	   *contact = optional_text(fcinfo, 0);
	text	   *tenant = optional_text(fcinfo, 1);
	bool		unknown;
	pg_tz	   *zone;

	zone = QuietHoursZone(contact ? text_to_cstring(contact) : NULL,
						  tenant ? text_to_cstring(tenant) : NULL, &unknown);
	PG_RETURN_TEXT_P(cstring_to_text(pg_get_timezone_name(zone)));
}

pg_tz *
QuietHoursZone(const char *contact, const char *tenant, bool *unknown)
{
	const char *names[] = {contact, tenant};
	pg_tz	   *zone;

	*unknown = false;
	for (int i = 0; i < (int) lengthof(names); i++)
	{
		if (names[i] == NULL)
			continue;
		zone = ClockZone(names[i]);
		if (zone != NULL)
			return zone;
		*unknown = true;
	}
	zone = ClockZone("UTC");
	/* the server has this one built in, should its tz database be gone */
	return zone != NULL ? zone : pg_tzset("GMT");
}

void
QuietHoursSetBlackouts(QuietHours *quiet, ArrayType *days)
{
	Datum	   *elements;
	bool	   *nulls;
	int			nelements;
	DateADT    *dates;
	int			ndates = 0;

	deconstruct_array(days, DATEOID, sizeof(DateADT), true, TYPALIGN_INT, &elements, &nulls, &nelements);
	dates = palloc_array(DateADT, Max(nelements, 1));
	for (int i = 0; i < nelements; i++)
	{
		if (!nulls[i])
			dates[ndates++] = DatumGetDateADT(elements[i]);
	}
	pfree(elements);
	pfree(nulls);
	qsort(dates, ndates, sizeof(DateADT), compare_dates);
	quiet->blackouts = dates;
	quiet->nblackouts = ndates;
}

TimestampTz
QuietHoursNext(const QuietHours *quiet, TimestampTz at, bool *blackout)
{
	TimestampTz candidate = at;
	TimestampTz last;

	*blackout = false;
	if (TIMESTAMP_NOT_FINITE(at))
		return at;
	last = at < END_TIMESTAMP - SEARCH_USECS ? at + SEARCH_USECS : END_TIMESTAMP - 1;

	/* Each round passes a day or a change of the offset, if not the last one: some 800 at most. */
	while (candidate <= last)
	{
		bool		on_blackout;
		int64		wait = objection(quiet, candidate + utc_offset(quiet->zone, candidate), &on_blackout);

		if (candidate == at)
			*blackout = on_blackout;
		if (wait == 0)
			return candidate;
		candidate = Min(candidate + wait, offset_change(quiet->zone, candidate));
	}
	return DT_NOEND;
}

/*
 * How long the local clock has to go on, at least, until it shows something
 * that may be allowed; 0 if this is.
 */
static int64
objection(const QuietHours *quiet, int64 local, bool *blackout)
{
	int64		time_of_day = local % USECS_PER_DAY;

	if (time_of_day < 0)
		time_of_day += USECS_PER_DAY;
	*blackout = is_blackout(quiet, (DateADT) ((local - time_of_day) / USECS_PER_DAY));
	return *blackout ? USECS_PER_DAY - time_of_day : window_wait(quiet, time_of_day);
}

static bool
is_blackout(const QuietHours *quiet, DateADT day)
{
	return quiet->nblackouts > 0 &&
		bsearch(&day, quiet->blackouts, quiet->nblackouts, sizeof(DateADT), compare_dates) != NULL;
}

/* A window over midnight is two: the next day is judged when it comes. */
static int64
window_wait(const QuietHours *quiet, int64 time_of_day)
{
	if (!quiet->has_window || quiet->from == quiet->until)
		return 0;
	if (quiet->from < quiet->until)
		return time_of_day >= quiet->from && time_of_day < quiet->until ? quiet->until - time_of_day : 0;
	if (time_of_day >= quiet->from)
		return USECS_PER_DAY - time_of_day;
	return Max(quiet->until - time_of_day, 0);
}

/* Whole seconds, as the time zone library counts, rounded down. */
static pg_time_t
unix_seconds(TimestampTz at)
{
	int64		seconds = at / USECS_PER_SEC - (at % USECS_PER_SEC < 0);

	return (pg_time_t) seconds + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
}

/* What the local clock is ahead of UTC at an instant, in usec. */
static int64
utc_offset(const pg_tz *zone, TimestampTz at)
{
	pg_time_t	seconds = unix_seconds(at);
	struct pg_tm *tm = pg_localtime(&seconds, zone);

	if (tm == NULL)
		elog(ERROR, "no local time at " INT64_FORMAT, at);
	return tm->tm_gmtoff * USECS_PER_SEC;
}

/* The first instant after this one at which the zone's offset may change. */
static TimestampTz
offset_change(const pg_tz *zone, TimestampTz at)
{
	pg_time_t	seconds = unix_seconds(at);
	pg_time_t	boundary;
	long int	before;
	long int	after;
	int			before_isdst;
	int			after_isdst;

	if (pg_next_dst_boundary(&seconds, &before, &before_isdst, &boundary, &after, &after_isdst, zone) != 1)
		return DT_NOEND;
	return (boundary - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY) * USECS_PER_SEC;
}

static int
compare_dates(const void *a, const void *b)
{
	DateADT		left = *(const DateADT *) a;
	DateADT		right = *(const DateADT *) b;

	return (left > right) - (left < right);
}

static text *
optional_text(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : PG_GETARG_TEXT_PP(arg);
}
