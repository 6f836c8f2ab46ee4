/*
 * identity.c
 *		Who is asking, and which tenants he may read, write and own.
 *
 * Every row-level security policy ends here.  A member is a database role
 * (the outer user: SET ROLE counts, a definer function does not) or, with
 * campaign.identity_source = jwt, the subject of request.jwt.claims in a
 * session of a listed authenticator.  Anybody may SET that variable, so in
 * every other session it means nothing, and the member is nobody.  Nobody,
 * too, asks from code that runs on another's behalf (runs_for_another()).
 *
 * The tenants of a member are cached for the backend.  The cache holds no
 * role: its key is made anew in each call, so that a changed role, setting or
 * token finds another entry or none.  Rows of tenant_members and tenants
 * invalidate it through the trigger campaign.invalidate_relation_cache(), whose
 * relcache message reaches every backend when the writer commits, and the
 * writer itself at its next command and at its rollback.
 *
 * Deciding who may change members is the business of tenants.sql.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/jsonapi.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"
#include "utils/varlena.h"

#include "campaign.h"
#include "compat.h"
#include "core/identity.h"
#include "core/statements.h"

typedef enum IdentitySource
{
	IDENTITY_ROLE,
	IDENTITY_JWT
} IdentitySource;

typedef enum TenantAccess
{
	TENANT_READ,
	TENANT_WRITE,
	TENANT_OWN
} TenantAccess;

#define TENANT_ACCESS_COUNT (TENANT_OWN + 1)

/*
 * One member's tenants.  The empty key, which no member has, stands for
 * whoever row-level security does not bind: all tenants.
 */
typedef struct MemberTenants
{
	char		member[CAMPAIGN_MEMBER_MAX + 1];
	ArrayType  *tenants[TENANT_ACCESS_COUNT];
} MemberTenants;

#define UNBOUND_MEMBER ""

/* Loads of one use that an invalidation may spoil before the last one serves. */
#define MAX_LOAD_ATTEMPTS 3

/* A pool of connections serves many members; beyond this the cache starts again. */
#define CACHE_MAX_MEMBERS 256

/* What the semantic actions of the JSON parser share. */
typedef struct SubjectParse
{
	JsonLexContext *lex;
	bool		at_subject;
	char	   *subject;
} SubjectParse;

static bool runs_for_another(void);
static char *jwt_member(void);
static bool is_authenticator(Oid roleid);
static char *json_subject(const char *claims);
static CampaignJsonResult_compat subject_field_start(void *state, char *fname, bool isnull);
static CampaignJsonResult_compat subject_scalar(void *state, char *token, JsonTokenType tokentype);
static bool check_jwt_authenticators(char **newval, void **extra, GucSource source);
static Datum tenants_of_caller(TenantAccess access);
static MemberTenants *find_tenants(const char *member);
static void prepare_cache(void);
static bool load_tenants(const char *member, MemberTenants *entry);
static Oid	owner_of_table(Oid relid);
static void query_tenants(const char *member);
static ArrayType *collect_tenants(TenantAccess access, bool with_system);
static void forget_tenants(Datum arg, Oid relid);

static const struct config_enum_entry identity_sources[] = {
	{"role", IDENTITY_ROLE, false},
	{"jwt", IDENTITY_JWT, false},
	{NULL, 0, false}
};

/* Rows (tenant, may write, may own), ordered. */
static Statement member_tenants = {
	"SELECT tenant_id, role OPERATOR(pg_catalog.<>) 'viewer', role OPERATOR(pg_catalog.=) 'owner'"
	" FROM campaign.tenant_members WHERE member OPERATOR(pg_catalog.=) $1 ORDER BY tenant_id",
	NULL, {TEXTOID}
};

static Statement all_tenants = {
	"SELECT id, NOT seeded, NOT seeded FROM campaign.tenants ORDER BY id",
	NULL, {InvalidOid}
};

static int	identity_source = IDENTITY_ROLE;
static char *jwt_authenticators = NULL;

/* Counts invalidations; what was loaded under another count is stale. */
static uint64 generation = 1;

static struct
{
	MemoryContext context;
	HTAB	   *members;
	uint64		generation;
	Oid			members_table;
	Oid			tenants_table;
} cache;

void
IdentityInit(void)
{
	DefineCustomEnumVariable("campaign.identity_source",
							 "What a member of a tenant is: a database role, or the subject of a JWT.",
							 NULL,
							 &identity_source,
							 IDENTITY_ROLE,
							 identity_sources,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
	DefineCustomStringVariable("campaign.jwt_authenticators",
							   "Roles in whose sessions request.jwt.claims is believed.",
							   "A list of role names, compared with session_user. Used when campaign.identity_source is jwt.",
							   &jwt_authenticators,
							   "",
							   PGC_SUSET,
							   GUC_LIST_INPUT,
							   check_jwt_authenticators,
							   NULL, NULL);
	CacheRegisterRelcacheCallback(forget_tenants, (Datum) 0);
}

/* ----- who ----- */

PG_FUNCTION_INFO_V1(campaign_current_member);

Datum
campaign_current_member(PG_FUNCTION_ARGS)
{
	char	   *member = IdentityMember();

	if (member == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(member));
}

PG_FUNCTION_INFO_V1(campaign_asking_role);

/* The role of the session (SET ROLE counts), or NULL as for a member. */
Datum
campaign_asking_role(PG_FUNCTION_ARGS)
{
	if (runs_for_another())
		PG_RETURN_NULL();
	PG_RETURN_OID(GetOuterUserId());
}

char *
IdentityMember(void)
{
	if (runs_for_another())
		return NULL;
	if (identity_source == IDENTITY_JWT)
		return jwt_member();
	return GetUserNameFromId(GetOuterUserId(), true);
}

/*
 * Is this code that somebody else left for the session to run?
 *
 * VACUUM, ANALYZE, REINDEX and REFRESH run the functions of indexes and the
 * queries of materialized views as their owner, in a security-restricted
 * operation, while the outer user stays the superuser who maintains the
 * table, autovacuum included.  Believing the outer user there, a member's
 * index function would read every tenant.  The current user cannot be
 * believed either, once that function has called one of our definer
 * functions.
 */
static bool
runs_for_another(void)
{
	return InSecurityRestrictedOperation() &&
		(InLocalUserIdChange() || GetUserId() != GetOuterUserId());
}

static char *
jwt_member(void)
{
	const char *claims;

	if (!is_authenticator(GetSessionUserId()))
		return NULL;
	claims = GetConfigOption("request.jwt.claims", true, false);
	if (claims == NULL || claims[0] == '\0')
		return NULL;
	return json_subject(claims);
}

/*
 * The list is of names, the comparison of OIDs: a role renamed to a listed
 * name counts from then on, one that only looks like it never does.
 */
static bool
is_authenticator(Oid roleid)
{
	char	   *names;
	List	   *list;
	ListCell   *cell;
	bool		found = false;

	if (jwt_authenticators == NULL || jwt_authenticators[0] == '\0')
		return false;
	names = pstrdup(jwt_authenticators);
	if (SplitIdentifierString(names, ',', &list))
	{
		foreach(cell, list)
			found = found || get_role_oid((char *) lfirst(cell), true) == roleid;
		list_free(list);
	}
	pfree(names);
	return found;
}

/*
 * The string "sub" at the top of the claims, the last one if repeated (as
 * jsonb has it).  NULL if there is none, if it is empty, and if the claims
 * are not JSON: somebody who cannot say who he is is nobody.
 */
static char *
json_subject(const char *claims)
{
	SubjectParse parse = {0};
	JsonSemAction actions = {0};

	parse.lex = campaign_make_json_lex_compat(claims);
	actions.semstate = &parse;
	actions.object_field_start = subject_field_start;
	actions.scalar = subject_scalar;

	if (pg_parse_json(parse.lex, &actions) != JSON_SUCCESS)
		return NULL;
	if (parse.subject == NULL || parse.subject[0] == '\0')
		return NULL;
	return parse.subject;
}

static CampaignJsonResult_compat
subject_field_start(void *state, char *fname, bool isnull)
{
	SubjectParse *parse = state;

	parse->at_subject = parse->lex->lex_level == 1 && strcmp(fname, "sub") == 0;
	if (parse->at_subject)
		parse->subject = NULL;
	return CAMPAIGN_JSON_CONTINUE_COMPAT;
}

static CampaignJsonResult_compat
subject_scalar(void *state, char *token, JsonTokenType tokentype)
{
	SubjectParse *parse = state;

	if (parse->at_subject && parse->lex->lex_level == 1 && tokentype == JSON_TOKEN_STRING)
		parse->subject = token;
	return CAMPAIGN_JSON_CONTINUE_COMPAT;
}

/* Form only: whether the roles exist is seen when they are needed. */
static bool
check_jwt_authenticators(char **newval, void **extra, GucSource source)
{
	char	   *names = pstrdup(*newval);
	List	   *list;
	bool		valid = SplitIdentifierString(names, ',', &list);

	list_free(list);
	pfree(names);
	if (!valid)
	{
		GUC_check_errdetail("List syntax is invalid.");
		GUC_check_errhint("Write role names separated by commas, quoted like identifiers.");
	}
	return valid;
}

/* ----- which tenants ----- */

PG_FUNCTION_INFO_V1(campaign_readable_tenants);

Datum
campaign_readable_tenants(PG_FUNCTION_ARGS)
{
	return tenants_of_caller(TENANT_READ);
}

PG_FUNCTION_INFO_V1(campaign_writable_tenants);

Datum
campaign_writable_tenants(PG_FUNCTION_ARGS)
{
	return tenants_of_caller(TENANT_WRITE);
}

PG_FUNCTION_INFO_V1(campaign_owned_tenants);

Datum
campaign_owned_tenants(PG_FUNCTION_ARGS)
{
	return tenants_of_caller(TENANT_OWN);
}

/* A copy in the caller's context: the cache may be dropped while he reads it. */
static Datum
tenants_of_caller(TenantAccess access)
{
	const char *member;

	if (has_bypassrls_privilege(GetOuterUserId()) && !runs_for_another())
		member = UNBOUND_MEMBER;
	else
	{
		member = IdentityMember();
		if (member == NULL || strlen(member) > CAMPAIGN_MEMBER_MAX)
			PG_RETURN_ARRAYTYPE_P(construct_empty_array(UUIDOID));
	}
	PG_RETURN_DATUM(datumCopy(PointerGetDatum(find_tenants(member)->tenants[access]), false, -1));
}

/*
 * The member's entry, valid until the next invalidation is accepted.
 *
 * Messages are accepted first: in a transaction that already holds its locks
 * nothing else would, and a member removed elsewhere would go on reading.  If
 * the tables never rest (or debug_discard_caches is on) the last load serves
 * this use only.
 */
static MemberTenants *
find_tenants(const char *member)
{
	static MemberTenants loaded;
	MemberTenants *entry;

	AcceptInvalidationMessages();
	for (int attempt = 1;; attempt++)
	{
		prepare_cache();
		entry = hash_search(cache.members, member, HASH_FIND, NULL);
		if (entry != NULL)
			return entry;
		if (load_tenants(member, &loaded))
			break;
		if (attempt >= MAX_LOAD_ATTEMPTS)
			return &loaded;
		CHECK_FOR_INTERRUPTS();
	}
	entry = hash_search(cache.members, member, HASH_ENTER, NULL);
	memcpy(entry->tenants, loaded.tenants, sizeof(loaded.tenants));
	return entry;
}

/*
 * Empties the cache if it is stale or full, and looks up the tables anew:
 * DROP and CREATE EXTENSION give them other OIDs.
 */
static void
prepare_cache(void)
{
	HASHCTL		ctl;
	Oid			schema;
	MemoryContext context;

	if (cache.context != NULL && cache.generation == generation &&
		hash_get_num_entries(cache.members) < CACHE_MAX_MEMBERS)
		return;

	if (cache.context != NULL)
	{
		MemoryContextDelete(cache.context);
		cache.context = NULL;
	}

	/* Before anything is read, or the callback would not know what concerns it. */
	schema = get_namespace_oid(CAMPAIGN_SCHEMA, false);
	cache.members_table = get_relname_relid("tenant_members", schema);
	cache.tenants_table = get_relname_relid("tenants", schema);
	cache.generation = generation;
	if (!OidIsValid(cache.members_table) || !OidIsValid(cache.tenants_table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("extension \"campaign\" is not complete"),
				 errdetail("Table campaign.tenants or campaign.tenant_members is missing."),
				 errhint("Run CREATE EXTENSION campaign.")));

	context = AllocSetContextCreate(CurrentMemoryContext, "campaign tenants of members",
									ALLOCSET_SMALL_SIZES);
	ctl.keysize = sizeof(((MemberTenants *) 0)->member);
	ctl.entrysize = sizeof(MemberTenants);
	ctl.hcxt = context;
	cache.members = hash_create("campaign tenants of members", 16, &ctl,
								HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	MemoryContextSetParent(context, CacheMemoryContext);
	cache.context = context;
}

/*
 * Reads the tenants of a member into the cache's context.  False if an
 * invalidation arrived meanwhile: what was read may be older than it.
 *
 * The caller has no privilege on other members' rows, and row-level security
 * on these tables would ask here again: the query runs with the rights of the
 * table's owner, as the checks of foreign keys do.
 */
static bool
load_tenants(const char *member, MemberTenants *entry)
{
	MemoryContext caller = CurrentMemoryContext;
	Oid			save_userid;
	int			save_sec_context;
	bool		with_system;

	GetUserIdAndSecContext(&save_userid, &save_sec_context);
	SetUserIdAndSecContext(owner_of_table(cache.members_table),
						   save_sec_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");

	query_tenants(member);
	/* All tenants include the system tenant; a member reads it beside his own. */
	with_system = SPI_processed > 0 && strcmp(member, UNBOUND_MEMBER) != 0;

	MemoryContextSwitchTo(cache.context);
	for (int access = 0; access < TENANT_ACCESS_COUNT; access++)
		entry->tenants[access] = collect_tenants(access, with_system && access == TENANT_READ);
	MemoryContextSwitchTo(caller);

	SPI_finish();
	SetUserIdAndSecContext(save_userid, save_sec_context);
	return cache.generation == generation;
}

static Oid
owner_of_table(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	Oid			owner = rel->rd_rel->relowner;

	table_close(rel, NoLock);
	return owner;
}

/*
 * Leaves rows (tenant, may write, may own) in SPI_tuptable, ordered.
 *
 * Read with the catalog's snapshot: it is the latest one in every isolation
 * level, sees the transaction's own earlier commands and, unlike
 * GetLatestSnapshot(), may be taken in parallel mode.
 */
static void
query_tenants(const char *member)
{
	bool		unbound = strcmp(member, UNBOUND_MEMBER) == 0;
	Datum		args[1];
	int			result;

	PushActiveSnapshot(GetCatalogSnapshot(cache.members_table));
	args[0] = CStringGetTextDatum(member);
	result = SPI_execute_plan(StatementPlan(unbound ? &all_tenants : &member_tenants),
							  args, NULL, true, 0);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
	PopActiveSnapshot();
}

/* The array for one kind of access out of SPI_tuptable, in the current context. */
static ArrayType *
collect_tenants(TenantAccess access, bool with_system)
{
	static const pg_uuid_t system_tenant = {{0}};
	Datum	   *ids = palloc_array(Datum, SPI_processed + 1);
	int			count = 0;
	ArrayType  *result;

	if (with_system)
		ids[count++] = UUIDPGetDatum(&system_tenant);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;

		if (access == TENANT_READ ||
			DatumGetBool(SPI_getbinval(row, desc, access == TENANT_WRITE ? 2 : 3, &isnull)))
			ids[count++] = SPI_getbinval(row, desc, 1, &isnull);
	}
	result = count == 0 ? construct_empty_array(UUIDOID) :
		construct_array(ids, count, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR);
	pfree(ids);
	return result;
}

/* ----- forgetting ----- */

static void
forget_tenants(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == cache.members_table || relid == cache.tenants_table)
		generation++;
}

PG_FUNCTION_INFO_V1(campaign_invalidate_relation_cache);

/*
 * Trigger for tables whose rows are cached in C: AFTER, for each row, or for
 * each statement on TRUNCATE.  A change of rows sends no invalidation by
 * itself; this sends the relation's own, at commit to every backend.
 */
Datum
campaign_invalidate_relation_cache(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager", "invalidate_relation_cache")));
	if (!TRIGGER_FIRED_AFTER(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired AFTER", "invalidate_relation_cache")));
	CacheInvalidateRelcache(trigdata->tg_relation);
	return PointerGetDatum(NULL);
}
