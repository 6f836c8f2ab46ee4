-- Health: what waits, who works on it, and what a person has to look at. Members see their tenants; the
-- levels worker and admin, which are not of one tenant, see all.

CREATE FUNCTION campaign.sees_all() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- who asked, whatever definer function this runs in
  asking name := coalesce(nullif(current_setting('role'), 'none'), session_user);
BEGIN
  RETURN has_function_privilege(asking, 'campaign.release_touch(text)', 'EXECUTE')
      OR has_function_privilege(asking, 'campaign.create_tenant(text, text, text, text)', 'EXECUTE');
END $$;
COMMENT ON FUNCTION campaign.sees_all() IS
'Internal: whether the asking role has the level worker or admin.';

CREATE FUNCTION campaign.visible_tenants() RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF campaign.sees_all() THEN
    RETURN ARRAY(SELECT t.id FROM campaign.tenants t);
  END IF;
  RETURN campaign.readable_tenants();
END $$;
COMMENT ON FUNCTION campaign.visible_tenants() IS
'Internal: the tenants whose health the asking role may see.';

-- What is leased is due, or was put aside at infinity: no more of a lane is looked at.
CREATE FUNCTION campaign.health_of_lanes(OUT tenant_id uuid, OUT lane integer, OUT campaign_id uuid, OUT campaign_name text,
  OUT channel text, OUT paused boolean, OUT throttled_until timestamptz, OUT due bigint, OUT oldest_due_at timestamptz, OUT lag interval,
  OUT live_leases bigint, OUT expired_leases bigint, OUT next_due_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
  lease_time timestamptz := clock_timestamp();
  tenants uuid[] := campaign.visible_tenants();
BEGIN
  RETURN QUERY
  SELECT l.tenant_id, l.lane, l.campaign_id, c.name, l.channel, l.paused, nullif(greatest(l.throttled_until, now_time), now_time),
         s.due, s.oldest + l.shift, now_time - (s.oldest + l.shift), s.live, s.expired,
         (SELECT min(q.due_at) FROM campaign.touch_queue q
           WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.due_at > now_time - l.shift AND q.due_at < 'infinity') + l.shift
    FROM campaign.lanes l
    JOIN campaign.channels h ON h.channel = l.channel
    JOIN campaign.campaigns c ON c.tenant_id = l.tenant_id AND c.id = l.campaign_id
   CROSS JOIN LATERAL (
         SELECT count(*) FILTER (WHERE r.is_due) AS due, min(r.due_at) FILTER (WHERE r.is_due) AS oldest,
                count(*) FILTER (WHERE r.lease_until > lease_time) AS live,
                count(*) FILTER (WHERE r.lease_until > '-infinity' AND r.lease_until <= lease_time) AS expired
           FROM (SELECT q.due_at, q.lease_until,
                        q.lease_until <= lease_time AND (q.flags & 3 = 0 OR q.flags & 3 = 1 AND h.uncertain_policy = 'retry') AS is_due
                   FROM campaign.touch_queue q
                  WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.due_at <= now_time - l.shift
                 UNION ALL
                 SELECT q.due_at, q.lease_until, false FROM campaign.touch_queue q
                  WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.due_at = 'infinity') r) s
   WHERE l.tenant_id = ANY (tenants) AND c.archived_at IS NULL
   ORDER BY l.tenant_id, l.lane;
END $$;
COMMENT ON FUNCTION campaign.health_of_lanes() IS
'The rows of the view lane_health, for whoever may not read views: workers and admins see all tenants'' lanes, members those of theirs.';

CREATE VIEW campaign.lane_health WITH (security_invoker = true) AS
SELECT h.tenant_id, h.lane, h.campaign_id, h.campaign_name, h.channel, h.paused, h.throttled_until, h.due, h.oldest_due_at, h.lag,
       h.live_leases, h.expired_leases, h.next_due_at
  FROM campaign.health_of_lanes() h;
COMMENT ON VIEW campaign.lane_health IS
'One row per lane (campaign and channel) of the campaigns that are not archived: how many touches are due and wait for a worker, since when the oldest (by the engine''s clock), how many are leased, how many leases have ended without a report, whether the lane is paused or throttled, and when the next touch is due.';

CREATE FUNCTION campaign.health_of_workers(OUT name text, OUT first_seen_at timestamptz, OUT last_seen_at timestamptz,
  OUT live_leases bigint, OUT expired_leases bigint, OUT is_silent boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
  lease_time timestamptz := clock_timestamp();
  tenants uuid[] := campaign.visible_tenants();
  all_workers boolean := campaign.sees_all();
BEGIN
  RETURN QUERY
  SELECT w.name, w.first_seen_at, nullif(w.last_seen_at, '-infinity'), coalesce(s.live, 0), coalesce(s.expired, 0),
         s.worker_id IS NOT NULL AND w.last_seen_at < lease_time - interval '1 minute'
    FROM campaign.workers w
    LEFT JOIN (
      SELECT q.worker_id, count(*) FILTER (WHERE q.lease_until > lease_time) AS live,
             count(*) FILTER (WHERE q.lease_until <= lease_time) AS expired
        FROM campaign.lanes l
       CROSS JOIN LATERAL (
             SELECT t.worker_id, t.lease_until FROM campaign.touch_queue t
              WHERE t.tenant_id = l.tenant_id AND t.lane = l.lane AND t.due_at <= now_time - l.shift AND t.lease_until > '-infinity'
             UNION ALL
             SELECT t.worker_id, t.lease_until FROM campaign.touch_queue t
              WHERE t.tenant_id = l.tenant_id AND t.lane = l.lane AND t.due_at = 'infinity' AND t.lease_until > '-infinity') q
       WHERE l.tenant_id = ANY (tenants)
       GROUP BY q.worker_id) s ON s.worker_id = w.id
   WHERE s.worker_id IS NOT NULL OR all_workers
   ORDER BY w.name;
END $$;
COMMENT ON FUNCTION campaign.health_of_workers() IS
'The rows of the view worker_health, for whoever may not read views: workers and admins see every worker, members those that hold touches of theirs.';

CREATE VIEW campaign.worker_health WITH (security_invoker = true) AS
SELECT h.name, h.first_seen_at, h.last_seen_at, h.live_leases, h.expired_leases, h.is_silent FROM campaign.health_of_workers() h;
COMMENT ON VIEW campaign.worker_health IS
'One row per worker: when it was first and last seen (by the wall clock; a claim, a begin or an extension shows it), how many touches it holds, of how many its lease has ended without a report, and is_silent: it holds some, and was not seen for more than a minute. Members see the workers that hold touches of theirs.';

CREATE FUNCTION campaign.health_of_queue(tenants uuid[],
  OUT name text, OUT severity text, OUT value bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  worst record;
  total record;
BEGIN
  SELECT h.lag, format('of "%s" over %s', h.campaign_name, h.channel) AS place INTO worst FROM campaign.health_of_lanes() h
   WHERE h.oldest_due_at IS NOT NULL AND NOT h.paused AND h.throttled_until IS NULL ORDER BY h.lag DESC, h.tenant_id, h.lane LIMIT 1;
  RETURN QUERY
  SELECT 'oldest_due', CASE WHEN worst.lag > interval '1 hour' THEN 'critical' WHEN worst.lag > interval '5 minutes' THEN 'warning' ELSE 'ok' END,
         coalesce(extract(epoch FROM worst.lag)::bigint, 0),
         coalesce('seconds since the oldest touch that could be sent is due, ' || worst.place, 'nothing is due that could be sent');
  SELECT coalesce(sum(h.due), 0)::bigint AS due, coalesce(sum(h.live_leases), 0)::bigint AS live,
         coalesce(sum(h.expired_leases), 0)::bigint AS expired, count(*) FILTER (WHERE h.throttled_until IS NOT NULL) AS throttled,
         min(h.throttled_until) AS until, count(*) FILTER (WHERE h.paused AND h.due > 0) AS paused
    INTO total FROM campaign.health_of_lanes() h;
  RETURN QUERY VALUES
    ('due_touches', 'ok', total.due, 'touches that are due and not leased, in all lanes'),
    ('live_leases', 'ok', total.live, 'touches that workers hold'),
    ('expired_leases', CASE WHEN total.expired > 0 THEN 'warning' ELSE 'ok' END, total.expired,
     'leases that ended without a report, and were not claimed again'),
    ('throttled_lanes', 'ok', total.throttled, coalesce('lanes at a limit, the first until ' || total.until, 'lanes at a limit')),
    ('paused_lanes', 'ok', total.paused, 'lanes with touches that are due, of campaigns that are not running');
  RETURN QUERY
  SELECT 'silent_workers', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('hold touches and were not seen for a minute: ' || left(string_agg(h.name, ', ' ORDER BY h.name), 500),
                  'every worker that holds touches was seen within a minute')
    FROM campaign.health_of_workers() h WHERE h.is_silent;
  RETURN QUERY
  SELECT 'uncertain_touches', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*), 'touches of which nobody knows whether they were sent'
    FROM campaign.uncertain_touches u WHERE u.tenant_id = ANY (tenants);
END $$;
COMMENT ON FUNCTION campaign.health_of_queue(uuid[]) IS
'Internal: the part of campaign.health() that is about the queue and the workers.';

CREATE FUNCTION campaign.health_of_sending(tenants uuid[],
  OUT name text, OUT severity text, OUT value bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  RETURN QUERY
  SELECT 'sent_last_hour', 'ok', coalesce(sum(c.n), 0)::bigint, 'touches sent within the last hour, to five minutes'
    FROM (SELECT r.n FROM campaign.recent_counts r
           WHERE r.tenant_id = ANY (tenants) AND r.metric = 'sent' AND r.at BETWEEN now_time - interval '1 hour' AND now_time
          UNION ALL
          SELECT d.n FROM campaign.touch_count_deltas d
           WHERE d.tenant_id = ANY (tenants) AND d.metric = 'sent' AND d.at BETWEEN now_time - interval '1 hour' AND now_time) c;
  RETURN QUERY
  SELECT 'failures', 'warning', f.n, left(f.error, 500)
    FROM (SELECT coalesce(l.error, l.reason, 'no error was given') AS error, count(*) AS n FROM campaign.send_logs l
           WHERE l.tenant_id = ANY (tenants) AND l.status = 'failed' AND l.logged_at BETWEEN now_time - interval '24 hours' AND now_time
           GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10) f;
  IF NOT FOUND THEN
    RETURN QUERY VALUES ('failures', 'ok', 0::bigint, 'no attempt failed within the last 24 hours');
  END IF;
  RETURN QUERY
  SELECT 'dead_touches', 'ok', count(*), 'touches that failed for good within the last 24 hours; see campaign.dead_touches'
    FROM campaign.dead_touches d
   WHERE d.tenant_id = ANY (tenants) AND d.failed_at BETWEEN now_time - interval '24 hours' AND now_time;
  RETURN QUERY
  SELECT 'tripped_breakers', CASE count(*) WHEN 0 THEN 'ok' ELSE 'critical' END, count(*),
         coalesce(left(string_agg(format('"%s" %s', c.name, l.reason), '; ' ORDER BY c.name, c.id), 500),
                  'no campaign is paused by the breaker')
    FROM campaign.campaigns c
   CROSS JOIN LATERAL (SELECT g.reason FROM campaign.life_cycle_log g
                        WHERE g.tenant_id = c.tenant_id AND g.entity_id = c.id ORDER BY g.id DESC LIMIT 1) l
   WHERE c.tenant_id = ANY (tenants) AND c.kind = 'outreach' AND c.status = 'paused' AND starts_with(l.reason, 'breaker: ');
END $$;
COMMENT ON FUNCTION campaign.health_of_sending(uuid[]) IS
'Internal: the part of campaign.health() that is about what was sent and what failed.';

CREATE FUNCTION campaign.health_of_preparation(tenants uuid[],
  OUT name text, OUT severity text, OUT value bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  RETURN QUERY
  SELECT 'idle_generations', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('nobody has claimed or reported a contact for five minutes of ' || left(string_agg(quote_ident(c.name), ', ' ORDER BY c.name, c.id), 500),
                  'every generation has workers')
    FROM campaign.generation_jobs j
    JOIN campaign.campaigns c ON c.tenant_id = j.tenant_id AND c.id = j.campaign_id
   WHERE j.tenant_id = ANY (tenants) AND j.status = 'running' AND j.started_at < now_time - interval '5 minutes'
     AND NOT EXISTS (SELECT FROM campaign.generation_items i
                      WHERE i.tenant_id = j.tenant_id AND i.job_id = j.id
                        AND (i.lease_until > clock_timestamp() OR i.ended_at > now_time - interval '5 minutes'));
  RETURN QUERY
  SELECT 'failed_launches', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('could not be launched at their time: ' || left(string_agg(quote_ident(c.name), ', ' ORDER BY c.name, c.id), 500),
                  'every launch was done at its time')
    FROM campaign.outreach_campaigns o
    JOIN campaign.campaigns c ON c.tenant_id = o.tenant_id AND c.id = o.campaign_id
   WHERE o.tenant_id = ANY (tenants) AND o.launch_error IS NOT NULL;
END $$;
COMMENT ON FUNCTION campaign.health_of_preparation(uuid[]) IS
'Internal: the part of campaign.health() that is about generations and launches.';

CREATE FUNCTION campaign.health_of_the_rest(tenants uuid[],
  OUT name text, OUT severity text, OUT value bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
  everything boolean := campaign.sees_all();
BEGIN
  RETURN QUERY
  SELECT 'unknown_timezones', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('names that the server does not know, such as ' || quote_ident(min(p.timezone)) || '; see campaign.timezone_problems',
                  'every time zone is known')
    FROM campaign.timezone_problems p WHERE p.tenant_id = ANY (tenants);
  RETURN QUERY
  SELECT 'identity_problems', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('members and grants without a role: ' || left(string_agg(DISTINCT p.name, ', '), 500), 'every member and grant has its role')
    FROM campaign.identity_problems p WHERE p.tenant_id = ANY (tenants) OR p.tenant_id IS NULL AND everything;
  RETURN QUERY
  SELECT 'open_conflicts', CASE WHEN min(f.resolve_after) < now_time - interval '1 hour' THEN 'warning' ELSE 'ok' END, count(*),
         coalesce('the first is resolved at ' || min(f.resolve_after), 'no conflict waits for an answer')
    FROM campaign.enrollment_conflicts f WHERE f.tenant_id = ANY (tenants) AND f.resolution IS NULL;
  RETURN QUERY
  SELECT 'unmatched_events', CASE WHEN min(v.recorded_at) < now_time - interval '1 hour' THEN 'warning' ELSE 'ok' END, count(*),
         coalesce('the oldest of ' || min(v.recorded_at), 'every event is matched')
    FROM campaign.touch_events v WHERE v.tenant_id = ANY (tenants) AND v.unmatched;
  RETURN QUERY
  SELECT 'unfolded_counts', CASE WHEN count(*) > 100000 THEN 'warning' ELSE 'ok' END, count(*),
         coalesce('last folded at ' || (SELECT nullif(max(f.folded_at), '-infinity') FROM campaign.count_folds f WHERE f.tenant_id = ANY (tenants)),
                  'never folded: see campaign.run_maintenance()')
    FROM campaign.touch_count_deltas d WHERE d.tenant_id = ANY (tenants);
  IF everything THEN
    RETURN QUERY
    SELECT 'clone_guard', CASE WHEN current_setting('campaign.clone_guard') = 'on' AND count(*) > 0 THEN 'critical' ELSE 'ok' END,
           CASE current_setting('campaign.clone_guard') WHEN 'on' THEN count(*) ELSE 0 END,
           CASE WHEN current_setting('campaign.clone_guard') <> 'on' THEN 'off'
                ELSE coalesce('this is not the cluster that was armed; it differs in ' || string_agg(g.aspect, ', ' ORDER BY g."position"),
                              'this is the cluster that was armed') END
      FROM campaign.clone_guard_differences g;
  END IF;
END $$;
COMMENT ON FUNCTION campaign.health_of_the_rest(uuid[]) IS
'Internal: the part of campaign.health() that is about settings, conflicts, events and maintenance.';

CREATE FUNCTION campaign.health(OUT name text, OUT severity text, OUT value bigint, OUT detail text) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenants uuid[] := campaign.visible_tenants();
BEGIN
  RETURN QUERY SELECT * FROM campaign.health_of_queue(tenants);
  RETURN QUERY SELECT * FROM campaign.health_of_sending(tenants);
  RETURN QUERY SELECT * FROM campaign.health_of_preparation(tenants);
  RETURN QUERY SELECT * FROM campaign.health_of_the_rest(tenants);
END $$;
COMMENT ON FUNCTION campaign.health() IS
'What a monitor asks: one row per check with its severity (ok, warning, critical), a value and what it says. oldest_due (seconds; warning above 5 minutes, critical above an hour), due_touches, live_leases, expired_leases, throttled_lanes, paused_lanes, silent_workers, uncertain_touches, sent_last_hour, failures (one row per error of the last 24 hours, the ten most frequent), dead_touches, tripped_breakers, idle_generations, failed_launches, unknown_timezones, identity_problems, open_conflicts, unmatched_events, unfolded_counts and, for workers and admins, clone_guard. Members see their tenants, workers and admins all.';

INSERT INTO campaign.access_privileges (level, privilege, object)
SELECT l.level, 'EXECUTE', 'FUNCTION campaign.' || f.name || '()'
FROM (VALUES ('member'), ('worker'), ('admin')) l(level), (VALUES ('health'), ('health_of_lanes'), ('health_of_workers')) f(name)
UNION ALL
SELECT l.level, 'SELECT', 'TABLE campaign.' || v.name
FROM (VALUES ('member'), ('admin')) l(level), (VALUES ('lane_health'), ('worker_health')) v(name);
