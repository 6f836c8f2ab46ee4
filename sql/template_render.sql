-- Placeholders: which there are, how they are filled in, what is refused.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

--
-- Values
--
\set ann '{"contact": {"name": "Ann Lee", "first_name": "Ann", "last_name": "Lee", "attributes": {"plan": "gold", "visits": 3, "rate": 1.50, "vip": true, "none": null, "list": [1], "A_9": "x"}}, "tenant": {"name": "Acme", "sender_name": "Bob"}, "job": {"service_type": "hvac"}, "link": {"review": "https://r.example/t?a=1&b=2", "unsubscribe": "https://u.example/t"}}'
-- every placeholder
SELECT campaign.render_message('{{contact.name}}, {{contact.first_name}}, {{contact.last_name}}, {{tenant.name}}, {{tenant.sender_name}}, {{job.service_type}}, {{link.review}}, {{link.unsubscribe}}', false, :'ann');
-- attributes: text, numbers and booleans; everything else counts as absent
SELECT campaign.render_message('{{contact.attributes.plan}} {{contact.attributes.visits}} {{contact.attributes.rate}} {{contact.attributes.vip}} {{contact.attributes.A_9}} [{{contact.attributes.none}}{{contact.attributes.list}}{{contact.attributes.missing}}]', false, :'ann');
-- white space inside the braces does not count, line breaks included
SELECT campaign.render_message(E'Hi {{ contact.first_name\t|\n there }}!', false, :'ann');
-- text without placeholders, and the empty text
SELECT campaign.render_message('Nothing to fill in', false, :'ann');
SELECT '[' || campaign.render_message('', false, :'ann') || ']';
-- placeholders side by side, at the beginning and at the end
SELECT campaign.render_message('{{contact.first_name}}{{contact.last_name}}', false, :'ann');
-- a single brace is text, and so are closing braces that close nothing
SELECT campaign.render_message('{x} { {{contact.first_name}} } }} }', false, :'ann');

--
-- Defaults
--
-- for a value that is absent, null or empty; nothing if there is no default
SELECT campaign.render_message('Hi {{contact.first_name|there}}', false, v)
FROM (VALUES (1, '{}'), (2, '{"contact": null}'), (3, '{"contact": {"first_name": null}}'),
	(4, '{"contact": {"first_name": ""}}'), (5, '{"contact": {"first_name": "Ann"}}'), (6, '{"contact": "Ann"}')) t(n, v0), LATERAL (SELECT v0::jsonb AS v) l
ORDER BY n;
SELECT '[' || campaign.render_message('{{contact.first_name}}{{tenant.name|}}', false, '{}') || ']';
-- a default may hold single braces and bars
SELECT campaign.render_message('{{contact.first_name|a|b {c} d}}', false, '{}');

--
-- What has been filled in is not looked at again
--
SELECT campaign.render_message('{{contact.first_name}} {{contact.last_name}}', false,
	'{"contact": {"first_name": "{{link.unsubscribe}}", "last_name": "{{"}, "link": {"unsubscribe": "https://u.example"}}');

--
-- HTML: values and defaults are escaped, the template is not
--
SELECT campaign.render_message('<b>{{contact.first_name}}</b> <a href="{{link.review}}">{{tenant.name|A & "B"}}</a>', true,
	'{"contact": {"first_name": "<script>alert(''x'')</script>"}, "link": {"review": "https://r.example/?a=1&b=\"2\""}}');
SELECT campaign.render_message('{{contact.first_name}}', false, '{"contact": {"first_name": "<b>"}}');

--
-- Subjects: a value cannot begin a new line, hence no header of its own
--
SELECT campaign.render_subject('News for {{contact.first_name}}', jsonb_build_object('contact', jsonb_build_object('first_name', E'Ann\r\nBcc: eve@example.com')));

--
-- Characters of several bytes
--
SELECT campaign.render_message(U&'Gr\00FC\00DFe an {{contact.first_name|\4F60\597D}}\2026 {{tenant.name}}', false, jsonb_build_object('tenant', jsonb_build_object('name', U&'Zo\00EB \+01F600')))
	= U&'Gr\00FC\00DFe an \4F60\597D\2026 Zo\00EB \+01F600' AS multibyte;

--
-- Long texts
--
SELECT length(campaign.render_message(repeat('x{{contact.first_name}}', 4000), false, :'ann'));
-- values are cut after 4096 bytes, as in a message, and between two characters
SELECT campaign.render_message('{{contact.attributes.v}}', false, d) = left(v, n) AS body, campaign.render_message('{{contact.attributes.v}}', true, d) = left(v, n) AS html,
	campaign.render_subject('{{contact.attributes.v}}', d) = left(v, n) AS subject
FROM (VALUES ('"' || repeat('x', 5000) || '"', repeat('x', 5000), 4096), ('"' || repeat(U&'\00E9', 4000) || 'x"', repeat(U&'\00E9', 4000), 2048),
	('"x' || repeat(U&'\00E9', 4000) || '"', 'x' || repeat(U&'\00E9', 4000), 2048), ('1e65000', '1' || repeat('0', 5000), 4096), ('-1e4000', '-1' || repeat('0', 5000), 4002)) c(j, v, n),
	LATERAL (SELECT jsonb_build_object('contact', jsonb_build_object('attributes', jsonb_build_object('v', j::jsonb)))) o(d);

--
-- NULL
--
SELECT campaign.render_message(NULL, false, '{}') IS NULL, campaign.render_message('x', NULL, '{}') IS NULL,
	campaign.render_message('x', false, NULL) IS NULL, campaign.render_subject(NULL, '{}') IS NULL,
	campaign.check_message_text(NULL) IS NULL, NULL::campaign.message_text IS NULL;

--
-- Faults: CP003, with the place and the way out
--
SELECT 'Hi {{contact.frist_name}}'::campaign.message_text;
\echo :LAST_ERROR_SQLSTATE
-- the place counts characters, not bytes
SELECT U&'\00E9\4F60 {{contact.nmae}}'::campaign.message_text;
-- only the first fault is told
SELECT '{{contact.name}} {{tenant.nam}} {{'::campaign.message_text;
-- the last part alone, and another case
SELECT '{{first_name}}'::campaign.message_text;
SELECT '{{firstName}}'::campaign.message_text;
SELECT '{{Contact.Name}}'::campaign.message_text;
-- attributes have a key, of letters, digits and underscores
SELECT '{{contact.attribute.plan}}'::campaign.message_text;
SELECT '{{contact.attributes.my-plan}}'::campaign.message_text;
SELECT '{{contact.attributes.}}'::campaign.message_text;
SELECT campaign.check_message_text('{{contact.attributes.' || repeat('k', 63) || '}}');
SELECT campaign.check_message_text('{{contact.attributes.' || repeat('k', 64) || '}}');
-- nothing like it
SELECT '{{order.total}}'::campaign.message_text;
-- empty
SELECT '{{}}'::campaign.message_text;
SELECT '{{ | there}}'::campaign.message_text;
-- not closed; two opening braces are never text, and there is no escape
SELECT 'Hi {{contact.name'::campaign.message_text;
SELECT 'Hi {{contact.name}, {{tenant.name}}'::campaign.message_text;
SELECT 'Hi {{contact.name|{{tenant.name}}}}'::campaign.message_text;
SELECT '{{{contact.name}}}'::campaign.message_text;
SELECT 'x {{'::campaign.message_text;
SELECT '\{{'::campaign.message_text;
-- a long one is cut
SELECT campaign.check_message_text('{{' || repeat(U&'\4F60', 60) || '}}');
-- the preview says the same, before it renders anything
SELECT campaign.render_message('{{contact.nam}}', false, '{}');
SELECT campaign.render_subject('{{contact.nam}}', '{}');
-- values must be an object
SELECT campaign.render_message('{{contact.name}}', false, '[]');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.render_subject('x', '"x"');

--
-- Only members may ask
--
CREATE ROLE regress_tr_none;
SET ROLE regress_tr_none;
SELECT campaign.render_message('x', false, '{}');
RESET ROLE;
DROP ROLE regress_tr_none;
