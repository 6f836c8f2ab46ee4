/*
 * bulk_enrollment.c
 *		Many contacts in one call: their ids, their locks, and the rows that
 *		they get, of enrolments, assignments, tags and overlaps, straight on
 *		tables and indexes.
 *
 * Who may be enrolled is asked in SQL (enrollments.sql, bulk_enrollment.sql).  What is done
 * here for each of a million is what the executor would do for them: read by
 * key, lock the latest version, write rows page by page, insert into every
 * index.  It fires no triggers, so it refuses tables with others than the
 * extension's own, those of foreign keys and deferrable constraints among them,
 * and with columns that it does not know: the SQL function then writes the same
 * rows by INSERT.  The extension's foreign keys stand on what the caller has
 * locked: tenant, campaign, contacts and job.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/qunique.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "campaign.h"
#include "compat.h"
#include "core/ids.h"
#include "core/table_strangers.h"
#include "outreach/low_water.h"
#include "outreach/touch_tables.h"

/* Rows that are written to a table together. */
#define ROWS_AT_ONCE	500

/* Contacts that are passed over before the index is asked for the next one anew. */
#define CONTACTS_PASSED	32

/* A column of the rows that are written: the same in all of them, or from ids. */
typedef struct BulkColumn
{
	const char *name;
	Datum		value;
	bool		isnull;
	const pg_uuid_t *ids;
} BulkColumn;

/* A table that is written to. */
typedef struct BulkTable
{
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *info;
	bool		has_other_checks;	/* than the extension's own */
	Datum	   *values;			/* of any row, by attribute */
	bool	   *isnull;
	const pg_uuid_t **ids;
	int			nslots;
	TupleTableSlot *slots[ROWS_AT_ONCE];
} BulkTable;

/* Contacts that are looked up in the order of their ids. */
typedef struct ContactScan
{
	Relation	rel;
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *found;
	TupleTableSlot *locked;
	Datum		tenant;
	int			id_attnum;
	int			archived_attnum;
	bool		has_entry;		/* the index stands at entry */
	pg_uuid_t	entry;
} ContactScan;

/* What the extension itself has put on these tables. */
static const TableOwn enrollments_own = {
	{"life_cycle"},
	{"campaign_enrollments_tenant_fkey", "campaign_enrollments_campaign_fkey",
	"campaign_enrollments_contact_fkey", "campaign_enrollments_job_fkey"}
};
static const TableOwn campaign_contacts_own = {
	{"life_cycle"},
	{"campaign_contacts_tenant_fkey", "campaign_contacts_campaign_fkey", "campaign_contacts_contact_fkey"}
};
static const TableOwn tags_own = {
	{NULL}, {"contact_tags_tenant_fkey", "contact_tags_contact_fkey"}
};
static const TableOwn overlaps_own = {
	{NULL},
	{"overlap_log_tenant_fkey", "overlap_log_campaign_fkey", "overlap_log_other_campaign_fkey",
	"overlap_log_contact_fkey"}
};

/* What the rows written here are known to pass. */
static const char *const own_checks[] = {
	"campaign_enrollments_stop_reason_check",
	"campaign_enrollments_stopped_check",
	"campaign_enrollments_completed_check",
	"touch_queue_touch_number_check",
	"touch_queue_flags_check"
};

static int	compare_ids(const void *a, const void *b);
static void begin_contact_scan(ContactScan *contacts, Datum tenant);
static void end_contact_scan(ContactScan *contacts);
static bool find_contact(ContactScan *contacts, const pg_uuid_t *id);
static bool next_entry(ContactScan *contacts);
static bool lock_contact(ContactScan *contacts, const pg_uuid_t *id, bool *archived);
static bool insert_enrollments(FunctionCallInfo fcinfo);
static bool insert_overlaps(FunctionCallInfo fcinfo);
static bool insert_rows(const char *name, const TableOwn *own, const BulkColumn *columns, int ncolumns, int nrows);
static Relation open_table(const char *name, LOCKMODE lockmode);
static int	column_number(Relation rel, const char *name);
static bool open_bulk_table(BulkTable *table, const char *name, const TableOwn *own, const BulkColumn *columns,
							int ncolumns, int nrows);
static bool is_plain_table(Relation rel, const TableOwn *own);
static bool has_other_checks(Relation rel);
static void close_bulk_table(BulkTable *table);
static void write_rows(BulkTable *table, int nrows);
static void fill_slots(BulkTable *table, int first, int n);

PG_FUNCTION_INFO_V1(campaign_distinct_ids);

/* Ids in order, each once, and how many were given, NULLs not counted. */
Datum
campaign_distinct_ids(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Datum		results[2];
	bool		nulls[2] = {false, false};
	Datum	   *values;
	bool	   *isnull;
	int			nvalues;
	pg_uuid_t  *ids;
	int			given = 0;
	int			n;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR,
					  &values, &isnull, &nvalues);
	ids = palloc(mul_size(sizeof(pg_uuid_t), Max(nvalues, 1)));
	for (int i = 0; i < nvalues; i++)
		if (!isnull[i])
			ids[given++] = *DatumGetUUIDP(values[i]);
	qsort(ids, given, sizeof(pg_uuid_t), compare_ids);
	n = (int) qunique(ids, given, sizeof(pg_uuid_t), compare_ids);
	results[0] = PointerGetDatum(UuidArrayMake(ids, n));
	results[1] = Int64GetDatum(given);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), results, nulls)));
}

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN);
}

PG_FUNCTION_INFO_V1(campaign_lock_contacts);

/*
 * Locks contacts FOR NO KEY UPDATE in the given order, which is that of their
 * ids, as SELECT ... FOR NO KEY UPDATE does: the latest version is locked, and
 * what it says counts.
 */
Datum
campaign_lock_contacts(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Datum		results[2];
	bool		nulls[2] = {false, false};
	ContactScan contacts;
	const pg_uuid_t *ids;
	pg_uuid_t  *present;
	int			nids;
	int			npresent = 0;
	int64		narchived = 0;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	ids = UuidArrayIds(PG_GETARG_ARRAYTYPE_P(1), &nids);
	present = palloc(mul_size(sizeof(pg_uuid_t), Max(nids, 1)));
	begin_contact_scan(&contacts, PG_GETARG_DATUM(0));
	for (int i = 0; i < nids; i++)
	{
		bool		archived;

		CHECK_FOR_INTERRUPTS();
		if (!find_contact(&contacts, &ids[i]) || !lock_contact(&contacts, &ids[i], &archived))
			continue;
		if (archived)
			narchived++;
		else
			present[npresent++] = ids[i];
	}
	end_contact_scan(&contacts);
	results[0] = PointerGetDatum(UuidArrayMake(present, npresent));
	results[1] = Int64GetDatum(narchived);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), results, nulls)));
}

static void
begin_contact_scan(ContactScan *contacts, Datum tenant)
{
	Oid			schema = get_namespace_oid(CAMPAIGN_SCHEMA, false);

	contacts->rel = open_table("contacts", RowShareLock);
	contacts->index = index_open(get_relname_relid("contacts_pkey", schema), RowShareLock);
	contacts->scan = campaign_index_beginscan_compat(contacts->rel, contacts->index,
													 GetActiveSnapshot(), 2);
	contacts->scan->xs_want_itup = true;
	contacts->found = table_slot_create(contacts->rel, NULL);
	contacts->locked = table_slot_create(contacts->rel, NULL);
	contacts->tenant = tenant;
	contacts->id_attnum = column_number(contacts->rel, "id");
	contacts->archived_attnum = column_number(contacts->rel, "archived_at");
	contacts->has_entry = false;
}

static void
end_contact_scan(ContactScan *contacts)
{
	ExecDropSingleTupleTableSlot(contacts->found);
	ExecDropSingleTupleTableSlot(contacts->locked);
	index_endscan(contacts->scan);
	index_close(contacts->index, NoLock);
	table_close(contacts->rel, NoLock);
}

/*
 * Is there a visible contact of this id?  It is in contacts->found then.  Goes
 * on from where the index stands if that is near, which it is for most of many.
 */
static bool
find_contact(ContactScan *contacts, const pg_uuid_t *id)
{
	int			passed = 0;

	while (contacts->has_entry && compare_ids(&contacts->entry, id) < 0 && passed++ < CONTACTS_PASSED)
		next_entry(contacts);
	if (!contacts->has_entry || compare_ids(&contacts->entry, id) < 0)
	{
		ScanKeyData keys[2];

		ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_UUID_EQ, contacts->tenant);
		ScanKeyInit(&keys[1], 2, BTGreaterEqualStrategyNumber, F_UUID_GE, UUIDPGetDatum(id));
		index_rescan(contacts->scan, keys, 2, NULL, 0);
		next_entry(contacts);
	}
	/* several entries may be versions of one contact: one of them is visible */
	while (contacts->has_entry && compare_ids(&contacts->entry, id) == 0)
	{
		if (index_fetch_heap(contacts->scan, contacts->found))
			return true;
		next_entry(contacts);
	}
	return false;
}

/* Moves the index to its next entry; false, and has_entry false, behind the last. */
static bool
next_entry(ContactScan *contacts)
{
	contacts->has_entry = index_getnext_tid(contacts->scan, ForwardScanDirection) != NULL;
	if (contacts->has_entry)
	{
		bool		isnull;

		contacts->entry = *DatumGetUUIDP(index_getattr(contacts->scan->xs_itup, 2,
													   contacts->scan->xs_itupdesc, &isnull));
	}
	return contacts->has_entry;
}

/*
 * Lock the contact that was found, waiting for whoever has it: false if it is
 * gone, or another one, by then.
 */
static bool
lock_contact(ContactScan *contacts, const pg_uuid_t *id, bool *archived)
{
	TM_FailureData failure;
	TM_Result	result;
	bool		isnull;

	result = table_tuple_lock(contacts->rel, &contacts->found->tts_tid, GetActiveSnapshot(),
							  contacts->locked, GetCurrentCommandId(true),
							  LockTupleNoKeyExclusive, LockWaitBlock,
							  TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS | TUPLE_LOCK_FLAG_FIND_LAST_VERSION,
							  &failure);
	/* changed by the command that calls us: passed over, as by the executor */
	if (result == TM_SelfModified || result == TM_Deleted)
		return false;
	if (result != TM_Ok)
		elog(ERROR, "could not lock a row of contacts: %d", (int) result);
	if (failure.traversed &&
		(!DatumGetBool(DirectFunctionCall2(uuid_eq, contacts->tenant,
										   slot_getattr(contacts->locked, column_number(contacts->rel, "tenant_id"), &isnull))) ||
		 compare_ids(DatumGetUUIDP(slot_getattr(contacts->locked, contacts->id_attnum, &isnull)), id) != 0))
		return false;
	slot_getattr(contacts->locked, contacts->archived_attnum, &isnull);
	*archived = !isnull;
	return true;
}

PG_FUNCTION_INFO_V1(campaign_insert_enrollment_rows);

/*
 * The rows of campaign_enrollments and touch_queue.  False, having written
 * nothing, if INSERT is to write them: a table is not as the extension has made
 * it, a value is missing and INSERT says which, or the transaction has a
 * snapshot that may not show who is enrolled.
 */
Datum
campaign_insert_enrollment_rows(PG_FUNCTION_ARGS)
{
	bool		written = !IsolationUsesXactSnapshot();

	/* without a job is no fault */
	for (int i = 0; i < PG_NARGS() - 1; i++)
		written = written && !PG_ARGISNULL(i);
	PG_RETURN_BOOL(written && insert_enrollments(fcinfo));
}

static bool
insert_enrollments(FunctionCallInfo fcinfo)
{
	int			nids;
	int			ncontacts;
	const pg_uuid_t *contacts = UuidArrayIds(PG_GETARG_ARRAYTYPE_P(2), &ncontacts);
	const pg_uuid_t *ids = UuidArrayIds(PG_GETARG_ARRAYTYPE_P(3), &nids);
	const BulkColumn enrollment[] = {
		{"tenant_id", PG_GETARG_DATUM(0)},
		{"id", 0, false, ids},
		{"campaign_id", PG_GETARG_DATUM(1)},
		{"contact_id", 0, false, contacts},
		{"job_id", PG_ARGISNULL(12) ? 0 : PG_GETARG_DATUM(12), PG_ARGISNULL(12)},
		{"plan_version", PG_GETARG_DATUM(4)},
		{"status", CStringGetTextDatum("active")},
		{"stop_reason", 0, true},
		{"anchor_at", PG_GETARG_DATUM(5)},
		{"first_scheduled_at", PG_GETARG_DATUM(6)},
		{"enrolled_at", PG_GETARG_DATUM(7)},
		{"completed_at", 0, true},
		{"stopped_at", 0, true},
		{"exclusive", PG_GETARG_DATUM(8)},
		{"base_shift", PG_GETARG_DATUM(9)},
		{"log_removed_at", 0, true}
	};
	const BulkColumn touch[] = {
		{"tenant_id", PG_GETARG_DATUM(0)},
		{"enrollment_id", 0, false, ids},
		{"due_at", PG_GETARG_DATUM(11)},
		{"scheduled_at", PG_GETARG_DATUM(6)},
		{"lease_until", TimestampTzGetDatum(DT_NOBEGIN)},
		{"claimed_at", TimestampTzGetDatum(DT_NOBEGIN)},
		{"fence", Int64GetDatum(0)},
		{"worker_id", Int64GetDatum(0)},
		{"lane", PG_GETARG_DATUM(10)},
		{"touch_number", Int16GetDatum(1)},
		{"attempt", Int16GetDatum(0)},
		{"attempt_base", Int16GetDatum(0)},
		{"resume_touch", Int16GetDatum(0)},
		{"flags", Int16GetDatum(0)},
		{"rescheduled", BoolGetDatum(false)}
	};
	BulkTable	enrollments;
	BulkTable	queue;
	bool		plain;

	if (ncontacts != nids)
		elog(ERROR, "%d contacts have %d ids of enrolments", ncontacts, nids);
	plain = open_bulk_table(&enrollments, "campaign_enrollments", &enrollments_own, enrollment,
							lengthof(enrollment), nids);
	plain = open_bulk_table(&queue, "touch_queue", &TouchQueue.own, touch, lengthof(touch), nids) && plain;
	if (plain && nids > 0)
	{
		write_rows(&enrollments, nids);
		write_rows(&queue, nids);
		/* in the place of the table's trigger */
		LowWaterLower(PG_GETARG_UUID_P(0), PG_GETARG_INT32(10), PG_GETARG_TIMESTAMPTZ(11));
		CommandCounterIncrement();
	}
	close_bulk_table(&queue);
	close_bulk_table(&enrollments);
	return plain;
}

PG_FUNCTION_INFO_V1(campaign_insert_campaign_contact_rows);

/* The rows of campaign_contacts: (tenant, campaign, contacts, time). */
Datum
campaign_insert_campaign_contact_rows(PG_FUNCTION_ARGS)
{
	int			ncontacts;
	const pg_uuid_t *contacts = UuidArrayIds(PG_GETARG_ARRAYTYPE_P(2), &ncontacts);
	const BulkColumn columns[] = {
		{"tenant_id", PG_GETARG_DATUM(0)},
		{"campaign_id", PG_GETARG_DATUM(1)},
		{"contact_id", 0, false, contacts},
		{"status", CStringGetTextDatum("pending")},
		{"enrichment_gaps", PointerGetDatum(construct_empty_array(TEXTOID))},
		{"error", 0, true},
		{"added_at", PG_GETARG_DATUM(3)},
		{"generated_at", 0, true},
		{"excluded_at", 0, true},
		{"excluded_reason", 0, true}
	};

	PG_RETURN_BOOL(insert_rows("campaign_contacts", &campaign_contacts_own, columns, lengthof(columns), ncontacts));
}

PG_FUNCTION_INFO_V1(campaign_insert_contact_tag_rows);

/* The rows of contact_tags for one tag: (tenant, contacts, tag, time). */
Datum
campaign_insert_contact_tag_rows(PG_FUNCTION_ARGS)
{
	int			ncontacts;
	const pg_uuid_t *contacts = UuidArrayIds(PG_GETARG_ARRAYTYPE_P(1), &ncontacts);
	const BulkColumn columns[] = {
		{"tenant_id", PG_GETARG_DATUM(0)},
		{"contact_id", 0, false, contacts},
		{"tag", PG_GETARG_DATUM(2)},
		{"at", PG_GETARG_DATUM(3)}
	};

	PG_RETURN_BOOL(insert_rows("contact_tags", &tags_own, columns, lengthof(columns), ncontacts));
}

PG_FUNCTION_INFO_V1(campaign_insert_overlap_rows);

/*
 * The rows of overlap_log that differ in nothing but their ids and contacts:
 * (tenant, ids, campaign, contacts, kind, other campaign, channel, severity,
 * outcome, time), of which other campaign and channel may be NULL.  Where
 * another is, INSERT says which.
 */
Datum
campaign_insert_overlap_rows(PG_FUNCTION_ARGS)
{
	for (int i = 0; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i) && i != 5 && i != 6)
			PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(insert_overlaps(fcinfo));
}

static bool
insert_overlaps(FunctionCallInfo fcinfo)
{
	int			nids;
	int			ncontacts;
	const pg_uuid_t *ids = UuidArrayIds(PG_GETARG_ARRAYTYPE_P(1), &nids);
	const pg_uuid_t *contacts = UuidArrayIds(PG_GETARG_ARRAYTYPE_P(3), &ncontacts);
	const BulkColumn columns[] = {
		{"tenant_id", PG_GETARG_DATUM(0)},
		{"id", 0, false, ids},
		{"campaign_id", PG_GETARG_DATUM(2)},
		{"contact_id", 0, false, contacts},
		{"kind", PG_GETARG_DATUM(4)},
		{"other_campaign_id", PG_GETARG_DATUM(5), PG_ARGISNULL(5)},
		{"channel", PG_GETARG_DATUM(6), PG_ARGISNULL(6)},
		{"severity", PG_GETARG_DATUM(7)},
		{"outcome", PG_GETARG_DATUM(8)},
		{"at", PG_GETARG_DATUM(9)}
	};

	if (ncontacts != nids)
		elog(ERROR, "%d contacts have %d ids of overlaps", ncontacts, nids);
	return insert_rows("overlap_log", &overlaps_own, columns, lengthof(columns), nids);
}

/* False, and nothing written, if INSERT is to write the rows. */
static bool
insert_rows(const char *name, const TableOwn *own, const BulkColumn *columns, int ncolumns, int nrows)
{
	BulkTable	table;
	bool		plain = open_bulk_table(&table, name, own, columns, ncolumns, nrows);

	if (plain && nrows > 0)
	{
		write_rows(&table, nrows);
		CommandCounterIncrement();
	}
	close_bulk_table(&table);
	return plain;
}

static Relation
open_table(const char *name, LOCKMODE lockmode)
{
	Oid			relid = get_relname_relid(name, get_namespace_oid(CAMPAIGN_SCHEMA, false));

	if (!OidIsValid(relid))
		elog(ERROR, "table campaign.%s is missing", name);
	return table_open(relid, lockmode);
}

static int
column_number(Relation rel, const char *name)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), name);

	if (attnum <= 0)
		elog(ERROR, "column \"%s\" of table campaign.%s is missing", name, RelationGetRelationName(rel));
	return attnum;
}

/* False if rows are to be written by INSERT; closed in either case. */
static bool
open_bulk_table(BulkTable *table, const char *name, const TableOwn *own, const BulkColumn *columns, int ncolumns,
				int nrows)
{
	TupleDesc	tupdesc;
	bool		misses_value = false;
	int			nattrs = 0;

	memset(table, 0, sizeof(BulkTable));
	table->rel = open_table(name, RowExclusiveLock);
	tupdesc = RelationGetDescr(table->rel);
	table->values = palloc0(sizeof(Datum) * tupdesc->natts);
	table->isnull = palloc0(sizeof(bool) * tupdesc->natts);
	table->ids = palloc0(sizeof(pg_uuid_t *) * tupdesc->natts);
	for (int i = 0; i < ncolumns; i++)
	{
		int			attnum = column_number(table->rel, columns[i].name);

		table->values[attnum - 1] = columns[i].value;
		table->isnull[attnum - 1] = columns[i].isnull;
		table->ids[attnum - 1] = columns[i].ids;
	}
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);

		if (attribute->attisdropped)
			table->isnull[i] = true;
		else
			nattrs++;
		misses_value = misses_value || (attribute->attnotnull && table->isnull[i] && !attribute->attisdropped);
	}
	if (nattrs != ncolumns || misses_value || !is_plain_table(table->rel, own))
		return false;
	table->has_other_checks = has_other_checks(table->rel);
	table->estate = CreateExecutorState();
	table->info = makeNode(ResultRelInfo);
	InitResultRelInfo(table->info, table->rel, 0, NULL, 0);
	ExecOpenIndices(table->info, false);
	table->nslots = Min(nrows, ROWS_AT_ONCE);
	for (int i = 0; i < table->nslots; i++)
		table->slots[i] = table_slot_create(table->rel, NULL);
	return true;
}

/* Nothing happens to a new row but what the extension knows of. */
static bool
is_plain_table(Relation rel, const TableOwn *own)
{
	if (rel->rd_rel->relkind != RELKIND_RELATION || rel->rd_rules != NULL)
		return false;
	return TableStranger(rel, own, TRIGGER_TYPE_INSERT) == NULL;
}

/*
 * What is written here passes the extension's own checks, and reading them
 * would take a sixth of a single enrolment: other people's are asked.
 */
static bool
has_other_checks(Relation rel)
{
	TupleConstr *constr = RelationGetDescr(rel)->constr;

	for (int i = 0; constr != NULL && i < constr->num_check; i++)
	{
		bool		is_own = false;

		for (int n = 0; n < lengthof(own_checks); n++)
			is_own = is_own || strcmp(constr->check[i].ccname, own_checks[n]) == 0;
		if (!is_own)
			return true;
	}
	return false;
}

/* Locks stay until the end of the transaction. */
static void
close_bulk_table(BulkTable *table)
{
	if (table->estate != NULL)
	{
		for (int i = 0; i < table->nslots; i++)
			ExecDropSingleTupleTableSlot(table->slots[i]);
		ExecCloseIndices(table->info);
		FreeExecutorState(table->estate);
	}
	table_close(table->rel, NoLock);
}

static void
write_rows(BulkTable *table, int nrows)
{
	CommandId	command = GetCurrentCommandId(true);
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "campaign bulk insert",
											   ALLOCSET_DEFAULT_SIZES);

	for (int first = 0; first < nrows; first += ROWS_AT_ONCE)
	{
		int			n = Min(ROWS_AT_ONCE, nrows - first);
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		fill_slots(table, first, n);
		for (int i = 0; i < n && table->has_other_checks; i++)
			ExecConstraints(table->info, table->slots[i], table->estate);
		old = MemoryContextSwitchTo(work);
		table_multi_insert(table->rel, table->slots, n, command, 0, NULL);
		MemoryContextSwitchTo(old);
		for (int i = 0; i < n; i++)
		{
			ResetPerTupleExprContext(table->estate);
			campaign_insert_index_tuples_compat(table->info, table->slots[i], table->estate, false, false);
		}
		MemoryContextReset(work);
	}
	MemoryContextDelete(work);
}

static void
fill_slots(BulkTable *table, int first, int n)
{
	int			natts = RelationGetDescr(table->rel)->natts;

	for (int i = 0; i < n; i++)
	{
		TupleTableSlot *slot = table->slots[i];

		ExecClearTuple(slot);
		memcpy(slot->tts_values, table->values, sizeof(Datum) * natts);
		memcpy(slot->tts_isnull, table->isnull, sizeof(bool) * natts);
		for (int a = 0; a < natts; a++)
			if (table->ids[a] != NULL)
				slot->tts_values[a] = UUIDPGetDatum(&table->ids[a][first + i]);
		ExecStoreVirtualTuple(slot);
	}
}
