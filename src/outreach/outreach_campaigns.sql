-- Outreach campaigns: the document, its audience, and what the life cycle asks of them.

CREATE TABLE campaign.outreach_campaigns (
  tenant_id       uuid NOT NULL,
  campaign_id     uuid NOT NULL,
  audience        text NOT NULL DEFAULT 'jobs',
  service_type    text COLLATE "C",
  template_config campaign.template_config NOT NULL,
  plan_version    integer NOT NULL DEFAULT 1,
  max_attempts    smallint NOT NULL DEFAULT 4,
  is_matching     boolean NOT NULL DEFAULT false,
  owner_member    text,
  language        text,
  created_at      timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at      timestamptz NOT NULL DEFAULT pg_catalog.now(),
  resume_policy   text NOT NULL DEFAULT 'keep',
  generation_config campaign.generation_config NOT NULL DEFAULT '{}',
  sender_config   campaign.sender_config NOT NULL DEFAULT '{}',
  scheduled_launch_at timestamptz,
  launch_error    text,
  launch_outcome  jsonb,
  exported_at     timestamptz,
  launch_lowers   boolean NOT NULL DEFAULT false,
  CONSTRAINT outreach_campaigns_pkey PRIMARY KEY (tenant_id, campaign_id),
  CONSTRAINT outreach_campaigns_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT outreach_campaigns_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.campaigns (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT outreach_campaigns_service_type_fkey FOREIGN KEY (tenant_id, service_type) REFERENCES campaign.service_types (tenant_id, service_type),
  CONSTRAINT outreach_campaigns_audience_check CHECK (audience IN ('jobs', 'contacts', 'assigned')),
  CONSTRAINT outreach_campaigns_plan_version_check CHECK (plan_version >= 1),
  CONSTRAINT outreach_campaigns_max_attempts_check CHECK (max_attempts BETWEEN 1 AND 20),
  CONSTRAINT outreach_campaigns_resume_policy_check CHECK (resume_policy IN ('keep', 'shift', 'bump')),
  CONSTRAINT outreach_campaigns_language_check CHECK (language ~ '^[a-z]{2}$')
);
-- matching of jobs to campaigns is never a tie
CREATE UNIQUE INDEX outreach_campaigns_matching_key ON campaign.outreach_campaigns (tenant_id, service_type)
  NULLS NOT DISTINCT WHERE is_matching AND audience = 'jobs';
CREATE INDEX outreach_campaigns_scheduled_idx ON campaign.outreach_campaigns (tenant_id, scheduled_launch_at) WHERE scheduled_launch_at IS NOT NULL;
CREATE INDEX outreach_campaigns_service_type_idx ON campaign.outreach_campaigns (tenant_id, service_type) WHERE service_type IS NOT NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.outreach_campaigns', '');
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.outreach_campaigns
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

-- A campaign of the caller's tenants, locked; the status decides what may be done with it.
CREATE FUNCTION campaign.lock_outreach_campaign(campaign uuid, OUT tenant uuid, OUT status text) RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  locked campaign.campaigns;
BEGIN
  locked := campaign.lock_campaign(campaign, campaign.writable_tenants(), false);
  IF locked.kind <> 'outreach' THEN
    RAISE EXCEPTION 'campaign "%" is not an outreach campaign', campaign
      USING ERRCODE = 'no_data_found',
            DETAIL = format('It is a %s campaign.', locked.kind),
            HINT = 'Only outreach campaigns have steps that are sent.';
  END IF;
  tenant := locked.tenant_id;
  status := locked.status;
END $$;
COMMENT ON FUNCTION campaign.lock_outreach_campaign(uuid) IS
'Internal: locks an outreach campaign of the caller''s writable tenants FOR NO KEY UPDATE and returns its tenant and status; raises P0002.';

CREATE FUNCTION campaign.create_campaign(
  tenant uuid, name text, template_config jsonb, audience text DEFAULT 'jobs', service_type text DEFAULT NULL,
  description text DEFAULT NULL, external_id text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  new_id uuid := campaign.uuid_v7();
  fault_state text;
  fault_message text;
  fault_detail text;
  fault_table text;
  fault_column text;
  fault_constraint text;
BEGIN
  PERFORM campaign.require_tenant(tenant);
  IF template_config IS NULL THEN
    RAISE EXCEPTION 'template_config must not be null'
      USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'A campaign is a sequence of 1 to 50 steps.',
            HINT = 'See campaign.template_config_schema(), or start from a row of campaign.campaign_templates.';
  END IF;
  INSERT INTO campaign.campaigns (tenant_id, id, kind, name, description, status, external_id, created_by)
  VALUES (tenant, new_id, 'outreach', name, description, 'draft', external_id, campaign.current_member());
  INSERT INTO campaign.outreach_campaigns (tenant_id, campaign_id, audience, service_type, template_config, owner_member)
  VALUES (tenant, new_id, audience, service_type, template_config, campaign.current_member());
  PERFORM campaign.project_plan(tenant, new_id, 1, template_config);
  RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
  GET STACKED DIAGNOSTICS fault_state = RETURNED_SQLSTATE, fault_message = MESSAGE_TEXT, fault_detail = PG_EXCEPTION_DETAIL,
    fault_table = TABLE_NAME, fault_column = COLUMN_NAME, fault_constraint = CONSTRAINT_NAME;
  PERFORM campaign.raise_violation(fault_state, fault_message, fault_detail, fault_table, fault_column, fault_constraint);
END $$;
COMMENT ON FUNCTION campaign.create_campaign(uuid, text, jsonb, text, text, text, text) IS
'Creates an outreach campaign in draft and projects its steps; returns its id. audience jobs enrols completed jobs of service_type (NULL: of any), audience contacts is enrolled explicitly, audience assigned works on what campaign.assign_contacts() gave it. Raises CP003 for an invalid document, P0002 for a tenant that is not yours, 23505 for a name in use.';

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

CREATE FUNCTION campaign.revise_campaign(campaign uuid, template_config jsonb) RETURNS integer
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
         -- what an owner has scheduled lowers the limits that he has read, not those that an editor writes afterwards
         launch_lowers = o.launch_lowers AND ($3 IS NULL OR locked.tenant = ANY (campaign.owned_tenants()))
   WHERE o.tenant_id = locked.tenant AND o.campaign_id = $1;
END $$;
COMMENT ON FUNCTION campaign.configure_campaign(uuid, jsonb, jsonb) IS
'Replaces the generation_config and the sender_config of a campaign in draft or ready, each as a whole; NULL leaves one as it is. Raises CP003 for an invalid document, CP002 in any other status, P0002.';

-- Both take rows by their keys: what they and all that they call have planned once in a session is kept.
CREATE FUNCTION campaign.pause_campaign(campaign uuid, reason text DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
AS $$ SELECT campaign.transition_campaign($1, 'paused', $2) $$;
COMMENT ON FUNCTION campaign.pause_campaign(uuid, text) IS
'Pauses a running campaign: its enrolments keep their place and nothing is claimed or begun. Writes a constant number of rows. Raises CP001, P0002.';

CREATE FUNCTION campaign.resume_campaign(campaign uuid, policy text DEFAULT NULL, spread interval DEFAULT '1 hour', reason text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_variable
DECLARE
  locked record := campaign.lock_outreach_campaign(campaign);
BEGIN
  -- approved -> running is a launch, which has its own preconditions and its own name
  IF locked.status <> 'paused' THEN
    RAISE EXCEPTION 'campaign "%" is not paused', campaign
      USING ERRCODE = 'CP001',
            DETAIL = format('Its status is "%s".', locked.status),
            HINT = 'Only a paused campaign is resumed; campaign.launch_campaign() starts one.';
  END IF;
  IF policy NOT IN ('keep', 'shift', 'bump') THEN
    RAISE EXCEPTION 'unknown resume policy "%"', policy
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The policies are keep, shift and bump.',
            HINT = 'keep spreads what is overdue, shift moves all by the pause, bump starts each overdue touch''s delay anew.';
  END IF;
  -- a day is 24 hours, as in the plan
  spread := make_interval(secs => extract(epoch FROM spread)::double precision);
  IF spread IS NULL OR spread NOT BETWEEN '0' AND interval '8784 hours' THEN
    RAISE EXCEPTION 'spread is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'What is overdue is spread over 0 to 366 days.',
            HINT = 'Leave spread out for one hour.';
  END IF;
  policy := coalesce(policy, (SELECT o.resume_policy FROM campaign.outreach_campaigns o
                               WHERE o.tenant_id = locked.tenant AND o.campaign_id = campaign));
  -- the pause has left what most want
  UPDATE campaign.lanes l SET resume_policy = policy, spread = resume_campaign.spread
   WHERE l.tenant_id = locked.tenant AND l.campaign_id = campaign
     AND (l.resume_policy <> policy OR l.spread <> resume_campaign.spread);
  locked.status := campaign.transition_campaign(campaign, 'running', reason);
  PERFORM campaign.notify_campaign_due(locked.tenant, campaign);
  RETURN locked.status;
END $$;
COMMENT ON FUNCTION campaign.resume_campaign(uuid, text, interval, text) IS
'Resumes a paused campaign: every enrolment goes on at its place. policy (default: the campaign''s resume_policy) says what becomes of what is overdue: keep sends it spread over spread (0: at once), shift moves the whole sequence by the length of the pause, bump makes it due at the resume plus its own delay. Writes a constant number of rows. Raises CP001 if it is not paused, CP002, 22023 for an unknown policy, P0002.';

-- The preconditions of the life cycle, on the row itself so that no path goes around them.
-- Named to sort behind the life cycle's own trigger: legality first.
CREATE FUNCTION campaign.check_outreach_preconditions() RETURNS trigger
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
COMMENT ON FUNCTION campaign.check_outreach_preconditions() IS
'Trigger on campaigns: the preconditions of the outreach life cycle; raises CP002 and says which does not hold.';
CREATE TRIGGER outreach_preconditions BEFORE UPDATE OF status ON campaign.campaigns
  FOR EACH ROW WHEN (NEW.kind = 'outreach' AND NEW.status IS DISTINCT FROM OLD.status)
  EXECUTE FUNCTION campaign.check_outreach_preconditions();

CREATE FUNCTION campaign.apply_outreach_transition() RETURNS trigger
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
COMMENT ON FUNCTION campaign.apply_outreach_transition() IS
'Trigger on campaigns: what a transition does to lanes, matching and, when a campaign is archived, its live enrolments.';
CREATE TRIGGER outreach_transition AFTER UPDATE OF status ON campaign.campaigns
  FOR EACH ROW WHEN (NEW.kind = 'outreach' AND NEW.status IS DISTINCT FROM OLD.status)
  EXECUTE FUNCTION campaign.apply_outreach_transition();

CREATE FUNCTION campaign.require_no_rival(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rival record;
BEGIN
  SELECT c.name, o.service_type INTO rival
    FROM campaign.outreach_campaigns me
    JOIN campaign.outreach_campaigns o ON o.tenant_id = me.tenant_id AND o.service_type IS NOT DISTINCT FROM me.service_type
    JOIN campaign.campaigns c ON c.tenant_id = o.tenant_id AND c.id = o.campaign_id
   WHERE me.tenant_id = tenant AND me.campaign_id = campaign AND me.audience = 'jobs'
     AND o.tenant_id = tenant AND o.campaign_id <> campaign AND o.audience = 'jobs' AND o.is_matching
     AND c.tenant_id = tenant;
  IF FOUND THEN
    RAISE EXCEPTION 'another campaign enrols the same jobs'
      USING ERRCODE = 'CP002',
            DETAIL = format('"%s" is live for %s.', rival.name, coalesce('service type ' || rival.service_type, 'all services')),
            HINT = 'Give this campaign another service type, or end the other one.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_no_rival(uuid, uuid) IS
'Internal: raises CP002 if another live campaign of the tenant enrols the same jobs.';

-- Audience and settings are edited in draft and ready only.
CREATE FUNCTION campaign.check_outreach_edit() RETURNS trigger
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
CREATE TRIGGER check_edit BEFORE UPDATE OF audience, service_type ON campaign.outreach_campaigns
  FOR EACH ROW WHEN (NEW.audience IS DISTINCT FROM OLD.audience OR NEW.service_type IS DISTINCT FROM OLD.service_type)
  EXECUTE FUNCTION campaign.check_outreach_edit();

ALTER TABLE campaign.outreach_campaigns ENABLE ROW LEVEL SECURITY;
CREATE POLICY outreach_campaigns_select ON campaign.outreach_campaigns FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY outreach_campaigns_update ON campaign.outreach_campaigns FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));

INSERT INTO campaign.constraint_hints (constraint_name, hint) VALUES
  ('campaigns.name', 'Give the campaign a name.'),
  ('campaigns_name_check', 'A name has 1 to 255 characters and is not blank.'),
  ('campaigns_name_key', 'Choose another name; names of archived campaigns are free.'),
  ('campaigns_external_id_key', 'Another campaign of the tenant has this external_id.'),
  ('campaigns_external_id_check', 'Leave external_id out, or give an id of 1 to 255 characters.'),
  ('outreach_campaigns.audience', 'The audience is jobs, contacts or assigned.'),
  ('outreach_campaigns_audience_check', 'The audience is jobs, contacts or assigned.'),
  ('outreach_campaigns_service_type_fkey', 'Choose one of the tenant''s rows of campaign.service_types, or NULL for all services.');
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.outreach_campaigns'),
  ('member', 'UPDATE (audience, service_type, max_attempts, owner_member, language, resume_policy)', 'TABLE campaign.outreach_campaigns'),
  ('member', 'EXECUTE', 'FUNCTION campaign.create_campaign(uuid, text, jsonb, text, text, text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.create_campaign_from_template(uuid, text, uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.revise_campaign(uuid, jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.configure_campaign(uuid, jsonb, jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.pause_campaign(uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.resume_campaign(uuid, text, interval, text)');

COMMENT ON TABLE campaign.outreach_campaigns IS 'What an outreach campaign has beside its row in campaigns: audience, document, plan version.';
COMMENT ON COLUMN campaign.outreach_campaigns.audience IS 'jobs: completed jobs are enrolled automatically; contacts: contacts are enrolled explicitly; assigned: it works on its rows of campaign_contacts.';
COMMENT ON COLUMN campaign.outreach_campaigns.service_type IS 'Which jobs are enrolled; NULL: those of every service that no other campaign names.';
COMMENT ON COLUMN campaign.outreach_campaigns.template_config IS 'The sequence, the one source of truth; campaign_touches is projected from it.';
COMMENT ON COLUMN campaign.outreach_campaigns.plan_version IS 'The plan of new enrolments.';
COMMENT ON COLUMN campaign.outreach_campaigns.max_attempts IS 'How often a touch is tried before it counts as failed.';
COMMENT ON COLUMN campaign.outreach_campaigns.resume_policy IS 'How it is resumed unless resume_campaign() says otherwise: keep, shift or bump.';
COMMENT ON COLUMN campaign.outreach_campaigns.generation_config IS 'How messages are generated; edited with configure_campaign().';
COMMENT ON COLUMN campaign.outreach_campaigns.sender_config IS 'Who sends them and at what pace; edited with configure_campaign().';
COMMENT ON COLUMN campaign.outreach_campaigns.scheduled_launch_at IS 'When maintenance launches it; set by launch_campaign().';
COMMENT ON COLUMN campaign.outreach_campaigns.launch_lowers IS 'Whether an owner has set the launch: only then does it lower the tenant''s limits to those of sender_config.';
COMMENT ON COLUMN campaign.outreach_campaigns.launch_error IS 'Why the launch that was set could not be done.';
COMMENT ON COLUMN campaign.outreach_campaigns.launch_outcome IS 'What became of the assigned contacts at the launch: [{outcome, reason, contacts}], as enroll_contacts() says it.';
COMMENT ON COLUMN campaign.outreach_campaigns.exported_at IS 'When its messages were exported, in approved.';
COMMENT ON COLUMN campaign.outreach_campaigns.is_matching IS 'Whether jobs are matched to it: running or paused. Set by the life cycle.';
COMMENT ON POLICY outreach_campaigns_select ON campaign.outreach_campaigns IS 'Members read their tenants''.';
COMMENT ON POLICY outreach_campaigns_update ON campaign.outreach_campaigns IS 'Owners and editors write their tenants''.';
COMMENT ON TRIGGER touch_updated_at ON campaign.outreach_campaigns IS 'Keeps updated_at.';
COMMENT ON TRIGGER check_edit ON campaign.outreach_campaigns IS 'Audience and service type change in draft and ready only.';
COMMENT ON TRIGGER outreach_preconditions ON campaign.campaigns IS 'Preconditions of the life cycle; sorts behind its own trigger.';
COMMENT ON TRIGGER outreach_transition ON campaign.campaigns IS 'What a transition does to lanes, matching and enrolments.';
