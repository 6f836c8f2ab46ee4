-- What went wrong in the reference product with clicks, bounces and feedback. "Defect N" is its number in the list of defects.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_defects_ann;
CREATE ROLE regress_defects_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.enroll(campaign uuid, who text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	contact uuid;
BEGIN
	INSERT INTO campaign.contacts (tenant_id, first_name, email)
	SELECT c.tenant_id, who, who || '@x.example' FROM campaign.campaigns c WHERE c.id = campaign RETURNING id INTO contact;
	RETURN (campaign.enroll(campaign, contact, anchor_at => campaign.now() - interval '1 hour')).enrollment_id;
END $$;
\o /dev/null
SELECT campaign.grant_access('regress_defects_ann', 'member'), campaign.grant_access('regress_defects_worker', 'worker');
SELECT campaign.create_tenant('Ann', 'defects-ann', 'UTC', 'regress_defects_ann') AS ann \gset
SELECT pg_temp.at_time('2030-01-20 12:00');
\o
SET ROLE regress_defects_ann;
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00', min_gap = '0',
	review_url = 'https://reviews.example/ann', link_base_url = 'https://go.example' WHERE id = :'ann';
SELECT campaign.create_campaign(:'ann', 'Reviews', '[
	{"channel": "email", "subject": "1", "body_text": "{{link.review}} {{link.unsubscribe}}"},
	{"channel": "email", "subject": "2", "body_text": "x", "delay_hours": 24}]', 'contacts') AS reviews \gset
\o /dev/null
SELECT campaign.launch_campaign(:'reviews');
\o

--
-- Defect 7: no token was ever issued for the review link, and the handler of its clicks was unreachable: the main stop never fired
--
SELECT pg_temp.enroll(:'reviews', 'bob') AS bobs \gset
SET ROLE regress_defects_worker;
SELECT lease_token AS token, split_part(body, ' ', 1) AS link, split_part(body, ' ', 2) AS unsubscribe FROM campaign.claim_due_touches('run 1') \gset
SELECT result FROM campaign.complete_touch(:'token', 'message 1');
-- the link that was sent leads to the application, which hands its end to the database
SELECT :'link' LIKE 'https://go.example/%' AS to_the_application, substring(:'link' FROM '[^/]+$') AS review, substring(:'unsubscribe' FROM '[^/]+$') AS unsubscribe \gset
SELECT :'to_the_application' AS to_the_application, kind, url, result FROM campaign.record_link(:'review');
SET ROLE regress_defects_ann;
SELECT status, stop_reason, (SELECT count(*) FROM campaign.touch_queue q WHERE q.enrollment_id = e.id) AS queued FROM campaign.campaign_enrollments e WHERE id = :'bobs';
SELECT kind, link, touch_number FROM campaign.touch_events WHERE enrollment_id = :'bobs';
-- and the one to unsubscribe with
SELECT pg_temp.enroll(:'reviews', 'cy') AS cys \gset
SET ROLE regress_defects_worker;
SELECT substring(body FROM '[^/]+$') AS unsubscribe FROM campaign.claim_due_touches('run 1') \gset
SELECT kind, url, result FROM campaign.record_link(:'unsubscribe');
SET ROLE regress_defects_ann;
SELECT status, stop_reason FROM campaign.campaign_enrollments e WHERE id = :'cys';
SELECT address, reason FROM campaign.suppressions;

--
-- Defect 8: bounces, clicks and feedback stopped only active enrolments; frozen ones were messaged after the resume
--
\o /dev/null
SELECT pg_temp.enroll(:'reviews', who) FROM unnest('{bounced,clicked,feedback,reviewed,replied,complained,unsubscribed,none}'::text[]) who;
SET ROLE regress_defects_worker;
SELECT campaign.complete_touch(lease_token, address) FROM campaign.claim_due_touches('run 1');
SET ROLE regress_defects_ann;
SELECT campaign.pause_campaign(:'reviews');
\o
SELECT DISTINCT status FROM campaign.enrollment_timeline WHERE campaign_id = :'reviews' AND stop_reason IS NULL;
-- one each, all while the campaign is paused, by the provider's id of the message or by its link
SET ROLE regress_defects_worker;
SELECT kind, r.result, r.stopped FROM unnest('{bounced,feedback,reviewed,replied,complained,unsubscribed}'::text[]) WITH ORDINALITY AS e(kind, n),
	LATERAL campaign.record_event(kind, provider_id => kind || '@x.example', tenant => :'ann', data => '{"bounce": "hard"}') r ORDER BY n;
SET ROLE regress_defects_ann;
SELECT campaign.link_token(e.id, 1, 'review') AS link FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id WHERE k.first_name = 'clicked' \gset
SET ROLE regress_defects_worker;
SELECT kind, result FROM campaign.record_link(:'link');
SET ROLE regress_defects_ann;
SELECT k.first_name, e.status, e.stop_reason FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id
WHERE e.campaign_id = :'reviews' AND e.id NOT IN (:'bobs', :'cys') ORDER BY 1;
-- back again, and a day later: who has not answered hears from us, and nobody else
\o /dev/null
SELECT campaign.resume_campaign(:'reviews');
RESET ROLE;
SELECT pg_temp.at_time('2030-01-21 12:00');
\o
SET ROLE regress_defects_worker;
SELECT address, touch_number FROM campaign.claim_due_touches('run 2');

RESET ROLE;
\o /dev/null
SELECT campaign.delete_tenant(:'ann', 'defects-ann');
SELECT campaign.revoke_access('regress_defects_ann'), campaign.revoke_access('regress_defects_worker');
DELETE FROM campaign.workers;
\o
DROP ROLE regress_defects_ann, regress_defects_worker;
