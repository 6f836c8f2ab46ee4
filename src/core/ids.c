/*
 * ids.c
 *		UUIDs of version 7, and the trigger that keeps updated_at.
 *
 * The 48 bits of milliseconds are followed by 12 bits of the fraction of the
 * millisecond (RFC 9562, section 6.2, method 3), the rest is random.  Within
 * a backend the time never stands still or goes back, so its ids ascend even
 * when the system's clock is set back.
 */
#include "postgres.h"

#include <time.h>

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "core/ids.h"
#include "compat.h"

#define NS_PER_S	INT64CONST(1000000000)
#define NS_PER_MS	INT64CONST(1000000)

/* The least step that shows in the 12 bits. */
#define FRACTION_VALUES	4096
#define STEP_NS		(NS_PER_MS / FRACTION_VALUES + 1)

/* Ids whose random bytes are fetched together. */
#define RANDOM_AT_ONCE	64

/* Eight bytes for each of the next ids. */
static uint8 random_bytes[RANDOM_AT_ONCE][UUID_LEN - 8];
static int	random_left = 0;

static void compose_uuid(pg_uuid_t *out);
static int64 ascending_time_ns(void);

PG_FUNCTION_INFO_V1(campaign_uuid_v7);

Datum
campaign_uuid_v7(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));

	UuidV7Generate(uuid);
	PG_RETURN_UUID_P(uuid);
}

void
UuidV7Generate(pg_uuid_t *out)
{
	UuidV7GenerateMany(out, 1);
}

/* The source of random bytes is asked once for many: each time costs more than the rest. */
void
UuidV7GenerateMany(pg_uuid_t *out, int n)
{
	for (int done = 0; done < n;)
	{
		int			batch = Min(n - done, RANDOM_AT_ONCE);

		CHECK_FOR_INTERRUPTS();
		if (!campaign_server_uuidv7_compat(out + done, batch))
		{
			for (int i = 0; i < batch; i++)
				compose_uuid(&out[done + i]);
		}
		done += batch;
	}
}

static void
compose_uuid(pg_uuid_t *out)
{
	int64		ns = ascending_time_ns();
	uint64		ms = (uint64) (ns / NS_PER_MS);
	uint32		fraction = (uint32) ((ns % NS_PER_MS) * FRACTION_VALUES / NS_PER_MS);

	if (random_left == 0)
	{
		if (!pg_strong_random(random_bytes, sizeof(random_bytes)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random values")));
		random_left = RANDOM_AT_ONCE;
	}
	for (int i = 0; i < 6; i++)
		out->data[i] = (unsigned char) (ms >> (40 - 8 * i));
	out->data[6] = 0x70 | (unsigned char) (fraction >> 8);
	out->data[7] = (unsigned char) fraction;
	memcpy(&out->data[8], random_bytes[--random_left], UUID_LEN - 8);
	out->data[8] = (out->data[8] & 0x3f) | 0x80;
}

static int64
ascending_time_ns(void)
{
	static int64 previous = 0;
	struct timespec now;
	int64		ns;

	clock_gettime(CLOCK_REALTIME, &now);
	ns = (int64) now.tv_sec * NS_PER_S + now.tv_nsec;
	if (ns < previous + STEP_NS)
		ns = previous + STEP_NS;
	previous = ns;
	return ns;
}

PG_FUNCTION_INFO_V1(campaign_uuids_v7);

Datum
campaign_uuids_v7(PG_FUNCTION_ARGS)
{
	int			n = PG_GETARG_INT32(0);
	pg_uuid_t  *ids = palloc(mul_size(sizeof(pg_uuid_t), Max(n, 1)));

	UuidV7GenerateMany(ids, n);
	PG_RETURN_ARRAYTYPE_P(UuidArrayMake(ids, n));
}

ArrayType *
UuidArrayMake(const pg_uuid_t *ids, int n)
{
	Size		size = add_size(ARR_OVERHEAD_NONULLS(1), mul_size(sizeof(pg_uuid_t), n));
	ArrayType  *array;

	if (n <= 0)
		return construct_empty_array(UUIDOID);
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = UUIDOID;
	ARR_DIMS(array)[0] = n;
	ARR_LBOUND(array)[0] = 1;
	memcpy(ARR_DATA_PTR(array), ids, size - ARR_OVERHEAD_NONULLS(1));
	return array;
}

const pg_uuid_t *
UuidArrayIds(ArrayType *array, int *n)
{
	Assert(ARR_ELEMTYPE(array) == UUIDOID);
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("ids must not be null")));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (const pg_uuid_t *) ARR_DATA_PTR(array);
}

PG_FUNCTION_INFO_V1(campaign_touch_updated_at);

/*
 * Trigger BEFORE UPDATE FOR EACH ROW: sets updated_at to the start of the
 * transaction, in real time, whatever the statement wrote there.  On INSERT
 * it must not run, or a restored row would lose its own time.
 */
Datum
campaign_touch_updated_at(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	TupleDesc	tupdesc;
	int			attnum;
	Datum		now;
	bool		isnull = false;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager", "touch_updated_at")));
	if (!TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		!TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired BEFORE UPDATE FOR EACH ROW", "touch_updated_at")));

	tupdesc = RelationGetDescr(trigdata->tg_relation);
	attnum = SPI_fnumber(tupdesc, "updated_at");
	if (attnum <= 0 || SPI_gettypeid(tupdesc, attnum) != TIMESTAMPTZOID)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column \"updated_at\" of type timestamp with time zone",
						RelationGetRelationName(trigdata->tg_relation)),
				 errhint("Add the column, or drop the trigger \"%s\".", trigdata->tg_trigger->tgname)));

	now = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	return PointerGetDatum(heap_modify_tuple_by_cols(trigdata->tg_newtuple, tupdesc,
													 1, &attnum, &now, &isnull));
}
