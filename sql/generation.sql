-- Generation: a job, its contacts, and the workers who write for them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_gen_ann;
CREATE ROLE regress_gen_ed;
CREATE ROLE regress_gen_vic;
CREATE ROLE regress_gen_eve;
CREATE ROLE regress_gen_worker;
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
GRANT ALL ON tokens TO regress_gen_worker;
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
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_gen_ann,regress_gen_ed,regress_gen_vic,regress_gen_eve}'::name[]) r;
SELECT campaign.grant_access('regress_gen_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'gen-acme', 'UTC', 'regress_gen_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'gen-eve', 'UTC', 'regress_gen_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_gen_vic', 'viewer'), campaign.add_member(:'acme', 'regress_gen_ed', 'editor');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_gen_ann;
INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage) VALUES (:'acme', 'contact', 'person');
INSERT INTO campaign.companies (tenant_id, name, industry) VALUES (:'acme', 'Forge', 'steel') RETURNING id AS forge \gset
INSERT INTO campaign.contacts (tenant_id, first_name, last_name, email, company_id, job_title, attributes)
	SELECT :'acme', n, 'Smith', lower(n) || '@x.example', :'forge', 'Smith', '{"hobby": "chess"}' FROM unnest('{Abe,Bea,Cid,Dan,Eli}'::text[]) n;
SELECT count(campaign.record_stage('contact', id, 'person')) FROM campaign.contacts WHERE first_name <> 'Eli';

\set steps '[{"channel": "email", "label": "First"}, {"channel": "call"}, {"channel": "email", "enabled": false}, {"channel": "email", "variant_count": 2, "day_offset": 3}]'
SELECT campaign.create_campaign(:'acme', 'One', :'steps', 'assigned') AS one \gset
CREATE TEMP VIEW assigned AS
	SELECT p.first_name AS contact, k.status, k.error, k.generated_at IS NOT NULL AS generated FROM campaign.campaign_contacts k
		JOIN campaign.contacts p ON p.tenant_id = k.tenant_id AND p.id = k.contact_id WHERE k.campaign_id = :'one' ORDER BY 1;
CREATE TEMP VIEW written AS
	SELECT p.first_name AS contact, m.touch_number AS touch, m.variant, m.version, m.status, m.channel, m.subject, m.body, v.origin FROM campaign.messages m
		JOIN campaign.contacts p ON p.tenant_id = m.tenant_id AND p.id = m.contact_id
		JOIN campaign.message_versions v ON v.tenant_id = m.tenant_id AND v.message_id = m.id AND v.version = m.version ORDER BY 1, 2, 3;
CREATE TEMP VIEW jobs AS
	SELECT j.status, j.include_unready AS unready, j.regenerate, j.started_by, j.ended_at IS NOT NULL AS ended, j.end_reason FROM campaign.generation_jobs j WHERE j.campaign_id = :'one' ORDER BY j.id;

--
-- A campaign is generating only through start_generation(), from ready, with somebody to write to
--
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'one'));
SELECT pg_temp.assign(:'one', 'Abe', 'Bea', 'Cid', 'Eli');
SELECT campaign.transition_campaign(:'one', 'ready');
-- defect 2: a plain update to generating stranded a campaign with no worker
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, %L)', :'one', 'generating'));
SELECT pg_temp.try(format('SELECT campaign.cancel_generation(%L)', :'one'));
SELECT pg_temp.try(format('SELECT campaign.retry_generation(%L)', :'one'));
SELECT job IS NULL AS no_job, total, percent, by_channel, failures FROM campaign.generation_progress(:'one');
SELECT campaign.start_generation(:'one') IS NOT NULL AS started;
SELECT pg_temp.status(:'one');
TABLE assigned;
TABLE jobs;
-- defect 2: two generate calls started two workers
SELECT regexp_replace(pg_temp.try(format('SELECT campaign.start_generation(%L)', :'one')), 'started at .*\+00\.', 'started at <time>.');
-- defect 2: and it leaves generating only with the job
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, %L)', :'one', 'ready'));
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, %L)', :'one', 'review'));
SELECT pg_temp.try(format('SELECT campaign.configure_campaign(%L, %L)', :'one', '{"tone": "bold"}'));
SELECT pg_temp.try(format('SELECT campaign.assign_contacts(%L, filter => %L)', :'one', '{}'));

--
-- What a worker gets
--
SET ROLE regress_gen_worker;
SELECT pg_temp.try($$ SELECT campaign.claim_generation(NULL) $$);
SELECT pg_temp.try($$ SELECT campaign.claim_generation('w', 0) $$);
SELECT pg_temp.try($$ SELECT campaign.claim_generation('w', lease => '25 hours') $$);
BEGIN;
SELECT attempt, contact - '{id,company}'::text[] AS contact, contact -> 'company' ->> 'industry' AS industry, generation_config, lease_until > clock_timestamp() AS leased
	FROM campaign.claim_generation('w0', 1);
SELECT step FROM campaign.claim_generation('w0', 1), jsonb_array_elements(steps) step;
ROLLBACK;
SELECT pg_temp.claim('w1', 1);
SELECT pg_temp.claim('w2', 1);
SELECT pg_temp.claim('w3', 5);
SELECT pg_temp.claim('w4');
SELECT pg_temp.try(format('SELECT campaign.extend_generation(%L, %L)', pg_temp.token('w1', 'Abe'), '1 hour'));
SELECT pg_temp.try($$ SELECT campaign.extend_generation('x', '1 hour') $$);
SELECT pg_temp.try($$ SELECT campaign.save_generated(NULL, '[]') $$);
SELECT campaign.release_generation(pg_temp.token('w3', 'Cid'));
SELECT pg_temp.try(format('SELECT campaign.release_generation(%L)', pg_temp.token('w3', 'Cid')));
SELECT pg_temp.claim('w3');
RESET ROLE;
SELECT worker, attempts, lease_until > clock_timestamp() AS leased, outcome FROM campaign.generation_items ORDER BY contact_id;

--
-- What is refused leaves nothing half-written
--
SET ROLE regress_gen_worker;
SELECT n, pg_temp.save('w1', 'Abe', m::jsonb) FROM (VALUES (1, '[]'), (2, '"[{\"touch_number\": 1, \"subject\": \"Hi\", \"body\": \"Hello\"}]"'), (3, '{}'), (4, '[1]'),
	(5, '[{"touch_number": 1, "subject": "Hi", "body": "Hello"}, {"touch_number": 4, "subject": "Hi", "body": "Hello"}]'),
	(6, '[{"touch_number": 1, "variant": "b", "subject": "Hi", "body": "Hello"}]'), (7, '[{"touch_number": 3, "variant": "c", "subject": "Hi", "body": "Hello"}]'),
	(8, '[{"touch_number": 3, "variant": "d", "subject": "Hi", "body": "Hello"}]'), (9, '[{"touch_number": "1", "subject": "Hi", "body": "Hello"}]'),
	(10, '[{"touch_number": 1, "subject": "Hi", "body": "Hello"}, {"touch_number": 1, "variant": "a", "subject": "Ho", "body": "Hello"}]'),
	(11, '[{"touch_number": 1, "subject": "Hi", "text": "Hello"}]'), (12, '[{"touch_number": 1, "subject": 5, "body": "Hello"}]'),
	(13, '[{"touch_number": 1, "subject": "Hi", "body": "Hello"}, {"touch_number": 2, "body": "' || repeat('x', 2001) || '"}]'),
	(14, '[{"touch_number": 2, "subject": "Hi", "body": "Hello"}]'), (15, '[{"touch_number": 1, "body": "Hello"}]'),
	(16, '[{"touch_number": 1.5, "body": "Hello"}]'), (17, '[{"body": "Hello"}]')) v (n, m) ORDER BY n;
RESET ROLE;
TABLE written;

--
-- A copy of a cluster generates nothing until somebody says so
--
BEGIN;
DELETE FROM campaign.armed_cluster;
SET LOCAL campaign.clone_guard = on;
SELECT pg_temp.try($$ SELECT campaign.claim_generation('w') $$);
ROLLBACK;

--
-- Saved: the last one takes the campaign to review
--
SET ROLE regress_gen_worker;
SELECT pg_temp.save('w1', 'Abe', '[{"touch_number": 1, "subject": "Hi Abe", "body": "One"}, {"touch_number": 2, "body": "Call"},
	{"touch_number": 3, "subject": "A", "body": "a"}, {"touch_number": 3, "variant": "b", "subject": "B", "body": "b"}]');
-- a token is good for one report
SELECT pg_temp.save('w1', 'Abe');
SELECT pg_temp.fail('w2', 'Bea', 'the model refused');
SELECT pg_temp.status(:'one');
SET ROLE regress_gen_ann;
SELECT status, started_by, total, generated, failed, excluded, cancelled, held, waiting, percent, by_channel, pg_temp.plain(failures::text) AS failures FROM campaign.generation_progress(:'one');
RESET ROLE;
-- failed contacts keep their real error, and are tried again within the job
TABLE assigned;
SET ROLE regress_gen_ann;
SELECT campaign.retry_generation(:'one');
SELECT pg_temp.try(format('SELECT campaign.retry_generation(%L, ARRAY[%L]::uuid[])', :'one', :'forge'));
SET ROLE regress_gen_worker;
-- the old token is stale
SELECT pg_temp.save('w2', 'Bea');
SELECT pg_temp.claim('w2');
SELECT pg_temp.save('w2', 'Bea');
SELECT pg_temp.try(format('SELECT campaign.fail_generation(%L, %L)', pg_temp.token('w3', 'Cid'), ' '));
SELECT pg_temp.fail('w3', 'Cid', 'timeout');
RESET ROLE;
SELECT pg_temp.status(:'one');
TABLE jobs;
TABLE assigned;
TABLE written;
SELECT from_state, to_state, reason FROM campaign.life_cycle_log WHERE entity_id = :'one' ORDER BY id;
SET ROLE regress_gen_worker;
SELECT pg_temp.claim('w1');
SELECT pg_temp.save('w3', 'Cid');

--
-- From review: failed ones are tried again in a job of their own
--
SET ROLE regress_gen_ed;
SELECT campaign.retry_generation(:'one');
SELECT pg_temp.status(:'one');
SET ROLE regress_gen_worker;
SELECT pg_temp.claim('w1');
SELECT pg_temp.save('w1', 'Cid');
SELECT pg_temp.status(:'one');

--
-- Written anew: new versions that are to be reviewed; what was sent stays
--
RESET ROLE;
UPDATE campaign.messages SET status = 'approved', approved_at = now() WHERE touch_number = 1;
UPDATE campaign.messages SET status = 'sent', sent_at = now() WHERE touch_number = 1 AND subject = 'Hi Abe';
SET ROLE regress_gen_ann;
SELECT campaign.transition_campaign(:'one', 'ready');
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'one'));
SELECT campaign.start_generation(:'one', include_unready => true, regenerate => true) IS NOT NULL AS started;
SET ROLE regress_gen_worker;
SELECT pg_temp.claim('w1');
SELECT pg_temp.save('w1', 'Abe', '[{"touch_number": 1, "subject": "Hi again", "body": "One"}, {"touch_number": 2, "body": "Call again"}]');
SELECT pg_temp.save('w1', 'Bea', '[{"touch_number": 1, "subject": "Hi Bea", "body": "Again"}]');
-- who has messages keeps them, and does not fail
SELECT pg_temp.fail('w1', 'Cid', 'no idea');
RESET ROLE;
TABLE assigned;
TABLE written;

--
-- Defect 3: after one cancel every later run hung. It takes effect at once, and a later start works
--
SET ROLE regress_gen_ann;
SELECT campaign.cancel_generation(:'one', 'wrong tone');
RESET ROLE;
TABLE jobs;
TABLE assigned;
SET ROLE regress_gen_worker;
SELECT pg_temp.claim('w2');
SELECT pg_temp.save('w1', 'Eli');
SELECT pg_temp.fail('w1', 'Eli', 'too late', '[{"model": "m", "usd": 0.5}]');
SELECT pg_temp.fail('w1', 'Eli', 'said twice', '[{"model": "m", "usd": 0.5}]');
SET ROLE regress_gen_ann;
SELECT usd, credits FROM campaign.contact_generation_costs;
SELECT campaign.start_generation(:'one') IS NOT NULL AS started;
SET ROLE regress_gen_worker;
SELECT pg_temp.claim('w1');
SELECT pg_temp.save('w1', 'Eli');
SELECT pg_temp.status(:'one');

--
-- Leases end and are claimed again; a token of yesterday is refused, and too many ends are a failure
--
SET ROLE regress_gen_ann;
SELECT campaign.create_campaign(:'acme', 'Two', '[{"channel": "email"}]', 'assigned') AS two \gset
UPDATE campaign.outreach_campaigns SET max_attempts = 2 WHERE campaign_id = :'two';
SELECT pg_temp.assign(:'two', 'Abe', 'Bea'), campaign.transition_campaign(:'two', 'ready');
SELECT campaign.start_generation(:'two') IS NOT NULL AS started;
SET ROLE regress_gen_worker;
SELECT pg_temp.claim('w1', 1);
RESET ROLE;
SELECT pg_temp.end_leases();
SET ROLE regress_gen_worker;
SELECT pg_temp.try(format('SELECT campaign.extend_generation(%L, %L)', pg_temp.token('w1', 'Abe'), '1 hour'));
SELECT pg_temp.claim('w2');
SELECT pg_temp.save('w1', 'Abe');
RESET ROLE;
SELECT pg_temp.end_leases();
SET ROLE regress_gen_worker;
SELECT pg_temp.claim('w3');
SELECT pg_temp.claim('w4');
-- a lease that has ended, and that nobody has claimed since, is still good
RESET ROLE;
SELECT pg_temp.end_leases();
SET ROLE regress_gen_worker;
SELECT pg_temp.fail('w3', 'Bea', 'gave up');
RESET ROLE;
-- defect 2: to review only with a message, else back to ready with the reason
SELECT pg_temp.status(:'two');
SELECT p.first_name, k.status, k.error FROM campaign.campaign_contacts k JOIN campaign.contacts p ON p.id = k.contact_id WHERE k.campaign_id = :'two' ORDER BY 1;
SELECT status, end_reason FROM campaign.generation_jobs WHERE campaign_id = :'two';
SELECT to_state, reason FROM campaign.life_cycle_log WHERE entity_id = :'two' ORDER BY id;

--
-- Who is excluded meanwhile: the cost stays, the messages are not written; a job of excluded contacts ends
--
SET ROLE regress_gen_ann;
SELECT campaign.start_generation(:'two') IS NOT NULL AS started;
SET ROLE regress_gen_worker;
SELECT pg_temp.claim('w1', 1);
SET ROLE regress_gen_ann;
SELECT e.* FROM campaign.exclude_contacts(:'two', ARRAY(SELECT id FROM campaign.contacts WHERE first_name IN ('Abe', 'Bea'))) e;
SET ROLE regress_gen_worker;
-- the next claim ends the job, and the worker hands in what he has all the same
SELECT pg_temp.claim('w2');
SELECT pg_temp.status(:'two');
SELECT pg_temp.save('w1', 'Abe', costs => '[{"model": "m", "tokens_in": 800, "tokens_out": 200, "usd": 0.00144}]');
SELECT pg_temp.fail('w1', 'Abe', 'said twice', '[{"model": "m", "tokens_in": 800, "tokens_out": 200, "usd": 0.00144}]');
RESET ROLE;
SELECT status, end_reason FROM campaign.generation_jobs WHERE campaign_id = :'two' ORDER BY id;
SELECT count(*) AS messages FROM campaign.messages WHERE campaign_id = :'two';
SET ROLE regress_gen_ann;
SELECT usd FROM campaign.campaign_generation_costs WHERE campaign_id = :'two';
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'two'));

--
-- All of them excluded while nobody holds one: the next claim ends the job
--
SELECT pg_temp.assign(:'two', 'Cid');
SELECT campaign.start_generation(:'two') IS NOT NULL AS started;
SELECT e.* FROM campaign.exclude_contacts(:'two', ARRAY(SELECT id FROM campaign.contacts WHERE first_name = 'Cid')) e;
SELECT pg_temp.status(:'two');
SET ROLE regress_gen_worker;
SELECT pg_temp.claim('w1');
SELECT pg_temp.status(:'two');

--
-- An erasure: nothing is told of the person any more, and what was spent stays
--
SET ROLE regress_gen_ann;
SELECT pg_temp.assign(:'two', 'Dan');
SELECT campaign.start_generation(:'two') IS NOT NULL AS started;
SET ROLE regress_gen_worker;
SELECT pg_temp.claim('w1');
SET ROLE regress_gen_ann;
\o /dev/null
SELECT campaign.erase_contact(id) FROM campaign.contacts WHERE first_name = 'Dan';
\o
SET ROLE regress_gen_worker;
SELECT pg_temp.fail('w1', 'Dan', 'Dan has no email', '[{"model": "m", "usd": 0.1}]');
RESET ROLE;
SELECT outcome, error FROM campaign.generation_items WHERE worker = 'w1' AND outcome = 'excluded' ORDER BY job_id, contact_id;
SELECT pg_temp.status(:'two');

--
-- A worker may ask for the contacts of one campaign
--
SET ROLE regress_gen_ann;
SELECT max(i.id::text) FILTER (WHERE c = 'Three') AS three, max(i.id::text) FILTER (WHERE c = 'Four') AS four
	FROM unnest('{Three,Four}'::text[]) c, campaign.create_campaign(:'acme', c, '[{"channel": "email"}]', 'assigned') i(id) \gset
SELECT pg_temp.assign(:'three', 'Abe', 'Bea'), pg_temp.assign(:'four', 'Cid', 'Eli'), campaign.transition_campaign(:'three', 'ready'), campaign.transition_campaign(:'four', 'ready');
SELECT count(campaign.start_generation(c, include_unready => true)) FROM unnest(ARRAY[:'three', :'four']::uuid[]) c;
SET ROLE regress_gen_worker;
SELECT pg_temp.claim('w1', 1, :'four');
SELECT pg_temp.claim('w2', 10, :'four');
SELECT pg_temp.claim('w2', 10, :'four');
-- of one that has no job, and of none
SELECT pg_temp.claim('w2', 10, :'one'), pg_temp.claim('w2', 10, :'acme');
SELECT pg_temp.claim('w2', 10, :'three');
SET ROLE regress_gen_ann;
SELECT campaign.cancel_generation(c) FROM unnest(ARRAY[:'three', :'four']::uuid[]) c;
RESET ROLE;

--
-- Nothing to write: a channel without a text
--
SELECT campaign.add_channel('x_visit', 'Visit', 'phone', body_limit => NULL);
SET ROLE regress_gen_ann;
SELECT campaign.create_campaign(:'acme', 'Visits', '[{"channel": "x_visit"}]', 'assigned') AS visits \gset
SELECT pg_temp.assign(:'visits', 'Abe'), campaign.transition_campaign(:'visits', 'ready');
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'visits'));
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'visits'));
ROLLBACK;

--
-- Who may: editors start, viewers look on, strangers find nothing, workers work
--
SET ROLE regress_gen_vic;
SELECT total, generated FROM campaign.generation_progress(:'one');
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'one'));
SELECT pg_temp.try($$ SELECT campaign.claim_generation('w') $$);
SET ROLE regress_gen_eve;
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'one'));
SELECT pg_temp.try(format('SELECT campaign.cancel_generation(%L)', :'one'));
SELECT pg_temp.try(format('SELECT campaign.retry_generation(%L)', :'one'));
SELECT pg_temp.try(format('SELECT campaign.generation_progress(%L)', :'one'));
SELECT pg_temp.try(format('SELECT campaign.estimate_generation(%L)', :'one'));
SELECT count(*) FROM campaign.generation_jobs;
SET ROLE regress_gen_worker;
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'one'));
SELECT pg_temp.try('SELECT count(*) FROM campaign.generation_items');

RESET ROLE;
\o /dev/null
SELECT set_config('campaign.clock_offset', '0', false);
SELECT campaign.delete_tenant(:'acme', 'gen-acme'), campaign.delete_tenant(:'eve', 'gen-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_gen_ann,regress_gen_ed,regress_gen_vic,regress_gen_eve,regress_gen_worker}'::name[]) r;
\o
SELECT campaign.remove_channel('x_visit');
DROP TABLE tokens;
DROP OWNED BY regress_gen_ann, regress_gen_worker;
DROP ROLE regress_gen_ann, regress_gen_ed, regress_gen_vic, regress_gen_eve, regress_gen_worker;
