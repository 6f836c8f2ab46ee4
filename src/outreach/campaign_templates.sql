-- Campaign templates: presets that come with the extension, and what tenants save.

CREATE TABLE campaign.campaign_templates (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT campaign.uuid_v7(),
  name text NOT NULL,
  description text,
  template_config campaign.template_config NOT NULL,
  default_config campaign.generation_config NOT NULL DEFAULT '{}',
  is_system boolean NOT NULL GENERATED ALWAYS AS
    (tenant_id OPERATOR(pg_catalog.=) '00000000-0000-0000-0000-000000000000'::uuid) STORED,
  seeded boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  version integer NOT NULL DEFAULT 1,
  copied_from uuid,
  copied_version integer,
  CONSTRAINT campaign_templates_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT campaign_templates_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT campaign_templates_name_check CHECK (pg_catalog.char_length(pg_catalog.btrim(name)) BETWEEN 1 AND 255),
  CONSTRAINT campaign_templates_description_check CHECK (pg_catalog.char_length(description) BETWEEN 0 AND 2000),
  CONSTRAINT campaign_templates_version_check CHECK (version OPERATOR(pg_catalog.>=) 1),
  CONSTRAINT campaign_templates_copied_check CHECK (
    (copied_from IS NULL) OPERATOR(pg_catalog.=) (copied_version IS NULL))
);
SELECT pg_catalog.pg_extension_config_dump('campaign.campaign_templates', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.campaign_templates IS 'Sequences to make campaigns from: the system tenant''s presets, and those that a tenant saved. A campaign copies what it uses, so changing or deleting a template touches no campaign.';
COMMENT ON COLUMN campaign.campaign_templates.template_config IS 'The steps.';
COMMENT ON COLUMN campaign.campaign_templates.default_config IS 'The generation_config of campaigns that are made from it, such as {"tone": "professional", "language": "en"}.';
COMMENT ON COLUMN campaign.campaign_templates.is_system IS 'The template belongs to the system tenant: used by everybody, changed by nobody.';
COMMENT ON COLUMN campaign.campaign_templates.seeded IS 'The row comes with the extension and is changed by nobody.';
COMMENT ON COLUMN campaign.campaign_templates.version IS 'Counts changes of description, steps and settings; a copy begins at the version that it was copied at.';
COMMENT ON COLUMN campaign.campaign_templates.copied_from IS 'The system template that it was copied from. Not a foreign key: the copy stands on its own.';
COMMENT ON COLUMN campaign.campaign_templates.copied_version IS 'Version of the system template that was copied. Unlike version, the tenant has changed its copy since.';

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

-- Who sets the versions himself, as upgrade_campaign_template() does, changes one of the two. An update
-- script that changes a seed comes by here, too: the seed above then states the version that results.
CREATE FUNCTION campaign.count_template_version() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  NEW.version := OLD.version + 1;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION campaign.count_template_version() IS 'Trigger function: counts a change of a campaign template.';
CREATE TRIGGER count_version BEFORE UPDATE OF description, template_config, default_config ON campaign.campaign_templates
  FOR EACH ROW WHEN (NEW.version OPERATOR(pg_catalog.=) OLD.version
    AND NEW.copied_version IS NOT DISTINCT FROM OLD.copied_version
    AND (NEW.description, NEW.template_config::jsonb, NEW.default_config::jsonb)
      IS DISTINCT FROM (OLD.description, OLD.template_config::jsonb, OLD.default_config::jsonb))
  EXECUTE FUNCTION campaign.count_template_version();
COMMENT ON TRIGGER count_version ON campaign.campaign_templates IS 'Keeps version.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.campaign_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.campaign_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.campaign_templates
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
COMMENT ON TRIGGER protect_seeded ON campaign.campaign_templates IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.campaign_templates IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER touch_updated_at ON campaign.campaign_templates IS 'Keeps updated_at.';

-- A template that the caller may use, and where what is made of it goes.
CREATE FUNCTION campaign.find_campaign_template(template uuid, tenant uuid, what text, OUT source campaign.campaign_templates, OUT target uuid)
  LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  writable uuid[] := campaign.writable_tenants();
BEGIN
  target := tenant;
  SELECT t.* INTO source FROM campaign.campaign_templates t
   WHERE t.tenant_id = ANY (campaign.readable_tenants()) AND t.id = template;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign template "%" does not exist', template
      USING ERRCODE = 'no_data_found',
            DETAIL = 'Neither the system nor a tenant of yours has a template with this id.',
            HINT = 'See the table campaign.campaign_templates.';
  END IF;
  IF target IS NULL THEN
    IF NOT source.is_system THEN
      target := source.tenant_id;
    ELSIF cardinality(writable) = 1 THEN
      target := writable[1];
    ELSE
      RAISE EXCEPTION 'the tenant of the new % is not determined', what
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('You may write to %s tenants.', cardinality(writable)),
              HINT = 'Pass the tenant as the third argument.';
    END IF;
  END IF;
  IF NOT source.is_system AND source.tenant_id <> target THEN
    RAISE EXCEPTION 'campaign template "%" does not exist', template
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The template belongs to another tenant than the one passed.',
            HINT = 'A template is used within its own tenant; system templates are used by all.';
  END IF;
END
$$;
COMMENT ON FUNCTION campaign.find_campaign_template(uuid, uuid, text) IS
'Internal: a template of the system or of the caller''s tenants, and the tenant of what is made of it; raises P0002, and 22023 where that is not determined.';

INSERT INTO campaign.constraint_hints (constraint_name, hint) VALUES
  ('campaign_templates.name', 'Give the template a name.'),
  ('campaign_templates_name_check', 'A name has 1 to 255 characters and is not blank.');
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.campaign_templates'),
  ('member', 'INSERT (tenant_id, name, description, template_config, default_config)', 'TABLE campaign.campaign_templates'),
  ('member', 'UPDATE (name, description, template_config, default_config)', 'TABLE campaign.campaign_templates'),
  ('member', 'DELETE', 'TABLE campaign.campaign_templates');
