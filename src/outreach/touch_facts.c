/*
 * touch_facts.c
 *		What is known of one touch, read after its row is locked.
 *
 * With a snapshot that was taken after the lock: whoever made the contact or
 * the enrolment ineligible held the queue row until it had committed, so this
 * sees it (see the lock order in campaign.h).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/timestamp.h"

#include "core/ids.h"
#include "core/statements.h"
#include "outreach/contacts.h"
#include "outreach/touch_queue.h"
#include "outreach/touch_tables.h"

/* what an erased contact left behind, of a tenant that has such */
static Statement find_erased_address = {
	"SELECT FROM campaign.suppressions s WHERE s.tenant_id = $1 AND s.address = campaign.address_hash($1, $2)",
	NULL, {UUIDOID, TEXTOID}
};

static Statement read_event_stop = {
	"SELECT campaign.unmatched_stop_reason($1, $2)",
	NULL, {UUIDOID, UUIDOID}
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

/* what workers have of the contact's other enrolments */
static Statement last_claimed = {
	"SELECT max(q.claimed_at)"
	"  FROM campaign.campaign_enrollments e"
	"  JOIN campaign.touch_queue q ON q.tenant_id = $1 AND q.enrollment_id = e.id"
	"  JOIN campaign.lanes l ON l.tenant_id = $1 AND l.lane = q.lane"
	" WHERE e.tenant_id = $1 AND e.contact_id = $2 AND e.status = 'active' AND e.id <> ALL ($4) AND l.channel = $3"
	"   AND (q.lease_until > clock_timestamp() OR q.flags & 1 = 1)",
	NULL, {UUIDOID, UUIDOID, TEXTOID, UUIDARRAYOID}
};

static const char *const statuses[] = {"active", "completed", "stopped"};

static bool find_enrollment(TableAccess *table, const TouchKey *key);
static void enrollment_keys(const TouchKey *key, Datum *keys);
static void read_enrollment(TableAccess *table, TouchFacts *facts);
static bool read_contact(TouchBatch *batch, const pg_uuid_t *tenant, const TouchLane *lane, TouchFacts *facts);
static void read_campaign(TouchBatch *batch, const pg_uuid_t *tenant, TouchFacts *facts);
static void read_consent(TouchBatch *batch, const pg_uuid_t *tenant, const TouchLane *lane, TouchFacts *facts);
static bool is_suppressed(TouchBatch *batch, const pg_uuid_t *tenant, const char *address);
static char *read_stop(TouchBatch *batch, const TouchRow *row);
static Datum undecided_enrollments(const TouchBatch *batch, const TouchRow *row);

/*
 * The facts of these rows are to be read soon: of tables that are large beside
 * the buffers their pages are fetched together.
 */
void
TouchFactsExpect(TouchBatch *batch, const TouchRow *rows, int n)
{
	TableAccess *enrollments = TableOpen(batch->tables, &TouchEnrollments, true);
	TableAccess *contacts = TableOpen(batch->tables, &TouchContacts, true);
	Datum		keys[2];
	bool		isnull;

	if (n < 2 || !TableIsLarge(enrollments))
		return;
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		enrollment_keys(&rows[i].key, keys);
		TableExpect(enrollments, 0, keys);
	}
	for (int i = 0; i < n && TableIsLarge(contacts); i++)
	{
		pg_uuid_t	contact;

		CHECK_FOR_INTERRUPTS();
		if (!find_enrollment(enrollments, &rows[i].key))
			continue;
		contact = *DatumGetUUIDP(TableDatum(enrollments, ENROLLMENT_CONTACT, &isnull));
		keys[0] = UUIDPGetDatum(&rows[i].key.tenant);
		keys[1] = UUIDPGetDatum(&contact);
		TableExpect(contacts, 0, keys);
	}
	TableForget(enrollments);
}

/*
 * Fill facts, in the current memory context, for the row's enrolment on the
 * lane's channel: false if there is no such enrolment.
 */
bool
TouchFactsRead(TouchBatch *batch, const TouchRow *row, const TouchLane *lane, TouchFacts *facts)
{
	const pg_uuid_t *tenant = &row->key.tenant;
	TableAccess *table = TableOpen(batch->tables, &TouchEnrollments, true);

	memset(facts, 0, sizeof(*facts));
	if (!find_enrollment(table, &row->key))
		return false;
	read_enrollment(table, facts);
	if (!TouchFactsReadContact(batch, row, lane, facts))
		return false;
	read_consent(batch, tenant, lane, facts);
	facts->suppressed = facts->address && is_suppressed(batch, tenant, facts->address);
	facts->event_stop = read_stop(batch, row);
	return true;
}

/*
 * Lock the enrolment of a key FOR NO KEY UPDATE, waiting, and fill its part of
 * facts: false if there is none.
 */
bool
TouchFactsLock(TouchBatch *batch, const TouchKey *key, TouchFacts *facts)
{
	TableAccess *table = TableOpen(batch->tables, &TouchEnrollments, true);
	ItemPointerData place;

	memset(facts, 0, sizeof(*facts));
	if (!find_enrollment(table, key))
		return false;
	place = *TablePlace(table);
	if (!TableLock(table, &place, LockTupleNoKeyExclusive, true))
		return false;
	read_enrollment(table, facts);
	return true;
}

/*
 * Fill what an outcome needs of the contact, the campaign and the job, where
 * TouchFactsLock() has filled the enrolment's part; in the current memory
 * context.  False if there is no such contact.
 */
bool
TouchFactsReadContact(TouchBatch *batch, const TouchRow *row, const TouchLane *lane, TouchFacts *facts)
{
	if (!read_contact(batch, &row->key.tenant, lane, facts))
		return false;
	read_campaign(batch, &row->key.tenant, facts);
	return true;
}

static bool
find_enrollment(TableAccess *table, const TouchKey *key)
{
	Datum		keys[2];

	enrollment_keys(key, keys);
	return TableFind(table, 0, keys);
}

static void
enrollment_keys(const TouchKey *key, Datum *keys)
{
	keys[0] = UUIDPGetDatum(&key->tenant);
	keys[1] = UUIDPGetDatum(&key->enrollment);
}

/* The table's row; its status as a constant. */
static void
read_enrollment(TableAccess *table, TouchFacts *facts)
{
	Datum		value;
	bool		isnull;
	Interval   *shift;
	text	   *status = DatumGetTextPP(TableDatum(table, ENROLLMENT_STATUS, &isnull));

	facts->enrollment_status = "stopped";
	for (int i = 0; i < (int) lengthof(statuses); i++)
	{
		if (VARSIZE_ANY_EXHDR(status) == strlen(statuses[i]) &&
			memcmp(VARDATA_ANY(status), statuses[i], strlen(statuses[i])) == 0)
			facts->enrollment_status = statuses[i];
	}
	facts->live = strcmp(facts->enrollment_status, "active") == 0;
	facts->plan_version = DatumGetInt32(TableDatum(table, ENROLLMENT_PLAN_VERSION, &isnull));
	facts->campaign = *DatumGetUUIDP(TableDatum(table, ENROLLMENT_CAMPAIGN, &isnull));
	facts->contact = *DatumGetUUIDP(TableDatum(table, ENROLLMENT_CONTACT, &isnull));
	value = TableDatum(table, ENROLLMENT_JOB, &isnull);
	facts->has_job = !isnull;
	if (facts->has_job)
		facts->job = *DatumGetUUIDP(value);
	facts->first_scheduled_at = DatumGetTimestampTz(TableDatum(table, ENROLLMENT_FIRST_SCHEDULED_AT, &isnull));
	facts->enrolled_at = DatumGetTimestampTz(TableDatum(table, ENROLLMENT_ENROLLED_AT, &isnull));
	facts->exclusive = DatumGetBool(TableDatum(table, ENROLLMENT_EXCLUSIVE, &isnull));
	shift = DatumGetIntervalP(TableDatum(table, ENROLLMENT_BASE_SHIFT, &isnull));
	/* shifts have no months, and their days are 24 hours */
	facts->base_shift = shift->time + shift->day * USECS_PER_DAY;
	TableForget(table);
}

static bool
read_contact(TouchBatch *batch, const pg_uuid_t *tenant, const TouchLane *lane, TouchFacts *facts)
{
	TableAccess *table = TableOpen(batch->tables, &TouchContacts, true);
	Datum		keys[2];
	Datum		value;
	bool		isnull;

	keys[0] = UUIDPGetDatum(tenant);
	keys[1] = UUIDPGetDatum(&facts->contact);
	if (!TableFind(table, 0, keys))
		return false;
	facts->address = TableText(table, lane->address_column);
	facts->first_name = TableText(table, CONTACT_FIRST_NAME);
	facts->last_name = TableText(table, CONTACT_LAST_NAME);
	facts->name = TableText(table, CONTACT_NAME);
	facts->timezone = TableText(table, CONTACT_TIMEZONE);
	facts->attributes = datumCopy(TableDatum(table, CONTACT_ATTRIBUTES, &isnull), false, -1);
	(void) TableDatum(table, CONTACT_ARCHIVED_AT, &isnull);
	facts->contact_archived = !isnull;
	value = TableDatum(table, CONTACT_QUIET_FROM, &isnull);
	facts->has_quiet_hours = !isnull;
	if (facts->has_quiet_hours)
	{
		facts->quiet_from = DatumGetTimeADT(value);
		facts->quiet_until = DatumGetTimeADT(TableDatum(table, CONTACT_QUIET_UNTIL, &isnull));
	}
	(void) TableDatum(table, CONTACT_ERASED_AT, &isnull);
	facts->contact_erased = !isnull;
	TableForget(table);
	return true;
}

/* The campaign's status, and the service type: the job's or, without one, the campaign's. */
static void
read_campaign(TouchBatch *batch, const pg_uuid_t *tenant, TouchFacts *facts)
{
	TouchCampaign *campaign = TouchBatchCampaign(batch, tenant, &facts->campaign);
	TableAccess *table;
	Datum		keys[2];

	facts->campaign_running = campaign->running;
	facts->service_type = campaign->service_type;
	facts->is_assigned = campaign->is_assigned;
	if (!facts->has_job)
		return;
	table = TableOpen(batch->tables, &TouchJobs, false);
	keys[0] = UUIDPGetDatum(tenant);
	keys[1] = UUIDPGetDatum(&facts->job);
	if (!TableFind(table, 0, keys))
		elog(ERROR, "job of an enrolment is gone");
	facts->service_type = TableText(table, JOB_SERVICE_TYPE);
	facts->job_cancelled = strcmp(TableText(table, JOB_STATUS), "do_not_send") == 0;
	TableForget(table);
}

static void
read_consent(TouchBatch *batch, const pg_uuid_t *tenant, const TouchLane *lane, TouchFacts *facts)
{
	TableAccess *table;
	Datum		keys[3];
	char	   *consent;

	if (!TouchBatchState(batch, tenant)->has_consents)
		return;
	table = TableOpen(batch->tables, &TouchConsents, false);
	keys[0] = UUIDPGetDatum(tenant);
	keys[1] = UUIDPGetDatum(&facts->contact);
	keys[2] = lane->channel_datum;
	if (TableFind(table, CONSENT_BY_KEY, keys))
	{
		consent = TableText(table, CONSENT_STATE);
		facts->opted_in = strcmp(consent, "opted_in") == 0;
		facts->opted_out = strcmp(consent, "opted_out") == 0;
	}
	TableForget(table);
}

static bool
is_suppressed(TouchBatch *batch, const pg_uuid_t *tenant, const char *address)
{
	TouchTenantState *state = TouchBatchState(batch, tenant);
	TableAccess *table;
	Datum		keys[2];
	bool		found;

	if (!state->has_suppressions)
		return false;
	table = TableOpen(batch->tables, &TouchSuppressions, false);
	keys[0] = UUIDPGetDatum(tenant);
	keys[1] = PointerGetDatum(AddressNormalize(address, strlen(address)));
	if (TableFind(table, SUPPRESSION_BY_ADDRESS, keys))
	{
		TableForget(table);
		return true;
	}
	TableForget(table);
	if (!state->has_erased)
		return false;
	keys[1] = CStringGetTextDatum(address);
	found = StatementRun(&find_erased_address, keys, NULL) == 1;
	SPI_freetuptable(SPI_tuptable);
	return found;
}

/* Why an event that came before its report stops the enrolment; NULL if none does. */
static char *
read_stop(TouchBatch *batch, const TouchRow *row)
{
	Datum		keys[2];
	char	   *reason;

	if (!TouchBatchState(batch, &row->key.tenant)->has_unmatched)
		return NULL;
	keys[0] = UUIDPGetDatum(&row->key.tenant);
	keys[1] = UUIDPGetDatum(&row->key.enrollment);
	StorageFlushLog(batch);
	StatementRun(&read_event_stop, keys, NULL);
	reason = StatementText(0, 1);
	SPI_freetuptable(SPI_tuptable);
	return reason;
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
TouchLastToContact(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts, const TouchLane *lane)
{
	TableAccess *logs = TableOpen(batch->tables, &TouchLogs, true);
	Datum		values[4];
	Datum		value;
	bool		isnull;
	bool		found;
	TimestampTz last = DT_NOBEGIN;

	values[0] = UUIDPGetDatum(&row->key.tenant);
	values[1] = UUIDPGetDatum(&facts->contact);
	values[2] = lane->channel_datum;
	/* NULL, of what was not sent, sorts last */
	found = TableFindLast(logs, LOG_BY_CONTACT, values);
	while (found)
	{
		value = TableDatum(logs, LOG_SENT_AT, &isnull);
		if (!isnull)
		{
			last = DatumGetTimestampTz(value);
			break;
		}
		found = TableNext(logs);
	}
	TableForget(logs);
	if (facts->exclusive)
		return last;

	values[3] = undecided_enrollments(batch, row);
	StatementRun(&last_claimed, values, NULL);
	value = StatementValue(0, 1, &isnull);
	if (!isnull)
		last = Max(last, DatumGetTimestampTz(value));
	SPI_freetuptable(SPI_tuptable);
	return last;
}

/* The row's, and those that the same claim has leased ahead and may leave yet: uuid[]. */
static Datum
undecided_enrollments(const TouchBatch *batch, const TouchRow *row)
{
	pg_uuid_t  *ids = palloc(sizeof(pg_uuid_t) * (batch->nundecided + 1));
	int			n = 0;

	ids[n++] = row->key.enrollment;
	for (int i = 0; i < batch->nundecided; i++)
	{
		if (StorageIsLeasedAhead(&batch->undecided[i]))
			ids[n++] = batch->undecided[i].key.enrollment;
	}
	return PointerGetDatum(UuidArrayMake(ids, n));
}
