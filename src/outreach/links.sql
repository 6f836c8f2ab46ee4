-- Links in messages: what a click on them is for, and that the engine made them.

CREATE FUNCTION campaign.sign_link(tenant uuid, enrollment uuid, touch_number smallint, kind text) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_sign_link';
COMMENT ON FUNCTION campaign.sign_link(uuid, uuid, smallint, text) IS
'Internal: the token of a link, of arguments that the caller has checked.';

CREATE FUNCTION campaign.verify_link(token text,
  OUT tenant_id uuid, OUT enrollment_id uuid, OUT contact_id uuid, OUT touch_number smallint, OUT kind text)
RETURNS record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_verify_link';
COMMENT ON FUNCTION campaign.verify_link(text) IS
'What the token of a link in a message says: whose it is, the touch it stood in, and its kind, review or unsubscribe. Records nothing; campaign.record_link() does. Raises P0002 for every token that is not valid, whatever the cause.';

CREATE FUNCTION campaign.link_token(enrollment uuid, touch_number integer, kind text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT e.tenant_id INTO owner_tenant FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = ANY (campaign.writable_tenants()) AND e.id = enrollment;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'enrolment "%" does not exist', enrollment
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has an enrolment with this id.',
            HINT = 'Check the id; an enrolment of another tenant is not found.';
  END IF;
  IF kind IS NULL OR kind NOT IN ('review', 'unsubscribe') THEN
    RAISE EXCEPTION 'invalid kind of link %', coalesce(quote_literal(kind), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The kinds are review and unsubscribe.',
            HINT = 'Say what a click on the link is to do.';
  END IF;
  IF touch_number IS NULL OR touch_number NOT BETWEEN 1 AND 50 THEN
    RAISE EXCEPTION 'invalid touch number %', coalesce(touch_number::text, 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A campaign has 1 to 50 touches.',
            HINT = 'Give the number of the touch whose message has the link.';
  END IF;
  RETURN campaign.sign_link(owner_tenant, enrollment, touch_number::smallint, kind);
END $$;
COMMENT ON FUNCTION campaign.link_token(uuid, integer, text) IS
'The token of a link in the message of a touch (editors), as {{link.review}} and {{link.unsubscribe}} carry it: for messages that are written elsewhere, and for tests. Raises P0002 for an enrolment that is not yours, 22023 for an unknown kind or touch number.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.link_token(uuid, integer, text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.verify_link(text)');
