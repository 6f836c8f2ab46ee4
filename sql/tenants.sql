-- Tenants and their members.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never
\set VERBOSITY default
CREATE ROLE regress_tenants_ada;
CREATE ROLE regress_tenants_bob;
CREATE ROLE regress_tenants_eve;
CREATE ROLE regress_tenants_admin;
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_tenants_ada,regress_tenants_bob,regress_tenants_eve}'::name[]) r;
SELECT campaign.grant_access('regress_tenants_admin', 'admin');

-- An admin makes a tenant with its first owner.
SET ROLE regress_tenants_admin;
SELECT campaign.create_tenant('Ada''s Plumbing', 'regress-ada', 'Europe/Berlin', 'regress_tenants_ada') AS ada \gset
SELECT campaign.create_tenant('Eve & Co', 'regress-eve', 'america/new_york', 'regress_tenants_eve') AS eve \gset
RESET ROLE;
SELECT t.name, t.slug, t.timezone, t.min_gap, t.seeded, m.member, m.role
FROM campaign.tenants t JOIN campaign.tenant_members m ON m.tenant_id = t.id
WHERE t.slug LIKE 'regress-%' ORDER BY t.slug COLLATE "C";

-- Bad input: what is wrong, and nothing half-written.
SET ROLE regress_tenants_admin;
SELECT campaign.create_tenant('Again', 'regress-ada', 'UTC', 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.create_tenant('Bad', 'Bad Slug', 'UTC', 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.create_tenant('Bad', '-x', 'UTC', 'x');
SELECT campaign.create_tenant('Bad', repeat('x', 64), 'UTC', 'x');
SELECT campaign.create_tenant('Bad', E'x\n', 'UTC', 'x');
SELECT campaign.create_tenant('   ', 'regress-x', 'UTC', 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.create_tenant('Bad', 'regress-x', 'Europe/Atlantis', 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.create_tenant('Bad', 'regress-x', 'UTC', ' ');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.create_tenant('Bad', 'regress-x', 'UTC', repeat('x', 256));
SELECT campaign.create_tenant(NULL, 'regress-x', 'UTC', 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.create_tenant('Bad', 'regress-x', NULL, 'x');
SELECT campaign.create_tenant('Bad', 'regress-x', 'UTC', NULL);
RESET ROLE;
SELECT count(*) FROM campaign.tenants WHERE slug = 'regress-x';

-- Members see their tenant and the system's, and no other.
SET ROLE regress_tenants_ada;
SELECT name, slug FROM campaign.tenants ORDER BY slug COLLATE "C";
SELECT member, role FROM campaign.tenant_members;
SELECT count(*) AS nothing FROM campaign.tenants WHERE id = :'eve';
SELECT campaign.create_tenant('Mine', 'regress-mine', 'UTC', 'regress_tenants_ada');
\echo :LAST_ERROR_SQLSTATE

-- Owners change settings, but not the id, the slug and what the engine keeps.
UPDATE campaign.tenants SET name = 'Ada', sender_name = 'Ada from Plumbing', review_url = 'https://example.com/r',
	link_base_url = 'https://example.com/l/', timezone = 'Europe/Vienna', min_gap = '2 hours' RETURNING slug, updated_at = now() AS touched;
UPDATE campaign.tenants SET slug = 'other';
\echo :LAST_ERROR_SQLSTATE
UPDATE campaign.tenants SET id = campaign.uuid_v7();
UPDATE campaign.tenants SET seeded = true;
UPDATE campaign.tenants SET updated_at = now();
UPDATE campaign.tenants SET timezone = 'Mars/Olympus';
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
UPDATE campaign.tenants SET name = ' ';
\echo :LAST_ERROR_SQLSTATE
UPDATE campaign.tenants SET review_url = 'javascript:alert(1)';
UPDATE campaign.tenants SET link_base_url = 'https://a b';
UPDATE campaign.tenants SET sender_name = '';
UPDATE campaign.tenants SET sender_name = E'Ada\nBcc: everybody@example.com';
UPDATE campaign.tenants SET min_gap = '-1 hour';
\set VERBOSITY default
-- Nothing of the system tenant, nor of another's.
UPDATE campaign.tenants SET name = 'Mine' WHERE id = '00000000-0000-0000-0000-000000000000';
UPDATE campaign.tenants SET name = 'Mine' WHERE id = :'eve';
INSERT INTO campaign.tenants (name, slug) VALUES ('x', 'regress-x');
\echo :LAST_ERROR_SQLSTATE
DELETE FROM campaign.tenants;
INSERT INTO campaign.tenant_members VALUES (:'eve', 'regress_tenants_ada', 'owner');
UPDATE campaign.tenant_members SET role = 'viewer';
DELETE FROM campaign.tenant_members;
TRUNCATE campaign.tenant_members;

-- Owners change members, through functions.
SELECT campaign.add_member(:'ada', 'regress_tenants_bob', 'viewer');
SELECT member, role FROM campaign.tenant_members ORDER BY member COLLATE "C";
SELECT campaign.add_member(:'ada', 'regress_tenants_bob', 'boss');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.add_member(:'ada', '', 'viewer');
SELECT campaign.add_member(:'ada', NULL, 'viewer');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.remove_member(:'ada', 'nobody');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.remove_member(NULL, 'regress_tenants_bob');
-- The last owner cannot go, nor step down.
SELECT campaign.remove_member(:'ada', 'regress_tenants_ada');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.add_member(:'ada', 'regress_tenants_ada', 'editor');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- A viewer reads; settings and members are not his.
SET ROLE regress_tenants_bob;
SELECT name, slug FROM campaign.tenants ORDER BY slug COLLATE "C";
SELECT member, role FROM campaign.tenant_members ORDER BY member COLLATE "C";
SELECT campaign.writable_tenants() AS writes, campaign.owned_tenants() AS owns;
UPDATE campaign.tenants SET name = 'Bob' RETURNING slug;
\set VERBOSITY sqlstate
SELECT campaign.add_member(:'ada', 'regress_tenants_bob', 'owner');
SELECT campaign.remove_member(:'ada', 'regress_tenants_ada');
-- Another's tenant does not exist, like one that never did; the system tenant belongs to nobody.
SELECT campaign.add_member(:'eve', 'regress_tenants_bob', 'owner');
SELECT campaign.remove_member(:'eve', 'regress_tenants_eve');
SELECT campaign.remove_member('01020304-0000-7000-8000-000000000000', 'regress_tenants_eve');
SELECT campaign.add_member('00000000-0000-0000-0000-000000000000', 'regress_tenants_bob', 'owner');
\set VERBOSITY default
SELECT campaign.delete_tenant(:'ada', 'regress-ada');
-- The internal parts are nobody's.
SELECT campaign.put_member(:'ada', 'regress_tenants_bob', 'owner');
SELECT campaign.lock_owned_tenant(:'ada');
SELECT campaign.refuse_last_owner(:'ada', 'regress_tenants_ada');
RESET ROLE;
-- Not even a superuser makes members of the system tenant.
\set VERBOSITY sqlstate
SELECT campaign.add_member('00000000-0000-0000-0000-000000000000', 'regress_tenants_bob', 'owner');
INSERT INTO campaign.tenant_members VALUES ('00000000-0000-0000-0000-000000000000', 'regress_tenants_bob', 'viewer');
\set VERBOSITY default

-- With a second owner the first may step down, and leave.
SET ROLE regress_tenants_ada;
SELECT campaign.add_member(:'ada', 'regress_tenants_bob', 'owner');
SELECT campaign.add_member(:'ada', 'regress_tenants_ada', 'editor');
SELECT campaign.writable_tenants() = ARRAY[:'ada']::uuid[] AS writes, campaign.owned_tenants() AS owns;
RESET ROLE;
SET ROLE regress_tenants_bob;
SELECT campaign.remove_member(:'ada', 'regress_tenants_ada');
RESET ROLE;
SET ROLE regress_tenants_ada;
SELECT count(*) AS nothing FROM campaign.tenants;
SELECT campaign.readable_tenants();
RESET ROLE;

-- create_tenant calls the initializers of the other parts.
CREATE TABLE regress_tenants_started (tenant uuid);
CREATE FUNCTION public.regress_tenants_init(tenant uuid) RETURNS void LANGUAGE sql
	AS $$ INSERT INTO public.regress_tenants_started VALUES ($1) $$;
INSERT INTO campaign.tenant_initializers VALUES ('public.regress_tenants_init', 100);
SELECT campaign.create_tenant('Started', 'regress-started', 'UTC', 'regress_tenants_ada') AS started \gset
SELECT tenant = :'started' AS initialized FROM regress_tenants_started;
DELETE FROM campaign.tenant_initializers WHERE function_name = 'public.regress_tenants_init';
DROP FUNCTION public.regress_tenants_init(uuid);
DROP TABLE regress_tenants_started;

-- Members whose role is gone show.
SELECT campaign.add_member(:'started', 'regress_tenants_ghost', 'viewer');
SELECT kind, tenant_id = :'started' AS of_tenant, name, level, problem
FROM campaign.identity_problems WHERE name LIKE 'regress_tenants_%';
SET campaign.identity_source = 'jwt';
SELECT count(*) AS not_in_jwt_mode FROM campaign.identity_problems WHERE name LIKE 'regress_tenants_%';
RESET campaign.identity_source;

-- Deleting a tenant needs its slug, and takes everything with it.
SET ROLE regress_tenants_admin;
\set VERBOSITY sqlstate
SELECT campaign.delete_tenant(:'started', 'regress-ada');
SELECT campaign.delete_tenant('00000000-0000-0000-0000-000000000000', 'system');
SELECT campaign.delete_tenant('01020304-0000-7000-8000-000000000000', 'regress-ada');
SELECT campaign.delete_tenant(:'started', NULL);
\set VERBOSITY default
SELECT campaign.delete_tenant(:'started', 'regress-started');
SELECT campaign.delete_tenant(:'ada', 'regress-ada');
SELECT campaign.delete_tenant(:'eve', 'regress-eve');
RESET ROLE;
SELECT count(*) AS left_over FROM campaign.tenant_members WHERE tenant_id IN (:'ada', :'eve', :'started');
SELECT name, slug, seeded FROM campaign.tenants WHERE id = '00000000-0000-0000-0000-000000000000';

SELECT campaign.revoke_access(r) FROM unnest('{regress_tenants_ada,regress_tenants_bob,regress_tenants_eve,regress_tenants_admin}'::name[]) r;
DROP ROLE regress_tenants_ada, regress_tenants_bob, regress_tenants_eve, regress_tenants_admin;
