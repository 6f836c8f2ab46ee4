/*
 * table_access.c
 *		Rows of the extension's own tables, read and written by the table and
 *		index access methods instead of SQL.
 *
 * A search costs a descent of the index and no more: relations, scans, slots
 * and search keys are made once a set, names and numbers once a backend.  A row
 * that is looked for by all of a unique key is looked for first where the
 * backend met it last, as a worker does who reports what he has claimed: the
 * row itself tells whether it is the one, and if not, the index does.
 *
 * Every write ends with CommandCounterIncrement(), so that the same row can be
 * written again and SQL sees it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/nbtree.h"
#include "access/relscan.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/spccache.h"

#include "campaign.h"
#include "compat.h"
#include "core/index_entries.h"
#include "core/row_checks.h"
#include "core/table_access.h"

/* Rows that are inserted together: what fits on a few pages. */
#define MAX_PENDING 100

/* Tables that one call has open. */
#define MAX_TABLES 16

/* Rows whose places a backend remembers: three of each touch of a large batch, in 256 kB. */
#define REMEMBERED_PLACES 16384

/* Longest value of a key whose places are remembered. */
#define MAX_KEY_BYTES 16

/* An index of a shape. */
typedef struct IndexFound
{
	Oid			relid;
	ScanKeyData keys[CAMPAIGN_TABLE_KEYS];	/* without their arguments */
	bool		finds_one;		/* by all columns of a unique key of fixed length */
	AttrNumber	columns[CAMPAIGN_TABLE_KEYS];	/* of the table: what the keys are compared to */
	int16		lengths[CAMPAIGN_TABLE_KEYS];	/* 0: the value is in its Datum */
} IndexFound;

/* What a shape's names stand for; dropped when one of the relations changes. */
typedef struct TableFound
{
	bool		valid;
	Oid			relid;
	AttrNumber	columns[CAMPAIGN_TABLE_COLUMNS];
	IndexFound	indexes[CAMPAIGN_TABLE_INDEXES];
	RowChecks  *checks;			/* of what is written; outlives changes that do not concern it */
	struct TableFound *next;
} TableFound;

/* Where a row with these keys was, by the hash of index and keys. */
typedef struct RowPlace
{
	uint64		hash;
	ItemPointerData tid;
} RowPlace;

struct TableAccess
{
	TableSet   *set;
	TableShape *shape;
	AttrNumber	columns[CAMPAIGN_TABLE_COLUMNS];
	Relation	rel;
	Relation	indexes[CAMPAIGN_TABLE_INDEXES];
	IndexScanDesc scans[CAMPAIGN_TABLE_INDEXES];
	IndexScanDesc scan;			/* the one at work */
	ScanDirection direction;
	TupleTableSlot *slot;		/* the table's row */
	BlockNumber blocks;			/* that there were, and are as long as it is open; 0: not asked */
	bool		may_change;		/* rows, too: nobody refers to them */
	/* to write; made by the first write */
	EState	   *estate;
	ResultRelInfo *target;
	TupleTableSlot *new_slot;
	TupleTableSlot *pending[MAX_PENDING];
	int			npending;
	int			npending_slots;
};

struct TableSet
{
	MemoryContext context;
	Snapshot	snapshot;
	uint64		epoch;
	TableAccess *tables[MAX_TABLES];
	int			ntables;
};

static TableFound *all_found = NULL;
static RowPlace *remembered = NULL;

/* Grows with each change of a relation, and with each snapshot of any set. */
static uint64 changes = 0;
static uint64 last_epoch = 0;

static TableFound *find_out(TableShape *shape);
static void find_index(TableFound *found, const TableShape *shape, int index, Oid schema);
static void refuse_missing(const char *kind, const char *name);
static void forget_found(Datum arg, Oid relid);
static bool finds_one(Relation index, int nkeys);
static bool search(TableAccess *table, int index, const Datum *keys, ScanDirection direction);
static void start_scan(TableAccess *table, int index, const Datum *keys);
static bool find_remembered(TableAccess *table, int index, const Datum *keys, RowPlace *place, uint64 hash);
static bool is_large(Relation rel, BlockNumber blocks);
static BlockNumber blocks_of(TableAccess *table);
static RowPlace *remembered_place(const IndexFound *index, int nkeys, const Datum *keys, uint64 *hash);
static void remember(RowPlace *place, uint64 hash, const ItemPointerData *tid);
static void remember_written(const TableAccess *table);
static IndexScanDesc begin_scan(TableAccess *table, int index);
static void prepare_writes(TableAccess *table);
static void prepare_changes(TableAccess *table);
static void finish_update(TableAccess *table, ItemPointer place, bool needs_entries, bool only_summarizing);
static Oid	identity_of(const TableAccess *table);
static void fill_slot(const TableAccess *table, TupleTableSlot *slot, const Datum *values, const bool *nulls);
static void close_table(TableAccess *table);

TableSet *
TableSetBegin(MemoryContext context)
{
	MemoryContext own = AllocSetContextCreate(context, "campaign tables", ALLOCSET_DEFAULT_SIZES);
	TableSet   *set = MemoryContextAllocZero(own, sizeof(TableSet));

	set->context = own;
	return set;
}

void
TableSetEnd(TableSet *set)
{
	for (int i = 0; i < set->ntables; i++)
		TableFlush(set->tables[i]);
	for (int i = 0; i < set->ntables; i++)
		close_table(set->tables[i]);
	if (set->snapshot)
		UnregisterSnapshot(set->snapshot);
	MemoryContextDelete(set->context);
}

void
TableSetRefresh(TableSet *set)
{
	MemoryContext old = MemoryContextSwitchTo(set->context);

	for (int i = 0; i < set->ntables; i++)
		TableForget(set->tables[i]);
	if (set->snapshot)
		UnregisterSnapshot(set->snapshot);
	/* what SQL has written through SPI is not seen before */
	CommandCounterIncrement();
	set->snapshot = RegisterSnapshot(IsolationUsesXactSnapshot() ? GetTransactionSnapshot() : GetLatestSnapshot());
	set->epoch = ++last_epoch;
	MemoryContextSwitchTo(old);
}

uint64
TableSetEpoch(const TableSet *set)
{
	return set->epoch;
}

TableAccess *
TableOpen(TableSet *set, TableShape *shape, bool writes)
{
	TableFound *found;
	TableAccess *table;
	MemoryContext old;

	for (int i = 0; i < set->ntables; i++)
	{
		if (set->tables[i]->shape == shape)
			return set->tables[i];
	}
	if (set->ntables == MAX_TABLES)
		elog(ERROR, "more than %d tables in a set", MAX_TABLES);

	found = find_out(shape);
	old = MemoryContextSwitchTo(set->context);
	table = palloc0(sizeof(TableAccess));
	table->set = set;
	table->shape = shape;
	/* a standby has no lock for writers; who would write there is refused when he does */
	table->rel = table_open(found->relid, writes && !XactReadOnly ? RowExclusiveLock : AccessShareLock);
	if (!found->valid)
		found = find_out(shape);	/* it changed while its lock was waited for */
	memcpy(table->columns, found->columns, sizeof(table->columns));
	table->slot = table_slot_create(table->rel, NULL);
	set->tables[set->ntables++] = table;
	MemoryContextSwitchTo(old);
	return table;
}

/* What the shape's names stand for now. */
static TableFound *
find_out(TableShape *shape)
{
	Oid			schema;
	uint64		before;

	if (shape->found == NULL)
	{
		if (all_found == NULL)
			CacheRegisterRelcacheCallback(forget_found, (Datum) 0);
		shape->found = MemoryContextAllocZero(TopMemoryContext, sizeof(TableFound));
		shape->found->next = all_found;
		all_found = shape->found;
	}
	if (shape->found->valid)
		return shape->found;

	before = changes;
	schema = get_namespace_oid(CAMPAIGN_SCHEMA, false);
	shape->found->relid = get_relname_relid(shape->name, schema);
	if (!OidIsValid(shape->found->relid))
		refuse_missing("table", shape->name);
	for (int i = 0; shape->columns[i]; i++)
	{
		shape->found->columns[i] = get_attnum(shape->found->relid, shape->columns[i]);
		if (shape->found->columns[i] == InvalidAttrNumber)
			refuse_missing("column", shape->columns[i]);
	}
	for (int i = 0; shape->indexes[i].name; i++)
		find_index(shape->found, shape, i, schema);
	/* else it is found out again the next time */
	shape->found->valid = before == changes;
	return shape->found;
}

static void
find_index(TableFound *found, const TableShape *shape, int index, Oid schema)
{
	const TableIndex *wanted = &shape->indexes[index];
	IndexFound *entry = &found->indexes[index];
	Relation	rel;

	entry->relid = get_relname_relid(wanted->name, schema);
	if (!OidIsValid(entry->relid))
		refuse_missing("index", wanted->name);
	rel = index_open(entry->relid, AccessShareLock);
	entry->finds_one = finds_one(rel, wanted->nkeys);
	for (int i = 0; i < wanted->nkeys; i++)
	{
		Oid			operator = get_opfamily_member(rel->rd_opfamily[i], rel->rd_opcintype[i],
												   rel->rd_opcintype[i], BTEqualStrategyNumber);
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		ScanKeyEntryInitialize(&entry->keys[i], 0, i + 1, BTEqualStrategyNumber, InvalidOid,
							   rel->rd_indcollation[i], get_opcode(operator), (Datum) 0);
		MemoryContextSwitchTo(old);
		entry->columns[i] = rel->rd_index->indkey.values[i];
		entry->lengths[i] = TupleDescAttr(RelationGetDescr(rel), i)->attbyval ? 0 :
			TupleDescAttr(RelationGetDescr(rel), i)->attlen;
	}
	index_close(rel, NoLock);
}

/* Does a search by so many keys find one row at most, whatever its other columns are? */
static bool
finds_one(Relation index, int nkeys)
{
	if (!index->rd_index->indisunique || !index->rd_index->indimmediate || !index->rd_index->indisvalid ||
		nkeys != IndexRelationGetNumberOfKeyAttributes(index) || RelationGetIndexPredicate(index) != NIL)
		return false;
	for (int i = 0; i < nkeys; i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(index), i);

		if (index->rd_index->indkey.values[i] == InvalidAttrNumber ||
			!(column->attbyval || (column->attlen > 0 && column->attlen <= MAX_KEY_BYTES)))
			return false;
	}
	return true;
}

static void
refuse_missing(const char *kind, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("%s \"%s\" of the schema \"%s\" is missing", kind, name, CAMPAIGN_SCHEMA),
			 errdetail("The library is newer than the extension's objects, or somebody has dropped or renamed it."),
			 errhint("Run ALTER EXTENSION campaign UPDATE.")));
}

static void
forget_found(Datum arg, Oid relid)
{
	changes++;
	for (TableFound *found = all_found; found; found = found->next)
	{
		if (relid == InvalidOid || relid == found->relid)
			found->valid = false;
		for (int i = 0; i < CAMPAIGN_TABLE_INDEXES && relid != InvalidOid; i++)
		{
			if (relid == found->indexes[i].relid)
				found->valid = false;
		}
	}
}

bool
TableFind(TableAccess *table, int index, const Datum *keys)
{
	return search(table, index, keys, ForwardScanDirection);
}

bool
TableFindLast(TableAccess *table, int index, const Datum *keys)
{
	return search(table, index, keys, BackwardScanDirection);
}

static bool
search(TableAccess *table, int index, const Datum *keys, ScanDirection direction)
{
	const IndexFound *found = &table->shape->found->indexes[index];
	int			nkeys = table->shape->indexes[index].nkeys;
	RowPlace   *place = NULL;
	uint64		hash = 0;

	if (table->set->snapshot == NULL)
		TableSetRefresh(table->set);
	TableForget(table);
	if (found->finds_one)
	{
		place = remembered_place(found, nkeys, keys, &hash);
		if (find_remembered(table, index, keys, place, hash))
			return true;
	}
	start_scan(table, index, keys);
	table->direction = direction;
	if (!TableNext(table))
		return false;
	if (place)
		remember(place, hash, &table->slot->tts_tid);
	return true;
}

/* The scan of an index is at work, before the first row with the keys. */
static void
start_scan(TableAccess *table, int index, const Datum *keys)
{
	ScanKeyData wanted[CAMPAIGN_TABLE_KEYS];
	int			nkeys = table->shape->indexes[index].nkeys;

	if (table->scans[index] == NULL)
		table->scans[index] = begin_scan(table, index);
	table->scan = table->scans[index];
	/* a scan keeps nothing of its snapshot between two searches */
	table->scan->xs_snapshot = table->set->snapshot;
	memcpy(wanted, table->shape->found->indexes[index].keys, sizeof(ScanKeyData) * nkeys);
	for (int i = 0; i < nkeys; i++)
		wanted[i].sk_argument = keys[i];
	index_rescan(table->scan, wanted, nkeys, NULL, 0);
}

bool
RelationIsLarge(Relation rel)
{
	return is_large(rel, RelationGetNumberOfBlocks(rel));
}

bool
TableIsLarge(TableAccess *table)
{
	return is_large(table->rel, blocks_of(table));
}

/* As the server judges whether a scan of it would drive everything else from the buffers. */
static bool
is_large(Relation rel, BlockNumber blocks)
{
	return blocks > NBuffers / 4 && rel->rd_rel->relam == HEAP_TABLE_AM_OID &&
		get_tablespace_io_concurrency(rel->rd_rel->reltablespace) > 0;
}

void
TableExpect(TableAccess *table, int index, const Datum *keys)
{
	const IndexFound *found = &table->shape->found->indexes[index];
	RowPlace   *place;
	uint64		hash;

	if (!TableIsLarge(table) || !found->finds_one)
		return;
	if (table->set->snapshot == NULL)
		TableSetRefresh(table->set);
	place = remembered_place(found, table->shape->indexes[index].nkeys, keys, &hash);
	if (place->hash != hash)
	{
		ItemPointer tid;
		MemoryContext old;

		TableForget(table);
		start_scan(table, index, keys);
		old = MemoryContextSwitchTo(table->set->context);
		tid = index_getnext_tid(table->scan, ForwardScanDirection);
		MemoryContextSwitchTo(old);
		/* where the search begins, which finds what else there is */
		if (tid)
			remember(place, hash, tid);
		TableForget(table);
	}
	if (place->hash == hash && ItemPointerIsValid(&place->tid))
		PrefetchBuffer(table->rel, MAIN_FORKNUM, ItemPointerGetBlockNumber(&place->tid));
}

/*
 * The row with the keys, if it is where it was: the same version still, and as
 * it was found there or written there.  Another row may be there now, or none.
 */
static bool
find_remembered(TableAccess *table, int index, const Datum *keys, RowPlace *place, uint64 hash)
{
	const IndexFound *found = &table->shape->found->indexes[index];

	if (place->hash != hash || !ItemPointerIsValid(&place->tid) || table->rel->rd_rel->relam != HEAP_TABLE_AM_OID)
		return false;
	if (ItemPointerGetBlockNumber(&place->tid) >= blocks_of(table) || !TableFetch(table, &place->tid))
		return false;
	for (int i = 0; i < table->shape->indexes[index].nkeys; i++)
	{
		const ScanKeyData *key = &found->keys[i];
		bool		isnull;
		Datum		value = slot_getattr(table->slot, found->columns[i], &isnull);

		if (isnull || !DatumGetBool(FunctionCall2Coll((FmgrInfo *) &key->sk_func, key->sk_collation, value, keys[i])))
		{
			TableForget(table);
			return false;
		}
	}
	return true;
}

/* Vacuum takes pages from the end of a table, but not while somebody has it open. */
static BlockNumber
blocks_of(TableAccess *table)
{
	if (table->blocks == 0)
		table->blocks = RelationGetNumberOfBlocks(table->rel);
	return table->blocks;
}

/* Where the place of a row with these keys is kept, which may be that of another. */
static RowPlace *
remembered_place(const IndexFound *index, int nkeys, const Datum *keys, uint64 *hash)
{
	unsigned char bytes[CAMPAIGN_TABLE_KEYS * MAX_KEY_BYTES];
	int			n = 0;

	if (remembered == NULL)
		remembered = MemoryContextAllocZero(TopMemoryContext, sizeof(RowPlace) * REMEMBERED_PLACES);
	for (int i = 0; i < nkeys; i++)
	{
		int			length = index->lengths[i] > 0 ? index->lengths[i] : (int) sizeof(Datum);

		memcpy(bytes + n, index->lengths[i] > 0 ? DatumGetPointer(keys[i]) : (const char *) &keys[i], length);
		n += length;
	}
	*hash = hash_bytes_extended(bytes, n, index->relid);
	return &remembered[*hash % REMEMBERED_PLACES];
}

static void
remember(RowPlace *place, uint64 hash, const ItemPointerData *tid)
{
	place->hash = hash;
	place->tid = *tid;
}

static IndexScanDesc
begin_scan(TableAccess *table, int index)
{
	MemoryContext old = MemoryContextSwitchTo(table->set->context);
	IndexScanDesc scan;

	table->indexes[index] = index_open(find_out(table->shape)->indexes[index].relid, AccessShareLock);
	scan = campaign_index_beginscan_compat(table->rel, table->indexes[index], table->set->snapshot,
										   table->shape->indexes[index].nkeys);
	MemoryContextSwitchTo(old);
	return scan;
}

bool
TableNext(TableAccess *table)
{
	/* a scan keeps what it learns of dead entries in the context that it is asked in */
	MemoryContext old;
	bool		found;

	Assert(table->scan != NULL);
	old = MemoryContextSwitchTo(table->set->context);
	found = index_getnext_slot(table->scan, table->direction, table->slot);

	MemoryContextSwitchTo(old);
	return found;
}

void
TableForget(TableAccess *table)
{
	ExecClearTuple(table->slot);
	if (table->scan)
		index_rescan(table->scan, NULL, table->scan->numberOfKeys, NULL, 0);
	table->scan = NULL;
}

bool
TableLock(TableAccess *table, ItemPointer place, LockTupleMode mode, bool wait)
{
	TM_FailureData failure;
	ItemPointerData tid = *place;
	bool		serializes = IsolationUsesXactSnapshot();

	PreventCommandIfReadOnly("SELECT FOR UPDATE");
	TableForget(table);
	if (table->set->snapshot == NULL)
		TableSetRefresh(table->set);
	/* a version that SQL has just written is one of the latest */
	CommandCounterIncrement();
	switch (table_tuple_lock(table->rel, &tid, table->set->snapshot, table->slot, GetCurrentCommandId(false),
							 mode, wait ? LockWaitBlock : LockWaitSkip,
							 serializes ? 0 : TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure))
	{
		case TM_Ok:
			return true;
		case TM_Updated:
		case TM_Deleted:
			/* as SELECT ... FOR UPDATE says it */
			if (serializes)
				ereport(ERROR,
						(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						 errmsg("could not serialize access due to concurrent update")));
			break;
		default:
			break;
	}
	ExecClearTuple(table->slot);
	return false;
}

bool
TableFetch(TableAccess *table, ItemPointer place)
{
	TableForget(table);
	if (table->set->snapshot == NULL)
		TableSetRefresh(table->set);
	return table_tuple_fetch_row_version(table->rel, place, table->set->snapshot, table->slot);
}

bool
TableIsBusy(TableAccess *table)
{
	TransactionId taker = RowTaker(table->slot);

	return TransactionIdIsValid(taker) && TransactionIdIsInProgress(taker);
}

bool
TableIsMine(TableAccess *table)
{
	HeapTupleHeader header = ExecFetchSlotHeapTuple(table->slot, false, NULL)->t_data;

	if (header->t_infomask & HEAP_XMAX_INVALID)
		return false;
	return (header->t_infomask & HEAP_XMAX_IS_MULTI) || TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetRawXmax(header));
}

TransactionId
RowTaker(TupleTableSlot *slot)
{
	HeapTupleHeader header = ExecFetchSlotHeapTuple(slot, false, NULL)->t_data;
	TransactionId xmax = HeapTupleHeaderGetRawXmax(header);

	if (header->t_infomask & (HEAP_XMAX_INVALID | HEAP_XMAX_IS_MULTI) || TransactionIdIsCurrentTransactionId(xmax))
		return InvalidTransactionId;
	return xmax;
}

Datum
TableDatum(TableAccess *table, int column, bool *isnull)
{
	return slot_getattr(table->slot, table->columns[column], isnull);
}

char *
TableText(TableAccess *table, int column)
{
	bool		isnull;
	Datum		value = TableDatum(table, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

ItemPointer
TablePlace(TableAccess *table)
{
	return &table->slot->tts_tid;
}

void
TableUpdate(TableAccess *table, ItemPointer place, const Datum *values, const bool *nulls)
{
	ItemPointerData tid = *place;
	bool		needs_entries;
	bool		only_summarizing;

	prepare_changes(table);
	TableForget(table);
	fill_slot(table, table->new_slot, values, nulls);
	ExecConstraints(table->target, table->new_slot, table->estate);
	needs_entries = campaign_table_update_compat(table->rel, &tid, table->new_slot, &only_summarizing);
	finish_update(table, place, needs_entries, only_summarizing);
}

bool
TableTryUpdate(TableAccess *table, ItemPointer place, const Datum *values, const bool *nulls)
{
	ItemPointerData tid = *place;
	bool		needs_entries;
	bool		only_summarizing;

	prepare_changes(table);
	TableForget(table);
	fill_slot(table, table->new_slot, values, nulls);
	ExecConstraints(table->target, table->new_slot, table->estate);
	if (!campaign_table_try_update_compat(table->rel, &tid, table->new_slot, &needs_entries, &only_summarizing))
	{
		ExecClearTuple(table->new_slot);
		return false;
	}
	finish_update(table, place, needs_entries, only_summarizing);
	return true;
}

/* What follows the heap's update: the new row is in the slot, and where it lies. */
static void
finish_update(TableAccess *table, ItemPointer place, bool needs_entries, bool only_summarizing)
{
	if (needs_entries)
		IndexEntriesMove(table->target, table->estate, table->new_slot, only_summarizing, identity_of(table));
	*place = table->new_slot->tts_tid;
	remember_written(table);
	ExecClearTuple(table->new_slot);
	ResetPerTupleExprContext(table->estate);
	CommandCounterIncrement();
}

/* The index that updates leave as it is. */
static Oid
identity_of(const TableAccess *table)
{
	for (int i = 0; table->shape->indexes[i].name; i++)
	{
		if (table->shape->indexes[i].is_identity)
			return table->shape->found->indexes[i].relid;
	}
	return InvalidOid;
}

/* The new version, by its primary key. */
static void
remember_written(const TableAccess *table)
{
	const IndexFound *key = &table->shape->found->indexes[0];
	Datum		values[CAMPAIGN_TABLE_KEYS];
	RowPlace   *place;
	uint64		hash;

	if (!key->finds_one)
		return;
	for (int i = 0; i < table->shape->indexes[0].nkeys; i++)
		values[i] = table->new_slot->tts_values[key->columns[i] - 1];
	place = remembered_place(key, table->shape->indexes[0].nkeys, values, &hash);
	remember(place, hash, &table->new_slot->tts_tid);
}

void
TableDelete(TableAccess *table, const ItemPointerData *place)
{
	ItemPointerData tid = *place;

	prepare_changes(table);
	TableForget(table);
	simple_table_tuple_delete(table->rel, &tid, GetActiveSnapshot());
	CommandCounterIncrement();
}

void
TableInsert(TableAccess *table, const Datum *values, const bool *nulls)
{
	TupleTableSlot *slot;

	prepare_writes(table);
	if (table->npending == MAX_PENDING)
		TableFlush(table);
	if (table->npending == table->npending_slots)
	{
		MemoryContext old = MemoryContextSwitchTo(table->set->context);

		table->pending[table->npending_slots++] = table_slot_create(table->rel, NULL);
		MemoryContextSwitchTo(old);
	}
	slot = table->pending[table->npending];
	fill_slot(table, slot, values, nulls);
	ExecConstraints(table->target, slot, table->estate);
	ResetPerTupleExprContext(table->estate);
	ExecMaterializeSlot(slot);
	table->npending++;
}

void
TableFlush(TableAccess *table)
{
	MemoryContext old;

	if (table->npending == 0)
		return;
	/* table_multi_insert() leaves garbage */
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(table->estate));
	table_multi_insert(table->rel, table->pending, table->npending, GetCurrentCommandId(true), 0, NULL);
	MemoryContextSwitchTo(old);
	for (int i = 0; i < table->npending; i++)
	{
		campaign_insert_index_tuples_compat(table->target, table->pending[i], table->estate, false, false);
		ExecClearTuple(table->pending[i]);
		ResetPerTupleExprContext(table->estate);
	}
	table->npending = 0;
	CommandCounterIncrement();
}

/* What a write needs and a read does not. */
static void
prepare_writes(TableAccess *table)
{
	MemoryContext old;
	int			ncolumns = 0;

	if (table->target)
		return;
	PreventCommandIfReadOnly("UPDATE");
	for (int i = 0; table->shape->columns[i]; i++)
		ncolumns++;
	TableRefuseStrangers(table->rel, &table->shape->own, ncolumns);
	old = MemoryContextSwitchTo(table->set->context);
	table->estate = CreateExecutorState();
	table->target = makeNode(ResultRelInfo);
	InitResultRelInfo(table->target, table->rel, 0, NULL, 0);
	ExecOpenIndices(table->target, false);
	RowChecksUse(&table->shape->found->checks, table->target);
	table->new_slot = table_slot_create(table->rel, NULL);
	MemoryContextSwitchTo(old);
}

/* The same to change or remove rows, to which others may refer. */
static void
prepare_changes(TableAccess *table)
{
	prepare_writes(table);
	if (!table->may_change)
		TableRefuseReferences(table->rel);
	table->may_change = true;
}

static void
fill_slot(const TableAccess *table, TupleTableSlot *slot, const Datum *values, const bool *nulls)
{
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	for (int i = 0; table->shape->columns[i]; i++)
	{
		slot->tts_values[table->columns[i] - 1] = values[i];
		slot->tts_isnull[table->columns[i] - 1] = nulls && nulls[i];
	}
	ExecStoreVirtualTuple(slot);
}

static void
close_table(TableAccess *table)
{
	ExecDropSingleTupleTableSlot(table->slot);
	for (int i = 0; i < CAMPAIGN_TABLE_INDEXES; i++)
	{
		if (table->scans[i])
			index_endscan(table->scans[i]);
		if (table->indexes[i])
			index_close(table->indexes[i], NoLock);
	}
	if (table->target)
	{
		for (int i = 0; i < table->npending_slots; i++)
			ExecDropSingleTupleTableSlot(table->pending[i]);
		ExecDropSingleTupleTableSlot(table->new_slot);
		ExecCloseIndices(table->target);
		FreeExecutorState(table->estate);
	}
	table_close(table->rel, NoLock);
}
