/*
 * touch_queue.c
 *		Tokens of the touch queue, and the waking of workers.
 *
 * A token is where the queue row was when it was leased, the touch and
 * attempt, and the fence: what finds the row again through the queue's own
 * key, and what proves that the lease is still the same.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/async.h"
#include "fmgr.h"
#include "funcapi.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "core/clock.h"
#include "core/leases.h"
#include "outreach/touch_queue.h"

#define TOKEN_VERSION 1
#define TOKEN_BYTES (1 + 2 * UUID_LEN + 8 + 8 + 4 + 2 + 2)

static int	notify_horizon = 60;

PG_FUNCTION_INFO_V1(campaign_touch_token);
PG_FUNCTION_INFO_V1(campaign_decode_touch_token);
PG_FUNCTION_INFO_V1(campaign_notify_due);

void
TouchQueueInit(void)
{
	DefineCustomIntVariable("campaign.notify_horizon",
							"Work that is due within this time wakes sleeping workers.",
							"NOTIFY campaign_due is sent when an enrolment, launch, resume or retry brings "
							"work that is due within the horizon; 0 sends it for overdue work only.",
							&notify_horizon, 60, 0, SECS_PER_DAY,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
}

/* The lease token of a queue row, for views. */
Datum
campaign_touch_token(PG_FUNCTION_ARGS)
{
	TouchToken	token = {0};

	token.key.tenant = *PG_GETARG_UUID_P(0);
	token.key.lane = PG_GETARG_INT32(1);
	token.key.due_at = PG_GETARG_TIMESTAMPTZ(2);
	token.key.enrollment = *PG_GETARG_UUID_P(3);
	token.touch_number = PG_GETARG_INT16(4);
	token.attempt = PG_GETARG_INT16(5);
	token.fence = PG_GETARG_INT64(6);
	PG_RETURN_TEXT_P(cstring_to_text(TouchTokenEncode(&token)));
}

Datum
campaign_decode_touch_token(PG_FUNCTION_ARGS)
{
	text	   *arg = PG_GETARG_TEXT_PP(0);
	TouchToken	token;
	TupleDesc	tupdesc;
	Datum		values[5];
	bool		nulls[5] = {0};

	TouchTokenRequire(arg, &token);
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = UUIDPGetDatum(&token.key.tenant);
	values[1] = UUIDPGetDatum(&token.key.enrollment);
	values[2] = Int16GetDatum(token.touch_number);
	values[3] = Int16GetDatum(token.attempt);
	values[4] = Int64GetDatum(token.fence);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/*
 * Wake sleeping workers.  A notification takes a lock of the whole database at
 * commit, so one is sent only for what is due soon; the server folds those of
 * one transaction into one.  It has no payload: every role may listen.
 *
 * There is no limit over several transactions: a worker may have woken, found
 * the first one's work and gone to sleep again before the second commits.
 */
Datum
campaign_notify_due(PG_FUNCTION_ARGS)
{
	if (PG_GETARG_TIMESTAMPTZ(0) > CampaignNow() + notify_horizon * USECS_PER_SEC)
		PG_RETURN_BOOL(false);
	Async_Notify("campaign_due", "");
	PG_RETURN_BOOL(true);
}

/* The text of a token, palloc'ed. */
char *
TouchTokenEncode(const TouchToken *token)
{
	uint8		bytes[TOKEN_BYTES];
	uint8	   *p = bytes;
	uint64		due = pg_hton64((uint64) token->key.due_at);
	uint64		fence = pg_hton64((uint64) token->fence);
	uint32		lane = pg_hton32((uint32) token->key.lane);
	uint16		touch = pg_hton16((uint16) token->touch_number);
	uint16		attempt = pg_hton16((uint16) token->attempt);

	*p++ = TOKEN_VERSION;
	memcpy(p, token->key.tenant.data, UUID_LEN);
	memcpy(p += UUID_LEN, token->key.enrollment.data, UUID_LEN);
	memcpy(p += UUID_LEN, &due, 8);
	memcpy(p += 8, &fence, 8);
	memcpy(p += 8, &lane, 4);
	memcpy(p += 4, &touch, 2);
	memcpy(p += 2, &attempt, 2);
	return LeaseEncode(bytes, TOKEN_BYTES);
}

/* What a token says; false if it is none. Says nothing of its being current. */
bool
TouchTokenDecode(const char *text, int len, TouchToken *token)
{
	uint8		bytes[TOKEN_BYTES];
	const uint8 *p = bytes;
	uint64		due;
	uint64		fence;
	uint32		lane;
	uint16		touch;
	uint16		attempt;

	if (!LeaseDecode(text, len, bytes, TOKEN_BYTES) || *p++ != TOKEN_VERSION)
		return false;
	memset(token, 0, sizeof(*token));
	memcpy(token->key.tenant.data, p, UUID_LEN);
	memcpy(token->key.enrollment.data, p += UUID_LEN, UUID_LEN);
	memcpy(&due, p += UUID_LEN, 8);
	memcpy(&fence, p += 8, 8);
	memcpy(&lane, p += 8, 4);
	memcpy(&touch, p += 4, 2);
	memcpy(&attempt, p += 2, 2);
	token->key.due_at = (TimestampTz) pg_ntoh64(due);
	token->key.lane = (int32) pg_ntoh32(lane);
	token->fence = (int64) pg_ntoh64(fence);
	token->touch_number = (int16) pg_ntoh16(touch);
	token->attempt = (int16) pg_ntoh16(attempt);
	return true;
}

/* Raises 22023 for NULL and for what no claim returned. */
void
TouchTokenRequire(const text *arg, TouchToken *token)
{
	if (arg == NULL || !TouchTokenDecode(VARDATA_ANY(arg), VARSIZE_ANY_EXHDR(arg), token))
		LeaseRaiseInvalidToken();
}

void
TouchTokenOfRow(const TouchRow *row, TouchToken *token)
{
	token->key = row->key;
	token->fence = row->fence;
	token->touch_number = row->touch_number;
	token->attempt = row->attempt;
}
