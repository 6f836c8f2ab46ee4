/*
 * statements.c
 *		Constant statements through SPI, prepared once a backend.
 *
 * Plans are kept for the life of the backend; the server's plan cache replans
 * them when a relation changes or the extension is dropped and made again.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/statements.h"

SPIPlanPtr
StatementPlan(Statement *statement)
{
	int			nargs = 0;
	SPIPlanPtr	plan;

	if (statement->plan != NULL)
		return statement->plan;

	while (statement->types[nargs] != InvalidOid)
		nargs++;
	plan = SPI_prepare_cursor(statement->sql, nargs, statement->types,
							  statement->custom ? CURSOR_OPT_CUSTOM_PLAN : CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", statement->sql,
			 SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep the plan of \"%s\"", statement->sql);
	statement->plan = plan;
	return plan;
}

uint64
StatementRun(Statement *statement, Datum *values, const char *nulls)
{
	MemoryContext caller = CurrentMemoryContext;
	int			code;

	code = SPI_execute_plan(StatementPlan(statement), values, nulls, false, 0);
	if (code < 0)
		elog(ERROR, "could not run \"%s\": %s", statement->sql, SPI_result_code_string(code));
	/* SPI leaves us in the memory of its connection, where garbage stays until the end */
	MemoryContextSwitchTo(caller);
	return SPI_processed;
}

Datum
StatementValue(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

char *
StatementText(uint64 row, int column)
{
	bool		isnull;
	Datum		value = StatementValue(row, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}
