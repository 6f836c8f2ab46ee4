-- Conflicts: contacts that were to be enrolled while another sequence was in the way, and what became of it.
-- A row is written and resolved under the lock of its contact.

CREATE TABLE campaign.enrollment_conflicts (
  tenant_id          uuid NOT NULL,
  id                 uuid NOT NULL DEFAULT campaign.uuid_v7(),
  contact_id         uuid NOT NULL,
  campaign_id        uuid NOT NULL,
  job_id             uuid,
  live_enrollment_id uuid NOT NULL,
  at                 timestamptz NOT NULL,
  anchor_at          timestamptz,
  -- the defaults are what a conflict was before there were policies, for dumps of that time
  policy             text NOT NULL DEFAULT 'skip',
  resolve_after      timestamptz,
  resolution         text DEFAULT 'skipped',
  reason             text,
  resolved_at        timestamptz,
  resolved_by        text,
  enrollment_id      uuid,
  CONSTRAINT enrollment_conflicts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT enrollment_conflicts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT enrollment_conflicts_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id),
  CONSTRAINT enrollment_conflicts_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.campaigns (tenant_id, id),
  CONSTRAINT enrollment_conflicts_job_fkey FOREIGN KEY (tenant_id, job_id) REFERENCES campaign.jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT enrollment_conflicts_live_enrollment_fkey FOREIGN KEY (tenant_id, live_enrollment_id) REFERENCES campaign.campaign_enrollments (tenant_id, id),
  CONSTRAINT enrollment_conflicts_enrollment_fkey FOREIGN KEY (tenant_id, enrollment_id) REFERENCES campaign.campaign_enrollments (tenant_id, id),
  CONSTRAINT enrollment_conflicts_policy_check CHECK (policy IN ('ask', 'replace', 'skip', 'queue')),
  CONSTRAINT enrollment_conflicts_resolution_check CHECK (resolution IN ('replaced', 'skipped', 'enrolled', 'cancelled')),
  CONSTRAINT enrollment_conflicts_open_check CHECK (resolution IS NOT NULL OR (resolve_after IS NOT NULL AND resolved_at IS NULL)),
  CONSTRAINT enrollment_conflicts_enrollment_check CHECK (enrollment_id IS NULL OR resolution IN ('replaced', 'enrolled'))
);
-- one open conflict for one wish
CREATE UNIQUE INDEX enrollment_conflicts_open_key ON campaign.enrollment_conflicts (tenant_id, contact_id, campaign_id, job_id)
  NULLS NOT DISTINCT WHERE resolution IS NULL;
CREATE INDEX enrollment_conflicts_due_idx ON campaign.enrollment_conflicts (tenant_id, resolve_after) WHERE resolution IS NULL;
CREATE INDEX enrollment_conflicts_contact_idx ON campaign.enrollment_conflicts (tenant_id, contact_id);
CREATE INDEX enrollment_conflicts_campaign_idx ON campaign.enrollment_conflicts (tenant_id, campaign_id);
CREATE INDEX enrollment_conflicts_job_idx ON campaign.enrollment_conflicts (tenant_id, job_id) WHERE job_id IS NOT NULL;
CREATE INDEX enrollment_conflicts_live_enrollment_idx ON campaign.enrollment_conflicts (tenant_id, live_enrollment_id);
CREATE INDEX enrollment_conflicts_enrollment_idx ON campaign.enrollment_conflicts (tenant_id, enrollment_id) WHERE enrollment_id IS NOT NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.enrollment_conflicts', '');

-- An old sequence that is live now ends now at the earliest: what waits for it need not be looked at
-- before a week from now, and so each waiting conflict is looked at once a week.
CREATE FUNCTION campaign.record_conflicts(tenant uuid, campaign uuid, job uuid, contacts uuid[], live uuid[], enrollments uuid[],
  anchor timestamptz, policy text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  resolution text := CASE WHEN policy = 'replace' AND enrollments IS NOT NULL THEN 'replaced' WHEN policy = 'skip' THEN 'skipped' END;
  resolve_after timestamptz := CASE WHEN resolution IS NULL THEN
    now_time + CASE policy WHEN 'ask' THEN interval '24 hours' WHEN 'queue' THEN interval '168 hours' ELSE interval '0' END END;
  ids uuid[] := ARRAY(SELECT campaign.uuid_v7() FROM generate_series(1, cardinality(contacts)));
BEGIN
  INSERT INTO campaign.enrollment_conflicts (tenant_id, id, contact_id, campaign_id, job_id, live_enrollment_id, at, anchor_at,
    policy, resolve_after, resolution, resolved_at, resolved_by, enrollment_id)
  SELECT tenant, n.id, n.contact, campaign, job, n.live, now_time, anchor, policy, resolve_after, resolution,
         CASE WHEN resolution IS NOT NULL THEN now_time END, CASE WHEN resolution IS NOT NULL THEN 'system' END, n.enrollment
    FROM unnest(ids, contacts, live, enrollments) n(id, contact, live, enrollment)
  -- asked for again while it is open
  ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION campaign.record_conflicts(uuid, uuid, uuid, uuid[], uuid[], uuid[], timestamptz, text) IS
'Internal: records conflicts of locked contacts with live enrolments, side by side, under a policy: open, or resolved as skipped or, with the enrolments that took the old ones'' places, as replaced.';

CREATE FUNCTION campaign.end_conflict(tenant uuid, conflict uuid, resolution text, reason text, enrollment uuid, member text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.enrollment_conflicts x
     SET resolution = end_conflict.resolution, reason = end_conflict.reason, enrollment_id = enrollment, resolved_at = now_time,
         resolved_by = coalesce(member, x.resolved_by, 'system')
   WHERE x.tenant_id = tenant AND x.id = conflict AND x.resolution IS NULL;
END $$;
COMMENT ON FUNCTION campaign.end_conflict(uuid, uuid, text, text, uuid, text) IS
'Internal: resolves a conflict that is open; without a member, whoever decided before or the system has resolved it.';

CREATE FUNCTION campaign.close_conflicts(tenant uuid, campaign uuid, job uuid, contacts uuid[], enrollments uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.enrollment_conflicts x
     SET resolution = 'enrolled', enrollment_id = n.enrollment, resolved_at = now_time, resolved_by = coalesce(x.resolved_by, 'system')
    FROM unnest(contacts, enrollments) n(contact, enrollment)
   WHERE x.tenant_id = tenant AND x.contact_id = n.contact AND x.campaign_id = campaign AND x.resolution IS NULL
     AND x.job_id IS NOT DISTINCT FROM job;
END $$;
COMMENT ON FUNCTION campaign.close_conflicts(uuid, uuid, uuid, uuid[], uuid[]) IS
'Internal: open conflicts of wishes that have come true otherwise are resolved as enrolled; contacts and their new enrolments side by side.';

-- A queued one has its turn a week after the last of those that were in its way, and counts from
-- there, or all its touches would be overdue at once.
CREATE FUNCTION campaign.settle_conflict(conflict campaign.enrollment_conflicts, member text,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  tenant constant uuid := conflict.tenant_id;
  now_time timestamptz := campaign.now();
  anchor timestamptz := conflict.anchor_at;
  live record;
  turn timestamptz;
BEGIN
  SELECT r.outcome, r.reason INTO outcome, reason
    FROM campaign.refuse_enrollment(tenant, conflict.campaign_id, conflict.contact_id, conflict.job_id) r;
  live := campaign.sequences_in_the_way(tenant, conflict.campaign_id, conflict.contact_id, conflict.job_id);
  IF outcome IS NULL AND live.is_same THEN
    outcome := 'already_live';
    reason := 'live_in_this_campaign';
  ELSIF outcome IS NULL THEN
    IF conflict.policy = 'queue' THEN
      turn := interval '168 hours' + CASE WHEN live.enrollments IS NOT NULL THEN now_time ELSE
        coalesce(campaign.last_sequence_end(tenant, conflict.campaign_id, conflict.contact_id), conflict.at) END;
      IF turn > now_time THEN
        UPDATE campaign.enrollment_conflicts x
           SET resolve_after = turn, live_enrollment_id = coalesce(live.enrollments[1], x.live_enrollment_id)
         WHERE x.tenant_id = tenant AND x.id = conflict.id;
        RETURN;
      END IF;
      anchor := greatest(anchor, turn, (SELECT j.completed_at FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = conflict.job_id));
    END IF;
    IF live.enrollments IS NOT NULL THEN
      PERFORM campaign.stop_enrollments(tenant, live.enrollments, 'repeat_job');
      reason := 'replaced';
    END IF;
    enrollment_id := campaign.insert_enrollment(tenant, conflict.campaign_id, conflict.contact_id, conflict.job_id, anchor);
    outcome := 'enrolled';
  END IF;
  PERFORM campaign.end_conflict(tenant, conflict.id, CASE outcome WHEN 'enrolled' THEN coalesce(reason, 'enrolled') ELSE 'cancelled' END,
    CASE WHEN outcome <> 'enrolled' THEN reason END, enrollment_id, member);
  IF conflict.job_id IS NOT NULL THEN
    INSERT INTO campaign.job_enrollments (tenant_id, job_id, campaign_id, enrollment_id, outcome, reason, at)
    VALUES (tenant, conflict.job_id, conflict.campaign_id, enrollment_id, outcome, reason, now_time);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.settle_conflict(campaign.enrollment_conflicts, text) IS
'Internal: asks once more whether the contact of an open conflict may be enrolled, and replaces, enrols or cancels; a queued one whose turn has not come stays open (outcome NULL). The caller holds the locks of tenant, campaign and contact.';

CREATE FUNCTION campaign.last_sequence_end(tenant uuid, campaign uuid, contact uuid) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN (SELECT max(coalesce(e.completed_at, e.stopped_at))
            FROM campaign.campaign_enrollments e JOIN campaign.tenants t ON t.id = e.tenant_id
           WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status <> 'active'
             AND (e.exclusive OR NOT t.parallel_sequences OR e.campaign_id = campaign));
END $$;
COMMENT ON FUNCTION campaign.last_sequence_end(uuid, uuid, uuid) IS
'Internal: when the last of those enrolments of a contact ended beside which it could not have been enrolled in the campaign.';

-- Everything with SKIP LOCKED: whoever settles on the way never waits, and so needs no order.
CREATE FUNCTION campaign.try_lock_sequences(tenant uuid, contact uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  live uuid[] := ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
                        WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status = 'active');
BEGIN
  RETURN cardinality(live) = 0
    OR (SELECT count(*) FROM (SELECT FROM campaign.campaign_enrollments e
                               WHERE e.tenant_id = tenant AND e.id = ANY (live) AND e.status = 'active'
                                 FOR NO KEY UPDATE SKIP LOCKED) l) = cardinality(live)
   AND (SELECT count(*) FROM (SELECT FROM campaign.touch_queue q
                               WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live)
                                 FOR UPDATE SKIP LOCKED) l) = cardinality(live);
END $$;
COMMENT ON FUNCTION campaign.try_lock_sequences(uuid, uuid) IS
'Internal: locks the live enrolments of a locked contact and their queue rows; false if somebody else holds one.';

-- Of several that were asked for, the last one would replace the others at once: it alone is
-- enrolled. Queued ones have their turn in the order in which they came.
CREATE FUNCTION campaign.settle_contact_conflicts(tenant uuid, contact uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  conflict campaign.enrollment_conflicts;
  settled integer := 0;
  superseded boolean := false;
  result text;
BEGIN
  IF NOT EXISTS (SELECT FROM campaign.enrollment_conflicts x
                  WHERE x.tenant_id = tenant AND x.contact_id = contact AND x.resolution IS NULL AND x.resolve_after <= now_time)
     OR current_setting('transaction_isolation') IN ('repeatable read', 'serializable')
     OR NOT campaign.try_lock_sequences(tenant, contact) THEN
    RETURN 0;
  END IF;
  FOR conflict IN
    SELECT x.* FROM campaign.enrollment_conflicts x
     WHERE x.tenant_id = tenant AND x.contact_id = contact AND x.resolution IS NULL AND x.resolve_after <= now_time
     ORDER BY x.policy = 'queue', CASE x.policy WHEN 'queue' THEN x.id END, x.id DESC
  LOOP
    IF conflict.job_id IS NOT NULL THEN
      PERFORM FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = conflict.job_id FOR KEY SHARE SKIP LOCKED;
      CONTINUE WHEN NOT FOUND;
    END IF;
    IF superseded AND conflict.policy <> 'queue' THEN
      PERFORM campaign.end_conflict(tenant, conflict.id, 'skipped', 'superseded', NULL, NULL);
      settled := settled + 1;
      CONTINUE;
    END IF;
    -- not FOR KEY SHARE: beside who has locked a row and changed it, that waits in spite of SKIP LOCKED
    PERFORM FROM campaign.campaigns c WHERE c.tenant_id = tenant AND c.id = conflict.campaign_id FOR SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    SELECT s.outcome INTO result FROM campaign.settle_conflict(conflict, NULL) s;
    settled := settled + (result IS NOT NULL)::integer;
    superseded := superseded OR coalesce(result = 'enrolled', false);
  END LOOP;
  RETURN settled;
END $$;
COMMENT ON FUNCTION campaign.settle_contact_conflicts(uuid, uuid) IS
'Internal: settles the open conflicts of a locked contact whose time has come; returns how many were resolved. Waits for nobody: what somebody else holds is left for the next time. Does nothing above READ COMMITTED.';

CREATE FUNCTION campaign.settle_conflicts(max_contacts integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  due record;
  settled integer := 0;
BEGIN
  PERFORM campaign.require_read_committed('settle_conflicts()');
  FOR due IN
    SELECT x.tenant_id, x.contact_id
      FROM campaign.tenants t
     CROSS JOIN LATERAL (SELECT o.tenant_id, o.contact_id, o.resolve_after FROM campaign.enrollment_conflicts o
                          WHERE o.tenant_id = t.id AND o.resolution IS NULL AND o.resolve_after <= now_time
                          ORDER BY o.resolve_after LIMIT max_contacts) x
     GROUP BY x.tenant_id, x.contact_id
     ORDER BY min(x.resolve_after), x.tenant_id, x.contact_id LIMIT max_contacts
  LOOP
    PERFORM FROM campaign.tenants t WHERE t.id = due.tenant_id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = due.tenant_id AND c.id = due.contact_id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    settled := settled + campaign.settle_contact_conflicts(due.tenant_id, due.contact_id);
  END LOOP;
  RETURN settled;
END $$;
COMMENT ON FUNCTION campaign.settle_conflicts(integer) IS
'Settles the conflicts of up to max_contacts contacts whose time has come: what was asked about is replaced after 24 hours, what is queued is enrolled 7 days after the old sequence ended, and what may not be enrolled any more is cancelled. Returns how many were resolved. Part of maintenance; waits for nobody, and may run beside itself. Raises 25000 above READ COMMITTED.';

-- A job comes first: whoever deletes it has it locked already.
CREATE FUNCTION campaign.lock_conflict(conflict uuid) RETURNS campaign.enrollment_conflicts
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target campaign.enrollment_conflicts;
BEGIN
  SELECT x.* INTO target FROM campaign.enrollment_conflicts x
   WHERE x.tenant_id = ANY (campaign.writable_tenants()) AND x.id = conflict;
  IF FOUND THEN
    PERFORM FROM campaign.jobs j WHERE j.tenant_id = target.tenant_id AND j.id = target.job_id FOR KEY SHARE;
    PERFORM campaign.lock_tenant_key(target.tenant_id);
    PERFORM FROM campaign.campaigns c WHERE c.tenant_id = target.tenant_id AND c.id = target.campaign_id FOR KEY SHARE;
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = target.tenant_id AND c.id = target.contact_id FOR NO KEY UPDATE;
    SELECT x.* INTO target FROM campaign.enrollment_conflicts x WHERE x.tenant_id = target.tenant_id AND x.id = conflict;
  END IF;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'conflict "%" does not exist', conflict
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a conflict with this id.',
            HINT = 'See campaign.enrollment_conflicts; a conflict of another tenant is not found.';
  END IF;
  RETURN target;
END $$;
COMMENT ON FUNCTION campaign.lock_conflict(uuid) IS
'Internal: a conflict of the caller''s writable tenants as it is under the locks of its job, tenant, campaign and contact; raises P0002.';

CREATE FUNCTION campaign.resolve_conflict(conflict uuid, resolution text,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target campaign.enrollment_conflicts;
  member text := campaign.current_member();
BEGIN
  IF resolution IS NULL OR resolution NOT IN ('replace', 'skip', 'queue') THEN
    RAISE EXCEPTION 'invalid resolution %', coalesce(quote_literal(resolution), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A conflict is resolved by replace, skip or queue.',
            HINT = 'replace stops the old sequence, skip keeps it, queue enrols 7 days after it has ended.';
  END IF;
  PERFORM campaign.require_read_committed('resolve_conflict()');
  target := campaign.lock_conflict(conflict);
  IF target.resolution IS NOT NULL THEN
    RAISE EXCEPTION 'conflict "%" is resolved', conflict
      USING ERRCODE = 'CP002',
            DETAIL = format('It was %s by %s.', target.resolution, coalesce(target.resolved_by, 'system')),
            HINT = 'Enrol the contact with campaign.enroll() or campaign.enroll_job() if that was a mistake.';
  END IF;
  IF resolution = 'skip' THEN
    outcome := 'conflict';
    reason := 'skipped';
    PERFORM campaign.end_conflict(target.tenant_id, conflict, 'skipped', NULL, NULL, member);
    RETURN;
  END IF;
  UPDATE campaign.enrollment_conflicts x SET policy = resolve_conflict.resolution, resolved_by = member
   WHERE x.tenant_id = target.tenant_id AND x.id = conflict;
  target.policy := resolution;
  SELECT s.enrollment_id, s.outcome, s.reason INTO enrollment_id, outcome, reason FROM campaign.settle_conflict(target, member) s;
  IF outcome IS NULL THEN
    outcome := 'conflict';
    reason := 'queued';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.resolve_conflict(uuid, text) IS
'Decides an open conflict: replace stops the old sequence (repeat_job) and enrols, skip keeps it, queue enrols 7 days after it has ended. Returns the new enrolment, the outcome and the reason as enroll() does; what may not be enrolled any more is cancelled, with the reason. Raises 22023 for another resolution, CP002 if the conflict is resolved already, P0002 for one that is not yours, 25000 above READ COMMITTED.';

ALTER TABLE campaign.enrollment_conflicts ENABLE ROW LEVEL SECURITY;
CREATE POLICY enrollment_conflicts_select ON campaign.enrollment_conflicts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.enrollment_conflicts'),
  ('member', 'EXECUTE', 'FUNCTION campaign.resolve_conflict(uuid, text)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.settle_conflicts(integer)');

COMMENT ON TABLE campaign.enrollment_conflicts IS 'Contacts that were to be enrolled while they were in another live sequence, and what became of it. Open while resolution is NULL.';
COMMENT ON COLUMN campaign.enrollment_conflicts.job_id IS 'The job that was to be enrolled; NULL: by hand.';
COMMENT ON COLUMN campaign.enrollment_conflicts.live_enrollment_id IS 'The enrolment that was in the way.';
COMMENT ON COLUMN campaign.enrollment_conflicts.at IS 'When it was found, by the engine''s clock.';
COMMENT ON COLUMN campaign.enrollment_conflicts.anchor_at IS 'The anchor that was asked for; NULL: the job''s completion, or the time of the enrolment.';
COMMENT ON COLUMN campaign.enrollment_conflicts.policy IS 'What is done about it: the tenant''s conflict_policy at that time, or what a member has chosen. ask: replace after 24 hours; replace; skip; queue: enrol 7 days after the old one has ended.';
COMMENT ON COLUMN campaign.enrollment_conflicts.resolve_after IS 'An open one is looked at again from then on.';
COMMENT ON COLUMN campaign.enrollment_conflicts.resolution IS 'replaced: the old one was stopped and the contact enrolled; enrolled: nothing was in the way any more; skipped: the old one went on; cancelled: not to be enrolled any more, see reason; NULL: open.';
COMMENT ON COLUMN campaign.enrollment_conflicts.reason IS 'Why it was cancelled; superseded: skipped because of a later conflict of the same contact.';
COMMENT ON COLUMN campaign.enrollment_conflicts.resolved_by IS 'The member who decided, or system.';
COMMENT ON COLUMN campaign.enrollment_conflicts.enrollment_id IS 'The new enrolment.';
COMMENT ON POLICY enrollment_conflicts_select ON campaign.enrollment_conflicts IS 'Members read their tenants''.';
