/*
 * documents.h
 *		jsonb documents described by static tables: validation, normal form and
 *		JSON Schema, all three read from the same tables.
 *
 * A new kind of document is a Document with its tables, and no new code.  What
 * a table cannot say is added by two hooks: inspect, for the inside of a
 * string, and complete, for a default that depends on where a value stands.
 */
#ifndef CAMPAIGN_DOCUMENTS_H
#define CAMPAIGN_DOCUMENTS_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

typedef struct DocSchema DocSchema;
typedef struct DocWalk DocWalk;

typedef enum DocType
{
	DOC_STRING,
	DOC_NUMBER,
	DOC_INTEGER,				/* 1.0 is one, as in JSON Schema */
	DOC_BOOLEAN,
	DOC_ARRAY,
	DOC_OBJECT
} DocType;

/* The form of a string, once in C and once for others. */
typedef struct DocFormat
{
	const char *name;			/* completes "must be ..." */
	const char *pattern;		/* ECMA 262, anchored, the same rule as accepts */
	const char *hint;
	bool		(*accepts) (const char *text, int len);
	bool		ascii;			/* takes ASCII alone, so that bytes are characters */
	bool		fold;			/* the normal form is in lower case (ASCII) */
} DocFormat;

/* A list of these ends with a NULL alias. */
typedef struct DocAlias
{
	const char *alias;
	const char *name;
} DocAlias;

typedef struct DocField
{
	const char *name;
	const DocSchema *schema;
	const char *description;
	const char *fallback;		/* JSON text of the default, or NULL */
	bool		required;
	const char *forbidden;		/* the key is not taken here; what to do instead */
	bool		drop_empty;		/* an empty string says nothing: not in the normal form */
} DocField;

typedef enum DocRuleKind
{
	/* of an object */
	DOC_AT_MOST_ONE,			/* not both key and other */
	DOC_NEEDS,					/* key only together with other */
	DOC_IN_ORDER,				/* whole numbers, key not above other: beyond JSON Schema */
	/* of an array of objects */
	DOC_FIRST_ONLY,				/* key is true in the first element only */
	DOC_NUMBERED,				/* key is in no element, or counts them from 1 */
	DOC_NOT_ALL_FALSE			/* at least one element whose key is not false */
} DocRuleKind;

typedef struct DocRule
{
	DocRuleKind kind;
	const char *key;
	const char *other;
	const char *code;
	const char *message;		/* follows the path */
	const char *hint;
} DocRule;

/* The most keys that one object may know, rules of one schema, and items of an array with rules. */
#define DOC_MAX_FIELDS 32
#define DOC_MAX_RULES 4
#define DOC_MAX_RULED_ITEMS 64

/*
 * What the walker looks up in the tables of an object, or of an array with
 * rules, made at their first use in a backend.  Zeros before that.
 */
typedef struct DocIndex
{
	bool		ready;
	uint32		required;		/* fields, as bits by their number */
	uint8		lens[DOC_MAX_FIELDS];	/* of the fields' names */
	uint8		order[DOC_MAX_FIELDS];	/* fields, as jsonb orders keys */
	uint8		rule_keys[DOC_MAX_RULES];	/* fields that rules name; those of
											 * the items, in an array */
	uint8		rule_others[DOC_MAX_RULES];
} DocIndex;

struct DocSchema
{
	DocType		type;
	/*
	 * Bounds of a number's value, a string's characters, an array's items.
	 * Every schema has them; they are what bounds the size of a document.
	 */
	int32		min;
	int32		max;
	bool		above_min;		/* a number must exceed min */

	/* strings */
	const char *const *values;	/* the only ones, NULL at the end */
	const char *values_name;	/* completes "must be ...", for long lists */
	const DocFormat *format;
	const DocAlias *aliases;
	void		(*inspect) (DocWalk *walk, const char *text, int len);
	void		(*pattern) (StringInfo out);	/* what inspect accepts, ECMA 262 */

	/* arrays */
	const DocSchema *items;

	/* objects; index is the place in the array that holds it, or -1 */
	const DocField *fields;
	int			nfields;
	void		(*complete) (JsonbParseState **state,
							 const JsonbContainer *object, int index);

	/* arrays and objects; an index for objects, and for arrays with rules */
	const DocRule *rules;
	int			nrules;
	DocIndex   *index;
};

typedef struct Document
{
	const char *name;			/* of the domain, in the schema campaign */
	const char *constraint;		/* of the domain's CHECK */
	const char *title;
	const char *description;
	const char *unwrap;			/* function that undoes double encoding, or NULL */
	const DocSchema *root;
} Document;

typedef struct DocFault
{
	const char *path;
	const char *code;
	const char *message;
	const char *hint;			/* may be NULL */
} DocFault;

/* Reads the children of an array, or the keys or values of an object, in turn. */
typedef struct DocCursor
{
	const JsonbContainer *container;
	const char *base;
	uint32		index;
	uint32		offset;
} DocCursor;

typedef enum DocPart
{
	DOC_ELEMENTS,
	DOC_KEYS,
	DOC_VALUES
} DocPart;

/* A number, as far as whole bounds are concerned. */
typedef struct DocNumber
{
	bool		negative;
	int64		whole;			/* magnitude without fraction, PG_INT64_MAX if huge */
	bool		fraction;
} DocNumber;

/*
 * Places the cursor before the first child of the named part.
 */
static inline void
DocumentScan(DocCursor *cursor, const JsonbContainer *container, DocPart part)
{
	uint32		count = JsonContainerSize(container);
	uint32		children = JsonContainerIsObject(container) ? 2 * count : count;

	cursor->container = container;
	cursor->base = (const char *) &container->children[children];
	cursor->index = part == DOC_VALUES ? count : 0;
	cursor->offset = part == DOC_VALUES ? getJsonbOffset(container, count) : 0;
}

/*
 * Reads the child under the cursor and steps on.  The caller counts.
 *
 * This is the server's own reading of an entry, which it does not export; the
 * layout is that of utils/jsonb.h.
 */
static inline void
DocumentNext(DocCursor *cursor, JsonbValue *value)
{
	JEntry		entry = cursor->container->children[cursor->index];
	uint32		start = cursor->offset;
	uint32		end = start;
	const char *aligned = cursor->base + INTALIGN(start);

	JBE_ADVANCE_OFFSET(end, entry);
	cursor->offset = end;
	cursor->index++;

	switch (entry & JENTRY_TYPEMASK)
	{
		case JENTRY_ISSTRING:
			value->type = jbvString;
			value->val.string.val = unconstify(char *, cursor->base) + start;
			value->val.string.len = end - start;
			break;
		case JENTRY_ISNUMERIC:
			value->type = jbvNumeric;
			value->val.numeric = (Numeric) unconstify(char *, aligned);
			break;
		case JENTRY_ISBOOL_TRUE:
		case JENTRY_ISBOOL_FALSE:
			value->type = jbvBool;
			value->val.boolean = JBE_ISBOOL_TRUE(entry);
			break;
		case JENTRY_ISCONTAINER:
			value->type = jbvBinary;
			value->val.binary.data = (JsonbContainer *) unconstify(char *, aligned);
			value->val.binary.len = end - INTALIGN(start);
			break;
		default:
			value->type = jbvNull;
			break;
	}
}

/* The same for a key of an object: its text, not terminated. */
static inline const char *
DocumentNextKey(DocCursor *cursor, int *len)
{
	const char *key = cursor->base + cursor->offset;
	uint32		end = cursor->offset;

	JBE_ADVANCE_OFFSET(end, cursor->container->children[cursor->index]);
	*len = end - cursor->offset;
	cursor->offset = end;
	cursor->index++;
	return key;
}

/* document_reader.c */
extern void DocumentRoot(const Jsonb *jb, JsonbValue *value);
extern bool DocumentGet(const JsonbContainer *object, const char *key, JsonbValue *value);

extern bool DocumentReadNumber(Numeric numeric, DocNumber *number);
extern int	DocumentCompareNumber(const DocNumber *number, int32 bound);
extern const char *DocumentActualType(const JsonbValue *value);
extern const char *DocumentWantedType(DocType type);

/* documents.c */
extern bool DocumentIsValid(const Document *document, const Jsonb *jb);
extern void DocumentRequire(const Document *document, const Jsonb *jb);
extern void DocumentReturnFaults(const Document *document, const Jsonb *jb,
								 FunctionCallInfo fcinfo);
extern bool DocumentFault(DocWalk *walk, const char *code, const char *hint,
						  const char *format,...) pg_attribute_printf(4, 5);

/* document_unwrap.c */
extern Jsonb *DocumentUnwrap(const Document *document, Jsonb *jb);

/* document_schema.c */
extern void DocumentMakeIndex(const DocSchema *schema);
extern const char *DocumentNearestField(const DocSchema *schema, const char *key, int len);
extern Jsonb *DocumentNormalize(const Document *document, const Jsonb *jb);
extern void DocumentPush(JsonbParseState **state, const char *key, JsonbValue *value);
extern Jsonb *DocumentJsonSchema(const Document *document);

#endif							/* CAMPAIGN_DOCUMENTS_H */
