-- Tags of contacts: names that a tenant gives to groups of them. A batch is only a tag.

CREATE TABLE campaign.contact_tags (
  tenant_id  uuid NOT NULL,
  contact_id uuid NOT NULL,
  tag        text COLLATE "C" NOT NULL,
  at         timestamptz NOT NULL,
  CONSTRAINT contact_tags_pkey PRIMARY KEY (tenant_id, contact_id, tag),
  CONSTRAINT contact_tags_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT contact_tags_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES campaign.contacts (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT contact_tags_tag_check CHECK (tag ~ '^\S(.*\S)?$' AND tag !~ '[[:cntrl:]]' AND pg_catalog.length(tag) <= 100)
);
CREATE INDEX contact_tags_tag_idx ON campaign.contact_tags (tenant_id, tag, contact_id);
SELECT pg_catalog.pg_extension_config_dump('campaign.contact_tags', '');
COMMENT ON TABLE campaign.contact_tags IS 'Which contacts have which tags. Written by campaign.tag_contacts() and campaign.untag_contacts().';
COMMENT ON COLUMN campaign.contact_tags.tag IS 'Any name of 1 to 100 characters; compared exactly. A batch of imported contacts is a tag as well.';
COMMENT ON COLUMN campaign.contact_tags.at IS 'Since when the contact has it, by the engine''s clock.';

CREATE FUNCTION campaign.require_tags(tags text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  bad text;
BEGIN
  IF tags IS NULL OR cardinality(tags) NOT BETWEEN 1 AND 100 THEN
    RAISE EXCEPTION 'there must be 1 to 100 tags'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = CASE WHEN tags IS NULL THEN 'They are null.' ELSE format('There are %s.', cardinality(tags)) END,
            HINT = 'Pass the tags as an array: ARRAY[''newsletter''].';
  END IF;
  FOREACH bad IN ARRAY tags LOOP
    IF bad IS NULL OR bad COLLATE "C" !~ '^\S(.*\S)?$' OR bad COLLATE "C" ~ '[[:cntrl:]]' OR length(bad) > 100 THEN
      RAISE EXCEPTION 'invalid tag %', coalesce(quote_literal(left(bad, 100)), 'NULL')
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = 'A tag has 1 to 100 characters, no control characters, and no blank at either end.',
              HINT = 'Trim it, or shorten it.';
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.require_tags(text[]) IS
'Internal: raises 22023 unless these are 1 to 100 tags.';

-- The foreign keys stand on locked rows.
CREATE FUNCTION campaign.insert_contact_tag_rows(tenant uuid, contacts uuid[], tag text, at timestamptz) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_insert_contact_tag_rows';
COMMENT ON FUNCTION campaign.insert_contact_tag_rows(uuid, uuid[], text, timestamptz) IS
'Internal: gives locked contacts a tag that they do not have, past the executor. False, and nothing written, where somebody has put a trigger, a rule or a column of his own on the table: INSERT is for these.';

CREATE FUNCTION campaign.tag_contacts(tenant uuid, contact_ids uuid[], tags text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  tagged uuid[];
  fresh uuid[];
  one text;
  n bigint := 0;
BEGIN
  PERFORM campaign.require_tenant(tenant);
  PERFORM campaign.require_tags(tags);
  PERFORM campaign.require_read_committed('tag_contacts()');
  PERFORM campaign.lock_tenant_key(tenant);
  -- against erasure, and against others who give the same tag
  SELECT l.present INTO tagged
    FROM campaign.distinct_ids(coalesce(contact_ids, '{}')) d CROSS JOIN LATERAL campaign.lock_contacts(tenant, d.present) l;
  FOREACH one IN ARRAY tags LOOP
    fresh := ARRAY(SELECT c.id FROM unnest(tagged) c(id)
                   EXCEPT
                   SELECT g.contact_id FROM campaign.contact_tags g
                    WHERE g.tenant_id = tenant AND g.tag = one AND g.contact_id = ANY (tagged)
                    ORDER BY 1);
    IF NOT campaign.insert_contact_tag_rows(tenant, fresh, one, now_time) THEN
      INSERT INTO campaign.contact_tags (tenant_id, contact_id, tag, at)
      SELECT tenant, f.id, one, now_time FROM unnest(fresh) f(id);
    END IF;
    n := n + cardinality(fresh);
  END LOOP;
  RETURN n;
END $$;
COMMENT ON FUNCTION campaign.tag_contacts(uuid, uuid[], text[]) IS
'Gives contacts of a tenant tags, each of them all, and returns how many rows of contact_tags are new. Ids that are not the tenant''s, and archived contacts, are passed over. Raises P0002 for a tenant that is not yours, 42501 if you only read it, 22023 for a bad tag, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.untag_contacts(tenant uuid, contact_ids uuid[], tags text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
  n bigint;
BEGIN
  PERFORM campaign.require_tenant(tenant);
  PERFORM campaign.require_tags(tags);
  PERFORM campaign.lock_tenant_key(tenant);
  DELETE FROM campaign.contact_tags g
   WHERE g.tenant_id = tenant AND g.tag = ANY (tags)
     AND (contact_ids IS NULL OR g.contact_id = ANY (contact_ids));
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
COMMENT ON FUNCTION campaign.untag_contacts(uuid, uuid[], text[]) IS
'Takes tags from contacts of a tenant (contact_ids NULL: from all of them) and returns how many rows of contact_tags are gone. Raises P0002 for a tenant that is not yours, 42501 if you only read it, 22023 for a bad tag.';

ALTER TABLE campaign.contact_tags ENABLE ROW LEVEL SECURITY;
CREATE POLICY contact_tags_select ON campaign.contact_tags FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
COMMENT ON POLICY contact_tags_select ON campaign.contact_tags IS 'Members read their tenants''.';

INSERT INTO campaign.personal_data (relation, position, belongs, removes) VALUES
  ('contact_tags', 12, 't.contact_id = $2', true);
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.contact_tags'),
  ('member', 'EXECUTE', 'FUNCTION campaign.tag_contacts(uuid, uuid[], text[])'),
  ('member', 'EXECUTE', 'FUNCTION campaign.untag_contacts(uuid, uuid[], text[])');
