-- Service types: the kinds of job a tenant does. Each tenant has rows of its own, copied at its creation.

CREATE TABLE campaign.service_types (
  tenant_id uuid NOT NULL,
  service_type text COLLATE "C" NOT NULL,
  name text NOT NULL,
  first_touch_delay interval,
  seeded boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT service_types_pkey PRIMARY KEY (tenant_id, service_type),
  CONSTRAINT service_types_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT service_types_service_type_check CHECK (service_type OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]{0,62}$'),
  CONSTRAINT service_types_name_check CHECK (pg_catalog.char_length(pg_catalog.btrim(name)) BETWEEN 1 AND 255),
  CONSTRAINT service_types_first_touch_delay_check CHECK (
    first_touch_delay OPERATOR(pg_catalog.>=) interval '0'
    AND first_touch_delay OPERATOR(pg_catalog.<=) interval '8784 hours')
);
SELECT pg_catalog.pg_extension_config_dump('campaign.service_types', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.service_types IS 'The kinds of job that a tenant does. A new tenant begins with copies of the system tenant''s; it changes and adds its own.';
COMMENT ON COLUMN campaign.service_types.service_type IS 'Key that jobs, campaigns and templates name: lower-case letters, digits and underscores.';
COMMENT ON COLUMN campaign.service_types.first_touch_delay IS 'Delay of the first touch after such a job, in campaigns whose first step says use_service_delay; a day is 24 hours. NULL: the step''s own delay.';
COMMENT ON COLUMN campaign.service_types.seeded IS 'The row comes with the extension and is changed by nobody.';

ALTER TABLE campaign.service_types ENABLE ROW LEVEL SECURITY;
CREATE POLICY service_types_select ON campaign.service_types FOR SELECT
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY service_types_insert ON campaign.service_types FOR INSERT
  WITH CHECK (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY service_types_update ON campaign.service_types FOR UPDATE
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY service_types_delete ON campaign.service_types FOR DELETE
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
COMMENT ON POLICY service_types_select ON campaign.service_types IS 'Members read their tenants'' and the system tenant''s.';
COMMENT ON POLICY service_types_insert ON campaign.service_types IS 'Editors write their tenants''.';
COMMENT ON POLICY service_types_update ON campaign.service_types IS 'Editors write their tenants''.';
COMMENT ON POLICY service_types_delete ON campaign.service_types IS 'Editors write their tenants''.';

INSERT INTO campaign.service_types (tenant_id, service_type, name, first_touch_delay, seeded)
SELECT '00000000-0000-0000-0000-000000000000', s.service_type, s.name, pg_catalog.make_interval(hours => s.hours), true
FROM (VALUES
  ('hvac', 'Heating and cooling', 24),
  ('plumbing', 'Plumbing', 48),
  ('electrical', 'Electrical', 24),
  ('cleaning', 'Cleaning', 4),
  ('roofing', 'Roofing', 72),
  ('painting', 'Painting', 48),
  ('handyman', 'Handyman', 24),
  ('other', 'Other', 24)) AS s (service_type, name, hours);

CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.service_types
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.service_types
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.service_types
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
COMMENT ON TRIGGER protect_seeded ON campaign.service_types IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.service_types IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER touch_updated_at ON campaign.service_types IS 'Keeps updated_at.';

CREATE FUNCTION campaign.copy_service_types(tenant uuid) RETURNS void
  LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
  INSERT INTO campaign.service_types (tenant_id, service_type, name, first_touch_delay)
  SELECT tenant, s.service_type, s.name, s.first_touch_delay
  FROM campaign.service_types s
  WHERE s.tenant_id = '00000000-0000-0000-0000-000000000000'
  ON CONFLICT (tenant_id, service_type) DO NOTHING
$$;
COMMENT ON FUNCTION campaign.copy_service_types(uuid) IS
'Internal: gives a tenant the service types of the system tenant that it does not have; create_tenant() calls it.';

INSERT INTO campaign.tenant_initializers (function_name, "position") VALUES
  ('campaign.copy_service_types', 100);

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.service_types'),
  ('member', 'INSERT (tenant_id, service_type, name, first_touch_delay)', 'TABLE campaign.service_types'),
  ('member', 'UPDATE (name, first_touch_delay)', 'TABLE campaign.service_types'),
  ('member', 'DELETE', 'TABLE campaign.service_types');
