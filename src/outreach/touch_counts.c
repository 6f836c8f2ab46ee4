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
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "core/statements.h"
#include "outreach/touch_counts.h"

#define COUNT_COLUMNS 9
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
	HTAB	   *counts;			/* NULL: nothing */
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
static Statement insert_deltas = {
	"INSERT INTO campaign.touch_count_deltas"
	" (tenant_id, campaign_id, id, touch_number, service_type, metric, at, day, n, seconds)"
	" SELECT c.tenant_id, c.campaign_id, campaign.uuid_v7(), c.touch_number, c.service_type, c.metric,"
	"        coalesce((SELECT max(l.resumed_at) FROM campaign.lanes l"
	"                   WHERE l.tenant_id = c.tenant_id AND l.campaign_id = c.campaign_id"
	"                     AND l.resumed_at > c.bucket AND l.resumed_at <= c.latest), c.bucket),"
	"        campaign.count_day(c.bucket, t.timezone), c.n, c.seconds"
	"   FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)"
	"        AS c(tenant_id, campaign_id, touch_number, service_type, metric, bucket, latest, n, seconds)"
	"   JOIN campaign.tenants t ON t.id = c.tenant_id",
	NULL,
	{UUIDARRAYOID, UUIDARRAYOID, INT2ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID,
	TIMESTAMPTZARRAYOID, INT8ARRAYOID, INT8ARRAYOID}
};

static const Oid column_types[COUNT_COLUMNS] = {
	UUIDOID, UUIDOID, INT2OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT8OID
};

PG_FUNCTION_INFO_V1(campaign_count_touch_event);

static void add_count(TouchCounts *counts, const pg_uuid_t *tenant, const pg_uuid_t *campaign,
					  int touch_number, const char *service_type, const char *metric,
					  TimestampTz at, int64 n, int64 seconds);
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
	HASH_SEQ_STATUS scan;
	Count	   *count;
	Datum	   *columns[COUNT_COLUMNS];
	Datum		values[COUNT_COLUMNS];
	int			size;
	int			n = 0;

	if (counts->counts == NULL)
		return;
	work = AllocSetContextCreate(counts->context, "campaign counts to write", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);
	size = (int) hash_get_num_entries(counts->counts);
	for (int i = 0; i < COUNT_COLUMNS; i++)
		columns[i] = palloc(mul_size(sizeof(Datum), size));

	hash_seq_init(&scan, counts->counts);
	while ((count = hash_seq_search(&scan)) != NULL)
	{
		columns[0][n] = UUIDPGetDatum(&count->key.tenant);
		columns[1][n] = UUIDPGetDatum(&count->key.campaign);
		columns[2][n] = Int16GetDatum(count->key.touch_number);
		columns[3][n] = CStringGetTextDatum(count->key.service);
		columns[4][n] = CStringGetTextDatum(count->key.metric);
		columns[5][n] = TimestampTzGetDatum(count->key.bucket);
		columns[6][n] = TimestampTzGetDatum(count->latest);
		columns[7][n] = Int64GetDatum(count->n);
		columns[8][n] = Int64GetDatum(count->seconds);
		n++;
	}
	for (int i = 0; i < COUNT_COLUMNS; i++)
		values[i] = column_array(columns[i], n, column_types[i]);
	StatementRun(&insert_deltas, values, NULL);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	TouchCountsForget(counts);
}

void
TouchCountsForget(TouchCounts *counts)
{
	if (counts->counts != NULL)
		hash_destroy(counts->counts);
	counts->counts = NULL;
}

static void
add_count(TouchCounts *counts, const pg_uuid_t *tenant, const pg_uuid_t *campaign, int touch_number,
		  const char *service_type, const char *metric, TimestampTz at, int64 n, int64 seconds)
{
	CountKey	key;
	Count	   *count;
	bool		found;

	if (counts->counts == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(CountKey);
		control.entrysize = sizeof(Count);
		control.hcxt = counts->context;
		counts->counts = hash_create("campaign counts", 64, &control,
									 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	/* compared by its bytes */
	memset(&key, 0, sizeof(key));
	key.tenant = *tenant;
	key.campaign = *campaign;
	key.bucket = bucket_of(at);
	key.touch_number = touch_number;
	strlcpy(key.service, service_type ? service_type : "", sizeof(key.service));
	strlcpy(key.metric, metric, sizeof(key.metric));
	count = hash_search(counts->counts, &key, HASH_ENTER, &found);
	if (!found)
	{
		count->latest = at;
		count->n = 0;
		count->seconds = 0;
	}
	count->latest = Max(count->latest, at);
	count->n += n;
	count->seconds += seconds;
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
