/*
 * compat.h
 *		The differences between the supported servers, 15 to 18.
 *
 * The only file that looks at PG_VERSION_NUM.  A branch goes the day its
 * major version is dropped.
 */
#ifndef CAMPAIGN_COMPAT_H
#define CAMPAIGN_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "campaign needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "access/genam.h"
#include "access/tableam.h"
#include "common/base64.h"
#include "common/jsonapi.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"

#if PG_VERSION_NUM >= 180000
#include "utils/fmgrprotos.h"
#endif

#if PG_VERSION_NUM >= 180000
#define CAMPAIGN_MODULE_MAGIC_COMPAT \
	PG_MODULE_MAGIC_EXT(.name = "campaign", .version = CAMPAIGN_VERSION)
#else
#define CAMPAIGN_MODULE_MAGIC_COMPAT PG_MODULE_MAGIC
#endif

/* Before the declaration of a function that raises, whatever it is given. */
#if PG_VERSION_NUM >= 180000
#define CAMPAIGN_NORETURN_COMPAT pg_noreturn
#else
#define CAMPAIGN_NORETURN_COMPAT pg_attribute_noreturn()
#endif

/* Memory that belongs to a setting; NULL, having reported it, if there is none. */
static inline void *
campaign_guc_malloc_compat(size_t size)
{
#if PG_VERSION_NUM >= 160000
	return guc_malloc(LOG, size);
#else
	return malloc(size);
#endif
}

/* The server's own UUIDs of version 7; false if it has none. */
static inline bool
campaign_server_uuidv7_compat(pg_uuid_t *out, int n)
{
#if PG_VERSION_NUM >= 180000
	LOCAL_FCINFO(fcinfo, 0);

	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	for (int i = 0; i < n; i++)
	{
		pg_uuid_t  *id = DatumGetUUIDP(uuidv7(fcinfo));

		out[i] = *id;
		pfree(id);
	}
	return true;
#else
	return false;
#endif
}

/* What a semantic action of the JSON parser returns to go on. */
#if PG_VERSION_NUM >= 160000
typedef JsonParseErrorType CampaignJsonResult_compat;
#define CAMPAIGN_JSON_CONTINUE_COMPAT JSON_SUCCESS
#else
typedef void CampaignJsonResult_compat;
#define CAMPAIGN_JSON_CONTINUE_COMPAT
#endif

/* A lexer of JSON in the database's encoding that decodes escapes. */
static inline JsonLexContext *
campaign_make_json_lex_compat(const char *json)
{
#if PG_VERSION_NUM >= 170000
	return makeJsonLexContextCstringLen(NULL, json, strlen(json), GetDatabaseEncoding(), true);
#else
	return makeJsonLexContextCstringLen(unconstify(char *, json), (int) strlen(json),
										GetDatabaseEncoding(), true);
#endif
}

/* Base64 of bytes, which were char before 18. */
static inline int
campaign_b64_encode_compat(const uint8 *src, int len, char *dst, int dstlen)
{
#if PG_VERSION_NUM >= 180000
	return pg_b64_encode(src, len, dst, dstlen);
#else
	return pg_b64_encode((const char *) src, len, dst, dstlen);
#endif
}

static inline int
campaign_b64_decode_compat(const char *src, int len, uint8 *dst, int dstlen)
{
#if PG_VERSION_NUM >= 180000
	return pg_b64_decode(src, len, dst, dstlen);
#else
	return pg_b64_decode(src, len, (char *) dst, dstlen);
#endif
}

/* A scan of an index, without order by operators. */
static inline IndexScanDesc
campaign_index_beginscan_compat(Relation table, Relation index, Snapshot snapshot, int nkeys)
{
#if PG_VERSION_NUM >= 180000
	return index_beginscan(table, index, snapshot, NULL, nkeys, 0);
#else
	return index_beginscan(table, index, snapshot, nkeys, 0);
#endif
}

/*
 * Write the row at a place, which must not have changed since it was locked.
 * Returns whether indexes need entries for it, and whether those that only
 * summarize do alone.
 */
static inline bool
campaign_table_update_compat(Relation table, ItemPointer place, TupleTableSlot *slot, bool *only_summarizing)
{
#if PG_VERSION_NUM >= 160000
	TU_UpdateIndexes indexes;

	simple_table_tuple_update(table, place, slot, GetActiveSnapshot(), &indexes);
	*only_summarizing = indexes == TU_Summarizing;
	return indexes != TU_None;
#else
	bool		indexes;

	simple_table_tuple_update(table, place, slot, GetActiveSnapshot(), &indexes);
	*only_summarizing = false;
	return indexes;
#endif
}

/*
 * The same of a row that is not locked, without waiting: false, and nothing
 * written, if it is busy, gone or no longer as it was.
 */
static inline bool
campaign_table_try_update_compat(Relation table, ItemPointer place, TupleTableSlot *slot,
								 bool *needs_entries, bool *only_summarizing)
{
	TM_FailureData failure;
	LockTupleMode mode;
	TM_Result	result;
#if PG_VERSION_NUM >= 160000
	TU_UpdateIndexes indexes = TU_None;

	result = table_tuple_update(table, place, slot, GetCurrentCommandId(true), GetActiveSnapshot(),
								InvalidSnapshot, false, &failure, &mode, &indexes);
	*only_summarizing = indexes == TU_Summarizing;
	*needs_entries = indexes != TU_None;
#else
	result = table_tuple_update(table, place, slot, GetCurrentCommandId(true), GetActiveSnapshot(),
								InvalidSnapshot, false, &failure, &mode, needs_entries);
	*only_summarizing = false;
#endif
	return result == TM_Ok;
}

/* Entries of the indexes that ExecOpenIndices() has opened; duplicates are errors. */
static inline void
campaign_insert_index_tuples_compat(ResultRelInfo *target, TupleTableSlot *slot, EState *estate,
									bool update, bool only_summarizing)
{
#if PG_VERSION_NUM >= 160000
	(void) ExecInsertIndexTuples(target, slot, estate, update, false, NULL, NIL, only_summarizing);
#else
	(void) ExecInsertIndexTuples(target, slot, estate, update, false, NULL, NIL);
#endif
}

/* The compiled check constraints of a table that is written to. */
#if PG_VERSION_NUM < 180000
#define ri_CheckConstraintExprs ri_ConstraintExprs
#endif

/* Is a check constraint asked about new rows? */
static inline bool
campaign_check_is_enforced_compat(const ConstrCheck *check)
{
#if PG_VERSION_NUM >= 180000
	return check->ccenforced;
#else
	return true;
#endif
}

#endif							/* CAMPAIGN_COMPAT_H */
