/*
 * clock.c
 *		The engine's clock, and time zones by name.
 *
 * Owns campaign.clock_offset.  The offset is a fixed span: a day of it is 24
 * hours and a month 30 days, because the calendar's days would depend on the
 * session's time zone and two workers would then read two clocks.
 *
 * Leases and timeouts are none of its business: they run on
 * clock_timestamp(), which no setting moves.
 *
 * Zones are looked for once a backend and name, whether there is one or not:
 * the server reads a file, or a folder in vain, each time that it is asked for
 * what it does not know.  A tz database that is renewed is seen by new
 * sessions, as it is by the server's own functions.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "core/clock.h"
#include "compat.h"

/* Either way; far enough for any test, and no sum with it leaves the range of timestamptz. */
#define CLOCK_OFFSET_MAX_DAYS	36525

/* As many names are remembered: more than there are zones, so that only nonsense comes to it. */
#define CLOCK_ZONES_MAX	2048

typedef struct NamedZone
{
	char		name[TZ_STRLEN_MAX + 1];	/* in lower case; the key */
	pg_tz	   *zone;			/* NULL: there is none */
} NamedZone;

static bool check_clock_offset(char **newval, void **extra, GucSource source);
static void assign_clock_offset(const char *newval, void *extra);
static bool parse_clock_offset(const char *str, int64 *offset);
static bool parse_interval(const char *str, Interval *span);
static pg_tz *find_zone(const char *name);
static bool is_listed_zone(const char *name);
static void list_zones_with_digits(void);
static HTAB *make_named_zones(void);

static char *clock_offset_string = NULL;

/* In microseconds. */
static int64 clock_offset = 0;

static HTAB *named_zones = NULL;

/* Names of the tz database that have a digit in them, under CacheMemoryContext. */
static List *zones_with_digits = NIL;

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
 */
Datum
campaign_is_timezone(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ClockZone(text_to_cstring(PG_GETARG_TEXT_PP(0))) != NULL);
}

pg_tz *
ClockZone(const char *name)
{
	char		key[TZ_STRLEN_MAX + 1];
	size_t		length = strlen(name);
	NamedZone  *known;
	pg_tz	   *zone;

	if (length == 0 || length > TZ_STRLEN_MAX)
		return NULL;
	for (size_t i = 0; i <= length; i++)
		key[i] = pg_ascii_tolower((unsigned char) name[i]);

	if (named_zones == NULL)
		named_zones = make_named_zones();
	known = hash_search(named_zones, key, HASH_FIND, NULL);
	if (known != NULL)
		return known->zone;

	zone = find_zone(name);
	if (hash_get_num_entries(named_zones) >= CLOCK_ZONES_MAX)
	{
		hash_destroy(named_zones);
		named_zones = NULL;
		named_zones = make_named_zones();
	}
	known = hash_search(named_zones, key, HASH_ENTER, NULL);
	known->zone = zone;
	return zone;
}

/*
 * pg_tzset() also takes POSIX rules such as "Mars5", which nobody means, and
 * keeps each for ever.  A rule needs a digit: names with one are asked for
 * only if the tz database has them.
 */
static pg_tz *
find_zone(const char *name)
{
	pg_tz	   *zone;

	for (const char *p = name; *p; p++)
	{
		if (isdigit((unsigned char) *p) && !is_listed_zone(name))
			return NULL;
	}
	zone = pg_tzset(name);
	/* with leap seconds, it would not be the server's clock */
	return zone != NULL && pg_tz_acceptable(zone) ? zone : NULL;
}

static bool
is_listed_zone(const char *name)
{
	ListCell   *cell;

	if (zones_with_digits == NIL)
		list_zones_with_digits();
	foreach(cell, zones_with_digits)
	{
		if (pg_strcasecmp(lfirst(cell), name) == 0)
			return true;
	}
	return false;
}

/* Reads the whole tz database, some 20 milliseconds. */
static void
list_zones_with_digits(void)
{
	pg_tzenum  *zones = pg_tzenumerate_start();
	List	   *names = NIL;
	List	   *kept = NIL;
	pg_tz	   *zone;
	MemoryContext caller;

	while ((zone = pg_tzenumerate_next(zones)) != NULL)
	{
		const char *name = pg_get_timezone_name(zone);

		if (strpbrk(name, "0123456789") != NULL)
			names = lappend(names, pstrdup(name));
		CHECK_FOR_INTERRUPTS();
	}
	pg_tzenumerate_end(zones);

	caller = MemoryContextSwitchTo(CacheMemoryContext);
	for (int i = 0; i < list_length(names); i++)
		kept = lappend(kept, pstrdup(list_nth(names, i)));
	MemoryContextSwitchTo(caller);
	zones_with_digits = kept;
}

static HTAB *
make_named_zones(void)
{
	HASHCTL		control = {0};

	control.keysize = TZ_STRLEN_MAX + 1;
	control.entrysize = sizeof(NamedZone);
	control.hcxt = CacheMemoryContext;
	return hash_create("campaign time zones", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
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
