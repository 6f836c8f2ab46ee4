-- Stop rules: what an event does to the sequences of the contact, to his addresses and to his consent.

CREATE TABLE campaign.stop_rules (
  tenant_id  uuid NOT NULL,
  event      text COLLATE "C" NOT NULL,
  action     text COLLATE "C" NOT NULL,
  reason     text,
  scope      text,
  seeded     boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT stop_rules_pkey PRIMARY KEY (tenant_id, event, action),
  CONSTRAINT stop_rules_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT stop_rules_event_check CHECK (event IN ('delivered', 'opened', 'clicked', 'review_clicked', 'replied',
    'bounced_hard', 'bounced_soft', 'complained', 'unsubscribed', 'sms_stop', 'reviewed', 'feedback')),
  CONSTRAINT stop_rules_action_check CHECK (action IN ('stop', 'suppress', 'opt_out', 'none')),
  CONSTRAINT stop_rules_reason_check CHECK (CASE action
    WHEN 'stop' THEN reason IS NOT NULL AND reason IN ('review_clicked', 'feedback_submitted', 'replied', 'opted_out_sms',
      'opted_out_email', 'unsubscribed', 'bounced', 'complained', 'owner_stopped')
    WHEN 'suppress' THEN reason IS NOT NULL AND reason IN ('hard_bounce', 'complaint', 'unsubscribe', 'manual')
    ELSE reason IS NULL END),
  CONSTRAINT stop_rules_scope_check CHECK (scope IN ('contact', 'enrollment') AND action = 'stop' OR scope IS NULL)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.stop_rules', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.stop_rules IS 'What events do. The system tenant''s rows are the defaults; the rows that a tenant has for an event replace all defaults of that event.';
COMMENT ON COLUMN campaign.stop_rules.event IS 'What happened: a kind of touch_events, more exactly: review_clicked is a click on the review link, bounced_hard and bounced_soft are the two kinds of bounce, sms_stop is an unsubscribe by text message.';
COMMENT ON COLUMN campaign.stop_rules.action IS 'stop ends live enrolments, suppress never uses the address again, opt_out takes back the consent to the channel of every contact with the address, none does nothing and is there to replace a default.';
COMMENT ON COLUMN campaign.stop_rules.reason IS 'The stop_reason of the enrolments, or the reason of the suppression.';
COMMENT ON COLUMN campaign.stop_rules.scope IS 'What a stop ends: contact (also NULL), every live enrolment of the contact that had begun by then (after a review or feedback: within tenants.review_cooldown), or enrollment, only that in whose message it happened.';
COMMENT ON COLUMN campaign.stop_rules.seeded IS 'The row comes with the extension and is changed by nobody.';

INSERT INTO campaign.stop_rules (tenant_id, event, action, reason, scope, seeded)
SELECT '00000000-0000-0000-0000-000000000000', r.event, r.action, r.reason, r.scope, true
FROM (VALUES
  ('delivered', 'none', NULL, NULL),
  ('opened', 'none', NULL, NULL),
  ('clicked', 'none', NULL, NULL),
  ('review_clicked', 'stop', 'review_clicked', 'contact'),
  ('reviewed', 'stop', 'review_clicked', 'contact'),
  ('feedback', 'stop', 'feedback_submitted', 'contact'),
  ('replied', 'stop', 'replied', 'contact'),
  ('bounced_soft', 'none', NULL, NULL),
  ('bounced_hard', 'suppress', 'hard_bounce', NULL),
  ('bounced_hard', 'stop', 'bounced', 'enrollment'),
  ('complained', 'suppress', 'complaint', NULL),
  ('complained', 'stop', 'complained', 'contact'),
  ('unsubscribed', 'suppress', 'unsubscribe', NULL),
  ('unsubscribed', 'opt_out', NULL, NULL),
  ('unsubscribed', 'stop', 'unsubscribed', 'contact'),
  ('sms_stop', 'opt_out', NULL, NULL)) AS r (event, action, reason, scope);

CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.stop_rules
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.stop_rules
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.stop_rules
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
COMMENT ON TRIGGER protect_seeded ON campaign.stop_rules IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.stop_rules IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER touch_updated_at ON campaign.stop_rules IS 'Keeps updated_at.';

ALTER TABLE campaign.stop_rules ENABLE ROW LEVEL SECURITY;
CREATE POLICY stop_rules_select ON campaign.stop_rules FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY stop_rules_insert ON campaign.stop_rules FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));
CREATE POLICY stop_rules_update ON campaign.stop_rules FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));
CREATE POLICY stop_rules_delete ON campaign.stop_rules FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));
COMMENT ON POLICY stop_rules_select ON campaign.stop_rules IS 'Members read their tenants'' and the defaults.';
COMMENT ON POLICY stop_rules_insert ON campaign.stop_rules IS 'Owners write their tenants''.';
COMMENT ON POLICY stop_rules_update ON campaign.stop_rules IS 'Owners write their tenants''.';
COMMENT ON POLICY stop_rules_delete ON campaign.stop_rules IS 'Owners write their tenants''.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.stop_rules'),
  ('member', 'INSERT (tenant_id, event, action, reason, scope)', 'TABLE campaign.stop_rules'),
  ('member', 'UPDATE (event, action, reason, scope)', 'TABLE campaign.stop_rules'),
  ('member', 'DELETE', 'TABLE campaign.stop_rules');
