-- Campaign templates: seven presets, and those that tenants save.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
\set SHOW_CONTEXT never
CREATE ROLE regress_ct_ann;
CREATE ROLE regress_ct_vic;
CREATE ROLE regress_ct_bob;
SELECT campaign.create_tenant('Ann''s Plumbing', 'ct-ann', 'UTC', 'regress_ct_ann') AS ann \gset
SELECT campaign.create_tenant('Bob''s Roofs', 'ct-bob', 'UTC', 'regress_ct_bob') AS bob \gset
SELECT campaign.add_member(:'ann', 'regress_ct_vic', 'viewer');
SELECT campaign.grant_access(r, 'member') FROM unnest(ARRAY['regress_ct_ann', 'regress_ct_vic', 'regress_ct_bob']) r;

--
-- The presets
--
SET ROLE regress_ct_ann;
SELECT id, name, is_system, default_config ->> 'tone' AS tone, default_config ->> 'language' AS language
FROM campaign.campaign_templates WHERE seeded ORDER BY id;
SELECT t.name, s ->> 'step' AS step, s ->> 'channel' AS channel, s ->> 'delay_hours' AS hours, s ->> 'day_offset' AS days,
	coalesce(s ->> 'enabled', 'true') AS enabled, s ->> 'condition' AS condition, s ->> 'needs_pdf' AS pdf
FROM campaign.campaign_templates t, jsonb_array_elements(t.template_config) WITH ORDINALITY e(s, n)
WHERE t.seeded ORDER BY t.id, n;
-- none of them overrides its first delay by the service's
SELECT count(*) FROM campaign.campaign_templates, jsonb_array_elements(template_config) s
WHERE seeded AND (s ->> 'use_service_delay')::boolean;

--
-- A tenant saves, renames and deletes its own
--
INSERT INTO campaign.campaign_templates (tenant_id, name, description, template_config)
VALUES (:'ann', 'Ours', 'One email', '[{"channel": "email", "delay_hours": 2}]') RETURNING id AS ours \gset
SELECT name, template_config, default_config, is_system, seeded FROM campaign.campaign_templates WHERE id = :'ours';
UPDATE campaign.campaign_templates SET name = 'Mine', default_config = '{"tone": "casual"}' WHERE id = :'ours'
RETURNING name, updated_at > created_at AS touched;

--
-- What is refused
--
\set VERBOSITY sqlstate
INSERT INTO campaign.campaign_templates (tenant_id, name, template_config) VALUES (:'ann', 'x', '[]');
INSERT INTO campaign.campaign_templates (tenant_id, name, template_config) VALUES (:'ann', 'x', '[{"channel": "email", "subject": "Hi {{contact.frist_name}}"}]');
UPDATE campaign.campaign_templates SET template_config = '[{"channel": "email", "delay_hours": -1}]' WHERE id = :'ours';
INSERT INTO campaign.campaign_templates (tenant_id, name, template_config) VALUES (:'ann', 'x', NULL);
INSERT INTO campaign.campaign_templates (tenant_id, name, template_config, default_config) VALUES (:'ann', 'x', '[{"channel": "email"}]', '[]');
INSERT INTO campaign.campaign_templates (tenant_id, name, template_config) VALUES (:'ann', ' ', '[{"channel": "email"}]');
INSERT INTO campaign.campaign_templates (tenant_id, name, template_config) VALUES (:'ann', NULL, '[{"channel": "email"}]');
UPDATE campaign.campaign_templates SET default_config = jsonb_build_object('x', repeat('x', 65536)) WHERE id = :'ours';
UPDATE campaign.campaign_templates SET seeded = true WHERE id = :'ours';
UPDATE campaign.campaign_templates SET id = campaign.uuid_v7() WHERE id = :'ours';

--
-- The system's are used by everybody and changed by nobody
--
UPDATE campaign.campaign_templates SET name = 'x' WHERE is_system RETURNING name;
DELETE FROM campaign.campaign_templates WHERE is_system RETURNING name;
INSERT INTO campaign.campaign_templates (tenant_id, name, template_config) VALUES ('00000000-0000-0000-0000-000000000000', 'x', '[{"channel": "email"}]');
RESET ROLE;
UPDATE campaign.campaign_templates SET name = 'x' WHERE is_system;
DELETE FROM campaign.campaign_templates WHERE is_system;

--
-- Viewers read; another tenant's do not exist
--
SET ROLE regress_ct_vic;
SELECT name FROM campaign.campaign_templates WHERE tenant_id = :'ann';
UPDATE campaign.campaign_templates SET name = 'x' WHERE id = :'ours' RETURNING name;
DELETE FROM campaign.campaign_templates WHERE id = :'ours' RETURNING name;
INSERT INTO campaign.campaign_templates (tenant_id, name, template_config) VALUES (:'ann', 'x', '[{"channel": "email"}]');
SET ROLE regress_ct_bob;
SELECT name FROM campaign.campaign_templates WHERE tenant_id = :'ann';
UPDATE campaign.campaign_templates SET name = 'x' WHERE id = :'ours' RETURNING name;
INSERT INTO campaign.campaign_templates (tenant_id, name, template_config) VALUES (:'ann', 'x', '[{"channel": "email"}]');
SET ROLE regress_ct_ann;
DELETE FROM campaign.campaign_templates WHERE id = :'ours' RETURNING name;
\set VERBOSITY default

RESET ROLE;
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug LIKE 'ct-%' ORDER BY slug;
SELECT campaign.revoke_access(r) FROM unnest(ARRAY['regress_ct_ann', 'regress_ct_vic', 'regress_ct_bob']) r;
DROP ROLE regress_ct_ann, regress_ct_vic, regress_ct_bob;
