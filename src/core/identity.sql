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
