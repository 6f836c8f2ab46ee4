-- What went wrong in the reference product with quiet hours. "Defect 9" is its number in the list of defects: they judged the
-- scheduled time, not the clock, and a backlog was sent at night; an invalid time zone meant none; the anchor was overwritten.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_defects_quiet_ann;
CREATE ROLE regress_defects_quiet_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.enroll(campaign uuid, anchor timestamptz, address text, timezone text, quiet_from time DEFAULT NULL, quiet_until time DEFAULT NULL)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	contact uuid;
BEGIN
	INSERT INTO campaign.contacts (tenant_id, email, timezone, quiet_from, quiet_until)
	SELECT c.tenant_id, address, timezone, quiet_from, quiet_until FROM campaign.campaigns c WHERE c.id = campaign RETURNING id INTO contact;
	RETURN (campaign.enroll(campaign, contact, anchor_at => anchor)).enrollment_id;
END $$;
\o /dev/null
SELECT campaign.grant_access('regress_defects_quiet_ann', 'member'), campaign.grant_access('regress_defects_quiet_worker', 'worker');
SELECT campaign.create_tenant('Ann', 'defects-quiet-ann', 'America/New_York', 'regress_defects_quiet_ann') AS ann \gset
SELECT pg_temp.at_time('2030-01-15 16:00Z');
SET ROLE regress_defects_quiet_ann;
SELECT campaign.create_campaign(:'ann', 'Two', '[{"channel": "email", "subject": "1", "body_text": "x"}, {"channel": "email", "subject": "2", "body_text": "x", "delay_hours": 24}]', 'contacts') AS two \gset
SELECT campaign.launch_campaign(:'two');
\o
-- a worker takes and sends what there is
\set send 'SELECT c.address, c.touch_number, r.result FROM campaign.claim_due_touches(''worker'') c, LATERAL campaign.complete_touch(c.lease_token) r ORDER BY 1;'
\set queue 'SELECT k.email, q.touch_number, q.scheduled_at, q.due_at, q.attempt FROM campaign.touch_queue q JOIN campaign.campaign_enrollments e ON e.id = q.enrollment_id JOIN campaign.contacts k ON k.id = e.contact_id ORDER BY 1;'

--
-- Defect 9: quiet hours judged the scheduled time, not the clock: a backlog was sent at night
--
\o /dev/null
SELECT pg_temp.enroll(:'two', '2030-01-15 17:00Z', v.address, v.timezone)
FROM (VALUES ('boston@x.example', 'America/New_York'), ('nowhere@x.example', 'Mars/Olympus'), ('office@x.example', NULL), ('tokyo@x.example', 'Asia/Tokyo')) v(address, timezone);
SELECT pg_temp.enroll(:'two', '2030-01-15 17:00Z', 'owl@x.example', 'America/New_York', '09:00', '21:30');
SELECT pg_temp.enroll(:'two', '2030-01-15 17:00Z', 'posix@x.example', 'Mars5');
\o
-- scheduled at noon in New York; the workers come back at 22:00, which is noon in Tokyo, and the owl's time
SELECT pg_temp.at_time('2030-01-16 03:00Z');
SET ROLE regress_defects_quiet_worker;
:send
-- the others wait for 08:00, and one minute before it is too early; the anchor is where it was
SET ROLE regress_defects_quiet_ann;
:queue
SELECT pg_temp.at_time('2030-01-16 12:59Z');
SET ROLE regress_defects_quiet_worker;
:send
SELECT pg_temp.at_time('2030-01-16 13:00Z');
:send
SET ROLE regress_defects_quiet_ann;
-- nothing was sent between 21:00 and 08:00, but to the owl
SELECT k.email, date_trunc('minute', l.sent_at AT TIME ZONE campaign.effective_timezone(k.timezone, 'America/New_York')) AS sent_at
FROM campaign.send_logs l JOIN campaign.contacts k ON k.id = l.contact_id ORDER BY 1;
-- the second touch keeps its distance from the scheduled time of the first, not from when that went out
:queue
SELECT DISTINCT anchor_at, first_scheduled_at FROM campaign.campaign_enrollments WHERE campaign_id = :'two';

--
-- Defect 9: an invalid time zone meant no quiet hours: it falls back to the tenant's (above), and is reported
--
SELECT kind, timezone, effective_timezone FROM campaign.timezone_problems ORDER BY timezone;

--
-- Defect 9, the other way round: what was scheduled at night goes out by day at once
--
\o /dev/null
SELECT campaign.stop_enrollment(id) FROM campaign.campaign_enrollments WHERE status = 'active';
SELECT pg_temp.enroll(:'two', '2030-02-01 04:00Z', 'day@x.example', NULL);
\o
SELECT pg_temp.at_time('2030-02-01 15:00Z');
SET ROLE regress_defects_quiet_worker;
:send
SET ROLE regress_defects_quiet_ann;
:queue

--
-- Defect 9: the night of a change of the clocks has its own length, and a holiday is quiet from midnight to midnight
--
\o /dev/null
SELECT campaign.stop_enrollment(id) FROM campaign.campaign_enrollments WHERE status = 'active';
INSERT INTO campaign.blackout_dates (tenant_id, day, name) VALUES (:'ann', '2030-03-11', 'Inventory');
SELECT pg_temp.enroll(:'two', '2030-03-10 02:00Z', 'spring@x.example', NULL);
SELECT pg_temp.enroll(:'two', '2030-03-11 15:00Z', 'inventory@x.example', NULL);
\o
SELECT pg_temp.at_time('2030-03-10 11:59Z');
SET ROLE regress_defects_quiet_worker;
:send
SELECT pg_temp.at_time('2030-03-10 12:00Z');
:send
SELECT pg_temp.at_time('2030-03-11 15:00Z');
:send
SET ROLE regress_defects_quiet_ann;
:queue
SELECT pg_temp.at_time('2030-03-12 12:00Z');
SET ROLE regress_defects_quiet_worker;
:send

RESET ROLE;
\o /dev/null
SELECT campaign.delete_tenant(:'ann', 'defects-quiet-ann');
SELECT campaign.revoke_access(r) FROM unnest('{regress_defects_quiet_ann,regress_defects_quiet_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP ROLE regress_defects_quiet_ann, regress_defects_quiet_worker;
