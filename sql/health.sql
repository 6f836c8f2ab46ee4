-- Health: what waits and who works on it, and who may see whose.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_health_ann;
CREATE ROLE regress_health_eve;
CREATE ROLE regress_health_worker;
CREATE ROLE regress_health_admin;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.expire_leases() RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until > clock_timestamp() $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_health_ann,regress_health_eve}'::name[]) r;
SELECT campaign.grant_access('regress_health_worker', 'worker'), campaign.grant_access('regress_health_admin', 'admin');
SELECT campaign.create_tenant('Acme', 'health-acme', 'UTC', 'regress_health_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'health-eve', 'UTC', 'regress_health_eve') AS eve \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00', min_gap = '0' WHERE id IN (:'acme', :'eve');
SELECT pg_temp.at_time('2030-01-10 12:00');
SET ROLE regress_health_ann;
\o

--
-- A tenant in good health, before it has done anything
--
SELECT * FROM campaign.health();
SELECT count(*) FROM campaign.lane_health;
SELECT count(*) FROM campaign.worker_health;

--
-- Lanes: what is due, since when, and who holds what
--
SELECT campaign.create_campaign(:'acme', 'Mail', '[{"channel": "email", "subject": "One", "body_text": "x"}, {"channel": "call", "body_text": "x"}]', 'contacts') AS mail \gset
\o /dev/null
SELECT campaign.launch_campaign(:'mail');
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) SELECT :'acme', 'c' || n, 'c' || n || '@x.example', '+1212555010' || n FROM generate_series(1, 6) n;
SELECT campaign.enroll(:'mail', id, anchor_at => '2030-01-10 11:00') FROM campaign.contacts WHERE first_name < 'c6' ORDER BY first_name;
SELECT campaign.enroll(:'mail', id, anchor_at => '2030-01-10 14:00') FROM campaign.contacts WHERE first_name = 'c6';
\o
CREATE TEMP VIEW lanes AS SELECT campaign_name, channel, paused, throttled_until, due, oldest_due_at, date_trunc('minute', lag) AS lag, live_leases, expired_leases, next_due_at
FROM campaign.lane_health ORDER BY lane;
CREATE TEMP VIEW health AS SELECT name, severity, value, detail FROM campaign.health() WHERE severity <> 'ok' OR value <> 0;
GRANT SELECT ON lanes, health TO PUBLIC;
TABLE lanes;
SELECT name, severity, value / 60 AS minutes, detail FROM campaign.health() WHERE name = 'oldest_due';
SELECT pg_temp.at_time('2030-01-10 12:30') \g /dev/null
SELECT name, severity, value / 60 AS minutes FROM campaign.health() WHERE name = 'oldest_due';
SET ROLE regress_health_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker 1', 2);
SELECT count(campaign.fail_touch(c.lease_token, 'mailbox of ' || c.address || ' is busy')) FROM campaign.claim_due_touches('worker 2', 2) c;
SELECT count(campaign.fail_touch(c.lease_token, 'refused', true)) FROM campaign.claim_due_touches('worker 2', 1) c;
SET ROLE regress_health_ann;
SELECT campaign_name, channel, due, oldest_due_at, live_leases, expired_leases FROM lanes;
SELECT name, live_leases, expired_leases, is_silent FROM campaign.worker_health;
SELECT name, severity, value, detail FROM health WHERE name IN ('due_touches', 'live_leases', 'failures', 'dead_touches', 'silent_workers', 'sent_last_hour');

--
-- A worker that died is silent after a minute, and its leases end
--
RESET ROLE;
UPDATE campaign.workers SET last_seen_at = clock_timestamp() - interval '30 seconds' WHERE name LIKE 'worker _';
SET ROLE regress_health_ann;
SELECT name, is_silent FROM campaign.worker_health;
RESET ROLE;
UPDATE campaign.workers SET last_seen_at = clock_timestamp() - interval '90 seconds' WHERE name LIKE 'worker _';
SELECT pg_temp.expire_leases();
SET ROLE regress_health_ann;
SELECT name, live_leases, expired_leases, is_silent FROM campaign.worker_health;
SELECT due, live_leases, expired_leases FROM lanes WHERE channel = 'email';
SELECT name, severity, value, detail FROM health WHERE name IN ('expired_leases', 'silent_workers');
-- whoever claims next takes over
SET ROLE regress_health_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker 3', 1, channels => '{email}') ORDER BY lease_token \gset
SELECT count(campaign.complete_touch(:'token'));
-- a call of which nobody knows whether it was made
SELECT count(*) FROM campaign.claim_due_touches('worker 3', 10, channels => '{call}', begin_now => true);
SELECT pg_temp.expire_leases();
SET ROLE regress_health_ann;
SELECT channel, due, live_leases, expired_leases FROM lanes;
SELECT name, severity, value, detail FROM health WHERE name IN ('uncertain_touches', 'sent_last_hour');

--
-- Paused by the breaker, throttled, and what a person has to look at
--
RESET ROLE;
SELECT campaign.count_touch_event(:'acme', :'mail', 1, NULL, 'failed', campaign.now(), 200) \g /dev/null
SELECT campaign.check_breaker(:'acme', :'mail');
UPDATE campaign.lanes SET throttled_until = '2030-01-10 13:00' WHERE tenant_id = :'acme' AND channel = 'call';
UPDATE campaign.contacts SET timezone = 'Mars/Phobos' WHERE tenant_id = :'acme' AND first_name = 'c1';
SELECT campaign.add_member(:'acme', 'regress_health_gone', 'viewer');
SET ROLE regress_health_ann;
SELECT channel, paused, throttled_until FROM lanes;
SELECT name, severity, value, detail FROM health WHERE name IN ('paused_lanes', 'throttled_lanes', 'tripped_breakers', 'unknown_timezones', 'identity_problems');
-- what cannot be sent is not late
SELECT name, severity, value, detail FROM campaign.health() WHERE name = 'oldest_due';
SELECT name, severity, value > 0 AS some, detail FROM campaign.health() WHERE name = 'unfolded_counts';
RESET ROLE;
SELECT campaign.fold_counts() > 0 AS folded;
SET ROLE regress_health_ann;
SELECT name, severity, value, detail ~ '^last folded at 2030-01-10' AS told FROM campaign.health() WHERE name = 'unfolded_counts';
SELECT name, value FROM health WHERE name = 'sent_last_hour';

--
-- A generation without workers: silent for five minutes, until one claims
--
SET ROLE regress_health_ann;
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Letters', '[{"channel": "email"}]', 'assigned') AS letters \gset
SELECT campaign.assign_contacts(:'letters', ARRAY(SELECT id FROM campaign.contacts));
SELECT campaign.transition_campaign(:'letters', 'ready'), campaign.start_generation(:'letters', include_unready => true);
\o
SELECT severity, value, detail FROM campaign.health() WHERE name = 'idle_generations';
RESET ROLE;
SELECT set_config('campaign.clock_offset', (current_setting('campaign.clock_offset')::interval + '6 minutes')::text, false) IS NOT NULL AS later;
SET ROLE regress_health_ann;
SELECT severity, value, detail FROM campaign.health() WHERE name = 'idle_generations';
SET ROLE regress_health_worker;
SELECT count(*) FROM campaign.claim_generation('writer', 1);
SELECT severity, value, detail FROM campaign.health() WHERE name = 'idle_generations';
SET ROLE regress_health_ann;
SELECT campaign.cancel_generation(:'letters');

--
-- Members see theirs, workers and admins all; workers by functions only
--
SET ROLE regress_health_eve;
SELECT count(*) FROM campaign.lane_health;
SELECT count(*) FROM campaign.worker_health;
TABLE health;
SET ROLE regress_health_worker;
SELECT count(*) FROM campaign.health_of_lanes() WHERE tenant_id = :'acme';
SELECT name, expired_leases FROM campaign.health_of_workers() WHERE name LIKE 'worker _' ORDER BY 1;
SELECT name, value > 0 AS some FROM campaign.health() WHERE name IN ('clone_guard', 'tripped_breakers');
SELECT count(*) FROM campaign.lane_health;
SET ROLE regress_health_admin;
SELECT count(*) FROM campaign.lane_health WHERE tenant_id = :'acme';
SELECT count(*) FROM campaign.worker_health WHERE name LIKE 'worker _';
SELECT name, value > 0 AS some FROM campaign.health() WHERE name IN ('clone_guard', 'tripped_breakers');
RESET ROLE;
-- where the clone guard is on, and this cluster was not armed
SET campaign.clone_guard = on;
SELECT name, severity, value > 0 AS differs FROM campaign.health() WHERE name = 'clone_guard';
SELECT campaign.arm();
SELECT name, severity, value, detail FROM campaign.health() WHERE name = 'clone_guard';
RESET campaign.clone_guard;
DELETE FROM campaign.armed_cluster;
RESET campaign.clock_offset;
\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'health-acme'), campaign.delete_tenant(:'eve', 'health-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_health_ann,regress_health_eve,regress_health_worker,regress_health_admin}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP OWNED BY regress_health_ann;
DROP ROLE regress_health_ann, regress_health_eve, regress_health_worker, regress_health_admin;
