-- Launching: preconditions, whom it enrols, and launches that are set for a time.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_launch_ann;
CREATE ROLE regress_launch_ned;
CREATE ROLE regress_launch_vic;
CREATE ROLE regress_launch_eve;
CREATE FUNCTION pg_temp.plain(t text) RETURNS text LANGUAGE sql
	AS $$ SELECT regexp_replace(regexp_replace(t, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g'), '[.][0-9]+[+]00', '', 'g') $$;
CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m text; d text; h text; answer text;
BEGIN
	EXECUTE statement INTO answer;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	RETURN pg_temp.plain(concat_ws(E'\n', SQLSTATE || ': ' || m, 'DETAIL: ' || nullif(d, ''), 'HINT: ' || nullif(h, '')));
END $$;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
-- where the generation leaves a campaign, and a message
CREATE FUNCTION pg_temp.set_status(campaign uuid, wanted text) RETURNS void LANGUAGE sql SECURITY DEFINER SET session_replication_role = replica
	AS $$ UPDATE campaign.campaigns SET status = wanted WHERE id = campaign $$;
CREATE FUNCTION pg_temp.write(campaign uuid, who text, touch integer, channel text, text text, status text DEFAULT 'approved', variant text DEFAULT 'a') RETURNS uuid LANGUAGE sql SECURITY DEFINER AS $$
	INSERT INTO campaign.messages (tenant_id, campaign_id, contact_id, touch_number, variant, plan_version, channel, subject, body, status, approved_at, created_at, changed_at)
	SELECT k.tenant_id, k.campaign_id, k.contact_id, touch, variant, 1, channel, CASE channel WHEN 'email' THEN 'For {{contact.first_name}}' END, text,
		$6, CASE $6 WHEN 'approved' THEN campaign.now() END, campaign.now(), campaign.now()
	FROM campaign.campaign_contacts k JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
	WHERE k.campaign_id = campaign AND c.first_name = who RETURNING id $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_launch_ann,regress_launch_ned,regress_launch_vic,regress_launch_eve}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'launch-acme', 'UTC', 'regress_launch_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'launch-eve', 'UTC', 'regress_launch_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_launch_vic', 'viewer');
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00', link_base_url = 'https://l.example' WHERE NOT seeded;
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
-- contact ids are given, so that the variant that each stands for is always the same
\o /dev/null
INSERT INTO campaign.contacts (tenant_id, id, first_name, email, linkedin_url, score)
SELECT :'acme', ('00000000-0000-7000-8000-0000000000' || i)::uuid, n, lower(n) || '@x.example', 'https://in.example/' || lower(n), s
FROM (VALUES ('01', 'Abe', 90), ('02', 'Bea', 80), ('03', 'Cid', 70), ('04', 'Dan', 60), ('05', 'Eli', 50)) v(i, n, s);
\o
CREATE FUNCTION pg_temp.contacts(VARIADIC names text[]) RETURNS uuid[] LANGUAGE sql
	AS $$ SELECT array_agg(id ORDER BY id) FROM campaign.contacts WHERE first_name = ANY (names) $$;
\set steps '[{"channel": "email", "subject": "Hi", "body_text": "Hi"}]'
CREATE TEMP VIEW enrolled AS
	SELECT c.name AS campaign, k.first_name AS who, e.status FROM campaign.campaign_enrollments e
	JOIN campaign.campaigns c ON c.id = e.campaign_id JOIN campaign.contacts k ON k.id = e.contact_id ORDER BY 1, 2;
CREATE TEMP VIEW launches AS
	SELECT c.name, c.status, date_trunc('minute', o.scheduled_launch_at) AS scheduled, pg_temp.plain(o.launch_error) AS launch_error
	FROM campaign.campaigns c JOIN campaign.outreach_campaigns o ON o.campaign_id = c.id ORDER BY 1;
GRANT SELECT ON enrolled, launches TO PUBLIC;
SET ROLE regress_launch_ann;

--
-- Without messages: whoever is assigned and not excluded, by the plan's texts
--
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Plain', :'steps', 'assigned') AS plain \gset
SELECT campaign.assign_contacts(:'plain', pg_temp.contacts('Abe', 'Bea', 'Cid'));
SELECT campaign.exclude_contacts(:'plain', pg_temp.contacts('Bea'));
\o
SELECT campaign.launch_campaign(:'plain');
SELECT * FROM enrolled WHERE campaign = 'Plain';
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L)', :'plain'));
SELECT pg_temp.try(format('SELECT r.outcome FROM campaign.assign_contacts(%L, pg_temp.contacts(''Dan'')) r', :'plain'));

--
-- With messages: no draft, one that is approved, and only for whom one is
--
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Steel', '[{"channel": "linkedin_message"}]', 'assigned') AS steel \gset
SELECT campaign.assign_contacts(:'steel', pg_temp.contacts('Bea', 'Dan', 'Eli'));
SELECT campaign.transition_campaign(:'steel', 'ready');
\o
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L)', :'steel'));
\o /dev/null
SELECT pg_temp.write(:'steel', 'Bea', 1, 'linkedin_message', 'Bea', 'draft') AS bea \gset
SELECT pg_temp.write(:'steel', 'Dan', 1, 'linkedin_message', 'Dan', 'draft') AS dan \gset
SELECT pg_temp.set_status(:'steel', 'review');
\o
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, ''approved'')', :'steel'));
SELECT result FROM campaign.review_messages(ARRAY[:'bea']::uuid[], 'reject', 'no');
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, ''approved'')', :'steel'));
SELECT result FROM campaign.review_messages(ARRAY[:'dan']::uuid[], 'approve');
SELECT campaign.transition_campaign(:'steel', 'approved');
-- what is rejected then leaves nothing to begin with
SELECT result FROM campaign.review_messages(ARRAY[:'dan']::uuid[], 'reject', 'no');
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L)', :'steel'));
SELECT campaign.edit_message(:'dan', 'other', 'Dan!');
SELECT status FROM campaign.campaigns WHERE id = :'steel';
SELECT result FROM campaign.review_messages(ARRAY[:'dan']::uuid[], 'approve');
SELECT campaign.transition_campaign(:'steel', 'approved');

--
-- At a time: maintenance does it, once
--
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L, ''infinity'')', :'steel'));
SELECT campaign.launch_campaign(:'steel', '2030-01-11 09:00');
SELECT campaign.cancel_launch(:'steel'), campaign.cancel_launch(:'steel');
SELECT campaign.launch_campaign(:'steel', '2030-01-11 09:00');
SELECT campaign.launch_campaign(:'steel', '2030-01-11 10:00');
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L, ''2030-01-11 10:00'')', :'plain'));
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Nobody', :'steps', 'assigned') AS nobody \gset
SELECT campaign.create_campaign(:'acme', 'Undone', :'steps', 'assigned') AS undone \gset
SELECT campaign.create_campaign(:'acme', 'Begun', :'steps', 'contacts') AS begun \gset
SELECT campaign.assign_contacts(:'undone', pg_temp.contacts('Eli'));
\o
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L, ''2030-01-11 10:00'')', :'nobody'));
SELECT campaign.launch_campaign(:'undone', '2030-01-11 10:00');
SELECT campaign.launch_campaign(:'begun', '2030-01-11 10:00');
SELECT campaign.exclude_contacts(:'undone', pg_temp.contacts('Eli'));
SELECT campaign.launch_campaign(:'begun');
TABLE launches;
RESET ROLE;
SELECT pg_temp.at_time('2030-01-11 09:59') \g /dev/null
SELECT task, done, detail FROM campaign.run_maintenance() WHERE task = 'launch_campaigns';
SELECT pg_temp.at_time('2030-01-11 10:01') \g /dev/null
SELECT task, done, detail FROM campaign.run_maintenance() WHERE task = 'launch_campaigns';
SELECT campaign.launch_due();
SET ROLE regress_launch_ann;
TABLE launches;
SELECT severity, value, detail FROM campaign.health() WHERE name = 'failed_launches';
SELECT * FROM enrolled WHERE campaign <> 'Plain';
SELECT from_state, to_state, reason FROM campaign.life_cycle_log WHERE entity_id = :'steel' ORDER BY id DESC LIMIT 1;

--
-- 10,000 contacts in one call
--
\o /dev/null
INSERT INTO campaign.contacts (tenant_id, email) SELECT :'acme', n || '@many.example' FROM generate_series(1, 10000) n;
SELECT campaign.create_campaign(:'acme', 'Many', :'steps', 'assigned') AS many \gset
SELECT campaign.assign_contacts(:'many', ARRAY(SELECT id FROM campaign.contacts WHERE email LIKE '%@many.example'));
\o
SELECT campaign.launch_campaign(:'many');
SELECT launch_outcome FROM campaign.outreach_campaigns WHERE campaign_id = :'many';
SELECT count(*) FROM campaign.campaign_enrollments WHERE campaign_id = :'many';

--
-- The limits of sender_config lower the tenant's, and never raise them
--
\o /dev/null
RESET ROLE;
SELECT campaign.create_tenant('Mild', 'launch-mild', 'UTC', 'regress_launch_ann') AS mild \gset
SET ROLE regress_launch_ann;
SELECT campaign.create_campaign(:'mild', 'Cold', '[{"channel": "email", "subject": "Hi", "body_text": "Hi"}, {"channel": "linkedin_connect", "body_text": "Hi"}]', 'contacts') AS cold \gset
SELECT campaign.create_campaign(:'mild', 'Hot', '[{"channel": "email", "subject": "Hi", "body_text": "Hi"}]', 'contacts') AS hot \gset
SELECT campaign.configure_campaign(:'cold', sender_config => '{"daily_limit": 100, "hourly_limit": 30, "warmup": true, "linkedin_daily_connections": 20, "linkedin_daily_messages": 5}');
SELECT campaign.configure_campaign(:'hot', sender_config => '{"daily_limit": 200, "hourly_limit": 10, "warmup": true}');
SELECT campaign.add_member(:'mild', 'regress_launch_ned', 'editor');
SET ROLE regress_launch_ned;
\o
-- an editor changes no limits
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L)', :'cold'));
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L, ''2030-02-01'')', :'cold'));
SET ROLE regress_launch_ann;
SELECT campaign.launch_campaign(:'cold');
SELECT channel, per_hour, per_day, warmup_started_on FROM campaign.send_limits WHERE tenant_id = :'mild' ORDER BY channel;
SELECT channel, day, cap FROM campaign.send_warmup WHERE tenant_id = :'mild' ORDER BY day;
SELECT pg_temp.at_time('2030-01-13 10:00') \g /dev/null
SET ROLE regress_launch_ned;
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L)', :'hot'));
SET ROLE regress_launch_ann;
SELECT campaign.launch_campaign(:'hot');
SELECT campaign.create_campaign(:'mild', 'Warm', '[{"channel": "email", "subject": "Hi", "body_text": "Hi"}]', 'contacts') AS warm \gset
SELECT campaign.configure_campaign(:'warm', sender_config => '{"daily_limit": 100, "hourly_limit": 10, "warmup": true}') \g /dev/null
-- where the limits are as low, an editor may launch
SET ROLE regress_launch_ned;
SELECT campaign.launch_campaign(:'warm');
SET ROLE regress_launch_ann;
SELECT channel, per_hour, per_day, warmup_started_on FROM campaign.send_limits WHERE tenant_id = :'mild' ORDER BY channel;

--
-- Others
--
SET ROLE regress_launch_vic;
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L, ''2030-02-01'')', :'nobody'));
SELECT pg_temp.try(format('SELECT campaign.cancel_launch(%L)', :'nobody'));
SET ROLE regress_launch_eve;
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L, ''2030-02-01'')', :'nobody'));
SELECT pg_temp.try(format('SELECT campaign.cancel_launch(%L)', :'nobody'));
SELECT pg_temp.try('SELECT campaign.launch_due()');
RESET ROLE;
\o /dev/null
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug IN ('launch-acme', 'launch-eve', 'launch-mild');
SELECT campaign.revoke_access(r) FROM unnest('{regress_launch_ann,regress_launch_ned,regress_launch_vic,regress_launch_eve}'::name[]) r;
\o
DROP ROLE regress_launch_ann, regress_launch_ned, regress_launch_vic, regress_launch_eve;

--
-- From ready, too, a campaign that has messages begins with one that is approved and without a draft, though its
-- steps have texts of their own
--
CREATE ROLE regress_launch_bob;
\o /dev/null
SELECT campaign.grant_access('regress_launch_bob', 'member');
SELECT campaign.create_tenant('Bolt', 'launch-bolt', 'UTC', 'regress_launch_bob') AS bolt \gset
SELECT pg_temp.at_time('2030-01-10 12:00');
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'bolt', n, lower(n) || '@bolt.example' FROM unnest('{Fay,Gus,Hal,Ida}'::text[]) n;
SET ROLE regress_launch_bob;
SELECT campaign.create_campaign(:'bolt', 'Reviewed', :'steps', 'assigned') AS reviewed \gset
SELECT campaign.assign_contacts(:'reviewed', pg_temp.contacts('Fay', 'Gus'));
SELECT campaign.transition_campaign(:'reviewed', 'ready');
SELECT pg_temp.write(:'reviewed', 'Fay', 1, 'email', 'Fay', 'approved'), pg_temp.write(:'reviewed', 'Gus', 1, 'email', 'Gus', 'draft');
SELECT id AS fay FROM campaign.messages WHERE body = 'Fay' \gset
SELECT id AS gus FROM campaign.messages WHERE body = 'Gus' \gset
SELECT pg_temp.set_status(:'reviewed', 'review');
\o
SELECT campaign.transition_campaign(:'reviewed', 'ready');
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L)', :'reviewed'));
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L, ''2030-01-11'')', :'reviewed'));
SELECT pg_temp.set_status(:'reviewed', 'review') \g /dev/null
SELECT result FROM campaign.review_messages(ARRAY[:'fay', :'gus']::uuid[], 'reject', 'no');
SELECT campaign.transition_campaign(:'reviewed', 'ready');
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L)', :'reviewed'));
SELECT pg_temp.set_status(:'reviewed', 'review') \g /dev/null
SELECT campaign.edit_message(:'fay', 'other', 'Dear Fay');
SELECT result FROM campaign.review_messages(ARRAY[:'fay']::uuid[], 'approve');
SELECT campaign.transition_campaign(:'reviewed', 'ready');
SELECT campaign.launch_campaign(:'reviewed');
SELECT who, status FROM enrolled WHERE campaign = 'Reviewed';

--
-- Whom a launch does not enrol, and why, is in its outcome: Fay is in another sequence, Hal is archived
--
\o /dev/null
SELECT campaign.create_campaign(:'bolt', 'Some', :'steps', 'assigned') AS some \gset
SELECT campaign.assign_contacts(:'some', pg_temp.contacts('Fay', 'Hal', 'Ida'));
SELECT campaign.archive_contact(k) FROM unnest(pg_temp.contacts('Hal')) k;
\o
SELECT campaign.launch_campaign(:'some');
SELECT x ->> 'outcome' AS outcome, x ->> 'reason' AS reason, x ->> 'contacts' AS contacts
FROM campaign.outreach_campaigns o, jsonb_array_elements(o.launch_outcome) x WHERE o.campaign_id = :'some' ORDER BY 1, 2;
SELECT who, status FROM enrolled WHERE campaign = 'Some';
RESET ROLE;
\o /dev/null
SELECT campaign.delete_tenant(:'bolt', 'launch-bolt'), campaign.revoke_access('regress_launch_bob');
\o
DROP ROLE regress_launch_bob;
