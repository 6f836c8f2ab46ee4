/*
 * touch_message.c
 *		The rendered message of a touch, its links and its idempotency key.
 */
#include "postgres.h"

#include "fmgr.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "campaign.h"
#include "core/hashes.h"
#include "outreach/template_render.h"
#include "outreach/touch_queue.h"

/* What a lookup of placeholders needs. */
typedef struct MessageSource
{
	TouchBatch *batch;
	const TouchRow *row;
	const TouchFacts *facts;
	const TouchTenant *tenant;
	Jsonb	   *attributes;		/* of the contact, once one is asked for */
	const char *review;			/* links, likewise */
	const char *unsubscribe;
} MessageSource;

static const char *lookup(void *arg, Placeholder what, const char *key, int keylen, int *len);
static const char *link_text(const MessageSource *source, LinkKind kind, const char *path);
static char *render(const char *text, TemplateMode mode, MessageSource *source);

PG_FUNCTION_INFO_V1(campaign_touch_idempotency_key);

Datum
campaign_touch_idempotency_key(PG_FUNCTION_ARGS)
{
	TouchKey	touch = {0};
	pg_uuid_t  *key = palloc(sizeof(pg_uuid_t));

	touch.tenant = *PG_GETARG_UUID_P(0);
	touch.enrollment = *PG_GETARG_UUID_P(1);
	TouchIdempotencyKey(&touch, PG_GETARG_INT16(2), key);
	PG_RETURN_UUID_P(key);
}

/* Render a text in the current memory context; parts that it lacks are NULL. */
void
TouchMessageRender(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
				   const TouchText *text, TouchMessage *message)
{
	MessageSource source = {batch, row, facts, TouchBatchTenant(batch, &row->key.tenant)};

	message->subject = render(text->subject, TEMPLATE_LINE, &source);
	message->body = render(text->body, TEMPLATE_TEXT, &source);
	message->body_html = render(text->body_html, TEMPLATE_HTML, &source);
}

/* The subject: a mail header, so that a name cannot break the line. */
char *
TouchSubjectRender(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
				   const TouchText *text)
{
	MessageSource source = {batch, row, facts, TouchBatchTenant(batch, &row->key.tenant)};

	return render(text->subject, TEMPLATE_LINE, &source);
}

/*
 * The same for every attempt of a touch: a UUID of version 8 (RFC 9562) from
 * the SHA-256 of tenant, enrolment and touch number.
 */
void
TouchIdempotencyKey(const TouchKey *touch, int touch_number, pg_uuid_t *key)
{
	uint8		bytes[2 * UUID_LEN + sizeof(uint16)];
	uint8		digest[CAMPAIGN_HASH_BYTES];
	uint16		number = pg_hton16((uint16) touch_number);

	memcpy(bytes, touch->tenant.data, UUID_LEN);
	memcpy(bytes + UUID_LEN, touch->enrollment.data, UUID_LEN);
	memcpy(bytes + 2 * UUID_LEN, &number, sizeof(number));
	Sha256(bytes, sizeof(bytes), digest);
	memcpy(key->data, digest, UUID_LEN);
	key->data[6] = (key->data[6] & 0x0f) | 0x80;
	key->data[8] = (key->data[8] & 0x3f) | 0x80;
}

static char *
render(const char *text, TemplateMode mode, MessageSource *source)
{
	StringInfoData out;
	int			len;

	if (text == NULL)
		return NULL;
	len = strlen(text);
	TemplateTextBuffer(&out, len);
	TemplateTextRender(&out, text, len, mode, lookup, source);
	return out.data;
}

static const char *
lookup(void *arg, Placeholder what, const char *key, int keylen, int *len)
{
	MessageSource *source = arg;
	const char *value = NULL;

	switch (what)
	{
		case PLACEHOLDER_CONTACT_NAME:
			value = source->facts->name;
			break;
		case PLACEHOLDER_CONTACT_FIRST_NAME:
			value = source->facts->first_name;
			break;
		case PLACEHOLDER_CONTACT_LAST_NAME:
			value = source->facts->last_name;
			break;
		case PLACEHOLDER_CONTACT_ATTRIBUTE:
			if (source->attributes == NULL)
				source->attributes = DatumGetJsonbP(source->facts->attributes);
			return TemplateScalarText(&source->attributes->root, key, keylen, len);
		case PLACEHOLDER_TENANT_NAME:
			value = source->tenant->name;
			break;
		case PLACEHOLDER_TENANT_SENDER_NAME:
			value = source->tenant->sender_name;
			break;
		case PLACEHOLDER_JOB_SERVICE_TYPE:
			value = source->facts->service_type;
			break;
		case PLACEHOLDER_LINK_REVIEW:
			if (source->review == NULL)
				source->review = source->tenant->link_base_url ? link_text(source, LINK_REVIEW, "review") : source->tenant->review_url;
			value = source->review;
			break;
		case PLACEHOLDER_LINK_UNSUBSCRIBE:
			if (source->unsubscribe == NULL && source->tenant->link_base_url)
				source->unsubscribe = link_text(source, LINK_UNSUBSCRIBE, "unsubscribe");
			value = source->unsubscribe;
			break;
	}
	if (value)
		*len = strlen(value);
	return value;
}

/* link_base_url, what the link is for, and a signed token of what it is about. */
static const char *
link_text(const MessageSource *source, LinkKind kind, const char *path)
{
	LinkToken	token = {0};
	const LinkKey *key = TouchBatchLinkKey(source->batch, &source->row->key.tenant);
	const char *base = source->tenant->link_base_url;
	int			baselen = strlen(base);

	token.tenant = source->row->key.tenant;
	token.enrollment = source->row->key.enrollment;
	token.touch_number = source->row->touch_number;
	token.key_id = key->key_id;
	token.kind = kind;
	while (baselen > 0 && base[baselen - 1] == '/')
		baselen--;
	return psprintf("%.*s/%s/%s", baselen, base, path,
					LinkTokenEncode(&token, key->secret, sizeof(key->secret)));
}
