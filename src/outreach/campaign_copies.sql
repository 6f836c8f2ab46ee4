-- Copies: a campaign of a campaign, a template of a campaign, a tenant's template of the system's, and
-- what of the system is newer than the copy. What is design is copied, what is run is not.

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
