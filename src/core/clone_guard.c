/*
 * clone_guard.c
 *		A copy of a cluster does not send until somebody says so.
 *
 * A backup that is restored for a look, a clone for the test system, a disk
 * snapshot: each has the queue of the original, and would send all of it once
 * more.  With campaign.clone_guard on, claims and begin_send are refused in a
 * cluster that is not the one which campaign.arm() recorded.
 *
 * Owns the setting, what identifies a cluster, and the refusal; the record and
 * the comparison are SQL (clone_guard.sql).  A dump has no record, so what is
 * loaded from one is not armed.  A copy of files has it, and differs in at
 * least one of: the system identifier (initdb, pg_upgrade), the timeline
 * (promotion, recovery to a point in time), the database (a template of
 * another), the data directory's path, the inode of its control file (a copy
 * at the same path), the host's name (a snapshot of a whole disk).  None of
 * them changes when a cluster restarts.  Failover does change some: it is
 * armed like any other copy, once it is known that the old primary is gone.
 *
 * Nothing but the timeline can change under a running backend, so an answer is
 * remembered with the timeline that it was for, until the record changes.
 */
#include "postgres.h"

#include <sys/stat.h>
#include <unistd.h>

#include "access/htup_details.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "access/xlogrecovery.h"
#include "catalog/namespace.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"

#include "campaign.h"
#include "core/clone_guard.h"
#include "core/statements.h"

/* Longest name of a host, with the terminator. */
#define HOST_NAME_BYTES 256

static bool clone_guard = false;

/* Under which this backend has found the cluster armed; 0: it has to look. */
static TimeLineID armed_timeline = 0;
static Oid	armed_relid = InvalidOid;
static uint64 invalidations = 0;

static Statement differences_statement = {
	"SELECT pg_catalog.string_agg(d.aspect, ', ' ORDER BY d.\"position\"),"
	" EXISTS (SELECT FROM campaign.armed_cluster)"
	" FROM campaign.clone_guard_differences d",
	NULL, {InvalidOid}
};

PG_FUNCTION_INFO_V1(campaign_cluster_identity);
PG_FUNCTION_INFO_V1(campaign_require_armed_cluster);

static char *find_differences(bool *was_armed);
static TimeLineID current_timeline(void);
static int64 control_file_inode(void);
static void forget_armed(Datum arg, Oid relid);

void
CloneGuardInit(void)
{
	DefineCustomBoolVariable("campaign.clone_guard",
							 "Refuses claims and sends in a copy of the cluster that was armed.",
							 "Call campaign.arm() in the cluster that is to send, first of all when switching this on.",
							 &clone_guard,
							 false,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);
	CacheRegisterRelcacheCallback(forget_armed, (Datum) 0);
}

/* For functions that are written in SQL. */
Datum
campaign_require_armed_cluster(PG_FUNCTION_ARGS)
{
	char	   *what = text_to_cstring(PG_GETARG_TEXT_PP(0));

	/* a standby is on no timeline of its own to compare, and can write nothing */
	PreventCommandDuringRecovery(what);
	CloneGuardRequire(what);
	PG_RETURN_VOID();
}

void
CloneGuardRequire(const char *what)
{
	TimeLineID	timeline;
	uint64		seen;
	char	   *differences;
	bool		was_armed;

	if (!clone_guard)
		return;
	AcceptInvalidationMessages();
	timeline = GetWALInsertionTimeLine();
	if (armed_timeline == timeline)
		return;

	seen = invalidations;
	differences = find_differences(&was_armed);
	if (differences != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s is refused until this cluster is armed", what),
				 was_armed
				 ? errdetail("It differs from the one that was armed in: %s.", differences)
				 : errdetail("campaign.clone_guard is on, and no cluster has been armed."),
				 errhint("If this is the one that is to send, and no other has the same work, call campaign.arm(), which is for the level admin.")));
	/* read before a change that has arrived meanwhile: good for this call only */
	if (seen == invalidations)
		armed_timeline = timeline;
}

/*
 * In what this cluster differs from the armed one, as a list for people,
 * palloc'ed; NULL if it is the same.  Reads what has committed by now.
 */
static char *
find_differences(bool *was_armed)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *list;
	bool		isnull;

	/* looked up each time: the extension may have been made anew */
	armed_relid = RangeVarGetRelid(makeRangeVar(CAMPAIGN_SCHEMA, pstrdup("armed_cluster"), -1),
								   NoLock, false);
	SPI_connect();
	StatementRun(&differences_statement, NULL, NULL);
	list = StatementText(0, 1);
	*was_armed = DatumGetBool(StatementValue(0, 2, &isnull));
	if (list != NULL)
		list = MemoryContextStrdup(caller, list);
	SPI_finish();
	return list;
}

/* campaign.cluster_identity(): what a copy of this database would differ in. */
Datum
campaign_cluster_identity(PG_FUNCTION_ARGS)
{
	char		host[HOST_NAME_BYTES] = "";
	TupleDesc	tupdesc;
	Datum		values[6];
	bool		nulls[6] = {0};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (gethostname(host, sizeof(host) - 1) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("could not get the name of the host: %m")));
	values[0] = Int64GetDatum((int64) GetSystemIdentifier());
	values[1] = Int32GetDatum((int32) current_timeline());
	values[2] = Int64GetDatum((int64) MyDatabaseId);
	values[3] = CStringGetTextDatum(DataDir);
	values[4] = Int64GetDatum(control_file_inode());
	values[5] = CStringGetTextDatum(host);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/* On a standby that which it follows. */
static TimeLineID
current_timeline(void)
{
	TimeLineID	timeline;

	if (!RecoveryInProgress())
		return GetWALInsertionTimeLine();
	(void) GetXLogReplayRecPtr(&timeline);
	return timeline;
}

/*
 * The server overwrites this file in place from initdb on, so its inode stays
 * as long as nobody copies the folder.  (The device's number does not.)
 */
static int64
control_file_inode(void)
{
	struct stat st;

	if (stat(XLOG_CONTROL_FILE, &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat file \"%s\": %m", XLOG_CONTROL_FILE)));
	return (int64) st.st_ino;
}

/* InvalidOid means everything. */
static void
forget_armed(Datum arg, Oid relid)
{
	if (relid != InvalidOid && relid != armed_relid)
		return;
	armed_timeline = 0;
	invalidations++;
}
