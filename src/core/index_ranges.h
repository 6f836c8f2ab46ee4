/*
 * index_ranges.h
 *		Ranges of the extension's own indexes, read in order without SQL.
 *
 * For whoever looks through a part of a table, as a lane of the queue.  Rows by
 * their key, and writes, are table_access.  What goes this way passes over
 * privileges, row security and rules: the callers are functions that run with
 * the extension owner's rights.
 */
#ifndef CAMPAIGN_INDEX_RANGES_H
#define CAMPAIGN_INDEX_RANGES_H

#include "access/genam.h"
#include "access/skey.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

/*
 * Opens a table of the schema campaign, or a btree index of one; the caller
 * closes what it has opened, keeping the lock.  Raises 55000 where there is
 * no such table or index, or none that can be read in this way.
 */
extern Relation RangeOpenTable(const char *name, LOCKMODE mode);
extern Relation RangeOpenIndex(Relation table, const char *name, LOCKMODE mode);

/* The number of a column; raises 55000 if there is none of this type. */
extern AttrNumber RangeColumn(Relation table, const char *name, Oid type);

/*
 * A key of an index scan: two neighbouring columns, compared as a pair.  The
 * parts must live, where they are, as long as the key is in use.  compare is
 * the btree comparison function of a column's type.
 */
typedef struct RangePair
{
	ScanKeyData parts[2];
} RangePair;

extern void RangePairKey(ScanKey key, RangePair *pair, AttrNumber column, StrategyNumber strategy,
						 RegProcedure compare1, Datum value1, RegProcedure compare2, Datum value2);

/* Begins a scan with room for this many keys; index_rescan() gives them. */
extern IndexScanDesc RangeBeginScan(Relation table, Relation index, Snapshot snapshot, int nkeys);

#endif							/* CAMPAIGN_INDEX_RANGES_H */
