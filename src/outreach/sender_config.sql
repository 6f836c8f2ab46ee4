-- sender_config: who sends the messages of a campaign and at what pace, as a document for its workers.

CREATE FUNCTION campaign.require_sender_config(config jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_require_sender_config';
COMMENT ON FUNCTION campaign.require_sender_config(jsonb) IS 'The check of the domain campaign.sender_config: true, or error CP003 with the first fault in the message and all of them (the first 20) in the detail.';

CREATE DOMAIN campaign.sender_config AS jsonb
  CONSTRAINT sender_config_check CHECK (campaign.require_sender_config(VALUE));
COMMENT ON DOMAIN campaign.sender_config IS 'Who sends the messages of a campaign and at what pace: a JSON object, as campaign.sender_config_schema() describes it; {} says nothing. It is for workers: the engine keeps to send_limits, which a launch tightens to the limits given here. NULL passes, so columns of the domain are NOT NULL.';

CREATE FUNCTION campaign.sender_config_errors(config jsonb)
  RETURNS TABLE (path text, code text, message text, hint text)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_sender_config_errors';
COMMENT ON FUNCTION campaign.sender_config_errors(jsonb) IS 'Every fault (the first 1000), with its path, e.g. $.active_hours.start; no row for a valid document. The message completes a sentence that begins with the path.';

CREATE FUNCTION campaign.normalize_sender_config(config jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_normalize_sender_config';
COMMENT ON FUNCTION campaign.normalize_sender_config(jsonb) IS 'The document with its keys in order and numbers in one spelling; there are no defaults. The same again for its own result. Raises CP003 for an invalid document.';

CREATE FUNCTION campaign.sender_config_schema() RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_sender_config_schema';
COMMENT ON FUNCTION campaign.sender_config_schema() IS 'The rules of campaign.sender_config as JSON Schema 2020-12, for front ends, generated from the tables that the domain is checked with. Both accept the same documents, but that JSON Schema cannot say that delay_range.min is not above delay_range.max.';

CREATE FUNCTION campaign.unwrap_sender_config(config jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_unwrap_sender_config';
COMMENT ON FUNCTION campaign.unwrap_sender_config(jsonb) IS 'Undoes double encoding: of a string that holds the JSON text of an object, however often encoded, that object; an object as it is. The result is not validated. Raises CP003 for anything else.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'DOMAIN campaign.sender_config'),
  ('member', 'EXECUTE', 'FUNCTION campaign.require_sender_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.sender_config_errors(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.normalize_sender_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.sender_config_schema()'),
  ('member', 'EXECUTE', 'FUNCTION campaign.unwrap_sender_config(jsonb)');
