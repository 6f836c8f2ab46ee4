-- What went wrong in the reference product with its figures. "Defect N" is its number in the list of defects.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
CREATE ROLE regress_defect20_ann;
CREATE ROLE regress_defect20_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
\o /dev/null
SELECT campaign.grant_access('regress_defect20_ann', 'member'), campaign.grant_access('regress_defect20_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'defect20-acme', 'UTC', 'regress_defect20_ann') AS acme \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE id = :'acme';
SELECT pg_temp.at_time('2030-01-10 12:00');
SET ROLE regress_defect20_ann;
SELECT campaign.create_campaign(:'acme', 'Reviews', '[
	{"channel": "email", "subject": "One", "body_text": "x"},
	{"channel": "email", "subject": "Two", "body_text": "x", "delay_hours": 24}]', 'contacts') AS reviews \gset
SELECT campaign.launch_campaign(:'reviews');
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'acme', n, n || '@x.example' FROM unnest('{bob,cid}'::text[]) n;
SELECT campaign.enroll(:'reviews', id) FROM campaign.contacts ORDER BY first_name;
SET ROLE regress_defect20_worker;
SELECT campaign.complete_touch(c.lease_token, c.address || ' 1') FROM campaign.claim_due_touches('worker 1') c;
\o

--
-- Defect 20: analytics joined messages to what became of them, and one send with two feedbacks counted as two sends
--
SELECT pg_temp.at_time('2030-01-10 13:00') \g /dev/null
SELECT kind, (campaign.record_event(kind, provider_id => 'bob@x.example 1', event_id => kind || ' ' || n, tenant => :'acme')).result
FROM (VALUES ('delivered', 1), ('delivered', 2), ('opened', 1), ('opened', 2), ('opened', 3), ('clicked', 1), ('clicked', 2)) e(kind, n);
SELECT n, (campaign.record_event('feedback', provider_id => 'bob@x.example 1', event_id => 'feedback ' || n, tenant => :'acme')).result FROM generate_series(1, 2) n;
-- what comes twice under one id is one event
SELECT (campaign.record_event('feedback', provider_id => 'bob@x.example 1', event_id => 'feedback 2', tenant => :'acme')).result;
-- a review counts once, whether it is told, told again, or seen by a click on its link, and converts the enrolment once
SELECT kind, (campaign.record_event(kind, provider_id => 'cid@x.example 1', event_id => kind || n, data => d::jsonb, tenant => :'acme')).result
FROM (VALUES ('clicked', 1, '{"link": "review"}'), ('reviewed', 2, NULL), ('reviewed', 3, NULL), ('clicked', 4, '{"link": "review"}')) e(kind, n, d);
SET ROLE regress_defect20_ann;
SELECT (SELECT count(*) FROM campaign.send_logs) AS messages, (SELECT count(*) FROM campaign.touch_events) AS events;
SELECT touch_number, sent, delivered, opened, clicked, feedback, reviewed, converted FROM campaign.touch_analytics ORDER BY 1;
SELECT enrolled, stopped, stop_reasons, sent, delivered, opened, clicked, feedback, reviewed, converted, conversion_rate FROM campaign.campaign_analytics;
SELECT name, enrollments FROM campaign.campaign_funnel ORDER BY stage;
SELECT day, sent, delivered, opened, clicked, converted FROM campaign.daily_analytics(:'reviews', '2030-01-10', '2030-01-10');
SELECT * FROM campaign.recount(:'reviews');
RESET ROLE;
SELECT campaign.fold_counts() > 0 AS folded;
SET ROLE regress_defect20_ann;
SELECT sent, feedback, reviewed, converted FROM campaign.campaign_analytics;
SELECT count(*) AS differences FROM campaign.recount(:'reviews') WHERE counted <> recounted;

--
-- A message that a person sent is of no campaign, and shows in the history of its contact
--
SELECT campaign.log_send(id, 'call', subject => 'Rang him') IS NOT NULL AS logged FROM campaign.contacts WHERE first_name = 'bob';
SELECT sent FROM campaign.campaign_analytics;
SELECT what, detail, channel, subject, touch_number, is_manual FROM campaign.contact_history h JOIN campaign.contacts k ON k.id = h.contact_id
WHERE k.first_name = 'bob' ORDER BY h.at, what, is_manual;
RESET ROLE;

RESET campaign.clock_offset;
\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'defect20-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_defect20_ann,regress_defect20_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP ROLE regress_defect20_ann, regress_defect20_worker;
