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
