-- What all systems work on: populations of tenants and contacts, and for each tenant
-- one campaign of four emails. The functions bench.add_...(population, wanted) put so many
-- contacts before touch 1, which is due; touch 2 is due a month after it, so that each
-- completion moves its row and none comes round again.
--
-- Rows are loaded as the product would have made them, without its checks and
-- triggers (session_replication_role), and never while anything is measured.

CREATE SCHEMA bench;

CREATE TABLE bench.tenants (
  population text NOT NULL,
  n int NOT NULL,
  tenant_id uuid NOT NULL,
  campaign_id uuid,
  lane int,
  PRIMARY KEY (population, n)
);
CREATE TABLE bench.people (
  population text NOT NULL,
  i int NOT NULL,
  tenant_id uuid NOT NULL,
  campaign_id uuid NOT NULL,
  lane int NOT NULL,
  contact_id uuid NOT NULL,
  enrollment_id uuid NOT NULL,
  due_at timestamptz NOT NULL
);

-- At any hour, and as much as there is.
CREATE FUNCTION bench.make_tenants(population text, tenants int, owner text) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
  INSERT INTO bench.tenants (population, n, tenant_id)
  SELECT population, n, campaign.create_tenant(initcap(population) || ' ' || n, population || '-' || n, 'UTC', owner)
    FROM generate_series(0, tenants - 1) n;
  UPDATE campaign.tenants t SET quiet_from = '00:00', quiet_until = '00:00'
    FROM bench.tenants b WHERE b.population = population AND t.id = b.tenant_id;
  INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval)
  SELECT b.tenant_id, c.channel, '0' FROM bench.tenants b, campaign.channels c WHERE b.population = population;
  UPDATE bench.tenants b SET campaign_id = campaign.create_campaign(b.tenant_id, 'bench',
    (SELECT jsonb_agg(jsonb_build_object('step', n, 'channel', 'email', 'label', 'Touch ' || n, 'delay_hours', 744,
       'subject', 'How did we do?', 'body_text', E'Hi {{contact.first_name|there}},\n\nthank you for choosing {{tenant.name}}.\n'
         'Would you take a minute to tell us how we did?\n\nBest regards,\n{{tenant.sender_name}}') ORDER BY n)
       FROM generate_series(1, 4) n), audience => 'contacts')
   WHERE b.population = population;
  PERFORM campaign.launch_campaign(b.campaign_id) FROM bench.tenants b WHERE b.population = population;
  UPDATE bench.tenants b SET lane = l.lane FROM campaign.lanes l
   WHERE b.population = population AND l.tenant_id = b.tenant_id AND l.campaign_id = b.campaign_id;
  INSERT INTO reference.touches SELECT t.campaign_id, t.touch_number, t.delay, t.subject, t.body
    FROM campaign.campaign_touches t JOIN bench.tenants b ON b.population = population AND t.campaign_id = b.campaign_id;
END $$;

-- People, and their contacts in both systems. They are due over three days and in no order of time,
-- as jobs are not completed in the order of anything: steps of the golden ratio.
CREATE FUNCTION bench.add_people(population text, first int, last int) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  tenants int := (SELECT count(*) FROM bench.tenants t WHERE t.population = population);
  start timestamptz := date_trunc('second', now()) - interval '73 hours';
BEGIN
  INSERT INTO bench.people
  SELECT population, i, t.tenant_id, t.campaign_id, t.lane, campaign.uuid_v7(), campaign.uuid_v7(),
         start + (i::bigint * 2654435769 % 4294967296) / 4294967296.0 * interval '72 hours'
    FROM generate_series(first, last) i JOIN bench.tenants t ON t.population = population AND t.n = i % tenants;
END $$;
CREATE FUNCTION bench.add_contacts(population text, first int, last int) RETURNS void LANGUAGE sql SET session_replication_role = replica AS $$
  INSERT INTO campaign.contacts (tenant_id, id, first_name, last_name, email)
  SELECT p.tenant_id, p.contact_id, 'Ann', 'Number ' || p.i, 'ann.' || p.i || '@example.com'
    FROM bench.people p WHERE p.population = $1 AND p.i BETWEEN $2 AND $3
$$;
CREATE FUNCTION bench.add_reference_contacts(population text, first int, last int) RETURNS void LANGUAGE sql AS $$
  INSERT INTO reference.contacts SELECT p.contact_id, p.tenant_id, 'Ann', 'ann.' || p.i || '@example.com'
    FROM bench.people p WHERE p.population = $1 AND p.i BETWEEN $2 AND $3
$$;

CREATE FUNCTION bench.clear_campaign() RETURNS void LANGUAGE sql AS $$
  TRUNCATE campaign.touch_queue, campaign.campaign_enrollments, campaign.enrollment_conflicts, campaign.send_logs,
    campaign.touch_count_deltas, campaign.touch_counts, campaign.daily_counts, campaign.recent_counts, campaign.send_usage
$$;
CREATE FUNCTION bench.clear_reference() RETURNS void LANGUAGE sql AS $$
  TRUNCATE reference.enrollments, reference.send_logs
$$;

CREATE FUNCTION bench.add_enrollments(population text, wanted int) RETURNS void LANGUAGE sql SET session_replication_role = replica AS $$
  INSERT INTO campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at, enrolled_at)
  SELECT p.tenant_id, p.enrollment_id, p.campaign_id, p.contact_id, 1, p.due_at - interval '744 hours', p.due_at, now()
    FROM bench.people p WHERE p.population = $1 AND p.i <= $2
$$;
CREATE FUNCTION bench.add_queue(population text, wanted int) RETURNS void LANGUAGE sql SET session_replication_role = replica AS $$
  INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
  SELECT p.tenant_id, p.lane, p.due_at, p.enrollment_id, p.due_at, 1
    FROM bench.people p WHERE p.population = $1 AND p.i <= $2
$$;
CREATE FUNCTION bench.add_reference(population text, wanted int) RETURNS void LANGUAGE sql SET session_replication_role = replica AS $$
  INSERT INTO reference.enrollments (id, tenant_id, campaign_id, contact_id, touch_count, touch_1_scheduled_at, touch_1_status)
  SELECT p.enrollment_id, p.tenant_id, p.campaign_id, p.contact_id, 4, p.due_at, 'pending'
    FROM bench.people p WHERE p.population = $1 AND p.i <= $2;
$$;

CREATE ROLE bench_worker LOGIN;
SELECT campaign.grant_access('bench_worker', 'worker');
CREATE ROLE bench_member LOGIN;
SELECT campaign.grant_access('bench_member', 'member');
CREATE ROLE bench_reader LOGIN BYPASSRLS;
SELECT campaign.grant_access('bench_reader', 'member');

-- ---- what parts other than throughput need

-- A log row for each of the first touches of a population's enrolments.
CREATE FUNCTION bench.add_log(population text, touches int) RETURNS void LANGUAGE sql SET session_replication_role = replica AS $$
  INSERT INTO campaign.send_logs (tenant_id, id, campaign_id, enrollment_id, contact_id, touch_number, attempt, plan_version, fence, worker_id,
    is_final, advanced, channel, status, scheduled_at, claimed_at, sent_at, logged_at, address, subject, provider_id)
  SELECT p.tenant_id, campaign.uuid_v7(), p.campaign_id, p.enrollment_id, p.contact_id, n, 1, 1, 1, 1,
         true, true, 'email', 'sent', p.due_at, p.due_at, p.due_at + n * interval '1 minute', p.due_at + n * interval '1 minute',
         'ann.' || p.i || '@example.com', 'How did we do?', 'msg-' || p.i || '-' || n
    FROM bench.people p, generate_series(1, $2) n WHERE p.population = $1
$$;

-- A claim by itself, without its commit, as the server sees it.
CREATE FUNCTION bench.time_campaign(max_touches int, OUT microseconds float8, OUT tenants uuid[]) LANGUAGE plpgsql AS $$
DECLARE
  start timestamptz := clock_timestamp();
BEGIN
  tenants := ARRAY(SELECT tenant_id FROM campaign.claim_due_touches('bench', max_touches));
  microseconds := extract(epoch FROM clock_timestamp() - start) * 1e6;
  IF cardinality(tenants) <> max_touches THEN
    RAISE 'claimed % of % touches', cardinality(tenants), max_touches;
  END IF;
END $$;
CREATE FUNCTION bench.time_reference(max_touches int, OUT microseconds float8) LANGUAGE plpgsql AS $$
DECLARE
  start timestamptz := clock_timestamp();
  claimed int := cardinality(ARRAY(SELECT enrollment_id FROM reference.claim('bench', max_touches)));
BEGIN
  microseconds := extract(epoch FROM clock_timestamp() - start) * 1e6;
  IF claimed <> max_touches THEN
    RAISE 'claimed % of % touches', claimed, max_touches;
  END IF;
END $$;
-- what the reference asks for due touches, neither locked nor marked
CREATE FUNCTION bench.time_select(max_touches int, OUT microseconds float8) LANGUAGE plpgsql AS $$
DECLARE
  start timestamptz := clock_timestamp();
  found int := cardinality(ARRAY(
    SELECT e.id FROM reference.enrollments e
     WHERE e.status = 'active' AND e.touch_1_status = 'pending' AND e.touch_1_scheduled_at <= now()
       AND (e.claimed_until IS NULL OR e.claimed_until < now())
     ORDER BY e.touch_1_scheduled_at LIMIT max_touches));
BEGIN
  microseconds := extract(epoch FROM clock_timestamp() - start) * 1e6;
  IF found <> max_touches THEN
    RAISE 'found % of % touches', found, max_touches;
  END IF;
END $$;

-- As if nothing had been claimed since the load.
CREATE FUNCTION bench.end_leases() RETURNS void LANGUAGE sql SET session_replication_role = replica AS $$
  UPDATE campaign.touch_queue SET lease_until = '-infinity', claimed_at = '-infinity', fence = 0, attempt = 0, worker_id = 0
   WHERE lease_until > '-infinity';
  UPDATE reference.enrollments SET claimed_until = NULL, lease_token = NULL WHERE claimed_until IS NOT NULL;
$$;

GRANT USAGE ON SCHEMA bench TO bench_worker;

CREATE FUNCTION bench.add_reference_log(population text, touches int) RETURNS void LANGUAGE sql SET session_replication_role = replica AS $$
  INSERT INTO reference.send_logs (tenant_id, campaign_id, enrollment_id, contact_id, touch_number, attempt, worker, channel, status,
    scheduled_at, claimed_at, sent_at, address, subject, provider_id)
  SELECT p.tenant_id, p.campaign_id, p.enrollment_id, p.contact_id, n, 1, 'bench', 'email', 'sent', p.due_at, p.due_at,
         p.due_at + n * interval '1 minute', 'ann.' || p.i || '@example.com', 'How did we do?', 'msg-' || p.i || '-' || n
    FROM bench.people p, generate_series(1, $2) n WHERE p.population = $1
$$;

-- The reference's due indexes over rows of which all touches are scheduled in advance.
CREATE FUNCTION bench.size_of_all_scheduled(population text, wanted int) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  bytes bigint;
BEGIN
  CREATE TEMP TABLE scheduled (LIKE reference.enrollments);
  FOR n IN 1 .. 4 LOOP
    EXECUTE format('CREATE INDEX ON scheduled (touch_%1$s_scheduled_at) WHERE status = ''active'' AND touch_%1$s_status = ''pending''', n);
  END LOOP;
  INSERT INTO scheduled (id, tenant_id, campaign_id, contact_id, touch_count, status, enrolled_at, current_touch, updated_at,
    touch_1_scheduled_at, touch_1_status, touch_2_scheduled_at, touch_2_status, touch_3_scheduled_at, touch_3_status, touch_4_scheduled_at, touch_4_status)
  SELECT p.enrollment_id, p.tenant_id, p.campaign_id, p.contact_id, 4, 'active', now(), 1, now(), p.due_at, 'pending', p.due_at + interval '31 days', 'pending',
         p.due_at + interval '62 days', 'pending', p.due_at + interval '93 days', 'pending'
    FROM bench.people p WHERE p.population = population AND p.i <= wanted;
  SELECT sum(pg_relation_size(indexrelid)) INTO bytes FROM pg_index WHERE indrelid = 'scheduled'::regclass;
  DROP TABLE scheduled;
  RETURN bytes;
END $$;
