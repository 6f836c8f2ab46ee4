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
#include "core/direct_access.h"
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
	uint64		epoch;			/* never 0 */
	uint64		generation;		/* lowerings so far */
	uint64		last_used;
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

/* What the transaction has put into a lane. */
typedef struct Pending
{
	MarkKey		key;
	Lowering	lowering;
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
static void merge_neighbours(LowRange *ranges, int *n);
static void take_results(Mark *mark, const LowScan *scan, int parts_done, const LowPlace *reached);
static void take_part(Mark *mark, const LowRange *part, const LowPlace *reached);
static void lower_mark(const MarkKey *key, const Lowering *lowering);
static void apply_lowering(Mark *mark, const Lowering *lowering);
static void remember_pending(const MarkKey *key, TimestampTz due_at);
static void end_transaction(XactEvent event, void *arg);
static void fail_trigger(void) pg_attribute_noreturn();

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
	memmove(&ranges[best + 1], &ranges[best + 2], sizeof(LowRange) * (*n - best - 2));
	--*n;
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
	for (int i = 0; i < mark->nranges; i++)
	{
		if (mark->ranges[i].until <= wall && mark->ranges[i].low.due_at <= until)
			scan->parts[scan->nparts++] = mark->ranges[i];
	}
	release(lock);
}

void
LowWaterNote(LowScan *scan, const LowPlace *place, TimestampTz until)
{
	LowRange   *last = scan->nnotes > 0 ? &scan->notes[scan->nnotes - 1] : NULL;
	LowRange	range = {*place, *place, until};

	if (last != NULL &&
		(last->until == until ||
		 (last->until != DT_NOBEGIN && until != DT_NOBEGIN &&
		  Max(last->until, until) - Min(last->until, until) <= LEASES_TOGETHER)))
	{
		last->high = *place;
		last->until = Min(last->until, until);
	}
	else
		add_range(scan->notes, &scan->nnotes, &range);
}

void
LowWaterEnd(LowScan *scan, int parts_done, const LowPlace *reached)
{
	MarkKey		key;
	Mark	   *mark;
	LWLock	   *lock;

	if (!scan->marked)
		return;
	memset(&key, 0, sizeof(key));
	key.identity = scan->identity;
	key.database = MyDatabaseId;
	key.lane = scan->lane;
	mark = find_mark(&key, false, &lock);
	if (mark == NULL)
		return;
	if (mark->epoch == scan->epoch && mark->generation - scan->generation <= REMEMBERED)
		take_results(mark, scan, parts_done, reached);
	release(lock);
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
		add_range(mark->ranges, &mark->nranges, &scan->notes[i]);

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

		if (memcmp(&mark->ranges[i], part, sizeof(LowRange)) != 0)
			continue;
		memmove(&mark->ranges[i], &mark->ranges[i + 1], sizeof(LowRange) * (mark->nranges - i - 1));
		mark->nranges--;
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
		covered = mark->ranges[i].until <= until &&
			LowPlaceCompare(&mark->ranges[i].low, place) <= 0 &&
			LowPlaceCompare(place, &mark->ranges[i].high) <= 0;
	release(lock);
	return covered;
}

/* ---- lowering */

void
LowWaterLower(const pg_uuid_t *tenant, int32 lane, TimestampTz due_at)
{
	MarkKey		key;
	Lowering	lowering = {due_at, due_at};

	if (known_queue == InvalidOid)
	{
		Relation	queue = DirectOpenTable("touch_queue", AccessShareLock);

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
	remember_pending(&key, due_at);
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
	range.until = DT_NOBEGIN;
	for (int i = 0; i < mark->nranges; i++)
	{
		if (mark->ranges[i].until == DT_NOBEGIN &&
			LowPlaceCompare(&mark->ranges[i].low, &range.low) <= 0 &&
			LowPlaceCompare(&range.high, &mark->ranges[i].high) <= 0)
			return;
	}
	add_range(mark->ranges, &mark->nranges, &range);
}

static void
remember_pending(const MarkKey *key, TimestampTz due_at)
{
	Pending    *entry;
	bool		found;

	if (pending == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(MarkKey);
		control.entrysize = sizeof(Pending);
		control.hcxt = TopTransactionContext;
		pending = hash_create("campaign lowered marks", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(pending, key, HASH_ENTER, &found);
	if (!found)
		entry->lowering.first = entry->lowering.last = due_at;
	entry->lowering.first = Min(entry->lowering.first, due_at);
	entry->lowering.last = Max(entry->lowering.last, due_at);
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
			lower_mark(&entry->key, &entry->lowering);
	}
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE || event == XACT_EVENT_ABORT)
		pending = NULL;
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
