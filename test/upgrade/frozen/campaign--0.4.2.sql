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

CREATE FUNCTION campaign.uuids_v7(n integer) RETURNS uuid[]
  LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'campaign_uuids_v7';
COMMENT ON FUNCTION campaign.uuids_v7(integer) IS 'Internal: that many new ids as campaign.uuid_v7() makes them, in order.';

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

INSERT INTO campaign.schema_version (version, description) VALUES ('0.4.2', 'installed');

-- >>> src/core/transactions.sql
CREATE FUNCTION campaign.require_read_committed(function_name text) RETURNS void
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_require_read_committed';
COMMENT ON FUNCTION campaign.require_read_committed(text) IS
'Internal: raises 25000 above READ COMMITTED, for functions that lock and then look.';

CREATE FUNCTION campaign.force_sync_commit() RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_force_sync_commit';
COMMENT ON FUNCTION campaign.force_sync_commit() IS
'Internal: this transaction''s commit waits for the disk, whatever synchronous_commit says.';

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

CREATE FUNCTION campaign.asking_role() RETURNS oid
  LANGUAGE C STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_asking_role';
COMMENT ON FUNCTION campaign.asking_role() IS 'Internal: the role of the session (SET ROLE counts, a definer function does not), whatever a member is. NULL where current_member() is nobody because somebody else''s code runs.';

-- Who may claim and report for every tenant may do the rest of a worker's business for every tenant.
CREATE FUNCTION campaign.is_worker() RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN coalesce(pg_catalog.has_function_privilege(campaign.asking_role(), 'campaign.begin_send(pg_catalog.text)', 'EXECUTE'), false);
COMMENT ON FUNCTION campaign.is_worker() IS 'Internal: whether the asking role has the level worker, so that a function that members call as well knows no bounds of tenants.';

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
  quiet_from      time,
  quiet_until     time,
  conflict_policy text NOT NULL DEFAULT 'ask',
  review_cooldown interval NOT NULL DEFAULT '30 days',
  parallel_sequences boolean NOT NULL DEFAULT false,
  log_retention   interval,
  overlap_policy  text NOT NULL DEFAULT 'warn',
  CONSTRAINT tenants_pkey PRIMARY KEY (id),
  CONSTRAINT tenants_slug_key UNIQUE (slug),
  CONSTRAINT tenants_name_check CHECK (name COLLATE "C" OPERATOR(pg_catalog.~) '[^[:space:]]' AND name COLLATE "C" OPERATOR(pg_catalog.!~) '[[:cntrl:]]' AND pg_catalog.length(name) OPERATOR(pg_catalog.<=) 200),
  CONSTRAINT tenants_slug_check CHECK (slug OPERATOR(pg_catalog.~) '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  CONSTRAINT tenants_sender_name_check CHECK (sender_name COLLATE "C" OPERATOR(pg_catalog.~) '[^[:space:]]' AND sender_name COLLATE "C" OPERATOR(pg_catalog.!~) '[[:cntrl:]]' AND pg_catalog.length(sender_name) OPERATOR(pg_catalog.<=) 200),
  CONSTRAINT tenants_review_url_check CHECK (review_url COLLATE "C" OPERATOR(pg_catalog.~) '^https?://[^[:space:]]+$' AND pg_catalog.length(review_url) OPERATOR(pg_catalog.<=) 2000),
  CONSTRAINT tenants_link_base_url_check CHECK (link_base_url COLLATE "C" OPERATOR(pg_catalog.~) '^https?://[^[:space:]]+$' AND pg_catalog.length(link_base_url) OPERATOR(pg_catalog.<=) 2000),
  CONSTRAINT tenants_min_gap_check CHECK (min_gap OPERATOR(pg_catalog.>=) '0'::pg_catalog.interval
    AND min_gap OPERATOR(pg_catalog.<=) '366 days'::pg_catalog.interval),
  CONSTRAINT tenants_quiet_hours_check CHECK ((quiet_from IS NULL) OPERATOR(pg_catalog.=) (quiet_until IS NULL)),
  CONSTRAINT tenants_conflict_policy_check CHECK (conflict_policy IN ('ask', 'replace', 'skip', 'queue')),
  CONSTRAINT tenants_review_cooldown_check CHECK (review_cooldown OPERATOR(pg_catalog.>=) '7 days'::pg_catalog.interval
    AND review_cooldown OPERATOR(pg_catalog.<=) '90 days'::pg_catalog.interval),
  -- a review within the longest cooldown is always there to be seen
  CONSTRAINT tenants_log_retention_check CHECK (log_retention OPERATOR(pg_catalog.>=) '90 days'::pg_catalog.interval),
  CONSTRAINT tenants_overlap_policy_check CHECK (overlap_policy IN ('warn', 'block')),
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
COMMENT ON COLUMN campaign.tenants.quiet_from IS 'Start of the quiet hours, in the contact''s time zone; NULL: those of the channel.';
COMMENT ON COLUMN campaign.tenants.quiet_until IS 'End of the quiet hours, before quiet_from if they pass midnight; equal to it: there are none.';
COMMENT ON COLUMN campaign.tenants.conflict_policy IS 'What happens to a contact who is in another live sequence: ask, replace, skip or queue.';
COMMENT ON COLUMN campaign.tenants.review_cooldown IS 'Who reviewed or gave feedback is left alone for so long: 7 to 90 days.';
COMMENT ON COLUMN campaign.tenants.parallel_sequences IS 'Whether a contact may be in several campaigns at a time.';
COMMENT ON COLUMN campaign.tenants.log_retention IS 'How long ended history is kept, at least 90 days; NULL: for ever.';
COMMENT ON COLUMN campaign.tenants.overlap_policy IS 'What happens to a contact who is assigned to a campaign and is in another live one, or was written to a short time ago: warn, or block. Either stands in overlap_log.';
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
  -- The session keeps the plans of foreign keys: those that were made for small tables read all of a
  -- tenant's rows for each that goes.
  EXECUTE 'DISCARD PLANS';
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
  ('member', 'UPDATE (name, timezone, sender_name, review_url, link_base_url, min_gap, quiet_from, quiet_until, conflict_policy, review_cooldown, parallel_sequences, log_retention, overlap_policy)', 'TABLE campaign.tenants'),
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

-- >>> src/core/leases.sql
-- Leases of queues that are kept in SQL: a fence, an end and a token. The touch queue has its own token.

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

-- >>> src/core/clone_guard.sql
-- A copy of a cluster does not send until somebody says so: see campaign.clone_guard.

CREATE FUNCTION campaign.cluster_identity(OUT system_identifier bigint, OUT timeline integer, OUT database_id bigint,
  OUT data_directory text, OUT control_file bigint, OUT host text)
RETURNS record
  LANGUAGE C STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_cluster_identity';
COMMENT ON FUNCTION campaign.cluster_identity() IS 'What tells this database from a copy of it: system identifier, timeline, database, data directory, the inode of its control file, and the host''s name.';

-- Not dumped: what is loaded from a dump has to be armed. No id of a place is an OID or inode to be
-- followed; they are only compared.
CREATE TABLE campaign.armed_cluster (
  only_row          boolean NOT NULL DEFAULT true,
  system_identifier bigint NOT NULL,
  timeline          integer NOT NULL,
  database_id       bigint NOT NULL,
  data_directory    text NOT NULL,
  control_file      bigint NOT NULL,
  host              text NOT NULL,
  armed_at          timestamptz NOT NULL DEFAULT pg_catalog.now(),
  armed_by          name NOT NULL DEFAULT SESSION_USER,
  CONSTRAINT armed_cluster_pkey PRIMARY KEY (only_row),
  CONSTRAINT armed_cluster_only_row_check CHECK (only_row)
);
COMMENT ON TABLE campaign.armed_cluster IS 'The cluster that sends, as campaign.arm() found it: one row, or none. Compared where campaign.clone_guard is on. Not dumped, so that what is loaded from a dump does not send.';
COMMENT ON COLUMN campaign.armed_cluster.system_identifier IS 'Given by initdb and by pg_upgrade.';
COMMENT ON COLUMN campaign.armed_cluster.timeline IS 'Changed by promotion and by recovery to a point in time.';
COMMENT ON COLUMN campaign.armed_cluster.database_id IS 'Another one in a database made from this one as its template.';
COMMENT ON COLUMN campaign.armed_cluster.data_directory IS 'Its path.';
COMMENT ON COLUMN campaign.armed_cluster.control_file IS 'The inode of global/pg_control: another one in a copy of the files.';
COMMENT ON COLUMN campaign.armed_cluster.host IS 'The host''s name: another one where a snapshot of the disk is mounted.';

-- Always: an applied replica's changes reach the sessions there as well.
CREATE TRIGGER armed_cluster_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.armed_cluster
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER armed_cluster_forget_all AFTER TRUNCATE ON campaign.armed_cluster
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
ALTER TABLE campaign.armed_cluster ENABLE ALWAYS TRIGGER armed_cluster_forget;
ALTER TABLE campaign.armed_cluster ENABLE ALWAYS TRIGGER armed_cluster_forget_all;
COMMENT ON TRIGGER armed_cluster_forget ON campaign.armed_cluster IS 'Sessions remember that they found the cluster armed.';
COMMENT ON TRIGGER armed_cluster_forget_all ON campaign.armed_cluster IS 'Sessions remember that they found the cluster armed.';

CREATE VIEW campaign.clone_guard_differences AS
  SELECT d."position", d.aspect, d.armed, d.found
  FROM campaign.cluster_identity() c
  LEFT JOIN campaign.armed_cluster a ON true
  CROSS JOIN LATERAL (VALUES
    (1, 'system identifier', a.system_identifier::pg_catalog.text, c.system_identifier::pg_catalog.text),
    (2, 'timeline', a.timeline::pg_catalog.text, c.timeline::pg_catalog.text),
    (3, 'database', a.database_id::pg_catalog.text, c.database_id::pg_catalog.text),
    (4, 'data directory', a.data_directory, c.data_directory),
    (5, 'control file', a.control_file::pg_catalog.text, c.control_file::pg_catalog.text),
    (6, 'host', a.host, c.host)) AS d ("position", aspect, armed, found)
  WHERE d.armed IS DISTINCT FROM d.found;
COMMENT ON VIEW campaign.clone_guard_differences IS 'In what this cluster differs from the one that campaign.arm() was called on; no rows in that one itself, and everything where none was armed. What makes claims fail where campaign.clone_guard is on.';

CREATE FUNCTION campaign.arm() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  here record;
BEGIN
  SELECT c.* INTO here FROM campaign.cluster_identity() c;
  -- Also if nothing differs: it says when, and who.
  INSERT INTO campaign.armed_cluster AS a (system_identifier, timeline, database_id, data_directory, control_file, host)
    VALUES (here.system_identifier, here.timeline, here.database_id, here.data_directory, here.control_file, here.host)
    ON CONFLICT ON CONSTRAINT armed_cluster_pkey DO UPDATE
    SET (system_identifier, timeline, database_id, data_directory, control_file, host, armed_at, armed_by)
      = (excluded.system_identifier, excluded.timeline, excluded.database_id, excluded.data_directory,
         excluded.control_file, excluded.host, excluded.armed_at, excluded.armed_by);
END
$$;
COMMENT ON FUNCTION campaign.arm() IS 'Makes this cluster the one that sends, where campaign.clone_guard is on: records what identifies it. To be called once it is certain that no other cluster works on the same queue. For the level admin.';

CREATE FUNCTION campaign.require_armed_cluster(function_name text) RETURNS void
  LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'campaign_require_armed_cluster';
COMMENT ON FUNCTION campaign.require_armed_cluster(text) IS 'Internal: raises 55000 where campaign.clone_guard is on and the cluster is not the armed one.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('admin', 'EXECUTE', 'FUNCTION campaign.arm()'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.cluster_identity()'),
  ('admin', 'SELECT', 'TABLE campaign.armed_cluster'),
  ('admin', 'SELECT', 'TABLE campaign.clone_guard_differences');

-- >>> src/core/tenant_keys.sql
-- Secrets of a tenant: what links are signed and addresses are hashed with. Nobody reads them.

CREATE FUNCTION campaign.random_secret() RETURNS bytea
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_random_secret';
COMMENT ON FUNCTION campaign.random_secret() IS
'Internal: 32 bytes from the server''s strong random source.';

CREATE FUNCTION campaign.hmac_sha256(secret bytea, message bytea) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_hmac_sha256';
COMMENT ON FUNCTION campaign.hmac_sha256(bytea, bytea) IS
'Internal: HMAC-SHA256 (RFC 2104) of a message.';

CREATE TABLE campaign.tenant_keys (
  tenant_id  uuid NOT NULL,
  purpose    text COLLATE "C" NOT NULL,
  key_id     smallint NOT NULL,
  secret     bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  retired_at timestamptz,
  CONSTRAINT tenant_keys_pkey PRIMARY KEY (tenant_id, purpose, key_id),
  CONSTRAINT tenant_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT tenant_keys_purpose_check CHECK (purpose IN ('link', 'address')),
  CONSTRAINT tenant_keys_key_id_check CHECK (key_id >= 1),
  CONSTRAINT tenant_keys_secret_check CHECK (pg_catalog.octet_length(secret) = 32)
);
CREATE UNIQUE INDEX tenant_keys_current_key ON campaign.tenant_keys (tenant_id, purpose) WHERE retired_at IS NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.tenant_keys', '');
COMMENT ON TABLE campaign.tenant_keys IS 'Secrets of a tenant, which no access level reads. They are in every dump, as links that were sent must stay valid: keep dumps accordingly.';
COMMENT ON COLUMN campaign.tenant_keys.purpose IS 'link: signs the links in messages. address: hashes the addresses of erased contacts, and never changes.';
COMMENT ON COLUMN campaign.tenant_keys.key_id IS 'Numbered within tenant and purpose; a link carries it.';
COMMENT ON COLUMN campaign.tenant_keys.retired_at IS 'Since when another key signs. What this one signed is valid until campaign.drop_tenant_key().';

-- No policy: row security lets no member through.
ALTER TABLE campaign.tenant_keys ENABLE ROW LEVEL SECURITY;

-- Whoever makes keys has the tenant's row, so that two never meet at the unique index.
CREATE FUNCTION campaign.ensure_tenant_keys(tenant uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO campaign.tenant_keys (tenant_id, purpose, key_id, secret)
  SELECT tenant, p.purpose, 1, campaign.random_secret()
    FROM unnest(ARRAY['address', 'link']) AS p(purpose)
   WHERE NOT EXISTS (SELECT FROM campaign.tenant_keys k
                      WHERE k.tenant_id = tenant AND k.purpose = p.purpose AND k.retired_at IS NULL);
END $$;
COMMENT ON FUNCTION campaign.ensure_tenant_keys(uuid) IS
'Internal: gives a tenant the keys that it does not have; create_tenant() calls it, and whoever finds none after a dump of an older version was loaded.';

INSERT INTO campaign.tenant_initializers (function_name, "position") VALUES
  ('campaign.ensure_tenant_keys', 10);

CREATE FUNCTION campaign.list_tenant_keys(tenant uuid,
  OUT key_id smallint, OUT created_at timestamptz, OUT retired_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM campaign.lock_owned_tenant(tenant);
  RETURN QUERY
  SELECT k.key_id, k.created_at, k.retired_at FROM campaign.tenant_keys k
   WHERE k.tenant_id = tenant AND k.purpose = 'link' ORDER BY k.key_id;
END $$;
COMMENT ON FUNCTION campaign.list_tenant_keys(uuid) IS
'The keys that a tenant''s links are signed with, without their secrets (owners only): the current one has no retired_at. Raises P0002 for a tenant that is not yours, 42501 if you do not own it.';

CREATE FUNCTION campaign.rotate_tenant_key(tenant uuid) RETURNS smallint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_secret bytea := campaign.random_secret();
  at_time timestamptz := campaign.now();
  new_id smallint;
BEGIN
  PERFORM campaign.lock_owned_tenant(tenant);
  SELECT coalesce(max(k.key_id), 0) + 1 INTO new_id FROM campaign.tenant_keys k
   WHERE k.tenant_id = tenant AND k.purpose = 'link';
  UPDATE campaign.tenant_keys k SET retired_at = at_time
   WHERE k.tenant_id = tenant AND k.purpose = 'link' AND k.retired_at IS NULL;
  INSERT INTO campaign.tenant_keys (tenant_id, purpose, key_id, secret)
  VALUES (tenant, 'link', new_id, new_secret);
  RETURN new_id;
END $$;
COMMENT ON FUNCTION campaign.rotate_tenant_key(uuid) IS
'Makes a new key that signs the links of messages from now on (owners only); returns its number. Links that were signed before stay valid until campaign.drop_tenant_key(). Raises P0002 for a tenant that is not yours, 42501 if you do not own it.';

CREATE FUNCTION campaign.drop_tenant_key(tenant uuid, key_id integer) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  retired timestamptz;
BEGIN
  PERFORM campaign.lock_owned_tenant(tenant);
  SELECT k.retired_at INTO retired FROM campaign.tenant_keys k
   WHERE k.tenant_id = tenant AND k.purpose = 'link' AND k.key_id = drop_tenant_key.key_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'key % of the tenant does not exist', coalesce(key_id::text, 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The tenant''s links are not signed with a key of this number.',
            HINT = 'See campaign.list_tenant_keys().';
  END IF;
  IF retired IS NULL THEN
    RAISE EXCEPTION 'key % of the tenant is in use', key_id
      USING ERRCODE = 'CP002',
            DETAIL = 'New links are signed with it.',
            HINT = 'Make another one first, with campaign.rotate_tenant_key().';
  END IF;
  DELETE FROM campaign.tenant_keys k
   WHERE k.tenant_id = tenant AND k.purpose = 'link' AND k.key_id = drop_tenant_key.key_id;
END $$;
COMMENT ON FUNCTION campaign.drop_tenant_key(uuid, integer) IS
'Forgets a retired key (owners only): no link that was signed with it is valid any more. Raises CP002 for the current key, P0002 for an unknown one and for a tenant that is not yours, 42501 if you do not own it.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.list_tenant_keys(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.rotate_tenant_key(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.drop_tenant_key(uuid, integer)');

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
  quiet_from time NOT NULL DEFAULT '21:00',
  quiet_until time NOT NULL DEFAULT '08:00',
  hourly_limit integer,
  contact_interval interval NOT NULL DEFAULT '1 hour',
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
    AND uncertain_wait OPERATOR(pg_catalog.>) interval '0'),
  CONSTRAINT channels_hourly_limit_check CHECK (hourly_limit OPERATOR(pg_catalog.>=) 0),
  CONSTRAINT channels_contact_interval_check CHECK (contact_interval OPERATOR(pg_catalog.>=) interval '0'
    AND contact_interval OPERATOR(pg_catalog.<=) interval '366 days')
);
SELECT pg_catalog.pg_extension_config_dump('campaign.channels', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.channels IS 'What a message can be sent over, for all tenants. Channels of your own, made by add_channel(), have names that start with x_.';
COMMENT ON COLUMN campaign.channels.has_subject IS 'Messages have a subject beside their body.';
COMMENT ON COLUMN campaign.channels.has_body IS 'Messages have a text at all.';
COMMENT ON COLUMN campaign.channels.body_limit IS 'Most characters that a body may have, placeholders as written.';
COMMENT ON COLUMN campaign.channels.address_kind IS 'Which address of the contact is used: email, phone or linkedin_url.';
COMMENT ON COLUMN campaign.channels.consent IS 'What the contact''s consent must be: opted_in (asked and agreed) or not_opted_out.';
COMMENT ON COLUMN campaign.channels.uncertain_policy IS 'What happens to a touch of which nobody knows whether it was sent: retry (the provider knows the idempotency key), operator (a person decides), wait (for uncertain_wait, then a person decides).';
COMMENT ON COLUMN campaign.channels.quiet_from IS 'Start of the quiet hours, in the contact''s time zone, unless tenant or contact have their own.';
COMMENT ON COLUMN campaign.channels.quiet_until IS 'End of the quiet hours; equal to quiet_from: there are none.';
COMMENT ON COLUMN campaign.channels.hourly_limit IS 'Most touches an hour of a tenant that has no row in send_limits; NULL: no limit.';
COMMENT ON COLUMN campaign.channels.contact_interval IS 'Least time between two touches of one contact, unless send_limits says otherwise.';
COMMENT ON COLUMN campaign.channels.seeded IS 'The row comes with the extension and is changed by nobody.';

ALTER TABLE campaign.channels ENABLE ROW LEVEL SECURITY;
CREATE POLICY channels_select ON campaign.channels FOR SELECT
  USING ((SELECT pg_catalog.cardinality(campaign.readable_tenants()) OPERATOR(pg_catalog.>) 0));
COMMENT ON POLICY channels_select ON campaign.channels IS 'Whoever is a member of some tenant reads the channels. Changed through functions only.';

INSERT INTO campaign.channels
  (channel, name, has_subject, body_limit, address_kind, consent, uncertain_policy, uncertain_wait, hourly_limit, seeded)
VALUES
  ('email', 'Email', true, 100000, 'email', 'not_opted_out', 'retry', NULL, 100, true),
  ('sms', 'SMS', false, 1600, 'phone', 'opted_in', 'operator', NULL, 100, true),
  ('linkedin_connect', 'LinkedIn invitation', false, 300, 'linkedin_url', 'not_opted_out', 'operator', NULL, NULL, true),
  ('linkedin_message', 'LinkedIn message', false, 1900, 'linkedin_url', 'not_opted_out', 'operator', NULL, NULL, true),
  ('call', 'Phone call', false, 2000, 'phone', 'not_opted_out', 'wait', interval '24 hours', NULL, true);

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
COMMENT ON FUNCTION campaign.unwrap_template_config(jsonb) IS 'Undoes double encoding: of a string that holds the JSON text of an array, however often encoded, that array; an array as it is, its elements that are such strings as the objects that they hold. The result is not validated. Raises CP003 for anything else.';

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

-- >>> src/outreach/generation_config.sql
-- generation_config: how the messages of a campaign are generated, as a document. What a run leaves behind is never kept in it.

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

-- >>> src/outreach/sender_config.sql
-- sender_config: who sends the messages of a campaign and at what pace, as a document for its workers.

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
  default_config campaign.generation_config NOT NULL DEFAULT '{}',
  is_system boolean NOT NULL GENERATED ALWAYS AS
    (tenant_id OPERATOR(pg_catalog.=) '00000000-0000-0000-0000-000000000000'::uuid) STORED,
  seeded boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  version integer NOT NULL DEFAULT 1,
  copied_from uuid,
  copied_version integer,
  CONSTRAINT campaign_templates_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT campaign_templates_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT campaign_templates_name_check CHECK (pg_catalog.char_length(pg_catalog.btrim(name)) BETWEEN 1 AND 255),
  CONSTRAINT campaign_templates_description_check CHECK (pg_catalog.char_length(description) BETWEEN 0 AND 2000),
  CONSTRAINT campaign_templates_version_check CHECK (version OPERATOR(pg_catalog.>=) 1),
  CONSTRAINT campaign_templates_copied_check CHECK (
    (copied_from IS NULL) OPERATOR(pg_catalog.=) (copied_version IS NULL))
);
SELECT pg_catalog.pg_extension_config_dump('campaign.campaign_templates', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.campaign_templates IS 'Sequences to make campaigns from: the system tenant''s presets, and those that a tenant saved. A campaign copies what it uses, so changing or deleting a template touches no campaign.';
COMMENT ON COLUMN campaign.campaign_templates.template_config IS 'The steps.';
COMMENT ON COLUMN campaign.campaign_templates.default_config IS 'The generation_config of campaigns that are made from it, such as {"tone": "professional", "language": "en"}.';
COMMENT ON COLUMN campaign.campaign_templates.is_system IS 'The template belongs to the system tenant: used by everybody, changed by nobody.';
COMMENT ON COLUMN campaign.campaign_templates.seeded IS 'The row comes with the extension and is changed by nobody.';
COMMENT ON COLUMN campaign.campaign_templates.version IS 'Counts changes of description, steps and settings; a copy begins at the version that it was copied at.';
COMMENT ON COLUMN campaign.campaign_templates.copied_from IS 'The system template that it was copied from. Not a foreign key: the copy stands on its own.';
COMMENT ON COLUMN campaign.campaign_templates.copied_version IS 'Version of the system template that was copied. Unlike version, the tenant has changed its copy since.';

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

-- Who sets the versions himself, as upgrade_campaign_template() does, changes one of the two. An update
-- script that changes a seed comes by here, too: the seed above then states the version that results.
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

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.campaign_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.campaign_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.campaign_templates
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
COMMENT ON TRIGGER protect_seeded ON campaign.campaign_templates IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.campaign_templates IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER touch_updated_at ON campaign.campaign_templates IS 'Keeps updated_at.';

-- A template that the caller may use, and where what is made of it goes.
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
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.campaign_templates'),
  ('member', 'INSERT (tenant_id, name, description, template_config, default_config)', 'TABLE campaign.campaign_templates'),
  ('member', 'UPDATE (name, description, template_config, default_config)', 'TABLE campaign.campaign_templates'),
  ('member', 'DELETE', 'TABLE campaign.campaign_templates');

-- >>> src/outreach/contacts.sql
-- Contacts, their companies, what they consented to, and the addresses that are never used again.

-- What a CHECK asks is the same in every locale, or a dump would not load elsewhere.
CREATE FUNCTION campaign.normalize_address(address text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_normalize_address';
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
  quiet_from          time,
  quiet_until         time,
  erased_at           timestamptz,
  CONSTRAINT contacts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT contacts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT contacts_company_fkey FOREIGN KEY (tenant_id, company_id) REFERENCES campaign.companies (tenant_id, id),
  CONSTRAINT contacts_external_id_key UNIQUE (tenant_id, external_id),
  CONSTRAINT contacts_address_check CHECK (email IS NOT NULL OR phone IS NOT NULL OR linkedin_url IS NOT NULL OR erased_at IS NOT NULL),
  CONSTRAINT contacts_quiet_hours_check CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),
  CONSTRAINT contacts_erased_check CHECK (erased_at IS NULL OR archived_at IS NOT NULL AND attributes = '{}' AND NOT is_disqualified
    AND pg_catalog.num_nonnulls(first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member,
      job_title, seniority, icp_fit, score, external_id, quiet_from) = 0),
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
-- whether a tenant has erased anybody: only then is an address hashed to be looked up
CREATE INDEX suppressions_erased_idx ON campaign.suppressions (tenant_id) WHERE pg_catalog.starts_with(address, 'hmac-sha256:');
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

-- One contact at a time: with a list the planner may take the contact for the lesser condition and read
-- all live enrolments of the tenant.
CREATE FUNCTION campaign.live_enrollments(tenant uuid, contacts uuid[]) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT l.id FROM unnest(contacts) AS k(id)
                CROSS JOIN LATERAL (SELECT e.id FROM campaign.campaign_enrollments e
                                     WHERE e.tenant_id = tenant AND e.contact_id = k.id AND e.status = 'active' OFFSET 0) l
                ORDER BY l.id);
END $$;
COMMENT ON FUNCTION campaign.live_enrollments(uuid, uuid[]) IS
'Internal: the live enrolments of contacts, in order.';

-- Claims lock queue rows only. Whoever changes what a gate reads of a contact holds the
-- contact's queue rows until it commits, so that no claim can decide without seeing it.
CREATE FUNCTION campaign.lock_contact_touches(tenant uuid, contacts uuid[]) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  one uuid;
  locked uuid[] := '{}';
BEGIN
  FOREACH one IN ARRAY campaign.live_enrollments(tenant, contacts) LOOP
    PERFORM FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = one FOR UPDATE;
    IF FOUND THEN
      locked := locked || one;
    END IF;
  END LOOP;
  RETURN locked;
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
  PERFORM campaign.refuse_erased(owner_tenant, contact);
  PERFORM campaign.lock_contact_touches(owner_tenant, ARRAY[contact]);
  INSERT INTO campaign.consents AS c (tenant_id, contact_id, channel, state, at, source, method)
  VALUES (owner_tenant, contact, channel, state, at_time, source, method)
  ON CONFLICT ON CONSTRAINT consents_pkey
  DO UPDATE SET state = EXCLUDED.state, at = EXCLUDED.at, source = EXCLUDED.source, method = EXCLUDED.method;
END $$;
COMMENT ON FUNCTION campaign.set_consent(uuid, text, text, text, text) IS
'Records what a contact consented to on a channel: opted_in, opted_out or unknown, with its source and method. Takes effect for every claim and begin_send after the commit. Raises P0002 for a contact that is not yours, CP002 for one that was erased, 22023 for an unknown channel or state, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.suppress_address(tenant uuid, address text, reason text DEFAULT 'manual', note text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  normal text := campaign.normalize_address(address);
  hashed text;
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
  hashed := campaign.address_hash(tenant, normal);
  SELECT array_agg(l.id ORDER BY l.id) INTO affected
    FROM (SELECT c.id FROM campaign.contacts c
           WHERE c.tenant_id = tenant
             AND (campaign.normalize_address(c.email) = normal OR c.phone = normal
                  OR campaign.normalize_address(c.linkedin_url) = normal)
           ORDER BY c.id FOR NO KEY UPDATE) l;
  PERFORM campaign.lock_contact_touches(tenant, affected);
  -- it may stand there as a hash, since an erased contact had it
  INSERT INTO campaign.suppressions (tenant_id, address, reason, at, note)
  SELECT tenant, normal, reason, at_time, note
   WHERE NOT EXISTS (SELECT FROM campaign.suppressions s WHERE s.tenant_id = tenant AND s.address = hashed)
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
  hashed text;
BEGIN
  PERFORM campaign.lock_owned_tenant(tenant);
  hashed := campaign.address_hash(tenant, normal);
  DELETE FROM campaign.suppressions s WHERE s.tenant_id = tenant AND s.address IN (normal, hashed);
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
  PERFORM campaign.refuse_erased(owner_tenant, contact);
  UPDATE campaign.contacts c SET archived_at = NULL
   WHERE c.tenant_id = owner_tenant AND c.id = contact AND c.archived_at IS NOT NULL;
END $$;
COMMENT ON FUNCTION campaign.unarchive_contact(uuid) IS
'Takes a contact back from the archive. Stopped enrolments stay stopped. Raises P0002 for a contact that is not yours, CP002 for one that was erased.';

-- A worker was given the old address, and its suppression would not find the contact any more:
-- what is leased and not begun goes back, to be claimed with the new one.
CREATE FUNCTION campaign.follow_contact_address() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  live uuid[] := campaign.lock_contact_touches(NEW.tenant_id, ARRAY[NEW.id]);
  lease_time timestamptz := clock_timestamp();
BEGIN
  PERFORM campaign.return_send_usage(q.tenant_id, q.lane, q.claimed_at) FROM campaign.touch_queue q
   WHERE q.tenant_id = NEW.tenant_id AND q.enrollment_id = ANY (live) AND q.flags = 0 AND q.lease_until > lease_time;
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
  ('member', 'INSERT (tenant_id, first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, quiet_from, quiet_until)', 'TABLE campaign.contacts'),
  ('member', 'UPDATE (first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, quiet_from, quiet_until)', 'TABLE campaign.contacts'),
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
COMMENT ON COLUMN campaign.companies.tier IS 'How much the company matters to the tenant, in words of his own; filters compare it exactly.';
COMMENT ON COLUMN campaign.companies.industry IS 'In words of the tenant''s own; filters compare it exactly.';
COMMENT ON TABLE campaign.contacts IS 'The people a tenant writes to. At least one of email, phone and linkedin_url.';
COMMENT ON COLUMN campaign.contacts.name IS 'First and last name, generated.';
COMMENT ON COLUMN campaign.contacts.email IS 'E-mail address as given; compared in lower case.';
COMMENT ON COLUMN campaign.contacts.phone IS 'Phone number in E.164, such as +4930123456.';
COMMENT ON COLUMN campaign.contacts.timezone IS 'IANA time zone of the contact; unknown names are kept and fall back to the tenant''s.';
COMMENT ON COLUMN campaign.contacts.language IS 'ISO 639-1 code.';
COMMENT ON COLUMN campaign.contacts.company_id IS 'The company, of which tier and industry are.';
COMMENT ON COLUMN campaign.contacts.owner_member IS 'The member who looks after the contact.';
COMMENT ON COLUMN campaign.contacts.seniority IS 'In words of the tenant''s own; filters compare it exactly.';
COMMENT ON COLUMN campaign.contacts.icp_fit IS 'How well the contact fits the ideal customer, in words of the tenant''s own; filters compare it exactly.';
COMMENT ON COLUMN campaign.contacts.score IS 'The higher, the better; NULL: not judged.';
COMMENT ON COLUMN campaign.contacts.is_disqualified IS 'Not to be assigned to campaigns.';
COMMENT ON COLUMN campaign.contacts.attributes IS 'Object of whatever the tenant knows, at most 64 kB; {{contact.attributes.<key>}} in a message.';
COMMENT ON COLUMN campaign.contacts.external_id IS 'The contact''s id in the tenant''s own systems; unique within the tenant.';
COMMENT ON COLUMN campaign.contacts.quiet_from IS 'Start of the contact''s own quiet hours; NULL: those of the tenant, else of the channel.';
COMMENT ON COLUMN campaign.contacts.quiet_until IS 'End of the contact''s own quiet hours; equal to quiet_from: there are none.';
COMMENT ON COLUMN campaign.contacts.erased_at IS 'Set by campaign.erase_contact(): nothing personal is left in the row.';
COMMENT ON COLUMN campaign.contacts.archived_at IS 'Set by campaign.archive_contact(): an archived contact receives nothing.';
COMMENT ON TABLE campaign.consents IS 'What a contact said about a channel; written by campaign.set_consent().';
COMMENT ON COLUMN campaign.consents.at IS 'When it was said, by the engine''s clock.';
COMMENT ON TABLE campaign.suppressions IS 'Addresses that are never used again, in normal form, or as a keyed hash (hmac-sha256:...) where the contact was erased; written by campaign.suppress_address().';
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

-- >>> src/outreach/address_hash.sql
-- Addresses of erased contacts: known again, and not readable.

CREATE FUNCTION campaign.address_hash(tenant uuid, address text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT 'hmac-sha256:' || encode(campaign.hmac_sha256(k.secret, convert_to(campaign.normalize_address($2), 'UTF8')), 'hex')
    FROM campaign.tenant_keys k
   WHERE k.tenant_id = $1 AND k.purpose = 'address' AND k.retired_at IS NULL;
END;
COMMENT ON FUNCTION campaign.address_hash(uuid, text) IS
'Internal: the keyed hash under which a tenant keeps the address of an erased contact, of its normal form; NULL for a tenant without keys (see ensure_tenant_keys()).';

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
                OR EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = OLD.tenant_id AND l.contact_id = OLD.id)
                OR EXISTS (SELECT FROM campaign.touch_events v WHERE v.tenant_id = OLD.tenant_id AND v.contact_id = OLD.id);
  ELSIF TG_TABLE_NAME = 'jobs' THEN
    has_history := EXISTS (SELECT FROM campaign.campaign_enrollments e WHERE e.tenant_id = OLD.tenant_id AND e.job_id = OLD.id);
  ELSE
    has_history := EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = OLD.tenant_id AND l.template_id = OLD.id)
                OR EXISTS (SELECT FROM campaign.campaign_touches t WHERE t.tenant_id = OLD.tenant_id AND t.template_id = OLD.id);
  END IF;
  IF has_history THEN
    RAISE EXCEPTION '% "%" has history and cannot be deleted', TG_ARGV[0], OLD.id
      USING ERRCODE = 'foreign_key_violation',
            DETAIL = 'Enrolments, plans, sent messages or events refer to it.',
            HINT = TG_ARGV[1], SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
  END IF;
  RETURN OLD;
END $$;
COMMENT ON FUNCTION campaign.keep_history() IS
'Trigger (noun, hint): refuses (23503) the deletion of a row that enrolments, plans or the send log refer to.';
CREATE TRIGGER keep_history BEFORE DELETE ON campaign.contacts
  FOR EACH ROW EXECUTE FUNCTION campaign.keep_history('contact', 'Archive the contact with campaign.archive_contact(), or have campaign.erase_contact() forget the person.');
CREATE TRIGGER keep_history BEFORE DELETE ON campaign.message_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.keep_history('message template', 'Set archived_at: an archived template is no longer chosen.');
CREATE TRIGGER keep_history BEFORE DELETE ON campaign.jobs
  FOR EACH ROW EXECUTE FUNCTION campaign.keep_history('job', 'Set its status to do_not_send.');
COMMENT ON TRIGGER keep_history ON campaign.contacts IS 'What history refers to stays.';
COMMENT ON TRIGGER keep_history ON campaign.message_templates IS 'What history refers to stays.';
COMMENT ON TRIGGER keep_history ON campaign.jobs IS 'What history refers to stays.';

-- >>> src/outreach/quiet_hours.sql
-- Quiet hours: when a contact may be written to, by the clock on the wall where he is.

CREATE TABLE campaign.blackout_dates (
  tenant_id  uuid NOT NULL,
  day        date NOT NULL,
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT blackout_dates_pkey PRIMARY KEY (tenant_id, day),
  CONSTRAINT blackout_dates_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT blackout_dates_day_check CHECK (pg_catalog.isfinite(day)),
  CONSTRAINT blackout_dates_name_check CHECK (name COLLATE "C" ~ '\S' AND pg_catalog.length(name) <= 255)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.blackout_dates', '');
COMMENT ON TABLE campaign.blackout_dates IS 'Days, such as holidays, on which a tenant sends nothing. A touch that is due then waits until the day is over where its contact is, and for the quiet hours after it.';
COMMENT ON COLUMN campaign.blackout_dates.day IS 'The whole day from midnight to midnight, in the contact''s time zone.';
COMMENT ON COLUMN campaign.blackout_dates.name IS 'What the day is, at most 255 characters.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.blackout_dates
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
COMMENT ON TRIGGER touch_updated_at ON campaign.blackout_dates IS 'Keeps updated_at.';

ALTER TABLE campaign.blackout_dates ENABLE ROW LEVEL SECURITY;
CREATE POLICY blackout_dates_select ON campaign.blackout_dates FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY blackout_dates_insert ON campaign.blackout_dates FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY blackout_dates_update ON campaign.blackout_dates FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY blackout_dates_delete ON campaign.blackout_dates FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
COMMENT ON POLICY blackout_dates_select ON campaign.blackout_dates IS 'Members read their tenants''.';
COMMENT ON POLICY blackout_dates_insert ON campaign.blackout_dates IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY blackout_dates_update ON campaign.blackout_dates IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY blackout_dates_delete ON campaign.blackout_dates IS 'Owners and editors write their tenants''.';

CREATE FUNCTION campaign.next_allowed_at(at timestamptz, timezone text, quiet_from time, quiet_until time, blackouts date[] DEFAULT '{}')
RETURNS timestamptz
  LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_next_allowed_at';
COMMENT ON FUNCTION campaign.next_allowed_at(timestamptz, text, time, time, date[]) IS
'The first instant from at on that is neither within the quiet hours nor on a blackout, by the local clock of the time zone (NULL: UTC): at itself if it is allowed, infinity if there is none within 400 days. Quiet hours begin at quiet_from and end before quiet_until, over midnight if that is earlier; equal or both NULL: there are none. Raises 22023 for an unknown time zone and for half a window.';

CREATE FUNCTION campaign.effective_timezone(contact_timezone text, tenant_timezone text) RETURNS text
  LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_effective_timezone';
COMMENT ON FUNCTION campaign.effective_timezone(text, text) IS
'The time zone that the engine goes by: the contact''s if the server knows it, else the tenant''s, else UTC.';

CREATE FUNCTION campaign.contact_next_allowed_at(contact uuid, channel text, at timestamptz DEFAULT campaign.now())
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  found_channel campaign.channels;
  result timestamptz;
BEGIN
  SELECT c.* INTO found_channel FROM campaign.channels c WHERE c.channel = contact_next_allowed_at.channel;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'channel % does not exist', coalesce(quote_literal(channel), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Quiet hours are those of a channel, unless tenant or contact have their own.',
            HINT = 'See the table campaign.channels.';
  END IF;
  SELECT campaign.next_allowed_at(at, campaign.effective_timezone(k.timezone, t.timezone),
           coalesce(k.quiet_from, t.quiet_from, found_channel.quiet_from),
           coalesce(k.quiet_until, t.quiet_until, found_channel.quiet_until),
           ARRAY(SELECT b.day FROM campaign.blackout_dates b WHERE b.tenant_id = k.tenant_id))
    INTO result
    FROM campaign.contacts k JOIN campaign.tenants t ON t.id = k.tenant_id
   WHERE k.tenant_id = ANY (campaign.readable_tenants()) AND k.id = contact;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact % does not exist', coalesce('"' || contact || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may read has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  RETURN result;
END $$;
COMMENT ON FUNCTION campaign.contact_next_allowed_at(uuid, text, timestamptz) IS
'The first instant from at on at which quiet hours and blackouts let a contact be written to over a channel, in the contact''s time zone (else the tenant''s, else UTC). The contact''s quiet hours come before the tenant''s, and those before the channel''s. Raises P0002 for a contact that is not yours, 22023 for an unknown channel.';

CREATE VIEW campaign.timezone_problems WITH (security_invoker = true) AS
SELECT 'tenant' AS kind, t.id AS tenant_id, NULL::uuid AS contact_id, t.timezone,
       campaign.effective_timezone(NULL, t.timezone) AS effective_timezone
  FROM campaign.tenants t
 WHERE NOT campaign.is_timezone(t.timezone)
UNION ALL
SELECT 'contact', k.tenant_id, k.id, k.timezone, campaign.effective_timezone(k.timezone, t.timezone)
  FROM campaign.contacts k
  JOIN campaign.tenants t ON t.id = k.tenant_id
 WHERE k.archived_at IS NULL AND NOT campaign.is_timezone(k.timezone);
COMMENT ON VIEW campaign.timezone_problems IS
'Tenants, and contacts who are not archived, whose time zone the server does not know, with the one that the engine goes by instead.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.blackout_dates'),
  ('member', 'INSERT (tenant_id, day, name)', 'TABLE campaign.blackout_dates'),
  ('member', 'UPDATE (day, name)', 'TABLE campaign.blackout_dates'),
  ('member', 'DELETE', 'TABLE campaign.blackout_dates'),
  ('member', 'SELECT', 'TABLE campaign.timezone_problems'),
  ('member', 'EXECUTE', 'FUNCTION campaign.next_allowed_at(timestamptz, text, time, time, date[])'),
  ('member', 'EXECUTE', 'FUNCTION campaign.effective_timezone(text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.contact_next_allowed_at(uuid, text, timestamptz)');

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

-- >>> src/outreach/campaign_copies.sql
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
  throttled_until timestamptz NOT NULL DEFAULT '-infinity',
  paused_at     timestamptz,
  resumed_at    timestamptz NOT NULL DEFAULT '-infinity',
  resume_policy text NOT NULL DEFAULT 'keep',
  spread        interval NOT NULL DEFAULT '0',
  shift         interval NOT NULL DEFAULT '0',
  CONSTRAINT lanes_pkey PRIMARY KEY (tenant_id, lane),
  CONSTRAINT lanes_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT lanes_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.outreach_campaigns (tenant_id, campaign_id) ON DELETE CASCADE,
  CONSTRAINT lanes_channel_fkey FOREIGN KEY (channel) REFERENCES campaign.channels (channel),
  CONSTRAINT lanes_resume_policy_check CHECK (resume_policy IN ('keep', 'shift', 'bump')),
  CONSTRAINT lanes_spread_check CHECK (spread >= '0'),
  CONSTRAINT lanes_shift_check CHECK (shift >= '0'),
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
  -- all lanes of a campaign are paused, resumed and shifted alike
  INSERT INTO campaign.lanes (tenant_id, lane, campaign_id, channel, paused, paused_at, resumed_at, resume_policy, spread, shift)
  SELECT tenant, number, campaign, channel, c.status <> 'running', l.paused_at, coalesce(l.resumed_at, '-infinity'),
         coalesce(l.resume_policy, 'keep'), coalesce(l.spread, '0'), coalesce(l.shift, '0')
    FROM campaign.campaigns c
    LEFT JOIN LATERAL (SELECT * FROM campaign.lanes o WHERE o.tenant_id = tenant AND o.campaign_id = campaign
                        ORDER BY o.lane LIMIT 1) l ON true
   WHERE c.tenant_id = tenant AND c.id = campaign;
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

-- The document's enabled steps as touches.
CREATE FUNCTION campaign.document_touches(document jsonb)
RETURNS TABLE (touch_number smallint, "position" smallint, step jsonb, channel text, delay interval, use_service_delay boolean)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT row_number() OVER (ORDER BY s.place)::smallint, s.place::smallint, s.step, s.step ->> 'channel',
         -- a day is 24 hours, whatever the clocks do: an instant plus a delay is the same in every time zone
         make_interval(secs => coalesce((s.step ->> 'delay_hours')::numeric, (s.step ->> 'day_offset')::numeric * 24, 0)::double precision * 3600),
         coalesce((s.step ->> 'use_service_delay')::boolean, false)
    FROM jsonb_array_elements(campaign.normalize_template_config($1)) WITH ORDINALITY AS s(step, place)
   WHERE (s.step ->> 'enabled')::boolean;
END;
COMMENT ON FUNCTION campaign.document_touches(jsonb) IS
'Internal: the enabled steps of a document as touches, with their delays; raises CP003 for an invalid document.';

CREATE FUNCTION campaign.require_document(tenant uuid, document jsonb) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  fault record;
  faults text;
BEGIN
  IF document IS NULL THEN
    RAISE EXCEPTION 'template_config must not be null'
      USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'A campaign is a sequence of 1 to 50 steps.',
            HINT = 'Pass the whole document.';
  END IF;
  SELECT f.path, f.message, f.hint INTO fault FROM campaign.check_template_config(tenant, document) f LIMIT 1;
  IF FOUND THEN
    SELECT string_agg(f.path || ': ' || f.message, E'\n') INTO faults
      FROM (SELECT * FROM campaign.check_template_config(tenant, document) LIMIT 50) f;
    RAISE EXCEPTION 'invalid template_config at %: %', fault.path, fault.message
      USING ERRCODE = 'CP003', DETAIL = faults,
            HINT = coalesce(nullif(fault.hint, ''), 'campaign.check_template_config() lists every fault.');
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_document(uuid, jsonb) IS
'Internal: raises CP003 for a document that a campaign of the tenant could not have, 22004 for NULL.';

CREATE FUNCTION campaign.project_plan(tenant uuid, campaign uuid, version integer, document jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  touch record;
BEGIN
  PERFORM campaign.require_document(tenant, document);
  FOR touch IN
    SELECT d.* FROM campaign.document_touches(document) d ORDER BY d.touch_number
  LOOP
    INSERT INTO campaign.campaign_touches (tenant_id, campaign_id, plan_version, touch_number, step, channel, label,
      delay, use_service_delay, condition, on_failure, max_lateness, late, template_id, subject, body, body_html,
      needs_pdf, variant_count, attachments, config)
    SELECT tenant, campaign, version, touch.touch_number, touch.position, touch.channel, touch.step ->> 'label',
      touch.delay, touch.use_service_delay,
      touch.step ->> 'condition', touch.step ->> 'on_failure',
      make_interval(secs => (touch.step ->> 'max_lateness_hours')::double precision * 3600), touch.step ->> 'late',
      campaign.adopt_message_template(tenant, (touch.step ->> 'template_id')::uuid),
      touch.step ->> 'subject', touch.step ->> 'body_text', touch.step ->> 'body_html',
      (touch.step ->> 'needs_pdf')::boolean, (touch.step ->> 'variant_count')::smallint,
      ARRAY(SELECT a::uuid FROM jsonb_array_elements_text(coalesce(touch.step -> 'attachments', '[]')) a),
      coalesce(touch.step -> 'config', '{}');
    PERFORM campaign.ensure_lane(tenant, campaign, touch.channel);
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.project_plan(uuid, uuid, integer, jsonb) IS
'Internal: checks a document against channels and templates (CP003) and writes its enabled steps as touches of a plan version, with their lanes.';

-- Which text a touch has: the step's own, its template, the tenant's default, the system's.
CREATE FUNCTION campaign.touch_text(tenant uuid, campaign uuid, version integer, touch smallint, service text,
  OUT template_id uuid, OUT subject text, OUT body text, OUT body_html text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
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

-- Where messages were written, a contact without one for a step gets what was written for the step, and no default.
CREATE FUNCTION campaign.require_sendable_plan(tenant uuid, campaign uuid, version integer DEFAULT NULL) RETURNS void
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
              HINT = CASE WHEN has_messages THEN 'Give the step a body or a template_id, or the contacts messages for it.'
                     ELSE 'Give the step a body or a template_id, the tenant a default template for the channel, or the contacts messages.' END;
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
    SELECT m.id, concat(m.subject, m.body, m.body_html) AS content INTO message FROM campaign.messages m
     WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND m.status = 'approved'
       AND campaign.dead_link(concat(m.subject, m.body, m.body_html), link_base, review_page) IS NOT NULL
     ORDER BY m.id LIMIT 1;
    PERFORM campaign.require_live_links(format('message "%s"', message.id), message.content, link_base, review_page);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_sendable_plan(uuid, uuid, integer) IS
'Internal: raises CP002 unless every touch of a version of the campaign''s plan (default: the present one) can be rendered, or has messages of its channel that were approved, and no text or approved message has a link that leads nowhere.';

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
COMMENT ON COLUMN campaign.lanes.throttled_until IS 'A cap is used up until then, by the engine''s clock: nothing is claimed.';
COMMENT ON COLUMN campaign.lanes.paused_at IS 'Since when it is paused.';
COMMENT ON COLUMN campaign.lanes.resumed_at IS 'The last resume; what was due before it goes out as resume_policy says.';
COMMENT ON COLUMN campaign.lanes.resume_policy IS 'keep: spread over the time after the resume; shift: later by the pause; bump: at the resume plus the touch''s own delay.';
COMMENT ON COLUMN campaign.lanes.spread IS 'Over which time keep spreads what is overdue.';
COMMENT ON COLUMN campaign.lanes.shift IS 'Length of all pauses that were resumed with shift: a due time in the queue is as much earlier than the real one.';
COMMENT ON COLUMN campaign.lanes.lane IS 'Number within the tenant, so that the queue''s index stays narrow.';
COMMENT ON COLUMN campaign.lanes.paused IS 'True unless the campaign is running. Set by the life cycle.';
COMMENT ON POLICY campaign_touches_select ON campaign.campaign_touches IS 'Members read their tenants''.';
COMMENT ON POLICY lanes_select ON campaign.lanes IS 'Members read their tenants''.';

-- >>> src/outreach/send_limits.sql
-- Caps: how much a tenant sends over a channel in an hour, a day and a month, and how that is counted.
--
-- Nothing shared is written per touch. Capacity is granted in blocks: a grant maker holds the row of the
-- tenant and channel in send_meters, reads what has committed, and adds a row of send_usage that leaves the
-- sum of all sizes at or below every cap. A claim takes from a grant that it holds locked. So the caps hold
-- as long as these three do: a size only grows under the lock of the meter, used never exceeds size, and
-- what is given back is a row of its own, with a negative size, that only ever offsets a use.

CREATE TABLE campaign.send_limits (
  tenant_id         uuid NOT NULL,
  channel           text COLLATE "C" NOT NULL,
  per_hour          integer,
  per_day           integer,
  per_month         integer,
  contact_interval  interval,
  warmup_started_on date,
  CONSTRAINT send_limits_pkey PRIMARY KEY (tenant_id, channel),
  CONSTRAINT send_limits_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT send_limits_channel_fkey FOREIGN KEY (channel) REFERENCES campaign.channels (channel),
  CONSTRAINT send_limits_tenant_check CHECK (tenant_id <> '00000000-0000-0000-0000-000000000000'),
  CONSTRAINT send_limits_caps_check CHECK (per_hour >= 0 AND per_day >= 0 AND per_month >= 0),
  CONSTRAINT send_limits_contact_interval_check CHECK (contact_interval >= '0' AND contact_interval <= '366 days'),
  CONSTRAINT send_limits_warmup_check CHECK (pg_catalog.isfinite(warmup_started_on))
);
CREATE INDEX send_limits_channel_idx ON campaign.send_limits (channel);
SELECT pg_catalog.pg_extension_config_dump('campaign.send_limits', '');

CREATE TABLE campaign.send_warmup (
  tenant_id uuid NOT NULL,
  channel   text COLLATE "C" NOT NULL,
  day       integer NOT NULL,
  cap       integer,
  CONSTRAINT send_warmup_pkey PRIMARY KEY (tenant_id, channel, day),
  CONSTRAINT send_warmup_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT send_warmup_limit_fkey FOREIGN KEY (tenant_id, channel) REFERENCES campaign.send_limits (tenant_id, channel) ON DELETE CASCADE,
  CONSTRAINT send_warmup_day_check CHECK (day BETWEEN 1 AND 3650),
  CONSTRAINT send_warmup_cap_check CHECK (cap >= 0)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.send_warmup', '');

CREATE TABLE campaign.send_meters (
  tenant_id    uuid NOT NULL,
  channel      text COLLATE "C" NOT NULL,
  counted_from timestamptz NOT NULL DEFAULT '-infinity',
  folded_until timestamptz NOT NULL DEFAULT '-infinity',
  CONSTRAINT send_meters_pkey PRIMARY KEY (tenant_id, channel),
  CONSTRAINT send_meters_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
);
SELECT pg_catalog.pg_extension_config_dump('campaign.send_meters', '');

-- A claim updates one grant in place (no column of an index changes); there is room for that in the page.
CREATE TABLE campaign.send_usage (
  tenant_id   uuid NOT NULL,
  channel     text COLLATE "C" NOT NULL,
  starts_at   timestamptz NOT NULL,
  id          uuid NOT NULL DEFAULT campaign.uuid_v7(),
  ends_at     timestamptz NOT NULL,
  size        integer NOT NULL,
  used        integer NOT NULL,
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  CONSTRAINT send_usage_pkey PRIMARY KEY (tenant_id, channel, starts_at, id),
  CONSTRAINT send_usage_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT send_usage_period_check CHECK (starts_at < ends_at),
  CONSTRAINT send_usage_used_check CHECK (used <= size AND (used >= 0 OR used = size))
) WITH (fillfactor = 70);
SELECT pg_catalog.pg_extension_config_dump('campaign.send_usage', '');

CREATE FUNCTION campaign.send_windows(at timestamptz, timezone text, OUT hour_start timestamptz, OUT hour_end timestamptz,
  OUT day_start timestamptz, OUT day_end timestamptz, OUT month_start timestamptz, OUT month_end timestamptz, OUT today date)
RETURNS record
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_send_windows';
COMMENT ON FUNCTION campaign.send_windows(timestamptz, text) IS
'The hour, day and month of an instant by the clock of a time zone (UTC if the server does not know it), and the date. Raises 22008 for an instant without end.';

-- Limits are read under the meter's lock, so whoever changes them takes it; what was granted and not
-- used goes back, to be granted again by what holds now, and lanes that wait are looked at.
CREATE FUNCTION campaign.apply_send_limits(tenant uuid, channel text, was_capped boolean) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  -- under the lock of the tenant a meter is made
  PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
  PERFORM FROM campaign.send_meters m WHERE m.tenant_id = tenant AND m.channel = channel FOR NO KEY UPDATE;
  IF NOT was_capped THEN
    -- what is under way was not counted, and is not given back
    UPDATE campaign.send_meters m SET counted_from = 'infinity' WHERE m.tenant_id = tenant AND m.channel = channel;
  END IF;
  UPDATE campaign.send_usage u SET size = u.used
   WHERE u.tenant_id = tenant AND u.channel = channel AND u.used < u.size;
  UPDATE campaign.lanes l SET throttled_until = '-infinity'
   WHERE l.tenant_id = tenant AND l.channel = channel AND l.throttled_until > '-infinity';
END $$;
COMMENT ON FUNCTION campaign.apply_send_limits(uuid, text, boolean) IS
'Internal: takes back what was granted under other limits, and looks at the lanes again. The caller has changed the limits or is about to, in this transaction.';

CREATE FUNCTION campaign.follow_send_limits() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM campaign.apply_send_limits(OLD.tenant_id, OLD.channel,
    coalesce(OLD.per_hour, OLD.per_day, OLD.per_month) IS NOT NULL OR OLD.warmup_started_on IS NOT NULL);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION campaign.follow_send_limits() IS
'Trigger on send_limits: other limits take effect at once.';
CREATE TRIGGER follow_limits AFTER UPDATE OR DELETE ON campaign.send_limits
  FOR EACH ROW EXECUTE FUNCTION campaign.follow_send_limits();

CREATE FUNCTION campaign.follow_send_warmup() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM campaign.apply_send_limits(OLD.tenant_id, OLD.channel, true);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION campaign.follow_send_warmup() IS
'Trigger on send_warmup: another table takes effect at once.';
CREATE TRIGGER follow_warmup AFTER UPDATE OR DELETE ON campaign.send_warmup
  FOR EACH ROW EXECUTE FUNCTION campaign.follow_send_warmup();

-- The windows move with the zone. What was used counts in every window that it overlaps, so that none
-- is forgotten; a lane that is locked just now waits until its old time.
CREATE FUNCTION campaign.follow_tenant_windows() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  WITH waiting AS MATERIALIZED (
    SELECT l.lane FROM campaign.lanes l
     WHERE l.tenant_id = NEW.id AND l.throttled_until > '-infinity' FOR NO KEY UPDATE SKIP LOCKED)
  UPDATE campaign.lanes l SET throttled_until = '-infinity' FROM waiting w
   WHERE l.tenant_id = NEW.id AND l.lane = w.lane;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION campaign.follow_tenant_windows() IS
'Trigger on tenants: with another time zone the windows of the caps begin at other times.';
CREATE TRIGGER follow_windows AFTER UPDATE OF timezone ON campaign.tenants
  FOR EACH ROW WHEN (NEW.timezone IS DISTINCT FROM OLD.timezone)
  EXECUTE FUNCTION campaign.follow_tenant_windows();

-- For owners: the tenant is locked, and with it the making of meters.
CREATE FUNCTION campaign.lock_send_limit(tenant uuid, channel text, function_name text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  hourly integer;
BEGIN
  PERFORM campaign.require_read_committed(function_name);
  PERFORM campaign.lock_owned_tenant(tenant);
  SELECT c.hourly_limit INTO hourly FROM campaign.channels c WHERE c.channel = channel;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'channel % does not exist', coalesce(quote_literal(channel), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Limits are set for a channel.',
            HINT = 'See the table campaign.channels.';
  END IF;
  INSERT INTO campaign.send_meters (tenant_id, channel) VALUES (tenant, channel)
    ON CONFLICT ON CONSTRAINT send_meters_pkey DO NOTHING;
  PERFORM FROM campaign.send_meters m WHERE m.tenant_id = tenant AND m.channel = channel FOR NO KEY UPDATE;
  RETURN coalesce((SELECT coalesce(s.per_hour, s.per_day, s.per_month) IS NOT NULL OR s.warmup_started_on IS NOT NULL
                     FROM campaign.send_limits s WHERE s.tenant_id = tenant AND s.channel = channel),
                  hourly IS NOT NULL);
END $$;
COMMENT ON FUNCTION campaign.lock_send_limit(uuid, text, text) IS
'Internal: locks what limits are changed under, and says whether there is any so far. Raises P0002 for a tenant that is not yours, 42501 if you do not own it, 22023 for an unknown channel, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.set_send_limit(tenant uuid, channel text, per_hour integer,
  per_day integer DEFAULT NULL, per_month integer DEFAULT NULL, contact_interval interval DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  was_capped boolean := campaign.lock_send_limit(tenant, channel, 'set_send_limit()');
BEGIN
  IF least(per_hour, per_day, per_month) < 0 THEN
    RAISE EXCEPTION 'a limit must not be negative'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A limit is the most touches in an hour, a day or a month; 0 sends nothing.',
            HINT = 'Pass NULL where there is no limit.';
  END IF;
  IF contact_interval < '0' OR contact_interval > '366 days' THEN
    RAISE EXCEPTION 'contact_interval is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The least time between two touches of one contact is from 0 to 366 days.',
            HINT = 'Pass NULL for that of the channel.';
  END IF;
  INSERT INTO campaign.send_limits AS s (tenant_id, channel, per_hour, per_day, per_month, contact_interval)
  VALUES (tenant, channel, per_hour, per_day, per_month, contact_interval)
  ON CONFLICT ON CONSTRAINT send_limits_pkey
  DO UPDATE SET per_hour = EXCLUDED.per_hour, per_day = EXCLUDED.per_day, per_month = EXCLUDED.per_month,
                contact_interval = EXCLUDED.contact_interval;
  -- a row that is new has no trigger
  PERFORM campaign.apply_send_limits(tenant, channel, was_capped);
END $$;
COMMENT ON FUNCTION campaign.set_send_limit(uuid, text, integer, integer, integer, interval) IS
'Sets how many touches of a channel a tenant sends at most in an hour, a day and a month, by its own clock (NULL: no limit, 0: nothing), and the least time between two touches of one contact (NULL: that of the channel). Replaces what was set; a warm-up goes on. For owners. Takes effect at the commit. Raises P0002 for a tenant that is not yours, 42501 if you do not own it, 22023 for a bad limit or an unknown channel, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.clear_send_limit(tenant uuid, channel text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  PERFORM campaign.lock_send_limit(tenant, channel, 'clear_send_limit()');
  DELETE FROM campaign.send_limits s WHERE s.tenant_id = tenant AND s.channel = channel;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION campaign.clear_send_limit(uuid, text) IS
'Goes back to the limits of the channel and ends a warm-up; false if nothing was set. For owners. Raises as set_send_limit() does.';

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

CREATE FUNCTION campaign.start_warmup(tenant uuid, channel text, started_on date DEFAULT NULL,
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
COMMENT ON FUNCTION campaign.start_warmup(uuid, text, date, jsonb) IS
'Starts to warm a channel up: from started_on (default today), a day''s touches are limited as the table of days says; between its days the last one reached applies, and after the last for good, unless that is null. The lower of this and the daily limit counts. For owners. Raises as set_send_limit() does, and 22023 for what is no such table.';

CREATE FUNCTION campaign.stop_warmup(tenant uuid, channel text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  stopped boolean;
BEGIN
  PERFORM campaign.lock_send_limit(tenant, channel, 'stop_warmup()');
  UPDATE campaign.send_limits s SET warmup_started_on = NULL
   WHERE s.tenant_id = tenant AND s.channel = channel AND s.warmup_started_on IS NOT NULL;
  stopped := FOUND;
  DELETE FROM campaign.send_warmup w WHERE w.tenant_id = tenant AND w.channel = channel;
  RETURN stopped;
END $$;
COMMENT ON FUNCTION campaign.stop_warmup(uuid, text) IS
'Ends a warm-up; the other limits stay. False if there was none. For owners. Raises as set_send_limit() does.';

CREATE FUNCTION campaign.count_send_usage(tenant uuid, channel text, at timestamptz) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_count_send_usage';
COMMENT ON FUNCTION campaign.count_send_usage(uuid, text, timestamptz) IS
'Internal: counts a message that was sent outside of every campaign, if the channel has a cap. It may exceed it: it has happened.';

CREATE FUNCTION campaign.return_send_usage(tenant uuid, lane integer, claimed_at timestamptz) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_return_send_usage';
COMMENT ON FUNCTION campaign.return_send_usage(uuid, integer, timestamptz) IS
'Internal: gives back what a touch of a lane had of the caps that was claimed and will not be sent under that claim.';

-- Of days that are over, one row a day is enough. What is folded has ended two days ago: nobody takes
-- from it any more, and what is still given back comes as a row of its own.
CREATE FUNCTION campaign.fold_send_usage(max_rows integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  fold_time timestamptz := now_time - interval '2 days';
  done bigint := 0;
  gone bigint;
  folded bigint;
  found_meter record;
BEGIN
  FOR found_meter IN
    SELECT m.tenant_id, m.channel, t.timezone, w.month_start - interval '2 months' AS keep_from
      FROM campaign.send_meters m JOIN campaign.tenants t ON t.id = m.tenant_id
     CROSS JOIN LATERAL campaign.send_windows(now_time, t.timezone) w
     WHERE m.folded_until <= fold_time - interval '1 day'
     ORDER BY m.tenant_id, m.channel
  LOOP
    EXIT WHEN done >= max_rows;
    WITH old AS MATERIALIZED (
      SELECT u.starts_at, u.id FROM campaign.send_usage u
       WHERE u.tenant_id = found_meter.tenant_id AND u.channel = found_meter.channel AND u.ends_at < found_meter.keep_from
       LIMIT max_rows FOR UPDATE SKIP LOCKED)
    DELETE FROM campaign.send_usage u USING old
     WHERE u.tenant_id = found_meter.tenant_id AND u.channel = found_meter.channel
       AND u.starts_at = old.starts_at AND u.id = old.id;
    GET DIAGNOSTICS gone = ROW_COUNT;
    done := done + gone;

    WITH past AS MATERIALIZED (
      SELECT u.starts_at, u.id, w.day_start, w.day_end,
             count(*) OVER (PARTITION BY w.day_start) AS rows_of_day
        FROM campaign.send_usage u
       CROSS JOIN LATERAL campaign.send_windows(u.starts_at, found_meter.timezone) w
       WHERE u.tenant_id = found_meter.tenant_id AND u.channel = found_meter.channel
         AND u.ends_at <= fold_time),
    held AS MATERIALIZED (
      SELECT u.starts_at, u.id, p.day_start, p.day_end
        FROM past p JOIN campaign.send_usage u ON u.tenant_id = found_meter.tenant_id
         AND u.channel = found_meter.channel AND u.starts_at = p.starts_at AND u.id = p.id
       WHERE p.rows_of_day > 1 LIMIT max_rows FOR UPDATE OF u SKIP LOCKED),
    removed AS (
      DELETE FROM campaign.send_usage u USING held h
       WHERE u.tenant_id = found_meter.tenant_id AND u.channel = found_meter.channel
         AND u.starts_at = h.starts_at AND u.id = h.id
      RETURNING h.day_start, h.day_end, u.starts_at, u.ends_at, u.used),
    kept AS (
      INSERT INTO campaign.send_usage (tenant_id, channel, starts_at, ends_at, size, used)
      SELECT found_meter.tenant_id, found_meter.channel, least(r.day_start, min(r.starts_at)), greatest(r.day_end, max(r.ends_at)),
             sum(r.used), sum(r.used)
        FROM removed r GROUP BY r.day_start, r.day_end HAVING sum(r.used) <> 0)
    SELECT count(*) INTO folded FROM removed;
    done := done + folded;
    IF gone < max_rows AND folded < max_rows THEN
      WITH idle AS MATERIALIZED (
        SELECT FROM campaign.send_meters m
         WHERE m.tenant_id = found_meter.tenant_id AND m.channel = found_meter.channel FOR NO KEY UPDATE SKIP LOCKED)
      UPDATE campaign.send_meters m SET folded_until = fold_time
       WHERE m.tenant_id = found_meter.tenant_id AND m.channel = found_meter.channel AND EXISTS (SELECT FROM idle);
    END IF;
  END LOOP;
  RETURN done;
END $$;
COMMENT ON FUNCTION campaign.fold_send_usage(integer) IS
'Internal: makes one row a day of what was used more than two days ago, and removes what is older than two months. Returns how many rows it took, about max_rows at most.';

-- What counts in a window: all that overlaps it, and of what was given back only what lies within.
CREATE VIEW campaign.send_limit_usage WITH (security_invoker = true) AS
  SELECT p.tenant_id, p.channel, r.per_hour, r.per_day, r.per_month, r.warmup_day, r.warmup_cap,
         coalesce(s.contact_interval, p.contact_interval) AS contact_interval,
         u.this_hour, u.today, u.this_month,
         CASE WHEN f.room < 0 THEN 0 ELSE f.room END AS remaining,
         CASE WHEN r.per_month <= u.this_month THEN w.month_end
              WHEN least(r.per_day, r.warmup_cap) <= u.today THEN w.day_end
              WHEN r.per_hour <= u.this_hour THEN w.hour_end END AS next_window_at
    FROM (SELECT t.id AS tenant_id, c.channel, t.timezone, c.hourly_limit, c.contact_interval
            FROM campaign.tenants t CROSS JOIN campaign.channels c WHERE NOT t.seeded) p
   CROSS JOIN LATERAL campaign.send_windows(campaign.now(), p.timezone) w
    LEFT JOIN campaign.send_limits s ON s.tenant_id = p.tenant_id AND s.channel = p.channel
   CROSS JOIN LATERAL (
     SELECT CASE WHEN s.tenant_id IS NULL THEN p.hourly_limit ELSE s.per_hour END AS per_hour, s.per_day, s.per_month,
            CASE WHEN w.today >= s.warmup_started_on THEN w.today - s.warmup_started_on + 1 END AS warmup_day,
            (SELECT x.cap FROM campaign.send_warmup x
              WHERE x.tenant_id = p.tenant_id AND x.channel = p.channel AND x.day <= w.today - s.warmup_started_on + 1
              ORDER BY x.day DESC LIMIT 1) AS warmup_cap) r
   CROSS JOIN LATERAL (
     SELECT coalesce(sum(x.used) FILTER (WHERE CASE WHEN x.used > 0 THEN x.starts_at < w.hour_end AND x.ends_at > w.hour_start
                                                    ELSE x.starts_at >= w.hour_start AND x.ends_at <= w.hour_end END), 0) AS this_hour,
            coalesce(sum(x.used) FILTER (WHERE CASE WHEN x.used > 0 THEN x.starts_at < w.day_end AND x.ends_at > w.day_start
                                                    ELSE x.starts_at >= w.day_start AND x.ends_at <= w.day_end END), 0) AS today,
            coalesce(sum(x.used) FILTER (WHERE CASE WHEN x.used > 0 THEN x.starts_at < w.month_end AND x.ends_at > w.month_start
                                                    ELSE x.starts_at >= w.month_start AND x.ends_at <= w.month_end END), 0) AS this_month
       FROM campaign.send_usage x
      WHERE x.tenant_id = p.tenant_id AND x.channel = p.channel
        AND x.starts_at > least(w.hour_start, w.month_start) - interval '4 days' AND x.starts_at < greatest(w.hour_end, w.month_end)) u
   CROSS JOIN LATERAL (
     SELECT least(r.per_hour - u.this_hour, least(r.per_day, r.warmup_cap) - u.today, r.per_month - u.this_month) AS room) f;

ALTER TABLE campaign.send_limits ENABLE ROW LEVEL SECURITY;
CREATE POLICY send_limits_select ON campaign.send_limits FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.send_warmup ENABLE ROW LEVEL SECURITY;
CREATE POLICY send_warmup_select ON campaign.send_warmup FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.send_meters ENABLE ROW LEVEL SECURITY;
CREATE POLICY send_meters_select ON campaign.send_meters FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.send_usage ENABLE ROW LEVEL SECURITY;
CREATE POLICY send_usage_select ON campaign.send_usage FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.send_limits'),
  ('member', 'SELECT', 'TABLE campaign.send_warmup'),
  ('member', 'SELECT', 'TABLE campaign.send_meters'),
  ('member', 'SELECT', 'TABLE campaign.send_usage'),
  ('member', 'SELECT', 'TABLE campaign.send_limit_usage'),
  ('member', 'EXECUTE', 'FUNCTION campaign.send_windows(timestamptz, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.set_send_limit(uuid, text, integer, integer, integer, interval)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.clear_send_limit(uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.default_warmup()'),
  ('member', 'EXECUTE', 'FUNCTION campaign.start_warmup(uuid, text, date, jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.stop_warmup(uuid, text)');

COMMENT ON TABLE campaign.send_limits IS 'What a tenant may send over a channel at most. Without a row the channel''s hourly limit and contact interval hold. Set by campaign.set_send_limit().';
COMMENT ON COLUMN campaign.send_limits.per_hour IS 'Most touches in an hour by the tenant''s clock; NULL: no limit.';
COMMENT ON COLUMN campaign.send_limits.per_day IS 'Most touches in a day by the tenant''s clock; NULL: no limit but the warm-up''s.';
COMMENT ON COLUMN campaign.send_limits.per_month IS 'Most touches in a calendar month by the tenant''s clock; NULL: no limit.';
COMMENT ON COLUMN campaign.send_limits.contact_interval IS 'Least time between two touches of one contact; NULL: that of the channel.';
COMMENT ON COLUMN campaign.send_limits.warmup_started_on IS 'Day 1 of the warm-up (send_warmup) by the tenant''s clock; NULL: there is none.';
COMMENT ON TABLE campaign.send_warmup IS 'The daily limits of a channel that is warmed up, from a day of the warm-up on to the next day listed. Written by campaign.start_warmup().';
COMMENT ON COLUMN campaign.send_warmup.cap IS 'Most touches of such a day; NULL: no limit any more.';
COMMENT ON TABLE campaign.send_meters IS 'One row per tenant and channel that is counted; its lock is what capacity is granted under. Written by the engine only.';
COMMENT ON COLUMN campaign.send_meters.counted_from IS 'Touches claimed before were not all counted, and are not given back; infinity: until the next grant.';
COMMENT ON COLUMN campaign.send_meters.folded_until IS 'What had ended by then has become one row a day.';
COMMENT ON TABLE campaign.send_usage IS 'What was granted and used: a grant of an hour, of which claims take; what was given back (negative); and one row for each day that is over. The sizes of a window never exceed its caps, but for what was sent by hand. Written by the engine only.';
COMMENT ON COLUMN campaign.send_usage.starts_at IS 'Start of the hour or day by the tenant''s clock.';
COMMENT ON COLUMN campaign.send_usage.ends_at IS 'End of that hour or day.';
COMMENT ON COLUMN campaign.send_usage.size IS 'How many may be taken.';
COMMENT ON COLUMN campaign.send_usage.used IS 'How many were.';
COMMENT ON COLUMN campaign.send_usage.lease_until IS 'The last lease of those that took, by the wall clock.';
COMMENT ON VIEW campaign.send_limit_usage IS 'For every tenant and channel the limits in force, what was used of them and what remains (NULL: no limit), and, where nothing remains, when the window ends that is used up.';
COMMENT ON POLICY send_limits_select ON campaign.send_limits IS 'Members read their tenants''. Changed through functions only.';
COMMENT ON POLICY send_warmup_select ON campaign.send_warmup IS 'Members read their tenants''. Changed through functions only.';
COMMENT ON POLICY send_meters_select ON campaign.send_meters IS 'Members read their tenants''.';
COMMENT ON POLICY send_usage_select ON campaign.send_usage IS 'Members read their tenants''.';
COMMENT ON TRIGGER follow_limits ON campaign.send_limits IS 'Other limits take effect at once.';
COMMENT ON TRIGGER follow_warmup ON campaign.send_warmup IS 'Another table takes effect at once.';
COMMENT ON TRIGGER follow_windows ON campaign.tenants IS 'With another time zone the windows of the caps begin at other times.';

-- >>> src/outreach/touch_counts.sql
-- Counts: what became of touches and enrolments, exact at every instant. Each call appends what it has
-- counted; fold_counts() adds that to the totals; who reads both in one statement is never off by one.
-- Nothing here has a key to campaigns: a report, which holds an enrolment, would wait for who archives it.

CREATE TABLE campaign.touch_count_deltas (
  tenant_id    uuid NOT NULL,
  campaign_id  uuid NOT NULL,
  id           uuid NOT NULL DEFAULT campaign.uuid_v7(),
  touch_number smallint NOT NULL,
  service_type text COLLATE "C" NOT NULL,
  metric       text COLLATE "C" NOT NULL,
  at           timestamptz NOT NULL,
  day          date NOT NULL,
  n            bigint NOT NULL,
  seconds      bigint NOT NULL,
  CONSTRAINT touch_count_deltas_pkey PRIMARY KEY (tenant_id, campaign_id, id),
  CONSTRAINT touch_count_deltas_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
);
SELECT pg_catalog.pg_extension_config_dump('campaign.touch_count_deltas', '');

CREATE TABLE campaign.touch_counts (
  tenant_id    uuid NOT NULL,
  campaign_id  uuid NOT NULL,
  touch_number smallint NOT NULL,
  service_type text COLLATE "C" NOT NULL,
  metric       text COLLATE "C" NOT NULL,
  n            bigint NOT NULL,
  seconds      bigint NOT NULL,
  CONSTRAINT touch_counts_pkey PRIMARY KEY (tenant_id, campaign_id, touch_number, service_type, metric),
  CONSTRAINT touch_counts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
) WITH (fillfactor = 50);
SELECT pg_catalog.pg_extension_config_dump('campaign.touch_counts', '');

CREATE TABLE campaign.daily_counts (
  tenant_id   uuid NOT NULL,
  campaign_id uuid NOT NULL,
  day         date NOT NULL,
  metric      text COLLATE "C" NOT NULL,
  n           bigint NOT NULL,
  CONSTRAINT daily_counts_pkey PRIMARY KEY (tenant_id, campaign_id, day, metric),
  CONSTRAINT daily_counts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
) WITH (fillfactor = 80);
SELECT pg_catalog.pg_extension_config_dump('campaign.daily_counts', '');

CREATE TABLE campaign.recent_counts (
  tenant_id   uuid NOT NULL,
  campaign_id uuid NOT NULL,
  at          timestamptz NOT NULL,
  metric      text COLLATE "C" NOT NULL,
  n           bigint NOT NULL,
  CONSTRAINT recent_counts_pkey PRIMARY KEY (tenant_id, campaign_id, at, metric),
  CONSTRAINT recent_counts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
) WITH (fillfactor = 80);
SELECT pg_catalog.pg_extension_config_dump('campaign.recent_counts', '');

CREATE TABLE campaign.count_folds (
  tenant_id uuid NOT NULL,
  folded_at timestamptz NOT NULL,
  CONSTRAINT count_folds_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT count_folds_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
) WITH (fillfactor = 50);
SELECT pg_catalog.pg_extension_config_dump('campaign.count_folds', '');

CREATE FUNCTION campaign.count_bucket(at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('5 minutes', least(greatest(at, '1900-01-01 00:00:00+00'), '9999-12-31 00:00:00+00'), '1900-01-01 00:00:00+00');
COMMENT ON FUNCTION campaign.count_bucket(timestamptz) IS
'Internal: the five minutes in which a time is counted.';

CREATE FUNCTION campaign.count_day(at timestamptz, timezone text) RETURNS date
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_count_day';
COMMENT ON FUNCTION campaign.count_day(timestamptz, text) IS
'Internal: the day on which a time is counted, in the tenant''s time zone, or in UTC if the server does not know it.';

CREATE FUNCTION campaign.count_touch_event(tenant uuid, campaign uuid, touch integer, service text, metric text, at timestamptz,
  n bigint DEFAULT 1, seconds bigint DEFAULT 0)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_count_touch_event';
COMMENT ON FUNCTION campaign.count_touch_event(uuid, uuid, integer, text, text, timestamptz, bigint, bigint) IS
'Internal: counts n of a metric for a touch of a campaign (0: for the enrolment), under a service type or none. Raises 22004 for NULLs, 22023 for what is not counted.';

CREATE FUNCTION campaign.count_enrollments(tenant uuid, campaign uuid, what text, enrollments uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  PERFORM campaign.count_touch_event(tenant, g.campaign_id, 0, g.service_type,
            CASE WHEN what IN ('enrolled', 'completed') THEN what WHEN what = 'reopened' THEN 'completed' ELSE 'stopped.' || what END,
            g.latest, CASE what WHEN 'reopened' THEN -g.n ELSE g.n END, CASE what WHEN 'reopened' THEN -g.seconds ELSE g.seconds END)
     FROM (SELECT e.campaign_id, e.service_type, max(e.at) AS latest, count(*) AS n,
                  sum(CASE what WHEN 'enrolled' THEN 0 ELSE floor(extract(epoch FROM e.at - e.enrolled_at)) END)::bigint AS seconds
             FROM (SELECT c.campaign_id, c.enrolled_at,
                          CASE WHEN c.job_id IS NULL THEN o.service_type ELSE j.service_type END AS service_type,
                          coalesce(CASE what WHEN 'enrolled' THEN c.enrolled_at WHEN 'completed' THEN c.completed_at
                                             WHEN 'reopened' THEN c.completed_at ELSE c.stopped_at END, now_time) AS at
                     FROM campaign.campaign_enrollments c
                     JOIN campaign.outreach_campaigns o ON o.tenant_id = c.tenant_id AND o.campaign_id = c.campaign_id
                     LEFT JOIN campaign.jobs j ON j.tenant_id = c.tenant_id AND j.id = c.job_id
                    WHERE c.tenant_id = tenant AND c.id = ANY (enrollments) AND (campaign IS NULL OR c.campaign_id = campaign)
                      AND o.tenant_id = tenant) e
            GROUP BY e.campaign_id, e.service_type, campaign.count_bucket(e.at)) g;
END $$;
COMMENT ON FUNCTION campaign.count_enrollments(uuid, uuid, text, uuid[]) IS
'Internal: counts enrolments, of one campaign or (NULL) of any, as they stand: what is enrolled, completed, reopened (before completed_at is cleared: takes a completion back) or a stop reason.';

CREATE FUNCTION campaign.begin_counts(tenant uuid) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO campaign.count_folds (tenant_id, folded_at) VALUES ($1, '-infinity') ON CONFLICT DO NOTHING;
END;
COMMENT ON FUNCTION campaign.begin_counts(uuid) IS
'Internal: gives a new tenant the row that whoever folds its counts holds.';
INSERT INTO campaign.tenant_initializers (function_name, "position") VALUES ('campaign.begin_counts', 50);

-- Whoever folds a tenant's counts holds its row of count_folds and the tenant's key, and waits for
-- neither; the totals are written by nobody else.
CREATE FUNCTION campaign.fold_tenant_counts(tenant uuid, max_rows bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  oldest timestamptz := now_time - interval '25 hours';
  last_fold timestamptz;
  folded bigint;
BEGIN
  PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR KEY SHARE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  -- a tenant that create_tenant() has not made
  IF NOT EXISTS (SELECT FROM campaign.count_folds f WHERE f.tenant_id = tenant) THEN
    PERFORM campaign.begin_counts(tenant);
  END IF;
  SELECT f.folded_at INTO last_fold FROM campaign.count_folds f WHERE f.tenant_id = tenant FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  WITH batch AS MATERIALIZED (
    SELECT d.campaign_id, d.id FROM campaign.touch_count_deltas d WHERE d.tenant_id = tenant LIMIT max_rows
  ), gone AS (
    DELETE FROM campaign.touch_count_deltas d USING batch b
     WHERE d.tenant_id = tenant AND d.campaign_id = b.campaign_id AND d.id = b.id
    RETURNING d.campaign_id, d.touch_number, d.service_type, d.metric, d.at, d.day, d.n, d.seconds
  ), total AS (
    INSERT INTO campaign.touch_counts AS c (tenant_id, campaign_id, touch_number, service_type, metric, n, seconds)
    SELECT tenant, g.campaign_id, g.touch_number, g.service_type, g.metric, sum(g.n)::bigint, sum(g.seconds)::bigint
      FROM gone g GROUP BY g.campaign_id, g.touch_number, g.service_type, g.metric
    ON CONFLICT ON CONSTRAINT touch_counts_pkey DO UPDATE SET n = c.n + excluded.n, seconds = c.seconds + excluded.seconds
  ), daily AS (
    INSERT INTO campaign.daily_counts AS c (tenant_id, campaign_id, day, metric, n)
    SELECT tenant, g.campaign_id, g.day, g.metric, sum(g.n)::bigint FROM gone g GROUP BY g.campaign_id, g.day, g.metric
    ON CONFLICT ON CONSTRAINT daily_counts_pkey DO UPDATE SET n = c.n + excluded.n
  ), recent AS (
    INSERT INTO campaign.recent_counts AS c (tenant_id, campaign_id, at, metric, n)
    SELECT tenant, g.campaign_id, g.at, g.metric, sum(g.n)::bigint FROM gone g
     WHERE g.metric IN ('sent', 'failed', 'skipped', 'bounced_hard', 'complained') AND g.at >= oldest
     GROUP BY g.campaign_id, g.at, g.metric
    ON CONFLICT ON CONSTRAINT recent_counts_pkey DO UPDATE SET n = c.n + excluded.n
  )
  SELECT count(*) INTO folded FROM gone;
  UPDATE campaign.count_folds f SET folded_at = now_time WHERE f.tenant_id = tenant;
  IF date_trunc('hour', last_fold, 'UTC') <> date_trunc('hour', now_time, 'UTC') THEN
    DELETE FROM campaign.recent_counts c WHERE c.tenant_id = tenant AND c.at < oldest;
  END IF;
  RETURN folded;
END $$;
COMMENT ON FUNCTION campaign.fold_tenant_counts(uuid, bigint) IS
'Internal: adds up to max_rows (NULL: all) of a tenant''s deltas to its totals; returns how many, 0 if somebody else is at it.';

CREATE FUNCTION campaign.fold_counts(max_rows bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- the system tenant has no campaigns
  tenant uuid := '00000000-0000-0000-0000-000000000000';
  folded bigint := 0;
BEGIN
  LOOP
    SELECT d.tenant_id INTO tenant FROM campaign.touch_count_deltas d WHERE d.tenant_id > tenant ORDER BY d.tenant_id LIMIT 1;
    EXIT WHEN tenant IS NULL OR folded >= max_rows;
    folded := folded + campaign.fold_tenant_counts(tenant, max_rows - folded);
  END LOOP;
  RETURN folded;
END $$;
COMMENT ON FUNCTION campaign.fold_counts(bigint) IS
'Adds what was counted since the last time, at most max_rows rows of it (default: all), to the totals that the analytics views read; returns how many rows. Changes no answer, only its price; waits for nobody. Called by maintenance.';

ALTER TABLE campaign.touch_count_deltas ENABLE ROW LEVEL SECURITY;
CREATE POLICY touch_count_deltas_select ON campaign.touch_count_deltas FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.touch_counts ENABLE ROW LEVEL SECURITY;
CREATE POLICY touch_counts_select ON campaign.touch_counts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.daily_counts ENABLE ROW LEVEL SECURITY;
CREATE POLICY daily_counts_select ON campaign.daily_counts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.recent_counts ENABLE ROW LEVEL SECURITY;
CREATE POLICY recent_counts_select ON campaign.recent_counts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.count_folds ENABLE ROW LEVEL SECURITY;
CREATE POLICY count_folds_select ON campaign.count_folds FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.touch_count_deltas'),
  ('member', 'SELECT', 'TABLE campaign.touch_counts'),
  ('member', 'SELECT', 'TABLE campaign.daily_counts'),
  ('member', 'SELECT', 'TABLE campaign.recent_counts'),
  ('member', 'SELECT', 'TABLE campaign.count_folds'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.fold_counts(bigint)');

COMMENT ON TABLE campaign.touch_counts IS 'What became of the touches and enrolments of a campaign in all, up to the last fold; touch_count_deltas has what came since. The analytics views add both.';
COMMENT ON COLUMN campaign.touch_counts.touch_number IS 'The touch by its number, whatever the plan version; 0: the enrolment as a whole.';
COMMENT ON COLUMN campaign.touch_counts.service_type IS 'Of the job, or for enrolments without one of the campaign, when it was counted; empty: none.';
COMMENT ON COLUMN campaign.touch_counts.metric IS 'Of touches: sent, failed and skipped as they stand final in send_logs, and delivered, opened, machine_opened, clicked, replied, converted (once an enrolment), reviewed, feedback, bounced_hard, bounced_soft, complained, unsubscribed, each once a touch. Of enrolments (touch_number 0): enrolled, completed and stopped.<reason>.';
COMMENT ON COLUMN campaign.touch_counts.seconds IS 'Of completed and stopped: whole seconds from enrolment to end, summed.';
COMMENT ON TABLE campaign.touch_count_deltas IS 'What was counted since the last fold: one row for each thing that a call has counted. Folded into touch_counts, daily_counts and recent_counts by campaign.fold_counts().';
COMMENT ON COLUMN campaign.touch_count_deltas.service_type IS 'As in touch_counts.';
COMMENT ON COLUMN campaign.touch_count_deltas.at IS 'Start of the five minutes in which it happened, or the resume of the campaign within them.';
COMMENT ON COLUMN campaign.touch_count_deltas.day IS 'The day of it in the tenant''s time zone, as that was when it was counted.';
COMMENT ON TABLE campaign.daily_counts IS 'The same by day, for all touches and services of a campaign, up to the last fold.';
COMMENT ON COLUMN campaign.daily_counts.day IS 'In the tenant''s time zone, as that was when it was counted.';
COMMENT ON TABLE campaign.recent_counts IS 'What the breaker looks at: sends, failures, hard bounces and complaints of the last 25 hours by five minutes, up to the last fold.';
COMMENT ON COLUMN campaign.recent_counts.at IS 'Start of the five minutes, or the resume of the campaign within them.';
COMMENT ON TABLE campaign.count_folds IS 'When each tenant''s counts were last folded. Who folds holds the row.';
COMMENT ON COLUMN campaign.count_folds.folded_at IS 'By the engine''s clock; -infinity: never.';
COMMENT ON POLICY touch_count_deltas_select ON campaign.touch_count_deltas IS 'Members read their tenants''.';
COMMENT ON POLICY touch_counts_select ON campaign.touch_counts IS 'Members read their tenants''.';
COMMENT ON POLICY daily_counts_select ON campaign.daily_counts IS 'Members read their tenants''.';
COMMENT ON POLICY recent_counts_select ON campaign.recent_counts IS 'Members read their tenants''.';
COMMENT ON POLICY count_folds_select ON campaign.count_folds IS 'Members read their tenants''.';

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
  exclusive          boolean NOT NULL DEFAULT true,
  base_shift         interval NOT NULL DEFAULT '0',
  log_removed_at     timestamptz,
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
CREATE UNIQUE INDEX campaign_enrollments_exclusive_key ON campaign.campaign_enrollments (tenant_id, contact_id) WHERE status = 'active' AND exclusive;
-- of one campaign a contact has one live enrolment: those that have ended are NULL here, and so never the same
CREATE UNIQUE INDEX campaign_enrollments_live_key ON campaign.campaign_enrollments
  (tenant_id, contact_id, campaign_id, (CASE WHEN status = 'active' THEN true END));
CREATE INDEX campaign_enrollments_campaign_idx ON campaign.campaign_enrollments (tenant_id, campaign_id, status);
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

-- What the caller has locked is asked here. Reviews count however they came to be known: as events,
-- or as the reason of a stop.
CREATE FUNCTION campaign.has_reviewed(tenant uuid, contact uuid, since timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN EXISTS (SELECT FROM campaign.touch_events v
                  WHERE v.tenant_id = tenant AND v.contact_id = contact AND v.kind IN ('reviewed', 'feedback', 'clicked') AND v.at > since
                    AND (v.kind <> 'clicked' OR v.link = 'review') AND NOT v.is_machine)
      OR EXISTS (SELECT FROM campaign.campaign_enrollments e
                  WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status = 'stopped'
                    AND e.stop_reason IN ('review_clicked', 'feedback_submitted') AND e.stopped_at > since);
END $$;
COMMENT ON FUNCTION campaign.has_reviewed(uuid, uuid, timestamptz) IS
'Internal: whether a contact has reviewed, given feedback or followed a review link since then.';

CREATE FUNCTION campaign.refuse_enrollment(tenant uuid, campaign uuid, contact uuid, job uuid, OUT outcome text, OUT reason text)
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
COMMENT ON FUNCTION campaign.refuse_enrollment(uuid, uuid, uuid, uuid) IS
'Internal: what forbids the enrolment of a contact, apart from other sequences (outcome and reason); NULL: nothing. The caller holds the locks of campaign and contact.';

-- An exclusive sequence stands beside no other, and no campaign has a contact twice.
CREATE FUNCTION campaign.sequences_in_the_way(tenant uuid, campaign uuid, contact uuid, job uuid,
  OUT enrollments uuid[], OUT in_campaign boolean, OUT is_same boolean)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  SELECT array_agg(e.id ORDER BY e.campaign_id <> campaign, e.id), bool_or(e.campaign_id = campaign),
         bool_or(e.campaign_id = campaign AND (job IS NULL OR e.job_id IS NOT DISTINCT FROM job))
    INTO enrollments, in_campaign, is_same
    FROM campaign.campaign_enrollments e JOIN campaign.tenants t ON t.id = e.tenant_id
   WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status = 'active'
     AND (e.exclusive OR NOT t.parallel_sequences OR e.campaign_id = campaign);
END $$;
COMMENT ON FUNCTION campaign.sequences_in_the_way(uuid, uuid, uuid, uuid) IS
'Internal: the live enrolments beside which a contact cannot be enrolled, those of the campaign first; whether there is one of the campaign, and whether it is what was asked for: for the same job, or for any if none is given.';

CREATE FUNCTION campaign.first_touch(tenant uuid, campaign uuid, job uuid, OUT plan_version integer, OUT lane integer,
  OUT delay interval, OUT shift interval, OUT exclusive boolean, OUT completed_at timestamptz, OUT service text)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  SELECT o.plan_version, l.lane, l.shift, NOT w.parallel_sequences, j.completed_at, CASE WHEN job IS NULL THEN o.service_type ELSE j.service_type END,
         -- a day is 24 hours here as in the plan, or the session's time zone would have a say
         CASE WHEN t.use_service_delay
              THEN coalesce(make_interval(secs => extract(epoch FROM s.first_touch_delay)::double precision), t.delay)
              ELSE t.delay END
    INTO plan_version, lane, shift, exclusive, completed_at, service, delay
    FROM campaign.tenants w
    JOIN campaign.outreach_campaigns o ON o.tenant_id = w.id
    JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version
    JOIN campaign.lanes l ON l.tenant_id = t.tenant_id AND l.campaign_id = t.campaign_id AND l.channel = t.channel
    LEFT JOIN campaign.jobs j ON j.tenant_id = tenant AND j.id = job
    LEFT JOIN campaign.service_types s ON s.tenant_id = tenant
      AND s.service_type = CASE WHEN job IS NULL THEN o.service_type ELSE j.service_type END
   WHERE w.id = tenant AND o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant AND l.tenant_id = tenant
     AND t.touch_number = 1;
END $$;
COMMENT ON FUNCTION campaign.first_touch(uuid, uuid, uuid) IS
'Internal: where a new enrolment begins: the plan, the lane of its first touch with the lane''s shift, and the delay, the service''s if the step says so; whether it is exclusive, the job''s completion, and the service type under which it counts.';

-- Foreign keys and the life cycle need no trigger here: tenant, campaign, contacts and job are locked,
-- the lane is the plan's, and a new enrolment is active.
CREATE FUNCTION campaign.insert_enrollment_rows(tenant uuid, campaign uuid, contacts uuid[], ids uuid[], plan_version integer,
  anchor_at timestamptz, scheduled_at timestamptz, enrolled_at timestamptz, exclusive boolean, base_shift interval, lane integer, due_at timestamptz, job uuid)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_insert_enrollment_rows';
COMMENT ON FUNCTION campaign.insert_enrollment_rows(uuid, uuid, uuid[], uuid[], integer, timestamptz, timestamptz, timestamptz, boolean, interval, integer, timestamptz, uuid) IS
'Internal: writes enrolments and their first touches past the executor, without triggers. False, and nothing written, where somebody has put a trigger, a rule or a column of his own on one of the tables, where a value is NULL (but the job), and above READ COMMITTED: INSERT is for these.';

CREATE FUNCTION campaign.insert_enrollment(tenant uuid, campaign uuid, contact uuid, job uuid, anchor timestamptz) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  new_id uuid := campaign.uuid_v7();
  first record := campaign.first_touch(tenant, campaign, job);
  anchor_time timestamptz := coalesce(anchor, first.completed_at, now_time);
  scheduled timestamptz := anchor_time + first.delay;
  written boolean := false;
BEGIN
  IF job IS NOT NULL THEN
    PERFORM FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = job FOR KEY SHARE;
  END IF;
  -- the queue's time is as much earlier as its lane is shifted
  IF job IS NULL OR FOUND THEN
    written := campaign.insert_enrollment_rows(tenant, campaign, ARRAY[contact], ARRAY[new_id], first.plan_version, anchor_time,
      scheduled, now_time, first.exclusive, first.shift, first.lane, scheduled - first.shift, job);
  END IF;
  IF NOT written THEN
    -- under READ COMMITTED the lock has kept others out; above it, one that the snapshot does not
    -- show is a serialization failure here (40001), which a client tries again
    INSERT INTO campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, job_id, plan_version, anchor_at,
      first_scheduled_at, enrolled_at, exclusive, base_shift)
    VALUES (tenant, new_id, campaign, contact, job, first.plan_version, anchor_time, scheduled, now_time, first.exclusive, first.shift)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'contact "%" was enrolled meanwhile', contact
        USING ERRCODE = 'serialization_failure',
              DETAIL = 'Another transaction enrolled the contact without holding its lock.',
              HINT = 'Try again.';
    END IF;
    INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
    VALUES (tenant, first.lane, scheduled - first.shift, new_id, scheduled, 1);
  END IF;
  PERFORM campaign.count_touch_event(tenant, campaign, 0, first.service, 'enrolled', now_time);
  PERFORM campaign.notify_due(scheduled);
  RETURN new_id;
END $$;
COMMENT ON FUNCTION campaign.insert_enrollment(uuid, uuid, uuid, uuid, timestamptz) IS
'Internal: the rows of a new enrolment. The caller holds the locks of campaign and contact and has asked what is in the way. Raises 40001 above READ COMMITTED if an enrolment was made meanwhile.';

-- Locks in order: tenant, campaign (against archiving), contact (against other enrolments and stops).
CREATE FUNCTION campaign.enroll_contact(tenant uuid, campaign uuid, contact uuid, job uuid, anchor timestamptz,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  policy text;
  live record;
  is_asked_about boolean;
BEGIN
  PERFORM campaign.lock_tenant_key(tenant);
  PERFORM FROM campaign.campaigns c WHERE c.tenant_id = tenant AND c.id = campaign FOR KEY SHARE;
  PERFORM FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = contact FOR NO KEY UPDATE;
  is_asked_about := EXISTS (SELECT FROM campaign.enrollment_conflicts x
                             WHERE x.tenant_id = tenant AND x.contact_id = contact AND x.resolution IS NULL);
  IF is_asked_about THEN
    -- those whose time has come decide what is live
    PERFORM campaign.settle_contact_conflicts(tenant, contact);
  END IF;
  SELECT r.outcome, r.reason INTO outcome, reason FROM campaign.refuse_enrollment(tenant, campaign, contact, job) r;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;
  live := campaign.sequences_in_the_way(tenant, campaign, contact, job);
  IF live.is_same THEN
    enrollment_id := live.enrollments[1];
    outcome := 'already_live';
    reason := 'live_in_this_campaign';
    RETURN;
  END IF;
  IF live.enrollments IS NOT NULL THEN
    SELECT t.conflict_policy INTO policy FROM campaign.tenants t WHERE t.id = tenant;
    IF policy <> 'replace' OR current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
      -- a stop is for READ COMMITTED only: what is to be replaced waits for settle_conflicts()
      PERFORM campaign.record_conflicts(tenant, campaign, job, ARRAY[contact], live.enrollments[1:1], NULL, anchor, policy);
      enrollment_id := live.enrollments[1];
      outcome := 'conflict';
      reason := CASE WHEN live.in_campaign THEN 'live_in_this_campaign' ELSE 'live_in_another_campaign' END;
      RETURN;
    END IF;
    PERFORM campaign.stop_enrollments(tenant, live.enrollments, 'repeat_job');
  END IF;
  enrollment_id := campaign.insert_enrollment(tenant, campaign, contact, job, anchor);
  outcome := 'enrolled';
  IF is_asked_about THEN
    PERFORM campaign.close_conflicts(tenant, campaign, job, ARRAY[contact], ARRAY[enrollment_id]);
  END IF;
  IF live.enrollments IS NOT NULL THEN
    reason := 'replaced';
    PERFORM campaign.record_conflicts(tenant, campaign, job, ARRAY[contact], live.enrollments[1:1], ARRAY[enrollment_id], anchor, policy);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.enroll_contact(uuid, uuid, uuid, uuid, timestamptz) IS
'Internal: enrols a contact, with all checks but that of the caller, by the tenant''s policy where the contact is in another sequence. Locks tenant and campaign FOR KEY SHARE and the contact FOR NO KEY UPDATE. Raises 40001 above READ COMMITTED if an enrolment was made meanwhile.';

CREATE FUNCTION campaign.require_enrollment_target(campaign uuid, anchor timestamptz) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.campaigns c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = campaign AND c.kind = 'outreach';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign "%" does not exist', campaign
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has an outreach campaign with this id.',
            HINT = 'Check the id; a campaign of another tenant is not found.';
  END IF;
  IF anchor NOT BETWEEN '1900-01-01 00:00:00+00' AND '9999-12-31 00:00:00+00' THEN
    RAISE EXCEPTION 'anchor_at is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The first touch is scheduled at the anchor plus its delay; anchors are from 1900 to 9999.',
            HINT = 'Leave anchor_at out to start from the job''s completion, or from now.';
  END IF;
  RETURN owner_tenant;
END $$;
COMMENT ON FUNCTION campaign.require_enrollment_target(uuid, timestamptz) IS
'Internal: the tenant of an outreach campaign that the caller may enrol in; raises P0002, or 22023 for an anchor outside the calendar of plans.';

CREATE FUNCTION campaign.enroll(campaign uuid, contact uuid, job uuid DEFAULT NULL, anchor_at timestamptz DEFAULT NULL,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid := campaign.require_enrollment_target(campaign, anchor_at);
  job_contact uuid;
BEGIN
  PERFORM 1 FROM campaign.contacts c WHERE c.tenant_id = owner_tenant AND c.id = contact;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" does not exist', contact
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The campaign''s tenant has no contact with this id.',
            HINT = 'A campaign enrols contacts of its own tenant only.';
  END IF;
  IF job IS NOT NULL THEN
    SELECT j.contact_id INTO job_contact FROM campaign.jobs j WHERE j.tenant_id = owner_tenant AND j.id = job FOR KEY SHARE;
    IF job_contact IS DISTINCT FROM contact THEN
      RAISE EXCEPTION 'job "%" does not exist', job
        USING ERRCODE = 'no_data_found',
              DETAIL = 'The contact has no job with this id.',
              HINT = 'Pass a job of the same contact, or none.';
    END IF;
  END IF;
  SELECT r.enrollment_id, r.outcome, r.reason INTO enrollment_id, outcome, reason
    FROM campaign.enroll_contact(owner_tenant, campaign, contact, job, anchor_at) r;
  IF job IS NOT NULL THEN
    INSERT INTO campaign.job_enrollments (tenant_id, job_id, campaign_id, enrollment_id, outcome, reason, at)
    VALUES (owner_tenant, job, campaign, enrollment_id, outcome, reason, campaign.now());
  END IF;
END $$;
COMMENT ON FUNCTION campaign.enroll(uuid, uuid, uuid, timestamptz) IS
'Enrols a contact in a running campaign; returns the enrolment, the outcome (enrolled, already_live, conflict, suppressed, not_matched) and the reason. The first touch is scheduled at anchor_at (default: the job''s completion, else now) plus its delay. For already_live and conflict the enrolment is the live one; what becomes of a conflict says tenants.conflict_policy (see enrollment_conflicts). Raises P0002 for a campaign, contact or job that is not yours, 22023 for an anchor before 1900 or after 9999.';

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
   WHERE j.tenant_id = ANY (campaign.writable_tenants()) AND j.id = job FOR KEY SHARE;
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
  PERFORM campaign.refuse_erased(owner_tenant, contact);
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
'Creates a job of a contact and, if it is completed already, enrols it (see job_enrollments for the outcome); returns its id. Raises P0002 for a contact that is not yours, CP002 for one that was erased, 23503 for an unknown service type or campaign, 23514 for an unknown status.';

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
    PERFORM campaign.end_conflict(NEW.tenant_id, x.id, 'cancelled', 'job_' || NEW.status, NULL, campaign.current_member())
       FROM campaign.enrollment_conflicts x
      WHERE x.tenant_id = NEW.tenant_id AND x.contact_id = NEW.contact_id AND x.job_id = NEW.id AND x.resolution IS NULL;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION campaign.follow_job_status() IS
'Trigger on jobs: completed enrols the job in the same transaction, do_not_send stops what it had started and cancels its open conflicts.';
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
  -- the status is asked of what was found: without statistics the planner may take an index with
  -- the status for the better one, and read all of the tenant's
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
  PERFORM campaign.count_enrollments(tenant, NULL, reason, live);
  UPDATE campaign.touch_queue q SET flags = q.flags | 2::smallint, due_at = 'infinity'
   WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live) AND (q.lease_until > lease_time OR q.flags <> 0);
  -- a lease that ended before its send was begun had a part of the caps
  PERFORM campaign.return_send_usage(q.tenant_id, q.lane, q.claimed_at) FROM campaign.touch_queue q
   WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live) AND q.lease_until <= lease_time AND q.flags = 0 AND q.fence <> 0;
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

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.campaign_enrollments'),
  ('member', 'SELECT', 'TABLE campaign.job_enrollments'),
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
COMMENT ON COLUMN campaign.campaign_enrollments.exclusive IS 'Whether it is the contact''s only live one: the tenant did not allow parallel sequences then.';
COMMENT ON COLUMN campaign.campaign_enrollments.base_shift IS 'The shift of the campaign''s lanes when it began.';
COMMENT ON COLUMN campaign.campaign_enrollments.log_removed_at IS 'When maintenance removed what the log had of it (tenants.log_retention).';
COMMENT ON TABLE campaign.job_enrollments IS 'What became of each attempt to enrol a job, with the reason.';
COMMENT ON COLUMN campaign.job_enrollments.outcome IS 'enrolled, already_live, conflict, suppressed or not_matched.';
COMMENT ON POLICY campaign_enrollments_select ON campaign.campaign_enrollments IS 'Members read their tenants''.';
COMMENT ON POLICY job_enrollments_select ON campaign.job_enrollments IS 'Members read their tenants''.';
COMMENT ON TRIGGER life_cycle ON campaign.campaign_enrollments IS 'Status follows the machine enrollment; its steps are not logged.';
COMMENT ON TRIGGER follow_status ON campaign.jobs IS 'Completed enrols, do_not_send stops.';

-- >>> src/outreach/touch_queue.sql
-- The queue: one narrow row for the next touch of each live enrolment, and the workers that lease them.

CREATE TABLE campaign.workers (
  id            bigint NOT NULL,
  name          text NOT NULL,
  first_seen_at timestamptz NOT NULL,
  last_seen_at  timestamptz NOT NULL DEFAULT '-infinity',
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
  rescheduled   boolean NOT NULL DEFAULT false,
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
  SELECT campaign.notify_due(min(first.due_at + l.shift))
    FROM campaign.lanes l
   CROSS JOIN LATERAL (SELECT min(q.due_at) AS due_at FROM campaign.touch_queue q WHERE q.tenant_id = $1 AND q.lane = l.lane) first
   WHERE l.tenant_id = $1 AND l.campaign_id = $2;
END;
COMMENT ON FUNCTION campaign.notify_campaign_due(uuid, uuid) IS
'Internal: wakes workers for the lanes of a campaign that was launched or resumed.';

-- Functions of workers plan for tables that grow between two ANALYZEs: never by reading all of one, and not with a compiler for a few rows.
CREATE FUNCTION campaign.claim_due_touches(worker text, max_touches integer DEFAULT 100, lease interval DEFAULT '5 minutes',
  tenants uuid[] DEFAULT NULL, channels text[] DEFAULT NULL, begin_now boolean DEFAULT false,
  OUT tenant_id uuid, OUT enrollment_id uuid, OUT campaign_id uuid, OUT contact_id uuid, OUT job_id uuid,
  OUT touch_number smallint, OUT channel text, OUT address text, OUT subject text, OUT body text, OUT body_html text,
  OUT sender_name text, OUT needs_pdf boolean, OUT attachments uuid[], OUT config jsonb, OUT scheduled_at timestamptz, OUT due_at timestamptz, OUT attempt smallint,
  OUT lease_token text, OUT lease_until timestamptz, OUT idempotency_key uuid)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_claim_due_touches';
COMMENT ON FUNCTION campaign.claim_due_touches(text, integer, interval, uuid[], text[], boolean) IS
'Leases up to max_touches (1 to 10000) due touches to a worker, oldest first and fair between tenants, and returns everything that a sender needs. Takes effect at commit: send only after it. tenants and channels restrict what is claimed; begin_now also begins each send, for a worker that prefers at most once. Raises 22023 for a bad argument, 25000 above READ COMMITTED, 25006 on a standby.';

CREATE FUNCTION campaign.claim_campaign_touches(worker text, max_touches integer, campaign uuid,
  OUT tenant_id uuid, OUT enrollment_id uuid, OUT campaign_id uuid, OUT contact_id uuid, OUT job_id uuid,
  OUT touch_number smallint, OUT channel text, OUT address text, OUT subject text, OUT body text, OUT body_html text,
  OUT sender_name text, OUT needs_pdf boolean, OUT attachments uuid[], OUT config jsonb, OUT scheduled_at timestamptz, OUT due_at timestamptz, OUT attempt smallint,
  OUT lease_token text, OUT lease_until timestamptz, OUT idempotency_key uuid)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_claim_campaign_touches';
COMMENT ON FUNCTION campaign.claim_campaign_touches(text, integer, uuid) IS
'Internal: claim_due_touches() for one campaign, for simulate().';

CREATE FUNCTION campaign.begin_send(lease_token text) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_begin_send';
COMMENT ON FUNCTION campaign.begin_send(text) IS
'The point of no return between claim and report: checks everything once more and answers go, stopped, paused, suppressed or lease_lost. Only go may send, and only after the commit. Any other answer gives the lease back. Raises 22023 for what is no token, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.extend_lease(lease_token text, lease interval) RETURNS timestamptz
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_extend_lease';
COMMENT ON FUNCTION campaign.extend_lease(text, interval) IS
'Makes a live lease last for the given time from now; returns its new end. Raises CP004 if the lease is lost or has ended, 22023 for what is no token.';

CREATE FUNCTION campaign.release_touch(lease_token text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
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
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
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

CREATE FUNCTION campaign.resolve_uncertain(token text, outcome text, note text DEFAULT NULL, provider_id text DEFAULT NULL,
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
    SELECT q.due_at + l.shift INTO next_due_at
      FROM campaign.touch_queue q JOIN campaign.lanes l ON l.tenant_id = q.tenant_id AND l.lane = q.lane
     WHERE q.tenant_id = found_touch.tenant_id AND q.enrollment_id = found_touch.enrollment_id;
    lease_token := token;
    result := CASE enrollment_status WHEN 'active' THEN 'ok' ELSE 'logged' END;
  ELSE
    SELECT r.* INTO lease_token, result, enrollment_status, next_due_at
      FROM campaign.report_touches(ARRAY[ROW(token, outcome, provider_id,
             CASE outcome WHEN 'failed' THEN coalesce(note, 'resolved as failed') END, true,
             CASE outcome WHEN 'skipped' THEN coalesce(note, 'resolved as skipped') WHEN 'sent' THEN note END, NULL, NULL)::campaign.touch_result]) r;
  END IF;
END $$;
COMMENT ON FUNCTION campaign.resolve_uncertain(text, text, text, text) IS
'Settles a touch whose lease ended after begin_send and before its report (campaign.uncertain_touches): outcome sent, failed, skipped, or retry, with a note that is logged and, for what was sent, the provider''s id of the message, by which later events find it. Answers as report_touches() does. Raises 22023 for an unknown outcome or what is no token, P0002 if no touch of yours is uncertain under this token.';

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
  queue_time timestamptz;
BEGIN
  SELECT e.tenant_id, e.contact_id, e.campaign_id, e.plan_version, e.exclusive INTO target FROM campaign.campaign_enrollments e
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
  SELECT l.lane, now_time - l.shift INTO touch_lane, queue_time
    FROM campaign.campaign_touches t
    JOIN campaign.lanes l ON l.tenant_id = target.tenant_id AND l.campaign_id = target.campaign_id AND l.channel = t.channel
   WHERE t.tenant_id = target.tenant_id AND t.campaign_id = target.campaign_id
     AND t.plan_version = target.plan_version AND t.touch_number = touch_number;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'touch % is not in the plan of the enrolment', touch_number
      USING ERRCODE = 'CP002',
            DETAIL = 'The enrolment was moved to a plan with fewer touches.',
            HINT = 'What the plan does not have is not sent again.';
  END IF;
  IF enrollment_status = 'completed' THEN
    IF EXISTS (SELECT FROM campaign.campaign_enrollments e
                WHERE e.tenant_id = target.tenant_id AND e.contact_id = target.contact_id AND e.status = 'active'
                  AND (e.exclusive OR target.exclusive OR e.campaign_id = target.campaign_id)) THEN
      RAISE EXCEPTION 'the contact is in another live sequence'
        USING ERRCODE = 'CP002',
              DETAIL = 'Retrying would reopen an enrolment beside it.',
              HINT = 'Retry when the live enrolment has ended.';
    END IF;
    PERFORM campaign.count_enrollments(target.tenant_id, target.campaign_id, 'reopened', ARRAY[enrollment]);
    UPDATE campaign.campaign_enrollments e SET status = 'active', completed_at = NULL
     WHERE e.tenant_id = target.tenant_id AND e.id = enrollment;
    INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number, attempt, attempt_base, resume_touch, rescheduled)
    SELECT target.tenant_id, touch_lane, queue_time, enrollment, dead.scheduled_at, touch_number, dead.attempt, dead.attempt,
           -- behind all that it has had, be it by a longer plan
           1 + greatest(max(t.touch_number), (SELECT max(s.touch_number) FROM campaign.send_logs s
                                               WHERE s.tenant_id = target.tenant_id AND s.enrollment_id = enrollment)), true
      FROM campaign.campaign_touches t
     WHERE t.tenant_id = target.tenant_id AND t.campaign_id = target.campaign_id AND t.plan_version = target.plan_version;
  ELSE
    -- a lease that has ended without a begin had a part of the caps
    PERFORM campaign.return_send_usage(target.tenant_id, queued.lane, queued.claimed_at);
    UPDATE campaign.touch_queue q
       SET lane = touch_lane, due_at = queue_time, rescheduled = true, scheduled_at = dead.scheduled_at, touch_number = retry_touch.touch_number,
           attempt = dead.attempt, attempt_base = dead.attempt, resume_touch = queued.touch_number,
           lease_until = '-infinity', claimed_at = '-infinity', fence = 0
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
  SELECT min(greatest(d.throttled_until, d.due_at)) FILTER (WHERE d.due_at IS NOT NULL)
    FROM (SELECT l.throttled_until,
                 CASE WHEN free.due_at + l.shift <= campaign.now() THEN free.due_at + l.shift
                      -- a leased touch comes back when its lease ends; leases run on the wall clock
                      ELSE least(free.due_at + l.shift,
                                 (SELECT min(campaign.now() + (q.lease_until - clock_timestamp())) FROM campaign.touch_queue q
                                   WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.lease_until > clock_timestamp()
                                     AND q.due_at <= campaign.now() - l.shift
                                     AND (q.flags = 0 OR q.flags = 1 AND c.uncertain_policy = 'retry'))) END AS due_at
            FROM campaign.lanes l JOIN campaign.channels c ON c.channel = l.channel
            LEFT JOIN LATERAL (
              SELECT q.due_at FROM campaign.touch_queue q
               WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.lease_until <= clock_timestamp() AND q.due_at < 'infinity'
                 AND (q.flags = 0 OR q.flags = 1 AND c.uncertain_policy = 'retry')
               ORDER BY q.due_at LIMIT 1) free ON true
           WHERE NOT l.paused AND ($1 IS NULL OR l.tenant_id = ANY ($1)) AND ($2 IS NULL OR l.channel = ANY ($2))) d;
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
  ('member', 'EXECUTE', 'FUNCTION campaign.resolve_uncertain(text, text, text, text)'),
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
COMMENT ON COLUMN campaign.workers.last_seen_at IS 'Its last claim, begin or extension, noted three times a minute at most.';
COMMENT ON TABLE campaign.touch_queue IS 'The next touch of each live enrolment. Written by the engine only.';
COMMENT ON COLUMN campaign.touch_queue.due_at IS 'When it may be claimed, by the engine''s clock, less the shift of its lane; infinity: not again (stopped or uncertain).';
COMMENT ON COLUMN campaign.touch_queue.scheduled_at IS 'When the plan wants it; retries and pauses move due_at, never this.';
COMMENT ON COLUMN campaign.touch_queue.lease_until IS 'End of the lease, by the wall clock.';
COMMENT ON COLUMN campaign.touch_queue.fence IS 'Random number of the lease: a token with another is stale.';
COMMENT ON COLUMN campaign.touch_queue.attempt IS 'Claims of this touch that were not released.';
COMMENT ON COLUMN campaign.touch_queue.attempt_base IS 'Attempts made before the operator''s retry; max_attempts counts from here.';
COMMENT ON COLUMN campaign.touch_queue.resume_touch IS 'Where the sequence goes on after a retried touch; 0: at the next one.';
COMMENT ON COLUMN campaign.touch_queue.flags IS 'Bits: 1 the send was begun, 2 the enrolment was stopped while a worker held the touch.';
COMMENT ON COLUMN campaign.touch_queue.rescheduled IS 'Whether lateness is not asked again: the touch was too late once and got another time, or is tried again by a person.';
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
CREATE INDEX send_logs_contact_idx ON campaign.send_logs (tenant_id, contact_id, channel, sent_at);
CREATE INDEX send_logs_provider_idx ON campaign.send_logs (tenant_id, provider_id) WHERE provider_id IS NOT NULL;
-- what failed is little, and looked for by health() and dead_touches
CREATE INDEX send_logs_failed_idx ON campaign.send_logs (tenant_id, logged_at) WHERE status = 'failed';
SELECT pg_catalog.pg_extension_config_dump('campaign.send_logs', '');

CREATE FUNCTION campaign.log_send(contact uuid, channel text DEFAULT 'email', subject text DEFAULT NULL, address text DEFAULT NULL,
  provider_id text DEFAULT NULL, sent_at timestamptz DEFAULT NULL, template uuid DEFAULT NULL, metadata jsonb DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  -- nothing was sent in the future
  at timestamptz := least(coalesce(sent_at, now_time), now_time);
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
  PERFORM campaign.refuse_erased(target.tenant_id, contact);
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
  SELECT target.tenant_id, new_id, contact, template, true, false, channel, 'sent', at, now_time,
         coalesce(address, CASE h.address_kind WHEN 'email' THEN target.email WHEN 'phone' THEN target.phone ELSE target.linkedin_url END),
         subject, provider_id, metadata
    FROM campaign.channels h WHERE h.channel = channel;
  PERFORM campaign.count_send_usage(target.tenant_id, channel, at);
  RETURN new_id;
END $$;
COMMENT ON FUNCTION campaign.log_send(uuid, text, text, text, text, timestamptz, uuid, jsonb) IS
'Logs a message that a person sent outside every campaign, so that it shows in the contact''s history and counts against the tenant''s limits, which it may exceed: it has happened; returns its id. The address defaults to the contact''s for the channel, sent_at to now. Raises P0002 for a contact or template that is not yours, CP002 for a contact that was erased, 22023 for an unknown channel, a provider_id of more than 1000 bytes and a time without end.';

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

-- >>> src/outreach/links.sql
-- Links in messages: what a click on them is for, and that the engine made them.

CREATE FUNCTION campaign.sign_link(tenant uuid, enrollment uuid, touch_number smallint, kind text) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_sign_link';
COMMENT ON FUNCTION campaign.sign_link(uuid, uuid, smallint, text) IS
'Internal: the token of a link, of arguments that the caller has checked.';

CREATE FUNCTION campaign.verify_link(token text,
  OUT tenant_id uuid, OUT enrollment_id uuid, OUT contact_id uuid, OUT touch_number smallint, OUT kind text)
RETURNS record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_verify_link';
COMMENT ON FUNCTION campaign.verify_link(text) IS
'What the token of a link in a message says: whose it is, the touch it stood in, and its kind, review or unsubscribe. Records nothing; campaign.record_link() does. Raises P0002 for every token that is not valid, whatever the cause.';

CREATE FUNCTION campaign.link_token(enrollment uuid, touch_number integer, kind text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT e.tenant_id INTO owner_tenant FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = ANY (campaign.writable_tenants()) AND e.id = enrollment;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'enrolment "%" does not exist', enrollment
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has an enrolment with this id.',
            HINT = 'Check the id; an enrolment of another tenant is not found.';
  END IF;
  IF kind IS NULL OR kind NOT IN ('review', 'unsubscribe') THEN
    RAISE EXCEPTION 'invalid kind of link %', coalesce(quote_literal(kind), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The kinds are review and unsubscribe.',
            HINT = 'Say what a click on the link is to do.';
  END IF;
  IF touch_number IS NULL OR touch_number NOT BETWEEN 1 AND 50 THEN
    RAISE EXCEPTION 'invalid touch number %', coalesce(touch_number::text, 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A campaign has 1 to 50 touches.',
            HINT = 'Give the number of the touch whose message has the link.';
  END IF;
  RETURN campaign.sign_link(owner_tenant, enrollment, touch_number::smallint, kind);
END $$;
COMMENT ON FUNCTION campaign.link_token(uuid, integer, text) IS
'The token of a link in the message of a touch (editors), as {{link.review}} and {{link.unsubscribe}} carry it: for messages that are written elsewhere, and for tests. Raises P0002 for an enrolment that is not yours, 22023 for an unknown kind or touch number.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.link_token(uuid, integer, text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.verify_link(text)');

-- >>> src/outreach/stop_rules.sql
-- Stop rules: what an event does to the sequences of the contact, to his addresses and to his consent.

CREATE TABLE campaign.stop_rules (
  tenant_id  uuid NOT NULL,
  event      text COLLATE "C" NOT NULL,
  action     text COLLATE "C" NOT NULL,
  reason     text,
  scope      text,
  seeded     boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT stop_rules_pkey PRIMARY KEY (tenant_id, event, action),
  CONSTRAINT stop_rules_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT stop_rules_event_check CHECK (event IN ('delivered', 'opened', 'clicked', 'review_clicked', 'replied',
    'bounced_hard', 'bounced_soft', 'complained', 'unsubscribed', 'sms_stop', 'reviewed', 'feedback')),
  CONSTRAINT stop_rules_action_check CHECK (action IN ('stop', 'suppress', 'opt_out', 'none')),
  CONSTRAINT stop_rules_reason_check CHECK (CASE action
    WHEN 'stop' THEN reason IS NOT NULL AND reason IN ('review_clicked', 'feedback_submitted', 'replied', 'opted_out_sms',
      'opted_out_email', 'unsubscribed', 'bounced', 'complained', 'owner_stopped')
    WHEN 'suppress' THEN reason IS NOT NULL AND reason IN ('hard_bounce', 'complaint', 'unsubscribe', 'manual')
    ELSE reason IS NULL END),
  CONSTRAINT stop_rules_scope_check CHECK (scope IN ('contact', 'enrollment') AND action = 'stop' OR scope IS NULL)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.stop_rules', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.stop_rules IS 'What events do. The system tenant''s rows are the defaults; the rows that a tenant has for an event replace all defaults of that event.';
COMMENT ON COLUMN campaign.stop_rules.event IS 'What happened: a kind of touch_events, more exactly: review_clicked is a click on the review link, bounced_hard and bounced_soft are the two kinds of bounce, sms_stop is an unsubscribe by text message.';
COMMENT ON COLUMN campaign.stop_rules.action IS 'stop ends live enrolments, suppress never uses the address again, opt_out takes back the consent to the channel of every contact with the address, none does nothing and is there to replace a default.';
COMMENT ON COLUMN campaign.stop_rules.reason IS 'The stop_reason of the enrolments, or the reason of the suppression.';
COMMENT ON COLUMN campaign.stop_rules.scope IS 'What a stop ends: contact (also NULL), every live enrolment of the contact that had begun by then (after a review or feedback: within tenants.review_cooldown), or enrollment, only that in whose message it happened.';
COMMENT ON COLUMN campaign.stop_rules.seeded IS 'The row comes with the extension and is changed by nobody.';

INSERT INTO campaign.stop_rules (tenant_id, event, action, reason, scope, seeded)
SELECT '00000000-0000-0000-0000-000000000000', r.event, r.action, r.reason, r.scope, true
FROM (VALUES
  ('delivered', 'none', NULL, NULL),
  ('opened', 'none', NULL, NULL),
  ('clicked', 'none', NULL, NULL),
  ('review_clicked', 'stop', 'review_clicked', 'contact'),
  ('reviewed', 'stop', 'review_clicked', 'contact'),
  ('feedback', 'stop', 'feedback_submitted', 'contact'),
  ('replied', 'stop', 'replied', 'contact'),
  ('bounced_soft', 'none', NULL, NULL),
  ('bounced_hard', 'suppress', 'hard_bounce', NULL),
  ('bounced_hard', 'stop', 'bounced', 'enrollment'),
  ('complained', 'suppress', 'complaint', NULL),
  ('complained', 'stop', 'complained', 'contact'),
  ('unsubscribed', 'suppress', 'unsubscribe', NULL),
  ('unsubscribed', 'opt_out', NULL, NULL),
  ('unsubscribed', 'stop', 'unsubscribed', 'contact'),
  ('sms_stop', 'opt_out', NULL, NULL)) AS r (event, action, reason, scope);

CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.stop_rules
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.stop_rules
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.stop_rules
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
COMMENT ON TRIGGER protect_seeded ON campaign.stop_rules IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.stop_rules IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER touch_updated_at ON campaign.stop_rules IS 'Keeps updated_at.';

ALTER TABLE campaign.stop_rules ENABLE ROW LEVEL SECURITY;
CREATE POLICY stop_rules_select ON campaign.stop_rules FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY stop_rules_insert ON campaign.stop_rules FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));
CREATE POLICY stop_rules_update ON campaign.stop_rules FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));
CREATE POLICY stop_rules_delete ON campaign.stop_rules FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));
COMMENT ON POLICY stop_rules_select ON campaign.stop_rules IS 'Members read their tenants'' and the defaults.';
COMMENT ON POLICY stop_rules_insert ON campaign.stop_rules IS 'Owners write their tenants''.';
COMMENT ON POLICY stop_rules_update ON campaign.stop_rules IS 'Owners write their tenants''.';
COMMENT ON POLICY stop_rules_delete ON campaign.stop_rules IS 'Owners write their tenants''.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.stop_rules'),
  ('member', 'INSERT (tenant_id, event, action, reason, scope)', 'TABLE campaign.stop_rules'),
  ('member', 'UPDATE (event, action, reason, scope)', 'TABLE campaign.stop_rules'),
  ('member', 'DELETE', 'TABLE campaign.stop_rules');

-- >>> src/outreach/touch_events.sql
-- Events: what became of a message after it was sent, and what the contact did. They apply the stop rules.

CREATE TABLE campaign.touch_events (
  tenant_id     uuid NOT NULL,
  id            uuid NOT NULL DEFAULT campaign.uuid_v7(),
  event_id      text,
  kind          text COLLATE "C" NOT NULL,
  bounce        text,
  link          text,
  is_machine    boolean NOT NULL DEFAULT false,
  at            timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  enrollment_id uuid,
  campaign_id   uuid,
  contact_id    uuid,
  touch_number  smallint,
  channel       text COLLATE "C",
  provider_id   text,
  address       text,
  unmatched     boolean NOT NULL DEFAULT false,
  data          jsonb,
  CONSTRAINT touch_events_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT touch_events_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT touch_events_event_id_key UNIQUE (tenant_id, event_id),
  -- what is indexed fits in an index
  CONSTRAINT touch_events_event_id_check CHECK (pg_catalog.octet_length(event_id) BETWEEN 1 AND 1000),
  CONSTRAINT touch_events_provider_id_check CHECK (pg_catalog.octet_length(provider_id) <= 1000),
  CONSTRAINT touch_events_kind_check CHECK (kind IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained',
    'unsubscribed', 'reviewed', 'feedback')),
  CONSTRAINT touch_events_bounce_check CHECK (bounce IN ('hard', 'soft') AND (kind = 'bounced') = (bounce IS NOT NULL)
    OR bounce IS NULL AND kind <> 'bounced'),
  CONSTRAINT touch_events_link_check CHECK (link IS NULL OR kind = 'clicked' AND link IN ('review', 'unsubscribe')),
  CONSTRAINT touch_events_touch_number_check CHECK (touch_number >= 1),
  CONSTRAINT touch_events_enrollment_check CHECK ((enrollment_id IS NULL) = (campaign_id IS NULL)
    AND (enrollment_id IS NULL OR contact_id IS NOT NULL) AND (enrollment_id IS NOT NULL OR touch_number IS NULL)),
  CONSTRAINT touch_events_unmatched_check CHECK (unmatched = (contact_id IS NULL))
);
CREATE INDEX touch_events_enrollment_idx ON campaign.touch_events (tenant_id, enrollment_id, kind) WHERE enrollment_id IS NOT NULL;
CREATE INDEX touch_events_contact_idx ON campaign.touch_events (tenant_id, contact_id, kind, at) WHERE contact_id IS NOT NULL;
CREATE INDEX touch_events_provider_idx ON campaign.touch_events (tenant_id, provider_id) WHERE unmatched;
CREATE INDEX touch_events_unmatched_idx ON campaign.touch_events (tenant_id, recorded_at) WHERE unmatched;
SELECT pg_catalog.pg_extension_config_dump('campaign.touch_events', '');

-- ---- what an event says

CREATE FUNCTION campaign.read_event(kind text, at timestamptz, event_id text, provider_id text, address text, data jsonb)
RETURNS campaign.touch_events
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
  v campaign.touch_events;
  fault text;
  way_out text;
BEGIN
  v.id := campaign.uuid_v7();
  v.kind := CASE kind WHEN 'review_clicked' THEN 'clicked' WHEN 'bounced_hard' THEN 'bounced' WHEN 'bounced_soft' THEN 'bounced'
                      WHEN 'sms_stop' THEN 'unsubscribed' ELSE kind END;
  v.bounce := CASE WHEN kind = 'bounced_hard' THEN 'hard' WHEN kind = 'bounced_soft' THEN 'soft' WHEN kind = 'bounced' THEN data ->> 'bounce' END;
  v.link := CASE WHEN kind = 'review_clicked' THEN 'review'
                 WHEN kind = 'clicked' AND data ->> 'link' IN ('review', 'unsubscribe') THEN data ->> 'link' END;
  v.channel := CASE WHEN kind = 'sms_stop' THEN 'sms' END;
  v.is_machine := coalesce(data ->> 'machine' = 'true', false);
  v.at := least(at, now_time);
  v.recorded_at := now_time;
  v.event_id := event_id;
  v.provider_id := provider_id;
  v.address := campaign.normalize_address(address);
  v.unmatched := false;
  v.data := data;
  IF v.kind IS NULL OR v.kind NOT IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained', 'unsubscribed', 'reviewed', 'feedback') THEN
    fault := format('invalid kind of event %s', coalesce(quote_literal(kind), 'NULL'));
    way_out := 'The kinds are delivered, opened, clicked, replied, bounced, complained, unsubscribed, reviewed and feedback.';
  ELSIF v.kind = 'bounced' AND (v.bounce IS NULL OR v.bounce NOT IN ('hard', 'soft')) THEN
    fault := 'a bounce must be hard or soft';
    way_out := 'Say it in data: {"bounce": "hard"} if there is no such address, {"bounce": "soft"} if it could not be reached now.';
  ELSIF NOT isfinite(at) THEN
    fault := 'at must be finite';
    way_out := 'Give the time at which it happened, or leave at out for now.';
  ELSIF octet_length(event_id) NOT BETWEEN 1 AND 1000 OR octet_length(provider_id) NOT BETWEEN 1 AND 1000 THEN
    fault := 'event_id and provider_id must have 1 to 1000 bytes';
    way_out := 'Pass the ids that the sender of the event gives, and the rest as data.';
  ELSIF octet_length(v.address) NOT BETWEEN 1 AND 2048 THEN
    fault := 'address must have 1 to 2048 bytes';
    way_out := 'An address is an e-mail address, a phone number or a profile URL.';
  ELSIF octet_length(data::text) > 65536 THEN
    fault := 'data of an event must have at most 64 kB';
    way_out := 'Pass what is needed of it.';
  END IF;
  IF fault IS NOT NULL THEN
    RAISE EXCEPTION '%', fault
      USING ERRCODE = 'invalid_parameter_value', DETAIL = 'Nothing was recorded.', HINT = way_out;
  END IF;
  RETURN v;
END $$;
COMMENT ON FUNCTION campaign.read_event(text, timestamptz, text, text, text, jsonb) IS
'Internal: the row of an event as it was told, without what it is about; raises 22023 for what makes no sense.';

-- The same event told twice without an id of its own is known by what was told.
CREATE FUNCTION campaign.derived_event_id(v campaign.touch_events, at timestamptz, VARIADIC about text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN 'campaign:' || encode(sha256(convert_to(array_to_string(ARRAY[v.kind, v.bounce, v.link, extract(epoch FROM at)::text] || about,
  ' ', '-'), 'UTF8')), 'hex');
COMMENT ON FUNCTION campaign.derived_event_id(campaign.touch_events, timestamptz, text[]) IS
'Internal: the id of an event that came without one: its kind, the time and whatever said which message it is about, all as they were told.';

-- ---- what an event is about

-- A message that was sent: its enrolment and touch, or for a manual send its contact.
CREATE FUNCTION campaign.event_of_message(v campaign.touch_events, message campaign.send_logs) RETURNS campaign.touch_events
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  v.enrollment_id := message.enrollment_id;
  v.campaign_id := message.campaign_id;
  v.contact_id := message.contact_id;
  v.touch_number := message.touch_number;
  v.provider_id := coalesce(v.provider_id, message.provider_id);
  -- a STOP by text message may be all that there is of this channel
  IF v.kind <> 'unsubscribed' OR v.channel IS NULL OR v.channel = message.channel THEN
    v.channel := message.channel;
    v.address := coalesce(campaign.normalize_address(message.address), v.address);
  END IF;
  v.unmatched := false;
  -- nobody reads so fast
  v.is_machine := v.is_machine
    OR v.kind = 'opened' AND coalesce(v.at BETWEEN message.sent_at AND message.sent_at + interval '2 seconds', false);
  RETURN v;
END $$;
COMMENT ON FUNCTION campaign.event_of_message(campaign.touch_events, campaign.send_logs) IS
'Internal: an event, about a logged message.';

CREATE FUNCTION campaign.find_message(tenant uuid, provider_id text) RETURNS campaign.send_logs
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  message campaign.send_logs;
BEGIN
  SELECT l.* INTO message FROM campaign.send_logs l
   WHERE l.tenant_id = tenant AND l.provider_id = find_message.provider_id
   ORDER BY l.status = 'sent' DESC, l.logged_at DESC, l.id DESC LIMIT 1;
  RETURN message;
END $$;
COMMENT ON FUNCTION campaign.find_message(uuid, text) IS
'Internal: the logged message that a provider knows by an id, the last one if it gave several the same; NULL if none is logged.';

-- The touch that an event of an enrolment is about: the one that a token names, the one under way,
-- or the last that was sent.
CREATE FUNCTION campaign.event_of_enrollment(v campaign.touch_events) RETURNS campaign.touch_events
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  message campaign.send_logs;
  touch smallint := v.touch_number;
BEGIN
  IF touch IS NULL THEN
    SELECT q.touch_number INTO touch FROM campaign.touch_queue q
     WHERE q.tenant_id = v.tenant_id AND q.enrollment_id = v.enrollment_id AND q.flags & 1 = 1 AND q.claimed_at <= v.at
       AND NOT EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = v.tenant_id AND l.enrollment_id = v.enrollment_id
                          AND l.provider_id = v.provider_id);
  END IF;
  SELECT l.* INTO message FROM campaign.send_logs l
   WHERE l.tenant_id = v.tenant_id AND l.enrollment_id = v.enrollment_id
     AND CASE WHEN touch IS NULL THEN l.status = 'sent' ELSE l.touch_number = touch END
   ORDER BY l.provider_id = v.provider_id DESC NULLS LAST, l.sent_at DESC NULLS LAST, l.touch_number DESC, l.attempt DESC LIMIT 1;
  IF FOUND THEN
    v := campaign.event_of_message(v, message);
  ELSE
    v.touch_number := touch;
  END IF;
  IF v.channel IS NOT NULL AND v.address IS NOT NULL THEN
    RETURN v;
  END IF;
  SELECT coalesce(v.channel, h.channel),
         coalesce(v.address, campaign.normalize_address(CASE h.address_kind WHEN 'phone' THEN k.phone WHEN 'linkedin_url' THEN k.linkedin_url ELSE k.email END))
    INTO v.channel, v.address
    FROM campaign.campaign_enrollments e
    JOIN campaign.contacts k ON k.tenant_id = v.tenant_id AND k.id = e.contact_id
    LEFT JOIN campaign.campaign_touches t ON t.tenant_id = v.tenant_id AND t.campaign_id = e.campaign_id
      AND t.plan_version = e.plan_version AND t.touch_number = v.touch_number
    LEFT JOIN campaign.channels h ON h.channel = coalesce(v.channel, t.channel)
   WHERE e.tenant_id = v.tenant_id AND e.id = v.enrollment_id;
  RETURN v;
END $$;
COMMENT ON FUNCTION campaign.event_of_enrollment(campaign.touch_events) IS
'Internal: an event whose enrolment is known, with its touch, channel and address.';

-- One lookup for each index: a condition on all of them may read the whole tenant.
CREATE FUNCTION campaign.contacts_with_address(tenant uuid, address text) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT c.id FROM campaign.contacts c WHERE c.tenant_id = tenant AND campaign.normalize_address(c.email) = address
               UNION
               SELECT c.id FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.phone = address
               UNION
               SELECT c.id FROM campaign.contacts c
                WHERE c.tenant_id = tenant AND c.linkedin_url IS NOT NULL AND campaign.normalize_address(c.linkedin_url) = address
                ORDER BY 1);
END $$;
COMMENT ON FUNCTION campaign.contacts_with_address(uuid, text) IS
'Internal: the contacts of a tenant that have an address, given in normal form.';

-- Who wrote from an address answers what was last sent there.
CREATE FUNCTION campaign.event_of_address(v campaign.touch_events, contacts uuid[]) RETURNS campaign.touch_events
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  message campaign.send_logs;
BEGIN
  v.channel := coalesce(v.channel, CASE WHEN strpos(v.address, '@') > 0 THEN 'email' WHEN starts_with(v.address, '+') THEN 'sms' END);
  v.contact_id := contacts[1];
  v.unmatched := v.contact_id IS NULL;
  SELECT (f.l).* INTO message
    FROM unnest(contacts) AS k(id)
   CROSS JOIN LATERAL (
         SELECT l, l.enrollment_id, l.sent_at, l.id FROM campaign.send_logs l
          WHERE l.tenant_id = v.tenant_id AND l.contact_id = k.id AND l.status = 'sent'
            AND campaign.normalize_address(l.address) = v.address AND (v.kind <> 'unsubscribed' OR l.channel = v.channel)
         OFFSET 0) f
    LEFT JOIN LATERAL (SELECT e.status FROM campaign.campaign_enrollments e
                        WHERE e.tenant_id = v.tenant_id AND e.id = f.enrollment_id OFFSET 0) e ON true
   ORDER BY e.status = 'active' DESC NULLS LAST, f.sent_at DESC, f.id DESC LIMIT 1;
  IF FOUND THEN
    v := campaign.event_of_message(v, message);
  END IF;
  RETURN v;
END $$;
COMMENT ON FUNCTION campaign.event_of_address(campaign.touch_events, uuid[]) IS
'Internal: an event from an address, with the contacts that have it; without any it is unmatched.';

-- A worker acts for every tenant, a member for those that he may write to.
CREATE FUNCTION campaign.locate_event(v campaign.touch_events, lease_token text, enrollment uuid) RETURNS campaign.touch_events
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  is_worker boolean := campaign.is_worker();
  allowed uuid[] := CASE WHEN NOT is_worker THEN campaign.writable_tenants() END;
  named_tenant uuid := v.tenant_id;
BEGIN
  IF lease_token IS NOT NULL THEN
    SELECT d.tenant_id, d.enrollment_id, d.touch_number INTO named_tenant, enrollment, v.touch_number
      FROM campaign.decode_touch_token(lease_token) d;
    named_tenant := CASE WHEN v.tenant_id IS NULL OR v.tenant_id = named_tenant THEN named_tenant END;
  END IF;
  IF enrollment IS NOT NULL THEN
    SELECT f.tenant_id, f.id, f.campaign_id, f.contact_id INTO v.tenant_id, v.enrollment_id, v.campaign_id, v.contact_id
      FROM campaign.tenants t
     CROSS JOIN LATERAL (SELECT e.tenant_id, e.id, e.campaign_id, e.contact_id FROM campaign.campaign_enrollments e
                          WHERE e.tenant_id = t.id AND e.id = enrollment LIMIT 1) f
     WHERE (is_worker OR t.id = ANY (allowed)) AND (t.id = named_tenant OR named_tenant IS NULL AND lease_token IS NULL);
    IF NOT FOUND THEN
      RAISE EXCEPTION '% does not exist', CASE WHEN lease_token IS NULL THEN format('enrolment "%s"', enrollment) ELSE 'enrolment of the lease token' END
        USING ERRCODE = 'no_data_found',
              DETAIL = 'No tenant that you may record events for has such an enrolment.',
              HINT = 'Check what was given; an enrolment of another tenant is not found.';
    END IF;
    RETURN campaign.event_of_enrollment(v);
  END IF;
  v.tenant_id := coalesce(v.tenant_id, CASE WHEN cardinality(allowed) = 1 THEN allowed[1] END);
  IF v.tenant_id IS NULL OR v.provider_id IS NULL AND v.address IS NULL THEN
    RAISE EXCEPTION 'the message of an event must be told'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'An event has a lease_token, an enrollment, or with its tenant a provider_id or an address.',
            HINT = 'Give the tenant beside a provider_id or an address: another tenant''s may be the same.';
  END IF;
  IF NOT is_worker THEN
    PERFORM campaign.require_tenant(v.tenant_id);
  ELSIF v.tenant_id = '00000000-0000-0000-0000-000000000000' THEN
    RAISE EXCEPTION 'tenant "%" does not exist', v.tenant_id
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The system tenant sends no messages.',
            HINT = 'Give the tenant that sent the message.';
  END IF;
  RETURN v;
END $$;
COMMENT ON FUNCTION campaign.locate_event(campaign.touch_events, text, uuid) IS
'Internal: an event with its tenant, which the caller may write to, and if a token or an enrolment was given, with all that it is about. Raises P0002, 42501 and 22023.';

-- ---- what an event does

CREATE FUNCTION campaign.event_rules(v campaign.touch_events,
  OUT stop_reason text, OUT stop_scope text, OUT suppress_reason text, OUT opts_out boolean)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  happened text := CASE WHEN v.kind = 'clicked' AND v.link = 'review' THEN 'review_clicked'
                        WHEN v.kind = 'bounced' THEN 'bounced_' || v.bounce
                        WHEN v.kind = 'unsubscribed' AND v.channel = 'sms' THEN 'sms_stop'
                        ELSE v.kind END;
BEGIN
  SELECT max(r.reason) FILTER (WHERE r.action = 'stop'), max(r.scope) FILTER (WHERE r.action = 'stop'),
         max(r.reason) FILTER (WHERE r.action = 'suppress'), coalesce(bool_or(r.action = 'opt_out'), false)
    INTO stop_reason, stop_scope, suppress_reason, opts_out
    FROM campaign.stop_rules r
   WHERE r.event = happened AND NOT v.is_machine
     AND r.tenant_id = CASE WHEN EXISTS (SELECT FROM campaign.stop_rules o WHERE o.tenant_id = v.tenant_id AND o.event = happened)
                            THEN v.tenant_id ELSE '00000000-0000-0000-0000-000000000000' END;
END $$;
COMMENT ON FUNCTION campaign.event_rules(campaign.touch_events) IS
'Internal: what the tenant''s rules for an event, or else the defaults, say; nothing for what a program did.';

-- Contacts, then enrolments, each in order.
CREATE FUNCTION campaign.lock_event_targets(tenant uuid, contacts uuid[], enrollment uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  one uuid;
BEGIN
  FOREACH one IN ARRAY contacts LOOP
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = one FOR NO KEY UPDATE;
  END LOOP;
  FOR one IN
    SELECT DISTINCT w.id FROM unnest(campaign.live_enrollments(tenant, contacts) || enrollment) AS w(id) WHERE w.id IS NOT NULL ORDER BY 1
  LOOP
    PERFORM FROM campaign.campaign_enrollments e WHERE e.tenant_id = tenant AND e.id = one FOR NO KEY UPDATE;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.lock_event_targets(uuid, uuid[], uuid) IS
'Internal: locks contacts, which come in order, their live enrolments and one more until the end of the transaction.';

-- For whoever must not wait, because he holds queue rows: those of the contacts as well, and nothing if
-- anything is busy.
CREATE FUNCTION campaign.try_lock_event_targets(tenant uuid, contacts uuid[], enrollment uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  one uuid;
BEGIN
  FOREACH one IN ARRAY contacts LOOP
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = one FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
  END LOOP;
  FOR one IN
    SELECT DISTINCT w.id FROM unnest(campaign.live_enrollments(tenant, contacts) || enrollment) AS w(id) WHERE w.id IS NOT NULL ORDER BY 1
  LOOP
    PERFORM FROM campaign.campaign_enrollments e WHERE e.tenant_id = tenant AND e.id = one FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
    PERFORM FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = one FOR UPDATE SKIP LOCKED;
    IF NOT FOUND AND EXISTS (SELECT FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = one) THEN
      RETURN false;
    END IF;
  END LOOP;
  RETURN true;
END $$;
COMMENT ON FUNCTION campaign.try_lock_event_targets(uuid, uuid[], uuid) IS
'Internal: locks contacts, which come in order, their live enrolments and one more, and the queue rows of these, until the end of the transaction, without waiting; false if somebody has one of them.';

-- An event of a message proves that it was sent: what nobody knew of a touch is known.
CREATE FUNCTION campaign.settle_touch_by_event(v campaign.touch_events, lease_token text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  named record;
  touch record;
BEGIN
  IF v.enrollment_id IS NULL OR v.kind NOT IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained') THEN
    RETURN;
  END IF;
  SELECT q.touch_number, q.attempt, q.fence, q.claimed_at, q.flags,
         campaign.touch_token(q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.touch_number, q.attempt, q.fence) AS token
    INTO touch FROM campaign.touch_queue q
   WHERE q.tenant_id = v.tenant_id AND q.enrollment_id = v.enrollment_id AND q.fence <> 0 AND q.lease_until <= clock_timestamp();
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF lease_token IS NOT NULL THEN
    SELECT d.fence, d.attempt INTO named FROM campaign.decode_touch_token(lease_token) d;
    IF named.fence <> touch.fence OR named.attempt <> touch.attempt THEN
      RETURN;
    END IF;
  ELSIF touch.flags & 1 = 0 OR touch.touch_number IS DISTINCT FROM v.touch_number OR v.at < touch.claimed_at THEN
    RETURN;
  END IF;
  -- an ended lease that a claim or maintenance has come across has lost its time
  PERFORM campaign.report_touches(ARRAY[ROW(touch.token, 'sent', v.provider_id, NULL, NULL, NULL,
            CASE WHEN isfinite(touch.claimed_at) THEN touch.claimed_at ELSE v.at END,
            jsonb_build_object('settled_by', v.kind))::campaign.touch_result]);
END $$;
COMMENT ON FUNCTION campaign.settle_touch_by_event(campaign.touch_events, text) IS
'Internal: reports a touch as sent whose lease has ended without a report, if the event is about that attempt (its token), or about its enrolment after a begin_send. The caller holds the enrolment.';

-- What happens to a touch counts once, however often it happens. Whoever records an event of a contact
-- holds the contact, so that the first one is the first for everybody.
CREATE FUNCTION campaign.count_event(v campaign.touch_events) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  converts boolean := NOT v.is_machine AND (v.kind = 'reviewed' OR v.kind = 'clicked' AND coalesce(v.link = 'review', false));
  service text;
BEGIN
  IF v.campaign_id IS NULL OR v.is_machine AND v.kind = 'clicked' THEN
    RETURN;
  END IF;
  SELECT CASE WHEN e.job_id IS NULL THEN o.service_type ELSE j.service_type END INTO service
    FROM campaign.campaign_enrollments e
    JOIN campaign.outreach_campaigns o ON o.tenant_id = v.tenant_id AND o.campaign_id = e.campaign_id
    LEFT JOIN campaign.jobs j ON j.tenant_id = v.tenant_id AND j.id = e.job_id
   WHERE e.tenant_id = v.tenant_id AND e.id = v.enrollment_id;
  IF NOT EXISTS (SELECT FROM campaign.touch_events o
                  WHERE o.tenant_id = v.tenant_id AND o.enrollment_id = v.enrollment_id AND o.kind = v.kind AND o.id <> v.id
                    AND o.touch_number IS NOT DISTINCT FROM v.touch_number AND o.bounce IS NOT DISTINCT FROM v.bounce
                    AND (o.is_machine = v.is_machine OR v.kind NOT IN ('opened', 'clicked'))) THEN
    PERFORM campaign.count_touch_event(v.tenant_id, v.campaign_id, coalesce(v.touch_number, 0), service,
      CASE WHEN v.kind = 'bounced' THEN 'bounced_' || v.bounce WHEN v.kind = 'opened' AND v.is_machine THEN 'machine_opened' ELSE v.kind END, v.at);
  END IF;
  IF converts AND NOT EXISTS (SELECT FROM campaign.touch_events o
                               WHERE o.tenant_id = v.tenant_id AND o.enrollment_id = v.enrollment_id AND o.id <> v.id AND NOT o.is_machine
                                 AND (o.kind = 'reviewed' OR o.kind = 'clicked' AND o.link = 'review')) THEN
    PERFORM campaign.count_touch_event(v.tenant_id, v.campaign_id, coalesce(v.touch_number, 0), service, 'converted', v.at);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.count_event(campaign.touch_events) IS
'Internal: counts an event that was just recorded, unless it is not the first of its kind for its touch, or for converted for its enrolment.';

CREATE FUNCTION campaign.act_on_event(v campaign.touch_events, rules record, contacts uuid[], holders uuid[]) RETURNS integer
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

CREATE FUNCTION campaign.store_event(v campaign.touch_events, contacts uuid[], lease_token text,
  OUT event uuid, OUT result text, OUT enrollment_id uuid, OUT stopped integer)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  rules record := campaign.event_rules(v);
  holders uuid[] := contacts;
BEGIN
  PERFORM campaign.lock_tenant_key(v.tenant_id);
  IF rules.suppress_reason IS NOT NULL OR rules.opts_out THEN
    holders := ARRAY(SELECT u.id FROM unnest(contacts || campaign.contacts_with_address(v.tenant_id, v.address)) AS u(id)
                      GROUP BY u.id ORDER BY u.id);
  END IF;
  PERFORM campaign.lock_event_targets(v.tenant_id, holders, v.enrollment_id);
  -- what is told of an erased contact counts, and is not kept
  IF EXISTS (SELECT FROM campaign.contacts c WHERE c.tenant_id = v.tenant_id AND c.id = v.contact_id AND c.erased_at IS NOT NULL) THEN
    v.provider_id := NULL;
    v.data := NULL;
    v.address := campaign.address_hash(v.tenant_id, v.address);
  END IF;
  INSERT INTO campaign.touch_events SELECT v.*
  ON CONFLICT ON CONSTRAINT touch_events_event_id_key DO NOTHING;
  IF NOT FOUND THEN
    SELECT o.id, 'duplicate', o.enrollment_id, 0 INTO event, result, enrollment_id, stopped
      FROM campaign.touch_events o WHERE o.tenant_id = v.tenant_id AND o.event_id = v.event_id;
    RETURN;
  END IF;
  event := v.id;
  enrollment_id := v.enrollment_id;
  result := CASE WHEN v.unmatched THEN 'unmatched' ELSE 'recorded' END;
  PERFORM campaign.settle_touch_by_event(v, lease_token);
  stopped := campaign.act_on_event(v, rules, contacts, holders);
END $$;
COMMENT ON FUNCTION campaign.store_event(campaign.touch_events, uuid[], text) IS
'Internal: records an event unless its id is known, and applies the stop rules to the sequences of the contacts it is from. Locks the tenant''s key, contacts, enrolments and queue rows.';

CREATE FUNCTION campaign.record_event(kind text, at timestamptz DEFAULT NULL, provider_id text DEFAULT NULL, lease_token text DEFAULT NULL,
  enrollment uuid DEFAULT NULL, event_id text DEFAULT NULL, data jsonb DEFAULT NULL, tenant uuid DEFAULT NULL, address text DEFAULT NULL,
  OUT event uuid, OUT result text, OUT enrollment_id uuid, OUT stopped integer)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  v campaign.touch_events;
  message campaign.send_logs;
  contacts uuid[];
BEGIN
  PERFORM campaign.require_read_committed('record_event()');
  v := campaign.read_event(kind, coalesce(at, campaign.now()), event_id, provider_id, address, data);
  v.tenant_id := tenant;
  v := campaign.locate_event(v, lease_token, enrollment);
  IF at IS NOT NULL THEN
    v.event_id := coalesce(event_id, campaign.derived_event_id(v, at, lease_token, enrollment::text, provider_id, campaign.normalize_address(address)));
  END IF;
  IF v.enrollment_id IS NULL AND v.provider_id IS NOT NULL THEN
    message := campaign.find_message(v.tenant_id, v.provider_id);
    IF message.id IS NOT NULL THEN
      v := campaign.event_of_message(v, message);
    ELSE
      -- its report comes later; what concerns the address alone need not wait for it
      v := campaign.event_of_address(v, '{}');
    END IF;
  ELSIF v.enrollment_id IS NULL THEN
    contacts := campaign.contacts_with_address(v.tenant_id, v.address);
    v := campaign.event_of_address(v, contacts);
  END IF;
  IF v.kind = 'clicked' AND v.link IS NULL AND data ->> 'url' = (SELECT t.review_url FROM campaign.tenants t WHERE t.id = v.tenant_id) THEN
    v.link := 'review';
  END IF;
  SELECT s.event, s.result, s.enrollment_id, s.stopped INTO event, result, enrollment_id, stopped
    FROM campaign.store_event(v, coalesce(contacts, array_remove(ARRAY[v.contact_id], NULL)), lease_token) s;
  PERFORM campaign.match_recent_events(v.tenant_id, 20, 20);
END $$;
COMMENT ON FUNCTION campaign.record_event(text, timestamptz, text, text, uuid, text, jsonb, uuid, text) IS
'Records what became of a message or what a contact did, and applies the stop rules: kind delivered, opened, clicked, replied, bounced, complained, unsubscribed, reviewed or feedback (or as stop_rules names it), and which message by lease_token, enrollment, or with the tenant provider_id or address. data may say {"bounce": "hard"}, {"link": "review"} and {"machine": true}. Returns the event, the result recorded, duplicate (the event_id, or without one the same event at the same time, is known) or unmatched (no such message is logged yet), the enrolment, and how many enrolments were stopped. For editors and, in every tenant, workers. Raises 22023, P0002 for what is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.record_link(token text, at timestamptz DEFAULT NULL, event_id text DEFAULT NULL, data jsonb DEFAULT NULL,
  OUT kind text, OUT url text, OUT result text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  link record;
  v campaign.touch_events;
BEGIN
  PERFORM campaign.require_read_committed('record_link()');
  link := campaign.verify_link(token);
  v := campaign.read_event(CASE link.kind WHEN 'review' THEN 'review_clicked' ELSE 'unsubscribed' END,
                           coalesce(at, campaign.now()), event_id, NULL, NULL, data);
  v.tenant_id := link.tenant_id;
  v.enrollment_id := link.enrollment_id;
  v.contact_id := link.contact_id;
  v.touch_number := link.touch_number;
  SELECT e.campaign_id INTO v.campaign_id FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = v.tenant_id AND e.id = v.enrollment_id;
  v := campaign.event_of_enrollment(v);
  IF at IS NOT NULL THEN
    v.event_id := coalesce(event_id, campaign.derived_event_id(v, at, token));
  END IF;
  SELECT s.result INTO result FROM campaign.store_event(v, ARRAY[v.contact_id], NULL) s;
  kind := link.kind;
  SELECT t.review_url INTO url FROM campaign.tenants t WHERE t.id = v.tenant_id AND link.kind = 'review';
END $$;
COMMENT ON FUNCTION campaign.record_link(text, timestamptz, text, jsonb) IS
'Records a click on a link of a message, of which the token is the end, and applies the stop rules: kind review (a click on the review link; url is the tenant''s review_url, where to send the visitor on to) or unsubscribe (url NULL: show that it is done). result is that of record_event(). For workers. Raises P0002 for every token that is not valid, whatever the cause, 25000 above READ COMMITTED.';

-- ---- events that came before what they are about

CREATE FUNCTION campaign.match_message(tenant uuid, provider_id text) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  message campaign.send_logs := campaign.find_message(tenant, provider_id);
  v campaign.touch_events;
  rules record;
  holders uuid[];
  matched integer := 0;
BEGIN
  PERFORM FROM campaign.tenants t WHERE t.id = tenant AND message.id IS NOT NULL FOR KEY SHARE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  FOR v IN
    SELECT u.* FROM campaign.touch_events u
     WHERE u.tenant_id = tenant AND u.provider_id = provider_id AND u.unmatched ORDER BY u.at, u.id FOR UPDATE SKIP LOCKED
  LOOP
    v := campaign.event_of_message(v, message);
    rules := campaign.event_rules(v);
    holders := ARRAY[v.contact_id];
    IF rules.suppress_reason IS NOT NULL OR rules.opts_out THEN
      holders := ARRAY(SELECT u.id FROM unnest(holders || campaign.contacts_with_address(tenant, v.address)) AS u(id)
                        GROUP BY u.id ORDER BY u.id);
    END IF;
    EXIT WHEN NOT campaign.try_lock_event_targets(tenant, holders, v.enrollment_id);
    UPDATE campaign.touch_events u
       SET unmatched = false, enrollment_id = v.enrollment_id, campaign_id = v.campaign_id, contact_id = v.contact_id,
           touch_number = v.touch_number, channel = v.channel, address = v.address, is_machine = v.is_machine
     WHERE u.tenant_id = tenant AND u.id = v.id;
    PERFORM campaign.act_on_event(v, rules, ARRAY[v.contact_id], holders);
    matched := matched + 1;
  END LOOP;
  RETURN matched;
END $$;
COMMENT ON FUNCTION campaign.match_message(uuid, text) IS
'Internal: applies the events of a message that came before it was logged; returns how many. Waits for nobody, so that a claim may call it: what is busy is left for the next time.';

CREATE FUNCTION campaign.match_enrollment_events(tenant uuid, enrollment uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  early text;
  matched integer := 0;
BEGIN
  FOR early IN
    SELECT DISTINCT l.provider_id FROM campaign.send_logs l
      JOIN campaign.touch_events u ON u.tenant_id = tenant AND u.provider_id = l.provider_id AND u.unmatched
     WHERE l.tenant_id = tenant AND l.enrollment_id = enrollment
  LOOP
    matched := matched + campaign.match_message(tenant, early);
  END LOOP;
  RETURN matched;
END $$;
COMMENT ON FUNCTION campaign.match_enrollment_events(uuid, uuid) IS
'Internal: applies the events of an enrolment''s messages that came before they were logged; returns how many. Waits for nobody.';

CREATE FUNCTION campaign.match_recent_events(tenant uuid, examined integer, most integer) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  since timestamptz := campaign.now() - interval '30 days';
  early text;
  matched integer := 0;
BEGIN
  FOR early IN
    SELECT u.provider_id
      FROM (SELECT r.provider_id, r.at FROM campaign.touch_events r
             WHERE r.tenant_id = tenant AND r.unmatched AND r.recorded_at > since
             ORDER BY r.recorded_at DESC LIMIT examined) u
     WHERE EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = tenant AND l.provider_id = u.provider_id)
     GROUP BY u.provider_id ORDER BY min(u.at)
  LOOP
    EXIT WHEN matched >= most;
    matched := matched + campaign.match_message(tenant, early);
  END LOOP;
  RETURN matched;
END $$;
COMMENT ON FUNCTION campaign.match_recent_events(uuid, integer, integer) IS
'Internal: looks at the newest unmatched events of a tenant, of the last 30 days, and applies those whose message is logged by now; returns how many.';

CREATE FUNCTION campaign.match_events(tenant uuid DEFAULT NULL, max integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- the system tenant has no events
  owner_tenant uuid := '00000000-0000-0000-0000-000000000000';
  matched integer := 0;
BEGIN
  PERFORM campaign.require_read_committed('match_events()');
  IF max IS NULL OR max < 1 THEN
    RAISE EXCEPTION 'max must be at least 1'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is how many events one call applies.',
            HINT = 'Leave it out for 1000.';
  END IF;
  IF tenant IS NOT NULL THEN
    RETURN campaign.match_recent_events(tenant, NULL, max);
  END IF;
  LOOP
    SELECT u.tenant_id INTO owner_tenant FROM campaign.touch_events u
     WHERE u.unmatched AND u.tenant_id > owner_tenant ORDER BY u.tenant_id LIMIT 1;
    EXIT WHEN owner_tenant IS NULL OR matched >= max;
    matched := matched + campaign.match_recent_events(owner_tenant, NULL, max - matched);
  END LOOP;
  RETURN matched;
END $$;
COMMENT ON FUNCTION campaign.match_events(uuid, integer) IS
'Applies events that came before their message was logged, of one tenant or (NULL) all, and whose message is logged by now; returns how many, about max at most. Whatever somebody else has is left for the next time. Record_event() and maintenance call it; events that found no message for 30 days are tried no more. Raises 22023, 25000 above READ COMMITTED.';

ALTER TABLE campaign.touch_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY touch_events_select ON campaign.touch_events FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.touch_events'),
  ('member', 'EXECUTE', 'FUNCTION campaign.record_event(text, timestamptz, text, text, uuid, text, jsonb, uuid, text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.record_event(text, timestamptz, text, text, uuid, text, jsonb, uuid, text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.record_link(text, timestamptz, text, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.match_events(uuid, integer)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.match_events(uuid, integer)');

COMMENT ON TABLE campaign.touch_events IS 'What became of messages after they were sent, and what contacts did. Append-only; written by campaign.record_event() and campaign.record_link().';
COMMENT ON COLUMN campaign.touch_events.event_id IS 'The sender''s id of the event, at most 1000 bytes: the same once more changes nothing. One that begins with campaign: was made from what the event says.';
COMMENT ON COLUMN campaign.touch_events.kind IS 'delivered, opened, clicked, replied, bounced, complained, unsubscribed, reviewed or feedback.';
COMMENT ON COLUMN campaign.touch_events.bounce IS 'Of a bounce: hard (there is no such address) or soft (not now).';
COMMENT ON COLUMN campaign.touch_events.link IS 'Of a click on one of the engine''s links: review or unsubscribe.';
COMMENT ON COLUMN campaign.touch_events.is_machine IS 'A program did it, not the contact: it stops nothing and counts apart.';
COMMENT ON COLUMN campaign.touch_events.at IS 'When it happened, by the engine''s clock.';
COMMENT ON COLUMN campaign.touch_events.recorded_at IS 'When it was told, by the engine''s clock.';
COMMENT ON COLUMN campaign.touch_events.enrollment_id IS 'The enrolment in whose message it happened; NULL for a manual send.';
COMMENT ON COLUMN campaign.touch_events.touch_number IS 'The touch in whose message it happened; NULL if none was sent.';
COMMENT ON COLUMN campaign.touch_events.address IS 'The address that it concerns, as the message had it.';
COMMENT ON COLUMN campaign.touch_events.unmatched IS 'Nobody knows yet which message it is about: campaign.match_events() looks again.';
COMMENT ON COLUMN campaign.touch_events.data IS 'Whatever the sender of the event told besides.';
COMMENT ON POLICY touch_events_select ON campaign.touch_events IS 'Members read their tenants''.';

-- >>> src/outreach/enrollment_conflicts.sql
-- Conflicts: contacts that were to be enrolled while another sequence was in the way, and what became of it.
-- A row is written and resolved under the lock of its contact.

CREATE TABLE campaign.enrollment_conflicts (
  tenant_id          uuid NOT NULL,
  id                 uuid NOT NULL DEFAULT campaign.uuid_v7(),
  contact_id         uuid NOT NULL,
  campaign_id        uuid NOT NULL,
  job_id             uuid,
  live_enrollment_id uuid NOT NULL,
  at                 timestamptz NOT NULL,
  anchor_at          timestamptz,
  -- the defaults are what a conflict was before there were policies, for dumps of that time
  policy             text NOT NULL DEFAULT 'skip',
  resolve_after      timestamptz,
  resolution         text DEFAULT 'skipped',
  reason             text,
  resolved_at        timestamptz,
  resolved_by        text,
  enrollment_id      uuid,
  CONSTRAINT enrollment_conflicts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT enrollment_conflicts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT enrollment_conflicts_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id),
  CONSTRAINT enrollment_conflicts_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.campaigns (tenant_id, id),
  CONSTRAINT enrollment_conflicts_job_fkey FOREIGN KEY (tenant_id, job_id) REFERENCES campaign.jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT enrollment_conflicts_live_enrollment_fkey FOREIGN KEY (tenant_id, live_enrollment_id) REFERENCES campaign.campaign_enrollments (tenant_id, id),
  CONSTRAINT enrollment_conflicts_enrollment_fkey FOREIGN KEY (tenant_id, enrollment_id) REFERENCES campaign.campaign_enrollments (tenant_id, id),
  CONSTRAINT enrollment_conflicts_policy_check CHECK (policy IN ('ask', 'replace', 'skip', 'queue')),
  CONSTRAINT enrollment_conflicts_resolution_check CHECK (resolution IN ('replaced', 'skipped', 'enrolled', 'cancelled')),
  CONSTRAINT enrollment_conflicts_open_check CHECK (resolution IS NOT NULL OR (resolve_after IS NOT NULL AND resolved_at IS NULL)),
  CONSTRAINT enrollment_conflicts_enrollment_check CHECK (enrollment_id IS NULL OR resolution IN ('replaced', 'enrolled'))
);
-- one open conflict for one wish
CREATE UNIQUE INDEX enrollment_conflicts_open_key ON campaign.enrollment_conflicts (tenant_id, contact_id, campaign_id, job_id)
  NULLS NOT DISTINCT WHERE resolution IS NULL;
CREATE INDEX enrollment_conflicts_due_idx ON campaign.enrollment_conflicts (tenant_id, resolve_after) WHERE resolution IS NULL;
CREATE INDEX enrollment_conflicts_contact_idx ON campaign.enrollment_conflicts (tenant_id, contact_id);
CREATE INDEX enrollment_conflicts_campaign_idx ON campaign.enrollment_conflicts (tenant_id, campaign_id);
CREATE INDEX enrollment_conflicts_job_idx ON campaign.enrollment_conflicts (tenant_id, job_id) WHERE job_id IS NOT NULL;
CREATE INDEX enrollment_conflicts_live_enrollment_idx ON campaign.enrollment_conflicts (tenant_id, live_enrollment_id);
CREATE INDEX enrollment_conflicts_enrollment_idx ON campaign.enrollment_conflicts (tenant_id, enrollment_id) WHERE enrollment_id IS NOT NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.enrollment_conflicts', '');

-- An old sequence that is live now ends now at the earliest: what waits for it need not be looked at
-- before a week from now, and so each waiting conflict is looked at once a week.
CREATE FUNCTION campaign.record_conflicts(tenant uuid, campaign uuid, job uuid, contacts uuid[], live uuid[], enrollments uuid[],
  anchor timestamptz, policy text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  resolution text := CASE WHEN policy = 'replace' AND enrollments IS NOT NULL THEN 'replaced' WHEN policy = 'skip' THEN 'skipped' END;
  resolve_after timestamptz := CASE WHEN resolution IS NULL THEN
    now_time + CASE policy WHEN 'ask' THEN interval '24 hours' WHEN 'queue' THEN interval '168 hours' ELSE interval '0' END END;
  ids uuid[] := ARRAY(SELECT campaign.uuid_v7() FROM generate_series(1, cardinality(contacts)));
BEGIN
  INSERT INTO campaign.enrollment_conflicts (tenant_id, id, contact_id, campaign_id, job_id, live_enrollment_id, at, anchor_at,
    policy, resolve_after, resolution, resolved_at, resolved_by, enrollment_id)
  SELECT tenant, n.id, n.contact, campaign, job, n.live, now_time, anchor, policy, resolve_after, resolution,
         CASE WHEN resolution IS NOT NULL THEN now_time END, CASE WHEN resolution IS NOT NULL THEN 'system' END, n.enrollment
    FROM unnest(ids, contacts, live, enrollments) n(id, contact, live, enrollment)
  -- asked for again while it is open
  ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION campaign.record_conflicts(uuid, uuid, uuid, uuid[], uuid[], uuid[], timestamptz, text) IS
'Internal: records conflicts of locked contacts with live enrolments, side by side, under a policy: open, or resolved as skipped or, with the enrolments that took the old ones'' places, as replaced.';

CREATE FUNCTION campaign.end_conflict(tenant uuid, conflict uuid, resolution text, reason text, enrollment uuid, member text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.enrollment_conflicts x
     SET resolution = end_conflict.resolution, reason = end_conflict.reason, enrollment_id = enrollment, resolved_at = now_time,
         resolved_by = coalesce(member, x.resolved_by, 'system')
   WHERE x.tenant_id = tenant AND x.id = conflict AND x.resolution IS NULL;
END $$;
COMMENT ON FUNCTION campaign.end_conflict(uuid, uuid, text, text, uuid, text) IS
'Internal: resolves a conflict that is open; without a member, whoever decided before or the system has resolved it.';

CREATE FUNCTION campaign.close_conflicts(tenant uuid, campaign uuid, job uuid, contacts uuid[], enrollments uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.enrollment_conflicts x
     SET resolution = 'enrolled', enrollment_id = n.enrollment, resolved_at = now_time, resolved_by = coalesce(x.resolved_by, 'system')
    FROM unnest(contacts, enrollments) n(contact, enrollment)
   WHERE x.tenant_id = tenant AND x.contact_id = n.contact AND x.campaign_id = campaign AND x.resolution IS NULL
     AND x.job_id IS NOT DISTINCT FROM job;
END $$;
COMMENT ON FUNCTION campaign.close_conflicts(uuid, uuid, uuid, uuid[], uuid[]) IS
'Internal: open conflicts of wishes that have come true otherwise are resolved as enrolled; contacts and their new enrolments side by side.';

-- A queued one has its turn a week after the last of those that were in its way, and counts from
-- there, or all its touches would be overdue at once.
CREATE FUNCTION campaign.settle_conflict(conflict campaign.enrollment_conflicts, member text,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  tenant constant uuid := conflict.tenant_id;
  now_time timestamptz := campaign.now();
  anchor timestamptz := conflict.anchor_at;
  live record;
  turn timestamptz;
BEGIN
  SELECT r.outcome, r.reason INTO outcome, reason
    FROM campaign.refuse_enrollment(tenant, conflict.campaign_id, conflict.contact_id, conflict.job_id) r;
  live := campaign.sequences_in_the_way(tenant, conflict.campaign_id, conflict.contact_id, conflict.job_id);
  IF outcome IS NULL AND live.is_same THEN
    outcome := 'already_live';
    reason := 'live_in_this_campaign';
  ELSIF outcome IS NULL THEN
    IF conflict.policy = 'queue' THEN
      turn := interval '168 hours' + CASE WHEN live.enrollments IS NOT NULL THEN now_time ELSE
        coalesce(campaign.last_sequence_end(tenant, conflict.campaign_id, conflict.contact_id), conflict.at) END;
      IF turn > now_time THEN
        UPDATE campaign.enrollment_conflicts x
           SET resolve_after = turn, live_enrollment_id = coalesce(live.enrollments[1], x.live_enrollment_id)
         WHERE x.tenant_id = tenant AND x.id = conflict.id;
        RETURN;
      END IF;
      anchor := greatest(anchor, turn, (SELECT j.completed_at FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = conflict.job_id));
    END IF;
    IF live.enrollments IS NOT NULL THEN
      PERFORM campaign.stop_enrollments(tenant, live.enrollments, 'repeat_job');
      reason := 'replaced';
    END IF;
    enrollment_id := campaign.insert_enrollment(tenant, conflict.campaign_id, conflict.contact_id, conflict.job_id, anchor);
    outcome := 'enrolled';
  END IF;
  PERFORM campaign.end_conflict(tenant, conflict.id, CASE outcome WHEN 'enrolled' THEN coalesce(reason, 'enrolled') ELSE 'cancelled' END,
    CASE WHEN outcome <> 'enrolled' THEN reason END, enrollment_id, member);
  IF conflict.job_id IS NOT NULL THEN
    INSERT INTO campaign.job_enrollments (tenant_id, job_id, campaign_id, enrollment_id, outcome, reason, at)
    VALUES (tenant, conflict.job_id, conflict.campaign_id, enrollment_id, outcome, reason, now_time);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.settle_conflict(campaign.enrollment_conflicts, text) IS
'Internal: asks once more whether the contact of an open conflict may be enrolled, and replaces, enrols or cancels; a queued one whose turn has not come stays open (outcome NULL). The caller holds the locks of tenant, campaign and contact.';

CREATE FUNCTION campaign.last_sequence_end(tenant uuid, campaign uuid, contact uuid) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN (SELECT max(coalesce(e.completed_at, e.stopped_at))
            FROM campaign.campaign_enrollments e JOIN campaign.tenants t ON t.id = e.tenant_id
           WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status <> 'active'
             AND (e.exclusive OR NOT t.parallel_sequences OR e.campaign_id = campaign));
END $$;
COMMENT ON FUNCTION campaign.last_sequence_end(uuid, uuid, uuid) IS
'Internal: when the last of those enrolments of a contact ended beside which it could not have been enrolled in the campaign.';

-- Everything with SKIP LOCKED: whoever settles on the way never waits, and so needs no order.
CREATE FUNCTION campaign.try_lock_sequences(tenant uuid, contact uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  live uuid[] := ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
                        WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status = 'active');
BEGIN
  RETURN cardinality(live) = 0
    OR (SELECT count(*) FROM (SELECT FROM campaign.campaign_enrollments e
                               WHERE e.tenant_id = tenant AND e.id = ANY (live) AND e.status = 'active'
                                 FOR NO KEY UPDATE SKIP LOCKED) l) = cardinality(live)
   AND (SELECT count(*) FROM (SELECT FROM campaign.touch_queue q
                               WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live)
                                 FOR UPDATE SKIP LOCKED) l) = cardinality(live);
END $$;
COMMENT ON FUNCTION campaign.try_lock_sequences(uuid, uuid) IS
'Internal: locks the live enrolments of a locked contact and their queue rows; false if somebody else holds one.';

-- Of several that were asked for, the last one would replace the others at once: it alone is
-- enrolled. Queued ones have their turn in the order in which they came.
CREATE FUNCTION campaign.settle_contact_conflicts(tenant uuid, contact uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  conflict campaign.enrollment_conflicts;
  settled integer := 0;
  superseded boolean := false;
  result text;
BEGIN
  IF NOT EXISTS (SELECT FROM campaign.enrollment_conflicts x
                  WHERE x.tenant_id = tenant AND x.contact_id = contact AND x.resolution IS NULL AND x.resolve_after <= now_time)
     OR current_setting('transaction_isolation') IN ('repeatable read', 'serializable')
     OR NOT campaign.try_lock_sequences(tenant, contact) THEN
    RETURN 0;
  END IF;
  FOR conflict IN
    SELECT x.* FROM campaign.enrollment_conflicts x
     WHERE x.tenant_id = tenant AND x.contact_id = contact AND x.resolution IS NULL AND x.resolve_after <= now_time
     ORDER BY x.policy = 'queue', CASE x.policy WHEN 'queue' THEN x.id END, x.id DESC
  LOOP
    IF conflict.job_id IS NOT NULL THEN
      PERFORM FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = conflict.job_id FOR KEY SHARE SKIP LOCKED;
      CONTINUE WHEN NOT FOUND;
    END IF;
    IF superseded AND conflict.policy <> 'queue' THEN
      PERFORM campaign.end_conflict(tenant, conflict.id, 'skipped', 'superseded', NULL, NULL);
      settled := settled + 1;
      CONTINUE;
    END IF;
    -- not FOR KEY SHARE: beside who has locked a row and changed it, that waits in spite of SKIP LOCKED
    PERFORM FROM campaign.campaigns c WHERE c.tenant_id = tenant AND c.id = conflict.campaign_id FOR SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    SELECT s.outcome INTO result FROM campaign.settle_conflict(conflict, NULL) s;
    settled := settled + (result IS NOT NULL)::integer;
    superseded := superseded OR coalesce(result = 'enrolled', false);
  END LOOP;
  RETURN settled;
END $$;
COMMENT ON FUNCTION campaign.settle_contact_conflicts(uuid, uuid) IS
'Internal: settles the open conflicts of a locked contact whose time has come; returns how many were resolved. Waits for nobody: what somebody else holds is left for the next time. Does nothing above READ COMMITTED.';

CREATE FUNCTION campaign.settle_conflicts(max_contacts integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  due record;
  settled integer := 0;
BEGIN
  PERFORM campaign.require_read_committed('settle_conflicts()');
  FOR due IN
    SELECT x.tenant_id, x.contact_id
      FROM campaign.tenants t
     CROSS JOIN LATERAL (SELECT o.tenant_id, o.contact_id, o.resolve_after FROM campaign.enrollment_conflicts o
                          WHERE o.tenant_id = t.id AND o.resolution IS NULL AND o.resolve_after <= now_time
                          ORDER BY o.resolve_after LIMIT max_contacts) x
     GROUP BY x.tenant_id, x.contact_id
     ORDER BY min(x.resolve_after), x.tenant_id, x.contact_id LIMIT max_contacts
  LOOP
    PERFORM FROM campaign.tenants t WHERE t.id = due.tenant_id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = due.tenant_id AND c.id = due.contact_id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    settled := settled + campaign.settle_contact_conflicts(due.tenant_id, due.contact_id);
  END LOOP;
  RETURN settled;
END $$;
COMMENT ON FUNCTION campaign.settle_conflicts(integer) IS
'Settles the conflicts of up to max_contacts contacts whose time has come: what was asked about is replaced after 24 hours, what is queued is enrolled 7 days after the old sequence ended, and what may not be enrolled any more is cancelled. Returns how many were resolved. Part of maintenance; waits for nobody, and may run beside itself. Raises 25000 above READ COMMITTED.';

-- A job comes first: whoever deletes it has it locked already.
CREATE FUNCTION campaign.lock_conflict(conflict uuid) RETURNS campaign.enrollment_conflicts
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target campaign.enrollment_conflicts;
BEGIN
  SELECT x.* INTO target FROM campaign.enrollment_conflicts x
   WHERE x.tenant_id = ANY (campaign.writable_tenants()) AND x.id = conflict;
  IF FOUND THEN
    PERFORM FROM campaign.jobs j WHERE j.tenant_id = target.tenant_id AND j.id = target.job_id FOR KEY SHARE;
    PERFORM campaign.lock_tenant_key(target.tenant_id);
    PERFORM FROM campaign.campaigns c WHERE c.tenant_id = target.tenant_id AND c.id = target.campaign_id FOR KEY SHARE;
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = target.tenant_id AND c.id = target.contact_id FOR NO KEY UPDATE;
    SELECT x.* INTO target FROM campaign.enrollment_conflicts x WHERE x.tenant_id = target.tenant_id AND x.id = conflict;
  END IF;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'conflict "%" does not exist', conflict
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a conflict with this id.',
            HINT = 'See campaign.enrollment_conflicts; a conflict of another tenant is not found.';
  END IF;
  RETURN target;
END $$;
COMMENT ON FUNCTION campaign.lock_conflict(uuid) IS
'Internal: a conflict of the caller''s writable tenants as it is under the locks of its job, tenant, campaign and contact; raises P0002.';

CREATE FUNCTION campaign.resolve_conflict(conflict uuid, resolution text,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target campaign.enrollment_conflicts;
  member text := campaign.current_member();
BEGIN
  IF resolution IS NULL OR resolution NOT IN ('replace', 'skip', 'queue') THEN
    RAISE EXCEPTION 'invalid resolution %', coalesce(quote_literal(resolution), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A conflict is resolved by replace, skip or queue.',
            HINT = 'replace stops the old sequence, skip keeps it, queue enrols 7 days after it has ended.';
  END IF;
  PERFORM campaign.require_read_committed('resolve_conflict()');
  target := campaign.lock_conflict(conflict);
  IF target.resolution IS NOT NULL THEN
    RAISE EXCEPTION 'conflict "%" is resolved', conflict
      USING ERRCODE = 'CP002',
            DETAIL = format('It was %s by %s.', target.resolution, coalesce(target.resolved_by, 'system')),
            HINT = 'Enrol the contact with campaign.enroll() or campaign.enroll_job() if that was a mistake.';
  END IF;
  IF resolution = 'skip' THEN
    outcome := 'conflict';
    reason := 'skipped';
    PERFORM campaign.end_conflict(target.tenant_id, conflict, 'skipped', NULL, NULL, member);
    RETURN;
  END IF;
  UPDATE campaign.enrollment_conflicts x SET policy = resolve_conflict.resolution, resolved_by = member
   WHERE x.tenant_id = target.tenant_id AND x.id = conflict;
  target.policy := resolution;
  SELECT s.enrollment_id, s.outcome, s.reason INTO enrollment_id, outcome, reason FROM campaign.settle_conflict(target, member) s;
  IF outcome IS NULL THEN
    outcome := 'conflict';
    reason := 'queued';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.resolve_conflict(uuid, text) IS
'Decides an open conflict: replace stops the old sequence (repeat_job) and enrols, skip keeps it, queue enrols 7 days after it has ended. Returns the new enrolment, the outcome and the reason as enroll() does; what may not be enrolled any more is cancelled, with the reason. Raises 22023 for another resolution, CP002 if the conflict is resolved already, P0002 for one that is not yours, 25000 above READ COMMITTED.';

ALTER TABLE campaign.enrollment_conflicts ENABLE ROW LEVEL SECURITY;
CREATE POLICY enrollment_conflicts_select ON campaign.enrollment_conflicts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.enrollment_conflicts'),
  ('member', 'EXECUTE', 'FUNCTION campaign.resolve_conflict(uuid, text)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.settle_conflicts(integer)');

COMMENT ON TABLE campaign.enrollment_conflicts IS 'Contacts that were to be enrolled while they were in another live sequence, and what became of it. Open while resolution is NULL.';
COMMENT ON COLUMN campaign.enrollment_conflicts.job_id IS 'The job that was to be enrolled; NULL: by hand.';
COMMENT ON COLUMN campaign.enrollment_conflicts.live_enrollment_id IS 'The enrolment that was in the way.';
COMMENT ON COLUMN campaign.enrollment_conflicts.at IS 'When it was found, by the engine''s clock.';
COMMENT ON COLUMN campaign.enrollment_conflicts.anchor_at IS 'The anchor that was asked for; NULL: the job''s completion, or the time of the enrolment.';
COMMENT ON COLUMN campaign.enrollment_conflicts.policy IS 'What is done about it: the tenant''s conflict_policy at that time, or what a member has chosen. ask: replace after 24 hours; replace; skip; queue: enrol 7 days after the old one has ended.';
COMMENT ON COLUMN campaign.enrollment_conflicts.resolve_after IS 'An open one is looked at again from then on.';
COMMENT ON COLUMN campaign.enrollment_conflicts.resolution IS 'replaced: the old one was stopped and the contact enrolled; enrolled: nothing was in the way any more; skipped: the old one went on; cancelled: not to be enrolled any more, see reason; NULL: open.';
COMMENT ON COLUMN campaign.enrollment_conflicts.reason IS 'Why it was cancelled; superseded: skipped because of a later conflict of the same contact.';
COMMENT ON COLUMN campaign.enrollment_conflicts.resolved_by IS 'The member who decided, or system.';
COMMENT ON COLUMN campaign.enrollment_conflicts.enrollment_id IS 'The new enrolment.';
COMMENT ON POLICY enrollment_conflicts_select ON campaign.enrollment_conflicts IS 'Members read their tenants''.';

-- >>> src/outreach/bulk_enrollment.sql
-- Enrolment of many contacts in one call: the rules of enroll(), set by set, one statement for each step.
-- Lists of a million are joined by plans made for their length.

CREATE FUNCTION campaign.distinct_ids(ids uuid[], OUT present uuid[], OUT given bigint) RETURNS record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_distinct_ids';
COMMENT ON FUNCTION campaign.distinct_ids(uuid[]) IS
'Internal: ids in order, each once and without NULLs, and how many there were with those that come again.';

CREATE FUNCTION campaign.lock_contacts(tenant uuid, contacts uuid[], OUT present uuid[], OUT archived bigint) RETURNS record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_lock_contacts';
COMMENT ON FUNCTION campaign.lock_contacts(uuid, uuid[]) IS
'Internal: locks contacts, given in order and each once, FOR NO KEY UPDATE; returns those of the tenant that are not archived, in this order, and how many are.';

-- After the locks, of what is locked: who may begin, who is in another sequence (and in which), and
-- how many are not asked further.
CREATE FUNCTION campaign.classify_contacts(tenant uuid, campaign uuid, contacts uuid[],
  OUT free uuid[], OUT taken uuid[], OUT taken_by uuid[], OUT already bigint, OUT reviewed bigint)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  since timestamptz;
  resting uuid[];
  live uuid[];
BEGIN
  SELECT campaign.now() - make_interval(secs => extract(epoch FROM t.review_cooldown)::double precision) INTO since
    FROM campaign.tenants t WHERE t.id = tenant;
  resting := ARRAY(
    SELECT v.contact_id FROM campaign.touch_events v JOIN unnest(contacts) c(id) ON c.id = v.contact_id
     WHERE v.tenant_id = tenant AND v.kind IN ('reviewed', 'feedback', 'clicked') AND v.at > since
       AND (v.kind <> 'clicked' OR v.link = 'review') AND NOT v.is_machine
    UNION
    SELECT e.contact_id FROM campaign.campaign_enrollments e JOIN unnest(contacts) c(id) ON c.id = e.contact_id
     WHERE e.tenant_id = tenant AND e.status = 'stopped'
       AND e.stop_reason IN ('review_clicked', 'feedback_submitted') AND e.stopped_at > since);
  WITH standing AS (
    SELECT e.contact_id, bool_or(e.campaign_id = campaign) AS is_same, (array_agg(e.id ORDER BY e.id))[1] AS id
      FROM campaign.tenants t
      JOIN campaign.campaign_enrollments e ON e.tenant_id = t.id
      JOIN unnest(contacts) c(id) ON c.id = e.contact_id
     WHERE t.id = tenant AND e.tenant_id = tenant AND e.status = 'active'
       AND (e.exclusive OR NOT t.parallel_sequences OR e.campaign_id = campaign)
     GROUP BY e.contact_id
  )
  SELECT array_agg(s.contact_id), array_agg(s.contact_id) FILTER (WHERE NOT s.is_same), array_agg(s.id) FILTER (WHERE NOT s.is_same),
         count(*) FILTER (WHERE s.is_same)
    INTO live, taken, taken_by, already
    FROM standing s WHERE s.contact_id <> ALL (resting);
  reviewed := cardinality(resting);
  IF reviewed = 0 AND live IS NULL THEN
    free := contacts;
  ELSE
    free := ARRAY(SELECT c.id FROM unnest(contacts) c(id)
                  EXCEPT SELECT r.id FROM unnest(resting || live) r(id)
                  ORDER BY 1);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.classify_contacts(uuid, uuid, uuid[]) IS
'Internal: of different, locked contacts those that may begin in the campaign (in order), those that are in another live sequence and in which, how many are in this campaign already, and how many have reviewed a short time ago.';

CREATE FUNCTION campaign.insert_enrollments(tenant uuid, campaign uuid, contacts uuid[], ids uuid[], anchor timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  first record := campaign.first_touch(tenant, campaign, NULL);
  anchor_time timestamptz := coalesce(anchor, now_time);
  scheduled timestamptz := anchor_time + first.delay;
BEGIN
  IF NOT campaign.insert_enrollment_rows(tenant, campaign, contacts, ids, first.plan_version, anchor_time, scheduled, now_time,
       first.exclusive, first.shift, first.lane, scheduled - first.shift, NULL) THEN
    INSERT INTO campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at,
      enrolled_at, exclusive, base_shift)
    SELECT tenant, n.id, campaign, n.contact, first.plan_version, anchor_time, scheduled, now_time, first.exclusive, first.shift
      FROM unnest(contacts, ids) n(contact, id);
    INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
    SELECT tenant, first.lane, scheduled - first.shift, n.id, scheduled, 1 FROM unnest(ids) n(id);
  END IF;
  PERFORM campaign.count_touch_event(tenant, campaign, 0, first.service, 'enrolled', now_time, cardinality(ids));
  PERFORM campaign.notify_due(scheduled);
END $$;
COMMENT ON FUNCTION campaign.insert_enrollments(uuid, uuid, uuid[], uuid[], timestamptz) IS
'Internal: the rows of new enrolments without a job, contacts and ids side by side. The caller holds the locks of campaign and contacts and has asked what is in the way. Fires triggers only where somebody has put one of his own on these tables: then all of them.';

-- Whoever is replaced is stopped first, and then enrolled with the others; in order, as the indexes are.
CREATE FUNCTION campaign.enroll_free_contacts(tenant uuid, campaign uuid, free uuid[], taken uuid[], taken_by uuid[],
  anchor timestamptz, policy text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  begun uuid[] := free;
  ids uuid[];
  successors uuid[];
BEGIN
  IF policy = 'replace' AND taken IS NOT NULL THEN
    PERFORM campaign.stop_enrollments(tenant, ARRAY(
      SELECT e.id FROM campaign.tenants t
        JOIN campaign.campaign_enrollments e ON e.tenant_id = t.id
        JOIN unnest(taken) c(id) ON c.id = e.contact_id
       WHERE t.id = tenant AND e.tenant_id = tenant AND e.status = 'active' AND (e.exclusive OR NOT t.parallel_sequences)), 'repeat_job');
    begun := ARRAY(SELECT b.id FROM unnest(free || taken) b(id) ORDER BY b.id);
  END IF;
  ids := campaign.uuids_v7(cardinality(begun));
  IF cardinality(begun) > 0 THEN
    PERFORM campaign.insert_enrollments(tenant, campaign, begun, ids, anchor);
    PERFORM campaign.close_conflicts(tenant, campaign, NULL, begun, ids);
  END IF;
  IF taken IS NOT NULL THEN
    IF policy = 'replace' THEN
      successors := ARRAY(SELECT b.successor FROM unnest(taken) WITH ORDINALITY c(id, n)
                            JOIN unnest(begun, ids) b(id, successor) ON b.id = c.id ORDER BY c.n);
    END IF;
    PERFORM campaign.record_conflicts(tenant, campaign, NULL, taken, taken_by, successors, anchor, policy);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.enroll_free_contacts(uuid, uuid, uuid[], uuid[], uuid[], timestamptz, text) IS
'Internal: enrols the contacts that are free, and treats those that are taken by a policy, which replaces, or records their conflicts.';

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

CREATE FUNCTION campaign.enroll_contacts(campaign uuid, ids uuid[], anchor_at timestamptz DEFAULT NULL,
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

-- A query of the caller runs with his rights. Not where the identity is a setting, which a query
-- could change.
CREATE FUNCTION campaign.enroll_contacts(campaign uuid, query text, anchor_at timestamptz DEFAULT NULL,
  OUT outcome text, OUT reason text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  source text := rtrim(query, E'; \t\r\n');
  id_type text;
  ids uuid[];
BEGIN
  -- which also loads the library, whose setting it is
  PERFORM campaign.current_member();
  IF current_setting('campaign.identity_source') = 'jwt' THEN
    RAISE EXCEPTION 'contacts are not enrolled by a query where members are subjects of tokens'
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'A query could change whose token it is.',
            HINT = 'Pass the ids of the contacts as an array.';
  END IF;
  IF coalesce(source, '') = '' THEN
    RAISE EXCEPTION 'query must not be null or empty'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It says which contacts are enrolled.',
            HINT = 'Pass a query such as SELECT id FROM campaign.contacts WHERE ..., or an array of ids.';
  END IF;
  EXECUTE format(E'SELECT pg_typeof((SELECT q.id FROM (%s\n) q(id) LIMIT 0))', source) INTO id_type;
  IF id_type <> 'uuid' THEN
    RAISE EXCEPTION 'the query returns % and not contacts', id_type
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Its first column must be the id of a contact.',
            HINT = 'Begin it with SELECT id FROM campaign.contacts; names are looked up in pg_catalog, others are qualified.';
  END IF;
  EXECUTE format(E'SELECT array_agg(q.id) FROM (%s\n) q(id)', source) INTO ids;
  RETURN QUERY SELECT r.* FROM campaign.enroll_contacts(campaign, coalesce(ids, '{}'), anchor_at) r;
END $$;
COMMENT ON FUNCTION campaign.enroll_contacts(uuid, text, timestamptz) IS
'Enrols the contacts that a query returns in its first column, which is read with the caller''s rights and with search_path pg_catalog; otherwise as enroll_contacts(uuid, uuid[], timestamptz). Raises besides 22023 for a query that returns something else and 42501 where campaign.identity_source is jwt.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.enroll_contacts(uuid, uuid[], timestamptz)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.enroll_contacts(uuid, text, timestamptz)');

-- >>> src/outreach/breaker.sql
-- The breaker: a campaign whose messages bounce, annoy or fail is paused, with the reason; a person resumes it.

CREATE FUNCTION campaign.breaker_counts(tenant uuid, campaign uuid,
  OUT since timestamptz, OUT sent bigint, OUT failed bigint, OUT bounced_hard bigint, OUT complained bigint, OUT unfolded bigint)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  -- what came before the resume was judged by who resumed
  SELECT greatest(now_time - interval '24 hours', max(l.resumed_at)) INTO since
    FROM campaign.lanes l WHERE l.tenant_id = tenant AND l.campaign_id = campaign;
  SELECT coalesce(sum(c.n) FILTER (WHERE c.metric = 'sent'), 0)::bigint, coalesce(sum(c.n) FILTER (WHERE c.metric = 'failed'), 0)::bigint,
         coalesce(sum(c.n) FILTER (WHERE c.metric = 'bounced_hard'), 0)::bigint,
         coalesce(sum(c.n) FILTER (WHERE c.metric = 'complained'), 0)::bigint, count(*) FILTER (WHERE c.is_delta)
    INTO sent, failed, bounced_hard, complained, unfolded
    FROM (SELECT r.metric, r.n, false AS is_delta FROM campaign.recent_counts r
           WHERE r.tenant_id = tenant AND r.campaign_id = campaign AND r.at BETWEEN since AND now_time
          UNION ALL
          SELECT d.metric, d.n, true FROM campaign.touch_count_deltas d
           WHERE d.tenant_id = tenant AND d.campaign_id = campaign AND d.at BETWEEN since AND now_time) c;
END $$;
COMMENT ON FUNCTION campaign.breaker_counts(uuid, uuid) IS
'Internal: what the breaker judges a campaign by: the last 24 hours, to five minutes, or since its last resume; unfolded says how many rows are not in the totals yet.';

CREATE FUNCTION campaign.breaker_reason(sent bigint, failed bigint, bounced_hard bigint, complained bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN sent >= 100 AND bounced_hard * 100 > sent * 5
  THEN pg_catalog.format('breaker: %s of %s messages of the last 24 hours bounced, more than 5 %%', bounced_hard, sent)
  WHEN sent >= 100 AND complained * 1000 > sent * 3
  THEN pg_catalog.format('breaker: %s of %s messages of the last 24 hours were complained of, more than 0.3 %%', complained, sent)
  WHEN sent + failed >= 100 AND failed * 100 > (sent + failed) * 20
  THEN pg_catalog.format('breaker: %s of %s touches of the last 24 hours failed, more than 20 %%', failed, sent + failed) END;
COMMENT ON FUNCTION campaign.breaker_reason(bigint, bigint, bigint, bigint) IS
'Internal: why a campaign with these counts is to be paused; NULL if it is not.';

-- Called by who holds a contact or an enrolment, which come behind the campaign in the lock order: it
-- waits for no campaign. Who has this one is changing it, and the next check comes soon.
CREATE FUNCTION campaign.check_breaker(tenant uuid, campaign uuid) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  counts record := campaign.breaker_counts(tenant, campaign);
  why text := campaign.breaker_reason(counts.sent, counts.failed, counts.bounced_hard, counts.complained);
  former_reason text;
BEGIN
  -- where nobody folds, the checks themselves keep the next ones short
  IF counts.unfolded > 1000 THEN
    PERFORM campaign.fold_tenant_counts(tenant, 20000);
  END IF;
  IF why IS NULL THEN
    RETURN NULL;
  END IF;
  -- it is logged, with a key to the tenant, which somebody may be deleting
  PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR KEY SHARE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM FROM campaign.campaigns c
   WHERE c.tenant_id = tenant AND c.id = campaign AND c.kind = 'outreach' AND c.status = 'running'
     FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  former_reason := current_setting('campaign.transition_reason', true);
  PERFORM set_config('campaign.transition_reason', why, true);
  UPDATE campaign.campaigns c SET status = 'paused' WHERE c.tenant_id = tenant AND c.id = campaign;
  PERFORM set_config('campaign.transition_reason', coalesce(former_reason, ''), true);
  RETURN why;
END $$;
COMMENT ON FUNCTION campaign.check_breaker(uuid, uuid) IS
'Internal: pauses a running campaign if, of the last 24 hours or since its last resume, more than 5 % of at least 100 messages bounced hard, more than 0.3 % were complained of, or more than 20 % of at least 100 touches failed; returns the reason, else NULL. Waits for no campaign that somebody has locked.';

CREATE FUNCTION campaign.check_breakers() RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  running record;
  paused integer := 0;
BEGIN
  FOR running IN
    SELECT c.tenant_id, c.id FROM campaign.campaigns c
     WHERE c.kind = 'outreach' AND c.status = 'running' ORDER BY c.tenant_id, c.id
  LOOP
    IF campaign.check_breaker(running.tenant_id, running.id) IS NOT NULL THEN
      paused := paused + 1;
    END IF;
  END LOOP;
  RETURN paused;
END $$;
COMMENT ON FUNCTION campaign.check_breakers() IS
'Pauses every running campaign whose messages bounce, are complained of or fail too often; returns how many. Reports and events check their own campaign; this is for maintenance.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('admin', 'EXECUTE', 'FUNCTION campaign.check_breakers()');

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
SELECT e.tenant_id, e.id AS enrollment_id, e.campaign_id, e.contact_id, t.touch_number,
       coalesce(l.channel, t.channel) AS channel, t.label,
       coalesce(CASE WHEN q.touch_number = t.touch_number THEN q.scheduled_at END, l.scheduled_at,
                -- from the touch before, that of the queue or the last one in the log, by the plan's delays
                f.scheduled_at + (SELECT coalesce(sum(p.delay), '0') FROM campaign.campaign_touches p
                                   WHERE p.tenant_id = e.tenant_id AND p.campaign_id = e.campaign_id AND p.plan_version = e.plan_version
                                     AND p.touch_number > f.touch_number AND p.touch_number <= t.touch_number)) AS scheduled_at,
       CASE WHEN q.touch_number = t.touch_number AND q.due_at < 'infinity' THEN q.due_at + n.shift END AS due_at,
       l.sent_at,
       CASE WHEN q.touch_number = t.touch_number THEN
              CASE WHEN q.lease_until > pg_catalog.clock_timestamp() THEN 'leased'
                   WHEN q.flags & 1 = 1 AND (q.flags = 3 OR h.uncertain_policy <> 'retry') THEN 'uncertain'
                   WHEN q.flags & 2 = 2 THEN 'cancelled'
                   WHEN c.status <> 'running' THEN 'frozen'
                   WHEN q.attempt > 0 THEN 'retrying'
                   ELSE 'scheduled' END
            WHEN l.status IS NOT NULL AND l.is_final THEN l.status
            WHEN e.log_removed_at IS NOT NULL THEN 'forgotten'
            WHEN e.status <> 'active' THEN 'cancelled'
            WHEN c.status <> 'running' THEN 'frozen'
            ELSE 'pending' END AS status,
       coalesce(CASE WHEN q.touch_number = t.touch_number THEN q.attempt END, l.attempt, 0::smallint) AS attempt
  FROM campaign.campaign_enrollments e
  JOIN campaign.campaigns c ON c.tenant_id = e.tenant_id AND c.id = e.campaign_id
  JOIN campaign.campaign_touches t ON t.tenant_id = e.tenant_id AND t.campaign_id = e.campaign_id AND t.plan_version = e.plan_version
  JOIN campaign.channels h ON h.channel = t.channel
  LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
  LEFT JOIN campaign.lanes n ON n.tenant_id = q.tenant_id AND n.lane = q.lane
  LEFT JOIN LATERAL (SELECT s.status, s.is_final, s.sent_at, s.scheduled_at, s.attempt, s.channel FROM campaign.send_logs s
                      WHERE s.tenant_id = e.tenant_id AND s.enrollment_id = e.id AND s.touch_number = t.touch_number
                      ORDER BY s.attempt DESC LIMIT 1) l ON true
  LEFT JOIN LATERAL (SELECT b.touch_number, b.scheduled_at
                       FROM (SELECT q.touch_number, q.scheduled_at WHERE q.touch_number < t.touch_number
                             UNION ALL
                             (SELECT s.touch_number, s.scheduled_at FROM campaign.send_logs s
                               WHERE s.tenant_id = e.tenant_id AND s.enrollment_id = e.id AND s.touch_number < t.touch_number
                               ORDER BY s.touch_number DESC, s.attempt DESC LIMIT 1)
                             UNION ALL SELECT 1::smallint, e.first_scheduled_at) b
                      ORDER BY b.touch_number DESC LIMIT 1) f ON true;
COMMENT ON VIEW campaign.enrollment_touches IS
'One row per touch of each enrolment: when it is or was scheduled, due and sent, and its status: sent, failed, skipped, scheduled, pending (not next yet), retrying, leased, uncertain, frozen (campaign not running), cancelled (enrolment ended) or forgotten (its log was removed by log_retention).';

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

-- >>> src/outreach/analytics.sql
-- Analytics: views over the counts, exact and without a join that multiplies. A figure is what the log,
-- the events and the enrolments come to, whatever the size of the log.

CREATE VIEW campaign.counts WITH (security_invoker = true) AS
SELECT c.tenant_id, c.campaign_id, c.touch_number, c.service_type, c.metric, c.n, c.seconds FROM campaign.touch_counts c
UNION ALL
SELECT d.tenant_id, d.campaign_id, d.touch_number, d.service_type, d.metric, d.n, d.seconds FROM campaign.touch_count_deltas d;
COMMENT ON VIEW campaign.counts IS
'Totals and what was counted since the last fold, in one: the sum of n by whatever columns is exact at every instant. See touch_counts for the columns.';

CREATE FUNCTION campaign.rate(part bigint, whole bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(part::numeric / nullif(whole, 0), 4);
COMMENT ON FUNCTION campaign.rate(bigint, bigint) IS
'Part of a whole, to four digits; NULL of nothing. What the rates of the analytics views are computed with.';

CREATE VIEW campaign.touch_analytics WITH (security_invoker = true) AS
SELECT t.tenant_id, t.campaign_id, t.touch_number, p.channel, p.label,
       t.sent, t.skipped, t.failed, t.delivered, t.opened, t.machine_opened, t.clicked, t.replied, t.converted, t.reviewed, t.feedback,
       t.bounced_hard + t.bounced_soft AS bounced, t.bounced_hard, t.bounced_soft, t.complained, t.unsubscribed,
       campaign.rate(t.failed, t.sent + t.failed) AS failure_rate, campaign.rate(t.delivered, t.sent) AS delivery_rate,
       campaign.rate(t.opened, t.sent) AS open_rate, campaign.rate(t.clicked, t.sent) AS click_rate,
       campaign.rate(t.replied, t.sent) AS reply_rate, campaign.rate(t.converted, t.sent) AS conversion_rate,
       campaign.rate(t.bounced_hard + t.bounced_soft, t.sent) AS bounce_rate, campaign.rate(t.complained, t.sent) AS complaint_rate,
       campaign.rate(t.unsubscribed, t.sent) AS unsubscribe_rate
  FROM (SELECT c.tenant_id, c.campaign_id, c.touch_number,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'sent'), 0)::bigint AS sent,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'skipped'), 0)::bigint AS skipped,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'failed'), 0)::bigint AS failed,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'delivered'), 0)::bigint AS delivered,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'opened'), 0)::bigint AS opened,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'machine_opened'), 0)::bigint AS machine_opened,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'clicked'), 0)::bigint AS clicked,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'replied'), 0)::bigint AS replied,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'converted'), 0)::bigint AS converted,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'reviewed'), 0)::bigint AS reviewed,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'feedback'), 0)::bigint AS feedback,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'bounced_hard'), 0)::bigint AS bounced_hard,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'bounced_soft'), 0)::bigint AS bounced_soft,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'complained'), 0)::bigint AS complained,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'unsubscribed'), 0)::bigint AS unsubscribed
          FROM (SELECT k.tenant_id, k.campaign_id, k.touch_number, k.metric, k.n FROM campaign.counts k WHERE k.touch_number > 0
                UNION ALL
                -- a touch of the plan is shown before anything has come of it
                SELECT o.tenant_id, o.campaign_id, f.touch_number, NULL, 0
                  FROM campaign.outreach_campaigns o
                  JOIN campaign.campaign_touches f ON f.tenant_id = o.tenant_id AND f.campaign_id = o.campaign_id AND f.plan_version = o.plan_version) c
         GROUP BY c.tenant_id, c.campaign_id, c.touch_number) t
  JOIN LATERAL (SELECT f.channel, f.label FROM campaign.campaign_touches f
                 WHERE f.tenant_id = t.tenant_id AND f.campaign_id = t.campaign_id AND f.touch_number = t.touch_number
                 ORDER BY f.plan_version DESC LIMIT 1) p ON true;
COMMENT ON VIEW campaign.touch_analytics IS
'What became of each touch of each campaign, exactly: every figure counts a touch of an enrolment once, and converted an enrolment once. Touches go by their number, over all plan versions; channel and label are those of the newest that has it. Rates are parts of what was sent; failure_rate is that of sent and failed.';

CREATE VIEW campaign.campaign_analytics WITH (security_invoker = true) AS
SELECT c.tenant_id, c.id AS campaign_id, c.name, c.status,
       n.enrolled, n.enrolled - n.completed - n.stopped AS live,
       CASE WHEN c.status = 'running' THEN n.enrolled - n.completed - n.stopped ELSE 0 END AS active,
       CASE WHEN c.status = 'running' THEN 0 ELSE n.enrolled - n.completed - n.stopped END AS frozen,
       n.completed, n.stopped, r.stop_reasons,
       n.sent, n.skipped, n.failed, n.delivered, n.opened, n.machine_opened, n.clicked, n.replied, n.converted, n.reviewed, n.feedback,
       n.bounced_hard + n.bounced_soft AS bounced, n.bounced_hard, n.bounced_soft, n.complained, n.unsubscribed,
       campaign.rate(n.failed, n.sent + n.failed) AS failure_rate, campaign.rate(n.delivered, n.sent) AS delivery_rate,
       campaign.rate(n.opened, n.sent) AS open_rate, campaign.rate(n.clicked, n.sent) AS click_rate,
       campaign.rate(n.replied, n.sent) AS reply_rate, campaign.rate(n.converted, n.enrolled) AS conversion_rate,
       campaign.rate(n.bounced_hard + n.bounced_soft, n.sent) AS bounce_rate, campaign.rate(n.complained, n.sent) AS complaint_rate,
       campaign.rate(n.unsubscribed, n.sent) AS unsubscribe_rate,
       campaign.rate(n.sent, n.enrolled) AS average_touches,
       pg_catalog.make_interval(secs => pg_catalog.round(n.seconds_to_complete::numeric / nullif(n.completed, 0))::double precision) AS average_time_to_complete
  FROM campaign.campaigns c
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(k.n) FILTER (WHERE k.metric = 'enrolled'), 0)::bigint AS enrolled,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'completed'), 0)::bigint AS completed,
              coalesce(sum(k.seconds) FILTER (WHERE k.metric = 'completed'), 0)::bigint AS seconds_to_complete,
              coalesce(sum(k.n) FILTER (WHERE pg_catalog.starts_with(k.metric, 'stopped.')), 0)::bigint AS stopped,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'sent'), 0)::bigint AS sent,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'skipped'), 0)::bigint AS skipped,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'failed'), 0)::bigint AS failed,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'delivered'), 0)::bigint AS delivered,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'opened'), 0)::bigint AS opened,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'machine_opened'), 0)::bigint AS machine_opened,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'clicked'), 0)::bigint AS clicked,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'replied'), 0)::bigint AS replied,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'converted'), 0)::bigint AS converted,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'reviewed'), 0)::bigint AS reviewed,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'feedback'), 0)::bigint AS feedback,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'bounced_hard'), 0)::bigint AS bounced_hard,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'bounced_soft'), 0)::bigint AS bounced_soft,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'complained'), 0)::bigint AS complained,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'unsubscribed'), 0)::bigint AS unsubscribed
         FROM campaign.counts k WHERE k.tenant_id = c.tenant_id AND k.campaign_id = c.id) n
 CROSS JOIN LATERAL (
       SELECT coalesce(pg_catalog.jsonb_object_agg(s.reason, s.n ORDER BY s.reason), '{}') AS stop_reasons
         FROM (SELECT pg_catalog.substr(k.metric, 9) AS reason, sum(k.n)::bigint AS n FROM campaign.counts k
                WHERE k.tenant_id = c.tenant_id AND k.campaign_id = c.id AND k.touch_number = 0 AND pg_catalog.starts_with(k.metric, 'stopped.')
                GROUP BY k.metric HAVING sum(k.n) <> 0) s) r
 WHERE c.kind = 'outreach';
COMMENT ON VIEW campaign.campaign_analytics IS
'One row per outreach campaign, exact: how many enrolments there are in each state (live ones are active, or frozen while the campaign is not running), why they were stopped ({reason: n}), what became of all touches, with rates of what was sent; conversion_rate is that of the enrolments. average_touches is what was sent for an enrolment; average_time_to_complete is from enrolment to the last touch, to the second.';

CREATE VIEW campaign.service_type_analytics WITH (security_invoker = true) AS
SELECT s.tenant_id, s.service_type, s.enrolled, s.enrolled - s.completed - s.stopped AS live, s.completed, s.stopped,
       s.sent, s.skipped, s.failed, s.delivered, s.opened, s.clicked, s.replied, s.converted, s.bounced, s.complained, s.unsubscribed,
       campaign.rate(s.delivered, s.sent) AS delivery_rate, campaign.rate(s.opened, s.sent) AS open_rate,
       campaign.rate(s.clicked, s.sent) AS click_rate, campaign.rate(s.replied, s.sent) AS reply_rate,
       campaign.rate(s.converted, s.enrolled) AS conversion_rate
  FROM (SELECT k.tenant_id, nullif(k.service_type, '') AS service_type,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'enrolled'), 0)::bigint AS enrolled,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'completed'), 0)::bigint AS completed,
               coalesce(sum(k.n) FILTER (WHERE pg_catalog.starts_with(k.metric, 'stopped.')), 0)::bigint AS stopped,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'sent'), 0)::bigint AS sent,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'skipped'), 0)::bigint AS skipped,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'failed'), 0)::bigint AS failed,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'delivered'), 0)::bigint AS delivered,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'opened'), 0)::bigint AS opened,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'clicked'), 0)::bigint AS clicked,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'replied'), 0)::bigint AS replied,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'converted'), 0)::bigint AS converted,
               coalesce(sum(k.n) FILTER (WHERE k.metric IN ('bounced_hard', 'bounced_soft')), 0)::bigint AS bounced,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'complained'), 0)::bigint AS complained,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'unsubscribed'), 0)::bigint AS unsubscribed
          FROM campaign.counts k GROUP BY k.tenant_id, k.service_type) s;
COMMENT ON VIEW campaign.service_type_analytics IS
'The same per service type of a tenant, over all of its campaigns: that of the job, or for enrolments without one of the campaign; NULL: none.';

CREATE VIEW campaign.campaign_funnel WITH (security_invoker = true) AS
SELECT s.tenant_id, s.campaign_id, (pg_catalog.row_number() OVER w - 1)::smallint AS stage, s.name, s.enrollments,
       campaign.rate(s.enrollments, pg_catalog.first_value(s.enrollments) OVER w) AS of_enrolled,
       campaign.rate(s.enrollments, pg_catalog.lag(s.enrollments) OVER w) AS of_previous
  FROM (SELECT k.tenant_id, k.campaign_id, k.stage,
               CASE k.stage WHEN 0 THEN 'enrolled' WHEN 32767 THEN 'converted' ELSE 'touch ' || k.stage END AS name,
               sum(k.n)::bigint AS enrollments
          FROM (SELECT c.tenant_id, c.campaign_id, CASE c.metric WHEN 'converted' THEN 32767 ELSE c.touch_number END AS stage, c.n
                  FROM campaign.counts c WHERE c.metric IN ('enrolled', 'sent', 'converted')
                UNION ALL
                -- a stage is shown before anybody has come to it
                SELECT o.tenant_id, o.campaign_id, f.stage, 0
                  FROM campaign.outreach_campaigns o
                 CROSS JOIN LATERAL (SELECT 0 AS stage UNION ALL SELECT 32767 UNION ALL
                       SELECT t.touch_number FROM campaign.campaign_touches t
                        WHERE t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version) f) k
         GROUP BY k.tenant_id, k.campaign_id, k.stage) s
WINDOW w AS (PARTITION BY s.tenant_id, s.campaign_id ORDER BY s.stage);
COMMENT ON VIEW campaign.campaign_funnel IS
'How far the enrolments of a campaign come, by stage: enrolled (0), each touch that was sent, converted (the review link clicked, or a review); each as a part of those enrolled and of the stage before. An enrolment counts once in each stage.';

CREATE FUNCTION campaign.daily_analytics(campaign uuid, from_day date DEFAULT NULL, until_day date DEFAULT NULL,
  OUT day date, OUT enrolled bigint, OUT completed bigint, OUT stopped bigint, OUT sent bigint, OUT skipped bigint, OUT failed bigint,
  OUT delivered bigint, OUT opened bigint, OUT clicked bigint, OUT replied bigint, OUT converted bigint, OUT bounced bigint,
  OUT complained bigint, OUT unsubscribed bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target record;
BEGIN
  SELECT c.tenant_id, campaign.count_day(campaign.now(), t.timezone) AS today INTO target
    FROM campaign.campaigns c JOIN campaign.tenants t ON t.id = c.tenant_id
   WHERE c.tenant_id = ANY (campaign.readable_tenants()) AND c.id = campaign AND c.kind = 'outreach';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign "%" does not exist', campaign
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may read has an outreach campaign with this id.',
            HINT = 'Check the id; a campaign of another tenant is not found.';
  END IF;
  until_day := coalesce(until_day, target.today);
  from_day := coalesce(from_day, until_day - 29);
  IF NOT isfinite(from_day) OR NOT isfinite(until_day) OR until_day - from_day > 3660 THEN
    RAISE EXCEPTION 'the days are out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A series has at most 3661 days.',
            HINT = 'Leave them out for the last 30 days.';
  END IF;
  RETURN QUERY
  SELECT g.day, coalesce(s.enrolled, 0), coalesce(s.completed, 0), coalesce(s.stopped, 0), coalesce(s.sent, 0), coalesce(s.skipped, 0),
         coalesce(s.failed, 0), coalesce(s.delivered, 0), coalesce(s.opened, 0), coalesce(s.clicked, 0), coalesce(s.replied, 0),
         coalesce(s.converted, 0), coalesce(s.bounced, 0), coalesce(s.complained, 0), coalesce(s.unsubscribed, 0)
    FROM (SELECT from_day + i AS day FROM generate_series(0, until_day - from_day) i) g
    LEFT JOIN (
      SELECT c.day,
             (sum(c.n) FILTER (WHERE c.metric = 'enrolled'))::bigint AS enrolled,
             (sum(c.n) FILTER (WHERE c.metric = 'completed'))::bigint AS completed,
             (sum(c.n) FILTER (WHERE starts_with(c.metric, 'stopped.')))::bigint AS stopped,
             (sum(c.n) FILTER (WHERE c.metric = 'sent'))::bigint AS sent,
             (sum(c.n) FILTER (WHERE c.metric = 'skipped'))::bigint AS skipped,
             (sum(c.n) FILTER (WHERE c.metric = 'failed'))::bigint AS failed,
             (sum(c.n) FILTER (WHERE c.metric = 'delivered'))::bigint AS delivered,
             (sum(c.n) FILTER (WHERE c.metric = 'opened'))::bigint AS opened,
             (sum(c.n) FILTER (WHERE c.metric = 'clicked'))::bigint AS clicked,
             (sum(c.n) FILTER (WHERE c.metric = 'replied'))::bigint AS replied,
             (sum(c.n) FILTER (WHERE c.metric = 'converted'))::bigint AS converted,
             (sum(c.n) FILTER (WHERE c.metric IN ('bounced_hard', 'bounced_soft')))::bigint AS bounced,
             (sum(c.n) FILTER (WHERE c.metric = 'complained'))::bigint AS complained,
             (sum(c.n) FILTER (WHERE c.metric = 'unsubscribed'))::bigint AS unsubscribed
        FROM (SELECT d.day, d.metric, d.n FROM campaign.daily_counts d
               WHERE d.tenant_id = target.tenant_id AND d.campaign_id = campaign AND d.day BETWEEN from_day AND until_day
              UNION ALL
              SELECT d.day, d.metric, d.n FROM campaign.touch_count_deltas d
               WHERE d.tenant_id = target.tenant_id AND d.campaign_id = campaign AND d.day BETWEEN from_day AND until_day) c
       GROUP BY c.day) s ON s.day = g.day
   ORDER BY g.day;
END $$;
COMMENT ON FUNCTION campaign.daily_analytics(uuid, date, date) IS
'What happened in a campaign, day by day in the tenant''s time zone, with a row for every day from from_day (default: the 30 days up to the last) to until_day (default: today). A touch counts on the day that it was sent, else recorded; an event on its own day. Raises P0002 for a campaign that is not yours, 22023 for more than 3661 days.';

-- The same from the log, the events and the enrolments themselves. What counts is the first event of a
-- kind for a touch, as record_event() found it.
CREATE FUNCTION campaign.recounted(tenant uuid, campaign uuid,
  OUT touch_number smallint, OUT service_type text, OUT metric text, OUT at timestamptz, OUT n bigint, OUT seconds bigint)
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT h.touch_number, coalesce(CASE WHEN e.job_id IS NULL THEN o.service_type ELSE j.service_type END, ''), h.metric,
         campaign.count_bucket(h.at), count(*), sum(h.seconds)::bigint
    FROM (SELECT l.enrollment_id, l.touch_number, l.status AS metric, coalesce(l.sent_at, l.logged_at) AS at, 0 AS seconds
            FROM campaign.campaign_enrollments c
            JOIN campaign.send_logs l ON l.tenant_id = c.tenant_id AND l.enrollment_id = c.id
           WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND l.tenant_id = $1 AND l.is_final
          UNION ALL
          SELECT c.id, 0::smallint, s.metric, s.at,
                 CASE s.metric WHEN 'enrolled' THEN 0 ELSE floor(extract(epoch FROM s.at - c.enrolled_at)) END
            FROM campaign.campaign_enrollments c
           CROSS JOIN LATERAL (VALUES ('enrolled', c.enrolled_at), ('completed', c.completed_at), ('stopped.' || c.stop_reason, c.stopped_at))
                 AS s(metric, at)
           WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND s.at IS NOT NULL
          UNION ALL
          (SELECT DISTINCT ON (v.enrollment_id, coalesce(v.touch_number, 0), m.metric)
                  v.enrollment_id, coalesce(v.touch_number, 0::smallint), m.metric, v.at, 0
             FROM campaign.campaign_enrollments c
             JOIN campaign.touch_events v ON v.tenant_id = c.tenant_id AND v.enrollment_id = c.id
            CROSS JOIN LATERAL (SELECT CASE WHEN v.kind = 'bounced' THEN 'bounced_' || v.bounce
                                            WHEN v.kind = 'opened' AND v.is_machine THEN 'machine_opened'
                                            WHEN v.kind <> 'clicked' OR NOT v.is_machine THEN v.kind END AS metric) m
            WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND v.tenant_id = $1 AND m.metric IS NOT NULL
            ORDER BY v.enrollment_id, coalesce(v.touch_number, 0), m.metric, v.id)
          UNION ALL
          (SELECT DISTINCT ON (v.enrollment_id) v.enrollment_id, coalesce(v.touch_number, 0::smallint), 'converted', v.at, 0
             FROM campaign.campaign_enrollments c
             JOIN campaign.touch_events v ON v.tenant_id = c.tenant_id AND v.enrollment_id = c.id
            WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND v.tenant_id = $1
              AND (v.kind = 'reviewed' OR v.kind = 'clicked' AND v.link = 'review') AND NOT v.is_machine
            ORDER BY v.enrollment_id, v.id)) h
    JOIN campaign.campaign_enrollments e ON e.tenant_id = $1 AND e.id = h.enrollment_id
    JOIN campaign.outreach_campaigns o ON o.tenant_id = $1 AND o.campaign_id = e.campaign_id
    LEFT JOIN campaign.jobs j ON j.tenant_id = $1 AND j.id = e.job_id
   GROUP BY 1, 2, 3, 4;
END;
COMMENT ON FUNCTION campaign.recounted(uuid, uuid) IS
'Internal: the counts of a campaign by five minutes, from the log, the events and the enrolments, with the service types as they are now.';

CREATE FUNCTION campaign.recount(campaign uuid, OUT touch_number smallint, OUT metric text, OUT counted bigint, OUT recounted bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.campaigns c
   WHERE c.tenant_id = ANY (campaign.readable_tenants()) AND c.id = campaign AND c.kind = 'outreach';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign "%" does not exist', campaign
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may read has an outreach campaign with this id.',
            HINT = 'Check the id; a campaign of another tenant is not found.';
  END IF;
  RETURN QUERY
  SELECT b.touch_number, b.metric, sum(b.counted)::bigint, sum(b.recounted)::bigint
    FROM (SELECT k.touch_number, k.metric, k.n AS counted, 0 AS recounted FROM campaign.counts k
           WHERE k.tenant_id = owner_tenant AND k.campaign_id = campaign
          UNION ALL
          SELECT r.touch_number, r.metric, 0, r.n FROM campaign.recounted(owner_tenant, campaign) r) b
   GROUP BY b.touch_number, b.metric
   ORDER BY b.touch_number, b.metric;
END $$;
COMMENT ON FUNCTION campaign.recount(uuid) IS
'What is counted of a campaign beside what its log, its events and its enrolments come to, by touch (0: enrolments) and metric: the two are the same at every instant, as long as log_retention has not deleted of the log. Reads all of it. Raises P0002 for a campaign that is not yours.';

-- What happened before there were counts, for the update of the extension that brings them.
CREATE FUNCTION campaign.count_history(tenant uuid, campaign uuid) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  recent timestamptz := campaign.now() - interval '25 hours';
  counted bigint;
BEGIN
  INSERT INTO campaign.touch_count_deltas (tenant_id, campaign_id, touch_number, service_type, metric, at, day, n, seconds)
  SELECT tenant, campaign, r.touch_number, r.service_type, r.metric, max(r.at), r.day, sum(r.n)::bigint, sum(r.seconds)::bigint
    FROM (SELECT h.*, campaign.count_day(h.at, t.timezone) AS day FROM campaign.recounted(tenant, campaign) h
            JOIN campaign.tenants t ON t.id = tenant) r
   WHERE NOT EXISTS (SELECT FROM campaign.counts k WHERE k.tenant_id = tenant AND k.campaign_id = campaign)
   GROUP BY r.touch_number, r.service_type, r.metric, r.day, CASE WHEN r.at >= recent THEN r.at END;
  GET DIAGNOSTICS counted = ROW_COUNT;
  RETURN counted;
END $$;
COMMENT ON FUNCTION campaign.count_history(uuid, uuid) IS
'Internal: counts all that a campaign has in its log, its events and its enrolments, if nothing of it was counted yet; the caller keeps others from writing there. Returns how many rows were written.';

-- What there was with a contact, of whatever campaign or of none.
CREATE VIEW campaign.contact_history WITH (security_invoker = true) AS
SELECT l.tenant_id, l.contact_id, coalesce(l.sent_at, l.logged_at) AS at, l.status AS what, coalesce(l.error, l.reason) AS detail,
       l.campaign_id, l.enrollment_id, l.touch_number, l.channel, l.address, l.subject, l.provider_id, l.enrollment_id IS NULL AS is_manual
  FROM campaign.send_logs l
UNION ALL
SELECT v.tenant_id, v.contact_id, v.at, v.kind, coalesce(v.bounce, v.link), v.campaign_id, v.enrollment_id, v.touch_number,
       v.channel, v.address, NULL, v.provider_id, v.enrollment_id IS NULL
  FROM campaign.touch_events v WHERE v.contact_id IS NOT NULL
UNION ALL
SELECT e.tenant_id, e.contact_id, s.at, s.what, s.detail, e.campaign_id, e.id, NULL, NULL, NULL, NULL, NULL, false
  FROM campaign.campaign_enrollments e
 CROSS JOIN LATERAL (VALUES (e.enrolled_at, 'enrolled', NULL), (e.completed_at, 'completed', NULL), (e.stopped_at, 'stopped', e.stop_reason))
       AS s(at, what, detail)
 WHERE s.at IS NOT NULL;
COMMENT ON VIEW campaign.contact_history IS
'What there was with a contact, and when: messages (sent, failed, skipped), those that a person sent by hand among them (is_manual), what became of them (the kinds of touch_events), and where the contact was enrolled, completed or stopped, with the reason in detail. Ask it for one contact_id.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.contact_history'),
  ('member', 'SELECT', 'TABLE campaign.counts'),
  ('member', 'SELECT', 'TABLE campaign.touch_analytics'),
  ('member', 'SELECT', 'TABLE campaign.campaign_analytics'),
  ('member', 'SELECT', 'TABLE campaign.service_type_analytics'),
  ('member', 'SELECT', 'TABLE campaign.campaign_funnel'),
  ('member', 'EXECUTE', 'FUNCTION campaign.rate(bigint, bigint)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.daily_analytics(uuid, date, date)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.recount(uuid)');

-- >>> src/outreach/low_water.sql
-- What keeps claims from looking again at what they have read: see low_water.h.

CREATE FUNCTION campaign.lower_mark() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_lower_mark';
COMMENT ON FUNCTION campaign.lower_mark() IS
'Trigger on touch_queue: tells claims of a row that came in, moved or was given back where they have read already. Raises 39P01 on any other table.';

-- Always, also where a replica or a restore writes; without them claims read every lane from its beginning.
CREATE TRIGGER lower_mark_insert BEFORE INSERT ON campaign.touch_queue
  FOR EACH ROW EXECUTE FUNCTION campaign.lower_mark();
CREATE TRIGGER lower_mark_update AFTER UPDATE ON campaign.touch_queue
  FOR EACH ROW WHEN (NEW.due_at <> OLD.due_at OR NEW.lane <> OLD.lane OR NEW.tenant_id <> OLD.tenant_id OR NEW.enrollment_id <> OLD.enrollment_id OR NEW.lease_until < OLD.lease_until)
  EXECUTE FUNCTION campaign.lower_mark();
ALTER TABLE campaign.touch_queue ENABLE ALWAYS TRIGGER lower_mark_insert;
ALTER TABLE campaign.touch_queue ENABLE ALWAYS TRIGGER lower_mark_update;
COMMENT ON TRIGGER lower_mark_insert ON campaign.touch_queue IS 'Claims look at what comes in below what they have read.';
COMMENT ON TRIGGER lower_mark_update ON campaign.touch_queue IS 'Claims look at what is due again below what they have read.';

CREATE FUNCTION campaign.rescan_marks() RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_rescan_marks';
COMMENT ON FUNCTION campaign.rescan_marks() IS
'Internal: reads all of the queue that claims do not look at again, and has them look at rows that they would overlook. Returns how many there were: 0, unless somebody has written to the queue without its triggers. Part of maintenance, now and then.';

-- >>> src/outreach/touch_plan.sql
-- What claims keep of slow-changing tables between two calls (touch_plan.c) is dropped when one of them changes.

CREATE TRIGGER channels_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.channels
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER channels_forget_all AFTER TRUNCATE ON campaign.channels
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER send_limits_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.send_limits
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER send_limits_forget_all AFTER TRUNCATE ON campaign.send_limits
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER outreach_campaigns_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.outreach_campaigns
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER outreach_campaigns_forget_all AFTER TRUNCATE ON campaign.outreach_campaigns
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER campaign_touches_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.campaign_touches
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER campaign_touches_forget_all AFTER TRUNCATE ON campaign.campaign_touches
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER tenants_forget_settings AFTER UPDATE ON campaign.tenants
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER blackout_dates_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.blackout_dates
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER blackout_dates_forget_all AFTER TRUNCATE ON campaign.blackout_dates
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER message_templates_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.message_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER message_templates_forget_all AFTER TRUNCATE ON campaign.message_templates
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER tenant_keys_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.tenant_keys
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER tenant_keys_forget_all AFTER TRUNCATE ON campaign.tenant_keys
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();

ALTER TABLE campaign.channels ENABLE ALWAYS TRIGGER channels_forget;
ALTER TABLE campaign.channels ENABLE ALWAYS TRIGGER channels_forget_all;
ALTER TABLE campaign.send_limits ENABLE ALWAYS TRIGGER send_limits_forget;
ALTER TABLE campaign.send_limits ENABLE ALWAYS TRIGGER send_limits_forget_all;
ALTER TABLE campaign.outreach_campaigns ENABLE ALWAYS TRIGGER outreach_campaigns_forget;
ALTER TABLE campaign.outreach_campaigns ENABLE ALWAYS TRIGGER outreach_campaigns_forget_all;
ALTER TABLE campaign.campaign_touches ENABLE ALWAYS TRIGGER campaign_touches_forget;
ALTER TABLE campaign.campaign_touches ENABLE ALWAYS TRIGGER campaign_touches_forget_all;
ALTER TABLE campaign.tenants ENABLE ALWAYS TRIGGER tenants_forget_settings;
ALTER TABLE campaign.blackout_dates ENABLE ALWAYS TRIGGER blackout_dates_forget;
ALTER TABLE campaign.blackout_dates ENABLE ALWAYS TRIGGER blackout_dates_forget_all;
ALTER TABLE campaign.message_templates ENABLE ALWAYS TRIGGER message_templates_forget;
ALTER TABLE campaign.message_templates ENABLE ALWAYS TRIGGER message_templates_forget_all;
ALTER TABLE campaign.tenant_keys ENABLE ALWAYS TRIGGER tenant_keys_forget;
ALTER TABLE campaign.tenant_keys ENABLE ALWAYS TRIGGER tenant_keys_forget_all;
COMMENT ON TRIGGER channels_forget ON campaign.channels IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER channels_forget_all ON campaign.channels IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER send_limits_forget ON campaign.send_limits IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER send_limits_forget_all ON campaign.send_limits IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER outreach_campaigns_forget ON campaign.outreach_campaigns IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER outreach_campaigns_forget_all ON campaign.outreach_campaigns IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER campaign_touches_forget ON campaign.campaign_touches IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER campaign_touches_forget_all ON campaign.campaign_touches IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER tenants_forget_settings ON campaign.tenants IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER blackout_dates_forget ON campaign.blackout_dates IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER blackout_dates_forget_all ON campaign.blackout_dates IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER message_templates_forget ON campaign.message_templates IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER message_templates_forget_all ON campaign.message_templates IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER tenant_keys_forget ON campaign.tenant_keys IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER tenant_keys_forget_all ON campaign.tenant_keys IS 'Claims keep what they know of it in memory.';

-- >>> src/outreach/touch_facts.sql
-- What a claim asks that is more than a read of rows.

CREATE FUNCTION campaign.unmatched_stop_reason(tenant uuid, enrollment uuid) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.stop_reason
    FROM campaign.touch_events v
    JOIN campaign.send_logs l ON l.tenant_id = $1 AND l.provider_id = v.provider_id AND l.enrollment_id = $2
   CROSS JOIN LATERAL campaign.event_rules(campaign.event_of_message(v, l)) r
   WHERE v.tenant_id = $1 AND v.unmatched AND r.stop_reason IS NOT NULL
   ORDER BY v.at, v.id LIMIT 1;
END;
COMMENT ON FUNCTION campaign.unmatched_stop_reason(uuid, uuid) IS
'Internal: why an event that was told before the report of its message stops an enrolment, where match_events() has not applied it yet; NULL: none does.';

-- >>> src/outreach/touch_explain.sql
-- Why has this contact not received the next touch?

CREATE FUNCTION campaign.explain_touch(tenant uuid, enrollment uuid,
  OUT "check" text, OUT outcome text, OUT reason text, OUT changes_at timestamptz)
RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_explain_touch';
COMMENT ON FUNCTION campaign.explain_touch(uuid, uuid) IS
'Internal: the checks of the next touch of an enrolment, with their answers.';

CREATE FUNCTION campaign.explain_enrollment(enrollment uuid,
  OUT "check" text, OUT outcome text, OUT reason text, OUT changes_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT e.tenant_id INTO owner_tenant FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = ANY (campaign.readable_tenants()) AND e.id = explain_enrollment.enrollment;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'enrolment % does not exist', coalesce('"' || explain_enrollment.enrollment || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may read has an enrolment with this id.',
            HINT = 'Check the id; an enrolment of another tenant is not found.';
  END IF;
  RETURN QUERY SELECT x."check", x.outcome, x.reason, x.changes_at
    FROM campaign.explain_touch(owner_tenant, explain_enrollment.enrollment) x;
END $$;
COMMENT ON FUNCTION campaign.explain_enrollment(uuid) IS
'Why an enrolment has not received its next touch: one row per check of the gate that claims ask, in its order, with the outcome (pass, wait, hold, defer, skip, stop), the reason as the log would show it, and the time at which the answer changes, where one is known. Asked at the time when the touch is due. Raises P0002.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.explain_enrollment(uuid)');

-- >>> src/outreach/template_diff.sql
-- What an editor must know of two versions of a document: steps that came, went, moved or changed.

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

-- Steps have no identity, so they are matched by what they say: in their order, so that as much as
-- possible stays the same, and then, of those left over, by the same message at another place.
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

-- A delay in days is compared with one in hours as the hours that it is.
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

-- >>> src/outreach/plan_changes.sql
-- Changing the plan of a campaign in which people already are: what differs, whom an act would
-- concern, and moving live enrolments to another version.

CREATE FUNCTION campaign.find_outreach_campaign(campaign uuid, tenants uuid[]) RETURNS campaign.outreach_campaigns
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_row campaign.outreach_campaigns;
BEGIN
  SELECT o.* INTO found_row FROM campaign.outreach_campaigns o
   WHERE o.tenant_id = ANY (tenants) AND o.campaign_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign % does not exist', coalesce('"' || campaign || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'There is no such outreach campaign among those of your tenants.',
            HINT = 'Ask campaign.campaigns for the ids of your campaigns.';
  END IF;
  RETURN found_row;
END $$;
COMMENT ON FUNCTION campaign.find_outreach_campaign(uuid, uuid[]) IS
'Internal: an outreach campaign of one of the tenants, not locked; raises P0002.';

CREATE FUNCTION campaign.require_plan_version(tenant uuid, campaign uuid, version integer) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  PERFORM 1 FROM campaign.campaign_touches t
   WHERE t.tenant_id = tenant AND t.campaign_id = campaign AND t.plan_version = version;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'plan version % does not exist', coalesce(version::text, 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = format('The campaign has the versions 1 to %s.', (SELECT max(t.plan_version) FROM campaign.campaign_touches t
                              WHERE t.tenant_id = tenant AND t.campaign_id = campaign)),
            HINT = 'Table campaign.campaign_touches has the touches of every version.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_plan_version(uuid, uuid, integer) IS
'Internal: raises P0002 for a version that the campaign''s plan does not have.';

-- Hours as in the document, since the text of an interval is the session's.
CREATE FUNCTION campaign.diff_plan(campaign uuid, from_version integer, to_version integer DEFAULT NULL)
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
COMMENT ON FUNCTION campaign.diff_plan(uuid, integer, integer) IS
'What differs between two plan versions of a campaign (to_version defaults to the present one): a row per touch and field, change being added, removed or changed. An added or removed touch shows the fields that say something. Raises P0002 for a campaign that you may not read and for an unknown version.';

-- What becomes of each live enrolment that is moved to a plan: that of a version, or of a document
-- that is not stored. Touches are matched by number. The plan's time keeps its chain: it moves by
-- what the touch's own delay changes; a touch that an operator tries again keeps its time, and the
-- place where the sequence goes on behind it. The due time follows, but gives up neither a retry's or a
-- deferral's wait nor the gap after the last send; and what comes sooner is due at once, not late.
CREATE FUNCTION campaign.plan_migration(tenant uuid, campaign uuid, version integer, document jsonb, lease_time timestamptz)
RETURNS TABLE (enrollment_id uuid, result text, touch_number smallint, old_channel text, channel text,
               resume_touch smallint, scheduled_at timestamptz, old_due_at timestamptz, due_at timestamptz, rescheduled boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time constant timestamptz := campaign.now();
  -- a day is 24 hours here as in the engine
  gap constant interval := (SELECT make_interval(secs => extract(epoch FROM n.min_gap)::double precision)
                              FROM campaign.tenants n WHERE n.id = $1);
BEGIN
  RETURN QUERY
  WITH target AS MATERIALIZED (
    SELECT c.touch_number, c.channel, c.delay, c.use_service_delay FROM campaign.campaign_touches c
     WHERE $4 IS NULL AND c.tenant_id = $1 AND c.campaign_id = $2 AND c.plan_version = $3
     UNION ALL
    SELECT d.touch_number, d.channel, d.delay, d.use_service_delay FROM campaign.document_touches($4) d
  )
  SELECT e.id,
         CASE WHEN $4 IS NULL AND e.plan_version = $3 THEN 'already'
              WHEN q.flags & 3 <> 0 OR q.lease_until > $5 THEN 'busy'
              WHEN t.touch_number IS NULL THEN 'completed'
              ELSE 'moved' END,
         q.touch_number, l.channel, t.channel,
         q.resume_touch, s.scheduled_at, q.due_at,
         CASE WHEN s.scheduled_at = q.scheduled_at THEN q.due_at
              WHEN d.due_at < q.due_at THEN least(q.due_at, greatest(d.due_at, now_time - l.shift))
              ELSE d.due_at END,
         -- no touch is late by a plan that came after its time
         CASE WHEN s.scheduled_at = q.scheduled_at THEN q.rescheduled
              ELSE s.scheduled_at < q.scheduled_at AND s.scheduled_at - e.base_shift < now_time - l.shift END
    FROM campaign.campaign_enrollments e
    JOIN campaign.touch_queue q ON q.tenant_id = $1 AND q.enrollment_id = e.id
    JOIN campaign.lanes l ON l.tenant_id = $1 AND l.lane = q.lane
    JOIN campaign.outreach_campaigns c ON c.tenant_id = $1 AND c.campaign_id = e.campaign_id
    LEFT JOIN campaign.campaign_touches o ON o.tenant_id = $1 AND o.campaign_id = e.campaign_id
      AND o.plan_version = e.plan_version AND o.touch_number = q.touch_number
    LEFT JOIN target t ON t.touch_number = q.touch_number
    LEFT JOIN campaign.jobs j ON j.tenant_id = $1 AND j.id = e.job_id
    LEFT JOIN campaign.service_types y ON q.touch_number = 1 AND t.use_service_delay AND y.tenant_id = $1
      AND y.service_type = CASE WHEN e.job_id IS NULL THEN c.service_type ELSE j.service_type END
   CROSS JOIN LATERAL (
     SELECT CASE WHEN q.resume_touch > 0 OR o.touch_number IS NULL OR t.touch_number IS NULL
                      OR (o.delay, o.use_service_delay AND q.touch_number = 1) = (t.delay, t.use_service_delay AND q.touch_number = 1)
                 THEN q.scheduled_at
                 WHEN q.touch_number = 1
                 THEN e.anchor_at + coalesce(make_interval(secs => extract(epoch FROM y.first_touch_delay)::double precision), t.delay)
                 ELSE q.scheduled_at - o.delay + t.delay END AS scheduled_at) s
   CROSS JOIN LATERAL (
     SELECT greatest(s.scheduled_at - e.base_shift,
                     CASE WHEN q.due_at > q.scheduled_at - e.base_shift THEN q.due_at END,
                     CASE WHEN s.scheduled_at < q.scheduled_at
                          THEN (SELECT max(g.sent_at) + gap - l.shift FROM campaign.send_logs g
                                 WHERE g.tenant_id = $1 AND g.enrollment_id = e.id AND g.status = 'sent') END) AS due_at) d
   WHERE e.tenant_id = $1 AND e.campaign_id = $2 AND e.status = 'active';
END $$;
COMMENT ON FUNCTION campaign.plan_migration(uuid, uuid, integer, jsonb, timestamptz) IS
'Internal: for each live enrolment of a campaign what migrate_enrollments() makes of it: moved, completed (its next touch is behind the new plan''s last), busy (with a worker) or already; with its touch, channels, and plan and due times in the queue''s terms. The plan is a version, or a document in its place.';

-- Enrolments and then their queue rows, each in the order of their ids: stops, reports and other
-- migrations take them in the same order. The campaign is locked so strongly that enrolments
-- under way are waited for, and none begins on the old plan.
CREATE FUNCTION campaign.lock_live_enrollments(tenant uuid, campaign uuid, version integer) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  PERFORM FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = tenant AND e.campaign_id = campaign AND e.status = 'active' AND e.plan_version <> version
   ORDER BY e.id FOR NO KEY UPDATE;
  PERFORM FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.enrollment_id = e.id
   WHERE e.tenant_id = tenant AND e.campaign_id = campaign AND e.status = 'active' AND e.plan_version <> version
   ORDER BY q.enrollment_id FOR UPDATE OF q;
END $$;
COMMENT ON FUNCTION campaign.lock_live_enrollments(uuid, uuid, integer) IS
'Internal: locks the live enrolments of a campaign that are on another plan version, and then their queue rows, in order; the caller has locked the campaign.';

CREATE FUNCTION campaign.move_enrollments(tenant uuid, campaign uuid, version integer,
  OUT moved bigint, OUT completed uuid[], OUT busy bigint, OUT already bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  -- after the locks: a claim that was waited for has its lease by now
  lease_time timestamptz := clock_timestamp();
BEGIN
  -- a lease that ended before its send was begun had a part of the caps
  PERFORM campaign.return_send_usage(tenant, q.lane, q.claimed_at)
     FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.enrollment_id = e.id
    WHERE e.tenant_id = tenant AND e.campaign_id = campaign AND e.status = 'active' AND e.plan_version <> version
      AND q.claimed_at > '-infinity' AND q.lease_until <= lease_time AND q.flags & 3 = 0;
  WITH plan AS MATERIALIZED (
    SELECT p.*, l.lane FROM campaign.plan_migration(tenant, campaign, version, NULL, lease_time) p
      LEFT JOIN campaign.lanes l ON l.tenant_id = tenant AND l.campaign_id = campaign AND l.channel = p.channel
  ), removed AS (
    DELETE FROM campaign.touch_queue q USING plan p
     WHERE q.tenant_id = tenant AND q.enrollment_id = p.enrollment_id AND p.result = 'completed'
  ), queued AS (
    -- a lease that has ended ends for its late report, too; on another channel all attempts are new
    UPDATE campaign.touch_queue q
       SET lane = p.lane, due_at = p.due_at, scheduled_at = p.scheduled_at, rescheduled = p.rescheduled,
           attempt_base = CASE WHEN p.channel = p.old_channel THEN q.attempt_base ELSE q.attempt END,
           lease_until = '-infinity', claimed_at = '-infinity', fence = 0, worker_id = 0
      FROM plan p
     WHERE q.tenant_id = tenant AND q.enrollment_id = p.enrollment_id AND p.result = 'moved'
  ), ended AS (
    UPDATE campaign.campaign_enrollments e SET status = 'completed', completed_at = now_time
      FROM plan p
     WHERE e.tenant_id = tenant AND e.id = p.enrollment_id AND p.result = 'completed'
  ), followed AS (
    UPDATE campaign.campaign_enrollments e
       SET plan_version = version,
           first_scheduled_at = CASE WHEN p.touch_number = 1 AND p.resume_touch = 0 THEN p.scheduled_at ELSE e.first_scheduled_at END
      FROM plan p
     WHERE e.tenant_id = tenant AND e.id = p.enrollment_id AND p.result = 'moved'
  )
  SELECT count(*) FILTER (WHERE p.result = 'moved'), array_agg(p.enrollment_id) FILTER (WHERE p.result = 'completed'),
         count(*) FILTER (WHERE p.result = 'busy'), count(*) FILTER (WHERE p.result = 'already')
    INTO moved, completed, busy, already
    FROM plan p;
  IF completed IS NOT NULL THEN
    PERFORM campaign.count_enrollments(tenant, campaign, 'completed', completed);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.move_enrollments(uuid, uuid, integer) IS
'Internal: moves the live enrolments of a campaign, which the caller has locked, to a plan version; returns how many, and which were completed by it.';

CREATE FUNCTION campaign.migrate_enrollments(campaign uuid, to_version integer DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (result text, enrollments bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target campaign.outreach_campaigns := campaign.find_outreach_campaign(campaign, campaign.writable_tenants());
  locked campaign.campaigns;
  version integer;
  done record;
BEGIN
  PERFORM campaign.require_read_committed('migrate_enrollments()');
  IF NOT coalesce(dry_run, false) THEN
    locked := campaign.lock_campaign(campaign, ARRAY[target.tenant_id], true);
    target := campaign.find_outreach_campaign(campaign, ARRAY[target.tenant_id]);
  END IF;
  version := coalesce(to_version, target.plan_version);
  PERFORM campaign.require_plan_version(target.tenant_id, campaign, version);
  IF dry_run THEN
    SELECT count(*) FILTER (WHERE p.result = 'moved') AS moved, count(*) FILTER (WHERE p.result = 'completed') AS completed,
           count(*) FILTER (WHERE p.result = 'busy') AS busy, count(*) FILTER (WHERE p.result = 'already') AS already
      INTO done FROM campaign.plan_migration(target.tenant_id, campaign, version, NULL, clock_timestamp()) p;
  ELSE
    PERFORM campaign.require_sendable_plan(target.tenant_id, campaign, version);
    PERFORM campaign.lock_live_enrollments(target.tenant_id, campaign, version);
    SELECT m.moved, coalesce(cardinality(m.completed), 0)::bigint AS completed, m.busy, m.already
      INTO done FROM campaign.move_enrollments(target.tenant_id, campaign, version) m;
    IF locked.status = 'running' AND done.moved > 0 THEN
      PERFORM campaign.notify_campaign_due(target.tenant_id, campaign);
    END IF;
  END IF;
  RETURN QUERY VALUES ('moved', done.moved), ('completed', done.completed), ('busy', done.busy), ('already', done.already);
END $$;
COMMENT ON FUNCTION campaign.migrate_enrollments(uuid, integer, boolean) IS
'Moves the live enrolments of a campaign to a plan version (default: the present one), or with dry_run only says what it would do. Returns how many were moved, completed (their next touch is behind the new plan''s last), busy (with a worker, or uncertain: left on their version, move them later) and on that version already. Enrolments of the campaign wait meanwhile. Raises P0002 for a campaign that is not yours and for an unknown version, CP002 for a version whose touches have no text, 25000 above READ COMMITTED.';

-- Counts by the touch that is next, and over all.
CREATE FUNCTION campaign.campaign_impact(campaign uuid, action text, template_config jsonb DEFAULT NULL)
RETURNS TABLE (effect text, touch_number smallint, enrollments bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target campaign.outreach_campaigns := campaign.find_outreach_campaign($1, campaign.readable_tenants());
  now_time constant timestamptz := campaign.now();
  effects text[];
BEGIN
  effects := CASE $2 WHEN 'pause' THEN '{live,frozen,leased,uncertain}'
                     WHEN 'resume' THEN '{live,overdue}'
                     WHEN 'archive' THEN '{live,stopped,leased,uncertain}'
                     WHEN 'revise' THEN '{live,moved,completed,busy,rerouted,earlier,later}' END;
  IF effects IS NULL THEN
    RAISE EXCEPTION 'invalid action %', coalesce(quote_literal($2), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The actions are pause, resume, archive and revise.',
            HINT = 'For revise pass the document that is to replace the plan.';
  END IF;
  IF $2 = 'revise' THEN
    PERFORM campaign.require_document(target.tenant_id, $3);
  END IF;
  RETURN QUERY
  WITH live AS MATERIALIZED (
    SELECT q.touch_number,
           ARRAY['live', 'frozen', 'stopped', CASE WHEN q.lease_until > clock_timestamp() THEN 'leased' WHEN q.flags & 1 = 1 THEN 'uncertain' END,
                 CASE WHEN q.due_at + l.shift <= now_time THEN 'overdue' END] AS effects
      FROM campaign.campaign_enrollments e
      JOIN campaign.touch_queue q ON q.tenant_id = target.tenant_id AND q.enrollment_id = e.id
      JOIN campaign.lanes l ON l.tenant_id = target.tenant_id AND l.lane = q.lane
     WHERE $2 <> 'revise' AND e.tenant_id = target.tenant_id AND e.campaign_id = $1 AND e.status = 'active'
     UNION ALL
    SELECT p.touch_number,
           ARRAY['live', p.result, CASE WHEN p.result = 'moved' AND p.channel <> p.old_channel THEN 'rerouted' END,
                 CASE WHEN p.result = 'moved' AND p.due_at < p.old_due_at THEN 'earlier'
                      WHEN p.result = 'moved' AND p.due_at > p.old_due_at THEN 'later' END]
      FROM campaign.plan_migration(target.tenant_id, $1, NULL, $3, clock_timestamp()) p
     WHERE $2 = 'revise'
  )
  SELECT f.effect, g.touch_number, g.enrollments
    FROM unnest(effects) WITH ORDINALITY AS f(effect, place)
   CROSS JOIN LATERAL (SELECT l.touch_number, count(*) AS enrollments FROM live l WHERE f.effect = ANY (l.effects)
                        GROUP BY ROLLUP (l.touch_number)) g
   ORDER BY f.place, g.touch_number NULLS FIRST;
END $$;
COMMENT ON FUNCTION campaign.campaign_impact(uuid, text, jsonb) IS
'How many live enrolments an act would concern, before it: a row per effect over all (touch_number NULL) and per next touch. live for every action; pause: frozen; archive: stopped; both: leased (with a worker, whose begin_send is refused) and uncertain; resume: overdue (what the resume policy decides about); revise: what migrate_enrollments() to the document would do: moved, completed, busy, and of the moved rerouted to another channel, earlier or later. Revising alone concerns none of them. Raises P0002, 22023 for an unknown action, CP003 for an invalid document.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.diff_plan(uuid, integer, integer)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.migrate_enrollments(uuid, integer, boolean)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.campaign_impact(uuid, text, jsonb)');

-- >>> src/outreach/preview.sql
-- When would each touch of a document go out? By the plan, and by the rules that move it.

CREATE FUNCTION campaign.preview_schedule(template_config jsonb, anchor timestamptz, timezone text DEFAULT NULL,
  tenant uuid DEFAULT NULL, service_type text DEFAULT NULL)
RETURNS TABLE (touch_number smallint, channel text, label text, scheduled_at timestamptz, due_at timestamptz)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  -- the system tenant's settings are those of a tenant who has changed none
  owner_tenant constant uuid := coalesce($4, '00000000-0000-0000-0000-000000000000');
  zone text;
  gap interval;
  blackouts date[];
  touch record;
  last_due timestamptz;
  -- when each channel was used last
  used jsonb := '{}';
BEGIN
  IF NOT owner_tenant = ANY (campaign.readable_tenants()) THEN
    RAISE EXCEPTION 'tenant "%" does not exist', owner_tenant
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant of this id is visible to the asking member.',
            HINT = 'Table campaign.tenants lists the tenants that you may see.';
  END IF;
  PERFORM campaign.require_document(owner_tenant, $1);
  IF $2 IS NULL OR $2 NOT BETWEEN '1900-01-01 00:00:00+00' AND '9999-12-31 00:00:00+00' THEN
    RAISE EXCEPTION 'anchor is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The first touch is scheduled at the anchor plus its delay; anchors are from 1900 to 9999.',
            HINT = 'Pass the time of a job''s completion, such as campaign.now().';
  END IF;
  SELECT campaign.effective_timezone($3, n.timezone), make_interval(secs => extract(epoch FROM n.min_gap)::double precision),
         ARRAY(SELECT b.day FROM campaign.blackout_dates b WHERE b.tenant_id = owner_tenant ORDER BY b.day)
    INTO zone, gap, blackouts FROM campaign.tenants n WHERE n.id = owner_tenant;
  FOR touch IN
    SELECT d.touch_number, d.channel, d.step ->> 'label' AS label,
           -- as enrolment counts the first one
           CASE WHEN d.touch_number = 1 AND d.use_service_delay
                THEN coalesce(make_interval(secs => extract(epoch FROM y.first_touch_delay)::double precision), d.delay)
                ELSE d.delay END AS delay,
           coalesce(n.quiet_from, h.quiet_from) AS quiet_from, coalesce(n.quiet_until, h.quiet_until) AS quiet_until,
           make_interval(secs => extract(epoch FROM coalesce(s.contact_interval, h.contact_interval))::double precision) AS apart
      FROM campaign.document_touches($1) d
      JOIN campaign.channels h ON h.channel = d.channel
      JOIN campaign.tenants n ON n.id = owner_tenant
      LEFT JOIN campaign.send_limits s ON s.tenant_id = owner_tenant AND s.channel = d.channel
      LEFT JOIN campaign.service_types y ON y.tenant_id = owner_tenant AND y.service_type = $5
     ORDER BY d.touch_number
  LOOP
    touch_number := touch.touch_number;
    channel := touch.channel;
    label := touch.label;
    scheduled_at := coalesce(scheduled_at, $2) + touch.delay;
    due_at := campaign.next_allowed_at(greatest(scheduled_at, last_due + gap, (used ->> touch.channel)::timestamptz + touch.apart),
                                       zone, touch.quiet_from, touch.quiet_until, blackouts);
    last_due := due_at;
    used := used || jsonb_build_object(touch.channel, due_at);
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.preview_schedule(jsonb, timestamptz, text, uuid, text) IS
'When each touch of a document would be scheduled after an anchor, and when it would go out at the soonest, if every touch before is sent when it is due: quiet hours and blackout dates in the time zone (NULL or unknown: the tenant''s), the gap after the touch before and that between two touches of a channel. With a tenant by its settings, else by those that come with the extension; the service type decides about the first delay where the step says so. Raises P0002 for a tenant that is not yours, CP003 for an invalid document, 22023 for an anchor out of range.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.preview_schedule(jsonb, timestamptz, text, uuid, text)');

-- >>> src/outreach/simulation.sql
-- What would become of these contacts? The engine itself does it, in a subtransaction that is always
-- rolled back, on a clock that is moved from one due time to the next.

CREATE TYPE campaign.simulated_event AS (
  at           timestamptz,
  contact_id   uuid,
  touch_number smallint,
  channel      text,
  event        text,
  reason       text,
  until        timestamptz,
  address      text,
  subject      text
);
COMMENT ON TYPE campaign.simulated_event IS
'One row of campaign.simulate(): what happens to a contact at a time. event is enrolled, conflict, suppressed or not_matched; sent, skipped, failed or deferred (until); completed or stopped.';

CREATE FUNCTION campaign.set_simulated_time(at timestamptz) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT set_config('campaign.clock_offset', extract(epoch FROM $1 - statement_timestamp()) || ' seconds', true);
END;
COMMENT ON FUNCTION campaign.set_simulated_time(timestamptz) IS
'Internal: moves the engine''s clock for the rest of the (sub)transaction.';

CREATE FUNCTION campaign.simulated_enrollments(campaign uuid, contacts uuid[]) RETURNS campaign.simulated_event[]
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT array_agg(ROW(campaign.now(), c.contact, NULL, NULL, r.outcome, r.reason, NULL, NULL, NULL)::campaign.simulated_event ORDER BY c.place)
    FROM (SELECT u.contact, min(u.place) AS place FROM unnest($2) WITH ORDINALITY AS u(contact, place)
           GROUP BY u.contact ORDER BY min(u.place)) c
   CROSS JOIN LATERAL campaign.enroll($1, c.contact, anchor_at => campaign.now()) r;
END;
COMMENT ON FUNCTION campaign.simulated_enrollments(uuid, uuid[]) IS
'Internal: enrols the contacts, each once and in their order, and says what came of it.';

-- A claim does not say what it has put off, nor why. The gate is asked again, about the rows as they
-- were; what it reads beside them is as it was.
CREATE FUNCTION campaign.simulated_deferrals(tenant uuid, enrollments uuid[], touches smallint[], dues timestamptz[])
RETURNS campaign.simulated_event[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  deferred uuid[];
  were timestamptz[];
  are timestamptz[];
  events campaign.simulated_event[];
BEGIN
  SELECT array_agg(q.enrollment_id), array_agg(b.due_at), array_agg(q.due_at) INTO deferred, were, are
    FROM unnest(enrollments, touches, dues) AS b(enrollment_id, touch_number, due_at)
    JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.enrollment_id = b.enrollment_id
     AND q.touch_number = b.touch_number AND q.due_at > b.due_at AND q.due_at < 'infinity';
  IF deferred IS NULL THEN
    RETURN '{}';
  END IF;
  UPDATE campaign.touch_queue q SET due_at = d.due_at
    FROM unnest(deferred, were) AS d(enrollment_id, due_at) WHERE q.tenant_id = tenant AND q.enrollment_id = d.enrollment_id;
  SELECT array_agg(ROW(campaign.now(), e.contact_id, q.touch_number, l.channel, 'deferred', x.reason, d.due_at + l.shift, NULL, NULL)::campaign.simulated_event)
    INTO events
    FROM unnest(deferred, are) AS d(enrollment_id, due_at)
    JOIN campaign.campaign_enrollments e ON e.tenant_id = tenant AND e.id = d.enrollment_id
    JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.enrollment_id = d.enrollment_id
    JOIN campaign.lanes l ON l.tenant_id = tenant AND l.lane = q.lane
    LEFT JOIN LATERAL (SELECT g.reason FROM campaign.explain_touch(tenant, d.enrollment_id) WITH ORDINALITY AS g("check", outcome, reason, changes_at, place)
                        WHERE g.outcome <> 'pass' ORDER BY g.place LIMIT 1) x ON true;
  UPDATE campaign.touch_queue q SET due_at = d.due_at
    FROM unnest(deferred, are) AS d(enrollment_id, due_at) WHERE q.tenant_id = tenant AND q.enrollment_id = d.enrollment_id;
  RETURN events;
END $$;
COMMENT ON FUNCTION campaign.simulated_deferrals(uuid, uuid[], smallint[], timestamptz[]) IS
'Internal: which of these touches a claim has put off, until when and why.';

-- Everything that is due at this moment: claimed and sent at once, until a claim changes nothing.
CREATE FUNCTION campaign.simulate_moment(tenant uuid, campaign uuid) RETURNS campaign.simulated_event[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time constant timestamptz := campaign.now();
  events campaign.simulated_event[] := '{}';
  due record;
  before record;
BEGIN
  LOOP
    SELECT array_agg(q.enrollment_id ORDER BY q.enrollment_id) AS enrollments, array_agg(q.touch_number ORDER BY q.enrollment_id) AS touches,
           array_agg(q.due_at ORDER BY q.enrollment_id) AS dues INTO due
      FROM campaign.lanes l JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.lane = l.lane
     WHERE l.tenant_id = tenant AND l.campaign_id = campaign AND l.throttled_until <= now_time AND q.due_at <= now_time - l.shift;
    EXIT WHEN due.enrollments IS NULL OR due = before;
    PERFORM FROM campaign.report_touches(ARRAY(
      SELECT ROW(c.lease_token, 'sent', NULL, NULL, NULL, NULL, NULL, NULL)::campaign.touch_result
        FROM campaign.claim_campaign_touches('simulation', 1000, campaign) c));
    events := events || campaign.simulated_deferrals(tenant, due.enrollments, due.touches, due.dues);
    before := due;
  END LOOP;
  RETURN events;
END $$;
COMMENT ON FUNCTION campaign.simulate_moment(uuid, uuid) IS
'Internal: claims what a campaign has due now, and reports it as sent; returns what was put off.';

-- Touches that wait for the next window of a cap: each is told of once.
CREATE FUNCTION campaign.simulated_waits(tenant uuid, campaign uuid, INOUT waiting jsonb, OUT events campaign.simulated_event[]) RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time constant timestamptz := campaign.now();
BEGIN
  SELECT array_agg(ROW(now_time, e.contact_id, q.touch_number, l.channel, 'deferred', 'send_limit', l.throttled_until, NULL, NULL)::campaign.simulated_event),
         waiting || coalesce(jsonb_object_agg(q.enrollment_id, q.touch_number), '{}')
    INTO events, waiting
    FROM campaign.lanes l
    JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.lane = l.lane
    JOIN campaign.campaign_enrollments e ON e.tenant_id = tenant AND e.id = q.enrollment_id
   WHERE l.tenant_id = tenant AND l.campaign_id = campaign AND l.throttled_until > now_time AND q.due_at <= now_time - l.shift
     AND (waiting ->> q.enrollment_id::text)::smallint IS DISTINCT FROM q.touch_number;
END $$;
COMMENT ON FUNCTION campaign.simulated_waits(uuid, uuid, jsonb) IS
'Internal: which touches wait for a cap and did not before.';

CREATE FUNCTION campaign.simulated_history(tenant uuid, campaign uuid) RETURNS campaign.simulated_event[]
LANGUAGE sql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT array_agg(h.event)
    FROM (SELECT ROW(g.logged_at, g.contact_id, g.touch_number, g.channel, g.status, coalesce(g.reason, g.error), NULL, g.address, g.subject)::campaign.simulated_event AS event
            FROM campaign.campaign_enrollments c
            JOIN campaign.send_logs g ON g.tenant_id = c.tenant_id AND g.enrollment_id = c.id
           WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND g.tenant_id = $1
           UNION ALL
          SELECT ROW(coalesce(e.completed_at, e.stopped_at), e.contact_id, NULL, NULL, e.status, e.stop_reason, NULL, NULL, NULL)::campaign.simulated_event
            FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.campaign_id = $2 AND e.status <> 'active') h;
END;
COMMENT ON FUNCTION campaign.simulated_history(uuid, uuid) IS
'Internal: what log and enrolments say became of a simulated campaign.';

CREATE FUNCTION campaign.run_simulation(tenant uuid, template_config jsonb, contacts uuid[], start_at timestamptz, end_at timestamptz)
RETURNS campaign.simulated_event[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  campaign uuid;
  events campaign.simulated_event[];
  waiting jsonb := '{}';
  last_time timestamptz;
  next_time timestamptz;
  patience interval;
BEGIN
  PERFORM campaign.set_simulated_time(start_at);
  campaign := campaign.create_campaign(tenant, 'Simulation ' || campaign.uuid_v7(), template_config, 'contacts');
  PERFORM campaign.launch_campaign(campaign);
  events := campaign.simulated_enrollments(campaign, contacts);
  LOOP
    SELECT greatest(min(greatest(q.due_at + l.shift, l.throttled_until)), start_at) INTO next_time
      FROM campaign.lanes l JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.lane = l.lane AND q.due_at < 'infinity'
     WHERE l.tenant_id = tenant AND l.campaign_id = campaign
    HAVING count(*) > 0;
    IF next_time <= last_time THEN
      -- another session holds what the claim has to write: asked for again, later and later
      patience := coalesce(patience * 2, '1 minute');
      next_time := last_time + patience;
    ELSE
      patience := NULL;
    END IF;
    EXIT WHEN next_time IS NULL OR next_time > end_at;
    PERFORM campaign.set_simulated_time(next_time);
    events := events || campaign.simulate_moment(tenant, campaign);
    SELECT w.waiting, events || w.events INTO waiting, events FROM campaign.simulated_waits(tenant, campaign, waiting) w;
    IF cardinality(events) > 100000 THEN
      RAISE EXCEPTION 'simulation is too long'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('It had come to %s after more than 100000 events.', next_time),
              HINT = 'Simulate fewer contacts, or fewer days.';
    END IF;
    last_time := next_time;
  END LOOP;
  RETURN events || campaign.simulated_history(tenant, campaign);
END $$;
COMMENT ON FUNCTION campaign.run_simulation(uuid, jsonb, uuid[], timestamptz, timestamptz) IS
'Internal: creates, launches and runs a campaign on a moved clock; the caller takes all of it back.';

-- The tenant of the contacts, unless it is given; raises whatever makes a simulation impossible.
CREATE FUNCTION campaign.require_simulation(contacts uuid[], days integer, tenant uuid, start_at timestamptz) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  IF coalesce(cardinality(contacts), 0) NOT BETWEEN 1 AND 1000 OR coalesce(days, 0) NOT BETWEEN 1 AND 400 THEN
    RAISE EXCEPTION 'simulation is out of bounds'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It takes 1 to 1000 contacts and 1 to 400 days.',
            HINT = 'A few contacts of each kind show what would become of all.';
  END IF;
  IF start_at NOT BETWEEN statement_timestamp() - interval '50 years' AND statement_timestamp() + interval '50 years' THEN
    RAISE EXCEPTION 'start_at is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The clock is moved by 50 years at most.',
            HINT = 'Leave start_at out to start now.';
  END IF;
  IF tenant IS NULL THEN
    SELECT c.tenant_id INTO tenant FROM campaign.contacts c
     WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contacts[array_lower(contacts, 1)];
    IF NOT FOUND THEN
      RAISE EXCEPTION 'contact % does not exist', coalesce('"' || contacts[array_lower(contacts, 1)] || '"', 'null')
        USING ERRCODE = 'no_data_found',
              DETAIL = 'No tenant that you may write to has a contact with this id.',
              HINT = 'Check the id; a contact of another tenant is not found.';
    END IF;
  END IF;
  PERFORM campaign.require_tenant(tenant);
  PERFORM campaign.require_read_committed('simulate()');
  RETURN tenant;
END $$;
COMMENT ON FUNCTION campaign.require_simulation(uuid[], integer, uuid, timestamptz) IS
'Internal: the tenant of a simulation; raises 22023, P0002, 42501 or 25000 if there can be none.';

CREATE FUNCTION campaign.simulate(template_config jsonb, contacts uuid[], days integer, tenant uuid DEFAULT NULL, start_at timestamptz DEFAULT campaign.now())
RETURNS SETOF campaign.simulated_event
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
  begin_at timestamptz := coalesce(start_at, campaign.now());
  events campaign.simulated_event[];
BEGIN
  owner_tenant := campaign.require_simulation(contacts, days, tenant, begin_at);
  -- the subtransaction takes back rows, locks, notifications and the clock; variables it leaves alone
  BEGIN
    events := campaign.run_simulation(owner_tenant, template_config, contacts, begin_at, begin_at + days * interval '24 hours');
    RAISE EXCEPTION 'the simulation is over';
  EXCEPTION WHEN OTHERS THEN
    IF events IS NULL THEN
      RAISE;
    END IF;
  END;
  RETURN QUERY
  SELECT e.* FROM unnest(events) e
   ORDER BY e.at, array_position(contacts, e.contact_id),
            CASE WHEN e.event IN ('completed', 'stopped') THEN 2 WHEN e.touch_number IS NOT NULL THEN 1 ELSE 0 END,
            e.touch_number, e.event <> 'deferred';
END $$;
COMMENT ON FUNCTION campaign.simulate(jsonb, uuid[], integer, uuid, timestamptz) IS
'What would become of up to 1000 contacts within up to 400 days if a campaign with these steps began at start_at (default now) and every message were sent at once, without an answer: the timeline, by the engine itself and by all of its rules. Nothing of it remains; the contacts are locked meanwhile, as enrolment does. The tenant defaults to that of the contacts. Raises P0002 for what is not yours, 42501 for viewers, CP003 and CP002 as creating and launching do, 22023 for what is out of range, 54000 beyond 100000 events, 25000 above READ COMMITTED.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'USAGE', 'TYPE campaign.simulated_event'),
  ('member', 'EXECUTE', 'FUNCTION campaign.simulate(jsonb, uuid[], integer, uuid, timestamptz)');

-- >>> src/outreach/erasure.sql
-- What is held on a person: all of it in one document, and all of it gone, on request.

-- Where a contact's data lie. A room that stores some adds a row; erase_contact() and
-- export_contact() know no table of their own.
CREATE TABLE campaign.personal_data (
  relation  text NOT NULL,
  position  integer NOT NULL,
  belongs   text NOT NULL,
  scrub     text,
  omit      text[] NOT NULL DEFAULT '{}',
  removes   boolean NOT NULL DEFAULT false,
  CONSTRAINT personal_data_pkey PRIMARY KEY (relation),
  CONSTRAINT personal_data_removes_check CHECK (NOT removes OR scrub IS NULL)
);
COMMENT ON TABLE campaign.personal_data IS 'Which rows of which tables belong to a contact, and how they are scrubbed. Part of the extension, not dumped.';
COMMENT ON COLUMN campaign.personal_data.relation IS 'The name of the table; also its key in campaign.export_contact().';
COMMENT ON COLUMN campaign.personal_data.position IS 'The order in which erase_contact() goes.';
COMMENT ON COLUMN campaign.personal_data.belongs IS 'Condition on row t of the table: $1 is the tenant, $2 the contact.';
COMMENT ON COLUMN campaign.personal_data.scrub IS 'The SET list that leaves nothing personal, $3 being the time; NULL: there is nothing to scrub.';
COMMENT ON COLUMN campaign.personal_data.removes IS 'The rows go, since they say nothing but something personal.';
COMMENT ON COLUMN campaign.personal_data.omit IS 'Columns that say nothing about the person, left out of the export.';

INSERT INTO campaign.personal_data (relation, position, belongs, scrub, omit) VALUES
  ('companies', 1, 't.id = (SELECT c.company_id FROM campaign.contacts c WHERE c.tenant_id = $1 AND c.id = $2)', NULL, '{}'),
  ('consents', 2, 't.contact_id = $2', 'source = NULL, method = NULL', '{}'),
  ('suppressions', 3, 't.address = ANY ((SELECT campaign.contact_addresses($1, $2))::text[])', NULL, '{}'),
  ('jobs', 4, 't.contact_id = $2', 'external_id = NULL', '{}'),
  ('job_enrollments', 5, 't.job_id IN (SELECT j.id FROM campaign.jobs j WHERE j.tenant_id = $1 AND j.contact_id = $2)', NULL, '{}'),
  ('campaign_enrollments', 6, 't.contact_id = $2', NULL, '{}'),
  ('enrollment_conflicts', 7, 't.contact_id = $2', NULL, '{}'),
  ('touch_queue', 8,
   't.enrollment_id IN (SELECT e.id FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.contact_id = $2)', NULL,
   '{fence,worker_id,lane,attempt_base,resume_touch,flags}'),
  -- a reason of the engine's is a code; a worker may have written a sentence
  ('send_logs', 9, 't.contact_id = $2',
   'address = NULL, subject = NULL, provider_id = NULL, error = NULL, metadata = NULL, '
   'reason = CASE WHEN t.reason COLLATE "C" ~ ''^[a-z][a-z0-9_]{0,62}$'' THEN t.reason END', '{fence,worker_id}'),
  -- also what came early and has found no message yet
  ('touch_events', 10, '(t.contact_id = $2 OR t.unmatched AND t.address = ANY ((SELECT campaign.contact_addresses($1, $2))::text[]))',
   'provider_id = NULL, address = NULL, data = NULL', '{}'),
  -- last: its addresses are asked for until then
  ('contacts', 100, 't.id = $2',
   'first_name = NULL, last_name = NULL, email = NULL, phone = NULL, linkedin_url = NULL, timezone = NULL, language = NULL, company_id = NULL, '
   'owner_member = NULL, job_title = NULL, seniority = NULL, icp_fit = NULL, score = NULL, is_disqualified = false, disqualified_reason = NULL, '
   'external_id = NULL, attributes = ''{}'', quiet_from = NULL, quiet_until = NULL, '
   'archived_at = coalesce(t.archived_at, $3), erased_at = coalesce(t.erased_at, $3)', '{}');

-- Never the address itself: who comes back under it is still suppressed, and nobody can read it.
CREATE INDEX suppressions_hashed_idx ON campaign.suppressions (tenant_id, address) WHERE pg_catalog.starts_with(address, 'hmac-sha256:');

CREATE FUNCTION campaign.contact_addresses(tenant uuid, contact uuid) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT x.form
                 FROM campaign.contacts c
                CROSS JOIN LATERAL unnest(ARRAY[c.email, c.phone, c.linkedin_url]) a (address)
                CROSS JOIN LATERAL unnest(ARRAY[campaign.normalize_address(a.address),
                                                campaign.address_hash(tenant, campaign.normalize_address(a.address))]) x (form)
                WHERE c.tenant_id = tenant AND c.id = contact AND a.address IS NOT NULL);
END $$;
COMMENT ON FUNCTION campaign.contact_addresses(uuid, uuid) IS
'Internal: the addresses of a contact as they may stand in suppressions: in normal form, and hashed.';

-- Everything that could still write about the contact is waited for, or waits: enrolments, consents
-- and manual sends for the contact's row, reports for the enrolments, claims for the queue rows.
-- Jobs come before their contact, as where a member changes a job's status.
CREATE FUNCTION campaign.lock_contact_for_erasure(contact uuid) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.readable_tenants()) AND c.id = contact;
  IF owner_tenant IS NOT NULL AND owner_tenant <> ALL (campaign.owned_tenants()) THEN
    RAISE EXCEPTION 'must be owner of tenant "%"', owner_tenant
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'What is erased does not come back.',
            HINT = 'Ask one of its owners; table campaign.tenant_members lists them.';
  END IF;
  PERFORM campaign.lock_tenant_key(owner_tenant);
  IF campaign.address_hash(owner_tenant, '') IS NULL THEN
    PERFORM campaign.ensure_tenant_keys(owner_tenant);
  END IF;
  PERFORM FROM campaign.jobs j WHERE j.tenant_id = owner_tenant AND j.contact_id = contact ORDER BY j.id FOR NO KEY UPDATE;
  PERFORM FROM campaign.contacts c WHERE c.tenant_id = owner_tenant AND c.id = contact FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact % does not exist', coalesce('"' || contact || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant of yours has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  PERFORM FROM campaign.campaign_enrollments e WHERE e.tenant_id = owner_tenant AND e.contact_id = contact
    ORDER BY e.id FOR NO KEY UPDATE;
  RETURN owner_tenant;
END $$;
COMMENT ON FUNCTION campaign.lock_contact_for_erasure(uuid) IS
'Internal: locks a contact of a tenant that the caller owns, with its jobs and enrolments, and returns the tenant; raises P0002 or 42501.';

-- What another contact has as well stays readable: it is that one's, too.
CREATE FUNCTION campaign.hash_contact_suppressions(tenant uuid, contact uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  item record;
BEGIN
  FOR item IN
    SELECT a.kind, campaign.normalize_address(a.address) AS plain,
           campaign.address_hash(tenant, campaign.normalize_address(a.address)) AS hashed
      FROM campaign.contacts c
     CROSS JOIN LATERAL (VALUES ('email', c.email), ('phone', c.phone), ('linkedin_url', c.linkedin_url)) a (kind, address)
     WHERE c.tenant_id = tenant AND c.id = contact AND a.address IS NOT NULL
     ORDER BY a.kind
  LOOP
    INSERT INTO campaign.suppressions (tenant_id, address, reason, at)
    SELECT tenant, item.hashed, s.reason, s.at FROM campaign.suppressions s
     WHERE s.tenant_id = tenant AND s.address = item.plain
    ON CONFLICT ON CONSTRAINT suppressions_pkey DO NOTHING;
    CONTINUE WHEN EXISTS (
      SELECT FROM campaign.contacts o
       WHERE o.tenant_id = tenant AND o.id <> contact
         AND (campaign.normalize_address(o.email) = item.plain OR o.phone = item.plain
              OR campaign.normalize_address(o.linkedin_url) = item.plain));
    DELETE FROM campaign.suppressions s WHERE s.tenant_id = tenant AND s.address = item.plain;
    -- who opted out of what is sent unasked must not be sent it as a new contact
    INSERT INTO campaign.suppressions (tenant_id, address, reason, at)
    SELECT tenant, item.hashed, 'unsubscribe', min(n.at)
      FROM campaign.consents n JOIN campaign.channels h ON h.channel = n.channel
     WHERE n.tenant_id = tenant AND n.contact_id = contact AND n.state = 'opted_out'
       AND h.address_kind = item.kind AND h.consent = 'not_opted_out'
    HAVING count(*) > 0
    ON CONFLICT ON CONSTRAINT suppressions_pkey DO NOTHING;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.hash_contact_suppressions(uuid, uuid) IS
'Internal: keeps the suppressions of a contact''s addresses as keyed hashes, and adds one for an address whose channel was opted out of.';

CREATE FUNCTION campaign.erase_contact(contact uuid, OUT relation text, OUT scrubbed bigint) RETURNS SETOF record
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
COMMENT ON FUNCTION campaign.erase_contact(uuid) IS
'Scrubs what is held on a person, wherever it lies, for good: the contact''s live enrolments are stopped (contact_archived), it is archived, and its rows lose everything personal; what was counted stays counted. A suppressed address stays suppressed, as a keyed hash. Returns the rows scrubbed per table; called again it scrubs what was written since. For owners. Raises P0002 for a contact that is not yours, 42501 if you do not own its tenant, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.export_contact(contact uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
  item record;
  part jsonb;
  document jsonb := '{}';
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.readable_tenants()) AND c.id = contact;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact % does not exist', coalesce('"' || contact || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant of yours has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  FOR item IN SELECT p.relation, p.belongs, p.omit FROM campaign.personal_data p ORDER BY p.position LOOP
    -- ids are in the order of time
    EXECUTE format('SELECT coalesce(jsonb_agg(r.item ORDER BY r.item ->> ''id'' COLLATE "C", r.item::text COLLATE "C"), ''[]'')'
                   ' FROM (SELECT to_jsonb(t) - $3 AS item FROM campaign.%I t WHERE t.tenant_id = $1 AND %s) r', item.relation, item.belongs)
      INTO part USING owner_tenant, contact, item.omit || 'tenant_id'::text;
    document := document || jsonb_build_object(item.relation, part);
  END LOOP;
  RETURN document;
END $$;
COMMENT ON FUNCTION campaign.export_contact(uuid) IS
'Everything that is held on a person, as one document: an array of rows for each table that has some, by the table''s name. For members of the contact''s tenant. Raises P0002 for a contact that is not yours.';

CREATE FUNCTION campaign.refuse_erased(tenant uuid, contact uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = contact AND c.erased_at IS NOT NULL) THEN
    RAISE EXCEPTION 'contact "%" was erased', contact
      USING ERRCODE = 'CP002',
            DETAIL = 'Nothing is held on the person any more, and nothing is recorded.',
            HINT = 'If the person comes back, make a new contact.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.refuse_erased(uuid, uuid) IS
'Internal: raises CP002 for a contact that was erased.';

INSERT INTO campaign.constraint_hints (constraint_name, hint) VALUES
  ('contacts_erased_check', 'An erased contact stays empty; if the person comes back, make a new contact.');
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.erase_contact(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.export_contact(uuid)');

-- >>> src/outreach/contact_tags.sql
-- Tags of contacts: names that a tenant gives to groups of them. A batch is only a tag.

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

-- The foreign keys stand on locked rows.
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

-- >>> src/outreach/contact_filter.sql
-- contact_filter: which contacts are meant, as a document. Form is checked here; what it finds, by matching_contacts().

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

-- >>> src/outreach/campaign_contacts.sql
-- Contacts of a campaign: one row for each, from the assignment to the generated messages or to the exclusion.
-- A row is added, excluded and deleted under the locks of its campaign and contact; it is locked after the
-- contact, its enrolments and queue rows, and what is written to it needs no lock but its own.

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

-- The foreign keys stand on locked rows, and the life cycle begins with pending.
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

-- An edit of the audience is waited for, and waits; it finds the new status then.
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

-- >>> src/outreach/contact_overlap.sql
-- Overlap: contacts whom two campaigns want, or whom somebody has just written to; and what was done about it.

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

-- One conflict for each other campaign, and one for each channel.
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

-- The foreign keys stand on locked rows.
CREATE FUNCTION campaign.insert_overlap_rows(tenant uuid, ids uuid[], campaign uuid, contacts uuid[], kind text, other_campaign uuid,
  channel text, severity text, outcome text, at timestamptz) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_insert_overlap_rows';
COMMENT ON FUNCTION campaign.insert_overlap_rows(uuid, uuid[], uuid, uuid[], text, uuid, text, text, text, timestamptz) IS
'Internal: writes overlaps that differ in ids and contacts only, side by side, past the executor; other campaign and channel may be NULL. False, and nothing written, where somebody has put a trigger, a rule or a column of his own on the table: INSERT is for these.';

-- Both campaigns stand in columns with keys of their own, so that nothing else can.
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

-- Assigned in draft, the contacts of two campaigns have met nobody: they do when one of the two is live. The locks
-- let the second of two campaigns that become ready at once see the first one.
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

-- >>> src/outreach/contact_assignment.sql
-- Who is assigned to a campaign, and who is taken out of it again: one set of rules for every path.
-- Locks in order: tenant, campaign (so that of two calls the second one sees what the first one did), contacts.
-- Long lists are conditions on one table (= ANY), never joined: a table whose statistics are old may be taken for
-- one row, and the list would be read anew for each of them.

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

-- Planned for the filter that is given: what it does not ask for costs nothing.
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

-- A contact is suppressed where no address is left that the steps could use. Addresses are all different,
-- which the planner cannot know of what a function makes of them: without Memoize it compares sets.
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

-- Rows of campaign_contacts, locked last.
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

-- No message is written before a contact has been generating, nor for one who has failed at once, and none is sent
-- without an enrolment.
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

-- >>> src/outreach/contact_readiness.sql
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

-- >>> src/outreach/messages.sql
-- Messages: what was written to a contact for a step of a campaign, in versions.
-- A message is locked after its campaign and whatever of contact, enrolment and queue row is locked with it.

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
-- the texts of messages are held to what those of templates are
CREATE TRIGGER check_text BEFORE INSERT OR UPDATE OF channel, subject, body, body_html ON campaign.messages
  FOR EACH ROW EXECUTE FUNCTION campaign.check_message_template();
CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE OF status ON campaign.messages
  FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('message', 'status', 'unlogged');

-- Never changed: the text that a version had, and who made it of what.
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

-- What reviewers did, for those who write the prompts.
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

-- What was written for another step is not sent as this one.
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

-- A new version becomes the message's text, and is to be reviewed.
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

-- >>> src/outreach/message_review.sql
-- Review: people edit, approve and reject messages before they are sent.
-- Locks in order: tenant and campaign, so that a status does not change meanwhile; the contact, whom
-- nobody erases meanwhile; the queue row of a message that could be on its way; the message.

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

-- A sent message is history; in draft, ready and generating nobody reviews yet, or the generator is still writing.
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

-- What nobody will get is rejected at most.
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
  ELSIF num_nonnulls(subject, body, body_html) = 0 THEN
    RAISE EXCEPTION 'an edit of message "%" without a text', message
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Neither subject, nor body, nor body_html is given.',
            HINT = 'Give what is to change, or say why the message is not wanted with campaign.review_messages().';
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
'Changes the text of a message (NULL leaves a part as it is, the empty string takes it away) and returns its new version, which is to be reviewed; an approved campaign goes back to review. reason: too_formal, too_casual, wrong_tone, wrong_language, too_long, too_short, factually_wrong, off_topic, generic or other. version: the one that was read; if it is no longer the present one, CP002. Raises CP002 for a message that was sent or is with a worker, whose contact was excluded or erased, or where the campaign is not in review, approved, running or paused, 22023 for an unknown reason and where no text is given, 23514 and CP003 for a text that the channel does not take, P0002.';

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

-- What is to be reviewed again is not approved any more.
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

-- What keeps a campaign from being approved; NULL if nothing does.
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

-- Whoever is excluded gets none of what is not sent yet.
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

-- >>> src/outreach/generation_costs.sql
-- What generation has cost: rows that are added and never changed. Every total is a sum over them.
-- No foreign key but that to the tenant: money that was spent stays spent when a contact or campaign is gone.

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

-- The rows of one lease are written once: a worker who got no answer asks again.
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

-- >>> src/outreach/generation_jobs.sql
-- A generation job: the contacts of a campaign for whom messages are written, one item each, leased to workers.
-- Locks in order: tenant, campaign, contact, budget, item, the contact's row in the campaign, message. Whoever
-- makes or ends a job, or ends an item, has the campaign locked; a claim takes items and rows with SKIP LOCKED.

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

-- A lease changes no column of an index: an item is moved to a new page only when it ends.
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

-- Before campaign_contacts: a claim, too, has the item first.
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

-- >>> src/outreach/generation_budgets.sql
-- Budgets: what generation may cost a tenant in a period. What is spent are rows of generation_costs, what is
-- reserved stands with the items that have not ended, so that neither can drift. Whoever reserves has the
-- budget's row locked.

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

-- >>> src/outreach/generation.sql
-- Generation as members see it: estimated, started, tried again, cancelled; and how a job ends by itself.

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
    JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
   WHERE k.tenant_id = owner_tenant AND k.campaign_id = estimate_generation.campaign AND k.status <> 'excluded'
     AND c.tenant_id = owner_tenant AND c.archived_at IS NULL;
  RETURN QUERY
    SELECT s.touch_number, s.channel, s.label, sum(s.variants)::integer, people, sum(s.variants)::bigint * people,
           sum(s.variants) * people * price, campaign.credits(sum(s.variants) * people * price)
      FROM campaign.generation_steps(owner_tenant, estimate_generation.campaign) s
     GROUP BY GROUPING SETS ((s.touch_number, s.channel, s.label), ()) ORDER BY s.touch_number NULLS LAST;
END $$;
COMMENT ON FUNCTION campaign.estimate_generation(uuid) IS
'What generating all messages of a campaign would cost: enabled steps times variants times contacts that are neither excluded nor archived times the price of a message, a row for each step and, with touch_number NULL, one for all. credits are rounded in each row by itself, so they need not add up. Raises P0002 for a campaign that is not yours.';

-- The campaign is locked and ready. The partial unique index would stop a second job; the status does before.
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

-- The caller has the campaign locked. Review is for messages: without one there is nothing to review.
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

-- >>> src/outreach/generation_work.sql
-- Generation as workers see it: claim contacts, save what was written for them, or say why nothing was.

-- What a message can be made of, as the worker gets it.
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

-- A job whose last contacts were excluded, or ran out of attempts, has nobody who would end it; and those who
-- were excluded are not passed over again and again.
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

-- By the index of what is open, in order, and only as far as there is need.
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

-- >>> src/outreach/generation_progress.sql
-- How far a generation is. Counted over items and messages, so that it cannot drift.

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

-- >>> src/outreach/message_delivery.sql
-- Delivery: which message a contact gets, and how its status follows the log and the events.
-- Whoever sets a message sent holds its enrolment and queue row, so that nobody reviews it meanwhile.

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

-- Locks in order: tenant and campaign, contact, enrolment, queue row, message.
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

-- The values of placeholders where no worker renders: links are signed for enrolments, and have none here
-- but the tenant's own page.
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

-- >>> src/outreach/message_export.sql
-- Export: messages for whoever sends them elsewhere.

-- What a spreadsheet would run as a formula, it shows as text.
CREATE FUNCTION campaign.csv_safe(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN left(value, 1) IN ('=', '+', '-', '@', E'\t', E'\r') THEN '''' || value ELSE value END;
COMMENT ON FUNCTION campaign.csv_safe(text) IS
'A text that a spreadsheet takes for text: with an apostrophe before a leading =, +, -, @, tab or carriage return.';

-- Signed links belong to an enrolment, and whoever exports has none.
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

-- >>> src/outreach/launch.sql
-- Launching: a campaign begins to run and enrols whom it was assigned, now or at a time that was set.

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

-- From ready a campaign begins without messages; one that has some is held to their review.
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

-- Where there are messages, whoever has none that is approved is not begun with.
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

-- Where sender_config asks for less than the tenant may send.
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

-- Limits are settings of the tenant, which its owners change.
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

-- A launch has lowered them before; a bare transition would pass them over.
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

-- The tenant is locked behind the campaign, as where a campaign gets its lanes, and before lanes are, as
-- where an owner sets a limit.
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

-- When it is set, and again when it comes.
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

-- >>> src/outreach/maintenance.sql
-- Maintenance: what is done when nobody waits for it. The engine is correct without it; with it,
-- timers go off on time, ledgers stay short, and history goes when it is due to.

CREATE TABLE campaign.maintenance_tasks (
  task      text NOT NULL,
  position  integer NOT NULL,
  command   text NOT NULL,
  CONSTRAINT maintenance_tasks_pkey PRIMARY KEY (task)
);
COMMENT ON TABLE campaign.maintenance_tasks IS 'What campaign.run_maintenance() does, in the order of position. Part of the extension, not dumped.';
COMMENT ON COLUMN campaign.maintenance_tasks.command IS 'A SELECT of how much was done; $1 is how much to do at most. It waits for nobody, and may run beside itself.';

-- What takes long comes before what locks contacts: they are held until the end.
INSERT INTO campaign.maintenance_tasks (task, position, command) VALUES
  ('remove_logs', 1, 'SELECT campaign.remove_old_logs($1)'),
  ('fold_send_usage', 2, 'SELECT campaign.fold_send_usage($1)'),
  ('end_leases', 3, 'SELECT campaign.end_expired_leases($1)'),
  ('check_breakers', 4, 'SELECT campaign.check_breakers()'),
  ('match_events', 5, 'SELECT campaign.match_events(NULL, $1)'),
  ('launch_campaigns', 6, 'SELECT campaign.launch_due($1)'),
  ('settle_conflicts', 7, 'SELECT campaign.settle_conflicts($1)'),
  ('fold_counts', 8, 'SELECT campaign.fold_counts()'),
  -- a net that should never catch anything: one run in ten
  ('rescan_marks', 9, 'SELECT CASE WHEN random() < 0.1 THEN campaign.rescan_marks() ELSE 0 END');

CREATE FUNCTION campaign.require_max_rows(max_rows integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF max_rows IS NULL OR max_rows < 1 THEN
    RAISE EXCEPTION 'max_rows must be at least 1'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is about how many rows each task works on.',
            HINT = 'Leave it out for 10000.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_max_rows(integer) IS
'Internal: raises 22023 for NULL and for less than 1.';

CREATE FUNCTION campaign.run_maintenance(max_rows integer DEFAULT 10000, OUT task text, OUT done bigint, OUT detail text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  item record;
  former_timeout text := current_setting('lock_timeout');
BEGIN
  PERFORM campaign.require_max_rows(max_rows);
  PERFORM campaign.require_read_committed('run_maintenance()');
  -- no task waits for a row; a table that somebody is altering is left for the next time
  PERFORM set_config('lock_timeout', '5s', true);
  FOR item IN SELECT t.task, t.command FROM campaign.maintenance_tasks t ORDER BY t.position, t.task LOOP
    task := item.task;
    detail := NULL;
    BEGIN
      EXECUTE item.command INTO done USING max_rows;
      IF done >= max_rows THEN
        detail := 'there may be more';
      END IF;
    EXCEPTION WHEN OTHERS THEN
      done := 0;
      detail := SQLSTATE || ': ' || SQLERRM;
      RAISE WARNING 'maintenance task % failed: %', item.task, SQLERRM
        USING ERRCODE = SQLSTATE, DETAIL = 'What it did is undone; the other tasks are not affected.';
    END;
    RETURN NEXT;
  END LOOP;
  PERFORM set_config('lock_timeout', former_timeout, true);
END $$;
COMMENT ON FUNCTION campaign.run_maintenance(integer) IS
'Does what is due and nobody waits for, for all tenants: folds counts and usage, removes logs that log_retention lets go, ends leases that have run out, checks the breakers, applies events that came early, launches campaigns whose time has come, settles conflicts. One row per task: how much was done, and in detail what went wrong or that there may be more; a task that fails is undone and spoils no other. Waits for nobody, and may run beside itself. To be called about once a minute (see schedule_maintenance()). For the level admin. Raises 22023 for max_rows below 1, 25000 above READ COMMITTED.';

-- A claim does the same with what it comes across; this is for lanes that nobody claims from.
-- What is leased is due, and claims take the oldest first: it is found at a lane's beginning.
CREATE FUNCTION campaign.end_expired_leases(max_rows integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
  lease_time timestamptz := clock_timestamp();
  touch record;
  ended bigint := 0;
BEGIN
  PERFORM campaign.require_max_rows(max_rows);
  -- sent, as the event tells that stopped its sequence while the lease still ran
  FOR touch IN
    SELECT q.tenant_id, q.enrollment_id, q.claimed_at, proof.provider_id, proof.kind,
           campaign.touch_token(q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.touch_number, q.attempt, q.fence) AS token
      FROM campaign.touch_queue q
     CROSS JOIN LATERAL (
       SELECT max(v.provider_id) AS provider_id, (array_agg(v.kind ORDER BY v.at, v.id))[1] AS kind FROM campaign.touch_events v
        WHERE v.tenant_id = q.tenant_id AND v.enrollment_id = q.enrollment_id AND v.touch_number = q.touch_number
          AND v.at >= q.claimed_at AND v.kind IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained')) proof
     WHERE q.due_at = 'infinity' AND q.flags = 3 AND q.lease_until <= lease_time AND proof.kind IS NOT NULL
     LIMIT max_rows
  LOOP
    PERFORM FROM campaign.tenants t WHERE t.id = touch.tenant_id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    PERFORM FROM campaign.campaign_enrollments e WHERE e.tenant_id = touch.tenant_id AND e.id = touch.enrollment_id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    PERFORM campaign.report_touches(ARRAY[ROW(touch.token, 'sent', touch.provider_id, NULL, NULL, NULL, touch.claimed_at,
              jsonb_build_object('settled_by', touch.kind))::campaign.touch_result]);
    ended := ended + 1;
  END LOOP;
  FOR touch IN
    WITH found AS MATERIALIZED (
      SELECT f.tenant_id, f.lane, f.due_at, f.enrollment_id, l.uncertain_policy
        FROM (SELECT n.tenant_id, n.lane, n.shift, h.uncertain_policy
                FROM campaign.lanes n JOIN campaign.channels h ON h.channel = n.channel) l
       CROSS JOIN LATERAL (
         SELECT q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.lease_until, q.claimed_at, q.flags
           FROM campaign.touch_queue q
          WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.due_at <= now_time - l.shift
          ORDER BY q.due_at, q.enrollment_id LIMIT 10 * max_rows::bigint) f
       WHERE f.claimed_at > '-infinity' AND f.lease_until <= lease_time AND (f.flags & 1 = 0 OR l.uncertain_policy <> 'retry')
      UNION ALL
      SELECT q.tenant_id, q.lane, q.due_at, q.enrollment_id, NULL
        FROM campaign.touch_queue q
       WHERE q.due_at = 'infinity' AND q.flags & 3 = 2 AND q.lease_until <= lease_time
      LIMIT max_rows)
    SELECT q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.flags, q.claimed_at
      FROM found f
      JOIN campaign.touch_queue q ON q.tenant_id = f.tenant_id AND q.lane = f.lane AND q.due_at = f.due_at AND q.enrollment_id = f.enrollment_id
     WHERE q.claimed_at > '-infinity' AND q.lease_until <= lease_time AND (q.flags & 1 = 0 OR f.uncertain_policy <> 'retry')
       FOR UPDATE OF q SKIP LOCKED
  LOOP
    -- behind the row, so without waiting: what is being deleted goes without us
    PERFORM FROM campaign.tenants t WHERE t.id = touch.tenant_id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    IF touch.flags & 1 = 1 THEN
      -- it may have been sent: out of the way until somebody settles it; where an event has told that it
      -- was, the next claim does
      UPDATE campaign.touch_queue q SET due_at = 'infinity'
       WHERE q.tenant_id = touch.tenant_id AND q.lane = touch.lane AND q.due_at = touch.due_at AND q.enrollment_id = touch.enrollment_id
         AND NOT EXISTS (SELECT FROM campaign.touch_events v
                          WHERE v.tenant_id = q.tenant_id AND v.enrollment_id = q.enrollment_id AND v.touch_number = q.touch_number
                            AND v.at >= q.claimed_at AND v.kind IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained'));
      CONTINUE WHEN NOT FOUND;
    ELSE
      PERFORM campaign.return_send_usage(touch.tenant_id, touch.lane, touch.claimed_at);
      -- the fence stays: until the touch is claimed again, a late report is taken
      UPDATE campaign.touch_queue q
         SET claimed_at = '-infinity'
       WHERE q.tenant_id = touch.tenant_id AND q.lane = touch.lane AND q.due_at = touch.due_at AND q.enrollment_id = touch.enrollment_id
         AND touch.flags & 2 = 0;
      DELETE FROM campaign.touch_queue q
       WHERE q.tenant_id = touch.tenant_id AND q.lane = touch.lane AND q.due_at = touch.due_at AND q.enrollment_id = touch.enrollment_id
         AND touch.flags & 2 = 2;
    END IF;
    ended := ended + 1;
  END LOOP;
  RETURN ended;
END $$;
COMMENT ON FUNCTION campaign.end_expired_leases(integer) IS
'Ends leases that have run out without a report, as the next claim of the touch would: what was not begun goes back and returns its place under the caps, what was begun and may have been sent is put aside for whoever settles it (uncertain_touches), what was stopped meanwhile is removed, or logged as sent where an event has told so. Returns how many. Part of maintenance; waits for nobody. Raises 22023 for max_rows below 1.';

-- ---- retention

CREATE INDEX campaign_enrollments_ended_idx ON campaign.campaign_enrollments (tenant_id, coalesce(completed_at, stopped_at))
  WHERE status <> 'active' AND log_removed_at IS NULL;
CREATE INDEX send_logs_manual_idx ON campaign.send_logs (tenant_id, logged_at) WHERE enrollment_id IS NULL;
CREATE INDEX touch_events_loose_idx ON campaign.touch_events (tenant_id, recorded_at) WHERE enrollment_id IS NULL;
CREATE INDEX job_enrollments_loose_idx ON campaign.job_enrollments (tenant_id, at) WHERE outcome <> 'enrolled';
CREATE INDEX enrollment_conflicts_resolved_idx ON campaign.enrollment_conflicts (tenant_id, resolved_at) WHERE resolved_at IS NOT NULL;

-- The enrolment is locked against whoever would take it up again; it is marked, so that it is not
-- looked at twice and nobody takes what it does not show any more for what never was.
CREATE FUNCTION campaign.remove_enrollment_logs(tenant uuid, ended_before timestamptz, max_enrollments integer,
  OUT enrollments integer, OUT removed bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  ended uuid[];
  n bigint;
BEGIN
  ended := ARRAY(
    SELECT l.id
      FROM (SELECT e.id FROM campaign.campaign_enrollments e
             WHERE e.tenant_id = tenant AND e.status <> 'active' AND e.log_removed_at IS NULL
               AND coalesce(e.completed_at, e.stopped_at) < ended_before
               -- stopped in a worker's hands, and nobody knows yet what became of it
               AND NOT EXISTS (SELECT FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = e.id)
             ORDER BY coalesce(e.completed_at, e.stopped_at) LIMIT max_enrollments FOR NO KEY UPDATE SKIP LOCKED) l);
  enrollments := cardinality(ended);
  DELETE FROM campaign.touch_events v WHERE v.tenant_id = tenant AND v.enrollment_id = ANY (ended);
  GET DIAGNOSTICS removed = ROW_COUNT;
  DELETE FROM campaign.send_logs l WHERE l.tenant_id = tenant AND l.enrollment_id = ANY (ended);
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM campaign.job_enrollments j
   WHERE j.tenant_id = tenant AND j.enrollment_id = ANY (ended) AND j.outcome = 'enrolled'
     AND j.job_id = ANY (ARRAY(SELECT e.job_id FROM campaign.campaign_enrollments e WHERE e.tenant_id = tenant AND e.id = ANY (ended)));
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  UPDATE campaign.campaign_enrollments e SET log_removed_at = now_time WHERE e.tenant_id = tenant AND e.id = ANY (ended);
END $$;
COMMENT ON FUNCTION campaign.remove_enrollment_logs(uuid, timestamptz, integer) IS
'Internal: removes what was logged of up to max_enrollments enrolments of a tenant that ended before a time; returns how many enrolments, and how many rows. Waits for nobody.';

CREATE FUNCTION campaign.remove_loose_logs(tenant uuid, older_than timestamptz, max_rows bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  removed bigint := 0;
  n bigint;
BEGIN
  DELETE FROM campaign.send_logs l WHERE l.tenant_id = tenant AND l.id = ANY (ARRAY(
    SELECT o.id FROM campaign.send_logs o WHERE o.tenant_id = tenant AND o.enrollment_id IS NULL AND o.logged_at < older_than
     ORDER BY o.logged_at LIMIT max_rows FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM campaign.touch_events v WHERE v.tenant_id = tenant AND v.id = ANY (ARRAY(
    SELECT o.id FROM campaign.touch_events o WHERE o.tenant_id = tenant AND o.enrollment_id IS NULL AND o.recorded_at < older_than
     ORDER BY o.recorded_at LIMIT max_rows - removed FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM campaign.job_enrollments j WHERE j.tenant_id = tenant AND j.id = ANY (ARRAY(
    SELECT o.id FROM campaign.job_enrollments o WHERE o.tenant_id = tenant AND o.outcome <> 'enrolled' AND o.at < older_than
     ORDER BY o.at LIMIT max_rows - removed FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM campaign.enrollment_conflicts x WHERE x.tenant_id = tenant AND x.id = ANY (ARRAY(
    SELECT o.id FROM campaign.enrollment_conflicts o WHERE o.tenant_id = tenant AND o.resolved_at < older_than
     ORDER BY o.resolved_at LIMIT max_rows - removed FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN removed + n;
END $$;
COMMENT ON FUNCTION campaign.remove_loose_logs(uuid, timestamptz, bigint) IS
'Internal: removes up to max_rows old rows of a tenant that belong to no enrolment: manual sends and what was told of them, jobs that were not enrolled, resolved conflicts. Waits for nobody.';

CREATE FUNCTION campaign.remove_old_logs(max_rows integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
  owner record;
  part record;
  removed bigint := 0;
BEGIN
  PERFORM campaign.require_max_rows(max_rows);
  PERFORM campaign.require_read_committed('remove_old_logs()');
  FOR owner IN SELECT t.id, now_time - t.log_retention AS ended_before FROM campaign.tenants t WHERE t.log_retention IS NOT NULL ORDER BY t.id LOOP
    PERFORM FROM campaign.tenants t WHERE t.id = owner.id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    WHILE removed < max_rows LOOP
      part := campaign.remove_enrollment_logs(owner.id, owner.ended_before, least(max_rows - removed, 500)::integer);
      removed := removed + part.removed;
      EXIT WHEN part.enrollments = 0;
    END LOOP;
    EXIT WHEN removed >= max_rows;
    removed := removed + campaign.remove_loose_logs(owner.id, owner.ended_before, max_rows - removed);
  END LOOP;
  RETURN removed;
END $$;
COMMENT ON FUNCTION campaign.remove_old_logs(integer) IS
'Removes about max_rows rows of history that tenants keep no longer (tenants.log_retention; by default all is kept): sends, events and job records of enrolments that ended so long ago, then manual sends, jobs that were not enrolled and resolved conflicts of that age. Enrolments, counts and analytics stay. Returns how many rows went. Part of maintenance; waits for nobody. Raises 22023 for max_rows below 1, 25000 above READ COMMITTED.';

-- ---- pg_cron, if the database has it; looked up when it is asked for

-- The setting is for superusers' eyes; the name of a database is all that is told of it.
CREATE FUNCTION campaign.pg_cron_database() RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN current_setting('cron.database_name', true);
END $$;
COMMENT ON FUNCTION campaign.pg_cron_database() IS
'Internal: the database in which pg_cron keeps its jobs; NULL where it is not loaded.';

CREATE FUNCTION campaign.require_pg_cron(schedule text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  home text := campaign.pg_cron_database();
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension x WHERE x.extname = 'pg_cron') THEN
    RAISE EXCEPTION 'pg_cron is not installed in this database'
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = CASE WHEN home <> current_database() THEN format('In this cluster it keeps its jobs in database "%s".', home)
                          ELSE 'It is what runs the jobs that are scheduled in a database.' END,
            HINT = CASE WHEN home <> current_database()
                        THEN format('There, call SELECT cron.schedule_in_database(%L, %L, %L, %L).', 'campaign maintenance',
                                    schedule, 'SELECT campaign.run_maintenance()', current_database())
                        ELSE 'Add it to shared_preload_libraries and create the extension, or have another scheduler call SELECT campaign.run_maintenance() every minute.' END;
  END IF;
  IF NOT has_schema_privilege('cron', 'USAGE') THEN
    RAISE EXCEPTION 'permission denied for schema cron'
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'A job runs as whoever has scheduled it.',
            HINT = format('Have a superuser run GRANT USAGE ON SCHEMA cron TO %I.', current_user);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_pg_cron(text) IS
'Internal: raises 55000 where pg_cron is not installed, and 42501 where the caller may not use it.';

-- With the caller's rights: a job is the role's that schedules it, and no more than that role's.
CREATE FUNCTION campaign.schedule_maintenance(schedule text DEFAULT '* * * * *') RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  job bigint;
BEGIN
  IF schedule IS NULL THEN
    RAISE EXCEPTION 'schedule must not be null'
      USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'It says when maintenance runs, as in a crontab.',
            HINT = 'Leave it out for every minute, or call campaign.unschedule_maintenance().';
  END IF;
  PERFORM campaign.require_pg_cron(schedule);
  EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job
    USING 'campaign maintenance'::text, schedule, 'SELECT campaign.run_maintenance()'::text;
  RETURN job;
END $$;
COMMENT ON FUNCTION campaign.schedule_maintenance(text) IS
'Has pg_cron run campaign.run_maintenance() in this database, every minute or on the crontab schedule given; again changes the schedule. The job is the caller''s and runs with his rights. Returns pg_cron''s id of the job. For the level admin, with USAGE on schema cron. Raises 55000 without pg_cron, 42501, 22004 for NULL and what pg_cron raises for a schedule that is none.';

CREATE FUNCTION campaign.unschedule_maintenance() RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  job bigint;
BEGIN
  PERFORM campaign.require_pg_cron('* * * * *');
  EXECUTE 'SELECT j.jobid FROM cron.job j WHERE j.jobname = $1 AND j.username = current_user AND j.database = current_database()' INTO job
    USING 'campaign maintenance'::text;
  IF job IS NULL THEN
    RETURN false;
  END IF;
  EXECUTE 'SELECT cron.unschedule($1)' USING job;
  RETURN true;
END $$;
COMMENT ON FUNCTION campaign.unschedule_maintenance() IS
'Ends what the caller began with campaign.schedule_maintenance(); false if there is nothing to end. For the level admin. Raises 55000 without pg_cron, 42501 without USAGE on schema cron.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('admin', 'EXECUTE', 'FUNCTION campaign.run_maintenance(integer)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.end_expired_leases(integer)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.remove_old_logs(integer)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.pg_cron_database()'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.require_pg_cron(text)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.schedule_maintenance(text)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.unschedule_maintenance()'),
  ('admin', 'SELECT', 'TABLE campaign.maintenance_tasks');

-- >>> src/outreach/health.sql
-- Health: what waits, who works on it, and what a person has to look at. Members see their tenants; the
-- levels worker and admin, which are not of one tenant, see all.

CREATE FUNCTION campaign.sees_all() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- who asked, whatever definer function this runs in
  asking name := coalesce(nullif(current_setting('role'), 'none'), session_user);
BEGIN
  RETURN has_function_privilege(asking, 'campaign.release_touch(text)', 'EXECUTE')
      OR has_function_privilege(asking, 'campaign.create_tenant(text, text, text, text)', 'EXECUTE');
END $$;
COMMENT ON FUNCTION campaign.sees_all() IS
'Internal: whether the asking role has the level worker or admin.';

CREATE FUNCTION campaign.visible_tenants() RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF campaign.sees_all() THEN
    RETURN ARRAY(SELECT t.id FROM campaign.tenants t);
  END IF;
  RETURN campaign.readable_tenants();
END $$;
COMMENT ON FUNCTION campaign.visible_tenants() IS
'Internal: the tenants whose health the asking role may see.';

-- What is leased is due, or was put aside at infinity: no more of a lane is looked at.
CREATE FUNCTION campaign.health_of_lanes(OUT tenant_id uuid, OUT lane integer, OUT campaign_id uuid, OUT campaign_name text,
  OUT channel text, OUT paused boolean, OUT throttled_until timestamptz, OUT due bigint, OUT oldest_due_at timestamptz, OUT lag interval,
  OUT live_leases bigint, OUT expired_leases bigint, OUT next_due_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
  lease_time timestamptz := clock_timestamp();
  tenants uuid[] := campaign.visible_tenants();
BEGIN
  RETURN QUERY
  SELECT l.tenant_id, l.lane, l.campaign_id, c.name, l.channel, l.paused, nullif(greatest(l.throttled_until, now_time), now_time),
         s.due, s.oldest + l.shift, now_time - (s.oldest + l.shift), s.live, s.expired,
         (SELECT min(q.due_at) FROM campaign.touch_queue q
           WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.due_at > now_time - l.shift AND q.due_at < 'infinity') + l.shift
    FROM campaign.lanes l
    JOIN campaign.channels h ON h.channel = l.channel
    JOIN campaign.campaigns c ON c.tenant_id = l.tenant_id AND c.id = l.campaign_id
   CROSS JOIN LATERAL (
         SELECT count(*) FILTER (WHERE r.is_due) AS due, min(r.due_at) FILTER (WHERE r.is_due) AS oldest,
                count(*) FILTER (WHERE r.lease_until > lease_time) AS live,
                count(*) FILTER (WHERE r.lease_until > '-infinity' AND r.lease_until <= lease_time) AS expired
           FROM (SELECT q.due_at, q.lease_until,
                        q.lease_until <= lease_time AND (q.flags & 3 = 0 OR q.flags & 3 = 1 AND h.uncertain_policy = 'retry') AS is_due
                   FROM campaign.touch_queue q
                  WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.due_at <= now_time - l.shift
                 UNION ALL
                 SELECT q.due_at, q.lease_until, false FROM campaign.touch_queue q
                  WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.due_at = 'infinity') r) s
   WHERE l.tenant_id = ANY (tenants) AND c.archived_at IS NULL
   ORDER BY l.tenant_id, l.lane;
END $$;
COMMENT ON FUNCTION campaign.health_of_lanes() IS
'The rows of the view lane_health, for whoever may not read views: workers and admins see all tenants'' lanes, members those of theirs.';

CREATE VIEW campaign.lane_health WITH (security_invoker = true) AS
SELECT h.tenant_id, h.lane, h.campaign_id, h.campaign_name, h.channel, h.paused, h.throttled_until, h.due, h.oldest_due_at, h.lag,
       h.live_leases, h.expired_leases, h.next_due_at
  FROM campaign.health_of_lanes() h;
COMMENT ON VIEW campaign.lane_health IS
'One row per lane (campaign and channel) of the campaigns that are not archived: how many touches are due and wait for a worker, since when the oldest (by the engine''s clock), how many are leased, how many leases have ended without a report, whether the lane is paused or throttled, and when the next touch is due.';

CREATE FUNCTION campaign.health_of_workers(OUT name text, OUT first_seen_at timestamptz, OUT last_seen_at timestamptz,
  OUT live_leases bigint, OUT expired_leases bigint, OUT is_silent boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
  lease_time timestamptz := clock_timestamp();
  tenants uuid[] := campaign.visible_tenants();
  all_workers boolean := campaign.sees_all();
BEGIN
  RETURN QUERY
  SELECT w.name, w.first_seen_at, nullif(w.last_seen_at, '-infinity'), coalesce(s.live, 0), coalesce(s.expired, 0),
         s.worker_id IS NOT NULL AND w.last_seen_at < lease_time - interval '1 minute'
    FROM campaign.workers w
    LEFT JOIN (
      SELECT q.worker_id, count(*) FILTER (WHERE q.lease_until > lease_time) AS live,
             count(*) FILTER (WHERE q.lease_until <= lease_time) AS expired
        FROM campaign.lanes l
       CROSS JOIN LATERAL (
             SELECT t.worker_id, t.lease_until FROM campaign.touch_queue t
              WHERE t.tenant_id = l.tenant_id AND t.lane = l.lane AND t.due_at <= now_time - l.shift AND t.lease_until > '-infinity'
             UNION ALL
             SELECT t.worker_id, t.lease_until FROM campaign.touch_queue t
              WHERE t.tenant_id = l.tenant_id AND t.lane = l.lane AND t.due_at = 'infinity' AND t.lease_until > '-infinity') q
       WHERE l.tenant_id = ANY (tenants)
       GROUP BY q.worker_id) s ON s.worker_id = w.id
   WHERE s.worker_id IS NOT NULL OR all_workers
   ORDER BY w.name;
END $$;
COMMENT ON FUNCTION campaign.health_of_workers() IS
'The rows of the view worker_health, for whoever may not read views: workers and admins see every worker, members those that hold touches of theirs.';

CREATE VIEW campaign.worker_health WITH (security_invoker = true) AS
SELECT h.name, h.first_seen_at, h.last_seen_at, h.live_leases, h.expired_leases, h.is_silent FROM campaign.health_of_workers() h;
COMMENT ON VIEW campaign.worker_health IS
'One row per worker: when it was first and last seen (by the wall clock; a claim, a begin or an extension shows it), how many touches it holds, of how many its lease has ended without a report, and is_silent: it holds some, and was not seen for more than a minute. Members see the workers that hold touches of theirs.';

CREATE FUNCTION campaign.health_of_queue(tenants uuid[],
  OUT name text, OUT severity text, OUT value bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  worst record;
  total record;
BEGIN
  SELECT h.lag, format('of "%s" over %s', h.campaign_name, h.channel) AS place INTO worst FROM campaign.health_of_lanes() h
   WHERE h.oldest_due_at IS NOT NULL AND NOT h.paused AND h.throttled_until IS NULL ORDER BY h.lag DESC, h.tenant_id, h.lane LIMIT 1;
  RETURN QUERY
  SELECT 'oldest_due', CASE WHEN worst.lag > interval '1 hour' THEN 'critical' WHEN worst.lag > interval '5 minutes' THEN 'warning' ELSE 'ok' END,
         coalesce(extract(epoch FROM worst.lag)::bigint, 0),
         coalesce('seconds since the oldest touch that could be sent is due, ' || worst.place, 'nothing is due that could be sent');
  SELECT coalesce(sum(h.due), 0)::bigint AS due, coalesce(sum(h.live_leases), 0)::bigint AS live,
         coalesce(sum(h.expired_leases), 0)::bigint AS expired, count(*) FILTER (WHERE h.throttled_until IS NOT NULL) AS throttled,
         min(h.throttled_until) AS until, count(*) FILTER (WHERE h.paused AND h.due > 0) AS paused
    INTO total FROM campaign.health_of_lanes() h;
  RETURN QUERY VALUES
    ('due_touches', 'ok', total.due, 'touches that are due and not leased, in all lanes'),
    ('live_leases', 'ok', total.live, 'touches that workers hold'),
    ('expired_leases', CASE WHEN total.expired > 0 THEN 'warning' ELSE 'ok' END, total.expired,
     'leases that ended without a report, and were not claimed again'),
    ('throttled_lanes', 'ok', total.throttled, coalesce('lanes at a limit, the first until ' || total.until, 'lanes at a limit')),
    ('paused_lanes', 'ok', total.paused, 'lanes with touches that are due, of campaigns that are not running');
  RETURN QUERY
  SELECT 'silent_workers', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('hold touches and were not seen for a minute: ' || left(string_agg(h.name, ', ' ORDER BY h.name), 500),
                  'every worker that holds touches was seen within a minute')
    FROM campaign.health_of_workers() h WHERE h.is_silent;
  RETURN QUERY
  SELECT 'uncertain_touches', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*), 'touches of which nobody knows whether they were sent'
    FROM campaign.uncertain_touches u WHERE u.tenant_id = ANY (tenants);
END $$;
COMMENT ON FUNCTION campaign.health_of_queue(uuid[]) IS
'Internal: the part of campaign.health() that is about the queue and the workers.';

CREATE FUNCTION campaign.health_of_sending(tenants uuid[],
  OUT name text, OUT severity text, OUT value bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  RETURN QUERY
  SELECT 'sent_last_hour', 'ok', coalesce(sum(c.n), 0)::bigint, 'touches sent within the last hour, to five minutes'
    FROM (SELECT r.n FROM campaign.recent_counts r
           WHERE r.tenant_id = ANY (tenants) AND r.metric = 'sent' AND r.at BETWEEN now_time - interval '1 hour' AND now_time
          UNION ALL
          SELECT d.n FROM campaign.touch_count_deltas d
           WHERE d.tenant_id = ANY (tenants) AND d.metric = 'sent' AND d.at BETWEEN now_time - interval '1 hour' AND now_time) c;
  RETURN QUERY
  SELECT 'failures', 'warning', f.n, left(f.error, 500)
    FROM (SELECT coalesce(l.error, l.reason, 'no error was given') AS error, count(*) AS n FROM campaign.send_logs l
           WHERE l.tenant_id = ANY (tenants) AND l.status = 'failed' AND l.logged_at BETWEEN now_time - interval '24 hours' AND now_time
           GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10) f;
  IF NOT FOUND THEN
    RETURN QUERY VALUES ('failures', 'ok', 0::bigint, 'no attempt failed within the last 24 hours');
  END IF;
  RETURN QUERY
  SELECT 'dead_touches', 'ok', count(*), 'touches that failed for good within the last 24 hours; see campaign.dead_touches'
    FROM campaign.dead_touches d
   WHERE d.tenant_id = ANY (tenants) AND d.failed_at BETWEEN now_time - interval '24 hours' AND now_time;
  RETURN QUERY
  SELECT 'tripped_breakers', CASE count(*) WHEN 0 THEN 'ok' ELSE 'critical' END, count(*),
         coalesce(left(string_agg(format('"%s" %s', c.name, l.reason), '; ' ORDER BY c.name, c.id), 500),
                  'no campaign is paused by the breaker')
    FROM campaign.campaigns c
   CROSS JOIN LATERAL (SELECT g.reason FROM campaign.life_cycle_log g
                        WHERE g.tenant_id = c.tenant_id AND g.entity_id = c.id ORDER BY g.id DESC LIMIT 1) l
   WHERE c.tenant_id = ANY (tenants) AND c.kind = 'outreach' AND c.status = 'paused' AND starts_with(l.reason, 'breaker: ');
END $$;
COMMENT ON FUNCTION campaign.health_of_sending(uuid[]) IS
'Internal: the part of campaign.health() that is about what was sent and what failed.';

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

CREATE FUNCTION campaign.health_of_the_rest(tenants uuid[],
  OUT name text, OUT severity text, OUT value bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
  everything boolean := campaign.sees_all();
BEGIN
  RETURN QUERY
  SELECT 'unknown_timezones', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('names that the server does not know, such as ' || quote_ident(min(p.timezone)) || '; see campaign.timezone_problems',
                  'every time zone is known')
    FROM campaign.timezone_problems p WHERE p.tenant_id = ANY (tenants);
  RETURN QUERY
  SELECT 'identity_problems', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('members and grants without a role: ' || left(string_agg(DISTINCT p.name, ', '), 500), 'every member and grant has its role')
    FROM campaign.identity_problems p WHERE p.tenant_id = ANY (tenants) OR p.tenant_id IS NULL AND everything;
  RETURN QUERY
  SELECT 'open_conflicts', CASE WHEN min(f.resolve_after) < now_time - interval '1 hour' THEN 'warning' ELSE 'ok' END, count(*),
         coalesce('the first is resolved at ' || min(f.resolve_after), 'no conflict waits for an answer')
    FROM campaign.enrollment_conflicts f WHERE f.tenant_id = ANY (tenants) AND f.resolution IS NULL;
  RETURN QUERY
  SELECT 'unmatched_events', CASE WHEN min(v.recorded_at) < now_time - interval '1 hour' THEN 'warning' ELSE 'ok' END, count(*),
         coalesce('the oldest of ' || min(v.recorded_at), 'every event is matched')
    FROM campaign.touch_events v WHERE v.tenant_id = ANY (tenants) AND v.unmatched;
  RETURN QUERY
  SELECT 'unfolded_counts', CASE WHEN count(*) > 100000 THEN 'warning' ELSE 'ok' END, count(*),
         coalesce('last folded at ' || (SELECT nullif(max(f.folded_at), '-infinity') FROM campaign.count_folds f WHERE f.tenant_id = ANY (tenants)),
                  'never folded: see campaign.run_maintenance()')
    FROM campaign.touch_count_deltas d WHERE d.tenant_id = ANY (tenants);
  IF everything THEN
    RETURN QUERY
    SELECT 'clone_guard', CASE WHEN current_setting('campaign.clone_guard') = 'on' AND count(*) > 0 THEN 'critical' ELSE 'ok' END,
           CASE current_setting('campaign.clone_guard') WHEN 'on' THEN count(*) ELSE 0 END,
           CASE WHEN current_setting('campaign.clone_guard') <> 'on' THEN 'off'
                ELSE coalesce('this is not the cluster that was armed; it differs in ' || string_agg(g.aspect, ', ' ORDER BY g."position"),
                              'this is the cluster that was armed') END
      FROM campaign.clone_guard_differences g;
  END IF;
END $$;
COMMENT ON FUNCTION campaign.health_of_the_rest(uuid[]) IS
'Internal: the part of campaign.health() that is about settings, conflicts, events and maintenance.';

CREATE FUNCTION campaign.health(OUT name text, OUT severity text, OUT value bigint, OUT detail text) RETURNS SETOF record
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

INSERT INTO campaign.access_privileges (level, privilege, object)
SELECT l.level, 'EXECUTE', 'FUNCTION campaign.' || f.name || '()'
FROM (VALUES ('member'), ('worker'), ('admin')) l(level), (VALUES ('health'), ('health_of_lanes'), ('health_of_workers')) f(name)
UNION ALL
SELECT l.level, 'SELECT', 'TABLE campaign.' || v.name
FROM (VALUES ('member'), ('admin')) l(level), (VALUES ('lane_health'), ('worker_health')) v(name);

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

