-- Budgets of tenants for generation.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_budget_ann;
CREATE ROLE regress_budget_ed;
CREATE ROLE regress_budget_vic;
CREATE ROLE regress_budget_eve;
CREATE ROLE regress_budget_worker;
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
GRANT ALL ON tokens TO regress_budget_worker;
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
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_budget_ann,regress_budget_ed,regress_budget_vic,regress_budget_eve}'::name[]) r;
SELECT campaign.grant_access('regress_budget_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'budget-acme', 'UTC', 'regress_budget_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'budget-eve', 'UTC', 'regress_budget_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_budget_vic', 'viewer'), campaign.add_member(:'acme', 'regress_budget_ed', 'editor');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_budget_ann;
INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage) VALUES (:'acme', 'contact', 'person');
INSERT INTO campaign.companies (tenant_id, name, industry) VALUES (:'acme', 'Forge', 'steel') RETURNING id AS forge \gset
INSERT INTO campaign.contacts (tenant_id, first_name, last_name, email, company_id, job_title, attributes)
	SELECT :'acme', n, 'Smith', lower(n) || '@x.example', :'forge', 'Smith', '{"hobby": "chess"}' FROM unnest('{Abe,Bea,Cid,Dan,Eli}'::text[]) n;
SELECT count(campaign.record_stage('contact', id, 'person')) FROM campaign.contacts WHERE first_name <> 'Eli';

SELECT max(i.id::text) FILTER (WHERE c = 'One') AS one, max(i.id::text) FILTER (WHERE c = 'Two') AS two
	FROM unnest('{One,Two}'::text[]) c, campaign.create_campaign(:'acme', c, '[{"channel": "email"}]', 'assigned') i(id) \gset
SELECT pg_temp.assign(:'one', 'Abe', 'Bea', 'Cid'), pg_temp.assign(:'two', 'Abe', 'Bea'), campaign.transition_campaign(:'one', 'ready'), campaign.transition_campaign(:'two', 'ready');
CREATE TEMP VIEW budget WITH (security_invoker = true) AS
	SELECT mode, period, since, amount_usd, limit_usd, spent_usd, reserved_usd, left_usd, message_price_usd FROM campaign.generation_budget_status;
GRANT SELECT ON budget TO PUBLIC;
-- a tenant without a row
TABLE budget;

--
-- hard: up to the amount; what is reserved is returned as the job runs
--
INSERT INTO campaign.generation_budgets (tenant_id, mode, amount_usd, message_price_usd) VALUES (:'acme', 'hard', 4, 1);
SELECT campaign.start_generation(:'one') IS NOT NULL AS started;
TABLE budget;
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'two'));
SELECT pg_temp.status(:'two');
SET ROLE regress_budget_worker;
SELECT pg_temp.claim('w'), pg_temp.save('w', 'Abe', costs => '[{"model": "m", "usd": 0.25}]');
SELECT pg_temp.fail('w', 'Bea', 'no', '[{"model": "m", "usd": 0.75}]');
SET ROLE regress_budget_ann;
TABLE budget;
SELECT campaign.start_generation(:'two') IS NOT NULL AS started;
TABLE budget;
-- within a job, too
SELECT pg_temp.try(format('SELECT campaign.retry_generation(%L)', :'one'));
SELECT campaign.cancel_generation(:'two');
SELECT campaign.retry_generation(:'one');
TABLE budget;
SELECT campaign.cancel_generation(:'one');
TABLE budget;

--
-- soft: up to 120 %; monitor refuses nothing
--
UPDATE campaign.generation_budgets SET mode = 'soft', amount_usd = 2.5;
TABLE budget;
SELECT campaign.start_generation(:'two') IS NOT NULL AS started;
SELECT campaign.cancel_generation(:'two');
UPDATE campaign.generation_budgets SET amount_usd = 2.4;
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'two'));
UPDATE campaign.generation_budgets SET mode = 'monitor';
SELECT campaign.start_generation(:'two') IS NOT NULL AS started;
SELECT campaign.cancel_generation(:'two');
TABLE budget;

--
-- The period: what was spent last month is not of this one
--
UPDATE campaign.generation_budgets SET mode = 'hard', amount_usd = 2;
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'two'));
\o /dev/null
SELECT pg_temp.at_time('2030-02-01 00:00:01');
\o
TABLE budget;
SELECT campaign.start_generation(:'two') IS NOT NULL AS started;
SELECT campaign.cancel_generation(:'two');
UPDATE campaign.generation_budgets SET period = 'total';
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'two'));
UPDATE campaign.generation_budgets SET period = 'day';
SELECT since FROM budget;

--
-- What is no budget, and who may
--
SELECT pg_temp.try(format('UPDATE campaign.generation_budgets SET %s', s)) FROM unnest(ARRAY['mode = $$free$$', 'amount_usd = -1', 'amount_usd = NULL',
	'period = $$year$$', 'message_price_usd = -1', 'mode = NULL']) s;
SET ROLE regress_budget_ed;
SELECT mode FROM campaign.generation_budgets;
UPDATE campaign.generation_budgets SET mode = 'monitor' RETURNING mode;
DELETE FROM campaign.generation_budgets RETURNING mode;
SELECT pg_temp.try(format('INSERT INTO campaign.generation_budgets (tenant_id) VALUES (%L)', :'acme'));
SET ROLE regress_budget_eve;
SELECT mode FROM campaign.generation_budgets;
SELECT mode, spent_usd FROM budget;
SELECT pg_temp.try(format('INSERT INTO campaign.generation_budgets (tenant_id) VALUES (%L)', :'acme'));
SELECT pg_temp.try('INSERT INTO campaign.generation_budgets (tenant_id) VALUES ($$00000000-0000-0000-0000-000000000000$$)');

--
-- A day is one of the tenant's: between the two midnights New York still has yesterday
--
RESET ROLE;
\o /dev/null
SELECT campaign.create_tenant('York', 'budget-york', 'America/New_York', 'regress_budget_ann') AS york \gset
SELECT pg_temp.at_time('2030-03-14 20:00');
SET ROLE regress_budget_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'york', n, lower(n) || '@y.example' FROM unnest('{Fay,Gus}'::text[]) n;
INSERT INTO campaign.generation_budgets (tenant_id, mode, amount_usd, message_price_usd, period) VALUES (:'york', 'hard', 4, 1, 'day');
SELECT campaign.create_campaign(:'york', 'York', '[{"channel": "email"}]', 'assigned') AS york1 \gset
SELECT campaign.create_campaign(:'york', 'York, again', '[{"channel": "email"}]', 'assigned') AS york2 \gset
SELECT pg_temp.assign(c, 'Fay', 'Gus'), campaign.transition_campaign(c, 'ready') FROM unnest(ARRAY[:'york1', :'york2']::uuid[]) c;
SELECT campaign.start_generation(:'york1', include_unready => true);
\o
CREATE TEMP VIEW york WITH (security_invoker = true) AS
	SELECT s.period, s.since, s.limit_usd, s.spent_usd, s.reserved_usd, s.left_usd FROM campaign.generation_budget_status s JOIN campaign.tenants t ON t.id = s.tenant_id WHERE t.slug = 'budget-york';
TABLE york;
--
-- What costs more than it had reserved does not stop the job that runs, and counts at the next start
--
SET ROLE regress_budget_worker;
SELECT pg_temp.claim('w', 10, :'york1'), pg_temp.save('w', 'Fay', costs => '[{"model": "m", "usd": 5}]');
SET ROLE regress_budget_ann;
TABLE york;
SET ROLE regress_budget_worker;
SELECT pg_temp.save('w', 'Gus', costs => '[{"model": "m", "usd": 1.5}]');
SET ROLE regress_budget_ann;
SELECT pg_temp.status(:'york1');
TABLE york;
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L, include_unready => true)', :'york2'));
SELECT pg_temp.at_time('2030-03-15 03:59') \g /dev/null
TABLE york;
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L, include_unready => true)', :'york2'));
SELECT pg_temp.at_time('2030-03-15 04:01') \g /dev/null
TABLE york;
SELECT campaign.start_generation(:'york2', include_unready => true) IS NOT NULL AS started;
SELECT campaign.cancel_generation(:'york2');
-- of a month, too
UPDATE campaign.generation_budgets SET period = 'month' WHERE tenant_id = :'york';
SELECT since FROM york;
SELECT pg_temp.at_time('2030-04-01 03:59') \g /dev/null
SELECT since, spent_usd FROM york;
SELECT pg_temp.at_time('2030-04-01 04:01') \g /dev/null
SELECT since, spent_usd FROM york;

RESET ROLE;
\o /dev/null
SELECT campaign.delete_tenant(:'york', 'budget-york');
SELECT set_config('campaign.clock_offset', '0', false);
SELECT campaign.delete_tenant(:'acme', 'budget-acme'), campaign.delete_tenant(:'eve', 'budget-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_budget_ann,regress_budget_ed,regress_budget_vic,regress_budget_eve,regress_budget_worker}'::name[]) r;
\o
DROP TABLE tokens;
DROP OWNED BY regress_budget_ann, regress_budget_worker;
DROP ROLE regress_budget_ann, regress_budget_ed, regress_budget_vic, regress_budget_eve, regress_budget_worker;
