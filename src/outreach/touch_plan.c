/*
 * touch_plan.c
 *		What a batch knows of lanes, plans, texts and tenants.
 *
 * Lanes and campaigns, whose rows change while claims run, are read once a
 * call, through their keys.  Channels, plans, texts and tenants seldom change:
 * they are kept for the backend, and read anew when one of the tables that they
 * come from has changed, whose triggers (touch_plan.sql) tell every backend at
 * commit.  Within a call they are as they were when the call met them first.
 * An entry is made when all of it has been read, so that an error on the way
 * leaves none that is half filled.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "campaign.h"
#include "core/clock.h"
#include "core/statements.h"
#include "outreach/touch_counts.h"
#include "outreach/touch_queue.h"
#include "outreach/touch_tables.h"

static Statement read_channel = {
	"SELECT array_position(ARRAY['email', 'phone'], c.address_kind), c.consent = 'opted_in',"
	"       c.uncertain_policy = 'retry', c.has_body, c.quiet_from, c.quiet_until,"
	"       (extract(epoch FROM coalesce(s.contact_interval, c.contact_interval)) * 1000000)::bigint,"
	"       CASE WHEN s.tenant_id IS NULL THEN c.hourly_limit IS NOT NULL"
	"            ELSE num_nonnulls(s.per_hour, s.per_day, s.per_month, s.warmup_started_on) > 0 END"
	"  FROM campaign.channels c"
	"  LEFT JOIN campaign.send_limits s ON s.tenant_id = $1 AND s.channel = c.channel"
	" WHERE c.channel = $2",
	NULL, {UUIDOID, TEXTOID}
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
	"       ARRAY(SELECT b.day FROM campaign.blackout_dates b WHERE b.tenant_id = n.id ORDER BY b.day)"
	"  FROM campaign.tenants n WHERE n.id = $1",
	NULL, {UUIDOID}
};

static Statement read_text = {
	"SELECT x.template_id, x.subject, x.body, x.body_html, num_nonnulls(t.body, t.body_html, t.template_id) = 0"
	"  FROM campaign.touch_text($1, $2, $3, $4, $5) x"
	"  JOIN campaign.campaign_touches t ON t.tenant_id = $1 AND t.campaign_id = $2 AND t.plan_version = $3 AND t.touch_number = $4",
	NULL, {UUIDOID, UUIDOID, INT4OID, INT2OID, TEXTOID}
};

/* Beyond this all is read again; texts, which are as long as members make them, by themselves. */
#define CACHE_MAX_BYTES (16 * 1024 * 1024)
#define TEXTS_MAX_BYTES (8 * 1024 * 1024)

#define MICROSECONDS_PER_YEAR (INT64CONST(31557600) * USECS_PER_SEC)

/* Where what is kept comes from, beside lanes, which are only added. */
static const char *const watched_names[] = {
	"channels", "send_limits", "outreach_campaigns", "campaign_touches", "tenants", "blackout_dates",
	"message_templates", "tenant_keys"
};

typedef struct TouchCache
{
	MemoryContext context;
	uint64		generation;		/* at its beginning */
	HTAB	   *channels;
	HTAB	   *plans;
	HTAB	   *tenants;
	MemoryContext texts_context;	/* of this table alone, which may start again */
	HTAB	   *texts;
} TouchCache;

/* A channel as a tenant uses it. */
typedef struct TouchChannel
{
	struct
	{
		pg_uuid_t	tenant;
		char		channel[NAMEDATALEN];
	}			key;
	Datum		name;			/* text */
	int			address_column;
	bool		has_body;
	bool		needs_opt_in;
	bool		retries_uncertain;
	int64		quiet_from;
	int64		quiet_until;
	int64		contact_interval;
	bool		capped;
} TouchChannel;

/* Grows with each change of a watched table. */
static uint64 generation = 1;
static TouchCache *kept = NULL;
static bool is_watching = false;
static Oid	watched[lengthof(watched_names)];

/* Batches whose memory there is: several if a trigger of somebody's makes one while another is at work. */
static int	nbatches = 0;

static HTAB *batch_table(MemoryContext context, const char *name, Size keysize, Size entrysize);
static void count_batch(MemoryContext context);
static void batch_is_gone(void *arg);
static TouchCache *current_cache(MemoryContext batch_context);
static TouchCache *make_cache(MemoryContext parent);
static void forget_texts(TouchCache *cache);
static void forget_kept(Datum arg, Oid relid);
static bool tenant_has(TouchBatch *batch, const pg_uuid_t *tenant, TableShape *shape, int index);
static TouchChannel *find_channel(TouchBatch *batch, const pg_uuid_t *tenant, const char *channel);
static ResumePolicy resume_policy(const char *name);
static bool is_text_of(const TouchText *text, const pg_uuid_t *tenant, const TouchFacts *facts, int touch_number);
static int64 interval_microseconds(const Interval *interval);
static void keep_dates(MemoryContext context, Datum array, TouchTenant *tenant);
static char *keep_text(MemoryContext context, uint64 row, int column);
static int	address_column(uint64 row, int column);

/* The batch belongs to the current memory context. */
void
TouchBatchInit(TouchBatch *batch)
{
	batch->context = CurrentMemoryContext;
	batch->now = CampaignNow();
	batch->tables = NULL;
	batch->nundecided = 0;
	batch->nsent = 0;
	batch->sent_size = 0;
	batch->last_plan = NULL;
	batch->last_text = NULL;
	batch->lanes = batch_table(batch->context, "campaign lanes",
							   sizeof(((TouchLane *) 0)->key), sizeof(TouchLane));
	batch->campaigns = batch_table(batch->context, "campaign campaigns",
								   sizeof(((TouchCampaign *) 0)->key), sizeof(TouchCampaign));
	batch->tenant_states = batch_table(batch->context, "campaign states of tenants",
									   sizeof(pg_uuid_t), sizeof(TouchTenantState));
	batch->counts = TouchCountsBegin(batch->context);
	count_batch(batch->context);
	batch->cache = current_cache(batch->context);
}

/* As long as its memory lasts, so that an error ends it as well. */
static void
count_batch(MemoryContext context)
{
	MemoryContextCallback *callback = MemoryContextAllocZero(context, sizeof(MemoryContextCallback));

	callback->func = batch_is_gone;
	MemoryContextRegisterResetCallback(context, callback);
	nbatches++;
}

static void
batch_is_gone(void *arg)
{
	nbatches--;
}

/*
 * What is kept, if it is current; a call that began with it may go on using
 * what is not, which stays until the transaction ends.  Above READ COMMITTED
 * what a call reads may be old already, and is its own.
 */
static TouchCache *
current_cache(MemoryContext batch_context)
{
	if (!is_watching)
	{
		CacheRegisterRelcacheCallback(forget_kept, (Datum) 0);
		is_watching = true;
	}
	AcceptInvalidationMessages();
	if (IsolationUsesXactSnapshot())
		return make_cache(batch_context);
	if (kept && (kept->generation != generation || MemoryContextMemAllocated(kept->context, true) > CACHE_MAX_BYTES))
	{
		MemoryContextSetParent(kept->context, TopTransactionContext);
		kept = NULL;
	}
	if (kept == NULL)
	{
		Oid			schema = get_namespace_oid(CAMPAIGN_SCHEMA, false);

		for (int i = 0; i < (int) lengthof(watched); i++)
			watched[i] = get_relname_relid(watched_names[i], schema);
		kept = make_cache(CacheMemoryContext);
	}
	return kept;
}

static TouchCache *
make_cache(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "campaign plans", ALLOCSET_DEFAULT_SIZES);
	TouchCache *cache = MemoryContextAlloc(context, sizeof(TouchCache));

	cache->context = context;
	cache->generation = generation;
	cache->channels = batch_table(context, "campaign channels",
								  sizeof(((TouchChannel *) 0)->key), sizeof(TouchChannel));
	cache->plans = batch_table(context, "campaign plans",
							   sizeof(((TouchPlan *) 0)->key), sizeof(TouchPlan));
	cache->tenants = batch_table(context, "campaign tenants", sizeof(pg_uuid_t), sizeof(TouchTenant));
	cache->texts_context = NULL;
	forget_texts(cache);
	return cache;
}

/* What a batch further out may be using stays until the transaction ends. */
static void
forget_texts(TouchCache *cache)
{
	if (cache->texts_context != NULL && nbatches > 1)
		MemoryContextSetParent(cache->texts_context, TopTransactionContext);
	else if (cache->texts_context != NULL)
		MemoryContextDelete(cache->texts_context);
	cache->texts_context = AllocSetContextCreate(cache->context, "campaign texts of touches",
												 ALLOCSET_DEFAULT_SIZES);
	cache->texts = batch_table(cache->texts_context, "campaign texts",
							   sizeof(((TouchText *) 0)->key), sizeof(TouchText));
}

static void
forget_kept(Datum arg, Oid relid)
{
	for (int i = 0; i < (int) lengthof(watched); i++)
	{
		if (relid == InvalidOid || relid == watched[i])
		{
			generation++;
			return;
		}
	}
}

/*
 * From here to the end of the present subtransaction, or to TouchBatchEnd(),
 * the batch reads and writes; after an error it begins again.
 */
void
TouchBatchBegin(TouchBatch *batch)
{
	batch->tables = TableSetBegin(batch->context);
	batch->nsent = 0;
	batch->has_locked_tenant = false;
}

void
TouchBatchEnd(TouchBatch *batch)
{
	TouchTextFlush(batch);
	TableSetEnd(batch->tables);
	batch->tables = NULL;
}

/* NULL if there is no such lane. */
TouchLane *
TouchBatchLane(TouchBatch *batch, const pg_uuid_t *tenant, int32 lane)
{
	TouchLane	wanted;
	TouchLane  *entry;
	TouchChannel *channel;
	TableAccess *table;
	Datum		keys[2];
	bool		isnull;
	char	   *name;

	memset(&wanted, 0, sizeof(wanted));
	wanted.key.tenant = *tenant;
	wanted.key.lane = lane;
	entry = hash_search(batch->lanes, &wanted.key, HASH_FIND, NULL);
	if (entry)
		return entry;

	table = TableOpen(batch->tables, &TouchLanes, false);
	keys[0] = UUIDPGetDatum(tenant);
	keys[1] = Int32GetDatum(lane);
	if (!TableFind(table, 0, keys))
		return NULL;
	wanted.campaign = *DatumGetUUIDP(TableDatum(table, LANE_CAMPAIGN, &isnull));
	wanted.resume_policy = resume_policy(TableText(table, LANE_RESUME_POLICY));
	wanted.resumed_at = DatumGetTimestampTz(TableDatum(table, LANE_RESUMED_AT, &isnull));
	wanted.spread = interval_microseconds(DatumGetIntervalP(TableDatum(table, LANE_SPREAD, &isnull)));
	wanted.shift = interval_microseconds(DatumGetIntervalP(TableDatum(table, LANE_SHIFT, &isnull)));
	name = TableText(table, LANE_CHANNEL);
	TableForget(table);

	channel = find_channel(batch, tenant, name);
	wanted.channel = channel->key.channel;
	wanted.channel_datum = channel->name;
	wanted.address_column = channel->address_column;
	wanted.needs_opt_in = channel->needs_opt_in;
	wanted.retries_uncertain = channel->retries_uncertain;
	wanted.has_body = channel->has_body;
	wanted.quiet_from = channel->quiet_from;
	wanted.quiet_until = channel->quiet_until;
	wanted.contact_interval = channel->contact_interval;
	wanted.capped = channel->capped;

	entry = hash_search(batch->lanes, &wanted.key, HASH_ENTER, NULL);
	*entry = wanted;
	return entry;
}

static TouchChannel *
find_channel(TouchBatch *batch, const pg_uuid_t *tenant, const char *channel)
{
	TouchChannel wanted;
	TouchChannel *entry;
	MemoryContext old;
	Datum		values[2];
	bool		isnull;

	memset(&wanted, 0, sizeof(wanted));
	wanted.key.tenant = *tenant;
	strlcpy(wanted.key.channel, channel, sizeof(wanted.key.channel));
	entry = hash_search(batch->cache->channels, &wanted.key, HASH_FIND, NULL);
	if (entry)
		return entry;

	old = MemoryContextSwitchTo(batch->cache->context);
	wanted.name = CStringGetTextDatum(channel);
	MemoryContextSwitchTo(old);
	values[0] = UUIDPGetDatum(tenant);
	values[1] = wanted.name;
	if (StatementRun(&read_channel, values, NULL) != 1)
		elog(ERROR, "channel of a lane is gone");
	wanted.address_column = address_column(0, 1);
	wanted.needs_opt_in = DatumGetBool(StatementValue(0, 2, &isnull));
	wanted.retries_uncertain = DatumGetBool(StatementValue(0, 3, &isnull));
	wanted.has_body = DatumGetBool(StatementValue(0, 4, &isnull));
	wanted.quiet_from = DatumGetTimeADT(StatementValue(0, 5, &isnull));
	wanted.quiet_until = DatumGetTimeADT(StatementValue(0, 6, &isnull));
	wanted.contact_interval = DatumGetInt64(StatementValue(0, 7, &isnull));
	wanted.capped = DatumGetBool(StatementValue(0, 8, &isnull));
	SPI_freetuptable(SPI_tuptable);

	entry = hash_search(batch->cache->channels, &wanted.key, HASH_ENTER, NULL);
	*entry = wanted;
	return entry;
}

static ResumePolicy
resume_policy(const char *name)
{
	if (strcmp(name, "shift") == 0)
		return RESUME_SHIFT;
	return strcmp(name, "bump") == 0 ? RESUME_BUMP : RESUME_KEEP;
}

/* As extract(epoch FROM interval) has it. */
static int64
interval_microseconds(const Interval *interval)
{
	return interval->time + interval->day * USECS_PER_DAY +
		(interval->month % MONTHS_PER_YEAR) * (DAYS_PER_MONTH * USECS_PER_DAY) +
		(interval->month / MONTHS_PER_YEAR) * MICROSECONDS_PER_YEAR;
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
	{
		/* they do not change after the launch */
		wanted.service_type = entry->service_type;
		wanted.is_assigned = entry->is_assigned;
	}
	else
	{
		table = TableOpen(batch->tables, &TouchOutreachCampaigns, false);
		if (!TableFind(table, 0, keys))
			elog(ERROR, "campaign of a queued touch is gone");
		wanted.service_type = TableText(table, OUTREACH_SERVICE_TYPE);
		wanted.is_assigned = strcmp(TableText(table, OUTREACH_AUDIENCE), "assigned") == 0;
		TableForget(table);
	}
	wanted.epoch = TableSetEpoch(batch->tables);
	MemoryContextSwitchTo(old);
	entry = hash_search(batch->campaigns, &wanted.key, HASH_ENTER, &found);
	*entry = wanted;
	return entry;
}

/* A tenant as the batch's tables are read at present. */
TouchTenantState *
TouchBatchState(TouchBatch *batch, const pg_uuid_t *tenant)
{
	bool		found;
	TouchTenantState *entry = hash_search(batch->tenant_states, tenant, HASH_ENTER, &found);
	uint64		epoch = TableSetEpoch(batch->tables);
	TouchTenant *kept_tenant;

	if (found && entry->epoch == epoch)
		return entry;
	entry->epoch = 0;
	kept_tenant = TouchBatchTenant(batch, tenant);
	kept_tenant->has_consents = kept_tenant->has_consents || tenant_has(batch, tenant, &TouchConsents, CONSENT_OF_TENANT);
	kept_tenant->has_suppressions = kept_tenant->has_suppressions ||
		tenant_has(batch, tenant, &TouchSuppressions, SUPPRESSION_OF_TENANT);
	entry->has_consents = kept_tenant->has_consents;
	entry->has_suppressions = kept_tenant->has_suppressions;
	entry->has_erased = entry->has_suppressions && tenant_has(batch, tenant, &TouchSuppressions, SUPPRESSION_OF_ERASED);
	entry->has_unmatched = tenant_has(batch, tenant, &TouchEvents, EVENT_UNMATCHED);
	entry->epoch = epoch;
	return entry;
}

/* Is there a row of the tenant in an index, of which it is the first column? */
static bool
tenant_has(TouchBatch *batch, const pg_uuid_t *tenant, TableShape *shape, int index)
{
	TableAccess *table = TableOpen(batch->tables, shape, false);
	Datum		keys[1];
	bool		found;

	keys[0] = UUIDPGetDatum(tenant);
	found = TableFind(table, index, keys);
	TableForget(table);
	return found;
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
	if (batch->last_plan && memcmp(&batch->last_plan->key, &wanted.key, sizeof(wanted.key)) == 0)
		return batch->last_plan;
	entry = hash_search(batch->cache->plans, &wanted.key, HASH_FIND, NULL);
	if (entry)
		return batch->last_plan = entry;

	values[0] = UUIDPGetDatum(tenant);
	values[1] = UUIDPGetDatum(campaign);
	values[2] = Int32GetDatum(version);
	wanted.ntouches = (int) StatementRun(&read_plan, values, NULL);
	if (wanted.ntouches == 0)
		elog(ERROR, "plan version %d of a campaign has no touch", version);

	old = MemoryContextSwitchTo(batch->cache->context);
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

	entry = hash_search(batch->cache->plans, &wanted.key, HASH_ENTER, NULL);
	*entry = wanted;
	return batch->last_plan = entry;
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
	TouchTenant *entry = hash_search(batch->cache->tenants, tenant, HASH_FIND, NULL);
	Datum		values[1];
	bool		isnull;

	if (entry)
		return entry;
	memset(&wanted, 0, sizeof(wanted));
	wanted.id = *tenant;
	values[0] = UUIDPGetDatum(tenant);
	if (StatementRun(&read_tenant, values, NULL) != 1)
		elog(ERROR, "tenant of a queued touch is gone");
	wanted.name = keep_text(batch->cache->context, 0, 1);
	wanted.sender_name = keep_text(batch->cache->context, 0, 2);
	wanted.review_url = keep_text(batch->cache->context, 0, 3);
	wanted.link_base_url = keep_text(batch->cache->context, 0, 4);
	wanted.timezone = keep_text(batch->cache->context, 0, 5);
	wanted.quiet_from = DatumGetTimeADT(StatementValue(0, 6, &isnull));
	wanted.has_quiet_hours = !isnull;
	wanted.quiet_until = DatumGetTimeADT(StatementValue(0, 7, &isnull));
	keep_dates(batch->cache->context, StatementValue(0, 8, &isnull), &wanted);
	SPI_freetuptable(SPI_tuptable);

	entry = hash_search(batch->cache->tenants, tenant, HASH_ENTER, NULL);
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
 * The unrendered text that the plan has for a touch and the facts' service
 * type, valid until that of another touch is asked for.
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

	if (batch->last_text && is_text_of(batch->last_text, tenant, facts, touch_number))
		return batch->last_text;
	memset(&wanted, 0, sizeof(wanted));
	wanted.key.tenant = *tenant;
	wanted.key.campaign = facts->campaign;
	wanted.key.version = facts->plan_version;
	wanted.key.touch_number = touch_number;
	if (facts->service_type)
		strlcpy(wanted.key.service, facts->service_type, sizeof(wanted.key.service));
	entry = hash_search(batch->cache->texts, &wanted.key, HASH_FIND, NULL);
	if (entry)
		return batch->last_text = entry;

	if (MemoryContextMemAllocated(batch->cache->texts_context, true) > TEXTS_MAX_BYTES)
	{
		batch->last_text = NULL;
		forget_texts(batch->cache);
	}
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
	wanted.subject = keep_text(batch->cache->texts_context, 0, 2);
	wanted.body = keep_text(batch->cache->texts_context, 0, 3);
	wanted.body_html = keep_text(batch->cache->texts_context, 0, 4);
	wanted.is_default = DatumGetBool(StatementValue(0, 5, &isnull));
	SPI_freetuptable(SPI_tuptable);

	entry = hash_search(batch->cache->texts, &wanted.key, HASH_ENTER, NULL);
	*entry = wanted;
	return batch->last_text = entry;
}

/* The key is long: asking whether it is the same as before is cheaper than looking it up. */
static bool
is_text_of(const TouchText *text, const pg_uuid_t *tenant, const TouchFacts *facts, int touch_number)
{
	return memcmp(&text->key.campaign, &facts->campaign, UUID_LEN) == 0 &&
		memcmp(&text->key.tenant, tenant, UUID_LEN) == 0 &&
		text->key.version == facts->plan_version && text->key.touch_number == touch_number &&
		strcmp(text->key.service, facts->service_type ? facts->service_type : "") == 0;
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
