-- Campaign templates: presets that come with the extension, and what tenants save.

CREATE TABLE campaign.campaign_templates (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT campaign.uuid_v7(),
  name text NOT NULL,
  description text,
  template_config campaign.template_config NOT NULL,
  default_config jsonb NOT NULL DEFAULT '{}',
  is_system boolean NOT NULL GENERATED ALWAYS AS
    (tenant_id OPERATOR(pg_catalog.=) '00000000-0000-0000-0000-000000000000'::uuid) STORED,
  seeded boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT campaign_templates_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT campaign_templates_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT campaign_templates_name_check CHECK (pg_catalog.char_length(pg_catalog.btrim(name)) BETWEEN 1 AND 255),
  CONSTRAINT campaign_templates_description_check CHECK (pg_catalog.char_length(description) BETWEEN 0 AND 2000),
  CONSTRAINT campaign_templates_default_config_check CHECK (
    pg_catalog.jsonb_typeof(default_config) OPERATOR(pg_catalog.=) 'object'
    AND pg_catalog.octet_length(default_config::text) BETWEEN 2 AND 65536)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.campaign_templates', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.campaign_templates IS 'Sequences to make campaigns from: the system tenant''s presets, and those that a tenant saved. A campaign copies what it uses, so changing or deleting a template touches no campaign.';
COMMENT ON COLUMN campaign.campaign_templates.template_config IS 'The steps.';
COMMENT ON COLUMN campaign.campaign_templates.default_config IS 'Settings for the generation of messages, such as {"tone": "professional", "language": "en"}.';
COMMENT ON COLUMN campaign.campaign_templates.is_system IS 'The template belongs to the system tenant: used by everybody, changed by nobody.';
COMMENT ON COLUMN campaign.campaign_templates.seeded IS 'The row comes with the extension and is changed by nobody.';

ALTER TABLE campaign.campaign_templates ENABLE ROW LEVEL SECURITY;
CREATE POLICY campaign_templates_select ON campaign.campaign_templates FOR SELECT
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY campaign_templates_insert ON campaign.campaign_templates FOR INSERT
  WITH CHECK (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY campaign_templates_update ON campaign.campaign_templates FOR UPDATE
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY campaign_templates_delete ON campaign.campaign_templates FOR DELETE
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
COMMENT ON POLICY campaign_templates_select ON campaign.campaign_templates IS 'Members read their tenants'' and the system tenant''s.';
COMMENT ON POLICY campaign_templates_insert ON campaign.campaign_templates IS 'Editors write their tenants''.';
COMMENT ON POLICY campaign_templates_update ON campaign.campaign_templates IS 'Editors write their tenants''.';
COMMENT ON POLICY campaign_templates_delete ON campaign.campaign_templates IS 'Editors write their tenants''.';

INSERT INTO campaign.campaign_templates
  (tenant_id, id, name, description, template_config, default_config, seeded)
VALUES
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000001',
   'Conservative', 'Two emails over four days, for businesses that would rather ask too little.',
   '[{"step": 1, "channel": "email", "label": "Review request", "delay_hours": 24, "use_service_delay": false},
     {"step": 2, "channel": "email", "label": "Reminder", "delay_hours": 72}]',
   '{"tone": "professional", "language": "en"}', true),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000002',
   'Standard', 'Two emails and an SMS over eleven days.',
   '[{"step": 1, "channel": "email", "label": "Review request", "delay_hours": 24, "use_service_delay": false},
     {"step": 2, "channel": "email", "label": "Reminder", "delay_hours": 72},
     {"step": 3, "channel": "sms", "label": "Last reminder", "delay_hours": 168}]',
   '{"tone": "professional", "language": "en"}', true),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000003',
   'Aggressive', 'SMS on the same day, then email, SMS and email within eleven days.',
   '[{"step": 1, "channel": "sms", "label": "Review request", "delay_hours": 4, "use_service_delay": false},
     {"step": 2, "channel": "email", "label": "Review request by email", "delay_hours": 24},
     {"step": 3, "channel": "sms", "label": "Reminder", "delay_hours": 72},
     {"step": 4, "channel": "email", "label": "Last reminder", "delay_hours": 168}]',
   '{"tone": "professional", "language": "en"}', true),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000004',
   'LinkedIn + Email Sequence', 'Invitation, two emails and a LinkedIn message with a document; a third email is prepared and switched off.',
   '[{"step": 1, "channel": "linkedin_connect", "label": "Invitation", "day_offset": 0},
     {"step": 2, "channel": "email", "label": "First email", "day_offset": 3},
     {"step": 3, "channel": "email", "label": "Second email", "day_offset": 4},
     {"step": 4, "channel": "linkedin_message", "label": "Message with document", "day_offset": 3, "needs_pdf": true},
     {"step": 5, "channel": "email", "label": "Third email", "day_offset": 5, "enabled": false}]',
   '{"tone": "professional", "language": "en"}', true),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000005',
   'Email 3-Step', 'Three emails.',
   '[{"step": 1, "channel": "email", "label": "First email", "day_offset": 0},
     {"step": 2, "channel": "email", "label": "Second email", "day_offset": 3},
     {"step": 3, "channel": "email", "label": "Third email", "day_offset": 5}]',
   '{"tone": "professional", "language": "en"}', true),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000006',
   'LinkedIn Only', 'Invitation and a message three days later.',
   '[{"step": 1, "channel": "linkedin_connect", "label": "Invitation", "day_offset": 0},
     {"step": 2, "channel": "linkedin_message", "label": "Message", "day_offset": 3}]',
   '{"tone": "casual", "language": "en"}', true),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000007',
   'Meetup Dual LinkedIn + Email', 'Invitation after a meetup, and an email to those who did not respond.',
   '[{"step": 1, "channel": "linkedin_connect", "label": "Invitation", "day_offset": 0, "condition": "always"},
     {"step": 2, "channel": "email", "label": "Email", "day_offset": 3, "condition": "no_response"}]',
   '{"tone": "casual", "language": "en"}', true);

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.campaign_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.campaign_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.campaign_templates
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
COMMENT ON TRIGGER protect_seeded ON campaign.campaign_templates IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.campaign_templates IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER touch_updated_at ON campaign.campaign_templates IS 'Keeps updated_at.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.campaign_templates'),
  ('member', 'INSERT (tenant_id, name, description, template_config, default_config)', 'TABLE campaign.campaign_templates'),
  ('member', 'UPDATE (name, description, template_config, default_config)', 'TABLE campaign.campaign_templates'),
  ('member', 'DELETE', 'TABLE campaign.campaign_templates');
