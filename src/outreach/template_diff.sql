-- What an editor must know of two versions of a document: steps that came, went, moved or changed.

CREATE FUNCTION campaign.changed_fields(old jsonb, new jsonb)
RETURNS TABLE (field text, old_value jsonb, new_value jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT f.field, $1 -> f.field, $2 -> f.field
    FROM jsonb_object_keys(coalesce($1, '{}') || coalesce($2, '{}')) AS f(field)
   WHERE $1 -> f.field IS DISTINCT FROM $2 -> f.field
     AND ($1 IS NOT NULL AND $2 IS NOT NULL
          OR (f.field, coalesce($1, $2) -> f.field) NOT IN (('variant_count', '1'), ('enabled', 'true'))
             AND (coalesce($1, $2) -> f.field NOT IN ('false', '[]', '{}', '"always"', '"advance"') OR f.field = 'enabled'));
END;
COMMENT ON FUNCTION campaign.changed_fields(jsonb, jsonb) IS
'Internal: the fields in which two steps differ. Of a step that comes or goes, the other being NULL, those that say something: what is absent or at its default does not.';

-- Steps have no identity, so they are matched by what they say: in their order, so that as much as
-- possible stays the same, and then, of those left over, by the same message at another place.
CREATE FUNCTION campaign.match_steps(old_steps jsonb[], new_steps jsonb[])
RETURNS TABLE (old_place integer, new_place integer, moved boolean)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  m constant integer := coalesce(cardinality(old_steps), 0);
  n constant integer := coalesce(cardinality(new_steps), 0);
  w constant integer := n + 1;
  score integer[];
  same boolean[];
  -- the best that the first i old and the first j new steps can have in common, at i * w + j + 1
  best integer[] := array_fill(0, ARRAY[(m + 1) * w]);
  partner integer[] := array_fill(0, ARRAY[m + 1]);
  taken boolean[] := array_fill(false, ARRAY[n + 1]);
  i integer;
  j integer;
  k integer;
BEGIN
  -- texts are long: each is read once and compared by its hash
  WITH steps AS MATERIALIZED (
    SELECT s.is_old, s.place, md5(s.step::text) AS everything, s.step ->> 'channel' AS channel, s.step ->> 'label' AS label,
           s.step -> 'delay_hours' AS delay,
           md5((SELECT string_agg(t.key || t.value, '|' ORDER BY t.key) FROM jsonb_each_text(s.step) t
                 WHERE t.key IN ('template_id', 'subject', 'body_html', 'body_text'))) AS message
      FROM (SELECT true AS is_old, u.step, u.place FROM unnest(old_steps) WITH ORDINALITY AS u(step, place)
             UNION ALL SELECT false, u.step, u.place FROM unnest(new_steps) WITH ORDINALITY AS u(step, place)) s
  ), twins AS (
    -- what is there unchanged is nothing else changed
    SELECT s.*, EXISTS (SELECT FROM steps t WHERE t.is_old <> s.is_old AND t.everything = s.everything) AS has_twin FROM steps s
  )
  SELECT array_agg(CASE WHEN o.everything = p.everything THEN 24
                        WHEN o.has_twin OR p.has_twin THEN 0
                        ELSE 8 * (o.channel = p.channel)::integer + 8 * coalesce(o.message = p.message, false)::integer
                           + 4 * (o.label = p.label)::integer + (o.delay = p.delay)::integer END ORDER BY o.place, p.place),
         array_agg(o.everything = p.everything
                   OR NOT o.has_twin AND NOT p.has_twin AND o.channel = p.channel
                      AND (o.message = p.message OR o.label = p.label AND o.message IS NOT DISTINCT FROM p.message) ORDER BY o.place, p.place)
    INTO score, same
    FROM twins o JOIN twins p ON o.is_old AND NOT p.is_old;

  FOR i IN 1 .. m LOOP
    FOR j IN 1 .. n LOOP
      k := (i - 1) * n + j;
      best[i * w + j + 1] := greatest(best[(i - 1) * w + j] + score[k], best[(i - 1) * w + j + 1], best[i * w + j]);
    END LOOP;
  END LOOP;
  i := m;
  j := n;
  WHILE i > 0 AND j > 0 LOOP
    k := (i - 1) * n + j;
    IF score[k] > 0 AND best[i * w + j + 1] = best[(i - 1) * w + j] + score[k] THEN
      partner[i] := j;
      taken[j] := true;
      i := i - 1;
      j := j - 1;
    ELSIF best[i * w + j + 1] = best[(i - 1) * w + j + 1] THEN
      i := i - 1;
    ELSE
      j := j - 1;
    END IF;
  END LOOP;

  FOR i IN 1 .. m LOOP
    old_place := i;
    new_place := nullif(partner[i], 0);
    moved := false;
    IF new_place IS NULL THEN
      SELECT c INTO new_place FROM generate_series(1, n) c
       WHERE NOT taken[c] AND same[(i - 1) * n + c] ORDER BY score[(i - 1) * n + c] DESC, c LIMIT 1;
      moved := new_place IS NOT NULL;
      IF moved THEN
        taken[new_place] := true;
      END IF;
    END IF;
    RETURN NEXT;
  END LOOP;
  RETURN QUERY SELECT NULL::integer, c, false FROM generate_series(1, n) c WHERE NOT taken[c];
END $$;
COMMENT ON FUNCTION campaign.match_steps(jsonb[], jsonb[]) IS
'Internal: which step became which, by their places from 1; NULL for one that came or went. moved: the order is another one.';

-- A delay in days is compared with one in hours as the hours that it is.
CREATE FUNCTION campaign.diff_template_config(a jsonb, b jsonb)
RETURNS TABLE (change text, old_step smallint, new_step smallint, path text, old jsonb, new jsonb)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  old_steps constant jsonb[] := ARRAY(SELECT s.step - 'step' FROM jsonb_array_elements(campaign.normalize_template_config(a)) WITH ORDINALITY AS s(step, place) ORDER BY s.place);
  new_steps constant jsonb[] := ARRAY(SELECT s.step - 'step' FROM jsonb_array_elements(campaign.normalize_template_config(b)) WITH ORDINALITY AS s(step, place) ORDER BY s.place);
  old_hours jsonb[];
  new_hours jsonb[];
BEGIN
  SELECT array_agg(CASE WHEN h.is_old THEN h.step END ORDER BY h.place) FILTER (WHERE h.is_old),
         array_agg(CASE WHEN NOT h.is_old THEN h.step END ORDER BY h.place) FILTER (WHERE NOT h.is_old)
    INTO old_hours, new_hours
    FROM (SELECT s.is_old, s.place,
                 CASE WHEN s.step ? 'day_offset' THEN jsonb_set(s.step - 'day_offset', '{delay_hours}', to_jsonb((s.step ->> 'day_offset')::integer * 24))
                      ELSE s.step END AS step
            FROM (SELECT true AS is_old, u.step, u.place FROM unnest(old_steps) WITH ORDINALITY AS u(step, place)
                   UNION ALL SELECT false, u.step, u.place FROM unnest(new_steps) WITH ORDINALITY AS u(step, place)) s) h;
  RETURN QUERY
  WITH pair AS MATERIALIZED (
    SELECT p.old_place::smallint AS old_place, p.new_place::smallint AS new_place, p.moved,
           CASE WHEN old_steps[p.old_place] ? 'day_offset' = (new_steps[p.new_place] ? 'day_offset') THEN old_steps[p.old_place] ELSE old_hours[p.old_place] END AS o,
           CASE WHEN old_steps[p.old_place] ? 'day_offset' = (new_steps[p.new_place] ? 'day_offset') THEN new_steps[p.new_place] ELSE new_hours[p.new_place] END AS n
      FROM campaign.match_steps(old_hours, new_hours) p
  ), difference AS (
    SELECT CASE WHEN p.old_place IS NULL THEN 'added' ELSE 'removed' END AS change, p.old_place, p.new_place,
           format('$[%s]', coalesce(p.new_place, p.old_place) - 1) AS path,
           CASE WHEN p.new_place IS NULL THEN s.step END AS old, CASE WHEN p.old_place IS NULL THEN s.step END AS new, 1 AS part, NULL::text AS field
      FROM pair p
     CROSS JOIN LATERAL (SELECT jsonb_object_agg(f.field, coalesce(f.new_value, f.old_value)) AS step
                           FROM campaign.changed_fields(old_steps[p.old_place], new_steps[p.new_place]) f) s
     WHERE p.old_place IS NULL OR p.new_place IS NULL
     UNION ALL
    SELECT 'moved', p.old_place, p.new_place, format('$[%s].step', p.new_place - 1), to_jsonb(p.old_place), to_jsonb(p.new_place), 2, NULL
      FROM pair p WHERE p.moved
     UNION ALL
    SELECT 'changed', p.old_place, p.new_place, format('$[%s].%s', p.new_place - 1, f.field), f.old_value, f.new_value, 3, f.field
      FROM pair p
     CROSS JOIN LATERAL (
       SELECT c.field, c.old_value, c.new_value FROM campaign.changed_fields(p.o - 'config', p.n - 'config') c
        UNION ALL
       SELECT 'config.' || c.field, c.old_value, c.new_value
         FROM campaign.changed_fields(coalesce(p.o -> 'config', '{}'), coalesce(p.n -> 'config', '{}')) c) f
     WHERE p.old_place IS NOT NULL AND p.new_place IS NOT NULL
  )
  SELECT d.change, d.old_place, d.new_place, d.path, d.old, d.new
    FROM difference d
   ORDER BY coalesce(d.new_place, d.old_place), d.part, d.old_place NULLS LAST,
            array_position('{channel,label,enabled,delay_hours,day_offset}'::text[], d.field), d.field COLLATE "C";
END $$;
COMMENT ON FUNCTION campaign.diff_template_config(jsonb, jsonb) IS
'What differs between two documents, both in normal form, so that a default that is spelled out is no difference: a row for each step that was added (new: what it says), removed (old) or moved behind or before others (the old and new number), and for each key that changed, with the path in the new document, of a removed step in the old one. NULL stands for no steps. Raises CP003 for an invalid document.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.diff_template_config(jsonb, jsonb)');
