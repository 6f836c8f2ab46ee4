-- Access levels: granted, recorded, taken back.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE ROLE regress_access_a;
CREATE ROLE "Regress Access B";

-- Whoever has no level has nothing, not even the schema.
SET ROLE regress_access_a;
SELECT campaign.uuid_v7();
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.tenants;
RESET ROLE;
SELECT count(*) AS open_to_public FROM pg_proc p
WHERE p.pronamespace = 'campaign'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE');

-- What a level consists of is data, and each of it can be granted.
SELECT level, count(*) > 3 AS has_privileges FROM campaign.access_privileges GROUP BY level ORDER BY level COLLATE "C";
SELECT campaign.grant_access('regress_access_a', 'member');
SELECT campaign.grant_access('regress_access_a', 'worker');
SELECT campaign.grant_access('Regress Access B', 'admin');
SELECT role_name, level, granted_by = session_user AS by_me
FROM campaign.access_grants WHERE role_name ~* '^regress.access' ORDER BY role_name COLLATE "C", level COLLATE "C";

-- Twice is once.
SELECT campaign.grant_access('Regress Access B', 'admin');
SELECT count(*) FROM campaign.access_grants WHERE role_name = 'Regress Access B';

SET ROLE regress_access_a;
SELECT name FROM campaign.tenants;
SELECT campaign.create_tenant('Nobody', 'nobody', 'UTC', 'regress_access_a');
\echo :LAST_ERROR_SQLSTATE
-- A level does not hand itself on, and is not recorded by whom it concerns.
SELECT campaign.grant_access('regress_access_a', 'admin');
SELECT campaign.apply_access('regress_access_a', 'admin');
SELECT campaign.revoke_access('regress_access_a');
SELECT campaign.reapply_access();
INSERT INTO campaign.access_grants VALUES ('regress_access_a', 'admin');
INSERT INTO campaign.access_privileges VALUES ('member', 'DELETE', 'TABLE campaign.tenants');
GRANT USAGE ON SCHEMA campaign TO PUBLIC;
RESET ROLE;
SET ROLE "Regress Access B";
SELECT count(*) AS grants FROM campaign.access_grants WHERE role_name = 'Regress Access B';
SELECT campaign.grant_access('Regress Access B', 'member');
\echo :LAST_ERROR_SQLSTATE
DELETE FROM campaign.access_grants;
RESET ROLE;

-- Bad calls change nothing.
SELECT campaign.grant_access('regress_access_a', 'superuser');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.grant_access('regress_access_nobody', 'member');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.grant_access('REGRESS_ACCESS_A', 'member');
SELECT campaign.grant_access('public', 'member');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.grant_access(NULL, 'member');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.grant_access('regress_access_a', NULL);
SELECT campaign.revoke_access('regress_access_nobody');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.revoke_access('regress_access_a', 'admin');
SELECT campaign.revoke_access(NULL);
SELECT count(*) FROM campaign.access_grants WHERE role_name ~* '^regress.access';

-- Levels overlap: what another level still gives stays.
SELECT campaign.revoke_access('regress_access_a', 'worker');
SET ROLE regress_access_a;
SELECT campaign.now() IS NOT NULL AS still_there;
RESET ROLE;
SELECT campaign.revoke_access('regress_access_a');
SET ROLE regress_access_a;
SELECT campaign.now() IS NOT NULL;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
-- Nothing is left that would hold the role back.
DROP ROLE regress_access_a;

-- After an update brought new objects, every recorded level is granted again.
CREATE TABLE campaign.access_new_table (a int, b int);
INSERT INTO campaign.access_privileges VALUES ('admin', 'UPDATE (b)', 'TABLE campaign.access_new_table');
SELECT has_column_privilege('Regress Access B', 'campaign.access_new_table', 'b', 'UPDATE') AS b;
SELECT campaign.reapply_access() >= 1 AS applied;
SELECT has_column_privilege('Regress Access B', 'campaign.access_new_table', 'b', 'UPDATE') AS b,
	has_column_privilege('Regress Access B', 'campaign.access_new_table', 'a', 'UPDATE') AS a;
SELECT campaign.revoke_access('Regress Access B');
SELECT has_column_privilege('Regress Access B', 'campaign.access_new_table', 'b', 'UPDATE') AS b;
DELETE FROM campaign.access_privileges WHERE object = 'TABLE campaign.access_new_table';
DROP TABLE campaign.access_new_table;

-- Grants are by name: a renamed or dropped role shows, and its row can go.
SELECT campaign.grant_access('Regress Access B', 'worker');
ALTER ROLE "Regress Access B" RENAME TO regress_access_c;
SELECT kind, name, level, problem FROM campaign.identity_problems WHERE name ~* '^regress.access';
SELECT campaign.revoke_access('Regress Access B');
SELECT kind, name, level, problem FROM campaign.identity_problems WHERE name ~* '^regress.access';
SET ROLE regress_access_c;
SELECT campaign.now() IS NOT NULL AS renamed_keeps_what_it_had;
RESET ROLE;
SELECT campaign.grant_access('regress_access_c', 'worker'), campaign.revoke_access('regress_access_c');
DROP ROLE regress_access_c;
