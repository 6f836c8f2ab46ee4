-- next_allowed_at() against a scan of every minute with AT TIME ZONE: many zones, years and windows, most
-- of them around a change of the zone's offset. The same cases each time.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO';
SET search_path = public, pg_catalog;
SELECT no_plan();

-- Numbers that look random and are the same everywhere: from 0 to below n.
CREATE FUNCTION pg_temp.pick(n integer, VARIADIC seed text[]) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
	SELECT (('x' || substr(md5(array_to_string(seed, ' ')), 1, 8))::bit(32)::bigint % n)::integer
$$;
-- The rule, said of one instant.
CREATE FUNCTION pg_temp.is_allowed(at timestamptz, zone text, quiet_from time, quiet_until time, blackouts date[]) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT NOT (at AT TIME ZONE zone)::date = ANY (blackouts)
		AND NOT CASE WHEN quiet_from <= quiet_until THEN (at AT TIME ZONE zone)::time >= quiet_from AND (at AT TIME ZONE zone)::time < quiet_until
			ELSE (at AT TIME ZONE zone)::time >= quiet_from OR (at AT TIME ZONE zone)::time < quiet_until END
$$;
-- Nothing changes between two full minutes: windows, days and changes of offsets begin at one.
CREATE FUNCTION pg_temp.scan(at timestamptz, zone text, quiet_from time, quiet_until time, blackouts date[]) RETURNS timestamptz LANGUAGE sql STABLE AS $$
	SELECT s.candidate
	FROM (SELECT greatest(at, date_trunc('minute', at) + interval '1 minute' * generate_series(0, 10 * 1440)) AS candidate) s
	WHERE pg_temp.is_allowed(s.candidate, zone, quiet_from, quiet_until, blackouts) LIMIT 1
$$;

-- Zones with something to them, and as many of the others.
CREATE TEMP TABLE zones AS
	SELECT name FROM pg_timezone_names
	WHERE name = ANY ('{Europe/Berlin,Europe/Dublin,America/New_York,America/St_Johns,America/Sao_Paulo,America/Havana,America/Santiago,America/Caracas,Asia/Kathmandu,Asia/Kolkata,Asia/Beirut,Asia/Gaza,Asia/Tehran,Asia/Pyongyang,Africa/Casablanca,Africa/Cairo,Australia/Lord_Howe,Australia/Eucla,Australia/Adelaide,Pacific/Chatham,Pacific/Apia,Pacific/Kiritimati,Pacific/Norfolk,Antarctica/Troll,Antarctica/Casey,UTC,Etc/GMT+12,EST5EDT}')
	UNION
	(SELECT name FROM pg_timezone_names WHERE name ~ '^(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/' ORDER BY md5(name) LIMIT 28);
SELECT cmp_ok((SELECT count(*) FROM zones), '>=', 40::bigint, 'there are zones to look at');

-- Days on which a zone's offset changes, from 1995 to 2037.
CREATE TEMP TABLE changes AS
	SELECT z.name, d.day
	FROM zones z, LATERAL (SELECT timestamptz '1995-01-01' + interval '1 day' * i AS day FROM generate_series(0, 43 * 365) i) d
	WHERE (d.day AT TIME ZONE z.name) + interval '1 day' <> (d.day + interval '1 day') AT TIME ZONE z.name;
SELECT cmp_ok((SELECT count(*) FROM changes), '>=', 1000::bigint, 'whose clocks change often enough');

CREATE TEMP TABLE cases AS
	SELECT p.name AS zone, p.at,
		-- from and until to the quarter of an hour; every eighth from midnight or until it, every sixteenth none at all
		CASE WHEN pg_temp.pick(8, 'midnight', p.n::text) = 0 THEN '00:00' ELSE time '00:00' + interval '15 minutes' * w.quiet_from END AS quiet_from,
		CASE WHEN pg_temp.pick(8, 'midnight', p.n::text) = 1 THEN '24:00'
			WHEN pg_temp.pick(16, 'none', p.n::text) = 0 THEN time '00:00' + interval '15 minutes' * w.quiet_from
			ELSE time '00:00' + interval '15 minutes' * w.quiet_until END AS quiet_until,
		-- the local day, the days around it, or none
		ARRAY(SELECT (p.at AT TIME ZONE p.name)::date + i FROM generate_series(-1, 3) i WHERE pg_temp.pick(4, 'blackout', p.n::text, i::text) = 0) AS blackouts
	FROM (
		SELECT row_number() OVER (ORDER BY name, at) AS n, name, at FROM (
			SELECT c.name, c.day + interval '1 second' * (pg_temp.pick(3 * 86400, c.name, c.day::text) - 86400) FROM changes c
			WHERE pg_temp.pick(3, 'change', c.name, c.day::text) = 0
			UNION ALL
			SELECT z.name, timestamptz '1995-01-01' + interval '0.001 second' * pg_temp.pick(2000000000, z.name, i::text) * 680 FROM zones z, generate_series(1, 12) i
		) s(name, at)
	) p, LATERAL (SELECT pg_temp.pick(96, 'from', p.n::text) AS quiet_from, pg_temp.pick(96, 'until', p.n::text) AS quiet_until) w;
ALTER TABLE cases ADD next timestamptz, ADD scanned timestamptz;
UPDATE cases SET next = campaign.next_allowed_at(at, zone, quiet_from, quiet_until, blackouts),
	scanned = coalesce(pg_temp.scan(at, zone, quiet_from, quiet_until, blackouts), 'infinity');
SELECT diag(format('%s cases, %s of them allowed at once, %s never, %s across a change of the offset', count(*), count(*) FILTER (WHERE next = at),
	count(*) FILTER (WHERE next = 'infinity'), count(*) FILTER (WHERE next < 'infinity' AND (next AT TIME ZONE zone) - (at AT TIME ZONE zone) <> next - at)))
FROM cases;

SELECT cmp_ok((SELECT count(*) FROM cases), '>=', 1000::bigint, 'there are cases');
SELECT is_empty('SELECT * FROM cases WHERE next IS DISTINCT FROM scanned', 'the first allowed instant is what a scan of every minute finds');
SELECT is_empty($$
	SELECT * FROM cases WHERE next < 'infinity' AND NOT pg_temp.is_allowed(next, zone, quiet_from, quiet_until, blackouts)
$$, 'it is allowed');
SELECT is_empty($$
	SELECT * FROM cases WHERE next > at AND next < 'infinity' AND pg_temp.is_allowed(next - interval '1 microsecond', zone, quiet_from, quiet_until, blackouts)
$$, 'and nothing is a microsecond before');
SELECT is_empty($$
	SELECT * FROM cases WHERE next < 'infinity' AND campaign.next_allowed_at(next, zone, quiet_from, quiet_until, blackouts) <> next
$$, 'asked again, it is the answer');

-- every zone that the server has, whatever its name, is one
SELECT is_empty($$
	SELECT name FROM pg_timezone_names WHERE NOT campaign.is_timezone(name) OR lower(campaign.effective_timezone(lower(name), NULL)) <> lower(name)
$$, 'every name of pg_timezone_names is a time zone, in lower case too');
SELECT is_empty($$
	SELECT name FROM (SELECT 'Nowhere' || i AS name FROM generate_series(1, 5000) i UNION ALL SELECT name FROM pg_timezone_names) n
	WHERE campaign.is_timezone(name) <> (name NOT LIKE 'Nowhere%')
$$, 'and is one still after more names than are remembered');

SELECT * FROM finish();
ROLLBACK;
