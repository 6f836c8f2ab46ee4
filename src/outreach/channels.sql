-- Channels: what a message can be sent over. A new channel is a row, not a release.

CREATE TABLE campaign.channels (
  channel text COLLATE "C" NOT NULL,
  name text NOT NULL,
  has_subject boolean NOT NULL DEFAULT false,
  has_body boolean NOT NULL DEFAULT true,
  body_limit integer,
  address_kind text COLLATE "C" NOT NULL,
  consent text COLLATE "C" NOT NULL DEFAULT 'not_opted_out',
  uncertain_policy text COLLATE "C" NOT NULL DEFAULT 'operator',
  uncertain_wait interval,
  seeded boolean NOT NULL DEFAULT false,
  quiet_from time NOT NULL DEFAULT '21:00',
  quiet_until time NOT NULL DEFAULT '08:00',
  hourly_limit integer,
  contact_interval interval NOT NULL DEFAULT '1 hour',
  CONSTRAINT channels_pkey PRIMARY KEY (channel),
  CONSTRAINT channels_channel_check CHECK (channel OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]{0,62}$'),
  CONSTRAINT channels_seeded_check CHECK (seeded OPERATOR(pg_catalog.<>) pg_catalog.starts_with(channel, 'x_')),
  CONSTRAINT channels_name_check CHECK (pg_catalog.char_length(pg_catalog.btrim(name)) BETWEEN 1 AND 255),
  CONSTRAINT channels_subject_check CHECK (has_body OR NOT has_subject),
  CONSTRAINT channels_body_limit_check CHECK (
    has_body OPERATOR(pg_catalog.=) (body_limit IS NOT NULL) AND body_limit BETWEEN 1 AND 100000),
  CONSTRAINT channels_address_kind_check CHECK (address_kind IN ('email', 'phone', 'linkedin_url')),
  CONSTRAINT channels_consent_check CHECK (consent IN ('opted_in', 'not_opted_out')),
  CONSTRAINT channels_uncertain_policy_check CHECK (uncertain_policy IN ('retry', 'operator', 'wait')),
  CONSTRAINT channels_uncertain_wait_check CHECK (
    (uncertain_policy OPERATOR(pg_catalog.=) 'wait') OPERATOR(pg_catalog.=) (uncertain_wait IS NOT NULL)
    AND uncertain_wait OPERATOR(pg_catalog.>) interval '0'),
  CONSTRAINT channels_hourly_limit_check CHECK (hourly_limit OPERATOR(pg_catalog.>=) 0),
  CONSTRAINT channels_contact_interval_check CHECK (contact_interval OPERATOR(pg_catalog.>=) interval '0'
    AND contact_interval OPERATOR(pg_catalog.<=) interval '366 days')
);
SELECT pg_catalog.pg_extension_config_dump('campaign.channels', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.channels IS 'What a message can be sent over, for all tenants. Channels of your own, made by add_channel(), have names that start with x_.';
COMMENT ON COLUMN campaign.channels.has_subject IS 'Messages have a subject beside their body.';
COMMENT ON COLUMN campaign.channels.has_body IS 'Messages have a text at all.';
COMMENT ON COLUMN campaign.channels.body_limit IS 'Most characters that a body may have, placeholders as written.';
COMMENT ON COLUMN campaign.channels.address_kind IS 'Which address of the contact is used: email, phone or linkedin_url.';
COMMENT ON COLUMN campaign.channels.consent IS 'What the contact''s consent must be: opted_in (asked and agreed) or not_opted_out.';
COMMENT ON COLUMN campaign.channels.uncertain_policy IS 'What happens to a touch of which nobody knows whether it was sent: retry (the provider knows the idempotency key), operator (a person decides), wait (for uncertain_wait, then a person decides).';
COMMENT ON COLUMN campaign.channels.quiet_from IS 'Start of the quiet hours, in the contact''s time zone, unless tenant or contact have their own.';
COMMENT ON COLUMN campaign.channels.quiet_until IS 'End of the quiet hours; equal to quiet_from: there are none.';
COMMENT ON COLUMN campaign.channels.hourly_limit IS 'Most touches an hour of a tenant that has no row in send_limits; NULL: no limit.';
COMMENT ON COLUMN campaign.channels.contact_interval IS 'Least time between two touches of one contact, unless send_limits says otherwise.';
COMMENT ON COLUMN campaign.channels.seeded IS 'The row comes with the extension and is changed by nobody.';

ALTER TABLE campaign.channels ENABLE ROW LEVEL SECURITY;
CREATE POLICY channels_select ON campaign.channels FOR SELECT
  USING ((SELECT pg_catalog.cardinality(campaign.readable_tenants()) OPERATOR(pg_catalog.>) 0));
COMMENT ON POLICY channels_select ON campaign.channels IS 'Whoever is a member of some tenant reads the channels. Changed through functions only.';

INSERT INTO campaign.channels
  (channel, name, has_subject, body_limit, address_kind, consent, uncertain_policy, uncertain_wait, hourly_limit, seeded)
VALUES
  ('email', 'Email', true, 100000, 'email', 'not_opted_out', 'retry', NULL, 100, true),
  ('sms', 'SMS', false, 1600, 'phone', 'opted_in', 'operator', NULL, 100, true),
  ('linkedin_connect', 'LinkedIn invitation', false, 300, 'linkedin_url', 'not_opted_out', 'operator', NULL, NULL, true),
  ('linkedin_message', 'LinkedIn message', false, 1900, 'linkedin_url', 'not_opted_out', 'operator', NULL, NULL, true),
  ('call', 'Phone call', false, 2000, 'phone', 'not_opted_out', 'wait', interval '24 hours', NULL, true);

CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.channels
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.channels
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
COMMENT ON TRIGGER protect_seeded ON campaign.channels IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.channels IS 'What the extension brings is changed by nobody.';

CREATE FUNCTION campaign.add_channel(channel text, name text, address_kind text,
    has_subject boolean DEFAULT false, body_limit integer DEFAULT 2000,
    consent text DEFAULT 'not_opted_out', uncertain_policy text DEFAULT 'operator',
    uncertain_wait interval DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  IF channel IS NULL OR channel !~ '^x_[a-z0-9_]{1,61}$' THEN
    RAISE EXCEPTION USING ERRCODE = '22023',
      MESSAGE = format('name of a channel is not valid: %s', coalesce('"' || channel || '"', 'null')),
      DETAIL = 'A channel of your own is named x_ and up to 61 lower-case letters, digits and underscores.',
      HINT = 'Names without x_ are kept for channels that come with the extension.';
  END IF;
  INSERT INTO campaign.channels
    (channel, name, has_subject, has_body, body_limit, address_kind, consent, uncertain_policy, uncertain_wait)
  VALUES ($1, $2, $4, $5 IS NOT NULL, $5, $3, $6, $7, $8);
EXCEPTION WHEN unique_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'unique_violation',
    MESSAGE = format('channel "%s" exists already', channel),
    DETAIL = 'Channels are shared by all tenants.',
    HINT = 'Choose another name, or remove the channel first with campaign.remove_channel().';
WHEN check_violation OR not_null_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
    MESSAGE = format('channel "%s" is not valid', channel),
    DETAIL = SQLERRM || '.',
    HINT = 'address_kind is email, phone or linkedin_url; body_limit 1 to 100000 or NULL for no body; consent opted_in or not_opted_out; uncertain_policy retry, operator or, with uncertain_wait, wait.';
END
$$;
COMMENT ON FUNCTION campaign.add_channel(text, text, text, boolean, integer, text, text, interval) IS
'Adds a channel for all tenants; its name starts with x_. address_kind is email, phone or linkedin_url. body_limit NULL: its touches have no text.';

CREATE FUNCTION campaign.remove_channel(channel text) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  DELETE FROM campaign.channels c WHERE c.channel = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'no_data_found',
      MESSAGE = format('channel %s does not exist', coalesce('"' || channel || '"', 'null')),
      DETAIL = 'No channel has this name.',
      HINT = 'Table campaign.channels lists the channels.';
  END IF;
EXCEPTION WHEN foreign_key_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
    MESSAGE = format('channel "%s" is in use', channel),
    DETAIL = 'Templates, plans or history name it.',
    HINT = 'A channel that has been used stays. Archive the templates that should no longer be chosen.';
END
$$;
COMMENT ON FUNCTION campaign.remove_channel(text) IS
'Removes a channel that add_channel() made and nothing uses. Those that come with the extension cannot be removed (42501).';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.channels'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.add_channel(text, text, text, boolean, integer, text, text, interval)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.remove_channel(text)');
