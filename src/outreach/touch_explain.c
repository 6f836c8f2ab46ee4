/*
 * touch_explain.c
 *		Why has this contact not received the next touch?
 *
 * Reads the queue row without a lock and asks the same gate that a claim asks,
 * each of its checks, at the time when the touch is due: the explanation
 * cannot differ from what will be done.  Writes nothing.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "core/statements.h"
#include "outreach/send_limits.h"
#include "outreach/touch_queue.h"

#define EXPLAIN_COLUMNS 4

typedef struct Explanation
{
	TouchBatch	batch;
	TouchRow	row;
	TouchLane  *lane;
	ReturnSetInfo *result;
} Explanation;

/* as GateOutcome */
static const char *const outcome_names[] = {"pass", "hold", "defer", "skip", "stop"};

PG_FUNCTION_INFO_V1(campaign_explain_touch);

static bool explain_queue(Explanation *explanation, const TouchFacts *facts);
static void explain_gate(Explanation *explanation, TouchFacts *facts);
static bool has_room(void *arg, const GateInput *input, TimestampTz *until);
static void answer(Explanation *explanation, const char *check, const char *outcome,
				   const char *reason, TimestampTz changes_at);

/*
 * campaign.explain_touch(tenant, enrollment): the caller has checked that the
 * enrolment is for the asker to see.
 */
Datum
campaign_explain_touch(PG_FUNCTION_ARGS)
{
	Explanation explanation = {0};
	TouchFacts	facts;

	InitMaterializedSRF(fcinfo, 0);
	explanation.result = (ReturnSetInfo *) fcinfo->resultinfo;
	SPI_connect();
	TouchBatchInit(&explanation.batch);
	TouchBatchBegin(&explanation.batch);
	if (!StorageReadRow(&explanation.batch, PG_GETARG_UUID_P(0), PG_GETARG_UUID_P(1), &explanation.row))
		answer(&explanation, "queue", "stop", "enrollment_ended", DT_NOEND);
	else
	{
		explanation.lane = TouchBatchLane(&explanation.batch, &explanation.row.key.tenant,
										  explanation.row.key.lane);
		if (explanation.lane == NULL ||
			!TouchFactsRead(&explanation.batch, &explanation.row, explanation.lane, &facts))
			elog(ERROR, "enrolment of a queued touch is gone");
		if (explain_queue(&explanation, &facts))
			explain_gate(&explanation, &facts);
	}
	TouchBatchEnd(&explanation.batch);
	SPI_finish();
	return (Datum) 0;
}

/* Where the touch is in the queue; false if nothing more is asked of it. */
static bool
explain_queue(Explanation *explanation, const TouchFacts *facts)
{
	const TouchRow *row = &explanation->row;
	TimestampTz due = TouchRealTime(row->key.due_at, explanation->lane);
	TimestampTz wall = GetCurrentTimestamp();

	if (row->flags & TOUCH_STOPPED)
	{
		answer(explanation, "queue", "stop", "enrollment_ended", DT_NOEND);
		return false;
	}
	if (row->lease_until > wall)
	{
		/* leases run on the wall clock, the answer on the engine's */
		answer(explanation, "lease", "wait", (row->flags & TOUCH_BEGUN) ? "begun" : "leased",
			   explanation->batch.now + (row->lease_until - wall));
		return false;
	}
	if ((row->flags & TOUCH_BEGUN) && !explanation->lane->retries_uncertain)
	{
		answer(explanation, "lease", "hold", "uncertain", DT_NOEND);
		return false;
	}
	answer(explanation, "lease", "pass", NULL, DT_NOEND);
	if (due > explanation->batch.now)
	{
		answer(explanation, "due", "wait", row->attempt > row->attempt_base ? "retry_later" : "not_due", due);
		explanation->batch.now = due;
	}
	else
		answer(explanation, "due", "pass", NULL, DT_NOEND);
	return true;
}

static void
explain_gate(Explanation *explanation, TouchFacts *facts)
{
	TouchBatch *batch = &explanation->batch;
	const TouchRow *row = &explanation->row;
	TouchPlan  *plan = TouchBatchPlan(batch, &row->key.tenant, &facts->campaign, facts->plan_version);
	GateInput	input = {batch, row, facts, explanation->lane, TouchPlanTouch(plan, row->touch_number),
		has_room, explanation};

	facts->text = TouchTextFind(batch, row, facts, explanation->lane, true);
	for (int i = 0; i < TouchGateChecks(); i++)
	{
		const char *name;
		GateVerdict verdict;

		CHECK_FOR_INTERRUPTS();
		verdict = TouchGateCheck(&input, i, &name);
		answer(explanation, name, outcome_names[verdict.outcome], verdict.reason,
			   verdict.outcome == GATE_DELIVER ? DT_NOEND : verdict.until);
	}
}

/* Is there room under the caps?  Looks, and takes nothing. */
static bool
has_room(void *arg, const GateInput *input, TimestampTz *until)
{
	return SendCapsAllow(&input->row->key.tenant, input->lane->channel, input->batch->now, until);
}

/* One row; changes_at infinity: no time is known at which the answer changes. */
static void
answer(Explanation *explanation, const char *check, const char *outcome, const char *reason,
	   TimestampTz changes_at)
{
	Datum		values[EXPLAIN_COLUMNS];
	bool		nulls[EXPLAIN_COLUMNS] = {0};

	values[0] = CStringGetTextDatum(check);
	values[1] = CStringGetTextDatum(outcome);
	values[2] = reason ? CStringGetTextDatum(reason) : (Datum) 0;
	nulls[2] = reason == NULL;
	values[3] = TimestampTzGetDatum(changes_at);
	nulls[3] = TIMESTAMP_NOT_FINITE(changes_at);
	tuplestore_putvalues(explanation->result->setResult, explanation->result->setDesc, values, nulls);
}
