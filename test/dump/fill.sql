-- A database in the middle of its work, with rows in every table that a dump
-- carries. Run by a superuser after roles.sql; test/dump and test/upgrade use it.
SET client_min_messages = warning;

-- What belongs to all tenants, of users' own making.
SELECT campaign.grant_access('regress_dump_ada', 'member');
SELECT campaign.grant_access('regress_dump_bob', 'member');
SELECT campaign.grant_access('regress_dump_worker', 'worker');
SELECT campaign.grant_access('regress_dump_admin', 'admin');

SET SESSION AUTHORIZATION regress_dump_admin;
SELECT campaign.add_channel('x_fax', 'Fax', 'phone', body_limit => 500);
INSERT INTO campaign.life_cycle_states (machine, state, is_initial, is_final, description) VALUES
  ('x_ticket', 'open', true, false, 'Somebody waits.'), ('x_ticket', 'closed', false, true, 'Nobody does.');
INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state, description)
  VALUES ('x_ticket', 'open', 'closed', 'answered');
SELECT campaign.create_tenant('Ada''s Plumbing', 'ada', 'Europe/Berlin', 'regress_dump_ada') AS ada \gset
SELECT campaign.create_tenant('Bob & Sons', 'bob', 'America/New_York', 'regress_dump_bob') AS bob \gset
RESET SESSION AUTHORIZATION;

-- Rows of the system tenant that were imported, and did not come with the extension.
INSERT INTO campaign.campaign_templates (tenant_id, name, template_config)
  VALUES ('00000000-0000-0000-0000-000000000000', 'Imported', '[{"step": 1, "channel": "email", "label": "Imported", "delay_hours": 1}]');

SET SESSION AUTHORIZATION regress_dump_ada;
SELECT campaign.add_member(:'ada', 'regress_dump_bob', 'viewer');
UPDATE campaign.tenants SET sender_name = 'Ada', review_url = 'https://reviews.example/ada',
    link_base_url = 'https://go.example/', quiet_from = '00:00', quiet_until = '00:00' WHERE id = :'ada';
INSERT INTO campaign.message_templates (tenant_id, channel, name, body)
  VALUES (:'ada', 'x_fax', 'Fax', E'Dear {{contact.first_name}},\n\tthank you.\n\\.') RETURNING id AS fax_text \gset
INSERT INTO campaign.campaign_templates (tenant_id, name, template_config)
  VALUES (:'ada', 'Fax only', jsonb_build_array(jsonb_build_object('step', 1, 'channel', 'x_fax', 'label', 'Fax',
          'delay_hours', 0, 'template_id', :'fax_text')));
INSERT INTO campaign.companies (tenant_id, name, attributes) VALUES (:'ada', 'ACME', '{"note": "quotes \" and \\ "}') RETURNING id AS acme \gset
INSERT INTO campaign.contacts (tenant_id, first_name, last_name, email, phone, timezone, company_id, attributes)
  SELECT :'ada', 'Contact', n::text, 'contact' || n || '@example.com', '+4930123' || n, 'Asia/Tokyo',
         CASE WHEN n = 1 THEN :'acme'::uuid END, jsonb_build_object('n', n)
    FROM generate_series(1, 9) n;
SELECT id AS c1, lead(id, 1) OVER w AS c2, lead(id, 2) OVER w AS c3, lead(id, 3) OVER w AS c4, lead(id, 4) OVER w AS c5,
       lead(id, 5) OVER w AS c6, lead(id, 6) OVER w AS c7, lead(id, 7) OVER w AS c8, lead(id, 8) OVER w AS c9
  FROM campaign.contacts WHERE tenant_id = :'ada' WINDOW w AS (ORDER BY last_name) ORDER BY last_name LIMIT 1 \gset
INSERT INTO campaign.blackout_dates (tenant_id, day, name) VALUES (:'ada', '2000-12-25', 'Christmas Day'), (:'ada', '2000-12-26', E'Boxing\tDay');
SELECT campaign.set_consent(:'c1', 'sms', 'opted_in', 'form', 'checkbox');
SELECT campaign.suppress_address(:'ada', 'nobody@example.com', 'unsubscribe', 'asked by phone');
SELECT campaign.archive_contact(:'c9');
SELECT campaign.set_send_limit(:'ada', 'email', 500, 5000);
SELECT campaign.start_warmup(:'ada', 'sms');

-- Campaigns in several states, with a second version of a plan.
SELECT campaign.create_campaign_from_template('00000000-0000-8000-8003-000000000002', 'Reviews', :'ada') AS reviews \gset
SELECT campaign.launch_campaign(:'reviews');
SELECT campaign.create_campaign(:'ada', 'Fax', t.template_config::jsonb, 'contacts') AS faxes
  FROM campaign.campaign_templates t WHERE t.tenant_id = :'ada' AND t.name = 'Fax only' \gset
SELECT campaign.launch_campaign(:'faxes');
SELECT campaign.create_campaign(:'ada', 'Draft', '[{"step": 1, "channel": "email", "label": "Hello", "delay_hours": 1}]', 'contacts') AS draft \gset
SELECT campaign.revise_campaign(:'draft', '[{"step": 1, "channel": "email", "label": "Hello again", "delay_hours": 2}]');

SELECT campaign.configure_campaign(:'draft', '{"tone": "friendly", "proof_points": ["quotes \" and \\ "]}', '{"from_email": "ada@example.com", "active_hours": {"start": "09:00", "end": "17:30"}}');
SELECT campaign.clone_campaign(:'draft');
SELECT campaign.clone_campaign_template('00000000-0000-8000-8003-000000000004', tenant => :'ada') AS copied \gset
UPDATE campaign.campaign_templates SET description = 'Ours' WHERE id = :'copied';

-- Enrolled by jobs, by hand, and not because of a conflict.
INSERT INTO campaign.jobs (tenant_id, contact_id, service_type, external_id)
  SELECT :'ada', c.id, 'plumbing', 'job ' || c.last_name FROM campaign.contacts c
   WHERE c.tenant_id = :'ada' AND c.archived_at IS NULL;
UPDATE campaign.jobs SET status = 'completed', completed_at = campaign.now() - interval '2 days'
  WHERE tenant_id = :'ada' AND external_id < 'job 8';
SELECT campaign.enroll(:'faxes', :'c1');
SELECT campaign.enroll(:'faxes', :'c8');
SELECT campaign.enroll(:'faxes', :'c2');
SELECT campaign.resolve_conflict(x.id, 'skip') FROM campaign.enrollment_conflicts x WHERE x.contact_id = :'c2';
RESET SESSION AUTHORIZATION;

-- Touches sent, failed once, for good and retried, begun, leased, stopped and waiting.
SET SESSION AUTHORIZATION regress_dump_worker;
CREATE TEMPORARY TABLE claimed AS
  SELECT row_number() OVER (ORDER BY address) AS n, * FROM campaign.claim_due_touches('worker 1', channels => '{email}');
SELECT campaign.complete_touch(lease_token, 'provider 1') FROM claimed WHERE n = 1;
SELECT campaign.fail_touch(lease_token, 'mailbox is busy') FROM claimed WHERE n = 2;
SELECT campaign.fail_touch(lease_token, 'no such mailbox', permanent => true) FROM claimed WHERE n = 3;
SELECT campaign.begin_send(lease_token) FROM claimed WHERE n = 4;
RESET SESSION AUTHORIZATION;
-- What was counted until here is in the totals, what comes is not.
SELECT campaign.fold_counts();
SET SESSION AUTHORIZATION regress_dump_worker;
SELECT campaign.fail_touch(lease_token, 'no such mailbox either', permanent => true) FROM claimed WHERE n = 5;
SELECT enrollment_id AS retried FROM claimed WHERE n = 5 \gset
-- A fax of which nobody knows: its worker is gone, and so is its lease.
SELECT count(*) FROM campaign.claim_due_touches('worker 2', channels => '{x_fax}', begin_now => true);
RESET SESSION AUTHORIZATION;
UPDATE campaign.touch_queue SET lease_until = lease_until - interval '1 hour' WHERE flags = 1
  AND worker_id = (SELECT id FROM campaign.workers WHERE name = 'worker 2');
SET SESSION AUTHORIZATION regress_dump_ada;
SELECT campaign.retry_touch(:'retried', 1);
SELECT campaign.stop_contact(:'c6');
SELECT campaign.pause_campaign(:'faxes', 'holidays');
SELECT campaign.log_send(:'c2', subject => 'Called back');
-- Rules and keys of the tenant's own, and events: of a message, of an address, and before their message.
INSERT INTO campaign.stop_rules (tenant_id, event, action, reason) VALUES (:'ada', 'clicked', 'stop', 'owner_stopped');
SELECT campaign.rotate_tenant_key(:'ada');
SELECT campaign.record_event('opened', provider_id => 'provider 1', event_id => 'event 1', data => '{"agent": "quotes \" and \\\\ "}');
SELECT campaign.record_event('unsubscribed', address => '+49301233');
SELECT campaign.record_event('bounced_hard', provider_id => 'not logged yet', event_id => 'event 2');
-- Contacts that a campaign works on: ready, in need of something, excluded, and in other campaigns.
SELECT campaign.tag_contacts(:'ada', ARRAY[:'c1', :'c2', :'c3', :'c4']::uuid[], ARRAY['batch 7', 'quotes " and \"']);
INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage) VALUES (:'ada', 'contact', 'person_enrichment'), (:'ada', 'company', 'l1');
INSERT INTO campaign.contact_cooldowns (tenant_id, channel, cooldown) VALUES (:'ada', 'x_fax', '10 days');
SELECT campaign.record_stage('contact', :'c1', 'person'), campaign.record_stage('company', :'acme', 'l1_company'), campaign.record_stage('contact', :'c2', 'person', 'failed');
SELECT campaign.create_campaign(:'ada', 'Assigned', '[{"step": 1, "channel": "email", "label": "Hello", "delay_hours": 1}]', 'assigned') AS assigned \gset
SELECT * FROM campaign.assign_contacts(:'assigned', filter => '{"tags": ["batch 7"]}');
SELECT * FROM campaign.exclude_contacts(:'assigned', ARRAY[:'c4']::uuid[], E'asked\tfor it');
SELECT * FROM campaign.check_readiness(:'assigned');
-- A message that was generated, edited and rejected, contacts who failed, and a job that tries them again.
INSERT INTO campaign.generation_budgets (tenant_id, mode, amount_usd) VALUES (:'ada', 'soft', 10);
SELECT campaign.transition_campaign(:'assigned', 'ready');
SELECT campaign.start_generation(:'assigned', include_unready => true);
RESET SESSION AUTHORIZATION;
SELECT lease_token AS written FROM campaign.claim_generation('w', 1) \gset
SELECT campaign.save_generated(:'written', '[{"touch_number": 1, "subject": "Hello", "body": "Quotes \" and \\\\ "}]', '[{"model": "m", "tokens_in": 800, "tokens_out": 200, "usd": 0.00144}]');
SELECT campaign.fail_generation(lease_token, E'no answer\t\\') FROM campaign.claim_generation('w');
SET SESSION AUTHORIZATION regress_dump_ada;
SELECT campaign.edit_message(m.id, 'too_long', E'quotes " and\ttabs') FROM campaign.messages m;
SELECT campaign.review_messages(ARRAY(SELECT m.id FROM campaign.messages m), 'reject', 'too long');
SELECT campaign.retry_generation(:'assigned');
RESET SESSION AUTHORIZATION;
SELECT lease_token AS held FROM campaign.claim_generation('w', 1) \gset
SET SESSION AUTHORIZATION regress_dump_ada;
-- A launch that is set.
SELECT campaign.create_campaign(:'ada', 'Later', '[{"channel": "email", "subject": "Hello", "body_text": "Hello"}]', 'contacts') AS later \gset
SELECT campaign.launch_campaign(:'later', '2099-01-01');
UPDATE campaign.tenants SET overlap_policy = 'block' WHERE id = :'ada';
-- Somebody who was forgotten, and must not be written to under that address.
INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (:'ada', 'Gone', 'gone@example.com') RETURNING id AS gone \gset
SELECT campaign.suppress_address(:'ada', 'gone@example.com', 'complaint');
SELECT campaign.erase_contact(:'gone');
RESET SESSION AUTHORIZATION;
DROP TABLE claimed;
