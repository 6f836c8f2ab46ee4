\echo Use "CREATE EXTENSION campaign" to load this file. \quit

-- The server adds the schemas of required extensions, where somebody hostile may have left
-- operators that fit better than the catalog's. An upgrade script begins like this, too.
SET LOCAL search_path = pg_catalog, pg_temp;

CREATE SCHEMA campaign;
COMMENT ON SCHEMA campaign IS 'Campaign engine: tenants, campaigns, enrolments, the touch queue and the send log. Owned by the extension campaign.';
