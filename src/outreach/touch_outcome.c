/*
 * touch_outcome.c
 *		What an outcome does to log, queue and enrolment.
 *
 * One piece of code for reports of workers and for what a claim decides by
 * itself: log the attempt; try again, move on to the next touch, or end the
 * enrolment.  Knows nothing of how rows are fetched.
 *
 * scheduled_at is the plan's time of a touch and chains from touch to touch;
 * retries and gaps move due_at only.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "core/leases.h"
#include "outreach/low_water.h"
#include "outreach/touch_counts.h"
#include "outreach/touch_queue.h"

const char *const TouchStatusNames[] = {"sent", "failed", "skipped"};

static void advance(TouchBatch *batch, TouchRow *row, const TouchFacts *facts,
					const TouchLane *lane, const TouchPlan *plan, const TouchOutcome *outcome,
					TouchSettled *settled);
static void resume_behind(const TouchBatch *batch, TouchRow *row, int next, int64 delay, TimestampTz *last_sent);
static void end_enrollment(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
						   const char *stop_reason, TouchSettled *settled);

/*
 * Settle an attempt.  The caller has locked the enrolment and the row, read
 * facts after that, and gives the row as it lies in the queue; it is not valid
 * afterwards.
 */
void
TouchSettle(TouchBatch *batch, TouchRow *row, const TouchFacts *facts, const TouchLane *lane,
			const TouchOutcome *outcome, TouchSettled *settled)
{
	TouchPlan  *plan = TouchBatchPlan(batch, &row->key.tenant, &facts->campaign, facts->plan_version);
	const TouchText *text = facts->text ? facts->text : TouchTextFind(batch, row, facts, lane, false);
	char	   *subject = text->is_newer ? NULL : TouchSubjectRender(batch, row, facts, text);
	bool		stopped = !facts->live || (row->flags & TOUCH_STOPPED);
	LowPlace	place = {row->key.due_at, row->key.enrollment};
	int			tries = row->attempt - row->attempt_base;
	bool		again = !stopped && outcome->status == TOUCH_FAILED && !outcome->permanent &&
		tries < plan->max_attempts;

	memset(settled, 0, sizeof(*settled));
	settled->again = again;
	/* whatever the outcome, the row goes from there */
	LowWaterLeft(&row->key.tenant, row->key.lane, &place);
	StorageLog(batch, row, facts, lane, text, subject, outcome, !again, !stopped && !again);
	if (outcome->status == TOUCH_SENT)
		TouchTextSent(batch, row, text, outcome->at);
	if (!again)
		TouchCountsAddTouch(batch->counts, &row->key.tenant, &facts->campaign, row->touch_number,
							facts->service_type, outcome->status,
							outcome->status == TOUCH_SENT ? outcome->at : batch->now);

	if (stopped)
	{
		/* stop wins: what was sent is history, and nothing follows */
		StorageDelete(batch, row);
		settled->logged_only = true;
		settled->enrollment_status = strcmp(facts->enrollment_status, "completed") == 0 ? "completed" : "stopped";
	}
	else if (again)
	{
		TouchEndLease(row);
		row->key.due_at = TouchQueueTime(batch->now + LeaseBackoff(tries), lane);
		StorageUpdate(batch, row);
		settled->enrollment_status = "active";
		settled->has_next = true;
		settled->next_due_at = TouchRealTime(row->key.due_at, lane);
	}
	else if (outcome->status == TOUCH_FAILED && TouchPlanTouch(plan, row->touch_number)->stop_on_failure)
		end_enrollment(batch, row, facts, "touch_failed", settled);
	else
		advance(batch, row, facts, lane, plan, outcome, settled);
}

/* The row as nobody's; due time, touch and attempt are as they were. */
void
TouchEndLease(TouchRow *row)
{
	row->lease_until = DT_NOBEGIN;
	row->claimed_at = DT_NOBEGIN;
	row->fence = 0;
	row->worker_id = 0;
	row->flags = 0;
}

/* A time as the queue has it, in lanes of one campaign. */
TimestampTz
TouchQueueTime(TimestampTz at, const TouchLane *lane)
{
	return TIMESTAMP_NOT_FINITE(at) ? at : at - lane->shift;
}

/* A time of the queue as it is meant. */
TimestampTz
TouchRealTime(TimestampTz at, const TouchLane *lane)
{
	return TIMESTAMP_NOT_FINITE(at) ? at : at + lane->shift;
}

/* The next touch takes the row's place; behind the last, the enrolment is complete. */
static void
advance(TouchBatch *batch, TouchRow *row, const TouchFacts *facts, const TouchLane *lane,
		const TouchPlan *plan, const TouchOutcome *outcome, TouchSettled *settled)
{
	int			next = row->resume_touch > 0 ? row->resume_touch : row->touch_number + 1;
	int64		delay;
	TimestampTz last_sent = outcome->status == TOUCH_SENT ? outcome->at : DT_NOBEGIN;

	if (next > plan->ntouches)
	{
		end_enrollment(batch, row, facts, NULL, settled);
		return;
	}

	TouchEndLease(row);
	delay = TouchPlanTouch(plan, next)->delay;
	row->attempt = 0;
	if (row->resume_touch > 0)
		resume_behind(batch, row, next, delay, &last_sent);
	else
		row->scheduled_at += delay;
	/* the plan's time moves by what the lanes were shifted since the enrolment began */
	row->key.due_at = row->scheduled_at - facts->base_shift;
	if (last_sent != DT_NOBEGIN)
		row->key.due_at = Max(row->key.due_at, TouchQueueTime(last_sent + plan->min_gap, lane));
	row->key.lane = TouchPlanTouch(plan, next)->lane;
	row->attempt_base = row->attempt;
	row->touch_number = next;
	row->resume_touch = 0;
	row->rescheduled = false;
	StorageUpdate(batch, row);
	settled->enrollment_status = "active";
	settled->has_next = true;
	settled->next_due_at = TouchRealTime(row->key.due_at, lane);
}

/*
 * Behind a touch that was retried the sequence goes on where it was: a touch
 * that had its turn before goes on counting its attempts, so that none is
 * logged twice, and the times are those of the touch before it.
 */
static void
resume_behind(const TouchBatch *batch, TouchRow *row, int next, int64 delay, TimestampTz *last_sent)
{
	TouchHistory history;

	StorageHistory(batch, &row->key, next, &history);
	row->attempt = history.last_attempt;
	row->scheduled_at = (next == row->touch_number + 1 ? row->scheduled_at : history.scheduled_before) + delay;
	*last_sent = Max(*last_sent, history.last_sent);
}

static void
end_enrollment(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
			   const char *stop_reason, TouchSettled *settled)
{
	TouchEndEnrollment(batch, row, facts, stop_reason);
	settled->enrollment_status = stop_reason ? "stopped" : "completed";
}

/*
 * End an active enrolment that the caller has locked: stopped with a reason,
 * completed with NULL.  The row goes.
 */
void
TouchEndEnrollment(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
				   const char *stop_reason)
{
	StorageEndEnrollment(&row->key, stop_reason, batch->now);
	StorageDelete(batch, row);
	TouchCountsAddEnd(batch->counts, &row->key.tenant, &facts->campaign, facts->service_type,
					  stop_reason, facts->enrolled_at, batch->now);
}
