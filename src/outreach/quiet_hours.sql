-- Quiet hours: when a contact may be written to, by the clock on the wall where he is.

CREATE TABLE campaign.blackout_dates (
  tenant_id  uuid NOT NULL,
  day        date NOT NULL,
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT blackout_dates_pkey PRIMARY KEY (tenant_id, day),
  CONSTRAINT blackout_dates_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT blackout_dates_day_check CHECK (pg_catalog.isfinite(day)),
  CONSTRAINT blackout_dates_name_check CHECK (name COLLATE "C" ~ '\S' AND pg_catalog.length(name) <= 255)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.blackout_dates', '');
COMMENT ON TABLE campaign.blackout_dates IS 'Days, such as holidays, on which a tenant sends nothing. A touch that is due then waits until the day is over where its contact is, and for the quiet hours after it.';
COMMENT ON COLUMN campaign.blackout_dates.day IS 'The whole day from midnight to midnight, in the contact''s time zone.';
COMMENT ON COLUMN campaign.blackout_dates.name IS 'What the day is, at most 255 characters.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.blackout_dates
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
COMMENT ON TRIGGER touch_updated_at ON campaign.blackout_dates IS 'Keeps updated_at.';

ALTER TABLE campaign.blackout_dates ENABLE ROW LEVEL SECURITY;
CREATE POLICY blackout_dates_select ON campaign.blackout_dates FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY blackout_dates_insert ON campaign.blackout_dates FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY blackout_dates_update ON campaign.blackout_dates FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY blackout_dates_delete ON campaign.blackout_dates FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
COMMENT ON POLICY blackout_dates_select ON campaign.blackout_dates IS 'Members read their tenants''.';
COMMENT ON POLICY blackout_dates_insert ON campaign.blackout_dates IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY blackout_dates_update ON campaign.blackout_dates IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY blackout_dates_delete ON campaign.blackout_dates IS 'Owners and editors write their tenants''.';

CREATE FUNCTION campaign.next_allowed_at(at timestamptz, timezone text, quiet_from time, quiet_until time, blackouts date[] DEFAULT '{}')
RETURNS timestamptz
  LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_next_allowed_at';
COMMENT ON FUNCTION campaign.next_allowed_at(timestamptz, text, time, time, date[]) IS
'The first instant from at on that is neither within the quiet hours nor on a blackout, by the local clock of the time zone (NULL: UTC): at itself if it is allowed, infinity if there is none within 400 days. Quiet hours begin at quiet_from and end before quiet_until, over midnight if that is earlier; equal or both NULL: there are none. Raises 22023 for an unknown time zone and for half a window.';

CREATE FUNCTION campaign.effective_timezone(contact_timezone text, tenant_timezone text) RETURNS text
  LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_effective_timezone';
COMMENT ON FUNCTION campaign.effective_timezone(text, text) IS
'The time zone that the engine goes by: the contact''s if the server knows it, else the tenant''s, else UTC.';

CREATE FUNCTION campaign.contact_next_allowed_at(contact uuid, channel text, at timestamptz DEFAULT campaign.now())
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  found_channel campaign.channels;
  result timestamptz;
BEGIN
  SELECT c.* INTO found_channel FROM campaign.channels c WHERE c.channel = contact_next_allowed_at.channel;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'channel % does not exist', coalesce(quote_literal(channel), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Quiet hours are those of a channel, unless tenant or contact have their own.',
            HINT = 'See the table campaign.channels.';
  END IF;
  SELECT campaign.next_allowed_at(at, campaign.effective_timezone(k.timezone, t.timezone),
           coalesce(k.quiet_from, t.quiet_from, found_channel.quiet_from),
           coalesce(k.quiet_until, t.quiet_until, found_channel.quiet_until),
           ARRAY(SELECT b.day FROM campaign.blackout_dates b WHERE b.tenant_id = k.tenant_id))
    INTO result
    FROM campaign.contacts k JOIN campaign.tenants t ON t.id = k.tenant_id
   WHERE k.tenant_id = ANY (campaign.readable_tenants()) AND k.id = contact;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact % does not exist', coalesce('"' || contact || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may read has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  RETURN result;
END $$;
COMMENT ON FUNCTION campaign.contact_next_allowed_at(uuid, text, timestamptz) IS
'The first instant from at on at which quiet hours and blackouts let a contact be written to over a channel, in the contact''s time zone (else the tenant''s, else UTC). The contact''s quiet hours come before the tenant''s, and those before the channel''s. Raises P0002 for a contact that is not yours, 22023 for an unknown channel.';

CREATE VIEW campaign.timezone_problems WITH (security_invoker = true) AS
SELECT 'tenant' AS kind, t.id AS tenant_id, NULL::uuid AS contact_id, t.timezone,
       campaign.effective_timezone(NULL, t.timezone) AS effective_timezone
  FROM campaign.tenants t
 WHERE NOT campaign.is_timezone(t.timezone)
UNION ALL
SELECT 'contact', k.tenant_id, k.id, k.timezone, campaign.effective_timezone(k.timezone, t.timezone)
  FROM campaign.contacts k
  JOIN campaign.tenants t ON t.id = k.tenant_id
 WHERE k.archived_at IS NULL AND NOT campaign.is_timezone(k.timezone);
COMMENT ON VIEW campaign.timezone_problems IS
'Tenants, and contacts who are not archived, whose time zone the server does not know, with the one that the engine goes by instead.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.blackout_dates'),
  ('member', 'INSERT (tenant_id, day, name)', 'TABLE campaign.blackout_dates'),
  ('member', 'UPDATE (day, name)', 'TABLE campaign.blackout_dates'),
  ('member', 'DELETE', 'TABLE campaign.blackout_dates'),
  ('member', 'SELECT', 'TABLE campaign.timezone_problems'),
  ('member', 'EXECUTE', 'FUNCTION campaign.next_allowed_at(timestamptz, text, time, time, date[])'),
  ('member', 'EXECUTE', 'FUNCTION campaign.effective_timezone(text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.contact_next_allowed_at(uuid, text, timestamptz)');
