/*
 * contact_filter.c
 *		Which contacts are meant, as a jsonb document: its tables.
 *
 * Only the form is judged here.  What a filter finds is asked in SQL
 * (contact_assignment.sql), so a key that is added here is added there.
 */
#include "postgres.h"

#include "fmgr.h"

#include "campaign.h"
#include "core/document_formats.h"
#include "core/document_tables.h"

#define MAX_VALUES 100
#define MAX_VALUE_CHARS 255

/* Beyond what contacts.score can be. */
#define MAX_SCORE 10000

static bool IsLanguage(const char *text, int len);

static const DocFormat language_format = {
	.name = "two lower-case letters",
	.pattern = "^[a-z]{2}$",
	.hint = "Write the language as ISO 639-1 has it: en, de.",
	.accepts = IsLanguage,
	.ascii = true
};

/* Any of these: a list of none would find nobody. */
#define ANY_OF(of) {.type = DOC_ARRAY, .items = &(of), .min = 1, .max = MAX_VALUES}

static const DocSchema text_schema = STRING_WITHIN(1, MAX_VALUE_CHARS);
static const DocSchema language_schema = FORMATTED(language_format, 2, 2);
static const DocSchema texts_schema = ANY_OF(text_schema);
static const DocSchema uuids_schema = ANY_OF(UuidSchema);
static const DocSchema languages_schema = ANY_OF(language_schema);
static const DocSchema score_schema = {.type = DOC_NUMBER, .min = -MAX_SCORE, .max = MAX_SCORE};

static const DocField filter_fields[] = {
	{"tags", &texts_schema, "Has any of these tags"},
	{"company", &uuids_schema, "Is of any of these companies"},
	{"owner", &texts_schema, "Belongs to any of these members"},
	{"tier", &texts_schema, "The company is of any of these tiers"},
	{"industry", &texts_schema, "The company is of any of these industries"},
	{"icp_fit", &texts_schema, "Fits the ideal customer in any of these ways"},
	{"seniority", &texts_schema, "Has any of these seniorities"},
	{"min_score", &score_schema, "Has at least this score; without a score: does not"},
	{"language", &languages_schema, "Speaks any of these languages, ISO 639-1"},
	{"require_email", &BooleanSchema, "Has an email address"},
	{"require_phone", &BooleanSchema, "Has a phone number"},
	{"require_linkedin", &BooleanSchema, "Has a LinkedIn profile"}
};
static const DocSchema filter_schema = {.type = DOC_OBJECT, FIELDS(filter_fields)};

static const Document ContactFilterDocument = {
	.name = "contact_filter",
	.constraint = "contact_filter_check",
	.title = "contact_filter",
	.description = "Which contacts are meant: those of whom every key is true.",
	.unwrap = "unwrap_contact_filter",
	.root = &filter_schema
};

DOCUMENT_FUNCTIONS(contact_filter, ContactFilterDocument);

static bool
IsLanguage(const char *text, int len)
{
	return len == 2 && text[0] >= 'a' && text[0] <= 'z' && text[1] >= 'a' && text[1] <= 'z';
}
