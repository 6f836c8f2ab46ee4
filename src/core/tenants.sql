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
