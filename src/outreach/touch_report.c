/*
 * touch_report.c
 *		Reports of workers: what became of what they claimed.
 *
 * A batch is settled item by item in the order of the enrolments, so that two
 * batches that meet wait for each other in one direction only, and answered in
 * the order in which it came.  Each item locks its tenant's key, its enrolment
 * and then its row.  An item that is not current, or makes no sense, changes
 * nothing and says so.
 *
 * No item may spoil the others.  All of them run in one subtransaction; should
 * that fail, they run again, each in one of its own, and those that fail are
 * invalid, with a warning.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "campaign.h"
#include "core/statements.h"
#include "core/transactions.h"
#include "outreach/send_limits.h"
#include "outreach/touch_counts.h"
#include "outreach/touch_queue.h"

#define REPORT_COLUMNS 4

/* What an item of a batch says. */
enum
{
	RESULT_LEASE_TOKEN, RESULT_OUTCOME, RESULT_PROVIDER_ID, RESULT_ERROR, RESULT_PERMANENT, RESULT_REASON,
	RESULT_AT, RESULT_METADATA, RESULT_COLUMNS
};

static const char *const result_columns[RESULT_COLUMNS] = {
	"lease_token", "outcome", "provider_id", "error", "permanent", "reason", "at", "metadata"
};

/* One item of a batch and its answer. */
typedef struct Report
{
	text	   *token_text;		/* NULL if it was */
	bool		valid;
	TouchToken	token;
	TouchOutcome outcome;
	const char *result;			/* static */
	char	   *enrollment_status;	/* NULL: unknown */
	bool		has_next;
	TimestampTz next_due_at;
	bool		failed;			/* and is not tried again */
	bool		is_repeated;	/* another one on the same enrolment comes before it */
	bool		has_enrollment; /* locked, and its part of the facts read */
	bool		has_row;		/* locked and current */
	TouchRow	row;
	TouchFacts	facts;
	bool		returns_unit;	/* of the caps */
	bool		uses_unit;		/* that had been given back when the lease ended */
	const char *channel;
	TimestampTz claimed_at;
} Report;

typedef struct ReportRun
{
	TouchBatch	batch;
	Report	  **order;			/* of the enrolments */
	int			count;
	MemoryContext row_context;	/* reset for each item */
	bool		careful;		/* each item in its own subtransaction */
	Report	   *report;			/* the one at work */
} ReportRun;

/* An attempt that was reported before, under the same fence. */
static Statement find_reported = {
	"SELECT l.status, l.advanced OR NOT l.is_final, e.status,"
	"       (SELECT q.due_at + l.shift FROM campaign.touch_queue q"
	"          JOIN campaign.lanes l ON l.tenant_id = $1 AND l.lane = q.lane"
	"         WHERE q.tenant_id = $1 AND q.enrollment_id = $2 AND q.due_at < 'infinity')"
	"  FROM campaign.send_logs l"
	"  JOIN campaign.campaign_enrollments e ON e.tenant_id = $1 AND e.id = $2"
	" WHERE l.tenant_id = $1 AND l.enrollment_id = $2 AND l.touch_number = $3 AND l.attempt = $4"
	"   AND l.fence = $5",
	NULL, {UUIDOID, UUIDOID, INT2OID, INT2OID, INT8OID}
};

static Statement check_breaker = {
	"SELECT campaign.check_breaker($1, $2)",
	NULL, {UUIDOID, UUIDOID}
};

PG_FUNCTION_INFO_V1(campaign_report_touches);

static Report *read_reports(ArrayType *array, TimestampTz now, int *count);
static TupleDesc result_type(Oid type, int *columns);
static void read_report(const Datum *values, const bool *nulls, const int *columns, TimestampTz now,
						Report *report);
static bool read_outcome(const char *outcome, TouchOutcome *result);
static char *optional_text(Datum value, bool isnull);
static int	compare_reports(const void *a, const void *b);
static void settle_reports(void *arg);
static void settle_with_care(ReportRun *run);
static void mark_repeated(ReportRun *run);
static void lock_report(ReportRun *run, Report *report);
static void settle_report(ReportRun *run, Report *report);
static void settle_report_alone(void *arg);
static void settle_units(const ReportRun *run);
static void check_breakers(const ReportRun *run);
static void answer_again(TouchBatch *batch, Report *report);
static void return_report(ReturnSetInfo *result, const Report *report);

Datum
campaign_report_touches(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result;
	ReportRun	run = {0};
	Report	   *reports;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	if (PG_ARGISNULL(0))
		return (Datum) 0;

	SPI_connect();
	TouchBatchInit(&run.batch);
	reports = read_reports(PG_GETARG_ARRAYTYPE_P(0), run.batch.now, &run.count);
	run.order = palloc(sizeof(Report *) * Max(run.count, 1));
	for (int i = 0; i < run.count; i++)
		run.order[i] = &reports[i];
	qsort(run.order, run.count, sizeof(Report *), compare_reports);
	mark_repeated(&run);
	run.row_context = AllocSetContextCreate(CurrentMemoryContext, "campaign reported touch",
											ALLOCSET_DEFAULT_SIZES);

	if (RunInSubtransaction(settle_reports, &run) != NULL)
	{
		run.careful = true;
		MemoryContextReset(run.row_context);
		TouchBatchInit(&run.batch);
		settle_reports(&run);
	}
	settle_units(&run);
	check_breakers(&run);
	for (int i = 0; i < run.count; i++)
		return_report(result, &reports[i]);
	SPI_finish();
	return (Datum) 0;
}

/* The items of the array, in the current memory context. */
static Report *
read_reports(ArrayType *array, TimestampTz now, int *count)
{
	int16		typlen;
	bool		typbyval;
	char		typalign;
	Datum	   *items;
	bool	   *nulls;
	Report	   *reports;
	int			columns[RESULT_COLUMNS];
	TupleDesc	type = result_type(ARR_ELEMTYPE(array), columns);
	Datum	   *item = palloc(sizeof(Datum) * type->natts);
	bool	   *item_nulls = palloc(sizeof(bool) * type->natts);

	get_typlenbyvalalign(ARR_ELEMTYPE(array), &typlen, &typbyval, &typalign);
	deconstruct_array(array, ARR_ELEMTYPE(array), typlen, typbyval, typalign, &items, &nulls, count);
	reports = palloc0(mul_size(sizeof(Report), Max(*count, 1)));
	for (int i = 0; i < *count; i++)
	{
		HeapTupleHeader header;
		HeapTupleData tuple = {0};

		reports[i].result = "invalid";
		if (nulls[i])
			continue;
		header = DatumGetHeapTupleHeader(items[i]);
		tuple.t_len = HeapTupleHeaderGetDatumLength(header);
		tuple.t_data = header;
		heap_deform_tuple(&tuple, type, item, item_nulls);
		read_report(item, item_nulls, columns, now, &reports[i]);
	}
	ReleaseTupleDesc(type);
	return reports;
}

/* The type of the items, and where in it their columns are. */
static TupleDesc
result_type(Oid type, int *columns)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);

	for (int c = 0; c < RESULT_COLUMNS; c++)
	{
		int			attribute = SPI_fnumber(desc, result_columns[c]);

		if (attribute <= 0)
			elog(ERROR, "type touch_result has no column \"%s\"", result_columns[c]);
		columns[c] = attribute - 1;
	}
	return desc;
}

/* What is no token, no outcome, a time without end or an endless id leaves the item invalid. */
static void
read_report(const Datum *values, const bool *nulls, const int *columns, TimestampTz now, Report *report)
{
#define ITEM(column) values[columns[column]]
#define ITEM_IS_NULL(column) nulls[columns[column]]
#define ITEM_TEXT(column) optional_text(ITEM(column), ITEM_IS_NULL(column))
	TouchOutcome *outcome = &report->outcome;
	char	   *kind = ITEM_TEXT(RESULT_OUTCOME);

	if (ITEM_IS_NULL(RESULT_LEASE_TOKEN))
		return;
	report->token_text = DatumGetTextPP(ITEM(RESULT_LEASE_TOKEN));
	if (kind == NULL || !read_outcome(kind, outcome) ||
		!TouchTokenDecode(VARDATA_ANY(report->token_text), VARSIZE_ANY_EXHDR(report->token_text),
						  &report->token))
		return;

	outcome->provider_id = ITEM_TEXT(RESULT_PROVIDER_ID);
	if (outcome->provider_id && strlen(outcome->provider_id) > CAMPAIGN_MAX_PROVIDER_BYTES)
		return;
	outcome->error = ITEM_TEXT(RESULT_ERROR);
	outcome->reason = ITEM_TEXT(RESULT_REASON);
	outcome->permanent = !ITEM_IS_NULL(RESULT_PERMANENT) && DatumGetBool(ITEM(RESULT_PERMANENT));
	outcome->has_metadata = !ITEM_IS_NULL(RESULT_METADATA);
	outcome->metadata = ITEM(RESULT_METADATA);
	outcome->at = ITEM_IS_NULL(RESULT_AT) ? now : DatumGetTimestampTz(ITEM(RESULT_AT));
	if (TIMESTAMP_NOT_FINITE(outcome->at))
		return;
	/* a worker's clock may be ahead: nothing was sent in the future */
	outcome->at = Min(outcome->at, now);
	report->valid = true;
#undef ITEM
#undef ITEM_IS_NULL
#undef ITEM_TEXT
}

static bool
read_outcome(const char *outcome, TouchOutcome *result)
{
	for (int status = 0; status < (int) lengthof(TouchStatusNames); status++)
	{
		if (strcmp(outcome, TouchStatusNames[status]) == 0)
		{
			result->status = status;
			return true;
		}
	}
	return false;
}

static char *
optional_text(Datum value, bool isnull)
{
	return isnull ? NULL : TextDatumGetCString(value);
}

/* By tenant and enrolment, then as they came; total, since places differ. */
static int
compare_reports(const void *a, const void *b)
{
	const Report *left = *(Report *const *) a;
	const Report *right = *(Report *const *) b;
	int			order = memcmp(&left->token.key.tenant, &right->token.key.tenant, UUID_LEN);

	if (order == 0)
		order = memcmp(&left->token.key.enrollment, &right->token.key.enrollment, UUID_LEN);
	if (order == 0)
		order = left < right ? -1 : left > right ? 1 : 0;
	return order;
}

/*
 * All locks first and then one snapshot for all, which is later than any of
 * them.  Of several reports on one enrolment each is locked after the one
 * before it is settled.
 */
static void
settle_reports(void *arg)
{
	ReportRun  *run = arg;

	if (!run->careful)
	{
		TouchBatchBegin(&run->batch);
		for (int i = 0; i < run->count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (run->order[i]->valid && !run->order[i]->is_repeated)
				lock_report(run, run->order[i]);
		}
		TableSetRefresh(run->batch.tables);
	}
	for (int i = 0; i < run->count; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(run->row_context);

		CHECK_FOR_INTERRUPTS();
		run->report = run->order[i];
		if (run->report->valid && run->careful)
			settle_with_care(run);
		else if (run->report->valid)
		{
			if (run->report->is_repeated)
			{
				/* what the one before it wrote is found by what is read from here on */
				TableSetRefresh(run->batch.tables);
				lock_report(run, run->report);
				TableSetRefresh(run->batch.tables);
			}
			settle_report(run, run->report);
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(run->row_context);
	}
	if (!run->careful)
	{
		TouchCountsFlush(&run->batch);
		TouchBatchEnd(&run->batch);
	}
}

/* Which reports come after others on the same enrolment, in order. */
static void
mark_repeated(ReportRun *run)
{
	const Report *last = NULL;

	for (int i = 0; i < run->count; i++)
	{
		Report	   *report = run->order[i];

		if (!report->valid)
			continue;
		report->is_repeated = last &&
			memcmp(&last->token.key.tenant, &report->token.key.tenant, UUID_LEN) == 0 &&
			memcmp(&last->token.key.enrollment, &report->token.key.enrollment, UUID_LEN) == 0;
		last = report;
	}
}

static void
settle_with_care(ReportRun *run)
{
	Report	   *report = run->report;
	ErrorData  *error = RunInSubtransaction(settle_report_alone, run);

	if (error == NULL)
		return;
	TouchCountsForget(run->batch.counts);
	report->result = "invalid";
	report->enrollment_status = NULL;
	report->has_next = false;
	report->returns_unit = false;
	report->uses_unit = false;
	report->failed = false;
	ereport(WARNING,
			(errcode(error->sqlerrcode),
			 errmsg("report on enrolment %s cannot be taken: %s",
					DatumGetCString(DirectFunctionCall1(uuid_out,
														UUIDPGetDatum(&report->token.key.enrollment))),
					error->message),
			 errdetail("The touch is as it was; the others are settled.")));
}

/* What was counted is written before the subtransaction ends. */
static void
settle_report_alone(void *arg)
{
	ReportRun  *run = arg;

	TouchBatchBegin(&run->batch);
	lock_report(run, run->report);
	TableSetRefresh(run->batch.tables);
	settle_report(run, run->report);
	TouchCountsFlush(&run->batch);
	TouchBatchEnd(&run->batch);
}

/*
 * Lock what a report changes, in the order of the locks, waiting; and read the
 * enrolment as it is then.
 */
static void
lock_report(ReportRun *run, Report *report)
{
	TouchBatch *batch = &run->batch;
	const TouchKey *key = &report->token.key;

	report->result = "lease_lost";
	report->enrollment_status = NULL;
	report->has_next = false;
	report->returns_unit = false;
	report->uses_unit = false;
	report->failed = false;
	report->has_row = false;
	report->has_enrollment = StorageLockTenant(batch, &key->tenant, true) &&
		TouchFactsLock(batch, key, &report->facts);
	if (report->has_enrollment)
		report->has_row = StorageLockToken(batch, &report->token, &report->row);
}

/* After the locks, with a snapshot that is later. */
static void
settle_report(ReportRun *run, Report *report)
{
	TouchBatch *batch = &run->batch;
	TouchRow   *row = &report->row;
	TouchFacts *facts = &report->facts;
	TimestampTz claimed_at = row->claimed_at;
	TouchSettled settled;
	TouchLane  *lane;

	if (!report->has_enrollment)
		return;
	if (!report->has_row)
	{
		answer_again(batch, report);
		return;
	}
	lane = TouchBatchLane(batch, &row->key.tenant, row->key.lane);
	if (lane == NULL || !TouchFactsReadContact(batch, row, lane, facts))
		elog(ERROR, "contact of a queued touch is gone");
	TouchSettle(batch, row, facts, lane, &report->outcome, &settled);
	report->result = settled.logged_only ? "logged" : "ok";
	report->enrollment_status = unconstify(char *, settled.enrollment_status);
	report->has_next = settled.has_next;
	report->next_due_at = settled.next_due_at;
	report->returns_unit = report->outcome.status == TOUCH_SKIPPED;
	report->uses_unit = report->outcome.status != TOUCH_SKIPPED && claimed_at == DT_NOBEGIN;
	report->failed = report->outcome.status == TOUCH_FAILED && !settled.again;
	report->channel = lane->channel;
	report->claimed_at = claimed_at;
}

/* What was skipped was not sent; what comes late was sent all the same. */
static void
settle_units(const ReportRun *run)
{
	for (int i = 0; i < run->count; i++)
	{
		const Report *report = run->order[i];

		if (report->returns_unit)
			SendCapsReturn(&report->token.key.tenant, report->channel, report->claimed_at);
		if (report->uses_unit)
			SendCapsCount(&report->token.key.tenant, report->channel, report->outcome.at);
	}
}

/* A campaign whose touches fail is asked whether too many do, once a batch. */
static void
check_breakers(const ReportRun *run)
{
	HASHCTL		ctl = {0};
	HTAB	   *asked;

	ctl.keysize = sizeof(pg_uuid_t);
	ctl.entrysize = sizeof(pg_uuid_t);
	ctl.hcxt = run->batch.context;
	asked = hash_create("campaign breakers asked", 16, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (int i = 0; i < run->count; i++)
	{
		const Report *report = run->order[i];
		Datum		values[2];
		bool		found = true;

		if (report->failed)
			hash_search(asked, &report->facts.campaign, HASH_ENTER, &found);
		if (found)
			continue;
		values[0] = UUIDPGetDatum(&report->token.key.tenant);
		values[1] = UUIDPGetDatum(&report->facts.campaign);
		StatementRun(&check_breaker, values, NULL);
		SPI_freetuptable(SPI_tuptable);
	}
	hash_destroy(asked);
}

/* The same report once more gets the same answer; any other comes too late. */
static void
answer_again(TouchBatch *batch, Report *report)
{
	Datum		values[5];
	Datum		due;
	bool		isnull;

	values[0] = UUIDPGetDatum(&report->token.key.tenant);
	values[1] = UUIDPGetDatum(&report->token.key.enrollment);
	values[2] = Int16GetDatum(report->token.touch_number);
	values[3] = Int16GetDatum(report->token.attempt);
	values[4] = Int64GetDatum(report->token.fence);
	StorageFlushLog(batch);
	if (StatementRun(&find_reported, values, NULL) == 1 &&
		strcmp(StatementText(0, 1), TouchStatusNames[report->outcome.status]) == 0)
	{
		report->result = DatumGetBool(StatementValue(0, 2, &isnull)) ? "ok" : "logged";
		report->enrollment_status = MemoryContextStrdup(batch->context, StatementText(0, 3));
		due = StatementValue(0, 4, &isnull);
		report->has_next = !isnull;
		if (!isnull)
			report->next_due_at = DatumGetTimestampTz(due);
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
return_report(ReturnSetInfo *result, const Report *report)
{
	Datum		values[REPORT_COLUMNS];
	bool		nulls[REPORT_COLUMNS] = {0};

	values[0] = PointerGetDatum(report->token_text);
	nulls[0] = report->token_text == NULL;
	values[1] = CStringGetTextDatum(report->result);
	values[2] = report->enrollment_status ? CStringGetTextDatum(report->enrollment_status) : (Datum) 0;
	nulls[2] = report->enrollment_status == NULL;
	values[3] = TimestampTzGetDatum(report->next_due_at);
	nulls[3] = !report->has_next;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}
