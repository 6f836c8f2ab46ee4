-- contact_filter: which contacts are meant, as a document. Form is checked here; what it finds, by matching_contacts().

CREATE FUNCTION campaign.require_contact_filter(filter jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_require_contact_filter';
COMMENT ON FUNCTION campaign.require_contact_filter(jsonb) IS 'The check of the domain campaign.contact_filter: true, or error CP003 with the first fault in the message and all of them (the first 20) in the detail.';

CREATE DOMAIN campaign.contact_filter AS jsonb
  CONSTRAINT contact_filter_check CHECK (campaign.require_contact_filter(VALUE));
COMMENT ON DOMAIN campaign.contact_filter IS 'Which contacts are meant: a JSON object, as campaign.contact_filter_schema() describes it. NULL passes.';

CREATE FUNCTION campaign.contact_filter_errors(filter jsonb)
  RETURNS TABLE (path text, code text, message text, hint text)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_contact_filter_errors';
COMMENT ON FUNCTION campaign.contact_filter_errors(jsonb) IS 'Every fault of a filter (the first 1000), with its path, e.g. $.tags[2]; no row for a valid one. The message completes a sentence that begins with the path.';

CREATE FUNCTION campaign.contact_filter_schema() RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_contact_filter_schema';
COMMENT ON FUNCTION campaign.contact_filter_schema() IS 'The rules of campaign.contact_filter as JSON Schema 2020-12, for front ends. Generated from the tables that the domain is checked with.';

CREATE FUNCTION campaign.normalize_contact_filter(filter jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_normalize_contact_filter';
COMMENT ON FUNCTION campaign.normalize_contact_filter(jsonb) IS 'The filter with numbers in one spelling; the same again for its own result. Raises CP003 for an invalid filter.';

CREATE FUNCTION campaign.unwrap_contact_filter(filter jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_unwrap_contact_filter';
COMMENT ON FUNCTION campaign.unwrap_contact_filter(jsonb) IS 'Undoes double encoding: of a string that holds the JSON text of an object, however often encoded, that object; an object as it is. The result is not validated. Raises CP003 for anything else.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'DOMAIN campaign.contact_filter'),
  ('member', 'EXECUTE', 'FUNCTION campaign.require_contact_filter(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.contact_filter_errors(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.normalize_contact_filter(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.unwrap_contact_filter(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.contact_filter_schema()');
