-- generation_config and sender_config: how the messages of a campaign are generated and sent, as documents.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never

-- The least, and the most that they can say.
SELECT '{}'::jsonb::campaign.generation_config IS NOT NULL AND '{}'::jsonb::campaign.sender_config IS NOT NULL AS taken;
SELECT jsonb_build_object('tone', 'friendly', 'language', 'de', 'formality', 'formal', 'custom_instructions', repeat('é', 2000),
	'personalization_level', 4, 'variant_count', 3,
	'messaging_angles', (SELECT jsonb_agg(repeat('é', 500)) FROM generate_series(1, 20)), 'proof_points', '["ISO 9001"]'::jsonb,
	'value_proposition', repeat('x', 2000), 'competitive_positioning', 'cheaper', 'target_persona', 'head of facilities',
	'target_pain_points', '[]'::jsonb, 'recommended_products', (SELECT jsonb_agg(repeat('é', 255)) FROM generate_series(1, 50)),
	'segment', repeat('é', 255))::campaign.generation_config IS NOT NULL AS taken;
SELECT '{"send_via": "smtp_2", "from_email": "ann@example.com", "from_name": "Ann \"A\" Müller", "reply_to": "ü.ann+x@bücher.example",
	"linkedin_daily_connections": 0, "linkedin_daily_messages": 500, "active_hours": {"start": "22:00", "end": "06:30"},
	"delay_range": {"min": 30, "max": 30}}'::jsonb::campaign.sender_config IS NOT NULL AS taken;

-- A table takes no other; the error has a path, all faults, and a way out.
CREATE TEMPORARY TABLE settings (generation campaign.generation_config NOT NULL DEFAULT '{}', sender campaign.sender_config NOT NULL DEFAULT '{}');
INSERT INTO settings DEFAULT VALUES;
UPDATE settings SET generation = '{"tone": "rude", "personalisation_level": 5, "variant_count": 4}';
\echo :LAST_ERROR_SQLSTATE
UPDATE settings SET sender = '{"from_mail": "ann@example.com", "active_hours": {"start": "9:00"}}';
\echo :LAST_ERROR_SQLSTATE
-- what a client has encoded twice
UPDATE settings SET generation = '"{\"tone\": \"bold\"}"';
UPDATE settings SET sender = to_jsonb(to_jsonb('{}'::text)::text);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO settings VALUES (NULL);
SELECT * FROM settings;
DROP TABLE settings;

-- Every kind of fault. The message completes a sentence that begins with the path.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
CREATE TEMPORARY TABLE faulty (n serial, domain text, document jsonb);
INSERT INTO faulty (domain, document) VALUES
	('generation', '[]'), ('generation', 'null'), ('generation', '7'), ('generation', '"tone"'), ('generation', '" \"{}\""'),
	-- the state of a run is none of it
	('generation', '{"cancelled": true, "cancelled_at": null, "snapshot": {}, "snapshots": [], "status": "generating", "progress": 50}'),
	('generation', '{"Tone": "bold", "toner": "bold", "angles": [], "": 1, "pain_points": [], "variants_count": 2}'),
	('generation', '{"tone": null, "language": "english", "formality": "none", "personalization_level": 0, "variant_count": 1.5}'),
	('generation', '{"personalization_level": 5, "variant_count": 4, "segment": "", "tone": 1}'),
	('generation', jsonb_build_object('custom_instructions', repeat('x', 2001), 'value_proposition', repeat('x', 2001),
		'competitive_positioning', repeat('x', 2001), 'target_persona', repeat('x', 2001), 'segment', repeat('x', 256))),
	('generation', jsonb_build_object('messaging_angles', (SELECT jsonb_agg('x'::text) FROM generate_series(1, 21)),
		'recommended_products', (SELECT jsonb_agg('x'::text) FROM generate_series(1, 51)))),
	('generation', '{"messaging_angles": "one", "proof_points": [1, "", null], "target_pain_points": {}, "segment": "two\nlines"}'),
	('generation', jsonb_build_object('proof_points', jsonb_build_array(repeat('x', 501)), 'recommended_products', jsonb_build_array(repeat('x', 256)))),
	('sender', '[]'), ('sender', '"{}"'),
	('sender', '{"from": "x", "replyto": "x", "linkedin_daily_connection": 1, "password": "x"}'),
	('sender', '{"send_via": "SendGrid", "from_email": "ann", "from_name": "Ann\r\nBcc: all@example.com", "reply_to": "a@b@c"}'),
	('sender', '{"from_email": "Ann <ann@example.com>", "reply_to": "a@example.com,b@example.com"}'),
	('sender', '{"from_email": "@example.com", "reply_to": "ann@"}'),
	('sender', jsonb_build_object('from_email', 'a@' || repeat('x', 253), 'from_name', repeat('x', 256))),
	('sender', '{"linkedin_daily_connections": -1, "linkedin_daily_messages": 501}'),
	('sender', '{"linkedin_daily_connections": 201, "linkedin_daily_messages": "20"}'),
	('sender', '{"active_hours": {}, "delay_range": {}}'), ('sender', '{"active_hours": null, "delay_range": 30}'),
	('sender', '{"active_hours": {"start": 9, "end": "24:00", "zone": "UTC"}}'), ('sender', '{"active_hours": {"start": "12:60", "end": "1200"}}'),
	('sender', '{"delay_range": {"min": 60, "max": 30}}'), ('sender', '{"delay_range": {"min": -1, "max": 86401}}'),
	-- a fault of one's own is told once
	('sender', '{"delay_range": {"min": 1.5, "max": 1}}'), ('sender', '{"delay_range": {"min": 5, "max": "1"}}');
SELECT f.n, f.domain, e.path, e.code, e.message, e.hint
FROM faulty f, LATERAL (
	SELECT * FROM campaign.generation_config_errors(f.document) WITH ORDINALITY WHERE f.domain = 'generation'
	UNION ALL SELECT * FROM campaign.sender_config_errors(f.document) WITH ORDINALITY WHERE f.domain = 'sender') AS e(path, code, message, hint, m)
ORDER BY f.n, e.m;

-- The normal form: defaults, one spelling, nothing that is empty.
SELECT campaign.normalize_generation_config('{}');
SELECT campaign.normalize_generation_config('{"variant_count": 2.0, "personalization_level": 3e0, "custom_instructions": "", "target_persona": "", "tone": "bold", "proof_points": []}');
SELECT campaign.normalize_sender_config('{}'), campaign.normalize_sender_config('{"delay_range": {"max": 60.0, "min": 30}}');
SELECT campaign.normalize_generation_config(n) = n AS stable, n::campaign.generation_config IS NOT NULL AS valid
FROM campaign.normalize_generation_config('{"segment": "roofs"}') AS n;
SELECT campaign.normalize_sender_config('{"delay_range": {"min": 2, "max": 1}}');
\echo :LAST_ERROR_SQLSTATE

-- Double encoding is undone, and nothing else is taken for it.
SELECT campaign.unwrap_generation_config('"{\"tone\": \"bold\"}"'), campaign.unwrap_generation_config('{"tone": "bold"}'),
	campaign.unwrap_sender_config(to_jsonb(to_jsonb('{"send_via": "smtp"}'::text)::text));
SELECT campaign.unwrap_generation_config('"[]"');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.unwrap_sender_config('7');
SELECT campaign.unwrap_sender_config('"{"');

-- The same rules as JSON Schema, and what a step's config shares is the same.
SELECT p.key, p.value - 'description' - 'enum' - 'pattern' - 'properties' AS rule
FROM campaign.generation_config_schema() AS s, jsonb_each(s -> 'properties') AS p ORDER BY p.key COLLATE "C";
SELECT p.key, p.value - 'description' - 'pattern' - 'properties' AS rule
FROM campaign.sender_config_schema() AS s, jsonb_each(s -> 'properties') AS p ORDER BY p.key COLLATE "C";
SELECT k AS key, (g #> ARRAY['properties', k]) - 'description' - 'default' = (t #> ARRAY['items', 'properties', 'config', 'properties', k]) - 'description' AS same
FROM campaign.generation_config_schema() g, campaign.template_config_schema() t, unnest('{tone,formality,language,custom_instructions}'::text[]) k;
\pset format aligned
\pset footer on

--
-- Campaigns keep them
--
CREATE ROLE regress_cs_ann;
CREATE ROLE regress_cs_vic;
SELECT campaign.create_tenant('Ann', 'cs-ann', 'UTC', 'regress_cs_ann') AS ann \gset
SELECT campaign.add_member(:'ann', 'regress_cs_vic', 'viewer');
SELECT campaign.grant_access(r, 'member') FROM unnest(ARRAY['regress_cs_ann', 'regress_cs_vic']) r;
SET ROLE regress_cs_ann;
SELECT campaign.create_campaign(:'ann', 'Roofs', '[{"channel": "email", "subject": "Hi", "body_text": "Hi"}]', 'contacts') AS roofs \gset
SELECT generation_config, sender_config FROM campaign.outreach_campaigns WHERE campaign_id = :'roofs';
SELECT campaign.configure_campaign(:'roofs', '{"tone": "bold"}', '{"from_name": "Ann"}');
SELECT campaign.configure_campaign(:'roofs', sender_config => '{"send_via": "smtp"}');
SELECT campaign.configure_campaign(:'roofs');
SELECT generation_config, sender_config FROM campaign.outreach_campaigns WHERE campaign_id = :'roofs';
SELECT campaign.transition_campaign(:'roofs', 'ready');
SELECT campaign.configure_campaign(:'roofs', '{}');
SELECT generation_config, sender_config FROM campaign.outreach_campaigns WHERE campaign_id = :'roofs';
-- not with faults, not by hand, not by a viewer, and not when it runs
SELECT campaign.configure_campaign(:'roofs', '{"tone": "rude"}');
SELECT campaign.configure_campaign(:'roofs', sender_config => '"{}"');
UPDATE campaign.outreach_campaigns SET generation_config = '{}';
\set VERBOSITY sqlstate
SET ROLE regress_cs_vic;
SELECT campaign.configure_campaign(:'roofs', '{}');
\set VERBOSITY default
SET ROLE regress_cs_ann;
SELECT campaign.configure_campaign('00000000-0000-7000-8000-000000000001', '{}');
SELECT campaign.configure_campaign(NULL, '{}');
SELECT campaign.launch_campaign(:'roofs');
SELECT campaign.configure_campaign(:'roofs', '{"tone": "bold"}');
\echo :LAST_ERROR_SQLSTATE
-- a campaign of a template has the template's
SELECT campaign.create_campaign_from_template(id, 'LinkedIn') AS linkedin FROM campaign.campaign_templates WHERE is_system AND name = 'LinkedIn Only' \gset
SELECT generation_config, sender_config FROM campaign.outreach_campaigns WHERE campaign_id = :'linkedin';
-- and those of all system templates pass
SELECT count(*), count(*) FILTER (WHERE campaign.normalize_generation_config(default_config) @> default_config::jsonb) AS pass FROM campaign.campaign_templates WHERE is_system;
RESET ROLE;

SELECT campaign.delete_tenant(:'ann', 'cs-ann');
SELECT campaign.revoke_access(r) FROM unnest(ARRAY['regress_cs_ann', 'regress_cs_vic']) r;
DROP ROLE regress_cs_ann, regress_cs_vic;
