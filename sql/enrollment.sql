-- Enrolment: how a completed job becomes a sequence, and why sometimes it does not.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_enr_ann;
CREATE ROLE regress_enr_vic;
-- moves the engine's clock
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_enr_ann,regress_enr_vic}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'enr-acme', 'America/New_York', 'regress_enr_ann') AS acme \gset
SELECT campaign.add_member(:'acme', 'regress_enr_vic', 'viewer');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_enr_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Bob', 'bob@x.example') RETURNING id AS bob \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Cleo', 'cleo@x.example') RETURNING id AS cleo \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Dan', 'dan@x.example') RETURNING id AS dan \gset
INSERT INTO campaign.contacts (tenant_id, first_name, phone) VALUES (:'acme', 'Eva', '+12125550100') RETURNING id AS eva \gset
SELECT campaign.create_campaign(:'acme', 'Everybody', '[
	{"channel": "email", "subject": "How was it?", "body_text": "Hi", "delay_hours": 24},
	{"channel": "email", "subject": "Again", "body_text": "Hi", "delay_hours": 72}]') AS everybody \gset
SELECT campaign.create_campaign(:'acme', 'Plumbing', '[
	{"channel": "email", "subject": "Dripping?", "body_text": "Hi", "delay_hours": 1, "use_service_delay": true},
	{"channel": "email", "subject": "Again", "body_text": "Hi", "delay_hours": 72}]', service_type => 'plumbing') AS plumbing \gset
SELECT campaign.create_campaign(:'acme', 'By hand', '[
	{"channel": "email", "subject": "Hello", "body_text": "Hi"}]', 'contacts') AS by_hand \gset
-- what the tests look at
CREATE TEMP VIEW jobs AS
	SELECT k.first_name AS contact, j.service_type, j.status AS job, r.outcome, r.reason, c.name AS campaign
	FROM campaign.job_enrollments r
		JOIN campaign.jobs j ON j.tenant_id = r.tenant_id AND j.id = r.job_id
		JOIN campaign.contacts k ON k.tenant_id = j.tenant_id AND k.id = j.contact_id
		LEFT JOIN campaign.campaigns c ON c.tenant_id = r.tenant_id AND c.id = r.campaign_id
	ORDER BY r.id;
CREATE TEMP VIEW sequences AS
	SELECT k.first_name AS contact, c.name AS campaign, e.status, e.stop_reason, e.anchor_at, q.touch_number AS touch, q.scheduled_at, q.due_at
	FROM campaign.campaign_enrollments e
		JOIN campaign.campaigns c ON c.tenant_id = e.tenant_id AND c.id = e.campaign_id
		JOIN campaign.contacts k ON k.tenant_id = e.tenant_id AND k.id = e.contact_id
		LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
	ORDER BY e.id;

--
-- A job that is completed before any campaign runs is completed all the same, and the reason is kept
--
INSERT INTO campaign.jobs (tenant_id, contact_id, service_type) VALUES (:'acme', :'bob', 'hvac') RETURNING id AS job \gset
UPDATE campaign.jobs SET status = 'completed', completed_at = '2030-01-08 09:00' WHERE id = :'job';
TABLE jobs;
TABLE sequences;
-- enroll_job() tries again
SELECT campaign.launch_campaign(:'everybody');
SELECT outcome, reason FROM campaign.enroll_job(:'job');

--
-- The anchor is the job's completion, two days ago: the first touch is overdue, the second keeps its place behind it
--
TABLE sequences;
SELECT touch_number, scheduled_at, due_at, status FROM campaign.enrollment_touches WHERE contact_id = :'bob' ORDER BY touch_number;

--
-- One live sequence per contact
--
SELECT outcome, reason FROM campaign.enroll_job(:'job');
SELECT campaign.launch_campaign(:'by_hand');
SELECT outcome, reason, enrollment_id = (SELECT id FROM campaign.campaign_enrollments WHERE contact_id = :'bob') AS the_live_one
FROM campaign.enroll(:'by_hand', :'bob');
-- a conflict is a row
SELECT c.name AS campaign, l.name AS live_in, x.job_id IS NULL AS by_hand, date_trunc('minute', x.at) AS at
FROM campaign.enrollment_conflicts x
	JOIN campaign.campaigns c ON c.tenant_id = x.tenant_id AND c.id = x.campaign_id
	JOIN campaign.campaign_enrollments e ON e.tenant_id = x.tenant_id AND e.id = x.live_enrollment_id
	JOIN campaign.campaigns l ON l.tenant_id = e.tenant_id AND l.id = e.campaign_id;
-- and one that ended makes room
SELECT campaign.stop_contact(:'bob');
SELECT outcome, reason FROM campaign.enroll(:'by_hand', :'bob');
SELECT campaign.stop_contact(:'bob');

--
-- Which campaign: of the service type, else of all, else none; the job's override before these
--
SELECT campaign.launch_campaign(:'plumbing');
\o /dev/null
SELECT campaign.create_job(:'bob', 'plumbing', 'completed', '2030-01-10 10:00');
SELECT campaign.create_job(:'cleo', 'roofing', 'completed', '2030-01-10 10:00');
SELECT campaign.create_job(:'dan', NULL, 'completed', '2030-01-10 10:00');
SELECT campaign.create_job(:'eva', 'plumbing', 'completed', '2030-01-10 10:00', campaign_override => :'by_hand');
\o
SELECT * FROM jobs OFFSET 3;
-- use_service_delay: after plumbing 48 hours, which the tenant may change, instead of the step's own hour
SELECT contact, campaign, anchor_at, scheduled_at FROM sequences WHERE status = 'active';
SELECT sum(campaign.stop_contact(id)) AS stopped FROM campaign.contacts WHERE tenant_id = :'acme';
UPDATE campaign.service_types SET first_touch_delay = '3 hours' WHERE tenant_id = :'acme' AND service_type = 'plumbing';
SELECT outcome FROM campaign.enroll(:'plumbing', :'bob', anchor_at => '2030-01-10 10:00');
-- a day is 24 hours, wherever the session is while the clocks change
UPDATE campaign.service_types SET first_touch_delay = '1 day' WHERE tenant_id = :'acme' AND service_type = 'plumbing';
SET timezone = 'America/New_York';
SELECT outcome FROM campaign.enroll(:'plumbing', :'cleo', anchor_at => '2030-03-09 17:00+00');
SELECT first_scheduled_at - anchor_at AS delay FROM campaign.campaign_enrollments WHERE contact_id = :'cleo' AND status = 'active';
SET timezone = 'UTC';
SELECT campaign.stop_contact(:'cleo') AS stopped;
UPDATE campaign.service_types SET first_touch_delay = NULL WHERE tenant_id = :'acme' AND service_type = 'plumbing';
SELECT outcome FROM campaign.enroll(:'plumbing', :'cleo', anchor_at => '2030-01-10 10:00');
SELECT contact, anchor_at, scheduled_at FROM sequences WHERE status = 'active';
SELECT sum(campaign.stop_contact(id)) AS stopped FROM campaign.contacts WHERE tenant_id = :'acme';

--
-- A campaign that is paused keeps its jobs: they are not rerouted to the general one
--
SELECT campaign.pause_campaign(:'plumbing');
SELECT campaign.create_job(:'bob', 'plumbing', 'completed') IS NOT NULL AS created;
SELECT outcome, reason FROM campaign.job_enrollments ORDER BY id DESC LIMIT 1;
SELECT campaign.resume_campaign(:'plumbing', spread => '0');
-- two campaigns for the same jobs would be a tie
SELECT campaign.create_campaign(:'acme', 'Plumbing 2', '[{"channel": "email", "subject": "x", "body_text": "x"}]', service_type => 'plumbing') AS rival \gset
SELECT campaign.launch_campaign(:'rival');
\echo :LAST_ERROR_SQLSTATE
SELECT status FROM campaign.campaigns WHERE id = :'rival';

--
-- Other reasons
--
-- a draft
SELECT outcome, reason FROM campaign.enroll(:'rival', :'bob');
-- a job that is not completed, or must not be written to
SELECT campaign.create_job(:'bob', 'hvac') AS open_job \gset
SELECT outcome, reason FROM campaign.enroll(:'everybody', :'bob', :'open_job');
UPDATE campaign.jobs SET status = 'do_not_send' WHERE id = :'open_job';
SELECT outcome, reason FROM campaign.enroll(:'everybody', :'bob', :'open_job');
-- a contact in the archive
SELECT campaign.archive_contact(:'dan');
SELECT outcome, reason FROM campaign.enroll(:'everybody', :'dan');
SELECT campaign.unarchive_contact(:'dan');
SELECT outcome, reason FROM campaign.enroll(:'everybody', :'dan');
SELECT campaign.stop_contact(:'dan');

--
-- The trigger looks at the change of the status, and only at that
--
INSERT INTO campaign.jobs (tenant_id, contact_id, service_type, status) VALUES (:'acme', :'bob', 'hvac', 'completed') RETURNING id AS job \gset
SELECT count(*) FROM campaign.job_enrollments WHERE job_id = :'job';
-- completed without a time: now
SELECT date_trunc('minute', completed_at) FROM campaign.jobs WHERE id = :'job';
UPDATE campaign.jobs SET service_type = 'roofing', status = 'completed' WHERE id = :'job';
SELECT count(*) FROM campaign.job_enrollments WHERE job_id = :'job';
-- cancelled: what it had started stops; completed once more: it starts again
SELECT outcome, reason FROM campaign.enroll_job(:'job');
UPDATE campaign.jobs SET status = 'do_not_send' WHERE id = :'job';
SELECT status, stop_reason FROM campaign.campaign_enrollments WHERE job_id = :'job';
UPDATE campaign.jobs SET status = 'completed' WHERE id = :'job';
SELECT status, stop_reason FROM campaign.campaign_enrollments WHERE job_id = :'job' ORDER BY id;
-- rolled back together
BEGIN;
SELECT campaign.create_job(:'cleo', 'hvac') AS job \gset
UPDATE campaign.jobs SET status = 'completed' WHERE id = :'job';
SELECT count(*) FROM campaign.campaign_enrollments WHERE job_id = :'job';
ROLLBACK;
SELECT count(*) FROM campaign.campaign_enrollments WHERE contact_id = :'cleo' AND status = 'active';
-- many at once
INSERT INTO campaign.contacts (tenant_id, email, external_id) SELECT :'acme', format('c%s@x.example', i), 'many-' || i FROM generate_series(1, 20) i;
INSERT INTO campaign.jobs (tenant_id, contact_id, service_type, external_id)
SELECT tenant_id, id, 'hvac', external_id FROM campaign.contacts WHERE external_id LIKE 'many-%';
UPDATE campaign.jobs SET status = 'completed' WHERE external_id LIKE 'many-%';
SELECT r.outcome, count(*) FROM campaign.job_enrollments r JOIN campaign.jobs j ON j.tenant_id = r.tenant_id AND j.id = r.job_id
WHERE j.external_id LIKE 'many-%' GROUP BY 1;

--
-- Without a job, from an anchor of one's own, also one to come
--
SELECT campaign.stop_contact(:'cleo');
SELECT outcome FROM campaign.enroll(:'by_hand', :'cleo', anchor_at => '2030-02-01 08:00');
SELECT contact, anchor_at, scheduled_at, due_at FROM sequences WHERE contact = 'Cleo' AND status = 'active';

-- A viewer enrols nobody.
\set VERBOSITY sqlstate
SET ROLE regress_enr_vic;
SELECT campaign.enroll(:'by_hand', :'dan');
SELECT campaign.create_job(:'dan');
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'enr-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_enr_ann,regress_enr_vic}'::name[]) r;
\o
DROP OWNED BY regress_enr_ann;
DROP ROLE regress_enr_ann, regress_enr_vic;
