/*
 * life_cycles.c
 *		Life cycles as data: the trigger that holds a status column to its
 *		machine, and the log of transitions.
 *
 * Owned here: the cache of all machines in the backend, the trigger
 * campaign.enforce_life_cycle(), the write to campaign.life_cycle_log and the
 * trigger that keeps seeded rows as they are.  Deliberately not here: the
 * tables, the questions about them (SQL beside this file) and preconditions
 * of a step, which belong to the room of the row that takes it.
 *
 * Vocabulary: a machine is a named set of states; a step leads from one of
 * its states to another; a final state has no step out of it, which the
 * foreign key of life_cycle_transitions guarantees.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "campaign.h"
#include "compat.h"
#include "core/errors.h"
#include "core/life_cycles.h"
#include "core/statements.h"

/* Loads of one use that an invalidation may spoil before the last one serves. */
#define MAX_LOAD_ATTEMPTS 3

typedef struct LifeCycleState
{
	char	   *name;
	int			ntargets;
	const char **targets;		/* states one step away, in order of position */
} LifeCycleState;

typedef struct LifeCycle
{
	char	   *machine;
	int			nstates;
	LifeCycleState *states;		/* in order of position */
} LifeCycle;

typedef struct LifeCycleCache
{
	int			nmachines;
	LifeCycle  *machines;		/* in strcmp order of machine */
} LifeCycleCache;

/* What a trigger was declared with, checked. */
typedef struct LifeCycleCall
{
	Relation	rel;
	const char *machine;
	int			attnum;			/* the status column */
	int			tenant_attnum;	/* 0 if transitions are not logged */
	int			id_attnum;
} LifeCycleCall;

/*
 * The cache lives in a child of CacheMemoryContext and is replaced as a
 * whole, only by load_life_cycles(); invalidation just marks it.
 */
static LifeCycleCache *life_cycles = NULL;
static MemoryContext life_cycles_context = NULL;
static bool life_cycles_valid = false;
static uint64 invalidations = 0;
static Oid	states_relid = InvalidOid;
static Oid	transitions_relid = InvalidOid;

static char *transition_reason = NULL;

static Statement load_statement = {
	"SELECT s.machine, s.state,"
	" (SELECT pg_catalog.array_agg(t.to_state ORDER BY g.\"position\", g.state)"
	"  FROM campaign.life_cycle_transitions t"
	"  JOIN campaign.life_cycle_states g"
	"   ON g.machine OPERATOR(pg_catalog.=) t.machine"
	"   AND g.state OPERATOR(pg_catalog.=) t.to_state"
	"  WHERE t.machine OPERATOR(pg_catalog.=) s.machine"
	"  AND t.from_state OPERATOR(pg_catalog.=) s.state)"
	" FROM campaign.life_cycle_states s"
	" ORDER BY s.machine, s.\"position\", s.state",
	NULL, {InvalidOid}
};

static Statement log_statement = {
	"INSERT INTO campaign.life_cycle_log"
	" (tenant_id, machine, relation, entity_id, from_state, to_state, actor, reason)"
	" SELECT $1, $2, $3, $4, $5, $6,"
	" COALESCE(campaign.current_member(), SESSION_USER::pg_catalog.text), $7"
	" WHERE $8 OR $1 OPERATOR(pg_catalog.=) ANY (campaign.writable_tenants())",
	NULL, {UUIDOID, TEXTOID, TEXTOID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID}
};

PG_FUNCTION_INFO_V1(campaign_enforce_life_cycle);
PG_FUNCTION_INFO_V1(campaign_protect_seeded);

static void check_call(FunctionCallInfo fcinfo, LifeCycleCall *call);
static void check_call_column(LifeCycleCall *call, const char *column);
static int	find_uuid_column(TupleDesc tupdesc, const char *name);
static char *state_of_tuple(LifeCycleCall *call, HeapTuple tuple);
static const LifeCycle *find_life_cycle(const char *machine);
static int	compare_machines(const void *a, const void *b);
static const LifeCycleState *find_state(const LifeCycle *cycle, const char *name);
static bool step_is_allowed(const LifeCycleState *from, const char *to);
static void check_known_state(LifeCycleCall *call, const LifeCycle *cycle, const char *state);
static void raise_unknown_machine(const char *machine);
static void raise_illegal_step(LifeCycleCall *call, const LifeCycle *cycle,
							   const char *from, const char *to);
static char *quoted_list(const char *const *names, int count);
static void log_transition(LifeCycleCall *call, HeapTuple tuple,
						   const char *from, const char *to);
static Oid	get_campaign_relid(const char *relname);
static Oid	become_owner(Oid relid, int *save_sec_context);
static void load_life_cycles(void);
static LifeCycleCache *read_life_cycles(MemoryContext context);
static LifeCycleCache *build_cache(SPITupleTable *table, uint64 nrows, MemoryContext context);
static void build_state(LifeCycleState *state, HeapTuple tuple, TupleDesc tupdesc);
static void invalidate_life_cycles(Datum arg, Oid relid);

void
LifeCyclesInit(void)
{
	DefineCustomStringVariable("campaign.transition_reason",
							   "Reason that the life-cycle log records with each transition.",
							   "Set it for one transaction: SET LOCAL, or set_config with is_local true.",
							   &transition_reason,
							   "",
							   PGC_USERSET,
							   GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   NULL, NULL, NULL);
	CacheRegisterRelcacheCallback(invalidate_life_cycles, (Datum) 0);
}

/*
 * campaign.enforce_life_cycle(machine, column [, 'unlogged'])
 *
 * BEFORE ROW INSERT OR UPDATE.  An insert may begin in any state of the
 * machine, since restored rows come back in the state they had, and is not
 * logged.  An update must stay or take a step of the machine.  The old row of
 * a BEFORE trigger is locked and current, so of two concurrent steps the
 * second is judged from where the first one led.
 *
 * Raises CP001 for an illegal step, 23502 and 23514 for a value that is no
 * state, P0002 for a tenant that the log of a user's own table may not name.
 */
Datum
campaign_enforce_life_cycle(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	LifeCycleCall call;
	const LifeCycle *cycle;
	HeapTuple	tuple;
	char	   *old_state = NULL;
	char	   *new_state;
	const LifeCycleState *from;

	check_call(fcinfo, &call);

	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		tuple = trigdata->tg_newtuple;
		old_state = state_of_tuple(&call, trigdata->tg_trigtuple);
	}
	else
		tuple = trigdata->tg_trigtuple;
	new_state = state_of_tuple(&call, tuple);

	if (old_state != NULL && new_state != NULL && strcmp(old_state, new_state) == 0)
		return PointerGetDatum(tuple);

	cycle = find_life_cycle(call.machine);
	check_known_state(&call, cycle, new_state);
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return PointerGetDatum(tuple);

	from = old_state != NULL ? find_state(cycle, old_state) : NULL;
	if (from == NULL || !step_is_allowed(from, new_state))
		raise_illegal_step(&call, cycle, old_state, new_state);

	/* May reload the cache: cycle and from are not used beyond this point. */
	if (call.tenant_attnum > 0)
		log_transition(&call, tuple, old_state, new_state);

	return PointerGetDatum(tuple);
}

/*
 * campaign.protect_seeded()
 *
 * BEFORE ROW INSERT OR UPDATE OR DELETE and BEFORE TRUNCATE on a table with a
 * column seeded: rows that the extension brings are changed by its scripts
 * and by nobody else, or a dump, which leaves them out, would not restore.
 */
Datum
campaign_protect_seeded(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TupleDesc	tupdesc;
	HeapTuple	tuples[2] = {NULL, NULL};
	int			attnum;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) == TRIGGER_FIRED_BY_TRUNCATE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called as a trigger", "campaign.protect_seeded"),
				 errdetail("It works before a change of each row and before TRUNCATE."),
				 errhint("Declare it BEFORE INSERT OR UPDATE OR DELETE FOR EACH ROW, or BEFORE TRUNCATE.")));

	tupdesc = RelationGetDescr(trigdata->tg_relation);
	attnum = SPI_fnumber(tupdesc, "seeded");
	if (attnum <= 0 || SPI_gettypeid(tupdesc, attnum) != BOOLOID)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no boolean column \"%s\"",
						RelationGetRelationName(trigdata->tg_relation), "seeded"),
				 errdetail("The column says which rows come with the extension."),
				 errhint("Drop the trigger, or add the column."),
				 errtable(trigdata->tg_relation)));

	if (TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
	{
		tuples[0] = trigdata->tg_trigtuple;
		tuples[1] = trigdata->tg_newtuple;
	}
	for (int i = 0; i < 2 && !creating_extension; i++)
	{
		bool		isnull;

		/* A truncate has no rows to ask: it would take the seeds along. */
		if (TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) &&
			(tuples[i] == NULL ||
			 !DatumGetBool(heap_getattr(tuples[i], attnum, tupdesc, &isnull)) || isnull))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("seeded rows of table \"%s\" cannot be changed",
						RelationGetRelationName(trigdata->tg_relation)),
				 errdetail("They come with the extension and are changed by its updates only."),
				 errhint("Add rows of your own beside them; their keys start with \"x_\"."),
				 errtable(trigdata->tg_relation)));
	}
	return PointerGetDatum(tuples[1] != NULL ? tuples[1] : tuples[0]);
}

/* Validate how the trigger was declared; a wrong declaration is told in full. */
static void
check_call(FunctionCallInfo fcinfo, LifeCycleCall *call)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Trigger    *trigger;
	TupleDesc	tupdesc;
	bool		unlogged;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be called as a trigger", "campaign.enforce_life_cycle"),
				 errdetail("It was called on its own."),
				 errhint("Name it in CREATE TRIGGER.")));

	trigger = trigdata->tg_trigger;
	if (!TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" of table \"%s\" must be fired before INSERT or UPDATE, for each row",
						trigger->tgname, RelationGetRelationName(trigdata->tg_relation)),
				 errdetail("Function campaign.enforce_life_cycle judges a row before it is written."),
				 errhint("Declare it BEFORE INSERT OR UPDATE ON the table FOR EACH ROW.")));

	unlogged = trigger->tgnargs == 3 && strcmp(trigger->tgargs[2], "unlogged") == 0;
	if (trigger->tgnargs != 2 && !unlogged)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" of table \"%s\" has wrong arguments",
						trigger->tgname, RelationGetRelationName(trigdata->tg_relation)),
				 errdetail("Function campaign.enforce_life_cycle takes a life cycle, a column and, if steps are not to be logged, the word unlogged."),
				 errhint("Declare it with campaign.enforce_life_cycle('machine', 'column') or ('machine', 'column', 'unlogged').")));

	call->rel = trigdata->tg_relation;
	call->machine = trigger->tgargs[0];
	check_call_column(call, trigger->tgargs[1]);

	tupdesc = RelationGetDescr(call->rel);
	call->tenant_attnum = unlogged ? 0 : find_uuid_column(tupdesc, "tenant_id");
	call->id_attnum = find_uuid_column(tupdesc, "id");
	if (call->id_attnum == 0)
		call->tenant_attnum = 0;
}

static void
check_call_column(LifeCycleCall *call, const char *column)
{
	TupleDesc	tupdesc = RelationGetDescr(call->rel);
	Oid			type;

	call->attnum = SPI_fnumber(tupdesc, column);
	if (call->attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist",
						column, RelationGetRelationName(call->rel)),
				 errdetail("The second argument of campaign.enforce_life_cycle names the column that holds the state."),
				 errhint("Declare the trigger anew with a column of the table."),
				 errtablecolname(call->rel, column)));

	type = getBaseType(SPI_gettypeid(tupdesc, call->attnum));
	if (type != TEXTOID && type != VARCHAROID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of table \"%s\" must be of type text or character varying",
						column, RelationGetRelationName(call->rel)),
				 errdetail("It is of type %s.", format_type_be(SPI_gettypeid(tupdesc, call->attnum))),
				 errhint("Life cycles are rows, so their states cannot be an enumeration."),
				 errtablecol(call->rel, call->attnum)));
}

/* The attribute number of a uuid column, or 0. */
static int
find_uuid_column(TupleDesc tupdesc, const char *name)
{
	int			attnum = SPI_fnumber(tupdesc, name);

	return attnum > 0 && SPI_gettypeid(tupdesc, attnum) == UUIDOID ? attnum : 0;
}

static char *
state_of_tuple(LifeCycleCall *call, HeapTuple tuple)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, call->attnum, RelationGetDescr(call->rel), &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/*
 * The machine of that name, valid until the next call: a later one may
 * replace the cache.  Raises 22023 if there is none.
 */
static const LifeCycle *
find_life_cycle(const char *machine)
{
	LifeCycle	key;
	const LifeCycle *found;

	if (!life_cycles_valid)
		load_life_cycles();

	key.machine = unconstify(char *, machine);
	found = bsearch(&key, life_cycles->machines, life_cycles->nmachines,
					sizeof(LifeCycle), compare_machines);
	if (found == NULL)
		raise_unknown_machine(machine);
	return found;
}

static int
compare_machines(const void *a, const void *b)
{
	return strcmp(((const LifeCycle *) a)->machine, ((const LifeCycle *) b)->machine);
}

static const LifeCycleState *
find_state(const LifeCycle *cycle, const char *name)
{
	for (int i = 0; i < cycle->nstates; i++)
	{
		if (strcmp(cycle->states[i].name, name) == 0)
			return &cycle->states[i];
	}
	return NULL;
}

static bool
step_is_allowed(const LifeCycleState *from, const char *to)
{
	for (int i = 0; i < from->ntargets; i++)
	{
		if (strcmp(from->targets[i], to) == 0)
			return true;
	}
	return false;
}

static void
check_known_state(LifeCycleCall *call, const LifeCycle *cycle, const char *state)
{
	const char **names;

	if (state != NULL && find_state(cycle, state) != NULL)
		return;

	names = palloc(mul_size(cycle->nstates, sizeof(char *)));
	for (int i = 0; i < cycle->nstates; i++)
		names[i] = cycle->states[i].name;

	if (state == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("a state of life cycle \"%s\" must not be null", cycle->machine),
				 errdetail("Its states are %s.", quoted_list(names, cycle->nstates)),
				 errhint("Write one of these states."),
				 errtablecol(call->rel, call->attnum)));
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("\"%s\" is not a state of life cycle \"%s\"", state, cycle->machine),
			 errdetail("Its states are %s.", quoted_list(names, cycle->nstates)),
			 errhint("Write one of these states."),
			 errtablecol(call->rel, call->attnum)));
}

static void
raise_unknown_machine(const char *machine)
{
	const char **names = palloc(mul_size(life_cycles->nmachines, sizeof(char *)));

	for (int i = 0; i < life_cycles->nmachines; i++)
		names[i] = life_cycles->machines[i].machine;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("life cycle \"%s\" does not exist", machine),
			 errdetail("The life cycles are %s.", quoted_list(names, life_cycles->nmachines)),
			 errhint("Add its states to campaign.life_cycle_states; names of your own start with \"x_\".")));
}

static void
raise_illegal_step(LifeCycleCall *call, const LifeCycle *cycle, const char *from, const char *to)
{
	const LifeCycleState *state = from != NULL ? find_state(cycle, from) : NULL;
	bool		is_final;

	/*
	 * A state unknown to the machine can only be one that was there before
	 * the trigger, or that was taken out of the machine since.
	 */
	if (state == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CAMPAIGN_ILLEGAL_TRANSITION),
				 errmsg("life cycle \"%s\" does not lead from %s to \"%s\"",
						cycle->machine, from != NULL ? quoted_list(&from, 1) : "null", to),
				 errdetail("The current state is no state of the life cycle."),
				 errhint("Add it to campaign.life_cycle_states, or correct the row with the trigger disabled."),
				 errtablecol(call->rel, call->attnum)));

	is_final = state->ntargets == 0;
	ereport(ERROR,
			(errcode(ERRCODE_CAMPAIGN_ILLEGAL_TRANSITION),
			 errmsg("life cycle \"%s\" does not lead from \"%s\" to \"%s\"",
					cycle->machine, from, to),
			 is_final ?
			 errdetail("The current state is \"%s\", the wanted one \"%s\"; the current one is final.",
					   from, to) :
			 errdetail("The current state is \"%s\", the wanted one \"%s\"; allowed from here: %s.",
					   from, to, quoted_list(state->targets, state->ntargets)),
			 is_final ?
			 errhint("A final state is never left: make a new row instead.") :
			 errhint("Take one of the allowed steps; campaign.life_cycle_diagram('%s') shows them all.",
					 cycle->machine),
			 errtablecol(call->rel, call->attnum)));
}

static char *
quoted_list(const char *const *names, int count)
{
	StringInfoData list;

	initStringInfo(&list);
	if (count == 0)
		appendStringInfoString(&list, "none");
	for (int i = 0; i < count; i++)
		appendStringInfo(&list, "%s\"%s\"", i > 0 ? ", " : "", names[i]);
	return list.data;
}

/*
 * Write the log with the rights of its owner, as foreign keys do with theirs,
 * so that whoever may take the step needs no privilege on the log.  A table
 * of another owner is not trusted with the name of the tenant: its rows are
 * logged for tenants that the session's member may write, or anybody could
 * forge a history with a table of his own.
 */
static void
log_transition(LifeCycleCall *call, HeapTuple tuple, const char *from, const char *to)
{
	Datum		values[8];
	char		nulls[9] = "        ";
	TupleDesc	tupdesc = RelationGetDescr(call->rel);
	bool		tenant_isnull;
	bool		id_isnull;
	Oid			log_owner;
	Oid			save_userid;
	int			save_sec_context;

	values[0] = heap_getattr(tuple, call->tenant_attnum, tupdesc, &tenant_isnull);
	values[3] = heap_getattr(tuple, call->id_attnum, tupdesc, &id_isnull);
	if (tenant_isnull || id_isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("a transition of a row without tenant_id or id cannot be logged"),
				 errdetail("Column \"%s\" of table \"%s\" is null.", tenant_isnull ? "tenant_id" : "id",
						   RelationGetRelationName(call->rel)),
				 errhint("Set both, or declare the trigger with a third argument, 'unlogged'."),
				 errtablecol(call->rel, tenant_isnull ? call->tenant_attnum : call->id_attnum)));

	SPI_connect();
	save_userid = GetUserId();
	log_owner = become_owner(get_campaign_relid("life_cycle_log"), &save_sec_context);

	values[1] = CStringGetTextDatum(call->machine);
	values[2] = CStringGetTextDatum(quote_qualified_identifier(get_namespace_name(RelationGetNamespace(call->rel)),
															   RelationGetRelationName(call->rel)));
	values[4] = CStringGetTextDatum(from);
	values[5] = CStringGetTextDatum(to);
	if (transition_reason == NULL || transition_reason[0] == '\0')
		nulls[6] = 'n';
	else
		values[6] = CStringGetTextDatum(transition_reason);
	values[7] = BoolGetDatum(call->rel->rd_rel->relowner == log_owner);

	if (StatementRun(&log_statement, values, nulls) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("tenant \"%s\" does not exist",
						DatumGetCString(DirectFunctionCall1(uuid_out, values[0]))),
				 errdetail("Table \"%s\" logs its transitions for this tenant.",
						   RelationGetRelationName(call->rel)),
				 errhint("Act as an owner or editor of the tenant, or declare the trigger with a third argument, 'unlogged'."),
				 errtablecol(call->rel, call->tenant_attnum)));

	SetUserIdAndSecContext(save_userid, save_sec_context);
	SPI_finish();
}

static Oid
get_campaign_relid(const char *relname)
{
	return RangeVarGetRelid(makeRangeVar(CAMPAIGN_SCHEMA, pstrdup(relname), -1), NoLock, false);
}

/*
 * Switch to the owner of a relation, returned, like ri_triggers.c.  Row
 * security is off for the owner even if somebody forced it.  An error on the
 * way needs no care: the end of the (sub)transaction switches back.
 */
static Oid
become_owner(Oid relid, int *save_sec_context)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;
	Oid			userid;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);

	GetUserIdAndSecContext(&userid, save_sec_context);
	SetUserIdAndSecContext(owner, *save_sec_context |
						   SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	return owner;
}

/*
 * Read all machines anew.  They are read with the latest snapshot, whatever
 * the isolation level: the cache outlives the transaction.  What this
 * transaction wrote and rolls back is invalidated by the rollback.  If the
 * tables change during the reading, it starts again; if they never rest (or
 * debug_discard_caches is on) the last result serves this use only.
 */
static void
load_life_cycles(void)
{
	MemoryContext context;
	LifeCycleCache *cache;
	uint64		seen;

	for (int attempt = 1;; attempt++)
	{
		/* A child of the caller's context until complete, so that an error frees it. */
		context = AllocSetContextCreate(CurrentMemoryContext, "campaign life cycles",
										ALLOCSET_SMALL_SIZES);
		/* OIDs are looked up each time: the extension may have been made anew. */
		states_relid = get_campaign_relid("life_cycle_states");
		transitions_relid = get_campaign_relid("life_cycle_transitions");
		seen = invalidations;
		cache = read_life_cycles(context);
		if (seen == invalidations || attempt >= MAX_LOAD_ATTEMPTS)
			break;
		MemoryContextDelete(context);
		CHECK_FOR_INTERRUPTS();
	}

	MemoryContextSetParent(context, CacheMemoryContext);
	if (life_cycles_context != NULL)
		MemoryContextDelete(life_cycles_context);
	life_cycles_context = context;
	life_cycles = cache;
	life_cycles_valid = seen == invalidations;
}

/* The result is allocated in context.  Reads with the rights of the tables' owner. */
static LifeCycleCache *
read_life_cycles(MemoryContext context)
{
	LifeCycleCache *cache;
	Snapshot	snapshot;
	Oid			save_userid = GetUserId();
	int			save_sec_context;

	SPI_connect();
	become_owner(states_relid, &save_sec_context);
	snapshot = RegisterSnapshot(GetLatestSnapshot());

	if (SPI_execute_snapshot(StatementPlan(&load_statement), NULL, NULL,
							 snapshot, InvalidSnapshot, true, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read life cycles: %s", SPI_result_code_string(SPI_result));
	cache = build_cache(SPI_tuptable, SPI_processed, context);

	UnregisterSnapshot(snapshot);
	SetUserIdAndSecContext(save_userid, save_sec_context);
	SPI_finish();
	return cache;
}

/* Rows come ordered by machine; one machine is a run of states in one array. */
static LifeCycleCache *
build_cache(SPITupleTable *table, uint64 nrows, MemoryContext context)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	LifeCycleCache *cache = palloc0(sizeof(LifeCycleCache));
	LifeCycleState *states = palloc0(mul_size(nrows, sizeof(LifeCycleState)));
	LifeCycle  *cycle = NULL;

	cache->machines = palloc0(mul_size(nrows, sizeof(LifeCycle)));
	for (uint64 row = 0; row < nrows; row++)
	{
		char	   *machine = SPI_getvalue(table->vals[row], table->tupdesc, 1);

		if (cycle == NULL || strcmp(cycle->machine, machine) != 0)
		{
			cycle = &cache->machines[cache->nmachines++];
			cycle->machine = machine;
			cycle->states = &states[row];
		}
		build_state(&states[row], table->vals[row], table->tupdesc);
		cycle->nstates++;
	}
	MemoryContextSwitchTo(oldcontext);
	return cache;
}

/* Allocates in the current context. */
static void
build_state(LifeCycleState *state, HeapTuple tuple, TupleDesc tupdesc)
{
	bool		isnull;
	Datum		targets;
	Datum	   *elements;

	state->name = SPI_getvalue(tuple, tupdesc, 2);
	targets = SPI_getbinval(tuple, tupdesc, 3, &isnull);
	if (isnull)
		return;

	deconstruct_array(DatumGetArrayTypeP(targets), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, NULL, &state->ntargets);
	state->targets = palloc(mul_size(state->ntargets, sizeof(char *)));
	for (int i = 0; i < state->ntargets; i++)
		state->targets[i] = TextDatumGetCString(elements[i]);
}

/* InvalidOid means everything. */
static void
invalidate_life_cycles(Datum arg, Oid relid)
{
	if (relid != InvalidOid && relid != states_relid && relid != transitions_relid)
		return;
	life_cycles_valid = false;
	invalidations++;
}
