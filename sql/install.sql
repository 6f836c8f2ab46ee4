-- What somebody left in the schema of a required extension has no part in the installation.
\set home :DBNAME
SET client_min_messages = warning;
CREATE ROLE regress_install_mallory;
CREATE DATABASE regress_install;
\c regress_install
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION pg_trgm SCHEMA public;
GRANT CREATE ON SCHEMA public TO regress_install_mallory;
SET ROLE regress_install_mallory;
-- An exact match: the catalog's operator takes smallint on both sides, or integer.
CREATE FUNCTION public.caught(smallint, integer) RETURNS integer LANGUAGE sql AS 'SELECT $1::integer & $2';
CREATE OPERATOR public.& (LEFTARG = smallint, RIGHTARG = integer, FUNCTION = public.caught);
RESET ROLE;

CREATE EXTENSION campaign;
SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) AS object, pg_describe_object(d.refclassid, d.refobjid, 0) AS depends_on
FROM pg_depend d
  LEFT JOIN pg_operator o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
  LEFT JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
WHERE coalesce(o.oprnamespace, p.pronamespace) = 'public'::regnamespace
  AND pg_describe_object(d.classid, d.objid, 0) ~ 'campaign';
DROP EXTENSION campaign;

-- A schema of that name is not adopted.
CREATE SCHEMA campaign AUTHORIZATION regress_install_mallory;
CREATE EXTENSION campaign;
\echo :LAST_ERROR_SQLSTATE

\c :home
SET client_min_messages = warning;
DROP DATABASE regress_install;
DROP ROLE regress_install_mallory;
