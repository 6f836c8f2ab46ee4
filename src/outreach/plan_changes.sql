-- Changing the plan of a campaign in which people already are: what differs, whom an act would
-- concern, and moving live enrolments to another version.

CREATE FUNCTION campaign.find_outreach_campaign(campaign uuid, tenants uuid[]) RETURNS campaign.outreach_campaigns
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_row campaign.outreach_campaigns;
BEGIN
  SELECT o.* INTO found_row FROM campaign.outreach_campaigns o
   WHERE o.tenant_id = ANY (tenants) AND o.campaign_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign % does not exist', coalesce('"' || campaign || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'There is no such outreach campaign among those of your tenants.',
            HINT = 'Ask campaign.campaigns for the ids of your campaigns.';
  END IF;
  RETURN found_row;
END $$;
COMMENT ON FUNCTION campaign.find_outreach_campaign(uuid, uuid[]) IS
'Internal: an outreach campaign of one of the tenants, not locked; raises P0002.';

CREATE FUNCTION campaign.require_plan_version(tenant uuid, campaign uuid, version integer) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  PERFORM 1 FROM campaign.campaign_touches t
   WHERE t.tenant_id = tenant AND t.campaign_id = campaign AND t.plan_version = version;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'plan version % does not exist', coalesce(version::text, 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = format('The campaign has the versions 1 to %s.', (SELECT max(t.plan_version) FROM campaign.campaign_touches t
                              WHERE t.tenant_id = tenant AND t.campaign_id = campaign)),
            HINT = 'Table campaign.campaign_touches has the touches of every version.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_plan_version(uuid, uuid, integer) IS
'Internal: raises P0002 for a version that the campaign''s plan does not have.';

-- Hours as in the document, since the text of an interval is the session's.
CREATE FUNCTION campaign.diff_plan(campaign uuid, from_version integer, to_version integer DEFAULT NULL)
RETURNS TABLE (touch_number smallint, change text, field text, old text, new text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target campaign.outreach_campaigns := campaign.find_outreach_campaign($1, campaign.readable_tenants());
BEGIN
  PERFORM campaign.require_plan_version(target.tenant_id, $1, $2);
  PERFORM campaign.require_plan_version(target.tenant_id, $1, coalesce($3, target.plan_version));
  RETURN QUERY
  WITH touches AS MATERIALIZED (
    SELECT t.plan_version, t.touch_number,
           jsonb_strip_nulls(to_jsonb(t) - '{tenant_id,campaign_id,plan_version,touch_number,step,delay,max_lateness}'::text[]
             || jsonb_build_object('delay_hours', trim_scale(extract(epoch FROM t.delay) / 3600),
                                   'max_lateness_hours', trim_scale(extract(epoch FROM t.max_lateness) / 3600))) AS document
      FROM campaign.campaign_touches t
     WHERE t.tenant_id = target.tenant_id AND t.campaign_id = $1
       AND t.plan_version IN ($2, coalesce($3, target.plan_version))
  )
  SELECT coalesce(o.touch_number, n.touch_number),
         CASE WHEN o.document IS NULL THEN 'added' WHEN n.document IS NULL THEN 'removed' ELSE 'changed' END,
         f.field, f.old_value #>> '{}', f.new_value #>> '{}'
    FROM (SELECT * FROM touches t WHERE t.plan_version = $2) o
    FULL JOIN (SELECT * FROM touches t WHERE t.plan_version = coalesce($3, target.plan_version)) n USING (touch_number)
   CROSS JOIN LATERAL campaign.changed_fields(o.document, n.document) f
   ORDER BY 1, array_position('{channel,label,delay_hours}'::text[], f.field), 3;
END $$;
COMMENT ON FUNCTION campaign.diff_plan(uuid, integer, integer) IS
'What differs between two plan versions of a campaign (to_version defaults to the present one): a row per touch and field, change being added, removed or changed. An added or removed touch shows the fields that say something. Raises P0002 for a campaign that you may not read and for an unknown version.';

-- What becomes of each live enrolment that is moved to a plan: that of a version, or of a document
-- that is not stored. Touches are matched by number. The plan's time keeps its chain: it moves by
-- what the touch's own delay changes; a touch that an operator tries again keeps its time, and the
-- place where the sequence goes on behind it. The due time follows, but gives up neither a retry's or a
-- deferral's wait nor the gap after the last send; and what comes sooner is due at once, not late.
CREATE FUNCTION campaign.plan_migration(tenant uuid, campaign uuid, version integer, document jsonb, lease_time timestamptz)
RETURNS TABLE (enrollment_id uuid, result text, touch_number smallint, old_channel text, channel text,
               resume_touch smallint, scheduled_at timestamptz, old_due_at timestamptz, due_at timestamptz, rescheduled boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time constant timestamptz := campaign.now();
  -- a day is 24 hours here as in the engine
  gap constant interval := (SELECT make_interval(secs => extract(epoch FROM n.min_gap)::double precision)
                              FROM campaign.tenants n WHERE n.id = $1);
BEGIN
  RETURN QUERY
  WITH target AS MATERIALIZED (
    SELECT c.touch_number, c.channel, c.delay, c.use_service_delay FROM campaign.campaign_touches c
     WHERE $4 IS NULL AND c.tenant_id = $1 AND c.campaign_id = $2 AND c.plan_version = $3
     UNION ALL
    SELECT d.touch_number, d.channel, d.delay, d.use_service_delay FROM campaign.document_touches($4) d
  )
  SELECT e.id,
         CASE WHEN $4 IS NULL AND e.plan_version = $3 THEN 'already'
              WHEN q.flags & 3 <> 0 OR q.lease_until > $5 THEN 'busy'
              WHEN t.touch_number IS NULL THEN 'completed'
              ELSE 'moved' END,
         q.touch_number, l.channel, t.channel,
         q.resume_touch, s.scheduled_at, q.due_at,
         CASE WHEN s.scheduled_at = q.scheduled_at THEN q.due_at
              WHEN d.due_at < q.due_at THEN least(q.due_at, greatest(d.due_at, now_time - l.shift))
              ELSE d.due_at END,
         -- no touch is late by a plan that came after its time
         CASE WHEN s.scheduled_at = q.scheduled_at THEN q.rescheduled
              ELSE s.scheduled_at < q.scheduled_at AND s.scheduled_at - e.base_shift < now_time - l.shift END
    FROM campaign.campaign_enrollments e
    JOIN campaign.touch_queue q ON q.tenant_id = $1 AND q.enrollment_id = e.id
    JOIN campaign.lanes l ON l.tenant_id = $1 AND l.lane = q.lane
    JOIN campaign.outreach_campaigns c ON c.tenant_id = $1 AND c.campaign_id = e.campaign_id
    LEFT JOIN campaign.campaign_touches o ON o.tenant_id = $1 AND o.campaign_id = e.campaign_id
      AND o.plan_version = e.plan_version AND o.touch_number = q.touch_number
    LEFT JOIN target t ON t.touch_number = q.touch_number
    LEFT JOIN campaign.jobs j ON j.tenant_id = $1 AND j.id = e.job_id
    LEFT JOIN campaign.service_types y ON q.touch_number = 1 AND t.use_service_delay AND y.tenant_id = $1
      AND y.service_type = CASE WHEN e.job_id IS NULL THEN c.service_type ELSE j.service_type END
   CROSS JOIN LATERAL (
     SELECT CASE WHEN q.resume_touch > 0 OR o.touch_number IS NULL OR t.touch_number IS NULL
                      OR (o.delay, o.use_service_delay AND q.touch_number = 1) = (t.delay, t.use_service_delay AND q.touch_number = 1)
                 THEN q.scheduled_at
                 WHEN q.touch_number = 1
                 THEN e.anchor_at + coalesce(make_interval(secs => extract(epoch FROM y.first_touch_delay)::double precision), t.delay)
                 ELSE q.scheduled_at - o.delay + t.delay END AS scheduled_at) s
   CROSS JOIN LATERAL (
     SELECT greatest(s.scheduled_at - e.base_shift,
                     CASE WHEN q.due_at > q.scheduled_at - e.base_shift THEN q.due_at END,
                     CASE WHEN s.scheduled_at < q.scheduled_at
                          THEN (SELECT max(g.sent_at) + gap - l.shift FROM campaign.send_logs g
                                 WHERE g.tenant_id = $1 AND g.enrollment_id = e.id AND g.status = 'sent') END) AS due_at) d
   WHERE e.tenant_id = $1 AND e.campaign_id = $2 AND e.status = 'active';
END $$;
COMMENT ON FUNCTION campaign.plan_migration(uuid, uuid, integer, jsonb, timestamptz) IS
'Internal: for each live enrolment of a campaign what migrate_enrollments() makes of it: moved, completed (its next touch is behind the new plan''s last), busy (with a worker) or already; with its touch, channels, and plan and due times in the queue''s terms. The plan is a version, or a document in its place.';

-- Enrolments and then their queue rows, each in the order of their ids: stops, reports and other
-- migrations take them in the same order. The campaign is locked so strongly that enrolments
-- under way are waited for, and none begins on the old plan.
CREATE FUNCTION campaign.lock_live_enrollments(tenant uuid, campaign uuid, version integer) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  PERFORM FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = tenant AND e.campaign_id = campaign AND e.status = 'active' AND e.plan_version <> version
   ORDER BY e.id FOR NO KEY UPDATE;
  PERFORM FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.enrollment_id = e.id
   WHERE e.tenant_id = tenant AND e.campaign_id = campaign AND e.status = 'active' AND e.plan_version <> version
   ORDER BY q.enrollment_id FOR UPDATE OF q;
END $$;
COMMENT ON FUNCTION campaign.lock_live_enrollments(uuid, uuid, integer) IS
'Internal: locks the live enrolments of a campaign that are on another plan version, and then their queue rows, in order; the caller has locked the campaign.';

CREATE FUNCTION campaign.move_enrollments(tenant uuid, campaign uuid, version integer,
  OUT moved bigint, OUT completed uuid[], OUT busy bigint, OUT already bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  -- after the locks: a claim that was waited for has its lease by now
  lease_time timestamptz := clock_timestamp();
BEGIN
  -- a lease that ended before its send was begun had a part of the caps
  PERFORM campaign.return_send_usage(tenant, q.lane, q.claimed_at)
     FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.enrollment_id = e.id
    WHERE e.tenant_id = tenant AND e.campaign_id = campaign AND e.status = 'active' AND e.plan_version <> version
      AND q.claimed_at > '-infinity' AND q.lease_until <= lease_time AND q.flags & 3 = 0;
  WITH plan AS MATERIALIZED (
    SELECT p.*, l.lane FROM campaign.plan_migration(tenant, campaign, version, NULL, lease_time) p
      LEFT JOIN campaign.lanes l ON l.tenant_id = tenant AND l.campaign_id = campaign AND l.channel = p.channel
  ), removed AS (
    DELETE FROM campaign.touch_queue q USING plan p
     WHERE q.tenant_id = tenant AND q.enrollment_id = p.enrollment_id AND p.result = 'completed'
  ), queued AS (
    -- a lease that has ended ends for its late report, too; on another channel all attempts are new
    UPDATE campaign.touch_queue q
       SET lane = p.lane, due_at = p.due_at, scheduled_at = p.scheduled_at, rescheduled = p.rescheduled,
           attempt_base = CASE WHEN p.channel = p.old_channel THEN q.attempt_base ELSE q.attempt END,
           lease_until = '-infinity', claimed_at = '-infinity', fence = 0, worker_id = 0
      FROM plan p
     WHERE q.tenant_id = tenant AND q.enrollment_id = p.enrollment_id AND p.result = 'moved'
  ), ended AS (
    UPDATE campaign.campaign_enrollments e SET status = 'completed', completed_at = now_time
      FROM plan p
     WHERE e.tenant_id = tenant AND e.id = p.enrollment_id AND p.result = 'completed'
  ), followed AS (
    UPDATE campaign.campaign_enrollments e
       SET plan_version = version,
           first_scheduled_at = CASE WHEN p.touch_number = 1 AND p.resume_touch = 0 THEN p.scheduled_at ELSE e.first_scheduled_at END
      FROM plan p
     WHERE e.tenant_id = tenant AND e.id = p.enrollment_id AND p.result = 'moved'
  )
  SELECT count(*) FILTER (WHERE p.result = 'moved'), array_agg(p.enrollment_id) FILTER (WHERE p.result = 'completed'),
         count(*) FILTER (WHERE p.result = 'busy'), count(*) FILTER (WHERE p.result = 'already')
    INTO moved, completed, busy, already
    FROM plan p;
  IF completed IS NOT NULL THEN
    PERFORM campaign.count_enrollments(tenant, campaign, 'completed', completed);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.move_enrollments(uuid, uuid, integer) IS
'Internal: moves the live enrolments of a campaign, which the caller has locked, to a plan version; returns how many, and which were completed by it.';

CREATE FUNCTION campaign.migrate_enrollments(campaign uuid, to_version integer DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (result text, enrollments bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target campaign.outreach_campaigns := campaign.find_outreach_campaign(campaign, campaign.writable_tenants());
  locked campaign.campaigns;
  version integer;
  done record;
BEGIN
  PERFORM campaign.require_read_committed('migrate_enrollments()');
  IF NOT coalesce(dry_run, false) THEN
    locked := campaign.lock_campaign(campaign, ARRAY[target.tenant_id], true);
    target := campaign.find_outreach_campaign(campaign, ARRAY[target.tenant_id]);
  END IF;
  version := coalesce(to_version, target.plan_version);
  PERFORM campaign.require_plan_version(target.tenant_id, campaign, version);
  IF dry_run THEN
    SELECT count(*) FILTER (WHERE p.result = 'moved') AS moved, count(*) FILTER (WHERE p.result = 'completed') AS completed,
           count(*) FILTER (WHERE p.result = 'busy') AS busy, count(*) FILTER (WHERE p.result = 'already') AS already
      INTO done FROM campaign.plan_migration(target.tenant_id, campaign, version, NULL, clock_timestamp()) p;
  ELSE
    PERFORM campaign.require_sendable_plan(target.tenant_id, campaign, version);
    PERFORM campaign.lock_live_enrollments(target.tenant_id, campaign, version);
    SELECT m.moved, coalesce(cardinality(m.completed), 0)::bigint AS completed, m.busy, m.already
      INTO done FROM campaign.move_enrollments(target.tenant_id, campaign, version) m;
    IF locked.status = 'running' AND done.moved > 0 THEN
      PERFORM campaign.notify_campaign_due(target.tenant_id, campaign);
    END IF;
  END IF;
  RETURN QUERY VALUES ('moved', done.moved), ('completed', done.completed), ('busy', done.busy), ('already', done.already);
END $$;
COMMENT ON FUNCTION campaign.migrate_enrollments(uuid, integer, boolean) IS
'Moves the live enrolments of a campaign to a plan version (default: the present one), or with dry_run only says what it would do. Returns how many were moved, completed (their next touch is behind the new plan''s last), busy (with a worker, or uncertain: left on their version, move them later) and on that version already. Enrolments of the campaign wait meanwhile. Raises P0002 for a campaign that is not yours and for an unknown version, CP002 for a version whose touches have no text, 25000 above READ COMMITTED.';

-- Counts by the touch that is next, and over all.
CREATE FUNCTION campaign.campaign_impact(campaign uuid, action text, template_config jsonb DEFAULT NULL)
RETURNS TABLE (effect text, touch_number smallint, enrollments bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target campaign.outreach_campaigns := campaign.find_outreach_campaign($1, campaign.readable_tenants());
  now_time constant timestamptz := campaign.now();
  effects text[];
BEGIN
  effects := CASE $2 WHEN 'pause' THEN '{live,frozen,leased,uncertain}'
                     WHEN 'resume' THEN '{live,overdue}'
                     WHEN 'archive' THEN '{live,stopped,leased,uncertain}'
                     WHEN 'revise' THEN '{live,moved,completed,busy,rerouted,earlier,later}' END;
  IF effects IS NULL THEN
    RAISE EXCEPTION 'invalid action %', coalesce(quote_literal($2), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The actions are pause, resume, archive and revise.',
            HINT = 'For revise pass the document that is to replace the plan.';
  END IF;
  IF $2 = 'revise' THEN
    PERFORM campaign.require_document(target.tenant_id, $3);
  END IF;
  RETURN QUERY
  WITH live AS MATERIALIZED (
    SELECT q.touch_number,
           ARRAY['live', 'frozen', 'stopped', CASE WHEN q.lease_until > clock_timestamp() THEN 'leased' WHEN q.flags & 1 = 1 THEN 'uncertain' END,
                 CASE WHEN q.due_at + l.shift <= now_time THEN 'overdue' END] AS effects
      FROM campaign.campaign_enrollments e
      JOIN campaign.touch_queue q ON q.tenant_id = target.tenant_id AND q.enrollment_id = e.id
      JOIN campaign.lanes l ON l.tenant_id = target.tenant_id AND l.lane = q.lane
     WHERE $2 <> 'revise' AND e.tenant_id = target.tenant_id AND e.campaign_id = $1 AND e.status = 'active'
     UNION ALL
    SELECT p.touch_number,
           ARRAY['live', p.result, CASE WHEN p.result = 'moved' AND p.channel <> p.old_channel THEN 'rerouted' END,
                 CASE WHEN p.result = 'moved' AND p.due_at < p.old_due_at THEN 'earlier'
                      WHEN p.result = 'moved' AND p.due_at > p.old_due_at THEN 'later' END]
      FROM campaign.plan_migration(target.tenant_id, $1, NULL, $3, clock_timestamp()) p
     WHERE $2 = 'revise'
  )
  SELECT f.effect, g.touch_number, g.enrollments
    FROM unnest(effects) WITH ORDINALITY AS f(effect, place)
   CROSS JOIN LATERAL (SELECT l.touch_number, count(*) AS enrollments FROM live l WHERE f.effect = ANY (l.effects)
                        GROUP BY ROLLUP (l.touch_number)) g
   ORDER BY f.place, g.touch_number NULLS FIRST;
END $$;
COMMENT ON FUNCTION campaign.campaign_impact(uuid, text, jsonb) IS
'How many live enrolments an act would concern, before it: a row per effect over all (touch_number NULL) and per next touch. live for every action; pause: frozen; archive: stopped; both: leased (with a worker, whose begin_send is refused) and uncertain; resume: overdue (what the resume policy decides about); revise: what migrate_enrollments() to the document would do: moved, completed, busy, and of the moved rerouted to another channel, earlier or later. Revising alone concerns none of them. Raises P0002, 22023 for an unknown action, CP003 for an invalid document.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.diff_plan(uuid, integer, integer)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.migrate_enrollments(uuid, integer, boolean)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.campaign_impact(uuid, text, jsonb)');
