-- Deleting: what has no history goes with its children, what has stays and says what to do instead.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_del_ann;
CREATE ROLE regress_del_eve;
CREATE ROLE regress_del_admin;
CREATE ROLE regress_del_worker;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_del_ann,regress_del_eve}'::name[]) r;
SELECT campaign.grant_access('regress_del_admin', 'admin'), campaign.grant_access('regress_del_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'del-acme', 'UTC', 'regress_del_ann') AS acme \gset
SELECT campaign.create_tenant('Other', 'del-other', 'UTC', 'regress_del_ann') AS other \gset
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT campaign.add_member(:'acme', 'regress_del_eve', 'editor');
\o
-- for messages that name ids
CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m text; d text; h text;
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n', SQLSTATE || ': ' || regexp_replace(m, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g'),
		'DETAIL: ' || nullif(regexp_replace(d, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g'), ''), 'HINT: ' || nullif(h, ''));
END $$;
\pset format unaligned
\pset tuples_only on
SET ROLE regress_del_ann;
\set steps '[{"channel": "email", "subject": "One", "body_text": "x"}]'
-- Bob has history; Cleo has a job, consents and nothing else
INSERT INTO campaign.companies (tenant_id, name) VALUES (:'acme', 'Bob''s') RETURNING id AS company \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email, company_id) VALUES (:'acme', 'Bob', 'bob@x.example', :'company') RETURNING id AS bob \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email, company_id) VALUES (:'acme', 'Cleo', 'cleo@x.example', :'company') RETURNING id AS cleo \gset
INSERT INTO campaign.message_templates (tenant_id, channel, name, subject, body) VALUES (:'acme', 'email', 'Used', 'x', 'x') RETURNING id AS used \gset
INSERT INTO campaign.message_templates (tenant_id, channel, name, subject, body) VALUES (:'acme', 'email', 'Unused', 'x', 'x') RETURNING id AS unused \gset
SELECT campaign.create_campaign(:'acme', 'With history', jsonb_build_array(jsonb_build_object('channel', 'email', 'template_id', :'used'))) AS with_history \gset
SELECT campaign.create_campaign(:'acme', 'Without', :'steps') AS without \gset
\o /dev/null
SELECT campaign.launch_campaign(:'with_history');
SELECT campaign.create_job(:'bob', 'hvac', 'completed', '2020-01-01') AS job \gset
SELECT campaign.create_job(:'bob', 'hvac') AS open_job \gset
SELECT campaign.create_job(:'cleo', 'hvac') AS cleos_job \gset
SELECT campaign.set_consent(:'cleo', 'sms', 'opted_in');
SET ROLE regress_del_worker;
SELECT (campaign.complete_touch(lease_token)).result FROM campaign.claim_due_touches('worker 1');
SET ROLE regress_del_ann;
\o

--
-- With history: refused, with the way out
--
SELECT pg_temp.try(format('DELETE FROM campaign.contacts WHERE id = %L', :'bob'));
SELECT pg_temp.try(format('DELETE FROM campaign.jobs WHERE id = %L', :'job'));
SELECT pg_temp.try(format('DELETE FROM campaign.message_templates WHERE id = %L', :'used'));
SELECT pg_temp.try(format('SELECT campaign.purge_campaign(%L)', :'with_history'));
SELECT pg_temp.try('DELETE FROM campaign.send_logs');
SELECT pg_temp.try('DELETE FROM campaign.campaign_enrollments');
SELECT pg_temp.try('DELETE FROM campaign.campaigns');
-- in the archive it is no different
\o /dev/null
SELECT campaign.transition_campaign(:'with_history', 'completed'), campaign.transition_campaign(:'with_history', 'archived');
\o
SELECT pg_temp.try(format('SELECT campaign.purge_campaign(%L)', :'with_history'));
SELECT count(*) AS enrolments, (SELECT count(*) FROM campaign.send_logs) AS sends, (SELECT count(*) FROM campaign.jobs) AS jobs FROM campaign.campaign_enrollments;
-- a message that a person sent by hand is history, too
SELECT campaign.log_send(:'cleo', 'email', 'Hello') IS NOT NULL AS logged;
SELECT pg_temp.try(format('DELETE FROM campaign.contacts WHERE id = %L', :'cleo'));

--
-- Without: it goes, and its children with it
--
INSERT INTO campaign.contacts (tenant_id, first_name, email, company_id) VALUES (:'acme', 'Dan', 'dan@x.example', :'company') RETURNING id AS dan \gset
\o /dev/null
SELECT campaign.create_job(:'dan', 'hvac') AS dans_job \gset
SELECT campaign.enroll_job(:'dans_job'), campaign.set_consent(:'dan', 'sms', 'opted_in');
\o
SELECT count(*) FROM campaign.job_enrollments WHERE job_id = :'dans_job';
DELETE FROM campaign.contacts WHERE id = :'dan';
SELECT (SELECT count(*) FROM campaign.jobs WHERE id = :'dans_job') AS jobs, (SELECT count(*) FROM campaign.consents WHERE contact_id = :'dan') AS consents,
	(SELECT count(*) FROM campaign.job_enrollments WHERE job_id = :'dans_job') AS outcomes;
DELETE FROM campaign.jobs WHERE id = :'open_job';
DELETE FROM campaign.message_templates WHERE id = :'unused';
-- a company leaves its contacts behind
DELETE FROM campaign.companies WHERE id = :'company';
SELECT first_name, company_id FROM campaign.contacts WHERE tenant_id = :'acme' ORDER BY 1;
-- a service type that something names
SELECT pg_temp.try(format('DELETE FROM campaign.service_types WHERE tenant_id = %L AND service_type = ''hvac''', :'acme'));
DELETE FROM campaign.service_types WHERE tenant_id = :'acme' AND service_type = 'roofing';

--
-- A campaign without history: archived first, then purged, by an owner
--
SELECT pg_temp.try(format('SELECT campaign.purge_campaign(%L)', :'without'));
-- a draft is deleted, and in any other status none
RESET ROLE;
CREATE FUNCTION pg_temp.set_status(campaign uuid, wanted text) RETURNS void LANGUAGE sql SECURITY DEFINER SET session_replication_role = replica
	AS $$ UPDATE campaign.campaigns SET status = wanted WHERE id = campaign $$;
CREATE FUNCTION pg_temp.deleted_in(campaign uuid, wanted text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.set_status(campaign, wanted);
	RETURN wanted || ': ' || pg_temp.try(format('SELECT campaign.delete_campaign(%L)', campaign));
END $$;
SET ROLE regress_del_ann;
SELECT pg_temp.deleted_in(:'without', s) FROM unnest('{ready,generating,review,approved,exported,running,paused,completed}'::text[]) s;
SELECT pg_temp.set_status(:'without', 'draft') \g /dev/null
SELECT campaign.delete_campaign(:'without');
SET ROLE regress_del_eve;
SELECT pg_temp.try(format('SELECT campaign.purge_campaign(%L)', :'without'));
SET ROLE regress_del_ann;
SELECT campaign.purge_campaign(:'without');
SELECT (SELECT count(*) FROM campaign.campaigns WHERE id = :'without') AS campaigns, (SELECT count(*) FROM campaign.outreach_campaigns WHERE campaign_id = :'without') AS outreach,
	(SELECT count(*) FROM campaign.campaign_touches WHERE campaign_id = :'without') AS touches, (SELECT count(*) FROM campaign.lanes WHERE campaign_id = :'without') AS lanes;
SELECT pg_temp.try(format('SELECT campaign.purge_campaign(%L)', :'without'));
-- what became of it is still told
SELECT from_state, to_state, reason FROM campaign.life_cycle_log WHERE entity_id = :'without' ORDER BY id;
-- a job that names a campaign keeps it
SELECT campaign.create_campaign(:'acme', 'Named', :'steps', 'contacts') AS named \gset
\o /dev/null
SELECT campaign.create_job(:'bob', campaign_override => :'named');
SELECT campaign.delete_campaign(:'named');
\o
SELECT split_part(pg_temp.try(format('SELECT campaign.purge_campaign(%L)', :'named')), E'\n', 1);

--
-- A whole tenant: by an admin, its slug confirms
--
SELECT campaign.create_campaign(:'other', 'Keeps', :'steps') IS NOT NULL AS created;
SELECT pg_temp.try(format('SELECT campaign.delete_tenant(%L, ''del-acme'')', :'acme'));
SELECT pg_temp.try(format('DELETE FROM campaign.tenants WHERE id = %L', :'acme'));
SET ROLE regress_del_admin;
SELECT pg_temp.try(format('SELECT campaign.delete_tenant(%L, ''del-other'')', :'acme'));
SELECT pg_temp.try(format('SELECT campaign.delete_tenant(%L, ''Del-Acme'')', :'acme'));
SELECT pg_temp.try('SELECT campaign.delete_tenant(''00000000-0000-0000-0000-000000000000'', ''system'')');
SELECT campaign.delete_tenant(:'acme', 'del-acme');
SELECT pg_temp.try(format('SELECT campaign.delete_tenant(%L, ''del-acme'')', :'acme'));
RESET ROLE;
-- nothing of it is left anywhere, and the other one has everything
DO $$
DECLARE
	t record;
	n bigint;
BEGIN
	FOR t IN SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
		WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind = 'r' LOOP
		EXECUTE format('SELECT count(*) FROM %s r WHERE NOT EXISTS (SELECT FROM campaign.tenants t WHERE t.id = r.tenant_id)', t.name) INTO n;
		IF n > 0 THEN
			RAISE WARNING '% rows left in %', n, t.name;
		END IF;
	END LOOP;
END $$;
SELECT slug, (SELECT count(*) FROM campaign.campaigns c WHERE c.tenant_id = t.id) AS campaigns FROM campaign.tenants t WHERE slug LIKE 'del-%';

-- A large one after a small one: foreign keys are not followed by plans that were made for small tables.
CREATE FUNCTION pg_temp.filled_tenant(tenant_slug text, size integer) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	tenant uuid := campaign.create_tenant(tenant_slug, tenant_slug, 'UTC', 'regress_del_ann');
	made uuid;
BEGIN
	INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT tenant, 'c' || i, format('c%s@x.example', i) FROM generate_series(1, size) i;
	SET LOCAL ROLE regress_del_ann;
	made := campaign.create_campaign(tenant, 'One', '[{"channel": "email", "subject": "One", "body_text": "x"}]');
	PERFORM campaign.launch_campaign(made);
	PERFORM campaign.enroll_contacts(made, format('SELECT id FROM campaign.contacts WHERE tenant_id = %L', tenant));
	RESET ROLE;
	RETURN tenant;
END $$;
SELECT pg_temp.filled_tenant('del-small', 10) AS small \gset
SELECT FROM campaign.delete_tenant(:'small', 'del-small');
SELECT pg_temp.filled_tenant('del-large', 5000) AS large \gset
-- so that only the next transaction is counted
SELECT FROM pg_stat_force_next_flush();
BEGIN;
SELECT FROM campaign.delete_tenant(:'large', 'del-large');
-- no table or index is read as a whole for each contact, which would be 25,000,000 entries
SELECT r.oid::regclass AS name, pg_stat_get_xact_tuples_returned(r.oid) AS read FROM pg_class r
	WHERE r.relnamespace = 'campaign'::regnamespace AND pg_stat_get_xact_tuples_returned(r.oid) > 1000000 ORDER BY r.oid::regclass::text COLLATE "C";
SELECT sum(n_tup_del) FILTER (WHERE relname = 'contacts') AS contacts, sum(n_tup_del) FILTER (WHERE relname = 'campaign_enrollments') AS enrollments
	FROM pg_stat_xact_user_tables WHERE schemaname = 'campaign';
COMMIT;

\o /dev/null
SELECT campaign.delete_tenant(:'other', 'del-other');
SELECT campaign.revoke_access(r) FROM unnest('{regress_del_ann,regress_del_eve,regress_del_admin,regress_del_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP ROLE regress_del_ann, regress_del_eve, regress_del_admin, regress_del_worker;
