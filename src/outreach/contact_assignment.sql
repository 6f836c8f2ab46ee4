-- Who is assigned to a campaign, and who is taken out of it again: one set of rules for every path.
-- Locks in order: tenant, campaign (so that of two calls the second one sees what the first one did), contacts.
-- Long lists are conditions on one table (= ANY), never joined: a table whose statistics are old may be taken for
-- one row, and the list would be read anew for each of them.

CREATE FUNCTION campaign.lock_campaign_contacts(campaign uuid, statuses text[], OUT tenant uuid, OUT status text) RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  SELECT l.tenant, l.status INTO tenant, status FROM campaign.lock_outreach_campaign(campaign) l;
  IF status <> ALL (statuses) THEN
    RAISE EXCEPTION 'the contacts of a campaign in status "%" cannot be changed like that', status
      USING ERRCODE = 'CP002',
            DETAIL = CASE WHEN cardinality(statuses) = 2 THEN 'Contacts are assigned in draft and ready only.'
                          ELSE 'An archived campaign stays as it is.' END,
            HINT = CASE WHEN cardinality(statuses) = 2 THEN 'Assign them to another campaign; one in review goes back to ready.'
                        ELSE 'Use another campaign.' END;
  END IF;
END $$;
COMMENT ON FUNCTION campaign.lock_campaign_contacts(uuid, text[]) IS
'Internal: locks an outreach campaign of the caller''s writable tenants whose contacts are to be changed; raises P0002, or CP002 in any other status.';

CREATE FUNCTION campaign.filter_texts(filter jsonb, key text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN $1 ? $2 THEN ARRAY(SELECT jsonb_array_elements_text($1 -> $2)) END;
END;
COMMENT ON FUNCTION campaign.filter_texts(jsonb, text) IS
'Internal: the values under a key of a filter; NULL: any.';

-- Planned for the filter that is given: what it does not ask for costs nothing.
CREATE FUNCTION campaign.matching_contacts(tenant uuid, filter campaign.contact_filter, contacts uuid[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  tags text[] := campaign.filter_texts(filter, 'tags');
  companies uuid[] := campaign.filter_texts(filter, 'company')::uuid[];
  owners text[] := campaign.filter_texts(filter, 'owner');
  tiers text[] := campaign.filter_texts(filter, 'tier');
  industries text[] := campaign.filter_texts(filter, 'industry');
  fits text[] := campaign.filter_texts(filter, 'icp_fit');
  seniorities text[] := campaign.filter_texts(filter, 'seniority');
  languages text[] := campaign.filter_texts(filter, 'language');
  least_score numeric := (filter ->> 'min_score')::numeric;
  needs_email boolean := coalesce((filter ->> 'require_email')::boolean, false);
  needs_phone boolean := coalesce((filter ->> 'require_phone')::boolean, false);
  needs_linkedin boolean := coalesce((filter ->> 'require_linkedin')::boolean, false);
  tagged uuid[];
  of_kind uuid[];
BEGIN
  tagged := ARRAY(SELECT g.contact_id FROM campaign.contact_tags g WHERE g.tenant_id = tenant AND g.tag = ANY (tags));
  of_kind := ARRAY(SELECT o.id FROM campaign.companies o
                    WHERE o.tenant_id = tenant AND (tiers IS NOT NULL OR industries IS NOT NULL)
                      AND (tiers IS NULL OR o.tier = ANY (tiers)) AND (industries IS NULL OR o.industry = ANY (industries)));
  RETURN ARRAY(
    SELECT c.id FROM campaign.contacts c
     WHERE c.tenant_id = tenant AND c.archived_at IS NULL
       AND (contacts IS NULL OR c.id = ANY (contacts))
       AND (companies IS NULL OR c.company_id = ANY (companies))
       AND (owners IS NULL OR c.owner_member = ANY (owners))
       AND (fits IS NULL OR c.icp_fit = ANY (fits))
       AND (seniorities IS NULL OR c.seniority = ANY (seniorities))
       AND (languages IS NULL OR c.language = ANY (languages))
       AND (least_score IS NULL OR c.score >= least_score)
       AND (NOT needs_email OR c.email IS NOT NULL)
       AND (NOT needs_phone OR c.phone IS NOT NULL)
       AND (NOT needs_linkedin OR c.linkedin_url IS NOT NULL)
       AND (tags IS NULL OR c.id = ANY (tagged))
       AND (tiers IS NULL AND industries IS NULL OR c.company_id = ANY (of_kind))
     ORDER BY c.id);
END $$;
COMMENT ON FUNCTION campaign.matching_contacts(uuid, campaign.contact_filter, uuid[]) IS
'Internal: the contacts of a tenant that a filter means, in order and without archived ones; of all, or of those that are given.';

-- A contact is suppressed where no address is left that the steps could use. Addresses are all different,
-- which the planner cannot know of what a function makes of them: without Memoize it compares sets.
CREATE FUNCTION campaign.suppressed_contacts(tenant uuid, campaign uuid, contacts uuid[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off SET enable_memoize = off AS $$
#variable_conflict use_variable
DECLARE
  kinds text[] := ARRAY(
    SELECT DISTINCT h.address_kind FROM campaign.outreach_campaigns o
      JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version
      JOIN campaign.channels h ON h.channel = t.channel
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant);
  secret bytea;
BEGIN
  IF NOT EXISTS (SELECT FROM campaign.suppressions s WHERE s.tenant_id = tenant) THEN
    RETURN '{}';
  END IF;
  -- only where somebody was erased is an address hashed
  IF EXISTS (SELECT FROM campaign.suppressions s WHERE s.tenant_id = tenant AND starts_with(s.address, 'hmac-sha256:')) THEN
    SELECT k.secret INTO secret FROM campaign.tenant_keys k
     WHERE k.tenant_id = tenant AND k.purpose = 'address' AND k.retired_at IS NULL;
  END IF;
  RETURN ARRAY(
    SELECT a.id
      FROM (SELECT c.id, campaign.normalize_address(x.address) AS address
              FROM campaign.contacts c
             CROSS JOIN LATERAL (VALUES ('email', c.email), ('phone', c.phone), ('linkedin_url', c.linkedin_url)) x (kind, address)
             WHERE c.tenant_id = tenant AND c.id = ANY (contacts) AND x.address IS NOT NULL AND x.kind = ANY (kinds)) a
      LEFT JOIN campaign.suppressions s ON s.tenant_id = tenant AND s.address = a.address
      LEFT JOIN campaign.suppressions h ON h.tenant_id = tenant
        AND h.address = 'hmac-sha256:' || encode(campaign.hmac_sha256(secret, convert_to(a.address, 'UTF8')), 'hex')
     GROUP BY a.id
    HAVING bool_and(coalesce(s.address, h.address) IS NOT NULL));
END $$;
COMMENT ON FUNCTION campaign.suppressed_contacts(uuid, uuid, uuid[]) IS
'Internal: of contacts those that the campaign could not reach, since every address of theirs that its steps use is suppressed.';

CREATE FUNCTION campaign.sort_out_contacts(tenant uuid, campaign uuid, contacts uuid[],
  OUT wanted uuid[], OUT assigned bigint, OUT disqualified bigint, OUT suppressed bigint, OUT overlapping bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  present uuid[] := ARRAY(SELECT k.contact_id FROM campaign.campaign_contacts k
                           WHERE k.tenant_id = tenant AND k.campaign_id = campaign AND k.contact_id = ANY (contacts));
  unreachable uuid[];
  taken uuid[];
BEGIN
  SELECT array_agg(c.id ORDER BY c.id) FILTER (WHERE NOT c.is_disqualified), count(*) FILTER (WHERE c.is_disqualified)
    INTO wanted, disqualified
    FROM campaign.contacts c
   WHERE c.tenant_id = tenant AND c.id = ANY (contacts) AND c.id <> ALL (present);
  assigned := cardinality(present);
  unreachable := campaign.suppressed_contacts(tenant, campaign, wanted);
  suppressed := cardinality(unreachable);
  IF suppressed > 0 THEN
    wanted := ARRAY(SELECT n.id FROM unnest(wanted) n(id) EXCEPT SELECT u.id FROM unnest(unreachable) u(id) ORDER BY 1);
  END IF;
  taken := campaign.log_overlaps(tenant, campaign, wanted);
  overlapping := cardinality(taken);
  IF overlapping > 0 THEN
    wanted := ARRAY(SELECT n.id FROM unnest(wanted) n(id) EXCEPT SELECT o.id FROM unnest(taken) o(id) ORDER BY 1);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.sort_out_contacts(uuid, uuid, uuid[]) IS
'Internal: of different, locked contacts those that are to be assigned to a campaign (in order), and how many are not, by the first of: assigned already, disqualified, suppressed, overlapping where the tenant blocks that. Records the overlaps.';

CREATE FUNCTION campaign.assign_contacts(campaign uuid, contact_ids uuid[] DEFAULT NULL, filter jsonb DEFAULT NULL,
  OUT outcome text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  target record;
  chosen campaign.contact_filter;
  nulls bigint := 0;
  asked uuid[];
  present uuid[];
  matched uuid[];
  sorted record;
BEGIN
  PERFORM campaign.require_read_committed('assign_contacts()');
  target := campaign.lock_campaign_contacts(campaign, '{draft,ready}');
  chosen := filter;
  IF NOT EXISTS (SELECT FROM campaign.outreach_campaigns o
                  WHERE o.tenant_id = target.tenant AND o.campaign_id = campaign AND o.audience = 'assigned') THEN
    RAISE EXCEPTION 'campaign "%" does not work on assigned contacts', campaign
      USING ERRCODE = 'CP002',
            DETAIL = 'Its audience is another one.',
            HINT = 'Set outreach_campaigns.audience to assigned in draft, or create the campaign with it.';
  END IF;
  IF contact_ids IS NULL AND filter IS NULL THEN
    RAISE EXCEPTION 'contact_ids and filter must not both be null'
      USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'One of them says which contacts are meant; together, those of the list that the filter means.',
            HINT = 'The filter {} means all contacts of the tenant.';
  END IF;
  IF contact_ids IS NULL THEN
    asked := campaign.matching_contacts(target.tenant, chosen, NULL);
  ELSE
    SELECT d.present, cardinality(contact_ids) - d.given INTO asked, nulls FROM campaign.distinct_ids(contact_ids) d;
  END IF;
  -- what is locked is looked at again
  SELECT l.present INTO present FROM campaign.lock_contacts(target.tenant, asked) l;
  matched := CASE WHEN chosen IS NULL THEN present ELSE campaign.matching_contacts(target.tenant, chosen, present) END;
  sorted := campaign.sort_out_contacts(target.tenant, campaign, matched);
  IF NOT campaign.insert_campaign_contact_rows(target.tenant, campaign, coalesce(sorted.wanted, '{}'), now_time) THEN
    INSERT INTO campaign.campaign_contacts (tenant_id, campaign_id, contact_id, added_at)
    SELECT target.tenant, campaign, n.id, now_time FROM unnest(sorted.wanted) n(id);
  END IF;
  RETURN QUERY SELECT r.* FROM (VALUES
      ('added', cardinality(sorted.wanted)::bigint),
      ('already_assigned', sorted.assigned),
      ('disqualified', sorted.disqualified),
      ('suppressed', sorted.suppressed),
      ('conflict', sorted.overlapping),
      ('not_matched', CASE WHEN contact_ids IS NOT NULL THEN (cardinality(present) - cardinality(matched))::bigint END),
      ('not_found', CASE WHEN contact_ids IS NOT NULL THEN cardinality(asked) - cardinality(present) + nulls END)) r(outcome, contacts)
   WHERE r.contacts > 0;
END $$;
COMMENT ON FUNCTION campaign.assign_contacts(uuid, uuid[], jsonb) IS
'Assigns contacts to a campaign of audience assigned, in draft and ready: those of a list, those that a filter means (see contact_filter_schema()), or those of the list that the filter means (the others are not_matched). Returns how many had which outcome, each contact once however often it was given: added, already_assigned (also if it was excluded since), disqualified, suppressed (no address is left that the steps could use), conflict (only where tenants.overlap_policy is block), not_found (foreign, archived or erased, or NULL). 100,000 are one call. Raises CP003 for a bad filter, CP002 in another status or for another audience, 22004 if neither is given, P0002 for a campaign that is not yours, 25000 above READ COMMITTED.';

-- Rows of campaign_contacts, locked last.
CREATE FUNCTION campaign.exclude_locked_contacts(tenant uuid, campaign uuid, contacts uuid[], reason text) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  n bigint;
BEGIN
  PERFORM campaign.stop_enrollments(tenant,
    ARRAY(SELECT e.id FROM campaign.campaign_enrollments e
           WHERE e.tenant_id = tenant AND e.campaign_id = campaign AND e.status = 'active' AND e.contact_id = ANY (contacts)), 'owner_stopped');
  UPDATE campaign.campaign_contacts k SET status = 'excluded', excluded_at = now_time, excluded_reason = reason
   WHERE k.tenant_id = tenant AND k.campaign_id = campaign AND k.status <> 'excluded'
     AND k.contact_id = ANY (contacts);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
COMMENT ON FUNCTION campaign.exclude_locked_contacts(uuid, uuid, uuid[], text) IS
'Internal: excludes locked contacts from a locked campaign and stops their live enrolments in it; returns how many rows it excluded.';

CREATE FUNCTION campaign.lock_assigned_contacts(tenant uuid, campaign uuid, contact_ids uuid[], OUT present uuid[], OUT excluded bigint, OUT missing bigint)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  asked record := campaign.distinct_ids(coalesce(contact_ids, '{}'));
BEGIN
  PERFORM campaign.lock_contacts(tenant, asked.present);
  SELECT array_agg(k.contact_id ORDER BY k.contact_id) FILTER (WHERE k.status <> 'excluded'), count(*) FILTER (WHERE k.status = 'excluded'),
         cardinality(asked.present) - count(*) + coalesce(cardinality(contact_ids), 0) - asked.given
    INTO present, excluded, missing
    FROM campaign.campaign_contacts k
   WHERE k.tenant_id = tenant AND k.campaign_id = campaign AND k.contact_id = ANY (asked.present);
END $$;
COMMENT ON FUNCTION campaign.lock_assigned_contacts(uuid, uuid, uuid[]) IS
'Internal: locks contacts; of different ones those that a locked campaign has (in order), how many it has excluded, and how many it does not have.';

CREATE FUNCTION campaign.exclude_contacts(campaign uuid, contact_ids uuid[], reason text DEFAULT NULL,
  OUT outcome text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target record;
  assigned record;
  n bigint;
BEGIN
  PERFORM campaign.require_read_committed('exclude_contacts()');
  IF length(reason) > 1000 THEN
    RAISE EXCEPTION 'reason is too long'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It has %s characters, and 1000 are the most.', length(reason)),
            HINT = 'Say it in a few words.';
  END IF;
  target := campaign.lock_campaign_contacts(campaign,
    '{draft,ready,generating,review,approved,running,paused,exported,completed}');
  assigned := campaign.lock_assigned_contacts(target.tenant, campaign, contact_ids);
  n := campaign.exclude_locked_contacts(target.tenant, campaign, assigned.present, reason);
  RETURN QUERY SELECT r.* FROM (VALUES
      ('excluded', n), ('already_excluded', assigned.excluded), ('not_found', assigned.missing)) r(outcome, contacts)
   WHERE r.contacts > 0;
END $$;
COMMENT ON FUNCTION campaign.exclude_contacts(uuid, uuid[], text) IS
'Excludes contacts from a campaign for good, in any status but archived, and stops their live enrolments in it (owner_stopped); the first reason stays. Returns how many had which outcome: excluded, already_excluded, not_found (not among the campaign''s contacts, or NULL). Raises P0002 for a campaign that is not yours, CP002 if it is archived, 22023 for a reason of more than 1000 characters, 25000 above READ COMMITTED.';

-- No message is written before a contact has been generating, nor for one who has failed at once, and none is sent
-- without an enrolment.
CREATE FUNCTION campaign.remove_contacts(campaign uuid, contact_ids uuid[], OUT outcome text, OUT contacts bigint)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  target record;
  assigned record;
  enrolled uuid[];
  removed bigint := 0;
  n bigint;
BEGIN
  PERFORM campaign.require_read_committed('remove_contacts()');
  target := campaign.lock_campaign_contacts(campaign,
    '{draft,ready,generating,review,approved,running,paused,exported,completed}');
  assigned := campaign.lock_assigned_contacts(target.tenant, campaign, contact_ids);
  IF target.status IN ('draft', 'ready') THEN
    enrolled := ARRAY(SELECT e.contact_id FROM campaign.campaign_enrollments e
                       WHERE e.tenant_id = target.tenant AND e.campaign_id = campaign);
    DELETE FROM campaign.campaign_contacts k
     WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign
       AND (k.status IN ('pending', 'enrichment_ok', 'enrichment_needed')
            OR k.status = 'failed' AND NOT EXISTS (SELECT FROM campaign.messages m
                                                    WHERE m.tenant_id = target.tenant AND m.campaign_id = campaign AND m.contact_id = k.contact_id))
       AND k.contact_id = ANY (assigned.present) AND k.contact_id <> ALL (enrolled);
    GET DIAGNOSTICS removed = ROW_COUNT;
  END IF;
  n := campaign.exclude_locked_contacts(target.tenant, campaign, assigned.present, 'removed');
  RETURN QUERY SELECT r.* FROM (VALUES
      ('removed', removed), ('excluded', n), ('already_excluded', assigned.excluded), ('not_found', assigned.missing)) r(outcome, contacts)
   WHERE r.contacts > 0;
END $$;
COMMENT ON FUNCTION campaign.remove_contacts(uuid, uuid[]) IS
'Takes contacts out of a campaign: in draft and ready those for whom nothing was written and whom it never enrolled are removed, as if they had not been assigned; all others are excluded, as by exclude_contacts(). Returns how many had which outcome: removed, excluded, already_excluded, not_found. Raises P0002 for a campaign that is not yours, CP002 if it is archived, 25000 above READ COMMITTED.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.assign_contacts(uuid, uuid[], jsonb)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.remove_contacts(uuid, uuid[])'),
  ('member', 'EXECUTE', 'FUNCTION campaign.exclude_contacts(uuid, uuid[], text)');
