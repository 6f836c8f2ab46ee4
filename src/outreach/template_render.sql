-- Placeholders in the subject and body of a message.

CREATE FUNCTION campaign.check_message_text(message text) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_check_message_text';
COMMENT ON FUNCTION campaign.check_message_text(text) IS
'True if every placeholder of the text is known and well formed; raises CP003 with the first that is not. The rule of the domain message_text.';

CREATE DOMAIN campaign.message_text AS text
  CONSTRAINT message_text_check CHECK (campaign.check_message_text(VALUE));
COMMENT ON DOMAIN campaign.message_text IS
'Text with placeholders: {{contact.name}}, {{contact.first_name}}, {{contact.last_name}}, {{contact.attributes.<key>}}, {{tenant.name}}, {{tenant.sender_name}}, {{job.service_type}}, {{link.review}}, {{link.unsubscribe}}, each with an optional default as in {{contact.first_name|there}}. Two opening braces always begin a placeholder.';

CREATE FUNCTION campaign.render_message(template text, html boolean, vars jsonb) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_render_message';
COMMENT ON FUNCTION campaign.render_message(text, boolean, jsonb) IS
'Preview of a body, rendered as the engine does it, with values such as {"contact": {"first_name": "Ann", "attributes": {"plan": "gold"}}, "tenant": {"name": "Acme"}}. With html, values and defaults are escaped.';

CREATE FUNCTION campaign.render_subject(template text, vars jsonb) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_render_subject';
COMMENT ON FUNCTION campaign.render_subject(text, jsonb) IS
'Preview of a subject, with the values of render_message(): control characters in values become spaces, so that the result is one line.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'DOMAIN campaign.message_text'),
  ('member', 'EXECUTE', 'FUNCTION campaign.check_message_text(text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.render_message(text, boolean, jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.render_subject(text, jsonb)');
