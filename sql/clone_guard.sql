-- The clone guard: with it on, only the cluster that was armed hands out work. (Real copies: test/tap/clone.t)
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
\set SHOW_CONTEXT never
CREATE ROLE regress_guard_worker;
CREATE ROLE regress_guard_admin;
CREATE ROLE regress_guard_member;
\o /dev/null
SELECT campaign.grant_access('regress_guard_worker', 'worker'), campaign.grant_access('regress_guard_admin', 'admin'),
	campaign.grant_access('regress_guard_member', 'member');
SELECT campaign.create_tenant('Acme', 'guard-acme', 'UTC', 'regress_guard_member') AS acme \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE id = :'acme';
INSERT INTO campaign.contacts (tenant_id, first_name, phone) VALUES (:'acme', 'Bob', '+12125550100') RETURNING id AS bob \gset
SELECT campaign.create_campaign(:'acme', 'Call', '[{"channel": "call", "body_text": "x"}]', 'contacts') AS call \gset
SELECT campaign.launch_campaign(:'call'), campaign.enroll(:'call', :'bob', anchor_at => '2020-01-01');
\o

-- off unless somebody switches it on, who must be a superuser
SHOW campaign.clone_guard;
SET ROLE regress_guard_worker;
SET campaign.clone_guard = off;
\echo :LAST_ERROR_SQLSTATE
-- off, nobody is asked
SELECT touch_number, campaign.begin_send(lease_token) FROM campaign.claim_due_touches('worker 1');
RESET ROLE;
\o /dev/null
SELECT campaign.release_touch(campaign.touch_token(tenant_id, lane, due_at, enrollment_id, touch_number, attempt, fence)) FROM campaign.touch_queue WHERE tenant_id = :'acme';
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 1') \gset
\o

-- on, and nobody has said that this is the cluster: workers are told why, and what to do
SET campaign.clone_guard = on;
SET ROLE regress_guard_worker;
SELECT * FROM campaign.claim_due_touches('worker 1');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.begin_send(:'token');
-- what was sent can be reported
SELECT result FROM campaign.fail_touch(:'token', 'nobody there');
-- it is not up to workers or members
SELECT campaign.arm();
SET ROLE regress_guard_member;
SELECT campaign.arm();
SELECT * FROM campaign.armed_cluster;
SELECT * FROM campaign.clone_guard_differences;
SELECT campaign.cluster_identity();

SET ROLE regress_guard_admin;
SELECT aspect, armed, found IS NOT NULL AS is_known FROM campaign.clone_guard_differences ORDER BY position;
SELECT campaign.arm();
SELECT count(*) FROM campaign.clone_guard_differences;
SELECT armed_by = session_user AS by_me, system_identifier = (SELECT system_identifier FROM pg_control_system()) AS system,
	timeline = (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline, database_id = (SELECT oid FROM pg_database WHERE datname = current_database()) AS database,
	host <> '' AS host FROM campaign.armed_cluster;
SET ROLE regress_guard_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker 1');
-- again, any time
SET ROLE regress_guard_admin;
SELECT campaign.arm();
SELECT count(*) FROM campaign.armed_cluster;

-- as if this were a copy: sessions that had found it armed look again
RESET ROLE;
BEGIN;
UPDATE campaign.armed_cluster SET timeline = timeline + 1, data_directory = '/elsewhere', host = 'another';
SET LOCAL ROLE regress_guard_worker;
SELECT * FROM campaign.claim_due_touches('worker 1');
ROLLBACK;
SELECT count(*) FROM campaign.claim_due_touches('worker 1');
BEGIN;
TRUNCATE campaign.armed_cluster;
SELECT * FROM campaign.claim_due_touches('worker 1');
ROLLBACK;
SELECT count(*) FROM campaign.claim_due_touches('worker 1');
-- one cluster, not two
\set VERBOSITY terse
INSERT INTO campaign.armed_cluster SELECT false, system_identifier, timeline, database_id, data_directory, control_file, host FROM campaign.armed_cluster;
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default

RESET campaign.clone_guard;
\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'guard-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_guard_worker,regress_guard_admin,regress_guard_member}'::name[]) r;
DELETE FROM campaign.workers;
DELETE FROM campaign.armed_cluster;
\o
DROP ROLE regress_guard_worker, regress_guard_admin, regress_guard_member;
