/*
 * low_water.c
 *		How far claims have read each lane of the queue.
 *
 * The table of marks is a cache of fixed size: a lane has its place in one
 * bucket, and one that has not been used for long makes room.  In shared
 * memory a bucket is read and written under the lock of its partition, which
 * is held for a few comparisons only.
 *
 * A scan may have read past a place before a row was put there.  So an entry
 * remembers who has lowered it last, and what a scan has found is taken
 * together with what was lowered since it began; if that is more than is
 * remembered, it is not taken.  ceiling is how far any scan has ever been
 * allowed to read: what is put behind it concerns no mark.  epoch is another
 * whenever an entry has forgotten something.
 *
 * An entry belongs to one database and one incarnation of the queue: its
 * identity is made of the table, its file and the versions of the two triggers
 * that see what is written.  TRUNCATE, DROP EXTENSION, or a trigger that was
 * switched off and on, leave entries that nobody asks for again, and a queue
 * whose triggers do not fire always has no marks.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "campaign.h"
#include "core/index_ranges.h"
#include "outreach/low_water.h"

#define BUCKET_ENTRIES 8
#define PARTITIONS 64
#define TRANCHE "campaign_low_water"

/* Marks of one backend. */
#define LOCAL_LANES 256

/* Lowerings that an entry remembers. */
#define REMEMBERED 8

/* Leases that end within this time are looked for together. */
#define LEASES_TOGETHER (5 * USECS_PER_SEC)

typedef struct MarkKey
{
	uint64		identity;
	Oid			database;
	LaneId		lane;
} MarkKey;

typedef struct Lowering
{
	TimestampTz first;
	TimestampTz last;
} Lowering;

typedef struct Mark
{
	MarkKey		key;
	bool		used;
	bool		has_mark;
	bool		crowded;		/* it took the place of another, and another may take its */
	uint64		epoch;			/* never 0 */
	uint64		generation;		/* lowerings so far */
	uint64		last_used;
	uint32		ids;			/* of ranges; never begin anew */
	TimestampTz since;			/* the wall clock, when its first scan began */
	int64		passed;
	TimestampTz ceiling;
	LowPlace	mark;
	int			nranges;
	LowRange	ranges[CAMPAIGN_MARK_RANGES + 1];	/* by low */
	Lowering	lowerings[REMEMBERED];
} Mark;

typedef struct Bucket
{
	uint64		clock;			/* of last_used, and of epochs */
	Mark		marks[BUCKET_ENTRIES];
} Bucket;

typedef struct MarkTable
{
	bool		shared;
	uint32		nbuckets;
	LWLockPadded *locks;		/* of shared ones */
	Bucket	   *buckets;
} MarkTable;

/* What the transaction has done in a lane. */
typedef struct Pending
{
	MarkKey		key;
	bool		lowered;
	Lowering	lowering;
	LowRange	found;			/* candidates of its last scan; open 0: none */
	uint64		epoch;			/* of their mark */
	int32		leased;			/* of them */
	TimestampTz lease_until;	/* the first */
	LowPlace   *left;
	int			nleft;
	int			left_size;
} Pending;

static int	mark_ttl = 1000;
static int	max_marked_lanes = 4096;

static MarkTable marks;
static HTAB *pending = NULL;	/* in TopTransactionContext */
static shmem_request_hook_type previous_shmem_request = NULL;
static shmem_startup_hook_type previous_shmem_startup = NULL;

/* Of the queue, as long as no invalidation has come. */
static Oid	known_queue = InvalidOid;
static uint64 known_identity = 0;

static void request_shared_memory(void);
static void start_shared_memory(void);
static Size shared_size(uint32 *nbuckets);
static void use_own_memory(void);
static uint64 queue_identity(Relation queue);
static bool add_triggers(Oid queue, uint64 *identity);
static void forget_identity(Datum arg, Oid relid);
static Mark *find_mark(const MarkKey *key, bool create, LWLock **lock);
static Mark *replace_mark(Bucket *bucket, const MarkKey *key);
static void start_anew(Mark *mark, TimestampTz wall);
static void release(LWLock *lock);
static void add_range(LowRange *ranges, int *n, const LowRange *range);
static void remove_range(LowRange *ranges, int *n, int at);
static bool contains(const LowRange *range, const LowPlace *place);
static void forget_counts(LowRange *ranges, int n, const LowPlace *low, const LowPlace *high);
static void merge_neighbours(LowRange *ranges, int *n);
static void take_results(Mark *mark, const LowScan *scan, int parts_done, const LowPlace *reached);
static void take_part(Mark *mark, const LowRange *part, const LowPlace *reached);
static void lower_mark(const MarkKey *key, const Lowering *lowering);
static void apply_lowering(Mark *mark, const Lowering *lowering);
static Pending *pending_of(const MarkKey *key);
static Pending *known_pending(const pg_uuid_t *tenant, int32 lane);
static void settle(const Pending *entry);
static void end_subtransaction(SubXactEvent event, SubTransactionId self, SubTransactionId parent, void *arg);
static void end_transaction(XactEvent event, void *arg);
static void fail_trigger(void);

PG_FUNCTION_INFO_V1(campaign_lower_mark);

/* ---- settings and memory */

void
LowWaterInit(void)
{
	DefineCustomIntVariable("campaign.mark_ttl",
							"Without shared_preload_libraries: how long a claim may rely on what its own session has read.",
							"A touch that another session makes due earlier than what was read already waits that long at most; 0 reads all again each time.",
							&mark_ttl, 1000, 0, 3600 * 1000,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	CacheRegisterRelcacheCallback(forget_identity, (Datum) 0);
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_subtransaction, NULL);
	if (!process_shared_preload_libraries_in_progress)
		return;
	DefineCustomIntVariable("campaign.max_marked_lanes",
							"Lanes of which shared memory remembers how far claims have read.",
							"About two kilobytes each; 0 shares nothing.",
							&max_marked_lanes, 4096, 0, 1000000,
							PGC_POSTMASTER, 0, NULL, NULL, NULL);
	previous_shmem_request = shmem_request_hook;
	shmem_request_hook = request_shared_memory;
	previous_shmem_startup = shmem_startup_hook;
	shmem_startup_hook = start_shared_memory;
}

static void
request_shared_memory(void)
{
	uint32		nbuckets;

	if (previous_shmem_request)
		previous_shmem_request();
	if (max_marked_lanes == 0)
		return;
	RequestAddinShmemSpace(shared_size(&nbuckets));
	RequestNamedLWLockTranche(TRANCHE, PARTITIONS);
}

static void
start_shared_memory(void)
{
	Size		size;
	bool		found;

	if (previous_shmem_startup)
		previous_shmem_startup();
	if (max_marked_lanes == 0)
		return;
	size = shared_size(&marks.nbuckets);
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	marks.buckets = ShmemInitStruct("campaign low-water marks", size, &found);
	/* also after a crash: no marks */
	if (!found)
		memset(marks.buckets, 0, size);
	marks.locks = GetNamedLWLockTranche(TRANCHE);
	marks.shared = true;
	LWLockRelease(AddinShmemInitLock);
}

static Size
shared_size(uint32 *nbuckets)
{
	*nbuckets = (max_marked_lanes + BUCKET_ENTRIES - 1) / BUCKET_ENTRIES;
	return mul_size(*nbuckets, sizeof(Bucket));
}

static void
use_own_memory(void)
{
	marks.nbuckets = LOCAL_LANES / BUCKET_ENTRIES;
	marks.buckets = MemoryContextAllocZero(TopMemoryContext, mul_size(marks.nbuckets, sizeof(Bucket)));
}

/* ---- which queue it is */

/* 0: one that has no marks. */
static uint64
queue_identity(Relation queue)
{
	uint64		identity;

	if (known_queue == RelationGetRelid(queue))
		return known_identity;
	identity = hash_combine64(RelationGetRelid(queue), queue->rd_rel->relfilenode);
	if (!add_triggers(RelationGetRelid(queue), &identity))
		identity = 0;
	known_identity = identity;
	known_queue = RelationGetRelid(queue);
	return identity;
}

/* Adds the versions of the triggers that call LowWaterLower(); false unless both fire always. */
static bool
add_triggers(Oid queue, uint64 *identity)
{
	Relation	triggers = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			found = 0;

	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(queue));
	scan = systable_beginscan(triggers, TriggerRelidNameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger trigger = (Form_pg_trigger) GETSTRUCT(tuple);

		if (strcmp(NameStr(trigger->tgname), "lower_mark_insert") != 0 &&
			strcmp(NameStr(trigger->tgname), "lower_mark_update") != 0)
			continue;
		if (trigger->tgenabled == TRIGGER_FIRES_ALWAYS)
			found++;
		*identity = hash_combine64(*identity, HeapTupleHeaderGetRawXmin(tuple->t_data));
		*identity = hash_combine64(*identity, hash_any((unsigned char *) &tuple->t_self, sizeof(ItemPointerData)));
	}
	systable_endscan(scan);
	table_close(triggers, AccessShareLock);
	return found == 2;
}

static void
forget_identity(Datum arg, Oid relid)
{
	if (relid == known_queue || relid == InvalidOid)
		known_queue = InvalidOid;
}

/* ---- the table of marks */

/*
 * The mark of a key, with its lock held; NULL and no lock if there is none and
 * none is to be made.
 */
static Mark *
find_mark(const MarkKey *key, bool create, LWLock **lock)
{
	uint32		number;
	Bucket	   *bucket;
	Mark	   *mark = NULL;

	if (marks.buckets == NULL)
	{
		if (!create)
			return NULL;
		use_own_memory();
	}
	number = hash_bytes((const unsigned char *) key, sizeof(MarkKey)) % marks.nbuckets;
	bucket = &marks.buckets[number];
	*lock = marks.shared ? &marks.locks[number % PARTITIONS].lock : NULL;
	if (*lock)
		LWLockAcquire(*lock, LW_EXCLUSIVE);
	for (int i = 0; i < BUCKET_ENTRIES && mark == NULL; i++)
	{
		if (bucket->marks[i].used && memcmp(&bucket->marks[i].key, key, sizeof(MarkKey)) == 0)
			mark = &bucket->marks[i];
	}
	if (mark == NULL && create)
		mark = replace_mark(bucket, key);
	if (mark == NULL)
		release(*lock);
	else
		mark->last_used = ++bucket->clock;
	return mark;
}

/* The place of the one that was not used for the longest time. */
static Mark *
replace_mark(Bucket *bucket, const MarkKey *key)
{
	Mark	   *oldest = &bucket->marks[0];

	for (int i = 1; i < BUCKET_ENTRIES; i++)
	{
		if (bucket->marks[i].last_used < oldest->last_used)
			oldest = &bucket->marks[i];
	}
	oldest->key = *key;
	oldest->crowded = oldest->used;
	oldest->used = true;
	oldest->generation = 0;
	oldest->ceiling = DT_NOBEGIN;
	/* another than that of any mark that was here */
	oldest->epoch = ++bucket->clock;
	start_anew(oldest, GetCurrentTimestamp());
	return oldest;
}

/* As if the lane had never been read; scans that are under way are not heard. */
static void
start_anew(Mark *mark, TimestampTz wall)
{
	mark->epoch++;
	mark->has_mark = false;
	mark->nranges = 0;
	mark->passed = 0;
	mark->since = wall;
}

static void
release(LWLock *lock)
{
	if (lock)
		LWLockRelease(lock);
}

int
LowPlaceCompare(const LowPlace *a, const LowPlace *b)
{
	if (a->due_at != b->due_at)
		return a->due_at < b->due_at ? -1 : 1;
	return memcmp(&a->enrollment, &b->enrollment, UUID_LEN);
}

/* Ranges are by low, and there is room for one more than the most that there may be. */
static void
add_range(LowRange *ranges, int *n, const LowRange *range)
{
	int			at = *n;

	while (at > 0 && LowPlaceCompare(&ranges[at - 1].low, &range->low) > 0)
		at--;
	memmove(&ranges[at + 1], &ranges[at], sizeof(LowRange) * (*n - at));
	ranges[at] = *range;
	if (++*n > CAMPAIGN_MARK_RANGES)
		merge_neighbours(ranges, n);
}

static void
remove_range(LowRange *ranges, int *n, int at)
{
	memmove(&ranges[at], &ranges[at + 1], sizeof(LowRange) * (*n - at - 1));
	--*n;
}

static bool
contains(const LowRange *range, const LowPlace *place)
{
	return LowPlaceCompare(&range->low, place) <= 0 && LowPlaceCompare(place, &range->high) <= 0;
}

/*
 * There may be rows between these places that a range was not made for: its
 * count is good for nothing any more.
 */
static void
forget_counts(LowRange *ranges, int n, const LowPlace *low, const LowPlace *high)
{
	for (int i = 0; i < n; i++)
	{
		if (LowPlaceCompare(&ranges[i].low, high) <= 0 && LowPlaceCompare(low, &ranges[i].high) <= 0)
			ranges[i].open = -1;
	}
}

/* The two whose times are the nearest become one, which is read when the first of them is. */
static void
merge_neighbours(LowRange *ranges, int *n)
{
	int			best = 0;
	TimestampTz best_distance = DT_NOEND;

	for (int i = 0; i < *n - 1; i++)
	{
		TimestampTz one = Min(ranges[i].until, ranges[i + 1].until);
		TimestampTz other = Max(ranges[i].until, ranges[i + 1].until);
		TimestampTz distance = one == other ? 0 : one == DT_NOBEGIN ? DT_NOEND - 1 : other - one;

		if (distance < best_distance)
		{
			best = i;
			best_distance = distance;
		}
	}
	if (LowPlaceCompare(&ranges[best + 1].high, &ranges[best].high) > 0)
		ranges[best].high = ranges[best + 1].high;
	ranges[best].until = Min(ranges[best].until, ranges[best + 1].until);
	remove_range(ranges, n, best + 1);
	/* whatever lies between is in it now, too */
	forget_counts(ranges, *n, &ranges[best].low, &ranges[best].high);
}

/* ---- scans */

void
LowWaterBegin(LowScan *scan, Relation queue, const LaneId *lane, TimestampTz until, TimestampTz wall)
{
	MarkKey		key;
	Mark	   *mark;
	LWLock	   *lock;

	scan->lane = *lane;
	scan->until = until;
	scan->has_mark = false;
	scan->nparts = scan->nnotes = 0;
	scan->apart = false;
	scan->kept = false;
	scan->passed = 0;
	scan->identity = queue_identity(queue);
	scan->marked = scan->identity != 0 && (marks.shared || mark_ttl > 0);
	if (!scan->marked)
		return;

	memset(&key, 0, sizeof(key));
	key.identity = scan->identity;
	key.database = MyDatabaseId;
	key.lane = *lane;
	mark = find_mark(&key, true, &lock);
	/* nobody tells a backend of its own marks what others put below them */
	if (!marks.shared &&
		(wall < mark->since || wall - mark->since >= mark_ttl * INT64CONST(1000) || mark->passed < CAMPAIGN_MARK_WORTH))
		start_anew(mark, wall);
	mark->ceiling = Max(mark->ceiling, until);
	scan->epoch = mark->epoch;
	scan->generation = mark->generation;
	scan->has_mark = mark->has_mark;
	scan->mark = mark->mark;
	/* one that has lost its place since the last scan would be lost again */
	scan->kept = marks.shared && (mark->has_mark || !mark->crowded);
	for (int i = 0; i < mark->nranges; i++)
	{
		if (mark->ranges[i].until <= wall && mark->ranges[i].low.due_at <= until)
			scan->parts[scan->nparts++] = mark->ranges[i];
	}
	release(lock);
}

void
LowWaterNote(LowScan *scan, const LowPlace *place, LowJudgement judgement, TimestampTz lease)
{
	LowRange   *last = scan->nnotes > 0 && !scan->apart ? &scan->notes[scan->nnotes - 1] : NULL;
	LowRange	range = {*place, *place, judgement == LOW_LEASED ? lease : DT_NOBEGIN};

	range.open = judgement == LOW_BUSY ? -1 : 1;
	scan->apart = false;
	/* what is counted is apart from what is not, so that one scan's rows can be leased beside another's */
	if (last != NULL && (last->open == -1) == (range.open == -1) && (last->until == DT_NOBEGIN) == (range.until == DT_NOBEGIN) &&
		(last->until == range.until ||
		 Max(last->until, range.until) - Min(last->until, range.until) <= LEASES_TOGETHER))
	{
		/* a row in the place of one that has gone is not where its entry was */
		if (LowPlaceCompare(place, &last->low) < 0)
			last->low = *place;
		if (LowPlaceCompare(place, &last->high) > 0)
			last->high = *place;
		last->until = Min(last->until, range.until);
		last->open = last->open == -1 ? -1 : last->open + 1;
	}
	else
		add_range(scan->notes, &scan->nnotes, &range);
}

bool
LowWaterEnd(LowScan *scan, int parts_done, const LowPlace *reached)
{
	MarkKey		key;
	Mark	   *mark;
	LWLock	   *lock;
	LowRange	found = {0};
	uint32		former_ids;
	bool		taken;

	if (!scan->marked)
		return false;
	memset(&key, 0, sizeof(key));
	key.identity = scan->identity;
	key.database = MyDatabaseId;
	key.lane = scan->lane;
	mark = find_mark(&key, false, &lock);
	if (mark == NULL)
		return false;
	former_ids = mark->ids;
	taken = mark->epoch == scan->epoch && mark->generation - scan->generation <= REMEMBERED;
	if (taken)
	{
		take_results(mark, scan, parts_done, reached);
		for (int i = 0; i < mark->nranges && found.open == 0; i++)
		{
			if (mark->ranges[i].id > former_ids && mark->ranges[i].until == DT_NOBEGIN && mark->ranges[i].open > 0)
				found = mark->ranges[i];
		}
	}
	release(lock);
	if (found.open > 0)
	{
		Pending    *entry = pending_of(&key);

		entry->found = found;
		entry->epoch = scan->epoch;
		entry->leased = 0;
		entry->lease_until = DT_NOEND;
	}
	return taken;
}

static void
take_results(Mark *mark, const LowScan *scan, int parts_done, const LowPlace *reached)
{
	LowPlace	end;

	end.due_at = scan->until;
	memset(&end.enrollment, 0xff, UUID_LEN);
	for (int i = 0; i < scan->nparts && i < parts_done; i++)
		take_part(mark, &scan->parts[i], &end);
	if (parts_done < scan->nparts && reached != NULL)
		take_part(mark, &scan->parts[parts_done], reached);
	for (int i = 0; i < scan->nnotes; i++)
	{
		LowRange	range = scan->notes[i];

		range.id = ++mark->ids;
		add_range(mark->ranges, &mark->nranges, &range);
	}

	if (parts_done > scan->nparts)
		reached = &end;
	if (parts_done >= scan->nparts && reached != NULL &&
		(!mark->has_mark || LowPlaceCompare(&mark->mark, reached) < 0))
	{
		mark->mark = *reached;
		mark->has_mark = true;
	}
	mark->passed += scan->passed;
	/* a row may lie where the scan had been already */
	for (uint64 g = scan->generation; g < mark->generation; g++)
		apply_lowering(mark, &mark->lowerings[g % REMEMBERED]);
}

/*
 * A part has been read as far as a place; what is behind it is to be read yet.
 * A range that others have changed meanwhile stays as it is, and is read again.
 */
static void
take_part(Mark *mark, const LowRange *part, const LowPlace *reached)
{
	for (int i = 0; i < mark->nranges; i++)
	{
		LowRange	rest = {*reached, part->high, part->until};

		if (mark->ranges[i].id != part->id || mark->ranges[i].until != part->until ||
			LowPlaceCompare(&mark->ranges[i].low, &part->low) != 0 ||
			LowPlaceCompare(&mark->ranges[i].high, &part->high) != 0)
			continue;
		remove_range(mark->ranges, &mark->nranges, i);
		rest.id = ++mark->ids;
		rest.open = -1;
		if (LowPlaceCompare(reached, &part->high) < 0)
			add_range(mark->ranges, &mark->nranges, &rest);
		return;
	}
}

bool
LowWaterMark(Relation queue, const LaneId *lane, LowPlace *at)
{
	MarkKey		key;
	Mark	   *mark;
	LWLock	   *lock;
	bool		has_mark;

	memset(&key, 0, sizeof(key));
	key.identity = queue_identity(queue);
	key.database = MyDatabaseId;
	key.lane = *lane;
	mark = find_mark(&key, false, &lock);
	if (mark == NULL)
		return false;
	has_mark = mark->has_mark;
	*at = mark->mark;
	release(lock);
	return has_mark;
}

bool
LowWaterCovers(Relation queue, const LaneId *lane, const LowPlace *place, TimestampTz until)
{
	MarkKey		key;
	Mark	   *mark;
	LWLock	   *lock;
	bool		covered;

	memset(&key, 0, sizeof(key));
	key.identity = queue_identity(queue);
	key.database = MyDatabaseId;
	key.lane = *lane;
	mark = find_mark(&key, false, &lock);
	if (mark == NULL)
		return true;
	covered = !mark->has_mark || LowPlaceCompare(place, &mark->mark) > 0;
	for (int i = 0; i < mark->nranges && !covered; i++)
		covered = mark->ranges[i].until <= until && contains(&mark->ranges[i], place);
	release(lock);
	return covered;
}

/* ---- lowering */

void
LowWaterLower(const pg_uuid_t *tenant, int32 lane, TimestampTz due_at)
{
	MarkKey		key;
	Lowering	lowering = {due_at, due_at};
	Pending    *entry;

	if (known_queue == InvalidOid)
	{
		Relation	queue = RangeOpenTable("touch_queue", AccessShareLock);

		(void) queue_identity(queue);
		table_close(queue, NoLock);
	}
	/* nobody claims at infinity */
	if (known_identity == 0 || due_at == DT_NOEND)
		return;
	memset(&key, 0, sizeof(key));
	key.identity = known_identity;
	key.database = MyDatabaseId;
	key.lane.tenant = *tenant;
	key.lane.lane = lane;
	lower_mark(&key, &lowering);
	entry = pending_of(&key);
	entry->lowering.first = entry->lowered ? Min(entry->lowering.first, due_at) : due_at;
	entry->lowering.last = entry->lowered ? Max(entry->lowering.last, due_at) : due_at;
	entry->lowered = true;
}

/* Neither allocates nor fails: it is also called when a transaction has committed. */
static void
lower_mark(const MarkKey *key, const Lowering *lowering)
{
	LWLock	   *lock;
	Mark	   *mark = find_mark(key, false, &lock);

	if (mark == NULL)
		return;
	if (lowering->first <= mark->ceiling)
	{
		mark->lowerings[mark->generation++ % REMEMBERED] = *lowering;
		apply_lowering(mark, lowering);
	}
	release(lock);
}

static void
apply_lowering(Mark *mark, const Lowering *lowering)
{
	LowRange	range;

	if (!mark->has_mark || lowering->first > mark->mark.due_at)
		return;
	range.low.due_at = lowering->first;
	memset(&range.low.enrollment, 0, UUID_LEN);
	range.high.due_at = lowering->last;
	memset(&range.high.enrollment, 0xff, UUID_LEN);
	/* a scan that had read on behind the mark in a range would begin the rest there, not at the mark */
	if (LowPlaceCompare(&range.high, &mark->mark) > 0)
		range.high = mark->mark;
	range.until = DT_NOBEGIN;
	range.id = ++mark->ids;
	range.open = -1;
	forget_counts(mark->ranges, mark->nranges, &range.low, &range.high);
	for (int i = 0; i < mark->nranges; i++)
	{
		if (mark->ranges[i].until == DT_NOBEGIN &&
			contains(&mark->ranges[i], &range.low) && contains(&mark->ranges[i], &range.high))
			return;
	}
	add_range(mark->ranges, &mark->nranges, &range);
}

/* What is remembered of a lane until the transaction ends. */
static Pending *
pending_of(const MarkKey *key)
{
	Pending    *entry;
	bool		found;

	if (pending == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(MarkKey);
		control.entrysize = sizeof(Pending);
		control.hcxt = TopTransactionContext;
		pending = hash_create("campaign marks of a transaction", 16, &control,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(pending, key, HASH_ENTER, &found);
	if (!found)
		memset((char *) entry + sizeof(MarkKey), 0, sizeof(Pending) - sizeof(MarkKey));
	return entry;
}

/* NULL if nothing has been read or written of the lane. */
static Pending *
known_pending(const pg_uuid_t *tenant, int32 lane)
{
	MarkKey		key;

	if (pending == NULL || known_queue == InvalidOid)
		return NULL;
	memset(&key, 0, sizeof(key));
	key.identity = known_identity;
	key.database = MyDatabaseId;
	key.lane.tenant = *tenant;
	key.lane.lane = lane;
	return hash_search(pending, &key, HASH_FIND, NULL);
}

void
LowWaterLeased(const pg_uuid_t *tenant, int32 lane, const LowPlace *place, TimestampTz lease_until)
{
	Pending    *entry = known_pending(tenant, lane);

	if (entry == NULL || entry->found.open <= 0 || !contains(&entry->found, place))
		return;
	entry->leased++;
	entry->lease_until = Min(entry->lease_until, lease_until);
}

void
LowWaterLeft(const pg_uuid_t *tenant, int32 lane, const LowPlace *place)
{
	MarkKey		key;
	Pending    *entry;

	if (known_queue == InvalidOid || known_identity == 0)
		return;
	memset(&key, 0, sizeof(key));
	key.identity = known_identity;
	key.database = MyDatabaseId;
	key.lane.tenant = *tenant;
	key.lane.lane = lane;
	entry = pending_of(&key);
	if (entry->nleft == entry->left_size)
	{
		entry->left_size = Max(16, 2 * entry->left_size);
		entry->left = entry->left == NULL ?
			MemoryContextAlloc(TopTransactionContext, sizeof(LowPlace) * entry->left_size) :
			repalloc(entry->left, sizeof(LowPlace) * entry->left_size);
	}
	entry->left[entry->nleft++] = *place;
}

/*
 * A scan between the lowering and the write has raised the mark again.  Once
 * the entry is in the index it is judged as what it is, so a prepared
 * transaction has done all that is to be done when it is prepared.
 */
static void
end_transaction(XactEvent event, void *arg)
{
	if (pending == NULL)
		return;
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE)
	{
		HASH_SEQ_STATUS status;
		Pending    *entry;

		hash_seq_init(&status, pending);
		while ((entry = hash_seq_search(&status)) != NULL)
		{
			if (event == XACT_EVENT_COMMIT && ((entry->leased > 0 && entry->leased == entry->found.open) || entry->nleft > 0))
				settle(entry);
			if (entry->lowered)
				lower_mark(&entry->key, &entry->lowering);
		}
	}
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE || event == XACT_EVENT_ABORT)
		pending = NULL;
}

/* What a transaction that has committed leased, and what left. */
static void
settle(const Pending *entry)
{
	LWLock	   *lock;
	Mark	   *mark = find_mark(&entry->key, false, &lock);

	if (mark == NULL)
		return;
	for (int i = 0; i < mark->nranges && entry->leased == entry->found.open && entry->leased > 0; i++)
	{
		/* as it was found: nobody has put a row between them, or read it again */
		if (mark->epoch == entry->epoch && mark->ranges[i].id == entry->found.id &&
			mark->ranges[i].until == DT_NOBEGIN && mark->ranges[i].open == entry->found.open)
		{
			mark->ranges[i].until = entry->lease_until;
			break;
		}
	}
	for (int i = 0; i < entry->nleft; i++)
	{
		for (int j = mark->nranges - 1; j >= 0; j--)
		{
			LowRange   *range = &mark->ranges[j];

			if (range->until != DT_NOBEGIN && range->open > 0 && contains(range, &entry->left[i]) &&
				--range->open == 0)
				remove_range(mark->ranges, &mark->nranges, j);
		}
	}
	release(lock);
}

/* What was leased or left may have been undone; that it was lowered does no harm. */
static void
end_subtransaction(SubXactEvent event, SubTransactionId self, SubTransactionId parent, void *arg)
{
	HASH_SEQ_STATUS status;
	Pending    *entry;

	if (event != SUBXACT_EVENT_ABORT_SUB || pending == NULL)
		return;
	hash_seq_init(&status, pending);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		entry->found.open = 0;
		entry->nleft = 0;
	}
}

/*
 * Trigger of touch_queue: before a row is inserted, after one was moved or its
 * lease ends sooner.
 */
Datum
campaign_lower_mark(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Relation	relation;
	HeapTuple	tuple;
	TupleDesc	desc;
	bool		isnull[3];
	Datum		tenant;
	Datum		lane;
	Datum		due_at;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!(TRIGGER_FIRED_BY_INSERT(trigger->tg_event) || TRIGGER_FIRED_BY_UPDATE(trigger->tg_event)))
		fail_trigger();
	relation = trigger->tg_relation;
	if (RelationGetRelid(relation) != known_queue &&
		(strcmp(RelationGetRelationName(relation), "touch_queue") != 0 ||
		 RelationGetNamespace(relation) != get_namespace_oid(CAMPAIGN_SCHEMA, true)))
		fail_trigger();
	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	desc = RelationGetDescr(relation);
	tenant = heap_getattr(tuple, SPI_fnumber(desc, "tenant_id"), desc, &isnull[0]);
	lane = heap_getattr(tuple, SPI_fnumber(desc, "lane"), desc, &isnull[1]);
	due_at = heap_getattr(tuple, SPI_fnumber(desc, "due_at"), desc, &isnull[2]);
	/* the table refuses a NULL */
	if (!isnull[0] && !isnull[1] && !isnull[2])
		LowWaterLower(DatumGetUUIDP(tenant), DatumGetInt32(lane), DatumGetTimestampTz(due_at));
	return PointerGetDatum(tuple);
}

static void
fail_trigger(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("lower_mark() was not called as a trigger of rows of campaign.touch_queue"),
			 errhint("It is the extension's own; leave it to the triggers that call it.")));
}
