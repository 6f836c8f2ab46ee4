/*
 * touch_plan.c
 *		What a batch knows of lanes, plans, texts and tenants.
 *
 * Each is read once a call and kept in the batch's context.  A plan version
 * never changes; lanes' channels, tenants and templates may, and are then as
 * they were when the call met them first.  An entry is made when all of it has
 * been read, so that an error on the way leaves none that is half filled.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "core/clock.h"
#include "core/statements.h"
#include "outreach/touch_counts.h"
#include "outreach/touch_queue.h"
#include "outreach/touch_tables.h"

static Statement read_lane = {
	"SELECT l.campaign_id, l.channel, array_position(ARRAY['email', 'phone'], c.address_kind), c.consent = 'opted_in', c.uncertain_policy = 'retry',"
	"       c.has_body, array_position(ARRAY['keep', 'shift', 'bump'], l.resume_policy) - 1, l.resumed_at,"
	"       (extract(epoch FROM l.spread) * 1000000)::bigint, (extract(epoch FROM l.shift) * 1000000)::bigint,"
	"       c.quiet_from, c.quiet_until,"
	"       (extract(epoch FROM coalesce(s.contact_interval, c.contact_interval)) * 1000000)::bigint"
	"  FROM campaign.lanes l JOIN campaign.channels c ON c.channel = l.channel"
	"  LEFT JOIN campaign.send_limits s ON s.tenant_id = l.tenant_id AND s.channel = l.channel"
	" WHERE l.tenant_id = $1 AND l.lane = $2",
	NULL, {UUIDOID, INT4OID}
};

/* delays are hours; a day of min_gap is 24 hours */
static Statement read_plan = {
	"SELECT l.lane, (extract(epoch FROM t.delay) * 1000000)::bigint, t.on_failure = 'stop', t.attachments,"
	"       o.max_attempts::integer, (extract(epoch FROM n.min_gap) * 1000000)::bigint,"
	"       t.needs_pdf, t.config,"
	"       array_position(ARRAY['always', 'no_response', 'opened_not_replied'], t.condition) - 1,"
	"       CASE WHEN t.max_lateness IS NULL THEN 0"
	"            ELSE array_position(ARRAY['send', 'skip', 'reschedule'], t.late) - 1 END,"
	"       coalesce(extract(epoch FROM t.max_lateness) * 1000000, 0)::bigint"
	"  FROM campaign.campaign_touches t"
	"  JOIN campaign.lanes l ON l.tenant_id = t.tenant_id AND l.campaign_id = t.campaign_id AND l.channel = t.channel"
	"  JOIN campaign.outreach_campaigns o ON o.tenant_id = t.tenant_id AND o.campaign_id = t.campaign_id"
	"  JOIN campaign.tenants n ON n.id = t.tenant_id"
	" WHERE t.tenant_id = $1 AND t.campaign_id = $2 AND t.plan_version = $3"
	" ORDER BY t.touch_number",
	NULL, {UUIDOID, UUIDOID, INT4OID}
};

static Statement read_tenant = {
	"SELECT n.name, coalesce(n.sender_name, n.name), n.review_url, n.link_base_url, n.timezone,"
	"       n.quiet_from, n.quiet_until,"
	/* yesterday may be today where the contact is */
	"       ARRAY(SELECT b.day FROM campaign.blackout_dates b"
	"              WHERE b.tenant_id = n.id AND b.day >= ($2 AT TIME ZONE 'UTC')::date - 1 ORDER BY b.day)"
	"  FROM campaign.tenants n WHERE n.id = $1",
	NULL, {UUIDOID, TIMESTAMPTZOID}
};

static Statement read_text = {
	"SELECT x.template_id, x.subject, x.body, x.body_html FROM campaign.touch_text($1, $2, $3, $4, $5) x",
	NULL, {UUIDOID, UUIDOID, INT4OID, INT2OID, TEXTOID}
};

/* Texts are as long as members make them; beyond this they are read again. */
#define TEXTS_MAX_BYTES (8 * 1024 * 1024)

static HTAB *batch_table(MemoryContext context, const char *name, Size keysize, Size entrysize);
static void forget_texts(TouchBatch *batch);
static void keep_dates(MemoryContext context, Datum array, TouchTenant *tenant);
static char *keep_text(MemoryContext context, uint64 row, int column);
static Datum keep_datum(MemoryContext context, uint64 row, int column);
static int	address_column(uint64 row, int column);

/* The batch belongs to the current memory context. */
void
TouchBatchInit(TouchBatch *batch)
{
	batch->context = CurrentMemoryContext;
	batch->now = CampaignNow();
	batch->lanes = batch_table(batch->context, "campaign lanes",
							   sizeof(((TouchLane *) 0)->key), sizeof(TouchLane));
	batch->campaigns = batch_table(batch->context, "campaign campaigns",
								   sizeof(((TouchCampaign *) 0)->key), sizeof(TouchCampaign));
	batch->plans = batch_table(batch->context, "campaign plans",
							   sizeof(((TouchPlan *) 0)->key), sizeof(TouchPlan));
	batch->tenants = batch_table(batch->context, "campaign tenants",
								 sizeof(pg_uuid_t), sizeof(TouchTenant));
	batch->tables = NULL;
	batch->counts = TouchCountsBegin(batch->context);
	batch->texts_context = NULL;
	forget_texts(batch);
}

/*
 * From here to the end of the present subtransaction, or to TouchBatchEnd(),
 * the batch reads and writes; after an error it begins again.
 */
void
TouchBatchBegin(TouchBatch *batch)
{
	batch->tables = TableSetBegin(batch->context);
}

void
TouchBatchEnd(TouchBatch *batch)
{
	TableSetEnd(batch->tables);
	batch->tables = NULL;
}

/* NULL if there is no such lane. */
TouchLane *
TouchBatchLane(TouchBatch *batch, const pg_uuid_t *tenant, int32 lane)
{
	TouchLane	wanted;
	TouchLane  *entry;
	Datum		values[2];
	bool		isnull;

	memset(&wanted, 0, sizeof(wanted));
	wanted.key.tenant = *tenant;
	wanted.key.lane = lane;
	entry = hash_search(batch->lanes, &wanted.key, HASH_FIND, NULL);
	if (entry)
		return entry;

	values[0] = UUIDPGetDatum(tenant);
	values[1] = Int32GetDatum(lane);
	if (StatementRun(&read_lane, values, NULL) != 1)
	{
		SPI_freetuptable(SPI_tuptable);
		return NULL;
	}
	wanted.campaign = *DatumGetUUIDP(StatementValue(0, 1, &isnull));
	wanted.channel = keep_text(batch->context, 0, 2);
	wanted.channel_datum = keep_datum(batch->context, 0, 2);
	wanted.address_column = address_column(0, 3);
	wanted.needs_opt_in = DatumGetBool(StatementValue(0, 4, &isnull));
	wanted.retries_uncertain = DatumGetBool(StatementValue(0, 5, &isnull));
	wanted.has_body = DatumGetBool(StatementValue(0, 6, &isnull));
	wanted.resume_policy = DatumGetInt32(StatementValue(0, 7, &isnull));
	wanted.resumed_at = DatumGetTimestampTz(StatementValue(0, 8, &isnull));
	wanted.spread = DatumGetInt64(StatementValue(0, 9, &isnull));
	wanted.shift = DatumGetInt64(StatementValue(0, 10, &isnull));
	wanted.quiet_from = DatumGetTimeADT(StatementValue(0, 11, &isnull));
	wanted.quiet_until = DatumGetTimeADT(StatementValue(0, 12, &isnull));
	wanted.contact_interval = DatumGetInt64(StatementValue(0, 13, &isnull));
	SPI_freetuptable(SPI_tuptable);

	entry = hash_search(batch->lanes, &wanted.key, HASH_ENTER, NULL);
	*entry = wanted;
	return entry;
}

/* A campaign as the batch's tables are read at present. */
TouchCampaign *
TouchBatchCampaign(TouchBatch *batch, const pg_uuid_t *tenant, const pg_uuid_t *campaign)
{
	TouchCampaign wanted;
	TouchCampaign *entry;
	TableAccess *table;
	MemoryContext old;
	Datum		keys[2];
	bool		found;

	memset(&wanted, 0, sizeof(wanted));
	wanted.key.tenant = *tenant;
	wanted.key.campaign = *campaign;
	entry = hash_search(batch->campaigns, &wanted.key, HASH_FIND, NULL);
	if (entry && entry->epoch == TableSetEpoch(batch->tables))
		return entry;

	keys[0] = UUIDPGetDatum(tenant);
	keys[1] = UUIDPGetDatum(campaign);
	old = MemoryContextSwitchTo(batch->context);
	table = TableOpen(batch->tables, &TouchCampaigns, false);
	if (!TableFind(table, 0, keys))
		elog(ERROR, "campaign of a queued touch is gone");
	wanted.running = strcmp(TableText(table, CAMPAIGN_STATUS), "running") == 0;
	TableForget(table);
	if (entry)
		/* it does not change after the launch */
		wanted.service_type = entry->service_type;
	else
	{
		table = TableOpen(batch->tables, &TouchOutreachCampaigns, false);
		if (!TableFind(table, 0, keys))
			elog(ERROR, "campaign of a queued touch is gone");
		wanted.service_type = TableText(table, OUTREACH_SERVICE_TYPE);
		TableForget(table);
	}
	wanted.epoch = TableSetEpoch(batch->tables);
	MemoryContextSwitchTo(old);
	entry = hash_search(batch->campaigns, &wanted.key, HASH_ENTER, &found);
	*entry = wanted;
	return entry;
}

TouchPlan *
TouchBatchPlan(TouchBatch *batch, const pg_uuid_t *tenant, const pg_uuid_t *campaign, int32 version)
{
	TouchPlan	wanted;
	TouchPlan  *entry;
	Datum		values[3];
	bool		isnull;
	MemoryContext old;

	memset(&wanted, 0, sizeof(wanted));
	wanted.key.tenant = *tenant;
	wanted.key.campaign = *campaign;
	wanted.key.version = version;
	entry = hash_search(batch->plans, &wanted.key, HASH_FIND, NULL);
	if (entry)
		return entry;

	values[0] = UUIDPGetDatum(tenant);
	values[1] = UUIDPGetDatum(campaign);
	values[2] = Int32GetDatum(version);
	wanted.ntouches = (int) StatementRun(&read_plan, values, NULL);
	if (wanted.ntouches == 0)
		elog(ERROR, "plan version %d of a campaign has no touch", version);

	old = MemoryContextSwitchTo(batch->context);
	wanted.touches = palloc0(sizeof(PlanTouch) * wanted.ntouches);
	for (int i = 0; i < wanted.ntouches; i++)
	{
		PlanTouch  *touch = &wanted.touches[i];

		touch->lane = DatumGetInt32(StatementValue(i, 1, &isnull));
		touch->delay = DatumGetInt64(StatementValue(i, 2, &isnull));
		touch->stop_on_failure = DatumGetBool(StatementValue(i, 3, &isnull));
		touch->attachments = datumCopy(StatementValue(i, 4, &isnull), false, -1);
		touch->needs_pdf = DatumGetBool(StatementValue(i, 7, &isnull));
		touch->config = datumCopy(StatementValue(i, 8, &isnull), false, -1);
		touch->condition = DatumGetInt32(StatementValue(i, 9, &isnull));
		touch->late = DatumGetInt32(StatementValue(i, 10, &isnull));
		touch->max_lateness = DatumGetInt64(StatementValue(i, 11, &isnull));
	}
	MemoryContextSwitchTo(old);
	wanted.max_attempts = DatumGetInt32(StatementValue(0, 5, &isnull));
	wanted.min_gap = DatumGetInt64(StatementValue(0, 6, &isnull));
	SPI_freetuptable(SPI_tuptable);

	entry = hash_search(batch->plans, &wanted.key, HASH_ENTER, NULL);
	*entry = wanted;
	return entry;
}

/* A touch of a plan, by its number. */
const PlanTouch *
TouchPlanTouch(const TouchPlan *plan, int touch_number)
{
	if (touch_number < 1 || touch_number > plan->ntouches)
		elog(ERROR, "touch %d is not in plan version %d", touch_number, plan->key.version);
	return &plan->touches[touch_number - 1];
}

TouchTenant *
TouchBatchTenant(TouchBatch *batch, const pg_uuid_t *tenant)
{
	TouchTenant wanted;
	TouchTenant *entry = hash_search(batch->tenants, tenant, HASH_FIND, NULL);
	Datum		values[2];
	bool		isnull;

	if (entry)
		return entry;
	memset(&wanted, 0, sizeof(wanted));
	wanted.id = *tenant;
	values[0] = UUIDPGetDatum(tenant);
	values[1] = TimestampTzGetDatum(batch->now);
	if (StatementRun(&read_tenant, values, NULL) != 1)
		elog(ERROR, "tenant of a queued touch is gone");
	wanted.name = keep_text(batch->context, 0, 1);
	wanted.sender_name = keep_text(batch->context, 0, 2);
	wanted.review_url = keep_text(batch->context, 0, 3);
	wanted.link_base_url = keep_text(batch->context, 0, 4);
	wanted.timezone = keep_text(batch->context, 0, 5);
	wanted.quiet_from = DatumGetTimeADT(StatementValue(0, 6, &isnull));
	wanted.has_quiet_hours = !isnull;
	wanted.quiet_until = DatumGetTimeADT(StatementValue(0, 7, &isnull));
	keep_dates(batch->context, StatementValue(0, 8, &isnull), &wanted);
	SPI_freetuptable(SPI_tuptable);

	entry = hash_search(batch->tenants, tenant, HASH_ENTER, NULL);
	*entry = wanted;
	return entry;
}

/* The key that signs the tenant's links. */
const LinkKey *
TouchBatchLinkKey(TouchBatch *batch, const pg_uuid_t *tenant)
{
	TouchTenant *entry = TouchBatchTenant(batch, tenant);

	if (!entry->has_link_key)
	{
		LinkKeyRead(tenant, &entry->link_key);
		entry->has_link_key = true;
	}
	return &entry->link_key;
}

/*
 * The unrendered text of a touch for the facts' service type, valid until that
 * of another touch is asked for.
 */
TouchText *
TouchBatchText(TouchBatch *batch, const pg_uuid_t *tenant, const TouchFacts *facts, int touch_number)
{
	TouchText	wanted;
	TouchText  *entry;
	Datum		values[5];
	char		nulls[] = "     ";
	bool		isnull;
	Datum		template_id;

	memset(&wanted, 0, sizeof(wanted));
	wanted.key.tenant = *tenant;
	wanted.key.campaign = facts->campaign;
	wanted.key.version = facts->plan_version;
	wanted.key.touch_number = touch_number;
	if (facts->service_type)
		strlcpy(wanted.key.service, facts->service_type, sizeof(wanted.key.service));
	entry = hash_search(batch->texts, &wanted.key, HASH_FIND, NULL);
	if (entry)
		return entry;

	if (MemoryContextMemAllocated(batch->texts_context, true) > TEXTS_MAX_BYTES)
		forget_texts(batch);
	values[0] = UUIDPGetDatum(tenant);
	values[1] = UUIDPGetDatum(&facts->campaign);
	values[2] = Int32GetDatum(facts->plan_version);
	values[3] = Int16GetDatum(touch_number);
	values[4] = facts->service_type ? CStringGetTextDatum(facts->service_type) : (Datum) 0;
	nulls[4] = facts->service_type ? ' ' : 'n';
	if (StatementRun(&read_text, values, nulls) != 1)
		elog(ERROR, "touch %d is not in plan version %d", touch_number, facts->plan_version);
	template_id = StatementValue(0, 1, &isnull);
	wanted.has_template = !isnull;
	if (!isnull)
		wanted.template_id = *DatumGetUUIDP(template_id);
	wanted.subject = keep_text(batch->texts_context, 0, 2);
	wanted.body = keep_text(batch->texts_context, 0, 3);
	wanted.body_html = keep_text(batch->texts_context, 0, 4);
	SPI_freetuptable(SPI_tuptable);

	entry = hash_search(batch->texts, &wanted.key, HASH_ENTER, NULL);
	*entry = wanted;
	return entry;
}

static HTAB *
batch_table(MemoryContext context, const char *name, Size keysize, Size entrysize)
{
	HASHCTL		ctl = {0};

	ctl.keysize = keysize;
	ctl.entrysize = entrysize;
	ctl.hcxt = context;
	return hash_create(name, 16, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
forget_texts(TouchBatch *batch)
{
	if (batch->texts_context != NULL)
		MemoryContextDelete(batch->texts_context);
	batch->texts_context = AllocSetContextCreate(batch->context, "campaign texts of touches",
												 ALLOCSET_DEFAULT_SIZES);
	batch->texts = batch_table(batch->texts_context, "campaign texts",
							   sizeof(((TouchText *) 0)->key), sizeof(TouchText));
}

/* The tenant's blackout dates, in a context. */
static void
keep_dates(MemoryContext context, Datum array, TouchTenant *tenant)
{
	Datum	   *days;

	deconstruct_array(DatumGetArrayTypeP(array), DATEOID, sizeof(DateADT), true, TYPALIGN_INT,
					  &days, NULL, &tenant->nblackouts);
	tenant->blackouts = MemoryContextAlloc(context, sizeof(DateADT) * Max(tenant->nblackouts, 1));
	for (int i = 0; i < tenant->nblackouts; i++)
		tenant->blackouts[i] = DatumGetDateADT(days[i]);
}

/* A column of the result as text in a context. */
static char *
keep_text(MemoryContext context, uint64 row, int column)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	char	   *text = StatementText(row, column);

	MemoryContextSwitchTo(old);
	return text;
}

/* A column of the result that is not NULL, by reference, in a context. */
static Datum
keep_datum(MemoryContext context, uint64 row, int column)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	bool		isnull;
	Datum		value = datumCopy(StatementValue(row, column, &isnull), false, -1);

	MemoryContextSwitchTo(old);
	return value;
}

/* Where a contact has the address of a kind: 1 email, 2 phone, else the profile. */
static int
address_column(uint64 row, int column)
{
	bool		isnull;
	int			kind = DatumGetInt32(StatementValue(row, column, &isnull));

	if (isnull)
		return CONTACT_LINKEDIN_URL;
	return kind == 1 ? CONTACT_EMAIL : CONTACT_PHONE;
}
