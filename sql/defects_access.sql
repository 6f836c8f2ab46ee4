-- Defect 12 of the product that outreach replaces: roles counted from any tenant; rows of different tenants could be
-- joined; step and template routes needed only a login. test/pgtap/roles.sql and tenancy.sql try every function, table
-- and foreign key in the same way.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE ROLE regress_defect12_ann;
CREATE ROLE regress_defect12_eve;
CREATE ROLE regress_defect12_two;
CREATE ROLE regress_defect12_login;
CREATE ROLE regress_defect12_none;
CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n bigint; m text; d text; h text;
BEGIN
	EXECUTE statement;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN 'rows: ' || n;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	RETURN regexp_replace(concat_ws(E'\n', SQLSTATE || ': ' || m, 'DETAIL: ' || nullif(d, ''), 'HINT: ' || nullif(h, '')), '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g');
END $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_defect12_ann,regress_defect12_eve,regress_defect12_two,regress_defect12_login}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'defect12-acme', 'UTC', 'regress_defect12_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'defect12-eve', 'UTC', 'regress_defect12_eve') AS eve \gset
-- Eve owns a tenant of her own and looks on in Acme; a third one is editor of both
SELECT campaign.add_member(:'acme', 'regress_defect12_eve', 'viewer');
SELECT campaign.add_member(t, 'regress_defect12_two', 'editor') FROM unnest(ARRAY[:'acme', :'eve']::uuid[]) t;
\o
SET ROLE regress_defect12_two;
INSERT INTO campaign.companies (tenant_id, name) VALUES (:'eve', 'Theirs') RETURNING id AS their_company \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Abe', 'abe@x.example') RETURNING id AS abe \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'eve', 'Zoe', 'zoe@x.example') RETURNING id AS zoe \gset
INSERT INTO campaign.message_templates (tenant_id, channel, name, subject, body) VALUES (:'eve', 'email', 'Theirs', 'S', 'B') RETURNING id AS their_text \gset
INSERT INTO campaign.campaign_templates (tenant_id, name, template_config) VALUES (:'eve', 'Theirs', '[{"channel": "email"}]') RETURNING id AS their_template \gset
SELECT campaign.create_campaign(:'acme', 'Ours', '[{"channel": "email", "subject": "S", "body_text": "B"}]', 'assigned') AS ours \gset
SELECT campaign.create_campaign(:'eve', 'Theirs', '[{"channel": "email", "subject": "S", "body_text": "B"}]', 'contacts') AS theirs \gset

--
-- Roles counted from any tenant: who owns one could change every other
--
SET ROLE regress_defect12_eve;
SELECT t.slug, t.id = ANY (campaign.readable_tenants()) AS reads, t.id = ANY (campaign.writable_tenants()) AS writes, t.id = ANY (campaign.owned_tenants()) AS owns
FROM campaign.tenants t WHERE NOT t.seeded ORDER BY 1;
SELECT name, status FROM campaign.campaigns WHERE tenant_id = :'acme';
-- what editors do
SELECT pg_temp.try(format('SELECT campaign.create_campaign(%L, %L, %L)', :'acme', 'Mine', '[{"channel": "email"}]'));
SELECT pg_temp.try(format('SELECT campaign.transition_campaign(%L, %L)', :'ours', 'archived'));
SELECT pg_temp.try(format('SELECT campaign.assign_contacts(%L, ARRAY[%L]::uuid[])', :'ours', :'abe'));
SELECT pg_temp.try(format('UPDATE campaign.campaigns SET name = %L WHERE id = %L', 'Mine', :'ours'));
SELECT pg_temp.try(format('INSERT INTO campaign.contacts (tenant_id, email) VALUES (%L, %L)', :'acme', 'x@x.example'));
-- and what owners do: members, settings, budgets
SELECT pg_temp.try(format('SELECT campaign.add_member(%L, %L, %L)', :'acme', 'regress_defect12_eve', 'owner'));
SELECT pg_temp.try(format('SELECT campaign.set_send_limit(%L, %L, 1000000)', :'acme', 'email'));
SELECT pg_temp.try(format('UPDATE campaign.tenants SET overlap_policy = %L WHERE id = %L', 'block', :'acme'));
SELECT pg_temp.try(format('INSERT INTO campaign.generation_budgets (tenant_id, mode, amount_usd) VALUES (%L, %L, 1000)', t, 'hard')) FROM unnest(ARRAY[:'acme', :'eve']) t;
-- an editor of both does neither's
SET ROLE regress_defect12_two;
SELECT pg_temp.try(format('SELECT campaign.remove_member(%L, %L)', :'acme', 'regress_defect12_ann'));
SELECT pg_temp.try('UPDATE campaign.tenants SET overlap_policy = ''block''');
SELECT pg_temp.try('DELETE FROM campaign.generation_budgets');

--
-- Rows of different tenants could be joined: not even by somebody who may write in both
--
SELECT pg_temp.try(format('SELECT campaign.enroll(%L, %L)', :'theirs', :'abe'));
SELECT * FROM campaign.assign_contacts(:'ours', ARRAY[:'abe', :'zoe']::uuid[]);
SELECT campaign.tag_contacts(:'acme', ARRAY[:'abe', :'zoe']::uuid[], '{hot}') AS tagged;
SELECT contacts, c.first_name FROM (SELECT count(*) AS contacts FROM campaign.campaign_contacts) n, campaign.contact_tags t JOIN campaign.contacts c ON c.id = t.contact_id;
SELECT pg_temp.try(format('UPDATE campaign.contacts SET company_id = %L WHERE id = %L', :'their_company', :'abe'));
SELECT pg_temp.try(format('UPDATE campaign.contacts SET tenant_id = %L WHERE id = %L', :'eve', :'abe'));
SELECT pg_temp.try(format('INSERT INTO campaign.jobs (tenant_id, contact_id) VALUES (%L, %L)', :'acme', :'zoe'));
SELECT pg_temp.try(format('SELECT campaign.create_job(%L, campaign_override => %L)', :'abe', :'theirs'));
SELECT pg_temp.try(format('SELECT campaign.log_send(%L, template => %L)', :'abe', :'their_text'));
SELECT pg_temp.try(format('SELECT campaign.revise_campaign(%L, %L)', :'ours', jsonb_build_array(jsonb_build_object('channel', 'email', 'template_id', :'their_text'))));
SELECT pg_temp.try(format('SELECT campaign.create_campaign_from_template(%L, %L, %L)', :'their_template', 'Mixed', :'acme'));

--
-- Step and template routes needed only a login. Without a membership there is nothing, the system's presets included
--
SET ROLE regress_defect12_login;
SELECT (SELECT count(*) FROM campaign.campaign_touches) AS steps, (SELECT count(*) FROM campaign.outreach_campaigns) AS documents,
	(SELECT count(*) FROM campaign.campaign_templates) AS presets, (SELECT count(*) FROM campaign.message_templates) AS texts;
SELECT pg_temp.try(format('SELECT campaign.revise_campaign(%L, %L)', :'ours', '[{"channel": "email"}]'));
SELECT pg_temp.try(format('SELECT count(*) FROM campaign.diff_plan(%L, 1)', :'ours'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign_from_template(%L, %L)', :'their_template', 'Stolen'));
SELECT pg_temp.try(format('SELECT campaign.clone_campaign_template(%L)', :'their_template'));
SELECT pg_temp.try(format('SELECT campaign.create_campaign_from_template(%L, %L, %L)', '00000000-0000-8000-8003-000000000005', 'Planted', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.copy_message_template(%L, %L)', :'their_text', :'eve'));
SELECT pg_temp.try(format('INSERT INTO campaign.campaign_templates (tenant_id, name, template_config) VALUES (%L, %L, %L)', :'acme', 'Planted', '[{"channel": "email"}]'));
SELECT pg_temp.try('UPDATE campaign.campaign_templates SET name = ''x''');
SELECT pg_temp.try('DELETE FROM campaign.message_templates');
SELECT pg_temp.try('UPDATE campaign.campaign_touches SET label = ''x''');
-- and a login without a level has not even those
SET ROLE regress_defect12_none;
SELECT pg_temp.try('SELECT count(*) FROM campaign.campaign_templates');
SELECT pg_temp.try('SELECT campaign.template_config_schema()');

RESET ROLE;
\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'defect12-acme'), campaign.delete_tenant(:'eve', 'defect12-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_defect12_ann,regress_defect12_eve,regress_defect12_two,regress_defect12_login}'::name[]) r;
\o
DROP ROLE regress_defect12_ann, regress_defect12_eve, regress_defect12_two, regress_defect12_login, regress_defect12_none;
