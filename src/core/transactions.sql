CREATE FUNCTION campaign.require_read_committed(function_name text) RETURNS void
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_require_read_committed';
COMMENT ON FUNCTION campaign.require_read_committed(text) IS
'Internal: raises 25000 above READ COMMITTED, for functions that lock and then look.';
