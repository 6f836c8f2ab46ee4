-- Overlap: contacts whom two campaigns want, or whom somebody has just written to; and what was done about it.

CREATE TABLE campaign.contact_cooldowns (
  tenant_id  uuid NOT NULL,
  channel    text COLLATE "C" NOT NULL,
  cooldown   interval NOT NULL,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT contact_cooldowns_pkey PRIMARY KEY (tenant_id, channel),
  CONSTRAINT contact_cooldowns_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT contact_cooldowns_channel_fkey FOREIGN KEY (channel) REFERENCES campaign.channels (channel),
  CONSTRAINT contact_cooldowns_cooldown_check CHECK (cooldown BETWEEN '0' AND '366 days')
);
CREATE INDEX contact_cooldowns_channel_idx ON campaign.contact_cooldowns (channel);
SELECT pg_catalog.pg_extension_config_dump('campaign.contact_cooldowns', '');
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.contact_cooldowns
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

CREATE TABLE campaign.overlap_log (
  tenant_id         uuid NOT NULL,
  id                uuid NOT NULL DEFAULT campaign.uuid_v7(),
  campaign_id       uuid NOT NULL,
  contact_id        uuid NOT NULL,
  kind              text NOT NULL,
  other_campaign_id uuid,
  channel           text COLLATE "C",
  severity          text NOT NULL,
  outcome           text NOT NULL,
  at                timestamptz NOT NULL,
  CONSTRAINT overlap_log_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT overlap_log_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT overlap_log_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.campaigns (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT overlap_log_other_campaign_fkey FOREIGN KEY (tenant_id, other_campaign_id) REFERENCES campaign.campaigns (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT overlap_log_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT overlap_log_kind_check CHECK (CASE kind
    WHEN 'campaign' THEN other_campaign_id IS NOT NULL AND channel IS NULL
    WHEN 'cooldown' THEN channel IS NOT NULL
    ELSE false END),
  CONSTRAINT overlap_log_other_campaign_check CHECK (other_campaign_id <> campaign_id),
  CONSTRAINT overlap_log_severity_check CHECK (severity IN ('high', 'medium', 'low')),
  CONSTRAINT overlap_log_outcome_check CHECK (outcome IN ('warned', 'blocked'))
);
CREATE INDEX overlap_log_campaign_idx ON campaign.overlap_log (tenant_id, campaign_id);
CREATE INDEX overlap_log_other_campaign_idx ON campaign.overlap_log (tenant_id, other_campaign_id) WHERE other_campaign_id IS NOT NULL;
CREATE INDEX overlap_log_contact_idx ON campaign.overlap_log (tenant_id, contact_id);
SELECT pg_catalog.pg_extension_config_dump('campaign.overlap_log', '');

-- One conflict for each other campaign, and one for each channel.
CREATE FUNCTION campaign.contact_overlaps(tenant uuid, campaign uuid, contacts uuid[])
RETURNS TABLE (contact_id uuid, kind text, other_campaign_id uuid, channel text, last_sent_at timestamptz, clear_at timestamptz, severity text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
  live uuid[] := ARRAY(SELECT c.id FROM campaign.campaigns c
                        WHERE c.tenant_id = tenant AND c.kind = 'outreach' AND c.id <> campaign
                          AND c.status IN ('ready', 'generating', 'review', 'approved', 'running', 'paused'));
  item record;
BEGIN
  RETURN QUERY
    SELECT k.contact_id, 'campaign', k.campaign_id, NULL::text, NULL::timestamptz, NULL::timestamptz,
           CASE WHEN bool_or(k.is_sending) THEN 'high' ELSE 'medium' END
      FROM (SELECT a.contact_id, a.campaign_id, false AS is_sending
              FROM campaign.campaign_contacts a
             WHERE a.tenant_id = tenant AND a.campaign_id = ANY (live) AND a.contact_id = ANY (contacts) AND a.status <> 'excluded'
            UNION ALL
            SELECT e.contact_id, e.campaign_id, true
              FROM campaign.campaign_enrollments e
             WHERE e.tenant_id = tenant AND e.campaign_id = ANY (live) AND e.contact_id = ANY (contacts) AND e.status = 'active') k
     GROUP BY k.contact_id, k.campaign_id;
  FOR item IN
    -- a day is 24 hours, as in the plan
    SELECT DISTINCT t.channel, make_interval(secs => extract(epoch FROM coalesce(w.cooldown, '30 days'))::double precision) AS cooldown
      FROM campaign.outreach_campaigns o
      JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version
      LEFT JOIN campaign.contact_cooldowns w ON w.tenant_id = o.tenant_id AND w.channel = t.channel
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant
     ORDER BY 1
  LOOP
    RETURN QUERY
      SELECT n.id, 'cooldown', l.campaign_id, item.channel, l.sent_at, l.sent_at + item.cooldown,
             CASE WHEN l.sent_at > now_time - item.cooldown / 2 THEN 'medium' ELSE 'low' END
        FROM unnest(contacts) n(id)
       CROSS JOIN LATERAL (SELECT s.campaign_id, s.sent_at FROM campaign.send_logs s
                            WHERE s.tenant_id = tenant AND s.contact_id = n.id AND s.channel = item.channel AND s.status = 'sent'
                              AND s.sent_at > now_time - item.cooldown AND s.campaign_id IS DISTINCT FROM campaign
                            ORDER BY s.sent_at DESC LIMIT 1) l;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.contact_overlaps(uuid, uuid, uuid[]) IS
'Internal: of contacts of a tenant, each once, those who are in another live campaign (kind campaign) or were sent something over a channel of the campaign''s a short time ago (kind cooldown), but by the campaign itself.';

-- The foreign keys stand on locked rows.
CREATE FUNCTION campaign.insert_overlap_rows(tenant uuid, ids uuid[], campaign uuid, contacts uuid[], kind text, other_campaign uuid,
  channel text, severity text, outcome text, at timestamptz) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_insert_overlap_rows';
COMMENT ON FUNCTION campaign.insert_overlap_rows(uuid, uuid[], uuid, uuid[], text, uuid, text, text, text, timestamptz) IS
'Internal: writes overlaps that differ in ids and contacts only, side by side, past the executor; other campaign and channel may be NULL. False, and nothing written, where somebody has put a trigger, a rule or a column of his own on the table: INSERT is for these.';

-- Both campaigns stand in columns with keys of their own, so that nothing else can.
CREATE FUNCTION campaign.log_overlaps(tenant uuid, campaign uuid, contacts uuid[]) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  outcome text := (SELECT CASE t.overlap_policy WHEN 'block' THEN 'blocked' ELSE 'warned' END FROM campaign.tenants t WHERE t.id = tenant);
  part record;
  other uuid;
  ids uuid[];
  blocked uuid[] := '{}';
BEGIN
  FOR part IN
    SELECT o.kind, o.other_campaign_id, o.channel, o.severity, array_agg(o.contact_id ORDER BY o.contact_id) AS contacts
      FROM campaign.contact_overlaps(tenant, campaign, contacts) o
     GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  LOOP
    -- the campaign of a message may be gone; one that goes now is in nobody's way any more
    SELECT c.id INTO other FROM campaign.campaigns c WHERE c.tenant_id = tenant AND c.id = part.other_campaign_id FOR KEY SHARE;
    CONTINUE WHEN part.kind = 'campaign' AND other IS NULL;
    ids := campaign.uuids_v7(cardinality(part.contacts));
    IF NOT campaign.insert_overlap_rows(tenant, ids, campaign, part.contacts, part.kind, other, part.channel, part.severity, outcome, now_time) THEN
      INSERT INTO campaign.overlap_log (tenant_id, id, campaign_id, contact_id, kind, other_campaign_id, channel, severity, outcome, at)
      SELECT tenant, n.id, campaign, n.contact, part.kind, other, part.channel, part.severity, outcome, now_time
        FROM unnest(ids, part.contacts) n(id, contact);
    END IF;
    IF outcome = 'blocked' THEN
      blocked := blocked || part.contacts;
    END IF;
  END LOOP;
  RETURN ARRAY(SELECT DISTINCT b.id FROM unnest(blocked) b(id));
END $$;
COMMENT ON FUNCTION campaign.log_overlaps(uuid, uuid, uuid[]) IS
'Internal: records the overlaps of contacts that are to be assigned to a campaign, and returns those who must not be, by tenants.overlap_policy.';

-- Assigned in draft, the contacts of two campaigns have met nobody: they do when one of the two is live. The locks
-- let the second of two campaigns that become ready at once see the first one.
CREATE FUNCTION campaign.refuse_overlaps(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  policy text := (SELECT t.overlap_policy FROM campaign.tenants t WHERE t.id = tenant);
  assigned uuid[] := ARRAY(SELECT k.contact_id FROM campaign.campaign_contacts k
                            WHERE k.tenant_id = tenant AND k.campaign_id = campaign AND k.status <> 'excluded' ORDER BY k.contact_id);
  met record;
BEGIN
  assigned := (campaign.lock_contacts(tenant, assigned)).present;
  IF policy = 'block' THEN
    SELECT count(DISTINCT o.contact_id) AS contacts, string_agg(DISTINCT format('"%s"', c.name), ', ' ORDER BY format('"%s"', c.name)) AS names,
           count(DISTINCT o.contact_id) FILTER (WHERE o.kind = 'cooldown') AS resting
      INTO met
      FROM campaign.contact_overlaps(tenant, campaign, assigned) o
      LEFT JOIN campaign.campaigns c ON c.tenant_id = tenant AND c.id = o.other_campaign_id AND o.kind = 'campaign';
    IF met.contacts > 0 THEN
      RAISE EXCEPTION 'contacts of campaign "%" are in another live campaign, or were written to a short time ago', campaign
        USING ERRCODE = 'CP002',
              DETAIL = concat_ws(' ', format('That is true of %s contacts.', met.contacts), 'Live with them: ' || met.names || '.',
                                 CASE WHEN met.resting > 0 THEN format('%s were written to.', met.resting) END),
              HINT = 'campaign.contact_conflicts() says who they are; take them out with campaign.remove_contacts(), or set tenants.overlap_policy to warn.';
    END IF;
  ELSE
    -- who was recorded when he was assigned is not recorded again
    PERFORM campaign.log_overlaps(tenant, campaign, ARRAY(
      SELECT DISTINCT o.contact_id FROM campaign.contact_overlaps(tenant, campaign, assigned) o
       WHERE NOT EXISTS (SELECT FROM campaign.overlap_log l
                          WHERE l.tenant_id = tenant AND l.campaign_id = campaign AND l.contact_id = o.contact_id AND l.kind = o.kind
                            AND l.other_campaign_id IS NOT DISTINCT FROM o.other_campaign_id AND l.channel IS NOT DISTINCT FROM o.channel)
       ORDER BY o.contact_id));
  END IF;
END $$;
COMMENT ON FUNCTION campaign.refuse_overlaps(uuid, uuid) IS
'Internal: locks the contacts of a locked campaign that are neither excluded nor archived; where tenants.overlap_policy is block, raises CP002 if one of them overlaps, else records the overlaps that are not recorded yet.';

CREATE FUNCTION campaign.contact_conflicts(campaign uuid)
RETURNS TABLE (contact_id uuid, kind text, other_campaign_id uuid, channel text, last_sent_at timestamptz, clear_at timestamptz, severity text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  owner_tenant uuid := (campaign.find_outreach_campaign(contact_conflicts.campaign, campaign.readable_tenants())).tenant_id;
BEGIN
  RETURN QUERY
    SELECT o.* FROM campaign.contact_overlaps(owner_tenant, campaign,
      ARRAY(SELECT k.contact_id FROM campaign.campaign_contacts k
             WHERE k.tenant_id = owner_tenant AND k.campaign_id = contact_conflicts.campaign AND k.status <> 'excluded')) o
     ORDER BY array_position('{high,medium,low}', o.severity), o.contact_id, o.kind, o.other_campaign_id, o.channel;
END $$;
COMMENT ON FUNCTION campaign.contact_conflicts(uuid) IS
'Which contacts of a campaign are in another live campaign (kind campaign; live is ready to paused), or were written to over one of its channels less than a cooldown ago (kind cooldown: the last message that was sent, and until when it counts). severity: high, the other campaign''s sequence is under way; medium, the contact is assigned to it, or the first half of the cooldown; low, the second half. The most severe first. Raises P0002 for a campaign that is not yours.';

ALTER TABLE campaign.contact_cooldowns ENABLE ROW LEVEL SECURITY;
CREATE POLICY contact_cooldowns_select ON campaign.contact_cooldowns FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY contact_cooldowns_insert ON campaign.contact_cooldowns FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));
CREATE POLICY contact_cooldowns_update ON campaign.contact_cooldowns FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));
CREATE POLICY contact_cooldowns_delete ON campaign.contact_cooldowns FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));
ALTER TABLE campaign.overlap_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY overlap_log_select ON campaign.overlap_log FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.personal_data (relation, position, belongs) VALUES
  ('overlap_log', 15, 't.contact_id = $2');
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.contact_cooldowns'),
  ('member', 'INSERT (tenant_id, channel, cooldown)', 'TABLE campaign.contact_cooldowns'),
  ('member', 'UPDATE (cooldown)', 'TABLE campaign.contact_cooldowns'),
  ('member', 'DELETE', 'TABLE campaign.contact_cooldowns'),
  ('member', 'SELECT', 'TABLE campaign.overlap_log'),
  ('member', 'EXECUTE', 'FUNCTION campaign.contact_conflicts(uuid)');

COMMENT ON TABLE campaign.contact_cooldowns IS 'How long a contact is left alone on a channel after a message, by what tenants have set; without a row, 30 days.';
COMMENT ON COLUMN campaign.contact_cooldowns.cooldown IS 'Counts from the last message that was sent; 0: none, at most 366 days.';
COMMENT ON TABLE campaign.overlap_log IS 'Contacts that were to be assigned to a campaign while another one had them, or a short time after a message. Written by assign_contacts(), and when their campaign becomes ready.';
COMMENT ON COLUMN campaign.overlap_log.campaign_id IS 'The campaign that they were to be assigned to.';
COMMENT ON COLUMN campaign.overlap_log.kind IS 'campaign: in another live campaign; cooldown: written to a short time ago.';
COMMENT ON COLUMN campaign.overlap_log.other_campaign_id IS 'The other campaign, or that of the message; NULL: a message sent by hand, or of a campaign that is gone.';
COMMENT ON COLUMN campaign.overlap_log.channel IS 'The channel of the message.';
COMMENT ON COLUMN campaign.overlap_log.severity IS 'As of contact_conflicts().';
COMMENT ON COLUMN campaign.overlap_log.outcome IS 'warned: assigned all the same; blocked: not assigned. By tenants.overlap_policy.';
COMMENT ON COLUMN campaign.overlap_log.at IS 'When it was found, by the engine''s clock.';
COMMENT ON POLICY contact_cooldowns_select ON campaign.contact_cooldowns IS 'Members read their tenants''.';
COMMENT ON POLICY contact_cooldowns_insert ON campaign.contact_cooldowns IS 'Owners write their tenants''.';
COMMENT ON POLICY contact_cooldowns_update ON campaign.contact_cooldowns IS 'Owners write their tenants''.';
COMMENT ON POLICY contact_cooldowns_delete ON campaign.contact_cooldowns IS 'Owners write their tenants''.';
COMMENT ON POLICY overlap_log_select ON campaign.overlap_log IS 'Members read their tenants''.';
COMMENT ON TRIGGER touch_updated_at ON campaign.contact_cooldowns IS 'Keeps updated_at.';
