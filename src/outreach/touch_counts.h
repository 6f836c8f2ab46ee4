/*
 * touch_counts.h
 *		Counts of what became of touches and enrolments, kept as things happen.
 *
 * A call adds what it has done and writes it once, before it returns: one row
 * for each thing that was counted, not one for each touch.
 */
#ifndef CAMPAIGN_TOUCH_COUNTS_H
#define CAMPAIGN_TOUCH_COUNTS_H

#include "outreach/touch_queue.h"

/* Counts are kept by five minutes: what the breaker looks back on. */
#define CAMPAIGN_COUNT_BUCKET (5 * USECS_PER_MINUTE)

/* Longest name of what is counted, in bytes with the terminator. */
#define CAMPAIGN_METRIC_BYTES 64

typedef struct TouchCounts TouchCounts;

/* What a call has counted; lives in context, and begins with nothing. */
extern TouchCounts *TouchCountsBegin(MemoryContext context);

/*
 * A touch that came to an outcome which closes it, at the time that it was
 * sent, else recorded.  service_type is that of the enrolment, or NULL.
 */
extern void TouchCountsAddTouch(TouchCounts *counts, const pg_uuid_t *tenant,
								const pg_uuid_t *campaign, int touch_number,
								const char *service_type, TouchStatus status, TimestampTz at);

/* An enrolment that ended: stopped with a reason, completed with NULL. */
extern void TouchCountsAddEnd(TouchCounts *counts, const pg_uuid_t *tenant,
							  const pg_uuid_t *campaign, const char *service_type,
							  const char *stop_reason, TimestampTz enrolled_at, TimestampTz at);

/*
 * Write what the batch has counted since the last time, with its tables and in
 * the (sub)transaction that did what is counted.  The caller has locked the
 * tenants' keys.
 */
extern void TouchCountsFlush(TouchBatch *batch);

/* Forget what was added, because it was undone. */
extern void TouchCountsForget(TouchCounts *counts);

#endif							/* CAMPAIGN_TOUCH_COUNTS_H */
