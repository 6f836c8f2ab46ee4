/*
 * index_ranges.c
 *		Ranges of the extension's own indexes, read in order without SQL.
 *
 * Names are looked up at each call: a few looks into the system caches, and no
 * number that could outlive DROP and CREATE EXTENSION.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"

#include "campaign.h"
#include "compat.h"
#include "core/index_ranges.h"

static void fail_relation(const char *name, const char *detail);

Relation
RangeOpenTable(const char *name, LOCKMODE mode)
{
	Oid			relid = get_relname_relid(name, get_namespace_oid(CAMPAIGN_SCHEMA, false));
	Relation	table;

	if (!OidIsValid(relid))
		fail_relation(name, "There is no such table.");
	table = table_open(relid, mode);
	if (table->rd_rel->relkind != RELKIND_RELATION || table->rd_rel->relam != HEAP_TABLE_AM_OID)
		fail_relation(name, "It is no ordinary table of the access method heap.");
	return table;
}

Relation
RangeOpenIndex(Relation table, const char *name, LOCKMODE mode)
{
	Oid			relid = get_relname_relid(name, RelationGetNamespace(table));
	Relation	index;

	if (!OidIsValid(relid) || get_rel_relkind(relid) != RELKIND_INDEX)
		fail_relation(name, "There is no such index.");
	index = index_open(relid, mode);
	if (index->rd_rel->relam != BTREE_AM_OID || !index->rd_index->indisvalid ||
		index->rd_index->indrelid != RelationGetRelid(table))
		fail_relation(name, "It is no valid btree index of its table.");
	return index;
}

static void
fail_relation(const char *name, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("relation \"%s.%s\" cannot be read", CAMPAIGN_SCHEMA, name),
			 errdetail_internal("%s", detail),
			 errhint("Restore the tables and indexes of the extension as CREATE EXTENSION made them.")));
}

AttrNumber
RangeColumn(Relation table, const char *name, Oid type)
{
	AttrNumber	column = get_attnum(RelationGetRelid(table), name);

	if (column == InvalidAttrNumber ||
		TupleDescAttr(RelationGetDescr(table), column - 1)->atttypid != type)
		fail_relation(RelationGetRelationName(table), "A column is missing or of another type.");
	return column;
}

void
RangePairKey(ScanKey key, RangePair *pair, AttrNumber column, StrategyNumber strategy,
			 RegProcedure compare1, Datum value1, RegProcedure compare2, Datum value2)
{
	ScanKeyEntryInitialize(&pair->parts[0], SK_ROW_MEMBER, column, strategy,
						   InvalidOid, InvalidOid, compare1, value1);
	ScanKeyEntryInitialize(&pair->parts[1], SK_ROW_MEMBER | SK_ROW_END, column + 1, strategy,
						   InvalidOid, InvalidOid, compare2, value2);
	/* as the executor makes the header: it has no function of its own */
	memset(key, 0, sizeof(*key));
	key->sk_flags = SK_ROW_HEADER;
	key->sk_attno = column;
	key->sk_strategy = strategy;
	key->sk_argument = PointerGetDatum(pair->parts);
}

IndexScanDesc
RangeBeginScan(Relation table, Relation index, Snapshot snapshot, int nkeys)
{
	return campaign_index_beginscan_compat(table, index, snapshot, nkeys);
}
