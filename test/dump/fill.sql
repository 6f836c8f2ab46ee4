-- A database in the middle of its work, with rows in every table that a dump
-- carries. Run by a superuser after roles.sql; test/dump and test/upgrade use it.
SET client_min_messages = warning;

SELECT campaign.grant_access('regress_dump_ada', 'member');
SELECT campaign.grant_access('regress_dump_bob', 'member');
SELECT campaign.grant_access('regress_dump_worker', 'worker');
SELECT campaign.grant_access('regress_dump_admin', 'admin');

SELECT campaign.create_tenant('Ada''s Plumbing', 'ada', 'Europe/Berlin', 'regress_dump_ada') AS ada \gset
SELECT campaign.create_tenant('Bob & Sons', 'bob', 'America/New_York', 'regress_dump_bob') AS bob \gset
SELECT campaign.add_member(:'ada', 'regress_dump_bob', 'viewer');
