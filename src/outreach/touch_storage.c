/*
 * touch_storage.c
 *		How rows of the queue, the log and the enrolments are locked and
 *		written.
 *
 * This is the storage interface of the engine.  What a row means is not known
 * here.  What is done for each touch goes through the access methods
 * (core/table_access.h); what is seldom done is SQL, whose operators are
 * unqualified: every SQL function that leads here pins search_path to
 * pg_catalog, pg_temp.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "core/ids.h"
#include "core/leases.h"
#include "core/statements.h"
#include "core/table_access.h"
#include "outreach/low_water.h"
#include "outreach/touch_queue.h"
#include "outreach/touch_tables.h"

static Statement read_history = {
	"SELECT coalesce((SELECT max(l.attempt) FROM campaign.send_logs l"
	"                  WHERE l.tenant_id = $1 AND l.enrollment_id = $2 AND l.touch_number = $3), 0::smallint),"
	"       coalesce((SELECT max(l.sent_at) FROM campaign.send_logs l"
	"                  WHERE l.tenant_id = $1 AND l.enrollment_id = $2), '-infinity'),"
	"       coalesce((SELECT l.scheduled_at FROM campaign.send_logs l"
	"                  WHERE l.tenant_id = $1 AND l.enrollment_id = $2 AND l.touch_number = $3 - 1"
	"                  ORDER BY l.attempt DESC LIMIT 1), '-infinity')",
	NULL, {UUIDOID, UUIDOID, INT2OID}
};

static Statement complete_enrollment = {
	"UPDATE campaign.campaign_enrollments e SET status = 'completed', completed_at = $3"
	" WHERE e.tenant_id = $1 AND e.id = $2",
	NULL, {UUIDOID, UUIDOID, TIMESTAMPTZOID}
};

static Statement stop_enrollment = {
	"UPDATE campaign.campaign_enrollments e SET status = 'stopped', stopped_at = $3, stop_reason = $4"
	" WHERE e.tenant_id = $1 AND e.id = $2",
	NULL, {UUIDOID, UUIDOID, TIMESTAMPTZOID, TEXTOID}
};

/* what lies at due infinity has an index of its own: it is little */
static Statement sweep_stopped = {
	"WITH old AS MATERIALIZED ("
	"  SELECT q.tenant_id, q.lane, q.due_at, q.enrollment_id"
	"    FROM campaign.touch_queue q"
	"   WHERE q.due_at = 'infinity' AND q.flags = 2 AND q.lease_until <= $1"
	"   LIMIT $2 FOR UPDATE SKIP LOCKED),"
	" gone AS ("
	"  DELETE FROM campaign.touch_queue q USING old o"
	"   WHERE q.tenant_id = o.tenant_id AND q.lane = o.lane AND q.due_at = o.due_at"
	"     AND q.enrollment_id = o.enrollment_id"
	"  RETURNING q.tenant_id, q.lane, q.claimed_at)"
	" SELECT campaign.return_send_usage(g.tenant_id, g.lane, g.claimed_at) FROM gone g",
	NULL, {TIMESTAMPTZOID, INT8OID}
};

static Statement add_worker = {
	"INSERT INTO campaign.workers (id, name, first_seen_at, last_seen_at)"
	" SELECT hashtextextended($1, 0), $1, $2, $2"
	"  WHERE NOT EXISTS (SELECT FROM campaign.workers w WHERE w.id = hashtextextended($1, 0))"
	" ON CONFLICT DO NOTHING",
	NULL, {TEXTOID, TIMESTAMPTZOID}
};

/* seldom, or this row would be the one that every call writes */
static Statement see_worker = {
	"WITH seen AS MATERIALIZED ("
	"  SELECT w.id FROM campaign.workers w"
	"   WHERE w.id = hashtextextended($1, 0) AND w.last_seen_at < $2 - interval '20 seconds'"
	"   FOR NO KEY UPDATE SKIP LOCKED)"
	" UPDATE campaign.workers w SET last_seen_at = $2 FROM seen s WHERE w.id = s.id",
	NULL, {TEXTOID, TIMESTAMPTZOID}
};

static Statement find_worker = {
	"SELECT hashtextextended($1, 0)",
	NULL, {TEXTOID}
};

/* The worker that the session asked about last, and for how long that will do. */
#define WORKER_ASKED (10 * USECS_PER_SEC)

static struct
{
	char		name[CAMPAIGN_MAX_WORKER];
	int64		id;
	TimestampTz asked_at;
}			last_worker = {.asked_at = DT_NOBEGIN};

static TableAccess *queue_of(const TouchBatch *batch);
static bool is_due(const TouchRow *row, const TouchKey *key, TimestampTz now, TimestampTz wall);
static bool lease_ahead(const TouchBatch *batch, const TouchLease *lease, TimestampTz wall, TouchRow *row);
static void set_lease(const TouchBatch *batch, const TouchLease *lease, TouchRow *row);
static void queue_values(const TouchRow *row, Datum *values);
static void key_values(const TouchKey *key, Datum *values);
static bool find_row(const TouchBatch *batch, const TouchKey *key);
static bool lock_row(TableAccess *table, const Datum *keys, LockTupleMode mode, bool wait);
static bool lock_found(TableAccess *table, LockTupleMode mode, bool wait);
static void read_row(TableAccess *queue, TouchRow *row);
static void remember_stored(TouchRow *row);
static void remember_worker(const char *name, int64 id, TimestampTz wall);
static void forget_worker(XactEvent event, void *arg);
static void forget_worker_of_part(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg);

/*
 * Take a row that was found due, without waiting, and read it as it is then:
 * false if it is busy, gone, or due no more.
 *
 * Taken, it is locked until the transaction ends.  A row that nobody had before
 * is leased at once, which locks it as well: most are leased in the end, and
 * need be written once.  The row is as it was before (StorageIsLeasedAhead()
 * tells), and must be written back or leased.
 */
bool
StorageTakeDue(const TouchBatch *batch, const TouchKey *key, TimestampTz now, const TouchLease *lease, TouchRow *row)
{
	TableAccess *queue = queue_of(batch);
	TimestampTz wall = GetCurrentTimestamp();
	ItemPointerData place = key->tid;
	bool		found = ItemPointerIsValid(&place) && TableFetch(queue, &place);

	for (int looked = 0; looked < 2; looked++)
	{
		if (!found && !find_row(batch, key))
			return false;
		read_row(queue, row);
		/* what is not taken is not locked either: whoever has leased it would wait for this transaction */
		if (!is_due(row, key, now, wall) || TableIsBusy(queue))
			return false;
		/* one that this transaction has locked before is updated only behind another lock */
		if (row->claimed_at == DT_NOBEGIN && row->flags == 0 && !TableIsMine(queue))
			return lease_ahead(batch, lease, wall, row);
		place = row->key.tid;
		if (TableLock(queue, &place, LockTupleExclusive, false))
		{
			read_row(queue, row);
			TableForget(queue);
			return is_due(row, key, now, wall);
		}
		/* this transaction may itself have written it since the batch's snapshot, and it lies elsewhere */
		found = false;
	}
	return false;
}

/* A place may have become that of another row. */
static bool
is_due(const TouchRow *row, const TouchKey *key, TimestampTz now, TimestampTz wall)
{
	return memcmp(&row->key.tenant, &key->tenant, UUID_LEN) == 0 &&
		memcmp(&row->key.enrollment, &key->enrollment, UUID_LEN) == 0 &&
		row->key.lane == key->lane && row->key.due_at == key->due_at &&
		row->key.due_at <= now && row->lease_until <= wall;
}

/* The row in the table is leased, and what the caller has is it before: false if somebody was faster. */
static bool
lease_ahead(const TouchBatch *batch, const TouchLease *lease, TimestampTz wall, TouchRow *row)
{
	TouchRow	leased = *row;
	Datum		values[QUEUE_COLUMNS];

	leased.fence = LeaseFence();
	leased.lease_until = wall + lease->length;
	set_lease(batch, lease, &leased);
	queue_values(&leased, values);
	if (!TableTryUpdate(queue_of(batch), &row->key.tid, values, NULL))
		return false;
	row->stored.lease_until = leased.lease_until;
	row->stored.fence = leased.fence;
	return true;
}

static void
set_lease(const TouchBatch *batch, const TouchLease *lease, TouchRow *row)
{
	row->attempt++;
	row->claimed_at = batch->now;
	row->worker_id = lease->worker_id;
	row->flags = lease->begin_now ? TOUCH_BEGUN : 0;
}

/* Is the row leased in the table, by this claim, and not yet in the caller's hands? */
bool
StorageIsLeasedAhead(const TouchRow *row)
{
	return row->stored.lease_until > row->lease_until;
}

/* Lease a row that StorageTakeDue() has taken. */
void
StorageLease(const TouchBatch *batch, const TouchLease *lease, TouchRow *row)
{
	bool		ahead = StorageIsLeasedAhead(row);

	row->fence = ahead ? row->stored.fence : LeaseFence();
	row->lease_until = ahead ? row->stored.lease_until : GetCurrentTimestamp() + lease->length;
	set_lease(batch, lease, row);
	if (!ahead)
		StorageUpdate(batch, row);
}

/* The row of an enrolment as it is, not locked: false if it has none. */
bool
StorageReadRow(const TouchBatch *batch, const pg_uuid_t *tenant, const pg_uuid_t *enrollment, TouchRow *row)
{
	TableAccess *queue = queue_of(batch);
	Datum		keys[2];

	keys[0] = UUIDPGetDatum(tenant);
	keys[1] = UUIDPGetDatum(enrollment);
	if (!TableFind(queue, QUEUE_BY_ENROLLMENT, keys))
		return false;
	read_row(queue, row);
	TableForget(queue);
	return true;
}

/*
 * Lock the row that a token speaks of, waiting for whoever has it: false if it
 * has moved on, or is under another lease.  A row that was stopped, put aside
 * or deferred under its lease is no longer where it was.
 */
bool
StorageLockToken(const TouchBatch *batch, const TouchToken *token, TouchRow *row)
{
	const TouchKey *key = &token->key;
	TableAccess *queue = queue_of(batch);
	Datum		place[4];
	Datum		keys[2];

	key_values(key, place);
	keys[0] = UUIDPGetDatum(&key->tenant);
	keys[1] = UUIDPGetDatum(&key->enrollment);
	/* most are where the token says, and those of a batch near each other */
	if (!(TableFind(queue, QUEUE_BY_KEY, place) || TableFind(queue, QUEUE_BY_ENROLLMENT, keys)) ||
		!lock_found(queue, LockTupleExclusive, true))
	{
		/* another row may have taken its place since the batch's snapshot */
		TableSetRefresh(batch->tables);
		if (!TableFind(queue, QUEUE_BY_ENROLLMENT, keys) || !lock_found(queue, LockTupleExclusive, true))
			return false;
	}
	read_row(queue, row);
	TableForget(queue);
	if ((row->key.lane != key->lane || row->key.due_at != key->due_at) &&
		row->flags == 0 && row->claimed_at != DT_NOBEGIN)
		return false;
	return row->fence == token->fence && row->attempt == token->attempt &&
		row->touch_number == token->touch_number;
}

/*
 * Lock the key of a tenant, as the foreign keys of what is written later do:
 * false if it is gone or, not waiting, if it is being deleted.
 */
bool
StorageLockTenant(TouchBatch *batch, const pg_uuid_t *tenant, bool wait)
{
	Datum		keys[1];

	/* locks last, and reports come in the order of tenants */
	if (batch->has_locked_tenant && memcmp(&batch->locked_tenant, tenant, UUID_LEN) == 0)
		return true;
	keys[0] = UUIDPGetDatum(tenant);
	if (!lock_row(TableOpen(batch->tables, &TouchTenants, true), keys, LockTupleKeyShare, wait))
		return false;
	batch->has_locked_tenant = true;
	batch->locked_tenant = *tenant;
	return true;
}

/*
 * Lock the enrolment of a key FOR NO KEY UPDATE: false if there is none or, not
 * waiting, if it is busy.
 */
bool
StorageLockEnrollment(const TouchBatch *batch, const TouchKey *key, bool wait)
{
	Datum		keys[2];

	keys[0] = UUIDPGetDatum(&key->tenant);
	keys[1] = UUIDPGetDatum(&key->enrollment);
	return lock_row(TableOpen(batch->tables, &TouchEnrollments, true), keys, LockTupleNoKeyExclusive, wait);
}

/*
 * Lock a contact FOR NO KEY UPDATE, not waiting: false if it is busy.  For a
 * contact in several sequences, whose claims must not decide side by side.
 */
bool
StorageLockFreeContact(const TouchBatch *batch, const pg_uuid_t *tenant, const pg_uuid_t *contact)
{
	Datum		keys[2];

	keys[0] = UUIDPGetDatum(tenant);
	keys[1] = UUIDPGetDatum(contact);
	return lock_row(TableOpen(batch->tables, &TouchContacts, true), keys, LockTupleNoKeyExclusive, false);
}

/* Write a row that the caller has locked, where it lies. */
void
StorageUpdate(const TouchBatch *batch, TouchRow *row)
{
	Datum		values[QUEUE_COLUMNS];

	queue_values(row, values);
	TableUpdate(queue_of(batch), &row->key.tid, values, NULL);
	/* as the triggers of the table do */
	if (row->key.due_at != row->stored.due_at || row->key.lane != row->stored.lane ||
		row->lease_until < row->stored.lease_until)
		LowWaterLower(&row->key.tenant, row->key.lane, row->key.due_at);
	remember_stored(row);
}

/* Remove a row that the caller has locked. */
void
StorageDelete(const TouchBatch *batch, const TouchRow *row)
{
	TableDelete(queue_of(batch), &row->key.tid);
}

/*
 * Remove up to limit rows that were stopped under a lease which has ended
 * without a begin and without a report; returns how many.  Waits for nobody.
 */
int
StorageSweepStopped(TimestampTz wall, int limit)
{
	Datum		values[2];

	values[0] = TimestampTzGetDatum(wall);
	values[1] = Int64GetDatum(limit);
	return (int) StatementRun(&sweep_stopped, values, NULL);
}

/*
 * Append what became of an attempt; subject and the texts of outcome may be
 * NULL.  Written with others, at the latest when the batch ends.
 */
void
StorageLog(const TouchBatch *batch, const TouchRow *row, const TouchFacts *facts, const TouchLane *lane,
		   const TouchText *text, const char *subject, const TouchOutcome *outcome,
		   bool is_final, bool advanced)
{
	const char *texts[5] = {facts->address, subject, outcome->provider_id, outcome->reason, outcome->error};
	Datum		values[LOG_COLUMNS];
	bool		nulls[LOG_COLUMNS] = {0};
	pg_uuid_t	id;

	/* a worker may know still what the database has forgotten */
	if (facts->contact_erased)
	{
		texts[0] = texts[1] = texts[2] = texts[4] = NULL;
		if (texts[3] && texts[3][strspn(texts[3], "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
			texts[3] = NULL;
	}
	UuidV7Generate(&id);
	values[LOG_TENANT] = UUIDPGetDatum(&row->key.tenant);
	values[LOG_ID] = UUIDPGetDatum(&id);
	values[LOG_CAMPAIGN] = UUIDPGetDatum(&facts->campaign);
	values[LOG_ENROLLMENT] = UUIDPGetDatum(&row->key.enrollment);
	values[LOG_CONTACT] = UUIDPGetDatum(&facts->contact);
	values[LOG_TEMPLATE] = UUIDPGetDatum(&text->template_id);
	nulls[LOG_TEMPLATE] = !text->has_template;
	values[LOG_TOUCH_NUMBER] = Int16GetDatum(row->touch_number);
	values[LOG_ATTEMPT] = Int16GetDatum(row->attempt);
	values[LOG_PLAN_VERSION] = Int32GetDatum(facts->plan_version);
	values[LOG_FENCE] = Int64GetDatum(row->fence);
	values[LOG_WORKER] = Int64GetDatum(row->worker_id);
	nulls[LOG_WORKER] = row->worker_id == 0;
	values[LOG_IS_FINAL] = BoolGetDatum(is_final);
	values[LOG_ADVANCED] = BoolGetDatum(advanced);
	values[LOG_CHANNEL] = CStringGetTextDatum(lane->channel);
	values[LOG_STATUS] = CStringGetTextDatum(TouchStatusNames[outcome->status]);
	values[LOG_SCHEDULED_AT] = TimestampTzGetDatum(row->scheduled_at);
	values[LOG_CLAIMED_AT] = TimestampTzGetDatum(row->claimed_at);
	nulls[LOG_CLAIMED_AT] = row->claimed_at == DT_NOBEGIN;
	values[LOG_SENT_AT] = TimestampTzGetDatum(outcome->at);
	nulls[LOG_SENT_AT] = outcome->status != TOUCH_SENT;
	values[LOG_LOGGED_AT] = TimestampTzGetDatum(batch->now);
	for (int i = 0; i < (int) lengthof(texts); i++)
	{
		values[LOG_ADDRESS + i] = texts[i] ? CStringGetTextDatum(texts[i]) : (Datum) 0;
		nulls[LOG_ADDRESS + i] = texts[i] == NULL;
	}
	values[LOG_METADATA] = outcome->metadata;
	nulls[LOG_METADATA] = !outcome->has_metadata || facts->contact_erased;
	TableInsert(TableOpen(batch->tables, &TouchLogs, true), values, nulls);
}

/* Write what waits to be appended to the log: for whoever reads it. */
void
StorageFlushLog(const TouchBatch *batch)
{
	TableFlush(TableOpen(batch->tables, &TouchLogs, true));
}

/* What the log has of the enrolment of a key, about one of its touches. */
void
StorageHistory(const TouchBatch *batch, const TouchKey *key, int touch_number, TouchHistory *history)
{
	Datum		values[3];
	bool		isnull;

	StorageFlushLog(batch);
	values[0] = UUIDPGetDatum(&key->tenant);
	values[1] = UUIDPGetDatum(&key->enrollment);
	values[2] = Int16GetDatum(touch_number);
	StatementRun(&read_history, values, NULL);
	history->last_attempt = DatumGetInt16(StatementValue(0, 1, &isnull));
	history->last_sent = DatumGetTimestampTz(StatementValue(0, 2, &isnull));
	history->scheduled_before = DatumGetTimestampTz(StatementValue(0, 3, &isnull));
	SPI_freetuptable(SPI_tuptable);
}

/*
 * End an active enrolment that the caller has locked: stopped with a reason,
 * completed with NULL.
 */
void
StorageEndEnrollment(const TouchKey *key, const char *stop_reason, TimestampTz now)
{
	Datum		values[4];

	values[0] = UUIDPGetDatum(&key->tenant);
	values[1] = UUIDPGetDatum(&key->enrollment);
	values[2] = TimestampTzGetDatum(now);
	if (stop_reason)
		values[3] = CStringGetTextDatum(stop_reason);
	if (StatementRun(stop_reason ? &stop_enrollment : &complete_enrollment, values, NULL) != 1)
		elog(ERROR, "enrolment of a queued touch is gone");
}

/*
 * The id of a worker, which is made known by its first claim and seen at the
 * later ones.  Whoever claims often is asked about now and then.
 */
int64
StorageWorker(const char *name)
{
	TimestampTz wall = GetCurrentTimestamp();
	Datum		values[2];
	bool		isnull;
	int64		id;

	if (last_worker.asked_at != DT_NOBEGIN && wall - last_worker.asked_at < WORKER_ASKED &&
		wall >= last_worker.asked_at && strcmp(last_worker.name, name) == 0)
		return last_worker.id;

	values[0] = CStringGetTextDatum(name);
	values[1] = TimestampTzGetDatum(wall);
	StatementRun(&add_worker, values, NULL);
	StatementRun(&see_worker, values, NULL);
	StatementRun(&find_worker, values, NULL);
	id = DatumGetInt64(StatementValue(0, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	remember_worker(name, id, wall);
	return id;
}

static void
remember_worker(const char *name, int64 id, TimestampTz wall)
{
	static bool is_registered = false;

	if (!is_registered)
	{
		RegisterXactCallback(forget_worker, NULL);
		RegisterSubXactCallback(forget_worker_of_part, NULL);
		is_registered = true;
	}
	strlcpy(last_worker.name, name, sizeof(last_worker.name));
	last_worker.id = id;
	last_worker.asked_at = wall;
}

/* What was undone may have made it known. */
static void
forget_worker(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		last_worker.asked_at = DT_NOBEGIN;
}

static void
forget_worker_of_part(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		last_worker.asked_at = DT_NOBEGIN;
}

static TableAccess *
queue_of(const TouchBatch *batch)
{
	return TableOpen(batch->tables, &TouchQueue, true);
}

static void
queue_values(const TouchRow *row, Datum *values)
{
	values[QUEUE_TENANT] = UUIDPGetDatum(&row->key.tenant);
	values[QUEUE_ENROLLMENT] = UUIDPGetDatum(&row->key.enrollment);
	values[QUEUE_DUE_AT] = TimestampTzGetDatum(row->key.due_at);
	values[QUEUE_LANE] = Int32GetDatum(row->key.lane);
	values[QUEUE_SCHEDULED_AT] = TimestampTzGetDatum(row->scheduled_at);
	values[QUEUE_LEASE_UNTIL] = TimestampTzGetDatum(row->lease_until);
	values[QUEUE_CLAIMED_AT] = TimestampTzGetDatum(row->claimed_at);
	values[QUEUE_FENCE] = Int64GetDatum(row->fence);
	values[QUEUE_WORKER] = Int64GetDatum(row->worker_id);
	values[QUEUE_TOUCH_NUMBER] = Int16GetDatum(row->touch_number);
	values[QUEUE_ATTEMPT] = Int16GetDatum(row->attempt);
	values[QUEUE_ATTEMPT_BASE] = Int16GetDatum(row->attempt_base);
	values[QUEUE_RESUME_TOUCH] = Int16GetDatum(row->resume_touch);
	values[QUEUE_FLAGS] = Int16GetDatum(row->flags);
	values[QUEUE_RESCHEDULED] = BoolGetDatum(row->rescheduled);
}

static void
key_values(const TouchKey *key, Datum *values)
{
	values[0] = UUIDPGetDatum(&key->tenant);
	values[1] = Int32GetDatum(key->lane);
	values[2] = TimestampTzGetDatum(key->due_at);
	values[3] = UUIDPGetDatum(&key->enrollment);
}

/* The row of a key as it is now, which this transaction may have written since: false if there is none. */
static bool
find_row(const TouchBatch *batch, const TouchKey *key)
{
	Datum		keys[4];

	TableSetRefresh(batch->tables);
	key_values(key, keys);
	return TableFind(queue_of(batch), QUEUE_BY_KEY, keys);
}

/* Lock the row with a primary key, of which nothing is read. */
static bool
lock_row(TableAccess *table, const Datum *keys, LockTupleMode mode, bool wait)
{
	bool		locked = TableFind(table, 0, keys) && lock_found(table, mode, wait);

	TableForget(table);
	return locked;
}

static bool
lock_found(TableAccess *table, LockTupleMode mode, bool wait)
{
	ItemPointerData place = *TablePlace(table);

	return TableLock(table, &place, mode, wait);
}

/* The table's row. */
static void
read_row(TableAccess *queue, TouchRow *row)
{
	bool		isnull;

	memset(row, 0, sizeof(*row));
	row->key.tenant = *DatumGetUUIDP(TableDatum(queue, QUEUE_TENANT, &isnull));
	row->key.enrollment = *DatumGetUUIDP(TableDatum(queue, QUEUE_ENROLLMENT, &isnull));
	row->key.due_at = DatumGetTimestampTz(TableDatum(queue, QUEUE_DUE_AT, &isnull));
	row->key.lane = DatumGetInt32(TableDatum(queue, QUEUE_LANE, &isnull));
	row->key.tid = *TablePlace(queue);
	row->scheduled_at = DatumGetTimestampTz(TableDatum(queue, QUEUE_SCHEDULED_AT, &isnull));
	row->lease_until = DatumGetTimestampTz(TableDatum(queue, QUEUE_LEASE_UNTIL, &isnull));
	row->claimed_at = DatumGetTimestampTz(TableDatum(queue, QUEUE_CLAIMED_AT, &isnull));
	row->fence = DatumGetInt64(TableDatum(queue, QUEUE_FENCE, &isnull));
	row->worker_id = DatumGetInt64(TableDatum(queue, QUEUE_WORKER, &isnull));
	row->touch_number = DatumGetInt16(TableDatum(queue, QUEUE_TOUCH_NUMBER, &isnull));
	row->attempt = DatumGetInt16(TableDatum(queue, QUEUE_ATTEMPT, &isnull));
	row->attempt_base = DatumGetInt16(TableDatum(queue, QUEUE_ATTEMPT_BASE, &isnull));
	row->resume_touch = DatumGetInt16(TableDatum(queue, QUEUE_RESUME_TOUCH, &isnull));
	row->flags = DatumGetInt16(TableDatum(queue, QUEUE_FLAGS, &isnull));
	row->rescheduled = DatumGetBool(TableDatum(queue, QUEUE_RESCHEDULED, &isnull));
	remember_stored(row);
}

static void
remember_stored(TouchRow *row)
{
	row->stored.due_at = row->key.due_at;
	row->stored.lease_until = row->lease_until;
	row->stored.fence = row->fence;
	row->stored.lane = row->key.lane;
}
