-- What went wrong in the reference product, one test for each. "Defect N" is its number in the list of defects.
-- Those of events, enrolment, plans, quiet hours and analytics are in files named after them, 10 in test/tap/fairness.t.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_defects_ann;
CREATE ROLE regress_defects_eve;
CREATE ROLE regress_defects_anon;
CREATE ROLE regress_defects_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.expire_leases() RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until > clock_timestamp() $$;
-- a new contact in a campaign
CREATE FUNCTION pg_temp.enroll(campaign uuid, anchor timestamptz DEFAULT '2030-01-09 12:00') RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	contact uuid;
BEGIN
	INSERT INTO campaign.contacts (tenant_id, first_name, email, phone)
	SELECT c.tenant_id, 'Bob', 'bob@x.example', '+12125550100' FROM campaign.campaigns c WHERE c.id = campaign RETURNING id INTO contact;
	RETURN (campaign.enroll(campaign, contact, anchor_at => anchor)).enrollment_id;
END $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_defects_ann,regress_defects_eve}'::name[]) r;
SELECT campaign.grant_access('regress_defects_worker', 'worker');
SELECT campaign.create_tenant('Ann', 'defects-ann', 'UTC', 'regress_defects_ann') AS ann \gset
SELECT campaign.create_tenant('Eve', 'defects-eve', 'UTC', 'regress_defects_eve') AS eve \gset
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT pg_temp.at_time('2030-01-20 12:00');
\o
SET ROLE regress_defects_ann;
\set one '[{"channel": "email", "subject": "One", "body_text": "x"}]'
\set four '[{"channel": "email", "subject": "1", "body_text": "x"}, {"channel": "email", "subject": "2", "body_text": "x", "delay_hours": 24}, {"channel": "email", "subject": "3", "body_text": "x", "delay_hours": 24}, {"channel": "email", "subject": "4", "body_text": "x", "delay_hours": 24}]'
SELECT campaign.create_campaign(:'ann', 'One', :'one', 'contacts') AS one_touch \gset
SELECT campaign.create_campaign(:'ann', 'Four', :'four', 'contacts') AS four_touches \gset
\o /dev/null
SELECT campaign.launch_campaign(:'one_touch'), campaign.launch_campaign(:'four_touches');
\o

--
-- Defect 1: the claim marked nothing, and two overlapping runs sent the same touches twice
--
SELECT pg_temp.enroll(:'one_touch') AS enrolled \gset
SET ROLE regress_defects_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('run 1') \gset
-- the first run is still sending
SELECT count(*) AS second_run FROM campaign.claim_due_touches('run 2');
SET ROLE regress_defects_ann;
SELECT attempt, lease_until > clock_timestamp() AS leased, fence <> 0 AS fenced FROM campaign.touch_queue WHERE enrollment_id = :'enrolled';
-- as little when it is sent (for sessions that overlap see the isolation test claim_vs_claim)
SET ROLE regress_defects_worker;
SELECT result FROM campaign.complete_touch(:'token');
SELECT count(*) AS third_run FROM campaign.claim_due_touches('run 3');

--
-- Defect 2: no recovery, and a slow worker was claimed again and double-sent
--
SET ROLE regress_defects_ann;
SELECT pg_temp.enroll(:'one_touch') AS enrolled \gset
SET ROLE regress_defects_worker;
SELECT lease_token AS slow, idempotency_key AS key FROM campaign.claim_due_touches('slow') \gset
SELECT pg_temp.expire_leases();
-- it returns, exactly once
SELECT lease_token AS token, idempotency_key = :'key' AS same_key FROM campaign.claim_due_touches('next') \gset
SELECT :'same_key' AS same_key, (SELECT count(*) FROM campaign.claim_due_touches('third')) AS third;
-- the slow one may not send any more, and its report changes nothing
SELECT campaign.begin_send(:'slow') AS slow, campaign.begin_send(:'token') AS next;
SELECT (campaign.complete_touch(:'slow')).result AS slow, (campaign.complete_touch(:'token')).result AS next;
SET ROLE regress_defects_ann;
SELECT count(*) FILTER (WHERE status = 'sent') AS sent, count(*) AS logged FROM campaign.send_logs WHERE enrollment_id = :'enrolled';

--
-- Defect 3: the limit counted per touch number, and touch 1 always came first
--
\o /dev/null
SELECT pg_temp.enroll(:'four_touches', timestamptz '2030-01-01 12:00' + interval '1 minute' * i) FROM generate_series(1, 20) i;
-- bring five to each touch number
RESET ROLE;
UPDATE campaign.touch_queue q SET touch_number = n.touch, scheduled_at = q.scheduled_at + interval '1 day' * (n.touch - 1), due_at = q.due_at + interval '1 day' * (n.touch - 1)
FROM (SELECT enrollment_id, (row_number() OVER (ORDER BY due_at) - 1) % 4 + 1 AS touch FROM campaign.touch_queue) n
WHERE n.enrollment_id = q.enrollment_id;
-- those that wait for touch 4 have waited longest
UPDATE campaign.touch_queue SET due_at = due_at - interval '1 month' WHERE touch_number = 4;
SET ROLE regress_defects_worker;
\o
SELECT touch_number, count(*) FROM campaign.claim_due_touches('run 1', 7) GROUP BY 1 ORDER BY 1;
SELECT touch_number, count(*) FROM campaign.claim_due_touches('run 1', 100) GROUP BY 1 ORDER BY 1;
SET ROLE regress_defects_ann;
\o /dev/null
SELECT campaign.stop_enrollment(id) FROM campaign.campaign_enrollments WHERE status = 'active';
\o

--
-- Defect 4: enrolments of a paused campaign were claimed
--
SELECT pg_temp.enroll(:'one_touch') AS enrolled \gset
SELECT campaign.pause_campaign(:'one_touch');
SET ROLE regress_defects_worker;
SELECT count(*) AS paused FROM campaign.claim_due_touches('run 1');
SET ROLE regress_defects_ann;
SELECT campaign.resume_campaign(:'one_touch', spread => '0');
SET ROLE regress_defects_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('run 1') \gset
-- nor is one sent that had been claimed before the pause
SET ROLE regress_defects_ann;
SELECT campaign.pause_campaign(:'one_touch');
SET ROLE regress_defects_worker;
SELECT campaign.begin_send(:'token');
SET ROLE regress_defects_ann;
SELECT campaign.stop_enrollment(:'enrolled'), campaign.resume_campaign(:'one_touch', spread => '0');

--
-- Defect 5: behind the last touch came a fifth, which was due every minute
--
SELECT pg_temp.enroll(:'four_touches') AS enrolled \gset
RESET ROLE;
UPDATE campaign.tenants SET min_gap = '0' WHERE id = :'ann';
SET ROLE regress_defects_worker;
SELECT c.touch_number, r.result, r.enrollment_status FROM campaign.claim_due_touches('run 1') c, LATERAL campaign.complete_touch(c.lease_token) r;
SELECT c.touch_number, r.result, r.enrollment_status FROM campaign.claim_due_touches('run 1') c, LATERAL campaign.complete_touch(c.lease_token) r;
SELECT c.touch_number, r.result, r.enrollment_status FROM campaign.claim_due_touches('run 1') c, LATERAL campaign.complete_touch(c.lease_token) r;
SELECT c.touch_number, r.result, r.enrollment_status FROM campaign.claim_due_touches('run 1') c, LATERAL campaign.complete_touch(c.lease_token) r;
SELECT c.touch_number, r.result, r.enrollment_status FROM campaign.claim_due_touches('run 1') c, LATERAL campaign.complete_touch(c.lease_token) r;
SET ROLE regress_defects_ann;
SELECT e.status, e.completed_at IS NOT NULL AS completed, (SELECT count(*) FROM campaign.touch_queue q WHERE q.enrollment_id = e.id) AS queued
FROM campaign.campaign_enrollments e WHERE e.id = :'enrolled';

--
-- Defect 6: a stop during the send was overwritten by the advance, and enrolments ended completed with a stop reason
--
SELECT pg_temp.enroll(:'four_touches') AS enrolled \gset
SET ROLE regress_defects_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('run 1') \gset
SELECT campaign.begin_send(:'token');
SET ROLE regress_defects_ann;
SELECT campaign.stop_enrollment(:'enrolled', 'replied');
SET ROLE regress_defects_worker;
SELECT result, enrollment_status, next_due_at FROM campaign.complete_touch(:'token');
SELECT count(*) FROM campaign.claim_due_touches('run 2');
SET ROLE regress_defects_ann;
SELECT e.status, e.stop_reason, e.completed_at, l.status AS logged, l.advanced FROM campaign.campaign_enrollments e JOIN campaign.send_logs l ON l.enrollment_id = e.id WHERE e.id = :'enrolled';
-- not even the owner of the tables can have both, or go back
RESET ROLE;
\set VERBOSITY terse
UPDATE campaign.campaign_enrollments SET status = 'completed', completed_at = now() WHERE id = :'enrolled';
\echo :LAST_ERROR_SQLSTATE
UPDATE campaign.campaign_enrollments SET status = 'active', stop_reason = NULL, stopped_at = NULL WHERE id = :'enrolled';
INSERT INTO campaign.campaign_enrollments (tenant_id, campaign_id, contact_id, plan_version, status, stop_reason, stopped_at, completed_at, anchor_at, first_scheduled_at, enrolled_at)
SELECT tenant_id, campaign_id, contact_id, plan_version, 'completed', 'replied', now(), now(), anchor_at, first_scheduled_at, enrolled_at FROM campaign.campaign_enrollments WHERE id = :'enrolled';
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default

--
-- Defect 11: one failure meant skip, sent_at was set for what was never sent, and the retry button did nothing
--
SET ROLE regress_defects_ann;
SELECT pg_temp.enroll(:'one_touch') AS enrolled \gset
SET ROLE regress_defects_worker;
SELECT r.result, r.enrollment_status, r.next_due_at > campaign.now() AS again FROM campaign.claim_due_touches('run 1') c, LATERAL campaign.fail_touch(c.lease_token, 'timeout') r;
RESET ROLE;
SELECT pg_temp.at_time('2030-01-20 12:05');
SET ROLE regress_defects_worker;
SELECT c.attempt, r.result, r.enrollment_status FROM campaign.claim_due_touches('run 1') c, LATERAL campaign.fail_touch(c.lease_token, 'no such mailbox', true) r;
SET ROLE regress_defects_ann;
SELECT attempt, status, error, sent_at FROM campaign.send_logs WHERE enrollment_id = :'enrolled' ORDER BY attempt;
SELECT touch_number, status, sent_at FROM campaign.enrollment_touches WHERE enrollment_id = :'enrolled';
SELECT campaign.retry_touch(:'enrolled', 1) IS NOT NULL AS retried;
SET ROLE regress_defects_worker;
SELECT c.attempt, r.result, r.enrollment_status FROM campaign.claim_due_touches('run 1') c, LATERAL campaign.complete_touch(c.lease_token) r;
SET ROLE regress_defects_ann;
SELECT touch_number, status, sent_at IS NOT NULL AS sent FROM campaign.enrollment_touches WHERE enrollment_id = :'enrolled';
-- not even the owner of the tables can log as sent what was not
RESET ROLE;
\set VERBOSITY terse
UPDATE campaign.send_logs SET sent_at = now() WHERE enrollment_id = :'enrolled' AND status = 'failed';
\set VERBOSITY default

--
-- Defect 15: after an edit of a running campaign enrolments were active for ever and never claimed
--
SET ROLE regress_defects_ann;
SELECT campaign.create_campaign(:'ann', 'Edited', :'four', 'contacts') AS edited \gset
SELECT campaign.launch_campaign(:'edited');
SELECT pg_temp.enroll(:'edited') AS early \gset
\o /dev/null
SET ROLE regress_defects_worker;
SELECT campaign.complete_touch(lease_token) FROM campaign.claim_due_touches('run 1');
SELECT campaign.complete_touch(lease_token) FROM campaign.claim_due_touches('run 1');
SET ROLE regress_defects_ann;
\o
-- two touches were sent; now there is only one in the plan
SELECT campaign.revise_campaign(:'edited', :'one');
SELECT pg_temp.enroll(:'edited') AS late \gset
\o /dev/null
SET ROLE regress_defects_worker;
SELECT campaign.complete_touch(lease_token) FROM campaign.claim_due_touches('run 1');
SELECT campaign.complete_touch(lease_token) FROM campaign.claim_due_touches('run 1');
SELECT campaign.complete_touch(lease_token) FROM campaign.claim_due_touches('run 1');
SET ROLE regress_defects_ann;
\o
SELECT e.plan_version, e.status, count(l.id) AS sent FROM campaign.campaign_enrollments e JOIN campaign.send_logs l ON l.enrollment_id = e.id
WHERE e.campaign_id = :'edited' GROUP BY e.id, 1, 2 ORDER BY 1;

--
-- Defect 16: deleting a campaign took its enrolments, its analytics and the evidence of cooldowns with it
--
SELECT campaign.transition_campaign(:'edited', 'completed'), campaign.transition_campaign(:'edited', 'archived');
\set VERBOSITY sqlstate
SELECT campaign.purge_campaign(:'edited');
DELETE FROM campaign.campaigns WHERE id = :'edited';
RESET ROLE;
DELETE FROM campaign.campaigns WHERE id = :'edited';
\set VERBOSITY default
SELECT count(*) AS enrolments, (SELECT count(*) FROM campaign.send_logs WHERE campaign_id = :'edited') AS sent FROM campaign.campaign_enrollments WHERE campaign_id = :'edited';

--
-- Defect 17: definer functions asked nobody: any tenant, and anon, could empty another's touches
--
SET ROLE regress_defects_ann;
SELECT pg_temp.enroll(:'four_touches') AS enrolled \gset
SELECT contact_id AS bob FROM campaign.campaign_enrollments WHERE id = :'enrolled' \gset
\set VERBOSITY sqlstate
SET ROLE regress_defects_eve;
SELECT campaign.stop_enrollment(:'enrolled');
SELECT campaign.stop_contact(:'bob');
SELECT campaign.revise_campaign(:'four_touches', '[{"channel": "email"}]');
SELECT campaign.pause_campaign(:'four_touches');
SELECT campaign.retry_touch(:'enrolled', 1);
SELECT count(*) FROM campaign.enrollment_touches;
SET ROLE regress_defects_anon;
SELECT campaign.stop_enrollment(:'enrolled');
SELECT campaign.revise_campaign(:'four_touches', '[{"channel": "email"}]');
SELECT count(*) FROM campaign.enrollment_touches;
SELECT campaign.claim_due_touches('anon');
\set VERBOSITY default
SET ROLE regress_defects_ann;
SELECT c.status, e.status, (SELECT count(*) FROM campaign.enrollment_touches t WHERE t.enrollment_id = e.id) AS touches
FROM campaign.campaign_enrollments e JOIN campaign.campaigns c ON c.id = e.campaign_id WHERE e.id = :'enrolled';

--
-- Defect 18: an enrolment of one tenant that pointed at another's campaign, job and contact was accepted
--
SELECT campaign.create_job(:'bob', 'hvac') AS anns_job \gset
SET ROLE regress_defects_eve;
INSERT INTO campaign.contacts (tenant_id, email) VALUES (:'eve', 'eva@x.example') RETURNING id AS eva \gset
SELECT campaign.create_campaign(:'eve', 'Mine', :'one', 'contacts') AS mine \gset
\set VERBOSITY sqlstate
-- through the function
SELECT campaign.enroll(:'four_touches', :'eva');
SELECT campaign.enroll(:'mine', :'bob');
SELECT campaign.enroll(:'mine', :'eva', :'anns_job');
-- through the tables, even for their owner: the keys are composite
INSERT INTO campaign.jobs (tenant_id, contact_id) VALUES (:'eve', :'bob');
INSERT INTO campaign.jobs (tenant_id, contact_id, campaign_override) VALUES (:'eve', :'eva', :'four_touches');
RESET ROLE;
INSERT INTO campaign.campaign_enrollments (tenant_id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at, enrolled_at) VALUES (:'eve', :'four_touches', :'eva', 1, now(), now(), now());
INSERT INTO campaign.campaign_enrollments (tenant_id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at, enrolled_at) VALUES (:'eve', :'mine', :'bob', 1, now(), now(), now());
INSERT INTO campaign.campaign_enrollments (tenant_id, campaign_id, contact_id, job_id, plan_version, anchor_at, first_scheduled_at, enrolled_at) VALUES (:'eve', :'mine', :'eva', :'anns_job', 1, now(), now(), now());
\set VERBOSITY default
SELECT count(*) FROM campaign.campaign_enrollments WHERE tenant_id = :'eve';

--
-- Defect 19: tenants could change enrolments and logs, and forge what was sent
--
SET ROLE regress_defects_ann;
\set VERBOSITY terse
UPDATE campaign.send_logs SET status = 'sent', sent_at = now();
DELETE FROM campaign.send_logs;
INSERT INTO campaign.send_logs (tenant_id, contact_id, is_final, advanced, status, sent_at, logged_at) VALUES (:'ann', :'bob', true, false, 'sent', now(), now());
UPDATE campaign.campaign_enrollments SET status = 'active';
DELETE FROM campaign.campaign_enrollments;
INSERT INTO campaign.campaign_enrollments (tenant_id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at, enrolled_at) VALUES (:'ann', :'four_touches', :'bob', 1, now(), now(), now());
UPDATE campaign.touch_queue SET due_at = now();
DELETE FROM campaign.touch_queue;
UPDATE campaign.campaigns SET status = 'archived';
UPDATE campaign.life_cycle_log SET reason = 'forged';
\set VERBOSITY default

--
-- Defect 21: the schema drifted: migrations that never ran, columns without one, a status that production did not know
--
RESET ROLE;
-- the version is recorded, and there is nothing in the schema that it did not bring
SELECT e.extversion = v.version AS same_version, count(*) OVER () AS versions FROM pg_extension e, campaign.schema_version v WHERE e.extname = 'campaign';
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind IN ('r', 'v')
	AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');
-- nor can it be changed by whoever uses it
SET ROLE regress_defects_ann;
\set VERBOSITY terse
ALTER TABLE campaign.jobs ADD COLUMN rating integer;
CREATE TABLE campaign.ratings ();
-- a status is one of its life cycle's
RESET ROLE;
UPDATE campaign.campaigns SET status = 'active' WHERE id = :'one_touch';
\echo :LAST_ERROR_SQLSTATE
INSERT INTO campaign.campaigns (tenant_id, kind, name, status) VALUES (:'ann', 'outreach', 'Drifted', 'active');
UPDATE campaign.campaign_enrollments SET status = 'frozen' WHERE id = :'enrolled';
UPDATE campaign.jobs SET status = 'done' WHERE id = :'anns_job';
UPDATE campaign.send_logs SET status = 'delivered', sent_at = NULL WHERE tenant_id = :'ann';
\set VERBOSITY default

\o /dev/null
SELECT campaign.delete_tenant(:'ann', 'defects-ann'), campaign.delete_tenant(:'eve', 'defects-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_defects_ann,regress_defects_eve,regress_defects_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP ROLE regress_defects_ann, regress_defects_eve, regress_defects_anon, regress_defects_worker;
