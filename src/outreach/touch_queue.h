/*
 * touch_queue.h
 *		The queue of due touches: its rows, and the parts of the engine that
 *		work on them.
 *
 * touch_scan     which touches are due, and whose turn it is; lane_ring
 *                reads the lanes for it
 * touch_storage  how rows are locked and written
 * touch_plan     what a batch knows of lanes, plans, texts and tenants
 * touch_text     the text of a touch: the plan's, or what was written to the contact
 * touch_facts    what is known of one touch, read after its row is locked
 * touch_gate     may it be sent
 * touch_outcome  what an outcome does to log, queue and enrolment
 * touch_message  the rendered message
 * touch_claim, touch_lease, touch_report   the SQL functions of workers
 * touch_explain  why a touch waits
 *
 * All of them run inside the SPI connection of the SQL function.
 */
#ifndef CAMPAIGN_TOUCH_QUEUE_H
#define CAMPAIGN_TOUCH_QUEUE_H

#include "datatype/timestamp.h"
#include "storage/itemptr.h"
#include "utils/date.h"
#include "utils/hsearch.h"
#include "utils/uuid.h"

#include "core/table_access.h"
#include "outreach/links.h"

/* Most touches that one claim may take, and how many more rows it may look at. */
#define CAMPAIGN_MAX_CLAIM 10000
#define CAMPAIGN_CLAIM_EXAMINES 10

/* Longest name of a worker and of a service type, in bytes with the terminator. */
#define CAMPAIGN_MAX_WORKER 200
#define CAMPAIGN_SERVICE_BYTES 256

/* Bits of touch_queue.flags. */
#define TOUCH_BEGUN		1		/* begin_send answered go */
#define TOUCH_STOPPED	2		/* the enrolment was stopped under the lease */

typedef struct TouchKey
{
	pg_uuid_t	tenant;
	pg_uuid_t	enrollment;
	TimestampTz due_at;			/* the engine's clock, as scheduled_at and claimed_at */
	int32		lane;
	ItemPointerData tid;		/* where a search has found the row, a hint; else not valid */
} TouchKey;

typedef struct TouchRow
{
	TouchKey	key;
	TimestampTz scheduled_at;
	TimestampTz lease_until;	/* the wall clock */
	TimestampTz claimed_at;
	int64		fence;
	int64		worker_id;
	int16		touch_number;
	int16		attempt;
	int16		attempt_base;
	int16		resume_touch;
	int16		flags;
	bool		rescheduled;	/* was too late once, and is not asked again */
	struct
	{
		TimestampTz due_at;
		TimestampTz lease_until;
		int64		fence;
		int32		lane;
	}			stored;			/* what lies in the table: touch_storage's own */
} TouchRow;

/* A lease that a claim gives. */
typedef struct TouchLease
{
	int64		length;			/* microseconds */
	int64		worker_id;
	bool		begin_now;
} TouchLease;

/* What a lease token says. */
typedef struct TouchToken
{
	TouchKey	key;
	int64		fence;
	int16		touch_number;
	int16		attempt;
} TouchToken;

/* What a resumed lane does with what was due before (lanes.resume_policy). */
typedef enum ResumePolicy
{
	RESUME_KEEP,				/* goes out spread over a time */
	RESUME_SHIFT,				/* nothing: all of the lane moved by the pause */
	RESUME_BUMP					/* is due its own delay after the resume */
} ResumePolicy;

/*
 * Due times in the queue are earlier than the real ones by the lane's shift;
 * TouchRow has them as they lie in the queue.
 */
typedef struct TouchLane
{
	struct
	{
		pg_uuid_t	tenant;
		int32		lane;
	}			key;
	pg_uuid_t	campaign;
	char	   *channel;
	Datum		channel_datum;	/* text */
	int			address_column;	/* of TouchContacts */
	bool		has_body;
	bool		needs_opt_in;	/* else: not opted out is enough */
	bool		retries_uncertain;
	ResumePolicy resume_policy;
	TimestampTz resumed_at;
	int64		spread;			/* microseconds, as the next three */
	int64		shift;
	int64		quiet_from;		/* of the channel, since midnight */
	int64		quiet_until;
	int64		contact_interval;	/* between two touches of one contact */
	bool		capped;			/* the tenant's sends on the channel are counted */
} TouchLane;

/* What is asked of a campaign for each touch, as of one snapshot. */
typedef struct TouchCampaign
{
	struct
	{
		pg_uuid_t	tenant;
		pg_uuid_t	campaign;
	}			key;
	uint64		epoch;			/* of the batch's tables */
	bool		running;
	char	   *service_type;	/* NULL: none */
	bool		is_assigned;	/* it works on assigned contacts, who may have messages */
} TouchCampaign;

/* What a tenant may have none of, as of one snapshot: then no touch is asked about it. */
typedef struct TouchTenantState
{
	pg_uuid_t	tenant;
	uint64		epoch;			/* of the batch's tables */
	bool		has_consents;	/* that were given or taken back; may be true without any */
	bool		has_suppressions;	/* the same */
	bool		has_erased;		/* hashed addresses of erased contacts */
	bool		has_unmatched;	/* events whose message is not known yet */
} TouchTenantState;

typedef enum PlanCondition
{
	CONDITION_ALWAYS,
	CONDITION_NO_RESPONSE,
	CONDITION_OPENED_NOT_REPLIED
} PlanCondition;

typedef enum PlanLate
{
	LATE_SEND,
	LATE_SKIP,
	LATE_RESCHEDULE
} PlanLate;

typedef struct PlanTouch
{
	int32		lane;
	int64		delay;			/* microseconds after the touch before */
	bool		stop_on_failure;
	bool		needs_pdf;
	PlanCondition condition;
	PlanLate	late;			/* what becomes of it after max_lateness */
	int64		max_lateness;	/* microseconds; LATE_SEND where there is none */
	Datum		attachments;	/* uuid[] */
	Datum		config;			/* jsonb */
} PlanTouch;

typedef struct TouchPlan
{
	struct
	{
		pg_uuid_t	tenant;
		pg_uuid_t	campaign;
		int32		version;
	}			key;
	int			ntouches;
	PlanTouch  *touches;		/* touch n is touches[n - 1] */
	int			max_attempts;
	int64		min_gap;		/* microseconds */
} TouchPlan;

typedef struct TouchTenant
{
	pg_uuid_t	id;
	char	   *name;
	char	   *sender_name;
	char	   *review_url;
	char	   *link_base_url;
	char	   *timezone;
	bool		has_quiet_hours;	/* of its own */
	int64		quiet_from;
	int64		quiet_until;
	int			nblackouts;
	DateADT    *blackouts;		/* sorted */
	bool		has_consents;	/* had some, when it was asked: it is not asked again */
	bool		has_suppressions;
	bool		has_link_key;	/* it has been read */
	LinkKey		link_key;
} TouchTenant;

/* Whether a text is a message that was written to the contact, and may be sent. */
typedef enum MessageState
{
	MESSAGE_NONE,				/* the text is the plan's */
	MESSAGE_DRAFT,
	MESSAGE_APPROVED,
	MESSAGE_REJECTED,
	MESSAGE_SENT				/* by a person, or before */
} MessageState;

typedef struct TouchText
{
	struct
	{
		pg_uuid_t	tenant;
		pg_uuid_t	campaign;
		int32		version;
		int32		touch_number;
		char		service[CAMPAIGN_SERVICE_BYTES];
	}			key;
	bool		has_template;
	pg_uuid_t	template_id;
	bool		is_default;		/* written for the channel, not for the step */
	MessageState message;
	pg_uuid_t	message_id;		/* of a message */
	bool		is_newer;		/* than the claim: another may have been handed out */
	char	   *subject;
	char	   *body;			/* of a message only where TouchTextFind() was asked for it */
	char	   *body_html;
} TouchText;

/* One call: its time, and what it has looked up. */
typedef struct TouchBatch
{
	MemoryContext context;		/* what is looked up lives as long as the call */
	TimestampTz now;			/* the engine's clock */
	TableSet   *tables;			/* of the present subtransaction */
	bool		has_locked_tenant;	/* there */
	pg_uuid_t	locked_tenant;
	HTAB	   *lanes;
	HTAB	   *campaigns;
	HTAB	   *tenant_states;
	struct TouchCache *cache;	/* what is kept from call to call, see touch_plan.c */
	struct TouchPlan *last_plan;	/* what was asked for last, or NULL */
	struct TouchText *last_text;
	const TouchRow *undecided;	/* what a claim has taken and will decide next */
	int			nundecided;
	struct TouchCounts *counts;	/* what the call has to count, see touch_counts.h */
	struct SentMessage *sent;	/* what touch_text.c has to write at the end */
	int			nsent;
	int			sent_size;
} TouchBatch;

typedef struct TouchFacts
{
	bool		live;			/* the enrolment is active */
	const char *enrollment_status;	/* static */
	bool		campaign_running;
	bool		contact_archived;
	bool		contact_erased;
	bool		suppressed;
	bool		opted_in;
	bool		opted_out;
	bool		job_cancelled;
	bool		is_assigned;	/* of a campaign that works on assigned contacts */
	bool		has_job;
	bool		exclusive;		/* the contact's only live enrolment */
	bool		has_quiet_hours;	/* the contact's own */
	int64		quiet_from;
	int64		quiet_until;
	int64		base_shift;		/* the lanes' shift when it began */
	TimestampTz enrolled_at;
	char	   *event_stop;		/* why an event that came before its report stops it; NULL: none */
	char	   *timezone;		/* of the contact; NULL: none */
	int32		plan_version;
	pg_uuid_t	campaign;
	pg_uuid_t	contact;
	pg_uuid_t	job;
	TimestampTz first_scheduled_at;
	char	   *address;		/* NULL: the contact has none for the channel */
	char	   *first_name;
	char	   *last_name;
	char	   *name;
	char	   *service_type;
	Datum		attributes;		/* jsonb */
	const TouchText *text;		/* set by who asks the whole gate; else NULL */
} TouchFacts;

typedef enum GateOutcome
{
	GATE_DELIVER,
	GATE_HOLD,					/* not now, nor the others of its lane */
	GATE_DEFER,					/* not before a later time */
	GATE_SKIP,					/* this touch never; the sequence goes on */
	GATE_STOP					/* the sequence ends */
} GateOutcome;

typedef struct GateVerdict
{
	GateOutcome outcome;
	const char *reason;			/* NULL to deliver */
	TimestampTz until;			/* when a held or deferred touch is looked at again */
	bool		reschedules;	/* a late touch gets another time, once */
} GateVerdict;

/* What is asked about: all but the facts' own context is the batch's. */
typedef struct GateInput
{
	TouchBatch *batch;
	const TouchRow *row;
	const TouchFacts *facts;
	const TouchLane *lane;
	const PlanTouch *touch;
	/* is there room under the caps?  NULL: it has been taken already */
	bool		(*has_room) (void *arg, const struct GateInput *input, TimestampTz *until);
	void	   *room_arg;
} GateInput;

typedef enum GateStage
{
	GATE_AT_CLAIM,				/* every check */
	GATE_AT_BEGIN				/* those that a claim's answer may have changed since */
} GateStage;

typedef enum TouchStatus
{
	TOUCH_SENT,
	TOUCH_FAILED,
	TOUCH_SKIPPED
} TouchStatus;

/* As send_logs and touch_result spell them. */
extern const char *const TouchStatusNames[TOUCH_SKIPPED + 1];

/* What became of an attempt. Texts may be NULL. */
typedef struct TouchOutcome
{
	TouchStatus status;
	bool		permanent;
	TimestampTz at;				/* of a send */
	const char *provider_id;
	const char *error;
	const char *reason;
	bool		has_metadata;
	Datum		metadata;		/* jsonb */
} TouchOutcome;

/* What the outcome did. */
typedef struct TouchSettled
{
	bool		logged_only;	/* the enrolment had been stopped */
	bool		again;			/* it failed, and is tried again */
	const char *enrollment_status;	/* static */
	bool		has_next;
	TimestampTz next_due_at;
} TouchSettled;

/* What the log has of an enrolment, about one of its touches. */
typedef struct TouchHistory
{
	int16		last_attempt;	/* of the touch; 0: none */
	TimestampTz last_sent;		/* of any; DT_NOBEGIN: none */
	TimestampTz scheduled_before;	/* of the touch before it, which has its turn behind it */
} TouchHistory;

typedef struct TouchMessage
{
	char	   *subject;
	char	   *body;
	char	   *body_html;
} TouchMessage;

/* Restrictions of a claim: NULL datums where absent. */
typedef struct TouchFilter
{
	bool		has_tenants;
	bool		has_channels;
	bool		has_campaign;
	Datum		tenants;		/* uuid[] */
	Datum		channels;		/* text[] */
	Datum		campaign;		/* uuid */
} TouchFilter;

/* What a claim has looked at: enrolments, and lanes that hold all they have. */
typedef struct TouchSeen
{
	pg_uuid_t  *enrollments;
	int			nenrollments;
	int			size;			/* of the array */
	pg_uuid_t  *lane_tenants;
	int32	   *lanes;
	int			nlanes;
	int			lanes_size;
} TouchSeen;

/* touch_queue.c */
extern void TouchQueueInit(void);
extern char *TouchTokenEncode(const TouchToken *token);
extern bool TouchTokenDecode(const char *text, int len, TouchToken *token);
extern void TouchTokenRequire(const text *arg, TouchToken *token);
extern void TouchTokenOfRow(const TouchRow *row, TouchToken *token);

/* touch_scan.c */
typedef struct TouchScan TouchScan;
extern int	StorageFindDue(TouchScan *scan, TimestampTz wall, int limit,
						   const TouchSeen *seen, TouchKey *keys);

/* touch_storage.c */
extern bool StorageTakeDue(const TouchBatch *batch, const TouchKey *key, TimestampTz now,
						   const TouchLease *lease, TouchRow *row);
extern bool StorageIsLeasedAhead(const TouchRow *row);
extern void StorageLease(const TouchBatch *batch, const TouchLease *lease, TouchRow *row);
extern bool StorageReadRow(const TouchBatch *batch, const pg_uuid_t *tenant,
						   const pg_uuid_t *enrollment, TouchRow *row);
extern bool StorageLockToken(const TouchBatch *batch, const TouchToken *token, TouchRow *row);
extern bool StorageLockTenant(TouchBatch *batch, const pg_uuid_t *tenant, bool wait);
extern bool StorageLockEnrollment(const TouchBatch *batch, const TouchKey *key, bool wait);
extern bool StorageLockFreeContact(const TouchBatch *batch, const pg_uuid_t *tenant,
								   const pg_uuid_t *contact);
extern void StorageUpdate(const TouchBatch *batch, TouchRow *row);
extern void StorageDelete(const TouchBatch *batch, const TouchRow *row);
extern int	StorageSweepStopped(TimestampTz wall, int limit);
extern void StorageLog(const TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
					   const TouchLane *lane, const TouchText *text, const char *subject,
					   const TouchOutcome *outcome, bool is_final, bool advanced);
extern void StorageFlushLog(const TouchBatch *batch);
extern void StorageHistory(const TouchBatch *batch, const TouchKey *key, int touch_number,
						   TouchHistory *history);
extern void StorageEndEnrollment(const TouchKey *key, const char *stop_reason, TimestampTz now);
extern int64 StorageWorker(const char *name);

/* touch_plan.c */
extern void TouchBatchInit(TouchBatch *batch);
extern void TouchBatchBegin(TouchBatch *batch);
extern void TouchBatchEnd(TouchBatch *batch);
extern TouchLane *TouchBatchLane(TouchBatch *batch, const pg_uuid_t *tenant, int32 lane);
extern TouchCampaign *TouchBatchCampaign(TouchBatch *batch, const pg_uuid_t *tenant,
										 const pg_uuid_t *campaign);
extern TouchTenantState *TouchBatchState(TouchBatch *batch, const pg_uuid_t *tenant);
extern TouchPlan *TouchBatchPlan(TouchBatch *batch, const pg_uuid_t *tenant,
								 const pg_uuid_t *campaign, int32 version);
extern const PlanTouch *TouchPlanTouch(const TouchPlan *plan, int touch_number);
extern TouchTenant *TouchBatchTenant(TouchBatch *batch, const pg_uuid_t *tenant);
extern const LinkKey *TouchBatchLinkKey(TouchBatch *batch, const pg_uuid_t *tenant);
extern TouchText *TouchBatchText(TouchBatch *batch, const pg_uuid_t *tenant, const TouchFacts *facts,
								 int touch_number);

/* touch_text.c */
extern const TouchText *TouchTextFind(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
									  const TouchLane *lane, bool whole);
extern void TouchTextSent(TouchBatch *batch, const TouchRow *row, const TouchText *text, TimestampTz at);
extern void TouchTextFlush(TouchBatch *batch);

/* touch_facts.c */
extern void TouchFactsExpect(TouchBatch *batch, const TouchRow *rows, int n);
extern bool TouchFactsRead(TouchBatch *batch, const TouchRow *row, const TouchLane *lane, TouchFacts *facts);
extern bool TouchFactsLock(TouchBatch *batch, const TouchKey *key, TouchFacts *facts);
extern bool TouchFactsReadContact(TouchBatch *batch, const TouchRow *row, const TouchLane *lane,
								  TouchFacts *facts);
extern bool TouchProvedSent(const TouchRow *row, TouchOutcome *outcome);
extern bool TouchConditionHolds(const TouchRow *row, PlanCondition condition);
extern TimestampTz TouchLastToContact(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
									  const TouchLane *lane);

/* touch_gate.c */
extern GateVerdict TouchGate(const GateInput *input, GateStage stage);
extern int	TouchGateChecks(void);
extern GateVerdict TouchGateCheck(const GateInput *input, int check, const char **name);

/* touch_message.c */
extern void TouchMessageRender(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
							   const TouchText *text, TouchMessage *message);
extern char *TouchSubjectRender(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
								const TouchText *text);
extern void TouchIdempotencyKey(const TouchKey *touch, int touch_number, pg_uuid_t *key);

/* touch_outcome.c */
extern void TouchSettle(TouchBatch *batch, TouchRow *row, const TouchFacts *facts,
						const TouchLane *lane, const TouchOutcome *outcome, TouchSettled *settled);
extern void TouchEndLease(TouchRow *row);
extern void TouchEndEnrollment(TouchBatch *batch, const TouchRow *row, const TouchFacts *facts,
							   const char *stop_reason);
extern TimestampTz TouchQueueTime(TimestampTz at, const TouchLane *lane);
extern TimestampTz TouchRealTime(TimestampTz at, const TouchLane *lane);

#endif							/* CAMPAIGN_TOUCH_QUEUE_H */
