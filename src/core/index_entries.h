/*
 * index_entries.h
 *		Entries in the indexes of a table whose rows were written without SQL.
 */
#ifndef CAMPAIGN_INDEX_ENTRIES_H
#define CAMPAIGN_INDEX_ENTRIES_H

#include "nodes/execnodes.h"

/*
 * Entries of rows that were just inserted, whose places are in their slots, in
 * every index that ExecOpenIndices() has opened: one index after the other, so
 * that its upper pages and the places of near keys are met while they are in
 * the processor's cache.  Raises 23505 and the like.  The memory of the
 * estate's tuple context is given back.
 */
extern void IndexEntriesInsert(ResultRelInfo *target, EState *estate, TupleTableSlot **slots, int n);

/*
 * Entries of a new version of a row, which the server says needs them.
 * identity: the oid of a unique index whose columns are those of the version
 * before, which this transaction has replaced; InvalidOid if there is none.
 * There nobody can have written the same key meanwhile, so that it is not
 * looked for.
 */
extern void IndexEntriesMove(ResultRelInfo *target, EState *estate, TupleTableSlot *slot,
							 bool only_summarizing, Oid identity);

#endif							/* CAMPAIGN_INDEX_ENTRIES_H */
