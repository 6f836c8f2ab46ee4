-- Messages and their review: versions, edits with reasons, partial success, what may be sent.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_review_ann;
CREATE ROLE regress_review_vic;
CREATE ROLE regress_review_eve;
CREATE FUNCTION pg_temp.plain(t text) RETURNS text LANGUAGE sql
	AS $$ SELECT regexp_replace(t, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g') $$;
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
-- where the generation leaves a campaign
CREATE FUNCTION pg_temp.set_status(campaign uuid, wanted text) RETURNS void LANGUAGE sql SECURITY DEFINER SET session_replication_role = replica
	AS $$ UPDATE campaign.campaigns SET status = wanted WHERE id = campaign $$;
-- and a message
CREATE FUNCTION pg_temp.write(campaign uuid, who text, touch integer, channel text, text text, variant text DEFAULT 'a') RETURNS uuid LANGUAGE sql SECURITY DEFINER AS $$
	WITH m AS (
		INSERT INTO campaign.messages (tenant_id, campaign_id, contact_id, touch_number, variant, plan_version, channel, subject, body, created_at, changed_at)
		SELECT k.tenant_id, k.campaign_id, k.contact_id, touch, variant, 1, channel, CASE channel WHEN 'email' THEN 'Hi ' || who END, text, campaign.now(), campaign.now()
		FROM campaign.campaign_contacts k JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
		WHERE k.campaign_id = campaign AND c.first_name = who RETURNING *),
	v AS (
		INSERT INTO campaign.message_versions (tenant_id, message_id, version, origin, subject, body, at)
		SELECT tenant_id, id, 1, 'generated', subject, body, created_at FROM m)
	SELECT id FROM m $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_review_ann,regress_review_vic,regress_review_eve}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'review-acme', 'UTC', 'regress_review_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'review-eve', 'UTC', 'regress_review_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_review_vic', 'viewer');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_review_ann;
\set steps '[{"channel": "email", "subject": "Hi", "body_text": "Hi"}, {"channel": "linkedin_connect", "body_text": "Hi", "delay_hours": 24}]'
\o /dev/null
INSERT INTO campaign.contacts (tenant_id, first_name, email, linkedin_url, score)
SELECT :'acme', n, n || '@x.example', 'https://in.example/' || n, s FROM (VALUES ('Abe', 90), ('Bea', NULL), ('Cid', 95), ('Dan', 50)) v(n, s);
SELECT campaign.create_campaign(:'acme', 'Steel', :'steps', 'assigned') AS steel \gset
SELECT campaign.assign_contacts(:'steel', filter => '{}');
SELECT campaign.transition_campaign(:'steel', 'ready');
SELECT pg_temp.write(:'steel', 'Abe', 1, 'email', 'One for Abe') AS abe1 \gset
SELECT pg_temp.write(:'steel', 'Abe', 2, 'linkedin_connect', 'Two for Abe') AS abe2 \gset
SELECT pg_temp.write(:'steel', 'Bea', 1, 'email', 'One for Bea') AS bea1 \gset
SELECT pg_temp.write(:'steel', 'Cid', 1, 'email', 'One for Cid') AS cid1 \gset
SELECT pg_temp.write(:'steel', 'Cid', 1, 'email', 'One for Cid, again', 'c') AS cid1c \gset
SELECT pg_temp.write(:'steel', 'Dan', 1, 'email', 'One for Dan') AS dan1 \gset
\o
-- before the generation has finished nobody edits
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''too_long'', ''Short'')', :'abe1'));
SELECT pg_temp.set_status(:'steel', 'review') \g /dev/null

--
-- The queue: contacts of the highest score first, and a place that stays
--
SELECT "position", total, contact_name, touch, variant, message_channel, subject, body, message_status, version FROM campaign.review_queue(:'steel');
SELECT "position", total, contact_name, touch FROM campaign.review_queue(:'steel', max_rows => 2, after_position => 2);
SELECT "position", total, contact_name, touch FROM campaign.review_queue(:'steel', channel => 'linkedin_connect');
SELECT count(*) FROM campaign.review_queue(:'steel', status => 'approved');
SELECT total, draft, approved, rejected, sent, active_contacts, excluded_contacts, by_channel, can_approve, obstacle FROM campaign.review_summary(:'steel');
SELECT pg_temp.try(format('SELECT campaign.review_queue(%L, max_rows => 0)', :'steel'));
-- of the same score contact by contact, and each step by step: in whatever order they were written
\o /dev/null
RESET ROLE;
INSERT INTO campaign.contacts (tenant_id, id, first_name, email, linkedin_url, score)
SELECT :'acme', ('00000000-0000-7000-8000-0000000000' || i)::uuid, n, n || '@x.example', 'https://in.example/' || n, 40 FROM (VALUES ('01', 'Fay'), ('02', 'Gus')) v(i, n);
SET ROLE regress_review_ann;
SELECT campaign.create_campaign(:'acme', 'Equal', :'steps', 'assigned') AS equal \gset
SELECT campaign.assign_contacts(:'equal', ARRAY(SELECT id FROM campaign.contacts WHERE score = 40));
SELECT campaign.transition_campaign(:'equal', 'ready');
SELECT pg_temp.write(:'equal', who, touch, channel, 'x') FROM (VALUES (1, 'Gus', 2, 'linkedin_connect'), (2, 'Fay', 2, 'linkedin_connect'), (3, 'Gus', 1, 'email'), (4, 'Fay', 1, 'email')) v(n, who, touch, channel) ORDER BY n;
SELECT pg_temp.set_status(:'equal', 'review');
\o
SELECT "position", contact_name, touch FROM campaign.review_queue(:'equal');
SELECT "position", contact_name, touch FROM campaign.review_queue(:'equal', max_rows => 2, after_position => 1);

--
-- Editing: a reason, a new version, and back to draft
--
SELECT campaign.edit_message(:'abe1', 'too_formal', 'Hello Abe', note => 'he is a friend');
SELECT status, version, subject, body FROM campaign.messages WHERE id = :'abe1';
SELECT version, origin, subject, body, reason, note, author FROM campaign.message_versions WHERE message_id = :'abe1' ORDER BY version;
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, %L, ''x'')', :'abe1', r)) FROM unnest('{NULL,"","ugly"}'::text[]) r;
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', ''x'', version => 1)', :'abe1'));
-- a note alone changes nothing, and would take an approval away
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', note => ''hm'')', :'abe1'));
-- what the channel does not take
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''too_short'', %L)', :'abe2', repeat('x', 301)));
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', subject => ''S'')', :'abe2'));
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', '''')', :'abe2'));
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', ''Hi {{contact.frist_name}}'')', :'abe2'));
SELECT campaign.revert_message(:'abe1', 1);
SELECT version, origin, body FROM campaign.message_versions WHERE message_id = :'abe1' ORDER BY version;
SELECT pg_temp.try(format('SELECT campaign.revert_message(%L, %s)', :'abe1', coalesce(v, 'NULL'))) FROM unnest('{0,9,NULL}'::text[]) v;

--
-- Reviewing many: each by itself
--
SELECT m.first_name, r.result, r.code, pg_temp.plain(r.detail) AS detail
FROM campaign.review_messages(ARRAY[:'abe1', :'abe1', :'bea1', :'cid1', :'acme', NULL]::uuid[], 'approve') r
	LEFT JOIN campaign.messages x ON x.id = r.message_id LEFT JOIN campaign.contacts m ON m.id = x.contact_id ORDER BY 1, 2;
SELECT result, code FROM campaign.review_messages(ARRAY[:'abe1']::uuid[], 'approve');
-- defect 4: an edit of an approved message takes the approval away
SELECT status, approved_by, date_trunc('minute', approved_at) AS approved_at FROM campaign.messages WHERE id = :'abe1';
SELECT campaign.edit_message(:'abe1', 'generic', 'Dear Abe');
SELECT status, approved_by, date_trunc('minute', approved_at) AS approved_at FROM campaign.messages WHERE id = :'abe1';
-- nothing is approved that was edited meanwhile
SELECT result, code, pg_temp.plain(detail) AS detail FROM campaign.review_messages(ARRAY[:'abe1']::uuid[], 'approve', versions => ARRAY[3]);
SELECT result, code FROM campaign.review_messages(ARRAY[:'abe1']::uuid[], 'approve', versions => ARRAY[4]);
-- a rejection says why, and is not undone by an approval
SELECT pg_temp.try(format('SELECT r.result FROM campaign.review_messages(ARRAY[%L]::uuid[], ''reject'', %L) r', :'dan1', r)) FROM unnest('{NULL,"  "}'::text[]) r;
SELECT result FROM campaign.review_messages(ARRAY[:'dan1']::uuid[], 'reject', 'we do not know Dan');
SELECT status, review_notes FROM campaign.messages WHERE id = :'dan1';
SELECT result, code, pg_temp.plain(detail) AS detail FROM campaign.review_messages(ARRAY[:'dan1']::uuid[], 'approve');
SELECT campaign.edit_message(:'dan1', 'other', 'Who are you, Dan?');
SELECT status, review_notes FROM campaign.messages WHERE id = :'dan1';
SELECT pg_temp.try(format('SELECT r.result FROM campaign.review_messages(ARRAY[%L]::uuid[], %L) r', :'dan1', a)) FROM unnest('{NULL,delete}'::text[]) a;
SELECT pg_temp.try(format('SELECT r.result FROM campaign.review_messages(ARRAY[%L]::uuid[], ''approve'', versions => ''{1,2}'') r', :'dan1'));
SELECT count(*) FROM campaign.review_messages('{}', 'approve');

--
-- Who is excluded gets nothing, and keeps nobody waiting
--
SELECT can_approve, obstacle FROM campaign.review_summary(:'steel');
SELECT result FROM campaign.review_messages(ARRAY[:'abe2', :'cid1c']::uuid[], 'approve');
SELECT can_approve, obstacle FROM campaign.review_summary(:'steel');
SELECT r.* FROM campaign.exclude_contacts(:'steel', ARRAY(SELECT contact_id FROM campaign.messages WHERE id = :'dan1'), 'a competitor') r;
SELECT status, review_notes FROM campaign.messages WHERE id = :'dan1';
SELECT result, code, pg_temp.plain(detail) AS detail FROM campaign.review_messages(ARRAY[:'dan1']::uuid[], 'approve');
SELECT total, draft, approved, rejected, sent, active_contacts, excluded_contacts, can_approve, obstacle FROM campaign.review_summary(:'steel');
SELECT channel, touch_number, action, reason, times, messages FROM campaign.message_insights WHERE campaign_id = :'steel' ORDER BY 1, 2, 3, 4;
-- an approved campaign of which a message is edited is under review again
SELECT pg_temp.set_status(:'steel', 'approved') \g /dev/null
SELECT campaign.edit_message(:'cid1', 'too_long', 'Cid');
SELECT status FROM campaign.campaigns WHERE id = :'steel';
-- and so is one of which a message is what it was once
SELECT pg_temp.set_status(:'steel', 'approved') \g /dev/null
SELECT campaign.revert_message(:'cid1', 1);
SELECT status FROM campaign.campaigns WHERE id = :'steel';
SELECT from_state, to_state, reason FROM campaign.life_cycle_log WHERE entity_id = :'steel' ORDER BY id DESC LIMIT 1;

--
-- While a worker has a touch, its message is what he was given
--
RESET ROLE;
SELECT pg_temp.set_status(:'steel', 'running') \g /dev/null
UPDATE campaign.lanes SET paused = false, paused_at = NULL WHERE tenant_id = :'acme';
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE id = :'acme';
SELECT (campaign.enroll(:'steel', contact_id)).outcome FROM campaign.messages WHERE id = :'cid1';
SET ROLE regress_review_ann;
SELECT result FROM campaign.review_messages(ARRAY[:'cid1', :'cid1c']::uuid[], 'approve');
RESET ROLE;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker') \gset
SET ROLE regress_review_ann;
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', ''x'')', :'cid1'));
SELECT result, code FROM campaign.review_messages(ARRAY[:'cid1', :'abe2']::uuid[], 'reject', 'no') ORDER BY 1;
RESET ROLE;
SELECT campaign.release_touch(:'token');
SET ROLE regress_review_ann;
SELECT campaign.edit_message(:'cid1', 'other', 'Dear Cid');

--
-- A sent message is history
--
RESET ROLE;
UPDATE campaign.messages SET status = 'sent', sent_at = '2030-01-10 12:30' WHERE id = :'bea1';
SET ROLE regress_review_ann;
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', ''x'')', :'bea1'));
SELECT pg_temp.try(format('SELECT campaign.revert_message(%L, 1)', :'bea1'));
SELECT result, code FROM campaign.review_messages(ARRAY[:'bea1']::uuid[], 'reject', 'late');

--
-- Others
--
SET ROLE regress_review_vic;
SELECT count(*) FROM campaign.review_queue(:'steel', status => NULL);
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', ''x'')', :'cid1'));
SELECT result, code FROM campaign.review_messages(ARRAY[:'cid1']::uuid[], 'approve');
SELECT pg_temp.try('UPDATE campaign.messages SET status = ''approved''');
SELECT pg_temp.try('DELETE FROM campaign.message_versions');
SET ROLE regress_review_eve;
SELECT pg_temp.try(format('SELECT campaign.review_queue(%L)', :'steel'));
SELECT pg_temp.try(format('SELECT campaign.review_summary(%L)', :'steel'));
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', ''x'')', :'cid1'));
SELECT result, code FROM campaign.review_messages(ARRAY[:'cid1']::uuid[], 'approve');
SELECT count(*) FROM campaign.messages;
RESET ROLE;
\o /dev/null
SELECT set_config('campaign.clock_offset', '0', false);
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug IN ('review-acme', 'review-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_review_ann,regress_review_vic,regress_review_eve}'::name[]) r;
\o
DROP ROLE regress_review_ann, regress_review_vic, regress_review_eve;
