-- A generation job: the contacts of a campaign for whom messages are written, one item each, leased to workers.
-- Locks in order: tenant, campaign, contact, budget, item, the contact's row in the campaign, message. Whoever
-- makes or ends a job, or ends an item, has the campaign locked; a claim takes items and rows with SKIP LOCKED.

INSERT INTO campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) VALUES
  ('generation', 'running', 1, true, false, 'workers write messages', true),
  ('generation', 'finished', 2, false, true, 'nothing is pending', true),
  ('generation', 'cancelled', 3, false, true, 'a person has ended it', true);
INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) VALUES
  ('generation', 'running', 'finished', NULL, true),
  ('generation', 'running', 'cancelled', NULL, true);

CREATE TABLE campaign.generation_jobs (
  tenant_id       uuid NOT NULL,
  id              uuid NOT NULL DEFAULT campaign.uuid_v7(),
  campaign_id     uuid NOT NULL,
  status          text COLLATE "C" NOT NULL DEFAULT 'running',
  plan_version    integer NOT NULL,
  include_unready boolean NOT NULL,
  regenerate      boolean NOT NULL,
  price_usd       numeric(12,6) NOT NULL,
  reserved_usd    numeric(18,6) NOT NULL,
  started_by      text,
  started_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  end_reason      text,
  CONSTRAINT generation_jobs_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT generation_jobs_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT generation_jobs_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.outreach_campaigns (tenant_id, campaign_id) ON DELETE CASCADE,
  CONSTRAINT generation_jobs_ended_check CHECK ((status = 'running') = (ended_at IS NULL)),
  CONSTRAINT generation_jobs_end_reason_check CHECK (pg_catalog.length(end_reason) <= 1000)
);
CREATE UNIQUE INDEX generation_jobs_live_key ON campaign.generation_jobs (tenant_id, campaign_id) WHERE status = 'running';
CREATE INDEX generation_jobs_campaign_idx ON campaign.generation_jobs (tenant_id, campaign_id);
SELECT pg_catalog.pg_extension_config_dump('campaign.generation_jobs', '');
CREATE TRIGGER life_cycle BEFORE INSERT OR UPDATE OF status ON campaign.generation_jobs
  FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('generation', 'status');

-- A lease changes no column of an index: an item is moved to a new page only when it ends.
CREATE TABLE campaign.generation_items (
  tenant_id    uuid NOT NULL,
  job_id       uuid NOT NULL,
  contact_id   uuid NOT NULL,
  campaign_id  uuid NOT NULL,
  reserved_usd numeric(12,6) NOT NULL,
  lease_until  timestamptz NOT NULL DEFAULT '-infinity',
  fence        bigint NOT NULL DEFAULT 0,
  worker       text,
  attempts     smallint NOT NULL DEFAULT 0,
  outcome      text COLLATE "C",
  error        text,
  ended_at     timestamptz,
  CONSTRAINT generation_items_pkey PRIMARY KEY (tenant_id, job_id, contact_id),
  CONSTRAINT generation_items_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT generation_items_job_fkey FOREIGN KEY (tenant_id, job_id) REFERENCES campaign.generation_jobs (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT generation_items_contact_fkey FOREIGN KEY (tenant_id, campaign_id, contact_id) REFERENCES campaign.campaign_contacts (tenant_id, campaign_id, contact_id) ON DELETE CASCADE,
  CONSTRAINT generation_items_outcome_check CHECK (outcome IN ('generated', 'failed', 'excluded', 'cancelled')),
  CONSTRAINT generation_items_ended_check CHECK ((outcome IS NULL) = (ended_at IS NULL) AND (outcome IS NULL OR lease_until = '-infinity'))
) WITH (fillfactor = 80);
CREATE INDEX generation_items_contact_idx ON campaign.generation_items (tenant_id, campaign_id, contact_id);
CREATE INDEX generation_items_open_idx ON campaign.generation_items (tenant_id, job_id, contact_id) WHERE outcome IS NULL;
SELECT pg_catalog.pg_extension_config_dump('campaign.generation_items', '');

CREATE FUNCTION campaign.is_generating(tenant uuid, campaign uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN EXISTS (SELECT FROM campaign.generation_jobs j
                  WHERE j.tenant_id = tenant AND j.campaign_id = campaign AND j.status = 'running');
END $$;
COMMENT ON FUNCTION campaign.is_generating(uuid, uuid) IS
'Internal: whether a generation job of a campaign is alive.';

ALTER TABLE campaign.generation_jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY generation_jobs_select ON campaign.generation_jobs FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.generation_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY generation_items_select ON campaign.generation_items FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

-- Before campaign_contacts: a claim, too, has the item first.
INSERT INTO campaign.personal_data (relation, position, belongs, scrub, omit) VALUES
  ('generation_items', 11, 't.contact_id = $2', 'error = NULL', '{fence,worker,reserved_usd}');
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.generation_jobs'),
  ('member', 'SELECT', 'TABLE campaign.generation_items');

COMMENT ON TABLE campaign.generation_jobs IS 'Every generation of a campaign''s messages, at most one of them alive. Written by functions: start_generation(), cancel_generation(), and by the last report of a worker.';
COMMENT ON COLUMN campaign.generation_jobs.status IS 'State in the life cycle generation.';
COMMENT ON COLUMN campaign.generation_jobs.include_unready IS 'Contacts of whom required stages are missing were included.';
COMMENT ON COLUMN campaign.generation_jobs.regenerate IS 'Contacts whose messages were written before were included.';
COMMENT ON COLUMN campaign.generation_jobs.price_usd IS 'What a message was expected to cost.';
COMMENT ON COLUMN campaign.generation_jobs.reserved_usd IS 'What was reserved in all; what is still reserved stands with the items that have not ended.';
COMMENT ON COLUMN campaign.generation_jobs.end_reason IS 'How it ended.';
COMMENT ON TABLE campaign.generation_items IS 'The contacts of a generation job. Written by the engine only.';
COMMENT ON COLUMN campaign.generation_items.reserved_usd IS 'What is reserved for it until it ends.';
COMMENT ON COLUMN campaign.generation_items.lease_until IS 'End of the lease, by the wall clock.';
COMMENT ON COLUMN campaign.generation_items.fence IS 'Random number of the lease: a token with another is stale.';
COMMENT ON COLUMN campaign.generation_items.attempts IS 'Claims that were not given back.';
COMMENT ON COLUMN campaign.generation_items.outcome IS 'NULL: not ended. generated, failed, excluded or cancelled.';
COMMENT ON POLICY generation_jobs_select ON campaign.generation_jobs IS 'Members read their tenants''.';
COMMENT ON POLICY generation_items_select ON campaign.generation_items IS 'Members read their tenants''.';
COMMENT ON TRIGGER life_cycle ON campaign.generation_jobs IS 'Status follows the machine generation.';
