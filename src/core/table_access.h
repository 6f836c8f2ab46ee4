/*
 * table_access.h
 *		Rows of the extension's own tables, read and written by the table and
 *		index access methods instead of SQL.
 *
 * For the hot path.  What the executor would do besides, the caller does or
 * has no need of: row-level security and privileges (the callers are definer
 * functions), foreign keys (he has locked what they refer to), triggers,
 * foreign keys, deferrable constraints and columns that are not the
 * extension's (refused, see TableInsert()).  Check
 * constraints, indexes, WAL, statistics and the visibility of rows are the
 * server's own.
 */
#ifndef CAMPAIGN_TABLE_ACCESS_H
#define CAMPAIGN_TABLE_ACCESS_H

#include "access/tableam.h"
#include "executor/tuptable.h"
#include "nodes/lockoptions.h"
#include "utils/snapshot.h"

#include "core/table_strangers.h"

#define CAMPAIGN_TABLE_COLUMNS 32
#define CAMPAIGN_TABLE_INDEXES 4
#define CAMPAIGN_TABLE_KEYS 4

/* An index, and by how many of its first columns it is searched. */
typedef struct TableIndex
{
	const char *name;
	int			nkeys;
	bool		is_identity;	/* unique, and no update changes its columns: one of them at most */
} TableIndex;

/*
 * A table of the schema campaign: static, with the names of the columns that
 * the caller uses, by whose places he calls them, and of the indexes.  What is
 * found out about it is kept for the backend, until the table changes.
 */
typedef struct TableShape
{
	const char *name;
	const char *columns[CAMPAIGN_TABLE_COLUMNS + 1];
	TableIndex	indexes[CAMPAIGN_TABLE_INDEXES + 1];
	TableOwn	own;			/* whose work the caller does himself */
	struct TableFound *found;	/* NULL at first */
} TableShape;

/* The tables that a call has open, and the snapshot that it reads with. */
typedef struct TableSet TableSet;

/* One of them. */
typedef struct TableAccess TableAccess;

/*
 * A set in a memory context, for the present subtransaction: after an error
 * there it is forgotten, otherwise ended.  Relations stay locked until the end
 * of the transaction.
 */
extern TableSet *TableSetBegin(MemoryContext context);
extern void TableSetEnd(TableSet *set);

/*
 * From here on the set's reads see what has committed by now, and what this
 * transaction wrote.  The first read does so by itself.
 */
extern void TableSetRefresh(TableSet *set);

/* Grows with each refresh: what was read before is not of this snapshot. */
extern uint64 TableSetEpoch(const TableSet *set);

/*
 * Open a table of the set, once: AccessShareLock, or RowExclusiveLock to lock
 * or write rows.  Raises 55000 if the table, a column or an index is missing.
 */
extern TableAccess *TableOpen(TableSet *set, TableShape *shape, bool writes);

/*
 * The first row, in the order of the index or backwards, whose keys are equal;
 * it is the table's row until the next call about this table.
 */
extern bool TableFind(TableAccess *table, int index, const Datum *keys);
extern bool TableFindLast(TableAccess *table, int index, const Datum *keys);

/* The next one, where a search by fewer keys than a unique index has may find several. */
extern bool TableNext(TableAccess *table);

/*
 * Is a heap so large beside the buffers that its pages may have to be waited
 * for, and may they be asked for ahead?  Not with an effective_io_concurrency
 * of 0.
 */
extern bool RelationIsLarge(Relation rel);
extern bool TableIsLarge(TableAccess *table);

/*
 * A row is to be found soon by all of a unique key: if the table is large, read
 * the index and have the system fetch the row's page, so that those of many
 * rows come together.  Tells nothing of the row, not even whether there is one.
 */
extern void TableExpect(TableAccess *table, int index, const Datum *keys);

/* Done with the row: its page is no longer pinned. */
extern void TableForget(TableAccess *table);

/*
 * Lock the row at a place, or the latest version of it, which then is the
 * table's row.  False if it is gone or, not waiting, if it is busy.  Raises
 * 40001 above READ COMMITTED if it has changed since the transaction began,
 * and 25006 in a read-only one, as the writes below do.
 */
extern bool TableLock(TableAccess *table, ItemPointer place, LockTupleMode mode, bool wait);

/*
 * Read the version of a row at a place, which then is the table's row: false
 * if the set's snapshot does not see it.
 */
extern bool TableFetch(TableAccess *table, ItemPointer place);

/* Does another transaction have the table's row, which was just read?  A hint: it may have ended by now. */
extern bool TableIsBusy(TableAccess *table);

/* Has this transaction the table's row, which was just read?  It may, where several have had it. */
extern bool TableIsMine(TableAccess *table);

/* Which other transaction has, or had, a row of a heap, if it is one: invalid if none does. */
extern TransactionId RowTaker(TupleTableSlot *slot);

/* A column of the table's row; by reference, valid as long as the row. */
extern Datum TableDatum(TableAccess *table, int column, bool *isnull);

/* The same as text in the current memory context; NULL for NULL. */
extern char *TableText(TableAccess *table, int column);

/* Where the table's row lies. */
extern ItemPointer TablePlace(TableAccess *table);

/*
 * Write the row at a place, which the caller has locked, with values for all
 * columns of the shape; the place becomes that of the new version.  What the
 * transaction reads from then on sees it.  Raises 55000 if the table has
 * triggers, foreign keys, deferrable constraints, columns or an access method
 * that writing in this way would pass over, or if foreign keys refer to it.
 */
extern void TableUpdate(TableAccess *table, ItemPointer place, const Datum *values, const bool *nulls);

/*
 * The same for a row that the caller has read and this transaction has not
 * locked, without waiting: false, and nothing is written, if it is busy, gone
 * or no longer as it was.
 * What is written is locked until the transaction ends.
 */
extern bool TableTryUpdate(TableAccess *table, ItemPointer place, const Datum *values, const bool *nulls);

/* Remove the row at a place, which the caller has locked. */
extern void TableDelete(TableAccess *table, const ItemPointerData *place);

/*
 * Append a row: written with others, at the latest by TableFlush() or when the
 * set ends.  Raises what TableUpdate() does, foreign keys that refer to the
 * table apart, and, when it is written, errors of constraints.
 */
extern void TableInsert(TableAccess *table, const Datum *values, const bool *nulls);
extern void TableFlush(TableAccess *table);

#endif							/* CAMPAIGN_TABLE_ACCESS_H */
