-- Copies: clones of campaigns, campaigns saved as templates, the tenant's own copies of system templates.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
\set SHOW_CONTEXT never
CREATE ROLE regress_cc_ann;
CREATE ROLE regress_cc_vic;
CREATE ROLE regress_cc_bob;
SELECT campaign.create_tenant('Ann', 'cc-ann', 'UTC', 'regress_cc_ann') AS ann \gset
SELECT campaign.create_tenant('Bob', 'cc-bob', 'UTC', 'regress_cc_bob') AS bob \gset
SELECT campaign.add_member(:'ann', 'regress_cc_vic', 'viewer');
SELECT campaign.grant_access(r, 'member') FROM unnest(ARRAY['regress_cc_ann', 'regress_cc_vic', 'regress_cc_bob']) r;

--
-- A clone has everything that is design, and nothing that is run
--
SET ROLE regress_cc_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'ann', 'Zoe', 'zoe@example.com') RETURNING id AS zoe \gset
SELECT campaign.create_campaign(:'ann', 'Spring', '[
	{"channel": "email", "subject": "Hi", "body_text": "Hi", "variant_count": 2},
	{"channel": "sms", "enabled": false, "label": "Not yet"},
	{"channel": "call_script", "day_offset": 3, "body_text": "Ask."}]', 'contacts', 'roofing', 'Roofs in spring', 'crm-1') AS spring \gset
UPDATE campaign.outreach_campaigns SET language = 'de', max_attempts = 7, resume_policy = 'shift', owner_member = 'somebody' WHERE campaign_id = :'spring';
SELECT campaign.configure_campaign(:'spring', '{"tone": "bold", "variant_count": 2}', '{"from_name": "Ann"}');
SELECT campaign.launch_campaign(:'spring');
SELECT outcome FROM campaign.enroll(:'spring', :'zoe');
SELECT campaign.clone_campaign(:'spring') AS clone \gset
SELECT c.name, c.description, c.status, c.external_id, c.created_by, o.audience, o.service_type, o.plan_version, o.max_attempts, o.language, o.resume_policy,
	o.owner_member, o.generation_config, o.sender_config
FROM campaign.campaigns c JOIN campaign.outreach_campaigns o ON o.campaign_id = c.id WHERE c.id = :'clone';
SELECT d.template_config = s.template_config AS same_steps FROM campaign.outreach_campaigns s, campaign.outreach_campaigns d
WHERE s.campaign_id = :'spring' AND d.campaign_id = :'clone';
SELECT touch_number, step, channel, label, body, variant_count FROM campaign.campaign_touches WHERE campaign_id = :'clone' ORDER BY 1;
SELECT count(*) AS enrolled FROM campaign.campaign_enrollments WHERE campaign_id = :'clone';
SELECT campaign.launch_campaign(:'clone');

-- Names: the first that is free, ignoring case; those of archived campaigns are.
SELECT campaign.clone_campaign(:'spring') AS second \gset
SELECT campaign.clone_campaign(:'clone') AS copy_of_copy \gset
UPDATE campaign.campaigns SET name = 'SPRING (COPY) (3)' WHERE id = :'copy_of_copy';
SELECT campaign.clone_campaign(:'spring') AS fourth \gset
SELECT campaign.delete_campaign(:'second');
SELECT campaign.clone_campaign(:'spring') AS second_again \gset
SELECT campaign.clone_campaign(:'second') AS of_archived \gset
SELECT name, status FROM campaign.campaigns WHERE tenant_id = :'ann' ORDER BY id;
UPDATE campaign.campaigns SET name = repeat('é', 255) WHERE id = :'fourth';
SELECT campaign.clone_campaign(:'fourth') IS NOT NULL AND campaign.clone_campaign(:'fourth') IS NOT NULL AS cloned;
SELECT left(name, 3), length(name), right(name, 12) FROM campaign.campaigns WHERE tenant_id = :'ann' AND name LIKE 'ééé%' ORDER BY id;
-- Or a name that is given.
SELECT campaign.clone_campaign(:'spring', 'Summer') AS summer \gset
SELECT name FROM campaign.campaigns WHERE id = :'summer';
\set VERBOSITY terse
SELECT campaign.clone_campaign(:'spring', 'summer');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.clone_campaign(:'spring', ' ');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
-- The steps of a clone are those that the campaign has now.
SELECT campaign.revise_campaign(:'spring', '[{"channel": "email", "subject": "Hi", "body_text": "Hello"}]');
SELECT campaign.clone_campaign(:'spring', 'Revised') AS revised \gset
SELECT plan_version, template_config FROM campaign.outreach_campaigns WHERE campaign_id = :'revised';

--
-- Saved as a template: steps and settings of generation
--
SELECT campaign.save_as_template(:'clone') AS saved \gset
SELECT name, description, template_config, default_config, is_system, version, copied_from FROM campaign.campaign_templates WHERE id = :'saved';
SELECT campaign.save_as_template(:'clone', 'Ours') AS ours \gset
SELECT campaign.save_as_template(:'clone') IS NOT NULL AS twice;
\set VERBOSITY terse
SELECT campaign.save_as_template(:'clone', '');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT campaign.save_as_template(:'fourth') AS long_name \gset
SELECT length(name), right(name, 10) FROM campaign.campaign_templates WHERE id = :'long_name';
SELECT campaign.create_campaign_from_template(:'ours', 'From ours') AS from_ours \gset
SELECT d.template_config = s.template_config AND d.generation_config::jsonb = s.generation_config::jsonb AS same, d.sender_config
FROM campaign.outreach_campaigns s, campaign.outreach_campaigns d WHERE s.campaign_id = :'clone' AND d.campaign_id = :'from_ours';

--
-- A tenant's own copy of a system template
--
SELECT campaign.clone_campaign_template('00000000-0000-8000-8003-000000000004') AS mine \gset
SELECT campaign.clone_campaign_template(:'mine') AS mine_too \gset
SELECT campaign.clone_campaign_template(:'ours', 'Ours, again', :'ann') AS ours_too \gset
SELECT name, is_system, version, copied_from, copied_version FROM campaign.campaign_templates WHERE id IN (:'mine', :'mine_too', :'ours_too') ORDER BY id;
SELECT m.description = s.description AND m.template_config = s.template_config AND m.default_config = s.default_config AS same
FROM campaign.campaign_templates m, campaign.campaign_templates s WHERE m.id = :'mine' AND s.id = m.copied_from;
-- nothing newer is there
SELECT * FROM campaign.campaign_template_upgrades;
SELECT campaign.upgrade_campaign_template(:'mine');
-- a new name is no change; a change is one once
UPDATE campaign.campaign_templates SET name = 'Mine' WHERE id = :'mine';
UPDATE campaign.campaign_templates SET name = 'Mine too', description = 'Changed' WHERE id = :'mine_too';
UPDATE campaign.campaign_templates SET description = 'Changed', default_config = default_config WHERE id = :'mine_too';
SELECT name, version, copied_version FROM campaign.campaign_templates WHERE id IN (:'mine', :'mine_too') ORDER BY id;
RESET ROLE;

-- the next version of the extension changes the system template
BEGIN;
ALTER TABLE campaign.campaign_templates DISABLE TRIGGER protect_seeded;
UPDATE campaign.campaign_templates SET template_config = template_config - 4, default_config = '{"tone": "casual", "language": "en"}'
WHERE id = '00000000-0000-8000-8003-000000000004';
ALTER TABLE campaign.campaign_templates ENABLE TRIGGER protect_seeded;
SET ROLE regress_cc_ann;
SELECT name, copied_name, copied_version, newest_version, is_changed FROM campaign.campaign_template_upgrades ORDER BY template;
SELECT campaign.upgrade_campaign_template(:'mine');
SELECT name, jsonb_array_length(template_config) AS steps, default_config, version, copied_version FROM campaign.campaign_templates WHERE id = :'mine';
SELECT campaign.upgrade_campaign_template(:'mine');
SAVEPOINT refused;
SELECT campaign.upgrade_campaign_template(:'mine_too');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO refused;
SELECT campaign.upgrade_campaign_template(:'mine_too', force => true);
SELECT name, description LIKE 'Invitation%' AS description, jsonb_array_length(template_config) AS steps, version, copied_version FROM campaign.campaign_templates WHERE id = :'mine_too';
SELECT count(*) FROM campaign.campaign_template_upgrades;
-- changes are given up by force also where nothing is newer
UPDATE campaign.campaign_templates SET template_config = '[{"channel": "email"}]' WHERE id = :'mine';
SELECT campaign.upgrade_campaign_template(:'mine'), campaign.upgrade_campaign_template(:'mine', true);
SELECT jsonb_array_length(template_config) AS steps, version, copied_version FROM campaign.campaign_templates WHERE id = :'mine';
-- two changes of its own, and the system's third version: the copy is at it, and unchanged
UPDATE campaign.campaign_templates SET description = 'x' WHERE id = :'mine';
RESET ROLE;
ALTER TABLE campaign.campaign_templates DISABLE TRIGGER protect_seeded;
UPDATE campaign.campaign_templates SET description = 'Three' WHERE id = '00000000-0000-8000-8003-000000000004';
ALTER TABLE campaign.campaign_templates ENABLE TRIGGER protect_seeded;
SET ROLE regress_cc_ann;
SELECT campaign.upgrade_campaign_template(:'mine', true);
SELECT description, version, copied_version FROM campaign.campaign_templates WHERE id = :'mine';
RESET ROLE;
ROLLBACK;

--
-- What is refused
--
SET ROLE regress_cc_ann;
SELECT campaign.upgrade_campaign_template(:'ours');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.upgrade_campaign_template('00000000-0000-8000-8003-000000000004');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.upgrade_campaign_template(NULL);
SELECT campaign.clone_campaign_template(NULL);
\set VERBOSITY terse
SELECT campaign.clone_campaign_template('00000000-0000-8000-8003-000000000004', ' ');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
SELECT campaign.clone_campaign(NULL);
SELECT campaign.save_as_template(NULL);
UPDATE campaign.campaign_templates SET version = 1;
UPDATE campaign.campaign_templates SET copied_from = NULL;
-- a disabled step whose text is gone
INSERT INTO campaign.message_templates (tenant_id, channel, name, subject, body) VALUES (:'ann', 'email', 'Gone', 'x', 'x') RETURNING id AS gone \gset
SELECT campaign.create_campaign(:'ann', 'Half', jsonb_build_array('{"channel": "sms"}'::jsonb, jsonb_build_object('channel', 'email', 'template_id', :'gone', 'enabled', false))) AS half \gset
DELETE FROM campaign.message_templates WHERE id = :'gone';
\set VERBOSITY sqlstate
SELECT campaign.clone_campaign(:'half');
-- viewers, and others
SET ROLE regress_cc_vic;
SELECT campaign.clone_campaign(:'clone');
SELECT campaign.save_as_template(:'clone');
SELECT campaign.clone_campaign_template(:'ours');
SELECT campaign.clone_campaign_template('00000000-0000-8000-8003-000000000004', NULL, :'ann');
SELECT campaign.upgrade_campaign_template(:'mine');
SET ROLE regress_cc_bob;
SELECT campaign.clone_campaign(:'clone');
SELECT campaign.save_as_template(:'clone');
SELECT campaign.clone_campaign_template(:'ours');
SELECT campaign.clone_campaign_template('00000000-0000-8000-8003-000000000004', NULL, :'ann');
SELECT campaign.upgrade_campaign_template(:'mine');
SELECT campaign.clone_campaign_template('00000000-0000-8000-8003-000000000006') AS bobs \gset
SELECT name FROM campaign.campaign_templates WHERE tenant_id = :'bob';
\set VERBOSITY default
RESET ROLE;

SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug LIKE 'cc-%' ORDER BY slug;
SELECT campaign.revoke_access(r) FROM unnest(ARRAY['regress_cc_ann', 'regress_cc_vic', 'regress_cc_bob']) r;
DROP ROLE regress_cc_ann, regress_cc_vic, regress_cc_bob;
