-- Contacts, their companies, what they consented to, and the addresses that are never used again.

-- What a CHECK asks is the same in every locale, or a dump would not load elsewhere.
CREATE FUNCTION campaign.normalize_address(address text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_normalize_address';
COMMENT ON FUNCTION campaign.normalize_address(text) IS
'The form in which addresses are compared: e-mail in lower case, phone as + and digits, profile URL in lower case without a trailing slash. Lower case is that of ASCII, in every locale.';

CREATE TABLE campaign.companies (
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL DEFAULT campaign.uuid_v7(),
  name        text NOT NULL,
  domain      text,
  tier        text,
  industry    text,
  region      text,
  size        text,
  external_id text,
  attributes  jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT companies_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT companies_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT companies_external_id_key UNIQUE (tenant_id, external_id),
  CONSTRAINT companies_external_id_check CHECK (external_id COLLATE "C" ~ '\S' AND pg_catalog.length(external_id) <= 255),
  CONSTRAINT companies_name_check CHECK (name COLLATE "C" ~ '\S' AND pg_catalog.length(name) <= 255),
  CONSTRAINT companies_attributes_check CHECK (pg_catalog.jsonb_typeof(attributes) = 'object' AND pg_catalog.octet_length(attributes::text) <= 65536)
);
SELECT pg_catalog.pg_extension_config_dump('campaign.companies', '');

CREATE TABLE campaign.contacts (
  tenant_id           uuid NOT NULL,
  id                  uuid NOT NULL DEFAULT campaign.uuid_v7(),
  first_name          text,
  last_name           text,
  name                text GENERATED ALWAYS AS
                        (pg_catalog.btrim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))) STORED,
  email               text,
  phone               text,
  linkedin_url        text,
  timezone            text,
  language            text,
  company_id          uuid,
  owner_member        text,
  job_title           text,
  seniority           text,
  icp_fit             text,
  score               numeric(6,2),
  is_disqualified     boolean NOT NULL DEFAULT false,
  disqualified_reason text,
  external_id         text,
  attributes          jsonb NOT NULL DEFAULT '{}',
  archived_at         timestamptz,
  created_at          timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at          timestamptz NOT NULL DEFAULT pg_catalog.now(),
  quiet_from          time,
  quiet_until         time,
  erased_at           timestamptz,
  CONSTRAINT contacts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT contacts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT contacts_company_fkey FOREIGN KEY (tenant_id, company_id) REFERENCES campaign.companies (tenant_id, id),
  CONSTRAINT contacts_external_id_key UNIQUE (tenant_id, external_id),
  CONSTRAINT contacts_address_check CHECK (email IS NOT NULL OR phone IS NOT NULL OR linkedin_url IS NOT NULL OR erased_at IS NOT NULL),
  CONSTRAINT contacts_quiet_hours_check CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),
  CONSTRAINT contacts_erased_check CHECK (erased_at IS NULL OR archived_at IS NOT NULL AND attributes = '{}' AND NOT is_disqualified
    AND pg_catalog.num_nonnulls(first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member,
      job_title, seniority, icp_fit, score, external_id, quiet_from) = 0),
  -- RFC 5321 bounds a path at 256 octets with its angle brackets
  CONSTRAINT contacts_email_check CHECK (email COLLATE "C" ~ '^[^@\s]+@[^@\s]+$' AND pg_catalog.length(email) <= 254),
  CONSTRAINT contacts_phone_check CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
  CONSTRAINT contacts_linkedin_url_check CHECK (linkedin_url COLLATE "C" ~* '^https?://[^\s]+$' AND pg_catalog.octet_length(linkedin_url) <= 2048),
  CONSTRAINT contacts_external_id_check CHECK (external_id COLLATE "C" ~ '\S' AND pg_catalog.length(external_id) <= 255),
  CONSTRAINT contacts_language_check CHECK (language ~ '^[a-z]{2}$'),
  CONSTRAINT contacts_names_check CHECK (pg_catalog.length(first_name) <= 255 AND pg_catalog.length(last_name) <= 255),
  CONSTRAINT contacts_disqualified_check CHECK (disqualified_reason IS NULL OR is_disqualified),
  CONSTRAINT contacts_attributes_check CHECK (pg_catalog.jsonb_typeof(attributes) = 'object' AND pg_catalog.octet_length(attributes::text) <= 65536)
);
CREATE INDEX contacts_company_idx ON campaign.contacts (tenant_id, company_id) WHERE company_id IS NOT NULL;
CREATE INDEX contacts_email_idx ON campaign.contacts (tenant_id, campaign.normalize_address(email));
CREATE INDEX contacts_phone_idx ON campaign.contacts (tenant_id, phone);
CREATE INDEX contacts_linkedin_url_idx ON campaign.contacts (tenant_id, campaign.normalize_address(linkedin_url)) WHERE linkedin_url IS NOT NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.contacts', '');

CREATE TABLE campaign.consents (
  tenant_id  uuid NOT NULL,
  contact_id uuid NOT NULL,
  channel    text COLLATE "C" NOT NULL,
  state      text NOT NULL,
  at         timestamptz NOT NULL,
  source     text,
  method     text,
  CONSTRAINT consents_pkey PRIMARY KEY (tenant_id, contact_id, channel),
  CONSTRAINT consents_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT consents_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT consents_channel_fkey FOREIGN KEY (channel) REFERENCES campaign.channels (channel),
  CONSTRAINT consents_state_check CHECK (state IN ('opted_in', 'opted_out', 'unknown'))
);
CREATE INDEX consents_channel_idx ON campaign.consents (channel);
SELECT pg_catalog.pg_extension_config_dump('campaign.consents', '');

CREATE TABLE campaign.suppressions (
  tenant_id uuid NOT NULL,
  address   text NOT NULL,
  reason    text NOT NULL,
  at        timestamptz NOT NULL,
  note      text,
  CONSTRAINT suppressions_pkey PRIMARY KEY (tenant_id, address),
  CONSTRAINT suppressions_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT suppressions_address_check CHECK (address <> '' AND address = campaign.normalize_address(address)
    AND pg_catalog.octet_length(address) <= 2048),
  CONSTRAINT suppressions_reason_check CHECK (reason IN ('hard_bounce', 'complaint', 'unsubscribe', 'manual'))
);
-- whether a tenant has erased anybody: only then is an address hashed to be looked up
CREATE INDEX suppressions_erased_idx ON campaign.suppressions (tenant_id) WHERE pg_catalog.starts_with(address, 'hmac-sha256:');
SELECT pg_catalog.pg_extension_config_dump('campaign.suppressions', '');

-- A company that goes leaves its contacts behind.
CREATE FUNCTION campaign.release_company_contacts() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE campaign.contacts SET company_id = NULL
   WHERE tenant_id = OLD.tenant_id AND company_id = OLD.id;
  RETURN OLD;
END $$;
COMMENT ON FUNCTION campaign.release_company_contacts() IS
'Trigger: clears the link of a company''s contacts before the company is deleted.';
CREATE TRIGGER release_contacts BEFORE DELETE ON campaign.companies
  FOR EACH ROW EXECUTE FUNCTION campaign.release_company_contacts();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.companies
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.contacts
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

-- The contact of a caller's tenant, locked against enrolment and against other stops.
CREATE FUNCTION campaign.lock_contact(contact uuid) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contact;
  PERFORM campaign.lock_tenant_key(owner_tenant);
  PERFORM FROM campaign.contacts c WHERE c.tenant_id = owner_tenant AND c.id = contact FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" does not exist', contact
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  RETURN owner_tenant;
END $$;
COMMENT ON FUNCTION campaign.lock_contact(uuid) IS
'Internal: locks a contact of the caller''s writable tenants FOR NO KEY UPDATE and returns its tenant; raises P0002.';

-- One contact at a time: with a list the planner may take the contact for the lesser condition and read
-- all live enrolments of the tenant.
CREATE FUNCTION campaign.live_enrollments(tenant uuid, contacts uuid[]) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT l.id FROM unnest(contacts) AS k(id)
                CROSS JOIN LATERAL (SELECT e.id FROM campaign.campaign_enrollments e
                                     WHERE e.tenant_id = tenant AND e.contact_id = k.id AND e.status = 'active' OFFSET 0) l
                ORDER BY l.id);
END $$;
COMMENT ON FUNCTION campaign.live_enrollments(uuid, uuid[]) IS
'Internal: the live enrolments of contacts, in order.';

-- Claims lock queue rows only. Whoever changes what a gate reads of a contact holds the
-- contact's queue rows until it commits, so that no claim can decide without seeing it.
CREATE FUNCTION campaign.lock_contact_touches(tenant uuid, contacts uuid[]) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  one uuid;
  locked uuid[] := '{}';
BEGIN
  FOREACH one IN ARRAY campaign.live_enrollments(tenant, contacts) LOOP
    PERFORM FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = one FOR UPDATE;
    IF FOUND THEN
      locked := locked || one;
    END IF;
  END LOOP;
  RETURN locked;
END $$;
COMMENT ON FUNCTION campaign.lock_contact_touches(uuid, uuid[]) IS
'Internal: locks the queue rows of the contacts'' live enrolments, in the order of the enrolments, until the end of the transaction; returns the enrolments.';

CREATE FUNCTION campaign.set_consent(contact uuid, channel text, state text, source text DEFAULT NULL, method text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
  at_time timestamptz := campaign.now();
BEGIN
  IF state IS NULL OR state NOT IN ('opted_in', 'opted_out', 'unknown') THEN
    RAISE EXCEPTION 'invalid consent state %', coalesce(quote_literal(state), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The states are opted_in, opted_out and unknown.',
            HINT = 'Record what the contact said about this channel.';
  END IF;
  IF NOT EXISTS (SELECT FROM campaign.channels c WHERE c.channel = set_consent.channel) THEN
    RAISE EXCEPTION 'channel % does not exist', coalesce(quote_literal(channel), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Consent is recorded per channel.',
            HINT = 'See the table campaign.channels.';
  END IF;
  PERFORM campaign.require_read_committed('set_consent()');
  owner_tenant := campaign.lock_contact(contact);
  PERFORM campaign.refuse_erased(owner_tenant, contact);
  PERFORM campaign.lock_contact_touches(owner_tenant, ARRAY[contact]);
  INSERT INTO campaign.consents AS c (tenant_id, contact_id, channel, state, at, source, method)
  VALUES (owner_tenant, contact, channel, state, at_time, source, method)
  ON CONFLICT ON CONSTRAINT consents_pkey
  DO UPDATE SET state = EXCLUDED.state, at = EXCLUDED.at, source = EXCLUDED.source, method = EXCLUDED.method;
END $$;
COMMENT ON FUNCTION campaign.set_consent(uuid, text, text, text, text) IS
'Records what a contact consented to on a channel: opted_in, opted_out or unknown, with its source and method. Takes effect for every claim and begin_send after the commit. Raises P0002 for a contact that is not yours, CP002 for one that was erased, 22023 for an unknown channel or state, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.suppress_address(tenant uuid, address text, reason text DEFAULT 'manual', note text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  normal text := campaign.normalize_address(address);
  hashed text;
  at_time timestamptz := campaign.now();
  affected uuid[];
BEGIN
  PERFORM campaign.require_tenant(tenant);
  IF coalesce(normal, '') = '' OR octet_length(normal) > 2048 THEN
    RAISE EXCEPTION 'address must have 1 to 2048 bytes'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'An address is an e-mail address, a phone number or a profile URL.',
            HINT = 'Pass the address that must never be used again.';
  END IF;
  IF reason IS NULL OR reason NOT IN ('hard_bounce', 'complaint', 'unsubscribe', 'manual') THEN
    RAISE EXCEPTION 'invalid suppression reason %', coalesce(quote_literal(reason), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The reasons are hard_bounce, complaint, unsubscribe and manual.',
            HINT = 'Use manual for a decision of your own.';
  END IF;
  PERFORM campaign.require_read_committed('suppress_address()');
  -- tenant, contacts, queue rows, each in order: the lock order of campaign.h
  PERFORM campaign.lock_tenant_key(tenant);
  hashed := campaign.address_hash(tenant, normal);
  SELECT array_agg(l.id ORDER BY l.id) INTO affected
    FROM (SELECT c.id FROM campaign.contacts c
           WHERE c.tenant_id = tenant
             AND (campaign.normalize_address(c.email) = normal OR c.phone = normal
                  OR campaign.normalize_address(c.linkedin_url) = normal)
           ORDER BY c.id FOR NO KEY UPDATE) l;
  PERFORM campaign.lock_contact_touches(tenant, affected);
  -- it may stand there as a hash, since an erased contact had it
  INSERT INTO campaign.suppressions (tenant_id, address, reason, at, note)
  SELECT tenant, normal, reason, at_time, note
   WHERE NOT EXISTS (SELECT FROM campaign.suppressions s WHERE s.tenant_id = tenant AND s.address = hashed)
  ON CONFLICT ON CONSTRAINT suppressions_pkey DO NOTHING;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION campaign.suppress_address(uuid, text, text, text) IS
'Never sends to an address again, whoever has it. The first reason wins: false says that the address was suppressed already. Seen by every claim and begin_send after the commit. Raises P0002 for a tenant that is not yours, 22023 for a bad address or reason, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.lift_suppression(tenant uuid, address text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  normal text := campaign.normalize_address(address);
  hashed text;
BEGIN
  PERFORM campaign.lock_owned_tenant(tenant);
  hashed := campaign.address_hash(tenant, normal);
  DELETE FROM campaign.suppressions s WHERE s.tenant_id = tenant AND s.address IN (normal, hashed);
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION campaign.lift_suppression(uuid, text) IS
'Allows an address again (owners only); false if it was not suppressed. Raises P0002 for a tenant that is not yours, 42501 if you do not own it.';

CREATE FUNCTION campaign.archive_contact(contact uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
  at_time timestamptz := campaign.now();
BEGIN
  PERFORM campaign.require_read_committed('archive_contact()');
  owner_tenant := campaign.lock_contact(contact);
  UPDATE campaign.contacts c SET archived_at = at_time
   WHERE c.tenant_id = owner_tenant AND c.id = contact AND c.archived_at IS NULL;
  RETURN campaign.stop_contact_enrollments(owner_tenant, contact, 'contact_archived');
END $$;
COMMENT ON FUNCTION campaign.archive_contact(uuid) IS
'Archives a contact and stops its live enrolments (contact_archived); returns how many were stopped. Raises P0002 for a contact that is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.unarchive_contact(contact uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid := campaign.lock_contact(contact);
BEGIN
  PERFORM campaign.refuse_erased(owner_tenant, contact);
  UPDATE campaign.contacts c SET archived_at = NULL
   WHERE c.tenant_id = owner_tenant AND c.id = contact AND c.archived_at IS NOT NULL;
END $$;
COMMENT ON FUNCTION campaign.unarchive_contact(uuid) IS
'Takes a contact back from the archive. Stopped enrolments stay stopped. Raises P0002 for a contact that is not yours, CP002 for one that was erased.';

-- A worker was given the old address, and its suppression would not find the contact any more:
-- what is leased and not begun goes back, to be claimed with the new one.
CREATE FUNCTION campaign.follow_contact_address() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  live uuid[] := campaign.lock_contact_touches(NEW.tenant_id, ARRAY[NEW.id]);
  lease_time timestamptz := clock_timestamp();
BEGIN
  PERFORM campaign.return_send_usage(q.tenant_id, q.lane, q.claimed_at) FROM campaign.touch_queue q
   WHERE q.tenant_id = NEW.tenant_id AND q.enrollment_id = ANY (live) AND q.flags = 0 AND q.lease_until > lease_time;
  UPDATE campaign.touch_queue q SET lease_until = '-infinity', claimed_at = '-infinity', fence = 0, worker_id = 0, attempt = q.attempt - 1
   WHERE q.tenant_id = NEW.tenant_id AND q.enrollment_id = ANY (live) AND q.flags = 0 AND q.lease_until > lease_time;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION campaign.follow_contact_address() IS
'Trigger on contacts: a changed address ends the leases of the contact''s touches that were not begun; begin_send then answers lease_lost.';
CREATE TRIGGER follow_address AFTER UPDATE OF email, phone, linkedin_url ON campaign.contacts
  FOR EACH ROW WHEN (NEW.email IS DISTINCT FROM OLD.email OR NEW.phone IS DISTINCT FROM OLD.phone
                     OR NEW.linkedin_url IS DISTINCT FROM OLD.linkedin_url)
  EXECUTE FUNCTION campaign.follow_contact_address();

ALTER TABLE campaign.companies ENABLE ROW LEVEL SECURITY;
CREATE POLICY companies_select ON campaign.companies FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY companies_insert ON campaign.companies FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY companies_update ON campaign.companies FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY companies_delete ON campaign.companies FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));

ALTER TABLE campaign.contacts ENABLE ROW LEVEL SECURITY;
CREATE POLICY contacts_select ON campaign.contacts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY contacts_insert ON campaign.contacts FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY contacts_update ON campaign.contacts FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));
CREATE POLICY contacts_delete ON campaign.contacts FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));

ALTER TABLE campaign.consents ENABLE ROW LEVEL SECURITY;
CREATE POLICY consents_select ON campaign.consents FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.suppressions ENABLE ROW LEVEL SECURITY;
CREATE POLICY suppressions_select ON campaign.suppressions FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.companies'),
  ('member', 'INSERT (tenant_id, name, domain, tier, industry, region, size, external_id, attributes)', 'TABLE campaign.companies'),
  ('member', 'UPDATE (name, domain, tier, industry, region, size, external_id, attributes)', 'TABLE campaign.companies'),
  ('member', 'DELETE', 'TABLE campaign.companies'),
  ('member', 'SELECT', 'TABLE campaign.contacts'),
  ('member', 'INSERT (tenant_id, first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, quiet_from, quiet_until)', 'TABLE campaign.contacts'),
  ('member', 'UPDATE (first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, quiet_from, quiet_until)', 'TABLE campaign.contacts'),
  ('member', 'DELETE', 'TABLE campaign.contacts'),
  ('member', 'SELECT', 'TABLE campaign.consents'),
  ('member', 'SELECT', 'TABLE campaign.suppressions'),
  ('member', 'EXECUTE', 'FUNCTION campaign.normalize_address(text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.set_consent(uuid, text, text, text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.suppress_address(uuid, text, text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.lift_suppression(uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.archive_contact(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.unarchive_contact(uuid)');

COMMENT ON TABLE campaign.companies IS 'Companies of a tenant''s contacts.';
COMMENT ON COLUMN campaign.companies.external_id IS 'The company''s id in the tenant''s own systems; unique within the tenant.';
COMMENT ON COLUMN campaign.companies.tier IS 'How much the company matters to the tenant, in words of his own; filters compare it exactly.';
COMMENT ON COLUMN campaign.companies.industry IS 'In words of the tenant''s own; filters compare it exactly.';
COMMENT ON TABLE campaign.contacts IS 'The people a tenant writes to. At least one of email, phone and linkedin_url.';
COMMENT ON COLUMN campaign.contacts.name IS 'First and last name, generated.';
COMMENT ON COLUMN campaign.contacts.email IS 'E-mail address as given; compared in lower case.';
COMMENT ON COLUMN campaign.contacts.phone IS 'Phone number in E.164, such as +4930123456.';
COMMENT ON COLUMN campaign.contacts.timezone IS 'IANA time zone of the contact; unknown names are kept and fall back to the tenant''s.';
COMMENT ON COLUMN campaign.contacts.language IS 'ISO 639-1 code.';
COMMENT ON COLUMN campaign.contacts.company_id IS 'The company, of which tier and industry are.';
COMMENT ON COLUMN campaign.contacts.owner_member IS 'The member who looks after the contact.';
COMMENT ON COLUMN campaign.contacts.seniority IS 'In words of the tenant''s own; filters compare it exactly.';
COMMENT ON COLUMN campaign.contacts.icp_fit IS 'How well the contact fits the ideal customer, in words of the tenant''s own; filters compare it exactly.';
COMMENT ON COLUMN campaign.contacts.score IS 'The higher, the better; NULL: not judged.';
COMMENT ON COLUMN campaign.contacts.is_disqualified IS 'Not to be assigned to campaigns.';
COMMENT ON COLUMN campaign.contacts.attributes IS 'Object of whatever the tenant knows, at most 64 kB; {{contact.attributes.<key>}} in a message.';
COMMENT ON COLUMN campaign.contacts.external_id IS 'The contact''s id in the tenant''s own systems; unique within the tenant.';
COMMENT ON COLUMN campaign.contacts.quiet_from IS 'Start of the contact''s own quiet hours; NULL: those of the tenant, else of the channel.';
COMMENT ON COLUMN campaign.contacts.quiet_until IS 'End of the contact''s own quiet hours; equal to quiet_from: there are none.';
COMMENT ON COLUMN campaign.contacts.erased_at IS 'Set by campaign.erase_contact(): nothing personal is left in the row.';
COMMENT ON COLUMN campaign.contacts.archived_at IS 'Set by campaign.archive_contact(): an archived contact receives nothing.';
COMMENT ON TABLE campaign.consents IS 'What a contact said about a channel; written by campaign.set_consent().';
COMMENT ON COLUMN campaign.consents.at IS 'When it was said, by the engine''s clock.';
COMMENT ON TABLE campaign.suppressions IS 'Addresses that are never used again, in normal form, or as a keyed hash (hmac-sha256:...) where the contact was erased; written by campaign.suppress_address().';
COMMENT ON COLUMN campaign.suppressions.at IS 'When it was suppressed, by the engine''s clock.';
COMMENT ON POLICY companies_select ON campaign.companies IS 'Members read their tenants''.';
COMMENT ON POLICY companies_insert ON campaign.companies IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY companies_update ON campaign.companies IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY companies_delete ON campaign.companies IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY contacts_select ON campaign.contacts IS 'Members read their tenants''.';
COMMENT ON POLICY contacts_insert ON campaign.contacts IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY contacts_update ON campaign.contacts IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY contacts_delete ON campaign.contacts IS 'Owners and editors write their tenants''.';
COMMENT ON POLICY consents_select ON campaign.consents IS 'Members read their tenants''.';
COMMENT ON POLICY suppressions_select ON campaign.suppressions IS 'Members read their tenants''.';
COMMENT ON TRIGGER release_contacts ON campaign.companies IS 'A company that goes leaves its contacts behind.';
COMMENT ON TRIGGER touch_updated_at ON campaign.companies IS 'Keeps updated_at.';
COMMENT ON TRIGGER touch_updated_at ON campaign.contacts IS 'Keeps updated_at.';
COMMENT ON TRIGGER follow_address ON campaign.contacts IS 'Who was given the old address sends nothing any more.';
