/*
 * statements.h
 *		Constant statements through SPI, prepared once a backend.
 */
#ifndef CAMPAIGN_STATEMENTS_H
#define CAMPAIGN_STATEMENTS_H

#include "executor/spi.h"

#define CAMPAIGN_STATEMENT_MAX_ARGS 24

/*
 * A statement with its parameter types, ended by InvalidOid; plan starts NULL.
 * It is planned once, for any parameters: what finds its rows by a key is not
 * planned anew for each of them.  custom: what depends on which parameters are
 * given is planned for those of each run.
 */
typedef struct Statement
{
	const char *sql;
	SPIPlanPtr	plan;
	Oid			types[CAMPAIGN_STATEMENT_MAX_ARGS + 1];
	bool		custom;
} Statement;

/*
 * The plan, made when it is first asked for, inside SPI_connect(): for whoever
 * runs a statement in a way of his own.
 */
extern SPIPlanPtr StatementPlan(Statement *statement);

/*
 * Run a statement inside SPI_connect(), with a snapshot of its own: under READ
 * COMMITTED it sees what has committed by now.  nulls as in SPI_execute_plan,
 * or NULL.  Returns the number of rows processed; rows are in SPI_tuptable,
 * which the caller frees.
 */
extern uint64 StatementRun(Statement *statement, Datum *values, const char *nulls);

/* Column, by number from 1, of a row of SPI_tuptable, by number from 0. */
extern Datum StatementValue(uint64 row, int column, bool *isnull);

/* The same as text, palloc'ed in the current context; NULL for NULL. */
extern char *StatementText(uint64 row, int column);

#endif							/* CAMPAIGN_STATEMENTS_H */
