-- Service types: a tenant begins with copies of the eight, and makes them its own.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
\set SHOW_CONTEXT never
CREATE ROLE regress_st_ann;
CREATE ROLE regress_st_vic;
CREATE ROLE regress_st_bob;
SELECT campaign.create_tenant('Ann''s Plumbing', 'st-ann', 'UTC', 'regress_st_ann') AS ann \gset
SELECT campaign.create_tenant('Bob''s Roofs', 'st-bob', 'UTC', 'regress_st_bob') AS bob \gset
SELECT campaign.add_member(:'ann', 'regress_st_vic', 'viewer');
SELECT campaign.grant_access(r, 'member') FROM unnest(ARRAY['regress_st_ann', 'regress_st_vic', 'regress_st_bob']) r;

SET ROLE regress_st_ann;
SELECT service_type, name, first_touch_delay FROM campaign.service_types WHERE tenant_id = :'ann' ORDER BY service_type;

--
-- They are the tenant's to change and to add to
--
UPDATE campaign.service_types SET name = 'Pipes', first_touch_delay = NULL WHERE tenant_id = :'ann' AND service_type = 'plumbing';
INSERT INTO campaign.service_types (tenant_id, service_type, name, first_touch_delay) VALUES (:'ann', 'pool_care', 'Pool care', '6 hours');
DELETE FROM campaign.service_types WHERE tenant_id = :'ann' AND service_type = 'roofing';
SELECT service_type, name, first_touch_delay, updated_at > created_at AS touched
FROM campaign.service_types WHERE tenant_id = :'ann' AND service_type IN ('plumbing', 'pool_care', 'roofing') ORDER BY service_type;
-- within limits
INSERT INTO campaign.service_types (tenant_id, service_type, name) VALUES (:'ann', 'Pool Care', 'x');
INSERT INTO campaign.service_types (tenant_id, service_type, name) VALUES (:'ann', 'pool', ' ');
INSERT INTO campaign.service_types (tenant_id, service_type, name, first_touch_delay) VALUES (:'ann', 'pool', 'x', '-1 hour');
INSERT INTO campaign.service_types (tenant_id, service_type, name, first_touch_delay) VALUES (:'ann', 'pool', 'x', '400 days');
-- its key stays, since jobs and templates name it
UPDATE campaign.service_types SET service_type = 'pipes' WHERE tenant_id = :'ann' AND service_type = 'plumbing';
-- one that a template names stays
INSERT INTO campaign.message_templates (tenant_id, channel, service_type, name, body) VALUES (:'ann', 'sms', 'pool_care', 'Pool', 'Hi');
DELETE FROM campaign.service_types WHERE tenant_id = :'ann' AND service_type = 'pool_care';
\echo :LAST_ERROR_SQLSTATE

--
-- The system tenant's are read by all and changed by none
--
SELECT count(*) FROM campaign.service_types WHERE tenant_id = '00000000-0000-0000-0000-000000000000';
UPDATE campaign.service_types SET name = 'x' WHERE tenant_id = '00000000-0000-0000-0000-000000000000' RETURNING service_type;
DELETE FROM campaign.service_types WHERE tenant_id = '00000000-0000-0000-0000-000000000000' RETURNING service_type;
INSERT INTO campaign.service_types (tenant_id, service_type, name) VALUES ('00000000-0000-0000-0000-000000000000', 'pool', 'x');
UPDATE campaign.service_types SET seeded = true WHERE tenant_id = :'ann';

--
-- Viewers read; another tenant's do not exist
--
SET ROLE regress_st_vic;
SELECT count(*) FROM campaign.service_types WHERE tenant_id = :'ann';
UPDATE campaign.service_types SET name = 'x' WHERE tenant_id = :'ann' RETURNING service_type;
INSERT INTO campaign.service_types (tenant_id, service_type, name) VALUES (:'ann', 'pool', 'x');
SET ROLE regress_st_bob;
SELECT count(*) FROM campaign.service_types WHERE tenant_id = :'ann';
INSERT INTO campaign.service_types (tenant_id, service_type, name) VALUES (:'ann', 'pool', 'x');

RESET ROLE;
UPDATE campaign.service_types SET name = 'x' WHERE seeded;
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug LIKE 'st-%' ORDER BY slug;
SELECT count(*) FROM campaign.service_types WHERE tenant_id IN (:'ann', :'bob');
SELECT campaign.revoke_access(r) FROM unnest(ARRAY['regress_st_ann', 'regress_st_vic', 'regress_st_bob']) r;
DROP ROLE regress_st_ann, regress_st_vic, regress_st_bob;
