/*
 * sender_config.c
 *		Who sends the messages of a campaign and at what pace, as a jsonb
 *		document: its tables.  It tells a worker what to do; the caps that the
 *		engine itself keeps are those of send_limits, which a launch tightens to
 *		the limits that are given here.
 *
 * As with the steps, only the form is judged, and a rule never becomes
 * stricter.  Bounds: a day's invitations and messages are several times what
 * LinkedIn lets an account do, and no two actions are more than a day apart.
 */
#include "postgres.h"

#include "core/document_formats.h"
#include "core/document_tables.h"

#define MAX_DAILY_CONNECTIONS 200
#define MAX_DAILY_MESSAGES 500
#define MAX_DELAY_SECONDS 86400
#define MAX_EMAILS 100000

static const DocSchema email_schema = FORMATTED(EmailFormat, 3, CAMPAIGN_MAX_EMAIL_CHARS);
static const DocSchema from_name_schema = FORMATTED(LineFormat, 1, CAMPAIGN_MAX_NAME_CHARS);
static const DocSchema connections_schema = INTEGER(0, MAX_DAILY_CONNECTIONS);
static const DocSchema messages_schema = INTEGER(0, MAX_DAILY_MESSAGES);

static const DocSchema emails_schema = INTEGER(1, MAX_EMAILS);

static const DocSchema time_schema = FORMATTED(TimeOfDayFormat, 5, 5);
static const DocField hours_fields[] = {
	{"start", &time_schema, "From when on, HH:MM", .required = true},
	{"end", &time_schema, "Until when, HH:MM; before start: on the next day", .required = true}
};
static const DocSchema hours_schema = {.type = DOC_OBJECT, FIELDS(hours_fields)};

static const DocSchema delay_schema = INTEGER(0, MAX_DELAY_SECONDS);
static const DocField delay_fields[] = {
	{"min", &delay_schema, "Least seconds", .required = true},
	{"max", &delay_schema, "Most seconds, not below min", .required = true}
};
static const DocRule delay_rules[] = {
	{DOC_IN_ORDER, "min", "max", "out_of_order", "must not be above max",
	"Exchange min and max: min is not above max."}
};
static const DocSchema delays_schema = {
	.type = DOC_OBJECT, FIELDS(delay_fields), RULES(delay_rules)
};

static const DocField sender_fields[] = {
	{"send_via", &IdentifierSchema, "Name of the service or account that sends, as the worker knows it"},
	{"from_email", &email_schema, "Address of the sender"},
	{"from_name", &from_name_schema, "Name of the sender, one line"},
	{"reply_to", &email_schema, "Address for answers, if it is another one"},
	{"daily_limit", &emails_schema, "Most e-mails a day; 100 suits cold outreach"},
	{"hourly_limit", &emails_schema, "Most e-mails an hour; 30 suits cold outreach"},
	{"warmup", &BooleanSchema, "Whether the launch begins to warm e-mail up, unless that has begun; true suits cold outreach"},
	{"linkedin_daily_connections", &connections_schema, "Most LinkedIn invitations a day"},
	{"linkedin_daily_messages", &messages_schema, "Most LinkedIn messages a day"},
	{"active_hours", &hours_schema, "Hours of the day in which the account acts, in the tenant's time zone; equal times: all day"},
	{"delay_range", &delays_schema, "Seconds between two actions of the account, chosen at random"}
};
static const DocSchema sender_schema = {.type = DOC_OBJECT, FIELDS(sender_fields)};

static const Document sender_config = {
	.name = "sender_config",
	.constraint = "sender_config_check",
	.title = "sender_config",
	.description = "Who sends the messages of an outreach campaign, and at what pace. That delay_range.min is not "
	"above delay_range.max is checked too, and cannot be said in JSON Schema.",
	.unwrap = "unwrap_sender_config",
	.root = &sender_schema
};

DOCUMENT_FUNCTIONS(sender_config, sender_config);
