/*
 * identity.h
 *		Who is asking, and which tenants that opens.
 */
#ifndef CAMPAIGN_IDENTITY_H
#define CAMPAIGN_IDENTITY_H

/* A member's name in bytes: a role's name, or the subject of a token. */
#define CAMPAIGN_MEMBER_MAX 255

/*
 * The member that asks, palloc'ed, or NULL if it is nobody: a session without
 * a token, or code that runs in the maintenance of another's table.  Needs a
 * transaction.
 */
extern char *IdentityMember(void);

/* Defines the settings and registers the invalidation callback. */
extern void IdentityInit(void);

#endif							/* CAMPAIGN_IDENTITY_H */
