-- Campaigns of every kind: what they have in common. What a kind adds stands in a table of its own.

CREATE TABLE campaign.campaigns (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT campaign.uuid_v7(),
  kind text NOT NULL,
  name text NOT NULL,
  description text,
  status text COLLATE "C" NOT NULL DEFAULT 'draft',
  archived_at timestamptz,
  is_active boolean NOT NULL GENERATED ALWAYS AS (archived_at IS NULL) STORED,
  external_id text,
  created_by text DEFAULT campaign.current_member(),
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT campaigns_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT campaigns_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT campaigns_external_id_key UNIQUE (tenant_id, external_id),
  CONSTRAINT campaigns_kind_check CHECK (kind OPERATOR(pg_catalog.=) ANY (ARRAY['outreach', 'tabletop'])),
  CONSTRAINT campaigns_name_check CHECK (name COLLATE "C" OPERATOR(pg_catalog.~) '[^[:space:]]' AND pg_catalog.char_length(name) OPERATOR(pg_catalog.<=) 255),
  CONSTRAINT campaigns_external_id_check CHECK (external_id COLLATE "C" OPERATOR(pg_catalog.~) '[^[:space:]]' AND pg_catalog.char_length(external_id) OPERATOR(pg_catalog.<=) 255),
  CONSTRAINT campaigns_archived_check CHECK (kind OPERATOR(pg_catalog.<>) 'outreach'
    OR (status OPERATOR(pg_catalog.=) 'archived') OPERATOR(pg_catalog.=) (archived_at IS NOT NULL))
);
CREATE UNIQUE INDEX campaigns_name_key ON campaign.campaigns (tenant_id, pg_catalog.lower(name)) WHERE archived_at IS NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.campaigns', '');
COMMENT ON TABLE campaign.campaigns IS 'Campaigns of every kind. Members read them and edit name, description and external_id; functions make them and move them through their life cycle.';
COMMENT ON COLUMN campaign.campaigns.kind IS 'outreach or tabletop; for good. Says which life cycle the status follows and which table holds the rest.';
COMMENT ON COLUMN campaign.campaigns.name IS 'Unique among the active campaigns of the tenant, ignoring case.';
COMMENT ON COLUMN campaign.campaigns.status IS 'State in the life cycle of the kind. Changed by transition_campaign() and the functions of the kind.';
COMMENT ON COLUMN campaign.campaigns.archived_at IS 'Set if and only if an outreach campaign is archived.';
COMMENT ON COLUMN campaign.campaigns.is_active IS 'Not archived.';
COMMENT ON COLUMN campaign.campaigns.external_id IS 'The campaign''s id in another system, unique in the tenant.';
COMMENT ON COLUMN campaign.campaigns.created_by IS 'Member that made the campaign.';

CREATE FUNCTION campaign.lock_campaign(campaign uuid, tenants uuid[], strong boolean)
  RETURNS campaign.campaigns
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  found_row campaign.campaigns;
BEGIN
  PERFORM campaign.lock_tenant_key(c.tenant_id) FROM campaign.campaigns c
  WHERE c.tenant_id = ANY (tenants) AND c.id = $1;
  -- The weaker lock lets enrolments (FOR KEY SHARE) pass; the stronger one waits for them.
  IF strong THEN
    SELECT * INTO found_row FROM campaign.campaigns c
    WHERE c.tenant_id = ANY (tenants) AND c.id = $1 FOR UPDATE;
  ELSE
    SELECT * INTO found_row FROM campaign.campaigns c
    WHERE c.tenant_id = ANY (tenants) AND c.id = $1 FOR NO KEY UPDATE;
  END IF;
  IF found_row.id IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'P0002',
      MESSAGE = format('campaign %s does not exist', coalesce('"' || $1 || '"', 'null')),
      DETAIL = 'There is no such campaign among those that you may change.',
      HINT = 'Ask campaign.campaigns for the ids of your campaigns.';
  END IF;
  RETURN found_row;
END
$$;
COMMENT ON FUNCTION campaign.lock_campaign(uuid, uuid[], boolean) IS
  'Internal: the campaign, locked, if it belongs to one of the tenants, else P0002. Strong locks keep enrolments out.';

CREATE FUNCTION campaign.transition_campaign(campaign uuid, to_status text, reason text DEFAULT NULL)
  RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  target campaign.campaigns;
  known text;
  former_reason text := current_setting('campaign.transition_reason', true);
BEGIN
  -- Read after the lock: of two callers the second one meets what the first one left.
  target := campaign.lock_campaign($1, campaign.writable_tenants(), coalesce(to_status, '') IN ('archived', 'completed'));

  IF NOT EXISTS (SELECT FROM campaign.life_cycle_states s
                 WHERE s.machine = target.kind AND s.state = to_status) THEN
    SELECT string_agg(format('"%s"', s.state), ', ' ORDER BY s."position", s.state) INTO known
    FROM campaign.life_cycle_states s WHERE s.machine = target.kind;
    RAISE EXCEPTION USING ERRCODE = '22023',
      MESSAGE = format('%s is not a status of %s campaigns', coalesce('"' || to_status || '"', 'null'), target.kind),
      DETAIL = format('Their statuses are %s.', coalesce(known, 'not defined')),
      HINT = 'Ask campaign.allowed_transitions() for the steps from the current status.';
  END IF;

  IF target.status = to_status THEN
    RAISE EXCEPTION USING ERRCODE = 'CP001',
      MESSAGE = format('campaign is already in status "%s"', to_status),
      DETAIL = format('The current status is "%s", the wanted one the same.', to_status),
      HINT = 'Somebody else may have taken this step: nothing is left to do.',
      SCHEMA = 'campaign', TABLE = 'campaigns', COLUMN = 'status';
  END IF;

  PERFORM set_config('campaign.transition_reason', coalesce(reason, former_reason, ''), true);
  UPDATE campaign.campaigns c
  SET status = to_status,
    archived_at = CASE WHEN to_status = 'archived' THEN campaign.now() ELSE c.archived_at END
  WHERE c.tenant_id = target.tenant_id AND c.id = target.id;
  PERFORM set_config('campaign.transition_reason', coalesce(former_reason, ''), true);
  RETURN to_status;
END
$$;
COMMENT ON FUNCTION campaign.transition_campaign(uuid, text, text) IS
  'Take a campaign to another status and return it. CP001: no such step from the current status (which may be the wanted one already); CP002: a precondition does not hold; 22023: no such status; P0002: no such campaign. The reason goes to life_cycle_log. For owners and editors.';

CREATE FUNCTION campaign.delete_campaign(campaign uuid) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  target campaign.campaigns;
BEGIN
  target := campaign.lock_campaign($1, campaign.writable_tenants(), true);
  IF target.status <> 'draft' THEN
    RAISE EXCEPTION USING ERRCODE = 'CP002',
      MESSAGE = 'only a draft campaign can be deleted',
      DETAIL = format('Its status is "%s".', target.status),
      HINT = CASE WHEN target.archived_at IS NULL THEN 'Archive it with campaign.transition_campaign().'
        ELSE 'It is archived already; campaign.purge_campaign() removes it if it has no history.' END,
      SCHEMA = 'campaign', TABLE = 'campaigns', COLUMN = 'status';
  END IF;
  PERFORM campaign.transition_campaign(target.id, 'archived', 'deleted');
END
$$;
COMMENT ON FUNCTION campaign.delete_campaign(uuid) IS
  'Delete a draft: it is archived, its row stays. CP002 in any other status. For owners and editors.';

CREATE FUNCTION campaign.purge_campaign(campaign uuid) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  target campaign.campaigns;
  fault_detail text;
  fault_table text;
  fault_constraint text;
BEGIN
  target := campaign.lock_campaign($1, campaign.owned_tenants(), true);
  IF target.archived_at IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'CP002',
      MESSAGE = 'only an archived campaign can be purged',
      DETAIL = format('Its status is "%s".', target.status),
      HINT = 'Archive it first with campaign.transition_campaign().',
      SCHEMA = 'campaign', TABLE = 'campaigns', COLUMN = 'status';
  END IF;

  -- Children cascade; what is history refuses with its foreign key.
  DELETE FROM campaign.campaigns c WHERE c.tenant_id = target.tenant_id AND c.id = target.id;
EXCEPTION
  WHEN foreign_key_violation THEN
    GET STACKED DIAGNOSTICS fault_detail = PG_EXCEPTION_DETAIL,
      fault_table = TABLE_NAME, fault_constraint = CONSTRAINT_NAME;
    RAISE EXCEPTION USING ERRCODE = '23503',
      MESSAGE = 'campaign has history and cannot be purged',
      DETAIL = fault_detail,
      HINT = 'Leave it archived: an archived campaign sends nothing and frees its name.',
      SCHEMA = 'campaign', TABLE = fault_table, CONSTRAINT = fault_constraint;
END
$$;
COMMENT ON FUNCTION campaign.purge_campaign(uuid) IS
  'Remove an archived campaign and all that hangs on it. CP002 if it is not archived; 23503 if it has history, which is never deleted. For owners.';

CREATE TRIGGER life_cycle_outreach BEFORE INSERT OR UPDATE ON campaign.campaigns
  FOR EACH ROW WHEN (NEW.kind OPERATOR(pg_catalog.=) 'outreach')
  EXECUTE FUNCTION campaign.enforce_life_cycle('outreach', 'status');
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.campaigns
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
COMMENT ON TRIGGER life_cycle_outreach ON campaign.campaigns IS 'Status of outreach campaigns. A trigger of preconditions sorts after it, so that an illegal step is told before an unmet precondition.';
COMMENT ON TRIGGER touch_updated_at ON campaign.campaigns IS 'Keeps updated_at.';

ALTER TABLE campaign.campaigns ENABLE ROW LEVEL SECURITY;
CREATE POLICY campaigns_select ON campaign.campaigns FOR SELECT
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY campaigns_update ON campaign.campaigns FOR UPDATE
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
COMMENT ON POLICY campaigns_select ON campaign.campaigns IS 'Members read the campaigns of their tenants.';
COMMENT ON POLICY campaigns_update ON campaign.campaigns IS 'Owners and editors edit; privileges say which columns.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.campaigns'),
  ('member', 'UPDATE (name, description, external_id)', 'TABLE campaign.campaigns'),
  ('member', 'EXECUTE', 'FUNCTION campaign.transition_campaign(uuid, text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.delete_campaign(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.purge_campaign(uuid)');
