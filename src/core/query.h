/*
 * query.h
 *		Constant statements through SPI, prepared once a backend.
 */
#ifndef CAMPAIGN_QUERY_H
#define CAMPAIGN_QUERY_H

#include "executor/spi.h"

#define CAMPAIGN_QUERY_MAX_ARGS 24

/* A statement with its parameter types, ended by InvalidOid; plan starts NULL. */
typedef struct Query
{
	const char *sql;
	SPIPlanPtr	plan;
	Oid			types[CAMPAIGN_QUERY_MAX_ARGS + 1];
} Query;

/*
 * Run a statement inside SPI_connect(), with a snapshot of its own: under READ
 * COMMITTED it sees what has committed by now.  nulls as in SPI_execute_plan,
 * or NULL.  Returns the number of rows processed; rows are in SPI_tuptable,
 * which the caller frees.
 */
extern uint64 QueryRun(Query *query, Datum *values, const char *nulls);

/* Column of the first row of SPI_tuptable, by number from 1. */
extern Datum QueryValue(uint64 row, int column, bool *isnull);

/* The same as text, palloc'ed in the current context; NULL for NULL. */
extern char *QueryText(uint64 row, int column);

#endif							/* CAMPAIGN_QUERY_H */
