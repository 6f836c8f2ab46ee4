/*
 * life_cycles.h
 *		Start-up of the life cycles.
 */
#ifndef CAMPAIGN_LIFE_CYCLES_H
#define CAMPAIGN_LIFE_CYCLES_H

/* Define campaign.transition_reason and watch the life-cycle tables. */
extern void LifeCyclesInit(void);

#endif							/* CAMPAIGN_LIFE_CYCLES_H */
