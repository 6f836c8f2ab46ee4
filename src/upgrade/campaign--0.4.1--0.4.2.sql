-- campaign 0.4.1 to 0.4.2: large tenants are deleted as fast as small ones.
\echo Use "ALTER EXTENSION campaign UPDATE TO '0.4.2'" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

INSERT INTO campaign.schema_version (version, description) VALUES ('0.4.2', 'updated from 0.4.1');

CREATE OR REPLACE FUNCTION campaign.delete_tenant(tenant uuid, slug text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  found_slug text;
BEGIN
  IF tenant IS NULL OR slug IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'tenant and slug must not be null',
      DETAIL = 'The slug confirms which tenant is deleted, with all that it has.',
      HINT = 'Call campaign.delete_tenant(tenant, slug).';
  END IF;
  IF tenant = '00000000-0000-0000-0000-000000000000' THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
      MESSAGE = 'the system tenant cannot be deleted',
      DETAIL = 'It owns what the extension brings.',
      HINT = 'DROP EXTENSION campaign removes it with everything else.';
  END IF;
  SELECT t.slug INTO found_slug FROM campaign.tenants t WHERE t.id = tenant FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'no_data_found',
      MESSAGE = format('tenant %s does not exist', coalesce('"' || tenant || '"', 'null')),
      DETAIL = 'There is no tenant of this id.',
      HINT = 'Check the id; it may have been deleted already.';
  END IF;
  IF found_slug <> slug THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('"%s" is not the slug of tenant "%s"', slug, tenant),
      DETAIL = 'The slug confirms which tenant is deleted, with all that it has.',
      HINT = 'Give the slug of the tenant that you mean to delete.';
  END IF;
  -- The session keeps the plans of foreign keys: those that were made for small tables read all of a
  -- tenant's rows for each that goes.
  EXECUTE 'DISCARD PLANS';
  DELETE FROM campaign.tenants t WHERE t.id = tenant;
END
$$;
