/*
 * tenant_keys.c
 *		Secrets of a tenant: made, read, and used for HMAC-SHA256.
 *
 * What is signed, and for what, is the business of those who sign.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "core/hashes.h"
#include "core/statements.h"
#include "core/tenant_keys.h"

static Statement current_key = {
	"SELECT k.key_id, k.secret FROM campaign.tenant_keys k"
	" WHERE k.tenant_id = $1 AND k.purpose = $2 AND k.retired_at IS NULL",
	NULL, {UUIDOID, TEXTOID}
};

static Statement numbered_key = {
	"SELECT k.key_id, k.secret FROM campaign.tenant_keys k"
	" WHERE k.tenant_id = $1 AND k.purpose = $2 AND k.key_id = $3",
	NULL, {UUIDOID, TEXTOID, INT2OID}
};

static Statement ensure_keys = {
	"SELECT campaign.ensure_tenant_keys($1)",
	NULL, {UUIDOID}
};

PG_FUNCTION_INFO_V1(campaign_random_secret);
PG_FUNCTION_INFO_V1(campaign_hmac_sha256);

static bool read_key(Statement *statement, Datum *values, TenantKey *key);

Datum
campaign_random_secret(PG_FUNCTION_ARGS)
{
	bytea	   *secret = palloc(VARHDRSZ + CAMPAIGN_SECRET_BYTES);

	SET_VARSIZE(secret, VARHDRSZ + CAMPAIGN_SECRET_BYTES);
	if (!pg_strong_random(VARDATA(secret), CAMPAIGN_SECRET_BYTES))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random number")));
	PG_RETURN_BYTEA_P(secret);
}

Datum
campaign_hmac_sha256(PG_FUNCTION_ARGS)
{
	bytea	   *secret = PG_GETARG_BYTEA_PP(0);
	bytea	   *data = PG_GETARG_BYTEA_PP(1);
	bytea	   *mac = palloc(VARHDRSZ + CAMPAIGN_HASH_BYTES);

	SET_VARSIZE(mac, VARHDRSZ + CAMPAIGN_HASH_BYTES);
	HmacSha256((uint8 *) VARDATA_ANY(secret), VARSIZE_ANY_EXHDR(secret),
			   (uint8 *) VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data), (uint8 *) VARDATA(mac));
	PG_RETURN_BYTEA_P(mac);
}

void
TenantKeyRead(const pg_uuid_t *tenant, const char *purpose, TenantKey *key)
{
	Datum		values[2];

	values[0] = UUIDPGetDatum(tenant);
	values[1] = CStringGetTextDatum(purpose);
	if (read_key(&current_key, values, key))
		return;
	StatementRun(&ensure_keys, values, NULL);
	SPI_freetuptable(SPI_tuptable);
	if (!read_key(&current_key, values, key))
		elog(ERROR, "tenant has no key for \"%s\"", purpose);
}

bool
TenantKeyFind(const pg_uuid_t *tenant, const char *purpose, int16 key_id, TenantKey *key)
{
	Datum		values[3];

	values[0] = UUIDPGetDatum(tenant);
	values[1] = CStringGetTextDatum(purpose);
	values[2] = Int16GetDatum(key_id);
	return read_key(&numbered_key, values, key);
}

static bool
read_key(Statement *statement, Datum *values, TenantKey *key)
{
	bool		found = StatementRun(statement, values, NULL) == 1;
	bool		isnull;

	memset(key, 0, sizeof(*key));
	if (found)
	{
		bytea	   *secret;

		key->key_id = DatumGetInt16(StatementValue(0, 1, &isnull));
		secret = DatumGetByteaPP(StatementValue(0, 2, &isnull));
		if (VARSIZE_ANY_EXHDR(secret) != CAMPAIGN_SECRET_BYTES)
			elog(ERROR, "key of a tenant has %d bytes", (int) VARSIZE_ANY_EXHDR(secret));
		memcpy(key->secret, VARDATA_ANY(secret), CAMPAIGN_SECRET_BYTES);
	}
	SPI_freetuptable(SPI_tuptable);
	return found;
}
