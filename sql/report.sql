-- Reports: what becomes of a touch that was sent, failed or skipped, and of the sequence.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_report_ann;
CREATE ROLE regress_report_worker;
-- moves the engine's clock
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
-- the token of what is claimed, for a worker that has one touch at a time
CREATE FUNCTION pg_temp.claim() RETURNS text LANGUAGE sql
	AS $$ SELECT lease_token FROM campaign.claim_due_touches('worker 1', 1) $$;
\o /dev/null
SELECT campaign.grant_access('regress_report_ann', 'member'), campaign.grant_access('regress_report_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'report-acme', 'UTC', 'regress_report_ann') AS acme \gset
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_report_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) VALUES (:'acme', 'Bob', 'bob@x.example', '+12125550100') RETURNING id AS bob \gset
SELECT campaign.create_campaign(:'acme', 'Three', '[
	{"channel": "email", "subject": "One", "body_text": "x", "delay_hours": 24},
	{"channel": "email", "subject": "Two", "body_text": "x", "delay_hours": 24},
	{"channel": "call", "body_text": "x", "delay_hours": 24}]', 'contacts') AS three \gset
SELECT campaign.launch_campaign(:'three');
SELECT outcome FROM campaign.enroll(:'three', :'bob', anchor_at => '2030-01-08 10:00');
CREATE TEMP VIEW touches AS
	SELECT touch_number AS touch, status, scheduled_at, due_at, sent_at, attempt FROM campaign.enrollment_touches WHERE enrollment_id = (SELECT max(id::text)::uuid FROM campaign.campaign_enrollments) ORDER BY touch_number;
CREATE TEMP VIEW log AS
	SELECT touch_number AS touch, attempt, status, reason, error, provider_id, is_final, advanced, sent_at IS NOT NULL AS sent FROM campaign.send_logs WHERE enrollment_id = (SELECT max(id::text)::uuid FROM campaign.campaign_enrollments) ORDER BY id;
CREATE TEMP VIEW enrolment AS
	SELECT status, stop_reason, completed_at IS NOT NULL AS completed, stopped_at IS NOT NULL AS stopped FROM campaign.campaign_enrollments ORDER BY id DESC LIMIT 1;

--
-- Sent: the next touch counts from this one's scheduled time, not from when it went out, but keeps an hour's distance from that
--
TABLE touches;
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
SELECT result, enrollment_status, next_due_at FROM campaign.complete_touch(:'token', 'provider-1', '2030-01-10 11:50', '{"region": "eu"}');
SET ROLE regress_report_ann;
TABLE touches;
SELECT address, subject, template_id, provider_id, metadata, scheduled_at, date_trunc('minute', claimed_at) AS claimed_at, sent_at, date_trunc('minute', logged_at) AS logged_at
FROM campaign.send_logs;
-- the same report again: the same answer, and nothing else; another report for the same touch comes too late
SET ROLE regress_report_worker;
SELECT result, enrollment_status, next_due_at FROM campaign.complete_touch(:'token', 'provider-1');
SELECT result, enrollment_status, next_due_at FROM campaign.fail_touch(:'token', 'no');
SET ROLE regress_report_ann;
SELECT count(*) FROM campaign.send_logs;
-- not due before the hour is over
SET ROLE regress_report_worker;
SELECT pg_temp.claim() IS NULL AS nothing;
RESET ROLE;
SELECT pg_temp.at_time('2030-01-10 12:50');
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
-- nothing was sent in the future, whatever the worker's clock says
SELECT result, next_due_at FROM campaign.complete_touch(:'token', at => '2040-01-01');
SET ROLE regress_report_ann;
SELECT touch_number, date_trunc('minute', sent_at) AS sent_at FROM campaign.send_logs ORDER BY id;

--
-- The last touch completes the enrolment
--
RESET ROLE;
SELECT pg_temp.at_time('2030-01-11 12:00');
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
SELECT result, enrollment_status, next_due_at FROM campaign.complete_touch(:'token');
SELECT result, enrollment_status, next_due_at FROM campaign.complete_touch(:'token');
SET ROLE regress_report_ann;
TABLE enrolment;
SELECT count(*) AS queued FROM campaign.touch_queue;
RESET ROLE;
-- one touch, four and fifty alike
UPDATE campaign.tenants SET min_gap = '0' WHERE id = :'acme';
CREATE FUNCTION pg_temp.run(tenant uuid, contact uuid, touches integer, OUT sent bigint, OUT numbers text, OUT status text, OUT queued bigint) LANGUAGE plpgsql AS $$
DECLARE
	campaign uuid := campaign.create_campaign(tenant, 'Sequence of ' || touches,
		(SELECT jsonb_agg('{"channel": "email", "subject": "x", "body_text": "x"}'::jsonb) FROM generate_series(1, touches)), 'contacts');
	enrolled uuid;
BEGIN
	PERFORM campaign.launch_campaign(campaign);
	enrolled := (campaign.enroll(campaign, contact, anchor_at => '2030-01-01')).enrollment_id;
	-- more often than there are touches
	FOR i IN 1 .. touches + 5 LOOP
		PERFORM campaign.complete_touch(lease_token) FROM campaign.claim_due_touches('worker 1', 1);
	END LOOP;
	SELECT count(*), min(touch_number) || '..' || max(touch_number) INTO sent, numbers FROM campaign.send_logs l WHERE l.enrollment_id = enrolled AND l.status = 'sent';
	SELECT e.status INTO status FROM campaign.campaign_enrollments e WHERE e.id = enrolled;
	SELECT count(*) INTO queued FROM campaign.touch_queue q WHERE q.enrollment_id = enrolled;
END $$;
SELECT n AS touches, r.* FROM unnest(ARRAY[1, 4, 50]) n, pg_temp.run(:'acme', :'bob', n) r;
UPDATE campaign.tenants SET min_gap = '1 hour' WHERE id = :'acme';

--
-- Failed: tried again after 1, 5 and 15 minutes and up to a fifth more, four times in all
--
SET ROLE regress_report_ann;
SELECT outcome FROM campaign.enroll(:'three', :'bob', anchor_at => '2030-01-10 10:00');
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
SELECT result, enrollment_status, next_due_at - campaign.now() BETWEEN '1 minute' AND '72 seconds' AS after_a_minute FROM campaign.fail_touch(:'token', 'timeout');
SELECT result, enrollment_status FROM campaign.fail_touch(:'token', 'timeout');
SELECT pg_temp.claim() IS NULL AS not_yet;
SET ROLE regress_report_ann;
SELECT touch, status, scheduled_at, due_at > scheduled_at AS later, sent_at, attempt FROM touches;
RESET ROLE;
SELECT pg_temp.at_time('2030-01-11 12:02');
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
SELECT next_due_at - campaign.now() BETWEEN '5 minutes' AND '6 minutes' AS after_five_minutes FROM campaign.fail_touch(:'token', 'timeout');
RESET ROLE;
SELECT pg_temp.at_time('2030-01-11 12:10');
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
SELECT next_due_at - campaign.now() BETWEEN '15 minutes' AND '18 minutes' AS after_fifteen_minutes FROM campaign.fail_touch(:'token', 'timeout');
RESET ROLE;
SELECT pg_temp.at_time('2030-01-11 12:30');
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
-- the fourth: the touch counts as failed, and the sequence goes on where the plan wants it
SELECT result, enrollment_status, next_due_at FROM campaign.fail_touch(:'token', 'timeout');
SET ROLE regress_report_ann;
TABLE log;
TABLE touches;

--
-- Failed for good: no second attempt
--
RESET ROLE;
SELECT pg_temp.at_time('2030-01-12 12:00');
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
SELECT result, enrollment_status, next_due_at FROM campaign.fail_touch(:'token', 'no such mailbox', true);

--
-- Dead touches, and trying one again: now, and then on where the sequence was
--
SET ROLE regress_report_ann;
SELECT touch_number, channel, address, attempt, error FROM campaign.dead_touches ORDER BY touch_number;
SELECT max(id::text) AS enrolled FROM campaign.campaign_enrollments \gset
SELECT date_trunc('minute', campaign.retry_touch(:'enrolled', 1)) AS due_at;
SELECT touch, status, scheduled_at, date_trunc('minute', due_at) AS due_at, attempt FROM touches;
-- one at a time
\set VERBOSITY terse
SELECT campaign.retry_touch(:'enrolled', 1);
SELECT campaign.retry_touch(:'enrolled', 2);
\set VERBOSITY default
SET ROLE regress_report_worker;
SELECT lease_token AS token, touch_number, attempt FROM campaign.claim_due_touches('worker 1', 1) \gset
SELECT :touch_number AS touch, :attempt AS attempt;
SET ROLE regress_report_ann;
\set VERBOSITY terse
SELECT campaign.retry_touch(:'enrolled', 2);
\set VERBOSITY default
-- with a full set of attempts
SET ROLE regress_report_worker;
SELECT next_due_at - campaign.now() BETWEEN '1 minute' AND '72 seconds' AS after_a_minute FROM campaign.fail_touch(:'token', 'timeout');
RESET ROLE;
SELECT pg_temp.at_time('2030-01-12 12:02');
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
SELECT result, enrollment_status, next_due_at FROM campaign.complete_touch(:'token', 'provider-2', '2030-01-12 12:02');
SET ROLE regress_report_ann;
TABLE touches;
SELECT touch_number FROM campaign.dead_touches;
RESET ROLE;
SELECT pg_temp.at_time('2030-01-13 12:00');
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
SELECT result, enrollment_status FROM campaign.complete_touch(:'token');
-- of a completed enrolment: it is reopened, and completed again
SET ROLE regress_report_ann;
TABLE enrolment;
SELECT campaign.retry_touch(:'enrolled', 2) IS NOT NULL AS due;
TABLE enrolment;
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
SELECT result, enrollment_status, next_due_at FROM campaign.skip_touch(:'token', 'gave up');
SET ROLE regress_report_ann;
TABLE enrolment;
TABLE log;
SELECT touch_number FROM campaign.dead_touches;
-- what cannot be tried again
\set VERBOSITY terse
SELECT campaign.retry_touch(:'enrolled', 2);
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.retry_touch(:'enrolled', 3);
SELECT campaign.retry_touch(:'enrolled', 99);
SELECT campaign.retry_touch(:'enrolled', NULL);
\set VERBOSITY sqlstate
SELECT campaign.retry_touch(NULL, 1);
SELECT campaign.retry_touch(campaign.uuid_v7(), 1);
\set VERBOSITY default

--
-- A step may say that its failure ends the sequence
--
SELECT campaign.create_campaign(:'acme', 'Or else', '[
	{"channel": "email", "subject": "One", "body_text": "x", "on_failure": "stop"},
	{"channel": "email", "subject": "Two", "body_text": "x"}]', 'contacts') AS or_else \gset
SELECT campaign.launch_campaign(:'or_else');
SELECT outcome FROM campaign.enroll(:'or_else', :'bob', anchor_at => '2030-01-13 09:00');
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
SELECT result, enrollment_status, next_due_at FROM campaign.fail_touch(:'token', 'no such mailbox', true);
SELECT result, enrollment_status FROM campaign.fail_touch(:'token', 'no such mailbox', true);
SET ROLE regress_report_ann;
TABLE enrolment;
TABLE touches;
-- nothing is sent after a stop
SELECT max(id::text) AS enrolled FROM campaign.campaign_enrollments \gset
\set VERBOSITY sqlstate
SELECT campaign.retry_touch(:'enrolled', 1);
\set VERBOSITY default

--
-- A touch that can never be sent is skipped, and the sequence goes on
--
SELECT outcome FROM campaign.enroll(:'three', :'bob', anchor_at => '2030-01-12 11:00');
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
SELECT result, enrollment_status, next_due_at FROM campaign.skip_touch(:'token', 'not our customer');
SELECT result, enrollment_status FROM campaign.complete_touch(:'token');
SET ROLE regress_report_ann;
TABLE log;

--
-- Stopped while the worker had it: what was sent is logged, and nothing follows
--
RESET ROLE;
SELECT pg_temp.at_time('2030-01-14 12:00');
SET ROLE regress_report_worker;
SELECT pg_temp.claim() AS token \gset
SELECT campaign.begin_send(:'token');
SET ROLE regress_report_ann;
SELECT campaign.stop_contact(:'bob', 'replied');
SET ROLE regress_report_worker;
SELECT result, enrollment_status, next_due_at FROM campaign.complete_touch(:'token', 'provider-3');
SELECT result, enrollment_status, next_due_at FROM campaign.complete_touch(:'token', 'provider-3');
SET ROLE regress_report_ann;
TABLE enrolment;
TABLE log;

--
-- Many at once: every item has its answer, in its place; a bad one spoils nothing
--
\o /dev/null
INSERT INTO campaign.contacts (tenant_id, email, external_id) SELECT :'acme', format('batch%s@x.example', i), i FROM generate_series(1, 6) i;
SELECT campaign.enroll(:'three', id, anchor_at => '2030-01-13 00:00') FROM campaign.contacts WHERE external_id IS NOT NULL ORDER BY external_id;
\o
SET ROLE regress_report_worker;
CREATE TEMP TABLE claimed AS SELECT row_number() OVER () AS n, lease_token FROM campaign.claim_due_touches('worker 1') ORDER BY enrollment_id;
SELECT r.n, result, enrollment_status, next_due_at - campaign.now() > '-1 day' AS next
FROM campaign.report_touches(ARRAY[
		ROW((SELECT lease_token FROM claimed WHERE n = 6), 'sent', 'p6', NULL, NULL, NULL, NULL, NULL),
		NULL,
		ROW(NULL, 'sent', 'p', NULL, NULL, NULL, NULL, NULL),
		ROW('garbage', 'sent', 'p', NULL, NULL, NULL, NULL, NULL),
		ROW((SELECT lease_token FROM claimed WHERE n = 1), 'failed', NULL, 'no such mailbox', true, NULL, NULL, NULL),
		ROW((SELECT lease_token FROM claimed WHERE n = 2), 'bounced', NULL, NULL, NULL, NULL, NULL, NULL),
		ROW((SELECT lease_token FROM claimed WHERE n = 2), NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		ROW((SELECT lease_token FROM claimed WHERE n = 2), 'sent', NULL, NULL, NULL, NULL, 'infinity', NULL),
		ROW((SELECT lease_token FROM claimed WHERE n = 2), 'sent', NULL, NULL, NULL, NULL, '-infinity', NULL),
		ROW(:'token', 'failed', NULL, 'x', NULL, NULL, NULL, NULL),
		ROW((SELECT lease_token FROM claimed WHERE n = 3), 'skipped', NULL, NULL, NULL, 'moved away', NULL, NULL),
		-- twice the same, and then another
		ROW((SELECT lease_token FROM claimed WHERE n = 4), 'sent', 'p4', NULL, NULL, NULL, '2030-01-14 10:00', NULL),
		ROW((SELECT lease_token FROM claimed WHERE n = 4), 'sent', 'p4', NULL, NULL, NULL, '2030-01-14 10:00', NULL),
		ROW((SELECT lease_token FROM claimed WHERE n = 4), 'failed', NULL, 'x', NULL, NULL, NULL, NULL)
	]::campaign.touch_result[]) WITH ORDINALITY AS r(lease_token, result, enrollment_status, next_due_at, n);
SET ROLE regress_report_ann;
SELECT k.external_id AS contact, l.status, l.provider_id, l.reason, l.error FROM campaign.send_logs l JOIN campaign.contacts k ON k.id = l.contact_id
WHERE k.external_id IS NOT NULL ORDER BY 1;
SET ROLE regress_report_worker;
-- those of which nothing valid was said are still leased
SELECT n, campaign.begin_send(lease_token) FROM claimed ORDER BY n;
-- one whose provider's id no index takes spoils itself only
SELECT r.n, result FROM campaign.report_touches(ARRAY[
		ROW((SELECT lease_token FROM claimed WHERE n = 2), 'sent', repeat('0123456789', 100) || 'x', NULL, NULL, NULL, NULL, NULL),
		ROW((SELECT lease_token FROM claimed WHERE n = 5), 'sent', repeat('0123456789', 100), NULL, NULL, NULL, NULL, NULL)
	]::campaign.touch_result[]) WITH ORDINALITY AS r(lease_token, result, enrollment_status, next_due_at, n);
-- and so does one that fails for a reason that nobody foresaw
SET client_min_messages = error;
RESET ROLE;
BEGIN;
ALTER TABLE campaign.send_logs ADD CONSTRAINT unforeseen CHECK (error <> 'unforeseen');
SELECT r.n, result, enrollment_status, next_due_at IS NOT NULL AS next FROM campaign.report_touches(ARRAY[
		ROW((SELECT lease_token FROM claimed WHERE n = 2), 'failed', NULL, 'unforeseen', NULL, NULL, NULL, NULL),
		ROW((SELECT lease_token FROM claimed WHERE n = 5), 'sent', repeat('0123456789', 100), NULL, NULL, NULL, NULL, NULL),
		ROW((SELECT lease_token FROM claimed WHERE n = 2), 'failed', NULL, 'foreseen', NULL, NULL, NULL, NULL)
	]::campaign.touch_result[]) WITH ORDINALITY AS r(lease_token, result, enrollment_status, next_due_at, n);
COMMIT;
ALTER TABLE campaign.send_logs DROP CONSTRAINT unforeseen;
RESET client_min_messages;
SET ROLE regress_report_worker;
SELECT * FROM campaign.report_touches('{}');
SELECT * FROM campaign.report_touches(NULL);
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'report-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_report_ann,regress_report_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP OWNED BY regress_report_ann, regress_report_worker;
DROP ROLE regress_report_ann, regress_report_worker;
