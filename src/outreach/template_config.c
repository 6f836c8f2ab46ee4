/*
 * template_config.c
 *		The steps of a campaign as a jsonb document: its tables, and the SQL
 *		functions over them.
 *
 * Only the form is judged here, so that the functions are IMMUTABLE and old
 * dumps load: a rule never becomes stricter.  Whether channels and templates
 * exist is asked by campaign.check_template_config() when steps are projected.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"

#include "campaign.h"
#include "compat.h"
#include "core/document_formats.h"
#include "core/document_tables.h"
#include "outreach/message_style.h"
#include "outreach/template_config.h"
#include "outreach/template_render.h"

#define MAX_EXAMPLES 20
#define MAX_LISTED 50

static void InspectPlaceholders(DocWalk *walk, const char *text, int len);
static void CompleteStep(JsonbParseState **state, const JsonbContainer *step, int index);
static void PushString(JsonbParseState **state, const char *key, const char *text);
static void PushInteger(JsonbParseState **state, const char *key, int number);
static char *LabelOfChannel(const char *channel, int len);

static const char *const conditions[] = {"always", "no_response", "opened_not_replied", NULL};
static const char *const failure_actions[] = {"advance", "stop", NULL};
static const char *const late_actions[] = {"send", "skip", "reschedule", NULL};

static const DocAlias channel_aliases[] = {{"call_script", "call"}, {NULL, NULL}};

#define TEMPLATE_TEXT(most) .type = DOC_STRING, .max = (most), \
	.inspect = InspectPlaceholders, .pattern = TemplateTextPattern

static const DocSchema channel_schema = {
	.type = DOC_STRING, .min = 1, .max = CAMPAIGN_MAX_IDENTIFIER_CHARS, .format = &IdentifierFormat,
	.aliases = channel_aliases
};

static const DocSchema example_body_schema = {
	.type = DOC_STRING, .min = 1, .max = CAMPAIGN_MAX_BODY_CHARS
};
static const DocField example_fields[] = {
	{"body", &example_body_schema, "Text of the example", .required = true},
	{"note", &NoteSchema, "What is good about it"}
};
static const DocSchema example_schema = {.type = DOC_OBJECT, FIELDS(example_fields)};

static const DocSchema max_length_schema = INTEGER(1, CAMPAIGN_MAX_BODY_CHARS);
static const DocSchema examples_schema = LIST(example_schema, MAX_EXAMPLES);
static const DocSchema asset_ids_schema = LIST(UuidSchema, MAX_LISTED);
static const DocSchema variables_schema = LIST(NameSchema, MAX_LISTED);

static const char config_is_no_step[] = "Write it in the step itself: config cannot override it.";
static const DocField config_fields[] = {
	{"max_length", &max_length_schema, "Most characters of a generated message"},
	{"tone", &ToneSchema, "Tone of generated messages"},
	{"formality", &FormalitySchema, "How the contact is addressed"},
	{"language", &LanguageSchema, "Language of generated messages, ISO 639-1"},
	{"custom_instructions", &NoteSchema, "Instructions for the generation of messages"},
	{"example_messages", &examples_schema, "Messages to take as examples"},
	{"asset_ids", &asset_ids_schema, "Assets that messages may use"},
	{"asset_mode", &IdentifierSchema, "How the assets are used"},
	{"personalization_vars", &variables_schema, "What generated messages should mention"},
	{"channel", .forbidden = config_is_no_step},
	{"step", .forbidden = config_is_no_step}
};
static const DocSchema config_schema = {.type = DOC_OBJECT, FIELDS(config_fields)};

static const DocSchema step_number_schema = INTEGER(1, CAMPAIGN_MAX_STEPS);
static const DocSchema delay_hours_schema = {.type = DOC_NUMBER, .max = CAMPAIGN_MAX_DELAY_HOURS};
static const DocSchema day_offset_schema = INTEGER(0, CAMPAIGN_MAX_DELAY_DAYS);
static const DocSchema condition_schema = ONE_OF(conditions);
static const DocSchema on_failure_schema = ONE_OF(failure_actions);
static const DocSchema max_lateness_schema = {
	.type = DOC_NUMBER, .max = CAMPAIGN_MAX_DELAY_HOURS, .above_min = true
};
static const DocSchema late_schema = ONE_OF(late_actions);
static const DocSchema subject_schema = {
	TEMPLATE_TEXT(CAMPAIGN_MAX_SUBJECT_CHARS), .format = &LineFormat
};
static const DocSchema body_schema = {TEMPLATE_TEXT(CAMPAIGN_MAX_BODY_CHARS)};
static const DocSchema attachments_schema = LIST(UuidSchema, CAMPAIGN_MAX_ATTACHMENTS);

static const DocField step_fields[] = {
	{"step", &step_number_schema, "Number of the step: in all steps, from 1 in their order, or in none"},
	{"channel", &channel_schema, "What the message is sent over; call_script stands for call", .required = true},
	{"label", &NameSchema, "Name of the step; that of the channel by default"},
	{"enabled", &BooleanSchema, "A disabled step is kept and not carried out", "true"},
	{"needs_pdf", &BooleanSchema, "The message goes out with a PDF", "false"},
	{"variant_count", &VariantCountSchema, "Messages to generate for each contact, to compare", "1"},
	{"delay_hours", &delay_hours_schema, "Hours after the previous enabled step, of the first after the anchor"},
	{"day_offset", &day_offset_schema, "The same in days, instead of delay_hours"},
	{"use_service_delay", &BooleanSchema, "The first step waits as long as the job's service type says", "false"},
	{"condition", &condition_schema, "When the step is carried out", "\"always\""},
	{"on_failure", &on_failure_schema, "What follows when the step has failed for good", "\"advance\""},
	{"max_lateness_hours", &max_lateness_schema, "Hours after its time from which on the step is late"},
	{"late", &late_schema, "What happens to a step that is late; send by default"},
	{"template_id", &UuidSchema, "Message template, of the tenant or the system, of the same channel"},
	{"subject", &subject_schema, "Subject with placeholders, one line", .drop_empty = true},
	{"body_html", &body_schema, "Body in HTML with placeholders", .drop_empty = true},
	{"body_text", &body_schema, "Body as plain text with placeholders", .drop_empty = true},
	{"attachments", &attachments_schema, "Assets to attach"},
	{"config", &config_schema, "Settings for the generation of this step's messages"}
};
static const DocRule step_rules[] = {
	{DOC_AT_MOST_ONE, "delay_hours", "day_offset", "conflicting_keys",
		"must not have both delay_hours and day_offset",
	"Keep one of delay_hours and day_offset."},
	{DOC_NEEDS, "late", "max_lateness_hours", "missing_companion",
		"needs max_lateness_hours beside it",
	"Say with max_lateness_hours when the step is late, or leave late out."}
};
static const DocSchema step_schema = {
	.type = DOC_OBJECT, FIELDS(step_fields), RULES(step_rules), .complete = CompleteStep
};

static const DocRule steps_rules[] = {
	{DOC_NUMBERED, "step", NULL, "wrong_step_number", "must be",
	"Number all steps from 1 in their order, or none."},
	{DOC_FIRST_ONLY, "use_service_delay", NULL, "first_step_only",
		"can be true in the first step only",
	"The delay of the service type replaces that of the first step."},
	{DOC_NOT_ALL_FALSE, "enabled", NULL, "none_enabled", "must have an enabled step",
	"Enable at least one step."}
};
static const DocSchema steps_schema = {
	.type = DOC_ARRAY, .items = &step_schema, .min = 1, .max = CAMPAIGN_MAX_STEPS,
	RULES(steps_rules), INDEX
};

const Document TemplateConfigDocument = {
	.name = "template_config",
	.constraint = "template_config_check",
	.title = "template_config",
	.description = "Steps of an outreach campaign, in their order. The existence of channels and templates, "
	"and the limits of channels, are checked when the steps are projected.",
	.unwrap = "unwrap_template_config",
	.root = &steps_schema
};

DOCUMENT_FUNCTIONS(template_config, TemplateConfigDocument);

/*
 * Every placeholder at fault, each with its place in the text.
 */
static void
InspectPlaceholders(DocWalk *walk, const char *text, int len)
{
	const char *rest = text;
	int			skipped = 0;
	TemplateFault fault;

	while (!TemplateTextCheck(rest, len - (rest - text), &fault))
	{
		if (!DocumentFault(walk, fault.code, TemplateFaultHint(&fault),
						   "has an error at character %d: %s",
						   skipped + fault.position, TemplateFaultMessage(&fault)))
			return;
		skipped += pg_mbstrlen_with_len(rest, fault.start + fault.length - rest);
		rest = fault.start + fault.length;
	}
}

/*
 * The defaults of a step that depend on what else it says and where it stands.
 */
static void
CompleteStep(JsonbParseState **state, const JsonbContainer *step, int index)
{
	JsonbValue	value;

	if (!DocumentGet(step, "step", &value))
		PushInteger(state, "step", index + 1);
	if (!DocumentGet(step, "label", &value) && DocumentGet(step, "channel", &value))
		PushString(state, "label",
				   LabelOfChannel(value.val.string.val, value.val.string.len));
	if (!DocumentGet(step, "delay_hours", &value) && !DocumentGet(step, "day_offset", &value))
		PushInteger(state, "delay_hours", 0);
	if (DocumentGet(step, "max_lateness_hours", &value) && !DocumentGet(step, "late", &value))
		PushString(state, "late", late_actions[0]);
}

static void
PushString(JsonbParseState **state, const char *key, const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = strlen(text);
	DocumentPush(state, key, &value);
}

static void
PushInteger(JsonbParseState **state, const char *key, int number)
{
	JsonbValue	value;

	value.type = jbvNumeric;
	value.val.numeric = int64_to_numeric(number);
	DocumentPush(state, key, &value);
}

/*
 * A name for a step over a channel.  The channels that come with the extension
 * have theirs; x_some_channel becomes "Some channel".  Names in the table of
 * channels are not asked, since the normal form depends on nothing but the
 * document.
 */
static char *
LabelOfChannel(const char *channel, int len)
{
	static const DocAlias labels[] = {
		{"email", "Email"},
		{"sms", "SMS"},
		{"linkedin_connect", "LinkedIn invitation"},
		{"linkedin_message", "LinkedIn message"},
		{"call", "Phone call"},
		{"call_script", "Phone call"}
	};
	char	   *label;

	for (int i = 0; i < lengthof(labels); i++)
	{
		if (strncmp(labels[i].alias, channel, len) == 0 && labels[i].alias[len] == '\0')
			return pstrdup(labels[i].name);
	}
	label = pnstrdup(channel, len);
	if (strncmp(label, "x_", 2) == 0 && label[2] != '\0')
		label += 2;
	for (char *c = label; *c; c++)
	{
		if (*c == '_')
			*c = ' ';
	}
	label[0] = pg_ascii_toupper((unsigned char) label[0]);
	return label;
}
