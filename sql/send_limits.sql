-- Caps: how much a tenant sends over a channel in an hour, a day and a month.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_caps_ann;
CREATE ROLE regress_caps_ed;
CREATE ROLE regress_caps_eve;
CREATE ROLE regress_caps_worker;
-- moves the engine's clock
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_caps_ann,regress_caps_ed,regress_caps_eve}'::name[]) r;
SELECT campaign.grant_access('regress_caps_worker', 'worker');
SELECT pg_temp.at_time('2030-01-10 10:05') \g /dev/null
SELECT campaign.create_tenant('Acme', 'caps-acme', 'Europe/Berlin', 'regress_caps_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'caps-eve', 'UTC', 'regress_caps_eve') AS eve \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
\o
SET ROLE regress_caps_ann;
\o /dev/null
SELECT campaign.add_member(:'acme', 'regress_caps_ed', 'editor');
SELECT campaign.create_campaign(:'acme', 'News', '[{"channel": "email", "subject": "Hi", "body_text": "Hi"}]', 'contacts') AS news \gset
SELECT campaign.create_campaign(:'acme', 'Calls', '[{"channel": "call", "body_text": "Hi"}]', 'contacts') AS calls \gset
SELECT campaign.launch_campaign(c) FROM unnest(ARRAY[:'news', :'calls']::uuid[]) c;
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone)
	SELECT :'acme', 'C' || n, 'c' || n || '@x.example', '+1212555' || 1000 + n FROM generate_series(1, 400) n;
SELECT count(campaign.enroll(:'news', c.id)) FROM campaign.contacts c WHERE substr(c.first_name, 2)::integer <= 300;
SELECT count(campaign.enroll(:'calls', c.id)) FROM campaign.contacts c WHERE substr(c.first_name, 2)::integer > 300;
\o
RESET ROLE;
-- How many a worker is given. The leases are long, so that it is not their end that is waited for.
CREATE TEMPORARY TABLE tokens (token text, n integer GENERATED ALWAYS AS IDENTITY);
CREATE FUNCTION pg_temp.claim(most integer DEFAULT 1000, channel text DEFAULT 'email', begin_now boolean DEFAULT false)
	RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$
	WITH c AS MATERIALIZED (SELECT lease_token FROM campaign.claim_due_touches('worker', most, '24 hours', channels => ARRAY[channel], begin_now => begin_now)),
		t AS (INSERT INTO tokens SELECT lease_token FROM c)
	SELECT count(*) FROM c $$;
CREATE FUNCTION pg_temp.take_token() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$
	DELETE FROM tokens WHERE n = (SELECT min(n) FROM tokens) RETURNING token $$;
-- as if all leases had ended long ago
CREATE FUNCTION pg_temp.forget_leases() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
	UPDATE campaign.send_usage SET lease_until = '-infinity';
	UPDATE campaign.lanes SET throttled_until = '-infinity' WHERE throttled_until > '-infinity' $$;
CREATE FUNCTION pg_temp.usage(channel text DEFAULT 'email')
	RETURNS TABLE (this_hour bigint, today bigint, this_month bigint, remaining bigint, next_window_at timestamptz) LANGUAGE sql SECURITY DEFINER AS $$
	SELECT u.this_hour, u.today, u.this_month, u.remaining, u.next_window_at FROM campaign.send_limit_usage u
	 WHERE u.tenant_id = (SELECT id FROM campaign.tenants WHERE slug = 'caps-acme') AND u.channel = usage.channel $$;

--
-- Without a row the channel's limit holds: 100 an hour for email and sms, none for the others
--
SET ROLE regress_caps_ann;
SELECT channel, per_hour, per_day, per_month, contact_interval, this_hour, today, this_month, remaining, next_window_at
  FROM campaign.send_limit_usage ORDER BY channel COLLATE "C";
RESET ROLE;
SELECT pg_temp.claim(150);
-- what was looked at and not given is as it was
SELECT count(*) FILTER (WHERE q.lease_until > now()) AS leased,
	count(*) FILTER (WHERE (q.lease_until, q.claimed_at, q.fence, q.worker_id, q.attempt, q.flags, q.touch_number) = ('-infinity', '-infinity', 0, 0, 0, 0, 1) AND q.due_at = q.scheduled_at) AS untouched
  FROM campaign.touch_queue q JOIN campaign.lanes l USING (tenant_id, lane) WHERE l.channel = 'email';
SELECT pg_temp.claim();
SELECT * FROM pg_temp.usage();
-- the lane waits, and claims do not look at it: while leases run that may give something back for five minutes, ...
SELECT c.name, l.throttled_until BETWEEN campaign.now() + interval '4 minutes' AND campaign.now() + interval '5 minutes' AS waits FROM campaign.lanes l JOIN campaign.campaigns c ON c.id = l.campaign_id ORDER BY 1;
-- ... and then too, though the window ends at eleven: nobody tells the lane of what comes back while a claim decides
SELECT pg_temp.forget_leases();
SELECT pg_temp.claim();
SELECT c.name, date_trunc('minute', l.throttled_until) AS looked_at_again FROM campaign.lanes l JOIN campaign.campaigns c ON c.id = l.campaign_id ORDER BY 1;
SELECT date_trunc('minute', campaign.next_due_at(channels => '{email}')) AS next_due_at;
-- what has no limit is neither stopped nor counted
SELECT pg_temp.claim(30, 'call');
SELECT * FROM pg_temp.usage('call');
SELECT channel, count(*), sum(used) FROM campaign.send_usage GROUP BY channel;
-- the next hour
SELECT pg_temp.at_time('2030-01-10 11:00') \g /dev/null
SELECT pg_temp.claim(40);
SELECT * FROM pg_temp.usage();

--
-- Owners set limits: an hour, a day and a month of the tenant's clock
--
SET ROLE regress_caps_ann;
SELECT campaign.set_send_limit(:'acme', 'email', 50, per_day => 170, per_month => 1000, contact_interval => '2 hours');
SELECT channel, per_hour, per_day, per_month, contact_interval, warmup_started_on FROM campaign.send_limits;
SELECT * FROM pg_temp.usage();
RESET ROLE;
-- the 40 of this hour count, and the 100 before
SELECT pg_temp.claim();
SELECT pg_temp.at_time('2030-01-10 12:00') \g /dev/null
SELECT pg_temp.claim();
-- the day is used up; in Berlin it ends at 23:00 UTC
SELECT * FROM pg_temp.usage();
SELECT pg_temp.forget_leases();
SELECT pg_temp.claim();
SELECT date_trunc('minute', throttled_until) AS looked_at_again FROM campaign.lanes WHERE channel = 'email';
SELECT pg_temp.at_time('2030-01-10 22:59') \g /dev/null
SELECT pg_temp.claim();
SELECT pg_temp.at_time('2030-01-10 23:00') \g /dev/null
SELECT pg_temp.claim();
-- A month that is used up, and one that is raised: lanes are looked at again at once.
SET ROLE regress_caps_ann;
SELECT campaign.set_send_limit(:'acme', 'email', NULL, per_month => 200);
RESET ROLE;
SELECT pg_temp.claim();
SELECT * FROM pg_temp.usage();
SET ROLE regress_caps_ann;
SELECT campaign.set_send_limit(:'acme', 'email', NULL, per_month => 223);
RESET ROLE;
SELECT pg_temp.claim();
-- None at all, and nothing at all
SET ROLE regress_caps_ann;
SELECT campaign.set_send_limit(:'acme', 'call', 0);
RESET ROLE;
SELECT pg_temp.claim(channel => 'call');
SELECT * FROM pg_temp.usage('call');
SET ROLE regress_caps_ann;
SELECT campaign.set_send_limit(:'acme', 'call', NULL);
SELECT campaign.clear_send_limit(:'acme', 'call'), campaign.clear_send_limit(:'acme', 'call') AS again;
RESET ROLE;
SELECT pg_temp.claim(5, 'call');
-- A new limit counts from the first claim on, which gives back like any other
SET ROLE regress_caps_ann;
SELECT campaign.set_send_limit(:'acme', 'call', 2);
RESET ROLE;
SELECT pg_temp.claim(channel => 'call');
SELECT this_hour FROM pg_temp.usage('call');
WITH last AS (DELETE FROM tokens WHERE n > (SELECT max(n) - 2 FROM tokens) RETURNING token)
SELECT campaign.release_touch(token) FROM last;
SELECT this_hour FROM pg_temp.usage('call');
-- What is told of another hour takes its place among what has been granted in this one
SET ROLE regress_caps_ann;
SELECT campaign.set_send_limit(:'acme', 'call', NULL, per_month => 2);
RESET ROLE;
SELECT pg_temp.claim(channel => 'call');
WITH last AS (DELETE FROM tokens WHERE n > (SELECT max(n) - 2 FROM tokens) RETURNING token)
SELECT count(campaign.release_touch(token)) AS released FROM last;
SET ROLE regress_caps_ann;
SELECT count(campaign.log_send(c.id, 'call', sent_at => campaign.now() - interval '1 hour')) AS told FROM campaign.contacts c WHERE c.first_name = 'C1';
RESET ROLE;
SELECT pg_temp.claim(channel => 'call');
SELECT this_month, remaining FROM pg_temp.usage('call');
WITH last AS (DELETE FROM tokens WHERE n = (SELECT max(n) FROM tokens) RETURNING token)
SELECT count(campaign.release_touch(token)) AS released FROM last;
SET ROLE regress_caps_ann;
SELECT campaign.clear_send_limit(:'acme', 'call');
RESET ROLE;

--
-- What was not sent comes back: released, skipped, expired before its send was begun, refused by begin_send
--
\o /dev/null
SELECT pg_temp.at_time('2030-01-11 10:00') \g /dev/null
SELECT campaign.release_touch(token) FROM tokens;
TRUNCATE tokens;
SELECT pg_temp.at_time('2030-01-12 10:00') \g /dev/null
\o
SET ROLE regress_caps_ann;
SELECT campaign.set_send_limit(:'acme', 'email', 5);
RESET ROLE;
SELECT pg_temp.claim();
SELECT this_hour, remaining FROM pg_temp.usage();
SELECT campaign.release_touch(pg_temp.take_token());
SELECT this_hour, remaining FROM pg_temp.usage();
-- the lane does not wait any longer
SELECT pg_temp.claim();
SELECT pg_temp.take_token() AS token \gset
SELECT result FROM campaign.skip_touch(:'token', 'not wanted');
SELECT this_hour, remaining FROM pg_temp.usage();
-- the same report again gives nothing more back
SELECT result FROM campaign.skip_touch(:'token', 'not wanted');
SELECT this_hour, remaining FROM pg_temp.usage();
-- a lease that ends before begin_send: claimed again, with the unit that it had
UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until > clock_timestamp() AND due_at < 'infinity'
	AND lane = (SELECT lane FROM campaign.lanes WHERE channel = 'email');
TRUNCATE tokens;
SELECT pg_temp.claim();
SELECT this_hour, remaining FROM pg_temp.usage();
-- an opted-out contact: begin_send says no
SELECT campaign.begin_send(token) FROM (SELECT pg_temp.take_token() AS token,
	campaign.suppress_address(:'acme', (SELECT k.email FROM campaign.touch_queue q JOIN campaign.campaign_enrollments e ON e.id = q.enrollment_id
		JOIN campaign.contacts k ON k.id = e.contact_id, LATERAL campaign.decode_touch_token((SELECT token FROM tokens ORDER BY n LIMIT 1)) d
		WHERE q.enrollment_id = d.enrollment_id))) s;
SELECT this_hour, remaining FROM pg_temp.usage();
-- what was sent, failed or begun stays counted
SELECT pg_temp.claim();
SELECT result FROM campaign.complete_touch(pg_temp.take_token());
SELECT result FROM campaign.fail_touch(pg_temp.take_token(), 'no answer');
SELECT campaign.begin_send(pg_temp.take_token());
UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE flags = 1;
SELECT pg_temp.claim();
SELECT this_hour, remaining FROM pg_temp.usage();
-- Stopped under a lease: swept when it has ended. A changed address ends the lease.
SELECT campaign.stop_enrollment(d.enrollment_id) FROM campaign.decode_touch_token(pg_temp.take_token()) d;
UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE flags = 2;
SELECT pg_temp.claim(1);
SELECT this_hour, remaining FROM pg_temp.usage();
TRUNCATE tokens;
SELECT pg_temp.claim();
UPDATE campaign.contacts k SET email = 'new@x.example' FROM campaign.campaign_enrollments e, LATERAL campaign.decode_touch_token((SELECT token FROM tokens)) d
	WHERE e.id = d.enrollment_id AND k.id = e.contact_id;
SELECT this_hour, remaining FROM pg_temp.usage();
-- An expired lease that a stop takes away.
TRUNCATE tokens;
SELECT pg_temp.claim();
UPDATE campaign.touch_queue q SET lease_until = clock_timestamp() - interval '1 second' FROM campaign.decode_touch_token((SELECT token FROM tokens)) d
	WHERE q.enrollment_id = d.enrollment_id;
SELECT campaign.stop_enrollment(d.enrollment_id) FROM campaign.decode_touch_token(pg_temp.take_token()) d;
SELECT this_hour, remaining FROM pg_temp.usage();
-- A claim that is rolled back has taken nothing, nor has one of which a part is.
BEGIN;
SELECT pg_temp.claim();
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT pg_temp.claim();
ROLLBACK TO s;
COMMIT;
SELECT this_hour, remaining FROM pg_temp.usage();

--
-- The end of a lease is waited for, if it comes before the window's end: what has it may come back
--
\o /dev/null
SELECT pg_temp.at_time('2030-01-13 10:00') \g /dev/null
SELECT count(*) FROM campaign.claim_due_touches('worker', 1000, '2 minutes', channels => '{email}');
\o
SELECT throttled_until - campaign.now() BETWEEN '1 minute' AND '2 minutes' AS when_leases_end FROM campaign.lanes WHERE channel = 'email';
-- then it is given back, wherever in the lane its touch is
UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE (lane, due_at, enrollment_id) IN
	(SELECT lane, due_at, enrollment_id FROM campaign.touch_queue WHERE lease_until > clock_timestamp() AND claimed_at > campaign.now() - interval '1 minute' ORDER BY due_at DESC, enrollment_id DESC LIMIT 2);
UPDATE campaign.touch_queue SET due_at = '2029-01-01' WHERE lease_until = '-infinity' AND lane = (SELECT lane FROM campaign.lanes WHERE channel = 'email')
	AND enrollment_id = (SELECT max(enrollment_id::text)::uuid FROM campaign.touch_queue WHERE lease_until = '-infinity' AND lane = (SELECT lane FROM campaign.lanes WHERE channel = 'email'));
SELECT pg_temp.forget_leases();
SELECT attempt FROM campaign.claim_due_touches('worker', 1000, '24 hours', channels => '{email}') ORDER BY 1;
SELECT this_hour, remaining FROM pg_temp.usage();

--
-- A cap that is first set does not give back what was never counted
--
SELECT pg_temp.at_time('2030-01-14 10:00') \g /dev/null
TRUNCATE tokens;
SELECT pg_temp.claim(2, 'call');
SET ROLE regress_caps_ann;
SELECT campaign.set_send_limit(:'acme', 'call', 2);
RESET ROLE;
SELECT campaign.release_touch(pg_temp.take_token());
SELECT pg_temp.claim(channel => 'call');
SELECT campaign.release_touch(pg_temp.take_token());
SELECT this_hour, remaining FROM pg_temp.usage('call');
-- what is claimed from then on is counted both ways
SELECT pg_temp.at_time('2030-01-14 11:00') \g /dev/null
TRUNCATE tokens;
SELECT pg_temp.claim(channel => 'call');
SELECT campaign.release_touch(pg_temp.take_token());
SELECT this_hour, remaining FROM pg_temp.usage('call');

--
-- Warming up: the table's last day reached applies, and the lower of it and the daily limit
--
SET ROLE regress_caps_ann;
SELECT campaign.set_send_limit(:'acme', 'sms', NULL, per_day => 120);
SELECT campaign.start_warmup(:'acme', 'sms');
SELECT day, cap FROM campaign.send_warmup ORDER BY day;
RESET ROLE;
CREATE FUNCTION pg_temp.warm(d integer) RETURNS TABLE (warmup_day integer, warmup_cap integer, per_day integer, remaining bigint) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.at_time('2030-01-14 11:00'::timestamptz + make_interval(days => d - 1));
	RETURN QUERY EXECUTE 'SELECT u.warmup_day, u.warmup_cap, u.per_day, u.remaining FROM campaign.send_limit_usage u JOIN campaign.tenants t ON t.id = u.tenant_id
		WHERE t.slug = ''caps-acme'' AND u.channel = ''sms''';
END $$;
SELECT d AS day, w.* FROM unnest('{0,1,2,3,4,5,6,7,8,13,14,29,30,31,400}'::integer[]) d, pg_temp.warm(d) w;
SELECT pg_temp.at_time('2030-01-14 11:00') \g /dev/null
SET ROLE regress_caps_ann;
-- a table of one's own, begun earlier; null ends it
SELECT campaign.start_warmup(:'acme', 'sms', '2030-01-12', '{"1": 5, "3": 8, "4": null}');
SELECT warmup_day, warmup_cap, remaining FROM campaign.send_limit_usage WHERE tenant_id = :'acme' AND channel = 'sms';
SELECT * FROM pg_temp.warm(2);
SELECT pg_temp.at_time('2030-01-14 11:00') \g /dev/null
SELECT campaign.stop_warmup(:'acme', 'sms'), campaign.stop_warmup(:'acme', 'sms') AS again;
SELECT per_hour, per_day, warmup_started_on, (SELECT count(*) FROM campaign.send_warmup) AS days FROM campaign.send_limits WHERE channel = 'sms';
-- with no limits so far, those of the channel stay
SELECT campaign.clear_send_limit(:'acme', 'sms');
SELECT campaign.start_warmup(:'acme', 'sms', caps => '{"1": 10}');
SELECT per_hour, per_day, warmup_started_on FROM campaign.send_limits WHERE channel = 'sms';
RESET ROLE;

--
-- A warm-up that is claimed from
--
\o /dev/null
SET ROLE regress_caps_ann;
SELECT campaign.set_send_limit(:'acme', 'email', NULL);
SELECT campaign.start_warmup(:'acme', 'email', caps => '{"1": 3, "2": 4}');
RESET ROLE;
\o
SELECT pg_temp.claim(), pg_temp.claim() AS again;
SELECT pg_temp.at_time('2030-01-15 11:00') \g /dev/null
SELECT pg_temp.claim();

--
-- Other hours: half past, and a day of 23 or 25 hours; the first of two midnights begins a day
--
SELECT hour_start, hour_end, day_start, today FROM campaign.send_windows('2030-01-10 10:05+00', 'Asia/Kolkata');
SELECT day_end - day_start AS day, month_end - month_start AS month FROM campaign.send_windows('2030-03-31 12:00+00', 'Europe/Berlin');
SELECT day_end - day_start AS day, hour_start FROM campaign.send_windows('2024-11-03 05:10+00', 'America/Havana');
SELECT day_start, today FROM campaign.send_windows('2030-01-10 10:05+00', 'Nowhere/Atall');
SELECT campaign.send_windows('infinity', 'UTC');
SELECT campaign.send_windows(NULL, 'UTC'), campaign.send_windows('2030-01-10', NULL);
-- A time zone that changes forgets nothing: what overlaps the new hour counts in it.
SELECT pg_temp.at_time('2030-01-16 10:20') \g /dev/null
SET ROLE regress_caps_ann;
SELECT campaign.stop_warmup(:'acme', 'email');
SELECT campaign.set_send_limit(:'acme', 'email', 5);
RESET ROLE;
SELECT pg_temp.claim();
UPDATE campaign.tenants SET timezone = 'Asia/Kolkata' WHERE id = :'acme';
SELECT date_trunc('minute', throttled_until) AS looked_at_again FROM campaign.lanes WHERE channel = 'email';
SELECT pg_temp.claim();
SELECT this_hour, remaining, next_window_at FROM pg_temp.usage();
SELECT pg_temp.at_time('2030-01-16 10:40') \g /dev/null
SELECT pg_temp.claim();
SELECT pg_temp.at_time('2030-01-16 11:30') \g /dev/null
SELECT pg_temp.claim();
UPDATE campaign.tenants SET timezone = 'Europe/Berlin' WHERE id = :'acme';

--
-- What was sent by hand counts, and may exceed a cap: it has happened
--
SELECT pg_temp.at_time('2030-01-17 10:00') \g /dev/null
SELECT campaign.count_send_usage(:'acme', 'email', campaign.now()) FROM generate_series(1, 4);
SELECT pg_temp.claim();
SELECT campaign.count_send_usage(:'acme', 'email', campaign.now());
SELECT this_hour, remaining FROM pg_temp.usage();
-- earlier this month: of no account but for the month; before that: none
SELECT campaign.count_send_usage(:'acme', 'email', campaign.now() - interval '2 days'), campaign.count_send_usage(:'acme', 'email', '2029-12-01');
SELECT this_hour, today, this_month FROM pg_temp.usage();
-- and where there is no cap, nothing is counted
SELECT campaign.count_send_usage(:'eve', 'call', campaign.now());
SELECT count(*) FROM campaign.send_usage WHERE tenant_id = :'eve';

--
-- Days that are over are one row each, and go after two months
--
SELECT sum(used), count(*) > 20 AS many FROM campaign.send_usage WHERE tenant_id = :'acme' AND channel = 'email';
SELECT pg_temp.at_time('2030-01-20 10:00') \g /dev/null
SELECT campaign.fold_send_usage() > 20 AS many;
SELECT starts_at, ends_at, size, used FROM campaign.send_usage WHERE tenant_id = :'acme' AND channel = 'email' ORDER BY 1;
SELECT campaign.fold_send_usage();
SELECT this_month FROM pg_temp.usage();
SELECT pg_temp.at_time('2030-03-31 10:00') \g /dev/null
SELECT campaign.fold_send_usage();
SELECT pg_temp.at_time('2030-04-02 10:00') \g /dev/null
SELECT campaign.fold_send_usage() > 0 AS gone;
SELECT count(*) FROM campaign.send_usage;

--
-- Who may, and what is refused
--
\set VERBOSITY default
SET ROLE regress_caps_ann;
SELECT campaign.set_send_limit(:'acme', 'pigeon', 5);
SELECT campaign.set_send_limit(:'acme', 'email', -1);
SELECT campaign.set_send_limit(:'acme', 'email', 1, contact_interval => '-1 hour');
SELECT campaign.set_send_limit(:'acme', NULL, 1);
SELECT campaign.set_send_limit(NULL, 'email', 1);
SELECT campaign.start_warmup(:'acme', 'email', caps => '{"0": 1}');
SELECT campaign.start_warmup(:'acme', 'email', caps => '{"1": -1}');
SELECT campaign.start_warmup(:'acme', 'email', caps => '[1, 2]');
SELECT campaign.start_warmup(:'acme', 'email', caps => '{}');
SELECT campaign.start_warmup(:'acme', 'email', 'infinity');
SELECT campaign.start_warmup(:'acme', 'email', caps => NULL);
\set VERBOSITY sqlstate
SELECT campaign.set_send_limit(:'eve', 'email', 1);
SELECT campaign.clear_send_limit(:'eve', 'email');
SELECT campaign.start_warmup(:'eve', 'email');
SELECT campaign.stop_warmup(:'eve', 'email');
\set VERBOSITY default
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT campaign.set_send_limit(:'acme', 'email', 1);
ROLLBACK;
INSERT INTO campaign.send_limits (tenant_id, channel, per_hour) VALUES (:'acme', 'x', 5);
UPDATE campaign.send_usage SET used = 0;
SELECT campaign.count_send_usage(:'acme', 'email', now());
SELECT campaign.fold_send_usage();
\set VERBOSITY sqlstate
SET ROLE regress_caps_ed;
SELECT campaign.set_send_limit(:'acme', 'email', 5);
SELECT count(*) > 0 AS reads FROM campaign.send_limits;
SET ROLE regress_caps_eve;
SELECT count(*) FROM campaign.send_limits;
SELECT count(*), count(DISTINCT tenant_id) FROM campaign.send_limit_usage;
SELECT campaign.start_warmup(:'acme', 'email');
\set VERBOSITY default
SET ROLE regress_caps_worker;
SELECT campaign.set_send_limit(:'acme', 'email', 5);
SELECT count(*) FROM campaign.send_limits;
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE NOT seeded;
SELECT campaign.revoke_access(r) FROM unnest('{regress_caps_ann,regress_caps_ed,regress_caps_eve,regress_caps_worker}'::name[]) r;
\o
SELECT count(*) FROM campaign.send_usage;
DROP ROLE regress_caps_ann, regress_caps_ed, regress_caps_eve, regress_caps_worker;
