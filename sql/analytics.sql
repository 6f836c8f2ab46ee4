-- Analytics: what the views say of touches, campaigns, service types and days.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_analytics_ann;
CREATE ROLE regress_analytics_eve;
CREATE ROLE regress_analytics_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_analytics_ann,regress_analytics_eve}'::name[]) r;
SELECT campaign.grant_access('regress_analytics_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'analytics-acme', 'America/New_York', 'regress_analytics_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'analytics-eve', 'UTC', 'regress_analytics_eve') AS eve \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00', min_gap = '0' WHERE id IN (:'acme', :'eve');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_analytics_ann;
SELECT campaign.create_campaign(:'acme', 'Reviews', '[
	{"channel": "email", "label": "Thanks", "subject": "One", "body_text": "x"},
	{"channel": "email", "label": "Reminder", "subject": "Two", "body_text": "x", "delay_hours": 24}]') AS reviews \gset
SELECT campaign.launch_campaign(:'reviews') \g /dev/null

--
-- Before anything has happened: every touch of the plan, and no rate
--
SELECT touch_number, channel, label, sent, failed, converted, open_rate, failure_rate FROM campaign.touch_analytics ORDER BY 1;
SELECT name, status, enrolled, live, completed, stopped, stop_reasons, sent, conversion_rate, average_touches, average_time_to_complete FROM campaign.campaign_analytics;
SELECT stage, name, enrollments, of_enrolled, of_previous FROM campaign.campaign_funnel ORDER BY stage;
SELECT count(*) FROM campaign.service_type_analytics;

--
-- Ten jobs: nine first messages are sent, one fails; two contacts answer; the others get the second
--
\o /dev/null
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'acme', 'c' || n, 'c' || n || '@x.example' FROM generate_series(0, 9) n;
SELECT campaign.create_job(id, CASE WHEN first_name < 'c4' THEN 'plumbing' ELSE 'hvac' END, 'completed') FROM campaign.contacts ORDER BY first_name;
SET ROLE regress_analytics_worker;
SELECT campaign.report_touches(array_agg(ROW(c.lease_token, CASE c.address WHEN 'c9@x.example' THEN 'failed' ELSE 'sent' END,
	'provider', 'busy', true, NULL, NULL, NULL)::campaign.touch_result)) FROM campaign.claim_due_touches('worker 1') c;
SET ROLE regress_analytics_ann;
SELECT campaign.stop_contact(id, 'replied') FROM campaign.contacts WHERE first_name IN ('c0', 'c5');
SELECT campaign.stop_contact(id) FROM campaign.contacts WHERE first_name = 'c1';
SELECT pg_temp.at_time('2030-01-11 12:30');
SET ROLE regress_analytics_worker;
SELECT campaign.complete_touch(c.lease_token) FROM campaign.claim_due_touches('worker 1', 6) c;
\o
SET ROLE regress_analytics_ann;
SELECT touch_number, label, sent, skipped, failed, failure_rate FROM campaign.touch_analytics ORDER BY 1;
SELECT enrolled, live, active, frozen, completed, stopped, stop_reasons, sent, failed, average_touches,
	date_trunc('hour', average_time_to_complete) AS average_time_to_complete FROM campaign.campaign_analytics;
SELECT service_type, enrolled, live, completed, stopped, sent, failed FROM campaign.service_type_analytics ORDER BY 1;
SELECT stage, name, enrollments, of_enrolled, of_previous FROM campaign.campaign_funnel ORDER BY stage;
-- live ones of a campaign that does not run are frozen
SELECT campaign.pause_campaign(:'reviews') \g /dev/null
SELECT live, active, frozen FROM campaign.campaign_analytics;
SELECT campaign.resume_campaign(:'reviews') \g /dev/null

--
-- Events, as record_event() counts them: each once a touch. Machine opens count apart, two kinds of bounce together and apart
--
RESET ROLE;
\o /dev/null
SELECT campaign.count_touch_event(:'acme', :'reviews', t, s, m, campaign.now(), n) FROM (VALUES
	(1, 'plumbing', 'delivered', 3), (1, 'hvac', 'delivered', 5), (1, 'hvac', 'opened', 4), (1, 'hvac', 'machine_opened', 2),
	(1, 'plumbing', 'clicked', 2), (1, 'plumbing', 'converted', 1), (1, 'plumbing', 'reviewed', 1), (1, 'hvac', 'replied', 1),
	(2, 'hvac', 'bounced_hard', 1), (2, 'hvac', 'bounced_soft', 2), (2, 'plumbing', 'complained', 1), (2, 'hvac', 'unsubscribed', 1),
	(2, 'hvac', 'feedback', 1), (2, 'hvac', 'converted', 1)) v(t, s, m, n);
\o
SET ROLE regress_analytics_ann;
SELECT touch_number, sent, delivered, opened, machine_opened, clicked, replied, converted, reviewed, feedback FROM campaign.touch_analytics ORDER BY 1;
SELECT touch_number, bounced, bounced_hard, bounced_soft, complained, unsubscribed FROM campaign.touch_analytics ORDER BY 1;
SELECT touch_number, delivery_rate, open_rate, click_rate, reply_rate, conversion_rate, bounce_rate, complaint_rate, unsubscribe_rate FROM campaign.touch_analytics ORDER BY 1;
SELECT delivered, opened, machine_opened, clicked, replied, converted, reviewed, feedback, bounced, complained, unsubscribed FROM campaign.campaign_analytics;
SELECT delivery_rate, open_rate, click_rate, reply_rate, conversion_rate, bounce_rate, complaint_rate, unsubscribe_rate, failure_rate FROM campaign.campaign_analytics;
SELECT service_type, delivered, opened, clicked, replied, converted, bounced, complained, unsubscribed, open_rate, conversion_rate FROM campaign.service_type_analytics ORDER BY 1;
SELECT stage, name, enrollments, of_enrolled, of_previous FROM campaign.campaign_funnel ORDER BY stage;
-- the same when it is folded
RESET ROLE;
CREATE TEMP TABLE before AS SELECT to_jsonb(t) AS r FROM campaign.touch_analytics t WHERE t.tenant_id = :'acme'
	UNION ALL SELECT to_jsonb(t) FROM campaign.campaign_analytics t WHERE t.tenant_id = :'acme' UNION ALL SELECT to_jsonb(t) FROM campaign.service_type_analytics t WHERE t.tenant_id = :'acme'
	UNION ALL SELECT to_jsonb(t) FROM campaign.campaign_funnel t WHERE t.tenant_id = :'acme' UNION ALL SELECT to_jsonb(t) FROM campaign.daily_analytics(:'reviews') t;
SELECT campaign.fold_counts() > 0 AS folded;
SELECT count(*) AS differences FROM (
	(SELECT to_jsonb(t) AS r FROM campaign.touch_analytics t WHERE t.tenant_id = :'acme'
	UNION ALL SELECT to_jsonb(t) FROM campaign.campaign_analytics t WHERE t.tenant_id = :'acme' UNION ALL SELECT to_jsonb(t) FROM campaign.service_type_analytics t WHERE t.tenant_id = :'acme'
	UNION ALL SELECT to_jsonb(t) FROM campaign.campaign_funnel t WHERE t.tenant_id = :'acme' UNION ALL SELECT to_jsonb(t) FROM campaign.daily_analytics(:'reviews') t)
	EXCEPT ALL TABLE before) d;

--
-- Days, in the tenant's time zone; every day has its row
--
SET ROLE regress_analytics_ann;
SELECT day, enrolled, completed, stopped, sent, failed, delivered, opened, clicked, replied, converted, bounced, complained, unsubscribed
FROM campaign.daily_analytics(:'reviews', '2030-01-08', '2030-01-12');
-- three in the morning in UTC is the evening before in New York
RESET ROLE;
SELECT campaign.count_touch_event(:'acme', :'reviews', 1, NULL, 'opened', '2030-01-09 03:00') \g /dev/null
SET ROLE regress_analytics_ann;
SELECT day, opened FROM campaign.daily_analytics(:'reviews', '2030-01-08', '2030-01-09');
-- the last thirty days; a day; none
SELECT count(*), min(day), max(day) FROM campaign.daily_analytics(:'reviews');
SELECT count(*) FROM campaign.daily_analytics(:'reviews', '2030-01-10', '2030-01-10');
SELECT count(*) FROM campaign.daily_analytics(:'reviews', '2030-01-10', '2030-01-09');
SELECT count(*) FROM campaign.daily_analytics(:'reviews', '2020-01-10', '2030-01-09');
SELECT count(*) FROM campaign.daily_analytics(:'reviews', '2019-01-10', '2030-01-09');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM campaign.daily_analytics(:'reviews', '-infinity', '2030-01-09');
SELECT count(*) FROM campaign.daily_analytics(NULL);
\echo :LAST_ERROR_SQLSTATE

--
-- A revised plan: touches go by their number, with the newest name; one that is left out keeps its history
--
SELECT campaign.revise_campaign(:'reviews', '[{"channel": "call", "label": "Ring", "body_text": "x"}]') AS version;
SELECT touch_number, channel, label, sent FROM campaign.touch_analytics ORDER BY 1;

--
-- No figure is read from the log, and there are as few totals as there are things to count
--
RESET ROLE;
CREATE FUNCTION pg_temp.tables_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
		RETURN QUERY SELECT c.relname::text FROM regexp_matches(line, ' on ([a-z_]+)') m
			JOIN pg_class c ON c.relname = m[1] AND c.relkind = 'r' AND c.relnamespace = 'campaign'::regnamespace;
	END LOOP;
END $$;
SET enable_bitmapscan = off;
SELECT DISTINCT pg_temp.tables_of('SELECT * FROM campaign.' || v || ' WHERE tenant_id = ''00000000-0000-0000-0000-000000000000''') AS reads
FROM unnest('{touch_analytics,campaign_analytics,service_type_analytics,campaign_funnel}'::text[]) v ORDER BY 1;
RESET enable_bitmapscan;
SELECT count(*) AS totals, sum(n) AS counted FROM campaign.touch_counts WHERE tenant_id = :'acme';
SET ROLE regress_analytics_ann;
SELECT pg_temp.at_time('2030-01-12 12:00');
\o /dev/null
INSERT INTO campaign.contacts (tenant_id, first_name, phone) SELECT :'acme', 'd', '+1212555' || n FROM generate_series(1000, 1099) n;
SELECT campaign.create_job(id, 'hvac', 'completed') FROM campaign.contacts WHERE first_name = 'd';
SET ROLE regress_analytics_worker;
SELECT campaign.report_touches(array_agg(ROW(c.lease_token, 'sent', NULL, NULL, NULL, NULL, NULL, NULL)::campaign.touch_result))
FROM campaign.claim_due_touches('worker 1', channels => '{call}') c;
\o
RESET ROLE;
-- a report of a hundred touches writes two rows: sent, and completed
SELECT metric, n, round(seconds / 600.0) AS ten_minutes FROM campaign.touch_count_deltas WHERE tenant_id = :'acme' AND metric IN ('sent', 'completed') AND n > 1 ORDER BY metric;
SELECT campaign.fold_counts() > 0 AS folded;
SELECT count(*) AS totals, sum(n) AS counted FROM campaign.touch_counts WHERE tenant_id = :'acme';
SELECT count(*) AS differences FROM campaign.recount(:'reviews') r
WHERE r.metric IN ('enrolled', 'completed', 'sent', 'failed', 'skipped') AND r.counted <> r.recounted;

--
-- Everybody sees his own
--
SET ROLE regress_analytics_eve;
SELECT (SELECT count(*) FROM campaign.touch_analytics) AS touches, (SELECT count(*) FROM campaign.campaign_analytics) AS campaigns,
	(SELECT count(*) FROM campaign.service_type_analytics) AS services, (SELECT count(*) FROM campaign.campaign_funnel) AS stages;
\set VERBOSITY sqlstate
SELECT * FROM campaign.daily_analytics(:'reviews');
\set VERBOSITY terse
SET ROLE regress_analytics_worker;
SELECT count(*) FROM campaign.campaign_analytics;
SELECT count(*) FROM campaign.daily_analytics(:'reviews');
\set VERBOSITY default
RESET ROLE;

RESET campaign.clock_offset;
\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'analytics-acme'), campaign.delete_tenant(:'eve', 'analytics-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_analytics_ann,regress_analytics_eve,regress_analytics_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP ROLE regress_analytics_ann, regress_analytics_eve, regress_analytics_worker;
