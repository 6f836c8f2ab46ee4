-- Claims and reports write touch_queue and send_logs without SQL. What writing so would pass over is refused, and what SQL
-- refuses is refused as well.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_direct_ann;
CREATE ROLE regress_direct_worker;
SELECT campaign.grant_access('regress_direct_ann', 'member');
SELECT campaign.grant_access('regress_direct_worker', 'worker');
SELECT campaign.create_tenant('Direct', 'direct', 'UTC', 'regress_direct_ann') AS direct \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE id = :'direct';
SET ROLE regress_direct_ann;
SELECT campaign.set_send_limit(:'direct', 'email', NULL, contact_interval => '0');
SELECT campaign.create_campaign(:'direct', 'Two', '[{"channel": "email", "subject": "Hello", "body_text": "Hello"}, {"channel": "email", "subject": "Again", "body_text": "Again", "delay_hours": 24}]', 'contacts') AS two \gset
SELECT campaign.launch_campaign(:'two');
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'direct', n, n || '@example.com' FROM unnest('{ann,bob,cid}'::text[]) n;
SELECT outcome FROM campaign.contacts c, campaign.enroll(:'two', c.id) WHERE c.tenant_id = :'direct' ORDER BY c.first_name;
RESET ROLE;
CREATE FUNCTION pg_temp.noise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;

-- a trigger of somebody's own on the queue
CREATE TRIGGER noise BEFORE UPDATE ON campaign.touch_queue FOR EACH ROW EXECUTE FUNCTION pg_temp.noise();
SET ROLE regress_direct_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker', 1);
RESET ROLE;
DROP TRIGGER noise ON campaign.touch_queue;

-- a foreign key of the queue, and one that refers to it
CREATE TABLE public.direct_notes (tenant_id uuid, enrollment_id uuid, PRIMARY KEY (tenant_id, enrollment_id));
ALTER TABLE campaign.touch_queue ADD CONSTRAINT noted FOREIGN KEY (tenant_id, enrollment_id) REFERENCES public.direct_notes NOT VALID;
SET ROLE regress_direct_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker', 1);
RESET ROLE;
ALTER TABLE campaign.touch_queue DROP CONSTRAINT noted;
ALTER TABLE public.direct_notes ADD CONSTRAINT queued FOREIGN KEY (tenant_id, enrollment_id) REFERENCES campaign.touch_queue (tenant_id, enrollment_id);
SET ROLE regress_direct_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker', 1);
RESET ROLE;
DROP TABLE public.direct_notes;

-- a constraint that is looked at when the transaction ends
ALTER TABLE campaign.touch_queue ADD CONSTRAINT one_each UNIQUE (tenant_id, enrollment_id) DEFERRABLE;
SET ROLE regress_direct_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker', 1);
RESET ROLE;
ALTER TABLE campaign.touch_queue DROP CONSTRAINT one_each;

-- a trigger under the name of one of another table
CREATE TRIGGER life_cycle BEFORE UPDATE ON campaign.touch_queue FOR EACH ROW EXECUTE FUNCTION pg_temp.noise();
SET ROLE regress_direct_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker', 1);
RESET ROLE;
DROP TRIGGER life_cycle ON campaign.touch_queue;

-- a column
ALTER TABLE campaign.touch_queue ADD COLUMN note text;
SET ROLE regress_direct_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker', 1);
RESET ROLE;
ALTER TABLE campaign.touch_queue DROP COLUMN note;

-- and what was dropped is no obstacle
SET ROLE regress_direct_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker', 1) \gset

-- the same of the log: the report is not taken, and can be made again
RESET ROLE;
CREATE TRIGGER noise BEFORE INSERT ON campaign.send_logs FOR EACH ROW EXECUTE FUNCTION pg_temp.noise();
SET ROLE regress_direct_worker;
SELECT result FROM campaign.complete_touch(:'token');
RESET ROLE;
DROP TRIGGER noise ON campaign.send_logs;
-- a foreign key of the log; one that refers to it, as below, is no obstacle: rows are only added
CREATE TABLE public.direct_logs (tenant_id uuid, log_id uuid, FOREIGN KEY (tenant_id, log_id) REFERENCES campaign.send_logs);
CREATE TABLE public.direct_providers (provider_id text PRIMARY KEY);
ALTER TABLE campaign.send_logs ADD CONSTRAINT provided FOREIGN KEY (provider_id) REFERENCES public.direct_providers;
SET ROLE regress_direct_worker;
SELECT result FROM campaign.complete_touch(:'token');
RESET ROLE;
ALTER TABLE campaign.send_logs DROP CONSTRAINT provided;
DROP TABLE public.direct_providers;
-- somebody's own constraint holds: what is against it is not taken, and the rest of a batch is (the warning names it)
SET client_min_messages = error;
ALTER TABLE campaign.send_logs ADD CONSTRAINT short_ids CHECK (length(provider_id) < 5);
SET ROLE regress_direct_worker;
SELECT result FROM campaign.complete_touch(:'token', 'too long');
-- also one that is changed, or asks a function
RESET ROLE;
CREATE FUNCTION public.direct_judge(id text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN id <> 'm-0'; END $$;
ALTER TABLE campaign.send_logs ADD CONSTRAINT judged CHECK (public.direct_judge(provider_id));
SET ROLE regress_direct_worker;
SELECT result FROM campaign.complete_touch(:'token', 'm-0');
SELECT result FROM campaign.complete_touch(:'token', 'too long');
RESET ROLE;
ALTER TABLE campaign.send_logs DROP CONSTRAINT judged, DROP CONSTRAINT short_ids, ADD CONSTRAINT short_ids CHECK (length(provider_id) < 3);
DROP FUNCTION public.direct_judge;
SET ROLE regress_direct_worker;
SELECT result FROM campaign.complete_touch(:'token', 'm-1');
RESET ROLE;
ALTER TABLE campaign.send_logs DROP CONSTRAINT short_ids, ADD CONSTRAINT short_ids CHECK (length(provider_id) < 5);
SET ROLE regress_direct_worker;
SET client_min_messages = warning;

-- who may not write does not
BEGIN READ ONLY;
SELECT campaign.complete_touch(:'token', 'm-1');
ROLLBACK;
BEGIN READ ONLY;
SELECT campaign.begin_send(:'token');
ROLLBACK;
SELECT result, enrollment_status FROM campaign.complete_touch(:'token', 'm-1');
RESET ROLE;
ALTER TABLE campaign.send_logs DROP CONSTRAINT short_ids;
DROP TABLE public.direct_logs;
SELECT touch_number, status, provider_id FROM campaign.send_logs WHERE tenant_id = :'direct';

-- a claim that is rolled back, wholly or in part, has leased nothing
SET ROLE regress_direct_worker;
BEGIN;
SELECT count(*) FROM campaign.claim_due_touches('worker', 1);
ROLLBACK;
BEGIN;
SELECT count(*) FROM campaign.claim_due_touches('worker', 1);
SAVEPOINT half;
SELECT count(*) FROM campaign.claim_due_touches('worker', 1);
ROLLBACK TO half;
COMMIT;
SELECT count(*) FROM campaign.claim_due_touches('worker', 5);
RESET ROLE;

-- of several reports on one touch each finds what the one before it has written, whatever came between
SET ROLE regress_direct_ann;
SELECT campaign.create_campaign(:'direct', 'One', '[{"channel": "email", "subject": "Hello", "body_text": "Hello"}]', 'contacts') AS one \gset
SELECT campaign.launch_campaign(:'one');
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'direct', 'dan', 'dan@example.com') RETURNING id AS dan \gset
SELECT outcome FROM campaign.enroll(:'one', :'dan');
SET ROLE regress_direct_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker', 1) \gset
SELECT r.n, r.result, r.enrollment_status FROM campaign.report_touches(ARRAY[
		ROW(:'token', 'sent', 'm-2', NULL, NULL, NULL, NULL, NULL),
		ROW(:'token', 'sent', 'm-2', NULL, NULL, NULL, NULL, NULL),
		ROW(:'token', 'sent', repeat('x', 1001), NULL, NULL, NULL, NULL, NULL),
		ROW(:'token', 'sent', 'm-2', NULL, NULL, NULL, NULL, NULL),
		ROW(:'token', 'skipped', NULL, NULL, NULL, 'not wanted', NULL, NULL)
	]::campaign.touch_result[]) WITH ORDINALITY AS r(lease_token, result, enrollment_status, next_due_at, n);
RESET ROLE;

-- an index that is gone; a new one under its name serves
ALTER INDEX campaign.consents_pkey RENAME TO consents_former;
UPDATE campaign.touch_queue SET lease_until = '-infinity' WHERE tenant_id = :'direct';
SET ROLE regress_direct_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker', 5);
RESET ROLE;
ALTER INDEX campaign.consents_former RENAME TO consents_pkey;
REINDEX INDEX campaign.consents_pkey;
SET ROLE regress_direct_worker;
SELECT count(*) FROM campaign.claim_due_touches('worker', 5);
RESET ROLE;

-- a row that moves on is found by every index, those of somebody's own among them; what one of them refuses is not taken,
-- and the touch is as it was
CREATE UNIQUE INDEX mine ON campaign.touch_queue (upper(tenant_id::text), (scheduled_at > 'epoch')) WHERE touch_number = 2;
SET ROLE regress_direct_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'direct', n, n || '@example.com' FROM unnest('{eve,fay}'::text[]) n;
SELECT outcome FROM campaign.contacts c, campaign.enroll(:'two', c.id) WHERE c.first_name IN ('eve', 'fay') ORDER BY c.first_name;
RESET ROLE;
CREATE TEMP TABLE moving AS SELECT d.enrollment_id AS enrollment, d.lease_token AS token FROM campaign.claim_due_touches('worker', 5) d;
CREATE FUNCTION pg_temp.report() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT r.result FROM campaign.report_touches(ARRAY(SELECT ROW(token, 'sent', 'm-' || token, NULL, NULL, NULL, NULL, NULL)::campaign.touch_result FROM moving)) r ORDER BY 1 $$;
CREATE FUNCTION pg_temp.found() RETURNS TABLE (touch smallint, by_enrollment bigint, by_place bigint, by_mine bigint) LANGUAGE sql
	SET enable_seqscan = off SET enable_bitmapscan = off AS $$
	SELECT q.touch_number,
		(SELECT count(*) FROM campaign.touch_queue x WHERE x.tenant_id = q.tenant_id AND x.enrollment_id = q.enrollment_id),
		(SELECT count(*) FROM campaign.touch_queue x WHERE x.tenant_id = q.tenant_id AND x.lane = q.lane AND x.due_at = q.due_at AND x.enrollment_id = q.enrollment_id),
		(SELECT count(*) FROM campaign.touch_queue x WHERE upper(x.tenant_id::text) = upper(q.tenant_id::text) AND (x.scheduled_at > 'epoch') AND x.touch_number = 2)
	FROM moving m JOIN campaign.touch_queue q ON q.enrollment_id = m.enrollment ORDER BY 1 $$;
SET client_min_messages = error;
SELECT pg_temp.report();
SET client_min_messages = warning;
SELECT * FROM pg_temp.found();
DROP INDEX campaign.mine;
CREATE INDEX mine ON campaign.touch_queue (upper(tenant_id::text), (scheduled_at > 'epoch')) WHERE touch_number = 2;
SELECT pg_temp.report();
SELECT * FROM pg_temp.found();
DROP INDEX campaign.mine;
DROP TABLE moving;

-- the truth for a DBA: what was done is counted
SELECT pg_stat_force_next_flush();
SELECT n_tup_upd > 0 AS updated, n_tup_hot_upd > 0 AS hot, n_tup_ins > 0 AS inserted FROM pg_stat_user_tables WHERE relid = 'campaign.touch_queue'::regclass;
SELECT campaign.delete_tenant(:'direct', 'direct') \g /dev/null
SELECT campaign.revoke_access(r) FROM unnest('{regress_direct_ann,regress_direct_worker}'::name[]) r \g /dev/null
DROP ROLE regress_direct_ann, regress_direct_worker;
