-- Defects of the product that outreach replaces, each by its number in the specification: 1, 2, 4, 5 and 11.
-- 3 is in generation, the rest of 5 in contact_assignment, 6 to 8 in defects_documents, 9 in contact_readiness, 10 in contact_overlap,
-- 12 in defects_access, 13 in generation_costs.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_oldoutreach_ann;
CREATE ROLE regress_oldoutreach_vic;
CREATE ROLE regress_oldoutreach_eve;
CREATE FUNCTION pg_temp.plain(t text) RETURNS text LANGUAGE sql
	AS $$ SELECT regexp_replace(regexp_replace(t, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g'), '[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?[+]00', '<time>', 'g') $$;
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
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_oldoutreach_ann,regress_oldoutreach_vic,regress_oldoutreach_eve}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'oldoutreach-acme', 'UTC', 'regress_oldoutreach_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'oldoutreach-eve', 'UTC', 'regress_oldoutreach_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_oldoutreach_vic', 'viewer');
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
CREATE FUNCTION pg_temp.send() RETURNS TABLE (who text, touch smallint, body text) LANGUAGE sql SECURITY DEFINER AS $$
	WITH c AS MATERIALIZED (SELECT * FROM campaign.claim_due_touches('worker', 100)),
		r AS MATERIALIZED (SELECT campaign.complete_touch(c.lease_token) FROM c)
	SELECT k.first_name, c.touch_number, c.body FROM c JOIN campaign.contacts k ON k.id = c.contact_id, (SELECT count(*) FROM r) n ORDER BY 1, 2 $$;
SET ROLE regress_oldoutreach_ann;
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Steel', '[{"channel": "email", "subject": "S", "body_text": "1"}, {"channel": "email", "subject": "S", "body_text": "2", "delay_hours": 24},
	{"channel": "email", "subject": "S", "body_text": "3", "delay_hours": 24, "condition": "no_response"},
	{"channel": "email", "subject": "S", "body_text": "4", "delay_hours": 24, "condition": "opened_not_replied"}]', 'assigned') AS steel \gset
SELECT campaign.assign_contacts(:'steel', pg_temp.contacts('Abe', 'Bea', 'Cid', 'Dan'));
SELECT campaign.transition_campaign(:'steel', 'ready');
\o

--
-- Defect 1: a status that there is not went around the state machine, and counters went below zero
--
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, %L)', :'steel', s)) FROM unnest('{"",NULL,sent,review,exported}'::text[]) s;
SELECT pg_temp.try(format('UPDATE campaign.campaigns SET status = '''' WHERE id = %L RETURNING 1', :'steel'));
RESET ROLE;
SELECT pg_temp.try(format('UPDATE campaign.campaigns SET status = %L WHERE id = %L RETURNING 1', s, :'steel')) FROM unnest('{"",NULL}'::text[]) s;
SELECT count(*) FROM information_schema.columns WHERE table_schema = 'campaign' AND table_name IN ('campaigns', 'outreach_campaigns', 'campaign_contacts', 'messages') AND column_name ~ 'count|total';
SET ROLE regress_oldoutreach_ann;

--
-- Defect 2: a plain update to generating stranded a campaign with no worker; two generate calls started two workers; a
-- restart left it generating for ever. Calls that run at once are in the isolation specs generation_start_vs_start and
-- generation_claim_vs_claim, a server that dies in the middle in the TAP test generation_crash.
--
SELECT pg_temp.try(format('UPDATE campaign.campaigns SET status = ''generating'' WHERE id = %L RETURNING 1', :'steel'));
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, ''generating'')', :'steel'));
-- not even a superuser's
RESET ROLE;
SELECT pg_temp.try(format('UPDATE campaign.campaigns SET status = ''generating'' WHERE id = %L RETURNING 1', :'steel'));
SET ROLE regress_oldoutreach_ann;
-- of two calls one wins, and there is one job
SELECT campaign.start_generation(:'steel', include_unready => true) IS NOT NULL AS started;
SELECT pg_temp.try(format('SELECT campaign.start_generation(%L)', :'steel'));
SELECT c.status, j.status AS job, count(*) OVER () AS jobs FROM campaign.campaigns c JOIN campaign.generation_jobs j ON j.campaign_id = c.id WHERE c.id = :'steel';
-- and nobody leaves generating without ending the job, which takes the campaign along
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, ''ready'')', :'steel'));
RESET ROLE;
SELECT pg_temp.try(format('UPDATE campaign.campaigns SET status = ''ready'' WHERE id = %L RETURNING 1', :'steel'));
SET ROLE regress_oldoutreach_ann;
SELECT campaign.cancel_generation(:'steel');
SELECT c.status, j.status AS job FROM campaign.campaigns c JOIN campaign.generation_jobs j ON j.campaign_id = c.id WHERE c.id = :'steel';

--
-- Defect 4: approval passed with zero messages; drafts of excluded contacts blocked it; an edited message stayed
-- approved; sent messages could be edited
--
SELECT pg_temp.set_status(:'steel', 'review') \g /dev/null
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, ''approved'')', :'steel'));
SELECT count(pg_temp.write(:'steel', who, n, 'email', who || ' ' || n)) AS written FROM unnest('{Abe,Cid,Dan}'::text[]) who, generate_series(1, 4) n;
SELECT pg_temp.write(:'steel', 'Bea', 1, 'email', 'Bea 1', 'draft') IS NOT NULL AS written;
RESET ROLE;
SELECT pg_temp.try(format('UPDATE campaign.messages SET status = %L  WHERE body = ''Bea 1'' RETURNING 1', s)) FROM unnest('{"",NULL}'::text[]) s;
SET ROLE regress_oldoutreach_ann;
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, ''approved'')', :'steel'));
SELECT campaign.exclude_contacts(:'steel', pg_temp.contacts('Bea'));
SELECT campaign.transition_campaign(:'steel', 'approved');
SELECT campaign.edit_message(id, 'other', 'Abe one') FROM campaign.messages WHERE body = 'Abe 1';
SELECT c.status, m.status AS message FROM campaign.campaigns c JOIN campaign.messages m ON m.campaign_id = c.id AND m.body = 'Abe one';
SELECT result FROM campaign.review_messages(ARRAY(SELECT id FROM campaign.messages WHERE body = 'Abe one'), 'approve');
SELECT campaign.transition_campaign(:'steel', 'approved');

--
-- Defect 5: bulk assignment had no status rule and took disqualified contacts; removal failed once messages existed
--
SELECT campaign.create_campaign(:'acme', 'Copper', '[{"channel": "email", "subject": "S", "body_text": "1"}]', 'assigned') AS copper \gset
UPDATE campaign.contacts SET is_disqualified = true, disqualified_reason = 'too small' WHERE first_name = 'Dan';
SELECT * FROM campaign.assign_contacts(:'copper', pg_temp.contacts('Dan', 'Eli'));
UPDATE campaign.contacts SET is_disqualified = false, disqualified_reason = NULL WHERE first_name = 'Dan';
SELECT campaign.transition_campaign(:'copper', 'ready');
SELECT campaign.start_generation(:'copper', include_unready => true) IS NOT NULL AS started;
RESET ROLE;
SELECT campaign.save_generated(c.lease_token, '[{"touch_number": 1, "subject": "S", "body": "Eli 1"}]') FROM campaign.claim_generation('worker', 10, :'copper') c;
SET ROLE regress_oldoutreach_ann;
SELECT pg_temp.try(format('SELECT campaign.assign_contacts(%L, %L)', :'copper', pg_temp.contacts('Abe')));
SELECT campaign.transition_campaign(:'copper', 'ready');
SELECT * FROM campaign.assign_contacts(:'copper', pg_temp.contacts('Abe'));
-- who has a message is excluded, and the message rejected; who has none is as if he had never been assigned
SELECT * FROM campaign.remove_contacts(:'copper', pg_temp.contacts('Abe', 'Eli'));
SELECT c.first_name, k.status, m.status AS message FROM campaign.campaign_contacts k JOIN campaign.contacts c ON c.id = k.contact_id
	LEFT JOIN campaign.messages m ON m.campaign_id = k.campaign_id AND m.contact_id = k.contact_id WHERE k.campaign_id = :'copper';

--
-- Defect 11: one email per contact was sent of a sequence; two runs at once sent twice; conditions and offsets were
-- stored and never asked; nothing was marked sent. Four emails, a day after one another; here a reply stops nothing, so
-- that only the conditions look at it.
--
INSERT INTO campaign.stop_rules (tenant_id, event, action) VALUES (:'acme', 'replied', 'none');
SELECT campaign.launch_campaign(:'steel');
-- two runs at once: what the one holds the other does not get (in two sessions: the isolation spec claim_vs_claim)
RESET ROLE;
CREATE TEMP TABLE run_1 AS SELECT * FROM campaign.claim_due_touches('run 1');
CREATE TEMP TABLE run_2 AS SELECT * FROM campaign.claim_due_touches('run 2');
SELECT (SELECT count(*) FROM run_1) AS run_1, (SELECT count(*) FROM run_2) AS run_2;
SELECT c.first_name AS who, r.touch_number, r.body FROM run_1 r JOIN campaign.contacts c ON c.id = r.contact_id, campaign.complete_touch(r.lease_token) ORDER BY 1;
-- and what was sent is not sent again: it is marked, and stays as it was
DROP TABLE run_1, run_2;
SELECT * FROM pg_temp.send();
SELECT body, status, sent_at IS NOT NULL AS is_sent FROM campaign.messages WHERE campaign_id = :'steel' AND status <> 'rejected' AND touch_number < 3 ORDER BY body;
SET ROLE regress_oldoutreach_ann;
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', ''x'')', id)) FROM campaign.messages WHERE body = 'Abe one';
RESET ROLE;
-- offsets: not a minute before its day
SELECT pg_temp.at_time('2030-01-11 11:59') \g /dev/null
SELECT * FROM pg_temp.send();
SELECT pg_temp.at_time('2030-01-11 12:05') \g /dev/null
SELECT * FROM pg_temp.send();
-- conditions: Cid opens, Dan opens and replies (an hour later: what opens at once is a machine)
SELECT pg_temp.at_time('2030-01-11 13:00') \g /dev/null
SELECT v.who, r.result FROM (VALUES (1, 'Cid', 'opened'), (2, 'Dan', 'opened'), (3, 'Dan', 'replied')) v(n, who, event) JOIN campaign.contacts c ON c.first_name = v.who
	JOIN campaign.campaign_enrollments e ON e.contact_id = c.id AND e.campaign_id = :'steel', campaign.record_event(v.event, enrollment => e.id) r ORDER BY v.n;
-- the third is for who did not respond
SELECT pg_temp.at_time('2030-01-12 12:10') \g /dev/null
SELECT * FROM pg_temp.send();
-- the fourth for who opened, and did not reply
SELECT pg_temp.at_time('2030-01-14 12:00') \g /dev/null
SELECT * FROM pg_temp.send();
SELECT c.first_name AS who, m.touch_number, m.status FROM campaign.messages m JOIN campaign.contacts c ON c.id = m.contact_id
WHERE m.campaign_id = :'steel' AND m.status <> 'rejected' ORDER BY 1, 2;
SELECT c.first_name AS who, l.touch_number, l.reason FROM campaign.send_logs l JOIN campaign.contacts c ON c.id = l.contact_id WHERE l.campaign_id = :'steel' AND l.status = 'skipped' ORDER BY 1, 2;
\o /dev/null
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug IN ('oldoutreach-acme', 'oldoutreach-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_oldoutreach_ann,regress_oldoutreach_vic,regress_oldoutreach_eve}'::name[]) r;
\o
DROP ROLE regress_oldoutreach_ann, regress_oldoutreach_vic, regress_oldoutreach_eve;
