-- The facts of the schema that everything else leans on: tenancy in the keys,
-- row security, what a dump takes along, what a distributed server needs.
BEGIN;
SET search_path = public, pg_catalog;
SELECT no_plan();

CREATE TEMP VIEW tables AS
	SELECT c.oid, c.relname::text AS name, c.relrowsecurity, c.relforcerowsecurity, c.relpersistence,
		EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AS is_tenants
	FROM pg_class c WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind IN ('r', 'p');
CREATE TEMP VIEW columns AS
	SELECT t.oid, t.name, t.is_tenants, a.attnum, a.attname::text AS attname, a.atttypid::regtype::text AS type, a.attnotnull,
		a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid) AS expression
	FROM tables t
		JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
		LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum;
CREATE TEMP VIEW foreign_keys AS
	SELECT k.oid, k.conname::text AS conname, t.oid AS table_oid, t.name, t.is_tenants, k.conkey, k.confrelid, r.name AS referenced,
		r.is_tenants AS references_tenants, k.confkey, k.confdeltype, k.confupdtype
	FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid JOIN tables r ON r.oid = k.confrelid
	WHERE k.contype = 'f';
CREATE TEMP VIEW policies AS
	SELECT p.polname::text AS polname, t.name, t.is_tenants, p.polpermissive, p.polroles,
		CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END AS command,
		pg_get_expr(p.polqual, p.polrelid) AS qual, pg_get_expr(p.polwithcheck, p.polrelid) AS with_check
	FROM pg_policy p JOIN tables t ON t.oid = p.polrelid;
-- What members may do to tables, from the privileges as data.
CREATE TEMP VIEW member_commands AS
	SELECT DISTINCT lower(split_part(a.privilege, ' ', 1)) AS command, split_part(a.object, '.', 2) AS name
	FROM campaign.access_privileges a
	WHERE a.level = 'member' AND a.object LIKE 'TABLE campaign.%';

SELECT cmp_ok((SELECT count(*) FROM tables WHERE is_tenants), '>=', 19::bigint, 'there are tenant tables to look at');

-- ---- tenancy in the keys

SELECT is_empty($$
	SELECT name, type, attnotnull FROM columns
	WHERE attname = 'tenant_id' AND (type <> 'uuid' OR NOT attnotnull)
$$, 'tenant_id is uuid NOT NULL everywhere');
SELECT is_empty($$
	SELECT t.name FROM tables t
	WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'p')
$$, 'every table has a primary key');
SELECT is_empty($$
	SELECT t.name, i.indexrelid::regclass
	FROM tables t JOIN pg_index i ON i.indrelid = t.oid
		JOIN columns c ON c.oid = t.oid AND c.attname = 'tenant_id'
	WHERE t.is_tenants AND i.indisunique AND i.indkey[0] <> c.attnum
$$, 'tenant_id comes first in every primary key and unique index of a tenant table');
SELECT is_empty($$
	SELECT t.name, i.indexrelid::regclass
	FROM tables t JOIN pg_index i ON i.indrelid = t.oid
		JOIN columns c ON c.oid = t.oid AND c.attname = 'tenant_id'
	WHERE t.is_tenants AND i.indkey[0] <> c.attnum
		-- a lookup by member, and keys to shared tables
		AND t.name || '.' || (SELECT l.attname FROM columns l WHERE l.oid = t.oid AND l.attnum = i.indkey[0])
			NOT IN (SELECT 'tenant_members.member' UNION ALL
				SELECT f.name || '.' || l.attname FROM foreign_keys f
					JOIN columns l ON l.oid = f.table_oid AND l.attnum = f.conkey[1]
				WHERE NOT f.references_tenants)
$$, 'other indexes of tenant tables are led by tenant_id, or serve a key to a shared table');
SELECT is_empty($$
	SELECT f.conname FROM foreign_keys f
		JOIN columns c ON c.oid = f.table_oid AND c.attnum = f.conkey[1]
		JOIN columns r ON r.oid = f.confrelid AND r.attnum = f.confkey[1]
	WHERE f.references_tenants AND (c.attname <> 'tenant_id' OR r.attname <> 'tenant_id' OR cardinality(f.conkey) < 2)
$$, 'a foreign key to a tenant table is composite and starts with tenant_id on both sides');
SELECT is_empty($$
	SELECT f.conname FROM foreign_keys f WHERE f.references_tenants AND NOT f.is_tenants
$$, 'no shared table refers to a tenant table');
SELECT is_empty($$
	SELECT t.name FROM tables t
	WHERE t.is_tenants AND NOT EXISTS (
		SELECT FROM foreign_keys f JOIN columns c ON c.oid = f.table_oid AND c.attname = 'tenant_id'
		WHERE f.table_oid = t.oid AND f.referenced = 'tenants' AND f.conkey = ARRAY[c.attnum] AND f.confdeltype = 'c')
$$, 'every tenant table has its own key to tenants, ON DELETE CASCADE');
SELECT is_empty($$
	SELECT conname, confdeltype, confupdtype FROM foreign_keys
	WHERE confdeltype NOT IN ('a', 'c') OR confupdtype NOT IN ('a', 'c')
$$, 'foreign keys act by CASCADE or NO ACTION only');
SELECT is_empty($$
	SELECT k.conname FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid
	WHERE k.condeferrable OR NOT k.convalidated
$$, 'no constraint is deferrable or not validated');
SELECT is_empty($$
	SELECT f.conname FROM foreign_keys f
	WHERE NOT EXISTS (
		SELECT FROM pg_index i
		WHERE i.indrelid = f.table_oid AND i.indisvalid
			AND (SELECT array_agg(k ORDER BY k) FROM unnest((i.indkey::int2[])[0:cardinality(f.conkey) - 1]) k)
				= (SELECT array_agg(k ORDER BY k) FROM unnest(f.conkey) k)
			-- a partial index serves where it leaves out nothing but NULLs of the key
			AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) IN (
				SELECT format('(%I IS NOT NULL)', c.attname) FROM columns c WHERE c.oid = f.table_oid AND c.attnum = ANY (f.conkey))))
$$, 'every foreign key has an index that it leads');
SELECT is_empty($$
	SELECT c.conrelid::regclass, c.conname FROM pg_constraint c
		CROSS JOIN LATERAL unnest(c.conkey, c.confkey) k (here, there)
		JOIN pg_attribute h ON h.attrelid = c.conrelid AND h.attnum = k.here
		JOIN pg_attribute t ON t.attrelid = c.confrelid AND t.attnum = k.there
	WHERE c.contype = 'f' AND c.connamespace = 'campaign'::regnamespace AND h.attcollation <> t.attcollation
$$, 'a foreign key has the collation of what it refers to, or its index would not serve the check');
SELECT is_empty($$
	WITH RECURSIVE edges AS (
		SELECT DISTINCT name, referenced FROM foreign_keys WHERE name <> referenced
	), walk AS (
		SELECT name AS start, referenced AS here, ARRAY[name, referenced] AS way FROM edges
		UNION ALL
		SELECT w.start, e.referenced, w.way || e.referenced
		FROM walk w JOIN edges e ON e.name = w.here
		WHERE w.here <> w.start AND NOT e.referenced = ANY (w.way[2:])
	)
	SELECT DISTINCT way FROM walk WHERE here = start
$$, 'foreign keys form no cycle but self references');
SELECT is_empty($$
	SELECT name, attname FROM columns
	WHERE is_tenants AND attname = 'id' AND (type <> 'uuid' OR expression IS DISTINCT FROM 'campaign.uuid_v7()')
$$, 'ids are UUIDs of campaign.uuid_v7()');

-- ---- row security

SELECT is_empty($$
	SELECT name FROM tables WHERE (is_tenants OR name = 'tenants') AND NOT relrowsecurity
$$, 'row security is enabled on every tenant table');
SELECT is_empty($$
	SELECT name FROM tables WHERE relforcerowsecurity
$$, 'row security is forced nowhere: it would add nothing');
SELECT is_empty($$
	SELECT name, polname FROM policies WHERE NOT polpermissive
$$, 'no policy is restrictive');
SELECT is_empty($$
	SELECT name, polname FROM policies WHERE command = 'all' OR polroles <> ARRAY[0::oid]
$$, 'every policy is for one command and for every role');
SELECT is_empty($$
	SELECT name, command, count(*) FROM policies GROUP BY name, command HAVING count(*) > 1
$$, 'one policy per command');
SELECT is_empty($$
	SELECT name, polname FROM policies WHERE polname <> name || '_' || command
$$, 'a policy is named after its table and command');
SELECT set_eq(
	$$SELECT p.name, p.command FROM policies p$$,
	$$SELECT m.name, m.command FROM member_commands m JOIN tables t USING (name) WHERE t.relrowsecurity$$,
	'a table has policies for exactly the commands that members have on it');
SELECT is_empty($$
	SELECT name FROM tables t WHERE is_tenants AND name <> 'tenant_keys'
		AND NOT EXISTS (SELECT FROM policies p WHERE p.name = t.name AND p.command = 'select')
$$, 'members read every tenant table but that of secrets, through its policy');
SELECT is_empty($$
	SELECT level, privilege, object FROM campaign.access_privileges WHERE object = 'TABLE campaign.tenant_keys'
$$, 'nobody reads the secrets of tenants');
SELECT is_empty($$
	SELECT name, polname, qual FROM policies
	WHERE is_tenants AND command = 'select'
		AND qual !~ '^\(tenant_id = ANY \(\(?\( ?SELECT campaign\.readable_tenants\(\)( AS readable_tenants)?\)(::uuid\[\])?\)?\)\)$'
$$, 'rows are read where readable_tenants() has the tenant, asked once a statement');
SELECT is_empty($$
	SELECT name, polname, coalesce(qual, with_check) FROM policies
	WHERE is_tenants AND command <> 'select'
		AND coalesce(qual, with_check) !~ '^\(tenant_id = ANY \(\(?\( ?SELECT campaign\.(writable|owned)_tenants\(\)( AS (writable|owned)_tenants)?\)(::uuid\[\])?\)?\)\)$'
$$, 'rows are written where writable_tenants() or owned_tenants() has the tenant');
SELECT is_empty($$
	SELECT name, polname FROM policies
	WHERE command = 'update' AND qual IS DISTINCT FROM with_check OR command = 'insert' AND with_check IS NULL
$$, 'a row cannot be written into another tenant');
SELECT is_empty($$
	SELECT c.relname FROM pg_class c JOIN member_commands m ON m.name = c.relname
	WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind = 'v'
		AND NOT coalesce(c.reloptions::text LIKE '%security_invoker=true%', false)
$$, 'a view for members reads with their rights');

-- ---- what a dump, a standby and a distributed server need

SELECT is_empty($$
	SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind NOT IN ('r', 'i', 'v', 'c')
$$, 'there are tables, indexes, views and types: no sequences, no materialized views, no partitions');
SELECT is_empty($$
	SELECT name, attname FROM columns WHERE attidentity <> ''
$$, 'no column is an identity');
SELECT is_empty($$
	SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'campaign'::regnamespace AND c.relpersistence <> 'p'
$$, 'nothing is unlogged or temporary');
SELECT is_empty($$
	SELECT name, attname FROM columns WHERE attgenerated NOT IN ('', 's')
$$, 'generated columns are stored');
SELECT is_empty($$
	SELECT name, attname, type FROM columns
	WHERE type LIKE 'reg%' OR type IN ('oid', 'tid', 'xid', 'xid8', 'cid', 'pg_lsn', 'txid_snapshot', 'pg_snapshot', 'oidvector', 'oid[]', 'tid[]')
$$, 'no column stores an OID, a place of a row or a transaction');
SELECT is_empty($$
	SELECT inhrelid::regclass FROM pg_inherits i JOIN tables t ON t.oid IN (i.inhrelid, i.inhparent)
$$, 'no table inherits');

SELECT is_empty($$
	SELECT t.name FROM tables t, pg_extension e
	WHERE e.extname = 'campaign' AND t.name NOT IN ('access_privileges', 'armed_cluster', 'constraint_hints', 'maintenance_tasks', 'personal_data', 'schema_version', 'tenant_initializers')
		AND NOT t.oid = ANY (e.extconfig)
$$, 'every table that may hold users'' rows is dumped');
SELECT is_empty($$
	SELECT c.oid::regclass FROM pg_extension e JOIN pg_class c ON c.oid = ANY (e.extconfig)
	WHERE e.extname = 'campaign' AND (c.relkind <> 'r' OR c.relname IN ('access_privileges', 'armed_cluster', 'constraint_hints', 'maintenance_tasks', 'personal_data', 'schema_version', 'tenant_initializers'))
$$, 'what belongs to the extension alone is not dumped');
SELECT is_empty($$
	SELECT x.oid::regclass, x.condition
	FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS x(oid, condition)
	WHERE e.extname = 'campaign'
		AND x.condition <> CASE WHEN EXISTS (SELECT FROM columns c WHERE c.oid = x.oid AND c.attname = 'seeded')
			THEN 'WHERE NOT seeded' ELSE '' END
$$, 'seeds are left out of a dump, and nothing else is');
SELECT is_empty($$
	SELECT name FROM columns
	WHERE attname = 'seeded' AND (type <> 'boolean' OR NOT attnotnull OR expression IS DISTINCT FROM 'false')
$$, 'seeded is boolean NOT NULL DEFAULT false');
SELECT is_empty($$
	SELECT c.name FROM columns c
	WHERE c.attname = 'seeded' AND c.name <> 'tenants'
		AND (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgfoid = 'campaign.protect_seeded()'::regprocedure) <> 2
$$, 'seeds are guarded against rows'' changes and TRUNCATE');

-- ---- belonging

SELECT is_empty($$
	SELECT c.oid::regclass::text FROM pg_class c
	WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'S', 'f', 'p')
		AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
			WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
				AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'campaign')
	UNION ALL
	SELECT p.oid::regprocedure::text FROM pg_proc p
	WHERE p.pronamespace = 'campaign'::regnamespace
		AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
			WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
				AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'campaign')
	UNION ALL
	SELECT y.oid::regtype::text FROM pg_type y LEFT JOIN pg_class c ON c.oid = y.typrelid
	WHERE y.typnamespace = 'campaign'::regnamespace AND (c.relkind = 'c' OR c.oid IS NULL) AND y.typelem = 0
		AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
			WHERE d.classid IN ('pg_type'::regclass, 'pg_class'::regclass) AND d.objid IN (y.oid, c.oid) AND d.deptype = 'e'
				AND d.refclassid = 'pg_extension'::regclass AND e.extname = 'campaign')
$$, 'everything in the schema belongs to the extension');
SELECT is_empty($$
	SELECT n.nspname FROM pg_namespace n
	WHERE n.nspname = 'campaign' AND NOT EXISTS (
		SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
		WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e' AND e.extname = 'campaign')
$$, 'the schema leaves with the extension');
SELECT is_empty($$
	SELECT pg_describe_object(d.classid, d.objid, 0)
	FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'campaign'
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		AND pg_describe_object(d.classid, d.objid, 0) !~ '(^schema campaign$|[ \[]campaign\.)'
$$, 'the extension has nothing outside its schema');
SELECT is_empty($$
	SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
	WHERE c.relnamespace = 'campaign'::regnamespace AND NOT r.rolsuper
	UNION ALL
	SELECT p.proname FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
	WHERE p.pronamespace = 'campaign'::regnamespace AND NOT r.rolsuper
$$, 'the installing superuser owns everything');
SELECT results_eq($$
	SELECT e.extrelocatable, e.extversion = v.version FROM pg_extension e, campaign.schema_version v WHERE e.extname = 'campaign'
$$, $$VALUES (false, true)$$, 'the extension stays in its schema, and schema_version says which it is');

-- ---- members' tables and engine tables

SELECT is_empty($$
	SELECT m.name FROM (SELECT DISTINCT name FROM member_commands WHERE command IN ('insert', 'update')) m
	WHERE (SELECT count(*) FROM columns c WHERE c.name = m.name AND c.attname IN ('created_at', 'updated_at')
			AND c.type = 'timestamp with time zone' AND c.attnotnull) <> 2
$$, 'tables that members edit have created_at and updated_at');
SELECT is_empty($$
	SELECT m.name FROM (SELECT DISTINCT name FROM member_commands WHERE command IN ('insert', 'update')) m
	WHERE NOT EXISTS (SELECT FROM pg_trigger g JOIN tables t ON t.oid = g.tgrelid
		WHERE t.name = m.name AND g.tgfoid = 'campaign.touch_updated_at()'::regprocedure AND g.tgtype = 19)
$$, 'updated_at follows every update by members');
SELECT is_empty($$
	SELECT name, attname FROM columns
	WHERE attname = 'updated_at' AND name NOT IN (SELECT name FROM member_commands WHERE command IN ('insert', 'update'))
$$, 'engine tables do without updated_at');
SELECT is_empty($$
	SELECT c.name, c.attname, c.type FROM columns c
	WHERE c.type IN ('timestamp without time zone', 'time with time zone', 'time without time zone', 'money', 'character', 'json', 'real')
			-- what a clock on the wall shows
			AND c.attname NOT IN ('quiet_from', 'quiet_until')
		OR c.attname ~ '_at$' AND c.type <> 'timestamp with time zone'
$$, 'time is timestamptz, and lengths of time are interval');
SELECT is_empty($$
	SELECT t.name, m.command FROM tables t JOIN member_commands m USING (name)
	WHERE t.name IN ('touch_queue', 'send_logs', 'campaign_enrollments', 'campaign_touches', 'lanes', 'life_cycle_log',
			'job_enrollments', 'enrollment_conflicts', 'touch_events', 'consents', 'suppressions', 'tenant_members', 'workers',
			'campaign_contacts', 'contact_tags', 'entity_stages', 'overlap_log', 'messages', 'message_versions', 'message_feedback',
			'generation_jobs', 'generation_items', 'generation_costs')
		AND m.command <> 'select'
$$, 'members write no engine table');

-- ---- names and comments

SELECT is_empty($$
	SELECT t.name, k.conname FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid
	WHERE k.contype IN ('p', 'f', 'u', 'c')
		AND (NOT starts_with(k.conname, t.name || '_')
			OR k.conname !~ CASE k.contype WHEN 'p' THEN '_pkey$' WHEN 'f' THEN '_fkey$' WHEN 'u' THEN '_key$' ELSE '_check$' END)
$$, 'constraints are named <table>_<what>_<kind>');
SELECT is_empty($$
	SELECT t.name, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN tables t ON t.oid = i.indrelid
	WHERE NOT starts_with(c.relname, t.name || '_')
		OR c.relname !~ CASE WHEN i.indisprimary THEN '_pkey$' WHEN i.indisunique THEN '_key$' ELSE '_idx$' END
$$, 'indexes are named <table>_<what>_idx, unique ones _key');
SELECT is_empty($$
	SELECT k.conname, y.typname FROM pg_constraint k JOIN pg_type y ON y.oid = k.contypid
	WHERE y.typnamespace = 'campaign'::regnamespace AND k.conname <> y.typname || '_check' AND k.contype = 'c'
$$, 'checks of domains are named <domain>_check');
SELECT isnt(obj_description('campaign'::regnamespace, 'pg_namespace'), NULL, 'the schema has a comment');
SELECT is_empty($$
	SELECT c.relname, c.relkind FROM pg_class c
	WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind IN ('r', 'v')
		AND coalesce(obj_description(c.oid, 'pg_class'), '') = ''
$$, 'every table and view has a comment');
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc p
	WHERE p.pronamespace = 'campaign'::regnamespace AND coalesce(obj_description(p.oid, 'pg_proc'), '') = ''
$$, 'every function has a comment');
SELECT is_empty($$
	SELECT y.oid::regtype FROM pg_type y LEFT JOIN pg_class c ON c.oid = y.typrelid
	WHERE y.typnamespace = 'campaign'::regnamespace AND (c.relkind = 'c' OR c.oid IS NULL) AND y.typelem = 0
		AND coalesce(obj_description(y.oid, 'pg_type'), obj_description(c.oid, 'pg_class'), '') = ''
$$, 'every type and domain has a comment');
SELECT is_empty($$
	SELECT g.tgrelid::regclass, g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
	WHERE c.relnamespace = 'campaign'::regnamespace AND NOT g.tgisinternal AND obj_description(g.oid, 'pg_trigger') IS NULL
$$, 'every trigger has a comment');
SELECT is_empty($$
	SELECT p.polrelid::regclass, p.polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
	WHERE c.relnamespace = 'campaign'::regnamespace AND obj_description(p.oid, 'pg_policy') IS NULL
$$, 'every policy has a comment');
SELECT is_empty($$
	SELECT name, attname FROM columns WHERE attname IN ('status', 'seeded', 'archived_at', 'is_default')
		AND coalesce(col_description(oid, attnum), '') = ''
$$, 'columns that decide what happens have a comment');

SELECT is_empty($$
	SELECT h.constraint_name FROM campaign.constraint_hints h
	WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conname = h.constraint_name AND k.connamespace = 'campaign'::regnamespace)
		AND NOT EXISTS (SELECT FROM pg_class i WHERE i.relname = h.constraint_name AND i.relnamespace = 'campaign'::regnamespace)
		AND NOT EXISTS (SELECT FROM columns WHERE name || '.' || attname = h.constraint_name)
$$, 'every hint is of a constraint or a column that exists');

SELECT * FROM finish();
ROLLBACK;
