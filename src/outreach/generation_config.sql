-- generation_config: how the messages of a campaign are generated, as a document. What a run leaves behind is never kept in it.

CREATE FUNCTION campaign.require_generation_config(config jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_require_generation_config';
COMMENT ON FUNCTION campaign.require_generation_config(jsonb) IS 'The check of the domain campaign.generation_config: true, or error CP003 with the first fault in the message and all of them (the first 20) in the detail.';

CREATE DOMAIN campaign.generation_config AS jsonb
  CONSTRAINT generation_config_check CHECK (campaign.require_generation_config(VALUE));
COMMENT ON DOMAIN campaign.generation_config IS 'How the messages of a campaign are generated: a JSON object, as campaign.generation_config_schema() describes it; {} says nothing. What a run leaves behind is no part of it. NULL passes, so columns of the domain are NOT NULL.';

CREATE FUNCTION campaign.generation_config_errors(config jsonb)
  RETURNS TABLE (path text, code text, message text, hint text)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_generation_config_errors';
COMMENT ON FUNCTION campaign.generation_config_errors(jsonb) IS 'Every fault (the first 1000), with its path, e.g. $.tone; no row for a valid document. The message completes a sentence that begins with the path.';

CREATE FUNCTION campaign.normalize_generation_config(config jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_normalize_generation_config';
COMMENT ON FUNCTION campaign.normalize_generation_config(jsonb) IS 'The document with its defaults (tone, variant_count) filled in, numbers in one spelling, and without texts that are empty. The same again for its own result. Raises CP003 for an invalid document.';

CREATE FUNCTION campaign.generation_config_schema() RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_generation_config_schema';
COMMENT ON FUNCTION campaign.generation_config_schema() IS 'The rules of campaign.generation_config as JSON Schema 2020-12, for front ends, generated from the tables that the domain is checked with. Both accept the same documents.';

CREATE FUNCTION campaign.unwrap_generation_config(config jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_unwrap_generation_config';
COMMENT ON FUNCTION campaign.unwrap_generation_config(jsonb) IS 'Undoes double encoding: of a string that holds the JSON text of an object, however often encoded, that object; an object as it is. The result is not validated. Raises CP003 for anything else.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'DOMAIN campaign.generation_config'),
  ('member', 'EXECUTE', 'FUNCTION campaign.require_generation_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.generation_config_errors(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.normalize_generation_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.generation_config_schema()'),
  ('member', 'EXECUTE', 'FUNCTION campaign.unwrap_generation_config(jsonb)');
