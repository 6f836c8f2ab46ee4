-- Messages: what was written to a contact for a step of a campaign, in versions.
-- A message is locked after its campaign and whatever of contact, enrolment and queue row is locked with it.

INSERT INTO campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) VALUES
  ('message', 'draft', 1, true, false, 'waits for review', true),
  ('message', 'approved', 2, false, false, 'may be sent', true),
  ('message', 'rejected', 3, false, false, 'is not sent as it is', true),
  ('message', 'sent', 4, false, false, 'was sent, and does not change any more', true),
  ('message', 'delivered', 5, false, false, 'the provider has delivered it', true),
  ('message', 'replied', 6, false, true, 'the contact has replied', true);
INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) VALUES
  ('message', 'draft', 'approved', NULL, true),
  ('message', 'draft', 'rejected', NULL, true),
  ('message', 'approved', 'draft', 'edited', true),
  ('message', 'approved', 'rejected', NULL, true),
  ('message', 'approved', 'sent', NULL, true),
  ('message', 'rejected', 'draft', 'edited', true),
  ('message', 'sent', 'delivered', NULL, true),
  ('message', 'sent', 'replied', NULL, true),
  ('message', 'delivered', 'replied', NULL, true);

CREATE TABLE campaign.messages (
  tenant_id    uuid NOT NULL,
  id           uuid NOT NULL DEFAULT campaign.uuid_v7(),
  campaign_id  uuid NOT NULL,
  contact_id   uuid NOT NULL,
  touch_number smallint NOT NULL,
  variant      text COLLATE "C" NOT NULL DEFAULT 'a',
  plan_version integer NOT NULL,
  version      integer NOT NULL DEFAULT 1,
  channel      text COLLATE "C" NOT NULL,
  subject      campaign.message_text,
  body         campaign.message_text,
  body_html    campaign.message_text,
  status       text COLLATE "C" NOT NULL DEFAULT 'draft',
  review_notes text,
  approved_by  text,
  approved_at  timestamptz,
  sent_at      timestamptz,
  created_at   timestamptz NOT NULL,
  changed_at   timestamptz NOT NULL,
  CONSTRAINT messages_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT messages_place_key UNIQUE (tenant_id, campaign_id, contact_id, touch_number, variant),
  CONSTRAINT messages_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT messages_contact_fkey FOREIGN KEY (tenant_id, campaign_id, contact_id) REFERENCES campaign.campaign_contacts (tenant_id, campaign_id, contact_id) ON DELETE CASCADE,
  CONSTRAINT messages_channel_fkey FOREIGN KEY (channel) REFERENCES campaign.channels (channel),
  CONSTRAINT messages_variant_check CHECK (variant IN ('a', 'b', 'c')),
  CONSTRAINT messages_touch_number_check CHECK (touch_number BETWEEN 1 AND 50),
  CONSTRAINT messages_version_check CHECK (version >= 1),
  CONSTRAINT messages_approved_check CHECK (status <> 'approved' OR approved_at IS NOT NULL),
  CONSTRAINT messages_sent_check CHECK ((status IN ('sent', 'delivered', 'replied')) = (sent_at IS NOT NULL)),
  CONSTRAINT messages_review_notes_check CHECK (pg_catalog.length(review_notes) <= 2000),
  CONSTRAINT messages_subject_check CHECK (
    pg_catalog.char_length(pg_catalog.btrim(subject)) BETWEEN 1 AND 998
    AND pg_catalog.translate(subject, E'\r\n', '') = subject::text)
);
CREATE INDEX messages_channel_idx ON campaign.messages (channel);
SELECT pg_catalog.pg_extension_config_dump('campaign.messages', '');
-- the texts of messages are held to what those of templates are
CREATE TRIGGER check_text BEFORE INSERT OR UPDATE OF channel, subject, body, body_html ON campaign.messages
  FOR EACH ROW EXECUTE FUNCTION campaign.check_message_template();
CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE OF status ON campaign.messages
  FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('message', 'status', 'unlogged');

-- Never changed: the text that a version had, and who made it of what.
CREATE TABLE campaign.message_versions (
  tenant_id  uuid NOT NULL,
  message_id uuid NOT NULL,
  version    integer NOT NULL,
  origin     text COLLATE "C" NOT NULL,
  subject    text,
  body       text,
  body_html  text,
  reason     text COLLATE "C",
  note       text,
  author     text,
  at         timestamptz NOT NULL,
  CONSTRAINT message_versions_pkey PRIMARY KEY (tenant_id, message_id, version),
  CONSTRAINT message_versions_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT message_versions_message_fkey FOREIGN KEY (tenant_id, message_id) REFERENCES campaign.messages (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT message_versions_origin_check CHECK (origin IN ('generated', 'regenerated', 'edited', 'reverted')),
  CONSTRAINT message_versions_reason_check CHECK ((origin = 'edited') = (reason IS NOT NULL) AND reason IN
    ('too_formal', 'too_casual', 'wrong_tone', 'wrong_language', 'too_long', 'too_short', 'factually_wrong', 'off_topic', 'generic', 'other')),
  CONSTRAINT message_versions_note_check CHECK (pg_catalog.length(note) <= 2000)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.message_versions', '');

-- What reviewers did, for those who write the prompts.
CREATE TABLE campaign.message_feedback (
  tenant_id  uuid NOT NULL,
  id         uuid NOT NULL DEFAULT campaign.uuid_v7(),
  message_id uuid NOT NULL,
  version    integer NOT NULL,
  action     text COLLATE "C" NOT NULL,
  reason     text,
  note       text,
  member     text,
  at         timestamptz NOT NULL,
  CONSTRAINT message_feedback_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT message_feedback_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT message_feedback_message_fkey FOREIGN KEY (tenant_id, message_id) REFERENCES campaign.messages (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT message_feedback_action_check CHECK (action IN ('edited', 'approved', 'rejected')),
  CONSTRAINT message_feedback_reason_check CHECK (action = 'approved' OR reason IS NOT NULL AND pg_catalog.length(reason) <= 2000)
);
CREATE INDEX message_feedback_message_idx ON campaign.message_feedback (tenant_id, message_id);
SELECT pg_catalog.pg_extension_config_dump('campaign.message_feedback', '');

-- What was written for another step is not sent as this one.
CREATE FUNCTION campaign.follow_revised_plan(tenant uuid, campaign uuid, version integer) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.messages m
     SET status = CASE WHEN p.fits THEN 'draft' ELSE 'rejected' END, changed_at = now_time, approved_by = NULL, approved_at = NULL,
         review_notes = CASE WHEN p.fits THEN 'The step has changed since.' ELSE 'The plan has no such step any more.' END
    FROM (SELECT o.touch_number, o.channel, coalesce(n.channel = o.channel, false) AS fits,
                 (o.channel, o.label, o.config) IS DISTINCT FROM (n.channel, n.label, n.config) AS changed
            FROM campaign.campaign_touches o
            LEFT JOIN campaign.campaign_touches n ON n.tenant_id = o.tenant_id AND n.campaign_id = o.campaign_id
              AND n.touch_number = o.touch_number AND n.plan_version = version
           WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND o.plan_version = version - 1) p
   WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND m.touch_number = p.touch_number AND p.changed
     AND (m.status = 'approved' OR m.status = 'draft' AND NOT p.fits);
END $$;
COMMENT ON FUNCTION campaign.follow_revised_plan(uuid, uuid, integer) IS
'Internal: after the steps of a locked campaign in draft or ready have changed to a version: messages of a step that is gone or has another channel are rejected, approved ones of a step with another label or other settings become drafts.';

-- A new version becomes the message's text, and is to be reviewed.
CREATE FUNCTION campaign.add_message_version(tenant uuid, message uuid, origin text, subject text, body text, body_html text, reason text, note text)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  author text := campaign.current_member();
  new_version integer;
BEGIN
  UPDATE campaign.messages m
     SET version = m.version + 1, subject = subject, body = body, body_html = body_html, status = 'draft',
         review_notes = NULL, approved_by = NULL, approved_at = NULL, changed_at = now_time
   WHERE m.tenant_id = tenant AND m.id = message
  RETURNING m.version INTO new_version;
  INSERT INTO campaign.message_versions (tenant_id, message_id, version, origin, subject, body, body_html, reason, note, author, at)
  VALUES (tenant, message, new_version, origin, subject, body, body_html, reason, note, author, now_time);
  RETURN new_version;
END $$;
COMMENT ON FUNCTION campaign.add_message_version(uuid, uuid, text, text, text, text, text, text) IS
'Internal: gives a locked message a new version and sets it back to draft; returns the version''s number.';

ALTER TABLE campaign.messages ENABLE ROW LEVEL SECURITY;
CREATE POLICY messages_select ON campaign.messages FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.message_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY message_versions_select ON campaign.message_versions FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.message_feedback ENABLE ROW LEVEL SECURITY;
CREATE POLICY message_feedback_select ON campaign.message_feedback FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.personal_data (relation, position, belongs, scrub) VALUES
  ('messages', 16, 't.contact_id = $2', 'subject = CASE WHEN t.subject IS NOT NULL THEN ''(erased)'' END, body = CASE WHEN t.body IS NOT NULL THEN ''(erased)'' END, '
   'body_html = NULL, review_notes = NULL'),
  ('message_versions', 17, 't.message_id IN (SELECT m.id FROM campaign.messages m WHERE m.tenant_id = $1 AND m.contact_id = $2)',
   'subject = NULL, body = NULL, body_html = NULL, note = NULL'),
  ('message_feedback', 18, 't.message_id IN (SELECT m.id FROM campaign.messages m WHERE m.tenant_id = $1 AND m.contact_id = $2)',
   'note = NULL, reason = CASE t.action WHEN ''rejected'' THEN ''(erased)'' ELSE t.reason END');
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.messages'),
  ('member', 'SELECT', 'TABLE campaign.message_versions'),
  ('member', 'SELECT', 'TABLE campaign.message_feedback');

COMMENT ON TABLE campaign.messages IS 'What was written to a contact for a step: one row for each variant, with its present text. Written by functions: save_generated(), edit_message(), revert_message(), review_messages(), mark_sent(), and by the engine when it is sent.';
COMMENT ON COLUMN campaign.messages.touch_number IS 'The step among the enabled ones of the plan, from 1.';
COMMENT ON COLUMN campaign.messages.variant IS 'a, b or c: which of them a contact gets is decided by his id.';
COMMENT ON COLUMN campaign.messages.plan_version IS 'The plan that it was written for.';
COMMENT ON COLUMN campaign.messages.version IS 'The present version; all of them are in message_versions.';
COMMENT ON COLUMN campaign.messages.status IS 'State in the life cycle message.';
COMMENT ON COLUMN campaign.messages.review_notes IS 'Why it was rejected, in the reviewer''s words.';
COMMENT ON COLUMN campaign.messages.sent_at IS 'When it was sent, by the engine or by a person.';
COMMENT ON TABLE campaign.message_versions IS 'Every text that a message has had. Rows are added and never changed.';
COMMENT ON COLUMN campaign.message_versions.origin IS 'generated, regenerated, edited or reverted.';
COMMENT ON COLUMN campaign.message_versions.reason IS 'Why it was edited: too_formal, too_casual, wrong_tone, wrong_language, too_long, too_short, factually_wrong, off_topic, generic or other.';
COMMENT ON TABLE campaign.message_feedback IS 'What reviewers did with messages, for those who write the prompts: edited, approved or rejected, and why. Rows are added and never changed.';
COMMENT ON COLUMN campaign.message_feedback.version IS 'The version that was judged.';
COMMENT ON POLICY messages_select ON campaign.messages IS 'Members read their tenants''.';
COMMENT ON POLICY message_versions_select ON campaign.message_versions IS 'Members read their tenants''.';
COMMENT ON POLICY message_feedback_select ON campaign.message_feedback IS 'Members read their tenants''.';
COMMENT ON TRIGGER check_text ON campaign.messages IS 'A text keeps the limits of its channel.';
COMMENT ON TRIGGER life_cycle ON campaign.messages IS 'Status follows the machine message; its steps are in message_feedback and message_versions.';
