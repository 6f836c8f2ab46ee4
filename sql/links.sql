-- Links in messages: a signed token says which touch a link stood in, and a click stops what it is to stop.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_links_ann;
CREATE ROLE regress_links_edd;
CREATE ROLE regress_links_eve;
CREATE ROLE regress_links_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
-- a token with one of its 54 bytes changed
CREATE FUNCTION pg_temp.forge(token text, at integer) RETURNS text LANGUAGE sql AS $$
	SELECT translate(encode(set_byte(b, at, get_byte(b, at) # 1), 'base64'), E'+/\n', '-_')
	  FROM decode(translate(token, '-_', '+/'), 'base64') b $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_links_ann,regress_links_edd,regress_links_eve}'::name[]) r;
SELECT campaign.grant_access('regress_links_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'links-acme', 'UTC', 'regress_links_ann') AS acme \gset
SELECT campaign.add_member(:'acme', 'regress_links_edd', 'editor');
SELECT campaign.create_tenant('Eve', 'links-eve', 'UTC', 'regress_links_eve') AS eve \gset
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_links_ann;
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00', review_url = 'https://reviews.example/acme' WHERE id = :'acme';
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Bob', 'Bob@x.example') RETURNING id AS bob \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'Cy', 'cy@x.example') RETURNING id AS cy \gset
SELECT campaign.create_campaign(:'acme', 'Mail', '[
	{"channel": "email", "subject": "One", "body_text": "x"},
	{"channel": "email", "subject": "Two", "body_text": "x", "delay_hours": 24}]', 'contacts') AS mail \gset
\o /dev/null
SELECT campaign.launch_campaign(:'mail');
SELECT enrollment_id AS bobs FROM campaign.enroll(:'mail', :'bob', anchor_at => '2030-01-10 11:00') \gset
SELECT enrollment_id AS cys FROM campaign.enroll(:'mail', :'cy', anchor_at => '2030-01-10 11:00') \gset
SET ROLE regress_links_worker;
SELECT campaign.complete_touch(lease_token) FROM campaign.claim_due_touches('worker 1');
\o

--
-- A token is opaque text, the same each time, and says what it was made of
--
SET ROLE regress_links_edd;
SELECT campaign.link_token(:'bobs', 1, 'review') AS review, campaign.link_token(:'bobs', 1, 'unsubscribe') AS unsubscribe \gset
SELECT :'review' ~ '^[A-Za-z0-9_-]{72}$' AS opaque, :'review' = campaign.link_token(:'bobs', 1, 'review') AS same, :'review' = :'unsubscribe' AS alike;
SET ROLE regress_links_worker;
SELECT tenant_id = :'acme' AS tenant, enrollment_id = :'bobs' AS enrollment, contact_id = :'bob' AS contact, touch_number, kind FROM campaign.verify_link(:'review');
SELECT touch_number, kind FROM campaign.verify_link(:'unsubscribe');

--
-- Forged, cut, unknown, no token at all: one answer
--
SELECT campaign.verify_link(pg_temp.forge(:'review', 53));
\set VERBOSITY sqlstate
SELECT campaign.verify_link(pg_temp.forge(:'review', 0));
SELECT campaign.verify_link(pg_temp.forge(:'review', 2));
SELECT campaign.verify_link(pg_temp.forge(:'review', 3));
SELECT campaign.verify_link(pg_temp.forge(:'review', 10));
SELECT campaign.verify_link(pg_temp.forge(:'review', 30));
SELECT campaign.verify_link(pg_temp.forge(:'review', 37));
SELECT campaign.verify_link(pg_temp.forge(:'review', 38));
SELECT campaign.verify_link(left(:'review', 71));
SELECT campaign.verify_link('');
SELECT campaign.verify_link(NULL);
SELECT campaign.record_link(pg_temp.forge(:'review', 53));
SELECT campaign.record_link(NULL);
SET ROLE regress_links_edd;
SELECT campaign.link_token(:'bobs', 1, 'feedback');
SELECT campaign.link_token(:'bobs', 1, NULL);
SELECT campaign.link_token(:'bobs', 0, 'review');
SELECT campaign.link_token(:'bobs', 51, 'review');
SELECT campaign.link_token(NULL, 1, 'review');
-- and for whoever is not asked
SELECT campaign.verify_link(:'review');
SELECT campaign.record_link(:'review');
SET ROLE regress_links_eve;
SELECT campaign.link_token(:'bobs', 1, 'review');
SET ROLE regress_links_worker;
SELECT campaign.link_token(:'bobs', 1, 'review');
\set VERBOSITY default
-- whichever of its bits is changed
RESET ROLE;
CREATE FUNCTION pg_temp.is_valid(token text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM campaign.verify_link(token); RETURN true; EXCEPTION WHEN no_data_found THEN RETURN false; END $$;
SELECT count(*) AS forged, count(*) FILTER (WHERE pg_temp.is_valid(f.token)) AS valid
  FROM generate_series(0, 53 * 8 + 7) bit,
       LATERAL (SELECT translate(encode(set_bit(b, bit, 1 - get_bit(b, bit)), 'base64'), E'+/\n', '-_') AS token
                  FROM decode(translate(:'review', '-_', '+/'), 'base64') b) f;

--
-- A click on the review link sends the visitor on, and the sequence stops
--
SET ROLE regress_links_worker;
SELECT * FROM campaign.record_link(:'review', event_id => 'click 1', data => '{"agent": "Mozilla"}');
-- the same click told twice, and a second click
SELECT * FROM campaign.record_link(:'review', event_id => 'click 1');
SELECT * FROM campaign.record_link(:'review', '2030-01-10 12:10');
SELECT * FROM campaign.record_link(:'review', '2030-01-10 12:10');
SET ROLE regress_links_edd;
SELECT status, stop_reason FROM campaign.campaign_enrollments WHERE id = :'bobs';
SELECT kind, link, is_machine, touch_number, channel, address, event_id, data FROM campaign.touch_events WHERE enrollment_id = :'bobs' AND event_id = 'click 1';
SELECT count(*) FROM campaign.touch_events WHERE enrollment_id = :'bobs';

--
-- A program that looks at the links of a message stops nothing
--
SELECT campaign.link_token(:'cys', 1, 'review') AS review, campaign.link_token(:'cys', 1, 'unsubscribe') AS unsubscribe \gset
SET ROLE regress_links_worker;
SELECT * FROM campaign.record_link(:'review', data => '{"machine": true}');
SELECT * FROM campaign.record_link(:'unsubscribe', data => '{"machine": true}');
SET ROLE regress_links_edd;
SELECT status FROM campaign.campaign_enrollments WHERE id = :'cys';

--
-- Unsubscribed: suppressed, opted out and stopped, at once and once
--
SET ROLE regress_links_worker;
SELECT * FROM campaign.record_link(:'unsubscribe');
SELECT * FROM campaign.record_link(:'unsubscribe');
SET ROLE regress_links_edd;
SELECT status, stop_reason FROM campaign.campaign_enrollments WHERE id = :'cys';
SELECT address, reason, date_trunc('minute', at) AS at FROM campaign.suppressions WHERE tenant_id = :'acme';
SELECT channel, state, source, method FROM campaign.consents WHERE contact_id = :'cy';

--
-- Keys: a new one signs, the old one is valid until it is dropped
--
\set VERBOSITY sqlstate
SELECT campaign.rotate_tenant_key(:'acme');
\set VERBOSITY default
SET ROLE regress_links_ann;
SELECT campaign.rotate_tenant_key(:'acme');
SELECT key_id, retired_at IS NOT NULL AS retired FROM campaign.list_tenant_keys(:'acme');
SELECT campaign.link_token(:'cys', 1, 'review') AS newer \gset
SET ROLE regress_links_worker;
SELECT :'newer' = :'review' AS same, (campaign.verify_link(:'review')).kind AS old, (campaign.verify_link(:'newer')).kind AS new;
SET ROLE regress_links_ann;
SELECT campaign.drop_tenant_key(:'acme', 2);
SELECT campaign.drop_tenant_key(:'acme', 1);
SELECT campaign.drop_tenant_key(:'acme', 1);
SET ROLE regress_links_worker;
SELECT kind FROM campaign.verify_link(:'newer');
\set VERBOSITY sqlstate
SELECT campaign.verify_link(:'review');
-- who owns the tenant, and nobody else
SET ROLE regress_links_edd;
SELECT campaign.list_tenant_keys(:'acme');
SELECT campaign.drop_tenant_key(:'acme', 2);
SELECT secret FROM campaign.tenant_keys;
SET ROLE regress_links_eve;
SELECT campaign.rotate_tenant_key(:'acme');
SELECT campaign.list_tenant_keys(:'acme');
SELECT campaign.drop_tenant_key(:'acme', 1);
SET ROLE regress_links_ann;
SELECT campaign.drop_tenant_key(:'acme', NULL);
SELECT campaign.rotate_tenant_key(NULL);
SELECT secret FROM campaign.tenant_keys;
\set VERBOSITY default

--
-- HMAC-SHA256, as in RFC 4231 (cases 1, 2, 4 and 6)
--
RESET ROLE;
SELECT n, encode(campaign.hmac_sha256(secret, message), 'hex') = mac AS right FROM (VALUES
	(1, decode(repeat('0b', 20), 'hex'), 'Hi There'::bytea, 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'),
	(2, 'Jefe', 'what do ya want for nothing?', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'),
	(4, '\x0102030405060708090a0b0c0d0e0f10111213141516171819', decode(repeat('cd', 50), 'hex'), '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b'),
	(6, decode(repeat('aa', 131), 'hex'), 'Test Using Larger Than Block-Size Key - Hash Key First', '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54')
	) AS t(n, secret, message, mac) ORDER BY n;

--
-- The hash of an address: of its normal form, another in each tenant, and unmoved by new keys
--
SELECT campaign.address_hash(:'acme', ' Bob@X.Example') AS hash \gset
SELECT :'hash' ~ '^hmac-sha256:[0-9a-f]{64}$' AS form, campaign.normalize_address(:'hash') = :'hash' AS normal,
	campaign.address_hash(:'acme', 'bob@x.example') = :'hash' AS same, campaign.address_hash(:'eve', 'bob@x.example') = :'hash' AS elsewhere,
	campaign.address_hash(:'acme', NULL) AS of_null, campaign.address_hash('00000000-0000-0000-0000-000000000000', 'bob@x.example') AS without_key;
-- a tenant from a dump without keys gets them when they are needed
DELETE FROM campaign.tenant_keys WHERE tenant_id = :'eve';
SET ROLE regress_links_eve;
INSERT INTO campaign.contacts (tenant_id, email) VALUES (:'eve', 'dan@x.example') RETURNING id AS dan \gset
SELECT campaign.create_campaign(:'eve', 'Mail', '[{"channel": "email", "subject": "One", "body_text": "x"}]', 'contacts') AS eves \gset
\o /dev/null
SELECT campaign.launch_campaign(:'eves');
SELECT enrollment_id AS dans FROM campaign.enroll(:'eves', :'dan') \gset
\o
SELECT campaign.link_token(:'dans', 1, 'review') AS token \gset
SELECT key_id FROM campaign.list_tenant_keys(:'eve');
SET ROLE regress_links_worker;
-- without a review_url there is nowhere to send the visitor to
SELECT * FROM campaign.record_link(:'token');

RESET ROLE;
\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'links-acme'), campaign.delete_tenant(:'eve', 'links-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_links_ann,regress_links_edd,regress_links_eve,regress_links_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
SELECT count(*) FROM campaign.tenant_keys;
DROP ROLE regress_links_ann, regress_links_edd, regress_links_eve, regress_links_worker;
