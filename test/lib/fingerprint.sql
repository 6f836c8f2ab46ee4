-- fingerprint.sql: everything that the extension consists of in this database,
-- one fact a line, in a fixed order, without OIDs: what two installations must
-- have in common to be the same.
--
-- Rows that belong to the extension count too: seeds, and the tables that are
-- not dumped. When they came does not, nor the history in schema_version.
SET search_path = pg_catalog, pg_temp;

CREATE TEMPORARY VIEW member AS
SELECT d.classid, d.objid, i.type, i.identity
FROM pg_depend d
CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'campaign');

CREATE TEMPORARY VIEW member_relation AS
SELECT c.*, m.identity
FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND m.objid = c.oid;

-- Parts of members, which have comments and names of their own.
CREATE TEMPORARY VIEW part AS
SELECT 'pg_constraint'::regclass AS classid, k.oid AS objid
FROM pg_constraint k
WHERE k.conrelid IN (SELECT oid FROM member_relation)
   OR k.contypid IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass)
UNION ALL
SELECT 'pg_trigger'::regclass, t.oid FROM pg_trigger t
WHERE t.tgrelid IN (SELECT oid FROM member_relation) AND NOT t.tgisinternal
UNION ALL
SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p
WHERE p.polrelid IN (SELECT oid FROM member_relation)
UNION ALL
SELECT 'pg_class'::regclass, x.indexrelid FROM pg_index x
WHERE x.indrelid IN (SELECT oid FROM member_relation);

CREATE FUNCTION pg_temp.privileges(acl aclitem[]) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(
           format('%s=%s%s/%s', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
                  a.privilege_type, CASE WHEN a.is_grantable THEN '*' END, a.grantor::regrole),
           ' ' ORDER BY a.grantee::regrole::text, a.privilege_type, a.is_grantable), 'nobody')
  FROM aclexplode(acl) a
$$;

CREATE TEMPORARY VIEW fact (kind, name, detail) AS
SELECT 'member', type || ' ' || identity, NULL::text FROM member
UNION ALL
SELECT 'version', extname, extversion || ' in ' || extnamespace::regnamespace
FROM pg_extension WHERE extname = 'campaign'
UNION ALL
SELECT 'dumped', c.oid::regclass::text, 'filter: ' || coalesce(x.extcondition[c.n], '')
FROM pg_extension x, unnest(x.extconfig) WITH ORDINALITY c (oid, n) WHERE x.extname = 'campaign'
UNION ALL
SELECT 'schema', n.nspname, pg_temp.privileges(coalesce(n.nspacl, acldefault('n', n.nspowner)))
FROM member m JOIN pg_namespace n ON m.classid = 'pg_namespace'::regclass AND m.objid = n.oid
-- functions
UNION ALL
SELECT 'function', m.identity,
       CASE WHEN p.prokind = 'a' THEN to_jsonb(a)::text
            ELSE md5(pg_get_functiondef(p.oid)) || ' ' || md5(p.prosrc) END
       || format(' returns %s language %s volatile %s strict %s parallel %s definer %s leakproof %s cost %s rows %s set %s owner %s',
                 pg_get_function_result(p.oid), l.lanname, p.provolatile, p.proisstrict, p.proparallel, p.prosecdef,
                 p.proleakproof, p.procost, p.prorows, p.proconfig, p.proowner::regrole)
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
UNION ALL
SELECT 'function privileges', m.identity, pg_temp.privileges(coalesce(p.proacl, acldefault('f', p.proowner)))
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
-- types and domains
UNION ALL
SELECT 'type', m.identity, format('%s base %s not null %s default %s collation %s owner %s labels %s',
       t.typtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
       CASE WHEN t.typcollation <> 0 THEN t.typcollation::regcollation END, t.typowner::regrole,
       (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
UNION ALL
SELECT 'type privileges', m.identity, pg_temp.privileges(coalesce(t.typacl, acldefault('T', t.typowner)))
FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
-- relations
UNION ALL
SELECT 'relation', r.identity, format('%s %s row security %s forced %s options %s replica identity %s owner %s definition %s',
       r.relkind, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity, r.reloptions, r.relreplident,
       r.relowner::regrole, CASE WHEN r.relkind IN ('v', 'm') THEN md5(pg_get_viewdef(r.oid)) END)
FROM member_relation r
UNION ALL
SELECT 'relation privileges', r.identity,
       pg_temp.privileges(coalesce(r.relacl, acldefault(CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", r.relowner)))
FROM member_relation r WHERE r.relkind <> 'c'
UNION ALL
-- The place of a column counts: functions return rows of tables.
SELECT 'column', r.identity || '.' || a.attname,
       format('%s. %s not null %s default %s generated %s identity %s collation %s storage %s compression %s options %s',
              row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod), a.attnotnull,
              pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attidentity,
              CASE WHEN a.attcollation <> 0 THEN a.attcollation::regcollation END,
              a.attstorage, a.attcompression,
              -- minor releases of 2026 keep a version of their own (pg_attver) among the options
              (SELECT array_agg(o ORDER BY o) FROM unnest(a.attoptions) o WHERE o !~ '^pg_'))
FROM member_relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
UNION ALL
SELECT 'column privileges', r.identity || '.' || a.attname, pg_temp.privileges(a.attacl)
FROM member_relation r JOIN pg_attribute a ON a.attrelid = r.oid AND NOT a.attisdropped AND a.attacl IS NOT NULL
UNION ALL
SELECT 'sequence', r.identity, to_jsonb(s)::text
FROM member_relation r JOIN pg_sequence s ON s.seqrelid = r.oid
-- parts
UNION ALL
SELECT 'constraint', i.identity, pg_get_constraintdef(k.oid) || format(' validated %s', k.convalidated)
FROM part JOIN pg_constraint k ON part.classid = 'pg_constraint'::regclass AND part.objid = k.oid
CROSS JOIN LATERAL pg_identify_object(part.classid, part.objid, 0) i
UNION ALL
SELECT 'index', x.indexrelid::regclass::text, format('%s valid %s clustered %s replica identity %s',
       pg_get_indexdef(x.indexrelid), x.indisvalid, x.indisclustered, x.indisreplident)
FROM part JOIN pg_index x ON part.classid = 'pg_class'::regclass AND part.objid = x.indexrelid
UNION ALL
SELECT 'trigger', i.identity, pg_get_triggerdef(t.oid) || format(' enabled %s', t.tgenabled)
FROM part JOIN pg_trigger t ON part.classid = 'pg_trigger'::regclass AND part.objid = t.oid
CROSS JOIN LATERAL pg_identify_object(part.classid, part.objid, 0) i
UNION ALL
SELECT 'policy', i.identity, format('for %s permissive %s to %s using %s check %s', p.polcmd, p.polpermissive,
       p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM part JOIN pg_policy p ON part.classid = 'pg_policy'::regclass AND part.objid = p.oid
CROSS JOIN LATERAL pg_identify_object(part.classid, part.objid, 0) i
-- comments
UNION ALL
SELECT 'comment', i.type || ' ' || i.identity, d.description
FROM pg_description d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
WHERE (d.classoid, d.objoid) IN (SELECT classid, objid FROM member UNION ALL SELECT classid, objid FROM part)
-- what a dump takes the privileges to have been at first
UNION ALL
SELECT 'initial privileges', i.type || ' ' || i.identity, pg_temp.privileges(p.initprivs)
FROM pg_init_privs p CROSS JOIN LATERAL pg_identify_object(p.classoid, p.objoid, p.objsubid) i
WHERE (p.classoid, p.objoid) IN (SELECT classid, objid FROM member);

SELECT format('%s | %s | %s', kind, name, replace(detail, E'\n', E'\\n'))
FROM fact ORDER BY kind COLLATE "C", name COLLATE "C", detail COLLATE "C";

-- Rows of the extension's own: the seeds of tables that have some, and all of
-- a table that is not dumped, but for what belongs to one cluster only.
SELECT format('SELECT ''row | %1$s | '' || (to_jsonb(t) - ''{created_at,updated_at}''::text[])::text FROM %1$s t %2$s ORDER BY to_jsonb(t)::text COLLATE "C"',
              r.oid::regclass,
              CASE WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attname = 'seeded' AND NOT a.attisdropped)
                   THEN 'WHERE seeded' END)
FROM member_relation r
WHERE r.relkind = 'r' AND r.relname NOT IN ('schema_version', 'armed_cluster')
  AND (r.oid <> ALL (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'campaign')
       OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attname = 'seeded' AND NOT a.attisdropped))
ORDER BY r.oid::regclass::text COLLATE "C"
\gexec
