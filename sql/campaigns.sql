-- Campaigns: what all kinds have in common, and the only ways to change it.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
\set SHOW_CONTEXT never
CREATE ROLE regress_ca_ann;
CREATE ROLE regress_ca_eve;
CREATE ROLE regress_ca_vic;
CREATE ROLE regress_ca_bob;
SELECT campaign.create_tenant('Ann''s Plumbing', 'ca-ann', 'UTC', 'regress_ca_ann') AS ann \gset
SELECT campaign.create_tenant('Bob''s Roofs', 'ca-bob', 'UTC', 'regress_ca_bob') AS bob \gset
SELECT campaign.add_member(:'ann', 'regress_ca_eve', 'editor');
SELECT campaign.add_member(:'ann', 'regress_ca_vic', 'viewer');
SELECT campaign.grant_access(r, 'member')
FROM unnest(ARRAY['regress_ca_ann', 'regress_ca_eve', 'regress_ca_vic', 'regress_ca_bob']::name[]) r;
-- the functions of a kind make campaigns; here the superuser does
\set spring '00000000-0000-7000-8000-00000000ca01'
\set autumn '00000000-0000-7000-8000-00000000ca02'
\set winter '00000000-0000-7000-8000-00000000ca03'
\set roofs  '00000000-0000-7000-8000-00000000ca04'
INSERT INTO campaign.campaigns (tenant_id, id, kind, name, status, external_id) VALUES
	(:'ann', :'spring', 'outreach', 'Spring', 'draft', NULL),
	(:'ann', :'autumn', 'outreach', 'Autumn', 'paused', NULL),
	(:'ann', :'winter', 'outreach', 'Winter', 'ready', 'crm-7'),
	(:'bob', :'roofs', 'outreach', 'spring', 'draft', 'crm-7');

--
-- What a row can be
--
\set VERBOSITY terse
-- names are unique among the active campaigns of a tenant, ignoring case
INSERT INTO campaign.campaigns (tenant_id, kind, name) VALUES (:'ann', 'outreach', 'SPRING');
INSERT INTO campaign.campaigns (tenant_id, kind, name, external_id) VALUES (:'ann', 'outreach', 'Summer', 'crm-7');
INSERT INTO campaign.campaigns (tenant_id, kind, name) VALUES (:'ann', 'outreach', E' \t\n');
INSERT INTO campaign.campaigns (tenant_id, kind, name) VALUES (:'ann', 'outreach', repeat('x', 256));
INSERT INTO campaign.campaigns (tenant_id, kind, name) VALUES (:'ann', 'outreach', NULL);
INSERT INTO campaign.campaigns (tenant_id, kind, name, external_id) VALUES (:'ann', 'outreach', 'Summer', '');
INSERT INTO campaign.campaigns (tenant_id, kind, name) VALUES (:'ann', 'mailing', 'Summer');
-- defect 1 of the outreach reference: an empty status bypassed the state machine
INSERT INTO campaign.campaigns (tenant_id, kind, name, status) VALUES (:'ann', 'outreach', 'Summer', '');
INSERT INTO campaign.campaigns (tenant_id, kind, name, status) VALUES (:'ann', 'outreach', 'Summer', NULL);
INSERT INTO campaign.campaigns (tenant_id, kind, name, status) VALUES (:'ann', 'outreach', 'Summer', 'active');
-- archived by status and by date, or by neither
INSERT INTO campaign.campaigns (tenant_id, kind, name, status) VALUES (:'ann', 'outreach', 'Summer', 'archived');
INSERT INTO campaign.campaigns (tenant_id, kind, name, archived_at) VALUES (:'ann', 'outreach', 'Summer', '2030-01-01');
INSERT INTO campaign.campaigns (tenant_id, kind, name, is_active) VALUES (:'ann', 'outreach', 'Summer', false);
\set VERBOSITY default

--
-- What members may do by themselves: read, and edit three columns
--
SET ROLE regress_ca_eve;
SELECT name, kind, status, is_active, external_id FROM campaign.campaigns ORDER BY name;
UPDATE campaign.campaigns SET name = 'Spring Cleaning', description = 'Pipes', external_id = 'crm-8'
WHERE id = :'spring' RETURNING name, description, external_id, updated_at >= created_at AS touched;
UPDATE campaign.campaigns SET name = 'winter' WHERE id = :'spring';
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
UPDATE campaign.campaigns SET status = 'ready' WHERE id = :'spring';
\echo :LAST_ERROR_SQLSTATE
UPDATE campaign.campaigns SET archived_at = now() WHERE id = :'spring';
UPDATE campaign.campaigns SET kind = 'tabletop' WHERE id = :'spring';
UPDATE campaign.campaigns SET tenant_id = :'bob' WHERE id = :'spring';
UPDATE campaign.campaigns SET created_by = 'somebody' WHERE id = :'spring';
INSERT INTO campaign.campaigns (tenant_id, kind, name) VALUES (:'ann', 'outreach', 'Mine');
DELETE FROM campaign.campaigns WHERE id = :'spring';
TRUNCATE campaign.campaigns;
SELECT campaign.lock_campaign(:'spring', ARRAY[:'ann'::uuid], true);
\set VERBOSITY default
-- another tenant's campaigns do not exist, a viewer edits nothing
SET ROLE regress_ca_bob;
SELECT name FROM campaign.campaigns;
UPDATE campaign.campaigns SET name = 'Hijacked' WHERE id = :'spring' RETURNING name;
SET ROLE regress_ca_vic;
SELECT count(*) FROM campaign.campaigns;
UPDATE campaign.campaigns SET name = 'Viewed' WHERE id = :'spring' RETURNING name;
RESET ROLE;

--
-- Through the life cycle
--
SET ROLE regress_ca_eve;
SELECT campaign.transition_campaign(:'winter', 'draft', 'wrong season');
-- defect 21 of the multi-touch reference: a status that one side did not know
SELECT campaign.transition_campaign(:'winter', 'active');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.transition_campaign(:'winter', '');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.transition_campaign(:'winter', NULL);
\echo :LAST_ERROR_SQLSTATE
-- the canonical illegal step
SELECT campaign.transition_campaign(:'winter', 'review');
\echo :LAST_ERROR_SQLSTATE
-- a step to where it is already is no step: somebody else took it
SELECT campaign.transition_campaign(:'winter', 'draft');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.transition_campaign(:'autumn', 'completed', reason => 'season over');
-- the reason is the function's parameter, or else the transaction's setting, and does not stay
BEGIN;
SET LOCAL campaign.transition_reason = 'clean-up';
SELECT campaign.transition_campaign(:'autumn', 'archived');
SHOW campaign.transition_reason;
COMMIT;
SHOW campaign.transition_reason;
SELECT name, status, is_active, archived_at IS NOT NULL AS archived FROM campaign.campaigns WHERE id = :'autumn';
SELECT campaign.transition_campaign(:'autumn', 'paused');
\echo :LAST_ERROR_SQLSTATE
SELECT c.name, l.from_state, l.to_state, l.actor, l.reason
FROM campaign.life_cycle_log l JOIN campaign.campaigns c ON c.tenant_id = l.tenant_id AND c.id = l.entity_id
WHERE l.machine = 'outreach' ORDER BY l.id;
-- an archived campaign frees its name
UPDATE campaign.campaigns SET name = 'autumn' WHERE id = :'winter' RETURNING name;
-- what is not there, or not one's own to change, does not exist
SELECT campaign.transition_campaign(NULL, 'ready');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.transition_campaign(:'roofs', 'archived');
\echo :LAST_ERROR_SQLSTATE
SET ROLE regress_ca_bob;
SELECT campaign.transition_campaign(:'spring', 'archived');
SELECT campaign.delete_campaign(:'spring');
SELECT campaign.purge_campaign(:'autumn');
SET ROLE regress_ca_vic;
SELECT campaign.transition_campaign(:'spring', 'archived');
SELECT campaign.delete_campaign(:'spring');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

--
-- Delete is soft and for drafts; purge is hard, for owners, and never of history
--
SET ROLE regress_ca_eve;
SELECT campaign.delete_campaign(:'spring');
SELECT status, is_active FROM campaign.campaigns WHERE id = :'spring';
SELECT campaign.delete_campaign(:'spring');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.delete_campaign(NULL);
\echo :LAST_ERROR_SQLSTATE
-- an editor does not purge
SELECT campaign.purge_campaign(:'spring');
\echo :LAST_ERROR_SQLSTATE
SET ROLE regress_ca_ann;
SELECT campaign.purge_campaign(:'winter');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.purge_campaign(NULL);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
-- defect 16 of the multi-touch reference: deleting a campaign cascaded away its history
CREATE TABLE ca_child (tenant_id uuid, campaign_id uuid,
	FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.campaigns (tenant_id, id) ON DELETE CASCADE);
CREATE TABLE ca_history (tenant_id uuid, campaign_id uuid,
	CONSTRAINT ca_history_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.campaigns (tenant_id, id));
INSERT INTO ca_child VALUES (:'ann', :'spring'), (:'ann', :'autumn');
INSERT INTO ca_history VALUES (:'ann', :'autumn');
SET ROLE regress_ca_ann;
\set VERBOSITY terse
SELECT campaign.purge_campaign(:'autumn');
\set VERBOSITY default
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.purge_campaign(:'spring');
RESET ROLE;
SELECT c.name, (SELECT count(*) FROM ca_child h WHERE h.campaign_id = c.id) AS children
FROM campaign.campaigns c WHERE c.tenant_id = :'ann' ORDER BY c.id;
DO $$
DECLARE
	h text; t text; c text;
BEGIN
	PERFORM campaign.purge_campaign('00000000-0000-7000-8000-00000000ca02');
EXCEPTION WHEN foreign_key_violation THEN
	GET STACKED DIAGNOSTICS h = PG_EXCEPTION_HINT, t = TABLE_NAME, c = CONSTRAINT_NAME;
	RAISE WARNING '% (%, %)', h, t, c;
END
$$;
-- the log tells of the purged one still
SELECT from_state, to_state, actor, reason FROM campaign.life_cycle_log WHERE entity_id = :'spring' ORDER BY id;
-- a whole tenant goes with all it has
DELETE FROM ca_history;
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug LIKE 'ca-%' ORDER BY slug;
SELECT count(*) FROM campaign.campaigns WHERE tenant_id IN (:'ann', :'bob');
SELECT count(*) FROM campaign.life_cycle_log WHERE tenant_id IN (:'ann', :'bob');

-- a role of no level is not let near
CREATE ROLE regress_ca_none;
SET ROLE regress_ca_none;
SELECT campaign.transition_campaign(:'autumn', 'archived');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

DROP TABLE ca_child, ca_history;
SELECT campaign.revoke_access(r)
FROM unnest(ARRAY['regress_ca_ann', 'regress_ca_eve', 'regress_ca_vic', 'regress_ca_bob']::name[]) r;
DROP ROLE regress_ca_ann, regress_ca_eve, regress_ca_vic, regress_ca_bob, regress_ca_none;
