-- What is held on a person: all of it in one document, and all of it gone, on request.

-- Where a contact's data lie. A room that stores some adds a row; erase_contact() and
-- export_contact() know no table of their own.
CREATE TABLE campaign.personal_data (
  relation  text NOT NULL,
  position  integer NOT NULL,
  belongs   text NOT NULL,
  scrub     text,
  omit      text[] NOT NULL DEFAULT '{}',
  removes   boolean NOT NULL DEFAULT false,
  CONSTRAINT personal_data_pkey PRIMARY KEY (relation),
  CONSTRAINT personal_data_removes_check CHECK (NOT removes OR scrub IS NULL)
);
COMMENT ON TABLE campaign.personal_data IS 'Which rows of which tables belong to a contact, and how they are scrubbed. Part of the extension, not dumped.';
COMMENT ON COLUMN campaign.personal_data.relation IS 'The name of the table; also its key in campaign.export_contact().';
COMMENT ON COLUMN campaign.personal_data.position IS 'The order in which erase_contact() goes.';
COMMENT ON COLUMN campaign.personal_data.belongs IS 'Condition on row t of the table: $1 is the tenant, $2 the contact.';
COMMENT ON COLUMN campaign.personal_data.scrub IS 'The SET list that leaves nothing personal, $3 being the time; NULL: there is nothing to scrub.';
COMMENT ON COLUMN campaign.personal_data.removes IS 'The rows go, since they say nothing but something personal.';
COMMENT ON COLUMN campaign.personal_data.omit IS 'Columns that say nothing about the person, left out of the export.';

INSERT INTO campaign.personal_data (relation, position, belongs, scrub, omit) VALUES
  ('companies', 1, 't.id = (SELECT c.company_id FROM campaign.contacts c WHERE c.tenant_id = $1 AND c.id = $2)', NULL, '{}'),
  ('consents', 2, 't.contact_id = $2', 'source = NULL, method = NULL', '{}'),
  ('suppressions', 3, 't.address = ANY ((SELECT campaign.contact_addresses($1, $2))::text[])', NULL, '{}'),
  ('jobs', 4, 't.contact_id = $2', 'external_id = NULL', '{}'),
  ('job_enrollments', 5, 't.job_id IN (SELECT j.id FROM campaign.jobs j WHERE j.tenant_id = $1 AND j.contact_id = $2)', NULL, '{}'),
  ('campaign_enrollments', 6, 't.contact_id = $2', NULL, '{}'),
  ('enrollment_conflicts', 7, 't.contact_id = $2', NULL, '{}'),
  ('touch_queue', 8,
   't.enrollment_id IN (SELECT e.id FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.contact_id = $2)', NULL,
   '{fence,worker_id,lane,attempt_base,resume_touch,flags}'),
  -- a reason of the engine's is a code; a worker may have written a sentence
  ('send_logs', 9, 't.contact_id = $2',
   'address = NULL, subject = NULL, provider_id = NULL, error = NULL, metadata = NULL, '
   'reason = CASE WHEN t.reason COLLATE "C" ~ ''^[a-z][a-z0-9_]{0,62}$'' THEN t.reason END', '{fence,worker_id}'),
  -- also what came early and has found no message yet
  ('touch_events', 10, '(t.contact_id = $2 OR t.unmatched AND t.address = ANY ((SELECT campaign.contact_addresses($1, $2))::text[]))',
   'provider_id = NULL, address = NULL, data = NULL', '{}'),
  -- last: its addresses are asked for until then
  ('contacts', 100, 't.id = $2',
   'first_name = NULL, last_name = NULL, email = NULL, phone = NULL, linkedin_url = NULL, timezone = NULL, language = NULL, company_id = NULL, '
   'owner_member = NULL, job_title = NULL, seniority = NULL, icp_fit = NULL, score = NULL, is_disqualified = false, disqualified_reason = NULL, '
   'external_id = NULL, attributes = ''{}'', quiet_from = NULL, quiet_until = NULL, '
   'archived_at = coalesce(t.archived_at, $3), erased_at = coalesce(t.erased_at, $3)', '{}');

-- Never the address itself: who comes back under it is still suppressed, and nobody can read it.
CREATE INDEX suppressions_hashed_idx ON campaign.suppressions (tenant_id, address) WHERE pg_catalog.starts_with(address, 'hmac-sha256:');

CREATE FUNCTION campaign.contact_addresses(tenant uuid, contact uuid) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT x.form
                 FROM campaign.contacts c
                CROSS JOIN LATERAL unnest(ARRAY[c.email, c.phone, c.linkedin_url]) a (address)
                CROSS JOIN LATERAL unnest(ARRAY[campaign.normalize_address(a.address),
                                                campaign.address_hash(tenant, campaign.normalize_address(a.address))]) x (form)
                WHERE c.tenant_id = tenant AND c.id = contact AND a.address IS NOT NULL);
END $$;
COMMENT ON FUNCTION campaign.contact_addresses(uuid, uuid) IS
'Internal: the addresses of a contact as they may stand in suppressions: in normal form, and hashed.';

-- Everything that could still write about the contact is waited for, or waits: enrolments, consents
-- and manual sends for the contact's row, reports for the enrolments, claims for the queue rows.
-- Jobs come before their contact, as where a member changes a job's status.
CREATE FUNCTION campaign.lock_contact_for_erasure(contact uuid) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.readable_tenants()) AND c.id = contact;
  IF owner_tenant IS NOT NULL AND owner_tenant <> ALL (campaign.owned_tenants()) THEN
    RAISE EXCEPTION 'must be owner of tenant "%"', owner_tenant
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'What is erased does not come back.',
            HINT = 'Ask one of its owners; table campaign.tenant_members lists them.';
  END IF;
  PERFORM campaign.lock_tenant_key(owner_tenant);
  IF campaign.address_hash(owner_tenant, '') IS NULL THEN
    PERFORM campaign.ensure_tenant_keys(owner_tenant);
  END IF;
  PERFORM FROM campaign.jobs j WHERE j.tenant_id = owner_tenant AND j.contact_id = contact ORDER BY j.id FOR NO KEY UPDATE;
  PERFORM FROM campaign.contacts c WHERE c.tenant_id = owner_tenant AND c.id = contact FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact % does not exist', coalesce('"' || contact || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant of yours has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  PERFORM FROM campaign.campaign_enrollments e WHERE e.tenant_id = owner_tenant AND e.contact_id = contact
    ORDER BY e.id FOR NO KEY UPDATE;
  RETURN owner_tenant;
END $$;
COMMENT ON FUNCTION campaign.lock_contact_for_erasure(uuid) IS
'Internal: locks a contact of a tenant that the caller owns, with its jobs and enrolments, and returns the tenant; raises P0002 or 42501.';

-- What another contact has as well stays readable: it is that one's, too.
CREATE FUNCTION campaign.hash_contact_suppressions(tenant uuid, contact uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  item record;
BEGIN
  FOR item IN
    SELECT a.kind, campaign.normalize_address(a.address) AS plain,
           campaign.address_hash(tenant, campaign.normalize_address(a.address)) AS hashed
      FROM campaign.contacts c
     CROSS JOIN LATERAL (VALUES ('email', c.email), ('phone', c.phone), ('linkedin_url', c.linkedin_url)) a (kind, address)
     WHERE c.tenant_id = tenant AND c.id = contact AND a.address IS NOT NULL
     ORDER BY a.kind
  LOOP
    INSERT INTO campaign.suppressions (tenant_id, address, reason, at)
    SELECT tenant, item.hashed, s.reason, s.at FROM campaign.suppressions s
     WHERE s.tenant_id = tenant AND s.address = item.plain
    ON CONFLICT ON CONSTRAINT suppressions_pkey DO NOTHING;
    CONTINUE WHEN EXISTS (
      SELECT FROM campaign.contacts o
       WHERE o.tenant_id = tenant AND o.id <> contact
         AND (campaign.normalize_address(o.email) = item.plain OR o.phone = item.plain
              OR campaign.normalize_address(o.linkedin_url) = item.plain));
    DELETE FROM campaign.suppressions s WHERE s.tenant_id = tenant AND s.address = item.plain;
    -- who opted out of what is sent unasked must not be sent it as a new contact
    INSERT INTO campaign.suppressions (tenant_id, address, reason, at)
    SELECT tenant, item.hashed, 'unsubscribe', min(n.at)
      FROM campaign.consents n JOIN campaign.channels h ON h.channel = n.channel
     WHERE n.tenant_id = tenant AND n.contact_id = contact AND n.state = 'opted_out'
       AND h.address_kind = item.kind AND h.consent = 'not_opted_out'
    HAVING count(*) > 0
    ON CONFLICT ON CONSTRAINT suppressions_pkey DO NOTHING;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.hash_contact_suppressions(uuid, uuid) IS
'Internal: keeps the suppressions of a contact''s addresses as keyed hashes, and adds one for an address whose channel was opted out of.';

CREATE FUNCTION campaign.erase_contact(contact uuid, OUT relation text, OUT scrubbed bigint) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
  now_time timestamptz := campaign.now();
  item record;
BEGIN
  PERFORM campaign.require_read_committed('erase_contact()');
  owner_tenant := campaign.lock_contact_for_erasure(contact);
  PERFORM campaign.stop_contact_enrollments(owner_tenant, contact, 'contact_archived');
  PERFORM campaign.hash_contact_suppressions(owner_tenant, contact);
  FOR item IN
    SELECT p.relation, p.belongs, p.scrub, p.removes FROM campaign.personal_data p
     WHERE p.scrub IS NOT NULL OR p.removes ORDER BY p.position, p.relation
  LOOP
    EXECUTE format(CASE WHEN item.removes THEN 'DELETE FROM campaign.%1$I t WHERE t.tenant_id = $1 AND %3$s'
                        ELSE 'UPDATE campaign.%1$I t SET %2$s WHERE t.tenant_id = $1 AND %3$s' END,
                   item.relation, item.scrub, item.belongs)
      USING owner_tenant, contact, now_time;
    GET DIAGNOSTICS scrubbed = ROW_COUNT;
    relation := item.relation;
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.erase_contact(uuid) IS
'Scrubs what is held on a person, wherever it lies, for good: the contact''s live enrolments are stopped (contact_archived), it is archived, and its rows lose everything personal; what was counted stays counted. A suppressed address stays suppressed, as a keyed hash. Returns the rows scrubbed per table; called again it scrubs what was written since. For owners. Raises P0002 for a contact that is not yours, 42501 if you do not own its tenant, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.export_contact(contact uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
  item record;
  part jsonb;
  document jsonb := '{}';
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.readable_tenants()) AND c.id = contact;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact % does not exist', coalesce('"' || contact || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant of yours has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  FOR item IN SELECT p.relation, p.belongs, p.omit FROM campaign.personal_data p ORDER BY p.position LOOP
    -- ids are in the order of time
    EXECUTE format('SELECT coalesce(jsonb_agg(r.item ORDER BY r.item ->> ''id'' COLLATE "C", r.item::text COLLATE "C"), ''[]'')'
                   ' FROM (SELECT to_jsonb(t) - $3 AS item FROM campaign.%I t WHERE t.tenant_id = $1 AND %s) r', item.relation, item.belongs)
      INTO part USING owner_tenant, contact, item.omit || 'tenant_id'::text;
    document := document || jsonb_build_object(item.relation, part);
  END LOOP;
  RETURN document;
END $$;
COMMENT ON FUNCTION campaign.export_contact(uuid) IS
'Everything that is held on a person, as one document: an array of rows for each table that has some, by the table''s name. For members of the contact''s tenant. Raises P0002 for a contact that is not yours.';

CREATE FUNCTION campaign.refuse_erased(tenant uuid, contact uuid) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = contact AND c.erased_at IS NOT NULL) THEN
    RAISE EXCEPTION 'contact "%" was erased', contact
      USING ERRCODE = 'CP002',
            DETAIL = 'Nothing is held on the person any more, and nothing is recorded.',
            HINT = 'If the person comes back, make a new contact.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.refuse_erased(uuid, uuid) IS
'Internal: raises CP002 for a contact that was erased.';

INSERT INTO campaign.constraint_hints (constraint_name, hint) VALUES
  ('contacts_erased_check', 'An erased contact stays empty; if the person comes back, make a new contact.');
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.erase_contact(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.export_contact(uuid)');
