-- What the third business does for itself, as its own role: settings, its prospects from the same CSV, what a
-- data service has told it of them, their tags, and the stages of research that each of them has gone through.

UPDATE campaign.tenants
   SET sender_name = 'Ada of Harbour', link_base_url = 'https://harbour.example/l'
 WHERE slug = 'harbour';

CREATE TEMP TABLE csv (
  tenant text, external_id text, first_name text, last_name text, email text, phone text, timezone text, language text,
  city text, email_consent text, sms_consent text, archived boolean, service_type text, job_day integer
);
\copy csv FROM 'demo/contacts.csv' (FORMAT csv, HEADER true)
-- any number will do, as long as it is the same in every run
ALTER TABLE csv ADD luck integer;
UPDATE csv SET luck = ('x' || substr(md5(external_id), 1, 4))::bit(16)::integer;

INSERT INTO campaign.companies (tenant_id, name, industry, tier, external_id)
SELECT t.id, a.name || ' ' || b.name, b.industry, chr(65 + (a.n + b.n)::integer % 3), format('%s-%s', a.n, b.n)
  FROM campaign.tenants t
 CROSS JOIN unnest(ARRAY['Alder', 'Beacon', 'Cedar', 'Dover', 'Elm', 'Falcon', 'Granite', 'Heron', 'Iris', 'Juniper']) WITH ORDINALITY a(name, n)
 CROSS JOIN unnest(ARRAY['Estates', 'Offices', 'Hotels', 'Clinics'], ARRAY['property', 'property', 'hospitality', 'health'])
       WITH ORDINALITY b(name, industry, n)
 WHERE t.slug = 'harbour';

INSERT INTO campaign.contacts (tenant_id, external_id, first_name, last_name, email, phone, timezone, language, attributes,
  linkedin_url, company_id, job_title, score, is_disqualified, disqualified_reason)
SELECT t.id, v.external_id, v.first_name, v.last_name, v.email, v.phone, v.timezone, v.language, jsonb_build_object('city', v.city),
       CASE WHEN v.luck % 10 < 8 THEN 'https://linkedin.example/in/' || lower(v.external_id) END, o.id,
       (ARRAY['Facility manager', 'Head of operations', 'Owner', 'Caretaker'])[1 + v.luck % 4], v.luck / 4 % 101,
       v.luck % 37 = 0, CASE WHEN v.luck % 37 = 0 THEN 'works for a competitor' END
  FROM csv v
  JOIN campaign.tenants t ON t.slug = 'harbour'
  JOIN campaign.companies o ON o.external_id = format('%s-%s', 1 + v.luck % 10, 1 + v.luck / 10 % 4);

SELECT campaign.set_consent(c.id, 'email', 'opted_out', 'import', 'form')
  FROM csv v JOIN campaign.contacts c ON c.external_id = v.external_id WHERE v.email_consent = 'opted_out';
SELECT campaign.archive_contact(c.id) FROM csv v JOIN campaign.contacts c ON c.external_id = v.external_id WHERE v.archived;
SELECT campaign.tag_contacts(t.id, ARRAY(SELECT c.id FROM campaign.contacts c WHERE c.job_title <> 'Caretaker'), '{decides}')
  FROM campaign.tenants t WHERE t.slug = 'harbour';

-- Who has asked not to be written to any more, over no channel.
SELECT campaign.suppress_address(c.tenant_id, a.address, 'manual', 'asked us by phone')
  FROM csv v
  JOIN campaign.contacts c ON c.external_id = v.external_id
 CROSS JOIN LATERAL (VALUES (c.email), (c.linkedin_url)) a(address)
 WHERE v.luck % 41 = 0 AND a.address IS NOT NULL;

SELECT campaign.record_stage('company', o.id, s.stage) FROM campaign.companies o CROSS JOIN unnest(ARRAY['l1', 'l2']) s(stage);
SELECT campaign.record_stage('contact', c.id, 'person')
  FROM csv v JOIN campaign.contacts c ON c.external_id = v.external_id
 WHERE c.archived_at IS NULL AND c.score >= 50 AND v.luck % 17 <> 0;

-- Somebody has signed up under a name that a spreadsheet would run.
UPDATE campaign.contacts SET first_name = '=HYPERLINK("https://evil.example","' || first_name || '")'
 WHERE external_id = (SELECT c.external_id FROM campaign.contacts c JOIN campaign.entity_stages s ON s.contact_id = c.id
                       WHERE c.language = 'es' AND c.job_title <> 'Caretaker' AND c.score >= 60 AND num_nulls(c.email, c.linkedin_url) = 0
                         AND NOT c.is_disqualified AND NOT EXISTS (SELECT FROM campaign.suppressions x WHERE x.address = c.email)
                       ORDER BY c.external_id LIMIT 1);
