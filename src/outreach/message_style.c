/*
 * message_style.c
 *		What a step (template_config) and a whole campaign (generation_config)
 *		can say of generated messages, and what they may choose from.
 */
#include "postgres.h"

#include "core/document_tables.h"
#include "outreach/message_style.h"

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

const DocSchema ToneSchema = ONE_OF(tones);
const DocSchema FormalitySchema = ONE_OF(formalities);
const DocSchema LanguageSchema = {
	.type = DOC_STRING, .values = languages, .values_name = "an ISO 639-1 code of two letters"
};
const DocSchema NoteSchema = STRING(CAMPAIGN_MAX_NOTE_CHARS);

/* Variants are named a, b and c. */
const DocSchema VariantCountSchema = INTEGER(1, 3);
