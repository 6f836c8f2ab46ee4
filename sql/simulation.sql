-- Simulation: what would become of some contacts, by the engine itself, and nothing of it remains.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'America/New_York';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_simulation_ann;
CREATE ROLE regress_simulation_viv;
CREATE ROLE regress_simulation_eve;
CREATE ROLE regress_simulation_worker;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_simulation_ann,regress_simulation_viv,regress_simulation_eve}'::name[]) r;
SELECT campaign.grant_access('regress_simulation_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'simulation-acme', 'America/New_York', 'regress_simulation_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'simulation-eve', 'UTC', 'regress_simulation_eve') AS eve \gset
SET ROLE regress_simulation_ann;
SELECT campaign.add_member(:'acme', 'regress_simulation_viv', 'viewer');
UPDATE campaign.tenants SET review_url = 'https://review.example/acme', link_base_url = 'https://go.example/' WHERE id = :'acme';
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone, timezone) VALUES
	(:'acme', 'Amy', 'amy@x.example', '+12125550100', 'America/New_York'), (:'acme', 'Ben', 'ben@x.example', '+12125550101', 'America/Los_Angeles'),
	(:'acme', 'Cyd', NULL, '+12125550102', 'Mars/Olympus'), (:'acme', 'Dot', 'dot@x.example', NULL, 'Asia/Kathmandu'), (:'acme', 'Edo', 'edo@x.example', NULL, NULL);
SELECT campaign.set_consent(id, 'sms', 'opted_in') FROM campaign.contacts WHERE first_name IN ('Amy', 'Cyd');
\o
CREATE FUNCTION pg_temp.contacts(VARIADIC names text[]) RETURNS uuid[] LANGUAGE sql
	AS $$ SELECT array_agg(c.id ORDER BY array_position(names, c.first_name)) FROM campaign.contacts c WHERE c.first_name = ANY (names) $$;
CREATE FUNCTION pg_temp.timeline(config jsonb, contacts uuid[], days integer, start_at timestamptz)
RETURNS TABLE (at timestamptz, contact text, touch smallint, channel text, event text, reason text, until timestamptz) LANGUAGE sql AS $$
	SELECT s.at, k.first_name, s.touch_number, s.channel, s.event, s.reason, s.until
	FROM ROWS FROM (campaign.simulate(config, contacts, days, start_at => start_at)) WITH ORDINALITY s JOIN campaign.contacts k ON k.id = s.contact_id
	ORDER BY s.ordinality $$;

--
-- A preset for four people: one has agreed to SMS, one is in Los Angeles, one has no e-mail address,
-- one lives where clocks are at a quarter
--
SELECT template_config AS aggressive FROM campaign.campaign_templates WHERE is_system AND name = 'Aggressive' \gset
SELECT * FROM pg_temp.timeline(:'aggressive', pg_temp.contacts('Amy', 'Ben', 'Cyd', 'Dot'), 30, '2030-01-07 20:30');
-- what would be sent, and to whom
SELECT s.touch_number AS touch, s.channel, s.address, s.subject FROM campaign.simulate(:'aggressive', pg_temp.contacts('Amy'), 30) s WHERE s.event = 'sent';
-- when the preview says
SELECT s.touch_number AS touch, s.at = p.due_at AS same
FROM campaign.simulate(:'aggressive', pg_temp.contacts('Amy'), 30, start_at => '2030-03-01 17:00') s
	JOIN campaign.preview_schedule(:'aggressive', '2030-03-01 17:00', 'America/New_York', :'acme') p USING (touch_number) WHERE s.event = 'sent' ORDER BY 1;
-- as far as the days go
SELECT * FROM pg_temp.timeline(:'aggressive', pg_temp.contacts('Amy'), 2, '2030-01-07 10:00');

--
-- The clocks go forward on March 10, 2030, at two
--
\set daily '[{"channel": "email", "subject": "Day {{contact.first_name}}", "body_text": "x"}, {"channel": "email", "subject": "2", "body_text": "x", "delay_hours": 24}, {"channel": "email", "subject": "3", "body_text": "x", "delay_hours": 24}]'
SELECT at, touch, event, reason, until FROM pg_temp.timeline(:'daily', pg_temp.contacts('Amy'), 7, '2030-03-09 20:30');

--
-- Nobody answers: who has not responded is written to, who has not opened is not
--
SELECT at, touch, channel, event, reason FROM pg_temp.timeline('[
	{"channel": "email", "subject": "1", "body_text": "x"},
	{"channel": "email", "subject": "2", "body_text": "x", "delay_hours": 24, "condition": "opened_not_replied"},
	{"channel": "call", "body_text": "x", "delay_hours": 24, "condition": "no_response"}]', pg_temp.contacts('Amy'), 7, '2030-01-07 12:00');

--
-- What is so today has a say: who is in another sequence, who is archived, what is suppressed
--
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Other', :'daily', 'contacts') AS other \gset
SELECT campaign.launch_campaign(:'other');
SELECT campaign.enroll(:'other', (pg_temp.contacts('Ben'))[1]);
SELECT campaign.archive_contact((pg_temp.contacts('Cyd'))[1]), campaign.suppress_address(:'acme', 'dot@x.example');
\o
SELECT * FROM pg_temp.timeline(:'daily', pg_temp.contacts('Ben', 'Cyd', 'Dot', 'Edo', 'Ben'), 1, '2030-01-07 12:00');

--
-- Caps: two an hour for four people, and the real ones are used by nobody
--
SELECT campaign.set_send_limit(:'acme', 'email', 2);
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'acme', 'Extra ' || i, 'extra' || i || '@x.example' FROM generate_series(1, 4) i;
SELECT at, contact, touch, event, reason, until FROM pg_temp.timeline('[{"channel": "email", "subject": "x", "body_text": "x"}]',
	ARRAY(SELECT id FROM campaign.contacts WHERE first_name LIKE 'Extra%' ORDER BY first_name), 1, '2030-01-07 12:15');
SELECT channel, per_hour, this_hour, today FROM campaign.send_limit_usage WHERE tenant_id = :'acme' AND channel = 'email';
SELECT campaign.clear_send_limit(:'acme', 'email');

--
-- Nothing remains: no row in any table, no notification, and the clock is as it was
--
RESET ROLE;
CREATE FUNCTION pg_temp.fingerprint() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	t record;
	one text;
	result text := '';
BEGIN
	FOR t IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind = 'r' ORDER BY 1 LOOP
		EXECUTE format('SELECT count(*) || md5(string_agg(r::text, chr(10) ORDER BY r::text)) FROM campaign.%I r', t.relname) INTO one;
		result := result || coalesce(one, '');
	END LOOP;
	RETURN md5(result);
END $$;
SET campaign.clock_offset = '3 days 04:00';
LISTEN campaign_due;
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE id = :'acme';
SELECT pg_temp.fingerprint() AS before \gset
SET ROLE regress_simulation_ann;
SELECT count(*) > 10 AS simulated FROM campaign.simulate(:'aggressive', pg_temp.contacts('Amy', 'Ben', 'Edo'), 30);
BEGIN;
SELECT count(*) > 10 AS simulated FROM campaign.simulate(:'aggressive', pg_temp.contacts('Amy', 'Ben', 'Edo'), 30);
RESET ROLE;
-- by the same transaction as well: Ben's first touch of the other campaign
SELECT count(*) AS claimed FROM campaign.claim_due_touches('real', tenants => ARRAY[:'acme'::uuid]);
ROLLBACK;
SHOW campaign.clock_offset;
RESET ROLE;
SELECT pg_temp.fingerprint() = :'before' AS as_before;
-- after an error, too, in the middle of it
SET ROLE regress_simulation_ann;
BEGIN;
SAVEPOINT s;
\set VERBOSITY sqlstate
SELECT count(*) FROM campaign.simulate(:'aggressive', pg_temp.contacts('Amy') || ARRAY[:'eve'::uuid], 30, start_at => '2030-01-07 12:00');
\set VERBOSITY default
ROLLBACK TO s;
SHOW campaign.clock_offset;
COMMIT;
RESET ROLE;
SELECT pg_temp.fingerprint() = :'before' AS as_before;
UNLISTEN campaign_due;
RESET campaign.clock_offset;
-- and what the caller has not committed yet is seen
SET ROLE regress_simulation_ann;
BEGIN;
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'New', 'new@x.example');
SELECT event, count(*) FROM pg_temp.timeline(:'daily', pg_temp.contacts('New'), 7, '2030-01-07 12:00') GROUP BY 1 ORDER BY 1;
ROLLBACK;

--
-- What is refused
--
\set VERBOSITY terse
SELECT * FROM campaign.simulate(:'daily', '{}', 7);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.simulate(:'daily', NULL, 7);
SELECT * FROM campaign.simulate(:'daily', array_fill(:'acme'::uuid, '{1001}'), 7);
SELECT * FROM campaign.simulate(:'daily', pg_temp.contacts('Amy'), 0);
SELECT * FROM campaign.simulate(:'daily', pg_temp.contacts('Amy'), 401);
SELECT * FROM campaign.simulate(:'daily', pg_temp.contacts('Amy'), NULL);
SELECT * FROM campaign.simulate(:'daily', pg_temp.contacts('Amy'), 7, start_at => 'infinity');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.simulate(:'daily', ARRAY[NULL]::uuid[], 7);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.simulate('[]', pg_temp.contacts('Amy'), 7);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.simulate(NULL, pg_temp.contacts('Amy'), 7);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.simulate('[{"channel": "call", "label": "Ring"}]', pg_temp.contacts('Amy'), 7);
\echo :LAST_ERROR_SQLSTATE
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM campaign.simulate(:'daily', pg_temp.contacts('Amy'), 7);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT * FROM campaign.simulate(:'daily', pg_temp.contacts('Amy'), 7);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
\set VERBOSITY sqlstate
SELECT (pg_temp.contacts('Amy'))[1] AS amy \gset
SET ROLE regress_simulation_viv;
SELECT * FROM campaign.simulate(:'daily', ARRAY[:'amy'::uuid], 7);
SELECT * FROM campaign.simulate(:'daily', ARRAY[:'amy'::uuid], 7, :'acme');
SET ROLE regress_simulation_eve;
SELECT * FROM campaign.simulate(:'daily', ARRAY[:'amy'::uuid], 7);
SELECT * FROM campaign.simulate(:'daily', ARRAY[:'amy'::uuid], 7, :'acme');
SELECT * FROM campaign.simulate(:'daily', ARRAY[:'amy'::uuid], 7, :'eve');
SET ROLE regress_simulation_worker;
SELECT * FROM campaign.simulate(:'daily', ARRAY[:'amy'::uuid], 7);
\set VERBOSITY default
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'simulation-acme'), campaign.delete_tenant(:'eve', 'simulation-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_simulation_ann,regress_simulation_viv,regress_simulation_eve,regress_simulation_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP OWNED BY regress_simulation_ann;
DROP ROLE regress_simulation_ann, regress_simulation_viv, regress_simulation_eve, regress_simulation_worker;
