-- What went wrong in the reference product when contacts were enrolled, one test for each. "Defect N" is its number in
-- the list of defects.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_defenr_ann;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.settle(at timestamptz) RETURNS integer LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT pg_temp.at_time(at + interval '30 seconds'); SELECT campaign.settle_conflicts() $$;
\o /dev/null
SELECT campaign.grant_access('regress_defenr_ann', 'member');
SELECT campaign.create_tenant('Ann', 'defenr-ann', 'UTC', 'regress_defenr_ann') AS ann \gset
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_defenr_ann;
\set steps '[{"channel": "email", "subject": "x", "body_text": "x", "delay_hours": 24}]'
CREATE FUNCTION pg_temp.contact(who text) RETURNS uuid LANGUAGE sql AS $$
	INSERT INTO campaign.contacts (tenant_id, first_name, email)
	SELECT t.id, who, who || '@x.example' FROM campaign.tenants t WHERE t.slug = 'defenr-ann' RETURNING id $$;
CREATE TEMP VIEW outcomes AS
	SELECT k.first_name AS contact, j.service_type, j.status AS job, r.outcome, r.reason, c.name AS campaign
	FROM campaign.job_enrollments r JOIN campaign.jobs j ON j.tenant_id = r.tenant_id AND j.id = r.job_id
		JOIN campaign.contacts k ON k.tenant_id = j.tenant_id AND k.id = j.contact_id
		LEFT JOIN campaign.campaigns c ON c.tenant_id = r.tenant_id AND c.id = r.campaign_id
	ORDER BY r.id;

--
-- Defect 12: ties between campaigns were arbitrary; pausing the specific one silently rerouted its jobs
--
SELECT campaign.create_campaign(:'ann', 'Heating', :'steps', service_type => 'hvac') AS heating \gset
SELECT campaign.create_campaign(:'ann', 'Heating, too', :'steps', service_type => 'hvac') AS rival \gset
SELECT campaign.create_campaign(:'ann', 'Everything', :'steps') AS everything \gset
SELECT campaign.create_campaign(:'ann', 'Everything, too', :'steps') AS rival_of_all \gset
\o /dev/null
SELECT campaign.launch_campaign(:'heating'), campaign.launch_campaign(:'everything');
\o
-- there is no tie
SELECT campaign.launch_campaign(:'rival');
SELECT campaign.launch_campaign(:'rival_of_all');
-- not by the back door either: not while the other is paused, and not by changing what it is for
SELECT campaign.pause_campaign(:'heating');
SELECT campaign.launch_campaign(:'rival');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.transition_campaign(:'rival', 'ready');
UPDATE campaign.outreach_campaigns SET service_type = 'plumbing' WHERE campaign_id = :'heating';
\echo :LAST_ERROR_SQLSTATE
-- the jobs of the paused one are not rerouted, and it is said why they were not enrolled
SELECT pg_temp.contact('Bob') AS bob \gset
SELECT campaign.create_job(:'bob', 'hvac', 'completed') AS job \gset
SELECT campaign.create_job(pg_temp.contact('Cleo'), 'roofing', 'completed') IS NOT NULL AS created;
TABLE outcomes;
-- nor are those that name a campaign, in whatever state it is
SELECT campaign.create_job(pg_temp.contact('Dan'), 'roofing', 'completed', campaign_override => :'heating') IS NOT NULL AS paused,
	campaign.create_job(pg_temp.contact('Eva'), 'roofing', 'completed', campaign_override => :'rival') IS NOT NULL AS ready;
SELECT * FROM outcomes OFFSET 2;
-- when it runs again they are enrolled where they belong
SELECT campaign.resume_campaign(:'heating');
SELECT outcome, reason FROM campaign.enroll_job(:'job');
SELECT contact, campaign FROM outcomes OFFSET 4;
-- only one that is over leaves its jobs to another
\o /dev/null
SELECT campaign.pause_campaign(:'heating');
SELECT campaign.transition_campaign(:'heating', 'archived');
\o
SELECT campaign.launch_campaign(:'rival');
SELECT outcome, reason FROM campaign.enroll_job(:'job');
SELECT contact, campaign FROM outcomes OFFSET 5;

--
-- Defect 13: all conflict checks were read, then write: two jobs finishing together enrolled twice
--
-- fifty of one contact in one statement (for fifty sessions at once see the test conflicts.t)
SELECT pg_temp.contact('Fay') AS fay \gset
INSERT INTO campaign.jobs (tenant_id, contact_id, service_type) SELECT :'ann', :'fay', 'hvac' FROM generate_series(1, 50);
UPDATE campaign.jobs SET status = 'completed' WHERE contact_id = :'fay';
SELECT outcome, reason, count(*) FROM outcomes WHERE contact = 'Fay' GROUP BY 1, 2 ORDER BY 3;
SELECT count(*) AS live FROM campaign.campaign_enrollments WHERE contact_id = :'fay' AND status = 'active';
SELECT policy, count(*) AS conflicts, count(DISTINCT live_enrollment_id) AS with FROM campaign.enrollment_conflicts WHERE contact_id = :'fay' GROUP BY 1;
-- whatever goes around the functions meets the indexes
RESET ROLE;
\set VERBOSITY terse
INSERT INTO campaign.campaign_enrollments (tenant_id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at, enrolled_at)
SELECT tenant_id, :'everything', contact_id, 1, now(), now(), now() FROM campaign.campaign_enrollments WHERE contact_id = :'fay';
INSERT INTO campaign.campaign_enrollments (tenant_id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at, enrolled_at, exclusive)
SELECT tenant_id, campaign_id, contact_id, 1, now(), now(), now(), false FROM campaign.campaign_enrollments WHERE contact_id = :'fay';
\set VERBOSITY default
SET ROLE regress_defenr_ann;
-- a day later one has taken the place of the first, and the others are settled, too
SELECT pg_temp.settle('2030-01-11 12:01') AS settled;
SELECT status, stop_reason, count(*) FROM campaign.campaign_enrollments WHERE contact_id = :'fay' GROUP BY 1, 2 ORDER BY 1;
SELECT resolution, reason, count(*) FROM campaign.enrollment_conflicts WHERE contact_id = :'fay' GROUP BY 1, 2 ORDER BY 3;

--
-- Defect 14: queue enrolled for jobs that were never completed, or were marked do_not_send
--
UPDATE campaign.tenants SET conflict_policy = 'queue' WHERE id = :'ann';
SELECT pg_temp.at_time('2030-02-01 12:00');
\o /dev/null
SELECT pg_temp.contact(n) FROM unnest('{Gil,Hal,Ida,Jim}'::text[]) n;
-- one that is not completed waits for nothing; the others are in a sequence, with a second job behind it
SELECT campaign.create_job(id, 'roofing', 'scheduled', external_id => 'open-' || first_name) FROM campaign.contacts WHERE first_name IN ('Gil', 'Hal', 'Ida', 'Jim');
SELECT campaign.create_job(id, 'hvac', 'completed') FROM campaign.contacts WHERE first_name IN ('Gil', 'Hal', 'Ida', 'Jim');
SELECT campaign.create_job(id, 'hvac', 'completed', external_id => 'second-' || first_name) FROM campaign.contacts WHERE first_name IN ('Gil', 'Hal', 'Ida', 'Jim');
\o
SELECT r.outcome, r.reason FROM campaign.jobs j, LATERAL campaign.enroll(:'everything', j.contact_id, j.id) r WHERE j.external_id = 'open-Gil';
SELECT k.first_name AS contact, j.external_id AS job, x.policy, x.resolution FROM campaign.enrollment_conflicts x JOIN campaign.jobs j ON j.id = x.job_id JOIN campaign.contacts k ON k.id = x.contact_id
WHERE x.policy = 'queue' ORDER BY x.id;
-- meanwhile
UPDATE campaign.jobs SET status = 'do_not_send' WHERE external_id = 'second-Gil';
UPDATE campaign.jobs SET status = 'scheduled' WHERE external_id = 'second-Hal';
DELETE FROM campaign.jobs WHERE external_id = 'second-Ida';
SELECT sum(campaign.stop_contact(id)) AS ended FROM campaign.contacts WHERE first_name IN ('Gil', 'Hal', 'Ida', 'Jim');
SELECT pg_temp.settle('2030-02-08 11:59') AS too_early;
SELECT pg_temp.settle('2030-02-08 12:01') AS settled;
SELECT k.first_name AS contact, j.external_id AS job, j.status, x.resolution, x.reason FROM campaign.enrollment_conflicts x JOIN campaign.jobs j ON j.id = x.job_id JOIN campaign.contacts k ON k.id = x.contact_id
WHERE x.policy = 'queue' ORDER BY x.id;
-- the one whose job is completed, and nobody else
SELECT k.first_name AS contact, j.external_id AS job FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id LEFT JOIN campaign.jobs j ON j.id = e.job_id
WHERE e.status = 'active' AND k.first_name IN ('Gil', 'Hal', 'Ida', 'Jim');
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'ann', 'defenr-ann');
SELECT campaign.revoke_access('regress_defenr_ann');
\o
DROP OWNED BY regress_defenr_ann;
DROP ROLE regress_defenr_ann;
