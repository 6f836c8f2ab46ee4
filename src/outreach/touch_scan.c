/*
 * touch_scan.c
 *		The search of a claim: which touches are due, and whose turn it is.
 *
 * Fair between tenants and then between their lanes: the first due touch of
 * every tenant comes before the second of any, and among firsts, and within a
 * lane, the oldest comes first.  Each lane is a stream of due touches that is
 * read in portions through touch_queue_pkey (tenant_id, lane, due_at,
 * enrollment_id), as long as its turns come.
 *
 * While there are few lanes, all are looked at.  Among many a claim looks at
 * lanes with a known backlog, which take at most half of it, and then goes
 * round the ring from where the last one ended, until as many lanes as it
 * wants touches have one: every lane that is looked at is served.  What it
 * looks at in vain is bounded once it has found something; a claim that has
 * found nothing goes all the way round before it says so.
 *
 * Nothing is locked: what is found may be gone, or busy, by the time.  Tables
 * and scans are open within a call of StorageFindDue() only, and each has its
 * own snapshot; where a lane goes on, it goes on behind what it gave before.
 */
#include "postgres.h"

#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "core/direct_access.h"
#include "outreach/lane_ring.h"
#include "outreach/touch_scan.h"

typedef struct DueTouch
{
	TimestampTz due_at;
	pg_uuid_t	enrollment;
	ItemPointerData tid;
} DueTouch;

/* A lane as a stream of due touches. */
typedef struct DueLane
{
	RingLane	lane;
	DueTouch	last;			/* behind it the stream goes on */
	bool		begun;			/* there is a last one */
	bool		exhausted;		/* the queue has no more */
	bool		held;
	int			given;			/* turns that it had */
	DueTouch   *touches;		/* read, those before next given */
	int			next;
	int			ntouches;
	int			size;
} DueLane;

/* A tenant in the order of turns. */
typedef struct DueTenant
{
	binaryheap *lanes;			/* of DueLane, each with a touch at hand */
	int			given;
} DueTenant;

/* The queue, open. */
typedef struct QueueReader
{
	Relation	table;
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	AttrNumber	enrollment;
	AttrNumber	due_at;
	AttrNumber	lease_until;
	TimestampTz wall;
} QueueReader;

struct TouchScan
{
	MemoryContext context;
	TimestampTz now;
	int			max_lanes;
	LaneRing   *ring;
	bool		begun;
	bool		is_ring;		/* there are more lanes than are all looked at */
	bool		bounded;		/* a later claim goes on where this one ends */
	RingLane   *read;			/* lanes that were read ahead */
	int			nread;
	int			next_read;
	int			looked;			/* lanes looked at */
	LaneId		busy[CAMPAIGN_BUSY_LANES];	/* of those remembered at the start */
	int			nbusy;
	int			next_busy;
	DueLane   **lanes;			/* those that had something, by tenant and lane once served */
	int			nlanes;
	int			size;
	HTAB	   *seen;			/* enrolments */
	int			nseen;
	int			nheld;
};

static void open_queue(QueueReader *queue, Snapshot snapshot, TimestampTz wall);
static void close_queue(QueueReader *queue);
static void note_seen(TouchScan *scan, const TouchSeen *seen);
static void look_at_lanes(TouchScan *scan, QueueReader *queue, int wanted);
static void look_at_all(TouchScan *scan, QueueReader *queue, int wanted);
static void go_round(TouchScan *scan, QueueReader *queue, int wanted);
static int	look_at_busy(TouchScan *scan, QueueReader *queue, int most);
static bool is_busy_one(const TouchScan *scan, const LaneId *id);
static bool is_known(const TouchScan *scan, const LaneId *id);
static bool look_at(TouchScan *scan, QueueReader *queue, const RingLane *lane, int portion);
static void read_portion(TouchScan *scan, QueueReader *queue, DueLane *lane, int portion);
static const DueTouch *touch_at_hand(TouchScan *scan, QueueReader *queue, DueLane *lane, int portion);
static int	compare_due_lanes(Datum a, Datum b, void *arg);
static int	compare_due_tenants(Datum a, Datum b, void *arg);
static int	compare_lane_places(const void *a, const void *b);
static int	serve(TouchScan *scan, QueueReader *queue, int limit, TouchKey *keys);
static DueTenant *line_up(TouchScan *scan, QueueReader *queue, int limit, binaryheap **line);
static void remember_busy(TouchScan *scan);

TouchScan *
TouchScanBegin(const TouchFilter *filter, TimestampTz now, int max_touches)
{
	TouchScan  *scan = palloc0(sizeof(TouchScan));
	const LaneId *busy;

	scan->context = CurrentMemoryContext;
	scan->now = now;
	scan->max_lanes = Max(CAMPAIGN_CLAIM_LANES, 2 * max_touches);
	scan->ring = LaneRingBegin(filter, now);
	scan->bounded = LaneRingKnown(scan->ring);
	scan->read = palloc(sizeof(RingLane) * (scan->max_lanes + 1));
	scan->nbusy = LaneRingBusy(&busy);
	memcpy(scan->busy, busy, sizeof(LaneId) * scan->nbusy);
	return scan;
}

/*
 * Keys of up to limit due touches that nobody leases, in the order in which
 * they are to be served, less the enrolments and lanes seen; keys has room for
 * limit, and each says where the row was.  Returns how many: fewer than limit
 * are all that this claim is to look for.
 */
int
StorageFindDue(TouchScan *scan, TimestampTz wall, int limit, const TouchSeen *seen, TouchKey *keys)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->context);
	Snapshot	snapshot;
	QueueReader queue;
	int			n;

	/* what this transaction has written, too */
	CommandCounterIncrement();
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	note_seen(scan, seen);
	LaneRingOpen(scan->ring, snapshot);
	open_queue(&queue, snapshot, wall);
	look_at_lanes(scan, &queue, limit);
	n = serve(scan, &queue, limit, keys);
	if (scan->is_ring)
		remember_busy(scan);
	close_queue(&queue);
	LaneRingClose(scan->ring);
	UnregisterSnapshot(snapshot);
	MemoryContextSwitchTo(caller);
	return n;
}

static void
open_queue(QueueReader *queue, Snapshot snapshot, TimestampTz wall)
{
	queue->table = DirectOpenTable("touch_queue", AccessShareLock);
	queue->index = DirectOpenIndex(queue->table, "touch_queue_pkey", AccessShareLock);
	queue->enrollment = DirectColumn(queue->table, "enrollment_id", UUIDOID);
	queue->due_at = DirectColumn(queue->table, "due_at", TIMESTAMPTZOID);
	queue->lease_until = DirectColumn(queue->table, "lease_until", TIMESTAMPTZOID);
	queue->slot = table_slot_create(queue->table, NULL);
	queue->scan = DirectBeginScan(queue->table, queue->index, snapshot, 4);
	queue->wall = wall;
}

static void
close_queue(QueueReader *queue)
{
	index_endscan(queue->scan);
	ExecDropSingleTupleTableSlot(queue->slot);
	index_close(queue->index, NoLock);
	table_close(queue->table, NoLock);
}

/* What the claim has looked at since the last call. */
static void
note_seen(TouchScan *scan, const TouchSeen *seen)
{
	if (scan->seen == NULL && seen->nenrollments > 0)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(pg_uuid_t);
		control.entrysize = sizeof(pg_uuid_t);
		control.hcxt = scan->context;
		scan->seen = hash_create("campaign seen enrolments", seen->size, &control,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	for (; scan->nseen < seen->nenrollments; scan->nseen++)
		(void) hash_search(scan->seen, &seen->enrollments[scan->nseen], HASH_ENTER, NULL);
	for (; scan->nheld < seen->nlanes; scan->nheld++)
	{
		for (int i = 0; i < scan->nlanes; i++)
		{
			DueLane    *lane = scan->lanes[i];

			if (lane->lane.id.lane == seen->lanes[scan->nheld] &&
				memcmp(&lane->lane.id.tenant, &seen->lane_tenants[scan->nheld], UUID_LEN) == 0)
				lane->held = true;
		}
	}
}

/* Sees to it that there are lanes for so many touches, if the ring has them. */
static void
look_at_lanes(TouchScan *scan, QueueReader *queue, int wanted)
{
	if (!scan->begun)
	{
		scan->begun = true;
		while (scan->nread <= scan->max_lanes && LaneRingNext(scan->ring, &scan->read[scan->nread]))
			scan->nread++;
		scan->is_ring = scan->nread > scan->max_lanes;
		if (!scan->is_ring)
			look_at_all(scan, queue, wanted);
	}
	if (scan->is_ring)
		go_round(scan, queue, wanted);
}

static void
look_at_all(TouchScan *scan, QueueReader *queue, int wanted)
{
	int			portion = Max(1, wanted / Max(1, scan->nread));

	for (int i = 0; i < scan->nread; i++)
		(void) look_at(scan, queue, &scan->read[i], portion);
}

/*
 * Lanes are looked at until as many as touches are wanted have one.  A lane
 * gives one at least, so those with a backlog take no more than half of the
 * places, and the ring goes on.
 */
static void
go_round(TouchScan *scan, QueueReader *queue, int wanted)
{
	int			working = 0;
	RingLane	lane;

	for (int i = 0; i < scan->nlanes; i++)
	{
		if (!scan->lanes[i]->held && !(scan->lanes[i]->exhausted && scan->lanes[i]->next == scan->lanes[i]->ntouches))
			working++;
	}
	if (scan->looked == 0)
		working += look_at_busy(scan, queue, wanted / 2);
	while (working < wanted)
	{
		if (scan->bounded && scan->looked >= scan->max_lanes)
		{
			working += look_at_busy(scan, queue, wanted - working);
			if (working > 0)
				break;
		}
		if (scan->next_read < scan->nread)
			lane = scan->read[scan->next_read++];
		else if (!LaneRingNext(scan->ring, &lane))
		{
			(void) look_at_busy(scan, queue, wanted - working);
			break;
		}
		scan->looked++;
		if (!is_busy_one(scan, &lane.id) && look_at(scan, queue, &lane, 1))
			working++;
		LaneRingEndAt(scan->ring, &lane.id);
	}
}

/* Looks at lanes that had a backlog, until so many have work; returns how many have. */
static int
look_at_busy(TouchScan *scan, QueueReader *queue, int most)
{
	int			working = 0;
	RingLane	lane;

	while (scan->next_busy < scan->nbusy && working < most)
	{
		const LaneId *id = &scan->busy[scan->next_busy++];

		if (!is_known(scan, id) && LaneRingFind(scan->ring, id, &lane) && look_at(scan, queue, &lane, 1))
			working++;
	}
	return working;
}

/* Has the lane been looked at because of its backlog? */
static bool
is_busy_one(const TouchScan *scan, const LaneId *id)
{
	for (int i = 0; i < scan->next_busy; i++)
	{
		if (LaneIdCompare(&scan->busy[i], id) == 0)
			return true;
	}
	return false;
}

static bool
is_known(const TouchScan *scan, const LaneId *id)
{
	for (int i = 0; i < scan->nlanes; i++)
	{
		if (LaneIdCompare(&scan->lanes[i]->lane.id, id) == 0)
			return true;
	}
	return false;
}

/* Reads the first portion of a lane; false if it has nothing. */
static bool
look_at(TouchScan *scan, QueueReader *queue, const RingLane *ring_lane, int portion)
{
	DueLane    *lane = palloc0(sizeof(DueLane));

	lane->lane = *ring_lane;
	read_portion(scan, queue, lane, portion);
	if (lane->ntouches == 0)
	{
		pfree(lane);
		return false;
	}
	if (scan->nlanes == scan->size)
	{
		scan->size = Max(64, scan->size * 2);
		scan->lanes = scan->lanes == NULL ? palloc(sizeof(DueLane *) * scan->size) :
			repalloc(scan->lanes, sizeof(DueLane *) * scan->size);
	}
	scan->lanes[scan->nlanes++] = lane;
	return true;
}

/* Up to portion more due touches of a lane, which has given all that it had read. */
static void
read_portion(TouchScan *scan, QueueReader *queue, DueLane *lane, int portion)
{
	TimestampTz until = scan->now - lane->lane.shift;
	ScanKeyData keys[4];
	DirectPair	behind;
	int			n = 0;

	ScanKeyInit(&keys[n++], 1, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(&lane->lane.id.tenant));
	ScanKeyInit(&keys[n++], 2, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(lane->lane.id.lane));
	ScanKeyInit(&keys[n++], 3, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, TimestampTzGetDatum(until));
	if (lane->begun)
		DirectPairKey(&keys[n++], &behind, 3, BTGreaterStrategyNumber,
					  F_TIMESTAMPTZ_CMP, TimestampTzGetDatum(lane->last.due_at),
					  F_UUID_CMP, UUIDPGetDatum(&lane->last.enrollment));
	queue->scan->numberOfKeys = n;
	index_rescan(queue->scan, keys, n, NULL, 0);

	lane->next = lane->ntouches = 0;
	while (lane->ntouches < portion)
	{
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (!index_getnext_slot(queue->scan, ForwardScanDirection, queue->slot))
		{
			lane->exhausted = true;
			break;
		}
		lane->last.due_at = DatumGetTimestampTz(slot_getattr(queue->slot, queue->due_at, &isnull));
		lane->last.enrollment = *DatumGetUUIDP(slot_getattr(queue->slot, queue->enrollment, &isnull));
		lane->last.tid = queue->slot->tts_tid;
		lane->begun = true;
		if (DatumGetTimestampTz(slot_getattr(queue->slot, queue->lease_until, &isnull)) > queue->wall ||
			(scan->seen && hash_search(scan->seen, &lane->last.enrollment, HASH_FIND, NULL)))
			continue;
		if (lane->ntouches == lane->size)
		{
			lane->size = Max(portion, lane->size);
			lane->touches = lane->touches == NULL ? palloc(sizeof(DueTouch) * lane->size) :
				repalloc(lane->touches, sizeof(DueTouch) * lane->size);
		}
		lane->touches[lane->ntouches++] = lane->last;
	}
}

/* The lane's next touch; NULL if it has none.  Reads on for so many more turns. */
static const DueTouch *
touch_at_hand(TouchScan *scan, QueueReader *queue, DueLane *lane, int portion)
{
	if (lane->next == lane->ntouches && !lane->exhausted)
		read_portion(scan, queue, lane, portion);
	return lane->next < lane->ntouches ? &lane->touches[lane->next] : NULL;
}

/* A binary heap has its greatest on top: the comparisons are the other way round. */
static int
compare_due_lanes(Datum a, Datum b, void *arg)
{
	const DueLane *one = (const DueLane *) DatumGetPointer(a);
	const DueLane *other = (const DueLane *) DatumGetPointer(b);
	TimestampTz one_due = one->touches[one->next].due_at + one->lane.shift;
	TimestampTz other_due = other->touches[other->next].due_at + other->lane.shift;

	if (one->given != other->given)
		return one->given < other->given ? 1 : -1;
	if (one_due != other_due)
		return one_due < other_due ? 1 : -1;
	return -LaneIdCompare(&one->lane.id, &other->lane.id);
}

static int
compare_due_tenants(Datum a, Datum b, void *arg)
{
	const DueTenant *one = (const DueTenant *) DatumGetPointer(a);
	const DueTenant *other = (const DueTenant *) DatumGetPointer(b);
	const DueLane *one_first = (const DueLane *) DatumGetPointer(binaryheap_first(one->lanes));
	const DueLane *other_first = (const DueLane *) DatumGetPointer(binaryheap_first(other->lanes));
	TimestampTz one_due = one_first->touches[one_first->next].due_at + one_first->lane.shift;
	TimestampTz other_due = other_first->touches[other_first->next].due_at + other_first->lane.shift;

	if (one->given != other->given)
		return one->given < other->given ? 1 : -1;
	if (one_due != other_due)
		return one_due < other_due ? 1 : -1;
	return -memcmp(&one_first->lane.id.tenant, &other_first->lane.id.tenant, UUID_LEN);
}

static int
compare_lane_places(const void *a, const void *b)
{
	return LaneIdCompare(&(*(DueLane *const *) a)->lane.id, &(*(DueLane *const *) b)->lane.id);
}

/* Gives out turns until there are limit keys, or no lane has a touch. */
static int
serve(TouchScan *scan, QueueReader *queue, int limit, TouchKey *keys)
{
	binaryheap *line;
	DueTenant  *tenants = line_up(scan, queue, limit, &line);
	int			waiting = scan->nlanes;
	int			n = 0;

	while (n < limit && !binaryheap_empty(line))
	{
		DueTenant  *tenant = (DueTenant *) DatumGetPointer(binaryheap_first(line));
		DueLane    *lane = (DueLane *) DatumGetPointer(binaryheap_first(tenant->lanes));
		const DueTouch *touch = &lane->touches[lane->next++];

		memset(&keys[n], 0, sizeof(TouchKey));
		keys[n].tenant = lane->lane.id.tenant;
		keys[n].lane = lane->lane.id.lane;
		keys[n].enrollment = touch->enrollment;
		keys[n].due_at = touch->due_at;
		keys[n].tid = touch->tid;
		n++;
		lane->given++;
		tenant->given++;
		if (n == limit)
			break;
		if (touch_at_hand(scan, queue, lane, Max(1, (limit - n) / waiting)) != NULL)
			binaryheap_replace_first(tenant->lanes, PointerGetDatum(lane));
		else
		{
			(void) binaryheap_remove_first(tenant->lanes);
			waiting = Max(1, waiting - 1);
		}
		if (binaryheap_empty(tenant->lanes))
			(void) binaryheap_remove_first(line);
		else
			binaryheap_replace_first(line, PointerGetDatum(tenant));
	}

	for (DueTenant *tenant = tenants; tenant->lanes != NULL; tenant++)
		binaryheap_free(tenant->lanes);
	pfree(tenants);
	binaryheap_free(line);
	return n;
}

/*
 * Tenants in the order of their turns, each with its lanes that have a touch
 * at hand; the array ends with one that has no heap.
 */
static DueTenant *
line_up(TouchScan *scan, QueueReader *queue, int limit, binaryheap **line)
{
	DueTenant  *tenants = palloc0(sizeof(DueTenant) * (scan->nlanes + 1));
	int			ntenants = 0;

	*line = binaryheap_allocate(Max(1, scan->nlanes), compare_due_tenants, NULL);
	if (scan->nlanes > 0)
		qsort(scan->lanes, scan->nlanes, sizeof(DueLane *), compare_lane_places);
	for (int i = 0, end; i < scan->nlanes; i = end)
	{
		DueTenant  *tenant = &tenants[ntenants];

		for (end = i + 1; end < scan->nlanes; end++)
		{
			if (memcmp(&scan->lanes[end]->lane.id.tenant, &scan->lanes[i]->lane.id.tenant, UUID_LEN) != 0)
				break;
		}
		tenant->lanes = binaryheap_allocate(end - i, compare_due_lanes, NULL);
		ntenants++;
		for (int j = i; j < end; j++)
		{
			DueLane    *lane = scan->lanes[j];

			tenant->given += lane->given;
			if (!lane->held && touch_at_hand(scan, queue, lane, Max(1, limit / scan->nlanes)) != NULL)
				binaryheap_add_unordered(tenant->lanes, PointerGetDatum(lane));
		}
		if (binaryheap_empty(tenant->lanes))
			continue;
		binaryheap_build(tenant->lanes);
		binaryheap_add_unordered(*line, PointerGetDatum(tenant));
	}
	binaryheap_build(*line);
	return tenants;
}

/* Lanes that may have more, those that had no turn first. */
static void
remember_busy(TouchScan *scan)
{
	LaneId		busy[CAMPAIGN_BUSY_LANES];
	int			n = 0;

	/* those that this claim has not come to keep their place */
	for (int i = scan->next_busy; i < scan->nbusy; i++)
		busy[n++] = scan->busy[i];
	for (int served = 0; served <= 1; served++)
	{
		for (int i = 0; i < scan->nlanes && n < CAMPAIGN_BUSY_LANES; i++)
		{
			const DueLane *lane = scan->lanes[i];

			if ((lane->given > 0) == served && !(lane->exhausted && lane->next == lane->ntouches))
				busy[n++] = lane->lane.id;
		}
	}
	LaneRingSetBusy(busy, n);
}
