/*
 * touch_gate.c
 *		May a touch be sent?
 *
 * One list of checks in a fixed order; the first that objects decides.  Claims
 * and begin_send ask it after they have locked the queue row.  The reasons are
 * what the log shows.
 */
#include "postgres.h"

#include "outreach/touch_queue.h"

typedef struct GateCheck
{
	bool		(*objects) (const TouchFacts *facts, const TouchLane *lane);
	GateVerdict verdict;
} GateCheck;

static bool
campaign_not_running(const TouchFacts *facts, const TouchLane *lane)
{
	return !facts->campaign_running;
}

static bool
enrollment_ended(const TouchFacts *facts, const TouchLane *lane)
{
	return !facts->live;
}

static bool
contact_archived(const TouchFacts *facts, const TouchLane *lane)
{
	return facts->contact_archived;
}

static bool
address_missing(const TouchFacts *facts, const TouchLane *lane)
{
	return facts->address == NULL;
}

static bool
address_suppressed(const TouchFacts *facts, const TouchLane *lane)
{
	return facts->suppressed;
}

static bool
contact_opted_out(const TouchFacts *facts, const TouchLane *lane)
{
	return facts->opted_out;
}

static bool
consent_missing(const TouchFacts *facts, const TouchLane *lane)
{
	return lane->needs_opt_in && !facts->opted_in;
}

static bool
job_cancelled(const TouchFacts *facts, const TouchLane *lane)
{
	return facts->job_cancelled;
}

static bool
text_missing(const TouchFacts *facts, const TouchLane *lane)
{
	return facts->text_missing;
}

static const GateCheck checks[] = {
	{campaign_not_running, {GATE_HOLD, "campaign_not_running"}},
	{enrollment_ended, {GATE_STOP, "enrollment_ended"}},
	{contact_archived, {GATE_STOP, "contact_archived"}},
	{address_missing, {GATE_SKIP, "no_address"}},
	{address_suppressed, {GATE_SKIP, "suppressed"}},
	{contact_opted_out, {GATE_SKIP, "opted_out"}},
	{consent_missing, {GATE_SKIP, "no_consent"}},
	{job_cancelled, {GATE_STOP, "job_cancelled"}},
	{text_missing, {GATE_SKIP, "no_text"}},
};

GateVerdict
TouchGate(const TouchFacts *facts, const TouchLane *lane)
{
	GateVerdict deliver = {GATE_DELIVER, NULL};

	for (int i = 0; i < (int) lengthof(checks); i++)
	{
		if (checks[i].objects(facts, lane))
			return checks[i].verdict;
	}
	return deliver;
}
