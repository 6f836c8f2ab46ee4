/*
 * template_render.c
 *		Placeholders in the subject and body of a message: which there are,
 *		whether a text spells them right, and how they are filled in.
 *
 * A placeholder is {{name}} or {{name|default}}.  White space around the name
 * and around the default is not part of them.  A value that is absent or empty
 * is replaced by the default, and by nothing if there is none.  One pass, no
 * recursion: what has been filled in, value or default, is never looked at
 * again, so a contact called {{link.unsubscribe}} stays a contact called so.
 *
 * There is no escape: two opening braces are always the beginning of a
 * placeholder, and a text that means them literally is at fault.  A single
 * brace is text, and so are closing braces that close nothing.
 *
 * Texts are scanned by bytes.  That is safe, because the encodings in which a
 * byte of a longer character may look like ASCII are client-only encodings,
 * never a database's.
 *
 * The grammar is regular on purpose, so that TemplateTextPattern() can hand
 * the same rule to a JSON schema.  Where values come from is the caller's
 * matter; so is the length of a text.  A value from a document is cut.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/varlena.h"

#include "campaign.h"
#include "compat.h"
#include "core/errors.h"
#include "outreach/template_render.h"

#define MAX_ATTRIBUTE_KEY 63
#define MAX_SHOWN_BYTES 80		/* of a faulty placeholder in a message */
#define MAX_COMPARED_BYTES 100	/* a longer name resembles nothing known */

/*
 * How much longer than its template a message is expected to be at most: two
 * links, or some names.  A template of more than the other is not one that is
 * made room for at once.
 */
#define EXPECTED_GROWTH 256
#define EXPECTED_MAX_BYTES (1024 * 1024)

typedef struct PlaceholderName
{
	const char *name;
	int			len;
	Placeholder what;
} PlaceholderName;

#define NAME(text, what) {text, sizeof(text) - 1, what}
#define ATTRIBUTE_PREFIX "contact.attributes."
#define ATTRIBUTE_SHOWN "contact.attributes.<key>"

/* The names without a key; attributes are spelled ATTRIBUTE_PREFIX and a key. */
static const PlaceholderName placeholder_names[] = {
	NAME("contact.name", PLACEHOLDER_CONTACT_NAME),
	NAME("contact.first_name", PLACEHOLDER_CONTACT_FIRST_NAME),
	NAME("contact.last_name", PLACEHOLDER_CONTACT_LAST_NAME),
	NAME("tenant.name", PLACEHOLDER_TENANT_NAME),
	NAME("tenant.sender_name", PLACEHOLDER_TENANT_SENDER_NAME),
	NAME("job.service_type", PLACEHOLDER_JOB_SERVICE_TYPE),
	NAME("link.review", PLACEHOLDER_LINK_REVIEW),
	NAME("link.unsubscribe", PLACEHOLDER_LINK_UNSUBSCRIBE)
};

/* Characters that are written otherwise in HTML. */
static const char *const html_entities[256] = {
	['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"
};

static const char code_unknown[] = "unknown_placeholder";
static const char code_unclosed[] = "unclosed_placeholder";
static const char code_empty[] = "empty_placeholder";

/* One placeholder found in a text. */
typedef struct PlaceholderSpan
{
	const char *start;			/* its first brace */
	const char *end;			/* behind its last brace, or as far as it reaches */
	const char *name;
	int			namelen;
	const char *fallback;		/* the default, NULL if none is written */
	int			fallbacklen;
	const char *key;			/* of an attribute, else NULL */
	int			keylen;
	Placeholder what;			/* only if code is NULL */
	const char *code;			/* the fault, or NULL */
} PlaceholderSpan;

static const char *NumberText(Numeric number, int *len);
static bool FindPlaceholder(const char *pos, const char *end, PlaceholderSpan *span);
static bool FindClose(const char *pos, const char *end, const char **close, const char **bar);
static void SplitPlaceholder(PlaceholderSpan *span, const char *close, const char *bar);
static void ResolveName(PlaceholderSpan *span);
static void TrimSpaces(const char **text, int *len);
static bool IsAttributeKey(const char *key, int len);
static char *ShownPlaceholder(const TemplateFault *fault);
static const char *NearestName(const char *name, int len);
static int	NameDistance(const char *name, int len, const char *known, int best);
static void AppendKnownNames(StringInfo out);
static void AppendValue(StringInfo out, const char *value, int len, TemplateMode mode);
static void AppendHtml(StringInfo out, const char *value, int len);
static void AppendLine(StringInfo out, const char *value, int len);
static void RaiseFault(const TemplateFault *fault);
static text *RenderWithVars(text *template, Jsonb *vars, TemplateMode mode);
static JsonbContainer *ObjectMember(JsonbContainer *object, const char *key, int keylen);
static const char *LookupInVars(void *arg, Placeholder what, const char *key,
								int keylen, int *len);

PG_FUNCTION_INFO_V1(campaign_check_message_text);
PG_FUNCTION_INFO_V1(campaign_render_message);
PG_FUNCTION_INFO_V1(campaign_render_subject);

/*
 * The check behind the domain campaign.message_text: true, or CP003 with the
 * first fault.  STRICT, so NULL passes.
 */
Datum
campaign_check_message_text(PG_FUNCTION_ARGS)
{
	text	   *arg = PG_GETARG_TEXT_PP(0);
	TemplateFault fault;

	if (!TemplateTextCheck(VARDATA_ANY(arg), VARSIZE_ANY_EXHDR(arg), &fault))
		RaiseFault(&fault);
	PG_FREE_IF_COPY(arg, 0);
	PG_RETURN_BOOL(true);
}

/*
 * Preview of a body, as text or as HTML, with the values of a document.
 */
Datum
campaign_render_message(PG_FUNCTION_ARGS)
{
	text	   *template = PG_GETARG_TEXT_PP(0);
	bool		html = PG_GETARG_BOOL(1);
	Jsonb	   *vars = PG_GETARG_JSONB_P(2);

	PG_RETURN_TEXT_P(RenderWithVars(template, vars, html ? TEMPLATE_HTML : TEMPLATE_TEXT));
}

/*
 * Preview of a subject: one line, whatever the values hold.
 */
Datum
campaign_render_subject(PG_FUNCTION_ARGS)
{
	text	   *template = PG_GETARG_TEXT_PP(0);
	Jsonb	   *vars = PG_GETARG_JSONB_P(1);

	PG_RETURN_TEXT_P(RenderWithVars(template, vars, TEMPLATE_LINE));
}

/*
 * Are all placeholders of the text known and well formed?  If not, *fault is
 * the first that is not.  Allocates nothing unless there is a fault; then the
 * search for a name like it leaves a little garbage in the caller's context.
 */
bool
TemplateTextCheck(const char *text, int len, TemplateFault *fault)
{
	const char *end = text + len;
	const char *pos = text;
	PlaceholderSpan span;

	while (FindPlaceholder(pos, end, &span))
	{
		CHECK_FOR_INTERRUPTS();
		if (span.code != NULL)
		{
			fault->position = pg_mbstrlen_with_len(text, span.start - text) + 1;
			fault->start = span.start;
			fault->length = span.end - span.start;
			fault->code = span.code;
			fault->nearest = span.code == code_unknown ?
				NearestName(span.name, span.namelen) : NULL;
			return false;
		}
		pos = span.end;
	}
	return true;
}

/*
 * What is wrong, as the primary message of an error.  Palloc'd.
 */
char *
TemplateFaultMessage(const TemplateFault *fault)
{
	if (fault->code == code_empty)
		return pstrdup("placeholder without a name");
	if (fault->code == code_unclosed)
		return pstrdup("placeholder is not closed");
	return psprintf("unknown placeholder %s", ShownPlaceholder(fault));
}

/*
 * Where it is, as a sentence.  Palloc'd.
 */
char *
TemplateFaultDetail(const TemplateFault *fault)
{
	return psprintf("Placeholder %s begins at character %d.",
					ShownPlaceholder(fault), fault->position);
}

/*
 * The way out, as a sentence.  Palloc'd.
 */
char *
TemplateFaultHint(const TemplateFault *fault)
{
	StringInfoData hint;

	if (fault->code == code_unclosed)
		return pstrdup("Close it with \"}}\". Two opening braces always begin a placeholder; there is no escape for them.");

	initStringInfo(&hint);
	if (fault->nearest != NULL)
		appendStringInfo(&hint, "Did you mean \"{{%s}}\"?", fault->nearest);
	else
	{
		appendStringInfoString(&hint, "Placeholders are ");
		AppendKnownNames(&hint);
		appendStringInfoChar(&hint, '.');
	}
	if (fault->nearest == NULL || strcmp(fault->nearest, ATTRIBUTE_SHOWN) == 0)
		appendStringInfo(&hint, " A key has 1 to %d letters, digits and underscores.",
						 MAX_ATTRIBUTE_KEY);
	return hint.data;
}

/*
 * A regular expression (ECMA 262, as JSON Schema uses it) that matches exactly
 * the texts without a fault.
 */
void
TemplateTextPattern(StringInfo out)
{
	appendStringInfoString(out, "^(?:[^{]|\\{(?!\\{)|\\{\\{[ \\t\\r\\n]*(?:");
	for (int i = 0; i < lengthof(placeholder_names); i++)
	{
		for (const char *p = placeholder_names[i].name; *p != '\0'; p++)
		{
			if (*p == '.')
				appendStringInfoChar(out, '\\');
			appendStringInfoChar(out, *p);
		}
		appendStringInfoChar(out, '|');
	}
	appendStringInfo(out, "contact\\.attributes\\.[A-Za-z0-9_]{1,%d}", MAX_ATTRIBUTE_KEY);
	appendStringInfoString(out, ")[ \\t\\r\\n]*(?:\\|(?:(?!\\{\\{|\\}\\})[\\s\\S])*)?\\}\\})*$");
}

/*
 * A buffer, palloc'd, in which most messages of a text that long have room.
 */
void
TemplateTextBuffer(StringInfo out, int len)
{
	out->maxlen = Min(len, EXPECTED_MAX_BYTES) + EXPECTED_GROWTH;
	out->data = palloc(out->maxlen);
	resetStringInfo(out);
}

/*
 * Append the text with its placeholders filled in.  A placeholder at fault
 * cannot occur in a text that was checked; one that does is left as it is, so
 * that nothing is lost silently.
 */
void
TemplateTextRender(StringInfo out, const char *text, int len, TemplateMode mode,
				   PlaceholderLookup lookup, void *arg)
{
	const char *end = text + len;
	const char *pos = text;
	PlaceholderSpan span;

	while (FindPlaceholder(pos, end, &span))
	{
		const char *value;
		int			valuelen = 0;

		CHECK_FOR_INTERRUPTS();
		appendBinaryStringInfo(out, pos, span.start - pos);
		pos = span.end;
		if (span.code != NULL)
		{
			appendBinaryStringInfo(out, span.start, span.end - span.start);
			continue;
		}
		value = lookup(arg, span.what, span.key, span.keylen, &valuelen);
		if (value != NULL && valuelen > 0)
			AppendValue(out, value, valuelen, mode);
		else if (span.fallback != NULL)
			AppendValue(out, span.fallback, span.fallbacklen, mode);
	}
	appendBinaryStringInfo(out, pos, end - pos);
}

/*
 * The member of a jsonb object as a message shows it: a string as it is,
 * numbers and booleans as JSON writes them, NULL for everything else and for
 * what is not there.  Cut after CAMPAIGN_MAX_VALUE_BYTES, so that a page of
 * placeholders for a large value does not fill the memory.  Points into the
 * object or is palloc'd.
 */
const char *
TemplateScalarText(JsonbContainer *object, const char *key, int keylen, int *len)
{
	JsonbValue	value;

	if (object == NULL || !JsonContainerIsObject(object) ||
		getKeyJsonValueFromContainer(object, key, keylen, &value) == NULL)
		return NULL;

	switch (value.type)
	{
		case jbvString:
			*len = pg_mbcliplen(value.val.string.val, value.val.string.len, CAMPAIGN_MAX_VALUE_BYTES);
			return value.val.string.val;
		case jbvNumeric:
			return NumberText(value.val.numeric, len);
		case jbvBool:
			*len = strlen(value.val.boolean ? "true" : "false");
			return value.val.boolean ? "true" : "false";
		default:
			return NULL;
	}
}

/* 1e65000 is short as a number, and is not kept for as long as it is as text. */
static const char *
NumberText(Numeric number, int *len)
{
	char	   *whole = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
	char	   *start;

	*len = strlen(whole);
	if (*len <= CAMPAIGN_MAX_VALUE_BYTES)
		return whole;
	*len = CAMPAIGN_MAX_VALUE_BYTES;
	start = pnstrdup(whole, *len);
	pfree(whole);
	return start;
}

/*
 * The first placeholder at or behind pos, well formed or not; false if there
 * is none.  One that is never closed reaches to the next opening or the end.
 */
static bool
FindPlaceholder(const char *pos, const char *end, PlaceholderSpan *span)
{
	const char *close;
	const char *bar;

	for (;;)
	{
		if (pos >= end || (pos = memchr(pos, '{', end - pos)) == NULL)
			return false;
		if (pos + 1 < end && pos[1] == '{')
			break;
		pos++;
	}

	memset(span, 0, sizeof(*span));
	span->start = pos;
	if (FindClose(pos + 2, end, &close, &bar))
	{
		span->end = close + 2;
		SplitPlaceholder(span, close, bar);
	}
	else
	{
		span->end = close;
		span->code = code_unclosed;
	}
	return true;
}

/*
 * Find the closing braces, unless another placeholder is opened before them.
 * *close is where they are, else where the search ended; *bar is the first bar
 * before that, or NULL.
 */
static bool
FindClose(const char *pos, const char *end, const char **close, const char **bar)
{
	*bar = NULL;
	for (; pos + 1 < end; pos++)
	{
		char		c = *pos;

		if ((c == '}' || c == '{') && pos[1] == c)
		{
			*close = pos;
			return c == '}';
		}
		if (c == '|' && *bar == NULL)
			*bar = pos;
	}
	*close = end;
	return false;
}

/*
 * Take apart what stands between the braces.
 */
static void
SplitPlaceholder(PlaceholderSpan *span, const char *close, const char *bar)
{
	span->name = span->start + 2;
	span->namelen = (bar != NULL ? bar : close) - span->name;
	TrimSpaces(&span->name, &span->namelen);
	if (bar != NULL)
	{
		span->fallback = bar + 1;
		span->fallbacklen = close - span->fallback;
		TrimSpaces(&span->fallback, &span->fallbacklen);
	}
	if (span->namelen == 0)
		span->code = code_empty;
	else
		ResolveName(span);
}

static void
ResolveName(PlaceholderSpan *span)
{
	const int	prefixlen = sizeof(ATTRIBUTE_PREFIX) - 1;

	for (int i = 0; i < lengthof(placeholder_names); i++)
	{
		const PlaceholderName *known = &placeholder_names[i];

		if (span->namelen == known->len &&
			memcmp(span->name, known->name, known->len) == 0)
		{
			span->what = known->what;
			return;
		}
	}
	if (span->namelen > prefixlen &&
		memcmp(span->name, ATTRIBUTE_PREFIX, prefixlen) == 0 &&
		IsAttributeKey(span->name + prefixlen, span->namelen - prefixlen))
	{
		span->what = PLACEHOLDER_CONTACT_ATTRIBUTE;
		span->key = span->name + prefixlen;
		span->keylen = span->namelen - prefixlen;
		return;
	}
	span->code = code_unknown;
}

static inline bool
IsSpace(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
TrimSpaces(const char **text, int *len)
{
	while (*len > 0 && IsSpace((*text)[0]))
	{
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && IsSpace((*text)[*len - 1]))
		(*len)--;
}

static bool
IsAttributeKey(const char *key, int len)
{
	if (len < 1 || len > MAX_ATTRIBUTE_KEY)
		return false;
	for (int i = 0; i < len; i++)
	{
		char		c = key[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return true;
}

static char *
ShownPlaceholder(const TemplateFault *fault)
{
	int			len = pg_mbcliplen(fault->start, fault->length,
								   Min(fault->length, MAX_SHOWN_BYTES));

	return psprintf("\"%.*s%s\"", len, fault->start, len < fault->length ? "..." : "");
}

/*
 * The known name that an unknown one was probably meant to be, or NULL: its
 * last part alone, or either with a slip of a few characters.  Case does not
 * count.
 */
static const char *
NearestName(const char *name, int len)
{
	char		lower[MAX_COMPARED_BYTES];
	const char *nearest = NULL;
	int			headlen = 0;
	int			distance;
	int			best = Max(1, len / 4) + 1;

	if (len > MAX_COMPARED_BYTES)
		return NULL;
	for (int i = 0; i < len; i++)
	{
		lower[i] = pg_ascii_tolower((unsigned char) name[i]);
		if (lower[i] == '.')
			headlen = i + 1;
	}

	for (int i = 0; i < lengthof(placeholder_names); i++)
	{
		const PlaceholderName *known = &placeholder_names[i];
		const char *lastpart = strchr(known->name, '.') + 1;

		distance = NameDistance(lower, len, known->name, best);
		if (headlen == 0)
			distance = Min(distance, NameDistance(lower, len, lastpart, best));
		if (distance < best)
		{
			best = distance;
			nearest = known->name;
		}
	}

	/* An attribute is compared without its key, which may be anything. */
	distance = Min(NameDistance(lower, headlen, ATTRIBUTE_PREFIX, best),
				   NameDistance(lower, len, "contact.attributes", best));
	return distance < best ? ATTRIBUTE_SHOWN : nearest;
}

/*
 * Edit distance, or something not below best.
 */
static int
NameDistance(const char *name, int len, const char *known, int best)
{
	return varstr_levenshtein_less_equal(name, len, known, strlen(known), 1, 1, 1, best, true);
}

static void
AppendKnownNames(StringInfo out)
{
	for (int i = 0; i < lengthof(placeholder_names); i++)
		appendStringInfo(out, "%s, ", placeholder_names[i].name);
	appendStringInfoString(out, ATTRIBUTE_SHOWN);
}

static void
AppendValue(StringInfo out, const char *value, int len, TemplateMode mode)
{
	switch (mode)
	{
		case TEMPLATE_TEXT:
			appendBinaryStringInfo(out, value, len);
			break;
		case TEMPLATE_HTML:
			AppendHtml(out, value, len);
			break;
		case TEMPLATE_LINE:
			AppendLine(out, value, len);
			break;
	}
}

static void
AppendHtml(StringInfo out, const char *value, int len)
{
	const char *end = value + len;

	while (value < end)
	{
		const char *run = value;
		const char *entity = NULL;

		while (value < end && (entity = html_entities[(unsigned char) *value]) == NULL)
			value++;
		appendBinaryStringInfo(out, run, value - run);
		if (entity != NULL)
		{
			appendStringInfoString(out, entity);
			value++;
		}
	}
}

/*
 * A line break in a value must not become a header of its own in a mail.
 */
static void
AppendLine(StringInfo out, const char *value, int len)
{
	int			start = out->len;

	appendBinaryStringInfo(out, value, len);
	for (int i = start; i < out->len; i++)
	{
		unsigned char c = (unsigned char) out->data[i];

		if (c < 0x20 || c == 0x7f)
			out->data[i] = ' ';
	}
}

static void
RaiseFault(const TemplateFault *fault)
{
	ereport(ERROR,
			errcode(ERRCODE_CAMPAIGN_INVALID_DOCUMENT),
			errmsg("%s", TemplateFaultMessage(fault)),
			errdetail("%s", TemplateFaultDetail(fault)),
			errhint("%s", TemplateFaultHint(fault)));
}

/*
 * Render a text with the values of a document: CP003 for a text at fault,
 * 22023 for a document that is not an object.
 */
static text *
RenderWithVars(text *template, Jsonb *vars, TemplateMode mode)
{
	TemplateFault fault;
	StringInfoData out;

	if (!TemplateTextCheck(VARDATA_ANY(template), VARSIZE_ANY_EXHDR(template), &fault))
		RaiseFault(&fault);
	if (!JB_ROOT_IS_OBJECT(vars))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("values of a message must be an object"),
				errdetail("The document given is not a JSON object."),
				errhint("Give values as {\"contact\": {\"first_name\": \"Ann\"}, \"tenant\": {\"name\": \"Acme\"}}."));

	TemplateTextBuffer(&out, VARHDRSZ + VARSIZE_ANY_EXHDR(template));
	out.len = VARHDRSZ;
	TemplateTextRender(&out, VARDATA_ANY(template), VARSIZE_ANY_EXHDR(template),
					   mode, LookupInVars, &vars->root);
	SET_VARSIZE(out.data, out.len);
	return (text *) out.data;
}

static JsonbContainer *
ObjectMember(JsonbContainer *object, const char *key, int keylen)
{
	JsonbValue	value;

	if (object == NULL || !JsonContainerIsObject(object) ||
		getKeyJsonValueFromContainer(object, key, keylen, &value) == NULL ||
		value.type != jbvBinary)
		return NULL;
	return value.val.binary.data;
}

/*
 * PlaceholderLookup in a document spelled like the placeholders: the value of
 * {{contact.first_name}} is at contact, first_name.
 */
static const char *
LookupInVars(void *arg, Placeholder what, const char *key, int keylen, int *len)
{
	JsonbContainer *vars = (JsonbContainer *) arg;

	if (what == PLACEHOLDER_CONTACT_ATTRIBUTE)
	{
		JsonbContainer *contact = ObjectMember(vars, "contact", strlen("contact"));

		return TemplateScalarText(ObjectMember(contact, "attributes", strlen("attributes")),
								  key, keylen, len);
	}
	for (int i = 0; i < lengthof(placeholder_names); i++)
	{
		const PlaceholderName *known = &placeholder_names[i];
		int			headlen;

		if (known->what != what)
			continue;
		headlen = strchr(known->name, '.') - known->name;
		return TemplateScalarText(ObjectMember(vars, known->name, headlen),
								  known->name + headlen + 1, known->len - headlen - 1, len);
	}
	return NULL;
}
