/*
 * clone_guard.h
 *		A copy of a cluster does not send until somebody says so.
 */
#ifndef CAMPAIGN_CLONE_GUARD_H
#define CAMPAIGN_CLONE_GUARD_H

/*
 * Raises 55000 if campaign.clone_guard is on and this cluster is not the one
 * that campaign.arm() was last called on; what is the function that is
 * refused, such as "begin_send()".  Called by definer functions, outside of
 * recovery; inside or outside of SPI_connect().
 */
extern void CloneGuardRequire(const char *what);

/* Defines campaign.clone_guard. */
extern void CloneGuardInit(void);

#endif							/* CAMPAIGN_CLONE_GUARD_H */
