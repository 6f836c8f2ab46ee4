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
 * While there are few lanes, all are looked at; by a claim of fewer touches, in
 * the order of the places from which they are to be read, only until those that
 * it wants are older than what the others may have.  What an earlier claim has
 * met there and not taken tells where that is.  Among many a claim looks at
 * lanes with a known backlog, which take at most half of it, and then goes
 * round the ring from where the last one ended, until as many lanes as it
 * wants touches have one: every lane that is looked at is served.  What it
 * looks at in vain is bounded once it has found something; a claim that has
 * found nothing goes all the way round before it says so.
 *
 * A claim stops behind CAMPAIGN_CLAIM_PASSES entries that are leased or dead,
 * with what it has found until then, which may be nothing, and the next one
 * begins with the lanes behind.  It does so only where whoever comes next goes
 * on from there: the lane's mark is shared and has been raised, and what lies
 * below it has been read to its end.  So every claim that stops brings the
 * lane further, and no stream of rows that come in below can hold it up.
 *
 * Nothing is locked: what is found may be gone, or busy, by the time.  Tables
 * and scans are open within a call of StorageFindDue() only, and each has its
 * own snapshot; where a lane goes on, it goes on behind what it gave before.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "core/clock.h"
#include "core/index_ranges.h"
#include "core/table_access.h"
#include "outreach/lane_ring.h"
#include "outreach/low_water.h"
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
	LowRange   *parts;			/* below the mark, in their order; then all behind it */
	int			nparts;
	int			part;			/* the one that is being read */
	bool		has_mark;
	LowPlace	mark;
	LowPlace	last;			/* behind it the stream goes on */
	bool		begun;			/* there is a last one */
	bool		exhausted;		/* the queue has no more */
	bool		held;
	int			given;			/* turns that it had */
	bool		is_first;		/* its tenant's, older than all that lanes not looked at can have */
	DueTouch   *touches;		/* read, those before next given */
	int			next;
	int			ntouches;
	int			size;
} DueLane;

/* A lane that was not looked at yet, and when the oldest is due that it can have. */
typedef struct PossibleLane
{
	RingLane	lane;
	TimestampTz due_at;
} PossibleLane;

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
	AttrNumber	columns[5];		/* as queue_columns */
	TimestampTz wall;
	TransactionId taker;		/* a transaction that was at work when it was asked for last */
	/* to judge what the scan's snapshot does not see */
	IndexFetchTableData *fetch;
	TupleTableSlot *judged;
	SnapshotData dirty;
	SnapshotData before_me;		/* as if this transaction had written nothing */
	RangePair	lower;			/* of the keys of the part that is read */
	RangePair	upper;
	bool		is_large;		/* beside the buffers */
	BlockNumber expected;		/* the page of the index whose rows have been asked for */
} QueueReader;

enum
{
	QUEUE_TENANT, QUEUE_LANE, QUEUE_ENROLLMENT, QUEUE_DUE_AT, QUEUE_LEASE_UNTIL
};

static const struct
{
	const char *name;
	Oid			type;
}			queue_columns[] = {
	{"tenant_id", UUIDOID}, {"lane", INT4OID}, {"enrollment_id", UUIDOID}, {"due_at", TIMESTAMPTZOID},
	{"lease_until", TIMESTAMPTZOID}
};

struct TouchScan
{
	MemoryContext context;
	TimestampTz now;
	int			max_lanes;
	LaneRing   *ring;
	bool		begun;
	bool		is_ring;		/* there are more lanes than are all looked at */
	bool		bounded;		/* a later claim goes on where this one ends */
	RingLane   *read;			/* lanes that were read ahead, those before next_read looked at */
	int			nread;
	int			next_read;
	int			looked;			/* lanes looked at */
	LaneId		busy[CAMPAIGN_BUSY_LANES];	/* of those remembered at the start */
	int			nbusy;
	int			next_busy;
	DueLane   **lanes;			/* those that had something, by tenant and lane once served */
	int			nlanes;
	int			size;
	LowScan		low;			/* of the lane that is looked at */
	bool		may_stop;		/* where it is, somebody goes on */
	bool		stopped;		/* no entry is read any more */
	int			passed;
	HTAB	   *seen;			/* enrolments */
	int			nseen;
	int			nheld;
};

/* Has this backend's last claim among few lanes stopped? */
static bool last_stopped = false;

static void open_queue(QueueReader *queue, Snapshot snapshot, TimestampTz wall);
static void close_queue(QueueReader *queue);
static void note_seen(TouchScan *scan, const TouchSeen *seen);
static void look_at_lanes(TouchScan *scan, QueueReader *queue, int wanted);
static void look_at_oldest(TouchScan *scan, QueueReader *queue, int wanted);
static TimestampTz oldest_possible(const TouchScan *scan, QueueReader *queue, const RingLane *lane);
static int	compare_possible(const void *a, const void *b);
static int	tenants_before(TouchScan *scan, TimestampTz due);
static void look_at_all(TouchScan *scan, QueueReader *queue, int wanted);
static void look_at_next(TouchScan *scan, QueueReader *queue, int portion);
static void go_round(TouchScan *scan, QueueReader *queue, int wanted);
static int	look_at_busy(TouchScan *scan, QueueReader *queue, int most);
static bool is_busy_one(const TouchScan *scan, const LaneId *id);
static bool is_known(const TouchScan *scan, const LaneId *id);
static bool look_at(TouchScan *scan, QueueReader *queue, const RingLane *lane, int portion);
static void read_portion(TouchScan *scan, QueueReader *queue, DueLane *lane, int portion, LowScan *low);
static bool begin_part(TouchScan *scan, QueueReader *queue, DueLane *lane);
static bool next_entry(TouchScan *scan, QueueReader *queue, DueLane *lane, int portion, LowScan *low);
static void expect_rows(QueueReader *queue, int portion);
static bool passes_over(TouchScan *scan, QueueReader *queue, DueLane *lane);
static void read_place(QueueReader *queue, TupleTableSlot *slot, LowPlace *place);
static void judge_unseen(QueueReader *queue, DueLane *lane, ItemPointer tid, LowScan *low);
static bool is_candidate(TouchScan *scan, QueueReader *queue, DueLane *lane, LowScan *low);
static bool is_taken(QueueReader *queue);
static bool is_settled(TupleTableSlot *slot);
static const DueTouch *touch_at_hand(TouchScan *scan, QueueReader *queue, DueLane *lane, int portion);
static int	compare_due_lanes(Datum a, Datum b, void *arg);
static int	compare_due_tenants(Datum a, Datum b, void *arg);
static int	compare_lane_places(const void *a, const void *b);
static int	serve(TouchScan *scan, QueueReader *queue, int limit, TouchKey *keys);
static DueTenant *line_up(TouchScan *scan, QueueReader *queue, int limit, binaryheap **line);
static void remember_busy(TouchScan *scan);
static int64 rescan_lane(QueueReader *queue, const RingLane *lane);

PG_FUNCTION_INFO_V1(campaign_rescan_marks);

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
	else
		last_stopped = scan->stopped;
	close_queue(&queue);
	LaneRingClose(scan->ring);
	UnregisterSnapshot(snapshot);
	MemoryContextSwitchTo(caller);
	return n;
}

static void
open_queue(QueueReader *queue, Snapshot snapshot, TimestampTz wall)
{
	queue->table = RangeOpenTable("touch_queue", AccessShareLock);
	queue->index = RangeOpenIndex(queue->table, "touch_queue_pkey", AccessShareLock);
	for (int i = 0; i < (int) lengthof(queue_columns); i++)
		queue->columns[i] = RangeColumn(queue->table, queue_columns[i].name, queue_columns[i].type);
	queue->slot = table_slot_create(queue->table, NULL);
	queue->scan = RangeBeginScan(queue->table, queue->index, snapshot, 4);
	/* with the entries themselves: of a dead one the row may be gone */
	queue->scan->xs_want_itup = true;
	queue->wall = wall;
	queue->taker = InvalidTransactionId;
	queue->fetch = table_index_fetch_begin(queue->table);
	queue->judged = table_slot_create(queue->table, NULL);
	InitDirtySnapshot(queue->dirty);
	queue->before_me = *snapshot;
	queue->before_me.curcid = FirstCommandId;
	queue->is_large = RelationIsLarge(queue->table);
}

static void
close_queue(QueueReader *queue)
{
	table_index_fetch_end(queue->fetch);
	ExecDropSingleTupleTableSlot(queue->judged);
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
		/* where the last claim has stopped, the lanes behind come first */
		if (!scan->is_ring && !last_stopped && 2 * wanted <= scan->nread)
		{
			look_at_oldest(scan, queue, wanted);
			return;
		}
	}
	if (scan->is_ring)
		go_round(scan, queue, wanted);
	else
		look_at_all(scan, queue, wanted);
}

/*
 * Looks at lanes until as many tenants as touches are wanted have one that is
 * older than all that the other lanes can have.
 */
static void
look_at_oldest(TouchScan *scan, QueueReader *queue, int wanted)
{
	PossibleLane *lanes = palloc(sizeof(PossibleLane) * scan->nread);

	for (int i = 0; i < scan->nread; i++)
	{
		lanes[i].lane = scan->read[i];
		lanes[i].due_at = oldest_possible(scan, queue, &scan->read[i]);
	}
	qsort(lanes, scan->nread, sizeof(PossibleLane), compare_possible);
	for (int i = 0; i < scan->nread; i++)
		scan->read[i] = lanes[i].lane;
	while (scan->next_read < scan->nread && !scan->stopped && tenants_before(scan, lanes[scan->next_read].due_at) < wanted)
		look_at_next(scan, queue, 1);
	pfree(lanes);
}

/* Nothing that the lane has due is older, as scans are told of what may be claimed. */
static TimestampTz
oldest_possible(const TouchScan *scan, QueueReader *queue, const RingLane *lane)
{
	TimestampTz oldest;
	LowScan		low;

	LowWaterBegin(&low, queue->table, &lane->id, scan->now - lane->shift, queue->wall);
	if (!low.marked || !low.has_mark)
		return DT_NOBEGIN;
	oldest = low.nparts > 0 ? Min(low.parts[0].low.due_at, low.mark.due_at) : low.mark.due_at;
	return TIMESTAMP_NOT_FINITE(oldest) ? oldest : oldest + lane->shift;
}

static int
compare_possible(const void *a, const void *b)
{
	const PossibleLane *one = a;
	const PossibleLane *other = b;

	if (one->due_at != other->due_at)
		return one->due_at < other->due_at ? -1 : 1;
	return LaneIdCompare(&one->lane.id, &other->lane.id);
}

/* How many tenants have a touch at hand that is older; due grows from call to call. */
static int
tenants_before(TouchScan *scan, TimestampTz due)
{
	int			tenants = 0;

	for (int i = 0; i < scan->nlanes; i++)
	{
		DueLane    *lane = scan->lanes[i];
		bool		is_known = lane->is_first;

		for (int j = 0; j < scan->nlanes && !is_known; j++)
			is_known = scan->lanes[j]->is_first &&
				memcmp(&scan->lanes[j]->lane.id.tenant, &lane->lane.id.tenant, UUID_LEN) == 0;
		if (!is_known)
			lane->is_first = lane->touches[0].due_at + lane->lane.shift < due;
		tenants += lane->is_first;
	}
	return tenants;
}

/* Looks at the lanes that are left. */
static void
look_at_all(TouchScan *scan, QueueReader *queue, int wanted)
{
	int			portion = Max(1, wanted / Max(1, scan->nread));

	while (scan->next_read < scan->nread && !scan->stopped)
		look_at_next(scan, queue, portion);
}

static void
look_at_next(TouchScan *scan, QueueReader *queue, int portion)
{
	const RingLane *lane = &scan->read[scan->next_read++];

	(void) look_at(scan, queue, lane, portion);
	if (scan->stopped)
		LaneRingEndAt(scan->ring, &lane->id);
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
	while (working < wanted && !scan->stopped)
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

	while (scan->next_busy < scan->nbusy && working < most && !scan->stopped)
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
	LowScan    *low = &scan->low;

	lane->lane = *ring_lane;
	LowWaterBegin(low, queue->table, &ring_lane->id, scan->now - ring_lane->shift, queue->wall);
	lane->has_mark = low->has_mark;
	lane->mark = low->mark;
	lane->nparts = low->nparts;
	if (low->nparts > 0)
	{
		lane->parts = palloc(sizeof(LowRange) * low->nparts);
		memcpy(lane->parts, low->parts, sizeof(LowRange) * low->nparts);
	}
	scan->may_stop = low->kept;
	read_portion(scan, queue, lane, portion, low->marked ? low : NULL);
	if (!LowWaterEnd(low, lane->part, lane->begun ? &lane->last : NULL) && scan->stopped)
	{
		/* the next claim would begin where this one did */
		scan->stopped = scan->may_stop = false;
		if (lane->ntouches == 0)
			read_portion(scan, queue, lane, portion, NULL);
	}
	if (lane->ntouches == 0)
	{
		if (lane->parts)
			pfree(lane->parts);
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

/*
 * Up to portion more due touches of a lane, which has given all that it had
 * read.  low: the first portion, which tells how far the lane was read.
 */
static void
read_portion(TouchScan *scan, QueueReader *queue, DueLane *lane, int portion, LowScan *low)
{
	lane->next = lane->ntouches = 0;
	for (; lane->part <= lane->nparts; lane->part++)
	{
		/* between two parts there is what is not to be looked at yet */
		if (low)
			low->apart = true;
		if (begin_part(scan, queue, lane))
		{
			while (next_entry(scan, queue, lane, portion, low))
			{
				if (!is_candidate(scan, queue, lane, low))
				{
					if (passes_over(scan, queue, lane))
						return;
					continue;
				}
				if (lane->ntouches == lane->size)
				{
					lane->size = Max(portion, lane->size);
					lane->touches = lane->touches == NULL ? palloc(sizeof(DueTouch) * lane->size) :
						repalloc(lane->touches, sizeof(DueTouch) * lane->size);
				}
				lane->touches[lane->ntouches].due_at = lane->last.due_at;
				lane->touches[lane->ntouches].enrollment = lane->last.enrollment;
				lane->touches[lane->ntouches].tid = queue->slot->tts_tid;
				if (++lane->ntouches == portion)
					return;
			}
			if (scan->stopped)
				return;
		}
	}
	lane->exhausted = true;
}

/* Begins to read a part of the lane, behind what was read before; false if nothing of it is due. */
static bool
begin_part(TouchScan *scan, QueueReader *queue, DueLane *lane)
{
	TimestampTz until = scan->now - lane->lane.shift;
	const LowRange *part = lane->part < lane->nparts ? &lane->parts[lane->part] : NULL;
	const LowPlace *from = part ? &part->low : lane->has_mark ? &lane->mark : NULL;
	StrategyNumber strategy = part ? BTGreaterEqualStrategyNumber : BTGreaterStrategyNumber;
	ScanKeyData keys[4];
	int			n = 0;

	if (lane->begun && (from == NULL || LowPlaceCompare(from, &lane->last) <= 0))
	{
		from = &lane->last;
		strategy = BTGreaterStrategyNumber;
	}
	if (from && from->due_at > until)
		return false;
	ScanKeyInit(&keys[n++], 1, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(&lane->lane.id.tenant));
	ScanKeyInit(&keys[n++], 2, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(lane->lane.id.lane));
	if (from)
		RangePairKey(&keys[n++], &queue->lower, 3, strategy, F_TIMESTAMPTZ_CMP, TimestampTzGetDatum(from->due_at),
					 F_UUID_CMP, UUIDPGetDatum(&from->enrollment));
	if (part && part->high.due_at <= until)
		RangePairKey(&keys[n++], &queue->upper, 3, BTLessEqualStrategyNumber,
					 F_TIMESTAMPTZ_CMP, TimestampTzGetDatum(part->high.due_at),
					 F_UUID_CMP, UUIDPGetDatum(&part->high.enrollment));
	else
		ScanKeyInit(&keys[n++], 3, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, TimestampTzGetDatum(until));
	queue->scan->numberOfKeys = n;
	index_rescan(queue->scan, keys, n, NULL, 0);
	queue->expected = InvalidBlockNumber;
	return true;
}

/*
 * The next row of the part that the snapshot sees, into queue->slot and
 * lane->last; false at the end, or where the claim stops.  An entry that it
 * does not see is dead to everybody; or to whoever comes later; or somebody is
 * still at it.
 */
static bool
next_entry(TouchScan *scan, QueueReader *queue, DueLane *lane, int portion, LowScan *low)
{
	ItemPointer tid;

	while ((tid = index_getnext_tid(queue->scan, ForwardScanDirection)) != NULL)
	{
		ItemPointerData place = *tid;

		CHECK_FOR_INTERRUPTS();
		if (queue->is_large && portion > 1)
			expect_rows(queue, portion);
		if (index_fetch_heap(queue->scan, queue->slot))
		{
			read_place(queue, queue->slot, &lane->last);
			lane->begun = true;
			return true;
		}
		if (low != NULL)
		{
			low->passed++;
			if (!queue->scan->kill_prior_tuple)
				judge_unseen(queue, lane, &place, low);
		}
		if (passes_over(scan, queue, lane))
			return false;
	}
	return false;
}

/*
 * Has the system fetch the pages of the first rows of a page of the index
 * together, which the scan has just come to.
 */
static void
expect_rows(QueueReader *queue, int portion)
{
	BTScanPos	page = &((BTScanOpaque) queue->scan->opaque)->currPos;

	if (page->currPage == queue->expected)
		return;
	queue->expected = page->currPage;
	for (int i = page->itemIndex; i <= page->lastItem && i < page->itemIndex + portion; i++)
		PrefetchBuffer(queue->table, MAIN_FORKNUM, ItemPointerGetBlockNumber(&page->items[i].heapTid));
}

/*
 * Counts an entry that has been judged, and stops there if it was the last
 * that this claim passes over.  What lies below the mark is read to its end.
 */
static bool
passes_over(TouchScan *scan, QueueReader *queue, DueLane *lane)
{
	IndexTuple	entry = queue->scan->xs_itup;
	TupleDesc	desc = queue->scan->xs_itupdesc;
	bool		isnull;

	if (lane->part < lane->nparts || ++scan->passed < CAMPAIGN_CLAIM_PASSES || !scan->may_stop)
		return false;
	lane->last.due_at = DatumGetTimestampTz(index_getattr(entry, 3, desc, &isnull));
	lane->last.enrollment = *DatumGetUUIDP(index_getattr(entry, 4, desc, &isnull));
	lane->begun = true;
	scan->stopped = true;
	return true;
}

static void
read_place(QueueReader *queue, TupleTableSlot *slot, LowPlace *place)
{
	bool		isnull;

	place->due_at = DatumGetTimestampTz(slot_getattr(slot, queue->columns[QUEUE_DUE_AT], &isnull));
	place->enrollment = *DatumGetUUIDP(slot_getattr(slot, queue->columns[QUEUE_ENROLLMENT], &isnull));
}

/*
 * Notes a row that the snapshot does not see and that may be alive all the
 * same: its transaction has not ended, or has only just, or it is this one
 * that has removed it, and may yet be undone.
 */
static void
judge_unseen(QueueReader *queue, DueLane *lane, ItemPointer tid, LowScan *low)
{
	ItemPointerData place = *tid;
	LowPlace	found;
	bool		again = false;
	bool		isnull;

	if (!table_index_fetch_tuple(queue->fetch, &place, &queue->dirty, queue->judged, &again, NULL))
	{
		if (!TransactionIdIsValid(GetTopTransactionIdIfAny()))
			return;
		place = *tid;
		again = false;
		if (!table_index_fetch_tuple(queue->fetch, &place, &queue->before_me, queue->judged, &again, NULL))
			return;
	}
	/* the row that the entry spoke of may be gone, and another be in its place */
	read_place(queue, queue->judged, &found);
	if (memcmp(DatumGetUUIDP(slot_getattr(queue->judged, queue->columns[QUEUE_TENANT], &isnull)),
			   &lane->lane.id.tenant, UUID_LEN) == 0 &&
		DatumGetInt32(slot_getattr(queue->judged, queue->columns[QUEUE_LANE], &isnull)) == lane->lane.id.lane &&
		(!lane->begun || LowPlaceCompare(&lane->last, &found) <= 0))
		LowWaterNote(low, &found, LOW_BUSY, DT_NOBEGIN);
	ExecClearTuple(queue->judged);
}

/* May the row in the slot be claimed?  Notes it. */
static bool
is_candidate(TouchScan *scan, QueueReader *queue, DueLane *lane, LowScan *low)
{
	bool		isnull;
	TimestampTz lease = DatumGetTimestampTz(slot_getattr(queue->slot, queue->columns[QUEUE_LEASE_UNTIL], &isnull));
	LowJudgement judgement;

	if (lease > queue->wall)
		judgement = is_settled(queue->slot) ? LOW_LEASED : LOW_BUSY;
	else
		judgement = is_taken(queue) ? LOW_BUSY : LOW_CANDIDATE;
	if (low)
	{
		LowWaterNote(low, &lane->last, judgement, lease);
		low->passed += judgement == LOW_LEASED;
	}
	return judgement == LOW_CANDIDATE &&
		(scan->seen == NULL || hash_search(scan->seen, &lane->last.enrollment, HASH_FIND, NULL) == NULL);
}

/*
 * Has somebody the row at present?  Beside other claims most of what is found
 * first is theirs: whose one is, the next are too.
 */
static bool
is_taken(QueueReader *queue)
{
	TransactionId taker = RowTaker(queue->slot);

	if (!TransactionIdIsValid(taker) || (taker != queue->taker && !TransactionIdIsInProgress(taker)))
		return false;
	queue->taker = taker;
	return true;
}

/*
 * Is a leased row as it will be for everybody?  Not if this transaction has
 * leased it, or somebody is at it, who may give it back.
 */
static bool
is_settled(TupleTableSlot *slot)
{
	HeapTupleHeader header = ExecFetchSlotHeapTuple(slot, false, NULL)->t_data;

	if (TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(header)))
		return false;
	if (header->t_infomask & HEAP_XMAX_INVALID)
		return true;
	return HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask) && !(header->t_infomask & HEAP_XMAX_IS_MULTI) &&
		!TransactionIdIsInProgress(HeapTupleHeaderGetRawXmax(header));
}

/* The lane's next touch; NULL if it has none.  Reads on for so many more turns. */
static const DueTouch *
touch_at_hand(TouchScan *scan, QueueReader *queue, DueLane *lane, int portion)
{
	if (lane->next == lane->ntouches && !lane->exhausted && !scan->stopped)
	{
		/* the claim has something, and the next one begins at the mark */
		scan->may_stop = true;
		read_portion(scan, queue, lane, portion, NULL);
	}
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

/*
 * campaign.rescan_marks(): reads all that claims do not look at, and tells
 * them of what they would have overlooked.  Returns how many rows.
 */
Datum
campaign_rescan_marks(PG_FUNCTION_ARGS)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TouchFilter everything = {0};
	LaneRing   *ring = LaneRingBegin(&everything, CampaignNow());
	QueueReader queue;
	RingLane	lane;
	int64		overlooked = 0;

	LaneRingOpen(ring, snapshot);
	open_queue(&queue, snapshot, GetCurrentTimestamp());
	while (LaneRingNext(ring, &lane))
		overlooked += rescan_lane(&queue, &lane);
	close_queue(&queue);
	LaneRingClose(ring);
	UnregisterSnapshot(snapshot);
	PG_RETURN_INT64(overlooked);
}

static int64
rescan_lane(QueueReader *queue, const RingLane *lane)
{
	LowPlace	mark;
	LowPlace	place;
	ScanKeyData keys[3];
	int64		overlooked = 0;

	if (!LowWaterMark(queue->table, &lane->id, &mark))
		return 0;
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_UUID_EQ, UUIDPGetDatum(&lane->id.tenant));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(lane->id.lane));
	ScanKeyInit(&keys[2], 3, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, TimestampTzGetDatum(mark.due_at));
	queue->scan->numberOfKeys = 3;
	index_rescan(queue->scan, keys, 3, NULL, 0);
	while (index_getnext_slot(queue->scan, ForwardScanDirection, queue->slot))
	{
		bool		isnull;
		TimestampTz lease = DatumGetTimestampTz(slot_getattr(queue->slot, queue->columns[QUEUE_LEASE_UNTIL], &isnull));

		CHECK_FOR_INTERRUPTS();
		read_place(queue, queue->slot, &place);
		if (LowWaterCovers(queue->table, &lane->id, &place, Max(lease, queue->wall)))
			continue;
		LowWaterLower(&lane->id.tenant, lane->id.lane, place.due_at);
		overlooked++;
	}
	return overlooked;
}
