-- Secrets of a tenant: what links are signed and addresses are hashed with. Nobody reads them.

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

-- No policy: row security lets no member through.
ALTER TABLE campaign.tenant_keys ENABLE ROW LEVEL SECURITY;

-- Whoever makes keys has the tenant's row, so that two never meet at the unique index.
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
