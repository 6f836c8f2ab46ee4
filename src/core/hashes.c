/*
 * hashes.c
 *		SHA-256 and HMAC-SHA256, once or more for each touch.
 *
 * A context of OpenSSL takes several times as long to make as to use, so there
 * is one, which lives as long as the backend.  pg_hmac.h has no such context:
 * it looks its hash up again for every key.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "core/hashes.h"

StaticAssertDecl(CAMPAIGN_HASH_BYTES == PG_SHA256_DIGEST_LENGTH, "a hash is as long as the library says");

static pg_cryptohash_ctx *context = NULL;

static void make_context(void);
static void hash(const uint8 *head, int headlen, const uint8 *data, int len, uint8 *digest);

void
Sha256(const uint8 *data, int len, uint8 digest[CAMPAIGN_HASH_BYTES])
{
	hash(NULL, 0, data, len, digest);
}

void
HmacSha256(const uint8 *secret, int secretlen, const uint8 *data, int len,
		   uint8 mac[CAMPAIGN_HASH_BYTES])
{
	uint8		key[PG_SHA256_BLOCK_LENGTH] = {0};
	uint8		inner[PG_SHA256_BLOCK_LENGTH];
	uint8		outer[PG_SHA256_BLOCK_LENGTH];
	uint8		digest[CAMPAIGN_HASH_BYTES];

	if (secretlen > PG_SHA256_BLOCK_LENGTH)
		Sha256(secret, secretlen, key);
	else
		memcpy(key, secret, secretlen);
	for (int i = 0; i < PG_SHA256_BLOCK_LENGTH; i++)
	{
		inner[i] = key[i] ^ 0x36;
		outer[i] = key[i] ^ 0x5c;
	}
	hash(inner, sizeof(inner), data, len, digest);
	hash(outer, sizeof(outer), digest, sizeof(digest), mac);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(inner, sizeof(inner));
	explicit_bzero(outer, sizeof(outer));
}

/*
 * Under a resource owner that ends with the backend: one of the transaction
 * would take the context with it.
 */
static void
make_context(void)
{
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	/* an error puts both back, like those of every aborted transaction */
	CurrentResourceOwner = ResourceOwnerCreate(NULL, "campaign hashes");
	context = pg_cryptohash_create(PG_SHA256);
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(old);
}

/* The hash of a head and what follows it. */
static void
hash(const uint8 *head, int headlen, const uint8 *data, int len, uint8 *digest)
{
	if (context == NULL)
		make_context();
	if (pg_cryptohash_init(context) < 0 ||
		(headlen > 0 && pg_cryptohash_update(context, head, headlen) < 0) ||
		pg_cryptohash_update(context, data, len) < 0 ||
		pg_cryptohash_final(context, digest, CAMPAIGN_HASH_BYTES) < 0)
		elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(context));
}
