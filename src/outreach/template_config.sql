-- template_config: the steps of a campaign as a document. Form is checked here; what lives in rows by check_template_config().

CREATE FUNCTION campaign.require_template_config(config jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_require_template_config';
COMMENT ON FUNCTION campaign.require_template_config(jsonb) IS 'The check of the domain campaign.template_config: true, or error CP003 with the first fault in the message and all of them (the first 20) in the detail.';

CREATE DOMAIN campaign.template_config AS jsonb
  CONSTRAINT template_config_check CHECK (campaign.require_template_config(VALUE));
COMMENT ON DOMAIN campaign.template_config IS 'The steps of a campaign: a JSON array of 1 to 50 objects, as campaign.template_config_schema() describes them. NULL passes, so columns of the domain are NOT NULL.';

CREATE FUNCTION campaign.template_config_errors(config jsonb)
  RETURNS TABLE (path text, code text, message text, hint text)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_template_config_errors';
COMMENT ON FUNCTION campaign.template_config_errors(jsonb) IS 'Every fault of form (the first 1000), with its path, e.g. $[2].delay_hours; no row for a valid document. The message completes a sentence that begins with the path.';

CREATE FUNCTION campaign.normalize_template_config(config jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_normalize_template_config';
COMMENT ON FUNCTION campaign.normalize_template_config(jsonb) IS 'The document with step numbers, labels and defaults filled in, call_script as call, UUIDs in lower case, numbers in one spelling (hours to six decimals), and without subjects and bodies that are empty. The same again for its own result. Raises CP003 for an invalid document.';

CREATE FUNCTION campaign.template_config_schema() RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_template_config_schema';
COMMENT ON FUNCTION campaign.template_config_schema() IS 'The rules of campaign.template_config as JSON Schema 2020-12, for front ends. Generated from the tables that the domain is checked with; both accept the same documents.';

CREATE FUNCTION campaign.unwrap_template_config(config jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_unwrap_template_config';
COMMENT ON FUNCTION campaign.unwrap_template_config(jsonb) IS 'Undoes double encoding: of a string that holds the JSON text of an array, however often encoded, that array; an array as it is, its elements that are such strings as the objects that they hold. The result is not validated. Raises CP003 for anything else.';

CREATE FUNCTION campaign.check_template_config(tenant uuid, config jsonb)
  RETURNS TABLE (path text, code text, message text, hint text)
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  step record;
  channel campaign.channels;
  template_channel text;
  body_key text;
BEGIN
  RETURN QUERY SELECT * FROM campaign.template_config_errors(config);
  IF jsonb_typeof(config) <> 'array' THEN
    RETURN;
  END IF;

  -- Values of a wrong type have their fault already and are read as absent.
  FOR step IN
    SELECT format('$[%s]', s.position - 1) AS path,
      CASE s.value ->> 'channel' WHEN 'call_script' THEN 'call' ELSE s.value ->> 'channel' END AS channel,
      CASE WHEN s.value ->> 'template_id' ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'
        THEN (s.value ->> 'template_id')::uuid END AS template_id,
      s.value
    FROM jsonb_array_elements(config) WITH ORDINALITY AS s(value, position)
    WHERE jsonb_typeof(s.value -> 'channel') = 'string'
      AND s.value ->> 'channel' ~ '^[a-z][a-z0-9_]{0,62}$'
    ORDER BY s.position
    LIMIT 50
  LOOP
    SELECT * INTO channel FROM campaign.channels c WHERE c.channel = step.channel;
    IF NOT FOUND THEN
      path := step.path || '.channel';
      code := 'unknown_channel';
      message := format('names a channel that does not exist: "%s"', step.channel);
      hint := 'Choose one from campaign.channels, or have an administrator add it with campaign.add_channel().';
      RETURN NEXT;
      CONTINUE;
    END IF;

    -- An empty text is no text: the normal form leaves it out.
    IF NOT channel.has_subject AND jsonb_typeof(step.value -> 'subject') = 'string'
      AND step.value ->> 'subject' <> '' THEN
      path := step.path || '.subject';
      code := 'subject_not_allowed';
      message := format('is not possible, since channel "%s" has no subject', step.channel);
      hint := 'Leave the subject out.';
      RETURN NEXT;
    END IF;
    FOREACH body_key IN ARRAY ARRAY['body_html', 'body_text'] LOOP
      CONTINUE WHEN jsonb_typeof(step.value -> body_key) IS DISTINCT FROM 'string'
        OR step.value ->> body_key = '';
      path := step.path || '.' || body_key;
      IF NOT channel.has_body THEN
        code := 'body_not_allowed';
        message := format('is not possible, since channel "%s" has no body', step.channel);
        hint := 'Leave the body out.';
        RETURN NEXT;
      ELSIF char_length(step.value ->> body_key) > channel.body_limit THEN
        code := 'body_too_long';
        message := format('must have at most %s characters on channel "%s", not %s',
          channel.body_limit, step.channel, char_length(step.value ->> body_key));
        hint := 'Shorten the body, or choose another channel.';
        RETURN NEXT;
      END IF;
    END LOOP;

    CONTINUE WHEN step.template_id IS NULL;
    path := step.path || '.template_id';
    SELECT t.channel INTO template_channel FROM campaign.message_templates t
    WHERE t.tenant_id = ANY (ARRAY[tenant, uuid '00000000-0000-0000-0000-000000000000'])
      AND t.id = step.template_id
    ORDER BY t.tenant_id = tenant DESC
    LIMIT 1;
    IF NOT FOUND THEN
      code := 'unknown_template';
      message := format('names a message template that does not exist: %s', step.template_id);
      hint := 'Choose a message template of the tenant or of the system.';
      RETURN NEXT;
    ELSIF template_channel <> step.channel THEN
      code := 'template_of_another_channel';
      message := format('names a message template of channel "%s" in a step of channel "%s"',
        template_channel, step.channel);
      hint := 'Choose a message template of the same channel.';
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION campaign.check_template_config(uuid, jsonb) IS 'The faults of campaign.template_config_errors(), and those against rows: channels that do not exist, subjects and bodies that the channel does not take, message templates that are neither the tenant''s nor the system''s or of another channel. Disabled steps are checked too.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'DOMAIN campaign.template_config'),
  ('member', 'EXECUTE', 'FUNCTION campaign.require_template_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.template_config_errors(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.normalize_template_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.template_config_schema()'),
  ('member', 'EXECUTE', 'FUNCTION campaign.unwrap_template_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.check_template_config(uuid, jsonb)');
