-- Enrolment of many contacts by one call: a list of ids, or a query.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_bulk_ann;
CREATE ROLE regress_bulk_vic;
CREATE ROLE regress_bulk_eve;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_bulk_ann,regress_bulk_vic,regress_bulk_eve}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'bulk-acme', 'UTC', 'regress_bulk_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'bulk-eve', 'UTC', 'regress_bulk_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_bulk_vic', 'viewer');
SELECT pg_temp.at_time('2030-01-10 12:00');
SET ROLE regress_bulk_eve;
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'eve', 'Other', 'other@x.example');
SELECT id AS others FROM campaign.contacts WHERE first_name = 'Other' \gset
SET ROLE regress_bulk_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email, score) SELECT :'acme', 'C' || i, format('c%s@x.example', i), i FROM generate_series(1, 1000) i;
SELECT campaign.create_campaign(:'acme', 'One', '[{"channel": "email", "subject": "x", "body_text": "x", "delay_hours": 24}, {"channel": "email", "subject": "y", "body_text": "y", "delay_hours": 24}]', 'contacts') AS one \gset
SELECT campaign.create_campaign(:'acme', 'Two', '[{"channel": "email", "subject": "x", "body_text": "x"}]', 'contacts') AS two \gset
SELECT campaign.launch_campaign(:'one'), campaign.launch_campaign(:'two');
\o
-- what an enrolment has, whoever made it
CREATE TEMP VIEW enrolled AS
	SELECT c.name AS campaign, e.status, e.stop_reason, e.exclusive, e.plan_version, e.job_id, e.anchor_at AT TIME ZONE 'UTC' AS anchor_at,
		e.first_scheduled_at - e.anchor_at AS delay, q.touch_number, q.due_at - e.first_scheduled_at AS lag, q.scheduled_at - q.due_at AS shift, count(*)
	FROM campaign.campaign_enrollments e
		JOIN campaign.campaigns c ON c.tenant_id = e.tenant_id AND c.id = e.campaign_id
		LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
	GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 ORDER BY 1, 2, 3, 7;

--
-- A query says who; what it may see is what its caller may see
--
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score <= 700', '2030-01-10 08:00');
SELECT outcome, reason FROM campaign.enroll(:'one', (SELECT id FROM campaign.contacts WHERE score = 701), anchor_at => '2030-01-10 08:00');
TABLE enrolled;
-- again, and more of them: already there, and more columns of the query do not matter
SELECT * FROM campaign.enroll_contacts(:'one', $$SELECT id, first_name, score FROM campaign.contacts WHERE score <= 800 ORDER BY score; $$, '2030-01-10 09:00');
-- counted as one by one
SELECT metric, sum(n) FROM campaign.touch_count_deltas WHERE campaign_id = :'one' GROUP BY 1;
-- one touch of each is queued
SELECT count(*) AS rows, count(DISTINCT q.enrollment_id) AS enrolments FROM campaign.touch_queue q;

--
-- A list says who, by the same rules. Ids that are nothing, or another tenant's, are missing alike
--
\o /dev/null
SELECT campaign.archive_contact(id) FROM campaign.contacts WHERE score IN (999, 1000);
SELECT campaign.stop_contact(id, 'feedback_submitted') FROM campaign.contacts WHERE score IN (1, 2, 3);
SELECT campaign.stop_contact(id) FROM campaign.contacts WHERE score = 4;
\o
SELECT * FROM campaign.enroll_contacts(:'two', ARRAY(SELECT id FROM campaign.contacts)
	|| ARRAY(SELECT id FROM campaign.contacts WHERE score <= 5) || ARRAY[NULL, :'others', '00000000-0000-0000-0000-000000000001']::uuid[]);
SELECT policy, resolution, resolve_after - at AS wait, count(*) FROM campaign.enrollment_conflicts GROUP BY 1, 2, 3;
-- what is open is not recorded twice
SELECT * FROM campaign.enroll_contacts(:'two', 'SELECT id FROM campaign.contacts');
SELECT count(*) FROM campaign.enrollment_conflicts;

--
-- The tenant's policy: skip, queue, replace, and several sequences at a time
--
UPDATE campaign.tenants SET conflict_policy = 'skip' WHERE id = :'acme';
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 901 AND 910');
SELECT policy, resolution, resolve_after, resolved_by, count(*) FROM campaign.enrollment_conflicts WHERE policy = 'skip' GROUP BY 1, 2, 3, 4;
UPDATE campaign.tenants SET conflict_policy = 'replace' WHERE id = :'acme';
SELECT * FROM campaign.enroll_contacts(:'two', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 301 AND 330 OR score = 4 OR score = 1');
SELECT c.name, e.status, e.stop_reason, count(*) FROM campaign.campaign_enrollments e JOIN campaign.campaigns c ON c.id = e.campaign_id
	JOIN campaign.contacts k ON k.id = e.contact_id WHERE k.score BETWEEN 301 AND 330 GROUP BY 1, 2, 3 ORDER BY 1;
-- each has replaced his own; the question that was open about him is answered by it
SELECT x.policy, x.resolution, x.resolved_by, count(*), bool_and(n.contact_id = x.contact_id AND n.campaign_id = x.campaign_id AND n.status = 'active') AS by_his_own,
	bool_and(o.contact_id = x.contact_id AND o.status = 'stopped') AS his_own
FROM campaign.enrollment_conflicts x JOIN campaign.contacts k ON k.id = x.contact_id JOIN campaign.campaign_enrollments n ON n.id = x.enrollment_id
	JOIN campaign.campaign_enrollments o ON o.id = x.live_enrollment_id
WHERE k.score BETWEEN 301 AND 330 GROUP BY 1, 2, 3 ORDER BY 1;
UPDATE campaign.tenants SET conflict_policy = 'queue', parallel_sequences = true WHERE id = :'acme';
-- what began as the only one stays the only one
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 911 AND 920');
\o /dev/null
SELECT campaign.stop_contact(id) FROM campaign.contacts WHERE score BETWEEN 411 AND 420;
\o
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 411 AND 420');
SELECT * FROM campaign.enroll_contacts(:'two', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 411 AND 421');
SELECT x.policy, x.resolve_after - x.at AS wait, count(*) FROM campaign.enrollment_conflicts x WHERE x.policy = 'queue' AND x.resolution IS NULL GROUP BY 1, 2;
-- everybody who is live has one next touch, nobody else has one
SELECT count(*) FILTER (WHERE e.status = 'active' AND q.enrollment_id IS NULL) AS lost,
	count(*) FILTER (WHERE e.status <> 'active' AND q.enrollment_id IS NOT NULL) AS left_behind
FROM campaign.campaign_enrollments e LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id;

--
-- What is due is settled on the way: those of the wish itself are there already
--
SELECT pg_temp.at_time('2030-01-11 13:00');
SELECT * FROM campaign.enroll_contacts(:'two', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 101 AND 110');
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 111 AND 120');
SELECT policy, resolution, count(*) FROM campaign.enrollment_conflicts GROUP BY 1, 2 ORDER BY 1, 2 NULLS LAST;

--
-- Nobody, a campaign that does not run, and what is refused
--
SELECT * FROM campaign.enroll_contacts(:'two', '{}'::uuid[]);
SELECT * FROM campaign.enroll_contacts(:'two', NULL::uuid[]);
SELECT * FROM campaign.enroll_contacts(:'two', 'SELECT id FROM campaign.contacts WHERE false');
SELECT campaign.pause_campaign(:'two');
SELECT * FROM campaign.enroll_contacts(:'two', 'SELECT id FROM campaign.contacts');
SELECT campaign.resume_campaign(:'two');
SELECT campaign.enroll_contacts(:'two', 'SELECT 1');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.enroll_contacts(:'two', 'SELECT email FROM campaign.contacts');
SELECT campaign.enroll_contacts(:'two', ' ; ');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.enroll_contacts(:'two', NULL::text);
SELECT campaign.enroll_contacts(:'two', '{}'::uuid[], 'infinity');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.enroll_contacts('00000000-0000-0000-0000-000000000001', '{}'::uuid[]);
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY sqlstate
-- tables are named with their schemas
SELECT campaign.enroll_contacts(:'two', 'SELECT id FROM contacts');
SELECT campaign.enroll_contacts(:'two', 'SELECT id FROM');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT campaign.enroll_contacts(:'two', 'SELECT id FROM campaign.contacts');
ROLLBACK;
-- the query is the caller's: he reads what he may read, and nothing else
SELECT campaign.enroll_contacts(:'two', 'SELECT m.tenant_id FROM campaign.tenant_keys m');
SET ROLE regress_bulk_eve;
SELECT campaign.enroll_contacts(:'two', 'SELECT id FROM campaign.contacts');
SET ROLE regress_bulk_vic;
SELECT campaign.enroll_contacts(:'two', 'SELECT id FROM campaign.contacts');
SELECT campaign.enroll_contacts(:'two', ARRAY(SELECT id FROM campaign.contacts));
-- where members are subjects of tokens a query could change whose token it is
RESET ROLE;
SET campaign.identity_source = 'jwt';
SET ROLE regress_bulk_ann;
SELECT campaign.enroll_contacts(:'two', $$SELECT set_config('request.jwt.claims', '{"sub": "somebody"}', false)$$);
\set VERBOSITY default
RESET ROLE;
RESET campaign.identity_source;

--
-- What somebody has put on the tables is honoured: triggers, columns, checks and indexes of his own
--
\o /dev/null
SET ROLE regress_bulk_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email, score) SELECT :'acme', 'N' || i, format('n%s@x.example', i), 2000 + i FROM generate_series(1, 600) i;
RESET ROLE;
\o
BEGIN;
CREATE TEMP TABLE seen (what text);
CREATE FUNCTION pg_temp.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO pg_temp.seen VALUES (TG_TABLE_NAME); RETURN NULL; END $$;
CREATE TRIGGER see AFTER INSERT ON campaign.touch_queue FOR EACH ROW EXECUTE FUNCTION pg_temp.see();
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 2001 AND 2003');
SELECT outcome FROM campaign.enroll(:'one', (SELECT id FROM campaign.contacts WHERE score = 2004));
SELECT what, count(*) FROM seen GROUP BY 1;
ROLLBACK;
-- whatever they are called
BEGIN;
CREATE TEMP TABLE seen (what text);
CREATE FUNCTION pg_temp.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO pg_temp.seen VALUES (TG_TABLE_NAME || ' ' || TG_NAME); RETURN NULL; END $$;
CREATE TRIGGER lower_mark_see AFTER INSERT ON campaign.touch_queue FOR EACH ROW EXECUTE FUNCTION pg_temp.see();
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 2001 AND 2003');
DROP TRIGGER lower_mark_see ON campaign.touch_queue;
CREATE TRIGGER life_cycle AFTER INSERT ON campaign.touch_queue FOR EACH ROW EXECUTE FUNCTION pg_temp.see();
SELECT outcome FROM campaign.enroll(:'one', (SELECT id FROM campaign.contacts WHERE score = 2004));
SELECT what, count(*) FROM seen GROUP BY 1 ORDER BY 1;
ROLLBACK;
-- foreign keys
BEGIN;
CREATE TABLE public.regress_bulk_allowed AS SELECT id FROM campaign.contacts WHERE score BETWEEN 2001 AND 2003;
ALTER TABLE public.regress_bulk_allowed ADD PRIMARY KEY (id);
ALTER TABLE campaign.campaign_enrollments ADD CONSTRAINT mine FOREIGN KEY (contact_id) REFERENCES public.regress_bulk_allowed NOT VALID;
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 2001 AND 2003');
\set VERBOSITY sqlstate
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 2003 AND 2004');
\set VERBOSITY default
ROLLBACK;
-- and constraints that are looked at when the transaction ends
BEGIN;
ALTER TABLE campaign.touch_queue ADD CONSTRAINT mine EXCLUDE (due_at WITH =) WHERE (scheduled_at = '2031-01-01') DEFERRABLE INITIALLY DEFERRED;
SELECT * FROM campaign.enroll_contacts(:'one', ARRAY(SELECT id FROM campaign.contacts WHERE score BETWEEN 2001 AND 2002), '2030-12-31');
\set VERBOSITY sqlstate
SET CONSTRAINTS ALL IMMEDIATE;
\set VERBOSITY default
ROLLBACK;
BEGIN;
ALTER TABLE campaign.campaign_enrollments ADD COLUMN note text DEFAULT 'noted';
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 2001 AND 2003');
SELECT e.note, count(*) FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id WHERE k.score BETWEEN 2001 AND 2003 GROUP BY 1;
ROLLBACK;
-- a column that is there no more is none
BEGIN;
ALTER TABLE campaign.campaign_enrollments ADD COLUMN note text;
ALTER TABLE campaign.campaign_enrollments DROP COLUMN note;
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 2001 AND 2003');
ROLLBACK;
-- of all of them one is refused, and so all are
BEGIN;
DO $$ BEGIN EXECUTE format('ALTER TABLE campaign.campaign_enrollments ADD CONSTRAINT mine CHECK (contact_id <> %L) NOT VALID',
	(SELECT id FROM campaign.contacts WHERE score = 2600)); END $$;
\set VERBOSITY sqlstate
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 2001 AND 2600');
\set VERBOSITY default
ROLLBACK;
BEGIN;
CREATE UNIQUE INDEX mine ON campaign.touch_queue ((enrollment_id::text)) WHERE touch_number = 1;
SELECT * FROM campaign.enroll_contacts(:'one', 'SELECT id FROM campaign.contacts WHERE score BETWEEN 2001 AND 2600');
SET LOCAL enable_seqscan = off;
SELECT count(*) FROM campaign.touch_queue q JOIN campaign.campaign_enrollments e ON e.id = q.enrollment_id JOIN campaign.contacts k ON k.id = e.contact_id
WHERE q.touch_number = 1 AND q.enrollment_id::text = e.id::text AND k.score BETWEEN 2001 AND 2600;
ROLLBACK;
BEGIN;
CREATE UNIQUE INDEX mine ON campaign.touch_queue (due_at) WHERE scheduled_at = '2031-01-01';
\set VERBOSITY sqlstate
SELECT * FROM campaign.enroll_contacts(:'one', ARRAY(SELECT id FROM campaign.contacts WHERE score BETWEEN 2001 AND 2600), '2030-12-31');
\set VERBOSITY default
ROLLBACK;
-- more than one page of them, in no order, in two dimensions, some that are no contacts among them; each index knows all of them
SELECT * FROM campaign.enroll_contacts(:'one', ARRAY[ARRAY(SELECT id FROM campaign.contacts WHERE score BETWEEN 2001 AND 2600 ORDER BY md5(id::text)),
	ARRAY(SELECT CASE WHEN score < 2200 THEN campaign.uuid_v7() ELSE id END FROM campaign.contacts WHERE score BETWEEN 2001 AND 2600 ORDER BY email)]);
SELECT count(*), count(DISTINCT e.id), bool_and(q.enrollment_id IS NOT NULL) AS queued FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id
	LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id WHERE k.score BETWEEN 2001 AND 2600;
CREATE EXTENSION amcheck;
SELECT count(bt_index_check(i.indexrelid, true)) > 0 AS sound FROM pg_index i WHERE i.indrelid IN ('campaign.campaign_enrollments'::regclass, 'campaign.touch_queue'::regclass);
DROP EXTENSION amcheck;
-- what another command of the transaction has changed is as it is now
BEGIN;
UPDATE campaign.contacts SET job_title = 'x' WHERE score IN (2001, 801, 802);
SELECT campaign.archive_contact(id) FROM campaign.contacts WHERE score = 802;
SELECT * FROM campaign.enroll_contacts(:'two', 'SELECT id FROM campaign.contacts WHERE score IN (2001, 801, 802)');
ROLLBACK;

-- it may be the first call of a session, in which no library is loaded yet
\c -
SET ROLE regress_bulk_ann;
SELECT * FROM campaign.enroll_contacts(:'two', 'SELECT id FROM campaign.contacts WHERE false');
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug IN ('bulk-acme', 'bulk-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_bulk_ann,regress_bulk_vic,regress_bulk_eve}'::name[]) r;
\o
DROP OWNED BY regress_bulk_ann;
DROP ROLE regress_bulk_ann, regress_bulk_vic, regress_bulk_eve;
