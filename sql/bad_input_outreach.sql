-- Bad input to outreach campaigns. Whatever it is, the error has an SQLSTATE to act upon, the facts in DETAIL and the way
-- out in HINT, and nothing is half-written. Who loses a race is told in the isolation spec transition_vs_transition.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_badout_ann;
CREATE ROLE regress_badout_eve;
CREATE ROLE regress_badout_worker;
CREATE FUNCTION pg_temp.try(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	answer text; m text; d text; h text;
BEGIN
	EXECUTE statement INTO answer;
	RETURN NEXT 'returns ' || coalesce(answer, 'nothing');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	RETURN NEXT regexp_replace(concat_ws(E'\n  ', SQLSTATE || ' ' || m, coalesce(nullif(d, ''), '(no detail)'), coalesce(nullif(h, ''), '(no hint)')), '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g');
END $$;
-- the whole of a tenant's campaigns, contacts, messages and settings
CREATE FUNCTION pg_temp.rows_of(tenant uuid) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	result text := '';
	one text;
	name text;
BEGIN
	FOR name IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
			WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind = 'r' ORDER BY 1 LOOP
		EXECUTE format('SELECT count(*) || md5(string_agg(r::text, chr(10) ORDER BY r::text)) FROM campaign.%I r WHERE tenant_id = $1', name) INTO one USING tenant;
		result := result || format('%s %s ', name, one);
	END LOOP;
	RETURN result;
END $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_badout_ann,regress_badout_eve}'::name[]) r;
SELECT campaign.grant_access('regress_badout_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'badout-acme', 'UTC', 'regress_badout_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'badout-eve', 'UTC', 'regress_badout_eve') AS eve \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'eve', 'Zoe', 'zoe@x.example') RETURNING id AS zoe \gset
SET ROLE regress_badout_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Abe', 'abe@x.example') RETURNING id AS abe \gset
SELECT campaign.create_campaign(:'acme', 'Draft', '[{"channel": "email"}]', 'assigned') AS draft \gset
SELECT campaign.create_campaign(:'acme', 'Sending', '[{"channel": "email", "subject": "S", "body_text": "B"}]', 'contacts') AS sending \gset
SELECT campaign.launch_campaign(:'sending');
SELECT campaign.create_campaign(:'acme', 'Writing', '[{"channel": "email"}, {"channel": "call"}]', 'assigned') AS writing \gset
SELECT campaign.assign_contacts(:'writing', ARRAY[:'abe']::uuid[]);
SELECT campaign.transition_campaign(:'writing', 'ready');
SELECT campaign.start_generation(:'writing', include_unready => true);
\o
\pset format unaligned
\pset tuples_only on

--
-- An unknown key, of a step, of its config, of the settings, of a filter: the nearest known one is named, or all are
--
SELECT pg_temp.rows_of(:'acme') AS before \gset
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, %L, %L)', :'acme', 'Bad', '[{"channel": "email"}, {"channel": "email", "delay_hour": 1}]'));
SELECT pg_temp.try(format('SELECT campaign.revise_campaign(%L, %L)', :'draft', '[{"channel": "email", "config": {"tones": "bold"}}]'));
SELECT pg_temp.try(format('SELECT campaign.configure_campaign(%L, %L)', :'draft', '{"variants": 2}'));
SELECT pg_temp.try(format('SELECT campaign.configure_campaign(%L, sender_config => %L)', :'draft', '{"from_mail": "a@x.example"}'));
SELECT pg_temp.try(format('SELECT campaign.assign_contacts(%L, filter => %L)', :'draft', '{"tag": ["hot"]}'));
-- all faults are told at a time
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, %L, %L)', :'acme', 'Bad', '[{"chanel": "email", "delay_hour": 1, "variant_count": 4}]'));

--
-- A limit exceeded: of the document, and of the channel
--
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, %L, (SELECT jsonb_agg(''{"channel": "email"}''::jsonb) FROM generate_series(1, 51)))', :'acme', 'Bad'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, %L, %L)', :'acme', 'Bad', '[{"channel": "email", "delay_hours": 8785}]'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, %L, jsonb_build_array(jsonb_build_object(''channel'', c, ''body_text'', repeat(''x'', n))))', :'acme', 'Bad') || format(' FROM (VALUES (%L, %s)) v(c, n)', c, n))
FROM (VALUES ('linkedin_connect', 301), ('linkedin_message', 1901), ('sms', 1601), ('email', 100001), ('call', 2001)) l(c, n);
SELECT pg_temp.try(format('SELECT campaign.configure_campaign(%L, jsonb_build_object(''custom_instructions'', repeat(''x'', 2001)))', :'draft'));
SELECT pg_temp.try(format('SELECT campaign.configure_campaign(%L, %L)', :'draft', '{"personalization_level": 5}'));

--
-- A foreign contact is one that there is not
--
SELECT pg_temp.try(format('SELECT string_agg(outcome || '' '' || contacts, '', '') FROM campaign.assign_contacts(%L, ARRAY[%L]::uuid[])', :'draft', c)) FROM unnest(ARRAY[:'zoe', '00000000-0000-7000-8000-00000000dead']) c;
SELECT pg_temp.try(format('SELECT string_agg(outcome || '' '' || contacts, '', '') FROM campaign.remove_contacts(%L, ARRAY[%L]::uuid[])', :'draft', :'zoe'));
SELECT pg_temp.try(format('SELECT string_agg(outcome || '' '' || contacts, '', '') FROM campaign.exclude_contacts(%L, ARRAY[%L]::uuid[])', :'draft', :'zoe'));
SELECT pg_temp.try(format('SELECT campaign.tag_contacts(%L, ARRAY[%L]::uuid[], ''{hot}'')', :'acme', :'zoe'));
SELECT pg_temp.try(format('SELECT campaign.record_stage(%L, %L, %L)', 'contact', :'zoe', 'person'));
SELECT pg_temp.try(format('SELECT campaign.enroll(%L, %L)', :'sending', :'zoe'));
SELECT pg_temp.try(format('SELECT campaign.log_send(%L)', :'zoe'));
SELECT pg_temp.try(format('SELECT campaign.create_job(%L)', :'zoe'));
SELECT pg_temp.try(format('SELECT campaign.erase_contact(%L)', :'zoe'));

--
-- A document that was encoded twice, wherever one is passed
--
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, %L, %L)', :'acme', 'Bad', to_jsonb('[{"channel": "email"}]'::text)));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, %L, %L)', :'acme', 'Bad', to_jsonb(ARRAY['{"channel": "email"}'])));
SELECT pg_temp.try(format('SELECT campaign.revise_campaign(%L, %L)', :'draft', to_jsonb(to_jsonb('[{"channel": "email"}]'::text)::text)));
SELECT pg_temp.try(format('SELECT campaign.configure_campaign(%L, %L)', :'draft', to_jsonb('{"tone": "bold"}'::text)));
SELECT pg_temp.try(format('SELECT campaign.configure_campaign(%L, sender_config => %L)', :'draft', to_jsonb('{"hourly_limit": 5}'::text)));
SELECT pg_temp.try(format('SELECT campaign.assign_contacts(%L, filter => %L)', :'draft', to_jsonb('{"tags": ["hot"]}'::text)));

--
-- A step that the life cycle does not know, in a status that is not the one that was thought of
--
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, %L)', :'draft', 'review'));
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L)', :'sending'));
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'sending'));
SELECT pg_temp.rows_of(:'acme') = :'before' AS unchanged;

--
-- A message for a step that there is not, of a variant that there is not, and encoded twice: nothing of the list is
-- saved, and the token is still good
--
SET ROLE regress_badout_worker;
SELECT lease_token AS token FROM campaign.claim_generation('w1') \gset
RESET ROLE;
SELECT pg_temp.rows_of(:'acme') AS before \gset
SET ROLE regress_badout_worker;
SELECT pg_temp.try(format('SELECT campaign.save_generated(%L, %L)', :'token', m)) FROM (VALUES
	(1, '[{"touch_number": 1, "subject": "S", "body": "B"}, {"touch_number": 3, "body": "B"}]'::jsonb),
	(2, '[{"touch_number": 0, "body": "B"}]'),
	(3, '[{"touch_number": 1, "variant": "b", "subject": "S", "body": "B"}]'),
	(4, to_jsonb('[{"touch_number": 1, "subject": "S", "body": "B"}]'::text))) v(n, m) ORDER BY n;
RESET ROLE;
SELECT pg_temp.rows_of(:'acme') = :'before' AS unchanged;

--
-- A token of yesterday: the lease has ended, and somebody else has claimed since
--
UPDATE campaign.generation_items SET lease_until = '-infinity' WHERE outcome IS NULL;
SET ROLE regress_badout_worker;
SELECT lease_token AS token_2 FROM campaign.claim_generation('w2') \gset
RESET ROLE;
SELECT pg_temp.rows_of(:'acme') AS before \gset
SET ROLE regress_badout_worker;
SELECT pg_temp.try(format('SELECT campaign.save_generated(%L, %L)', :'token', '[{"touch_number": 1, "subject": "S", "body": "B"}]'));
SELECT pg_temp.try(format('SELECT campaign.extend_generation(%L, %L)', :'token', '1 hour'));
SELECT pg_temp.try(format('SELECT campaign.release_generation(%L)', :'token'));
-- a failure is never refused, since it may have cost something: it says that the lease is lost
SELECT pg_temp.try(format('SELECT campaign.fail_generation(%L, %L)', :'token', 'late'));
RESET ROLE;
SELECT pg_temp.rows_of(:'acme') = :'before' AS unchanged;
-- the same of a touch
\o /dev/null
SET ROLE regress_badout_ann;
SELECT campaign.enroll(:'sending', :'abe', anchor_at => campaign.now() - interval '1 day');
RESET ROLE;
\o
SET ROLE regress_badout_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('w1') \gset
RESET ROLE;
UPDATE campaign.touch_queue SET lease_until = '-infinity' WHERE lease_until > '-infinity' AND tenant_id = :'acme';
SET ROLE regress_badout_worker;
SELECT lease_token AS token_2 FROM campaign.claim_due_touches('w2') \gset
RESET ROLE;
SELECT pg_temp.rows_of(:'acme') AS before \gset
SET ROLE regress_badout_worker;
SELECT pg_temp.try(format('SELECT campaign.begin_send(%L)', :'token'));
SELECT pg_temp.try(format('SELECT campaign.extend_lease(%L, %L)', :'token', '1 hour'));
SELECT pg_temp.try(format('SELECT campaign.release_touch(%L)', :'token'));
SELECT pg_temp.try(format('SELECT result FROM campaign.complete_touch(%L)', :'token'));
-- and what is no token at all
SELECT pg_temp.try(format('SELECT campaign.extend_lease(%L, %L)', 'yesterday', '1 hour'));
SELECT pg_temp.try(format('SELECT campaign.save_generated(%L, %L)', 'yesterday', '[]'));
-- a token of the one is none of the other
SELECT pg_temp.try(format('SELECT campaign.save_generated(%L, %L)', :'token_2', '[{"touch_number": 1, "subject": "S", "body": "B"}]'));
RESET ROLE;
SELECT pg_temp.rows_of(:'acme') = :'before' AS unchanged;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'badout-acme'), campaign.delete_tenant(:'eve', 'badout-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_badout_ann,regress_badout_eve,regress_badout_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP ROLE regress_badout_ann, regress_badout_eve, regress_badout_worker;
