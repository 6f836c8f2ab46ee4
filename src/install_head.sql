\echo Use "CREATE EXTENSION campaign" to load this file. \quit

CREATE SCHEMA campaign;
COMMENT ON SCHEMA campaign IS 'Campaign engine: tenants, campaigns, enrolments, the touch queue and the send log. Owned by the extension campaign.';
