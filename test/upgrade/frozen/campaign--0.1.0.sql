-- >>> src/install_head.sql
\echo Use "CREATE EXTENSION campaign" to load this file. \quit

-- The server adds the schemas of required extensions, where somebody hostile may have left
-- operators that fit better than the catalog's. An upgrade script begins like this, too.
SET LOCAL search_path = pg_catalog, pg_temp;

CREATE SCHEMA campaign;
COMMENT ON SCHEMA campaign IS 'Campaign engine: tenants, campaigns, enrolments, the touch queue and the send log. Owned by the extension campaign.';

-- >>> src/core/clock.sql
CREATE FUNCTION campaign.now() RETURNS timestamptz
  LANGUAGE C STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_now';
COMMENT ON FUNCTION campaign.now() IS 'The engine''s clock: the start of the statement plus the setting campaign.clock_offset. All business time is read from it; leases are not.';

CREATE FUNCTION campaign.is_timezone(name text) RETURNS boolean
  LANGUAGE C STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_is_timezone';
COMMENT ON FUNCTION campaign.is_timezone(text) IS 'Whether the server knows a time zone of this name (as in pg_timezone_names; the case of letters does not matter). Abbreviations and POSIX rules are not names.';

-- >>> src/core/ids.sql
CREATE FUNCTION campaign.uuid_v7() RETURNS uuid
  LANGUAGE C VOLATILE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_uuid_v7';
COMMENT ON FUNCTION campaign.uuid_v7() IS 'A new UUID of version 7 (RFC 9562): ordered by time, ascending within a session.';

CREATE FUNCTION campaign.touch_updated_at() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_touch_updated_at';
COMMENT ON FUNCTION campaign.touch_updated_at() IS 'Trigger function, BEFORE UPDATE FOR EACH ROW: sets the column updated_at to the start of the transaction.';

-- >>> src/core/schema_version.sql
CREATE TABLE campaign.schema_version (
  version     text NOT NULL,
  applied_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
  description text NOT NULL,
  CONSTRAINT schema_version_pkey PRIMARY KEY (version)
);
COMMENT ON TABLE campaign.schema_version IS 'Versions of the extension that were installed here: the first by CREATE EXTENSION, one more by each update. Not dumped, since a restore installs afresh.';

INSERT INTO campaign.schema_version (version, description) VALUES ('0.1.0', 'installed');

-- >>> src/core/transactions.sql
CREATE FUNCTION campaign.require_read_committed(function_name text) RETURNS void
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_require_read_committed';
COMMENT ON FUNCTION campaign.require_read_committed(text) IS
'Internal: raises 25000 above READ COMMITTED, for functions that lock and then look.';

-- >>> src/core/access.sql
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

-- >>> src/core/identity.sql
CREATE FUNCTION campaign.current_member() RETURNS text
  LANGUAGE C STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_current_member';
COMMENT ON FUNCTION campaign.current_member() IS 'Who is asking: the role of the session (SET ROLE counts), or with campaign.identity_source = jwt the subject of request.jwt.claims. NULL for nobody, which is also what the functions of indexes and the queries of materialized views find when somebody else maintains them.';

CREATE FUNCTION campaign.readable_tenants() RETURNS uuid[]
  LANGUAGE C STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_readable_tenants';
COMMENT ON FUNCTION campaign.readable_tenants() IS 'The tenants that the asking member may read, with the system tenant if there is any; empty for nobody. All tenants for roles that row-level security does not bind. Write it in a policy as tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]).';

CREATE FUNCTION campaign.writable_tenants() RETURNS uuid[]
  LANGUAGE C STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_writable_tenants';
COMMENT ON FUNCTION campaign.writable_tenants() IS 'The tenants that the asking member may write, as editor or owner; never the system tenant.';

CREATE FUNCTION campaign.owned_tenants() RETURNS uuid[]
  LANGUAGE C STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_owned_tenants';
COMMENT ON FUNCTION campaign.owned_tenants() IS 'The tenants that the asking member owns; never the system tenant.';

CREATE FUNCTION campaign.invalidate_relation_cache() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'campaign_invalidate_relation_cache';
COMMENT ON FUNCTION campaign.invalidate_relation_cache() IS 'Trigger function, AFTER any change of a table whose rows sessions keep in memory: makes them all read it again once the change has committed.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.current_member()'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.current_member()'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.current_member()'),
  ('member', 'EXECUTE', 'FUNCTION campaign.readable_tenants()'),
  ('member', 'EXECUTE', 'FUNCTION campaign.writable_tenants()'),
  ('member', 'EXECUTE', 'FUNCTION campaign.owned_tenants()');

-- >>> src/core/tenants.sql
CREATE TABLE campaign.tenants (
  id              uuid NOT NULL DEFAULT campaign.uuid_v7(),
  name            text NOT NULL,
  slug            text NOT NULL,
  timezone        text NOT NULL DEFAULT 'UTC',
  sender_name     text,
  review_url      text,
  link_base_url   text,
  min_gap         interval NOT NULL DEFAULT '1 hour',
  seeded          boolean NOT NULL DEFAULT false,
  created_at      timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at      timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT tenants_pkey PRIMARY KEY (id),
  CONSTRAINT tenants_slug_key UNIQUE (slug),
  CONSTRAINT tenants_name_check CHECK (name COLLATE "C" OPERATOR(pg_catalog.~) '[^[:space:]]' AND name COLLATE "C" OPERATOR(pg_catalog.!~) '[[:cntrl:]]' AND pg_catalog.length(name) OPERATOR(pg_catalog.<=) 200),
  CONSTRAINT tenants_slug_check CHECK (slug OPERATOR(pg_catalog.~) '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  CONSTRAINT tenants_sender_name_check CHECK (sender_name COLLATE "C" OPERATOR(pg_catalog.~) '[^[:space:]]' AND sender_name COLLATE "C" OPERATOR(pg_catalog.!~) '[[:cntrl:]]' AND pg_catalog.length(sender_name) OPERATOR(pg_catalog.<=) 200),
  CONSTRAINT tenants_review_url_check CHECK (review_url COLLATE "C" OPERATOR(pg_catalog.~) '^https?://[^[:space:]]+$' AND pg_catalog.length(review_url) OPERATOR(pg_catalog.<=) 2000),
  CONSTRAINT tenants_link_base_url_check CHECK (link_base_url COLLATE "C" OPERATOR(pg_catalog.~) '^https?://[^[:space:]]+$' AND pg_catalog.length(link_base_url) OPERATOR(pg_catalog.<=) 2000),
  CONSTRAINT tenants_min_gap_check CHECK (min_gap OPERATOR(pg_catalog.>=) '0'::pg_catalog.interval
    AND min_gap OPERATOR(pg_catalog.<=) '366 days'::pg_catalog.interval),
  CONSTRAINT tenants_seeded_check CHECK (seeded OPERATOR(pg_catalog.=) (id OPERATOR(pg_catalog.=) '00000000-0000-0000-0000-000000000000'))
);
COMMENT ON TABLE campaign.tenants IS 'The businesses that use the engine, with their settings. Made by campaign.create_tenant(). The one with the nil id is the system tenant: it owns presets and catalogs, all tenants read it and none writes it.';
COMMENT ON COLUMN campaign.tenants.name IS 'At most 200 characters; without control characters, since it stands in the headers of messages.';
COMMENT ON COLUMN campaign.tenants.slug IS 'Short name for addresses: lower-case letters, digits and hyphens, at most 63.';
COMMENT ON COLUMN campaign.tenants.timezone IS 'Where the tenant is; used for contacts without a time zone of their own.';
COMMENT ON COLUMN campaign.tenants.sender_name IS 'How the tenant signs: {{tenant.sender_name}}. NULL: its name.';
COMMENT ON COLUMN campaign.tenants.review_url IS 'Where a review is written: the target of {{link.review}}.';
COMMENT ON COLUMN campaign.tenants.link_base_url IS 'Where the links in messages lead; a token is appended.';
COMMENT ON COLUMN campaign.tenants.min_gap IS 'A touch goes out no sooner than this after the actual send of the one before; at most 366 days.';
COMMENT ON COLUMN campaign.tenants.seeded IS 'Part of the extension and not dumped: the system tenant.';
SELECT pg_catalog.pg_extension_config_dump('campaign.tenants', 'WHERE NOT seeded');

INSERT INTO campaign.tenants (id, name, slug, timezone, seeded)
  VALUES ('00000000-0000-0000-0000-000000000000', 'System', 'system', 'UTC', true);

CREATE TABLE campaign.tenant_members (
  tenant_id   uuid NOT NULL,
  member      text NOT NULL,
  role        text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT tenant_members_pkey PRIMARY KEY (tenant_id, member),
  CONSTRAINT tenant_members_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT tenant_members_tenant_check CHECK (tenant_id OPERATOR(pg_catalog.<>) '00000000-0000-0000-0000-000000000000'),
  CONSTRAINT tenant_members_member_check CHECK (pg_catalog.btrim(member) OPERATOR(pg_catalog.<>) '' AND pg_catalog.octet_length(member) OPERATOR(pg_catalog.<=) 255),
  CONSTRAINT tenant_members_role_check CHECK (role IN ('owner', 'editor', 'viewer'))
);
CREATE INDEX tenant_members_member_idx ON campaign.tenant_members (member, tenant_id);
COMMENT ON TABLE campaign.tenant_members IS 'Who may act for a tenant. Changed by campaign.add_member() and campaign.remove_member().';
COMMENT ON COLUMN campaign.tenant_members.member IS 'The name of a database role, or with campaign.identity_source = jwt the subject of a token.';
COMMENT ON COLUMN campaign.tenant_members.role IS 'viewer reads, editor also writes, owner also changes members and settings.';
SELECT pg_catalog.pg_extension_config_dump('campaign.tenant_members', '');

-- Always: an applied replica's changes reach the sessions there as well.
CREATE TRIGGER tenants_forget AFTER INSERT OR DELETE OR UPDATE OF id, seeded ON campaign.tenants
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER tenants_forget_all AFTER TRUNCATE ON campaign.tenants
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER tenant_members_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.tenant_members
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER tenant_members_forget_all AFTER TRUNCATE ON campaign.tenant_members
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
ALTER TABLE campaign.tenants ENABLE ALWAYS TRIGGER tenants_forget;
ALTER TABLE campaign.tenants ENABLE ALWAYS TRIGGER tenants_forget_all;
ALTER TABLE campaign.tenant_members ENABLE ALWAYS TRIGGER tenant_members_forget;
ALTER TABLE campaign.tenant_members ENABLE ALWAYS TRIGGER tenant_members_forget_all;
COMMENT ON TRIGGER tenants_forget ON campaign.tenants IS 'Sessions keep the list of tenants in memory.';
COMMENT ON TRIGGER tenants_forget_all ON campaign.tenants IS 'Sessions keep the list of tenants in memory.';
COMMENT ON TRIGGER tenant_members_forget ON campaign.tenant_members IS 'Sessions keep their member''s tenants in memory.';
COMMENT ON TRIGGER tenant_members_forget_all ON campaign.tenant_members IS 'Sessions keep their member''s tenants in memory.';

CREATE TRIGGER tenants_touch_updated_at BEFORE UPDATE ON campaign.tenants
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

-- Not a CHECK and not on INSERT: a dump must load on a server that knows other zones.
CREATE FUNCTION campaign.check_tenant_timezone() RETURNS trigger
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  PERFORM campaign.require_timezone(NEW.timezone);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION campaign.check_tenant_timezone() IS 'Trigger function of campaign.tenants: a new time zone must be one that the server knows.';

CREATE FUNCTION campaign.require_timezone(timezone text) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  IF NOT campaign.is_timezone(timezone) THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('unknown time zone "%s"', timezone),
      DETAIL = 'The server''s time zone database has no zone of this name.',
      HINT = 'View pg_timezone_names lists them: Europe/Berlin, America/New_York, UTC.';
  END IF;
END
$$;
COMMENT ON FUNCTION campaign.require_timezone(text) IS 'Internal: raises 22023 unless the server knows the time zone.';

CREATE TRIGGER tenants_check_timezone BEFORE UPDATE OF timezone ON campaign.tenants
  FOR EACH ROW EXECUTE FUNCTION campaign.check_tenant_timezone();

ALTER TABLE campaign.tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants_select ON campaign.tenants FOR SELECT
  USING (id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.readable_tenants())::pg_catalog.uuid[]));
CREATE POLICY tenants_update ON campaign.tenants FOR UPDATE
  USING (id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.owned_tenants())::pg_catalog.uuid[]))
  WITH CHECK (id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.owned_tenants())::pg_catalog.uuid[]));
ALTER TABLE campaign.tenant_members ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_members_select ON campaign.tenant_members FOR SELECT
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.readable_tenants())::pg_catalog.uuid[]));

COMMENT ON POLICY tenants_select ON campaign.tenants IS 'Members read their tenants, and all of them the system tenant.';
COMMENT ON POLICY tenants_update ON campaign.tenants IS 'Owners change the settings of theirs; privileges say which columns.';
COMMENT ON POLICY tenant_members_select ON campaign.tenant_members IS 'Members read who else there is. Changed through functions only.';
COMMENT ON TRIGGER tenants_touch_updated_at ON campaign.tenants IS 'Keeps updated_at.';
COMMENT ON TRIGGER tenants_check_timezone ON campaign.tenants IS 'A new time zone is one that the server knows.';

CREATE TABLE campaign.tenant_initializers (
  function_name   text NOT NULL,
  position        integer NOT NULL DEFAULT 0,
  CONSTRAINT tenant_initializers_pkey PRIMARY KEY (function_name)
);
COMMENT ON TABLE campaign.tenant_initializers IS 'Functions (tenant uuid) that campaign.create_tenant() calls for a new tenant, in the order of position: each copies what a tenant starts with. Part of the extension, not dumped.';
COMMENT ON COLUMN campaign.tenant_initializers.function_name IS 'Qualified, without arguments: campaign.copy_service_types.';

CREATE FUNCTION campaign.create_tenant(name text, slug text, timezone text, owner_member text) RETURNS uuid
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  tenant uuid;
  initializer text;
BEGIN
  IF name IS NULL OR slug IS NULL OR timezone IS NULL OR owner_member IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'name, slug, timezone and owner of a tenant must not be null',
      DETAIL = 'A tenant has all four from the start.',
      HINT = 'Call campaign.create_tenant(name, slug, timezone, owner_member).';
  END IF;
  IF slug !~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation',
      MESSAGE = format('"%s" is not a slug', slug),
      DETAIL = 'A slug has lower-case letters, digits and inner hyphens, at most 63 characters.',
      HINT = 'Choose something like north-side-plumbing.',
      SCHEMA = 'campaign', TABLE = 'tenants', COLUMN = 'slug', CONSTRAINT = 'tenants_slug_check';
  END IF;
  IF name COLLATE "C" !~ '[^[:space:]]' OR name COLLATE "C" ~ '[[:cntrl:]]' OR length(name) > 200 THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation',
      MESSAGE = 'the name of a tenant is not valid',
      DETAIL = 'A name has 1 to 200 characters, not all blank, and no control characters.',
      HINT = 'Give the name of the business.',
      SCHEMA = 'campaign', TABLE = 'tenants', COLUMN = 'name', CONSTRAINT = 'tenants_name_check';
  END IF;
  PERFORM campaign.require_timezone(timezone);

  INSERT INTO campaign.tenants AS t (name, slug, timezone)
    VALUES (create_tenant.name, create_tenant.slug, create_tenant.timezone)
    ON CONFLICT ON CONSTRAINT tenants_slug_key DO NOTHING
    RETURNING t.id INTO tenant;
  IF tenant IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'unique_violation',
      MESSAGE = format('a tenant with slug "%s" already exists', slug),
      DETAIL = format('Key (slug)=(%s) already exists.', slug),
      HINT = 'Choose another slug.',
      SCHEMA = 'campaign', TABLE = 'tenants', COLUMN = 'slug', CONSTRAINT = 'tenants_slug_key';
  END IF;
  PERFORM campaign.put_member(tenant, owner_member, 'owner');
  FOR initializer IN
    SELECT i.function_name::regproc::text FROM campaign.tenant_initializers i ORDER BY i.position, i.function_name
  LOOP
    EXECUTE format('SELECT %s($1)', initializer) USING tenant;
  END LOOP;
  RETURN tenant;
END
$$;
COMMENT ON FUNCTION campaign.create_tenant(text, text, text, text) IS 'Makes a tenant with its first owner and returns its id. For the level admin.';

CREATE FUNCTION campaign.put_member(tenant uuid, member text, role text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  IF role NOT IN ('owner', 'editor', 'viewer') THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
      MESSAGE = format('unknown role "%s" of a member', role),
      DETAIL = 'The roles are owner, editor and viewer.',
      HINT = 'viewer reads, editor also writes, owner also changes members and settings.';
  END IF;
  IF btrim(member) = '' OR octet_length(member) > 255 THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation',
      MESSAGE = 'the name of a member must have 1 to 255 bytes',
      DETAIL = format('It has %s, not counting blanks at its ends.', octet_length(btrim(member))),
      HINT = 'Give the name of a database role, or the subject of a token.',
      SCHEMA = 'campaign', TABLE = 'tenant_members', COLUMN = 'member', CONSTRAINT = 'tenant_members_member_check';
  END IF;
  INSERT INTO campaign.tenant_members AS m (tenant_id, member, role)
    VALUES (put_member.tenant, put_member.member, put_member.role)
    ON CONFLICT ON CONSTRAINT tenant_members_pkey DO UPDATE SET role = excluded.role
    WHERE m.role <> excluded.role;
END
$$;
COMMENT ON FUNCTION campaign.put_member(uuid, text, text) IS 'Internal: writes a member of a tenant, without asking who may.';

-- For what only owners do. Locks the tenant's row and then the rows of its owners, so that owners go
-- one after the other: in REPEATABLE READ the second one meets a changed row
-- (40001) instead of counting an owner who is gone.
CREATE FUNCTION campaign.lock_owned_tenant(tenant uuid) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  IF tenant = ANY (campaign.owned_tenants()) THEN
    PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
    PERFORM FROM campaign.tenant_members m
      WHERE m.tenant_id = tenant AND m.role = 'owner' ORDER BY m.member FOR UPDATE;
  END IF;
  -- Asked again under the lock: an owner may have been removed while he waited.
  IF tenant = ANY (campaign.owned_tenants()) THEN
    RETURN;
  END IF;
  IF tenant = ANY (campaign.readable_tenants()) THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
      MESSAGE = format('must be owner of tenant "%s"', tenant),
      DETAIL = 'What concerns the whole tenant is for its owners.',
      HINT = 'Ask one of its owners; table campaign.tenant_members lists them.';
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'no_data_found',
    MESSAGE = format('tenant %s does not exist', coalesce('"' || tenant || '"', 'null')),
    DETAIL = 'No tenant of this id is visible to the asking member.',
    HINT = 'Table campaign.tenants lists the tenants that you may see.';
END
$$;
COMMENT ON FUNCTION campaign.lock_owned_tenant(uuid) IS 'Internal: locks a tenant and its owners, or raises P0002 or 42501 if the asking member does not own it.';

CREATE FUNCTION campaign.refuse_last_owner(tenant uuid, member text) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  IF EXISTS (SELECT FROM campaign.tenant_members m
             WHERE m.tenant_id = tenant AND m.member = refuse_last_owner.member AND m.role = 'owner')
    AND NOT EXISTS (SELECT FROM campaign.tenant_members m
                    WHERE m.tenant_id = tenant AND m.member <> refuse_last_owner.member AND m.role = 'owner')
  THEN
    RAISE EXCEPTION USING ERRCODE = 'CP002',
      MESSAGE = format('"%s" is the last owner of the tenant', member),
      DETAIL = 'A tenant always has an owner.',
      HINT = 'Make another member owner first, with campaign.add_member(tenant, member, ''owner'').';
  END IF;
END
$$;
COMMENT ON FUNCTION campaign.refuse_last_owner(uuid, text) IS 'Internal: raises CP002 if the member is the only owner. The caller holds the lock of the tenant.';

CREATE FUNCTION campaign.add_member(tenant uuid, member text, role text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  IF tenant IS NULL OR member IS NULL OR role IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'tenant, member and role must not be null',
      DETAIL = 'One of the arguments is null.',
      HINT = 'Call campaign.add_member(tenant, member, role).';
  END IF;
  PERFORM campaign.lock_owned_tenant(tenant);
  IF role <> 'owner' THEN
    PERFORM campaign.refuse_last_owner(tenant, member);
  END IF;
  PERFORM campaign.put_member(tenant, member, role);
END
$$;
COMMENT ON FUNCTION campaign.add_member(uuid, text, text) IS 'Adds a member to a tenant as owner, editor or viewer, or changes the role of one. For owners of the tenant; the last owner keeps his role.';

CREATE FUNCTION campaign.remove_member(tenant uuid, member text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  IF tenant IS NULL OR member IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
      MESSAGE = 'tenant and member must not be null',
      DETAIL = 'One of the arguments is null.',
      HINT = 'Call campaign.remove_member(tenant, member).';
  END IF;
  PERFORM campaign.lock_owned_tenant(tenant);
  PERFORM campaign.refuse_last_owner(tenant, member);
  DELETE FROM campaign.tenant_members m
    WHERE m.tenant_id = tenant AND m.member = remove_member.member;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'no_data_found',
      MESSAGE = format('"%s" is not a member of the tenant', member),
      DETAIL = 'Names are compared exactly.',
      HINT = 'Table campaign.tenant_members lists the members.';
  END IF;
END
$$;
COMMENT ON FUNCTION campaign.remove_member(uuid, text) IS 'Removes a member from a tenant; his next statement sees nothing of it. For owners of the tenant; the last owner cannot go (CP002).';

CREATE FUNCTION campaign.delete_tenant(tenant uuid, slug text) RETURNS void
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
  DELETE FROM campaign.tenants t WHERE t.id = tenant;
END
$$;
COMMENT ON FUNCTION campaign.delete_tenant(uuid, text) IS 'Deletes a tenant and everything that belongs to it, history included; its slug confirms. For the level admin.';

-- The tenant comes first in the lock order: its key is locked by the foreign keys of all that is
-- written later, and delete_tenant() waits for whoever has begun.
CREATE FUNCTION campaign.lock_tenant_key(tenant uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR KEY SHARE;
  IF NOT FOUND AND tenant IS NOT NULL THEN
    RAISE EXCEPTION 'tenant "%" does not exist', tenant
      USING ERRCODE = 'no_data_found',
            DETAIL = 'It has just been deleted.',
            HINT = 'Nothing of it is left to work on.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.lock_tenant_key(uuid) IS
'Internal: keeps a tenant from being deleted until the end of the transaction; P0002 if it is gone already.';

CREATE FUNCTION campaign.require_tenant(tenant uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF tenant = ANY (campaign.writable_tenants()) THEN
    RETURN;
  END IF;
  IF tenant = ANY (campaign.readable_tenants()) THEN
    RAISE EXCEPTION 'must be editor of tenant "%"', tenant
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'Viewers do not write, and nobody writes to the system tenant.',
            HINT = 'Ask an owner of the tenant; table campaign.tenant_members lists them.';
  END IF;
  RAISE EXCEPTION 'tenant % does not exist', coalesce('"' || tenant || '"', 'null')
    USING ERRCODE = 'no_data_found',
          DETAIL = 'No tenant of this id is visible to the asking member.',
          HINT = 'Table campaign.tenants lists the tenants that you may see.';
END $$;
COMMENT ON FUNCTION campaign.require_tenant(uuid) IS
'Internal: raises P0002 unless the caller may see the tenant, 42501 unless he may write to it.';

-- A constraint says what is wrong; the way out is said here, for the functions that write on
-- behalf of a caller. Rooms add their constraints as rows.
CREATE TABLE campaign.constraint_hints (
  constraint_name text NOT NULL,
  hint            text NOT NULL,
  CONSTRAINT constraint_hints_pkey PRIMARY KEY (constraint_name)
);
COMMENT ON TABLE campaign.constraint_hints IS 'What to do about a violated constraint (or a NULL in table.column), for error messages. Part of the extension, not dumped.';

CREATE FUNCTION campaign.raise_violation(state text, message text, detail text, table_name text, column_name text, constraint_name text)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, DETAIL = coalesce(detail, ''),
    HINT = coalesce((SELECT h.hint FROM campaign.constraint_hints h
                      WHERE h.constraint_name = coalesce(nullif(raise_violation.constraint_name, ''),
                                                         raise_violation.table_name || '.' || raise_violation.column_name)),
                    'Correct the value and try again.'),
    SCHEMA = 'campaign', TABLE = table_name, COLUMN = column_name, CONSTRAINT = constraint_name;
END $$;
COMMENT ON FUNCTION campaign.raise_violation(text, text, text, text, text, text) IS
'Internal: raises a caught violation of a constraint again, with a HINT.';

CREATE VIEW campaign.identity_problems AS
  SELECT 'member' AS kind, m.tenant_id, m.member AS name, m.role AS level,
    'no database role has this name' AS problem
  FROM campaign.tenant_members m
  WHERE pg_catalog.current_setting('campaign.identity_source', true) IS DISTINCT FROM 'jwt'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname::pg_catalog.text OPERATOR(pg_catalog.=) m.member)
  UNION ALL
  SELECT 'access grant', NULL, g.role_name::pg_catalog.text, g.level,
    'no database role has this name'
  FROM campaign.access_grants g
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) g.role_name);
COMMENT ON VIEW campaign.identity_problems IS 'Members and access grants whose database role was renamed or dropped. Members are not listed with campaign.identity_source = jwt.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.tenants'),
  ('member', 'UPDATE (name, timezone, sender_name, review_url, link_base_url, min_gap)', 'TABLE campaign.tenants'),
  ('member', 'SELECT', 'TABLE campaign.tenant_members'),
  ('member', 'EXECUTE', 'FUNCTION campaign.require_timezone(text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.add_member(uuid, text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.remove_member(uuid, text)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.create_tenant(text, text, text, text)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.delete_tenant(uuid, text)'),
  ('admin', 'SELECT', 'TABLE campaign.identity_problems');

-- >>> src/core/life_cycles.sql
-- Life cycles are data: every state machine is rows, held to by one trigger.

CREATE TABLE campaign.life_cycle_states (
  machine text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  "position" integer NOT NULL DEFAULT 0,
  is_initial boolean NOT NULL DEFAULT false,
  is_final boolean NOT NULL DEFAULT false,
  description text,
  seeded boolean NOT NULL DEFAULT false,
  CONSTRAINT life_cycle_states_pkey PRIMARY KEY (machine, state),
  CONSTRAINT life_cycle_states_final_key UNIQUE (machine, state, is_final),
  CONSTRAINT life_cycle_states_machine_check CHECK (machine OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]{0,62}$'),
  CONSTRAINT life_cycle_states_state_check CHECK (state OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]{0,62}$'),
  CONSTRAINT life_cycle_states_seeded_check CHECK (seeded OPERATOR(pg_catalog.<>) pg_catalog.starts_with(machine, 'x_'))
);
SELECT pg_catalog.pg_extension_config_dump('campaign.life_cycle_states', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.life_cycle_states IS 'States of every life cycle (machine). Machines of your own have names that start with x_.';
COMMENT ON COLUMN campaign.life_cycle_states.machine IS 'Name of the life cycle that the state belongs to.';
COMMENT ON COLUMN campaign.life_cycle_states."position" IS 'Order in which states are listed and drawn.';
COMMENT ON COLUMN campaign.life_cycle_states.is_initial IS 'Rows begin here. For the reader and the diagram: the trigger accepts an insert in any state, since restored rows come back in the state they had.';
COMMENT ON COLUMN campaign.life_cycle_states.is_final IS 'No transition may leave the state; a foreign key of life_cycle_transitions sees to it.';
COMMENT ON COLUMN campaign.life_cycle_states.seeded IS 'The row comes with the extension and is changed by nobody.';

CREATE TABLE campaign.life_cycle_transitions (
  machine text COLLATE "C" NOT NULL,
  from_state text COLLATE "C" NOT NULL,
  to_state text COLLATE "C" NOT NULL,
  description text,
  seeded boolean NOT NULL DEFAULT false,
  from_final boolean NOT NULL GENERATED ALWAYS AS (false) STORED,
  CONSTRAINT life_cycle_transitions_pkey PRIMARY KEY (machine, from_state, to_state),
  CONSTRAINT life_cycle_transitions_from_fkey FOREIGN KEY (machine, from_state, from_final)
    REFERENCES campaign.life_cycle_states (machine, state, is_final) ON DELETE CASCADE,
  CONSTRAINT life_cycle_transitions_to_fkey FOREIGN KEY (machine, to_state)
    REFERENCES campaign.life_cycle_states (machine, state) ON DELETE CASCADE,
  CONSTRAINT life_cycle_transitions_step_check CHECK (from_state OPERATOR(pg_catalog.<>) to_state),
  CONSTRAINT life_cycle_transitions_seeded_check CHECK (seeded OPERATOR(pg_catalog.<>) pg_catalog.starts_with(machine, 'x_'))
);
CREATE INDEX life_cycle_transitions_from_idx ON campaign.life_cycle_transitions (machine, from_state, from_final);
CREATE INDEX life_cycle_transitions_to_idx ON campaign.life_cycle_transitions (machine, to_state);
SELECT pg_catalog.pg_extension_config_dump('campaign.life_cycle_transitions', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.life_cycle_transitions IS 'Legal steps of every life cycle. What is not a row here is an illegal transition (CP001).';
COMMENT ON COLUMN campaign.life_cycle_transitions.machine IS 'Name of the life cycle.';
COMMENT ON COLUMN campaign.life_cycle_transitions.description IS 'When or by what the step is taken; shown in the diagram.';
COMMENT ON COLUMN campaign.life_cycle_transitions.seeded IS 'The row comes with the extension and is changed by nobody.';
COMMENT ON COLUMN campaign.life_cycle_transitions.from_final IS 'Always false: with the foreign key on it no step can leave a final state.';

CREATE TABLE campaign.life_cycle_log (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT campaign.uuid_v7(),
  machine text COLLATE "C" NOT NULL,
  relation text NOT NULL,
  entity_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  from_state text COLLATE "C" NOT NULL,
  to_state text COLLATE "C" NOT NULL,
  actor text NOT NULL,
  reason text,
  CONSTRAINT life_cycle_log_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT life_cycle_log_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES campaign.tenants (id) ON DELETE CASCADE
);
CREATE INDEX life_cycle_log_entity_idx ON campaign.life_cycle_log (tenant_id, entity_id, id);
SELECT pg_catalog.pg_extension_config_dump('campaign.life_cycle_log', '');
COMMENT ON TABLE campaign.life_cycle_log IS 'Every transition that a person or a function took: who, when, from, to, why. Written by campaign.enforce_life_cycle() only; entries outlive the row that they tell of. Ordered by id.';
COMMENT ON COLUMN campaign.life_cycle_log.machine IS 'Life cycle of the transition.';
COMMENT ON COLUMN campaign.life_cycle_log.relation IS 'Table of the row, with its schema, by the name it had then.';
COMMENT ON COLUMN campaign.life_cycle_log.entity_id IS 'The id of the row. Not a foreign key: history stays when the row is purged.';
COMMENT ON COLUMN campaign.life_cycle_log.at IS 'Wall clock time of the transition. Deliberately not campaign.now(): a log says when a thing was done, also while the engine''s clock is shifted.';
COMMENT ON COLUMN campaign.life_cycle_log.actor IS 'The member that asked, or the session''s role when there is none.';
COMMENT ON COLUMN campaign.life_cycle_log.reason IS 'What the setting campaign.transition_reason said then.';

CREATE FUNCTION campaign.enforce_life_cycle() RETURNS trigger
  LANGUAGE c VOLATILE PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'campaign_enforce_life_cycle';
COMMENT ON FUNCTION campaign.enforce_life_cycle() IS
  'Trigger BEFORE INSERT OR UPDATE FOR EACH ROW: enforce_life_cycle(''machine'', ''column'' [, ''unlogged'']) holds a text column to a life cycle. An insert may begin in any state; an update stays or takes a legal step, else CP001. Steps are logged if the table has columns tenant_id uuid and id uuid, unless the third argument says unlogged; a table that does not belong to the owner of the log may name only tenants that the current member may write. Triggers fire in the order of their names: one that changes the column must sort before this one.';

CREATE FUNCTION campaign.protect_seeded() RETURNS trigger
  LANGUAGE c VOLATILE PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'campaign_protect_seeded';
COMMENT ON FUNCTION campaign.protect_seeded() IS
  'Trigger BEFORE INSERT OR UPDATE OR DELETE FOR EACH ROW and BEFORE TRUNCATE: rows with seeded true are changed by the scripts of the extension only (42501).';

CREATE FUNCTION campaign.allowed_transitions(machine text, state text)
  RETURNS TABLE (to_state text, description text)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
#variable_conflict use_column
DECLARE
  known text;
BEGIN
  IF NOT EXISTS (SELECT FROM campaign.life_cycle_states s
                 WHERE s.machine = $1 AND s.state = $2) THEN
    SELECT string_agg(format('"%s"', s.state), ', ' ORDER BY s."position", s.state) INTO known
    FROM campaign.life_cycle_states s WHERE s.machine = $1;
    IF known IS NOT NULL THEN
      RAISE EXCEPTION USING ERRCODE = '22023',
        MESSAGE = format('life cycle "%s" has no state %s', $1, coalesce('"' || $2 || '"', 'null')),
        DETAIL = format('Its states are %s.', known),
        HINT = 'Ask for one of these states.';
    END IF;
    PERFORM campaign.raise_unknown_life_cycle($1);
  END IF;

  RETURN QUERY
    SELECT t.to_state, t.description
    FROM campaign.life_cycle_transitions t
      JOIN campaign.life_cycle_states s ON s.machine = t.machine AND s.state = t.to_state
    WHERE t.machine = $1 AND t.from_state = $2
    ORDER BY s."position", s.state;
END
$$;
COMMENT ON FUNCTION campaign.allowed_transitions(text, text) IS
  'States that one step of a life cycle leads to from a state, in order; none for a final state. Unknown machine or state: 22023, with the known ones.';

CREATE FUNCTION campaign.raise_unknown_life_cycle(machine text) RETURNS void
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '22023',
    MESSAGE = format('life cycle %s does not exist', coalesce('"' || $1 || '"', 'null')),
    DETAIL = (SELECT format('The life cycles are %s.', string_agg(format('"%s"', m.machine), ', ' ORDER BY m.machine))
              FROM (SELECT DISTINCT s.machine FROM campaign.life_cycle_states s) m),
    HINT = 'Add its states to campaign.life_cycle_states; names of your own start with "x_".';
END
$$;
COMMENT ON FUNCTION campaign.raise_unknown_life_cycle(text) IS 'Internal: the error of a life cycle that does not exist.';

CREATE FUNCTION campaign.life_cycle_diagram(machine text) RETURNS text
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
#variable_conflict use_column
DECLARE
  lines text;
BEGIN
  SELECT string_agg('    ' || l.line, chr(10) ORDER BY l.part, l.from_position, l.from_state, l.to_position, l.to_state)
  INTO lines
  FROM (
    SELECT 1 AS part, s."position" AS from_position, s.state AS from_state, 0 AS to_position, '' AS to_state,
      format('[*] --> %s', s.state) AS line
    FROM campaign.life_cycle_states s WHERE s.machine = $1 AND s.is_initial
    UNION ALL
    SELECT 2, f."position", f.state, t."position", t.state,
      format('%s --> %s', f.state, t.state)
      -- Mermaid ends a statement at a line's end and at a semicolon.
      || coalesce(' : ' || nullif(replace(btrim(regexp_replace(c.description, '[[:space:]]+', ' ', 'g')), ';', ','), ''), '')
    FROM campaign.life_cycle_transitions c
      JOIN campaign.life_cycle_states f ON f.machine = c.machine AND f.state = c.from_state
      JOIN campaign.life_cycle_states t ON t.machine = c.machine AND t.state = c.to_state
    WHERE c.machine = $1
    UNION ALL
    SELECT 3, s."position", s.state, 0, '', format('%s --> [*]', s.state)
    FROM campaign.life_cycle_states s WHERE s.machine = $1 AND s.is_final
  ) l;
  IF NOT EXISTS (SELECT FROM campaign.life_cycle_states s WHERE s.machine = $1) THEN
    PERFORM campaign.raise_unknown_life_cycle($1);
  END IF;
  RETURN concat_ws(chr(10), 'stateDiagram-v2', lines);
END
$$;
COMMENT ON FUNCTION campaign.life_cycle_diagram(text) IS
  'A life cycle as a Mermaid state diagram (stateDiagram-v2), its lines in a fixed order. Unknown machine: 22023.';

-- The cache of the machines in each backend follows the tables, also where a
-- replica applies changes.
CREATE TRIGGER invalidate_cache AFTER INSERT OR UPDATE OR DELETE ON campaign.life_cycle_states
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER invalidate_cache_truncate AFTER TRUNCATE ON campaign.life_cycle_states
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER invalidate_cache AFTER INSERT OR UPDATE OR DELETE ON campaign.life_cycle_transitions
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER invalidate_cache_truncate AFTER TRUNCATE ON campaign.life_cycle_transitions
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
ALTER TABLE campaign.life_cycle_states ENABLE ALWAYS TRIGGER invalidate_cache;
ALTER TABLE campaign.life_cycle_states ENABLE ALWAYS TRIGGER invalidate_cache_truncate;
COMMENT ON TRIGGER invalidate_cache ON campaign.life_cycle_states IS 'Sessions keep the life cycles in memory.';
COMMENT ON TRIGGER invalidate_cache_truncate ON campaign.life_cycle_states IS 'Sessions keep the life cycles in memory.';
ALTER TABLE campaign.life_cycle_transitions ENABLE ALWAYS TRIGGER invalidate_cache;
ALTER TABLE campaign.life_cycle_transitions ENABLE ALWAYS TRIGGER invalidate_cache_truncate;
COMMENT ON TRIGGER invalidate_cache ON campaign.life_cycle_transitions IS 'Sessions keep the life cycles in memory.';
COMMENT ON TRIGGER invalidate_cache_truncate ON campaign.life_cycle_transitions IS 'Sessions keep the life cycles in memory.';

CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.life_cycle_states
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.life_cycle_states
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
COMMENT ON TRIGGER protect_seeded ON campaign.life_cycle_states IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.life_cycle_states IS 'What the extension brings is changed by nobody.';
CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.life_cycle_transitions
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.life_cycle_transitions
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
COMMENT ON TRIGGER protect_seeded ON campaign.life_cycle_transitions IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.life_cycle_transitions IS 'What the extension brings is changed by nobody.';

ALTER TABLE campaign.life_cycle_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY life_cycle_log_select ON campaign.life_cycle_log FOR SELECT
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.readable_tenants())::uuid[]));
COMMENT ON POLICY life_cycle_log_select ON campaign.life_cycle_log IS 'Members read the log of their tenants. Nobody writes it but the trigger.';

INSERT INTO campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) VALUES
  ('outreach', 'draft', 1, true, false, 'being set up', true),
  ('outreach', 'ready', 2, false, false, 'set up, may be launched or generated', true),
  ('outreach', 'generating', 3, false, false, 'messages are being written', true),
  ('outreach', 'review', 4, false, false, 'messages wait for approval', true),
  ('outreach', 'approved', 5, false, false, 'messages approved', true),
  ('outreach', 'running', 6, false, false, 'touches are sent', true),
  ('outreach', 'paused', 7, false, false, 'touches wait', true),
  ('outreach', 'exported', 8, false, false, 'handed over to another system', true),
  ('outreach', 'completed', 9, false, false, 'all sequences ended', true),
  ('outreach', 'archived', 10, false, true, 'kept for its history', true),
  ('enrollment', 'active', 1, true, false, 'has a next touch', true),
  ('enrollment', 'completed', 2, false, false, 'went through its last touch', true),
  ('enrollment', 'stopped', 3, false, true, 'ended by a stop', true);

INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) VALUES
  ('outreach', 'draft', 'ready', NULL, true),
  ('outreach', 'draft', 'archived', NULL, true),
  ('outreach', 'ready', 'draft', NULL, true),
  ('outreach', 'ready', 'generating', NULL, true),
  ('outreach', 'ready', 'running', NULL, true),
  ('outreach', 'generating', 'review', NULL, true),
  ('outreach', 'generating', 'ready', 'cancel', true),
  ('outreach', 'review', 'approved', NULL, true),
  ('outreach', 'review', 'ready', NULL, true),
  ('outreach', 'approved', 'exported', NULL, true),
  ('outreach', 'approved', 'review', NULL, true),
  ('outreach', 'approved', 'running', NULL, true),
  ('outreach', 'running', 'paused', NULL, true),
  ('outreach', 'running', 'completed', NULL, true),
  ('outreach', 'paused', 'running', NULL, true),
  ('outreach', 'paused', 'completed', NULL, true),
  ('outreach', 'paused', 'archived', NULL, true),
  ('outreach', 'exported', 'archived', NULL, true),
  ('outreach', 'completed', 'archived', NULL, true),
  ('enrollment', 'active', 'completed', NULL, true),
  ('enrollment', 'active', 'stopped', NULL, true),
  ('enrollment', 'completed', 'active', 'reopened by retry_touch', true);

INSERT INTO campaign.access_privileges (level, privilege, object)
SELECT l.level, p.privilege, p.object
FROM (VALUES ('member'), ('worker'), ('admin')) l(level),
  (VALUES ('SELECT', 'TABLE campaign.life_cycle_states'),
    ('SELECT', 'TABLE campaign.life_cycle_transitions'),
    ('EXECUTE', 'FUNCTION campaign.allowed_transitions(text, text)'),
    ('EXECUTE', 'FUNCTION campaign.raise_unknown_life_cycle(text)'),
    ('EXECUTE', 'FUNCTION campaign.life_cycle_diagram(text)')) p(privilege, object)
UNION ALL VALUES
  ('member', 'SELECT', 'TABLE campaign.life_cycle_log'),
  ('member', 'EXECUTE', 'FUNCTION campaign.enforce_life_cycle()'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.enforce_life_cycle()'),
  ('admin', 'INSERT (machine, state, "position", is_initial, is_final, description)', 'TABLE campaign.life_cycle_states'),
  ('admin', 'UPDATE ("position", is_initial, is_final, description)', 'TABLE campaign.life_cycle_states'),
  ('admin', 'DELETE', 'TABLE campaign.life_cycle_states'),
  ('admin', 'INSERT (machine, from_state, to_state, description)', 'TABLE campaign.life_cycle_transitions'),
  ('admin', 'UPDATE (description)', 'TABLE campaign.life_cycle_transitions'),
  ('admin', 'DELETE', 'TABLE campaign.life_cycle_transitions');

-- >>> src/core/campaigns.sql
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

-- >>> src/outreach/channels.sql
-- Channels: what a message can be sent over. A new channel is a row, not a release.

CREATE TABLE campaign.channels (
  channel text COLLATE "C" NOT NULL,
  name text NOT NULL,
  has_subject boolean NOT NULL DEFAULT false,
  has_body boolean NOT NULL DEFAULT true,
  body_limit integer,
  address_kind text COLLATE "C" NOT NULL,
  consent text COLLATE "C" NOT NULL DEFAULT 'not_opted_out',
  uncertain_policy text COLLATE "C" NOT NULL DEFAULT 'operator',
  uncertain_wait interval,
  seeded boolean NOT NULL DEFAULT false,
  CONSTRAINT channels_pkey PRIMARY KEY (channel),
  CONSTRAINT channels_channel_check CHECK (channel OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]{0,62}$'),
  CONSTRAINT channels_seeded_check CHECK (seeded OPERATOR(pg_catalog.<>) pg_catalog.starts_with(channel, 'x_')),
  CONSTRAINT channels_name_check CHECK (pg_catalog.char_length(pg_catalog.btrim(name)) BETWEEN 1 AND 255),
  CONSTRAINT channels_subject_check CHECK (has_body OR NOT has_subject),
  CONSTRAINT channels_body_limit_check CHECK (
    has_body OPERATOR(pg_catalog.=) (body_limit IS NOT NULL) AND body_limit BETWEEN 1 AND 100000),
  CONSTRAINT channels_address_kind_check CHECK (address_kind IN ('email', 'phone', 'linkedin_url')),
  CONSTRAINT channels_consent_check CHECK (consent IN ('opted_in', 'not_opted_out')),
  CONSTRAINT channels_uncertain_policy_check CHECK (uncertain_policy IN ('retry', 'operator', 'wait')),
  CONSTRAINT channels_uncertain_wait_check CHECK (
    (uncertain_policy OPERATOR(pg_catalog.=) 'wait') OPERATOR(pg_catalog.=) (uncertain_wait IS NOT NULL)
    AND uncertain_wait OPERATOR(pg_catalog.>) interval '0')
);
SELECT pg_catalog.pg_extension_config_dump('campaign.channels', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.channels IS 'What a message can be sent over, for all tenants. Channels of your own, made by add_channel(), have names that start with x_.';
COMMENT ON COLUMN campaign.channels.has_subject IS 'Messages have a subject beside their body.';
COMMENT ON COLUMN campaign.channels.has_body IS 'Messages have a text at all.';
COMMENT ON COLUMN campaign.channels.body_limit IS 'Most characters that a body may have, placeholders as written.';
COMMENT ON COLUMN campaign.channels.address_kind IS 'Which address of the contact is used: email, phone or linkedin_url.';
COMMENT ON COLUMN campaign.channels.consent IS 'What the contact''s consent must be: opted_in (asked and agreed) or not_opted_out.';
COMMENT ON COLUMN campaign.channels.uncertain_policy IS 'What happens to a touch of which nobody knows whether it was sent: retry (the provider knows the idempotency key), operator (a person decides), wait (for uncertain_wait, then a person decides).';
COMMENT ON COLUMN campaign.channels.seeded IS 'The row comes with the extension and is changed by nobody.';

ALTER TABLE campaign.channels ENABLE ROW LEVEL SECURITY;
CREATE POLICY channels_select ON campaign.channels FOR SELECT
  USING ((SELECT pg_catalog.cardinality(campaign.readable_tenants()) OPERATOR(pg_catalog.>) 0));
COMMENT ON POLICY channels_select ON campaign.channels IS 'Whoever is a member of some tenant reads the channels. Changed through functions only.';

INSERT INTO campaign.channels
  (channel, name, has_subject, body_limit, address_kind, consent, uncertain_policy, uncertain_wait, seeded)
VALUES
  ('email', 'Email', true, 100000, 'email', 'not_opted_out', 'retry', NULL, true),
  ('sms', 'SMS', false, 1600, 'phone', 'opted_in', 'operator', NULL, true),
  ('linkedin_connect', 'LinkedIn invitation', false, 300, 'linkedin_url', 'not_opted_out', 'operator', NULL, true),
  ('linkedin_message', 'LinkedIn message', false, 1900, 'linkedin_url', 'not_opted_out', 'operator', NULL, true),
  ('call', 'Phone call', false, 2000, 'phone', 'not_opted_out', 'wait', interval '24 hours', true);

CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.channels
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.channels
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
COMMENT ON TRIGGER protect_seeded ON campaign.channels IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.channels IS 'What the extension brings is changed by nobody.';

CREATE FUNCTION campaign.add_channel(channel text, name text, address_kind text,
    has_subject boolean DEFAULT false, body_limit integer DEFAULT 2000,
    consent text DEFAULT 'not_opted_out', uncertain_policy text DEFAULT 'operator',
    uncertain_wait interval DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  IF channel IS NULL OR channel !~ '^x_[a-z0-9_]{1,61}$' THEN
    RAISE EXCEPTION USING ERRCODE = '22023',
      MESSAGE = format('name of a channel is not valid: %s', coalesce('"' || channel || '"', 'null')),
      DETAIL = 'A channel of your own is named x_ and up to 61 lower-case letters, digits and underscores.',
      HINT = 'Names without x_ are kept for channels that come with the extension.';
  END IF;
  INSERT INTO campaign.channels
    (channel, name, has_subject, has_body, body_limit, address_kind, consent, uncertain_policy, uncertain_wait)
  VALUES ($1, $2, $4, $5 IS NOT NULL, $5, $3, $6, $7, $8);
EXCEPTION WHEN unique_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'unique_violation',
    MESSAGE = format('channel "%s" exists already', channel),
    DETAIL = 'Channels are shared by all tenants.',
    HINT = 'Choose another name, or remove the channel first with campaign.remove_channel().';
WHEN check_violation OR not_null_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
    MESSAGE = format('channel "%s" is not valid', channel),
    DETAIL = SQLERRM || '.',
    HINT = 'address_kind is email, phone or linkedin_url; body_limit 1 to 100000 or NULL for no body; consent opted_in or not_opted_out; uncertain_policy retry, operator or, with uncertain_wait, wait.';
END
$$;
COMMENT ON FUNCTION campaign.add_channel(text, text, text, boolean, integer, text, text, interval) IS
'Adds a channel for all tenants; its name starts with x_. address_kind is email, phone or linkedin_url. body_limit NULL: its touches have no text.';

CREATE FUNCTION campaign.remove_channel(channel text) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  DELETE FROM campaign.channels c WHERE c.channel = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'no_data_found',
      MESSAGE = format('channel %s does not exist', coalesce('"' || channel || '"', 'null')),
      DETAIL = 'No channel has this name.',
      HINT = 'Table campaign.channels lists the channels.';
  END IF;
EXCEPTION WHEN foreign_key_violation THEN
  RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
    MESSAGE = format('channel "%s" is in use', channel),
    DETAIL = 'Templates, plans or history name it.',
    HINT = 'A channel that has been used stays. Archive the templates that should no longer be chosen.';
END
$$;
COMMENT ON FUNCTION campaign.remove_channel(text) IS
'Removes a channel that add_channel() made and nothing uses. Those that come with the extension cannot be removed (42501).';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.channels'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.add_channel(text, text, text, boolean, integer, text, text, interval)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.remove_channel(text)');

-- >>> src/outreach/service_types.sql
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

-- >>> src/outreach/template_render.sql
-- Placeholders in the subject and body of a message.

CREATE FUNCTION campaign.check_message_text(message text) RETURNS boolean
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_check_message_text';
COMMENT ON FUNCTION campaign.check_message_text(text) IS
'True if every placeholder of the text is known and well formed; raises CP003 with the first that is not. The rule of the domain message_text.';

CREATE DOMAIN campaign.message_text AS text
  CONSTRAINT message_text_check CHECK (campaign.check_message_text(VALUE));
COMMENT ON DOMAIN campaign.message_text IS
'Text with placeholders: {{contact.name}}, {{contact.first_name}}, {{contact.last_name}}, {{contact.attributes.<key>}}, {{tenant.name}}, {{tenant.sender_name}}, {{job.service_type}}, {{link.review}}, {{link.unsubscribe}}, each with an optional default as in {{contact.first_name|there}}. Two opening braces always begin a placeholder.';

CREATE FUNCTION campaign.render_message(template text, html boolean, vars jsonb) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_render_message';
COMMENT ON FUNCTION campaign.render_message(text, boolean, jsonb) IS
'Preview of a body, rendered as the engine does it, with values such as {"contact": {"first_name": "Ann", "attributes": {"plan": "gold"}}, "tenant": {"name": "Acme"}}. With html, values and defaults are escaped.';

CREATE FUNCTION campaign.render_subject(template text, vars jsonb) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_render_subject';
COMMENT ON FUNCTION campaign.render_subject(text, jsonb) IS
'Preview of a subject, with the values of render_message(): control characters in values become spaces, so that the result is one line.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'DOMAIN campaign.message_text'),
  ('member', 'EXECUTE', 'FUNCTION campaign.check_message_text(text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.render_message(text, boolean, jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.render_subject(text, jsonb)');

-- >>> src/outreach/template_config.sql
-- template_config: the steps of a campaign as a document. Form is checked here; what lives in rows by check_template_config().

CREATE FUNCTION campaign.require_template_config(config jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_require_template_config';
COMMENT ON FUNCTION campaign.require_template_config(jsonb) IS 'The check of the domain campaign.template_config: true, or error CP003 with the first fault in the message and all of them (the first 20) in the detail.';

CREATE DOMAIN campaign.template_config AS jsonb
  CONSTRAINT template_config_check CHECK (campaign.require_template_config(VALUE));
COMMENT ON DOMAIN campaign.template_config IS 'The steps of a campaign: a JSON array of 1 to 50 objects, as campaign.template_config_schema() describes them. NULL passes, so columns of the domain are NOT NULL.';

CREATE FUNCTION campaign.template_config_errors(config jsonb)
  RETURNS TABLE (path text, code text, message text, hint text)
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_template_config_errors';
COMMENT ON FUNCTION campaign.template_config_errors(jsonb) IS 'Every fault of form (the first 1000), with its path, e.g. $[2].delay_hours; no row for a valid document. The message completes a sentence that begins with the path.';

CREATE FUNCTION campaign.normalize_template_config(config jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_normalize_template_config';
COMMENT ON FUNCTION campaign.normalize_template_config(jsonb) IS 'The document with step numbers, labels and defaults filled in, call_script as call, UUIDs in lower case, numbers in one spelling (hours to six decimals), and without subjects and bodies that are empty. The same again for its own result. Raises CP003 for an invalid document.';

CREATE FUNCTION campaign.template_config_schema() RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_template_config_schema';
COMMENT ON FUNCTION campaign.template_config_schema() IS 'The rules of campaign.template_config as JSON Schema 2020-12, for front ends. Generated from the tables that the domain is checked with; both accept the same documents.';

CREATE FUNCTION campaign.unwrap_template_config(config jsonb) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_unwrap_template_config';
COMMENT ON FUNCTION campaign.unwrap_template_config(jsonb) IS 'Undoes double encoding: of a string that holds JSON text, the document that it holds; any other document as it is. The result is not validated. Raises CP003 if the text is no JSON.';

CREATE FUNCTION campaign.check_template_config(tenant uuid, config jsonb)
  RETURNS TABLE (path text, code text, message text, hint text)
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  step record;
  channel campaign.channels;
  template_channel text;
  body_key text;
BEGIN
  RETURN QUERY SELECT * FROM campaign.template_config_errors(config);
  IF jsonb_typeof(config) <> 'array' THEN
    RETURN;
  END IF;

  -- Values of a wrong type have their fault already and are read as absent.
  FOR step IN
    SELECT format('$[%s]', s.position - 1) AS path,
      CASE s.value ->> 'channel' WHEN 'call_script' THEN 'call' ELSE s.value ->> 'channel' END AS channel,
      CASE WHEN s.value ->> 'template_id' ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'
        THEN (s.value ->> 'template_id')::uuid END AS template_id,
      s.value
    FROM jsonb_array_elements(config) WITH ORDINALITY AS s(value, position)
    WHERE jsonb_typeof(s.value -> 'channel') = 'string'
      AND s.value ->> 'channel' ~ '^[a-z][a-z0-9_]{0,62}$'
    ORDER BY s.position
    LIMIT 50
  LOOP
    SELECT * INTO channel FROM campaign.channels c WHERE c.channel = step.channel;
    IF NOT FOUND THEN
      path := step.path || '.channel';
      code := 'unknown_channel';
      message := format('names a channel that does not exist: "%s"', step.channel);
      hint := 'Choose one from campaign.channels, or have an administrator add it with campaign.add_channel().';
      RETURN NEXT;
      CONTINUE;
    END IF;

    -- An empty text is no text: the normal form leaves it out.
    IF NOT channel.has_subject AND jsonb_typeof(step.value -> 'subject') = 'string'
      AND step.value ->> 'subject' <> '' THEN
      path := step.path || '.subject';
      code := 'subject_not_allowed';
      message := format('is not possible, since channel "%s" has no subject', step.channel);
      hint := 'Leave the subject out.';
      RETURN NEXT;
    END IF;
    FOREACH body_key IN ARRAY ARRAY['body_html', 'body_text'] LOOP
      CONTINUE WHEN jsonb_typeof(step.value -> body_key) IS DISTINCT FROM 'string'
        OR step.value ->> body_key = '';
      path := step.path || '.' || body_key;
      IF NOT channel.has_body THEN
        code := 'body_not_allowed';
        message := format('is not possible, since channel "%s" has no body', step.channel);
        hint := 'Leave the body out.';
        RETURN NEXT;
      ELSIF char_length(step.value ->> body_key) > channel.body_limit THEN
        code := 'body_too_long';
        message := format('must have at most %s characters on channel "%s", not %s',
          channel.body_limit, step.channel, char_length(step.value ->> body_key));
        hint := 'Shorten the body, or choose another channel.';
        RETURN NEXT;
      END IF;
    END LOOP;

    CONTINUE WHEN step.template_id IS NULL;
    path := step.path || '.template_id';
    SELECT t.channel INTO template_channel FROM campaign.message_templates t
    WHERE t.tenant_id = ANY (ARRAY[tenant, uuid '00000000-0000-0000-0000-000000000000'])
      AND t.id = step.template_id
    ORDER BY t.tenant_id = tenant DESC
    LIMIT 1;
    IF NOT FOUND THEN
      code := 'unknown_template';
      message := format('names a message template that does not exist: %s', step.template_id);
      hint := 'Choose a message template of the tenant or of the system.';
      RETURN NEXT;
    ELSIF template_channel <> step.channel THEN
      code := 'template_of_another_channel';
      message := format('names a message template of channel "%s" in a step of channel "%s"',
        template_channel, step.channel);
      hint := 'Choose a message template of the same channel.';
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION campaign.check_template_config(uuid, jsonb) IS 'The faults of campaign.template_config_errors(), and those against rows: channels that do not exist, subjects and bodies that the channel does not take, message templates that are neither the tenant''s nor the system''s or of another channel. Disabled steps are checked too.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'DOMAIN campaign.template_config'),
  ('member', 'EXECUTE', 'FUNCTION campaign.require_template_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.template_config_errors(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.normalize_template_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.template_config_schema()'),
  ('member', 'EXECUTE', 'FUNCTION campaign.unwrap_template_config(jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.check_template_config(uuid, jsonb)');

-- >>> src/outreach/message_templates.sql
-- Message templates: texts that steps and services choose from.

CREATE TABLE campaign.message_templates (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT campaign.uuid_v7(),
  channel text COLLATE "C" NOT NULL,
  service_type text COLLATE "C",
  name text NOT NULL,
  subject campaign.message_text,
  body campaign.message_text,
  body_html campaign.message_text,
  is_default boolean NOT NULL DEFAULT false,
  archived_at timestamptz,
  copied_from uuid,
  seeded boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT message_templates_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT message_templates_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT message_templates_channel_fkey FOREIGN KEY (channel)
    REFERENCES campaign.channels (channel),
  CONSTRAINT message_templates_service_type_fkey FOREIGN KEY (tenant_id, service_type)
    REFERENCES campaign.service_types (tenant_id, service_type),
  CONSTRAINT message_templates_name_check CHECK (pg_catalog.char_length(pg_catalog.btrim(name)) BETWEEN 1 AND 255),
  CONSTRAINT message_templates_subject_check CHECK (
    pg_catalog.char_length(pg_catalog.btrim(subject)) BETWEEN 1 AND 998
    AND pg_catalog.translate(subject, E'\r\n', '') OPERATOR(pg_catalog.=) subject::text)
);
CREATE INDEX message_templates_channel_idx ON campaign.message_templates (channel);
CREATE INDEX message_templates_service_type_idx ON campaign.message_templates (tenant_id, service_type);
CREATE UNIQUE INDEX message_templates_default_key ON campaign.message_templates (tenant_id, service_type, channel)
  NULLS NOT DISTINCT WHERE is_default AND archived_at IS NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.message_templates', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.message_templates IS 'Texts for touches. A step names one by its id, or takes the default for the job''s service type and the channel.';
COMMENT ON COLUMN campaign.message_templates.channel IS 'Decides whether there is a subject and how long a body may be. Never changes.';
COMMENT ON COLUMN campaign.message_templates.service_type IS 'Jobs that the text is for; NULL: all.';
COMMENT ON COLUMN campaign.message_templates.body IS 'Text with placeholders, see the domain message_text.';
COMMENT ON COLUMN campaign.message_templates.body_html IS 'The same as HTML; values are escaped when it is rendered.';
COMMENT ON COLUMN campaign.message_templates.is_default IS 'Chosen for steps that name no text: at most one for a service type and channel.';
COMMENT ON COLUMN campaign.message_templates.archived_at IS 'Since when the template is no longer chosen or listed. Plans that name it keep sending it.';
COMMENT ON COLUMN campaign.message_templates.copied_from IS 'The template that this one was copied from. Not a foreign key: the copy stands on its own.';
COMMENT ON COLUMN campaign.message_templates.seeded IS 'The row comes with the extension and is changed by nobody.';
COMMENT ON INDEX campaign.message_templates_default_key IS 'One default for a service type and channel, so that the choice of a text is never a tie.';

ALTER TABLE campaign.message_templates ENABLE ROW LEVEL SECURITY;
CREATE POLICY message_templates_select ON campaign.message_templates FOR SELECT
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY message_templates_insert ON campaign.message_templates FOR INSERT
  WITH CHECK (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY message_templates_update ON campaign.message_templates FOR UPDATE
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY message_templates_delete ON campaign.message_templates FOR DELETE
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
COMMENT ON POLICY message_templates_select ON campaign.message_templates IS 'Members read their tenants'' and the system tenant''s.';
COMMENT ON POLICY message_templates_insert ON campaign.message_templates IS 'Editors write their tenants''.';
COMMENT ON POLICY message_templates_update ON campaign.message_templates IS 'Editors write their tenants''.';
COMMENT ON POLICY message_templates_delete ON campaign.message_templates IS 'Editors write their tenants''.';

-- A CHECK cannot read another table, and the limits are rows of channels. A
-- channel that does not exist is left to the foreign key.
CREATE FUNCTION campaign.check_message_template() RETURNS trigger
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  c campaign.channels;
  faulty text;
  message text;
  hint text;
BEGIN
  SELECT * INTO c FROM campaign.channels ch WHERE ch.channel = NEW.channel;
  IF NOT FOUND THEN
    RETURN NEW;
  END IF;
  IF c.has_subject AND NEW.subject IS NULL THEN
    faulty := 'subject';
    message := format('template for channel "%s" needs a subject', c.channel);
    hint := 'Give the template a subject.';
  ELSIF NOT c.has_subject AND NEW.subject IS NOT NULL THEN
    faulty := 'subject';
    message := format('channel "%s" has no subject', c.channel);
    hint := 'Leave the subject NULL.';
  ELSIF c.has_body AND coalesce(btrim(NEW.body::text), '') = '' THEN
    faulty := 'body';
    message := format('template for channel "%s" needs a body', c.channel);
    hint := 'Give the template a text; body_html alone is not enough.';
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
    SCHEMA = 'campaign', TABLE = 'message_templates', COLUMN = faulty;
END
$$;
COMMENT ON FUNCTION campaign.check_message_template() IS
'Trigger function: holds subject and body of a template to what its channel has and allows (23514).';

CREATE TRIGGER check_message_template
  BEFORE INSERT OR UPDATE OF channel, subject, body, body_html ON campaign.message_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.check_message_template();
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.message_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

CREATE FUNCTION campaign.copy_message_template(template uuid, tenant uuid, name text DEFAULT NULL) RETURNS uuid
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  copy uuid := campaign.uuid_v7();
BEGIN
  PERFORM campaign.require_tenant(tenant);
  INSERT INTO campaign.message_templates
    (tenant_id, id, channel, service_type, name, subject, body, body_html, copied_from)
  SELECT $2, copy, t.channel, s.service_type, coalesce($3, t.name), t.subject, t.body, t.body_html, t.id
  FROM campaign.message_templates t
    LEFT JOIN campaign.service_types s ON s.tenant_id = $2 AND s.service_type = t.service_type
  WHERE t.id = $1 AND t.tenant_id IN ($2, '00000000-0000-0000-0000-000000000000');
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'no_data_found',
      MESSAGE = format('message template %s does not exist', coalesce('"' || template || '"', 'null')),
      DETAIL = 'Neither the tenant nor the system tenant has a message template with this id.',
      HINT = 'Table campaign.message_templates lists the templates.';
  END IF;
  RETURN copy;
END
$$;
COMMENT ON FUNCTION campaign.copy_message_template(uuid, uuid, text) IS
'Copies a template of the tenant or of the system tenant to the tenant, to be edited there; returns the id of the copy. The copy is not a default; its service type is NULL if the tenant does not have it.';

INSERT INTO campaign.message_templates (tenant_id, id, channel, service_type, name, subject, body, is_default, seeded)
SELECT '00000000-0000-0000-0000-000000000000', s.id::uuid, 'email', s.service_type, s.name, s.subject,
  pg_catalog.format(E'Hi {{contact.first_name|there}},\n\n%s\n\nWould you take a minute to tell us, and others, how we did?\n{{link.review}}\n\nIf something is not right, just answer this email and we will take care of it.\n\nBest regards,\n{{tenant.sender_name|Your service team}}\n{{tenant.name}}\n\nNo more emails like this: {{link.unsubscribe}}\n', s.opening),
  true, true
FROM (VALUES
  ('00000000-0000-8000-8001-000000000001', 'hvac', 'Heating and cooling: ask for a review by email',
   'How is your heating and cooling running?',
   'Thank you for having {{tenant.name}} look after your heating and cooling. We hope the house is as comfortable as it should be.'),
  ('00000000-0000-8000-8001-000000000002', 'plumbing', 'Plumbing: ask for a review by email',
   'Is everything flowing as it should?',
   'Thank you for calling {{tenant.name}} for your plumbing. By now you will know whether the repair holds, and we hope that it does.'),
  ('00000000-0000-8000-8001-000000000003', 'electrical', 'Electrical: ask for a review by email',
   'How did our electrical work turn out?',
   'Thank you for choosing {{tenant.name}} for your electrical work. We hope that everything switches on and that you feel safe with it.'),
  ('00000000-0000-8000-8001-000000000004', 'cleaning', 'Cleaning: ask for a review by email',
   'How does your place look?',
   'Thank you for letting {{tenant.name}} clean for you. We hope that coming home was a pleasure.'),
  ('00000000-0000-8000-8001-000000000005', 'roofing', 'Roofing: ask for a review by email',
   'How is the new roof?',
   'Thank you for trusting {{tenant.name}} with your roof. It should keep you dry for many years, and we would like to know how the work itself went.'),
  ('00000000-0000-8000-8001-000000000006', 'painting', 'Painting: ask for a review by email',
   'Do you like the new colours?',
   'Thank you for choosing {{tenant.name}} to paint for you. The paint is dry, and we hope that you like it as much as we do.'),
  ('00000000-0000-8000-8001-000000000007', 'handyman', 'Handyman: ask for a review by email',
   'Is everything fixed?',
   'Thank you for having {{tenant.name}} take care of your list. We hope that everything works and nothing was left undone.'),
  ('00000000-0000-8000-8001-000000000008', 'other', 'Other services: ask for a review by email',
   'How did we do?',
   'Thank you for choosing {{tenant.name}}. We hope that you are happy with our work.')) AS s (id, service_type, name, subject, opening);

INSERT INTO campaign.message_templates (tenant_id, id, channel, service_type, name, body, is_default, seeded)
SELECT '00000000-0000-0000-0000-000000000000', s.id::uuid, 'sms', s.service_type, s.name,
  pg_catalog.format('Hi {{contact.first_name|there}}, %s. How did we do? {{link.review}} Reply STOP to opt out.', s.opening),
  true, true
FROM (VALUES
  ('00000000-0000-8000-8002-000000000001', 'hvac', 'Heating and cooling: ask for a review by SMS', 'thanks for trusting {{tenant.name}} with your heating and cooling'),
  ('00000000-0000-8000-8002-000000000002', 'plumbing', 'Plumbing: ask for a review by SMS', 'thanks for calling {{tenant.name}} for your plumbing'),
  ('00000000-0000-8000-8002-000000000003', 'electrical', 'Electrical: ask for a review by SMS', 'thanks for choosing {{tenant.name}} for your electrical work'),
  ('00000000-0000-8000-8002-000000000004', 'cleaning', 'Cleaning: ask for a review by SMS', 'thanks for letting {{tenant.name}} clean for you'),
  ('00000000-0000-8000-8002-000000000005', 'roofing', 'Roofing: ask for a review by SMS', 'thanks for trusting {{tenant.name}} with your roof'),
  ('00000000-0000-8000-8002-000000000006', 'painting', 'Painting: ask for a review by SMS', 'thanks for choosing {{tenant.name}} to paint for you'),
  ('00000000-0000-8000-8002-000000000007', 'handyman', 'Handyman: ask for a review by SMS', 'thanks for having {{tenant.name}} take care of your list'),
  ('00000000-0000-8000-8002-000000000008', 'other', 'Other services: ask for a review by SMS', 'thanks for choosing {{tenant.name}}')) AS s (id, service_type, name, opening);

CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.message_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.message_templates
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
COMMENT ON TRIGGER protect_seeded ON campaign.message_templates IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.message_templates IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER touch_updated_at ON campaign.message_templates IS 'Keeps updated_at.';
COMMENT ON TRIGGER check_message_template ON campaign.message_templates IS 'Subject and body are what the channel has and allows.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.message_templates'),
  ('member', 'INSERT (tenant_id, channel, service_type, name, subject, body, body_html, is_default)', 'TABLE campaign.message_templates'),
  ('member', 'UPDATE (service_type, name, subject, body, body_html, is_default, archived_at)', 'TABLE campaign.message_templates'),
  ('member', 'DELETE', 'TABLE campaign.message_templates'),
  ('member', 'EXECUTE', 'FUNCTION campaign.copy_message_template(uuid, uuid, text)');

-- >>> src/outreach/campaign_templates.sql
-- Campaign templates: presets that come with the extension, and what tenants save.

CREATE TABLE campaign.campaign_templates (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT campaign.uuid_v7(),
  name text NOT NULL,
  description text,
  template_config campaign.template_config NOT NULL,
  default_config jsonb NOT NULL DEFAULT '{}',
  is_system boolean NOT NULL GENERATED ALWAYS AS
    (tenant_id OPERATOR(pg_catalog.=) '00000000-0000-0000-0000-000000000000'::uuid) STORED,
  seeded boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT campaign_templates_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT campaign_templates_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT campaign_templates_name_check CHECK (pg_catalog.char_length(pg_catalog.btrim(name)) BETWEEN 1 AND 255),
  CONSTRAINT campaign_templates_description_check CHECK (pg_catalog.char_length(description) BETWEEN 0 AND 2000),
  CONSTRAINT campaign_templates_default_config_check CHECK (
    pg_catalog.jsonb_typeof(default_config) OPERATOR(pg_catalog.=) 'object'
    AND pg_catalog.octet_length(default_config::text) BETWEEN 2 AND 65536)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.campaign_templates', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.campaign_templates IS 'Sequences to make campaigns from: the system tenant''s presets, and those that a tenant saved. A campaign copies what it uses, so changing or deleting a template touches no campaign.';
COMMENT ON COLUMN campaign.campaign_templates.template_config IS 'The steps.';
COMMENT ON COLUMN campaign.campaign_templates.default_config IS 'Settings for the generation of messages, such as {"tone": "professional", "language": "en"}.';
COMMENT ON COLUMN campaign.campaign_templates.is_system IS 'The template belongs to the system tenant: used by everybody, changed by nobody.';
COMMENT ON COLUMN campaign.campaign_templates.seeded IS 'The row comes with the extension and is changed by nobody.';

ALTER TABLE campaign.campaign_templates ENABLE ROW LEVEL SECURITY;
CREATE POLICY campaign_templates_select ON campaign.campaign_templates FOR SELECT
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY campaign_templates_insert ON campaign.campaign_templates FOR INSERT
  WITH CHECK (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY campaign_templates_update ON campaign.campaign_templates FOR UPDATE
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY campaign_templates_delete ON campaign.campaign_templates FOR DELETE
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.writable_tenants())::uuid[]));
COMMENT ON POLICY campaign_templates_select ON campaign.campaign_templates IS 'Members read their tenants'' and the system tenant''s.';
COMMENT ON POLICY campaign_templates_insert ON campaign.campaign_templates IS 'Editors write their tenants''.';
COMMENT ON POLICY campaign_templates_update ON campaign.campaign_templates IS 'Editors write their tenants''.';
COMMENT ON POLICY campaign_templates_delete ON campaign.campaign_templates IS 'Editors write their tenants''.';

INSERT INTO campaign.campaign_templates
  (tenant_id, id, name, description, template_config, default_config, seeded)
VALUES
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000001',
   'Conservative', 'Two emails over four days, for businesses that would rather ask too little.',
   '[{"step": 1, "channel": "email", "label": "Review request", "delay_hours": 24, "use_service_delay": false},
     {"step": 2, "channel": "email", "label": "Reminder", "delay_hours": 72}]',
   '{"tone": "professional", "language": "en"}', true),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000002',
   'Standard', 'Two emails and an SMS over eleven days.',
   '[{"step": 1, "channel": "email", "label": "Review request", "delay_hours": 24, "use_service_delay": false},
     {"step": 2, "channel": "email", "label": "Reminder", "delay_hours": 72},
     {"step": 3, "channel": "sms", "label": "Last reminder", "delay_hours": 168}]',
   '{"tone": "professional", "language": "en"}', true),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000003',
   'Aggressive', 'SMS on the same day, then email, SMS and email within eleven days.',
   '[{"step": 1, "channel": "sms", "label": "Review request", "delay_hours": 4, "use_service_delay": false},
     {"step": 2, "channel": "email", "label": "Review request by email", "delay_hours": 24},
     {"step": 3, "channel": "sms", "label": "Reminder", "delay_hours": 72},
     {"step": 4, "channel": "email", "label": "Last reminder", "delay_hours": 168}]',
   '{"tone": "professional", "language": "en"}', true),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000004',
   'LinkedIn + Email Sequence', 'Invitation, two emails and a LinkedIn message with a document; a third email is prepared and switched off.',
   '[{"step": 1, "channel": "linkedin_connect", "label": "Invitation", "day_offset": 0},
     {"step": 2, "channel": "email", "label": "First email", "day_offset": 3},
     {"step": 3, "channel": "email", "label": "Second email", "day_offset": 4},
     {"step": 4, "channel": "linkedin_message", "label": "Message with document", "day_offset": 3, "needs_pdf": true},
     {"step": 5, "channel": "email", "label": "Third email", "day_offset": 5, "enabled": false}]',
   '{"tone": "professional", "language": "en"}', true),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000005',
   'Email 3-Step', 'Three emails.',
   '[{"step": 1, "channel": "email", "label": "First email", "day_offset": 0},
     {"step": 2, "channel": "email", "label": "Second email", "day_offset": 3},
     {"step": 3, "channel": "email", "label": "Third email", "day_offset": 5}]',
   '{"tone": "professional", "language": "en"}', true),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000006',
   'LinkedIn Only', 'Invitation and a message three days later.',
   '[{"step": 1, "channel": "linkedin_connect", "label": "Invitation", "day_offset": 0},
     {"step": 2, "channel": "linkedin_message", "label": "Message", "day_offset": 3}]',
   '{"tone": "casual", "language": "en"}', true),
  ('00000000-0000-0000-0000-000000000000', '00000000-0000-8000-8003-000000000007',
   'Meetup Dual LinkedIn + Email', 'Invitation after a meetup, and an email to those who did not respond.',
   '[{"step": 1, "channel": "linkedin_connect", "label": "Invitation", "day_offset": 0, "condition": "always"},
     {"step": 2, "channel": "email", "label": "Email", "day_offset": 3, "condition": "no_response"}]',
   '{"tone": "casual", "language": "en"}', true);

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.campaign_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.campaign_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.campaign_templates
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
COMMENT ON TRIGGER protect_seeded ON campaign.campaign_templates IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.campaign_templates IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER touch_updated_at ON campaign.campaign_templates IS 'Keeps updated_at.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.campaign_templates'),
  ('member', 'INSERT (tenant_id, name, description, template_config, default_config)', 'TABLE campaign.campaign_templates'),
  ('member', 'UPDATE (name, description, template_config, default_config)', 'TABLE campaign.campaign_templates'),
  ('member', 'DELETE', 'TABLE campaign.campaign_templates');

-- >>> src/outreach/contacts.sql
-- Contacts, their companies, what they consented to, and the addresses that are never used again.

-- What a CHECK asks is the same in every locale, or a dump would not load elsewhere.
CREATE FUNCTION campaign.normalize_address(address text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
  WHEN pg_catalog.strpos(address, '@') OPERATOR(pg_catalog.>) 0
    THEN pg_catalog.lower(pg_catalog.btrim(address, E' \t\r\n') COLLATE "C")
  WHEN address COLLATE "C" OPERATOR(pg_catalog.~) '^\s*\+[0-9 ().-]+\s*$'
    THEN pg_catalog.regexp_replace(address, '[^0-9+]', '', 'g')
  ELSE pg_catalog.rtrim(pg_catalog.lower(pg_catalog.btrim(address, E' \t\r\n') COLLATE "C"), '/')
END;
COMMENT ON FUNCTION campaign.normalize_address(text) IS
'The form in which addresses are compared: e-mail in lower case, phone as + and digits, profile URL in lower case without a trailing slash. Lower case is that of ASCII, in every locale.';

CREATE TABLE campaign.companies (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL DEFAULT campaign.uuid_v7(),
  name        text NOT NULL,
  domain      text,
  tier        text,
  industry    text,
  region      text,
  size        text,
  external_id text,
  attributes  jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT companies_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT companies_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT companies_external_id_key UNIQUE (tenant_id, external_id),
  CONSTRAINT companies_external_id_check CHECK (external_id COLLATE "C" ~ '\S' AND pg_catalog.length(external_id) <= 255),
  CONSTRAINT companies_name_check CHECK (name COLLATE "C" ~ '\S' AND pg_catalog.length(name) <= 255),
  CONSTRAINT companies_attributes_check CHECK (pg_catalog.jsonb_typeof(attributes) = 'object' AND pg_catalog.octet_length(attributes::text) <= 65536)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.companies', '');

CREATE TABLE campaign.contacts (
  tenant_id           uuid NOT NULL,
  id                  uuid NOT NULL DEFAULT campaign.uuid_v7(),
  first_name          text,
  last_name           text,
  name                text GENERATED ALWAYS AS
                        (pg_catalog.btrim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))) STORED,
  email               text,
  phone               text,
  linkedin_url        text,
  timezone            text,
  language            text,
  company_id          uuid,
  owner_member        text,
  job_title           text,
  seniority           text,
  icp_fit             text,
  score               numeric(6,2),
  is_disqualified     boolean NOT NULL DEFAULT false,
  disqualified_reason text,
  external_id         text,
  attributes          jsonb NOT NULL DEFAULT '{}',
  archived_at         timestamptz,
  created_at          timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at          timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT contacts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT contacts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT contacts_company_fkey FOREIGN KEY (tenant_id, company_id) REFERENCES campaign.companies (tenant_id, id),
  CONSTRAINT contacts_external_id_key UNIQUE (tenant_id, external_id),
  CONSTRAINT contacts_address_check CHECK (email IS NOT NULL OR phone IS NOT NULL OR linkedin_url IS NOT NULL),
  -- RFC 5321 bounds a path at 256 octets with its angle brackets
  CONSTRAINT contacts_email_check CHECK (email COLLATE "C" ~ '^[^@\s]+@[^@\s]+$' AND pg_catalog.length(email) <= 254),
  CONSTRAINT contacts_phone_check CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
  CONSTRAINT contacts_linkedin_url_check CHECK (linkedin_url COLLATE "C" ~* '^https?://[^\s]+$' AND pg_catalog.octet_length(linkedin_url) <= 2048),
  CONSTRAINT contacts_external_id_check CHECK (external_id COLLATE "C" ~ '\S' AND pg_catalog.length(external_id) <= 255),
  CONSTRAINT contacts_language_check CHECK (language ~ '^[a-z]{2}$'),
  CONSTRAINT contacts_names_check CHECK (pg_catalog.length(first_name) <= 255 AND pg_catalog.length(last_name) <= 255),
  CONSTRAINT contacts_disqualified_check CHECK (disqualified_reason IS NULL OR is_disqualified),
  CONSTRAINT contacts_attributes_check CHECK (pg_catalog.jsonb_typeof(attributes) = 'object' AND pg_catalog.octet_length(attributes::text) <= 65536)
);
CREATE INDEX contacts_company_idx ON campaign.contacts (tenant_id, company_id) WHERE company_id IS NOT NULL;
CREATE INDEX contacts_email_idx ON campaign.contacts (tenant_id, campaign.normalize_address(email));
CREATE INDEX contacts_phone_idx ON campaign.contacts (tenant_id, phone);
CREATE INDEX contacts_linkedin_url_idx ON campaign.contacts (tenant_id, campaign.normalize_address(linkedin_url)) WHERE linkedin_url IS NOT NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.contacts', '');

CREATE TABLE campaign.consents (
  tenant_id  uuid NOT NULL,
  contact_id uuid NOT NULL,
  channel    text COLLATE "C" NOT NULL,
  state      text NOT NULL,
  at         timestamptz NOT NULL,
  source     text,
  method     text,
  CONSTRAINT consents_pkey PRIMARY KEY (tenant_id, contact_id, channel),
  CONSTRAINT consents_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT consents_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT consents_channel_fkey FOREIGN KEY (channel) REFERENCES campaign.channels (channel),
  CONSTRAINT consents_state_check CHECK (state IN ('opted_in', 'opted_out', 'unknown'))
);
CREATE INDEX consents_channel_idx ON campaign.consents (channel);
SELECT pg_catalog.pg_extension_config_dump('campaign.consents', '');

CREATE TABLE campaign.suppressions (
  tenant_id uuid NOT NULL,
  address   text NOT NULL,
  reason    text NOT NULL,
  at        timestamptz NOT NULL,
  note      text,
  CONSTRAINT suppressions_pkey PRIMARY KEY (tenant_id, address),
  CONSTRAINT suppressions_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT suppressions_address_check CHECK (address <> '' AND address = campaign.normalize_address(address)
    AND pg_catalog.octet_length(address) <= 2048),
  CONSTRAINT suppressions_reason_check CHECK (reason IN ('hard_bounce', 'complaint', 'unsubscribe', 'manual'))
);
SELECT pg_catalog.pg_extension_config_dump('campaign.suppressions', '');

-- A company that goes leaves its contacts behind.
CREATE FUNCTION campaign.release_company_contacts() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE campaign.contacts SET company_id = NULL
   WHERE tenant_id = OLD.tenant_id AND company_id = OLD.id;
  RETURN OLD;
END $$;
COMMENT ON FUNCTION campaign.release_company_contacts() IS
'Trigger: clears the link of a company''s contacts before the company is deleted.';
CREATE TRIGGER release_contacts BEFORE DELETE ON campaign.companies
  FOR EACH ROW EXECUTE FUNCTION campaign.release_company_contacts();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.companies
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.contacts
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

-- The contact of a caller's tenant, locked against enrolment and against other stops.
CREATE FUNCTION campaign.lock_contact(contact uuid) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contact;
  PERFORM campaign.lock_tenant_key(owner_tenant);
  PERFORM FROM campaign.contacts c WHERE c.tenant_id = owner_tenant AND c.id = contact FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" does not exist', contact
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  RETURN owner_tenant;
END $$;
COMMENT ON FUNCTION campaign.lock_contact(uuid) IS
'Internal: locks a contact of the caller''s writable tenants FOR NO KEY UPDATE and returns its tenant; raises P0002.';

-- Claims lock queue rows only. Whoever changes what a gate reads of a contact holds the
-- contact's queue rows until it commits, so that no claim can decide without seeing it.
CREATE FUNCTION campaign.lock_contact_touches(tenant uuid, contacts uuid[]) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT l.enrollment_id
                 FROM (SELECT q.enrollment_id FROM campaign.touch_queue q
                        WHERE q.tenant_id = tenant
                          AND q.enrollment_id = ANY (ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
                                WHERE e.tenant_id = tenant AND e.contact_id = ANY (contacts) AND e.status = 'active'))
                        ORDER BY q.enrollment_id FOR UPDATE) l);
END $$;
COMMENT ON FUNCTION campaign.lock_contact_touches(uuid, uuid[]) IS
'Internal: locks the queue rows of the contacts'' live enrolments, in the order of the enrolments, until the end of the transaction; returns the enrolments.';

CREATE FUNCTION campaign.set_consent(contact uuid, channel text, state text, source text DEFAULT NULL, method text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
  at_time timestamptz := campaign.now();
BEGIN
  IF state IS NULL OR state NOT IN ('opted_in', 'opted_out', 'unknown') THEN
    RAISE EXCEPTION 'invalid consent state %', coalesce(quote_literal(state), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The states are opted_in, opted_out and unknown.',
            HINT = 'Record what the contact said about this channel.';
  END IF;
  IF NOT EXISTS (SELECT FROM campaign.channels c WHERE c.channel = set_consent.channel) THEN
    RAISE EXCEPTION 'channel % does not exist', coalesce(quote_literal(channel), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Consent is recorded per channel.',
            HINT = 'See the table campaign.channels.';
  END IF;
  PERFORM campaign.require_read_committed('set_consent()');
  owner_tenant := campaign.lock_contact(contact);
  PERFORM campaign.lock_contact_touches(owner_tenant, ARRAY[contact]);
  INSERT INTO campaign.consents AS c (tenant_id, contact_id, channel, state, at, source, method)
  VALUES (owner_tenant, contact, channel, state, at_time, source, method)
  ON CONFLICT ON CONSTRAINT consents_pkey
  DO UPDATE SET state = EXCLUDED.state, at = EXCLUDED.at, source = EXCLUDED.source, method = EXCLUDED.method;
END $$;
COMMENT ON FUNCTION campaign.set_consent(uuid, text, text, text, text) IS
'Records what a contact consented to on a channel: opted_in, opted_out or unknown, with its source and method. Takes effect for every claim and begin_send after the commit. Raises P0002 for a contact that is not yours, 22023 for an unknown channel or state, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.suppress_address(tenant uuid, address text, reason text DEFAULT 'manual', note text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  normal text := campaign.normalize_address(address);
  at_time timestamptz := campaign.now();
  affected uuid[];
BEGIN
  PERFORM campaign.require_tenant(tenant);
  IF coalesce(normal, '') = '' OR octet_length(normal) > 2048 THEN
    RAISE EXCEPTION 'address must have 1 to 2048 bytes'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'An address is an e-mail address, a phone number or a profile URL.',
            HINT = 'Pass the address that must never be used again.';
  END IF;
  IF reason IS NULL OR reason NOT IN ('hard_bounce', 'complaint', 'unsubscribe', 'manual') THEN
    RAISE EXCEPTION 'invalid suppression reason %', coalesce(quote_literal(reason), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The reasons are hard_bounce, complaint, unsubscribe and manual.',
            HINT = 'Use manual for a decision of your own.';
  END IF;
  PERFORM campaign.require_read_committed('suppress_address()');
  -- tenant, contacts, queue rows, each in order: the lock order of campaign.h
  PERFORM campaign.lock_tenant_key(tenant);
  SELECT array_agg(l.id ORDER BY l.id) INTO affected
    FROM (SELECT c.id FROM campaign.contacts c
           WHERE c.tenant_id = tenant
             AND (campaign.normalize_address(c.email) = normal OR c.phone = normal
                  OR campaign.normalize_address(c.linkedin_url) = normal)
           ORDER BY c.id FOR NO KEY UPDATE) l;
  PERFORM campaign.lock_contact_touches(tenant, affected);
  INSERT INTO campaign.suppressions (tenant_id, address, reason, at, note)
  VALUES (tenant, normal, reason, at_time, note)
  ON CONFLICT ON CONSTRAINT suppressions_pkey DO NOTHING;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION campaign.suppress_address(uuid, text, text, text) IS
'Never sends to an address again, whoever has it. The first reason wins: false says that the address was suppressed already. Seen by every claim and begin_send after the commit. Raises P0002 for a tenant that is not yours, 22023 for a bad address or reason, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.lift_suppression(tenant uuid, address text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  normal text := campaign.normalize_address(address);
BEGIN
  PERFORM campaign.lock_owned_tenant(tenant);
  DELETE FROM campaign.suppressions s WHERE s.tenant_id = tenant AND s.address = normal;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION campaign.lift_suppression(uuid, text) IS
'Allows an address again (owners only); false if it was not suppressed. Raises P0002 for a tenant that is not yours, 42501 if you do not own it.';

CREATE FUNCTION campaign.archive_contact(contact uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
  at_time timestamptz := campaign.now();
BEGIN
  PERFORM campaign.require_read_committed('archive_contact()');
  owner_tenant := campaign.lock_contact(contact);
  UPDATE campaign.contacts c SET archived_at = at_time
   WHERE c.tenant_id = owner_tenant AND c.id = contact AND c.archived_at IS NULL;
  RETURN campaign.stop_contact_enrollments(owner_tenant, contact, 'contact_archived');
END $$;
COMMENT ON FUNCTION campaign.archive_contact(uuid) IS
'Archives a contact and stops its live enrolments (contact_archived); returns how many were stopped. Raises P0002 for a contact that is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.unarchive_contact(contact uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid := campaign.lock_contact(contact);
BEGIN
  UPDATE campaign.contacts c SET archived_at = NULL
   WHERE c.tenant_id = owner_tenant AND c.id = contact AND c.archived_at IS NOT NULL;
END $$;
COMMENT ON FUNCTION campaign.unarchive_contact(uuid) IS
'Takes a contact back from the archive. Stopped enrolments stay stopped. Raises P0002 for a contact that is not yours.';

-- A worker was given the old address, and its suppression would not find the contact any more:
-- what is leased and not begun goes back, to be claimed with the new one.
CREATE FUNCTION campaign.follow_contact_address() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  live uuid[] := campaign.lock_contact_touches(NEW.tenant_id, ARRAY[NEW.id]);
  lease_time timestamptz := clock_timestamp();
BEGIN
  UPDATE campaign.touch_queue q SET lease_until = '-infinity', claimed_at = '-infinity', fence = 0, worker_id = 0, attempt = q.attempt - 1
   WHERE q.tenant_id = NEW.tenant_id AND q.enrollment_id = ANY (live) AND q.flags = 0 AND q.lease_until > lease_time;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION campaign.follow_contact_address() IS
'Trigger on contacts: a changed address ends the leases of the contact''s touches that were not begun; begin_send then answers lease_lost.';
CREATE TRIGGER follow_address AFTER UPDATE OF email, phone, linkedin_url ON campaign.contacts
  FOR EACH ROW WHEN (NEW.email IS DISTINCT FROM OLD.email OR NEW.phone IS DISTINCT FROM OLD.phone
                     OR NEW.linkedin_url IS DISTINCT FROM OLD.linkedin_url)
  EXECUTE FUNCTION campaign.follow_contact_address();

ALTER TABLE campaign.companies ENABLE ROW LEVEL SECURITY;
CREATE POLICY companies_select ON campaign.companies FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY companies_insert ON campaign.companies FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY companies_update ON campaign.companies FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY companies_delete ON campaign.companies FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));

ALTER TABLE campaign.contacts ENABLE ROW LEVEL SECURITY;
CREATE POLICY contacts_select ON campaign.contacts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY contacts_insert ON campaign.contacts FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY contacts_update ON campaign.contacts FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY contacts_delete ON campaign.contacts FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));

ALTER TABLE campaign.consents ENABLE ROW LEVEL SECURITY;
CREATE POLICY consents_select ON campaign.consents FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.suppressions ENABLE ROW LEVEL SECURITY;
CREATE POLICY suppressions_select ON campaign.suppressions FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.companies'),
  ('member', 'INSERT (tenant_id, name, domain, tier, industry, region, size, external_id, attributes)', 'TABLE campaign.companies'),
  ('member', 'UPDATE (name, domain, tier, industry, region, size, external_id, attributes)', 'TABLE campaign.companies'),
  ('member', 'DELETE', 'TABLE campaign.companies'),
  ('member', 'SELECT', 'TABLE campaign.contacts'),
  ('member', 'INSERT (tenant_id, first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes)', 'TABLE campaign.contacts'),
  ('member', 'UPDATE (first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes)', 'TABLE campaign.contacts'),
  ('member', 'DELETE', 'TABLE campaign.contacts'),
  ('member', 'SELECT', 'TABLE campaign.consents'),
  ('member', 'SELECT', 'TABLE campaign.suppressions'),
  ('member', 'EXECUTE', 'FUNCTION campaign.normalize_address(text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.set_consent(uuid, text, text, text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.suppress_address(uuid, text, text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.lift_suppression(uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.archive_contact(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.unarchive_contact(uuid)');

COMMENT ON TABLE campaign.companies IS 'Companies of a tenant''s contacts.';
COMMENT ON COLUMN campaign.companies.external_id IS 'The company''s id in the tenant''s own systems; unique within the tenant.';
COMMENT ON TABLE campaign.contacts IS 'The people a tenant writes to. At least one of email, phone and linkedin_url.';
COMMENT ON COLUMN campaign.contacts.name IS 'First and last name, generated.';
COMMENT ON COLUMN campaign.contacts.email IS 'E-mail address as given; compared in lower case.';
COMMENT ON COLUMN campaign.contacts.phone IS 'Phone number in E.164, such as +4930123456.';
COMMENT ON COLUMN campaign.contacts.timezone IS 'IANA time zone of the contact; unknown names are kept and fall back to the tenant''s.';
COMMENT ON COLUMN campaign.contacts.language IS 'ISO 639-1 code.';
COMMENT ON COLUMN campaign.contacts.attributes IS 'Object of whatever the tenant knows, at most 64 kB; {{contact.attributes.<key>}} in a message.';
COMMENT ON COLUMN campaign.contacts.external_id IS 'The contact''s id in the tenant''s own systems; unique within the tenant.';
COMMENT ON COLUMN campaign.contacts.archived_at IS 'Set by campaign.archive_contact(): an archived contact receives nothing.';
COMMENT ON TABLE campaign.consents IS 'What a contact said about a channel; written by campaign.set_consent().';
COMMENT ON COLUMN campaign.consents.at IS 'When it was said, by the engine''s clock.';
COMMENT ON TABLE campaign.suppressions IS 'Addresses that are never used again, in normal form; written by campaign.suppress_address().';
COMMENT ON COLUMN campaign.suppressions.at IS 'When it was suppressed, by the engine''s clock.';
COMMENT ON POLICY companies_select ON campaign.companies IS 'Members read their tenants''.';
COMMENT ON POLICY companies_insert ON campaign.companies IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY companies_update ON campaign.companies IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY companies_delete ON campaign.companies IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY contacts_select ON campaign.contacts IS 'Members read their tenants''.';
COMMENT ON POLICY contacts_insert ON campaign.contacts IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY contacts_update ON campaign.contacts IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY contacts_delete ON campaign.contacts IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY consents_select ON campaign.consents IS 'Members read their tenants''.';
COMMENT ON POLICY suppressions_select ON campaign.suppressions IS 'Members read their tenants''.';
COMMENT ON TRIGGER release_contacts ON campaign.companies IS 'A company that goes leaves its contacts behind.';
COMMENT ON TRIGGER touch_updated_at ON campaign.companies IS 'Keeps updated_at.';
COMMENT ON TRIGGER touch_updated_at ON campaign.contacts IS 'Keeps updated_at.';
COMMENT ON TRIGGER follow_address ON campaign.contacts IS 'Who was given the old address sends nothing any more.';

-- >>> src/outreach/jobs.sql
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

-- >>> src/outreach/history.sql
-- What history refers to is not deleted; what has none goes with its children.

-- Refused here, with the way out, rather than by the bare foreign key. A whole
-- tenant may go: its row is gone already when the cascade arrives.
CREATE FUNCTION campaign.keep_history() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  has_history boolean;
BEGIN
  PERFORM 1 FROM campaign.tenants WHERE id = OLD.tenant_id;
  IF NOT FOUND THEN
    RETURN OLD;
  END IF;
  IF TG_TABLE_NAME = 'contacts' THEN
    has_history := EXISTS (SELECT FROM campaign.campaign_enrollments e WHERE e.tenant_id = OLD.tenant_id AND e.contact_id = OLD.id)
                OR EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = OLD.tenant_id AND l.contact_id = OLD.id);
  ELSIF TG_TABLE_NAME = 'jobs' THEN
    has_history := EXISTS (SELECT FROM campaign.campaign_enrollments e WHERE e.tenant_id = OLD.tenant_id AND e.job_id = OLD.id);
  ELSE
    has_history := EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = OLD.tenant_id AND l.template_id = OLD.id)
                OR EXISTS (SELECT FROM campaign.campaign_touches t WHERE t.tenant_id = OLD.tenant_id AND t.template_id = OLD.id);
  END IF;
  IF has_history THEN
    RAISE EXCEPTION '% "%" has history and cannot be deleted', TG_ARGV[0], OLD.id
      USING ERRCODE = 'foreign_key_violation',
            DETAIL = 'Enrolments, plans or sent messages refer to it.',
            HINT = TG_ARGV[1], SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
  END IF;
  RETURN OLD;
END $$;
COMMENT ON FUNCTION campaign.keep_history() IS
'Trigger (noun, hint): refuses (23503) the deletion of a row that enrolments, plans or the send log refer to.';
CREATE TRIGGER keep_history BEFORE DELETE ON campaign.contacts
  FOR EACH ROW EXECUTE FUNCTION campaign.keep_history('contact', 'Archive the contact with campaign.archive_contact().');
CREATE TRIGGER keep_history BEFORE DELETE ON campaign.message_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.keep_history('message template', 'Set archived_at: an archived template is no longer chosen.');
CREATE TRIGGER keep_history BEFORE DELETE ON campaign.jobs
  FOR EACH ROW EXECUTE FUNCTION campaign.keep_history('job', 'Set its status to do_not_send.');
COMMENT ON TRIGGER keep_history ON campaign.contacts IS 'What history refers to stays.';
COMMENT ON TRIGGER keep_history ON campaign.message_templates IS 'What history refers to stays.';
COMMENT ON TRIGGER keep_history ON campaign.jobs IS 'What history refers to stays.';

-- >>> src/outreach/outreach_campaigns.sql
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
  CONSTRAINT outreach_campaigns_pkey PRIMARY KEY (tenant_id, campaign_id),
  CONSTRAINT outreach_campaigns_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT outreach_campaigns_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.campaigns (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT outreach_campaigns_service_type_fkey FOREIGN KEY (tenant_id, service_type) REFERENCES campaign.service_types (tenant_id, service_type),
  CONSTRAINT outreach_campaigns_audience_check CHECK (audience IN ('jobs', 'contacts')),
  CONSTRAINT outreach_campaigns_plan_version_check CHECK (plan_version >= 1),
  CONSTRAINT outreach_campaigns_max_attempts_check CHECK (max_attempts BETWEEN 1 AND 20),
  CONSTRAINT outreach_campaigns_language_check CHECK (language ~ '^[a-z]{2}$')
);
-- matching of jobs to campaigns is never a tie
CREATE UNIQUE INDEX outreach_campaigns_matching_key ON campaign.outreach_campaigns (tenant_id, service_type)
  NULLS NOT DISTINCT WHERE is_matching AND audience = 'jobs';
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
'Creates an outreach campaign in draft and projects its steps; returns its id. audience jobs enrols completed jobs of service_type (NULL: of any), audience contacts is enrolled explicitly. Raises CP003 for an invalid document, P0002 for a tenant that is not yours, 23505 for a name in use.';

CREATE FUNCTION campaign.create_campaign_from_template(template uuid, name text, tenant uuid DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  writable uuid[] := campaign.writable_tenants();
  found_template record;
BEGIN
  SELECT t.tenant_id, t.is_system, t.description, t.template_config::jsonb AS document INTO found_template
    FROM campaign.campaign_templates t
   WHERE t.tenant_id = ANY (campaign.readable_tenants()) AND t.id = template;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign template "%" does not exist', template
      USING ERRCODE = 'no_data_found',
            DETAIL = 'Neither the system nor a tenant of yours has a template with this id.',
            HINT = 'See the table campaign.campaign_templates.';
  END IF;
  IF tenant IS NULL THEN
    IF NOT found_template.is_system THEN
      tenant := found_template.tenant_id;
    ELSIF cardinality(writable) = 1 THEN
      tenant := writable[1];
    ELSE
      RAISE EXCEPTION 'the tenant of the new campaign is not determined'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('You may write to %s tenants.', cardinality(writable)),
              HINT = 'Pass the tenant as the third argument.';
    END IF;
  END IF;
  IF NOT found_template.is_system AND found_template.tenant_id <> tenant THEN
    RAISE EXCEPTION 'campaign template "%" does not exist', template
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The template belongs to another tenant than the one passed.',
            HINT = 'A template is used within its own tenant; system templates are used by all.';
  END IF;
  RETURN campaign.create_campaign(tenant, name, found_template.document, description => found_template.description);
END $$;
COMMENT ON FUNCTION campaign.create_campaign_from_template(uuid, text, uuid) IS
'Creates a campaign in draft as a copy of a template of the system or of your own; the copy is the tenant''s. The tenant may be left out where you write to one only. Raises P0002 for an unknown template, 22023 where the tenant is not determined.';

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
  IF locked.status = 'running' THEN
    PERFORM campaign.require_sendable_plan(locked.tenant, campaign);
  END IF;
  RETURN new_version;
END $$;
COMMENT ON FUNCTION campaign.revise_campaign(uuid, jsonb) IS
'Replaces the steps of a campaign and returns the new plan version. Enrolments keep the plan that they started with; new ones take the new version. Raises CP003 for an invalid document, CP002 where the status does not allow it or a step would have no text, P0002.';

CREATE FUNCTION campaign.launch_campaign(campaign uuid) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  locked record := campaign.lock_outreach_campaign(campaign);
BEGIN
  IF locked.status = 'draft' THEN
    PERFORM campaign.transition_campaign(campaign, 'ready', 'launch');
  END IF;
  locked.status := campaign.transition_campaign(campaign, 'running', 'launch');
  PERFORM campaign.notify_campaign_due(locked.tenant, campaign);
  RETURN locked.status;
END $$;
COMMENT ON FUNCTION campaign.launch_campaign(uuid) IS
'Sets a campaign in draft, ready or approved running, with all its preconditions (CP002); returns the status. Raises CP001 from any other status, P0002.';

CREATE FUNCTION campaign.pause_campaign(campaign uuid, reason text DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT campaign.transition_campaign($1, 'paused', $2) $$;
COMMENT ON FUNCTION campaign.pause_campaign(uuid, text) IS
'Pauses a running campaign: its enrolments keep their place and nothing is claimed or begun. Writes a constant number of rows. Raises CP001, P0002.';

CREATE FUNCTION campaign.resume_campaign(campaign uuid, reason text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
  locked.status := campaign.transition_campaign(campaign, 'running', reason);
  PERFORM campaign.notify_campaign_due(locked.tenant, campaign);
  RETURN locked.status;
END $$;
COMMENT ON FUNCTION campaign.resume_campaign(uuid, text) IS
'Resumes a paused campaign: every enrolment goes on at its place; what is overdue is due at once. Writes a constant number of rows. Raises CP001 if it is not paused, CP002, P0002.';

-- The preconditions of the life cycle, on the row itself so that no path goes around them.
-- Named to sort behind the life cycle's own trigger: legality first.
CREATE FUNCTION campaign.check_outreach_preconditions() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  n bigint;
BEGIN
  IF NEW.status IN ('generating', 'exported') THEN
    RAISE EXCEPTION 'status "%" is not entered by a transition', NEW.status
      USING ERRCODE = 'CP002',
            DETAIL = 'A campaign is generating while a generation job runs, and exported once its messages were.',
            HINT = 'Launch the campaign instead.';
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
COMMENT ON FUNCTION campaign.check_outreach_preconditions() IS
'Trigger on campaigns: the preconditions of the outreach life cycle; raises CP002 and says which does not hold.';
CREATE TRIGGER outreach_preconditions BEFORE UPDATE OF status ON campaign.campaigns
  FOR EACH ROW WHEN (NEW.kind = 'outreach' AND NEW.status IS DISTINCT FROM OLD.status)
  EXECUTE FUNCTION campaign.check_outreach_preconditions();

CREATE FUNCTION campaign.apply_outreach_transition() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  matching boolean := NEW.status IN ('running', 'paused');
BEGIN
  UPDATE campaign.lanes l SET paused = (NEW.status <> 'running')
   WHERE l.tenant_id = NEW.tenant_id AND l.campaign_id = NEW.id AND l.paused IS DISTINCT FROM (NEW.status <> 'running');
  UPDATE campaign.outreach_campaigns o SET is_matching = matching
   WHERE o.tenant_id = NEW.tenant_id AND o.campaign_id = NEW.id AND o.is_matching <> matching;
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
  RETURN NEW;
END $$;
COMMENT ON FUNCTION campaign.check_outreach_edit() IS
'Trigger: refuses (CP002) to change audience or service type outside draft and ready.';
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
  ('outreach_campaigns.audience', 'The audience is jobs or contacts.'),
  ('outreach_campaigns_audience_check', 'The audience is jobs or contacts.'),
  ('outreach_campaigns_service_type_fkey', 'Choose one of the tenant''s rows of campaign.service_types, or NULL for all services.');
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.outreach_campaigns'),
  ('member', 'UPDATE (audience, service_type, max_attempts, owner_member, language)', 'TABLE campaign.outreach_campaigns'),
  ('member', 'EXECUTE', 'FUNCTION campaign.create_campaign(uuid, text, jsonb, text, text, text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.create_campaign_from_template(uuid, text, uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.revise_campaign(uuid, jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.launch_campaign(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.pause_campaign(uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.resume_campaign(uuid, text)');

COMMENT ON TABLE campaign.outreach_campaigns IS 'What an outreach campaign has beside its row in campaigns: audience, document, plan version.';
COMMENT ON COLUMN campaign.outreach_campaigns.audience IS 'jobs: completed jobs are enrolled automatically; contacts: contacts are enrolled explicitly.';
COMMENT ON COLUMN campaign.outreach_campaigns.service_type IS 'Which jobs are enrolled; NULL: those of every service that no other campaign names.';
COMMENT ON COLUMN campaign.outreach_campaigns.template_config IS 'The sequence, the one source of truth; campaign_touches is projected from it.';
COMMENT ON COLUMN campaign.outreach_campaigns.plan_version IS 'The plan of new enrolments.';
COMMENT ON COLUMN campaign.outreach_campaigns.max_attempts IS 'How often a touch is tried before it counts as failed.';
COMMENT ON COLUMN campaign.outreach_campaigns.is_matching IS 'Whether jobs are matched to it: running or paused. Set by the life cycle.';
COMMENT ON POLICY outreach_campaigns_select ON campaign.outreach_campaigns IS 'Members read their tenants''.';
COMMENT ON POLICY outreach_campaigns_update ON campaign.outreach_campaigns IS 'Owners and editors write their tenants''.';
COMMENT ON TRIGGER touch_updated_at ON campaign.outreach_campaigns IS 'Keeps updated_at.';
COMMENT ON TRIGGER check_edit ON campaign.outreach_campaigns IS 'Audience and service type change in draft and ready only.';
COMMENT ON TRIGGER outreach_preconditions ON campaign.campaigns IS 'Preconditions of the life cycle; sorts behind its own trigger.';
COMMENT ON TRIGGER outreach_transition ON campaign.campaigns IS 'What a transition does to lanes, matching and enrolments.';

-- >>> src/outreach/campaign_touches.sql
-- The plan: one row per touch and plan version, projected from the document and never written by hand.
-- Lanes: one per campaign and channel, numbered within the tenant.

CREATE TABLE campaign.campaign_touches (
  tenant_id         uuid NOT NULL,
  campaign_id       uuid NOT NULL,
  plan_version      integer NOT NULL,
  touch_number      smallint NOT NULL,
  step              smallint NOT NULL,
  channel           text COLLATE "C" NOT NULL,
  label             text NOT NULL,
  delay             interval NOT NULL,
  use_service_delay boolean NOT NULL,
  condition         text NOT NULL,
  on_failure        text NOT NULL,
  max_lateness      interval,
  late              text,
  template_id       uuid,
  subject           text,
  body              text,
  body_html         text,
  needs_pdf         boolean NOT NULL,
  variant_count     smallint NOT NULL,
  attachments       uuid[] NOT NULL,
  config            jsonb NOT NULL,
  CONSTRAINT campaign_touches_pkey PRIMARY KEY (tenant_id, campaign_id, plan_version, touch_number),
  CONSTRAINT campaign_touches_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT campaign_touches_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.outreach_campaigns (tenant_id, campaign_id) ON DELETE CASCADE,
  CONSTRAINT campaign_touches_channel_fkey FOREIGN KEY (channel) REFERENCES campaign.channels (channel),
  CONSTRAINT campaign_touches_template_fkey FOREIGN KEY (tenant_id, template_id) REFERENCES campaign.message_templates (tenant_id, id),
  CONSTRAINT campaign_touches_touch_number_check CHECK (touch_number BETWEEN 1 AND 50),
  CONSTRAINT campaign_touches_delay_check CHECK (delay >= '0')
);
CREATE INDEX campaign_touches_template_idx ON campaign.campaign_touches (tenant_id, template_id) WHERE template_id IS NOT NULL;
CREATE INDEX campaign_touches_channel_idx ON campaign.campaign_touches (channel);
SELECT pg_catalog.pg_extension_config_dump('campaign.campaign_touches', '');

CREATE TABLE campaign.lanes (
  tenant_id   uuid NOT NULL,
  lane        integer NOT NULL,
  campaign_id uuid NOT NULL,
  channel     text COLLATE "C" NOT NULL,
  paused      boolean NOT NULL,
  CONSTRAINT lanes_pkey PRIMARY KEY (tenant_id, lane),
  CONSTRAINT lanes_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT lanes_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.outreach_campaigns (tenant_id, campaign_id) ON DELETE CASCADE,
  CONSTRAINT lanes_channel_fkey FOREIGN KEY (channel) REFERENCES campaign.channels (channel),
  CONSTRAINT lanes_campaign_channel_key UNIQUE (tenant_id, campaign_id, channel)
);
CREATE INDEX lanes_channel_idx ON campaign.lanes (channel);
SELECT pg_catalog.pg_extension_config_dump('campaign.lanes', '');

CREATE FUNCTION campaign.ensure_lane(tenant uuid, campaign uuid, channel text) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  number integer;
BEGIN
  SELECT l.lane INTO number FROM campaign.lanes l
   WHERE l.tenant_id = tenant AND l.campaign_id = campaign AND l.channel = channel;
  IF FOUND THEN
    RETURN number;
  END IF;
  -- two campaigns of one tenant take their numbers one after the other
  PERFORM 1 FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
  number := coalesce((SELECT max(l.lane) FROM campaign.lanes l WHERE l.tenant_id = tenant), 0) + 1;
  INSERT INTO campaign.lanes (tenant_id, lane, campaign_id, channel, paused)
  SELECT tenant, number, campaign, channel, c.status <> 'running'
    FROM campaign.campaigns c WHERE c.tenant_id = tenant AND c.id = campaign;
  RETURN number;
END $$;
COMMENT ON FUNCTION campaign.ensure_lane(uuid, uuid, text) IS
'Internal: the lane of a campaign and channel, made where there is none. Locks the tenant to give out a number.';

-- Copy on use: rows of a tenant refer to its own rows only.
CREATE FUNCTION campaign.adopt_message_template(tenant uuid, template uuid) RETURNS uuid
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  system_tenant constant uuid := '00000000-0000-0000-0000-000000000000';
  own uuid;
BEGIN
  SELECT m.id INTO own FROM campaign.message_templates m WHERE m.tenant_id = tenant AND m.id = template;
  IF FOUND THEN
    RETURN own;
  END IF;
  PERFORM 1 FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
  SELECT c.id INTO own
    FROM campaign.message_templates c JOIN campaign.message_templates s ON s.tenant_id = system_tenant AND s.id = c.copied_from
   WHERE c.tenant_id = tenant AND s.tenant_id = system_tenant AND c.copied_from = template AND c.archived_at IS NULL
     AND (c.subject, c.body, c.body_html) IS NOT DISTINCT FROM (s.subject, s.body, s.body_html)
   ORDER BY c.id LIMIT 1;
  IF FOUND THEN
    RETURN own;
  END IF;
  RETURN campaign.copy_message_template(template, tenant);
END $$;
COMMENT ON FUNCTION campaign.adopt_message_template(uuid, uuid) IS
'Internal: the tenant''s own template for an id of its own or of the system; a system template is copied once, and again only if the copy was edited.';

CREATE FUNCTION campaign.project_plan(tenant uuid, campaign uuid, version integer, document jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  fault record;
  faults text;
  touch record;
  n smallint := 0;
BEGIN
  SELECT f.path, f.message, f.hint INTO fault FROM campaign.check_template_config(tenant, document) f LIMIT 1;
  IF FOUND THEN
    SELECT string_agg(f.path || ': ' || f.message, E'\n') INTO faults
      FROM (SELECT * FROM campaign.check_template_config(tenant, document) LIMIT 50) f;
    RAISE EXCEPTION 'invalid template_config at %: %', fault.path, fault.message
      USING ERRCODE = 'CP003', DETAIL = faults,
            HINT = coalesce(nullif(fault.hint, ''), 'campaign.check_template_config() lists every fault.');
  END IF;
  FOR touch IN
    SELECT s.step, s.position FROM jsonb_array_elements(campaign.normalize_template_config(document)) WITH ORDINALITY AS s(step, position)
     WHERE (s.step ->> 'enabled')::boolean ORDER BY s.position
  LOOP
    n := n + 1;
    INSERT INTO campaign.campaign_touches (tenant_id, campaign_id, plan_version, touch_number, step, channel, label,
      delay, use_service_delay, condition, on_failure, max_lateness, late, template_id, subject, body, body_html,
      needs_pdf, variant_count, attachments, config)
    SELECT tenant, campaign, version, n, touch.position, touch.step ->> 'channel', touch.step ->> 'label',
      -- a day is 24 hours, whatever the clocks do: an instant plus a delay is the same in every time zone
      make_interval(secs => coalesce((touch.step ->> 'delay_hours')::numeric, (touch.step ->> 'day_offset')::numeric * 24, 0)::double precision * 3600),
      coalesce((touch.step ->> 'use_service_delay')::boolean, false),
      touch.step ->> 'condition', touch.step ->> 'on_failure',
      make_interval(secs => (touch.step ->> 'max_lateness_hours')::double precision * 3600), touch.step ->> 'late',
      campaign.adopt_message_template(tenant, (touch.step ->> 'template_id')::uuid),
      touch.step ->> 'subject', touch.step ->> 'body_text', touch.step ->> 'body_html',
      (touch.step ->> 'needs_pdf')::boolean, (touch.step ->> 'variant_count')::smallint,
      ARRAY(SELECT a::uuid FROM jsonb_array_elements_text(coalesce(touch.step -> 'attachments', '[]')) a),
      coalesce(touch.step -> 'config', '{}');
    PERFORM campaign.ensure_lane(tenant, campaign, touch.step ->> 'channel');
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.project_plan(uuid, uuid, integer, jsonb) IS
'Internal: checks a document against channels and templates (CP003) and writes its enabled steps as touches of a plan version, with their lanes.';

-- Which text a touch has: the step's own, its template, the tenant's default, the system's.
CREATE FUNCTION campaign.touch_text(tenant uuid, campaign uuid, version integer, touch smallint, service text,
  OUT template_id uuid, OUT subject text, OUT body text, OUT body_html text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  -- in PL/pgSQL for its plan, which is kept
  RETURN QUERY
  SELECT m.id, coalesce(t.subject, m.subject),
         CASE WHEN t.body IS NULL AND t.body_html IS NULL THEN m.body ELSE t.body END,
         CASE WHEN t.body IS NULL AND t.body_html IS NULL THEN m.body_html ELSE t.body_html END
    FROM campaign.campaign_touches t
    LEFT JOIN LATERAL (
      SELECT c.* FROM (
        SELECT m.*, 1 AS choice FROM campaign.message_templates m
         WHERE m.tenant_id = tenant AND m.id = t.template_id
        UNION ALL
        SELECT m.*, 2 FROM campaign.message_templates m
         WHERE t.template_id IS NULL AND m.tenant_id = tenant AND m.channel = t.channel AND m.is_default
           AND m.archived_at IS NULL AND m.service_type = service
        UNION ALL
        SELECT m.*, 3 FROM campaign.message_templates m
         WHERE t.template_id IS NULL AND m.tenant_id = tenant AND m.channel = t.channel AND m.is_default
           AND m.archived_at IS NULL AND m.service_type IS NULL
        UNION ALL
        SELECT m.*, CASE WHEN m.service_type = service THEN 4 ELSE 5 END FROM campaign.message_templates m
         WHERE t.template_id IS NULL AND m.tenant_id = '00000000-0000-0000-0000-000000000000' AND m.channel = t.channel
           AND m.is_default AND m.archived_at IS NULL AND m.service_type IN (service, 'other')
      ) c ORDER BY c.choice LIMIT 1
    ) m ON t.body IS NULL AND t.body_html IS NULL
   WHERE t.tenant_id = tenant AND t.campaign_id = campaign AND t.plan_version = version AND t.touch_number = touch;
END $$;
COMMENT ON FUNCTION campaign.touch_text(uuid, uuid, integer, smallint, text) IS
'Internal: the unrendered text of a touch for a service type: the step''s own, else its template, else the tenant''s default for the service, for any, else the system''s for the service, for other. All NULL: there is none.';

CREATE FUNCTION campaign.require_sendable_plan(tenant uuid, campaign uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  touch record;
  link_base text;
  review_page text;
BEGIN
  SELECT t.link_base_url, t.review_url INTO link_base, review_page FROM campaign.tenants t WHERE t.id = tenant;
  FOR touch IN
    SELECT t.touch_number, t.step, t.label, t.condition, t.max_lateness, h.has_body, h.has_subject, x.subject, x.body, x.body_html
      FROM campaign.outreach_campaigns o
      JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version
      JOIN campaign.channels h ON h.channel = t.channel
      LEFT JOIN LATERAL campaign.touch_text(tenant, campaign, o.plan_version, t.touch_number, o.service_type) x ON true
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant
     ORDER BY t.touch_number
  LOOP
    IF touch.condition <> 'always' OR touch.max_lateness IS NOT NULL THEN
      RAISE EXCEPTION 'step % ("%") uses a rule that this version does not evaluate', touch.step, touch.label
        USING ERRCODE = 'feature_not_supported',
              DETAIL = 'Conditions other than always, and max_lateness_hours, are accepted in documents but not evaluated yet.',
              HINT = 'Set the condition to always and leave max_lateness_hours out: nothing is sent against a rule.';
    END IF;
    IF touch.has_body AND touch.body IS NULL AND touch.body_html IS NULL THEN
      RAISE EXCEPTION 'step % ("%") has no text', touch.step, touch.label
        USING ERRCODE = 'CP002',
              DETAIL = 'Neither the step, nor its template, nor a default template of its channel gives a body.',
              HINT = 'Give the step a body or a template_id, or the tenant a default template for the channel.';
    END IF;
    IF touch.has_subject AND touch.subject IS NULL THEN
      RAISE EXCEPTION 'step % ("%") has no subject', touch.step, touch.label
        USING ERRCODE = 'CP002',
              DETAIL = 'Its channel has one, and the step gives a body of its own without it.',
              HINT = 'Give the step a subject.';
    END IF;
    IF link_base IS NULL AND review_page IS NULL
       AND concat(touch.subject, touch.body, touch.body_html) ~ '\{\{\s*link\.review\s*\}\}' THEN
      RAISE EXCEPTION 'step % ("%") has a review link that leads nowhere', touch.step, touch.label
        USING ERRCODE = 'CP002',
              DETAIL = 'Its text uses {{link.review}}, and the tenant has neither link_base_url nor review_url.',
              HINT = 'Set one of the two, or give the placeholder a default.';
    END IF;
    IF link_base IS NULL AND concat(touch.subject, touch.body, touch.body_html) ~ '\{\{\s*link\.unsubscribe' THEN
      RAISE EXCEPTION 'step % ("%") has an unsubscribe link that leads nowhere', touch.step, touch.label
        USING ERRCODE = 'CP002',
              DETAIL = 'Its text uses {{link.unsubscribe}}, and the tenant has no link_base_url.',
              HINT = 'Set tenants.link_base_url to the address where your application answers links.';
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.require_sendable_plan(uuid, uuid) IS
'Internal: raises CP002 unless every touch of the campaign''s present plan can be rendered, and 0A000 for rules that are not evaluated yet.';

ALTER TABLE campaign.campaign_touches ENABLE ROW LEVEL SECURITY;
CREATE POLICY campaign_touches_select ON campaign.campaign_touches FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.lanes ENABLE ROW LEVEL SECURITY;
CREATE POLICY lanes_select ON campaign.lanes FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.campaign_touches'),
  ('member', 'SELECT', 'TABLE campaign.lanes');

COMMENT ON TABLE campaign.campaign_touches IS 'The plan of a campaign: its enabled steps, per plan version, projected from template_config.';
COMMENT ON COLUMN campaign.campaign_touches.step IS 'Position of the step in the document, from 1; disabled steps have no touch.';
COMMENT ON COLUMN campaign.campaign_touches.delay IS 'After the anchor (first touch) or after the scheduled time of the touch before. A day is 24 hours.';
COMMENT ON COLUMN campaign.campaign_touches.template_id IS 'The tenant''s own template; a system template was copied.';
COMMENT ON TABLE campaign.lanes IS 'One (campaign, channel) of a tenant: what all of its queued touches have in common.';
COMMENT ON COLUMN campaign.lanes.lane IS 'Number within the tenant, so that the queue''s index stays narrow.';
COMMENT ON COLUMN campaign.lanes.paused IS 'True unless the campaign is running. Set by the life cycle.';
COMMENT ON POLICY campaign_touches_select ON campaign.campaign_touches IS 'Members read their tenants''.';
COMMENT ON POLICY lanes_select ON campaign.lanes IS 'Members read their tenants''.';

-- >>> src/outreach/enrollments.sql
-- Enrolments: a contact in a campaign, from the anchor to the end; and what became of jobs that asked for one.

CREATE TABLE campaign.campaign_enrollments (
  tenant_id          uuid NOT NULL,
  id                 uuid NOT NULL DEFAULT campaign.uuid_v7(),
  campaign_id        uuid NOT NULL,
  contact_id         uuid NOT NULL,
  job_id             uuid,
  plan_version       integer NOT NULL,
  status             text NOT NULL DEFAULT 'active',
  stop_reason        text,
  anchor_at          timestamptz NOT NULL,
  first_scheduled_at timestamptz NOT NULL,
  enrolled_at        timestamptz NOT NULL,
  completed_at       timestamptz,
  stopped_at         timestamptz,
  CONSTRAINT campaign_enrollments_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT campaign_enrollments_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT campaign_enrollments_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.campaigns (tenant_id, id),
  CONSTRAINT campaign_enrollments_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id),
  CONSTRAINT campaign_enrollments_job_fkey FOREIGN KEY (tenant_id, job_id) REFERENCES campaign.jobs (tenant_id, id),
  CONSTRAINT campaign_enrollments_stop_reason_check CHECK (stop_reason IN (
    'review_clicked', 'feedback_submitted', 'replied', 'opted_out_sms', 'opted_out_email', 'unsubscribed', 'bounced',
    'complained', 'owner_stopped', 'campaign_archived', 'repeat_job', 'job_cancelled', 'contact_archived', 'touch_failed')),
  CONSTRAINT campaign_enrollments_stopped_check CHECK (
    (status = 'stopped') = (stop_reason IS NOT NULL) AND (status = 'stopped') = (stopped_at IS NOT NULL)),
  CONSTRAINT campaign_enrollments_completed_check CHECK ((status = 'completed') = (completed_at IS NOT NULL))
);
CREATE UNIQUE INDEX campaign_enrollments_live_contact_key ON campaign.campaign_enrollments (tenant_id, contact_id) WHERE status = 'active';
CREATE INDEX campaign_enrollments_campaign_idx ON campaign.campaign_enrollments (tenant_id, campaign_id, status);
CREATE INDEX campaign_enrollments_contact_idx ON campaign.campaign_enrollments (tenant_id, contact_id, status);
CREATE INDEX campaign_enrollments_job_idx ON campaign.campaign_enrollments (tenant_id, job_id) WHERE job_id IS NOT NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.campaign_enrollments', '');
CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE OF status ON campaign.campaign_enrollments
  FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('enrollment', 'status', 'unlogged');

CREATE TABLE campaign.job_enrollments (
  tenant_id     uuid NOT NULL,
  id            uuid NOT NULL DEFAULT campaign.uuid_v7(),
  job_id        uuid NOT NULL,
  campaign_id   uuid,
  enrollment_id uuid,
  outcome       text NOT NULL,
  reason        text,
  at            timestamptz NOT NULL,
  CONSTRAINT job_enrollments_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT job_enrollments_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT job_enrollments_job_fkey FOREIGN KEY (tenant_id, job_id) REFERENCES campaign.jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT job_enrollments_outcome_check CHECK (outcome IN ('enrolled', 'already_live', 'conflict', 'suppressed', 'not_matched'))
);
CREATE INDEX job_enrollments_job_idx ON campaign.job_enrollments (tenant_id, job_id);
SELECT pg_catalog.pg_extension_config_dump('campaign.job_enrollments', '');

CREATE TABLE campaign.enrollment_conflicts (
  tenant_id          uuid NOT NULL,
  id                 uuid NOT NULL DEFAULT campaign.uuid_v7(),
  contact_id         uuid NOT NULL,
  campaign_id        uuid NOT NULL,
  job_id             uuid,
  live_enrollment_id uuid NOT NULL,
  at                 timestamptz NOT NULL,
  CONSTRAINT enrollment_conflicts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT enrollment_conflicts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT enrollment_conflicts_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id),
  CONSTRAINT enrollment_conflicts_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.campaigns (tenant_id, id),
  CONSTRAINT enrollment_conflicts_job_fkey FOREIGN KEY (tenant_id, job_id) REFERENCES campaign.jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT enrollment_conflicts_live_enrollment_fkey FOREIGN KEY (tenant_id, live_enrollment_id) REFERENCES campaign.campaign_enrollments (tenant_id, id)
);
CREATE INDEX enrollment_conflicts_contact_idx ON campaign.enrollment_conflicts (tenant_id, contact_id);
CREATE INDEX enrollment_conflicts_campaign_idx ON campaign.enrollment_conflicts (tenant_id, campaign_id);
CREATE INDEX enrollment_conflicts_job_idx ON campaign.enrollment_conflicts (tenant_id, job_id) WHERE job_id IS NOT NULL;
CREATE INDEX enrollment_conflicts_live_enrollment_idx ON campaign.enrollment_conflicts (tenant_id, live_enrollment_id);
SELECT pg_catalog.pg_extension_config_dump('campaign.enrollment_conflicts', '');

-- Locks in order: tenant, campaign (against archiving), contact (against other enrolments and stops).
CREATE FUNCTION campaign.enroll_contact(tenant uuid, campaign uuid, contact uuid, job uuid, anchor timestamptz,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  campaign_status text;
  version integer;
  archived timestamptz;
  job_status text;
  service text;
  completed timestamptz;
  live record;
  first_touch record;
  scheduled timestamptz;
BEGIN
  PERFORM campaign.lock_tenant_key(tenant);
  SELECT c.status INTO campaign_status FROM campaign.campaigns c
   WHERE c.tenant_id = tenant AND c.id = campaign AND c.kind = 'outreach' FOR KEY SHARE;
  IF campaign_status IS DISTINCT FROM 'running' THEN
    outcome := 'not_matched';
    reason := 'campaign_' || coalesce(campaign_status, 'missing');
    RETURN;
  END IF;
  SELECT c.archived_at INTO archived FROM campaign.contacts c
   WHERE c.tenant_id = tenant AND c.id = contact FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    outcome := 'not_matched';
    reason := 'contact_missing';
    RETURN;
  END IF;
  IF archived IS NOT NULL THEN
    outcome := 'suppressed';
    reason := 'contact_archived';
    RETURN;
  END IF;
  IF job IS NOT NULL THEN
    SELECT j.status, j.service_type, j.completed_at INTO job_status, service, completed
      FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = job;
    IF job_status <> 'completed' THEN
      outcome := 'not_matched';
      reason := 'job_' || job_status;
      RETURN;
    END IF;
  END IF;
  -- one live sequence per contact; the unique index stands behind this
  SELECT e.id, e.campaign_id INTO live FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status = 'active';
  IF FOUND THEN
    enrollment_id := live.id;
    IF live.campaign_id = campaign THEN
      outcome := 'already_live';
      reason := 'live_in_this_campaign';
    ELSE
      outcome := 'conflict';
      reason := 'live_in_another_campaign';
      INSERT INTO campaign.enrollment_conflicts (tenant_id, contact_id, campaign_id, job_id, live_enrollment_id, at)
      VALUES (tenant, contact, campaign, job, live.id, now_time);
    END IF;
    RETURN;
  END IF;
  anchor := coalesce(anchor, completed, now_time);
  SELECT o.plan_version, t.channel, l.lane,
         -- a day is 24 hours here as in the plan, or the session's time zone would have a say
         CASE WHEN t.use_service_delay
              THEN coalesce(make_interval(secs => extract(epoch FROM s.first_touch_delay)::double precision), t.delay)
              ELSE t.delay END AS delay
    INTO first_touch
    FROM campaign.outreach_campaigns o
    JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version
    JOIN campaign.lanes l ON l.tenant_id = t.tenant_id AND l.campaign_id = t.campaign_id AND l.channel = t.channel
    LEFT JOIN campaign.service_types s ON s.tenant_id = tenant
      AND s.service_type = CASE WHEN job IS NULL THEN o.service_type ELSE service END
   WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant AND l.tenant_id = tenant AND t.touch_number = 1;
  scheduled := anchor + first_touch.delay;
  enrollment_id := campaign.uuid_v7();
  -- under READ COMMITTED the lock has kept others out; above it, one that the snapshot does not
  -- show is a serialization failure here (40001), which a client tries again
  INSERT INTO campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, job_id, plan_version, anchor_at, first_scheduled_at, enrolled_at)
  VALUES (tenant, enrollment_id, campaign, contact, job, first_touch.plan_version, anchor, scheduled, now_time)
  ON CONFLICT (tenant_id, contact_id) WHERE status = 'active' DO NOTHING;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" was enrolled meanwhile', contact
      USING ERRCODE = 'serialization_failure',
            DETAIL = 'Another transaction enrolled the contact without holding its lock.',
            HINT = 'Try again.';
  END IF;
  INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
  VALUES (tenant, first_touch.lane, scheduled, enrollment_id, scheduled, 1);
  PERFORM campaign.notify_due(scheduled);
  outcome := 'enrolled';
END $$;
COMMENT ON FUNCTION campaign.enroll_contact(uuid, uuid, uuid, uuid, timestamptz) IS
'Internal: enrols a contact, with all checks but that of the caller. Locks tenant and campaign FOR KEY SHARE and the contact FOR NO KEY UPDATE. Raises 40001 above READ COMMITTED if an enrolment was made meanwhile.';

CREATE FUNCTION campaign.enroll(campaign uuid, contact uuid, job uuid DEFAULT NULL, anchor_at timestamptz DEFAULT NULL,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
  job_contact uuid;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.campaigns c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = campaign AND c.kind = 'outreach';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign "%" does not exist', campaign
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has an outreach campaign with this id.',
            HINT = 'Check the id; a campaign of another tenant is not found.';
  END IF;
  PERFORM 1 FROM campaign.contacts c WHERE c.tenant_id = owner_tenant AND c.id = contact;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" does not exist', contact
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The campaign''s tenant has no contact with this id.',
            HINT = 'A campaign enrols contacts of its own tenant only.';
  END IF;
  IF job IS NOT NULL THEN
    SELECT j.contact_id INTO job_contact FROM campaign.jobs j WHERE j.tenant_id = owner_tenant AND j.id = job;
    IF job_contact IS DISTINCT FROM contact THEN
      RAISE EXCEPTION 'job "%" does not exist', job
        USING ERRCODE = 'no_data_found',
              DETAIL = 'The contact has no job with this id.',
              HINT = 'Pass a job of the same contact, or none.';
    END IF;
  END IF;
  IF anchor_at NOT BETWEEN '1900-01-01 00:00:00+00' AND '9999-12-31 00:00:00+00' THEN
    RAISE EXCEPTION 'anchor_at is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The first touch is scheduled at the anchor plus its delay; anchors are from 1900 to 9999.',
            HINT = 'Leave anchor_at out to start from the job''s completion, or from now.';
  END IF;
  SELECT r.enrollment_id, r.outcome, r.reason INTO enrollment_id, outcome, reason
    FROM campaign.enroll_contact(owner_tenant, campaign, contact, job, anchor_at) r;
  IF job IS NOT NULL THEN
    INSERT INTO campaign.job_enrollments (tenant_id, job_id, campaign_id, enrollment_id, outcome, reason, at)
    VALUES (owner_tenant, job, campaign, enrollment_id, outcome, reason, campaign.now());
  END IF;
END $$;
COMMENT ON FUNCTION campaign.enroll(uuid, uuid, uuid, timestamptz) IS
'Enrols a contact in a running campaign; returns the enrolment, the outcome (enrolled, already_live, conflict, suppressed, not_matched) and the reason. The first touch is scheduled at anchor_at (default: the job''s completion, else now) plus its delay. For already_live and conflict the enrolment is the live one. Raises P0002 for a campaign, contact or job that is not yours.';

-- Which campaign a completed job goes to. A specific campaign that is paused keeps its jobs
-- from being rerouted to the general one.
CREATE FUNCTION campaign.match_job(tenant uuid, job uuid, OUT campaign_id uuid, OUT reason text) RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  job_row record;
BEGIN
  SELECT j.service_type, j.campaign_override INTO job_row FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = job;
  IF job_row.campaign_override IS NOT NULL THEN
    campaign_id := job_row.campaign_override;
    RETURN;
  END IF;
  SELECT o.campaign_id INTO campaign_id FROM campaign.outreach_campaigns o
   WHERE o.tenant_id = tenant AND o.is_matching AND o.audience = 'jobs'
     AND (o.service_type = job_row.service_type OR o.service_type IS NULL)
   ORDER BY o.service_type NULLS LAST LIMIT 1;
  IF NOT FOUND THEN
    reason := 'no_campaign';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.match_job(uuid, uuid) IS
'Internal: the campaign that a job goes to: its override, else the live one of its service type, else the live one of all services.';

CREATE FUNCTION campaign.enroll_matched_job(tenant uuid, job uuid,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  matched record := campaign.match_job(tenant, job);
  job_contact uuid;
BEGIN
  IF matched.campaign_id IS NULL THEN
    outcome := 'not_matched';
    reason := matched.reason;
  ELSE
    SELECT j.contact_id INTO job_contact FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = job;
    SELECT r.enrollment_id, r.outcome, r.reason INTO enrollment_id, outcome, reason
      FROM campaign.enroll_contact(tenant, matched.campaign_id, job_contact, job, NULL) r;
  END IF;
  INSERT INTO campaign.job_enrollments (tenant_id, job_id, campaign_id, enrollment_id, outcome, reason, at)
  VALUES (tenant, job, matched.campaign_id, enrollment_id, outcome, reason, campaign.now());
END $$;
COMMENT ON FUNCTION campaign.enroll_matched_job(uuid, uuid) IS
'Internal: enrols a job in the campaign it matches and records the outcome in job_enrollments.';

CREATE FUNCTION campaign.enroll_job(job uuid, OUT enrollment_id uuid, OUT outcome text, OUT reason text) RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT j.tenant_id INTO owner_tenant FROM campaign.jobs j
   WHERE j.tenant_id = ANY (campaign.writable_tenants()) AND j.id = job;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'job "%" does not exist', job
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a job with this id.',
            HINT = 'Check the id; a job of another tenant is not found.';
  END IF;
  SELECT r.enrollment_id, r.outcome, r.reason INTO enrollment_id, outcome, reason
    FROM campaign.enroll_matched_job(owner_tenant, job) r;
END $$;
COMMENT ON FUNCTION campaign.enroll_job(uuid) IS
'Enrols the contact of a completed job in the campaign that matches it, as completing the job does; for jobs inserted as completed and for those that could not be enrolled then. Returns enrolment, outcome and reason; raises P0002.';

CREATE FUNCTION campaign.create_job(contact uuid, service_type text DEFAULT NULL, status text DEFAULT 'scheduled',
  completed_at timestamptz DEFAULT NULL, campaign_override uuid DEFAULT NULL, external_id text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
  new_id uuid := campaign.uuid_v7();
  fault_state text;
  fault_message text;
  fault_detail text;
  fault_table text;
  fault_column text;
  fault_constraint text;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contact;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" does not exist', contact
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  INSERT INTO campaign.jobs (tenant_id, id, contact_id, service_type, status, completed_at, campaign_override, external_id)
  VALUES (owner_tenant, new_id, contact, service_type, status, completed_at, campaign_override, external_id);
  IF status = 'completed' THEN
    PERFORM campaign.enroll_matched_job(owner_tenant, new_id);
  END IF;
  RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
  GET STACKED DIAGNOSTICS fault_state = RETURNED_SQLSTATE, fault_message = MESSAGE_TEXT, fault_detail = PG_EXCEPTION_DETAIL,
    fault_table = TABLE_NAME, fault_column = COLUMN_NAME, fault_constraint = CONSTRAINT_NAME;
  PERFORM campaign.raise_violation(fault_state, fault_message, fault_detail, fault_table, fault_column, fault_constraint);
END $$;
COMMENT ON FUNCTION campaign.create_job(uuid, text, text, timestamptz, uuid, text) IS
'Creates a job of a contact and, if it is completed already, enrols it (see job_enrollments for the outcome); returns its id. Raises P0002 for a contact that is not yours, 23503 for an unknown service type or campaign, 23514 for an unknown status.';

CREATE FUNCTION campaign.follow_job_status() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.status = 'completed' THEN
    PERFORM campaign.enroll_matched_job(NEW.tenant_id, NEW.id);
  ELSE
    PERFORM campaign.require_read_committed('cancelling a job');
    PERFORM campaign.lock_tenant_key(NEW.tenant_id);
    PERFORM 1 FROM campaign.contacts c WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.contact_id FOR NO KEY UPDATE;
    PERFORM campaign.stop_enrollments(NEW.tenant_id,
      ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
             WHERE e.tenant_id = NEW.tenant_id AND e.job_id = NEW.id), 'job_cancelled');
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION campaign.follow_job_status() IS
'Trigger on jobs: completed enrols the job in the same transaction, do_not_send stops what it had started.';
CREATE TRIGGER follow_status AFTER UPDATE OF status ON campaign.jobs
  FOR EACH ROW WHEN (NEW.status IS DISTINCT FROM OLD.status AND NEW.status IN ('completed', 'do_not_send'))
  EXECUTE FUNCTION campaign.follow_job_status();

-- Stop wins: a waiting touch is removed; one that a worker holds is marked and moved out of the
-- claims' way, so that its report still finds what it reports on.
CREATE FUNCTION campaign.stop_enrollments(tenant uuid, enrollments uuid[], reason text) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  lease_time timestamptz;
  live uuid[];
BEGIN
  -- the status is asked of what was found: without statistics the planner takes the index of the
  -- live ones for the better one, and reads all of the tenant's
  SELECT array_agg(l.id) FILTER (WHERE l.status = 'active') INTO live
    FROM (SELECT e.id, e.status FROM campaign.campaign_enrollments e
           WHERE e.tenant_id = tenant AND e.id = ANY (enrollments)
           ORDER BY e.id FOR NO KEY UPDATE) l;
  IF live IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM 1 FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live)
   ORDER BY q.enrollment_id FOR UPDATE;
  -- after the locks: a claim that we waited for has its lease by now
  lease_time := clock_timestamp();
  UPDATE campaign.campaign_enrollments e SET status = 'stopped', stop_reason = reason, stopped_at = now_time
   WHERE e.tenant_id = tenant AND e.id = ANY (live);
  UPDATE campaign.touch_queue q SET flags = q.flags | 2::smallint, due_at = 'infinity'
   WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live) AND (q.lease_until > lease_time OR q.flags <> 0);
  DELETE FROM campaign.touch_queue q
   WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live) AND q.lease_until <= lease_time AND q.flags = 0;
  RETURN cardinality(live);
END $$;
COMMENT ON FUNCTION campaign.stop_enrollments(uuid, uuid[], text) IS
'Internal: stops those of a tenant''s enrolments that are live, in order, and returns how many; the caller has locked their contacts or their campaign.';

CREATE FUNCTION campaign.stop_contact_enrollments(tenant uuid, contact uuid, reason text) RETURNS integer
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT campaign.stop_enrollments($1,
    ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
           WHERE e.tenant_id = $1 AND e.contact_id = $2 AND e.status = 'active'), $3);
END;
COMMENT ON FUNCTION campaign.stop_contact_enrollments(uuid, uuid, text) IS
'Internal: stops the live enrolments of a contact that the caller has locked.';

CREATE FUNCTION campaign.require_stop_reason(reason text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF reason IS NULL OR reason NOT IN ('review_clicked', 'feedback_submitted', 'replied', 'opted_out_sms', 'opted_out_email',
       'unsubscribed', 'bounced', 'complained', 'owner_stopped', 'repeat_job', 'job_cancelled') THEN
    RAISE EXCEPTION 'invalid stop reason %', coalesce(quote_literal(reason), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Reasons that may be given: review_clicked, feedback_submitted, replied, opted_out_sms, opted_out_email, unsubscribed, bounced, complained, owner_stopped, repeat_job, job_cancelled.',
            HINT = 'Use owner_stopped for a decision of your own.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_stop_reason(text) IS
'Internal: raises 22023 for a stop reason that a person or an application cannot give.';

CREATE FUNCTION campaign.stop_enrollment(enrollment uuid, reason text DEFAULT 'owner_stopped') RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  target record;
BEGIN
  PERFORM campaign.require_stop_reason(reason);
  PERFORM campaign.require_read_committed('stop_enrollment()');
  SELECT e.tenant_id, e.contact_id INTO target FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = ANY (campaign.writable_tenants()) AND e.id = enrollment;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'enrolment "%" does not exist', enrollment
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has an enrolment with this id.',
            HINT = 'Check the id; an enrolment of another tenant is not found.';
  END IF;
  PERFORM campaign.lock_contact(target.contact_id);
  RETURN campaign.stop_enrollments(target.tenant_id, ARRAY[enrollment], reason) > 0;
END $$;
COMMENT ON FUNCTION campaign.stop_enrollment(uuid, text) IS
'Stops a live enrolment: once it has returned, no claim and no begin_send of it succeeds. False if it had ended already. Raises 22023 for an unknown reason, P0002 for an enrolment that is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.stop_contact(contact uuid, reason text DEFAULT 'owner_stopped') RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM campaign.require_stop_reason(reason);
  PERFORM campaign.require_read_committed('stop_contact()');
  RETURN campaign.stop_contact_enrollments(campaign.lock_contact(contact), contact, reason);
END $$;
COMMENT ON FUNCTION campaign.stop_contact(uuid, text) IS
'Stops all live enrolments of a contact; returns how many. Raises 22023 for an unknown reason, P0002 for a contact that is not yours, 25000 above READ COMMITTED.';

ALTER TABLE campaign.campaign_enrollments ENABLE ROW LEVEL SECURITY;
CREATE POLICY campaign_enrollments_select ON campaign.campaign_enrollments FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.job_enrollments ENABLE ROW LEVEL SECURITY;
CREATE POLICY job_enrollments_select ON campaign.job_enrollments FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.enrollment_conflicts ENABLE ROW LEVEL SECURITY;
CREATE POLICY enrollment_conflicts_select ON campaign.enrollment_conflicts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.campaign_enrollments'),
  ('member', 'SELECT', 'TABLE campaign.job_enrollments'),
  ('member', 'SELECT', 'TABLE campaign.enrollment_conflicts'),
  ('member', 'EXECUTE', 'FUNCTION campaign.enroll(uuid, uuid, uuid, timestamptz)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.enroll_job(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.create_job(uuid, text, text, timestamptz, uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.stop_enrollment(uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.stop_contact(uuid, text)');

COMMENT ON TABLE campaign.campaign_enrollments IS 'A contact in a campaign. Active ones have a row in touch_queue; an active one of a paused campaign is frozen.';
COMMENT ON COLUMN campaign.campaign_enrollments.plan_version IS 'The plan that it started with.';
COMMENT ON COLUMN campaign.campaign_enrollments.status IS 'active, completed or stopped (machine enrollment).';
COMMENT ON COLUMN campaign.campaign_enrollments.stop_reason IS 'Why it was stopped; set if and only if status is stopped.';
COMMENT ON COLUMN campaign.campaign_enrollments.anchor_at IS 'What the sequence counts from: the job''s completion.';
COMMENT ON COLUMN campaign.campaign_enrollments.first_scheduled_at IS 'Scheduled time of touch 1; the others follow by their delays.';
COMMENT ON TABLE campaign.job_enrollments IS 'What became of each attempt to enrol a job, with the reason.';
COMMENT ON COLUMN campaign.job_enrollments.outcome IS 'enrolled, already_live, conflict, suppressed or not_matched.';
COMMENT ON TABLE campaign.enrollment_conflicts IS 'Contacts that were to be enrolled while they were in another live sequence.';
COMMENT ON POLICY campaign_enrollments_select ON campaign.campaign_enrollments IS 'Members read their tenants''.';
COMMENT ON POLICY job_enrollments_select ON campaign.job_enrollments IS 'Members read their tenants''.';
COMMENT ON POLICY enrollment_conflicts_select ON campaign.enrollment_conflicts IS 'Members read their tenants''.';
COMMENT ON TRIGGER life_cycle ON campaign.campaign_enrollments IS 'Status follows the machine enrollment; its steps are not logged.';
COMMENT ON TRIGGER follow_status ON campaign.jobs IS 'Completed enrols, do_not_send stops.';

-- >>> src/outreach/touch_queue.sql
-- The queue: one narrow row for the next touch of each live enrolment, and the workers that lease them.

CREATE TABLE campaign.workers (
  id            bigint NOT NULL,
  name          text NOT NULL,
  first_seen_at timestamptz NOT NULL,
  CONSTRAINT workers_pkey PRIMARY KEY (id),
  CONSTRAINT workers_name_check CHECK (name COLLATE "C" ~ '\S' AND pg_catalog.octet_length(name) <= 199)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.workers', '');

-- Rows are updated in place for a lease (HOT: no leased column is indexed) and move in the one
-- index when the next touch takes their place. Half of each page is left for that.
CREATE TABLE campaign.touch_queue (
  tenant_id     uuid NOT NULL,
  enrollment_id uuid NOT NULL,
  due_at        timestamptz NOT NULL,
  scheduled_at  timestamptz NOT NULL,
  lease_until   timestamptz NOT NULL DEFAULT '-infinity',
  claimed_at    timestamptz NOT NULL DEFAULT '-infinity',
  fence         bigint NOT NULL DEFAULT 0,
  worker_id     bigint NOT NULL DEFAULT 0,
  lane          integer NOT NULL,
  touch_number  smallint NOT NULL,
  attempt       smallint NOT NULL DEFAULT 0,
  attempt_base  smallint NOT NULL DEFAULT 0,
  resume_touch  smallint NOT NULL DEFAULT 0,
  flags         smallint NOT NULL DEFAULT 0,
  CONSTRAINT touch_queue_pkey PRIMARY KEY (tenant_id, lane, due_at, enrollment_id),
  CONSTRAINT touch_queue_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT touch_queue_touch_number_check CHECK (touch_number BETWEEN 1 AND 50),
  CONSTRAINT touch_queue_flags_check CHECK (flags BETWEEN 0 AND 3)
) WITH (fillfactor = 50);
-- the way of a stop to its row, and the proof that an enrolment has one next touch
CREATE UNIQUE INDEX touch_queue_enrollment_key ON campaign.touch_queue (tenant_id, enrollment_id);
-- what is out of the claims' way: stopped under a lease, or uncertain
CREATE INDEX touch_queue_aside_idx ON campaign.touch_queue (tenant_id, enrollment_id) WHERE due_at = 'infinity';
SELECT pg_catalog.pg_extension_config_dump('campaign.touch_queue', '');

CREATE FUNCTION campaign.notify_due(due_at timestamptz) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_notify_due';
COMMENT ON FUNCTION campaign.notify_due(timestamptz) IS
'Internal: notifies campaign_due, without payload, if the time is within campaign.notify_horizon. Returns whether it did.';

CREATE FUNCTION campaign.notify_campaign_due(tenant uuid, campaign uuid) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT campaign.notify_due(min(first.due_at))
    FROM campaign.lanes l
   CROSS JOIN LATERAL (SELECT min(q.due_at) AS due_at FROM campaign.touch_queue q WHERE q.tenant_id = $1 AND q.lane = l.lane) first
   WHERE l.tenant_id = $1 AND l.campaign_id = $2;
END;
COMMENT ON FUNCTION campaign.notify_campaign_due(uuid, uuid) IS
'Internal: wakes workers for the lanes of a campaign that was launched or resumed.';

CREATE FUNCTION campaign.claim_due_touches(worker text, max_touches integer DEFAULT 100, lease interval DEFAULT '5 minutes',
  tenants uuid[] DEFAULT NULL, channels text[] DEFAULT NULL, begin_now boolean DEFAULT false,
  OUT tenant_id uuid, OUT enrollment_id uuid, OUT campaign_id uuid, OUT contact_id uuid, OUT job_id uuid,
  OUT touch_number smallint, OUT channel text, OUT address text, OUT subject text, OUT body text, OUT body_html text,
  OUT sender_name text, OUT needs_pdf boolean, OUT attachments uuid[], OUT config jsonb, OUT scheduled_at timestamptz, OUT due_at timestamptz, OUT attempt smallint,
  OUT lease_token text, OUT lease_until timestamptz, OUT idempotency_key uuid)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_claim_due_touches';
COMMENT ON FUNCTION campaign.claim_due_touches(text, integer, interval, uuid[], text[], boolean) IS
'Leases up to max_touches (1 to 10000) due touches to a worker, oldest first and fair between tenants, and returns everything that a sender needs. Takes effect at commit: send only after it. tenants and channels restrict what is claimed; begin_now also begins each send, for a worker that prefers at most once. Raises 22023 for a bad argument, 25000 above READ COMMITTED, 25006 on a standby.';

CREATE FUNCTION campaign.begin_send(lease_token text) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_begin_send';
COMMENT ON FUNCTION campaign.begin_send(text) IS
'The point of no return between claim and report: checks everything once more and answers go, stopped, paused, suppressed or lease_lost. Only go may send, and only after the commit. Any other answer gives the lease back. Raises 22023 for what is no token, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.extend_lease(lease_token text, lease interval) RETURNS timestamptz
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_extend_lease';
COMMENT ON FUNCTION campaign.extend_lease(text, interval) IS
'Makes a live lease last for the given time from now; returns its new end. Raises CP004 if the lease is lost or has ended, 22023 for what is no token.';

CREATE FUNCTION campaign.release_touch(lease_token text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_release_touch';
COMMENT ON FUNCTION campaign.release_touch(text) IS
'Gives a touch that was not sent back to the queue, due as before, the attempt not counted. Raises CP004 if the lease is lost, 22023 for what is no token.';

CREATE TYPE campaign.touch_result AS (
  lease_token text,
  outcome     text,
  provider_id text,
  error       text,
  permanent   boolean,
  reason      text,
  at          timestamptz,
  metadata    jsonb
);
COMMENT ON TYPE campaign.touch_result IS
'One item of campaign.report_touches(): the token, outcome sent, failed or skipped, and what belongs to it: provider_id (sent), error and permanent (failed), reason (skipped), the time it happened (default now) and metadata.';

CREATE FUNCTION campaign.report_touches(results campaign.touch_result[],
  OUT lease_token text, OUT result text, OUT enrollment_status text, OUT next_due_at timestamptz)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_report_touches';
COMMENT ON FUNCTION campaign.report_touches(campaign.touch_result[]) IS
'Reports a batch: for each item, in its order, the result ok, logged (stopped meanwhile: logged, nothing advanced), lease_lost or invalid, the enrolment''s status and when its next touch is due. One bad item never spoils the others; the same report twice gives the same answer.';

CREATE FUNCTION campaign.complete_touch(token text, provider_id text DEFAULT NULL, at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
  OUT lease_token text, OUT result text, OUT enrollment_status text, OUT next_due_at timestamptz)
RETURNS record
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT r.* FROM campaign.report_touches(ARRAY[ROW($1, 'sent', $2, NULL, NULL, NULL, $3, $4)::campaign.touch_result]) r $$;
COMMENT ON FUNCTION campaign.complete_touch(text, text, timestamptz, jsonb) IS
'Reports a touch as sent, with the provider''s id of the message and the time it was sent (default now); answers as report_touches() does.';

CREATE FUNCTION campaign.fail_touch(token text, error text, permanent boolean DEFAULT false, at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
  OUT lease_token text, OUT result text, OUT enrollment_status text, OUT next_due_at timestamptz)
RETURNS record
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT r.* FROM campaign.report_touches(ARRAY[ROW($1, 'failed', NULL, $2, $3, NULL, $4, $5)::campaign.touch_result]) r $$;
COMMENT ON FUNCTION campaign.fail_touch(text, text, boolean, timestamptz, jsonb) IS
'Reports a touch as not sent: it is tried again after 1, 5 and 15 minutes until the campaign''s max_attempts, or, if permanent, counts as failed at once; answers as report_touches() does.';

CREATE FUNCTION campaign.skip_touch(token text, reason text, at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
  OUT lease_token text, OUT result text, OUT enrollment_status text, OUT next_due_at timestamptz)
RETURNS record
LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT r.* FROM campaign.report_touches(ARRAY[ROW($1, 'skipped', NULL, NULL, NULL, $2, $3, $4)::campaign.touch_result]) r $$;
COMMENT ON FUNCTION campaign.skip_touch(text, text, timestamptz, jsonb) IS
'Reports that a touch can never be sent, with the reason; the sequence goes on. Answers as report_touches() does.';

CREATE FUNCTION campaign.resolve_uncertain(token text, outcome text, note text DEFAULT NULL,
  OUT lease_token text, OUT result text, OUT enrollment_status text, OUT next_due_at timestamptz)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_touch record;
BEGIN
  IF outcome IS NULL OR outcome NOT IN ('sent', 'failed', 'skipped', 'retry') THEN
    RAISE EXCEPTION 'invalid outcome %', coalesce(quote_literal(outcome), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'An uncertain touch was sent, failed or skipped, or is to be tried again (retry).',
            HINT = 'Ask the provider what became of the message.';
  END IF;
  SELECT u.tenant_id, u.enrollment_id INTO found_touch
    FROM campaign.decode_touch_token(token) d
    JOIN campaign.touch_queue q ON q.tenant_id = d.tenant_id AND q.enrollment_id = d.enrollment_id AND q.fence = d.fence
    JOIN campaign.uncertain_touches u ON u.tenant_id = q.tenant_id AND u.enrollment_id = q.enrollment_id
   WHERE d.tenant_id = ANY (campaign.writable_tenants());
  IF NOT FOUND THEN
    RAISE EXCEPTION 'uncertain touch does not exist'
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No touch that you may settle is uncertain under this token.',
            HINT = 'See campaign.uncertain_touches for what is open.';
  END IF;
  IF outcome = 'retry' THEN
    PERFORM campaign.release_touch(token);
    SELECT e.status INTO enrollment_status FROM campaign.campaign_enrollments e
     WHERE e.tenant_id = found_touch.tenant_id AND e.id = found_touch.enrollment_id;
    SELECT q.due_at INTO next_due_at FROM campaign.touch_queue q
     WHERE q.tenant_id = found_touch.tenant_id AND q.enrollment_id = found_touch.enrollment_id;
    lease_token := token;
    result := CASE enrollment_status WHEN 'active' THEN 'ok' ELSE 'logged' END;
  ELSE
    SELECT r.* INTO lease_token, result, enrollment_status, next_due_at
      FROM campaign.report_touches(ARRAY[ROW(token, outcome, NULL, coalesce(note, 'resolved as failed'), true,
             coalesce(note, 'resolved as skipped'), NULL, NULL)::campaign.touch_result]) r;
  END IF;
END $$;
COMMENT ON FUNCTION campaign.resolve_uncertain(text, text, text) IS
'Settles a touch whose lease ended after begin_send and before its report (campaign.uncertain_touches): outcome sent, failed, skipped, or retry, with a note that is logged. Answers as report_touches() does. Raises 22023 for an unknown outcome or what is no token, P0002 if no touch of yours is uncertain under this token.';

CREATE FUNCTION campaign.touch_token(tenant uuid, lane integer, due_at timestamptz, enrollment uuid, touch smallint, attempt smallint, fence bigint)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_touch_token';
COMMENT ON FUNCTION campaign.touch_token(uuid, integer, timestamptz, uuid, smallint, smallint, bigint) IS
'The lease token of a queue row.';

CREATE FUNCTION campaign.decode_touch_token(token text,
  OUT tenant_id uuid, OUT enrollment_id uuid, OUT touch_number smallint, OUT attempt smallint, OUT fence bigint)
RETURNS record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_decode_touch_token';
COMMENT ON FUNCTION campaign.decode_touch_token(text) IS
'Internal: what a lease token says; raises 22023 for what is no token.';

CREATE FUNCTION campaign.touch_idempotency_key(tenant uuid, enrollment uuid, touch smallint) RETURNS uuid
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_touch_idempotency_key';
COMMENT ON FUNCTION campaign.touch_idempotency_key(uuid, uuid, smallint) IS
'The idempotency key that every attempt of a touch is claimed with: a UUID of version 8 from the SHA-256 of the three.';

-- The retried touch takes the place of the next one, which follows after it. What comes after an
-- enrolment's last touch is its end: the number behind the last.
CREATE FUNCTION campaign.retry_touch(enrollment uuid, touch_number integer) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  target record;
  campaign_status text;
  enrollment_status text;
  dead record;
  queued record;
  touch_lane integer;
BEGIN
  SELECT e.tenant_id, e.contact_id, e.campaign_id, e.plan_version INTO target FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = ANY (campaign.writable_tenants()) AND e.id = enrollment;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'enrolment "%" does not exist', enrollment
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has an enrolment with this id.',
            HINT = 'Check the id; an enrolment of another tenant is not found.';
  END IF;
  PERFORM campaign.require_read_committed('retry_touch()');
  PERFORM campaign.lock_tenant_key(target.tenant_id);
  SELECT c.status INTO campaign_status FROM campaign.campaigns c
   WHERE c.tenant_id = target.tenant_id AND c.id = target.campaign_id FOR KEY SHARE;
  IF campaign_status NOT IN ('running', 'paused') THEN
    RAISE EXCEPTION 'the campaign of the enrolment is %', campaign_status
      USING ERRCODE = 'CP002',
            DETAIL = 'A touch that is tried again would never be sent.',
            HINT = 'Only touches of running and paused campaigns are tried again.';
  END IF;
  PERFORM campaign.lock_contact(target.contact_id);
  SELECT e.status INTO enrollment_status FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = target.tenant_id AND e.id = enrollment FOR NO KEY UPDATE;
  IF enrollment_status = 'stopped' THEN
    RAISE EXCEPTION 'enrolment "%" is stopped', enrollment
      USING ERRCODE = 'CP002',
            DETAIL = 'Nothing is sent after a stop.',
            HINT = 'Enrol the contact again if the stop was a mistake.';
  END IF;
  SELECT q.* INTO queued FROM campaign.touch_queue q
   WHERE q.tenant_id = target.tenant_id AND q.enrollment_id = enrollment FOR UPDATE;
  SELECT d.attempt, d.scheduled_at, d.channel INTO dead FROM campaign.dead_touches d
   WHERE d.tenant_id = target.tenant_id AND d.enrollment_id = enrollment AND d.touch_number = touch_number;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'touch % of the enrolment has not failed', coalesce(touch_number::text, 'NULL')
      USING ERRCODE = 'CP002',
            DETAIL = 'Only a touch that counts as failed is tried again.',
            HINT = 'See campaign.dead_touches.';
  END IF;
  IF queued.flags <> 0 OR queued.lease_until > clock_timestamp() OR queued.resume_touch <> 0 THEN
    RAISE EXCEPTION 'touch % of the enrolment is under way', queued.touch_number
      USING ERRCODE = 'CP002',
            DETAIL = 'One touch of an enrolment is tried at a time.',
            HINT = 'Retry when it has been reported.';
  END IF;
  SELECT l.lane INTO touch_lane FROM campaign.lanes l
   WHERE l.tenant_id = target.tenant_id AND l.campaign_id = target.campaign_id AND l.channel = dead.channel;
  IF enrollment_status = 'completed' THEN
    IF EXISTS (SELECT FROM campaign.campaign_enrollments e
                WHERE e.tenant_id = target.tenant_id AND e.contact_id = target.contact_id AND e.status = 'active') THEN
      RAISE EXCEPTION 'the contact is in another live sequence'
        USING ERRCODE = 'CP002',
              DETAIL = 'Retrying would reopen an enrolment beside it.',
              HINT = 'Retry when the live enrolment has ended.';
    END IF;
    UPDATE campaign.campaign_enrollments e SET status = 'active', completed_at = NULL
     WHERE e.tenant_id = target.tenant_id AND e.id = enrollment;
    INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number, attempt, attempt_base, resume_touch)
    SELECT target.tenant_id, touch_lane, now_time, enrollment, dead.scheduled_at, touch_number, dead.attempt, dead.attempt, max(t.touch_number) + 1
      FROM campaign.campaign_touches t
     WHERE t.tenant_id = target.tenant_id AND t.campaign_id = target.campaign_id AND t.plan_version = target.plan_version;
  ELSE
    UPDATE campaign.touch_queue q
       SET lane = touch_lane, due_at = now_time, scheduled_at = dead.scheduled_at, touch_number = retry_touch.touch_number,
           attempt = dead.attempt, attempt_base = dead.attempt, resume_touch = queued.touch_number,
           lease_until = '-infinity', fence = 0
     WHERE q.tenant_id = target.tenant_id AND q.enrollment_id = enrollment;
  END IF;
  PERFORM campaign.notify_due(now_time);
  RETURN now_time;
END $$;
COMMENT ON FUNCTION campaign.retry_touch(uuid, integer) IS
'Tries a dead touch (campaign.dead_touches) again, now and with a full set of attempts; the sequence then goes on where it was. Reopens a completed enrolment. Returns when it is due; raises CP002 if the touch has not failed, the enrolment is stopped, its campaign is over or another touch is under way, P0002, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.next_due_at(tenants uuid[] DEFAULT NULL, channels text[] DEFAULT NULL) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT min(CASE WHEN free.due_at <= campaign.now() THEN free.due_at
                  -- a leased touch comes back when its lease ends; leases run on the wall clock
                  ELSE least(free.due_at,
                             (SELECT min(campaign.now() + (q.lease_until - clock_timestamp())) FROM campaign.touch_queue q
                               WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.lease_until > clock_timestamp()
                                 AND q.due_at <= campaign.now()
                                 AND (q.flags = 0 OR q.flags = 1 AND c.uncertain_policy = 'retry'))) END)
    FROM campaign.lanes l JOIN campaign.channels c ON c.channel = l.channel
    LEFT JOIN LATERAL (
      SELECT q.due_at FROM campaign.touch_queue q
       WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.lease_until <= clock_timestamp() AND q.due_at < 'infinity'
         AND (q.flags = 0 OR q.flags = 1 AND c.uncertain_policy = 'retry')
       ORDER BY q.due_at LIMIT 1) free ON true
   WHERE NOT l.paused AND ($1 IS NULL OR l.tenant_id = ANY ($1)) AND ($2 IS NULL OR l.channel = ANY ($2));
END;
COMMENT ON FUNCTION campaign.next_due_at(uuid[], text[]) IS
'When a claim with these restrictions may next find something, by the engine''s clock: in the past if it would now, NULL if nothing is queued. LISTEN campaign_due tells of what comes in meanwhile.';

ALTER TABLE campaign.touch_queue ENABLE ROW LEVEL SECURITY;
CREATE POLICY touch_queue_select ON campaign.touch_queue FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.touch_queue'),
  ('member', 'EXECUTE', 'FUNCTION campaign.touch_token(uuid, integer, timestamptz, uuid, smallint, smallint, bigint)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.touch_idempotency_key(uuid, uuid, smallint)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.resolve_uncertain(text, text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.retry_touch(uuid, integer)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.claim_due_touches(text, integer, interval, uuid[], text[], boolean)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.begin_send(text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.extend_lease(text, interval)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.release_touch(text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.report_touches(campaign.touch_result[])'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.complete_touch(text, text, timestamptz, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.fail_touch(text, text, boolean, timestamptz, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.skip_touch(text, text, timestamptz, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.next_due_at(uuid[], text[])'),
  ('worker', 'USAGE', 'TYPE campaign.touch_result');

COMMENT ON TABLE campaign.workers IS 'Every worker that has claimed, by the hash of its name.';
COMMENT ON COLUMN campaign.workers.id IS 'hashtextextended(name, 0), as touch_queue and send_logs carry it.';
COMMENT ON TABLE campaign.touch_queue IS 'The next touch of each live enrolment. Written by the engine only.';
COMMENT ON COLUMN campaign.touch_queue.due_at IS 'When it may be claimed, by the engine''s clock; infinity: not again (stopped or uncertain).';
COMMENT ON COLUMN campaign.touch_queue.scheduled_at IS 'When the plan wants it; retries and pauses move due_at, never this.';
COMMENT ON COLUMN campaign.touch_queue.lease_until IS 'End of the lease, by the wall clock.';
COMMENT ON COLUMN campaign.touch_queue.fence IS 'Random number of the lease: a token with another is stale.';
COMMENT ON COLUMN campaign.touch_queue.attempt IS 'Claims of this touch that were not released.';
COMMENT ON COLUMN campaign.touch_queue.attempt_base IS 'Attempts made before the operator''s retry; max_attempts counts from here.';
COMMENT ON COLUMN campaign.touch_queue.resume_touch IS 'Where the sequence goes on after a retried touch; 0: at the next one.';
COMMENT ON COLUMN campaign.touch_queue.flags IS 'Bits: 1 the send was begun, 2 the enrolment was stopped while a worker held the touch.';
COMMENT ON POLICY touch_queue_select ON campaign.touch_queue IS 'Members read their tenants''.';

-- >>> src/outreach/send_logs.sql
-- History: one row per attempt that reached an outcome, never changed and never deleted.

CREATE TABLE campaign.send_logs (
  tenant_id     uuid NOT NULL,
  id            uuid NOT NULL DEFAULT campaign.uuid_v7(),
  campaign_id   uuid,
  enrollment_id uuid,
  contact_id    uuid NOT NULL,
  template_id   uuid,
  touch_number  smallint,
  attempt       smallint,
  plan_version  integer,
  fence         bigint,
  worker_id     bigint,
  is_final      boolean NOT NULL,
  advanced      boolean NOT NULL,
  channel       text COLLATE "C" NOT NULL DEFAULT 'email',
  status        text NOT NULL,
  scheduled_at  timestamptz,
  claimed_at    timestamptz,
  sent_at       timestamptz,
  logged_at     timestamptz NOT NULL,
  address       text,
  subject       text,
  provider_id   text,
  reason        text,
  error         text,
  metadata      jsonb,
  CONSTRAINT send_logs_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT send_logs_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT send_logs_status_check CHECK (status IN ('sent', 'failed', 'skipped')),
  CONSTRAINT send_logs_sent_at_check CHECK ((status = 'sent') = (sent_at IS NOT NULL)),
  -- what is indexed fits in an index
  CONSTRAINT send_logs_provider_id_check CHECK (pg_catalog.octet_length(provider_id) <= 1000),
  CONSTRAINT send_logs_touch_number_check CHECK (touch_number >= 1),
  -- a touch of an enrolment, or a manual send
  CONSTRAINT send_logs_enrollment_check CHECK (
    (campaign_id IS NULL) = (enrollment_id IS NULL) AND (enrollment_id IS NULL) = (touch_number IS NULL)
    AND (enrollment_id IS NULL) = (attempt IS NULL))
);
CREATE UNIQUE INDEX send_logs_attempt_key ON campaign.send_logs (tenant_id, enrollment_id, touch_number, attempt) WHERE enrollment_id IS NOT NULL;
CREATE INDEX send_logs_campaign_idx ON campaign.send_logs (tenant_id, campaign_id, touch_number) WHERE campaign_id IS NOT NULL;
CREATE INDEX send_logs_contact_idx ON campaign.send_logs (tenant_id, contact_id, channel, sent_at);
CREATE INDEX send_logs_provider_idx ON campaign.send_logs (tenant_id, provider_id) WHERE provider_id IS NOT NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.send_logs', '');

CREATE FUNCTION campaign.log_send(contact uuid, channel text DEFAULT 'email', subject text DEFAULT NULL, address text DEFAULT NULL,
  provider_id text DEFAULT NULL, sent_at timestamptz DEFAULT NULL, template uuid DEFAULT NULL, metadata jsonb DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  new_id uuid := campaign.uuid_v7();
  target record;
BEGIN
  PERFORM campaign.lock_tenant_key(c.tenant_id) FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contact;
  SELECT c.tenant_id, c.email, c.phone, c.linkedin_url INTO target FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contact
     -- whoever deletes it meanwhile waits, and then finds history
     FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" does not exist', contact
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  IF NOT isfinite(sent_at) THEN
    RAISE EXCEPTION 'sent_at must be finite'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It says when the message was sent.',
            HINT = 'Leave sent_at out for now.';
  END IF;
  IF NOT EXISTS (SELECT FROM campaign.channels h WHERE h.channel = channel) THEN
    RAISE EXCEPTION 'channel % does not exist', coalesce(quote_literal(channel), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A send is logged under a channel.',
            HINT = 'See the table campaign.channels.';
  END IF;
  IF octet_length(provider_id) > 1000 THEN
    RAISE EXCEPTION 'provider_id is too long'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It has %s bytes, and 1000 are the most.', octet_length(provider_id)),
            HINT = 'Pass the id that the provider knows the message by, and the rest as metadata.';
  END IF;
  PERFORM FROM campaign.message_templates m WHERE m.tenant_id = target.tenant_id AND m.id = template FOR KEY SHARE;
  IF template IS NOT NULL AND NOT FOUND THEN
    RAISE EXCEPTION 'message template "%" does not exist', template
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The contact''s tenant has no template with this id.',
            HINT = 'Pass a template of the same tenant, or none.';
  END IF;
  INSERT INTO campaign.send_logs (tenant_id, id, contact_id, template_id, is_final, advanced, channel, status, sent_at, logged_at,
    address, subject, provider_id, metadata)
  SELECT target.tenant_id, new_id, contact, template, true, false, channel, 'sent', least(coalesce(sent_at, now_time), now_time), now_time,
         coalesce(address, CASE h.address_kind WHEN 'email' THEN target.email WHEN 'phone' THEN target.phone ELSE target.linkedin_url END),
         subject, provider_id, metadata
    FROM campaign.channels h WHERE h.channel = channel;
  RETURN new_id;
END $$;
COMMENT ON FUNCTION campaign.log_send(uuid, text, text, text, text, timestamptz, uuid, jsonb) IS
'Logs a message that a person sent outside every campaign, so that it shows in the contact''s history; returns its id. The address defaults to the contact''s for the channel, sent_at to now. Raises P0002 for a contact or template that is not yours, 22023 for an unknown channel, a provider_id of more than 1000 bytes and a time without end.';

ALTER TABLE campaign.send_logs ENABLE ROW LEVEL SECURITY;
CREATE POLICY send_logs_select ON campaign.send_logs FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.send_logs'),
  ('member', 'EXECUTE', 'FUNCTION campaign.log_send(uuid, text, text, text, text, timestamptz, uuid, jsonb)');

COMMENT ON TABLE campaign.send_logs IS 'One row per attempt that reached an outcome: sent, failed or skipped. Append-only; written by the engine and by campaign.log_send().';
COMMENT ON COLUMN campaign.send_logs.status IS 'What came of the attempt: sent, failed or skipped.';
COMMENT ON COLUMN campaign.send_logs.is_final IS 'Whether the outcome closes the touch; false: failed, and tried again.';
COMMENT ON COLUMN campaign.send_logs.advanced IS 'Whether the sequence moved by it; false for a report that came after a stop, for a retry and for a manual send.';
COMMENT ON COLUMN campaign.send_logs.scheduled_at IS 'When the plan wanted the touch.';
COMMENT ON COLUMN campaign.send_logs.claimed_at IS 'When the attempt was claimed, by the engine''s clock.';
COMMENT ON COLUMN campaign.send_logs.sent_at IS 'When it was sent; set only for what was sent.';
COMMENT ON COLUMN campaign.send_logs.logged_at IS 'When the outcome was recorded, by the engine''s clock.';
COMMENT ON COLUMN campaign.send_logs.address IS 'The contact''s address on the channel when the outcome was recorded.';
COMMENT ON COLUMN campaign.send_logs.fence IS 'Of the lease under which it was reported: a repeated report is known by it.';
COMMENT ON POLICY send_logs_select ON campaign.send_logs IS 'Members read their tenants''.';

-- >>> src/outreach/enrollment_views.sql
-- Pictures of an enrolment: per touch, per enrolment, and what waits for a person.

CREATE TYPE campaign.enrollment_touch AS (
  touch_number smallint,
  channel      text,
  scheduled_at timestamptz,
  due_at       timestamptz,
  sent_at      timestamptz,
  status       text,
  attempt      smallint
);
COMMENT ON TYPE campaign.enrollment_touch IS 'One touch of an enrolment, as campaign.enrollment_touches shows it.';

CREATE VIEW campaign.uncertain_touches WITH (security_invoker = true) AS
SELECT q.tenant_id, q.enrollment_id, l.campaign_id, e.contact_id, q.touch_number, l.channel, q.attempt, q.scheduled_at, q.claimed_at,
       q.lease_until AS lease_ended_at, q.lease_until + coalesce(c.uncertain_wait, '0') AS operator_at,
       campaign.touch_token(q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.touch_number, q.attempt, q.fence) AS lease_token,
       campaign.touch_idempotency_key(q.tenant_id, q.enrollment_id, q.touch_number) AS idempotency_key
  FROM campaign.touch_queue q
  JOIN campaign.lanes l ON l.tenant_id = q.tenant_id AND l.lane = q.lane
  JOIN campaign.channels c ON c.channel = l.channel
  JOIN campaign.campaign_enrollments e ON e.tenant_id = q.tenant_id AND e.id = q.enrollment_id
 WHERE q.flags IN (1, 3) AND q.lease_until <= pg_catalog.clock_timestamp()
   AND (q.flags = 3 OR c.uncertain_policy <> 'retry');
COMMENT ON VIEW campaign.uncertain_touches IS
'Touches whose lease ended after begin_send and before a report: nobody knows whether they were sent. From operator_at on they wait for campaign.resolve_uncertain(); a late report settles them too. Channels that retry (email, with the idempotency key) are not shown while their enrolment is live.';

CREATE VIEW campaign.dead_touches WITH (security_invoker = true) AS
SELECT l.tenant_id, l.enrollment_id, l.campaign_id, l.contact_id, l.touch_number, l.channel, l.address, l.attempt, l.scheduled_at,
       l.logged_at AS failed_at, l.error, l.reason
  FROM campaign.send_logs l
 WHERE l.status = 'failed' AND l.is_final AND l.enrollment_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM campaign.send_logs n
                    WHERE n.tenant_id = l.tenant_id AND n.enrollment_id = l.enrollment_id
                      AND n.touch_number = l.touch_number AND n.attempt > l.attempt)
   AND NOT EXISTS (SELECT FROM campaign.touch_queue q
                    WHERE q.tenant_id = l.tenant_id AND q.enrollment_id = l.enrollment_id AND q.touch_number = l.touch_number);
COMMENT ON VIEW campaign.dead_touches IS
'Touches that count as failed, permanently or after all attempts; campaign.retry_touch() tries one again.';

CREATE VIEW campaign.enrollment_touches WITH (security_invoker = true) AS
SELECT e.tenant_id, e.id AS enrollment_id, e.campaign_id, e.contact_id, t.touch_number, t.channel, t.label,
       coalesce(CASE WHEN q.touch_number = t.touch_number THEN q.scheduled_at END, l.scheduled_at,
                e.first_scheduled_at + (SELECT coalesce(sum(p.delay), '0') FROM campaign.campaign_touches p
                                         WHERE p.tenant_id = e.tenant_id AND p.campaign_id = e.campaign_id
                                           AND p.plan_version = e.plan_version AND p.touch_number BETWEEN 2 AND t.touch_number)) AS scheduled_at,
       CASE WHEN q.touch_number = t.touch_number AND q.due_at < 'infinity' THEN q.due_at END AS due_at,
       l.sent_at,
       CASE WHEN q.touch_number = t.touch_number THEN
              CASE WHEN q.lease_until > pg_catalog.clock_timestamp() THEN 'leased'
                   WHEN q.flags & 1 = 1 AND (q.flags = 3 OR h.uncertain_policy <> 'retry') THEN 'uncertain'
                   WHEN q.flags & 2 = 2 THEN 'cancelled'
                   WHEN c.status <> 'running' THEN 'frozen'
                   WHEN q.attempt > 0 THEN 'retrying'
                   ELSE 'scheduled' END
            WHEN l.status IS NOT NULL AND l.is_final THEN l.status
            WHEN e.status <> 'active' THEN 'cancelled'
            WHEN c.status <> 'running' THEN 'frozen'
            ELSE 'pending' END AS status,
       coalesce(CASE WHEN q.touch_number = t.touch_number THEN q.attempt END, l.attempt, 0::smallint) AS attempt
  FROM campaign.campaign_enrollments e
  JOIN campaign.campaigns c ON c.tenant_id = e.tenant_id AND c.id = e.campaign_id
  JOIN campaign.campaign_touches t ON t.tenant_id = e.tenant_id AND t.campaign_id = e.campaign_id AND t.plan_version = e.plan_version
  JOIN campaign.channels h ON h.channel = t.channel
  LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
  LEFT JOIN LATERAL (SELECT s.status, s.is_final, s.sent_at, s.scheduled_at, s.attempt FROM campaign.send_logs s
                      WHERE s.tenant_id = e.tenant_id AND s.enrollment_id = e.id AND s.touch_number = t.touch_number
                      ORDER BY s.attempt DESC LIMIT 1) l ON true;
COMMENT ON VIEW campaign.enrollment_touches IS
'One row per touch of each enrolment: when it is or was scheduled, due and sent, and its status: sent, failed, skipped, scheduled, pending (not next yet), retrying, leased, uncertain, frozen (campaign not running) or cancelled (enrolment ended).';

CREATE VIEW campaign.enrollment_timeline WITH (security_invoker = true) AS
SELECT e.tenant_id, e.id AS enrollment_id, e.campaign_id, e.contact_id, e.job_id, e.plan_version,
       CASE WHEN e.status = 'active' AND c.status <> 'running' THEN 'frozen' ELSE e.status END AS status,
       e.stop_reason, e.anchor_at, e.enrolled_at, e.completed_at, e.stopped_at, q.touch_number AS current_touch, t.touch_count,
       t.touches[1].scheduled_at AS touch_1_scheduled_at, t.touches[1].sent_at AS touch_1_sent_at, t.touches[1].status AS touch_1_status,
       t.touches[2].scheduled_at AS touch_2_scheduled_at, t.touches[2].sent_at AS touch_2_sent_at, t.touches[2].status AS touch_2_status,
       t.touches[3].scheduled_at AS touch_3_scheduled_at, t.touches[3].sent_at AS touch_3_sent_at, t.touches[3].status AS touch_3_status,
       t.touches[4].scheduled_at AS touch_4_scheduled_at, t.touches[4].sent_at AS touch_4_sent_at, t.touches[4].status AS touch_4_status,
       t.touches
  FROM campaign.campaign_enrollments e
  JOIN campaign.campaigns c ON c.tenant_id = e.tenant_id AND c.id = e.campaign_id
  LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
  CROSS JOIN LATERAL (
    SELECT pg_catalog.count(*)::integer AS touch_count,
           pg_catalog.array_agg(ROW(v.touch_number, v.channel, v.scheduled_at, v.due_at, v.sent_at, v.status, v.attempt)::campaign.enrollment_touch
                                ORDER BY v.touch_number) AS touches
      FROM campaign.enrollment_touches v WHERE v.tenant_id = e.tenant_id AND v.enrollment_id = e.id) t;
COMMENT ON VIEW campaign.enrollment_timeline IS
'One row per enrolment with the times and statuses of its first four touches and, in touches, of all; status is frozen for an active enrolment of a campaign that is not running.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.uncertain_touches'),
  ('member', 'SELECT', 'TABLE campaign.dead_touches'),
  ('member', 'SELECT', 'TABLE campaign.enrollment_touches'),
  ('member', 'SELECT', 'TABLE campaign.enrollment_timeline'),
  ('member', 'USAGE', 'TYPE campaign.enrollment_touch');

-- >>> src/install_tail.sql
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

