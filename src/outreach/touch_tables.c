/*
 * touch_tables.c
 *		The tables of the hot path, by the names of their columns.
 */
#include "postgres.h"

#include "outreach/touch_tables.h"

TableShape	TouchQueue = {
	"touch_queue",
	{"tenant_id", "enrollment_id", "due_at", "lane", "scheduled_at", "lease_until", "claimed_at",
		"fence", "worker_id", "touch_number", "attempt", "attempt_base", "resume_touch", "flags",
	"rescheduled"},
	{{"touch_queue_pkey", 4}, {"touch_queue_enrollment_key", 2, true}},
	{{"lower_mark_insert", "lower_mark_update"}, {"touch_queue_tenant_fkey"}}
};

TableShape	TouchLogs = {
	"send_logs",
	{"tenant_id", "id", "campaign_id", "enrollment_id", "contact_id", "template_id", "touch_number",
		"attempt", "plan_version", "fence", "worker_id", "is_final", "advanced", "channel", "status",
		"scheduled_at", "claimed_at", "sent_at", "logged_at", "address", "subject", "provider_id",
	"reason", "error", "metadata"},
	{{"send_logs_contact_idx", 3}},
	{{NULL}, {"send_logs_tenant_fkey"}}
};

TableShape	TouchCountDeltas = {
	"touch_count_deltas",
	{"tenant_id", "campaign_id", "id", "touch_number", "service_type", "metric", "at", "day", "n", "seconds"},
	{{NULL}},
	{{NULL}, {"touch_count_deltas_tenant_fkey"}}
};

TableShape	TouchTenants = {
	"tenants", {"id"}, {{"tenants_pkey", 1}}
};

TableShape	TouchLanes = {
	"lanes",
	{"campaign_id", "channel", "resume_policy", "resumed_at", "spread", "shift"},
	{{"lanes_pkey", 2}, {"lanes_campaign_channel_key", 2}}
};

TableShape	TouchCampaigns = {
	"campaigns", {"status"}, {{"campaigns_pkey", 2}}
};

TableShape	TouchOutreachCampaigns = {
	"outreach_campaigns", {"service_type", "audience"}, {{"outreach_campaigns_pkey", 2}}
};

TableShape	TouchEnrollments = {
	"campaign_enrollments",
	{"status", "plan_version", "campaign_id", "contact_id", "job_id", "first_scheduled_at",
	"enrolled_at", "exclusive", "base_shift"},
	{{"campaign_enrollments_pkey", 2}}
};

TableShape	TouchContacts = {
	"contacts",
	{"email", "phone", "linkedin_url", "first_name", "last_name", "name", "timezone", "attributes",
	"archived_at", "quiet_from", "quiet_until", "erased_at"},
	{{"contacts_pkey", 2}}
};

TableShape	TouchJobs = {
	"jobs", {"service_type", "status"}, {{"jobs_pkey", 2}}
};

TableShape	TouchConsents = {
	"consents", {"state"}, {{"consents_pkey", 3}, {"consents_pkey", 1}}
};

TableShape	TouchSuppressions = {
	"suppressions", {"address"}, {{"suppressions_pkey", 2}, {"suppressions_pkey", 1}, {"suppressions_erased_idx", 1}}
};

TableShape	TouchEvents = {
	"touch_events", {"unmatched"}, {{"touch_events_unmatched_idx", 1}}
};

TableShape	TouchMessages = {
	"messages",
	{"id", "channel", "status", "changed_at", "subject", "body", "body_html"},
	{{"messages_pkey", 2}, {"messages_place_key", 4}, {"messages_place_key", 3}}
};
