-- What each business does for itself, as its own role (psql variable "slug"):
-- settings, contacts from the CSV, consents, jobs, and campaigns from the presets.

UPDATE campaign.tenants
   SET sender_name = initcap(:'slug') || ' customer care',
       review_url = 'https://' || :'slug' || '.example/review',
       link_base_url = 'https://' || :'slug' || '.example/l'
 WHERE slug = :'slug';

CREATE TEMP TABLE csv (
  tenant text, external_id text, first_name text, last_name text, email text, phone text, timezone text, language text,
  city text, email_consent text, sms_consent text, archived boolean, service_type text, job_day integer
);
\copy csv FROM 'demo/contacts.csv' (FORMAT csv, HEADER true)
DELETE FROM csv WHERE tenant <> :'slug';

INSERT INTO campaign.contacts (tenant_id, external_id, first_name, last_name, email, phone, timezone, language, attributes)
SELECT t.id, v.external_id, v.first_name, v.last_name, v.email, v.phone, v.timezone, v.language, jsonb_build_object('city', v.city)
  FROM csv v JOIN campaign.tenants t ON t.slug = v.tenant;

SELECT campaign.set_consent(c.id, s.channel, s.state, 'import', 'form')
  FROM csv v
  JOIN campaign.contacts c ON c.external_id = v.external_id
 CROSS JOIN LATERAL (VALUES ('email', v.email_consent), ('sms', v.sms_consent)) AS s (channel, state)
 WHERE s.state IS NOT NULL;

SELECT campaign.archive_contact(c.id)
  FROM csv v JOIN campaign.contacts c ON c.external_id = v.external_id
 WHERE v.archived;

-- Where two of them live nobody knows: they count as being where the business is, and health() tells.
UPDATE campaign.contacts SET timezone = 'America/Springfield' WHERE external_id IN ('N-0100', 'N-0200');

-- The second business sends no more than this, and nothing on its holiday.
SELECT campaign.set_send_limit(id, 'email', per_hour => 20, per_day => 80) FROM campaign.tenants WHERE slug = 'brightwell';
INSERT INTO campaign.blackout_dates (tenant_id, day, name)
SELECT id, '2026-03-08', 'Frauentag' FROM campaign.tenants WHERE slug = 'brightwell';

-- One job for everybody; demo/play completes those that have a day.
INSERT INTO campaign.jobs (tenant_id, contact_id, service_type, external_id)
SELECT c.tenant_id, c.id, v.service_type, coalesce('day ' || v.job_day, 'never') || ', ' || v.external_id
  FROM csv v JOIN campaign.contacts c ON c.external_id = v.external_id;

-- Campaigns of one business are for different service types, and one is for all others. One is written
-- by hand: what it asks again depends on what the customer did, and what is a day late is moved or let go.
CREATE TEMP TABLE wanted (slug text, preset text, service_type text, name text);
INSERT INTO wanted VALUES
  ('northside', 'Conservative', 'roofing', 'After a new roof'),
  ('northside', 'Standard', NULL, 'After any other job'),
  ('brightwell', 'Standard', 'cleaning', 'Spotless?'),
  ('brightwell', 'Aggressive', 'handyman', 'Everything fixed?'),
  ('brightwell', 'Conservative', NULL, 'How did we do?');
DELETE FROM wanted WHERE slug <> :'slug';

SELECT campaign.create_campaign_from_template(p.id, w.name)
  FROM wanted w JOIN campaign.campaign_templates p ON p.is_system AND p.name = w.preset;
SELECT campaign.create_campaign(id, 'After a cleaning', '[
  {"channel": "sms", "label": "Review request", "delay_hours": 4, "max_lateness_hours": 24, "late": "skip"},
  {"channel": "email", "label": "By email", "delay_hours": 24, "condition": "no_response", "max_lateness_hours": 24, "late": "reschedule"},
  {"channel": "email", "label": "Who has read it", "delay_hours": 96, "condition": "opened_not_replied", "max_lateness_hours": 24, "late": "reschedule"},
  {"channel": "sms", "label": "Last reminder", "delay_hours": 120, "condition": "no_response", "max_lateness_hours": 24, "late": "skip"}]',
  service_type => 'cleaning', external_id => 'written by hand')
  FROM campaign.tenants WHERE slug = :'slug' AND slug = 'northside';
UPDATE campaign.campaigns c SET external_id = 'preset ' || w.preset FROM wanted w WHERE c.name = w.name;
UPDATE campaign.outreach_campaigns o SET service_type = w.service_type
  FROM campaign.campaigns c JOIN wanted w ON w.name = c.name
 WHERE o.campaign_id = c.id AND w.service_type IS NOT NULL;
SELECT campaign.launch_campaign(id) FROM campaign.campaigns;
