/*
 * touch_lease.c
 *		What a worker does with a lease between claim and report: begin the
 *		send, extend the lease, give it back.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "core/clone_guard.h"
#include "core/errors.h"
#include "core/leases.h"
#include "core/statements.h"
#include "core/transactions.h"
#include "outreach/send_limits.h"
#include "outreach/touch_queue.h"

PG_FUNCTION_INFO_V1(campaign_begin_send);
PG_FUNCTION_INFO_V1(campaign_extend_lease);
PG_FUNCTION_INFO_V1(campaign_release_touch);

static const char *begin_send(TouchBatch *batch, const TouchToken *token);
static void give_back(TouchBatch *batch, TouchRow *row, const TouchLane *lane);
static void return_unit(const TouchRow *row, const TouchLane *lane);
static void lock_lease(const TouchBatch *batch, const TouchToken *token, bool live, TouchRow *row);

Datum
campaign_begin_send(PG_FUNCTION_ARGS)
{
	TouchBatch	batch;
	TouchToken	token;
	const char *answer;

	TouchTokenRequire(PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0), &token);
	PreventCommandDuringRecovery("begin_send()");
	PreventCommandIfReadOnly("begin_send()");
	RequireReadCommitted("begin_send()");
	CloneGuardRequire("begin_send()");
	SPI_connect();
	TouchBatchInit(&batch);
	TouchBatchBegin(&batch);
	answer = begin_send(&batch, &token);
	TouchBatchEnd(&batch);
	SPI_finish();

	/* the worker sends on the strength of this commit */
	ForceSyncCommit();
	PG_RETURN_TEXT_P(cstring_to_text(answer));
}

/*
 * The last check before a send, under the lock of the queue row that every stop
 * takes: whichever of the two comes first decides.  Returns the answer, static.
 */
static const char *
begin_send(TouchBatch *batch, const TouchToken *token)
{
	TouchRow	row;
	TouchFacts	facts;
	TouchLane  *lane = TouchBatchLane(batch, &token->key.tenant, token->key.lane);
	TouchPlan  *plan;
	GateInput	input = {batch, &row, &facts, lane};
	bool		current;

	if (lane == NULL)
		return "lease_lost";
	memset(&row, 0, sizeof(row));
	row.key = token->key;
	current = StorageLockToken(batch, token, &row);
	TableSetRefresh(batch->tables);
	if (!TouchFactsRead(batch, &row, lane, &facts))
		return "lease_lost";
	if (!current)
		return strcmp(facts.enrollment_status, "stopped") == 0 ? "stopped" : "lease_lost";
	if (row.flags & TOUCH_STOPPED)
	{
		/* what was begun before the stop may be sent already, and waits for its report */
		if (!(row.flags & TOUCH_BEGUN))
		{
			StorageDelete(batch, &row);
			return_unit(&row, lane);
		}
		return "stopped";
	}
	if (row.lease_until <= GetCurrentTimestamp())
		return "lease_lost";
	if (row.flags & TOUCH_BEGUN)
		return "go";

	plan = TouchBatchPlan(batch, &row.key.tenant, &facts.campaign, facts.plan_version);
	input.touch = TouchPlanTouch(plan, row.touch_number);
	switch (TouchGate(&input, GATE_AT_BEGIN).outcome)
	{
		case GATE_DELIVER:
			row.flags |= TOUCH_BEGUN;
			StorageUpdate(batch, &row);
			return "go";
		case GATE_HOLD:
		case GATE_DEFER:
			give_back(batch, &row, lane);
			return "paused";
		case GATE_SKIP:
			/* the next claim skips it, and logs why */
			give_back(batch, &row, lane);
			return "suppressed";
		case GATE_STOP:
			/* the next claim stops it */
			give_back(batch, &row, lane);
			return "stopped";
	}
	return "lease_lost";
}

Datum
campaign_extend_lease(PG_FUNCTION_ARGS)
{
	TouchBatch	batch;
	TouchToken	token;
	TouchRow	row;
	int64		length;

	TouchTokenRequire(PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0), &token);
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lease must not be null"),
				 errdetail("The lease is to last for a time from now."),
				 errhint("Pass an interval such as '5 minutes'.")));
	length = LeaseLength(PG_GETARG_INTERVAL_P(1));
	SPI_connect();
	TouchBatchInit(&batch);
	TouchBatchBegin(&batch);
	lock_lease(&batch, &token, true, &row);
	row.lease_until = GetCurrentTimestamp() + length;
	StorageUpdate(&batch, &row);
	TouchBatchEnd(&batch);
	SPI_finish();
	PG_RETURN_TIMESTAMPTZ(row.lease_until);
}

Datum
campaign_release_touch(PG_FUNCTION_ARGS)
{
	TouchBatch	batch;
	TouchToken	token;
	TouchRow	row;
	TouchLane  *lane;

	TouchTokenRequire(PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0), &token);
	SPI_connect();
	TouchBatchInit(&batch);
	TouchBatchBegin(&batch);
	lock_lease(&batch, &token, false, &row);
	lane = TouchBatchLane(&batch, &row.key.tenant, row.key.lane);
	if (row.flags & TOUCH_STOPPED)
	{
		StorageDelete(&batch, &row);
		return_unit(&row, lane);
	}
	else
		give_back(&batch, &row, lane);
	TouchBatchEnd(&batch);
	SPI_finish();
	PG_RETURN_VOID();
}

/* Back to the queue, due as it was, the attempt not counted. */
static void
give_back(TouchBatch *batch, TouchRow *row, const TouchLane *lane)
{
	TouchFacts	facts;

	return_unit(row, lane);
	TouchEndLease(row);
	row->attempt--;
	/* put aside when its lease had ended: due since its turn, by how its lanes were shifted */
	if (row->key.due_at == DT_NOEND && TouchFactsRead(batch, row, lane, &facts))
		row->key.due_at = row->scheduled_at - facts.base_shift;
	StorageUpdate(batch, row);
}

/* What a touch that was not sent had of the caps. */
static void
return_unit(const TouchRow *row, const TouchLane *lane)
{
	SendCapsReturn(&row->key.tenant, lane->channel, row->claimed_at);
}

/*
 * Lock the row of a token; raises CP004 if it is not current, or, where it has
 * to be live, if it has ended or was stopped.
 */
static void
lock_lease(const TouchBatch *batch, const TouchToken *token, bool live, TouchRow *row)
{
	/* the wall clock is read after the wait for the lock */
	if (StorageLockToken(batch, token, row) &&
		!(live && ((row->flags & TOUCH_STOPPED) || row->lease_until <= GetCurrentTimestamp())))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CAMPAIGN_LEASE_LOST),
			 errmsg("lease is lost"),
			 errdetail("It has ended, was reported or given back, or the enrolment was stopped."),
			 errhint("Do not send; claim again.")));
}
