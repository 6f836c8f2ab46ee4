-- What a review of messages, launches and exports found: each was seen to go wrong.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_dm_ann;
CREATE ROLE regress_dm_ed;
CREATE ROLE regress_dm_worker;
SELECT campaign.grant_access(r, 'member') FROM unnest('{regress_dm_ann,regress_dm_ed}'::name[]) r \g /dev/null
SELECT campaign.grant_access('regress_dm_worker', 'worker');
SELECT campaign.create_tenant('Acme', 'dm-acme', 'UTC', 'regress_dm_ann') AS acme \gset
INSERT INTO campaign.tenant_members (tenant_id, member, role) VALUES (:'acme', 'regress_dm_ed', 'editor');
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00', link_base_url = 'https://l.example' WHERE id = :'acme';
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT :'acme', channel, '0' FROM campaign.channels;
INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage, required) VALUES (:'acme', 'contact', 'person', false);
INSERT INTO campaign.contacts (tenant_id, first_name, email, linkedin_url)
SELECT :'acme', n, lower(n) || '@x.example', 'https://in.example/' || n FROM unnest('{Abe,Bea,Cid}'::text[]) n;
CREATE FUNCTION pg_temp.contact(who text) RETURNS uuid LANGUAGE sql AS $$
  SELECT c.id FROM campaign.contacts c JOIN campaign.tenants t ON t.id = c.tenant_id WHERE t.slug = 'dm-acme' AND c.first_name = $1 $$;
CREATE FUNCTION pg_temp.campaign(name text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM campaign.campaigns c WHERE c.name = $1 $$;
CREATE FUNCTION pg_temp.message(name text, who text, touch integer, variant text DEFAULT 'a') RETURNS uuid LANGUAGE sql AS $$
  SELECT m.id FROM campaign.messages m WHERE m.campaign_id = pg_temp.campaign($1) AND m.contact_id = pg_temp.contact($2) AND m.touch_number = $3 AND m.variant = $4 $$;
-- a campaign in ready with these contacts
CREATE FUNCTION pg_temp.make(name text, steps jsonb, who text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  new_id uuid := campaign.create_campaign((SELECT id FROM campaign.tenants WHERE slug = 'dm-acme'), name, steps, 'assigned');
BEGIN
  PERFORM campaign.assign_contacts(new_id, ARRAY(SELECT pg_temp.contact(w) FROM unnest(who) w));
  PERFORM campaign.transition_campaign(new_id, 'ready');
END $$;
-- messages, for the touches named, as an outside generator writes them: what and for which step
CREATE FUNCTION pg_temp.generate(name text, touches integer[], body text DEFAULT NULL) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  item record;
BEGIN
  PERFORM campaign.start_generation(pg_temp.campaign(name));
  FOR item IN SELECT * FROM campaign.claim_generation('generator', 100, pg_temp.campaign(name)) LOOP
    PERFORM campaign.save_generated(item.lease_token, (
      SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('touch_number', s -> 'touch_number', 'variant', v,
               'subject', CASE WHEN (s -> 'limits' ->> 'has_subject')::boolean THEN 'Subject ' || v END,
               'body', coalesce(body, 'Written for ' || (s ->> 'label') || ', ' || v))))
        FROM jsonb_array_elements(item.steps) s, jsonb_array_elements_text(s -> 'variants') v
       WHERE (s ->> 'touch_number')::integer = ANY (touches)));
  END LOOP;
END $$;
CREATE FUNCTION pg_temp.approve(name text) RETURNS void LANGUAGE sql AS $$
  SELECT campaign.review_messages(ARRAY(SELECT m.id FROM campaign.messages m WHERE m.campaign_id = pg_temp.campaign($1) AND m.status = 'draft'), 'approve');
  SELECT campaign.transition_campaign(pg_temp.campaign($1), 'approved') $$;
CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  fault text;
  fault_detail text;
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS fault = MESSAGE_TEXT, fault_detail = PG_EXCEPTION_DETAIL;
  RETURN SQLSTATE || ': ' || regexp_replace(fault || '. ' || fault_detail, '[0-9a-f]{8}-[0-9a-f-]{27}', '<id>', 'g');
END $$;
SET ROLE regress_dm_ann;

-- A step that nobody wrote for falls back to no default text, which asks a stranger for a review.
SELECT pg_temp.make('Fallback', '[{"channel": "email", "label": "One"}, {"channel": "email", "label": "Two", "delay_hours": 2}]', '{Abe}');
SELECT pg_temp.generate('Fallback', '{1}');
SELECT pg_temp.approve('Fallback');
SELECT pg_temp.try('SELECT campaign.launch_campaign(pg_temp.campaign(''Fallback''))');
-- written for one contact and not for the other: skipped, unless the step has a text
SELECT pg_temp.make('Partly', '[{"channel": "email", "label": "One"}, {"channel": "email", "label": "Two", "delay_hours": 0}, {"channel": "email", "label": "Three", "delay_hours": 0, "subject": "Own", "body_text": "Of the step"}]', '{Abe,Bea}');
SELECT pg_temp.generate('Partly', '{1,2}');
RESET ROLE;
DELETE FROM campaign.messages WHERE id = pg_temp.message('Partly', 'Bea', 2);
SET ROLE regress_dm_ann;
SELECT pg_temp.approve('Partly');
SELECT campaign.launch_campaign(pg_temp.campaign('Partly'));
RESET ROLE;
UPDATE campaign.tenants SET min_gap = '0' WHERE id = :'acme';
CREATE FUNCTION pg_temp.send_all() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  touch record;
BEGIN
  FOR round IN 1 .. 4 LOOP
    FOR touch IN SELECT c.*, k.first_name FROM campaign.claim_due_touches('worker', 100) c JOIN campaign.contacts k ON k.id = c.contact_id ORDER BY k.first_name LOOP
      PERFORM campaign.complete_touch(touch.lease_token);
      RETURN NEXT format('%s %s: %s', touch.first_name, touch.touch_number, left(touch.body, 30));
    END LOOP;
  END LOOP;
END $$;
SELECT pg_temp.send_all();
SELECT k.first_name, l.touch_number, l.status, l.reason FROM campaign.send_logs l JOIN campaign.contacts k ON k.id = l.contact_id WHERE l.campaign_id = pg_temp.campaign('Partly') AND l.status = 'skipped';

-- Links of messages that lead nowhere; and a default text that nobody gets is not asked about.
UPDATE campaign.tenants SET link_base_url = NULL WHERE id = :'acme';
SET ROLE regress_dm_ann;
SELECT pg_temp.make('Links', '[{"channel": "linkedin_message", "label": "One"}]', '{Bea}');
SELECT pg_temp.generate('Links', '{1}', 'Leave: [{{link.unsubscribe}}]');
SELECT pg_temp.approve('Links');
SELECT pg_temp.try('SELECT campaign.launch_campaign(pg_temp.campaign(''Links''))');
SELECT pg_temp.try('SELECT campaign.export_messages(pg_temp.campaign(''Links''))');
SELECT status FROM campaign.campaigns WHERE id = pg_temp.campaign('Links');
SELECT pg_temp.make('No default', '[{"channel": "email", "label": "One"}]', '{Cid}');
SELECT pg_temp.generate('No default', '{1}');
SELECT pg_temp.approve('No default');
SELECT pg_temp.try('SELECT campaign.launch_campaign(pg_temp.campaign(''No default''))');

-- Messages of another channel are no text of the step.
SELECT pg_temp.make('Channel', '[{"channel": "linkedin_connect", "label": "One"}]', '{Abe}');
SELECT pg_temp.generate('Channel', '{1}');
SELECT pg_temp.approve('Channel');
SELECT campaign.transition_campaign(pg_temp.campaign('Channel'), 'review');
SELECT campaign.transition_campaign(pg_temp.campaign('Channel'), 'ready');
SELECT campaign.revise_campaign(pg_temp.campaign('Channel'), '[{"channel": "linkedin_message", "label": "One"}]');
SELECT status, review_notes FROM campaign.messages WHERE id = pg_temp.message('Channel', 'Abe', 1);
SELECT pg_temp.try('SELECT campaign.launch_campaign(pg_temp.campaign(''Channel''))');

-- What was approved for another step is reviewed again, and what has none is rejected.
SELECT pg_temp.make('Steps', '[{"channel": "email", "label": "Introduction"}, {"channel": "email", "label": "Discount"}]', '{Cid}');
SELECT pg_temp.generate('Steps', '{1,2}');
SELECT pg_temp.approve('Steps');
SELECT campaign.transition_campaign(pg_temp.campaign('Steps'), 'review');
SELECT campaign.transition_campaign(pg_temp.campaign('Steps'), 'ready');
SELECT campaign.revise_campaign(pg_temp.campaign('Steps'), '[{"channel": "email", "label": "Discount", "delay_hours": 3}]');
SELECT touch_number, status, approved_at, review_notes FROM campaign.messages WHERE campaign_id = pg_temp.campaign('Steps') ORDER BY touch_number;
SELECT pg_temp.try('SELECT campaign.launch_campaign(pg_temp.campaign(''Steps''))');

-- Nothing is written about whom was excluded or erased, and the campaign stays approved.
SELECT pg_temp.make('Gone', '[{"channel": "email", "label": "One"}]', '{Abe,Bea,Cid}');
SELECT pg_temp.generate('Gone', '{1}');
SELECT pg_temp.approve('Gone');
SELECT campaign.exclude_contacts(pg_temp.campaign('Gone'), ARRAY[pg_temp.contact('Abe')], 'no') \g /dev/null
SELECT pg_temp.message('Gone', 'Bea', 1) AS bea \gset
SELECT pg_temp.message('Gone', 'Abe', 1) AS abe \gset
SELECT campaign.erase_contact(pg_temp.contact('Bea')) \g /dev/null
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', ''Dear Abe'')', :'abe'));
SELECT pg_temp.try(format('SELECT campaign.revert_message(%L, 1)', :'abe'));
SELECT pg_temp.try(format('SELECT campaign.edit_message(%L, ''other'', ''Dear Bea of Main Street'')', :'bea'));
SELECT r.result FROM campaign.review_messages(ARRAY[:'bea'::uuid], 'reject', 'no') r;
SELECT status FROM campaign.campaigns WHERE id = pg_temp.campaign('Gone');

-- Nobody exports messages of whom nothing reaches.
SELECT campaign.transition_campaign(pg_temp.campaign('Gone'), 'review') \g /dev/null
SELECT contact_name FROM campaign.export_messages(pg_temp.campaign('Gone')) ORDER BY 1;
SELECT campaign.suppress_address(:'acme', 'cid@x.example');
SELECT contact_name FROM campaign.export_messages(pg_temp.campaign('Gone')) ORDER BY 1;
SELECT campaign.lift_suppression(:'acme', 'cid@x.example');

-- A launch that an editor has set does not lower the tenant's limits, nor does a bare transition pass them over.
SELECT pg_temp.make('Limits', '[{"channel": "email", "label": "One", "subject": "S", "body_text": "B"}]', '{Cid}');
SET ROLE regress_dm_ed;
SELECT campaign.launch_campaign(pg_temp.campaign('Limits'), campaign.now() + interval '1 hour');
SELECT campaign.configure_campaign(pg_temp.campaign('Limits'), sender_config => '{"daily_limit": 1}');
SELECT pg_temp.try('SELECT campaign.transition_campaign(pg_temp.campaign(''Limits''), ''running'')');
RESET ROLE;
UPDATE campaign.outreach_campaigns SET scheduled_launch_at = campaign.now() WHERE campaign_id = pg_temp.campaign('Limits');
SELECT campaign.launch_due();
SELECT scheduled_launch_at, launch_error FROM campaign.outreach_campaigns WHERE campaign_id = pg_temp.campaign('Limits');
SELECT per_day FROM campaign.send_limits WHERE tenant_id = :'acme' AND channel = 'email';
-- an owner's does, unless an editor has asked for other limits since
SET ROLE regress_dm_ann;
SELECT campaign.launch_campaign(pg_temp.campaign('Limits'), campaign.now() + interval '1 hour');
SET ROLE regress_dm_ed;
SELECT campaign.configure_campaign(pg_temp.campaign('Limits'), generation_config => '{}');
RESET ROLE;
SELECT launch_lowers FROM campaign.outreach_campaigns WHERE campaign_id = pg_temp.campaign('Limits');
SET ROLE regress_dm_ed;
SELECT campaign.configure_campaign(pg_temp.campaign('Limits'), sender_config => '{"daily_limit": 2}');
RESET ROLE;
SELECT launch_lowers FROM campaign.outreach_campaigns WHERE campaign_id = pg_temp.campaign('Limits');
SET ROLE regress_dm_ann;
SELECT campaign.launch_campaign(pg_temp.campaign('Limits'), campaign.now() + interval '1 hour');
RESET ROLE;
UPDATE campaign.outreach_campaigns SET scheduled_launch_at = campaign.now() WHERE campaign_id = pg_temp.campaign('Limits');
SELECT campaign.launch_due();
SELECT per_day FROM campaign.send_limits WHERE tenant_id = :'acme' AND channel = 'email';

-- Preconditions are those of now, not of a snapshot that is older.
SET ROLE regress_dm_ann;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.try('SELECT campaign.transition_campaign(pg_temp.campaign(''Gone''), ''approved'')');
SELECT pg_temp.try('SELECT campaign.export_messages(pg_temp.campaign(''Gone''))');
COMMIT;

-- Of several variants the one is sent that was handed out: after a change of them nobody knows which it was. For Quin
-- and Sue nothing changes. So it is also where the caps have ended the lease, and have what they gave for it.
INSERT INTO campaign.contacts (tenant_id, first_name, linkedin_url)
SELECT :'acme', n, 'https://in.example/' || n FROM unnest('{Pia,Quin,Rob,Sue}'::text[]) n;
SELECT pg_temp.make(name, '[{"channel": "linkedin_message", "label": "One", "variant_count": 3}]', who)
FROM (VALUES ('Variants', '{Pia,Quin}'::text[]), ('Capped', '{Rob,Sue}')) c(name, who) ORDER BY who;
SELECT pg_temp.generate(name, '{1}'), pg_temp.approve(name), campaign.launch_campaign(pg_temp.campaign(name)) FROM unnest('{Variants,Capped}'::text[]) name;
RESET ROLE;
CREATE TEMP TABLE handed AS
SELECT c.first_name AS who, h.campaign_id, h.lease_token AS token, right(h.body, 1) AS variant
FROM campaign.claim_due_touches('worker', 10, channels => '{linkedin_message}') h JOIN campaign.contacts c ON c.id = h.contact_id;
GRANT SELECT ON handed TO regress_dm_ann, regress_dm_worker;
SELECT who FROM handed ORDER BY who;
UPDATE campaign.touch_queue SET lease_until = clock_timestamp() WHERE lease_until > clock_timestamp();
UPDATE campaign.touch_queue q SET claimed_at = '-infinity' FROM campaign.lanes l
WHERE l.tenant_id = q.tenant_id AND l.lane = q.lane AND l.campaign_id = pg_temp.campaign('Capped');
SET ROLE regress_dm_ann;
SELECT h.who, r.result FROM handed h, campaign.review_messages(ARRAY[
	(SELECT m.id FROM campaign.messages m JOIN campaign.contacts c ON c.id = m.contact_id
	  WHERE m.campaign_id = h.campaign_id AND c.first_name = h.who AND m.variant = h.variant)], 'reject', 'no') r
WHERE h.who IN ('Pia', 'Rob') ORDER BY h.who;
SET ROLE regress_dm_worker;
SELECT h.who, r.result FROM handed h, campaign.complete_touch(h.token) r ORDER BY h.who;
RESET ROLE;
SELECT h.who, m.variant = h.variant AS was_handed, m.status, count(*) FROM handed h JOIN campaign.contacts c ON c.first_name = h.who
JOIN campaign.messages m ON m.campaign_id = h.campaign_id AND m.contact_id = c.id GROUP BY 1, 2, 3 ORDER BY 1, 2;
DROP TABLE handed;

SELECT campaign.delete_tenant(:'acme', 'dm-acme') \g /dev/null
SELECT campaign.revoke_access(r) FROM unnest('{regress_dm_ann,regress_dm_ed,regress_dm_worker}'::name[]) r \g /dev/null
DROP ROLE regress_dm_ann, regress_dm_ed, regress_dm_worker;
