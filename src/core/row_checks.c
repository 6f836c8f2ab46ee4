/*
 * row_checks.c
 *		The check constraints of a table, compiled once a backend.
 *
 * What is compiled does not depend on the transaction, nor on the row: only on
 * the text of the constraints, which is compared.  While somebody uses them the
 * table is open, so that nobody changes them.
 *
 * A constraint that calls somebody's own function could come back here while it
 * is evaluated, and one compiled expression serves one evaluation at a time.
 */
#include "postgres.h"

#include "access/transam.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "nodes/readfuncs.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"

#include "compat.h"
#include "core/row_checks.h"

struct RowChecks
{
	MemoryContext context;
	int			count;
	char	  **texts;			/* as the catalog has them */
	ExprState **states;			/* NULL: with foreign functions */
};

static bool is_current(const RowChecks *checks, const TupleConstr *constr);
static RowChecks *compile(const TupleConstr *constr);
static bool calls_others(Node *node, void *context);
static bool is_other(Oid function, void *context);

void
RowChecksUse(RowChecks **kept, ResultRelInfo *target)
{
	const TupleConstr *constr = RelationGetDescr(target->ri_RelationDesc)->constr;

	if (constr == NULL || constr->num_check == 0)
		return;
	if (*kept == NULL || !is_current(*kept, constr))
	{
		RowChecks  *former = *kept;

		*kept = compile(constr);
		if (former)
			MemoryContextDelete(former->context);
	}
	target->ri_CheckConstraintExprs = (*kept)->states;
}

static bool
is_current(const RowChecks *checks, const TupleConstr *constr)
{
	if (checks->count != constr->num_check)
		return false;
	for (int i = 0; i < checks->count; i++)
	{
		if (strcmp(checks->texts[i], constr->check[i].ccbin) != 0)
			return false;
	}
	return true;
}

/* As ExecRelCheck() does. */
static RowChecks *
compile(const TupleConstr *constr)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "campaign row checks", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	RowChecks  *checks = palloc0(sizeof(RowChecks));
	bool		foreign = false;

	checks->context = context;
	checks->count = constr->num_check;
	checks->texts = palloc(sizeof(char *) * checks->count);
	checks->states = palloc0(sizeof(ExprState *) * checks->count);
	for (int i = 0; i < checks->count; i++)
	{
		Expr	   *check = expression_planner(stringToNode(constr->check[i].ccbin));

		checks->texts[i] = pstrdup(constr->check[i].ccbin);
		foreign = foreign || calls_others((Node *) check, NULL);
		if (campaign_check_is_enforced_compat(&constr->check[i]))
			checks->states[i] = ExecInitExpr(check, NULL);
	}
	if (foreign)
		checks->states = NULL;
	MemoryContextSwitchTo(old);
	/* an error until here leaves nothing */
	MemoryContextSetParent(context, TopMemoryContext);
	return checks;
}

static bool
calls_others(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return check_functions_in_node(node, is_other, context) || expression_tree_walker(node, calls_others, context);
}

static bool
is_other(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}
