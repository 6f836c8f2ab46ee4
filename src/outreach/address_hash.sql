-- Addresses of erased contacts: known again, and not readable.

CREATE FUNCTION campaign.address_hash(tenant uuid, address text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT 'hmac-sha256:' || encode(campaign.hmac_sha256(k.secret, convert_to(campaign.normalize_address($2), 'UTF8')), 'hex')
    FROM campaign.tenant_keys k
   WHERE k.tenant_id = $1 AND k.purpose = 'address' AND k.retired_at IS NULL;
END;
COMMENT ON FUNCTION campaign.address_hash(uuid, text) IS
'Internal: the keyed hash under which a tenant keeps the address of an erased contact, of its normal form; NULL for a tenant without keys (see ensure_tenant_keys()).';
