-- Message templates: texts that steps and services choose from.

CREATE TABLE campaign.message_templates (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT campaign.uuid_v7(),
  channel text COLLATE "C" NOT NULL,
  service_type text COLLATE "C",
  name text NOT NULL,
  subject campaign.message_text,
  body campaign.message_text,
  body_html campaign.message_text,
  is_default boolean NOT NULL DEFAULT false,
  archived_at timestamptz,
  copied_from uuid,
  seeded boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT message_templates_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT message_templates_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT message_templates_channel_fkey FOREIGN KEY (channel)
    REFERENCES campaign.channels (channel),
  CONSTRAINT message_templates_service_type_fkey FOREIGN KEY (tenant_id, service_type)
    REFERENCES campaign.service_types (tenant_id, service_type),
  CONSTRAINT message_templates_name_check CHECK (pg_catalog.char_length(pg_catalog.btrim(name)) BETWEEN 1 AND 255),
  CONSTRAINT message_templates_subject_check CHECK (
    pg_catalog.char_length(pg_catalog.btrim(subject)) BETWEEN 1 AND 998
    AND pg_catalog.translate(subject, E'\r\n', '') OPERATOR(pg_catalog.=) subject::text)
);
CREATE INDEX message_templates_channel_idx ON campaign.message_templates (channel);
CREATE INDEX message_templates_service_type_idx ON campaign.message_templates (tenant_id, service_type);
CREATE UNIQUE INDEX message_templates_default_key ON campaign.message_templates (tenant_id, service_type, channel)
  NULLS NOT DISTINCT WHERE is_default AND archived_at IS NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.message_templates', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.message_templates IS 'Texts for touches. A step names one by its id, or takes the default for the job''s service type and the channel.';
COMMENT ON COLUMN campaign.message_templates.channel IS 'Decides whether there is a subject and how long a body may be. Never changes.';
COMMENT ON COLUMN campaign.message_templates.service_type IS 'Jobs that the text is for; NULL: all.';
COMMENT ON COLUMN campaign.message_templates.body IS 'Text with placeholders, see the domain message_text.';
COMMENT ON COLUMN campaign.message_templates.body_html IS 'The same as HTML; values are escaped when it is rendered.';
COMMENT ON COLUMN campaign.message_templates.is_default IS 'Chosen for steps that name no text: at most one for a service type and channel.';
COMMENT ON COLUMN campaign.message_templates.archived_at IS 'Since when the template is no longer chosen or listed. Plans that name it keep sending it.';
COMMENT ON COLUMN campaign.message_templates.copied_from IS 'The template that this one was copied from. Not a foreign key: the copy stands on its own.';
COMMENT ON COLUMN campaign.message_templates.seeded IS 'The row comes with the extension and is changed by nobody.';
COMMENT ON INDEX campaign.message_templates_default_key IS 'One default for a service type and channel, so that the choice of a text is never a tie.';

ALTER TABLE campaign.message_templates ENABLE ROW LEVEL SECURITY;
CREATE POLICY message_templates_select ON campaign.message_templates FOR SELECT
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY message_templates_insert ON campaign.message_templates FOR INSERT
  WITH CHECK (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY message_templates_update ON campaign.message_templates FOR UPDATE
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY message_templates_delete ON campaign.message_templates FOR DELETE
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
COMMENT ON POLICY message_templates_select ON campaign.message_templates IS 'Members read their tenants'' and the system tenant''s.';
COMMENT ON POLICY message_templates_insert ON campaign.message_templates IS 'Editors write their tenants''.';
COMMENT ON POLICY message_templates_update ON campaign.message_templates IS 'Editors write their tenants''.';
COMMENT ON POLICY message_templates_delete ON campaign.message_templates IS 'Editors write their tenants''.';

-- A CHECK cannot read another table, and the limits are rows of channels. A
-- channel that does not exist is left to the foreign key.
CREATE FUNCTION campaign.check_message_template() RETURNS trigger
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  c campaign.channels;
  faulty text;
  message text;
  hint text;
  what text := CASE TG_TABLE_NAME WHEN 'messages' THEN 'message' ELSE 'template' END;
BEGIN
  SELECT * INTO c FROM campaign.channels ch WHERE ch.channel = NEW.channel;
  IF NOT FOUND THEN
    RETURN NEW;
  END IF;
  IF c.has_subject AND NEW.subject IS NULL THEN
    faulty := 'subject';
    message := format('%s for channel "%s" needs a subject', what, c.channel);
    hint := format('Give the %s a subject.', what);
  ELSIF NOT c.has_subject AND NEW.subject IS NOT NULL THEN
    faulty := 'subject';
    message := format('channel "%s" has no subject', c.channel);
    hint := 'Leave the subject NULL.';
  ELSIF c.has_body AND coalesce(btrim(NEW.body::text), '') = '' THEN
    faulty := 'body';
    message := format('%s for channel "%s" needs a body', what, c.channel);
    hint := format('Give the %s a text; body_html alone is not enough.', what);
  ELSIF NOT c.has_body AND (NEW.body IS NOT NULL OR NEW.body_html IS NOT NULL) THEN
    faulty := CASE WHEN NEW.body IS NOT NULL THEN 'body' ELSE 'body_html' END;
    message := format('channel "%s" has no body', c.channel);
    hint := 'Leave body and body_html NULL.';
  ELSIF char_length(NEW.body::text) > c.body_limit THEN
    faulty := 'body';
    message := format('body is too long for channel "%s"', c.channel);
    hint := 'Shorten the text.';
  ELSIF char_length(NEW.body_html::text) > c.body_limit THEN
    faulty := 'body_html';
    message := format('HTML body is too long for channel "%s"', c.channel);
    hint := 'Shorten the text.';
  ELSE
    RETURN NEW;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'check_violation',
    MESSAGE = message,
    DETAIL = format('Channel "%s" %s a subject and %s.', c.channel,
      CASE WHEN c.has_subject THEN 'has' ELSE 'does not have' END,
      CASE WHEN c.has_body THEN format('takes a body of at most %s characters', c.body_limit)
        ELSE 'takes no body' END),
    HINT = hint,
    SCHEMA = 'campaign', TABLE = TG_TABLE_NAME, COLUMN = faulty;
END
$$;
COMMENT ON FUNCTION campaign.check_message_template() IS
'Trigger function: holds subject and body of a template or message to what its channel has and allows (23514).';

CREATE TRIGGER check_message_template
  BEFORE INSERT OR UPDATE OF channel, subject, body, body_html ON campaign.message_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.check_message_template();
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.message_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

CREATE FUNCTION campaign.copy_message_template(template uuid, tenant uuid, name text DEFAULT NULL) RETURNS uuid
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  copy uuid := campaign.uuid_v7();
BEGIN
  PERFORM campaign.require_tenant(tenant);
  INSERT INTO campaign.message_templates
    (tenant_id, id, channel, service_type, name, subject, body, body_html, copied_from)
  SELECT $2, copy, t.channel, s.service_type, coalesce($3, t.name), t.subject, t.body, t.body_html, t.id
  FROM campaign.message_templates t
    LEFT JOIN campaign.service_types s ON s.tenant_id = $2 AND s.service_type = t.service_type
  WHERE t.id = $1 AND t.tenant_id IN ($2, '00000000-0000-0000-0000-000000000000');
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'no_data_found',
      MESSAGE = format('message template %s does not exist', coalesce('"' || template || '"', 'null')),
      DETAIL = 'Neither the tenant nor the system tenant has a message template with this id.',
      HINT = 'Table campaign.message_templates lists the templates.';
  END IF;
  RETURN copy;
END
$$;
COMMENT ON FUNCTION campaign.copy_message_template(uuid, uuid, text) IS
'Copies a template of the tenant or of the system tenant to the tenant, to be edited there; returns the id of the copy. The copy is not a default; its service type is NULL if the tenant does not have it.';

INSERT INTO campaign.message_templates (tenant_id, id, channel, service_type, name, subject, body, is_default, seeded)
SELECT '00000000-0000-0000-0000-000000000000', s.id::uuid, 'email', s.service_type, s.name, s.subject,
  pg_catalog.format(E'Hi {{contact.first_name|there}},\n\n%s\n\nWould you take a minute to tell us, and others, how we did?\n{{link.review}}\n\nIf something is not right, just answer this email and we will take care of it.\n\nBest regards,\n{{tenant.sender_name|Your service team}}\n{{tenant.name}}\n\nNo more emails like this: {{link.unsubscribe}}\n', s.opening),
  true, true
FROM (VALUES
  ('00000000-0000-8000-8001-000000000001', 'hvac', 'Heating and cooling: ask for a review by email',
   'How is your heating and cooling running?',
   'Thank you for having {{tenant.name}} look after your heating and cooling. We hope the house is as comfortable as it should be.'),
  ('00000000-0000-8000-8001-000000000002', 'plumbing', 'Plumbing: ask for a review by email',
   'Is everything flowing as it should?',
   'Thank you for calling {{tenant.name}} for your plumbing. By now you will know whether the repair holds, and we hope that it does.'),
  ('00000000-0000-8000-8001-000000000003', 'electrical', 'Electrical: ask for a review by email',
   'How did our electrical work turn out?',
   'Thank you for choosing {{tenant.name}} for your electrical work. We hope that everything switches on and that you feel safe with it.'),
  ('00000000-0000-8000-8001-000000000004', 'cleaning', 'Cleaning: ask for a review by email',
   'How does your place look?',
   'Thank you for letting {{tenant.name}} clean for you. We hope that coming home was a pleasure.'),
  ('00000000-0000-8000-8001-000000000005', 'roofing', 'Roofing: ask for a review by email',
   'How is the new roof?',
   'Thank you for trusting {{tenant.name}} with your roof. It should keep you dry for many years, and we would like to know how the work itself went.'),
  ('00000000-0000-8000-8001-000000000006', 'painting', 'Painting: ask for a review by email',
   'Do you like the new colours?',
   'Thank you for choosing {{tenant.name}} to paint for you. The paint is dry, and we hope that you like it as much as we do.'),
  ('00000000-0000-8000-8001-000000000007', 'handyman', 'Handyman: ask for a review by email',
   'Is everything fixed?',
   'Thank you for having {{tenant.name}} take care of your list. We hope that everything works and nothing was left undone.'),
  ('00000000-0000-8000-8001-000000000008', 'other', 'Other services: ask for a review by email',
   'How did we do?',
   'Thank you for choosing {{tenant.name}}. We hope that you are happy with our work.')) AS s (id, service_type, name, subject, opening);

INSERT INTO campaign.message_templates (tenant_id, id, channel, service_type, name, body, is_default, seeded)
SELECT '00000000-0000-0000-0000-000000000000', s.id::uuid, 'sms', s.service_type, s.name,
  pg_catalog.format('Hi {{contact.first_name|there}}, %s. How did we do? {{link.review}} Reply STOP to opt out.', s.opening),
  true, true
FROM (VALUES
  ('00000000-0000-8000-8002-000000000001', 'hvac', 'Heating and cooling: ask for a review by SMS', 'thanks for trusting {{tenant.name}} with your heating and cooling'),
  ('00000000-0000-8000-8002-000000000002', 'plumbing', 'Plumbing: ask for a review by SMS', 'thanks for calling {{tenant.name}} for your plumbing'),
  ('00000000-0000-8000-8002-000000000003', 'electrical', 'Electrical: ask for a review by SMS', 'thanks for choosing {{tenant.name}} for your electrical work'),
  ('00000000-0000-8000-8002-000000000004', 'cleaning', 'Cleaning: ask for a review by SMS', 'thanks for letting {{tenant.name}} clean for you'),
  ('00000000-0000-8000-8002-000000000005', 'roofing', 'Roofing: ask for a review by SMS', 'thanks for trusting {{tenant.name}} with your roof'),
  ('00000000-0000-8000-8002-000000000006', 'painting', 'Painting: ask for a review by SMS', 'thanks for choosing {{tenant.name}} to paint for you'),
  ('00000000-0000-8000-8002-000000000007', 'handyman', 'Handyman: ask for a review by SMS', 'thanks for having {{tenant.name}} take care of your list'),
  ('00000000-0000-8000-8002-000000000008', 'other', 'Other services: ask for a review by SMS', 'thanks for choosing {{tenant.name}}')) AS s (id, service_type, name, opening);

CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.message_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.message_templates
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
COMMENT ON TRIGGER protect_seeded ON campaign.message_templates IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.message_templates IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER touch_updated_at ON campaign.message_templates IS 'Keeps updated_at.';
COMMENT ON TRIGGER check_message_template ON campaign.message_templates IS 'Subject and body are what the channel has and allows.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.message_templates'),
  ('member', 'INSERT (tenant_id, channel, service_type, name, subject, body, body_html, is_default)', 'TABLE campaign.message_templates'),
  ('member', 'UPDATE (service_type, name, subject, body, body_html, is_default, archived_at)', 'TABLE campaign.message_templates'),
  ('member', 'DELETE', 'TABLE campaign.message_templates'),
  ('member', 'EXECUTE', 'FUNCTION campaign.copy_message_template(uuid, uuid, text)');
