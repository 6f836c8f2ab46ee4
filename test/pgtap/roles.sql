-- Viewers read, editors change, owners change members, settings and budgets; and a role counts in its own tenant only.
-- Functions, tables and columns are taken from the catalog: what is not on one of the two lists below is open to an
-- editor and closed to a viewer, so that whatever is new has to be one or the other. As a database role, and as the
-- subject of a token.
BEGIN;
SET LOCAL client_min_messages = warning;
SET search_path = public, pg_catalog;
SELECT no_plan();
\ir lib/probe.sql

-- ---- what only owners do

CREATE TABLE probe.owner_tables (name text PRIMARY KEY, why text);
CREATE TABLE probe.owner_functions (signature text PRIMARY KEY, why text);
GRANT SELECT ON probe.owner_tables, probe.owner_functions TO PUBLIC;
INSERT INTO probe.owner_tables VALUES
	('tenants', 'settings'),
	('contact_cooldowns', 'settings'),
	('readiness_stages', 'settings'),
	('stop_rules', 'settings'),
	('generation_budgets', 'budgets');
INSERT INTO probe.owner_functions VALUES
	('campaign.add_member(uuid,text,text)', 'members'),
	('campaign.remove_member(uuid,text)', 'members'),
	('campaign.set_send_limit(uuid,text,integer,integer,integer,interval)', 'settings'),
	('campaign.clear_send_limit(uuid,text)', 'settings'),
	('campaign.start_warmup(uuid,text,date,jsonb)', 'settings'),
	('campaign.stop_warmup(uuid,text)', 'settings'),
	('campaign.list_tenant_keys(uuid)', 'settings'),
	('campaign.rotate_tenant_key(uuid)', 'settings'),
	('campaign.drop_tenant_key(uuid,integer)', 'settings'),
	('campaign.lift_suppression(uuid,text)', 'writes to somebody who had said no'),
	('campaign.erase_contact(uuid)', 'does not come back'),
	('campaign.purge_campaign(uuid)', 'does not come back');

SELECT is_empty('SELECT signature FROM probe.owner_functions EXCEPT SELECT signature FROM probe.cases', 'every function of the list is one that members have');
SELECT is_empty('SELECT name FROM probe.owner_tables EXCEPT SELECT name FROM probe.tables', 'every table of the list is one of tenants'' rows');

-- ---- who is asked: in the first tenant ed is an editor; the others are something else in the second one

CREATE TABLE probe.people (person text PRIMARY KEY, in_first text, in_second text);
GRANT SELECT ON probe.people TO PUBLIC;
INSERT INTO probe.people VALUES
	('ed', 'editor', NULL),
	('olga', 'viewer', 'owner'),
	('otto', 'editor', 'owner'),
	('two', 'editor', 'editor');
DO $$
DECLARE
	p record;
BEGIN
	FOR p IN SELECT * FROM probe.people LOOP
		EXECUTE format('CREATE ROLE %I', 'regress_tenancy_' || p.person);
		PERFORM campaign.grant_access('regress_tenancy_' || p.person, 'member');
		PERFORM campaign.add_member(probe.id('ann', 'tenant')::uuid, prefix || p.person, p.in_first),
			CASE WHEN p.in_second IS NOT NULL THEN campaign.add_member(probe.id('eve', 'tenant')::uuid, prefix || p.person, p.in_second) END
		FROM unnest('{regress_tenancy_,user-}'::text[]) prefix;
	END LOOP;
	PERFORM probe.remember();
END
$$;
-- The role that a person acts as; with tokens they share one, and the subject makes the difference.
CREATE FUNCTION probe.become(person text) RETURNS name LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('campaign.identity_source') = 'role' THEN
		RETURN 'regress_tenancy_' || person;
	END IF;
	PERFORM set_config('request.jwt.claims', json_build_object('sub', 'user-' || person, 'role', 'regress_tenancy_app')::text, true);
	RETURN 'regress_tenancy_app';
END
$$;
CREATE FUNCTION probe.ask(person text, statement text) RETURNS text LANGUAGE sql AS $$ SELECT probe.attempt(probe.become(person), statement) $$;
-- An answer without what differs from one time to the other: new ids and moments.
CREATE FUNCTION probe.plain(answer text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT regexp_replace(regexp_replace(answer, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g'), '\d{4}-\d\d-\d\d[ T][0-9:.+]+', '<time>', 'g')
$$;

-- ---- functions

CREATE FUNCTION probe.functions_by_role(viewer text, editor text, who text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	c record;
	call text;
	by_owner text;
	by_editor text;
	by_viewer text;
BEGIN
	FOR c IN
		SELECT s.*, o.signature IS NOT NULL AS is_owners FROM probe.cases s LEFT JOIN probe.owner_functions o USING (signature)
		-- a call that names rows of both tenants is of another section, and who one is, too
		WHERE s.expected <> 'pure' AND s.call !~ '\{own\.' AND s.signature NOT LIKE 'campaign.%able\_tenants()' AND s.signature <> 'campaign.owned_tenants()'
		ORDER BY s.signature, s.call
	LOOP
		call := probe.filled(c.call, 'ann', 'ann');
		by_owner := probe.plain(probe.ask('ann', call));
		by_editor := probe.plain(probe.ask(editor, call));
		by_viewer := probe.plain(probe.ask(viewer, call));
		RETURN NEXT matches(by_owner, '^(CHANGED THE FIRST TENANT: value|value|CP|22023|42501 [|] contacts are not enrolled by a query)', format('%s: an owner may: %s', who, c.call));
		IF c.is_owners THEN
			RETURN NEXT matches(by_editor, '^(42501|P0002)', format('%s: an editor may not: %s', who, c.call));
			RETURN NEXT matches(by_viewer, '^(42501|P0002)', format('%s: nor may a viewer: %s', who, c.call));
		ELSE
			RETURN NEXT is(by_editor, by_owner, format('%s: an editor may: %s', who, c.call));
			IF c.is_volatile THEN
				RETURN NEXT matches(by_viewer, '^(42501|P0002|value: P0002$)', format('%s: a viewer may not: %s', who, c.call));
			ELSE
				RETURN NEXT is(by_viewer, by_owner, format('%s: a viewer may: %s', who, c.call));
			END IF;
		END IF;
	END LOOP;
END
$$;
-- A call that names rows of both tenants finds those of the one, and not those of the other.
CREATE FUNCTION probe.rows_are_not_joined(person text, who text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT matches(probe.ask(person, probe.filled(c.call, d.other, d.own)), c.expected || '|^value: not_matched contact_missing \d$', format('%s, of %s: %s', who, d.own, c.call))
	-- an address is no row: it is suppressed in the tenant that is named
	FROM probe.cases c, (VALUES ('ann', 'eve'), ('eve', 'ann')) d(other, own)
	WHERE c.call ~ '\{own\.' AND c.call ~ '\{[a-z_]+\}' AND c.signature !~ 'suppress'
	ORDER BY d.own, c.call
$$;
CREATE FUNCTION probe.knows_itself(who text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT is(probe.ask(p.person, format('SELECT concat_ws('' '', campaign.readable_tenants() @> t, campaign.writable_tenants() @> t, campaign.owned_tenants() @> t) FROM (SELECT ARRAY[%L::uuid]) v(t)', probe.id('ann', 'tenant'))),
		'value: ' || p.answer, format('%s: %s reads, writes, owns', who, p.person))
	FROM (VALUES ('ann', 't t t'), ('ed', 't t f'), ('viv', 't f f'), ('eve', 'f f f'), ('olga', 't f f'), ('otto', 't t f'), ('two', 't t f')) p(person, answer)
$$;

-- ---- tables, by row security alone

CREATE FUNCTION probe.tables_by_role(viewer text, editor text, who text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	t record;
	statement text;
	bad_owner text; bad_editor text; bad_viewer text;
	by_owner text; by_editor text; by_viewer text;
	member constant name := probe.become('ann');
BEGIN
	FOR t IN
		SELECT p.*, o.name IS NOT NULL AS is_owners FROM probe.tables p LEFT JOIN probe.owner_tables o USING (name)
		WHERE has_any_column_privilege(member, p.oid, 'INSERT, UPDATE') OR has_table_privilege(member, p.oid, 'DELETE') ORDER BY name
	LOOP
		bad_owner := ''; bad_editor := ''; bad_viewer := '';
		FOR statement IN
			SELECT format('UPDATE campaign.%I SET %I = %2$I WHERE %I = %L', t.name, a.attname, t.owner_column, probe.id('ann', 'tenant'))
			FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(member, t.oid, a.attnum, 'UPDATE')
			UNION ALL SELECT format('DELETE FROM campaign.%I WHERE %I = %L', t.name, t.owner_column, probe.id('ann', 'tenant')) WHERE has_table_privilege(member, t.oid, 'DELETE')
			UNION ALL SELECT probe.insertion(member, t.name, probe.one_row(t.name, probe.id('ann', 'tenant')::uuid)) WHERE has_any_column_privilege(member, t.oid, 'INSERT')
		LOOP
			by_owner := probe.ask('ann', statement);
			by_editor := probe.ask(editor, statement);
			by_viewer := probe.ask(viewer, statement);
			bad_owner := bad_owner || CASE WHEN by_owner !~ '^(CHANGED THE FIRST TENANT: )?rows: [1-9]|^23505' THEN E'\n' || statement || E'\n' || by_owner ELSE '' END;
			bad_editor := bad_editor || CASE WHEN t.is_owners AND by_editor !~ '^(rows: 0|42501)' OR NOT t.is_owners AND by_editor <> by_owner THEN E'\n' || statement || E'\n' || by_editor ELSE '' END;
			bad_viewer := bad_viewer || CASE WHEN by_viewer !~ '^(rows: 0|42501)' THEN E'\n' || statement || E'\n' || by_viewer ELSE '' END;
		END LOOP;
		RETURN NEXT is(bad_owner, '', format('%s: an owner writes %s', who, t.name));
		RETURN NEXT is(bad_editor, '', format('%s: an editor %s %s', who, CASE WHEN t.is_owners THEN 'does not write' ELSE 'writes' END, t.name));
		RETURN NEXT is(bad_viewer, '', format('%s: a viewer does not write %s', who, t.name));
	END LOOP;
END
$$;
CREATE FUNCTION probe.all_read(who text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT is(probe.ask(p, s.statement), probe.ask('ann', s.statement), format('%s: %s reads what the owner reads of %s', who, p, s.name))
	FROM (
		SELECT c.relname AS name, format('SELECT count(*) FROM campaign.%I WHERE %I = %L', c.relname, a.attname, probe.id('ann', 'tenant')) AS statement
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped AND a.attname = CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END
		WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind IN ('r', 'v')
	) s, unnest('{viv,olga,ed,otto}'::text[]) p
	ORDER BY s.name, p
$$;
CREATE FUNCTION probe.roles_are_kept(who text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT probe.knows_itself(who)
	UNION ALL SELECT probe.all_read(who)
	UNION ALL SELECT probe.functions_by_role('viv', 'ed', who)
	-- the same, of people who own another tenant
	UNION ALL SELECT probe.functions_by_role('olga', 'otto', who || ', owners elsewhere')
	UNION ALL SELECT probe.rows_are_not_joined('two', who || ', editor of both')
$$;

-- Rows are looked at by row security alone, without triggers and foreign keys, which would hide a hole in it.
SELECT * FROM probe.roles_are_kept('role');
-- An answer that both are given is worth something where it is a success.
SELECT is_empty($$
	SELECT c.signature FROM probe.cases c WHERE c.expected <> 'pure' AND c.is_volatile AND c.call !~ '\{own\.'
		-- these have nothing to change in this fixture, or change nothing ever
		AND c.signature !~ '^campaign\.(cancel_launch|drop_tenant_key|export_messages|link_token|list_tenant_keys|mark_sent|migrate_enrollments|simulate|unarchive_contact)\('
	GROUP BY c.signature HAVING NOT bool_or(probe.ask('ed', probe.filled(c.call, 'ann', 'ann')) ~ '^CHANGED' OR c.signature IN (SELECT o.signature FROM probe.owner_functions o))
$$, 'an editor succeeds with every function that changes something');
SELECT * FROM probe.links_are_closed('regress_tenancy_two', 'editor of both');
SET LOCAL session_replication_role = replica;
SELECT * FROM probe.tables_by_role('viv', 'ed', 'role');
SELECT * FROM probe.tables_by_role('olga', 'otto', 'role, owners elsewhere');
SELECT * FROM probe.tables_stay('regress_tenancy_olga', 'role, owner elsewhere');
SET LOCAL session_replication_role = DEFAULT;

-- ---- as the subject of a token

SET LOCAL campaign.identity_source = 'jwt';
SET LOCAL campaign.jwt_authenticators = 'regress_tenancy_web';
SET LOCAL SESSION AUTHORIZATION regress_tenancy_web;
SELECT * FROM probe.roles_are_kept('jwt');
SELECT * FROM probe.links_are_closed(probe.become('two'), 'jwt, editor of both');
RESET SESSION AUTHORIZATION;
SET LOCAL session_replication_role = replica;
SET LOCAL SESSION AUTHORIZATION regress_tenancy_web;
SELECT * FROM probe.tables_by_role('viv', 'ed', 'jwt');
SELECT * FROM probe.tables_by_role('olga', 'otto', 'jwt, owners elsewhere');
SELECT * FROM probe.tables_stay(probe.become('olga'), 'jwt, owner elsewhere');
RESET SESSION AUTHORIZATION;

SELECT * FROM finish();
ROLLBACK;
