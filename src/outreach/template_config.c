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
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "campaign.h"
#include "compat.h"
#include "core/errors.h"
#include "outreach/template_config.h"
#include "outreach/template_render.h"

#define MAX_IDENTIFIER_CHARS 63
#define MAX_NAME_CHARS 255
#define MAX_NOTE_CHARS 2000
#define MAX_EXAMPLES 20
#define MAX_LISTED 50

static bool IsIdentifier(const char *text, int len);
static bool IsUuid(const char *text, int len);
static bool IsLine(const char *text, int len);
static void InspectPlaceholders(DocWalk *walk, const char *text, int len);
static void CompleteStep(JsonbParseState **state, const JsonbContainer *step, int index);
static void PushString(JsonbParseState **state, const char *key, const char *text);
static void PushInteger(JsonbParseState **state, const char *key, int number);
static char *LabelOfChannel(const char *channel, int len);
static Jsonb *ParseWrapped(const JsonbValue *wrapped);

PG_FUNCTION_INFO_V1(campaign_require_template_config);
PG_FUNCTION_INFO_V1(campaign_template_config_errors);
PG_FUNCTION_INFO_V1(campaign_normalize_template_config);
PG_FUNCTION_INFO_V1(campaign_template_config_schema);
PG_FUNCTION_INFO_V1(campaign_unwrap_template_config);

static const char *const conditions[] = {"always", "no_response", "opened_not_replied", NULL};
static const char *const failure_actions[] = {"advance", "stop", NULL};
static const char *const late_actions[] = {"send", "skip", "reschedule", NULL};
static const char *const formalities[] = {"formal", "informal", NULL};
static const char *const tones[] = {
	"professional", "casual", "bold", "empathetic", "friendly", "authoritative",
	"consultative", NULL
};

/* ISO 639-1, as of its last change in 2021. */
static const char *const languages[] = {
	"aa", "ab", "ae", "af", "ak", "am", "an", "ar", "as", "av", "ay", "az",
	"ba", "be", "bg", "bi", "bm", "bn", "bo", "br", "bs", "ca", "ce", "ch",
	"co", "cr", "cs", "cu", "cv", "cy", "da", "de", "dv", "dz", "ee", "el",
	"en", "eo", "es", "et", "eu", "fa", "ff", "fi", "fj", "fo", "fr", "fy",
	"ga", "gd", "gl", "gn", "gu", "gv", "ha", "he", "hi", "ho", "hr", "ht",
	"hu", "hy", "hz", "ia", "id", "ie", "ig", "ii", "ik", "io", "is", "it",
	"iu", "ja", "jv", "ka", "kg", "ki", "kj", "kk", "kl", "km", "kn", "ko",
	"kr", "ks", "ku", "kv", "kw", "ky", "la", "lb", "lg", "li", "ln", "lo",
	"lt", "lu", "lv", "mg", "mh", "mi", "mk", "ml", "mn", "mr", "ms", "mt",
	"my", "na", "nb", "nd", "ne", "ng", "nl", "nn", "no", "nr", "nv", "ny",
	"oc", "oj", "om", "or", "os", "pa", "pi", "pl", "ps", "pt", "qu", "rm",
	"rn", "ro", "ru", "rw", "sa", "sc", "sd", "se", "sg", "si", "sk", "sl",
	"sm", "sn", "so", "sq", "sr", "ss", "st", "su", "sv", "sw", "ta", "te",
	"tg", "th", "ti", "tk", "tl", "tn", "to", "tr", "ts", "tt", "tw", "ty",
	"ug", "uk", "ur", "uz", "ve", "vi", "vo", "wa", "wo", "xh", "yi", "yo",
	"za", "zh", "zu", NULL
};

static const DocFormat identifier_format = {
	.name = "a lower-case identifier",
	.pattern = "^[a-z][a-z0-9_]*$",
	.hint = "Use lower-case letters, digits and underscores, beginning with a letter.",
	.accepts = IsIdentifier,
	.ascii = true
};
static const DocFormat uuid_format = {
	.name = "a UUID",
	.pattern = "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
	.hint = "Write 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.",
	.accepts = IsUuid,
	.ascii = true,
	.fold = true
};
static const DocFormat line_format = {
	.name = "one line of text",
	.pattern = "^[^\\r\\n]*$",
	.hint = "Take the line breaks out.",
	.accepts = IsLine
};
static const DocAlias channel_aliases[] = {{"call_script", "call"}, {NULL, NULL}};

#define STRING(most) {.type = DOC_STRING, .max = (most)}
#define TEMPLATE_TEXT(most) .type = DOC_STRING, .max = (most), \
	.inspect = InspectPlaceholders, .pattern = TemplateTextPattern
#define ONE_OF(list) {.type = DOC_STRING, .values = (list)}
#define INTEGER(least, most) {.type = DOC_INTEGER, .min = (least), .max = (most)}
#define LIST(of, most) {.type = DOC_ARRAY, .items = &(of), .max = (most)}
#define INDEX .index = &(DocIndex) {0}
#define FIELDS(list) .fields = (list), .nfields = lengthof(list), INDEX
#define RULES(list) .rules = (list), .nrules = lengthof(list)

static const DocSchema boolean_schema = {.type = DOC_BOOLEAN};
static const DocSchema name_schema = {.type = DOC_STRING, .min = 1, .max = MAX_NAME_CHARS};
static const DocSchema note_schema = STRING(MAX_NOTE_CHARS);
static const DocSchema identifier_schema = {
	.type = DOC_STRING, .min = 1, .max = MAX_IDENTIFIER_CHARS, .format = &identifier_format
};
static const DocSchema channel_schema = {
	.type = DOC_STRING, .min = 1, .max = MAX_IDENTIFIER_CHARS, .format = &identifier_format,
	.aliases = channel_aliases
};
static const DocSchema uuid_schema = {
	.type = DOC_STRING, .min = 36, .max = 36, .format = &uuid_format
};

static const DocSchema example_body_schema = {
	.type = DOC_STRING, .min = 1, .max = CAMPAIGN_MAX_BODY_CHARS
};
static const DocField example_fields[] = {
	{"body", &example_body_schema, "Text of the example", .required = true},
	{"note", &note_schema, "What is good about it"}
};
static const DocSchema example_schema = {.type = DOC_OBJECT, FIELDS(example_fields)};

static const DocSchema max_length_schema = INTEGER(1, CAMPAIGN_MAX_BODY_CHARS);
static const DocSchema tone_schema = ONE_OF(tones);
static const DocSchema formality_schema = ONE_OF(formalities);
static const DocSchema language_schema = {
	.type = DOC_STRING, .values = languages, .values_name = "an ISO 639-1 code of two letters"
};
static const DocSchema examples_schema = LIST(example_schema, MAX_EXAMPLES);
static const DocSchema asset_ids_schema = LIST(uuid_schema, MAX_LISTED);
static const DocSchema variables_schema = LIST(name_schema, MAX_LISTED);

static const char config_is_no_step[] = "Write it in the step itself: config cannot override it.";
static const DocField config_fields[] = {
	{"max_length", &max_length_schema, "Most characters of a generated message"},
	{"tone", &tone_schema, "Tone of generated messages"},
	{"formality", &formality_schema, "How the contact is addressed"},
	{"language", &language_schema, "Language of generated messages, ISO 639-1"},
	{"custom_instructions", &note_schema, "Instructions for the generation of messages"},
	{"example_messages", &examples_schema, "Messages to take as examples"},
	{"asset_ids", &asset_ids_schema, "Assets that messages may use"},
	{"asset_mode", &identifier_schema, "How the assets are used"},
	{"personalization_vars", &variables_schema, "What generated messages should mention"},
	{"channel", .forbidden = config_is_no_step},
	{"step", .forbidden = config_is_no_step}
};
static const DocSchema config_schema = {.type = DOC_OBJECT, FIELDS(config_fields)};

static const DocSchema step_number_schema = INTEGER(1, CAMPAIGN_MAX_STEPS);
static const DocSchema variant_count_schema = INTEGER(1, 3);
static const DocSchema delay_hours_schema = {.type = DOC_NUMBER, .max = CAMPAIGN_MAX_DELAY_HOURS};
static const DocSchema day_offset_schema = INTEGER(0, CAMPAIGN_MAX_DELAY_DAYS);
static const DocSchema condition_schema = ONE_OF(conditions);
static const DocSchema on_failure_schema = ONE_OF(failure_actions);
static const DocSchema max_lateness_schema = {
	.type = DOC_NUMBER, .max = CAMPAIGN_MAX_DELAY_HOURS, .above_min = true
};
static const DocSchema late_schema = ONE_OF(late_actions);
static const DocSchema subject_schema = {
	TEMPLATE_TEXT(CAMPAIGN_MAX_SUBJECT_CHARS), .format = &line_format
};
static const DocSchema body_schema = {TEMPLATE_TEXT(CAMPAIGN_MAX_BODY_CHARS)};
static const DocSchema attachments_schema = LIST(uuid_schema, CAMPAIGN_MAX_ATTACHMENTS);

static const DocField step_fields[] = {
	{"step", &step_number_schema, "Number of the step: in all steps, from 1 in their order, or in none"},
	{"channel", &channel_schema, "What the message is sent over; call_script stands for call", .required = true},
	{"label", &name_schema, "Name of the step; that of the channel by default"},
	{"enabled", &boolean_schema, "A disabled step is kept and not carried out", "true"},
	{"needs_pdf", &boolean_schema, "The message goes out with a PDF", "false"},
	{"variant_count", &variant_count_schema, "Messages to generate for each contact, to compare", "1"},
	{"delay_hours", &delay_hours_schema, "Hours after the previous enabled step, of the first after the anchor"},
	{"day_offset", &day_offset_schema, "The same in days, instead of delay_hours"},
	{"use_service_delay", &boolean_schema, "The first step waits as long as the job's service type says", "false"},
	{"condition", &condition_schema, "When the step is carried out", "\"always\""},
	{"on_failure", &on_failure_schema, "What follows when the step has failed for good", "\"advance\""},
	{"max_lateness_hours", &max_lateness_schema, "Hours after its time from which on the step is late"},
	{"late", &late_schema, "What happens to a step that is late; send by default"},
	{"template_id", &uuid_schema, "Message template, of the tenant or the system, of the same channel"},
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

/*
 * The check behind the domain: true, or CP003.
 */
Datum
campaign_require_template_config(PG_FUNCTION_ARGS)
{
	Jsonb	   *config = PG_GETARG_JSONB_P(0);

	DocumentRequire(&TemplateConfigDocument, config);
	PG_FREE_IF_COPY(config, 0);
	PG_RETURN_BOOL(true);
}

/*
 * Every fault of form as (path, code, message, hint).
 */
Datum
campaign_template_config_errors(PG_FUNCTION_ARGS)
{
	DocumentReturnFaults(&TemplateConfigDocument, PG_GETARG_JSONB_P(0), fcinfo);
	return (Datum) 0;
}

Datum
campaign_normalize_template_config(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(DocumentNormalize(&TemplateConfigDocument, PG_GETARG_JSONB_P(0)));
}

Datum
campaign_template_config_schema(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(DocumentJsonSchema(&TemplateConfigDocument));
}

/*
 * A document that was encoded as a JSON string, however often, as it was
 * meant; any other value as it is.
 */
Datum
campaign_unwrap_template_config(PG_FUNCTION_ARGS)
{
	Jsonb	   *config = PG_GETARG_JSONB_P(0);

	for (;;)
	{
		JsonbValue	root;

		CHECK_FOR_INTERRUPTS();
		DocumentRoot(config, &root);
		if (root.type != jbvString)
			PG_RETURN_JSONB_P(config);
		config = ParseWrapped(&root);
	}
}

static bool
IsIdentifier(const char *text, int len)
{
	for (int i = 0; i < len; i++)
	{
		char		c = text[i];

		if (!(c >= 'a' && c <= 'z') && (i == 0 || !((c >= '0' && c <= '9') || c == '_')))
			return false;
	}
	return len > 0;
}

/* Four of 36 are hyphens, so all others are digits if 32 are. */
static bool
IsUuid(const char *text, int len)
{
	int			digits = 0;

	if (len != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
		return false;
	for (int i = 0; i < 36; i++)
	{
		unsigned char c = (unsigned char) text[i];

		digits += (c >= '0' && c <= '9') | ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
	}
	return digits == 32;
}

/* A line break in a subject would begin another header of the email. */
static bool
IsLine(const char *text, int len)
{
	return memchr(text, '\n', len) == NULL && memchr(text, '\r', len) == NULL;
}

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

/*
 * The JSON text in a string, parsed.  Raises CP003 if it is none.
 */
static Jsonb *
ParseWrapped(const JsonbValue *wrapped)
{
	char	   *text = pnstrdup(wrapped->val.string.val, wrapped->val.string.len);
	MemoryContext context = CurrentMemoryContext;
	Jsonb	   *volatile parsed = NULL;

	PG_TRY();
	{
		parsed = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		FlushErrorState();
		ereport(ERROR,
				(errcode(ERRCODE_CAMPAIGN_INVALID_DOCUMENT),
				 errmsg("invalid template_config: the string does not contain JSON text"),
				 errdetail_internal("%s: %s", error->message,
									error->detail ? error->detail : ""),
				 errhint("Pass a string that holds the JSON text of an array of steps.")));
	}
	PG_END_TRY();
	return parsed;
}
