-- The engine's clock and time zone names.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never

-- By default it is the start of the statement.
SELECT campaign.now() = pg_catalog.statement_timestamp() AS real_time;
SHOW campaign.clock_offset;

-- It stands still within a statement and goes on with the next one of the same transaction.
BEGIN;
SELECT campaign.now() AS first \gset
SELECT campaign.now() > :'first' AS goes_on, pg_catalog.now() < campaign.now() AS not_the_transaction;
SELECT count(DISTINCT campaign.now()) AS instants FROM generate_series(1, 100) i;
COMMIT;

-- A superuser moves it, either way, with any interval.
SET campaign.clock_offset = '15 days 02:30:00';
SELECT campaign.now() - statement_timestamp() AS moved;
SET campaign.clock_offset = '-36:00';
SELECT campaign.now() - statement_timestamp() AS moved;
SET campaign.clock_offset = '90';
SELECT campaign.now() - statement_timestamp() AS moved;
SET campaign.clock_offset = 'PT1H30M';
SELECT campaign.now() - statement_timestamp() AS moved;
-- The same in every session, whatever its style of intervals.
SET intervalstyle = 'sql_standard';
SET campaign.clock_offset = '-1 day 02:00';
SELECT extract(epoch FROM campaign.now() - statement_timestamp()) / 3600 AS hours;
SET intervalstyle = 'postgres';
SET campaign.clock_offset = '-1 day 02:00';
SELECT extract(epoch FROM campaign.now() - statement_timestamp()) / 3600 AS hours;
RESET intervalstyle;

-- A day is 24 hours and a month 30 days, in every time zone and on every date:
-- otherwise sessions would read different clocks.
SET campaign.clock_offset = '1 year 1 day';
SET timezone = 'America/New_York';
SELECT extract(epoch FROM campaign.now() - statement_timestamp()) / 86400 AS days;
SET timezone = 'Pacific/Chatham';
SELECT extract(epoch FROM campaign.now() - statement_timestamp()) / 86400 AS days;
RESET timezone;

-- What is not an interval, or moves too far, is refused and changes nothing.
SET campaign.clock_offset = 'tomorrow';
\echo :LAST_ERROR_SQLSTATE
SET campaign.clock_offset = '';
SET campaign.clock_offset = '102 years';
SET campaign.clock_offset = '-36526 days';
SET campaign.clock_offset = 'infinity';
SET campaign.clock_offset = '99999999999999999999 hours';
SHOW campaign.clock_offset;
SET campaign.clock_offset = '36525 days';
SELECT campaign.now() - statement_timestamp() AS moved;

-- Local to a transaction, like any setting.
RESET campaign.clock_offset;
BEGIN;
SET LOCAL campaign.clock_offset = '1 hour';
SELECT campaign.now() - statement_timestamp() AS moved;
ROLLBACK;
SELECT campaign.now() - statement_timestamp() AS moved;

-- A plain role may read the clock if it has a level, and never move it.
CREATE ROLE regress_clock;
SET ROLE regress_clock;
SELECT campaign.now() IS NOT NULL;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT campaign.grant_access('regress_clock', 'member');
SET ROLE regress_clock;
SELECT campaign.now() = statement_timestamp() AS real_time;
SET campaign.clock_offset = '1 day';
\echo :LAST_ERROR_SQLSTATE
SELECT set_config('campaign.clock_offset', '1 day', true);
RESET ROLE;
-- Unless it was granted to set it.
GRANT SET ON PARAMETER campaign.clock_offset TO regress_clock;
SET ROLE regress_clock;
SET campaign.clock_offset = '1 day';
SELECT campaign.now() - statement_timestamp() AS moved;
RESET campaign.clock_offset;
RESET ROLE;
REVOKE SET ON PARAMETER campaign.clock_offset FROM regress_clock;
SELECT campaign.revoke_access('regress_clock');
DROP ROLE regress_clock;

-- Names of time zones: those of the server, in any case of letters.
SELECT left(name, 32) AS name, campaign.is_timezone(name) FROM (VALUES
	(1, 'UTC'), (2, 'Europe/Berlin'), (3, 'europe/berlin'), (4, 'Etc/GMT+5'),
	(5, 'America/Argentina/Buenos_Aires'),
	(11, ''), (12, ' UTC'), (13, 'Europe/Atlantis'), (14, 'Mars5'), (15, 'Europe/Atlantis5'),
	(16, '+02'), (17, '../../etc/passwd'), (18, 'PST'), (19, 'Europe'), (20, repeat('x', 300)),
	(21, NULL)) AS t (n, name) ORDER BY n;
