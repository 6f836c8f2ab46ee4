-- campaign 0.2.0 to 0.3.0: what the fast ways of claims, reports and enrolment stand on.
\echo Use "ALTER EXTENSION campaign UPDATE TO '0.3.0'" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

-- a campaign's log is found through its enrolments
DROP INDEX campaign.send_logs_campaign_idx;

CREATE FUNCTION campaign.uuids_v7(n integer) RETURNS uuid[]
  LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'campaign_uuids_v7';

COMMENT ON FUNCTION campaign.uuids_v7(integer) IS 'Internal: that many new ids as campaign.uuid_v7() makes them, in order.';

INSERT INTO campaign.schema_version (version, description) VALUES ('0.3.0', 'updated from 0.2.0');

CREATE OR REPLACE FUNCTION campaign.normalize_address(address text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_normalize_address';

CREATE INDEX suppressions_erased_idx ON campaign.suppressions (tenant_id) WHERE pg_catalog.starts_with(address, 'hmac-sha256:');

DROP INDEX campaign.campaign_enrollments_live_key, campaign.campaign_enrollments_contact_idx;
CREATE UNIQUE INDEX campaign_enrollments_live_key ON campaign.campaign_enrollments
  (tenant_id, contact_id, campaign_id, (CASE WHEN status = 'active' THEN true END));

CREATE FUNCTION campaign.insert_enrollment_rows(tenant uuid, campaign uuid, contacts uuid[], ids uuid[], plan_version integer,
  anchor_at timestamptz, scheduled_at timestamptz, enrolled_at timestamptz, exclusive boolean, base_shift interval, lane integer, due_at timestamptz, job uuid)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_insert_enrollment_rows';

COMMENT ON FUNCTION campaign.insert_enrollment_rows(uuid, uuid, uuid[], uuid[], integer, timestamptz, timestamptz, timestamptz, boolean, interval, integer, timestamptz, uuid) IS
'Internal: writes enrolments and their first touches past the executor, without triggers. False, and nothing written, where somebody has put a trigger, a rule or a column of his own on one of the tables, where a value is NULL (but the job), and above READ COMMITTED: INSERT is for these.';

CREATE OR REPLACE FUNCTION campaign.insert_enrollment(tenant uuid, campaign uuid, contact uuid, job uuid, anchor timestamptz) RETURNS uuid
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

CREATE OR REPLACE FUNCTION campaign.stop_enrollments(tenant uuid, enrollments uuid[], reason text) RETURNS integer
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

CREATE FUNCTION campaign.distinct_ids(ids uuid[], OUT present uuid[], OUT given bigint) RETURNS record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_distinct_ids';

COMMENT ON FUNCTION campaign.distinct_ids(uuid[]) IS
'Internal: ids in order, each once and without NULLs, and how many there were with those that come again.';

CREATE OR REPLACE FUNCTION campaign.lock_contacts(tenant uuid, contacts uuid[], OUT present uuid[], OUT archived bigint) RETURNS record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_lock_contacts';

COMMENT ON FUNCTION campaign.lock_contacts(uuid, uuid[]) IS
'Internal: locks contacts, given in order and each once, FOR NO KEY UPDATE; returns those of the tenant that are not archived, in this order, and how many are.';

CREATE OR REPLACE FUNCTION campaign.insert_enrollments(tenant uuid, campaign uuid, contacts uuid[], ids uuid[], anchor timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  first record := campaign.first_touch(tenant, campaign, NULL);
  anchor_time timestamptz := coalesce(anchor, now_time);
  scheduled timestamptz := anchor_time + first.delay;
BEGIN
  IF NOT campaign.insert_enrollment_rows(tenant, campaign, contacts, ids, first.plan_version, anchor_time, scheduled, now_time,
       first.exclusive, first.shift, first.lane, scheduled - first.shift, NULL) THEN
    INSERT INTO campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at,
      enrolled_at, exclusive, base_shift)
    SELECT tenant, n.id, campaign, n.contact, first.plan_version, anchor_time, scheduled, now_time, first.exclusive, first.shift
      FROM unnest(contacts, ids) n(contact, id);
    INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
    SELECT tenant, first.lane, scheduled - first.shift, n.id, scheduled, 1 FROM unnest(ids) n(id);
  END IF;
  PERFORM campaign.count_touch_event(tenant, campaign, 0, first.service, 'enrolled', now_time, cardinality(ids));
  PERFORM campaign.notify_due(scheduled);
END $$;

COMMENT ON FUNCTION campaign.insert_enrollments(uuid, uuid, uuid[], uuid[], timestamptz) IS
'Internal: the rows of new enrolments without a job, contacts and ids side by side. The caller holds the locks of campaign and contacts and has asked what is in the way. Fires triggers only where somebody has put one of his own on these tables: then all of them.';

CREATE OR REPLACE FUNCTION campaign.enroll_free_contacts(tenant uuid, campaign uuid, free uuid[], taken uuid[], taken_by uuid[],
  anchor timestamptz, policy text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  begun uuid[] := free;
  ids uuid[];
  successors uuid[];
BEGIN
  IF policy = 'replace' AND taken IS NOT NULL THEN
    PERFORM campaign.stop_enrollments(tenant, ARRAY(
      SELECT e.id FROM campaign.tenants t
        JOIN campaign.campaign_enrollments e ON e.tenant_id = t.id
        JOIN unnest(taken) c(id) ON c.id = e.contact_id
       WHERE t.id = tenant AND e.tenant_id = tenant AND e.status = 'active' AND (e.exclusive OR NOT t.parallel_sequences)), 'repeat_job');
    begun := ARRAY(SELECT b.id FROM unnest(free || taken) b(id) ORDER BY b.id);
  END IF;
  ids := campaign.uuids_v7(cardinality(begun));
  IF cardinality(begun) > 0 THEN
    PERFORM campaign.insert_enrollments(tenant, campaign, begun, ids, anchor);
    PERFORM campaign.close_conflicts(tenant, campaign, NULL, begun, ids);
  END IF;
  IF taken IS NOT NULL THEN
    IF policy = 'replace' THEN
      successors := ARRAY(SELECT b.successor FROM unnest(taken) WITH ORDINALITY c(id, n)
                            JOIN unnest(begun, ids) b(id, successor) ON b.id = c.id ORDER BY c.n);
    END IF;
    PERFORM campaign.record_conflicts(tenant, campaign, NULL, taken, taken_by, successors, anchor, policy);
  END IF;
END $$;

CREATE OR REPLACE FUNCTION campaign.enroll_contacts(campaign uuid, ids uuid[], anchor_at timestamptz DEFAULT NULL,
  OUT outcome text, OUT reason text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  tenant uuid := campaign.require_enrollment_target(campaign, anchor_at);
  wanted record := campaign.distinct_ids(coalesce(ids, '{}'));
  campaign_status text;
  policy text;
  locked record;
  class record;
BEGIN
  PERFORM campaign.require_read_committed('enroll_contacts()');
  PERFORM campaign.lock_tenant_key(tenant);
  SELECT c.status INTO campaign_status FROM campaign.campaigns c WHERE c.tenant_id = tenant AND c.id = campaign FOR KEY SHARE;
  IF campaign_status <> 'running' THEN
    RETURN QUERY SELECT 'not_matched', 'campaign_' || campaign_status, cardinality(ids)::bigint WHERE cardinality(ids) > 0;
    RETURN;
  END IF;
  locked := campaign.lock_contacts(tenant, wanted.present);
  PERFORM campaign.settle_contact_conflicts(tenant, d.contact_id)
     FROM (SELECT DISTINCT x.contact_id FROM campaign.enrollment_conflicts x JOIN unnest(locked.present) p(id) ON p.id = x.contact_id
            WHERE x.tenant_id = tenant AND x.resolution IS NULL AND x.resolve_after <= now_time) d;
  class := campaign.classify_contacts(tenant, campaign, locked.present);
  SELECT t.conflict_policy INTO policy FROM campaign.tenants t WHERE t.id = tenant;
  PERFORM campaign.enroll_free_contacts(tenant, campaign, class.free, class.taken, class.taken_by, anchor_at, policy);
  RETURN QUERY SELECT r.* FROM (VALUES
      ('enrolled', NULL, cardinality(class.free)::bigint),
      ('enrolled', 'replaced', CASE WHEN policy = 'replace' THEN cardinality(class.taken)::bigint END),
      ('already_live', 'live_in_this_campaign', class.already),
      ('conflict', 'live_in_another_campaign', CASE WHEN policy <> 'replace' THEN cardinality(class.taken)::bigint END),
      ('suppressed', 'contact_archived', locked.archived),
      ('suppressed', 'review_cooldown', class.reviewed),
      ('not_matched', 'contact_missing', cardinality(wanted.present) - cardinality(locked.present) - locked.archived
                                         + cardinality(ids) - wanted.given),
      ('not_matched', 'duplicate', wanted.given - cardinality(wanted.present))) r(outcome, reason, contacts)
   WHERE r.contacts > 0;
END $$;

CREATE OR REPLACE FUNCTION campaign.enroll_contacts(campaign uuid, query text, anchor_at timestamptz DEFAULT NULL,
  OUT outcome text, OUT reason text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  source text := rtrim(query, E'; \t\r\n');
  id_type text;
  ids uuid[];
BEGIN
  -- which also loads the library, whose setting it is
  PERFORM campaign.current_member();
  IF current_setting('campaign.identity_source') = 'jwt' THEN
    RAISE EXCEPTION 'contacts are not enrolled by a query where members are subjects of tokens'
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'A query could change whose token it is.',
            HINT = 'Pass the ids of the contacts as an array.';
  END IF;
  IF coalesce(source, '') = '' THEN
    RAISE EXCEPTION 'query must not be null or empty'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It says which contacts are enrolled.',
            HINT = 'Pass a query such as SELECT id FROM campaign.contacts WHERE ..., or an array of ids.';
  END IF;
  EXECUTE format(E'SELECT pg_typeof((SELECT q.id FROM (%s\n) q(id) LIMIT 0))', source) INTO id_type;
  IF id_type <> 'uuid' THEN
    RAISE EXCEPTION 'the query returns % and not contacts', id_type
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Its first column must be the id of a contact.',
            HINT = 'Begin it with SELECT id FROM campaign.contacts; names are looked up in pg_catalog, others are qualified.';
  END IF;
  EXECUTE format(E'SELECT array_agg(q.id) FROM (%s\n) q(id)', source) INTO ids;
  RETURN QUERY SELECT r.* FROM campaign.enroll_contacts(campaign, coalesce(ids, '{}'), anchor_at) r;
END $$;

CREATE OR REPLACE FUNCTION campaign.recounted(tenant uuid, campaign uuid,
  OUT touch_number smallint, OUT service_type text, OUT metric text, OUT at timestamptz, OUT n bigint, OUT seconds bigint)
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT h.touch_number, coalesce(CASE WHEN e.job_id IS NULL THEN o.service_type ELSE j.service_type END, ''), h.metric,
         campaign.count_bucket(h.at), count(*), sum(h.seconds)::bigint
    FROM (SELECT l.enrollment_id, l.touch_number, l.status AS metric, coalesce(l.sent_at, l.logged_at) AS at, 0 AS seconds
            FROM campaign.campaign_enrollments c
            JOIN campaign.send_logs l ON l.tenant_id = c.tenant_id AND l.enrollment_id = c.id
           WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND l.tenant_id = $1 AND l.is_final
          UNION ALL
          SELECT c.id, 0::smallint, s.metric, s.at,
                 CASE s.metric WHEN 'enrolled' THEN 0 ELSE floor(extract(epoch FROM s.at - c.enrolled_at)) END
            FROM campaign.campaign_enrollments c
           CROSS JOIN LATERAL (VALUES ('enrolled', c.enrolled_at), ('completed', c.completed_at), ('stopped.' || c.stop_reason, c.stopped_at))
                 AS s(metric, at)
           WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND s.at IS NOT NULL
          UNION ALL
          (SELECT DISTINCT ON (v.enrollment_id, coalesce(v.touch_number, 0), m.metric)
                  v.enrollment_id, coalesce(v.touch_number, 0::smallint), m.metric, v.at, 0
             FROM campaign.campaign_enrollments c
             JOIN campaign.touch_events v ON v.tenant_id = c.tenant_id AND v.enrollment_id = c.id
            CROSS JOIN LATERAL (SELECT CASE WHEN v.kind = 'bounced' THEN 'bounced_' || v.bounce
                                            WHEN v.kind = 'opened' AND v.is_machine THEN 'machine_opened'
                                            WHEN v.kind <> 'clicked' OR NOT v.is_machine THEN v.kind END AS metric) m
            WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND v.tenant_id = $1 AND m.metric IS NOT NULL
            ORDER BY v.enrollment_id, coalesce(v.touch_number, 0), m.metric, v.id)
          UNION ALL
          (SELECT DISTINCT ON (v.enrollment_id) v.enrollment_id, coalesce(v.touch_number, 0::smallint), 'converted', v.at, 0
             FROM campaign.campaign_enrollments c
             JOIN campaign.touch_events v ON v.tenant_id = c.tenant_id AND v.enrollment_id = c.id
            WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND v.tenant_id = $1
              AND (v.kind = 'reviewed' OR v.kind = 'clicked' AND v.link = 'review') AND NOT v.is_machine
            ORDER BY v.enrollment_id, v.id)) h
    JOIN campaign.campaign_enrollments e ON e.tenant_id = $1 AND e.id = h.enrollment_id
    JOIN campaign.outreach_campaigns o ON o.tenant_id = $1 AND o.campaign_id = e.campaign_id
    LEFT JOIN campaign.jobs j ON j.tenant_id = $1 AND j.id = e.job_id
   GROUP BY 1, 2, 3, 4;
END;

CREATE FUNCTION campaign.lower_mark() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_lower_mark';

COMMENT ON FUNCTION campaign.lower_mark() IS
'Trigger on touch_queue: tells claims of a row that came in, moved or was given back where they have read already. Raises 39P01 on any other table.';

CREATE TRIGGER lower_mark_insert BEFORE INSERT ON campaign.touch_queue
  FOR EACH ROW EXECUTE FUNCTION campaign.lower_mark();

CREATE TRIGGER lower_mark_update AFTER UPDATE ON campaign.touch_queue
  FOR EACH ROW WHEN (NEW.due_at <> OLD.due_at OR NEW.lane <> OLD.lane OR NEW.tenant_id <> OLD.tenant_id OR NEW.enrollment_id <> OLD.enrollment_id OR NEW.lease_until < OLD.lease_until)
  EXECUTE FUNCTION campaign.lower_mark();

ALTER TABLE campaign.touch_queue ENABLE ALWAYS TRIGGER lower_mark_insert;

ALTER TABLE campaign.touch_queue ENABLE ALWAYS TRIGGER lower_mark_update;

COMMENT ON TRIGGER lower_mark_insert ON campaign.touch_queue IS 'Claims look at what comes in below what they have read.';

COMMENT ON TRIGGER lower_mark_update ON campaign.touch_queue IS 'Claims look at what is due again below what they have read.';

CREATE FUNCTION campaign.rescan_marks() RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_rescan_marks';

COMMENT ON FUNCTION campaign.rescan_marks() IS
'Internal: reads all of the queue that claims do not look at again, and has them look at rows that they would overlook. Returns how many there were: 0, unless somebody has written to the queue without its triggers. Part of maintenance, now and then.';

CREATE TRIGGER channels_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.channels
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER channels_forget_all AFTER TRUNCATE ON campaign.channels
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER send_limits_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.send_limits
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER send_limits_forget_all AFTER TRUNCATE ON campaign.send_limits
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER outreach_campaigns_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.outreach_campaigns
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER outreach_campaigns_forget_all AFTER TRUNCATE ON campaign.outreach_campaigns
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER campaign_touches_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.campaign_touches
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER campaign_touches_forget_all AFTER TRUNCATE ON campaign.campaign_touches
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER tenants_forget_settings AFTER UPDATE ON campaign.tenants
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER blackout_dates_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.blackout_dates
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER blackout_dates_forget_all AFTER TRUNCATE ON campaign.blackout_dates
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER message_templates_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.message_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER message_templates_forget_all AFTER TRUNCATE ON campaign.message_templates
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER tenant_keys_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.tenant_keys
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER tenant_keys_forget_all AFTER TRUNCATE ON campaign.tenant_keys
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();

ALTER TABLE campaign.channels ENABLE ALWAYS TRIGGER channels_forget;

ALTER TABLE campaign.channels ENABLE ALWAYS TRIGGER channels_forget_all;

ALTER TABLE campaign.send_limits ENABLE ALWAYS TRIGGER send_limits_forget;

ALTER TABLE campaign.send_limits ENABLE ALWAYS TRIGGER send_limits_forget_all;

ALTER TABLE campaign.outreach_campaigns ENABLE ALWAYS TRIGGER outreach_campaigns_forget;

ALTER TABLE campaign.outreach_campaigns ENABLE ALWAYS TRIGGER outreach_campaigns_forget_all;

ALTER TABLE campaign.campaign_touches ENABLE ALWAYS TRIGGER campaign_touches_forget;

ALTER TABLE campaign.campaign_touches ENABLE ALWAYS TRIGGER campaign_touches_forget_all;

ALTER TABLE campaign.tenants ENABLE ALWAYS TRIGGER tenants_forget_settings;

ALTER TABLE campaign.blackout_dates ENABLE ALWAYS TRIGGER blackout_dates_forget;

ALTER TABLE campaign.blackout_dates ENABLE ALWAYS TRIGGER blackout_dates_forget_all;

ALTER TABLE campaign.message_templates ENABLE ALWAYS TRIGGER message_templates_forget;

ALTER TABLE campaign.message_templates ENABLE ALWAYS TRIGGER message_templates_forget_all;

ALTER TABLE campaign.tenant_keys ENABLE ALWAYS TRIGGER tenant_keys_forget;

ALTER TABLE campaign.tenant_keys ENABLE ALWAYS TRIGGER tenant_keys_forget_all;

COMMENT ON TRIGGER channels_forget ON campaign.channels IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER channels_forget_all ON campaign.channels IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER send_limits_forget ON campaign.send_limits IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER send_limits_forget_all ON campaign.send_limits IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER outreach_campaigns_forget ON campaign.outreach_campaigns IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER outreach_campaigns_forget_all ON campaign.outreach_campaigns IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER campaign_touches_forget ON campaign.campaign_touches IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER campaign_touches_forget_all ON campaign.campaign_touches IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER tenants_forget_settings ON campaign.tenants IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER blackout_dates_forget ON campaign.blackout_dates IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER blackout_dates_forget_all ON campaign.blackout_dates IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER message_templates_forget ON campaign.message_templates IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER message_templates_forget_all ON campaign.message_templates IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER tenant_keys_forget ON campaign.tenant_keys IS 'Claims keep what they know of it in memory.';

COMMENT ON TRIGGER tenant_keys_forget_all ON campaign.tenant_keys IS 'Claims keep what they know of it in memory.';

CREATE OR REPLACE FUNCTION campaign.simulated_history(tenant uuid, campaign uuid) RETURNS campaign.simulated_event[]
LANGUAGE sql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT array_agg(h.event)
    FROM (SELECT ROW(g.logged_at, g.contact_id, g.touch_number, g.channel, g.status, coalesce(g.reason, g.error), NULL, g.address, g.subject)::campaign.simulated_event AS event
            FROM campaign.campaign_enrollments c
            JOIN campaign.send_logs g ON g.tenant_id = c.tenant_id AND g.enrollment_id = c.id
           WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND g.tenant_id = $1
           UNION ALL
          SELECT ROW(coalesce(e.completed_at, e.stopped_at), e.contact_id, NULL, NULL, e.status, e.stop_reason, NULL, NULL, NULL)::campaign.simulated_event
            FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.campaign_id = $2 AND e.status <> 'active') h;
END;

-- a net that should never catch anything: one run in ten
INSERT INTO campaign.maintenance_tasks (task, position, command) VALUES
  ('rescan_marks', 8, 'SELECT CASE WHEN random() < 0.1 THEN campaign.rescan_marks() ELSE 0 END');

CREATE OR REPLACE FUNCTION campaign.end_expired_leases(max_rows integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
  lease_time timestamptz := clock_timestamp();
  touch record;
  ended bigint := 0;
BEGIN
  PERFORM campaign.require_max_rows(max_rows);
  -- sent, as the event tells that stopped its sequence while the lease still ran
  FOR touch IN
    SELECT q.tenant_id, q.enrollment_id, q.claimed_at, proof.provider_id, proof.kind,
           campaign.touch_token(q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.touch_number, q.attempt, q.fence) AS token
      FROM campaign.touch_queue q
     CROSS JOIN LATERAL (
       SELECT max(v.provider_id) AS provider_id, (array_agg(v.kind ORDER BY v.at, v.id))[1] AS kind FROM campaign.touch_events v
        WHERE v.tenant_id = q.tenant_id AND v.enrollment_id = q.enrollment_id AND v.touch_number = q.touch_number
          AND v.at >= q.claimed_at AND v.kind IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained')) proof
     WHERE q.due_at = 'infinity' AND q.flags = 3 AND q.lease_until <= lease_time AND proof.kind IS NOT NULL
     LIMIT max_rows
  LOOP
    PERFORM FROM campaign.tenants t WHERE t.id = touch.tenant_id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    PERFORM FROM campaign.campaign_enrollments e WHERE e.tenant_id = touch.tenant_id AND e.id = touch.enrollment_id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    PERFORM campaign.report_touches(ARRAY[ROW(touch.token, 'sent', touch.provider_id, NULL, NULL, NULL, touch.claimed_at,
              jsonb_build_object('settled_by', touch.kind))::campaign.touch_result]);
    ended := ended + 1;
  END LOOP;
  FOR touch IN
    WITH found AS MATERIALIZED (
      SELECT f.tenant_id, f.lane, f.due_at, f.enrollment_id, l.uncertain_policy
        FROM (SELECT n.tenant_id, n.lane, n.shift, h.uncertain_policy
                FROM campaign.lanes n JOIN campaign.channels h ON h.channel = n.channel) l
       CROSS JOIN LATERAL (
         SELECT q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.lease_until, q.claimed_at, q.flags
           FROM campaign.touch_queue q
          WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.due_at <= now_time - l.shift
          ORDER BY q.due_at, q.enrollment_id LIMIT 10 * max_rows::bigint) f
       WHERE f.claimed_at > '-infinity' AND f.lease_until <= lease_time AND (f.flags & 1 = 0 OR l.uncertain_policy <> 'retry')
      UNION ALL
      SELECT q.tenant_id, q.lane, q.due_at, q.enrollment_id, NULL
        FROM campaign.touch_queue q
       WHERE q.due_at = 'infinity' AND q.flags & 3 = 2 AND q.lease_until <= lease_time
      LIMIT max_rows)
    SELECT q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.flags, q.claimed_at
      FROM found f
      JOIN campaign.touch_queue q ON q.tenant_id = f.tenant_id AND q.lane = f.lane AND q.due_at = f.due_at AND q.enrollment_id = f.enrollment_id
     WHERE q.claimed_at > '-infinity' AND q.lease_until <= lease_time AND (q.flags & 1 = 0 OR f.uncertain_policy <> 'retry')
       FOR UPDATE OF q SKIP LOCKED
  LOOP
    -- behind the row, so without waiting: what is being deleted goes without us
    PERFORM FROM campaign.tenants t WHERE t.id = touch.tenant_id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    IF touch.flags & 1 = 1 THEN
      -- it may have been sent: out of the way until somebody settles it; where an event has told that it
      -- was, the next claim does
      UPDATE campaign.touch_queue q SET due_at = 'infinity'
       WHERE q.tenant_id = touch.tenant_id AND q.lane = touch.lane AND q.due_at = touch.due_at AND q.enrollment_id = touch.enrollment_id
         AND NOT EXISTS (SELECT FROM campaign.touch_events v
                          WHERE v.tenant_id = q.tenant_id AND v.enrollment_id = q.enrollment_id AND v.touch_number = q.touch_number
                            AND v.at >= q.claimed_at AND v.kind IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained'));
      CONTINUE WHEN NOT FOUND;
    ELSE
      PERFORM campaign.return_send_usage(touch.tenant_id, touch.lane, touch.claimed_at);
      -- the fence stays: until the touch is claimed again, a late report is taken
      UPDATE campaign.touch_queue q
         SET claimed_at = '-infinity'
       WHERE q.tenant_id = touch.tenant_id AND q.lane = touch.lane AND q.due_at = touch.due_at AND q.enrollment_id = touch.enrollment_id
         AND touch.flags & 2 = 0;
      DELETE FROM campaign.touch_queue q
       WHERE q.tenant_id = touch.tenant_id AND q.lane = touch.lane AND q.due_at = touch.due_at AND q.enrollment_id = touch.enrollment_id
         AND touch.flags & 2 = 2;
    END IF;
    ended := ended + 1;
  END LOOP;
  RETURN ended;
END $$;

COMMENT ON FUNCTION campaign.end_expired_leases(integer) IS
'Ends leases that have run out without a report, as the next claim of the touch would: what was not begun goes back and returns its place under the caps, what was begun and may have been sent is put aside for whoever settles it (uncertain_touches), what was stopped meanwhile is removed, or logged as sent where an event has told so. Returns how many. Part of maintenance; waits for nobody. Raises 22023 for max_rows below 1.';

-- PUBLIC gets nothing, not even EXECUTE; campaign.grant_access() hands out levels.
REVOKE ALL ON ALL ROUTINES IN SCHEMA campaign FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA campaign FROM PUBLIC;
-- Types have their USAGE from the server's defaults. Row types of tables keep it: nobody names one without
-- USAGE on the schema, and pg_dump warns of each whose list of privileges an extension has changed.
DO $$
DECLARE
  own_type record;
BEGIN
  FOR own_type IN
    SELECT t.oid FROM pg_catalog.pg_type t
    LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) t.typrelid
    WHERE t.typnamespace OPERATOR(pg_catalog.=) 'campaign'::pg_catalog.regnamespace
      AND t.typcategory OPERATOR(pg_catalog.<>) 'A'
      AND (c.relkind IS NULL OR c.relkind OPERATOR(pg_catalog.=) 'c')
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON TYPE %s FROM PUBLIC', own_type.oid::pg_catalog.regtype);
  END LOOP;
END
$$;
