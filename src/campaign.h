/*
 * campaign.h
 *		Limits and names that code and documentation share, and the order in
 *		which locks are taken.
 *
 * Lock order, followed everywhere: tenant (FOR KEY SHARE, as the foreign keys
 * of what is written later do), campaign, contact, enrolment, queue row;
 * several rows of one kind in the order of their ids, queue rows in that of
 * their enrolments.  A trigger on a row that a member changes (a job's status,
 * a contact's address) begins with that row locked and goes on in this order:
 * delete_tenant() beside it can end in a deadlock, which one of them repeats.
 *
 * Whoever makes a contact or an enrolment ineligible locks the contact FOR NO
 * KEY UPDATE and then the queue rows concerned, in its own transaction;
 * enrolment locks the campaign FOR KEY SHARE and the contact FOR NO KEY
 * UPDATE; archiving and completing a campaign lock it FOR UPDATE.  A claim
 * locks queue rows first, and all of its locks with SKIP LOCKED: it never
 * waits while it holds one.
 */
#ifndef CAMPAIGN_H
#define CAMPAIGN_H

#define CAMPAIGN_SCHEMA "campaign"

/* The system tenant: the owner of presets and of the shared catalog. */
#define CAMPAIGN_SYSTEM_TENANT "00000000-0000-0000-0000-000000000000"

#define CAMPAIGN_MAX_STEPS 50
#define CAMPAIGN_MAX_ATTACHMENTS 10
#define CAMPAIGN_MAX_BODY_CHARS 100000

/* What a provider calls a message: indexed, so it must fit in an index. */
#define CAMPAIGN_MAX_PROVIDER_BYTES 1000

/* An attribute of a contact, or a value of a preview, is cut here when it is rendered into a message. */
#define CAMPAIGN_MAX_VALUE_BYTES 4096
#define CAMPAIGN_MAX_SUBJECT_CHARS 998	/* a line of an email, RFC 5322 */

/* Longest delay, and longest lateness, of a step: a leap year. */
#define CAMPAIGN_MAX_DELAY_HOURS 8784
#define CAMPAIGN_MAX_DELAY_DAYS 366

/* Documents: nesting, and how many faults are told of one document. */
#define CAMPAIGN_MAX_DOCUMENT_DEPTH 32
#define CAMPAIGN_MAX_DOCUMENT_FAULTS 1000
#define CAMPAIGN_MAX_DETAIL_FAULTS 20

#endif							/* CAMPAIGN_H */
