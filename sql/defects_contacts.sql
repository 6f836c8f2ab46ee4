-- Defects of a campaign's contacts that were found by reading and trying it: removal, stages, overlaps, enrolment.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_oldcontacts_ann;
CREATE FUNCTION pg_temp.plain(t text) RETURNS text LANGUAGE sql
	AS $$ SELECT regexp_replace(t, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g') $$;
CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m text; d text; h text; answer text;
BEGIN
	EXECUTE statement INTO answer;
	RETURN coalesce(answer, 'NULL');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	RETURN pg_temp.plain(concat_ws(E'\n', SQLSTATE || ': ' || m, 'DETAIL: ' || nullif(d, ''), 'HINT: ' || nullif(h, '')));
END $$;
\o /dev/null
SELECT campaign.grant_access('regress_oldcontacts_ann', 'member');
SELECT campaign.create_tenant('Acme', 'oldcontacts-acme', 'UTC', 'regress_oldcontacts_ann') AS acme \gset
INSERT INTO campaign.contacts (tenant_id, id, first_name, email, phone)
SELECT :'acme', ('00000000-0000-7000-8000-0000000000' || i)::uuid, n, lower(n) || '@x.example', '+4930000000' || i
FROM (VALUES ('01', 'Abe'), ('02', 'Bea'), ('03', 'Cid'), ('04', 'Dan'), ('05', 'Eli'), ('06', 'Fay')) v(i, n);
INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage, required) VALUES (:'acme', 'contact', 'person', false);
\o
CREATE FUNCTION pg_temp.contacts(VARIADIC names text[]) RETURNS uuid[] LANGUAGE sql
	AS $$ SELECT array_agg(c.id ORDER BY c.id) FROM campaign.contacts c JOIN campaign.tenants t ON t.id = c.tenant_id WHERE t.slug = 'oldcontacts-acme' AND c.first_name = ANY (names) $$;
CREATE FUNCTION pg_temp.campaign(name text) RETURNS uuid LANGUAGE sql
	AS $$ SELECT c.id FROM campaign.campaigns c JOIN campaign.tenants t ON t.id = c.tenant_id WHERE t.slug = 'oldcontacts-acme' AND c.name = $1 $$;
CREATE FUNCTION pg_temp.make(name text, VARIADIC contacts text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	new_id uuid := campaign.create_campaign((SELECT id FROM campaign.tenants WHERE slug = 'oldcontacts-acme'), name,
		'[{"channel": "email", "subject": "s", "body_text": "b"}]', 'assigned');
BEGIN
	RETURN (SELECT string_agg(a.outcome || ' ' || a.contacts, ', ') FROM campaign.assign_contacts(new_id, pg_temp.contacts(VARIADIC contacts)) a);
END $$;
CREATE FUNCTION pg_temp.move(name text, wanted text) RETURNS text LANGUAGE sql
	AS $$ SELECT campaign.transition_campaign(pg_temp.campaign($1), $2) $$;

--
-- A contact for whom nothing was written can be removed, and assigned again: Abe has failed, Bea was held when it was
-- cancelled; Cid has a message
--
SELECT pg_temp.make('Failed', 'Abe', 'Bea', 'Cid'), pg_temp.move('Failed', 'ready');
SELECT campaign.start_generation(pg_temp.campaign('Failed')) IS NOT NULL AS started;
CREATE TEMP TABLE held AS SELECT contact ->> 'first_name' AS name, lease_token FROM campaign.claim_generation('w', 3, pg_temp.campaign('Failed'));
SELECT campaign.fail_generation(lease_token, 'no') FROM held WHERE name = 'Abe';
SELECT campaign.save_generated(lease_token, '[{"touch_number": 1, "subject": "s", "body": "b"}]') FROM held WHERE name = 'Cid';
SELECT campaign.cancel_generation(pg_temp.campaign('Failed'));
SELECT c.first_name, k.status FROM campaign.campaign_contacts k JOIN campaign.contacts c ON c.id = k.contact_id WHERE k.campaign_id = pg_temp.campaign('Failed') ORDER BY 1;
SELECT * FROM campaign.remove_contacts(pg_temp.campaign('Failed'), pg_temp.contacts('Abe', 'Bea', 'Cid')) ORDER BY 1;
SELECT * FROM campaign.assign_contacts(pg_temp.campaign('Failed'), pg_temp.contacts('Abe', 'Bea', 'Cid')) ORDER BY 1;

--
-- A stage is not recorded of a time to come: no later report would count
--
SELECT at, pg_temp.try(format('SELECT campaign.record_stage(%L, %L, %L, %L, %L)', 'contact', (pg_temp.contacts('Bea'))[1], 'person', 'failed', at))
FROM unnest('{infinity,-infinity}'::text[]) WITH ORDINALITY t(at, n) ORDER BY n;
SELECT campaign.record_stage('contact', (pg_temp.contacts('Bea'))[1], 'person', 'failed', campaign.now() + interval '1 year');
SELECT campaign.record_stage('contact', (pg_temp.contacts('Bea'))[1], 'person', 'completed');
SELECT s.status, s.at <= campaign.now() AS past FROM campaign.entity_stages s WHERE s.tenant_id = :'acme' AND s.entity_id = (pg_temp.contacts('Bea'))[1];

--
-- Overlaps of contacts that were assigned while both campaigns were drafts
--
UPDATE campaign.tenants SET overlap_policy = 'block' WHERE id = :'acme';
SELECT pg_temp.make('First', 'Eli', 'Fay'), pg_temp.make('Second', 'Dan', 'Eli', 'Fay'), pg_temp.make('Third', 'Fay');
SELECT pg_temp.try(format('SELECT campaign.refuse_overlaps(%L, %L)', :'acme', pg_temp.campaign('First')));
SELECT pg_temp.move('First', 'ready');
SELECT pg_temp.try(format('SELECT campaign.refuse_overlaps(%L, %L)', :'acme', pg_temp.campaign('First')));
SELECT pg_temp.try(format('SELECT campaign.refuse_overlaps(%L, %L)', :'acme', pg_temp.campaign('Second')));
-- without those it may
SELECT * FROM campaign.remove_contacts(pg_temp.campaign('Second'), pg_temp.contacts('Eli'));
SELECT * FROM campaign.exclude_contacts(pg_temp.campaign('Second'), pg_temp.contacts('Fay'));
SELECT pg_temp.try(format('SELECT campaign.refuse_overlaps(%L, %L)', :'acme', pg_temp.campaign('Second')));
-- where it is a warning, it is recorded, once
UPDATE campaign.tenants SET overlap_policy = 'warn' WHERE id = :'acme';
SELECT n, pg_temp.try(format('SELECT campaign.refuse_overlaps(%L, %L)', :'acme', pg_temp.campaign('Third'))) FROM generate_series(1, 2) n ORDER BY n;
SELECT c.name, o.name AS other, p.first_name AS contact, l.kind, l.severity, l.outcome FROM campaign.overlap_log l
	JOIN campaign.campaigns c ON c.id = l.campaign_id JOIN campaign.campaigns o ON o.id = l.other_campaign_id JOIN campaign.contacts p ON p.id = l.contact_id
WHERE l.tenant_id = :'acme' ORDER BY 1, 2, 3;

--
-- Enrolled is who was assigned and may be written to: Bea was disqualified before she was assigned, Cid after it,
-- Dan is not assigned
--
UPDATE campaign.contacts SET is_disqualified = true WHERE id = ANY (pg_temp.contacts('Bea'));
SELECT pg_temp.make('Sent', 'Abe', 'Bea', 'Cid'), pg_temp.move('Sent', 'ready');
UPDATE campaign.contacts SET is_disqualified = true WHERE id = ANY (pg_temp.contacts('Cid'));
SELECT campaign.launch_campaign(pg_temp.campaign('Sent'));
SELECT o.launch_outcome FROM campaign.outreach_campaigns o WHERE o.campaign_id = pg_temp.campaign('Sent');
SELECT * FROM campaign.enroll_contacts(pg_temp.campaign('Sent'), pg_temp.contacts('Abe', 'Bea', 'Cid', 'Dan')) ORDER BY 1, 2;
SELECT c.first_name FROM campaign.campaign_enrollments e JOIN campaign.contacts c ON c.id = e.contact_id WHERE e.campaign_id = pg_temp.campaign('Sent') ORDER BY 1;
-- of the assigned ones of before, who is qualified now
UPDATE campaign.contacts SET is_disqualified = false WHERE id = ANY (pg_temp.contacts('Bea', 'Cid'));
SELECT * FROM campaign.enroll_contacts(pg_temp.campaign('Sent'), pg_temp.contacts('Abe', 'Bea', 'Cid', 'Dan')) ORDER BY 1, 2;
-- an audience of contacts is whom one enrols
SELECT campaign.launch_campaign(campaign.create_campaign(:'acme', 'Open', '[{"channel": "email", "subject": "s", "body_text": "b"}]', 'contacts'));
UPDATE campaign.contacts SET is_disqualified = true WHERE id = ANY (pg_temp.contacts('Eli'));
SELECT * FROM campaign.enroll_contacts(pg_temp.campaign('Open'), pg_temp.contacts('Dan', 'Eli')) ORDER BY 1, 2;

--
-- Readiness reads the stages of those whom it judges, not the tenant's
--
\o /dev/null
UPDATE campaign.readiness_stages SET required = true WHERE tenant_id = :'acme';
INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage) VALUES (:'acme', 'company', 'l1');
INSERT INTO campaign.companies (tenant_id, name) SELECT :'acme', 'Company ' || n FROM generate_series(1, 2000) n;
INSERT INTO campaign.contacts (tenant_id, first_name, email, company_id) SELECT :'acme', o.name, replace(o.name, ' ', '') || '@x.example', o.id FROM campaign.companies o WHERE o.tenant_id = :'acme';
SELECT campaign.record_stage('contact', c.id, 'person'), campaign.record_stage('company', c.company_id, 'l1') FROM campaign.contacts c WHERE c.tenant_id = :'acme' AND c.company_id IS NOT NULL;
\o
ANALYZE campaign.entity_stages;
SELECT pg_temp.make('Ready', 'Company 7', 'Abe');
BEGIN;
SET LOCAL enable_seqscan = off;
-- what earlier transactions have read may be among it
SELECT seq_tup_read + idx_tup_fetch AS before FROM pg_stat_xact_user_tables WHERE relid = 'campaign.entity_stages'::regclass \gset
SELECT * FROM campaign.check_readiness(pg_temp.campaign('Ready'));
SELECT seq_tup_read + idx_tup_fetch - :before < 10 AS few FROM pg_stat_xact_user_tables WHERE relid = 'campaign.entity_stages'::regclass;
COMMIT;
SELECT c.first_name, k.status, k.enrichment_gaps FROM campaign.campaign_contacts k JOIN campaign.contacts c ON c.id = k.contact_id WHERE k.campaign_id = pg_temp.campaign('Ready') ORDER BY 1;

--
-- Afterwards
--
\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'oldcontacts-acme');
SELECT campaign.revoke_access('regress_oldcontacts_ann');
\o
DROP ROLE regress_oldcontacts_ann;
