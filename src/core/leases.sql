-- Leases of queues that are kept in SQL: a fence, an end and a token. The touch queue has its own token.

CREATE FUNCTION campaign.lease_fence() RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_lease_fence';
COMMENT ON FUNCTION campaign.lease_fence() IS
'Internal: the random number of a new lease, never 0.';

CREATE FUNCTION campaign.lease_end(lease interval) RETURNS timestamptz
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_lease_end';
COMMENT ON FUNCTION campaign.lease_end(interval) IS
'Internal: when a lease ends that begins now, by the wall clock; raises 22023 for less than a second and more than 24 hours.';

CREATE FUNCTION campaign.lease_token(tenant uuid, queue uuid, item uuid, fence bigint) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_lease_token';
COMMENT ON FUNCTION campaign.lease_token(uuid, uuid, uuid, bigint) IS
'Internal: the token of the lease of an item of a queue.';

CREATE FUNCTION campaign.decode_lease_token(token text, OUT tenant_id uuid, OUT queue_id uuid, OUT item_id uuid, OUT fence bigint)
RETURNS record
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_decode_lease_token';
COMMENT ON FUNCTION campaign.decode_lease_token(text) IS
'Internal: what such a token says; raises 22023 for what is no token.';
