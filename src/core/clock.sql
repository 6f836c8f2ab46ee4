CREATE FUNCTION campaign.now() RETURNS timestamptz
  LANGUAGE C STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_now';
COMMENT ON FUNCTION campaign.now() IS 'The engine''s clock: the start of the statement plus the setting campaign.clock_offset. All business time is read from it; leases are not.';

CREATE FUNCTION campaign.is_timezone(name text) RETURNS boolean
  LANGUAGE C STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_is_timezone';
COMMENT ON FUNCTION campaign.is_timezone(text) IS 'Whether the server knows a time zone of this name (as in pg_timezone_names; the case of letters does not matter). Abbreviations and POSIX rules are not names.';
