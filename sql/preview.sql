-- Preview: when would each touch of a document go out.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'America/New_York';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_preview_ann;
CREATE ROLE regress_preview_eve;
CREATE ROLE regress_preview_worker;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_preview_ann,regress_preview_eve}'::name[]) r;
SELECT campaign.grant_access('regress_preview_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'preview-acme', 'America/New_York', 'regress_preview_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'preview-eve', 'UTC', 'regress_preview_eve') AS eve \gset
\o
SET ROLE regress_preview_ann;

--
-- A preset, after a job that was completed late in the evening: nothing goes out between nine and
-- eight, and what was moved moves nothing that follows
--
SELECT template_config AS aggressive FROM campaign.campaign_templates WHERE is_system AND name = 'Aggressive' \gset
SELECT touch_number AS touch, channel, label, scheduled_at, due_at
FROM campaign.preview_schedule(:'aggressive', '2030-01-07 20:30', 'America/New_York');
-- a contact in Los Angeles is written to when it is eight there
SELECT touch_number AS touch, scheduled_at, due_at, due_at AT TIME ZONE 'America/Los_Angeles' AS there
FROM campaign.preview_schedule(:'aggressive', '2030-01-07 20:30', 'America/Los_Angeles');
-- without a time zone by UTC, or by the tenant's
SELECT touch_number AS touch, scheduled_at, due_at FROM campaign.preview_schedule(:'aggressive', '2030-01-07 20:30') WHERE touch_number = 1;
SELECT touch_number AS touch, scheduled_at, due_at FROM campaign.preview_schedule(:'aggressive', '2030-01-07 20:30', tenant => :'acme') WHERE touch_number = 1;
-- as the engine goes on with a zone that the server does not know
SELECT touch_number AS touch, scheduled_at, due_at FROM campaign.preview_schedule(:'aggressive', '2030-01-07 20:30', 'Mars/Olympus', :'acme') WHERE touch_number = 1;

--
-- A day is 24 hours, also when the clocks go forward: March 10, 2030
--
SELECT touch_number AS touch, scheduled_at, due_at FROM campaign.preview_schedule(
	'[{"channel": "email", "delay_hours": 0}, {"channel": "email", "delay_hours": 24}, {"channel": "email", "day_offset": 1}]', '2030-03-09 20:30', 'America/New_York');

--
-- A tenant's own hours, holidays, gaps and limits
--
UPDATE campaign.tenants SET quiet_from = '18:00', quiet_until = '09:30', min_gap = '2 hours' WHERE id = :'acme';
INSERT INTO campaign.blackout_dates (tenant_id, day, name) VALUES (:'acme', '2030-01-09', 'Closed');
\set burst '[{"channel": "email", "label": "A"}, {"channel": "call", "label": "B"}, {"channel": "email", "label": "C"}, {"channel": "email", "label": "D", "delay_hours": 24}]'
SELECT touch_number AS touch, channel, label, scheduled_at, due_at FROM campaign.preview_schedule(:'burst', '2030-01-07 14:00', tenant => :'acme');
-- between two touches of one channel, too
SELECT campaign.set_send_limit(:'acme', 'email', 100, contact_interval => '6 hours');
SELECT touch_number AS touch, channel, due_at FROM campaign.preview_schedule(:'burst', '2030-01-07 10:00', tenant => :'acme');
-- no hour of the day is left
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '24:00' WHERE id = :'acme';
SELECT touch_number AS touch, scheduled_at, due_at FROM campaign.preview_schedule(:'burst', '2030-01-07 14:00', tenant => :'acme');
-- none is quiet
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE id = :'acme';
SELECT touch_number AS touch, scheduled_at, due_at FROM campaign.preview_schedule(:'burst', '2030-01-07 23:00', tenant => :'acme');

--
-- The delay of the service, where the first step says so; steps that are off have no touch
--
\set service '[{"channel": "email", "delay_hours": 1, "use_service_delay": true}, {"channel": "call", "enabled": false}, {"channel": "call", "delay_hours": 1}]'
SELECT touch_number AS touch, channel, scheduled_at FROM campaign.preview_schedule(:'service', '2030-01-07 10:00', service_type => 'plumbing');
UPDATE campaign.service_types SET first_touch_delay = '3 hours' WHERE tenant_id = :'acme' AND service_type = 'plumbing';
SELECT touch_number AS touch, channel, scheduled_at FROM campaign.preview_schedule(:'service', '2030-01-07 10:00', NULL, :'acme', 'plumbing');
SELECT touch_number AS touch, channel, scheduled_at FROM campaign.preview_schedule(:'service', '2030-01-07 10:00', NULL, :'acme');

--
-- What is refused
--
\set VERBOSITY terse
SELECT * FROM campaign.preview_schedule('[]', '2030-01-07');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.preview_schedule(NULL, '2030-01-07');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.preview_schedule('[{"channel": "pigeon"}]', '2030-01-07');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.preview_schedule(:'burst', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.preview_schedule(:'burst', 'infinity');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY sqlstate
SELECT * FROM campaign.preview_schedule(:'burst', '2030-01-07', NULL, :'eve');
SET ROLE regress_preview_worker;
SELECT * FROM campaign.preview_schedule(:'burst', '2030-01-07');
\set VERBOSITY default
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'preview-acme'), campaign.delete_tenant(:'eve', 'preview-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_preview_ann,regress_preview_eve,regress_preview_worker}'::name[]) r;
\o
DROP ROLE regress_preview_ann, regress_preview_eve, regress_preview_worker;
