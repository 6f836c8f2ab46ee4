CREATE TABLE campaign.access_privileges (
  level       text NOT NULL,
  privilege   text NOT NULL,
  object      text NOT NULL,
  CONSTRAINT access_privileges_pkey PRIMARY KEY (level, object, privilege),
  CONSTRAINT access_privileges_level_check CHECK (level IN ('member', 'worker', 'admin'))
);
COMMENT ON TABLE campaign.access_privileges IS 'What each access level consists of: campaign.grant_access() runs GRANT privilege ON object TO role for every row of the level. Part of the extension, not dumped.';
COMMENT ON COLUMN campaign.access_privileges.level IS 'member: tables under row-level security. worker: claim and report across tenants, through functions only. admin: maintenance.';
COMMENT ON COLUMN campaign.access_privileges.privilege IS 'As written in GRANT, with columns where it has any: SELECT, or UPDATE (name, timezone).';
COMMENT ON COLUMN campaign.access_privileges.object IS 'As written in GRANT after ON: TABLE campaign.contacts.';

CREATE TABLE campaign.access_grants (
  role_name   name NOT NULL,
  level       text NOT NULL,
  granted_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
  granted_by  name NOT NULL DEFAULT SESSION_USER,
  CONSTRAINT access_grants_pkey PRIMARY KEY (role_name, level),
  CONSTRAINT access_grants_level_check CHECK (level IN ('member', 'worker', 'admin'))
);
COMMENT ON TABLE campaign.access_grants IS 'The roles that campaign.grant_access() gave a level, by name. A role that was renamed or dropped since shows in campaign.identity_problems.';
SELECT pg_catalog.pg_extension_config_dump('campaign.access_grants', '');

CREATE FUNCTION campaign.apply_access(role_name name, level text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  p record;
BEGIN
  FOR p IN
    SELECT a.privilege, a.object FROM campaign.access_privileges a
    WHERE a.level = apply_access.level ORDER BY a.object, a.privilege
  LOOP
    EXECUTE format('GRANT %s ON %s TO %I', p.privilege, p.object, role_name);
  END LOOP;
END
$$;
COMMENT ON FUNCTION campaign.apply_access(name, text) IS 'Internal: grants what a level consists of, without recording it.';

CREATE FUNCTION campaign.grant_access(role_name name, level text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  IF role_name IS NULL OR level IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'role and level must not be null',
      DETAIL = CASE WHEN role_name IS NULL THEN 'The role is null.' ELSE 'The level is null.' END,
      HINT = 'Call campaign.grant_access(role, level).';
  END IF;
  IF level NOT IN ('member', 'worker', 'admin') THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('unknown access level "%s"', level),
      DETAIL = 'The levels are member, worker and admin.',
      HINT = 'member reads and writes under row-level security, worker claims and reports, admin maintains.';
  END IF;
  IF role_name = 'public' THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
      MESSAGE = 'access cannot be granted to PUBLIC',
      DETAIL = 'PUBLIC has no privilege on anything in schema campaign.',
      HINT = 'Grant the level to a role, and that role to others.';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role_name) THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object',
      MESSAGE = format('role "%s" does not exist', role_name),
      DETAIL = 'The name is taken literally, without folding to lower case.',
      HINT = 'Create the role first.';
  END IF;
  INSERT INTO campaign.access_grants AS g (role_name, level)
    VALUES (grant_access.role_name, grant_access.level)
    ON CONFLICT ON CONSTRAINT access_grants_pkey DO NOTHING;
  PERFORM campaign.apply_access(role_name, level);
END
$$;
COMMENT ON FUNCTION campaign.grant_access(name, text) IS 'Gives a role an access level (member, worker or admin) and records it. A role may hold several. For superusers.';

CREATE FUNCTION campaign.revoke_access(role_name name, level text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  role_exists boolean := EXISTS (SELECT FROM pg_roles r WHERE r.rolname = role_name);
  gone text[];
  p record;
BEGIN
  IF role_name IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'role must not be null',
      DETAIL = 'Without a level all levels of the role are revoked, but never those of all roles.',
      HINT = 'Call campaign.revoke_access(role) or campaign.revoke_access(role, level).';
  END IF;
  WITH deleted AS (
    DELETE FROM campaign.access_grants g
    WHERE g.role_name = revoke_access.role_name
      AND (revoke_access.level IS NULL OR g.level = revoke_access.level)
    RETURNING g.level
  )
  SELECT array_agg(d.level) INTO gone FROM deleted d;
  IF gone IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object',
      MESSAGE = CASE WHEN level IS NULL THEN format('role "%s" has no access level', role_name)
        ELSE format('role "%s" does not have access level "%s"', role_name, level) END,
      DETAIL = 'Nothing was revoked.',
      HINT = 'Table campaign.access_grants lists the roles and their levels.';
  END IF;
  -- The grants of a dropped role went with it; only its row was left.
  IF NOT role_exists THEN
    RETURN;
  END IF;
  FOR p IN
    SELECT DISTINCT a.privilege, a.object FROM campaign.access_privileges a
    WHERE a.level = ANY (gone) ORDER BY a.object, a.privilege
  LOOP
    EXECUTE format('REVOKE %s ON %s FROM %I', p.privilege, p.object, role_name);
  END LOOP;
  -- Levels overlap: give back what those that stay consist of.
  PERFORM campaign.apply_access(g.role_name, g.level)
  FROM campaign.access_grants g WHERE g.role_name = revoke_access.role_name;
END
$$;
COMMENT ON FUNCTION campaign.revoke_access(name, text) IS 'Takes an access level back from a role, or all of its levels. For superusers.';

-- Not to be called by an update script: what is granted there counts as the
-- extension's own privilege, and pg_dump leaves it out.
CREATE FUNCTION campaign.reapply_access() RETURNS integer
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  applied integer;
BEGIN
  PERFORM campaign.apply_access(g.role_name, g.level)
  FROM campaign.access_grants g JOIN pg_roles r ON r.rolname = g.role_name;
  GET DIAGNOSTICS applied = ROW_COUNT;
  RETURN applied;
END
$$;
COMMENT ON FUNCTION campaign.reapply_access() IS 'Grants every recorded access level again, after ALTER EXTENSION campaign UPDATE brought new objects. Returns the number of grants applied; roles that are gone are left out. For superusers.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'SCHEMA campaign'),
  ('worker', 'USAGE', 'SCHEMA campaign'),
  ('admin', 'USAGE', 'SCHEMA campaign'),
  ('member', 'EXECUTE', 'FUNCTION campaign.now()'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.now()'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.now()'),
  ('member', 'EXECUTE', 'FUNCTION campaign.is_timezone(text)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.is_timezone(text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.uuid_v7()'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.uuid_v7()'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.uuid_v7()'),
  ('member', 'SELECT', 'TABLE campaign.schema_version'),
  ('worker', 'SELECT', 'TABLE campaign.schema_version'),
  ('admin', 'SELECT', 'TABLE campaign.schema_version'),
  ('admin', 'SELECT', 'TABLE campaign.access_grants'),
  ('admin', 'SELECT', 'TABLE campaign.access_privileges');
