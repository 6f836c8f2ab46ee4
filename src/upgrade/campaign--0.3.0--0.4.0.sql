-- campaign 0.3.0 to 0.4.0: outreach campaigns: their documents, contacts, messages, generation and launch.
\echo Use "ALTER EXTENSION campaign UPDATE TO '0.4.0'" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

INSERT INTO campaign.schema_version (version, description) VALUES ('0.4.0', 'updated from 0.3.0');

CREATE FUNCTION campaign.force_sync_commit() RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_force_sync_commit';

COMMENT ON FUNCTION campaign.force_sync_commit() IS
'Internal: this transaction''s commit waits for the disk, whatever synchronous_commit says.';

ALTER TABLE campaign.tenants ADD COLUMN overlap_policy text NOT NULL DEFAULT 'warn',
  ADD CONSTRAINT tenants_overlap_policy_check CHECK (overlap_policy IN ('warn', 'block'));
DELETE FROM campaign.access_privileges WHERE level = 'member' AND object = 'TABLE campaign.tenants' AND privilege LIKE 'UPDATE (%';

COMMENT ON COLUMN campaign.tenants.overlap_policy IS 'What happens to a contact who is assigned to a campaign and is in another live one, or was written to a short time ago: warn, or block. Either stands in overlap_log.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'UPDATE (name, timezone, sender_name, review_url, link_base_url, min_gap, quiet_from, quiet_until, conflict_policy, review_cooldown, parallel_sequences, log_retention, overlap_policy)', 'TABLE campaign.tenants');

CREATE FUNCTION campaign.lease_fence() RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_lease_fence';

COMMENT ON FUNCTION campaign.lease_fence() IS
'Internal: the random number of a new lease, never 0.';

CREATE FUNCTION campaign.lease_end(lease interval) RETURNS timestamptz
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_lease_end';

COMMENT ON FUNCTION campaign.lease_end(interval) IS
'Internal: when a lease ends that begins now, by the wall clock; raises 22023 for less than a second and more than 24 hours.';

CREATE FUNCTION campaign.lease_token(tenant uuid, queue uuid, item uuid, fence bigint) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_lease_token';

COMMENT ON FUNCTION campaign.lease_token(uuid, uuid, uuid, bigint) IS
'Internal: the token of the lease of an item of a queue.';

CREATE FUNCTION campaign.decode_lease_token(token text, OUT tenant_id uuid, OUT queue_id uuid, OUT item_id uuid, OUT fence bigint)
RETURNS record
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_decode_lease_token';

COMMENT ON FUNCTION campaign.decode_lease_token(text) IS
'Internal: what such a token says; raises 22023 for what is no token.';

CREATE FUNCTION campaign.require_armed_cluster(function_name text) RETURNS void
  LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'campaign_require_armed_cluster';

COMMENT ON FUNCTION campaign.require_armed_cluster(text) IS 'Internal: raises 55000 where campaign.clone_guard is on and the cluster is not the armed one.';

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

COMMENT ON DOMAIN campaign.sender_config IS 'Who sends the messages of a campaign and at what pace: a JSON object, as campaign.sender_config_schema() describes it; {} says nothing. It is for workers: the engine keeps to send_limits, which a launch tightens to the limits given here. NULL passes, so columns of the domain are NOT NULL.';

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
  ADD COLUMN scheduled_launch_at timestamptz,
  ADD COLUMN launch_error text,
  ADD COLUMN launch_outcome jsonb,
  ADD COLUMN exported_at timestamptz,
  ADD COLUMN launch_lowers boolean NOT NULL DEFAULT false,
  DROP CONSTRAINT outreach_campaigns_audience_check,
  ADD CONSTRAINT outreach_campaigns_audience_check CHECK (audience IN ('jobs', 'contacts', 'assigned'));
DELETE FROM campaign.constraint_hints WHERE constraint_name IN ('outreach_campaigns.audience', 'outreach_campaigns_audience_check');

CREATE INDEX outreach_campaigns_scheduled_idx ON campaign.outreach_campaigns (tenant_id, scheduled_launch_at) WHERE scheduled_launch_at IS NOT NULL;

COMMENT ON FUNCTION campaign.create_campaign(uuid, text, jsonb, text, text, text, text) IS
'Creates an outreach campaign in draft and projects its steps; returns its id. audience jobs enrols completed jobs of service_type (NULL: of any), audience contacts is enrolled explicitly, audience assigned works on what campaign.assign_contacts() gave it. Raises CP003 for an invalid document, P0002 for a tenant that is not yours, 23505 for a name in use.';

DROP FUNCTION campaign.create_campaign_from_template(uuid, text, uuid);
DELETE FROM campaign.access_privileges WHERE object = 'FUNCTION campaign.create_campaign_from_template(uuid, text, uuid)';
CREATE FUNCTION campaign.create_campaign_from_template(template uuid, name text, tenant uuid DEFAULT NULL, audience text DEFAULT 'jobs') RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  found record := campaign.find_campaign_template(template, tenant, 'campaign');
  source campaign.campaign_templates := found.source;
  new_id uuid;
BEGIN
  new_id := campaign.create_campaign(found.target, name, source.template_config, audience, description => source.description);
  UPDATE campaign.outreach_campaigns o SET generation_config = source.default_config
   WHERE o.tenant_id = found.target AND o.campaign_id = new_id;
  RETURN new_id;
END $$;

COMMENT ON FUNCTION campaign.create_campaign_from_template(uuid, text, uuid, text) IS
'Creates a campaign in draft as a copy of a template of the system or of your own; the copy is the tenant''s. The tenant may be left out where you write to one only; audience as in create_campaign(). Raises P0002 for an unknown template, 22023 where the tenant is not determined.';

CREATE OR REPLACE FUNCTION campaign.revise_campaign(campaign uuid, template_config jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  locked record := campaign.lock_outreach_campaign(campaign);
  new_version integer;
BEGIN
  IF locked.status NOT IN ('draft', 'ready', 'running', 'paused') THEN
    RAISE EXCEPTION 'the steps of a campaign in status "%" cannot be edited', locked.status
      USING ERRCODE = 'CP002',
            DETAIL = 'Steps are edited in draft and ready, or revised in running and paused.',
            HINT = 'Bring the campaign back to ready, or clone it.';
  END IF;
  IF template_config IS NULL THEN
    RAISE EXCEPTION 'template_config must not be null'
      USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'A campaign is a sequence of 1 to 50 steps.',
            HINT = 'Pass the whole new document.';
  END IF;
  UPDATE campaign.outreach_campaigns o SET template_config = revise_campaign.template_config, plan_version = o.plan_version + 1
   WHERE o.tenant_id = locked.tenant AND o.campaign_id = campaign
  RETURNING o.plan_version INTO new_version;
  PERFORM campaign.project_plan(locked.tenant, campaign, new_version, template_config);
  IF locked.status IN ('draft', 'ready') THEN
    PERFORM campaign.follow_revised_plan(locked.tenant, campaign, new_version);
  ELSIF locked.status = 'running' THEN
    PERFORM campaign.require_sendable_plan(locked.tenant, campaign);
  END IF;
  RETURN new_version;
END $$;

COMMENT ON FUNCTION campaign.revise_campaign(uuid, jsonb) IS
'Replaces the steps of a campaign and returns the new plan version. Enrolments keep the plan that they started with; new ones take the new version. In ready, messages of a step that is gone or has another channel are rejected, and approved ones of a step with another label or other settings are to be reviewed again. Raises CP003 for an invalid document, CP002 where the status does not allow it or a step would have no text, P0002.';

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
     SET generation_config = coalesce($2, o.generation_config), sender_config = coalesce($3, o.sender_config),
         -- an owner has agreed to other limits
         launch_lowers = o.launch_lowers AND ($3 IS NULL OR locked.tenant = ANY (campaign.owned_tenants()))
   WHERE o.tenant_id = locked.tenant AND o.campaign_id = $1;
END $$;

COMMENT ON FUNCTION campaign.configure_campaign(uuid, jsonb, jsonb) IS
'Replaces the generation_config and the sender_config of a campaign in draft or ready, each as a whole; NULL leaves one as it is. Raises CP003 for an invalid document, CP002 in any other status, P0002.';

CREATE OR REPLACE FUNCTION campaign.check_outreach_preconditions() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  n bigint;
BEGIN
  -- a campaign is generating if and only if a job of it is alive: the functions of generation make and end both
  IF (NEW.status = 'generating') <> campaign.is_generating(NEW.tenant_id, NEW.id) THEN
    RAISE EXCEPTION 'status "%" is not % by a transition', CASE NEW.status WHEN 'generating' THEN NEW.status ELSE OLD.status END,
                    CASE NEW.status WHEN 'generating' THEN 'entered' ELSE 'left' END
      USING ERRCODE = 'CP002',
            DETAIL = 'A campaign is generating while a generation job runs.',
            HINT = CASE NEW.status WHEN 'generating' THEN 'Call campaign.start_generation().'
                   ELSE 'Wait until the job has finished, or call campaign.cancel_generation().' END;
  ELSIF NEW.status = 'exported' AND NOT EXISTS (
       SELECT FROM campaign.outreach_campaigns o
        WHERE o.tenant_id = NEW.tenant_id AND o.campaign_id = NEW.id AND o.exported_at IS NOT NULL) THEN
    RAISE EXCEPTION 'status "%" is not entered by a transition', NEW.status
      USING ERRCODE = 'CP002',
            DETAIL = 'A campaign is exported once its messages were.',
            HINT = 'Launch the campaign instead, or export it with campaign.export_messages().';
  -- the way back is always open: an enabled step every document has
  ELSIF NEW.status = 'ready' AND OLD.status = 'draft' THEN
    PERFORM campaign.require_read_committed('making a campaign ready');
    PERFORM campaign.require_assigned_contacts(NEW.tenant_id, NEW.id);
    PERFORM campaign.refuse_overlaps(NEW.tenant_id, NEW.id);
  ELSIF NEW.status = 'approved' THEN
    PERFORM campaign.require_read_committed('approving a campaign');
    PERFORM campaign.require_approvable(NEW.tenant_id, NEW.id);
  ELSIF NEW.status = 'running' THEN
    PERFORM campaign.require_read_committed('running a campaign');
    PERFORM campaign.require_sendable_plan(NEW.tenant_id, NEW.id);
    IF OLD.status <> 'paused' THEN
      PERFORM campaign.require_reviewed(NEW.tenant_id, NEW.id, OLD.status);
      PERFORM campaign.require_limits_applied(NEW.tenant_id, NEW.id);
    END IF;
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

CREATE OR REPLACE FUNCTION campaign.apply_outreach_transition() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  matching boolean := NEW.status IN ('running', 'paused');
  now_time timestamptz := campaign.now();
BEGIN
  IF NEW.status = 'paused' THEN
    -- what a transition back resumes with, unless resume_campaign() says otherwise
    UPDATE campaign.lanes l SET paused = true, paused_at = now_time, spread = '1 hour',
           resume_policy = (SELECT o.resume_policy FROM campaign.outreach_campaigns o
                             WHERE o.tenant_id = NEW.tenant_id AND o.campaign_id = NEW.id)
     WHERE l.tenant_id = NEW.tenant_id AND l.campaign_id = NEW.id;
  ELSIF OLD.status = 'paused' AND NEW.status = 'running' THEN
    UPDATE campaign.lanes l SET paused = false, paused_at = NULL, resumed_at = now_time,
           shift = CASE l.resume_policy
                   -- in hours: the day of an interval is not always 24 of them
                   WHEN 'shift' THEN l.shift + make_interval(secs => greatest(extract(epoch FROM now_time - l.paused_at), 0)::double precision)
                   ELSE l.shift END
     WHERE l.tenant_id = NEW.tenant_id AND l.campaign_id = NEW.id;
  ELSE
    UPDATE campaign.lanes l SET paused = (NEW.status <> 'running')
     WHERE l.tenant_id = NEW.tenant_id AND l.campaign_id = NEW.id AND l.paused IS DISTINCT FROM (NEW.status <> 'running');
  END IF;
  UPDATE campaign.outreach_campaigns o SET is_matching = matching
   WHERE o.tenant_id = NEW.tenant_id AND o.campaign_id = NEW.id AND o.is_matching <> matching;
  IF NEW.status IN ('running', 'archived') THEN
    UPDATE campaign.outreach_campaigns o SET scheduled_launch_at = NULL, launch_error = NULL
     WHERE o.tenant_id = NEW.tenant_id AND o.campaign_id = NEW.id AND (o.scheduled_launch_at IS NOT NULL OR o.launch_error IS NOT NULL);
  END IF;
  IF NEW.status = 'archived' THEN
    PERFORM campaign.stop_enrollments(NEW.tenant_id,
      ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
             WHERE e.tenant_id = NEW.tenant_id AND e.campaign_id = NEW.id AND e.status = 'active'), 'campaign_archived');
  END IF;
  RETURN NULL;
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
  ('member', 'EXECUTE', 'FUNCTION campaign.create_campaign_from_template(uuid, text, uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.configure_campaign(uuid, jsonb, jsonb)');

COMMENT ON COLUMN campaign.outreach_campaigns.audience IS 'jobs: completed jobs are enrolled automatically; contacts: contacts are enrolled explicitly; assigned: it works on its rows of campaign_contacts.';

COMMENT ON COLUMN campaign.outreach_campaigns.generation_config IS 'How messages are generated; edited with configure_campaign().';

COMMENT ON COLUMN campaign.outreach_campaigns.sender_config IS 'Who sends them and at what pace; edited with configure_campaign().';

COMMENT ON COLUMN campaign.outreach_campaigns.scheduled_launch_at IS 'When maintenance launches it; set by launch_campaign().';

COMMENT ON COLUMN campaign.outreach_campaigns.launch_lowers IS 'Whether an owner has set the launch: only then does it lower the tenant''s limits to those of sender_config.';

COMMENT ON COLUMN campaign.outreach_campaigns.launch_error IS 'Why the launch that was set could not be done.';

COMMENT ON COLUMN campaign.outreach_campaigns.launch_outcome IS 'What became of the assigned contacts at the launch: [{outcome, reason, contacts}], as enroll_contacts() says it.';

COMMENT ON COLUMN campaign.outreach_campaigns.exported_at IS 'When its messages were exported, in approved.';

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

CREATE FUNCTION campaign.dead_link(content text, link_base text, review_page text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN link_base IS NULL AND review_page IS NULL AND content ~ '\{\{\s*link\.review\s*\}\}' THEN 'review'
            WHEN link_base IS NULL AND content ~ '\{\{\s*link\.unsubscribe' THEN 'unsubscribe' END;

COMMENT ON FUNCTION campaign.dead_link(text, text, text) IS
'Internal: which link of an unrendered text leads nowhere for a tenant with this link_base_url and review_url: review or unsubscribe; NULL if none does.';

CREATE FUNCTION campaign.require_live_links(place text, content text, link_base text, review_page text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  dead text := campaign.dead_link(content, link_base, review_page);
BEGIN
  IF dead = 'review' THEN
    RAISE EXCEPTION '% has a review link that leads nowhere', place
      USING ERRCODE = 'CP002',
            DETAIL = 'Its text uses {{link.review}}, and the tenant has neither link_base_url nor review_url.',
            HINT = 'Set one of the two, or give the placeholder a default.';
  ELSIF dead = 'unsubscribe' THEN
    RAISE EXCEPTION '% has an unsubscribe link that leads nowhere', place
      USING ERRCODE = 'CP002',
            DETAIL = 'Its text uses {{link.unsubscribe}}, and the tenant has no link_base_url.',
            HINT = 'Set tenants.link_base_url to the address where your application answers links.';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_live_links(text, text, text, text) IS
'Internal: raises CP002 if an unrendered text, whose place is named, has a link that leads nowhere.';

CREATE OR REPLACE FUNCTION campaign.require_sendable_plan(tenant uuid, campaign uuid, version integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  touch record;
  message record;
  link_base text;
  review_page text;
  has_messages boolean;
  touch_has_messages boolean;
BEGIN
  SELECT t.link_base_url, t.review_url INTO link_base, review_page FROM campaign.tenants t WHERE t.id = tenant;
  has_messages := EXISTS (
    SELECT FROM campaign.outreach_campaigns o JOIN campaign.messages m ON m.tenant_id = o.tenant_id AND m.campaign_id = o.campaign_id
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND o.audience = 'assigned' AND m.tenant_id = tenant
       AND m.status NOT IN ('draft', 'rejected'));
  FOR touch IN
    SELECT t.touch_number, t.step, t.label, t.channel, h.has_body, h.has_subject, x.subject, x.body, x.body_html
      FROM campaign.outreach_campaigns o
      JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = coalesce(version, o.plan_version)
      JOIN campaign.channels h ON h.channel = t.channel
      LEFT JOIN LATERAL campaign.touch_text(tenant, campaign, t.plan_version, t.touch_number, o.service_type) x
        ON NOT has_messages OR num_nonnulls(t.body, t.body_html, t.template_id) > 0
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant
     ORDER BY t.touch_number
  LOOP
    touch_has_messages := false;
    -- looked for only where the step does without a text
    IF has_messages AND (touch.has_body AND touch.body IS NULL AND touch.body_html IS NULL OR touch.has_subject AND touch.subject IS NULL) THEN
      touch_has_messages := EXISTS (
        SELECT FROM campaign.messages m
         WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND m.touch_number = touch.touch_number AND m.channel = touch.channel
           AND m.status NOT IN ('draft', 'rejected'));
    END IF;
    IF touch.has_body AND touch.body IS NULL AND touch.body_html IS NULL AND NOT touch_has_messages THEN
      RAISE EXCEPTION 'step % ("%") has no text', touch.step, touch.label
        USING ERRCODE = 'CP002',
              DETAIL = CASE WHEN has_messages THEN 'Neither the step nor its template gives a body, and no message that was written for it is approved.'
                       ELSE 'Neither the step, nor its template, nor a default template of its channel gives a body.' END,
              HINT = 'Give the step a body or a template_id, the tenant a default template for the channel, or the contacts messages.';
    END IF;
    IF touch.has_subject AND touch.subject IS NULL AND NOT touch_has_messages THEN
      RAISE EXCEPTION 'step % ("%") has no subject', touch.step, touch.label
        USING ERRCODE = 'CP002',
              DETAIL = 'Its channel has one, and the step gives a body of its own without it.',
              HINT = 'Give the step a subject.';
    END IF;
    PERFORM campaign.require_live_links(format('step %s ("%s")', touch.step, touch.label),
      concat(touch.subject, touch.body, touch.body_html), link_base, review_page);
  END LOOP;
  IF has_messages AND link_base IS NULL THEN
    FOR message IN
      SELECT m.id, concat(m.subject, m.body, m.body_html) AS content FROM campaign.messages m
       WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND m.status = 'approved'
         AND campaign.dead_link(concat(m.subject, m.body, m.body_html), link_base, review_page) IS NOT NULL
       ORDER BY m.id LIMIT 1
    LOOP
      PERFORM campaign.require_live_links(format('message "%s"', message.id), message.content, link_base, review_page);
    END LOOP;
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_sendable_plan(uuid, uuid, integer) IS
'Internal: raises CP002 unless every touch of a version of the campaign''s plan (default: the present one) can be rendered, or has messages of its channel that were approved, and no text or approved message has a link that leads nowhere.';

CREATE FUNCTION campaign.default_warmup() RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{"1": 20, "2": 30, "3": 50, "4": 75, "5": 100, "7": 150, "14": 300, "30": 500}'::jsonb;

COMMENT ON FUNCTION campaign.default_warmup() IS
'The days of a warm-up and the most touches of each, as start_warmup() has them unless others are given.';

CREATE FUNCTION campaign.begin_warmup(tenant uuid, channel text, started_on date, caps jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  INSERT INTO campaign.send_limits AS s (tenant_id, channel, per_hour, warmup_started_on)
  SELECT tenant, channel, c.hourly_limit, coalesce(started_on, w.today)
    FROM campaign.tenants t, campaign.channels c, campaign.send_windows(campaign.now(), t.timezone) w
   WHERE t.id = tenant AND c.channel = channel
  ON CONFLICT ON CONSTRAINT send_limits_pkey DO UPDATE SET warmup_started_on = EXCLUDED.warmup_started_on;
  DELETE FROM campaign.send_warmup w WHERE w.tenant_id = tenant AND w.channel = channel;
  INSERT INTO campaign.send_warmup (tenant_id, channel, day, cap)
  SELECT tenant, channel, e.key::integer, (e.value #>> '{}')::integer FROM jsonb_each(caps) e;
END $$;

COMMENT ON FUNCTION campaign.begin_warmup(uuid, text, date, jsonb) IS
'Internal: writes the warm-up of a channel whose meter is locked.';

CREATE OR REPLACE FUNCTION campaign.start_warmup(tenant uuid, channel text, started_on date DEFAULT NULL,
  caps jsonb DEFAULT campaign.default_warmup()) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  was_capped boolean := campaign.lock_send_limit(tenant, channel, 'start_warmup()');
BEGIN
  IF caps IS NULL OR jsonb_typeof(caps) <> 'object' OR caps = '{}' OR EXISTS (
       SELECT FROM jsonb_each(CASE jsonb_typeof(caps) WHEN 'object' THEN caps ELSE '{}' END) e
        WHERE e.key !~ '^[1-9][0-9]{0,3}$' OR e.key::integer > 3650
           OR NOT (e.value = 'null' OR jsonb_typeof(e.value) = 'number' AND e.value::text ~ '^[0-9]{1,9}$')) THEN
    RAISE EXCEPTION 'invalid warm-up table'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is an object of days from 1 to 3650 with the most touches of each, or null from the day on which there is no limit any more.',
            HINT = 'Write it like {"1": 20, "3": 50, "14": 300, "31": null}.';
  END IF;
  IF NOT isfinite(started_on) THEN
    RAISE EXCEPTION 'started_on must be finite'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is day 1 of the warm-up.',
            HINT = 'Leave it out to start today.';
  END IF;
  PERFORM campaign.begin_warmup(tenant, channel, started_on, caps);
  PERFORM campaign.apply_send_limits(tenant, channel, was_capped);
END $$;

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.default_warmup()');

CREATE OR REPLACE FUNCTION campaign.refuse_enrollment(tenant uuid, campaign uuid, contact uuid, job uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  asked record;
BEGIN
  SELECT c.status AS campaign_status, k.id IS NOT NULL AS has_contact, k.archived_at, j.status AS job_status,
         x.status = 'excluded' AS is_excluded, coalesce(o.audience = 'assigned', false) AS by_assignment,
         x.contact_id IS NOT NULL AS is_assigned, k.is_disqualified,
         campaign.now() - make_interval(secs => extract(epoch FROM t.review_cooldown)::double precision) AS since
    INTO asked
    FROM campaign.tenants t
    LEFT JOIN campaign.campaigns c ON c.tenant_id = tenant AND c.id = campaign AND c.kind = 'outreach'
    LEFT JOIN campaign.contacts k ON k.tenant_id = tenant AND k.id = contact
    LEFT JOIN campaign.outreach_campaigns o ON o.tenant_id = tenant AND o.campaign_id = campaign
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
  ELSIF asked.by_assignment AND NOT asked.is_assigned THEN
    outcome := 'not_matched';
    reason := 'not_assigned';
  ELSIF asked.by_assignment AND asked.is_disqualified THEN
    outcome := 'suppressed';
    reason := 'contact_disqualified';
  ELSIF job IS NOT NULL AND asked.job_status IS DISTINCT FROM 'completed' THEN
    outcome := 'not_matched';
    reason := 'job_' || coalesce(asked.job_status, 'missing');
  ELSIF campaign.has_reviewed(tenant, contact, asked.since) THEN
    outcome := 'suppressed';
    reason := 'review_cooldown';
  END IF;
END $$;

CREATE OR REPLACE FUNCTION campaign.act_on_event(v campaign.touch_events, rules record, contacts uuid[], holders uuid[]) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- who has reviewed would not have been enrolled for so long, had it been known
  began_by timestamptz := v.at + CASE WHEN v.kind IN ('reviewed', 'feedback') OR v.kind = 'clicked' AND v.link = 'review'
    THEN (SELECT make_interval(secs => extract(epoch FROM t.review_cooldown)::double precision) FROM campaign.tenants t WHERE t.id = v.tenant_id)
    ELSE '0' END;
  stopped integer := 0;
BEGIN
  PERFORM campaign.count_event(v);
  PERFORM campaign.follow_message(v);
  IF rules.stop_reason IS NOT NULL THEN
    stopped := campaign.stop_enrollments(v.tenant_id,
      ARRAY(SELECT w.id FROM unnest(campaign.live_enrollments(v.tenant_id, contacts)) AS w(id)
             WHERE w.id = v.enrollment_id
                OR rules.stop_scope IS DISTINCT FROM 'enrollment'
                   AND (SELECT e.enrolled_at FROM campaign.campaign_enrollments e WHERE e.tenant_id = v.tenant_id AND e.id = w.id) <= began_by),
      rules.stop_reason);
  END IF;
  IF rules.suppress_reason IS NOT NULL OR rules.opts_out THEN
    -- behind the enrolments in the order of locks; a claim meets us there
    PERFORM campaign.lock_contact_touches(v.tenant_id, holders);
  END IF;
  IF rules.suppress_reason IS NOT NULL AND v.address <> '' THEN
    INSERT INTO campaign.suppressions (tenant_id, address, reason, at)
    VALUES (v.tenant_id, v.address, rules.suppress_reason, v.at)
    ON CONFLICT ON CONSTRAINT suppressions_pkey DO NOTHING;
  END IF;
  IF rules.opts_out THEN
    INSERT INTO campaign.consents AS c (tenant_id, contact_id, channel, state, at, source, method)
    SELECT v.tenant_id, h.id, coalesce(v.channel, 'email'), 'opted_out', v.at, 'event', v.kind
      FROM unnest(holders) AS h(id) ORDER BY h.id
    ON CONFLICT ON CONSTRAINT consents_pkey
    DO UPDATE SET state = EXCLUDED.state, at = EXCLUDED.at, source = EXCLUDED.source, method = EXCLUDED.method
    WHERE c.state <> 'opted_out';
  END IF;
  IF v.campaign_id IS NOT NULL AND (v.bounce = 'hard' OR v.kind = 'complained') THEN
    PERFORM campaign.check_breaker(v.tenant_id, v.campaign_id);
  END IF;
  RETURN stopped;
END $$;

COMMENT ON FUNCTION campaign.act_on_event(campaign.touch_events, record, uuid[], uuid[]) IS
'Internal: counts an event, has the message follow it, and does what the rules say to the sequences of contacts, and to the address and the consents of those who hold it; returns how many enrolments were stopped. The caller holds all of them.';

CREATE FUNCTION campaign.enroll_many(tenant uuid, campaign uuid, ids uuid[], anchor_at timestamptz,
  OUT outcome text, OUT reason text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  wanted record := campaign.distinct_ids(coalesce(ids, '{}'));
  campaign_status text;
  policy text;
  locked record;
  excluded uuid[];
  unassigned uuid[] := '{}';
  disqualified uuid[] := '{}';
  barred uuid[];
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
  -- whom assign_contacts() does not take does not come in by this door either
  IF EXISTS (SELECT FROM campaign.outreach_campaigns o WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND o.audience = 'assigned') THEN
    unassigned := ARRAY(SELECT p.id FROM unnest(locked.present) p(id)
                        EXCEPT SELECT k.contact_id FROM campaign.campaign_contacts k WHERE k.tenant_id = tenant AND k.campaign_id = campaign);
    disqualified := ARRAY(SELECT c.id FROM campaign.contacts c
                           WHERE c.tenant_id = tenant AND c.id = ANY (locked.present) AND c.is_disqualified AND c.id <> ALL (excluded || unassigned));
  END IF;
  barred := excluded || unassigned || disqualified;
  present := CASE WHEN cardinality(barred) = 0 THEN locked.present
                  ELSE ARRAY(SELECT p.id FROM unnest(locked.present) p(id) WHERE p.id <> ALL (barred) ORDER BY p.id) END;
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
      ('suppressed', 'contact_disqualified', cardinality(disqualified)::bigint),
      ('suppressed', 'review_cooldown', class.reviewed),
      ('not_matched', 'not_assigned', cardinality(unassigned)::bigint),
      ('not_matched', 'contact_missing', cardinality(wanted.present) - cardinality(locked.present) - locked.archived
                                         + cardinality(ids) - wanted.given),
      ('not_matched', 'duplicate', wanted.given - cardinality(wanted.present))) r(outcome, reason, contacts)
   WHERE r.contacts > 0;
END $$;

COMMENT ON FUNCTION campaign.enroll_many(uuid, uuid, uuid[], timestamptz) IS
'Internal: enrols many contacts in a campaign of a tenant, and returns how many had which outcome; raises 25000 above READ COMMITTED.';

CREATE OR REPLACE FUNCTION campaign.enroll_contacts(campaign uuid, ids uuid[], anchor_at timestamptz DEFAULT NULL,
  OUT outcome text, OUT reason text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  tenant uuid := campaign.require_enrollment_target(campaign, anchor_at);
BEGIN
  RETURN QUERY SELECT r.* FROM campaign.enroll_many(tenant, campaign, ids, anchor_at) r;
END $$;

COMMENT ON FUNCTION campaign.enroll_contacts(uuid, uuid[], timestamptz) IS
'Enrols many contacts in a running campaign, as enroll() does each of them without a job, and returns how many had which outcome for which reason; ids that are not the tenant''s (contact_missing) and ids that come again (duplicate) are not_matched. In a campaign of audience assigned so are those who are not assigned to it (not_assigned), and of those who are the disqualified ones are suppressed (contact_disqualified). A million is one call. Raises P0002 for a campaign that is not yours, 22023 for an anchor before 1900 or after 9999, 25000 above READ COMMITTED.';

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
     WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign
       AND (k.status IN ('pending', 'enrichment_ok', 'enrichment_needed')
            OR k.status = 'failed' AND NOT EXISTS (SELECT FROM campaign.messages m
                                                    WHERE m.tenant_id = target.tenant AND m.campaign_id = campaign AND m.contact_id = k.contact_id))
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
  now_time timestamptz := campaign.now();
  at_time timestamptz := least(coalesce(at, now_time), now_time);
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
  IF NOT isfinite(at) THEN
    RAISE EXCEPTION 'at must be finite'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It says when the stage ended.',
            HINT = 'Leave at out for now.';
  END IF;
  -- of two reports the later one counts, in whichever order they come
  INSERT INTO campaign.entity_stages AS s (tenant_id, entity_kind, entity_id, stage, status, at)
  VALUES (owner_tenant, entity_kind, entity_id, name, status, at_time)
  ON CONFLICT ON CONSTRAINT entity_stages_pkey DO UPDATE SET status = excluded.status, at = excluded.at WHERE s.at <= excluded.at;
END $$;

COMMENT ON FUNCTION campaign.record_stage(text, uuid, text, text, timestamptz) IS
'Records how a stage of a contact or company ended: completed, failed or skipped, at (default now, and at the latest now), of which the latest counts. Aliases of stages: company l1_company is l1 and l2_deep_research is l2, contact person_enrichment is person. Raises P0002 for a contact or company that is not yours, CP002 for a contact that was erased, 22023 for an unknown kind, stage or status and a time without end.';

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
  companies uuid[] := ARRAY(SELECT DISTINCT c.company_id FROM campaign.contacts c
                             WHERE c.tenant_id = target.tenant AND c.id = ANY (asked) AND c.company_id IS NOT NULL);
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
                     AND s.entity_id = ANY (CASE required.entity_kind WHEN 'contact' THEN asked ELSE companies END)
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
DECLARE
  contact uuid;
BEGIN
  SELECT m.tenant_id, m.campaign_id, m.contact_id INTO tenant, campaign, contact FROM campaign.messages m
   WHERE m.tenant_id = ANY (campaign.writable_tenants()) AND m.id = message;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'message % does not exist', coalesce('"' || message || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a message with this id.',
            HINT = 'Check the id; a message of another tenant is not found.';
  END IF;
  SELECT l.status INTO campaign_status FROM campaign.lock_outreach_campaign(campaign) l;
  PERFORM FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = contact FOR KEY SHARE;
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
'Internal: locks a message of the caller''s writable tenants, its campaign, its contact FOR KEY SHARE, and in running and paused the queue row of its contact; returns message and campaign. Raises P0002.';

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

CREATE FUNCTION campaign.refuse_excluded(message campaign.messages) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM campaign.refuse_erased(message.tenant_id, message.contact_id);
  IF EXISTS (SELECT FROM campaign.campaign_contacts k
              WHERE k.tenant_id = message.tenant_id AND k.campaign_id = message.campaign_id AND k.contact_id = message.contact_id AND k.status = 'excluded') THEN
    RAISE EXCEPTION 'the contact of message "%" is excluded', message.id
      USING ERRCODE = 'CP002',
            DETAIL = 'Nothing is sent to a contact who was excluded from the campaign.',
            HINT = 'Leave the message as it is.';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.refuse_excluded(campaign.messages) IS
'Internal: raises CP002 for a message to a contact who was excluded from its campaign, or erased.';

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
  PERFORM campaign.refuse_excluded(old);
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
'Changes the text of a message (NULL leaves a part as it is, the empty string takes it away) and returns its new version, which is to be reviewed; an approved campaign goes back to review. reason: too_formal, too_casual, wrong_tone, wrong_language, too_long, too_short, factually_wrong, off_topic, generic or other. version: the one that was read; if it is no longer the present one, CP002. Raises CP002 for a message that was sent or is with a worker, whose contact was excluded or erased, or where the campaign is not in review, approved, running or paused, 22023 for an unknown reason, 23514 and CP003 for a text that the channel does not take, P0002.';

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
  PERFORM campaign.refuse_excluded(old);
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
  IF wanted = 'approved' THEN
    PERFORM campaign.refuse_excluded(old);
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

CREATE FUNCTION campaign.lock_campaigns_of(messages uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  item record;
BEGIN
  FOR item IN
    SELECT DISTINCT m.tenant_id, m.campaign_id FROM campaign.messages m
     WHERE m.tenant_id = ANY (campaign.writable_tenants()) AND m.id = ANY (messages) ORDER BY m.tenant_id, m.campaign_id
  LOOP
    PERFORM campaign.lock_tenant_key(item.tenant_id);
    PERFORM FROM campaign.campaigns c WHERE c.tenant_id = item.tenant_id AND c.id = item.campaign_id FOR NO KEY UPDATE;
  END LOOP;
END $$;

COMMENT ON FUNCTION campaign.lock_campaigns_of(uuid[]) IS
'Internal: locks the campaigns of messages, in order; those that are not the caller''s to write are passed over.';

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
  -- campaigns first, and then their queue rows in the order in which a batch of reports locks them, so that
  -- nobody waits in a circle
  PERFORM campaign.lock_campaigns_of(ids);
  FOR item IN
    SELECT i.id, i.version, min(i.place) AS place
      FROM unnest(ids, versions) WITH ORDINALITY i(id, version, place)
      LEFT JOIN campaign.messages m ON m.tenant_id = ANY (campaign.writable_tenants()) AND m.id = i.id
      LEFT JOIN campaign.campaign_enrollments e ON e.tenant_id = m.tenant_id AND e.contact_id = m.contact_id AND e.campaign_id = m.campaign_id
            AND EXISTS (SELECT FROM campaign.touch_queue q WHERE q.tenant_id = e.tenant_id AND q.enrollment_id = e.id)
     GROUP BY i.id, i.version, m.tenant_id ORDER BY m.tenant_id, (array_agg(e.id ORDER BY e.id))[1], i.id, i.version
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
     AND k.status = 'excluded' AND m.status IN ('draft', 'approved')
     -- what a worker has begun to send may be sent: his report says
     AND NOT EXISTS (SELECT FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
                      WHERE e.tenant_id = m.tenant_id AND e.contact_id = m.contact_id AND e.campaign_id = m.campaign_id
                        AND q.touch_number = m.touch_number AND q.flags & 1 = 1);
  RETURN NULL;
END $$;

COMMENT ON FUNCTION campaign.reject_excluded_messages() IS
'Trigger on campaign_contacts: messages of a contact who is excluded, and that were not sent and are not being sent, are rejected.';

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

CREATE TABLE campaign.generation_costs (
  tenant_id    uuid NOT NULL,
  id           uuid NOT NULL DEFAULT campaign.uuid_v7(),
  campaign_id  uuid NOT NULL,
  contact_id   uuid NOT NULL,
  job_id       uuid NOT NULL,
  fence        bigint NOT NULL,
  touch_number smallint,
  variant      text COLLATE "C",
  model        text NOT NULL,
  tokens_in    bigint NOT NULL,
  tokens_out   bigint NOT NULL,
  usd          numeric(12,6) NOT NULL,
  at           timestamptz NOT NULL,
  CONSTRAINT generation_costs_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT generation_costs_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT generation_costs_amounts_check CHECK (tokens_in >= 0 AND tokens_out >= 0 AND usd >= 0)
);

CREATE INDEX generation_costs_contact_idx ON campaign.generation_costs (tenant_id, campaign_id, contact_id);

CREATE INDEX generation_costs_at_idx ON campaign.generation_costs (tenant_id, at);

SELECT pg_catalog.pg_extension_config_dump('campaign.generation_costs', '');

CREATE FUNCTION campaign.credits(usd numeric) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT round($1 * 1000)::bigint;
END;

COMMENT ON FUNCTION campaign.credits(numeric) IS
'US dollars as credits: 1 credit is 0.001 USD, rounded half up. Of a sum, not of its parts.';

CREATE FUNCTION campaign.record_generation_costs(tenant uuid, campaign uuid, job uuid, contact uuid, fence bigint, costs jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  item record;
BEGIN
  PERFORM campaign.require_object_list(costs, 'costs', '{model,tokens_in,tokens_out,usd,touch_number,variant}');
  IF EXISTS (SELECT FROM campaign.generation_costs g
              WHERE g.tenant_id = tenant AND g.campaign_id = campaign AND g.contact_id = contact AND g.job_id = job AND g.fence = fence) THEN
    RETURN;
  END IF;
  FOR item IN
    SELECT c.place - 1 AS place, c.entry ->> 'model' AS model, c.entry -> 'tokens_in' AS tokens_in, c.entry -> 'tokens_out' AS tokens_out,
           c.entry -> 'usd' AS usd, c.entry -> 'touch_number' AS touch_number, c.entry ->> 'variant' AS variant, jsonb_typeof(c.entry -> 'model') AS kind
      FROM jsonb_array_elements(costs) WITH ORDINALITY c(entry, place) ORDER BY c.place
  LOOP
    IF item.kind IS DISTINCT FROM 'string' OR length(item.model) NOT BETWEEN 1 AND 200 THEN
      PERFORM campaign.raise_list_fault('costs', item.place, 'model', 'must be the name of a model, of 1 to 200 characters');
    ELSIF campaign.amount_within(item.usd, 999999, false) IS NOT TRUE THEN
      PERFORM campaign.raise_list_fault('costs', item.place, 'usd', 'must be a number of US dollars from 0 to 999999');
    ELSIF NOT coalesce(campaign.amount_within(item.tokens_in, 1e15, true), true) THEN
      PERFORM campaign.raise_list_fault('costs', item.place, 'tokens_in', 'must be a whole number from 0');
    ELSIF NOT coalesce(campaign.amount_within(item.tokens_out, 1e15, true), true) THEN
      PERFORM campaign.raise_list_fault('costs', item.place, 'tokens_out', 'must be a whole number from 0');
    ELSIF NOT coalesce(campaign.amount_within(item.touch_number, 50, true) AND item.touch_number <> '0', true) THEN
      PERFORM campaign.raise_list_fault('costs', item.place, 'touch_number', 'must be the number of a step');
    ELSIF item.variant NOT IN ('a', 'b', 'c') THEN
      PERFORM campaign.raise_list_fault('costs', item.place, 'variant', 'must be a, b or c');
    END IF;
    INSERT INTO campaign.generation_costs (tenant_id, campaign_id, contact_id, job_id, fence, touch_number, variant, model, tokens_in, tokens_out, usd, at)
    VALUES (tenant, campaign, contact, job, fence, (item.touch_number #>> '{}')::numeric::smallint, item.variant, item.model,
            coalesce((item.tokens_in #>> '{}')::numeric, 0), coalesce((item.tokens_out #>> '{}')::numeric, 0), (item.usd #>> '{}')::numeric, now_time);
  END LOOP;
END $$;

COMMENT ON FUNCTION campaign.record_generation_costs(uuid, uuid, uuid, uuid, bigint, jsonb) IS
'Internal: writes the costs of a lease, unless they are written already. The caller has the campaign locked. Raises CP003 for a bad list.';

CREATE FUNCTION campaign.amount_within(value jsonb, most numeric, whole boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN $1 IS NULL OR jsonb_typeof($1) = 'null' THEN NULL
              WHEN jsonb_typeof($1) <> 'number' THEN false
              ELSE ($1 #>> '{}')::numeric BETWEEN 0 AND $2 AND (NOT $3 OR ($1 #>> '{}')::numeric = trunc(($1 #>> '{}')::numeric)) END;
END;

COMMENT ON FUNCTION campaign.amount_within(jsonb, numeric, boolean) IS
'Internal: whether a value is a number from 0 to the greatest, whole where it must be; NULL if there is none.';

CREATE FUNCTION campaign.raise_list_fault(list text, place bigint, key text, fault text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'invalid % at $[%]%: %', list, place, coalesce('.' || key, ''), fault
    USING ERRCODE = 'CP003',
          DETAIL = 'Nothing of the list was saved.',
          HINT = CASE list WHEN 'costs' THEN 'Pass [{"model": ..., "tokens_in": ..., "tokens_out": ..., "usd": ..., "touch_number": ...}].'
                      ELSE 'Pass [{"touch_number": ..., "variant": "a", "subject": ..., "body": ..., "body_html": ...}].' END;
END $$;

COMMENT ON FUNCTION campaign.raise_list_fault(text, bigint, text, text) IS
'Internal: raises CP003 for an entry of a list that a worker handed in.';

CREATE FUNCTION campaign.require_object_list(list jsonb, name text, keys text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  entry jsonb;
  unknown text;
  place bigint := 0;
BEGIN
  IF list IS NULL OR jsonb_typeof(list) <> 'array' THEN
    RAISE EXCEPTION '% must be an array', name
      USING ERRCODE = 'CP003',
            DETAIL = format('It is %s.', CASE jsonb_typeof(list) WHEN 'string' THEN 'a string: it was encoded twice' WHEN 'object' THEN 'an object'
                                              WHEN 'number' THEN 'a number' WHEN 'boolean' THEN 'a boolean' ELSE 'null' END),
            HINT = CASE jsonb_typeof(list) WHEN 'string' THEN 'Pass the array itself, not its text as a JSON string.'
                        ELSE 'An array of nothing is [].' END;
  ELSIF jsonb_array_length(list) > 1000 THEN
    PERFORM campaign.raise_list_fault(name, 1000, NULL, 'there are more than 1000 entries');
  END IF;
  FOR entry IN SELECT e FROM jsonb_array_elements(list) e LOOP
    IF jsonb_typeof(entry) <> 'object' THEN
      PERFORM campaign.raise_list_fault(name, place, NULL, 'must be an object');
    END IF;
    SELECT k INTO unknown FROM jsonb_object_keys(entry) k WHERE k <> ALL (keys) ORDER BY k COLLATE "C" LIMIT 1;
    IF FOUND THEN
      PERFORM campaign.raise_list_fault(name, place, unknown, 'there is no such key');
    END IF;
    place := place + 1;
  END LOOP;
END $$;

COMMENT ON FUNCTION campaign.require_object_list(jsonb, text, text[]) IS
'Internal: raises CP003 for what is no array of objects with these keys.';

CREATE VIEW campaign.contact_generation_costs WITH (security_invoker = true) AS
  SELECT g.tenant_id, g.campaign_id, g.contact_id, count(*) AS calls,
         sum(g.tokens_in)::bigint AS tokens_in, sum(g.tokens_out)::bigint AS tokens_out, sum(g.usd) AS usd, campaign.credits(sum(g.usd)) AS credits
    FROM campaign.generation_costs g GROUP BY g.tenant_id, g.campaign_id, g.contact_id;

COMMENT ON VIEW campaign.contact_generation_costs IS 'What the messages of a contact of a campaign have cost: sums over generation_costs, rounded to credits once.';

CREATE VIEW campaign.campaign_generation_costs WITH (security_invoker = true) AS
  SELECT g.tenant_id, g.campaign_id, count(DISTINCT g.contact_id) AS contacts, count(*) AS calls,
         sum(g.tokens_in)::bigint AS tokens_in, sum(g.tokens_out)::bigint AS tokens_out, sum(g.usd) AS usd, campaign.credits(sum(g.usd)) AS credits
    FROM campaign.generation_costs g GROUP BY g.tenant_id, g.campaign_id;

COMMENT ON VIEW campaign.campaign_generation_costs IS 'What the messages of a campaign have cost: sums over generation_costs, rounded to credits once.';

CREATE VIEW campaign.tenant_generation_costs WITH (security_invoker = true) AS
  SELECT g.tenant_id, count(DISTINCT g.campaign_id) AS campaigns, count(*) AS calls,
         sum(g.tokens_in)::bigint AS tokens_in, sum(g.tokens_out)::bigint AS tokens_out, sum(g.usd) AS usd, campaign.credits(sum(g.usd)) AS credits
    FROM campaign.generation_costs g GROUP BY g.tenant_id;

COMMENT ON VIEW campaign.tenant_generation_costs IS 'What the messages of a tenant have cost: sums over generation_costs, rounded to credits once.';

ALTER TABLE campaign.generation_costs ENABLE ROW LEVEL SECURITY;

CREATE POLICY generation_costs_select ON campaign.generation_costs FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.personal_data (relation, position, belongs, omit) VALUES
  ('generation_costs', 19, 't.contact_id = $2', '{fence}');

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.generation_costs'),
  ('member', 'SELECT', 'TABLE campaign.contact_generation_costs'),
  ('member', 'SELECT', 'TABLE campaign.campaign_generation_costs'),
  ('member', 'SELECT', 'TABLE campaign.tenant_generation_costs'),
  ('member', 'EXECUTE', 'FUNCTION campaign.credits(numeric)');

COMMENT ON TABLE campaign.generation_costs IS 'What each call of a model has cost. Rows are added by save_generated() and fail_generation(), and never changed.';

COMMENT ON COLUMN campaign.generation_costs.fence IS 'The lease under which it was spent; its costs are written once.';

COMMENT ON COLUMN campaign.generation_costs.touch_number IS 'The step that it was spent for; NULL: for the contact as a whole.';

COMMENT ON COLUMN campaign.generation_costs.variant IS 'The variant of the message; NULL: not for one of them.';

COMMENT ON COLUMN campaign.generation_costs.at IS 'When it was reported, by the engine''s clock.';

COMMENT ON POLICY generation_costs_select ON campaign.generation_costs IS 'Members read their tenants''.';

INSERT INTO campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) VALUES
  ('generation', 'running', 1, true, false, 'workers write messages', true),
  ('generation', 'finished', 2, false, true, 'nothing is pending', true),
  ('generation', 'cancelled', 3, false, true, 'a person has ended it', true);

INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) VALUES
  ('generation', 'running', 'finished', NULL, true),
  ('generation', 'running', 'cancelled', NULL, true);

CREATE TABLE campaign.generation_jobs (
  tenant_id       uuid NOT NULL,
  id              uuid NOT NULL DEFAULT campaign.uuid_v7(),
  campaign_id     uuid NOT NULL,
  status          text COLLATE "C" NOT NULL DEFAULT 'running',
  plan_version    integer NOT NULL,
  include_unready boolean NOT NULL,
  regenerate      boolean NOT NULL,
  price_usd       numeric(12,6) NOT NULL,
  reserved_usd    numeric(18,6) NOT NULL,
  started_by      text,
  started_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  end_reason      text,
  CONSTRAINT generation_jobs_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT generation_jobs_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT generation_jobs_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.outreach_campaigns (tenant_id, campaign_id) ON DELETE CASCADE,
  CONSTRAINT generation_jobs_ended_check CHECK ((status = 'running') = (ended_at IS NULL)),
  CONSTRAINT generation_jobs_end_reason_check CHECK (pg_catalog.length(end_reason) <= 1000)
);

CREATE UNIQUE INDEX generation_jobs_live_key ON campaign.generation_jobs (tenant_id, campaign_id) WHERE status = 'running';

CREATE INDEX generation_jobs_campaign_idx ON campaign.generation_jobs (tenant_id, campaign_id);

SELECT pg_catalog.pg_extension_config_dump('campaign.generation_jobs', '');

CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE OF status ON campaign.generation_jobs
  FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('generation', 'status');

CREATE TABLE campaign.generation_items (
  tenant_id    uuid NOT NULL,
  job_id       uuid NOT NULL,
  contact_id   uuid NOT NULL,
  campaign_id  uuid NOT NULL,
  reserved_usd numeric(12,6) NOT NULL,
  lease_until  timestamptz NOT NULL DEFAULT '-infinity',
  fence        bigint NOT NULL DEFAULT 0,
  worker       text,
  attempts     smallint NOT NULL DEFAULT 0,
  outcome      text COLLATE "C",
  error        text,
  ended_at     timestamptz,
  CONSTRAINT generation_items_pkey PRIMARY KEY (tenant_id, job_id, contact_id),
  CONSTRAINT generation_items_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT generation_items_job_fkey FOREIGN KEY (tenant_id, job_id) REFERENCES campaign.generation_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT generation_items_contact_fkey FOREIGN KEY (tenant_id, campaign_id, contact_id) REFERENCES campaign.campaign_contacts (tenant_id, campaign_id, contact_id) ON DELETE CASCADE,
  CONSTRAINT generation_items_outcome_check CHECK (outcome IN ('generated', 'failed', 'excluded', 'cancelled')),
  CONSTRAINT generation_items_ended_check CHECK ((outcome IS NULL) = (ended_at IS NULL) AND (outcome IS NULL OR lease_until = '-infinity'))
) WITH (fillfactor = 80);

CREATE INDEX generation_items_contact_idx ON campaign.generation_items (tenant_id, campaign_id, contact_id);

CREATE INDEX generation_items_open_idx ON campaign.generation_items (tenant_id, job_id, contact_id) WHERE outcome IS NULL;

SELECT pg_catalog.pg_extension_config_dump('campaign.generation_items', '');

CREATE FUNCTION campaign.is_generating(tenant uuid, campaign uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN EXISTS (SELECT FROM campaign.generation_jobs j
                  WHERE j.tenant_id = tenant AND j.campaign_id = campaign AND j.status = 'running');
END $$;

COMMENT ON FUNCTION campaign.is_generating(uuid, uuid) IS
'Internal: whether a generation job of a campaign is alive.';

ALTER TABLE campaign.generation_jobs ENABLE ROW LEVEL SECURITY;

CREATE POLICY generation_jobs_select ON campaign.generation_jobs FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

ALTER TABLE campaign.generation_items ENABLE ROW LEVEL SECURITY;

CREATE POLICY generation_items_select ON campaign.generation_items FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.personal_data (relation, position, belongs, scrub, omit) VALUES
  ('generation_items', 11, 't.contact_id = $2', 'error = NULL', '{fence,worker,reserved_usd}');

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.generation_jobs'),
  ('member', 'SELECT', 'TABLE campaign.generation_items');

COMMENT ON TABLE campaign.generation_jobs IS 'Every generation of a campaign''s messages, at most one of them alive. Written by functions: start_generation(), cancel_generation(), and by the last report of a worker.';

COMMENT ON COLUMN campaign.generation_jobs.status IS 'State in the life cycle generation.';

COMMENT ON COLUMN campaign.generation_jobs.include_unready IS 'Contacts of whom required stages are missing were included.';

COMMENT ON COLUMN campaign.generation_jobs.regenerate IS 'Contacts whose messages were written before were included.';

COMMENT ON COLUMN campaign.generation_jobs.price_usd IS 'What a message was expected to cost.';

COMMENT ON COLUMN campaign.generation_jobs.reserved_usd IS 'What was reserved in all; what is still reserved stands with the items that have not ended.';

COMMENT ON COLUMN campaign.generation_jobs.end_reason IS 'How it ended.';

COMMENT ON TABLE campaign.generation_items IS 'The contacts of a generation job. Written by the engine only.';

COMMENT ON COLUMN campaign.generation_items.reserved_usd IS 'What is reserved for it until it ends.';

COMMENT ON COLUMN campaign.generation_items.lease_until IS 'End of the lease, by the wall clock.';

COMMENT ON COLUMN campaign.generation_items.fence IS 'Random number of the lease: a token with another is stale.';

COMMENT ON COLUMN campaign.generation_items.attempts IS 'Claims that were not given back.';

COMMENT ON COLUMN campaign.generation_items.outcome IS 'NULL: not ended. generated, failed, excluded or cancelled.';

COMMENT ON POLICY generation_jobs_select ON campaign.generation_jobs IS 'Members read their tenants''.';

COMMENT ON POLICY generation_items_select ON campaign.generation_items IS 'Members read their tenants''.';

COMMENT ON TRIGGER life_cycle ON campaign.generation_jobs IS 'Status follows the machine generation.';

CREATE TABLE campaign.generation_budgets (
  tenant_id         uuid NOT NULL,
  mode              text COLLATE "C" NOT NULL DEFAULT 'monitor',
  amount_usd        numeric(12,6),
  period            text COLLATE "C" NOT NULL DEFAULT 'month',
  message_price_usd numeric(12,6) NOT NULL DEFAULT 0.00144,
  created_at        timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at        timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT generation_budgets_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT generation_budgets_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT generation_budgets_mode_check CHECK (mode IN ('monitor', 'soft', 'hard')),
  CONSTRAINT generation_budgets_amount_check CHECK (amount_usd >= 0 AND amount_usd < 'Infinity' AND (mode = 'monitor' OR amount_usd IS NOT NULL)),
  CONSTRAINT generation_budgets_period_check CHECK (period IN ('day', 'month', 'total')),
  CONSTRAINT generation_budgets_message_price_check CHECK (message_price_usd BETWEEN 0 AND 1000),
  CONSTRAINT generation_budgets_tenant_check CHECK (tenant_id <> '00000000-0000-0000-0000-000000000000')
);

SELECT pg_catalog.pg_extension_config_dump('campaign.generation_budgets', '');

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.generation_budgets
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

CREATE VIEW campaign.generation_budget_status WITH (security_invoker = true) AS
  SELECT t.id AS tenant_id, coalesce(b.mode, 'monitor') AS mode, coalesce(b.period, 'month') AS period, s.since,
         b.amount_usd,
         CASE b.mode WHEN 'hard' THEN b.amount_usd WHEN 'soft' THEN b.amount_usd * 1.2 END AS limit_usd,
         coalesce(c.usd, 0) AS spent_usd, coalesce(r.usd, 0) AS reserved_usd,
         CASE b.mode WHEN 'hard' THEN b.amount_usd WHEN 'soft' THEN b.amount_usd * 1.2 END
           - coalesce(c.usd, 0) - coalesce(r.usd, 0) AS left_usd,
         coalesce(b.message_price_usd, 0.00144) AS message_price_usd
    FROM campaign.tenants t
    LEFT JOIN campaign.generation_budgets b ON b.tenant_id = t.id
   CROSS JOIN LATERAL (
     SELECT CASE coalesce(b.period, 'month') WHEN 'day' THEN w.day_start WHEN 'month' THEN w.month_start ELSE '-infinity' END AS since
       FROM campaign.send_windows(campaign.now(), t.timezone) w) s
   CROSS JOIN LATERAL (
     SELECT sum(g.usd) AS usd FROM campaign.generation_costs g WHERE g.tenant_id = t.id AND g.at >= s.since) c
   CROSS JOIN LATERAL (
     SELECT sum(i.reserved_usd) AS usd FROM campaign.generation_items i WHERE i.tenant_id = t.id AND i.outcome IS NULL) r
   WHERE NOT t.seeded;

COMMENT ON VIEW campaign.generation_budget_status IS 'How far a tenant''s budget for generation is used up: what was spent since the period began, by the tenant''s time zone, and what the jobs that run have reserved; limit_usd (NULL: none) is the amount in mode hard and 120 % of it in mode soft. A tenant without a budget has the defaults.';

CREATE FUNCTION campaign.reserve_generation_budget(tenant uuid, usd numeric) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  budget record;
BEGIN
  -- of two that reserve the second one finds what the first one has reserved
  PERFORM FROM campaign.generation_budgets b WHERE b.tenant_id = tenant FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT s.* INTO budget FROM campaign.generation_budget_status s WHERE s.tenant_id = tenant;
  IF budget.left_usd < usd THEN
    RAISE EXCEPTION 'the budget for generation is exhausted'
      USING ERRCODE = 'CP005',
            DETAIL = format('%s USD are needed. Of %s USD (%s%s) %s are spent and %s reserved.', trim_scale(usd), trim_scale(budget.limit_usd), budget.mode,
                            CASE budget.period WHEN 'total' THEN '' ELSE ', for a ' || budget.period END,
                            trim_scale(budget.spent_usd), trim_scale(budget.reserved_usd)),
            HINT = 'Generate for fewer contacts, or ask an owner for a larger budget: table campaign.generation_budgets.';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.reserve_generation_budget(uuid, numeric) IS
'Internal: locks the budget of a tenant and raises CP005 if the amount is more than what is left of it; the caller then writes items that have it reserved. A tenant without a budget has no limit.';

CREATE FUNCTION campaign.message_price(tenant uuid) RETURNS numeric
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN coalesce((SELECT b.message_price_usd FROM campaign.generation_budgets b WHERE b.tenant_id = tenant), 0.00144);
END $$;

COMMENT ON FUNCTION campaign.message_price(uuid) IS
'Internal: what a message is expected to cost a tenant: by default 800 tokens in and 200 out, at 0.80 and 4.00 USD a million.';

ALTER TABLE campaign.generation_budgets ENABLE ROW LEVEL SECURITY;

CREATE POLICY generation_budgets_select ON campaign.generation_budgets FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

CREATE POLICY generation_budgets_insert ON campaign.generation_budgets FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));

CREATE POLICY generation_budgets_update ON campaign.generation_budgets FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));

CREATE POLICY generation_budgets_delete ON campaign.generation_budgets FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));

INSERT INTO campaign.constraint_hints (constraint_name, hint) VALUES
  ('generation_budgets_mode_check', 'The modes are monitor, soft and hard.'),
  ('generation_budgets_amount_check', 'Modes soft and hard need amount_usd, a number from 0.'),
  ('generation_budgets_period_check', 'The periods are day, month and total.');

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.generation_budgets'),
  ('member', 'INSERT (tenant_id, mode, amount_usd, period, message_price_usd)', 'TABLE campaign.generation_budgets'),
  ('member', 'UPDATE (mode, amount_usd, period, message_price_usd)', 'TABLE campaign.generation_budgets'),
  ('member', 'DELETE', 'TABLE campaign.generation_budgets'),
  ('member', 'SELECT', 'TABLE campaign.generation_budget_status');

COMMENT ON TABLE campaign.generation_budgets IS 'What generation may cost a tenant, and what a message is expected to cost. Owners write it; a tenant without a row has no limit.';

COMMENT ON COLUMN campaign.generation_budgets.mode IS 'monitor: nothing is refused. soft: up to 120 % of the amount. hard: up to the amount.';

COMMENT ON COLUMN campaign.generation_budgets.period IS 'day or month, by the clock of the tenant''s time zone; total: for ever.';

COMMENT ON COLUMN campaign.generation_budgets.message_price_usd IS 'What estimates and reservations take for a message.';

COMMENT ON POLICY generation_budgets_select ON campaign.generation_budgets IS 'Members read their tenants''.';

COMMENT ON POLICY generation_budgets_insert ON campaign.generation_budgets IS 'Owners write their tenants''.';

COMMENT ON POLICY generation_budgets_update ON campaign.generation_budgets IS 'Owners write their tenants''.';

COMMENT ON POLICY generation_budgets_delete ON campaign.generation_budgets IS 'Owners write their tenants''.';

COMMENT ON TRIGGER touch_updated_at ON campaign.generation_budgets IS 'Keeps updated_at.';

CREATE FUNCTION campaign.generation_steps(tenant uuid, campaign uuid,
  OUT touch_number smallint, OUT channel text, OUT label text, OUT variants smallint, OUT document jsonb)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT t.touch_number, t.channel, t.label, v.count,
           jsonb_build_object('touch_number', t.touch_number, 'channel', t.channel, 'label', t.label, 'config', t.config,
             'needs_pdf', t.needs_pdf, 'subject', t.subject, 'body', t.body,
             'variants', (ARRAY['a', 'b', 'c'])[:v.count],
             'limits', jsonb_build_object('has_subject', h.has_subject, 'subject', CASE WHEN h.has_subject THEN 998 END, 'body', h.body_limit))
      FROM campaign.outreach_campaigns o
      JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version
      JOIN campaign.channels h ON h.channel = t.channel
     CROSS JOIN LATERAL (
       SELECT greatest(t.variant_count, (o.generation_config ->> 'variant_count')::numeric::smallint) AS count) v
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant AND h.has_body
     ORDER BY t.touch_number;
END $$;

COMMENT ON FUNCTION campaign.generation_steps(uuid, uuid) IS
'Internal: the enabled steps of a campaign for which there is something to write, with the number of their variants: the step''s or generation_config''s, whichever is greater.';

CREATE FUNCTION campaign.estimate_generation(campaign uuid,
  OUT touch_number smallint, OUT channel text, OUT label text, OUT variants integer, OUT contacts bigint, OUT messages bigint, OUT usd numeric, OUT credits bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  owner_tenant uuid := (campaign.find_outreach_campaign(estimate_generation.campaign, campaign.readable_tenants())).tenant_id;
  price numeric := campaign.message_price(owner_tenant);
  people bigint;
BEGIN
  SELECT count(*) INTO people FROM campaign.campaign_contacts k
   WHERE k.tenant_id = owner_tenant AND k.campaign_id = estimate_generation.campaign AND k.status <> 'excluded';
  RETURN QUERY
    SELECT s.touch_number, s.channel, s.label, sum(s.variants)::integer, people, sum(s.variants)::bigint * people,
           sum(s.variants) * people * price, campaign.credits(sum(s.variants) * people * price)
      FROM campaign.generation_steps(owner_tenant, estimate_generation.campaign) s
     GROUP BY GROUPING SETS ((s.touch_number, s.channel, s.label), ()) ORDER BY s.touch_number NULLS LAST;
END $$;

COMMENT ON FUNCTION campaign.estimate_generation(uuid) IS
'What generating all messages of a campaign would cost: enabled steps times variants times contacts that are not excluded times the price of a message, a row for each step and, with touch_number NULL, one for all. credits are rounded in each row by itself, so they need not add up. Raises P0002 for a campaign that is not yours.';

CREATE FUNCTION campaign.open_generation(tenant uuid, campaign uuid, contacts uuid[], include_unready boolean, regenerate boolean) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  new_id uuid := campaign.uuid_v7();
  price numeric := campaign.message_price(tenant);
  each_messages bigint := (SELECT sum(s.variants) FROM campaign.generation_steps(tenant, campaign) s);
BEGIN
  IF each_messages IS NULL THEN
    RAISE EXCEPTION 'campaign "%" has nothing to write', campaign
      USING ERRCODE = 'CP002',
            DETAIL = 'No enabled step is of a channel that has a text.',
            HINT = 'Launch the campaign as it is.';
  END IF;
  PERFORM campaign.reserve_generation_budget(tenant, each_messages * price * cardinality(contacts));
  INSERT INTO campaign.generation_jobs (tenant_id, id, campaign_id, plan_version, include_unready, regenerate, price_usd, reserved_usd, started_by, started_at)
  SELECT tenant, new_id, campaign, o.plan_version, include_unready, regenerate, price, each_messages * price * cardinality(contacts),
         campaign.current_member(), now_time
    FROM campaign.outreach_campaigns o WHERE o.tenant_id = tenant AND o.campaign_id = campaign;
  INSERT INTO campaign.generation_items (tenant_id, job_id, contact_id, campaign_id, reserved_usd)
  SELECT tenant, new_id, c.id, campaign, each_messages * price FROM unnest(contacts) c(id);
  PERFORM campaign.transition_campaign(campaign, 'generating', format('generation for %s contacts', cardinality(contacts)));
  PERFORM pg_notify('campaign_generation', '');
  RETURN new_id;
END $$;

COMMENT ON FUNCTION campaign.open_generation(uuid, uuid, uuid[], boolean, boolean) IS
'Internal: makes a job for different contacts of a locked campaign in status ready, reserves what it is expected to cost and takes the campaign to generating; returns the job. Raises CP002, CP005.';

CREATE FUNCTION campaign.start_generation(campaign uuid, include_unready boolean DEFAULT false, regenerate boolean DEFAULT false) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  target record;
  live record;
  counts record;
  contacts uuid[];
BEGIN
  PERFORM campaign.require_read_committed('start_generation()');
  target := campaign.lock_outreach_campaign(campaign);
  IF target.status <> 'ready' THEN
    SELECT j.started_by, j.started_at INTO live FROM campaign.generation_jobs j
     WHERE j.tenant_id = target.tenant AND j.campaign_id = campaign AND j.status = 'running';
    RAISE EXCEPTION 'messages of a campaign in status "%" cannot be generated', target.status
      USING ERRCODE = 'CP001',
            DETAIL = CASE WHEN live.started_at IS NOT NULL THEN format('A generation runs that %s started at %s.', coalesce(live.started_by, 'somebody'), live.started_at)
                          ELSE 'Messages are generated in ready only.' END,
            HINT = CASE WHEN live.started_at IS NOT NULL THEN 'campaign.generation_progress() tells how far it is; campaign.cancel_generation() ends it.'
                        ELSE 'Bring the campaign to ready, or clone it.' END,
            SCHEMA = 'campaign', TABLE = 'campaigns', COLUMN = 'status';
  END IF;
  PERFORM campaign.check_readiness(campaign);
  contacts := ARRAY(
    SELECT k.contact_id FROM campaign.campaign_contacts k
      JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
     WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign AND c.tenant_id = target.tenant AND c.archived_at IS NULL
       AND (k.status IN ('enrichment_ok', 'failed') OR include_unready AND k.status = 'enrichment_needed' OR regenerate AND k.status = 'generated')
     ORDER BY k.contact_id);
  IF cardinality(contacts) = 0 THEN
    SELECT t.* INTO counts FROM campaign.campaign_contact_totals t WHERE t.tenant_id = target.tenant AND t.campaign_id = campaign;
    RAISE EXCEPTION 'campaign "%" has nobody to generate messages for', campaign
      USING ERRCODE = 'CP002',
            DETAIL = format('Of %s contacts %s lack required stages, %s have their messages, and %s are excluded.',
                            counts.total, counts.enrichment_needed, counts.generated, counts.excluded),
            HINT = CASE WHEN counts.enrichment_needed > 0 THEN 'Record the missing stages with campaign.record_stage(), or pass include_unready => true.'
                        WHEN counts.generated > 0 THEN 'Pass regenerate => true to have them written anew.'
                        ELSE 'Assign contacts with campaign.assign_contacts().' END;
  END IF;
  RETURN campaign.open_generation(target.tenant, campaign, contacts, coalesce(include_unready, false), coalesce(regenerate, false));
END $$;

COMMENT ON FUNCTION campaign.start_generation(uuid, boolean, boolean) IS
'Starts writing the messages of a campaign in ready, and takes it to generating; returns the job. Checks readiness first: contacts in enrichment_ok are written to, and those that failed before; with include_unready also those in enrichment_needed, with regenerate also those whose messages are written, who get new versions (what was sent stays); archived contacts are left out. What it is expected to cost is reserved. NOTIFY campaign_generation wakes workers. Of two calls one wins. Raises CP001 in any other status (and tells of the job that runs), CP002 if there is nobody or nothing to write, CP005 if the budget is exhausted, P0002 for a campaign that is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.retry_generation(campaign uuid, contact_ids uuid[] DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  target record;
  job campaign.generation_jobs;
  contacts uuid[];
  each_usd numeric;
BEGIN
  PERFORM campaign.require_read_committed('retry_generation()');
  target := campaign.lock_outreach_campaign(campaign);
  IF target.status NOT IN ('ready', 'generating', 'review') THEN
    RAISE EXCEPTION 'messages of a campaign in status "%" cannot be generated', target.status
      USING ERRCODE = 'CP001',
            DETAIL = 'Failed contacts are tried again in ready, generating and review.',
            HINT = 'Bring the campaign to review, or clone it.',
            SCHEMA = 'campaign', TABLE = 'campaigns', COLUMN = 'status';
  END IF;
  contacts := ARRAY(
    SELECT k.contact_id FROM campaign.campaign_contacts k
      JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
     WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign AND k.status = 'failed'
       AND c.tenant_id = target.tenant AND c.archived_at IS NULL
       AND (contact_ids IS NULL OR k.contact_id = ANY (contact_ids))
       -- who waits in the job that runs has his reservation
       AND NOT EXISTS (SELECT FROM campaign.generation_items i
                        WHERE i.tenant_id = target.tenant AND i.campaign_id = campaign AND i.contact_id = k.contact_id AND i.outcome IS NULL)
     ORDER BY k.contact_id);
  IF cardinality(contacts) = 0 THEN
    RAISE EXCEPTION 'campaign "%" has no failed contacts to try again', campaign
      USING ERRCODE = 'CP002',
            DETAIL = CASE WHEN EXISTS (SELECT FROM campaign.campaign_contacts k
                                        WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign AND k.status = 'failed'
                                          AND (contact_ids IS NULL OR k.contact_id = ANY (contact_ids)))
                          THEN 'Those in status "failed" wait in the job that runs, or are archived.'
                          WHEN contact_ids IS NULL THEN 'No contact is in status "failed".' ELSE 'None of those is in status "failed".' END,
            HINT = 'campaign.generation_progress() lists the failed ones.';
  END IF;
  IF target.status = 'generating' THEN
    SELECT j.* INTO job FROM campaign.generation_jobs j
     WHERE j.tenant_id = target.tenant AND j.campaign_id = campaign AND j.status = 'running';
    each_usd := job.price_usd * (SELECT sum(s.variants) FROM campaign.generation_steps(target.tenant, campaign) s);
    PERFORM campaign.reserve_generation_budget(target.tenant, each_usd * cardinality(contacts));
    INSERT INTO campaign.generation_items AS i (tenant_id, job_id, contact_id, campaign_id, reserved_usd)
    SELECT target.tenant, job.id, c.id, campaign, each_usd FROM unnest(contacts) c(id) ORDER BY c.id
    ON CONFLICT ON CONSTRAINT generation_items_pkey DO UPDATE
       SET outcome = NULL, error = NULL, ended_at = NULL, attempts = 0, fence = 0, reserved_usd = excluded.reserved_usd;
    UPDATE campaign.generation_jobs j SET reserved_usd = j.reserved_usd + each_usd * cardinality(contacts)
     WHERE j.tenant_id = target.tenant AND j.id = job.id;
    PERFORM pg_notify('campaign_generation', '');
  ELSE
    IF target.status = 'review' THEN
      PERFORM campaign.transition_campaign(campaign, 'ready', 'failed contacts are tried again');
    END IF;
    PERFORM campaign.open_generation(target.tenant, campaign, contacts, false, false);
  END IF;
  RETURN cardinality(contacts);
END $$;

COMMENT ON FUNCTION campaign.retry_generation(uuid, uuid[]) IS
'Tries failed contacts of a campaign that are not archived again, all or those of a list, with a full set of attempts: within the job that runs, or, in ready and review, in a new one for them alone. Those who wait in the job already are left to it. Returns how many the others are. Raises CP001 in any other status, CP002 if there are none, CP005 if the budget is exhausted, P0002 for a campaign that is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.cancel_generation(campaign uuid, reason text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  target record;
  job uuid;
  now_time timestamptz := campaign.now();
  held uuid[];
BEGIN
  PERFORM campaign.require_read_committed('cancel_generation()');
  target := campaign.lock_outreach_campaign(campaign);
  SELECT j.id INTO job FROM campaign.generation_jobs j
   WHERE j.tenant_id = target.tenant AND j.campaign_id = campaign AND j.status = 'running';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign "%" is not generating', campaign
      USING ERRCODE = 'CP002',
            DETAIL = format('Its status is "%s".', target.status),
            HINT = 'Nothing is to be cancelled.';
  END IF;
  WITH ended AS (
    UPDATE campaign.generation_items i SET outcome = 'cancelled', ended_at = now_time, lease_until = '-infinity'
     WHERE i.tenant_id = target.tenant AND i.job_id = job AND i.outcome IS NULL
    RETURNING i.contact_id)
  SELECT array_agg(e.contact_id) INTO held FROM ended e;
  UPDATE campaign.campaign_contacts k SET status = 'failed', error = 'the generation was cancelled'
   WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign AND k.status = 'generating' AND k.contact_id = ANY (held);
  UPDATE campaign.generation_jobs j SET status = 'cancelled', ended_at = now_time, end_reason = left(coalesce(reason, 'cancelled'), 1000)
   WHERE j.tenant_id = target.tenant AND j.id = job;
  RETURN campaign.transition_campaign(campaign, 'ready', left(coalesce(reason, 'generation cancelled'), 1000));
END $$;

COMMENT ON FUNCTION campaign.cancel_generation(uuid, text) IS
'Ends a generation at once and takes the campaign back to ready; it can be started again. What is written stays. Contacts that a worker has claimed count as failed: the messages that he hands in later are refused (CP004), and what they have cost is kept by fail_generation(). What was reserved is free again. Raises CP002 if nothing is generated, P0002 for a campaign that is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.next_generation_status(tenant uuid, campaign uuid, job uuid) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN (SELECT k.status
            FROM (SELECT i.contact_id FROM campaign.generation_items i
                   WHERE i.tenant_id = tenant AND i.job_id = job AND i.outcome IS NULL ORDER BY i.contact_id LIMIT 1) n
            JOIN campaign.campaign_contacts k ON k.tenant_id = tenant AND k.campaign_id = campaign AND k.contact_id = n.contact_id
           WHERE k.tenant_id = tenant);
END $$;

COMMENT ON FUNCTION campaign.next_generation_status(uuid, uuid, uuid) IS
'Internal: the status of the first contact of a job that is pending; NULL if none is.';

CREATE FUNCTION campaign.finish_generation(tenant uuid, campaign uuid, job uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  former_reason text := current_setting('campaign.transition_reason', true);
  counts record;
  to_review boolean;
  why text;
BEGIN
  -- the first one that is pending is enough; whoever was excluded is passed over once
  IF campaign.next_generation_status(tenant, campaign, job) = 'excluded' THEN
    UPDATE campaign.generation_items i SET outcome = 'excluded', ended_at = now_time, lease_until = '-infinity'
      FROM campaign.campaign_contacts k
     WHERE i.tenant_id = tenant AND i.job_id = job AND i.outcome IS NULL
       AND k.tenant_id = tenant AND k.campaign_id = campaign AND k.contact_id = i.contact_id AND k.status = 'excluded';
  END IF;
  IF campaign.next_generation_status(tenant, campaign, job) IS NOT NULL THEN
    RETURN false;
  END IF;
  SELECT count(*) FILTER (WHERE i.outcome = 'generated') AS generated, count(*) FILTER (WHERE i.outcome = 'failed') AS failed,
         count(*) FILTER (WHERE i.outcome = 'excluded') AS excluded INTO counts
    FROM campaign.generation_items i WHERE i.tenant_id = tenant AND i.job_id = job;
  to_review := EXISTS (SELECT FROM campaign.messages m
                         JOIN campaign.campaign_contacts k ON k.tenant_id = m.tenant_id AND k.campaign_id = m.campaign_id AND k.contact_id = m.contact_id
                        WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND k.tenant_id = tenant AND k.status <> 'excluded');
  why := format('%s: %s generated, %s failed, %s excluded', CASE WHEN to_review THEN 'finished' ELSE 'no message was written' END,
                counts.generated, counts.failed, counts.excluded);
  UPDATE campaign.generation_jobs j SET status = 'finished', ended_at = now_time, end_reason = why
   WHERE j.tenant_id = tenant AND j.id = job;
  PERFORM set_config('campaign.transition_reason', why, true);
  UPDATE campaign.campaigns c SET status = CASE WHEN to_review THEN 'review' ELSE 'ready' END
   WHERE c.tenant_id = tenant AND c.id = campaign;
  PERFORM set_config('campaign.transition_reason', coalesce(former_reason, ''), true);
  RETURN true;
END $$;

COMMENT ON FUNCTION campaign.finish_generation(uuid, uuid, uuid) IS
'Internal: ends a job of a locked campaign of which nothing is pending but contacts that were excluded, and takes the campaign to review, or back to ready if it has no message; false if something is pending.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.estimate_generation(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.start_generation(uuid, boolean, boolean)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.retry_generation(uuid, uuid[])'),
  ('member', 'EXECUTE', 'FUNCTION campaign.cancel_generation(uuid, text)');

CREATE FUNCTION campaign.generation_context(tenant uuid, contact uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN (
    SELECT jsonb_build_object('id', c.id, 'name', c.name, 'first_name', c.first_name, 'last_name', c.last_name, 'email', c.email,
             'linkedin_url', c.linkedin_url, 'language', c.language, 'timezone', c.timezone, 'job_title', c.job_title, 'seniority', c.seniority,
             'icp_fit', c.icp_fit, 'score', c.score, 'attributes', c.attributes,
             'stages', (SELECT coalesce(jsonb_object_agg(s.stage, s.status), '{}') FROM campaign.entity_stages s
                         WHERE s.tenant_id = tenant AND s.entity_kind = 'contact' AND s.entity_id = c.id),
             'company', (SELECT jsonb_build_object('id', o.id, 'name', o.name, 'domain', o.domain, 'tier', o.tier, 'industry', o.industry,
                                  'region', o.region, 'size', o.size, 'attributes', o.attributes,
                                  'stages', (SELECT coalesce(jsonb_object_agg(s.stage, s.status), '{}') FROM campaign.entity_stages s
                                              WHERE s.tenant_id = tenant AND s.entity_kind = 'company' AND s.entity_id = o.id))
                           FROM campaign.companies o WHERE o.tenant_id = tenant AND o.id = c.company_id))
      FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = contact);
END $$;

COMMENT ON FUNCTION campaign.generation_context(uuid, uuid) IS
'Internal: what is known of a contact and of his company.';

CREATE FUNCTION campaign.finish_idle_generations(campaign uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  idle record;
BEGIN
  FOR idle IN
    SELECT j.tenant_id, j.campaign_id, j.id FROM campaign.generation_jobs j
     WHERE j.status = 'running' AND (campaign IS NULL OR j.campaign_id = campaign)
       AND coalesce(campaign.next_generation_status(j.tenant_id, j.campaign_id, j.id), 'excluded') = 'excluded'
  LOOP
    -- without waiting: whoever has the campaign ends the job himself, or the next claim does
    PERFORM FROM campaign.tenants t WHERE t.id = idle.tenant_id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    PERFORM FROM campaign.campaigns c WHERE c.tenant_id = idle.tenant_id AND c.id = idle.campaign_id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    CONTINUE WHEN NOT EXISTS (SELECT FROM campaign.generation_jobs j
                               WHERE j.tenant_id = idle.tenant_id AND j.id = idle.id AND j.status = 'running');
    -- each by itself: whatever keeps one from ending is in no other's way
    BEGIN
      PERFORM campaign.finish_generation(idle.tenant_id, idle.campaign_id, idle.id);
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'the generation of campaign "%" cannot be ended now: %', idle.campaign_id, SQLERRM
        USING ERRCODE = SQLSTATE, DETAIL = 'It is tried again with the next claim.';
    END;
  END LOOP;
END $$;

COMMENT ON FUNCTION campaign.finish_idle_generations(uuid) IS
'Internal: looks after the jobs, of one campaign or of all, of which nobody is pending, or first of all somebody who was excluded; ends those in which nobody else is, and warns of one that cannot be ended.';

CREATE FUNCTION campaign.take_generation_items(tenant uuid, job uuid, most integer)
RETURNS TABLE (contact uuid, contact_status text, attempts smallint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off AS $$
#variable_conflict use_variable
BEGIN
  RETURN QUERY
    SELECT i.contact_id, k.status, i.attempts
      FROM campaign.generation_items i
      JOIN campaign.campaign_contacts k ON k.tenant_id = i.tenant_id AND k.campaign_id = i.campaign_id AND k.contact_id = i.contact_id
     WHERE i.tenant_id = tenant AND i.job_id = job AND i.outcome IS NULL AND i.lease_until <= clock_timestamp()
       AND k.tenant_id = tenant AND k.status <> 'excluded'
     ORDER BY i.contact_id LIMIT most FOR NO KEY UPDATE SKIP LOCKED;
END $$;

COMMENT ON FUNCTION campaign.take_generation_items(uuid, uuid, integer) IS
'Internal: locks items of a job that nobody holds, with the rows of their contacts, skipping what is locked.';

CREATE FUNCTION campaign.claim_generation(worker text, max_contacts integer DEFAULT 10, campaign uuid DEFAULT NULL, lease interval DEFAULT '10 minutes')
RETURNS TABLE (lease_token text, tenant_id uuid, campaign_id uuid, contact_id uuid, attempt smallint, lease_until timestamptz,
  contact jsonb, steps jsonb, generation_config jsonb)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  new_end timestamptz := campaign.lease_end(coalesce(lease, '10 minutes'));
  job record;
  item record;
  spent boolean;
  new_fence bigint;
BEGIN
  PERFORM campaign.require_read_committed('claim_generation()');
  PERFORM campaign.require_armed_cluster('claim_generation()');
  IF worker IS NULL OR btrim(worker) = '' OR length(worker) > 255 THEN
    RAISE EXCEPTION 'worker needs a name'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A name has 1 to 255 characters.',
            HINT = 'Pass what tells this process from the others.';
  ELSIF max_contacts IS NULL OR max_contacts NOT BETWEEN 1 AND 1000 THEN
    RAISE EXCEPTION 'max_contacts is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A claim takes 1 to 1000 contacts.',
            HINT = 'Claim what can be written before the lease ends.';
  END IF;
  PERFORM campaign.finish_idle_generations(campaign);
  -- by lot, so that no job waits behind another one
  FOR job IN
    SELECT j.tenant_id, j.id, j.campaign_id, o.max_attempts, o.generation_config::jsonb AS config
      FROM campaign.generation_jobs j
      JOIN campaign.outreach_campaigns o ON o.tenant_id = j.tenant_id AND o.campaign_id = j.campaign_id
     WHERE j.status = 'running' AND (campaign IS NULL OR j.campaign_id = campaign)
     ORDER BY random()
  LOOP
    tenant_id := job.tenant_id;
    campaign_id := job.campaign_id;
    lease_until := new_end;
    generation_config := campaign.normalize_generation_config(job.config);
    steps := NULL;
    -- who has run out of attempts takes nobody's place
    LOOP
      spent := false;
      FOR item IN SELECT t.* FROM campaign.take_generation_items(job.tenant_id, job.id, max_contacts) t LOOP
        IF item.attempts >= job.max_attempts THEN
          UPDATE campaign.generation_items i
             SET outcome = 'failed', ended_at = now_time, lease_until = '-infinity', error = format('%s leases ended without a report', item.attempts)
           WHERE i.tenant_id = job.tenant_id AND i.job_id = job.id AND i.contact_id = item.contact;
          UPDATE campaign.campaign_contacts k SET status = 'failed', error = format('%s leases ended without a report', item.attempts)
           WHERE k.tenant_id = job.tenant_id AND k.campaign_id = job.campaign_id AND k.contact_id = item.contact AND k.status = 'generating';
          spent := true;
          CONTINUE;
        END IF;
        new_fence := campaign.lease_fence();
        UPDATE campaign.generation_items i SET lease_until = new_end, fence = new_fence, worker = worker, attempts = item.attempts + 1
         WHERE i.tenant_id = job.tenant_id AND i.job_id = job.id AND i.contact_id = item.contact;
        IF item.contact_status NOT IN ('generating', 'generated') THEN
          UPDATE campaign.campaign_contacts k SET status = 'generating', error = NULL
           WHERE k.tenant_id = job.tenant_id AND k.campaign_id = job.campaign_id AND k.contact_id = item.contact;
        END IF;
        IF steps IS NULL THEN
          SELECT jsonb_agg(s.document ORDER BY s.touch_number) INTO steps FROM campaign.generation_steps(job.tenant_id, job.campaign_id) s;
        END IF;
        contact_id := item.contact;
        attempt := item.attempts + 1;
        contact := campaign.generation_context(job.tenant_id, item.contact);
        lease_token := campaign.lease_token(job.tenant_id, job.id, item.contact, new_fence);
        max_contacts := max_contacts - 1;
        RETURN NEXT;
      END LOOP;
      EXIT WHEN NOT spent OR max_contacts = 0;
    END LOOP;
    EXIT WHEN max_contacts = 0;
  END LOOP;
  PERFORM campaign.force_sync_commit();
END $$;

COMMENT ON FUNCTION campaign.claim_generation(text, integer, uuid, interval) IS
'Takes contacts to write messages for, of one campaign or of any, for the time of the lease (1 s to 24 hours): for each the token, what is known of the contact, the steps (touch_number, channel, label, config, limits, variants, and the text that the step has), and the campaign''s generation_config with its defaults. Each is ended with save_generated() or fail_generation(); a lease that ends before is claimed again, outreach_campaigns.max_attempts times. Nothing waits: no row means nothing to do. Raises 22023, 25000 above READ COMMITTED, 55000 where campaign.clone_guard refuses.';

CREATE FUNCTION campaign.lock_generation_lease(token text,
  OUT job campaign.generation_jobs, OUT contact uuid, OUT fence bigint, OUT is_current boolean, OUT was_excluded boolean, OUT fate text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  said record := campaign.decode_lease_token(token);
  item campaign.generation_items;
  contact_status text;
BEGIN
  PERFORM campaign.require_read_committed('reporting of a generation');
  contact := said.item_id;
  fence := said.fence;
  SELECT j.* INTO job FROM campaign.generation_jobs j WHERE j.tenant_id = said.tenant_id AND j.id = said.queue_id;
  IF job.id IS NOT NULL THEN
    PERFORM campaign.lock_tenant_key(job.tenant_id);
    PERFORM FROM campaign.campaigns c WHERE c.tenant_id = job.tenant_id AND c.id = job.campaign_id FOR NO KEY UPDATE;
    -- an erasure is waited for, or waits
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = job.tenant_id AND c.id = contact FOR KEY SHARE;
    SELECT i.* INTO item FROM campaign.generation_items i
     WHERE i.tenant_id = job.tenant_id AND i.job_id = job.id AND i.contact_id = contact FOR NO KEY UPDATE;
    SELECT k.status INTO contact_status FROM campaign.campaign_contacts k
     WHERE k.tenant_id = job.tenant_id AND k.campaign_id = job.campaign_id AND k.contact_id = contact FOR NO KEY UPDATE;
  END IF;
  -- 0 is the fence of an item that nobody holds, and of no lease
  is_current := coalesce(item.outcome IS NULL AND item.fence = fence AND fence <> 0, false);
  was_excluded := coalesce(item.fence = fence AND fence <> 0 AND coalesce(item.outcome, contact_status) = 'excluded', false);
  fate := CASE WHEN item.job_id IS NULL THEN 'The contact, or the campaign, was deleted.'
               WHEN item.outcome IS NOT NULL THEN format('It has ended: %s.', item.outcome)
               ELSE 'The lease has ended, and the contact was claimed again or given back.' END;
END $$;

COMMENT ON FUNCTION campaign.lock_generation_lease(text) IS
'Internal: locks the campaign and item of a token and says whether the lease is current, and whether the contact was excluded under it (the item may have ended then); raises 22023 for what is no token, 25000.';

CREATE FUNCTION campaign.raise_generation_lease_lost(fate text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'lease is lost'
    USING ERRCODE = 'CP004',
          DETAIL = fate,
          HINT = 'Nothing was saved. Hand in what it has cost with campaign.fail_generation(), and claim again.';
END $$;

COMMENT ON FUNCTION campaign.raise_generation_lease_lost(text) IS
'Internal: raises CP004.';

CREATE FUNCTION campaign.write_generated_message(job campaign.generation_jobs, contact uuid, touch smallint, channel text, variant text,
  subject text, body text, body_html text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  new_id uuid := campaign.uuid_v7();
  old campaign.messages;
BEGIN
  SELECT m.* INTO old FROM campaign.messages m
   WHERE m.tenant_id = job.tenant_id AND m.campaign_id = job.campaign_id AND m.contact_id = contact
     AND m.touch_number = touch AND m.variant = variant FOR NO KEY UPDATE;
  IF old.sent_at IS NOT NULL THEN
    RETURN false;
  ELSIF old.id IS NOT NULL THEN
    -- the step may be of another channel by now
    UPDATE campaign.messages m SET plan_version = job.plan_version, channel = channel, subject = subject, body = body, body_html = body_html
     WHERE m.tenant_id = job.tenant_id AND m.id = old.id;
    PERFORM campaign.add_message_version(job.tenant_id, old.id, 'regenerated', subject, body, body_html, NULL, NULL);
    RETURN true;
  END IF;
  INSERT INTO campaign.messages (tenant_id, id, campaign_id, contact_id, touch_number, variant, plan_version, channel, subject, body, body_html, created_at, changed_at)
  VALUES (job.tenant_id, new_id, job.campaign_id, contact, touch, variant, job.plan_version, channel, subject, body, body_html, now_time, now_time);
  INSERT INTO campaign.message_versions (tenant_id, message_id, version, origin, subject, body, body_html, author, at)
  VALUES (job.tenant_id, new_id, 1, 'generated', subject, body, body_html, campaign.current_member(), now_time);
  RETURN true;
END $$;

COMMENT ON FUNCTION campaign.write_generated_message(campaign.generation_jobs, uuid, smallint, text, text, text, text, text) IS
'Internal: writes a message, or a new version of it that is to be reviewed; false if it was sent, which stays as it is.';

CREATE FUNCTION campaign.write_generated_messages(job campaign.generation_jobs, contact uuid, messages jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  entry record;
  touches smallint[];
  channels text[];
  variants smallint[];
  step integer;
  written integer := 0;
  places text[] := '{}';
BEGIN
  PERFORM campaign.require_object_list(messages, 'messages', '{touch_number,variant,subject,body,body_html}');
  IF messages = '[]' THEN
    RAISE EXCEPTION 'no message is handed in'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A contact without a message is not generated.',
            HINT = 'Call campaign.fail_generation() and say why.';
  END IF;
  SELECT array_agg(s.touch_number ORDER BY s.touch_number), array_agg(s.channel ORDER BY s.touch_number), array_agg(s.variants ORDER BY s.touch_number)
    INTO touches, channels, variants
    FROM campaign.generation_steps(job.tenant_id, job.campaign_id) s;
  FOR entry IN
    SELECT m.place - 1 AS place, m.entry -> 'touch_number' AS touch, coalesce(m.entry -> 'variant', '"a"') AS variant,
           m.entry ->> 'subject' AS subject, m.entry ->> 'body' AS body, m.entry ->> 'body_html' AS body_html,
           (SELECT k.key FROM jsonb_each(m.entry) k WHERE k.key IN ('subject', 'body', 'body_html') AND jsonb_typeof(k.value) NOT IN ('string', 'null')
             ORDER BY k.key LIMIT 1) AS faulty
      FROM jsonb_array_elements(messages) WITH ORDINALITY m(entry, place) ORDER BY m.place
  LOOP
    IF entry.faulty IS NOT NULL THEN
      PERFORM campaign.raise_list_fault('messages', entry.place, entry.faulty, 'must be a string');
    ELSIF campaign.amount_within(entry.touch, 32767, true) IS NOT TRUE THEN
      PERFORM campaign.raise_list_fault('messages', entry.place, 'touch_number', 'must be the number of a step');
    ELSIF entry.variant NOT IN ('"a"', '"b"', '"c"') THEN
      PERFORM campaign.raise_list_fault('messages', entry.place, 'variant', 'must be a, b or c');
    END IF;
    step := array_position(touches, (entry.touch #>> '{}')::numeric::smallint);
    IF step IS NULL THEN
      RAISE EXCEPTION 'there is no step % to write for', entry.touch #>> '{}'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('The steps are %s.', (SELECT string_agg(format('%s (%s)', s.touch, s.channel), ', ' ORDER BY s.touch)
                                                      FROM unnest(touches, channels) s(touch, channel))),
              HINT = 'Write for the steps that the claim returned.';
    ELSIF ascii(entry.variant #>> '{}') - ascii('a') >= variants[step] THEN
      RAISE EXCEPTION 'step % has no variant %', touches[step], entry.variant #>> '{}'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('It has %s.', CASE variants[step] WHEN 1 THEN 'variant a' ELSE 'variants a to ' || chr(ascii('a') + variants[step] - 1) END),
              HINT = 'Write the variants that the claim returned; variant_count of the step, or of generation_config, says how many.';
    ELSIF concat(touches[step], entry.variant) = ANY (places) THEN
      RAISE EXCEPTION 'step % has two messages of variant %', touches[step], entry.variant #>> '{}'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = 'One of them would replace the other.',
              HINT = 'Hand in one message for each step and variant.';
    END IF;
    places := places || concat(touches[step], entry.variant);
    IF campaign.write_generated_message(job, contact, touches[step], channels[step], entry.variant #>> '{}', entry.subject, entry.body, entry.body_html) THEN
      written := written + 1;
    END IF;
  END LOOP;
  -- what an earlier generation wrote for a step or variant that there is no more would be counted, and sent
  UPDATE campaign.messages m
     SET status = 'rejected', review_notes = 'the steps do not ask for it any more', approved_by = NULL, approved_at = NULL, changed_at = now_time
   WHERE m.tenant_id = job.tenant_id AND m.campaign_id = job.campaign_id AND m.contact_id = contact AND m.status IN ('draft', 'approved')
     AND NOT EXISTS (SELECT FROM unnest(touches, channels, variants) s(touch, channel, variants)
                      WHERE s.touch = m.touch_number AND s.channel = m.channel AND ascii(m.variant) - ascii('a') < s.variants);
  RETURN written;
END $$;

COMMENT ON FUNCTION campaign.write_generated_messages(campaign.generation_jobs, uuid, jsonb) IS
'Internal: checks and writes the messages of a contact, and rejects those of his for which there is no step or variant any more; returns how many it wrote. Raises CP003, 22023, 23514.';

CREATE FUNCTION campaign.end_generation_item(job campaign.generation_jobs, contact uuid, outcome text, error text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.generation_items i SET outcome = outcome, error = error, ended_at = now_time, lease_until = '-infinity'
   WHERE i.tenant_id = job.tenant_id AND i.job_id = job.id AND i.contact_id = contact;
  -- who has messages keeps them: he fails only where none were written
  UPDATE campaign.campaign_contacts k
     SET status = CASE WHEN k.status = 'generating' THEN outcome ELSE k.status END, error = error,
         generated_at = CASE outcome WHEN 'generated' THEN now_time ELSE k.generated_at END
   WHERE k.tenant_id = job.tenant_id AND k.campaign_id = job.campaign_id AND k.contact_id = contact
     AND outcome IN ('generated', 'failed') AND k.status <> 'excluded';
  PERFORM campaign.finish_generation(job.tenant_id, job.campaign_id, job.id);
END $$;

COMMENT ON FUNCTION campaign.end_generation_item(campaign.generation_jobs, uuid, text, text) IS
'Internal: ends a locked item, and the job if it was the last one.';

CREATE FUNCTION campaign.save_generated(lease_token text, messages jsonb, costs jsonb DEFAULT '[]') RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  held record := campaign.lock_generation_lease(lease_token);
  job campaign.generation_jobs := held.job;
  result text := CASE WHEN held.was_excluded THEN 'excluded' ELSE 'generated' END;
BEGIN
  IF NOT (held.is_current OR held.was_excluded) THEN
    PERFORM campaign.raise_generation_lease_lost(held.fate);
  END IF;
  PERFORM campaign.record_generation_costs(job.tenant_id, job.campaign_id, job.id, held.contact, held.fence, costs);
  IF result = 'generated' THEN
    PERFORM campaign.write_generated_messages(job, held.contact, messages);
  END IF;
  IF held.is_current THEN
    PERFORM campaign.end_generation_item(job, held.contact, result, NULL);
  END IF;
  PERFORM campaign.force_sync_commit();
  RETURN result;
END $$;

COMMENT ON FUNCTION campaign.save_generated(text, jsonb, jsonb) IS
'Saves what was written for a claimed contact, and what it has cost: messages [{touch_number, variant (default a), subject, body, body_html}], costs [{model, tokens_in, tokens_out, usd, touch_number, variant}]. A message that there is already gets a new version that is to be reviewed, and one for which there is no step or variant any more is rejected; one that was sent stays as it is. Returns generated, or excluded if the contact was excluded meanwhile: then only the costs are kept. The last one takes the campaign to review. All or nothing: what is refused is handed to fail_generation() with its costs. Raises CP004 if the lease is lost, CP003 for a bad list or text, 22023 for what is no token and for a step or variant that there is not, 23514 for a text that the channel does not take, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.fail_generation(lease_token text, error text, costs jsonb DEFAULT '[]') RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  held record := campaign.lock_generation_lease(lease_token);
  job campaign.generation_jobs := held.job;
  result text := CASE WHEN held.was_excluded THEN 'excluded' WHEN held.is_current THEN 'failed' ELSE 'lease_lost' END;
BEGIN
  IF coalesce(btrim(error), '') = '' THEN
    RAISE EXCEPTION 'a failure needs an error'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is what people see of the contact.',
            HINT = 'Pass what the model or its provider has answered.';
  ELSIF job.id IS NULL THEN
    PERFORM campaign.raise_generation_lease_lost(held.fate);
  END IF;
  -- spent is spent, whatever has become of the lease
  PERFORM campaign.record_generation_costs(job.tenant_id, job.campaign_id, job.id, held.contact, held.fence, costs);
  IF held.is_current THEN
    -- of somebody who is excluded, be it by an erasure, nothing is told
    PERFORM campaign.end_generation_item(job, held.contact, result, CASE result WHEN 'failed' THEN left(error, 2000) END);
  END IF;
  PERFORM campaign.force_sync_commit();
  RETURN result;
END $$;

COMMENT ON FUNCTION campaign.fail_generation(text, text, jsonb) IS
'Says why nothing was written for a claimed contact, and what it has cost all the same. The contact fails, with this error (its first 2000 characters), until it is tried again: retry_generation(). Returns failed, excluded, or lease_lost: also then the costs are kept, once for each lease, so that a call whose answer was lost may be repeated. Raises CP004 if the campaign was purged, CP003 for a bad list, 22023 without an error and for what is no token, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.extend_generation(lease_token text, lease interval) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  held record := campaign.lock_generation_lease(lease_token);
  job campaign.generation_jobs := held.job;
  -- the wall clock is read after the wait for the locks
  new_end timestamptz := campaign.lease_end(coalesce(lease, '10 minutes'));
BEGIN
  UPDATE campaign.generation_items i SET lease_until = new_end
   WHERE held.is_current AND i.tenant_id = job.tenant_id AND i.job_id = job.id AND i.contact_id = held.contact
     AND i.lease_until > clock_timestamp();
  IF NOT FOUND THEN
    PERFORM campaign.raise_generation_lease_lost('The lease has ended, or the contact was reported, given back or cancelled.');
  END IF;
  RETURN new_end;
END $$;

COMMENT ON FUNCTION campaign.extend_generation(text, interval) IS
'Makes a live lease on a contact last for the given time from now; returns its new end. Raises CP004 if it is lost or has ended, 22023 for what is no token, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.release_generation(lease_token text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  held record := campaign.lock_generation_lease(lease_token);
  job campaign.generation_jobs := held.job;
BEGIN
  UPDATE campaign.generation_items i SET lease_until = '-infinity', fence = 0, worker = NULL, attempts = i.attempts - 1
   WHERE held.is_current AND i.tenant_id = job.tenant_id AND i.job_id = job.id AND i.contact_id = held.contact;
  IF NOT FOUND THEN
    PERFORM campaign.raise_generation_lease_lost('The contact was reported, given back, cancelled or claimed again.');
  END IF;
END $$;

COMMENT ON FUNCTION campaign.release_generation(text) IS
'Gives a contact for whom nothing was written back, the attempt not counted. Raises CP004 if the lease is lost, 22023 for what is no token, 25000 above READ COMMITTED.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('worker', 'EXECUTE', 'FUNCTION campaign.claim_generation(text, integer, uuid, interval)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.save_generated(text, jsonb, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.fail_generation(text, text, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.extend_generation(text, interval)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.release_generation(text)');

CREATE FUNCTION campaign.generation_progress(campaign uuid,
  OUT job uuid, OUT status text, OUT started_by text, OUT started_at timestamptz, OUT ended_at timestamptz, OUT end_reason text,
  OUT total bigint, OUT generated bigint, OUT failed bigint, OUT excluded bigint, OUT cancelled bigint, OUT held bigint, OUT waiting bigint,
  OUT percent numeric, OUT by_channel jsonb, OUT failures jsonb, OUT reserved_usd numeric, OUT spent_usd numeric)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid := (campaign.find_outreach_campaign(campaign, campaign.readable_tenants())).tenant_id;
  written jsonb;
BEGIN
  SELECT j.id, j.status, j.started_by, j.started_at, j.ended_at, j.end_reason
    INTO job, status, started_by, started_at, ended_at, end_reason
    FROM campaign.generation_jobs j WHERE j.tenant_id = owner_tenant AND j.campaign_id = campaign
   ORDER BY j.id DESC LIMIT 1;
  SELECT count(*), count(*) FILTER (WHERE i.outcome = 'generated'), count(*) FILTER (WHERE i.outcome = 'failed'),
         count(*) FILTER (WHERE i.outcome = 'excluded'), count(*) FILTER (WHERE i.outcome = 'cancelled'),
         count(*) FILTER (WHERE i.outcome IS NULL AND i.lease_until > clock_timestamp()),
         count(*) FILTER (WHERE i.outcome IS NULL AND i.lease_until <= clock_timestamp()),
         coalesce(sum(i.reserved_usd) FILTER (WHERE i.outcome IS NULL), 0)
    INTO total, generated, failed, excluded, cancelled, held, waiting, reserved_usd
    FROM campaign.generation_items i WHERE i.tenant_id = owner_tenant AND i.job_id = job;
  percent := round(100.0 * (total - held - waiting) / nullif(total, 0), 1);
  SELECT jsonb_object_agg(w.channel, w.messages) INTO written
    FROM (SELECT m.channel, count(*) AS messages
            FROM campaign.generation_items i
            JOIN campaign.messages m ON m.tenant_id = i.tenant_id AND m.campaign_id = i.campaign_id AND m.contact_id = i.contact_id
           WHERE i.tenant_id = owner_tenant AND i.job_id = job AND m.tenant_id = owner_tenant
             -- of who is pending nothing was written by this job, whatever he has of an earlier one
             AND i.outcome IN ('generated', 'failed')
           GROUP BY m.channel) w;
  -- the target is what the contacts of the job, but those who left it, are to have
  SELECT jsonb_object_agg(s.channel, jsonb_build_object('generated', coalesce((written ->> s.channel)::bigint, 0),
                                                        'target', s.variants * (total - excluded - cancelled))) INTO by_channel
    FROM (SELECT g.channel, sum(g.variants)::bigint AS variants FROM campaign.generation_steps(owner_tenant, campaign) g GROUP BY g.channel) s;
  SELECT coalesce(jsonb_agg(jsonb_build_object('contact_id', f.contact_id, 'name', f.name, 'error', f.error) ORDER BY f.contact_id), '[]') INTO failures
    FROM (SELECT k.contact_id, c.name, k.error FROM campaign.campaign_contacts k
            JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
           WHERE k.tenant_id = owner_tenant AND k.campaign_id = campaign AND k.status = 'failed' AND c.tenant_id = owner_tenant
           ORDER BY k.contact_id LIMIT 1000) f;
  spent_usd := coalesce((SELECT sum(g.usd) FROM campaign.generation_costs g
                          WHERE g.tenant_id = owner_tenant AND g.campaign_id = campaign AND g.job_id = job), 0);
END $$;

COMMENT ON FUNCTION campaign.generation_progress(uuid) IS
'How far the latest generation of a campaign is: its contacts in all, by outcome, held by workers and waiting; percent of them that have ended; messages generated and wanted by channel; the failed contacts of the campaign with their errors (the first 1000); what is reserved and what was spent. Without a job only by_channel and failures say something. Raises P0002 for a campaign that is not yours.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.generation_progress(uuid)');

CREATE FUNCTION campaign.contact_variant(contact uuid, variants text[], statuses text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own integer := 1 + (uuid_hash_extended(contact, 0) & 9223372036854775807) % cardinality(variants);
  choice integer;
BEGIN
  SELECT min(s.place) INTO choice FROM unnest(statuses) WITH ORDINALITY s(status, place) WHERE s.status IN ('sent', 'delivered', 'replied');
  IF choice IS NULL AND statuses[own] = 'rejected' THEN
    choice := coalesce(array_position(statuses, 'approved'), array_position(statuses, 'draft'));
  END IF;
  RETURN variants[coalesce(choice, own)];
END $$;

COMMENT ON FUNCTION campaign.contact_variant(uuid, text[], text[]) IS
'Internal: which of the variants of a step (in order, with their statuses) a contact gets, as the engine chooses: what was sent; else the one that his id stands for; if that was rejected, the first that is approved or waits for review.';

CREATE FUNCTION campaign.messages_were_sent(tenants uuid[], messages uuid[], enrollments uuid[], times timestamptz[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.messages m SET status = 'sent', sent_at = s.at, changed_at = now_time
    FROM unnest(tenants, messages, times) s(tenant, message, at)
   WHERE m.tenant_id = s.tenant AND m.id = s.message AND m.status = 'approved';
  -- what was told of them before their report
  UPDATE campaign.messages m SET status = e.kind, changed_at = now_time
    FROM (SELECT o.tenant_id, o.id, max(v.kind) AS kind
            FROM unnest(tenants, messages, enrollments) s(tenant, message, enrollment)
            JOIN campaign.touch_events v ON v.tenant_id = s.tenant AND v.enrollment_id = s.enrollment AND v.kind IN ('delivered', 'replied')
            JOIN campaign.messages o ON o.tenant_id = s.tenant AND o.id = s.message AND o.touch_number = v.touch_number
           WHERE v.kind = 'delivered' OR NOT v.is_machine
           GROUP BY o.tenant_id, o.id) e
   WHERE m.tenant_id = e.tenant_id AND m.id = e.id AND m.status = 'sent';
END $$;

COMMENT ON FUNCTION campaign.messages_were_sent(uuid[], uuid[], uuid[], timestamptz[]) IS
'Internal: sets approved messages sent, or what has become of them since; those in another status stay as they are. The lists are side by side.';

CREATE FUNCTION campaign.follow_message(v campaign.touch_events) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  IF v.touch_number IS NULL OR NOT (v.kind = 'delivered' OR v.kind = 'replied' AND NOT v.is_machine) THEN
    RETURN;
  END IF;
  UPDATE campaign.messages m SET status = v.kind, changed_at = now_time
   WHERE m.tenant_id = v.tenant_id AND m.campaign_id = v.campaign_id AND m.contact_id = v.contact_id AND m.touch_number = v.touch_number
     AND (m.status = 'sent' OR m.status = 'delivered' AND v.kind = 'replied');
END $$;

COMMENT ON FUNCTION campaign.follow_message(campaign.touch_events) IS
'Internal: the message that an event is about, if it was sent, becomes delivered or replied.';

CREATE FUNCTION campaign.lock_message_to_send(message uuid, OUT target campaign.messages, OUT campaign_status text, OUT enrollment uuid, OUT is_leased boolean)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  SELECT m.* INTO target FROM campaign.messages m WHERE m.tenant_id = ANY (campaign.writable_tenants()) AND m.id = message;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'message % does not exist', coalesce('"' || message || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a message with this id.',
            HINT = 'Check the id; a message of another tenant is not found.';
  END IF;
  SELECT l.status INTO campaign_status FROM campaign.lock_outreach_campaign(target.campaign_id) l;
  PERFORM FROM campaign.contacts c WHERE c.tenant_id = target.tenant_id AND c.id = target.contact_id FOR KEY SHARE;
  PERFORM campaign.refuse_erased(target.tenant_id, target.contact_id);
  SELECT e.id INTO enrollment FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = target.tenant_id AND e.contact_id = target.contact_id AND e.campaign_id = target.campaign_id AND e.status = 'active'
     FOR NO KEY UPDATE;
  PERFORM FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
   WHERE e.tenant_id = target.tenant_id AND e.contact_id = target.contact_id AND e.campaign_id = target.campaign_id AND q.tenant_id = target.tenant_id
     FOR UPDATE OF q;
  -- also what was stopped in a worker's hands
  is_leased := EXISTS (
    SELECT FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
     WHERE e.tenant_id = target.tenant_id AND e.contact_id = target.contact_id AND e.campaign_id = target.campaign_id AND q.tenant_id = target.tenant_id
       AND q.touch_number = target.touch_number AND (q.lease_until > clock_timestamp() OR q.flags & 1 = 1));
  SELECT m.* INTO target FROM campaign.messages m WHERE m.tenant_id = target.tenant_id AND m.id = message FOR NO KEY UPDATE;
END $$;

COMMENT ON FUNCTION campaign.lock_message_to_send(uuid) IS
'Internal: locks a message of the caller''s writable tenants with all that its being sent changes, and returns it with the status of its campaign, the live enrolment of its contact there, and whether a worker has its touch. Raises P0002, and CP002 for a contact that was erased.';

CREATE FUNCTION campaign.require_sendable_message(message campaign.messages, campaign_status text, is_leased boolean, channel text, sent_at timestamptz,
  provider_id text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT isfinite(sent_at) OR octet_length(provider_id) > 1000 THEN
    RAISE EXCEPTION 'sent_at or provider_id is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A time is finite, and an id has at most 1000 bytes.',
            HINT = 'Leave sent_at out for now, and provider_id out if there is none.';
  ELSIF channel <> message.channel THEN
    RAISE EXCEPTION 'message "%" is written for another channel', message.id
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('Its channel is %s.', message.channel),
            HINT = 'What was sent in another way is logged with campaign.log_send().';
  ELSIF message.sent_at IS NOT NULL THEN
    RAISE EXCEPTION 'message "%" was sent', message.id
      USING ERRCODE = 'CP002',
            DETAIL = format('It was sent at %s.', message.sent_at),
            HINT = 'Nothing is left to do.';
  ELSIF message.status <> 'approved' THEN
    RAISE EXCEPTION 'message "%" is not approved', message.id
      USING ERRCODE = 'CP002',
            DETAIL = format('Its status is "%s".', message.status),
            HINT = 'Approve it with campaign.review_messages(), or log what was sent with campaign.log_send().';
  ELSIF campaign_status NOT IN ('approved', 'exported', 'running', 'paused', 'completed') THEN
    RAISE EXCEPTION 'messages of a campaign in status "%" are not sent', campaign_status
      USING ERRCODE = 'CP002',
            DETAIL = 'They are sent from approved on, until the campaign is archived.',
            HINT = 'Approve the campaign first.';
  ELSIF is_leased THEN
    RAISE EXCEPTION 'message "%" is being sent', message.id
      USING ERRCODE = 'CP002',
            DETAIL = 'A worker has claimed its touch.',
            HINT = 'Wait for its report; campaign.uncertain_touches tells of what was never reported.';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_sendable_message(campaign.messages, text, boolean, text, timestamptz, text) IS
'Internal: raises CP002 for a message that a person cannot have sent just now, 22023 for what makes no sense of the send.';

CREATE FUNCTION campaign.message_values(message campaign.messages) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_strip_nulls(jsonb_build_object(
           'contact', jsonb_build_object('name', c.name, 'first_name', c.first_name, 'last_name', c.last_name, 'attributes', c.attributes),
           'tenant', jsonb_build_object('name', t.name, 'sender_name', coalesce(t.sender_name, t.name)),
           'job', jsonb_build_object('service_type', o.service_type),
           'link', jsonb_build_object('review', t.review_url)))
    FROM campaign.contacts c
    JOIN campaign.tenants t ON t.id = c.tenant_id
    JOIN campaign.outreach_campaigns o ON o.tenant_id = c.tenant_id AND o.campaign_id = ($1).campaign_id
   WHERE c.tenant_id = ($1).tenant_id AND c.id = ($1).contact_id;
END;

COMMENT ON FUNCTION campaign.message_values(campaign.messages) IS
'Internal: what render_message() makes of the placeholders of a message.';

CREATE FUNCTION campaign.mark_sent(message uuid, channel text DEFAULT NULL, sent_at timestamptz DEFAULT NULL, provider_id text DEFAULT NULL,
  OUT result text, OUT next_due_at timestamptz)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  locked record;
  target campaign.messages;
  now_time timestamptz := campaign.now();
  -- nothing was sent in the future
  at timestamptz := least(coalesce(sent_at, now_time), now_time);
  note jsonb;
  new_fence bigint := campaign.lease_fence();
  touch record;
BEGIN
  PERFORM campaign.require_read_committed('mark_sent()');
  locked := campaign.lock_message_to_send(message);
  target := locked.target;
  PERFORM campaign.require_sendable_message(target, locked.campaign_status, locked.is_leased, channel, sent_at, provider_id);
  note := jsonb_build_object('message', target.id, 'by_hand', true);
  PERFORM campaign.messages_were_sent(ARRAY[target.tenant_id], ARRAY[target.id], ARRAY[locked.enrollment], ARRAY[at]);
  SELECT q.lane, q.claimed_at INTO touch
    FROM campaign.touch_queue q JOIN campaign.lanes l ON l.tenant_id = q.tenant_id AND l.lane = q.lane
   WHERE q.tenant_id = target.tenant_id AND q.enrollment_id = locked.enrollment AND q.touch_number = target.touch_number
     AND l.tenant_id = target.tenant_id AND l.channel = target.channel;
  IF NOT FOUND THEN
    PERFORM campaign.log_send(target.contact_id, target.channel, campaign.render_subject(target.subject, campaign.message_values(target)),
      NULL, provider_id, at, NULL, note);
    result := 'logged';
    RETURN;
  END IF;
  -- as a worker would have claimed it, but that nothing was taken of the caps: the report counts it
  PERFORM campaign.return_send_usage(target.tenant_id, touch.lane, touch.claimed_at);
  UPDATE campaign.touch_queue q SET attempt = q.attempt + 1, fence = new_fence, claimed_at = '-infinity', lease_until = '-infinity', worker_id = 0
   WHERE q.tenant_id = target.tenant_id AND q.enrollment_id = locked.enrollment;
  SELECT 'advanced', r.next_due_at INTO result, next_due_at
    FROM campaign.touch_queue q
   CROSS JOIN LATERAL campaign.report_touches(ARRAY[ROW(
     campaign.touch_token(q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.touch_number, q.attempt, q.fence),
     'sent', provider_id, NULL, NULL, 'sent_by_hand', at, note)::campaign.touch_result]) r
   WHERE q.tenant_id = target.tenant_id AND q.enrollment_id = locked.enrollment AND r.result = 'ok';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the touch of message "%" cannot be settled', target.id
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'The engine did not take the report.',
            HINT = 'Try again.';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.mark_sent(uuid, text, timestamptz, text) IS
'Records that a person has sent an approved message by hand: it is sent, logged, and counts against the tenant''s limits, which it may exceed. Where it is the contact''s next touch in a live enrolment, the sequence moves on as if a worker had sent it (result advanced, with the time of the next touch); else it is only logged, and its touch is skipped when its turn comes (result logged). channel: NULL or that of the message; sent_at defaults to now. Raises CP002 for a message that is not approved, was sent or is with a worker, and where the campaign is not approved yet or archived, 22023 for another channel, a time without end and a provider_id of more than 1000 bytes, P0002, 25000 above READ COMMITTED.';

CREATE VIEW campaign.channel_analytics WITH (security_invoker = true) AS
  SELECT n.tenant_id, n.campaign_id, n.channel, n.generated, n.draft, n.approved, n.rejected, n.sent, n.delivered, n.replied,
         campaign.rate(n.delivered, n.sent) AS delivery_rate, campaign.rate(n.replied, n.sent) AS reply_rate
    FROM (SELECT m.tenant_id, m.campaign_id, m.channel, count(*) AS generated,
                 count(*) FILTER (WHERE m.status = 'draft') AS draft,
                 count(*) FILTER (WHERE m.approved_at IS NOT NULL) AS approved,
                 count(*) FILTER (WHERE m.status = 'rejected') AS rejected,
                 count(*) FILTER (WHERE m.sent_at IS NOT NULL) AS sent,
                 count(*) FILTER (WHERE m.status IN ('delivered', 'replied')) AS delivered,
                 count(*) FILTER (WHERE m.status = 'replied') AS replied
            FROM campaign.messages m GROUP BY m.tenant_id, m.campaign_id, m.channel) n;

COMMENT ON VIEW campaign.channel_analytics IS
'The messages of a campaign by channel: how many were generated, wait for review (draft), are approved (also those sent since), rejected, and of those sent how many were delivered (a reply proves it) and replied to; counted over the rows. What the engine sent of templates is in touch_analytics.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.mark_sent(uuid, text, timestamptz, text)'),
  ('member', 'SELECT', 'TABLE campaign.channel_analytics');

CREATE FUNCTION campaign.csv_safe(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN left(value, 1) IN ('=', '+', '-', '@', E'\t', E'\r') THEN '''' || value ELSE value END;

COMMENT ON FUNCTION campaign.csv_safe(text) IS
'A text that a spreadsheet takes for text: with an apostrophe before a leading =, +, -, @, tab or carriage return.';

CREATE FUNCTION campaign.require_export_links(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  unexported record;
BEGIN
  SELECT m.id, d.link INTO unexported
    FROM campaign.messages m JOIN campaign.tenants t ON t.id = m.tenant_id
   CROSS JOIN LATERAL (SELECT campaign.dead_link(concat(m.subject, m.body, m.body_html), NULL, t.review_url) AS link) d
   WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND m.status = 'approved' AND d.link IS NOT NULL ORDER BY m.id LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'message "%" has a link that is not exported', unexported.id
      USING ERRCODE = 'CP002',
            DETAIL = format('{{link.%s}} is signed for each enrolment when the engine sends.', unexported.link),
            HINT = 'Launch the campaign, or edit the message: write the link out, or leave it to whoever sends.';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_export_links(uuid, uuid) IS
'Internal: raises CP002 for a campaign of which an approved message has a link that only the engine can give: {{link.unsubscribe}}, and {{link.review}} of a tenant without review_url.';

CREATE FUNCTION campaign.export_messages(campaign uuid, include_unapproved boolean DEFAULT false, include_excluded boolean DEFAULT false)
RETURNS TABLE (message_id uuid, contact_id uuid, contact_name text, email text, phone text, linkedin_url text, touch smallint, variant text,
  is_chosen boolean, channel text, subject text, body text, body_html text, status text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  locked record;
  now_time timestamptz := campaign.now();
  left_out uuid[];
BEGIN
  PERFORM campaign.require_read_committed('export_messages()');
  locked := campaign.lock_outreach_campaign(campaign);
  left_out := campaign.suppressed_contacts(locked.tenant, campaign, ARRAY(
    SELECT k.contact_id FROM campaign.campaign_contacts k WHERE k.tenant_id = locked.tenant AND k.campaign_id = $1));
  PERFORM campaign.require_export_links(locked.tenant, campaign);
  IF locked.status = 'approved' THEN
    UPDATE campaign.outreach_campaigns o SET exported_at = now_time WHERE o.tenant_id = locked.tenant AND o.campaign_id = $1;
    PERFORM campaign.transition_campaign($1, 'exported', 'export');
  END IF;
  RETURN QUERY
    SELECT m.id, m.contact_id, campaign.csv_safe(coalesce(c.name, nullif(btrim(concat_ws(' ', c.first_name, c.last_name)), ''))),
           campaign.csv_safe(c.email), campaign.csv_safe(c.phone), campaign.csv_safe(c.linkedin_url), m.touch_number, m.variant,
           m.variant = campaign.contact_variant(m.contact_id, p.variants, p.statuses), m.channel,
           campaign.csv_safe(campaign.render_subject(m.subject, x.vals)), campaign.csv_safe(campaign.render_message(m.body, false, x.vals)),
           campaign.csv_safe(campaign.render_message(m.body_html, true, x.vals)), m.status
      FROM campaign.campaign_contacts k
      JOIN campaign.outreach_campaigns o ON o.tenant_id = k.tenant_id AND o.campaign_id = k.campaign_id
      JOIN campaign.messages m ON m.tenant_id = k.tenant_id AND m.campaign_id = k.campaign_id AND m.contact_id = k.contact_id
      -- a step of another channel gets other messages
      JOIN campaign.campaign_touches t ON t.tenant_id = m.tenant_id AND t.campaign_id = m.campaign_id AND t.plan_version = o.plan_version
        AND t.touch_number = m.touch_number AND t.channel = m.channel
      JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
     CROSS JOIN LATERAL (
       SELECT array_agg(v.variant ORDER BY v.variant) AS variants, array_agg(v.status ORDER BY v.variant) AS statuses
         FROM campaign.messages v
        WHERE v.tenant_id = m.tenant_id AND v.campaign_id = m.campaign_id AND v.contact_id = m.contact_id AND v.touch_number = m.touch_number
           AND v.channel = m.channel) p
     CROSS JOIN LATERAL (SELECT campaign.message_values(m) AS vals) x
     WHERE k.tenant_id = locked.tenant AND k.campaign_id = $1 AND m.tenant_id = locked.tenant AND c.tenant_id = locked.tenant
       AND o.tenant_id = locked.tenant AND t.tenant_id = locked.tenant AND c.archived_at IS NULL AND m.contact_id <> ALL (left_out)
       AND (m.status = 'approved' OR coalesce(include_unapproved, false))
       AND (k.status <> 'excluded' OR coalesce(include_excluded, false))
     ORDER BY c.score DESC NULLS LAST, m.contact_id, m.touch_number, m.variant;
END $$;

COMMENT ON FUNCTION campaign.export_messages(uuid, boolean, boolean) IS
'The messages of a campaign for whoever sends them elsewhere, with the addresses of their contacts and placeholders filled in; is_chosen: the variant that the contact is to get. Texts that a spreadsheet would run as a formula begin with an apostrophe (csv_safe()). By default the approved ones that are not sent yet, of contacts who are not excluded; never of archived contacts, of those whose addresses are suppressed, or for a step that the plan does not have any more. An approved campaign is exported by it; in every other status nothing changes. For editors. Raises CP002 if an approved message has a link that only the engine can sign, P0002, 25000 above READ COMMITTED.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.csv_safe(text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.export_messages(uuid, boolean, boolean)');

CREATE FUNCTION campaign.require_approvable(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  obstacle text := campaign.approval_obstacle(tenant, campaign);
BEGIN
  IF obstacle IS NOT NULL THEN
    RAISE EXCEPTION 'the messages of campaign "%" are not reviewed', campaign
      USING ERRCODE = 'CP002',
            DETAIL = format('%s%s; excluded contacts do not count.', upper(left(obstacle, 1)), substr(obstacle, 2)),
            HINT = 'Approve or reject them with campaign.review_messages(); campaign.review_summary() counts them.';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_approvable(uuid, uuid) IS
'Internal: raises CP002 for a campaign without an approved message, or with a draft, of a contact that is not excluded.';

CREATE FUNCTION campaign.require_reviewed(tenant uuid, campaign uuid, from_status text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  IF from_status = 'approved'
     OR EXISTS (SELECT FROM campaign.messages m WHERE m.tenant_id = tenant AND m.campaign_id = campaign) THEN
    PERFORM campaign.require_approvable(tenant, campaign);
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_reviewed(uuid, uuid, text) IS
'Internal: raises CP002 for a campaign whose messages, if it has any or comes from approved, are not reviewed.';

CREATE FUNCTION campaign.contacts_to_launch(tenant uuid, campaign uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  has_messages boolean := EXISTS (SELECT FROM campaign.messages m WHERE m.tenant_id = tenant AND m.campaign_id = campaign);
BEGIN
  RETURN ARRAY(
    SELECT k.contact_id FROM campaign.campaign_contacts k
     WHERE k.tenant_id = tenant AND k.campaign_id = campaign AND k.status <> 'excluded'
       AND (NOT has_messages
            OR k.contact_id IN (SELECT m.contact_id FROM campaign.messages m
                                 WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND m.status = 'approved'))
     ORDER BY k.contact_id);
END $$;

COMMENT ON FUNCTION campaign.contacts_to_launch(uuid, uuid) IS
'Internal: whom a launch enrols, in order: the contacts that a campaign was assigned and that are not excluded, of one with messages those with an approved one.';

CREATE FUNCTION campaign.begin_launched(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  result jsonb;
BEGIN
  IF EXISTS (SELECT FROM campaign.outreach_campaigns o
              WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND o.audience = 'assigned') THEN
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(to_jsonb(e))), '[]') INTO result
      FROM campaign.enroll_many(tenant, campaign, campaign.contacts_to_launch(tenant, campaign), NULL) e;
    UPDATE campaign.outreach_campaigns o SET launch_outcome = result WHERE o.tenant_id = tenant AND o.campaign_id = campaign;
  END IF;
  PERFORM campaign.notify_campaign_due(tenant, campaign);
END $$;

COMMENT ON FUNCTION campaign.begin_launched(uuid, uuid) IS
'Internal: enrols whom a locked campaign, running since just now, was assigned; of another audience nobody.';

CREATE FUNCTION campaign.tighter_sender_limits(tenant uuid, campaign uuid,
  OUT channel text, OUT hourly_limit integer, OUT per_hour integer, OUT per_day integer, OUT warmup boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT h.channel, h.hourly_limit, w.per_hour, w.per_day, w.warmup
      FROM campaign.outreach_campaigns o
     CROSS JOIN LATERAL (VALUES
       ('email', (o.sender_config ->> 'hourly_limit')::numeric::integer, (o.sender_config ->> 'daily_limit')::numeric::integer,
        coalesce((o.sender_config ->> 'warmup')::boolean, false)),
       ('linkedin_connect', NULL, (o.sender_config ->> 'linkedin_daily_connections')::numeric::integer, false),
       ('linkedin_message', NULL, (o.sender_config ->> 'linkedin_daily_messages')::numeric::integer, false)) l(channel, per_hour, per_day, warmup)
      JOIN campaign.channels h ON h.channel = l.channel
      LEFT JOIN campaign.send_limits s ON s.tenant_id = o.tenant_id AND s.channel = l.channel
     CROSS JOIN LATERAL (
       -- beside a row of the tenant's the channel's own limit does not hold
       SELECT CASE WHEN l.per_hour < coalesce(CASE WHEN s.channel IS NULL THEN h.hourly_limit ELSE s.per_hour END, 2147483647) THEN l.per_hour END AS per_hour,
              CASE WHEN l.per_day < coalesce(s.per_day, 2147483647) THEN l.per_day END AS per_day,
              l.warmup AND s.warmup_started_on IS NULL AS warmup) w
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND (num_nonnulls(w.per_hour, w.per_day) > 0 OR w.warmup)
       AND EXISTS (SELECT FROM campaign.campaign_touches t
                    WHERE t.tenant_id = tenant AND t.campaign_id = campaign AND t.plan_version = o.plan_version AND t.channel = l.channel)
     ORDER BY h.channel;
END $$;

COMMENT ON FUNCTION campaign.tighter_sender_limits(uuid, uuid) IS
'Internal: the channels that a campaign uses and for which its sender_config asks for a limit below the tenant''s, or for a warm-up where there is none; a limit that is not lower is NULL.';

CREATE FUNCTION campaign.wanted_limits(tenant uuid, campaign uuid) RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT string_agg(concat_ws(', ', l.channel, l.per_hour || ' an hour', l.per_day || ' a day', CASE WHEN l.warmup THEN 'a warm-up' END), '; ' ORDER BY l.channel)
    FROM campaign.tighter_sender_limits($1, $2) l;
END;

COMMENT ON FUNCTION campaign.wanted_limits(uuid, uuid) IS
'Internal: the limits of a campaign''s sender_config that are below the tenant''s, for a message; NULL if none is.';

CREATE FUNCTION campaign.require_sender_limits(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  wanted text;
BEGIN
  IF tenant = ANY (campaign.owned_tenants()) THEN
    RETURN;
  END IF;
  wanted := campaign.wanted_limits(tenant, campaign);
  IF wanted IS NOT NULL THEN
    RAISE EXCEPTION 'permission denied to lower the limits of the tenant'
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = format('sender_config asks for less than the tenant may send: %s.', wanted),
            HINT = 'Have an owner launch the campaign, or set the limits before: set_send_limit() and start_warmup().';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_sender_limits(uuid, uuid) IS
'Internal: raises 42501 if a launch would lower limits of a tenant that the caller does not own.';

CREATE FUNCTION campaign.require_limits_applied(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted text := campaign.wanted_limits(tenant, campaign);
BEGIN
  IF wanted IS NOT NULL THEN
    RAISE EXCEPTION 'the limits of sender_config do not hold yet'
      USING ERRCODE = 'CP002',
            DETAIL = format('It asks for less than the tenant may send: %s.', wanted),
            HINT = 'Have an owner launch the campaign with campaign.launch_campaign(), or set the limits before: set_send_limit() and start_warmup().';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_limits_applied(uuid, uuid) IS
'Internal: raises CP002 where the limits of a campaign''s sender_config are below the tenant''s.';

CREATE FUNCTION campaign.apply_sender_limits(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  wanted record;
  was_capped boolean;
  warms boolean;
BEGIN
  FOR wanted IN SELECT l.* FROM campaign.tighter_sender_limits(tenant, campaign) l LOOP
    PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
    INSERT INTO campaign.send_meters (tenant_id, channel) VALUES (tenant, wanted.channel) ON CONFLICT ON CONSTRAINT send_meters_pkey DO NOTHING;
    PERFORM FROM campaign.send_meters m WHERE m.tenant_id = tenant AND m.channel = wanted.channel FOR NO KEY UPDATE;
    SELECT coalesce(s.per_hour, s.per_day, s.per_month) IS NOT NULL OR s.warmup_started_on IS NOT NULL, s.warmup_started_on IS NULL AND wanted.warmup
      INTO was_capped, warms
      FROM campaign.send_limits s WHERE s.tenant_id = tenant AND s.channel = wanted.channel;
    was_capped := coalesce(was_capped, wanted.hourly_limit IS NOT NULL);
    INSERT INTO campaign.send_limits AS s (tenant_id, channel, per_hour, per_day)
    VALUES (tenant, wanted.channel, least(wanted.per_hour, wanted.hourly_limit), wanted.per_day)
    ON CONFLICT ON CONSTRAINT send_limits_pkey
    DO UPDATE SET per_hour = least(s.per_hour, wanted.per_hour), per_day = least(s.per_day, wanted.per_day);
    IF coalesce(warms, wanted.warmup) THEN
      PERFORM campaign.begin_warmup(tenant, wanted.channel, NULL, campaign.default_warmup());
    END IF;
    PERFORM campaign.apply_send_limits(tenant, wanted.channel, was_capped);
  END LOOP;
END $$;

COMMENT ON FUNCTION campaign.apply_sender_limits(uuid, uuid) IS
'Internal: lowers the tenant''s limits of the channels that a campaign uses to those of its sender_config, and begins the warm-up that it asks for unless there is one; never raises a limit.';

CREATE FUNCTION campaign.schedule_launch(tenant uuid, campaign uuid, status text, at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  IF status NOT IN ('draft', 'ready', 'approved') THEN
    RAISE EXCEPTION 'a campaign in status "%" is not launched', status
      USING ERRCODE = 'CP001',
            DETAIL = 'Campaigns are launched from draft, ready and approved.',
            HINT = 'Ask campaign.allowed_transitions() for the steps from the current status.';
  END IF;
  PERFORM campaign.require_assigned_contacts(tenant, campaign);
  PERFORM campaign.require_sendable_plan(tenant, campaign);
  PERFORM campaign.require_reviewed(tenant, campaign, status);
  UPDATE campaign.outreach_campaigns o
     SET scheduled_launch_at = at, launch_error = NULL, launch_lowers = tenant = ANY (campaign.owned_tenants())
   WHERE o.tenant_id = tenant AND o.campaign_id = campaign;
END $$;

COMMENT ON FUNCTION campaign.schedule_launch(uuid, uuid, text, timestamptz) IS
'Internal: has a locked campaign launched at a time; raises CP001 and CP002 for one that could not be launched now.';

DROP FUNCTION campaign.launch_campaign(uuid);
DELETE FROM campaign.access_privileges WHERE object = 'FUNCTION campaign.launch_campaign(uuid)';
CREATE FUNCTION campaign.launch_campaign(campaign uuid, at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  locked record := campaign.lock_outreach_campaign(campaign);
BEGIN
  IF NOT isfinite(at) THEN
    RAISE EXCEPTION 'at must be finite'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is when the campaign begins.',
            HINT = 'Leave at out to launch now; campaign.cancel_launch() takes a time back.';
  END IF;
  PERFORM campaign.require_sender_limits(locked.tenant, campaign);
  IF at > campaign.now() THEN
    PERFORM campaign.schedule_launch(locked.tenant, campaign, locked.status, at);
    RETURN locked.status;
  END IF;
  PERFORM campaign.apply_sender_limits(locked.tenant, campaign);
  IF locked.status = 'draft' THEN
    PERFORM campaign.transition_campaign(campaign, 'ready', 'launch');
  END IF;
  locked.status := campaign.transition_campaign(campaign, 'running', 'launch');
  PERFORM campaign.begin_launched(locked.tenant, campaign);
  RETURN locked.status;
END $$;

COMMENT ON FUNCTION campaign.launch_campaign(uuid, timestamptz) IS
'Sets a campaign in draft, ready or approved running, with all its preconditions (CP002), and enrols every contact that it was assigned and that is not excluded, where it has messages those with an approved one, by the rules of enroll_contacts(): outreach_campaigns.launch_outcome says how many were enrolled, and why others were not. If an owner launches, the tenant''s limits are lowered to those that sender_config gives, else they must be as low already. Returns the status. With at, a time to come, the launch is only set for then (outreach_campaigns.scheduled_launch_at; another time replaces it), and maintenance does it; what stands in the way then is in launch_error. Raises CP001 from any other status, 42501 for an editor where limits would be lowered, 22023 for a time without end, P0002, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.cancel_launch(campaign uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  locked record := campaign.lock_outreach_campaign(campaign);
BEGIN
  UPDATE campaign.outreach_campaigns o SET scheduled_launch_at = NULL
   WHERE o.tenant_id = locked.tenant AND o.campaign_id = $1 AND o.scheduled_launch_at IS NOT NULL;
  RETURN FOUND;
END $$;

COMMENT ON FUNCTION campaign.cancel_launch(uuid) IS
'Takes back the time at which a campaign is to be launched; false if none was set, or it has been launched. Raises P0002.';

CREATE FUNCTION campaign.start_scheduled(tenant uuid, campaign uuid, status text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  former_reason text := current_setting('campaign.transition_reason', true);
BEGIN
  IF (SELECT o.launch_lowers FROM campaign.outreach_campaigns o WHERE o.tenant_id = tenant AND o.campaign_id = campaign) THEN
    PERFORM campaign.apply_sender_limits(tenant, campaign);
  END IF;
  PERFORM set_config('campaign.transition_reason', 'scheduled launch', true);
  IF status = 'draft' THEN
    UPDATE campaign.campaigns c SET status = 'ready' WHERE c.tenant_id = tenant AND c.id = campaign;
  END IF;
  UPDATE campaign.campaigns c SET status = 'running' WHERE c.tenant_id = tenant AND c.id = campaign;
  PERFORM set_config('campaign.transition_reason', coalesce(former_reason, ''), true);
  PERFORM campaign.begin_launched(tenant, campaign);
END $$;

COMMENT ON FUNCTION campaign.start_scheduled(uuid, uuid, text) IS
'Internal: launches a locked campaign for nobody in particular; raises CP001 and CP002, this also where limits would be lowered and no owner has set the launch.';

CREATE FUNCTION campaign.launch_due(max_rows integer DEFAULT 10000) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
  due record;
  current_status text;
  fault text;
  fault_detail text;
  launched integer := 0;
BEGIN
  PERFORM campaign.require_max_rows(max_rows);
  PERFORM campaign.require_read_committed('launch_due()');
  FOR due IN
    SELECT o.tenant_id, o.campaign_id FROM campaign.outreach_campaigns o
     WHERE o.scheduled_launch_at <= now_time
     -- what could not be launched the last time does not hold up the rest
     ORDER BY o.launch_error IS NOT NULL, o.tenant_id, o.campaign_id LIMIT max_rows
  LOOP
    PERFORM FROM campaign.tenants t WHERE t.id = due.tenant_id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    SELECT c.status INTO current_status FROM campaign.campaigns c
     WHERE c.tenant_id = due.tenant_id AND c.id = due.campaign_id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    -- launched, put off or cancelled since it was found
    PERFORM FROM campaign.outreach_campaigns o
      WHERE o.tenant_id = due.tenant_id AND o.campaign_id = due.campaign_id AND o.scheduled_launch_at <= now_time;
    CONTINUE WHEN NOT FOUND;
    BEGIN
      PERFORM campaign.start_scheduled(due.tenant_id, due.campaign_id, current_status);
      launched := launched + 1;
    EXCEPTION
      WHEN SQLSTATE 'CP001' OR SQLSTATE 'CP002' THEN
        GET STACKED DIAGNOSTICS fault = MESSAGE_TEXT, fault_detail = PG_EXCEPTION_DETAIL;
        UPDATE campaign.outreach_campaigns o SET scheduled_launch_at = NULL, launch_error = concat_ws('. ', fault, fault_detail)
         WHERE o.tenant_id = due.tenant_id AND o.campaign_id = due.campaign_id;
      WHEN OTHERS THEN
        RAISE WARNING 'campaign "%" cannot be launched now: %', due.campaign_id, SQLERRM
          USING ERRCODE = SQLSTATE, DETAIL = 'It is tried again.';
        UPDATE campaign.outreach_campaigns o SET launch_error = SQLERRM WHERE o.tenant_id = due.tenant_id AND o.campaign_id = due.campaign_id;
    END;
  END LOOP;
  RETURN launched;
END $$;

COMMENT ON FUNCTION campaign.launch_due(integer) IS
'Launches the campaigns whose time has come (launch_campaign() with a time), each once and each by itself; returns how many. One that cannot be launched (CP001, CP002) keeps the reason in outreach_campaigns.launch_error and is not tried again; after any other error it is, and the error stands there until then. Part of maintenance; waits for no campaign that somebody has locked. Raises 22023 for max_rows below 1, 25000 above READ COMMITTED.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.launch_campaign(uuid, timestamptz)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.cancel_launch(uuid)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.launch_due(integer)');

UPDATE campaign.maintenance_tasks SET position = position + 1 WHERE position >= 6;
INSERT INTO campaign.maintenance_tasks (task, position, command) VALUES
  ('launch_campaigns', 6, 'SELECT campaign.launch_due($1)');

COMMENT ON FUNCTION campaign.run_maintenance(integer) IS
'Does what is due and nobody waits for, for all tenants: folds counts and usage, removes logs that log_retention lets go, ends leases that have run out, checks the breakers, applies events that came early, launches campaigns whose time has come, settles conflicts. One row per task: how much was done, and in detail what went wrong or that there may be more; a task that fails is undone and spoils no other. Waits for nobody, and may run beside itself. To be called about once a minute (see schedule_maintenance()). For the level admin. Raises 22023 for max_rows below 1, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.health_of_preparation(tenants uuid[],
  OUT name text, OUT severity text, OUT value bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  RETURN QUERY
  SELECT 'idle_generations', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('nobody has claimed or reported a contact for five minutes of ' || left(string_agg(quote_ident(c.name), ', ' ORDER BY c.name, c.id), 500),
                  'every generation has workers')
    FROM campaign.generation_jobs j
    JOIN campaign.campaigns c ON c.tenant_id = j.tenant_id AND c.id = j.campaign_id
   WHERE j.tenant_id = ANY (tenants) AND j.status = 'running' AND j.started_at < now_time - interval '5 minutes'
     AND NOT EXISTS (SELECT FROM campaign.generation_items i
                      WHERE i.tenant_id = j.tenant_id AND i.job_id = j.id
                        AND (i.lease_until > clock_timestamp() OR i.ended_at > now_time - interval '5 minutes'));
  RETURN QUERY
  SELECT 'failed_launches', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('could not be launched at their time: ' || left(string_agg(quote_ident(c.name), ', ' ORDER BY c.name, c.id), 500),
                  'every launch was done at its time')
    FROM campaign.outreach_campaigns o
    JOIN campaign.campaigns c ON c.tenant_id = o.tenant_id AND c.id = o.campaign_id
   WHERE o.tenant_id = ANY (tenants) AND o.launch_error IS NOT NULL;
END $$;

COMMENT ON FUNCTION campaign.health_of_preparation(uuid[]) IS
'Internal: the part of campaign.health() that is about generations and launches.';

CREATE OR REPLACE FUNCTION campaign.health(OUT name text, OUT severity text, OUT value bigint, OUT detail text) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenants uuid[] := campaign.visible_tenants();
BEGIN
  RETURN QUERY SELECT * FROM campaign.health_of_queue(tenants);
  RETURN QUERY SELECT * FROM campaign.health_of_sending(tenants);
  RETURN QUERY SELECT * FROM campaign.health_of_preparation(tenants);
  RETURN QUERY SELECT * FROM campaign.health_of_the_rest(tenants);
END $$;

COMMENT ON FUNCTION campaign.health() IS
'What a monitor asks: one row per check with its severity (ok, warning, critical), a value and what it says. oldest_due (seconds; warning above 5 minutes, critical above an hour), due_touches, live_leases, expired_leases, throttled_lanes, paused_lanes, silent_workers, uncertain_touches, sent_last_hour, failures (one row per error of the last 24 hours, the ten most frequent), dead_touches, tripped_breakers, idle_generations, failed_launches, unknown_timezones, identity_problems, open_conflicts, unmatched_events, unfolded_counts and, for workers and admins, clone_guard. Members see their tenants, workers and admins all.';

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
