-- rows.sql: all rows of all tables that a dump of the database must carry, one
-- a line, in a fixed order. Seeds are in the fingerprint.
SET search_path = pg_catalog, pg_temp;
SELECT format('SELECT ''%1$s | '' || to_jsonb(t)::text FROM %1$s t %2$s ORDER BY to_jsonb(t)::text COLLATE "C"', c.oid::regclass, x.extcondition[c.n])
FROM pg_extension x, unnest(x.extconfig) WITH ORDINALITY c (oid, n)
JOIN pg_class r ON r.oid = c.oid AND r.relkind = 'r'
WHERE x.extname = 'campaign'
ORDER BY c.oid::regclass::text COLLATE "C"
\gexec
