-- What generation would cost, and what it has cost.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_costs_ann;
CREATE ROLE regress_costs_ed;
CREATE ROLE regress_costs_vic;
CREATE ROLE regress_costs_eve;
CREATE ROLE regress_costs_worker;
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
CREATE FUNCTION pg_temp.status(campaign uuid) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER
	AS $$ BEGIN RETURN (SELECT c.status FROM campaign.campaigns c WHERE c.id = campaign); END $$;
-- tokens by the name of the contact, and of the worker who holds it
CREATE TEMP TABLE tokens (worker text, contact text, token text, PRIMARY KEY (worker, contact));
GRANT ALL ON tokens TO regress_costs_worker;
CREATE FUNCTION pg_temp.claim(who text, most integer DEFAULT 10, campaign uuid DEFAULT NULL, lease interval DEFAULT '10 minutes') RETURNS text LANGUAGE sql AS $$
	WITH c AS MATERIALIZED (SELECT g.lease_token, g.contact ->> 'first_name' AS name, g.attempt FROM campaign.claim_generation(who, most, campaign, lease) g),
		t AS (INSERT INTO tokens SELECT who, c.name, c.lease_token FROM c ON CONFLICT ON CONSTRAINT tokens_pkey DO UPDATE SET token = excluded.token)
	SELECT coalesce(string_agg(c.name || CASE WHEN c.attempt > 1 THEN ' (attempt ' || c.attempt || ')' ELSE '' END, ', ' ORDER BY c.name), 'nobody') FROM c $$;
CREATE FUNCTION pg_temp.token(worker text, contact text) RETURNS text LANGUAGE sql VOLATILE
	AS $$ SELECT t.token FROM tokens t WHERE t.worker = $1 AND t.contact = $2 $$;
CREATE FUNCTION pg_temp.save(worker text, contact text, messages jsonb DEFAULT '[{"touch_number": 1, "subject": "Hi", "body": "Hello"}]', costs jsonb DEFAULT '[]') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m text; d text; h text;
BEGIN
	RETURN campaign.save_generated(pg_temp.token(worker, contact), messages, costs);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	RETURN pg_temp.plain(concat_ws(E'\n', SQLSTATE || ': ' || m, 'DETAIL: ' || nullif(d, ''), 'HINT: ' || nullif(h, '')));
END $$;
CREATE FUNCTION pg_temp.fail(worker text, contact text, error text, costs jsonb DEFAULT '[]') RETURNS text LANGUAGE plpgsql
	AS $$ BEGIN RETURN campaign.fail_generation(pg_temp.token(worker, contact), error, costs); END $$;
-- leases are of the machine's clock: they end at once
CREATE FUNCTION pg_temp.end_leases() RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ UPDATE campaign.generation_items SET lease_until = '-infinity' WHERE outcome IS NULL $$;
CREATE FUNCTION pg_temp.assign(campaign uuid, VARIADIC names text[]) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(a.outcome || ' ' || a.contacts, ', ') FROM campaign.assign_contacts(campaign, ARRAY(SELECT c.id FROM campaign.contacts c WHERE c.first_name = ANY (names))) a $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_costs_ann,regress_costs_ed,regress_costs_vic,regress_costs_eve}'::name[]) r;
SELECT campaign.grant_access('regress_costs_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'costs-acme', 'UTC', 'regress_costs_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'costs-eve', 'UTC', 'regress_costs_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_costs_vic', 'viewer'), campaign.add_member(:'acme', 'regress_costs_ed', 'editor');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_costs_ann;
INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage) VALUES (:'acme', 'contact', 'person');
INSERT INTO campaign.companies (tenant_id, name, industry) VALUES (:'acme', 'Forge', 'steel') RETURNING id AS forge \gset
INSERT INTO campaign.contacts (tenant_id, first_name, last_name, email, company_id, job_title, attributes)
	SELECT :'acme', n, 'Smith', lower(n) || '@x.example', :'forge', 'Smith', '{"hobby": "chess"}' FROM unnest('{Abe,Bea,Cid,Dan,Eli}'::text[]) n;
SELECT count(campaign.record_stage('contact', id, 'person')) FROM campaign.contacts WHERE first_name <> 'Eli';

\set four '[{"channel": "email", "label": "First"}, {"channel": "linkedin_connect"}, {"channel": "linkedin_message", "enabled": false}, {"channel": "call"}, {"channel": "email", "label": "Last"}]'
SELECT campaign.create_campaign(:'acme', 'One', :'four', 'assigned') AS one \gset
SELECT pg_temp.assign(:'one', 'Abe', 'Bea', 'Cid', 'Dan', 'Eli');

--
-- The estimate: 5 contacts x 4 steps = 20 messages, 0.0288 USD, 29 credits; 3 variants: 60, 0.0864
--
SELECT * FROM campaign.estimate_generation(:'one');
SELECT campaign.configure_campaign(:'one', '{"variant_count": 3}');
SELECT * FROM campaign.estimate_generation(:'one') WHERE touch_number IS NULL;
SELECT campaign.configure_campaign(:'one', '{}');
-- who is archived costs nothing
SELECT campaign.archive_contact(id) FROM campaign.contacts WHERE first_name = 'Eli';
SELECT contacts, messages FROM campaign.estimate_generation(:'one') WHERE touch_number IS NULL;
SELECT campaign.unarchive_contact(id) FROM campaign.contacts WHERE first_name = 'Eli';
-- nor who is excluded; the price is the tenant's
SELECT outcome FROM campaign.exclude_contacts(:'one', ARRAY(SELECT id FROM campaign.contacts WHERE first_name = 'Dan'));
SELECT * FROM campaign.estimate_generation(:'one') WHERE touch_number IS NULL;
INSERT INTO campaign.generation_budgets (tenant_id, message_price_usd) VALUES (:'acme', 0.01);
SELECT * FROM campaign.estimate_generation(:'one') WHERE touch_number IS NULL;
DELETE FROM campaign.generation_budgets;
SELECT campaign.create_campaign(:'acme', 'Nobody', :'four', 'assigned') AS nobody \gset
SELECT * FROM campaign.estimate_generation(:'nobody') WHERE touch_number IS NULL;

--
-- One credit is 0.001 USD, rounded once, half up
--
SELECT usd, campaign.credits(usd) FROM unnest('{0,0.0004999,0.0005,0.0015,0.0025,0.0288,1234567.8905}'::numeric[]) usd;
SELECT campaign.credits(NULL);

--
-- Defect 13: a failed contact rolled back the cost that had already been spent; totals were rounded per call
--
SELECT campaign.transition_campaign(:'one', 'ready'), campaign.start_generation(:'one') IS NOT NULL AS started;
SET ROLE regress_costs_worker;
SELECT pg_temp.claim('w');
SELECT pg_temp.save('w', 'Abe', costs => '[{"model": "small", "tokens_in": 100, "tokens_out": 20, "usd": 0.0004, "touch_number": 1, "variant": "a"}, {"model": "small", "usd": 0.0004}, {"model": "large", "tokens_in": 9, "usd": 0.0004}]');
-- what is refused is handed in again, and kept
SELECT pg_temp.save('w', 'Bea', '[{"touch_number": 9, "subject": "x", "body": "x"}]', '[{"model": "large", "tokens_out": 7, "usd": 0.0003}]');
SELECT pg_temp.fail('w', 'Bea', 'there is no step 9', '[{"model": "large", "tokens_out": 7, "usd": 0.0003}]');
SELECT pg_temp.fail('w', 'Bea', 'the answer was lost', '[{"model": "large", "tokens_out": 7, "usd": 0.0003}]');
SET ROLE regress_costs_ann;
SELECT p.first_name, g.model, g.tokens_in, g.tokens_out, g.usd, g.touch_number, g.variant FROM campaign.generation_costs g JOIN campaign.contacts p ON p.id = g.contact_id ORDER BY g.id;
-- three times 0.4 credits are one credit
SELECT p.first_name, g.calls, g.tokens_in, g.tokens_out, g.usd, g.credits FROM campaign.contact_generation_costs g JOIN campaign.contacts p ON p.id = g.contact_id ORDER BY 1;
SELECT contacts, calls, tokens_in, tokens_out, usd, credits FROM campaign.campaign_generation_costs;
SELECT campaigns, calls, tokens_in, tokens_out, usd, credits FROM campaign.tenant_generation_costs;
SELECT spent_usd, reserved_usd FROM campaign.generation_progress(:'one');
-- what was spent for a contact stays spent when he is gone
DELETE FROM campaign.contacts WHERE first_name = 'Abe';
SELECT contacts, usd FROM campaign.campaign_generation_costs;

--
-- What is no cost
--
SET ROLE regress_costs_worker;
SELECT pg_temp.try(format('SELECT campaign.fail_generation(%L, %L, %L)', pg_temp.token('w', 'Cid'), 'x', c)) FROM (VALUES (1, NULL), (2, '{}'), (3, '"[]"'), (4, '[1]'), (5, '[{}]'),
	(6, '[{"model": "m"}]'), (7, '[{"model": "m", "usd": -1}]'), (8, '[{"model": "m", "usd": "1"}]'), (9, '[{"model": "", "usd": 1}]'), (10, '[{"model": "m", "usd": 1, "tokens_in": 1.5}]'),
	(11, '[{"model": "m", "usd": 1, "tokens_out": -1}]'), (12, '[{"model": "m", "usd": 1, "price": 1}]'), (13, '[{"model": "m", "usd": 1, "touch_number": 51}]'),
	(14, '[{"model": "m", "usd": 1000000}]'), (15, '[{"model": "m", "usd": 1, "variant": "d"}]')) v (n, c) ORDER BY n;
SET ROLE regress_costs_ann;
SELECT pg_temp.try('UPDATE campaign.generation_costs SET usd = 0');
SELECT pg_temp.try('DELETE FROM campaign.generation_costs');
SELECT sum(usd) FROM campaign.generation_costs;

RESET ROLE;
\o /dev/null
SELECT set_config('campaign.clock_offset', '0', false);
SELECT campaign.delete_tenant(:'acme', 'costs-acme'), campaign.delete_tenant(:'eve', 'costs-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_costs_ann,regress_costs_ed,regress_costs_vic,regress_costs_eve,regress_costs_worker}'::name[]) r;
\o
DROP TABLE tokens;
DROP OWNED BY regress_costs_ann, regress_costs_worker;
DROP ROLE regress_costs_ann, regress_costs_ed, regress_costs_vic, regress_costs_eve, regress_costs_worker;
