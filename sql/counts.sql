-- Counts: what became of touches and enrolments, at every step the same as the log and the enrolments say.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_counts_ann;
CREATE ROLE regress_counts_eve;
CREATE ROLE regress_counts_worker;
CREATE ROLE regress_counts_admin;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.expire_leases() RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until > clock_timestamp() $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_counts_ann,regress_counts_eve}'::name[]) r;
SELECT campaign.grant_access('regress_counts_worker', 'worker'), campaign.grant_access('regress_counts_admin', 'admin');
SELECT campaign.create_tenant('Acme', 'counts-acme', 'Asia/Tokyo', 'regress_counts_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'counts-eve', 'UTC', 'regress_counts_eve') AS eve \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00', min_gap = '0' WHERE id IN (:'acme', :'eve');
SELECT pg_temp.at_time('2030-01-10 12:00');
-- what reports find in the claims of this session
CREATE TEMP TABLE claimed (n bigint, enrollment uuid, touch smallint, token text);
GRANT ALL ON claimed TO PUBLIC;
CREATE FUNCTION pg_temp.claim() RETURNS bigint LANGUAGE sql AS $$
	TRUNCATE claimed;
	INSERT INTO claimed SELECT row_number() OVER (ORDER BY c.address), c.enrollment_id, c.touch_number, c.lease_token
	FROM campaign.claim_due_touches('worker 1') c;
	SELECT count(*) FROM claimed $$;
ALTER TABLE claimed OWNER TO regress_counts_worker;
\o
SET ROLE regress_counts_ann;
SELECT campaign.create_campaign(:'acme', 'Two', '[
	{"channel": "email", "subject": "One", "body_text": "x"},
	{"channel": "email", "subject": "Two", "body_text": "x", "delay_hours": 24}]') AS two \gset
\o /dev/null
SELECT campaign.launch_campaign(:'two');
\o
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'acme', 'c' || n, 'c' || n || '@x.example' FROM generate_series(1, 8) n;

--
-- Everything is counted as it happens, and is what a recount comes to
--
\o /dev/null
SELECT campaign.enroll(:'two', id) FROM campaign.contacts WHERE first_name <= 'c5' ORDER BY first_name;
SELECT campaign.create_job(id, 'plumbing', 'completed') FROM campaign.contacts WHERE first_name > 'c5' ORDER BY first_name;
\o
SELECT * FROM campaign.recount(:'two');
SET ROLE regress_counts_worker;
SELECT pg_temp.claim();
-- sent, skipped, failed for good, and failed but tried again: that is no outcome yet
SELECT result, count(*) FROM campaign.report_touches(ARRAY(
	SELECT ROW(token, CASE WHEN n <= 4 THEN 'sent' WHEN n = 5 THEN 'skipped' ELSE 'failed' END, 'provider ' || n, 'busy', n = 6, 'no need',
		'2030-01-09 14:59:59'::timestamptz + n * interval '1 second', NULL)::campaign.touch_result
	FROM claimed ORDER BY n)) GROUP BY 1;
-- one row for each thing that a call has counted, not one for each touch
RESET ROLE;
SELECT touch_number, service_type, metric, at, day, n FROM campaign.touch_count_deltas
WHERE tenant_id = :'acme' AND touch_number > 0 ORDER BY metric, service_type, at;
SET ROLE regress_counts_ann;
SELECT * FROM campaign.recount(:'two');
-- the same report once more counts nothing
SET ROLE regress_counts_worker;
SELECT result FROM campaign.complete_touch((SELECT token FROM claimed WHERE n = 1));
SET ROLE regress_counts_ann;
SELECT count(*) FROM campaign.recount(:'two') WHERE counted <> recounted;

--
-- Stopped while a worker holds the touch: the stop counts at once, and what was sent all the same when it is reported
--
SELECT pg_temp.at_time('2030-01-11 12:00') \g /dev/null
SET ROLE regress_counts_worker;
SELECT pg_temp.claim();
SET ROLE regress_counts_ann;
SELECT count(campaign.stop_enrollment(enrollment, CASE n WHEN 1 THEN 'replied' ELSE 'owner_stopped' END)) FROM claimed WHERE n <= 2;
SET ROLE regress_counts_worker;
SELECT n, (campaign.complete_touch(token)).result FROM claimed WHERE n <= 4 ORDER BY n;
SET ROLE regress_counts_ann;
SELECT * FROM campaign.recount(:'two');

--
-- Folding moves what was counted into the totals, and changes no answer
--
SELECT campaign.fold_counts();
SET ROLE regress_counts_admin;
SELECT campaign.fold_counts(0), campaign.fold_counts(1), campaign.fold_counts() > 5 AS the_rest, campaign.fold_counts() AS again;
SET ROLE regress_counts_ann;
SELECT count(*) FROM campaign.touch_count_deltas;
SELECT * FROM campaign.recount(:'two');
SELECT touch_number, service_type, metric, n, round(seconds / 60.0) AS minutes FROM campaign.touch_counts ORDER BY touch_number, metric, service_type;
-- by day, in the tenant's time zone: what was sent at 14:59 in UTC was sent a minute before midnight
SELECT day, metric, n FROM campaign.daily_counts ORDER BY day, metric;
SELECT metric, sum(n) FROM campaign.recent_counts GROUP BY 1 ORDER BY 1;
SELECT folded_at > '2030-01-11' AS folded FROM campaign.count_folds;
-- what is older than 25 hours leaves the recent ones, not the totals
SELECT pg_temp.at_time('2030-01-12 12:00') \g /dev/null
SET ROLE regress_counts_worker;
SELECT pg_temp.expire_leases();
SELECT pg_temp.claim();
SELECT count(campaign.complete_touch(token)) FROM claimed WHERE n = 1;
SET ROLE regress_counts_admin;
SELECT campaign.fold_counts() > 0 AS folded;
SET ROLE regress_counts_ann;
SELECT metric, n FROM campaign.recent_counts ORDER BY 1;
SELECT metric, sum(n) FROM campaign.touch_counts WHERE metric = 'sent' GROUP BY 1;

--
-- A touch that failed for good and is tried again counts as failed, and then as what comes of it; an enrolment that is
-- reopened has not completed
--
SET ROLE regress_counts_worker;
SELECT (campaign.skip_touch(token, 'no need')).enrollment_status FROM claimed WHERE n > 1 ORDER BY n;
SET ROLE regress_counts_ann;
SELECT enrollment_id AS dead FROM campaign.dead_touches \gset
SELECT status FROM campaign.campaign_enrollments WHERE id = :'dead';
SELECT * FROM campaign.recount(:'two') WHERE metric IN ('completed', 'failed', 'sent');
SELECT campaign.retry_touch(:'dead', 1) IS NOT NULL AS retried;
SELECT * FROM campaign.recount(:'two') WHERE metric IN ('completed', 'failed', 'sent');
SET ROLE regress_counts_worker;
SELECT pg_temp.claim();
SELECT (campaign.complete_touch(token)).enrollment_status FROM claimed;
SET ROLE regress_counts_ann;
SELECT * FROM campaign.recount(:'two') WHERE metric IN ('completed', 'failed', 'sent');

--
-- Ended by a touch whose failure ends the sequence, by a person, and with an archived campaign
--
SELECT campaign.create_campaign(:'acme', 'Brittle', '[{"channel": "email", "subject": "One", "body_text": "x", "on_failure": "stop"}]', 'contacts') AS brittle \gset
\o /dev/null
SELECT campaign.launch_campaign(:'brittle');
SELECT campaign.enroll(:'brittle', id) FROM campaign.contacts WHERE first_name <= 'c3' ORDER BY first_name;
\o
SET ROLE regress_counts_worker;
SELECT pg_temp.claim();
SELECT n, (campaign.fail_touch(token, 'no such mailbox', true)).enrollment_status FROM claimed WHERE n = 1;
SET ROLE regress_counts_ann;
SELECT count(campaign.stop_contact(id)) FROM campaign.contacts WHERE first_name = 'c2';
RESET ROLE;
SELECT pg_temp.expire_leases();
SET ROLE regress_counts_ann;
SELECT campaign.pause_campaign(:'brittle'), campaign.transition_campaign(:'brittle', 'archived');
SELECT * FROM campaign.recount(:'brittle');

--
-- A call that counts many different things
--
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'acme', 'd' || n, 'd' || n || '@x.example' FROM generate_series(1, 8) n;
SELECT count(campaign.create_job(k.id, s.service_type, 'completed')) FROM campaign.contacts k
JOIN (SELECT t.service_type, 'd' || row_number() OVER (ORDER BY t.service_type) AS name FROM campaign.service_types t WHERE t.tenant_id = :'acme') s ON s.name = k.first_name;
SET ROLE regress_counts_worker;
SELECT pg_temp.claim();
SELECT result, count(*) FROM campaign.report_touches(ARRAY(SELECT ROW(token, 'sent', NULL, NULL, NULL, NULL, NULL, NULL)::campaign.touch_result FROM claimed)) GROUP BY 1;
SET ROLE regress_counts_ann;
SELECT touch_number, service_type, metric, n FROM campaign.touch_count_deltas WHERE campaign_id = :'two' AND metric = 'sent' AND touch_number = 1 AND service_type <> '' ORDER BY service_type, id;
SELECT count(*) FROM campaign.recount(:'two') WHERE counted <> recounted;

--
-- What is undone is not counted
--
BEGIN;
SELECT (campaign.enroll(:'two', id)).outcome FROM campaign.contacts WHERE first_name = 'c1';
SELECT counted FROM campaign.recount(:'two') WHERE metric = 'enrolled';
ROLLBACK;
SELECT counted FROM campaign.recount(:'two') WHERE metric = 'enrolled';

--
-- The functions behind it
--
RESET ROLE;
SELECT campaign.create_campaign(:'eve', 'Counted', '[{"channel": "email", "subject": "One", "body_text": "x"}]') AS counted \gset
\o /dev/null
SELECT campaign.count_touch_event(:'eve', :'counted', 1, 'hvac', 'delivered', '2030-01-10 12:04:59.999', 3);
SELECT campaign.count_touch_event(:'eve', :'counted', 1, NULL, 'delivered', '2030-01-10 12:05');
SELECT campaign.count_touch_event(:'eve', :'counted', 0, 'hvac', 'stopped.replied', '2030-01-10 12:05', 2, 90);
-- times that no zone has a day for are counted at the ends of the calendar
SELECT campaign.count_touch_event(:'eve', :'counted', 1, 'hvac', 'opened', '4713-01-01 BC');
SELECT campaign.count_touch_event(:'eve', :'counted', 1, 'hvac', 'opened', '294276-01-01');
\o
SELECT touch_number, service_type, metric, at, day, n, seconds, at = campaign.count_bucket(at) AS same FROM campaign.touch_count_deltas
WHERE tenant_id = :'eve' ORDER BY metric, at, service_type;
SELECT campaign.count_touch_event(:'eve', :'counted', 1, 'hvac', 'nonsense', '2030-01-10');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.count_touch_event(:'eve', :'counted', 1, 'hvac', 'sent', 'infinity');
SELECT campaign.count_touch_event(:'eve', :'counted', NULL, 'hvac', 'sent', '2030-01-10');
\echo :LAST_ERROR_SQLSTATE
-- a zone that the server does not know is UTC
SELECT campaign.count_day('2030-01-10 12:00', 'Mars/Phobos') AS mars, campaign.count_day('2030-01-10 23:00', 'Asia/Tokyo') AS tokyo,
	campaign.count_day('2030-01-10 02:00', 'America/New_York') AS new_york;
-- what is counted after a resume is kept apart from what came before, within the same five minutes
SELECT campaign.launch_campaign(:'counted') \g /dev/null
UPDATE campaign.lanes SET resumed_at = '2030-01-10 13:02' WHERE campaign_id = :'counted';
\o /dev/null
SELECT campaign.count_touch_event(:'eve', :'counted', 1, 'hvac', 'failed', '2030-01-10 13:01:59');
SELECT campaign.count_touch_event(:'eve', :'counted', 1, 'hvac', 'failed', '2030-01-10 13:02');
SELECT campaign.count_touch_event(:'eve', :'counted', 1, 'hvac', 'failed', '2030-01-10 13:07');
\o
SELECT at FROM campaign.touch_count_deltas WHERE tenant_id = :'eve' AND metric = 'failed' ORDER BY at;

--
-- Everybody reads his own, and nobody writes
--
SET ROLE regress_counts_ann;
\set VERBOSITY sqlstate
SELECT * FROM campaign.recount(:'counted');
\set VERBOSITY default
SELECT * FROM campaign.recount(NULL);
SELECT count(*) FROM campaign.touch_count_deltas WHERE tenant_id = :'eve';
SELECT count(*) FROM campaign.counts WHERE tenant_id = :'eve';
\set VERBOSITY terse
SELECT campaign.count_touch_event(:'acme', :'two', 1, NULL, 'sent', '2030-01-10');
SELECT campaign.count_enrollments(:'acme', :'two', 'enrolled', '{}');
SELECT campaign.fold_counts();
UPDATE campaign.touch_counts SET n = 1000;
INSERT INTO campaign.touch_count_deltas (tenant_id, campaign_id, touch_number, service_type, metric, at, day, n, seconds) VALUES (:'acme', :'two', 1, '', 'sent', '2030-01-10', '2030-01-10', 1000, 0);
SET ROLE regress_counts_worker;
SELECT count(*) FROM campaign.touch_counts;
SELECT * FROM campaign.recount(:'two');
\set VERBOSITY default

-- a tenant that goes takes its counts along
SET ROLE regress_counts_admin;
SELECT campaign.fold_counts() > 0 AS folded;
SELECT campaign.delete_tenant(:'eve', 'counts-eve');
RESET ROLE;
SELECT (SELECT count(*) FROM campaign.touch_counts WHERE tenant_id = :'eve') AS totals, (SELECT count(*) FROM campaign.daily_counts WHERE tenant_id = :'eve') AS days,
	(SELECT count(*) FROM campaign.recent_counts WHERE tenant_id = :'eve') AS recent, (SELECT count(*) FROM campaign.count_folds WHERE tenant_id = :'eve') AS folds;
RESET campaign.clock_offset;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'counts-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_counts_ann,regress_counts_eve,regress_counts_worker,regress_counts_admin}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP FUNCTION pg_temp.claim();
DROP TABLE claimed;
DROP OWNED BY regress_counts_ann, regress_counts_worker;
DROP ROLE regress_counts_ann, regress_counts_eve, regress_counts_worker, regress_counts_admin;
