-- Enrolments: a contact in a campaign, from the anchor to the end; and what became of jobs that asked for one.

CREATE TABLE campaign.campaign_enrollments (
  tenant_id          uuid NOT NULL,
  id                 uuid NOT NULL DEFAULT campaign.uuid_v7(),
  campaign_id        uuid NOT NULL,
  contact_id         uuid NOT NULL,
  job_id             uuid,
  plan_version       integer NOT NULL,
  status             text NOT NULL DEFAULT 'active',
  stop_reason        text,
  anchor_at          timestamptz NOT NULL,
  first_scheduled_at timestamptz NOT NULL,
  enrolled_at        timestamptz NOT NULL,
  completed_at       timestamptz,
  stopped_at         timestamptz,
  exclusive          boolean NOT NULL DEFAULT true,
  base_shift         interval NOT NULL DEFAULT '0',
  log_removed_at     timestamptz,
  CONSTRAINT campaign_enrollments_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT campaign_enrollments_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT campaign_enrollments_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.campaigns (tenant_id, id),
  CONSTRAINT campaign_enrollments_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id),
  CONSTRAINT campaign_enrollments_job_fkey FOREIGN KEY (tenant_id, job_id) REFERENCES campaign.jobs (tenant_id, id),
  CONSTRAINT campaign_enrollments_stop_reason_check CHECK (stop_reason IN (
    'review_clicked', 'feedback_submitted', 'replied', 'opted_out_sms', 'opted_out_email', 'unsubscribed', 'bounced',
    'complained', 'owner_stopped', 'campaign_archived', 'repeat_job', 'job_cancelled', 'contact_archived', 'touch_failed')),
  CONSTRAINT campaign_enrollments_stopped_check CHECK (
    (status = 'stopped') = (stop_reason IS NOT NULL) AND (status = 'stopped') = (stopped_at IS NOT NULL)),
  CONSTRAINT campaign_enrollments_completed_check CHECK ((status = 'completed') = (completed_at IS NOT NULL))
);
CREATE UNIQUE INDEX campaign_enrollments_exclusive_key ON campaign.campaign_enrollments (tenant_id, contact_id) WHERE status = 'active' AND exclusive;
-- of one campaign a contact has one live enrolment: those that have ended are NULL here, and so never the same
CREATE UNIQUE INDEX campaign_enrollments_live_key ON campaign.campaign_enrollments
  (tenant_id, contact_id, campaign_id, (CASE WHEN status = 'active' THEN true END));
CREATE INDEX campaign_enrollments_campaign_idx ON campaign.campaign_enrollments (tenant_id, campaign_id, status);
CREATE INDEX campaign_enrollments_job_idx ON campaign.campaign_enrollments (tenant_id, job_id) WHERE job_id IS NOT NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.campaign_enrollments', '');
CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE OF status ON campaign.campaign_enrollments
  FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('enrollment', 'status', 'unlogged');

CREATE TABLE campaign.job_enrollments (
  tenant_id     uuid NOT NULL,
  id            uuid NOT NULL DEFAULT campaign.uuid_v7(),
  job_id        uuid NOT NULL,
  campaign_id   uuid,
  enrollment_id uuid,
  outcome       text NOT NULL,
  reason        text,
  at            timestamptz NOT NULL,
  CONSTRAINT job_enrollments_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT job_enrollments_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT job_enrollments_job_fkey FOREIGN KEY (tenant_id, job_id) REFERENCES campaign.jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT job_enrollments_outcome_check CHECK (outcome IN ('enrolled', 'already_live', 'conflict', 'suppressed', 'not_matched'))
);
CREATE INDEX job_enrollments_job_idx ON campaign.job_enrollments (tenant_id, job_id);
SELECT pg_catalog.pg_extension_config_dump('campaign.job_enrollments', '');

-- What the caller has locked is asked here. Reviews count however they came to be known: as events,
-- or as the reason of a stop.
CREATE FUNCTION campaign.has_reviewed(tenant uuid, contact uuid, since timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN EXISTS (SELECT FROM campaign.touch_events v
                  WHERE v.tenant_id = tenant AND v.contact_id = contact AND v.kind IN ('reviewed', 'feedback', 'clicked') AND v.at > since
                    AND (v.kind <> 'clicked' OR v.link = 'review') AND NOT v.is_machine)
      OR EXISTS (SELECT FROM campaign.campaign_enrollments e
                  WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status = 'stopped'
                    AND e.stop_reason IN ('review_clicked', 'feedback_submitted') AND e.stopped_at > since);
END $$;
COMMENT ON FUNCTION campaign.has_reviewed(uuid, uuid, timestamptz) IS
'Internal: whether a contact has reviewed, given feedback or followed a review link since then.';

CREATE FUNCTION campaign.refuse_enrollment(tenant uuid, campaign uuid, contact uuid, job uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  asked record;
BEGIN
  SELECT c.status AS campaign_status, k.id IS NOT NULL AS has_contact, k.archived_at, j.status AS job_status,
         x.status = 'excluded' AS is_excluded, coalesce(o.audience = 'assigned', false) AS by_assignment,
         x.contact_id IS NOT NULL AS is_assigned, k.is_disqualified,
         campaign.now() - make_interval(secs => extract(epoch FROM t.review_cooldown)::double precision) AS since
    INTO asked
    FROM campaign.tenants t
    LEFT JOIN campaign.campaigns c ON c.tenant_id = tenant AND c.id = campaign AND c.kind = 'outreach'
    LEFT JOIN campaign.contacts k ON k.tenant_id = tenant AND k.id = contact
    LEFT JOIN campaign.outreach_campaigns o ON o.tenant_id = tenant AND o.campaign_id = campaign
    LEFT JOIN campaign.campaign_contacts x ON x.tenant_id = tenant AND x.campaign_id = campaign AND x.contact_id = contact
    LEFT JOIN campaign.jobs j ON j.tenant_id = tenant AND j.id = job
   WHERE t.id = tenant;
  IF asked.campaign_status IS DISTINCT FROM 'running' THEN
    outcome := 'not_matched';
    reason := 'campaign_' || coalesce(asked.campaign_status, 'missing');
  ELSIF NOT asked.has_contact THEN
    outcome := 'not_matched';
    reason := 'contact_missing';
  ELSIF asked.archived_at IS NOT NULL THEN
    outcome := 'suppressed';
    reason := 'contact_archived';
  ELSIF asked.is_excluded THEN
    outcome := 'suppressed';
    reason := 'contact_excluded';
  ELSIF asked.by_assignment AND NOT asked.is_assigned THEN
    outcome := 'not_matched';
    reason := 'not_assigned';
  ELSIF asked.by_assignment AND asked.is_disqualified THEN
    outcome := 'suppressed';
    reason := 'contact_disqualified';
  ELSIF job IS NOT NULL AND asked.job_status IS DISTINCT FROM 'completed' THEN
    outcome := 'not_matched';
    reason := 'job_' || coalesce(asked.job_status, 'missing');
  ELSIF campaign.has_reviewed(tenant, contact, asked.since) THEN
    outcome := 'suppressed';
    reason := 'review_cooldown';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.refuse_enrollment(uuid, uuid, uuid, uuid) IS
'Internal: what forbids the enrolment of a contact, apart from other sequences (outcome and reason); NULL: nothing. The caller holds the locks of campaign and contact.';

-- An exclusive sequence stands beside no other, and no campaign has a contact twice.
CREATE FUNCTION campaign.sequences_in_the_way(tenant uuid, campaign uuid, contact uuid, job uuid,
  OUT enrollments uuid[], OUT in_campaign boolean, OUT is_same boolean)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  SELECT array_agg(e.id ORDER BY e.campaign_id <> campaign, e.id), bool_or(e.campaign_id = campaign),
         bool_or(e.campaign_id = campaign AND (job IS NULL OR e.job_id IS NOT DISTINCT FROM job))
    INTO enrollments, in_campaign, is_same
    FROM campaign.campaign_enrollments e JOIN campaign.tenants t ON t.id = e.tenant_id
   WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status = 'active'
     AND (e.exclusive OR NOT t.parallel_sequences OR e.campaign_id = campaign);
END $$;
COMMENT ON FUNCTION campaign.sequences_in_the_way(uuid, uuid, uuid, uuid) IS
'Internal: the live enrolments beside which a contact cannot be enrolled, those of the campaign first; whether there is one of the campaign, and whether it is what was asked for: for the same job, or for any if none is given.';

CREATE FUNCTION campaign.first_touch(tenant uuid, campaign uuid, job uuid, OUT plan_version integer, OUT lane integer,
  OUT delay interval, OUT shift interval, OUT exclusive boolean, OUT completed_at timestamptz, OUT service text)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  SELECT o.plan_version, l.lane, l.shift, NOT w.parallel_sequences, j.completed_at, CASE WHEN job IS NULL THEN o.service_type ELSE j.service_type END,
         -- a day is 24 hours here as in the plan, or the session's time zone would have a say
         CASE WHEN t.use_service_delay
              THEN coalesce(make_interval(secs => extract(epoch FROM s.first_touch_delay)::double precision), t.delay)
              ELSE t.delay END
    INTO plan_version, lane, shift, exclusive, completed_at, service, delay
    FROM campaign.tenants w
    JOIN campaign.outreach_campaigns o ON o.tenant_id = w.id
    JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version
    JOIN campaign.lanes l ON l.tenant_id = t.tenant_id AND l.campaign_id = t.campaign_id AND l.channel = t.channel
    LEFT JOIN campaign.jobs j ON j.tenant_id = tenant AND j.id = job
    LEFT JOIN campaign.service_types s ON s.tenant_id = tenant
      AND s.service_type = CASE WHEN job IS NULL THEN o.service_type ELSE j.service_type END
   WHERE w.id = tenant AND o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant AND l.tenant_id = tenant
     AND t.touch_number = 1;
END $$;
COMMENT ON FUNCTION campaign.first_touch(uuid, uuid, uuid) IS
'Internal: where a new enrolment begins: the plan, the lane of its first touch with the lane''s shift, and the delay, the service''s if the step says so; whether it is exclusive, the job''s completion, and the service type under which it counts.';

-- Foreign keys and the life cycle need no trigger here: tenant, campaign, contacts and job are locked,
-- the lane is the plan's, and a new enrolment is active.
CREATE FUNCTION campaign.insert_enrollment_rows(tenant uuid, campaign uuid, contacts uuid[], ids uuid[], plan_version integer,
  anchor_at timestamptz, scheduled_at timestamptz, enrolled_at timestamptz, exclusive boolean, base_shift interval, lane integer, due_at timestamptz, job uuid)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_insert_enrollment_rows';
COMMENT ON FUNCTION campaign.insert_enrollment_rows(uuid, uuid, uuid[], uuid[], integer, timestamptz, timestamptz, timestamptz, boolean, interval, integer, timestamptz, uuid) IS
'Internal: writes enrolments and their first touches past the executor, without triggers. False, and nothing written, where somebody has put a trigger, a rule or a column of his own on one of the tables, where a value is NULL (but the job), and above READ COMMITTED: INSERT is for these.';

CREATE FUNCTION campaign.insert_enrollment(tenant uuid, campaign uuid, contact uuid, job uuid, anchor timestamptz) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  new_id uuid := campaign.uuid_v7();
  first record := campaign.first_touch(tenant, campaign, job);
  anchor_time timestamptz := coalesce(anchor, first.completed_at, now_time);
  scheduled timestamptz := anchor_time + first.delay;
  written boolean := false;
BEGIN
  IF job IS NOT NULL THEN
    PERFORM FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = job FOR KEY SHARE;
  END IF;
  -- the queue's time is as much earlier as its lane is shifted
  IF job IS NULL OR FOUND THEN
    written := campaign.insert_enrollment_rows(tenant, campaign, ARRAY[contact], ARRAY[new_id], first.plan_version, anchor_time,
      scheduled, now_time, first.exclusive, first.shift, first.lane, scheduled - first.shift, job);
  END IF;
  IF NOT written THEN
    -- under READ COMMITTED the lock has kept others out; above it, one that the snapshot does not
    -- show is a serialization failure here (40001), which a client tries again
    INSERT INTO campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, job_id, plan_version, anchor_at,
      first_scheduled_at, enrolled_at, exclusive, base_shift)
    VALUES (tenant, new_id, campaign, contact, job, first.plan_version, anchor_time, scheduled, now_time, first.exclusive, first.shift)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'contact "%" was enrolled meanwhile', contact
        USING ERRCODE = 'serialization_failure',
              DETAIL = 'Another transaction enrolled the contact without holding its lock.',
              HINT = 'Try again.';
    END IF;
    INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
    VALUES (tenant, first.lane, scheduled - first.shift, new_id, scheduled, 1);
  END IF;
  PERFORM campaign.count_touch_event(tenant, campaign, 0, first.service, 'enrolled', now_time);
  PERFORM campaign.notify_due(scheduled);
  RETURN new_id;
END $$;
COMMENT ON FUNCTION campaign.insert_enrollment(uuid, uuid, uuid, uuid, timestamptz) IS
'Internal: the rows of a new enrolment. The caller holds the locks of campaign and contact and has asked what is in the way. Raises 40001 above READ COMMITTED if an enrolment was made meanwhile.';

-- Locks in order: tenant, campaign (against archiving), contact (against other enrolments and stops).
CREATE FUNCTION campaign.enroll_contact(tenant uuid, campaign uuid, contact uuid, job uuid, anchor timestamptz,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  policy text;
  live record;
  is_asked_about boolean;
BEGIN
  PERFORM campaign.lock_tenant_key(tenant);
  PERFORM FROM campaign.campaigns c WHERE c.tenant_id = tenant AND c.id = campaign FOR KEY SHARE;
  PERFORM FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = contact FOR NO KEY UPDATE;
  is_asked_about := EXISTS (SELECT FROM campaign.enrollment_conflicts x
                             WHERE x.tenant_id = tenant AND x.contact_id = contact AND x.resolution IS NULL);
  IF is_asked_about THEN
    -- those whose time has come decide what is live
    PERFORM campaign.settle_contact_conflicts(tenant, contact);
  END IF;
  SELECT r.outcome, r.reason INTO outcome, reason FROM campaign.refuse_enrollment(tenant, campaign, contact, job) r;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;
  live := campaign.sequences_in_the_way(tenant, campaign, contact, job);
  IF live.is_same THEN
    enrollment_id := live.enrollments[1];
    outcome := 'already_live';
    reason := 'live_in_this_campaign';
    RETURN;
  END IF;
  IF live.enrollments IS NOT NULL THEN
    SELECT t.conflict_policy INTO policy FROM campaign.tenants t WHERE t.id = tenant;
    IF policy <> 'replace' OR current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
      -- a stop is for READ COMMITTED only: what is to be replaced waits for settle_conflicts()
      PERFORM campaign.record_conflicts(tenant, campaign, job, ARRAY[contact], live.enrollments[1:1], NULL, anchor, policy);
      enrollment_id := live.enrollments[1];
      outcome := 'conflict';
      reason := CASE WHEN live.in_campaign THEN 'live_in_this_campaign' ELSE 'live_in_another_campaign' END;
      RETURN;
    END IF;
    PERFORM campaign.stop_enrollments(tenant, live.enrollments, 'repeat_job');
  END IF;
  enrollment_id := campaign.insert_enrollment(tenant, campaign, contact, job, anchor);
  outcome := 'enrolled';
  IF is_asked_about THEN
    PERFORM campaign.close_conflicts(tenant, campaign, job, ARRAY[contact], ARRAY[enrollment_id]);
  END IF;
  IF live.enrollments IS NOT NULL THEN
    reason := 'replaced';
    PERFORM campaign.record_conflicts(tenant, campaign, job, ARRAY[contact], live.enrollments[1:1], ARRAY[enrollment_id], anchor, policy);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.enroll_contact(uuid, uuid, uuid, uuid, timestamptz) IS
'Internal: enrols a contact, with all checks but that of the caller, by the tenant''s policy where the contact is in another sequence. Locks tenant and campaign FOR KEY SHARE and the contact FOR NO KEY UPDATE. Raises 40001 above READ COMMITTED if an enrolment was made meanwhile.';

CREATE FUNCTION campaign.require_enrollment_target(campaign uuid, anchor timestamptz) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.campaigns c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = campaign AND c.kind = 'outreach';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign "%" does not exist', campaign
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has an outreach campaign with this id.',
            HINT = 'Check the id; a campaign of another tenant is not found.';
  END IF;
  IF anchor NOT BETWEEN '1900-01-01 00:00:00+00' AND '9999-12-31 00:00:00+00' THEN
    RAISE EXCEPTION 'anchor_at is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The first touch is scheduled at the anchor plus its delay; anchors are from 1900 to 9999.',
            HINT = 'Leave anchor_at out to start from the job''s completion, or from now.';
  END IF;
  RETURN owner_tenant;
END $$;
COMMENT ON FUNCTION campaign.require_enrollment_target(uuid, timestamptz) IS
'Internal: the tenant of an outreach campaign that the caller may enrol in; raises P0002, or 22023 for an anchor outside the calendar of plans.';

CREATE FUNCTION campaign.enroll(campaign uuid, contact uuid, job uuid DEFAULT NULL, anchor_at timestamptz DEFAULT NULL,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid := campaign.require_enrollment_target(campaign, anchor_at);
  job_contact uuid;
BEGIN
  PERFORM 1 FROM campaign.contacts c WHERE c.tenant_id = owner_tenant AND c.id = contact;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" does not exist', contact
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The campaign''s tenant has no contact with this id.',
            HINT = 'A campaign enrols contacts of its own tenant only.';
  END IF;
  IF job IS NOT NULL THEN
    SELECT j.contact_id INTO job_contact FROM campaign.jobs j WHERE j.tenant_id = owner_tenant AND j.id = job FOR KEY SHARE;
    IF job_contact IS DISTINCT FROM contact THEN
      RAISE EXCEPTION 'job "%" does not exist', job
        USING ERRCODE = 'no_data_found',
              DETAIL = 'The contact has no job with this id.',
              HINT = 'Pass a job of the same contact, or none.';
    END IF;
  END IF;
  SELECT r.enrollment_id, r.outcome, r.reason INTO enrollment_id, outcome, reason
    FROM campaign.enroll_contact(owner_tenant, campaign, contact, job, anchor_at) r;
  IF job IS NOT NULL THEN
    INSERT INTO campaign.job_enrollments (tenant_id, job_id, campaign_id, enrollment_id, outcome, reason, at)
    VALUES (owner_tenant, job, campaign, enrollment_id, outcome, reason, campaign.now());
  END IF;
END $$;
COMMENT ON FUNCTION campaign.enroll(uuid, uuid, uuid, timestamptz) IS
'Enrols a contact in a running campaign; returns the enrolment, the outcome (enrolled, already_live, conflict, suppressed, not_matched) and the reason. The first touch is scheduled at anchor_at (default: the job''s completion, else now) plus its delay. For already_live and conflict the enrolment is the live one; what becomes of a conflict says tenants.conflict_policy (see enrollment_conflicts). Raises P0002 for a campaign, contact or job that is not yours, 22023 for an anchor before 1900 or after 9999.';

-- Which campaign a completed job goes to. A specific campaign that is paused keeps its jobs
-- from being rerouted to the general one.
CREATE FUNCTION campaign.match_job(tenant uuid, job uuid, OUT campaign_id uuid, OUT reason text) RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  job_row record;
BEGIN
  SELECT j.service_type, j.campaign_override INTO job_row FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = job;
  IF job_row.campaign_override IS NOT NULL THEN
    campaign_id := job_row.campaign_override;
    RETURN;
  END IF;
  SELECT o.campaign_id INTO campaign_id FROM campaign.outreach_campaigns o
   WHERE o.tenant_id = tenant AND o.is_matching AND o.audience = 'jobs'
     AND (o.service_type = job_row.service_type OR o.service_type IS NULL)
   ORDER BY o.service_type NULLS LAST LIMIT 1;
  IF NOT FOUND THEN
    reason := 'no_campaign';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.match_job(uuid, uuid) IS
'Internal: the campaign that a job goes to: its override, else the live one of its service type, else the live one of all services.';

CREATE FUNCTION campaign.enroll_matched_job(tenant uuid, job uuid,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  matched record := campaign.match_job(tenant, job);
  job_contact uuid;
BEGIN
  IF matched.campaign_id IS NULL THEN
    outcome := 'not_matched';
    reason := matched.reason;
  ELSE
    SELECT j.contact_id INTO job_contact FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = job;
    SELECT r.enrollment_id, r.outcome, r.reason INTO enrollment_id, outcome, reason
      FROM campaign.enroll_contact(tenant, matched.campaign_id, job_contact, job, NULL) r;
  END IF;
  INSERT INTO campaign.job_enrollments (tenant_id, job_id, campaign_id, enrollment_id, outcome, reason, at)
  VALUES (tenant, job, matched.campaign_id, enrollment_id, outcome, reason, campaign.now());
END $$;
COMMENT ON FUNCTION campaign.enroll_matched_job(uuid, uuid) IS
'Internal: enrols a job in the campaign it matches and records the outcome in job_enrollments.';

CREATE FUNCTION campaign.enroll_job(job uuid, OUT enrollment_id uuid, OUT outcome text, OUT reason text) RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT j.tenant_id INTO owner_tenant FROM campaign.jobs j
   WHERE j.tenant_id = ANY (campaign.writable_tenants()) AND j.id = job FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'job "%" does not exist', job
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a job with this id.',
            HINT = 'Check the id; a job of another tenant is not found.';
  END IF;
  SELECT r.enrollment_id, r.outcome, r.reason INTO enrollment_id, outcome, reason
    FROM campaign.enroll_matched_job(owner_tenant, job) r;
END $$;
COMMENT ON FUNCTION campaign.enroll_job(uuid) IS
'Enrols the contact of a completed job in the campaign that matches it, as completing the job does; for jobs inserted as completed and for those that could not be enrolled then. Returns enrolment, outcome and reason; raises P0002.';

CREATE FUNCTION campaign.create_job(contact uuid, service_type text DEFAULT NULL, status text DEFAULT 'scheduled',
  completed_at timestamptz DEFAULT NULL, campaign_override uuid DEFAULT NULL, external_id text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
  new_id uuid := campaign.uuid_v7();
  fault_state text;
  fault_message text;
  fault_detail text;
  fault_table text;
  fault_column text;
  fault_constraint text;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contact;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" does not exist', contact
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  PERFORM campaign.refuse_erased(owner_tenant, contact);
  INSERT INTO campaign.jobs (tenant_id, id, contact_id, service_type, status, completed_at, campaign_override, external_id)
  VALUES (owner_tenant, new_id, contact, service_type, status, completed_at, campaign_override, external_id);
  IF status = 'completed' THEN
    PERFORM campaign.enroll_matched_job(owner_tenant, new_id);
  END IF;
  RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
  GET STACKED DIAGNOSTICS fault_state = RETURNED_SQLSTATE, fault_message = MESSAGE_TEXT, fault_detail = PG_EXCEPTION_DETAIL,
    fault_table = TABLE_NAME, fault_column = COLUMN_NAME, fault_constraint = CONSTRAINT_NAME;
  PERFORM campaign.raise_violation(fault_state, fault_message, fault_detail, fault_table, fault_column, fault_constraint);
END $$;
COMMENT ON FUNCTION campaign.create_job(uuid, text, text, timestamptz, uuid, text) IS
'Creates a job of a contact and, if it is completed already, enrols it (see job_enrollments for the outcome); returns its id. Raises P0002 for a contact that is not yours, CP002 for one that was erased, 23503 for an unknown service type or campaign, 23514 for an unknown status.';

CREATE FUNCTION campaign.follow_job_status() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.status = 'completed' THEN
    PERFORM campaign.enroll_matched_job(NEW.tenant_id, NEW.id);
  ELSE
    PERFORM campaign.require_read_committed('cancelling a job');
    PERFORM campaign.lock_tenant_key(NEW.tenant_id);
    PERFORM 1 FROM campaign.contacts c WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.contact_id FOR NO KEY UPDATE;
    PERFORM campaign.stop_enrollments(NEW.tenant_id,
      ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
             WHERE e.tenant_id = NEW.tenant_id AND e.job_id = NEW.id), 'job_cancelled');
    PERFORM campaign.end_conflict(NEW.tenant_id, x.id, 'cancelled', 'job_' || NEW.status, NULL, campaign.current_member())
       FROM campaign.enrollment_conflicts x
      WHERE x.tenant_id = NEW.tenant_id AND x.contact_id = NEW.contact_id AND x.job_id = NEW.id AND x.resolution IS NULL;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION campaign.follow_job_status() IS
'Trigger on jobs: completed enrols the job in the same transaction, do_not_send stops what it had started and cancels its open conflicts.';
CREATE TRIGGER follow_status AFTER UPDATE OF status ON campaign.jobs
  FOR EACH ROW WHEN (NEW.status IS DISTINCT FROM OLD.status AND NEW.status IN ('completed', 'do_not_send'))
  EXECUTE FUNCTION campaign.follow_job_status();

-- Stop wins: a waiting touch is removed; one that a worker holds is marked and moved out of the
-- claims' way, so that its report still finds what it reports on.
CREATE FUNCTION campaign.stop_enrollments(tenant uuid, enrollments uuid[], reason text) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  lease_time timestamptz;
  live uuid[];
BEGIN
  -- the status is asked of what was found: without statistics the planner may take an index with
  -- the status for the better one, and read all of the tenant's
  SELECT array_agg(l.id) FILTER (WHERE l.status = 'active') INTO live
    FROM (SELECT e.id, e.status FROM campaign.campaign_enrollments e
           WHERE e.tenant_id = tenant AND e.id = ANY (enrollments)
           ORDER BY e.id FOR NO KEY UPDATE) l;
  IF live IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM 1 FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live)
   ORDER BY q.enrollment_id FOR UPDATE;
  -- after the locks: a claim that we waited for has its lease by now
  lease_time := clock_timestamp();
  UPDATE campaign.campaign_enrollments e SET status = 'stopped', stop_reason = reason, stopped_at = now_time
   WHERE e.tenant_id = tenant AND e.id = ANY (live);
  PERFORM campaign.count_enrollments(tenant, NULL, reason, live);
  UPDATE campaign.touch_queue q SET flags = q.flags | 2::smallint, due_at = 'infinity'
   WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live) AND (q.lease_until > lease_time OR q.flags <> 0);
  -- a lease that ended before its send was begun had a part of the caps
  PERFORM campaign.return_send_usage(q.tenant_id, q.lane, q.claimed_at) FROM campaign.touch_queue q
   WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live) AND q.lease_until <= lease_time AND q.flags = 0 AND q.fence <> 0;
  DELETE FROM campaign.touch_queue q
   WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live) AND q.lease_until <= lease_time AND q.flags = 0;
  RETURN cardinality(live);
END $$;
COMMENT ON FUNCTION campaign.stop_enrollments(uuid, uuid[], text) IS
'Internal: stops those of a tenant''s enrolments that are live, in order, and returns how many; the caller has locked their contacts or their campaign.';

CREATE FUNCTION campaign.stop_contact_enrollments(tenant uuid, contact uuid, reason text) RETURNS integer
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT campaign.stop_enrollments($1,
    ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
           WHERE e.tenant_id = $1 AND e.contact_id = $2 AND e.status = 'active'), $3);
END;
COMMENT ON FUNCTION campaign.stop_contact_enrollments(uuid, uuid, text) IS
'Internal: stops the live enrolments of a contact that the caller has locked.';

CREATE FUNCTION campaign.require_stop_reason(reason text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF reason IS NULL OR reason NOT IN ('review_clicked', 'feedback_submitted', 'replied', 'opted_out_sms', 'opted_out_email',
       'unsubscribed', 'bounced', 'complained', 'owner_stopped', 'repeat_job', 'job_cancelled') THEN
    RAISE EXCEPTION 'invalid stop reason %', coalesce(quote_literal(reason), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Reasons that may be given: review_clicked, feedback_submitted, replied, opted_out_sms, opted_out_email, unsubscribed, bounced, complained, owner_stopped, repeat_job, job_cancelled.',
            HINT = 'Use owner_stopped for a decision of your own.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_stop_reason(text) IS
'Internal: raises 22023 for a stop reason that a person or an application cannot give.';

CREATE FUNCTION campaign.stop_enrollment(enrollment uuid, reason text DEFAULT 'owner_stopped') RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target record;
BEGIN
  PERFORM campaign.require_stop_reason(reason);
  PERFORM campaign.require_read_committed('stop_enrollment()');
  SELECT e.tenant_id, e.contact_id INTO target FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = ANY (campaign.writable_tenants()) AND e.id = enrollment;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'enrolment "%" does not exist', enrollment
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has an enrolment with this id.',
            HINT = 'Check the id; an enrolment of another tenant is not found.';
  END IF;
  PERFORM campaign.lock_contact(target.contact_id);
  RETURN campaign.stop_enrollments(target.tenant_id, ARRAY[enrollment], reason) > 0;
END $$;
COMMENT ON FUNCTION campaign.stop_enrollment(uuid, text) IS
'Stops a live enrolment: once it has returned, no claim and no begin_send of it succeeds. False if it had ended already. Raises 22023 for an unknown reason, P0002 for an enrolment that is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.stop_contact(contact uuid, reason text DEFAULT 'owner_stopped') RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM campaign.require_stop_reason(reason);
  PERFORM campaign.require_read_committed('stop_contact()');
  RETURN campaign.stop_contact_enrollments(campaign.lock_contact(contact), contact, reason);
END $$;
COMMENT ON FUNCTION campaign.stop_contact(uuid, text) IS
'Stops all live enrolments of a contact; returns how many. Raises 22023 for an unknown reason, P0002 for a contact that is not yours, 25000 above READ COMMITTED.';

ALTER TABLE campaign.campaign_enrollments ENABLE ROW LEVEL SECURITY;
CREATE POLICY campaign_enrollments_select ON campaign.campaign_enrollments FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.job_enrollments ENABLE ROW LEVEL SECURITY;
CREATE POLICY job_enrollments_select ON campaign.job_enrollments FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.campaign_enrollments'),
  ('member', 'SELECT', 'TABLE campaign.job_enrollments'),
  ('member', 'EXECUTE', 'FUNCTION campaign.enroll(uuid, uuid, uuid, timestamptz)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.enroll_job(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.create_job(uuid, text, text, timestamptz, uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.stop_enrollment(uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.stop_contact(uuid, text)');

COMMENT ON TABLE campaign.campaign_enrollments IS 'A contact in a campaign. Active ones have a row in touch_queue; an active one of a paused campaign is frozen.';
COMMENT ON COLUMN campaign.campaign_enrollments.plan_version IS 'The plan that it started with.';
COMMENT ON COLUMN campaign.campaign_enrollments.status IS 'active, completed or stopped (machine enrollment).';
COMMENT ON COLUMN campaign.campaign_enrollments.stop_reason IS 'Why it was stopped; set if and only if status is stopped.';
COMMENT ON COLUMN campaign.campaign_enrollments.anchor_at IS 'What the sequence counts from: the job''s completion.';
COMMENT ON COLUMN campaign.campaign_enrollments.first_scheduled_at IS 'Scheduled time of touch 1; the others follow by their delays.';
COMMENT ON COLUMN campaign.campaign_enrollments.exclusive IS 'Whether it is the contact''s only live one: the tenant did not allow parallel sequences then.';
COMMENT ON COLUMN campaign.campaign_enrollments.base_shift IS 'The shift of the campaign''s lanes when it began.';
COMMENT ON COLUMN campaign.campaign_enrollments.log_removed_at IS 'When maintenance removed what the log had of it (tenants.log_retention).';
COMMENT ON TABLE campaign.job_enrollments IS 'What became of each attempt to enrol a job, with the reason.';
COMMENT ON COLUMN campaign.job_enrollments.outcome IS 'enrolled, already_live, conflict, suppressed or not_matched.';
COMMENT ON POLICY campaign_enrollments_select ON campaign.campaign_enrollments IS 'Members read their tenants''.';
COMMENT ON POLICY job_enrollments_select ON campaign.job_enrollments IS 'Members read their tenants''.';
COMMENT ON TRIGGER life_cycle ON campaign.campaign_enrollments IS 'Status follows the machine enrollment; its steps are not logged.';
COMMENT ON TRIGGER follow_status ON campaign.jobs IS 'Completed enrols, do_not_send stops.';
