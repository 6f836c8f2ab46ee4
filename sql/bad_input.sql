-- Bad input: every public function says what is wrong, where, and what to do, and leaves nothing half-written.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_bad_ann;
CREATE ROLE regress_bad_admin;
CREATE ROLE regress_bad_worker;
\o /dev/null
SELECT campaign.grant_access('regress_bad_ann', 'member'), campaign.grant_access('regress_bad_admin', 'admin'), campaign.grant_access('regress_bad_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'bad-acme', 'UTC', 'regress_bad_ann') AS acme \gset
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT set_config('campaign.clock_offset', extract(epoch FROM timestamptz '2030-01-10 12:00' - clock_timestamp()) || ' seconds', false);
\o

-- The answer, or the error with all it says; ids and moments left out.
CREATE FUNCTION pg_temp.try(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	m text; d text; h text;
BEGIN
	BEGIN
		EXECUTE statement INTO answer;
		answer := 'returns ' || coalesce(answer, 'NULL');
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
		-- what the server says of a row is not ours
		d := regexp_replace(d, '^Failing row contains .*$', 'Failing row contains ....');
		answer := concat_ws(E'\n  ', SQLSTATE || ' ' || m, coalesce(nullif(d, ''), '(no detail)'), coalesce(nullif(h, ''), '(no hint)'));
	END;
	RETURN NEXT regexp_replace(answer, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g');
END $$;
-- all rows there are, but for when a worker was seen last: that hangs on how long the test takes
CREATE FUNCTION pg_temp.everything() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text := '';
	one text;
	name text;
BEGIN
	FOR name IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind = 'r' ORDER BY 1 LOOP
		EXECUTE format('SELECT count(*) || md5(string_agg(r, chr(10) ORDER BY r)) FROM (SELECT (to_jsonb(t) - ''last_seen_at'')::text AS r FROM campaign.%I t) r', name) INTO one;
		result := result || format('%s %s ', name, one);
	END LOOP;
	RETURN result;
END $$;
SET ROLE regress_bad_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Bob', 'bob@x.example') RETURNING id AS bob \gset
SELECT campaign.create_campaign(:'acme', 'Follow up', '[{"channel": "email", "subject": "One", "body_text": "x"}]', 'contacts') AS c \gset
\o /dev/null
SELECT campaign.launch_campaign(:'c');
SELECT campaign.enroll(:'c', :'bob', anchor_at => '2030-01-09');
SELECT id AS enrolled FROM campaign.campaign_enrollments \gset
RESET ROLE;
-- makes the worker known
SELECT campaign.claim_due_touches('w', tenants => '{}');
SELECT pg_temp.everything() AS before \gset
\o
\pset format unaligned
\pset tuples_only on
\set nobody '00000000-0000-7000-8000-00000000dead'

--
-- Tenants and members
--
SET ROLE regress_bad_admin;
SELECT pg_temp.try($$SELECT campaign.create_tenant(NULL, NULL, NULL, NULL)$$);
SELECT pg_temp.try($$SELECT campaign.create_tenant('', 'bad-x', 'UTC', 'x')$$);
SELECT pg_temp.try($$SELECT campaign.create_tenant(E'a\nBcc: b', 'bad-x', 'UTC', 'x')$$);
SELECT pg_temp.try($$SELECT campaign.create_tenant(repeat('x', 1000000), 'bad-x', 'UTC', 'x')$$);
SELECT pg_temp.try($$SELECT campaign.create_tenant('x', 'bad-acme', 'UTC', 'x')$$);
SELECT pg_temp.try($$SELECT campaign.create_tenant('x', '''; DROP TABLE campaign.tenants; --', 'UTC', 'x')$$);
SELECT pg_temp.try($$SELECT campaign.create_tenant('x', 'bad-x', '../../etc/passwd', 'x')$$);
SELECT pg_temp.try($$SELECT campaign.create_tenant('x', 'bad-x', 'UTC', '')$$);
SELECT pg_temp.try($$SELECT campaign.delete_tenant(NULL, NULL)$$);
SELECT pg_temp.try($$SELECT campaign.delete_tenant('00000000-0000-7000-8000-00000000dead', 'x')$$);
SELECT pg_temp.try($$SELECT campaign.add_channel(NULL, NULL, NULL)$$);
SELECT pg_temp.try($$SELECT campaign.add_channel('email', 'Email', 'email')$$);
SELECT pg_temp.try($$SELECT campaign.add_channel('x_pigeon', '', 'email')$$);
SELECT pg_temp.try($$SELECT campaign.add_channel('x_pigeon', 'Pigeon', 'roof')$$);
SELECT pg_temp.try($$SELECT campaign.add_channel('x_pigeon', 'Pigeon', 'email', body_limit => -1)$$);
SELECT pg_temp.try($$SELECT campaign.remove_channel(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.remove_channel('sms')$$);
SET ROLE regress_bad_ann;
SELECT pg_temp.try(format('SELECT campaign.add_member(%L, NULL, NULL)', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.add_member(%L, ''x'', ''emperor'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.add_member(%L, repeat(''x'', 10000), ''viewer'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.remove_member(%L, ''nobody'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.remove_member(%L, ''regress_bad_ann'')', :'acme'));
SELECT pg_temp.try($$SELECT campaign.require_timezone(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.require_timezone('Mars/Olympus')$$);

--
-- Contacts
--
SELECT pg_temp.try($$SELECT campaign.set_consent(NULL, 'sms', 'opted_in')$$);
SELECT pg_temp.try(format('SELECT campaign.set_consent(%L, NULL, ''opted_in'')', :'bob'));
SELECT pg_temp.try(format('SELECT campaign.set_consent(%L, ''pigeon'', ''opted_in'')', :'bob'));
SELECT pg_temp.try(format('SELECT campaign.set_consent(%L, ''sms'', NULL)', :'bob'));
SELECT pg_temp.try(format('SELECT campaign.set_consent(%L, ''sms'', ''perhaps'')', :'bob'));
SELECT pg_temp.try($$SELECT campaign.suppress_address(NULL, 'x@x.example')$$);
SELECT pg_temp.try(format('SELECT campaign.suppress_address(%L, NULL)', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.suppress_address(%L, E''  \t '')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.suppress_address(%L, ''x@x.example'', ''because'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.suppress_address(%L, ''x@x.example'', NULL)', :'acme'));
SELECT pg_temp.try($$SELECT campaign.lift_suppression(NULL, NULL)$$);
SELECT pg_temp.try(format('SELECT campaign.lift_suppression(%L, NULL)', :'acme'));
SELECT pg_temp.try($$SELECT campaign.archive_contact(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.unarchive_contact('00000000-0000-7000-8000-00000000dead')$$);
SELECT pg_temp.try($$SELECT campaign.log_send(NULL)$$);
SELECT pg_temp.try(format('SELECT campaign.log_send(%L, NULL)', :'bob'));
SELECT pg_temp.try(format('SELECT campaign.log_send(%L, ''pigeon'')', :'bob'));
SELECT pg_temp.try(format('SELECT campaign.log_send(%L, template => %L)', :'bob', :'nobody'));
-- rows
\set VERBOSITY terse
INSERT INTO campaign.contacts (tenant_id, first_name) VALUES (:'acme', 'Nobody');
INSERT INTO campaign.contacts (tenant_id, email) VALUES (:'acme', '');
INSERT INTO campaign.contacts (tenant_id, email) VALUES (:'acme', 'a@b, c@d');
INSERT INTO campaign.contacts (tenant_id, email) VALUES (:'acme', E'a@b\nBcc: c@d');
INSERT INTO campaign.contacts (tenant_id, email) VALUES (:'acme', repeat('a', 300) || '@x.example');
INSERT INTO campaign.contacts (tenant_id, phone) VALUES (:'acme', '0049 30 123456');
INSERT INTO campaign.contacts (tenant_id, phone) VALUES (:'acme', '+4930123456789012345');
INSERT INTO campaign.contacts (tenant_id, linkedin_url) VALUES (:'acme', 'javascript:alert(1)');
INSERT INTO campaign.contacts (tenant_id, email, language) VALUES (:'acme', 'a@x.example', 'English');
INSERT INTO campaign.contacts (tenant_id, email, attributes) VALUES (:'acme', 'a@x.example', '[1]');
INSERT INTO campaign.contacts (tenant_id, email, first_name) VALUES (:'acme', 'a@x.example', repeat('x', 256));
INSERT INTO campaign.companies (tenant_id, name) VALUES (:'acme', '  ');
INSERT INTO campaign.jobs (tenant_id, contact_id, status) VALUES (:'acme', :'bob', 'done');
INSERT INTO campaign.jobs (tenant_id, contact_id, service_type) VALUES (:'acme', :'bob', 'alchemy');
UPDATE campaign.tenants SET timezone = 'Mars/Olympus' WHERE id = :'acme';
UPDATE campaign.tenants SET link_base_url = 'ftp://x' WHERE id = :'acme';
UPDATE campaign.tenants SET min_gap = '-1 hour' WHERE id = :'acme';
UPDATE campaign.tenants SET min_gap = '178000000 years' WHERE id = :'acme';
UPDATE campaign.outreach_campaigns SET max_attempts = 0 WHERE campaign_id = :'c';
\set VERBOSITY default

--
-- Campaigns
--
SELECT pg_temp.try($$SELECT campaign.create_campaign(NULL, 'x', '[]')$$);
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, ''x'', NULL)', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, ''x'', ''null'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, ''x'', ''{}'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, ''x'', ''[{"channel": "email", "delay_hours": -1}, {"channel": 5}]'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, ''x'', (SELECT jsonb_agg(''{"channel": "email"}''::jsonb) FROM generate_series(1, 51)))', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, ''x'', jsonb_build_array(jsonb_build_object(''channel'', ''sms'', ''body_text'', repeat(''x'', 1601))))', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, ''x'', ''[{"channel": "sms", "subject": "x", "body_text": "x"}]'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, NULL, ''[{"channel": "email"}]'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, '' '', ''[{"channel": "email"}]'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, repeat(''x'', 300), ''[{"channel": "email"}]'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, ''follow UP'', ''[{"channel": "email"}]'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, ''x'', ''[{"channel": "email"}]'', ''everybody'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, ''x'', ''[{"channel": "email"}]'', NULL)', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, ''x'', ''[{"channel": "email"}]'', service_type => ''alchemy'')', :'acme'));
SELECT pg_temp.try($$SELECT campaign.create_campaign_from_template(NULL, 'x')$$);
SELECT pg_temp.try($$SELECT campaign.create_campaign_from_template('00000000-0000-8000-8003-000000000001', NULL)$$);
SELECT pg_temp.try($$SELECT campaign.create_campaign_from_template('00000000-0000-8000-8003-000000000001', 'x', '00000000-0000-7000-8000-00000000dead')$$);
SELECT pg_temp.try($$SELECT campaign.revise_campaign(NULL, NULL)$$);
SELECT pg_temp.try(format('SELECT campaign.revise_campaign(%L, NULL)', :'c'));
SELECT pg_temp.try(format('SELECT campaign.revise_campaign(%L, ''"[]"'')', :'c'));
SELECT pg_temp.try($$SELECT campaign.launch_campaign(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.pause_campaign(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.resume_campaign('00000000-0000-7000-8000-00000000dead')$$);
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, NULL)', :'c'));
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, '''')', :'c'));
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, ''Paused'')', :'c'));
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, ''running'')', :'c'));
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, ''draft'')', :'c'));
SELECT pg_temp.try($$SELECT campaign.transition_campaign(NULL, NULL)$$);
SELECT pg_temp.try($$SELECT campaign.delete_campaign(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.purge_campaign(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.copy_message_template(NULL, NULL)$$);
SELECT pg_temp.try(format('SELECT campaign.copy_message_template(%L, %L)', :'nobody', :'acme'));
SELECT pg_temp.try($$SELECT campaign.check_template_config(NULL, '[]')$$);
SELECT pg_temp.try($$SELECT campaign.normalize_template_config('[]')$$);
SELECT pg_temp.try($$SELECT campaign.allowed_transitions('outreach', 'nowhere')$$);
SELECT pg_temp.try($$SELECT campaign.allowed_transitions(NULL, NULL)$$);
SELECT pg_temp.try($$SELECT campaign.life_cycle_diagram('x_nothing')$$);
SELECT pg_temp.try($$SELECT campaign.render_message('{{', false, '{}')$$);
SELECT pg_temp.try($$SELECT campaign.render_subject('{{contact.ssn}}', '{}')$$);

--
-- Functions that read no row: NULL gives NULL
--
SELECT pg_temp.try($$SELECT campaign.normalize_address(NULL)$$);
SELECT a, campaign.normalize_address(a) FROM unnest(ARRAY['', '  ', E'\t Bob@X.Example\r\n', 'ÄRGER@x.example', '+1 (212) 555-0100', '+49.30/123', 'HTTPS://www.LinkedIn.com/in/Bob/', '///']) a;
SELECT pg_temp.try($$SELECT campaign.check_message_text(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.render_message('Hi {{contact.first_name|there}}', true, '[]')$$);
SELECT pg_temp.try($$SELECT campaign.render_message('Hi {{contact.first_name|there}}', true, '{"contact": 5}')$$);
SELECT pg_temp.try($$SELECT campaign.render_message('Hi', NULL, '{}')$$);
SELECT pg_temp.try($$SELECT campaign.require_template_config(NULL)$$);
SELECT pg_temp.try($$SELECT count(*) FROM campaign.template_config_errors(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.normalize_template_config(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.is_timezone(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.touch_token(NULL, 1, now(), campaign.uuid_v7(), 1::smallint, 1::smallint, 1)$$);
SELECT pg_temp.try($$SELECT campaign.touch_idempotency_key(NULL, NULL, NULL)$$);

--
-- Enrolment and stops
--
SELECT pg_temp.try($$SELECT campaign.enroll(NULL, NULL)$$);
SELECT pg_temp.try(format('SELECT campaign.enroll(%L, NULL)', :'c'));
SELECT pg_temp.try(format('SELECT campaign.enroll(%L, %L)', :'c', :'nobody'));
SELECT pg_temp.try(format('SELECT campaign.enroll(%L, %L, %L)', :'c', :'bob', :'nobody'));
SELECT pg_temp.try(format('SELECT campaign.enroll(%L, %L, anchor_at => ''infinity'')', :'c', :'bob'));
SELECT pg_temp.try(format('SELECT campaign.enroll(%L, %L, anchor_at => ''-infinity'')', :'c', :'bob'));
SELECT pg_temp.try(format('SELECT campaign.enroll(%L, %L, anchor_at => ''294276-12-31'')', :'c', :'bob'));
SELECT pg_temp.try($$SELECT campaign.enroll_job(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.create_job(NULL)$$);
SELECT pg_temp.try(format('SELECT campaign.create_job(%L, ''alchemy'')', :'bob'));
SELECT pg_temp.try(format('SELECT campaign.create_job(%L, status => ''done'')', :'bob'));
SELECT pg_temp.try(format('SELECT campaign.create_job(%L, status => NULL)', :'bob'));
SELECT pg_temp.try(format('SELECT campaign.create_job(%L, campaign_override => %L)', :'bob', :'nobody'));
SELECT pg_temp.try(format('SELECT campaign.create_job(%L, status => ''completed'', completed_at => ''infinity'')', :'bob'));
SELECT pg_temp.try($$SELECT campaign.stop_enrollment(NULL)$$);
SELECT pg_temp.try(format('SELECT campaign.stop_enrollment(%L, NULL)', :'enrolled'));
SELECT pg_temp.try(format('SELECT campaign.stop_enrollment(%L, ''because'')', :'enrolled'));
SELECT pg_temp.try($$SELECT campaign.stop_contact(NULL)$$);
SELECT pg_temp.try(format('SELECT campaign.stop_contact(%L, ''because'')', :'bob'));
SELECT pg_temp.try(format('SELECT campaign.retry_touch(%L, 1)', :'enrolled'));
SELECT pg_temp.try(format('SELECT campaign.retry_touch(%L, -2147483648)', :'enrolled'));
SELECT pg_temp.try($$SELECT campaign.retry_touch(NULL, NULL)$$);
SELECT pg_temp.try($$SELECT campaign.resolve_uncertain(NULL, 'sent')$$);
SELECT pg_temp.try($$SELECT campaign.resolve_uncertain('x', 'sent')$$);
SELECT pg_temp.try($$SELECT campaign.resolve_uncertain('x', 'perhaps')$$);

--
-- Workers
--
SET ROLE regress_bad_worker;
SELECT pg_temp.try($$SELECT campaign.claim_due_touches(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.claim_due_touches('')$$);
SELECT pg_temp.try($$SELECT campaign.claim_due_touches(E' \t\n')$$);
SELECT pg_temp.try($$SELECT campaign.claim_due_touches(repeat('w', 200))$$);
SELECT pg_temp.try($$SELECT campaign.claim_due_touches('w', 0)$$);
SELECT pg_temp.try($$SELECT campaign.claim_due_touches('w', -1)$$);
SELECT pg_temp.try($$SELECT campaign.claim_due_touches('w', 10001)$$);
SELECT pg_temp.try($$SELECT campaign.claim_due_touches('w', NULL)$$);
SELECT pg_temp.try($$SELECT campaign.claim_due_touches('w', lease => NULL)$$);
SELECT pg_temp.try($$SELECT campaign.claim_due_touches('w', lease => '0')$$);
SELECT pg_temp.try($$SELECT campaign.claim_due_touches('w', lease => '-5 minutes')$$);
SELECT pg_temp.try($$SELECT campaign.claim_due_touches('w', lease => '1 day 1 second')$$);
SELECT pg_temp.try($$SELECT campaign.claim_due_touches('w', lease => '1 month')$$);
SELECT pg_temp.try($$SELECT count(*) FROM campaign.claim_due_touches('w', tenants => ARRAY[NULL]::uuid[], channels => ARRAY[NULL, '', repeat('x', 100000)])$$);
SELECT pg_temp.try($$SELECT campaign.begin_send(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.begin_send('')$$);
SELECT pg_temp.try($$SELECT campaign.begin_send(repeat('A', 1000000))$$);
SELECT pg_temp.try($$SELECT campaign.extend_lease(NULL, '1 minute')$$);
SELECT pg_temp.try($$SELECT campaign.release_touch('; DELETE FROM campaign.touch_queue')$$);
SELECT pg_temp.try($$SELECT campaign.complete_touch(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.complete_touch('x')$$);
SELECT pg_temp.try($$SELECT campaign.fail_touch(NULL, NULL)$$);
SELECT pg_temp.try($$SELECT campaign.skip_touch('x', NULL)$$);
SELECT pg_temp.try($$SELECT count(*) FROM campaign.report_touches(NULL)$$);
SELECT pg_temp.try($$SELECT string_agg(result, ' ') FROM campaign.report_touches(ARRAY[NULL, ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)]::campaign.touch_result[])$$);
SELECT pg_temp.try($$SELECT campaign.next_due_at('{}', '{}')$$);
-- a token that is one, with an interval that is none
RESET ROLE;
SELECT campaign.touch_token(tenant_id, lane, due_at, enrollment_id, touch_number, attempt, fence) AS token FROM campaign.touch_queue \gset
SET ROLE regress_bad_worker;
SELECT pg_temp.try(format('SELECT campaign.extend_lease(%L, NULL)', :'token'));
SELECT pg_temp.try(format('SELECT campaign.extend_lease(%L, ''0'')', :'token'));
SELECT pg_temp.try(format('SELECT campaign.extend_lease(%L, ''1 year'')', :'token'));
SELECT pg_temp.try(format('SELECT campaign.extend_lease(%L, %L)', :'token', v)) FROM unnest('{1 day 00:00:00.000001,1 day -24 hours,2147483647 days,-2147483648 days,-106751991 days -2562047788 hours}'::text[]) v;

--
-- Access, by a superuser
--
RESET ROLE;
SELECT pg_temp.try($$SELECT campaign.grant_access(NULL, NULL)$$);
SELECT pg_temp.try($$SELECT campaign.grant_access('regress_bad_ann', 'emperor')$$);
SELECT pg_temp.try($$SELECT campaign.grant_access('regress_bad_nobody', 'member')$$);
SELECT pg_temp.try($$SELECT campaign.grant_access('public', 'member')$$);
SELECT pg_temp.try($$SELECT campaign.grant_access('x"; DROP ROLE regress_bad_ann; --', 'member')$$);
SELECT pg_temp.try($$SELECT campaign.revoke_access(NULL)$$);
SELECT pg_temp.try($$SELECT campaign.revoke_access('regress_bad_nobody')$$);

--
-- What is written in C and called with NULL answers or refuses, whoever calls it; what it writes is undone
--
DO $$
DECLARE
	call text;
BEGIN
	FOR call IN SELECT format('SELECT count(*) FROM campaign.%I(%s)', p.proname,
	                          array_to_string(ARRAY(SELECT 'NULL::' || format_type(a.t, NULL) FROM unnest(p.proargtypes::oid[]) a(t)), ', '))
	              FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
	             WHERE p.pronamespace = 'campaign'::regnamespace AND l.lanname = 'c' AND NOT p.proisstrict
	               AND p.prorettype <> 'trigger'::regtype AND p.pronargs > 0 LOOP
		BEGIN
			EXECUTE call;
			RAISE 'undone';
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
	END LOOP;
END $$;
-- rows that INSERT is to refuse, whichever value is missing
SELECT n AS argument, campaign.insert_overlap_rows(CASE WHEN n <> 1 THEN :'acme'::uuid END, CASE WHEN n <> 2 THEN ARRAY[campaign.uuid_v7()] END,
	CASE WHEN n <> 3 THEN :'acme'::uuid END, CASE WHEN n <> 4 THEN ARRAY[:'acme'::uuid] END, CASE WHEN n <> 5 THEN 'campaign' END, NULL, NULL,
	CASE WHEN n <> 8 THEN 'info' END, CASE WHEN n <> 9 THEN 'warned' END, CASE WHEN n <> 10 THEN campaign.now() END) AS written
FROM unnest('{1,2,3,4,5,8,9,10}'::integer[]) n;

--
-- And nothing of all this has left a trace
--
SELECT pg_temp.everything() = :'before' AS unchanged;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'bad-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_bad_ann,regress_bad_admin,regress_bad_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP ROLE regress_bad_ann, regress_bad_admin, regress_bad_worker;
