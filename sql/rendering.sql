-- Rendering: what a claim makes of a step's text, and whose text that is.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_rend_ann;
CREATE ROLE regress_rend_worker;
-- claims what is due and puts it back; one row per touch
CREATE FUNCTION pg_temp.messages(OUT touch_number smallint, OUT channel text, OUT subject text, OUT body text, OUT body_html text)
	RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	RETURN QUERY SELECT c.touch_number, c.channel, c.subject, c.body, c.body_html FROM campaign.claim_due_touches('worker 1') c;
	UPDATE campaign.touch_queue SET lease_until = '-infinity', claimed_at = '-infinity', fence = 0, worker_id = 0, attempt = 0, flags = 0;
END $$;
\o /dev/null
SELECT campaign.grant_access('regress_rend_ann', 'member'), campaign.grant_access('regress_rend_worker', 'worker');
SELECT campaign.create_tenant('Acme & Sons <Plumbing>', 'rend-acme', 'UTC', 'regress_rend_ann') AS acme \gset
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
\o
SET ROLE regress_rend_ann;
\pset format unaligned
\pset tuples_only on

--
-- Every placeholder
--
SELECT campaign.create_campaign(:'acme', 'All', jsonb_build_array(jsonb_build_object('channel', 'email',
	'subject', '{{contact.first_name}}, your {{job.service_type}}',
	'body_text', $$name        {{contact.name}}
first_name  {{contact.first_name}}
last_name   {{contact.last_name}}
attribute   {{contact.attributes.plan}}
number      {{contact.attributes.visits}}
boolean     {{contact.attributes.vip}}
null        {{contact.attributes.nothing|default}}
missing     {{contact.attributes.missing|default}}
object      {{contact.attributes.house|default}}
empty       {{contact.attributes.empty|default}}
no default  [{{contact.attributes.missing}}]
tenant      {{tenant.name}}
sender      {{tenant.sender_name}}
service     {{job.service_type}}
spaces      {{ contact.first_name | there }}$$))) AS c \gset
\o /dev/null
SELECT campaign.launch_campaign(:'c');
INSERT INTO campaign.contacts (tenant_id, first_name, last_name, email, attributes)
VALUES (:'acme', 'Bob', 'O''Neill', 'bob@x.example', '{"plan": "gold", "visits": 3.50, "vip": true, "nothing": null, "house": {"rooms": 5}, "empty": ""}') RETURNING id AS bob \gset
SELECT campaign.create_job(:'bob', 'hvac', 'completed', '2020-01-08 10:00');
\o
SELECT subject FROM pg_temp.messages();
SELECT body FROM pg_temp.messages();
SELECT coalesce(body_html, 'no HTML') FROM pg_temp.messages();
-- the sender's own name, once there is one
UPDATE campaign.tenants SET sender_name = 'Ann of Acme' WHERE id = :'acme';
SELECT (regexp_match(body, 'sender.*?\n'))[1] FROM pg_temp.messages();
-- a contact without names: defaults, or nothing
UPDATE campaign.contacts SET first_name = NULL, last_name = '' WHERE id = :'bob';
SELECT subject FROM pg_temp.messages();
SELECT substr(body, 1, 60) FROM pg_temp.messages();
SELECT campaign.stop_contact(:'bob');

--
-- Links: the tenant's base, what for, and an opaque text about whom
--
SELECT campaign.pause_campaign(:'c'), campaign.transition_campaign(:'c', 'archived');
UPDATE campaign.tenants SET link_base_url = 'https://go.acme.example/r/', review_url = 'https://reviews.example/acme' WHERE id = :'acme';
SELECT campaign.create_campaign(:'acme', 'Links', '[{"channel": "email", "subject": "Links", "body_text": "{{link.review}} {{link.unsubscribe}}", "body_html": "<a href=\"{{link.review}}\">Review</a>"}]', 'contacts') AS c \gset
SELECT campaign.launch_campaign(:'c');
SELECT (campaign.enroll(:'c', :'bob', anchor_at => '2020-01-01')).outcome;
SELECT regexp_replace(body, '[A-Za-z0-9_-]{72}', '<72 characters>', 'g') FROM pg_temp.messages();
SELECT regexp_replace(body_html, '[A-Za-z0-9_-]{72}', '<72 characters>', 'g') FROM pg_temp.messages();
-- every attempt of a touch has the same links
SELECT (SELECT body FROM pg_temp.messages()) = (SELECT body FROM pg_temp.messages());
-- without a base the review link leads to the page itself
SELECT campaign.pause_campaign(:'c');
UPDATE campaign.tenants SET link_base_url = NULL WHERE id = :'acme';
SELECT campaign.revise_campaign(:'c', '[{"channel": "email", "subject": "Links", "body_text": "{{link.review}}"}]');
SELECT campaign.resume_campaign(:'c', spread => '0');
SELECT campaign.stop_contact(:'bob'), (campaign.enroll(:'c', :'bob', anchor_at => '2020-01-01')).outcome;
SELECT body FROM pg_temp.messages();

--
-- Values are text: escaped in HTML, never a placeholder again, and no line break in a subject
--
SELECT campaign.create_campaign(:'acme', 'Hostile', '[{"channel": "email", "subject": "For {{contact.first_name}}", "body_text": "Hi {{contact.first_name}}",
	"body_html": "<p title=\"{{contact.first_name}}\">{{contact.first_name}} {{contact.attributes.x|a <b> & ''c''}} {{tenant.name}}</p>"}]', 'contacts') AS c \gset
SELECT campaign.launch_campaign(:'c');
UPDATE campaign.contacts SET first_name = '<script>alert("x")</script> & ''{{tenant.name}}''' WHERE id = :'bob';
SELECT campaign.stop_contact(:'bob'), (campaign.enroll(:'c', :'bob', anchor_at => '2020-01-01')).outcome;
SELECT subject FROM pg_temp.messages();
SELECT body FROM pg_temp.messages();
SELECT body_html FROM pg_temp.messages();
UPDATE campaign.contacts SET first_name = E'Bob\r\nBcc: everybody@x.example\tand\x7Fmore' WHERE id = :'bob';
SELECT subject FROM pg_temp.messages();
UPDATE campaign.contacts SET first_name = 'Zoë 東京 🎉' WHERE id = :'bob';
SELECT subject FROM pg_temp.messages();

--
-- What is no placeholder is an error when it is saved, not when it is sent
--
\set VERBOSITY terse
SELECT campaign.create_campaign(:'acme', 'Bad', '[{"channel": "email", "subject": "x", "body_text": "{{contact.frist_name}}"}]');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.create_campaign(:'acme', 'Bad', '[{"channel": "email", "subject": "{{contact.name", "body_text": "x"}]');
SELECT campaign.create_campaign(:'acme', 'Bad', '[{"channel": "email", "subject": "x", "body_text": "x", "body_html": "{{contact.email}}"}]');
SELECT campaign.revise_campaign(:'c', '[{"channel": "email", "subject": "x", "body_text": "{{}}"}]');
INSERT INTO campaign.message_templates (tenant_id, channel, name, subject, body) VALUES (:'acme', 'email', 'Bad', 'x', '{{tenant.password}}');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default

--
-- Whose text: the step's, its template's, the tenant's default for the service, for any, the system's for the service, for others
--
SELECT campaign.stop_contact(:'bob');
\o /dev/null
UPDATE campaign.contacts SET first_name = 'Bob' WHERE id = :'bob';
UPDATE campaign.tenants SET link_base_url = 'https://go.acme.example' WHERE id = :'acme';
INSERT INTO campaign.service_types (tenant_id, service_type, name) VALUES (:'acme', 'pools', 'Pools');
INSERT INTO campaign.message_templates (tenant_id, channel, name, subject, body) VALUES (:'acme', 'email', 'Named', 'Named', 'x') RETURNING id AS named \gset
SELECT campaign.create_campaign(:'acme', 'Own', '[{"channel": "email", "subject": "Own", "body_text": "x"}]', 'contacts') AS own \gset
SELECT campaign.create_campaign(:'acme', 'Named', jsonb_build_array(jsonb_build_object('channel', 'email', 'template_id', :'named')), 'contacts') AS by_name \gset
SELECT campaign.create_campaign(:'acme', 'Default', '[{"channel": "email"}]', 'contacts') AS by_default \gset
SELECT campaign.create_campaign(:'acme', 'Subject', '[{"channel": "email", "subject": "Own subject"}]', 'contacts') AS own_subject \gset
SELECT campaign.launch_campaign(c) FROM unnest(ARRAY[:'own', :'by_name', :'by_default', :'own_subject']::uuid[]) c;
CREATE FUNCTION pg_temp.subject(campaign uuid, contact uuid, service text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	job uuid := campaign.create_job(contact, service);
	result text;
BEGIN
	UPDATE campaign.jobs SET status = 'completed', completed_at = '2020-01-01', campaign_override = $1 WHERE id = job;
	SELECT concat_ws(' / ', m.subject, split_part(m.body, chr(10), 1)) INTO result FROM pg_temp.messages() m;
	PERFORM campaign.stop_contact(contact);
	RETURN result;
END $$;
\o
SELECT pg_temp.subject(:'own', :'bob', 'hvac');
SELECT pg_temp.subject(:'by_name', :'bob', 'hvac');
SELECT pg_temp.subject(:'by_default', :'bob', 'hvac');
-- a service that the system has no text for, and none at all
SELECT pg_temp.subject(:'by_default', :'bob', 'pools');
SELECT pg_temp.subject(:'by_default', :'bob', NULL);
INSERT INTO campaign.message_templates (tenant_id, channel, name, subject, body, is_default) VALUES (:'acme', 'email', 'Any', 'Any service', 'x', true);
SELECT pg_temp.subject(:'by_default', :'bob', 'hvac');
INSERT INTO campaign.message_templates (tenant_id, channel, service_type, name, subject, body, is_default) VALUES (:'acme', 'email', 'hvac', 'Heating', 'Heating', 'x', true) RETURNING id AS heating \gset
SELECT pg_temp.subject(:'by_default', :'bob', 'hvac');
SELECT pg_temp.subject(:'by_default', :'bob', 'pools');
-- a step may have a subject of its own and take the text
SELECT pg_temp.subject(:'own_subject', :'bob', 'hvac');
-- the archive hides a template from choice; plans that name it keep sending it
UPDATE campaign.message_templates SET archived_at = now() WHERE id IN (:'heating', :'named');
SELECT pg_temp.subject(:'by_default', :'bob', 'hvac');
SELECT pg_temp.subject(:'by_name', :'bob', 'hvac');
-- a template of the system is copied when a plan names it, so that the tenant may edit it
SELECT campaign.create_campaign(:'acme', 'System', '[{"channel": "email", "template_id": "00000000-0000-8000-8001-000000000002"}]', 'contacts') AS by_system \gset
SELECT campaign.launch_campaign(:'by_system');
SELECT pg_temp.subject(:'by_system', :'bob', 'hvac');
UPDATE campaign.message_templates SET subject = 'Edited for {{contact.first_name}}' WHERE copied_from = '00000000-0000-8000-8001-000000000002';
SELECT pg_temp.subject(:'by_system', :'bob', 'hvac');

--
-- The log keeps the subject that was sent and the template that it came from
--
\o /dev/null
SELECT campaign.create_job(:'bob', 'hvac', campaign_override => :'by_system') AS job \gset
UPDATE campaign.jobs SET status = 'completed', completed_at = '2020-01-01' WHERE id = :'job';
SET ROLE regress_rend_worker;
SELECT (campaign.complete_touch(lease_token)).result FROM campaign.claim_due_touches('worker 1');
SET ROLE regress_rend_ann;
\o
SELECT l.subject, m.name FROM campaign.send_logs l JOIN campaign.message_templates m ON m.tenant_id = l.tenant_id AND m.id = l.template_id;

--
-- Channels without a subject have none
--
SELECT campaign.create_campaign(:'acme', 'Call', '[{"channel": "call", "body_text": "Ring {{contact.first_name|the customer}}"}]', 'contacts') AS c \gset
SELECT campaign.launch_campaign(:'c');
UPDATE campaign.contacts SET phone = '+12125550100' WHERE id = :'bob';
SELECT pg_temp.subject(:'c', :'bob', 'hvac');
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'rend-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_rend_ann,regress_rend_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP OWNED BY regress_rend_ann;
DROP ROLE regress_rend_ann, regress_rend_worker;
