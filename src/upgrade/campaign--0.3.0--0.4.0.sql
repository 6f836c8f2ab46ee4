-- campaign 0.3.0 to 0.4.0: the documents, copies and contacts of outreach campaigns.
\echo Use "ALTER EXTENSION campaign UPDATE TO '0.4.0'" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

INSERT INTO campaign.schema_version (version, description) VALUES ('0.4.0', 'updated from 0.3.0');

ALTER TABLE campaign.tenants ADD COLUMN overlap_policy text NOT NULL DEFAULT 'warn',
  ADD CONSTRAINT tenants_overlap_policy_check CHECK (overlap_policy IN ('warn', 'block'));
DELETE FROM campaign.access_privileges WHERE level = 'member' AND object = 'TABLE campaign.tenants' AND privilege LIKE 'UPDATE (%';

COMMENT ON COLUMN campaign.tenants.overlap_policy IS 'What happens to a contact who is assigned to a campaign and is in another live one, or was written to a short time ago: warn, or block. Either stands in overlap_log.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'UPDATE (name, timezone, sender_name, review_url, link_base_url, min_gap, quiet_from, quiet_until, conflict_policy, review_cooldown, parallel_sequences, log_retention, overlap_policy)', 'TABLE campaign.tenants');

COMMENT ON FUNCTION campaign.unwrap_template_config(jsonb) IS 'Undoes double encoding: of a string that holds the JSON text of an array, however often encoded, that array; an array as it is, its elements that are such strings as the objects that they hold. The result is not validated. Raises CP003 for anything else.';

CREATE FUNCTION campaign.require_generation_config(config jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_require_generation_config';

COMMENT ON FUNCTION campaign.require_generation_config(jsonb) IS 'The check of the domain campaign.generation_config: true, or error CP003 with the first fault in the message and all of them (the first 20) in the detail.';

CREATE DOMAIN campaign.generation_config AS jsonb
  CONSTRAINT generation_config_check CHECK (campaign.require_generation_config(VALUE));

COMMENT ON DOMAIN campaign.generation_config IS 'How the messages of a campaign are generated: a JSON object, as campaign.generation_config_schema() describes it; {} says nothing. What a run leaves behind is no part of it. NULL passes, so columns of the domain are NOT NULL.';

CREATE FUNCTION campaign.generation_config_errors(config jsonb)
  RETURNS TABLE (path text, code text, message text, hint text)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_generation_config_errors';

COMMENT ON FUNCTION campaign.generation_config_errors(jsonb) IS 'Every fault (the first 1000), with its path, e.g. $.tone; no row for a valid document. The message completes a sentence that begins with the path.';

CREATE FUNCTION campaign.normalize_generation_config(config jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_normalize_generation_config';

COMMENT ON FUNCTION campaign.normalize_generation_config(jsonb) IS 'The document with its defaults (tone, variant_count) filled in, numbers in one spelling, and without texts that are empty. The same again for its own result. Raises CP003 for an invalid document.';

CREATE FUNCTION campaign.generation_config_schema() RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_generation_config_schema';

COMMENT ON FUNCTION campaign.generation_config_schema() IS 'The rules of campaign.generation_config as JSON Schema 2020-12, for front ends, generated from the tables that the domain is checked with. Both accept the same documents.';

CREATE FUNCTION campaign.unwrap_generation_config(config jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_unwrap_generation_config';

COMMENT ON FUNCTION campaign.unwrap_generation_config(jsonb) IS 'Undoes double encoding: of a string that holds the JSON text of an object, however often encoded, that object; an object as it is. The result is not validated. Raises CP003 for anything else.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'DOMAIN campaign.generation_config'),
  ('member', 'EXECUTE', 'FUNCTION campaign.require_generation_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.generation_config_errors(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.normalize_generation_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.generation_config_schema()'),
  ('member', 'EXECUTE', 'FUNCTION campaign.unwrap_generation_config(jsonb)');

CREATE FUNCTION campaign.require_sender_config(config jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_require_sender_config';

COMMENT ON FUNCTION campaign.require_sender_config(jsonb) IS 'The check of the domain campaign.sender_config: true, or error CP003 with the first fault in the message and all of them (the first 20) in the detail.';

CREATE DOMAIN campaign.sender_config AS jsonb
  CONSTRAINT sender_config_check CHECK (campaign.require_sender_config(VALUE));

COMMENT ON DOMAIN campaign.sender_config IS 'Who sends the messages of a campaign and at what pace: a JSON object, as campaign.sender_config_schema() describes it; {} says nothing. It is for workers: the engine keeps to send_limits. NULL passes, so columns of the domain are NOT NULL.';

CREATE FUNCTION campaign.sender_config_errors(config jsonb)
  RETURNS TABLE (path text, code text, message text, hint text)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_sender_config_errors';

COMMENT ON FUNCTION campaign.sender_config_errors(jsonb) IS 'Every fault (the first 1000), with its path, e.g. $.active_hours.start; no row for a valid document. The message completes a sentence that begins with the path.';

CREATE FUNCTION campaign.normalize_sender_config(config jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_normalize_sender_config';

COMMENT ON FUNCTION campaign.normalize_sender_config(jsonb) IS 'The document with its keys in order and numbers in one spelling; there are no defaults. The same again for its own result. Raises CP003 for an invalid document.';

CREATE FUNCTION campaign.sender_config_schema() RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_sender_config_schema';

COMMENT ON FUNCTION campaign.sender_config_schema() IS 'The rules of campaign.sender_config as JSON Schema 2020-12, for front ends, generated from the tables that the domain is checked with. Both accept the same documents, but that JSON Schema cannot say that delay_range.min is not above delay_range.max.';

CREATE FUNCTION campaign.unwrap_sender_config(config jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_unwrap_sender_config';

COMMENT ON FUNCTION campaign.unwrap_sender_config(jsonb) IS 'Undoes double encoding: of a string that holds the JSON text of an object, however often encoded, that object; an object as it is. The result is not validated. Raises CP003 for anything else.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'DOMAIN campaign.sender_config'),
  ('member', 'EXECUTE', 'FUNCTION campaign.require_sender_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.sender_config_errors(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.normalize_sender_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.sender_config_schema()'),
  ('member', 'EXECUTE', 'FUNCTION campaign.unwrap_sender_config(jsonb)');

CREATE OR REPLACE FUNCTION campaign.check_message_template() RETURNS trigger
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

ALTER TABLE campaign.campaign_templates DROP CONSTRAINT campaign_templates_default_config_check;
-- keys that mean nothing to anybody go
UPDATE campaign.campaign_templates t
   SET default_config = (SELECT coalesce(jsonb_object_agg(k.key, k.value), '{}') FROM jsonb_each(t.default_config) k
                          WHERE NOT EXISTS (SELECT FROM campaign.generation_config_errors(jsonb_build_object(k.key, k.value))))
 WHERE EXISTS (SELECT FROM campaign.generation_config_errors(t.default_config));
ALTER TABLE campaign.campaign_templates
  ALTER COLUMN default_config DROP DEFAULT,
  ALTER COLUMN default_config TYPE campaign.generation_config,
  ALTER COLUMN default_config SET DEFAULT '{}',
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  ADD COLUMN copied_from uuid,
  ADD COLUMN copied_version integer,
  ADD CONSTRAINT campaign_templates_version_check CHECK (version OPERATOR(pg_catalog.>=) 1),
  ADD CONSTRAINT campaign_templates_copied_check CHECK (
    (copied_from IS NULL) OPERATOR(pg_catalog.=) (copied_version IS NULL));

COMMENT ON COLUMN campaign.campaign_templates.default_config IS 'The generation_config of campaigns that are made from it, such as {"tone": "professional", "language": "en"}.';

COMMENT ON COLUMN campaign.campaign_templates.version IS 'Counts changes of description, steps and settings; a copy begins at the version that it was copied at.';

COMMENT ON COLUMN campaign.campaign_templates.copied_from IS 'The system template that it was copied from. Not a foreign key: the copy stands on its own.';

COMMENT ON COLUMN campaign.campaign_templates.copied_version IS 'Version of the system template that was copied. Unlike version, the tenant has changed its copy since.';

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

COMMENT ON COLUMN campaign.companies.tier IS 'How much the company matters to the tenant, in words of his own; filters compare it exactly.';

COMMENT ON COLUMN campaign.companies.industry IS 'In words of the tenant''s own; filters compare it exactly.';

COMMENT ON COLUMN campaign.contacts.company_id IS 'The company, of which tier and industry are.';

COMMENT ON COLUMN campaign.contacts.owner_member IS 'The member who looks after the contact.';

COMMENT ON COLUMN campaign.contacts.seniority IS 'In words of the tenant''s own; filters compare it exactly.';

COMMENT ON COLUMN campaign.contacts.icp_fit IS 'How well the contact fits the ideal customer, in words of the tenant''s own; filters compare it exactly.';

COMMENT ON COLUMN campaign.contacts.score IS 'The higher, the better; NULL: not judged.';

COMMENT ON COLUMN campaign.contacts.is_disqualified IS 'Not to be assigned to campaigns.';

ALTER TABLE campaign.outreach_campaigns
  ADD COLUMN generation_config campaign.generation_config NOT NULL DEFAULT '{}',
  ADD COLUMN sender_config campaign.sender_config NOT NULL DEFAULT '{}',
  DROP CONSTRAINT outreach_campaigns_audience_check,
  ADD CONSTRAINT outreach_campaigns_audience_check CHECK (audience IN ('jobs', 'contacts', 'assigned'));
DELETE FROM campaign.constraint_hints WHERE constraint_name IN ('outreach_campaigns.audience', 'outreach_campaigns_audience_check');

COMMENT ON FUNCTION campaign.create_campaign(uuid, text, jsonb, text, text, text, text) IS
'Creates an outreach campaign in draft and projects its steps; returns its id. audience jobs enrols completed jobs of service_type (NULL: of any), audience contacts is enrolled explicitly, audience assigned works on what campaign.assign_contacts() gave it. Raises CP003 for an invalid document, P0002 for a tenant that is not yours, 23505 for a name in use.';

CREATE OR REPLACE FUNCTION campaign.create_campaign_from_template(template uuid, name text, tenant uuid DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  found record := campaign.find_campaign_template(template, tenant, 'campaign');
  source campaign.campaign_templates := found.source;
  new_id uuid;
BEGIN
  new_id := campaign.create_campaign(found.target, name, source.template_config, description => source.description);
  UPDATE campaign.outreach_campaigns o SET generation_config = source.default_config
   WHERE o.tenant_id = found.target AND o.campaign_id = new_id;
  RETURN new_id;
END $$;

CREATE FUNCTION campaign.configure_campaign(campaign uuid, generation_config jsonb DEFAULT NULL, sender_config jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  locked record := campaign.lock_outreach_campaign(campaign);
BEGIN
  IF locked.status NOT IN ('draft', 'ready') THEN
    RAISE EXCEPTION 'the settings of a campaign in status "%" cannot be edited', locked.status
      USING ERRCODE = 'CP002',
            DETAIL = 'How messages are generated and sent is edited in draft and ready only.',
            HINT = 'Bring the campaign back to ready, or clone it.';
  END IF;
  UPDATE campaign.outreach_campaigns o
     SET generation_config = coalesce($2, o.generation_config), sender_config = coalesce($3, o.sender_config)
   WHERE o.tenant_id = locked.tenant AND o.campaign_id = $1;
END $$;

COMMENT ON FUNCTION campaign.configure_campaign(uuid, jsonb, jsonb) IS
'Replaces the generation_config and the sender_config of a campaign in draft or ready, each as a whole; NULL leaves one as it is. Raises CP003 for an invalid document, CP002 in any other status, P0002.';

CREATE OR REPLACE FUNCTION campaign.check_outreach_preconditions() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  n bigint;
BEGIN
  IF NEW.status IN ('generating', 'exported') THEN
    RAISE EXCEPTION 'status "%" is not entered by a transition', NEW.status
      USING ERRCODE = 'CP002',
            DETAIL = 'A campaign is generating while a generation job runs, and exported once its messages were.',
            HINT = 'Launch the campaign instead.';
  -- the way back is always open: an enabled step every document has
  ELSIF NEW.status = 'ready' AND OLD.status = 'draft' THEN
    PERFORM campaign.require_assigned_contacts(NEW.tenant_id, NEW.id);
  ELSIF NEW.status = 'running' THEN
    PERFORM campaign.require_sendable_plan(NEW.tenant_id, NEW.id);
    PERFORM campaign.require_no_rival(NEW.tenant_id, NEW.id);
  ELSIF NEW.status = 'completed' THEN
    PERFORM campaign.require_read_committed('completing a campaign');
    SELECT count(*) INTO n FROM campaign.campaign_enrollments e
     WHERE e.tenant_id = NEW.tenant_id AND e.campaign_id = NEW.id AND e.status = 'active';
    IF n > 0 THEN
      RAISE EXCEPTION 'campaign "%" has live enrolments', NEW.name
        USING ERRCODE = 'CP002',
              DETAIL = format('%s enrolments would neither send nor finish.', n),
              HINT = 'Wait until they have ended, or pause and archive the campaign, which stops them.';
    END IF;
  ELSIF NEW.status = 'archived' THEN
    PERFORM campaign.require_read_committed('archiving a campaign');
    SELECT count(*) INTO n FROM campaign.lanes l JOIN campaign.touch_queue q ON q.tenant_id = l.tenant_id AND q.lane = l.lane
     WHERE l.tenant_id = NEW.tenant_id AND l.campaign_id = NEW.id AND q.tenant_id = NEW.tenant_id
       AND q.lease_until > clock_timestamp();
    IF n > 0 THEN
      RAISE EXCEPTION 'campaign "%" has leased touches', NEW.name
        USING ERRCODE = 'CP002',
              DETAIL = format('%s touches are with workers.', n),
              HINT = 'Try again when they are reported or their leases have ended.';
    END IF;
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION campaign.check_outreach_edit() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  current_status text;
BEGIN
  SELECT c.status INTO current_status FROM campaign.campaigns c
   WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.campaign_id FOR KEY SHARE;
  IF current_status NOT IN ('draft', 'ready') THEN
    RAISE EXCEPTION 'the audience of a campaign in status "%" cannot be edited', current_status
      USING ERRCODE = 'CP002',
            DETAIL = 'Audience and service type are edited in draft and ready only.',
            HINT = 'Bring the campaign back to draft, or create another one.';
  END IF;
  IF current_status = 'ready' AND NEW.audience = 'assigned' AND OLD.audience <> 'assigned' THEN
    PERFORM campaign.refuse_without_contacts(NEW.tenant_id, NEW.campaign_id);
  END IF;
  RETURN NEW;
END $$;

COMMENT ON FUNCTION campaign.check_outreach_edit() IS
'Trigger: refuses (CP002) to change audience or service type outside draft and ready, and an audience in ready that could not have got there.';

INSERT INTO campaign.constraint_hints (constraint_name, hint) VALUES
  ('outreach_campaigns.audience', 'The audience is jobs, contacts or assigned.'),
  ('outreach_campaigns_audience_check', 'The audience is jobs, contacts or assigned.');

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.configure_campaign(uuid, jsonb, jsonb)');

COMMENT ON COLUMN campaign.outreach_campaigns.audience IS 'jobs: completed jobs are enrolled automatically; contacts: contacts are enrolled explicitly; assigned: it works on its rows of campaign_contacts.';

COMMENT ON COLUMN campaign.outreach_campaigns.generation_config IS 'How messages are generated; edited with configure_campaign().';

COMMENT ON COLUMN campaign.outreach_campaigns.sender_config IS 'Who sends them and at what pace; edited with configure_campaign().';

CREATE FUNCTION campaign.save_as_template(campaign uuid, name text DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  design campaign.outreach_campaigns := campaign.find_outreach_campaign(campaign, campaign.writable_tenants());
  new_id uuid := campaign.uuid_v7();
  fault_state text;
  fault_message text;
  fault_detail text;
  fault_table text;
  fault_column text;
  fault_constraint text;
BEGIN
  PERFORM campaign.lock_tenant_key(design.tenant_id);
  INSERT INTO campaign.campaign_templates (tenant_id, id, name, description, template_config, default_config)
  SELECT c.tenant_id, new_id, coalesce($2, left(c.name, 246) || ' Template'), left(c.description, 2000),
         design.template_config, design.generation_config
    FROM campaign.campaigns c WHERE c.tenant_id = design.tenant_id AND c.id = $1;
  RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
  GET STACKED DIAGNOSTICS fault_state = RETURNED_SQLSTATE, fault_message = MESSAGE_TEXT, fault_detail = PG_EXCEPTION_DETAIL,
    fault_table = TABLE_NAME, fault_column = COLUMN_NAME, fault_constraint = CONSTRAINT_NAME;
  PERFORM campaign.raise_violation(fault_state, fault_message, fault_detail, fault_table, fault_column, fault_constraint);
END $$;

COMMENT ON FUNCTION campaign.save_as_template(uuid, text) IS
'Makes a template of a campaign''s steps, disabled ones included, its generation_config and description; returns its id. The name defaults to that of the campaign and "Template"; names of templates need not be unique. Raises P0002 for a campaign that you may not change, 23514 for a name that is blank or too long.';

CREATE FUNCTION campaign.clone_campaign(campaign uuid, name text DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  design campaign.outreach_campaigns := campaign.find_outreach_campaign(campaign, campaign.writable_tenants());
  common campaign.campaigns;
  copies integer := 0;
  suffix text;
  free_name text := name;
  new_id uuid;
  violated text;
BEGIN
  PERFORM campaign.lock_tenant_key(design.tenant_id);
  SELECT c.* INTO common FROM campaign.campaigns c WHERE c.tenant_id = design.tenant_id AND c.id = campaign;
  -- Who takes the same name at the same time is waited for by the unique index, and then has it.
  LOOP
    IF name IS NULL THEN
      LOOP
        copies := copies + 1;
        suffix := ' (Copy)' || CASE WHEN copies > 1 THEN format(' (%s)', copies) ELSE '' END;
        free_name := left(common.name, 255 - length(suffix)) || suffix;
        EXIT WHEN NOT EXISTS (SELECT FROM campaign.campaigns c
                               WHERE c.tenant_id = common.tenant_id AND lower(c.name) = lower(free_name) AND c.archived_at IS NULL);
      END LOOP;
    END IF;
    BEGIN
      new_id := campaign.create_campaign(common.tenant_id, free_name, design.template_config, design.audience, design.service_type, common.description);
      EXIT;
    EXCEPTION WHEN unique_violation THEN
      GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
      IF name IS NOT NULL OR violated <> 'campaigns_name_key' THEN
        RAISE;
      END IF;
    END;
  END LOOP;
  UPDATE campaign.outreach_campaigns o
     SET generation_config = design.generation_config, sender_config = design.sender_config, language = design.language,
         max_attempts = design.max_attempts, resume_policy = design.resume_policy
   WHERE o.tenant_id = common.tenant_id AND o.campaign_id = new_id;
  RETURN new_id;
END $$;

COMMENT ON FUNCTION campaign.clone_campaign(uuid, text) IS
'Makes a draft with everything of a campaign that is design: the steps as they are, disabled ones included, description, audience, service type, generation_config, sender_config, language, max_attempts and resume_policy; and nothing that is run: no contacts, no history, no external_id. Returns its id; it belongs to whoever clones. The name defaults to "X (Copy)", "X (Copy) (2)" and so on, the first that is free. Campaigns of any status can be cloned. Raises P0002 for a campaign that you may not change, 23505 for a name in use, CP003 if a disabled step names a message template that is gone.';

CREATE FUNCTION campaign.clone_campaign_template(template uuid, name text DEFAULT NULL, tenant uuid DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found record := campaign.find_campaign_template(template, tenant, 'template');
  source campaign.campaign_templates := found.source;
  new_id uuid := campaign.uuid_v7();
  fault_state text;
  fault_message text;
  fault_detail text;
  fault_table text;
  fault_column text;
  fault_constraint text;
BEGIN
  PERFORM campaign.require_tenant(found.target);
  PERFORM campaign.lock_tenant_key(found.target);
  -- a copy of a copy descends from the system's template, too
  INSERT INTO campaign.campaign_templates (tenant_id, id, name, description, template_config, default_config, version, copied_from, copied_version)
  VALUES (found.target, new_id,
          coalesce($2, CASE WHEN source.is_system THEN source.name ELSE left(source.name, 248) || ' (Copy)' END),
          source.description, source.template_config, source.default_config, source.version,
          CASE WHEN source.is_system THEN source.id ELSE source.copied_from END,
          CASE WHEN source.is_system THEN source.version ELSE source.copied_version END);
  RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
  GET STACKED DIAGNOSTICS fault_state = RETURNED_SQLSTATE, fault_message = MESSAGE_TEXT, fault_detail = PG_EXCEPTION_DETAIL,
    fault_table = TABLE_NAME, fault_column = COLUMN_NAME, fault_constraint = CONSTRAINT_NAME;
  PERFORM campaign.raise_violation(fault_state, fault_message, fault_detail, fault_table, fault_column, fault_constraint);
END $$;

COMMENT ON FUNCTION campaign.clone_campaign_template(uuid, text, uuid) IS
'Copies a template of the system, or one of your own, to your tenant, to be edited there; returns its id. The copy remembers which version of which system template it is. The name defaults to the same one, of your own to "X (Copy)". The tenant may be left out where you write to one only. Raises P0002 for an unknown template, 42501 for viewers, 22023 where the tenant is not determined, 23514 for a name that is blank or too long.';

CREATE VIEW campaign.campaign_template_upgrades WITH (security_invoker = true) AS
  SELECT t.tenant_id, t.id AS template, t.name, t.copied_from, s.name AS copied_name, t.copied_version, s.version AS newest_version,
         t.version OPERATOR(pg_catalog.<>) t.copied_version AS is_changed
    FROM campaign.campaign_templates t
    JOIN campaign.campaign_templates s ON s.tenant_id OPERATOR(pg_catalog.=) '00000000-0000-0000-0000-000000000000'::pg_catalog.uuid
     AND s.id OPERATOR(pg_catalog.=) t.copied_from
   WHERE s.version OPERATOR(pg_catalog.>) t.copied_version;

COMMENT ON VIEW campaign.campaign_template_upgrades IS 'Copies of system templates of which there is a newer version: upgrade_campaign_template() takes it over, with force if the tenant has changed its copy since (is_changed).';

CREATE FUNCTION campaign.upgrade_campaign_template(template uuid, force boolean DEFAULT false) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  own campaign.campaign_templates;
  source campaign.campaign_templates;
BEGIN
  PERFORM campaign.lock_tenant_key(t.tenant_id) FROM campaign.campaign_templates t
   WHERE t.tenant_id = ANY (campaign.writable_tenants()) AND t.id = template;
  SELECT t.* INTO own FROM campaign.campaign_templates t
   WHERE t.tenant_id = ANY (campaign.writable_tenants()) AND t.id = template FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign template % does not exist', coalesce('"' || template || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a template with this id.',
            HINT = 'See the table campaign.campaign_templates.';
  END IF;
  SELECT t.* INTO source FROM campaign.campaign_templates t
   WHERE t.tenant_id = '00000000-0000-0000-0000-000000000000' AND t.id = own.copied_from;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign template "%" is no copy of a system template', own.name
      USING ERRCODE = 'CP002',
            DETAIL = CASE WHEN own.copied_from IS NULL THEN 'It was made by its tenant.'
                     ELSE 'The system template that it was copied from is gone.' END,
            HINT = 'Only copies made by campaign.clone_campaign_template() are upgraded.';
  END IF;
  IF force IS NOT TRUE THEN
    IF source.version <= own.copied_version THEN
      RETURN own.copied_version;
    ELSIF own.version <> own.copied_version THEN
      RAISE EXCEPTION 'campaign template "%" has been changed', own.name
        USING ERRCODE = 'CP002',
              DETAIL = format('It was copied at version %s of "%s", which is at %s, and changed since.', own.copied_version, source.name, source.version),
              HINT = 'Pass force to give up the changes, or clone the system template beside it.';
    END IF;
  END IF;
  UPDATE campaign.campaign_templates t
     SET description = source.description, template_config = source.template_config, default_config = source.default_config,
         version = source.version, copied_version = source.version
   WHERE t.tenant_id = own.tenant_id AND t.id = own.id;
  RETURN source.version;
END $$;

COMMENT ON FUNCTION campaign.upgrade_campaign_template(uuid, boolean) IS
'Brings a copy of a system template to its present version: description, steps and settings; the name stays, and campaigns made from it are as they were. Returns the version, also where there is nothing newer. Raises CP002 for a copy that was changed, unless force gives the changes up, and for a template that is no copy; P0002.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.save_as_template(uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.clone_campaign(uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.clone_campaign_template(uuid, text, uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.upgrade_campaign_template(uuid, boolean)'),
  ('member', 'SELECT', 'TABLE campaign.campaign_template_upgrades');

CREATE OR REPLACE FUNCTION campaign.refuse_enrollment(tenant uuid, campaign uuid, contact uuid, job uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  asked record;
BEGIN
  SELECT c.status AS campaign_status, k.id IS NOT NULL AS has_contact, k.archived_at, j.status AS job_status,
         x.status = 'excluded' AS is_excluded,
         campaign.now() - make_interval(secs => extract(epoch FROM t.review_cooldown)::double precision) AS since
    INTO asked
    FROM campaign.tenants t
    LEFT JOIN campaign.campaigns c ON c.tenant_id = tenant AND c.id = campaign AND c.kind = 'outreach'
    LEFT JOIN campaign.contacts k ON k.tenant_id = tenant AND k.id = contact
    LEFT JOIN campaign.campaign_contacts x ON x.tenant_id = tenant AND x.campaign_id = campaign AND x.contact_id = contact
    LEFT JOIN campaign.jobs j ON j.tenant_id = tenant AND j.id = job
   WHERE t.id = tenant;
  IF asked.campaign_status IS DISTINCT FROM 'running' THEN
    outcome := 'not_matched';
    reason := 'campaign_' || coalesce(asked.campaign_status, 'missing');
  ELSIF NOT asked.has_contact THEN
    outcome := 'not_matched';
    reason := 'contact_missing';
  ELSIF asked.archived_at IS NOT NULL THEN
    outcome := 'suppressed';
    reason := 'contact_archived';
  ELSIF asked.is_excluded THEN
    outcome := 'suppressed';
    reason := 'contact_excluded';
  ELSIF job IS NOT NULL AND asked.job_status IS DISTINCT FROM 'completed' THEN
    outcome := 'not_matched';
    reason := 'job_' || coalesce(asked.job_status, 'missing');
  ELSIF campaign.has_reviewed(tenant, contact, asked.since) THEN
    outcome := 'suppressed';
    reason := 'review_cooldown';
  END IF;
END $$;

CREATE OR REPLACE FUNCTION campaign.enroll_contacts(campaign uuid, ids uuid[], anchor_at timestamptz DEFAULT NULL,
  OUT outcome text, OUT reason text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  tenant uuid := campaign.require_enrollment_target(campaign, anchor_at);
  wanted record := campaign.distinct_ids(coalesce(ids, '{}'));
  campaign_status text;
  policy text;
  locked record;
  excluded uuid[];
  present uuid[];
  class record;
BEGIN
  PERFORM campaign.require_read_committed('enroll_contacts()');
  PERFORM campaign.lock_tenant_key(tenant);
  SELECT c.status INTO campaign_status FROM campaign.campaigns c WHERE c.tenant_id = tenant AND c.id = campaign FOR KEY SHARE;
  IF campaign_status <> 'running' THEN
    RETURN QUERY SELECT 'not_matched', 'campaign_' || campaign_status, cardinality(ids)::bigint WHERE cardinality(ids) > 0;
    RETURN;
  END IF;
  locked := campaign.lock_contacts(tenant, wanted.present);
  PERFORM campaign.settle_contact_conflicts(tenant, d.contact_id)
     FROM (SELECT DISTINCT x.contact_id FROM campaign.enrollment_conflicts x JOIN unnest(locked.present) p(id) ON p.id = x.contact_id
            WHERE x.tenant_id = tenant AND x.resolution IS NULL AND x.resolve_after <= now_time) d;
  excluded := ARRAY(SELECT k.contact_id FROM campaign.campaign_contacts k
                     WHERE k.tenant_id = tenant AND k.campaign_id = campaign AND k.status = 'excluded' AND k.contact_id = ANY (locked.present));
  present := CASE WHEN cardinality(excluded) = 0 THEN locked.present
                  ELSE ARRAY(SELECT p.id FROM unnest(locked.present) p(id) WHERE p.id <> ALL (excluded) ORDER BY p.id) END;
  class := campaign.classify_contacts(tenant, campaign, present);
  SELECT t.conflict_policy INTO policy FROM campaign.tenants t WHERE t.id = tenant;
  PERFORM campaign.enroll_free_contacts(tenant, campaign, class.free, class.taken, class.taken_by, anchor_at, policy);
  RETURN QUERY SELECT r.* FROM (VALUES
      ('enrolled', NULL, cardinality(class.free)::bigint),
      ('enrolled', 'replaced', CASE WHEN policy = 'replace' THEN cardinality(class.taken)::bigint END),
      ('already_live', 'live_in_this_campaign', class.already),
      ('conflict', 'live_in_another_campaign', CASE WHEN policy <> 'replace' THEN cardinality(class.taken)::bigint END),
      ('suppressed', 'contact_archived', locked.archived),
      ('suppressed', 'contact_excluded', cardinality(excluded)::bigint),
      ('suppressed', 'review_cooldown', class.reviewed),
      ('not_matched', 'contact_missing', cardinality(wanted.present) - cardinality(locked.present) - locked.archived
                                         + cardinality(ids) - wanted.given),
      ('not_matched', 'duplicate', wanted.given - cardinality(wanted.present))) r(outcome, reason, contacts)
   WHERE r.contacts > 0;
END $$;

CREATE FUNCTION campaign.changed_fields(old jsonb, new jsonb)
RETURNS TABLE (field text, old_value jsonb, new_value jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT f.field, $1 -> f.field, $2 -> f.field
    FROM jsonb_object_keys(coalesce($1, '{}') || coalesce($2, '{}')) AS f(field)
   WHERE $1 -> f.field IS DISTINCT FROM $2 -> f.field
     AND ($1 IS NOT NULL AND $2 IS NOT NULL
          OR (f.field, coalesce($1, $2) -> f.field) NOT IN (('variant_count', '1'), ('enabled', 'true'))
             AND (coalesce($1, $2) -> f.field NOT IN ('false', '[]', '{}', '"always"', '"advance"') OR f.field = 'enabled'));
END;

COMMENT ON FUNCTION campaign.changed_fields(jsonb, jsonb) IS
'Internal: the fields in which two steps differ. Of a step that comes or goes, the other being NULL, those that say something: what is absent or at its default does not.';

CREATE FUNCTION campaign.match_steps(old_steps jsonb[], new_steps jsonb[])
RETURNS TABLE (old_place integer, new_place integer, moved boolean)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  m constant integer := coalesce(cardinality(old_steps), 0);
  n constant integer := coalesce(cardinality(new_steps), 0);
  w constant integer := n + 1;
  score integer[];
  same boolean[];
  -- the best that the first i old and the first j new steps can have in common, at i * w + j + 1
  best integer[] := array_fill(0, ARRAY[(m + 1) * w]);
  partner integer[] := array_fill(0, ARRAY[m + 1]);
  taken boolean[] := array_fill(false, ARRAY[n + 1]);
  i integer;
  j integer;
  k integer;
BEGIN
  -- texts are long: each is read once and compared by its hash
  WITH steps AS MATERIALIZED (
    SELECT s.is_old, s.place, md5(s.step::text) AS everything, s.step ->> 'channel' AS channel, s.step ->> 'label' AS label,
           s.step -> 'delay_hours' AS delay,
           md5((SELECT string_agg(t.key || t.value, '|' ORDER BY t.key) FROM jsonb_each_text(s.step) t
                 WHERE t.key IN ('template_id', 'subject', 'body_html', 'body_text'))) AS message
      FROM (SELECT true AS is_old, u.step, u.place FROM unnest(old_steps) WITH ORDINALITY AS u(step, place)
             UNION ALL SELECT false, u.step, u.place FROM unnest(new_steps) WITH ORDINALITY AS u(step, place)) s
  ), twins AS (
    -- what is there unchanged is nothing else changed
    SELECT s.*, EXISTS (SELECT FROM steps t WHERE t.is_old <> s.is_old AND t.everything = s.everything) AS has_twin FROM steps s
  )
  SELECT array_agg(CASE WHEN o.everything = p.everything THEN 24
                        WHEN o.has_twin OR p.has_twin THEN 0
                        ELSE 8 * (o.channel = p.channel)::integer + 8 * coalesce(o.message = p.message, false)::integer
                           + 4 * (o.label = p.label)::integer + (o.delay = p.delay)::integer END ORDER BY o.place, p.place),
         array_agg(o.everything = p.everything
                   OR NOT o.has_twin AND NOT p.has_twin AND o.channel = p.channel
                      AND (o.message = p.message OR o.label = p.label AND o.message IS NOT DISTINCT FROM p.message) ORDER BY o.place, p.place)
    INTO score, same
    FROM twins o JOIN twins p ON o.is_old AND NOT p.is_old;

  FOR i IN 1 .. m LOOP
    FOR j IN 1 .. n LOOP
      k := (i - 1) * n + j;
      best[i * w + j + 1] := greatest(best[(i - 1) * w + j] + score[k], best[(i - 1) * w + j + 1], best[i * w + j]);
    END LOOP;
  END LOOP;
  i := m;
  j := n;
  WHILE i > 0 AND j > 0 LOOP
    k := (i - 1) * n + j;
    IF score[k] > 0 AND best[i * w + j + 1] = best[(i - 1) * w + j] + score[k] THEN
      partner[i] := j;
      taken[j] := true;
      i := i - 1;
      j := j - 1;
    ELSIF best[i * w + j + 1] = best[(i - 1) * w + j + 1] THEN
      i := i - 1;
    ELSE
      j := j - 1;
    END IF;
  END LOOP;

  FOR i IN 1 .. m LOOP
    old_place := i;
    new_place := nullif(partner[i], 0);
    moved := false;
    IF new_place IS NULL THEN
      SELECT c INTO new_place FROM generate_series(1, n) c
       WHERE NOT taken[c] AND same[(i - 1) * n + c] ORDER BY score[(i - 1) * n + c] DESC, c LIMIT 1;
      moved := new_place IS NOT NULL;
      IF moved THEN
        taken[new_place] := true;
      END IF;
    END IF;
    RETURN NEXT;
  END LOOP;
  RETURN QUERY SELECT NULL::integer, c, false FROM generate_series(1, n) c WHERE NOT taken[c];
END $$;

COMMENT ON FUNCTION campaign.match_steps(jsonb[], jsonb[]) IS
'Internal: which step became which, by their places from 1; NULL for one that came or went. moved: the order is another one.';

CREATE FUNCTION campaign.diff_template_config(a jsonb, b jsonb)
RETURNS TABLE (change text, old_step smallint, new_step smallint, path text, old jsonb, new jsonb)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  old_steps constant jsonb[] := ARRAY(SELECT s.step - 'step' FROM jsonb_array_elements(campaign.normalize_template_config(a)) WITH ORDINALITY AS s(step, place) ORDER BY s.place);
  new_steps constant jsonb[] := ARRAY(SELECT s.step - 'step' FROM jsonb_array_elements(campaign.normalize_template_config(b)) WITH ORDINALITY AS s(step, place) ORDER BY s.place);
  old_hours jsonb[];
  new_hours jsonb[];
BEGIN
  SELECT array_agg(CASE WHEN h.is_old THEN h.step END ORDER BY h.place) FILTER (WHERE h.is_old),
         array_agg(CASE WHEN NOT h.is_old THEN h.step END ORDER BY h.place) FILTER (WHERE NOT h.is_old)
    INTO old_hours, new_hours
    FROM (SELECT s.is_old, s.place,
                 CASE WHEN s.step ? 'day_offset' THEN jsonb_set(s.step - 'day_offset', '{delay_hours}', to_jsonb((s.step ->> 'day_offset')::integer * 24))
                      ELSE s.step END AS step
            FROM (SELECT true AS is_old, u.step, u.place FROM unnest(old_steps) WITH ORDINALITY AS u(step, place)
                   UNION ALL SELECT false, u.step, u.place FROM unnest(new_steps) WITH ORDINALITY AS u(step, place)) s) h;
  RETURN QUERY
  WITH pair AS MATERIALIZED (
    SELECT p.old_place::smallint AS old_place, p.new_place::smallint AS new_place, p.moved,
           CASE WHEN old_steps[p.old_place] ? 'day_offset' = (new_steps[p.new_place] ? 'day_offset') THEN old_steps[p.old_place] ELSE old_hours[p.old_place] END AS o,
           CASE WHEN old_steps[p.old_place] ? 'day_offset' = (new_steps[p.new_place] ? 'day_offset') THEN new_steps[p.new_place] ELSE new_hours[p.new_place] END AS n
      FROM campaign.match_steps(old_hours, new_hours) p
  ), difference AS (
    SELECT CASE WHEN p.old_place IS NULL THEN 'added' ELSE 'removed' END AS change, p.old_place, p.new_place,
           format('$[%s]', coalesce(p.new_place, p.old_place) - 1) AS path,
           CASE WHEN p.new_place IS NULL THEN s.step END AS old, CASE WHEN p.old_place IS NULL THEN s.step END AS new, 1 AS part, NULL::text AS field
      FROM pair p
     CROSS JOIN LATERAL (SELECT jsonb_object_agg(f.field, coalesce(f.new_value, f.old_value)) AS step
                           FROM campaign.changed_fields(old_steps[p.old_place], new_steps[p.new_place]) f) s
     WHERE p.old_place IS NULL OR p.new_place IS NULL
     UNION ALL
    SELECT 'moved', p.old_place, p.new_place, format('$[%s].step', p.new_place - 1), to_jsonb(p.old_place), to_jsonb(p.new_place), 2, NULL
      FROM pair p WHERE p.moved
     UNION ALL
    SELECT 'changed', p.old_place, p.new_place, format('$[%s].%s', p.new_place - 1, f.field), f.old_value, f.new_value, 3, f.field
      FROM pair p
     CROSS JOIN LATERAL (
       SELECT c.field, c.old_value, c.new_value FROM campaign.changed_fields(p.o - 'config', p.n - 'config') c
        UNION ALL
       SELECT 'config.' || c.field, c.old_value, c.new_value
         FROM campaign.changed_fields(coalesce(p.o -> 'config', '{}'), coalesce(p.n -> 'config', '{}')) c) f
     WHERE p.old_place IS NOT NULL AND p.new_place IS NOT NULL
  )
  SELECT d.change, d.old_place, d.new_place, d.path, d.old, d.new
    FROM difference d
   ORDER BY coalesce(d.new_place, d.old_place), d.part, d.old_place NULLS LAST,
            array_position('{channel,label,enabled,delay_hours,day_offset}'::text[], d.field), d.field COLLATE "C";
END $$;

COMMENT ON FUNCTION campaign.diff_template_config(jsonb, jsonb) IS
'What differs between two documents, both in normal form, so that a default that is spelled out is no difference: a row for each step that was added (new: what it says), removed (old) or moved behind or before others (the old and new number), and for each key that changed, with the path in the new document, of a removed step in the old one. NULL stands for no steps. Raises CP003 for an invalid document.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.diff_template_config(jsonb, jsonb)');

CREATE OR REPLACE FUNCTION campaign.diff_plan(campaign uuid, from_version integer, to_version integer DEFAULT NULL)
RETURNS TABLE (touch_number smallint, change text, field text, old text, new text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target campaign.outreach_campaigns := campaign.find_outreach_campaign($1, campaign.readable_tenants());
BEGIN
  PERFORM campaign.require_plan_version(target.tenant_id, $1, $2);
  PERFORM campaign.require_plan_version(target.tenant_id, $1, coalesce($3, target.plan_version));
  RETURN QUERY
  WITH touches AS MATERIALIZED (
    SELECT t.plan_version, t.touch_number,
           jsonb_strip_nulls(to_jsonb(t) - '{tenant_id,campaign_id,plan_version,touch_number,step,delay,max_lateness}'::text[]
             || jsonb_build_object('delay_hours', trim_scale(extract(epoch FROM t.delay) / 3600),
                                   'max_lateness_hours', trim_scale(extract(epoch FROM t.max_lateness) / 3600))) AS document
      FROM campaign.campaign_touches t
     WHERE t.tenant_id = target.tenant_id AND t.campaign_id = $1
       AND t.plan_version IN ($2, coalesce($3, target.plan_version))
  )
  SELECT coalesce(o.touch_number, n.touch_number),
         CASE WHEN o.document IS NULL THEN 'added' WHEN n.document IS NULL THEN 'removed' ELSE 'changed' END,
         f.field, f.old_value #>> '{}', f.new_value #>> '{}'
    FROM (SELECT * FROM touches t WHERE t.plan_version = $2) o
    FULL JOIN (SELECT * FROM touches t WHERE t.plan_version = coalesce($3, target.plan_version)) n USING (touch_number)
   CROSS JOIN LATERAL campaign.changed_fields(o.document, n.document) f
   ORDER BY 1, array_position('{channel,label,delay_hours}'::text[], f.field), 3;
END $$;

ALTER TABLE campaign.personal_data ADD COLUMN removes boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT personal_data_removes_check CHECK (NOT removes OR scrub IS NULL);

COMMENT ON COLUMN campaign.personal_data.removes IS 'The rows go, since they say nothing but something personal.';

UPDATE campaign.personal_data SET position = 100 WHERE relation = 'contacts';

CREATE OR REPLACE FUNCTION campaign.erase_contact(contact uuid, OUT relation text, OUT scrubbed bigint) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
  now_time timestamptz := campaign.now();
  item record;
BEGIN
  PERFORM campaign.require_read_committed('erase_contact()');
  owner_tenant := campaign.lock_contact_for_erasure(contact);
  PERFORM campaign.stop_contact_enrollments(owner_tenant, contact, 'contact_archived');
  PERFORM campaign.hash_contact_suppressions(owner_tenant, contact);
  FOR item IN
    SELECT p.relation, p.belongs, p.scrub, p.removes FROM campaign.personal_data p
     WHERE p.scrub IS NOT NULL OR p.removes ORDER BY p.position, p.relation
  LOOP
    EXECUTE format(CASE WHEN item.removes THEN 'DELETE FROM campaign.%1$I t WHERE t.tenant_id = $1 AND %3$s'
                        ELSE 'UPDATE campaign.%1$I t SET %2$s WHERE t.tenant_id = $1 AND %3$s' END,
                   item.relation, item.scrub, item.belongs)
      USING owner_tenant, contact, now_time;
    GET DIAGNOSTICS scrubbed = ROW_COUNT;
    relation := item.relation;
    RETURN NEXT;
  END LOOP;
END $$;

CREATE TABLE campaign.contact_tags (
  tenant_id  uuid NOT NULL,
  contact_id uuid NOT NULL,
  tag        text COLLATE "C" NOT NULL,
  at         timestamptz NOT NULL,
  CONSTRAINT contact_tags_pkey PRIMARY KEY (tenant_id, contact_id, tag),
  CONSTRAINT contact_tags_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT contact_tags_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT contact_tags_tag_check CHECK (tag ~ '^\S(.*\S)?$' AND tag !~ '[[:cntrl:]]' AND pg_catalog.length(tag) <= 100)
);

CREATE INDEX contact_tags_tag_idx ON campaign.contact_tags (tenant_id, tag, contact_id);

SELECT pg_catalog.pg_extension_config_dump('campaign.contact_tags', '');

COMMENT ON TABLE campaign.contact_tags IS 'Which contacts have which tags. Written by campaign.tag_contacts() and campaign.untag_contacts().';

COMMENT ON COLUMN campaign.contact_tags.tag IS 'Any name of 1 to 100 characters; compared exactly. A batch of imported contacts is a tag as well.';

COMMENT ON COLUMN campaign.contact_tags.at IS 'Since when the contact has it, by the engine''s clock.';

CREATE FUNCTION campaign.require_tags(tags text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  bad text;
BEGIN
  IF tags IS NULL OR cardinality(tags) NOT BETWEEN 1 AND 100 THEN
    RAISE EXCEPTION 'there must be 1 to 100 tags'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = CASE WHEN tags IS NULL THEN 'They are null.' ELSE format('There are %s.', cardinality(tags)) END,
            HINT = 'Pass the tags as an array: ARRAY[''newsletter''].';
  END IF;
  FOREACH bad IN ARRAY tags LOOP
    IF bad IS NULL OR bad COLLATE "C" !~ '^\S(.*\S)?$' OR bad COLLATE "C" ~ '[[:cntrl:]]' OR length(bad) > 100 THEN
      RAISE EXCEPTION 'invalid tag %', coalesce(quote_literal(left(bad, 100)), 'NULL')
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = 'A tag has 1 to 100 characters, no control characters, and no blank at either end.',
              HINT = 'Trim it, or shorten it.';
    END IF;
  END LOOP;
END $$;

COMMENT ON FUNCTION campaign.require_tags(text[]) IS
'Internal: raises 22023 unless these are 1 to 100 tags.';

CREATE FUNCTION campaign.insert_contact_tag_rows(tenant uuid, contacts uuid[], tag text, at timestamptz) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_insert_contact_tag_rows';

COMMENT ON FUNCTION campaign.insert_contact_tag_rows(uuid, uuid[], text, timestamptz) IS
'Internal: gives locked contacts a tag that they do not have, past the executor. False, and nothing written, where somebody has put a trigger, a rule or a column of his own on the table: INSERT is for these.';

CREATE FUNCTION campaign.tag_contacts(tenant uuid, contact_ids uuid[], tags text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  tagged uuid[];
  fresh uuid[];
  one text;
  n bigint := 0;
BEGIN
  PERFORM campaign.require_tenant(tenant);
  PERFORM campaign.require_tags(tags);
  PERFORM campaign.require_read_committed('tag_contacts()');
  PERFORM campaign.lock_tenant_key(tenant);
  -- against erasure, and against others who give the same tag
  SELECT l.present INTO tagged
    FROM campaign.distinct_ids(coalesce(contact_ids, '{}')) d CROSS JOIN LATERAL campaign.lock_contacts(tenant, d.present) l;
  FOREACH one IN ARRAY tags LOOP
    fresh := ARRAY(SELECT c.id FROM unnest(tagged) c(id)
                   EXCEPT
                   SELECT g.contact_id FROM campaign.contact_tags g
                    WHERE g.tenant_id = tenant AND g.tag = one AND g.contact_id = ANY (tagged)
                    ORDER BY 1);
    IF NOT campaign.insert_contact_tag_rows(tenant, fresh, one, now_time) THEN
      INSERT INTO campaign.contact_tags (tenant_id, contact_id, tag, at)
      SELECT tenant, f.id, one, now_time FROM unnest(fresh) f(id);
    END IF;
    n := n + cardinality(fresh);
  END LOOP;
  RETURN n;
END $$;

COMMENT ON FUNCTION campaign.tag_contacts(uuid, uuid[], text[]) IS
'Gives contacts of a tenant tags, each of them all, and returns how many rows of contact_tags are new. Ids that are not the tenant''s, and archived contacts, are passed over. Raises P0002 for a tenant that is not yours, 42501 if you only read it, 22023 for a bad tag, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.untag_contacts(tenant uuid, contact_ids uuid[], tags text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
  n bigint;
BEGIN
  PERFORM campaign.require_tenant(tenant);
  PERFORM campaign.require_tags(tags);
  PERFORM campaign.lock_tenant_key(tenant);
  DELETE FROM campaign.contact_tags g
   WHERE g.tenant_id = tenant AND g.tag = ANY (tags)
     AND (contact_ids IS NULL OR g.contact_id = ANY (contact_ids));
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

COMMENT ON FUNCTION campaign.untag_contacts(uuid, uuid[], text[]) IS
'Takes tags from contacts of a tenant (contact_ids NULL: from all of them) and returns how many rows of contact_tags are gone. Raises P0002 for a tenant that is not yours, 42501 if you only read it, 22023 for a bad tag.';

ALTER TABLE campaign.contact_tags ENABLE ROW LEVEL SECURITY;

CREATE POLICY contact_tags_select ON campaign.contact_tags FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

COMMENT ON POLICY contact_tags_select ON campaign.contact_tags IS 'Members read their tenants''.';

INSERT INTO campaign.personal_data (relation, position, belongs, removes) VALUES
  ('contact_tags', 12, 't.contact_id = $2', true);

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.contact_tags'),
  ('member', 'EXECUTE', 'FUNCTION campaign.tag_contacts(uuid, uuid[], text[])'),
  ('member', 'EXECUTE', 'FUNCTION campaign.untag_contacts(uuid, uuid[], text[])');

CREATE FUNCTION campaign.require_contact_filter(filter jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_require_contact_filter';

COMMENT ON FUNCTION campaign.require_contact_filter(jsonb) IS 'The check of the domain campaign.contact_filter: true, or error CP003 with the first fault in the message and all of them (the first 20) in the detail.';

CREATE DOMAIN campaign.contact_filter AS jsonb
  CONSTRAINT contact_filter_check CHECK (campaign.require_contact_filter(VALUE));

COMMENT ON DOMAIN campaign.contact_filter IS 'Which contacts are meant: a JSON object, as campaign.contact_filter_schema() describes it. NULL passes.';

CREATE FUNCTION campaign.contact_filter_errors(filter jsonb)
  RETURNS TABLE (path text, code text, message text, hint text)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_contact_filter_errors';

COMMENT ON FUNCTION campaign.contact_filter_errors(jsonb) IS 'Every fault of a filter (the first 1000), with its path, e.g. $.tags[2]; no row for a valid one. The message completes a sentence that begins with the path.';

CREATE FUNCTION campaign.contact_filter_schema() RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_contact_filter_schema';

COMMENT ON FUNCTION campaign.contact_filter_schema() IS 'The rules of campaign.contact_filter as JSON Schema 2020-12, for front ends. Generated from the tables that the domain is checked with.';

CREATE FUNCTION campaign.normalize_contact_filter(filter jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_normalize_contact_filter';

COMMENT ON FUNCTION campaign.normalize_contact_filter(jsonb) IS 'The filter with numbers in one spelling; the same again for its own result. Raises CP003 for an invalid filter.';

CREATE FUNCTION campaign.unwrap_contact_filter(filter jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_unwrap_contact_filter';

COMMENT ON FUNCTION campaign.unwrap_contact_filter(jsonb) IS 'Undoes double encoding: of a string that holds the JSON text of an object, however often encoded, that object; an object as it is. The result is not validated. Raises CP003 for anything else.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'DOMAIN campaign.contact_filter'),
  ('member', 'EXECUTE', 'FUNCTION campaign.require_contact_filter(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.contact_filter_errors(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.normalize_contact_filter(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.unwrap_contact_filter(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.contact_filter_schema()');

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

CREATE FUNCTION campaign.insert_overlap_rows(tenant uuid, ids uuid[], campaign uuid, contacts uuid[], kind text, other_campaign uuid,
  channel text, severity text, outcome text, at timestamptz) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_insert_overlap_rows';

COMMENT ON FUNCTION campaign.insert_overlap_rows(uuid, uuid[], uuid, uuid[], text, uuid, text, text, text, timestamptz) IS
'Internal: writes overlaps that differ in ids and contacts only, side by side, past the executor; other campaign and channel may be NULL. False, and nothing written, where somebody has put a trigger, a rule or a column of his own on the table: INSERT is for these.';

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

COMMENT ON TABLE campaign.overlap_log IS 'Contacts that were to be assigned to a campaign while another one had them, or a short time after a message. Written by assign_contacts().';

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

CREATE FUNCTION campaign.lock_campaign_contacts(campaign uuid, statuses text[], OUT tenant uuid, OUT status text) RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  SELECT l.tenant, l.status INTO tenant, status FROM campaign.lock_outreach_campaign(campaign) l;
  IF status <> ALL (statuses) THEN
    RAISE EXCEPTION 'the contacts of a campaign in status "%" cannot be changed like that', status
      USING ERRCODE = 'CP002',
            DETAIL = CASE WHEN cardinality(statuses) = 2 THEN 'Contacts are assigned in draft and ready only.'
                          ELSE 'An archived campaign stays as it is.' END,
            HINT = CASE WHEN cardinality(statuses) = 2 THEN 'Assign them to another campaign; one in review goes back to ready.'
                        ELSE 'Use another campaign.' END;
  END IF;
END $$;

COMMENT ON FUNCTION campaign.lock_campaign_contacts(uuid, text[]) IS
'Internal: locks an outreach campaign of the caller''s writable tenants whose contacts are to be changed; raises P0002, or CP002 in any other status.';

CREATE FUNCTION campaign.filter_texts(filter jsonb, key text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN $1 ? $2 THEN ARRAY(SELECT jsonb_array_elements_text($1 -> $2)) END;
END;

COMMENT ON FUNCTION campaign.filter_texts(jsonb, text) IS
'Internal: the values under a key of a filter; NULL: any.';

CREATE FUNCTION campaign.matching_contacts(tenant uuid, filter campaign.contact_filter, contacts uuid[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  tags text[] := campaign.filter_texts(filter, 'tags');
  companies uuid[] := campaign.filter_texts(filter, 'company')::uuid[];
  owners text[] := campaign.filter_texts(filter, 'owner');
  tiers text[] := campaign.filter_texts(filter, 'tier');
  industries text[] := campaign.filter_texts(filter, 'industry');
  fits text[] := campaign.filter_texts(filter, 'icp_fit');
  seniorities text[] := campaign.filter_texts(filter, 'seniority');
  languages text[] := campaign.filter_texts(filter, 'language');
  least_score numeric := (filter ->> 'min_score')::numeric;
  needs_email boolean := coalesce((filter ->> 'require_email')::boolean, false);
  needs_phone boolean := coalesce((filter ->> 'require_phone')::boolean, false);
  needs_linkedin boolean := coalesce((filter ->> 'require_linkedin')::boolean, false);
  tagged uuid[];
  of_kind uuid[];
BEGIN
  tagged := ARRAY(SELECT g.contact_id FROM campaign.contact_tags g WHERE g.tenant_id = tenant AND g.tag = ANY (tags));
  of_kind := ARRAY(SELECT o.id FROM campaign.companies o
                    WHERE o.tenant_id = tenant AND (tiers IS NOT NULL OR industries IS NOT NULL)
                      AND (tiers IS NULL OR o.tier = ANY (tiers)) AND (industries IS NULL OR o.industry = ANY (industries)));
  RETURN ARRAY(
    SELECT c.id FROM campaign.contacts c
     WHERE c.tenant_id = tenant AND c.archived_at IS NULL
       AND (contacts IS NULL OR c.id = ANY (contacts))
       AND (companies IS NULL OR c.company_id = ANY (companies))
       AND (owners IS NULL OR c.owner_member = ANY (owners))
       AND (fits IS NULL OR c.icp_fit = ANY (fits))
       AND (seniorities IS NULL OR c.seniority = ANY (seniorities))
       AND (languages IS NULL OR c.language = ANY (languages))
       AND (least_score IS NULL OR c.score >= least_score)
       AND (NOT needs_email OR c.email IS NOT NULL)
       AND (NOT needs_phone OR c.phone IS NOT NULL)
       AND (NOT needs_linkedin OR c.linkedin_url IS NOT NULL)
       AND (tags IS NULL OR c.id = ANY (tagged))
       AND (tiers IS NULL AND industries IS NULL OR c.company_id = ANY (of_kind))
     ORDER BY c.id);
END $$;

COMMENT ON FUNCTION campaign.matching_contacts(uuid, campaign.contact_filter, uuid[]) IS
'Internal: the contacts of a tenant that a filter means, in order and without archived ones; of all, or of those that are given.';

CREATE FUNCTION campaign.suppressed_contacts(tenant uuid, campaign uuid, contacts uuid[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off SET enable_memoize = off AS $$
#variable_conflict use_variable
DECLARE
  kinds text[] := ARRAY(
    SELECT DISTINCT h.address_kind FROM campaign.outreach_campaigns o
      JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version
      JOIN campaign.channels h ON h.channel = t.channel
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant);
  secret bytea;
BEGIN
  IF NOT EXISTS (SELECT FROM campaign.suppressions s WHERE s.tenant_id = tenant) THEN
    RETURN '{}';
  END IF;
  -- only where somebody was erased is an address hashed
  IF EXISTS (SELECT FROM campaign.suppressions s WHERE s.tenant_id = tenant AND starts_with(s.address, 'hmac-sha256:')) THEN
    SELECT k.secret INTO secret FROM campaign.tenant_keys k
     WHERE k.tenant_id = tenant AND k.purpose = 'address' AND k.retired_at IS NULL;
  END IF;
  RETURN ARRAY(
    SELECT a.id
      FROM (SELECT c.id, campaign.normalize_address(x.address) AS address
              FROM campaign.contacts c
             CROSS JOIN LATERAL (VALUES ('email', c.email), ('phone', c.phone), ('linkedin_url', c.linkedin_url)) x (kind, address)
             WHERE c.tenant_id = tenant AND c.id = ANY (contacts) AND x.address IS NOT NULL AND x.kind = ANY (kinds)) a
      LEFT JOIN campaign.suppressions s ON s.tenant_id = tenant AND s.address = a.address
      LEFT JOIN campaign.suppressions h ON h.tenant_id = tenant
        AND h.address = 'hmac-sha256:' || encode(campaign.hmac_sha256(secret, convert_to(a.address, 'UTF8')), 'hex')
     GROUP BY a.id
    HAVING bool_and(coalesce(s.address, h.address) IS NOT NULL));
END $$;

COMMENT ON FUNCTION campaign.suppressed_contacts(uuid, uuid, uuid[]) IS
'Internal: of contacts those that the campaign could not reach, since every address of theirs that its steps use is suppressed.';

CREATE FUNCTION campaign.sort_out_contacts(tenant uuid, campaign uuid, contacts uuid[],
  OUT wanted uuid[], OUT assigned bigint, OUT disqualified bigint, OUT suppressed bigint, OUT overlapping bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  present uuid[] := ARRAY(SELECT k.contact_id FROM campaign.campaign_contacts k
                           WHERE k.tenant_id = tenant AND k.campaign_id = campaign AND k.contact_id = ANY (contacts));
  unreachable uuid[];
  taken uuid[];
BEGIN
  SELECT array_agg(c.id ORDER BY c.id) FILTER (WHERE NOT c.is_disqualified), count(*) FILTER (WHERE c.is_disqualified)
    INTO wanted, disqualified
    FROM campaign.contacts c
   WHERE c.tenant_id = tenant AND c.id = ANY (contacts) AND c.id <> ALL (present);
  assigned := cardinality(present);
  unreachable := campaign.suppressed_contacts(tenant, campaign, wanted);
  suppressed := cardinality(unreachable);
  IF suppressed > 0 THEN
    wanted := ARRAY(SELECT n.id FROM unnest(wanted) n(id) EXCEPT SELECT u.id FROM unnest(unreachable) u(id) ORDER BY 1);
  END IF;
  taken := campaign.log_overlaps(tenant, campaign, wanted);
  overlapping := cardinality(taken);
  IF overlapping > 0 THEN
    wanted := ARRAY(SELECT n.id FROM unnest(wanted) n(id) EXCEPT SELECT o.id FROM unnest(taken) o(id) ORDER BY 1);
  END IF;
END $$;

COMMENT ON FUNCTION campaign.sort_out_contacts(uuid, uuid, uuid[]) IS
'Internal: of different, locked contacts those that are to be assigned to a campaign (in order), and how many are not, by the first of: assigned already, disqualified, suppressed, overlapping where the tenant blocks that. Records the overlaps.';

CREATE FUNCTION campaign.assign_contacts(campaign uuid, contact_ids uuid[] DEFAULT NULL, filter jsonb DEFAULT NULL,
  OUT outcome text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  target record;
  chosen campaign.contact_filter;
  nulls bigint := 0;
  asked uuid[];
  present uuid[];
  matched uuid[];
  sorted record;
BEGIN
  PERFORM campaign.require_read_committed('assign_contacts()');
  target := campaign.lock_campaign_contacts(campaign, '{draft,ready}');
  chosen := filter;
  IF NOT EXISTS (SELECT FROM campaign.outreach_campaigns o
                  WHERE o.tenant_id = target.tenant AND o.campaign_id = campaign AND o.audience = 'assigned') THEN
    RAISE EXCEPTION 'campaign "%" does not work on assigned contacts', campaign
      USING ERRCODE = 'CP002',
            DETAIL = 'Its audience is another one.',
            HINT = 'Set outreach_campaigns.audience to assigned in draft, or create the campaign with it.';
  END IF;
  IF contact_ids IS NULL AND filter IS NULL THEN
    RAISE EXCEPTION 'contact_ids and filter must not both be null'
      USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'One of them says which contacts are meant; together, those of the list that the filter means.',
            HINT = 'The filter {} means all contacts of the tenant.';
  END IF;
  IF contact_ids IS NULL THEN
    asked := campaign.matching_contacts(target.tenant, chosen, NULL);
  ELSE
    SELECT d.present, cardinality(contact_ids) - d.given INTO asked, nulls FROM campaign.distinct_ids(contact_ids) d;
  END IF;
  -- what is locked is looked at again
  SELECT l.present INTO present FROM campaign.lock_contacts(target.tenant, asked) l;
  matched := CASE WHEN chosen IS NULL THEN present ELSE campaign.matching_contacts(target.tenant, chosen, present) END;
  sorted := campaign.sort_out_contacts(target.tenant, campaign, matched);
  IF NOT campaign.insert_campaign_contact_rows(target.tenant, campaign, coalesce(sorted.wanted, '{}'), now_time) THEN
    INSERT INTO campaign.campaign_contacts (tenant_id, campaign_id, contact_id, added_at)
    SELECT target.tenant, campaign, n.id, now_time FROM unnest(sorted.wanted) n(id);
  END IF;
  RETURN QUERY SELECT r.* FROM (VALUES
      ('added', cardinality(sorted.wanted)::bigint),
      ('already_assigned', sorted.assigned),
      ('disqualified', sorted.disqualified),
      ('suppressed', sorted.suppressed),
      ('conflict', sorted.overlapping),
      ('not_matched', CASE WHEN contact_ids IS NOT NULL THEN (cardinality(present) - cardinality(matched))::bigint END),
      ('not_found', CASE WHEN contact_ids IS NOT NULL THEN cardinality(asked) - cardinality(present) + nulls END)) r(outcome, contacts)
   WHERE r.contacts > 0;
END $$;

COMMENT ON FUNCTION campaign.assign_contacts(uuid, uuid[], jsonb) IS
'Assigns contacts to a campaign of audience assigned, in draft and ready: those of a list, those that a filter means (see contact_filter_schema()), or those of the list that the filter means (the others are not_matched). Returns how many had which outcome, each contact once however often it was given: added, already_assigned (also if it was excluded since), disqualified, suppressed (no address is left that the steps could use), conflict (only where tenants.overlap_policy is block), not_found (foreign, archived or erased, or NULL). 100,000 are one call. Raises CP003 for a bad filter, CP002 in another status or for another audience, 22004 if neither is given, P0002 for a campaign that is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.exclude_locked_contacts(tenant uuid, campaign uuid, contacts uuid[], reason text) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  n bigint;
BEGIN
  PERFORM campaign.stop_enrollments(tenant,
    ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
           WHERE e.tenant_id = tenant AND e.campaign_id = campaign AND e.status = 'active' AND e.contact_id = ANY (contacts)), 'owner_stopped');
  UPDATE campaign.campaign_contacts k SET status = 'excluded', excluded_at = now_time, excluded_reason = reason
   WHERE k.tenant_id = tenant AND k.campaign_id = campaign AND k.status <> 'excluded'
     AND k.contact_id = ANY (contacts);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

COMMENT ON FUNCTION campaign.exclude_locked_contacts(uuid, uuid, uuid[], text) IS
'Internal: excludes locked contacts from a locked campaign and stops their live enrolments in it; returns how many rows it excluded.';

CREATE FUNCTION campaign.lock_assigned_contacts(tenant uuid, campaign uuid, contact_ids uuid[], OUT present uuid[], OUT excluded bigint, OUT missing bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  asked record := campaign.distinct_ids(coalesce(contact_ids, '{}'));
BEGIN
  PERFORM campaign.lock_contacts(tenant, asked.present);
  SELECT array_agg(k.contact_id ORDER BY k.contact_id) FILTER (WHERE k.status <> 'excluded'), count(*) FILTER (WHERE k.status = 'excluded'),
         cardinality(asked.present) - count(*) + coalesce(cardinality(contact_ids), 0) - asked.given
    INTO present, excluded, missing
    FROM campaign.campaign_contacts k
   WHERE k.tenant_id = tenant AND k.campaign_id = campaign AND k.contact_id = ANY (asked.present);
END $$;

COMMENT ON FUNCTION campaign.lock_assigned_contacts(uuid, uuid, uuid[]) IS
'Internal: locks contacts; of different ones those that a locked campaign has (in order), how many it has excluded, and how many it does not have.';

CREATE FUNCTION campaign.exclude_contacts(campaign uuid, contact_ids uuid[], reason text DEFAULT NULL,
  OUT outcome text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target record;
  assigned record;
  n bigint;
BEGIN
  PERFORM campaign.require_read_committed('exclude_contacts()');
  IF length(reason) > 1000 THEN
    RAISE EXCEPTION 'reason is too long'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It has %s characters, and 1000 are the most.', length(reason)),
            HINT = 'Say it in a few words.';
  END IF;
  target := campaign.lock_campaign_contacts(campaign,
    '{draft,ready,generating,review,approved,running,paused,exported,completed}');
  assigned := campaign.lock_assigned_contacts(target.tenant, campaign, contact_ids);
  n := campaign.exclude_locked_contacts(target.tenant, campaign, assigned.present, reason);
  RETURN QUERY SELECT r.* FROM (VALUES
      ('excluded', n), ('already_excluded', assigned.excluded), ('not_found', assigned.missing)) r(outcome, contacts)
   WHERE r.contacts > 0;
END $$;

COMMENT ON FUNCTION campaign.exclude_contacts(uuid, uuid[], text) IS
'Excludes contacts from a campaign for good, in any status but archived, and stops their live enrolments in it (owner_stopped); the first reason stays. Returns how many had which outcome: excluded, already_excluded, not_found (not among the campaign''s contacts, or NULL). Raises P0002 for a campaign that is not yours, CP002 if it is archived, 22023 for a reason of more than 1000 characters, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.remove_contacts(campaign uuid, contact_ids uuid[], OUT outcome text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  target record;
  assigned record;
  enrolled uuid[];
  removed bigint := 0;
  n bigint;
BEGIN
  PERFORM campaign.require_read_committed('remove_contacts()');
  target := campaign.lock_campaign_contacts(campaign,
    '{draft,ready,generating,review,approved,running,paused,exported,completed}');
  assigned := campaign.lock_assigned_contacts(target.tenant, campaign, contact_ids);
  IF target.status IN ('draft', 'ready') THEN
    enrolled := ARRAY(SELECT e.contact_id FROM campaign.campaign_enrollments e
                       WHERE e.tenant_id = target.tenant AND e.campaign_id = campaign);
    DELETE FROM campaign.campaign_contacts k
     WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign AND k.status IN ('pending', 'enrichment_ok', 'enrichment_needed')
       AND k.contact_id = ANY (assigned.present) AND k.contact_id <> ALL (enrolled);
    GET DIAGNOSTICS removed = ROW_COUNT;
  END IF;
  n := campaign.exclude_locked_contacts(target.tenant, campaign, assigned.present, 'removed');
  RETURN QUERY SELECT r.* FROM (VALUES
      ('removed', removed), ('excluded', n), ('already_excluded', assigned.excluded), ('not_found', assigned.missing)) r(outcome, contacts)
   WHERE r.contacts > 0;
END $$;

COMMENT ON FUNCTION campaign.remove_contacts(uuid, uuid[]) IS
'Takes contacts out of a campaign: in draft and ready those for whom nothing was written and whom it never enrolled are removed, as if they had not been assigned; all others are excluded, as by exclude_contacts(). Returns how many had which outcome: removed, excluded, already_excluded, not_found. Raises P0002 for a campaign that is not yours, CP002 if it is archived, 25000 above READ COMMITTED.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.assign_contacts(uuid, uuid[], jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.remove_contacts(uuid, uuid[])'),
  ('member', 'EXECUTE', 'FUNCTION campaign.exclude_contacts(uuid, uuid[], text)');

CREATE FUNCTION campaign.resolve_stage(entity_kind text, stage text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN $1 = 'company' AND $2 = 'l1_company' THEN 'l1'
              WHEN $1 = 'company' AND $2 = 'l2_deep_research' THEN 'l2'
              WHEN $1 = 'contact' AND $2 = 'person_enrichment' THEN 'person'
              ELSE $2 END;
END;

COMMENT ON FUNCTION campaign.resolve_stage(text, text) IS
'Internal: the name under which a stage is kept: company l1_company is l1, company l2_deep_research is l2, contact person_enrichment is person.';

CREATE TABLE campaign.readiness_stages (
  tenant_id   uuid NOT NULL,
  entity_kind text COLLATE "C" NOT NULL,
  stage       text COLLATE "C" NOT NULL,
  required    boolean NOT NULL DEFAULT true,
  seeded      boolean NOT NULL DEFAULT false,
  created_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT readiness_stages_pkey PRIMARY KEY (tenant_id, entity_kind, stage),
  CONSTRAINT readiness_stages_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT readiness_stages_entity_kind_check CHECK (entity_kind IN ('contact', 'company')),
  CONSTRAINT readiness_stages_stage_check CHECK (stage ~ '^[a-z][a-z0-9_]{0,62}$'
    AND stage NOT IN ('l1_company', 'l2_deep_research', 'person_enrichment'))
);

SELECT pg_catalog.pg_extension_config_dump('campaign.readiness_stages', 'WHERE NOT seeded');

INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage, seeded) VALUES
  ('00000000-0000-0000-0000-000000000000', 'company', 'l1', true),
  ('00000000-0000-0000-0000-000000000000', 'company', 'l2', true),
  ('00000000-0000-0000-0000-000000000000', 'contact', 'person', true);

CREATE TABLE campaign.entity_stages (
  tenant_id   uuid NOT NULL,
  entity_kind text COLLATE "C" NOT NULL,
  entity_id   uuid NOT NULL,
  stage       text COLLATE "C" NOT NULL,
  status      text COLLATE "C" NOT NULL,
  at          timestamptz NOT NULL,
  contact_id  uuid GENERATED ALWAYS AS (CASE WHEN entity_kind = 'contact' THEN entity_id END) STORED,
  company_id  uuid GENERATED ALWAYS AS (CASE WHEN entity_kind = 'company' THEN entity_id END) STORED,
  CONSTRAINT entity_stages_pkey PRIMARY KEY (tenant_id, entity_kind, entity_id, stage),
  CONSTRAINT entity_stages_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT entity_stages_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT entity_stages_company_fkey FOREIGN KEY (tenant_id, company_id) REFERENCES campaign.companies (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT entity_stages_entity_kind_check CHECK (entity_kind IN ('contact', 'company')),
  CONSTRAINT entity_stages_stage_check CHECK (stage ~ '^[a-z][a-z0-9_]{0,62}$'
    AND stage NOT IN ('l1_company', 'l2_deep_research', 'person_enrichment')),
  CONSTRAINT entity_stages_status_check CHECK (status IN ('completed', 'failed', 'skipped'))
);

CREATE INDEX entity_stages_contact_idx ON campaign.entity_stages (tenant_id, contact_id) WHERE contact_id IS NOT NULL;

CREATE INDEX entity_stages_company_idx ON campaign.entity_stages (tenant_id, company_id) WHERE company_id IS NOT NULL;

SELECT pg_catalog.pg_extension_config_dump('campaign.entity_stages', '');

CREATE FUNCTION campaign.resolve_required_stage() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW.stage := campaign.resolve_stage(NEW.entity_kind, NEW.stage);
  RETURN NEW;
END $$;

COMMENT ON FUNCTION campaign.resolve_required_stage() IS
'Trigger on readiness_stages: an alias becomes the stage that it stands for.';

CREATE TRIGGER resolve_stage BEFORE INSERT OR UPDATE OF stage ON campaign.readiness_stages
  FOR EACH ROW EXECUTE FUNCTION campaign.resolve_required_stage();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.readiness_stages
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.readiness_stages
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();

CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.readiness_stages
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();

CREATE FUNCTION campaign.record_stage(entity_kind text, entity_id uuid, stage text, status text DEFAULT 'completed', at timestamptz DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  at_time timestamptz := coalesce(at, campaign.now());
  name text := campaign.resolve_stage(entity_kind, stage);
  owner_tenant uuid;
BEGIN
  IF entity_kind IS NULL OR entity_kind NOT IN ('contact', 'company') THEN
    RAISE EXCEPTION 'unknown kind of entity %', coalesce(quote_literal(entity_kind), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Stages are recorded of a contact or a company.',
            HINT = 'Pass contact or company.';
  END IF;
  IF entity_kind = 'contact' THEN
    owner_tenant := campaign.lock_contact(entity_id);
    PERFORM campaign.refuse_erased(owner_tenant, entity_id);
  ELSE
    SELECT o.tenant_id INTO owner_tenant FROM campaign.companies o
     WHERE o.tenant_id = ANY (campaign.writable_tenants()) AND o.id = entity_id;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'company % does not exist', coalesce('"' || entity_id || '"', 'null')
        USING ERRCODE = 'no_data_found',
              DETAIL = 'No tenant that you may write to has a company with this id.',
              HINT = 'Check the id; a company of another tenant is not found.';
    END IF;
  END IF;
  IF name IS NULL OR name COLLATE "C" !~ '^[a-z][a-z0-9_]{0,62}$' OR name IN ('l1_company', 'l2_deep_research', 'person_enrichment') THEN
    RAISE EXCEPTION 'invalid stage % of a %', coalesce(quote_literal(left(stage, 100)), 'NULL'), entity_kind
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A stage is a name of lower-case letters, digits and underscores; l1_company and l2_deep_research are stages of companies, person_enrichment is one of contacts.',
            HINT = 'Stages of companies are l1 and l2, of contacts person, and those that you name in campaign.readiness_stages.';
  END IF;
  IF status IS NULL OR status NOT IN ('completed', 'failed', 'skipped') THEN
    RAISE EXCEPTION 'invalid status % of a stage', coalesce(quote_literal(status), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The statuses are completed, failed and skipped.',
            HINT = 'skipped: there was nothing to do.';
  END IF;
  -- of two reports the later one counts, in whichever order they come
  INSERT INTO campaign.entity_stages AS s (tenant_id, entity_kind, entity_id, stage, status, at)
  VALUES (owner_tenant, entity_kind, entity_id, name, status, at_time)
  ON CONFLICT ON CONSTRAINT entity_stages_pkey DO UPDATE SET status = excluded.status, at = excluded.at WHERE s.at <= excluded.at;
END $$;

COMMENT ON FUNCTION campaign.record_stage(text, uuid, text, text, timestamptz) IS
'Records how a stage of a contact or company ended: completed, failed or skipped, at (default now) which the latest counts. Aliases of stages: company l1_company is l1 and l2_deep_research is l2, contact person_enrichment is person. Raises P0002 for a contact or company that is not yours, CP002 for a contact that was erased, 22023 for an unknown kind, stage or status.';

CREATE FUNCTION campaign.required_stages(tenant uuid, OUT entity_kind text, OUT stage text, OUT gap text) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT r.entity_kind, r.stage, r.entity_kind || ':' || r.stage FROM campaign.readiness_stages r
     WHERE r.tenant_id = CASE WHEN EXISTS (SELECT FROM campaign.readiness_stages o WHERE o.tenant_id = required_stages.tenant)
                              THEN required_stages.tenant ELSE '00000000-0000-0000-0000-000000000000' END
       AND r.required
     ORDER BY r.entity_kind, r.stage;
END $$;

COMMENT ON FUNCTION campaign.required_stages(uuid) IS
'Internal: the stages that contacts of a tenant must have: its own rows of readiness_stages, or the system''s if it has none.';

CREATE FUNCTION campaign.check_readiness(campaign uuid,
  OUT total bigint, OUT enrichment_ok bigint, OUT enrichment_needed bigint, OUT later bigint, OUT excluded bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  target record := campaign.lock_campaign_contacts(campaign,
    '{draft,ready,generating,review,approved,running,paused,exported,completed}');
  asked uuid[] := ARRAY(SELECT k.contact_id FROM campaign.campaign_contacts k
                         WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign AND k.status IN ('pending', 'enrichment_ok', 'enrichment_needed'));
  required record;
  done uuid[];
  lacking uuid[];
  behind uuid[] := '{}';
  gaps text[] := '{}';
  part record;
BEGIN
  -- what was skipped was not needed; what failed is missing
  FOR required IN SELECT r.* FROM campaign.required_stages(target.tenant) r LOOP
    done := ARRAY(SELECT s.entity_id FROM campaign.entity_stages s
                   WHERE s.tenant_id = target.tenant AND s.entity_kind = required.entity_kind AND s.stage = required.stage
                     AND s.status IN ('completed', 'skipped'));
    lacking := ARRAY(SELECT c.id FROM campaign.contacts c
                      WHERE c.tenant_id = target.tenant AND c.id = ANY (asked)
                        AND (CASE required.entity_kind WHEN 'contact' THEN c.id ELSE c.company_id END = ANY (done)) IS NOT TRUE);
    behind := behind || lacking;
    gaps := gaps || array_fill(required.gap, ARRAY[cardinality(lacking)]);
  END LOOP;
  -- a statement for each set of gaps, of which there are few
  FOR part IN
    SELECT h.gaps, 'enrichment_needed' AS status, array_agg(h.id) AS contacts
      FROM (SELECT b.id, array_agg(b.gap ORDER BY b.gap COLLATE "C") AS gaps FROM unnest(behind, gaps) b(id, gap) GROUP BY b.id) h
     GROUP BY h.gaps
    UNION ALL
    SELECT '{}', 'enrichment_ok', array_agg(a.id) FROM unnest(asked) a(id) WHERE a.id <> ALL (behind)
  LOOP
    UPDATE campaign.campaign_contacts k SET status = part.status, enrichment_gaps = part.gaps
     WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign AND k.contact_id = ANY (part.contacts)
       AND k.status IN ('pending', 'enrichment_ok', 'enrichment_needed') AND (k.status <> part.status OR k.enrichment_gaps <> part.gaps);
  END LOOP;
  SELECT t.total, t.enrichment_ok, t.enrichment_needed, t.generating + t.generated + t.failed, t.excluded
    INTO total, enrichment_ok, enrichment_needed, later, excluded
    FROM campaign.campaign_contact_totals t WHERE t.tenant_id = target.tenant AND t.campaign_id = campaign;
END $$;

COMMENT ON FUNCTION campaign.check_readiness(uuid) IS
'Judges the contacts of a campaign for whom nothing was written yet: enrichment_ok where every required stage (see readiness_stages) of contact and company is completed or skipped, else enrichment_needed, with the missing ones in enrichment_gaps. A contact without a company misses its stages. Statuses from generating on are left alone. Returns totals: all, the two, those in later statuses, those excluded. Raises P0002 for a campaign that is not yours, CP002 if it is archived.';

ALTER TABLE campaign.readiness_stages ENABLE ROW LEVEL SECURITY;

CREATE POLICY readiness_stages_select ON campaign.readiness_stages FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

CREATE POLICY readiness_stages_insert ON campaign.readiness_stages FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));

CREATE POLICY readiness_stages_update ON campaign.readiness_stages FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));

CREATE POLICY readiness_stages_delete ON campaign.readiness_stages FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));

ALTER TABLE campaign.entity_stages ENABLE ROW LEVEL SECURITY;

CREATE POLICY entity_stages_select ON campaign.entity_stages FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.personal_data (relation, position, belongs, removes) VALUES
  ('entity_stages', 14, 't.contact_id = $2', true);

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.readiness_stages'),
  ('member', 'INSERT (tenant_id, entity_kind, stage, required)', 'TABLE campaign.readiness_stages'),
  ('member', 'UPDATE (required)', 'TABLE campaign.readiness_stages'),
  ('member', 'DELETE', 'TABLE campaign.readiness_stages'),
  ('member', 'SELECT', 'TABLE campaign.entity_stages'),
  ('member', 'EXECUTE', 'FUNCTION campaign.record_stage(text, uuid, text, text, timestamptz)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.check_readiness(uuid)');

COMMENT ON TABLE campaign.readiness_stages IS 'The stages that a contact, or his company, must have gone through before he is written to. The system tenant''s rows are the defaults; the rows of a tenant replace all of them.';

COMMENT ON COLUMN campaign.readiness_stages.entity_kind IS 'contact or company.';

COMMENT ON COLUMN campaign.readiness_stages.stage IS 'A name as record_stage() takes it; an alias is kept as what it stands for.';

COMMENT ON COLUMN campaign.readiness_stages.required IS 'False: not required, and there to replace the defaults.';

COMMENT ON COLUMN campaign.readiness_stages.seeded IS 'The row comes with the extension and is changed by nobody.';

COMMENT ON TABLE campaign.entity_stages IS 'What is known of contacts and companies: how their stages ended. Written by record_stage().';

COMMENT ON COLUMN campaign.entity_stages.entity_id IS 'The contact or the company.';

COMMENT ON COLUMN campaign.entity_stages.status IS 'completed, failed or skipped.';

COMMENT ON COLUMN campaign.entity_stages.at IS 'When it ended, by the engine''s clock.';

COMMENT ON POLICY readiness_stages_select ON campaign.readiness_stages IS 'Members read their tenants'' and the defaults.';

COMMENT ON POLICY readiness_stages_insert ON campaign.readiness_stages IS 'Owners write their tenants''.';

COMMENT ON POLICY readiness_stages_update ON campaign.readiness_stages IS 'Owners write their tenants''.';

COMMENT ON POLICY readiness_stages_delete ON campaign.readiness_stages IS 'Owners write their tenants''.';

COMMENT ON POLICY entity_stages_select ON campaign.entity_stages IS 'Members read their tenants''.';

COMMENT ON TRIGGER resolve_stage ON campaign.readiness_stages IS 'An alias becomes the stage that it stands for.';

COMMENT ON TRIGGER touch_updated_at ON campaign.readiness_stages IS 'Keeps updated_at.';

COMMENT ON TRIGGER protect_seeded ON campaign.readiness_stages IS 'What the extension brings is changed by nobody.';

COMMENT ON TRIGGER protect_seeded_truncate ON campaign.readiness_stages IS 'What the extension brings is changed by nobody.';

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

CREATE TRIGGER check_text BEFORE INSERT OR UPDATE OF channel, subject, body, body_html ON campaign.messages
  FOR EACH ROW EXECUTE FUNCTION campaign.check_message_template();

CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE OF status ON campaign.messages
  FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('message', 'status', 'unlogged');

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

CREATE FUNCTION campaign.lock_message(message uuid, OUT tenant uuid, OUT campaign uuid, OUT campaign_status text, OUT present campaign.messages)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  SELECT m.tenant_id, m.campaign_id INTO tenant, campaign FROM campaign.messages m
   WHERE m.tenant_id = ANY (campaign.writable_tenants()) AND m.id = message;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'message % does not exist', coalesce('"' || message || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a message with this id.',
            HINT = 'Check the id; a message of another tenant is not found.';
  END IF;
  SELECT l.status INTO campaign_status FROM campaign.lock_outreach_campaign(campaign) l;
  -- before the message, as whoever reports its touch
  IF campaign_status IN ('running', 'paused') THEN
    PERFORM 1 FROM campaign.messages m
      JOIN campaign.campaign_enrollments e ON e.tenant_id = m.tenant_id AND e.contact_id = m.contact_id AND e.campaign_id = m.campaign_id
      JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
     WHERE m.tenant_id = tenant AND m.id = message AND e.tenant_id = tenant AND q.tenant_id = tenant FOR NO KEY UPDATE OF q;
  END IF;
  SELECT m.* INTO present FROM campaign.messages m WHERE m.tenant_id = tenant AND m.id = message FOR NO KEY UPDATE;
END $$;

COMMENT ON FUNCTION campaign.lock_message(uuid) IS
'Internal: locks a message of the caller''s writable tenants, its campaign, and in running and paused the queue row of its contact; returns message and campaign. Raises P0002.';

CREATE FUNCTION campaign.require_reviewable(message campaign.messages, campaign_status text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF message.sent_at IS NOT NULL THEN
    RAISE EXCEPTION 'message "%" was sent', message.id
      USING ERRCODE = 'CP002',
            DETAIL = format('It was sent at %s, and is what it was then.', message.sent_at),
            HINT = 'Edit the messages of later steps.';
  ELSIF campaign_status NOT IN ('review', 'approved', 'running', 'paused') THEN
    RAISE EXCEPTION 'messages of a campaign in status "%" cannot be changed', campaign_status
      USING ERRCODE = 'CP002',
            DETAIL = 'They are reviewed in review and approved, and, until they are sent, in running and paused.',
            HINT = 'Wait until the generation has finished, or clone the campaign.';
  END IF;
  -- a worker who has it sends what it was; the row is locked
  IF EXISTS (SELECT FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
              WHERE e.tenant_id = message.tenant_id AND e.contact_id = message.contact_id AND e.campaign_id = message.campaign_id
                AND q.tenant_id = message.tenant_id AND q.touch_number = message.touch_number
                AND (q.lease_until > clock_timestamp() OR q.flags & 1 = 1)) THEN
    RAISE EXCEPTION 'message "%" is being sent', message.id
      USING ERRCODE = 'CP002',
            DETAIL = 'A worker has claimed its touch.',
            HINT = 'Try again when it is reported or the lease has ended.';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_reviewable(campaign.messages, text) IS
'Internal: raises CP002 for a message that was sent or is with a worker, and where the campaign''s status allows no review.';

CREATE FUNCTION campaign.require_message_version(message campaign.messages, version integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF version <> message.version THEN
    RAISE EXCEPTION 'message "%" has changed', message.id
      USING ERRCODE = 'CP002',
            DETAIL = format('Version %s was meant, and the present one is %s.', version, message.version),
            HINT = 'Read it again.';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_message_version(campaign.messages, integer) IS
'Internal: raises CP002 if the version of a message is not the one that was meant; NULL means any.';

CREATE FUNCTION campaign.edit_message(message uuid, reason text, body text DEFAULT NULL, subject text DEFAULT NULL, body_html text DEFAULT NULL,
  note text DEFAULT NULL, version integer DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  locked record := campaign.lock_message(message);
  old campaign.messages := locked.present;
  new_version integer;
BEGIN
  IF reason IS NULL OR reason NOT IN ('too_formal', 'too_casual', 'wrong_tone', 'wrong_language', 'too_long', 'too_short',
                                      'factually_wrong', 'off_topic', 'generic', 'other') THEN
    RAISE EXCEPTION 'unknown reason % of an edit', coalesce(quote_literal(left(reason, 100)), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The reasons are too_formal, too_casual, wrong_tone, wrong_language, too_long, too_short, factually_wrong, off_topic, generic and other.',
            HINT = 'Say more in note.';
  END IF;
  PERFORM campaign.require_message_version(old, version);
  PERFORM campaign.require_reviewable(old, locked.campaign_status);
  new_version := campaign.add_message_version(old.tenant_id, old.id, 'edited',
    CASE WHEN subject IS NULL THEN old.subject ELSE nullif(subject, '') END,
    CASE WHEN body IS NULL THEN old.body ELSE nullif(body, '') END,
    CASE WHEN body_html IS NULL THEN old.body_html ELSE nullif(body_html, '') END, reason, note);
  INSERT INTO campaign.message_feedback (tenant_id, message_id, version, action, reason, note, member, at)
  VALUES (old.tenant_id, old.id, old.version, 'edited', reason, note, campaign.current_member(), campaign.now());
  PERFORM campaign.reopen_review(old.tenant_id, old.campaign_id, locked.campaign_status);
  RETURN new_version;
END $$;

COMMENT ON FUNCTION campaign.edit_message(uuid, text, text, text, text, text, integer) IS
'Changes the text of a message (NULL leaves a part as it is, the empty string takes it away) and returns its new version, which is to be reviewed; an approved campaign goes back to review. reason: too_formal, too_casual, wrong_tone, wrong_language, too_long, too_short, factually_wrong, off_topic, generic or other. version: the one that was read; if it is no longer the present one, CP002. Raises CP002 for a message that was sent or is with a worker, or where the campaign is not in review, approved, running or paused, 22023 for an unknown reason, 23514 and CP003 for a text that the channel does not take, P0002.';

CREATE FUNCTION campaign.revert_message(message uuid, version integer, note text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  locked record := campaign.lock_message(message);
  old campaign.messages := locked.present;
  former campaign.message_versions;
  new_version integer;
BEGIN
  SELECT v.* INTO former FROM campaign.message_versions v
   WHERE v.tenant_id = old.tenant_id AND v.message_id = old.id AND v.version = version;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'message "%" has no version %', message, coalesce(version::text, 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = format('Its versions are 1 to %s.', old.version),
            HINT = 'See campaign.message_versions.';
  END IF;
  PERFORM campaign.require_reviewable(old, locked.campaign_status);
  new_version := campaign.add_message_version(old.tenant_id, old.id, 'reverted', former.subject, former.body, former.body_html, NULL, note);
  PERFORM campaign.reopen_review(old.tenant_id, old.campaign_id, locked.campaign_status);
  RETURN new_version;
END $$;

COMMENT ON FUNCTION campaign.revert_message(uuid, integer, text) IS
'Gives a message the text of one of its versions again, as a new version that is to be reviewed; returns its number. Raises P0002 for a version that there is not, and what edit_message() does.';

CREATE FUNCTION campaign.reopen_review(tenant uuid, campaign uuid, status text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF status = 'approved' THEN
    PERFORM campaign.transition_campaign(campaign, 'review', 'a message was edited');
  END IF;
END $$;

COMMENT ON FUNCTION campaign.reopen_review(uuid, uuid, text) IS
'Internal: an approved campaign, locked, of which a message is to be reviewed again goes back to review.';

CREATE FUNCTION campaign.review_message(message uuid, action text, reason text, version integer) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  locked record := campaign.lock_message(message);
  old campaign.messages := locked.present;
  now_time timestamptz := campaign.now();
  wanted text := CASE action WHEN 'approve' THEN 'approved' ELSE 'rejected' END;
BEGIN
  PERFORM campaign.require_message_version(old, version);
  PERFORM campaign.require_reviewable(old, locked.campaign_status);
  IF old.status = wanted THEN
    RETURN 'unchanged';
  END IF;
  IF wanted = 'approved' AND EXISTS (SELECT FROM campaign.campaign_contacts k
       WHERE k.tenant_id = old.tenant_id AND k.campaign_id = old.campaign_id AND k.contact_id = old.contact_id AND k.status = 'excluded') THEN
    RAISE EXCEPTION 'the contact of message "%" is excluded', message
      USING ERRCODE = 'CP002',
            DETAIL = 'Nothing is sent to a contact who was excluded from the campaign.',
            HINT = 'Leave the message as it is.';
  END IF;
  UPDATE campaign.messages m
     SET status = wanted, changed_at = now_time,
         approved_by = CASE wanted WHEN 'approved' THEN campaign.current_member() END,
         approved_at = CASE wanted WHEN 'approved' THEN now_time END,
         review_notes = CASE wanted WHEN 'rejected' THEN reason END
   WHERE m.tenant_id = old.tenant_id AND m.id = old.id;
  INSERT INTO campaign.message_feedback (tenant_id, message_id, version, action, reason, member, at)
  VALUES (old.tenant_id, old.id, old.version, wanted, reason, campaign.current_member(), now_time);
  RETURN wanted;
END $$;

COMMENT ON FUNCTION campaign.review_message(uuid, text, text, integer) IS
'Internal: approves or rejects one message and returns approved, rejected or unchanged; raises CP001, CP002, P0002.';

CREATE FUNCTION campaign.review_messages(ids uuid[], action text, reason text DEFAULT NULL, versions integer[] DEFAULT NULL)
RETURNS TABLE (message_id uuid, result text, code text, detail text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  item record;
  fault_detail text;
BEGIN
  IF action IS NULL OR action NOT IN ('approve', 'reject') THEN
    RAISE EXCEPTION 'unknown action %', coalesce(quote_literal(left(action, 100)), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Messages are approved or rejected.',
            HINT = 'Pass approve or reject; campaign.edit_message() changes a message.';
  ELSIF action = 'reject' AND coalesce(btrim(reason), '') = '' THEN
    RAISE EXCEPTION 'a rejection needs a reason'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Whoever writes the messages learns from it.',
            HINT = 'Say in a few words what is wrong.';
  ELSIF length(reason) > 2000 THEN
    RAISE EXCEPTION 'reason is too long'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It has %s characters, and 2000 are the most.', length(reason)),
            HINT = 'Say it in a few words.';
  ELSIF cardinality(campaign.writable_tenants()) = 0 THEN
    RAISE EXCEPTION 'permission denied to review messages'
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'You are an editor or owner of no tenant.',
            HINT = 'Ask an owner.';
  ELSIF cardinality(versions) <> cardinality(ids) THEN
    RAISE EXCEPTION 'ids and versions differ in number'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('There are %s ids and %s versions.', cardinality(ids), cardinality(versions)),
            HINT = 'Pass for each message the version that was read, or no versions.';
  END IF;
  -- by campaign and message, so that two calls wait for each other in one direction
  FOR item IN
    SELECT i.id, i.version, min(i.place) AS place
      FROM unnest(ids, versions) WITH ORDINALITY i(id, version, place)
      LEFT JOIN campaign.messages m ON m.tenant_id = ANY (campaign.writable_tenants()) AND m.id = i.id
     GROUP BY i.id, i.version, m.campaign_id ORDER BY m.campaign_id, i.id, i.version
  LOOP
    message_id := item.id;
    BEGIN
      code := NULL;
      detail := NULL;
      result := campaign.review_message(item.id, action, reason, item.version);
    EXCEPTION WHEN SQLSTATE 'P0002' OR SQLSTATE 'CP001' OR SQLSTATE 'CP002' THEN
      GET STACKED DIAGNOSTICS fault_detail = PG_EXCEPTION_DETAIL;
      result := 'refused';
      code := SQLSTATE;
      detail := SQLERRM || coalesce('. ' || fault_detail, '');
    END;
    RETURN NEXT;
  END LOOP;
END $$;

COMMENT ON FUNCTION campaign.review_messages(uuid[], text, text, integer[]) IS
'Approves or rejects messages, each by itself: one that cannot be does not keep the others. action: approve, or reject with a reason. versions: for each message the one that was read, so that nothing is approved that was edited meanwhile. Returns for each id, once, the result approved, rejected, unchanged or refused, and then the SQLSTATE that says why and its facts: P0002 (not yours, or there is none), CP001 (a rejected message is edited or reverted before it is approved), CP002 (sent, with a worker, changed since, the contact excluded, or the campaign not under review). Raises 22023 for a bad action or reason, 42501 for who only reads.';

CREATE FUNCTION campaign.review_queue(campaign uuid, status text DEFAULT 'draft', channel text DEFAULT NULL, touch_number integer DEFAULT NULL,
  max_rows integer DEFAULT 50, after_position bigint DEFAULT 0)
RETURNS TABLE ("position" bigint, total bigint, message_id uuid, contact_id uuid, contact_name text, score numeric, touch smallint, variant text,
  message_channel text, subject text, body text, body_html text, message_status text, version integer, review_notes text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid := (campaign.find_outreach_campaign(campaign, campaign.readable_tenants())).tenant_id;
BEGIN
  IF max_rows IS NULL OR max_rows NOT BETWEEN 1 AND 1000 OR after_position IS NULL OR after_position < 0 THEN
    RAISE EXCEPTION 'max_rows or after_position is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A page has 1 to 1000 rows, and begins behind a position from 0.',
            HINT = 'Pass the last position of the page before as after_position.';
  END IF;
  RETURN QUERY
    SELECT r.* FROM (
      SELECT row_number() OVER (ORDER BY c.score DESC NULLS LAST, m.contact_id, m.touch_number, m.variant), count(*) OVER (),
             m.id, m.contact_id, coalesce(c.name, btrim(concat_ws(' ', c.first_name, c.last_name))), c.score::numeric, m.touch_number, m.variant,
             m.channel, m.subject::text, m.body::text, m.body_html::text, m.status, m.version, m.review_notes
        FROM campaign.messages m
        JOIN campaign.contacts c ON c.tenant_id = m.tenant_id AND c.id = m.contact_id
        JOIN campaign.campaign_contacts k ON k.tenant_id = m.tenant_id AND k.campaign_id = m.campaign_id AND k.contact_id = m.contact_id
       WHERE m.tenant_id = owner_tenant AND m.campaign_id = campaign AND k.status <> 'excluded'
         AND c.tenant_id = owner_tenant AND k.tenant_id = owner_tenant
         AND (review_queue.status IS NULL OR m.status = review_queue.status)
         AND (review_queue.channel IS NULL OR m.channel = review_queue.channel)
         AND (review_queue.touch_number IS NULL OR m.touch_number = review_queue.touch_number)) r
     WHERE r.row_number > after_position ORDER BY r.row_number LIMIT max_rows;
END $$;

COMMENT ON FUNCTION campaign.review_queue(uuid, text, text, integer, integer, bigint) IS
'The messages of a campaign that wait for review (or have another status; NULL: any), those of excluded contacts left out, in an order that stays: contacts of the highest score first, then by contact, step and variant; with the position of each and the total. Raises P0002 for a campaign that is not yours, 22023 for a bad page.';

CREATE FUNCTION campaign.approval_obstacle(tenant uuid, campaign uuid) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  approved bigint;
  drafts bigint;
BEGIN
  SELECT count(*) FILTER (WHERE m.status = 'approved'), count(*) FILTER (WHERE m.status = 'draft') INTO approved, drafts
    FROM campaign.messages m
    JOIN campaign.campaign_contacts k ON k.tenant_id = m.tenant_id AND k.campaign_id = m.campaign_id AND k.contact_id = m.contact_id
   WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND k.tenant_id = tenant AND k.status <> 'excluded';
  RETURN CASE WHEN drafts > 0 THEN format('messages that wait for review: %s', drafts)
              WHEN approved = 0 THEN 'no message is approved' END;
END $$;

COMMENT ON FUNCTION campaign.approval_obstacle(uuid, uuid) IS
'Internal: what keeps a campaign from being approved, its messages to excluded contacts left out; NULL if nothing does.';

CREATE FUNCTION campaign.review_summary(campaign uuid, OUT total bigint, OUT draft bigint, OUT approved bigint, OUT rejected bigint, OUT sent bigint,
  OUT active_contacts bigint, OUT excluded_contacts bigint, OUT by_channel jsonb, OUT can_approve boolean, OUT obstacle text)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid := (campaign.find_outreach_campaign(campaign, campaign.readable_tenants())).tenant_id;
  status text := (SELECT c.status FROM campaign.campaigns c WHERE c.tenant_id = owner_tenant AND c.id = campaign);
BEGIN
  SELECT count(*) FILTER (WHERE k.status <> 'excluded'), count(*) FILTER (WHERE k.status = 'excluded')
    INTO active_contacts, excluded_contacts
    FROM campaign.campaign_contacts k WHERE k.tenant_id = owner_tenant AND k.campaign_id = campaign;
  SELECT coalesce(sum(n.total), 0), coalesce(sum(n.draft), 0), coalesce(sum(n.approved), 0), coalesce(sum(n.rejected), 0), coalesce(sum(n.sent), 0),
         coalesce(jsonb_object_agg(n.channel, jsonb_build_object('total', n.total, 'draft', n.draft, 'approved', n.approved,
                                                                  'rejected', n.rejected, 'sent', n.sent)), '{}')
    INTO total, draft, approved, rejected, sent, by_channel
    FROM (SELECT m.channel, count(*) AS total, count(*) FILTER (WHERE m.status = 'draft') AS draft,
                 count(*) FILTER (WHERE m.status = 'approved') AS approved, count(*) FILTER (WHERE m.status = 'rejected') AS rejected,
                 count(*) FILTER (WHERE m.sent_at IS NOT NULL) AS sent
            FROM campaign.messages m
            JOIN campaign.campaign_contacts k ON k.tenant_id = m.tenant_id AND k.campaign_id = m.campaign_id AND k.contact_id = m.contact_id
           WHERE m.tenant_id = owner_tenant AND m.campaign_id = campaign AND k.tenant_id = owner_tenant AND k.status <> 'excluded'
           GROUP BY m.channel) n;
  obstacle := CASE WHEN status <> 'review' THEN format('the campaign is in status "%s"', status)
                   ELSE campaign.approval_obstacle(owner_tenant, campaign) END;
  can_approve := obstacle IS NULL;
END $$;

COMMENT ON FUNCTION campaign.review_summary(uuid) IS
'How far the review of a campaign is: its messages by status and channel (sent: also delivered and replied), those of excluded contacts left out; its contacts; whether it can be approved and, if not, why. Raises P0002 for a campaign that is not yours.';

CREATE VIEW campaign.message_insights WITH (security_invoker = true) AS
  SELECT m.tenant_id, m.campaign_id, m.channel, m.touch_number, f.action, CASE f.action WHEN 'edited' THEN f.reason END AS reason,
         count(*) AS times, count(DISTINCT f.message_id) AS messages
    FROM campaign.message_feedback f
    JOIN campaign.messages m ON m.tenant_id = f.tenant_id AND m.id = f.message_id
   GROUP BY m.tenant_id, m.campaign_id, m.channel, m.touch_number, f.action, CASE f.action WHEN 'edited' THEN f.reason END;

COMMENT ON VIEW campaign.message_insights IS 'What reviewers did with the messages of a step, and of edits why: how often, and with how many messages.';

CREATE FUNCTION campaign.reject_excluded_messages() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.messages m
     SET status = 'rejected', review_notes = 'the contact was excluded', approved_by = NULL, approved_at = NULL, changed_at = now_time
    FROM changed k
   WHERE m.tenant_id = k.tenant_id AND m.campaign_id = k.campaign_id AND m.contact_id = k.contact_id
     AND k.status = 'excluded' AND m.status IN ('draft', 'approved');
  RETURN NULL;
END $$;

COMMENT ON FUNCTION campaign.reject_excluded_messages() IS
'Trigger on campaign_contacts: messages of a contact who is excluded, and that were not sent, are rejected.';

CREATE TRIGGER reject_messages AFTER UPDATE ON campaign.campaign_contacts
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION campaign.reject_excluded_messages();

COMMENT ON TRIGGER reject_messages ON campaign.campaign_contacts IS 'Nothing more is sent to whom the campaign has excluded.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.edit_message(uuid, text, text, text, text, text, integer)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.revert_message(uuid, integer, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.review_messages(uuid[], text, text, integer[])'),
  ('member', 'EXECUTE', 'FUNCTION campaign.review_queue(uuid, text, text, integer, integer, bigint)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.review_summary(uuid)'),
  ('member', 'SELECT', 'TABLE campaign.message_insights');

-- PUBLIC gets nothing, not even EXECUTE; campaign.grant_access() hands out levels.
REVOKE ALL ON ALL ROUTINES IN SCHEMA campaign FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA campaign FROM PUBLIC;
-- Types have their USAGE from the server's defaults. Row types of tables keep it: nobody names one without
-- USAGE on the schema, and pg_dump warns of each whose list of privileges an extension has changed.
DO $$
DECLARE
  own_type record;
BEGIN
  FOR own_type IN
    SELECT t.oid FROM pg_catalog.pg_type t
    LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) t.typrelid
    WHERE t.typnamespace OPERATOR(pg_catalog.=) 'campaign'::pg_catalog.regnamespace
      AND t.typcategory OPERATOR(pg_catalog.<>) 'A'
      AND (c.relkind IS NULL OR c.relkind OPERATOR(pg_catalog.=) 'c')
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON TYPE %s FROM PUBLIC', own_type.oid::pg_catalog.regtype);
  END LOOP;
END
$$;
