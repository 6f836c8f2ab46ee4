/*
 * index_entries.c
 *		Entries of a row that has moved, written without SQL.
 *
 * All but one are the executor's work, which is given one index at a time.
 */
#include "postgres.h"

#include "access/genam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "utils/rel.h"

#include "compat.h"
#include "core/index_entries.h"

static void narrow(const ResultRelInfo *target, int index, ResultRelInfo *one);
static bool is_plain_unique(Relation index, const IndexInfo *info);
static void insert_unchecked(const ResultRelInfo *target, int index, EState *estate, TupleTableSlot *slot);

void
IndexEntriesMove(ResultRelInfo *target, EState *estate, TupleTableSlot *slot, bool only_summarizing, Oid identity)
{
	for (int i = 0; i < target->ri_NumIndices; i++)
	{
		Relation	index = target->ri_IndexRelationDescs[i];

		if (!only_summarizing && RelationGetRelid(index) == identity && is_plain_unique(index, target->ri_IndexRelationInfo[i]))
			insert_unchecked(target, i, estate, slot);
		else
		{
			ResultRelInfo one;

			narrow(target, i, &one);
			campaign_insert_index_tuples_compat(&one, slot, estate, true, only_summarizing);
		}
	}
	ResetPerTupleExprContext(estate);
}

/* The table with one of its indexes. */
static void
narrow(const ResultRelInfo *target, int index, ResultRelInfo *one)
{
	*one = *target;
	one->ri_NumIndices = 1;
	one->ri_IndexRelationDescs = &target->ri_IndexRelationDescs[index];
	one->ri_IndexRelationInfo = &target->ri_IndexRelationInfo[index];
}

/* Unique over columns of all rows, checked at once, and known to hold. */
static bool
is_plain_unique(Relation index, const IndexInfo *info)
{
	return index->rd_index->indisunique && index->rd_index->indimmediate && index->rd_index->indisvalid &&
		info->ii_ReadyForInserts && info->ii_Expressions == NIL && info->ii_Predicate == NIL;
}

static void
insert_unchecked(const ResultRelInfo *target, int index, EState *estate, TupleTableSlot *slot)
{
	IndexInfo  *info = target->ri_IndexRelationInfo[index];
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];

	FormIndexDatum(info, slot, estate, values, isnull);
	(void) index_insert(target->ri_IndexRelationDescs[index], values, isnull, &slot->tts_tid,
						target->ri_RelationDesc, UNIQUE_CHECK_NO, true, info);
}
