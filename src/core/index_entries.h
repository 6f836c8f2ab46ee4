/*
 * index_entries.h
 *		Entries of a row that has moved, written without SQL.
 */
#ifndef CAMPAIGN_INDEX_ENTRIES_H
#define CAMPAIGN_INDEX_ENTRIES_H

#include "nodes/execnodes.h"

/*
 * Entries of a new version of a row, which the server says needs them.
 * identity: the oid of a unique index whose columns are those of the version
 * before, which this transaction has replaced; InvalidOid if there is none.
 * There nobody can have written the same key meanwhile, so that it is not
 * looked for.  The memory of the estate's tuple context is given back.
 */
extern void IndexEntriesMove(ResultRelInfo *target, EState *estate, TupleTableSlot *slot,
							 bool only_summarizing, Oid identity);

#endif							/* CAMPAIGN_INDEX_ENTRIES_H */
