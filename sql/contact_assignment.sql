-- Contacts of a campaign: assigned by lists and filters, removed and excluded, by one set of rules.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_assign_ann;
CREATE ROLE regress_assign_vic;
CREATE ROLE regress_assign_eve;
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
-- as later rooms will: generation takes the contacts of a campaign to a status
CREATE FUNCTION pg_temp.set_status(who text, to_status text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	UPDATE campaign.campaign_contacts k SET status = to_status FROM campaign.contacts c
	WHERE c.tenant_id = k.tenant_id AND c.id = k.contact_id AND c.first_name = who AND k.status <> 'excluded';
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_assign_ann,regress_assign_vic,regress_assign_eve}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'assign-acme', 'UTC', 'regress_assign_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'assign-eve', 'UTC', 'regress_assign_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_assign_vic', 'viewer');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_assign_eve;
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'eve', 'Other', 'other@x.example') RETURNING id AS other \gset
SET ROLE regress_assign_ann;
\set steps '[{"channel": "email", "subject": "Hi", "body_text": "Hi"}, {"channel": "linkedin_message", "body_text": "Hi", "delay_hours": 24}]'
\o /dev/null
INSERT INTO campaign.companies (tenant_id, name, tier, industry) VALUES (:'acme', 'Big', 'A', 'steel'), (:'acme', 'Small', 'C', 'bakery');
SELECT max(id::text) FILTER (WHERE name = 'Big') AS big, max(id::text) FILTER (WHERE name = 'Small') AS small FROM campaign.companies \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone, linkedin_url, company_id, owner_member, seniority, icp_fit, score, language, is_disqualified) VALUES
	(:'acme', 'Abe', 'abe@x.example', '+12125550101', NULL, :'big', 'ann', 'cxo', 'strong', 90, 'en', false),
	(:'acme', 'Bea', 'bea@x.example', NULL, 'https://in.example/bea', :'small', 'ann', 'manager', 'weak', 50, 'de', false),
	(:'acme', 'Cid', NULL, '+12125550103', NULL, NULL, 'bob', 'cxo', NULL, 50.5, NULL, false),
	(:'acme', 'Dis', 'dis@x.example', NULL, NULL, :'big', 'bob', NULL, NULL, NULL, 'en', true),
	(:'acme', 'Sup', 'Sup@X.example', '+12125550105', NULL, NULL, NULL, NULL, NULL, NULL, NULL, false),
	(:'acme', 'Two', 'two@x.example', NULL, 'https://in.example/two', NULL, NULL, NULL, NULL, NULL, NULL, false),
	(:'acme', 'Arc', 'arc@x.example', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false),
	(:'acme', 'Era', 'era@x.example', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false);
SELECT campaign.tag_contacts(:'acme', ARRAY(SELECT id FROM campaign.contacts WHERE first_name IN ('Abe', 'Cid')), '{hot}');
SELECT campaign.tag_contacts(:'acme', ARRAY(SELECT id FROM campaign.contacts WHERE first_name IN ('Bea')), '{cold,batch 7}');
SELECT campaign.suppress_address(:'acme', a) FROM unnest('{sup@x.example,two@x.example,era@x.example}'::text[]) a;
SELECT campaign.archive_contact(id) FROM campaign.contacts WHERE first_name = 'Arc';
SELECT max(id::text) FILTER (WHERE first_name = 'Era') AS era FROM campaign.contacts \gset
SELECT campaign.erase_contact(:'era');
SELECT campaign.create_campaign(:'acme', 'One', :'steps', 'assigned') AS one \gset
SELECT campaign.create_campaign(:'acme', 'Filtered', :'steps', 'assigned') AS filtered \gset
SELECT campaign.create_campaign(:'acme', 'By jobs', :'steps') AS by_jobs \gset
\o
CREATE FUNCTION pg_temp.contacts(VARIADIC names text[]) RETURNS uuid[] LANGUAGE sql
	AS $$ SELECT array_agg(id ORDER BY id) FROM campaign.contacts WHERE first_name = ANY (names) $$;
CREATE TEMP VIEW assigned AS
	SELECT c.name AS campaign, coalesce(p.first_name, '-') AS contact, k.status, k.enrichment_gaps AS gaps, date_trunc('minute', k.added_at) AS added_at,
		date_trunc('minute', k.excluded_at) AS excluded_at, k.excluded_reason AS reason
	FROM campaign.campaign_contacts k JOIN campaign.campaigns c ON c.tenant_id = k.tenant_id AND c.id = k.campaign_id
		JOIN campaign.contacts p ON p.tenant_id = k.tenant_id AND p.id = k.contact_id ORDER BY 1, 2;

--
-- Defect 5: bulk assignment took disqualified contacts. Each contact counts once; foreign, archived and
-- erased ones, ids of nothing and NULLs are not found, all alike. Who has an address left is not suppressed
--
SELECT * FROM campaign.assign_contacts(:'one', ARRAY(SELECT id FROM campaign.contacts) || ARRAY(SELECT id FROM campaign.contacts)
	|| ARRAY[NULL, NULL, :'other', '00000000-0000-0000-0000-000000000001']::uuid[]);
TABLE assigned;
-- again, with somebody new
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'New', 'new@x.example');
SELECT * FROM campaign.assign_contacts(:'one', ARRAY(SELECT id FROM campaign.contacts));
-- the address of somebody who was erased is known by its hash
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Back', 'ERA@x.example');
SELECT * FROM campaign.assign_contacts(:'one', pg_temp.contacts('Back'));
DELETE FROM campaign.contacts WHERE first_name IN ('New', 'Back');
SELECT total, active, pending FROM campaign.campaign_contact_totals WHERE campaign_id = :'one';
-- one by one, by a list, by a filter: the same rules
SELECT first_name, (SELECT outcome FROM campaign.assign_contacts(:'filtered', ARRAY[id])) AS list,
	(SELECT outcome FROM campaign.assign_contacts(:'filtered', ARRAY[id], '{}')) AS both
FROM campaign.contacts WHERE first_name IS NOT NULL ORDER BY 1;
SELECT * FROM campaign.assign_contacts(:'filtered', filter => '{}');
-- an empty list is nobody
SELECT * FROM campaign.assign_contacts(:'filtered', '{}');
SELECT * FROM campaign.remove_contacts(:'filtered', ARRAY(SELECT id FROM campaign.contacts));

--
-- Filters: every key must be true, of a list any value
--
CREATE FUNCTION pg_temp.found(filter jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	target uuid := (SELECT id FROM campaign.campaigns WHERE name = 'Filtered');
	answer text;
BEGIN
	PERFORM campaign.assign_contacts(target, filter => filter);
	SELECT string_agg(contact, ' ' ORDER BY contact) INTO answer FROM assigned WHERE campaign = 'Filtered';
	PERFORM campaign.remove_contacts(target, ARRAY(SELECT contact_id FROM campaign.campaign_contacts WHERE campaign_id = target));
	RETURN answer;
END $$;
SELECT f AS filter, pg_temp.found(f) FROM unnest(ARRAY['{}', '{"tags": ["hot"]}', '{"tags": ["hot", "cold"]}', '{"tags": ["Hot"]}', '{"tags": ["batch 7"]}',
	'{"owner": ["ann"]}', '{"owner": ["ann", "bob"]}', '{"tier": ["A"]}', '{"tier": ["A", "C"], "industry": ["bakery"]}', '{"industry": ["steel", "bakery"]}',
	'{"tier": ["B"]}', '{"icp_fit": ["strong"]}', '{"seniority": ["cxo"]}', '{"min_score": 50}', '{"min_score": 50.25}', '{"min_score": -10000}', '{"language": ["de", "fr"]}',
	'{"require_email": true}', '{"require_phone": true}', '{"require_linkedin": true}', '{"require_email": false}', '{"require_email": true, "require_phone": true}',
	'{"tags": ["hot"], "seniority": ["cxo"], "min_score": 60}']::jsonb[]) f;
SELECT pg_temp.found(jsonb_build_object('company', ARRAY[:'big', :'small'])), pg_temp.found(jsonb_build_object('company', ARRAY[upper(:'big')])),
	pg_temp.found(jsonb_build_object('company', ARRAY[:'eve']));
-- of a list those whom the filter means; the others are told apart from what is not there
SELECT * FROM campaign.assign_contacts(:'filtered', pg_temp.contacts('Abe', 'Bea', 'Arc') || :'other'::uuid, '{"tags": ["hot"]}');
SELECT * FROM campaign.remove_contacts(:'filtered', pg_temp.contacts('Abe'));
-- what is no filter
SELECT f AS filter, pg_temp.try(format('SELECT campaign.assign_contacts(%L, filter => %L)', :'filtered', f)) FROM unnest(ARRAY['[]', '"x"', 'null', '{"tag": ["x"]}', '{"colour": 1}',
	'{"tags": "hot"}', '{"tags": []}', '{"tags": [1]}', '{"tags": [null]}', '{"tags": [""]}', '{"company": ["x"]}', '{"min_score": "50"}', '{"min_score": 10001}',
	'{"language": ["english"]}', '{"require_email": 1}', '{"require_email": null}', '{"min_scor": 1, "require_fax": true}']::jsonb[]) f;
SELECT n, pg_temp.try(format('SELECT campaign.assign_contacts(%L, filter => %L)', :'filtered', jsonb_build_object('tags', array_fill('x'::text, ARRAY[n])))) FROM unnest('{100,101}'::int[]) n;
SELECT n, pg_temp.try(format('SELECT campaign.assign_contacts(%L, filter => %L)', :'filtered', jsonb_build_object('tags', ARRAY[repeat('x', n)]))) FROM unnest('{255,256}'::int[]) n;
SELECT * FROM campaign.contact_filter_errors('{"min_scor": 1, "tags": ["ok", 2], "require_phone": "yes"}');
SELECT '{"require_email": true}'::campaign.contact_filter, NULL::campaign.contact_filter;
SELECT k AS key, s -> 'type' AS type, s -> 'items' AS items FROM jsonb_each(campaign.contact_filter_schema() -> 'properties') p(k, s) ORDER BY k LIMIT 4;
-- neither
SELECT pg_temp.try(format('SELECT campaign.assign_contacts(%L)', :'filtered'));

--
-- Defect 5: bulk assignment had no status rule. Draft and ready only, and what the campaign works on
--
SELECT pg_temp.try(format('SELECT campaign.assign_contacts(%L, %L)', :'by_jobs', pg_temp.contacts('Abe')));
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, %L)', :'filtered', 'ready'));
SELECT * FROM campaign.assign_contacts(:'filtered', pg_temp.contacts('Abe', 'Bea'));
SELECT campaign.transition_campaign(:'filtered', 'ready');
SELECT * FROM campaign.assign_contacts(:'filtered', pg_temp.contacts('Cid'));
-- excluded contacts do not count
SELECT campaign.transition_campaign(:'filtered', 'draft');
SELECT * FROM campaign.exclude_contacts(:'filtered', pg_temp.contacts('Abe', 'Bea', 'Cid'), 'all of them');
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, %L)', :'filtered', 'ready'));
SELECT * FROM campaign.assign_contacts(:'filtered', pg_temp.contacts('Two', 'Abe'));
SELECT campaign.transition_campaign(:'filtered', 'ready'), campaign.transition_campaign(:'filtered', 'running');
SELECT pg_temp.try(format('SELECT campaign.assign_contacts(%L, %L)', :'filtered', pg_temp.contacts('Abe')));
-- an audience in ready is one with which it could have got there; a campaign of another one needs no contacts
SELECT campaign.transition_campaign(:'by_jobs', 'ready');
SELECT pg_temp.try(format('UPDATE campaign.outreach_campaigns SET audience = %L WHERE campaign_id = %L', 'assigned', :'by_jobs'));
SELECT pg_temp.try(format('UPDATE campaign.outreach_campaigns SET audience = %L WHERE campaign_id = %L', 'everybody', :'by_jobs'));
-- at least one enabled step every document has
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, %L, %L, %L)', :'acme', 'Off', '[{"channel": "call", "enabled": false}]', 'assigned'));

--
-- Removed as long as nothing was written, excluded after that. Defect 5: removal failed once messages existed
--
SELECT pg_temp.set_status('Abe', 'enrichment_ok'), pg_temp.set_status('Abe', 'generating'), pg_temp.set_status('Abe', 'generated');
SELECT * FROM campaign.remove_contacts(:'one', pg_temp.contacts('Abe', 'Two', 'Sup', 'Arc') || ARRAY[NULL, :'other']::uuid[]);
TABLE assigned;
SELECT * FROM campaign.remove_contacts(:'one', pg_temp.contacts('Abe'));
SELECT * FROM campaign.assign_contacts(:'one', pg_temp.contacts('Abe', 'Two'));
-- outside draft and ready nobody is removed as if he had never been assigned
SELECT * FROM campaign.remove_contacts(:'filtered', pg_temp.contacts('Two'));
SELECT * FROM campaign.remove_contacts(:'one', NULL);
SELECT * FROM campaign.exclude_contacts(:'one', '{}');

--
-- Excluded for good: the live sequence in this campaign ends, that in another one does not; the first reason stays
--
SELECT campaign.transition_campaign(:'one', 'ready'), campaign.transition_campaign(:'one', 'running');
UPDATE campaign.tenants SET parallel_sequences = true WHERE id = :'acme';
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Beside', :'steps', 'contacts') AS beside \gset
SELECT campaign.launch_campaign(:'beside');
SELECT campaign.enroll(c::uuid, k) FROM unnest(ARRAY[:'one', :'beside']) c, unnest(pg_temp.contacts('Bea', 'Two')) k;
SELECT pg_temp.at_time('2030-01-11 12:00');
\o
SELECT * FROM campaign.exclude_contacts(:'one', pg_temp.contacts('Bea', 'Abe', 'Dis'), 'asked for it');
SELECT * FROM campaign.exclude_contacts(:'one', pg_temp.contacts('Bea', 'Bea'), 'changed my mind');
SELECT c.name, p.first_name, e.status, e.stop_reason, q.enrollment_id IS NOT NULL AS queued FROM campaign.campaign_enrollments e
	JOIN campaign.campaigns c ON c.id = e.campaign_id JOIN campaign.contacts p ON p.id = e.contact_id
	LEFT JOIN campaign.touch_queue q ON q.enrollment_id = e.id ORDER BY 1, 2;
-- nor does it begin anew
SELECT outcome, reason FROM campaign.enroll(:'one', (pg_temp.contacts('Bea'))[1]);
SELECT * FROM campaign.enroll_contacts(:'one', pg_temp.contacts('Abe', 'Bea', 'Two', 'Cid'));
SELECT * FROM campaign.exclude_contacts(:'one', pg_temp.contacts('Cid'));
TABLE assigned;
SELECT total, active, pending, enrichment_ok, enrichment_needed, generating, generated, failed, excluded FROM campaign.campaign_contact_totals WHERE campaign_id = :'one';
SELECT pg_temp.try(format('SELECT campaign.exclude_contacts(%L, %L, %L)', :'one', pg_temp.contacts('Two'), repeat('x', 1001)));
-- whom it has enrolled it does not forget
SELECT campaign.pause_campaign(:'one');
SELECT * FROM campaign.remove_contacts(:'one', pg_temp.contacts('Two'));
SELECT campaign.transition_campaign(:'one', 'archived');
SELECT pg_temp.try(format('SELECT campaign.exclude_contacts(%L, %L)', :'one', pg_temp.contacts('Two')));
SELECT pg_temp.try(format('SELECT campaign.remove_contacts(%L, %L)', :'one', pg_temp.contacts('Two')));

--
-- The life cycle, on every path
--
SELECT campaign.life_cycle_diagram('campaign_contact');
SELECT campaign.create_campaign(:'acme', 'Cycle', :'steps', 'assigned') AS cycle \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Cyc', 'cyc@x.example');
SELECT * FROM campaign.assign_contacts(:'cycle', pg_temp.contacts('Cyc'));
SELECT s AS step, pg_temp.set_status('Cyc', s) FROM unnest('{generated,generating,enrichment_needed,enrichment_ok,enrichment_needed,pending,generating,failed,generated,generating,generated,failed,enrichment_ok}'::text[]) s;

--
-- Who may: no viewer, no stranger, nobody by hand; a campaign of another is none
--
SET ROLE regress_assign_vic;
SELECT pg_temp.try(format('SELECT campaign.assign_contacts(%L, %L)', :'cycle', pg_temp.contacts('Abe')));
SELECT count(*) > 0 AS reads FROM campaign.campaign_contacts;
SET ROLE regress_assign_eve;
SELECT pg_temp.try(format('SELECT campaign.assign_contacts(%L, %L)', :'cycle', ARRAY[:'other']));
SELECT pg_temp.try(format('SELECT campaign.remove_contacts(%L, %L)', :'cycle', ARRAY[:'other']));
SELECT pg_temp.try(format('SELECT campaign.exclude_contacts(%L, %L)', :'cycle', ARRAY[:'other']));
SELECT pg_temp.try('SELECT campaign.assign_contacts(NULL, ''{}'')');
SELECT count(*) FROM campaign.campaign_contacts;
SET ROLE regress_assign_ann;
SELECT pg_temp.try('UPDATE campaign.campaign_contacts SET status = ''pending''');
SELECT pg_temp.try('DELETE FROM campaign.campaign_contacts');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.try(format('SELECT campaign.assign_contacts(%L, %L)', :'cycle', pg_temp.contacts('Abe')));
SELECT pg_temp.try(format('SELECT campaign.remove_contacts(%L, %L)', :'cycle', pg_temp.contacts('Abe')));
SELECT pg_temp.try(format('SELECT campaign.exclude_contacts(%L, %L)', :'cycle', pg_temp.contacts('Abe')));
ROLLBACK;

--
-- Erased: excluded, and nothing personal is left. Deleted: gone from its campaigns
--
\o /dev/null
SELECT campaign.assign_contacts(:'cycle', pg_temp.contacts('Two', 'Abe'));
SELECT campaign.exclude_contacts(:'cycle', pg_temp.contacts('Two'), 'lives in Springfield');
SELECT * FROM campaign.erase_contact((pg_temp.contacts('Two'))[1]);
\o
SELECT contact, status, reason FROM assigned WHERE campaign = 'Cycle';
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Del', 'del@x.example');
SELECT * FROM campaign.assign_contacts(:'cycle', pg_temp.contacts('Del'));
DELETE FROM campaign.contacts WHERE first_name = 'Del';
SELECT total, active FROM campaign.campaign_contact_totals WHERE campaign_id = :'cycle';

--
-- A trigger of somebody's own fires: the rows are then written as INSERT writes them
--
RESET ROLE;
CREATE FUNCTION pg_temp.shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'assigned'; RETURN NULL; END $$;
CREATE TRIGGER shout AFTER INSERT ON campaign.campaign_contacts FOR EACH ROW EXECUTE FUNCTION pg_temp.shout();
SET ROLE regress_assign_ann;
SELECT * FROM campaign.assign_contacts(:'cycle', pg_temp.contacts('Bea'));
RESET ROLE;
DROP TRIGGER shout ON campaign.campaign_contacts;

--
-- Many: one call, and statistics of before they came
--
SET ROLE regress_assign_ann;
INSERT INTO campaign.contacts (tenant_id, email, score) SELECT :'acme', format('c%s@x.example', i), i FROM generate_series(1, 5000) i;
SELECT * FROM campaign.assign_contacts(:'cycle', filter => '{"min_score": 1001, "require_email": true}');
SELECT * FROM campaign.assign_contacts(:'cycle', filter => '{"min_score": 1001, "require_email": true}');
SELECT * FROM campaign.exclude_contacts(:'cycle', ARRAY(SELECT id FROM campaign.contacts WHERE score <= 2000 AND score > 100));
SELECT * FROM campaign.remove_contacts(:'cycle', ARRAY(SELECT id FROM campaign.contacts WHERE score > 100));
SELECT total, active, excluded FROM campaign.campaign_contact_totals WHERE campaign_id = :'cycle';

RESET ROLE;
\o /dev/null
SELECT set_config('campaign.clock_offset', '0', false);
SELECT campaign.delete_tenant(:'acme', 'assign-acme'), campaign.delete_tenant(:'eve', 'assign-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_assign_ann,regress_assign_vic,regress_assign_eve}'::name[]) r;
\o
DROP OWNED BY regress_assign_ann;
DROP ROLE regress_assign_ann, regress_assign_vic, regress_assign_eve;
