-- Resume policies: what becomes of what was due while a campaign was paused.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_resume_ann;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.minute(at timestamptz) RETURNS text LANGUAGE sql
	AS $$ SELECT to_char(date_trunc('minute', at + interval '30 seconds'), 'MM-DD HH24:MI') $$;
\o /dev/null
SELECT campaign.grant_access('regress_resume_ann', 'member');
SELECT campaign.create_tenant('Acme', 'resume-acme', 'UTC', 'regress_resume_ann') AS acme \gset
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
INSERT INTO campaign.tenant_members VALUES (:'acme', current_user, 'owner');
-- Three touches, a day apart; people who are enrolled hourly
CREATE FUNCTION pg_temp.start(name text, policy text) RETURNS uuid LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	acme uuid := (SELECT id FROM campaign.tenants WHERE slug = 'resume-acme');
	c uuid := campaign.create_campaign(acme, name, '[{"channel": "email", "subject": "One", "body_text": "x", "delay_hours": 6}, {"channel": "call", "body_text": "x", "delay_hours": 24},
		{"channel": "email", "subject": "Three", "body_text": "x", "delay_hours": 24}]', 'contacts');
BEGIN
	UPDATE campaign.outreach_campaigns SET resume_policy = policy WHERE campaign_id = c;
	PERFORM campaign.launch_campaign(c);
	INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) SELECT acme, name || n, name || n || '@x.example', '+1212555' || 1000 + n FROM generate_series(1, 4) n;
	PERFORM campaign.enroll(c, k.id, anchor_at => campaign.now() + (right(k.first_name, 1)::int - 1) * interval '2 hours')
	   FROM campaign.contacts k WHERE k.first_name LIKE name || '%';
	RETURN c;
END $$;
CREATE FUNCTION pg_temp.work(c uuid) RETURNS bigint LANGUAGE sql
	AS $$ SELECT count(campaign.complete_touch(d.lease_token)) FROM campaign.claim_due_touches('worker 1') d WHERE d.campaign_id = c $$;
-- due and scheduled, as people see them
CREATE FUNCTION pg_temp.places(c uuid) RETURNS TABLE (who text, touch smallint, status text, scheduled text, due text) LANGUAGE sql
	AS $$ SELECT k.first_name, t.touch_number, t.status, pg_temp.minute(t.scheduled_at), pg_temp.minute(t.due_at) FROM campaign.enrollment_touches t
		JOIN campaign.contacts k ON k.id = t.contact_id WHERE t.campaign_id = c AND t.due_at IS NOT NULL ORDER BY 1, 2 $$;

--
-- keep: everybody at his place, what is overdue goes out spread over the time that is given
--
SELECT pg_temp.start('keep', 'keep') AS keep \gset
SELECT campaign.pause_campaign(:'keep') \g /dev/null
SELECT pg_temp.at_time('2030-01-10 21:00') \g /dev/null
SELECT campaign.resume_campaign(:'keep', spread => '4 hours') \g /dev/null
SELECT * FROM pg_temp.places(:'keep');
-- two are overdue; each has a place of its own within the four hours, and the plan's times stay
SELECT pg_temp.work(:'keep') <= 2 AS at_once;
SELECT count(*) AS overdue, bool_and(q.due_at BETWEEN l.resumed_at AND l.resumed_at + interval '4 hours') AS within_the_spread,
	bool_and(pg_temp.minute(q.scheduled_at) IN ('01-10 18:00', '01-10 20:00')) AS as_scheduled
FROM campaign.touch_queue q JOIN campaign.lanes l USING (tenant_id, lane) WHERE l.campaign_id = :'keep' AND q.scheduled_at < l.resumed_at AND q.touch_number = 1;
SELECT pg_temp.at_time('2030-01-11 01:01') \g /dev/null
SELECT pg_temp.work(:'keep') AS spread_is_over;
SELECT touch, count(*), min(scheduled), max(scheduled) FROM pg_temp.places(:'keep') GROUP BY 1;
-- without a spread it is due at once
SELECT campaign.pause_campaign(:'keep') \g /dev/null
SELECT pg_temp.at_time('2030-01-13 12:00') \g /dev/null
SELECT campaign.resume_campaign(:'keep', spread => '0') \g /dev/null
SELECT pg_temp.work(:'keep') AS at_once;
SELECT campaign.transition_campaign(:'keep', 'paused'), campaign.transition_campaign(:'keep', 'archived') \g /dev/null

--
-- shift: the whole sequence moves by the length of the pause; what is in the queue is not written
--
SELECT pg_temp.at_time('2030-02-10 12:00') \g /dev/null
SELECT pg_temp.start('shift', 'shift') AS shift \gset
SELECT pg_temp.at_time('2030-02-10 18:01') \g /dev/null
SELECT pg_temp.work(:'shift') AS first_one;
SELECT campaign.pause_campaign(:'shift') \g /dev/null
SELECT array_agg(xmin::text ORDER BY enrollment_id) AS before FROM campaign.touch_queue \gset
SELECT pg_temp.at_time('2030-02-20 18:01') \g /dev/null
SELECT campaign.resume_campaign(:'shift') \g /dev/null
SELECT array_agg(xmin::text ORDER BY enrollment_id) = :'before'::text[] AS untouched FROM campaign.touch_queue;
-- ten days later, and so is what follows; the plan's own times never change
SELECT * FROM pg_temp.places(:'shift');
SELECT pg_temp.work(:'shift') AS nothing;
SELECT pg_temp.minute(campaign.next_due_at());
SELECT pg_temp.at_time('2030-02-21 00:02') \g /dev/null
SELECT pg_temp.work(:'shift') AS three;
SELECT * FROM pg_temp.places(:'shift');
-- who begins after it is not shifted, though in the same lanes
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'shift9', 'shift9@x.example') RETURNING id AS late \gset
SELECT outcome FROM campaign.enroll(:'shift', :'late');
SELECT * FROM pg_temp.places(:'shift') WHERE who = 'shift9';
-- a step on a channel that is new to the campaign has a lane that was shifted as well
SELECT campaign.revise_campaign(:'shift', '[{"channel": "sms", "body_text": "x"}]');
SELECT count(DISTINCT shift) AS shifts, max(shift) BETWEEN interval '239 hours 59 minutes' AND interval '240 hours 1 minute' AS ten_days FROM campaign.lanes WHERE campaign_id = :'shift';
-- what was uncertain and is to be tried again is due when its turn was, with the shift
SELECT pg_temp.at_time('2030-02-21 18:02') \g /dev/null
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1', channels => '{call}', begin_now => true) \gset
UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until > clock_timestamp();
SELECT count(*) FROM campaign.claim_due_touches('worker 1', channels => '{call}');
SELECT result, pg_temp.minute(next_due_at) AS next_due_at FROM campaign.resolve_uncertain(:'token', 'retry');
SELECT * FROM pg_temp.places(:'shift') WHERE who = 'shift1';
SELECT campaign.transition_campaign(:'shift', 'paused'), campaign.transition_campaign(:'shift', 'archived') \g /dev/null

--
-- bump: what is overdue is due at the resume plus its own delay
--
SELECT pg_temp.at_time('2030-03-10 12:00') \g /dev/null
SELECT pg_temp.start('bump', 'keep') AS bump \gset
SELECT campaign.pause_campaign(:'bump') \g /dev/null
SELECT pg_temp.at_time('2030-03-10 21:00') \g /dev/null
SELECT campaign.resume_campaign(:'bump', 'bump') \g /dev/null
-- the explanation says beforehand what a claim then does
SELECT x."check", x.outcome, x.reason, pg_temp.minute(x.changes_at) AS changes_at FROM campaign.touch_queue q JOIN campaign.lanes l USING (tenant_id, lane) CROSS JOIN LATERAL campaign.explain_enrollment(q.enrollment_id) x
WHERE l.campaign_id = :'bump' AND x.outcome <> 'pass' ORDER BY q.scheduled_at;
SELECT pg_temp.work(:'bump') AS nothing;
SELECT * FROM pg_temp.places(:'bump');

--
-- Bad input
--
\set VERBOSITY default
SELECT campaign.pause_campaign(:'bump');
SELECT campaign.resume_campaign(:'bump', 'someday');
\set VERBOSITY sqlstate
SELECT campaign.resume_campaign(:'bump', 'someday');
SELECT campaign.resume_campaign(:'bump', spread => '-1 hour');
SELECT campaign.resume_campaign(:'bump', spread => '367 days');
SELECT campaign.resume_campaign(:'bump', spread => NULL);
UPDATE campaign.outreach_campaigns SET resume_policy = 'someday' WHERE campaign_id = :'bump';
SELECT campaign.resume_campaign(:'bump', spread => '366 days');
SELECT campaign.resume_campaign(:'bump');

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'resume-acme');
SELECT campaign.revoke_access('regress_resume_ann');
DELETE FROM campaign.workers;
\o
DROP ROLE regress_resume_ann;
