CREATE FUNCTION campaign.require_read_committed(function_name text) RETURNS void
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_require_read_committed';
COMMENT ON FUNCTION campaign.require_read_committed(text) IS
'Internal: raises 25000 above READ COMMITTED, for functions that lock and then look.';

CREATE FUNCTION campaign.force_sync_commit() RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_force_sync_commit';
COMMENT ON FUNCTION campaign.force_sync_commit() IS
'Internal: this transaction''s commit waits for the disk, whatever synchronous_commit says.';
