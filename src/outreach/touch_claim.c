/*
 * touch_claim.c
 *		Handing due touches to workers.
 *
 * A claim finds candidates without locking, locks each with SKIP LOCKED, reads
 * again what the gate asks, and then leases, skips or stops.  It never waits
 * while it holds a row: what is busy is left for the next call.  It takes
 * effect at the caller's commit, which is made to wait for the disk: a worker
 * must not send what a crash would hand out again.
 *
 * A claim serves many tenants, and no row of one may stop the others.  All of
 * it runs in one subtransaction; should that fail, it runs again with each
 * touch in one of its own, and those that fail are put off with a warning.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "core/clone_guard.h"
#include "core/leases.h"
#include "core/statements.h"
#include "core/transactions.h"
#include "outreach/low_water.h"
#include "outreach/send_limits.h"
#include "outreach/touch_counts.h"
#include "outreach/touch_queue.h"
#include "outreach/touch_scan.h"

#define CLAIM_COLUMNS 21

/* A touch that cannot be claimed waits as long as one that failed so often. */
#define PUT_OFF_ATTEMPTS 3

/* Left-over rows that one idle claim removes at most. */
#define SWEEP_ROWS 1000

/* Rows whose facts are asked for at once: so few that their places are still remembered when they are read. */
#define EXPECTED_ROWS 1000

typedef struct Claim
{
	TouchBatch	batch;
	TouchFilter filter;
	int			max_touches;
	TouchLease	lease;
	MemoryContext row_context;	/* reset for each touch */
	ReturnSetInfo *result;
	TouchSeen	seen;
	SendCaps   *caps;
	int			taken;
	bool		has_unit;		/* of the caps, for the touch at work */
	bool		wrote;
	bool		careful;		/* each touch in its own subtransaction */
	const TouchKey *key;		/* the one at work */
} Claim;

PG_FUNCTION_INFO_V1(campaign_claim_due_touches);
PG_FUNCTION_INFO_V1(campaign_claim_campaign_touches);

static bool is_worker_name(const char *name);
static char *read_arguments(FunctionCallInfo fcinfo, Claim *claim);
static void read_worker(FunctionCallInfo fcinfo, Claim *claim, char **worker);
static void run_claim(FunctionCallInfo fcinfo, Claim *claim, const char *worker);
static void claim_touches(void *arg);
static void examine(Claim *claim, const TouchKey *keys, int found);
static void claim_with_care(Claim *claim);
static bool take_touch(Claim *claim, const TouchKey *key, TouchRow *row);
static void claim_or_leave(Claim *claim, TouchRow *row);
static bool claim_touch(Claim *claim, TouchRow *row);
static void leave_touch(Claim *claim, TouchRow *row);
static void claim_one_with_care(Claim *claim);
static void claim_touch_alone(void *arg);
static void put_off(void *arg);
static bool settle_proved(Claim *claim, TouchRow *row, const TouchFacts *facts,
						  const TouchLane *lane, const TouchOutcome *outcome);
static bool decide(Claim *claim, TouchRow *row, const TouchFacts *read_facts, const TouchLane *lane);
static void end_expired(Claim *claim, TouchRow *row, const TouchLane *lane);
static bool has_room(void *arg, const GateInput *input, TimestampTz *until);
static bool is_held(const TouchSeen *seen, const TouchKey *key);
static void hold_lane(Claim *claim, const TouchKey *key);
static void defer_touch(Claim *claim, TouchRow *row, const TouchLane *lane, const GateVerdict *verdict);
static bool give_up(Claim *claim, TouchRow *row, const TouchFacts *facts, const TouchLane *lane);
static bool settle_by_claim(Claim *claim, TouchRow *row, const TouchFacts *facts,
							const TouchLane *lane, TouchOutcome *outcome);
static bool stop_by_claim(Claim *claim, const TouchRow *row, const TouchFacts *facts, const char *reason);
static void lease_touch(Claim *claim, TouchRow *row, const TouchFacts *facts, const TouchLane *lane);
static void return_touch(Claim *claim, const TouchRow *row, const TouchFacts *facts,
						 const TouchLane *lane);

Datum
campaign_claim_due_touches(PG_FUNCTION_ARGS)
{
	Claim		claim = {0};
	char	   *worker = read_arguments(fcinfo, &claim);

	run_claim(fcinfo, &claim, worker);
	return (Datum) 0;
}

/*
 * campaign.claim_campaign_touches(worker, max_touches, campaign): the same for
 * one campaign, for simulate().
 */
Datum
campaign_claim_campaign_touches(PG_FUNCTION_ARGS)
{
	Claim		claim = {0};
	char	   *worker;

	read_worker(fcinfo, &claim, &worker);
	claim.lease.length = CAMPAIGN_MAX_LEASE;
	claim.filter.has_campaign = true;
	claim.filter.campaign = PG_GETARG_DATUM(2);
	run_claim(fcinfo, &claim, worker);
	return (Datum) 0;
}

static void
run_claim(FunctionCallInfo fcinfo, Claim *claim, const char *worker)
{
	PreventCommandDuringRecovery("claim_due_touches()");
	PreventCommandIfReadOnly("claim_due_touches()");
	RequireReadCommitted("claim_due_touches()");
	/* what simulate() claims is never sent */
	if (!claim->filter.has_campaign)
		CloneGuardRequire("claim_due_touches()");
	InitMaterializedSRF(fcinfo, 0);
	claim->result = (ReturnSetInfo *) fcinfo->resultinfo;

	SPI_connect();
	TouchBatchInit(&claim->batch);
	claim->row_context = AllocSetContextCreate(CurrentMemoryContext, "campaign claimed touch",
											   ALLOCSET_DEFAULT_SIZES);
	claim->lease.worker_id = StorageWorker(worker);
	if (RunInSubtransaction(claim_touches, claim) != NULL)
		claim_with_care(claim);
	/* a worker with less to do than it asked for has time to clean up */
	if (!claim->filter.has_campaign && claim->taken < claim->max_touches &&
		StorageSweepStopped(GetCurrentTimestamp(), SWEEP_ROWS) > 0)
		claim->wrote = true;
	SPI_finish();

	if (claim->wrote)
		ForceSyncCommit();
}

/* Names are shown to people, one a line. */
static bool
is_worker_name(const char *name)
{
	bool		blank = true;

	if (name == NULL || strlen(name) >= CAMPAIGN_MAX_WORKER)
		return false;
	for (const char *c = name; *c; c++)
	{
		if ((unsigned char) *c < ' ')
			return false;
		blank = blank && *c == ' ';
	}
	return !blank;
}

/* Returns the worker's name; raises 22023 for what is out of range. */
static char *
read_arguments(FunctionCallInfo fcinfo, Claim *claim)
{
	char	   *worker;

	read_worker(fcinfo, claim, &worker);
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lease must not be null"),
				 errdetail("A touch that is not reported returns when its lease ends."),
				 errhint("Leave the argument out for five minutes.")));
	claim->lease.length = LeaseLength(PG_GETARG_INTERVAL_P(2));

	claim->filter.has_tenants = !PG_ARGISNULL(3);
	claim->filter.tenants = claim->filter.has_tenants ? PG_GETARG_DATUM(3) : (Datum) 0;
	claim->filter.has_channels = !PG_ARGISNULL(4);
	claim->filter.channels = claim->filter.has_channels ? PG_GETARG_DATUM(4) : (Datum) 0;
	claim->lease.begin_now = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
	return worker;
}

/* The first two arguments, worker and max_touches. */
static void
read_worker(FunctionCallInfo fcinfo, Claim *claim, char **worker)
{
	*worker = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (!is_worker_name(*worker))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid name of a worker"),
				 errdetail("A name has at most %d bytes, no control characters, and is not blank.",
						   CAMPAIGN_MAX_WORKER - 1),
				 errhint("Name each worker process, such as host and process id.")));

	claim->max_touches = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1);
	if (claim->max_touches < 1 || claim->max_touches > CAMPAIGN_MAX_CLAIM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_touches is out of range"),
				 errdetail("A claim takes from 1 to %d touches.", CAMPAIGN_MAX_CLAIM),
				 errhint("Claim as many as can be sent within the lease.")));
}

/*
 * Candidates in rounds: a row that another claim has is passed over, and the
 * next round looks behind those that were seen.
 */
static void
claim_touches(void *arg)
{
	Claim	   *claim = arg;
	TouchSeen  *seen = &claim->seen;
	int			budget = claim->max_touches * CAMPAIGN_CLAIM_EXAMINES;
	TouchKey   *keys = palloc(sizeof(TouchKey) * claim->max_touches);
	TouchScan  *scan = TouchScanBegin(&claim->filter, claim->batch.now, claim->max_touches);

	if (!claim->careful)
		TouchBatchBegin(&claim->batch);
	claim->caps = SendCapsBegin(claim->batch.context);
	seen->size = claim->max_touches;
	seen->enrollments = palloc(sizeof(pg_uuid_t) * seen->size);
	while (claim->taken < claim->max_touches && seen->nenrollments < budget)
	{
		int			wanted = Min(claim->max_touches - claim->taken, budget - seen->nenrollments);
		int			found = StorageFindDue(scan, GetCurrentTimestamp(), wanted, seen, keys);

		examine(claim, keys, found);
		if (found < wanted)
			break;
	}
	if (!claim->careful)
	{
		TouchCountsFlush(&claim->batch);
		TouchBatchEnd(&claim->batch);
	}
	SendCapsFinish(claim->caps);
}

static void
examine(Claim *claim, const TouchKey *keys, int found)
{
	TouchSeen  *seen = &claim->seen;
	TouchRow   *rows;
	int			ntaken = 0;
	uint64		ended;
	MemoryContext old;

	if (seen->nenrollments + found > seen->size)
	{
		seen->size = Max(seen->size * 2, seen->nenrollments + found);
		seen->enrollments = repalloc(seen->enrollments, sizeof(pg_uuid_t) * seen->size);
	}
	if (claim->careful)
	{
		for (int i = 0; i < found; i++)
		{
			CHECK_FOR_INTERRUPTS();
			claim->key = &keys[i];
			if (is_held(seen, claim->key))
				continue;
			seen->enrollments[seen->nenrollments++] = claim->key->enrollment;
			old = MemoryContextSwitchTo(claim->row_context);
			claim_one_with_care(claim);
			MemoryContextSwitchTo(old);
			MemoryContextReset(claim->row_context);
		}
		return;
	}

	/* all locks first, and then one snapshot for all, which is later than any of them */
	rows = palloc(sizeof(TouchRow) * Max(found, 1));
	TableSetRefresh(claim->batch.tables);
	for (int i = 0; i < found; i++)
	{
		CHECK_FOR_INTERRUPTS();
		seen->enrollments[seen->nenrollments++] = keys[i].enrollment;
		if (take_touch(claim, &keys[i], &rows[ntaken]))
			ntaken++;
	}
	TableSetRefresh(claim->batch.tables);
	ended = SendCapsEnded();
	for (int i = 0; i < ntaken; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i % EXPECTED_ROWS == 0)
			TouchFactsExpect(&claim->batch, &rows[i], Min(EXPECTED_ROWS, ntaken - i));
		if (is_held(seen, &rows[i].key))
		{
			leave_touch(claim, &rows[i]);
			continue;
		}
		/* the caps may have ended its old lease meanwhile, to give back what it had */
		if (SendCapsEnded() != ended && !StorageIsLeasedAhead(&rows[i]))
		{
			TouchKey	key = rows[i].key;

			if (!take_touch(claim, &key, &rows[i]))
				continue;
			TableSetRefresh(claim->batch.tables);
		}
		claim->batch.undecided = &rows[i + 1];
		claim->batch.nundecided = ntaken - i - 1;
		old = MemoryContextSwitchTo(claim->row_context);
		claim_or_leave(claim, &rows[i]);
		MemoryContextSwitchTo(old);
		MemoryContextReset(claim->row_context);
	}
	claim->batch.nundecided = 0;
	pfree(rows);
}

/* The row of a key that was found due; false if it is busy, or due no more. */
static bool
take_touch(Claim *claim, const TouchKey *key, TouchRow *row)
{
	TouchLane  *lane = TouchBatchLane(&claim->batch, &key->tenant, key->lane);

	return lane != NULL &&
		StorageTakeDue(&claim->batch, key, TouchQueueTime(claim->batch.now, lane), &claim->lease, row);
}

/* From the start, after the first run has failed and was undone. */
static void
claim_with_care(Claim *claim)
{
	claim->careful = true;
	claim->taken = 0;
	memset(&claim->seen, 0, sizeof(claim->seen));
	claim->wrote = false;
	tuplestore_clear(claim->result->setResult);
	MemoryContextReset(claim->row_context);
	TouchBatchInit(&claim->batch);
	claim_touches(claim);
}

static void
claim_one_with_care(Claim *claim)
{
	int			taken = claim->taken;
	ErrorData  *error = RunInSubtransaction(claim_touch_alone, claim);

	SendCapsForget(claim->caps);
	TouchCountsForget(claim->batch.counts);
	if (error == NULL)
		return;
	/* a touch is returned last of all, so nothing of it is in the result */
	claim->taken = taken;
	ereport(WARNING,
			(errcode(error->sqlerrcode),
			 errmsg("touch of enrolment %s cannot be claimed: %s",
					DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&claim->key->enrollment))),
					error->message),
			 errdetail("It is put off; the others are served.")));
	(void) RunInSubtransaction(put_off, claim);
}

/* What was taken of caps is written before the subtransaction ends. */
static void
claim_touch_alone(void *arg)
{
	Claim	   *claim = arg;
	TouchRow	row;

	TouchBatchBegin(&claim->batch);
	if (take_touch(claim, claim->key, &row))
	{
		TableSetRefresh(claim->batch.tables);
		claim_or_leave(claim, &row);
	}
	TouchCountsFlush(&claim->batch);
	TouchBatchEnd(&claim->batch);
	SendCapsFinish(claim->caps);
}

/* Out of the way of the next claims for a while. */
static void
put_off(void *arg)
{
	Claim	   *claim = arg;
	TouchRow	row;

	TouchBatchBegin(&claim->batch);
	if (take_touch(claim, claim->key, &row))
	{
		TouchLane  *lane = TouchBatchLane(&claim->batch, &row.key.tenant, row.key.lane);

		row.key.due_at = TouchQueueTime(claim->batch.now + LeaseBackoff(PUT_OFF_ATTEMPTS), lane);
		StorageUpdate(&claim->batch, &row);
		claim->wrote = true;
	}
	TouchBatchEnd(&claim->batch);
}

/* What becomes of a touch that was taken; the row is not valid afterwards. */
static void
claim_or_leave(Claim *claim, TouchRow *row)
{
	TouchRow	before = *row;

	if (!claim_touch(claim, row))
		leave_touch(claim, &before);
}

/* As it was before this claim, for the next one. */
static void
leave_touch(Claim *claim, TouchRow *row)
{
	if (StorageIsLeasedAhead(row))
		StorageUpdate(&claim->batch, row);
}

/* False if nothing is to become of it. */
static bool
claim_touch(Claim *claim, TouchRow *row)
{
	TouchBatch *batch = &claim->batch;
	TouchLane  *lane = TouchBatchLane(batch, &row->key.tenant, row->key.lane);
	TouchFacts	facts;
	TouchOutcome outcome = {0};

	if (!TouchFactsRead(batch, row, lane, &facts))
		return false;
	/*
	 * What may be handed over again is, if the event does not say what the
	 * provider calls the message: by that its other events find it.
	 */
	if ((row->flags & TOUCH_BEGUN) && TouchProvedSent(row, &outcome) &&
		(outcome.provider_id || !lane->retries_uncertain))
		return settle_proved(claim, row, &facts, lane, &outcome);
	if ((row->flags & TOUCH_BEGUN) && !lane->retries_uncertain)
	{
		/* it may have been sent: out of the way until somebody settles it */
		row->key.due_at = DT_NOEND;
		StorageUpdate(batch, row);
		claim->wrote = true;
		return true;
	}
	if (!facts.exclusive)
	{
		/* of a contact in several sequences one claim decides at a time, also of what this one has settled */
		if (!StorageLockFreeContact(batch, &row->key.tenant, &facts.contact))
			return false;
		StorageFlushLog(batch);
		TableSetRefresh(batch->tables);
	}
	end_expired(claim, row, lane);
	return decide(claim, row, &facts, lane);
}

/*
 * A lease that ended after begin_send and before the report, of a message that
 * an event has told of meanwhile: it was sent.
 */
static bool
settle_proved(Claim *claim, TouchRow *row, const TouchFacts *facts, const TouchLane *lane,
			  const TouchOutcome *outcome)
{
	TouchSettled settled;

	if (!StorageLockTenant(&claim->batch, &row->key.tenant, false) || !StorageLockEnrollment(&claim->batch, &row->key, false))
		return false;
	TouchSettle(&claim->batch, row, facts, lane, outcome, &settled);
	claim->wrote = true;
	return true;
}

/*
 * A lease that ended before its send was begun gives back what it had of the
 * caps, once; the attempt counts.
 */
static void
end_expired(Claim *claim, TouchRow *row, const TouchLane *lane)
{
	if (row->claimed_at == DT_NOBEGIN || (row->flags & TOUCH_BEGUN))
		return;
	SendCapsReturn(&row->key.tenant, lane->channel, row->claimed_at);
	/* no more to give back; a late report is still taken, if no other claim is faster */
	row->claimed_at = DT_NOBEGIN;
	StorageUpdate(&claim->batch, row);
	claim->wrote = true;
}

/* What becomes of a touch that the claim has taken, by what the gate says; false: nothing. */
static bool
decide(Claim *claim, TouchRow *row, const TouchFacts *read_facts, const TouchLane *lane)
{
	TouchBatch *batch = &claim->batch;
	TouchFacts	facts = *read_facts;
	TouchPlan  *plan = TouchBatchPlan(batch, &row->key.tenant, &facts.campaign, facts.plan_version);
	GateInput	input = {batch, row, &facts, lane, TouchPlanTouch(plan, row->touch_number), has_room, claim};
	TouchOutcome outcome = {0};
	GateVerdict verdict;
	bool		exhausted = row->attempt - row->attempt_base >= plan->max_attempts;

	facts.text = TouchTextFind(batch, row, &facts, lane, true);
	claim->has_unit = false;
	verdict = TouchGate(&input, GATE_AT_CLAIM);
	if (claim->has_unit && (verdict.outcome != GATE_DELIVER || exhausted))
		SendCapsUntake(claim->caps, &row->key.tenant, lane->channel);

	switch (verdict.outcome)
	{
		case GATE_DELIVER:
			if (exhausted)
				return give_up(claim, row, &facts, lane);
			lease_touch(claim, row, &facts, lane);
			return true;
		case GATE_HOLD:
			hold_lane(claim, &row->key);
			return false;
		case GATE_DEFER:
			defer_touch(claim, row, lane, &verdict);
			return true;
		case GATE_SKIP:
			row->attempt++;
			outcome.status = TOUCH_SKIPPED;
			outcome.reason = verdict.reason;
			return settle_by_claim(claim, row, &facts, lane, &outcome);
		case GATE_STOP:
			return stop_by_claim(claim, row, &facts, verdict.reason);
	}
	return false;
}

/* The gate's question about the caps: takes a unit; used up, the lane waits. */
static bool
has_room(void *arg, const GateInput *input, TimestampTz *until)
{
	Claim	   *claim = arg;
	const pg_uuid_t *tenant = &input->row->key.tenant;

	if (!input->lane->capped)
		return true;
	claim->has_unit = SendCapsTake(claim->caps, tenant, input->lane->channel, claim->batch.now,
								   GetCurrentTimestamp() + claim->lease.length,
								   claim->max_touches - claim->taken, until);
	/* a grant that is busy for a moment is no reason to write a shared row */
	if (!claim->has_unit && *until > claim->batch.now + CAMPAIGN_CAPS_BUSY)
	{
		SendCapsThrottle(tenant, input->lane->channel, *until);
		claim->wrote = true;
	}
	return claim->has_unit;
}

/* Has the call found before that the lane has nothing to give? */
static bool
is_held(const TouchSeen *seen, const TouchKey *key)
{
	for (int i = 0; i < seen->nlanes; i++)
	{
		if (seen->lanes[i] == key->lane &&
			memcmp(&seen->lane_tenants[i], &key->tenant, UUID_LEN) == 0)
			return true;
	}
	return false;
}

/* Nothing more of this lane in this call. */
static void
hold_lane(Claim *claim, const TouchKey *key)
{
	TouchSeen  *seen = &claim->seen;

	if (seen->nlanes == seen->lanes_size)
	{
		MemoryContext old = MemoryContextSwitchTo(claim->batch.context);

		seen->lanes_size = Max(16, seen->lanes_size * 2);
		if (seen->nlanes == 0)
		{
			seen->lane_tenants = palloc(sizeof(pg_uuid_t) * seen->lanes_size);
			seen->lanes = palloc(sizeof(int32) * seen->lanes_size);
		}
		else
		{
			seen->lane_tenants = repalloc(seen->lane_tenants, sizeof(pg_uuid_t) * seen->lanes_size);
			seen->lanes = repalloc(seen->lanes, sizeof(int32) * seen->lanes_size);
		}
		MemoryContextSwitchTo(old);
	}
	seen->lane_tenants[seen->nlanes] = key->tenant;
	seen->lanes[seen->nlanes] = key->lane;
	seen->nlanes++;
}

/* Due again when it may be sent; a time that never comes is asked for again tomorrow. */
static void
defer_touch(Claim *claim, TouchRow *row, const TouchLane *lane, const GateVerdict *verdict)
{
	TimestampTz until = verdict->until;

	if (TIMESTAMP_NOT_FINITE(until))
		until = claim->batch.now + USECS_PER_DAY;
	/* of what was begun a late report is still taken */
	row->key.due_at = TouchQueueTime(until, lane);
	row->rescheduled = row->rescheduled || verdict->reschedules;
	StorageUpdate(&claim->batch, row);
	claim->wrote = true;
}

/* The last lease ended without a report, or max_attempts was lowered. */
static bool
give_up(Claim *claim, TouchRow *row, const TouchFacts *facts, const TouchLane *lane)
{
	TouchOutcome outcome = {0};
	TouchHistory history;

	outcome.status = TOUCH_FAILED;
	outcome.permanent = true;
	outcome.reason = "attempts_exhausted";
	outcome.error = "no attempt is left";
	/* in the second case the last attempt is logged already */
	StorageHistory(&claim->batch, &row->key, row->touch_number, &history);
	if (history.last_attempt >= row->attempt)
		row->attempt++;
	return settle_by_claim(claim, row, facts, lane, &outcome);
}

/*
 * An outcome that needs no worker.  Tenant and enrolment come before the row in
 * the lock order, so they are taken only if they are free; if not, the next
 * claim decides.
 */
static bool
settle_by_claim(Claim *claim, TouchRow *row, const TouchFacts *facts, const TouchLane *lane,
				TouchOutcome *outcome)
{
	TouchSettled settled;

	if (!StorageLockTenant(&claim->batch, &row->key.tenant, false) || !StorageLockEnrollment(&claim->batch, &row->key, false))
		return false;
	row->worker_id = claim->lease.worker_id;
	row->claimed_at = claim->batch.now;
	TouchSettle(&claim->batch, row, facts, lane, outcome, &settled);
	claim->wrote = true;
	return true;
}

/* A live enrolment whose contact or job makes it pointless; or a left-over row. */
static bool
stop_by_claim(Claim *claim, const TouchRow *row, const TouchFacts *facts, const char *reason)
{
	if (!StorageLockTenant(&claim->batch, &row->key.tenant, false) || !StorageLockEnrollment(&claim->batch, &row->key, false))
		return false;
	if (facts->live)
		TouchEndEnrollment(&claim->batch, row, facts, reason);
	else
		StorageDelete(&claim->batch, row);
	claim->wrote = true;
	return true;
}

static void
lease_touch(Claim *claim, TouchRow *row, const TouchFacts *facts, const TouchLane *lane)
{
	LowPlace	place = {row->key.due_at, row->key.enrollment};

	StorageLease(&claim->batch, &claim->lease, row);
	LowWaterLeased(&row->key.tenant, row->key.lane, &place, row->lease_until);
	claim->wrote = true;
	claim->taken++;
	return_touch(claim, row, facts, lane);
}

static void
return_touch(Claim *claim, const TouchRow *row, const TouchFacts *facts, const TouchLane *lane)
{
	TouchPlan  *plan = TouchBatchPlan(&claim->batch, &row->key.tenant, &facts->campaign,
									  facts->plan_version);
	const PlanTouch *touch = TouchPlanTouch(plan, row->touch_number);
	TouchMessage message;
	TouchToken	token;
	pg_uuid_t	key;
	const char *texts[6];
	Datum		values[CLAIM_COLUMNS];
	bool		nulls[CLAIM_COLUMNS] = {0};

	TouchMessageRender(&claim->batch, row, facts, facts->text, &message);
	TouchTokenOfRow(row, &token);
	TouchIdempotencyKey(&row->key, row->touch_number, &key);

	values[0] = UUIDPGetDatum(&row->key.tenant);
	values[1] = UUIDPGetDatum(&row->key.enrollment);
	values[2] = UUIDPGetDatum(&facts->campaign);
	values[3] = UUIDPGetDatum(&facts->contact);
	values[4] = UUIDPGetDatum(&facts->job);
	nulls[4] = !facts->has_job;
	values[5] = Int16GetDatum(row->touch_number);
	texts[0] = lane->channel;
	texts[1] = facts->address;
	texts[2] = message.subject;
	texts[3] = message.body;
	texts[4] = message.body_html;
	texts[5] = TouchBatchTenant(&claim->batch, &row->key.tenant)->sender_name;
	for (int i = 0; i < (int) lengthof(texts); i++)
	{
		values[6 + i] = texts[i] ? CStringGetTextDatum(texts[i]) : (Datum) 0;
		nulls[6 + i] = texts[i] == NULL;
	}
	values[12] = BoolGetDatum(touch->needs_pdf);
	values[13] = touch->attachments;
	values[14] = touch->config;
	values[15] = TimestampTzGetDatum(row->scheduled_at);
	values[16] = TimestampTzGetDatum(TouchRealTime(row->key.due_at, lane));
	values[17] = Int16GetDatum(row->attempt);
	values[18] = CStringGetTextDatum(TouchTokenEncode(&token));
	values[19] = TimestampTzGetDatum(row->lease_until);
	values[20] = UUIDPGetDatum(&key);
	tuplestore_putvalues(claim->result->setResult, claim->result->setDesc, values, nulls);
}
