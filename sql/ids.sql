-- Ids of version 7, and updated_at.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never

-- RFC 9562: version 7, variant 10, 48 bits of milliseconds since 1970.
SELECT substr(id::text, 15, 1) AS version, substr(id::text, 20, 1) IN ('8', '9', 'a', 'b') AS variant
FROM campaign.uuid_v7() AS id;
SELECT abs(extract(epoch FROM clock_timestamp()) * 1000
		   - ('x' || lpad(replace(left(id::text, 13), '-', ''), 16, '0'))::bit(64)::bigint) < 60000 AS made_now
FROM campaign.uuid_v7() AS id;

-- Ascending within a session, and never twice the same.
SELECT count(*) AS made, count(DISTINCT id) AS different,
	bool_and(previous < id) AS ascending
FROM (SELECT id, lag(id) OVER (ORDER BY i) AS previous
	  FROM (SELECT i, campaign.uuid_v7() AS id FROM generate_series(1, 50000) i) made) pairs;

-- Each session's random part is its own: the last 62 bits do not repeat.
SELECT count(DISTINCT right(campaign.uuid_v7()::text, 15)) FROM generate_series(1, 10000);

-- updated_at becomes the start of the transaction, whatever the statement says.
CREATE TABLE ids_note (id uuid DEFAULT campaign.uuid_v7(), body text, updated_at timestamptz DEFAULT '2001-01-01 UTC');
CREATE TRIGGER touch BEFORE UPDATE ON ids_note FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
INSERT INTO ids_note (body) VALUES ('a');
SELECT body, updated_at = '2001-01-01 UTC' AS untouched_by_insert FROM ids_note;
BEGIN;
UPDATE ids_note SET body = 'b';
SELECT body, updated_at = now() AS touched FROM ids_note;
UPDATE ids_note SET updated_at = '1999-01-01 UTC';
SELECT body, updated_at = now() AS touched FROM ids_note;
-- The engine's clock has no part in it.
SET LOCAL campaign.clock_offset = '10 days';
UPDATE ids_note SET body = 'c';
SELECT body, updated_at = now() AS touched FROM ids_note;
COMMIT;

-- Found by name: columns may be dropped and added before it.
ALTER TABLE ids_note DROP COLUMN body, ADD COLUMN more text;
BEGIN;
UPDATE ids_note SET more = 'd';
SELECT more, updated_at = now() AS touched FROM ids_note;
COMMIT;

-- The trigger function checks how it is called.
SELECT campaign.touch_updated_at();
CREATE TRIGGER touch_late AFTER UPDATE ON ids_note FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
UPDATE ids_note SET more = 'e';
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER touch_late ON ids_note;
CREATE TRIGGER touch_statement BEFORE UPDATE ON ids_note FOR EACH STATEMENT EXECUTE FUNCTION campaign.touch_updated_at();
UPDATE ids_note SET more = 'e';
DROP TRIGGER touch_statement ON ids_note;
CREATE TRIGGER touch_insert BEFORE INSERT ON ids_note FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
INSERT INTO ids_note DEFAULT VALUES;
DROP TRIGGER touch_insert ON ids_note;
ALTER TABLE ids_note ALTER updated_at TYPE date;
UPDATE ids_note SET more = 'e';
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE ids_note DROP updated_at;
UPDATE ids_note SET more = 'e';
DROP TABLE ids_note;

-- The version is recorded.
SELECT v.version = e.extversion AS recorded, v.applied_at IS NOT NULL AS dated, v.description
FROM campaign.schema_version v JOIN pg_extension e ON e.extname = 'campaign'
ORDER BY v.applied_at DESC, v.version DESC LIMIT 1;
