-- Message templates: sixteen to begin with, and a tenant's own.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
\set SHOW_CONTEXT never
CREATE ROLE regress_mt_ann;
CREATE ROLE regress_mt_vic;
CREATE ROLE regress_mt_bob;
SELECT campaign.create_tenant('Ann''s Plumbing', 'mt-ann', 'UTC', 'regress_mt_ann') AS ann \gset
SELECT campaign.create_tenant('Bob''s Roofs', 'mt-bob', 'UTC', 'regress_mt_bob') AS bob \gset
SELECT campaign.add_member(:'ann', 'regress_mt_vic', 'viewer');
SELECT campaign.grant_access(r, 'member') FROM unnest(ARRAY['regress_mt_ann', 'regress_mt_vic', 'regress_mt_bob']) r;

--
-- Each of the eight services has a text for email and for SMS
--
SET ROLE regress_mt_ann;
SELECT id, channel, service_type, name, subject FROM campaign.message_templates WHERE seeded ORDER BY id;
SELECT bool_and(is_default), bool_and(strpos(body, '{{link.review}}') > 0) AS asks_for_a_review,
	bool_and(CASE channel WHEN 'email' THEN strpos(body, '{{link.unsubscribe}}') ELSE strpos(body, 'STOP') END > 0) AS has_a_way_out
FROM campaign.message_templates WHERE seeded;
-- as a customer gets them
\pset format unaligned
\pset tuples_only on
\set vars '{"contact": {"first_name": "Dana"}, "tenant": {"name": "Ann''s Plumbing"}, "link": {"review": "https://go.example/r/1", "unsubscribe": "https://go.example/u/1"}}'
SELECT campaign.render_subject(subject, :'vars'), campaign.render_message(body, false, :'vars')
FROM campaign.message_templates WHERE id = '00000000-0000-8000-8001-000000000002';
SELECT campaign.render_message(body, false, :'vars')
FROM campaign.message_templates WHERE id = '00000000-0000-8000-8002-000000000002';
\pset tuples_only off
\pset format aligned

--
-- A tenant writes its own
--
INSERT INTO campaign.message_templates (tenant_id, channel, service_type, name, subject, body, body_html, is_default)
VALUES (:'ann', 'email', 'plumbing', 'Ours', 'Hi {{contact.first_name|there}}', 'How did we do? {{link.review}}', '<p>How did we do? <a href="{{link.review}}">Tell us</a></p>', true)
RETURNING id AS ours \gset
SELECT name, subject, is_default, seeded, copied_from, archived_at FROM campaign.message_templates WHERE id = :'ours';

--
-- What the channel has and allows
--
INSERT INTO campaign.message_templates (tenant_id, channel, name, body) VALUES (:'ann', 'email', 'No subject', 'x');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO campaign.message_templates (tenant_id, channel, name, subject, body) VALUES (:'ann', 'sms', 'Subject', 'x', 'x');
INSERT INTO campaign.message_templates (tenant_id, channel, name) VALUES (:'ann', 'sms', 'No body');
INSERT INTO campaign.message_templates (tenant_id, channel, name, body) VALUES (:'ann', 'sms', 'Blank body', '  ');
INSERT INTO campaign.message_templates (tenant_id, channel, name, body) VALUES (:'ann', 'linkedin_connect', 'Too long', repeat('x', 301));
INSERT INTO campaign.message_templates (tenant_id, channel, name, body, body_html) VALUES (:'ann', 'call', 'Too long', 'x', repeat('x', 2001));
-- the limit counts characters, and is reached
INSERT INTO campaign.message_templates (tenant_id, channel, name, body) VALUES (:'ann', 'linkedin_connect', 'Just right', repeat(U&'\00E9', 300)) RETURNING length(body);
-- on update too
UPDATE campaign.message_templates SET body = repeat('x', 301) WHERE tenant_id = :'ann' AND name = 'Just right';
UPDATE campaign.message_templates SET subject = NULL WHERE id = :'ours';
-- a subject is one line
UPDATE campaign.message_templates SET subject = E'x\ny' WHERE id = :'ours';
UPDATE campaign.message_templates SET subject = '' WHERE id = :'ours';
-- a channel or service type that is not there
\set VERBOSITY sqlstate
INSERT INTO campaign.message_templates (tenant_id, channel, name, body) VALUES (:'ann', 'fax', 'x', 'x');
INSERT INTO campaign.message_templates (tenant_id, channel, service_type, name, body) VALUES (:'ann', 'sms', 'gardening', 'x', 'x');
\set VERBOSITY default
-- a placeholder is judged when it is saved, not when it is sent
INSERT INTO campaign.message_templates (tenant_id, channel, name, body) VALUES (:'ann', 'sms', 'Typo', 'Hi {{contact.firstname}}');
\echo :LAST_ERROR_SQLSTATE
UPDATE campaign.message_templates SET body_html = '<p>{{contact.name</p>' WHERE id = :'ours';

--
-- One default for a service type and channel, NULL being a service type of its own
--
\set VERBOSITY terse
INSERT INTO campaign.message_templates (tenant_id, channel, service_type, name, subject, body, is_default) VALUES (:'ann', 'email', 'plumbing', 'Second', 'x', 'x', true);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO campaign.message_templates (tenant_id, channel, name, subject, body, is_default) VALUES (:'ann', 'email', 'Any', 'x', 'x', true);
INSERT INTO campaign.message_templates (tenant_id, channel, name, subject, body, is_default) VALUES (:'ann', 'email', 'Any 2', 'x', 'x', true);
\set VERBOSITY default
-- an archived one makes room
UPDATE campaign.message_templates SET archived_at = now() WHERE id = :'ours';
INSERT INTO campaign.message_templates (tenant_id, channel, service_type, name, subject, body, is_default) VALUES (:'ann', 'email', 'plumbing', 'Second', 'x', 'x', true);
-- neither channel nor id nor origin of a template changes
UPDATE campaign.message_templates SET channel = 'sms' WHERE id = :'ours';
UPDATE campaign.message_templates SET id = campaign.uuid_v7() WHERE id = :'ours';
UPDATE campaign.message_templates SET seeded = true WHERE id = :'ours';

--
-- What a tenant uses of the system's is copied to it
--
SELECT campaign.copy_message_template('00000000-0000-8000-8002-000000000005', :'ann') AS copy \gset
SELECT campaign.copy_message_template('00000000-0000-8000-8002-000000000005', :'ann', 'Our roofs') AS named \gset
SELECT c.name, c.service_type, c.is_default, c.seeded, c.copied_from, c.body = t.body AS same
FROM campaign.message_templates c JOIN campaign.message_templates t ON t.id = c.copied_from
WHERE c.id IN (:'copy', :'named') ORDER BY c.name;
-- a service type that the tenant has not: none
DELETE FROM campaign.service_types WHERE tenant_id = :'ann' AND service_type = 'painting';
SELECT campaign.copy_message_template('00000000-0000-8000-8002-000000000006', :'ann') AS painting \gset
SELECT service_type FROM campaign.message_templates WHERE id = :'painting';
-- a copy is a text of its own
UPDATE campaign.message_templates SET body = 'Hello' WHERE id = :'copy';
SELECT id = :'copy' AS edited, body = 'Hello' AS hello FROM campaign.message_templates
WHERE id IN (:'copy', :'named', '00000000-0000-8000-8002-000000000005') ORDER BY edited;

--
-- The system's are changed by nobody
--
UPDATE campaign.message_templates SET body = 'x' WHERE seeded RETURNING id;
DELETE FROM campaign.message_templates WHERE seeded RETURNING id;
INSERT INTO campaign.message_templates (tenant_id, channel, name, body) VALUES ('00000000-0000-0000-0000-000000000000', 'sms', 'x', 'x');
SELECT campaign.copy_message_template('00000000-0000-8000-8002-000000000001', '00000000-0000-0000-0000-000000000000');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
UPDATE campaign.message_templates SET body = 'x' WHERE seeded;
\echo :LAST_ERROR_SQLSTATE

--
-- Viewers read; another tenant's do not exist
--
\set VERBOSITY sqlstate
SET ROLE regress_mt_vic;
SELECT count(*) > 0 AS reads FROM campaign.message_templates WHERE tenant_id = :'ann';
UPDATE campaign.message_templates SET name = 'x' WHERE tenant_id = :'ann' RETURNING name;
DELETE FROM campaign.message_templates WHERE tenant_id = :'ann' RETURNING name;
INSERT INTO campaign.message_templates (tenant_id, channel, name, body) VALUES (:'ann', 'sms', 'x', 'x');
SELECT campaign.copy_message_template('00000000-0000-8000-8002-000000000001', :'ann');
SET ROLE regress_mt_bob;
SELECT count(*) FROM campaign.message_templates WHERE tenant_id = :'ann';
UPDATE campaign.message_templates SET name = 'x' WHERE id = :'ours' RETURNING name;
INSERT INTO campaign.message_templates (tenant_id, channel, name, body) VALUES (:'ann', 'sms', 'x', 'x');
SELECT campaign.copy_message_template('00000000-0000-8000-8002-000000000001', :'ann');
SELECT campaign.copy_message_template(:'ours', :'bob');
SELECT campaign.copy_message_template(NULL, :'bob');
SELECT campaign.copy_message_template(:'ours', NULL);
SELECT campaign.copy_message_template('00000000-0000-8000-8002-00000000ffff', :'bob');
\set VERBOSITY default

--
-- A tenant goes with all that it has
--
RESET ROLE;
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug LIKE 'mt-%' ORDER BY slug;
SELECT count(*) FROM campaign.message_templates WHERE tenant_id IN (:'ann', :'bob');
SELECT campaign.revoke_access(r) FROM unnest(ARRAY['regress_mt_ann', 'regress_mt_vic', 'regress_mt_bob']) r;
DROP ROLE regress_mt_ann, regress_mt_vic, regress_mt_bob;
