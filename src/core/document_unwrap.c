/*
 * document_unwrap.c
 *		Undoes what a client did that encoded its JSON twice or more often: the
 *		whole document as a string, or the elements of an array each as one.
 *
 * The result is what was meant, and not validated further.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "core/documents.h"
#include "core/errors.h"

static Jsonb *UnwrapElements(const Document *document, Jsonb *jb);
static void UnwrapValue(const Document *document, DocType wanted, int element, JsonbValue *value);
static Jsonb *ParseWrapped(const Document *document, int element, const JsonbValue *wrapped);
static const char *Place(int element);

/*
 * A document that was encoded as a JSON string, however often, as it was
 * meant; one that was not, as it is.  In an array of objects the same goes for
 * each element.  Raises CP003 for what does not come out as an array or object,
 * as the document must be.  The result is allocated in the caller's context, or
 * is jb.
 */
Jsonb *
DocumentUnwrap(const Document *document, Jsonb *jb)
{
	const DocSchema *root = document->root;
	JsonbValue	value;

	DocumentRoot(jb, &value);
	if (value.type == jbvString)
	{
		UnwrapValue(document, root->type, -1, &value);
		jb = JsonbValueToJsonb(&value);
	}
	else if (value.type != jbvBinary ||
			 JsonContainerIsArray(value.val.binary.data) != (root->type == DOC_ARRAY))
		UnwrapValue(document, root->type, -1, &value);
	return root->type == DOC_ARRAY && root->items->type == DOC_OBJECT
		? UnwrapElements(document, jb) : jb;
}

/* The array itself, if none of its elements is a string. */
static Jsonb *
UnwrapElements(const Document *document, Jsonb *jb)
{
	int			count = JB_ROOT_COUNT(jb);
	JsonbParseState *state = NULL;
	bool		wrapped = false;
	DocCursor	cursor;
	JsonbValue	element;

	DocumentScan(&cursor, &jb->root, DOC_ELEMENTS);
	for (int i = 0; i < count && !wrapped; i++)
	{
		DocumentNext(&cursor, &element);
		wrapped = element.type == jbvString;
	}
	if (!wrapped)
		return jb;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	DocumentScan(&cursor, &jb->root, DOC_ELEMENTS);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		DocumentNext(&cursor, &element);
		if (element.type == jbvString)
			UnwrapValue(document, DOC_OBJECT, i, &element);
		pushJsonbValue(&state, WJB_ELEM, &element);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

/*
 * Parses the value as long as it is a string.  element is its place in the
 * array, or -1 for the document itself.
 */
static void
UnwrapValue(const Document *document, DocType wanted, int element, JsonbValue *value)
{
	bool		was_string = value->type == jbvString;

	while (value->type == jbvString)
	{
		CHECK_FOR_INTERRUPTS();
		DocumentRoot(ParseWrapped(document, element, value), value);
	}
	if (value->type == jbvBinary &&
		JsonContainerIsArray(value->val.binary.data) == (wanted == DOC_ARRAY))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CAMPAIGN_INVALID_DOCUMENT),
			 errmsg("invalid %s: %s must be %s, not %s", document->name, Place(element),
					DocumentWantedType(wanted), DocumentActualType(value)),
			 was_string
			 ? errdetail("That is what comes out when its string is read as JSON text.")
			 : errdetail("It is neither the document nor a string with its JSON text."),
			 errhint("Pass the document, or the string that a client made of it.")));
}

/*
 * The JSON text in a string, parsed.  Raises CP003 if it is none.
 */
static Jsonb *
ParseWrapped(const Document *document, int element, const JsonbValue *wrapped)
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
				 errmsg("invalid %s: the string%s%s does not contain JSON text", document->name,
						element >= 0 ? " at " : "", element >= 0 ? Place(element) : ""),
				 errdetail_internal("%s: %s", error->message,
									error->detail ? error->detail : ""),
				 errhint("Pass a string that holds the JSON text of %s.",
						 element >= 0 ? "an object" : DocumentWantedType(document->root->type))));
	}
	PG_END_TRY();
	return parsed;
}

static const char *
Place(int element)
{
	return element >= 0 ? psprintf("$[%d]", element) : "$";
}
