-- Who is asking, and that nobody becomes somebody else by a variable.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE ROLE regress_identity_ada;
CREATE ROLE regress_identity_bob;
CREATE ROLE regress_identity_both IN ROLE regress_identity_ada, regress_identity_bob;
CREATE ROLE regress_identity_web;
CREATE ROLE regress_identity_bypass BYPASSRLS;
CREATE ROLE regress_identity_super SUPERUSER;
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_identity_ada,regress_identity_bob,regress_identity_both,regress_identity_web,regress_identity_bypass}'::name[]) r;
SELECT campaign.create_tenant('Ada', 'regress-id-ada', 'UTC', 'regress_identity_ada') AS ada \gset
SELECT campaign.create_tenant('Bob', 'regress-id-bob', 'UTC', 'regress_identity_bob') AS bob \gset
-- Also a subject of tokens, which in role mode is nobody.
SELECT campaign.add_member(:'bob', 'user-1', 'editor');

CREATE FUNCTION regress_identity_slugs(tenants uuid[]) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
	AS $$ SELECT string_agg(slug, ' ' ORDER BY slug COLLATE "C") FROM campaign.tenants WHERE id = ANY ($1) AND (seeded OR slug LIKE 'regress-id-%') $$;
CREATE VIEW regress_identity AS
	SELECT campaign.current_member() AS member,
		regress_identity_slugs(campaign.readable_tenants()) AS reads,
		regress_identity_slugs(campaign.writable_tenants()) AS writes,
		regress_identity_slugs(campaign.owned_tenants()) AS owns;
GRANT SELECT ON regress_identity TO PUBLIC;
CREATE FUNCTION regress_identity_subject(claims text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('request.jwt.claims', claims, false);
	RETURN campaign.current_member();
END $$;
CREATE FUNCTION regress_identity_reads_of(subject text) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('request.jwt.claims', jsonb_build_object('sub', subject)::text, true);
	RETURN cardinality(campaign.readable_tenants());
END $$;

-- Mode role, the default: the member is the role.
SHOW campaign.identity_source;
SET ROLE regress_identity_ada;
SELECT * FROM regress_identity;
RESET ROLE;
SET ROLE regress_identity_bob;
SELECT * FROM regress_identity;
RESET ROLE;
-- Roles that were granted do not count.
SET ROLE regress_identity_both;
SELECT * FROM regress_identity;
RESET ROLE;
-- Those that row-level security does not bind have all tenants.
SET ROLE regress_identity_bypass;
SELECT * FROM regress_identity;
RESET ROLE;
SET ROLE regress_identity_super;
SELECT * FROM regress_identity;
RESET ROLE;

-- SET ROLE goes only where the session may go.
SET SESSION AUTHORIZATION regress_identity_ada;
SET ROLE regress_identity_bob;
\echo :LAST_ERROR_SQLSTATE
SET SESSION AUTHORIZATION regress_identity_bob;
SELECT member FROM regress_identity;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_identity_both;
SET ROLE regress_identity_bob;
SELECT member, reads FROM regress_identity;
RESET SESSION AUTHORIZATION;

-- A definer function in between, a superuser's too, changes nothing about who asks.
CREATE FUNCTION regress_identity_definer() RETURNS TABLE (member text, reads text, owns text) LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT campaign.current_member(), regress_identity_slugs(campaign.readable_tenants()), regress_identity_slugs(campaign.owned_tenants()) $$;
SET ROLE regress_identity_ada;
SELECT * FROM regress_identity_definer();
RESET ROLE;
ALTER FUNCTION regress_identity_definer() OWNER TO regress_identity_bob;
GRANT EXECUTE ON FUNCTION regress_identity_slugs(uuid[]) TO regress_identity_bob;
SET ROLE regress_identity_ada;
SELECT * FROM regress_identity_definer();
RESET ROLE;
DROP FUNCTION regress_identity_definer();

-- The settings are a superuser's, and the claims mean nothing in this mode.
SET SESSION AUTHORIZATION regress_identity_ada;
SET campaign.identity_source = 'jwt';
\echo :LAST_ERROR_SQLSTATE
SELECT set_config('campaign.identity_source', 'jwt', false);
SET campaign.jwt_authenticators = 'regress_identity_ada';
SELECT set_config('campaign.jwt_authenticators', 'regress_identity_ada', true);
ALTER ROLE regress_identity_ada SET campaign.identity_source = 'jwt';
SET campaign.something_else = 'x';
SET request.jwt.claims = '{"sub": "regress_identity_bob"}';
SELECT * FROM regress_identity;
RESET request.jwt.claims;
RESET SESSION AUTHORIZATION;
-- Nor can they be set before the library that defines them is loaded.
\c -
SET SESSION AUTHORIZATION regress_identity_ada;
SET campaign.identity_source = 'jwt';
SET campaign.jwt_authenticators = 'regress_identity_ada';
SET request.jwt.claims = '{"sub": "user-1"}';
SELECT * FROM regress_identity;
SHOW campaign.identity_source;
SHOW campaign.jwt_authenticators;
RESET SESSION AUTHORIZATION;
\c -

-- A membership is seen at once, and gone with the rollback that undoes it.
SET ROLE regress_identity_ada;
SELECT reads FROM regress_identity;
RESET ROLE;
BEGIN;
SELECT campaign.add_member(:'bob', 'regress_identity_ada', 'editor');
SET LOCAL ROLE regress_identity_ada;
SELECT reads, writes, owns FROM regress_identity;
RESET ROLE;
SAVEPOINT s;
SELECT campaign.remove_member(:'bob', 'regress_identity_ada');
SET LOCAL ROLE regress_identity_ada;
SELECT reads, writes, owns FROM regress_identity;
ROLLBACK TO s;
SET LOCAL ROLE regress_identity_ada;
SELECT reads, writes, owns FROM regress_identity;
ROLLBACK;
SET ROLE regress_identity_ada;
SELECT reads, writes, owns FROM regress_identity;
RESET ROLE;
-- Direct changes by a superuser count as well, TRUNCATE included.
BEGIN;
UPDATE campaign.tenant_members SET role = 'viewer' WHERE member = 'regress_identity_ada';
SET LOCAL ROLE regress_identity_ada;
SELECT reads, writes, owns FROM regress_identity;
RESET ROLE;
TRUNCATE campaign.tenant_members;
SET LOCAL ROLE regress_identity_ada;
SELECT reads, writes, owns FROM regress_identity;
ROLLBACK;
-- In repeatable read, too, memberships are the latest.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT reads FROM regress_identity;
INSERT INTO campaign.tenant_members VALUES (:'bob', 'regress_identity_ada', 'viewer');
SET LOCAL ROLE regress_identity_ada;
SELECT reads FROM regress_identity;
ROLLBACK;

-- Names, not OIDs, are stored: a renamed role leaves its tenants, a namesake has them.
ALTER ROLE regress_identity_ada RENAME TO regress_identity_eve;
SET ROLE regress_identity_eve;
SELECT * FROM regress_identity;
RESET ROLE;
SELECT name, problem FROM campaign.identity_problems WHERE name = 'regress_identity_ada';
ALTER ROLE regress_identity_eve RENAME TO regress_identity_ada;
SET ROLE regress_identity_ada;
SELECT * FROM regress_identity;
RESET ROLE;
-- BYPASSRLS given and taken counts at once.
ALTER ROLE regress_identity_bypass NOBYPASSRLS;
SET ROLE regress_identity_bypass;
SELECT * FROM regress_identity;
RESET ROLE;

-- What a member leaves for a superuser's maintenance to run (a materialized view,
-- the function of an index) finds nobody there, and not the superuser.
CREATE SCHEMA regress_identity AUTHORIZATION regress_identity_ada;
SET SESSION AUTHORIZATION regress_identity_ada;
CREATE MATERIALIZED VIEW regress_identity.mine AS SELECT name, campaign.current_member() AS member FROM campaign.tenants WHERE NOT seeded;
CREATE TABLE regress_identity.trap (i int);
CREATE TABLE regress_identity.loot (who text, member text, reads bigint, owns int, error text);
CREATE FUNCTION regress_identity.grab() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	state text;
BEGIN
	BEGIN
		PERFORM campaign.add_member(current_setting('regress.bob')::uuid, 'regress_identity_ada', 'owner');
	EXCEPTION WHEN OTHERS THEN
		state := SQLSTATE;
	END;
	INSERT INTO regress_identity.loot VALUES (current_user, campaign.current_member(),
		(SELECT count(*) FROM campaign.tenants), cardinality(campaign.owned_tenants()), state);
	RETURN 1;
END $$;
CREATE FUNCTION regress_identity.innocent(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN regress_identity.grab(); END $$;
INSERT INTO regress_identity.trap VALUES (1);
CREATE INDEX ON regress_identity.trap (regress_identity.innocent(i));
-- His own maintenance sees what he sees; only definer functions do not know him there.
REFRESH MATERIALIZED VIEW regress_identity.mine;
SELECT * FROM regress_identity.mine;
SELECT DISTINCT who, member, reads - 1 AS reads, owns FROM regress_identity.loot;
TRUNCATE regress_identity.loot;
RESET SESSION AUTHORIZATION;
SELECT set_config('regress.bob', :'bob', false) = :'bob' AS known;
REFRESH MATERIALIZED VIEW regress_identity.mine;
SELECT * FROM regress_identity.mine;
REINDEX TABLE regress_identity.trap;
ANALYZE regress_identity.trap;
SELECT DISTINCT * FROM regress_identity.loot;
SELECT member FROM campaign.tenant_members WHERE tenant_id = :'bob' ORDER BY member COLLATE "C";
SET client_min_messages = warning;
DROP SCHEMA regress_identity CASCADE;
RESET client_min_messages;

-- Mode jwt: the member is the subject of the claims, in a listed session only.
SET campaign.identity_source = 'jwt';
SET SESSION AUTHORIZATION regress_identity_web;
SET request.jwt.claims = '{"role": "web", "sub": "user-1"}';
SELECT * FROM regress_identity;
RESET SESSION AUTHORIZATION;
SET campaign.jwt_authenticators = 'somebody, regress_identity_web';
SET SESSION AUTHORIZATION regress_identity_web;
SELECT * FROM regress_identity;
SELECT slug FROM campaign.tenants ORDER BY slug COLLATE "C";
-- Without claims, or with claims that name nobody: nobody.
RESET request.jwt.claims;
SELECT * FROM regress_identity;
SELECT claims, regress_identity_subject(claims) AS member
FROM unnest(ARRAY['', '{', 'null', '"user-1"', '["sub", "user-1"]', '[{"sub": "user-1"}]', '{"sub": null}', '{"sub": 1}',
	'{"sub": ""}', '{"sub": ["user-1"]}', '{"sub": {"sub": "user-1"}}', '{"app": {"sub": "user-1"}}',
	'{"Sub": "user-1"}', '{"sub": "user-1"} x', '{"sub": "user-1", }', '{"sub": "user-1", "x": "\u0000"}',
	'{"sub": "user-1", "sub": 2}', '{"sub": "user-1"}']) WITH ORDINALITY AS c (claims, n) ORDER BY n;
-- Escapes are read, nested and repeated keys do not confuse.
SET request.jwt.claims = '{"x": {"sub": "a"}, "sub": "other", "aud": ["sub", "b"], "sub": "\u0075ser-1", "y": {"sub": "c"}}';
SELECT * FROM regress_identity;
-- A subject too long to be a member is nobody's.
SELECT set_config('request.jwt.claims', format('{"sub": "%s"}', repeat('x', 300)), false) IS NOT NULL AS set;
SELECT length(member) AS member, reads FROM regress_identity;
-- The role no longer counts: the owner of Ada's tenant is nobody here.
SET request.jwt.claims = '{"sub": "user-1"}';
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_identity_ada;
SELECT * FROM regress_identity;
RESET SESSION AUTHORIZATION;
-- The session counts, not the role that it takes on, as PostgREST does.
GRANT regress_identity_ada TO regress_identity_web;
SET SESSION AUTHORIZATION regress_identity_web;
SET ROLE regress_identity_ada;
SELECT * FROM regress_identity;
RESET SESSION AUTHORIZATION;
REVOKE regress_identity_ada FROM regress_identity_web;
GRANT regress_identity_web TO regress_identity_ada;
SET SESSION AUTHORIZATION regress_identity_ada;
SET ROLE regress_identity_web;
SELECT * FROM regress_identity;
RESET SESSION AUTHORIZATION;
-- Names are folded like identifiers and compared as roles.
SET campaign.jwt_authenticators = 'REGRESS_Identity_Web';
SET SESSION AUTHORIZATION regress_identity_web;
SELECT member FROM regress_identity;
RESET SESSION AUTHORIZATION;
SET campaign.jwt_authenticators = '"REGRESS_Identity_Web"';
SET SESSION AUTHORIZATION regress_identity_web;
SELECT member FROM regress_identity;
RESET SESSION AUTHORIZATION;
SET campaign.jwt_authenticators = 'a,,b';
\echo :LAST_ERROR_SQLSTATE
-- Members of one session after the other, as behind a pool.
SET campaign.jwt_authenticators = 'regress_identity_web';
SELECT count(campaign.add_member(:'ada', 'pool-' || i, 'viewer')) FROM generate_series(1, 600) i;
SET SESSION AUTHORIZATION regress_identity_web;
SELECT regress_identity_reads_of('pool-' || i) AS tenants, count(*) FROM generate_series(1, 700) i GROUP BY 1 ORDER BY 1;
RESET SESSION AUTHORIZATION;
RESET campaign.jwt_authenticators;
RESET campaign.identity_source;
RESET request.jwt.claims;

-- The trigger function checks how it is called.
SELECT campaign.invalidate_relation_cache();
CREATE TABLE regress_identity_t ();
CREATE TRIGGER early BEFORE INSERT ON regress_identity_t FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
INSERT INTO regress_identity_t DEFAULT VALUES;
\echo :LAST_ERROR_SQLSTATE
DROP TABLE regress_identity_t;

DROP VIEW regress_identity;
DROP FUNCTION regress_identity_subject(text), regress_identity_reads_of(text);
DROP FUNCTION regress_identity_slugs(uuid[]);
SELECT campaign.delete_tenant(:'ada', 'regress-id-ada'), campaign.delete_tenant(:'bob', 'regress-id-bob');
SELECT campaign.revoke_access(r) FROM unnest('{regress_identity_ada,regress_identity_bob,regress_identity_both,regress_identity_web,regress_identity_bypass}'::name[]) r;
DROP ROLE regress_identity_ada, regress_identity_bob, regress_identity_both, regress_identity_web, regress_identity_bypass, regress_identity_super;
