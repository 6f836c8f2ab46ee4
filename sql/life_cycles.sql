-- Life cycles are data: machines in rows, one trigger that holds a column to them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
\set SHOW_CONTEXT never
CREATE ROLE regress_lc_ann;
CREATE ROLE regress_lc_bob;
CREATE ROLE regress_lc_dba;
SELECT campaign.create_tenant('Ann''s Plumbing', 'lc-ann', 'UTC', 'regress_lc_ann') AS ann \gset
SELECT campaign.create_tenant('Bob''s Roofs', 'lc-bob', 'UTC', 'regress_lc_bob') AS bob \gset
SELECT campaign.grant_access('regress_lc_ann', 'member');
SELECT campaign.grant_access('regress_lc_bob', 'member');
SELECT campaign.grant_access('regress_lc_dba', 'admin');

--
-- What the extension brings
--
SELECT campaign.life_cycle_diagram('outreach');
SELECT campaign.life_cycle_diagram('enrollment');
SELECT * FROM campaign.allowed_transitions('outreach', 'paused');
SELECT * FROM campaign.allowed_transitions('enrollment', 'completed');
-- a final state leads nowhere
SELECT count(*) FROM campaign.allowed_transitions('outreach', 'archived');

-- unknown and null names are told apart from a final state
SELECT * FROM campaign.allowed_transitions('outreach', 'deleted');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.allowed_transitions('outreach', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM campaign.allowed_transitions('x_none', 'draft');
SELECT * FROM campaign.allowed_transitions(NULL, NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.life_cycle_diagram('');
SELECT campaign.life_cycle_diagram(NULL);
\echo :LAST_ERROR_SQLSTATE

--
-- Every step of the machine outreach, legal and illegal, on a plain table
--
CREATE TABLE walk (step text PRIMARY KEY, status text);
CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE ON walk
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('outreach', 'status');
CREATE FUNCTION try_step(from_state text, to_state text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO walk VALUES (from_state || ' ' || to_state, from_state);
	UPDATE walk SET status = to_state WHERE step = from_state || ' ' || to_state;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
SELECT f.state AS "from",
	string_agg(t.state, ' ' ORDER BY t."position") FILTER (WHERE r = 'ok' AND f.state <> t.state) AS "may go to",
	count(*) FILTER (WHERE r = 'ok' AND f.state = t.state) AS stays,
	count(*) FILTER (WHERE r = 'CP001') AS "CP001"
FROM campaign.life_cycle_states f
	JOIN campaign.life_cycle_states t USING (machine),
	LATERAL try_step(f.state, t.state) r
WHERE machine = 'outreach'
GROUP BY f.state, f."position" ORDER BY f."position";
-- an illegal step says where it stood, what was wanted, what is allowed, and where
INSERT INTO walk VALUES ('one', 'draft');
UPDATE walk SET status = 'review' WHERE step = 'one';
\echo :LAST_ERROR_SQLSTATE
DO $$
DECLARE
	s text; t text; c text;
BEGIN
	UPDATE walk SET status = 'review' WHERE step = 'one';
EXCEPTION WHEN SQLSTATE 'CP001' THEN
	GET STACKED DIAGNOSTICS s = SCHEMA_NAME, t = TABLE_NAME, c = COLUMN_NAME;
	RAISE WARNING 'schema %, table %, column %', s, t, c;
END
$$;
-- a final state says so
UPDATE walk SET status = 'archived' WHERE step = 'one';
UPDATE walk SET status = 'draft' WHERE step = 'one';
-- null, empty and unknown are no states, on insert and on update
INSERT INTO walk VALUES ('two', NULL);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO walk VALUES ('two', '');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO walk VALUES ('two', 'Draft');
UPDATE walk SET status = NULL WHERE step = 'one';
\echo :LAST_ERROR_SQLSTATE
UPDATE walk SET status = '' WHERE step = 'one';
\echo :LAST_ERROR_SQLSTATE
-- what came in past the trigger stays, but goes nowhere
ALTER TABLE walk DISABLE TRIGGER life_cycle;
INSERT INTO walk VALUES ('three', NULL), ('four', 'legacy');
ALTER TABLE walk ENABLE TRIGGER life_cycle;
UPDATE walk SET step = step || '!' WHERE step = 'four';
UPDATE walk SET status = 'draft' WHERE step = 'three';
UPDATE walk SET status = 'draft' WHERE step = 'four!';
-- without tenant_id and id nothing was logged
SELECT count(*) FROM campaign.life_cycle_log WHERE relation = 'public.walk';

--
-- A machine and a table of one's own
--
SET ROLE regress_lc_dba;
INSERT INTO campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description) VALUES
	('x_order', 'open', 1, true, false, 'being written'),
	('x_order', 'placed', 2, false, false, NULL),
	('x_order', 'shipped', 3, false, true, NULL);
INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state, description) VALUES
	('x_order', 'open', 'placed', E'the customer\n  confirms; once'),
	('x_order', 'placed', 'open', NULL),
	('x_order', 'placed', 'shipped', NULL);
SELECT campaign.life_cycle_diagram('x_order');
-- nothing leaves a final state
INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state) VALUES ('x_order', 'shipped', 'open');
UPDATE campaign.life_cycle_states SET is_final = true WHERE machine = 'x_order' AND state = 'open';
\echo :LAST_ERROR_SQLSTATE
-- names of one's own start with x_, and are plain words
INSERT INTO campaign.life_cycle_states (machine, state) VALUES ('order', 'open');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO campaign.life_cycle_states (machine, state) VALUES ('x_order', 'on hold');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state) VALUES ('x_order', 'open', 'open');
\echo :LAST_ERROR_SQLSTATE
-- what the extension brought is changed by nobody
INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state) VALUES ('outreach', 'archived', 'draft');
\echo :LAST_ERROR_SQLSTATE
DELETE FROM campaign.life_cycle_transitions WHERE machine = 'outreach';
\echo :LAST_ERROR_SQLSTATE
UPDATE campaign.life_cycle_states SET is_final = false WHERE machine = 'outreach' AND state = 'archived';
UPDATE campaign.life_cycle_states SET seeded = true WHERE machine = 'x_order';
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
INSERT INTO campaign.life_cycle_states (machine, state, seeded) VALUES ('order', 'open', true);
DELETE FROM campaign.life_cycle_states WHERE machine = 'enrollment';
TRUNCATE campaign.life_cycle_states CASCADE;
\echo :LAST_ERROR_SQLSTATE

-- Ann's own table, of her own; varchar and a domain serve as well as text
CREATE SCHEMA lc_shop AUTHORIZATION regress_lc_ann;
SET ROLE regress_lc_ann;
CREATE DOMAIN lc_shop.order_state AS varchar(20);
CREATE TABLE lc_shop.orders (
	tenant_id uuid, id uuid, status lc_shop.order_state NOT NULL, note text);
CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE ON lc_shop.orders
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('x_order', 'status');
-- rows may come in any state, and their coming is not logged
INSERT INTO lc_shop.orders VALUES
	(:'ann', '00000000-0000-7000-8000-000000000001', 'open'),
	(:'ann', '00000000-0000-7000-8000-000000000002', 'shipped');
UPDATE lc_shop.orders SET status = 'placed' WHERE status = 'open';
BEGIN;
SET LOCAL campaign.transition_reason = 'the customer called';
UPDATE lc_shop.orders SET status = 'open' WHERE status = 'placed';
COMMIT;
UPDATE lc_shop.orders SET status = 'placed', note = 'again' WHERE status = 'open';
UPDATE lc_shop.orders SET status = 'open' WHERE status = 'shipped';
-- staying is not a step; a step undone is not in the log
UPDATE lc_shop.orders SET status = status, note = 'stays';
BEGIN;
UPDATE lc_shop.orders SET status = 'shipped' WHERE status = 'placed';
ROLLBACK;
SELECT machine, relation, entity_id, from_state, to_state, actor, reason,
	at BETWEEN clock_timestamp() - interval '1 hour' AND clock_timestamp() AS at_wall_clock
FROM campaign.life_cycle_log WHERE tenant_id = :'ann' ORDER BY id;
-- the log is read only
INSERT INTO campaign.life_cycle_log (tenant_id, machine, relation, entity_id, from_state, to_state, actor)
	VALUES (:'ann', 'x_order', 'lc_shop.orders', '00000000-0000-7000-8000-000000000001', 'open', 'placed', 'somebody');
\echo :LAST_ERROR_SQLSTATE
UPDATE campaign.life_cycle_log SET actor = 'somebody';
\echo :LAST_ERROR_SQLSTATE
DELETE FROM campaign.life_cycle_log;
\echo :LAST_ERROR_SQLSTATE
-- and members change no machine
DELETE FROM campaign.life_cycle_transitions WHERE machine = 'x_order';
\echo :LAST_ERROR_SQLSTATE
-- a table of Ann's forges no history of Bob's, nor of nobody's
\set VERBOSITY sqlstate
UPDATE lc_shop.orders SET tenant_id = :'bob';
UPDATE lc_shop.orders SET status = 'open' WHERE status = 'placed';
\set VERBOSITY default
UPDATE lc_shop.orders SET tenant_id = 'ffffffff-0000-7000-8000-000000000001';
UPDATE lc_shop.orders SET status = 'open' WHERE status = 'placed';
\echo :LAST_ERROR_SQLSTATE
UPDATE lc_shop.orders SET tenant_id = NULL;
UPDATE lc_shop.orders SET status = 'open' WHERE status = 'placed';
\echo :LAST_ERROR_SQLSTATE
-- unless it does not log at all
CREATE OR REPLACE TRIGGER life_cycle BEFORE INSERT OR UPDATE ON lc_shop.orders
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('x_order', 'status', 'unlogged');
UPDATE lc_shop.orders SET status = 'open' WHERE status = 'placed' RETURNING status;
RESET ROLE;
-- Bob sees nothing of Ann's log
SET ROLE regress_lc_bob;
SELECT count(*) FROM campaign.life_cycle_log;
RESET ROLE;
SELECT count(*) FROM campaign.life_cycle_log WHERE tenant_id = :'ann';

--
-- Changes of a machine count at once, in this session and in others
--
CREATE TABLE parcel (status text);
CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE ON parcel
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('x_order', 'status');
INSERT INTO parcel VALUES ('open');
UPDATE parcel SET status = 'shipped';
BEGIN;
INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state) VALUES ('x_order', 'open', 'shipped');
UPDATE parcel SET status = 'shipped' RETURNING *;
ROLLBACK;
-- the rollback took the step back
UPDATE parcel SET status = 'shipped';
BEGIN;
SAVEPOINT before_it;
INSERT INTO campaign.life_cycle_states (machine, state) VALUES ('x_order', 'lost');
INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state) VALUES ('x_order', 'open', 'lost');
UPDATE parcel SET status = 'lost' RETURNING *;
ROLLBACK TO before_it;
UPDATE parcel SET status = 'lost';
ROLLBACK;
-- another session finds what this one committed (isolation spec
-- transition_vs_machine_change shows a session that had the old machine)
\c -
\set SHOW_CONTEXT never
SET client_min_messages = warning;
INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state) VALUES ('x_order', 'open', 'shipped');
UPDATE parcel SET status = 'shipped' RETURNING *;
DELETE FROM campaign.life_cycle_states WHERE machine = 'x_order';
UPDATE parcel SET status = 'open';
\echo :LAST_ERROR_SQLSTATE
-- truncated where triggers rest, as on a replica
BEGIN;
INSERT INTO campaign.life_cycle_states (machine, state) VALUES ('x_order', 'open');
INSERT INTO parcel VALUES ('open');
SET LOCAL session_replication_role = replica;
TRUNCATE campaign.life_cycle_states, campaign.life_cycle_transitions;
SET LOCAL session_replication_role = origin;
INSERT INTO parcel VALUES ('open');
ROLLBACK;
SELECT count(*) FROM campaign.allowed_transitions('outreach', 'draft');

--
-- A trigger that is declared wrongly is told so
--
CREATE TABLE wrong (id uuid, tenant_id uuid, status text, size int);
CREATE TRIGGER life_cycle AFTER UPDATE ON wrong
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('outreach', 'status');
INSERT INTO wrong VALUES (NULL, NULL, 'draft');
UPDATE wrong SET status = 'ready';
\echo :LAST_ERROR_SQLSTATE
CREATE OR REPLACE TRIGGER life_cycle BEFORE UPDATE ON wrong
	FOR EACH STATEMENT EXECUTE FUNCTION campaign.enforce_life_cycle('outreach', 'status');
UPDATE wrong SET status = 'ready';
CREATE OR REPLACE TRIGGER life_cycle BEFORE DELETE ON wrong
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('outreach', 'status');
DELETE FROM wrong;
CREATE OR REPLACE TRIGGER life_cycle BEFORE UPDATE ON wrong
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('outreach');
UPDATE wrong SET status = 'ready';
CREATE OR REPLACE TRIGGER life_cycle BEFORE UPDATE ON wrong
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('outreach', 'status', 'quiet');
UPDATE wrong SET status = 'ready';
\echo :LAST_ERROR_SQLSTATE
CREATE OR REPLACE TRIGGER life_cycle BEFORE UPDATE ON wrong
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('outreach', 'state');
UPDATE wrong SET status = 'ready';
\echo :LAST_ERROR_SQLSTATE
CREATE OR REPLACE TRIGGER life_cycle BEFORE UPDATE ON wrong
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('outreach', 'size');
UPDATE wrong SET status = 'ready';
\echo :LAST_ERROR_SQLSTATE
CREATE OR REPLACE TRIGGER life_cycle BEFORE UPDATE ON wrong
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('x_none', 'status');
UPDATE wrong SET status = 'ready';
\echo :LAST_ERROR_SQLSTATE
CREATE OR REPLACE TRIGGER protect_seeded BEFORE UPDATE ON wrong
	FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
DROP TRIGGER life_cycle ON wrong;
UPDATE wrong SET status = 'ready';
\echo :LAST_ERROR_SQLSTATE

--
-- The extension made anew in one session: nothing of the old one is remembered
--
SELECT current_database() AS db \gset
CREATE DATABASE regress_lc_anew TEMPLATE template0;
\c regress_lc_anew
SET client_min_messages = warning;
CREATE EXTENSION campaign CASCADE;
INSERT INTO campaign.life_cycle_states (machine, state) VALUES ('x_order', 'open');
CREATE TABLE parcel (status text);
CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE ON parcel
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('x_order', 'status');
INSERT INTO parcel VALUES ('open');
DROP EXTENSION campaign CASCADE;
CREATE EXTENSION campaign CASCADE;
CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE ON parcel
	FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('x_order', 'status');
INSERT INTO parcel VALUES ('open');
INSERT INTO campaign.life_cycle_states (machine, state) VALUES ('x_order', 'open');
INSERT INTO parcel VALUES ('open') RETURNING *;
\c :db
SET client_min_messages = warning;
DROP DATABASE regress_lc_anew;

-- a role of no level is not let near
CREATE ROLE regress_lc_none;
SET ROLE regress_lc_none;
SELECT * FROM campaign.life_cycle_states;
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.life_cycle_diagram('outreach');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

DROP TABLE walk, parcel, wrong;
DROP FUNCTION try_step(text, text);
DROP SCHEMA lc_shop CASCADE;
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug LIKE 'lc-%' ORDER BY slug;
SELECT campaign.revoke_access(r) FROM unnest(ARRAY['regress_lc_ann', 'regress_lc_bob', 'regress_lc_dba']::name[]) r;
DROP ROLE regress_lc_ann, regress_lc_bob, regress_lc_dba, regress_lc_none;
