-- Counts: what became of touches and enrolments, exact at every instant. Each call appends what it has
-- counted; fold_counts() adds that to the totals; who reads both in one statement is never off by one.
-- Nothing here has a key to campaigns: a report, which holds an enrolment, would wait for who archives it.

CREATE TABLE campaign.touch_count_deltas (
  tenant_id    uuid NOT NULL,
  campaign_id  uuid NOT NULL,
  id           uuid NOT NULL DEFAULT campaign.uuid_v7(),
  touch_number smallint NOT NULL,
  service_type text COLLATE "C" NOT NULL,
  metric       text COLLATE "C" NOT NULL,
  at           timestamptz NOT NULL,
  day          date NOT NULL,
  n            bigint NOT NULL,
  seconds      bigint NOT NULL,
  CONSTRAINT touch_count_deltas_pkey PRIMARY KEY (tenant_id, campaign_id, id),
  CONSTRAINT touch_count_deltas_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
);
SELECT pg_catalog.pg_extension_config_dump('campaign.touch_count_deltas', '');

CREATE TABLE campaign.touch_counts (
  tenant_id    uuid NOT NULL,
  campaign_id  uuid NOT NULL,
  touch_number smallint NOT NULL,
  service_type text COLLATE "C" NOT NULL,
  metric       text COLLATE "C" NOT NULL,
  n            bigint NOT NULL,
  seconds      bigint NOT NULL,
  CONSTRAINT touch_counts_pkey PRIMARY KEY (tenant_id, campaign_id, touch_number, service_type, metric),
  CONSTRAINT touch_counts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
) WITH (fillfactor = 50);
SELECT pg_catalog.pg_extension_config_dump('campaign.touch_counts', '');

CREATE TABLE campaign.daily_counts (
  tenant_id   uuid NOT NULL,
  campaign_id uuid NOT NULL,
  day         date NOT NULL,
  metric      text COLLATE "C" NOT NULL,
  n           bigint NOT NULL,
  CONSTRAINT daily_counts_pkey PRIMARY KEY (tenant_id, campaign_id, day, metric),
  CONSTRAINT daily_counts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
) WITH (fillfactor = 80);
SELECT pg_catalog.pg_extension_config_dump('campaign.daily_counts', '');

CREATE TABLE campaign.recent_counts (
  tenant_id   uuid NOT NULL,
  campaign_id uuid NOT NULL,
  at          timestamptz NOT NULL,
  metric      text COLLATE "C" NOT NULL,
  n           bigint NOT NULL,
  CONSTRAINT recent_counts_pkey PRIMARY KEY (tenant_id, campaign_id, at, metric),
  CONSTRAINT recent_counts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
) WITH (fillfactor = 80);
SELECT pg_catalog.pg_extension_config_dump('campaign.recent_counts', '');

CREATE TABLE campaign.count_folds (
  tenant_id uuid NOT NULL,
  folded_at timestamptz NOT NULL,
  CONSTRAINT count_folds_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT count_folds_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
) WITH (fillfactor = 50);
SELECT pg_catalog.pg_extension_config_dump('campaign.count_folds', '');

CREATE FUNCTION campaign.count_bucket(at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('5 minutes', least(greatest(at, '1900-01-01 00:00:00+00'), '9999-12-31 00:00:00+00'), '1900-01-01 00:00:00+00');
COMMENT ON FUNCTION campaign.count_bucket(timestamptz) IS
'Internal: the five minutes in which a time is counted.';

CREATE FUNCTION campaign.count_day(at timestamptz, timezone text) RETURNS date
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_count_day';
COMMENT ON FUNCTION campaign.count_day(timestamptz, text) IS
'Internal: the day on which a time is counted, in the tenant''s time zone, or in UTC if the server does not know it.';

CREATE FUNCTION campaign.count_touch_event(tenant uuid, campaign uuid, touch integer, service text, metric text, at timestamptz,
  n bigint DEFAULT 1, seconds bigint DEFAULT 0)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_count_touch_event';
COMMENT ON FUNCTION campaign.count_touch_event(uuid, uuid, integer, text, text, timestamptz, bigint, bigint) IS
'Internal: counts n of a metric for a touch of a campaign (0: for the enrolment), under a service type or none. Raises 22004 for NULLs, 22023 for what is not counted.';

CREATE FUNCTION campaign.count_enrollments(tenant uuid, campaign uuid, what text, enrollments uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  PERFORM campaign.count_touch_event(tenant, g.campaign_id, 0, g.service_type,
            CASE WHEN what IN ('enrolled', 'completed') THEN what WHEN what = 'reopened' THEN 'completed' ELSE 'stopped.' || what END,
            g.latest, CASE what WHEN 'reopened' THEN -g.n ELSE g.n END, CASE what WHEN 'reopened' THEN -g.seconds ELSE g.seconds END)
     FROM (SELECT e.campaign_id, e.service_type, max(e.at) AS latest, count(*) AS n,
                  sum(CASE what WHEN 'enrolled' THEN 0 ELSE floor(extract(epoch FROM e.at - e.enrolled_at)) END)::bigint AS seconds
             FROM (SELECT c.campaign_id, c.enrolled_at,
                          CASE WHEN c.job_id IS NULL THEN o.service_type ELSE j.service_type END AS service_type,
                          coalesce(CASE what WHEN 'enrolled' THEN c.enrolled_at WHEN 'completed' THEN c.completed_at
                                             WHEN 'reopened' THEN c.completed_at ELSE c.stopped_at END, now_time) AS at
                     FROM campaign.campaign_enrollments c
                     JOIN campaign.outreach_campaigns o ON o.tenant_id = c.tenant_id AND o.campaign_id = c.campaign_id
                     LEFT JOIN campaign.jobs j ON j.tenant_id = c.tenant_id AND j.id = c.job_id
                    WHERE c.tenant_id = tenant AND c.id = ANY (enrollments) AND (campaign IS NULL OR c.campaign_id = campaign)
                      AND o.tenant_id = tenant) e
            GROUP BY e.campaign_id, e.service_type, campaign.count_bucket(e.at)) g;
END $$;
COMMENT ON FUNCTION campaign.count_enrollments(uuid, uuid, text, uuid[]) IS
'Internal: counts enrolments, of one campaign or (NULL) of any, as they stand: what is enrolled, completed, reopened (before completed_at is cleared: takes a completion back) or a stop reason.';

CREATE FUNCTION campaign.begin_counts(tenant uuid) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO campaign.count_folds (tenant_id, folded_at) VALUES ($1, '-infinity') ON CONFLICT DO NOTHING;
END;
COMMENT ON FUNCTION campaign.begin_counts(uuid) IS
'Internal: gives a new tenant the row that whoever folds its counts holds.';
INSERT INTO campaign.tenant_initializers (function_name, "position") VALUES ('campaign.begin_counts', 50);

-- Whoever folds a tenant's counts holds its row of count_folds and the tenant's key, and waits for
-- neither; the totals are written by nobody else.
CREATE FUNCTION campaign.fold_tenant_counts(tenant uuid, max_rows bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  oldest timestamptz := now_time - interval '25 hours';
  last_fold timestamptz;
  folded bigint;
BEGIN
  PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR KEY SHARE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  -- a tenant that create_tenant() has not made
  IF NOT EXISTS (SELECT FROM campaign.count_folds f WHERE f.tenant_id = tenant) THEN
    PERFORM campaign.begin_counts(tenant);
  END IF;
  SELECT f.folded_at INTO last_fold FROM campaign.count_folds f WHERE f.tenant_id = tenant FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  WITH batch AS MATERIALIZED (
    SELECT d.campaign_id, d.id FROM campaign.touch_count_deltas d WHERE d.tenant_id = tenant LIMIT max_rows
  ), gone AS (
    DELETE FROM campaign.touch_count_deltas d USING batch b
     WHERE d.tenant_id = tenant AND d.campaign_id = b.campaign_id AND d.id = b.id
    RETURNING d.campaign_id, d.touch_number, d.service_type, d.metric, d.at, d.day, d.n, d.seconds
  ), total AS (
    INSERT INTO campaign.touch_counts AS c (tenant_id, campaign_id, touch_number, service_type, metric, n, seconds)
    SELECT tenant, g.campaign_id, g.touch_number, g.service_type, g.metric, sum(g.n)::bigint, sum(g.seconds)::bigint
      FROM gone g GROUP BY g.campaign_id, g.touch_number, g.service_type, g.metric
    ON CONFLICT ON CONSTRAINT touch_counts_pkey DO UPDATE SET n = c.n + excluded.n, seconds = c.seconds + excluded.seconds
  ), daily AS (
    INSERT INTO campaign.daily_counts AS c (tenant_id, campaign_id, day, metric, n)
    SELECT tenant, g.campaign_id, g.day, g.metric, sum(g.n)::bigint FROM gone g GROUP BY g.campaign_id, g.day, g.metric
    ON CONFLICT ON CONSTRAINT daily_counts_pkey DO UPDATE SET n = c.n + excluded.n
  ), recent AS (
    INSERT INTO campaign.recent_counts AS c (tenant_id, campaign_id, at, metric, n)
    SELECT tenant, g.campaign_id, g.at, g.metric, sum(g.n)::bigint FROM gone g
     WHERE g.metric IN ('sent', 'failed', 'skipped', 'bounced_hard', 'complained') AND g.at >= oldest
     GROUP BY g.campaign_id, g.at, g.metric
    ON CONFLICT ON CONSTRAINT recent_counts_pkey DO UPDATE SET n = c.n + excluded.n
  )
  SELECT count(*) INTO folded FROM gone;
  UPDATE campaign.count_folds f SET folded_at = now_time WHERE f.tenant_id = tenant;
  IF date_trunc('hour', last_fold, 'UTC') <> date_trunc('hour', now_time, 'UTC') THEN
    DELETE FROM campaign.recent_counts c WHERE c.tenant_id = tenant AND c.at < oldest;
  END IF;
  RETURN folded;
END $$;
COMMENT ON FUNCTION campaign.fold_tenant_counts(uuid, bigint) IS
'Internal: adds up to max_rows (NULL: all) of a tenant''s deltas to its totals; returns how many, 0 if somebody else is at it.';

CREATE FUNCTION campaign.fold_counts(max_rows bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- the system tenant has no campaigns
  tenant uuid := '00000000-0000-0000-0000-000000000000';
  folded bigint := 0;
BEGIN
  LOOP
    SELECT d.tenant_id INTO tenant FROM campaign.touch_count_deltas d WHERE d.tenant_id > tenant ORDER BY d.tenant_id LIMIT 1;
    EXIT WHEN tenant IS NULL OR folded >= max_rows;
    folded := folded + campaign.fold_tenant_counts(tenant, max_rows - folded);
  END LOOP;
  RETURN folded;
END $$;
COMMENT ON FUNCTION campaign.fold_counts(bigint) IS
'Adds what was counted since the last time, at most max_rows rows of it (default: all), to the totals that the analytics views read; returns how many rows. Changes no answer, only its price; waits for nobody. Called by maintenance.';

ALTER TABLE campaign.touch_count_deltas ENABLE ROW LEVEL SECURITY;
CREATE POLICY touch_count_deltas_select ON campaign.touch_count_deltas FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.touch_counts ENABLE ROW LEVEL SECURITY;
CREATE POLICY touch_counts_select ON campaign.touch_counts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.daily_counts ENABLE ROW LEVEL SECURITY;
CREATE POLICY daily_counts_select ON campaign.daily_counts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.recent_counts ENABLE ROW LEVEL SECURITY;
CREATE POLICY recent_counts_select ON campaign.recent_counts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.count_folds ENABLE ROW LEVEL SECURITY;
CREATE POLICY count_folds_select ON campaign.count_folds FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.touch_count_deltas'),
  ('member', 'SELECT', 'TABLE campaign.touch_counts'),
  ('member', 'SELECT', 'TABLE campaign.daily_counts'),
  ('member', 'SELECT', 'TABLE campaign.recent_counts'),
  ('member', 'SELECT', 'TABLE campaign.count_folds'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.fold_counts(bigint)');

COMMENT ON TABLE campaign.touch_counts IS 'What became of the touches and enrolments of a campaign in all, up to the last fold; touch_count_deltas has what came since. The analytics views add both.';
COMMENT ON COLUMN campaign.touch_counts.touch_number IS 'The touch by its number, whatever the plan version; 0: the enrolment as a whole.';
COMMENT ON COLUMN campaign.touch_counts.service_type IS 'Of the job, or for enrolments without one of the campaign, when it was counted; empty: none.';
COMMENT ON COLUMN campaign.touch_counts.metric IS 'Of touches: sent, failed and skipped as they stand final in send_logs, and delivered, opened, machine_opened, clicked, replied, converted (once an enrolment), reviewed, feedback, bounced_hard, bounced_soft, complained, unsubscribed, each once a touch. Of enrolments (touch_number 0): enrolled, completed and stopped.<reason>.';
COMMENT ON COLUMN campaign.touch_counts.seconds IS 'Of completed and stopped: whole seconds from enrolment to end, summed.';
COMMENT ON TABLE campaign.touch_count_deltas IS 'What was counted since the last fold: one row for each thing that a call has counted. Folded into touch_counts, daily_counts and recent_counts by campaign.fold_counts().';
COMMENT ON COLUMN campaign.touch_count_deltas.service_type IS 'As in touch_counts.';
COMMENT ON COLUMN campaign.touch_count_deltas.at IS 'Start of the five minutes in which it happened, or the resume of the campaign within them.';
COMMENT ON COLUMN campaign.touch_count_deltas.day IS 'The day of it in the tenant''s time zone, as that was when it was counted.';
COMMENT ON TABLE campaign.daily_counts IS 'The same by day, for all touches and services of a campaign, up to the last fold.';
COMMENT ON COLUMN campaign.daily_counts.day IS 'In the tenant''s time zone, as that was when it was counted.';
COMMENT ON TABLE campaign.recent_counts IS 'What the breaker looks at: sends, failures, hard bounces and complaints of the last 25 hours by five minutes, up to the last fold.';
COMMENT ON COLUMN campaign.recent_counts.at IS 'Start of the five minutes, or the resume of the campaign within them.';
COMMENT ON TABLE campaign.count_folds IS 'When each tenant''s counts were last folded. Who folds holds the row.';
COMMENT ON COLUMN campaign.count_folds.folded_at IS 'By the engine''s clock; -infinity: never.';
COMMENT ON POLICY touch_count_deltas_select ON campaign.touch_count_deltas IS 'Members read their tenants''.';
COMMENT ON POLICY touch_counts_select ON campaign.touch_counts IS 'Members read their tenants''.';
COMMENT ON POLICY daily_counts_select ON campaign.daily_counts IS 'Members read their tenants''.';
COMMENT ON POLICY recent_counts_select ON campaign.recent_counts IS 'Members read their tenants''.';
COMMENT ON POLICY count_folds_select ON campaign.count_folds IS 'Members read their tenants''.';
