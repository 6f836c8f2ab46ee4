/*
 * touch_counts.c
 *		Counts of what became of touches and enrolments.
 *
 * Nothing that is shared is updated here: a call appends what it has counted
 * to touch_count_deltas, and fold_counts() adds it to the totals later.  Who
 * reads totals and deltas in one snapshot is never off by one.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "core/clock.h"
#include "core/statements.h"
#include "outreach/touch_counts.h"

#define COUNT_COLUMNS 9

/* So many counts are written one by one: quicker than as arrays. */
#define FEW_COUNTS 4
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

/*
 * Sessions in different time zones agree: the day is the tenant's.  What
 * follows a resume within its five minutes is kept apart, so that the breaker
 * can look back to the resume and no further.
 */
#define INSERT_DELTAS \
	"INSERT INTO campaign.touch_count_deltas" \
	" (tenant_id, campaign_id, id, touch_number, service_type, metric, at, day, n, seconds)" \
	" SELECT c.tenant_id, c.campaign_id, campaign.uuid_v7(), c.touch_number, c.service_type, c.metric," \
	"        coalesce((SELECT max(l.resumed_at) FROM campaign.lanes l" \
	"                   WHERE l.tenant_id = c.tenant_id AND l.campaign_id = c.campaign_id" \
	"                     AND l.resumed_at > c.bucket AND l.resumed_at <= c.latest), c.bucket)," \
	"        campaign.count_day(c.bucket, t.timezone), c.n, c.seconds" \
	"   FROM "
#define DELTA_COLUMNS \
	" AS c(tenant_id, campaign_id, touch_number, service_type, metric, bucket, latest, n, seconds)" \
	" JOIN campaign.tenants t ON t.id = c.tenant_id"

static Statement insert_delta = {
	INSERT_DELTAS "(VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))" DELTA_COLUMNS,
	NULL,
	{UUIDOID, UUIDOID, INT2OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT8OID}
};

static Statement insert_deltas = {
	INSERT_DELTAS "unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)" DELTA_COLUMNS,
	NULL,
	{UUIDARRAYOID, UUIDARRAYOID, INT2ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID,
	TIMESTAMPTZARRAYOID, INT8ARRAYOID, INT8ARRAYOID}
};

PG_FUNCTION_INFO_V1(campaign_count_touch_event);
PG_FUNCTION_INFO_V1(campaign_count_day);

static void add_count(TouchCounts *counts, const pg_uuid_t *tenant, const pg_uuid_t *campaign,
					  int touch_number, const char *service_type, const char *metric,
					  TimestampTz at, int64 n, int64 seconds);
static void merge_counts(TouchCounts *counts);
static int	compare_counts(const void *a, const void *b);
static void count_values(const Count *count, Datum *values);
static void write_many(const TouchCounts *counts);
static TimestampTz bucket_of(TimestampTz at);
static int64 whole_seconds(int64 usecs);
static bool is_metric(const char *metric);
static Datum column_array(Datum *values, int n, Oid type);

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
TouchCountsFlush(TouchCounts *counts)
{
	MemoryContext work;
	MemoryContext old;

	if (counts->ncounts == 0)
		return;
	merge_counts(counts);
	work = AllocSetContextCreate(counts->context, "campaign counts to write", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);
	if (counts->ncounts > FEW_COUNTS)
		write_many(counts);
	else
		for (int i = 0; i < counts->ncounts; i++)
		{
			Datum		values[COUNT_COLUMNS];

			count_values(&counts->counts[i], values);
			StatementRun(&insert_delta, values, NULL);
		}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
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

/* The columns of a count, in the order of DELTA_COLUMNS. */
static void
count_values(const Count *count, Datum *values)
{
	values[0] = UUIDPGetDatum(&count->key.tenant);
	values[1] = UUIDPGetDatum(&count->key.campaign);
	values[2] = Int16GetDatum(count->key.touch_number);
	values[3] = CStringGetTextDatum(count->key.service);
	values[4] = CStringGetTextDatum(count->key.metric);
	values[5] = TimestampTzGetDatum(count->key.bucket);
	values[6] = TimestampTzGetDatum(count->latest);
	values[7] = Int64GetDatum(count->n);
	values[8] = Int64GetDatum(count->seconds);
}

static void
write_many(const TouchCounts *counts)
{
	Datum	   *columns[COUNT_COLUMNS];
	Datum		values[COUNT_COLUMNS];

	for (int c = 0; c < COUNT_COLUMNS; c++)
		columns[c] = palloc(mul_size(sizeof(Datum), counts->ncounts));
	for (int i = 0; i < counts->ncounts; i++)
	{
		count_values(&counts->counts[i], values);
		for (int c = 0; c < COUNT_COLUMNS; c++)
			columns[c][i] = values[c];
	}
	for (int c = 0; c < COUNT_COLUMNS; c++)
		values[c] = column_array(columns[c], counts->ncounts, insert_delta.types[c]);
	StatementRun(&insert_deltas, values, NULL);
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

static Datum
column_array(Datum *values, int n, Oid type)
{
	switch (type)
	{
		case UUIDOID:
			return PointerGetDatum(construct_array(values, n, type, UUID_LEN, false, TYPALIGN_CHAR));
		case INT2OID:
			return PointerGetDatum(construct_array(values, n, type, sizeof(int16), true, TYPALIGN_SHORT));
		case TEXTOID:
			return PointerGetDatum(construct_array(values, n, type, -1, false, TYPALIGN_INT));
		default:
			/* int8 and timestamptz */
			return PointerGetDatum(construct_array(values, n, type, sizeof(int64), FLOAT8PASSBYVAL,
												   TYPALIGN_DOUBLE));
	}
}

Datum
campaign_count_touch_event(PG_FUNCTION_ARGS)
{
	TouchCounts *counts;
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

	SPI_connect();
	counts = TouchCountsBegin(CurrentMemoryContext);
	add_count(counts, PG_GETARG_UUID_P(0), PG_GETARG_UUID_P(1), PG_GETARG_INT32(2),
			  PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3)), metric, at,
			  PG_GETARG_INT64(6), PG_GETARG_INT64(7));
	TouchCountsFlush(counts);
	SPI_finish();
	PG_RETURN_VOID();
}

/* campaign.count_day(at, timezone): in UTC if the server does not know the zone */
Datum
campaign_count_day(PG_FUNCTION_ARGS)
{
	TimestampTz at = bucket_of(PG_GETARG_TIMESTAMPTZ(0));
	pg_tz	   *zone = ClockZone(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	struct pg_tm time;
	fsec_t		fraction;
	int			offset;

	if (timestamp2tm(at, zone ? &offset : NULL, &time, &fraction, NULL, zone) != 0)
		elog(ERROR, "time out of range: " INT64_FORMAT, at);
	PG_RETURN_DATEADT(date2j(time.tm_year, time.tm_mon, time.tm_mday) - POSTGRES_EPOCH_JDATE);
}
