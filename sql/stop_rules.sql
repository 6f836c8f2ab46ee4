-- Stop rules: what events do, as rows that a tenant may replace.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_rules_ann;
CREATE ROLE regress_rules_edd;
CREATE ROLE regress_rules_eve;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
CREATE FUNCTION pg_temp.enroll(campaign uuid, who text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	contact uuid;
BEGIN
	SELECT k.id INTO contact FROM campaign.contacts k WHERE k.first_name = who;
	IF NOT FOUND THEN
		INSERT INTO campaign.contacts (tenant_id, first_name, email, phone)
		SELECT c.tenant_id, who, who || '@x.example', '+1212555' || (1000 + (SELECT count(*) FROM campaign.contacts)) FROM campaign.campaigns c WHERE c.id = campaign RETURNING id INTO contact;
	END IF;
	RETURN (campaign.enroll(campaign, contact, anchor_at => campaign.now() - interval '1 hour')).enrollment_id;
END $$;
\o /dev/null
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_rules_ann,regress_rules_edd,regress_rules_eve}'::name[]) r;
SELECT campaign.create_tenant('Acme', 'rules-acme', 'UTC', 'regress_rules_ann') AS acme \gset
SELECT campaign.create_tenant('Eve', 'rules-eve', 'UTC', 'regress_rules_eve') AS eve \gset
SELECT campaign.add_member(:'acme', 'regress_rules_edd', 'editor');
SELECT pg_temp.at_time('2030-01-10 12:00');
\o
SET ROLE regress_rules_ann;
SELECT campaign.create_campaign(:'acme', 'Mail', '[{"channel": "email", "subject": "One", "body_text": "x"}]', 'contacts') AS mail \gset
SELECT campaign.create_campaign(:'acme', 'More', '[{"channel": "email", "subject": "One", "body_text": "x"}]', 'contacts') AS more \gset
\o /dev/null
SELECT campaign.launch_campaign(:'mail'), campaign.launch_campaign(:'more');
\o
CREATE TEMP VIEW contacts AS
	SELECT k.first_name, e.status, e.stop_reason,
		(SELECT string_agg(s.address || ' ' || s.reason, ', ' ORDER BY s.address) FROM campaign.suppressions s
		  WHERE s.tenant_id = k.tenant_id AND s.address IN (k.email, k.phone)) AS suppressed,
		(SELECT string_agg(c.channel || ' ' || c.state, ', ' ORDER BY c.channel) FROM campaign.consents c WHERE c.contact_id = k.id) AS consent
	FROM campaign.contacts k JOIN campaign.campaign_enrollments e ON e.contact_id = k.id ORDER BY e.id;

--
-- The defaults: one row for each thing that an event does
--
SELECT event, action, reason, scope FROM campaign.stop_rules WHERE seeded ORDER BY event, action;
-- each of them, on a contact of its own
SELECT e.event, r.result, r.stopped FROM (SELECT DISTINCT s.event FROM campaign.stop_rules s ORDER BY 1) e,
	LATERAL (SELECT pg_temp.enroll(:'mail', e.event) AS id) n,
	LATERAL campaign.record_event(e.event, enrollment => n.id) r ORDER BY 1;
SELECT * FROM pg_temp.contacts ORDER BY 1;

--
-- A tenant's own rows for an event replace all defaults of that event, and no others
--
INSERT INTO campaign.stop_rules (tenant_id, event, action, reason) VALUES
	(:'acme', 'replied', 'none', NULL), (:'acme', 'clicked', 'stop', 'owner_stopped'), (:'acme', 'sms_stop', 'stop', 'opted_out_sms'),
	(:'acme', 'sms_stop', 'opt_out', NULL), (:'acme', 'complained', 'suppress', 'manual');
SELECT e.event, r.stopped FROM unnest('{replied,clicked,sms_stop,complained,feedback}'::text[]) WITH ORDINALITY AS e(event, n),
	LATERAL (SELECT pg_temp.enroll(:'mail', 'own_' || e.event) AS id) i,
	LATERAL campaign.record_event(e.event, enrollment => i.id) r ORDER BY n;
SELECT * FROM pg_temp.contacts WHERE first_name LIKE 'own\_%';
-- gone again, the defaults are back
DELETE FROM campaign.stop_rules WHERE event = 'replied';
SELECT stopped FROM campaign.record_event('replied', enrollment => (SELECT e.id FROM campaign.campaign_enrollments e JOIN campaign.contacts k ON k.id = e.contact_id WHERE k.first_name = 'own_replied'));

--
-- What an event of one message stops: all that the contact was in by then
--
SELECT pg_temp.enroll(:'mail', 'pat') AS first \gset
SELECT campaign.stop_enrollment(:'first');
\o /dev/null
SELECT pg_temp.at_time('2030-01-12 12:00');
\o
SELECT pg_temp.enroll(:'more', 'pat') AS second \gset
-- what happened before the second began is none of its business
SELECT stopped FROM campaign.record_event('replied', '2030-01-11 12:00', enrollment => :'first');
-- a bounce is about the address: the suppression sees to it
SELECT stopped FROM campaign.record_event('bounced_hard', enrollment => :'first');
UPDATE campaign.contacts SET email = 'pat@new.example' WHERE first_name = 'pat';
-- who wrote a review needs no further invitation, though the news of it comes late
SELECT stopped FROM campaign.record_event('reviewed', '2029-12-11 12:00', enrollment => :'first');
SELECT stopped FROM campaign.record_event('reviewed', '2030-01-11 12:00', enrollment => :'first');
SELECT first_name, status, stop_reason, suppressed FROM pg_temp.contacts WHERE first_name = 'pat';
-- unless the tenant sees it otherwise
INSERT INTO campaign.stop_rules (tenant_id, event, action, reason, scope) VALUES (:'acme', 'reviewed', 'stop', 'review_clicked', 'enrollment');
SELECT pg_temp.enroll(:'mail', 'quin') AS first \gset
SELECT campaign.stop_enrollment(:'first');
SELECT pg_temp.enroll(:'more', 'quin') AS second \gset
SELECT stopped FROM campaign.record_event('reviewed', enrollment => :'first');
SELECT stopped FROM campaign.record_event('reviewed', enrollment => :'second');

--
-- Owners write them; what makes no sense, and what comes with the extension, stays out and stays
--
\set VERBOSITY terse
INSERT INTO campaign.stop_rules (tenant_id, event, action) VALUES (:'acme', 'sent', 'none');
INSERT INTO campaign.stop_rules (tenant_id, event, action) VALUES (:'acme', 'opened', 'shout');
INSERT INTO campaign.stop_rules (tenant_id, event, action) VALUES (:'acme', 'opened', 'stop');
INSERT INTO campaign.stop_rules (tenant_id, event, action, reason) VALUES (:'acme', 'opened', 'stop', 'hard_bounce');
INSERT INTO campaign.stop_rules (tenant_id, event, action, reason) VALUES (:'acme', 'opened', 'suppress', 'replied');
INSERT INTO campaign.stop_rules (tenant_id, event, action, reason) VALUES (:'acme', 'opened', 'none', 'replied');
INSERT INTO campaign.stop_rules (tenant_id, event, action, scope) VALUES (:'acme', 'opened', 'opt_out', 'contact');
INSERT INTO campaign.stop_rules (tenant_id, event, action, reason, scope) VALUES (:'acme', 'opened', 'stop', 'replied', 'tenant');
INSERT INTO campaign.stop_rules (tenant_id, event, action) VALUES ('00000000-0000-0000-0000-000000000000', 'opened', 'opt_out');
UPDATE campaign.stop_rules SET action = 'none', reason = NULL, scope = NULL WHERE event = 'unsubscribed';
DELETE FROM campaign.stop_rules WHERE seeded;
SET ROLE regress_rules_edd;
INSERT INTO campaign.stop_rules (tenant_id, event, action) VALUES (:'acme', 'opened', 'none');
SET ROLE regress_rules_eve;
INSERT INTO campaign.stop_rules (tenant_id, event, action) VALUES (:'acme', 'opened', 'none');
SELECT count(*) FROM campaign.stop_rules WHERE NOT seeded;
DELETE FROM campaign.stop_rules;
RESET ROLE;
DELETE FROM campaign.stop_rules WHERE seeded;
INSERT INTO campaign.stop_rules (tenant_id, event, action, seeded) VALUES (:'eve', 'opened', 'none', true);
\set VERBOSITY default
SELECT event, action, reason, scope FROM campaign.stop_rules WHERE tenant_id = :'acme' ORDER BY 1, 2;

\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'rules-acme'), campaign.delete_tenant(:'eve', 'rules-eve');
SELECT campaign.revoke_access(r) FROM unnest('{regress_rules_ann,regress_rules_edd,regress_rules_eve}'::name[]) r;
\o
SELECT count(*) FROM campaign.stop_rules WHERE NOT seeded;
DROP VIEW pg_temp.contacts;
DROP ROLE regress_rules_ann, regress_rules_edd, regress_rules_eve;
