-- Channels: five come with the extension, admins add their own.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
\set SHOW_CONTEXT never
CREATE ROLE regress_ch_ann;
CREATE ROLE regress_ch_eve;
CREATE ROLE regress_ch_dba;
SELECT campaign.create_tenant('Ann''s Plumbing', 'ch-ann', 'UTC', 'regress_ch_ann') AS ann \gset
SELECT campaign.grant_access('regress_ch_ann', 'member');
SELECT campaign.grant_access('regress_ch_eve', 'member');
SELECT campaign.grant_access('regress_ch_dba', 'admin');

SELECT channel, has_subject, body_limit, address_kind, consent, uncertain_policy, uncertain_wait
FROM campaign.channels WHERE seeded ORDER BY channel;

--
-- An admin adds a channel for all tenants
--
SET ROLE regress_ch_dba;
SELECT campaign.add_channel('x_whatsapp', 'WhatsApp', 'phone', body_limit => 4096, consent => 'opted_in');
SELECT campaign.add_channel('x_visit', 'Visit', 'phone', body_limit => NULL, uncertain_policy => 'wait', uncertain_wait => '2 days');
-- what is wrong with a channel is told
SELECT campaign.add_channel('whatsapp', 'WhatsApp', 'phone');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.add_channel(NULL, 'WhatsApp', 'phone');
SELECT campaign.add_channel('x_whatsapp', 'WhatsApp', 'phone');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.add_channel('x_fax', 'Fax', 'fax');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.add_channel('x_fax', ' ', 'phone');
SELECT campaign.add_channel('x_fax', NULL, 'phone');
SELECT campaign.add_channel('x_fax', 'Fax', 'phone', body_limit => 100001);
SELECT campaign.add_channel('x_fax', 'Fax', 'phone', has_subject => true, body_limit => NULL);
SELECT campaign.add_channel('x_fax', 'Fax', 'phone', consent => 'unknown');
SELECT campaign.add_channel('x_fax', 'Fax', 'phone', uncertain_policy => 'wait');
SELECT campaign.add_channel('x_fax', 'Fax', 'phone', uncertain_policy => 'retry', uncertain_wait => '1 day');

--
-- A channel that is not used can go again; one that is used stays
--
RESET ROLE;
INSERT INTO campaign.message_templates (tenant_id, channel, name, body) VALUES (:'ann', 'x_whatsapp', 'Hello', 'Hi {{contact.first_name|there}}');
SET ROLE regress_ch_dba;
SELECT campaign.remove_channel('x_visit');
SELECT campaign.remove_channel('x_visit');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.remove_channel(NULL);
SELECT campaign.remove_channel('x_whatsapp');
\echo :LAST_ERROR_SQLSTATE
-- those that come with the extension cannot
SELECT campaign.remove_channel('email');
\echo :LAST_ERROR_SQLSTATE

--
-- Members read, and write nothing; without a tenant there is nothing to read
--
SET ROLE regress_ch_ann;
SELECT channel FROM campaign.channels WHERE channel IN ('email', 'x_whatsapp') ORDER BY channel;
SELECT campaign.add_channel('x_fax', 'Fax', 'phone');
SELECT campaign.remove_channel('x_whatsapp');
INSERT INTO campaign.channels (channel, name, address_kind, body_limit) VALUES ('x_fax', 'Fax', 'phone', 10);
UPDATE campaign.channels SET body_limit = 10;
DELETE FROM campaign.channels;
SET ROLE regress_ch_eve;
SELECT count(*) FROM campaign.channels;

--
-- Nor does a superuser change what comes with the extension, by mistake
--
RESET ROLE;
UPDATE campaign.channels SET body_limit = 70 WHERE channel = 'sms';
\echo :LAST_ERROR_SQLSTATE
INSERT INTO campaign.channels (channel, name, address_kind, body_limit, seeded) VALUES ('fax', 'Fax', 'phone', 10, true);
INSERT INTO campaign.channels (channel, name, address_kind, body_limit) VALUES ('fax', 'Fax', 'phone', 10);
TRUNCATE campaign.channels CASCADE;

SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug LIKE 'ch-%' ORDER BY slug;
SELECT campaign.remove_channel('x_whatsapp');
SELECT campaign.revoke_access(r) FROM unnest(ARRAY['regress_ch_ann', 'regress_ch_eve', 'regress_ch_dba']) r;
DROP ROLE regress_ch_ann, regress_ch_eve, regress_ch_dba;
