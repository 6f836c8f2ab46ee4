-- Overlap: contacts whom another live campaign has, or who were written to a short time ago.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_overlap_ann;
CREATE ROLE regress_overlap_ed;
CREATE ROLE regress_overlap_eve;
CREATE FUNCTION pg_temp.plain(t text) RETURNS text LANGUAGE sql
	AS $$ SELECT regexp_replace(t, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g') $$;
CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m text; d text; h text;
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	RETURN pg_temp.plain(concat_ws(E'\n', SQLSTATE || ': ' || m, 'DETAIL: ' || nullif(d, ''), 'HINT: ' || nullif(h, '')));
END $$;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_overlap_ann,regress_overlap_ed,regress_overlap_eve}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'overlap-acme', 'UTC', 'regress_overlap_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'overlap-eve', 'UTC', 'regress_overlap_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_overlap_ed', 'editor');
SELECT pg_temp.at_time('2030-01-31 12:00');
\o
SET ROLE regress_overlap_ann;
\set steps '[{"channel": "email", "subject": "Hi", "body_text": "Hi"}, {"channel": "call", "delay_hours": 24, "body_text": "Hi"}]'
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) SELECT :'acme', n, lower(n) || '@x.example', '+1212555010' || i
	FROM unnest('{Abe,Bea,Cid,Dot,Eli}'::text[]) WITH ORDINALITY x (n, i);
CREATE FUNCTION pg_temp.contacts(VARIADIC names text[]) RETURNS uuid[] LANGUAGE sql
	AS $$ SELECT array_agg(id ORDER BY id) FROM campaign.contacts WHERE first_name = ANY (names) $$;
SELECT campaign.create_campaign(:'acme', 'One', :'steps', 'assigned') AS one \gset
SELECT campaign.create_campaign(:'acme', 'Two', :'steps', 'assigned') AS two \gset
SELECT campaign.create_campaign(:'acme', 'Draft', :'steps', 'assigned') AS draft \gset
SELECT campaign.create_campaign(:'acme', 'By hand', :'steps', 'contacts') AS by_hand \gset
CREATE FUNCTION pg_temp.conflicts(campaign uuid) RETURNS TABLE (contact text, kind text, other text, channel text, last_sent_at timestamptz, clear_at timestamptz, severity text) LANGUAGE sql AS $$
	SELECT p.first_name, x.kind, c.name, x.channel, date_trunc('minute', x.last_sent_at), date_trunc('minute', x.clear_at), x.severity
	FROM campaign.contact_conflicts(campaign) WITH ORDINALITY x (contact_id, kind, other_campaign_id, channel, last_sent_at, clear_at, severity, n)
		JOIN campaign.contacts p ON p.id = x.contact_id LEFT JOIN campaign.campaigns c ON c.id = x.other_campaign_id ORDER BY x.n $$;
CREATE TEMP VIEW logged AS
	SELECT p.first_name AS contact, c.name AS campaign, l.kind, o.name AS other, l.channel, l.severity, l.outcome, date_trunc('minute', l.at) AS at
	FROM campaign.overlap_log l JOIN campaign.contacts p ON p.id = l.contact_id JOIN campaign.campaigns c ON c.id = l.campaign_id
		LEFT JOIN campaign.campaigns o ON o.id = l.other_campaign_id ORDER BY l.at, 2, 1, 3, 4, 5;

--
-- Other live campaigns: from ready to paused. A draft is in nobody's way
--
SELECT * FROM campaign.assign_contacts(:'one', pg_temp.contacts('Abe', 'Bea'));
SELECT * FROM campaign.assign_contacts(:'draft', pg_temp.contacts('Abe'));
SELECT * FROM campaign.assign_contacts(:'two', pg_temp.contacts('Abe', 'Cid'));
SELECT * FROM pg_temp.conflicts(:'two');
SELECT campaign.transition_campaign(:'one', 'ready');
SELECT * FROM pg_temp.conflicts(:'two');
SELECT campaign.transition_campaign(:'one', 'running');
SELECT * FROM pg_temp.conflicts(:'two');
\o /dev/null
SELECT campaign.launch_campaign(:'by_hand');
SELECT campaign.enroll(:'by_hand', k) FROM unnest(pg_temp.contacts('Cid')) k;
SELECT campaign.enroll(:'one', k) FROM unnest(pg_temp.contacts('Abe')) k;
\o
SELECT * FROM pg_temp.conflicts(:'two');
SELECT campaign.pause_campaign(:'one');
SELECT * FROM pg_temp.conflicts(:'two');
-- in each status of the way; who is through with his campaign is free
RESET ROLE;
CREATE FUNCTION pg_temp.set_status(campaign uuid, wanted text) RETURNS void LANGUAGE sql SECURITY DEFINER SET session_replication_role = replica
	AS $$ UPDATE campaign.campaigns SET status = wanted WHERE id = campaign $$;
CREATE FUNCTION pg_temp.conflicts_in(other uuid, wanted text, campaign uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.set_status(other, wanted);
	RETURN (SELECT string_agg(x.contact || ' in ' || x.other, ', ') FROM pg_temp.conflicts(campaign) x WHERE x.other = 'One');
END $$;
SET ROLE regress_overlap_ann;
SELECT s AS status, pg_temp.conflicts_in(:'one', s, :'two') FROM unnest('{draft,ready,generating,review,approved,exported,running,completed,paused}'::text[]) s;
-- who is excluded there is in no conflict, nor who is excluded here
SELECT * FROM campaign.exclude_contacts(:'one', pg_temp.contacts('Abe'));
SELECT * FROM pg_temp.conflicts(:'two');
SELECT * FROM campaign.exclude_contacts(:'two', pg_temp.contacts('Cid'));
SELECT * FROM pg_temp.conflicts(:'two');

--
-- Cooldown: 30 days on each channel from the last message that was sent, over the channels of the campaign
--
SELECT campaign.create_campaign(:'acme', 'Three', :'steps', 'assigned') AS three \gset
SELECT * FROM campaign.assign_contacts(:'three', pg_temp.contacts('Dot', 'Eli'));
\o /dev/null
SELECT campaign.log_send(k, 'email', sent_at => '2030-01-10 12:00') FROM unnest(pg_temp.contacts('Dot')) k;
SELECT campaign.log_send(k, 'email', sent_at => '2030-01-25 12:00') FROM unnest(pg_temp.contacts('Dot')) k;
SELECT campaign.log_send(k, 'call', sent_at => '2030-01-02 12:00') FROM unnest(pg_temp.contacts('Dot')) k;
SELECT campaign.log_send(k, 'sms', sent_at => '2030-01-30 12:00') FROM unnest(pg_temp.contacts('Eli')) k;
SELECT campaign.log_send(k, 'email', sent_at => '2029-12-30 12:00') FROM unnest(pg_temp.contacts('Eli')) k;
\o
SELECT * FROM pg_temp.conflicts(:'three');
-- as the tenant wants it on a channel
INSERT INTO campaign.contact_cooldowns (tenant_id, channel, cooldown) VALUES (:'acme', 'email', '60 days'), (:'acme', 'call', '0');
SELECT * FROM pg_temp.conflicts(:'three');
UPDATE campaign.contact_cooldowns SET cooldown = '2 days' WHERE channel = 'email';
SELECT * FROM pg_temp.conflicts(:'three');
SELECT pg_temp.try(format('INSERT INTO campaign.contact_cooldowns (tenant_id, channel, cooldown) VALUES (%L, %L, %L)', :'acme', c, i))
FROM (VALUES ('sms', '-1 day'), ('sms', '367 days'), ('fax', '1 day'), ('sms', NULL)) v (c, i);
DELETE FROM campaign.contact_cooldowns;
-- what failed or was skipped was not sent; its own messages are in nobody's way
RESET ROLE;
INSERT INTO campaign.send_logs (tenant_id, campaign_id, enrollment_id, touch_number, attempt, contact_id, is_final, advanced, channel, status, sent_at, logged_at)
	SELECT :'acme', c, campaign.uuid_v7(), 1, 1, k, true, true, 'email', s, CASE s WHEN 'sent' THEN campaign.now() END, campaign.now()
	FROM (VALUES (:'two'::uuid, 'failed'), (:'two', 'skipped'), (:'three', 'sent')) v (c, s), unnest((SELECT array_agg(id) FROM campaign.contacts WHERE first_name = 'Eli')) k;
SET ROLE regress_overlap_ann;
SELECT * FROM pg_temp.conflicts(:'three') WHERE contact = 'Eli';

--
-- Defect 10: a contact's id was stored as a campaign's in the overlap log. Both campaigns have columns of their
-- own, with foreign keys; both are there, and neither is a contact
--
SELECT * FROM logged;
SELECT * FROM campaign.assign_contacts(:'draft', pg_temp.contacts('Bea', 'Cid', 'Dot'));
SELECT * FROM logged;
SELECT count(*) FILTER (WHERE l.campaign_id = :'draft') AS campaigns, count(*) FILTER (WHERE l.other_campaign_id = ANY (ARRAY[:'one', :'by_hand']::uuid[])) AS others,
	count(p.id) AS contacts, count(*) FROM campaign.overlap_log l LEFT JOIN campaign.contacts p ON p.id IN (l.campaign_id, l.other_campaign_id);
RESET ROLE;
SELECT pg_temp.try(format('UPDATE campaign.overlap_log SET %s = contact_id', c)) FROM unnest('{campaign_id,other_campaign_id}'::text[]) c;
SELECT split_part(pg_temp.try('UPDATE campaign.overlap_log SET other_campaign_id = campaign_id'), E'\n', 1);
SELECT split_part(pg_temp.try('UPDATE campaign.overlap_log SET other_campaign_id = NULL WHERE kind = ''campaign'''), E'\n', 1);
SET ROLE regress_overlap_ann;

--
-- Blocked: a setting of the tenant
--
UPDATE campaign.tenants SET overlap_policy = 'block' WHERE id = :'acme';
SELECT pg_temp.at_time('2030-02-01 12:00');
SELECT campaign.create_campaign(:'acme', 'Blocked', :'steps', 'assigned') AS blocked \gset
SELECT * FROM campaign.assign_contacts(:'blocked', filter => '{}');
SELECT p.first_name FROM campaign.campaign_contacts k JOIN campaign.contacts p ON p.id = k.contact_id WHERE k.campaign_id = :'blocked' ORDER BY 1;
SELECT * FROM logged WHERE at > '2030-02-01';
SELECT pg_temp.try(format('UPDATE campaign.tenants SET overlap_policy = %L WHERE id = %L', 'ignore', :'acme'));

--
-- Who may; and what is purged
--
SET ROLE regress_overlap_ed;
SELECT count(*) FROM pg_temp.conflicts(:'three');
SELECT pg_temp.try(format('INSERT INTO campaign.contact_cooldowns (tenant_id, channel, cooldown) VALUES (%L, %L, %L)', :'acme', 'email', '1 day'));
SELECT pg_temp.try('DELETE FROM campaign.overlap_log');
SET ROLE regress_overlap_eve;
SELECT pg_temp.try(format('SELECT campaign.contact_conflicts(%L)', :'three'));
SELECT pg_temp.try('SELECT campaign.contact_conflicts(NULL)');
SELECT count(*) FROM campaign.overlap_log;
SET ROLE regress_overlap_ann;
SELECT campaign.delete_campaign(:'draft');
SELECT campaign.purge_campaign(:'draft');
SELECT count(*) FROM logged WHERE campaign = 'Draft';

-- a trigger of somebody's own fires: the rows are then written as INSERT writes them
RESET ROLE;
CREATE FUNCTION pg_temp.shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'overlap %', NEW.kind; RETURN NULL; END $$;
CREATE TRIGGER shout AFTER INSERT ON campaign.overlap_log FOR EACH ROW EXECUTE FUNCTION pg_temp.shout();
SET ROLE regress_overlap_ann;
SELECT * FROM campaign.assign_contacts(:'blocked', pg_temp.contacts('Bea'));
RESET ROLE;
DROP TRIGGER shout ON campaign.overlap_log;
\o /dev/null
SELECT set_config('campaign.clock_offset', '0', false);
SELECT campaign.delete_tenant(:'acme', 'overlap-acme'), campaign.delete_tenant(:'eve', 'overlap-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_overlap_ann,regress_overlap_ed,regress_overlap_eve}'::name[]) r;
\o
DROP OWNED BY regress_overlap_ann;
DROP ROLE regress_overlap_ann, regress_overlap_ed, regress_overlap_eve;
