-- Export of messages: rows that a spreadsheet takes for text, and the status that only it sets.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_export_ann;
CREATE ROLE regress_export_vic;
CREATE ROLE regress_export_eve;
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
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_export_ann,regress_export_vic,regress_export_eve}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'export-acme', 'UTC', 'regress_export_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'export-eve', 'UTC', 'regress_export_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_export_vic', 'viewer');
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
CREATE FUNCTION pg_temp.export(campaign uuid, unapproved boolean DEFAULT false, excluded boolean DEFAULT false)
	RETURNS TABLE (contact_name text, email text, phone text, touch smallint, variant text, is_chosen boolean, channel text, subject text, body text, status text) LANGUAGE sql AS $$
	SELECT contact_name, email, phone, touch, variant, is_chosen, channel, subject, body, status FROM campaign.export_messages(campaign, unapproved, excluded) $$;
SET ROLE regress_export_ann;
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Steel', '[{"channel": "email"}, {"channel": "linkedin_message"}]', 'assigned') AS steel \gset
SELECT campaign.assign_contacts(:'steel', filter => '{}');
SELECT campaign.transition_campaign(:'steel', 'ready');
UPDATE campaign.contacts SET first_name = '=cmd', phone = '+12125550100' WHERE first_name = 'Eli';
SELECT pg_temp.write(:'steel', 'Abe', 1, 'email', '=1+1'), pg_temp.write(:'steel', 'Abe', 2, 'linkedin_message', E'\t-2 {{contact.first_name}}');
SELECT pg_temp.write(:'steel', 'Bea', 1, 'email', '@Bea', 'rejected', 'a'), pg_temp.write(:'steel', 'Bea', 1, 'email', '-Bea', 'approved', 'b');
SELECT pg_temp.write(:'steel', 'Cid', 1, 'email', 'Cid {{contact.first_name}}');
SELECT pg_temp.write(:'steel', 'Dan', 1, 'email', 'Dan', 'draft');
SELECT pg_temp.write(:'steel', '=cmd', 1, 'email', '+5');
\o
SELECT v, campaign.csv_safe(v) FROM unnest(ARRAY['=1', '+1', '-1', '@a', E'\ta', E'\ra', 'a=1', '', ' =1', NULL]) v;

--
-- Before it is approved an export changes nothing
--
SELECT pg_temp.set_status(:'steel', 'review') \g /dev/null
SELECT * FROM pg_temp.export(:'steel', true);
SELECT status FROM campaign.campaigns WHERE id = :'steel';
SELECT campaign.exclude_contacts(:'steel', pg_temp.contacts('Cid', 'Dan'));
SELECT campaign.transition_campaign(:'steel', 'approved');

--
-- No other way leads to exported
--
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, ''exported'')', :'steel'));
SELECT * FROM pg_temp.export(:'steel');
SELECT c.status, date_trunc('minute', o.exported_at) AS exported_at FROM campaign.campaigns c JOIN campaign.outreach_campaigns o ON o.campaign_id = c.id WHERE c.id = :'steel';
SELECT count(*) FROM pg_temp.export(:'steel', true, true);
SELECT contact_name, touch, status FROM pg_temp.export(:'steel', true, true) WHERE status = 'rejected';
SELECT pg_temp.try(format('SELECT campaign.launch_campaign(%L)', :'steel'));
-- what was sent is not exported again
SELECT r.result FROM campaign.messages m CROSS JOIN LATERAL campaign.mark_sent(m.id) r WHERE m.contact_id = ANY (pg_temp.contacts('Abe')) AND m.touch_number = 1;
SELECT contact_name, touch FROM pg_temp.export(:'steel');

--
-- Others
--
SET ROLE regress_export_vic;
SELECT pg_temp.try(format('SELECT count(*) FROM campaign.export_messages(%L)', :'steel'));
SET ROLE regress_export_eve;
SELECT pg_temp.try(format('SELECT count(*) FROM campaign.export_messages(%L)', :'steel'));
SELECT pg_temp.try('SELECT count(*) FROM campaign.export_messages(NULL)');
RESET ROLE;
\o /dev/null
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug IN ('export-acme', 'export-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_export_ann,regress_export_vic,regress_export_eve}'::name[]) r;
\o
DROP ROLE regress_export_ann, regress_export_vic, regress_export_eve;

--
-- Whoever is excluded is left out of what is not approved, too; and every text is one for a spreadsheet
--
CREATE ROLE regress_export_bob;
\o /dev/null
SELECT campaign.grant_access('regress_export_bob', 'member');
SELECT campaign.create_tenant('Bolt', 'export-bolt', 'UTC', 'regress_export_bob') AS bolt \gset
SELECT pg_temp.at_time('2030-01-10 12:00');
INSERT INTO campaign.contacts (tenant_id, first_name, email, linkedin_url, score) VALUES (:'bolt', 'Fay', '+fay@x.example', 'https://in.example/fay', 2),
	(:'bolt', 'Gus', 'gus@x.example', NULL, 1);
SET ROLE regress_export_bob;
SELECT campaign.create_campaign(:'bolt', 'Hostile', '[{"channel": "email"}]', 'assigned') AS hostile \gset
SELECT campaign.assign_contacts(:'hostile', filter => '{}');
SELECT campaign.transition_campaign(:'hostile', 'ready');
SELECT pg_temp.write(:'hostile', 'Fay', 1, 'email', '-body', 'draft'), pg_temp.write(:'hostile', 'Gus', 1, 'email', '=body', 'draft');
RESET ROLE;
UPDATE campaign.messages SET subject = '@' || subject, body_html = '+html' WHERE campaign_id = :'hostile';
SELECT pg_temp.set_status(:'hostile', 'review');
SET ROLE regress_export_bob;
\o
SELECT contact_name, email, linkedin_url, subject, body, body_html FROM campaign.export_messages(:'hostile', true);
SELECT * FROM campaign.exclude_contacts(:'hostile', pg_temp.contacts('Gus'));
SELECT contact_name, status FROM campaign.export_messages(:'hostile', true, false);
SELECT contact_name, status FROM campaign.export_messages(:'hostile', true, true);
RESET ROLE;
\o /dev/null
SELECT campaign.delete_tenant(:'bolt', 'export-bolt'), campaign.revoke_access('regress_export_bob');
\o
DROP ROLE regress_export_bob;
