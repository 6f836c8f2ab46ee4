/*
 * touch_scan.h
 *		The search of a claim: which touches are due, and whose turn it is.
 */
#ifndef CAMPAIGN_TOUCH_SCAN_H
#define CAMPAIGN_TOUCH_SCAN_H

#include "outreach/touch_queue.h"

/* Lanes that a claim looks at, where it has found something; twice max_touches, if that is more. */
#define CAMPAIGN_CLAIM_LANES 64

/*
 * Leased and dead entries behind a lane's mark that a claim passes over before
 * it leaves the rest to the next one.  What the index itself skips, because a
 * scan has found it dead to everybody, is not among them.
 */
#define CAMPAIGN_CLAIM_PASSES 20000

/*
 * The search of one claim of up to max_touches, for StorageFindDue().  Lives
 * in the current memory context, as what the filter holds must.
 */
extern TouchScan *TouchScanBegin(const TouchFilter *filter, TimestampTz now, int max_touches);

#endif							/* CAMPAIGN_TOUCH_SCAN_H */
