-- A session remembers where rows were, and which tenants have nobody suppressed and nobody opted out. What it remembers
-- is a hint: rows that were moved meanwhile are found, and what others have changed counts.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE ROLE regress_remembered_ann;
CREATE ROLE regress_remembered_worker;
SELECT campaign.grant_access('regress_remembered_ann', 'member');
SELECT campaign.grant_access('regress_remembered_worker', 'worker');
SELECT campaign.create_tenant('Remembered', 'remembered', 'UTC', 'regress_remembered_ann') AS tenant \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00', min_gap = '0' WHERE id = :'tenant';
SET ROLE regress_remembered_ann;
SELECT campaign.set_send_limit(:'tenant', 'email', NULL, contact_interval => '0');
SELECT campaign.create_campaign(:'tenant', 'Many', (SELECT jsonb_agg('{"channel": "email", "subject": "Dear {{contact.last_name|you}}", "body_text": "Hello", "delay_hours": 0}'::jsonb) FROM generate_series(1, 6)), 'contacts') AS many \gset
SELECT campaign.launch_campaign(:'many');
-- some pages of contacts before ours, and some behind
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'tenant', 'filler', n || '@filler.example' FROM generate_series(1, 1000) n;
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'tenant', n, n || '@example.com' FROM unnest('{ann,bob,cid}'::text[]) n;
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'tenant', 'filler', n || '@filler.example' FROM generate_series(1001, 1010) n;
SELECT outcome FROM campaign.contacts c, campaign.enroll(:'many', c.id) WHERE c.tenant_id = :'tenant' AND c.first_name <> 'filler' ORDER BY c.first_name;
RESET ROLE;
CREATE TEMP TABLE claimed (address text, token text);
GRANT ALL ON claimed TO regress_remembered_worker;
CREATE VIEW pg_temp.logged AS
SELECT l.touch_number, c.first_name, l.status, l.reason, l.address, l.subject FROM campaign.send_logs l JOIN campaign.contacts c ON c.tenant_id = l.tenant_id AND c.id = l.contact_id
 WHERE l.tenant_id = (SELECT id FROM campaign.tenants WHERE slug = 'remembered') ORDER BY l.touch_number, c.first_name;

-- a row between claim and report: another version, and others where it was
SET ROLE regress_remembered_worker;
INSERT INTO claimed SELECT address, lease_token FROM campaign.claim_due_touches('worker', 10);
RESET ROLE;
UPDATE campaign.contacts SET last_name = 'Married' WHERE tenant_id = :'tenant' AND first_name = 'ann';
DELETE FROM campaign.contacts WHERE tenant_id = :'tenant' AND email IN ('1@filler.example', '2@filler.example');
VACUUM FULL campaign.contacts;
SET ROLE regress_remembered_worker;
SELECT r.result FROM campaign.report_touches(ARRAY(SELECT ROW(token, 'sent', address, NULL, NULL, NULL, NULL, NULL)::campaign.touch_result FROM claimed)) r;
RESET ROLE;
SELECT * FROM pg_temp.logged WHERE touch_number = 1;

-- no page where it was
TRUNCATE claimed;
SET ROLE regress_remembered_worker;
INSERT INTO claimed SELECT address, lease_token FROM campaign.claim_due_touches('worker', 10);
RESET ROLE;
DELETE FROM campaign.contacts WHERE tenant_id = :'tenant' AND first_name = 'filler';
VACUUM FULL campaign.contacts;
SET ROLE regress_remembered_worker;
SELECT r.result FROM campaign.report_touches(ARRAY(SELECT ROW(token, 'sent', address, NULL, NULL, NULL, NULL, NULL)::campaign.touch_result FROM claimed)) r;
RESET ROLE;
SELECT * FROM pg_temp.logged WHERE touch_number = 2;

-- the first who opts out, and the first who is suppressed
SET ROLE regress_remembered_ann;
SELECT campaign.set_consent(id, 'email', 'opted_out') FROM campaign.contacts WHERE tenant_id = :'tenant' AND first_name = 'bob';
SET ROLE regress_remembered_worker;
SELECT address, campaign.release_touch(lease_token) FROM campaign.claim_due_touches('worker', 3) ORDER BY address;
SET ROLE regress_remembered_ann;
SELECT campaign.suppress_address(:'tenant', 'cid@example.com');
SET ROLE regress_remembered_worker;
SELECT address FROM campaign.claim_due_touches('worker', 3) ORDER BY address;
RESET ROLE;
SELECT * FROM pg_temp.logged WHERE touch_number = 3;
DROP TABLE claimed;
SELECT campaign.delete_tenant(:'tenant', 'remembered') \g /dev/null
SELECT campaign.revoke_access(r) FROM unnest('{regress_remembered_ann,regress_remembered_worker}'::name[]) r \g /dev/null
DROP ROLE regress_remembered_ann, regress_remembered_worker;
