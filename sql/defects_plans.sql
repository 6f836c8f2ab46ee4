-- What went wrong in the reference product with plans that were edited (defect 15 of the list).
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_edit_ann;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - statement_timestamp()) || ' seconds', false) $$;
\o /dev/null
SELECT campaign.grant_access('regress_edit_ann', 'member');
SELECT campaign.create_tenant('Ann', 'edit-ann', 'UTC', 'regress_edit_ann') AS ann \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00', min_gap = '0' WHERE id = :'ann';
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT pg_temp.at_time('2030-01-20 12:00');
-- one step of each of the channels, a day apart
CREATE FUNCTION pg_temp.steps(VARIADIC channels text[]) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('channel', c, 'subject', CASE c WHEN 'email' THEN 'x' END, 'body_text', 'x', 'delay_hours', 24)))
	FROM unnest(channels) c $$;
-- sends whatever comes due until then
CREATE FUNCTION pg_temp.catch_up(until timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	next_time timestamptz;
BEGIN
	LOOP
		next_time := (SELECT min(q.due_at) FROM campaign.touch_queue q WHERE q.lease_until < clock_timestamp());
		EXIT WHEN next_time IS NULL OR next_time > until;
		PERFORM pg_temp.at_time(greatest(next_time, campaign.now()));
		PERFORM campaign.complete_touch(c.lease_token) FROM campaign.claim_due_touches('worker') c;
	END LOOP;
	PERFORM pg_temp.at_time(until);
END $$;
-- two people at each of the places of a plan of four
SELECT campaign.create_campaign(:'ann', 'Edited', pg_temp.steps('email', 'email', 'call', 'email'), 'contacts') AS edited \gset
SELECT campaign.launch_campaign(:'edited');
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone)
SELECT :'ann', i, i || '@x.example', '+12125550100' FROM generate_series(0, 7) i;
SELECT campaign.enroll(:'edited', k.id, anchor_at => timestamptz '2030-01-20 12:00' - interval '1 day' * (k.first_name::integer % 4))
FROM campaign.contacts k WHERE k.tenant_id = :'ann' ORDER BY k.first_name::integer;
SELECT pg_temp.catch_up('2030-01-20 13:00');
-- of the first four one has failed and waits, one failed for good and is tried again, one is with a worker, one was begun
SELECT pg_temp.at_time('2030-01-21 12:00');
SELECT campaign.fail_touch(c.lease_token, 'busy') FROM campaign.claim_due_touches('worker', 1) c;
SELECT campaign.fail_touch(c.lease_token, 'never', permanent => true) FROM campaign.claim_due_touches('worker', 1) c;
SELECT count(*) FROM campaign.claim_due_touches('slow', 1);
SELECT count(*) FROM campaign.claim_due_touches('begun', 1, begin_now => true);
SELECT campaign.retry_touch(d.enrollment_id, d.touch_number) FROM campaign.dead_touches d WHERE d.tenant_id = :'ann';
\o
SELECT q.touch_number AS next_touch, count(*) AS people, count(*) FILTER (WHERE q.lease_until > clock_timestamp()) AS leased,
	count(*) FILTER (WHERE q.resume_touch > 0) AS tried_again, count(*) FILTER (WHERE q.attempt > 0 AND q.lease_until = '-infinity' AND q.resume_touch = 0) AS waiting
FROM campaign.touch_queue q WHERE q.tenant_id = :'ann' GROUP BY 1 ORDER BY 1;
-- stranded: active, and without a touch that can be claimed or reported, by the enrolment's own plan
CREATE TEMP VIEW stranded AS
	SELECT e.id FROM campaign.campaign_enrollments e
		LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
		LEFT JOIN campaign.campaign_touches t ON t.tenant_id = e.tenant_id AND t.campaign_id = e.campaign_id AND t.plan_version = e.plan_version AND t.touch_number = q.touch_number
		LEFT JOIN campaign.lanes l ON l.tenant_id = q.tenant_id AND l.lane = q.lane AND l.campaign_id = e.campaign_id AND l.channel = t.channel
	WHERE e.status = 'active' AND l.lane IS NULL;
GRANT SELECT ON stranded TO regress_edit_ann;

--
-- Defect 15: editing the touches of a running campaign left enrolments active for ever and never claimable
--
SET ROLE regress_edit_ann;
-- fewer touches, on other channels
SELECT campaign.revise_campaign(:'edited', pg_temp.steps('email', 'sms'));
SELECT count(*) AS stranded FROM stranded;
SELECT * FROM campaign.migrate_enrollments(:'edited');
SELECT count(*) AS stranded FROM stranded;
-- none but the first
SELECT campaign.revise_campaign(:'edited', pg_temp.steps('linkedin_message'));
SELECT * FROM campaign.migrate_enrollments(:'edited');
SELECT count(*) AS stranded FROM stranded;
-- more than ever
SELECT campaign.revise_campaign(:'edited', pg_temp.steps('call', 'email', 'email', 'email', 'email', 'call'));
SELECT * FROM campaign.migrate_enrollments(:'edited');
SELECT count(*) AS stranded FROM stranded;
-- the two that were busy follow when their workers are lost
RESET ROLE;
UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE tenant_id = :'ann' AND lease_until > clock_timestamp();
SELECT campaign.release_touch(campaign.touch_token(q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.touch_number, q.attempt, q.fence)) FROM campaign.touch_queue q WHERE q.flags = 1;
SET ROLE regress_edit_ann;
SELECT * FROM campaign.migrate_enrollments(:'edited');
SELECT count(*) AS stranded FROM stranded;
-- everybody comes to an end
RESET ROLE;
\o /dev/null
SELECT pg_temp.catch_up('2030-02-20 12:00');
\o
SELECT e.plan_version, e.status, count(*) FROM campaign.campaign_enrollments e WHERE e.tenant_id = :'ann' GROUP BY 1, 2 ORDER BY 1;
SELECT count(*) AS queued FROM campaign.touch_queue WHERE tenant_id = :'ann';
-- nothing was sent twice
SELECT count(*) AS twice FROM (SELECT FROM campaign.send_logs WHERE tenant_id = :'ann' AND status = 'sent' GROUP BY enrollment_id, touch_number HAVING count(*) > 1) t;

\o /dev/null
SELECT campaign.delete_tenant(:'ann', 'edit-ann');
SELECT campaign.revoke_access('regress_edit_ann');
DELETE FROM campaign.workers;
\o
DROP OWNED BY regress_edit_ann;
DROP ROLE regress_edit_ann;
