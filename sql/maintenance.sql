-- Maintenance: timers, leases, ledgers and retention, when nobody waits for them. (pg_cron itself: test/tap/cron.t)
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_upkeep_ann;
CREATE ROLE regress_upkeep_admin;
CREATE ROLE regress_upkeep_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.expire_leases() RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until > clock_timestamp() $$;
\o /dev/null
SELECT campaign.grant_access('regress_upkeep_ann', 'member'), campaign.grant_access('regress_upkeep_admin', 'admin'), campaign.grant_access('regress_upkeep_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'upkeep-acme', 'UTC', 'regress_upkeep_ann') AS acme \gset
SELECT campaign.create_tenant('Other', 'upkeep-other', 'UTC', 'regress_upkeep_ann') AS other \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
SELECT pg_temp.at_time('2030-01-10 12:00');
SET ROLE regress_upkeep_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) SELECT :'acme', n, n || '@x.example', '+1212555010' || i FROM unnest('{Ann,Bob,Cid,Dan,Eve}'::text[]) WITH ORDINALITY u (n, i);
SELECT id AS ann FROM campaign.contacts WHERE first_name = 'Ann' \gset
SELECT id AS bob FROM campaign.contacts WHERE first_name = 'Bob' \gset
SELECT id AS cid FROM campaign.contacts WHERE first_name = 'Cid' \gset
SELECT id AS dan FROM campaign.contacts WHERE first_name = 'Dan' \gset
SELECT id AS eve FROM campaign.contacts WHERE first_name = 'Eve' \gset
SELECT campaign.create_campaign(:'acme', 'Mail', '[{"channel": "email", "subject": "x", "body_text": "x"}]', 'contacts') AS mail \gset
SELECT campaign.create_campaign(:'acme', 'Call', '[{"channel": "call", "body_text": "x"}, {"channel": "email", "subject": "x", "body_text": "x", "delay_hours": 1}]', 'contacts') AS call \gset
SELECT campaign.launch_campaign(:'mail'), campaign.launch_campaign(:'call');
RESET ROLE;
\o

--
-- For the level admin; one row per task
--
SET ROLE regress_upkeep_worker;
SELECT * FROM campaign.run_maintenance();
SET ROLE regress_upkeep_ann;
SELECT * FROM campaign.run_maintenance();
SET ROLE regress_upkeep_admin;
SELECT * FROM campaign.run_maintenance();
SELECT * FROM campaign.run_maintenance(0);
SELECT * FROM campaign.run_maintenance(NULL);
\echo :LAST_ERROR_SQLSTATE
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM campaign.run_maintenance();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- a task that fails is undone and told of; the others are done
RESET ROLE;
BEGIN;
INSERT INTO campaign.maintenance_tasks VALUES ('broken', 4, 'WITH w AS (INSERT INTO campaign.armed_cluster VALUES (true, 1, 1, 1, '''', $1, '''') RETURNING 1) SELECT 1 / 0 FROM w');
SELECT * FROM campaign.run_maintenance();
SELECT count(*) FROM campaign.armed_cluster;
SHOW lock_timeout;
ROLLBACK;

--
-- Leases that have run out, where nobody claims
--
SET ROLE regress_upkeep_ann;
\o /dev/null
SELECT campaign.enroll(:'mail', :'ann', anchor_at => '2030-01-10 11:00'), campaign.enroll(:'mail', :'bob', anchor_at => '2030-01-10 11:00'),
	campaign.enroll(:'call', :'cid', anchor_at => '2030-01-10 11:00'), campaign.enroll(:'call', :'dan', anchor_at => '2030-01-10 11:00'),
	campaign.enroll(:'call', :'eve', anchor_at => '2030-01-10 11:00');
SET ROLE regress_upkeep_worker;
CREATE TEMP TABLE tokens AS SELECT k.first_name, c.lease_token FROM campaign.claim_due_touches('worker 1') c JOIN (VALUES (:'ann'::uuid, 'ann'), (:'bob', 'bob'), (:'cid', 'cid'), (:'dan', 'dan'), (:'eve', 'eve')) k (id, first_name) ON k.id = c.contact_id;
-- a mail and a call are begun; another call is stopped in the worker's hands
SELECT campaign.begin_send(lease_token) FROM tokens WHERE first_name IN ('bob', 'dan');
SET ROLE regress_upkeep_ann;
SELECT campaign.stop_contact(:'eve');
SELECT campaign.pause_campaign(:'mail'), campaign.pause_campaign(:'call');
RESET ROLE;
CREATE TEMP VIEW queue AS
	SELECT k.first_name, q.touch_number, q.attempt, q.due_at = 'infinity' AS aside, q.fence <> 0 AS leased, q.flags
	  FROM campaign.touch_queue q JOIN campaign.campaign_enrollments e ON e.id = q.enrollment_id JOIN campaign.contacts k ON k.id = e.contact_id ORDER BY k.first_name;
CREATE TEMP VIEW used AS SELECT channel, this_hour FROM campaign.send_limit_usage WHERE tenant_id = (SELECT id FROM campaign.tenants WHERE slug = 'upkeep-acme') AND channel = 'email';
\o
TABLE queue;
TABLE used;
-- nothing before its time
SELECT campaign.end_expired_leases();
SELECT pg_temp.expire_leases();
-- no more than asked for
SET ROLE regress_upkeep_admin;
SELECT campaign.end_expired_leases(1);
SELECT task, done, detail FROM campaign.run_maintenance() WHERE task = 'end_leases';
SELECT task, done, detail FROM campaign.run_maintenance() WHERE task = 'end_leases';
RESET ROLE;
-- Ann's mail waits again, her place under the cap is free; Bob's, begun, is tried again with its key by
-- the next claim; Dan's call may have been made; Eve's is gone
TABLE queue;
TABLE used;
SELECT channel, touch_number FROM campaign.uncertain_touches;
-- until the touch is claimed again a late report is taken, and what was sent counts
SET ROLE regress_upkeep_worker;
BEGIN;
SELECT t.first_name, r.result FROM tokens t, campaign.complete_touch(t.lease_token) r WHERE t.first_name IN ('ann', 'cid') ORDER BY t.first_name;
RESET ROLE;
TABLE used;
ROLLBACK;
-- and so is that of a touch put aside; what was stopped and never begun is gone
SET ROLE regress_upkeep_worker;
SELECT t.first_name, r.result FROM tokens t, campaign.complete_touch(t.lease_token) r WHERE t.first_name IN ('dan', 'eve') ORDER BY t.first_name;
SELECT campaign.end_expired_leases(0);

--
-- Timers of conflicts, events that came early, counts
--
SET ROLE regress_upkeep_ann;
\o /dev/null
SELECT campaign.resume_campaign(:'mail'), campaign.resume_campaign(:'call');
\o
SELECT outcome, reason FROM campaign.enroll(:'call', :'ann', anchor_at => '2030-01-10 11:00');
SET ROLE regress_upkeep_worker;
SELECT result FROM campaign.record_event('opened', '2030-01-10 12:05', provider_id => 'to bob', tenant => :'acme', event_id => 'early');
\o /dev/null
SELECT campaign.complete_touch(t.lease_token, 'to bob') FROM tokens t WHERE t.first_name = 'bob';
\o
SET ROLE regress_upkeep_admin;
SELECT task, done FROM campaign.run_maintenance() WHERE done > 0;
RESET ROLE;
SELECT count(*) FROM campaign.touch_count_deltas WHERE tenant_id = :'acme';
SELECT pg_temp.at_time('2030-01-11 12:01');
SET ROLE regress_upkeep_admin;
SELECT task, done FROM campaign.run_maintenance() WHERE done > 0 AND task = 'settle_conflicts';
SET ROLE regress_upkeep_ann;
SELECT policy, resolution, resolved_by FROM campaign.enrollment_conflicts WHERE tenant_id = :'acme';

--
-- Retention: all is kept, unless the tenant says for how long
--
-- Ann's and Cid's sequences are live, Bob's and Dan's have ended, Eve's was stopped
\o /dev/null
SELECT campaign.log_send(:'bob', subject => 'by hand');
INSERT INTO campaign.jobs (tenant_id, contact_id, service_type, status) VALUES (:'acme', :'bob', 'hvac', 'completed') RETURNING id AS job \gset
SELECT campaign.enroll_job(:'job');
SET ROLE regress_upkeep_worker;
SELECT pg_temp.at_time('2030-01-11 13:01');
SELECT campaign.complete_touch(lease_token, address) FROM campaign.claim_due_touches('worker 1');
SELECT pg_temp.at_time('2030-01-11 14:30');
SELECT campaign.complete_touch(lease_token, address) FROM campaign.claim_due_touches('worker 1') WHERE contact_id = :'dan';
SELECT campaign.record_event('opened', '2030-01-11 14:31', provider_id => 'nobody''s', tenant => :'acme', event_id => 'unmatched');
RESET ROLE;
CREATE TEMP VIEW history AS
	SELECT k.first_name, e.status, e.log_removed_at IS NOT NULL AS removed,
		(SELECT count(*) FROM campaign.send_logs l WHERE l.enrollment_id = e.id) AS logged, (SELECT count(*) FROM campaign.touch_events v WHERE v.enrollment_id = e.id) AS events
	  FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id ORDER BY k.first_name, e.enrolled_at;
CREATE TEMP VIEW loose AS
	SELECT (SELECT count(*) FROM campaign.send_logs WHERE enrollment_id IS NULL) AS by_hand, (SELECT count(*) FROM campaign.touch_events WHERE unmatched) AS unmatched,
		(SELECT count(*) FROM campaign.job_enrollments) AS jobs, (SELECT count(*) FROM campaign.enrollment_conflicts WHERE resolution IS NOT NULL) AS conflicts;
CREATE TEMP TABLE counted AS SELECT * FROM campaign.campaign_analytics WHERE tenant_id = :'acme';
CREATE TEMP TABLE counted_touches AS SELECT * FROM campaign.touch_analytics WHERE tenant_id = :'acme';
\o
TABLE history;
TABLE loose;
SELECT pg_temp.at_time('2030-12-01 12:00');
SET ROLE regress_upkeep_admin;
SELECT campaign.remove_old_logs();
SET ROLE regress_upkeep_ann;
\set VERBOSITY terse
UPDATE campaign.tenants SET log_retention = '89 days' WHERE id = :'acme';
\set VERBOSITY default
UPDATE campaign.tenants SET log_retention = '365 days' WHERE id = :'acme';
SET ROLE regress_upkeep_admin;
SELECT campaign.remove_old_logs();
SET ROLE regress_upkeep_ann;
UPDATE campaign.tenants SET log_retention = '90 days' WHERE id = :'acme';
SET ROLE regress_upkeep_admin;
-- in batches
SELECT task, done, detail FROM campaign.run_maintenance(1) WHERE task = 'remove_logs';
SELECT campaign.remove_old_logs() > 0 AS more;
SELECT campaign.remove_old_logs();
-- what has ended is gone, what lives is there, from its beginning
RESET ROLE;
TABLE history;
TABLE loose;
SET ROLE regress_upkeep_ann;
SELECT k.first_name, t.touch_number, t.status FROM campaign.enrollment_touches t JOIN campaign.contacts k ON k.id = t.contact_id
 WHERE k.first_name IN ('Bob', 'Dan') ORDER BY 1, 2;
RESET ROLE;
-- counts stay
SELECT count(*) FROM ((TABLE counted EXCEPT SELECT * FROM campaign.campaign_analytics) UNION ALL
	(SELECT * FROM campaign.campaign_analytics WHERE tenant_id = :'acme' EXCEPT TABLE counted)) d;
SELECT count(*) FROM ((TABLE counted_touches EXCEPT SELECT * FROM campaign.touch_analytics) UNION ALL
	(SELECT * FROM campaign.touch_analytics WHERE tenant_id = :'acme' EXCEPT TABLE counted_touches)) d;

--
-- Scheduled by pg_cron, which this server has not
--
SET ROLE regress_upkeep_admin;
SELECT campaign.schedule_maintenance();
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.schedule_maintenance(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.unschedule_maintenance();
RESET ROLE;
SET cron.database_name = 'elsewhere';
SET ROLE regress_upkeep_admin;
SELECT campaign.schedule_maintenance('0 3 * * *');
RESET ROLE;
RESET cron.database_name;
SET ROLE regress_upkeep_ann;
SELECT campaign.schedule_maintenance();
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'upkeep-acme'), campaign.delete_tenant(:'other', 'upkeep-other');
SELECT campaign.revoke_access(r) FROM unnest('{regress_upkeep_ann,regress_upkeep_admin,regress_upkeep_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP OWNED BY regress_upkeep_worker;
DROP ROLE regress_upkeep_ann, regress_upkeep_admin, regress_upkeep_worker;
