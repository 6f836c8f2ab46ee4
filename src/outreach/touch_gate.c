/*
 * touch_gate.c
 *		May a touch be sent?
 *
 * One list of checks in a fixed order; the first that objects decides.  Claims
 * and begin_send ask it after they have locked the queue row;
 * explain_enrollment() asks each check and shows what it says.  The reasons
 * are those of the log.
 *
 * A check that needs more than the facts reads it itself, so that it is read
 * only where nothing before it objects.
 */
#include "postgres.h"

#include "utils/timestamp.h"
#include "port/pg_bswap.h"

#include "outreach/quiet_hours.h"
#include "outreach/touch_queue.h"

/* A message that waits for its review is looked at again so often. */
#define REVIEW_ASKED USECS_PER_HOUR

typedef struct GateCheck
{
	const char *name;
	bool		at_begin;		/* asked again by begin_send */
	/* fills verdict, which is to deliver, if it objects */
	void		(*ask) (const GateInput *input, GateVerdict *verdict);
} GateCheck;

static void check_campaign(const GateInput *input, GateVerdict *verdict);
static void check_enrollment(const GateInput *input, GateVerdict *verdict);
static void check_contact(const GateInput *input, GateVerdict *verdict);
static void check_address(const GateInput *input, GateVerdict *verdict);
static void check_suppression(const GateInput *input, GateVerdict *verdict);
static void check_consent(const GateInput *input, GateVerdict *verdict);
static void check_job(const GateInput *input, GateVerdict *verdict);
static void check_text(const GateInput *input, GateVerdict *verdict);
static void check_condition(const GateInput *input, GateVerdict *verdict);
static void check_resume(const GateInput *input, GateVerdict *verdict);
static void check_quiet_hours(const GateInput *input, GateVerdict *verdict);
static void check_contact_interval(const GateInput *input, GateVerdict *verdict);
static void check_send_limit(const GateInput *input, GateVerdict *verdict);
static void check_lateness(const GateInput *input, GateVerdict *verdict);
static TimestampTz planned_time(const GateInput *input);
static void object(GateVerdict *verdict, GateOutcome outcome, const char *reason);
static void defer(GateVerdict *verdict, const char *reason, TimestampTz until);

static const GateCheck checks[] = {
	{"campaign", true, check_campaign},
	{"enrollment", true, check_enrollment},
	{"contact", true, check_contact},
	{"address", true, check_address},
	{"suppression", true, check_suppression},
	{"consent", true, check_consent},
	{"job", true, check_job},
	{"text", false, check_text},
	{"condition", false, check_condition},
	{"resume", false, check_resume},
	{"quiet_hours", false, check_quiet_hours},
	{"contact_interval", false, check_contact_interval},
	{"send_limit", false, check_send_limit},
	{"lateness", false, check_lateness},
};

/* What the first check says that objects; GATE_DELIVER if none does. */
GateVerdict
TouchGate(const GateInput *input, GateStage stage)
{
	GateVerdict verdict = {GATE_DELIVER};

	for (int i = 0; i < (int) lengthof(checks) && verdict.outcome == GATE_DELIVER; i++)
	{
		if (stage == GATE_AT_CLAIM || checks[i].at_begin)
			checks[i].ask(input, &verdict);
	}
	return verdict;
}

int
TouchGateChecks(void)
{
	return lengthof(checks);
}

/* What one check says, from 0 in their order, and its name. */
GateVerdict
TouchGateCheck(const GateInput *input, int check, const char **name)
{
	GateVerdict verdict = {GATE_DELIVER};

	*name = checks[check].name;
	checks[check].ask(input, &verdict);
	return verdict;
}

static void
check_campaign(const GateInput *input, GateVerdict *verdict)
{
	if (!input->facts->campaign_running)
		object(verdict, GATE_HOLD, "campaign_not_running");
}

static void
check_enrollment(const GateInput *input, GateVerdict *verdict)
{
	if (!input->facts->live)
		object(verdict, GATE_STOP, "enrollment_ended");
	else if (input->facts->event_stop)
		object(verdict, GATE_STOP, input->facts->event_stop);
}

static void
check_contact(const GateInput *input, GateVerdict *verdict)
{
	if (input->facts->contact_archived)
		object(verdict, GATE_STOP, "contact_archived");
}

static void
check_address(const GateInput *input, GateVerdict *verdict)
{
	if (input->facts->address == NULL)
		object(verdict, GATE_SKIP, "no_address");
}

static void
check_suppression(const GateInput *input, GateVerdict *verdict)
{
	if (input->facts->suppressed)
		object(verdict, GATE_SKIP, "suppressed");
}

static void
check_consent(const GateInput *input, GateVerdict *verdict)
{
	if (input->facts->opted_out)
		object(verdict, GATE_SKIP, "opted_out");
	else if (input->lane->needs_opt_in && !input->facts->opted_in)
		object(verdict, GATE_SKIP, "no_consent");
}

static void
check_job(const GateInput *input, GateVerdict *verdict)
{
	if (input->facts->job_cancelled)
		object(verdict, GATE_STOP, "job_cancelled");
}

static void
check_text(const GateInput *input, GateVerdict *verdict)
{
	const TouchText *text = input->facts->text;

	switch (text->message)
	{
		case MESSAGE_DRAFT:
			defer(verdict, "message_in_review", input->batch->now + REVIEW_ASKED);
			return;
		case MESSAGE_REJECTED:
			object(verdict, GATE_SKIP, "message_rejected");
			return;
		case MESSAGE_SENT:
			object(verdict, GATE_SKIP, "message_sent");
			return;
		case MESSAGE_NONE:
		case MESSAGE_APPROVED:
			break;
	}
	/* templates may have been archived since the launch */
	if (input->lane->has_body && text->body == NULL && text->body_html == NULL)
		object(verdict, GATE_SKIP, "no_text");
}

static void
check_condition(const GateInput *input, GateVerdict *verdict)
{
	if (input->touch->condition != CONDITION_ALWAYS &&
		!TouchConditionHolds(input->row, input->touch->condition))
		object(verdict, GATE_SKIP, "condition_false");
}

/*
 * What was due before the lane was resumed: each touch has its own place in the
 * spread, by its enrolment, so that a crowd that was due at one time does not
 * go out at one time.
 */
static void
check_resume(const GateInput *input, GateVerdict *verdict)
{
	const TouchLane *lane = input->lane;
	uint32		place;
	TimestampTz until;

	if (TouchRealTime(input->row->key.due_at, lane) > lane->resumed_at)
		return;
	switch (lane->resume_policy)
	{
		case RESUME_KEEP:
			/* the last bytes of a UUID of version 7 are random */
			memcpy(&place, input->row->key.enrollment.data + UUID_LEN - sizeof(place), sizeof(place));
			until = lane->resumed_at +
				(int64) ((double) lane->spread * pg_ntoh32(place) / ((double) PG_UINT32_MAX + 1));
			if (until > input->batch->now)
				defer(verdict, "resume_spread", until);
			break;
		case RESUME_SHIFT:
			break;
		case RESUME_BUMP:
			until = lane->resumed_at + input->touch->delay;
			if (until > input->batch->now)
				defer(verdict, "resume_bump", until);
			break;
	}
}

static void
check_quiet_hours(const GateInput *input, GateVerdict *verdict)
{
	const TouchFacts *facts = input->facts;
	TouchTenant *tenant = TouchBatchTenant(input->batch, &input->row->key.tenant);
	QuietHours	quiet = {0};
	TimestampTz until;
	bool		unknown;
	bool		blackout;

	quiet.zone = QuietHoursZone(facts->timezone, tenant->timezone, &unknown);
	quiet.blackouts = tenant->blackouts;
	quiet.nblackouts = tenant->nblackouts;
	quiet.from = facts->has_quiet_hours ? facts->quiet_from :
		tenant->has_quiet_hours ? tenant->quiet_from : input->lane->quiet_from;
	quiet.until = facts->has_quiet_hours ? facts->quiet_until :
		tenant->has_quiet_hours ? tenant->quiet_until : input->lane->quiet_until;
	quiet.has_window = quiet.from != quiet.until;
	until = QuietHoursNext(&quiet, input->batch->now, &blackout);
	if (until > input->batch->now)
		defer(verdict, blackout ? "blackout_date" : "quiet_hours", until);
}

static void
check_contact_interval(const GateInput *input, GateVerdict *verdict)
{
	TimestampTz last;

	if (input->lane->contact_interval == 0)
		return;
	last = TouchLastToContact(input->batch, input->row, input->facts, input->lane);
	if (last != DT_NOBEGIN && last + input->lane->contact_interval > input->batch->now)
		defer(verdict, "contact_interval", last + input->lane->contact_interval);
}

static void
check_send_limit(const GateInput *input, GateVerdict *verdict)
{
	TimestampTz until;

	if (input->has_room && !input->has_room(input->room_arg, input, &until))
	{
		object(verdict, GATE_HOLD, "send_limit");
		verdict->until = until;
	}
}

/* Another time is the same hour of a later day: the crowd stays as spread as it was planned. */
static void
check_lateness(const GateInput *input, GateVerdict *verdict)
{
	TimestampTz planned = planned_time(input);
	int64		late = input->batch->now - planned;

	if (input->touch->late == LATE_SEND || late <= input->touch->max_lateness ||
		input->row->rescheduled)
		return;
	if (input->touch->late == LATE_SKIP)
		object(verdict, GATE_SKIP, "too_late");
	else
	{
		defer(verdict, "too_late", planned + (late / USECS_PER_DAY + 1) * USECS_PER_DAY);
		verdict->reschedules = true;
	}
}

/* When the touch was to go out, by the plan and by how its lane was resumed. */
static TimestampTz
planned_time(const GateInput *input)
{
	const TouchLane *lane = input->lane;
	TimestampTz planned = input->row->scheduled_at + lane->shift - input->facts->base_shift;

	if (lane->resume_policy == RESUME_BUMP && planned <= lane->resumed_at)
		planned = lane->resumed_at + input->touch->delay;
	return planned;
}

static void
object(GateVerdict *verdict, GateOutcome outcome, const char *reason)
{
	verdict->outcome = outcome;
	verdict->reason = reason;
	verdict->until = DT_NOEND;
}

static void
defer(GateVerdict *verdict, const char *reason, TimestampTz until)
{
	verdict->outcome = GATE_DEFER;
	verdict->reason = reason;
	verdict->until = until;
}
