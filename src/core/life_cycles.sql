-- Life cycles are data: every state machine is rows, held to by one trigger.

CREATE TABLE campaign.life_cycle_states (
  machine text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  "position" integer NOT NULL DEFAULT 0,
  is_initial boolean NOT NULL DEFAULT false,
  is_final boolean NOT NULL DEFAULT false,
  description text,
  seeded boolean NOT NULL DEFAULT false,
  CONSTRAINT life_cycle_states_pkey PRIMARY KEY (machine, state),
  CONSTRAINT life_cycle_states_final_key UNIQUE (machine, state, is_final),
  CONSTRAINT life_cycle_states_machine_check CHECK (machine OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]{0,62}$'),
  CONSTRAINT life_cycle_states_state_check CHECK (state OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]{0,62}$'),
  CONSTRAINT life_cycle_states_seeded_check CHECK (seeded OPERATOR(pg_catalog.<>) pg_catalog.starts_with(machine, 'x_'))
);
SELECT pg_catalog.pg_extension_config_dump('campaign.life_cycle_states', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.life_cycle_states IS 'States of every life cycle (machine). Machines of your own have names that start with x_.';
COMMENT ON COLUMN campaign.life_cycle_states.machine IS 'Name of the life cycle that the state belongs to.';
COMMENT ON COLUMN campaign.life_cycle_states."position" IS 'Order in which states are listed and drawn.';
COMMENT ON COLUMN campaign.life_cycle_states.is_initial IS 'Rows begin here. For the reader and the diagram: the trigger accepts an insert in any state, since restored rows come back in the state they had.';
COMMENT ON COLUMN campaign.life_cycle_states.is_final IS 'No transition may leave the state; a foreign key of life_cycle_transitions sees to it.';
COMMENT ON COLUMN campaign.life_cycle_states.seeded IS 'The row comes with the extension and is changed by nobody.';

CREATE TABLE campaign.life_cycle_transitions (
  machine text COLLATE "C" NOT NULL,
  from_state text COLLATE "C" NOT NULL,
  to_state text COLLATE "C" NOT NULL,
  description text,
  seeded boolean NOT NULL DEFAULT false,
  from_final boolean NOT NULL GENERATED ALWAYS AS (false) STORED,
  CONSTRAINT life_cycle_transitions_pkey PRIMARY KEY (machine, from_state, to_state),
  CONSTRAINT life_cycle_transitions_from_fkey FOREIGN KEY (machine, from_state, from_final)
    REFERENCES campaign.life_cycle_states (machine, state, is_final) ON DELETE CASCADE,
  CONSTRAINT life_cycle_transitions_to_fkey FOREIGN KEY (machine, to_state)
    REFERENCES campaign.life_cycle_states (machine, state) ON DELETE CASCADE,
  CONSTRAINT life_cycle_transitions_step_check CHECK (from_state OPERATOR(pg_catalog.<>) to_state),
  CONSTRAINT life_cycle_transitions_seeded_check CHECK (seeded OPERATOR(pg_catalog.<>) pg_catalog.starts_with(machine, 'x_'))
);
CREATE INDEX life_cycle_transitions_from_idx ON campaign.life_cycle_transitions (machine, from_state, from_final);
CREATE INDEX life_cycle_transitions_to_idx ON campaign.life_cycle_transitions (machine, to_state);
SELECT pg_catalog.pg_extension_config_dump('campaign.life_cycle_transitions', 'WHERE NOT seeded');
COMMENT ON TABLE campaign.life_cycle_transitions IS 'Legal steps of every life cycle. What is not a row here is an illegal transition (CP001).';
COMMENT ON COLUMN campaign.life_cycle_transitions.machine IS 'Name of the life cycle.';
COMMENT ON COLUMN campaign.life_cycle_transitions.description IS 'When or by what the step is taken; shown in the diagram.';
COMMENT ON COLUMN campaign.life_cycle_transitions.seeded IS 'The row comes with the extension and is changed by nobody.';
COMMENT ON COLUMN campaign.life_cycle_transitions.from_final IS 'Always false: with the foreign key on it no step can leave a final state.';

CREATE TABLE campaign.life_cycle_log (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT campaign.uuid_v7(),
  machine text COLLATE "C" NOT NULL,
  relation text NOT NULL,
  entity_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  from_state text COLLATE "C" NOT NULL,
  to_state text COLLATE "C" NOT NULL,
  actor text NOT NULL,
  reason text,
  CONSTRAINT life_cycle_log_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT life_cycle_log_tenant_fkey FOREIGN KEY (tenant_id)
    REFERENCES campaign.tenants (id) ON DELETE CASCADE
);
CREATE INDEX life_cycle_log_entity_idx ON campaign.life_cycle_log (tenant_id, entity_id, id);
SELECT pg_catalog.pg_extension_config_dump('campaign.life_cycle_log', '');
COMMENT ON TABLE campaign.life_cycle_log IS 'Every transition that a person or a function took: who, when, from, to, why. Written by campaign.enforce_life_cycle() only; entries outlive the row that they tell of. Ordered by id.';
COMMENT ON COLUMN campaign.life_cycle_log.machine IS 'Life cycle of the transition.';
COMMENT ON COLUMN campaign.life_cycle_log.relation IS 'Table of the row, with its schema, by the name it had then.';
COMMENT ON COLUMN campaign.life_cycle_log.entity_id IS 'The id of the row. Not a foreign key: history stays when the row is purged.';
COMMENT ON COLUMN campaign.life_cycle_log.at IS 'Wall clock time of the transition. Deliberately not campaign.now(): a log says when a thing was done, also while the engine''s clock is shifted.';
COMMENT ON COLUMN campaign.life_cycle_log.actor IS 'The member that asked, or the session''s role when there is none.';
COMMENT ON COLUMN campaign.life_cycle_log.reason IS 'What the setting campaign.transition_reason said then.';

CREATE FUNCTION campaign.enforce_life_cycle() RETURNS trigger
  LANGUAGE c VOLATILE PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'campaign_enforce_life_cycle';
COMMENT ON FUNCTION campaign.enforce_life_cycle() IS
  'Trigger BEFORE INSERT OR UPDATE FOR EACH ROW: enforce_life_cycle(''machine'', ''column'' [, ''unlogged'']) holds a text column to a life cycle. An insert may begin in any state; an update stays or takes a legal step, else CP001. Steps are logged if the table has columns tenant_id uuid and id uuid, unless the third argument says unlogged; a table that does not belong to the owner of the log may name only tenants that the current member may write. Triggers fire in the order of their names: one that changes the column must sort before this one.';

CREATE FUNCTION campaign.protect_seeded() RETURNS trigger
  LANGUAGE c VOLATILE PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'campaign_protect_seeded';
COMMENT ON FUNCTION campaign.protect_seeded() IS
  'Trigger BEFORE INSERT OR UPDATE OR DELETE FOR EACH ROW and BEFORE TRUNCATE: rows with seeded true are changed by the scripts of the extension only (42501).';

CREATE FUNCTION campaign.allowed_transitions(machine text, state text)
  RETURNS TABLE (to_state text, description text)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
#variable_conflict use_column
DECLARE
  known text;
BEGIN
  IF NOT EXISTS (SELECT FROM campaign.life_cycle_states s
                 WHERE s.machine = $1 AND s.state = $2) THEN
    SELECT string_agg(format('"%s"', s.state), ', ' ORDER BY s."position", s.state) INTO known
    FROM campaign.life_cycle_states s WHERE s.machine = $1;
    IF known IS NOT NULL THEN
      RAISE EXCEPTION USING ERRCODE = '22023',
        MESSAGE = format('life cycle "%s" has no state %s', $1, coalesce('"' || $2 || '"', 'null')),
        DETAIL = format('Its states are %s.', known),
        HINT = 'Ask for one of these states.';
    END IF;
    PERFORM campaign.raise_unknown_life_cycle($1);
  END IF;

  RETURN QUERY
    SELECT t.to_state, t.description
    FROM campaign.life_cycle_transitions t
      JOIN campaign.life_cycle_states s ON s.machine = t.machine AND s.state = t.to_state
    WHERE t.machine = $1 AND t.from_state = $2
    ORDER BY s."position", s.state;
END
$$;
COMMENT ON FUNCTION campaign.allowed_transitions(text, text) IS
  'States that one step of a life cycle leads to from a state, in order; none for a final state. Unknown machine or state: 22023, with the known ones.';

CREATE FUNCTION campaign.raise_unknown_life_cycle(machine text) RETURNS void
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '22023',
    MESSAGE = format('life cycle %s does not exist', coalesce('"' || $1 || '"', 'null')),
    DETAIL = (SELECT format('The life cycles are %s.', string_agg(format('"%s"', m.machine), ', ' ORDER BY m.machine))
              FROM (SELECT DISTINCT s.machine FROM campaign.life_cycle_states s) m),
    HINT = 'Add its states to campaign.life_cycle_states; names of your own start with "x_".';
END
$$;
COMMENT ON FUNCTION campaign.raise_unknown_life_cycle(text) IS 'Internal: the error of a life cycle that does not exist.';

CREATE FUNCTION campaign.life_cycle_diagram(machine text) RETURNS text
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS $$
#variable_conflict use_column
DECLARE
  lines text;
BEGIN
  SELECT string_agg('    ' || l.line, chr(10) ORDER BY l.part, l.from_position, l.from_state, l.to_position, l.to_state)
  INTO lines
  FROM (
    SELECT 1 AS part, s."position" AS from_position, s.state AS from_state, 0 AS to_position, '' AS to_state,
      format('[*] --> %s', s.state) AS line
    FROM campaign.life_cycle_states s WHERE s.machine = $1 AND s.is_initial
    UNION ALL
    SELECT 2, f."position", f.state, t."position", t.state,
      format('%s --> %s', f.state, t.state)
      -- Mermaid ends a statement at a line's end and at a semicolon.
      || coalesce(' : ' || nullif(replace(btrim(regexp_replace(c.description, '[[:space:]]+', ' ', 'g')), ';', ','), ''), '')
    FROM campaign.life_cycle_transitions c
      JOIN campaign.life_cycle_states f ON f.machine = c.machine AND f.state = c.from_state
      JOIN campaign.life_cycle_states t ON t.machine = c.machine AND t.state = c.to_state
    WHERE c.machine = $1
    UNION ALL
    SELECT 3, s."position", s.state, 0, '', format('%s --> [*]', s.state)
    FROM campaign.life_cycle_states s WHERE s.machine = $1 AND s.is_final
  ) l;
  IF NOT EXISTS (SELECT FROM campaign.life_cycle_states s WHERE s.machine = $1) THEN
    PERFORM campaign.raise_unknown_life_cycle($1);
  END IF;
  RETURN concat_ws(chr(10), 'stateDiagram-v2', lines);
END
$$;
COMMENT ON FUNCTION campaign.life_cycle_diagram(text) IS
  'A life cycle as a Mermaid state diagram (stateDiagram-v2), its lines in a fixed order. Unknown machine: 22023.';

-- The cache of the machines in each backend follows the tables, also where a
-- replica applies changes.
CREATE TRIGGER invalidate_cache AFTER INSERT OR UPDATE OR DELETE ON campaign.life_cycle_states
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER invalidate_cache_truncate AFTER TRUNCATE ON campaign.life_cycle_states
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER invalidate_cache AFTER INSERT OR UPDATE OR DELETE ON campaign.life_cycle_transitions
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER invalidate_cache_truncate AFTER TRUNCATE ON campaign.life_cycle_transitions
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
ALTER TABLE campaign.life_cycle_states ENABLE ALWAYS TRIGGER invalidate_cache;
ALTER TABLE campaign.life_cycle_states ENABLE ALWAYS TRIGGER invalidate_cache_truncate;
COMMENT ON TRIGGER invalidate_cache ON campaign.life_cycle_states IS 'Sessions keep the life cycles in memory.';
COMMENT ON TRIGGER invalidate_cache_truncate ON campaign.life_cycle_states IS 'Sessions keep the life cycles in memory.';
ALTER TABLE campaign.life_cycle_transitions ENABLE ALWAYS TRIGGER invalidate_cache;
ALTER TABLE campaign.life_cycle_transitions ENABLE ALWAYS TRIGGER invalidate_cache_truncate;
COMMENT ON TRIGGER invalidate_cache ON campaign.life_cycle_transitions IS 'Sessions keep the life cycles in memory.';
COMMENT ON TRIGGER invalidate_cache_truncate ON campaign.life_cycle_transitions IS 'Sessions keep the life cycles in memory.';

CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.life_cycle_states
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.life_cycle_states
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
COMMENT ON TRIGGER protect_seeded ON campaign.life_cycle_states IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.life_cycle_states IS 'What the extension brings is changed by nobody.';
CREATE TRIGGER protect_seeded BEFORE INSERT OR UPDATE OR DELETE ON campaign.life_cycle_transitions
  FOR EACH ROW EXECUTE FUNCTION campaign.protect_seeded();
CREATE TRIGGER protect_seeded_truncate BEFORE TRUNCATE ON campaign.life_cycle_transitions
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.protect_seeded();
COMMENT ON TRIGGER protect_seeded ON campaign.life_cycle_transitions IS 'What the extension brings is changed by nobody.';
COMMENT ON TRIGGER protect_seeded_truncate ON campaign.life_cycle_transitions IS 'What the extension brings is changed by nobody.';

ALTER TABLE campaign.life_cycle_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY life_cycle_log_select ON campaign.life_cycle_log FOR SELECT
  USING (tenant_id OPERATOR(pg_catalog.=) ANY ((SELECT campaign.readable_tenants())::uuid[]));
COMMENT ON POLICY life_cycle_log_select ON campaign.life_cycle_log IS 'Members read the log of their tenants. Nobody writes it but the trigger.';

INSERT INTO campaign.life_cycle_states (machine, state, "position", is_initial, is_final, description, seeded) VALUES
  ('outreach', 'draft', 1, true, false, 'being set up', true),
  ('outreach', 'ready', 2, false, false, 'set up, may be launched or generated', true),
  ('outreach', 'generating', 3, false, false, 'messages are being written', true),
  ('outreach', 'review', 4, false, false, 'messages wait for approval', true),
  ('outreach', 'approved', 5, false, false, 'messages approved', true),
  ('outreach', 'running', 6, false, false, 'touches are sent', true),
  ('outreach', 'paused', 7, false, false, 'touches wait', true),
  ('outreach', 'exported', 8, false, false, 'handed over to another system', true),
  ('outreach', 'completed', 9, false, false, 'all sequences ended', true),
  ('outreach', 'archived', 10, false, true, 'kept for its history', true),
  ('enrollment', 'active', 1, true, false, 'has a next touch', true),
  ('enrollment', 'completed', 2, false, false, 'went through its last touch', true),
  ('enrollment', 'stopped', 3, false, true, 'ended by a stop', true);

INSERT INTO campaign.life_cycle_transitions (machine, from_state, to_state, description, seeded) VALUES
  ('outreach', 'draft', 'ready', NULL, true),
  ('outreach', 'draft', 'archived', NULL, true),
  ('outreach', 'ready', 'draft', NULL, true),
  ('outreach', 'ready', 'generating', NULL, true),
  ('outreach', 'ready', 'running', NULL, true),
  ('outreach', 'generating', 'review', NULL, true),
  ('outreach', 'generating', 'ready', 'cancel', true),
  ('outreach', 'review', 'approved', NULL, true),
  ('outreach', 'review', 'ready', NULL, true),
  ('outreach', 'approved', 'exported', NULL, true),
  ('outreach', 'approved', 'review', NULL, true),
  ('outreach', 'approved', 'running', NULL, true),
  ('outreach', 'running', 'paused', NULL, true),
  ('outreach', 'running', 'completed', NULL, true),
  ('outreach', 'paused', 'running', NULL, true),
  ('outreach', 'paused', 'completed', NULL, true),
  ('outreach', 'paused', 'archived', NULL, true),
  ('outreach', 'exported', 'archived', NULL, true),
  ('outreach', 'completed', 'archived', NULL, true),
  ('enrollment', 'active', 'completed', NULL, true),
  ('enrollment', 'active', 'stopped', NULL, true),
  ('enrollment', 'completed', 'active', 'reopened by retry_touch', true);

INSERT INTO campaign.access_privileges (level, privilege, object)
SELECT l.level, p.privilege, p.object
FROM (VALUES ('member'), ('worker'), ('admin')) l(level),
  (VALUES ('SELECT', 'TABLE campaign.life_cycle_states'),
    ('SELECT', 'TABLE campaign.life_cycle_transitions'),
    ('EXECUTE', 'FUNCTION campaign.allowed_transitions(text, text)'),
    ('EXECUTE', 'FUNCTION campaign.raise_unknown_life_cycle(text)'),
    ('EXECUTE', 'FUNCTION campaign.life_cycle_diagram(text)')) p(privilege, object)
UNION ALL VALUES
  ('member', 'SELECT', 'TABLE campaign.life_cycle_log'),
  ('member', 'EXECUTE', 'FUNCTION campaign.enforce_life_cycle()'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.enforce_life_cycle()'),
  ('admin', 'INSERT (machine, state, "position", is_initial, is_final, description)', 'TABLE campaign.life_cycle_states'),
  ('admin', 'UPDATE ("position", is_initial, is_final, description)', 'TABLE campaign.life_cycle_states'),
  ('admin', 'DELETE', 'TABLE campaign.life_cycle_states'),
  ('admin', 'INSERT (machine, from_state, to_state, description)', 'TABLE campaign.life_cycle_transitions'),
  ('admin', 'UPDATE (description)', 'TABLE campaign.life_cycle_transitions'),
  ('admin', 'DELETE', 'TABLE campaign.life_cycle_transitions');
