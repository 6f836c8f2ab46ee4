-- What an editor must know of two versions of a document.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE TEMPORARY TABLE version (name text, document jsonb);
INSERT INTO version VALUES
	('first', '[{"channel": "linkedin_connect", "body_text": "May I?"},
		{"channel": "email", "delay_hours": 72, "subject": "First", "body_text": "First"},
		{"channel": "email", "day_offset": 4, "subject": "Second", "body_text": "Second", "config": {"tone": "bold", "language": "en"}},
		{"channel": "call_script", "day_offset": 3, "enabled": false}]');

CREATE FUNCTION pg_temp.diff(new jsonb) RETURNS TABLE (change text, old_step smallint, new_step smallint, path text, old jsonb, new_value jsonb)
	LANGUAGE sql AS $$ SELECT d.* FROM version v, campaign.diff_template_config(v.document, $1) d WHERE v.name = 'first' $$;

-- Nothing differs: defaults spelled out, aliases, days as hours, numbers in another spelling.
SELECT * FROM pg_temp.diff((SELECT document FROM version));
SELECT * FROM pg_temp.diff((SELECT campaign.normalize_template_config(document) FROM version));
SELECT * FROM pg_temp.diff('[{"channel": "linkedin_connect", "body_text": "May I?", "step": 1, "delay_hours": 0.0, "variant_count": 1, "subject": ""},
	{"channel": "email", "day_offset": 3, "subject": "First", "body_text": "First", "step": 2, "condition": "always"},
	{"channel": "email", "delay_hours": 96.0, "subject": "Second", "body_text": "Second", "config": {"tone": "bold", "language": "en"}, "step": 3},
	{"channel": "call", "day_offset": 3, "enabled": false, "label": "Phone call", "step": 4}]');
-- A step that comes moves the others' numbers, and nothing else.
SELECT * FROM pg_temp.diff((SELECT jsonb_insert(document, '{1}', '{"channel": "sms", "enabled": false, "max_lateness_hours": 2}') FROM version));
-- One that goes.
SELECT * FROM pg_temp.diff((SELECT document - 1 FROM version));
-- One that changes in several ways, also in its config.
SELECT * FROM pg_temp.diff((SELECT jsonb_set(document, '{2}', '{"channel": "email", "delay_hours": 12, "subject": "Second", "body_text": "Other",
	"config": {"tone": "casual", "max_length": 300}, "on_failure": "stop"}') FROM version));
-- One that is switched on, and on another channel.
SELECT * FROM pg_temp.diff((SELECT jsonb_set(document, '{3}', '{"channel": "sms", "day_offset": 3}') FROM version));
-- Two that change places: one of them has moved.
SELECT * FROM pg_temp.diff((SELECT jsonb_build_array(document -> 0, document -> 2, document -> 1, document -> 3) FROM version));
-- Moved and changed, one gone, one new.
SELECT * FROM pg_temp.diff((SELECT jsonb_build_array(document -> 3, (document -> 0) || '{"body_text": "Shall we?"}', (document -> 2) || '{"variant_count": 2}',
	'{"channel": "sms", "body_text": "New", "delay_hours": 5, "label": "Text"}'::jsonb) FROM version));
-- All of it is new, or gone.
SELECT * FROM campaign.diff_template_config(NULL, '[{"channel": "email", "enabled": true}, {"channel": "sms", "delay_hours": 1, "enabled": false}]');
SELECT * FROM campaign.diff_template_config('[{"channel": "email", "enabled": true}]', NULL);
SELECT * FROM campaign.diff_template_config('[{"channel": "x_b", "label": "B", "delay_hours": 1}, {"channel": "email"}]', '[{"channel": "email"}, {"channel": "x_a", "label": "A", "delay_hours": 2}]');
-- What is invalid is not compared.
SELECT * FROM campaign.diff_template_config('[{"channel": "email"}]', '[{"chanel": "email"}]');
\echo :LAST_ERROR_SQLSTATE
-- Of what one undoes, the other says the opposite; the largest documents are compared in good time.
WITH large AS (
	SELECT jsonb_agg(jsonb_build_object('channel', CASE n % 3 WHEN 0 THEN 'sms' ELSE 'email' END, 'delay_hours', n, 'body_text', repeat(n::text, 100)) ORDER BY n) AS a,
		jsonb_agg(jsonb_build_object('channel', CASE n % 3 WHEN 0 THEN 'sms' ELSE 'email' END, 'delay_hours', n, 'body_text', repeat(n::text, 100)) ORDER BY n % 2, n) AS b
	FROM generate_series(1, 50) n)
SELECT count(*) FILTER (WHERE d.change = 'moved') AS moved, count(*) FILTER (WHERE d.change <> 'moved') AS other,
	(SELECT count(*) FROM campaign.diff_template_config(b, a)) AS back
FROM large, campaign.diff_template_config(a, b) d GROUP BY a, b;
