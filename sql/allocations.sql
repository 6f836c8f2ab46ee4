-- What validators and the renderer allocate: nothing for a document or text that
-- is valid, and nothing for a placeholder.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
RESET client_min_messages;
SET jit = off;
-- What 1000 calls in one expression leave behind a call, beside what is not
-- theirs, and the pieces of memory that they took and gave back. All of it is
-- seen, since the memory of an expression is not reset before its row is done.
CREATE FUNCTION pg_temp.measure(call text, document jsonb, OUT bytes bigint, OUT freed bigint)
	LANGUAGE plpgsql AS $$
DECLARE
	used bigint[];
BEGIN
	FOR i IN 1 .. 2 LOOP
		EXECUTE format('SELECT CASE WHEN %s TRUE THEN (SELECT ARRAY[sum(used_bytes), sum(free_chunks)] FROM pg_catalog.pg_backend_memory_contexts WHERE name = ''ExprContext'') END'
			' FROM (SELECT $1 AS d, $1 #>> ''{0,body_text}'' AS t, translate($1 #>> ''{0,body_text}'', ''{}'', ''()'') AS plain, short.d AS short FROM short OFFSET 0) AS s',
			repeat(CASE i WHEN 1 THEN 't IS NOT NULL' ELSE call END || ' AND ', 1000))
			INTO used USING document;
		bytes := used[1] - coalesce(bytes, 0);
		freed := used[2] - coalesce(freed, 0);
	END LOOP;
	-- what a thousand calls leave once is nothing of each; the least piece of memory has eight bytes
	bytes := bytes / 8000 * 8;
END $$;
-- one that is read where it lies, and one that is too short to be aligned in its row
CREATE TEMPORARY TABLE short AS SELECT '[{"channel": "email"}]'::jsonb AS d;
SELECT jsonb_agg(jsonb_build_object('step', n, 'channel', 'x_fax', 'label', 'Étape ' || n, 'enabled', true, 'delay_hours', 24.5, 'use_service_delay', n = 1,
	'condition', 'no_response', 'max_lateness_hours', 48, 'late', 'skip', 'template_id', '0190a1b2-c3d4-7e5f-8a6b-9c0d1e2f3a4b',
	'subject', 'Hello {{contact.first_name|there}}', 'attachments', '["0190a1b2-c3d4-7e5f-8a6b-9c0d1e2f3a4b"]'::jsonb,
	'body_text', repeat('Dear {{contact.first_name|friend}}, {{tenant.name}} thanks you: {{contact.attributes.city}} {{link.review|none}}. ', 3),
	'config', '{"max_length": 600, "tone": "friendly", "language": "zu", "example_messages": [{"body": "Hi!"}], "personalization_vars": ["company"]}'::jsonb)) AS document
FROM generate_series(1, 4) n \gset
\set vars '{"contact": {"first_name": "Zoë", "attributes": {"city": "Rome"}}, "tenant": {"name": "A & <B>"}}'

-- validators: nothing, but for a copy that is given back of a document that is not aligned
SELECT call, m.bytes, m.freed > 0 AS has_freed
FROM (VALUES (1, 'campaign.require_template_config(d)'), (2, 'd::campaign.template_config IS NOT NULL'),
	(3, 'campaign.check_message_text(t)'), (4, 't::campaign.message_text IS NOT NULL'),
	(5, 'campaign.require_template_config(short)')) c(n, call),
	LATERAL pg_temp.measure(call, :'document') m
ORDER BY n;
-- the renderer: its result, whether it has placeholders or not
SELECT mode, filled.bytes BETWEEN 512 AND 2048 AS a_result, filled.bytes = plain.bytes AS no_more, filled.freed = plain.freed AS and_freed_no_more
FROM (VALUES ('campaign.render_message(%s, false, %L) IS NOT NULL'), ('campaign.render_message(%s, true, %L) IS NOT NULL'), ('campaign.render_subject(%s, %L) IS NOT NULL')) c(mode),
	LATERAL pg_temp.measure(format(mode, 't', :'vars'), :'document') filled,
	LATERAL pg_temp.measure(format(mode, 'plain', :'vars'), :'document') plain
ORDER BY mode;
-- and of a number that is long as text no more than what of it is shown
SELECT m.bytes BETWEEN 4096 AND 24576 AS a_result
FROM pg_temp.measure('campaign.render_message(left(t, 0) || ''{{contact.attributes.n}}'', false, ''{"contact": {"attributes": {"n": 1e65000}}}'') IS NOT NULL', :'document') m;
-- the measure sees what it is there for
SELECT call, m.bytes > 0 AS leaves, m.freed > 0 AS has_freed
FROM (VALUES (1, 't IS NOT NULL'), (2, 'upper(plain) IS NOT NULL'), (3, 'campaign.normalize_template_config(d) IS NOT NULL')) c(n, call),
	LATERAL pg_temp.measure(call, :'document') m
ORDER BY n;
