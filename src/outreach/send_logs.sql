-- History: one row per attempt that reached an outcome, never changed and never deleted.

CREATE TABLE campaign.send_logs (
  tenant_id     uuid NOT NULL,
  id            uuid NOT NULL DEFAULT campaign.uuid_v7(),
  campaign_id   uuid,
  enrollment_id uuid,
  contact_id    uuid NOT NULL,
  template_id   uuid,
  touch_number  smallint,
  attempt       smallint,
  plan_version  integer,
  fence         bigint,
  worker_id     bigint,
  is_final      boolean NOT NULL,
  advanced      boolean NOT NULL,
  channel       text COLLATE "C" NOT NULL DEFAULT 'email',
  status        text NOT NULL,
  scheduled_at  timestamptz,
  claimed_at    timestamptz,
  sent_at       timestamptz,
  logged_at     timestamptz NOT NULL,
  address       text,
  subject       text,
  provider_id   text,
  reason        text,
  error         text,
  metadata      jsonb,
  CONSTRAINT send_logs_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT send_logs_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT send_logs_status_check CHECK (status IN ('sent', 'failed', 'skipped')),
  CONSTRAINT send_logs_sent_at_check CHECK ((status = 'sent') = (sent_at IS NOT NULL)),
  -- what is indexed fits in an index
  CONSTRAINT send_logs_provider_id_check CHECK (pg_catalog.octet_length(provider_id) <= 1000),
  CONSTRAINT send_logs_touch_number_check CHECK (touch_number >= 1),
  -- a touch of an enrolment, or a manual send
  CONSTRAINT send_logs_enrollment_check CHECK (
    (campaign_id IS NULL) = (enrollment_id IS NULL) AND (enrollment_id IS NULL) = (touch_number IS NULL)
    AND (enrollment_id IS NULL) = (attempt IS NULL))
);
CREATE UNIQUE INDEX send_logs_attempt_key ON campaign.send_logs (tenant_id, enrollment_id, touch_number, attempt) WHERE enrollment_id IS NOT NULL;
CREATE INDEX send_logs_contact_idx ON campaign.send_logs (tenant_id, contact_id, channel, sent_at);
CREATE INDEX send_logs_provider_idx ON campaign.send_logs (tenant_id, provider_id) WHERE provider_id IS NOT NULL;
-- what failed is little, and looked for by health() and dead_touches
CREATE INDEX send_logs_failed_idx ON campaign.send_logs (tenant_id, logged_at) WHERE status = 'failed';
SELECT pg_catalog.pg_extension_config_dump('campaign.send_logs', '');

CREATE FUNCTION campaign.log_send(contact uuid, channel text DEFAULT 'email', subject text DEFAULT NULL, address text DEFAULT NULL,
  provider_id text DEFAULT NULL, sent_at timestamptz DEFAULT NULL, template uuid DEFAULT NULL, metadata jsonb DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  -- nothing was sent in the future
  at timestamptz := least(coalesce(sent_at, now_time), now_time);
  new_id uuid := campaign.uuid_v7();
  target record;
BEGIN
  PERFORM campaign.lock_tenant_key(c.tenant_id) FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contact;
  SELECT c.tenant_id, c.email, c.phone, c.linkedin_url INTO target FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contact
     -- whoever deletes it meanwhile waits, and then finds history
     FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" does not exist', contact
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  PERFORM campaign.refuse_erased(target.tenant_id, contact);
  IF NOT isfinite(sent_at) THEN
    RAISE EXCEPTION 'sent_at must be finite'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It says when the message was sent.',
            HINT = 'Leave sent_at out for now.';
  END IF;
  IF NOT EXISTS (SELECT FROM campaign.channels h WHERE h.channel = channel) THEN
    RAISE EXCEPTION 'channel % does not exist', coalesce(quote_literal(channel), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A send is logged under a channel.',
            HINT = 'See the table campaign.channels.';
  END IF;
  IF octet_length(provider_id) > 1000 THEN
    RAISE EXCEPTION 'provider_id is too long'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It has %s bytes, and 1000 are the most.', octet_length(provider_id)),
            HINT = 'Pass the id that the provider knows the message by, and the rest as metadata.';
  END IF;
  PERFORM FROM campaign.message_templates m WHERE m.tenant_id = target.tenant_id AND m.id = template FOR KEY SHARE;
  IF template IS NOT NULL AND NOT FOUND THEN
    RAISE EXCEPTION 'message template "%" does not exist', template
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The contact''s tenant has no template with this id.',
            HINT = 'Pass a template of the same tenant, or none.';
  END IF;
  INSERT INTO campaign.send_logs (tenant_id, id, contact_id, template_id, is_final, advanced, channel, status, sent_at, logged_at,
    address, subject, provider_id, metadata)
  SELECT target.tenant_id, new_id, contact, template, true, false, channel, 'sent', at, now_time,
         coalesce(address, CASE h.address_kind WHEN 'email' THEN target.email WHEN 'phone' THEN target.phone ELSE target.linkedin_url END),
         subject, provider_id, metadata
    FROM campaign.channels h WHERE h.channel = channel;
  PERFORM campaign.count_send_usage(target.tenant_id, channel, at);
  RETURN new_id;
END $$;
COMMENT ON FUNCTION campaign.log_send(uuid, text, text, text, text, timestamptz, uuid, jsonb) IS
'Logs a message that a person sent outside every campaign, so that it shows in the contact''s history and counts against the tenant''s limits, which it may exceed: it has happened; returns its id. The address defaults to the contact''s for the channel, sent_at to now. Raises P0002 for a contact or template that is not yours, CP002 for a contact that was erased, 22023 for an unknown channel, a provider_id of more than 1000 bytes and a time without end.';

ALTER TABLE campaign.send_logs ENABLE ROW LEVEL SECURITY;
CREATE POLICY send_logs_select ON campaign.send_logs FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.send_logs'),
  ('member', 'EXECUTE', 'FUNCTION campaign.log_send(uuid, text, text, text, text, timestamptz, uuid, jsonb)');

COMMENT ON TABLE campaign.send_logs IS 'One row per attempt that reached an outcome: sent, failed or skipped. Append-only; written by the engine and by campaign.log_send().';
COMMENT ON COLUMN campaign.send_logs.status IS 'What came of the attempt: sent, failed or skipped.';
COMMENT ON COLUMN campaign.send_logs.is_final IS 'Whether the outcome closes the touch; false: failed, and tried again.';
COMMENT ON COLUMN campaign.send_logs.advanced IS 'Whether the sequence moved by it; false for a report that came after a stop, for a retry and for a manual send.';
COMMENT ON COLUMN campaign.send_logs.scheduled_at IS 'When the plan wanted the touch.';
COMMENT ON COLUMN campaign.send_logs.claimed_at IS 'When the attempt was claimed, by the engine''s clock.';
COMMENT ON COLUMN campaign.send_logs.sent_at IS 'When it was sent; set only for what was sent.';
COMMENT ON COLUMN campaign.send_logs.logged_at IS 'When the outcome was recorded, by the engine''s clock.';
COMMENT ON COLUMN campaign.send_logs.address IS 'The contact''s address on the channel when the outcome was recorded.';
COMMENT ON COLUMN campaign.send_logs.fence IS 'Of the lease under which it was reported: a repeated report is known by it.';
COMMENT ON POLICY send_logs_select ON campaign.send_logs IS 'Members read their tenants''.';
