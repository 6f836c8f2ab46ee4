-- Readiness: what is known of contacts and of their companies by stages, and whether that is enough to write to them.

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

-- Whoever names a stage by its alias means the stage that the pipeline records.
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
