-- Launching: a campaign begins to run and enrols whom it was assigned, now or at a time that was set.

CREATE FUNCTION campaign.require_approvable(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  obstacle text := campaign.approval_obstacle(tenant, campaign);
BEGIN
  IF obstacle IS NOT NULL THEN
    RAISE EXCEPTION 'the messages of campaign "%" are not reviewed', campaign
      USING ERRCODE = 'CP002',
            DETAIL = format('%s%s; excluded contacts do not count.', upper(left(obstacle, 1)), substr(obstacle, 2)),
            HINT = 'Approve or reject them with campaign.review_messages(); campaign.review_summary() counts them.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_approvable(uuid, uuid) IS
'Internal: raises CP002 for a campaign without an approved message, or with a draft, of a contact that is not excluded.';

-- From ready a campaign begins without messages; one that has some is held to their review.
CREATE FUNCTION campaign.require_reviewed(tenant uuid, campaign uuid, from_status text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  IF from_status = 'approved'
     OR EXISTS (SELECT FROM campaign.messages m WHERE m.tenant_id = tenant AND m.campaign_id = campaign) THEN
    PERFORM campaign.require_approvable(tenant, campaign);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_reviewed(uuid, uuid, text) IS
'Internal: raises CP002 for a campaign whose messages, if it has any or comes from approved, are not reviewed.';

-- Where there are messages, whoever has none that is approved is not begun with.
CREATE FUNCTION campaign.contacts_to_launch(tenant uuid, campaign uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  has_messages boolean := EXISTS (SELECT FROM campaign.messages m WHERE m.tenant_id = tenant AND m.campaign_id = campaign);
BEGIN
  RETURN ARRAY(
    SELECT k.contact_id FROM campaign.campaign_contacts k
     WHERE k.tenant_id = tenant AND k.campaign_id = campaign AND k.status <> 'excluded'
       AND (NOT has_messages
            OR k.contact_id IN (SELECT m.contact_id FROM campaign.messages m
                                 WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND m.status = 'approved'))
     ORDER BY k.contact_id);
END $$;
COMMENT ON FUNCTION campaign.contacts_to_launch(uuid, uuid) IS
'Internal: whom a launch enrols, in order: the contacts that a campaign was assigned and that are not excluded, of one with messages those with an approved one.';

CREATE FUNCTION campaign.begin_launched(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  result jsonb;
BEGIN
  IF EXISTS (SELECT FROM campaign.outreach_campaigns o
              WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND o.audience = 'assigned') THEN
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(to_jsonb(e))), '[]') INTO result
      FROM campaign.enroll_many(tenant, campaign, campaign.contacts_to_launch(tenant, campaign), NULL) e;
    UPDATE campaign.outreach_campaigns o SET launch_outcome = result WHERE o.tenant_id = tenant AND o.campaign_id = campaign;
  END IF;
  PERFORM campaign.notify_campaign_due(tenant, campaign);
END $$;
COMMENT ON FUNCTION campaign.begin_launched(uuid, uuid) IS
'Internal: enrols whom a locked campaign, running since just now, was assigned; of another audience nobody.';

-- Where sender_config asks for less than the tenant may send.
CREATE FUNCTION campaign.tighter_sender_limits(tenant uuid, campaign uuid,
  OUT channel text, OUT hourly_limit integer, OUT per_hour integer, OUT per_day integer, OUT warmup boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT h.channel, h.hourly_limit, w.per_hour, w.per_day, w.warmup
      FROM campaign.outreach_campaigns o
     CROSS JOIN LATERAL (VALUES
       ('email', (o.sender_config ->> 'hourly_limit')::numeric::integer, (o.sender_config ->> 'daily_limit')::numeric::integer,
        coalesce((o.sender_config ->> 'warmup')::boolean, false)),
       ('linkedin_connect', NULL, (o.sender_config ->> 'linkedin_daily_connections')::numeric::integer, false),
       ('linkedin_message', NULL, (o.sender_config ->> 'linkedin_daily_messages')::numeric::integer, false)) l(channel, per_hour, per_day, warmup)
      JOIN campaign.channels h ON h.channel = l.channel
      LEFT JOIN campaign.send_limits s ON s.tenant_id = o.tenant_id AND s.channel = l.channel
     CROSS JOIN LATERAL (
       -- beside a row of the tenant's the channel's own limit does not hold
       SELECT CASE WHEN l.per_hour < coalesce(CASE WHEN s.channel IS NULL THEN h.hourly_limit ELSE s.per_hour END, 2147483647) THEN l.per_hour END AS per_hour,
              CASE WHEN l.per_day < coalesce(s.per_day, 2147483647) THEN l.per_day END AS per_day,
              l.warmup AND s.warmup_started_on IS NULL AS warmup) w
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND (num_nonnulls(w.per_hour, w.per_day) > 0 OR w.warmup)
       AND EXISTS (SELECT FROM campaign.campaign_touches t
                    WHERE t.tenant_id = tenant AND t.campaign_id = campaign AND t.plan_version = o.plan_version AND t.channel = l.channel)
     ORDER BY h.channel;
END $$;
COMMENT ON FUNCTION campaign.tighter_sender_limits(uuid, uuid) IS
'Internal: the channels that a campaign uses and for which its sender_config asks for a limit below the tenant''s, or for a warm-up where there is none; a limit that is not lower is NULL.';

CREATE FUNCTION campaign.wanted_limits(tenant uuid, campaign uuid) RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT string_agg(concat_ws(', ', l.channel, l.per_hour || ' an hour', l.per_day || ' a day', CASE WHEN l.warmup THEN 'a warm-up' END), '; ' ORDER BY l.channel)
    FROM campaign.tighter_sender_limits($1, $2) l;
END;
COMMENT ON FUNCTION campaign.wanted_limits(uuid, uuid) IS
'Internal: the limits of a campaign''s sender_config that are below the tenant''s, for a message; NULL if none is.';

-- Limits are settings of the tenant, which its owners change.
CREATE FUNCTION campaign.require_sender_limits(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  wanted text;
BEGIN
  IF tenant = ANY (campaign.owned_tenants()) THEN
    RETURN;
  END IF;
  wanted := campaign.wanted_limits(tenant, campaign);
  IF wanted IS NOT NULL THEN
    RAISE EXCEPTION 'permission denied to lower the limits of the tenant'
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = format('sender_config asks for less than the tenant may send: %s.', wanted),
            HINT = 'Have an owner launch the campaign, or set the limits before: set_send_limit() and start_warmup().';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_sender_limits(uuid, uuid) IS
'Internal: raises 42501 if a launch would lower limits of a tenant that the caller does not own.';

-- A launch has lowered them before; a bare transition would pass them over.
CREATE FUNCTION campaign.require_limits_applied(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted text := campaign.wanted_limits(tenant, campaign);
BEGIN
  IF wanted IS NOT NULL THEN
    RAISE EXCEPTION 'the limits of sender_config do not hold yet'
      USING ERRCODE = 'CP002',
            DETAIL = format('It asks for less than the tenant may send: %s.', wanted),
            HINT = 'Have an owner launch the campaign with campaign.launch_campaign(), or set the limits before: set_send_limit() and start_warmup().';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_limits_applied(uuid, uuid) IS
'Internal: raises CP002 where the limits of a campaign''s sender_config are below the tenant''s.';

-- The tenant is locked behind the campaign, as where a campaign gets its lanes, and before lanes are, as
-- where an owner sets a limit.
CREATE FUNCTION campaign.apply_sender_limits(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  wanted record;
  was_capped boolean;
  warms boolean;
BEGIN
  FOR wanted IN SELECT l.* FROM campaign.tighter_sender_limits(tenant, campaign) l LOOP
    PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
    INSERT INTO campaign.send_meters (tenant_id, channel) VALUES (tenant, wanted.channel) ON CONFLICT ON CONSTRAINT send_meters_pkey DO NOTHING;
    PERFORM FROM campaign.send_meters m WHERE m.tenant_id = tenant AND m.channel = wanted.channel FOR NO KEY UPDATE;
    SELECT coalesce(s.per_hour, s.per_day, s.per_month) IS NOT NULL OR s.warmup_started_on IS NOT NULL, s.warmup_started_on IS NULL AND wanted.warmup
      INTO was_capped, warms
      FROM campaign.send_limits s WHERE s.tenant_id = tenant AND s.channel = wanted.channel;
    was_capped := coalesce(was_capped, wanted.hourly_limit IS NOT NULL);
    INSERT INTO campaign.send_limits AS s (tenant_id, channel, per_hour, per_day)
    VALUES (tenant, wanted.channel, least(wanted.per_hour, wanted.hourly_limit), wanted.per_day)
    ON CONFLICT ON CONSTRAINT send_limits_pkey
    DO UPDATE SET per_hour = least(s.per_hour, wanted.per_hour), per_day = least(s.per_day, wanted.per_day);
    IF coalesce(warms, wanted.warmup) THEN
      PERFORM campaign.begin_warmup(tenant, wanted.channel, NULL, campaign.default_warmup());
    END IF;
    PERFORM campaign.apply_send_limits(tenant, wanted.channel, was_capped);
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.apply_sender_limits(uuid, uuid) IS
'Internal: lowers the tenant''s limits of the channels that a campaign uses to those of its sender_config, and begins the warm-up that it asks for unless there is one; never raises a limit.';

-- When it is set, and again when it comes.
CREATE FUNCTION campaign.schedule_launch(tenant uuid, campaign uuid, status text, at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  IF status NOT IN ('draft', 'ready', 'approved') THEN
    RAISE EXCEPTION 'a campaign in status "%" is not launched', status
      USING ERRCODE = 'CP001',
            DETAIL = 'Campaigns are launched from draft, ready and approved.',
            HINT = 'Ask campaign.allowed_transitions() for the steps from the current status.';
  END IF;
  PERFORM campaign.require_assigned_contacts(tenant, campaign);
  PERFORM campaign.require_sendable_plan(tenant, campaign);
  PERFORM campaign.require_reviewed(tenant, campaign, status);
  UPDATE campaign.outreach_campaigns o
     SET scheduled_launch_at = at, launch_error = NULL, launch_lowers = tenant = ANY (campaign.owned_tenants())
   WHERE o.tenant_id = tenant AND o.campaign_id = campaign;
END $$;
COMMENT ON FUNCTION campaign.schedule_launch(uuid, uuid, text, timestamptz) IS
'Internal: has a locked campaign launched at a time; raises CP001 and CP002 for one that could not be launched now.';

CREATE FUNCTION campaign.launch_campaign(campaign uuid, at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  locked record := campaign.lock_outreach_campaign(campaign);
BEGIN
  IF NOT isfinite(at) THEN
    RAISE EXCEPTION 'at must be finite'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is when the campaign begins.',
            HINT = 'Leave at out to launch now; campaign.cancel_launch() takes a time back.';
  END IF;
  PERFORM campaign.require_sender_limits(locked.tenant, campaign);
  IF at > campaign.now() THEN
    PERFORM campaign.schedule_launch(locked.tenant, campaign, locked.status, at);
    RETURN locked.status;
  END IF;
  PERFORM campaign.apply_sender_limits(locked.tenant, campaign);
  IF locked.status = 'draft' THEN
    PERFORM campaign.transition_campaign(campaign, 'ready', 'launch');
  END IF;
  locked.status := campaign.transition_campaign(campaign, 'running', 'launch');
  PERFORM campaign.begin_launched(locked.tenant, campaign);
  RETURN locked.status;
END $$;
COMMENT ON FUNCTION campaign.launch_campaign(uuid, timestamptz) IS
'Sets a campaign in draft, ready or approved running, with all its preconditions (CP002), and enrols every contact that it was assigned and that is not excluded, where it has messages those with an approved one, by the rules of enroll_contacts(): outreach_campaigns.launch_outcome says how many were enrolled, and why others were not. If an owner launches, the tenant''s limits are lowered to those that sender_config gives, else they must be as low already. Returns the status. With at, a time to come, the launch is only set for then (outreach_campaigns.scheduled_launch_at; another time replaces it), and maintenance does it; what stands in the way then is in launch_error. Raises CP001 from any other status, 42501 for an editor where limits would be lowered, 22023 for a time without end, P0002, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.cancel_launch(campaign uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  locked record := campaign.lock_outreach_campaign(campaign);
BEGIN
  UPDATE campaign.outreach_campaigns o SET scheduled_launch_at = NULL
   WHERE o.tenant_id = locked.tenant AND o.campaign_id = $1 AND o.scheduled_launch_at IS NOT NULL;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION campaign.cancel_launch(uuid) IS
'Takes back the time at which a campaign is to be launched; false if none was set, or it has been launched. Raises P0002.';

CREATE FUNCTION campaign.start_scheduled(tenant uuid, campaign uuid, status text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  former_reason text := current_setting('campaign.transition_reason', true);
BEGIN
  IF (SELECT o.launch_lowers FROM campaign.outreach_campaigns o WHERE o.tenant_id = tenant AND o.campaign_id = campaign) THEN
    PERFORM campaign.apply_sender_limits(tenant, campaign);
  END IF;
  PERFORM set_config('campaign.transition_reason', 'scheduled launch', true);
  IF status = 'draft' THEN
    UPDATE campaign.campaigns c SET status = 'ready' WHERE c.tenant_id = tenant AND c.id = campaign;
  END IF;
  UPDATE campaign.campaigns c SET status = 'running' WHERE c.tenant_id = tenant AND c.id = campaign;
  PERFORM set_config('campaign.transition_reason', coalesce(former_reason, ''), true);
  PERFORM campaign.begin_launched(tenant, campaign);
END $$;
COMMENT ON FUNCTION campaign.start_scheduled(uuid, uuid, text) IS
'Internal: launches a locked campaign for nobody in particular; raises CP001 and CP002, this also where limits would be lowered and no owner has set the launch.';

CREATE FUNCTION campaign.launch_due(max_rows integer DEFAULT 10000) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
  due record;
  current_status text;
  fault text;
  fault_detail text;
  launched integer := 0;
BEGIN
  PERFORM campaign.require_max_rows(max_rows);
  PERFORM campaign.require_read_committed('launch_due()');
  FOR due IN
    SELECT o.tenant_id, o.campaign_id FROM campaign.outreach_campaigns o
     WHERE o.scheduled_launch_at <= now_time
     -- what could not be launched the last time does not hold up the rest
     ORDER BY o.launch_error IS NOT NULL, o.tenant_id, o.campaign_id LIMIT max_rows
  LOOP
    PERFORM FROM campaign.tenants t WHERE t.id = due.tenant_id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    SELECT c.status INTO current_status FROM campaign.campaigns c
     WHERE c.tenant_id = due.tenant_id AND c.id = due.campaign_id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    -- launched, put off or cancelled since it was found
    PERFORM FROM campaign.outreach_campaigns o
      WHERE o.tenant_id = due.tenant_id AND o.campaign_id = due.campaign_id AND o.scheduled_launch_at <= now_time;
    CONTINUE WHEN NOT FOUND;
    BEGIN
      PERFORM campaign.start_scheduled(due.tenant_id, due.campaign_id, current_status);
      launched := launched + 1;
    EXCEPTION
      WHEN SQLSTATE 'CP001' OR SQLSTATE 'CP002' THEN
        GET STACKED DIAGNOSTICS fault = MESSAGE_TEXT, fault_detail = PG_EXCEPTION_DETAIL;
        UPDATE campaign.outreach_campaigns o SET scheduled_launch_at = NULL, launch_error = concat_ws('. ', fault, fault_detail)
         WHERE o.tenant_id = due.tenant_id AND o.campaign_id = due.campaign_id;
      WHEN OTHERS THEN
        RAISE WARNING 'campaign "%" cannot be launched now: %', due.campaign_id, SQLERRM
          USING ERRCODE = SQLSTATE, DETAIL = 'It is tried again.';
        UPDATE campaign.outreach_campaigns o SET launch_error = SQLERRM WHERE o.tenant_id = due.tenant_id AND o.campaign_id = due.campaign_id;
    END;
  END LOOP;
  RETURN launched;
END $$;
COMMENT ON FUNCTION campaign.launch_due(integer) IS
'Launches the campaigns whose time has come (launch_campaign() with a time), each once and each by itself; returns how many. One that cannot be launched (CP001, CP002) keeps the reason in outreach_campaigns.launch_error and is not tried again; after any other error it is, and the error stands there until then. Part of maintenance; waits for no campaign that somebody has locked. Raises 22023 for max_rows below 1, 25000 above READ COMMITTED.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.launch_campaign(uuid, timestamptz)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.cancel_launch(uuid)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.launch_due(integer)');
