/*
 * touch_counts.c
 *		Counts of what became of touches and enrolments.
 *
 * Nothing that is shared is updated here: a call appends what it has counted
 * to touch_count_deltas, and fold_counts() adds it to the totals later.  Who
 * reads totals and deltas in one snapshot is never off by one.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "core/clock.h"
#include "core/ids.h"
#include "outreach/touch_counts.h"
#include "outreach/touch_tables.h"

#define FIRST_COUNTS 16

#define STOPPED_PREFIX "stopped."

typedef struct CountKey
{
	pg_uuid_t	tenant;
	pg_uuid_t	campaign;
	TimestampTz bucket;
	int16		touch_number;	/* 0: of the enrolment */
	char		service[CAMPAIGN_SERVICE_BYTES];	/* empty: none */
	char		metric[CAMPAIGN_METRIC_BYTES];
} CountKey;

typedef struct Count
{
	CountKey	key;
	TimestampTz latest;			/* of what is counted here */
	int64		n;
	int64		seconds;
} Count;

struct TouchCounts
{
	MemoryContext context;
	Count	   *counts;			/* as they came, some of them merged */
	int			ncounts;
	int			size;			/* of the array */
};

/* What may be counted beside the reasons of stops. */
static const char *const metrics[] = {
	"enrolled", "completed", "sent", "failed", "skipped", "delivered", "opened", "machine_opened",
	"clicked", "replied", "converted", "reviewed", "feedback", "bounced_hard", "bounced_soft",
	"complained", "unsubscribed"
};

PG_FUNCTION_INFO_V1(campaign_count_touch_event);
PG_FUNCTION_INFO_V1(campaign_count_day);

static void add_count(TouchCounts *counts, const pg_uuid_t *tenant, const pg_uuid_t *campaign,
					  int touch_number, const char *service_type, const char *metric,
					  TimestampTz at, int64 n, int64 seconds);
static void merge_counts(TouchCounts *counts);
static int	compare_counts(const void *a, const void *b);
static void write_count(TouchBatch *batch, const Count *count);
static TimestampTz counted_at(TouchBatch *batch, const Count *count);
static DateADT day_of(TimestampTz at, const char *timezone);
static TimestampTz bucket_of(TimestampTz at);
static int64 whole_seconds(int64 usecs);
static bool is_metric(const char *metric);

TouchCounts *
TouchCountsBegin(MemoryContext context)
{
	TouchCounts *counts = MemoryContextAllocZero(context, sizeof(TouchCounts));

	counts->context = context;
	return counts;
}

void
TouchCountsAddTouch(TouchCounts *counts, const pg_uuid_t *tenant, const pg_uuid_t *campaign,
					int touch_number, const char *service_type, TouchStatus status, TimestampTz at)
{
	add_count(counts, tenant, campaign, touch_number, service_type, TouchStatusNames[status], at, 1, 0);
}

void
TouchCountsAddEnd(TouchCounts *counts, const pg_uuid_t *tenant, const pg_uuid_t *campaign,
				  const char *service_type, const char *stop_reason, TimestampTz enrolled_at,
				  TimestampTz at)
{
	char		metric[CAMPAIGN_METRIC_BYTES];

	snprintf(metric, sizeof(metric), "%s%s", stop_reason ? STOPPED_PREFIX : "completed",
			 stop_reason ? stop_reason : "");
	add_count(counts, tenant, campaign, 0, service_type, metric, at, 1,
			  whole_seconds(at - enrolled_at));
}

void
TouchCountsFlush(TouchBatch *batch)
{
	TouchCounts *counts = batch->counts;

	merge_counts(counts);
	for (int i = 0; i < counts->ncounts; i++)
		write_count(batch, &counts->counts[i]);
	TouchCountsForget(counts);
}

void
TouchCountsForget(TouchCounts *counts)
{
	counts->ncounts = 0;
}

static void
add_count(TouchCounts *counts, const pg_uuid_t *tenant, const pg_uuid_t *campaign, int touch_number,
		  const char *service_type, const char *metric, TimestampTz at, int64 n, int64 seconds)
{
	Count	   *count;

	if (counts->ncounts == counts->size)
	{
		/* as much room as there are different things, and not as much as there are touches */
		merge_counts(counts);
		if (counts->size == 0)
		{
			counts->size = FIRST_COUNTS;
			counts->counts = MemoryContextAlloc(counts->context, sizeof(Count) * FIRST_COUNTS);
		}
		else if (counts->ncounts > counts->size / 2)
		{
			counts->size *= 2;
			counts->counts = repalloc(counts->counts, mul_size(sizeof(Count), counts->size));
		}
	}
	count = &counts->counts[counts->ncounts++];
	/* keys are compared by their bytes */
	memset(count, 0, sizeof(Count));
	count->key.tenant = *tenant;
	count->key.campaign = *campaign;
	count->key.bucket = bucket_of(at);
	count->key.touch_number = touch_number;
	strlcpy(count->key.service, service_type ? service_type : "", sizeof(count->key.service));
	strlcpy(count->key.metric, metric, sizeof(count->key.metric));
	count->latest = at;
	count->n = n;
	count->seconds = seconds;
}

/* One count for each key. */
static void
merge_counts(TouchCounts *counts)
{
	int			kept = 0;

	if (counts->ncounts < 2)
		return;
	qsort(counts->counts, counts->ncounts, sizeof(Count), compare_counts);
	for (int i = 1; i < counts->ncounts; i++)
	{
		Count	   *to = &counts->counts[kept];
		const Count *from = &counts->counts[i];

		if (compare_counts(to, from) == 0)
		{
			to->latest = Max(to->latest, from->latest);
			to->n += from->n;
			to->seconds += from->seconds;
		}
		else
			counts->counts[++kept] = *from;
	}
	counts->ncounts = kept + 1;
}

static int
compare_counts(const void *a, const void *b)
{
	return memcmp(&((const Count *) a)->key, &((const Count *) b)->key, sizeof(CountKey));
}

/* Sessions in different time zones agree: the day is the tenant's. */
static void
write_count(TouchBatch *batch, const Count *count)
{
	Datum		values[DELTA_COLUMNS];
	pg_uuid_t	id;

	UuidV7Generate(&id);
	values[DELTA_TENANT] = UUIDPGetDatum(&count->key.tenant);
	values[DELTA_CAMPAIGN] = UUIDPGetDatum(&count->key.campaign);
	values[DELTA_ID] = UUIDPGetDatum(&id);
	values[DELTA_TOUCH_NUMBER] = Int16GetDatum(count->key.touch_number);
	values[DELTA_SERVICE_TYPE] = CStringGetTextDatum(count->key.service);
	values[DELTA_METRIC] = CStringGetTextDatum(count->key.metric);
	values[DELTA_AT] = TimestampTzGetDatum(counted_at(batch, count));
	values[DELTA_DAY] = DateADTGetDatum(day_of(count->key.bucket,
											   TouchBatchTenant(batch, &count->key.tenant)->timezone));
	values[DELTA_N] = Int64GetDatum(count->n);
	values[DELTA_SECONDS] = Int64GetDatum(count->seconds);
	TableInsert(TableOpen(batch->tables, &TouchCountDeltas, true), values, NULL);
}

/*
 * Its five minutes.  What follows a resume within them is kept apart, so that
 * the breaker can look back to the resume and no further.
 */
static TimestampTz
counted_at(TouchBatch *batch, const Count *count)
{
	TableAccess *lanes = TableOpen(batch->tables, &TouchLanes, false);
	TimestampTz at = count->key.bucket;
	Datum		keys[2];
	bool		isnull;

	keys[0] = UUIDPGetDatum(&count->key.tenant);
	keys[1] = UUIDPGetDatum(&count->key.campaign);
	for (bool found = TableFind(lanes, LANE_BY_CAMPAIGN, keys); found; found = TableNext(lanes))
	{
		TimestampTz resumed_at = DatumGetTimestampTz(TableDatum(lanes, LANE_RESUMED_AT, &isnull));

		if (!isnull && resumed_at <= count->latest)
			at = Max(at, resumed_at);
	}
	TableForget(lanes);
	return at;
}

/* As campaign.count_bucket(). */
static TimestampTz
bucket_of(TimestampTz at)
{
	/* 1900-01-01 and 9999-12-31: a day in any time zone */
	at = Max(at, -INT64CONST(36524) * USECS_PER_DAY);
	at = Min(at, INT64CONST(2921939) * USECS_PER_DAY);
	return at - ((at % CAMPAIGN_COUNT_BUCKET) + CAMPAIGN_COUNT_BUCKET) % CAMPAIGN_COUNT_BUCKET;
}

/* The floor, so that a recount in SQL comes to the same. */
static int64
whole_seconds(int64 usecs)
{
	return (usecs - ((usecs % USECS_PER_SEC) + USECS_PER_SEC) % USECS_PER_SEC) / USECS_PER_SEC;
}

static bool
is_metric(const char *metric)
{
	for (int i = 0; i < (int) lengthof(metrics); i++)
		if (strcmp(metric, metrics[i]) == 0)
			return true;
	return strncmp(metric, STOPPED_PREFIX, strlen(STOPPED_PREFIX)) == 0 &&
		strlen(metric) < CAMPAIGN_METRIC_BYTES;
}

Datum
campaign_count_touch_event(PG_FUNCTION_ARGS)
{
	TouchBatch	batch;
	const pg_uuid_t *tenant;
	char	   *metric;
	TimestampTz at;

	for (int i = 0; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i) && i != 3)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("what is counted must be known"),
					 errdetail("Argument %d is null.", i + 1),
					 errhint("Only the service type may be.")));
	metric = text_to_cstring(PG_GETARG_TEXT_PP(4));
	at = PG_GETARG_TIMESTAMPTZ(5);
	if (!is_metric(metric) || TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" cannot be counted", metric),
				 errdetail("It is not among what campaign.touch_counts counts, or happened at no time."),
				 errhint("See the comment on the column metric of campaign.touch_counts.")));

	tenant = PG_GETARG_UUID_P(0);
	SPI_connect();
	TouchBatchInit(&batch);
	TouchBatchBegin(&batch);
	if (StorageLockTenant(&batch, tenant, true))
	{
		add_count(batch.counts, tenant, PG_GETARG_UUID_P(1), PG_GETARG_INT32(2),
				  PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3)), metric, at,
				  PG_GETARG_INT64(6), PG_GETARG_INT64(7));
		TouchCountsFlush(&batch);
	}
	TouchBatchEnd(&batch);
	SPI_finish();
	PG_RETURN_VOID();
}

/* campaign.count_day(at, timezone) */
Datum
campaign_count_day(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATEADT(day_of(bucket_of(PG_GETARG_TIMESTAMPTZ(0)), text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

/* In UTC if the server does not know the zone. */
static DateADT
day_of(TimestampTz at, const char *timezone)
{
	pg_tz	   *zone = ClockZone(timezone);
	struct pg_tm time;
	fsec_t		fraction;
	int			offset;

	if (timestamp2tm(at, zone ? &offset : NULL, &time, &fraction, NULL, zone) != 0)
		elog(ERROR, "time out of range: " INT64_FORMAT, at);
	return date2j(time.tm_year, time.tm_mon, time.tm_mday) - POSTGRES_EPOCH_JDATE;
}
