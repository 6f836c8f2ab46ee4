/*
 * query.c
 *		Constant statements through SPI, prepared once a backend.
 *
 * Plans are kept for the life of the backend; the server's plan cache replans
 * them when a relation changes or the extension is dropped and made again.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/query.h"

uint64
QueryRun(Query *query, Datum *values, const char *nulls)
{
	int			code;

	if (query->plan == NULL)
	{
		int			nargs = 0;
		SPIPlanPtr	plan;

		while (query->types[nargs] != InvalidOid)
			nargs++;
		plan = SPI_prepare(query->sql, nargs, query->types);
		if (plan == NULL)
			elog(ERROR, "could not prepare \"%s\": %s", query->sql,
				 SPI_result_code_string(SPI_result));
		if (SPI_keepplan(plan) != 0)
			elog(ERROR, "could not keep the plan of \"%s\"", query->sql);
		query->plan = plan;
	}

	code = SPI_execute_plan(query->plan, values, nulls, false, 0);
	if (code < 0)
		elog(ERROR, "could not run \"%s\": %s", query->sql, SPI_result_code_string(code));
	return SPI_processed;
}

Datum
QueryValue(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

char *
QueryText(uint64 row, int column)
{
	bool		isnull;
	Datum		value = QueryValue(row, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}
