-- Caps: how much a tenant sends over a channel in an hour, a day and a month, and how that is counted.
--
-- Nothing shared is written per touch. Capacity is granted in blocks: a grant maker holds the row of the
-- tenant and channel in send_meters, reads what has committed, and adds a row of send_usage that leaves the
-- sum of all sizes at or below every cap. A claim takes from a grant that it holds locked. So the caps hold
-- as long as these three do: a size only grows under the lock of the meter, used never exceeds size, and
-- what is given back is a row of its own, with a negative size, that only ever offsets a use.

CREATE TABLE campaign.send_limits (
  tenant_id         uuid NOT NULL,
  channel           text COLLATE "C" NOT NULL,
  per_hour          integer,
  per_day           integer,
  per_month         integer,
  contact_interval  interval,
  warmup_started_on date,
  CONSTRAINT send_limits_pkey PRIMARY KEY (tenant_id, channel),
  CONSTRAINT send_limits_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT send_limits_channel_fkey FOREIGN KEY (channel) REFERENCES campaign.channels (channel),
  CONSTRAINT send_limits_tenant_check CHECK (tenant_id <> '00000000-0000-0000-0000-000000000000'),
  CONSTRAINT send_limits_caps_check CHECK (per_hour >= 0 AND per_day >= 0 AND per_month >= 0),
  CONSTRAINT send_limits_contact_interval_check CHECK (contact_interval >= '0' AND contact_interval <= '366 days'),
  CONSTRAINT send_limits_warmup_check CHECK (pg_catalog.isfinite(warmup_started_on))
);
CREATE INDEX send_limits_channel_idx ON campaign.send_limits (channel);
SELECT pg_catalog.pg_extension_config_dump('campaign.send_limits', '');

CREATE TABLE campaign.send_warmup (
  tenant_id uuid NOT NULL,
  channel   text COLLATE "C" NOT NULL,
  day       integer NOT NULL,
  cap       integer,
  CONSTRAINT send_warmup_pkey PRIMARY KEY (tenant_id, channel, day),
  CONSTRAINT send_warmup_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT send_warmup_limit_fkey FOREIGN KEY (tenant_id, channel) REFERENCES campaign.send_limits (tenant_id, channel) ON DELETE CASCADE,
  CONSTRAINT send_warmup_day_check CHECK (day BETWEEN 1 AND 3650),
  CONSTRAINT send_warmup_cap_check CHECK (cap >= 0)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.send_warmup', '');

CREATE TABLE campaign.send_meters (
  tenant_id    uuid NOT NULL,
  channel      text COLLATE "C" NOT NULL,
  counted_from timestamptz NOT NULL DEFAULT '-infinity',
  folded_until timestamptz NOT NULL DEFAULT '-infinity',
  CONSTRAINT send_meters_pkey PRIMARY KEY (tenant_id, channel),
  CONSTRAINT send_meters_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
);
SELECT pg_catalog.pg_extension_config_dump('campaign.send_meters', '');

-- A claim updates one grant in place (no column of an index changes); there is room for that in the page.
CREATE TABLE campaign.send_usage (
  tenant_id   uuid NOT NULL,
  channel     text COLLATE "C" NOT NULL,
  starts_at   timestamptz NOT NULL,
  id          uuid NOT NULL DEFAULT campaign.uuid_v7(),
  ends_at     timestamptz NOT NULL,
  size        integer NOT NULL,
  used        integer NOT NULL,
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  CONSTRAINT send_usage_pkey PRIMARY KEY (tenant_id, channel, starts_at, id),
  CONSTRAINT send_usage_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT send_usage_period_check CHECK (starts_at < ends_at),
  CONSTRAINT send_usage_used_check CHECK (used <= size AND (used >= 0 OR used = size))
) WITH (fillfactor = 70);
SELECT pg_catalog.pg_extension_config_dump('campaign.send_usage', '');

CREATE FUNCTION campaign.send_windows(at timestamptz, timezone text, OUT hour_start timestamptz, OUT hour_end timestamptz,
  OUT day_start timestamptz, OUT day_end timestamptz, OUT month_start timestamptz, OUT month_end timestamptz, OUT today date)
RETURNS record
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_send_windows';
COMMENT ON FUNCTION campaign.send_windows(timestamptz, text) IS
'The hour, day and month of an instant by the clock of a time zone (UTC if the server does not know it), and the date. Raises 22008 for an instant without end.';

-- Limits are read under the meter's lock, so whoever changes them takes it; what was granted and not
-- used goes back, to be granted again by what holds now, and lanes that wait are looked at.
CREATE FUNCTION campaign.apply_send_limits(tenant uuid, channel text, was_capped boolean) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  -- under the lock of the tenant a meter is made
  PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
  PERFORM FROM campaign.send_meters m WHERE m.tenant_id = tenant AND m.channel = channel FOR NO KEY UPDATE;
  IF NOT was_capped THEN
    -- what is under way was not counted, and is not given back
    UPDATE campaign.send_meters m SET counted_from = 'infinity' WHERE m.tenant_id = tenant AND m.channel = channel;
  END IF;
  UPDATE campaign.send_usage u SET size = u.used
   WHERE u.tenant_id = tenant AND u.channel = channel AND u.used < u.size;
  UPDATE campaign.lanes l SET throttled_until = '-infinity'
   WHERE l.tenant_id = tenant AND l.channel = channel AND l.throttled_until > '-infinity';
END $$;
COMMENT ON FUNCTION campaign.apply_send_limits(uuid, text, boolean) IS
'Internal: takes back what was granted under other limits, and looks at the lanes again. The caller has changed the limits or is about to, in this transaction.';

CREATE FUNCTION campaign.follow_send_limits() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM campaign.apply_send_limits(OLD.tenant_id, OLD.channel,
    coalesce(OLD.per_hour, OLD.per_day, OLD.per_month) IS NOT NULL OR OLD.warmup_started_on IS NOT NULL);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION campaign.follow_send_limits() IS
'Trigger on send_limits: other limits take effect at once.';
CREATE TRIGGER follow_limits AFTER UPDATE OR DELETE ON campaign.send_limits
  FOR EACH ROW EXECUTE FUNCTION campaign.follow_send_limits();

CREATE FUNCTION campaign.follow_send_warmup() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM campaign.apply_send_limits(OLD.tenant_id, OLD.channel, true);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION campaign.follow_send_warmup() IS
'Trigger on send_warmup: another table takes effect at once.';
CREATE TRIGGER follow_warmup AFTER UPDATE OR DELETE ON campaign.send_warmup
  FOR EACH ROW EXECUTE FUNCTION campaign.follow_send_warmup();

-- The windows move with the zone. What was used counts in every window that it overlaps, so that none
-- is forgotten; a lane that is locked just now waits until its old time.
CREATE FUNCTION campaign.follow_tenant_windows() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  WITH waiting AS MATERIALIZED (
    SELECT l.lane FROM campaign.lanes l
     WHERE l.tenant_id = NEW.id AND l.throttled_until > '-infinity' FOR NO KEY UPDATE SKIP LOCKED)
  UPDATE campaign.lanes l SET throttled_until = '-infinity' FROM waiting w
   WHERE l.tenant_id = NEW.id AND l.lane = w.lane;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION campaign.follow_tenant_windows() IS
'Trigger on tenants: with another time zone the windows of the caps begin at other times.';
CREATE TRIGGER follow_windows AFTER UPDATE OF timezone ON campaign.tenants
  FOR EACH ROW WHEN (NEW.timezone IS DISTINCT FROM OLD.timezone)
  EXECUTE FUNCTION campaign.follow_tenant_windows();

-- For owners: the tenant is locked, and with it the making of meters.
CREATE FUNCTION campaign.lock_send_limit(tenant uuid, channel text, function_name text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  hourly integer;
BEGIN
  PERFORM campaign.require_read_committed(function_name);
  PERFORM campaign.lock_owned_tenant(tenant);
  SELECT c.hourly_limit INTO hourly FROM campaign.channels c WHERE c.channel = channel;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'channel % does not exist', coalesce(quote_literal(channel), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Limits are set for a channel.',
            HINT = 'See the table campaign.channels.';
  END IF;
  INSERT INTO campaign.send_meters (tenant_id, channel) VALUES (tenant, channel)
    ON CONFLICT ON CONSTRAINT send_meters_pkey DO NOTHING;
  PERFORM FROM campaign.send_meters m WHERE m.tenant_id = tenant AND m.channel = channel FOR NO KEY UPDATE;
  RETURN coalesce((SELECT coalesce(s.per_hour, s.per_day, s.per_month) IS NOT NULL OR s.warmup_started_on IS NOT NULL
                     FROM campaign.send_limits s WHERE s.tenant_id = tenant AND s.channel = channel),
                  hourly IS NOT NULL);
END $$;
COMMENT ON FUNCTION campaign.lock_send_limit(uuid, text, text) IS
'Internal: locks what limits are changed under, and says whether there is any so far. Raises P0002 for a tenant that is not yours, 42501 if you do not own it, 22023 for an unknown channel, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.set_send_limit(tenant uuid, channel text, per_hour integer,
  per_day integer DEFAULT NULL, per_month integer DEFAULT NULL, contact_interval interval DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  was_capped boolean := campaign.lock_send_limit(tenant, channel, 'set_send_limit()');
BEGIN
  IF least(per_hour, per_day, per_month) < 0 THEN
    RAISE EXCEPTION 'a limit must not be negative'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A limit is the most touches in an hour, a day or a month; 0 sends nothing.',
            HINT = 'Pass NULL where there is no limit.';
  END IF;
  IF contact_interval < '0' OR contact_interval > '366 days' THEN
    RAISE EXCEPTION 'contact_interval is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The least time between two touches of one contact is from 0 to 366 days.',
            HINT = 'Pass NULL for that of the channel.';
  END IF;
  INSERT INTO campaign.send_limits AS s (tenant_id, channel, per_hour, per_day, per_month, contact_interval)
  VALUES (tenant, channel, per_hour, per_day, per_month, contact_interval)
  ON CONFLICT ON CONSTRAINT send_limits_pkey
  DO UPDATE SET per_hour = EXCLUDED.per_hour, per_day = EXCLUDED.per_day, per_month = EXCLUDED.per_month,
                contact_interval = EXCLUDED.contact_interval;
  -- a row that is new has no trigger
  PERFORM campaign.apply_send_limits(tenant, channel, was_capped);
END $$;
COMMENT ON FUNCTION campaign.set_send_limit(uuid, text, integer, integer, integer, interval) IS
'Sets how many touches of a channel a tenant sends at most in an hour, a day and a month, by its own clock (NULL: no limit, 0: nothing), and the least time between two touches of one contact (NULL: that of the channel). Replaces what was set; a warm-up goes on. For owners. Takes effect at the commit. Raises P0002 for a tenant that is not yours, 42501 if you do not own it, 22023 for a bad limit or an unknown channel, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.clear_send_limit(tenant uuid, channel text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  PERFORM campaign.lock_send_limit(tenant, channel, 'clear_send_limit()');
  DELETE FROM campaign.send_limits s WHERE s.tenant_id = tenant AND s.channel = channel;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION campaign.clear_send_limit(uuid, text) IS
'Goes back to the limits of the channel and ends a warm-up; false if nothing was set. For owners. Raises as set_send_limit() does.';

CREATE FUNCTION campaign.default_warmup() RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{"1": 20, "2": 30, "3": 50, "4": 75, "5": 100, "7": 150, "14": 300, "30": 500}'::jsonb;
COMMENT ON FUNCTION campaign.default_warmup() IS
'The days of a warm-up and the most touches of each, as start_warmup() has them unless others are given.';

CREATE FUNCTION campaign.begin_warmup(tenant uuid, channel text, started_on date, caps jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  INSERT INTO campaign.send_limits AS s (tenant_id, channel, per_hour, warmup_started_on)
  SELECT tenant, channel, c.hourly_limit, coalesce(started_on, w.today)
    FROM campaign.tenants t, campaign.channels c, campaign.send_windows(campaign.now(), t.timezone) w
   WHERE t.id = tenant AND c.channel = channel
  ON CONFLICT ON CONSTRAINT send_limits_pkey DO UPDATE SET warmup_started_on = EXCLUDED.warmup_started_on;
  DELETE FROM campaign.send_warmup w WHERE w.tenant_id = tenant AND w.channel = channel;
  INSERT INTO campaign.send_warmup (tenant_id, channel, day, cap)
  SELECT tenant, channel, e.key::integer, (e.value #>> '{}')::integer FROM jsonb_each(caps) e;
END $$;
COMMENT ON FUNCTION campaign.begin_warmup(uuid, text, date, jsonb) IS
'Internal: writes the warm-up of a channel whose meter is locked.';

CREATE FUNCTION campaign.start_warmup(tenant uuid, channel text, started_on date DEFAULT NULL,
  caps jsonb DEFAULT campaign.default_warmup()) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  was_capped boolean := campaign.lock_send_limit(tenant, channel, 'start_warmup()');
BEGIN
  IF caps IS NULL OR jsonb_typeof(caps) <> 'object' OR caps = '{}' OR EXISTS (
       SELECT FROM jsonb_each(CASE jsonb_typeof(caps) WHEN 'object' THEN caps ELSE '{}' END) e
        WHERE e.key !~ '^[1-9][0-9]{0,3}$' OR e.key::integer > 3650
           OR NOT (e.value = 'null' OR jsonb_typeof(e.value) = 'number' AND e.value::text ~ '^[0-9]{1,9}$')) THEN
    RAISE EXCEPTION 'invalid warm-up table'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is an object of days from 1 to 3650 with the most touches of each, or null from the day on which there is no limit any more.',
            HINT = 'Write it like {"1": 20, "3": 50, "14": 300, "31": null}.';
  END IF;
  IF NOT isfinite(started_on) THEN
    RAISE EXCEPTION 'started_on must be finite'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is day 1 of the warm-up.',
            HINT = 'Leave it out to start today.';
  END IF;
  PERFORM campaign.begin_warmup(tenant, channel, started_on, caps);
  PERFORM campaign.apply_send_limits(tenant, channel, was_capped);
END $$;
COMMENT ON FUNCTION campaign.start_warmup(uuid, text, date, jsonb) IS
'Starts to warm a channel up: from started_on (default today), a day''s touches are limited as the table of days says; between its days the last one reached applies, and after the last for good, unless that is null. The lower of this and the daily limit counts. For owners. Raises as set_send_limit() does, and 22023 for what is no such table.';

CREATE FUNCTION campaign.stop_warmup(tenant uuid, channel text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  stopped boolean;
BEGIN
  PERFORM campaign.lock_send_limit(tenant, channel, 'stop_warmup()');
  UPDATE campaign.send_limits s SET warmup_started_on = NULL
   WHERE s.tenant_id = tenant AND s.channel = channel AND s.warmup_started_on IS NOT NULL;
  stopped := FOUND;
  DELETE FROM campaign.send_warmup w WHERE w.tenant_id = tenant AND w.channel = channel;
  RETURN stopped;
END $$;
COMMENT ON FUNCTION campaign.stop_warmup(uuid, text) IS
'Ends a warm-up; the other limits stay. False if there was none. For owners. Raises as set_send_limit() does.';

CREATE FUNCTION campaign.count_send_usage(tenant uuid, channel text, at timestamptz) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_count_send_usage';
COMMENT ON FUNCTION campaign.count_send_usage(uuid, text, timestamptz) IS
'Internal: counts a message that was sent outside of every campaign, if the channel has a cap. It may exceed it: it has happened.';

CREATE FUNCTION campaign.return_send_usage(tenant uuid, lane integer, claimed_at timestamptz) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_return_send_usage';
COMMENT ON FUNCTION campaign.return_send_usage(uuid, integer, timestamptz) IS
'Internal: gives back what a touch of a lane had of the caps that was claimed and will not be sent under that claim.';

-- Of days that are over, one row a day is enough. What is folded has ended two days ago: nobody takes
-- from it any more, and what is still given back comes as a row of its own.
CREATE FUNCTION campaign.fold_send_usage(max_rows integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  fold_time timestamptz := now_time - interval '2 days';
  done bigint := 0;
  gone bigint;
  folded bigint;
  found_meter record;
BEGIN
  FOR found_meter IN
    SELECT m.tenant_id, m.channel, t.timezone, w.month_start - interval '2 months' AS keep_from
      FROM campaign.send_meters m JOIN campaign.tenants t ON t.id = m.tenant_id
     CROSS JOIN LATERAL campaign.send_windows(now_time, t.timezone) w
     WHERE m.folded_until <= fold_time - interval '1 day'
     ORDER BY m.tenant_id, m.channel
  LOOP
    EXIT WHEN done >= max_rows;
    WITH old AS MATERIALIZED (
      SELECT u.starts_at, u.id FROM campaign.send_usage u
       WHERE u.tenant_id = found_meter.tenant_id AND u.channel = found_meter.channel AND u.ends_at < found_meter.keep_from
       LIMIT max_rows FOR UPDATE SKIP LOCKED)
    DELETE FROM campaign.send_usage u USING old
     WHERE u.tenant_id = found_meter.tenant_id AND u.channel = found_meter.channel
       AND u.starts_at = old.starts_at AND u.id = old.id;
    GET DIAGNOSTICS gone = ROW_COUNT;
    done := done + gone;

    WITH past AS MATERIALIZED (
      SELECT u.starts_at, u.id, w.day_start, w.day_end,
             count(*) OVER (PARTITION BY w.day_start) AS rows_of_day
        FROM campaign.send_usage u
       CROSS JOIN LATERAL campaign.send_windows(u.starts_at, found_meter.timezone) w
       WHERE u.tenant_id = found_meter.tenant_id AND u.channel = found_meter.channel
         AND u.ends_at <= fold_time),
    held AS MATERIALIZED (
      SELECT u.starts_at, u.id, p.day_start, p.day_end
        FROM past p JOIN campaign.send_usage u ON u.tenant_id = found_meter.tenant_id
         AND u.channel = found_meter.channel AND u.starts_at = p.starts_at AND u.id = p.id
       WHERE p.rows_of_day > 1 LIMIT max_rows FOR UPDATE OF u SKIP LOCKED),
    removed AS (
      DELETE FROM campaign.send_usage u USING held h
       WHERE u.tenant_id = found_meter.tenant_id AND u.channel = found_meter.channel
         AND u.starts_at = h.starts_at AND u.id = h.id
      RETURNING h.day_start, h.day_end, u.starts_at, u.ends_at, u.used),
    kept AS (
      INSERT INTO campaign.send_usage (tenant_id, channel, starts_at, ends_at, size, used)
      SELECT found_meter.tenant_id, found_meter.channel, least(r.day_start, min(r.starts_at)), greatest(r.day_end, max(r.ends_at)),
             sum(r.used), sum(r.used)
        FROM removed r GROUP BY r.day_start, r.day_end HAVING sum(r.used) <> 0)
    SELECT count(*) INTO folded FROM removed;
    done := done + folded;
    IF gone < max_rows AND folded < max_rows THEN
      WITH idle AS MATERIALIZED (
        SELECT FROM campaign.send_meters m
         WHERE m.tenant_id = found_meter.tenant_id AND m.channel = found_meter.channel FOR NO KEY UPDATE SKIP LOCKED)
      UPDATE campaign.send_meters m SET folded_until = fold_time
       WHERE m.tenant_id = found_meter.tenant_id AND m.channel = found_meter.channel AND EXISTS (SELECT FROM idle);
    END IF;
  END LOOP;
  RETURN done;
END $$;
COMMENT ON FUNCTION campaign.fold_send_usage(integer) IS
'Internal: makes one row a day of what was used more than two days ago, and removes what is older than two months. Returns how many rows it took, about max_rows at most.';

-- What counts in a window: all that overlaps it, and of what was given back only what lies within.
CREATE VIEW campaign.send_limit_usage WITH (security_invoker = true) AS
  SELECT p.tenant_id, p.channel, r.per_hour, r.per_day, r.per_month, r.warmup_day, r.warmup_cap,
         coalesce(s.contact_interval, p.contact_interval) AS contact_interval,
         u.this_hour, u.today, u.this_month,
         CASE WHEN f.room < 0 THEN 0 ELSE f.room END AS remaining,
         CASE WHEN r.per_month <= u.this_month THEN w.month_end
              WHEN least(r.per_day, r.warmup_cap) <= u.today THEN w.day_end
              WHEN r.per_hour <= u.this_hour THEN w.hour_end END AS next_window_at
    FROM (SELECT t.id AS tenant_id, c.channel, t.timezone, c.hourly_limit, c.contact_interval
            FROM campaign.tenants t CROSS JOIN campaign.channels c WHERE NOT t.seeded) p
   CROSS JOIN LATERAL campaign.send_windows(campaign.now(), p.timezone) w
    LEFT JOIN campaign.send_limits s ON s.tenant_id = p.tenant_id AND s.channel = p.channel
   CROSS JOIN LATERAL (
     SELECT CASE WHEN s.tenant_id IS NULL THEN p.hourly_limit ELSE s.per_hour END AS per_hour, s.per_day, s.per_month,
            CASE WHEN w.today >= s.warmup_started_on THEN w.today - s.warmup_started_on + 1 END AS warmup_day,
            (SELECT x.cap FROM campaign.send_warmup x
              WHERE x.tenant_id = p.tenant_id AND x.channel = p.channel AND x.day <= w.today - s.warmup_started_on + 1
              ORDER BY x.day DESC LIMIT 1) AS warmup_cap) r
   CROSS JOIN LATERAL (
     SELECT coalesce(sum(x.used) FILTER (WHERE CASE WHEN x.used > 0 THEN x.starts_at < w.hour_end AND x.ends_at > w.hour_start
                                                    ELSE x.starts_at >= w.hour_start AND x.ends_at <= w.hour_end END), 0) AS this_hour,
            coalesce(sum(x.used) FILTER (WHERE CASE WHEN x.used > 0 THEN x.starts_at < w.day_end AND x.ends_at > w.day_start
                                                    ELSE x.starts_at >= w.day_start AND x.ends_at <= w.day_end END), 0) AS today,
            coalesce(sum(x.used) FILTER (WHERE CASE WHEN x.used > 0 THEN x.starts_at < w.month_end AND x.ends_at > w.month_start
                                                    ELSE x.starts_at >= w.month_start AND x.ends_at <= w.month_end END), 0) AS this_month
       FROM campaign.send_usage x
      WHERE x.tenant_id = p.tenant_id AND x.channel = p.channel
        AND x.starts_at > least(w.hour_start, w.month_start) - interval '4 days' AND x.starts_at < greatest(w.hour_end, w.month_end)) u
   CROSS JOIN LATERAL (
     SELECT least(r.per_hour - u.this_hour, least(r.per_day, r.warmup_cap) - u.today, r.per_month - u.this_month) AS room) f;

ALTER TABLE campaign.send_limits ENABLE ROW LEVEL SECURITY;
CREATE POLICY send_limits_select ON campaign.send_limits FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.send_warmup ENABLE ROW LEVEL SECURITY;
CREATE POLICY send_warmup_select ON campaign.send_warmup FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.send_meters ENABLE ROW LEVEL SECURITY;
CREATE POLICY send_meters_select ON campaign.send_meters FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.send_usage ENABLE ROW LEVEL SECURITY;
CREATE POLICY send_usage_select ON campaign.send_usage FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.send_limits'),
  ('member', 'SELECT', 'TABLE campaign.send_warmup'),
  ('member', 'SELECT', 'TABLE campaign.send_meters'),
  ('member', 'SELECT', 'TABLE campaign.send_usage'),
  ('member', 'SELECT', 'TABLE campaign.send_limit_usage'),
  ('member', 'EXECUTE', 'FUNCTION campaign.send_windows(timestamptz, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.set_send_limit(uuid, text, integer, integer, integer, interval)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.clear_send_limit(uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.default_warmup()'),
  ('member', 'EXECUTE', 'FUNCTION campaign.start_warmup(uuid, text, date, jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.stop_warmup(uuid, text)');

COMMENT ON TABLE campaign.send_limits IS 'What a tenant may send over a channel at most. Without a row the channel''s hourly limit and contact interval hold. Set by campaign.set_send_limit().';
COMMENT ON COLUMN campaign.send_limits.per_hour IS 'Most touches in an hour by the tenant''s clock; NULL: no limit.';
COMMENT ON COLUMN campaign.send_limits.per_day IS 'Most touches in a day by the tenant''s clock; NULL: no limit but the warm-up''s.';
COMMENT ON COLUMN campaign.send_limits.per_month IS 'Most touches in a calendar month by the tenant''s clock; NULL: no limit.';
COMMENT ON COLUMN campaign.send_limits.contact_interval IS 'Least time between two touches of one contact; NULL: that of the channel.';
COMMENT ON COLUMN campaign.send_limits.warmup_started_on IS 'Day 1 of the warm-up (send_warmup) by the tenant''s clock; NULL: there is none.';
COMMENT ON TABLE campaign.send_warmup IS 'The daily limits of a channel that is warmed up, from a day of the warm-up on to the next day listed. Written by campaign.start_warmup().';
COMMENT ON COLUMN campaign.send_warmup.cap IS 'Most touches of such a day; NULL: no limit any more.';
COMMENT ON TABLE campaign.send_meters IS 'One row per tenant and channel that is counted; its lock is what capacity is granted under. Written by the engine only.';
COMMENT ON COLUMN campaign.send_meters.counted_from IS 'Touches claimed before were not all counted, and are not given back; infinity: until the next grant.';
COMMENT ON COLUMN campaign.send_meters.folded_until IS 'What had ended by then has become one row a day.';
COMMENT ON TABLE campaign.send_usage IS 'What was granted and used: a grant of an hour, of which claims take; what was given back (negative); and one row for each day that is over. The sizes of a window never exceed its caps, but for what was sent by hand. Written by the engine only.';
COMMENT ON COLUMN campaign.send_usage.starts_at IS 'Start of the hour or day by the tenant''s clock.';
COMMENT ON COLUMN campaign.send_usage.ends_at IS 'End of that hour or day.';
COMMENT ON COLUMN campaign.send_usage.size IS 'How many may be taken.';
COMMENT ON COLUMN campaign.send_usage.used IS 'How many were.';
COMMENT ON COLUMN campaign.send_usage.lease_until IS 'The last lease of those that took, by the wall clock.';
COMMENT ON VIEW campaign.send_limit_usage IS 'For every tenant and channel the limits in force, what was used of them and what remains (NULL: no limit), and, where nothing remains, when the window ends that is used up.';
COMMENT ON POLICY send_limits_select ON campaign.send_limits IS 'Members read their tenants''. Changed through functions only.';
COMMENT ON POLICY send_warmup_select ON campaign.send_warmup IS 'Members read their tenants''. Changed through functions only.';
COMMENT ON POLICY send_meters_select ON campaign.send_meters IS 'Members read their tenants''.';
COMMENT ON POLICY send_usage_select ON campaign.send_usage IS 'Members read their tenants''.';
COMMENT ON TRIGGER follow_limits ON campaign.send_limits IS 'Other limits take effect at once.';
COMMENT ON TRIGGER follow_warmup ON campaign.send_warmup IS 'Another table takes effect at once.';
COMMENT ON TRIGGER follow_windows ON campaign.tenants IS 'With another time zone the windows of the caps begin at other times.';
