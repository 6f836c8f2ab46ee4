/*
 * table_strangers.h
 *		What SQL would do about a row of one of the extension's tables, and a
 *		write without SQL passes over.
 */
#ifndef CAMPAIGN_TABLE_STRANGERS_H
#define CAMPAIGN_TABLE_STRANGERS_H

#include "utils/rel.h"
#include "utils/reltrigger.h"

#define CAMPAIGN_OWN_TRIGGERS 2
#define CAMPAIGN_OWN_FOREIGN_KEYS 4

/* What the extension itself has put on a table, whose work the writer does. */
typedef struct TableOwn
{
	const char *triggers[CAMPAIGN_OWN_TRIGGERS + 1];
	const char *foreign_keys[CAMPAIGN_OWN_FOREIGN_KEYS + 1];
} TableOwn;

/*
 * The first trigger of somebody else's that SQL would fire for one of the
 * events (TRIGGER_TYPE_INSERT and the like): one that he has made, that of a
 * foreign key of the table, or that of a deferrable constraint.  NULL if there
 * is none.  Foreign keys that refer to the table do not count: a new row
 * breaks none.
 */
extern const Trigger *TableStranger(Relation rel, const TableOwn *own, int events);

/*
 * Raises 55000 if there is such a trigger for any event, if the table has
 * another number of columns, or if it is not a heap.
 */
extern void TableRefuseStrangers(Relation rel, const TableOwn *own, int ncolumns);

/*
 * Raises 55000 if a foreign key refers to the table, whose rows are to be
 * changed and removed: none of the extension's does.
 */
extern void TableRefuseReferences(Relation rel);

#endif							/* CAMPAIGN_TABLE_STRANGERS_H */
