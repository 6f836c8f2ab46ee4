-- The kinds of documents: each has a domain and the same five functions, and its
-- schema says what a front end needs.
BEGIN;
SET search_path = public, pg_catalog;
SELECT no_plan();

CREATE TEMP VIEW kinds AS
	SELECT t.oid, t.typname::text AS name FROM pg_type t
	WHERE t.typnamespace = 'campaign'::regnamespace AND t.typtype = 'd' AND t.typbasetype = 'jsonb'::regtype;
SELECT set_eq('SELECT name FROM kinds', $$VALUES ('contact_filter'), ('generation_config'), ('sender_config'), ('template_config')$$,
	'domains over jsonb are the kinds of documents');

CREATE TEMP VIEW functions AS
	SELECT k.name, f.signature, to_regprocedure(f.signature) AS oid
	FROM kinds k, LATERAL (VALUES (format('campaign.require_%s(jsonb)', k.name)), (format('campaign.%s_errors(jsonb)', k.name)),
		(format('campaign.normalize_%s(jsonb)', k.name)), (format('campaign.%s_schema()', k.name)), (format('campaign.unwrap_%s(jsonb)', k.name))) f(signature);
SELECT is_empty('SELECT signature FROM functions WHERE oid IS NULL', 'each kind has its functions');
SELECT is_empty($$
	SELECT f.signature FROM functions f JOIN pg_proc p ON p.oid = f.oid JOIN pg_language l ON l.oid = p.prolang
	WHERE l.lanname <> 'c' OR p.provolatile <> 'i' OR NOT p.proisstrict OR p.proparallel <> 's' OR p.prosecdef
$$, 'they are C, IMMUTABLE, STRICT, PARALLEL SAFE and run with the rights of the caller');
SELECT is_empty($$
	SELECT f.signature FROM functions f
	WHERE NOT EXISTS (SELECT FROM campaign.access_privileges a WHERE a.level = 'member' AND a.object = 'FUNCTION ' || f.signature)
$$, 'members may execute them');
SELECT is_empty($$
	SELECT k.name FROM kinds k WHERE NOT EXISTS (SELECT FROM campaign.access_privileges a WHERE a.level = 'member' AND a.object = 'DOMAIN campaign.' || k.name)
$$, 'and use the domains');
SELECT is_empty($$
	SELECT a.attrelid::regclass, a.attname FROM pg_attribute a JOIN kinds k ON k.oid = a.atttypid JOIN pg_class c ON c.oid = a.attrelid
	WHERE c.relkind = 'r' AND NOT a.attnotnull
$$, 'columns of the domains are NOT NULL, which a STRICT check does not see');

-- Every schema in a schema, with the place where it stands.
CREATE FUNCTION pg_temp.schemas(name text) RETURNS TABLE (place text, schema jsonb) LANGUAGE plpgsql AS $$
DECLARE
	root jsonb;
BEGIN
	EXECUTE format('SELECT campaign.%s_schema()', name) INTO root;
	RETURN QUERY WITH RECURSIVE all_of AS (
		SELECT name AS place, root AS schema
		UNION ALL
		SELECT a.place || CASE WHEN c.key = 'items' THEN '[]' ELSE '.' || c.key END, c.value FROM all_of a,
			LATERAL (SELECT 'items' AS key, a.schema -> 'items' AS value WHERE a.schema ? 'items' UNION ALL SELECT * FROM jsonb_each(a.schema -> 'properties')) c)
	SELECT * FROM all_of;
END
$$;
CREATE TEMP TABLE schemas AS SELECT k.name, s.* FROM kinds k, pg_temp.schemas(k.name) s;
SELECT cmp_ok((SELECT count(*) FROM schemas WHERE schemas.name = k.name), '>', 10::bigint, format('the schema of %s has parts', k.name)) FROM kinds k;
SELECT is_empty($$SELECT place FROM schemas WHERE place = name AND (schema ->> '$schema' <> 'https://json-schema.org/draft/2020-12/schema' OR schema ->> 'title' <> name OR schema ->> 'description' = '')$$,
	'a schema says its dialect, its name and what it is');
SELECT is_empty($$SELECT place FROM schemas WHERE place !~ '\]$' AND coalesce(schema ->> 'description', '') = ''$$, 'every key is described');
SELECT is_empty($$SELECT place FROM schemas WHERE schema ->> 'type' = 'object' AND schema -> 'additionalProperties' IS DISTINCT FROM 'false'$$, 'no object takes unknown keys');
SELECT is_empty($$
	SELECT place FROM schemas
	WHERE NOT CASE schema ->> 'type' WHEN 'string' THEN schema ? 'enum' OR schema ?& '{minLength,maxLength}' WHEN 'array' THEN schema ?& '{minItems,maxItems,items}'
		WHEN 'number' THEN schema ? 'maximum' WHEN 'integer' THEN schema ?& '{minimum,maximum}' ELSE schema ->> 'type' IN ('boolean', 'object') END
$$, 'whatever has a size has a bound');

-- One fact, one place.
SELECT is_empty($$
	SELECT g.place, t.place FROM schemas g JOIN schemas t ON t.name = 'template_config'
		AND t.place IN ('template_config[].config.' || split_part(g.place, '.', 2), 'template_config[].' || split_part(g.place, '.', 2))
	WHERE g.name = 'generation_config' AND g.place LIKE '%.%' AND g.schema - '{description,default}'::text[] <> t.schema - '{description,default}'::text[]
$$, 'what a step and generation_config both know has the same rule');
SELECT isnt_empty($$
	SELECT FROM schemas g JOIN schemas t ON t.place = 'template_config[].config.' || split_part(g.place, '.', 2) WHERE g.name = 'generation_config'
$$, 'and there is something that both know');

-- The way out that a double-encoded document is told of exists, and leads out.
SELECT matches(e.hint, 'campaign\.unwrap_generation_config\(jsonb\)', 'the hint names the function') FROM campaign.generation_config_errors('"{}"') e;
SELECT is(campaign.unwrap_generation_config('"{}"'), '{}', 'which undoes it');

SELECT * FROM finish();
ROLLBACK;
