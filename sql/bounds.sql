-- Whatever is indexed is bounded, so that no row is too long for its index.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE ROLE regress_bounds_ann;
\o /dev/null
SELECT campaign.grant_access('regress_bounds_ann', 'member');
SELECT campaign.create_tenant('Bounds', 'bounds', 'UTC', 'regress_bounds_ann') AS tenant \gset
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
\o
SET ROLE regress_bounds_ann;
-- as long as may be, of characters that no compression makes shorter
SELECT string_agg(chr(33 + get_byte(sha256(i::text::bytea), 0) % 90), '') AS noise FROM generate_series(1, 2100) i \gset
INSERT INTO campaign.companies (tenant_id, name, external_id) VALUES (:'tenant', 'Acme', left(:'noise', 255));
INSERT INTO campaign.contacts (tenant_id, linkedin_url, external_id) VALUES (:'tenant', left('https://x.example/' || :'noise', 2048), left(:'noise', 255)) RETURNING id AS contact \gset
INSERT INTO campaign.jobs (tenant_id, contact_id, external_id) VALUES (:'tenant', :'contact', left(:'noise', 255));
SELECT campaign.suppress_address(:'tenant', left('https://x.example/' || :'noise', 2048));
SELECT campaign.log_send(:'contact', 'linkedin_message', provider_id => left(:'noise', 1000)) IS NOT NULL AS logged;

-- and not longer
\set VERBOSITY terse
INSERT INTO campaign.companies (tenant_id, name, external_id) VALUES (:'tenant', 'Acme', left(:'noise', 256));
INSERT INTO campaign.contacts (tenant_id, email, external_id) VALUES (:'tenant', 'a@x.example', left(:'noise', 256));
INSERT INTO campaign.contacts (tenant_id, linkedin_url) VALUES (:'tenant', left('https://x.example/' || :'noise', 2049));
INSERT INTO campaign.jobs (tenant_id, contact_id, external_id) VALUES (:'tenant', :'contact', ' ');
\set VERBOSITY default
SELECT campaign.suppress_address(:'tenant', 'https://x.example/' || :'noise');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.log_send(:'contact', 'linkedin_message', provider_id => left(:'noise', 1001));
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.log_send(:'contact', 'linkedin_message', sent_at => 'infinity');
\echo :LAST_ERROR_SQLSTATE

RESET ROLE;
SELECT campaign.claim_due_touches(repeat('w', 200));
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.claim_due_touches(E'two\nlines');
SELECT campaign.claim_due_touches(E' \t');
SELECT count(*) FROM campaign.claim_due_touches(repeat('w', 199));

\o /dev/null
SELECT campaign.delete_tenant(:'tenant', 'bounds');
SELECT campaign.revoke_access('regress_bounds_ann');
DELETE FROM campaign.workers;
\o
DROP ROLE regress_bounds_ann;
