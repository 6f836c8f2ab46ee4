-- Erasure: nothing of a person is left, what was counted stays, and who must not be written to still is not.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_erase_ann;
CREATE ROLE regress_erase_eve;
CREATE ROLE regress_erase_viv;
CREATE ROLE regress_erase_mallory;
CREATE ROLE regress_erase_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
-- ids and hashes differ from run to run
CREATE FUNCTION pg_temp.plain(t text) RETURNS text LANGUAGE sql
	AS $$ SELECT regexp_replace(regexp_replace(t, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g'), 'hmac-sha256:[0-9a-f]{64}', '<hash>', 'g') $$;
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
-- Every row of every table that holds tenants' rows, as text: where does a word stand?
CREATE FUNCTION pg_temp.find_word(tenant uuid, word text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	t record;
	n bigint;
BEGIN
	FOR t IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
		WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind = 'r' ORDER BY c.relname COLLATE "C"
	LOOP
		EXECUTE format('SELECT count(*) FROM campaign.%I r WHERE tenant_id = $1 AND to_jsonb(r)::text ILIKE ''%%'' || $2 || ''%%''', t.relname)
			INTO n USING tenant, word;
		IF n > 0 THEN
			RETURN NEXT t.relname || ' ' || n;
		END IF;
	END LOOP;
END $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_erase_ann,regress_erase_eve,regress_erase_viv,regress_erase_mallory}'::name[]) r;
SELECT campaign.grant_access('regress_erase_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'erase-acme', 'UTC', 'regress_erase_ann') AS acme \gset
SELECT campaign.create_tenant('Other', 'erase-other', 'UTC', 'regress_erase_mallory') AS other \gset
SELECT campaign.add_member(:'acme', 'regress_erase_eve', 'editor'), campaign.add_member(:'acme', 'regress_erase_viv', 'viewer');
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE id = :'acme';
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT pg_temp.at_time('2030-01-10 12:00');
\o

--
-- Whatever is held on a person: here everything has "zelda" in it, and so has nothing else
--
SET ROLE regress_erase_ann;
\o /dev/null
INSERT INTO campaign.companies (tenant_id, name) VALUES (:'acme', 'Hyrule') RETURNING id AS company \gset
INSERT INTO campaign.contacts (tenant_id, first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority,
	icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, quiet_from, quiet_until)
VALUES (:'acme', 'Zelda', 'Zelda-Smith', 'Zelda@x.example', '+4930777777', 'https://linkedin.example/in/zelda', 'Europe/Berlin', 'de', :'company', 'zeldas-friend', 'Zelda-in-chief', 'zelda',
	'zelda', 7, true, 'zelda said so', 'zelda-1', '{"pet": "zelda''s dog", "zelda": 1}', '00:00', '00:00') RETURNING id AS zelda \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Bob', 'bob@x.example') RETURNING id AS bob \gset
SELECT campaign.create_campaign(:'acme', 'Two', '[
	{"channel": "email", "subject": "Dear {{contact.first_name}}", "body_text": "x"},
	{"channel": "call", "body_text": "x", "delay_hours": 24}]') AS two \gset
SELECT campaign.launch_campaign(:'two');
SELECT campaign.create_campaign(:'acme', 'Other', '[{"channel": "email", "subject": "x", "body_text": "x"}]', 'contacts') AS another \gset
SELECT campaign.launch_campaign(:'another');
SELECT campaign.set_consent(:'zelda', 'sms', 'opted_in', 'zelda''s form', 'zelda clicked');
SELECT campaign.suppress_address(:'acme', 'ZELDA@x.example ', 'complaint', 'zelda was angry');
SELECT campaign.create_job(:'zelda', 'hvac', 'completed', '2030-01-10 10:00', external_id => 'zelda''s boiler') AS job \gset
SELECT campaign.create_job(:'bob', 'hvac', 'completed', '2030-01-10 10:00') AS bobs_job \gset
SELECT campaign.enroll(:'another', :'zelda');
SELECT campaign.log_send(:'zelda', subject => 'Zelda, one more thing', provider_id => 'zelda-manual', sent_at => '2030-01-09 12:00', metadata => '{"to": "zelda"}');
SELECT campaign.lift_suppression(:'acme', 'zelda@x.example');
SET ROLE regress_erase_worker;
SELECT campaign.fail_touch(lease_token, address || ' is full') FROM campaign.claim_due_touches('worker 1');
SELECT pg_temp.at_time('2030-01-10 12:10');
SELECT campaign.complete_touch(lease_token, 'to ' || address, metadata => jsonb_build_object('to', address)) FROM campaign.claim_due_touches('worker 1');
SELECT pg_temp.at_time('2030-01-11 12:10');
-- the call is in a worker's hands
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1') WHERE contact_id = :'zelda' \gset
SET ROLE regress_erase_ann;
SELECT campaign.suppress_address(:'acme', 'ZELDA@x.example ', 'complaint', 'zelda was angry');
SET ROLE regress_erase_worker;
SELECT campaign.record_event('opened', '2030-01-10 13:00', provider_id => 'to Zelda@x.example', tenant => :'acme', data => '{"agent": "zelda''s phone"}');
-- of a message that nobody has reported
SELECT campaign.record_event('opened', '2030-01-10 13:00', provider_id => 'zelda 2', tenant => :'acme', address => 'zelda@x.example', data => '{"to": "zelda"}');
\o
SELECT pg_temp.find_word(:'acme', 'zelda');
SELECT pg_temp.find_word(:'acme', '4930777777');

--
-- All of it in one document, for whoever reads the tenant
--
SET ROLE regress_erase_viv;
SELECT campaign.export_contact(:'zelda') AS document \gset
SELECT key, jsonb_array_length(value) AS rows FROM jsonb_each(:'document') ORDER BY key COLLATE "C";
SELECT jsonb_pretty(:'document'::jsonb -> 'contacts' -> 0 #- '{id}' #- '{company_id}' #- '{created_at}' #- '{updated_at}');
SELECT pg_temp.plain(jsonb_pretty(jsonb_path_query_array(:'document', '$.suppressions[*].address')));
SELECT l ->> 'touch_number' AS touch, l ->> 'channel' AS channel, l ->> 'status' AS status, l ->> 'address' AS address, l ->> 'subject' AS subject,
	l ->> 'provider_id' AS provider_id, l ->> 'error' AS error, l ->> 'metadata' AS metadata
  FROM jsonb_array_elements(:'document'::jsonb -> 'send_logs') l;
-- nothing that would help to act in a worker's name, and no id of the tenant
SELECT :'document' ~ '"(fence|worker_id|tenant_id)":' AS has_any;

--
-- Erased, by an owner
--
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.try(format('SELECT campaign.erase_contact(%L)', :'zelda'));
SET ROLE regress_erase_eve;
SELECT pg_temp.try(format('SELECT campaign.erase_contact(%L)', :'zelda'));
SET ROLE regress_erase_mallory;
SELECT pg_temp.try(format('SELECT campaign.erase_contact(%L)', :'zelda'));
SELECT pg_temp.try(format('SELECT campaign.export_contact(%L)', :'zelda'));
SET ROLE regress_erase_worker;
SELECT pg_temp.try(format('SELECT campaign.erase_contact(%L)', :'zelda'));
SELECT pg_temp.try(format('SELECT campaign.export_contact(%L)', :'zelda'));
SET ROLE regress_erase_ann;
SELECT pg_temp.try('SELECT campaign.erase_contact(NULL)');
SELECT pg_temp.try('SELECT campaign.export_contact(NULL)');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.try(format('SELECT campaign.erase_contact(%L)', :'zelda'));
COMMIT;
\pset format aligned
\pset tuples_only off
SELECT * FROM campaign.erase_contact(:'zelda');
-- nothing is left, in any table, of what was said of her
SELECT pg_temp.find_word(:'acme', 'zelda');
SELECT pg_temp.find_word(:'acme', '4930777777');
SELECT name, email, phone, attributes, date_trunc('minute', archived_at) AS archived_at, date_trunc('minute', erased_at) AS erased_at FROM campaign.contacts WHERE id = :'zelda';
-- the other one is as he was
SELECT name, email FROM campaign.contacts WHERE id = :'bob';
SELECT address, subject, provider_id FROM campaign.send_logs WHERE contact_id = :'bob' AND status = 'sent' ORDER BY id;

-- what was counted stays: who was sent what, and when
SELECT touch_number, channel, status, sent_at IS NOT NULL AS sent, address, subject, provider_id, error, metadata FROM campaign.send_logs WHERE contact_id = :'zelda' ORDER BY id;
SELECT kind, touch_number, unmatched, provider_id, address, data FROM campaign.touch_events WHERE tenant_id = :'acme' ORDER BY id;
SELECT status, stop_reason FROM campaign.campaign_enrollments WHERE contact_id = :'zelda';
SELECT count(*) FROM campaign.enrollment_conflicts WHERE contact_id = :'zelda';

-- stop wins over what a worker held
SET ROLE regress_erase_worker;
SELECT campaign.begin_send(:'token');
-- what comes in later counts, and is not kept
SELECT result, stopped FROM campaign.record_event('complained', '2030-01-12', lease_token => :'token', address => 'zelda@x.example', data => '{"by": "zelda"}');
SET ROLE regress_erase_ann;
SELECT kind, touch_number, provider_id, pg_temp.plain(address) AS address, data FROM campaign.touch_events WHERE tenant_id = :'acme' AND kind = 'complained';
SELECT pg_temp.find_word(:'acme', 'zelda');
-- once more, for what was written since
SELECT * FROM campaign.erase_contact(:'zelda');

--
-- The row stays empty
--
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.try(format('SELECT campaign.unarchive_contact(%L)', :'zelda'));
SELECT pg_temp.try(format('SELECT campaign.set_consent(%L, ''email'', ''opted_in'')', :'zelda'));
\set VERBOSITY terse
UPDATE campaign.contacts SET email = 'zelda@x.example' WHERE id = :'zelda';
UPDATE campaign.contacts SET attributes = '{"name": "zelda"}' WHERE id = :'zelda';
\set VERBOSITY default
SELECT outcome, reason FROM campaign.enroll(:'another', :'zelda');
SELECT pg_temp.try(format('DELETE FROM campaign.contacts WHERE id = %L', :'zelda'));

--
-- Her address is suppressed still, though nobody can read it
--
SELECT pg_temp.plain(address), reason, note FROM campaign.suppressions WHERE tenant_id = :'acme';
-- a new contact under it is not written to
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Z.', 'ZELDA@x.example') RETURNING id AS z \gset
SELECT outcome FROM campaign.enroll(:'another', :'z', anchor_at => '2030-01-11 12:00');
SET ROLE regress_erase_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker 1') WHERE contact_id = :'z';
SET ROLE regress_erase_ann;
SELECT status, reason FROM campaign.send_logs WHERE contact_id = :'z';
\o /dev/null
SELECT campaign.erase_contact(:'z');
\o
-- the first reason has won
SELECT campaign.suppress_address(:'acme', 'Zelda@X.example', 'manual');
SELECT pg_temp.plain(address), reason FROM campaign.suppressions WHERE tenant_id = :'acme';
-- under another tenant's key it is another hash
SELECT campaign.suppress_address(:'acme', 'carl@x.example');
RESET ROLE;
SELECT campaign.address_hash(:'acme', 'Zelda@x.example') IN (SELECT address FROM campaign.suppressions) AS hers,
	campaign.address_hash(:'other', 'zelda@x.example') = campaign.address_hash(:'acme', 'zelda@x.example') AS same;
SET ROLE regress_erase_ann;
-- lifted like any other
SELECT campaign.lift_suppression(:'acme', 'ZELDA@x.example');
SELECT pg_temp.plain(address), reason FROM campaign.suppressions WHERE tenant_id = :'acme';

--
-- Whoever had opted out of what is sent unasked is not written to again, either
--
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) VALUES (:'acme', 'Dora', 'dora@x.example', '+4930777001') RETURNING id AS dora \gset
\o /dev/null
SELECT campaign.set_consent(:'dora', 'email', 'opted_out'), campaign.set_consent(:'dora', 'sms', 'opted_out');
SELECT campaign.erase_contact(:'dora');
\o
RESET ROLE;
SELECT a AS address, s.reason FROM unnest('{dora@x.example,+4930777001}'::text[]) a
  LEFT JOIN campaign.suppressions s ON s.tenant_id = :'acme' AND s.address = campaign.address_hash(:'acme', a);

--
-- An address that two have is the other one's, too
--
SET ROLE regress_erase_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Mum', 'family@x.example') RETURNING id AS mum \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Dad', 'Family@x.example') RETURNING id AS dad \gset
\o /dev/null
SELECT campaign.suppress_address(:'acme', 'family@x.example');
SELECT campaign.erase_contact(:'mum');
\o
SELECT count(*) FROM campaign.suppressions WHERE address = 'family@x.example';
\o /dev/null
SELECT campaign.erase_contact(:'dad');
\o
SELECT count(*) FROM campaign.suppressions WHERE address = 'family@x.example';
RESET ROLE;
SELECT reason FROM campaign.suppressions WHERE tenant_id = :'acme' AND address = campaign.address_hash(:'acme', 'family@x.example');

--
-- Messages that were written to a person, with the words of those who reviewed them
--
SET ROLE regress_erase_ann;
\pset format aligned
\pset tuples_only off
\o /dev/null
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Yvonne', 'yvonne@x.example') RETURNING id AS yvonne \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Olaf', 'olaf@x.example') RETURNING id AS olaf \gset
SELECT campaign.create_campaign(:'acme', 'Written', '[{"channel": "email"}, {"channel": "call"}]', 'assigned') AS written \gset
SELECT campaign.assign_contacts(:'written', ARRAY[:'yvonne', :'olaf']::uuid[]);
SELECT campaign.transition_campaign(:'written', 'ready');
SELECT campaign.start_generation(:'written', include_unready => true);
SET ROLE regress_erase_worker;
SELECT campaign.save_generated(lease_token, format('[{"touch_number": 1, "subject": "For %1$s", "body": "Dear %1$s", "body_html": "<p>%1$s</p>"}, {"touch_number": 2, "body": "Ring %1$s"}]', contact ->> 'first_name')::jsonb)
	FROM campaign.claim_generation('worker 1', campaign => :'written');
SET ROLE regress_erase_ann;
SELECT campaign.edit_message(id, 'too_formal', 'Hello ' || split_part(subject, ' ', 2), note => split_part(subject, ' ', 2) || ' is a friend') FROM campaign.messages WHERE touch_number = 1 AND tenant_id = :'acme';
SELECT campaign.review_messages(ARRAY[id], 'reject', split_part(body, ' ', 2) || ' is never in') FROM campaign.messages WHERE touch_number = 2 AND tenant_id = :'acme';
\o
SELECT pg_temp.find_word(:'acme', 'yvonne');
SELECT relation, scrubbed FROM campaign.erase_contact(:'yvonne') WHERE relation LIKE 'message%';
SELECT pg_temp.find_word(:'acme', 'yvonne');
CREATE TEMP VIEW written AS
	SELECT m.id, CASE m.contact_id WHEN :'olaf' THEN 'Olaf' ELSE 'she' END AS who, m.touch_number AS touch FROM campaign.messages m WHERE m.campaign_id = :'written';
SELECT w.who, w.touch, m.version, m.status, m.subject, m.body, m.body_html, m.review_notes FROM written w JOIN campaign.messages m ON m.id = w.id ORDER BY 1, 2;
SELECT w.who, w.touch, v.version, v.origin, v.subject, v.body, v.body_html, v.reason, v.note FROM written w JOIN campaign.message_versions v ON v.message_id = w.id ORDER BY 1, 2, 3;
SELECT w.who, w.touch, f.action, f.reason, f.note FROM written w JOIN campaign.message_feedback f ON f.message_id = w.id ORDER BY 1, 2, 3;
RESET ROLE;
DROP VIEW written;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'erase-acme'), campaign.delete_tenant(:'other', 'erase-other');
SELECT campaign.revoke_access(r) FROM unnest('{regress_erase_ann,regress_erase_eve,regress_erase_viv,regress_erase_mallory,regress_erase_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP ROLE regress_erase_ann, regress_erase_eve, regress_erase_viv, regress_erase_mallory, regress_erase_worker;
