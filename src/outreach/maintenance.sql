-- Maintenance: what is done when nobody waits for it. The engine is correct without it; with it,
-- timers go off on time, ledgers stay short, and history goes when it is due to.

CREATE TABLE campaign.maintenance_tasks (
  task      text NOT NULL,
  position  integer NOT NULL,
  command   text NOT NULL,
  CONSTRAINT maintenance_tasks_pkey PRIMARY KEY (task)
);
COMMENT ON TABLE campaign.maintenance_tasks IS 'What campaign.run_maintenance() does, in the order of position. Part of the extension, not dumped.';
COMMENT ON COLUMN campaign.maintenance_tasks.command IS 'A SELECT of how much was done; $1 is how much to do at most. It waits for nobody, and may run beside itself.';

-- What takes long comes before what locks contacts: they are held until the end.
INSERT INTO campaign.maintenance_tasks (task, position, command) VALUES
  ('remove_logs', 1, 'SELECT campaign.remove_old_logs($1)'),
  ('fold_send_usage', 2, 'SELECT campaign.fold_send_usage($1)'),
  ('end_leases', 3, 'SELECT campaign.end_expired_leases($1)'),
  ('check_breakers', 4, 'SELECT campaign.check_breakers()'),
  ('match_events', 5, 'SELECT campaign.match_events(NULL, $1)'),
  ('launch_campaigns', 6, 'SELECT campaign.launch_due($1)'),
  ('settle_conflicts', 7, 'SELECT campaign.settle_conflicts($1)'),
  ('fold_counts', 8, 'SELECT campaign.fold_counts()'),
  -- a net that should never catch anything: one run in ten
  ('rescan_marks', 9, 'SELECT CASE WHEN random() < 0.1 THEN campaign.rescan_marks() ELSE 0 END');

CREATE FUNCTION campaign.require_max_rows(max_rows integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF max_rows IS NULL OR max_rows < 1 THEN
    RAISE EXCEPTION 'max_rows must be at least 1'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is about how many rows each task works on.',
            HINT = 'Leave it out for 10000.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_max_rows(integer) IS
'Internal: raises 22023 for NULL and for less than 1.';

CREATE FUNCTION campaign.run_maintenance(max_rows integer DEFAULT 10000, OUT task text, OUT done bigint, OUT detail text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  item record;
  former_timeout text := current_setting('lock_timeout');
BEGIN
  PERFORM campaign.require_max_rows(max_rows);
  PERFORM campaign.require_read_committed('run_maintenance()');
  -- no task waits for a row; a table that somebody is altering is left for the next time
  PERFORM set_config('lock_timeout', '5s', true);
  FOR item IN SELECT t.task, t.command FROM campaign.maintenance_tasks t ORDER BY t.position, t.task LOOP
    task := item.task;
    detail := NULL;
    BEGIN
      EXECUTE item.command INTO done USING max_rows;
      IF done >= max_rows THEN
        detail := 'there may be more';
      END IF;
    EXCEPTION WHEN OTHERS THEN
      done := 0;
      detail := SQLSTATE || ': ' || SQLERRM;
      RAISE WARNING 'maintenance task % failed: %', item.task, SQLERRM
        USING ERRCODE = SQLSTATE, DETAIL = 'What it did is undone; the other tasks are not affected.';
    END;
    RETURN NEXT;
  END LOOP;
  PERFORM set_config('lock_timeout', former_timeout, true);
END $$;
COMMENT ON FUNCTION campaign.run_maintenance(integer) IS
'Does what is due and nobody waits for, for all tenants: folds counts and usage, removes logs that log_retention lets go, ends leases that have run out, checks the breakers, applies events that came early, launches campaigns whose time has come, settles conflicts. One row per task: how much was done, and in detail what went wrong or that there may be more; a task that fails is undone and spoils no other. Waits for nobody, and may run beside itself. To be called about once a minute (see schedule_maintenance()). For the level admin. Raises 22023 for max_rows below 1, 25000 above READ COMMITTED.';

-- A claim does the same with what it comes across; this is for lanes that nobody claims from.
-- What is leased is due, and claims take the oldest first: it is found at a lane's beginning.
CREATE FUNCTION campaign.end_expired_leases(max_rows integer DEFAULT 10000) RETURNS bigint
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

-- ---- retention

CREATE INDEX campaign_enrollments_ended_idx ON campaign.campaign_enrollments (tenant_id, coalesce(completed_at, stopped_at))
  WHERE status <> 'active' AND log_removed_at IS NULL;
CREATE INDEX send_logs_manual_idx ON campaign.send_logs (tenant_id, logged_at) WHERE enrollment_id IS NULL;
CREATE INDEX touch_events_loose_idx ON campaign.touch_events (tenant_id, recorded_at) WHERE enrollment_id IS NULL;
CREATE INDEX job_enrollments_loose_idx ON campaign.job_enrollments (tenant_id, at) WHERE outcome <> 'enrolled';
CREATE INDEX enrollment_conflicts_resolved_idx ON campaign.enrollment_conflicts (tenant_id, resolved_at) WHERE resolved_at IS NOT NULL;

-- The enrolment is locked against whoever would take it up again; it is marked, so that it is not
-- looked at twice and nobody takes what it does not show any more for what never was.
CREATE FUNCTION campaign.remove_enrollment_logs(tenant uuid, ended_before timestamptz, max_enrollments integer,
  OUT enrollments integer, OUT removed bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  ended uuid[];
  n bigint;
BEGIN
  ended := ARRAY(
    SELECT l.id
      FROM (SELECT e.id FROM campaign.campaign_enrollments e
             WHERE e.tenant_id = tenant AND e.status <> 'active' AND e.log_removed_at IS NULL
               AND coalesce(e.completed_at, e.stopped_at) < ended_before
               -- stopped in a worker's hands, and nobody knows yet what became of it
               AND NOT EXISTS (SELECT FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = e.id)
             ORDER BY coalesce(e.completed_at, e.stopped_at) LIMIT max_enrollments FOR NO KEY UPDATE SKIP LOCKED) l);
  enrollments := cardinality(ended);
  DELETE FROM campaign.touch_events v WHERE v.tenant_id = tenant AND v.enrollment_id = ANY (ended);
  GET DIAGNOSTICS removed = ROW_COUNT;
  DELETE FROM campaign.send_logs l WHERE l.tenant_id = tenant AND l.enrollment_id = ANY (ended);
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM campaign.job_enrollments j
   WHERE j.tenant_id = tenant AND j.enrollment_id = ANY (ended) AND j.outcome = 'enrolled'
     AND j.job_id = ANY (ARRAY(SELECT e.job_id FROM campaign.campaign_enrollments e WHERE e.tenant_id = tenant AND e.id = ANY (ended)));
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  UPDATE campaign.campaign_enrollments e SET log_removed_at = now_time WHERE e.tenant_id = tenant AND e.id = ANY (ended);
END $$;
COMMENT ON FUNCTION campaign.remove_enrollment_logs(uuid, timestamptz, integer) IS
'Internal: removes what was logged of up to max_enrollments enrolments of a tenant that ended before a time; returns how many enrolments, and how many rows. Waits for nobody.';

CREATE FUNCTION campaign.remove_loose_logs(tenant uuid, older_than timestamptz, max_rows bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  removed bigint := 0;
  n bigint;
BEGIN
  DELETE FROM campaign.send_logs l WHERE l.tenant_id = tenant AND l.id = ANY (ARRAY(
    SELECT o.id FROM campaign.send_logs o WHERE o.tenant_id = tenant AND o.enrollment_id IS NULL AND o.logged_at < older_than
     ORDER BY o.logged_at LIMIT max_rows FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM campaign.touch_events v WHERE v.tenant_id = tenant AND v.id = ANY (ARRAY(
    SELECT o.id FROM campaign.touch_events o WHERE o.tenant_id = tenant AND o.enrollment_id IS NULL AND o.recorded_at < older_than
     ORDER BY o.recorded_at LIMIT max_rows - removed FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM campaign.job_enrollments j WHERE j.tenant_id = tenant AND j.id = ANY (ARRAY(
    SELECT o.id FROM campaign.job_enrollments o WHERE o.tenant_id = tenant AND o.outcome <> 'enrolled' AND o.at < older_than
     ORDER BY o.at LIMIT max_rows - removed FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM campaign.enrollment_conflicts x WHERE x.tenant_id = tenant AND x.id = ANY (ARRAY(
    SELECT o.id FROM campaign.enrollment_conflicts o WHERE o.tenant_id = tenant AND o.resolved_at < older_than
     ORDER BY o.resolved_at LIMIT max_rows - removed FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN removed + n;
END $$;
COMMENT ON FUNCTION campaign.remove_loose_logs(uuid, timestamptz, bigint) IS
'Internal: removes up to max_rows old rows of a tenant that belong to no enrolment: manual sends and what was told of them, jobs that were not enrolled, resolved conflicts. Waits for nobody.';

CREATE FUNCTION campaign.remove_old_logs(max_rows integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
  owner record;
  part record;
  removed bigint := 0;
BEGIN
  PERFORM campaign.require_max_rows(max_rows);
  PERFORM campaign.require_read_committed('remove_old_logs()');
  FOR owner IN SELECT t.id, now_time - t.log_retention AS ended_before FROM campaign.tenants t WHERE t.log_retention IS NOT NULL ORDER BY t.id LOOP
    PERFORM FROM campaign.tenants t WHERE t.id = owner.id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    WHILE removed < max_rows LOOP
      part := campaign.remove_enrollment_logs(owner.id, owner.ended_before, least(max_rows - removed, 500)::integer);
      removed := removed + part.removed;
      EXIT WHEN part.enrollments = 0;
    END LOOP;
    EXIT WHEN removed >= max_rows;
    removed := removed + campaign.remove_loose_logs(owner.id, owner.ended_before, max_rows - removed);
  END LOOP;
  RETURN removed;
END $$;
COMMENT ON FUNCTION campaign.remove_old_logs(integer) IS
'Removes about max_rows rows of history that tenants keep no longer (tenants.log_retention; by default all is kept): sends, events and job records of enrolments that ended so long ago, then manual sends, jobs that were not enrolled and resolved conflicts of that age. Enrolments, counts and analytics stay. Returns how many rows went. Part of maintenance; waits for nobody. Raises 22023 for max_rows below 1, 25000 above READ COMMITTED.';

-- ---- pg_cron, if the database has it; looked up when it is asked for

-- The setting is for superusers' eyes; the name of a database is all that is told of it.
CREATE FUNCTION campaign.pg_cron_database() RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN current_setting('cron.database_name', true);
END $$;
COMMENT ON FUNCTION campaign.pg_cron_database() IS
'Internal: the database in which pg_cron keeps its jobs; NULL where it is not loaded.';

CREATE FUNCTION campaign.require_pg_cron(schedule text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  home text := campaign.pg_cron_database();
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension x WHERE x.extname = 'pg_cron') THEN
    RAISE EXCEPTION 'pg_cron is not installed in this database'
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = CASE WHEN home <> current_database() THEN format('In this cluster it keeps its jobs in database "%s".', home)
                          ELSE 'It is what runs the jobs that are scheduled in a database.' END,
            HINT = CASE WHEN home <> current_database()
                        THEN format('There, call SELECT cron.schedule_in_database(%L, %L, %L, %L).', 'campaign maintenance',
                                    schedule, 'SELECT campaign.run_maintenance()', current_database())
                        ELSE 'Add it to shared_preload_libraries and create the extension, or have another scheduler call SELECT campaign.run_maintenance() every minute.' END;
  END IF;
  IF NOT has_schema_privilege('cron', 'USAGE') THEN
    RAISE EXCEPTION 'permission denied for schema cron'
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'A job runs as whoever has scheduled it.',
            HINT = format('Have a superuser run GRANT USAGE ON SCHEMA cron TO %I.', current_user);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_pg_cron(text) IS
'Internal: raises 55000 where pg_cron is not installed, and 42501 where the caller may not use it.';

-- With the caller's rights: a job is the role's that schedules it, and no more than that role's.
CREATE FUNCTION campaign.schedule_maintenance(schedule text DEFAULT '* * * * *') RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  job bigint;
BEGIN
  IF schedule IS NULL THEN
    RAISE EXCEPTION 'schedule must not be null'
      USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'It says when maintenance runs, as in a crontab.',
            HINT = 'Leave it out for every minute, or call campaign.unschedule_maintenance().';
  END IF;
  PERFORM campaign.require_pg_cron(schedule);
  EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job
    USING 'campaign maintenance'::text, schedule, 'SELECT campaign.run_maintenance()'::text;
  RETURN job;
END $$;
COMMENT ON FUNCTION campaign.schedule_maintenance(text) IS
'Has pg_cron run campaign.run_maintenance() in this database, every minute or on the crontab schedule given; again changes the schedule. The job is the caller''s and runs with his rights. Returns pg_cron''s id of the job. For the level admin, with USAGE on schema cron. Raises 55000 without pg_cron, 42501, 22004 for NULL and what pg_cron raises for a schedule that is none.';

CREATE FUNCTION campaign.unschedule_maintenance() RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  job bigint;
BEGIN
  PERFORM campaign.require_pg_cron('* * * * *');
  EXECUTE 'SELECT j.jobid FROM cron.job j WHERE j.jobname = $1 AND j.username = current_user AND j.database = current_database()' INTO job
    USING 'campaign maintenance'::text;
  IF job IS NULL THEN
    RETURN false;
  END IF;
  EXECUTE 'SELECT cron.unschedule($1)' USING job;
  RETURN true;
END $$;
COMMENT ON FUNCTION campaign.unschedule_maintenance() IS
'Ends what the caller began with campaign.schedule_maintenance(); false if there is nothing to end. For the level admin. Raises 55000 without pg_cron, 42501 without USAGE on schema cron.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('admin', 'EXECUTE', 'FUNCTION campaign.run_maintenance(integer)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.end_expired_leases(integer)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.remove_old_logs(integer)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.pg_cron_database()'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.require_pg_cron(text)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.schedule_maintenance(text)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.unschedule_maintenance()'),
  ('admin', 'SELECT', 'TABLE campaign.maintenance_tasks');
