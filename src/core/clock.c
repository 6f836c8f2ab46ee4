/*
 * clock.c
 *		The engine's clock, and the check of time zone names.
 *
 * Owns campaign.clock_offset.  The offset is a fixed span: a day of it is 24
 * hours and a month 30 days, because the calendar's days would depend on the
 * session's time zone and two workers would then read two clocks.
 *
 * Leases and timeouts are none of its business: they run on
 * clock_timestamp(), which no setting moves.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "core/clock.h"
#include "compat.h"

/* Either way; far enough for any test, and no sum with it leaves the range of timestamptz. */
#define CLOCK_OFFSET_MAX_DAYS	36525

static bool check_clock_offset(char **newval, void **extra, GucSource source);
static void assign_clock_offset(const char *newval, void *extra);
static bool parse_clock_offset(const char *str, int64 *offset);
static bool parse_interval(const char *str, Interval *span);
static bool is_listed_timezone(const char *name);

static char *clock_offset_string = NULL;

/* In microseconds. */
static int64 clock_offset = 0;

void
ClockInit(void)
{
	DefineCustomStringVariable("campaign.clock_offset",
							   "Moves the engine's clock, campaign.now(), by this interval.",
							   "A day is 24 hours and a month 30 days. Meant for tests and demonstrations.",
							   &clock_offset_string,
							   "0",
							   PGC_SUSET,
							   0,
							   check_clock_offset,
							   assign_clock_offset,
							   NULL);
}

TimestampTz
CampaignNow(void)
{
	return GetCurrentStatementStartTimestamp() + clock_offset;
}

PG_FUNCTION_INFO_V1(campaign_now);

Datum
campaign_now(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(CampaignNow());
}

PG_FUNCTION_INFO_V1(campaign_is_timezone);

/*
 * campaign.is_timezone(text): is this a name of the server's time zone
 * database, in any case?
 *
 * pg_tzset() also accepts POSIX rules such as "Mars5", which nobody means.
 * A rule needs a digit, so only names with one have to be looked for in the
 * list, which costs milliseconds.
 */
Datum
campaign_is_timezone(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (name[0] == '\0' || pg_tzset(name) == NULL)
		PG_RETURN_BOOL(false);
	for (const char *p = name; *p; p++)
	{
		if (isdigit((unsigned char) *p))
			PG_RETURN_BOOL(is_listed_timezone(name));
	}
	PG_RETURN_BOOL(true);
}

static bool
is_listed_timezone(const char *name)
{
	pg_tzenum  *zones = pg_tzenumerate_start();
	pg_tz	   *zone;
	bool		found = false;

	while (!found && (zone = pg_tzenumerate_next(zones)) != NULL)
	{
		found = pg_strcasecmp(pg_get_timezone_name(zone), name) == 0;
		CHECK_FOR_INTERRUPTS();
	}
	pg_tzenumerate_end(zones);
	return found;
}

/* Runs outside transactions and in the postmaster: neither throws nor looks at a catalog. */
static bool
check_clock_offset(char **newval, void **extra, GucSource source)
{
	int64		offset;
	int64	   *stored;

	if (!parse_clock_offset(*newval, &offset))
		return false;
	stored = campaign_guc_malloc_compat(sizeof(int64));
	if (stored == NULL)
		return false;
	*stored = offset;
	*extra = stored;
	return true;
}

static void
assign_clock_offset(const char *newval, void *extra)
{
	clock_offset = *(int64 *) extra;
}

/* Reports by GUC_check_err and returns false if it is no interval within the limit. */
static bool
parse_clock_offset(const char *str, int64 *offset)
{
	Interval	span;
	int64		days;

	if (!parse_interval(str, &span))
	{
		GUC_check_errdetail("\"%s\" is not an interval.", str);
		GUC_check_errhint("Write it like \"15 days 02:30:00\"; 0 is the real time.");
		return false;
	}
	days = (int64) span.month * DAYS_PER_MONTH + span.day;
	if (days + span.time / USECS_PER_DAY > CLOCK_OFFSET_MAX_DAYS ||
		days + span.time / USECS_PER_DAY < -CLOCK_OFFSET_MAX_DAYS)
	{
		GUC_check_errdetail("\"%s\" moves the clock by more than %d days.", str, CLOCK_OFFSET_MAX_DAYS);
		GUC_check_errhint("Choose an offset within a hundred years.");
		return false;
	}
	*offset = days * USECS_PER_DAY + span.time;
	return true;
}

/*
 * What interval_in() accepts, without its errors.  The sign of "-1 day 02:00"
 * depends on IntervalStyle; it is read alike in every session.
 */
static bool
parse_interval(const char *str, Interval *span)
{
	char		workbuf[256];
	char	   *field[MAXDATEFIELDS];
	int			ftype[MAXDATEFIELDS];
	int			nf;
	int			dtype;
	struct pg_itm_in itm = {0};
	int			save_style = IntervalStyle;
	int			result;

	IntervalStyle = INTSTYLE_POSTGRES;
	result = ParseDateTime(str, workbuf, sizeof(workbuf), field, ftype, MAXDATEFIELDS, &nf);
	if (result == 0)
		result = DecodeInterval(field, ftype, nf, INTERVAL_FULL_RANGE, &dtype, &itm);
	if (result == DTERR_BAD_FORMAT)
		result = DecodeISO8601Interval(unconstify(char *, str), &dtype, &itm);
	IntervalStyle = save_style;

	return result == 0 && dtype == DTK_DELTA && itmin2interval(&itm, span) == 0;
}
