-- The cluster's part of fill.sql.
CREATE ROLE regress_dump_ada LOGIN;
CREATE ROLE regress_dump_bob LOGIN;
CREATE ROLE regress_dump_worker LOGIN;
CREATE ROLE regress_dump_admin LOGIN;
