/*
 * documents.c
 *		Validation of jsonb documents against static tables.
 *
 * The walker reads the binary jsonb where it lies.  As long as it meets no
 * fault it allocates nothing, so that a CHECK costs about as much as reading
 * the document.  It has two modes: a quiet one that ends at the first fault
 * and says only that there is one, and a telling one that goes on and
 * describes each.  Whoever raises an error runs the first and, if need be, the
 * second.
 *
 * Rules that need a table's rows are not for this file: what it says of a
 * document depends on the document alone, so its callers can be IMMUTABLE.
 *
 * Vocabulary: a schema describes a value, a field a key of an object, a rule
 * several keys or elements together; a fault is one thing wrong at one path.
 */
#include "postgres.h"

#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "campaign.h"
#include "compat.h"
#include "core/documents.h"
#include "core/errors.h"

/* Longest piece of a document that is repeated in a message, in bytes. */
#define MAX_QUOTED 40

typedef struct DocPlace
{
	const char *key;			/* not terminated; NULL for an array's element */
	int			number;			/* bytes of key, or the element's index */
} DocPlace;

/* What a rule of an array asks about an element. */
typedef enum DocTrait
{
	TRAIT_NO_OBJECT,			/* the element has no keys */
	TRAIT_ABSENT,
	TRAIT_TRUE,
	TRAIT_FALSE,
	TRAIT_IN_TURN,				/* the number of the element, from 1 */
	TRAIT_OUT_OF_TURN,			/* another whole number, not negative */
	TRAIT_OTHER
} DocTrait;

/* The traits of an array's elements by rule, taken as they are checked. */
typedef struct DocTraits
{
	const DocSchema *array;
	int			item;			/* the element that is checked */
	uint8		of[DOC_MAX_RULES][DOC_MAX_RULED_ITEMS];	/* DocTrait */
} DocTraits;

struct DocWalk
{
	const Document *document;
	int			limit;			/* faults to describe; 0 is the quiet mode */
	List	   *faults;			/* of DocFault */
	bool		failed;
	bool		done;			/* nothing more is wanted */
	int			depth;
	DocPlace	places[CAMPAIGN_MAX_DOCUMENT_DEPTH];
};

static void WalkDocument(DocWalk *walk, const Document *document,
						 const Jsonb *jb, int limit);
static void CheckValue(DocWalk *walk, const DocSchema *schema, const JsonbValue *value,
					   DocTraits *traits);
static void FaultWrongType(DocWalk *walk, const DocSchema *schema, const JsonbValue *value);
static void CheckString(DocWalk *walk, const DocSchema *schema, const JsonbValue *value);
static int	CharCount(const DocSchema *schema, const char *text, int len);
static void CheckListed(DocWalk *walk, const DocSchema *schema, const JsonbValue *value);
static void CheckNumber(DocWalk *walk, const DocSchema *schema, const JsonbValue *value);
static void CheckArray(DocWalk *walk, const DocSchema *schema, const JsonbContainer *array);
static void CheckObject(DocWalk *walk, const DocSchema *schema, const JsonbContainer *object,
						DocTraits *traits);
static int	MatchField(const DocSchema *schema, int *place, const char *key, int len);
static void CheckFields(DocWalk *walk, const DocSchema *schema,
						const JsonbValue *values, uint32 seen);
static void CheckObjectRule(DocWalk *walk, const DocSchema *schema, int rule,
							const JsonbValue *values, uint32 seen);
static bool OutOfOrder(const JsonbValue *low, const JsonbValue *high);
static void TakeTraits(DocTraits *traits, const JsonbValue *values, uint32 seen);
static DocTrait TraitOf(const JsonbValue *value, int turn);
static void CheckArrayRule(DocWalk *walk, const DocRule *rule, const uint8 *traits, int count);
static void FaultInElement(DocWalk *walk, const DocRule *rule, int item, bool numbered);
static void FaultUnknownKey(DocWalk *walk, const DocSchema *schema);
static bool Enter(DocWalk *walk, const char *key, int number);
static void Leave(DocWalk *walk);
static char *PathText(const DocWalk *walk);
static char *Quoted(const char *text, int len);
static char *NumberText(const JsonbValue *value);

/*
 * Whether the document has no fault.  Allocates nothing if so.
 */
bool
DocumentIsValid(const Document *document, const Jsonb *jb)
{
	DocWalk		walk;

	WalkDocument(&walk, document, jb, 0);
	return !walk.failed;
}

/*
 * Raises CP003 unless the document is valid: the first fault in the message,
 * as many as fit in the detail.
 */
void
DocumentRequire(const Document *document, const Jsonb *jb)
{
	DocWalk		walk;
	DocFault   *first;
	StringInfoData detail;
	int			told = 0;
	ListCell   *cell;

	WalkDocument(&walk, document, jb, 0);
	if (!walk.failed)
		return;

	WalkDocument(&walk, document, jb, CAMPAIGN_MAX_DETAIL_FAULTS + 1);
	initStringInfo(&detail);
	foreach(cell, walk.faults)
	{
		DocFault   *fault = lfirst(cell);

		if (told++ == CAMPAIGN_MAX_DETAIL_FAULTS)
		{
			appendStringInfo(&detail, "\nThere are more; %s.%s_errors() lists them.",
							 CAMPAIGN_SCHEMA, document->name);
			break;
		}
		appendStringInfo(&detail, "%s%s %s.", told > 1 ? "\n" : "",
						 fault->path, fault->message);
	}
	first = linitial(walk.faults);
	ereport(ERROR,
			(errcode(ERRCODE_CAMPAIGN_INVALID_DOCUMENT),
			 errmsg("invalid %s: %s %s", document->name, first->path, first->message),
			 errdetail_internal("%s", detail.data),
			 errhint("%s", first->hint ? first->hint : "Correct the document at this path."),
			 err_generic_string(PG_DIAG_SCHEMA_NAME, CAMPAIGN_SCHEMA),
			 err_generic_string(PG_DIAG_DATATYPE_NAME, document->name),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME, document->constraint)));
}

/*
 * Answers a function RETURNS TABLE (path text, code text, message text, hint
 * text) with a row for each fault, in the order of the walk.
 */
void
DocumentReturnFaults(const Document *document, const Jsonb *jb, FunctionCallInfo fcinfo)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	DocFault	more = {"$", "too_many_faults", "has more faults than are listed",
	"Correct these and ask again."};
	DocWalk		walk;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	WalkDocument(&walk, document, jb, CAMPAIGN_MAX_DOCUMENT_FAULTS + 1);
	if (list_length(walk.faults) > CAMPAIGN_MAX_DOCUMENT_FAULTS)
		*(DocFault *) llast(walk.faults) = more;
	foreach(cell, walk.faults)
	{
		DocFault   *fault = lfirst(cell);
		Datum		values[4] = {0};
		bool		nulls[4] = {false, false, false, fault->hint == NULL};

		values[0] = CStringGetTextDatum(fault->path);
		values[1] = CStringGetTextDatum(fault->code);
		values[2] = CStringGetTextDatum(fault->message);
		if (fault->hint)
			values[3] = CStringGetTextDatum(fault->hint);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/*
 * Records a fault at the place where the walk is.  code and hint must outlive
 * the walk; the message is formatted here.  Returns whether further faults are
 * wanted.
 */
bool
DocumentFault(DocWalk *walk, const char *code, const char *hint, const char *format,...)
{
	DocFault   *fault;
	StringInfoData message;

	walk->failed = true;
	if (walk->limit == 0)
	{
		walk->done = true;
		return false;
	}
	if (walk->done)
		return false;

	initStringInfo(&message);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&message, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&message, needed);
	}

	fault = palloc(sizeof(DocFault));
	fault->path = PathText(walk);
	fault->code = code;
	fault->message = message.data;
	fault->hint = hint;
	walk->faults = lappend(walk->faults, fault);
	walk->done = list_length(walk->faults) >= walk->limit;
	return !walk->done;
}

static void
WalkDocument(DocWalk *walk, const Document *document, const Jsonb *jb, int limit)
{
	JsonbValue	root;

	walk->document = document;
	walk->limit = limit;
	walk->faults = NIL;
	walk->failed = false;
	walk->done = false;
	walk->depth = 0;

	DocumentRoot(jb, &root);
	CheckValue(walk, document->root, &root, NULL);
}

/*
 * Gives the traits, if they are wanted, of an object.
 */
static void
CheckValue(DocWalk *walk, const DocSchema *schema, const JsonbValue *value, DocTraits *traits)
{
	bool		right_type = false;

	switch (schema->type)
	{
		case DOC_STRING:
			right_type = value->type == jbvString;
			if (right_type)
				CheckString(walk, schema, value);
			break;
		case DOC_NUMBER:
		case DOC_INTEGER:
			right_type = value->type == jbvNumeric;
			if (right_type)
				CheckNumber(walk, schema, value);
			break;
		case DOC_BOOLEAN:
			right_type = value->type == jbvBool;
			break;
		case DOC_ARRAY:
			right_type = value->type == jbvBinary &&
				JsonContainerIsArray(value->val.binary.data);
			if (right_type)
				CheckArray(walk, schema, value->val.binary.data);
			break;
		case DOC_OBJECT:
			right_type = value->type == jbvBinary &&
				JsonContainerIsObject(value->val.binary.data);
			if (right_type)
				CheckObject(walk, schema, value->val.binary.data, traits);
			break;
	}
	if (!right_type)
		FaultWrongType(walk, schema, value);
}

/*
 * A string that begins like an array or object (or like a string, encoded once
 * more) is what a client stores that encodes its JSON twice: at the root, or as
 * an element of it.
 */
static void
FaultWrongType(DocWalk *walk, const DocSchema *schema, const JsonbValue *value)
{
	const Document *document = walk->document;

	if (value->type == jbvString && document->unwrap &&
		(walk->depth == 0 || (walk->depth == 1 && walk->places[0].key == NULL)))
	{
		const char *text = value->val.string.val;
		int			len = value->val.string.len;

		while (len > 0 && strchr(" \t\r\n", *text))
		{
			text++;
			len--;
		}
		if (len > 0 && strchr("[{\"", *text))
		{
			DocumentFault(walk, "double_encoded",
						  psprintf("Undo the double encoding with %s.%s(jsonb).",
								   CAMPAIGN_SCHEMA, document->unwrap),
						  "must be %s, not a string that contains its JSON text",
						  DocumentWantedType(schema->type));
			return;
		}
	}
	if (value->type == jbvNull)
		DocumentFault(walk, "null_value",
					  walk->depth > 0 && walk->places[walk->depth - 1].key
					  ? "A key without a value is left out." : NULL,
					  "must be %s, not null", DocumentWantedType(schema->type));
	else
		DocumentFault(walk, "wrong_type", NULL, "must be %s, not %s",
					  DocumentWantedType(schema->type), DocumentActualType(value));
}

/*
 * Lengths are in characters.  A string has at most as many as it has bytes, and
 * at least one if it has any, so that most are never counted.
 */
static void
CheckString(DocWalk *walk, const DocSchema *schema, const JsonbValue *value)
{
	const char *text = value->val.string.val;
	int			len = value->val.string.len;

	if (schema->values)
	{
		CheckListed(walk, schema, value);
		return;
	}
	if (schema->format && !schema->format->accepts(text, len))
	{
		DocumentFault(walk, "malformed", schema->format->hint, "must be %s, not \"%s\"",
					  schema->format->name, Quoted(text, len));
		return;
	}
	if (len > schema->max && CharCount(schema, text, len) > schema->max)
	{
		DocumentFault(walk, "too_long", NULL, "must have at most %d characters, not %d",
					  schema->max, CharCount(schema, text, len));
		return;
	}
	if (len < schema->min ||
		(schema->min > 1 && len < schema->min * MAX_MULTIBYTE_CHAR_LEN &&
		 CharCount(schema, text, len) < schema->min))
	{
		DocumentFault(walk, "too_short", NULL, "must have at least %d character%s",
					  schema->min, schema->min == 1 ? "" : "s");
		return;
	}
	if (schema->inspect)
		schema->inspect(walk, text, len);
}

/* The characters of a string that has the schema's format. */
static int
CharCount(const DocSchema *schema, const char *text, int len)
{
	return schema->format && schema->format->ascii ? len : pg_mbstrlen_with_len(text, len);
}

static void
CheckListed(DocWalk *walk, const DocSchema *schema, const JsonbValue *value)
{
	const char *text = value->val.string.val;
	int			len = value->val.string.len;
	StringInfoData list;

	for (const char *const *known = schema->values; *known; known++)
	{
		int			same = 0;

		while (same < len && (*known)[same] == text[same])
			same++;
		if (same == len && (*known)[len] == '\0')
			return;
	}
	initStringInfo(&list);
	if (schema->values_name)
		appendStringInfoString(&list, schema->values_name);
	else
	{
		appendStringInfoString(&list, schema->values[1] ? "one of " : "");
		for (int i = 0; schema->values[i]; i++)
			appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", schema->values[i]);
	}
	DocumentFault(walk, "unknown_value", NULL, "must be %s, not \"%s\"",
				  list.data, Quoted(text, len));
}

static void
CheckNumber(DocWalk *walk, const DocSchema *schema, const JsonbValue *value)
{
	DocNumber	number;
	int			low;

	if (!DocumentReadNumber(value->val.numeric, &number) ||
		(schema->type == DOC_INTEGER && number.fraction))
	{
		DocumentFault(walk, "not_an_integer", NULL,
					  "must be a whole number, not %s", NumberText(value));
		return;
	}
	low = DocumentCompareNumber(&number, schema->min);
	if (low < 0 || (schema->above_min && low == 0))
		DocumentFault(walk, "too_small", NULL, "must be %s %d, not %s",
					  schema->above_min ? "greater than" : "at least",
					  schema->min, NumberText(value));
	else if (DocumentCompareNumber(&number, schema->max) > 0)
		DocumentFault(walk, "too_large", NULL, "must be at most %d, not %s",
					  schema->max, NumberText(value));
}

/*
 * Of an array that is too long only the allowed part is looked at.
 */
static void
CheckArray(DocWalk *walk, const DocSchema *schema, const JsonbContainer *array)
{
	uint32		count = JsonContainerSize(array);
	DocCursor	cursor;
	DocTraits	traits;

	check_stack_depth();
	if (count < schema->min)
		DocumentFault(walk, "too_few_items", NULL, "must have at least %d item%s, not %u",
					  schema->min, schema->min == 1 ? "" : "s", count);
	if (count > schema->max)
	{
		DocumentFault(walk, "too_many_items", NULL, "must have at most %d items, not %u",
					  schema->max, count);
		count = schema->max;
	}
	if (schema->nrules > 0 && !schema->index->ready)
		DocumentMakeIndex(schema);

	traits.array = schema;
	DocumentScan(&cursor, array, DOC_ELEMENTS);
	for (uint32 i = 0; i < count && !walk->done; i++)
	{
		JsonbValue	element;

		DocumentNext(&cursor, &element);
		traits.item = i;
		for (int rule = 0; rule < schema->nrules; rule++)
			traits.of[rule][i] = TRAIT_NO_OBJECT;
		if (!Enter(walk, NULL, i))
			return;
		CheckValue(walk, schema->items, &element, schema->nrules > 0 ? &traits : NULL);
		Leave(walk);
	}
	for (int i = 0; i < schema->nrules && !walk->done; i++)
		CheckArrayRule(walk, &schema->rules[i], traits.of[i], count);
}

/*
 * Unknown keys come first, in the order in which jsonb keeps them, then the
 * fields in the order of the schema.
 */
static void
CheckObject(DocWalk *walk, const DocSchema *schema, const JsonbContainer *object,
			DocTraits *traits)
{
	uint32		count = JsonContainerSize(object);
	JsonbValue	values[DOC_MAX_FIELDS];
	uint32		seen = 0;
	int			place = 0;
	DocCursor	keys;
	DocCursor	contents;

	check_stack_depth();
	if (!schema->index->ready)
		DocumentMakeIndex(schema);
	DocumentScan(&keys, object, DOC_KEYS);
	DocumentScan(&contents, object, DOC_VALUES);
	for (uint32 i = 0; i < count && !walk->done; i++)
	{
		JsonbValue	ignored;
		int			len;
		const char *key = DocumentNextKey(&keys, &len);
		int			field = MatchField(schema, &place, key, len);

		DocumentNext(&contents, field >= 0 ? &values[field] : &ignored);
		if (field >= 0 && !schema->fields[field].forbidden)
		{
			seen |= UINT32_C(1) << field;
			continue;
		}
		CHECK_FOR_INTERRUPTS();
		if (!Enter(walk, key, len))
			return;
		if (field >= 0)
			DocumentFault(walk, "forbidden_key", schema->fields[field].forbidden,
						  "does not belong here");
		else
			FaultUnknownKey(walk, schema);
		Leave(walk);
	}
	if (!walk->done)
		CheckFields(walk, schema, values, seen);
	for (int i = 0; i < schema->nrules && !walk->done; i++)
		CheckObjectRule(walk, schema, i, values, seen);
	if (traits)
		TakeTraits(traits, values, seen);
}

/*
 * The number of the field that the key names, or -1.  Keys are asked for as
 * jsonb orders them, and *place is how far they have come in the same order of
 * the fields, from 0.
 */
static int
MatchField(const DocSchema *schema, int *place, const char *key, int len)
{
	const DocIndex *index = schema->index;

	for (; *place < schema->nfields; (*place)++)
	{
		int			field = index->order[*place];
		int			difference = (int) index->lens[field] - len;

		if (difference == 0)
		{
			const char *name = schema->fields[field].name;

			/* the empty key is no field's, so that there is a first byte */
			difference = (int) (unsigned char) *name - (int) (unsigned char) *key;
			if (difference == 0)
				difference = memcmp(name, key, len);
			if (difference == 0)
				return field;
		}
		if (difference > 0)
			break;
	}
	return -1;
}

static void
CheckFields(DocWalk *walk, const DocSchema *schema, const JsonbValue *values, uint32 seen)
{
	for (uint32 rest = seen | schema->index->required; rest != 0 && !walk->done; rest &= rest - 1)
	{
		int			field = pg_rightmost_one_pos32(rest);

		if (!Enter(walk, schema->fields[field].name, schema->index->lens[field]))
			return;
		if (seen & (UINT32_C(1) << field))
			CheckValue(walk, schema->fields[field].schema, &values[field], NULL);
		else
			DocumentFault(walk, "missing_key", NULL, "is required");
		Leave(walk);
	}
}

static void
CheckObjectRule(DocWalk *walk, const DocSchema *schema, int number,
				const JsonbValue *values, uint32 seen)
{
	const DocRule *rule = &schema->rules[number];
	bool		has_key = (seen >> schema->index->rule_keys[number]) & 1;
	bool		has_other = (seen >> schema->index->rule_others[number]) & 1;

	if (rule->kind == DOC_AT_MOST_ONE && has_key && has_other)
		DocumentFault(walk, rule->code, rule->hint, "%s", rule->message);
	else if ((rule->kind == DOC_NEEDS && has_key && !has_other) ||
			 (rule->kind == DOC_IN_ORDER && has_key && has_other &&
			  OutOfOrder(&values[schema->index->rule_keys[number]],
						 &values[schema->index->rule_others[number]])))
	{
		if (!Enter(walk, rule->key, strlen(rule->key)))
			return;
		DocumentFault(walk, rule->code, rule->hint, "%s", rule->message);
		Leave(walk);
	}
}

/* Numbers of another form have had their fault already. */
static bool
OutOfOrder(const JsonbValue *low, const JsonbValue *high)
{
	DocNumber	low_number;
	DocNumber	bound;

	if (low->type != jbvNumeric || high->type != jbvNumeric ||
		!DocumentReadNumber(high->val.numeric, &bound) || bound.fraction || bound.negative ||
		bound.whole > PG_INT32_MAX)
		return false;
	if (!DocumentReadNumber(low->val.numeric, &low_number) || low_number.fraction)
		return false;
	return DocumentCompareNumber(&low_number, (int32) bound.whole) > 0;
}

/* What the rules of the array that an object is in want to know of it. */
static void
TakeTraits(DocTraits *traits, const JsonbValue *values, uint32 seen)
{
	for (int rule = 0; rule < traits->array->nrules; rule++)
	{
		int			field = traits->array->index->rule_keys[rule];

		traits->of[rule][traits->item] = (seen >> field) & 1
			? TraitOf(&values[field], traits->item + 1) : TRAIT_ABSENT;
	}
}

static DocTrait
TraitOf(const JsonbValue *value, int turn)
{
	DocNumber	number;

	if (value->type == jbvBool)
		return value->val.boolean ? TRAIT_TRUE : TRAIT_FALSE;
	if (value->type != jbvNumeric || !DocumentReadNumber(value->val.numeric, &number) ||
		number.fraction || number.negative)
		return TRAIT_OTHER;
	return number.whole == turn ? TRAIT_IN_TURN : TRAIT_OUT_OF_TURN;
}

/*
 * A number that is no positive whole number at all has had its fault already.
 */
static void
CheckArrayRule(DocWalk *walk, const DocRule *rule, const uint8 *traits, int count)
{
	bool		numbered = false;
	bool		all_false = count > 0;

	for (int i = 0; i < count; i++)
	{
		numbered = numbered || traits[i] > TRAIT_ABSENT;
		all_false = all_false && traits[i] == TRAIT_FALSE;
	}
	for (int i = 0; i < count && !walk->done; i++)
	{
		if (rule->kind == DOC_NUMBERED && numbered &&
			(traits[i] == TRAIT_ABSENT || traits[i] == TRAIT_OUT_OF_TURN))
			FaultInElement(walk, rule, i, true);
		else if (rule->kind == DOC_FIRST_ONLY && i > 0 && traits[i] == TRAIT_TRUE)
			FaultInElement(walk, rule, i, false);
	}
	if (rule->kind == DOC_NOT_ALL_FALSE && all_false)
		DocumentFault(walk, rule->code, rule->hint, "%s", rule->message);
}

/* A rule's fault at its key in an element, with the element's number if that says it. */
static void
FaultInElement(DocWalk *walk, const DocRule *rule, int item, bool numbered)
{
	if (!Enter(walk, NULL, item))
		return;
	if (Enter(walk, rule->key, strlen(rule->key)))
	{
		if (numbered)
			DocumentFault(walk, rule->code, rule->hint, "%s %d", rule->message, item + 1);
		else
			DocumentFault(walk, rule->code, rule->hint, "%s", rule->message);
		Leave(walk);
	}
	Leave(walk);
}

static void
FaultUnknownKey(DocWalk *walk, const DocSchema *schema)
{
	const DocPlace *place = &walk->places[walk->depth - 1];
	const char *nearest;
	StringInfoData hint;

	initStringInfo(&hint);
	nearest = DocumentNearestField(schema, place->key, place->number);
	if (nearest)
		appendStringInfo(&hint, "Perhaps you meant \"%s\".", nearest);
	else
	{
		appendStringInfoString(&hint, "Known keys: ");
		for (int i = 0; i < schema->nfields; i++)
		{
			if (!schema->fields[i].forbidden)
				appendStringInfo(&hint, "%s%s", i > 0 ? ", " : "", schema->fields[i].name);
		}
		appendStringInfoChar(&hint, '.');
	}
	DocumentFault(walk, "unknown_key", hint.data, "is not a known key");
}

/*
 * Goes down to a key (number bytes long) or, with a NULL key, to the element of
 * that number.  False, with its fault, if that is too deep.
 */
static bool
Enter(DocWalk *walk, const char *key, int number)
{
	if (walk->depth == CAMPAIGN_MAX_DOCUMENT_DEPTH)
	{
		DocumentFault(walk, "too_deep", NULL, "is nested deeper than %d levels",
					  CAMPAIGN_MAX_DOCUMENT_DEPTH);
		return false;
	}
	walk->places[walk->depth].key = key;
	walk->places[walk->depth].number = number;
	walk->depth++;
	return true;
}

static void
Leave(DocWalk *walk)
{
	walk->depth--;
}

/*
 * The place of the walk as a JSON path: $[2].delay_hours, $[0]["odd key"].
 */
static char *
PathText(const DocWalk *walk)
{
	StringInfoData path;

	initStringInfo(&path);
	appendStringInfoChar(&path, '$');
	for (int i = 0; i < walk->depth; i++)
	{
		const DocPlace *place = &walk->places[i];
		bool		plain = place->key && place->number > 0 && place->number <= MAX_QUOTED;

		for (int c = 0; plain && c < place->number; c++)
			plain = (place->key[c] >= 'a' && place->key[c] <= 'z') ||
				(place->key[c] >= 'A' && place->key[c] <= 'Z') ||
				(c > 0 && place->key[c] >= '0' && place->key[c] <= '9') ||
				place->key[c] == '_';
		if (!place->key)
			appendStringInfo(&path, "[%d]", place->number);
		else if (plain)
			appendStringInfo(&path, ".%.*s", place->number, place->key);
		else
		{
			appendStringInfoChar(&path, '[');
			escape_json(&path, Quoted(place->key, place->number));
			appendStringInfoChar(&path, ']');
		}
	}
	return path.data;
}

/*
 * A terminated copy for a message, cut at a character's end.
 */
static char *
Quoted(const char *text, int len)
{
	int			cut = pg_mbcliplen(text, len, MAX_QUOTED);

	return cut == len ? pnstrdup(text, len) : psprintf("%.*s...", cut, text);
}

static char *
NumberText(const JsonbValue *value)
{
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out,
														   NumericGetDatum(value->val.numeric)));

	return Quoted(text, strlen(text));
}
