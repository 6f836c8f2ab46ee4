/*
 * touch_tables.h
 *		The tables of the hot path, by the names of their columns.
 *
 * The places in each enumeration are those of the names in touch_tables.c.
 * Index 0 is the primary key.
 */
#ifndef CAMPAIGN_TOUCH_TABLES_H
#define CAMPAIGN_TOUCH_TABLES_H

#include "core/table_access.h"

extern TableShape TouchQueue;
extern TableShape TouchLogs;
extern TableShape TouchCountDeltas;
extern TableShape TouchTenants;
extern TableShape TouchLanes;
extern TableShape TouchCampaigns;
extern TableShape TouchOutreachCampaigns;
extern TableShape TouchEnrollments;
extern TableShape TouchContacts;
extern TableShape TouchJobs;
extern TableShape TouchConsents;
extern TableShape TouchSuppressions;
extern TableShape TouchEvents;
extern TableShape TouchMessages;

/* touch_queue: all of it */
enum
{
	QUEUE_TENANT, QUEUE_ENROLLMENT, QUEUE_DUE_AT, QUEUE_LANE, QUEUE_SCHEDULED_AT, QUEUE_LEASE_UNTIL,
	QUEUE_CLAIMED_AT, QUEUE_FENCE, QUEUE_WORKER, QUEUE_TOUCH_NUMBER, QUEUE_ATTEMPT, QUEUE_ATTEMPT_BASE,
	QUEUE_RESUME_TOUCH, QUEUE_FLAGS, QUEUE_RESCHEDULED, QUEUE_COLUMNS
};

/* its indexes: tenant, lane, due_at and enrolment; tenant and enrolment */
enum
{
	QUEUE_BY_KEY, QUEUE_BY_ENROLLMENT
};

/* send_logs: all of it */
enum
{
	LOG_TENANT, LOG_ID, LOG_CAMPAIGN, LOG_ENROLLMENT, LOG_CONTACT, LOG_TEMPLATE, LOG_TOUCH_NUMBER,
	LOG_ATTEMPT, LOG_PLAN_VERSION, LOG_FENCE, LOG_WORKER, LOG_IS_FINAL, LOG_ADVANCED, LOG_CHANNEL,
	LOG_STATUS, LOG_SCHEDULED_AT, LOG_CLAIMED_AT, LOG_SENT_AT, LOG_LOGGED_AT, LOG_ADDRESS, LOG_SUBJECT,
	LOG_PROVIDER_ID, LOG_REASON, LOG_ERROR, LOG_METADATA, LOG_COLUMNS
};

/* tenant, contact and channel, by sent_at */
enum
{
	LOG_BY_CONTACT
};

/* touch_count_deltas: all of it */
enum
{
	DELTA_TENANT, DELTA_CAMPAIGN, DELTA_ID, DELTA_TOUCH_NUMBER, DELTA_SERVICE_TYPE, DELTA_METRIC, DELTA_AT,
	DELTA_DAY, DELTA_N, DELTA_SECONDS, DELTA_COLUMNS
};

/* indexes of lanes: tenant and lane; tenant and campaign, by channel */
enum
{
	LANE_BY_KEY, LANE_BY_CAMPAIGN
};

enum
{
	LANE_CAMPAIGN, LANE_CHANNEL, LANE_RESUME_POLICY, LANE_RESUMED_AT, LANE_SPREAD, LANE_SHIFT
};

enum
{
	CAMPAIGN_STATUS
};

enum
{
	OUTREACH_SERVICE_TYPE, OUTREACH_AUDIENCE
};

enum
{
	ENROLLMENT_STATUS, ENROLLMENT_PLAN_VERSION, ENROLLMENT_CAMPAIGN, ENROLLMENT_CONTACT, ENROLLMENT_JOB,
	ENROLLMENT_FIRST_SCHEDULED_AT, ENROLLMENT_ENROLLED_AT, ENROLLMENT_EXCLUSIVE, ENROLLMENT_BASE_SHIFT
};

enum
{
	CONTACT_EMAIL, CONTACT_PHONE, CONTACT_LINKEDIN_URL, CONTACT_FIRST_NAME, CONTACT_LAST_NAME,
	CONTACT_NAME, CONTACT_TIMEZONE, CONTACT_ATTRIBUTES, CONTACT_ARCHIVED_AT, CONTACT_QUIET_FROM,
	CONTACT_QUIET_UNTIL, CONTACT_ERASED_AT
};

enum
{
	JOB_SERVICE_TYPE, JOB_STATUS
};

enum
{
	CONSENT_STATE
};

/* indexes of consents: tenant, contact and channel; tenant */
enum
{
	CONSENT_BY_KEY, CONSENT_OF_TENANT
};

/* indexes of suppressions: tenant and address; tenant; tenant, of the hashed addresses of the erased */
enum
{
	SUPPRESSION_BY_ADDRESS, SUPPRESSION_OF_TENANT, SUPPRESSION_OF_ERASED
};

/* index: tenant, of those whose message is not known yet */
enum
{
	EVENT_UNMATCHED
};

/* indexes of messages: tenant and id; tenant, campaign, contact and touch, by variant; the same without the touch */
enum
{
	MESSAGE_BY_KEY, MESSAGE_BY_PLACE, MESSAGE_OF_CONTACT
};

enum
{
	MESSAGE_ID, MESSAGE_CHANNEL, MESSAGE_STATUS, MESSAGE_CHANGED_AT, MESSAGE_SUBJECT, MESSAGE_BODY, MESSAGE_BODY_HTML
};

#endif							/* CAMPAIGN_TOUCH_TABLES_H */
