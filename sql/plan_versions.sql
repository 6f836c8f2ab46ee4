-- Plan versions: editing the steps of a campaign in which people already are.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_plan_ann;
CREATE ROLE regress_plan_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
\o /dev/null
SELECT campaign.grant_access('regress_plan_ann', 'member'), campaign.grant_access('regress_plan_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'plan-acme', 'UTC', 'regress_plan_ann') AS acme \gset
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
UPDATE campaign.tenants SET min_gap = '0' WHERE id = :'acme';
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_plan_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) VALUES (:'acme', 'Bob', 'bob@x.example', '+12125550100') RETURNING id AS bob \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) VALUES (:'acme', 'Cleo', 'cleo@x.example', '+12125550101') RETURNING id AS cleo \gset

--
-- A document is projected into touches: disabled steps have none, and each channel has a lane
--
SELECT campaign.create_campaign(:'acme', 'Follow up', '[
	{"channel": "email", "label": "First", "subject": "One", "body_text": "x", "delay_hours": 24},
	{"channel": "email", "label": "Left out", "subject": "No", "body_text": "x", "enabled": false},
	{"channel": "call_script", "label": "Ring", "body_text": "x", "day_offset": 2},
	{"channel": "email", "label": "Last", "subject": "Three", "body_text": "x", "delay_hours": 1.5}]', 'contacts') AS c \gset
CREATE TEMP VIEW plan AS
	SELECT plan_version, touch_number AS touch, step, label, channel, delay FROM campaign.campaign_touches ORDER BY plan_version, touch_number;
TABLE plan;
SELECT lane, channel, paused FROM campaign.lanes ORDER BY lane;
-- in draft an edit makes a version, too
SELECT campaign.revise_campaign(:'c', '[
	{"channel": "email", "label": "First", "subject": "One", "body_text": "x", "delay_hours": 24},
	{"channel": "call", "label": "Ring", "body_text": "x", "delay_hours": 48},
	{"channel": "email", "label": "Last", "subject": "Three", "body_text": "x", "delay_hours": 24}]');
SELECT campaign.launch_campaign(:'c');
SELECT plan_version FROM campaign.outreach_campaigns WHERE campaign_id = :'c';

--
-- Enrolments keep the plan that they started with
--
SELECT outcome FROM campaign.enroll(:'c', :'bob', anchor_at => '2030-01-09 10:00');
SET ROLE regress_plan_worker;
SELECT r.result, r.next_due_at FROM campaign.claim_due_touches('worker 1') c, LATERAL campaign.complete_touch(c.lease_token) r;
SET ROLE regress_plan_ann;
-- the second step goes, the last one becomes the second and comes sooner, a channel is new
SELECT campaign.revise_campaign(:'c', '[
	{"channel": "email", "label": "First", "subject": "New", "body_text": "x"},
	{"channel": "linkedin_message", "label": "New last", "body_text": "x", "delay_hours": 1}]');
SELECT outcome FROM campaign.enroll(:'c', :'cleo', anchor_at => '2030-01-09 10:00');
SELECT k.first_name, e.plan_version, t.touch_number, t.channel, t.label, t.status, t.scheduled_at
FROM campaign.enrollment_touches t
	JOIN campaign.campaign_enrollments e ON e.id = t.enrollment_id JOIN campaign.contacts k ON k.id = t.contact_id
ORDER BY 1, 3;
SELECT lane, channel, paused FROM campaign.lanes ORDER BY lane;
-- and each runs to its end by its own plan
RESET ROLE;
SELECT pg_temp.at_time('2030-01-20 12:00');
SET ROLE regress_plan_worker;
SELECT c.contact_id = :'bob' AS bob, c.channel, c.subject, r.enrollment_status FROM campaign.claim_due_touches('worker 1') c, LATERAL campaign.complete_touch(c.lease_token) r ORDER BY 1;
SELECT c.contact_id = :'bob' AS bob, c.channel, c.subject, r.enrollment_status FROM campaign.claim_due_touches('worker 1') c, LATERAL campaign.complete_touch(c.lease_token) r ORDER BY 1;
SELECT c.contact_id = :'bob' AS bob, c.channel, c.subject, r.enrollment_status FROM campaign.claim_due_touches('worker 1') c, LATERAL campaign.complete_touch(c.lease_token) r ORDER BY 1;
SET ROLE regress_plan_ann;
SELECT k.first_name, e.status, l.plan_version, string_agg(l.touch_number || ' ' || l.channel || ' ' || l.status, ', ' ORDER BY l.id) AS log
FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id JOIN campaign.send_logs l ON l.enrollment_id = e.id
GROUP BY 1, 2, 3 ORDER BY 1;
TABLE plan;

--
-- A new version is as good as the first: its documents are checked, its texts and its channels
--
\set VERBOSITY terse
SELECT campaign.revise_campaign(:'c', '[]');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.revise_campaign(:'c', '{"channel": "email"}');
SELECT campaign.revise_campaign(:'c', '[{"channel": "pigeon", "body_text": "x"}]');
SELECT campaign.revise_campaign(:'c', '[{"channel": "call", "label": "Ring"}]');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.revise_campaign(:'c', NULL);
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT max(plan_version) FROM campaign.campaign_touches;
SELECT plan_version FROM campaign.outreach_campaigns;
-- in a paused campaign, too; texts are asked for when it goes on
SELECT campaign.pause_campaign(:'c');
SELECT campaign.revise_campaign(:'c', '[{"channel": "call", "label": "Ring"}]');
SELECT paused, count(*) FROM campaign.lanes GROUP BY 1;
\set VERBOSITY terse
SELECT campaign.resume_campaign(:'c', spread => '0');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT campaign.revise_campaign(:'c', '[{"channel": "call", "label": "Ring", "body_text": "x"}]');
SELECT campaign.resume_campaign(:'c', spread => '0');
-- not when it is over
SELECT campaign.transition_campaign(:'c', 'completed');
SELECT campaign.revise_campaign(:'c', '[{"channel": "call", "body_text": "x"}]');
\echo :LAST_ERROR_SQLSTATE
-- nor from the generation to the export: the messages are of the plan that they were written for
RESET ROLE;
CREATE FUNCTION pg_temp.set_status(campaign uuid, wanted text) RETURNS void LANGUAGE sql SECURITY DEFINER SET session_replication_role = replica
	AS $$ UPDATE campaign.campaigns SET status = wanted WHERE id = campaign $$;
CREATE FUNCTION pg_temp.revised_in(campaign uuid, wanted text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.set_status(campaign, wanted);
	RETURN 'version ' || campaign.revise_campaign(campaign, '[{"channel": "call", "body_text": "x"}]');
EXCEPTION WHEN SQLSTATE 'CP002' THEN
	RETURN SQLERRM;
END $$;
SET ROLE regress_plan_ann;
SELECT pg_temp.revised_in(:'c', s) FROM unnest('{generating,review,approved,exported,completed}'::text[]) s;
SELECT plan_version FROM campaign.outreach_campaigns WHERE campaign_id = :'c';

--
-- Nobody edits the plan by hand
--
UPDATE campaign.campaign_touches SET delay = '0';
\echo :LAST_ERROR_SQLSTATE
UPDATE campaign.outreach_campaigns SET template_config = '[{"channel": "email"}]';
\echo :LAST_ERROR_SQLSTATE
UPDATE campaign.outreach_campaigns SET plan_version = 1;
\echo :LAST_ERROR_SQLSTATE

--
-- From a template: a copy, which later changes of the template leave alone
--
INSERT INTO campaign.campaign_templates (tenant_id, name, description, template_config)
VALUES (:'acme', 'Mine', 'What we always do', '[{"channel": "email", "subject": "x", "body_text": "x"}]') RETURNING id AS mine \gset
SELECT campaign.create_campaign_from_template(:'mine', 'From mine') AS from_mine \gset
SELECT c.name, c.description, c.status, o.audience, o.service_type, o.template_config FROM campaign.campaigns c JOIN campaign.outreach_campaigns o ON o.campaign_id = c.id WHERE c.id = :'from_mine';
DELETE FROM campaign.campaign_templates WHERE id = :'mine';
SELECT count(*) FROM campaign.campaign_touches WHERE campaign_id = :'from_mine';
-- the presets: conservative, standard, aggressive
SELECT campaign.create_campaign_from_template(id, name) IS NOT NULL AS created FROM campaign.campaign_templates WHERE is_system ORDER BY id;
SELECT c.name, t.touch_number AS touch, t.channel, t.delay, t.use_service_delay
FROM campaign.campaigns c JOIN campaign.campaign_touches t ON t.campaign_id = c.id
WHERE c.name IN ('Conservative', 'Standard', 'Aggressive') ORDER BY array_position('{Conservative,Standard,Aggressive}', c.name), t.touch_number;
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'plan-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_plan_ann,regress_plan_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP OWNED BY regress_plan_ann;
DROP ROLE regress_plan_ann, regress_plan_worker;
