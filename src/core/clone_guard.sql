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
