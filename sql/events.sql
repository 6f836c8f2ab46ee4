-- Events: what became of a message, in any order and once each, and what that stops.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_events_ann;
CREATE ROLE regress_events_vic;
CREATE ROLE regress_events_eve;
CREATE ROLE regress_events_worker;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.expire_leases() RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second' WHERE lease_until > clock_timestamp() $$;
-- a new contact in a campaign, whose touches are due
CREATE FUNCTION pg_temp.enroll(campaign uuid, who text, phone text DEFAULT NULL) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	contact uuid;
BEGIN
	INSERT INTO campaign.contacts (tenant_id, first_name, email, phone)
	SELECT c.tenant_id, who, who || '@x.example', phone FROM campaign.campaigns c WHERE c.id = campaign RETURNING id INTO contact;
	IF phone IS NOT NULL THEN
		PERFORM campaign.set_consent(contact, 'sms', 'opted_in');
	END IF;
	RETURN (campaign.enroll(campaign, contact, anchor_at => campaign.now() - interval '1 hour')).enrollment_id;
END $$;
-- what a worker does: sends what is due to somebody, under the provider's id
CREATE FUNCTION pg_temp.send(who uuid, provider text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	touch record;
	done text := 'nothing';
BEGIN
	FOR touch IN SELECT * FROM campaign.claim_due_touches('worker') LOOP
		IF touch.enrollment_id = who THEN
			done := format('%s %s %s', touch.channel, touch.touch_number, (campaign.complete_touch(touch.lease_token, provider)).result);
		ELSE
			PERFORM campaign.release_touch(touch.lease_token);
		END IF;
	END LOOP;
	RETURN done;
END $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_events_ann,regress_events_vic,regress_events_eve}'::name[]) r;
SELECT campaign.grant_access('regress_events_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'events-acme', 'UTC', 'regress_events_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'events-eve', 'UTC', 'regress_events_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_events_vic', 'viewer');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_events_ann;
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00', min_gap = '0', review_url = 'https://reviews.example/acme' WHERE id = :'acme';
SELECT campaign.create_campaign(:'acme', 'Mail', '[
	{"channel": "email", "subject": "One", "body_text": "x"},
	{"channel": "email", "subject": "Two", "body_text": "x", "delay_hours": 24}]', 'contacts') AS mail \gset
SELECT campaign.create_campaign(:'acme', 'Both', '[
	{"channel": "sms", "body_text": "x"},
	{"channel": "email", "subject": "Two", "body_text": "x", "delay_hours": 24},
	{"channel": "sms", "body_text": "x", "delay_hours": 24}]', 'contacts') AS both \gset
\o /dev/null
SELECT campaign.launch_campaign(:'mail'), campaign.launch_campaign(:'both');
\o
-- by the worker's and the member's rights alike: what is recorded
CREATE TEMP VIEW events AS
	SELECT kind, bounce, link, is_machine AS machine, touch_number AS touch, channel, provider_id, address, unmatched,
		event_id LIKE 'campaign:%' AS derived FROM campaign.touch_events ORDER BY id;
CREATE TEMP VIEW enrolled AS
	SELECT k.first_name, e.status, e.stop_reason FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id ORDER BY e.id;

--
-- A message's provider id, with the tenant: delivered, opened, clicked
--
SELECT pg_temp.enroll(:'mail', 'bob') AS bobs \gset
SELECT pg_temp.send(:'bobs', 'bob-1');
\o /dev/null
SELECT pg_temp.at_time('2030-01-10 12:30');
\o
SET ROLE regress_events_worker;
SELECT result, enrollment_id = :'bobs' AS bobs, stopped FROM campaign.record_event('delivered', provider_id => 'bob-1', tenant => :'acme', event_id => 'd1');
SELECT result, enrollment_id = :'bobs' AS bobs, stopped FROM campaign.record_event('opened', provider_id => 'bob-1', tenant => :'acme', event_id => 'o1');
SELECT result FROM campaign.record_event('clicked', provider_id => 'bob-1', tenant => :'acme', event_id => 'c1', data => '{"url": "https://acme.example/"}');
-- told twice: the same event, and nothing more
SELECT result, enrollment_id = :'bobs' AS bobs, stopped FROM campaign.record_event('opened', provider_id => 'bob-1', tenant => :'acme', event_id => 'o1');
-- without an id, what happened at the same time to the same message is the same
SELECT result FROM campaign.record_event('opened', '2030-01-10 12:20', 'bob-1', tenant => :'acme');
SELECT result FROM campaign.record_event('opened', '2030-01-10 12:20', 'bob-1', tenant => :'acme');
SELECT result FROM campaign.record_event('opened', '2030-01-10 12:21', 'bob-1', tenant => :'acme');
-- machines: the provider says so, or nobody reads so fast
SELECT result FROM campaign.record_event('opened', '2030-01-10 12:22', 'bob-1', tenant => :'acme', data => '{"machine": true}');
RESET ROLE;
SELECT sent_at AS sent FROM campaign.send_logs WHERE provider_id = 'bob-1' \gset
SET ROLE regress_events_worker;
SELECT result FROM campaign.record_event('opened', timestamptz :'sent' + interval '1.9 seconds', 'bob-1', tenant => :'acme');
SELECT result FROM campaign.record_event('opened', timestamptz :'sent' + interval '2.1 seconds', 'bob-1', tenant => :'acme');
-- a time to come is now
SELECT result FROM campaign.record_event('clicked', '2031-01-10 12:20', 'bob-1', tenant => :'acme');
SELECT result FROM campaign.record_event('clicked', '2031-01-10 12:20', 'bob-1', tenant => :'acme');
SET ROLE regress_events_ann;
SELECT kind, machine, touch, channel, provider_id, address, derived FROM pg_temp.events;
SELECT count(*) FROM campaign.touch_events WHERE at > campaign.now();
-- once a touch each, machines apart
SELECT touch_number, metric, sum(n) AS n FROM campaign.touch_count_deltas WHERE tenant_id = :'acme' AND metric IN ('delivered', 'opened', 'machine_opened', 'clicked') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM pg_temp.enrolled;

--
-- An enrolment, a lease token: no tenant is needed
--
SET ROLE regress_events_worker;
SELECT result, stopped FROM campaign.record_event('replied', enrollment => :'bobs', data => '{"text": "Thank you"}');
-- ended already: recorded, and that is all
SELECT result, stopped FROM campaign.record_event('replied', enrollment => :'bobs');
SELECT result, stopped FROM campaign.record_event('feedback', enrollment => :'bobs');
SET ROLE regress_events_ann;
SELECT * FROM pg_temp.enrolled;
SELECT count(*) FROM campaign.touch_queue;
SELECT pg_temp.enroll(:'mail', 'cy') AS cys \gset
SET ROLE regress_events_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker') \gset
SELECT campaign.begin_send(:'token');
-- sent, and bounced before it is reported
SELECT result, enrollment_id = :'cys' AS cys, stopped FROM campaign.record_event('bounced_hard', lease_token => :'token', event_id => 'b1');
SELECT result, enrollment_status FROM campaign.complete_touch(:'token', 'cy-1');
SET ROLE regress_events_ann;
SELECT address, reason FROM campaign.suppressions WHERE tenant_id = :'acme';
SELECT status, advanced, provider_id FROM campaign.send_logs WHERE enrollment_id = :'cys';
SELECT * FROM pg_temp.enrolled WHERE first_name = 'cy';
-- members record as well: for their own tenants, and one has but one
SELECT result, enrollment_id = :'cys' AS cys FROM campaign.record_event('complained', provider_id => 'cy-1');
SELECT result FROM campaign.record_event('reviewed', enrollment => :'cys');
-- the first reason is the one
SELECT address, reason FROM campaign.suppressions WHERE tenant_id = :'acme';

--
-- Before its message is logged: kept, and applied when it is
--
SELECT pg_temp.enroll(:'mail', 'dan') AS dans \gset
SET ROLE regress_events_worker;
SELECT result, enrollment_id, stopped FROM campaign.record_event('complained', provider_id => 'dan-1', tenant => :'acme', event_id => 'early');
SELECT result FROM campaign.record_event('complained', provider_id => 'dan-1', tenant => :'acme', event_id => 'early');
SELECT campaign.match_events();
SET ROLE regress_events_ann;
SELECT kind, touch, channel, unmatched FROM pg_temp.events WHERE provider_id = 'dan-1';
SELECT pg_temp.send(:'dans', 'dan-1');
SELECT * FROM pg_temp.enrolled WHERE first_name = 'dan';
SET ROLE regress_events_worker;
SELECT campaign.match_events(:'eve') AS elsewhere, campaign.match_events(:'acme') AS here, campaign.match_events() AS again;
SET ROLE regress_events_ann;
SELECT kind, touch, channel, address, unmatched FROM pg_temp.events WHERE provider_id = 'dan-1';
SELECT * FROM pg_temp.enrolled WHERE first_name = 'dan';
SELECT address, reason FROM campaign.suppressions WHERE address = 'dan@x.example';
SELECT touch_number, metric, sum(n) AS n FROM campaign.touch_count_deltas d JOIN campaign.campaign_enrollments e ON e.campaign_id = d.campaign_id
WHERE e.id = :'dans' AND metric = 'complained' GROUP BY 1, 2;
-- the next event of the tenant brings it, too
SELECT pg_temp.enroll(:'mail', 'eli') AS elis \gset
SET ROLE regress_events_worker;
SELECT result FROM campaign.record_event('replied', provider_id => 'eli-1', tenant => :'acme');
SET ROLE regress_events_ann;
SELECT pg_temp.send(:'elis', 'eli-1');
SET ROLE regress_events_worker;
SELECT result FROM campaign.record_event('delivered', provider_id => 'bob-1', tenant => :'acme');
SET ROLE regress_events_ann;
SELECT * FROM pg_temp.enrolled WHERE first_name = 'eli';
-- a manual send is a message as well: there is no enrolment, and the contact has a history
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'fay', 'fay@x.example') RETURNING id AS fay \gset
SELECT campaign.log_send(:'fay', subject => 'By hand', provider_id => 'fay-1') IS NOT NULL AS logged;
SET ROLE regress_events_worker;
SELECT result, enrollment_id FROM campaign.record_event('opened', provider_id => 'fay-1', tenant => :'acme');
SET ROLE regress_events_ann;
SELECT kind, enrollment_id, touch_number, contact_id = :'fay' AS fay FROM campaign.touch_events WHERE provider_id = 'fay-1';

--
-- Of a touch of which nobody knows: an event proves that it was sent
--
SELECT pg_temp.enroll(:'both', 'gil', '+12125550107') AS gils \gset
SET ROLE regress_events_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker', begin_now => true) \gset
SELECT pg_temp.expire_leases();
SET ROLE regress_events_ann;
SELECT touch_number, status FROM campaign.enrollment_touches WHERE enrollment_id = :'gils' ORDER BY 1;
SET ROLE regress_events_worker;
SELECT result, stopped FROM campaign.record_event('delivered', lease_token => :'token', provider_id => 'gil-1', event_id => 'gil');
SET ROLE regress_events_ann;
SELECT touch_number, status FROM campaign.enrollment_touches WHERE enrollment_id = :'gils' ORDER BY 1;
SELECT status, provider_id, metadata, sent_at = claimed_at AS at_claim FROM campaign.send_logs WHERE enrollment_id = :'gils';
-- by the enrolment as well, and a reply stops it in the same breath
SELECT pg_temp.enroll(:'both', 'hal', '+12125550108') AS hals \gset
SET ROLE regress_events_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker', begin_now => true) \gset
SELECT pg_temp.expire_leases();
-- what happened before it was claimed proves nothing
SELECT result FROM campaign.record_event('opened', '2030-01-10 10:00', enrollment => :'hals');
SET ROLE regress_events_ann;
SELECT touch_number, status FROM campaign.enrollment_touches WHERE enrollment_id = :'hals' AND touch_number = 1;
SET ROLE regress_events_worker;
SELECT result, stopped FROM campaign.record_event('replied', enrollment => :'hals');
SET ROLE regress_events_ann;
SELECT touch_number, status FROM campaign.enrollment_touches WHERE enrollment_id = :'hals' ORDER BY 1;
-- told while the lease still runs: when it ends, nobody is in doubt, and nobody sends it again
SELECT pg_temp.enroll(:'both', 'ora', '+12125550115') AS oras \gset
SELECT pg_temp.enroll(:'mail', 'pam') AS pams \gset
SELECT pg_temp.enroll(:'mail', 'rob') AS robs \gset
SET ROLE regress_events_worker;
\o /dev/null
SELECT count(*) FROM campaign.claim_due_touches('worker', begin_now => true);
\o
SELECT result FROM campaign.record_event('delivered', enrollment => :'oras', provider_id => 'ora-1');
SELECT result FROM campaign.record_event('delivered', enrollment => :'pams', provider_id => 'pam-1');
-- an email is handed over again under its key if nobody knows what the provider calls it
SELECT result FROM campaign.record_event('opened', enrollment => :'robs');
SELECT pg_temp.expire_leases();
SELECT lease_token AS token, enrollment_id = :'robs' AS as_expected FROM campaign.claim_due_touches('worker') \gset
\echo :as_expected
SELECT result FROM campaign.complete_touch(:'token', 'rob-1');
SET ROLE regress_events_ann;
SELECT touch_number, status, provider_id, metadata, sent_at = claimed_at AS at_claim FROM campaign.send_logs WHERE enrollment_id IN (:'oras', :'pams') ORDER BY provider_id;
SELECT count(*) AS in_doubt FROM campaign.uncertain_touches WHERE enrollment_id = :'oras';
-- the event stops the sequence while the lease runs, and no report comes: maintenance logs what was sent
SELECT pg_temp.enroll(:'mail', 'quinn') AS quinns \gset
SET ROLE regress_events_worker;
\o /dev/null
SELECT count(*) FROM campaign.claim_due_touches('worker', begin_now => true);
\o
SET ROLE regress_events_ann;
SELECT result, stopped FROM campaign.record_event('replied', enrollment => :'quinns', provider_id => 'quinn-1');
SELECT pg_temp.expire_leases();
RESET ROLE;
SELECT count(*) AS in_doubt FROM campaign.uncertain_touches WHERE enrollment_id = :'quinns';
SELECT campaign.end_expired_leases() AS ended;
SELECT count(*) AS in_doubt FROM campaign.uncertain_touches WHERE enrollment_id = :'quinns';
SELECT touch_number, status, provider_id, metadata, advanced FROM campaign.send_logs WHERE enrollment_id = :'quinns';
-- sent without begin_send, and its worker died: the token proves it, before anybody sends it again
SELECT pg_temp.enroll(:'mail', 'ian') AS ians \gset
SET ROLE regress_events_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker') \gset
SELECT pg_temp.expire_leases();
SELECT result FROM campaign.record_event('delivered', lease_token => :'token');
SELECT count(*) AS claimed_again FROM campaign.claim_due_touches('worker');
-- so it does when maintenance has ended the lease, and its time is known no more
SET ROLE regress_events_ann;
SELECT pg_temp.enroll(:'mail', 'tia') AS tias \gset
SET ROLE regress_events_worker;
SELECT lease_token AS token FROM campaign.claim_due_touches('worker') \gset
SELECT pg_temp.expire_leases();
RESET ROLE;
SELECT campaign.end_expired_leases() > 0 AS ended;
SET ROLE regress_events_worker;
SELECT result FROM campaign.record_event('delivered', lease_token => :'token', at => '2030-01-10 12:00');
SELECT count(*) AS claimed_again FROM campaign.claim_due_touches('worker');
SET ROLE regress_events_ann;
SELECT touch_number, status, metadata, sent_at FROM campaign.send_logs WHERE enrollment_id = :'tias';
-- a token that is no longer the touch's proves nothing of it
SET ROLE regress_events_ann;
SELECT pg_temp.enroll(:'mail', 'joe') AS joes \gset
SET ROLE regress_events_worker;
SELECT lease_token AS old FROM campaign.claim_due_touches('worker', begin_now => true) \gset
SELECT pg_temp.expire_leases();
SELECT lease_token AS token FROM campaign.claim_due_touches('worker') \gset
SELECT pg_temp.expire_leases();
SELECT result FROM campaign.record_event('opened', lease_token => :'old');
SET ROLE regress_events_ann;
SELECT count(*) FROM campaign.send_logs WHERE enrollment_id = :'joes';
SELECT campaign.stop_enrollment(:'joes');

--
-- STOP by phone: consent of every contact with that number; the rest goes on
--
INSERT INTO campaign.contacts (tenant_id, first_name, phone) VALUES (:'acme', 'kim', '+12125550107') RETURNING id AS kim \gset
SET ROLE regress_events_worker;
SELECT result, enrollment_id = :'gils' AS gils, stopped FROM campaign.record_event('unsubscribed', address => '+1 (212) 555-0107', tenant => :'acme', data => '{"text": "STOP"}');
SET ROLE regress_events_ann;
SELECT k.first_name, c.channel, c.state, c.source, c.method FROM campaign.consents c JOIN campaign.contacts k ON k.id = c.contact_id WHERE k.phone = '+12125550107' ORDER BY 1, 2;
SELECT * FROM pg_temp.enrolled WHERE first_name = 'gil';
SELECT count(*) FROM campaign.suppressions WHERE address = '+12125550107';
\o /dev/null
SELECT pg_temp.at_time('2030-01-11 12:00');
SELECT pg_temp.send(:'gils', 'gil-2');
SELECT pg_temp.at_time('2030-01-12 12:00');
SELECT pg_temp.send(:'gils', 'gil-3');
\o
SELECT touch_number, status, reason FROM campaign.send_logs WHERE enrollment_id = :'gils' ORDER BY 1;
SELECT status, stop_reason FROM campaign.campaign_enrollments WHERE id = :'gils';
-- from a number that nobody has
SET ROLE regress_events_worker;
SELECT result, enrollment_id, stopped FROM campaign.record_event('unsubscribed', address => '+12125559999', tenant => :'acme');
SELECT campaign.match_events();
-- a reply by mail answers what was last sent to the address
SET ROLE regress_events_ann;
SELECT pg_temp.enroll(:'mail', 'lee') AS lees \gset
SELECT pg_temp.send(:'lees', 'lee-1');
SET ROLE regress_events_worker;
SELECT result, enrollment_id = :'lees' AS lees, stopped FROM campaign.record_event('replied', address => ' LEE@x.example', tenant => :'acme');

--
-- Frozen enrolments stop as well, and the stop is there when the campaign goes on
--
SET ROLE regress_events_ann;
SELECT pg_temp.enroll(:'mail', 'may') AS mays \gset
SELECT pg_temp.send(:'mays', 'may-1');
SELECT campaign.pause_campaign(:'mail');
SET ROLE regress_events_worker;
SELECT result, stopped FROM campaign.record_event('bounced', provider_id => 'may-1', tenant => :'acme', data => '{"bounce": "hard"}');
SET ROLE regress_events_ann;
SELECT campaign.resume_campaign(:'mail');
SELECT * FROM pg_temp.enrolled WHERE first_name = 'may';
-- a soft bounce, an open, a click elsewhere stop nothing
SELECT pg_temp.enroll(:'mail', 'ned') AS neds \gset
SELECT pg_temp.send(:'neds', 'ned-1');
SET ROLE regress_events_worker;
SELECT result, stopped FROM campaign.record_event('bounced', provider_id => 'ned-1', tenant => :'acme', data => '{"bounce": "soft"}');
SELECT result, stopped FROM campaign.record_event('clicked', provider_id => 'ned-1', tenant => :'acme', data => '{"url": "https://acme.example/"}');
-- a click on the page of reviews is one on the review link, whoever tracks it
SELECT result, stopped FROM campaign.record_event('clicked', provider_id => 'ned-1', tenant => :'acme', data => '{"url": "https://reviews.example/acme"}');
SET ROLE regress_events_ann;
SELECT * FROM pg_temp.enrolled WHERE first_name = 'ned';
SELECT metric, sum(n) AS n FROM campaign.touch_count_deltas WHERE tenant_id = :'acme' AND metric IN ('bounced_soft', 'clicked', 'converted') GROUP BY 1 ORDER BY 1;

--
-- What makes no sense, and whose it is not
--
SET ROLE regress_events_worker;
SELECT campaign.record_event('sent', provider_id => 'bob-1', tenant => :'acme');
SELECT campaign.record_event('bounced', provider_id => 'bob-1', tenant => :'acme');
SELECT campaign.record_event('opened', provider_id => 'bob-1');
SELECT campaign.record_event('opened');
\set VERBOSITY sqlstate
SELECT campaign.record_event(NULL, provider_id => 'bob-1', tenant => :'acme');
SELECT campaign.record_event('opened', tenant => :'acme');
SELECT campaign.record_event('opened', 'infinity', 'bob-1', tenant => :'acme');
SELECT campaign.record_event('opened', provider_id => '', tenant => :'acme');
SELECT campaign.record_event('opened', provider_id => repeat('x', 1001), tenant => :'acme');
SELECT campaign.record_event('opened', provider_id => 'bob-1', event_id => '', tenant => :'acme');
SELECT campaign.record_event('opened', provider_id => 'bob-1', event_id => repeat('x', 1001), tenant => :'acme');
SELECT campaign.record_event('opened', address => ' ', tenant => :'acme');
SELECT campaign.record_event('opened', provider_id => 'bob-1', tenant => :'acme', data => to_jsonb(repeat('x', 65536)));
SELECT campaign.record_event('opened', lease_token => 'x');
SELECT campaign.match_events(max => 0);
SELECT campaign.match_events(max => NULL);
-- nobody's
SELECT campaign.record_event('opened', enrollment => :'acme');
SELECT campaign.record_event('opened', enrollment => :'bobs', tenant => :'eve');
SELECT campaign.record_event('opened', lease_token => :'token', tenant => :'eve');
SELECT campaign.record_event('opened', provider_id => 'bob-1', tenant => :'bobs');
SELECT campaign.record_event('opened', provider_id => 'bob-1', tenant => '00000000-0000-0000-0000-000000000000');
SET ROLE regress_events_eve;
SELECT campaign.record_event('opened', enrollment => :'bobs');
SELECT campaign.record_event('opened', lease_token => :'token');
SELECT campaign.record_event('opened', provider_id => 'bob-1', tenant => :'acme');
SELECT campaign.match_events();
SET ROLE regress_events_vic;
SELECT campaign.record_event('opened', enrollment => :'bobs');
SELECT campaign.record_event('opened', provider_id => 'bob-1', tenant => :'acme');
INSERT INTO campaign.touch_events (tenant_id, kind, at, recorded_at) VALUES (:'acme', 'opened', now(), now());
UPDATE campaign.touch_events SET is_machine = true;
DELETE FROM campaign.touch_events;
SET ROLE regress_events_worker;
SELECT * FROM campaign.touch_events;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT campaign.record_event('opened', enrollment => :'bobs');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT campaign.match_events();
ROLLBACK;
\set VERBOSITY default
-- another tenant's message of the same id is not this one's
SELECT result, enrollment_id FROM campaign.record_event('opened', provider_id => 'bob-1', tenant => :'eve');
-- and the same event_id is another event there
SELECT result FROM campaign.record_event('opened', provider_id => 'bob-1', event_id => 'd1', tenant => :'eve');
-- a contact that events speak of stays
SET ROLE regress_events_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'acme', 'ola', 'ola@x.example') RETURNING id AS ola \gset
SELECT result FROM campaign.record_event('feedback', address => 'ola@x.example');
\set VERBOSITY sqlstate
DELETE FROM campaign.contacts WHERE id = :'ola';
\set VERBOSITY default

RESET ROLE;
\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'events-acme'), campaign.delete_tenant(:'eve', 'events-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_events_ann,regress_events_vic,regress_events_eve,regress_events_worker}'::name[]) r;
DELETE FROM campaign.workers;
\o
SELECT count(*) FROM campaign.touch_events;
DROP VIEW pg_temp.events, pg_temp.enrolled;
DROP ROLE regress_events_ann, regress_events_vic, regress_events_eve, regress_events_worker;
