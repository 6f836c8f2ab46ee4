-- A second tenant tries every table and every function with the first one's
-- ids, and gets nothing: as a database role, and as the subject of a token.
-- Tables, columns, foreign keys and functions are taken from the catalog, so
-- that a new one without a case here fails.
BEGIN;
SET LOCAL client_min_messages = warning;
SET search_path = public, pg_catalog;
SELECT no_plan();
\ir lib/probe.sql

SELECT is((SELECT count(value) FROM probe.ids WHERE owner = o), 25::bigint, format('%s has all that the cases name', o)) FROM unnest('{ann,eve,none}'::text[]) o;
SELECT isnt(probe.one_row(name, probe.id('ann', 'tenant')::uuid), NULL, format('there is a row of the first tenant in %s', name))
FROM probe.tables ORDER BY name;
SELECT set_eq(
	$$SELECT DISTINCT signature FROM probe.cases$$,
	$$SELECT p.oid::regprocedure::text FROM pg_proc p
		WHERE p.pronamespace = 'campaign'::regnamespace AND has_function_privilege('regress_tenancy_eve', p.oid, 'EXECUTE')$$,
	'there is a case for every function that a member may execute');

-- ---- what a stranger to the first tenant reads: nothing

CREATE FUNCTION probe.tables_are_closed(role name, who text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	victim constant text := probe.id('ann', 'tenant');
	t record;
	answer text;
BEGIN
	FOR t IN SELECT * FROM probe.tables ORDER BY name LOOP
		answer := probe.attempt(role, format('SELECT count(*) FROM campaign.%I WHERE %I = %L', t.name, t.owner_column, victim));
		RETURN NEXT ok(answer = 'value: 0' OR answer ~ '^42501', format('%s: SELECT finds nothing of another in %s', who, t.name)) || CASE WHEN answer NOT IN ('value: 0') AND answer !~ '^42501' THEN E'\n# ' || answer ELSE '' END;
	END LOOP;
END
$$;
-- Views, too.
CREATE FUNCTION probe.views_are_closed(role name, who text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	v record;
	answer text;
BEGIN
	FOR v IN
		-- worker_health is of no tenant: it shows the workers that hold touches of one's own
		SELECT c.oid, c.relname AS name FROM pg_class c
		WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind IN ('v', 'm') AND c.relname <> 'worker_health' ORDER BY 2
	LOOP
		answer := probe.attempt(role, CASE
			WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = v.oid AND a.attname = 'tenant_id')
			THEN format('SELECT count(*) FROM campaign.%I WHERE tenant_id = %L', v.name, probe.id('ann', 'tenant'))
			ELSE format('SELECT count(*) FROM campaign.%I', v.name) END);
		RETURN NEXT ok(answer = 'value: 0' OR answer ~ '^42501', format('%s: nothing of another in view %s', who, v.name));
	END LOOP;
END
$$;

-- ---- as a database role

-- Row security alone, without triggers and foreign keys, which would hide a hole in it.
SET LOCAL session_replication_role = replica;
SELECT * FROM probe.tables_are_closed('regress_tenancy_eve', 'role');
SELECT * FROM probe.tables_stay('regress_tenancy_eve', 'role');
SET LOCAL session_replication_role = DEFAULT;
SELECT * FROM probe.views_are_closed('regress_tenancy_eve', 'role');
SELECT * FROM probe.links_are_closed('regress_tenancy_eve', 'role');
SELECT * FROM probe.functions_are_closed('regress_tenancy_eve', 'role');
-- that the probes can see what they look for: the owner gets what the stranger does not
SELECT isnt(probe.attempt('regress_tenancy_ann', format('SELECT count(*) FROM campaign.%I WHERE %I = %L', name, owner_column, probe.id('ann', 'tenant'))),
	'value: 0', format('the owner reads %s', name))
FROM probe.tables ORDER BY name;
SELECT matches(probe.attempt('regress_tenancy_ann', probe.filled(call, 'ann', 'ann')), '^(CHANGED THE FIRST TENANT: value|CP|23505|22023|value)', format('the owner may: %s', call))
FROM probe.cases WHERE expected <> 'pure' AND call NOT LIKE '%{own.lone}%{job}%' ORDER BY signature, call;
SELECT is(probe.attempt('regress_tenancy_eve', 'SELECT count(*) FROM campaign.tenants WHERE id <> ' || quote_literal('00000000-0000-0000-0000-000000000000')), 'value: 1', 'a member sees its own tenant and the system''s only');

-- A variable does not make anybody somebody else.
SET LOCAL request.jwt.claims = '{"sub": "user-ann", "role": "regress_tenancy_ann"}';
SELECT is(probe.attempt('regress_tenancy_eve', format('SELECT count(*) FROM campaign.contacts WHERE tenant_id = %L', probe.id('ann', 'tenant'))), 'value: 0', 'in mode role, claims are nothing');
SET LOCAL request.jwt.claims = '';

-- ---- viewers read, and write nothing

SELECT isnt(probe.attempt('regress_tenancy_viv', format('SELECT count(*) FROM campaign.%I WHERE %I = %L', name, owner_column, probe.id('ann', 'tenant'))),
	'value: 0', format('a viewer reads %s', name))
FROM probe.tables ORDER BY name;
SELECT * FROM probe.functions_write_nothing('regress_tenancy_viv', 'viewer', 'ann');
SET LOCAL session_replication_role = replica;
SELECT * FROM probe.tables_stay('regress_tenancy_viv', 'viewer');
SET LOCAL session_replication_role = DEFAULT;

-- ---- nobody writes what belongs to the system

SELECT matches(probe.attempt('regress_tenancy_eve', format('UPDATE campaign.%I SET %I = %I WHERE %I = %L', t.name, a.attname, a.attname, t.owner_column, '00000000-0000-0000-0000-000000000000')),
	'^(rows: 0|42501)', format('the system''s rows stay: %s.%s', t.name, a.attname))
FROM probe.tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND a.attgenerated = '' AND has_column_privilege('regress_tenancy_eve', t.oid, a.attnum, 'UPDATE')
ORDER BY t.name, a.attnum;
SELECT matches(probe.attempt('regress_tenancy_eve', format('DELETE FROM campaign.%I WHERE %I = %L', name, owner_column, '00000000-0000-0000-0000-000000000000')),
	'^(rows: 0|42501)', format('no DELETE of the system''s rows in %s', name))
FROM probe.tables ORDER BY name;
SELECT matches(probe.attempt('regress_tenancy_eve', $$SELECT campaign.create_campaign('00000000-0000-0000-0000-000000000000', 'x', '[{"channel": "email"}]')$$), '^42501', 'no campaign for the system tenant');

-- ---- the level member without a membership

SELECT is(probe.attempt('regress_tenancy_nobody', format('SELECT count(*) FROM campaign.%I', c.relname)), 'value: 0', format('without a membership: no row of %s', c.relname))
FROM pg_class c WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind = 'r' AND c.relrowsecurity AND c.relname <> 'tenant_keys' ORDER BY c.relname;
SELECT * FROM probe.functions_write_nothing('regress_tenancy_nobody', 'without a membership', 'ann');

-- ---- workers: functions across tenants, no table

SELECT matches(probe.attempt('regress_tenancy_worker', format('SELECT count(*) FROM campaign.%I', c.relname)), '^42501', format('a worker does not read %s', c.relname))
FROM pg_class c
WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind IN ('r', 'v')
	AND c.relname NOT IN ('schema_version', 'life_cycle_states', 'life_cycle_transitions')
ORDER BY c.relname;
SELECT ok(NOT has_any_column_privilege('regress_tenancy_worker', c.oid, 'INSERT, UPDATE') AND NOT has_table_privilege('regress_tenancy_worker', c.oid, 'DELETE, TRUNCATE'),
	format('a worker does not write %s', c.relname))
FROM pg_class c WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind IN ('r', 'v') ORDER BY c.relname;
SELECT matches(probe.attempt('regress_tenancy_worker', probe.filled(call, 'ann', 'ann')), '^42501', format('a worker has no: %s', call))
FROM probe.cases WHERE expected <> 'pure' AND signature NOT LIKE 'campaign.record_event(%' AND signature NOT LIKE 'campaign.health%' ORDER BY signature, call;
SELECT matches(probe.attempt(r, 'SELECT secret FROM campaign.tenant_keys'), '^42501', format('nobody reads secrets: %s', r))
FROM unnest('{regress_tenancy_ann,regress_tenancy_eve,regress_tenancy_nobody,regress_tenancy_worker}'::name[]) r;
SELECT matches(probe.attempt('regress_tenancy_eve', call), '^42501', format('a member has no: %s', call))
FROM unnest(ARRAY['SELECT campaign.claim_due_touches(''x'')', 'SELECT campaign.begin_send(''x'')', 'SELECT campaign.extend_lease(''x'', ''1 hour'')',
	'SELECT campaign.release_touch(''x'')', 'SELECT campaign.report_touches(''{}'')', 'SELECT campaign.complete_touch(''x'')',
	'SELECT campaign.fail_touch(''x'', ''y'')', 'SELECT campaign.skip_touch(''x'', ''y'')', 'SELECT campaign.next_due_at()',
	'SELECT campaign.claim_generation(''x'')', 'SELECT campaign.save_generated(''x'', ''[]'')', 'SELECT campaign.fail_generation(''x'', ''y'')',
	'SELECT campaign.extend_generation(''x'', ''1 hour'')', 'SELECT campaign.release_generation(''x'')',
	'SELECT campaign.verify_link(''x'')', 'SELECT campaign.record_link(''x'')', 'SELECT campaign.match_events()']) call;

-- ---- as the subject of a token, the way PostgREST does it

SET LOCAL campaign.identity_source = 'jwt';
SET LOCAL campaign.jwt_authenticators = 'regress_tenancy_web';
SET LOCAL session_replication_role = replica;
SET LOCAL SESSION AUTHORIZATION regress_tenancy_web;
SET LOCAL request.jwt.claims = '{"sub": "user-eve", "role": "regress_tenancy_app"}';
SELECT * FROM probe.tables_are_closed('regress_tenancy_app', 'jwt');
SELECT * FROM probe.tables_stay('regress_tenancy_app', 'jwt');
RESET SESSION AUTHORIZATION;
SET LOCAL session_replication_role = DEFAULT;
SET LOCAL SESSION AUTHORIZATION regress_tenancy_web;
SELECT is(probe.attempt('regress_tenancy_app', 'SELECT campaign.current_member()'), 'value: user-eve', 'jwt: the subject is the member');
SELECT is(probe.attempt('regress_tenancy_app', 'SELECT count(*) FROM campaign.tenants WHERE NOT seeded'), 'value: 1', 'jwt: a member sees its own tenant and the system''s only');
SELECT * FROM probe.views_are_closed('regress_tenancy_app', 'jwt');
SELECT * FROM probe.links_are_closed('regress_tenancy_app', 'jwt');
SELECT * FROM probe.functions_are_closed('regress_tenancy_app', 'jwt');
SET LOCAL request.jwt.claims = '{"sub": "user-viv", "role": "regress_tenancy_app"}';
SELECT * FROM probe.functions_write_nothing('regress_tenancy_app', 'jwt viewer', 'ann');
SET LOCAL request.jwt.claims = '{"sub": "regress_tenancy_eve"}';
SELECT is(probe.attempt('regress_tenancy_app', format('SELECT count(*) FROM campaign.contacts WHERE tenant_id = %L', probe.id('ann', 'tenant'))), 'value: 0', 'jwt: nothing of another for this subject either');
SELECT is(probe.attempt('regress_tenancy_app', format('SELECT count(*) FROM campaign.%I', name)), 'value: 0', format('jwt without claims: no row of %s', name))
FROM probe.tables, set_config('request.jwt.claims', '', true) WHERE name <> 'tenant_keys' ORDER BY name;
RESET SESSION AUTHORIZATION;

-- A session that is not an authenticator may say what it likes.
SET LOCAL SESSION AUTHORIZATION regress_tenancy_sneak;
SET LOCAL request.jwt.claims = '{"sub": "user-ann"}';
SELECT is(probe.attempt('regress_tenancy_app', format('SELECT count(*) FROM campaign.%I', name)), 'value: 0', format('claims of a session that is no authenticator: no row of %s', name))
FROM probe.tables WHERE name <> 'tenant_keys' ORDER BY name;
SELECT * FROM probe.functions_write_nothing('regress_tenancy_app', 'no authenticator', 'ann');
SELECT matches(probe.attempt('regress_tenancy_app', s), '^42501', s)
FROM unnest(ARRAY['SET campaign.identity_source = ''role''', 'SET campaign.jwt_authenticators = ''regress_tenancy_sneak''', 'SET campaign.clock_offset = ''1 year''']) s;
RESET SESSION AUTHORIZATION;

SELECT * FROM finish();
ROLLBACK;
