/*
 * touch_text.c
 *		Which text a touch has: what was written to its contact, or that of the
 *		plan.
 *
 * Messages are written to contacts that a campaign was assigned, and change
 * until they are sent.  So they are not kept, but read for each touch, with the
 * batch's snapshot: whoever edits or reviews a message of an enrolment holds
 * its queue row, and this one was taken when that row was locked.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "core/ids.h"
#include "core/statements.h"
#include "outreach/touch_queue.h"
#include "outreach/touch_tables.h"

/* a, b and c */
#define MAX_VARIANTS 3

/* A message that may be the one; its texts, which may be long, are read of the one that is. */
typedef struct Variant
{
	pg_uuid_t	message;
	MessageState state;
	TimestampTz changed_at;
	ItemPointerData place;
} Variant;

/* A message whose touch was sent. */
typedef struct SentMessage
{
	pg_uuid_t	tenant;
	pg_uuid_t	message;
	pg_uuid_t	enrollment;
	TimestampTz at;
} SentMessage;

static Statement messages_sent = {
	"SELECT campaign.messages_were_sent($1, $2, $3, $4)",
	NULL, {UUIDARRAYOID, UUIDARRAYOID, UUIDARRAYOID, TIMESTAMPTZARRAYOID}
};

static TimestampTz last_unchanged(const TouchBatch *batch, const TouchRow *row);
static int	read_variants(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
						  const TouchLane *lane, Variant *variants);
static bool has_messages(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts);
static MessageState message_state(const char *status);
static const Variant *choose_variant(const Variant *variants, int count, const pg_uuid_t *contact);
static const Variant *first_in_state(const Variant *variants, int count, MessageState state);
static TouchText *read_message(TouchBatch *batch, const Variant *variant, bool whole);
static Datum ids_of(const TouchBatch *batch, size_t place);

/*
 * The unrendered text of a row's touch, in the current memory context or the
 * batch's, and valid until that of another touch is asked for; with its
 * bodies, if the whole is asked for.  A message is found whatever its state:
 * the gate objects to one that may not be sent.
 *
 * Who has messages, but none for this touch, gets what was written for the
 * step, and nothing that nobody has looked at for this campaign.
 */
const TouchText *
TouchTextFind(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts, const TouchLane *lane, bool whole)
{
	static const TouchText nothing = {0};
	Variant		variants[MAX_VARIANTS];
	int			count = facts->is_assigned ? read_variants(batch, row, facts, lane, variants) : 0;
	TouchText  *text;

	if (count == 0)
	{
		text = TouchBatchText(batch, &row->key.tenant, facts, row->touch_number);
		return facts->is_assigned && text->is_default && has_messages(batch, row, facts) ? &nothing : text;
	}
	text = read_message(batch, choose_variant(variants, count, &facts->contact), whole);
	/* what is asked for as a whole is handed out by the caller, if at all */
	for (int i = 0; i < count && !whole; i++)
		text->is_newer = text->is_newer || variants[i].changed_at > last_unchanged(batch, row);
	return text;
}

/*
 * Until when messages cannot have changed since the row was claimed, by the
 * engine's clock.  Nobody changes one while the lease lasts; when it has ended,
 * its report may still come, and when the claim was may be known no more.
 */
static TimestampTz
last_unchanged(const TouchBatch *batch, const TouchRow *row)
{
	if (row->claimed_at != DT_NOBEGIN)
		return row->claimed_at;
	if (row->lease_until == DT_NOBEGIN)
		return DT_NOEND;
	return row->lease_until + (batch->now - GetCurrentTimestamp());
}

/*
 * A touch with this text was sent: so was the message, which the batch's end
 * writes.  One that is not approved any more, because its contact was excluded
 * or it was edited when the lease had ended, stays as it is, and so does one of
 * several of which another may have been handed out.  The caller holds
 * enrolment and queue row.
 */
void
TouchTextSent(TouchBatch *batch, const TouchRow *row, const TouchText *text, TimestampTz at)
{
	SentMessage *sent;

	if (text->message != MESSAGE_APPROVED || text->is_newer)
		return;
	if (batch->sent_size == 0)
	{
		batch->sent_size = 64;
		batch->sent = MemoryContextAlloc(batch->context, sizeof(SentMessage) * batch->sent_size);
	}
	else if (batch->nsent == batch->sent_size)
	{
		batch->sent_size *= 2;
		batch->sent = repalloc(batch->sent, mul_size(sizeof(SentMessage), batch->sent_size));
	}
	sent = &batch->sent[batch->nsent++];
	sent->tenant = row->key.tenant;
	sent->message = text->message_id;
	sent->enrollment = row->key.enrollment;
	sent->at = at;
}

/* Write what was sent: messages are locked last of all. */
void
TouchTextFlush(TouchBatch *batch)
{
	Datum		values[4];
	Datum	   *times;

	if (batch->nsent == 0)
		return;
	times = palloc(sizeof(Datum) * batch->nsent);
	for (int i = 0; i < batch->nsent; i++)
		times[i] = TimestampTzGetDatum(batch->sent[i].at);
	values[0] = ids_of(batch, offsetof(SentMessage, tenant));
	values[1] = ids_of(batch, offsetof(SentMessage, message));
	values[2] = ids_of(batch, offsetof(SentMessage, enrollment));
	values[3] = PointerGetDatum(construct_array(times, batch->nsent, TIMESTAMPTZOID, sizeof(TimestampTz),
												FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	StatementRun(&messages_sent, values, NULL);
	SPI_freetuptable(SPI_tuptable);
	batch->nsent = 0;
}

/* The ids at a place of what was sent: uuid[]. */
static Datum
ids_of(const TouchBatch *batch, size_t place)
{
	pg_uuid_t  *ids = palloc(sizeof(pg_uuid_t) * batch->nsent);

	for (int i = 0; i < batch->nsent; i++)
		memcpy(&ids[i], (const char *) &batch->sent[i] + place, UUID_LEN);
	return PointerGetDatum(UuidArrayMake(ids, batch->nsent));
}

/*
 * What was written to the contact for the touch, in the order of the variants.
 * A plan that came later may use another channel there, for which it is not
 * meant.
 */
static int
read_variants(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
			  const TouchLane *lane, Variant *variants)
{
	TableAccess *table = TableOpen(batch->tables, &TouchMessages, false);
	Datum		keys[4];
	int			count = 0;
	bool		isnull;
	bool		found;

	keys[0] = UUIDPGetDatum(&row->key.tenant);
	keys[1] = UUIDPGetDatum(&facts->campaign);
	keys[2] = UUIDPGetDatum(&facts->contact);
	keys[3] = Int16GetDatum(row->touch_number);
	found = TableFind(table, MESSAGE_BY_PLACE, keys);
	while (found && count < MAX_VARIANTS)
	{
		if (strcmp(TableText(table, MESSAGE_CHANNEL), lane->channel) == 0)
		{
			Variant    *variant = &variants[count++];

			variant->message = *DatumGetUUIDP(TableDatum(table, MESSAGE_ID, &isnull));
			variant->state = message_state(TableText(table, MESSAGE_STATUS));
			variant->changed_at = DatumGetTimestampTz(TableDatum(table, MESSAGE_CHANGED_AT, &isnull));
			variant->place = *TablePlace(table);
		}
		found = TableNext(table);
	}
	TableForget(table);
	return count;
}

/* Was anything written to the contact for any touch of the campaign? */
static bool
has_messages(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts)
{
	TableAccess *table = TableOpen(batch->tables, &TouchMessages, false);
	Datum		keys[3];
	bool		found;

	keys[0] = UUIDPGetDatum(&row->key.tenant);
	keys[1] = UUIDPGetDatum(&facts->campaign);
	keys[2] = UUIDPGetDatum(&facts->contact);
	found = TableFind(table, MESSAGE_OF_CONTACT, keys);
	TableForget(table);
	return found;
}

/* The bodies of what is not sent are of no use. */
static TouchText *
read_message(TouchBatch *batch, const Variant *variant, bool whole)
{
	TableAccess *table = TableOpen(batch->tables, &TouchMessages, false);
	TouchText  *text = palloc0(sizeof(TouchText));
	ItemPointerData place = variant->place;

	if (!TableFetch(table, &place))
		elog(ERROR, "message that was just read is gone");
	text->message_id = variant->message;
	text->message = variant->state;
	text->subject = TableText(table, MESSAGE_SUBJECT);
	if (whole && variant->state == MESSAGE_APPROVED)
	{
		text->body = TableText(table, MESSAGE_BODY);
		text->body_html = TableText(table, MESSAGE_BODY_HTML);
	}
	TableForget(table);
	return text;
}

static MessageState
message_state(const char *status)
{
	if (strcmp(status, "draft") == 0)
		return MESSAGE_DRAFT;
	if (strcmp(status, "approved") == 0)
		return MESSAGE_APPROVED;
	return strcmp(status, "rejected") == 0 ? MESSAGE_REJECTED : MESSAGE_SENT;
}

/*
 * Which variant a contact gets, as campaign.contact_variant() says too: what
 * was sent already, else the one that its id stands for, else, where that was
 * rejected, the first that is approved or may become so.
 */
static const Variant *
choose_variant(const Variant *variants, int count, const pg_uuid_t *contact)
{
	uint64		hash = DatumGetUInt64(DirectFunctionCall2(uuid_hash_extended, UUIDPGetDatum(contact), Int64GetDatum(0)));
	const Variant *own = &variants[(hash & PG_INT64_MAX) % count];
	const Variant *choice = first_in_state(variants, count, MESSAGE_SENT);

	if (choice == NULL && own->state == MESSAGE_REJECTED)
		choice = first_in_state(variants, count, MESSAGE_APPROVED);
	if (choice == NULL && own->state == MESSAGE_REJECTED)
		choice = first_in_state(variants, count, MESSAGE_DRAFT);
	return choice ? choice : own;
}

static const Variant *
first_in_state(const Variant *variants, int count, MessageState state)
{
	for (int i = 0; i < count; i++)
	{
		if (variants[i].state == state)
			return &variants[i];
	}
	return NULL;
}
