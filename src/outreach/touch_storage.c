/*
 * touch_storage.c
 *		How rows of the queue, the log and the enrolments are found, locked
 *		and written.
 *
 * This is the storage interface of the engine: statements through SPI.  What
 * a row means is not known here.  Every statement has its own snapshot, so
 * what is read after a lock was taken is the latest that has committed.
 * Operators are unqualified: every SQL function that leads here pins
 * search_path to pg_catalog, pg_temp.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "core/ids.h"
#include "core/statements.h"
#include "outreach/touch_queue.h"

/* The columns of a TouchRow, in the order of read_row(). */
#define ROW_COLUMNS \
	"q.tenant_id, q.enrollment_id, q.due_at, q.lane, q.scheduled_at, q.lease_until, " \
	"q.claimed_at, q.fence, q.worker_id, q.touch_number, q.attempt, q.attempt_base, " \
	"q.resume_touch, q.flags, q.rescheduled"
#define KEY_CONDITION \
	"q.tenant_id = $1 AND q.lane = $2 AND q.due_at = $3 AND q.enrollment_id = $4"
#define KEY_TYPES UUIDOID, INT4OID, TIMESTAMPTZOID, UUIDOID

/*
 * Fair between tenants and then between their lanes: each lane's oldest are
 * ranked within the lane, then within the tenant, and the first of every
 * tenant comes before the second of any.
 */
static Statement find_due = {
	"SELECT r.tenant_id, r.enrollment_id, r.due_at, r.lane"
	"  FROM (SELECT d.tenant_id, d.lane, d.due_at, d.enrollment_id, d.real_due_at,"
	"               row_number() OVER (PARTITION BY d.tenant_id"
	"                                  ORDER BY d.lane_turn, d.real_due_at, d.lane, d.enrollment_id) AS turn"
	"          FROM (SELECT q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.due_at + l.shift AS real_due_at,"
	"                       row_number() OVER (PARTITION BY q.tenant_id, q.lane"
	"                                          ORDER BY q.due_at, q.enrollment_id) AS lane_turn"
	"                  FROM campaign.lanes l"
	"                 CROSS JOIN LATERAL ("
	"                       SELECT t.tenant_id, t.lane, t.due_at, t.enrollment_id"
	"                         FROM campaign.touch_queue t"
	"                        WHERE t.tenant_id = l.tenant_id AND t.lane = l.lane"
	"                          AND t.due_at <= $1 - l.shift AND t.lease_until <= $2"
	"                          AND t.enrollment_id <> ALL ($6)"
	"                        ORDER BY t.due_at, t.enrollment_id LIMIT $3) q"
	"                 WHERE NOT l.paused AND l.throttled_until <= $1"
	"                   AND ($4 IS NULL OR l.tenant_id = ANY ($4))"
	"                   AND ($5 IS NULL OR l.channel = ANY ($5))"
	"                   AND ($9 IS NULL OR l.campaign_id = $9)"
	"                   AND NOT EXISTS (SELECT FROM unnest($7, $8) h (tenant_id, lane)"
	"                                    WHERE h.tenant_id = l.tenant_id AND h.lane = l.lane)) d) r"
	" ORDER BY r.turn, r.real_due_at, r.tenant_id LIMIT $3",
	NULL,
	{TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, UUIDARRAYOID, TEXTARRAYOID, UUIDARRAYOID, UUIDARRAYOID,
	INT4ARRAYOID, UUIDOID}, true
};

static Statement lock_due = {
	"SELECT " ROW_COLUMNS " FROM campaign.touch_queue q"
	" WHERE " KEY_CONDITION " AND q.due_at <= $5 AND q.lease_until <= $6"
	" FOR UPDATE SKIP LOCKED",
	NULL, {KEY_TYPES, TIMESTAMPTZOID, TIMESTAMPTZOID}
};

static Statement lock_key = {
	"SELECT " ROW_COLUMNS " FROM campaign.touch_queue q WHERE " KEY_CONDITION " FOR UPDATE",
	NULL, {KEY_TYPES}
};

static Statement lock_moved = {
	"SELECT " ROW_COLUMNS " FROM campaign.touch_queue q"
	" WHERE q.tenant_id = $1 AND q.enrollment_id = $2 FOR UPDATE",
	NULL, {UUIDOID, UUIDOID}
};

static Statement read_moved = {
	"SELECT " ROW_COLUMNS " FROM campaign.touch_queue q"
	" WHERE q.tenant_id = $1 AND q.enrollment_id = $2",
	NULL, {UUIDOID, UUIDOID}
};

static Statement lock_tenant = {
	"SELECT FROM campaign.tenants t WHERE t.id = $1 FOR KEY SHARE",
	NULL, {UUIDOID}
};

static Statement lock_free_tenant = {
	"SELECT FROM campaign.tenants t WHERE t.id = $1 FOR KEY SHARE SKIP LOCKED",
	NULL, {UUIDOID}
};

static Statement lock_enrollment = {
	"SELECT FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.id = $2 FOR NO KEY UPDATE",
	NULL, {UUIDOID, UUIDOID}
};

static Statement lock_free_enrollment = {
	"SELECT FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.id = $2"
	" FOR NO KEY UPDATE SKIP LOCKED",
	NULL, {UUIDOID, UUIDOID}
};

static Statement lock_free_contact = {
	"SELECT FROM campaign.contacts c WHERE c.tenant_id = $1 AND c.id = $2 FOR NO KEY UPDATE SKIP LOCKED",
	NULL, {UUIDOID, UUIDOID}
};

static Statement update_row = {
	"UPDATE campaign.touch_queue q SET lane = $5, due_at = $6, scheduled_at = $7, lease_until = $8,"
	" claimed_at = $9, fence = $10, worker_id = $11, touch_number = $12, attempt = $13,"
	" attempt_base = $14, resume_touch = $15, flags = $16, rescheduled = $17 WHERE " KEY_CONDITION,
	NULL,
	{KEY_TYPES, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID,
	INT8OID, INT2OID, INT2OID, INT2OID, INT2OID, INT2OID, BOOLOID}
};

static Statement delete_row = {
	"DELETE FROM campaign.touch_queue q WHERE " KEY_CONDITION,
	NULL, {KEY_TYPES}
};

static Statement insert_log = {
	"INSERT INTO campaign.send_logs (tenant_id, id, campaign_id, enrollment_id, contact_id, template_id,"
	" touch_number, attempt, plan_version, fence, worker_id, is_final, advanced, channel, status,"
	" scheduled_at, claimed_at, sent_at, logged_at, address, subject, provider_id, reason, error, metadata)"
	" SELECT $1, $2, e.campaign_id, e.id, e.contact_id, $3, $4, $5, e.plan_version, $6, $7, $8, $9, $10, $11,"
	" $12, nullif($13, '-infinity'), $14, $15, $16, $17, $18, $19, $20, $21"
	" FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.id = $22",
	NULL,
	{UUIDOID, UUIDOID, UUIDOID, INT2OID, INT2OID, INT8OID, INT8OID, BOOLOID, BOOLOID, TEXTOID, TEXTOID,
		TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
	TEXTOID, JSONBOID, UUIDOID}
};

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

static Datum uuid_array(const pg_uuid_t *ids, int n);
static Datum int_array(const int32 *numbers, int n);
static void key_values(const TouchKey *key, Datum *values);
static bool read_row(TouchRow *row);
static bool get_row(Statement *statement, Datum *values, TouchRow *row);

/*
 * Keys of up to limit due touches that nobody leases, in the order in which
 * they are to be served, less the enrolments and lanes seen; keys has room for
 * limit.  Locks nothing: what is found may be gone, or busy, by the time.
 */
int
StorageFindDue(const TouchFilter *filter, TimestampTz now, TimestampTz wall,
			   int limit, const TouchSeen *seen, TouchKey *keys)
{
	Datum		values[9];
	char		nulls[] = "         ";
	int			n;

	values[0] = TimestampTzGetDatum(now);
	values[1] = TimestampTzGetDatum(wall);
	values[2] = Int64GetDatum(limit);
	values[3] = filter->tenants;
	nulls[3] = filter->has_tenants ? ' ' : 'n';
	values[4] = filter->channels;
	nulls[4] = filter->has_channels ? ' ' : 'n';
	values[5] = uuid_array(seen->enrollments, seen->nenrollments);
	values[6] = uuid_array(seen->lane_tenants, seen->nlanes);
	values[7] = int_array(seen->lanes, seen->nlanes);
	values[8] = filter->campaign;
	nulls[8] = filter->has_campaign ? ' ' : 'n';
	n = (int) StatementRun(&find_due, values, nulls);
	for (int i = 0; i < n; i++)
	{
		bool		isnull;

		memset(&keys[i], 0, sizeof(TouchKey));
		keys[i].tenant = *DatumGetUUIDP(StatementValue(i, 1, &isnull));
		keys[i].enrollment = *DatumGetUUIDP(StatementValue(i, 2, &isnull));
		keys[i].due_at = DatumGetTimestampTz(StatementValue(i, 3, &isnull));
		keys[i].lane = DatumGetInt32(StatementValue(i, 4, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	pfree(DatumGetPointer(values[5]));
	pfree(DatumGetPointer(values[6]));
	pfree(DatumGetPointer(values[7]));
	return n;
}

static Datum
uuid_array(const pg_uuid_t *ids, int n)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(n, 1));
	ArrayType  *array;

	for (int i = 0; i < n; i++)
		values[i] = UUIDPGetDatum(&ids[i]);
	array = construct_array(values, n, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR);
	pfree(values);
	return PointerGetDatum(array);
}

static Datum
int_array(const int32 *numbers, int n)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(n, 1));
	ArrayType  *array;

	for (int i = 0; i < n; i++)
		values[i] = Int32GetDatum(numbers[i]);
	array = construct_array(values, n, INT4OID, sizeof(int32), true, TYPALIGN_INT);
	pfree(values);
	return PointerGetDatum(array);
}

/*
 * Lock a row that was found due, without waiting, and read it again: false if
 * it is busy, gone, or due no more.
 */
bool
StorageLockDue(const TouchKey *key, TimestampTz now, TimestampTz wall, TouchRow *row)
{
	Datum		values[6];

	key_values(key, values);
	values[4] = TimestampTzGetDatum(now);
	values[5] = TimestampTzGetDatum(wall);
	return get_row(&lock_due, values, row);
}

/* The row of an enrolment as it is, not locked: false if it has none. */
bool
StorageReadRow(const pg_uuid_t *tenant, const pg_uuid_t *enrollment, TouchRow *row)
{
	Datum		values[2];

	values[0] = UUIDPGetDatum(tenant);
	values[1] = UUIDPGetDatum(enrollment);
	return get_row(&read_moved, values, row);
}

/*
 * Lock the row that a token speaks of, waiting for whoever has it: false if it
 * has moved on, or is under another lease.  A row that was stopped, put aside
 * or deferred under its lease is no longer where it was.
 */
bool
StorageLockToken(const TouchToken *token, TouchRow *row)
{
	TouchKey	key = token->key;
	Datum		values[4];

	key_values(&key, values);
	if (!get_row(&lock_key, values, row))
	{
		values[1] = UUIDPGetDatum(&key.enrollment);
		if (!get_row(&lock_moved, values, row) ||
			(row->flags == 0 && row->claimed_at != DT_NOBEGIN))
			return false;
	}
	return row->fence == token->fence && row->attempt == token->attempt &&
		row->touch_number == token->touch_number;
}

/*
 * Lock the key of a tenant, as the foreign keys of what is written later do:
 * false if it is gone or, not waiting, if it is being deleted.
 */
bool
StorageLockTenant(const pg_uuid_t *tenant, bool wait)
{
	Datum		values[1];
	uint64		n;

	values[0] = UUIDPGetDatum(tenant);
	n = StatementRun(wait ? &lock_tenant : &lock_free_tenant, values, NULL);
	SPI_freetuptable(SPI_tuptable);
	return n == 1;
}

/*
 * Lock the enrolment of a key FOR NO KEY UPDATE: false if there is none or, not
 * waiting, if it is busy.
 */
bool
StorageLockEnrollment(const TouchKey *key, bool wait)
{
	Datum		values[2];
	uint64		n;

	values[0] = UUIDPGetDatum(&key->tenant);
	values[1] = UUIDPGetDatum(&key->enrollment);
	n = StatementRun(wait ? &lock_enrollment : &lock_free_enrollment, values, NULL);
	SPI_freetuptable(SPI_tuptable);
	return n == 1;
}

/*
 * Lock a contact FOR NO KEY UPDATE, not waiting: false if it is busy.  For a
 * contact in several sequences, whose claims must not decide side by side.
 */
bool
StorageLockFreeContact(const pg_uuid_t *tenant, const pg_uuid_t *contact)
{
	Datum		values[2];
	uint64		n;

	values[0] = UUIDPGetDatum(tenant);
	values[1] = UUIDPGetDatum(contact);
	n = StatementRun(&lock_free_contact, values, NULL);
	SPI_freetuptable(SPI_tuptable);
	return n == 1;
}

/* Write a row that the caller has locked and that lies at key. */
void
StorageUpdate(const TouchKey *key, const TouchRow *row)
{
	Datum		values[17];

	key_values(key, values);
	values[4] = Int32GetDatum(row->key.lane);
	values[5] = TimestampTzGetDatum(row->key.due_at);
	values[6] = TimestampTzGetDatum(row->scheduled_at);
	values[7] = TimestampTzGetDatum(row->lease_until);
	values[8] = TimestampTzGetDatum(row->claimed_at);
	values[9] = Int64GetDatum(row->fence);
	values[10] = Int64GetDatum(row->worker_id);
	values[11] = Int16GetDatum(row->touch_number);
	values[12] = Int16GetDatum(row->attempt);
	values[13] = Int16GetDatum(row->attempt_base);
	values[14] = Int16GetDatum(row->resume_touch);
	values[15] = Int16GetDatum(row->flags);
	values[16] = BoolGetDatum(row->rescheduled);
	if (StatementRun(&update_row, values, NULL) != 1)
		elog(ERROR, "locked row of touch_queue is gone");
}

/* Remove a row that the caller has locked. */
void
StorageDelete(const TouchKey *key)
{
	Datum		values[4];

	key_values(key, values);
	if (StatementRun(&delete_row, values, NULL) != 1)
		elog(ERROR, "locked row of touch_queue is gone");
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

/* Append what became of an attempt; subject and the texts of outcome may be NULL. */
void
StorageLog(const TouchRow *row, const TouchFacts *facts, const TouchLane *lane,
		   const TouchText *text, const char *subject, const TouchOutcome *outcome,
		   TimestampTz now, bool is_final, bool advanced)
{
	const char *texts[5];
	Datum		values[22];
	char		nulls[22];
	pg_uuid_t	id;

	memset(nulls, ' ', sizeof(nulls));
	UuidV7Generate(&id);
	values[0] = UUIDPGetDatum(&row->key.tenant);
	values[1] = UUIDPGetDatum(&id);
	values[2] = UUIDPGetDatum(&text->template_id);
	nulls[2] = text->has_template ? ' ' : 'n';
	values[3] = Int16GetDatum(row->touch_number);
	values[4] = Int16GetDatum(row->attempt);
	values[5] = Int64GetDatum(row->fence);
	values[6] = Int64GetDatum(row->worker_id);
	nulls[6] = row->worker_id == 0 ? 'n' : ' ';
	values[7] = BoolGetDatum(is_final);
	values[8] = BoolGetDatum(advanced);
	values[9] = CStringGetTextDatum(lane->channel);
	values[10] = CStringGetTextDatum(TouchStatusNames[outcome->status]);
	values[11] = TimestampTzGetDatum(row->scheduled_at);
	values[12] = TimestampTzGetDatum(row->claimed_at);
	values[13] = TimestampTzGetDatum(outcome->at);
	nulls[13] = outcome->status == TOUCH_SENT ? ' ' : 'n';
	values[14] = TimestampTzGetDatum(now);
	texts[0] = facts->address;
	texts[1] = subject;
	texts[2] = outcome->provider_id;
	texts[3] = outcome->reason;
	texts[4] = outcome->error;
	/* a worker may know still what the database has forgotten */
	if (facts->contact_erased)
	{
		texts[0] = texts[1] = texts[2] = texts[4] = NULL;
		if (texts[3] && texts[3][strspn(texts[3], "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
			texts[3] = NULL;
	}
	for (int i = 0; i < (int) lengthof(texts); i++)
	{
		values[15 + i] = texts[i] ? CStringGetTextDatum(texts[i]) : (Datum) 0;
		nulls[15 + i] = texts[i] ? ' ' : 'n';
	}
	values[20] = outcome->metadata;
	nulls[20] = outcome->has_metadata && !facts->contact_erased ? ' ' : 'n';
	values[21] = UUIDPGetDatum(&row->key.enrollment);
	if (StatementRun(&insert_log, values, nulls) != 1)
		elog(ERROR, "enrolment of a queued touch is gone");
}

/* What the log has of the enrolment of a key, about one of its touches. */
void
StorageHistory(const TouchKey *key, int touch_number, TouchHistory *history)
{
	Datum		values[3];
	bool		isnull;

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

/* The id of a worker, which is made known by its first claim and seen at the later ones. */
int64
StorageWorker(const char *name)
{
	Datum		values[2];
	bool		isnull;
	int64		id;

	values[0] = CStringGetTextDatum(name);
	values[1] = TimestampTzGetDatum(GetCurrentTimestamp());
	StatementRun(&add_worker, values, NULL);
	StatementRun(&see_worker, values, NULL);
	StatementRun(&find_worker, values, NULL);
	id = DatumGetInt64(StatementValue(0, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return id;
}

static void
key_values(const TouchKey *key, Datum *values)
{
	values[0] = UUIDPGetDatum(&key->tenant);
	values[1] = Int32GetDatum(key->lane);
	values[2] = TimestampTzGetDatum(key->due_at);
	values[3] = UUIDPGetDatum(&key->enrollment);
}

static bool
get_row(Statement *statement, Datum *values, TouchRow *row)
{
	bool		found = StatementRun(statement, values, NULL) == 1 && read_row(row);

	SPI_freetuptable(SPI_tuptable);
	return found;
}

/* The first row of the result, whose columns are ROW_COLUMNS and never NULL. */
static bool
read_row(TouchRow *row)
{
	HeapTuple	tuple = SPI_tuptable->vals[0];
	Datum		values[15];
	bool		nulls[15];

	heap_deform_tuple(tuple, SPI_tuptable->tupdesc, values, nulls);
	memset(row, 0, sizeof(*row));
	row->key.tenant = *DatumGetUUIDP(values[0]);
	row->key.enrollment = *DatumGetUUIDP(values[1]);
	row->key.due_at = DatumGetTimestampTz(values[2]);
	row->key.lane = DatumGetInt32(values[3]);
	row->scheduled_at = DatumGetTimestampTz(values[4]);
	row->lease_until = DatumGetTimestampTz(values[5]);
	row->claimed_at = DatumGetTimestampTz(values[6]);
	row->fence = DatumGetInt64(values[7]);
	row->worker_id = DatumGetInt64(values[8]);
	row->touch_number = DatumGetInt16(values[9]);
	row->attempt = DatumGetInt16(values[10]);
	row->attempt_base = DatumGetInt16(values[11]);
	row->resume_touch = DatumGetInt16(values[12]);
	row->flags = DatumGetInt16(values[13]);
	row->rescheduled = DatumGetBool(values[14]);
	return true;
}
