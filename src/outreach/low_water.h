/*
 * low_water.h
 *		How far claims have read each lane of the queue.
 *
 * A place in a lane is (due_at, enrollment_id), the order of touch_queue_pkey.
 * Up to a lane's mark every entry has been judged: what is dead to every later
 * snapshot is not looked at again, and what is not lies in a range, which a
 * scan reads again when its time has come: at once (-infinity) for what may be
 * claimed, is locked, or belongs to a transaction that has not ended; when the
 * lease ends for what is leased.  Marks are hints: without one a scan begins
 * at the lane's beginning, which is always right.
 *
 * With shared_preload_libraries marks are shared, and whoever puts a row below
 * one says so.  Without, each backend has its own, hears of nobody else's
 * rows, and drops a mark after campaign.mark_ttl.
 */
#ifndef CAMPAIGN_LOW_WATER_H
#define CAMPAIGN_LOW_WATER_H

#include "datatype/timestamp.h"
#include "utils/rel.h"
#include "utils/uuid.h"

#include "outreach/lane_ring.h"

/*
 * Ranges of a lane; if there are more, neighbours become one, which is read
 * when the first of them is.  That costs reading too early and loses the count
 * of rows, without which a range is read again when its time has come; it
 * never makes a touch wait for longer than its lease.
 */
#define CAMPAIGN_MARK_RANGES 24

/* A mark of one backend is used where so many entries lie behind it. */
#define CAMPAIGN_MARK_WORTH 64

typedef struct LowPlace
{
	TimestampTz due_at;
	pg_uuid_t	enrollment;
} LowPlace;

typedef struct LowRange
{
	LowPlace	low;			/* both belong to it */
	LowPlace	high;
	TimestampTz until;			/* the wall clock; DT_NOBEGIN: always read */
	uint32		id;				/* within its mark; 0: none yet */
	int32		open;			/* rows that it is about; -1: nobody has counted */
} LowRange;

/* One scan of a lane, and what it has found. */
typedef struct LowScan
{
	bool		marked;			/* there is a mark to be raised */
	bool		kept;			/* where this scan stops behind it, the next one goes on, whoever's that is */
	LaneId		lane;
	uint64		identity;
	uint64		epoch;
	uint64		generation;
	TimestampTz until;			/* read so far at most */
	bool		has_mark;
	LowPlace	mark;			/* behind it the rest is to be read */
	int			nparts;
	LowRange	parts[CAMPAIGN_MARK_RANGES];	/* to be read again, in their order */
	int			nnotes;
	LowRange	notes[CAMPAIGN_MARK_RANGES + 1];	/* what is not dead */
	bool		apart;			/* the next note is not behind the last */
	int64		passed;			/* entries that nobody need look at, for now */
} LowScan;

/* What is known of an entry that is not dead. */
typedef enum LowJudgement
{
	LOW_CANDIDATE,				/* may be claimed */
	LOW_LEASED,					/* until the lease ends */
	LOW_BUSY					/* somebody is at it */
} LowJudgement;

/* Defines campaign.mark_ttl and campaign.max_marked_lanes; asks for shared memory. */
extern void LowWaterInit(void);

/* Begin a scan of a lane up to a due time, before anything is read of it.  queue is campaign.touch_queue. */
extern void LowWaterBegin(LowScan *scan, Relation queue, const LaneId *lane, TimestampTz until,
						  TimestampTz wall);

/* An entry that is not dead, in their order; lease is when that of a leased one ends. */
extern void LowWaterNote(LowScan *scan, const LowPlace *place, LowJudgement judgement, TimestampTz lease);

/*
 * The scan has read so many of its parts to their ends, the rest counting as
 * one more behind them, and the next as far as the place reached, if any.
 * Returns whether it will be remembered: not if too much happened meanwhile.
 */
extern bool LowWaterEnd(LowScan *scan, int parts_done, const LowPlace *reached);

/*
 * To be called by whoever puts a row into the queue, or makes one claimable
 * earlier (another due time or lane, a lease that ends sooner), before or after
 * he writes it: the row is read by the next scan, now and again when the
 * transaction commits.  The triggers of touch_queue do it for all that is
 * written by SQL; what is written without calls it itself.
 */
extern void LowWaterLower(const pg_uuid_t *tenant, int32 lane, TimestampTz due_at);

/*
 * A touch that was found is leased by this transaction, and where it lay.  If
 * it leases all that a scan has found in a lane, nobody looks at them until the
 * first of the leases ends.
 */
extern void LowWaterLeased(const pg_uuid_t *tenant, int32 lane, const LowPlace *place, TimestampTz lease_until);

/*
 * A leased touch goes from where it lay, with this transaction: where all have
 * gone nobody looks again.  Not to be told twice of one row.
 */
extern void LowWaterLeft(const pg_uuid_t *tenant, int32 lane, const LowPlace *place);

/*
 * Is a live row, claimable or leased until then, where scans will find it?
 * Only for a row that is visible to a snapshot taken before.
 */
extern bool LowWaterCovers(Relation queue, const LaneId *lane, const LowPlace *place, TimestampTz until);

/* The lane's mark, if it has one. */
extern bool LowWaterMark(Relation queue, const LaneId *lane, LowPlace *mark);

extern int	LowPlaceCompare(const LowPlace *a, const LowPlace *b);

#endif							/* CAMPAIGN_LOW_WATER_H */
