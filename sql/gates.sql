-- The gate: which check decides, in which order, and that explain_enrollment() says beforehand what a claim will do.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_gates_ann;
CREATE ROLE regress_gates_eve;
CREATE ROLE regress_gates_worker;
-- the engine's clock, to the minute
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.minute(at timestamptz) RETURNS text LANGUAGE sql
	AS $$ SELECT to_char(date_trunc('minute', at + interval '30 seconds'), 'YYYY-MM-DD HH24:MI') $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_gates_ann,regress_gates_eve}'::name[]) r;
SELECT campaign.grant_access('regress_gates_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'gates-acme', 'UTC', 'regress_gates_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'gates-eve', 'UTC', 'regress_gates_eve') AS eve \gset
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
-- what stands in the way of the next touch of a contact, the first of it; then what a claim does
CREATE FUNCTION pg_temp.enrollment(who text) RETURNS uuid LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT e.id FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id WHERE k.first_name = $1 ORDER BY e.id DESC LIMIT 1 $$;
CREATE FUNCTION pg_temp.why(who text, OUT "check" text, OUT outcome text, OUT reason text, OUT changes_at text) LANGUAGE sql
	AS $$ SELECT x."check", x.outcome, x.reason, pg_temp.minute(x.changes_at) FROM campaign.explain_enrollment(pg_temp.enrollment(who)) WITH ORDINALITY x("check", outcome, reason, changes_at, n)
		WHERE x.outcome <> 'pass' ORDER BY x.n LIMIT 1 $$;
CREATE FUNCTION pg_temp.state(who text, OUT status text, OUT reason text, OUT touch smallint, OUT due_at text, OUT logged text) LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT e.status, e.stop_reason, q.touch_number, pg_temp.minute(q.due_at),
			(SELECT string_agg(concat_ws(' ', l.touch_number, l.status, l.reason), ', ' ORDER BY l.touch_number, l.attempt) FROM campaign.send_logs l WHERE l.enrollment_id = e.id)
		FROM campaign.campaign_enrollments e LEFT JOIN campaign.touch_queue q ON q.enrollment_id = e.id WHERE e.id = pg_temp.enrollment(who) $$;
CREATE FUNCTION pg_temp.claim() RETURNS TABLE (who text, touch smallint) LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT k.first_name, c.touch_number FROM campaign.claim_due_touches('worker 1') c JOIN campaign.contacts k ON k.id = c.contact_id ORDER BY 1 $$;
CREATE FUNCTION pg_temp.contact(who text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM campaign.contacts WHERE first_name = $1 $$;
SET ROLE regress_gates_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone) SELECT :'acme', n, lower(n) || '@x.example', '+1212555010' || row_number() OVER ()
FROM unnest('{Ann,Bob,Cleo,Dan,Eli,Fay,Gus,Hal,Ivy}'::text[]) n;
SELECT campaign.create_campaign(:'acme', 'Two', '[{"channel": "email", "subject": "One", "body_text": "x"},
	{"channel": "email", "subject": "Two", "body_text": "x", "delay_hours": 48}]', 'contacts') AS two \gset
\o /dev/null
SELECT campaign.launch_campaign(:'two');
\o

--
-- All checks, in their order; asked of a touch that is not due, they answer for the time when it is
--
SELECT outcome FROM campaign.enroll(:'two', pg_temp.contact('Ann'), anchor_at => '2030-01-10 23:30');
SELECT x."check", x.outcome, x.reason, pg_temp.minute(x.changes_at) AS changes_at FROM campaign.explain_enrollment(pg_temp.enrollment('Ann')) x;
-- and that is what happens
RESET ROLE;
SELECT pg_temp.at_time('2030-01-10 23:30');
SELECT * FROM pg_temp.claim();
SELECT * FROM pg_temp.state('Ann');
SELECT pg_temp.at_time('2030-01-11 08:00');
SELECT * FROM pg_temp.claim();
SET ROLE regress_gates_ann;
SELECT * FROM pg_temp.why('Ann');

--
-- Conditions: a touch whose condition does not hold is skipped, and the sequence goes on
--
SELECT campaign.create_campaign(:'acme', 'Conditions', '[{"channel": "email", "subject": "One", "body_text": "x"},
	{"channel": "email", "subject": "Two", "body_text": "x", "delay_hours": 24, "condition": "opened_not_replied"},
	{"channel": "email", "subject": "Three", "body_text": "x", "delay_hours": 24, "condition": "no_response"},
	{"channel": "email", "subject": "Four", "body_text": "x", "delay_hours": 24}]', 'contacts') AS conditions \gset
\o /dev/null
SELECT campaign.launch_campaign(:'conditions');
-- here a reply or a review stops nothing: only the conditions look at it
INSERT INTO campaign.stop_rules (tenant_id, event, action) VALUES (:'acme', 'replied', 'none'), (:'acme', 'review_clicked', 'none'), (:'acme', 'feedback', 'none'), (:'acme', 'reviewed', 'none');
SELECT campaign.enroll(:'conditions', pg_temp.contact(n)) FROM unnest('{Bob,Cleo,Dan,Eli}'::text[]) n;
RESET ROLE;
SELECT campaign.complete_touch(lease_token, 'p-' || contact_id) FROM campaign.claim_due_touches('worker 1') WHERE campaign_id = :'conditions';
SELECT pg_temp.at_time('2030-01-11 09:00');
SET ROLE regress_gates_ann;
\o
-- Bob opens, Cleo's mail program does, Dan opens and replies, Eli gives feedback
SELECT e.who, r.result, r.stopped FROM (VALUES (1, 'Bob', 'opened', NULL), (2, 'Cleo', 'opened', '{"machine": true}'), (3, 'Dan', 'opened', NULL), (4, 'Dan', 'replied', NULL), (5, 'Eli', 'feedback', NULL)) e(n, who, kind, data)
CROSS JOIN LATERAL campaign.record_event(e.kind, enrollment => pg_temp.enrollment(e.who), event_id => 'e' || e.n, data => e.data::jsonb) r ORDER BY e.n;
RESET ROLE;
SELECT pg_temp.at_time('2030-01-12 08:01');
SET ROLE regress_gates_ann;
SELECT n AS who, w.* FROM unnest('{Bob,Cleo,Dan,Eli}'::text[]) n, pg_temp.why(n) w;
RESET ROLE;
SELECT * FROM pg_temp.claim();
SELECT n AS who, s.* FROM unnest('{Bob,Cleo,Dan,Eli}'::text[]) n, pg_temp.state(n) s;
-- the third: who responded in any way does not get it
SELECT pg_temp.at_time('2030-01-13 12:00');
SET ROLE regress_gates_ann;
SELECT n AS who, w.* FROM unnest('{Cleo,Dan,Eli}'::text[]) n, pg_temp.why(n) w;
RESET ROLE;
SELECT * FROM pg_temp.claim();
SELECT n AS who, s.* FROM unnest('{Cleo,Dan,Eli}'::text[]) n, pg_temp.state(n) s;

--
-- Lateness: an outage of three days does not end in a burst
--
SET ROLE regress_gates_ann;
\o /dev/null
SELECT campaign.create_campaign(:'acme', 'Late ' || late, jsonb_build_array(jsonb_build_object('channel', 'call', 'body_text', 'x', 'max_lateness_hours', 24, 'late', late),
	jsonb_build_object('channel', 'call', 'body_text', 'y', 'delay_hours', 240)), 'contacts') FROM unnest('{skip,reschedule,send}'::text[]) late;
SELECT campaign.launch_campaign(id) FROM campaign.campaigns WHERE name LIKE 'Late %';
SELECT campaign.enroll(c.id, pg_temp.contact(v.who), anchor_at => '2030-01-14 17:40') FROM (VALUES ('Fay', 'skip'), ('Gus', 'reschedule'), ('Hal', 'send')) v(who, late) JOIN campaign.campaigns c ON c.name = 'Late ' || v.late;
\o
RESET ROLE;
-- within the day nothing is too late
SELECT pg_temp.at_time('2030-01-15 17:39');
SET ROLE regress_gates_ann;
SELECT n AS who, w.* FROM unnest('{Fay,Gus,Hal}'::text[]) n, pg_temp.why(n) w;
RESET ROLE;
SELECT pg_temp.at_time('2030-01-17 19:00');
SET ROLE regress_gates_ann;
SELECT n AS who, w.* FROM unnest('{Fay,Gus,Hal}'::text[]) n, pg_temp.why(n) w;
RESET ROLE;
SELECT * FROM pg_temp.claim() WHERE who IN ('Fay', 'Gus', 'Hal');
SELECT n AS who, s.* FROM unnest('{Fay,Gus,Hal}'::text[]) n, pg_temp.state(n) s;
-- another time is given once, at the hour that was planned
SELECT pg_temp.at_time('2030-01-18 17:40');
SELECT * FROM pg_temp.claim() WHERE who IN ('Fay', 'Gus', 'Hal');

--
-- One touch an hour to a contact over a channel: what a person sent counts
--
SET ROLE regress_gates_ann;
\o /dev/null
SELECT campaign.enroll(:'two', pg_temp.contact('Ivy'));
SELECT campaign.log_send(pg_temp.contact('Ivy'), sent_at => campaign.now() - interval '20 minutes');
\o
SELECT * FROM pg_temp.why('Ivy');
RESET ROLE;
SELECT * FROM pg_temp.claim() WHERE who = 'Ivy';
SELECT due_at FROM pg_temp.state('Ivy');
SELECT pg_temp.at_time('2030-01-18 18:21');
SELECT * FROM pg_temp.claim() WHERE who = 'Ivy';

--
-- A cap that is used up holds the lane, and nothing is written to the touch
--
SET ROLE regress_gates_ann;
\o /dev/null
SELECT campaign.set_send_limit(:'acme', 'call', per_hour => 1);
SELECT campaign.create_campaign(:'acme', 'One', '[{"channel": "call", "body_text": "x"}]', 'contacts') AS one \gset
SELECT campaign.launch_campaign(:'one');
INSERT INTO campaign.contacts (tenant_id, first_name, phone) VALUES (:'acme', 'Jan', '+12125550111'), (:'acme', 'Kim', '+12125550112');
SELECT campaign.enroll(:'one', pg_temp.contact(n)) FROM unnest('{Jan,Kim}'::text[]) n;
RESET ROLE;
SELECT pg_temp.at_time('2030-01-19 10:15');
\o
SELECT count(*) FROM pg_temp.claim() WHERE who IN ('Jan', 'Kim');
SELECT count(*) FROM pg_temp.claim() WHERE who IN ('Jan', 'Kim');
SET ROLE regress_gates_ann;
SELECT w."check", w.outcome, w.reason, w.changes_at FROM (SELECT q.enrollment_id FROM campaign.touch_queue q JOIN campaign.lanes l USING (tenant_id, lane) WHERE l.campaign_id = :'one' AND q.lease_until < now()) q,
	LATERAL (SELECT x."check", x.outcome, x.reason, pg_temp.minute(x.changes_at) AS changes_at FROM campaign.explain_enrollment(q.enrollment_id) x WHERE x.outcome <> 'pass') w;

--
-- What is not the asker's does not exist; what has ended has no next touch
--
SELECT campaign.stop_contact(pg_temp.contact('Ivy'));
SELECT * FROM pg_temp.why('Ivy');
\set VERBOSITY sqlstate
SELECT * FROM campaign.explain_enrollment(NULL);
SELECT pg_temp.enrollment('Ann') AS anns \gset
SET ROLE regress_gates_eve;
SELECT count(*) FROM campaign.explain_enrollment(:'anns');
SET ROLE regress_gates_worker;
SELECT count(*) FROM campaign.explain_enrollment(:'anns');
\set VERBOSITY default
RESET ROLE;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'gates-acme'), campaign.delete_tenant(:'eve', 'gates-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_gates_ann,regress_gates_eve,regress_gates_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP ROLE regress_gates_ann, regress_gates_eve, regress_gates_worker;
