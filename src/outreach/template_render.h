/*
 * template_render.h
 *		Placeholders in the subject and body of a message.
 */
#ifndef CAMPAIGN_TEMPLATE_RENDER_H
#define CAMPAIGN_TEMPLATE_RENDER_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* What a placeholder names; the spelling of each stands in template_render.c. */
typedef enum Placeholder
{
	PLACEHOLDER_CONTACT_NAME,
	PLACEHOLDER_CONTACT_FIRST_NAME,
	PLACEHOLDER_CONTACT_LAST_NAME,
	PLACEHOLDER_CONTACT_ATTRIBUTE,	/* has a key: contact.attributes.<key> */
	PLACEHOLDER_TENANT_NAME,
	PLACEHOLDER_TENANT_SENDER_NAME,
	PLACEHOLDER_JOB_SERVICE_TYPE,
	PLACEHOLDER_LINK_REVIEW,
	PLACEHOLDER_LINK_UNSUBSCRIBE
} Placeholder;

/* How values and defaults are written; the text around them never changes. */
typedef enum TemplateMode
{
	TEMPLATE_TEXT,				/* as they are */
	TEMPLATE_HTML,				/* & < > " ' escaped */
	TEMPLATE_LINE				/* control characters become spaces: subjects, headers */
} TemplateMode;

/* The first fault of a text, all pointers static or into the text itself. */
typedef struct TemplateFault
{
	int			position;		/* of the placeholder's first brace, in characters, from 1 */
	const char *start;			/* the placeholder as written, not terminated */
	int			length;			/* its bytes */
	const char *code;			/* unknown_placeholder, unclosed_placeholder, empty_placeholder */
	const char *nearest;		/* a known name that looks like it, or NULL */
} TemplateFault;

/*
 * Value of a placeholder: NULL if there is none.  The result is not terminated
 * and need only live until the next call.  key/keylen are set for attributes.
 */
typedef const char *(*PlaceholderLookup) (void *arg, Placeholder what,
										  const char *key, int keylen, int *len);

extern bool TemplateTextCheck(const char *text, int len, TemplateFault *fault);
extern char *TemplateFaultMessage(const TemplateFault *fault);
extern char *TemplateFaultDetail(const TemplateFault *fault);
extern char *TemplateFaultHint(const TemplateFault *fault);
extern void TemplateTextPattern(StringInfo out);
extern void TemplateTextBuffer(StringInfo out, int len);
extern void TemplateTextRender(StringInfo out, const char *text, int len,
							   TemplateMode mode, PlaceholderLookup lookup, void *arg);
extern const char *TemplateScalarText(JsonbContainer *object, const char *key,
									  int keylen, int *len);

#endif							/* CAMPAIGN_TEMPLATE_RENDER_H */
