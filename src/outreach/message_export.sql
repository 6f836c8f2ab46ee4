-- Export: messages for whoever sends them elsewhere.

-- What a spreadsheet would run as a formula, it shows as text.
CREATE FUNCTION campaign.csv_safe(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN left(value, 1) IN ('=', '+', '-', '@', E'\t', E'\r') THEN '''' || value ELSE value END;
COMMENT ON FUNCTION campaign.csv_safe(text) IS
'A text that a spreadsheet takes for text: with an apostrophe before a leading =, +, -, @, tab or carriage return.';

CREATE FUNCTION campaign.export_messages(campaign uuid, include_unapproved boolean DEFAULT false, include_excluded boolean DEFAULT false)
RETURNS TABLE (message_id uuid, contact_id uuid, contact_name text, email text, phone text, linkedin_url text, touch smallint, variant text,
  is_chosen boolean, channel text, subject text, body text, body_html text, status text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  locked record := campaign.lock_outreach_campaign(campaign);
  now_time timestamptz := campaign.now();
BEGIN
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
      JOIN campaign.messages m ON m.tenant_id = k.tenant_id AND m.campaign_id = k.campaign_id AND m.contact_id = k.contact_id
      JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
     CROSS JOIN LATERAL (
       SELECT array_agg(v.variant ORDER BY v.variant) AS variants, array_agg(v.status ORDER BY v.variant) AS statuses
         FROM campaign.messages v
        WHERE v.tenant_id = m.tenant_id AND v.campaign_id = m.campaign_id AND v.contact_id = m.contact_id AND v.touch_number = m.touch_number) p
     CROSS JOIN LATERAL (SELECT campaign.message_values(m) AS vals) x
     WHERE k.tenant_id = locked.tenant AND k.campaign_id = $1 AND m.tenant_id = locked.tenant AND c.tenant_id = locked.tenant
       AND (m.status = 'approved' OR coalesce(include_unapproved, false))
       AND (k.status <> 'excluded' OR coalesce(include_excluded, false))
     ORDER BY c.score DESC NULLS LAST, m.contact_id, m.touch_number, m.variant;
END $$;
COMMENT ON FUNCTION campaign.export_messages(uuid, boolean, boolean) IS
'The messages of a campaign for whoever sends them elsewhere, with the addresses of their contacts and placeholders filled in (signed links are not among them); is_chosen: the variant that the contact is to get. Texts that a spreadsheet would run as a formula begin with an apostrophe (csv_safe()). By default the approved ones that are not sent yet, of contacts who are not excluded. An approved campaign is exported by it; in every other status nothing changes. For editors. Raises P0002.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.csv_safe(text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.export_messages(uuid, boolean, boolean)');
