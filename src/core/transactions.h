/*
 * transactions.h
 *		What a transaction must be for a call that relies on locks.
 */
#ifndef CAMPAIGN_TRANSACTIONS_H
#define CAMPAIGN_TRANSACTIONS_H

/*
 * Raises 25000 above READ COMMITTED, where a statement does not see what has
 * committed since the transaction began: a row that was waited for is locked
 * then, and what its holder did is not looked at.  The function's name goes
 * into the message.
 */
extern void RequireReadCommitted(const char *function);

/*
 * Do work in a subtransaction, inside the caller's SPI connection.  Returns
 * NULL, or, when all that it wrote is undone, the error that it raised, in the
 * current memory context.  Not every error is caught: a cancelled statement, a
 * lock that was not got in time, a deadlock, a server short of resources and a
 * table that is not as it has to be (55000) are not the fault of the data.
 */
extern ErrorData *RunInSubtransaction(void (*work) (void *arg), void *arg);

#endif							/* CAMPAIGN_TRANSACTIONS_H */
