-- No edit strands an enrolment. Random sequences of what people and workers do to a
-- campaign, plan edits and moves above all; after each step the invariants, and in
-- the end everybody must come to an end. A failure names the seed and the steps.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL intervalstyle = 'postgres';
SET search_path = public, pg_catalog;
SELECT plan(15);

CREATE SCHEMA probe;
CREATE TABLE probe.steps (n serial, what text);
CREATE FUNCTION probe.dice(sides integer) RETURNS integer LANGUAGE sql AS $$ SELECT 1 + floor(random() * sides)::integer $$;
CREATE FUNCTION probe.pick(VARIADIC choices text[]) RETURNS text LANGUAGE sql AS $$ SELECT choices[probe.dice(cardinality(choices))] $$;
CREATE FUNCTION probe.at_time(at timestamptz) RETURNS void LANGUAGE sql
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - statement_timestamp()) || ' seconds', true) $$;
CREATE FUNCTION probe.document() RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('channel', s.channel, 'body_text', 'x', 'enabled', s.n = 1 OR probe.dice(6) > 1,
			'delay_hours', probe.dice(4) * probe.dice(24) - 1, 'use_service_delay', s.n = 1 AND probe.dice(4) = 1, 'on_failure', CASE probe.dice(5) WHEN 1 THEN 'stop' ELSE 'advance' END)
		|| CASE s.channel WHEN 'email' THEN '{"subject": "x"}' ELSE '{}' END::jsonb)
	FROM (SELECT n, probe.pick('email', 'email', 'call', 'linkedin_message') AS channel FROM generate_series(1, probe.dice(6)) n) s $$;

-- What must be true of a tenant's enrolments at any time; NULL if it is.
CREATE FUNCTION probe.broken(tenant uuid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(DISTINCT b.rule, ', ') FROM (
		SELECT e.*, q.touch_number, q.resume_touch, q.scheduled_at, q.due_at, q.flags, q.lane IS NOT NULL AS queued, t.touch_number IS NOT NULL AS planned, t.channel,
			l.channel AS lane_channel, l.campaign_id AS lane_campaign,
			CASE WHEN t.touch_number = 1 THEN e.anchor_at + CASE WHEN t.use_service_delay THEN '24 hours' ELSE t.delay END
				ELSE (SELECT s.scheduled_at FROM campaign.send_logs s WHERE s.tenant_id = e.tenant_id AND s.enrollment_id = e.id AND s.touch_number = t.touch_number - 1
					ORDER BY s.attempt DESC LIMIT 1) + t.delay END AS chained
		FROM campaign.campaign_enrollments e
			LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
			LEFT JOIN campaign.campaign_touches t ON t.tenant_id = e.tenant_id AND t.campaign_id = e.campaign_id AND t.plan_version = e.plan_version AND t.touch_number = q.touch_number
			LEFT JOIN campaign.lanes l ON l.tenant_id = e.tenant_id AND l.lane = q.lane
		WHERE e.tenant_id = $1) s
	CROSS JOIN LATERAL (VALUES
		('a live enrolment has no next touch', s.status = 'active' AND NOT s.queued),
		('one that has ended has one', s.status <> 'active' AND s.queued AND s.flags & 2 = 0),
		('a next touch is not in the plan', s.status = 'active' AND NOT s.planned),
		('a next touch is in the lane of another channel', s.status = 'active' AND (s.lane_channel, s.lane_campaign) IS DISTINCT FROM (s.channel, s.campaign_id)),
		('a sequence would go back', s.resume_touch <> 0 AND s.resume_touch <= s.touch_number),
		('a plan''s time has lost its chain', s.status = 'active' AND s.resume_touch = 0 AND s.scheduled_at <> s.chained),
		('the first plan''s time is not that of the first touch', s.status = 'active' AND s.touch_number = 1 AND s.resume_touch = 0 AND s.scheduled_at <> s.first_scheduled_at),
		('a touch is due before the plan wants it', s.due_at < s.scheduled_at)) b(rule, is_broken)
	WHERE b.is_broken $$;
CREATE FUNCTION probe.sent_twice(tenant uuid) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM (SELECT FROM campaign.send_logs s WHERE s.tenant_id = $1 AND s.status = 'sent' GROUP BY s.enrollment_id, s.touch_number HAVING count(*) > 1) t $$;

-- A worker's hour: each touch that it claims has another fate.
CREATE FUNCTION probe.work(most integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	c record;
	fate text;
	fates text := '';
BEGIN
	FOR c IN SELECT * FROM campaign.claim_due_touches('probe', most) LOOP
		fate := probe.pick('sent', 'sent', 'sent', 'sent', 'failed', 'failed', 'dead', 'dead', 'skipped', 'released', 'begun', 'kept');
		CASE fate
			WHEN 'sent' THEN PERFORM campaign.complete_touch(c.lease_token);
			WHEN 'failed' THEN PERFORM campaign.fail_touch(c.lease_token, 'busy');
			WHEN 'dead' THEN PERFORM campaign.fail_touch(c.lease_token, 'never', permanent => true);
			WHEN 'skipped' THEN PERFORM campaign.skip_touch(c.lease_token, 'closed');
			WHEN 'released' THEN PERFORM campaign.release_touch(c.lease_token);
			WHEN 'begun' THEN PERFORM campaign.begin_send(c.lease_token);
			ELSE NULL;
		END CASE;
		fates := fates || ' ' || fate;
	END LOOP;
	RETURN 'work' || fates;
END
$$;
CREATE FUNCTION probe.enroll(tenant uuid, campaign uuid) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	contact uuid;
BEGIN
	INSERT INTO campaign.contacts (tenant_id, first_name, email, phone, linkedin_url)
	VALUES (tenant, 'x', 'x@x.example', '+12125550100', 'https://l.example/x') RETURNING id INTO contact;
	RETURN 'enrol ' || (campaign.enroll(campaign, contact, anchor_at => campaign.now() - interval '1 hour' * probe.dice(48))).outcome;
END
$$;
-- One step, and what it was. What is refused by a precondition is a step, too.
CREATE FUNCTION probe.step(tenant uuid, campaign uuid) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	target record;
	version integer;
BEGIN
	CASE probe.dice(16)
		WHEN 1, 2 THEN
			RETURN 'revise to ' || campaign.revise_campaign(campaign, probe.document());
		WHEN 3, 4, 5 THEN
			version := CASE WHEN probe.dice(3) > 1 THEN (SELECT probe.dice(o.plan_version) FROM campaign.outreach_campaigns o WHERE o.campaign_id = campaign) END;
			RETURN (SELECT format('migrate to %s: %s', coalesce(version::text, 'the present'), string_agg(m.enrollments || ' ' || m.result, ', ')) FROM campaign.migrate_enrollments(campaign, version) m);
		WHEN 6 THEN
			RETURN probe.enroll(tenant, campaign);
		WHEN 7, 8, 9 THEN
			RETURN probe.work(probe.dice(5));
		WHEN 10, 11, 12 THEN
			PERFORM probe.at_time(campaign.now() + interval '1 hour' * probe.dice(30));
			RETURN 'wait';
		WHEN 13 THEN
			UPDATE campaign.touch_queue q SET lease_until = clock_timestamp() - interval '1 second' WHERE q.tenant_id = tenant AND q.lease_until > clock_timestamp();
			RETURN 'leases end';
		WHEN 14 THEN
			SELECT d.enrollment_id, d.touch_number INTO target FROM campaign.dead_touches d WHERE d.tenant_id = tenant ORDER BY random(), d.enrollment_id LIMIT 1;
			IF FOUND THEN
				PERFORM campaign.retry_touch(target.enrollment_id, target.touch_number);
			END IF;
			RETURN 'retry';
		WHEN 15 THEN
			PERFORM campaign.resolve_uncertain(u.lease_token, probe.pick('sent', 'failed', 'skipped', 'retry')) FROM campaign.uncertain_touches u WHERE u.tenant_id = tenant;
			SELECT e.id INTO target FROM campaign.campaign_enrollments e WHERE e.tenant_id = tenant AND e.status = 'active' ORDER BY random() LIMIT 1;
			IF FOUND AND probe.dice(2) = 1 THEN
				PERFORM campaign.stop_enrollment(target.id);
			END IF;
			RETURN 'settle and stop';
		ELSE
			IF (SELECT c.status FROM campaign.campaigns c WHERE c.id = campaign) = 'paused' THEN
				RETURN campaign.resume_campaign(campaign);
			END IF;
			RETURN CASE probe.dice(2) WHEN 1 THEN campaign.pause_campaign(campaign) ELSE 'running' END;
	END CASE;
EXCEPTION WHEN SQLSTATE 'CP002' THEN
	RETURN 'refused: ' || SQLERRM;
END
$$;
-- Everybody's end: nothing is edited any more, and every message is sent.
CREATE FUNCTION probe.finish(tenant uuid, campaign uuid) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	IF (SELECT c.status FROM campaign.campaigns c WHERE c.id = campaign) = 'paused' THEN
		PERFORM campaign.resume_campaign(campaign);
	END IF;
	UPDATE campaign.touch_queue q SET lease_until = clock_timestamp() - interval '1 second' WHERE q.tenant_id = tenant AND q.lease_until > clock_timestamp();
	PERFORM campaign.resolve_uncertain(u.lease_token, 'sent') FROM campaign.uncertain_touches u WHERE u.tenant_id = tenant;
	FOR i IN 1 .. 200 LOOP
		EXIT WHEN NOT EXISTS (SELECT FROM campaign.campaign_enrollments e WHERE e.tenant_id = tenant AND e.status = 'active');
		PERFORM campaign.complete_touch(c.lease_token) FROM campaign.claim_due_touches('probe', 1000) c;
		PERFORM probe.at_time(campaign.now() + interval '8 hours');
	END LOOP;
END
$$;
CREATE FUNCTION probe.sequence(seed integer, length integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	tenant uuid := campaign.create_tenant('Probe', 'probe-' || seed, 'UTC', session_user);
	campaign uuid;
	broken text;
	what text;
BEGIN
	PERFORM setseed(seed / 1000.0), probe.at_time('2030-01-10 12:00');
	TRUNCATE probe.steps RESTART IDENTITY;
	UPDATE campaign.tenants t SET quiet_from = '00:00', quiet_until = '00:00', min_gap = make_interval(hours => seed % 3) WHERE t.id = tenant;
	campaign := campaign.create_campaign(tenant, 'Probe', probe.document(), 'contacts', 'hvac');
	PERFORM campaign.launch_campaign(campaign);
	PERFORM probe.enroll(tenant, campaign) FROM generate_series(1, 5);
	FOR i IN 1 .. length LOOP
		what := probe.step(tenant, campaign);
		INSERT INTO probe.steps (what) VALUES (what);
		broken := probe.broken(tenant);
		EXIT WHEN broken IS NOT NULL;
	END LOOP;
	IF broken IS NULL THEN
		PERFORM probe.finish(tenant, campaign);
		broken := probe.broken(tenant);
	END IF;
	RETURN NEXT is(broken, NULL, format('seed %s: no enrolment is stranded', seed))
		|| CASE WHEN broken IS NOT NULL THEN (SELECT string_agg(E'\n# ' || s.n || ' ' || s.what, '' ORDER BY s.n) FROM probe.steps s) ELSE '' END;
	RETURN NEXT ok((SELECT count(*) FILTER (WHERE e.status = 'active') = 0 AND count(*) > 0 FROM campaign.campaign_enrollments e WHERE e.tenant_id = tenant) AND probe.sent_twice(tenant) = 0,
		format('seed %s: everybody comes to an end, and nothing was sent twice', seed));
END
$$;

SELECT probe.sequence(seed, 100) FROM generate_series(1, 7) seed;
SELECT cmp_ok((SELECT count(*) FROM probe.steps WHERE what LIKE 'migrate%' AND what ~ '[1-9][0-9]* moved'), '>', 2::bigint, 'the steps move somebody');

SELECT * FROM finish();
ROLLBACK;
