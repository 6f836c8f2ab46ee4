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
#include "utils/datum.h"
#include "utils/timestamp.h"

#include "core/statements.h"
#include "outreach/touch_queue.h"

static Statement read_facts = {
	"SELECT e.status, c.status = 'running', k.archived_at IS NOT NULL, a.address,"
	"       EXISTS (SELECT FROM campaign.suppressions s"
	"                WHERE s.tenant_id = $1 AND s.address = campaign.normalize_address(a.address)),"
	"       n.state, j.status = 'do_not_send', e.plan_version, e.campaign_id, e.contact_id, e.job_id,"
	"       e.first_scheduled_at, k.first_name, k.last_name, k.name,"
	"       CASE WHEN e.job_id IS NULL THEN o.service_type ELSE j.service_type END, k.attributes"
	"  FROM campaign.campaign_enrollments e"
	"  JOIN campaign.campaigns c ON c.tenant_id = $1 AND c.id = e.campaign_id"
	"  JOIN campaign.outreach_campaigns o ON o.tenant_id = $1 AND o.campaign_id = e.campaign_id"
	"  JOIN campaign.contacts k ON k.tenant_id = $1 AND k.id = e.contact_id"
	"  LEFT JOIN campaign.jobs j ON j.tenant_id = $1 AND j.id = e.job_id"
	"  LEFT JOIN campaign.consents n ON n.tenant_id = $1 AND n.contact_id = e.contact_id AND n.channel = $3"
	" CROSS JOIN LATERAL (SELECT CASE $4 WHEN 'email' THEN k.email WHEN 'phone' THEN k.phone"
	"                                    ELSE k.linkedin_url END AS address) a"
	" WHERE e.tenant_id = $1 AND e.id = $2",
	NULL, {UUIDOID, UUIDOID, TEXTOID, TEXTOID}
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
	SPI_freetuptable(SPI_tuptable);
	return true;
}
