/*
 * touch_facts.c
 *		What is known of one touch, read after its row is locked.
 *
 * One statement with a snapshot of its own: whoever made the contact or the
 * enrolment ineligible held the queue row until it had committed, so this sees
 * it (see the lock order in campaign.h).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/timestamp.h"

#include "core/statements.h"
#include "outreach/touch_queue.h"

/* the enrolment first: by statistics its campaign could seem as good a way to it */
static Statement read_facts = {
	"WITH e AS MATERIALIZED (SELECT * FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.id = $2)"
	" SELECT e.status, c.status = 'running', k.archived_at IS NOT NULL, a.address,"
	"       EXISTS (SELECT FROM campaign.suppressions s"
	"                WHERE s.tenant_id = $1 AND s.address = campaign.normalize_address(a.address))"
	/* what an erased contact left behind; most tenants have none, and nothing is hashed */
	"       OR EXISTS (SELECT FROM campaign.suppressions s"
	"                   WHERE s.tenant_id = $1 AND starts_with(s.address, 'hmac-sha256:'))"
	"          AND EXISTS (SELECT FROM campaign.suppressions s"
	"                       WHERE s.tenant_id = $1 AND s.address = campaign.address_hash($1, a.address)),"
	"       n.state, j.status = 'do_not_send', e.plan_version, e.campaign_id, e.contact_id, e.job_id,"
	"       e.first_scheduled_at, k.first_name, k.last_name, k.name,"
	"       CASE WHEN e.job_id IS NULL THEN o.service_type ELSE j.service_type END, k.attributes,"
	"       e.exclusive, (extract(epoch FROM e.base_shift) * 1000000)::bigint,"
	"       k.timezone, k.quiet_from, k.quiet_until, e.enrolled_at,"
	"       CASE WHEN EXISTS (SELECT FROM campaign.touch_events v WHERE v.tenant_id = $1 AND v.unmatched)"
	"            THEN campaign.unmatched_stop_reason($1, $2) END,"
	"       k.erased_at IS NOT NULL"
	"  FROM e"
	"  JOIN campaign.campaigns c ON c.tenant_id = $1 AND c.id = e.campaign_id"
	"  JOIN campaign.outreach_campaigns o ON o.tenant_id = $1 AND o.campaign_id = e.campaign_id"
	"  JOIN campaign.contacts k ON k.tenant_id = $1 AND k.id = e.contact_id"
	"  LEFT JOIN campaign.jobs j ON j.tenant_id = $1 AND j.id = e.job_id"
	"  LEFT JOIN campaign.consents n ON n.tenant_id = $1 AND n.contact_id = e.contact_id AND n.channel = $3"
	" CROSS JOIN LATERAL (SELECT CASE $4 WHEN 'email' THEN k.email WHEN 'phone' THEN k.phone"
	"                                    ELSE k.linkedin_url END AS address) a",
	NULL, {UUIDOID, UUIDOID, TEXTOID, TEXTOID}
};

static Statement read_events = {
	"SELECT coalesce(bool_or(v.kind IN ('replied', 'reviewed', 'feedback') OR v.kind = 'clicked' AND v.link = 'review' AND NOT v.is_machine), false),"
	"       coalesce(bool_or(v.kind = 'replied'), false),"
	"       coalesce(bool_or(v.kind = 'opened' AND NOT v.is_machine), false)"
	"  FROM campaign.touch_events v"
	" WHERE v.tenant_id = $1 AND v.enrollment_id = $2",
	NULL, {UUIDOID, UUIDOID}
};

/* as settle_touch_by_event() asks of an event that comes when the lease has ended */
static Statement read_proof = {
	"SELECT max(v.provider_id), jsonb_build_object('settled_by', (array_agg(v.kind ORDER BY v.at, v.id))[1])"
	"  FROM campaign.touch_events v"
	" WHERE v.tenant_id = $1 AND v.enrollment_id = $2 AND v.touch_number = $3 AND v.at >= $4"
	"   AND v.kind IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained')"
	" HAVING count(*) > 0",
	NULL, {UUIDOID, UUIDOID, INT2OID, TIMESTAMPTZOID}
};

static Statement last_sent = {
	"SELECT max(l.sent_at) FROM campaign.send_logs l"
	" WHERE l.tenant_id = $1 AND l.contact_id = $2 AND l.channel = $3",
	NULL, {UUIDOID, UUIDOID, TEXTOID}
};

/* what workers have of the contact's other enrolments */
static Statement last_claimed = {
	"SELECT max(q.claimed_at)"
	"  FROM campaign.campaign_enrollments e"
	"  JOIN campaign.touch_queue q ON q.tenant_id = $1 AND q.enrollment_id = e.id"
	"  JOIN campaign.lanes l ON l.tenant_id = $1 AND l.lane = q.lane"
	" WHERE e.tenant_id = $1 AND e.contact_id = $2 AND e.status = 'active' AND e.id <> $4 AND l.channel = $3"
	"   AND (q.lease_until > clock_timestamp() OR q.flags & 1 = 1)",
	NULL, {UUIDOID, UUIDOID, TEXTOID, UUIDOID}
};

/*
 * Fill facts, in the current memory context, for the row's enrolment on the
 * lane's channel: false if there is no such enrolment.
 */
bool
TouchFactsRead(const TouchRow *row, const TouchLane *lane, TouchFacts *facts)
{
	Datum		values[4];
	Datum		value;
	bool		isnull;
	char	   *consent;

	values[0] = UUIDPGetDatum(&row->key.tenant);
	values[1] = UUIDPGetDatum(&row->key.enrollment);
	values[2] = CStringGetTextDatum(lane->channel);
	values[3] = CStringGetTextDatum(lane->address_kind);
	if (StatementRun(&read_facts, values, NULL) != 1)
	{
		SPI_freetuptable(SPI_tuptable);
		return false;
	}

	memset(facts, 0, sizeof(*facts));
	facts->enrollment_status = StatementText(0, 1);
	facts->live = strcmp(facts->enrollment_status, "active") == 0;
	facts->campaign_running = DatumGetBool(StatementValue(0, 2, &isnull));
	facts->contact_archived = DatumGetBool(StatementValue(0, 3, &isnull));
	facts->address = StatementText(0, 4);
	facts->suppressed = DatumGetBool(StatementValue(0, 5, &isnull));
	consent = StatementText(0, 6);
	facts->opted_in = consent && strcmp(consent, "opted_in") == 0;
	facts->opted_out = consent && strcmp(consent, "opted_out") == 0;
	value = StatementValue(0, 7, &isnull);
	facts->job_cancelled = !isnull && DatumGetBool(value);
	facts->plan_version = DatumGetInt32(StatementValue(0, 8, &isnull));
	facts->campaign = *DatumGetUUIDP(StatementValue(0, 9, &isnull));
	facts->contact = *DatumGetUUIDP(StatementValue(0, 10, &isnull));
	value = StatementValue(0, 11, &isnull);
	facts->has_job = !isnull;
	if (facts->has_job)
		facts->job = *DatumGetUUIDP(value);
	facts->first_scheduled_at = DatumGetTimestampTz(StatementValue(0, 12, &isnull));
	facts->first_name = StatementText(0, 13);
	facts->last_name = StatementText(0, 14);
	facts->name = StatementText(0, 15);
	facts->service_type = StatementText(0, 16);
	facts->attributes = datumCopy(StatementValue(0, 17, &isnull), false, -1);
	facts->exclusive = DatumGetBool(StatementValue(0, 18, &isnull));
	facts->base_shift = DatumGetInt64(StatementValue(0, 19, &isnull));
	facts->timezone = StatementText(0, 20);
	facts->quiet_from = DatumGetTimeADT(StatementValue(0, 21, &isnull));
	facts->has_quiet_hours = !isnull;
	facts->quiet_until = DatumGetTimeADT(StatementValue(0, 22, &isnull));
	facts->enrolled_at = DatumGetTimestampTz(StatementValue(0, 23, &isnull));
	facts->event_stop = StatementText(0, 24);
	facts->contact_erased = DatumGetBool(StatementValue(0, 25, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return true;
}

/*
 * Has an event told since the claim that the touch of a row was sent?  Fills
 * outcome, in the current memory context, if one has.
 */
bool
TouchProvedSent(const TouchRow *row, TouchOutcome *outcome)
{
	bool		isnull;
	Datum		values[4];
	bool		proved;

	values[0] = UUIDPGetDatum(&row->key.tenant);
	values[1] = UUIDPGetDatum(&row->key.enrollment);
	values[2] = Int16GetDatum(row->touch_number);
	values[3] = TimestampTzGetDatum(row->claimed_at);
	proved = StatementRun(&read_proof, values, NULL) == 1;
	if (proved)
	{
		outcome->status = TOUCH_SENT;
		outcome->at = row->claimed_at;
		outcome->provider_id = StatementText(0, 1);
		outcome->metadata = datumCopy(StatementValue(0, 2, &isnull), false, -1);
		outcome->has_metadata = true;
	}
	SPI_freetuptable(SPI_tuptable);
	return proved;
}

/* Does the condition of a touch hold, by the events of its enrolment? */
bool
TouchConditionHolds(const TouchRow *row, PlanCondition condition)
{
	Datum		values[2];
	bool		isnull;
	bool		responded;
	bool		replied;
	bool		opened;

	values[0] = UUIDPGetDatum(&row->key.tenant);
	values[1] = UUIDPGetDatum(&row->key.enrollment);
	StatementRun(&read_events, values, NULL);
	responded = DatumGetBool(StatementValue(0, 1, &isnull));
	replied = DatumGetBool(StatementValue(0, 2, &isnull));
	opened = DatumGetBool(StatementValue(0, 3, &isnull));
	SPI_freetuptable(SPI_tuptable);

	switch (condition)
	{
		case CONDITION_ALWAYS:
			return true;
		case CONDITION_NO_RESPONSE:
			return !responded;
		case CONDITION_OPENED_NOT_REPLIED:
			return opened && !replied;
	}
	return false;
}

/*
 * When the contact was last written to on the lane's channel, or a worker took
 * something for it; DT_NOBEGIN if never.  For a contact in several sequences
 * the caller has locked the contact, so that no other claim decides beside it.
 */
TimestampTz
TouchLastToContact(const TouchRow *row, const TouchFacts *facts, const TouchLane *lane)
{
	Datum		values[4];
	Datum		value;
	bool		isnull;
	TimestampTz last = DT_NOBEGIN;

	values[0] = UUIDPGetDatum(&row->key.tenant);
	values[1] = UUIDPGetDatum(&facts->contact);
	values[2] = CStringGetTextDatum(lane->channel);
	StatementRun(&last_sent, values, NULL);
	value = StatementValue(0, 1, &isnull);
	if (!isnull)
		last = DatumGetTimestampTz(value);
	SPI_freetuptable(SPI_tuptable);
	if (facts->exclusive)
		return last;

	values[3] = UUIDPGetDatum(&row->key.enrollment);
	StatementRun(&last_claimed, values, NULL);
	value = StatementValue(0, 1, &isnull);
	if (!isnull)
		last = Max(last, DatumGetTimestampTz(value));
	SPI_freetuptable(SPI_tuptable);
	return last;
}
