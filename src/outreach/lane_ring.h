/*
 * lane_ring.h
 *		The lanes that a claim may serve, read in a ring.
 */
#ifndef CAMPAIGN_LANE_RING_H
#define CAMPAIGN_LANE_RING_H

#include "datatype/timestamp.h"
#include "utils/snapshot.h"
#include "utils/uuid.h"

#include "outreach/touch_queue.h"

/* Lanes with a backlog that a backend remembers. */
#define CAMPAIGN_BUSY_LANES 64

typedef struct LaneId
{
	pg_uuid_t	tenant;
	int32		lane;
} LaneId;

typedef struct RingLane
{
	LaneId		id;
	int64		shift;			/* microseconds, as TouchLane.shift */
} RingLane;

/* A round of one claim through the lanes. */
typedef struct LaneRing LaneRing;

/*
 * The round begins behind the lane where the last claim of this backend ended.
 * Lives in the current memory context, as what the filter holds must.
 */
extern LaneRing *LaneRingBegin(const TouchFilter *filter, TimestampTz now);

/* To be open while lanes are read: holds AccessShareLock on campaign.lanes. */
extern void LaneRingOpen(LaneRing *ring, Snapshot snapshot);
extern void LaneRingClose(LaneRing *ring);

/*
 * The next lane that is open, neither paused nor throttled, and that the
 * filter takes; false when the round is at its end.
 */
extern bool LaneRingNext(LaneRing *ring, RingLane *lane);

/* The same for one lane. */
extern bool LaneRingFind(LaneRing *ring, const LaneId *id, RingLane *lane);

/* Whether an earlier claim of this backend has left word of where it ended. */
extern bool LaneRingKnown(const LaneRing *ring);

/* The next claim begins behind this lane. */
extern void LaneRingEndAt(LaneRing *ring, const LaneId *last);

/*
 * Lanes that had more than they could give when this backend last saw them.
 * Busy returns how many there are, at most CAMPAIGN_BUSY_LANES; SetBusy
 * replaces them, in the order in which they are to have their turn.
 */
extern int	LaneRingBusy(const LaneId **lanes);
extern void LaneRingSetBusy(const LaneId *lanes, int n);

extern int	LaneIdCompare(const LaneId *a, const LaneId *b);

#endif							/* CAMPAIGN_LANE_RING_H */
