-- Who may do what: nobody by default, each level what access_privileges says,
-- and functions that cannot be turned against their owner.
BEGIN;
SET search_path = public, pg_catalog;
SELECT no_plan();

CREATE ROLE regress_privileges_member;
CREATE ROLE regress_privileges_worker;
CREATE ROLE regress_privileges_admin;
CREATE ROLE regress_privileges_none;

CREATE TEMP VIEW functions AS
	SELECT p.oid, p.oid::regprocedure::text AS signature, p.proname::text AS name, l.lanname::text AS language, p.prosecdef, p.provolatile,
		p.proparallel, p.proconfig, p.prosqlbody IS NOT NULL AS is_atomic, p.prorettype = 'trigger'::regtype AS is_trigger, p.prosrc,
		p.proleakproof, p.proacl, p.proowner, coalesce(obj_description(p.oid, 'pg_proc'), '') AS comment
	FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
	WHERE p.pronamespace = 'campaign'::regnamespace;

-- Every privilege on everything: what aclexplode says, with the defaults of objects that have no list of their own.
CREATE TEMP VIEW acl AS
	SELECT o.object, o.col, coalesce(r.rolname::text, 'PUBLIC') AS grantee, x.privilege_type AS privilege, x.is_grantable, o.owner = x.grantee AS is_owner
	FROM (
		SELECT 'SCHEMA campaign' AS object, NULL::text AS col, coalesce(nspacl, acldefault('n', nspowner)) AS acl, nspowner AS owner
		FROM pg_namespace WHERE nspname = 'campaign'
		UNION ALL
		SELECT 'TABLE ' || oid::regclass, NULL, coalesce(relacl, acldefault('r', relowner)), relowner
		FROM pg_class WHERE relnamespace = 'campaign'::regnamespace AND relkind IN ('r', 'v', 'm', 'f', 'p')
		UNION ALL
		SELECT 'TABLE ' || c.oid::regclass, a.attname, a.attacl, c.relowner
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = 'campaign'::regnamespace AND a.attacl IS NOT NULL
		UNION ALL
		SELECT 'SEQUENCE ' || oid::regclass, NULL, coalesce(relacl, acldefault('s', relowner)), relowner
		FROM pg_class WHERE relnamespace = 'campaign'::regnamespace AND relkind = 'S'
		UNION ALL
		SELECT 'FUNCTION ' || oid::regprocedure, NULL, coalesce(proacl, acldefault('f', proowner)), proowner
		FROM pg_proc WHERE pronamespace = 'campaign'::regnamespace
		UNION ALL
		SELECT 'TYPE ' || t.oid::regtype, NULL, coalesce(t.typacl, acldefault('T', t.typowner)), t.typowner
		FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
		WHERE t.typnamespace = 'campaign'::regnamespace AND t.typcategory <> 'A' AND coalesce(c.relkind, 'c') = 'c'
	) o
		CROSS JOIN LATERAL aclexplode(o.acl) x
		LEFT JOIN pg_roles r ON r.oid = x.grantee;

-- ---- nobody by default

SELECT is_empty($$
	SELECT object, col, privilege FROM acl WHERE grantee = 'PUBLIC' AND object NOT LIKE 'TYPE %'
$$, 'PUBLIC has no privilege on schema, tables, columns and functions');
SELECT is_empty($$
	SELECT object, privilege FROM acl WHERE grantee = 'PUBLIC' AND object LIKE 'TYPE %'
$$, 'PUBLIC has no privilege on types and domains');
SELECT is_empty($$
	SELECT i.objoid::regtype FROM pg_init_privs i
		JOIN pg_type t ON i.classoid = 'pg_type'::regclass AND t.oid = i.objoid
		JOIN pg_class c ON c.oid = t.typrelid
	WHERE t.typnamespace = 'campaign'::regnamespace AND c.relkind <> 'c'
$$, 'the extension leaves the row types of its tables as they are, of which pg_dump would warn');
SELECT is_empty($$
	SELECT object, grantee, privilege FROM acl WHERE NOT is_owner AND grantee NOT IN ('PUBLIC')
$$, 'a fresh extension has granted nothing to anybody');
SELECT is_empty($$
	SELECT defaclobjtype FROM pg_default_acl WHERE defaclnamespace = 'campaign'::regnamespace
$$, 'no default privileges wait for objects to come');
SELECT is_empty($$
	SELECT signature FROM functions WHERE has_function_privilege('regress_privileges_none', oid, 'EXECUTE')
$$, 'a role without a level can execute nothing');
SELECT is_empty($$
	SELECT oid::regclass FROM pg_class
	WHERE relnamespace = 'campaign'::regnamespace AND relkind IN ('r', 'v')
		AND (has_table_privilege('regress_privileges_none', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
			OR has_any_column_privilege('regress_privileges_none', oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
$$, 'a role without a level can read and write nothing');
SELECT ok(NOT has_schema_privilege('regress_privileges_none', 'campaign', 'USAGE, CREATE'), 'a role without a level cannot enter the schema');
SET LOCAL ROLE regress_privileges_none;
SELECT throws_ok('SELECT * FROM campaign.tenants', '42501', NULL, 'without a level: no table');
SELECT throws_ok('SELECT campaign.now()', '42501', NULL, 'without a level: no function');
SELECT throws_ok('SELECT campaign.claim_due_touches(''x'')', '42501', NULL, 'without a level: no claim');
SELECT throws_ok('CREATE TABLE campaign.mine ()', '42501', NULL, 'without a level: nothing of its own in the schema');
RESET ROLE;

-- ---- each level what access_privileges says

SELECT lives_ok(format('GRANT %s ON %s TO regress_privileges_none', privilege, object), format('%s: GRANT %s ON %s is valid', level, privilege, object))
FROM campaign.access_privileges ORDER BY level, object, privilege;
DO $$
DECLARE
	a record;
BEGIN
	FOR a IN SELECT DISTINCT privilege, object FROM campaign.access_privileges LOOP
		EXECUTE format('REVOKE %s ON %s FROM regress_privileges_none', a.privilege, a.object);
	END LOOP;
END
$$;
SELECT is_empty($$SELECT object, privilege FROM acl WHERE grantee = 'regress_privileges_none'$$, 'REVOKE of the same words takes all of it back');
SELECT is_empty($$
	SELECT level, object, privilege FROM campaign.access_privileges
	WHERE object !~ '^(SCHEMA campaign$|(TABLE|FUNCTION|TYPE|DOMAIN) campaign\.)' OR privilege !~ '^(USAGE|EXECUTE|SELECT|INSERT|UPDATE|DELETE)( \([a-z_", ]+\))?$'
$$, 'access_privileges speaks of this schema''s objects, without grant options');

SELECT lives_ok(format('SELECT campaign.grant_access(''regress_privileges_%s'', %L)', level, level), format('grant_access gives the level %s', level))
FROM unnest('{member,worker,admin}'::text[]) AS level;
CREATE TEMP VIEW wanted AS
	SELECT a.level, CASE split_part(a.object, ' ', 1)
			WHEN 'FUNCTION' THEN 'FUNCTION ' || substr(a.object, 10)::regprocedure
			WHEN 'DOMAIN' THEN 'TYPE ' || substr(a.object, 8)::regtype
			WHEN 'TYPE' THEN 'TYPE ' || substr(a.object, 6)::regtype
			ELSE a.object END AS object,
		replace(btrim(c.col), '"', '') AS col, split_part(a.privilege, ' ', 1) AS privilege
	FROM campaign.access_privileges a
		LEFT JOIN LATERAL string_to_table(substring(a.privilege FROM '\((.*)\)'), ',') AS c(col) ON true;
SELECT set_eq(
	format('SELECT object, col, privilege, is_grantable FROM acl WHERE grantee = %L', 'regress_privileges_' || level),
	format('SELECT object, col, privilege, false FROM wanted WHERE level = %L', level),
	format('the level %s has exactly what access_privileges says', level))
FROM unnest('{member,worker,admin}'::text[]) AS level;

SELECT is_empty($$
	SELECT object FROM acl WHERE grantee = 'regress_privileges_worker' AND object LIKE 'TABLE %'
		AND object NOT IN ('TABLE campaign.schema_version', 'TABLE campaign.life_cycle_states', 'TABLE campaign.life_cycle_transitions')
$$, 'workers have functions, and no table with anybody''s rows');
SELECT is_empty($$
	SELECT object, col FROM acl
	WHERE grantee = 'regress_privileges_member' AND privilege IN ('INSERT', 'UPDATE')
		AND (col IS NULL OR col IN ('id', 'seeded', 'created_at', 'updated_at', 'plan_version', 'kind', 'is_matching', 'copied_from', 'copied_version', 'version',
				'generation_config', 'sender_config')
			OR col = 'template_config' AND object <> 'TABLE campaign.campaign_templates'
			OR col = 'status' AND object <> 'TABLE campaign.jobs'
			OR col = 'archived_at' AND object <> 'TABLE campaign.message_templates')
$$, 'members write named columns, and none of status, ids, plans, stamps and seeds');
SELECT is_empty($$
	SELECT object, col FROM acl WHERE grantee = 'regress_privileges_member' AND privilege = 'UPDATE' AND col IN ('tenant_id', 'contact_id', 'channel')
$$, 'members cannot move a row to another tenant, contact or channel');

-- Whoever writes a row is asked for the functions of its checks, defaults, policies and indexes.
CREATE TEMP VIEW behind AS
	SELECT DISTINCT c.relname::text AS name, d.refobjid AS function
	FROM pg_class c
		CROSS JOIN LATERAL (
			SELECT 'pg_constraint'::regclass AS classid, k.oid FROM pg_constraint k WHERE k.conrelid = c.oid
			UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k
				JOIN pg_attribute a ON a.atttypid = k.contypid WHERE a.attrelid = c.oid
			UNION ALL SELECT 'pg_attrdef'::regclass, f.oid FROM pg_attrdef f WHERE f.adrelid = c.oid
			UNION ALL SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p WHERE p.polrelid = c.oid
			UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index i WHERE i.indrelid = c.oid
		) o
		JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.oid AND d.refclassid = 'pg_proc'::regclass
		JOIN functions f ON f.oid = d.refobjid
	WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind = 'r';
SELECT isnt_empty('SELECT FROM behind', 'there are functions behind tables to look at');
SELECT is_empty($$
	SELECT b.name, b.function::regprocedure FROM behind b JOIN acl a ON a.object = 'TABLE campaign.' || b.name AND a.grantee = 'regress_privileges_member'
	WHERE NOT has_function_privilege('regress_privileges_member', b.function, 'EXECUTE')
$$, 'members may execute what their reads and writes are checked with');
SELECT is_empty($$
	SELECT b.name, b.function::regprocedure FROM behind b JOIN acl a ON a.object = 'TABLE campaign.' || b.name AND a.grantee = 'regress_privileges_admin'
	WHERE NOT has_function_privilege('regress_privileges_admin', b.function, 'EXECUTE')
$$, 'admins may execute what their reads and writes are checked with');

-- ---- functions

SELECT is_empty($$
	SELECT signature, proconfig FROM functions WHERE prosecdef AND proconfig @> ARRAY['search_path=pg_catalog, pg_temp'] IS NOT TRUE
$$, 'every definer function pins search_path to pg_catalog, pg_temp');
SELECT is_empty($$
	SELECT signature, proconfig FROM functions
	WHERE language <> 'c' AND NOT is_atomic AND proconfig @> ARRAY['search_path=pg_catalog, pg_temp'] IS NOT TRUE
$$, 'every function that is parsed when it runs pins search_path');
SELECT is_empty($$SELECT signature, language FROM functions WHERE language NOT IN ('c', 'sql', 'plpgsql')$$, 'functions are C, SQL or PL/pgSQL');
SELECT is_empty($$
	SELECT signature FROM functions
	WHERE language = 'c' AND prosrc <> 'campaign_' || name
$$, 'a C symbol is named campaign_ and after its function');
SELECT is_empty($$
	SELECT signature, proparallel FROM functions
	WHERE provolatile = 'v' AND proparallel <> 'u' AND signature NOT IN ('campaign.uuid_v7()', 'campaign.touch_updated_at()')
$$, 'what may write is PARALLEL UNSAFE');
SELECT is_empty($$
	SELECT signature, provolatile FROM functions
	WHERE provolatile <> 'v' AND language <> 'c' AND prosrc ~* '\m(INSERT INTO|UPDATE campaign|DELETE FROM|FOR (NO KEY )?UPDATE|FOR (KEY )?SHARE|set_config|pg_notify|nextval)\M'
$$, 'what writes or locks is VOLATILE');
SELECT is_empty($$
	SELECT signature, proparallel FROM functions WHERE provolatile = 'i' AND proparallel <> 's'
$$, 'what is IMMUTABLE is PARALLEL SAFE');
SELECT is_empty($$
	SELECT signature FROM functions WHERE provolatile = 'i' AND language <> 'c' AND prosrc ~ 'campaign\.(?!require_)[a-z_]+[^a-z_(]'
$$, 'what is IMMUTABLE reads no table');
SELECT is_empty($$
	SELECT b.name, f.signature FROM behind b JOIN functions f ON f.oid = b.function
		JOIN pg_depend d ON d.refobjid = f.oid AND d.refclassid = 'pg_proc'::regclass AND d.classid IN ('pg_constraint'::regclass, 'pg_class'::regclass)
	WHERE f.provolatile <> 'i'
$$, 'checks, domains and indexes stand on IMMUTABLE functions');
SELECT is_empty($$SELECT signature FROM functions WHERE proleakproof$$, 'nothing claims to be leakproof');
SELECT is_empty($$
	SELECT signature, left(comment, 60) FROM functions f
	WHERE NOT EXISTS (SELECT FROM wanted w WHERE w.object = 'FUNCTION ' || f.signature)
		AND comment !~ '^(Internal|Trigger)' AND comment !~ 'For superusers\.$'
$$, 'a function that no level has says that it is internal, a trigger or for superusers');
SELECT is_empty($$
	SELECT signature FROM functions f
	WHERE is_trigger AND comment !~ '^Trigger'
$$, 'a trigger function says that it is one');
SELECT is_empty($$
	SELECT signature FROM functions f
	WHERE prosecdef AND NOT is_trigger AND NOT EXISTS (SELECT FROM wanted w WHERE w.object = 'FUNCTION ' || f.signature)
$$, 'a definer function is a trigger or something that a level calls');
SELECT is_empty($$
	SELECT g.tgrelid::regclass, g.tgname, g.tgfoid::regprocedure FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
	WHERE c.relnamespace = 'campaign'::regnamespace AND NOT g.tgisinternal
		AND NOT EXISTS (SELECT FROM functions f WHERE f.oid = g.tgfoid)
$$, 'triggers are the extension''s own');
SELECT is_empty($$
	SELECT g.tgrelid::regclass, g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
	WHERE c.relnamespace = 'campaign'::regnamespace AND NOT g.tgisinternal AND g.tgtype & 2 = 0 AND g.tgtype & 4 = 4
		AND g.tgfoid <> 'campaign.invalidate_relation_cache()'::regprocedure
$$, 'no trigger after INSERT: a restore would run it');

-- ---- back again

SELECT lives_ok(format('SELECT campaign.revoke_access(''regress_privileges_%s'', %L)', level, level), format('revoke_access takes the level %s back', level))
FROM unnest('{member,worker,admin}'::text[]) AS level;
SELECT is_empty($$SELECT object, grantee, privilege FROM acl WHERE grantee LIKE 'regress\_privileges\_%'$$, 'and nothing of it is left');

SELECT * FROM finish();
ROLLBACK;
