-- Export: messages for whoever sends them elsewhere.

-- What a spreadsheet would run as a formula, it shows as text.
CREATE FUNCTION campaign.csv_safe(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN left(value, 1) IN ('=', '+', '-', '@', E'\t', E'\r') THEN '''' || value ELSE value END;
COMMENT ON FUNCTION campaign.csv_safe(text) IS
'A text that a spreadsheet takes for text: with an apostrophe before a leading =, +, -, @, tab or carriage return.';

-- Signed links belong to an enrolment, and whoever exports has none.
CREATE FUNCTION campaign.require_export_links(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  unexported record;
BEGIN
  SELECT m.id, d.link INTO unexported
    FROM campaign.messages m JOIN campaign.tenants t ON t.id = m.tenant_id
   CROSS JOIN LATERAL (SELECT campaign.dead_link(concat(m.subject, m.body, m.body_html), NULL, t.review_url) AS link) d
   WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND m.status = 'approved' AND d.link IS NOT NULL ORDER BY m.id LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'message "%" has a link that is not exported', unexported.id
      USING ERRCODE = 'CP002',
            DETAIL = format('{{link.%s}} is signed for each enrolment when the engine sends.', unexported.link),
            HINT = 'Launch the campaign, or edit the message: write the link out, or leave it to whoever sends.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_export_links(uuid, uuid) IS
'Internal: raises CP002 for a campaign of which an approved message has a link that only the engine can give: {{link.unsubscribe}}, and {{link.review}} of a tenant without review_url.';

CREATE FUNCTION campaign.export_messages(campaign uuid, include_unapproved boolean DEFAULT false, include_excluded boolean DEFAULT false)
RETURNS TABLE (message_id uuid, contact_id uuid, contact_name text, email text, phone text, linkedin_url text, touch smallint, variant text,
  is_chosen boolean, channel text, subject text, body text, body_html text, status text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  locked record;
  now_time timestamptz := campaign.now();
  left_out uuid[];
BEGIN
  PERFORM campaign.require_read_committed('export_messages()');
  locked := campaign.lock_outreach_campaign(campaign);
  left_out := campaign.suppressed_contacts(locked.tenant, campaign, ARRAY(
    SELECT k.contact_id FROM campaign.campaign_contacts k WHERE k.tenant_id = locked.tenant AND k.campaign_id = $1));
  PERFORM campaign.require_export_links(locked.tenant, campaign);
  IF locked.status = 'approved' THEN
    UPDATE campaign.outreach_campaigns o SET exported_at = now_time WHERE o.tenant_id = locked.tenant AND o.campaign_id = $1;
    PERFORM campaign.transition_campaign($1, 'exported', 'export');
  END IF;
  RETURN QUERY
    SELECT m.id, m.contact_id, campaign.csv_safe(coalesce(c.name, nullif(btrim(concat_ws(' ', c.first_name, c.last_name)), ''))),
           campaign.csv_safe(c.email), campaign.csv_safe(c.phone), campaign.csv_safe(c.linkedin_url), m.touch_number, m.variant,
           m.variant = campaign.contact_variant(m.contact_id, p.variants, p.statuses), m.channel,
           campaign.csv_safe(campaign.render_subject(m.subject, x.vals)), campaign.csv_safe(campaign.render_message(m.body, false, x.vals)),
           campaign.csv_safe(campaign.render_message(m.body_html, true, x.vals)), m.status
      FROM campaign.campaign_contacts k
      JOIN campaign.outreach_campaigns o ON o.tenant_id = k.tenant_id AND o.campaign_id = k.campaign_id
      JOIN campaign.messages m ON m.tenant_id = k.tenant_id AND m.campaign_id = k.campaign_id AND m.contact_id = k.contact_id
      -- a step of another channel gets other messages
      JOIN campaign.campaign_touches t ON t.tenant_id = m.tenant_id AND t.campaign_id = m.campaign_id AND t.plan_version = o.plan_version
        AND t.touch_number = m.touch_number AND t.channel = m.channel
      JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
     CROSS JOIN LATERAL (
       SELECT array_agg(v.variant ORDER BY v.variant) AS variants, array_agg(v.status ORDER BY v.variant) AS statuses
         FROM campaign.messages v
        WHERE v.tenant_id = m.tenant_id AND v.campaign_id = m.campaign_id AND v.contact_id = m.contact_id AND v.touch_number = m.touch_number
           AND v.channel = m.channel) p
     CROSS JOIN LATERAL (SELECT campaign.message_values(m) AS vals) x
     WHERE k.tenant_id = locked.tenant AND k.campaign_id = $1 AND m.tenant_id = locked.tenant AND c.tenant_id = locked.tenant
       AND o.tenant_id = locked.tenant AND t.tenant_id = locked.tenant AND c.archived_at IS NULL AND m.contact_id <> ALL (left_out)
       AND (m.status = 'approved' OR coalesce(include_unapproved, false))
       AND (k.status <> 'excluded' OR coalesce(include_excluded, false))
     ORDER BY c.score DESC NULLS LAST, m.contact_id, m.touch_number, m.variant;
END $$;
COMMENT ON FUNCTION campaign.export_messages(uuid, boolean, boolean) IS
'The messages of a campaign for whoever sends them elsewhere, with the addresses of their contacts and placeholders filled in; is_chosen: the variant that the contact is to get. Texts that a spreadsheet would run as a formula begin with an apostrophe (csv_safe()). By default the approved ones that are not sent yet, of contacts who are not excluded; never of archived contacts, of those whose addresses are suppressed, or for a step that the plan does not have any more. An approved campaign is exported by it; in every other status nothing changes. For editors. Raises CP002 if an approved message has a link that only the engine can sign, P0002, 25000 above READ COMMITTED.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.csv_safe(text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.export_messages(uuid, boolean, boolean)');
