/*
 * generation_config.c
 *		How the messages of a campaign are generated, as a jsonb document: its
 *		tables.  What a run leaves behind (that it was cancelled, snapshots of
 *		what it went by) is no part of it, and so an unknown key.
 *
 * As with the steps, only the form is judged, and a rule never becomes
 * stricter.  Bounds: a text is as long as other notes, a point of a list a
 * paragraph, and of each list there are more than a message could take up; the
 * document stays below 100 kB of characters.
 */
#include "postgres.h"

#include "core/document_formats.h"
#include "core/document_tables.h"
#include "outreach/message_style.h"

#define MAX_POINT_CHARS 500
#define MAX_POINTS 20
#define MAX_PRODUCTS 50
#define MAX_PERSONALIZATION_LEVEL 4

static const DocSchema level_schema = INTEGER(1, MAX_PERSONALIZATION_LEVEL);
static const DocSchema point_schema = STRING_WITHIN(1, MAX_POINT_CHARS);
static const DocSchema points_schema = LIST(point_schema, MAX_POINTS);
static const DocSchema products_schema = LIST(NameSchema, MAX_PRODUCTS);
static const DocSchema segment_schema = FORMATTED(LineFormat, 1, CAMPAIGN_MAX_NAME_CHARS);

static const DocField generation_fields[] = {
	{"tone", &ToneSchema, "Tone of the messages, unless a step's config has one", "\"professional\""},
	{"language", &LanguageSchema, "Language of the messages, ISO 639-1"},
	{"formality", &FormalitySchema, "How the contact is addressed"},
	{"custom_instructions", &NoteSchema, "Instructions for all messages", .drop_empty = true},
	{"personalization_level", &level_schema, "How much of what is known of a contact a message takes up, from 1 (little) to 4"},
	{"variant_count", &VariantCountSchema, "Messages to generate for each contact and step, to compare", "1"},
	{"messaging_angles", &points_schema, "Angles from which a message may begin"},
	{"proof_points", &points_schema, "Facts and references that show what is claimed"},
	{"value_proposition", &NoteSchema, "What the contact has of the offer", .drop_empty = true},
	{"competitive_positioning", &NoteSchema, "How the offer differs from others", .drop_empty = true},
	{"target_persona", &NoteSchema, "Who the contacts are", .drop_empty = true},
	{"target_pain_points", &points_schema, "What troubles them"},
	{"recommended_products", &products_schema, "Products to speak of"},
	{"segment", &segment_schema, "Name of the market segment"}
};
static const DocSchema generation_schema = {.type = DOC_OBJECT, FIELDS(generation_fields)};

static const Document generation_config = {
	.name = "generation_config",
	.constraint = "generation_config_check",
	.title = "generation_config",
	.description = "How the messages of an outreach campaign are generated.",
	.unwrap = "unwrap_generation_config",
	.root = &generation_schema
};

DOCUMENT_FUNCTIONS(generation_config, generation_config);
