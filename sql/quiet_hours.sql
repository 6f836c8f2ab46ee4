-- Quiet hours and blackout dates, by the clock on the wall where the contact is.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never

--
-- The first instant that is allowed: itself, or the end of the window
--
SELECT at, campaign.next_allowed_at(at, 'UTC', '21:00', '08:00') AS over_midnight, campaign.next_allowed_at(at, 'UTC', '12:00', '14:00') AS at_noon
FROM unnest(ARRAY['2024-01-10 07:59:59.999999', '2024-01-10 08:00', '2024-01-10 12:00', '2024-01-10 13:30:00.5', '2024-01-10 14:00',
	'2024-01-10 20:59:59.999999', '2024-01-10 21:00', '2024-01-11 00:00']::timestamptz[]) AS at;
-- 24:00 is the end of the day
SELECT campaign.next_allowed_at('2024-01-10 23:00Z', 'UTC', '22:00', '24:00') AS until_24,
	campaign.next_allowed_at('2024-01-10 23:00Z', 'UTC', '22:00', '00:00') AS until_0,
	campaign.next_allowed_at('2024-01-10 23:00Z', 'UTC', '24:00', '08:00') AS from_24;
-- equal: none; nor are there any where both are NULL
SELECT campaign.next_allowed_at('2024-01-10 23:00Z', 'UTC', '00:00', '00:00') AS equal, campaign.next_allowed_at('2024-01-10 23:00Z', 'UTC', NULL, NULL) AS nothing;
-- quiet all day long: not within 400 days
SELECT campaign.next_allowed_at('2024-01-10 23:00Z', 'UTC', '00:00', '24:00') AS never;

--
-- Local time, in zones of 30 and 45 minutes, too; no time zone is UTC
--
SELECT zone, campaign.next_allowed_at('2024-01-10 02:00Z', zone, '21:00', '08:00') AS at,
	campaign.next_allowed_at('2024-01-10 02:00Z', zone, '21:00', '08:00') AT TIME ZONE coalesce(zone, 'UTC') AS local
FROM unnest(ARRAY['America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'asia/kathmandu', 'Pacific/Chatham', 'America/St_Johns', 'Etc/GMT+12', 'Pacific/Kiritimati', NULL]) AS zone;

--
-- When the clocks change
--
CREATE FUNCTION pg_temp.steps(zone text, start timestamptz, length interval, step interval, quiet_from time, quiet_until time)
RETURNS TABLE (at timestamptz, local timestamp, next timestamptz, next_local timestamp) LANGUAGE sql AS $$
	SELECT s, s AT TIME ZONE zone, n, n AT TIME ZONE zone
	FROM generate_series(start, start + length, step) s, campaign.next_allowed_at(s, zone, quiet_from, quiet_until) n
	ORDER BY s
$$;
-- Berlin goes from 02:00 to 03:00: a window that would end at 02:30 ends with the gap
SELECT * FROM pg_temp.steps('Europe/Berlin', '2024-03-31 00:00Z', '90 minutes', '30 minutes', '21:00', '02:30');
-- a window that lies in the gap does not happen
SELECT * FROM pg_temp.steps('Europe/Berlin', '2024-03-31 00:59:59Z', '1 second', '1 second', '02:00', '03:00');
-- and back from 03:00 to 02:00: 02:15 comes twice, and so does the end of the window
SELECT * FROM pg_temp.steps('Europe/Berlin', '2024-10-27 00:00Z', '105 minutes', '15 minutes', '21:00', '02:30');
-- eleven hours at night are ten, or twelve
SELECT campaign.next_allowed_at('2024-03-30 20:00Z', 'Europe/Berlin', '21:00', '08:00') - timestamptz '2024-03-30 20:00Z' AS spring,
	campaign.next_allowed_at('2024-10-26 19:00Z', 'Europe/Berlin', '21:00', '08:00') - timestamptz '2024-10-26 19:00Z' AS autumn;
-- half an hour on Lord Howe Island, and an hour at midnight in Beirut, where the day begins at 01:00
SELECT * FROM pg_temp.steps('Australia/Lord_Howe', '2024-04-06 14:30Z', '60 minutes', '15 minutes', '21:00', '01:45');
SELECT * FROM pg_temp.steps('Asia/Beirut', '2024-03-30 21:00Z', '1 hour', '1 hour', '21:00', '00:30');
-- offsets of seconds, as long ago
SELECT * FROM pg_temp.steps('Africa/Monrovia', '1971-06-01 08:44:29Z', '1 second', '1 second', '21:00', '08:00');

--
-- Blackouts: whole local days
--
SELECT zone, campaign.next_allowed_at('2024-12-25 12:00Z', zone, '21:00', '08:00', '{2024-12-26,NULL,2024-12-25}') AT TIME ZONE zone AS local
FROM unnest(ARRAY['UTC', 'America/Los_Angeles', 'Pacific/Auckland']) AS zone;
-- without quiet hours: until midnight
SELECT campaign.next_allowed_at('2024-12-25 12:00Z', 'UTC', NULL, NULL, '{2024-12-25}') AS midnight,
	campaign.next_allowed_at('2024-12-25 12:00Z', 'UTC', NULL, NULL, NULL) AS no_blackouts;
-- it begins in the middle of a night's quiet hours, and they go on after it
SELECT campaign.next_allowed_at('2024-12-24 23:30Z', 'UTC', '21:00', '08:00', '{2024-12-25}');
-- Samoa had no 30 December in 2011
SELECT campaign.next_allowed_at('2011-12-30 09:59Z', 'Pacific/Apia', NULL, NULL, '{2011-12-29,2011-12-30}') AS without_it,
	campaign.next_allowed_at('2011-12-30 09:59Z', 'Pacific/Apia', NULL, NULL, '{2011-12-29,2011-12-31}') AS day_after_it;
-- looked for in 400 days, and not further
SELECT campaign.next_allowed_at('2024-01-01 00:00Z', 'UTC', NULL, NULL, ARRAY(SELECT date '2024-01-01' + i FROM generate_series(0, 399) i)) AS in_400_days,
	campaign.next_allowed_at('2024-01-01 00:00Z', 'UTC', NULL, NULL, ARRAY(SELECT date '2024-01-01' + i FROM generate_series(0, 400) i)) AS not_in_400_days;

--
-- What is not there, and what is not valid
--
SELECT campaign.next_allowed_at(NULL, 'UTC', '21:00', '08:00') IS NULL AS no_time;
SELECT at, campaign.next_allowed_at(at, 'UTC', '21:00', '08:00', '{infinity}') FROM unnest('{-infinity,infinity,294276-12-31 23:00Z}'::timestamptz[]) at;
SELECT campaign.next_allowed_at('2024-01-10', 'Mars/Olympus', '21:00', '08:00');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.next_allowed_at('2024-01-10', 'Mars5', '21:00', '08:00');
SELECT campaign.next_allowed_at('2024-01-10', 'UTC', '21:00', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.next_allowed_at('2024-01-10', 'UTC', NULL, '08:00');
-- the contact's time zone, else the tenant's, else UTC
SELECT contact, tenant, campaign.effective_timezone(contact, tenant)
FROM (VALUES ('europe/berlin', 'Asia/Tokyo'), (NULL, 'Asia/Tokyo'), ('Mars5', 'Asia/Tokyo'), ('', 'Nowhere'), (NULL, NULL)) v(contact, tenant);

--
-- Of a contact: its own quiet hours before its tenant's, and those before the channel's
--
CREATE ROLE regress_quiet_ann;
CREATE ROLE regress_quiet_vic;
CREATE ROLE regress_quiet_eve;
CREATE ROLE regress_quiet_none;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_quiet_ann,regress_quiet_vic,regress_quiet_eve}'::name[]) r;
SELECT campaign.create_tenant('Ann', 'quiet-ann', 'America/New_York', 'regress_quiet_ann') AS ann \gset
SELECT campaign.create_tenant('Eve', 'quiet-eve', 'UTC', 'regress_quiet_eve') AS eve \gset
SELECT campaign.add_member(:'ann', 'regress_quiet_vic', 'viewer');
\o
SET ROLE regress_quiet_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'ann', 'Bob', 'bob@x.example') RETURNING id AS bob \gset
INSERT INTO campaign.contacts (tenant_id, first_name, email, timezone, quiet_from, quiet_until) VALUES (:'ann', 'Kim', 'kim@x.example', 'Asia/Tokyo', '12:00', '13:00') RETURNING id AS kim \gset
SELECT campaign.contact_next_allowed_at(:'bob', 'email', '2024-01-10 03:00Z') AS channels, campaign.contact_next_allowed_at(:'kim', 'email', '2024-01-10 03:00Z') AS own;
UPDATE campaign.tenants SET quiet_from = '22:00', quiet_until = '07:30' WHERE id = :'ann';
SELECT campaign.contact_next_allowed_at(:'bob', 'email', '2024-01-10 03:00Z') AS tenants, campaign.contact_next_allowed_at(:'kim', 'email', '2024-01-10 03:00Z') AS own;
UPDATE campaign.contacts SET quiet_from = '00:00', quiet_until = '00:00' WHERE tenant_id = :'ann' AND id = :'kim';
SELECT campaign.contact_next_allowed_at(:'kim', 'email', '2024-01-10 03:00Z') AS none_for_her;
-- half a window is refused
UPDATE campaign.contacts SET quiet_until = NULL WHERE tenant_id = :'ann' AND id = :'kim';
\echo :LAST_ERROR_SQLSTATE
-- by default from now on
SELECT campaign.contact_next_allowed_at(:'kim', 'email') = campaign.now() AS now;
SELECT campaign.contact_next_allowed_at(:'kim', 'email', NULL) IS NULL AS no_time;

--
-- Blackout dates are rows of the tenant
--
INSERT INTO campaign.blackout_dates (tenant_id, day, name) VALUES (:'ann', '2024-01-09', 'Inventory'), (:'ann', '2024-01-10', 'Outing');
SELECT campaign.contact_next_allowed_at(:'bob', 'email', '2024-01-10 02:00Z') AS bob, campaign.contact_next_allowed_at(:'kim', 'email', '2024-01-10 02:00Z') AS kim;
UPDATE campaign.blackout_dates SET day = '2024-01-12', name = 'Outing, put off' WHERE tenant_id = :'ann' AND day = '2024-01-10';
SELECT campaign.contact_next_allowed_at(:'bob', 'email', '2024-01-10 02:00Z') AS bob;
DELETE FROM campaign.blackout_dates WHERE tenant_id = :'ann' AND day = '2024-01-09';
SELECT day, name, updated_at > created_at AS touched FROM campaign.blackout_dates WHERE tenant_id = :'ann';
-- within limits
INSERT INTO campaign.blackout_dates (tenant_id, day, name) VALUES (:'ann', '2024-01-12', 'Again');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO campaign.blackout_dates (tenant_id, day, name) VALUES (:'ann', 'infinity', 'For ever');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
INSERT INTO campaign.blackout_dates (tenant_id, day, name) VALUES (:'ann', '2024-01-13', ' ');
INSERT INTO campaign.blackout_dates (tenant_id, day, name) VALUES (:'ann', '2024-01-13', repeat('x', 256));
INSERT INTO campaign.blackout_dates (tenant_id, day) VALUES (:'ann', '2024-01-13');
\set VERBOSITY default

--
-- A zone that the server does not know falls back, and is reported
--
UPDATE campaign.contacts SET timezone = 'Asia/Tokio' WHERE tenant_id = :'ann' AND id = :'kim';
SELECT campaign.contact_next_allowed_at(:'kim', 'email', '2024-01-12 16:00Z') AS on_the_tenants_blackout;
SELECT kind, tenant_id = :'ann' AS anns, contact_id = :'kim' AS kim, timezone, effective_timezone FROM campaign.timezone_problems;
-- not even the tenant's, which an older server may have known
RESET ROLE;
SET session_replication_role = replica;
UPDATE campaign.tenants SET timezone = 'Mars/Olympus' WHERE id = :'ann';
RESET session_replication_role;
SET ROLE regress_quiet_ann;
SELECT campaign.contact_next_allowed_at(:'bob', 'email', '2024-01-10 23:00Z') AS in_utc;
SELECT kind, contact_id = :'kim' AS kim, timezone, effective_timezone FROM campaign.timezone_problems ORDER BY kind;

--
-- Viewers read; another tenant's do not exist
--
SET ROLE regress_quiet_vic;
SELECT count(*) FROM campaign.blackout_dates;
SELECT campaign.contact_next_allowed_at(:'bob', 'sms', '2024-01-10 12:00Z') AS bob;
INSERT INTO campaign.blackout_dates (tenant_id, day, name) VALUES (:'ann', '2024-01-13', 'Mine');
\echo :LAST_ERROR_SQLSTATE
DELETE FROM campaign.blackout_dates RETURNING day;
SET ROLE regress_quiet_eve;
SELECT count(*) FROM campaign.blackout_dates;
SELECT count(*) FROM campaign.timezone_problems;
INSERT INTO campaign.blackout_dates (tenant_id, day, name) VALUES (:'ann', '2024-01-13', 'Mine');
INSERT INTO campaign.blackout_dates (tenant_id, day, name) VALUES (:'eve', '2024-01-13', 'Mine');
UPDATE campaign.blackout_dates SET tenant_id = :'ann';
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY sqlstate
SELECT campaign.contact_next_allowed_at(:'bob', 'email', '2024-01-10 03:00Z');
\set VERBOSITY default
SELECT campaign.contact_next_allowed_at(NULL, 'email', '2024-01-10 03:00Z');
SELECT campaign.contact_next_allowed_at(:'bob', 'pigeon', '2024-01-10 03:00Z');
\echo :LAST_ERROR_SQLSTATE
SELECT campaign.contact_next_allowed_at(:'bob', NULL, '2024-01-10 03:00Z');
SET ROLE regress_quiet_none;
SELECT campaign.next_allowed_at('2024-01-10', 'UTC', '21:00', '08:00');
\echo :LAST_ERROR_SQLSTATE

RESET ROLE;
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug LIKE 'quiet-%' ORDER BY slug;
SELECT count(*) FROM campaign.blackout_dates WHERE tenant_id IN (:'ann', :'eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_quiet_ann,regress_quiet_vic,regress_quiet_eve}'::name[]) r;
DROP ROLE regress_quiet_ann, regress_quiet_vic, regress_quiet_eve, regress_quiet_none;
