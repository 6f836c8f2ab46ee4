/*
 * links.h
 *		Signed tokens in the links of messages.
 */
#ifndef CAMPAIGN_LINKS_H
#define CAMPAIGN_LINKS_H

#include "core/tenant_keys.h"

typedef enum LinkKind
{
	LINK_REVIEW = 1,
	LINK_UNSUBSCRIBE = 2
} LinkKind;

/* What a token says. */
typedef struct LinkToken
{
	pg_uuid_t	tenant;
	pg_uuid_t	enrollment;
	int16		touch_number;
	int16		key_id;
	LinkKind	kind;
} LinkToken;

typedef TenantKey LinkKey;

/* The key that signs a tenant's links now, inside SPI_connect(). */
extern void LinkKeyRead(const pg_uuid_t *tenant, LinkKey *key);

/*
 * The text of a token, palloc'ed: 72 letters, digits, - and _, signed with the
 * secret of the key that it names.
 */
extern char *LinkTokenEncode(const LinkToken *token, const uint8 *secret, int len);

#endif							/* CAMPAIGN_LINKS_H */
