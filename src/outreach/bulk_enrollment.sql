-- Enrolment of many contacts in one call: the rules of enroll(), set by set, one statement for each step.
-- Lists of a million are joined by plans made for their length.

CREATE FUNCTION campaign.distinct_ids(ids uuid[], OUT present uuid[], OUT given bigint) RETURNS record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_distinct_ids';
COMMENT ON FUNCTION campaign.distinct_ids(uuid[]) IS
'Internal: ids in order, each once and without NULLs, and how many there were with those that come again.';

CREATE FUNCTION campaign.lock_contacts(tenant uuid, contacts uuid[], OUT present uuid[], OUT archived bigint) RETURNS record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_lock_contacts';
COMMENT ON FUNCTION campaign.lock_contacts(uuid, uuid[]) IS
'Internal: locks contacts, given in order and each once, FOR NO KEY UPDATE; returns those of the tenant that are not archived, in this order, and how many are.';

-- After the locks, of what is locked: who may begin, who is in another sequence (and in which), and
-- how many are not asked further.
CREATE FUNCTION campaign.classify_contacts(tenant uuid, campaign uuid, contacts uuid[],
  OUT free uuid[], OUT taken uuid[], OUT taken_by uuid[], OUT already bigint, OUT reviewed bigint)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  since timestamptz;
  resting uuid[];
  live uuid[];
BEGIN
  SELECT campaign.now() - make_interval(secs => extract(epoch FROM t.review_cooldown)::double precision) INTO since
    FROM campaign.tenants t WHERE t.id = tenant;
  resting := ARRAY(
    SELECT v.contact_id FROM campaign.touch_events v JOIN unnest(contacts) c(id) ON c.id = v.contact_id
     WHERE v.tenant_id = tenant AND v.kind IN ('reviewed', 'feedback', 'clicked') AND v.at > since
       AND (v.kind <> 'clicked' OR v.link = 'review') AND NOT v.is_machine
    UNION
    SELECT e.contact_id FROM campaign.campaign_enrollments e JOIN unnest(contacts) c(id) ON c.id = e.contact_id
     WHERE e.tenant_id = tenant AND e.status = 'stopped'
       AND e.stop_reason IN ('review_clicked', 'feedback_submitted') AND e.stopped_at > since);
  WITH standing AS (
    SELECT e.contact_id, bool_or(e.campaign_id = campaign) AS is_same, (array_agg(e.id ORDER BY e.id))[1] AS id
      FROM campaign.tenants t
      JOIN campaign.campaign_enrollments e ON e.tenant_id = t.id
      JOIN unnest(contacts) c(id) ON c.id = e.contact_id
     WHERE t.id = tenant AND e.tenant_id = tenant AND e.status = 'active'
       AND (e.exclusive OR NOT t.parallel_sequences OR e.campaign_id = campaign)
     GROUP BY e.contact_id
  )
  SELECT array_agg(s.contact_id), array_agg(s.contact_id) FILTER (WHERE NOT s.is_same), array_agg(s.id) FILTER (WHERE NOT s.is_same),
         count(*) FILTER (WHERE s.is_same)
    INTO live, taken, taken_by, already
    FROM standing s WHERE s.contact_id <> ALL (resting);
  reviewed := cardinality(resting);
  IF reviewed = 0 AND live IS NULL THEN
    free := contacts;
  ELSE
    free := ARRAY(SELECT c.id FROM unnest(contacts) c(id)
                  EXCEPT SELECT r.id FROM unnest(resting || live) r(id)
                  ORDER BY 1);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.classify_contacts(uuid, uuid, uuid[]) IS
'Internal: of different, locked contacts those that may begin in the campaign (in order), those that are in another live sequence and in which, how many are in this campaign already, and how many have reviewed a short time ago.';

CREATE FUNCTION campaign.insert_enrollments(tenant uuid, campaign uuid, contacts uuid[], ids uuid[], anchor timestamptz) RETURNS void
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

-- Whoever is replaced is stopped first, and then enrolled with the others; in order, as the indexes are.
CREATE FUNCTION campaign.enroll_free_contacts(tenant uuid, campaign uuid, free uuid[], taken uuid[], taken_by uuid[],
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
COMMENT ON FUNCTION campaign.enroll_free_contacts(uuid, uuid, uuid[], uuid[], uuid[], timestamptz, text) IS
'Internal: enrols the contacts that are free, and treats those that are taken by a policy, which replaces, or records their conflicts.';

CREATE FUNCTION campaign.enroll_many(tenant uuid, campaign uuid, ids uuid[], anchor_at timestamptz,
  OUT outcome text, OUT reason text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  wanted record := campaign.distinct_ids(coalesce(ids, '{}'));
  campaign_status text;
  policy text;
  locked record;
  excluded uuid[];
  unassigned uuid[] := '{}';
  disqualified uuid[] := '{}';
  barred uuid[];
  present uuid[];
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
  excluded := ARRAY(SELECT k.contact_id FROM campaign.campaign_contacts k
                     WHERE k.tenant_id = tenant AND k.campaign_id = campaign AND k.status = 'excluded' AND k.contact_id = ANY (locked.present));
  -- whom assign_contacts() does not take does not come in by this door either
  IF EXISTS (SELECT FROM campaign.outreach_campaigns o WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND o.audience = 'assigned') THEN
    unassigned := ARRAY(SELECT p.id FROM unnest(locked.present) p(id)
                        EXCEPT SELECT k.contact_id FROM campaign.campaign_contacts k WHERE k.tenant_id = tenant AND k.campaign_id = campaign);
    disqualified := ARRAY(SELECT c.id FROM campaign.contacts c
                           WHERE c.tenant_id = tenant AND c.id = ANY (locked.present) AND c.is_disqualified AND c.id <> ALL (excluded || unassigned));
  END IF;
  barred := excluded || unassigned || disqualified;
  present := CASE WHEN cardinality(barred) = 0 THEN locked.present
                  ELSE ARRAY(SELECT p.id FROM unnest(locked.present) p(id) WHERE p.id <> ALL (barred) ORDER BY p.id) END;
  class := campaign.classify_contacts(tenant, campaign, present);
  SELECT t.conflict_policy INTO policy FROM campaign.tenants t WHERE t.id = tenant;
  PERFORM campaign.enroll_free_contacts(tenant, campaign, class.free, class.taken, class.taken_by, anchor_at, policy);
  RETURN QUERY SELECT r.* FROM (VALUES
      ('enrolled', NULL, cardinality(class.free)::bigint),
      ('enrolled', 'replaced', CASE WHEN policy = 'replace' THEN cardinality(class.taken)::bigint END),
      ('already_live', 'live_in_this_campaign', class.already),
      ('conflict', 'live_in_another_campaign', CASE WHEN policy <> 'replace' THEN cardinality(class.taken)::bigint END),
      ('suppressed', 'contact_archived', locked.archived),
      ('suppressed', 'contact_excluded', cardinality(excluded)::bigint),
      ('suppressed', 'contact_disqualified', cardinality(disqualified)::bigint),
      ('suppressed', 'review_cooldown', class.reviewed),
      ('not_matched', 'not_assigned', cardinality(unassigned)::bigint),
      ('not_matched', 'contact_missing', cardinality(wanted.present) - cardinality(locked.present) - locked.archived
                                         + cardinality(ids) - wanted.given),
      ('not_matched', 'duplicate', wanted.given - cardinality(wanted.present))) r(outcome, reason, contacts)
   WHERE r.contacts > 0;
END $$;
COMMENT ON FUNCTION campaign.enroll_many(uuid, uuid, uuid[], timestamptz) IS
'Internal: enrols many contacts in a campaign of a tenant, and returns how many had which outcome; raises 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.enroll_contacts(campaign uuid, ids uuid[], anchor_at timestamptz DEFAULT NULL,
  OUT outcome text, OUT reason text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  tenant uuid := campaign.require_enrollment_target(campaign, anchor_at);
BEGIN
  RETURN QUERY SELECT r.* FROM campaign.enroll_many(tenant, campaign, ids, anchor_at) r;
END $$;
COMMENT ON FUNCTION campaign.enroll_contacts(uuid, uuid[], timestamptz) IS
'Enrols many contacts in a running campaign, as enroll() does each of them without a job, and returns how many had which outcome for which reason; ids that are not the tenant''s (contact_missing) and ids that come again (duplicate) are not_matched. In a campaign of audience assigned so are those who are not assigned to it (not_assigned), and of those who are the disqualified ones are suppressed (contact_disqualified). A million is one call. Raises P0002 for a campaign that is not yours, 22023 for an anchor before 1900 or after 9999, 25000 above READ COMMITTED.';

-- A query of the caller runs with his rights. Not where the identity is a setting, which a query
-- could change.
CREATE FUNCTION campaign.enroll_contacts(campaign uuid, query text, anchor_at timestamptz DEFAULT NULL,
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
COMMENT ON FUNCTION campaign.enroll_contacts(uuid, text, timestamptz) IS
'Enrols the contacts that a query returns in its first column, which is read with the caller''s rights and with search_path pg_catalog; otherwise as enroll_contacts(uuid, uuid[], timestamptz). Raises besides 22023 for a query that returns something else and 42501 where campaign.identity_source is jwt.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.enroll_contacts(uuid, uuid[], timestamptz)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.enroll_contacts(uuid, text, timestamptz)');
