-- template_config: the steps of a campaign as a document.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never

-- The least, and the most that a step can say.
SELECT '[{"channel": "email"}]'::jsonb::campaign.template_config IS NOT NULL AS taken;
SELECT '[{
  "step": 1, "channel": "email", "label": "Thank you", "enabled": true, "needs_pdf": true, "variant_count": 3,
  "delay_hours": 0.5, "use_service_delay": true, "condition": "always", "on_failure": "stop",
  "max_lateness_hours": 48, "late": "reschedule", "template_id": "0190a1b2-c3d4-7e5f-8a6b-9c0d1e2f3a4b",
  "subject": "Thank you, {{contact.first_name|dear customer}}",
  "body_html": "<p>{{contact.attributes.roof_age|A few}} years on, how is your roof? <a href=\"{{link.review}}\">Tell us</a>",
  "body_text": "How is your roof? {{link.review}}",
  "attachments": ["0190a1b2-c3d4-7e5f-8a6b-9c0d1e2f3a4b"],
  "config": {"max_length": 600, "tone": "friendly", "formality": "informal", "language": "en",
    "custom_instructions": "Mention the season.", "example_messages": [{"body": "Hi!", "note": "short"}],
    "asset_ids": [], "asset_mode": "link", "personalization_vars": ["company", "industry"]}
  }, {"step": 2, "channel": "x_fax", "day_offset": 3, "use_service_delay": false, "enabled": false}
]'::jsonb::campaign.template_config IS NOT NULL AS taken;

-- A table takes no other; the error has a path, all faults, and a way out.
CREATE TEMPORARY TABLE sequence (steps campaign.template_config NOT NULL);
INSERT INTO sequence VALUES ('[{"channel": "email"}, {"chanel": "sms", "delay_hours": -1}, {"channel": "sms", "late": "never"}]');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO sequence VALUES ('[{"channel": "email"}]');
UPDATE sequence SET steps = '"[{\"channel\":\"email\"}]"';
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sequence;
INSERT INTO sequence VALUES (NULL);
\echo :LAST_ERROR_SQLSTATE
DROP TABLE sequence;

-- Of very many faults the first 20 are told, and 1000 are listed.
SELECT jsonb_agg(jsonb_build_object('channel', 'email', 'delay_hours', -n))::campaign.template_config FROM generate_series(1, 25) n;
SELECT count(*), count(*) FILTER (WHERE code = 'too_many_faults') AS and_more
FROM campaign.template_config_errors((SELECT jsonb_agg(doc) FROM generate_series(1, 50),
	(SELECT jsonb_object_agg('key' || n, n) AS doc FROM generate_series(1, 30) n) AS keys));

-- Every kind of fault. The message completes a sentence that begins with the path.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
CREATE TEMPORARY TABLE faulty (n serial, document jsonb);
INSERT INTO faulty (document) VALUES
	-- what a document is
	('{"channel": "email"}'), ('null'), ('7'), ('"email"'),
	('"[{\"channel\": \"email\"}]"'), ('" \"[]\""'),
	('[]'), ((SELECT jsonb_agg('{"channel": "email"}'::jsonb) FROM generate_series(1, 51))),
	('[["email"], "email", null, 1, true]'),
	-- keys
	('[{}]'),
	('[{"channel": "email", "delayHours": 24, "Subject": "x", "a": 1, "": 2, "quite something else": 3}]'),
	('[{"channel": "email", "config": {"channel": "sms", "step": 2, "tones": "bold"}}]'),
	('[{"channel": "email", "delay_hours": 24, "day_offset": 1}]'),
	('[{"channel": "email", "late": "skip"}]'),
	-- types
	('[{"channel": "email", "enabled": "true", "variant_count": "1", "delay_hours": true, "label": 1, "config": [], "attachments": {}}]'),
	('[{"channel": null, "enabled": null, "step": null, "config": {"tone": null}, "attachments": [null]}]'),
	-- numbers
	('[{"channel": "email", "variant_count": 0}, {"channel": "email", "variant_count": 4}, {"channel": "email", "variant_count": 1.5}]'),
	('[{"channel": "email", "delay_hours": -0.01}, {"channel": "email", "delay_hours": 8784.01}, {"channel": "email", "delay_hours": 1e400}, {"channel": "email", "delay_hours": -1e400}]'),
	('[{"channel": "email", "day_offset": -1}, {"channel": "email", "day_offset": 366.5}, {"channel": "email", "day_offset": 367}, {"channel": "email", "day_offset": 18446744073709551617}]'),
	('[{"channel": "email", "max_lateness_hours": 0}, {"channel": "email", "max_lateness_hours": -1e-400}, {"channel": "email", "max_lateness_hours": 8785}]'),
	-- strings
	('[{"channel": "Email"}, {"channel": ""}, {"channel": "e mail"}, {"channel": "1st"}]'),
	(jsonb_build_array(jsonb_build_object('channel', repeat('x', 64)))),
	('[{"channel": "email", "label": ""}]'),
	(jsonb_build_array(jsonb_build_object('channel', 'email', 'label', repeat('é', 256)))),
	('[{"channel": "email", "condition": "never", "on_failure": "retry", "late": "", "max_lateness_hours": 1}]'),
	('[{"channel": "email", "config": {"tone": "rude", "formality": "none", "language": "english", "max_length": 0}}, {"channel": "sms", "config": {"language": "EN"}}]'),
	('[{"channel": "email", "template_id": "0190a1b2"}, {"channel": "email", "template_id": "{0190a1b2-c3d4-7e5f-8a6b-9c0d1e2f3a4b}"}]'),
	('[{"channel": "email", "subject": "Hi\r\nBcc: everybody@example.com"}]'),
	(jsonb_build_array(jsonb_build_object('channel', 'email', 'subject', repeat('x', 999), 'body_text', repeat('x', 100001)))),
	-- placeholders
	('[{"channel": "email", "subject": "Hi {{contact.frist_name}}", "body_text": "é {{}} {{contact.name}} {{what}} {{tenant.name", "body_html": "{{contact.attributes.a b}}"}]'),
	-- lists
	((SELECT jsonb_build_array(jsonb_build_object('channel', 'email', 'attachments', jsonb_agg(campaign.uuid_v7()))) FROM generate_series(1, 11))),
	('[{"channel": "email", "attachments": ["0190a1b2-c3d4-7e5f-8a6b-9c0d1e2f3a4b", "x"]}]'),
	('[{"channel": "email", "config": {"example_messages": [{"note": "no body"}, {"body": ""}], "asset_ids": [""], "personalization_vars": [1]}}]'),
	-- steps together
	('[{"channel": "email", "step": 1}, {"channel": "email"}]'),
	('[{"channel": "email", "step": 2}, {"channel": "email", "step": 1}]'),
	('[{"channel": "email", "step": 0}, {"channel": "email", "step": 51}]'),
	('[{"channel": "email"}, {"channel": "email", "use_service_delay": true}]'),
	('[{"channel": "email", "enabled": false}, {"channel": "sms", "enabled": false}]');
SELECT f.n, e.path, e.code, e.message, e.hint
FROM faulty f, LATERAL campaign.template_config_errors(f.document) WITH ORDINALITY AS e(path, code, message, hint, m)
ORDER BY f.n, e.m;

-- An odd key is quoted in the path, and cut.
SELECT path FROM campaign.template_config_errors(jsonb_build_array(jsonb_build_object(
	'channel', 'email', 'a"b', 1, E'tab\t', 1, 'ключ', 1, repeat('long', 20), 1)));

-- What is right at the edge: numbers by their value, lengths in characters.
SELECT count(*) AS faults FROM campaign.template_config_errors(jsonb_build_array(
	jsonb_build_object('channel', 'call_script', 'step', 1.0, 'label', repeat('é', 255), 'variant_count', '3e0'::numeric,
		'delay_hours', '8784.000'::numeric, 'max_lateness_hours', '1e-400'::numeric,
		'body_text', repeat('€', 100000), 'subject', repeat('字', 998)),
	jsonb_build_object('channel', 'x' || repeat('_', 62), 'step', '2.0'::numeric, 'day_offset', '36.6e1'::numeric)));
SELECT count(*) AS faults FROM campaign.template_config_errors(
	(SELECT jsonb_agg(jsonb_build_object('channel', 'sms', 'step', n)) FROM generate_series(1, 50) n));
SELECT count(*) AS faults FROM campaign.template_config_errors(NULL);

-- The normal form: what is left out is filled in, what has two spellings has one.
\pset format aligned
SELECT jsonb_pretty(campaign.normalize_template_config('[
	{"channel": "call_script", "delay_hours": 24.50, "subject": "", "variant_count": 2.0},
	{"channel": "x_direct_mail", "day_offset": 3, "max_lateness_hours": 1e-400, "enabled": false,
	 "template_id": "0190A1B2-C3D4-7E5F-8A6B-9C0D1E2F3A4B", "config": {"tone": "bold"}}]'));
SELECT campaign.normalize_template_config(campaign.normalize_template_config(d)) = campaign.normalize_template_config(d) AS stable,
	campaign.normalize_template_config(d)::campaign.template_config IS NOT NULL AS valid
FROM jsonb('[{"channel": "email", "delay_hours": 0.1234567}, {"channel": "sms", "max_lateness_hours": 0.00000001}]') AS d;
SELECT campaign.normalize_template_config('[]');
\echo :LAST_ERROR_SQLSTATE

-- Documents that a client encoded twice.
SELECT campaign.unwrap_template_config('"[{\"channel\": \"email\"}]"');
SELECT campaign.unwrap_template_config(to_jsonb(to_jsonb('[{"channel": "email"}]'::text)::text));
SELECT campaign.unwrap_template_config('[{"channel": "email"}]');
SELECT campaign.unwrap_template_config('"[{\"channel\": "');
\echo :LAST_ERROR_SQLSTATE

-- The same rules as JSON Schema, for front ends.
SELECT s ->> '$schema' AS dialect, s ->> 'type' AS type, s -> 'minItems' AS least, s -> 'maxItems' AS most
FROM campaign.template_config_schema() AS s;
SELECT p.key, p.value - 'description' - 'enum' - 'pattern' - 'allOf' - 'properties' - 'items' AS rule
FROM campaign.template_config_schema() AS s, jsonb_each(s #> '{items,properties}') AS p ORDER BY p.key COLLATE "C";
SELECT p.key, p.value - 'description' - 'enum' - 'pattern' - 'items' AS rule
FROM campaign.template_config_schema() AS s, jsonb_each(s #> '{items,properties,config,properties}') AS p ORDER BY p.key COLLATE "C";
SELECT s #> '{items,properties,late,enum}' AS late, s #> '{items,properties,channel,pattern}' AS channel,
	s #> '{items,required}' AS required, s #> '{items,additionalProperties}' AS others,
	jsonb_array_length(s #> '{items,properties,config,properties,language,enum}') AS languages
FROM campaign.template_config_schema() AS s;
SELECT rule ->> '$comment' AS rule, rule - '$comment' AS said
FROM campaign.template_config_schema() AS s, jsonb_path_query(s, '$.items.allOf[*]') AS rule;
SELECT rule ->> '$comment' AS rule, left((rule - '$comment')::text, 100) AS said
FROM campaign.template_config_schema() AS s, jsonb_path_query(s, '$.allOf[*]') AS rule;

-- Against rows: channels and their limits, templates of the tenant or the system.
CREATE ROLE regress_steps;
CREATE ROLE regress_steps_other;
SELECT campaign.grant_access('regress_steps', 'member');
SELECT campaign.grant_access('regress_steps_other', 'member');
SELECT campaign.create_tenant('Steps', 'regress-steps', 'UTC', 'regress_steps') AS steps \gset
SELECT campaign.create_tenant('Other', 'regress-steps-other', 'UTC', 'regress_steps_other') AS other \gset
INSERT INTO campaign.message_templates (tenant_id, id, channel, name, body)
VALUES (:'steps', '00000000-0000-7000-8000-00000000a001', 'sms', 'Mine', 'Hi'),
	(:'other', '00000000-0000-7000-8000-00000000b001', 'sms', 'Theirs', 'Hi');
SELECT id AS system_email FROM campaign.message_templates
WHERE tenant_id = '00000000-0000-0000-0000-000000000000' AND channel = 'email' ORDER BY id LIMIT 1 \gset

\pset format unaligned
SET ROLE regress_steps;
SELECT * FROM campaign.check_template_config(:'steps', jsonb_build_array(
	jsonb_build_object('channel', 'sms', 'template_id', '00000000-0000-7000-8000-00000000a001', 'body_text', repeat('é', 1600)),
	jsonb_build_object('channel', 'email', 'template_id', :'system_email', 'subject', 'Hi', 'body_html', repeat('x', 100000)),
	jsonb_build_object('channel', 'call_script', 'body_text', repeat('x', 2000), 'subject', '')));
SELECT path, code, message, hint FROM campaign.check_template_config(:'steps', jsonb_build_array(
	jsonb_build_object('channel', 'x_carrier_pigeon', 'enabled', false),
	jsonb_build_object('channel', 'sms', 'subject', 'Hi', 'body_text', repeat('é', 1601), 'template_id', '00000000-0000-7000-8000-00000000b001'),
	jsonb_build_object('channel', 'linkedin_connect', 'body_text', repeat('x', 301), 'template_id', '00000000-0000-7000-8000-00000000a001'),
	jsonb_build_object('channel', 'linkedin_message', 'body_text', repeat('x', 1901), 'body_html', repeat('x', 1901)),
	jsonb_build_object('channel', 'call_script', 'body_text', repeat('x', 2001), 'subject', 'Hi'),
	jsonb_build_object('channel', 'sms', 'template_id', '00000000-0000-7000-8000-00000000c001')));
-- Faults of form come first, and spoil nothing.
SELECT path, code FROM campaign.check_template_config(:'steps', '[{"channel": "nope", "subject": 1, "template_id": "x"}, {"channel": 1}, 1, {"channel": "sms", "subject": "Hi"}]');
SELECT path, code FROM campaign.check_template_config(:'steps', '{"channel": "nope"}');
-- The id of another tenant opens nothing.
SELECT path, code FROM campaign.check_template_config(:'other', '[{"channel": "sms", "template_id": "00000000-0000-7000-8000-00000000b001"}]');
SELECT campaign.normalize_template_config('[{"channel": "sms"}]')::campaign.template_config IS NOT NULL AS may;
RESET ROLE;
SELECT campaign.revoke_access('regress_steps');
SET ROLE regress_steps;
SELECT campaign.template_config_errors('[]');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- Labels of the functions, on which CHECKs, indexes and parallel plans rely.
SELECT p.proname, p.provolatile, p.proisstrict, p.proparallel FROM pg_proc p
WHERE p.pronamespace = 'campaign'::regnamespace AND p.proname LIKE '%template\_config%' ORDER BY p.proname;

SELECT campaign.delete_tenant(:'steps', 'regress-steps'), campaign.delete_tenant(:'other', 'regress-steps-other');
SELECT campaign.revoke_access('regress_steps_other');
DROP ROLE regress_steps, regress_steps_other;
