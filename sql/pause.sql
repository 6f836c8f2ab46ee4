-- Pause and resume, and what the other steps of an outreach campaign ask for.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_pause_ann;
CREATE ROLE regress_pause_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.expire_leases() RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until > clock_timestamp() $$;
-- what a campaign's queue looks like, to the microsecond
CREATE FUNCTION pg_temp.places(campaign uuid) RETURNS text LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT count(*) || ' ' || md5(string_agg(concat_ws(',', q.enrollment_id, q.touch_number, q.scheduled_at, q.due_at), ' ' ORDER BY q.enrollment_id))
		FROM campaign.touch_queue q JOIN campaign.lanes l ON l.tenant_id = q.tenant_id AND l.lane = q.lane WHERE l.campaign_id = campaign $$;
-- the rows that this transaction has written, and those that it has locked
CREATE FUNCTION pg_temp.rows_touched(OUT relation text, OUT written bigint, OUT locked bigint) RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	FOR relation IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind = 'r' ORDER BY 1 LOOP
		EXECUTE format('SELECT count(*) FILTER (WHERE xmin = $1), count(*) FILTER (WHERE xmin <> $1 AND xmax = $1) FROM campaign.%I', relation)
			INTO written, locked USING pg_current_xact_id()::xid;
		IF written + locked > 0 THEN
			RETURN NEXT;
		END IF;
	END LOOP;
END $$;
\o /dev/null
SELECT campaign.grant_access('regress_pause_ann', 'member'), campaign.grant_access('regress_pause_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'pause-acme', 'UTC', 'regress_pause_ann') AS acme \gset
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_pause_ann;
\set steps '[{"channel": "email", "subject": "One", "body_text": "x"}, {"channel": "call", "body_text": "x", "delay_hours": 24}]'
SELECT campaign.create_campaign(:'acme', 'Small', :'steps', 'contacts') AS small \gset
SELECT campaign.create_campaign(:'acme', 'Large', :'steps', 'contacts') AS large \gset
\o /dev/null
SELECT campaign.launch_campaign(:'small'), campaign.launch_campaign(:'large');
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) VALUES (:'acme', 'Bob', 'bob@x.example', '+12125550100') RETURNING id AS bob \gset
SELECT campaign.enroll(:'small', :'bob', anchor_at => '2030-01-10 11:00');
INSERT INTO campaign.contacts (tenant_id, email, external_id) SELECT :'acme', format('c%s@x.example', i), i FROM generate_series(1, 2000) i;
SELECT campaign.enroll(:'large', id, anchor_at => timestamptz '2030-01-10 11:00' + interval '1 minute' * external_id::integer)
FROM campaign.contacts WHERE external_id IS NOT NULL;
\o

--
-- As many rows are written for two thousand enrolments as for one
--
SELECT pg_temp.places(:'large') AS before \gset
BEGIN;
SELECT campaign.pause_campaign(:'small', 'a break');
SELECT * FROM pg_temp.rows_touched();
COMMIT;
BEGIN;
SELECT campaign.pause_campaign(:'large', 'a break');
SELECT * FROM pg_temp.rows_touched();
COMMIT;
-- frozen is what an active enrolment of a paused campaign looks like; nothing of it is stored
SELECT status, count(*) FROM campaign.enrollment_timeline GROUP BY status;
SELECT status, count(*) FROM campaign.campaign_enrollments GROUP BY status;
SELECT pg_temp.places(:'large') = :'before' AS everybody_at_his_place;
SET ROLE regress_pause_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker 1');
SELECT campaign.next_due_at();
SET ROLE regress_pause_ann;
SELECT outcome, reason FROM campaign.enroll(:'small', :'bob');

--
-- Resume: everybody is where he was, what is overdue goes out within the hour
--
RESET ROLE;
SELECT pg_temp.at_time('2030-01-13 12:00');
SET ROLE regress_pause_ann;
BEGIN;
SELECT campaign.resume_campaign(:'large', reason => 'on we go');
SELECT * FROM pg_temp.rows_touched();
COMMIT;
SELECT pg_temp.places(:'large') = :'before' AS everybody_at_his_place;
SELECT status, count(*) FROM campaign.enrollment_timeline WHERE campaign_id = :'large' GROUP BY status;
RESET ROLE;
SELECT pg_temp.at_time('2030-01-13 13:00');
SET ROLE regress_pause_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker 1', 10000);
-- who, when and why stands in the log
SET ROLE regress_pause_ann;
SELECT c.name, l.from_state, l.to_state, l.actor, l.reason FROM campaign.life_cycle_log l JOIN campaign.campaigns c ON c.id = l.entity_id ORDER BY l.id;

--
-- A pause between claim, begin_send and report
--
SELECT campaign.resume_campaign(:'small', spread => '0');
SET ROLE regress_pause_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1') \gset
SET ROLE regress_pause_ann;
SELECT campaign.pause_campaign(:'small');
SET ROLE regress_pause_worker;
-- before begin_send: not now, and the lease is given back
SELECT campaign.begin_send(:'token');
SET ROLE regress_pause_ann;
SELECT campaign.resume_campaign(:'small', spread => '0');
SET ROLE regress_pause_worker;
SELECT lease_token AS token, attempt FROM campaign.claim_due_touches('worker 1') \gset
SELECT :attempt AS attempt, campaign.begin_send(:'token');
SET ROLE regress_pause_ann;
SELECT campaign.pause_campaign(:'small');
SET ROLE regress_pause_worker;
-- after it: what was sent is sent, and takes its place in the sequence, or resume would send it again
SELECT campaign.begin_send(:'token');
SELECT result, enrollment_status FROM campaign.complete_touch(:'token');
SELECT count(*) FROM campaign.claim_due_touches('worker 1');
SET ROLE regress_pause_ann;
SELECT touch_number, status FROM campaign.enrollment_touches WHERE campaign_id = :'small' ORDER BY 1;

--
-- Steps that are none
--
\set VERBOSITY terse
SELECT campaign.pause_campaign(:'small');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY sqlstate
SELECT campaign.resume_campaign(:'large', spread => '0');
SELECT campaign.launch_campaign(:'large');
SELECT campaign.transition_campaign(:'large', 'draft');
SELECT campaign.transition_campaign(:'large', 'archived');
SELECT campaign.transition_campaign(:'large', 'generating');
\set VERBOSITY default

--
-- Running: every touch has a text, and its links lead somewhere
--
INSERT INTO campaign.message_templates (tenant_id, channel, name, body) VALUES (:'acme', 'call', 'Call', 'Hello') RETURNING id AS call_template \gset
SELECT campaign.create_campaign(:'acme', 'No text', '[{"channel": "call", "label": "Ring"}]', 'contacts') AS no_text \gset
SELECT campaign.launch_campaign(:'no_text');
\echo :LAST_ERROR_SQLSTATE
-- all or nothing: it is not left ready
SELECT status FROM campaign.campaigns WHERE id = :'no_text';
UPDATE campaign.message_templates SET is_default = true WHERE id = :'call_template';
SELECT campaign.launch_campaign(:'no_text');
SELECT campaign.create_campaign(:'acme', 'Links', '[{"channel": "email", "subject": "x", "body_text": "{{link.unsubscribe}}"}]', 'contacts') AS links \gset
SELECT campaign.launch_campaign(:'links');
\echo :LAST_ERROR_SQLSTATE
UPDATE campaign.tenants SET link_base_url = 'https://go.acme.example' WHERE id = :'acme';
SELECT campaign.launch_campaign(:'links');
SELECT campaign.create_campaign(:'acme', 'Draft', '[{"channel": "email", "subject": "x", "body_text": "x"}]', 'contacts') AS draft \gset
-- one step at a time, or launch
SELECT campaign.create_campaign(:'acme', 'Steps', :'steps', 'contacts') AS steps_campaign \gset
\set VERBOSITY terse
SELECT campaign.transition_campaign(:'steps_campaign', 'running');
\set VERBOSITY default
SELECT campaign.transition_campaign(:'steps_campaign', 'ready');
SELECT campaign.transition_campaign(:'steps_campaign', 'draft');
SELECT campaign.transition_campaign(:'steps_campaign', 'ready');
SELECT campaign.transition_campaign(:'steps_campaign', 'generating');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.transition_campaign(:'steps_campaign', 'running');
-- audience and service type are settled by then, the number of attempts is not
UPDATE campaign.outreach_campaigns SET audience = 'jobs' WHERE campaign_id = :'steps_campaign';
\echo :LAST_ERROR_SQLSTATE
UPDATE campaign.outreach_campaigns SET max_attempts = 2 WHERE campaign_id = :'steps_campaign';

--
-- Completed: nobody is left in it
--
SELECT campaign.transition_campaign(:'small', 'completed');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.stop_contact(:'bob');
SELECT campaign.transition_campaign(:'small', 'completed', 'everybody is through');
-- for good
\set VERBOSITY terse
SELECT campaign.transition_campaign(:'small', 'running');
\set VERBOSITY default
SELECT campaign.transition_campaign(:'small', 'archived');
SELECT status, archived_at IS NOT NULL AS archived, is_active FROM campaign.campaigns WHERE id = :'small';
\set VERBOSITY terse
SELECT campaign.transition_campaign(:'small', 'draft');
\set VERBOSITY default
-- its name is free again
SELECT campaign.create_campaign(:'acme', 'small', :'steps') IS NOT NULL AS created;

--
-- Archived: no worker has one of its touches
--
SELECT campaign.pause_campaign(:'large');
SELECT campaign.transition_campaign(:'large', 'archived');
\echo :LAST_ERROR_SQLSTATE
SELECT pg_temp.expire_leases();
SELECT campaign.transition_campaign(:'large', 'archived');
SELECT status, stop_reason, count(*) FROM campaign.campaign_enrollments WHERE campaign_id = :'large' GROUP BY 1, 2;
SELECT count(*) FROM campaign.touch_queue;
-- a draft is deleted by archiving it
SELECT campaign.delete_campaign(:'draft');
SELECT status FROM campaign.campaigns WHERE id = :'draft';
SELECT campaign.delete_campaign(:'links');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'pause-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_pause_ann,regress_pause_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP OWNED BY regress_pause_ann;
DROP ROLE regress_pause_ann, regress_pause_worker;
