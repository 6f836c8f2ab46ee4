/*
 * document_schema.c
 *		What the tables of a document give besides validation: the index that
 *		the walker uses, the normal form and the JSON Schema (2020-12).
 *
 * The schema says what the walker of documents.c checks, so the two must change
 * together: a kind of rule has one branch there and one here, and the fuzz
 * targets compare them.  JSON Schema cannot compare two values: of that kind
 * of rule only the comment is written.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/json.h"
#include "utils/numeric.h"
#include "utils/varlena.h"

#include "campaign.h"
#include "compat.h"
#include "core/documents.h"

/* Keys longer than this are nobody's typing error. */
#define MAX_GUESSED_KEY 63

/* Decimals of a number in normal form: below a millisecond, of hours. */
#define NUMBER_SCALE 6

static bool KeyFollows(const DocSchema *schema, int field, int other);
static int	FindField(const DocSchema *object, const char *name);
static JsonbValue *PushNormal(JsonbParseState **state, JsonbIteratorToken token,
							  const DocSchema *schema, const JsonbValue *value, int index);
static JsonbValue *PushNormalObject(JsonbParseState **state, const DocSchema *schema,
									const JsonbContainer *object, int index);
static JsonbValue *PushNormalArray(JsonbParseState **state, const DocSchema *schema,
								   const JsonbContainer *array);
static void NormalString(const DocSchema *schema, JsonbValue *value);
static void NormalNumber(const DocSchema *schema, JsonbValue *value);
static void FallbackValue(const char *json, JsonbValue *value);
static Jsonb *ParseJson(const char *json);
static void WriteSchema(StringInfo out, const DocSchema *schema);
static void WriteString(StringInfo out, const DocSchema *schema);
static void WriteObject(StringInfo out, const DocSchema *schema);
static void WriteRules(StringInfo out, const DocSchema *schema);
static void WriteRule(StringInfo out, const DocSchema *schema, const DocRule *rule);
static void WriteMember(StringInfo out, const char *key, const char *text);

/*
 * Makes the schema's index.  Jsonb orders keys by their length and then by
 * their bytes.
 */
void
DocumentMakeIndex(const DocSchema *schema)
{
	DocIndex   *index = schema->index;
	const DocSchema *object = schema->type == DOC_ARRAY ? schema->items : schema;

	Assert(schema->nfields <= DOC_MAX_FIELDS && schema->nrules <= DOC_MAX_RULES);
	Assert(schema->type != DOC_ARRAY || schema->max <= DOC_MAX_RULED_ITEMS);
	for (int i = 0; i < schema->nfields; i++)
	{
		int			place = i;

		index->lens[i] = strlen(schema->fields[i].name);
		if (schema->fields[i].required)
			index->required |= UINT32_C(1) << i;
		for (; place > 0 && KeyFollows(schema, index->order[place - 1], i); place--)
			index->order[place] = index->order[place - 1];
		index->order[place] = i;
	}
	for (int i = 0; i < schema->nrules; i++)
	{
		const DocRule *rule = &schema->rules[i];

		index->rule_keys[i] = FindField(object, rule->key);
		if (rule->other)
			index->rule_others[i] = FindField(object, rule->other);
	}
	index->ready = true;
}

/*
 * The field whose name is the fewest edits away, if that is near enough to be
 * a typing error: up to three, and less than half of the key.
 */
const char *
DocumentNearestField(const DocSchema *schema, const char *key, int len)
{
	const char *nearest = NULL;
	int			best = Min(3, (len - 1) / 2) + 1;

	if (len > MAX_GUESSED_KEY)
		return NULL;
	for (int i = 0; i < schema->nfields && best > 1; i++)
	{
		const DocField *field = &schema->fields[i];
		int			distance;

		if (field->forbidden)
			continue;
		distance = varstr_levenshtein_less_equal(key, len, field->name, strlen(field->name),
												 1, 1, 1, best - 1, true);
		if (distance < best)
		{
			best = distance;
			nearest = field->name;
		}
	}
	return nearest;
}

/*
 * The normal form of a valid document: defaults filled in, aliases resolved,
 * numbers and folded strings in one spelling.  Raises CP003 for an invalid one.
 * Of a normal form it is the same again.
 */
Jsonb *
DocumentNormalize(const Document *document, const Jsonb *jb)
{
	JsonbParseState *state = NULL;
	JsonbValue	root;
	JsonbValue *result;

	DocumentRequire(document, jb);
	DocumentRoot(jb, &root);
	Assert(root.type == jbvBinary);
	result = PushNormal(&state, WJB_VALUE, document->root, &root, -1);
	return JsonbValueToJsonb(result);
}

/*
 * Adds a key with a scalar value to the object under construction: for the
 * complete hooks.
 */
void
DocumentPush(JsonbParseState **state, const char *key, JsonbValue *value)
{
	JsonbValue	name;

	name.type = jbvString;
	name.val.string.val = unconstify(char *, key);
	name.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &name);
	pushJsonbValue(state, WJB_VALUE, value);
}

/*
 * The document's rules as JSON Schema 2020-12.
 */
Jsonb *
DocumentJsonSchema(const Document *document)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	WriteMember(&out, "$schema", "https://json-schema.org/draft/2020-12/schema");
	appendStringInfoChar(&out, ',');
	WriteMember(&out, "title", document->title);
	appendStringInfoChar(&out, ',');
	WriteMember(&out, "description", document->description);
	appendStringInfoChar(&out, ',');
	WriteSchema(&out, document->root);
	appendStringInfoChar(&out, '}');
	return ParseJson(out.data);
}

/* Whether jsonb has the key of one field behind that of the other. */
static bool
KeyFollows(const DocSchema *schema, int field, int other)
{
	int			difference = (int) schema->index->lens[field] - schema->index->lens[other];

	return difference > 0 ||
		(difference == 0 && strcmp(schema->fields[field].name, schema->fields[other].name) > 0);
}

static int
FindField(const DocSchema *object, const char *name)
{
	for (int i = 0; i < object->nfields; i++)
	{
		if (strcmp(object->fields[i].name, name) == 0)
			return i;
	}
	elog(ERROR, "rule of a document names the unknown key \"%s\"", name);
}

static JsonbValue *
PushNormal(JsonbParseState **state, JsonbIteratorToken token,
		   const DocSchema *schema, const JsonbValue *value, int index)
{
	JsonbValue	scalar = *value;

	check_stack_depth();

	switch (schema->type)
	{
		case DOC_OBJECT:
			return PushNormalObject(state, schema, value->val.binary.data, index);
		case DOC_ARRAY:
			return PushNormalArray(state, schema, value->val.binary.data);
		case DOC_STRING:
			NormalString(schema, &scalar);
			break;
		case DOC_NUMBER:
		case DOC_INTEGER:
			NormalNumber(schema, &scalar);
			break;
		case DOC_BOOLEAN:
			break;
	}
	return pushJsonbValue(state, token, &scalar);
}

static JsonbValue *
PushNormalObject(JsonbParseState **state, const DocSchema *schema,
				 const JsonbContainer *object, int index)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < schema->nfields; i++)
	{
		const DocField *field = &schema->fields[i];
		JsonbValue	name;
		JsonbValue	value;

		if (field->forbidden)
			continue;
		if (!DocumentGet(object, field->name, &value) ||
			(field->drop_empty && value.type == jbvString && value.val.string.len == 0))
		{
			if (!field->fallback)
				continue;
			FallbackValue(field->fallback, &value);
		}
		name.type = jbvString;
		name.val.string.val = unconstify(char *, field->name);
		name.val.string.len = strlen(field->name);
		pushJsonbValue(state, WJB_KEY, &name);
		PushNormal(state, WJB_VALUE, field->schema, &value, -1);
	}
	if (schema->complete)
		schema->complete(state, object, index);
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static JsonbValue *
PushNormalArray(JsonbParseState **state, const DocSchema *schema, const JsonbContainer *array)
{
	int			count = JsonContainerSize(array);
	DocCursor	cursor;

	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	DocumentScan(&cursor, array, DOC_ELEMENTS);
	for (int i = 0; i < count; i++)
	{
		JsonbValue	element;

		CHECK_FOR_INTERRUPTS();
		DocumentNext(&cursor, &element);
		PushNormal(state, WJB_ELEM, schema->items, &element, i);
	}
	return pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
NormalString(const DocSchema *schema, JsonbValue *value)
{
	char	   *text = value->val.string.val;
	int			len = value->val.string.len;

	for (const DocAlias *alias = schema->aliases; alias && alias->alias; alias++)
	{
		if (strncmp(alias->alias, text, len) == 0 && alias->alias[len] == '\0')
		{
			value->val.string.val = unconstify(char *, alias->name);
			value->val.string.len = strlen(alias->name);
			return;
		}
	}
	if (schema->format && schema->format->fold)
		value->val.string.val = asc_tolower(text, len);
}

/*
 * A number that would be rounded down to an excluded bound stays just above it.
 */
static void
NormalNumber(const DocSchema *schema, JsonbValue *value)
{
	Datum		number = DirectFunctionCall2(numeric_round,
											 NumericGetDatum(value->val.numeric),
											 Int32GetDatum(NUMBER_SCALE));
	DocNumber	rounded;

	DocumentReadNumber(DatumGetNumeric(number), &rounded);
	if (schema->above_min && DocumentCompareNumber(&rounded, schema->min) <= 0)
		number = DirectFunctionCall2(numeric_add,
									 NumericGetDatum(int64_to_numeric(schema->min)),
									 NumericGetDatum(int64_div_fast_to_numeric(1, NUMBER_SCALE)));
	number = DirectFunctionCall1(numeric_trim_scale, number);
	value->type = jbvNumeric;
	value->val.numeric = DatumGetNumeric(number);
}

/* The JSON text of a scalar as a value. */
static void
FallbackValue(const char *json, JsonbValue *value)
{
	DocumentRoot(ParseJson(json), value);
}

static Jsonb *
ParseJson(const char *json)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
}

/*
 * Writes the members of a schema, without the braces around them.
 */
static void
WriteSchema(StringInfo out, const DocSchema *schema)
{
	check_stack_depth();

	switch (schema->type)
	{
		case DOC_STRING:
			WriteString(out, schema);
			break;
		case DOC_NUMBER:
		case DOC_INTEGER:
			appendStringInfo(out, "\"type\":\"%s\",\"%s\":%d,\"maximum\":%d",
							 schema->type == DOC_INTEGER ? "integer" : "number",
							 schema->above_min ? "exclusiveMinimum" : "minimum",
							 schema->min, schema->max);
			break;
		case DOC_BOOLEAN:
			appendStringInfoString(out, "\"type\":\"boolean\"");
			break;
		case DOC_ARRAY:
			appendStringInfo(out, "\"type\":\"array\",\"minItems\":%d,\"maxItems\":%d,\"items\":{",
							 schema->min, schema->max);
			WriteSchema(out, schema->items);
			appendStringInfoChar(out, '}');
			WriteRules(out, schema);
			break;
		case DOC_OBJECT:
			WriteObject(out, schema);
			WriteRules(out, schema);
			break;
	}
}

static void
WriteString(StringInfo out, const DocSchema *schema)
{
	appendStringInfoString(out, "\"type\":\"string\"");
	if (schema->values)
	{
		appendStringInfoString(out, ",\"enum\":[");
		for (int i = 0; schema->values[i]; i++)
		{
			if (i > 0)
				appendStringInfoChar(out, ',');
			escape_json(out, schema->values[i]);
		}
		appendStringInfoChar(out, ']');
		return;
	}
	appendStringInfo(out, ",\"minLength\":%d,\"maxLength\":%d", schema->min, schema->max);
	if (schema->format)
	{
		appendStringInfoChar(out, ',');
		WriteMember(out, "pattern", schema->format->pattern);
	}
	if (schema->pattern)
	{
		StringInfoData pattern;

		initStringInfo(&pattern);
		schema->pattern(&pattern);
		appendStringInfoString(out, ",\"allOf\":[{");
		WriteMember(out, "pattern", pattern.data);
		appendStringInfoString(out, "}]");
	}
}

static void
WriteObject(StringInfo out, const DocSchema *schema)
{
	const char *separator = "";

	appendStringInfoString(out, "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
	for (int i = 0; i < schema->nfields; i++)
	{
		const DocField *field = &schema->fields[i];

		if (field->forbidden)
			continue;
		appendStringInfoString(out, separator);
		separator = ",";
		escape_json(out, field->name);
		appendStringInfoString(out, ":{");
		WriteMember(out, "description", field->description);
		if (field->fallback)
			appendStringInfo(out, ",\"default\":%s", field->fallback);
		appendStringInfoChar(out, ',');
		WriteSchema(out, field->schema);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoString(out, "},\"required\":[");
	separator = "";
	for (int i = 0; i < schema->nfields; i++)
	{
		if (!schema->fields[i].required)
			continue;
		appendStringInfoString(out, separator);
		separator = ",";
		escape_json(out, schema->fields[i].name);
	}
	appendStringInfoChar(out, ']');
}

static void
WriteRules(StringInfo out, const DocSchema *schema)
{
	if (schema->nrules == 0)
		return;
	appendStringInfoString(out, ",\"allOf\":[");
	for (int i = 0; i < schema->nrules; i++)
	{
		appendStringInfoString(out, i > 0 ? ",{" : "{");
		WriteMember(out, "$comment", schema->rules[i].hint);
		WriteRule(out, schema, &schema->rules[i]);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
}

/*
 * Goes on behind the comment.  Keys of rules are our own identifiers and need
 * no escaping.
 */
static void
WriteRule(StringInfo out, const DocSchema *schema, const DocRule *rule)
{
	switch (rule->kind)
	{
		case DOC_AT_MOST_ONE:
			appendStringInfo(out, ",\"not\":{\"required\":[\"%s\",\"%s\"]}", rule->key, rule->other);
			break;
		case DOC_NEEDS:
			appendStringInfo(out, ",\"dependentRequired\":{\"%s\":[\"%s\"]}", rule->key, rule->other);
			break;
		case DOC_IN_ORDER:
			break;
		case DOC_FIRST_ONLY:
			appendStringInfo(out, ",\"prefixItems\":[true],"
							 "\"items\":{\"properties\":{\"%s\":{\"const\":false}}}", rule->key);
			break;
		case DOC_NUMBERED:
			appendStringInfo(out, ",\"anyOf\":[{\"items\":{\"not\":{\"required\":[\"%s\"]}}},"
							 "{\"prefixItems\":[", rule->key);
			for (int i = 1; i <= schema->max; i++)
				appendStringInfo(out, "%s{\"required\":[\"%s\"],\"properties\":{\"%s\":{\"const\":%d}}}",
								 i > 1 ? "," : "", rule->key, rule->key, i);
			appendStringInfoString(out, "]}]");
			break;
		case DOC_NOT_ALL_FALSE:
			appendStringInfo(out, ",\"contains\":{\"not\":{\"required\":[\"%s\"],"
							 "\"properties\":{\"%s\":{\"const\":false}}}}", rule->key, rule->key);
			break;
	}
}

static void
WriteMember(StringInfo out, const char *key, const char *text)
{
	escape_json(out, key);
	appendStringInfoChar(out, ':');
	escape_json(out, text);
}
