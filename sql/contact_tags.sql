-- Tags: names that a tenant gives to groups of contacts. A batch is only a tag.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_tags_ann;
CREATE ROLE regress_tags_vic;
CREATE ROLE regress_tags_eve;
CREATE FUNCTION pg_temp.plain(t text) RETURNS text LANGUAGE sql
	AS $$ SELECT regexp_replace(t, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g') $$;
CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m text; d text; h text;
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	RETURN pg_temp.plain(concat_ws(E'\n', SQLSTATE || ': ' || m, 'DETAIL: ' || nullif(d, ''), 'HINT: ' || nullif(h, '')));
END $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_tags_ann,regress_tags_vic,regress_tags_eve}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'tags-acme', 'UTC', 'regress_tags_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'tags-eve', 'UTC', 'regress_tags_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_tags_vic', 'viewer');
\o
SET ROLE regress_tags_eve;
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'eve', 'Other', 'other@x.example') RETURNING id AS other \gset
SET ROLE regress_tags_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'acme', n, lower(n) || '@x.example' FROM unnest('{Abe,Bea,Cid,Dot,Eli}'::text[]) n;
SELECT max(id::text) FILTER (WHERE first_name = 'Abe') AS abe, max(id::text) FILTER (WHERE first_name = 'Bea') AS bea,
	max(id::text) FILTER (WHERE first_name = 'Dot') AS dot, max(id::text) FILTER (WHERE first_name = 'Eli') AS eli FROM campaign.contacts \gset
CREATE TEMP VIEW tags AS
	SELECT c.first_name, g.tag FROM campaign.contact_tags g JOIN campaign.contacts c ON c.tenant_id = g.tenant_id AND c.id = g.contact_id ORDER BY 1, 2;

--
-- Each contact gets each tag, once; the ids of nothing and of others are passed over
--
SELECT campaign.tag_contacts(:'acme', ARRAY[:'abe', :'bea', :'abe', NULL, :'other', '00000000-0000-0000-0000-000000000001']::uuid[], '{batch 7,VIP,VIP}');
SELECT campaign.tag_contacts(:'acme', ARRAY(SELECT id FROM campaign.contacts), '{batch 7}');
-- upper and lower case are different tags
SELECT campaign.tag_contacts(:'acme', ARRAY[:'abe']::uuid[], '{vip,Grüße}');
TABLE tags;
SELECT campaign.tag_contacts(:'acme', NULL, '{nobody}'), campaign.tag_contacts(:'acme', '{}', '{nobody}');
SELECT campaign.untag_contacts(:'acme', ARRAY[:'abe', :'other']::uuid[], '{VIP,no such tag}');
-- from everybody
SELECT campaign.untag_contacts(:'acme', NULL, '{batch 7}');
TABLE tags;
SELECT campaign.untag_contacts(:'acme', '{}', '{vip}');

--
-- What is no tag
--
SELECT pg_temp.try(format('SELECT campaign.tag_contacts(%L, %L, %L)', :'acme', ARRAY[:'abe'], t)) FROM unnest(ARRAY[NULL, '{}', '{""}', '{" x"}', '{"x "}', '{NULL}', E'{"a\nb"}', E'{"a\tb"}']) t;
SELECT pg_temp.try(format('SELECT campaign.tag_contacts(%L, %L, %L)', :'acme', ARRAY[:'abe'], ARRAY[repeat('ä', n)])) FROM unnest('{100,101}'::int[]) n;
SELECT pg_temp.try(format('SELECT campaign.tag_contacts(%L, %L, %L)', :'acme', ARRAY[:'abe'], array_fill('x'::text, ARRAY[n]))) FROM unnest('{100,101}'::int[]) n;
SELECT pg_temp.try(format('SELECT campaign.untag_contacts(%L, %L, %L)', :'acme', ARRAY[:'abe'], NULL));

--
-- Who may: not a viewer, not a stranger; and nobody by hand
--
SET ROLE regress_tags_vic;
SELECT pg_temp.try(format('SELECT campaign.tag_contacts(%L, %L, %L)', :'acme', ARRAY[:'abe'], '{x}'));
SELECT pg_temp.try(format('SELECT campaign.untag_contacts(%L, %L, %L)', :'acme', NULL, '{vip}'));
SELECT count(*) FROM campaign.contact_tags;
SET ROLE regress_tags_eve;
SELECT pg_temp.try(format('SELECT campaign.tag_contacts(%L, %L, %L)', :'acme', ARRAY[:'abe'], '{x}'));
SELECT pg_temp.try(format('SELECT campaign.tag_contacts(%L, %L, %L)', NULL, ARRAY[:'abe'], '{x}'));
SELECT campaign.tag_contacts(:'eve', ARRAY[:'abe']::uuid[], '{x}');
SELECT count(*) FROM campaign.contact_tags;
SET ROLE regress_tags_ann;
SELECT pg_temp.try(format('INSERT INTO campaign.contact_tags VALUES (%L, %L, %L, now())', :'acme', :'abe', 'x'));
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.try(format('SELECT campaign.tag_contacts(%L, %L, %L)', :'acme', ARRAY[:'abe'], '{x}'));
ROLLBACK;

--
-- A contact that goes takes its tags along, an erased one loses them, an archived one gets none
--
SELECT campaign.tag_contacts(:'acme', ARRAY[:'bea', :'dot', :'eli']::uuid[], '{leaving}');
DELETE FROM campaign.contacts WHERE id = :'bea';
SELECT * FROM campaign.erase_contact(:'dot') WHERE relation = 'contact_tags';
SELECT campaign.archive_contact(:'eli');
SELECT campaign.tag_contacts(:'acme', ARRAY[:'dot', :'eli']::uuid[], '{late}');
SELECT first_name, tag FROM tags;
SELECT jsonb_path_query_array(campaign.export_contact(:'eli') -> 'contact_tags', '$[*].tag') AS exported;

--
-- A trigger of somebody's own fires: the rows are then written as INSERT writes them
--
RESET ROLE;
CREATE FUNCTION pg_temp.shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'tagged %', NEW.tag; RETURN NULL; END $$;
CREATE TRIGGER shout AFTER INSERT ON campaign.contact_tags FOR EACH ROW EXECUTE FUNCTION pg_temp.shout();
SET ROLE regress_tags_ann;
SELECT campaign.tag_contacts(:'acme', ARRAY[:'abe']::uuid[], '{heard}');
RESET ROLE;
DROP TRIGGER shout ON campaign.contact_tags;
-- and a foreign key is checked
CREATE TABLE public.regress_tags_known (tag text PRIMARY KEY);
ALTER TABLE campaign.contact_tags ADD CONSTRAINT known FOREIGN KEY (tag) REFERENCES public.regress_tags_known NOT VALID;
SET ROLE regress_tags_ann;
SELECT pg_temp.try(format('SELECT campaign.tag_contacts(%L, %L, %L)', :'acme', ARRAY[:'abe'], '{unheard of}'));
RESET ROLE;
ALTER TABLE campaign.contact_tags DROP CONSTRAINT known;
DROP TABLE public.regress_tags_known;
\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'tags-acme'), campaign.delete_tenant(:'eve', 'tags-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_tags_ann,regress_tags_vic,regress_tags_eve}'::name[]) r;
\o
DROP OWNED BY regress_tags_ann;
DROP ROLE regress_tags_ann, regress_tags_vic, regress_tags_eve;
