/*
 * leases.c
 *		What every lease needs: a fence, an opaque token, an end, a backoff.
 *
 * A lease is a row that says until when, by the wall clock, and under which
 * random fence somebody works on it.  The token that the worker holds carries
 * the fence; whoever comes with another one comes too late.  Where leases are
 * kept and what a token finds is the business of each queue.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "common/base64.h"
#include "common/int.h"
#include "common/pg_prng.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "compat.h"
#include "core/leases.h"

/* No token of the touch queue, whose version is 1. */
#define ITEM_TOKEN_VERSION 2
#define ITEM_TOKEN_BYTES (1 + 3 * UUID_LEN + 8)

PG_FUNCTION_INFO_V1(campaign_lease_fence);
PG_FUNCTION_INFO_V1(campaign_lease_end);
PG_FUNCTION_INFO_V1(campaign_lease_token);
PG_FUNCTION_INFO_V1(campaign_decode_lease_token);

Datum
campaign_lease_fence(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(LeaseFence());
}

Datum
campaign_lease_end(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(GetCurrentTimestamp() + LeaseLength(PG_GETARG_INTERVAL_P(0)));
}

/* A token of a queue that is kept in SQL: tenant, queue, item and fence. */
Datum
campaign_lease_token(PG_FUNCTION_ARGS)
{
	uint8		bytes[ITEM_TOKEN_BYTES];
	uint8	   *p = bytes;
	uint64		fence = pg_hton64((uint64) PG_GETARG_INT64(3));

	*p++ = ITEM_TOKEN_VERSION;
	for (int i = 0; i < 3; i++, p += UUID_LEN)
		memcpy(p, PG_GETARG_UUID_P(i)->data, UUID_LEN);
	memcpy(p, &fence, 8);
	PG_RETURN_TEXT_P(cstring_to_text(LeaseEncode(bytes, ITEM_TOKEN_BYTES)));
}

Datum
campaign_decode_lease_token(PG_FUNCTION_ARGS)
{
	uint8		bytes[ITEM_TOKEN_BYTES];
	text	   *token = PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0);
	uint64		fence;
	TupleDesc	tupdesc;
	Datum		values[4];
	bool		nulls[4] = {0};

	if (token == NULL || !LeaseDecode(VARDATA_ANY(token), VARSIZE_ANY_EXHDR(token), bytes, ITEM_TOKEN_BYTES) ||
		bytes[0] != ITEM_TOKEN_VERSION)
		LeaseRaiseInvalidToken();
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (int i = 0; i < 3; i++)
		values[i] = UUIDPGetDatum((pg_uuid_t *) (bytes + 1 + i * UUID_LEN));
	memcpy(&fence, bytes + 1 + 3 * UUID_LEN, 8);
	values[3] = Int64GetDatum((int64) pg_ntoh64(fence));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

void
LeaseRaiseInvalidToken(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid lease token"),
			 errdetail("The text is not a token that a claim returned."),
			 errhint("Pass lease_token as it was claimed.")));
}

/* Drawn by the block, since most of the cost is that of asking. */
int64
LeaseFence(void)
{
	static int64 fences[64];
	static int	left = 0;
	int64		fence;

	do
	{
		if (left == 0)
		{
			if (!pg_strong_random(fences, sizeof(fences)))
				ereport(ERROR,
						(errcode(ERRCODE_INTERNAL_ERROR),
						 errmsg("could not generate a random number")));
			left = lengthof(fences);
		}
		fence = fences[--left];
	} while (fence == 0);
	return fence;
}

int64
LeaseLength(const Interval *lease)
{
	int64		length;

	/* days and time may differ in their signs: what counts is what they come to */
	if (lease->month != 0 ||
		pg_mul_s64_overflow(lease->day, USECS_PER_DAY, &length) ||
		pg_add_s64_overflow(length, lease->time, &length) ||
		length < CAMPAIGN_MIN_LEASE || length > CAMPAIGN_MAX_LEASE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lease is out of range"),
				 errdetail("A lease lasts from one second to 24 hours."),
				 errhint("Take a little more than a batch needs, and extend it if it takes longer.")));
	return length;
}

int64
LeaseBackoff(int attempts)
{
	static const int minutes[] = {1, 5, 15};
	int			step = Min(Max(attempts, 1), (int) lengthof(minutes)) - 1;
	int64		base = minutes[step] * USECS_PER_MINUTE;

	return base + (int64) (pg_prng_double(&pg_global_prng_state) * (double) base / 5);
}

char *
LeaseEncode(const uint8 *bytes, int len)
{
	int			size = pg_b64_enc_len(len);
	char	   *text = palloc(size + 1);
	int			n = campaign_b64_encode_compat(bytes, len, text, size);

	if (n < 0)
		elog(ERROR, "could not encode %d bytes", len);
	while (n > 0 && text[n - 1] == '=')
		n--;
	text[n] = '\0';
	for (char *c = text; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	return text;
}

bool
LeaseDecode(const char *text, int textlen, uint8 *bytes, int len)
{
	int			padded = (len + 2) / 3 * 4;
	int			unpadded = (len * 4 + 2) / 3;
	char		standard[256];
	char	   *last;
	bool		same;

	Assert(padded < (int) sizeof(standard));
	if (textlen != unpadded)
		return false;
	for (int i = 0; i < textlen; i++)
	{
		if (text[i] == '+' || text[i] == '/')
			return false;
		standard[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
	}
	for (int i = textlen; i < padded; i++)
		standard[i] = '=';
	if (campaign_b64_decode_compat(standard, padded, bytes, len) != len)
		return false;

	/* spare bits of the last character are zero in what we made */
	if (len % 3 == 0)
		return true;
	last = LeaseEncode(bytes + len - len % 3, len % 3);
	same = memcmp(last, text + textlen - len % 3 - 1, len % 3 + 1) == 0;
	pfree(last);
	return same;
}
