/*
 * campaign.c
 *		Load of the library: each part's own settings and callbacks.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "campaign.h"
#include "compat.h"
#include "core/clock.h"
#include "core/clone_guard.h"
#include "core/identity.h"
#include "core/life_cycles.h"
#include "outreach/low_water.h"
#include "outreach/touch_queue.h"

CAMPAIGN_MODULE_MAGIC_COMPAT;

void		_PG_init(void);

void
_PG_init(void)
{
	ClockInit();
	CloneGuardInit();
	IdentityInit();
	LifeCyclesInit();
	TouchQueueInit();
	LowWaterInit();
	MarkGUCPrefixReserved("campaign");
}
