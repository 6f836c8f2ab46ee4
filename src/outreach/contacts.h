/*
 * contacts.h
 *		How addresses of contacts are compared.
 */
#ifndef CAMPAIGN_CONTACTS_H
#define CAMPAIGN_CONTACTS_H

/*
 * An address in the form in which addresses are compared, as
 * campaign.normalize_address() has it, in the current memory context.
 */
extern text *AddressNormalize(const char *address, int len);

#endif							/* CAMPAIGN_CONTACTS_H */
