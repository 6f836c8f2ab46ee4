-- A contact who is in a sequence when another wants him: asked about, replaced, skipped or queued.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_conf_ann;
CREATE ROLE regress_conf_vic;
CREATE ROLE regress_conf_eve;
CREATE ROLE regress_conf_admin;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
-- as maintenance does it, at a time
CREATE FUNCTION pg_temp.settle(at timestamptz) RETURNS integer LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT pg_temp.at_time(at + interval '30 seconds'); SELECT campaign.settle_conflicts() $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_conf_ann,regress_conf_vic,regress_conf_eve}'::name[]) r;
SELECT campaign.grant_access('regress_conf_admin', 'admin');
SELECT campaign.create_tenant('Acme', 'conf-acme', 'UTC', 'regress_conf_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'conf-eve', 'UTC', 'regress_conf_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_conf_vic', 'viewer');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_conf_ann;
\set steps '[{"channel": "email", "subject": "One", "body_text": "x", "delay_hours": 24}, {"channel": "email", "subject": "Two", "body_text": "x", "delay_hours": 72}]'
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Heating', :'steps', service_type => 'hvac') AS heating \gset
SELECT campaign.create_campaign(:'acme', 'Pipes', :'steps', service_type => 'plumbing') AS pipes \gset
SELECT campaign.create_campaign(:'acme', 'Roofs', :'steps', service_type => 'roofing') AS roofs \gset
SELECT campaign.create_campaign(:'acme', 'By hand', :'steps', 'contacts') AS by_hand \gset
SELECT campaign.launch_campaign(c) FROM unnest(ARRAY[:'heating', :'pipes', :'roofs', :'by_hand']::uuid[]) c;
\o
-- a contact for each case; what the tests look at
CREATE FUNCTION pg_temp.contact(who text) RETURNS uuid LANGUAGE sql AS $$
	INSERT INTO campaign.contacts (tenant_id, first_name, email)
	SELECT t.id, who, who || '@x.example' FROM campaign.tenants t WHERE t.slug = 'conf-acme' RETURNING id $$;
CREATE FUNCTION pg_temp.job(contact uuid, service text, at timestamptz) RETURNS TABLE (outcome text, reason text) LANGUAGE plpgsql AS $$
	DECLARE job uuid := campaign.create_job(contact, service, 'completed', at);
	BEGIN RETURN QUERY SELECT r.outcome, r.reason FROM campaign.job_enrollments r WHERE r.job_id = job; END $$;
CREATE TEMP VIEW conflicts AS
	SELECT k.first_name AS contact, c.name AS wants, l.name AS is_in, x.policy, date_trunc('minute', x.at) AS at,
		date_trunc('minute', x.resolve_after) AS resolve_after, x.resolution, x.reason, x.resolved_by,
		date_trunc('minute', x.resolved_at) AS resolved_at, x.enrollment_id IS NOT NULL AS enrolled
	FROM campaign.enrollment_conflicts x
		JOIN campaign.contacts k ON k.tenant_id = x.tenant_id AND k.id = x.contact_id
		JOIN campaign.campaigns c ON c.tenant_id = x.tenant_id AND c.id = x.campaign_id
		JOIN campaign.campaign_enrollments e ON e.tenant_id = x.tenant_id AND e.id = x.live_enrollment_id
		JOIN campaign.campaigns l ON l.tenant_id = e.tenant_id AND l.id = e.campaign_id
	ORDER BY x.id;
CREATE TEMP VIEW sequences AS
	SELECT k.first_name AS contact, c.name AS campaign, e.status, e.stop_reason, e.job_id IS NOT NULL AS job,
		date_trunc('minute', e.anchor_at) AS anchor_at, q.touch_number AS touch, date_trunc('minute', q.due_at) AS due_at
	FROM campaign.campaign_enrollments e
		JOIN campaign.campaigns c ON c.tenant_id = e.tenant_id AND c.id = e.campaign_id
		JOIN campaign.contacts k ON k.tenant_id = e.tenant_id AND k.id = e.contact_id
		LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
	ORDER BY e.id;

--
-- ask, the default: nothing happens for 24 hours, and then the old sequence is replaced
--
SELECT conflict_policy, review_cooldown, parallel_sequences FROM campaign.tenants WHERE id = :'acme';
SELECT pg_temp.contact('Bob') AS bob \gset
SELECT * FROM pg_temp.job(:'bob', 'hvac', '2030-01-09 10:00');
SELECT * FROM pg_temp.job(:'bob', 'plumbing', '2030-01-10 11:00');
TABLE conflicts;
SELECT pg_temp.settle('2030-01-11 11:59') AS settled;
SELECT pg_temp.settle('2030-01-11 12:01') AS settled;
TABLE conflicts;
TABLE sequences;
SELECT outcome, reason FROM campaign.job_enrollments ORDER BY id;
-- only once
SELECT pg_temp.settle('2030-01-11 12:02') AS settled;

--
-- Asked for again while it is open: still one conflict. The same wish for the same job is no conflict at all
--
SELECT pg_temp.at_time('2030-01-10 12:00');
SELECT pg_temp.contact('Cleo') AS cleo \gset
SELECT campaign.create_job(:'cleo', 'hvac', 'completed', '2030-01-10 11:00') AS first_job \gset
SELECT campaign.create_job(:'cleo', 'plumbing', 'completed', '2030-01-10 11:00') AS second_job \gset
SELECT outcome, reason FROM campaign.enroll_job(:'first_job');
SELECT outcome, reason FROM campaign.enroll_job(:'second_job');
SELECT outcome, reason FROM campaign.enroll(:'pipes', :'cleo', :'second_job', '2030-01-10 15:00');
-- by hand it is another wish, and so is another job in the same campaign
SELECT outcome, reason FROM campaign.enroll(:'pipes', :'cleo');
SELECT outcome, reason FROM campaign.enroll(:'heating', :'cleo');
SELECT * FROM pg_temp.job(:'cleo', 'hvac', '2030-01-10 11:30');
SELECT wants, is_in, policy, resolution FROM conflicts WHERE contact = 'Cleo';
-- the old sequence has ended, and one of the wishes comes true by itself: its conflict is resolved
SELECT campaign.stop_contact(:'cleo');
SELECT outcome, reason FROM campaign.enroll_job(:'second_job');
SELECT wants, is_in, policy, resolution, resolved_by, enrolled FROM conflicts WHERE contact = 'Cleo';
-- of those that are due together the last one is enrolled, the others would have been replaced at once
SELECT pg_temp.settle('2030-01-11 12:01') AS settled;
SELECT wants, resolution, reason FROM conflicts WHERE contact = 'Cleo';
SELECT campaign, status, stop_reason FROM sequences WHERE contact = 'Cleo';

--
-- Whoever enrols the contact next settles what is due; correctness does not wait for maintenance
--
SELECT pg_temp.at_time('2030-01-10 12:00');
SELECT pg_temp.contact('Dan') AS dan \gset
SELECT * FROM pg_temp.job(:'dan', 'hvac', '2030-01-10 11:00');
SELECT * FROM pg_temp.job(:'dan', 'plumbing', '2030-01-10 11:00');
SELECT pg_temp.at_time('2030-01-12 12:00');
SELECT * FROM pg_temp.job(:'dan', 'roofing', '2030-01-12 11:00');
SELECT wants, is_in, resolution FROM conflicts WHERE contact = 'Dan';
-- nothing is in the way any more: enrolled
SELECT campaign.stop_contact(:'dan');
SELECT pg_temp.settle('2030-01-13 12:01') AS settled;
SELECT wants, is_in, resolution FROM conflicts WHERE contact = 'Dan';

--
-- replace: at once
--
SELECT pg_temp.at_time('2030-01-10 12:00');
UPDATE campaign.tenants SET conflict_policy = 'replace' WHERE id = :'acme';
SELECT pg_temp.contact('Eva') AS eva \gset
SELECT * FROM pg_temp.job(:'eva', 'hvac', '2030-01-10 11:00');
SELECT * FROM pg_temp.job(:'eva', 'plumbing', '2030-01-10 11:00');
SELECT * FROM pg_temp.job(:'eva', 'plumbing', '2030-01-10 11:30');
SELECT wants, is_in, policy, resolution, resolved_by, enrolled FROM conflicts WHERE contact = 'Eva';
SELECT campaign, status, stop_reason, anchor_at FROM sequences WHERE contact = 'Eva';
-- above READ COMMITTED nothing is stopped: it waits for maintenance, and the job is completed all the same
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM pg_temp.job(:'eva', 'roofing', '2030-01-10 11:45');
COMMIT;
SELECT pg_temp.settle('2030-01-10 12:01') AS settled;
SELECT wants, is_in, policy, resolution FROM conflicts WHERE contact = 'Eva' OFFSET 2;

--
-- skip: the old sequence goes on
--
UPDATE campaign.tenants SET conflict_policy = 'skip' WHERE id = :'acme';
SELECT pg_temp.contact('Fay') AS fay \gset
SELECT * FROM pg_temp.job(:'fay', 'hvac', '2030-01-10 11:00');
SELECT * FROM pg_temp.job(:'fay', 'plumbing', '2030-01-10 11:00');
SELECT wants, is_in, policy, resolve_after, resolution, resolved_by FROM conflicts WHERE contact = 'Fay';

--
-- queue: 7 days after the old one has ended, whenever that is
--
UPDATE campaign.tenants SET conflict_policy = 'queue' WHERE id = :'acme';
SELECT pg_temp.at_time('2030-02-01 12:00');
SELECT pg_temp.contact('Gil') AS gil \gset
SELECT * FROM pg_temp.job(:'gil', 'hvac', '2030-02-01 11:00');
SELECT * FROM pg_temp.job(:'gil', 'plumbing', '2030-02-01 11:00');
SELECT * FROM pg_temp.job(:'gil', 'roofing', '2030-02-01 11:00');
SELECT wants, is_in, policy, resolve_after, resolution FROM conflicts WHERE contact = 'Gil';
-- it is live a week later: looked at again after another one
SELECT pg_temp.settle('2030-02-08 12:01') AS settled;
SELECT wants, resolve_after, resolution FROM conflicts WHERE contact = 'Gil';
SELECT pg_temp.at_time('2030-02-10 12:00');
SELECT campaign.stop_contact(:'gil');
SELECT pg_temp.settle('2030-02-15 12:02') AS settled;
SELECT wants, resolve_after, resolution FROM conflicts WHERE contact = 'Gil';
-- the first that came is the first that is enrolled; it counts from its turn, or all of it would be overdue; the other waits for it
SELECT pg_temp.settle('2030-02-17 15:00') AS settled;
SELECT wants, is_in, resolve_after, resolution FROM conflicts WHERE contact = 'Gil';
SELECT campaign, status, anchor_at, due_at FROM sequences WHERE contact = 'Gil';

--
-- A member decides
--
UPDATE campaign.tenants SET conflict_policy = 'ask' WHERE id = :'acme';
SELECT pg_temp.contact('Hal') AS hal \gset
SELECT * FROM pg_temp.job(:'hal', 'hvac', '2030-02-17 14:00');
SELECT * FROM pg_temp.job(:'hal', 'plumbing', '2030-02-17 14:00');
SELECT id AS conflict FROM campaign.enrollment_conflicts WHERE contact_id = :'hal' AND resolution IS NULL \gset
SELECT outcome, reason FROM campaign.resolve_conflict(:'conflict', 'replace');
SELECT campaign, status, stop_reason FROM sequences WHERE contact = 'Hal';
SELECT * FROM pg_temp.job(:'hal', 'roofing', '2030-02-17 14:00');
SELECT id AS conflict FROM campaign.enrollment_conflicts WHERE contact_id = :'hal' AND resolution IS NULL \gset
SELECT outcome, reason FROM campaign.resolve_conflict(:'conflict', 'queue');
SELECT wants, policy, resolve_after, resolution, resolved_by FROM conflicts WHERE contact = 'Hal' OFFSET 1;
SELECT campaign.stop_contact(:'hal');
SELECT outcome, reason FROM campaign.resolve_conflict(:'conflict', 'queue');
SELECT pg_temp.settle('2030-02-24 15:01') AS settled;
SELECT wants, policy, resolution, resolved_by FROM conflicts WHERE contact = 'Hal' OFFSET 1;
SELECT * FROM pg_temp.job(:'hal', 'hvac', '2030-02-24 14:00');
SELECT id AS conflict FROM campaign.enrollment_conflicts WHERE contact_id = :'hal' AND resolution IS NULL \gset
SELECT outcome, reason FROM campaign.resolve_conflict(:'conflict', 'skip');
SELECT wants, policy, resolution, resolved_by FROM conflicts WHERE contact = 'Hal' OFFSET 2;
-- it is resolved; there is no such resolution; there is no such conflict
\set VERBOSITY sqlstate
SELECT campaign.resolve_conflict(:'conflict', 'replace');
\set VERBOSITY default
SELECT campaign.resolve_conflict(:'conflict', 'enrolled');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.resolve_conflict(:'conflict', NULL);
SELECT campaign.resolve_conflict('00000000-0000-0000-0000-000000000001', 'skip');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.resolve_conflict(NULL, 'skip');
\echo :LAST_ERROR_SQLSTATE
-- another tenant's, and a viewer's
SELECT * FROM pg_temp.job(:'hal', 'plumbing', '2030-02-24 14:00');
SELECT id AS conflict FROM campaign.enrollment_conflicts WHERE contact_id = :'hal' AND resolution IS NULL \gset
\set VERBOSITY sqlstate
SET ROLE regress_conf_eve;
SELECT campaign.resolve_conflict(:'conflict', 'replace');
SELECT count(*) FROM campaign.enrollment_conflicts;
SET ROLE regress_conf_vic;
SELECT campaign.resolve_conflict(:'conflict', 'replace');
SELECT count(*) FROM campaign.enrollment_conflicts WHERE id = :'conflict';
UPDATE campaign.enrollment_conflicts SET resolution = 'skipped' WHERE id = :'conflict';
-- maintenance is for the level admin
SELECT campaign.settle_conflicts();
SET ROLE regress_conf_admin;
SELECT campaign.settle_conflicts(0), campaign.settle_conflicts(NULL);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT campaign.settle_conflicts();
ROLLBACK;
SET ROLE regress_conf_ann;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT campaign.resolve_conflict(:'conflict', 'replace');
ROLLBACK;
\set VERBOSITY default

--
-- Nobody is enrolled by a timer who may not be enrolled then
--
SELECT pg_temp.at_time('2030-03-01 12:00');
\o /dev/null
SELECT pg_temp.contact(n) FROM unnest('{Ida,Jim,Kay,Lea,Max}'::text[]) n;
SELECT pg_temp.job(id, 'hvac', '2030-03-01 11:00') FROM campaign.contacts WHERE first_name IN ('Ida', 'Jim', 'Kay', 'Lea', 'Max');
SELECT pg_temp.job(id, 'plumbing', '2030-03-01 11:00') FROM campaign.contacts WHERE first_name IN ('Ida', 'Jim', 'Kay', 'Lea');
SELECT pg_temp.job(id, 'roofing', '2030-03-01 11:00') FROM campaign.contacts WHERE first_name = 'Max';
-- the job is off; the job is open again; the contact is archived, or has reviewed; the campaign is paused
UPDATE campaign.jobs SET status = 'do_not_send' WHERE service_type = 'plumbing' AND contact_id = (SELECT id FROM campaign.contacts WHERE first_name = 'Ida');
UPDATE campaign.jobs SET status = 'scheduled' WHERE service_type = 'plumbing' AND contact_id = (SELECT id FROM campaign.contacts WHERE first_name = 'Jim');
SELECT campaign.archive_contact(id) FROM campaign.contacts WHERE first_name = 'Kay';
SELECT campaign.stop_contact(id, 'review_clicked') FROM campaign.contacts WHERE first_name = 'Lea';
SELECT campaign.pause_campaign(:'roofs');
\o
SELECT contact, wants, resolution, reason, resolved_by FROM conflicts WHERE contact IN ('Ida', 'Jim', 'Kay', 'Lea', 'Max');
SELECT pg_temp.settle('2030-03-02 12:01') AS settled;
SELECT contact, wants, resolution, reason, resolved_by FROM conflicts WHERE contact IN ('Ida', 'Jim', 'Kay', 'Lea', 'Max') ORDER BY contact;
SELECT contact, campaign, status FROM sequences WHERE contact IN ('Ida', 'Jim', 'Kay', 'Lea', 'Max') ORDER BY contact;
SELECT k.first_name AS contact, r.outcome, r.reason FROM campaign.job_enrollments r JOIN campaign.jobs j ON j.tenant_id = r.tenant_id AND j.id = r.job_id
	JOIN campaign.contacts k ON k.tenant_id = j.tenant_id AND k.id = j.contact_id
WHERE k.first_name IN ('Ida', 'Jim', 'Kay', 'Lea', 'Max') AND j.service_type <> 'hvac' ORDER BY 1, r.id;
SELECT campaign.resume_campaign(:'roofs');
-- a job that is deleted takes its conflicts along
SELECT campaign.create_job(id, 'roofing', 'completed') AS job FROM campaign.contacts WHERE first_name = 'Max' \gset
SELECT count(*) FROM conflicts WHERE contact = 'Max' AND resolution IS NULL;
DELETE FROM campaign.jobs WHERE id = :'job';
SELECT count(*) FROM conflicts WHERE contact = 'Max' AND resolution IS NULL;

--
-- Who has reviewed or given feedback is left alone for the cooldown, silently
--
SELECT id AS lea FROM campaign.contacts WHERE first_name = 'Lea' \gset
SELECT outcome, reason FROM campaign.enroll(:'by_hand', :'lea');
SELECT pg_temp.at_time('2030-03-31 11:59');
SELECT outcome, reason FROM campaign.enroll(:'by_hand', :'lea');
SELECT pg_temp.at_time('2030-03-31 12:01');
SELECT outcome, reason FROM campaign.enroll(:'by_hand', :'lea');
SELECT count(*) FROM conflicts WHERE contact = 'Lea' AND wants = 'By hand';
-- the tenant's cooldown, and events: what a person did counts, what a program did does not
UPDATE campaign.tenants SET review_cooldown = '7 days' WHERE id = :'acme';
SELECT pg_temp.contact('Ned') AS ned \gset
RESET ROLE;
CREATE FUNCTION pg_temp.event(contact uuid, kind text, at timestamptz, link text DEFAULT NULL, is_machine boolean DEFAULT false) RETURNS void LANGUAGE sql AS $$
	INSERT INTO campaign.touch_events (tenant_id, kind, link, is_machine, at, recorded_at, contact_id)
	SELECT k.tenant_id, kind, link, is_machine, at, at, k.id FROM campaign.contacts k WHERE k.id = contact $$;
SELECT pg_temp.event(:'ned', 'opened', '2030-03-31 11:00'), pg_temp.event(:'ned', 'clicked', '2030-03-31 11:00'),
	pg_temp.event(:'ned', 'clicked', '2030-03-31 11:00', 'review', true), pg_temp.event(:'ned', 'feedback', '2030-03-24 12:00');
SELECT campaign.has_reviewed(:'acme', :'ned', campaign.now() - interval '7 days');
SELECT pg_temp.event(:'ned', 'clicked', '2030-03-25 12:00', 'review');
SET ROLE regress_conf_ann;
SELECT outcome, reason FROM campaign.enroll(:'by_hand', :'ned');
SELECT pg_temp.at_time('2030-04-01 12:01');
SELECT outcome, reason FROM campaign.enroll(:'by_hand', :'ned');

--
-- Parallel sequences: several campaigns at a time, each once
--
UPDATE campaign.tenants SET parallel_sequences = true WHERE id = :'acme';
SELECT pg_temp.contact('Oda') AS oda \gset
SELECT * FROM pg_temp.job(:'oda', 'hvac', '2030-04-01 11:00');
SELECT * FROM pg_temp.job(:'oda', 'plumbing', '2030-04-01 11:00');
SELECT * FROM pg_temp.job(:'oda', 'hvac', '2030-04-01 11:30');
SELECT c.name, e.exclusive FROM campaign.campaign_enrollments e JOIN campaign.campaigns c ON c.id = e.campaign_id WHERE e.contact_id = :'oda' ORDER BY e.id;
-- an exclusive one stands beside no other: nor does one begin beside it
UPDATE campaign.tenants SET parallel_sequences = false WHERE id = :'acme';
SELECT * FROM pg_temp.job(:'oda', 'roofing', '2030-04-01 11:00');
SELECT campaign.stop_contact(:'oda');
SELECT outcome, reason FROM campaign.enroll(:'by_hand', :'oda');
UPDATE campaign.tenants SET parallel_sequences = true WHERE id = :'acme';
SELECT * FROM pg_temp.job(:'oda', 'roofing', '2030-04-01 11:30');
-- what is replaced is what is in the way: first the one of the same campaign, then all of them
SELECT campaign.stop_contact(:'oda');
UPDATE campaign.tenants SET conflict_policy = 'replace' WHERE id = :'acme';
SELECT r.outcome, r.reason FROM unnest(ARRAY[:'heating', :'pipes', :'roofs']::uuid[]) c, LATERAL campaign.enroll(c, :'oda') r;
SELECT * FROM pg_temp.job(:'oda', 'plumbing', '2030-04-01 11:30');
SELECT campaign, status, stop_reason, job FROM sequences WHERE contact = 'Oda' OFFSET 3;
UPDATE campaign.tenants SET parallel_sequences = false WHERE id = :'acme';
SELECT outcome, reason FROM campaign.enroll(:'by_hand', :'oda');
SELECT campaign, status, stop_reason, job FROM sequences WHERE contact = 'Oda' OFFSET 3;
UPDATE campaign.tenants SET parallel_sequences = true WHERE id = :'acme';
-- two sequences write to a contact an interval apart, and a claim counts what it has just found out was sent
SELECT count(campaign.stop_contact(id)) FROM campaign.contacts \g /dev/null
SELECT pg_temp.at_time('2030-05-01 12:00') \g /dev/null
SELECT pg_temp.contact('Pia') AS pia \gset
SELECT campaign.create_campaign(:'acme', 'At once ' || n, '[{"channel": "email", "subject": "x", "body_text": "x"}]', 'contacts') AS id FROM generate_series(1, 2) n \g /dev/null
SELECT campaign.launch_campaign(id) FROM campaign.campaigns WHERE name LIKE 'At once %' \g /dev/null
SELECT (campaign.enroll(id, :'pia')).outcome FROM campaign.campaigns WHERE name = 'At once 1';
RESET ROLE;
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE id = :'acme';
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) VALUES (:'acme', 'email', '1 hour');
SELECT contact_id = :'pia' AS pias FROM campaign.claim_due_touches('worker', begin_now => true);
SELECT (campaign.enroll(id, :'pia')).outcome FROM campaign.campaigns WHERE name = 'At once 2';
SELECT result FROM campaign.record_event('delivered', enrollment => (SELECT e.id FROM campaign.campaign_enrollments e JOIN campaign.campaigns c ON c.id = e.campaign_id WHERE e.contact_id = :'pia' AND c.name = 'At once 1'), provider_id => 'pia-1');
UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until > clock_timestamp();
SELECT count(*) AS claimed FROM campaign.claim_due_touches('worker');
SELECT c.name, l.status, l.provider_id FROM campaign.send_logs l JOIN campaign.campaigns c ON c.id = l.campaign_id WHERE l.contact_id = :'pia';
SELECT c.name, date_trunc('minute', q.due_at) AS due_at FROM campaign.touch_queue q JOIN campaign.campaign_enrollments e ON e.id = q.enrollment_id JOIN campaign.campaigns c ON c.id = e.campaign_id WHERE e.contact_id = :'pia';

\o /dev/null
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug IN ('conf-acme', 'conf-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_conf_ann,regress_conf_vic,regress_conf_eve,regress_conf_admin}'::name[]) r;
\o
DROP OWNED BY regress_conf_ann;
DROP ROLE regress_conf_ann, regress_conf_vic, regress_conf_eve, regress_conf_admin;
