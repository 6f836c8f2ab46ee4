-- Contacts of a campaign: one row for each, from the assignment to the generated messages or to the exclusion.
-- A row is added, excluded and deleted under the locks of its campaign and contact; it is locked after the
-- contact, its enrolments and queue rows, and what is written to it needs no lock but its own.

INSERT INTO campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) VALUES
  ('campaign_contact', 'pending', 1, true, false, 'assigned', true),
  ('campaign_contact', 'enrichment_ok', 2, false, false, 'all that messages need is known', true),
  ('campaign_contact', 'enrichment_needed', 3, false, false, 'required stages are missing', true),
  ('campaign_contact', 'generating', 4, false, false, 'messages are being written', true),
  ('campaign_contact', 'generated', 5, false, false, 'messages are written', true),
  ('campaign_contact', 'failed', 6, false, false, 'no messages, see error', true),
  ('campaign_contact', 'excluded', 7, false, true, 'gets nothing from the campaign', true);
INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) VALUES
  ('campaign_contact', 'pending', 'enrichment_ok', NULL, true),
  ('campaign_contact', 'pending', 'enrichment_needed', NULL, true),
  ('campaign_contact', 'enrichment_ok', 'enrichment_needed', 'checked again', true),
  ('campaign_contact', 'enrichment_needed', 'enrichment_ok', 'checked again', true),
  ('campaign_contact', 'enrichment_ok', 'generating', NULL, true),
  ('campaign_contact', 'enrichment_needed', 'generating', NULL, true),
  ('campaign_contact', 'generating', 'generated', NULL, true),
  ('campaign_contact', 'generating', 'failed', NULL, true),
  ('campaign_contact', 'failed', 'generating', 'retry', true),
  ('campaign_contact', 'pending', 'excluded', NULL, true),
  ('campaign_contact', 'enrichment_ok', 'excluded', NULL, true),
  ('campaign_contact', 'enrichment_needed', 'excluded', NULL, true),
  ('campaign_contact', 'generating', 'excluded', NULL, true),
  ('campaign_contact', 'generated', 'excluded', NULL, true),
  ('campaign_contact', 'failed', 'excluded', NULL, true);

CREATE TABLE campaign.campaign_contacts (
  tenant_id       uuid NOT NULL,
  campaign_id     uuid NOT NULL,
  contact_id      uuid NOT NULL,
  status          text COLLATE "C" NOT NULL DEFAULT 'pending',
  enrichment_gaps text[] NOT NULL DEFAULT '{}',
  error           text,
  added_at        timestamptz NOT NULL,
  generated_at    timestamptz,
  excluded_at     timestamptz,
  excluded_reason text,
  CONSTRAINT campaign_contacts_pkey PRIMARY KEY (tenant_id, campaign_id, contact_id),
  CONSTRAINT campaign_contacts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT campaign_contacts_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.outreach_campaigns (tenant_id, campaign_id) ON DELETE CASCADE,
  CONSTRAINT campaign_contacts_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT campaign_contacts_enrichment_gaps_check CHECK (pg_catalog.array_position(enrichment_gaps, NULL) IS NULL),
  CONSTRAINT campaign_contacts_excluded_check CHECK ((status = 'excluded') = (excluded_at IS NOT NULL)
    AND (excluded_reason IS NULL OR excluded_at IS NOT NULL)),
  CONSTRAINT campaign_contacts_excluded_reason_check CHECK (pg_catalog.length(excluded_reason) <= 1000)
);
CREATE INDEX campaign_contacts_contact_idx ON campaign.campaign_contacts (tenant_id, contact_id);
SELECT pg_catalog.pg_extension_config_dump('campaign.campaign_contacts', '');
CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE OF status ON campaign.campaign_contacts
  FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('campaign_contact', 'status', 'unlogged');

-- The foreign keys stand on locked rows, and the life cycle begins with pending.
CREATE FUNCTION campaign.insert_campaign_contact_rows(tenant uuid, campaign uuid, contacts uuid[], added_at timestamptz) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_insert_campaign_contact_rows';
COMMENT ON FUNCTION campaign.insert_campaign_contact_rows(uuid, uuid, uuid[], timestamptz) IS
'Internal: assigns locked contacts to a locked campaign, past the executor. False, and nothing written, where somebody has put a trigger, a rule or a column of his own on the table: INSERT is for these.';

CREATE FUNCTION campaign.refuse_without_contacts(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  IF NOT EXISTS (SELECT FROM campaign.campaign_contacts k
                  WHERE k.tenant_id = tenant AND k.campaign_id = campaign AND k.status <> 'excluded') THEN
    RAISE EXCEPTION 'campaign "%" has no contacts', campaign
      USING ERRCODE = 'CP002',
            DETAIL = 'It works on assigned contacts, and has none that is not excluded.',
            HINT = 'Assign some in draft, with campaign.assign_contacts().';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.refuse_without_contacts(uuid, uuid) IS
'Internal: raises CP002 for a campaign without a contact that is not excluded.';

-- An edit of the audience is waited for, and waits; it finds the new status then.
CREATE FUNCTION campaign.require_assigned_contacts(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  found_audience text;
BEGIN
  SELECT o.audience INTO found_audience FROM campaign.outreach_campaigns o
   WHERE o.tenant_id = tenant AND o.campaign_id = campaign FOR SHARE;
  IF found_audience = 'assigned' THEN
    PERFORM campaign.refuse_without_contacts(tenant, campaign);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_assigned_contacts(uuid, uuid) IS
'Internal: raises CP002 for a campaign that works on assigned contacts and has none that is not excluded.';

CREATE VIEW campaign.campaign_contact_totals WITH (security_invoker = true) AS
  SELECT o.tenant_id, o.campaign_id,
         count(k.contact_id) AS total,
         count(*) FILTER (WHERE k.status <> 'excluded') AS active,
         count(*) FILTER (WHERE k.status = 'pending') AS pending,
         count(*) FILTER (WHERE k.status = 'enrichment_ok') AS enrichment_ok,
         count(*) FILTER (WHERE k.status = 'enrichment_needed') AS enrichment_needed,
         count(*) FILTER (WHERE k.status = 'generating') AS generating,
         count(*) FILTER (WHERE k.status = 'generated') AS generated,
         count(*) FILTER (WHERE k.status = 'failed') AS failed,
         count(*) FILTER (WHERE k.status = 'excluded') AS excluded
    FROM campaign.outreach_campaigns o
    LEFT JOIN campaign.campaign_contacts k ON k.tenant_id = o.tenant_id AND k.campaign_id = o.campaign_id
   GROUP BY o.tenant_id, o.campaign_id;
COMMENT ON VIEW campaign.campaign_contact_totals IS 'How many contacts a campaign was assigned, and how many of them are in each status; counted over the rows.';

ALTER TABLE campaign.campaign_contacts ENABLE ROW LEVEL SECURITY;
CREATE POLICY campaign_contacts_select ON campaign.campaign_contacts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.personal_data (relation, position, belongs, scrub) VALUES
  ('campaign_contacts', 13, 't.contact_id = $2',
   'status = ''excluded'', error = NULL, excluded_at = coalesce(t.excluded_at, $3), excluded_reason = ''contact_erased''');
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.campaign_contacts'),
  ('member', 'SELECT', 'TABLE campaign.campaign_contact_totals');

COMMENT ON TABLE campaign.campaign_contacts IS 'Contacts that a campaign works on. Written by functions: assign_contacts(), remove_contacts(), exclude_contacts(), check_readiness().';
COMMENT ON COLUMN campaign.campaign_contacts.status IS 'State in the life cycle campaign_contact.';
COMMENT ON COLUMN campaign.campaign_contacts.enrichment_gaps IS 'Required stages that check_readiness() has missed, such as company:l1.';
COMMENT ON COLUMN campaign.campaign_contacts.error IS 'Why no messages could be written.';
COMMENT ON COLUMN campaign.campaign_contacts.added_at IS 'When it was assigned, by the engine''s clock.';
COMMENT ON COLUMN campaign.campaign_contacts.generated_at IS 'When its messages were written, by the engine''s clock.';
COMMENT ON COLUMN campaign.campaign_contacts.excluded_at IS 'Since when it is excluded, by the engine''s clock.';
COMMENT ON COLUMN campaign.campaign_contacts.excluded_reason IS 'Why it is excluded, in words of the one who did it; contact_erased: the contact was erased.';
COMMENT ON POLICY campaign_contacts_select ON campaign.campaign_contacts IS 'Members read their tenants''.';
COMMENT ON TRIGGER life_cycle ON campaign.campaign_contacts IS 'Status follows the machine campaign_contact; its steps are not logged.';
