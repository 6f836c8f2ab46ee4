/*
 * transactions.c
 *		What a transaction must be for a call that relies on locks.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "core/transactions.h"

static bool is_fault_of_data(int sqlstate);

PG_FUNCTION_INFO_V1(campaign_require_read_committed);
PG_FUNCTION_INFO_V1(campaign_force_sync_commit);

Datum
campaign_require_read_committed(PG_FUNCTION_ARGS)
{
	RequireReadCommitted(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_VOID();
}

/* For functions whose caller acts on the strength of their commit. */
Datum
campaign_force_sync_commit(PG_FUNCTION_ARGS)
{
	ForceSyncCommit();
	PG_RETURN_VOID();
}

void
RequireReadCommitted(const char *function)
{
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("%s must run at the isolation level READ COMMITTED", function),
				 errdetail("It has to see what has committed by the time that it holds its locks."),
				 errhint("Call it in a transaction of its own, at the default level.")));
}

ErrorData *
RunInSubtransaction(void (*work) (void *arg), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		work(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;

	/* not from within the subtransaction, or the session would be left in it */
	if (error != NULL && !is_fault_of_data(error->sqlerrcode))
		ReThrowError(error);
	return error;
}

static bool
is_fault_of_data(int sqlstate)
{
	/* lock_timeout: a table is altered, say; or a table is not as it has to be */
	if (sqlstate == ERRCODE_LOCK_NOT_AVAILABLE || sqlstate == ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE)
		return false;
	switch (ERRCODE_TO_CATEGORY(sqlstate))
	{
		case ERRCODE_INVALID_TRANSACTION_STATE:
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_SYSTEM_ERROR:
			return false;
		default:
			return true;
	}
}
