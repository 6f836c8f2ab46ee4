-- Plan changes: what differs between versions, whom an act concerns, and moving live enrolments.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_move_ann;
CREATE ROLE regress_move_viv;
CREATE ROLE regress_move_eve;
CREATE ROLE regress_move_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - statement_timestamp()) || ' seconds', false) $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_move_ann,regress_move_viv,regress_move_eve}'::name[]) r;
SELECT campaign.grant_access('regress_move_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'move-acme', 'UTC', 'regress_move_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'move-eve', 'UTC', 'regress_move_eve') AS eve \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE id IN (:'acme', :'eve');
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_move_ann;
\o /dev/null
SELECT campaign.add_member(:'acme', 'regress_move_viv', 'viewer');
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone)
SELECT :'acme', n, lower(n) || '@x.example', '+12125550100' FROM unnest('{Ann,Bob,Cleo,Dan,Eli}'::text[]) n;
\o
CREATE FUNCTION pg_temp.contact(name text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM campaign.contacts WHERE first_name = $1 $$;
CREATE TEMP VIEW live AS
	SELECT k.first_name AS contact, e.status, e.plan_version AS plan, q.touch_number AS touch, l.channel, q.scheduled_at, date_trunc('minute', nullif(q.due_at, q.scheduled_at)) AS due_otherwise,
		q.attempt, q.attempt_base AS base, q.resume_touch AS resume, q.lease_until > clock_timestamp() AS leased
	FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id
		LEFT JOIN campaign.touch_queue q ON q.enrollment_id = e.id LEFT JOIN campaign.lanes l ON l.lane = q.lane AND l.tenant_id = q.tenant_id
	ORDER BY k.first_name, e.id;
SELECT campaign.create_campaign(:'acme', 'Follow up', '[
	{"channel": "email", "label": "First", "subject": "One", "body_text": "x", "delay_hours": 24},
	{"channel": "email", "label": "Second", "subject": "Two", "body_text": "x", "delay_hours": 48},
	{"channel": "email", "label": "Third", "subject": "Three", "body_text": "x", "delay_hours": 48},
	{"channel": "call", "label": "Fourth", "body_text": "x", "delay_hours": 72}]', 'contacts') AS c \gset
\o /dev/null
SELECT campaign.launch_campaign(:'c');
\o

--
-- What differs: fields of touches that stay, and what a touch that comes or goes says
--
SELECT campaign.revise_campaign(:'c', '[
	{"channel": "email", "label": "First", "subject": "One", "body_text": "x", "delay_hours": 12},
	{"channel": "call", "label": "Second", "body_text": "y", "delay_hours": 48, "on_failure": "stop"}]');
SELECT * FROM campaign.diff_plan(:'c', 1);
SELECT * FROM campaign.diff_plan(:'c', 2, 1) WHERE change <> 'changed';
SELECT * FROM campaign.diff_plan(:'c', 2, 2);
\set VERBOSITY terse
SELECT * FROM campaign.diff_plan(:'c', 3);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.diff_plan(:'c', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.diff_plan(NULL, 1);
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default

--
-- Five people at four places: the clock is at touch 1 of the one, behind touch 3 of the other
--
\o /dev/null
SELECT campaign.revise_campaign(:'c', '[
	{"channel": "email", "label": "First", "subject": "One", "body_text": "x", "delay_hours": 24},
	{"channel": "email", "label": "Second", "subject": "Two", "body_text": "x", "delay_hours": 48},
	{"channel": "email", "label": "Third", "subject": "Three", "body_text": "x", "delay_hours": 48},
	{"channel": "call", "label": "Fourth", "body_text": "x", "delay_hours": 72}]');
SELECT campaign.enroll(:'c', pg_temp.contact('Eli'), anchor_at => '2030-01-08 11:00');
SELECT campaign.enroll(:'c', pg_temp.contact('Ann'), anchor_at => '2030-01-10 11:00');
SELECT campaign.enroll(:'c', pg_temp.contact('Bob'), anchor_at => '2030-01-08 11:00');
SELECT campaign.enroll(:'c', pg_temp.contact('Cleo'), anchor_at => '2030-01-06 11:00');
SELECT campaign.enroll(:'c', pg_temp.contact('Dan'), anchor_at => '2030-01-04 11:00');
-- each sent when it was due
RESET ROLE;
CREATE FUNCTION pg_temp.catch_up(until timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	next_time timestamptz;
BEGIN
	LOOP
		next_time := (SELECT min(q.due_at) FROM campaign.touch_queue q WHERE q.lease_until < clock_timestamp());
		EXIT WHEN next_time IS NULL OR next_time > until;
		PERFORM pg_temp.at_time(next_time);
		PERFORM campaign.complete_touch(c.lease_token) FROM campaign.claim_due_touches('worker 1') c;
	END LOOP;
	PERFORM pg_temp.at_time(until);
END $$;
SELECT pg_temp.catch_up('2030-01-10 12:00');
-- a worker has Eli's second touch
SELECT pg_temp.at_time('2030-01-11 11:00');
SELECT count(*) FROM campaign.claim_due_touches('worker 1', 1);
SET ROLE regress_move_ann;
\o
TABLE live;
SELECT * FROM campaign.campaign_impact(:'c', 'pause');
SELECT * FROM campaign.campaign_impact(:'c', 'archive') WHERE touch_number IS NULL;
SELECT * FROM campaign.campaign_impact(:'c', 'resume');

--
-- Before the act: the document that is to come, which nothing has stored yet
--
\set three '[{"channel": "email", "label": "First", "subject": "One", "body_text": "x", "delay_hours": 36}, {"channel": "email", "label": "Second", "subject": "New two", "body_text": "x", "delay_hours": 24}, {"channel": "sms", "label": "Third", "body_text": "x", "delay_hours": 72}]'
SELECT * FROM campaign.campaign_impact(:'c', 'revise', :'three');
SELECT max(plan_version) FROM campaign.campaign_touches;
SELECT campaign.revise_campaign(:'c', :'three');
-- revising moves nobody
SELECT plan, count(*) FROM live GROUP BY 1;
SELECT * FROM campaign.migrate_enrollments(:'c', dry_run => true);
SELECT plan, count(*) FROM live GROUP BY 1;

--
-- The act. Ann's first touch comes twelve hours later, from her anchor on; what a worker has
-- stays; who has had three touches of a plan of three is done; the third is an SMS now.
--
SELECT * FROM campaign.migrate_enrollments(:'c');
TABLE live;
SELECT k.first_name, e.anchor_at, e.first_scheduled_at, date_trunc('minute', e.completed_at) AS completed_at, e.stop_reason FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id ORDER BY 1;
-- again: nothing to do but what is still busy
SELECT * FROM campaign.migrate_enrollments(:'c', 4);
-- who was busy finishes the touch by the old plan, and can be moved then
RESET ROLE;
SELECT r.result, r.enrollment_status, r.next_due_at FROM campaign.touch_queue q,
	LATERAL campaign.complete_touch(campaign.touch_token(q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.touch_number, q.attempt, q.fence)) r WHERE q.fence <> 0;
SET ROLE regress_move_ann;
SELECT * FROM campaign.migrate_enrollments(:'c');
SELECT contact, plan, touch, channel, scheduled_at FROM live WHERE touch IS NOT NULL;
-- and back again, to where they were
SELECT * FROM campaign.migrate_enrollments(:'c', 3);
TABLE live;

--
-- Sooner: due at once, but not sooner than the gap after the last touch that was sent
--
RESET ROLE;
\o /dev/null
SELECT pg_temp.at_time('2030-01-12 11:30');
SELECT campaign.complete_touch(c.lease_token) FROM campaign.claim_due_touches('worker 1') c;
\o
SET ROLE regress_move_ann;
SELECT contact, touch, channel, scheduled_at, due_otherwise FROM live WHERE status = 'active';
SELECT campaign.revise_campaign(:'c', '[
	{"channel": "email", "label": "First", "subject": "One", "body_text": "x"},
	{"channel": "email", "label": "Second", "subject": "Two", "body_text": "x", "delay_hours": 1},
	{"channel": "email", "label": "Third", "subject": "Three", "body_text": "x", "delay_hours": 1}]');
SELECT effect, enrollments FROM campaign.campaign_impact(:'c', 'revise', (SELECT template_config FROM campaign.outreach_campaigns WHERE campaign_id = :'c')) WHERE touch_number IS NULL;
RESET ROLE;
SELECT pg_temp.at_time('2030-01-12 12:00');
SET ROLE regress_move_ann;
SELECT * FROM campaign.migrate_enrollments(:'c');
SELECT contact, touch, channel, scheduled_at, due_otherwise FROM live WHERE status = 'active';

--
-- A touch that is tried again keeps its wait and its attempts; on another channel it has all of them
--
RESET ROLE;
\o /dev/null
SELECT pg_temp.at_time('2030-01-12 13:00');
SELECT campaign.fail_touch(c.lease_token, 'busy') FROM campaign.claim_due_touches('worker 1') c;
\o
SET ROLE regress_move_ann;
SELECT campaign.revise_campaign(:'c', '[
	{"channel": "email", "label": "First", "subject": "One", "body_text": "x"},
	{"channel": "call", "label": "Second", "body_text": "x"},
	{"channel": "email", "label": "Third", "subject": "Three", "body_text": "x"}]');
SELECT * FROM campaign.migrate_enrollments(:'c');
SELECT contact, touch, channel, scheduled_at, due_otherwise > '2030-01-12 13:00' AS waits, attempt, base FROM live WHERE status = 'active';

--
-- A touch that an operator tries again is where it was, and what follows it is the new plan's
--
RESET ROLE;
\o /dev/null
SELECT pg_temp.at_time('2030-01-12 14:00');
SELECT campaign.fail_touch(c.lease_token, 'no such number', permanent => true) FROM campaign.claim_due_touches('worker 1') c;
\o
SET ROLE regress_move_ann;
SELECT contact, touch, channel FROM live WHERE status = 'active';
SELECT campaign.retry_touch(e.id, 2) IS NOT NULL AS retried FROM campaign.campaign_enrollments e WHERE e.contact_id = pg_temp.contact('Ann');
SELECT campaign.retry_touch(e.id, 3) IS NOT NULL AS retried FROM campaign.campaign_enrollments e WHERE e.contact_id = pg_temp.contact('Bob');
SELECT campaign.revise_campaign(:'c', '[
	{"channel": "email", "label": "First", "subject": "One", "body_text": "x"},
	{"channel": "call", "label": "Second", "body_text": "x", "delay_hours": 5}]');
SELECT * FROM campaign.migrate_enrollments(:'c');
SELECT contact, plan, touch, channel, scheduled_at, resume FROM live WHERE status = 'active';

--
-- A lease that has ended holds nothing: its late report is too late
--
\o /dev/null
SELECT campaign.enroll(:'c', pg_temp.contact('Cleo'), anchor_at => '2030-01-12 12:00');
RESET ROLE;
SELECT pg_temp.at_time('2030-01-12 15:00');
SELECT lease_token AS late FROM campaign.claim_due_touches('slow') WHERE contact_id = pg_temp.contact('Cleo') \gset
UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE tenant_id = :'acme' AND lease_until > clock_timestamp();
SET ROLE regress_move_ann;
SELECT campaign.revise_campaign(:'c', '[{"channel": "email", "label": "First", "subject": "Other", "body_text": "x"}]');
\o
-- of a campaign that is paused, too
SELECT campaign.pause_campaign(:'c');
SELECT * FROM campaign.migrate_enrollments(:'c');
RESET ROLE;
SELECT result FROM campaign.complete_touch(:'late');
SELECT campaign.begin_send(:'late');
SET ROLE regress_move_ann;
SELECT contact, status, plan, touch, attempt, leased FROM live WHERE contact IN ('Ann', 'Cleo');
SELECT campaign.resume_campaign(:'c', spread => '0');
SET ROLE regress_move_worker;
SELECT subject, attempt, (campaign.complete_touch(lease_token)).enrollment_status FROM campaign.claim_due_touches('worker 1');
SET ROLE regress_move_ann;
-- everybody has come to an end
SELECT status, count(*) FROM live GROUP BY 1;
-- and a campaign without anybody is moved just as well
SELECT * FROM campaign.migrate_enrollments(:'c', 1);

--
-- Who may, and what is refused
--
\set VERBOSITY terse
SELECT * FROM campaign.migrate_enrollments(:'c', 9);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.migrate_enrollments(:'c', 0, true);
SELECT * FROM campaign.migrate_enrollments(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.campaign_impact(:'c', 'delete');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.campaign_impact(:'c', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.campaign_impact(:'c', 'revise');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.campaign_impact(:'c', 'revise', '[]');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.campaign_impact(:'c', 'revise', '[{"channel": "pigeon"}]');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM campaign.migrate_enrollments(:'c');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- viewers look, and move nobody
SET ROLE regress_move_viv;
SELECT count(*) > 0 AS looks FROM campaign.diff_plan(:'c', 1);
SELECT count(*) > 0 AS looks FROM campaign.campaign_impact(:'c', 'pause');
\set VERBOSITY sqlstate
SELECT * FROM campaign.migrate_enrollments(:'c', dry_run => true);
-- what belongs to another does not exist
SET ROLE regress_move_eve;
SELECT * FROM campaign.diff_plan(:'c', 1);
SELECT * FROM campaign.campaign_impact(:'c', 'pause');
SELECT * FROM campaign.migrate_enrollments(:'c');
-- workers have nothing to do with plans
SET ROLE regress_move_worker;
SELECT * FROM campaign.migrate_enrollments(:'c');
SELECT * FROM campaign.document_touches('[]');
\set VERBOSITY default
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'move-acme'), campaign.delete_tenant(:'eve', 'move-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_move_ann,regress_move_viv,regress_move_eve,regress_move_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP OWNED BY regress_move_ann;
DROP ROLE regress_move_ann, regress_move_viv, regress_move_eve, regress_move_worker;
