-- When would each touch of a document go out? By the plan, and by the rules that move it.

CREATE FUNCTION campaign.preview_schedule(template_config jsonb, anchor timestamptz, timezone text DEFAULT NULL,
  tenant uuid DEFAULT NULL, service_type text DEFAULT NULL)
RETURNS TABLE (touch_number smallint, channel text, label text, scheduled_at timestamptz, due_at timestamptz)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  -- the system tenant's settings are those of a tenant who has changed none
  owner_tenant constant uuid := coalesce($4, '00000000-0000-0000-0000-000000000000');
  zone text;
  gap interval;
  blackouts date[];
  touch record;
  last_due timestamptz;
  -- when each channel was used last
  used jsonb := '{}';
BEGIN
  IF NOT owner_tenant = ANY (campaign.readable_tenants()) THEN
    RAISE EXCEPTION 'tenant "%" does not exist', owner_tenant
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant of this id is visible to the asking member.',
            HINT = 'Table campaign.tenants lists the tenants that you may see.';
  END IF;
  PERFORM campaign.require_document(owner_tenant, $1);
  IF $2 IS NULL OR $2 NOT BETWEEN '1900-01-01 00:00:00+00' AND '9999-12-31 00:00:00+00' THEN
    RAISE EXCEPTION 'anchor is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The first touch is scheduled at the anchor plus its delay; anchors are from 1900 to 9999.',
            HINT = 'Pass the time of a job''s completion, such as campaign.now().';
  END IF;
  SELECT campaign.effective_timezone($3, n.timezone), make_interval(secs => extract(epoch FROM n.min_gap)::double precision),
         ARRAY(SELECT b.day FROM campaign.blackout_dates b WHERE b.tenant_id = owner_tenant ORDER BY b.day)
    INTO zone, gap, blackouts FROM campaign.tenants n WHERE n.id = owner_tenant;
  FOR touch IN
    SELECT d.touch_number, d.channel, d.step ->> 'label' AS label,
           -- as enrolment counts the first one
           CASE WHEN d.touch_number = 1 AND d.use_service_delay
                THEN coalesce(make_interval(secs => extract(epoch FROM y.first_touch_delay)::double precision), d.delay)
                ELSE d.delay END AS delay,
           coalesce(n.quiet_from, h.quiet_from) AS quiet_from, coalesce(n.quiet_until, h.quiet_until) AS quiet_until,
           make_interval(secs => extract(epoch FROM coalesce(s.contact_interval, h.contact_interval))::double precision) AS apart
      FROM campaign.document_touches($1) d
      JOIN campaign.channels h ON h.channel = d.channel
      JOIN campaign.tenants n ON n.id = owner_tenant
      LEFT JOIN campaign.send_limits s ON s.tenant_id = owner_tenant AND s.channel = d.channel
      LEFT JOIN campaign.service_types y ON y.tenant_id = owner_tenant AND y.service_type = $5
     ORDER BY d.touch_number
  LOOP
    touch_number := touch.touch_number;
    channel := touch.channel;
    label := touch.label;
    scheduled_at := coalesce(scheduled_at, $2) + touch.delay;
    due_at := campaign.next_allowed_at(greatest(scheduled_at, last_due + gap, (used ->> touch.channel)::timestamptz + touch.apart),
                                       zone, touch.quiet_from, touch.quiet_until, blackouts);
    last_due := due_at;
    used := used || jsonb_build_object(touch.channel, due_at);
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.preview_schedule(jsonb, timestamptz, text, uuid, text) IS
'When each touch of a document would be scheduled after an anchor, and when it would go out at the soonest, if every touch before is sent when it is due: quiet hours and blackout dates in the time zone (NULL or unknown: the tenant''s), the gap after the touch before and that between two touches of a channel. With a tenant by its settings, else by those that come with the extension; the service type decides about the first delay where the step says so. Raises P0002 for a tenant that is not yours, CP003 for an invalid document, 22023 for an anchor out of range.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.preview_schedule(jsonb, timestamptz, text, uuid, text)');
