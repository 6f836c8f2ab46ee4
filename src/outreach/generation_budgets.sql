-- Budgets: what generation may cost a tenant in a period. What is spent are rows of generation_costs, what is
-- reserved stands with the items that have not ended, so that neither can drift. Whoever reserves has the
-- budget's row locked.

CREATE TABLE campaign.generation_budgets (
  tenant_id         uuid NOT NULL,
  mode              text COLLATE "C" NOT NULL DEFAULT 'monitor',
  amount_usd        numeric(12,6),
  period            text COLLATE "C" NOT NULL DEFAULT 'month',
  message_price_usd numeric(12,6) NOT NULL DEFAULT 0.00144,
  created_at        timestamptz NOT NULL DEFAULT pg_catalog.now(),
  updated_at        timestamptz NOT NULL DEFAULT pg_catalog.now(),
  CONSTRAINT generation_budgets_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT generation_budgets_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT generation_budgets_mode_check CHECK (mode IN ('monitor', 'soft', 'hard')),
  CONSTRAINT generation_budgets_amount_check CHECK (amount_usd >= 0 AND amount_usd < 'Infinity' AND (mode = 'monitor' OR amount_usd IS NOT NULL)),
  CONSTRAINT generation_budgets_period_check CHECK (period IN ('day', 'month', 'total')),
  CONSTRAINT generation_budgets_message_price_check CHECK (message_price_usd BETWEEN 0 AND 1000),
  CONSTRAINT generation_budgets_tenant_check CHECK (tenant_id <> '00000000-0000-0000-0000-000000000000')
);
SELECT pg_catalog.pg_extension_config_dump('campaign.generation_budgets', '');
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON campaign.generation_budgets
  FOR EACH ROW EXECUTE FUNCTION campaign.touch_updated_at();

CREATE VIEW campaign.generation_budget_status WITH (security_invoker = true) AS
  SELECT t.id AS tenant_id, coalesce(b.mode, 'monitor') AS mode, coalesce(b.period, 'month') AS period, s.since,
         b.amount_usd,
         CASE b.mode WHEN 'hard' THEN b.amount_usd WHEN 'soft' THEN b.amount_usd * 1.2 END AS limit_usd,
         coalesce(c.usd, 0) AS spent_usd, coalesce(r.usd, 0) AS reserved_usd,
         CASE b.mode WHEN 'hard' THEN b.amount_usd WHEN 'soft' THEN b.amount_usd * 1.2 END
           - coalesce(c.usd, 0) - coalesce(r.usd, 0) AS left_usd,
         coalesce(b.message_price_usd, 0.00144) AS message_price_usd
    FROM campaign.tenants t
    LEFT JOIN campaign.generation_budgets b ON b.tenant_id = t.id
   CROSS JOIN LATERAL (
     SELECT CASE coalesce(b.period, 'month') WHEN 'day' THEN w.day_start WHEN 'month' THEN w.month_start ELSE '-infinity' END AS since
       FROM campaign.send_windows(campaign.now(), t.timezone) w) s
   CROSS JOIN LATERAL (
     SELECT sum(g.usd) AS usd FROM campaign.generation_costs g WHERE g.tenant_id = t.id AND g.at >= s.since) c
   CROSS JOIN LATERAL (
     SELECT sum(i.reserved_usd) AS usd FROM campaign.generation_items i WHERE i.tenant_id = t.id AND i.outcome IS NULL) r
   WHERE NOT t.seeded;
COMMENT ON VIEW campaign.generation_budget_status IS 'How far a tenant''s budget for generation is used up: what was spent since the period began, by the tenant''s time zone, and what the jobs that run have reserved; limit_usd (NULL: none) is the amount in mode hard and 120 % of it in mode soft. A tenant without a budget has the defaults.';

CREATE FUNCTION campaign.reserve_generation_budget(tenant uuid, usd numeric) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  budget record;
BEGIN
  -- of two that reserve the second one finds what the first one has reserved
  PERFORM FROM campaign.generation_budgets b WHERE b.tenant_id = tenant FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT s.* INTO budget FROM campaign.generation_budget_status s WHERE s.tenant_id = tenant;
  IF budget.left_usd < usd THEN
    RAISE EXCEPTION 'the budget for generation is exhausted'
      USING ERRCODE = 'CP005',
            DETAIL = format('%s USD are needed. Of %s USD (%s%s) %s are spent and %s reserved.', trim_scale(usd), trim_scale(budget.limit_usd), budget.mode,
                            CASE budget.period WHEN 'total' THEN '' ELSE ', for a ' || budget.period END,
                            trim_scale(budget.spent_usd), trim_scale(budget.reserved_usd)),
            HINT = 'Generate for fewer contacts, or ask an owner for a larger budget: table campaign.generation_budgets.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.reserve_generation_budget(uuid, numeric) IS
'Internal: locks the budget of a tenant and raises CP005 if the amount is more than what is left of it; the caller then writes items that have it reserved. A tenant without a budget has no limit.';

CREATE FUNCTION campaign.message_price(tenant uuid) RETURNS numeric
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN coalesce((SELECT b.message_price_usd FROM campaign.generation_budgets b WHERE b.tenant_id = tenant), 0.00144);
END $$;
COMMENT ON FUNCTION campaign.message_price(uuid) IS
'Internal: what a message is expected to cost a tenant: by default 800 tokens in and 200 out, at 0.80 and 4.00 USD a million.';

ALTER TABLE campaign.generation_budgets ENABLE ROW LEVEL SECURITY;
CREATE POLICY generation_budgets_select ON campaign.generation_budgets FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE POLICY generation_budgets_insert ON campaign.generation_budgets FOR INSERT
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));
CREATE POLICY generation_budgets_update ON campaign.generation_budgets FOR UPDATE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]))
  WITH CHECK (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));
CREATE POLICY generation_budgets_delete ON campaign.generation_budgets FOR DELETE
  USING (tenant_id = ANY ((SELECT campaign.owned_tenants())::uuid[]));

INSERT INTO campaign.constraint_hints (constraint_name, hint) VALUES
  ('generation_budgets_mode_check', 'The modes are monitor, soft and hard.'),
  ('generation_budgets_amount_check', 'Modes soft and hard need amount_usd, a number from 0.'),
  ('generation_budgets_period_check', 'The periods are day, month and total.');
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.generation_budgets'),
  ('member', 'INSERT (tenant_id, mode, amount_usd, period, message_price_usd)', 'TABLE campaign.generation_budgets'),
  ('member', 'UPDATE (mode, amount_usd, period, message_price_usd)', 'TABLE campaign.generation_budgets'),
  ('member', 'DELETE', 'TABLE campaign.generation_budgets'),
  ('member', 'SELECT', 'TABLE campaign.generation_budget_status');

COMMENT ON TABLE campaign.generation_budgets IS 'What generation may cost a tenant, and what a message is expected to cost. Owners write it; a tenant without a row has no limit.';
COMMENT ON COLUMN campaign.generation_budgets.mode IS 'monitor: nothing is refused. soft: up to 120 % of the amount. hard: up to the amount.';
COMMENT ON COLUMN campaign.generation_budgets.period IS 'day or month, by the clock of the tenant''s time zone; total: for ever.';
COMMENT ON COLUMN campaign.generation_budgets.message_price_usd IS 'What estimates and reservations take for a message.';
COMMENT ON POLICY generation_budgets_select ON campaign.generation_budgets IS 'Members read their tenants''.';
COMMENT ON POLICY generation_budgets_insert ON campaign.generation_budgets IS 'Owners write their tenants''.';
COMMENT ON POLICY generation_budgets_update ON campaign.generation_budgets IS 'Owners write their tenants''.';
COMMENT ON POLICY generation_budgets_delete ON campaign.generation_budgets IS 'Owners write their tenants''.';
COMMENT ON TRIGGER touch_updated_at ON campaign.generation_budgets IS 'Keeps updated_at.';
