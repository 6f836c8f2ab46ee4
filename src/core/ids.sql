CREATE FUNCTION campaign.uuid_v7() RETURNS uuid
  LANGUAGE C VOLATILE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_uuid_v7';
COMMENT ON FUNCTION campaign.uuid_v7() IS 'A new UUID of version 7 (RFC 9562): ordered by time, ascending within a session.';

CREATE FUNCTION campaign.uuids_v7(n integer) RETURNS uuid[]
  LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'campaign_uuids_v7';
COMMENT ON FUNCTION campaign.uuids_v7(integer) IS 'Internal: that many new ids as campaign.uuid_v7() makes them, in order.';

CREATE FUNCTION campaign.touch_updated_at() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_touch_updated_at';
COMMENT ON FUNCTION campaign.touch_updated_at() IS 'Trigger function, BEFORE UPDATE FOR EACH ROW: sets the column updated_at to the start of the transaction.';
