/*
 * direct_access.h
 *		Tables of the extension, read through their indexes without SQL.
 *
 * What goes this way passes over privileges, row security and rules: the
 * callers are functions that run with the extension owner's rights.
 */
#ifndef CAMPAIGN_DIRECT_ACCESS_H
#define CAMPAIGN_DIRECT_ACCESS_H

#include "access/genam.h"
#include "access/skey.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

/*
 * Opens a table of the schema campaign, or a btree index of one; the caller
 * closes what it has opened, keeping the lock.  Raises 55000 where there is
 * no such table or index, or none that can be read in this way.
 */
extern Relation DirectOpenTable(const char *name, LOCKMODE mode);
extern Relation DirectOpenIndex(Relation table, const char *name, LOCKMODE mode);

/* The number of a column; raises 55000 if there is none of this type. */
extern AttrNumber DirectColumn(Relation table, const char *name, Oid type);

/*
 * A key of an index scan: two neighbouring columns, compared as a pair.  The
 * parts must live, where they are, as long as the key is in use.  compare is
 * the btree comparison function of a column's type.
 */
typedef struct DirectPair
{
	ScanKeyData parts[2];
} DirectPair;

extern void DirectPairKey(ScanKey key, DirectPair *pair, AttrNumber column, StrategyNumber strategy,
						  RegProcedure compare1, Datum value1, RegProcedure compare2, Datum value2);

/* Begins a scan with room for this many keys; index_rescan() gives them. */
extern IndexScanDesc DirectBeginScan(Relation table, Relation index, Snapshot snapshot, int nkeys);

#endif							/* CAMPAIGN_DIRECT_ACCESS_H */
