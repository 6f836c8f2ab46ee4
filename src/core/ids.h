/*
 * ids.h
 *		Ids of the engine's rows.
 */
#ifndef CAMPAIGN_IDS_H
#define CAMPAIGN_IDS_H

#include "utils/array.h"
#include "utils/uuid.h"

/*
 * A UUID of version 7 (RFC 9562), greater than any that this backend made
 * before.  Raises an error if the server has no source of random bytes.
 */
extern void UuidV7Generate(pg_uuid_t *out);

/* The same for n at a time: in order, each greater than the one before. */
extern void UuidV7GenerateMany(pg_uuid_t *out, int n);

/* A uuid[] of one dimension, without NULLs, in the current context. */
extern ArrayType *UuidArrayMake(const pg_uuid_t *ids, int n);

/*
 * The ids of a uuid[] of any number of dimensions and their number; they live
 * as long as the array.  Raises 22004 if one of them is NULL.
 */
extern const pg_uuid_t *UuidArrayIds(ArrayType *array, int *n);

#endif							/* CAMPAIGN_IDS_H */
