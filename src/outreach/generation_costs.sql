-- What generation has cost: rows that are added and never changed. Every total is a sum over them.
-- No foreign key but that to the tenant: money that was spent stays spent when a contact or campaign is gone.

CREATE TABLE campaign.generation_costs (
  tenant_id    uuid NOT NULL,
  id           uuid NOT NULL DEFAULT campaign.uuid_v7(),
  campaign_id  uuid NOT NULL,
  contact_id   uuid NOT NULL,
  job_id       uuid NOT NULL,
  fence        bigint NOT NULL,
  touch_number smallint,
  variant      text COLLATE "C",
  model        text NOT NULL,
  tokens_in    bigint NOT NULL,
  tokens_out   bigint NOT NULL,
  usd          numeric(12,6) NOT NULL,
  at           timestamptz NOT NULL,
  CONSTRAINT generation_costs_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT generation_costs_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT generation_costs_amounts_check CHECK (tokens_in >= 0 AND tokens_out >= 0 AND usd >= 0)
);
CREATE INDEX generation_costs_contact_idx ON campaign.generation_costs (tenant_id, campaign_id, contact_id);
CREATE INDEX generation_costs_at_idx ON campaign.generation_costs (tenant_id, at);
SELECT pg_catalog.pg_extension_config_dump('campaign.generation_costs', '');

CREATE FUNCTION campaign.credits(usd numeric) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT round($1 * 1000)::bigint;
END;
COMMENT ON FUNCTION campaign.credits(numeric) IS
'US dollars as credits: 1 credit is 0.001 USD, rounded half up. Of a sum, not of its parts.';

-- The rows of one lease are written once: a worker who got no answer asks again.
CREATE FUNCTION campaign.record_generation_costs(tenant uuid, campaign uuid, job uuid, contact uuid, fence bigint, costs jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  item record;
BEGIN
  PERFORM campaign.require_object_list(costs, 'costs', '{model,tokens_in,tokens_out,usd,touch_number,variant}');
  IF EXISTS (SELECT FROM campaign.generation_costs g
              WHERE g.tenant_id = tenant AND g.campaign_id = campaign AND g.contact_id = contact AND g.job_id = job AND g.fence = fence) THEN
    RETURN;
  END IF;
  FOR item IN
    SELECT c.place - 1 AS place, c.entry ->> 'model' AS model, c.entry -> 'tokens_in' AS tokens_in, c.entry -> 'tokens_out' AS tokens_out,
           c.entry -> 'usd' AS usd, c.entry -> 'touch_number' AS touch_number, c.entry ->> 'variant' AS variant, jsonb_typeof(c.entry -> 'model') AS kind
      FROM jsonb_array_elements(costs) WITH ORDINALITY c(entry, place) ORDER BY c.place
  LOOP
    IF item.kind IS DISTINCT FROM 'string' OR length(item.model) NOT BETWEEN 1 AND 200 THEN
      PERFORM campaign.raise_list_fault('costs', item.place, 'model', 'must be the name of a model, of 1 to 200 characters');
    ELSIF campaign.amount_within(item.usd, 999999, false) IS NOT TRUE THEN
      PERFORM campaign.raise_list_fault('costs', item.place, 'usd', 'must be a number of US dollars from 0 to 999999');
    ELSIF NOT coalesce(campaign.amount_within(item.tokens_in, 1e15, true), true) THEN
      PERFORM campaign.raise_list_fault('costs', item.place, 'tokens_in', 'must be a whole number from 0');
    ELSIF NOT coalesce(campaign.amount_within(item.tokens_out, 1e15, true), true) THEN
      PERFORM campaign.raise_list_fault('costs', item.place, 'tokens_out', 'must be a whole number from 0');
    ELSIF NOT coalesce(campaign.amount_within(item.touch_number, 50, true) AND item.touch_number <> '0', true) THEN
      PERFORM campaign.raise_list_fault('costs', item.place, 'touch_number', 'must be the number of a step');
    ELSIF item.variant NOT IN ('a', 'b', 'c') THEN
      PERFORM campaign.raise_list_fault('costs', item.place, 'variant', 'must be a, b or c');
    END IF;
    INSERT INTO campaign.generation_costs (tenant_id, campaign_id, contact_id, job_id, fence, touch_number, variant, model, tokens_in, tokens_out, usd, at)
    VALUES (tenant, campaign, contact, job, fence, (item.touch_number #>> '{}')::numeric::smallint, item.variant, item.model,
            coalesce((item.tokens_in #>> '{}')::numeric, 0), coalesce((item.tokens_out #>> '{}')::numeric, 0), (item.usd #>> '{}')::numeric, now_time);
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.record_generation_costs(uuid, uuid, uuid, uuid, bigint, jsonb) IS
'Internal: writes the costs of a lease, unless they are written already. The caller has the campaign locked. Raises CP003 for a bad list.';

CREATE FUNCTION campaign.amount_within(value jsonb, most numeric, whole boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN $1 IS NULL OR jsonb_typeof($1) = 'null' THEN NULL
              WHEN jsonb_typeof($1) <> 'number' THEN false
              ELSE ($1 #>> '{}')::numeric BETWEEN 0 AND $2 AND (NOT $3 OR ($1 #>> '{}')::numeric = trunc(($1 #>> '{}')::numeric)) END;
END;
COMMENT ON FUNCTION campaign.amount_within(jsonb, numeric, boolean) IS
'Internal: whether a value is a number from 0 to the greatest, whole where it must be; NULL if there is none.';

CREATE FUNCTION campaign.raise_list_fault(list text, place bigint, key text, fault text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'invalid % at $[%]%: %', list, place, coalesce('.' || key, ''), fault
    USING ERRCODE = 'CP003',
          DETAIL = 'Nothing of the list was saved.',
          HINT = CASE list WHEN 'costs' THEN 'Pass [{"model": ..., "tokens_in": ..., "tokens_out": ..., "usd": ..., "touch_number": ...}].'
                      ELSE 'Pass [{"touch_number": ..., "variant": "a", "subject": ..., "body": ..., "body_html": ...}].' END;
END $$;
COMMENT ON FUNCTION campaign.raise_list_fault(text, bigint, text, text) IS
'Internal: raises CP003 for an entry of a list that a worker handed in.';

CREATE FUNCTION campaign.require_object_list(list jsonb, name text, keys text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  entry jsonb;
  unknown text;
  place bigint := 0;
BEGIN
  IF list IS NULL OR jsonb_typeof(list) <> 'array' THEN
    RAISE EXCEPTION '% must be an array', name
      USING ERRCODE = 'CP003',
            DETAIL = format('It is %s.', CASE jsonb_typeof(list) WHEN 'string' THEN 'a string: it was encoded twice' WHEN 'object' THEN 'an object'
                                              WHEN 'number' THEN 'a number' WHEN 'boolean' THEN 'a boolean' ELSE 'null' END),
            HINT = CASE jsonb_typeof(list) WHEN 'string' THEN 'Pass the array itself, not its text as a JSON string.'
                        ELSE 'An array of nothing is [].' END;
  ELSIF jsonb_array_length(list) > 1000 THEN
    PERFORM campaign.raise_list_fault(name, 1000, NULL, 'there are more than 1000 entries');
  END IF;
  FOR entry IN SELECT e FROM jsonb_array_elements(list) e LOOP
    IF jsonb_typeof(entry) <> 'object' THEN
      PERFORM campaign.raise_list_fault(name, place, NULL, 'must be an object');
    END IF;
    SELECT k INTO unknown FROM jsonb_object_keys(entry) k WHERE k <> ALL (keys) ORDER BY k COLLATE "C" LIMIT 1;
    IF FOUND THEN
      PERFORM campaign.raise_list_fault(name, place, unknown, 'there is no such key');
    END IF;
    place := place + 1;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.require_object_list(jsonb, text, text[]) IS
'Internal: raises CP003 for what is no array of objects with these keys.';

CREATE VIEW campaign.contact_generation_costs WITH (security_invoker = true) AS
  SELECT g.tenant_id, g.campaign_id, g.contact_id, count(*) AS calls,
         sum(g.tokens_in)::bigint AS tokens_in, sum(g.tokens_out)::bigint AS tokens_out, sum(g.usd) AS usd, campaign.credits(sum(g.usd)) AS credits
    FROM campaign.generation_costs g GROUP BY g.tenant_id, g.campaign_id, g.contact_id;
COMMENT ON VIEW campaign.contact_generation_costs IS 'What the messages of a contact of a campaign have cost: sums over generation_costs, rounded to credits once.';
CREATE VIEW campaign.campaign_generation_costs WITH (security_invoker = true) AS
  SELECT g.tenant_id, g.campaign_id, count(DISTINCT g.contact_id) AS contacts, count(*) AS calls,
         sum(g.tokens_in)::bigint AS tokens_in, sum(g.tokens_out)::bigint AS tokens_out, sum(g.usd) AS usd, campaign.credits(sum(g.usd)) AS credits
    FROM campaign.generation_costs g GROUP BY g.tenant_id, g.campaign_id;
COMMENT ON VIEW campaign.campaign_generation_costs IS 'What the messages of a campaign have cost: sums over generation_costs, rounded to credits once.';
CREATE VIEW campaign.tenant_generation_costs WITH (security_invoker = true) AS
  SELECT g.tenant_id, count(DISTINCT g.campaign_id) AS campaigns, count(*) AS calls,
         sum(g.tokens_in)::bigint AS tokens_in, sum(g.tokens_out)::bigint AS tokens_out, sum(g.usd) AS usd, campaign.credits(sum(g.usd)) AS credits
    FROM campaign.generation_costs g GROUP BY g.tenant_id;
COMMENT ON VIEW campaign.tenant_generation_costs IS 'What the messages of a tenant have cost: sums over generation_costs, rounded to credits once.';

ALTER TABLE campaign.generation_costs ENABLE ROW LEVEL SECURITY;
CREATE POLICY generation_costs_select ON campaign.generation_costs FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.personal_data (relation, position, belongs, omit) VALUES
  ('generation_costs', 19, 't.contact_id = $2', '{fence}');
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.generation_costs'),
  ('member', 'SELECT', 'TABLE campaign.contact_generation_costs'),
  ('member', 'SELECT', 'TABLE campaign.campaign_generation_costs'),
  ('member', 'SELECT', 'TABLE campaign.tenant_generation_costs'),
  ('member', 'EXECUTE', 'FUNCTION campaign.credits(numeric)');

COMMENT ON TABLE campaign.generation_costs IS 'What each call of a model has cost. Rows are added by save_generated() and fail_generation(), and never changed.';
COMMENT ON COLUMN campaign.generation_costs.fence IS 'The lease under which it was spent; its costs are written once.';
COMMENT ON COLUMN campaign.generation_costs.touch_number IS 'The step that it was spent for; NULL: for the contact as a whole.';
COMMENT ON COLUMN campaign.generation_costs.variant IS 'The variant of the message; NULL: not for one of them.';
COMMENT ON COLUMN campaign.generation_costs.at IS 'When it was reported, by the engine''s clock.';
COMMENT ON POLICY generation_costs_select ON campaign.generation_costs IS 'Members read their tenants''.';
