-- Claiming: which touches a worker gets, in which order, and what it gets with them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_claim_ann;
CREATE ROLE regress_claim_big;
CREATE ROLE regress_claim_worker;
-- moves the engine's clock
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
-- as if no claim had been made
CREATE FUNCTION pg_temp.unclaim() RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ UPDATE campaign.touch_queue SET lease_until = '-infinity', claimed_at = '-infinity', fence = 0, worker_id = 0, attempt = 0, flags = 0 $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_claim_ann,regress_claim_big}'::name[]) r;
SELECT campaign.grant_access('regress_claim_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'claim-acme', 'America/New_York', 'regress_claim_ann') AS acme \gset
SELECT campaign.create_tenant('Big', 'claim-big', 'UTC', 'regress_claim_big') AS big \gset
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
UPDATE campaign.tenants SET sender_name = 'Ann of Acme' WHERE id = :'acme';
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_claim_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) VALUES (:'acme', 'Bob', 'Bob@X.example', '+12125550100') RETURNING id AS bob \gset
SELECT campaign.create_campaign(:'acme', 'Follow up', '[
	{"channel": "email", "subject": "Hi {{contact.first_name}}", "body_text": "Hello", "body_html": "<p>Hello</p>", "delay_hours": 24},
	{"channel": "sms", "body_text": "Hello again", "delay_hours": 72}]') AS follow_up \gset
\o /dev/null
SELECT campaign.launch_campaign(:'follow_up');
SELECT campaign.create_job(:'bob', 'hvac', 'completed', '2030-01-09 11:00');
\o

--
-- All that a sender needs
--
SET ROLE regress_claim_worker;
\x on
SELECT c.tenant_id = :'acme' AS tenant, c.campaign_id = :'follow_up' AS campaign, c.contact_id = :'bob' AS contact, c.enrollment_id IS NOT NULL AS enrollment,
	c.job_id IS NOT NULL AS job, touch_number, channel, address, subject, body, body_html, sender_name, attachments, scheduled_at, due_at, attempt,
	length(lease_token) AS length_of_token, lease_until - clock_timestamp() BETWEEN '4 minutes' AND '5 minutes' AS five_minutes,
	idempotency_key IS NOT NULL AS idempotency_key
FROM campaign.claim_due_touches('worker 1') c;
\x off
-- A claim changes the state: the same touch is not handed out twice.
SELECT count(*) FROM campaign.claim_due_touches('worker 2');
SELECT pg_temp.unclaim();
-- A claim that is rolled back has not happened.
BEGIN;
SELECT count(*) FROM campaign.claim_due_touches('worker 1');
ROLLBACK;
SELECT count(*) FROM campaign.claim_due_touches('worker 1');

--
-- Nothing before its time, by the engine's clock
--
RESET ROLE;
SELECT pg_temp.unclaim();
SELECT pg_temp.at_time('2030-01-10 10:58');
SET ROLE regress_claim_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker 1');
SELECT campaign.next_due_at();
RESET ROLE;
SELECT pg_temp.at_time('2030-01-10 11:00');
SET ROLE regress_claim_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker 1');
-- what is leased may come back when the lease ends
SELECT campaign.next_due_at() - campaign.now() BETWEEN '4 minutes' AND '5 minutes' AS when_the_lease_ends;

--
-- In a lane the oldest first
--
RESET ROLE;
SELECT pg_temp.at_time('2030-01-20 12:00');
SET ROLE regress_claim_ann;
\o /dev/null
SELECT campaign.stop_contact(:'bob');
INSERT INTO campaign.contacts (tenant_id, first_name, email, external_id) SELECT :'acme', 'C' || i, format('c%s@x.example', i), i FROM generate_series(1, 6) i;
SELECT campaign.enroll(:'follow_up', id, anchor_at => timestamptz '2030-01-10 12:00' - interval '1 hour' * (external_id::integer * 5 % 7))
FROM campaign.contacts WHERE external_id IS NOT NULL ORDER BY external_id;
\o
SET ROLE regress_claim_worker;
SELECT address, due_at FROM campaign.claim_due_touches('worker 1', 4);
SELECT address, due_at FROM campaign.claim_due_touches('worker 1', 4);
SELECT pg_temp.unclaim();

--
-- Fair between tenants: a backlog of one delays nobody else
--
SET ROLE regress_claim_big;
SELECT campaign.create_campaign(:'big', 'Flood', '[{"channel": "email", "subject": "x", "body_text": "x"}]', 'contacts') AS flood \gset
SELECT campaign.create_campaign(:'big', 'Trickle', '[{"channel": "call", "body_text": "x"}]', 'contacts') AS trickle \gset
\o /dev/null
SELECT campaign.launch_campaign(c) FROM unnest(ARRAY[:'flood', :'trickle']::uuid[]) c;
INSERT INTO campaign.contacts (tenant_id, email, external_id) SELECT :'big', format('flood%s@x.example', i), i FROM generate_series(1, 300) i;
SELECT campaign.enroll(:'flood', id, anchor_at => '2030-01-01 00:00') FROM campaign.contacts WHERE tenant_id = :'big';
INSERT INTO campaign.contacts (tenant_id, phone, external_id) VALUES (:'big', '+12125550111', 'trickle') RETURNING id AS trickled \gset
SELECT campaign.enroll(:'trickle', :'trickled', anchor_at => '2030-01-20 11:59');
\o
SET ROLE regress_claim_worker;
SELECT CASE tenant_id WHEN :'big' THEN 'Big' ELSE 'Acme' END AS tenant, channel, count(*)
FROM campaign.claim_due_touches('worker 1', 4) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT pg_temp.unclaim();
-- and then between the lanes of a tenant: the single call goes before the rest of the flood
SELECT channel FROM campaign.claim_due_touches('worker 1', 3, tenants => ARRAY[:'big'::uuid]) ORDER BY channel;
SELECT pg_temp.unclaim();

--
-- max_touches is one limit for everything
--
SELECT count(*) FROM campaign.claim_due_touches('worker 1', 1);
SELECT count(*) FROM campaign.claim_due_touches('worker 1', 10);
SELECT count(*) FROM campaign.claim_due_touches('worker 1', 10000);
SELECT count(*) FROM campaign.claim_due_touches('worker 1', 10000);
SELECT pg_temp.unclaim();

--
-- Restrictions
--
SELECT DISTINCT channel FROM campaign.claim_due_touches('worker 1', 10000, channels => '{call,sms}');
SELECT DISTINCT tenant_id = :'acme' AS acme, channel FROM campaign.claim_due_touches('worker 1', 10000, tenants => ARRAY[:'acme'::uuid]);
SELECT count(*) FROM campaign.claim_due_touches('worker 1', channels => '{pigeon}');
SELECT count(*) FROM campaign.claim_due_touches('worker 1', channels => '{}');
SELECT count(*) FROM campaign.claim_due_touches('worker 1', tenants => '{}');
SELECT count(*) FROM campaign.claim_due_touches('worker 1', tenants => ARRAY[NULL::uuid]);
SELECT campaign.next_due_at(channels => '{pigeon}') IS NULL AS nothing, campaign.next_due_at(channels => '{email}') < campaign.now() AS overdue;
RESET ROLE;
\o /dev/null
SELECT campaign.delete_tenant(:'big', 'claim-big');
SELECT sum(campaign.stop_contact(id)) AS stopped FROM campaign.contacts WHERE tenant_id = :'acme';
\o

--
-- What can never be sent is skipped, with its reason, and the sequence goes on
--
SET ROLE regress_claim_ann;
SELECT campaign.create_campaign(:'acme', 'Four', '[
	{"channel": "sms", "body_text": "x"},
	{"channel": "email", "subject": "x", "body_text": "x", "delay_hours": 1},
	{"channel": "linkedin_message", "body_text": "x", "delay_hours": 1},
	{"channel": "call", "body_text": "x", "delay_hours": 1}]', 'contacts') AS four \gset
\o /dev/null
SELECT campaign.launch_campaign(:'four');
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) VALUES (:'acme', 'Dan', 'dan@x.example', '+12125550122') RETURNING id AS dan \gset
SELECT campaign.suppress_address(:'acme', ' DAN@x.example ', 'hard_bounce');
SELECT campaign.enroll(:'four', :'dan', anchor_at => '2030-01-20 00:00');
\o
SET ROLE regress_claim_worker;
-- one touch of an enrolment is looked at in a call
SELECT touch_number, channel FROM campaign.claim_due_touches('worker 1');
SELECT touch_number, channel FROM campaign.claim_due_touches('worker 1');
SELECT touch_number, channel FROM campaign.claim_due_touches('worker 1');
SELECT touch_number, channel, scheduled_at FROM campaign.claim_due_touches('worker 1');
SET ROLE regress_claim_ann;
SELECT touch_number, channel, status, reason, address, attempt, is_final, advanced, sent_at FROM campaign.send_logs ORDER BY id;
SELECT touch_number, channel, status, scheduled_at FROM campaign.enrollment_touches WHERE contact_id = :'dan' ORDER BY touch_number;
-- an opt-out of one channel skips that channel; SMS needs more than that nobody objected
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) VALUES (:'acme', 'Eva', 'eva@x.example', '+12125550133') RETURNING id AS eva \gset
\o /dev/null
SELECT campaign.set_consent(:'eva', 'email', 'opted_out', 'web form');
SELECT campaign.set_consent(:'eva', 'sms', 'opted_in', 'paper');
SELECT campaign.set_consent(:'eva', 'sms', 'unknown');
SELECT campaign.enroll(:'four', :'eva', anchor_at => '2030-01-20 00:00');
\o
SET ROLE regress_claim_worker;
SELECT touch_number FROM campaign.claim_due_touches('worker 1');
SELECT touch_number FROM campaign.claim_due_touches('worker 1');
SET ROLE regress_claim_ann;
SELECT touch_number, channel, status, reason FROM campaign.send_logs WHERE contact_id = :'eva' ORDER BY id;
SELECT campaign.stop_contact(:'eva'), campaign.stop_contact(:'dan');

--
-- Only running campaigns
--
INSERT INTO campaign.contacts (tenant_id, first_name, phone) VALUES (:'acme', 'Fay', '+12125550144') RETURNING id AS fay \gset
SELECT campaign.set_consent(:'fay', 'sms', 'opted_in');
SELECT outcome FROM campaign.enroll(:'four', :'fay', anchor_at => '2030-01-20 00:00');
SELECT campaign.pause_campaign(:'four');
SET ROLE regress_claim_worker;
SELECT touch_number, channel, address FROM campaign.claim_due_touches('worker 1');
SELECT campaign.next_due_at();
SET ROLE regress_claim_ann;
SELECT campaign.resume_campaign(:'four', spread => '0');
SET ROLE regress_claim_worker;
SELECT touch_number, channel, address FROM campaign.claim_due_touches('worker 1');

--
-- What one tenant does to its rows stops nobody else's claims
--
SET ROLE regress_claim_ann;
SELECT campaign.create_campaign(:'acme', 'Odd', '[{"channel": "email", "subject": "x", "body_text": "{{contact.attributes.x}}"}]', 'contacts') AS odd \gset
SELECT campaign.launch_campaign(:'odd');
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Gus', 'gus@x.example') RETURNING id AS gus \gset
SELECT outcome FROM campaign.enroll(:'odd', :'gus', anchor_at => '2030-01-20 00:00');
SET ROLE regress_claim_worker;
SELECT r.result FROM campaign.claim_due_touches('worker 1') c, LATERAL campaign.fail_touch(c.lease_token, 'timeout') r;
-- fewer attempts than there were already: the next claim closes the touch
SET ROLE regress_claim_ann;
UPDATE campaign.outreach_campaigns SET max_attempts = 1 WHERE campaign_id = :'odd';
RESET ROLE;
SELECT pg_temp.at_time('2030-01-20 12:05');
SET ROLE regress_claim_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker 1');
SET ROLE regress_claim_ann;
SELECT attempt, status, reason, is_final FROM campaign.send_logs WHERE contact_id = :'gus' ORDER BY id;
SELECT touch_number, attempt FROM campaign.dead_touches WHERE contact_id = :'gus';
-- what could not be counted with, or would fill the memory, is refused when it is written
\set VERBOSITY terse
UPDATE campaign.tenants SET min_gap = '178000000 years' WHERE id = :'acme';
UPDATE campaign.contacts SET attributes = jsonb_build_object('x', repeat('x', 1000000)) WHERE id = :'gus';
INSERT INTO campaign.jobs (tenant_id, contact_id, status, completed_at) VALUES (:'acme', :'gus', 'completed', '-infinity');
UPDATE campaign.service_types SET first_touch_delay = '1000 years' WHERE tenant_id = :'acme';
\set VERBOSITY default

-- and should a row be broken all the same, it is put off with a warning, and the others are served
SELECT campaign.create_campaign(:'acme', 'Broken', '[{"channel": "email", "subject": "x", "body_text": "x"}]', 'contacts') AS broken \gset
SELECT campaign.launch_campaign(:'broken');
SELECT campaign.stop_contact(:'gus');
SELECT outcome FROM campaign.enroll(:'broken', :'gus', anchor_at => '2030-01-20 00:00');
SELECT outcome FROM campaign.enroll(:'odd', :'bob', anchor_at => '2030-01-20 00:00');
RESET ROLE;
-- as no function of the engine does
DELETE FROM campaign.campaign_touches WHERE campaign_id = :'broken';
SET ROLE regress_claim_worker;
SET client_min_messages = error;
SELECT c.contact_id = :'bob' AS bob, r.result FROM campaign.claim_due_touches('worker 1') c, LATERAL campaign.complete_touch(c.lease_token) r;
RESET client_min_messages;
SELECT count(*) FROM campaign.claim_due_touches('worker 1');
SET ROLE regress_claim_ann;
SELECT attempt, due_at - campaign.now() BETWEEN '14 minutes' AND '18 minutes' AS put_off FROM campaign.touch_queue q
WHERE enrollment_id = (SELECT id FROM campaign.campaign_enrollments WHERE campaign_id = :'broken');
SELECT campaign.stop_contact(:'gus');

--
-- Where a claim could not see every stop, or not write, there is none
--
SET ROLE regress_claim_worker;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT campaign.claim_due_touches('worker 1');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT campaign.claim_due_touches('worker 1');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
RESET ROLE;

-- Workers are known by their names.
SELECT name FROM campaign.workers ORDER BY name;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'claim-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_claim_ann,regress_claim_big,regress_claim_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP ROLE regress_claim_ann, regress_claim_big, regress_claim_worker;
