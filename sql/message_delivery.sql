-- Delivery of messages: what a worker is handed of a campaign whose contacts have messages, and what becomes of them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_deliver_ann;
CREATE ROLE regress_deliver_vic;
CREATE ROLE regress_deliver_eve;
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
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_deliver_ann,regress_deliver_vic,regress_deliver_eve}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'deliver-acme', 'UTC', 'regress_deliver_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'deliver-eve', 'UTC', 'regress_deliver_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_deliver_vic', 'viewer');
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
CREATE TEMPORARY TABLE tokens (who text, token text);
CREATE FUNCTION pg_temp.claim() RETURNS TABLE (who text, touch smallint, channel text, subject text, body text) LANGUAGE sql SECURITY DEFINER AS $$
	WITH c AS MATERIALIZED (SELECT * FROM campaign.claim_due_touches('worker', 100)),
		t AS (INSERT INTO tokens SELECT k.first_name, c.lease_token FROM c JOIN campaign.contacts k ON k.id = c.contact_id)
	SELECT k.first_name, c.touch_number, c.channel, c.subject, c.body FROM c JOIN campaign.contacts k ON k.id = c.contact_id ORDER BY 1 $$;
CREATE FUNCTION pg_temp.report() RETURNS TABLE (who text, result text, status text) LANGUAGE sql SECURITY DEFINER AS $$
	WITH gone AS (DELETE FROM tokens RETURNING *)
	SELECT g.who, r.result, r.enrollment_status FROM gone g CROSS JOIN LATERAL campaign.complete_touch(g.token, 'm-' || g.who) r ORDER BY 1 $$;
CREATE TEMP VIEW messages AS
	SELECT k.first_name AS who, m.touch_number AS touch, m.variant, m.channel, m.status, date_trunc('minute', m.sent_at) AS sent_at
	FROM campaign.messages m JOIN campaign.contacts k ON k.tenant_id = m.tenant_id AND k.id = m.contact_id ORDER BY 1, 2, 3;
CREATE TEMP VIEW log AS
	SELECT k.first_name AS who, l.touch_number AS touch, l.attempt, l.channel, l.status, l.reason, l.subject, l.template_id IS NOT NULL AS template, l.metadata - 'message' AS metadata
	FROM campaign.send_logs l JOIN campaign.contacts k ON k.tenant_id = l.tenant_id AND k.id = l.contact_id ORDER BY 1, l.id;
GRANT SELECT ON messages, log TO PUBLIC;
SET ROLE regress_deliver_ann;
\set steps '[{"channel": "email", "subject": "Plan", "body_text": "Of the plan"}, {"channel": "linkedin_message", "body_text": "Of the plan", "delay_hours": 24}]'
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Steel', :'steps', 'assigned') AS steel \gset
SELECT campaign.assign_contacts(:'steel', filter => '{}');
SELECT campaign.transition_campaign(:'steel', 'ready');
SELECT pg_temp.write(:'steel', 'Abe', 1, 'email', 'Dear {{contact.first_name}}');
SELECT pg_temp.write(:'steel', 'Abe', 2, 'linkedin_message', 'Abe, again') AS abe2 \gset
SELECT pg_temp.write(:'steel', 'Bea', 1, 'email', 'Bea A', 'approved', 'a'), pg_temp.write(:'steel', 'Bea', 1, 'email', 'Bea B', 'approved', 'b'),
	pg_temp.write(:'steel', 'Bea', 1, 'email', 'Bea C', 'approved', 'c');
SELECT pg_temp.write(:'steel', 'Cid', 1, 'email', 'Cid') AS cid1 \gset
SELECT pg_temp.write(:'steel', 'Dan', 1, 'email', 'Dan') AS dan1 \gset
SELECT pg_temp.write(:'steel', 'Dan', 2, 'linkedin_message', 'Dan, again') AS dan2 \gset
SELECT pg_temp.set_status(:'steel', 'review');
SELECT campaign.transition_campaign(:'steel', 'approved');
\o
SELECT campaign.launch_campaign(:'steel');
-- Eli has no message, and is not begun with
SELECT k.first_name, e.status FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id ORDER BY 1;

--
-- Each contact gets its message, with placeholders filled in, and of several variants always the same.
-- What is edited or rejected meanwhile is not sent
--
SELECT campaign.edit_message(:'cid1', 'too_short', 'Cid, hello');
SELECT result FROM campaign.review_messages(ARRAY[:'dan1']::uuid[], 'reject', 'no');
SELECT k.first_name, x."check", x.outcome, x.reason, date_trunc('minute', x.changes_at) AS changes_at
FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id CROSS JOIN LATERAL campaign.explain_enrollment(e.id) x
WHERE x."check" = 'text' ORDER BY 1;
RESET ROLE;
SELECT campaign.contact_variant(id, '{a,b,c}', '{approved,approved,approved}') AS bea FROM campaign.contacts WHERE first_name = 'Bea';
SET ROLE regress_deliver_ann;
SELECT * FROM pg_temp.claim();
-- with a worker nobody changes it
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', ''x'')', id)) FROM campaign.messages WHERE contact_id = ANY (pg_temp.contacts('Abe')) AND touch_number = 1;
SELECT pg_temp.try(format('SELECT campaign.mark_sent(%L)', id)) FROM campaign.messages WHERE contact_id = ANY (pg_temp.contacts('Abe')) AND touch_number = 1;
SELECT * FROM pg_temp.report();
TABLE messages;
TABLE log;
-- the draft waits for an hour at a time
SELECT pg_temp.at_time('2030-01-10 12:59') \g /dev/null
SELECT result FROM campaign.review_messages(ARRAY[:'cid1']::uuid[], 'approve');
SELECT * FROM pg_temp.claim();
SELECT pg_temp.at_time('2030-01-10 13:01') \g /dev/null
SELECT * FROM pg_temp.claim();
SELECT * FROM pg_temp.report();

--
-- Events take a message further, and never back; what came before the report counts too
--
RESET ROLE;
SELECT result FROM campaign.record_event('delivered', provider_id => 'm-Abe', tenant => :'acme');
SELECT result FROM campaign.record_event('delivered', provider_id => 'm-Cid', tenant => :'acme');
SELECT result FROM campaign.record_event('replied', provider_id => 'm-Cid', tenant => :'acme', data => '{"machine": true}');
SELECT result FROM campaign.record_event('opened', provider_id => 'm-Bea', tenant => :'acme');
SELECT who, touch, variant, status FROM messages WHERE status NOT IN ('draft', 'approved', 'rejected');
SELECT result FROM campaign.record_event('replied', provider_id => 'm-Cid', tenant => :'acme');
SELECT result FROM campaign.record_event('delivered', provider_id => 'm-Cid', tenant => :'acme', event_id => 'late');
SELECT who, touch, variant, status FROM messages WHERE status NOT IN ('draft', 'approved', 'rejected');
SET ROLE regress_deliver_ann;
SELECT channel, generated, draft, approved, rejected, sent, delivered, replied, delivery_rate, reply_rate FROM campaign.channel_analytics ORDER BY 1;
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', ''x'')', :'cid1'));

--
-- By hand: the sequence moves on, and what is sent is not sent again
--
SELECT pg_temp.try(format('SELECT campaign.mark_sent(%L)', :'cid1'));
SELECT pg_temp.try(format('SELECT campaign.mark_sent(%L)', :'dan1'));
SELECT pg_temp.try(format('SELECT campaign.mark_sent(%L, ''email'')', :'abe2'));
SELECT pg_temp.try(format('SELECT campaign.mark_sent(%L, sent_at => ''infinity'')', :'abe2'));
-- the touch of Abe's second message is his next one, Dan's too: his first was skipped
SELECT result, date_trunc('minute', next_due_at) AS next_due_at FROM campaign.mark_sent(:'abe2', 'linkedin_message', provider_id => 'by-hand-1');
SELECT result, next_due_at FROM campaign.mark_sent(:'dan2');
SELECT pg_temp.try(format('SELECT campaign.mark_sent(%L)', :'dan2'));
SELECT who, touch, status FROM messages WHERE who IN ('Abe', 'Dan');
SELECT k.first_name, e.status FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id ORDER BY 1;
SELECT * FROM log WHERE who IN ('Abe', 'Dan');
RESET ROLE;
SELECT result FROM campaign.record_event('replied', provider_id => 'by-hand-1', tenant => :'acme');
SELECT who, touch, status FROM messages WHERE who = 'Abe';
SET ROLE regress_deliver_ann;

--
-- Ahead of its turn it is only logged, and its touch is skipped; all variants of a step are one message
--
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Glass', '[{"channel": "email"}, {"channel": "email", "delay_hours": 24}]', 'assigned') AS glass \gset
SELECT campaign.assign_contacts(:'glass', pg_temp.contacts('Cid', 'Eli'));
SELECT campaign.transition_campaign(:'glass', 'ready');
SELECT pg_temp.write(:'glass', 'Eli', 1, 'email', 'Eli 1'), pg_temp.write(:'glass', 'Eli', 2, 'email', 'Eli 2A');
SELECT pg_temp.write(:'glass', 'Eli', 2, 'email', 'Eli 2B', 'approved', 'b') AS eli2b \gset
SELECT pg_temp.write(:'glass', 'Cid', 1, 'email', 'Cid 1', 'rejected');
SELECT campaign.launch_campaign(:'glass');
\o
SELECT k.first_name, e.status FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id WHERE e.campaign_id = :'glass' ORDER BY 1;
SELECT this_hour, today FROM campaign.send_limit_usage WHERE channel = 'email' AND tenant_id = :'acme';
SELECT result, next_due_at FROM campaign.mark_sent(:'eli2b');
SELECT this_hour, today FROM campaign.send_limit_usage WHERE channel = 'email' AND tenant_id = :'acme';
SELECT * FROM pg_temp.claim();
SELECT * FROM pg_temp.report();
SELECT pg_temp.at_time('2030-01-12 14:00') \g /dev/null
SELECT * FROM pg_temp.claim();
SELECT * FROM pg_temp.report();
SELECT pg_temp.at_time('2030-01-13 15:00') \g /dev/null
SELECT * FROM pg_temp.claim();
SELECT * FROM log WHERE who = 'Eli';
SELECT who, touch, variant, status FROM messages WHERE who = 'Eli';

--
-- An event that came before the report
--
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Wood', '[{"channel": "email"}]', 'assigned') AS wood \gset
SELECT campaign.assign_contacts(:'wood', pg_temp.contacts('Dan'));
SELECT campaign.transition_campaign(:'wood', 'ready');
SELECT pg_temp.write(:'wood', 'Dan', 1, 'email', 'Dan, wood');
SELECT campaign.launch_campaign(:'wood');
SELECT pg_temp.at_time('2030-01-14 14:00');
\o
SELECT who, body FROM pg_temp.claim();
RESET ROLE;
SELECT r.result FROM tokens t CROSS JOIN LATERAL (SELECT campaign.begin_send(t.token)) b CROSS JOIN LATERAL campaign.record_event('delivered', lease_token => t.token) r;
SELECT * FROM pg_temp.report();
SELECT m.status FROM campaign.messages m WHERE m.campaign_id = :'wood';

--
-- Others
--
SET ROLE regress_deliver_vic;
SELECT pg_temp.try(format('SELECT campaign.mark_sent(%L)', :'dan1'));
SELECT count(*) FROM campaign.channel_analytics;
SET ROLE regress_deliver_eve;
SELECT pg_temp.try(format('SELECT campaign.mark_sent(%L)', :'dan1'));
SELECT pg_temp.try('SELECT campaign.mark_sent(NULL)');
SELECT count(*) FROM campaign.channel_analytics;
RESET ROLE;
\o /dev/null
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug IN ('deliver-acme', 'deliver-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_deliver_ann,regress_deliver_vic,regress_deliver_eve}'::name[]) r;
\o
DROP ROLE regress_deliver_ann, regress_deliver_vic, regress_deliver_eve;

--
-- Of several variants a contact gets the one that his id stands for, in SQL as in a worker's hands
--
CREATE ROLE regress_deliver_bob;
\o /dev/null
SELECT campaign.grant_access('regress_deliver_bob', 'member');
SELECT campaign.create_tenant('Bolt', 'deliver-bolt', 'UTC', 'regress_deliver_bob') AS bolt \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE id = :'bolt';
SELECT pg_temp.at_time('2030-01-10 12:00');
INSERT INTO campaign.contacts (tenant_id, id, first_name, email)
SELECT :'bolt', ('00000000-0000-7000-8000-0000000001' || lpad(i::text, 2, '0'))::uuid, 'V' || i, 'v' || i || '@x.example' FROM generate_series(1, 7) i;
SET ROLE regress_deliver_bob;
SELECT campaign.create_campaign(:'bolt', 'Variants', '[{"channel": "email", "subject": "Plan", "body_text": "x", "variant_count": 3}]', 'assigned') AS variants \gset
SELECT campaign.assign_contacts(:'variants', filter => '{}');
SELECT campaign.transition_campaign(:'variants', 'ready');
SELECT pg_temp.write(:'variants', 'V' || i, 1, 'email', v, 'approved', v) FROM generate_series(1, 7) i, unnest('{a,b,c}'::text[]) v;
RESET ROLE;
\o
CREATE TEMP VIEW chosen AS
	SELECT k.first_name AS who, campaign.contact_variant(k.id, array_agg(m.variant ORDER BY m.variant), array_agg('approved'::text ORDER BY m.variant)) AS own,
		string_agg(m.status, ' ' ORDER BY m.variant) AS statuses,
		campaign.contact_variant(k.id, array_agg(m.variant ORDER BY m.variant), array_agg(m.status ORDER BY m.variant)) AS chosen
	FROM campaign.messages m JOIN campaign.contacts k ON k.tenant_id = m.tenant_id AND k.id = m.contact_id WHERE k.first_name LIKE 'V%' GROUP BY k.first_name, k.id ORDER BY 1;
SELECT who, own FROM chosen;
-- of the sixth his own is rejected, and another one approved; of the seventh the others wait for review
UPDATE campaign.messages m SET status = CASE WHEN m.variant = c.own THEN 'rejected' WHEN c.who = 'V7' THEN 'draft' ELSE m.status END,
	approved_at = CASE WHEN m.variant = c.own OR c.who = 'V7' THEN NULL ELSE m.approved_at END
FROM chosen c JOIN campaign.contacts k ON k.first_name = c.who WHERE m.contact_id = k.id AND c.who IN ('V6', 'V7');
SELECT who, own, statuses, chosen FROM chosen WHERE who IN ('V6', 'V7');
\o /dev/null
SELECT pg_temp.set_status(:'variants', 'approved');
SET ROLE regress_deliver_bob;
SELECT result FROM campaign.review_messages(ARRAY(SELECT id FROM campaign.messages WHERE status = 'draft'), 'approve');
SELECT campaign.launch_campaign(:'variants');
RESET ROLE;
\o
TABLE chosen;
SELECT c.who, c.body AS handed_out, c.body = v.chosen AS as_chosen FROM pg_temp.claim() c JOIN chosen v ON v.who = c.who ORDER BY 1;
SELECT count(*) FROM pg_temp.report();
SELECT who, variant, status FROM messages WHERE who LIKE 'V%' AND status = 'sent';

--
-- By hand before the campaign is approved: refused; and nothing was sent tomorrow
--
SET ROLE regress_deliver_bob;
\o /dev/null
SELECT campaign.create_campaign(:'bolt', 'Early', '[{"channel": "email"}]', 'assigned') AS early \gset
SELECT campaign.assign_contacts(:'early', pg_temp.contacts('V1', 'V2'));
SELECT campaign.transition_campaign(:'early', 'ready');
SELECT pg_temp.write(:'early', 'V1', 1, 'email', 'early') AS early1 \gset
SELECT pg_temp.write(:'early', 'V2', 1, 'email', 'early') AS early2 \gset
\o
SELECT pg_temp.try(format('SELECT campaign.mark_sent(%L)', :'early1'));
SELECT pg_temp.set_status(:'early', 'review') \g /dev/null
SELECT pg_temp.try(format('SELECT campaign.mark_sent(%L)', :'early1'));
SELECT campaign.transition_campaign(:'early', 'approved');
SELECT result FROM campaign.mark_sent(:'early1', sent_at => '2030-01-11 12:00');
SELECT result FROM campaign.mark_sent(:'early2', sent_at => '2030-01-09 08:00');
SELECT k.first_name, date_trunc('minute', m.sent_at) AS sent_at, date_trunc('minute', l.sent_at) AS logged
FROM campaign.messages m JOIN campaign.contacts k ON k.id = m.contact_id JOIN campaign.send_logs l ON l.metadata ->> 'message' = m.id::text WHERE m.campaign_id = :'early' ORDER BY 1;
RESET ROLE;

--
-- A contact has one message of each variant of a step, whoever writes it
--
\set VERBOSITY terse
INSERT INTO campaign.messages (tenant_id, campaign_id, contact_id, touch_number, variant, plan_version, channel, subject, body, created_at, changed_at)
SELECT tenant_id, campaign_id, contact_id, touch_number, variant, plan_version, channel, subject, 'again', created_at, changed_at FROM campaign.messages WHERE id = :'early1';
\set VERBOSITY default
\o /dev/null
SELECT campaign.delete_tenant(:'bolt', 'deliver-bolt'), campaign.revoke_access('regress_deliver_bob');
\o
DROP ROLE regress_deliver_bob;
