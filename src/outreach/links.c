/*
 * links.c
 *		Signed tokens in the links of messages.
 *
 * A token says which touch of which enrolment the link stood in and what it
 * is for, and carries an HMAC-SHA256 of that, cut to 16 bytes (RFC 2104,
 * section 5), with a key of the tenant.  Whoever has no key makes no token
 * that is valid, and learns from an invalid one no more than that: forged,
 * unknown and malformed are one answer.
 *
 * What a click does is the business of touch_events.sql.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"

#include "campaign.h"
#include "core/hashes.h"
#include "core/leases.h"
#include "core/statements.h"
#include "outreach/links.h"

#define LINK_VERSION 1
#define LINK_MAC_BYTES 16
#define LINK_SIGNED_BYTES (1 + 2 + 1 + 2 * UUID_LEN + 2)
#define LINK_BYTES (LINK_SIGNED_BYTES + LINK_MAC_BYTES)

/* As link_token() and touch_events spell them. */
static const char *const link_kinds[] = {NULL, "review", "unsubscribe"};

static Statement enrolled_contact = {
	"SELECT e.contact_id FROM campaign.campaign_enrollments e"
	" WHERE e.tenant_id = $1 AND e.id = $2",
	NULL, {UUIDOID, UUIDOID}
};

PG_FUNCTION_INFO_V1(campaign_sign_link);
PG_FUNCTION_INFO_V1(campaign_verify_link);

static void signed_bytes(const LinkToken *token, uint8 *bytes);
static bool read_token(const text *arg, LinkToken *token, uint8 *bytes);
static bool same_bytes(const uint8 *a, const uint8 *b, int len);
static bool find_contact(const LinkToken *token, pg_uuid_t *contact);

/* sign_link(tenant, enrollment, touch, kind): all given and sound. */
Datum
campaign_sign_link(PG_FUNCTION_ARGS)
{
	LinkToken	token = {0};
	LinkKey		key;
	char	   *kind = text_to_cstring(PG_GETARG_TEXT_PP(3));
	char	   *result;

	token.tenant = *PG_GETARG_UUID_P(0);
	token.enrollment = *PG_GETARG_UUID_P(1);
	token.touch_number = PG_GETARG_INT16(2);
	for (int i = LINK_REVIEW; i < (int) lengthof(link_kinds); i++)
	{
		if (strcmp(kind, link_kinds[i]) == 0)
			token.kind = i;
	}
	if (token.kind == 0)
		elog(ERROR, "unknown kind of link \"%s\"", kind);
	SPI_connect();
	LinkKeyRead(&token.tenant, &key);
	SPI_finish();
	token.key_id = key.key_id;
	result = LinkTokenEncode(&token, key.secret, sizeof(key.secret));
	PG_RETURN_TEXT_P(cstring_to_text(result));
}

/* verify_link(token) returns (tenant, enrollment, contact, touch, kind). */
Datum
campaign_verify_link(PG_FUNCTION_ARGS)
{
	LinkToken	token = {0};
	LinkKey		key;
	uint8		bytes[LINK_BYTES];
	uint8		mac[CAMPAIGN_HASH_BYTES];
	pg_uuid_t	contact = {0};
	TupleDesc	tupdesc;
	Datum		values[5];
	bool		nulls[5] = {0};
	bool		valid;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	valid = !PG_ARGISNULL(0) && read_token(PG_GETARG_TEXT_PP(0), &token, bytes);
	if (valid)
	{
		/* without such a key the same work is done, to the same end */
		SPI_connect();
		valid = TenantKeyFind(&token.tenant, TENANT_KEY_LINK, token.key_id, &key);
		HmacSha256(key.secret, sizeof(key.secret), bytes, LINK_SIGNED_BYTES, mac);
		valid = same_bytes(mac, bytes + LINK_SIGNED_BYTES, LINK_MAC_BYTES) && valid;
		valid = find_contact(&token, &contact) && valid;
		SPI_finish();
	}
	if (!valid)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("link does not exist"),
				 errdetail("The token is not one that a message of a tenant carried, or its key was dropped."),
				 errhint("Show a page that says that the link is not valid.")));

	values[0] = UUIDPGetDatum(&token.tenant);
	values[1] = UUIDPGetDatum(&token.enrollment);
	values[2] = UUIDPGetDatum(&contact);
	values[3] = Int16GetDatum(token.touch_number);
	values[4] = CStringGetTextDatum(link_kinds[token.kind]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

void
LinkKeyRead(const pg_uuid_t *tenant, LinkKey *key)
{
	TenantKeyRead(tenant, TENANT_KEY_LINK, key);
}

char *
LinkTokenEncode(const LinkToken *token, const uint8 *secret, int len)
{
	uint8		bytes[LINK_SIGNED_BYTES + CAMPAIGN_HASH_BYTES];

	signed_bytes(token, bytes);
	HmacSha256(secret, len, bytes, LINK_SIGNED_BYTES, bytes + LINK_SIGNED_BYTES);
	return LeaseEncode(bytes, LINK_BYTES);
}

static void
signed_bytes(const LinkToken *token, uint8 *bytes)
{
	uint16		key_id = pg_hton16((uint16) token->key_id);
	uint16		touch = pg_hton16((uint16) token->touch_number);

	*bytes++ = LINK_VERSION;
	memcpy(bytes, &key_id, 2);
	bytes += 2;
	*bytes++ = (uint8) token->kind;
	memcpy(bytes, token->tenant.data, UUID_LEN);
	memcpy(bytes += UUID_LEN, token->enrollment.data, UUID_LEN);
	memcpy(bytes += UUID_LEN, &touch, 2);
}

/* What a text says, unverified, and its bytes; false if it is no token at all. */
static bool
read_token(const text *arg, LinkToken *token, uint8 *bytes)
{
	const uint8 *p = bytes;
	uint16		key_id;
	uint16		touch;

	if (!LeaseDecode(VARDATA_ANY(arg), VARSIZE_ANY_EXHDR(arg), bytes, LINK_BYTES) ||
		*p++ != LINK_VERSION)
		return false;
	memset(token, 0, sizeof(*token));
	memcpy(&key_id, p, 2);
	p += 2;
	token->kind = *p++;
	memcpy(token->tenant.data, p, UUID_LEN);
	memcpy(token->enrollment.data, p += UUID_LEN, UUID_LEN);
	memcpy(&touch, p += UUID_LEN, 2);
	token->key_id = (int16) pg_ntoh16(key_id);
	token->touch_number = (int16) pg_ntoh16(touch);
	return token->kind >= LINK_REVIEW && token->kind < (int) lengthof(link_kinds);
}

/* In a time that does not tell where they differ. */
static bool
same_bytes(const uint8 *a, const uint8 *b, int len)
{
	volatile uint8 differences = 0;

	for (int i = 0; i < len; i++)
		differences |= a[i] ^ b[i];
	return differences == 0;
}

static bool
find_contact(const LinkToken *token, pg_uuid_t *contact)
{
	Datum		values[2];
	bool		isnull;
	bool		found;

	values[0] = UUIDPGetDatum(&token->tenant);
	values[1] = UUIDPGetDatum(&token->enrollment);
	found = StatementRun(&enrolled_contact, values, NULL) == 1;
	if (found)
		*contact = *DatumGetUUIDP(StatementValue(0, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return found;
}
