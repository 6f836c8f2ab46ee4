-- Readiness: stages of contacts and companies, which of them are required, and who has them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_ready_ann;
CREATE ROLE regress_ready_ed;
CREATE ROLE regress_ready_vic;
CREATE ROLE regress_ready_eve;
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
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.set_status(who text, VARIADIC statuses text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	one text;
BEGIN
	FOREACH one IN ARRAY statuses LOOP
		UPDATE campaign.campaign_contacts k SET status = one FROM campaign.contacts c WHERE c.tenant_id = k.tenant_id AND c.id = k.contact_id AND c.first_name = who;
	END LOOP;
END $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_ready_ann,regress_ready_ed,regress_ready_vic,regress_ready_eve}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'ready-acme', 'UTC', 'regress_ready_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'ready-eve', 'UTC', 'regress_ready_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_ready_vic', 'viewer'), campaign.add_member(:'acme', 'regress_ready_ed', 'editor');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_ready_ann;
\set steps '[{"channel": "email", "subject": "Hi", "body_text": "Hi"}]'
INSERT INTO campaign.companies (tenant_id, name) VALUES (:'acme', 'Forge') RETURNING id AS forge \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email, company_id) VALUES
	(:'acme', 'Abe', 'abe@x.example', :'forge'), (:'acme', 'Bea', 'bea@x.example', :'forge'), (:'acme', 'Free', 'free@x.example', NULL),
	(:'acme', 'Gen', 'gen@x.example', :'forge'), (:'acme', 'Out', 'out@x.example', :'forge');
SELECT max(id::text) FILTER (WHERE first_name = 'Abe') AS abe, max(id::text) FILTER (WHERE first_name = 'Bea') AS bea,
	max(id::text) FILTER (WHERE first_name = 'Free') AS free, max(id::text) FILTER (WHERE first_name = 'Out') AS out FROM campaign.contacts \gset
SELECT campaign.create_campaign(:'acme', 'One', :'steps', 'assigned') AS one \gset
SELECT * FROM campaign.assign_contacts(:'one', filter => '{}');
SELECT * FROM campaign.exclude_contacts(:'one', ARRAY[:'out']::uuid[]);
CREATE TEMP VIEW assigned AS
	SELECT p.first_name AS contact, k.status, k.enrichment_gaps AS gaps FROM campaign.campaign_contacts k
		JOIN campaign.contacts p ON p.tenant_id = k.tenant_id AND p.id = k.contact_id ORDER BY 1;
CREATE TEMP VIEW stages AS
	SELECT s.entity_kind, coalesce(p.first_name, o.name) AS entity, s.stage, s.status, date_trunc('minute', s.at) AS at FROM campaign.entity_stages s
		LEFT JOIN campaign.contacts p ON p.id = s.contact_id LEFT JOIN campaign.companies o ON o.id = s.company_id ORDER BY 1, 2, 3;

--
-- Nothing is known of anybody. The defaults are the system's, and read by everybody
--
SELECT entity_kind, stage, required, seeded FROM campaign.readiness_stages;
SELECT pg_temp.set_status('Gen', 'enrichment_ok', 'generating', 'generated');
SELECT * FROM campaign.check_readiness(:'one');
TABLE assigned;

--
-- Defect 9: readiness asked for stages that the pipeline never records, so it never passed. The pipeline's
-- names and the stages' are the same stages, in whichever way each was written
--
SELECT campaign.record_stage('company', :'forge', 'l1_company'), campaign.record_stage('company', :'forge', 'l2');
SELECT campaign.record_stage('contact', :'abe', 'person_enrichment'), campaign.record_stage('contact', :'free', 'person');
TABLE stages;
SELECT * FROM campaign.check_readiness(:'one');
TABLE assigned;
-- required by its alias, recorded by its name, and the other way round
SELECT pg_temp.at_time('2030-01-10 13:00');
INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage) VALUES (:'acme', 'company', 'l1_company'), (:'acme', 'company', 'l2_deep_research'), (:'acme', 'contact', 'person_enrichment');
SELECT entity_kind, stage, required, seeded FROM campaign.readiness_stages WHERE NOT seeded ORDER BY 1, 2;
SELECT * FROM campaign.check_readiness(:'one');
SELECT campaign.record_stage('company', :'forge', 'l2_deep_research', 'failed');
SELECT * FROM campaign.check_readiness(:'one');
TABLE assigned;
SELECT campaign.record_stage('company', :'forge', 'l2', 'skipped'), campaign.record_stage('contact', :'bea', 'person', 'failed');
SELECT * FROM campaign.check_readiness(:'one');
TABLE assigned;

--
-- Of two reports the later one counts, in whichever order they come
--
SELECT campaign.record_stage('contact', :'bea', 'person', 'completed', '2030-01-10 12:59');
SELECT * FROM stages WHERE entity = 'Bea';
SELECT campaign.record_stage('contact', :'bea', 'person', 'completed', '2030-01-10 13:30');
SELECT * FROM stages WHERE entity = 'Bea';

--
-- What a tenant requires replaces the defaults; a row that is not required requires nothing
--
DELETE FROM campaign.readiness_stages;
SELECT count(*) FROM campaign.readiness_stages;
INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage) VALUES (:'acme', 'contact', 'consent_form');
SELECT * FROM campaign.check_readiness(:'one');
TABLE assigned;
UPDATE campaign.readiness_stages SET required = false WHERE tenant_id = :'acme';
SELECT * FROM campaign.check_readiness(:'one');
TABLE assigned;
DELETE FROM campaign.readiness_stages WHERE tenant_id = :'acme';

--
-- What is no stage, no status, no kind
--
SELECT pg_temp.try(format('SELECT campaign.record_stage(%L, %L, %L, %L)', k, CASE k WHEN 'company' THEN :'forge' ELSE :'abe' END, s, t)) FROM (VALUES
	('contact', 'l1_company', 'completed'), ('company', 'person_enrichment', 'completed'), ('contact', NULL, 'completed'), ('contact', '', 'completed'),
	('contact', 'L1', 'completed'), ('contact', repeat('x', 64), 'completed'), ('contact', repeat('x', 63), 'completed'),
	('contact', 'person', 'done'), ('contact', 'person', NULL), ('person', 'l1', 'completed'), (NULL, 'l1', 'completed')) v (k, s, t);
SELECT pg_temp.try(format('SELECT campaign.record_stage(%L, NULL, %L)', k, 'l1')) FROM unnest('{contact,company}'::text[]) k;
SELECT pg_temp.try(format('INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage) VALUES (%L, %L, %L)', :'acme', k, s))
FROM (VALUES ('contact', 'l1_company'), ('thing', 'l1'), ('contact', 'No')) v (k, s);
SELECT pg_temp.try(format('SELECT campaign.check_readiness(%L)', NULL));

--
-- Erased contacts have no stages; companies and contacts that go take theirs along
--
\o /dev/null
SELECT campaign.erase_contact(:'abe');
SELECT pg_temp.try(format('SELECT campaign.record_stage(%L, %L, %L)', 'contact', :'abe', 'person')) AS said \gset
\o
\echo :said
SELECT * FROM campaign.check_readiness(:'one');
DELETE FROM campaign.companies WHERE id = :'forge';
DELETE FROM campaign.contacts WHERE id = :'bea';
TABLE stages;
SELECT * FROM campaign.check_readiness(:'one');

--
-- Who may: owners say what is required, editors record and check, viewers and strangers nothing; the defaults nobody
--
SET ROLE regress_ready_ed;
SELECT pg_temp.try(format('INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage) VALUES (%L, %L, %L)', :'acme', 'contact', 'x'));
SELECT campaign.record_stage('contact', :'free', 'extra');
SELECT total FROM campaign.check_readiness(:'one');
SET ROLE regress_ready_vic;
SELECT pg_temp.try(format('SELECT campaign.record_stage(%L, %L, %L)', 'contact', :'free', 'person'));
SELECT pg_temp.try(format('SELECT campaign.check_readiness(%L)', :'one'));
SET ROLE regress_ready_eve;
SELECT pg_temp.try(format('SELECT campaign.record_stage(%L, %L, %L)', 'contact', :'free', 'person'));
SELECT pg_temp.try(format('SELECT campaign.check_readiness(%L)', :'one'));
SELECT count(*) FROM campaign.entity_stages;
SELECT pg_temp.try(format('INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage) VALUES (%L, %L, %L)', '00000000-0000-0000-0000-000000000000', 'contact', 'x'));
RESET ROLE;
SELECT pg_temp.try('DELETE FROM campaign.readiness_stages WHERE seeded');
SET ROLE regress_ready_ann;
SELECT campaign.transition_campaign(:'one', 'archived');
SELECT pg_temp.try(format('SELECT campaign.check_readiness(%L)', :'one'));

RESET ROLE;
\o /dev/null
SELECT set_config('campaign.clock_offset', '0', false);
SELECT campaign.delete_tenant(:'acme', 'ready-acme'), campaign.delete_tenant(:'eve', 'ready-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_ready_ann,regress_ready_ed,regress_ready_vic,regress_ready_eve}'::name[]) r;
\o
DROP OWNED BY regress_ready_ann;
DROP ROLE regress_ready_ann, regress_ready_ed, regress_ready_vic, regress_ready_eve;
