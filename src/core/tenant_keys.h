/*
 * tenant_keys.h
 *		Secrets of a tenant, for HMAC-SHA256.
 */
#ifndef CAMPAIGN_TENANT_KEYS_H
#define CAMPAIGN_TENANT_KEYS_H

#include "utils/uuid.h"

#define CAMPAIGN_SECRET_BYTES 32

/* Purposes, as tenant_keys spells them. */
#define TENANT_KEY_LINK "link"

typedef struct TenantKey
{
	int16		key_id;
	uint8		secret[CAMPAIGN_SECRET_BYTES];
} TenantKey;

/*
 * The current key of a tenant for a purpose, inside SPI_connect().  A tenant
 * that has none, from a dump of a version without keys, gets them here.
 */
extern void TenantKeyRead(const pg_uuid_t *tenant, const char *purpose, TenantKey *key);

/*
 * A key by its number, current or retired, inside SPI_connect(): false, and a
 * secret of zeros, if there is none.
 */
extern bool TenantKeyFind(const pg_uuid_t *tenant, const char *purpose, int16 key_id,
						  TenantKey *key);

#endif							/* CAMPAIGN_TENANT_KEYS_H */
