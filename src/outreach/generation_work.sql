-- Generation as workers see it: claim contacts, save what was written for them, or say why nothing was.

-- What a message can be made of, as the worker gets it.
CREATE FUNCTION campaign.generation_context(tenant uuid, contact uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN (
    SELECT jsonb_build_object('id', c.id, 'name', c.name, 'first_name', c.first_name, 'last_name', c.last_name, 'email', c.email,
             'linkedin_url', c.linkedin_url, 'language', c.language, 'timezone', c.timezone, 'job_title', c.job_title, 'seniority', c.seniority,
             'icp_fit', c.icp_fit, 'score', c.score, 'attributes', c.attributes,
             'stages', (SELECT coalesce(jsonb_object_agg(s.stage, s.status), '{}') FROM campaign.entity_stages s
                         WHERE s.tenant_id = tenant AND s.entity_kind = 'contact' AND s.entity_id = c.id),
             'company', (SELECT jsonb_build_object('id', o.id, 'name', o.name, 'domain', o.domain, 'tier', o.tier, 'industry', o.industry,
                                  'region', o.region, 'size', o.size, 'attributes', o.attributes,
                                  'stages', (SELECT coalesce(jsonb_object_agg(s.stage, s.status), '{}') FROM campaign.entity_stages s
                                              WHERE s.tenant_id = tenant AND s.entity_kind = 'company' AND s.entity_id = o.id))
                           FROM campaign.companies o WHERE o.tenant_id = tenant AND o.id = c.company_id))
      FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = contact);
END $$;
COMMENT ON FUNCTION campaign.generation_context(uuid, uuid) IS
'Internal: what is known of a contact and of his company.';

-- A job whose last contacts were excluded, or ran out of attempts, has nobody who would end it; and those who
-- were excluded are not passed over again and again.
CREATE FUNCTION campaign.finish_idle_generations(campaign uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  idle record;
BEGIN
  FOR idle IN
    SELECT j.tenant_id, j.campaign_id, j.id FROM campaign.generation_jobs j
     WHERE j.status = 'running' AND (campaign IS NULL OR j.campaign_id = campaign)
       AND coalesce(campaign.next_generation_status(j.tenant_id, j.campaign_id, j.id), 'excluded') = 'excluded'
  LOOP
    -- without waiting: whoever has the campaign ends the job himself, or the next claim does
    PERFORM FROM campaign.tenants t WHERE t.id = idle.tenant_id FOR KEY SHARE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    PERFORM FROM campaign.campaigns c WHERE c.tenant_id = idle.tenant_id AND c.id = idle.campaign_id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    CONTINUE WHEN NOT EXISTS (SELECT FROM campaign.generation_jobs j
                               WHERE j.tenant_id = idle.tenant_id AND j.id = idle.id AND j.status = 'running');
    -- each by itself: whatever keeps one from ending is in no other's way
    BEGIN
      PERFORM campaign.finish_generation(idle.tenant_id, idle.campaign_id, idle.id);
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'the generation of campaign "%" cannot be ended now: %', idle.campaign_id, SQLERRM
        USING ERRCODE = SQLSTATE, DETAIL = 'It is tried again with the next claim.';
    END;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.finish_idle_generations(uuid) IS
'Internal: looks after the jobs, of one campaign or of all, of which nobody is pending, or first of all somebody who was excluded; ends those in which nobody else is, and warns of one that cannot be ended.';

-- By the index of what is open, in order, and only as far as there is need.
CREATE FUNCTION campaign.take_generation_items(tenant uuid, job uuid, most integer)
RETURNS TABLE (contact uuid, contact_status text, attempts smallint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off AS $$
#variable_conflict use_variable
BEGIN
  RETURN QUERY
    SELECT i.contact_id, k.status, i.attempts
      FROM campaign.generation_items i
      JOIN campaign.campaign_contacts k ON k.tenant_id = i.tenant_id AND k.campaign_id = i.campaign_id AND k.contact_id = i.contact_id
     WHERE i.tenant_id = tenant AND i.job_id = job AND i.outcome IS NULL AND i.lease_until <= clock_timestamp()
       AND k.tenant_id = tenant AND k.status <> 'excluded'
     ORDER BY i.contact_id LIMIT most FOR NO KEY UPDATE SKIP LOCKED;
END $$;
COMMENT ON FUNCTION campaign.take_generation_items(uuid, uuid, integer) IS
'Internal: locks items of a job that nobody holds, with the rows of their contacts, skipping what is locked.';

CREATE FUNCTION campaign.claim_generation(worker text, max_contacts integer DEFAULT 10, campaign uuid DEFAULT NULL, lease interval DEFAULT '10 minutes')
RETURNS TABLE (lease_token text, tenant_id uuid, campaign_id uuid, contact_id uuid, attempt smallint, lease_until timestamptz,
  contact jsonb, steps jsonb, generation_config jsonb)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  new_end timestamptz := campaign.lease_end(coalesce(lease, '10 minutes'));
  job record;
  item record;
  spent boolean;
  new_fence bigint;
BEGIN
  PERFORM campaign.require_read_committed('claim_generation()');
  PERFORM campaign.require_armed_cluster('claim_generation()');
  IF worker IS NULL OR btrim(worker) = '' OR length(worker) > 255 THEN
    RAISE EXCEPTION 'worker needs a name'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A name has 1 to 255 characters.',
            HINT = 'Pass what tells this process from the others.';
  ELSIF max_contacts IS NULL OR max_contacts NOT BETWEEN 1 AND 1000 THEN
    RAISE EXCEPTION 'max_contacts is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A claim takes 1 to 1000 contacts.',
            HINT = 'Claim what can be written before the lease ends.';
  END IF;
  PERFORM campaign.finish_idle_generations(campaign);
  -- by lot, so that no job waits behind another one
  FOR job IN
    SELECT j.tenant_id, j.id, j.campaign_id, o.max_attempts, o.generation_config::jsonb AS config
      FROM campaign.generation_jobs j
      JOIN campaign.outreach_campaigns o ON o.tenant_id = j.tenant_id AND o.campaign_id = j.campaign_id
     WHERE j.status = 'running' AND (campaign IS NULL OR j.campaign_id = campaign)
     ORDER BY random()
  LOOP
    tenant_id := job.tenant_id;
    campaign_id := job.campaign_id;
    lease_until := new_end;
    generation_config := campaign.normalize_generation_config(job.config);
    steps := NULL;
    -- who has run out of attempts takes nobody's place
    LOOP
      spent := false;
      FOR item IN SELECT t.* FROM campaign.take_generation_items(job.tenant_id, job.id, max_contacts) t LOOP
        IF item.attempts >= job.max_attempts THEN
          UPDATE campaign.generation_items i
             SET outcome = 'failed', ended_at = now_time, lease_until = '-infinity', error = format('%s leases ended without a report', item.attempts)
           WHERE i.tenant_id = job.tenant_id AND i.job_id = job.id AND i.contact_id = item.contact;
          UPDATE campaign.campaign_contacts k SET status = 'failed', error = format('%s leases ended without a report', item.attempts)
           WHERE k.tenant_id = job.tenant_id AND k.campaign_id = job.campaign_id AND k.contact_id = item.contact AND k.status = 'generating';
          spent := true;
          CONTINUE;
        END IF;
        new_fence := campaign.lease_fence();
        UPDATE campaign.generation_items i SET lease_until = new_end, fence = new_fence, worker = worker, attempts = item.attempts + 1
         WHERE i.tenant_id = job.tenant_id AND i.job_id = job.id AND i.contact_id = item.contact;
        IF item.contact_status NOT IN ('generating', 'generated') THEN
          UPDATE campaign.campaign_contacts k SET status = 'generating', error = NULL
           WHERE k.tenant_id = job.tenant_id AND k.campaign_id = job.campaign_id AND k.contact_id = item.contact;
        END IF;
        IF steps IS NULL THEN
          SELECT jsonb_agg(s.document ORDER BY s.touch_number) INTO steps FROM campaign.generation_steps(job.tenant_id, job.campaign_id) s;
        END IF;
        contact_id := item.contact;
        attempt := item.attempts + 1;
        contact := campaign.generation_context(job.tenant_id, item.contact);
        lease_token := campaign.lease_token(job.tenant_id, job.id, item.contact, new_fence);
        max_contacts := max_contacts - 1;
        RETURN NEXT;
      END LOOP;
      EXIT WHEN NOT spent OR max_contacts = 0;
    END LOOP;
    EXIT WHEN max_contacts = 0;
  END LOOP;
  PERFORM campaign.force_sync_commit();
END $$;
COMMENT ON FUNCTION campaign.claim_generation(text, integer, uuid, interval) IS
'Takes contacts to write messages for, of one campaign or of any, for the time of the lease (1 s to 24 hours): for each the token, what is known of the contact, the steps (touch_number, channel, label, config, limits, variants, and the text that the step has), and the campaign''s generation_config with its defaults. Each is ended with save_generated() or fail_generation(); a lease that ends before is claimed again, outreach_campaigns.max_attempts times. Nothing waits: no row means nothing to do. Raises 22023, 25000 above READ COMMITTED, 55000 where campaign.clone_guard refuses.';

CREATE FUNCTION campaign.lock_generation_lease(token text,
  OUT job campaign.generation_jobs, OUT contact uuid, OUT fence bigint, OUT is_current boolean, OUT was_excluded boolean, OUT fate text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  said record := campaign.decode_lease_token(token);
  item campaign.generation_items;
  contact_status text;
BEGIN
  PERFORM campaign.require_read_committed('reporting of a generation');
  contact := said.item_id;
  fence := said.fence;
  SELECT j.* INTO job FROM campaign.generation_jobs j WHERE j.tenant_id = said.tenant_id AND j.id = said.queue_id;
  IF job.id IS NOT NULL THEN
    PERFORM campaign.lock_tenant_key(job.tenant_id);
    PERFORM FROM campaign.campaigns c WHERE c.tenant_id = job.tenant_id AND c.id = job.campaign_id FOR NO KEY UPDATE;
    -- an erasure is waited for, or waits
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = job.tenant_id AND c.id = contact FOR KEY SHARE;
    SELECT i.* INTO item FROM campaign.generation_items i
     WHERE i.tenant_id = job.tenant_id AND i.job_id = job.id AND i.contact_id = contact FOR NO KEY UPDATE;
    SELECT k.status INTO contact_status FROM campaign.campaign_contacts k
     WHERE k.tenant_id = job.tenant_id AND k.campaign_id = job.campaign_id AND k.contact_id = contact FOR NO KEY UPDATE;
  END IF;
  -- 0 is the fence of an item that nobody holds, and of no lease
  is_current := coalesce(item.outcome IS NULL AND item.fence = fence AND fence <> 0, false);
  was_excluded := coalesce(item.fence = fence AND fence <> 0 AND coalesce(item.outcome, contact_status) = 'excluded', false);
  fate := CASE WHEN item.job_id IS NULL THEN 'The contact, or the campaign, was deleted.'
               WHEN item.outcome IS NOT NULL THEN format('It has ended: %s.', item.outcome)
               ELSE 'The lease has ended, and the contact was claimed again or given back.' END;
END $$;
COMMENT ON FUNCTION campaign.lock_generation_lease(text) IS
'Internal: locks the campaign and item of a token and says whether the lease is current, and whether the contact was excluded under it (the item may have ended then); raises 22023 for what is no token, 25000.';

CREATE FUNCTION campaign.raise_generation_lease_lost(fate text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'lease is lost'
    USING ERRCODE = 'CP004',
          DETAIL = fate,
          HINT = 'Nothing was saved. Hand in what it has cost with campaign.fail_generation(), and claim again.';
END $$;
COMMENT ON FUNCTION campaign.raise_generation_lease_lost(text) IS
'Internal: raises CP004.';

CREATE FUNCTION campaign.write_generated_message(job campaign.generation_jobs, contact uuid, touch smallint, channel text, variant text,
  subject text, body text, body_html text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  new_id uuid := campaign.uuid_v7();
  old campaign.messages;
BEGIN
  SELECT m.* INTO old FROM campaign.messages m
   WHERE m.tenant_id = job.tenant_id AND m.campaign_id = job.campaign_id AND m.contact_id = contact
     AND m.touch_number = touch AND m.variant = variant FOR NO KEY UPDATE;
  IF old.sent_at IS NOT NULL THEN
    RETURN false;
  ELSIF old.id IS NOT NULL THEN
    -- the step may be of another channel by now
    UPDATE campaign.messages m SET plan_version = job.plan_version, channel = channel, subject = subject, body = body, body_html = body_html
     WHERE m.tenant_id = job.tenant_id AND m.id = old.id;
    PERFORM campaign.add_message_version(job.tenant_id, old.id, 'regenerated', subject, body, body_html, NULL, NULL);
    RETURN true;
  END IF;
  INSERT INTO campaign.messages (tenant_id, id, campaign_id, contact_id, touch_number, variant, plan_version, channel, subject, body, body_html, created_at, changed_at)
  VALUES (job.tenant_id, new_id, job.campaign_id, contact, touch, variant, job.plan_version, channel, subject, body, body_html, now_time, now_time);
  INSERT INTO campaign.message_versions (tenant_id, message_id, version, origin, subject, body, body_html, author, at)
  VALUES (job.tenant_id, new_id, 1, 'generated', subject, body, body_html, campaign.current_member(), now_time);
  RETURN true;
END $$;
COMMENT ON FUNCTION campaign.write_generated_message(campaign.generation_jobs, uuid, smallint, text, text, text, text, text) IS
'Internal: writes a message, or a new version of it that is to be reviewed; false if it was sent, which stays as it is.';

CREATE FUNCTION campaign.write_generated_messages(job campaign.generation_jobs, contact uuid, messages jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  entry record;
  touches smallint[];
  channels text[];
  variants smallint[];
  step integer;
  written integer := 0;
  places text[] := '{}';
BEGIN
  PERFORM campaign.require_object_list(messages, 'messages', '{touch_number,variant,subject,body,body_html}');
  IF messages = '[]' THEN
    RAISE EXCEPTION 'no message is handed in'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A contact without a message is not generated.',
            HINT = 'Call campaign.fail_generation() and say why.';
  END IF;
  SELECT array_agg(s.touch_number ORDER BY s.touch_number), array_agg(s.channel ORDER BY s.touch_number), array_agg(s.variants ORDER BY s.touch_number)
    INTO touches, channels, variants
    FROM campaign.generation_steps(job.tenant_id, job.campaign_id) s;
  FOR entry IN
    SELECT m.place - 1 AS place, m.entry -> 'touch_number' AS touch, coalesce(m.entry -> 'variant', '"a"') AS variant,
           m.entry ->> 'subject' AS subject, m.entry ->> 'body' AS body, m.entry ->> 'body_html' AS body_html,
           (SELECT k.key FROM jsonb_each(m.entry) k WHERE k.key IN ('subject', 'body', 'body_html') AND jsonb_typeof(k.value) NOT IN ('string', 'null')
             ORDER BY k.key LIMIT 1) AS faulty
      FROM jsonb_array_elements(messages) WITH ORDINALITY m(entry, place) ORDER BY m.place
  LOOP
    IF entry.faulty IS NOT NULL THEN
      PERFORM campaign.raise_list_fault('messages', entry.place, entry.faulty, 'must be a string');
    ELSIF campaign.amount_within(entry.touch, 32767, true) IS NOT TRUE THEN
      PERFORM campaign.raise_list_fault('messages', entry.place, 'touch_number', 'must be the number of a step');
    ELSIF entry.variant NOT IN ('"a"', '"b"', '"c"') THEN
      PERFORM campaign.raise_list_fault('messages', entry.place, 'variant', 'must be a, b or c');
    END IF;
    step := array_position(touches, (entry.touch #>> '{}')::numeric::smallint);
    IF step IS NULL THEN
      RAISE EXCEPTION 'there is no step % to write for', entry.touch #>> '{}'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('The steps are %s.', (SELECT string_agg(format('%s (%s)', s.touch, s.channel), ', ' ORDER BY s.touch)
                                                      FROM unnest(touches, channels) s(touch, channel))),
              HINT = 'Write for the steps that the claim returned.';
    ELSIF ascii(entry.variant #>> '{}') - ascii('a') >= variants[step] THEN
      RAISE EXCEPTION 'step % has no variant %', touches[step], entry.variant #>> '{}'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('It has %s.', CASE variants[step] WHEN 1 THEN 'variant a' ELSE 'variants a to ' || chr(ascii('a') + variants[step] - 1) END),
              HINT = 'Write the variants that the claim returned; variant_count of the step, or of generation_config, says how many.';
    ELSIF concat(touches[step], entry.variant) = ANY (places) THEN
      RAISE EXCEPTION 'step % has two messages of variant %', touches[step], entry.variant #>> '{}'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = 'One of them would replace the other.',
              HINT = 'Hand in one message for each step and variant.';
    END IF;
    places := places || concat(touches[step], entry.variant);
    IF campaign.write_generated_message(job, contact, touches[step], channels[step], entry.variant #>> '{}', entry.subject, entry.body, entry.body_html) THEN
      written := written + 1;
    END IF;
  END LOOP;
  -- what an earlier generation wrote for a step or variant that there is no more would be counted, and sent
  UPDATE campaign.messages m
     SET status = 'rejected', review_notes = 'the steps do not ask for it any more', approved_by = NULL, approved_at = NULL, changed_at = now_time
   WHERE m.tenant_id = job.tenant_id AND m.campaign_id = job.campaign_id AND m.contact_id = contact AND m.status IN ('draft', 'approved')
     AND NOT EXISTS (SELECT FROM unnest(touches, channels, variants) s(touch, channel, variants)
                      WHERE s.touch = m.touch_number AND s.channel = m.channel AND ascii(m.variant) - ascii('a') < s.variants);
  RETURN written;
END $$;
COMMENT ON FUNCTION campaign.write_generated_messages(campaign.generation_jobs, uuid, jsonb) IS
'Internal: checks and writes the messages of a contact, and rejects those of his for which there is no step or variant any more; returns how many it wrote. Raises CP003, 22023, 23514.';

CREATE FUNCTION campaign.end_generation_item(job campaign.generation_jobs, contact uuid, outcome text, error text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.generation_items i SET outcome = outcome, error = error, ended_at = now_time, lease_until = '-infinity'
   WHERE i.tenant_id = job.tenant_id AND i.job_id = job.id AND i.contact_id = contact;
  -- who has messages keeps them: he fails only where none were written
  UPDATE campaign.campaign_contacts k
     SET status = CASE WHEN k.status = 'generating' THEN outcome ELSE k.status END, error = error,
         generated_at = CASE outcome WHEN 'generated' THEN now_time ELSE k.generated_at END
   WHERE k.tenant_id = job.tenant_id AND k.campaign_id = job.campaign_id AND k.contact_id = contact
     AND outcome IN ('generated', 'failed') AND k.status <> 'excluded';
  PERFORM campaign.finish_generation(job.tenant_id, job.campaign_id, job.id);
END $$;
COMMENT ON FUNCTION campaign.end_generation_item(campaign.generation_jobs, uuid, text, text) IS
'Internal: ends a locked item, and the job if it was the last one.';

CREATE FUNCTION campaign.save_generated(lease_token text, messages jsonb, costs jsonb DEFAULT '[]') RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  held record := campaign.lock_generation_lease(lease_token);
  job campaign.generation_jobs := held.job;
  result text := CASE WHEN held.was_excluded THEN 'excluded' ELSE 'generated' END;
BEGIN
  IF NOT (held.is_current OR held.was_excluded) THEN
    PERFORM campaign.raise_generation_lease_lost(held.fate);
  END IF;
  PERFORM campaign.record_generation_costs(job.tenant_id, job.campaign_id, job.id, held.contact, held.fence, costs);
  IF result = 'generated' THEN
    PERFORM campaign.write_generated_messages(job, held.contact, messages);
  END IF;
  IF held.is_current THEN
    PERFORM campaign.end_generation_item(job, held.contact, result, NULL);
  END IF;
  PERFORM campaign.force_sync_commit();
  RETURN result;
END $$;
COMMENT ON FUNCTION campaign.save_generated(text, jsonb, jsonb) IS
'Saves what was written for a claimed contact, and what it has cost: messages [{touch_number, variant (default a), subject, body, body_html}], costs [{model, tokens_in, tokens_out, usd, touch_number, variant}]. A message that there is already gets a new version that is to be reviewed, and one for which there is no step or variant any more is rejected; one that was sent stays as it is. Returns generated, or excluded if the contact was excluded meanwhile: then only the costs are kept. The last one takes the campaign to review. All or nothing: what is refused is handed to fail_generation() with its costs. Raises CP004 if the lease is lost, CP003 for a bad list or text, 22023 for what is no token and for a step or variant that there is not, 23514 for a text that the channel does not take, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.fail_generation(lease_token text, error text, costs jsonb DEFAULT '[]') RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  held record := campaign.lock_generation_lease(lease_token);
  job campaign.generation_jobs := held.job;
  result text := CASE WHEN held.was_excluded THEN 'excluded' WHEN held.is_current THEN 'failed' ELSE 'lease_lost' END;
BEGIN
  IF coalesce(btrim(error), '') = '' THEN
    RAISE EXCEPTION 'a failure needs an error'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is what people see of the contact.',
            HINT = 'Pass what the model or its provider has answered.';
  ELSIF job.id IS NULL THEN
    PERFORM campaign.raise_generation_lease_lost(held.fate);
  END IF;
  -- spent is spent, whatever has become of the lease
  PERFORM campaign.record_generation_costs(job.tenant_id, job.campaign_id, job.id, held.contact, held.fence, costs);
  IF held.is_current THEN
    -- of somebody who is excluded, be it by an erasure, nothing is told
    PERFORM campaign.end_generation_item(job, held.contact, result, CASE result WHEN 'failed' THEN left(error, 2000) END);
  END IF;
  PERFORM campaign.force_sync_commit();
  RETURN result;
END $$;
COMMENT ON FUNCTION campaign.fail_generation(text, text, jsonb) IS
'Says why nothing was written for a claimed contact, and what it has cost all the same. The contact fails, with this error (its first 2000 characters), until it is tried again: retry_generation(). Returns failed, excluded, or lease_lost: also then the costs are kept, once for each lease, so that a call whose answer was lost may be repeated. Raises CP004 if the campaign was purged, CP003 for a bad list, 22023 without an error and for what is no token, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.extend_generation(lease_token text, lease interval) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  held record := campaign.lock_generation_lease(lease_token);
  job campaign.generation_jobs := held.job;
  -- the wall clock is read after the wait for the locks
  new_end timestamptz := campaign.lease_end(coalesce(lease, '10 minutes'));
BEGIN
  UPDATE campaign.generation_items i SET lease_until = new_end
   WHERE held.is_current AND i.tenant_id = job.tenant_id AND i.job_id = job.id AND i.contact_id = held.contact
     AND i.lease_until > clock_timestamp();
  IF NOT FOUND THEN
    PERFORM campaign.raise_generation_lease_lost('The lease has ended, or the contact was reported, given back or cancelled.');
  END IF;
  RETURN new_end;
END $$;
COMMENT ON FUNCTION campaign.extend_generation(text, interval) IS
'Makes a live lease on a contact last for the given time from now; returns its new end. Raises CP004 if it is lost or has ended, 22023 for what is no token, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.release_generation(lease_token text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  held record := campaign.lock_generation_lease(lease_token);
  job campaign.generation_jobs := held.job;
BEGIN
  UPDATE campaign.generation_items i SET lease_until = '-infinity', fence = 0, worker = NULL, attempts = i.attempts - 1
   WHERE held.is_current AND i.tenant_id = job.tenant_id AND i.job_id = job.id AND i.contact_id = held.contact;
  IF NOT FOUND THEN
    PERFORM campaign.raise_generation_lease_lost('The contact was reported, given back, cancelled or claimed again.');
  END IF;
END $$;
COMMENT ON FUNCTION campaign.release_generation(text) IS
'Gives a contact for whom nothing was written back, the attempt not counted. Raises CP004 if the lease is lost, 22023 for what is no token, 25000 above READ COMMITTED.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('worker', 'EXECUTE', 'FUNCTION campaign.claim_generation(text, integer, uuid, interval)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.save_generated(text, jsonb, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.fail_generation(text, text, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.extend_generation(text, interval)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.release_generation(text)');
