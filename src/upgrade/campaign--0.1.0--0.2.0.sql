-- campaign 0.1.0 to 0.2.0: quiet hours, caps, events, conflicts, counts, plan changes, erasure, maintenance.
\echo Use "ALTER EXTENSION campaign UPDATE TO '0.2.0'" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

-- what is counted below is not changed meanwhile
LOCK TABLE campaign.campaign_enrollments, campaign.send_logs, campaign.touch_queue IN SHARE ROW EXCLUSIVE MODE;

DELETE FROM campaign.access_privileges p
 WHERE (p.privilege LIKE 'INSERT (%' OR p.privilege LIKE 'UPDATE (%') AND p.level = 'member'
   AND p.object IN ('TABLE campaign.contacts', 'TABLE campaign.tenants', 'TABLE campaign.outreach_campaigns')
    OR p.object IN ('FUNCTION campaign.resume_campaign(uuid, text)', 'FUNCTION campaign.resolve_uncertain(text, text, text)');
DROP FUNCTION campaign.resume_campaign(uuid, text);
DROP FUNCTION campaign.require_sendable_plan(uuid, uuid);
DROP FUNCTION campaign.resolve_uncertain(text, text, text);

INSERT INTO campaign.schema_version (version, description) VALUES ('0.2.0', 'updated from 0.1.0');

CREATE FUNCTION campaign.asking_role() RETURNS oid
  LANGUAGE C STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_asking_role';

COMMENT ON FUNCTION campaign.asking_role() IS 'Internal: the role of the session (SET ROLE counts, a definer function does not), whatever a member is. NULL where current_member() is nobody because somebody else''s code runs.';

CREATE FUNCTION campaign.is_worker() RETURNS boolean
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN coalesce(pg_catalog.has_function_privilege(campaign.asking_role(), 'campaign.begin_send(pg_catalog.text)', 'EXECUTE'), false);

COMMENT ON FUNCTION campaign.is_worker() IS 'Internal: whether the asking role has the level worker, so that a function that members call as well knows no bounds of tenants.';

ALTER TABLE campaign.tenants
  ADD COLUMN quiet_from time,
  ADD COLUMN quiet_until time,
  ADD COLUMN conflict_policy text NOT NULL DEFAULT 'ask',
  ADD COLUMN review_cooldown interval NOT NULL DEFAULT '30 days',
  ADD COLUMN parallel_sequences boolean NOT NULL DEFAULT false,
  ADD COLUMN log_retention interval,
  ADD CONSTRAINT tenants_quiet_hours_check CHECK ((quiet_from IS NULL) OPERATOR(pg_catalog.=) (quiet_until IS NULL)),
  ADD CONSTRAINT tenants_conflict_policy_check CHECK (conflict_policy IN ('ask', 'replace', 'skip', 'queue')),
  ADD CONSTRAINT tenants_review_cooldown_check CHECK (review_cooldown OPERATOR(pg_catalog.>=) '7 days'::pg_catalog.interval
    AND review_cooldown OPERATOR(pg_catalog.<=) '90 days'::pg_catalog.interval),
  ADD CONSTRAINT tenants_log_retention_check CHECK (log_retention OPERATOR(pg_catalog.>=) '90 days'::pg_catalog.interval);

COMMENT ON COLUMN campaign.tenants.quiet_from IS 'Start of the quiet hours, in the contact''s time zone; NULL: those of the channel.';

COMMENT ON COLUMN campaign.tenants.quiet_until IS 'End of the quiet hours, before quiet_from if they pass midnight; equal to it: there are none.';

COMMENT ON COLUMN campaign.tenants.conflict_policy IS 'What happens to a contact who is in another live sequence: ask, replace, skip or queue.';

COMMENT ON COLUMN campaign.tenants.review_cooldown IS 'Who reviewed or gave feedback is left alone for so long: 7 to 90 days.';

COMMENT ON COLUMN campaign.tenants.parallel_sequences IS 'Whether a contact may be in several campaigns at a time.';

COMMENT ON COLUMN campaign.tenants.log_retention IS 'How long ended history is kept, at least 90 days; NULL: for ever.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'UPDATE (name, timezone, sender_name, review_url, link_base_url, min_gap, quiet_from, quiet_until, conflict_policy, review_cooldown, parallel_sequences, log_retention)', 'TABLE campaign.tenants');

CREATE FUNCTION campaign.cluster_identity(OUT system_identifier bigint, OUT timeline integer, OUT database_id bigint,
  OUT data_directory text, OUT control_file bigint, OUT host text)
RETURNS record
  LANGUAGE C STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_cluster_identity';

COMMENT ON FUNCTION campaign.cluster_identity() IS 'What tells this database from a copy of it: system identifier, timeline, database, data directory, the inode of its control file, and the host''s name.';

CREATE TABLE campaign.armed_cluster (
  only_row          boolean NOT NULL DEFAULT true,
  system_identifier bigint NOT NULL,
  timeline          integer NOT NULL,
  database_id       bigint NOT NULL,
  data_directory    text NOT NULL,
  control_file      bigint NOT NULL,
  host              text NOT NULL,
  armed_at          timestamptz NOT NULL DEFAULT pg_catalog.now(),
  armed_by          name NOT NULL DEFAULT SESSION_USER,
  CONSTRAINT armed_cluster_pkey PRIMARY KEY (only_row),
  CONSTRAINT armed_cluster_only_row_check CHECK (only_row)
);

COMMENT ON TABLE campaign.armed_cluster IS 'The cluster that sends, as campaign.arm() found it: one row, or none. Compared where campaign.clone_guard is on. Not dumped, so that what is loaded from a dump does not send.';

COMMENT ON COLUMN campaign.armed_cluster.system_identifier IS 'Given by initdb and by pg_upgrade.';

COMMENT ON COLUMN campaign.armed_cluster.timeline IS 'Changed by promotion and by recovery to a point in time.';

COMMENT ON COLUMN campaign.armed_cluster.database_id IS 'Another one in a database made from this one as its template.';

COMMENT ON COLUMN campaign.armed_cluster.data_directory IS 'Its path.';

COMMENT ON COLUMN campaign.armed_cluster.control_file IS 'The inode of global/pg_control: another one in a copy of the files.';

COMMENT ON COLUMN campaign.armed_cluster.host IS 'The host''s name: another one where a snapshot of the disk is mounted.';

CREATE TRIGGER armed_cluster_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.armed_cluster
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();

CREATE TRIGGER armed_cluster_forget_all AFTER TRUNCATE ON campaign.armed_cluster
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();

ALTER TABLE campaign.armed_cluster ENABLE ALWAYS TRIGGER armed_cluster_forget;

ALTER TABLE campaign.armed_cluster ENABLE ALWAYS TRIGGER armed_cluster_forget_all;

COMMENT ON TRIGGER armed_cluster_forget ON campaign.armed_cluster IS 'Sessions remember that they found the cluster armed.';

COMMENT ON TRIGGER armed_cluster_forget_all ON campaign.armed_cluster IS 'Sessions remember that they found the cluster armed.';

CREATE VIEW campaign.clone_guard_differences AS
  SELECT d."position", d.aspect, d.armed, d.found
  FROM campaign.cluster_identity() c
  LEFT JOIN campaign.armed_cluster a ON true
  CROSS JOIN LATERAL (VALUES
    (1, 'system identifier', a.system_identifier::pg_catalog.text, c.system_identifier::pg_catalog.text),
    (2, 'timeline', a.timeline::pg_catalog.text, c.timeline::pg_catalog.text),
    (3, 'database', a.database_id::pg_catalog.text, c.database_id::pg_catalog.text),
    (4, 'data directory', a.data_directory, c.data_directory),
    (5, 'control file', a.control_file::pg_catalog.text, c.control_file::pg_catalog.text),
    (6, 'host', a.host, c.host)) AS d ("position", aspect, armed, found)
  WHERE d.armed IS DISTINCT FROM d.found;

COMMENT ON VIEW campaign.clone_guard_differences IS 'In what this cluster differs from the one that campaign.arm() was called on; no rows in that one itself, and everything where none was armed. What makes claims fail where campaign.clone_guard is on.';

CREATE FUNCTION campaign.arm() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE
  here record;
BEGIN
  SELECT c.* INTO here FROM campaign.cluster_identity() c;
  -- Also if nothing differs: it says when, and who.
  INSERT INTO campaign.armed_cluster AS a (system_identifier, timeline, database_id, data_directory, control_file, host)
    VALUES (here.system_identifier, here.timeline, here.database_id, here.data_directory, here.control_file, here.host)
    ON CONFLICT ON CONSTRAINT armed_cluster_pkey DO UPDATE
    SET (system_identifier, timeline, database_id, data_directory, control_file, host, armed_at, armed_by)
      = (excluded.system_identifier, excluded.timeline, excluded.database_id, excluded.data_directory,
         excluded.control_file, excluded.host, excluded.armed_at, excluded.armed_by);
END
$$;

COMMENT ON FUNCTION campaign.arm() IS 'Makes this cluster the one that sends, where campaign.clone_guard is on: records what identifies it. To be called once it is certain that no other cluster works on the same queue. For the level admin.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('admin', 'EXECUTE', 'FUNCTION campaign.arm()'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.cluster_identity()'),
  ('admin', 'SELECT', 'TABLE campaign.armed_cluster'),
  ('admin', 'SELECT', 'TABLE campaign.clone_guard_differences');

CREATE FUNCTION campaign.random_secret() RETURNS bytea
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_random_secret';

COMMENT ON FUNCTION campaign.random_secret() IS
'Internal: 32 bytes from the server''s strong random source.';

CREATE FUNCTION campaign.hmac_sha256(secret bytea, message bytea) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_hmac_sha256';

COMMENT ON FUNCTION campaign.hmac_sha256(bytea, bytea) IS
'Internal: HMAC-SHA256 (RFC 2104) of a message.';

CREATE TABLE campaign.tenant_keys (
  tenant_id  uuid NOT NULL,
  purpose    text COLLATE "C" NOT NULL,
  key_id     smallint NOT NULL,
  secret     bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  retired_at timestamptz,
  CONSTRAINT tenant_keys_pkey PRIMARY KEY (tenant_id, purpose, key_id),
  CONSTRAINT tenant_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT tenant_keys_purpose_check CHECK (purpose IN ('link', 'address')),
  CONSTRAINT tenant_keys_key_id_check CHECK (key_id >= 1),
  CONSTRAINT tenant_keys_secret_check CHECK (pg_catalog.octet_length(secret) = 32)
);

CREATE UNIQUE INDEX tenant_keys_current_key ON campaign.tenant_keys (tenant_id, purpose) WHERE retired_at IS NULL;

SELECT pg_catalog.pg_extension_config_dump('campaign.tenant_keys', '');

COMMENT ON TABLE campaign.tenant_keys IS 'Secrets of a tenant, which no access level reads. They are in every dump, as links that were sent must stay valid: keep dumps accordingly.';

COMMENT ON COLUMN campaign.tenant_keys.purpose IS 'link: signs the links in messages. address: hashes the addresses of erased contacts, and never changes.';

COMMENT ON COLUMN campaign.tenant_keys.key_id IS 'Numbered within tenant and purpose; a link carries it.';

COMMENT ON COLUMN campaign.tenant_keys.retired_at IS 'Since when another key signs. What this one signed is valid until campaign.drop_tenant_key().';

ALTER TABLE campaign.tenant_keys ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION campaign.ensure_tenant_keys(tenant uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO campaign.tenant_keys (tenant_id, purpose, key_id, secret)
  SELECT tenant, p.purpose, 1, campaign.random_secret()
    FROM unnest(ARRAY['address', 'link']) AS p(purpose)
   WHERE NOT EXISTS (SELECT FROM campaign.tenant_keys k
                      WHERE k.tenant_id = tenant AND k.purpose = p.purpose AND k.retired_at IS NULL);
END $$;

COMMENT ON FUNCTION campaign.ensure_tenant_keys(uuid) IS
'Internal: gives a tenant the keys that it does not have; create_tenant() calls it, and whoever finds none after a dump of an older version was loaded.';

INSERT INTO campaign.tenant_initializers (function_name, "position") VALUES
  ('campaign.ensure_tenant_keys', 10);

CREATE FUNCTION campaign.list_tenant_keys(tenant uuid,
  OUT key_id smallint, OUT created_at timestamptz, OUT retired_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM campaign.lock_owned_tenant(tenant);
  RETURN QUERY
  SELECT k.key_id, k.created_at, k.retired_at FROM campaign.tenant_keys k
   WHERE k.tenant_id = tenant AND k.purpose = 'link' ORDER BY k.key_id;
END $$;

COMMENT ON FUNCTION campaign.list_tenant_keys(uuid) IS
'The keys that a tenant''s links are signed with, without their secrets (owners only): the current one has no retired_at. Raises P0002 for a tenant that is not yours, 42501 if you do not own it.';

CREATE FUNCTION campaign.rotate_tenant_key(tenant uuid) RETURNS smallint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_secret bytea := campaign.random_secret();
  at_time timestamptz := campaign.now();
  new_id smallint;
BEGIN
  PERFORM campaign.lock_owned_tenant(tenant);
  SELECT coalesce(max(k.key_id), 0) + 1 INTO new_id FROM campaign.tenant_keys k
   WHERE k.tenant_id = tenant AND k.purpose = 'link';
  UPDATE campaign.tenant_keys k SET retired_at = at_time
   WHERE k.tenant_id = tenant AND k.purpose = 'link' AND k.retired_at IS NULL;
  INSERT INTO campaign.tenant_keys (tenant_id, purpose, key_id, secret)
  VALUES (tenant, 'link', new_id, new_secret);
  RETURN new_id;
END $$;

COMMENT ON FUNCTION campaign.rotate_tenant_key(uuid) IS
'Makes a new key that signs the links of messages from now on (owners only); returns its number. Links that were signed before stay valid until campaign.drop_tenant_key(). Raises P0002 for a tenant that is not yours, 42501 if you do not own it.';

CREATE FUNCTION campaign.drop_tenant_key(tenant uuid, key_id integer) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  retired timestamptz;
BEGIN
  PERFORM campaign.lock_owned_tenant(tenant);
  SELECT k.retired_at INTO retired FROM campaign.tenant_keys k
   WHERE k.tenant_id = tenant AND k.purpose = 'link' AND k.key_id = drop_tenant_key.key_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'key % of the tenant does not exist', coalesce(key_id::text, 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The tenant''s links are not signed with a key of this number.',
            HINT = 'See campaign.list_tenant_keys().';
  END IF;
  IF retired IS NULL THEN
    RAISE EXCEPTION 'key % of the tenant is in use', key_id
      USING ERRCODE = 'CP002',
            DETAIL = 'New links are signed with it.',
            HINT = 'Make another one first, with campaign.rotate_tenant_key().';
  END IF;
  DELETE FROM campaign.tenant_keys k
   WHERE k.tenant_id = tenant AND k.purpose = 'link' AND k.key_id = drop_tenant_key.key_id;
END $$;

COMMENT ON FUNCTION campaign.drop_tenant_key(uuid, integer) IS
'Forgets a retired key (owners only): no link that was signed with it is valid any more. Raises CP002 for the current key, P0002 for an unknown one and for a tenant that is not yours, 42501 if you do not own it.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'EXECUTE', 'FUNCTION campaign.list_tenant_keys(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.rotate_tenant_key(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.drop_tenant_key(uuid, integer)');

ALTER TABLE campaign.channels
  ADD COLUMN quiet_from time NOT NULL DEFAULT '21:00',
  ADD COLUMN quiet_until time NOT NULL DEFAULT '08:00',
  ADD COLUMN hourly_limit integer,
  ADD COLUMN contact_interval interval NOT NULL DEFAULT '1 hour',
  ADD CONSTRAINT channels_hourly_limit_check CHECK (hourly_limit OPERATOR(pg_catalog.>=) 0),
  ADD CONSTRAINT channels_contact_interval_check CHECK (contact_interval OPERATOR(pg_catalog.>=) interval '0'
    AND contact_interval OPERATOR(pg_catalog.<=) interval '366 days');

ALTER TABLE campaign.channels DISABLE TRIGGER protect_seeded;
UPDATE campaign.channels SET hourly_limit = 100 WHERE channel IN ('email', 'sms');
ALTER TABLE campaign.channels ENABLE TRIGGER protect_seeded;

COMMENT ON COLUMN campaign.channels.quiet_from IS 'Start of the quiet hours, in the contact''s time zone, unless tenant or contact have their own.';

COMMENT ON COLUMN campaign.channels.quiet_until IS 'End of the quiet hours; equal to quiet_from: there are none.';

COMMENT ON COLUMN campaign.channels.hourly_limit IS 'Most touches an hour of a tenant that has no row in send_limits; NULL: no limit.';

COMMENT ON COLUMN campaign.channels.contact_interval IS 'Least time between two touches of one contact, unless send_limits says otherwise.';

ALTER TABLE campaign.contacts
  ADD COLUMN quiet_from time,
  ADD COLUMN quiet_until time,
  ADD COLUMN erased_at timestamptz,
  DROP CONSTRAINT contacts_address_check;
ALTER TABLE campaign.contacts
  ADD CONSTRAINT contacts_address_check CHECK (email IS NOT NULL OR phone IS NOT NULL OR linkedin_url IS NOT NULL OR erased_at IS NOT NULL),
  ADD CONSTRAINT contacts_quiet_hours_check CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),
  ADD CONSTRAINT contacts_erased_check CHECK (erased_at IS NULL OR archived_at IS NOT NULL AND attributes = '{}' AND NOT is_disqualified
    AND pg_catalog.num_nonnulls(first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member,
      job_title, seniority, icp_fit, score, external_id, quiet_from) = 0);

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

CREATE OR REPLACE FUNCTION campaign.lock_contact_touches(tenant uuid, contacts uuid[]) RETURNS uuid[]
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

CREATE OR REPLACE FUNCTION campaign.set_consent(contact uuid, channel text, state text, source text DEFAULT NULL, method text DEFAULT NULL)
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

CREATE OR REPLACE FUNCTION campaign.suppress_address(tenant uuid, address text, reason text DEFAULT 'manual', note text DEFAULT NULL)
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

CREATE OR REPLACE FUNCTION campaign.lift_suppression(tenant uuid, address text) RETURNS boolean
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

CREATE OR REPLACE FUNCTION campaign.unarchive_contact(contact uuid) RETURNS void
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

CREATE OR REPLACE FUNCTION campaign.follow_contact_address() RETURNS trigger
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

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'INSERT (tenant_id, first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, quiet_from, quiet_until)', 'TABLE campaign.contacts'),
  ('member', 'UPDATE (first_name, last_name, email, phone, linkedin_url, timezone, language, company_id, owner_member, job_title, seniority, icp_fit, score, is_disqualified, disqualified_reason, external_id, attributes, quiet_from, quiet_until)', 'TABLE campaign.contacts');

COMMENT ON COLUMN campaign.contacts.quiet_from IS 'Start of the contact''s own quiet hours; NULL: those of the tenant, else of the channel.';

COMMENT ON COLUMN campaign.contacts.quiet_until IS 'End of the contact''s own quiet hours; equal to quiet_from: there are none.';

COMMENT ON COLUMN campaign.contacts.erased_at IS 'Set by campaign.erase_contact(): nothing personal is left in the row.';

COMMENT ON TABLE campaign.suppressions IS 'Addresses that are never used again, in normal form, or as a keyed hash (hmac-sha256:...) where the contact was erased; written by campaign.suppress_address().';

CREATE FUNCTION campaign.address_hash(tenant uuid, address text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT 'hmac-sha256:' || encode(campaign.hmac_sha256(k.secret, convert_to(campaign.normalize_address($2), 'UTF8')), 'hex')
    FROM campaign.tenant_keys k
   WHERE k.tenant_id = $1 AND k.purpose = 'address' AND k.retired_at IS NULL;
END;

COMMENT ON FUNCTION campaign.address_hash(uuid, text) IS
'Internal: the keyed hash under which a tenant keeps the address of an erased contact, of its normal form; NULL for a tenant without keys (see ensure_tenant_keys()).';

CREATE OR REPLACE FUNCTION campaign.keep_history() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  has_history boolean;
BEGIN
  PERFORM 1 FROM campaign.tenants WHERE id = OLD.tenant_id;
  IF NOT FOUND THEN
    RETURN OLD;
  END IF;
  IF TG_TABLE_NAME = 'contacts' THEN
    has_history := EXISTS (SELECT FROM campaign.campaign_enrollments e WHERE e.tenant_id = OLD.tenant_id AND e.contact_id = OLD.id)
                OR EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = OLD.tenant_id AND l.contact_id = OLD.id)
                OR EXISTS (SELECT FROM campaign.touch_events v WHERE v.tenant_id = OLD.tenant_id AND v.contact_id = OLD.id);
  ELSIF TG_TABLE_NAME = 'jobs' THEN
    has_history := EXISTS (SELECT FROM campaign.campaign_enrollments e WHERE e.tenant_id = OLD.tenant_id AND e.job_id = OLD.id);
  ELSE
    has_history := EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = OLD.tenant_id AND l.template_id = OLD.id)
                OR EXISTS (SELECT FROM campaign.campaign_touches t WHERE t.tenant_id = OLD.tenant_id AND t.template_id = OLD.id);
  END IF;
  IF has_history THEN
    RAISE EXCEPTION '% "%" has history and cannot be deleted', TG_ARGV[0], OLD.id
      USING ERRCODE = 'foreign_key_violation',
            DETAIL = 'Enrolments, plans, sent messages or events refer to it.',
            HINT = TG_ARGV[1], SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
  END IF;
  RETURN OLD;
END $$;

CREATE OR REPLACE TRIGGER keep_history BEFORE DELETE ON campaign.contacts
  FOR EACH ROW EXECUTE FUNCTION campaign.keep_history('contact', 'Archive the contact with campaign.archive_contact(), or have campaign.erase_contact() forget the person.');

CREATE TABLE campaign.blackout_dates (
  tenant_id  uuid NOT NULL,
  day        date NOT NULL,
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT blackout_dates_pkey PRIMARY KEY (tenant_id, day),
  CONSTRAINT blackout_dates_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT blackout_dates_day_check CHECK (pg_catalog.isfinite(day)),
  CONSTRAINT blackout_dates_name_check CHECK (name COLLATE "C" ~ '\S' AND pg_catalog.length(name) <= 255)
);

SELECT pg_catalog.pg_extension_config_dump('campaign.blackout_dates', '');

COMMENT ON TABLE campaign.blackout_dates IS 'Days, such as holidays, on which a tenant sends nothing. A touch that is due then waits until the day is over where its contact is, and for the quiet hours after it.';

COMMENT ON COLUMN campaign.blackout_dates.day IS 'The whole day from midnight to midnight, in the contact''s time zone.';

COMMENT ON COLUMN campaign.blackout_dates.name IS 'What the day is, at most 255 characters.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.blackout_dates
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON campaign.blackout_dates IS 'Keeps updated_at.';

ALTER TABLE campaign.blackout_dates ENABLE ROW LEVEL SECURITY;

CREATE POLICY blackout_dates_select ON campaign.blackout_dates FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

CREATE POLICY blackout_dates_insert ON campaign.blackout_dates FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));

CREATE POLICY blackout_dates_update ON campaign.blackout_dates FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));

CREATE POLICY blackout_dates_delete ON campaign.blackout_dates FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.writable_tenants())::uuid[]));

COMMENT ON POLICY blackout_dates_select ON campaign.blackout_dates IS 'Members read their tenants''.';

COMMENT ON POLICY blackout_dates_insert ON campaign.blackout_dates IS 'Owners and editors write their tenants''.';

COMMENT ON POLICY blackout_dates_update ON campaign.blackout_dates IS 'Owners and editors write their tenants''.';

COMMENT ON POLICY blackout_dates_delete ON campaign.blackout_dates IS 'Owners and editors write their tenants''.';

CREATE FUNCTION campaign.next_allowed_at(at timestamptz, timezone text, quiet_from time, quiet_until time, blackouts date[] DEFAULT '{}')
RETURNS timestamptz
  LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_next_allowed_at';

COMMENT ON FUNCTION campaign.next_allowed_at(timestamptz, text, time, time, date[]) IS
'The first instant from at on that is neither within the quiet hours nor on a blackout, by the local clock of the time zone (NULL: UTC): at itself if it is allowed, infinity if there is none within 400 days. Quiet hours begin at quiet_from and end before quiet_until, over midnight if that is earlier; equal or both NULL: there are none. Raises 22023 for an unknown time zone and for half a window.';

CREATE FUNCTION campaign.effective_timezone(contact_timezone text, tenant_timezone text) RETURNS text
  LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'campaign_effective_timezone';

COMMENT ON FUNCTION campaign.effective_timezone(text, text) IS
'The time zone that the engine goes by: the contact''s if the server knows it, else the tenant''s, else UTC.';

CREATE FUNCTION campaign.contact_next_allowed_at(contact uuid, channel text, at timestamptz DEFAULT campaign.now())
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  found_channel campaign.channels;
  result timestamptz;
BEGIN
  SELECT c.* INTO found_channel FROM campaign.channels c WHERE c.channel = contact_next_allowed_at.channel;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'channel % does not exist', coalesce(quote_literal(channel), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Quiet hours are those of a channel, unless tenant or contact have their own.',
            HINT = 'See the table campaign.channels.';
  END IF;
  SELECT campaign.next_allowed_at(at, campaign.effective_timezone(k.timezone, t.timezone),
           coalesce(k.quiet_from, t.quiet_from, found_channel.quiet_from),
           coalesce(k.quiet_until, t.quiet_until, found_channel.quiet_until),
           ARRAY(SELECT b.day FROM campaign.blackout_dates b WHERE b.tenant_id = k.tenant_id))
    INTO result
    FROM campaign.contacts k JOIN campaign.tenants t ON t.id = k.tenant_id
   WHERE k.tenant_id = ANY (campaign.readable_tenants()) AND k.id = contact;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact % does not exist', coalesce('"' || contact || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may read has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  RETURN result;
END $$;

COMMENT ON FUNCTION campaign.contact_next_allowed_at(uuid, text, timestamptz) IS
'The first instant from at on at which quiet hours and blackouts let a contact be written to over a channel, in the contact''s time zone (else the tenant''s, else UTC). The contact''s quiet hours come before the tenant''s, and those before the channel''s. Raises P0002 for a contact that is not yours, 22023 for an unknown channel.';

CREATE VIEW campaign.timezone_problems WITH (security_invoker = true) AS
SELECT 'tenant' AS kind, t.id AS tenant_id, NULL::uuid AS contact_id, t.timezone,
       campaign.effective_timezone(NULL, t.timezone) AS effective_timezone
  FROM campaign.tenants t
 WHERE NOT campaign.is_timezone(t.timezone)
UNION ALL
SELECT 'contact', k.tenant_id, k.id, k.timezone, campaign.effective_timezone(k.timezone, t.timezone)
  FROM campaign.contacts k
  JOIN campaign.tenants t ON t.id = k.tenant_id
 WHERE k.archived_at IS NULL AND NOT campaign.is_timezone(k.timezone);

COMMENT ON VIEW campaign.timezone_problems IS
'Tenants, and contacts who are not archived, whose time zone the server does not know, with the one that the engine goes by instead.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'SELECT', 'TABLE campaign.blackout_dates'),
  ('member', 'INSERT (tenant_id, day, name)', 'TABLE campaign.blackout_dates'),
  ('member', 'UPDATE (day, name)', 'TABLE campaign.blackout_dates'),
  ('member', 'DELETE', 'TABLE campaign.blackout_dates'),
  ('member', 'SELECT', 'TABLE campaign.timezone_problems'),
  ('member', 'EXECUTE', 'FUNCTION campaign.next_allowed_at(timestamptz, text, time, time, date[])'),
  ('member', 'EXECUTE', 'FUNCTION campaign.effective_timezone(text, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.contact_next_allowed_at(uuid, text, timestamptz)');

ALTER TABLE campaign.outreach_campaigns
  ADD COLUMN resume_policy text NOT NULL DEFAULT 'keep',
  ADD CONSTRAINT outreach_campaigns_resume_policy_check CHECK (resume_policy IN ('keep', 'shift', 'bump'));

CREATE FUNCTION campaign.resume_campaign(campaign uuid, policy text DEFAULT NULL, spread interval DEFAULT '1 hour', reason text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  locked record := campaign.lock_outreach_campaign(campaign);
BEGIN
  -- approved -> running is a launch, which has its own preconditions and its own name
  IF locked.status <> 'paused' THEN
    RAISE EXCEPTION 'campaign "%" is not paused', campaign
      USING ERRCODE = 'CP001',
            DETAIL = format('Its status is "%s".', locked.status),
            HINT = 'Only a paused campaign is resumed; campaign.launch_campaign() starts one.';
  END IF;
  IF policy NOT IN ('keep', 'shift', 'bump') THEN
    RAISE EXCEPTION 'unknown resume policy "%"', policy
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The policies are keep, shift and bump.',
            HINT = 'keep spreads what is overdue, shift moves all by the pause, bump starts each overdue touch''s delay anew.';
  END IF;
  -- a day is 24 hours, as in the plan
  spread := make_interval(secs => extract(epoch FROM spread)::double precision);
  IF spread IS NULL OR spread NOT BETWEEN '0' AND interval '8784 hours' THEN
    RAISE EXCEPTION 'spread is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'What is overdue is spread over 0 to 366 days.',
            HINT = 'Leave spread out for one hour.';
  END IF;
  policy := coalesce(policy, (SELECT o.resume_policy FROM campaign.outreach_campaigns o
                               WHERE o.tenant_id = locked.tenant AND o.campaign_id = campaign));
  -- the pause has left what most want
  UPDATE campaign.lanes l SET resume_policy = policy, spread = resume_campaign.spread
   WHERE l.tenant_id = locked.tenant AND l.campaign_id = campaign
     AND (l.resume_policy <> policy OR l.spread <> resume_campaign.spread);
  locked.status := campaign.transition_campaign(campaign, 'running', reason);
  PERFORM campaign.notify_campaign_due(locked.tenant, campaign);
  RETURN locked.status;
END $$;

COMMENT ON FUNCTION campaign.resume_campaign(uuid, text, interval, text) IS
'Resumes a paused campaign: every enrolment goes on at its place. policy (default: the campaign''s resume_policy) says what becomes of what is overdue: keep sends it spread over spread (0: at once), shift moves the whole sequence by the length of the pause, bump makes it due at the resume plus its own delay. Writes a constant number of rows. Raises CP001 if it is not paused, CP002, 22023 for an unknown policy, P0002.';

CREATE OR REPLACE FUNCTION campaign.apply_outreach_transition() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  matching boolean := NEW.status IN ('running', 'paused');
  now_time timestamptz := campaign.now();
BEGIN
  IF NEW.status = 'paused' THEN
    -- what a transition back resumes with, unless resume_campaign() says otherwise
    UPDATE campaign.lanes l SET paused = true, paused_at = now_time, spread = '1 hour',
           resume_policy = (SELECT o.resume_policy FROM campaign.outreach_campaigns o
                             WHERE o.tenant_id = NEW.tenant_id AND o.campaign_id = NEW.id)
     WHERE l.tenant_id = NEW.tenant_id AND l.campaign_id = NEW.id;
  ELSIF OLD.status = 'paused' AND NEW.status = 'running' THEN
    UPDATE campaign.lanes l SET paused = false, paused_at = NULL, resumed_at = now_time,
           shift = CASE l.resume_policy
                   -- in hours: the day of an interval is not always 24 of them
                   WHEN 'shift' THEN l.shift + make_interval(secs => greatest(extract(epoch FROM now_time - l.paused_at), 0)::double precision)
                   ELSE l.shift END
     WHERE l.tenant_id = NEW.tenant_id AND l.campaign_id = NEW.id;
  ELSE
    UPDATE campaign.lanes l SET paused = (NEW.status <> 'running')
     WHERE l.tenant_id = NEW.tenant_id AND l.campaign_id = NEW.id AND l.paused IS DISTINCT FROM (NEW.status <> 'running');
  END IF;
  UPDATE campaign.outreach_campaigns o SET is_matching = matching
   WHERE o.tenant_id = NEW.tenant_id AND o.campaign_id = NEW.id AND o.is_matching <> matching;
  IF NEW.status = 'archived' THEN
    PERFORM campaign.stop_enrollments(NEW.tenant_id,
      ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
             WHERE e.tenant_id = NEW.tenant_id AND e.campaign_id = NEW.id AND e.status = 'active'), 'campaign_archived');
  END IF;
  RETURN NULL;
END $$;

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'UPDATE (audience, service_type, max_attempts, owner_member, language, resume_policy)', 'TABLE campaign.outreach_campaigns'),
  ('member', 'EXECUTE', 'FUNCTION campaign.resume_campaign(uuid, text, interval, text)');

COMMENT ON COLUMN campaign.outreach_campaigns.resume_policy IS 'How it is resumed unless resume_campaign() says otherwise: keep, shift or bump.';

ALTER TABLE campaign.lanes
  ADD COLUMN throttled_until timestamptz NOT NULL DEFAULT '-infinity',
  ADD COLUMN paused_at timestamptz,
  ADD COLUMN resumed_at timestamptz NOT NULL DEFAULT '-infinity',
  ADD COLUMN resume_policy text NOT NULL DEFAULT 'keep',
  ADD COLUMN spread interval NOT NULL DEFAULT '0',
  ADD COLUMN shift interval NOT NULL DEFAULT '0',
  ADD CONSTRAINT lanes_resume_policy_check CHECK (resume_policy IN ('keep', 'shift', 'bump')),
  ADD CONSTRAINT lanes_spread_check CHECK (spread >= '0'),
  ADD CONSTRAINT lanes_shift_check CHECK (shift >= '0');

-- a campaign that is paused now is resumed as one that was paused by this version; since when, its history tells
UPDATE campaign.lanes l SET spread = '1 hour', paused_at = coalesce(
         (SELECT max(g.at) FROM campaign.life_cycle_log g WHERE g.tenant_id = c.tenant_id AND g.entity_id = c.id AND g.to_state = 'paused'), now())
  FROM campaign.campaigns c
 WHERE c.tenant_id = l.tenant_id AND c.id = l.campaign_id AND c.status = 'paused';

CREATE OR REPLACE FUNCTION campaign.ensure_lane(tenant uuid, campaign uuid, channel text) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  number integer;
BEGIN
  SELECT l.lane INTO number FROM campaign.lanes l
   WHERE l.tenant_id = tenant AND l.campaign_id = campaign AND l.channel = channel;
  IF FOUND THEN
    RETURN number;
  END IF;
  -- two campaigns of one tenant take their numbers one after the other
  PERFORM 1 FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
  number := coalesce((SELECT max(l.lane) FROM campaign.lanes l WHERE l.tenant_id = tenant), 0) + 1;
  -- all lanes of a campaign are paused, resumed and shifted alike
  INSERT INTO campaign.lanes (tenant_id, lane, campaign_id, channel, paused, paused_at, resumed_at, resume_policy, spread, shift)
  SELECT tenant, number, campaign, channel, c.status <> 'running', l.paused_at, coalesce(l.resumed_at, '-infinity'),
         coalesce(l.resume_policy, 'keep'), coalesce(l.spread, '0'), coalesce(l.shift, '0')
    FROM campaign.campaigns c
    LEFT JOIN LATERAL (SELECT * FROM campaign.lanes o WHERE o.tenant_id = tenant AND o.campaign_id = campaign
                        ORDER BY o.lane LIMIT 1) l ON true
   WHERE c.tenant_id = tenant AND c.id = campaign;
  RETURN number;
END $$;

CREATE FUNCTION campaign.document_touches(document jsonb)
RETURNS TABLE (touch_number smallint, "position" smallint, step jsonb, channel text, delay interval, use_service_delay boolean)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT row_number() OVER (ORDER BY s.place)::smallint, s.place::smallint, s.step, s.step ->> 'channel',
         -- a day is 24 hours, whatever the clocks do: an instant plus a delay is the same in every time zone
         make_interval(secs => coalesce((s.step ->> 'delay_hours')::numeric, (s.step ->> 'day_offset')::numeric * 24, 0)::double precision * 3600),
         coalesce((s.step ->> 'use_service_delay')::boolean, false)
    FROM jsonb_array_elements(campaign.normalize_template_config($1)) WITH ORDINALITY AS s(step, place)
   WHERE (s.step ->> 'enabled')::boolean;
END;

COMMENT ON FUNCTION campaign.document_touches(jsonb) IS
'Internal: the enabled steps of a document as touches, with their delays; raises CP003 for an invalid document.';

CREATE FUNCTION campaign.require_document(tenant uuid, document jsonb) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  fault record;
  faults text;
BEGIN
  IF document IS NULL THEN
    RAISE EXCEPTION 'template_config must not be null'
      USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'A campaign is a sequence of 1 to 50 steps.',
            HINT = 'Pass the whole document.';
  END IF;
  SELECT f.path, f.message, f.hint INTO fault FROM campaign.check_template_config(tenant, document) f LIMIT 1;
  IF FOUND THEN
    SELECT string_agg(f.path || ': ' || f.message, E'\n') INTO faults
      FROM (SELECT * FROM campaign.check_template_config(tenant, document) LIMIT 50) f;
    RAISE EXCEPTION 'invalid template_config at %: %', fault.path, fault.message
      USING ERRCODE = 'CP003', DETAIL = faults,
            HINT = coalesce(nullif(fault.hint, ''), 'campaign.check_template_config() lists every fault.');
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_document(uuid, jsonb) IS
'Internal: raises CP003 for a document that a campaign of the tenant could not have, 22004 for NULL.';

CREATE OR REPLACE FUNCTION campaign.project_plan(tenant uuid, campaign uuid, version integer, document jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  touch record;
BEGIN
  PERFORM campaign.require_document(tenant, document);
  FOR touch IN
    SELECT d.* FROM campaign.document_touches(document) d ORDER BY d.touch_number
  LOOP
    INSERT INTO campaign.campaign_touches (tenant_id, campaign_id, plan_version, touch_number, step, channel, label,
      delay, use_service_delay, condition, on_failure, max_lateness, late, template_id, subject, body, body_html,
      needs_pdf, variant_count, attachments, config)
    SELECT tenant, campaign, version, touch.touch_number, touch.position, touch.channel, touch.step ->> 'label',
      touch.delay, touch.use_service_delay,
      touch.step ->> 'condition', touch.step ->> 'on_failure',
      make_interval(secs => (touch.step ->> 'max_lateness_hours')::double precision * 3600), touch.step ->> 'late',
      campaign.adopt_message_template(tenant, (touch.step ->> 'template_id')::uuid),
      touch.step ->> 'subject', touch.step ->> 'body_text', touch.step ->> 'body_html',
      (touch.step ->> 'needs_pdf')::boolean, (touch.step ->> 'variant_count')::smallint,
      ARRAY(SELECT a::uuid FROM jsonb_array_elements_text(coalesce(touch.step -> 'attachments', '[]')) a),
      coalesce(touch.step -> 'config', '{}');
    PERFORM campaign.ensure_lane(tenant, campaign, touch.channel);
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION campaign.touch_text(tenant uuid, campaign uuid, version integer, touch smallint, service text,
  OUT template_id uuid, OUT subject text, OUT body text, OUT body_html text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  -- in PL/pgSQL for its plan, which is kept
  RETURN QUERY
  SELECT m.id, coalesce(t.subject, m.subject),
         CASE WHEN t.body IS NULL AND t.body_html IS NULL THEN m.body ELSE t.body END,
         CASE WHEN t.body IS NULL AND t.body_html IS NULL THEN m.body_html ELSE t.body_html END
    FROM campaign.campaign_touches t
    LEFT JOIN LATERAL (
      SELECT c.* FROM (
        SELECT m.*, 1 AS choice FROM campaign.message_templates m
         WHERE m.tenant_id = tenant AND m.id = t.template_id
        UNION ALL
        SELECT m.*, 2 FROM campaign.message_templates m
         WHERE t.template_id IS NULL AND m.tenant_id = tenant AND m.channel = t.channel AND m.is_default
           AND m.archived_at IS NULL AND m.service_type = service
        UNION ALL
        SELECT m.*, 3 FROM campaign.message_templates m
         WHERE t.template_id IS NULL AND m.tenant_id = tenant AND m.channel = t.channel AND m.is_default
           AND m.archived_at IS NULL AND m.service_type IS NULL
        UNION ALL
        SELECT m.*, CASE WHEN m.service_type = service THEN 4 ELSE 5 END FROM campaign.message_templates m
         WHERE t.template_id IS NULL AND m.tenant_id = '00000000-0000-0000-0000-000000000000' AND m.channel = t.channel
           AND m.is_default AND m.archived_at IS NULL AND m.service_type IN (service, 'other')
      ) c ORDER BY c.choice LIMIT 1
    ) m ON t.body IS NULL AND t.body_html IS NULL
   WHERE t.tenant_id = tenant AND t.campaign_id = campaign AND t.plan_version = version AND t.touch_number = touch;
END $$;

CREATE FUNCTION campaign.require_sendable_plan(tenant uuid, campaign uuid, version integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  touch record;
  link_base text;
  review_page text;
BEGIN
  SELECT t.link_base_url, t.review_url INTO link_base, review_page FROM campaign.tenants t WHERE t.id = tenant;
  FOR touch IN
    SELECT t.touch_number, t.step, t.label, h.has_body, h.has_subject, x.subject, x.body, x.body_html
      FROM campaign.outreach_campaigns o
      JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = coalesce(version, o.plan_version)
      JOIN campaign.channels h ON h.channel = t.channel
      LEFT JOIN LATERAL campaign.touch_text(tenant, campaign, t.plan_version, t.touch_number, o.service_type) x ON true
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant
     ORDER BY t.touch_number
  LOOP
    IF touch.has_body AND touch.body IS NULL AND touch.body_html IS NULL THEN
      RAISE EXCEPTION 'step % ("%") has no text', touch.step, touch.label
        USING ERRCODE = 'CP002',
              DETAIL = 'Neither the step, nor its template, nor a default template of its channel gives a body.',
              HINT = 'Give the step a body or a template_id, or the tenant a default template for the channel.';
    END IF;
    IF touch.has_subject AND touch.subject IS NULL THEN
      RAISE EXCEPTION 'step % ("%") has no subject', touch.step, touch.label
        USING ERRCODE = 'CP002',
              DETAIL = 'Its channel has one, and the step gives a body of its own without it.',
              HINT = 'Give the step a subject.';
    END IF;
    IF link_base IS NULL AND review_page IS NULL
       AND concat(touch.subject, touch.body, touch.body_html) ~ '\{\{\s*link\.review\s*\}\}' THEN
      RAISE EXCEPTION 'step % ("%") has a review link that leads nowhere', touch.step, touch.label
        USING ERRCODE = 'CP002',
              DETAIL = 'Its text uses {{link.review}}, and the tenant has neither link_base_url nor review_url.',
              HINT = 'Set one of the two, or give the placeholder a default.';
    END IF;
    IF link_base IS NULL AND concat(touch.subject, touch.body, touch.body_html) ~ '\{\{\s*link\.unsubscribe' THEN
      RAISE EXCEPTION 'step % ("%") has an unsubscribe link that leads nowhere', touch.step, touch.label
        USING ERRCODE = 'CP002',
              DETAIL = 'Its text uses {{link.unsubscribe}}, and the tenant has no link_base_url.',
              HINT = 'Set tenants.link_base_url to the address where your application answers links.';
    END IF;
  END LOOP;
END $$;

COMMENT ON FUNCTION campaign.require_sendable_plan(uuid, uuid, integer) IS
'Internal: raises CP002 unless every touch of a version of the campaign''s plan (default: the present one) can be rendered.';

COMMENT ON COLUMN campaign.lanes.throttled_until IS 'A cap is used up until then, by the engine''s clock: nothing is claimed.';

COMMENT ON COLUMN campaign.lanes.paused_at IS 'Since when it is paused.';

COMMENT ON COLUMN campaign.lanes.resumed_at IS 'The last resume; what was due before it goes out as resume_policy says.';

COMMENT ON COLUMN campaign.lanes.resume_policy IS 'keep: spread over the time after the resume; shift: later by the pause; bump: at the resume plus the touch''s own delay.';

COMMENT ON COLUMN campaign.lanes.spread IS 'Over which time keep spreads what is overdue.';

COMMENT ON COLUMN campaign.lanes.shift IS 'Length of all pauses that were resumed with shift: a due time in the queue is as much earlier than the real one.';

CREATE TABLE campaign.send_limits (
  tenant_id         uuid NOT NULL,
  channel           text COLLATE "C" NOT NULL,
  per_hour          integer,
  per_day           integer,
  per_month         integer,
  contact_interval  interval,
  warmup_started_on date,
  CONSTRAINT send_limits_pkey PRIMARY KEY (tenant_id, channel),
  CONSTRAINT send_limits_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT send_limits_channel_fkey FOREIGN KEY (channel) REFERENCES campaign.channels (channel),
  CONSTRAINT send_limits_tenant_check CHECK (tenant_id <> '00000000-0000-0000-0000-000000000000'),
  CONSTRAINT send_limits_caps_check CHECK (per_hour >= 0 AND per_day >= 0 AND per_month >= 0),
  CONSTRAINT send_limits_contact_interval_check CHECK (contact_interval >= '0' AND contact_interval <= '366 days'),
  CONSTRAINT send_limits_warmup_check CHECK (pg_catalog.isfinite(warmup_started_on))
);

CREATE INDEX send_limits_channel_idx ON campaign.send_limits (channel);

SELECT pg_catalog.pg_extension_config_dump('campaign.send_limits', '');

CREATE TABLE campaign.send_warmup (
  tenant_id uuid NOT NULL,
  channel   text COLLATE "C" NOT NULL,
  day       integer NOT NULL,
  cap       integer,
  CONSTRAINT send_warmup_pkey PRIMARY KEY (tenant_id, channel, day),
  CONSTRAINT send_warmup_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT send_warmup_limit_fkey FOREIGN KEY (tenant_id, channel) REFERENCES campaign.send_limits (tenant_id, channel) ON DELETE CASCADE,
  CONSTRAINT send_warmup_day_check CHECK (day BETWEEN 1 AND 3650),
  CONSTRAINT send_warmup_cap_check CHECK (cap >= 0)
);

SELECT pg_catalog.pg_extension_config_dump('campaign.send_warmup', '');

CREATE TABLE campaign.send_meters (
  tenant_id    uuid NOT NULL,
  channel      text COLLATE "C" NOT NULL,
  counted_from timestamptz NOT NULL DEFAULT '-infinity',
  folded_until timestamptz NOT NULL DEFAULT '-infinity',
  CONSTRAINT send_meters_pkey PRIMARY KEY (tenant_id, channel),
  CONSTRAINT send_meters_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
);

SELECT pg_catalog.pg_extension_config_dump('campaign.send_meters', '');

CREATE TABLE campaign.send_usage (
  tenant_id   uuid NOT NULL,
  channel     text COLLATE "C" NOT NULL,
  starts_at   timestamptz NOT NULL,
  id          uuid NOT NULL DEFAULT campaign.uuid_v7(),
  ends_at     timestamptz NOT NULL,
  size        integer NOT NULL,
  used        integer NOT NULL,
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  CONSTRAINT send_usage_pkey PRIMARY KEY (tenant_id, channel, starts_at, id),
  CONSTRAINT send_usage_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT send_usage_period_check CHECK (starts_at < ends_at),
  CONSTRAINT send_usage_used_check CHECK (used <= size AND (used >= 0 OR used = size))
) WITH (fillfactor = 70);

SELECT pg_catalog.pg_extension_config_dump('campaign.send_usage', '');

CREATE FUNCTION campaign.send_windows(at timestamptz, timezone text, OUT hour_start timestamptz, OUT hour_end timestamptz,
  OUT day_start timestamptz, OUT day_end timestamptz, OUT month_start timestamptz, OUT month_end timestamptz, OUT today date)
RETURNS record
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_send_windows';

COMMENT ON FUNCTION campaign.send_windows(timestamptz, text) IS
'The hour, day and month of an instant by the clock of a time zone (UTC if the server does not know it), and the date. Raises 22008 for an instant without end.';

CREATE FUNCTION campaign.apply_send_limits(tenant uuid, channel text, was_capped boolean) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  -- under the lock of the tenant a meter is made
  PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
  PERFORM FROM campaign.send_meters m WHERE m.tenant_id = tenant AND m.channel = channel FOR NO KEY UPDATE;
  IF NOT was_capped THEN
    -- what is under way was not counted, and is not given back
    UPDATE campaign.send_meters m SET counted_from = 'infinity' WHERE m.tenant_id = tenant AND m.channel = channel;
  END IF;
  UPDATE campaign.send_usage u SET size = u.used
   WHERE u.tenant_id = tenant AND u.channel = channel AND u.used < u.size;
  UPDATE campaign.lanes l SET throttled_until = '-infinity'
   WHERE l.tenant_id = tenant AND l.channel = channel AND l.throttled_until > '-infinity';
END $$;

COMMENT ON FUNCTION campaign.apply_send_limits(uuid, text, boolean) IS
'Internal: takes back what was granted under other limits, and looks at the lanes again. The caller has changed the limits or is about to, in this transaction.';

CREATE FUNCTION campaign.follow_send_limits() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM campaign.apply_send_limits(OLD.tenant_id, OLD.channel,
    coalesce(OLD.per_hour, OLD.per_day, OLD.per_month) IS NOT NULL OR OLD.warmup_started_on IS NOT NULL);
  RETURN NULL;
END $$;

COMMENT ON FUNCTION campaign.follow_send_limits() IS
'Trigger on send_limits: other limits take effect at once.';

CREATE TRIGGER follow_limits AFTER UPDATE OR DELETE ON campaign.send_limits
  FOR EACH ROW EXECUTE FUNCTION campaign.follow_send_limits();

CREATE FUNCTION campaign.follow_send_warmup() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM campaign.apply_send_limits(OLD.tenant_id, OLD.channel, true);
  RETURN NULL;
END $$;

COMMENT ON FUNCTION campaign.follow_send_warmup() IS
'Trigger on send_warmup: another table takes effect at once.';

CREATE TRIGGER follow_warmup AFTER UPDATE OR DELETE ON campaign.send_warmup
  FOR EACH ROW EXECUTE FUNCTION campaign.follow_send_warmup();

CREATE FUNCTION campaign.follow_tenant_windows() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  WITH waiting AS MATERIALIZED (
    SELECT l.lane FROM campaign.lanes l
     WHERE l.tenant_id = NEW.id AND l.throttled_until > '-infinity' FOR NO KEY UPDATE SKIP LOCKED)
  UPDATE campaign.lanes l SET throttled_until = '-infinity' FROM waiting w
   WHERE l.tenant_id = NEW.id AND l.lane = w.lane;
  RETURN NULL;
END $$;

COMMENT ON FUNCTION campaign.follow_tenant_windows() IS
'Trigger on tenants: with another time zone the windows of the caps begin at other times.';

CREATE TRIGGER follow_windows AFTER UPDATE OF timezone ON campaign.tenants
  FOR EACH ROW WHEN (NEW.timezone IS DISTINCT FROM OLD.timezone)
  EXECUTE FUNCTION campaign.follow_tenant_windows();

CREATE FUNCTION campaign.lock_send_limit(tenant uuid, channel text, function_name text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  hourly integer;
BEGIN
  PERFORM campaign.require_read_committed(function_name);
  PERFORM campaign.lock_owned_tenant(tenant);
  SELECT c.hourly_limit INTO hourly FROM campaign.channels c WHERE c.channel = channel;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'channel % does not exist', coalesce(quote_literal(channel), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Limits are set for a channel.',
            HINT = 'See the table campaign.channels.';
  END IF;
  INSERT INTO campaign.send_meters (tenant_id, channel) VALUES (tenant, channel)
    ON CONFLICT ON CONSTRAINT send_meters_pkey DO NOTHING;
  PERFORM FROM campaign.send_meters m WHERE m.tenant_id = tenant AND m.channel = channel FOR NO KEY UPDATE;
  RETURN coalesce((SELECT coalesce(s.per_hour, s.per_day, s.per_month) IS NOT NULL OR s.warmup_started_on IS NOT NULL
                     FROM campaign.send_limits s WHERE s.tenant_id = tenant AND s.channel = channel),
                  hourly IS NOT NULL);
END $$;

COMMENT ON FUNCTION campaign.lock_send_limit(uuid, text, text) IS
'Internal: locks what limits are changed under, and says whether there is any so far. Raises P0002 for a tenant that is not yours, 42501 if you do not own it, 22023 for an unknown channel, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.set_send_limit(tenant uuid, channel text, per_hour integer,
  per_day integer DEFAULT NULL, per_month integer DEFAULT NULL, contact_interval interval DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  was_capped boolean := campaign.lock_send_limit(tenant, channel, 'set_send_limit()');
BEGIN
  IF least(per_hour, per_day, per_month) < 0 THEN
    RAISE EXCEPTION 'a limit must not be negative'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A limit is the most touches in an hour, a day or a month; 0 sends nothing.',
            HINT = 'Pass NULL where there is no limit.';
  END IF;
  IF contact_interval < '0' OR contact_interval > '366 days' THEN
    RAISE EXCEPTION 'contact_interval is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The least time between two touches of one contact is from 0 to 366 days.',
            HINT = 'Pass NULL for that of the channel.';
  END IF;
  INSERT INTO campaign.send_limits AS s (tenant_id, channel, per_hour, per_day, per_month, contact_interval)
  VALUES (tenant, channel, per_hour, per_day, per_month, contact_interval)
  ON CONFLICT ON CONSTRAINT send_limits_pkey
  DO UPDATE SET per_hour = EXCLUDED.per_hour, per_day = EXCLUDED.per_day, per_month = EXCLUDED.per_month,
                contact_interval = EXCLUDED.contact_interval;
  -- a row that is new has no trigger
  PERFORM campaign.apply_send_limits(tenant, channel, was_capped);
END $$;

COMMENT ON FUNCTION campaign.set_send_limit(uuid, text, integer, integer, integer, interval) IS
'Sets how many touches of a channel a tenant sends at most in an hour, a day and a month, by its own clock (NULL: no limit, 0: nothing), and the least time between two touches of one contact (NULL: that of the channel). Replaces what was set; a warm-up goes on. For owners. Takes effect at the commit. Raises P0002 for a tenant that is not yours, 42501 if you do not own it, 22023 for a bad limit or an unknown channel, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.clear_send_limit(tenant uuid, channel text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  PERFORM campaign.lock_send_limit(tenant, channel, 'clear_send_limit()');
  DELETE FROM campaign.send_limits s WHERE s.tenant_id = tenant AND s.channel = channel;
  RETURN FOUND;
END $$;

COMMENT ON FUNCTION campaign.clear_send_limit(uuid, text) IS
'Goes back to the limits of the channel and ends a warm-up; false if nothing was set. For owners. Raises as set_send_limit() does.';

CREATE FUNCTION campaign.start_warmup(tenant uuid, channel text, started_on date DEFAULT NULL,
  caps jsonb DEFAULT '{"1": 20, "2": 30, "3": 50, "4": 75, "5": 100, "7": 150, "14": 300, "30": 500}') RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  was_capped boolean := campaign.lock_send_limit(tenant, channel, 'start_warmup()');
BEGIN
  IF caps IS NULL OR jsonb_typeof(caps) <> 'object' OR caps = '{}' OR EXISTS (
       SELECT FROM jsonb_each(CASE jsonb_typeof(caps) WHEN 'object' THEN caps ELSE '{}' END) e
        WHERE e.key !~ '^[1-9][0-9]{0,3}$' OR e.key::integer > 3650
           OR NOT (e.value = 'null' OR jsonb_typeof(e.value) = 'number' AND e.value::text ~ '^[0-9]{1,9}$')) THEN
    RAISE EXCEPTION 'invalid warm-up table'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is an object of days from 1 to 3650 with the most touches of each, or null from the day on which there is no limit any more.',
            HINT = 'Write it like {"1": 20, "3": 50, "14": 300, "31": null}.';
  END IF;
  IF NOT isfinite(started_on) THEN
    RAISE EXCEPTION 'started_on must be finite'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is day 1 of the warm-up.',
            HINT = 'Leave it out to start today.';
  END IF;
  INSERT INTO campaign.send_limits AS s (tenant_id, channel, per_hour, warmup_started_on)
  SELECT tenant, channel, c.hourly_limit, coalesce(started_on, w.today)
    FROM campaign.tenants t, campaign.channels c, campaign.send_windows(campaign.now(), t.timezone) w
   WHERE t.id = tenant AND c.channel = channel
  ON CONFLICT ON CONSTRAINT send_limits_pkey DO UPDATE SET warmup_started_on = EXCLUDED.warmup_started_on;
  DELETE FROM campaign.send_warmup w WHERE w.tenant_id = tenant AND w.channel = channel;
  INSERT INTO campaign.send_warmup (tenant_id, channel, day, cap)
  SELECT tenant, channel, e.key::integer, (e.value #>> '{}')::integer FROM jsonb_each(caps) e;
  PERFORM campaign.apply_send_limits(tenant, channel, was_capped);
END $$;

COMMENT ON FUNCTION campaign.start_warmup(uuid, text, date, jsonb) IS
'Starts to warm a channel up: from started_on (default today), a day''s touches are limited as the table of days says; between its days the last one reached applies, and after the last for good, unless that is null. The lower of this and the daily limit counts. For owners. Raises as set_send_limit() does, and 22023 for what is no such table.';

CREATE FUNCTION campaign.stop_warmup(tenant uuid, channel text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  stopped boolean;
BEGIN
  PERFORM campaign.lock_send_limit(tenant, channel, 'stop_warmup()');
  UPDATE campaign.send_limits s SET warmup_started_on = NULL
   WHERE s.tenant_id = tenant AND s.channel = channel AND s.warmup_started_on IS NOT NULL;
  stopped := FOUND;
  DELETE FROM campaign.send_warmup w WHERE w.tenant_id = tenant AND w.channel = channel;
  RETURN stopped;
END $$;

COMMENT ON FUNCTION campaign.stop_warmup(uuid, text) IS
'Ends a warm-up; the other limits stay. False if there was none. For owners. Raises as set_send_limit() does.';

CREATE FUNCTION campaign.count_send_usage(tenant uuid, channel text, at timestamptz) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_count_send_usage';

COMMENT ON FUNCTION campaign.count_send_usage(uuid, text, timestamptz) IS
'Internal: counts a message that was sent outside of every campaign, if the channel has a cap. It may exceed it: it has happened.';

CREATE FUNCTION campaign.return_send_usage(tenant uuid, lane integer, claimed_at timestamptz) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_return_send_usage';

COMMENT ON FUNCTION campaign.return_send_usage(uuid, integer, timestamptz) IS
'Internal: gives back what a touch of a lane had of the caps that was claimed and will not be sent under that claim.';

CREATE FUNCTION campaign.fold_send_usage(max_rows integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  fold_time timestamptz := now_time - interval '2 days';
  done bigint := 0;
  gone bigint;
  folded bigint;
  found_meter record;
BEGIN
  FOR found_meter IN
    SELECT m.tenant_id, m.channel, t.timezone, w.month_start - interval '2 months' AS keep_from
      FROM campaign.send_meters m JOIN campaign.tenants t ON t.id = m.tenant_id
     CROSS JOIN LATERAL campaign.send_windows(now_time, t.timezone) w
     WHERE m.folded_until <= fold_time - interval '1 day'
     ORDER BY m.tenant_id, m.channel
  LOOP
    EXIT WHEN done >= max_rows;
    WITH old AS MATERIALIZED (
      SELECT u.starts_at, u.id FROM campaign.send_usage u
       WHERE u.tenant_id = found_meter.tenant_id AND u.channel = found_meter.channel AND u.ends_at < found_meter.keep_from
       LIMIT max_rows FOR UPDATE SKIP LOCKED)
    DELETE FROM campaign.send_usage u USING old
     WHERE u.tenant_id = found_meter.tenant_id AND u.channel = found_meter.channel
       AND u.starts_at = old.starts_at AND u.id = old.id;
    GET DIAGNOSTICS gone = ROW_COUNT;
    done := done + gone;

    WITH past AS MATERIALIZED (
      SELECT u.starts_at, u.id, w.day_start, w.day_end,
             count(*) OVER (PARTITION BY w.day_start) AS rows_of_day
        FROM campaign.send_usage u
       CROSS JOIN LATERAL campaign.send_windows(u.starts_at, found_meter.timezone) w
       WHERE u.tenant_id = found_meter.tenant_id AND u.channel = found_meter.channel
         AND u.ends_at <= fold_time),
    held AS MATERIALIZED (
      SELECT u.starts_at, u.id, p.day_start, p.day_end
        FROM past p JOIN campaign.send_usage u ON u.tenant_id = found_meter.tenant_id
         AND u.channel = found_meter.channel AND u.starts_at = p.starts_at AND u.id = p.id
       WHERE p.rows_of_day > 1 LIMIT max_rows FOR UPDATE OF u SKIP LOCKED),
    removed AS (
      DELETE FROM campaign.send_usage u USING held h
       WHERE u.tenant_id = found_meter.tenant_id AND u.channel = found_meter.channel
         AND u.starts_at = h.starts_at AND u.id = h.id
      RETURNING h.day_start, h.day_end, u.starts_at, u.ends_at, u.used),
    kept AS (
      INSERT INTO campaign.send_usage (tenant_id, channel, starts_at, ends_at, size, used)
      SELECT found_meter.tenant_id, found_meter.channel, least(r.day_start, min(r.starts_at)), greatest(r.day_end, max(r.ends_at)),
             sum(r.used), sum(r.used)
        FROM removed r GROUP BY r.day_start, r.day_end HAVING sum(r.used) <> 0)
    SELECT count(*) INTO folded FROM removed;
    done := done + folded;
    IF gone < max_rows AND folded < max_rows THEN
      WITH idle AS MATERIALIZED (
        SELECT FROM campaign.send_meters m
         WHERE m.tenant_id = found_meter.tenant_id AND m.channel = found_meter.channel FOR NO KEY UPDATE SKIP LOCKED)
      UPDATE campaign.send_meters m SET folded_until = fold_time
       WHERE m.tenant_id = found_meter.tenant_id AND m.channel = found_meter.channel AND EXISTS (SELECT FROM idle);
    END IF;
  END LOOP;
  RETURN done;
END $$;

COMMENT ON FUNCTION campaign.fold_send_usage(integer) IS
'Internal: makes one row a day of what was used more than two days ago, and removes what is older than two months. Returns how many rows it took, about max_rows at most.';

CREATE VIEW campaign.send_limit_usage WITH (security_invoker = true) AS
  SELECT p.tenant_id, p.channel, r.per_hour, r.per_day, r.per_month, r.warmup_day, r.warmup_cap,
         coalesce(s.contact_interval, p.contact_interval) AS contact_interval,
         u.this_hour, u.today, u.this_month,
         CASE WHEN f.room < 0 THEN 0 ELSE f.room END AS remaining,
         CASE WHEN r.per_month <= u.this_month THEN w.month_end
              WHEN least(r.per_day, r.warmup_cap) <= u.today THEN w.day_end
              WHEN r.per_hour <= u.this_hour THEN w.hour_end END AS next_window_at
    FROM (SELECT t.id AS tenant_id, c.channel, t.timezone, c.hourly_limit, c.contact_interval
            FROM campaign.tenants t CROSS JOIN campaign.channels c WHERE NOT t.seeded) p
   CROSS JOIN LATERAL campaign.send_windows(campaign.now(), p.timezone) w
    LEFT JOIN campaign.send_limits s ON s.tenant_id = p.tenant_id AND s.channel = p.channel
   CROSS JOIN LATERAL (
     SELECT CASE WHEN s.tenant_id IS NULL THEN p.hourly_limit ELSE s.per_hour END AS per_hour, s.per_day, s.per_month,
            CASE WHEN w.today >= s.warmup_started_on THEN w.today - s.warmup_started_on + 1 END AS warmup_day,
            (SELECT x.cap FROM campaign.send_warmup x
              WHERE x.tenant_id = p.tenant_id AND x.channel = p.channel AND x.day <= w.today - s.warmup_started_on + 1
              ORDER BY x.day DESC LIMIT 1) AS warmup_cap) r
   CROSS JOIN LATERAL (
     SELECT coalesce(sum(x.used) FILTER (WHERE CASE WHEN x.used > 0 THEN x.starts_at < w.hour_end AND x.ends_at > w.hour_start
                                                    ELSE x.starts_at >= w.hour_start AND x.ends_at <= w.hour_end END), 0) AS this_hour,
            coalesce(sum(x.used) FILTER (WHERE CASE WHEN x.used > 0 THEN x.starts_at < w.day_end AND x.ends_at > w.day_start
                                                    ELSE x.starts_at >= w.day_start AND x.ends_at <= w.day_end END), 0) AS today,
            coalesce(sum(x.used) FILTER (WHERE CASE WHEN x.used > 0 THEN x.starts_at < w.month_end AND x.ends_at > w.month_start
                                                    ELSE x.starts_at >= w.month_start AND x.ends_at <= w.month_end END), 0) AS this_month
       FROM campaign.send_usage x
      WHERE x.tenant_id = p.tenant_id AND x.channel = p.channel
        AND x.starts_at > least(w.hour_start, w.month_start) - interval '4 days' AND x.starts_at < greatest(w.hour_end, w.month_end)) u
   CROSS JOIN LATERAL (
     SELECT least(r.per_hour - u.this_hour, least(r.per_day, r.warmup_cap) - u.today, r.per_month - u.this_month) AS room) f;

ALTER TABLE campaign.send_limits ENABLE ROW LEVEL SECURITY;

CREATE POLICY send_limits_select ON campaign.send_limits FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

ALTER TABLE campaign.send_warmup ENABLE ROW LEVEL SECURITY;

CREATE POLICY send_warmup_select ON campaign.send_warmup FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

ALTER TABLE campaign.send_meters ENABLE ROW LEVEL SECURITY;

CREATE POLICY send_meters_select ON campaign.send_meters FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

ALTER TABLE campaign.send_usage ENABLE ROW LEVEL SECURITY;

CREATE POLICY send_usage_select ON campaign.send_usage FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'SELECT', 'TABLE campaign.send_limits'),
  ('member', 'SELECT', 'TABLE campaign.send_warmup'),
  ('member', 'SELECT', 'TABLE campaign.send_meters'),
  ('member', 'SELECT', 'TABLE campaign.send_usage'),
  ('member', 'SELECT', 'TABLE campaign.send_limit_usage'),
  ('member', 'EXECUTE', 'FUNCTION campaign.send_windows(timestamptz, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.set_send_limit(uuid, text, integer, integer, integer, interval)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.clear_send_limit(uuid, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.start_warmup(uuid, text, date, jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.stop_warmup(uuid, text)');

COMMENT ON TABLE campaign.send_limits IS 'What a tenant may send over a channel at most. Without a row the channel''s hourly limit and contact interval hold. Set by campaign.set_send_limit().';

COMMENT ON COLUMN campaign.send_limits.per_hour IS 'Most touches in an hour by the tenant''s clock; NULL: no limit.';

COMMENT ON COLUMN campaign.send_limits.per_day IS 'Most touches in a day by the tenant''s clock; NULL: no limit but the warm-up''s.';

COMMENT ON COLUMN campaign.send_limits.per_month IS 'Most touches in a calendar month by the tenant''s clock; NULL: no limit.';

COMMENT ON COLUMN campaign.send_limits.contact_interval IS 'Least time between two touches of one contact; NULL: that of the channel.';

COMMENT ON COLUMN campaign.send_limits.warmup_started_on IS 'Day 1 of the warm-up (send_warmup) by the tenant''s clock; NULL: there is none.';

COMMENT ON TABLE campaign.send_warmup IS 'The daily limits of a channel that is warmed up, from a day of the warm-up on to the next day listed. Written by campaign.start_warmup().';

COMMENT ON COLUMN campaign.send_warmup.cap IS 'Most touches of such a day; NULL: no limit any more.';

COMMENT ON TABLE campaign.send_meters IS 'One row per tenant and channel that is counted; its lock is what capacity is granted under. Written by the engine only.';

COMMENT ON COLUMN campaign.send_meters.counted_from IS 'Touches claimed before were not all counted, and are not given back; infinity: until the next grant.';

COMMENT ON COLUMN campaign.send_meters.folded_until IS 'What had ended by then has become one row a day.';

COMMENT ON TABLE campaign.send_usage IS 'What was granted and used: a grant of an hour, of which claims take; what was given back (negative); and one row for each day that is over. The sizes of a window never exceed its caps, but for what was sent by hand. Written by the engine only.';

COMMENT ON COLUMN campaign.send_usage.starts_at IS 'Start of the hour or day by the tenant''s clock.';

COMMENT ON COLUMN campaign.send_usage.ends_at IS 'End of that hour or day.';

COMMENT ON COLUMN campaign.send_usage.size IS 'How many may be taken.';

COMMENT ON COLUMN campaign.send_usage.used IS 'How many were.';

COMMENT ON COLUMN campaign.send_usage.lease_until IS 'The last lease of those that took, by the wall clock.';

COMMENT ON VIEW campaign.send_limit_usage IS 'For every tenant and channel the limits in force, what was used of them and what remains (NULL: no limit), and, where nothing remains, when the window ends that is used up.';

COMMENT ON POLICY send_limits_select ON campaign.send_limits IS 'Members read their tenants''. Changed through functions only.';

COMMENT ON POLICY send_warmup_select ON campaign.send_warmup IS 'Members read their tenants''. Changed through functions only.';

COMMENT ON POLICY send_meters_select ON campaign.send_meters IS 'Members read their tenants''.';

COMMENT ON POLICY send_usage_select ON campaign.send_usage IS 'Members read their tenants''.';

COMMENT ON TRIGGER follow_limits ON campaign.send_limits IS 'Other limits take effect at once.';

COMMENT ON TRIGGER follow_warmup ON campaign.send_warmup IS 'Another table takes effect at once.';

COMMENT ON TRIGGER follow_windows ON campaign.tenants IS 'With another time zone the windows of the caps begin at other times.';

CREATE TABLE campaign.touch_count_deltas (
  tenant_id    uuid NOT NULL,
  campaign_id  uuid NOT NULL,
  id           uuid NOT NULL DEFAULT campaign.uuid_v7(),
  touch_number smallint NOT NULL,
  service_type text COLLATE "C" NOT NULL,
  metric       text COLLATE "C" NOT NULL,
  at           timestamptz NOT NULL,
  day          date NOT NULL,
  n            bigint NOT NULL,
  seconds      bigint NOT NULL,
  CONSTRAINT touch_count_deltas_pkey PRIMARY KEY (tenant_id, campaign_id, id),
  CONSTRAINT touch_count_deltas_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
);

SELECT pg_catalog.pg_extension_config_dump('campaign.touch_count_deltas', '');

CREATE TABLE campaign.touch_counts (
  tenant_id    uuid NOT NULL,
  campaign_id  uuid NOT NULL,
  touch_number smallint NOT NULL,
  service_type text COLLATE "C" NOT NULL,
  metric       text COLLATE "C" NOT NULL,
  n            bigint NOT NULL,
  seconds      bigint NOT NULL,
  CONSTRAINT touch_counts_pkey PRIMARY KEY (tenant_id, campaign_id, touch_number, service_type, metric),
  CONSTRAINT touch_counts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
) WITH (fillfactor = 50);

SELECT pg_catalog.pg_extension_config_dump('campaign.touch_counts', '');

CREATE TABLE campaign.daily_counts (
  tenant_id   uuid NOT NULL,
  campaign_id uuid NOT NULL,
  day         date NOT NULL,
  metric      text COLLATE "C" NOT NULL,
  n           bigint NOT NULL,
  CONSTRAINT daily_counts_pkey PRIMARY KEY (tenant_id, campaign_id, day, metric),
  CONSTRAINT daily_counts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
) WITH (fillfactor = 80);

SELECT pg_catalog.pg_extension_config_dump('campaign.daily_counts', '');

CREATE TABLE campaign.recent_counts (
  tenant_id   uuid NOT NULL,
  campaign_id uuid NOT NULL,
  at          timestamptz NOT NULL,
  metric      text COLLATE "C" NOT NULL,
  n           bigint NOT NULL,
  CONSTRAINT recent_counts_pkey PRIMARY KEY (tenant_id, campaign_id, at, metric),
  CONSTRAINT recent_counts_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
) WITH (fillfactor = 80);

SELECT pg_catalog.pg_extension_config_dump('campaign.recent_counts', '');

CREATE TABLE campaign.count_folds (
  tenant_id uuid NOT NULL,
  folded_at timestamptz NOT NULL,
  CONSTRAINT count_folds_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT count_folds_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
) WITH (fillfactor = 50);

SELECT pg_catalog.pg_extension_config_dump('campaign.count_folds', '');

CREATE FUNCTION campaign.count_bucket(at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('5 minutes', least(greatest(at, '1900-01-01 00:00:00+00'), '9999-12-31 00:00:00+00'), '1900-01-01 00:00:00+00');

COMMENT ON FUNCTION campaign.count_bucket(timestamptz) IS
'Internal: the five minutes in which a time is counted.';

CREATE FUNCTION campaign.count_day(at timestamptz, timezone text) RETURNS date
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'campaign_count_day';

COMMENT ON FUNCTION campaign.count_day(timestamptz, text) IS
'Internal: the day on which a time is counted, in the tenant''s time zone, or in UTC if the server does not know it.';

CREATE FUNCTION campaign.count_touch_event(tenant uuid, campaign uuid, touch integer, service text, metric text, at timestamptz,
  n bigint DEFAULT 1, seconds bigint DEFAULT 0)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_count_touch_event';

COMMENT ON FUNCTION campaign.count_touch_event(uuid, uuid, integer, text, text, timestamptz, bigint, bigint) IS
'Internal: counts n of a metric for a touch of a campaign (0: for the enrolment), under a service type or none. Raises 22004 for NULLs, 22023 for what is not counted.';

CREATE FUNCTION campaign.count_enrollments(tenant uuid, campaign uuid, what text, enrollments uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  PERFORM campaign.count_touch_event(tenant, g.campaign_id, 0, g.service_type,
            CASE WHEN what IN ('enrolled', 'completed') THEN what WHEN what = 'reopened' THEN 'completed' ELSE 'stopped.' || what END,
            g.latest, CASE what WHEN 'reopened' THEN -g.n ELSE g.n END, CASE what WHEN 'reopened' THEN -g.seconds ELSE g.seconds END)
     FROM (SELECT e.campaign_id, e.service_type, max(e.at) AS latest, count(*) AS n,
                  sum(CASE what WHEN 'enrolled' THEN 0 ELSE floor(extract(epoch FROM e.at - e.enrolled_at)) END)::bigint AS seconds
             FROM (SELECT c.campaign_id, c.enrolled_at,
                          CASE WHEN c.job_id IS NULL THEN o.service_type ELSE j.service_type END AS service_type,
                          coalesce(CASE what WHEN 'enrolled' THEN c.enrolled_at WHEN 'completed' THEN c.completed_at
                                             WHEN 'reopened' THEN c.completed_at ELSE c.stopped_at END, now_time) AS at
                     FROM campaign.campaign_enrollments c
                     JOIN campaign.outreach_campaigns o ON o.tenant_id = c.tenant_id AND o.campaign_id = c.campaign_id
                     LEFT JOIN campaign.jobs j ON j.tenant_id = c.tenant_id AND j.id = c.job_id
                    WHERE c.tenant_id = tenant AND c.id = ANY (enrollments) AND (campaign IS NULL OR c.campaign_id = campaign)
                      AND o.tenant_id = tenant) e
            GROUP BY e.campaign_id, e.service_type, campaign.count_bucket(e.at)) g;
END $$;

COMMENT ON FUNCTION campaign.count_enrollments(uuid, uuid, text, uuid[]) IS
'Internal: counts enrolments, of one campaign or (NULL) of any, as they stand: what is enrolled, completed, reopened (before completed_at is cleared: takes a completion back) or a stop reason.';

CREATE FUNCTION campaign.begin_counts(tenant uuid) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO campaign.count_folds (tenant_id, folded_at) VALUES ($1, '-infinity') ON CONFLICT DO NOTHING;
END;

COMMENT ON FUNCTION campaign.begin_counts(uuid) IS
'Internal: gives a new tenant the row that whoever folds its counts holds.';

INSERT INTO campaign.tenant_initializers (function_name, "position") VALUES ('campaign.begin_counts', 50);

CREATE FUNCTION campaign.fold_tenant_counts(tenant uuid, max_rows bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  oldest timestamptz := now_time - interval '25 hours';
  last_fold timestamptz;
  folded bigint;
BEGIN
  PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR KEY SHARE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  -- a tenant that create_tenant() has not made
  IF NOT EXISTS (SELECT FROM campaign.count_folds f WHERE f.tenant_id = tenant) THEN
    PERFORM campaign.begin_counts(tenant);
  END IF;
  SELECT f.folded_at INTO last_fold FROM campaign.count_folds f WHERE f.tenant_id = tenant FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  WITH batch AS MATERIALIZED (
    SELECT d.campaign_id, d.id FROM campaign.touch_count_deltas d WHERE d.tenant_id = tenant LIMIT max_rows
  ), gone AS (
    DELETE FROM campaign.touch_count_deltas d USING batch b
     WHERE d.tenant_id = tenant AND d.campaign_id = b.campaign_id AND d.id = b.id
    RETURNING d.campaign_id, d.touch_number, d.service_type, d.metric, d.at, d.day, d.n, d.seconds
  ), total AS (
    INSERT INTO campaign.touch_counts AS c (tenant_id, campaign_id, touch_number, service_type, metric, n, seconds)
    SELECT tenant, g.campaign_id, g.touch_number, g.service_type, g.metric, sum(g.n)::bigint, sum(g.seconds)::bigint
      FROM gone g GROUP BY g.campaign_id, g.touch_number, g.service_type, g.metric
    ON CONFLICT ON CONSTRAINT touch_counts_pkey DO UPDATE SET n = c.n + excluded.n, seconds = c.seconds + excluded.seconds
  ), daily AS (
    INSERT INTO campaign.daily_counts AS c (tenant_id, campaign_id, day, metric, n)
    SELECT tenant, g.campaign_id, g.day, g.metric, sum(g.n)::bigint FROM gone g GROUP BY g.campaign_id, g.day, g.metric
    ON CONFLICT ON CONSTRAINT daily_counts_pkey DO UPDATE SET n = c.n + excluded.n
  ), recent AS (
    INSERT INTO campaign.recent_counts AS c (tenant_id, campaign_id, at, metric, n)
    SELECT tenant, g.campaign_id, g.at, g.metric, sum(g.n)::bigint FROM gone g
     WHERE g.metric IN ('sent', 'failed', 'skipped', 'bounced_hard', 'complained') AND g.at >= oldest
     GROUP BY g.campaign_id, g.at, g.metric
    ON CONFLICT ON CONSTRAINT recent_counts_pkey DO UPDATE SET n = c.n + excluded.n
  )
  SELECT count(*) INTO folded FROM gone;
  UPDATE campaign.count_folds f SET folded_at = now_time WHERE f.tenant_id = tenant;
  IF date_trunc('hour', last_fold, 'UTC') <> date_trunc('hour', now_time, 'UTC') THEN
    DELETE FROM campaign.recent_counts c WHERE c.tenant_id = tenant AND c.at < oldest;
  END IF;
  RETURN folded;
END $$;

COMMENT ON FUNCTION campaign.fold_tenant_counts(uuid, bigint) IS
'Internal: adds up to max_rows (NULL: all) of a tenant''s deltas to its totals; returns how many, 0 if somebody else is at it.';

CREATE FUNCTION campaign.fold_counts(max_rows bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- the system tenant has no campaigns
  tenant uuid := '00000000-0000-0000-0000-000000000000';
  folded bigint := 0;
BEGIN
  LOOP
    SELECT d.tenant_id INTO tenant FROM campaign.touch_count_deltas d WHERE d.tenant_id > tenant ORDER BY d.tenant_id LIMIT 1;
    EXIT WHEN tenant IS NULL OR folded >= max_rows;
    folded := folded + campaign.fold_tenant_counts(tenant, max_rows - folded);
  END LOOP;
  RETURN folded;
END $$;

COMMENT ON FUNCTION campaign.fold_counts(bigint) IS
'Adds what was counted since the last time, at most max_rows rows of it (default: all), to the totals that the analytics views read; returns how many rows. Changes no answer, only its price; waits for nobody. Called by maintenance.';

ALTER TABLE campaign.touch_count_deltas ENABLE ROW LEVEL SECURITY;

CREATE POLICY touch_count_deltas_select ON campaign.touch_count_deltas FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

ALTER TABLE campaign.touch_counts ENABLE ROW LEVEL SECURITY;

CREATE POLICY touch_counts_select ON campaign.touch_counts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

ALTER TABLE campaign.daily_counts ENABLE ROW LEVEL SECURITY;

CREATE POLICY daily_counts_select ON campaign.daily_counts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

ALTER TABLE campaign.recent_counts ENABLE ROW LEVEL SECURITY;

CREATE POLICY recent_counts_select ON campaign.recent_counts FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

ALTER TABLE campaign.count_folds ENABLE ROW LEVEL SECURITY;

CREATE POLICY count_folds_select ON campaign.count_folds FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'SELECT', 'TABLE campaign.touch_count_deltas'),
  ('member', 'SELECT', 'TABLE campaign.touch_counts'),
  ('member', 'SELECT', 'TABLE campaign.daily_counts'),
  ('member', 'SELECT', 'TABLE campaign.recent_counts'),
  ('member', 'SELECT', 'TABLE campaign.count_folds'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.fold_counts(bigint)');

COMMENT ON TABLE campaign.touch_counts IS 'What became of the touches and enrolments of a campaign in all, up to the last fold; touch_count_deltas has what came since. The analytics views add both.';

COMMENT ON COLUMN campaign.touch_counts.touch_number IS 'The touch by its number, whatever the plan version; 0: the enrolment as a whole.';

COMMENT ON COLUMN campaign.touch_counts.service_type IS 'Of the job, or for enrolments without one of the campaign, when it was counted; empty: none.';

COMMENT ON COLUMN campaign.touch_counts.metric IS 'Of touches: sent, failed and skipped as they stand final in send_logs, and delivered, opened, machine_opened, clicked, replied, converted (once an enrolment), reviewed, feedback, bounced_hard, bounced_soft, complained, unsubscribed, each once a touch. Of enrolments (touch_number 0): enrolled, completed and stopped.<reason>.';

COMMENT ON COLUMN campaign.touch_counts.seconds IS 'Of completed and stopped: whole seconds from enrolment to end, summed.';

COMMENT ON TABLE campaign.touch_count_deltas IS 'What was counted since the last fold: one row for each thing that a call has counted. Folded into touch_counts, daily_counts and recent_counts by campaign.fold_counts().';

COMMENT ON COLUMN campaign.touch_count_deltas.service_type IS 'As in touch_counts.';

COMMENT ON COLUMN campaign.touch_count_deltas.at IS 'Start of the five minutes in which it happened, or the resume of the campaign within them.';

COMMENT ON COLUMN campaign.touch_count_deltas.day IS 'The day of it in the tenant''s time zone, as that was when it was counted.';

COMMENT ON TABLE campaign.daily_counts IS 'The same by day, for all touches and services of a campaign, up to the last fold.';

COMMENT ON COLUMN campaign.daily_counts.day IS 'In the tenant''s time zone, as that was when it was counted.';

COMMENT ON TABLE campaign.recent_counts IS 'What the breaker looks at: sends, failures, hard bounces and complaints of the last 25 hours by five minutes, up to the last fold.';

COMMENT ON COLUMN campaign.recent_counts.at IS 'Start of the five minutes, or the resume of the campaign within them.';

COMMENT ON TABLE campaign.count_folds IS 'When each tenant''s counts were last folded. Who folds holds the row.';

COMMENT ON COLUMN campaign.count_folds.folded_at IS 'By the engine''s clock; -infinity: never.';

COMMENT ON POLICY touch_count_deltas_select ON campaign.touch_count_deltas IS 'Members read their tenants''.';

COMMENT ON POLICY touch_counts_select ON campaign.touch_counts IS 'Members read their tenants''.';

COMMENT ON POLICY daily_counts_select ON campaign.daily_counts IS 'Members read their tenants''.';

COMMENT ON POLICY recent_counts_select ON campaign.recent_counts IS 'Members read their tenants''.';

COMMENT ON POLICY count_folds_select ON campaign.count_folds IS 'Members read their tenants''.';

ALTER TABLE campaign.campaign_enrollments
  ADD COLUMN exclusive boolean NOT NULL DEFAULT true,
  ADD COLUMN base_shift interval NOT NULL DEFAULT '0',
  ADD COLUMN log_removed_at timestamptz;
DROP INDEX campaign.campaign_enrollments_live_contact_key;

CREATE UNIQUE INDEX campaign_enrollments_exclusive_key ON campaign.campaign_enrollments (tenant_id, contact_id) WHERE status = 'active' AND exclusive;

CREATE UNIQUE INDEX campaign_enrollments_live_key ON campaign.campaign_enrollments (tenant_id, contact_id, campaign_id) WHERE status = 'active';

CREATE FUNCTION campaign.has_reviewed(tenant uuid, contact uuid, since timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN EXISTS (SELECT FROM campaign.touch_events v
                  WHERE v.tenant_id = tenant AND v.contact_id = contact AND v.kind IN ('reviewed', 'feedback', 'clicked') AND v.at > since
                    AND (v.kind <> 'clicked' OR v.link = 'review') AND NOT v.is_machine)
      OR EXISTS (SELECT FROM campaign.campaign_enrollments e
                  WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status = 'stopped'
                    AND e.stop_reason IN ('review_clicked', 'feedback_submitted') AND e.stopped_at > since);
END $$;

COMMENT ON FUNCTION campaign.has_reviewed(uuid, uuid, timestamptz) IS
'Internal: whether a contact has reviewed, given feedback or followed a review link since then.';

CREATE FUNCTION campaign.refuse_enrollment(tenant uuid, campaign uuid, contact uuid, job uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  asked record;
BEGIN
  SELECT c.status AS campaign_status, k.id IS NOT NULL AS has_contact, k.archived_at, j.status AS job_status,
         campaign.now() - make_interval(secs => extract(epoch FROM t.review_cooldown)::double precision) AS since
    INTO asked
    FROM campaign.tenants t
    LEFT JOIN campaign.campaigns c ON c.tenant_id = tenant AND c.id = campaign AND c.kind = 'outreach'
    LEFT JOIN campaign.contacts k ON k.tenant_id = tenant AND k.id = contact
    LEFT JOIN campaign.jobs j ON j.tenant_id = tenant AND j.id = job
   WHERE t.id = tenant;
  IF asked.campaign_status IS DISTINCT FROM 'running' THEN
    outcome := 'not_matched';
    reason := 'campaign_' || coalesce(asked.campaign_status, 'missing');
  ELSIF NOT asked.has_contact THEN
    outcome := 'not_matched';
    reason := 'contact_missing';
  ELSIF asked.archived_at IS NOT NULL THEN
    outcome := 'suppressed';
    reason := 'contact_archived';
  ELSIF job IS NOT NULL AND asked.job_status IS DISTINCT FROM 'completed' THEN
    outcome := 'not_matched';
    reason := 'job_' || coalesce(asked.job_status, 'missing');
  ELSIF campaign.has_reviewed(tenant, contact, asked.since) THEN
    outcome := 'suppressed';
    reason := 'review_cooldown';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.refuse_enrollment(uuid, uuid, uuid, uuid) IS
'Internal: what forbids the enrolment of a contact, apart from other sequences (outcome and reason); NULL: nothing. The caller holds the locks of campaign and contact.';

CREATE FUNCTION campaign.sequences_in_the_way(tenant uuid, campaign uuid, contact uuid, job uuid,
  OUT enrollments uuid[], OUT in_campaign boolean, OUT is_same boolean)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  SELECT array_agg(e.id ORDER BY e.campaign_id <> campaign, e.id), bool_or(e.campaign_id = campaign),
         bool_or(e.campaign_id = campaign AND (job IS NULL OR e.job_id IS NOT DISTINCT FROM job))
    INTO enrollments, in_campaign, is_same
    FROM campaign.campaign_enrollments e JOIN campaign.tenants t ON t.id = e.tenant_id
   WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status = 'active'
     AND (e.exclusive OR NOT t.parallel_sequences OR e.campaign_id = campaign);
END $$;

COMMENT ON FUNCTION campaign.sequences_in_the_way(uuid, uuid, uuid, uuid) IS
'Internal: the live enrolments beside which a contact cannot be enrolled, those of the campaign first; whether there is one of the campaign, and whether it is what was asked for: for the same job, or for any if none is given.';

CREATE FUNCTION campaign.first_touch(tenant uuid, campaign uuid, job uuid, OUT plan_version integer, OUT lane integer,
  OUT delay interval, OUT shift interval, OUT exclusive boolean, OUT completed_at timestamptz, OUT service text)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  SELECT o.plan_version, l.lane, l.shift, NOT w.parallel_sequences, j.completed_at, CASE WHEN job IS NULL THEN o.service_type ELSE j.service_type END,
         -- a day is 24 hours here as in the plan, or the session's time zone would have a say
         CASE WHEN t.use_service_delay
              THEN coalesce(make_interval(secs => extract(epoch FROM s.first_touch_delay)::double precision), t.delay)
              ELSE t.delay END
    INTO plan_version, lane, shift, exclusive, completed_at, service, delay
    FROM campaign.tenants w
    JOIN campaign.outreach_campaigns o ON o.tenant_id = w.id
    JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version
    JOIN campaign.lanes l ON l.tenant_id = t.tenant_id AND l.campaign_id = t.campaign_id AND l.channel = t.channel
    LEFT JOIN campaign.jobs j ON j.tenant_id = tenant AND j.id = job
    LEFT JOIN campaign.service_types s ON s.tenant_id = tenant
      AND s.service_type = CASE WHEN job IS NULL THEN o.service_type ELSE j.service_type END
   WHERE w.id = tenant AND o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant AND l.tenant_id = tenant
     AND t.touch_number = 1;
END $$;

COMMENT ON FUNCTION campaign.first_touch(uuid, uuid, uuid) IS
'Internal: where a new enrolment begins: the plan, the lane of its first touch with the lane''s shift, and the delay, the service''s if the step says so; whether it is exclusive, the job''s completion, and the service type under which it counts.';

CREATE FUNCTION campaign.insert_enrollment(tenant uuid, campaign uuid, contact uuid, job uuid, anchor timestamptz) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  new_id uuid := campaign.uuid_v7();
  first record := campaign.first_touch(tenant, campaign, job);
  anchor_time timestamptz := coalesce(anchor, first.completed_at, now_time);
  scheduled timestamptz := anchor_time + first.delay;
BEGIN
  -- under READ COMMITTED the lock has kept others out; above it, one that the snapshot does not
  -- show is a serialization failure here (40001), which a client tries again
  INSERT INTO campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, job_id, plan_version, anchor_at,
    first_scheduled_at, enrolled_at, exclusive, base_shift)
  VALUES (tenant, new_id, campaign, contact, job, first.plan_version, anchor_time, scheduled, now_time, first.exclusive, first.shift)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" was enrolled meanwhile', contact
      USING ERRCODE = 'serialization_failure',
            DETAIL = 'Another transaction enrolled the contact without holding its lock.',
            HINT = 'Try again.';
  END IF;
  -- the queue's time is as much earlier as its lane is shifted
  INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
  VALUES (tenant, first.lane, scheduled - first.shift, new_id, scheduled, 1);
  PERFORM campaign.count_touch_event(tenant, campaign, 0, first.service, 'enrolled', now_time);
  PERFORM campaign.notify_due(scheduled);
  RETURN new_id;
END $$;

COMMENT ON FUNCTION campaign.insert_enrollment(uuid, uuid, uuid, uuid, timestamptz) IS
'Internal: the rows of a new enrolment. The caller holds the locks of campaign and contact and has asked what is in the way. Raises 40001 above READ COMMITTED if an enrolment was made meanwhile.';

CREATE OR REPLACE FUNCTION campaign.enroll_contact(tenant uuid, campaign uuid, contact uuid, job uuid, anchor timestamptz,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  policy text;
  live record;
  is_asked_about boolean;
BEGIN
  PERFORM campaign.lock_tenant_key(tenant);
  PERFORM FROM campaign.campaigns c WHERE c.tenant_id = tenant AND c.id = campaign FOR KEY SHARE;
  PERFORM FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = contact FOR NO KEY UPDATE;
  is_asked_about := EXISTS (SELECT FROM campaign.enrollment_conflicts x
                             WHERE x.tenant_id = tenant AND x.contact_id = contact AND x.resolution IS NULL);
  IF is_asked_about THEN
    -- those whose time has come decide what is live
    PERFORM campaign.settle_contact_conflicts(tenant, contact);
  END IF;
  SELECT r.outcome, r.reason INTO outcome, reason FROM campaign.refuse_enrollment(tenant, campaign, contact, job) r;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;
  live := campaign.sequences_in_the_way(tenant, campaign, contact, job);
  IF live.is_same THEN
    enrollment_id := live.enrollments[1];
    outcome := 'already_live';
    reason := 'live_in_this_campaign';
    RETURN;
  END IF;
  IF live.enrollments IS NOT NULL THEN
    SELECT t.conflict_policy INTO policy FROM campaign.tenants t WHERE t.id = tenant;
    IF policy <> 'replace' OR current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
      -- a stop is for READ COMMITTED only: what is to be replaced waits for settle_conflicts()
      PERFORM campaign.record_conflicts(tenant, campaign, job, ARRAY[contact], live.enrollments[1:1], NULL, anchor, policy);
      enrollment_id := live.enrollments[1];
      outcome := 'conflict';
      reason := CASE WHEN live.in_campaign THEN 'live_in_this_campaign' ELSE 'live_in_another_campaign' END;
      RETURN;
    END IF;
    PERFORM campaign.stop_enrollments(tenant, live.enrollments, 'repeat_job');
  END IF;
  enrollment_id := campaign.insert_enrollment(tenant, campaign, contact, job, anchor);
  outcome := 'enrolled';
  IF is_asked_about THEN
    PERFORM campaign.close_conflicts(tenant, campaign, job, ARRAY[contact], ARRAY[enrollment_id]);
  END IF;
  IF live.enrollments IS NOT NULL THEN
    reason := 'replaced';
    PERFORM campaign.record_conflicts(tenant, campaign, job, ARRAY[contact], live.enrollments[1:1], ARRAY[enrollment_id], anchor, policy);
  END IF;
END $$;

COMMENT ON FUNCTION campaign.enroll_contact(uuid, uuid, uuid, uuid, timestamptz) IS
'Internal: enrols a contact, with all checks but that of the caller, by the tenant''s policy where the contact is in another sequence. Locks tenant and campaign FOR KEY SHARE and the contact FOR NO KEY UPDATE. Raises 40001 above READ COMMITTED if an enrolment was made meanwhile.';

CREATE FUNCTION campaign.require_enrollment_target(campaign uuid, anchor timestamptz) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.campaigns c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = campaign AND c.kind = 'outreach';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign "%" does not exist', campaign
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has an outreach campaign with this id.',
            HINT = 'Check the id; a campaign of another tenant is not found.';
  END IF;
  IF anchor NOT BETWEEN '1900-01-01 00:00:00+00' AND '9999-12-31 00:00:00+00' THEN
    RAISE EXCEPTION 'anchor_at is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The first touch is scheduled at the anchor plus its delay; anchors are from 1900 to 9999.',
            HINT = 'Leave anchor_at out to start from the job''s completion, or from now.';
  END IF;
  RETURN owner_tenant;
END $$;

COMMENT ON FUNCTION campaign.require_enrollment_target(uuid, timestamptz) IS
'Internal: the tenant of an outreach campaign that the caller may enrol in; raises P0002, or 22023 for an anchor outside the calendar of plans.';

CREATE OR REPLACE FUNCTION campaign.enroll(campaign uuid, contact uuid, job uuid DEFAULT NULL, anchor_at timestamptz DEFAULT NULL,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid := campaign.require_enrollment_target(campaign, anchor_at);
  job_contact uuid;
BEGIN
  PERFORM 1 FROM campaign.contacts c WHERE c.tenant_id = owner_tenant AND c.id = contact;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" does not exist', contact
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The campaign''s tenant has no contact with this id.',
            HINT = 'A campaign enrols contacts of its own tenant only.';
  END IF;
  IF job IS NOT NULL THEN
    SELECT j.contact_id INTO job_contact FROM campaign.jobs j WHERE j.tenant_id = owner_tenant AND j.id = job FOR KEY SHARE;
    IF job_contact IS DISTINCT FROM contact THEN
      RAISE EXCEPTION 'job "%" does not exist', job
        USING ERRCODE = 'no_data_found',
              DETAIL = 'The contact has no job with this id.',
              HINT = 'Pass a job of the same contact, or none.';
    END IF;
  END IF;
  SELECT r.enrollment_id, r.outcome, r.reason INTO enrollment_id, outcome, reason
    FROM campaign.enroll_contact(owner_tenant, campaign, contact, job, anchor_at) r;
  IF job IS NOT NULL THEN
    INSERT INTO campaign.job_enrollments (tenant_id, job_id, campaign_id, enrollment_id, outcome, reason, at)
    VALUES (owner_tenant, job, campaign, enrollment_id, outcome, reason, campaign.now());
  END IF;
END $$;

COMMENT ON FUNCTION campaign.enroll(uuid, uuid, uuid, timestamptz) IS
'Enrols a contact in a running campaign; returns the enrolment, the outcome (enrolled, already_live, conflict, suppressed, not_matched) and the reason. The first touch is scheduled at anchor_at (default: the job''s completion, else now) plus its delay. For already_live and conflict the enrolment is the live one; what becomes of a conflict says tenants.conflict_policy (see enrollment_conflicts). Raises P0002 for a campaign, contact or job that is not yours, 22023 for an anchor before 1900 or after 9999.';

CREATE OR REPLACE FUNCTION campaign.enroll_job(job uuid, OUT enrollment_id uuid, OUT outcome text, OUT reason text) RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT j.tenant_id INTO owner_tenant FROM campaign.jobs j
   WHERE j.tenant_id = ANY (campaign.writable_tenants()) AND j.id = job FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'job "%" does not exist', job
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a job with this id.',
            HINT = 'Check the id; a job of another tenant is not found.';
  END IF;
  SELECT r.enrollment_id, r.outcome, r.reason INTO enrollment_id, outcome, reason
    FROM campaign.enroll_matched_job(owner_tenant, job) r;
END $$;

CREATE OR REPLACE FUNCTION campaign.create_job(contact uuid, service_type text DEFAULT NULL, status text DEFAULT 'scheduled',
  completed_at timestamptz DEFAULT NULL, campaign_override uuid DEFAULT NULL, external_id text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
  new_id uuid := campaign.uuid_v7();
  fault_state text;
  fault_message text;
  fault_detail text;
  fault_table text;
  fault_column text;
  fault_constraint text;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contact;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" does not exist', contact
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  PERFORM campaign.refuse_erased(owner_tenant, contact);
  INSERT INTO campaign.jobs (tenant_id, id, contact_id, service_type, status, completed_at, campaign_override, external_id)
  VALUES (owner_tenant, new_id, contact, service_type, status, completed_at, campaign_override, external_id);
  IF status = 'completed' THEN
    PERFORM campaign.enroll_matched_job(owner_tenant, new_id);
  END IF;
  RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
  GET STACKED DIAGNOSTICS fault_state = RETURNED_SQLSTATE, fault_message = MESSAGE_TEXT, fault_detail = PG_EXCEPTION_DETAIL,
    fault_table = TABLE_NAME, fault_column = COLUMN_NAME, fault_constraint = CONSTRAINT_NAME;
  PERFORM campaign.raise_violation(fault_state, fault_message, fault_detail, fault_table, fault_column, fault_constraint);
END $$;

COMMENT ON FUNCTION campaign.create_job(uuid, text, text, timestamptz, uuid, text) IS
'Creates a job of a contact and, if it is completed already, enrols it (see job_enrollments for the outcome); returns its id. Raises P0002 for a contact that is not yours, CP002 for one that was erased, 23503 for an unknown service type or campaign, 23514 for an unknown status.';

CREATE OR REPLACE FUNCTION campaign.follow_job_status() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.status = 'completed' THEN
    PERFORM campaign.enroll_matched_job(NEW.tenant_id, NEW.id);
  ELSE
    PERFORM campaign.require_read_committed('cancelling a job');
    PERFORM campaign.lock_tenant_key(NEW.tenant_id);
    PERFORM 1 FROM campaign.contacts c WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.contact_id FOR NO KEY UPDATE;
    PERFORM campaign.stop_enrollments(NEW.tenant_id,
      ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
             WHERE e.tenant_id = NEW.tenant_id AND e.job_id = NEW.id), 'job_cancelled');
    PERFORM campaign.end_conflict(NEW.tenant_id, x.id, 'cancelled', 'job_' || NEW.status, NULL, campaign.current_member())
       FROM campaign.enrollment_conflicts x
      WHERE x.tenant_id = NEW.tenant_id AND x.contact_id = NEW.contact_id AND x.job_id = NEW.id AND x.resolution IS NULL;
  END IF;
  RETURN NULL;
END $$;

COMMENT ON FUNCTION campaign.follow_job_status() IS
'Trigger on jobs: completed enrols the job in the same transaction, do_not_send stops what it had started and cancels its open conflicts.';

CREATE OR REPLACE FUNCTION campaign.stop_enrollments(tenant uuid, enrollments uuid[], reason text) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  lease_time timestamptz;
  live uuid[];
BEGIN
  -- the status is asked of what was found: without statistics the planner takes the index of the
  -- live ones for the better one, and reads all of the tenant's
  SELECT array_agg(l.id) FILTER (WHERE l.status = 'active') INTO live
    FROM (SELECT e.id, e.status FROM campaign.campaign_enrollments e
           WHERE e.tenant_id = tenant AND e.id = ANY (enrollments)
           ORDER BY e.id FOR NO KEY UPDATE) l;
  IF live IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM 1 FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live)
   ORDER BY q.enrollment_id FOR UPDATE;
  -- after the locks: a claim that we waited for has its lease by now
  lease_time := clock_timestamp();
  UPDATE campaign.campaign_enrollments e SET status = 'stopped', stop_reason = reason, stopped_at = now_time
   WHERE e.tenant_id = tenant AND e.id = ANY (live);
  PERFORM campaign.count_enrollments(tenant, NULL, reason, live);
  UPDATE campaign.touch_queue q SET flags = q.flags | 2::smallint, due_at = 'infinity'
   WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live) AND (q.lease_until > lease_time OR q.flags <> 0);
  -- a lease that ended before its send was begun had a part of the caps
  PERFORM campaign.return_send_usage(q.tenant_id, q.lane, q.claimed_at) FROM campaign.touch_queue q
   WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live) AND q.lease_until <= lease_time AND q.flags = 0 AND q.fence <> 0;
  DELETE FROM campaign.touch_queue q
   WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live) AND q.lease_until <= lease_time AND q.flags = 0;
  RETURN cardinality(live);
END $$;

COMMENT ON COLUMN campaign.campaign_enrollments.exclusive IS 'Whether it is the contact''s only live one: the tenant did not allow parallel sequences then.';

COMMENT ON COLUMN campaign.campaign_enrollments.base_shift IS 'The shift of the campaign''s lanes when it began.';

COMMENT ON COLUMN campaign.campaign_enrollments.log_removed_at IS 'When maintenance removed what the log had of it (tenants.log_retention).';

ALTER TABLE campaign.workers ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT '-infinity';

ALTER TABLE campaign.touch_queue ADD COLUMN rescheduled boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION campaign.notify_campaign_due(tenant uuid, campaign uuid) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT campaign.notify_due(min(first.due_at + l.shift))
    FROM campaign.lanes l
   CROSS JOIN LATERAL (SELECT min(q.due_at) AS due_at FROM campaign.touch_queue q WHERE q.tenant_id = $1 AND q.lane = l.lane) first
   WHERE l.tenant_id = $1 AND l.campaign_id = $2;
END;

CREATE OR REPLACE FUNCTION campaign.claim_due_touches(worker text, max_touches integer DEFAULT 100, lease interval DEFAULT '5 minutes',
  tenants uuid[] DEFAULT NULL, channels text[] DEFAULT NULL, begin_now boolean DEFAULT false,
  OUT tenant_id uuid, OUT enrollment_id uuid, OUT campaign_id uuid, OUT contact_id uuid, OUT job_id uuid,
  OUT touch_number smallint, OUT channel text, OUT address text, OUT subject text, OUT body text, OUT body_html text,
  OUT sender_name text, OUT needs_pdf boolean, OUT attachments uuid[], OUT config jsonb, OUT scheduled_at timestamptz, OUT due_at timestamptz, OUT attempt smallint,
  OUT lease_token text, OUT lease_until timestamptz, OUT idempotency_key uuid)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_claim_due_touches';

CREATE FUNCTION campaign.claim_campaign_touches(worker text, max_touches integer, campaign uuid,
  OUT tenant_id uuid, OUT enrollment_id uuid, OUT campaign_id uuid, OUT contact_id uuid, OUT job_id uuid,
  OUT touch_number smallint, OUT channel text, OUT address text, OUT subject text, OUT body text, OUT body_html text,
  OUT sender_name text, OUT needs_pdf boolean, OUT attachments uuid[], OUT config jsonb, OUT scheduled_at timestamptz, OUT due_at timestamptz, OUT attempt smallint,
  OUT lease_token text, OUT lease_until timestamptz, OUT idempotency_key uuid)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_claim_campaign_touches';

COMMENT ON FUNCTION campaign.claim_campaign_touches(text, integer, uuid) IS
'Internal: claim_due_touches() for one campaign, for simulate().';

CREATE OR REPLACE FUNCTION campaign.begin_send(lease_token text) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_begin_send';

CREATE OR REPLACE FUNCTION campaign.extend_lease(lease_token text, lease interval) RETURNS timestamptz
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_extend_lease';

CREATE OR REPLACE FUNCTION campaign.release_touch(lease_token text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_release_touch';

CREATE OR REPLACE FUNCTION campaign.report_touches(results campaign.touch_result[],
  OUT lease_token text, OUT result text, OUT enrollment_status text, OUT next_due_at timestamptz)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'campaign_report_touches';

CREATE FUNCTION campaign.resolve_uncertain(token text, outcome text, note text DEFAULT NULL, provider_id text DEFAULT NULL,
  OUT lease_token text, OUT result text, OUT enrollment_status text, OUT next_due_at timestamptz)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_touch record;
BEGIN
  IF outcome IS NULL OR outcome NOT IN ('sent', 'failed', 'skipped', 'retry') THEN
    RAISE EXCEPTION 'invalid outcome %', coalesce(quote_literal(outcome), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'An uncertain touch was sent, failed or skipped, or is to be tried again (retry).',
            HINT = 'Ask the provider what became of the message.';
  END IF;
  SELECT u.tenant_id, u.enrollment_id INTO found_touch
    FROM campaign.decode_touch_token(token) d
    JOIN campaign.touch_queue q ON q.tenant_id = d.tenant_id AND q.enrollment_id = d.enrollment_id AND q.fence = d.fence
    JOIN campaign.uncertain_touches u ON u.tenant_id = q.tenant_id AND u.enrollment_id = q.enrollment_id
   WHERE d.tenant_id = ANY (campaign.writable_tenants());
  IF NOT FOUND THEN
    RAISE EXCEPTION 'uncertain touch does not exist'
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No touch that you may settle is uncertain under this token.',
            HINT = 'See campaign.uncertain_touches for what is open.';
  END IF;
  IF outcome = 'retry' THEN
    PERFORM campaign.release_touch(token);
    SELECT e.status INTO enrollment_status FROM campaign.campaign_enrollments e
     WHERE e.tenant_id = found_touch.tenant_id AND e.id = found_touch.enrollment_id;
    SELECT q.due_at + l.shift INTO next_due_at
      FROM campaign.touch_queue q JOIN campaign.lanes l ON l.tenant_id = q.tenant_id AND l.lane = q.lane
     WHERE q.tenant_id = found_touch.tenant_id AND q.enrollment_id = found_touch.enrollment_id;
    lease_token := token;
    result := CASE enrollment_status WHEN 'active' THEN 'ok' ELSE 'logged' END;
  ELSE
    SELECT r.* INTO lease_token, result, enrollment_status, next_due_at
      FROM campaign.report_touches(ARRAY[ROW(token, outcome, provider_id,
             CASE outcome WHEN 'failed' THEN coalesce(note, 'resolved as failed') END, true,
             CASE outcome WHEN 'skipped' THEN coalesce(note, 'resolved as skipped') WHEN 'sent' THEN note END, NULL, NULL)::campaign.touch_result]) r;
  END IF;
END $$;

COMMENT ON FUNCTION campaign.resolve_uncertain(text, text, text, text) IS
'Settles a touch whose lease ended after begin_send and before its report (campaign.uncertain_touches): outcome sent, failed, skipped, or retry, with a note that is logged and, for what was sent, the provider''s id of the message, by which later events find it. Answers as report_touches() does. Raises 22023 for an unknown outcome or what is no token, P0002 if no touch of yours is uncertain under this token.';

CREATE OR REPLACE FUNCTION campaign.retry_touch(enrollment uuid, touch_number integer) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  target record;
  campaign_status text;
  enrollment_status text;
  dead record;
  queued record;
  touch_lane integer;
  queue_time timestamptz;
BEGIN
  SELECT e.tenant_id, e.contact_id, e.campaign_id, e.plan_version, e.exclusive INTO target FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = ANY (campaign.writable_tenants()) AND e.id = enrollment;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'enrolment "%" does not exist', enrollment
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has an enrolment with this id.',
            HINT = 'Check the id; an enrolment of another tenant is not found.';
  END IF;
  PERFORM campaign.require_read_committed('retry_touch()');
  PERFORM campaign.lock_tenant_key(target.tenant_id);
  SELECT c.status INTO campaign_status FROM campaign.campaigns c
   WHERE c.tenant_id = target.tenant_id AND c.id = target.campaign_id FOR KEY SHARE;
  IF campaign_status NOT IN ('running', 'paused') THEN
    RAISE EXCEPTION 'the campaign of the enrolment is %', campaign_status
      USING ERRCODE = 'CP002',
            DETAIL = 'A touch that is tried again would never be sent.',
            HINT = 'Only touches of running and paused campaigns are tried again.';
  END IF;
  PERFORM campaign.lock_contact(target.contact_id);
  SELECT e.status INTO enrollment_status FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = target.tenant_id AND e.id = enrollment FOR NO KEY UPDATE;
  IF enrollment_status = 'stopped' THEN
    RAISE EXCEPTION 'enrolment "%" is stopped', enrollment
      USING ERRCODE = 'CP002',
            DETAIL = 'Nothing is sent after a stop.',
            HINT = 'Enrol the contact again if the stop was a mistake.';
  END IF;
  SELECT q.* INTO queued FROM campaign.touch_queue q
   WHERE q.tenant_id = target.tenant_id AND q.enrollment_id = enrollment FOR UPDATE;
  SELECT d.attempt, d.scheduled_at, d.channel INTO dead FROM campaign.dead_touches d
   WHERE d.tenant_id = target.tenant_id AND d.enrollment_id = enrollment AND d.touch_number = touch_number;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'touch % of the enrolment has not failed', coalesce(touch_number::text, 'NULL')
      USING ERRCODE = 'CP002',
            DETAIL = 'Only a touch that counts as failed is tried again.',
            HINT = 'See campaign.dead_touches.';
  END IF;
  IF queued.flags <> 0 OR queued.lease_until > clock_timestamp() OR queued.resume_touch <> 0 THEN
    RAISE EXCEPTION 'touch % of the enrolment is under way', queued.touch_number
      USING ERRCODE = 'CP002',
            DETAIL = 'One touch of an enrolment is tried at a time.',
            HINT = 'Retry when it has been reported.';
  END IF;
  SELECT l.lane, now_time - l.shift INTO touch_lane, queue_time
    FROM campaign.campaign_touches t
    JOIN campaign.lanes l ON l.tenant_id = target.tenant_id AND l.campaign_id = target.campaign_id AND l.channel = t.channel
   WHERE t.tenant_id = target.tenant_id AND t.campaign_id = target.campaign_id
     AND t.plan_version = target.plan_version AND t.touch_number = touch_number;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'touch % is not in the plan of the enrolment', touch_number
      USING ERRCODE = 'CP002',
            DETAIL = 'The enrolment was moved to a plan with fewer touches.',
            HINT = 'What the plan does not have is not sent again.';
  END IF;
  IF enrollment_status = 'completed' THEN
    IF EXISTS (SELECT FROM campaign.campaign_enrollments e
                WHERE e.tenant_id = target.tenant_id AND e.contact_id = target.contact_id AND e.status = 'active'
                  AND (e.exclusive OR target.exclusive OR e.campaign_id = target.campaign_id)) THEN
      RAISE EXCEPTION 'the contact is in another live sequence'
        USING ERRCODE = 'CP002',
              DETAIL = 'Retrying would reopen an enrolment beside it.',
              HINT = 'Retry when the live enrolment has ended.';
    END IF;
    PERFORM campaign.count_enrollments(target.tenant_id, target.campaign_id, 'reopened', ARRAY[enrollment]);
    UPDATE campaign.campaign_enrollments e SET status = 'active', completed_at = NULL
     WHERE e.tenant_id = target.tenant_id AND e.id = enrollment;
    INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number, attempt, attempt_base, resume_touch, rescheduled)
    SELECT target.tenant_id, touch_lane, queue_time, enrollment, dead.scheduled_at, touch_number, dead.attempt, dead.attempt,
           -- behind all that it has had, be it by a longer plan
           1 + greatest(max(t.touch_number), (SELECT max(s.touch_number) FROM campaign.send_logs s
                                               WHERE s.tenant_id = target.tenant_id AND s.enrollment_id = enrollment)), true
      FROM campaign.campaign_touches t
     WHERE t.tenant_id = target.tenant_id AND t.campaign_id = target.campaign_id AND t.plan_version = target.plan_version;
  ELSE
    -- a lease that has ended without a begin had a part of the caps
    PERFORM campaign.return_send_usage(target.tenant_id, queued.lane, queued.claimed_at);
    UPDATE campaign.touch_queue q
       SET lane = touch_lane, due_at = queue_time, rescheduled = true, scheduled_at = dead.scheduled_at, touch_number = retry_touch.touch_number,
           attempt = dead.attempt, attempt_base = dead.attempt, resume_touch = queued.touch_number,
           lease_until = '-infinity', claimed_at = '-infinity', fence = 0
     WHERE q.tenant_id = target.tenant_id AND q.enrollment_id = enrollment;
  END IF;
  PERFORM campaign.notify_due(now_time);
  RETURN now_time;
END $$;

CREATE OR REPLACE FUNCTION campaign.next_due_at(tenants uuid[] DEFAULT NULL, channels text[] DEFAULT NULL) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT min(greatest(d.throttled_until, d.due_at)) FILTER (WHERE d.due_at IS NOT NULL)
    FROM (SELECT l.throttled_until,
                 CASE WHEN free.due_at + l.shift <= campaign.now() THEN free.due_at + l.shift
                      -- a leased touch comes back when its lease ends; leases run on the wall clock
                      ELSE least(free.due_at + l.shift,
                                 (SELECT min(campaign.now() + (q.lease_until - clock_timestamp())) FROM campaign.touch_queue q
                                   WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.lease_until > clock_timestamp()
                                     AND q.due_at <= campaign.now() - l.shift
                                     AND (q.flags = 0 OR q.flags = 1 AND c.uncertain_policy = 'retry'))) END AS due_at
            FROM campaign.lanes l JOIN campaign.channels c ON c.channel = l.channel
            LEFT JOIN LATERAL (
              SELECT q.due_at FROM campaign.touch_queue q
               WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.lease_until <= clock_timestamp() AND q.due_at < 'infinity'
                 AND (q.flags = 0 OR q.flags = 1 AND c.uncertain_policy = 'retry')
               ORDER BY q.due_at LIMIT 1) free ON true
           WHERE NOT l.paused AND ($1 IS NULL OR l.tenant_id = ANY ($1)) AND ($2 IS NULL OR l.channel = ANY ($2))) d;
END;

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'EXECUTE', 'FUNCTION campaign.resolve_uncertain(text, text, text, text)');

COMMENT ON COLUMN campaign.workers.last_seen_at IS 'Its last claim, begin or extension, noted three times a minute at most.';

COMMENT ON COLUMN campaign.touch_queue.due_at IS 'When it may be claimed, by the engine''s clock, less the shift of its lane; infinity: not again (stopped or uncertain).';

COMMENT ON COLUMN campaign.touch_queue.rescheduled IS 'Whether lateness is not asked again: the touch was too late once and got another time, or is tried again by a person.';

CREATE INDEX send_logs_failed_idx ON campaign.send_logs (tenant_id, logged_at) WHERE status = 'failed';

CREATE OR REPLACE FUNCTION campaign.log_send(contact uuid, channel text DEFAULT 'email', subject text DEFAULT NULL, address text DEFAULT NULL,
  provider_id text DEFAULT NULL, sent_at timestamptz DEFAULT NULL, template uuid DEFAULT NULL, metadata jsonb DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  -- nothing was sent in the future
  at timestamptz := least(coalesce(sent_at, now_time), now_time);
  new_id uuid := campaign.uuid_v7();
  target record;
BEGIN
  PERFORM campaign.lock_tenant_key(c.tenant_id) FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contact;
  SELECT c.tenant_id, c.email, c.phone, c.linkedin_url INTO target FROM campaign.contacts c
   WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contact
     -- whoever deletes it meanwhile waits, and then finds history
     FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact "%" does not exist', contact
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a contact with this id.',
            HINT = 'Check the id; a contact of another tenant is not found.';
  END IF;
  PERFORM campaign.refuse_erased(target.tenant_id, contact);
  IF NOT isfinite(sent_at) THEN
    RAISE EXCEPTION 'sent_at must be finite'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It says when the message was sent.',
            HINT = 'Leave sent_at out for now.';
  END IF;
  IF NOT EXISTS (SELECT FROM campaign.channels h WHERE h.channel = channel) THEN
    RAISE EXCEPTION 'channel % does not exist', coalesce(quote_literal(channel), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A send is logged under a channel.',
            HINT = 'See the table campaign.channels.';
  END IF;
  IF octet_length(provider_id) > 1000 THEN
    RAISE EXCEPTION 'provider_id is too long'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It has %s bytes, and 1000 are the most.', octet_length(provider_id)),
            HINT = 'Pass the id that the provider knows the message by, and the rest as metadata.';
  END IF;
  PERFORM FROM campaign.message_templates m WHERE m.tenant_id = target.tenant_id AND m.id = template FOR KEY SHARE;
  IF template IS NOT NULL AND NOT FOUND THEN
    RAISE EXCEPTION 'message template "%" does not exist', template
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The contact''s tenant has no template with this id.',
            HINT = 'Pass a template of the same tenant, or none.';
  END IF;
  INSERT INTO campaign.send_logs (tenant_id, id, contact_id, template_id, is_final, advanced, channel, status, sent_at, logged_at,
    address, subject, provider_id, metadata)
  SELECT target.tenant_id, new_id, contact, template, true, false, channel, 'sent', at, now_time,
         coalesce(address, CASE h.address_kind WHEN 'email' THEN target.email WHEN 'phone' THEN target.phone ELSE target.linkedin_url END),
         subject, provider_id, metadata
    FROM campaign.channels h WHERE h.channel = channel;
  PERFORM campaign.count_send_usage(target.tenant_id, channel, at);
  RETURN new_id;
END $$;

COMMENT ON FUNCTION campaign.log_send(uuid, text, text, text, text, timestamptz, uuid, jsonb) IS
'Logs a message that a person sent outside every campaign, so that it shows in the contact''s history and counts against the tenant''s limits, which it may exceed: it has happened; returns its id. The address defaults to the contact''s for the channel, sent_at to now. Raises P0002 for a contact or template that is not yours, CP002 for a contact that was erased, 22023 for an unknown channel, a provider_id of more than 1000 bytes and a time without end.';

CREATE FUNCTION campaign.sign_link(tenant uuid, enrollment uuid, touch_number smallint, kind text) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_sign_link';

COMMENT ON FUNCTION campaign.sign_link(uuid, uuid, smallint, text) IS
'Internal: the token of a link, of arguments that the caller has checked.';

CREATE FUNCTION campaign.verify_link(token text,
  OUT tenant_id uuid, OUT enrollment_id uuid, OUT contact_id uuid, OUT touch_number smallint, OUT kind text)
RETURNS record
LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_verify_link';

COMMENT ON FUNCTION campaign.verify_link(text) IS
'What the token of a link in a message says: whose it is, the touch it stood in, and its kind, review or unsubscribe. Records nothing; campaign.record_link() does. Raises P0002 for every token that is not valid, whatever the cause.';

CREATE FUNCTION campaign.link_token(enrollment uuid, touch_number integer, kind text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT e.tenant_id INTO owner_tenant FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = ANY (campaign.writable_tenants()) AND e.id = enrollment;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'enrolment "%" does not exist', enrollment
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has an enrolment with this id.',
            HINT = 'Check the id; an enrolment of another tenant is not found.';
  END IF;
  IF kind IS NULL OR kind NOT IN ('review', 'unsubscribe') THEN
    RAISE EXCEPTION 'invalid kind of link %', coalesce(quote_literal(kind), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The kinds are review and unsubscribe.',
            HINT = 'Say what a click on the link is to do.';
  END IF;
  IF touch_number IS NULL OR touch_number NOT BETWEEN 1 AND 50 THEN
    RAISE EXCEPTION 'invalid touch number %', coalesce(touch_number::text, 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A campaign has 1 to 50 touches.',
            HINT = 'Give the number of the touch whose message has the link.';
  END IF;
  RETURN campaign.sign_link(owner_tenant, enrollment, touch_number::smallint, kind);
END $$;

COMMENT ON FUNCTION campaign.link_token(uuid, integer, text) IS
'The token of a link in the message of a touch (editors), as {{link.review}} and {{link.unsubscribe}} carry it: for messages that are written elsewhere, and for tests. Raises P0002 for an enrolment that is not yours, 22023 for an unknown kind or touch number.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'EXECUTE', 'FUNCTION campaign.link_token(uuid, integer, text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.verify_link(text)');

CREATE TABLE campaign.stop_rules (
  tenant_id  uuid NOT NULL,
  event      text COLLATE "C" NOT NULL,
  action     text COLLATE "C" NOT NULL,
  reason     text,
  scope      text,
  seeded     boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT stop_rules_pkey PRIMARY KEY (tenant_id, event, action),
  CONSTRAINT stop_rules_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT stop_rules_event_check CHECK (event IN ('delivered', 'opened', 'clicked', 'review_clicked', 'replied',
    'bounced_hard', 'bounced_soft', 'complained', 'unsubscribed', 'sms_stop', 'reviewed', 'feedback')),
  CONSTRAINT stop_rules_action_check CHECK (action IN ('stop', 'suppress', 'opt_out', 'none')),
  CONSTRAINT stop_rules_reason_check CHECK (CASE action
    WHEN 'stop' THEN reason IS NOT NULL AND reason IN ('review_clicked', 'feedback_submitted', 'replied', 'opted_out_sms',
      'opted_out_email', 'unsubscribed', 'bounced', 'complained', 'owner_stopped')
    WHEN 'suppress' THEN reason IS NOT NULL AND reason IN ('hard_bounce', 'complaint', 'unsubscribe', 'manual')
    ELSE reason IS NULL END),
  CONSTRAINT stop_rules_scope_check CHECK (scope IN ('contact', 'enrollment') AND action = 'stop' OR scope IS NULL)
);

SELECT pg_catalog.pg_extension_config_dump('campaign.stop_rules', 'WHERE NOT seeded');

COMMENT ON TABLE campaign.stop_rules IS 'What events do. The system tenant''s rows are the defaults; the rows that a tenant has for an event replace all defaults of that event.';

COMMENT ON COLUMN campaign.stop_rules.event IS 'What happened: a kind of touch_events, more exactly: review_clicked is a click on the review link, bounced_hard and bounced_soft are the two kinds of bounce, sms_stop is an unsubscribe by text message.';

COMMENT ON COLUMN campaign.stop_rules.action IS 'stop ends live enrolments, suppress never uses the address again, opt_out takes back the consent to the channel of every contact with the address, none does nothing and is there to replace a default.';

COMMENT ON COLUMN campaign.stop_rules.reason IS 'The stop_reason of the enrolments, or the reason of the suppression.';

COMMENT ON COLUMN campaign.stop_rules.scope IS 'What a stop ends: contact (also NULL), every live enrolment of the contact that had begun by then (after a review or feedback: within tenants.review_cooldown), or enrollment, only that in whose message it happened.';

COMMENT ON COLUMN campaign.stop_rules.seeded IS 'The row comes with the extension and is changed by nobody.';

INSERT INTO campaign.stop_rules (tenant_id, event, action, reason, scope, seeded)
SELECT '00000000-0000-0000-0000-000000000000', r.event, r.action, r.reason, r.scope, true
FROM (VALUES
  ('delivered', 'none', NULL, NULL),
  ('opened', 'none', NULL, NULL),
  ('clicked', 'none', NULL, NULL),
  ('review_clicked', 'stop', 'review_clicked', 'contact'),
  ('reviewed', 'stop', 'review_clicked', 'contact'),
  ('feedback', 'stop', 'feedback_submitted', 'contact'),
  ('replied', 'stop', 'replied', 'contact'),
  ('bounced_soft', 'none', NULL, NULL),
  ('bounced_hard', 'suppress', 'hard_bounce', NULL),
  ('bounced_hard', 'stop', 'bounced', 'enrollment'),
  ('complained', 'suppress', 'complaint', NULL),
  ('complained', 'stop', 'complained', 'contact'),
  ('unsubscribed', 'suppress', 'unsubscribe', NULL),
  ('unsubscribed', 'opt_out', NULL, NULL),
  ('unsubscribed', 'stop', 'unsubscribed', 'contact'),
  ('sms_stop', 'opt_out', NULL, NULL)) AS r (event, action, reason, scope);

CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.stop_rules
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();

CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.stop_rules
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.stop_rules
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

COMMENT ON TRIGGER protect_seeded ON campaign.stop_rules IS 'What the extension brings is changed by nobody.';

COMMENT ON TRIGGER protect_seeded_truncate ON campaign.stop_rules IS 'What the extension brings is changed by nobody.';

COMMENT ON TRIGGER touch_updated_at ON campaign.stop_rules IS 'Keeps updated_at.';

ALTER TABLE campaign.stop_rules ENABLE ROW LEVEL SECURITY;

CREATE POLICY stop_rules_select ON campaign.stop_rules FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

CREATE POLICY stop_rules_insert ON campaign.stop_rules FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));

CREATE POLICY stop_rules_update ON campaign.stop_rules FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));

CREATE POLICY stop_rules_delete ON campaign.stop_rules FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));

COMMENT ON POLICY stop_rules_select ON campaign.stop_rules IS 'Members read their tenants'' and the defaults.';

COMMENT ON POLICY stop_rules_insert ON campaign.stop_rules IS 'Owners write their tenants''.';

COMMENT ON POLICY stop_rules_update ON campaign.stop_rules IS 'Owners write their tenants''.';

COMMENT ON POLICY stop_rules_delete ON campaign.stop_rules IS 'Owners write their tenants''.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'SELECT', 'TABLE campaign.stop_rules'),
  ('member', 'INSERT (tenant_id, event, action, reason, scope)', 'TABLE campaign.stop_rules'),
  ('member', 'UPDATE (event, action, reason, scope)', 'TABLE campaign.stop_rules'),
  ('member', 'DELETE', 'TABLE campaign.stop_rules');

CREATE TABLE campaign.touch_events (
  tenant_id     uuid NOT NULL,
  id            uuid NOT NULL DEFAULT campaign.uuid_v7(),
  event_id      text,
  kind          text COLLATE "C" NOT NULL,
  bounce        text,
  link          text,
  is_machine    boolean NOT NULL DEFAULT false,
  at            timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  enrollment_id uuid,
  campaign_id   uuid,
  contact_id    uuid,
  touch_number  smallint,
  channel       text COLLATE "C",
  provider_id   text,
  address       text,
  unmatched     boolean NOT NULL DEFAULT false,
  data          jsonb,
  CONSTRAINT touch_events_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT touch_events_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT touch_events_event_id_key UNIQUE (tenant_id, event_id),
  -- what is indexed fits in an index
  CONSTRAINT touch_events_event_id_check CHECK (pg_catalog.octet_length(event_id) BETWEEN 1 AND 1000),
  CONSTRAINT touch_events_provider_id_check CHECK (pg_catalog.octet_length(provider_id) <= 1000),
  CONSTRAINT touch_events_kind_check CHECK (kind IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained',
    'unsubscribed', 'reviewed', 'feedback')),
  CONSTRAINT touch_events_bounce_check CHECK (bounce IN ('hard', 'soft') AND (kind = 'bounced') = (bounce IS NOT NULL)
    OR bounce IS NULL AND kind <> 'bounced'),
  CONSTRAINT touch_events_link_check CHECK (link IS NULL OR kind = 'clicked' AND link IN ('review', 'unsubscribe')),
  CONSTRAINT touch_events_touch_number_check CHECK (touch_number >= 1),
  CONSTRAINT touch_events_enrollment_check CHECK ((enrollment_id IS NULL) = (campaign_id IS NULL)
    AND (enrollment_id IS NULL OR contact_id IS NOT NULL) AND (enrollment_id IS NOT NULL OR touch_number IS NULL)),
  CONSTRAINT touch_events_unmatched_check CHECK (unmatched = (contact_id IS NULL))
);

CREATE INDEX touch_events_enrollment_idx ON campaign.touch_events (tenant_id, enrollment_id, kind) WHERE enrollment_id IS NOT NULL;

CREATE INDEX touch_events_contact_idx ON campaign.touch_events (tenant_id, contact_id, kind, at) WHERE contact_id IS NOT NULL;

CREATE INDEX touch_events_provider_idx ON campaign.touch_events (tenant_id, provider_id) WHERE unmatched;

CREATE INDEX touch_events_unmatched_idx ON campaign.touch_events (tenant_id, recorded_at) WHERE unmatched;

SELECT pg_catalog.pg_extension_config_dump('campaign.touch_events', '');

CREATE FUNCTION campaign.read_event(kind text, at timestamptz, event_id text, provider_id text, address text, data jsonb)
RETURNS campaign.touch_events
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
  v campaign.touch_events;
  fault text;
  way_out text;
BEGIN
  v.id := campaign.uuid_v7();
  v.kind := CASE kind WHEN 'review_clicked' THEN 'clicked' WHEN 'bounced_hard' THEN 'bounced' WHEN 'bounced_soft' THEN 'bounced'
                      WHEN 'sms_stop' THEN 'unsubscribed' ELSE kind END;
  v.bounce := CASE WHEN kind = 'bounced_hard' THEN 'hard' WHEN kind = 'bounced_soft' THEN 'soft' WHEN kind = 'bounced' THEN data ->> 'bounce' END;
  v.link := CASE WHEN kind = 'review_clicked' THEN 'review'
                 WHEN kind = 'clicked' AND data ->> 'link' IN ('review', 'unsubscribe') THEN data ->> 'link' END;
  v.channel := CASE WHEN kind = 'sms_stop' THEN 'sms' END;
  v.is_machine := coalesce(data ->> 'machine' = 'true', false);
  v.at := least(at, now_time);
  v.recorded_at := now_time;
  v.event_id := event_id;
  v.provider_id := provider_id;
  v.address := campaign.normalize_address(address);
  v.unmatched := false;
  v.data := data;
  IF v.kind IS NULL OR v.kind NOT IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained', 'unsubscribed', 'reviewed', 'feedback') THEN
    fault := format('invalid kind of event %s', coalesce(quote_literal(kind), 'NULL'));
    way_out := 'The kinds are delivered, opened, clicked, replied, bounced, complained, unsubscribed, reviewed and feedback.';
  ELSIF v.kind = 'bounced' AND (v.bounce IS NULL OR v.bounce NOT IN ('hard', 'soft')) THEN
    fault := 'a bounce must be hard or soft';
    way_out := 'Say it in data: {"bounce": "hard"} if there is no such address, {"bounce": "soft"} if it could not be reached now.';
  ELSIF NOT isfinite(at) THEN
    fault := 'at must be finite';
    way_out := 'Give the time at which it happened, or leave at out for now.';
  ELSIF octet_length(event_id) NOT BETWEEN 1 AND 1000 OR octet_length(provider_id) NOT BETWEEN 1 AND 1000 THEN
    fault := 'event_id and provider_id must have 1 to 1000 bytes';
    way_out := 'Pass the ids that the sender of the event gives, and the rest as data.';
  ELSIF octet_length(v.address) NOT BETWEEN 1 AND 2048 THEN
    fault := 'address must have 1 to 2048 bytes';
    way_out := 'An address is an e-mail address, a phone number or a profile URL.';
  ELSIF octet_length(data::text) > 65536 THEN
    fault := 'data of an event must have at most 64 kB';
    way_out := 'Pass what is needed of it.';
  END IF;
  IF fault IS NOT NULL THEN
    RAISE EXCEPTION '%', fault
      USING ERRCODE = 'invalid_parameter_value', DETAIL = 'Nothing was recorded.', HINT = way_out;
  END IF;
  RETURN v;
END $$;

COMMENT ON FUNCTION campaign.read_event(text, timestamptz, text, text, text, jsonb) IS
'Internal: the row of an event as it was told, without what it is about; raises 22023 for what makes no sense.';

CREATE FUNCTION campaign.derived_event_id(v campaign.touch_events, at timestamptz, VARIADIC about text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN 'campaign:' || encode(sha256(convert_to(array_to_string(ARRAY[v.kind, v.bounce, v.link, extract(epoch FROM at)::text] || about,
  ' ', '-'), 'UTF8')), 'hex');

COMMENT ON FUNCTION campaign.derived_event_id(campaign.touch_events, timestamptz, text[]) IS
'Internal: the id of an event that came without one: its kind, the time and whatever said which message it is about, all as they were told.';

CREATE FUNCTION campaign.event_of_message(v campaign.touch_events, message campaign.send_logs) RETURNS campaign.touch_events
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  v.enrollment_id := message.enrollment_id;
  v.campaign_id := message.campaign_id;
  v.contact_id := message.contact_id;
  v.touch_number := message.touch_number;
  v.provider_id := coalesce(v.provider_id, message.provider_id);
  -- a STOP by text message may be all that there is of this channel
  IF v.kind <> 'unsubscribed' OR v.channel IS NULL OR v.channel = message.channel THEN
    v.channel := message.channel;
    v.address := coalesce(campaign.normalize_address(message.address), v.address);
  END IF;
  v.unmatched := false;
  -- nobody reads so fast
  v.is_machine := v.is_machine
    OR v.kind = 'opened' AND coalesce(v.at BETWEEN message.sent_at AND message.sent_at + interval '2 seconds', false);
  RETURN v;
END $$;

COMMENT ON FUNCTION campaign.event_of_message(campaign.touch_events, campaign.send_logs) IS
'Internal: an event, about a logged message.';

CREATE FUNCTION campaign.find_message(tenant uuid, provider_id text) RETURNS campaign.send_logs
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  message campaign.send_logs;
BEGIN
  SELECT l.* INTO message FROM campaign.send_logs l
   WHERE l.tenant_id = tenant AND l.provider_id = find_message.provider_id
   ORDER BY l.status = 'sent' DESC, l.logged_at DESC, l.id DESC LIMIT 1;
  RETURN message;
END $$;

COMMENT ON FUNCTION campaign.find_message(uuid, text) IS
'Internal: the logged message that a provider knows by an id, the last one if it gave several the same; NULL if none is logged.';

CREATE FUNCTION campaign.event_of_enrollment(v campaign.touch_events) RETURNS campaign.touch_events
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  message campaign.send_logs;
  touch smallint := v.touch_number;
BEGIN
  IF touch IS NULL THEN
    SELECT q.touch_number INTO touch FROM campaign.touch_queue q
     WHERE q.tenant_id = v.tenant_id AND q.enrollment_id = v.enrollment_id AND q.flags & 1 = 1 AND q.claimed_at <= v.at
       AND NOT EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = v.tenant_id AND l.enrollment_id = v.enrollment_id
                          AND l.provider_id = v.provider_id);
  END IF;
  SELECT l.* INTO message FROM campaign.send_logs l
   WHERE l.tenant_id = v.tenant_id AND l.enrollment_id = v.enrollment_id
     AND CASE WHEN touch IS NULL THEN l.status = 'sent' ELSE l.touch_number = touch END
   ORDER BY l.provider_id = v.provider_id DESC NULLS LAST, l.sent_at DESC NULLS LAST, l.touch_number DESC, l.attempt DESC LIMIT 1;
  IF FOUND THEN
    v := campaign.event_of_message(v, message);
  ELSE
    v.touch_number := touch;
  END IF;
  IF v.channel IS NOT NULL AND v.address IS NOT NULL THEN
    RETURN v;
  END IF;
  SELECT coalesce(v.channel, h.channel),
         coalesce(v.address, campaign.normalize_address(CASE h.address_kind WHEN 'phone' THEN k.phone WHEN 'linkedin_url' THEN k.linkedin_url ELSE k.email END))
    INTO v.channel, v.address
    FROM campaign.campaign_enrollments e
    JOIN campaign.contacts k ON k.tenant_id = v.tenant_id AND k.id = e.contact_id
    LEFT JOIN campaign.campaign_touches t ON t.tenant_id = v.tenant_id AND t.campaign_id = e.campaign_id
      AND t.plan_version = e.plan_version AND t.touch_number = v.touch_number
    LEFT JOIN campaign.channels h ON h.channel = coalesce(v.channel, t.channel)
   WHERE e.tenant_id = v.tenant_id AND e.id = v.enrollment_id;
  RETURN v;
END $$;

COMMENT ON FUNCTION campaign.event_of_enrollment(campaign.touch_events) IS
'Internal: an event whose enrolment is known, with its touch, channel and address.';

CREATE FUNCTION campaign.contacts_with_address(tenant uuid, address text) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT c.id FROM campaign.contacts c WHERE c.tenant_id = tenant AND campaign.normalize_address(c.email) = address
               UNION
               SELECT c.id FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.phone = address
               UNION
               SELECT c.id FROM campaign.contacts c
                WHERE c.tenant_id = tenant AND c.linkedin_url IS NOT NULL AND campaign.normalize_address(c.linkedin_url) = address
                ORDER BY 1);
END $$;

COMMENT ON FUNCTION campaign.contacts_with_address(uuid, text) IS
'Internal: the contacts of a tenant that have an address, given in normal form.';

CREATE FUNCTION campaign.event_of_address(v campaign.touch_events, contacts uuid[]) RETURNS campaign.touch_events
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  message campaign.send_logs;
BEGIN
  v.channel := coalesce(v.channel, CASE WHEN strpos(v.address, '@') > 0 THEN 'email' WHEN starts_with(v.address, '+') THEN 'sms' END);
  v.contact_id := contacts[1];
  v.unmatched := v.contact_id IS NULL;
  SELECT (f.l).* INTO message
    FROM unnest(contacts) AS k(id)
   CROSS JOIN LATERAL (
         SELECT l, l.enrollment_id, l.sent_at, l.id FROM campaign.send_logs l
          WHERE l.tenant_id = v.tenant_id AND l.contact_id = k.id AND l.status = 'sent'
            AND campaign.normalize_address(l.address) = v.address AND (v.kind <> 'unsubscribed' OR l.channel = v.channel)
         OFFSET 0) f
    LEFT JOIN LATERAL (SELECT e.status FROM campaign.campaign_enrollments e
                        WHERE e.tenant_id = v.tenant_id AND e.id = f.enrollment_id OFFSET 0) e ON true
   ORDER BY e.status = 'active' DESC NULLS LAST, f.sent_at DESC, f.id DESC LIMIT 1;
  IF FOUND THEN
    v := campaign.event_of_message(v, message);
  END IF;
  RETURN v;
END $$;

COMMENT ON FUNCTION campaign.event_of_address(campaign.touch_events, uuid[]) IS
'Internal: an event from an address, with the contacts that have it; without any it is unmatched.';

CREATE FUNCTION campaign.locate_event(v campaign.touch_events, lease_token text, enrollment uuid) RETURNS campaign.touch_events
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  is_worker boolean := campaign.is_worker();
  allowed uuid[] := CASE WHEN NOT is_worker THEN campaign.writable_tenants() END;
  named_tenant uuid := v.tenant_id;
BEGIN
  IF lease_token IS NOT NULL THEN
    SELECT d.tenant_id, d.enrollment_id, d.touch_number INTO named_tenant, enrollment, v.touch_number
      FROM campaign.decode_touch_token(lease_token) d;
    named_tenant := CASE WHEN v.tenant_id IS NULL OR v.tenant_id = named_tenant THEN named_tenant END;
  END IF;
  IF enrollment IS NOT NULL THEN
    SELECT f.tenant_id, f.id, f.campaign_id, f.contact_id INTO v.tenant_id, v.enrollment_id, v.campaign_id, v.contact_id
      FROM campaign.tenants t
     CROSS JOIN LATERAL (SELECT e.tenant_id, e.id, e.campaign_id, e.contact_id FROM campaign.campaign_enrollments e
                          WHERE e.tenant_id = t.id AND e.id = enrollment LIMIT 1) f
     WHERE (is_worker OR t.id = ANY (allowed)) AND (t.id = named_tenant OR named_tenant IS NULL AND lease_token IS NULL);
    IF NOT FOUND THEN
      RAISE EXCEPTION '% does not exist', CASE WHEN lease_token IS NULL THEN format('enrolment "%s"', enrollment) ELSE 'enrolment of the lease token' END
        USING ERRCODE = 'no_data_found',
              DETAIL = 'No tenant that you may record events for has such an enrolment.',
              HINT = 'Check what was given; an enrolment of another tenant is not found.';
    END IF;
    RETURN campaign.event_of_enrollment(v);
  END IF;
  v.tenant_id := coalesce(v.tenant_id, CASE WHEN cardinality(allowed) = 1 THEN allowed[1] END);
  IF v.tenant_id IS NULL OR v.provider_id IS NULL AND v.address IS NULL THEN
    RAISE EXCEPTION 'the message of an event must be told'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'An event has a lease_token, an enrollment, or with its tenant a provider_id or an address.',
            HINT = 'Give the tenant beside a provider_id or an address: another tenant''s may be the same.';
  END IF;
  IF NOT is_worker THEN
    PERFORM campaign.require_tenant(v.tenant_id);
  ELSIF v.tenant_id = '00000000-0000-0000-0000-000000000000' THEN
    RAISE EXCEPTION 'tenant "%" does not exist', v.tenant_id
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The system tenant sends no messages.',
            HINT = 'Give the tenant that sent the message.';
  END IF;
  RETURN v;
END $$;

COMMENT ON FUNCTION campaign.locate_event(campaign.touch_events, text, uuid) IS
'Internal: an event with its tenant, which the caller may write to, and if a token or an enrolment was given, with all that it is about. Raises P0002, 42501 and 22023.';

CREATE FUNCTION campaign.event_rules(v campaign.touch_events,
  OUT stop_reason text, OUT stop_scope text, OUT suppress_reason text, OUT opts_out boolean)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  happened text := CASE WHEN v.kind = 'clicked' AND v.link = 'review' THEN 'review_clicked'
                        WHEN v.kind = 'bounced' THEN 'bounced_' || v.bounce
                        WHEN v.kind = 'unsubscribed' AND v.channel = 'sms' THEN 'sms_stop'
                        ELSE v.kind END;
BEGIN
  SELECT max(r.reason) FILTER (WHERE r.action = 'stop'), max(r.scope) FILTER (WHERE r.action = 'stop'),
         max(r.reason) FILTER (WHERE r.action = 'suppress'), coalesce(bool_or(r.action = 'opt_out'), false)
    INTO stop_reason, stop_scope, suppress_reason, opts_out
    FROM campaign.stop_rules r
   WHERE r.event = happened AND NOT v.is_machine
     AND r.tenant_id = CASE WHEN EXISTS (SELECT FROM campaign.stop_rules o WHERE o.tenant_id = v.tenant_id AND o.event = happened)
                            THEN v.tenant_id ELSE '00000000-0000-0000-0000-000000000000' END;
END $$;

COMMENT ON FUNCTION campaign.event_rules(campaign.touch_events) IS
'Internal: what the tenant''s rules for an event, or else the defaults, say; nothing for what a program did.';

CREATE FUNCTION campaign.lock_event_targets(tenant uuid, contacts uuid[], enrollment uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  one uuid;
BEGIN
  FOREACH one IN ARRAY contacts LOOP
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = one FOR NO KEY UPDATE;
  END LOOP;
  FOR one IN
    SELECT DISTINCT w.id FROM unnest(campaign.live_enrollments(tenant, contacts) || enrollment) AS w(id) WHERE w.id IS NOT NULL ORDER BY 1
  LOOP
    PERFORM FROM campaign.campaign_enrollments e WHERE e.tenant_id = tenant AND e.id = one FOR NO KEY UPDATE;
  END LOOP;
END $$;

COMMENT ON FUNCTION campaign.lock_event_targets(uuid, uuid[], uuid) IS
'Internal: locks contacts, which come in order, their live enrolments and one more until the end of the transaction.';

CREATE FUNCTION campaign.try_lock_event_targets(tenant uuid, contacts uuid[], enrollment uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  one uuid;
BEGIN
  FOREACH one IN ARRAY contacts LOOP
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = one FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
  END LOOP;
  FOR one IN
    SELECT DISTINCT w.id FROM unnest(campaign.live_enrollments(tenant, contacts) || enrollment) AS w(id) WHERE w.id IS NOT NULL ORDER BY 1
  LOOP
    PERFORM FROM campaign.campaign_enrollments e WHERE e.tenant_id = tenant AND e.id = one FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
    PERFORM FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = one FOR UPDATE SKIP LOCKED;
    IF NOT FOUND AND EXISTS (SELECT FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = one) THEN
      RETURN false;
    END IF;
  END LOOP;
  RETURN true;
END $$;

COMMENT ON FUNCTION campaign.try_lock_event_targets(uuid, uuid[], uuid) IS
'Internal: locks contacts, which come in order, their live enrolments and one more, and the queue rows of these, until the end of the transaction, without waiting; false if somebody has one of them.';

CREATE FUNCTION campaign.settle_touch_by_event(v campaign.touch_events, lease_token text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  named record;
  touch record;
BEGIN
  IF v.enrollment_id IS NULL OR v.kind NOT IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained') THEN
    RETURN;
  END IF;
  SELECT q.touch_number, q.attempt, q.fence, q.claimed_at, q.flags,
         campaign.touch_token(q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.touch_number, q.attempt, q.fence) AS token
    INTO touch FROM campaign.touch_queue q
   WHERE q.tenant_id = v.tenant_id AND q.enrollment_id = v.enrollment_id AND q.fence <> 0 AND q.lease_until <= clock_timestamp();
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF lease_token IS NOT NULL THEN
    SELECT d.fence, d.attempt INTO named FROM campaign.decode_touch_token(lease_token) d;
    IF named.fence <> touch.fence OR named.attempt <> touch.attempt THEN
      RETURN;
    END IF;
  ELSIF touch.flags & 1 = 0 OR touch.touch_number IS DISTINCT FROM v.touch_number OR v.at < touch.claimed_at THEN
    RETURN;
  END IF;
  -- an ended lease that a claim or maintenance has come across has lost its time
  PERFORM campaign.report_touches(ARRAY[ROW(touch.token, 'sent', v.provider_id, NULL, NULL, NULL,
            CASE WHEN isfinite(touch.claimed_at) THEN touch.claimed_at ELSE v.at END,
            jsonb_build_object('settled_by', v.kind))::campaign.touch_result]);
END $$;

COMMENT ON FUNCTION campaign.settle_touch_by_event(campaign.touch_events, text) IS
'Internal: reports a touch as sent whose lease has ended without a report, if the event is about that attempt (its token), or about its enrolment after a begin_send. The caller holds the enrolment.';

CREATE FUNCTION campaign.count_event(v campaign.touch_events) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  converts boolean := NOT v.is_machine AND (v.kind = 'reviewed' OR v.kind = 'clicked' AND coalesce(v.link = 'review', false));
  service text;
BEGIN
  IF v.campaign_id IS NULL OR v.is_machine AND v.kind = 'clicked' THEN
    RETURN;
  END IF;
  SELECT CASE WHEN e.job_id IS NULL THEN o.service_type ELSE j.service_type END INTO service
    FROM campaign.campaign_enrollments e
    JOIN campaign.outreach_campaigns o ON o.tenant_id = v.tenant_id AND o.campaign_id = e.campaign_id
    LEFT JOIN campaign.jobs j ON j.tenant_id = v.tenant_id AND j.id = e.job_id
   WHERE e.tenant_id = v.tenant_id AND e.id = v.enrollment_id;
  IF NOT EXISTS (SELECT FROM campaign.touch_events o
                  WHERE o.tenant_id = v.tenant_id AND o.enrollment_id = v.enrollment_id AND o.kind = v.kind AND o.id <> v.id
                    AND o.touch_number IS NOT DISTINCT FROM v.touch_number AND o.bounce IS NOT DISTINCT FROM v.bounce
                    AND (o.is_machine = v.is_machine OR v.kind NOT IN ('opened', 'clicked'))) THEN
    PERFORM campaign.count_touch_event(v.tenant_id, v.campaign_id, coalesce(v.touch_number, 0), service,
      CASE WHEN v.kind = 'bounced' THEN 'bounced_' || v.bounce WHEN v.kind = 'opened' AND v.is_machine THEN 'machine_opened' ELSE v.kind END, v.at);
  END IF;
  IF converts AND NOT EXISTS (SELECT FROM campaign.touch_events o
                               WHERE o.tenant_id = v.tenant_id AND o.enrollment_id = v.enrollment_id AND o.id <> v.id AND NOT o.is_machine
                                 AND (o.kind = 'reviewed' OR o.kind = 'clicked' AND o.link = 'review')) THEN
    PERFORM campaign.count_touch_event(v.tenant_id, v.campaign_id, coalesce(v.touch_number, 0), service, 'converted', v.at);
  END IF;
END $$;

COMMENT ON FUNCTION campaign.count_event(campaign.touch_events) IS
'Internal: counts an event that was just recorded, unless it is not the first of its kind for its touch, or for converted for its enrolment.';

CREATE FUNCTION campaign.act_on_event(v campaign.touch_events, rules record, contacts uuid[], holders uuid[]) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- who has reviewed would not have been enrolled for so long, had it been known
  began_by timestamptz := v.at + CASE WHEN v.kind IN ('reviewed', 'feedback') OR v.kind = 'clicked' AND v.link = 'review'
    THEN (SELECT make_interval(secs => extract(epoch FROM t.review_cooldown)::double precision) FROM campaign.tenants t WHERE t.id = v.tenant_id)
    ELSE '0' END;
  stopped integer := 0;
BEGIN
  PERFORM campaign.count_event(v);
  IF rules.stop_reason IS NOT NULL THEN
    stopped := campaign.stop_enrollments(v.tenant_id,
      ARRAY(SELECT w.id FROM unnest(campaign.live_enrollments(v.tenant_id, contacts)) AS w(id)
             WHERE w.id = v.enrollment_id
                OR rules.stop_scope IS DISTINCT FROM 'enrollment'
                   AND (SELECT e.enrolled_at FROM campaign.campaign_enrollments e WHERE e.tenant_id = v.tenant_id AND e.id = w.id) <= began_by),
      rules.stop_reason);
  END IF;
  IF rules.suppress_reason IS NOT NULL OR rules.opts_out THEN
    -- behind the enrolments in the order of locks; a claim meets us there
    PERFORM campaign.lock_contact_touches(v.tenant_id, holders);
  END IF;
  IF rules.suppress_reason IS NOT NULL AND v.address <> '' THEN
    INSERT INTO campaign.suppressions (tenant_id, address, reason, at)
    VALUES (v.tenant_id, v.address, rules.suppress_reason, v.at)
    ON CONFLICT ON CONSTRAINT suppressions_pkey DO NOTHING;
  END IF;
  IF rules.opts_out THEN
    INSERT INTO campaign.consents AS c (tenant_id, contact_id, channel, state, at, source, method)
    SELECT v.tenant_id, h.id, coalesce(v.channel, 'email'), 'opted_out', v.at, 'event', v.kind
      FROM unnest(holders) AS h(id) ORDER BY h.id
    ON CONFLICT ON CONSTRAINT consents_pkey
    DO UPDATE SET state = EXCLUDED.state, at = EXCLUDED.at, source = EXCLUDED.source, method = EXCLUDED.method
    WHERE c.state <> 'opted_out';
  END IF;
  IF v.campaign_id IS NOT NULL AND (v.bounce = 'hard' OR v.kind = 'complained') THEN
    PERFORM campaign.check_breaker(v.tenant_id, v.campaign_id);
  END IF;
  RETURN stopped;
END $$;

COMMENT ON FUNCTION campaign.act_on_event(campaign.touch_events, record, uuid[], uuid[]) IS
'Internal: counts an event and does what the rules say to the sequences of contacts, and to the address and the consents of those who hold it; returns how many enrolments were stopped. The caller holds all of them.';

CREATE FUNCTION campaign.store_event(v campaign.touch_events, contacts uuid[], lease_token text,
  OUT event uuid, OUT result text, OUT enrollment_id uuid, OUT stopped integer)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  rules record := campaign.event_rules(v);
  holders uuid[] := contacts;
BEGIN
  PERFORM campaign.lock_tenant_key(v.tenant_id);
  IF rules.suppress_reason IS NOT NULL OR rules.opts_out THEN
    holders := ARRAY(SELECT u.id FROM unnest(contacts || campaign.contacts_with_address(v.tenant_id, v.address)) AS u(id)
                      GROUP BY u.id ORDER BY u.id);
  END IF;
  PERFORM campaign.lock_event_targets(v.tenant_id, holders, v.enrollment_id);
  -- what is told of an erased contact counts, and is not kept
  IF EXISTS (SELECT FROM campaign.contacts c WHERE c.tenant_id = v.tenant_id AND c.id = v.contact_id AND c.erased_at IS NOT NULL) THEN
    v.provider_id := NULL;
    v.data := NULL;
    v.address := campaign.address_hash(v.tenant_id, v.address);
  END IF;
  INSERT INTO campaign.touch_events SELECT v.*
  ON CONFLICT ON CONSTRAINT touch_events_event_id_key DO NOTHING;
  IF NOT FOUND THEN
    SELECT o.id, 'duplicate', o.enrollment_id, 0 INTO event, result, enrollment_id, stopped
      FROM campaign.touch_events o WHERE o.tenant_id = v.tenant_id AND o.event_id = v.event_id;
    RETURN;
  END IF;
  event := v.id;
  enrollment_id := v.enrollment_id;
  result := CASE WHEN v.unmatched THEN 'unmatched' ELSE 'recorded' END;
  PERFORM campaign.settle_touch_by_event(v, lease_token);
  stopped := campaign.act_on_event(v, rules, contacts, holders);
END $$;

COMMENT ON FUNCTION campaign.store_event(campaign.touch_events, uuid[], text) IS
'Internal: records an event unless its id is known, and applies the stop rules to the sequences of the contacts it is from. Locks the tenant''s key, contacts, enrolments and queue rows.';

CREATE FUNCTION campaign.record_event(kind text, at timestamptz DEFAULT NULL, provider_id text DEFAULT NULL, lease_token text DEFAULT NULL,
  enrollment uuid DEFAULT NULL, event_id text DEFAULT NULL, data jsonb DEFAULT NULL, tenant uuid DEFAULT NULL, address text DEFAULT NULL,
  OUT event uuid, OUT result text, OUT enrollment_id uuid, OUT stopped integer)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  v campaign.touch_events;
  message campaign.send_logs;
  contacts uuid[];
BEGIN
  PERFORM campaign.require_read_committed('record_event()');
  v := campaign.read_event(kind, coalesce(at, campaign.now()), event_id, provider_id, address, data);
  v.tenant_id := tenant;
  v := campaign.locate_event(v, lease_token, enrollment);
  IF at IS NOT NULL THEN
    v.event_id := coalesce(event_id, campaign.derived_event_id(v, at, lease_token, enrollment::text, provider_id, campaign.normalize_address(address)));
  END IF;
  IF v.enrollment_id IS NULL AND v.provider_id IS NOT NULL THEN
    message := campaign.find_message(v.tenant_id, v.provider_id);
    IF message.id IS NOT NULL THEN
      v := campaign.event_of_message(v, message);
    ELSE
      -- its report comes later; what concerns the address alone need not wait for it
      v := campaign.event_of_address(v, '{}');
    END IF;
  ELSIF v.enrollment_id IS NULL THEN
    contacts := campaign.contacts_with_address(v.tenant_id, v.address);
    v := campaign.event_of_address(v, contacts);
  END IF;
  IF v.kind = 'clicked' AND v.link IS NULL AND data ->> 'url' = (SELECT t.review_url FROM campaign.tenants t WHERE t.id = v.tenant_id) THEN
    v.link := 'review';
  END IF;
  SELECT s.event, s.result, s.enrollment_id, s.stopped INTO event, result, enrollment_id, stopped
    FROM campaign.store_event(v, coalesce(contacts, array_remove(ARRAY[v.contact_id], NULL)), lease_token) s;
  PERFORM campaign.match_recent_events(v.tenant_id, 20, 20);
END $$;

COMMENT ON FUNCTION campaign.record_event(text, timestamptz, text, text, uuid, text, jsonb, uuid, text) IS
'Records what became of a message or what a contact did, and applies the stop rules: kind delivered, opened, clicked, replied, bounced, complained, unsubscribed, reviewed or feedback (or as stop_rules names it), and which message by lease_token, enrollment, or with the tenant provider_id or address. data may say {"bounce": "hard"}, {"link": "review"} and {"machine": true}. Returns the event, the result recorded, duplicate (the event_id, or without one the same event at the same time, is known) or unmatched (no such message is logged yet), the enrolment, and how many enrolments were stopped. For editors and, in every tenant, workers. Raises 22023, P0002 for what is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.record_link(token text, at timestamptz DEFAULT NULL, event_id text DEFAULT NULL, data jsonb DEFAULT NULL,
  OUT kind text, OUT url text, OUT result text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  link record;
  v campaign.touch_events;
BEGIN
  PERFORM campaign.require_read_committed('record_link()');
  link := campaign.verify_link(token);
  v := campaign.read_event(CASE link.kind WHEN 'review' THEN 'review_clicked' ELSE 'unsubscribed' END,
                           coalesce(at, campaign.now()), event_id, NULL, NULL, data);
  v.tenant_id := link.tenant_id;
  v.enrollment_id := link.enrollment_id;
  v.contact_id := link.contact_id;
  v.touch_number := link.touch_number;
  SELECT e.campaign_id INTO v.campaign_id FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = v.tenant_id AND e.id = v.enrollment_id;
  v := campaign.event_of_enrollment(v);
  IF at IS NOT NULL THEN
    v.event_id := coalesce(event_id, campaign.derived_event_id(v, at, token));
  END IF;
  SELECT s.result INTO result FROM campaign.store_event(v, ARRAY[v.contact_id], NULL) s;
  kind := link.kind;
  SELECT t.review_url INTO url FROM campaign.tenants t WHERE t.id = v.tenant_id AND link.kind = 'review';
END $$;

COMMENT ON FUNCTION campaign.record_link(text, timestamptz, text, jsonb) IS
'Records a click on a link of a message, of which the token is the end, and applies the stop rules: kind review (a click on the review link; url is the tenant''s review_url, where to send the visitor on to) or unsubscribe (url NULL: show that it is done). result is that of record_event(). For workers. Raises P0002 for every token that is not valid, whatever the cause, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.match_message(tenant uuid, provider_id text) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  message campaign.send_logs := campaign.find_message(tenant, provider_id);
  v campaign.touch_events;
  rules record;
  holders uuid[];
  matched integer := 0;
BEGIN
  PERFORM FROM campaign.tenants t WHERE t.id = tenant AND message.id IS NOT NULL FOR KEY SHARE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  FOR v IN
    SELECT u.* FROM campaign.touch_events u
     WHERE u.tenant_id = tenant AND u.provider_id = provider_id AND u.unmatched ORDER BY u.at, u.id FOR UPDATE SKIP LOCKED
  LOOP
    v := campaign.event_of_message(v, message);
    rules := campaign.event_rules(v);
    holders := ARRAY[v.contact_id];
    IF rules.suppress_reason IS NOT NULL OR rules.opts_out THEN
      holders := ARRAY(SELECT u.id FROM unnest(holders || campaign.contacts_with_address(tenant, v.address)) AS u(id)
                        GROUP BY u.id ORDER BY u.id);
    END IF;
    EXIT WHEN NOT campaign.try_lock_event_targets(tenant, holders, v.enrollment_id);
    UPDATE campaign.touch_events u
       SET unmatched = false, enrollment_id = v.enrollment_id, campaign_id = v.campaign_id, contact_id = v.contact_id,
           touch_number = v.touch_number, channel = v.channel, address = v.address, is_machine = v.is_machine
     WHERE u.tenant_id = tenant AND u.id = v.id;
    PERFORM campaign.act_on_event(v, rules, ARRAY[v.contact_id], holders);
    matched := matched + 1;
  END LOOP;
  RETURN matched;
END $$;

COMMENT ON FUNCTION campaign.match_message(uuid, text) IS
'Internal: applies the events of a message that came before it was logged; returns how many. Waits for nobody, so that a claim may call it: what is busy is left for the next time.';

CREATE FUNCTION campaign.match_enrollment_events(tenant uuid, enrollment uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  early text;
  matched integer := 0;
BEGIN
  FOR early IN
    SELECT DISTINCT l.provider_id FROM campaign.send_logs l
      JOIN campaign.touch_events u ON u.tenant_id = tenant AND u.provider_id = l.provider_id AND u.unmatched
     WHERE l.tenant_id = tenant AND l.enrollment_id = enrollment
  LOOP
    matched := matched + campaign.match_message(tenant, early);
  END LOOP;
  RETURN matched;
END $$;

COMMENT ON FUNCTION campaign.match_enrollment_events(uuid, uuid) IS
'Internal: applies the events of an enrolment''s messages that came before they were logged; returns how many. Waits for nobody.';

CREATE FUNCTION campaign.match_recent_events(tenant uuid, examined integer, most integer) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  since timestamptz := campaign.now() - interval '30 days';
  early text;
  matched integer := 0;
BEGIN
  FOR early IN
    SELECT u.provider_id
      FROM (SELECT r.provider_id, r.at FROM campaign.touch_events r
             WHERE r.tenant_id = tenant AND r.unmatched AND r.recorded_at > since
             ORDER BY r.recorded_at DESC LIMIT examined) u
     WHERE EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = tenant AND l.provider_id = u.provider_id)
     GROUP BY u.provider_id ORDER BY min(u.at)
  LOOP
    EXIT WHEN matched >= most;
    matched := matched + campaign.match_message(tenant, early);
  END LOOP;
  RETURN matched;
END $$;

COMMENT ON FUNCTION campaign.match_recent_events(uuid, integer, integer) IS
'Internal: looks at the newest unmatched events of a tenant, of the last 30 days, and applies those whose message is logged by now; returns how many.';

CREATE FUNCTION campaign.match_events(tenant uuid DEFAULT NULL, max integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- the system tenant has no events
  owner_tenant uuid := '00000000-0000-0000-0000-000000000000';
  matched integer := 0;
BEGIN
  PERFORM campaign.require_read_committed('match_events()');
  IF max IS NULL OR max < 1 THEN
    RAISE EXCEPTION 'max must be at least 1'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is how many events one call applies.',
            HINT = 'Leave it out for 1000.';
  END IF;
  IF tenant IS NOT NULL THEN
    RETURN campaign.match_recent_events(tenant, NULL, max);
  END IF;
  LOOP
    SELECT u.tenant_id INTO owner_tenant FROM campaign.touch_events u
     WHERE u.unmatched AND u.tenant_id > owner_tenant ORDER BY u.tenant_id LIMIT 1;
    EXIT WHEN owner_tenant IS NULL OR matched >= max;
    matched := matched + campaign.match_recent_events(owner_tenant, NULL, max - matched);
  END LOOP;
  RETURN matched;
END $$;

COMMENT ON FUNCTION campaign.match_events(uuid, integer) IS
'Applies events that came before their message was logged, of one tenant or (NULL) all, and whose message is logged by now; returns how many, about max at most. Whatever somebody else has is left for the next time. Record_event() and maintenance call it; events that found no message for 30 days are tried no more. Raises 22023, 25000 above READ COMMITTED.';

ALTER TABLE campaign.touch_events ENABLE ROW LEVEL SECURITY;

CREATE POLICY touch_events_select ON campaign.touch_events FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'SELECT', 'TABLE campaign.touch_events'),
  ('member', 'EXECUTE', 'FUNCTION campaign.record_event(text, timestamptz, text, text, uuid, text, jsonb, uuid, text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.record_event(text, timestamptz, text, text, uuid, text, jsonb, uuid, text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.record_link(text, timestamptz, text, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.match_events(uuid, integer)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.match_events(uuid, integer)');

COMMENT ON TABLE campaign.touch_events IS 'What became of messages after they were sent, and what contacts did. Append-only; written by campaign.record_event() and campaign.record_link().';

COMMENT ON COLUMN campaign.touch_events.event_id IS 'The sender''s id of the event, at most 1000 bytes: the same once more changes nothing. One that begins with campaign: was made from what the event says.';

COMMENT ON COLUMN campaign.touch_events.kind IS 'delivered, opened, clicked, replied, bounced, complained, unsubscribed, reviewed or feedback.';

COMMENT ON COLUMN campaign.touch_events.bounce IS 'Of a bounce: hard (there is no such address) or soft (not now).';

COMMENT ON COLUMN campaign.touch_events.link IS 'Of a click on one of the engine''s links: review or unsubscribe.';

COMMENT ON COLUMN campaign.touch_events.is_machine IS 'A program did it, not the contact: it stops nothing and counts apart.';

COMMENT ON COLUMN campaign.touch_events.at IS 'When it happened, by the engine''s clock.';

COMMENT ON COLUMN campaign.touch_events.recorded_at IS 'When it was told, by the engine''s clock.';

COMMENT ON COLUMN campaign.touch_events.enrollment_id IS 'The enrolment in whose message it happened; NULL for a manual send.';

COMMENT ON COLUMN campaign.touch_events.touch_number IS 'The touch in whose message it happened; NULL if none was sent.';

COMMENT ON COLUMN campaign.touch_events.address IS 'The address that it concerns, as the message had it.';

COMMENT ON COLUMN campaign.touch_events.unmatched IS 'Nobody knows yet which message it is about: campaign.match_events() looks again.';

COMMENT ON COLUMN campaign.touch_events.data IS 'Whatever the sender of the event told besides.';

COMMENT ON POLICY touch_events_select ON campaign.touch_events IS 'Members read their tenants''.';

ALTER TABLE campaign.enrollment_conflicts
  ADD COLUMN anchor_at timestamptz,
  ADD COLUMN policy text NOT NULL DEFAULT 'skip',
  ADD COLUMN resolve_after timestamptz,
  ADD COLUMN resolution text DEFAULT 'skipped',
  ADD COLUMN reason text,
  ADD COLUMN resolved_at timestamptz,
  ADD COLUMN resolved_by text,
  ADD COLUMN enrollment_id uuid,
  ADD CONSTRAINT enrollment_conflicts_enrollment_fkey FOREIGN KEY (tenant_id, enrollment_id) REFERENCES campaign.campaign_enrollments (tenant_id, id),
  ADD CONSTRAINT enrollment_conflicts_policy_check CHECK (policy IN ('ask', 'replace', 'skip', 'queue')),
  ADD CONSTRAINT enrollment_conflicts_resolution_check CHECK (resolution IN ('replaced', 'skipped', 'enrolled', 'cancelled')),
  ADD CONSTRAINT enrollment_conflicts_open_check CHECK (resolution IS NOT NULL OR (resolve_after IS NOT NULL AND resolved_at IS NULL)),
  ADD CONSTRAINT enrollment_conflicts_enrollment_check CHECK (enrollment_id IS NULL OR resolution IN ('replaced', 'enrolled'));

CREATE UNIQUE INDEX enrollment_conflicts_open_key ON campaign.enrollment_conflicts (tenant_id, contact_id, campaign_id, job_id)
  NULLS NOT DISTINCT WHERE resolution IS NULL;

CREATE INDEX enrollment_conflicts_due_idx ON campaign.enrollment_conflicts (tenant_id, resolve_after) WHERE resolution IS NULL;

CREATE INDEX enrollment_conflicts_enrollment_idx ON campaign.enrollment_conflicts (tenant_id, enrollment_id) WHERE enrollment_id IS NOT NULL;

CREATE FUNCTION campaign.record_conflicts(tenant uuid, campaign uuid, job uuid, contacts uuid[], live uuid[], enrollments uuid[],
  anchor timestamptz, policy text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  resolution text := CASE WHEN policy = 'replace' AND enrollments IS NOT NULL THEN 'replaced' WHEN policy = 'skip' THEN 'skipped' END;
  resolve_after timestamptz := CASE WHEN resolution IS NULL THEN
    now_time + CASE policy WHEN 'ask' THEN interval '24 hours' WHEN 'queue' THEN interval '168 hours' ELSE interval '0' END END;
  ids uuid[] := ARRAY(SELECT campaign.uuid_v7() FROM generate_series(1, cardinality(contacts)));
BEGIN
  INSERT INTO campaign.enrollment_conflicts (tenant_id, id, contact_id, campaign_id, job_id, live_enrollment_id, at, anchor_at,
    policy, resolve_after, resolution, resolved_at, resolved_by, enrollment_id)
  SELECT tenant, n.id, n.contact, campaign, job, n.live, now_time, anchor, policy, resolve_after, resolution,
         CASE WHEN resolution IS NOT NULL THEN now_time END, CASE WHEN resolution IS NOT NULL THEN 'system' END, n.enrollment
    FROM unnest(ids, contacts, live, enrollments) n(id, contact, live, enrollment)
  -- asked for again while it is open
  ON CONFLICT DO NOTHING;
END $$;

COMMENT ON FUNCTION campaign.record_conflicts(uuid, uuid, uuid, uuid[], uuid[], uuid[], timestamptz, text) IS
'Internal: records conflicts of locked contacts with live enrolments, side by side, under a policy: open, or resolved as skipped or, with the enrolments that took the old ones'' places, as replaced.';

CREATE FUNCTION campaign.end_conflict(tenant uuid, conflict uuid, resolution text, reason text, enrollment uuid, member text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.enrollment_conflicts x
     SET resolution = end_conflict.resolution, reason = end_conflict.reason, enrollment_id = enrollment, resolved_at = now_time,
         resolved_by = coalesce(member, x.resolved_by, 'system')
   WHERE x.tenant_id = tenant AND x.id = conflict AND x.resolution IS NULL;
END $$;

COMMENT ON FUNCTION campaign.end_conflict(uuid, uuid, text, text, uuid, text) IS
'Internal: resolves a conflict that is open; without a member, whoever decided before or the system has resolved it.';

CREATE FUNCTION campaign.close_conflicts(tenant uuid, campaign uuid, job uuid, contacts uuid[], enrollments uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.enrollment_conflicts x
     SET resolution = 'enrolled', enrollment_id = n.enrollment, resolved_at = now_time, resolved_by = coalesce(x.resolved_by, 'system')
    FROM unnest(contacts, enrollments) n(contact, enrollment)
   WHERE x.tenant_id = tenant AND x.contact_id = n.contact AND x.campaign_id = campaign AND x.resolution IS NULL
     AND x.job_id IS NOT DISTINCT FROM job;
END $$;

COMMENT ON FUNCTION campaign.close_conflicts(uuid, uuid, uuid, uuid[], uuid[]) IS
'Internal: open conflicts of wishes that have come true otherwise are resolved as enrolled; contacts and their new enrolments side by side.';

CREATE FUNCTION campaign.settle_conflict(conflict campaign.enrollment_conflicts, member text,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  tenant constant uuid := conflict.tenant_id;
  now_time timestamptz := campaign.now();
  anchor timestamptz := conflict.anchor_at;
  live record;
  turn timestamptz;
BEGIN
  SELECT r.outcome, r.reason INTO outcome, reason
    FROM campaign.refuse_enrollment(tenant, conflict.campaign_id, conflict.contact_id, conflict.job_id) r;
  live := campaign.sequences_in_the_way(tenant, conflict.campaign_id, conflict.contact_id, conflict.job_id);
  IF outcome IS NULL AND live.is_same THEN
    outcome := 'already_live';
    reason := 'live_in_this_campaign';
  ELSIF outcome IS NULL THEN
    IF conflict.policy = 'queue' THEN
      turn := interval '168 hours' + CASE WHEN live.enrollments IS NOT NULL THEN now_time ELSE
        coalesce(campaign.last_sequence_end(tenant, conflict.campaign_id, conflict.contact_id), conflict.at) END;
      IF turn > now_time THEN
        UPDATE campaign.enrollment_conflicts x
           SET resolve_after = turn, live_enrollment_id = coalesce(live.enrollments[1], x.live_enrollment_id)
         WHERE x.tenant_id = tenant AND x.id = conflict.id;
        RETURN;
      END IF;
      anchor := greatest(anchor, turn, (SELECT j.completed_at FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = conflict.job_id));
    END IF;
    IF live.enrollments IS NOT NULL THEN
      PERFORM campaign.stop_enrollments(tenant, live.enrollments, 'repeat_job');
      reason := 'replaced';
    END IF;
    enrollment_id := campaign.insert_enrollment(tenant, conflict.campaign_id, conflict.contact_id, conflict.job_id, anchor);
    outcome := 'enrolled';
  END IF;
  PERFORM campaign.end_conflict(tenant, conflict.id, CASE outcome WHEN 'enrolled' THEN coalesce(reason, 'enrolled') ELSE 'cancelled' END,
    CASE WHEN outcome <> 'enrolled' THEN reason END, enrollment_id, member);
  IF conflict.job_id IS NOT NULL THEN
    INSERT INTO campaign.job_enrollments (tenant_id, job_id, campaign_id, enrollment_id, outcome, reason, at)
    VALUES (tenant, conflict.job_id, conflict.campaign_id, enrollment_id, outcome, reason, now_time);
  END IF;
END $$;

COMMENT ON FUNCTION campaign.settle_conflict(campaign.enrollment_conflicts, text) IS
'Internal: asks once more whether the contact of an open conflict may be enrolled, and replaces, enrols or cancels; a queued one whose turn has not come stays open (outcome NULL). The caller holds the locks of tenant, campaign and contact.';

CREATE FUNCTION campaign.last_sequence_end(tenant uuid, campaign uuid, contact uuid) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN (SELECT max(coalesce(e.completed_at, e.stopped_at))
            FROM campaign.campaign_enrollments e JOIN campaign.tenants t ON t.id = e.tenant_id
           WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status <> 'active'
             AND (e.exclusive OR NOT t.parallel_sequences OR e.campaign_id = campaign));
END $$;

COMMENT ON FUNCTION campaign.last_sequence_end(uuid, uuid, uuid) IS
'Internal: when the last of those enrolments of a contact ended beside which it could not have been enrolled in the campaign.';

CREATE FUNCTION campaign.try_lock_sequences(tenant uuid, contact uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  live uuid[] := ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
                        WHERE e.tenant_id = tenant AND e.contact_id = contact AND e.status = 'active');
BEGIN
  RETURN cardinality(live) = 0
    OR (SELECT count(*) FROM (SELECT FROM campaign.campaign_enrollments e
                               WHERE e.tenant_id = tenant AND e.id = ANY (live) AND e.status = 'active'
                                 FOR NO KEY UPDATE SKIP LOCKED) l) = cardinality(live)
   AND (SELECT count(*) FROM (SELECT FROM campaign.touch_queue q
                               WHERE q.tenant_id = tenant AND q.enrollment_id = ANY (live)
                                 FOR UPDATE SKIP LOCKED) l) = cardinality(live);
END $$;

COMMENT ON FUNCTION campaign.try_lock_sequences(uuid, uuid) IS
'Internal: locks the live enrolments of a locked contact and their queue rows; false if somebody else holds one.';

CREATE FUNCTION campaign.settle_contact_conflicts(tenant uuid, contact uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  conflict campaign.enrollment_conflicts;
  settled integer := 0;
  superseded boolean := false;
  result text;
BEGIN
  IF NOT EXISTS (SELECT FROM campaign.enrollment_conflicts x
                  WHERE x.tenant_id = tenant AND x.contact_id = contact AND x.resolution IS NULL AND x.resolve_after <= now_time)
     OR current_setting('transaction_isolation') IN ('repeatable read', 'serializable')
     OR NOT campaign.try_lock_sequences(tenant, contact) THEN
    RETURN 0;
  END IF;
  FOR conflict IN
    SELECT x.* FROM campaign.enrollment_conflicts x
     WHERE x.tenant_id = tenant AND x.contact_id = contact AND x.resolution IS NULL AND x.resolve_after <= now_time
     ORDER BY x.policy = 'queue', CASE x.policy WHEN 'queue' THEN x.id END, x.id DESC
  LOOP
    IF conflict.job_id IS NOT NULL THEN
      PERFORM FROM campaign.jobs j WHERE j.tenant_id = tenant AND j.id = conflict.job_id FOR KEY SHARE SKIP LOCKED;
      CONTINUE WHEN NOT FOUND;
    END IF;
    IF superseded AND conflict.policy <> 'queue' THEN
      PERFORM campaign.end_conflict(tenant, conflict.id, 'skipped', 'superseded', NULL, NULL);
      settled := settled + 1;
      CONTINUE;
    END IF;
    -- not FOR KEY SHARE: beside who has locked a row and changed it, that waits in spite of SKIP LOCKED
    PERFORM FROM campaign.campaigns c WHERE c.tenant_id = tenant AND c.id = conflict.campaign_id FOR SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    SELECT s.outcome INTO result FROM campaign.settle_conflict(conflict, NULL) s;
    settled := settled + (result IS NOT NULL)::integer;
    superseded := superseded OR coalesce(result = 'enrolled', false);
  END LOOP;
  RETURN settled;
END $$;

COMMENT ON FUNCTION campaign.settle_contact_conflicts(uuid, uuid) IS
'Internal: settles the open conflicts of a locked contact whose time has come; returns how many were resolved. Waits for nobody: what somebody else holds is left for the next time. Does nothing above READ COMMITTED.';

CREATE FUNCTION campaign.settle_conflicts(max_contacts integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  due record;
  settled integer := 0;
BEGIN
  PERFORM campaign.require_read_committed('settle_conflicts()');
  FOR due IN
    SELECT x.tenant_id, x.contact_id
      FROM campaign.tenants t
     CROSS JOIN LATERAL (SELECT o.tenant_id, o.contact_id, o.resolve_after FROM campaign.enrollment_conflicts o
                          WHERE o.tenant_id = t.id AND o.resolution IS NULL AND o.resolve_after <= now_time
                          ORDER BY o.resolve_after LIMIT max_contacts) x
     GROUP BY x.tenant_id, x.contact_id
     ORDER BY min(x.resolve_after), x.tenant_id, x.contact_id LIMIT max_contacts
  LOOP
    PERFORM FROM campaign.tenants t WHERE t.id = due.tenant_id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = due.tenant_id AND c.id = due.contact_id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    settled := settled + campaign.settle_contact_conflicts(due.tenant_id, due.contact_id);
  END LOOP;
  RETURN settled;
END $$;

COMMENT ON FUNCTION campaign.settle_conflicts(integer) IS
'Settles the conflicts of up to max_contacts contacts whose time has come: what was asked about is replaced after 24 hours, what is queued is enrolled 7 days after the old sequence ended, and what may not be enrolled any more is cancelled. Returns how many were resolved. Part of maintenance; waits for nobody, and may run beside itself. Raises 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.lock_conflict(conflict uuid) RETURNS campaign.enrollment_conflicts
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target campaign.enrollment_conflicts;
BEGIN
  SELECT x.* INTO target FROM campaign.enrollment_conflicts x
   WHERE x.tenant_id = ANY (campaign.writable_tenants()) AND x.id = conflict;
  IF FOUND THEN
    PERFORM FROM campaign.jobs j WHERE j.tenant_id = target.tenant_id AND j.id = target.job_id FOR KEY SHARE;
    PERFORM campaign.lock_tenant_key(target.tenant_id);
    PERFORM FROM campaign.campaigns c WHERE c.tenant_id = target.tenant_id AND c.id = target.campaign_id FOR KEY SHARE;
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = target.tenant_id AND c.id = target.contact_id FOR NO KEY UPDATE;
    SELECT x.* INTO target FROM campaign.enrollment_conflicts x WHERE x.tenant_id = target.tenant_id AND x.id = conflict;
  END IF;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'conflict "%" does not exist', conflict
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a conflict with this id.',
            HINT = 'See campaign.enrollment_conflicts; a conflict of another tenant is not found.';
  END IF;
  RETURN target;
END $$;

COMMENT ON FUNCTION campaign.lock_conflict(uuid) IS
'Internal: a conflict of the caller''s writable tenants as it is under the locks of its job, tenant, campaign and contact; raises P0002.';

CREATE FUNCTION campaign.resolve_conflict(conflict uuid, resolution text,
  OUT enrollment_id uuid, OUT outcome text, OUT reason text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target campaign.enrollment_conflicts;
  member text := campaign.current_member();
BEGIN
  IF resolution IS NULL OR resolution NOT IN ('replace', 'skip', 'queue') THEN
    RAISE EXCEPTION 'invalid resolution %', coalesce(quote_literal(resolution), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A conflict is resolved by replace, skip or queue.',
            HINT = 'replace stops the old sequence, skip keeps it, queue enrols 7 days after it has ended.';
  END IF;
  PERFORM campaign.require_read_committed('resolve_conflict()');
  target := campaign.lock_conflict(conflict);
  IF target.resolution IS NOT NULL THEN
    RAISE EXCEPTION 'conflict "%" is resolved', conflict
      USING ERRCODE = 'CP002',
            DETAIL = format('It was %s by %s.', target.resolution, coalesce(target.resolved_by, 'system')),
            HINT = 'Enrol the contact with campaign.enroll() or campaign.enroll_job() if that was a mistake.';
  END IF;
  IF resolution = 'skip' THEN
    outcome := 'conflict';
    reason := 'skipped';
    PERFORM campaign.end_conflict(target.tenant_id, conflict, 'skipped', NULL, NULL, member);
    RETURN;
  END IF;
  UPDATE campaign.enrollment_conflicts x SET policy = resolve_conflict.resolution, resolved_by = member
   WHERE x.tenant_id = target.tenant_id AND x.id = conflict;
  target.policy := resolution;
  SELECT s.enrollment_id, s.outcome, s.reason INTO enrollment_id, outcome, reason FROM campaign.settle_conflict(target, member) s;
  IF outcome IS NULL THEN
    outcome := 'conflict';
    reason := 'queued';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.resolve_conflict(uuid, text) IS
'Decides an open conflict: replace stops the old sequence (repeat_job) and enrols, skip keeps it, queue enrols 7 days after it has ended. Returns the new enrolment, the outcome and the reason as enroll() does; what may not be enrolled any more is cancelled, with the reason. Raises 22023 for another resolution, CP002 if the conflict is resolved already, P0002 for one that is not yours, 25000 above READ COMMITTED.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'EXECUTE', 'FUNCTION campaign.resolve_conflict(uuid, text)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.settle_conflicts(integer)');

COMMENT ON TABLE campaign.enrollment_conflicts IS 'Contacts that were to be enrolled while they were in another live sequence, and what became of it. Open while resolution is NULL.';

COMMENT ON COLUMN campaign.enrollment_conflicts.job_id IS 'The job that was to be enrolled; NULL: by hand.';

COMMENT ON COLUMN campaign.enrollment_conflicts.live_enrollment_id IS 'The enrolment that was in the way.';

COMMENT ON COLUMN campaign.enrollment_conflicts.at IS 'When it was found, by the engine''s clock.';

COMMENT ON COLUMN campaign.enrollment_conflicts.anchor_at IS 'The anchor that was asked for; NULL: the job''s completion, or the time of the enrolment.';

COMMENT ON COLUMN campaign.enrollment_conflicts.policy IS 'What is done about it: the tenant''s conflict_policy at that time, or what a member has chosen. ask: replace after 24 hours; replace; skip; queue: enrol 7 days after the old one has ended.';

COMMENT ON COLUMN campaign.enrollment_conflicts.resolve_after IS 'An open one is looked at again from then on.';

COMMENT ON COLUMN campaign.enrollment_conflicts.resolution IS 'replaced: the old one was stopped and the contact enrolled; enrolled: nothing was in the way any more; skipped: the old one went on; cancelled: not to be enrolled any more, see reason; NULL: open.';

COMMENT ON COLUMN campaign.enrollment_conflicts.reason IS 'Why it was cancelled; superseded: skipped because of a later conflict of the same contact.';

COMMENT ON COLUMN campaign.enrollment_conflicts.resolved_by IS 'The member who decided, or system.';

COMMENT ON COLUMN campaign.enrollment_conflicts.enrollment_id IS 'The new enrolment.';

CREATE FUNCTION campaign.lock_contacts(tenant uuid, contacts uuid[], OUT present uuid[], OUT archived bigint) RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
BEGIN
  SELECT coalesce(array_agg(l.id) FILTER (WHERE l.archived_at IS NULL), '{}'), count(l.archived_at)
    INTO present, archived
    FROM (SELECT c.id, c.archived_at FROM campaign.contacts c JOIN unnest(contacts) w(id) ON w.id = c.id
           WHERE c.tenant_id = tenant
           ORDER BY c.id FOR NO KEY UPDATE OF c) l;
END $$;

COMMENT ON FUNCTION campaign.lock_contacts(uuid, uuid[]) IS
'Internal: locks different contacts FOR NO KEY UPDATE in the order of their ids; returns those of the tenant that are not archived, in this order, and how many are.';

CREATE FUNCTION campaign.classify_contacts(tenant uuid, campaign uuid, contacts uuid[],
  OUT free uuid[], OUT taken uuid[], OUT taken_by uuid[], OUT already bigint, OUT reviewed bigint)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  since timestamptz;
  resting uuid[];
  live uuid[];
BEGIN
  SELECT campaign.now() - make_interval(secs => extract(epoch FROM t.review_cooldown)::double precision) INTO since
    FROM campaign.tenants t WHERE t.id = tenant;
  resting := ARRAY(
    SELECT v.contact_id FROM campaign.touch_events v JOIN unnest(contacts) c(id) ON c.id = v.contact_id
     WHERE v.tenant_id = tenant AND v.kind IN ('reviewed', 'feedback', 'clicked') AND v.at > since
       AND (v.kind <> 'clicked' OR v.link = 'review') AND NOT v.is_machine
    UNION
    SELECT e.contact_id FROM campaign.campaign_enrollments e JOIN unnest(contacts) c(id) ON c.id = e.contact_id
     WHERE e.tenant_id = tenant AND e.status = 'stopped'
       AND e.stop_reason IN ('review_clicked', 'feedback_submitted') AND e.stopped_at > since);
  WITH standing AS (
    SELECT e.contact_id, bool_or(e.campaign_id = campaign) AS is_same, (array_agg(e.id ORDER BY e.id))[1] AS id
      FROM campaign.tenants t
      JOIN campaign.campaign_enrollments e ON e.tenant_id = t.id
      JOIN unnest(contacts) c(id) ON c.id = e.contact_id
     WHERE t.id = tenant AND e.tenant_id = tenant AND e.status = 'active'
       AND (e.exclusive OR NOT t.parallel_sequences OR e.campaign_id = campaign)
     GROUP BY e.contact_id
  )
  SELECT array_agg(s.contact_id), array_agg(s.contact_id) FILTER (WHERE NOT s.is_same), array_agg(s.id) FILTER (WHERE NOT s.is_same),
         count(*) FILTER (WHERE s.is_same)
    INTO live, taken, taken_by, already
    FROM standing s WHERE s.contact_id <> ALL (resting);
  reviewed := cardinality(resting);
  IF reviewed = 0 AND live IS NULL THEN
    free := contacts;
  ELSE
    free := ARRAY(SELECT c.id FROM unnest(contacts) c(id)
                  EXCEPT SELECT r.id FROM unnest(resting || live) r(id)
                  ORDER BY 1);
  END IF;
END $$;

COMMENT ON FUNCTION campaign.classify_contacts(uuid, uuid, uuid[]) IS
'Internal: of different, locked contacts those that may begin in the campaign (in order), those that are in another live sequence and in which, how many are in this campaign already, and how many have reviewed a short time ago.';

CREATE FUNCTION campaign.insert_enrollments(tenant uuid, campaign uuid, contacts uuid[], ids uuid[], anchor timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off SET session_replication_role = origin AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  first record := campaign.first_touch(tenant, campaign, NULL);
  anchor_time timestamptz := coalesce(anchor, now_time);
  scheduled timestamptz := anchor_time + first.delay;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger t
                  WHERE t.tgrelid IN ('campaign.campaign_enrollments'::regclass, 'campaign.touch_queue'::regclass)
                    AND NOT t.tgisinternal AND t.tgname <> 'life_cycle') THEN
    PERFORM set_config('session_replication_role', 'replica', true);
  END IF;
  INSERT INTO campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at,
    enrolled_at, exclusive, base_shift)
  SELECT tenant, n.id, campaign, n.contact, first.plan_version, anchor_time, scheduled, now_time, first.exclusive, first.shift
    FROM unnest(contacts, ids) n(contact, id);
  INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
  SELECT tenant, first.lane, scheduled - first.shift, n.id, scheduled, 1 FROM unnest(ids) n(id);
  PERFORM campaign.count_touch_event(tenant, campaign, 0, first.service, 'enrolled', now_time, cardinality(ids));
  PERFORM campaign.notify_due(scheduled);
END $$;

COMMENT ON FUNCTION campaign.insert_enrollments(uuid, uuid, uuid[], uuid[], timestamptz) IS
'Internal: the rows of new enrolments without a job, contacts and ids side by side. The caller holds the locks of campaign and contacts and has asked what is in the way. Fires no triggers of the extension, unless there are others.';

CREATE FUNCTION campaign.enroll_free_contacts(tenant uuid, campaign uuid, free uuid[], taken uuid[], taken_by uuid[],
  anchor timestamptz, policy text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  begun uuid[] := free;
  ids uuid[];
  successors uuid[];
BEGIN
  IF policy = 'replace' AND taken IS NOT NULL THEN
    PERFORM campaign.stop_enrollments(tenant, ARRAY(
      SELECT e.id FROM campaign.tenants t
        JOIN campaign.campaign_enrollments e ON e.tenant_id = t.id
        JOIN unnest(taken) c(id) ON c.id = e.contact_id
       WHERE t.id = tenant AND e.tenant_id = tenant AND e.status = 'active' AND (e.exclusive OR NOT t.parallel_sequences)), 'repeat_job');
    begun := ARRAY(SELECT b.id FROM unnest(free || taken) b(id) ORDER BY b.id);
  END IF;
  ids := ARRAY(SELECT campaign.uuid_v7() FROM generate_series(1, cardinality(begun)));
  IF cardinality(begun) > 0 THEN
    PERFORM campaign.insert_enrollments(tenant, campaign, begun, ids, anchor);
    PERFORM campaign.close_conflicts(tenant, campaign, NULL, begun, ids);
  END IF;
  IF taken IS NOT NULL THEN
    IF policy = 'replace' THEN
      successors := ARRAY(SELECT b.successor FROM unnest(taken) WITH ORDINALITY c(id, n)
                            JOIN unnest(begun, ids) b(id, successor) ON b.id = c.id ORDER BY c.n);
    END IF;
    PERFORM campaign.record_conflicts(tenant, campaign, NULL, taken, taken_by, successors, anchor, policy);
  END IF;
END $$;

COMMENT ON FUNCTION campaign.enroll_free_contacts(uuid, uuid, uuid[], uuid[], uuid[], timestamptz, text) IS
'Internal: enrols the contacts that are free, and treats those that are taken by a policy, which replaces, or records their conflicts.';

CREATE FUNCTION campaign.enroll_contacts(campaign uuid, ids uuid[], anchor_at timestamptz DEFAULT NULL,
  OUT outcome text, OUT reason text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  tenant uuid := campaign.require_enrollment_target(campaign, anchor_at);
  wanted uuid[] := ARRAY(SELECT DISTINCT i.id FROM unnest(ids) i(id) WHERE i.id IS NOT NULL ORDER BY i.id);
  given bigint := (SELECT count(i.id) FROM unnest(ids) i(id));
  campaign_status text;
  policy text;
  locked record;
  class record;
BEGIN
  PERFORM campaign.require_read_committed('enroll_contacts()');
  PERFORM campaign.lock_tenant_key(tenant);
  SELECT c.status INTO campaign_status FROM campaign.campaigns c WHERE c.tenant_id = tenant AND c.id = campaign FOR KEY SHARE;
  IF campaign_status <> 'running' THEN
    RETURN QUERY SELECT 'not_matched', 'campaign_' || campaign_status, cardinality(ids)::bigint WHERE cardinality(ids) > 0;
    RETURN;
  END IF;
  locked := campaign.lock_contacts(tenant, wanted);
  PERFORM campaign.settle_contact_conflicts(tenant, d.contact_id)
     FROM (SELECT DISTINCT x.contact_id FROM campaign.enrollment_conflicts x JOIN unnest(locked.present) p(id) ON p.id = x.contact_id
            WHERE x.tenant_id = tenant AND x.resolution IS NULL AND x.resolve_after <= now_time) d;
  class := campaign.classify_contacts(tenant, campaign, locked.present);
  SELECT t.conflict_policy INTO policy FROM campaign.tenants t WHERE t.id = tenant;
  PERFORM campaign.enroll_free_contacts(tenant, campaign, class.free, class.taken, class.taken_by, anchor_at, policy);
  RETURN QUERY SELECT r.* FROM (VALUES
      ('enrolled', NULL, cardinality(class.free)::bigint),
      ('enrolled', 'replaced', CASE WHEN policy = 'replace' THEN cardinality(class.taken)::bigint END),
      ('already_live', 'live_in_this_campaign', class.already),
      ('conflict', 'live_in_another_campaign', CASE WHEN policy <> 'replace' THEN cardinality(class.taken)::bigint END),
      ('suppressed', 'contact_archived', locked.archived),
      ('suppressed', 'review_cooldown', class.reviewed),
      ('not_matched', 'contact_missing', cardinality(wanted) - cardinality(locked.present) - locked.archived
                                         + cardinality(ids) - given),
      ('not_matched', 'duplicate', given - cardinality(wanted))) r(outcome, reason, contacts)
   WHERE r.contacts > 0;
END $$;

COMMENT ON FUNCTION campaign.enroll_contacts(uuid, uuid[], timestamptz) IS
'Enrols many contacts in a running campaign, as enroll() does each of them without a job, and returns how many had which outcome for which reason; ids that are not the tenant''s (contact_missing) and ids that come again (duplicate) are not_matched. A million is one call. Raises P0002 for a campaign that is not yours, 22023 for an anchor before 1900 or after 9999, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.enroll_contacts(campaign uuid, query text, anchor_at timestamptz DEFAULT NULL,
  OUT outcome text, OUT reason text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  source text := rtrim(query, E'; \t\r\n');
  id_type text;
  ids uuid[];
BEGIN
  IF current_setting('campaign.identity_source') = 'jwt' THEN
    RAISE EXCEPTION 'contacts are not enrolled by a query where members are subjects of tokens'
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'A query could change whose token it is.',
            HINT = 'Pass the ids of the contacts as an array.';
  END IF;
  IF coalesce(source, '') = '' THEN
    RAISE EXCEPTION 'query must not be null or empty'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It says which contacts are enrolled.',
            HINT = 'Pass a query such as SELECT id FROM campaign.contacts WHERE ..., or an array of ids.';
  END IF;
  EXECUTE format(E'SELECT pg_typeof((SELECT q.id FROM (%s\n) q(id) LIMIT 0))', source) INTO id_type;
  IF id_type <> 'uuid' THEN
    RAISE EXCEPTION 'the query returns % and not contacts', id_type
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Its first column must be the id of a contact.',
            HINT = 'Begin it with SELECT id FROM campaign.contacts; names are looked up in pg_catalog, others are qualified.';
  END IF;
  EXECUTE format(E'SELECT array_agg(q.id) FROM (%s\n) q(id)', source) INTO ids;
  RETURN QUERY SELECT r.* FROM campaign.enroll_contacts(campaign, coalesce(ids, '{}'), anchor_at) r;
END $$;

COMMENT ON FUNCTION campaign.enroll_contacts(uuid, text, timestamptz) IS
'Enrols the contacts that a query returns in its first column, which is read with the caller''s rights and with search_path pg_catalog; otherwise as enroll_contacts(uuid, uuid[], timestamptz). Raises besides 22023 for a query that returns something else and 42501 where campaign.identity_source is jwt.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'EXECUTE', 'FUNCTION campaign.enroll_contacts(uuid, uuid[], timestamptz)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.enroll_contacts(uuid, text, timestamptz)');

CREATE FUNCTION campaign.breaker_counts(tenant uuid, campaign uuid,
  OUT since timestamptz, OUT sent bigint, OUT failed bigint, OUT bounced_hard bigint, OUT complained bigint, OUT unfolded bigint)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  -- what came before the resume was judged by who resumed
  SELECT greatest(now_time - interval '24 hours', max(l.resumed_at)) INTO since
    FROM campaign.lanes l WHERE l.tenant_id = tenant AND l.campaign_id = campaign;
  SELECT coalesce(sum(c.n) FILTER (WHERE c.metric = 'sent'), 0)::bigint, coalesce(sum(c.n) FILTER (WHERE c.metric = 'failed'), 0)::bigint,
         coalesce(sum(c.n) FILTER (WHERE c.metric = 'bounced_hard'), 0)::bigint,
         coalesce(sum(c.n) FILTER (WHERE c.metric = 'complained'), 0)::bigint, count(*) FILTER (WHERE c.is_delta)
    INTO sent, failed, bounced_hard, complained, unfolded
    FROM (SELECT r.metric, r.n, false AS is_delta FROM campaign.recent_counts r
           WHERE r.tenant_id = tenant AND r.campaign_id = campaign AND r.at BETWEEN since AND now_time
          UNION ALL
          SELECT d.metric, d.n, true FROM campaign.touch_count_deltas d
           WHERE d.tenant_id = tenant AND d.campaign_id = campaign AND d.at BETWEEN since AND now_time) c;
END $$;

COMMENT ON FUNCTION campaign.breaker_counts(uuid, uuid) IS
'Internal: what the breaker judges a campaign by: the last 24 hours, to five minutes, or since its last resume; unfolded says how many rows are not in the totals yet.';

CREATE FUNCTION campaign.breaker_reason(sent bigint, failed bigint, bounced_hard bigint, complained bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN sent >= 100 AND bounced_hard * 100 > sent * 5
  THEN pg_catalog.format('breaker: %s of %s messages of the last 24 hours bounced, more than 5 %%', bounced_hard, sent)
  WHEN sent >= 100 AND complained * 1000 > sent * 3
  THEN pg_catalog.format('breaker: %s of %s messages of the last 24 hours were complained of, more than 0.3 %%', complained, sent)
  WHEN sent + failed >= 100 AND failed * 100 > (sent + failed) * 20
  THEN pg_catalog.format('breaker: %s of %s touches of the last 24 hours failed, more than 20 %%', failed, sent + failed) END;

COMMENT ON FUNCTION campaign.breaker_reason(bigint, bigint, bigint, bigint) IS
'Internal: why a campaign with these counts is to be paused; NULL if it is not.';

CREATE FUNCTION campaign.check_breaker(tenant uuid, campaign uuid) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  counts record := campaign.breaker_counts(tenant, campaign);
  why text := campaign.breaker_reason(counts.sent, counts.failed, counts.bounced_hard, counts.complained);
  former_reason text;
BEGIN
  -- where nobody folds, the checks themselves keep the next ones short
  IF counts.unfolded > 1000 THEN
    PERFORM campaign.fold_tenant_counts(tenant, 20000);
  END IF;
  IF why IS NULL THEN
    RETURN NULL;
  END IF;
  -- it is logged, with a key to the tenant, which somebody may be deleting
  PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR KEY SHARE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM FROM campaign.campaigns c
   WHERE c.tenant_id = tenant AND c.id = campaign AND c.kind = 'outreach' AND c.status = 'running'
     FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  former_reason := current_setting('campaign.transition_reason', true);
  PERFORM set_config('campaign.transition_reason', why, true);
  UPDATE campaign.campaigns c SET status = 'paused' WHERE c.tenant_id = tenant AND c.id = campaign;
  PERFORM set_config('campaign.transition_reason', coalesce(former_reason, ''), true);
  RETURN why;
END $$;

COMMENT ON FUNCTION campaign.check_breaker(uuid, uuid) IS
'Internal: pauses a running campaign if, of the last 24 hours or since its last resume, more than 5 % of at least 100 messages bounced hard, more than 0.3 % were complained of, or more than 20 % of at least 100 touches failed; returns the reason, else NULL. Waits for no campaign that somebody has locked.';

CREATE FUNCTION campaign.check_breakers() RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  running record;
  paused integer := 0;
BEGIN
  FOR running IN
    SELECT c.tenant_id, c.id FROM campaign.campaigns c
     WHERE c.kind = 'outreach' AND c.status = 'running' ORDER BY c.tenant_id, c.id
  LOOP
    IF campaign.check_breaker(running.tenant_id, running.id) IS NOT NULL THEN
      paused := paused + 1;
    END IF;
  END LOOP;
  RETURN paused;
END $$;

COMMENT ON FUNCTION campaign.check_breakers() IS
'Pauses every running campaign whose messages bounce, are complained of or fail too often; returns how many. Reports and events check their own campaign; this is for maintenance.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('admin', 'EXECUTE', 'FUNCTION campaign.check_breakers()');

CREATE OR REPLACE VIEW campaign.enrollment_touches WITH (security_invoker = true) AS
SELECT e.tenant_id, e.id AS enrollment_id, e.campaign_id, e.contact_id, t.touch_number,
       coalesce(l.channel, t.channel) AS channel, t.label,
       coalesce(CASE WHEN q.touch_number = t.touch_number THEN q.scheduled_at END, l.scheduled_at,
                -- from the touch before, that of the queue or the last one in the log, by the plan's delays
                f.scheduled_at + (SELECT coalesce(sum(p.delay), '0') FROM campaign.campaign_touches p
                                   WHERE p.tenant_id = e.tenant_id AND p.campaign_id = e.campaign_id AND p.plan_version = e.plan_version
                                     AND p.touch_number > f.touch_number AND p.touch_number <= t.touch_number)) AS scheduled_at,
       CASE WHEN q.touch_number = t.touch_number AND q.due_at < 'infinity' THEN q.due_at + n.shift END AS due_at,
       l.sent_at,
       CASE WHEN q.touch_number = t.touch_number THEN
              CASE WHEN q.lease_until > pg_catalog.clock_timestamp() THEN 'leased'
                   WHEN q.flags & 1 = 1 AND (q.flags = 3 OR h.uncertain_policy <> 'retry') THEN 'uncertain'
                   WHEN q.flags & 2 = 2 THEN 'cancelled'
                   WHEN c.status <> 'running' THEN 'frozen'
                   WHEN q.attempt > 0 THEN 'retrying'
                   ELSE 'scheduled' END
            WHEN l.status IS NOT NULL AND l.is_final THEN l.status
            WHEN e.log_removed_at IS NOT NULL THEN 'forgotten'
            WHEN e.status <> 'active' THEN 'cancelled'
            WHEN c.status <> 'running' THEN 'frozen'
            ELSE 'pending' END AS status,
       coalesce(CASE WHEN q.touch_number = t.touch_number THEN q.attempt END, l.attempt, 0::smallint) AS attempt
  FROM campaign.campaign_enrollments e
  JOIN campaign.campaigns c ON c.tenant_id = e.tenant_id AND c.id = e.campaign_id
  JOIN campaign.campaign_touches t ON t.tenant_id = e.tenant_id AND t.campaign_id = e.campaign_id AND t.plan_version = e.plan_version
  JOIN campaign.channels h ON h.channel = t.channel
  LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
  LEFT JOIN campaign.lanes n ON n.tenant_id = q.tenant_id AND n.lane = q.lane
  LEFT JOIN LATERAL (SELECT s.status, s.is_final, s.sent_at, s.scheduled_at, s.attempt, s.channel FROM campaign.send_logs s
                      WHERE s.tenant_id = e.tenant_id AND s.enrollment_id = e.id AND s.touch_number = t.touch_number
                      ORDER BY s.attempt DESC LIMIT 1) l ON true
  LEFT JOIN LATERAL (SELECT b.touch_number, b.scheduled_at
                       FROM (SELECT q.touch_number, q.scheduled_at WHERE q.touch_number < t.touch_number
                             UNION ALL
                             (SELECT s.touch_number, s.scheduled_at FROM campaign.send_logs s
                               WHERE s.tenant_id = e.tenant_id AND s.enrollment_id = e.id AND s.touch_number < t.touch_number
                               ORDER BY s.touch_number DESC, s.attempt DESC LIMIT 1)
                             UNION ALL SELECT 1::smallint, e.first_scheduled_at) b
                      ORDER BY b.touch_number DESC LIMIT 1) f ON true;

COMMENT ON VIEW campaign.enrollment_touches IS
'One row per touch of each enrolment: when it is or was scheduled, due and sent, and its status: sent, failed, skipped, scheduled, pending (not next yet), retrying, leased, uncertain, frozen (campaign not running), cancelled (enrolment ended) or forgotten (its log was removed by log_retention).';

CREATE VIEW campaign.counts WITH (security_invoker = true) AS
SELECT c.tenant_id, c.campaign_id, c.touch_number, c.service_type, c.metric, c.n, c.seconds FROM campaign.touch_counts c
UNION ALL
SELECT d.tenant_id, d.campaign_id, d.touch_number, d.service_type, d.metric, d.n, d.seconds FROM campaign.touch_count_deltas d;

COMMENT ON VIEW campaign.counts IS
'Totals and what was counted since the last fold, in one: the sum of n by whatever columns is exact at every instant. See touch_counts for the columns.';

CREATE FUNCTION campaign.rate(part bigint, whole bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(part::numeric / nullif(whole, 0), 4);

COMMENT ON FUNCTION campaign.rate(bigint, bigint) IS
'Part of a whole, to four digits; NULL of nothing. What the rates of the analytics views are computed with.';

CREATE VIEW campaign.touch_analytics WITH (security_invoker = true) AS
SELECT t.tenant_id, t.campaign_id, t.touch_number, p.channel, p.label,
       t.sent, t.skipped, t.failed, t.delivered, t.opened, t.machine_opened, t.clicked, t.replied, t.converted, t.reviewed, t.feedback,
       t.bounced_hard + t.bounced_soft AS bounced, t.bounced_hard, t.bounced_soft, t.complained, t.unsubscribed,
       campaign.rate(t.failed, t.sent + t.failed) AS failure_rate, campaign.rate(t.delivered, t.sent) AS delivery_rate,
       campaign.rate(t.opened, t.sent) AS open_rate, campaign.rate(t.clicked, t.sent) AS click_rate,
       campaign.rate(t.replied, t.sent) AS reply_rate, campaign.rate(t.converted, t.sent) AS conversion_rate,
       campaign.rate(t.bounced_hard + t.bounced_soft, t.sent) AS bounce_rate, campaign.rate(t.complained, t.sent) AS complaint_rate,
       campaign.rate(t.unsubscribed, t.sent) AS unsubscribe_rate
  FROM (SELECT c.tenant_id, c.campaign_id, c.touch_number,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'sent'), 0)::bigint AS sent,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'skipped'), 0)::bigint AS skipped,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'failed'), 0)::bigint AS failed,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'delivered'), 0)::bigint AS delivered,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'opened'), 0)::bigint AS opened,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'machine_opened'), 0)::bigint AS machine_opened,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'clicked'), 0)::bigint AS clicked,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'replied'), 0)::bigint AS replied,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'converted'), 0)::bigint AS converted,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'reviewed'), 0)::bigint AS reviewed,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'feedback'), 0)::bigint AS feedback,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'bounced_hard'), 0)::bigint AS bounced_hard,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'bounced_soft'), 0)::bigint AS bounced_soft,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'complained'), 0)::bigint AS complained,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'unsubscribed'), 0)::bigint AS unsubscribed
          FROM (SELECT k.tenant_id, k.campaign_id, k.touch_number, k.metric, k.n FROM campaign.counts k WHERE k.touch_number > 0
                UNION ALL
                -- a touch of the plan is shown before anything has come of it
                SELECT o.tenant_id, o.campaign_id, f.touch_number, NULL, 0
                  FROM campaign.outreach_campaigns o
                  JOIN campaign.campaign_touches f ON f.tenant_id = o.tenant_id AND f.campaign_id = o.campaign_id AND f.plan_version = o.plan_version) c
         GROUP BY c.tenant_id, c.campaign_id, c.touch_number) t
  JOIN LATERAL (SELECT f.channel, f.label FROM campaign.campaign_touches f
                 WHERE f.tenant_id = t.tenant_id AND f.campaign_id = t.campaign_id AND f.touch_number = t.touch_number
                 ORDER BY f.plan_version DESC LIMIT 1) p ON true;

COMMENT ON VIEW campaign.touch_analytics IS
'What became of each touch of each campaign, exactly: every figure counts a touch of an enrolment once, and converted an enrolment once. Touches go by their number, over all plan versions; channel and label are those of the newest that has it. Rates are parts of what was sent; failure_rate is that of sent and failed.';

CREATE VIEW campaign.campaign_analytics WITH (security_invoker = true) AS
SELECT c.tenant_id, c.id AS campaign_id, c.name, c.status,
       n.enrolled, n.enrolled - n.completed - n.stopped AS live,
       CASE WHEN c.status = 'running' THEN n.enrolled - n.completed - n.stopped ELSE 0 END AS active,
       CASE WHEN c.status = 'running' THEN 0 ELSE n.enrolled - n.completed - n.stopped END AS frozen,
       n.completed, n.stopped, r.stop_reasons,
       n.sent, n.skipped, n.failed, n.delivered, n.opened, n.machine_opened, n.clicked, n.replied, n.converted, n.reviewed, n.feedback,
       n.bounced_hard + n.bounced_soft AS bounced, n.bounced_hard, n.bounced_soft, n.complained, n.unsubscribed,
       campaign.rate(n.failed, n.sent + n.failed) AS failure_rate, campaign.rate(n.delivered, n.sent) AS delivery_rate,
       campaign.rate(n.opened, n.sent) AS open_rate, campaign.rate(n.clicked, n.sent) AS click_rate,
       campaign.rate(n.replied, n.sent) AS reply_rate, campaign.rate(n.converted, n.enrolled) AS conversion_rate,
       campaign.rate(n.bounced_hard + n.bounced_soft, n.sent) AS bounce_rate, campaign.rate(n.complained, n.sent) AS complaint_rate,
       campaign.rate(n.unsubscribed, n.sent) AS unsubscribe_rate,
       campaign.rate(n.sent, n.enrolled) AS average_touches,
       pg_catalog.make_interval(secs => pg_catalog.round(n.seconds_to_complete::numeric / nullif(n.completed, 0))::double precision) AS average_time_to_complete
  FROM campaign.campaigns c
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(k.n) FILTER (WHERE k.metric = 'enrolled'), 0)::bigint AS enrolled,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'completed'), 0)::bigint AS completed,
              coalesce(sum(k.seconds) FILTER (WHERE k.metric = 'completed'), 0)::bigint AS seconds_to_complete,
              coalesce(sum(k.n) FILTER (WHERE pg_catalog.starts_with(k.metric, 'stopped.')), 0)::bigint AS stopped,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'sent'), 0)::bigint AS sent,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'skipped'), 0)::bigint AS skipped,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'failed'), 0)::bigint AS failed,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'delivered'), 0)::bigint AS delivered,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'opened'), 0)::bigint AS opened,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'machine_opened'), 0)::bigint AS machine_opened,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'clicked'), 0)::bigint AS clicked,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'replied'), 0)::bigint AS replied,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'converted'), 0)::bigint AS converted,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'reviewed'), 0)::bigint AS reviewed,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'feedback'), 0)::bigint AS feedback,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'bounced_hard'), 0)::bigint AS bounced_hard,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'bounced_soft'), 0)::bigint AS bounced_soft,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'complained'), 0)::bigint AS complained,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'unsubscribed'), 0)::bigint AS unsubscribed
         FROM campaign.counts k WHERE k.tenant_id = c.tenant_id AND k.campaign_id = c.id) n
 CROSS JOIN LATERAL (
       SELECT coalesce(pg_catalog.jsonb_object_agg(s.reason, s.n ORDER BY s.reason), '{}') AS stop_reasons
         FROM (SELECT pg_catalog.substr(k.metric, 9) AS reason, sum(k.n)::bigint AS n FROM campaign.counts k
                WHERE k.tenant_id = c.tenant_id AND k.campaign_id = c.id AND k.touch_number = 0 AND pg_catalog.starts_with(k.metric, 'stopped.')
                GROUP BY k.metric HAVING sum(k.n) <> 0) s) r
 WHERE c.kind = 'outreach';

COMMENT ON VIEW campaign.campaign_analytics IS
'One row per outreach campaign, exact: how many enrolments there are in each state (live ones are active, or frozen while the campaign is not running), why they were stopped ({reason: n}), what became of all touches, with rates of what was sent; conversion_rate is that of the enrolments. average_touches is what was sent for an enrolment; average_time_to_complete is from enrolment to the last touch, to the second.';

CREATE VIEW campaign.service_type_analytics WITH (security_invoker = true) AS
SELECT s.tenant_id, s.service_type, s.enrolled, s.enrolled - s.completed - s.stopped AS live, s.completed, s.stopped,
       s.sent, s.skipped, s.failed, s.delivered, s.opened, s.clicked, s.replied, s.converted, s.bounced, s.complained, s.unsubscribed,
       campaign.rate(s.delivered, s.sent) AS delivery_rate, campaign.rate(s.opened, s.sent) AS open_rate,
       campaign.rate(s.clicked, s.sent) AS click_rate, campaign.rate(s.replied, s.sent) AS reply_rate,
       campaign.rate(s.converted, s.enrolled) AS conversion_rate
  FROM (SELECT k.tenant_id, nullif(k.service_type, '') AS service_type,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'enrolled'), 0)::bigint AS enrolled,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'completed'), 0)::bigint AS completed,
               coalesce(sum(k.n) FILTER (WHERE pg_catalog.starts_with(k.metric, 'stopped.')), 0)::bigint AS stopped,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'sent'), 0)::bigint AS sent,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'skipped'), 0)::bigint AS skipped,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'failed'), 0)::bigint AS failed,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'delivered'), 0)::bigint AS delivered,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'opened'), 0)::bigint AS opened,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'clicked'), 0)::bigint AS clicked,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'replied'), 0)::bigint AS replied,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'converted'), 0)::bigint AS converted,
               coalesce(sum(k.n) FILTER (WHERE k.metric IN ('bounced_hard', 'bounced_soft')), 0)::bigint AS bounced,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'complained'), 0)::bigint AS complained,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'unsubscribed'), 0)::bigint AS unsubscribed
          FROM campaign.counts k GROUP BY k.tenant_id, k.service_type) s;

COMMENT ON VIEW campaign.service_type_analytics IS
'The same per service type of a tenant, over all of its campaigns: that of the job, or for enrolments without one of the campaign; NULL: none.';

CREATE VIEW campaign.campaign_funnel WITH (security_invoker = true) AS
SELECT s.tenant_id, s.campaign_id, (pg_catalog.row_number() OVER w - 1)::smallint AS stage, s.name, s.enrollments,
       campaign.rate(s.enrollments, pg_catalog.first_value(s.enrollments) OVER w) AS of_enrolled,
       campaign.rate(s.enrollments, pg_catalog.lag(s.enrollments) OVER w) AS of_previous
  FROM (SELECT k.tenant_id, k.campaign_id, k.stage,
               CASE k.stage WHEN 0 THEN 'enrolled' WHEN 32767 THEN 'converted' ELSE 'touch ' || k.stage END AS name,
               sum(k.n)::bigint AS enrollments
          FROM (SELECT c.tenant_id, c.campaign_id, CASE c.metric WHEN 'converted' THEN 32767 ELSE c.touch_number END AS stage, c.n
                  FROM campaign.counts c WHERE c.metric IN ('enrolled', 'sent', 'converted')
                UNION ALL
                -- a stage is shown before anybody has come to it
                SELECT o.tenant_id, o.campaign_id, f.stage, 0
                  FROM campaign.outreach_campaigns o
                 CROSS JOIN LATERAL (SELECT 0 AS stage UNION ALL SELECT 32767 UNION ALL
                       SELECT t.touch_number FROM campaign.campaign_touches t
                        WHERE t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version) f) k
         GROUP BY k.tenant_id, k.campaign_id, k.stage) s
WINDOW w AS (PARTITION BY s.tenant_id, s.campaign_id ORDER BY s.stage);

COMMENT ON VIEW campaign.campaign_funnel IS
'How far the enrolments of a campaign come, by stage: enrolled (0), each touch that was sent, converted (the review link clicked, or a review); each as a part of those enrolled and of the stage before. An enrolment counts once in each stage.';

CREATE FUNCTION campaign.daily_analytics(campaign uuid, from_day date DEFAULT NULL, until_day date DEFAULT NULL,
  OUT day date, OUT enrolled bigint, OUT completed bigint, OUT stopped bigint, OUT sent bigint, OUT skipped bigint, OUT failed bigint,
  OUT delivered bigint, OUT opened bigint, OUT clicked bigint, OUT replied bigint, OUT converted bigint, OUT bounced bigint,
  OUT complained bigint, OUT unsubscribed bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target record;
BEGIN
  SELECT c.tenant_id, campaign.count_day(campaign.now(), t.timezone) AS today INTO target
    FROM campaign.campaigns c JOIN campaign.tenants t ON t.id = c.tenant_id
   WHERE c.tenant_id = ANY (campaign.readable_tenants()) AND c.id = campaign AND c.kind = 'outreach';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign "%" does not exist', campaign
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may read has an outreach campaign with this id.',
            HINT = 'Check the id; a campaign of another tenant is not found.';
  END IF;
  until_day := coalesce(until_day, target.today);
  from_day := coalesce(from_day, until_day - 29);
  IF NOT isfinite(from_day) OR NOT isfinite(until_day) OR until_day - from_day > 3660 THEN
    RAISE EXCEPTION 'the days are out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A series has at most 3661 days.',
            HINT = 'Leave them out for the last 30 days.';
  END IF;
  RETURN QUERY
  SELECT g.day, coalesce(s.enrolled, 0), coalesce(s.completed, 0), coalesce(s.stopped, 0), coalesce(s.sent, 0), coalesce(s.skipped, 0),
         coalesce(s.failed, 0), coalesce(s.delivered, 0), coalesce(s.opened, 0), coalesce(s.clicked, 0), coalesce(s.replied, 0),
         coalesce(s.converted, 0), coalesce(s.bounced, 0), coalesce(s.complained, 0), coalesce(s.unsubscribed, 0)
    FROM (SELECT from_day + i AS day FROM generate_series(0, until_day - from_day) i) g
    LEFT JOIN (
      SELECT c.day,
             (sum(c.n) FILTER (WHERE c.metric = 'enrolled'))::bigint AS enrolled,
             (sum(c.n) FILTER (WHERE c.metric = 'completed'))::bigint AS completed,
             (sum(c.n) FILTER (WHERE starts_with(c.metric, 'stopped.')))::bigint AS stopped,
             (sum(c.n) FILTER (WHERE c.metric = 'sent'))::bigint AS sent,
             (sum(c.n) FILTER (WHERE c.metric = 'skipped'))::bigint AS skipped,
             (sum(c.n) FILTER (WHERE c.metric = 'failed'))::bigint AS failed,
             (sum(c.n) FILTER (WHERE c.metric = 'delivered'))::bigint AS delivered,
             (sum(c.n) FILTER (WHERE c.metric = 'opened'))::bigint AS opened,
             (sum(c.n) FILTER (WHERE c.metric = 'clicked'))::bigint AS clicked,
             (sum(c.n) FILTER (WHERE c.metric = 'replied'))::bigint AS replied,
             (sum(c.n) FILTER (WHERE c.metric = 'converted'))::bigint AS converted,
             (sum(c.n) FILTER (WHERE c.metric IN ('bounced_hard', 'bounced_soft')))::bigint AS bounced,
             (sum(c.n) FILTER (WHERE c.metric = 'complained'))::bigint AS complained,
             (sum(c.n) FILTER (WHERE c.metric = 'unsubscribed'))::bigint AS unsubscribed
        FROM (SELECT d.day, d.metric, d.n FROM campaign.daily_counts d
               WHERE d.tenant_id = target.tenant_id AND d.campaign_id = campaign AND d.day BETWEEN from_day AND until_day
              UNION ALL
              SELECT d.day, d.metric, d.n FROM campaign.touch_count_deltas d
               WHERE d.tenant_id = target.tenant_id AND d.campaign_id = campaign AND d.day BETWEEN from_day AND until_day) c
       GROUP BY c.day) s ON s.day = g.day
   ORDER BY g.day;
END $$;

COMMENT ON FUNCTION campaign.daily_analytics(uuid, date, date) IS
'What happened in a campaign, day by day in the tenant''s time zone, with a row for every day from from_day (default: the 30 days up to the last) to until_day (default: today). A touch counts on the day that it was sent, else recorded; an event on its own day. Raises P0002 for a campaign that is not yours, 22023 for more than 3661 days.';

CREATE FUNCTION campaign.recounted(tenant uuid, campaign uuid,
  OUT touch_number smallint, OUT service_type text, OUT metric text, OUT at timestamptz, OUT n bigint, OUT seconds bigint)
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT h.touch_number, coalesce(CASE WHEN e.job_id IS NULL THEN o.service_type ELSE j.service_type END, ''), h.metric,
         campaign.count_bucket(h.at), count(*), sum(h.seconds)::bigint
    FROM (SELECT l.enrollment_id, l.touch_number, l.status AS metric, coalesce(l.sent_at, l.logged_at) AS at, 0 AS seconds
            FROM campaign.send_logs l WHERE l.tenant_id = $1 AND l.campaign_id = $2 AND l.is_final
          UNION ALL
          SELECT c.id, 0::smallint, s.metric, s.at,
                 CASE s.metric WHEN 'enrolled' THEN 0 ELSE floor(extract(epoch FROM s.at - c.enrolled_at)) END
            FROM campaign.campaign_enrollments c
           CROSS JOIN LATERAL (VALUES ('enrolled', c.enrolled_at), ('completed', c.completed_at), ('stopped.' || c.stop_reason, c.stopped_at))
                 AS s(metric, at)
           WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND s.at IS NOT NULL
          UNION ALL
          (SELECT DISTINCT ON (v.enrollment_id, coalesce(v.touch_number, 0), m.metric)
                  v.enrollment_id, coalesce(v.touch_number, 0::smallint), m.metric, v.at, 0
             FROM campaign.campaign_enrollments c
             JOIN campaign.touch_events v ON v.tenant_id = c.tenant_id AND v.enrollment_id = c.id
            CROSS JOIN LATERAL (SELECT CASE WHEN v.kind = 'bounced' THEN 'bounced_' || v.bounce
                                            WHEN v.kind = 'opened' AND v.is_machine THEN 'machine_opened'
                                            WHEN v.kind <> 'clicked' OR NOT v.is_machine THEN v.kind END AS metric) m
            WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND v.tenant_id = $1 AND m.metric IS NOT NULL
            ORDER BY v.enrollment_id, coalesce(v.touch_number, 0), m.metric, v.id)
          UNION ALL
          (SELECT DISTINCT ON (v.enrollment_id) v.enrollment_id, coalesce(v.touch_number, 0::smallint), 'converted', v.at, 0
             FROM campaign.campaign_enrollments c
             JOIN campaign.touch_events v ON v.tenant_id = c.tenant_id AND v.enrollment_id = c.id
            WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND v.tenant_id = $1
              AND (v.kind = 'reviewed' OR v.kind = 'clicked' AND v.link = 'review') AND NOT v.is_machine
            ORDER BY v.enrollment_id, v.id)) h
    JOIN campaign.campaign_enrollments e ON e.tenant_id = $1 AND e.id = h.enrollment_id
    JOIN campaign.outreach_campaigns o ON o.tenant_id = $1 AND o.campaign_id = e.campaign_id
    LEFT JOIN campaign.jobs j ON j.tenant_id = $1 AND j.id = e.job_id
   GROUP BY 1, 2, 3, 4;
END;

COMMENT ON FUNCTION campaign.recounted(uuid, uuid) IS
'Internal: the counts of a campaign by five minutes, from the log, the events and the enrolments, with the service types as they are now.';

CREATE FUNCTION campaign.recount(campaign uuid, OUT touch_number smallint, OUT metric text, OUT counted bigint, OUT recounted bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.campaigns c
   WHERE c.tenant_id = ANY (campaign.readable_tenants()) AND c.id = campaign AND c.kind = 'outreach';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign "%" does not exist', campaign
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may read has an outreach campaign with this id.',
            HINT = 'Check the id; a campaign of another tenant is not found.';
  END IF;
  RETURN QUERY
  SELECT b.touch_number, b.metric, sum(b.counted)::bigint, sum(b.recounted)::bigint
    FROM (SELECT k.touch_number, k.metric, k.n AS counted, 0 AS recounted FROM campaign.counts k
           WHERE k.tenant_id = owner_tenant AND k.campaign_id = campaign
          UNION ALL
          SELECT r.touch_number, r.metric, 0, r.n FROM campaign.recounted(owner_tenant, campaign) r) b
   GROUP BY b.touch_number, b.metric
   ORDER BY b.touch_number, b.metric;
END $$;

COMMENT ON FUNCTION campaign.recount(uuid) IS
'What is counted of a campaign beside what its log, its events and its enrolments come to, by touch (0: enrolments) and metric: the two are the same at every instant, as long as log_retention has not deleted of the log. Reads all of it. Raises P0002 for a campaign that is not yours.';

CREATE FUNCTION campaign.count_history(tenant uuid, campaign uuid) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  recent timestamptz := campaign.now() - interval '25 hours';
  counted bigint;
BEGIN
  INSERT INTO campaign.touch_count_deltas (tenant_id, campaign_id, touch_number, service_type, metric, at, day, n, seconds)
  SELECT tenant, campaign, r.touch_number, r.service_type, r.metric, max(r.at), r.day, sum(r.n)::bigint, sum(r.seconds)::bigint
    FROM (SELECT h.*, campaign.count_day(h.at, t.timezone) AS day FROM campaign.recounted(tenant, campaign) h
            JOIN campaign.tenants t ON t.id = tenant) r
   WHERE NOT EXISTS (SELECT FROM campaign.counts k WHERE k.tenant_id = tenant AND k.campaign_id = campaign)
   GROUP BY r.touch_number, r.service_type, r.metric, r.day, CASE WHEN r.at >= recent THEN r.at END;
  GET DIAGNOSTICS counted = ROW_COUNT;
  RETURN counted;
END $$;

COMMENT ON FUNCTION campaign.count_history(uuid, uuid) IS
'Internal: counts all that a campaign has in its log, its events and its enrolments, if nothing of it was counted yet; the caller keeps others from writing there. Returns how many rows were written.';

CREATE VIEW campaign.contact_history WITH (security_invoker = true) AS
SELECT l.tenant_id, l.contact_id, coalesce(l.sent_at, l.logged_at) AS at, l.status AS what, coalesce(l.error, l.reason) AS detail,
       l.campaign_id, l.enrollment_id, l.touch_number, l.channel, l.address, l.subject, l.provider_id, l.enrollment_id IS NULL AS is_manual
  FROM campaign.send_logs l
UNION ALL
SELECT v.tenant_id, v.contact_id, v.at, v.kind, coalesce(v.bounce, v.link), v.campaign_id, v.enrollment_id, v.touch_number,
       v.channel, v.address, NULL, v.provider_id, v.enrollment_id IS NULL
  FROM campaign.touch_events v WHERE v.contact_id IS NOT NULL
UNION ALL
SELECT e.tenant_id, e.contact_id, s.at, s.what, s.detail, e.campaign_id, e.id, NULL, NULL, NULL, NULL, NULL, false
  FROM campaign.campaign_enrollments e
 CROSS JOIN LATERAL (VALUES (e.enrolled_at, 'enrolled', NULL), (e.completed_at, 'completed', NULL), (e.stopped_at, 'stopped', e.stop_reason))
       AS s(at, what, detail)
 WHERE s.at IS NOT NULL;

COMMENT ON VIEW campaign.contact_history IS
'What there was with a contact, and when: messages (sent, failed, skipped), those that a person sent by hand among them (is_manual), what became of them (the kinds of touch_events), and where the contact was enrolled, completed or stopped, with the reason in detail. Ask it for one contact_id.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'SELECT', 'TABLE campaign.contact_history'),
  ('member', 'SELECT', 'TABLE campaign.counts'),
  ('member', 'SELECT', 'TABLE campaign.touch_analytics'),
  ('member', 'SELECT', 'TABLE campaign.campaign_analytics'),
  ('member', 'SELECT', 'TABLE campaign.service_type_analytics'),
  ('member', 'SELECT', 'TABLE campaign.campaign_funnel'),
  ('member', 'EXECUTE', 'FUNCTION campaign.rate(bigint, bigint)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.daily_analytics(uuid, date, date)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.recount(uuid)');

CREATE FUNCTION campaign.unmatched_stop_reason(tenant uuid, enrollment uuid) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.stop_reason
    FROM campaign.touch_events v
    JOIN campaign.send_logs l ON l.tenant_id = $1 AND l.provider_id = v.provider_id AND l.enrollment_id = $2
   CROSS JOIN LATERAL campaign.event_rules(campaign.event_of_message(v, l)) r
   WHERE v.tenant_id = $1 AND v.unmatched AND r.stop_reason IS NOT NULL
   ORDER BY v.at, v.id LIMIT 1;
END;

COMMENT ON FUNCTION campaign.unmatched_stop_reason(uuid, uuid) IS
'Internal: why an event that was told before the report of its message stops an enrolment, where match_events() has not applied it yet; NULL: none does.';

CREATE FUNCTION campaign.explain_touch(tenant uuid, enrollment uuid,
  OUT "check" text, OUT outcome text, OUT reason text, OUT changes_at timestamptz)
RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_explain_touch';

COMMENT ON FUNCTION campaign.explain_touch(uuid, uuid) IS
'Internal: the checks of the next touch of an enrolment, with their answers.';

CREATE FUNCTION campaign.explain_enrollment(enrollment uuid,
  OUT "check" text, OUT outcome text, OUT reason text, OUT changes_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT e.tenant_id INTO owner_tenant FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = ANY (campaign.readable_tenants()) AND e.id = explain_enrollment.enrollment;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'enrolment % does not exist', coalesce('"' || explain_enrollment.enrollment || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may read has an enrolment with this id.',
            HINT = 'Check the id; an enrolment of another tenant is not found.';
  END IF;
  RETURN QUERY SELECT x."check", x.outcome, x.reason, x.changes_at
    FROM campaign.explain_touch(owner_tenant, explain_enrollment.enrollment) x;
END $$;

COMMENT ON FUNCTION campaign.explain_enrollment(uuid) IS
'Why an enrolment has not received its next touch: one row per check of the gate that claims ask, in its order, with the outcome (pass, wait, hold, defer, skip, stop), the reason as the log would show it, and the time at which the answer changes, where one is known. Asked at the time when the touch is due. Raises P0002.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'EXECUTE', 'FUNCTION campaign.explain_enrollment(uuid)');

CREATE FUNCTION campaign.find_outreach_campaign(campaign uuid, tenants uuid[]) RETURNS campaign.outreach_campaigns
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_row campaign.outreach_campaigns;
BEGIN
  SELECT o.* INTO found_row FROM campaign.outreach_campaigns o
   WHERE o.tenant_id = ANY (tenants) AND o.campaign_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign % does not exist', coalesce('"' || campaign || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'There is no such outreach campaign among those of your tenants.',
            HINT = 'Ask campaign.campaigns for the ids of your campaigns.';
  END IF;
  RETURN found_row;
END $$;

COMMENT ON FUNCTION campaign.find_outreach_campaign(uuid, uuid[]) IS
'Internal: an outreach campaign of one of the tenants, not locked; raises P0002.';

CREATE FUNCTION campaign.require_plan_version(tenant uuid, campaign uuid, version integer) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  PERFORM 1 FROM campaign.campaign_touches t
   WHERE t.tenant_id = tenant AND t.campaign_id = campaign AND t.plan_version = version;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'plan version % does not exist', coalesce(version::text, 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = format('The campaign has the versions 1 to %s.', (SELECT max(t.plan_version) FROM campaign.campaign_touches t
                              WHERE t.tenant_id = tenant AND t.campaign_id = campaign)),
            HINT = 'Table campaign.campaign_touches has the touches of every version.';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_plan_version(uuid, uuid, integer) IS
'Internal: raises P0002 for a version that the campaign''s plan does not have.';

CREATE FUNCTION campaign.diff_plan(campaign uuid, from_version integer, to_version integer DEFAULT NULL)
RETURNS TABLE (touch_number smallint, change text, field text, old text, new text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target campaign.outreach_campaigns := campaign.find_outreach_campaign($1, campaign.readable_tenants());
BEGIN
  PERFORM campaign.require_plan_version(target.tenant_id, $1, $2);
  PERFORM campaign.require_plan_version(target.tenant_id, $1, coalesce($3, target.plan_version));
  RETURN QUERY
  WITH touches AS MATERIALIZED (
    SELECT t.plan_version, t.touch_number,
           jsonb_strip_nulls(to_jsonb(t) - '{tenant_id,campaign_id,plan_version,touch_number,step,delay,max_lateness}'::text[]
             || jsonb_build_object('delay_hours', trim_scale(extract(epoch FROM t.delay) / 3600),
                                   'max_lateness_hours', trim_scale(extract(epoch FROM t.max_lateness) / 3600))) AS document
      FROM campaign.campaign_touches t
     WHERE t.tenant_id = target.tenant_id AND t.campaign_id = $1
       AND t.plan_version IN ($2, coalesce($3, target.plan_version))
  )
  SELECT coalesce(o.touch_number, n.touch_number),
         CASE WHEN o.document IS NULL THEN 'added' WHEN n.document IS NULL THEN 'removed' ELSE 'changed' END,
         f.field, o.document ->> f.field, n.document ->> f.field
    FROM (SELECT * FROM touches t WHERE t.plan_version = $2) o
    FULL JOIN (SELECT * FROM touches t WHERE t.plan_version = coalesce($3, target.plan_version)) n USING (touch_number)
   CROSS JOIN LATERAL jsonb_object_keys(coalesce(o.document, '{}') || coalesce(n.document, '{}')) AS f(field)
   WHERE o.document -> f.field IS DISTINCT FROM n.document -> f.field
     AND (o.document IS NOT NULL AND n.document IS NOT NULL
          OR (f.field, coalesce(o.document, n.document) -> f.field) <> ('variant_count', '1')
             AND coalesce(o.document, n.document) -> f.field NOT IN ('false', '[]', '{}', '"always"', '"advance"'))
   ORDER BY 1, array_position('{channel,label,delay_hours}'::text[], f.field), 3;
END $$;

COMMENT ON FUNCTION campaign.diff_plan(uuid, integer, integer) IS
'What differs between two plan versions of a campaign (to_version defaults to the present one): a row per touch and field, change being added, removed or changed. An added or removed touch shows the fields that say something. Raises P0002 for a campaign that you may not read and for an unknown version.';

CREATE FUNCTION campaign.plan_migration(tenant uuid, campaign uuid, version integer, document jsonb, lease_time timestamptz)
RETURNS TABLE (enrollment_id uuid, result text, touch_number smallint, old_channel text, channel text,
               resume_touch smallint, scheduled_at timestamptz, old_due_at timestamptz, due_at timestamptz, rescheduled boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time constant timestamptz := campaign.now();
  -- a day is 24 hours here as in the engine
  gap constant interval := (SELECT make_interval(secs => extract(epoch FROM n.min_gap)::double precision)
                              FROM campaign.tenants n WHERE n.id = $1);
BEGIN
  RETURN QUERY
  WITH target AS MATERIALIZED (
    SELECT c.touch_number, c.channel, c.delay, c.use_service_delay FROM campaign.campaign_touches c
     WHERE $4 IS NULL AND c.tenant_id = $1 AND c.campaign_id = $2 AND c.plan_version = $3
     UNION ALL
    SELECT d.touch_number, d.channel, d.delay, d.use_service_delay FROM campaign.document_touches($4) d
  )
  SELECT e.id,
         CASE WHEN $4 IS NULL AND e.plan_version = $3 THEN 'already'
              WHEN q.flags & 3 <> 0 OR q.lease_until > $5 THEN 'busy'
              WHEN t.touch_number IS NULL THEN 'completed'
              ELSE 'moved' END,
         q.touch_number, l.channel, t.channel,
         q.resume_touch, s.scheduled_at, q.due_at,
         CASE WHEN s.scheduled_at = q.scheduled_at THEN q.due_at
              WHEN d.due_at < q.due_at THEN least(q.due_at, greatest(d.due_at, now_time - l.shift))
              ELSE d.due_at END,
         -- no touch is late by a plan that came after its time
         CASE WHEN s.scheduled_at = q.scheduled_at THEN q.rescheduled
              ELSE s.scheduled_at < q.scheduled_at AND s.scheduled_at - e.base_shift < now_time - l.shift END
    FROM campaign.campaign_enrollments e
    JOIN campaign.touch_queue q ON q.tenant_id = $1 AND q.enrollment_id = e.id
    JOIN campaign.lanes l ON l.tenant_id = $1 AND l.lane = q.lane
    JOIN campaign.outreach_campaigns c ON c.tenant_id = $1 AND c.campaign_id = e.campaign_id
    LEFT JOIN campaign.campaign_touches o ON o.tenant_id = $1 AND o.campaign_id = e.campaign_id
      AND o.plan_version = e.plan_version AND o.touch_number = q.touch_number
    LEFT JOIN target t ON t.touch_number = q.touch_number
    LEFT JOIN campaign.jobs j ON j.tenant_id = $1 AND j.id = e.job_id
    LEFT JOIN campaign.service_types y ON q.touch_number = 1 AND t.use_service_delay AND y.tenant_id = $1
      AND y.service_type = CASE WHEN e.job_id IS NULL THEN c.service_type ELSE j.service_type END
   CROSS JOIN LATERAL (
     SELECT CASE WHEN q.resume_touch > 0 OR o.touch_number IS NULL OR t.touch_number IS NULL
                      OR (o.delay, o.use_service_delay AND q.touch_number = 1) = (t.delay, t.use_service_delay AND q.touch_number = 1)
                 THEN q.scheduled_at
                 WHEN q.touch_number = 1
                 THEN e.anchor_at + coalesce(make_interval(secs => extract(epoch FROM y.first_touch_delay)::double precision), t.delay)
                 ELSE q.scheduled_at - o.delay + t.delay END AS scheduled_at) s
   CROSS JOIN LATERAL (
     SELECT greatest(s.scheduled_at - e.base_shift,
                     CASE WHEN q.due_at > q.scheduled_at - e.base_shift THEN q.due_at END,
                     CASE WHEN s.scheduled_at < q.scheduled_at
                          THEN (SELECT max(g.sent_at) + gap - l.shift FROM campaign.send_logs g
                                 WHERE g.tenant_id = $1 AND g.enrollment_id = e.id AND g.status = 'sent') END) AS due_at) d
   WHERE e.tenant_id = $1 AND e.campaign_id = $2 AND e.status = 'active';
END $$;

COMMENT ON FUNCTION campaign.plan_migration(uuid, uuid, integer, jsonb, timestamptz) IS
'Internal: for each live enrolment of a campaign what migrate_enrollments() makes of it: moved, completed (its next touch is behind the new plan''s last), busy (with a worker) or already; with its touch, channels, and plan and due times in the queue''s terms. The plan is a version, or a document in its place.';

CREATE FUNCTION campaign.lock_live_enrollments(tenant uuid, campaign uuid, version integer) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  PERFORM FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = tenant AND e.campaign_id = campaign AND e.status = 'active' AND e.plan_version <> version
   ORDER BY e.id FOR NO KEY UPDATE;
  PERFORM FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.enrollment_id = e.id
   WHERE e.tenant_id = tenant AND e.campaign_id = campaign AND e.status = 'active' AND e.plan_version <> version
   ORDER BY q.enrollment_id FOR UPDATE OF q;
END $$;

COMMENT ON FUNCTION campaign.lock_live_enrollments(uuid, uuid, integer) IS
'Internal: locks the live enrolments of a campaign that are on another plan version, and then their queue rows, in order; the caller has locked the campaign.';

CREATE FUNCTION campaign.move_enrollments(tenant uuid, campaign uuid, version integer,
  OUT moved bigint, OUT completed uuid[], OUT busy bigint, OUT already bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  -- after the locks: a claim that was waited for has its lease by now
  lease_time timestamptz := clock_timestamp();
BEGIN
  -- a lease that ended before its send was begun had a part of the caps
  PERFORM campaign.return_send_usage(tenant, q.lane, q.claimed_at)
     FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.enrollment_id = e.id
    WHERE e.tenant_id = tenant AND e.campaign_id = campaign AND e.status = 'active' AND e.plan_version <> version
      AND q.claimed_at > '-infinity' AND q.lease_until <= lease_time AND q.flags & 3 = 0;
  WITH plan AS MATERIALIZED (
    SELECT p.*, l.lane FROM campaign.plan_migration(tenant, campaign, version, NULL, lease_time) p
      LEFT JOIN campaign.lanes l ON l.tenant_id = tenant AND l.campaign_id = campaign AND l.channel = p.channel
  ), removed AS (
    DELETE FROM campaign.touch_queue q USING plan p
     WHERE q.tenant_id = tenant AND q.enrollment_id = p.enrollment_id AND p.result = 'completed'
  ), queued AS (
    -- a lease that has ended ends for its late report, too; on another channel all attempts are new
    UPDATE campaign.touch_queue q
       SET lane = p.lane, due_at = p.due_at, scheduled_at = p.scheduled_at, rescheduled = p.rescheduled,
           attempt_base = CASE WHEN p.channel = p.old_channel THEN q.attempt_base ELSE q.attempt END,
           lease_until = '-infinity', claimed_at = '-infinity', fence = 0, worker_id = 0
      FROM plan p
     WHERE q.tenant_id = tenant AND q.enrollment_id = p.enrollment_id AND p.result = 'moved'
  ), ended AS (
    UPDATE campaign.campaign_enrollments e SET status = 'completed', completed_at = now_time
      FROM plan p
     WHERE e.tenant_id = tenant AND e.id = p.enrollment_id AND p.result = 'completed'
  ), followed AS (
    UPDATE campaign.campaign_enrollments e
       SET plan_version = version,
           first_scheduled_at = CASE WHEN p.touch_number = 1 AND p.resume_touch = 0 THEN p.scheduled_at ELSE e.first_scheduled_at END
      FROM plan p
     WHERE e.tenant_id = tenant AND e.id = p.enrollment_id AND p.result = 'moved'
  )
  SELECT count(*) FILTER (WHERE p.result = 'moved'), array_agg(p.enrollment_id) FILTER (WHERE p.result = 'completed'),
         count(*) FILTER (WHERE p.result = 'busy'), count(*) FILTER (WHERE p.result = 'already')
    INTO moved, completed, busy, already
    FROM plan p;
  IF completed IS NOT NULL THEN
    PERFORM campaign.count_enrollments(tenant, campaign, 'completed', completed);
  END IF;
END $$;

COMMENT ON FUNCTION campaign.move_enrollments(uuid, uuid, integer) IS
'Internal: moves the live enrolments of a campaign, which the caller has locked, to a plan version; returns how many, and which were completed by it.';

CREATE FUNCTION campaign.migrate_enrollments(campaign uuid, to_version integer DEFAULT NULL, dry_run boolean DEFAULT false)
RETURNS TABLE (result text, enrollments bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target campaign.outreach_campaigns := campaign.find_outreach_campaign(campaign, campaign.writable_tenants());
  locked campaign.campaigns;
  version integer;
  done record;
BEGIN
  PERFORM campaign.require_read_committed('migrate_enrollments()');
  IF NOT coalesce(dry_run, false) THEN
    locked := campaign.lock_campaign(campaign, ARRAY[target.tenant_id], true);
    target := campaign.find_outreach_campaign(campaign, ARRAY[target.tenant_id]);
  END IF;
  version := coalesce(to_version, target.plan_version);
  PERFORM campaign.require_plan_version(target.tenant_id, campaign, version);
  IF dry_run THEN
    SELECT count(*) FILTER (WHERE p.result = 'moved') AS moved, count(*) FILTER (WHERE p.result = 'completed') AS completed,
           count(*) FILTER (WHERE p.result = 'busy') AS busy, count(*) FILTER (WHERE p.result = 'already') AS already
      INTO done FROM campaign.plan_migration(target.tenant_id, campaign, version, NULL, clock_timestamp()) p;
  ELSE
    PERFORM campaign.require_sendable_plan(target.tenant_id, campaign, version);
    PERFORM campaign.lock_live_enrollments(target.tenant_id, campaign, version);
    SELECT m.moved, coalesce(cardinality(m.completed), 0)::bigint AS completed, m.busy, m.already
      INTO done FROM campaign.move_enrollments(target.tenant_id, campaign, version) m;
    IF locked.status = 'running' AND done.moved > 0 THEN
      PERFORM campaign.notify_campaign_due(target.tenant_id, campaign);
    END IF;
  END IF;
  RETURN QUERY VALUES ('moved', done.moved), ('completed', done.completed), ('busy', done.busy), ('already', done.already);
END $$;

COMMENT ON FUNCTION campaign.migrate_enrollments(uuid, integer, boolean) IS
'Moves the live enrolments of a campaign to a plan version (default: the present one), or with dry_run only says what it would do. Returns how many were moved, completed (their next touch is behind the new plan''s last), busy (with a worker, or uncertain: left on their version, move them later) and on that version already. Enrolments of the campaign wait meanwhile. Raises P0002 for a campaign that is not yours and for an unknown version, CP002 for a version whose touches have no text, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.campaign_impact(campaign uuid, action text, template_config jsonb DEFAULT NULL)
RETURNS TABLE (effect text, touch_number smallint, enrollments bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  target campaign.outreach_campaigns := campaign.find_outreach_campaign($1, campaign.readable_tenants());
  now_time constant timestamptz := campaign.now();
  effects text[];
BEGIN
  effects := CASE $2 WHEN 'pause' THEN '{live,frozen,leased,uncertain}'
                     WHEN 'resume' THEN '{live,overdue}'
                     WHEN 'archive' THEN '{live,stopped,leased,uncertain}'
                     WHEN 'revise' THEN '{live,moved,completed,busy,rerouted,earlier,later}' END;
  IF effects IS NULL THEN
    RAISE EXCEPTION 'invalid action %', coalesce(quote_literal($2), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The actions are pause, resume, archive and revise.',
            HINT = 'For revise pass the document that is to replace the plan.';
  END IF;
  IF $2 = 'revise' THEN
    PERFORM campaign.require_document(target.tenant_id, $3);
  END IF;
  RETURN QUERY
  WITH live AS MATERIALIZED (
    SELECT q.touch_number,
           ARRAY['live', 'frozen', 'stopped', CASE WHEN q.lease_until > clock_timestamp() THEN 'leased' WHEN q.flags & 1 = 1 THEN 'uncertain' END,
                 CASE WHEN q.due_at + l.shift <= now_time THEN 'overdue' END] AS effects
      FROM campaign.campaign_enrollments e
      JOIN campaign.touch_queue q ON q.tenant_id = target.tenant_id AND q.enrollment_id = e.id
      JOIN campaign.lanes l ON l.tenant_id = target.tenant_id AND l.lane = q.lane
     WHERE $2 <> 'revise' AND e.tenant_id = target.tenant_id AND e.campaign_id = $1 AND e.status = 'active'
     UNION ALL
    SELECT p.touch_number,
           ARRAY['live', p.result, CASE WHEN p.result = 'moved' AND p.channel <> p.old_channel THEN 'rerouted' END,
                 CASE WHEN p.result = 'moved' AND p.due_at < p.old_due_at THEN 'earlier'
                      WHEN p.result = 'moved' AND p.due_at > p.old_due_at THEN 'later' END]
      FROM campaign.plan_migration(target.tenant_id, $1, NULL, $3, clock_timestamp()) p
     WHERE $2 = 'revise'
  )
  SELECT f.effect, g.touch_number, g.enrollments
    FROM unnest(effects) WITH ORDINALITY AS f(effect, place)
   CROSS JOIN LATERAL (SELECT l.touch_number, count(*) AS enrollments FROM live l WHERE f.effect = ANY (l.effects)
                        GROUP BY ROLLUP (l.touch_number)) g
   ORDER BY f.place, g.touch_number NULLS FIRST;
END $$;

COMMENT ON FUNCTION campaign.campaign_impact(uuid, text, jsonb) IS
'How many live enrolments an act would concern, before it: a row per effect over all (touch_number NULL) and per next touch. live for every action; pause: frozen; archive: stopped; both: leased (with a worker, whose begin_send is refused) and uncertain; resume: overdue (what the resume policy decides about); revise: what migrate_enrollments() to the document would do: moved, completed, busy, and of the moved rerouted to another channel, earlier or later. Revising alone concerns none of them. Raises P0002, 22023 for an unknown action, CP003 for an invalid document.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'EXECUTE', 'FUNCTION campaign.diff_plan(uuid, integer, integer)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.migrate_enrollments(uuid, integer, boolean)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.campaign_impact(uuid, text, jsonb)');

CREATE FUNCTION campaign.preview_schedule(template_config jsonb, anchor timestamptz, timezone text DEFAULT NULL,
  tenant uuid DEFAULT NULL, service_type text DEFAULT NULL)
RETURNS TABLE (touch_number smallint, channel text, label text, scheduled_at timestamptz, due_at timestamptz)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  -- the system tenant's settings are those of a tenant who has changed none
  owner_tenant constant uuid := coalesce($4, '00000000-0000-0000-0000-000000000000');
  zone text;
  gap interval;
  blackouts date[];
  touch record;
  last_due timestamptz;
  -- when each channel was used last
  used jsonb := '{}';
BEGIN
  IF NOT owner_tenant = ANY (campaign.readable_tenants()) THEN
    RAISE EXCEPTION 'tenant "%" does not exist', owner_tenant
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant of this id is visible to the asking member.',
            HINT = 'Table campaign.tenants lists the tenants that you may see.';
  END IF;
  PERFORM campaign.require_document(owner_tenant, $1);
  IF $2 IS NULL OR $2 NOT BETWEEN '1900-01-01 00:00:00+00' AND '9999-12-31 00:00:00+00' THEN
    RAISE EXCEPTION 'anchor is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The first touch is scheduled at the anchor plus its delay; anchors are from 1900 to 9999.',
            HINT = 'Pass the time of a job''s completion, such as campaign.now().';
  END IF;
  SELECT campaign.effective_timezone($3, n.timezone), make_interval(secs => extract(epoch FROM n.min_gap)::double precision),
         ARRAY(SELECT b.day FROM campaign.blackout_dates b WHERE b.tenant_id = owner_tenant ORDER BY b.day)
    INTO zone, gap, blackouts FROM campaign.tenants n WHERE n.id = owner_tenant;
  FOR touch IN
    SELECT d.touch_number, d.channel, d.step ->> 'label' AS label,
           -- as enrolment counts the first one
           CASE WHEN d.touch_number = 1 AND d.use_service_delay
                THEN coalesce(make_interval(secs => extract(epoch FROM y.first_touch_delay)::double precision), d.delay)
                ELSE d.delay END AS delay,
           coalesce(n.quiet_from, h.quiet_from) AS quiet_from, coalesce(n.quiet_until, h.quiet_until) AS quiet_until,
           make_interval(secs => extract(epoch FROM coalesce(s.contact_interval, h.contact_interval))::double precision) AS apart
      FROM campaign.document_touches($1) d
      JOIN campaign.channels h ON h.channel = d.channel
      JOIN campaign.tenants n ON n.id = owner_tenant
      LEFT JOIN campaign.send_limits s ON s.tenant_id = owner_tenant AND s.channel = d.channel
      LEFT JOIN campaign.service_types y ON y.tenant_id = owner_tenant AND y.service_type = $5
     ORDER BY d.touch_number
  LOOP
    touch_number := touch.touch_number;
    channel := touch.channel;
    label := touch.label;
    scheduled_at := coalesce(scheduled_at, $2) + touch.delay;
    due_at := campaign.next_allowed_at(greatest(scheduled_at, last_due + gap, (used ->> touch.channel)::timestamptz + touch.apart),
                                       zone, touch.quiet_from, touch.quiet_until, blackouts);
    last_due := due_at;
    used := used || jsonb_build_object(touch.channel, due_at);
    RETURN NEXT;
  END LOOP;
END $$;

COMMENT ON FUNCTION campaign.preview_schedule(jsonb, timestamptz, text, uuid, text) IS
'When each touch of a document would be scheduled after an anchor, and when it would go out at the soonest, if every touch before is sent when it is due: quiet hours and blackout dates in the time zone (NULL or unknown: the tenant''s), the gap after the touch before and that between two touches of a channel. With a tenant by its settings, else by those that come with the extension; the service type decides about the first delay where the step says so. Raises P0002 for a tenant that is not yours, CP003 for an invalid document, 22023 for an anchor out of range.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'EXECUTE', 'FUNCTION campaign.preview_schedule(jsonb, timestamptz, text, uuid, text)');

CREATE TYPE campaign.simulated_event AS (
  at           timestamptz,
  contact_id   uuid,
  touch_number smallint,
  channel      text,
  event        text,
  reason       text,
  until        timestamptz,
  address      text,
  subject      text
);

COMMENT ON TYPE campaign.simulated_event IS
'One row of campaign.simulate(): what happens to a contact at a time. event is enrolled, conflict, suppressed or not_matched; sent, skipped, failed or deferred (until); completed or stopped.';

CREATE FUNCTION campaign.set_simulated_time(at timestamptz) RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT set_config('campaign.clock_offset', extract(epoch FROM $1 - statement_timestamp()) || ' seconds', true);
END;

COMMENT ON FUNCTION campaign.set_simulated_time(timestamptz) IS
'Internal: moves the engine''s clock for the rest of the (sub)transaction.';

CREATE FUNCTION campaign.simulated_enrollments(campaign uuid, contacts uuid[]) RETURNS campaign.simulated_event[]
LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT array_agg(ROW(campaign.now(), c.contact, NULL, NULL, r.outcome, r.reason, NULL, NULL, NULL)::campaign.simulated_event ORDER BY c.place)
    FROM (SELECT u.contact, min(u.place) AS place FROM unnest($2) WITH ORDINALITY AS u(contact, place)
           GROUP BY u.contact ORDER BY min(u.place)) c
   CROSS JOIN LATERAL campaign.enroll($1, c.contact, anchor_at => campaign.now()) r;
END;

COMMENT ON FUNCTION campaign.simulated_enrollments(uuid, uuid[]) IS
'Internal: enrols the contacts, each once and in their order, and says what came of it.';

CREATE FUNCTION campaign.simulated_deferrals(tenant uuid, enrollments uuid[], touches smallint[], dues timestamptz[])
RETURNS campaign.simulated_event[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  deferred uuid[];
  were timestamptz[];
  are timestamptz[];
  events campaign.simulated_event[];
BEGIN
  SELECT array_agg(q.enrollment_id), array_agg(b.due_at), array_agg(q.due_at) INTO deferred, were, are
    FROM unnest(enrollments, touches, dues) AS b(enrollment_id, touch_number, due_at)
    JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.enrollment_id = b.enrollment_id
     AND q.touch_number = b.touch_number AND q.due_at > b.due_at AND q.due_at < 'infinity';
  IF deferred IS NULL THEN
    RETURN '{}';
  END IF;
  UPDATE campaign.touch_queue q SET due_at = d.due_at
    FROM unnest(deferred, were) AS d(enrollment_id, due_at) WHERE q.tenant_id = tenant AND q.enrollment_id = d.enrollment_id;
  SELECT array_agg(ROW(campaign.now(), e.contact_id, q.touch_number, l.channel, 'deferred', x.reason, d.due_at + l.shift, NULL, NULL)::campaign.simulated_event)
    INTO events
    FROM unnest(deferred, are) AS d(enrollment_id, due_at)
    JOIN campaign.campaign_enrollments e ON e.tenant_id = tenant AND e.id = d.enrollment_id
    JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.enrollment_id = d.enrollment_id
    JOIN campaign.lanes l ON l.tenant_id = tenant AND l.lane = q.lane
    LEFT JOIN LATERAL (SELECT g.reason FROM campaign.explain_touch(tenant, d.enrollment_id) WITH ORDINALITY AS g("check", outcome, reason, changes_at, place)
                        WHERE g.outcome <> 'pass' ORDER BY g.place LIMIT 1) x ON true;
  UPDATE campaign.touch_queue q SET due_at = d.due_at
    FROM unnest(deferred, are) AS d(enrollment_id, due_at) WHERE q.tenant_id = tenant AND q.enrollment_id = d.enrollment_id;
  RETURN events;
END $$;

COMMENT ON FUNCTION campaign.simulated_deferrals(uuid, uuid[], smallint[], timestamptz[]) IS
'Internal: which of these touches a claim has put off, until when and why.';

CREATE FUNCTION campaign.simulate_moment(tenant uuid, campaign uuid) RETURNS campaign.simulated_event[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time constant timestamptz := campaign.now();
  events campaign.simulated_event[] := '{}';
  due record;
  before record;
BEGIN
  LOOP
    SELECT array_agg(q.enrollment_id ORDER BY q.enrollment_id) AS enrollments, array_agg(q.touch_number ORDER BY q.enrollment_id) AS touches,
           array_agg(q.due_at ORDER BY q.enrollment_id) AS dues INTO due
      FROM campaign.lanes l JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.lane = l.lane
     WHERE l.tenant_id = tenant AND l.campaign_id = campaign AND l.throttled_until <= now_time AND q.due_at <= now_time - l.shift;
    EXIT WHEN due.enrollments IS NULL OR due = before;
    PERFORM FROM campaign.report_touches(ARRAY(
      SELECT ROW(c.lease_token, 'sent', NULL, NULL, NULL, NULL, NULL, NULL)::campaign.touch_result
        FROM campaign.claim_campaign_touches('simulation', 1000, campaign) c));
    events := events || campaign.simulated_deferrals(tenant, due.enrollments, due.touches, due.dues);
    before := due;
  END LOOP;
  RETURN events;
END $$;

COMMENT ON FUNCTION campaign.simulate_moment(uuid, uuid) IS
'Internal: claims what a campaign has due now, and reports it as sent; returns what was put off.';

CREATE FUNCTION campaign.simulated_waits(tenant uuid, campaign uuid, INOUT waiting jsonb, OUT events campaign.simulated_event[]) RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time constant timestamptz := campaign.now();
BEGIN
  SELECT array_agg(ROW(now_time, e.contact_id, q.touch_number, l.channel, 'deferred', 'send_limit', l.throttled_until, NULL, NULL)::campaign.simulated_event),
         waiting || coalesce(jsonb_object_agg(q.enrollment_id, q.touch_number), '{}')
    INTO events, waiting
    FROM campaign.lanes l
    JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.lane = l.lane
    JOIN campaign.campaign_enrollments e ON e.tenant_id = tenant AND e.id = q.enrollment_id
   WHERE l.tenant_id = tenant AND l.campaign_id = campaign AND l.throttled_until > now_time AND q.due_at <= now_time - l.shift
     AND (waiting ->> q.enrollment_id::text)::smallint IS DISTINCT FROM q.touch_number;
END $$;

COMMENT ON FUNCTION campaign.simulated_waits(uuid, uuid, jsonb) IS
'Internal: which touches wait for a cap and did not before.';

CREATE FUNCTION campaign.simulated_history(tenant uuid, campaign uuid) RETURNS campaign.simulated_event[]
LANGUAGE sql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT array_agg(h.event)
    FROM (SELECT ROW(g.logged_at, g.contact_id, g.touch_number, g.channel, g.status, coalesce(g.reason, g.error), NULL, g.address, g.subject)::campaign.simulated_event AS event
            FROM campaign.send_logs g WHERE g.tenant_id = $1 AND g.campaign_id = $2
           UNION ALL
          SELECT ROW(coalesce(e.completed_at, e.stopped_at), e.contact_id, NULL, NULL, e.status, e.stop_reason, NULL, NULL, NULL)::campaign.simulated_event
            FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.campaign_id = $2 AND e.status <> 'active') h;
END;

COMMENT ON FUNCTION campaign.simulated_history(uuid, uuid) IS
'Internal: what log and enrolments say became of a simulated campaign.';

CREATE FUNCTION campaign.run_simulation(tenant uuid, template_config jsonb, contacts uuid[], start_at timestamptz, end_at timestamptz)
RETURNS campaign.simulated_event[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  campaign uuid;
  events campaign.simulated_event[];
  waiting jsonb := '{}';
  last_time timestamptz;
  next_time timestamptz;
  patience interval;
BEGIN
  PERFORM campaign.set_simulated_time(start_at);
  campaign := campaign.create_campaign(tenant, 'Simulation ' || campaign.uuid_v7(), template_config, 'contacts');
  PERFORM campaign.launch_campaign(campaign);
  events := campaign.simulated_enrollments(campaign, contacts);
  LOOP
    SELECT greatest(min(greatest(q.due_at + l.shift, l.throttled_until)), start_at) INTO next_time
      FROM campaign.lanes l JOIN campaign.touch_queue q ON q.tenant_id = tenant AND q.lane = l.lane AND q.due_at < 'infinity'
     WHERE l.tenant_id = tenant AND l.campaign_id = campaign
    HAVING count(*) > 0;
    IF next_time <= last_time THEN
      -- another session holds what the claim has to write: asked for again, later and later
      patience := coalesce(patience * 2, '1 minute');
      next_time := last_time + patience;
    ELSE
      patience := NULL;
    END IF;
    EXIT WHEN next_time IS NULL OR next_time > end_at;
    PERFORM campaign.set_simulated_time(next_time);
    events := events || campaign.simulate_moment(tenant, campaign);
    SELECT w.waiting, events || w.events INTO waiting, events FROM campaign.simulated_waits(tenant, campaign, waiting) w;
    IF cardinality(events) > 100000 THEN
      RAISE EXCEPTION 'simulation is too long'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('It had come to %s after more than 100000 events.', next_time),
              HINT = 'Simulate fewer contacts, or fewer days.';
    END IF;
    last_time := next_time;
  END LOOP;
  RETURN events || campaign.simulated_history(tenant, campaign);
END $$;

COMMENT ON FUNCTION campaign.run_simulation(uuid, jsonb, uuid[], timestamptz, timestamptz) IS
'Internal: creates, launches and runs a campaign on a moved clock; the caller takes all of it back.';

CREATE FUNCTION campaign.require_simulation(contacts uuid[], days integer, tenant uuid, start_at timestamptz) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  IF coalesce(cardinality(contacts), 0) NOT BETWEEN 1 AND 1000 OR coalesce(days, 0) NOT BETWEEN 1 AND 400 THEN
    RAISE EXCEPTION 'simulation is out of bounds'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It takes 1 to 1000 contacts and 1 to 400 days.',
            HINT = 'A few contacts of each kind show what would become of all.';
  END IF;
  IF start_at NOT BETWEEN statement_timestamp() - interval '50 years' AND statement_timestamp() + interval '50 years' THEN
    RAISE EXCEPTION 'start_at is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The clock is moved by 50 years at most.',
            HINT = 'Leave start_at out to start now.';
  END IF;
  IF tenant IS NULL THEN
    SELECT c.tenant_id INTO tenant FROM campaign.contacts c
     WHERE c.tenant_id = ANY (campaign.writable_tenants()) AND c.id = contacts[array_lower(contacts, 1)];
    IF NOT FOUND THEN
      RAISE EXCEPTION 'contact % does not exist', coalesce('"' || contacts[array_lower(contacts, 1)] || '"', 'null')
        USING ERRCODE = 'no_data_found',
              DETAIL = 'No tenant that you may write to has a contact with this id.',
              HINT = 'Check the id; a contact of another tenant is not found.';
    END IF;
  END IF;
  PERFORM campaign.require_tenant(tenant);
  PERFORM campaign.require_read_committed('simulate()');
  RETURN tenant;
END $$;

COMMENT ON FUNCTION campaign.require_simulation(uuid[], integer, uuid, timestamptz) IS
'Internal: the tenant of a simulation; raises 22023, P0002, 42501 or 25000 if there can be none.';

CREATE FUNCTION campaign.simulate(template_config jsonb, contacts uuid[], days integer, tenant uuid DEFAULT NULL, start_at timestamptz DEFAULT campaign.now())
RETURNS SETOF campaign.simulated_event
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
  begin_at timestamptz := coalesce(start_at, campaign.now());
  events campaign.simulated_event[];
BEGIN
  owner_tenant := campaign.require_simulation(contacts, days, tenant, begin_at);
  -- the subtransaction takes back rows, locks, notifications and the clock; variables it leaves alone
  BEGIN
    events := campaign.run_simulation(owner_tenant, template_config, contacts, begin_at, begin_at + days * interval '24 hours');
    RAISE EXCEPTION 'the simulation is over';
  EXCEPTION WHEN OTHERS THEN
    IF events IS NULL THEN
      RAISE;
    END IF;
  END;
  RETURN QUERY
  SELECT e.* FROM unnest(events) e
   ORDER BY e.at, array_position(contacts, e.contact_id),
            CASE WHEN e.event IN ('completed', 'stopped') THEN 2 WHEN e.touch_number IS NOT NULL THEN 1 ELSE 0 END,
            e.touch_number, e.event <> 'deferred';
END $$;

COMMENT ON FUNCTION campaign.simulate(jsonb, uuid[], integer, uuid, timestamptz) IS
'What would become of up to 1000 contacts within up to 400 days if a campaign with these steps began at start_at (default now) and every message were sent at once, without an answer: the timeline, by the engine itself and by all of its rules. Nothing of it remains; the contacts are locked meanwhile, as enrolment does. The tenant defaults to that of the contacts. Raises P0002 for what is not yours, 42501 for viewers, CP003 and CP002 as creating and launching do, 22023 for what is out of range, 54000 beyond 100000 events, 25000 above READ COMMITTED.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('member', 'USAGE', 'TYPE campaign.simulated_event'),
  ('member', 'EXECUTE', 'FUNCTION campaign.simulate(jsonb, uuid[], integer, uuid, timestamptz)');

CREATE TABLE campaign.personal_data (
  relation  text NOT NULL,
  position  integer NOT NULL,
  belongs   text NOT NULL,
  scrub     text,
  omit      text[] NOT NULL DEFAULT '{}',
  CONSTRAINT personal_data_pkey PRIMARY KEY (relation)
);

COMMENT ON TABLE campaign.personal_data IS 'Which rows of which tables belong to a contact, and how they are scrubbed. Part of the extension, not dumped.';

COMMENT ON COLUMN campaign.personal_data.relation IS 'The name of the table; also its key in campaign.export_contact().';

COMMENT ON COLUMN campaign.personal_data.position IS 'The order in which erase_contact() goes.';

COMMENT ON COLUMN campaign.personal_data.belongs IS 'Condition on row t of the table: $1 is the tenant, $2 the contact.';

COMMENT ON COLUMN campaign.personal_data.scrub IS 'The SET list that leaves nothing personal, $3 being the time; NULL: there is nothing to scrub.';

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
  ('contacts', 11, 't.id = $2',
   'first_name = NULL, last_name = NULL, email = NULL, phone = NULL, linkedin_url = NULL, timezone = NULL, language = NULL, company_id = NULL, '
   'owner_member = NULL, job_title = NULL, seniority = NULL, icp_fit = NULL, score = NULL, is_disqualified = false, disqualified_reason = NULL, '
   'external_id = NULL, attributes = ''{}'', quiet_from = NULL, quiet_until = NULL, '
   'archived_at = coalesce(t.archived_at, $3), erased_at = coalesce(t.erased_at, $3)', '{}');

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
    SELECT p.relation, p.belongs, p.scrub FROM campaign.personal_data p WHERE p.scrub IS NOT NULL ORDER BY p.position
  LOOP
    EXECUTE format('UPDATE campaign.%I t SET %s WHERE t.tenant_id = $1 AND %s', item.relation, item.scrub, item.belongs)
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

CREATE TABLE campaign.maintenance_tasks (
  task      text NOT NULL,
  position  integer NOT NULL,
  command   text NOT NULL,
  CONSTRAINT maintenance_tasks_pkey PRIMARY KEY (task)
);

COMMENT ON TABLE campaign.maintenance_tasks IS 'What campaign.run_maintenance() does, in the order of position. Part of the extension, not dumped.';

COMMENT ON COLUMN campaign.maintenance_tasks.command IS 'A SELECT of how much was done; $1 is how much to do at most. It waits for nobody, and may run beside itself.';

INSERT INTO campaign.maintenance_tasks (task, position, command) VALUES
  ('remove_logs', 1, 'SELECT campaign.remove_old_logs($1)'),
  ('fold_send_usage', 2, 'SELECT campaign.fold_send_usage($1)'),
  ('end_leases', 3, 'SELECT campaign.end_expired_leases($1)'),
  ('check_breakers', 4, 'SELECT campaign.check_breakers()'),
  ('match_events', 5, 'SELECT campaign.match_events(NULL, $1)'),
  ('settle_conflicts', 6, 'SELECT campaign.settle_conflicts($1)'),
  ('fold_counts', 7, 'SELECT campaign.fold_counts()');

CREATE FUNCTION campaign.require_max_rows(max_rows integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF max_rows IS NULL OR max_rows < 1 THEN
    RAISE EXCEPTION 'max_rows must be at least 1'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is about how many rows each task works on.',
            HINT = 'Leave it out for 10000.';
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_max_rows(integer) IS
'Internal: raises 22023 for NULL and for less than 1.';

CREATE FUNCTION campaign.run_maintenance(max_rows integer DEFAULT 10000, OUT task text, OUT done bigint, OUT detail text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  item record;
  former_timeout text := current_setting('lock_timeout');
BEGIN
  PERFORM campaign.require_max_rows(max_rows);
  PERFORM campaign.require_read_committed('run_maintenance()');
  -- no task waits for a row; a table that somebody is altering is left for the next time
  PERFORM set_config('lock_timeout', '5s', true);
  FOR item IN SELECT t.task, t.command FROM campaign.maintenance_tasks t ORDER BY t.position, t.task LOOP
    task := item.task;
    detail := NULL;
    BEGIN
      EXECUTE item.command INTO done USING max_rows;
      IF done >= max_rows THEN
        detail := 'there may be more';
      END IF;
    EXCEPTION WHEN OTHERS THEN
      done := 0;
      detail := SQLSTATE || ': ' || SQLERRM;
      RAISE WARNING 'maintenance task % failed: %', item.task, SQLERRM
        USING ERRCODE = SQLSTATE, DETAIL = 'What it did is undone; the other tasks are not affected.';
    END;
    RETURN NEXT;
  END LOOP;
  PERFORM set_config('lock_timeout', former_timeout, true);
END $$;

COMMENT ON FUNCTION campaign.run_maintenance(integer) IS
'Does what is due and nobody waits for, for all tenants: folds counts and usage, removes logs that log_retention lets go, ends leases that have run out, checks the breakers, applies events that came early, settles conflicts. One row per task: how much was done, and in detail what went wrong or that there may be more; a task that fails is undone and spoils no other. Waits for nobody, and may run beside itself. To be called about once a minute (see schedule_maintenance()). For the level admin. Raises 22023 for max_rows below 1, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.end_expired_leases(max_rows integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
  lease_time timestamptz := clock_timestamp();
  touch record;
  ended bigint := 0;
BEGIN
  PERFORM campaign.require_max_rows(max_rows);
  FOR touch IN
    WITH found AS MATERIALIZED (
      SELECT f.tenant_id, f.lane, f.due_at, f.enrollment_id, l.uncertain_policy
        FROM (SELECT n.tenant_id, n.lane, n.shift, h.uncertain_policy
                FROM campaign.lanes n JOIN campaign.channels h ON h.channel = n.channel) l
       CROSS JOIN LATERAL (
         SELECT q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.lease_until, q.claimed_at, q.flags
           FROM campaign.touch_queue q
          WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.due_at <= now_time - l.shift
          ORDER BY q.due_at, q.enrollment_id LIMIT 10 * max_rows::bigint) f
       WHERE f.claimed_at > '-infinity' AND f.lease_until <= lease_time AND (f.flags & 1 = 0 OR l.uncertain_policy <> 'retry')
      UNION ALL
      SELECT q.tenant_id, q.lane, q.due_at, q.enrollment_id, NULL
        FROM campaign.touch_queue q
       WHERE q.due_at = 'infinity' AND q.flags & 3 = 2 AND q.lease_until <= lease_time
      LIMIT max_rows)
    SELECT q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.flags, q.claimed_at
      FROM found f
      JOIN campaign.touch_queue q ON q.tenant_id = f.tenant_id AND q.lane = f.lane AND q.due_at = f.due_at AND q.enrollment_id = f.enrollment_id
     WHERE q.claimed_at > '-infinity' AND q.lease_until <= lease_time AND (q.flags & 1 = 0 OR f.uncertain_policy <> 'retry')
       FOR UPDATE OF q SKIP LOCKED
  LOOP
    -- behind the row, so without waiting: what is being deleted goes without us
    PERFORM FROM campaign.tenants t WHERE t.id = touch.tenant_id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    IF touch.flags & 1 = 1 THEN
      -- it may have been sent: out of the way until somebody settles it; where an event has told that it
      -- was, the next claim does
      UPDATE campaign.touch_queue q SET due_at = 'infinity'
       WHERE q.tenant_id = touch.tenant_id AND q.lane = touch.lane AND q.due_at = touch.due_at AND q.enrollment_id = touch.enrollment_id
         AND NOT EXISTS (SELECT FROM campaign.touch_events v
                          WHERE v.tenant_id = q.tenant_id AND v.enrollment_id = q.enrollment_id AND v.touch_number = q.touch_number
                            AND v.at >= q.claimed_at AND v.kind IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained'));
      CONTINUE WHEN NOT FOUND;
    ELSE
      PERFORM campaign.return_send_usage(touch.tenant_id, touch.lane, touch.claimed_at);
      -- the fence stays: until the touch is claimed again, a late report is taken
      UPDATE campaign.touch_queue q
         SET claimed_at = '-infinity'
       WHERE q.tenant_id = touch.tenant_id AND q.lane = touch.lane AND q.due_at = touch.due_at AND q.enrollment_id = touch.enrollment_id
         AND touch.flags & 2 = 0;
      DELETE FROM campaign.touch_queue q
       WHERE q.tenant_id = touch.tenant_id AND q.lane = touch.lane AND q.due_at = touch.due_at AND q.enrollment_id = touch.enrollment_id
         AND touch.flags & 2 = 2;
    END IF;
    ended := ended + 1;
  END LOOP;
  RETURN ended;
END $$;

COMMENT ON FUNCTION campaign.end_expired_leases(integer) IS
'Ends leases that have run out without a report, as the next claim of the touch would: what was not begun goes back and returns its place under the caps, what was begun and may have been sent is put aside for whoever settles it (uncertain_touches), what was stopped meanwhile is removed. Returns how many. Part of maintenance; waits for nobody. Raises 22023 for max_rows below 1.';

CREATE INDEX campaign_enrollments_ended_idx ON campaign.campaign_enrollments (tenant_id, coalesce(completed_at, stopped_at))
  WHERE status <> 'active' AND log_removed_at IS NULL;

CREATE INDEX send_logs_manual_idx ON campaign.send_logs (tenant_id, logged_at) WHERE enrollment_id IS NULL;

CREATE INDEX touch_events_loose_idx ON campaign.touch_events (tenant_id, recorded_at) WHERE enrollment_id IS NULL;

CREATE INDEX job_enrollments_loose_idx ON campaign.job_enrollments (tenant_id, at) WHERE outcome <> 'enrolled';

CREATE INDEX enrollment_conflicts_resolved_idx ON campaign.enrollment_conflicts (tenant_id, resolved_at) WHERE resolved_at IS NOT NULL;

CREATE FUNCTION campaign.remove_enrollment_logs(tenant uuid, ended_before timestamptz, max_enrollments integer,
  OUT enrollments integer, OUT removed bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  ended uuid[];
  n bigint;
BEGIN
  ended := ARRAY(
    SELECT l.id
      FROM (SELECT e.id FROM campaign.campaign_enrollments e
             WHERE e.tenant_id = tenant AND e.status <> 'active' AND e.log_removed_at IS NULL
               AND coalesce(e.completed_at, e.stopped_at) < ended_before
               -- stopped in a worker's hands, and nobody knows yet what became of it
               AND NOT EXISTS (SELECT FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = e.id)
             ORDER BY coalesce(e.completed_at, e.stopped_at) LIMIT max_enrollments FOR NO KEY UPDATE SKIP LOCKED) l);
  enrollments := cardinality(ended);
  DELETE FROM campaign.touch_events v WHERE v.tenant_id = tenant AND v.enrollment_id = ANY (ended);
  GET DIAGNOSTICS removed = ROW_COUNT;
  DELETE FROM campaign.send_logs l WHERE l.tenant_id = tenant AND l.enrollment_id = ANY (ended);
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM campaign.job_enrollments j
   WHERE j.tenant_id = tenant AND j.enrollment_id = ANY (ended) AND j.outcome = 'enrolled'
     AND j.job_id = ANY (ARRAY(SELECT e.job_id FROM campaign.campaign_enrollments e WHERE e.tenant_id = tenant AND e.id = ANY (ended)));
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  UPDATE campaign.campaign_enrollments e SET log_removed_at = now_time WHERE e.tenant_id = tenant AND e.id = ANY (ended);
END $$;

COMMENT ON FUNCTION campaign.remove_enrollment_logs(uuid, timestamptz, integer) IS
'Internal: removes what was logged of up to max_enrollments enrolments of a tenant that ended before a time; returns how many enrolments, and how many rows. Waits for nobody.';

CREATE FUNCTION campaign.remove_loose_logs(tenant uuid, older_than timestamptz, max_rows bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  removed bigint := 0;
  n bigint;
BEGIN
  DELETE FROM campaign.send_logs l WHERE l.tenant_id = tenant AND l.id = ANY (ARRAY(
    SELECT o.id FROM campaign.send_logs o WHERE o.tenant_id = tenant AND o.enrollment_id IS NULL AND o.logged_at < older_than
     ORDER BY o.logged_at LIMIT max_rows FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM campaign.touch_events v WHERE v.tenant_id = tenant AND v.id = ANY (ARRAY(
    SELECT o.id FROM campaign.touch_events o WHERE o.tenant_id = tenant AND o.enrollment_id IS NULL AND o.recorded_at < older_than
     ORDER BY o.recorded_at LIMIT max_rows - removed FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM campaign.job_enrollments j WHERE j.tenant_id = tenant AND j.id = ANY (ARRAY(
    SELECT o.id FROM campaign.job_enrollments o WHERE o.tenant_id = tenant AND o.outcome <> 'enrolled' AND o.at < older_than
     ORDER BY o.at LIMIT max_rows - removed FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS n = ROW_COUNT;
  removed := removed + n;
  DELETE FROM campaign.enrollment_conflicts x WHERE x.tenant_id = tenant AND x.id = ANY (ARRAY(
    SELECT o.id FROM campaign.enrollment_conflicts o WHERE o.tenant_id = tenant AND o.resolved_at < older_than
     ORDER BY o.resolved_at LIMIT max_rows - removed FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN removed + n;
END $$;

COMMENT ON FUNCTION campaign.remove_loose_logs(uuid, timestamptz, bigint) IS
'Internal: removes up to max_rows old rows of a tenant that belong to no enrolment: manual sends and what was told of them, jobs that were not enrolled, resolved conflicts. Waits for nobody.';

CREATE FUNCTION campaign.remove_old_logs(max_rows integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
  owner record;
  part record;
  removed bigint := 0;
BEGIN
  PERFORM campaign.require_max_rows(max_rows);
  PERFORM campaign.require_read_committed('remove_old_logs()');
  FOR owner IN SELECT t.id, now_time - t.log_retention AS ended_before FROM campaign.tenants t WHERE t.log_retention IS NOT NULL ORDER BY t.id LOOP
    PERFORM FROM campaign.tenants t WHERE t.id = owner.id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    WHILE removed < max_rows LOOP
      part := campaign.remove_enrollment_logs(owner.id, owner.ended_before, least(max_rows - removed, 500)::integer);
      removed := removed + part.removed;
      EXIT WHEN part.enrollments = 0;
    END LOOP;
    EXIT WHEN removed >= max_rows;
    removed := removed + campaign.remove_loose_logs(owner.id, owner.ended_before, max_rows - removed);
  END LOOP;
  RETURN removed;
END $$;

COMMENT ON FUNCTION campaign.remove_old_logs(integer) IS
'Removes about max_rows rows of history that tenants keep no longer (tenants.log_retention; by default all is kept): sends, events and job records of enrolments that ended so long ago, then manual sends, jobs that were not enrolled and resolved conflicts of that age. Enrolments, counts and analytics stay. Returns how many rows went. Part of maintenance; waits for nobody. Raises 22023 for max_rows below 1, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.pg_cron_database() RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN current_setting('cron.database_name', true);
END $$;

COMMENT ON FUNCTION campaign.pg_cron_database() IS
'Internal: the database in which pg_cron keeps its jobs; NULL where it is not loaded.';

CREATE FUNCTION campaign.require_pg_cron(schedule text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  home text := campaign.pg_cron_database();
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension x WHERE x.extname = 'pg_cron') THEN
    RAISE EXCEPTION 'pg_cron is not installed in this database'
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = CASE WHEN home <> current_database() THEN format('In this cluster it keeps its jobs in database "%s".', home)
                          ELSE 'It is what runs the jobs that are scheduled in a database.' END,
            HINT = CASE WHEN home <> current_database()
                        THEN format('There, call SELECT cron.schedule_in_database(%L, %L, %L, %L).', 'campaign maintenance',
                                    schedule, 'SELECT campaign.run_maintenance()', current_database())
                        ELSE 'Add it to shared_preload_libraries and create the extension, or have another scheduler call SELECT campaign.run_maintenance() every minute.' END;
  END IF;
  IF NOT has_schema_privilege('cron', 'USAGE') THEN
    RAISE EXCEPTION 'permission denied for schema cron'
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'A job runs as whoever has scheduled it.',
            HINT = format('Have a superuser run GRANT USAGE ON SCHEMA cron TO %I.', current_user);
  END IF;
END $$;

COMMENT ON FUNCTION campaign.require_pg_cron(text) IS
'Internal: raises 55000 where pg_cron is not installed, and 42501 where the caller may not use it.';

CREATE FUNCTION campaign.schedule_maintenance(schedule text DEFAULT '* * * * *') RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  job bigint;
BEGIN
  IF schedule IS NULL THEN
    RAISE EXCEPTION 'schedule must not be null'
      USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'It says when maintenance runs, as in a crontab.',
            HINT = 'Leave it out for every minute, or call campaign.unschedule_maintenance().';
  END IF;
  PERFORM campaign.require_pg_cron(schedule);
  EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job
    USING 'campaign maintenance'::text, schedule, 'SELECT campaign.run_maintenance()'::text;
  RETURN job;
END $$;

COMMENT ON FUNCTION campaign.schedule_maintenance(text) IS
'Has pg_cron run campaign.run_maintenance() in this database, every minute or on the crontab schedule given; again changes the schedule. The job is the caller''s and runs with his rights. Returns pg_cron''s id of the job. For the level admin, with USAGE on schema cron. Raises 55000 without pg_cron, 42501, 22004 for NULL and what pg_cron raises for a schedule that is none.';

CREATE FUNCTION campaign.unschedule_maintenance() RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  job bigint;
BEGIN
  PERFORM campaign.require_pg_cron('* * * * *');
  EXECUTE 'SELECT j.jobid FROM cron.job j WHERE j.jobname = $1 AND j.username = current_user AND j.database = current_database()' INTO job
    USING 'campaign maintenance'::text;
  IF job IS NULL THEN
    RETURN false;
  END IF;
  EXECUTE 'SELECT cron.unschedule($1)' USING job;
  RETURN true;
END $$;

COMMENT ON FUNCTION campaign.unschedule_maintenance() IS
'Ends what the caller began with campaign.schedule_maintenance(); false if there is nothing to end. For the level admin. Raises 55000 without pg_cron, 42501 without USAGE on schema cron.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  
  ('admin', 'EXECUTE', 'FUNCTION campaign.run_maintenance(integer)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.end_expired_leases(integer)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.remove_old_logs(integer)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.pg_cron_database()'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.require_pg_cron(text)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.schedule_maintenance(text)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.unschedule_maintenance()'),
  ('admin', 'SELECT', 'TABLE campaign.maintenance_tasks');

CREATE FUNCTION campaign.sees_all() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- who asked, whatever definer function this runs in
  asking name := coalesce(nullif(current_setting('role'), 'none'), session_user);
BEGIN
  RETURN has_function_privilege(asking, 'campaign.release_touch(text)', 'EXECUTE')
      OR has_function_privilege(asking, 'campaign.create_tenant(text, text, text, text)', 'EXECUTE');
END $$;

COMMENT ON FUNCTION campaign.sees_all() IS
'Internal: whether the asking role has the level worker or admin.';

CREATE FUNCTION campaign.visible_tenants() RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF campaign.sees_all() THEN
    RETURN ARRAY(SELECT t.id FROM campaign.tenants t);
  END IF;
  RETURN campaign.readable_tenants();
END $$;

COMMENT ON FUNCTION campaign.visible_tenants() IS
'Internal: the tenants whose health the asking role may see.';

CREATE FUNCTION campaign.health_of_lanes(OUT tenant_id uuid, OUT lane integer, OUT campaign_id uuid, OUT campaign_name text,
  OUT channel text, OUT paused boolean, OUT throttled_until timestamptz, OUT due bigint, OUT oldest_due_at timestamptz, OUT lag interval,
  OUT live_leases bigint, OUT expired_leases bigint, OUT next_due_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
  lease_time timestamptz := clock_timestamp();
  tenants uuid[] := campaign.visible_tenants();
BEGIN
  RETURN QUERY
  SELECT l.tenant_id, l.lane, l.campaign_id, c.name, l.channel, l.paused, nullif(greatest(l.throttled_until, now_time), now_time),
         s.due, s.oldest + l.shift, now_time - (s.oldest + l.shift), s.live, s.expired,
         (SELECT min(q.due_at) FROM campaign.touch_queue q
           WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.due_at > now_time - l.shift AND q.due_at < 'infinity') + l.shift
    FROM campaign.lanes l
    JOIN campaign.channels h ON h.channel = l.channel
    JOIN campaign.campaigns c ON c.tenant_id = l.tenant_id AND c.id = l.campaign_id
   CROSS JOIN LATERAL (
         SELECT count(*) FILTER (WHERE r.is_due) AS due, min(r.due_at) FILTER (WHERE r.is_due) AS oldest,
                count(*) FILTER (WHERE r.lease_until > lease_time) AS live,
                count(*) FILTER (WHERE r.lease_until > '-infinity' AND r.lease_until <= lease_time) AS expired
           FROM (SELECT q.due_at, q.lease_until,
                        q.lease_until <= lease_time AND (q.flags & 3 = 0 OR q.flags & 3 = 1 AND h.uncertain_policy = 'retry') AS is_due
                   FROM campaign.touch_queue q
                  WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.due_at <= now_time - l.shift
                 UNION ALL
                 SELECT q.due_at, q.lease_until, false FROM campaign.touch_queue q
                  WHERE q.tenant_id = l.tenant_id AND q.lane = l.lane AND q.due_at = 'infinity') r) s
   WHERE l.tenant_id = ANY (tenants) AND c.archived_at IS NULL
   ORDER BY l.tenant_id, l.lane;
END $$;

COMMENT ON FUNCTION campaign.health_of_lanes() IS
'The rows of the view lane_health, for whoever may not read views: workers and admins see all tenants'' lanes, members those of theirs.';

CREATE VIEW campaign.lane_health WITH (security_invoker = true) AS
SELECT h.tenant_id, h.lane, h.campaign_id, h.campaign_name, h.channel, h.paused, h.throttled_until, h.due, h.oldest_due_at, h.lag,
       h.live_leases, h.expired_leases, h.next_due_at
  FROM campaign.health_of_lanes() h;

COMMENT ON VIEW campaign.lane_health IS
'One row per lane (campaign and channel) of the campaigns that are not archived: how many touches are due and wait for a worker, since when the oldest (by the engine''s clock), how many are leased, how many leases have ended without a report, whether the lane is paused or throttled, and when the next touch is due.';

CREATE FUNCTION campaign.health_of_workers(OUT name text, OUT first_seen_at timestamptz, OUT last_seen_at timestamptz,
  OUT live_leases bigint, OUT expired_leases bigint, OUT is_silent boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
  lease_time timestamptz := clock_timestamp();
  tenants uuid[] := campaign.visible_tenants();
  all_workers boolean := campaign.sees_all();
BEGIN
  RETURN QUERY
  SELECT w.name, w.first_seen_at, nullif(w.last_seen_at, '-infinity'), coalesce(s.live, 0), coalesce(s.expired, 0),
         s.worker_id IS NOT NULL AND w.last_seen_at < lease_time - interval '1 minute'
    FROM campaign.workers w
    LEFT JOIN (
      SELECT q.worker_id, count(*) FILTER (WHERE q.lease_until > lease_time) AS live,
             count(*) FILTER (WHERE q.lease_until <= lease_time) AS expired
        FROM campaign.lanes l
       CROSS JOIN LATERAL (
             SELECT t.worker_id, t.lease_until FROM campaign.touch_queue t
              WHERE t.tenant_id = l.tenant_id AND t.lane = l.lane AND t.due_at <= now_time - l.shift AND t.lease_until > '-infinity'
             UNION ALL
             SELECT t.worker_id, t.lease_until FROM campaign.touch_queue t
              WHERE t.tenant_id = l.tenant_id AND t.lane = l.lane AND t.due_at = 'infinity' AND t.lease_until > '-infinity') q
       WHERE l.tenant_id = ANY (tenants)
       GROUP BY q.worker_id) s ON s.worker_id = w.id
   WHERE s.worker_id IS NOT NULL OR all_workers
   ORDER BY w.name;
END $$;

COMMENT ON FUNCTION campaign.health_of_workers() IS
'The rows of the view worker_health, for whoever may not read views: workers and admins see every worker, members those that hold touches of theirs.';

CREATE VIEW campaign.worker_health WITH (security_invoker = true) AS
SELECT h.name, h.first_seen_at, h.last_seen_at, h.live_leases, h.expired_leases, h.is_silent FROM campaign.health_of_workers() h;

COMMENT ON VIEW campaign.worker_health IS
'One row per worker: when it was first and last seen (by the wall clock; a claim, a begin or an extension shows it), how many touches it holds, of how many its lease has ended without a report, and is_silent: it holds some, and was not seen for more than a minute. Members see the workers that hold touches of theirs.';

CREATE FUNCTION campaign.health_of_queue(tenants uuid[],
  OUT name text, OUT severity text, OUT value bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  worst record;
  total record;
BEGIN
  SELECT h.lag, format('of "%s" over %s', h.campaign_name, h.channel) AS place INTO worst FROM campaign.health_of_lanes() h
   WHERE h.oldest_due_at IS NOT NULL AND NOT h.paused AND h.throttled_until IS NULL ORDER BY h.lag DESC, h.tenant_id, h.lane LIMIT 1;
  RETURN QUERY
  SELECT 'oldest_due', CASE WHEN worst.lag > interval '1 hour' THEN 'critical' WHEN worst.lag > interval '5 minutes' THEN 'warning' ELSE 'ok' END,
         coalesce(extract(epoch FROM worst.lag)::bigint, 0),
         coalesce('seconds since the oldest touch that could be sent is due, ' || worst.place, 'nothing is due that could be sent');
  SELECT coalesce(sum(h.due), 0)::bigint AS due, coalesce(sum(h.live_leases), 0)::bigint AS live,
         coalesce(sum(h.expired_leases), 0)::bigint AS expired, count(*) FILTER (WHERE h.throttled_until IS NOT NULL) AS throttled,
         min(h.throttled_until) AS until, count(*) FILTER (WHERE h.paused AND h.due > 0) AS paused
    INTO total FROM campaign.health_of_lanes() h;
  RETURN QUERY VALUES
    ('due_touches', 'ok', total.due, 'touches that are due and not leased, in all lanes'),
    ('live_leases', 'ok', total.live, 'touches that workers hold'),
    ('expired_leases', CASE WHEN total.expired > 0 THEN 'warning' ELSE 'ok' END, total.expired,
     'leases that ended without a report, and were not claimed again'),
    ('throttled_lanes', 'ok', total.throttled, coalesce('lanes at a limit, the first until ' || total.until, 'lanes at a limit')),
    ('paused_lanes', 'ok', total.paused, 'lanes with touches that are due, of campaigns that are not running');
  RETURN QUERY
  SELECT 'silent_workers', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('hold touches and were not seen for a minute: ' || left(string_agg(h.name, ', ' ORDER BY h.name), 500),
                  'every worker that holds touches was seen within a minute')
    FROM campaign.health_of_workers() h WHERE h.is_silent;
  RETURN QUERY
  SELECT 'uncertain_touches', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*), 'touches of which nobody knows whether they were sent'
    FROM campaign.uncertain_touches u WHERE u.tenant_id = ANY (tenants);
END $$;

COMMENT ON FUNCTION campaign.health_of_queue(uuid[]) IS
'Internal: the part of campaign.health() that is about the queue and the workers.';

CREATE FUNCTION campaign.health_of_sending(tenants uuid[],
  OUT name text, OUT severity text, OUT value bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  RETURN QUERY
  SELECT 'sent_last_hour', 'ok', coalesce(sum(c.n), 0)::bigint, 'touches sent within the last hour, to five minutes'
    FROM (SELECT r.n FROM campaign.recent_counts r
           WHERE r.tenant_id = ANY (tenants) AND r.metric = 'sent' AND r.at BETWEEN now_time - interval '1 hour' AND now_time
          UNION ALL
          SELECT d.n FROM campaign.touch_count_deltas d
           WHERE d.tenant_id = ANY (tenants) AND d.metric = 'sent' AND d.at BETWEEN now_time - interval '1 hour' AND now_time) c;
  RETURN QUERY
  SELECT 'failures', 'warning', f.n, left(f.error, 500)
    FROM (SELECT coalesce(l.error, l.reason, 'no error was given') AS error, count(*) AS n FROM campaign.send_logs l
           WHERE l.tenant_id = ANY (tenants) AND l.status = 'failed' AND l.logged_at BETWEEN now_time - interval '24 hours' AND now_time
           GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10) f;
  IF NOT FOUND THEN
    RETURN QUERY VALUES ('failures', 'ok', 0::bigint, 'no attempt failed within the last 24 hours');
  END IF;
  RETURN QUERY
  SELECT 'dead_touches', 'ok', count(*), 'touches that failed for good within the last 24 hours; see campaign.dead_touches'
    FROM campaign.dead_touches d
   WHERE d.tenant_id = ANY (tenants) AND d.failed_at BETWEEN now_time - interval '24 hours' AND now_time;
  RETURN QUERY
  SELECT 'tripped_breakers', CASE count(*) WHEN 0 THEN 'ok' ELSE 'critical' END, count(*),
         coalesce(left(string_agg(format('"%s" %s', c.name, l.reason), '; ' ORDER BY c.name, c.id), 500),
                  'no campaign is paused by the breaker')
    FROM campaign.campaigns c
   CROSS JOIN LATERAL (SELECT g.reason FROM campaign.life_cycle_log g
                        WHERE g.tenant_id = c.tenant_id AND g.entity_id = c.id ORDER BY g.id DESC LIMIT 1) l
   WHERE c.tenant_id = ANY (tenants) AND c.kind = 'outreach' AND c.status = 'paused' AND starts_with(l.reason, 'breaker: ');
END $$;

COMMENT ON FUNCTION campaign.health_of_sending(uuid[]) IS
'Internal: the part of campaign.health() that is about what was sent and what failed.';

CREATE FUNCTION campaign.health_of_the_rest(tenants uuid[],
  OUT name text, OUT severity text, OUT value bigint, OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_time timestamptz := campaign.now();
  everything boolean := campaign.sees_all();
BEGIN
  RETURN QUERY
  SELECT 'unknown_timezones', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('names that the server does not know, such as ' || quote_ident(min(p.timezone)) || '; see campaign.timezone_problems',
                  'every time zone is known')
    FROM campaign.timezone_problems p WHERE p.tenant_id = ANY (tenants);
  RETURN QUERY
  SELECT 'identity_problems', CASE count(*) WHEN 0 THEN 'ok' ELSE 'warning' END, count(*),
         coalesce('members and grants without a role: ' || left(string_agg(DISTINCT p.name, ', '), 500), 'every member and grant has its role')
    FROM campaign.identity_problems p WHERE p.tenant_id = ANY (tenants) OR p.tenant_id IS NULL AND everything;
  RETURN QUERY
  SELECT 'open_conflicts', CASE WHEN min(f.resolve_after) < now_time - interval '1 hour' THEN 'warning' ELSE 'ok' END, count(*),
         coalesce('the first is resolved at ' || min(f.resolve_after), 'no conflict waits for an answer')
    FROM campaign.enrollment_conflicts f WHERE f.tenant_id = ANY (tenants) AND f.resolution IS NULL;
  RETURN QUERY
  SELECT 'unmatched_events', CASE WHEN min(v.recorded_at) < now_time - interval '1 hour' THEN 'warning' ELSE 'ok' END, count(*),
         coalesce('the oldest of ' || min(v.recorded_at), 'every event is matched')
    FROM campaign.touch_events v WHERE v.tenant_id = ANY (tenants) AND v.unmatched;
  RETURN QUERY
  SELECT 'unfolded_counts', CASE WHEN count(*) > 100000 THEN 'warning' ELSE 'ok' END, count(*),
         coalesce('last folded at ' || (SELECT nullif(max(f.folded_at), '-infinity') FROM campaign.count_folds f WHERE f.tenant_id = ANY (tenants)),
                  'never folded: see campaign.run_maintenance()')
    FROM campaign.touch_count_deltas d WHERE d.tenant_id = ANY (tenants);
  IF everything THEN
    RETURN QUERY
    SELECT 'clone_guard', CASE WHEN current_setting('campaign.clone_guard') = 'on' AND count(*) > 0 THEN 'critical' ELSE 'ok' END,
           CASE current_setting('campaign.clone_guard') WHEN 'on' THEN count(*) ELSE 0 END,
           CASE WHEN current_setting('campaign.clone_guard') <> 'on' THEN 'off'
                ELSE coalesce('this is not the cluster that was armed; it differs in ' || string_agg(g.aspect, ', ' ORDER BY g."position"),
                              'this is the cluster that was armed') END
      FROM campaign.clone_guard_differences g;
  END IF;
END $$;

COMMENT ON FUNCTION campaign.health_of_the_rest(uuid[]) IS
'Internal: the part of campaign.health() that is about settings, conflicts, events and maintenance.';

CREATE FUNCTION campaign.health(OUT name text, OUT severity text, OUT value bigint, OUT detail text) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenants uuid[] := campaign.visible_tenants();
BEGIN
  RETURN QUERY SELECT * FROM campaign.health_of_queue(tenants);
  RETURN QUERY SELECT * FROM campaign.health_of_sending(tenants);
  RETURN QUERY SELECT * FROM campaign.health_of_the_rest(tenants);
END $$;

COMMENT ON FUNCTION campaign.health() IS
'What a monitor asks: one row per check with its severity (ok, warning, critical), a value and what it says. oldest_due (seconds; warning above 5 minutes, critical above an hour), due_touches, live_leases, expired_leases, throttled_lanes, paused_lanes, silent_workers, uncertain_touches, sent_last_hour, failures (one row per error of the last 24 hours, the ten most frequent), dead_touches, tripped_breakers, unknown_timezones, identity_problems, open_conflicts, unmatched_events, unfolded_counts and, for workers and admins, clone_guard. Members see their tenants, workers and admins all.';

INSERT INTO campaign.access_privileges (level, privilege, object)
SELECT l.level, 'EXECUTE', 'FUNCTION campaign.' || f.name || '()'
FROM (VALUES ('member'), ('worker'), ('admin')) l(level), (VALUES ('health'), ('health_of_lanes'), ('health_of_workers')) f(name)
UNION ALL
SELECT l.level, 'SELECT', 'TABLE campaign.' || v.name
FROM (VALUES ('member'), ('admin')) l(level), (VALUES ('lane_health'), ('worker_health')) v(name);

-- tenants that are there already begin with keys and with what has been counted so far
SELECT campaign.ensure_tenant_keys(t.id) FROM campaign.tenants t WHERE NOT t.seeded;
-- touches that are leased just now were never counted, so they are not given back
INSERT INTO campaign.send_meters (tenant_id, channel, counted_from)
SELECT DISTINCT l.tenant_id, l.channel, 'infinity'::timestamptz FROM campaign.lanes l;
SELECT campaign.begin_counts(t.id) FROM campaign.tenants t WHERE NOT t.seeded;
SELECT campaign.count_history(c.tenant_id, c.id) FROM campaign.campaigns c WHERE c.kind = 'outreach';
SELECT campaign.fold_counts();

-- PUBLIC gets nothing, not even EXECUTE; campaign.grant_access() hands out levels.
REVOKE ALL ON ALL ROUTINES IN SCHEMA campaign FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA campaign FROM PUBLIC;
-- Types have their USAGE from the server's defaults. Row types of tables keep it: nobody names one without
-- USAGE on the schema, and pg_dump warns of each whose list of privileges an extension has changed.
DO $$
DECLARE
  own_type record;
BEGIN
  FOR own_type IN
    SELECT t.oid FROM pg_catalog.pg_type t
    LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) t.typrelid
    WHERE t.typnamespace OPERATOR(pg_catalog.=) 'campaign'::pg_catalog.regnamespace
      AND t.typcategory OPERATOR(pg_catalog.<>) 'A'
      AND (c.relkind IS NULL OR c.relkind OPERATOR(pg_catalog.=) 'c')
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON TYPE %s FROM PUBLIC', own_type.oid::pg_catalog.regtype);
  END LOOP;
END
$$;
