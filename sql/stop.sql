-- Stopping: stop wins, over what waits, over what a worker holds, and over what is being sent.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_stop_ann;
CREATE ROLE regress_stop_eve;
CREATE ROLE regress_stop_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.expire_leases() RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until > clock_timestamp() $$;
-- who has reviewed is left alone for a month; here it was longer ago
CREATE FUNCTION pg_temp.forget_review() RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ UPDATE campaign.campaign_enrollments SET stopped_at = stopped_at - interval '31 days'
		WHERE stop_reason IN ('review_clicked', 'feedback_submitted') AND stopped_at > campaign.now() - interval '30 days' $$;
CREATE FUNCTION pg_temp.claim() RETURNS text LANGUAGE sql
	AS $$ SELECT lease_token FROM campaign.claim_due_touches('worker 1', 1) $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_stop_ann,regress_stop_eve}'::name[]) r;
SELECT campaign.grant_access('regress_stop_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'stop-acme', 'UTC', 'regress_stop_ann') AS acme \gset
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT campaign.add_member(:'acme', 'regress_stop_eve', 'editor');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_stop_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) VALUES (:'acme', 'Bob', 'bob@x.example', '+12125550100') RETURNING id AS bob \gset
SELECT campaign.create_campaign(:'acme', 'Three', '[
	{"channel": "email", "subject": "One", "body_text": "x"},
	{"channel": "sms", "body_text": "x", "delay_hours": 24},
	{"channel": "email", "subject": "Three", "body_text": "x", "delay_hours": 24}]') AS three \gset
SELECT campaign.launch_campaign(:'three');
-- enrols Bob anew, two days ago
CREATE FUNCTION pg_temp.enroll(campaign uuid, contact uuid) RETURNS uuid LANGUAGE sql
	AS $$ SELECT enrollment_id FROM campaign.enroll(campaign, contact, anchor_at => '2030-01-08 10:00') $$;
CREATE TEMP VIEW enrolments AS
	SELECT status, stop_reason, date_trunc('minute', stopped_at) AS stopped_at, completed_at FROM campaign.campaign_enrollments ORDER BY id;
CREATE TEMP VIEW enrolment AS SELECT e.status, e.stop_reason, e.stopped_at, e.completed_at FROM (SELECT *, row_number() OVER () AS n FROM enrolments) e ORDER BY n DESC LIMIT 1;
CREATE TEMP VIEW queue AS SELECT touch_number, due_at, lease_until > clock_timestamp() AS leased, flags FROM campaign.touch_queue;

--
-- An enrolment, for a reason that can be given
--
SELECT pg_temp.enroll(:'three', :'bob') AS enrolled \gset
SELECT campaign.stop_enrollment(:'enrolled');
SELECT status, stop_reason, stopped_at FROM enrolment;
-- nothing waits any more
TABLE queue;
SELECT touch_number, status FROM campaign.enrollment_touches ORDER BY touch_number;
-- it had ended already: false, and the first reason stays
SELECT campaign.stop_enrollment(:'enrolled', 'replied');
SELECT stop_reason FROM enrolment;
-- reasons that the engine gives are not given by people
\set VERBOSITY terse
SELECT campaign.stop_enrollment(:'enrolled', 'touch_failed');
SELECT campaign.stop_enrollment(:'enrolled', 'campaign_archived');
SELECT campaign.stop_enrollment(:'enrolled', 'contact_archived');
SELECT campaign.stop_enrollment(:'enrolled', 'because');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
DO $$
DECLARE
	reason text;
	enrolled uuid;
BEGIN
	FOREACH reason IN ARRAY '{review_clicked,feedback_submitted,replied,opted_out_sms,opted_out_email,unsubscribed,bounced,complained,owner_stopped,repeat_job,job_cancelled}'::text[] LOOP
		enrolled := pg_temp.enroll((SELECT id FROM campaign.campaigns WHERE name = 'Three'), (SELECT id FROM campaign.contacts WHERE first_name = 'Bob'));
		ASSERT campaign.stop_enrollment(enrolled, reason);
		PERFORM pg_temp.forget_review();
	END LOOP;
END $$;
SELECT stop_reason FROM enrolments OFFSET 1;

--
-- All that a contact is in; an editor may, too
--
SELECT pg_temp.enroll(:'three', :'bob') AS enrolled \gset
SET ROLE regress_stop_eve;
SELECT campaign.stop_contact(:'bob', 'feedback_submitted');
SELECT campaign.stop_contact(:'bob', 'replied');
SET ROLE regress_stop_ann;
SELECT status, stop_reason FROM enrolment;
SELECT pg_temp.forget_review();

--
-- While a worker holds the touch: marked and out of the way of claims, until the worker comes back
--
SELECT pg_temp.enroll(:'three', :'bob') AS enrolled \gset
SET ROLE regress_stop_worker;
SELECT pg_temp.claim() AS token \gset
SET ROLE regress_stop_ann;
SELECT campaign.stop_enrollment(:'enrolled', 'replied');
TABLE queue;
SET ROLE regress_stop_worker;
SELECT campaign.begin_send(:'token');
SELECT result, enrollment_status FROM campaign.complete_touch(:'token');
SET ROLE regress_stop_ann;
TABLE queue;
SELECT count(*) AS logged FROM campaign.send_logs;
-- the worker releases it
SELECT pg_temp.enroll(:'three', :'bob') AS enrolled \gset
SET ROLE regress_stop_worker;
SELECT pg_temp.claim() AS token \gset
SET ROLE regress_stop_ann;
SELECT campaign.stop_enrollment(:'enrolled', 'replied');
SET ROLE regress_stop_worker;
SELECT campaign.release_touch(:'token');
SET ROLE regress_stop_ann;
TABLE queue;

-- the worker never comes back: the row goes when a worker finds time for it, after the end of the lease
SELECT pg_temp.enroll(:'three', :'bob') AS enrolled \gset
SET ROLE regress_stop_worker;
SELECT pg_temp.claim() AS token \gset
SET ROLE regress_stop_ann;
SELECT campaign.stop_enrollment(:'enrolled', 'replied');
SET ROLE regress_stop_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker 2');
SET ROLE regress_stop_ann;
TABLE queue;
SELECT pg_temp.expire_leases();
SET ROLE regress_stop_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker 2');
SELECT campaign.begin_send(:'token');
SET ROLE regress_stop_ann;
TABLE queue;

--
-- While it is being sent: the send is logged, the sequence does not go on, the stop stands
--
SELECT pg_temp.enroll(:'three', :'bob') AS enrolled \gset
SET ROLE regress_stop_worker;
SELECT pg_temp.claim() AS token \gset
SELECT campaign.begin_send(:'token');
SET ROLE regress_stop_ann;
SELECT campaign.stop_enrollment(:'enrolled', 'unsubscribed');
SET ROLE regress_stop_worker;
SELECT campaign.begin_send(:'token');
SELECT campaign.extend_lease(:'token', '1 hour');
SELECT result, enrollment_status, next_due_at FROM campaign.complete_touch(:'token', 'provider-1');
SET ROLE regress_stop_ann;
TABLE enrolment;
TABLE queue;
SELECT touch_number, status, is_final, advanced FROM campaign.send_logs;
SELECT touch_number, status FROM campaign.enrollment_touches WHERE enrollment_id = :'enrolled' ORDER BY touch_number;
-- the last touch, too: stopped it is, and not completed
SELECT campaign.create_campaign(:'acme', 'One', '[{"channel": "email", "subject": "One", "body_text": "x"}]', 'contacts') AS one \gset
SELECT campaign.launch_campaign(:'one');
SELECT pg_temp.enroll(:'one', :'bob') AS enrolled \gset
SET ROLE regress_stop_worker;
SELECT pg_temp.claim() AS token \gset
SELECT campaign.begin_send(:'token');
SET ROLE regress_stop_ann;
SELECT campaign.stop_enrollment(:'enrolled', 'complained');
SET ROLE regress_stop_worker;
SELECT result, enrollment_status FROM campaign.complete_touch(:'token', 'provider-2');
SET ROLE regress_stop_ann;
TABLE enrolment;

--
-- In a paused campaign as in a running one
--
SELECT pg_temp.enroll(:'three', :'bob') AS enrolled \gset
SELECT campaign.pause_campaign(:'three');
SELECT status FROM campaign.enrollment_timeline WHERE enrollment_id = :'enrolled';
SELECT campaign.stop_contact(:'bob', 'review_clicked');
SELECT status, stop_reason FROM campaign.enrollment_timeline WHERE enrollment_id = :'enrolled';
SELECT campaign.resume_campaign(:'three', spread => '0');
SELECT pg_temp.forget_review();
SET ROLE regress_stop_worker;
SELECT pg_temp.claim() IS NULL AS nothing;

--
-- A contact in the archive, and a job that must not be written to
--
SET ROLE regress_stop_ann;
SELECT pg_temp.enroll(:'three', :'bob') AS enrolled \gset
SELECT campaign.archive_contact(:'bob');
SELECT status, stop_reason FROM enrolment;
SELECT date_trunc('minute', archived_at) AS archived_at FROM campaign.contacts WHERE id = :'bob';
-- twice is once
SELECT campaign.archive_contact(:'bob');
SELECT outcome, reason FROM campaign.enroll(:'three', :'bob');
SELECT campaign.unarchive_contact(:'bob');
SELECT status, stop_reason FROM enrolment;
SELECT campaign.create_job(:'bob', 'hvac', 'completed', '2030-01-08 10:00') AS job \gset
SELECT status, stop_reason FROM enrolment;
SET ROLE regress_stop_worker;
SELECT pg_temp.claim() AS token \gset
SET ROLE regress_stop_ann;
UPDATE campaign.jobs SET status = 'do_not_send' WHERE id = :'job';
SELECT status, stop_reason FROM enrolment;
SET ROLE regress_stop_worker;
SELECT campaign.begin_send(:'token');

--
-- An opt-out or a suppression ends no sequence: it skips what it concerns, and the rest goes on
--
SET ROLE regress_stop_ann;
SELECT pg_temp.enroll(:'three', :'bob') AS enrolled \gset
SELECT campaign.suppress_address(:'acme', 'bob@x.example', 'unsubscribe', 'asked for it');
-- the first reason wins
SELECT campaign.suppress_address(:'acme', 'Bob@x.example', 'manual');
SELECT address, reason, note FROM campaign.suppressions;
SELECT campaign.set_consent(:'bob', 'sms', 'opted_in', 'web', 'double opt-in');
SELECT channel, state, source, method FROM campaign.consents;
SET ROLE regress_stop_worker;
SELECT pg_temp.claim() IS NULL AS nothing;
SELECT channel, address FROM campaign.claim_due_touches('worker 1', 1);
SET ROLE regress_stop_ann;
SELECT touch_number, channel, status FROM campaign.enrollment_touches WHERE enrollment_id = :'enrolled' ORDER BY touch_number;
-- only an owner lifts it
SET ROLE regress_stop_eve;
\set VERBOSITY sqlstate
SELECT campaign.lift_suppression(:'acme', 'bob@x.example');
\set VERBOSITY default
SET ROLE regress_stop_ann;
SELECT campaign.lift_suppression(:'acme', 'BOB@x.example');
SELECT campaign.lift_suppression(:'acme', 'BOB@x.example');
-- by number, however it is written; of everybody who has it
INSERT INTO campaign.contacts (tenant_id, phone) VALUES (:'acme', '+12125550100') RETURNING id AS flatmate \gset
SELECT campaign.suppress_address(:'acme', '+1 (212) 555-0100', 'complaint');
SELECT pg_temp.enroll(:'three', :'flatmate') AS flatmates \gset
\o /dev/null
SET ROLE regress_stop_worker;
SELECT pg_temp.claim(), pg_temp.claim();
\o
SET ROLE regress_stop_ann;
SELECT touch_number, channel, status, reason FROM campaign.send_logs WHERE enrollment_id = :'flatmates' ORDER BY id;

--
-- Archiving a campaign stops what is live in it
--
SELECT campaign.create_campaign(:'acme', 'Short', '[{"channel": "email", "subject": "One", "body_text": "x", "delay_hours": 100}]', 'contacts') AS short \gset
SELECT campaign.launch_campaign(:'short');
\o /dev/null
INSERT INTO campaign.contacts (tenant_id, email, external_id) SELECT :'acme', format('s%s@x.example', i), 's' || i FROM generate_series(1, 5) i;
SELECT pg_temp.enroll(:'short', id) FROM campaign.contacts WHERE external_id LIKE 's%';
\o
SELECT campaign.pause_campaign(:'short'), campaign.transition_campaign(:'short', 'archived', 'done with it');
SELECT status, stop_reason, count(*) FROM campaign.campaign_enrollments WHERE campaign_id = :'short' GROUP BY 1, 2;
SELECT count(*) AS queued FROM campaign.touch_queue q JOIN campaign.campaign_enrollments e ON e.id = q.enrollment_id WHERE e.campaign_id = :'short';
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'stop-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_stop_ann,regress_stop_eve,regress_stop_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP OWNED BY regress_stop_ann;
DROP ROLE regress_stop_ann, regress_stop_eve, regress_stop_worker;
