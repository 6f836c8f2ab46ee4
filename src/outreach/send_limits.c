/*
 * send_limits.c
 *		How much a tenant may send over a channel: caps per hour, day and month.
 *
 * Capacity is granted in blocks, rows of send_usage.  A claim takes from a
 * grant of the current hour that it has locked; where there is none, it makes
 * one, holding the row of the tenant and channel in send_meters.  The sum of
 * the sizes of a window never exceeds its cap: it is read with a new snapshot
 * after the lock was got, so that it has every grant that has committed, and
 * no other can be made before this one ends.  What a grant has left over when
 * its hour is over is taken from it by whoever makes the next one.
 *
 * A unit that comes back is taken from what a grant of its hour has used, or,
 * if all of them are busy, is a row of size -1: nobody waits to write it.
 *
 * Locks belong to the (sub)transaction that took them, and what is known of
 * them to a SendCaps, which is forgotten when that ends.  None is waited for.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "core/clock.h"
#include "core/ids.h"
#include "core/statements.h"
#include "outreach/quiet_hours.h"
#include "outreach/send_limits.h"

/* Longest name of a channel, with the terminator. */
#define CHANNEL_BYTES 64

/* A grant is at most this part of the cap, or this many times what is needed now. */
#define GRANT_SHARE 16
#define GRANT_TIMES 32

/* A transaction changes grants in place so often, and adds rows after that. */
#define GRANT_CHANGES 32

/* So many rows of a lane are looked at for a lease that has ended, besides those that may be leased. */
#define EXPIRED_ROWS 1000

/* While leases run that may give something back, a cap that is used up is looked at so often. */
#define LOOK_AGAIN (5 * USECS_PER_MINUTE)

#define NO_CAP PG_INT64_MAX

/* The windows of an instant; also indexes of a cap. */
enum
{
	PER_HOUR, PER_DAY, PER_MONTH, WINDOWS
};

typedef struct SendWindows
{
	TimestampTz start[WINDOWS];
	TimestampTz end[WINDOWS];
	DateADT		today;
} SendWindows;

/* The caps of a tenant's channel at an instant. */
typedef struct SendRules
{
	char	   *timezone;
	bool		capped;			/* what is taken is counted, even if no cap holds just now */
	int64		cap[WINDOWS];	/* or NO_CAP */
	SendWindows windows;
} SendRules;

/* What was granted or used in each window. */
typedef struct SendSums
{
	int64		size[WINDOWS];
	int64		used[WINDOWS];
	TimestampTz lease_until[WINDOWS];	/* when the leases of some grant have ended next */
	bool		open[WINDOWS];	/* some grant has units left */
} SendSums;

typedef enum MeterState
{
	METER_FREE,					/* there is no cap */
	METER_COUNTED,
	METER_REFUSED
} MeterState;

/* A tenant's channel in one call, and the grant that is being taken from. */
typedef struct SendMeter
{
	struct
	{
		pg_uuid_t	tenant;
		char		channel[CHANNEL_BYTES];
	}			key;
	MeterState	state;
	TimestampTz retry_at;		/* refused */
	TimestampTz hour;
	pg_uuid_t	grant;
	int32		left;
	int32		taken;			/* and not written yet */
	TimestampTz lease_until;
} SendMeter;

struct SendCaps
{
	MemoryContext context;
	HTAB	   *meters;
	SubTransactionId owner;		/* of the locks */
};

static Statement read_limits = {
	"SELECT t.timezone, s.tenant_id IS NOT NULL,"
	"       CASE WHEN s.tenant_id IS NULL THEN c.hourly_limit ELSE s.per_hour END,"
	"       s.per_day, s.per_month, s.warmup_started_on"
	"  FROM campaign.tenants t JOIN campaign.channels c ON c.channel = $2"
	"  LEFT JOIN campaign.send_limits s ON s.tenant_id = $1 AND s.channel = $2"
	" WHERE t.id = $1",
	NULL, {UUIDOID, TEXTOID}
};

static Statement read_warmup = {
	"SELECT w.cap FROM campaign.send_warmup w"
	" WHERE w.tenant_id = $1 AND w.channel = $2 AND w.day <= $3 ORDER BY w.day DESC LIMIT 1",
	NULL, {UUIDOID, TEXTOID, INT4OID}
};

/* The newest first: the others are more likely to be busy. */
static Statement find_grant = {
	"SELECT u.id, u.size - u.used FROM campaign.send_usage u"
	" WHERE u.tenant_id = $1 AND u.channel = $2 AND u.starts_at = $3 AND u.used < u.size"
	" ORDER BY u.id DESC LIMIT 1 FOR UPDATE SKIP LOCKED",
	NULL, {UUIDOID, TEXTOID, TIMESTAMPTZOID}
};

static Statement write_grant = {
	"UPDATE campaign.send_usage u"
	"   SET used = u.used + $5, lease_until = greatest(u.lease_until, $6)"
	" WHERE u.tenant_id = $1 AND u.channel = $2 AND u.starts_at = $3 AND u.id = $4",
	NULL, {UUIDOID, TEXTOID, TIMESTAMPTZOID, UUIDOID, INT4OID, TIMESTAMPTZOID}
};

/* With the tenant, whose key the insert that follows would wait for. */
static Statement lock_meter = {
	"SELECT m.counted_from FROM campaign.send_meters m JOIN campaign.tenants t ON t.id = $1"
	" WHERE m.tenant_id = $1 AND m.channel = $2"
	"   FOR NO KEY UPDATE OF m SKIP LOCKED FOR KEY SHARE OF t SKIP LOCKED",
	NULL, {UUIDOID, TEXTOID}
};

static Statement find_meter = {
	"SELECT FROM campaign.send_meters m WHERE m.tenant_id = $1 AND m.channel = $2",
	NULL, {UUIDOID, TEXTOID}
};

static Statement lock_tenant = {
	"SELECT FROM campaign.tenants t WHERE t.id = $1 FOR NO KEY UPDATE SKIP LOCKED",
	NULL, {UUIDOID}
};

static Statement insert_meter = {
	"INSERT INTO campaign.send_meters (tenant_id, channel) VALUES ($1, $2)"
	" ON CONFLICT ON CONSTRAINT send_meters_pkey DO NOTHING",
	NULL, {UUIDOID, TEXTOID}
};

static Statement start_meter = {
	"UPDATE campaign.send_meters m SET counted_from = $3 WHERE m.tenant_id = $1 AND m.channel = $2",
	NULL, {UUIDOID, TEXTOID, TIMESTAMPTZOID}
};

static Statement find_unstarted_meter = {
	"SELECT FROM campaign.send_meters m"
	" WHERE m.tenant_id = $1 AND m.channel = $2 AND m.counted_from = 'infinity'",
	NULL, {UUIDOID, TEXTOID}
};

/*
 * All that overlaps a window counts in it, and of what was given back only what
 * lies within: rows are of one hour of the tenant's zone, but that may change.
 */
#define WITHIN(first, last) \
	"CASE WHEN u.size > 0 THEN u.starts_at < " last " AND u.ends_at > " first \
	"     ELSE u.starts_at >= " first " AND u.ends_at <= " last " END"
#define SUMS(w) \
	"coalesce(sum(u.size) FILTER (WHERE " w "), 0), coalesce(sum(u.used) FILTER (WHERE " w "), 0)," \
	"coalesce(min(u.lease_until) FILTER (WHERE " w " AND u.lease_until > $11), 'infinity')," \
	"coalesce(bool_or(u.used < u.size) FILTER (WHERE " w "), false)"

/* No row is longer than two days. */
static Statement sum_usage = {
	"SELECT " SUMS("w.hour") "," SUMS("w.day") "," SUMS("w.month")
	"  FROM campaign.send_usage u"
	" CROSS JOIN LATERAL (SELECT " WITHIN("$3", "$4") " AS hour, " WITHIN("$5", "$6") " AS day, "
	WITHIN("$7", "$8") " AS month) w"
	" WHERE u.tenant_id = $1 AND u.channel = $2"
	"   AND u.starts_at > $9 - interval '4 days' AND u.starts_at < $10",
	NULL,
	{UUIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
	TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID}
};

/* What is left over in grants of other hours is taken from them; not if somebody has one. */
static Statement close_grants = {
	"WITH idle AS MATERIALIZED ("
	"  SELECT u.starts_at, u.id FROM campaign.send_usage u"
	"   WHERE u.tenant_id = $1 AND u.channel = $2 AND u.starts_at <> $3 AND u.used < u.size"
	"     AND u.starts_at > $4 - interval '4 days' AND u.starts_at < $5"
	"     FOR UPDATE SKIP LOCKED)"
	"UPDATE campaign.send_usage u SET size = u.used FROM idle i"
	" WHERE u.tenant_id = $1 AND u.channel = $2 AND u.starts_at = i.starts_at AND u.id = i.id",
	NULL, {UUIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID}
};

static Statement add_usage = {
	"INSERT INTO campaign.send_usage (tenant_id, channel, starts_at, ends_at, id, size, used)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7)",
	NULL, {UUIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID, INT4OID, INT4OID}
};

/* What was sent by hand may exceed the size, which then grows with it. */
static Statement change_grant = {
	"WITH idle AS MATERIALIZED ("
	"  SELECT u.id FROM campaign.send_usage u"
	"   WHERE u.tenant_id = $1 AND u.channel = $2 AND u.starts_at = $3 AND u.size > 0"
	"     AND u.used + $4 >= 0"
	"   ORDER BY $4 > 0 AND u.used < u.size DESC, u.id DESC LIMIT 1 FOR UPDATE SKIP LOCKED)"
	"UPDATE campaign.send_usage u SET used = u.used + $4, size = greatest(u.size, u.used + $4)"
	"  FROM idle i"
	" WHERE u.tenant_id = $1 AND u.channel = $2 AND u.starts_at = $3 AND u.id = i.id",
	NULL, {UUIDOID, TEXTOID, TIMESTAMPTZOID, INT4OID}
};

static Statement find_counted = {
	"SELECT FROM campaign.send_meters m JOIN campaign.tenants t ON t.id = $1"
	" WHERE m.tenant_id = $1 AND m.channel = $2 AND m.counted_from <= $3"
	"   FOR KEY SHARE OF t SKIP LOCKED",
	NULL, {UUIDOID, TEXTOID, TIMESTAMPTZOID}
};

static Statement read_channel = {
	"SELECT l.channel FROM campaign.lanes l WHERE l.tenant_id = $1 AND l.lane = $2",
	NULL, {UUIDOID, INT4OID}
};

/* As a claim ends a lease that it finds: the attempt counts. */
static Statement end_leases = {
	"WITH head AS MATERIALIZED ("
	"  SELECT q.lane, q.due_at, q.enrollment_id"
	"    FROM campaign.lanes l"
	"   CROSS JOIN LATERAL ("
	"         SELECT t.lane, t.due_at, t.enrollment_id, t.claimed_at, t.flags, t.lease_until"
	"           FROM campaign.touch_queue t"
	"          WHERE t.tenant_id = $1 AND t.lane = l.lane AND t.due_at <= $3 - l.shift"
	"          ORDER BY t.due_at, t.enrollment_id LIMIT $5) q"
	"   WHERE l.tenant_id = $1 AND l.channel = $2"
	"     AND q.claimed_at > '-infinity' AND q.flags = 0 AND q.lease_until <= $4),"
	" ended AS MATERIALIZED ("
	"  SELECT t.lane, t.due_at, t.enrollment_id, t.claimed_at"
	"    FROM head h JOIN campaign.touch_queue t"
	"      ON t.tenant_id = $1 AND t.lane = h.lane AND t.due_at = h.due_at AND t.enrollment_id = h.enrollment_id"
	"   WHERE t.claimed_at > '-infinity' AND t.flags = 0 AND t.lease_until <= $4"
	"     FOR UPDATE OF t SKIP LOCKED),"
	" freed AS ("
	"  UPDATE campaign.touch_queue t"
	"     SET claimed_at = '-infinity'"
	"    FROM ended e"
	"   WHERE t.tenant_id = $1 AND t.lane = e.lane AND t.due_at = e.due_at AND t.enrollment_id = e.enrollment_id)"
	"SELECT e.claimed_at, count(*) FROM ended e GROUP BY e.claimed_at",
	NULL, {UUIDOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID}
};

static Statement throttle_lanes = {
	"WITH other AS MATERIALIZED ("
	"  SELECT l.lane FROM campaign.lanes l"
	"   WHERE l.tenant_id = $1 AND l.channel = $2 AND l.throttled_until <> $3"
	"     FOR NO KEY UPDATE SKIP LOCKED)"
	"UPDATE campaign.lanes l SET throttled_until = $3 FROM other o"
	" WHERE l.tenant_id = $1 AND l.lane = o.lane",
	NULL, {UUIDOID, TEXTOID, TIMESTAMPTZOID}
};

static Statement reopen_lanes = {
	"WITH waiting AS MATERIALIZED ("
	"  SELECT l.lane FROM campaign.lanes l"
	"   WHERE l.tenant_id = $1 AND l.channel = $2 AND l.throttled_until > $3"
	"     FOR NO KEY UPDATE SKIP LOCKED)"
	"UPDATE campaign.lanes l SET throttled_until = '-infinity' FROM waiting w"
	" WHERE l.tenant_id = $1 AND l.lane = w.lane",
	NULL, {UUIDOID, TEXTOID, TIMESTAMPTZOID}
};

static Statement read_interval = {
	"SELECT (extract(epoch FROM coalesce(s.contact_interval, c.contact_interval)) * 1000000)::bigint"
	"  FROM campaign.channels c"
	"  LEFT JOIN campaign.send_limits s ON s.tenant_id = $1 AND s.channel = $2"
	" WHERE c.channel = $2",
	NULL, {UUIDOID, TEXTOID}
};

/* Leases that this backend has ended because caps needed what they had. */
static uint64 leases_ended = 0;

PG_FUNCTION_INFO_V1(campaign_send_windows);
PG_FUNCTION_INFO_V1(campaign_count_send_usage);
PG_FUNCTION_INFO_V1(campaign_return_send_usage);

static SendMeter *caps_meter(SendCaps *caps, const pg_uuid_t *tenant, const char *channel,
							 TimestampTz now);
static void take_grant(SendMeter *meter, TimestampTz now, int need);
static bool find_open_grant(SendMeter *meter);
static void make_grant(SendMeter *meter, TimestampTz now, int need);
static bool hold_meter(const pg_uuid_t *tenant, const char *channel);
static TimestampTz counting_starts(Datum *values);
static bool add_meter(const pg_uuid_t *tenant, const char *channel);
static int64 measure_room(const SendMeter *meter, const SendRules *rules, SendSums *sums, int need);
static void close_other_grants(const pg_uuid_t *tenant, const char *channel, TimestampTz hour,
							   const SendWindows *windows);
static bool free_expired(const SendMeter *meter, const SendSums *sums, TimestampTz now);
static void refuse(SendMeter *meter, TimestampTz retry_at);
static void write_taken(SendMeter *meter);
static bool read_rules(const pg_uuid_t *tenant, const char *channel, TimestampTz now, SendRules *rules);
static void read_sums(const pg_uuid_t *tenant, const char *channel, const SendRules *rules,
					  SendSums *sums);
static int64 room_left(const SendRules *rules, const int64 *counted);
static TimestampTz retry_time(const SendRules *rules, const SendSums *sums, const int64 *counted,
							  TimestampTz now);
static bool count_usage(const pg_uuid_t *tenant, const char *channel, TimestampTz at, int units);
static bool may_change_grant(void);
static void find_windows(TimestampTz at, const char *timezone, SendWindows *windows);
static TimestampTz local_midnight(int julian, pg_tz *zone);
static int	local_day(TimestampTz at, pg_tz *zone, struct pg_tm *tm, fsec_t *fsec);

/* campaign.send_windows(at, timezone) */
Datum
campaign_send_windows(PG_FUNCTION_ARGS)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	SendWindows windows;
	TupleDesc	tupdesc;
	Datum		values[2 * WINDOWS + 1];
	bool		nulls[2 * WINDOWS + 1] = {0};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	find_windows(at, text_to_cstring(PG_GETARG_TEXT_PP(1)), &windows);
	for (int w = PER_HOUR; w < WINDOWS; w++)
	{
		values[2 * w] = TimestampTzGetDatum(windows.start[w]);
		values[2 * w + 1] = TimestampTzGetDatum(windows.end[w]);
	}
	values[2 * WINDOWS] = DateADTGetDatum(windows.today);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/* campaign.count_send_usage(tenant, channel, at) */
Datum
campaign_count_send_usage(PG_FUNCTION_ARGS)
{
	SPI_connect();
	SendCapsCount(PG_GETARG_UUID_P(0), text_to_cstring(PG_GETARG_TEXT_PP(1)), PG_GETARG_TIMESTAMPTZ(2));
	SPI_finish();
	PG_RETURN_VOID();
}

/* campaign.return_send_usage(tenant, lane, claimed_at) */
Datum
campaign_return_send_usage(PG_FUNCTION_ARGS)
{
	Datum		values[2];

	values[0] = PG_GETARG_DATUM(0);
	values[1] = PG_GETARG_DATUM(1);
	SPI_connect();
	if (StatementRun(&read_channel, values, NULL) == 1)
		SendCapsReturn(PG_GETARG_UUID_P(0), StatementText(0, 1), PG_GETARG_TIMESTAMPTZ(2));
	SPI_finish();
	PG_RETURN_VOID();
}

SendCaps *
SendCapsBegin(MemoryContext context)
{
	SendCaps   *caps = MemoryContextAllocZero(context, sizeof(SendCaps));

	caps->context = AllocSetContextCreate(context, "campaign send caps", ALLOCSET_SMALL_SIZES);
	return caps;
}

void
SendCapsForget(SendCaps *caps)
{
	caps->meters = NULL;
	MemoryContextReset(caps->context);
}

bool
SendCapsTake(SendCaps *caps, const pg_uuid_t *tenant, const char *channel, TimestampTz now,
			 TimestampTz lease_until, int wanted_hint, TimestampTz *retry_at)
{
	SendMeter  *meter = caps_meter(caps, tenant, channel, now);

	if (meter->state == METER_COUNTED && meter->left == 0)
		take_grant(meter, now, Max(wanted_hint, 1));
	if (meter->state == METER_REFUSED)
	{
		*retry_at = meter->retry_at;
		return false;
	}
	if (meter->state == METER_COUNTED)
	{
		meter->left--;
		meter->taken++;
		meter->lease_until = Max(meter->lease_until, lease_until);
	}
	return true;
}

void
SendCapsUntake(SendCaps *caps, const pg_uuid_t *tenant, const char *channel)
{
	SendMeter	wanted;
	SendMeter  *meter;

	memset(&wanted, 0, sizeof(wanted));
	wanted.key.tenant = *tenant;
	strlcpy(wanted.key.channel, channel, sizeof(wanted.key.channel));
	meter = caps->meters ? hash_search(caps->meters, &wanted.key, HASH_FIND, NULL) : NULL;
	if (meter == NULL || meter->taken == 0)
		return;
	meter->taken--;
	meter->left++;
}

void
SendCapsFinish(SendCaps *caps)
{
	HASH_SEQ_STATUS scan;
	SendMeter  *meter;

	if (caps->meters == NULL)
		return;
	if (caps->owner != GetCurrentSubTransactionId())
		elog(ERROR, "send caps of another subtransaction");
	hash_seq_init(&scan, caps->meters);
	while ((meter = hash_seq_search(&scan)) != NULL)
		write_taken(meter);
}

void
SendCapsReturn(const pg_uuid_t *tenant, const char *channel, TimestampTz claimed_at)
{
	Datum		values[3];

	if (TIMESTAMP_NOT_FINITE(claimed_at))
		return;
	values[0] = UUIDPGetDatum(tenant);
	values[1] = CStringGetTextDatum(channel);
	values[2] = TimestampTzGetDatum(CampaignNow());
	if (count_usage(tenant, channel, claimed_at, -1))
		StatementRun(&reopen_lanes, values, NULL);
}

void
SendCapsCount(const pg_uuid_t *tenant, const char *channel, TimestampTz at)
{
	(void) count_usage(tenant, channel, at, 1);
}

uint64
SendCapsEnded(void)
{
	return leases_ended;
}

bool
SendCapsAllow(const pg_uuid_t *tenant, const char *channel, TimestampTz now, TimestampTz *retry_at)
{
	SendRules	rules;
	SendSums	sums;

	if (!read_rules(tenant, channel, now, &rules) || !rules.capped)
		return true;
	read_sums(tenant, channel, &rules, &sums);
	if (room_left(&rules, sums.used) > 0)
		return true;
	/* nothing is open: what others hold has not been used */
	memset(sums.open, 0, sizeof(sums.open));
	*retry_at = retry_time(&rules, &sums, sums.used, now);
	return false;
}

/* Under the lock of the meter that the refusal took, or a change of the limits could be overwritten. */
void
SendCapsThrottle(const pg_uuid_t *tenant, const char *channel, TimestampTz until)
{
	Datum		values[3];

	values[0] = UUIDPGetDatum(tenant);
	values[1] = CStringGetTextDatum(channel);
	values[2] = TimestampTzGetDatum(until);
	StatementRun(&throttle_lanes, values, NULL);
}

int64
SendCapsContactInterval(const pg_uuid_t *tenant, const char *channel)
{
	Datum		values[2];
	bool		isnull;
	int64		interval = 0;

	values[0] = UUIDPGetDatum(tenant);
	values[1] = CStringGetTextDatum(channel);
	if (StatementRun(&read_interval, values, NULL) == 1)
		interval = DatumGetInt64(StatementValue(0, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return interval;
}

/* The meter of a tenant's channel, looked up once a call. */
static SendMeter *
caps_meter(SendCaps *caps, const pg_uuid_t *tenant, const char *channel, TimestampTz now)
{
	SendMeter	wanted;
	SendMeter  *meter;
	SendRules	rules;
	bool		found;

	if (caps->meters == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(wanted.key);
		control.entrysize = sizeof(SendMeter);
		control.hcxt = caps->context;
		caps->meters = hash_create("campaign send meters", 64, &control,
								   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		caps->owner = GetCurrentSubTransactionId();
	}
	else if (caps->owner != GetCurrentSubTransactionId())
		elog(ERROR, "send caps of another subtransaction");

	memset(&wanted, 0, sizeof(wanted));
	wanted.key.tenant = *tenant;
	strlcpy(wanted.key.channel, channel, CHANNEL_BYTES);
	meter = hash_search(caps->meters, &wanted.key, HASH_FIND, NULL);
	if (meter != NULL)
		return meter;

	wanted.state = read_rules(tenant, channel, now, &rules) && rules.capped ? METER_COUNTED : METER_FREE;
	wanted.hour = rules.windows.start[PER_HOUR];
	wanted.lease_until = DT_NOBEGIN;
	meter = hash_search(caps->meters, &wanted.key, HASH_ENTER, &found);
	*meter = wanted;
	return meter;
}

/* Leaves the meter with units left, free of caps, or refused. */
static void
take_grant(SendMeter *meter, TimestampTz now, int need)
{
	/* or it would be found again: its own lock stops nobody */
	write_taken(meter);
	if (!find_open_grant(meter))
		make_grant(meter, now, need);
}

/* Of the hour, and held by nobody. */
static bool
find_open_grant(SendMeter *meter)
{
	Datum		values[3];
	bool		isnull;
	bool		found;

	values[0] = UUIDPGetDatum(&meter->key.tenant);
	values[1] = CStringGetTextDatum(meter->key.channel);
	values[2] = TimestampTzGetDatum(meter->hour);
	found = StatementRun(&find_grant, values, NULL) == 1;
	if (found)
	{
		meter->grant = *DatumGetUUIDP(StatementValue(0, 1, &isnull));
		meter->left = DatumGetInt32(StatementValue(0, 2, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	return found;
}

static void
make_grant(SendMeter *meter, TimestampTz now, int need)
{
	const pg_uuid_t *tenant = &meter->key.tenant;
	const char *channel = meter->key.channel;
	SendRules	rules;
	SendSums	sums;
	int64		room;
	int64		share = PG_INT32_MAX;
	TimestampTz retry_at;
	Datum		values[7];

	if (!hold_meter(tenant, channel))
	{
		refuse(meter, now + CAMPAIGN_CAPS_BUSY);
		return;
	}
	/* what holds now that nobody changes it */
	if (!read_rules(tenant, channel, now, &rules) || !rules.capped)
	{
		meter->state = METER_FREE;
		return;
	}
	meter->hour = rules.windows.start[PER_HOUR];

	room = measure_room(meter, &rules, &sums, need);
	/*
	 * However long the window: what another transaction gives back just now, or
	 * holds of an ended lease, is not seen here, and nobody will tell the lane.
	 */
	retry_at = room > 0 ? now : Min(retry_time(&rules, &sums, sums.size, now), now + LOOK_AGAIN);
	if (retry_at > now + CAMPAIGN_CAPS_BUSY && free_expired(meter, &sums, now))
	{
		if (find_open_grant(meter))
			return;
		room = measure_room(meter, &rules, &sums, need);
	}
	if (room <= 0)
	{
		refuse(meter, retry_at);
		return;
	}

	for (int w = PER_HOUR; w < WINDOWS; w++)
		share = Min(share, rules.cap[w] / GRANT_SHARE);
	share = Max(need, Min(share, (int64) need * GRANT_TIMES));
	meter->left = (int32) Min(share, room);
	UuidV7Generate(&meter->grant);
	values[0] = UUIDPGetDatum(tenant);
	values[1] = CStringGetTextDatum(channel);
	values[2] = TimestampTzGetDatum(meter->hour);
	values[3] = TimestampTzGetDatum(rules.windows.end[PER_HOUR]);
	values[4] = UUIDPGetDatum(&meter->grant);
	values[5] = Int32GetDatum(meter->left);
	values[6] = Int32GetDatum(0);
	StatementRun(&add_usage, values, NULL);
}

/*
 * Lock the meter, which is made first if there is none, and keep the tenant
 * from being deleted; false if somebody has them.
 */
static bool
hold_meter(const pg_uuid_t *tenant, const char *channel)
{
	Datum		values[3];
	bool		isnull;
	bool		held;

	values[0] = UUIDPGetDatum(tenant);
	values[1] = CStringGetTextDatum(channel);
	held = StatementRun(&lock_meter, values, NULL) == 1;
	if (!held && add_meter(tenant, channel))
		held = StatementRun(&lock_meter, values, NULL) == 1;
	if (held && TIMESTAMP_IS_NOEND(DatumGetTimestampTz(StatementValue(0, 1, &isnull))))
	{
		values[2] = TimestampTzGetDatum(counting_starts(values));
		StatementRun(&start_meter, values, NULL);
	}
	return held;
}

/*
 * The first grant since there is a cap: what was claimed before was not all
 * counted.  If this call was to see the cap from its beginning, whoever found
 * none began before it.  If the cap came meanwhile, he began before this
 * instant, and what this call claims is not known to be counted.  values:
 * tenant and channel.
 */
static TimestampTz
counting_starts(Datum *values)
{
	MemoryContext caller = CurrentMemoryContext;
	TimestampTz starts = CampaignNow();

	/* with the snapshot of the calling query */
	if (SPI_execute_plan(StatementPlan(&find_unstarted_meter), values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not look for a meter");
	MemoryContextSwitchTo(caller);
	if (SPI_processed == 0)
		starts += GetCurrentTimestamp() - GetCurrentStatementStartTimestamp();
	return starts;
}

/*
 * Make the meter if there is none and the tenant is free: it is locked for it,
 * so that no insert waits for another one's.  False if there is one, or may be.
 */
static bool
add_meter(const pg_uuid_t *tenant, const char *channel)
{
	Datum		values[2];

	values[0] = UUIDPGetDatum(tenant);
	values[1] = CStringGetTextDatum(channel);
	if (StatementRun(&find_meter, values, NULL) > 0 || StatementRun(&lock_tenant, values, NULL) == 0)
		return false;
	return StatementRun(&insert_meter, values, NULL) == 1;
}

/* What all caps leave, with what grants of other hours have left over if that matters. */
static int64
measure_room(const SendMeter *meter, const SendRules *rules, SendSums *sums, int need)
{
	const pg_uuid_t *tenant = &meter->key.tenant;
	const char *channel = meter->key.channel;
	int64		room;

	read_sums(tenant, channel, rules, sums);
	room = room_left(rules, sums->size);
	if (room >= need || !(sums->open[PER_HOUR] || sums->open[PER_DAY] || sums->open[PER_MONTH]))
		return room;
	close_other_grants(tenant, channel, meter->hour, &rules->windows);
	read_sums(tenant, channel, rules, sums);
	return room_left(rules, sums->size);
}

/* Grants of other hours than this have nothing left over any more, but those that somebody has. */
static void
close_other_grants(const pg_uuid_t *tenant, const char *channel, TimestampTz hour,
				   const SendWindows *windows)
{
	Datum		values[5];

	values[0] = UUIDPGetDatum(tenant);
	values[1] = CStringGetTextDatum(channel);
	values[2] = TimestampTzGetDatum(hour);
	values[3] = TimestampTzGetDatum(Min(windows->start[PER_HOUR], windows->start[PER_MONTH]));
	values[4] = TimestampTzGetDatum(Max(windows->end[PER_HOUR], windows->end[PER_MONTH]));
	StatementRun(&close_grants, values, NULL);
}

/*
 * What touches still have whose lease has ended before their send was begun.
 * The claim that is at work may never come to them, since others before them
 * find the cap used up.  They are not far from the head of their lane, which
 * claims take from.  True if something came back.
 */
static bool
free_expired(const SendMeter *meter, const SendSums *sums, TimestampTz now)
{
	Datum		values[5];
	int64		used = Max(sums->used[PER_HOUR], Max(sums->used[PER_DAY], sums->used[PER_MONTH]));
	TimestampTz *claimed_at;
	int		   *units;
	int			nclaims;
	bool		isnull;

	values[0] = UUIDPGetDatum(&meter->key.tenant);
	values[1] = CStringGetTextDatum(meter->key.channel);
	values[2] = TimestampTzGetDatum(now);
	values[3] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[4] = Int64GetDatum(Min(used + EXPIRED_ROWS, 10 * EXPIRED_ROWS));
	nclaims = (int) StatementRun(&end_leases, values, NULL);
	leases_ended += nclaims;
	claimed_at = palloc_array(TimestampTz, nclaims + 1);
	units = palloc_array(int, nclaims + 1);
	for (int i = 0; i < nclaims; i++)
	{
		claimed_at[i] = DatumGetTimestampTz(StatementValue(i, 1, &isnull));
		units[i] = (int) DatumGetInt64(StatementValue(i, 2, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	for (int i = 0; i < nclaims; i++)
		(void) count_usage(&meter->key.tenant, meter->key.channel, claimed_at[i], -units[i]);
	return nclaims > 0;
}

static void
refuse(SendMeter *meter, TimestampTz retry_at)
{
	meter->state = METER_REFUSED;
	meter->retry_at = retry_at;
}

static void
write_taken(SendMeter *meter)
{
	Datum		values[6];

	if (meter->taken == 0)
		return;
	values[0] = UUIDPGetDatum(&meter->key.tenant);
	values[1] = CStringGetTextDatum(meter->key.channel);
	values[2] = TimestampTzGetDatum(meter->hour);
	values[3] = UUIDPGetDatum(&meter->grant);
	values[4] = Int32GetDatum(meter->taken);
	values[5] = TimestampTzGetDatum(meter->lease_until);
	if (StatementRun(&write_grant, values, NULL) != 1)
		elog(ERROR, "grant of send caps is gone");
	meter->taken = 0;
}

/* False if there is no such tenant or channel. */
static bool
read_rules(const pg_uuid_t *tenant, const char *channel, TimestampTz now, SendRules *rules)
{
	Datum		values[3];
	Datum		value;
	bool		isnull;
	DateADT		started_on;
	bool		is_warmed;

	memset(rules, 0, sizeof(*rules));
	values[0] = UUIDPGetDatum(tenant);
	values[1] = CStringGetTextDatum(channel);
	if (StatementRun(&read_limits, values, NULL) != 1)
	{
		SPI_freetuptable(SPI_tuptable);
		return false;
	}
	rules->timezone = StatementText(0, 1);
	find_windows(now, rules->timezone, &rules->windows);
	for (int w = PER_HOUR; w < WINDOWS; w++)
	{
		value = StatementValue(0, 3 + w, &isnull);
		rules->cap[w] = isnull ? NO_CAP : DatumGetInt32(value);
		rules->capped |= !isnull;
	}
	started_on = DatumGetDateADT(StatementValue(0, 6, &isnull));
	is_warmed = !isnull;
	SPI_freetuptable(SPI_tuptable);
	if (!is_warmed)
		return true;

	/* counted before it begins, too, so that it begins with what is known */
	rules->capped = true;
	values[2] = Int32GetDatum(rules->windows.today - started_on + 1);
	if (StatementRun(&read_warmup, values, NULL) == 1)
	{
		value = StatementValue(0, 1, &isnull);
		if (!isnull)
			rules->cap[PER_DAY] = Min(rules->cap[PER_DAY], DatumGetInt32(value));
	}
	SPI_freetuptable(SPI_tuptable);
	return true;
}

/* Of the windows that have a cap; the others stay zero. */
static void
read_sums(const pg_uuid_t *tenant, const char *channel, const SendRules *rules, SendSums *sums)
{
	const SendWindows *windows = &rules->windows;
	Datum		values[11];
	TimestampTz first = windows->start[PER_HOUR];
	TimestampTz last = windows->end[PER_HOUR];
	bool		isnull;

	for (int w = PER_HOUR; w < WINDOWS; w++)
	{
		bool		counts = rules->cap[w] != NO_CAP;

		/* an empty window holds nothing */
		values[2 + 2 * w] = TimestampTzGetDatum(counts ? windows->start[w] : DT_NOEND);
		values[3 + 2 * w] = TimestampTzGetDatum(counts ? windows->end[w] : DT_NOBEGIN);
		if (counts)
		{
			first = Min(first, windows->start[w]);
			last = Max(last, windows->end[w]);
		}
	}
	values[0] = UUIDPGetDatum(tenant);
	values[1] = CStringGetTextDatum(channel);
	values[8] = TimestampTzGetDatum(first);
	values[9] = TimestampTzGetDatum(last);
	values[10] = TimestampTzGetDatum(GetCurrentTimestamp());
	if (StatementRun(&sum_usage, values, NULL) != 1)
		elog(ERROR, "no sums of send usage");
	for (int w = PER_HOUR; w < WINDOWS; w++)
	{
		sums->size[w] = DatumGetInt64(StatementValue(0, 4 * w + 1, &isnull));
		sums->used[w] = DatumGetInt64(StatementValue(0, 4 * w + 2, &isnull));
		sums->lease_until[w] = DatumGetTimestampTz(StatementValue(0, 4 * w + 3, &isnull));
		sums->open[w] = DatumGetBool(StatementValue(0, 4 * w + 4, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
}

/* Of all caps, given what counts against each. */
static int64
room_left(const SendRules *rules, const int64 *counted)
{
	int64		room = PG_INT32_MAX;

	for (int w = PER_HOUR; w < WINDOWS; w++)
	{
		if (rules->cap[w] != NO_CAP)
			room = Min(room, rules->cap[w] - counted[w]);
	}
	return room;
}

/*
 * When there may be room again: soon, if others hold units that they have not
 * used; else when the last of the windows ends that are used up, or before
 * that, when the leases of a grant have ended: what they had may come back.
 */
static TimestampTz
retry_time(const SendRules *rules, const SendSums *sums, const int64 *counted, TimestampTz now)
{
	TimestampTz ends = now;
	TimestampTz lease_until = DT_NOEND;

	for (int w = PER_HOUR; w < WINDOWS; w++)
	{
		if (rules->cap[w] == NO_CAP || rules->cap[w] > counted[w])
			continue;
		/* a cap that was lowered below what was used waits for its end */
		if (sums->open[w] && rules->cap[w] > sums->used[w])
			return now + CAMPAIGN_CAPS_BUSY;
		ends = Max(ends, rules->windows.end[w]);
		lease_until = Min(lease_until, sums->lease_until[w]);
	}
	/* leases run on the wall clock, and one grant may have short and long ones */
	if (!TIMESTAMP_IS_NOEND(lease_until))
		ends = Min(ends, now + Min(lease_until - GetCurrentTimestamp(), LOOK_AGAIN));
	return Max(ends, now + CAMPAIGN_CAPS_BUSY);
}

/*
 * Count units that were used or, if negative, come back in the hour of an
 * instant.  False if nothing is counted: there is no cap, was none then, or
 * what was used then counts no more.
 */
static bool
count_usage(const pg_uuid_t *tenant, const char *channel, TimestampTz at, int units)
{
	SendRules	rules;
	SendWindows then;
	pg_uuid_t	id;
	Datum		values[7];

	if (TIMESTAMP_NOT_FINITE(at) || !read_rules(tenant, channel, CampaignNow(), &rules) || !rules.capped)
		return false;
	find_windows(at, rules.timezone, &then);
	if (then.end[PER_HOUR] <= rules.windows.start[PER_MONTH])
		return false;
	values[0] = UUIDPGetDatum(tenant);
	values[1] = CStringGetTextDatum(channel);
	values[2] = TimestampTzGetDatum(at);
	if (units > 0)
		(void) add_meter(tenant, channel);
	else if (StatementRun(&find_counted, values, NULL) == 0)
		return false;

	values[2] = TimestampTzGetDatum(then.start[PER_HOUR]);
	values[3] = Int32GetDatum(units);
	if (may_change_grant() && StatementRun(&change_grant, values, NULL) == 1)
		return true;

	UuidV7Generate(&id);
	values[3] = TimestampTzGetDatum(then.end[PER_HOUR]);
	values[4] = UUIDPGetDatum(&id);
	values[5] = Int32GetDatum(units);
	values[6] = Int32GetDatum(units);
	StatementRun(&add_usage, values, NULL);
	/* it takes the place of what was granted in other hours and is not used yet */
	if (units > 0 && !IsolationUsesXactSnapshot())
		close_other_grants(tenant, channel, then.start[PER_HOUR], &rules.windows);
	return true;
}

/*
 * A row that one transaction changes again and again is found ever more
 * slowly; and above READ COMMITTED a row that others have changed is an error.
 */
static bool
may_change_grant(void)
{
	static TransactionId last_transaction = InvalidTransactionId;
	static int	changes = 0;
	TransactionId transaction = GetTopTransactionId();

	if (transaction != last_transaction)
	{
		last_transaction = transaction;
		changes = 0;
	}
	return changes++ < GRANT_CHANGES && !IsolationUsesXactSnapshot();
}

/* By the clock of a time zone; of UTC if the server does not know it. */
static void
find_windows(TimestampTz at, const char *timezone, SendWindows *windows)
{
	bool		unknown;
	pg_tz	   *zone = QuietHoursZone(NULL, timezone, &unknown);
	struct pg_tm tm;
	fsec_t		fsec;
	int			today = local_day(at, zone, &tm, &fsec);

	windows->today = today - POSTGRES_EPOCH_JDATE;
	/* an hour is 60 minutes from when the clock showed it full, or would have */
	windows->start[PER_HOUR] = at - ((tm.tm_min * SECS_PER_MINUTE + tm.tm_sec) * USECS_PER_SEC + fsec);
	windows->end[PER_HOUR] = windows->start[PER_HOUR] + USECS_PER_HOUR;
	windows->start[PER_DAY] = local_midnight(today, zone);
	windows->end[PER_DAY] = local_midnight(today + 1, zone);
	windows->start[PER_MONTH] = local_midnight(date2j(tm.tm_year, tm.tm_mon, 1), zone);
	windows->end[PER_MONTH] = local_midnight(tm.tm_mon < MONTHS_PER_YEAR ? date2j(tm.tm_year, tm.tm_mon + 1, 1)
										 : date2j(tm.tm_year + 1, 1, 1), zone);
}

/* The first instant of a day, given as a Julian date. */
static TimestampTz
local_midnight(int julian, pg_tz *zone)
{
	struct pg_tm tm = {0};
	fsec_t		fsec;
	TimestampTz midnight;
	TimestampTz earlier;
	int			offset;

	j2date(julian, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	offset = DetermineTimeZoneOffset(&tm, zone);
	if (tm2timestamp(&tm, 0, &offset, &midnight) != 0)
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));

	/*
	 * A clock that is set back at one o'clock shows midnight twice; the server
	 * takes the second one.
	 */
	if (timestamp2tm(midnight - SECS_PER_DAY / 2 * USECS_PER_SEC, &offset, &tm, &fsec, NULL, zone) != 0)
		return midnight;
	j2date(julian, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	if (tm2timestamp(&tm, 0, &offset, &earlier) == 0 && earlier < midnight &&
		local_day(earlier, zone, &tm, &fsec) == julian)
		return earlier;
	return midnight;
}

/* The Julian date that the clock shows, with the rest of it. */
static int
local_day(TimestampTz at, pg_tz *zone, struct pg_tm *tm, fsec_t *fsec)
{
	int			offset;

	if (TIMESTAMP_NOT_FINITE(at) || timestamp2tm(at, &offset, tm, fsec, NULL, zone) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range"),
				 errdetail("It has no hour, day and month."),
				 errhint("Pass a finite instant.")));
	return date2j(tm->tm_year, tm->tm_mon, tm->tm_mday);
}
