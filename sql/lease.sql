-- Leases: what holds between a claim and its report, and what comes too late.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_lease_ann;
CREATE ROLE regress_lease_vic;
CREATE ROLE regress_lease_worker;
-- moves the engine's clock
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
-- leases run on the wall clock: as if it had gone on
CREATE FUNCTION pg_temp.expire_leases() RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until > clock_timestamp() $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_lease_ann,regress_lease_vic}'::name[]) r;
SELECT campaign.grant_access('regress_lease_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'lease-acme', 'UTC', 'regress_lease_ann') AS acme \gset
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT campaign.add_member(:'acme', 'regress_lease_vic', 'viewer');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_lease_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone, linkedin_url)
VALUES (:'acme', 'Bob', 'bob@x.example', '+12125550100', 'https://www.linkedin.com/in/bob') RETURNING id AS bob \gset
SELECT campaign.create_campaign(:'acme', 'Mail', '[
	{"channel": "email", "subject": "One", "body_text": "x"},
	{"channel": "email", "subject": "Two", "body_text": "x", "delay_hours": 24}]', 'contacts') AS mail \gset
\o /dev/null
SELECT campaign.launch_campaign(:'mail');
SELECT campaign.enroll(:'mail', :'bob', anchor_at => '2030-01-10 11:00');
\o
-- what the engine knows of the queue row
CREATE TEMP VIEW queue AS
	SELECT touch_number, due_at, attempt, lease_until > clock_timestamp() AS leased, fence <> 0 AS fenced, flags FROM campaign.touch_queue;
GRANT SELECT ON queue TO regress_lease_worker;

--
-- begin_send is the point of no return: go, and go again for the same token
--
SET ROLE regress_lease_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1') \gset
SELECT campaign.begin_send(:'token');
SELECT campaign.begin_send(:'token');

--
-- A lease is extended from now on, and only while it lasts
--
SELECT date_trunc('hour', campaign.extend_lease(:'token', '2 hours 59 minutes') - clock_timestamp()) AS hours;
SELECT date_trunc('minute', campaign.extend_lease(:'token', '2 minutes 59 seconds') - clock_timestamp()) AS minutes;
-- by what its days and hours come to
SELECT date_trunc('hour', campaign.extend_lease(:'token', v::interval) - clock_timestamp()) AS hours FROM unnest('{1 day -30 minutes,-1 day 24 hours 90 minutes}'::text[]) v;
SELECT pg_temp.expire_leases();
SELECT campaign.extend_lease(:'token', '30 minutes');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.begin_send(:'token');
-- but nobody else has it yet: the late report of what was sent is accepted
SELECT result, enrollment_status, next_due_at FROM campaign.complete_touch(:'token', 'provider-1', '2030-01-10 11:30');

--
-- Released: due as before, the attempt not counted, the token worth nothing
--
RESET ROLE;
SELECT pg_temp.at_time('2030-01-11 12:00');
SET ROLE regress_lease_worker;
SELECT lease_token AS token, idempotency_key AS key FROM campaign.claim_due_touches('worker 1') \gset
SET ROLE regress_lease_ann;
TABLE queue;
SET ROLE regress_lease_worker;
SELECT campaign.release_touch(:'token');
SET ROLE regress_lease_ann;
TABLE queue;
SET ROLE regress_lease_worker;
SELECT campaign.begin_send(:'token');
SELECT result FROM campaign.complete_touch(:'token', 'never');
SELECT campaign.release_touch(:'token');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.extend_lease(:'token', '1 minute');
\echo :LAST_ERROR_SQLSTATE

--
-- A lease that ends before begin_send: claimed again at no risk, once, with another token and the same key
--
SELECT lease_token AS slow FROM campaign.claim_due_touches('slow worker') \gset
SELECT pg_temp.expire_leases();
SELECT attempt, length(lease_token) AS token, lease_token <> :'slow' AS another, idempotency_key = :'key' AS same_key FROM campaign.claim_due_touches('fast worker');
SELECT count(*) FROM campaign.claim_due_touches('third worker');
-- of the two only the second may send; what the first one says changes nothing
SELECT campaign.begin_send(:'slow');
SELECT result, enrollment_status FROM campaign.complete_touch(:'slow', 'never');
SELECT result FROM campaign.fail_touch(:'slow', 'never', true);
SELECT campaign.extend_lease(:'slow', '1 hour');
SELECT campaign.release_touch(:'slow');
SET ROLE regress_lease_ann;
TABLE queue;
SELECT count(*) FROM campaign.send_logs WHERE touch_number = 2;

--
-- What is no token
--
RESET ROLE;
SELECT campaign.touch_token(tenant_id, lane, due_at, enrollment_id, touch_number, attempt, fence) AS token,
	campaign.touch_token(tenant_id, lane, due_at, enrollment_id, touch_number, attempt, fence + 1) AS forged,
	campaign.touch_token(tenant_id, lane, due_at, enrollment_id, touch_number, (attempt + 1)::smallint, fence) AS later,
	campaign.touch_token(tenant_id, lane, due_at, enrollment_id, (touch_number - 1)::smallint, attempt, fence) AS former,
	campaign.touch_token(tenant_id, lane + 1, due_at, enrollment_id, touch_number, attempt, fence) AS elsewhere,
	campaign.touch_token(campaign.uuid_v7(), lane, due_at, enrollment_id, touch_number, attempt, fence) AS foreign
FROM campaign.touch_queue \gset
SET ROLE regress_lease_worker;
\set VERBOSITY terse
SELECT campaign.begin_send(NULL);
SELECT campaign.begin_send('');
SELECT campaign.begin_send('x');
SELECT campaign.begin_send(:'token' || 'A');
SELECT campaign.begin_send(substr(:'token', 2));
SELECT campaign.begin_send(overlay(:'token' PLACING '+' FROM 20));
SELECT campaign.begin_send(overlay(:'token' PLACING 'ü' FROM 20));
SELECT campaign.begin_send(repeat('A', 76));
SELECT campaign.begin_send(repeat('A', 10000000));
SELECT campaign.release_touch('x');
SELECT campaign.extend_lease('x', '1 minute');
SELECT campaign.complete_touch('x');
\set VERBOSITY default
-- what looks like one, but is not the lease's
SELECT t.what, campaign.begin_send(t.token), (campaign.complete_touch(t.token)).result
FROM (VALUES ('forged', :'forged'), ('later', :'later'), ('former', :'former'), ('elsewhere', :'elsewhere'), ('foreign', :'foreign')) t(what, token);
-- and nothing of it touched the lease
SELECT campaign.begin_send(:'token');
SELECT result, enrollment_status FROM campaign.complete_touch(:'token');

--
-- What happens between claim and begin_send
--
SET ROLE regress_lease_ann;
SELECT outcome FROM campaign.enroll(:'mail', :'bob', anchor_at => '2030-01-10 11:00');
SET ROLE regress_lease_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1') \gset
-- a pause: the lease is given back
SET ROLE regress_lease_ann;
SELECT campaign.pause_campaign(:'mail');
SET ROLE regress_lease_worker;
SELECT campaign.begin_send(:'token');
SELECT campaign.begin_send(:'token');
SET ROLE regress_lease_ann;
TABLE queue;
SELECT campaign.resume_campaign(:'mail', spread => '0');
-- a suppression of the address, however it is written: the next claim skips the touch
SET ROLE regress_lease_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1') \gset
SET ROLE regress_lease_ann;
SELECT campaign.suppress_address(:'acme', 'BOB@X.EXAMPLE', 'complaint');
SET ROLE regress_lease_worker;
SELECT campaign.begin_send(:'token');
SELECT count(*) FROM campaign.claim_due_touches('worker 1');
SET ROLE regress_lease_ann;
SELECT touch_number, status, reason FROM campaign.enrollment_touches t JOIN campaign.send_logs l USING (tenant_id, enrollment_id, touch_number, status)
WHERE l.status = 'skipped';
SELECT campaign.lift_suppression(:'acme', 'bob@x.example');
-- an opt-out
SET ROLE regress_lease_worker;
SELECT lease_token AS token, touch_number FROM campaign.claim_due_touches('worker 1') \gset
SET ROLE regress_lease_ann;
SELECT campaign.set_consent(:'bob', 'email', 'opted_out');
SET ROLE regress_lease_worker;
SELECT :touch_number AS touch, campaign.begin_send(:'token');
SET ROLE regress_lease_ann;
SELECT campaign.set_consent(:'bob', 'email', 'unknown');
-- a stop
SET ROLE regress_lease_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1') \gset
SET ROLE regress_lease_ann;
SELECT campaign.stop_contact(:'bob', 'replied');
TABLE queue;
SET ROLE regress_lease_worker;
SELECT campaign.begin_send(:'token');
SELECT campaign.begin_send(:'token');
SET ROLE regress_lease_ann;
TABLE queue;

--
-- A lease that ends after begin_send: nobody knows, so nothing is sent again blindly
--
SELECT campaign.create_campaign(:'acme', 'Each', '[
	{"channel": "email", "subject": "One", "body_text": "x"},
	{"channel": "linkedin_message", "body_text": "x"},
	{"channel": "call", "body_text": "x"},
	{"channel": "linkedin_message", "body_text": "x"}]', 'contacts') AS each \gset
\o /dev/null
SELECT campaign.launch_campaign(:'each');
UPDATE campaign.tenants SET min_gap = '0' WHERE id = :'acme';
SELECT campaign.enroll(:'each', :'bob', anchor_at => '2030-01-10 11:00');
\o
CREATE TEMP VIEW uncertain AS
	SELECT touch_number, channel, attempt, operator_at - lease_ended_at AS operator_after FROM campaign.uncertain_touches;
-- email: the provider knows the key, so it is tried again
SET ROLE regress_lease_worker;
SELECT lease_token AS token, idempotency_key AS key FROM campaign.claim_due_touches('worker 1') \gset
SELECT campaign.begin_send(:'token');
SELECT pg_temp.expire_leases();
SET ROLE regress_lease_ann;
TABLE uncertain;
-- a member can work the key out, to ask the provider
SELECT campaign.touch_idempotency_key(tenant_id, enrollment_id, touch_number) = :'key' AS the_same FROM campaign.touch_queue;
SET ROLE regress_lease_worker;
SELECT lease_token AS again, channel, attempt, idempotency_key = :'key' AS same_key FROM campaign.claim_due_touches('worker 2') \gset
SELECT :'channel' AS channel, :attempt AS attempt, :'same_key' AS same_key, campaign.begin_send(:'again'), campaign.begin_send(:'token') AS the_former;
SELECT result FROM campaign.complete_touch(:'again', 'provider-2');
-- LinkedIn: an operator decides
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1', begin_now => true) \gset
SELECT pg_temp.expire_leases();
SELECT count(*) FROM campaign.claim_due_touches('worker 2');
SELECT campaign.begin_send(:'token');
SELECT campaign.next_due_at();
SET ROLE regress_lease_ann;
TABLE uncertain;
SELECT touch_number, channel, status FROM campaign.enrollment_touches WHERE campaign_id = :'each' ORDER BY 1;
-- who asked the provider says what became of it
SELECT lease_token AS token FROM campaign.uncertain_touches \gset
SELECT result, enrollment_status FROM campaign.resolve_uncertain(:'token', 'sent', 'seen in the mailbox', 'mailbox-7');
TABLE uncertain;
SELECT touch_number, status, attempt, is_final, advanced, sent_at IS NOT NULL AS sent_at FROM campaign.send_logs WHERE campaign_id = :'each' ORDER BY id;
-- calls: a day's wait for a late report
SET ROLE regress_lease_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1', begin_now => true) \gset
SELECT pg_temp.expire_leases();
SELECT count(*) FROM campaign.claim_due_touches('worker 2');
SET ROLE regress_lease_ann;
TABLE uncertain;
-- which comes, and settles it
SET ROLE regress_lease_worker;
SELECT result, enrollment_status FROM campaign.complete_touch(:'token');
SET ROLE regress_lease_ann;
TABLE uncertain;
-- an operator who knows that it was not sent lets it be tried again
SET ROLE regress_lease_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1', begin_now => true) \gset
SELECT pg_temp.expire_leases();
SELECT count(*) FROM campaign.claim_due_touches('worker 2');
SET ROLE regress_lease_ann;
SELECT result, enrollment_status, next_due_at FROM campaign.resolve_uncertain(:'token', 'retry');
SET ROLE regress_lease_worker;
SELECT touch_number, attempt, lease_token AS token FROM campaign.claim_due_touches('worker 2', begin_now => true) \gset
SELECT :touch_number AS touch, :attempt AS attempt;
SELECT pg_temp.expire_leases();
-- or closes it as failed: a dead touch, which is the last one
SET ROLE regress_lease_ann;
SELECT result, enrollment_status FROM campaign.resolve_uncertain(:'token', 'failed', 'profile is gone');
SELECT touch_number, channel, error FROM campaign.dead_touches;

--
-- resolve_uncertain settles what is uncertain, and nothing else
--
SELECT campaign.resolve_uncertain(:'token', 'sent');
\echo :LAST_ERROR_SQLSTATE
SELECT outcome FROM campaign.enroll(:'each', :'bob', anchor_at => '2030-01-10 11:00');
SET ROLE regress_lease_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1') \gset
SET ROLE regress_lease_ann;
-- a live lease
SELECT campaign.resolve_uncertain(:'token', 'sent');
\echo :LAST_ERROR_SQLSTATE
SET ROLE regress_lease_worker;
SELECT result FROM campaign.complete_touch(:'token');
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1', begin_now => true) \gset
SELECT pg_temp.expire_leases();
SET ROLE regress_lease_ann;
SELECT campaign.resolve_uncertain(:'token', 'maybe');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.resolve_uncertain(:'token', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.resolve_uncertain('x', 'sent');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.resolve_uncertain(NULL, 'sent');
\echo :LAST_ERROR_SQLSTATE
SET ROLE regress_lease_vic;
SELECT campaign.resolve_uncertain(:'token', 'sent');
\echo :LAST_ERROR_SQLSTATE
-- stopped meanwhile: what was sent is logged, and nothing follows
SET ROLE regress_lease_ann;
SELECT campaign.stop_contact(:'bob');
TABLE uncertain;
SELECT result, enrollment_status, next_due_at FROM campaign.resolve_uncertain(:'token', 'sent');
SELECT count(*) FROM campaign.touch_queue;

--
-- An attempt that ends without a report counts, and the last one fails the touch
--
SELECT campaign.create_campaign(:'acme', 'Twice', '[{"channel": "email", "subject": "One", "body_text": "x"}]', 'contacts') AS twice \gset
UPDATE campaign.outreach_campaigns SET max_attempts = 2 WHERE campaign_id = :'twice';
SELECT campaign.launch_campaign(:'twice');
SELECT outcome FROM campaign.enroll(:'twice', :'bob', anchor_at => '2030-01-10 11:00');
SET ROLE regress_lease_worker;
SELECT attempt FROM campaign.claim_due_touches('worker 1');
SELECT pg_temp.expire_leases();
SELECT attempt FROM campaign.claim_due_touches('worker 1');
SELECT pg_temp.expire_leases();
SELECT attempt FROM campaign.claim_due_touches('worker 1');
SET ROLE regress_lease_ann;
SELECT attempt, status, reason, error FROM campaign.send_logs WHERE campaign_id = :'twice';
SELECT status FROM campaign.campaign_enrollments WHERE campaign_id = :'twice';
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'lease-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_lease_ann,regress_lease_vic,regress_lease_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP OWNED BY regress_lease_ann;
DROP ROLE regress_lease_ann, regress_lease_vic, regress_lease_worker;
