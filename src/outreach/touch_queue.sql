-- The queue: one narrow row for the next touch of each live enrolment, and the workers that lease them.

CREATE TABLE campaign.workers (
  id            bigint NOT NULL,
  name          text NOT NULL,
  first_seen_at timestamptz NOT NULL,
  last_seen_at  timestamptz NOT NULL DEFAULT '-infinity',
  CONSTRAINT workers_pkey PRIMARY KEY (id),
  CONSTRAINT workers_name_check CHECK (name COLLATE "C" ~ '\S' AND pg_catalog.octet_length(name) <= 199)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.workers', '');

-- Rows are updated in place for a lease (HOT: no leased column is indexed) and move in the one
-- index when the next touch takes their place. Half of each page is left for that.
CREATE TABLE campaign.touch_queue (
  tenant_id     uuid NOT NULL,
  enrollment_id uuid NOT NULL,
  due_at        timestamptz NOT NULL,
  scheduled_at  timestamptz NOT NULL,
  lease_until   timestamptz NOT NULL DEFAULT '-infinity',
  claimed_at    timestamptz NOT NULL DEFAULT '-infinity',
  fence         bigint NOT NULL DEFAULT 0,
  worker_id     bigint NOT NULL DEFAULT 0,
  lane          integer NOT NULL,
  touch_number  smallint NOT NULL,
  attempt       smallint NOT NULL DEFAULT 0,
  attempt_base  smallint NOT NULL DEFAULT 0,
  resume_touch  smallint NOT NULL DEFAULT 0,
  flags         smallint NOT NULL DEFAULT 0,
  rescheduled   boolean NOT NULL DEFAULT false,
  CONSTRAINT touch_queue_pkey PRIMARY KEY (tenant_id, lane, due_at, enrollment_id),
  CONSTRAINT touch_queue_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT touch_queue_touch_number_check CHECK (touch_number BETWEEN 1 AND 50),
  CONSTRAINT touch_queue_flags_check CHECK (flags BETWEEN 0 AND 3)
) WITH (fillfactor = 50);
-- the way of a stop to its row, and the proof that an enrolment has one next touch
CREATE UNIQUE INDEX touch_queue_enrollment_key ON campaign.touch_queue (tenant_id, enrollment_id);
-- what is out of the claims' way: stopped under a lease, or uncertain
CREATE INDEX touch_queue_aside_idx ON campaign.touch_queue (tenant_id, enrollment_id) WHERE due_at = 'infinity';
SELECT pg_catalog.pg_extension_config_dump('campaign.touch_queue', '');

CREATE FUNCTION campaign.notify_due(due_at timestamptz) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_notify_due';
COMMENT ON FUNCTION campaign.notify_due(timestamptz) IS
'Internal: notifies campaign_due, without payload, if the time is within campaign.notify_horizon. Returns whether it did.';

CREATE FUNCTION campaign.notify_campaign_due(tenant uuid, campaign uuid) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT campaign.notify_due(min(first.due_at + l.shift))
    FROM campaign.lanes l
   CROSS JOIN LATERAL (SELECT min(q.due_at) AS due_at FROM campaign.touch_queue q WHERE q.tenant_id = $1 AND q.lane = l.lane) first
   WHERE l.tenant_id = $1 AND l.campaign_id = $2;
END;
COMMENT ON FUNCTION campaign.notify_campaign_due(uuid, uuid) IS
'Internal: wakes workers for the lanes of a campaign that was launched or resumed.';

-- Functions of workers plan for tables that grow between two ANALYZEs: never by reading all of one, and not with a compiler for a few rows.
CREATE FUNCTION campaign.claim_due_touches(worker text, max_touches integer DEFAULT 100, lease interval DEFAULT '5 minutes',
  tenants uuid[] DEFAULT NULL, channels text[] DEFAULT NULL, begin_now boolean DEFAULT false,
  OUT tenant_id uuid, OUT enrollment_id uuid, OUT campaign_id uuid, OUT contact_id uuid, OUT job_id uuid,
  OUT touch_number smallint, OUT channel text, OUT address text, OUT subject text, OUT body text, OUT body_html text,
  OUT sender_name text, OUT needs_pdf boolean, OUT attachments uuid[], OUT config jsonb, OUT scheduled_at timestamptz, OUT due_at timestamptz, OUT attempt smallint,
  OUT lease_token text, OUT lease_until timestamptz, OUT idempotency_key uuid)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_claim_due_touches';
COMMENT ON FUNCTION campaign.claim_due_touches(text, integer, interval, uuid[], text[], boolean) IS
'Leases up to max_touches (1 to 10000) due touches to a worker, oldest first and fair between tenants, and returns everything that a sender needs. Takes effect at commit: send only after it. tenants and channels restrict what is claimed; begin_now also begins each send, for a worker that prefers at most once. Raises 22023 for a bad argument, 25000 above READ COMMITTED, 25006 on a standby.';

CREATE FUNCTION campaign.claim_campaign_touches(worker text, max_touches integer, campaign uuid,
  OUT tenant_id uuid, OUT enrollment_id uuid, OUT campaign_id uuid, OUT contact_id uuid, OUT job_id uuid,
  OUT touch_number smallint, OUT channel text, OUT address text, OUT subject text, OUT body text, OUT body_html text,
  OUT sender_name text, OUT needs_pdf boolean, OUT attachments uuid[], OUT config jsonb, OUT scheduled_at timestamptz, OUT due_at timestamptz, OUT attempt smallint,
  OUT lease_token text, OUT lease_until timestamptz, OUT idempotency_key uuid)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_claim_campaign_touches';
COMMENT ON FUNCTION campaign.claim_campaign_touches(text, integer, uuid) IS
'Internal: claim_due_touches() for one campaign, for simulate().';

CREATE FUNCTION campaign.begin_send(lease_token text) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_begin_send';
COMMENT ON FUNCTION campaign.begin_send(text) IS
'The point of no return between claim and report: checks everything once more and answers go, stopped, paused, suppressed or lease_lost. Only go may send, and only after the commit. Any other answer gives the lease back. Raises 22023 for what is no token, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.extend_lease(lease_token text, lease interval) RETURNS timestamptz
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_extend_lease';
COMMENT ON FUNCTION campaign.extend_lease(text, interval) IS
'Makes a live lease last for the given time from now; returns its new end. Raises CP004 if the lease is lost or has ended, 22023 for what is no token.';

CREATE FUNCTION campaign.release_touch(lease_token text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_release_touch';
COMMENT ON FUNCTION campaign.release_touch(text) IS
'Gives a touch that was not sent back to the queue, due as before, the attempt not counted. Raises CP004 if the lease is lost, 22023 for what is no token.';

CREATE TYPE campaign.touch_result AS (
  lease_token text,
  outcome     text,
  provider_id text,
  error       text,
  permanent   boolean,
  reason      text,
  at          timestamptz,
  metadata    jsonb
);
COMMENT ON TYPE campaign.touch_result IS
'One item of campaign.report_touches(): the token, outcome sent, failed or skipped, and what belongs to it: provider_id (sent), error and permanent (failed), reason (skipped), the time it happened (default now) and metadata.';

CREATE FUNCTION campaign.report_touches(results campaign.touch_result[],
  OUT lease_token text, OUT result text, OUT enrollment_status text, OUT next_due_at timestamptz)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_report_touches';
COMMENT ON FUNCTION campaign.report_touches(campaign.touch_result[]) IS
'Reports a batch: for each item, in its order, the result ok, logged (stopped meanwhile: logged, nothing advanced), lease_lost or invalid, the enrolment''s status and when its next touch is due. One bad item never spoils the others; the same report twice gives the same answer.';

CREATE FUNCTION campaign.complete_touch(token text, provider_id text DEFAULT NULL, at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
  OUT lease_token text, OUT result text, OUT enrollment_status text, OUT next_due_at timestamptz)
RETURNS record
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT r.* FROM campaign.report_touches(ARRAY[ROW($1, 'sent', $2, NULL, NULL, NULL, $3, $4)::campaign.touch_result]) r $$;
COMMENT ON FUNCTION campaign.complete_touch(text, text, timestamptz, jsonb) IS
'Reports a touch as sent, with the provider''s id of the message and the time it was sent (default now); answers as report_touches() does.';

CREATE FUNCTION campaign.fail_touch(token text, error text, permanent boolean DEFAULT false, at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
  OUT lease_token text, OUT result text, OUT enrollment_status text, OUT next_due_at timestamptz)
RETURNS record
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT r.* FROM campaign.report_touches(ARRAY[ROW($1, 'failed', NULL, $2, $3, NULL, $4, $5)::campaign.touch_result]) r $$;
COMMENT ON FUNCTION campaign.fail_touch(text, text, boolean, timestamptz, jsonb) IS
'Reports a touch as not sent: it is tried again after 1, 5 and 15 minutes until the campaign''s max_attempts, or, if permanent, counts as failed at once; answers as report_touches() does.';

CREATE FUNCTION campaign.skip_touch(token text, reason text, at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
  OUT lease_token text, OUT result text, OUT enrollment_status text, OUT next_due_at timestamptz)
RETURNS record
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT r.* FROM campaign.report_touches(ARRAY[ROW($1, 'skipped', NULL, NULL, NULL, $2, $3, $4)::campaign.touch_result]) r $$;
COMMENT ON FUNCTION campaign.skip_touch(text, text, timestamptz, jsonb) IS
'Reports that a touch can never be sent, with the reason; the sequence goes on. Answers as report_touches() does.';

CREATE FUNCTION campaign.resolve_uncertain(token text, outcome text, note text DEFAULT NULL, provider_id text DEFAULT NULL,
  OUT lease_token text, OUT result text, OUT enrollment_status text, OUT next_due_at timestamptz)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_touch record;
BEGIN
  IF outcome IS NULL OR outcome NOT IN ('sent', 'failed', 'skipped', 'retry') THEN
    RAISE EXCEPTION 'invalid outcome %', coalesce(quote_literal(outcome), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'An uncertain touch was sent, failed or skipped, or is to be tried again (retry).',
            HINT = 'Ask the provider what became of the message.';
  END IF;
  SELECT u.tenant_id, u.enrollment_id INTO found_touch
    FROM campaign.decode_touch_token(token) d
    JOIN campaign.touch_queue q ON q.tenant_id = d.tenant_id AND q.enrollment_id = d.enrollment_id AND q.fence = d.fence
    JOIN campaign.uncertain_touches u ON u.tenant_id = q.tenant_id AND u.enrollment_id = q.enrollment_id
   WHERE d.tenant_id = ANY (campaign.writable_tenants());
  IF NOT FOUND THEN
    RAISE EXCEPTION 'uncertain touch does not exist'
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No touch that you may settle is uncertain under this token.',
            HINT = 'See campaign.uncertain_touches for what is open.';
  END IF;
  IF outcome = 'retry' THEN
    PERFORM campaign.release_touch(token);
    SELECT e.status INTO enrollment_status FROM campaign.campaign_enrollments e
     WHERE e.tenant_id = found_touch.tenant_id AND e.id = found_touch.enrollment_id;
    SELECT q.due_at + l.shift INTO next_due_at
      FROM campaign.touch_queue q JOIN campaign.lanes l ON l.tenant_id = q.tenant_id AND l.lane = q.lane
     WHERE q.tenant_id = found_touch.tenant_id AND q.enrollment_id = found_touch.enrollment_id;
    lease_token := token;
    result := CASE enrollment_status WHEN 'active' THEN 'ok' ELSE 'logged' END;
  ELSE
    SELECT r.* INTO lease_token, result, enrollment_status, next_due_at
      FROM campaign.report_touches(ARRAY[ROW(token, outcome, provider_id,
             CASE outcome WHEN 'failed' THEN coalesce(note, 'resolved as failed') END, true,
             CASE outcome WHEN 'skipped' THEN coalesce(note, 'resolved as skipped') WHEN 'sent' THEN note END, NULL, NULL)::campaign.touch_result]) r;
  END IF;
END $$;
COMMENT ON FUNCTION campaign.resolve_uncertain(text, text, text, text) IS
'Settles a touch whose lease ended after begin_send and before its report (campaign.uncertain_touches): outcome sent, failed, skipped, or retry, with a note that is logged and, for what was sent, the provider''s id of the message, by which later events find it. Answers as report_touches() does. Raises 22023 for an unknown outcome or what is no token, P0002 if no touch of yours is uncertain under this token.';

CREATE FUNCTION campaign.touch_token(tenant uuid, lane integer, due_at timestamptz, enrollment uuid, touch smallint, attempt smallint, fence bigint)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_touch_token';
COMMENT ON FUNCTION campaign.touch_token(uuid, integer, timestamptz, uuid, smallint, smallint, bigint) IS
'The lease token of a queue row.';

CREATE FUNCTION campaign.decode_touch_token(token text,
  OUT tenant_id uuid, OUT enrollment_id uuid, OUT touch_number smallint, OUT attempt smallint, OUT fence bigint)
RETURNS record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_decode_touch_token';
COMMENT ON FUNCTION campaign.decode_touch_token(text) IS
'Internal: what a lease token says; raises 22023 for what is no token.';

CREATE FUNCTION campaign.touch_idempotency_key(tenant uuid, enrollment uuid, touch smallint) RETURNS uuid
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_touch_idempotency_key';
COMMENT ON FUNCTION campaign.touch_idempotency_key(uuid, uuid, smallint) IS
'The idempotency key that every attempt of a touch is claimed with: a UUID of version 8 from the SHA-256 of the three.';

-- The retried touch takes the place of the next one, which follows after it. What comes after an
-- enrolment's last touch is its end: the number behind the last.
CREATE FUNCTION campaign.retry_touch(enrollment uuid, touch_number integer) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  target record;
  campaign_status text;
  enrollment_status text;
  dead record;
  queued record;
  touch_lane integer;
  queue_time timestamptz;
BEGIN
  SELECT e.tenant_id, e.contact_id, e.campaign_id, e.plan_version, e.exclusive INTO target FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = ANY (campaign.writable_tenants()) AND e.id = enrollment;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'enrolment "%" does not exist', enrollment
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has an enrolment with this id.',
            HINT = 'Check the id; an enrolment of another tenant is not found.';
  END IF;
  PERFORM campaign.require_read_committed('retry_touch()');
  PERFORM campaign.lock_tenant_key(target.tenant_id);
  SELECT c.status INTO campaign_status FROM campaign.campaigns c
   WHERE c.tenant_id = target.tenant_id AND c.id = target.campaign_id FOR KEY SHARE;
  IF campaign_status NOT IN ('running', 'paused') THEN
    RAISE EXCEPTION 'the campaign of the enrolment is %', campaign_status
      USING ERRCODE = 'CP002',
            DETAIL = 'A touch that is tried again would never be sent.',
            HINT = 'Only touches of running and paused campaigns are tried again.';
  END IF;
  PERFORM campaign.lock_contact(target.contact_id);
  SELECT e.status INTO enrollment_status FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = target.tenant_id AND e.id = enrollment FOR NO KEY UPDATE;
  IF enrollment_status = 'stopped' THEN
    RAISE EXCEPTION 'enrolment "%" is stopped', enrollment
      USING ERRCODE = 'CP002',
            DETAIL = 'Nothing is sent after a stop.',
            HINT = 'Enrol the contact again if the stop was a mistake.';
  END IF;
  SELECT q.* INTO queued FROM campaign.touch_queue q
   WHERE q.tenant_id = target.tenant_id AND q.enrollment_id = enrollment FOR UPDATE;
  SELECT d.attempt, d.scheduled_at, d.channel INTO dead FROM campaign.dead_touches d
   WHERE d.tenant_id = target.tenant_id AND d.enrollment_id = enrollment AND d.touch_number = touch_number;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'touch % of the enrolment has not failed', coalesce(touch_number::text, 'NULL')
      USING ERRCODE = 'CP002',
            DETAIL = 'Only a touch that counts as failed is tried again.',
            HINT = 'See campaign.dead_touches.';
  END IF;
  IF queued.flags <> 0 OR queued.lease_until > clock_timestamp() OR queued.resume_touch <> 0 THEN
    RAISE EXCEPTION 'touch % of the enrolment is under way', queued.touch_number
      USING ERRCODE = 'CP002',
            DETAIL = 'One touch of an enrolment is tried at a time.',
            HINT = 'Retry when it has been reported.';
  END IF;
  SELECT l.lane, now_time - l.shift INTO touch_lane, queue_time
    FROM campaign.campaign_touches t
    JOIN campaign.lanes l ON l.tenant_id = target.tenant_id AND l.campaign_id = target.campaign_id AND l.channel = t.channel
   WHERE t.tenant_id = target.tenant_id AND t.campaign_id = target.campaign_id
     AND t.plan_version = target.plan_version AND t.touch_number = touch_number;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'touch % is not in the plan of the enrolment', touch_number
      USING ERRCODE = 'CP002',
            DETAIL = 'The enrolment was moved to a plan with fewer touches.',
            HINT = 'What the plan does not have is not sent again.';
  END IF;
  IF enrollment_status = 'completed' THEN
    IF EXISTS (SELECT FROM campaign.campaign_enrollments e
                WHERE e.tenant_id = target.tenant_id AND e.contact_id = target.contact_id AND e.status = 'active'
                  AND (e.exclusive OR target.exclusive OR e.campaign_id = target.campaign_id)) THEN
      RAISE EXCEPTION 'the contact is in another live sequence'
        USING ERRCODE = 'CP002',
              DETAIL = 'Retrying would reopen an enrolment beside it.',
              HINT = 'Retry when the live enrolment has ended.';
    END IF;
    PERFORM campaign.count_enrollments(target.tenant_id, target.campaign_id, 'reopened', ARRAY[enrollment]);
    UPDATE campaign.campaign_enrollments e SET status = 'active', completed_at = NULL
     WHERE e.tenant_id = target.tenant_id AND e.id = enrollment;
    INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number, attempt, attempt_base, resume_touch, rescheduled)
    SELECT target.tenant_id, touch_lane, queue_time, enrollment, dead.scheduled_at, touch_number, dead.attempt, dead.attempt,
           -- behind all that it has had, be it by a longer plan
           1 + greatest(max(t.touch_number), (SELECT max(s.touch_number) FROM campaign.send_logs s
                                               WHERE s.tenant_id = target.tenant_id AND s.enrollment_id = enrollment)), true
      FROM campaign.campaign_touches t
     WHERE t.tenant_id = target.tenant_id AND t.campaign_id = target.campaign_id AND t.plan_version = target.plan_version;
  ELSE
    -- a lease that has ended without a begin had a part of the caps
    PERFORM campaign.return_send_usage(target.tenant_id, queued.lane, queued.claimed_at);
    UPDATE campaign.touch_queue q
       SET lane = touch_lane, due_at = queue_time, rescheduled = true, scheduled_at = dead.scheduled_at, touch_number = retry_touch.touch_number,
           attempt = dead.attempt, attempt_base = dead.attempt, resume_touch = queued.touch_number,
           lease_until = '-infinity', claimed_at = '-infinity', fence = 0
     WHERE q.tenant_id = target.tenant_id AND q.enrollment_id = enrollment;
  END IF;
  PERFORM campaign.notify_due(now_time);
  RETURN now_time;
END $$;
COMMENT ON FUNCTION campaign.retry_touch(uuid, integer) IS
'Tries a dead touch (campaign.dead_touches) again, now and with a full set of attempts; the sequence then goes on where it was. Reopens a completed enrolment. Returns when it is due; raises CP002 if the touch has not failed, the enrolment is stopped, its campaign is over or another touch is under way, P0002, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.next_due_at(tenants uuid[] DEFAULT NULL, channels text[] DEFAULT NULL) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT min(greatest(d.throttled_until, d.due_at)) FILTER (WHERE d.due_at IS NOT NULL)
    FROM (SELECT l.throttled_until,
                 CASE WHEN free.due_at + l.shift <= campaign.now() THEN free.due_at + l.shift
                      -- a leased touch comes back when its lease ends; leases run on the wall clock
                      ELSE least(free.due_at + l.shift,
                                 (SELECT min(campaign.now() + (q.lease_until - clock_timestamp())) FROM campaign.touch_queue q
                                   WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.lease_until > clock_timestamp()
                                     AND q.due_at <= campaign.now() - l.shift
                                     AND (q.flags = 0 OR q.flags = 1 AND c.uncertain_policy = 'retry'))) END AS due_at
            FROM campaign.lanes l JOIN campaign.channels c ON c.channel = l.channel
            LEFT JOIN LATERAL (
              SELECT q.due_at FROM campaign.touch_queue q
               WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.lease_until <= clock_timestamp() AND q.due_at < 'infinity'
                 AND (q.flags = 0 OR q.flags = 1 AND c.uncertain_policy = 'retry')
               ORDER BY q.due_at LIMIT 1) free ON true
           WHERE NOT l.paused AND ($1 IS NULL OR l.tenant_id = ANY ($1)) AND ($2 IS NULL OR l.channel = ANY ($2))) d;
END;
COMMENT ON FUNCTION campaign.next_due_at(uuid[], text[]) IS
'When a claim with these restrictions may next find something, by the engine''s clock: in the past if it would now, NULL if nothing is queued. LISTEN campaign_due tells of what comes in meanwhile.';

ALTER TABLE campaign.touch_queue ENABLE ROW LEVEL SECURITY;
CREATE POLICY touch_queue_select ON campaign.touch_queue FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.touch_queue'),
  ('member', 'EXECUTE', 'FUNCTION campaign.touch_token(uuid, integer, timestamptz, uuid, smallint, smallint, bigint)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.touch_idempotency_key(uuid, uuid, smallint)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.resolve_uncertain(text, text, text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.retry_touch(uuid, integer)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.claim_due_touches(text, integer, interval, uuid[], text[], boolean)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.begin_send(text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.extend_lease(text, interval)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.release_touch(text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.report_touches(campaign.touch_result[])'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.complete_touch(text, text, timestamptz, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.fail_touch(text, text, boolean, timestamptz, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.skip_touch(text, text, timestamptz, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.next_due_at(uuid[], text[])'),
  ('worker', 'USAGE', 'TYPE campaign.touch_result');

COMMENT ON TABLE campaign.workers IS 'Every worker that has claimed, by the hash of its name.';
COMMENT ON COLUMN campaign.workers.id IS 'hashtextextended(name, 0), as touch_queue and send_logs carry it.';
COMMENT ON COLUMN campaign.workers.last_seen_at IS 'Its last claim, begin or extension, noted three times a minute at most.';
COMMENT ON TABLE campaign.touch_queue IS 'The next touch of each live enrolment. Written by the engine only.';
COMMENT ON COLUMN campaign.touch_queue.due_at IS 'When it may be claimed, by the engine''s clock, less the shift of its lane; infinity: not again (stopped or uncertain).';
COMMENT ON COLUMN campaign.touch_queue.scheduled_at IS 'When the plan wants it; retries and pauses move due_at, never this.';
COMMENT ON COLUMN campaign.touch_queue.lease_until IS 'End of the lease, by the wall clock.';
COMMENT ON COLUMN campaign.touch_queue.fence IS 'Random number of the lease: a token with another is stale.';
COMMENT ON COLUMN campaign.touch_queue.attempt IS 'Claims of this touch that were not released.';
COMMENT ON COLUMN campaign.touch_queue.attempt_base IS 'Attempts made before the operator''s retry; max_attempts counts from here.';
COMMENT ON COLUMN campaign.touch_queue.resume_touch IS 'Where the sequence goes on after a retried touch; 0: at the next one.';
COMMENT ON COLUMN campaign.touch_queue.flags IS 'Bits: 1 the send was begun, 2 the enrolment was stopped while a worker held the touch.';
COMMENT ON COLUMN campaign.touch_queue.rescheduled IS 'Whether lateness is not asked again: the touch was too late once and got another time, or is tried again by a person.';
COMMENT ON POLICY touch_queue_select ON campaign.touch_queue IS 'Members read their tenants''.';
