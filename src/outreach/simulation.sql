-- What would become of these contacts? The engine itself does it, in a subtransaction that is always
-- rolled back, on a clock that is moved from one due time to the next.

CREATE TYPE campaign.simulated_event AS (
  at           timestamptz,
  contact_id   uuid,
  touch_number smallint,
  channel      text,
  event        text,
  reason       text,
  until        timestamptz,
  address      text,
  subject      text
);
COMMENT ON TYPE campaign.simulated_event IS
'One row of campaign.simulate(): what happens to a contact at a time. event is enrolled, conflict, suppressed or not_matched; sent, skipped, failed or deferred (until); completed or stopped.';

CREATE FUNCTION campaign.set_simulated_time(at timestamptz) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT set_config('campaign.clock_offset', extract(epoch FROM $1 - statement_timestamp()) || ' seconds', true);
END;
COMMENT ON FUNCTION campaign.set_simulated_time(timestamptz) IS
'Internal: moves the engine''s clock for the rest of the (sub)transaction.';

CREATE FUNCTION campaign.simulated_enrollments(campaign uuid, contacts uuid[]) RETURNS campaign.simulated_event[]
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT array_agg(ROW(campaign.now(), c.contact, NULL, NULL, r.outcome, r.reason, NULL, NULL, NULL)::campaign.simulated_event ORDER BY c.place)
    FROM (SELECT u.contact, min(u.place) AS place FROM unnest($2) WITH ORDINALITY AS u(contact, place)
           GROUP BY u.contact ORDER BY min(u.place)) c
   CROSS JOIN LATERAL campaign.enroll($1, c.contact, anchor_at => campaign.now()) r;
END;
COMMENT ON FUNCTION campaign.simulated_enrollments(uuid, uuid[]) IS
'Internal: enrols the contacts, each once and in their order, and says what came of it.';

-- A claim does not say what it has put off, nor why. The gate is asked again, about the rows as they
-- were; what it reads beside them is as it was.
CREATE FUNCTION campaign.simulated_deferrals(tenant uuid, enrollments uuid[], touches smallint[], dues timestamptz[])
RETURNS campaign.simulated_event[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  deferred uuid[];
  were timestamptz[];
  are timestamptz[];
  events campaign.simulated_event[];
BEGIN
  SELECT array_agg(q.enrollment_id), array_agg(b.due_at), array_agg(q.due_at) INTO deferred, were, are
    FROM unnest(enrollments, touches, dues) AS b(enrollment_id, touch_number, due_at)
    JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.enrollment_id = b.enrollment_id
     AND q.touch_number = b.touch_number AND q.due_at > b.due_at AND q.due_at < 'infinity';
  IF deferred IS NULL THEN
    RETURN '{}';
  END IF;
  UPDATE campaign.touch_queue q SET due_at = d.due_at
    FROM unnest(deferred, were) AS d(enrollment_id, due_at) WHERE q.tenant_id = tenant AND q.enrollment_id = d.enrollment_id;
  SELECT array_agg(ROW(campaign.now(), e.contact_id, q.touch_number, l.channel, 'deferred', x.reason, d.due_at + l.shift, NULL, NULL)::campaign.simulated_event)
    INTO events
    FROM unnest(deferred, are) AS d(enrollment_id, due_at)
    JOIN campaign.campaign_enrollments e ON e.tenant_id = tenant AND e.id = d.enrollment_id
    JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.enrollment_id = d.enrollment_id
    JOIN campaign.lanes l ON l.tenant_id = tenant AND l.lane = q.lane
    LEFT JOIN LATERAL (SELECT g.reason FROM campaign.explain_touch(tenant, d.enrollment_id) WITH ORDINALITY AS g("check", outcome, reason, changes_at, place)
                        WHERE g.outcome <> 'pass' ORDER BY g.place LIMIT 1) x ON true;
  UPDATE campaign.touch_queue q SET due_at = d.due_at
    FROM unnest(deferred, are) AS d(enrollment_id, due_at) WHERE q.tenant_id = tenant AND q.enrollment_id = d.enrollment_id;
  RETURN events;
END $$;
COMMENT ON FUNCTION campaign.simulated_deferrals(uuid, uuid[], smallint[], timestamptz[]) IS
'Internal: which of these touches a claim has put off, until when and why.';

-- Everything that is due at this moment: claimed and sent at once, until a claim changes nothing.
CREATE FUNCTION campaign.simulate_moment(tenant uuid, campaign uuid) RETURNS campaign.simulated_event[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time constant timestamptz := campaign.now();
  events campaign.simulated_event[] := '{}';
  due record;
  before record;
BEGIN
  LOOP
    SELECT array_agg(q.enrollment_id ORDER BY q.enrollment_id) AS enrollments, array_agg(q.touch_number ORDER BY q.enrollment_id) AS touches,
           array_agg(q.due_at ORDER BY q.enrollment_id) AS dues INTO due
      FROM campaign.lanes l JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.lane = l.lane
     WHERE l.tenant_id = tenant AND l.campaign_id = campaign AND l.throttled_until <= now_time AND q.due_at <= now_time - l.shift;
    EXIT WHEN due.enrollments IS NULL OR due = before;
    PERFORM FROM campaign.report_touches(ARRAY(
      SELECT ROW(c.lease_token, 'sent', NULL, NULL, NULL, NULL, NULL, NULL)::campaign.touch_result
        FROM campaign.claim_campaign_touches('simulation', 1000, campaign) c));
    events := events || campaign.simulated_deferrals(tenant, due.enrollments, due.touches, due.dues);
    before := due;
  END LOOP;
  RETURN events;
END $$;
COMMENT ON FUNCTION campaign.simulate_moment(uuid, uuid) IS
'Internal: claims what a campaign has due now, and reports it as sent; returns what was put off.';

-- Touches that wait for the next window of a cap: each is told of once.
CREATE FUNCTION campaign.simulated_waits(tenant uuid, campaign uuid, INOUT waiting jsonb, OUT events campaign.simulated_event[]) RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time constant timestamptz := campaign.now();
BEGIN
  SELECT array_agg(ROW(now_time, e.contact_id, q.touch_number, l.channel, 'deferred', 'send_limit', l.throttled_until, NULL, NULL)::campaign.simulated_event),
         waiting || coalesce(jsonb_object_agg(q.enrollment_id, q.touch_number), '{}')
    INTO events, waiting
    FROM campaign.lanes l
    JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.lane = l.lane
    JOIN campaign.campaign_enrollments e ON e.tenant_id = tenant AND e.id = q.enrollment_id
   WHERE l.tenant_id = tenant AND l.campaign_id = campaign AND l.throttled_until > now_time AND q.due_at <= now_time - l.shift
     AND (waiting ->> q.enrollment_id::text)::smallint IS DISTINCT FROM q.touch_number;
END $$;
COMMENT ON FUNCTION campaign.simulated_waits(uuid, uuid, jsonb) IS
'Internal: which touches wait for a cap and did not before.';

CREATE FUNCTION campaign.simulated_history(tenant uuid, campaign uuid) RETURNS campaign.simulated_event[]
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
COMMENT ON FUNCTION campaign.simulated_history(uuid, uuid) IS
'Internal: what log and enrolments say became of a simulated campaign.';

CREATE FUNCTION campaign.run_simulation(tenant uuid, template_config jsonb, contacts uuid[], start_at timestamptz, end_at timestamptz)
RETURNS campaign.simulated_event[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  campaign uuid;
  events campaign.simulated_event[];
  waiting jsonb := '{}';
  last_time timestamptz;
  next_time timestamptz;
  patience interval;
BEGIN
  PERFORM campaign.set_simulated_time(start_at);
  campaign := campaign.create_campaign(tenant, 'Simulation ' || campaign.uuid_v7(), template_config, 'contacts');
  PERFORM campaign.launch_campaign(campaign);
  events := campaign.simulated_enrollments(campaign, contacts);
  LOOP
    SELECT greatest(min(greatest(q.due_at + l.shift, l.throttled_until)), start_at) INTO next_time
      FROM campaign.lanes l JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.lane = l.lane AND q.due_at < 'infinity'
     WHERE l.tenant_id = tenant AND l.campaign_id = campaign
    HAVING count(*) > 0;
    IF next_time <= last_time THEN
      -- another session holds what the claim has to write: asked for again, later and later
      patience := coalesce(patience * 2, '1 minute');
      next_time := last_time + patience;
    ELSE
      patience := NULL;
    END IF;
    EXIT WHEN next_time IS NULL OR next_time > end_at;
    PERFORM campaign.set_simulated_time(next_time);
    events := events || campaign.simulate_moment(tenant, campaign);
    SELECT w.waiting, events || w.events INTO waiting, events FROM campaign.simulated_waits(tenant, campaign, waiting) w;
    IF cardinality(events) > 100000 THEN
      RAISE EXCEPTION 'simulation is too long'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('It had come to %s after more than 100000 events.', next_time),
              HINT = 'Simulate fewer contacts, or fewer days.';
    END IF;
    last_time := next_time;
  END LOOP;
  RETURN events || campaign.simulated_history(tenant, campaign);
END $$;
COMMENT ON FUNCTION campaign.run_simulation(uuid, jsonb, uuid[], timestamptz, timestamptz) IS
'Internal: creates, launches and runs a campaign on a moved clock; the caller takes all of it back.';

-- The tenant of the contacts, unless it is given; raises whatever makes a simulation impossible.
CREATE FUNCTION campaign.require_simulation(contacts uuid[], days integer, tenant uuid, start_at timestamptz) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  IF coalesce(cardinality(contacts), 0) NOT BETWEEN 1 AND 1000 OR coalesce(days, 0) NOT BETWEEN 1 AND 400 THEN
    RAISE EXCEPTION 'simulation is out of bounds'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It takes 1 to 1000 contacts and 1 to 400 days.',
            HINT = 'A few contacts of each kind show what would become of all.';
  END IF;
  IF start_at NOT BETWEEN statement_timestamp() - interval '50 years' AND statement_timestamp() + interval '50 years' THEN
    RAISE EXCEPTION 'start_at is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The clock is moved by 50 years at most.',
            HINT = 'Leave start_at out to start now.';
  END IF;
  IF tenant IS NULL THEN
    SELECT c.tenant_id INTO tenant FROM campaign.contacts c
     WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contacts[array_lower(contacts, 1)];
    IF NOT FOUND THEN
      RAISE EXCEPTION 'contact % does not exist', coalesce('"' || contacts[array_lower(contacts, 1)] || '"', 'null')
        USING ERRCODE = 'no_data_found',
              DETAIL = 'No tenant that you may write to has a contact with this id.',
              HINT = 'Check the id; a contact of another tenant is not found.';
    END IF;
  END IF;
  PERFORM campaign.require_tenant(tenant);
  PERFORM campaign.require_read_committed('simulate()');
  RETURN tenant;
END $$;
COMMENT ON FUNCTION campaign.require_simulation(uuid[], integer, uuid, timestamptz) IS
'Internal: the tenant of a simulation; raises 22023, P0002, 42501 or 25000 if there can be none.';

CREATE FUNCTION campaign.simulate(template_config jsonb, contacts uuid[], days integer, tenant uuid DEFAULT NULL, start_at timestamptz DEFAULT campaign.now())
RETURNS SETOF campaign.simulated_event
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
  begin_at timestamptz := coalesce(start_at, campaign.now());
  events campaign.simulated_event[];
BEGIN
  owner_tenant := campaign.require_simulation(contacts, days, tenant, begin_at);
  -- the subtransaction takes back rows, locks, notifications and the clock; variables it leaves alone
  BEGIN
    events := campaign.run_simulation(owner_tenant, template_config, contacts, begin_at, begin_at + days * interval '24 hours');
    RAISE EXCEPTION 'the simulation is over';
  EXCEPTION WHEN OTHERS THEN
    IF events IS NULL THEN
      RAISE;
    END IF;
  END;
  RETURN QUERY
  SELECT e.* FROM unnest(events) e
   ORDER BY e.at, array_position(contacts, e.contact_id),
            CASE WHEN e.event IN ('completed', 'stopped') THEN 2 WHEN e.touch_number IS NOT NULL THEN 1 ELSE 0 END,
            e.touch_number, e.event <> 'deferred';
END $$;
COMMENT ON FUNCTION campaign.simulate(jsonb, uuid[], integer, uuid, timestamptz) IS
'What would become of up to 1000 contacts within up to 400 days if a campaign with these steps began at start_at (default now) and every message were sent at once, without an answer: the timeline, by the engine itself and by all of its rules. Nothing of it remains; the contacts are locked meanwhile, as enrolment does. The tenant defaults to that of the contacts. Raises P0002 for what is not yours, 42501 for viewers, CP003 and CP002 as creating and launching do, 22023 for what is out of range, 54000 beyond 100000 events, 25000 above READ COMMITTED.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'TYPE campaign.simulated_event'),
  ('member', 'EXECUTE', 'FUNCTION campaign.simulate(jsonb, uuid[], integer, uuid, timestamptz)');
