/*
 * lane_ring.c
 *		The lanes that a claim may serve, read in a ring.
 *
 * Lanes are read by their primary key (tenant_id, lane).  A backend remembers
 * where its last claim ended and which lanes had a backlog then: a claim of
 * few touches among many lanes goes on instead of beginning anew, and still
 * looks at whoever is known to have work.  What is remembered is a hint: it is
 * read again, and a lane that has gone is passed over.
 */
#include "postgres.h"

#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "lib/qunique.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

#include "core/index_ranges.h"
#include "outreach/lane_ring.h"

struct LaneRing
{
	TimestampTz now;
	bool		has_tenants;
	pg_uuid_t  *tenants;		/* sorted, each once */
	int			ntenants;
	bool		has_channels;
	Datum	   *channels;
	int			nchannels;
	bool		has_campaign;
	pg_uuid_t	campaign;

	/* the round: from start to the end of the table and on to start, or tenant by tenant */
	LaneId		start;
	LaneId		at;				/* the last one read, or where reading begins */
	bool		wrapped;
	int			tenant;			/* index into tenants */
	int			tenants_done;
	bool		done;
	bool		positioned;

	Relation	table;			/* NULL: not open */
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	AttrNumber	columns[7];		/* as column_names */
	RangePair	lower;
	RangePair	upper;
};

enum
{
	LANE_TENANT, LANE_NUMBER, LANE_CAMPAIGN, LANE_CHANNEL, LANE_PAUSED, LANE_THROTTLED, LANE_SHIFT
};

static const struct
{
	const char *name;
	Oid			type;
}			lane_columns[] = {
	{"tenant_id", UUIDOID}, {"lane", INT4OID}, {"campaign_id", UUIDOID}, {"channel", TEXTOID},
	{"paused", BOOLOID}, {"throttled_until", TIMESTAMPTZOID}, {"shift", INTERVALOID}
};

static const LaneId before_all = {{{0}}, PG_INT32_MIN};

/* What this backend remembers. */
static LaneId last_lane = {{{0}}, PG_INT32_MIN};
static bool has_last_lane = false;
static LaneId busy_lanes[CAMPAIGN_BUSY_LANES];
static int	nbusy_lanes = 0;

static void read_tenants(LaneRing *ring, Datum tenants);
static void read_channels(LaneRing *ring, Datum channels);
static int	compare_uuids(const void *a, const void *b);
static bool seek(LaneRing *ring);
static bool step(LaneRing *ring);
static bool read_lane(LaneRing *ring, RingLane *lane);
static bool takes_channel(const LaneRing *ring, Datum channel);
static Datum column(LaneRing *ring, int number);

LaneRing *
LaneRingBegin(const TouchFilter *filter, TimestampTz now)
{
	LaneRing   *ring = palloc0(sizeof(LaneRing));

	ring->now = now;
	ring->start = ring->at = last_lane;
	ring->has_campaign = filter->has_campaign;
	if (filter->has_campaign)
		ring->campaign = *DatumGetUUIDP(filter->campaign);
	ring->has_channels = filter->has_channels;
	if (filter->has_channels)
		read_channels(ring, filter->channels);
	ring->has_tenants = filter->has_tenants;
	if (filter->has_tenants)
	{
		read_tenants(ring, filter->tenants);
		ring->done = ring->ntenants == 0;
		while (ring->tenant < ring->ntenants &&
			   compare_uuids(&ring->tenants[ring->tenant], &ring->start.tenant) < 0)
			ring->tenant++;
		if (ring->tenant == ring->ntenants)
			ring->tenant = 0;
		/* tenant by tenant: each with all of its lanes */
		ring->at = before_all;
	}
	return ring;
}

static void
read_tenants(LaneRing *ring, Datum tenants)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;

	deconstruct_array(DatumGetArrayTypeP(tenants), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &values, &nulls, &n);
	ring->tenants = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		if (!nulls[i])
			ring->tenants[ring->ntenants++] = *DatumGetUUIDP(values[i]);
	}
	qsort(ring->tenants, ring->ntenants, sizeof(pg_uuid_t), compare_uuids);
	ring->ntenants = (int) qunique(ring->tenants, ring->ntenants, sizeof(pg_uuid_t), compare_uuids);
}

static void
read_channels(LaneRing *ring, Datum channels)
{
	bool	   *nulls;
	int			n;

	deconstruct_array(DatumGetArrayTypeP(channels), TEXTOID, -1, false, TYPALIGN_INT, &ring->channels, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		if (!nulls[i])
			ring->channels[ring->nchannels++] = ring->channels[i];
	}
}

static int
compare_uuids(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN);
}

int
LaneIdCompare(const LaneId *a, const LaneId *b)
{
	int			order = memcmp(&a->tenant, &b->tenant, UUID_LEN);

	return order != 0 ? order : (a->lane > b->lane) - (a->lane < b->lane);
}

void
LaneRingOpen(LaneRing *ring, Snapshot snapshot)
{
	ring->table = RangeOpenTable("lanes", AccessShareLock);
	ring->index = RangeOpenIndex(ring->table, "lanes_pkey", AccessShareLock);
	for (int i = 0; i < (int) lengthof(lane_columns); i++)
		ring->columns[i] = RangeColumn(ring->table, lane_columns[i].name, lane_columns[i].type);
	ring->slot = table_slot_create(ring->table, NULL);
	ring->scan = RangeBeginScan(ring->table, ring->index, snapshot, 2);
	ring->positioned = false;
}

void
LaneRingClose(LaneRing *ring)
{
	index_endscan(ring->scan);
	ExecDropSingleTupleTableSlot(ring->slot);
	index_close(ring->index, NoLock);
	table_close(ring->table, NoLock);
	ring->table = NULL;
}

bool
LaneRingNext(LaneRing *ring, RingLane *lane)
{
	while (!ring->done)
	{
		CHECK_FOR_INTERRUPTS();
		if (!ring->positioned)
			ring->positioned = seek(ring);
		if (!ring->positioned || !index_getnext_slot(ring->scan, ForwardScanDirection, ring->slot))
		{
			ring->positioned = false;
			ring->done = !step(ring);
			continue;
		}
		if (read_lane(ring, lane))
		{
			ring->at = lane->id;
			return true;
		}
		ring->at = lane->id;
	}
	return false;
}

/* Begins to read behind ring->at; false if nothing of this part can be there. */
static bool
seek(LaneRing *ring)
{
	ScanKeyData keys[2];
	int			n = 0;

	if (ring->has_tenants)
	{
		ScanKeyInit(&keys[n++], 1, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(&ring->tenants[ring->tenant]));
		ScanKeyInit(&keys[n++], 2, BTGreaterStrategyNumber, F_INT4GT, Int32GetDatum(ring->at.lane));
	}
	else
	{
		RangePairKey(&keys[n++], &ring->lower, 1, BTGreaterStrategyNumber,
					 F_UUID_CMP, UUIDPGetDatum(&ring->at.tenant), F_BTINT4CMP, Int32GetDatum(ring->at.lane));
		if (ring->wrapped)
		{
			if (LaneIdCompare(&ring->at, &ring->start) >= 0)
				return false;
			RangePairKey(&keys[n++], &ring->upper, 1, BTLessEqualStrategyNumber,
						 F_UUID_CMP, UUIDPGetDatum(&ring->start.tenant), F_BTINT4CMP, Int32GetDatum(ring->start.lane));
		}
	}
	/* the scan was begun with room for two */
	ring->scan->numberOfKeys = n;
	index_rescan(ring->scan, keys, n, NULL, 0);
	return true;
}

/* To the next part of the round; false if that was the last. */
static bool
step(LaneRing *ring)
{
	ring->at = before_all;
	if (ring->has_tenants)
	{
		ring->tenant = (ring->tenant + 1) % ring->ntenants;
		return ++ring->tenants_done < ring->ntenants;
	}
	if (ring->wrapped)
		return false;
	ring->wrapped = true;
	return true;
}

bool
LaneRingFind(LaneRing *ring, const LaneId *id, RingLane *lane)
{
	ScanKeyData keys[2];

	if (ring->has_tenants &&
		bsearch(&id->tenant, ring->tenants, ring->ntenants, sizeof(pg_uuid_t), compare_uuids) == NULL)
		return false;
	ring->positioned = false;
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(&id->tenant));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(id->lane));
	ring->scan->numberOfKeys = 2;
	index_rescan(ring->scan, keys, 2, NULL, 0);
	return index_getnext_slot(ring->scan, ForwardScanDirection, ring->slot) && read_lane(ring, lane);
}

/* The lane in the slot; false if nothing of it is to be claimed. */
static bool
read_lane(LaneRing *ring, RingLane *lane)
{
	Interval   *shift = DatumGetIntervalP(column(ring, LANE_SHIFT));

	lane->id.tenant = *DatumGetUUIDP(column(ring, LANE_TENANT));
	lane->id.lane = DatumGetInt32(column(ring, LANE_NUMBER));
	lane->shift = shift->time + (shift->day + (int64) shift->month * DAYS_PER_MONTH) * USECS_PER_DAY;
	return !DatumGetBool(column(ring, LANE_PAUSED)) &&
		DatumGetTimestampTz(column(ring, LANE_THROTTLED)) <= ring->now &&
		(!ring->has_campaign || memcmp(DatumGetUUIDP(column(ring, LANE_CAMPAIGN)), &ring->campaign, UUID_LEN) == 0) &&
		(!ring->has_channels || takes_channel(ring, column(ring, LANE_CHANNEL)));
}

/* The column is in the collation "C": equal is what has the same bytes. */
static bool
takes_channel(const LaneRing *ring, Datum channel)
{
	text	   *name = DatumGetTextPP(channel);

	for (int i = 0; i < ring->nchannels; i++)
	{
		text	   *wanted = DatumGetTextPP(ring->channels[i]);

		if (VARSIZE_ANY_EXHDR(wanted) == VARSIZE_ANY_EXHDR(name) &&
			memcmp(VARDATA_ANY(wanted), VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)) == 0)
			return true;
	}
	return false;
}

/* All that are read are NOT NULL. */
static Datum
column(LaneRing *ring, int number)
{
	bool		isnull;

	return slot_getattr(ring->slot, ring->columns[number], &isnull);
}

bool
LaneRingKnown(const LaneRing *ring)
{
	return has_last_lane;
}

void
LaneRingEndAt(LaneRing *ring, const LaneId *last)
{
	last_lane = *last;
	has_last_lane = true;
}

int
LaneRingBusy(const LaneId **lanes)
{
	*lanes = busy_lanes;
	return nbusy_lanes;
}

void
LaneRingSetBusy(const LaneId *lanes, int n)
{
	nbusy_lanes = Min(n, CAMPAIGN_BUSY_LANES);
	memcpy(busy_lanes, lanes, sizeof(LaneId) * nbusy_lanes);
}
