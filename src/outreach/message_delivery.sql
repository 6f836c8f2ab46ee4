-- Delivery: which message a contact gets, and how its status follows the log and the events.
-- Whoever sets a message sent holds its enrolment and queue row, so that nobody reviews it meanwhile.

CREATE FUNCTION campaign.contact_variant(contact uuid, variants text[], statuses text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own integer := 1 + (uuid_hash_extended(contact, 0) & 9223372036854775807) % cardinality(variants);
  choice integer;
BEGIN
  SELECT min(s.place) INTO choice FROM unnest(statuses) WITH ORDINALITY s(status, place) WHERE s.status IN ('sent', 'delivered', 'replied');
  IF choice IS NULL AND statuses[own] = 'rejected' THEN
    choice := coalesce(array_position(statuses, 'approved'), array_position(statuses, 'draft'));
  END IF;
  RETURN variants[coalesce(choice, own)];
END $$;
COMMENT ON FUNCTION campaign.contact_variant(uuid, text[], text[]) IS
'Internal: which of the variants of a step (in order, with their statuses) a contact gets, as the engine chooses: what was sent; else the one that his id stands for; if that was rejected, the first that is approved or waits for review.';

CREATE FUNCTION campaign.messages_were_sent(tenants uuid[], messages uuid[], enrollments uuid[], times timestamptz[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.messages m SET status = 'sent', sent_at = s.at, changed_at = now_time
    FROM unnest(tenants, messages, times) s(tenant, message, at)
   WHERE m.tenant_id = s.tenant AND m.id = s.message AND m.status = 'approved';
  -- what was told of them before their report
  UPDATE campaign.messages m SET status = e.kind, changed_at = now_time
    FROM (SELECT o.tenant_id, o.id, max(v.kind) AS kind
            FROM unnest(tenants, messages, enrollments) s(tenant, message, enrollment)
            JOIN campaign.touch_events v ON v.tenant_id = s.tenant AND v.enrollment_id = s.enrollment AND v.kind IN ('delivered', 'replied')
            JOIN campaign.messages o ON o.tenant_id = s.tenant AND o.id = s.message AND o.touch_number = v.touch_number
           WHERE v.kind = 'delivered' OR NOT v.is_machine
           GROUP BY o.tenant_id, o.id) e
   WHERE m.tenant_id = e.tenant_id AND m.id = e.id AND m.status = 'sent';
END $$;
COMMENT ON FUNCTION campaign.messages_were_sent(uuid[], uuid[], uuid[], timestamptz[]) IS
'Internal: sets approved messages sent, or what has become of them since; those in another status stay as they are. The lists are side by side.';

CREATE FUNCTION campaign.follow_message(v campaign.touch_events) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  IF v.touch_number IS NULL OR NOT (v.kind = 'delivered' OR v.kind = 'replied' AND NOT v.is_machine) THEN
    RETURN;
  END IF;
  UPDATE campaign.messages m SET status = v.kind, changed_at = now_time
   WHERE m.tenant_id = v.tenant_id AND m.campaign_id = v.campaign_id AND m.contact_id = v.contact_id AND m.touch_number = v.touch_number
     AND (m.status = 'sent' OR m.status = 'delivered' AND v.kind = 'replied');
END $$;
COMMENT ON FUNCTION campaign.follow_message(campaign.touch_events) IS
'Internal: the message that an event is about, if it was sent, becomes delivered or replied.';

-- Locks in order: tenant and campaign, contact, enrolment, queue row, message.
CREATE FUNCTION campaign.lock_message_to_send(message uuid, OUT target campaign.messages, OUT campaign_status text, OUT enrollment uuid, OUT is_leased boolean)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  SELECT m.* INTO target FROM campaign.messages m WHERE m.tenant_id = ANY (campaign.writable_tenants()) AND m.id = message;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'message % does not exist', coalesce('"' || message || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a message with this id.',
            HINT = 'Check the id; a message of another tenant is not found.';
  END IF;
  SELECT l.status INTO campaign_status FROM campaign.lock_outreach_campaign(target.campaign_id) l;
  PERFORM FROM campaign.contacts c WHERE c.tenant_id = target.tenant_id AND c.id = target.contact_id FOR KEY SHARE;
  PERFORM campaign.refuse_erased(target.tenant_id, target.contact_id);
  SELECT e.id INTO enrollment FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = target.tenant_id AND e.contact_id = target.contact_id AND e.campaign_id = target.campaign_id AND e.status = 'active'
     FOR NO KEY UPDATE;
  PERFORM FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
   WHERE e.tenant_id = target.tenant_id AND e.contact_id = target.contact_id AND e.campaign_id = target.campaign_id AND q.tenant_id = target.tenant_id
     FOR UPDATE OF q;
  -- also what was stopped in a worker's hands
  is_leased := EXISTS (
    SELECT FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
     WHERE e.tenant_id = target.tenant_id AND e.contact_id = target.contact_id AND e.campaign_id = target.campaign_id AND q.tenant_id = target.tenant_id
       AND q.touch_number = target.touch_number AND (q.lease_until > clock_timestamp() OR q.flags & 1 = 1));
  SELECT m.* INTO target FROM campaign.messages m WHERE m.tenant_id = target.tenant_id AND m.id = message FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION campaign.lock_message_to_send(uuid) IS
'Internal: locks a message of the caller''s writable tenants with all that its being sent changes, and returns it with the status of its campaign, the live enrolment of its contact there, and whether a worker has its touch. Raises P0002, and CP002 for a contact that was erased.';

CREATE FUNCTION campaign.require_sendable_message(message campaign.messages, campaign_status text, is_leased boolean, channel text, sent_at timestamptz,
  provider_id text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT isfinite(sent_at) OR octet_length(provider_id) > 1000 THEN
    RAISE EXCEPTION 'sent_at or provider_id is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A time is finite, and an id has at most 1000 bytes.',
            HINT = 'Leave sent_at out for now, and provider_id out if there is none.';
  ELSIF channel <> message.channel THEN
    RAISE EXCEPTION 'message "%" is written for another channel', message.id
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('Its channel is %s.', message.channel),
            HINT = 'What was sent in another way is logged with campaign.log_send().';
  ELSIF message.sent_at IS NOT NULL THEN
    RAISE EXCEPTION 'message "%" was sent', message.id
      USING ERRCODE = 'CP002',
            DETAIL = format('It was sent at %s.', message.sent_at),
            HINT = 'Nothing is left to do.';
  ELSIF message.status <> 'approved' THEN
    RAISE EXCEPTION 'message "%" is not approved', message.id
      USING ERRCODE = 'CP002',
            DETAIL = format('Its status is "%s".', message.status),
            HINT = 'Approve it with campaign.review_messages(), or log what was sent with campaign.log_send().';
  ELSIF campaign_status NOT IN ('approved', 'exported', 'running', 'paused', 'completed') THEN
    RAISE EXCEPTION 'messages of a campaign in status "%" are not sent', campaign_status
      USING ERRCODE = 'CP002',
            DETAIL = 'They are sent from approved on, until the campaign is archived.',
            HINT = 'Approve the campaign first.';
  ELSIF is_leased THEN
    RAISE EXCEPTION 'message "%" is being sent', message.id
      USING ERRCODE = 'CP002',
            DETAIL = 'A worker has claimed its touch.',
            HINT = 'Wait for its report; campaign.uncertain_touches tells of what was never reported.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_sendable_message(campaign.messages, text, boolean, text, timestamptz, text) IS
'Internal: raises CP002 for a message that a person cannot have sent just now, 22023 for what makes no sense of the send.';

-- The values of placeholders where no worker renders: links are signed for enrolments, and have none here
-- but the tenant's own page.
CREATE FUNCTION campaign.message_values(message campaign.messages) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_strip_nulls(jsonb_build_object(
           'contact', jsonb_build_object('name', c.name, 'first_name', c.first_name, 'last_name', c.last_name, 'attributes', c.attributes),
           'tenant', jsonb_build_object('name', t.name, 'sender_name', coalesce(t.sender_name, t.name)),
           'job', jsonb_build_object('service_type', o.service_type),
           'link', jsonb_build_object('review', t.review_url)))
    FROM campaign.contacts c
    JOIN campaign.tenants t ON t.id = c.tenant_id
    JOIN campaign.outreach_campaigns o ON o.tenant_id = c.tenant_id AND o.campaign_id = ($1).campaign_id
   WHERE c.tenant_id = ($1).tenant_id AND c.id = ($1).contact_id;
END;
COMMENT ON FUNCTION campaign.message_values(campaign.messages) IS
'Internal: what render_message() makes of the placeholders of a message.';

CREATE FUNCTION campaign.mark_sent(message uuid, channel text DEFAULT NULL, sent_at timestamptz DEFAULT NULL, provider_id text DEFAULT NULL,
  OUT result text, OUT next_due_at timestamptz)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  locked record;
  target campaign.messages;
  now_time timestamptz := campaign.now();
  -- nothing was sent in the future
  at timestamptz := least(coalesce(sent_at, now_time), now_time);
  note jsonb;
  new_fence bigint := campaign.lease_fence();
  touch record;
BEGIN
  PERFORM campaign.require_read_committed('mark_sent()');
  locked := campaign.lock_message_to_send(message);
  target := locked.target;
  PERFORM campaign.require_sendable_message(target, locked.campaign_status, locked.is_leased, channel, sent_at, provider_id);
  note := jsonb_build_object('message', target.id, 'by_hand', true);
  PERFORM campaign.messages_were_sent(ARRAY[target.tenant_id], ARRAY[target.id], ARRAY[locked.enrollment], ARRAY[at]);
  SELECT q.lane, q.claimed_at INTO touch
    FROM campaign.touch_queue q JOIN campaign.lanes l ON l.tenant_id = q.tenant_id AND l.lane = q.lane
   WHERE q.tenant_id = target.tenant_id AND q.enrollment_id = locked.enrollment AND q.touch_number = target.touch_number
     AND l.tenant_id = target.tenant_id AND l.channel = target.channel;
  IF NOT FOUND THEN
    PERFORM campaign.log_send(target.contact_id, target.channel, campaign.render_subject(target.subject, campaign.message_values(target)),
      NULL, provider_id, at, NULL, note);
    result := 'logged';
    RETURN;
  END IF;
  -- as a worker would have claimed it, but that nothing was taken of the caps: the report counts it
  PERFORM campaign.return_send_usage(target.tenant_id, touch.lane, touch.claimed_at);
  UPDATE campaign.touch_queue q SET attempt = q.attempt + 1, fence = new_fence, claimed_at = '-infinity', lease_until = '-infinity', worker_id = 0
   WHERE q.tenant_id = target.tenant_id AND q.enrollment_id = locked.enrollment;
  SELECT 'advanced', r.next_due_at INTO result, next_due_at
    FROM campaign.touch_queue q
   CROSS JOIN LATERAL campaign.report_touches(ARRAY[ROW(
     campaign.touch_token(q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.touch_number, q.attempt, q.fence),
     'sent', provider_id, NULL, NULL, 'sent_by_hand', at, note)::campaign.touch_result]) r
   WHERE q.tenant_id = target.tenant_id AND q.enrollment_id = locked.enrollment AND r.result = 'ok';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the touch of message "%" cannot be settled', target.id
      USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'The engine did not take the report.',
            HINT = 'Try again.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.mark_sent(uuid, text, timestamptz, text) IS
'Records that a person has sent an approved message by hand: it is sent, logged, and counts against the tenant''s limits, which it may exceed. Where it is the contact''s next touch in a live enrolment, the sequence moves on as if a worker had sent it (result advanced, with the time of the next touch); else it is only logged, and its touch is skipped when its turn comes (result logged). channel: NULL or that of the message; sent_at defaults to now. Raises CP002 for a message that is not approved, was sent or is with a worker, and where the campaign is not approved yet or archived, 22023 for another channel, a time without end and a provider_id of more than 1000 bytes, P0002, 25000 above READ COMMITTED.';

CREATE VIEW campaign.channel_analytics WITH (security_invoker = true) AS
  SELECT n.tenant_id, n.campaign_id, n.channel, n.generated, n.draft, n.approved, n.rejected, n.sent, n.delivered, n.replied,
         campaign.rate(n.delivered, n.sent) AS delivery_rate, campaign.rate(n.replied, n.sent) AS reply_rate
    FROM (SELECT m.tenant_id, m.campaign_id, m.channel, count(*) AS generated,
                 count(*) FILTER (WHERE m.status = 'draft') AS draft,
                 count(*) FILTER (WHERE m.approved_at IS NOT NULL) AS approved,
                 count(*) FILTER (WHERE m.status = 'rejected') AS rejected,
                 count(*) FILTER (WHERE m.sent_at IS NOT NULL) AS sent,
                 count(*) FILTER (WHERE m.status IN ('delivered', 'replied')) AS delivered,
                 count(*) FILTER (WHERE m.status = 'replied') AS replied
            FROM campaign.messages m GROUP BY m.tenant_id, m.campaign_id, m.channel) n;
COMMENT ON VIEW campaign.channel_analytics IS
'The messages of a campaign by channel: how many were generated, wait for review (draft), are approved (also those sent since), rejected, and of those sent how many were delivered (a reply proves it) and replied to; counted over the rows. What the engine sent of templates is in touch_analytics.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.mark_sent(uuid, text, timestamptz, text)'),
  ('member', 'SELECT', 'TABLE campaign.channel_analytics');
