/*
 * ids.h
 *		Ids of the engine's rows.
 */
#ifndef CAMPAIGN_IDS_H
#define CAMPAIGN_IDS_H

#include "utils/uuid.h"

/*
 * A UUID of version 7 (RFC 9562), greater than any that this backend made
 * before.  Raises an error if the server has no source of random bytes.
 */
extern void UuidV7Generate(pg_uuid_t *out);

#endif							/* CAMPAIGN_IDS_H */
