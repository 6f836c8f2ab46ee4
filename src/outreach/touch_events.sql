-- Events: what became of a message after it was sent, and what the contact did. They apply the stop rules.

CREATE TABLE campaign.touch_events (
  tenant_id     uuid NOT NULL,
  id            uuid NOT NULL DEFAULT campaign.uuid_v7(),
  event_id      text,
  kind          text COLLATE "C" NOT NULL,
  bounce        text,
  link          text,
  is_machine    boolean NOT NULL DEFAULT false,
  at            timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  enrollment_id uuid,
  campaign_id   uuid,
  contact_id    uuid,
  touch_number  smallint,
  channel       text COLLATE "C",
  provider_id   text,
  address       text,
  unmatched     boolean NOT NULL DEFAULT false,
  data          jsonb,
  CONSTRAINT touch_events_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT touch_events_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT touch_events_event_id_key UNIQUE (tenant_id, event_id),
  -- what is indexed fits in an index
  CONSTRAINT touch_events_event_id_check CHECK (pg_catalog.octet_length(event_id) BETWEEN 1 AND 1000),
  CONSTRAINT touch_events_provider_id_check CHECK (pg_catalog.octet_length(provider_id) <= 1000),
  CONSTRAINT touch_events_kind_check CHECK (kind IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained',
    'unsubscribed', 'reviewed', 'feedback')),
  CONSTRAINT touch_events_bounce_check CHECK (bounce IN ('hard', 'soft') AND (kind = 'bounced') = (bounce IS NOT NULL)
    OR bounce IS NULL AND kind <> 'bounced'),
  CONSTRAINT touch_events_link_check CHECK (link IS NULL OR kind = 'clicked' AND link IN ('review', 'unsubscribe')),
  CONSTRAINT touch_events_touch_number_check CHECK (touch_number >= 1),
  CONSTRAINT touch_events_enrollment_check CHECK ((enrollment_id IS NULL) = (campaign_id IS NULL)
    AND (enrollment_id IS NULL OR contact_id IS NOT NULL) AND (enrollment_id IS NOT NULL OR touch_number IS NULL)),
  CONSTRAINT touch_events_unmatched_check CHECK (unmatched = (contact_id IS NULL))
);
CREATE INDEX touch_events_enrollment_idx ON campaign.touch_events (tenant_id, enrollment_id, kind) WHERE enrollment_id IS NOT NULL;
CREATE INDEX touch_events_contact_idx ON campaign.touch_events (tenant_id, contact_id, kind, at) WHERE contact_id IS NOT NULL;
CREATE INDEX touch_events_provider_idx ON campaign.touch_events (tenant_id, provider_id) WHERE unmatched;
CREATE INDEX touch_events_unmatched_idx ON campaign.touch_events (tenant_id, recorded_at) WHERE unmatched;
SELECT pg_catalog.pg_extension_config_dump('campaign.touch_events', '');

ALTER TABLE campaign.touch_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY touch_events_select ON campaign.touch_events FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.touch_events');

COMMENT ON TABLE campaign.touch_events IS 'What became of messages after they were sent, and what contacts did. Append-only; written by campaign.record_event() and campaign.record_link().';
COMMENT ON COLUMN campaign.touch_events.event_id IS 'The sender''s id of the event, at most 1000 bytes: the same once more changes nothing. One that begins with campaign: was made from what the event says.';
COMMENT ON COLUMN campaign.touch_events.kind IS 'delivered, opened, clicked, replied, bounced, complained, unsubscribed, reviewed or feedback.';
COMMENT ON COLUMN campaign.touch_events.bounce IS 'Of a bounce: hard (there is no such address) or soft (not now).';
COMMENT ON COLUMN campaign.touch_events.link IS 'Of a click on one of the engine''s links: review or unsubscribe.';
COMMENT ON COLUMN campaign.touch_events.is_machine IS 'A program did it, not the contact: it stops nothing and counts apart.';
COMMENT ON COLUMN campaign.touch_events.at IS 'When it happened, by the engine''s clock.';
COMMENT ON COLUMN campaign.touch_events.recorded_at IS 'When it was told, by the engine''s clock.';
COMMENT ON COLUMN campaign.touch_events.enrollment_id IS 'The enrolment in whose message it happened; NULL for a manual send.';
COMMENT ON COLUMN campaign.touch_events.touch_number IS 'The touch in whose message it happened; NULL if none was sent.';
COMMENT ON COLUMN campaign.touch_events.address IS 'The address that it concerns, as the message had it.';
COMMENT ON COLUMN campaign.touch_events.unmatched IS 'Nobody knows yet which message it is about: campaign.match_events() looks again.';
COMMENT ON COLUMN campaign.touch_events.data IS 'Whatever the sender of the event told besides.';
COMMENT ON POLICY touch_events_select ON campaign.touch_events IS 'Members read their tenants''.';
