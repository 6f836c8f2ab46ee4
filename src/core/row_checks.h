/*
 * row_checks.h
 *		The check constraints of a table, compiled once a backend.
 */
#ifndef CAMPAIGN_ROW_CHECKS_H
#define CAMPAIGN_ROW_CHECKS_H

#include "nodes/execnodes.h"
#include "utils/rel.h"

/* What is kept of a table. */
typedef struct RowChecks RowChecks;

/*
 * Gives ExecConstraints() the check constraints of a table's new rows
 * compiled: it would read and compile them for each statement, which takes
 * longer than to write a row.  *kept: NULL at first; what was compiled for this
 * or an earlier table of the name, for the life of the backend, and anew where
 * the constraints have changed.  A table with a constraint that calls functions
 * other than the server's own is left to ExecConstraints().
 */
extern void RowChecksUse(RowChecks **kept, ResultRelInfo *target);

#endif							/* CAMPAIGN_ROW_CHECKS_H */
