-- Jobs: the work that a business does for a contact, and whose completion starts a sequence.

CREATE TABLE campaign.jobs (
  tenant_id         uuid NOT NULL,
  id                uuid NOT NULL DEFAULT campaign.uuid_v7(),
  contact_id        uuid NOT NULL,
  service_type      text COLLATE "C",
  status            text NOT NULL DEFAULT 'scheduled',
  completed_at      timestamptz,
  campaign_override uuid,
  external_id       text,
  created_at        timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at        timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT jobs_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT jobs_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT jobs_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT jobs_service_type_fkey FOREIGN KEY (tenant_id, service_type) REFERENCES campaign.service_types (tenant_id, service_type),
  CONSTRAINT jobs_campaign_override_fkey FOREIGN KEY (tenant_id, campaign_override) REFERENCES campaign.campaigns (tenant_id, id),
  CONSTRAINT jobs_external_id_key UNIQUE (tenant_id, external_id),
  CONSTRAINT jobs_external_id_check CHECK (external_id COLLATE "C" ~ '\S' AND pg_catalog.length(external_id) <= 255),
  CONSTRAINT jobs_status_check CHECK (status IN ('scheduled', 'completed', 'do_not_send')),
  CONSTRAINT jobs_completed_at_check CHECK (status <> 'completed' OR completed_at IS NOT NULL),
  -- the anchor of a plan of up to 50 years: no sum of the two leaves the calendar
  CONSTRAINT jobs_completed_at_range_check CHECK (completed_at BETWEEN '1900-01-01 00:00:00+00' AND '9999-12-31 00:00:00+00')
);
CREATE INDEX jobs_contact_idx ON campaign.jobs (tenant_id, contact_id);
CREATE INDEX jobs_service_type_idx ON campaign.jobs (tenant_id, service_type);
CREATE INDEX jobs_campaign_override_idx ON campaign.jobs (tenant_id, campaign_override) WHERE campaign_override IS NOT NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.jobs', '');

CREATE FUNCTION campaign.stamp_job_completion() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW.completed_at := campaign.now();
  RETURN NEW;
END $$;
COMMENT ON FUNCTION campaign.stamp_job_completion() IS
'Trigger: a job completed without a time is completed now, by the engine''s clock.';
CREATE TRIGGER stamp_completion BEFORE INSERT OR UPDATE OF status, completed_at ON campaign.jobs
  FOR EACH ROW WHEN (NEW.status = 'completed' AND NEW.completed_at IS NULL)
  EXECUTE FUNCTION campaign.stamp_job_completion();
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.jobs
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

ALTER TABLE campaign.jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY jobs_select ON campaign.jobs FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY jobs_insert ON campaign.jobs FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY jobs_update ON campaign.jobs FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY jobs_delete ON campaign.jobs FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));

INSERT INTO campaign.constraint_hints (constraint_name, hint) VALUES
  ('jobs.status', 'The statuses are scheduled, completed and do_not_send.'),
  ('jobs_status_check', 'The statuses are scheduled, completed and do_not_send.'),
  ('jobs_completed_at_range_check', 'Leave completed_at out for now, or give a time from 1900 to 9999.'),
  ('jobs_service_type_fkey', 'Choose one of the tenant''s rows of campaign.service_types, or NULL.'),
  ('jobs_campaign_override_fkey', 'Choose a campaign of the same tenant, or NULL to have one matched.'),
  ('jobs_external_id_key', 'Another job of the tenant has this external_id.');
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.jobs'),
  ('member', 'INSERT (tenant_id, contact_id, service_type, status, completed_at, campaign_override, external_id)', 'TABLE campaign.jobs'),
  ('member', 'UPDATE (service_type, status, completed_at, campaign_override, external_id)', 'TABLE campaign.jobs'),
  ('member', 'DELETE', 'TABLE campaign.jobs');

COMMENT ON TABLE campaign.jobs IS
'Work done for a contact. Changing status to completed enrols the contact in the same transaction; a job inserted as completed is enrolled by campaign.create_job() or campaign.enroll_job().';
COMMENT ON COLUMN campaign.jobs.status IS 'scheduled, completed or do_not_send; do_not_send stops what the job had started.';
COMMENT ON COLUMN campaign.jobs.completed_at IS 'The anchor of the sequence; filled in when a job is completed without it.';
COMMENT ON COLUMN campaign.jobs.campaign_override IS 'Enrol in this campaign instead of the one that matches the service type.';
COMMENT ON COLUMN campaign.jobs.external_id IS 'The job''s id in the tenant''s own systems; unique within the tenant.';
COMMENT ON POLICY jobs_select ON campaign.jobs IS 'Members read their tenants''.';
COMMENT ON POLICY jobs_insert ON campaign.jobs IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY jobs_update ON campaign.jobs IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY jobs_delete ON campaign.jobs IS 'Owners and editors write their tenants''.';
COMMENT ON TRIGGER stamp_completion ON campaign.jobs IS 'Completed without a time: now.';
COMMENT ON TRIGGER touch_updated_at ON campaign.jobs IS 'Keeps updated_at.';
