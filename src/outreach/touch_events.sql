-- Events: what became of a message after it was sent, and what the contact did. They apply the stop rules.

CREATE TABLE campaign.touch_events (
  tenant_id     uuid NOT NULL,
  id            uuid NOT NULL DEFAULT campaign.uuid_v7(),
  event_id      text,
  kind          text COLLATE "C" NOT NULL,
  bounce        text,
  link          text,
  is_machine    boolean NOT NULL DEFAULT false,
  at            timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  enrollment_id uuid,
  campaign_id   uuid,
  contact_id    uuid,
  touch_number  smallint,
  channel       text COLLATE "C",
  provider_id   text,
  address       text,
  unmatched     boolean NOT NULL DEFAULT false,
  data          jsonb,
  CONSTRAINT touch_events_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT touch_events_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT touch_events_event_id_key UNIQUE (tenant_id, event_id),
  -- what is indexed fits in an index
  CONSTRAINT touch_events_event_id_check CHECK (pg_catalog.octet_length(event_id) BETWEEN 1 AND 1000),
  CONSTRAINT touch_events_provider_id_check CHECK (pg_catalog.octet_length(provider_id) <= 1000),
  CONSTRAINT touch_events_kind_check CHECK (kind IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained',
    'unsubscribed', 'reviewed', 'feedback')),
  CONSTRAINT touch_events_bounce_check CHECK (bounce IN ('hard', 'soft') AND (kind = 'bounced') = (bounce IS NOT NULL)
    OR bounce IS NULL AND kind <> 'bounced'),
  CONSTRAINT touch_events_link_check CHECK (link IS NULL OR kind = 'clicked' AND link IN ('review', 'unsubscribe')),
  CONSTRAINT touch_events_touch_number_check CHECK (touch_number >= 1),
  CONSTRAINT touch_events_enrollment_check CHECK ((enrollment_id IS NULL) = (campaign_id IS NULL)
    AND (enrollment_id IS NULL OR contact_id IS NOT NULL) AND (enrollment_id IS NOT NULL OR touch_number IS NULL)),
  CONSTRAINT touch_events_unmatched_check CHECK (unmatched = (contact_id IS NULL))
);
CREATE INDEX touch_events_enrollment_idx ON campaign.touch_events (tenant_id, enrollment_id, kind) WHERE enrollment_id IS NOT NULL;
CREATE INDEX touch_events_contact_idx ON campaign.touch_events (tenant_id, contact_id, kind, at) WHERE contact_id IS NOT NULL;
CREATE INDEX touch_events_provider_idx ON campaign.touch_events (tenant_id, provider_id) WHERE unmatched;
CREATE INDEX touch_events_unmatched_idx ON campaign.touch_events (tenant_id, recorded_at) WHERE unmatched;
SELECT pg_catalog.pg_extension_config_dump('campaign.touch_events', '');

-- ---- what an event says

CREATE FUNCTION campaign.read_event(kind text, at timestamptz, event_id text, provider_id text, address text, data jsonb)
RETURNS campaign.touch_events
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
  v campaign.touch_events;
  fault text;
  way_out text;
BEGIN
  v.id := campaign.uuid_v7();
  v.kind := CASE kind WHEN 'review_clicked' THEN 'clicked' WHEN 'bounced_hard' THEN 'bounced' WHEN 'bounced_soft' THEN 'bounced'
                      WHEN 'sms_stop' THEN 'unsubscribed' ELSE kind END;
  v.bounce := CASE WHEN kind = 'bounced_hard' THEN 'hard' WHEN kind = 'bounced_soft' THEN 'soft' WHEN kind = 'bounced' THEN data ->> 'bounce' END;
  v.link := CASE WHEN kind = 'review_clicked' THEN 'review'
                 WHEN kind = 'clicked' AND data ->> 'link' IN ('review', 'unsubscribe') THEN data ->> 'link' END;
  v.channel := CASE WHEN kind = 'sms_stop' THEN 'sms' END;
  v.is_machine := coalesce(data ->> 'machine' = 'true', false);
  v.at := least(at, now_time);
  v.recorded_at := now_time;
  v.event_id := event_id;
  v.provider_id := provider_id;
  v.address := campaign.normalize_address(address);
  v.unmatched := false;
  v.data := data;
  IF v.kind IS NULL OR v.kind NOT IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained', 'unsubscribed', 'reviewed', 'feedback') THEN
    fault := format('invalid kind of event %s', coalesce(quote_literal(kind), 'NULL'));
    way_out := 'The kinds are delivered, opened, clicked, replied, bounced, complained, unsubscribed, reviewed and feedback.';
  ELSIF v.kind = 'bounced' AND (v.bounce IS NULL OR v.bounce NOT IN ('hard', 'soft')) THEN
    fault := 'a bounce must be hard or soft';
    way_out := 'Say it in data: {"bounce": "hard"} if there is no such address, {"bounce": "soft"} if it could not be reached now.';
  ELSIF NOT isfinite(at) THEN
    fault := 'at must be finite';
    way_out := 'Give the time at which it happened, or leave at out for now.';
  ELSIF octet_length(event_id) NOT BETWEEN 1 AND 1000 OR octet_length(provider_id) NOT BETWEEN 1 AND 1000 THEN
    fault := 'event_id and provider_id must have 1 to 1000 bytes';
    way_out := 'Pass the ids that the sender of the event gives, and the rest as data.';
  ELSIF octet_length(v.address) NOT BETWEEN 1 AND 2048 THEN
    fault := 'address must have 1 to 2048 bytes';
    way_out := 'An address is an e-mail address, a phone number or a profile URL.';
  ELSIF octet_length(data::text) > 65536 THEN
    fault := 'data of an event must have at most 64 kB';
    way_out := 'Pass what is needed of it.';
  END IF;
  IF fault IS NOT NULL THEN
    RAISE EXCEPTION '%', fault
      USING ERRCODE = 'invalid_parameter_value', DETAIL = 'Nothing was recorded.', HINT = way_out;
  END IF;
  RETURN v;
END $$;
COMMENT ON FUNCTION campaign.read_event(text, timestamptz, text, text, text, jsonb) IS
'Internal: the row of an event as it was told, without what it is about; raises 22023 for what makes no sense.';

-- The same event told twice without an id of its own is known by what was told.
CREATE FUNCTION campaign.derived_event_id(v campaign.touch_events, at timestamptz, VARIADIC about text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN 'campaign:' || encode(sha256(convert_to(array_to_string(ARRAY[v.kind, v.bounce, v.link, extract(epoch FROM at)::text] || about,
  ' ', '-'), 'UTF8')), 'hex');
COMMENT ON FUNCTION campaign.derived_event_id(campaign.touch_events, timestamptz, text[]) IS
'Internal: the id of an event that came without one: its kind, the time and whatever said which message it is about, all as they were told.';

-- ---- what an event is about

-- A message that was sent: its enrolment and touch, or for a manual send its contact.
CREATE FUNCTION campaign.event_of_message(v campaign.touch_events, message campaign.send_logs) RETURNS campaign.touch_events
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  v.enrollment_id := message.enrollment_id;
  v.campaign_id := message.campaign_id;
  v.contact_id := message.contact_id;
  v.touch_number := message.touch_number;
  v.provider_id := coalesce(v.provider_id, message.provider_id);
  -- a STOP by text message may be all that there is of this channel
  IF v.kind <> 'unsubscribed' OR v.channel IS NULL OR v.channel = message.channel THEN
    v.channel := message.channel;
    v.address := coalesce(campaign.normalize_address(message.address), v.address);
  END IF;
  v.unmatched := false;
  -- nobody reads so fast
  v.is_machine := v.is_machine
    OR v.kind = 'opened' AND coalesce(v.at BETWEEN message.sent_at AND message.sent_at + interval '2 seconds', false);
  RETURN v;
END $$;
COMMENT ON FUNCTION campaign.event_of_message(campaign.touch_events, campaign.send_logs) IS
'Internal: an event, about a logged message.';

CREATE FUNCTION campaign.find_message(tenant uuid, provider_id text) RETURNS campaign.send_logs
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  message campaign.send_logs;
BEGIN
  SELECT l.* INTO message FROM campaign.send_logs l
   WHERE l.tenant_id = tenant AND l.provider_id = find_message.provider_id
   ORDER BY l.status = 'sent' DESC, l.logged_at DESC, l.id DESC LIMIT 1;
  RETURN message;
END $$;
COMMENT ON FUNCTION campaign.find_message(uuid, text) IS
'Internal: the logged message that a provider knows by an id, the last one if it gave several the same; NULL if none is logged.';

-- The touch that an event of an enrolment is about: the one that a token names, the one under way,
-- or the last that was sent.
CREATE FUNCTION campaign.event_of_enrollment(v campaign.touch_events) RETURNS campaign.touch_events
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  message campaign.send_logs;
  touch smallint := v.touch_number;
BEGIN
  IF touch IS NULL THEN
    SELECT q.touch_number INTO touch FROM campaign.touch_queue q
     WHERE q.tenant_id = v.tenant_id AND q.enrollment_id = v.enrollment_id AND q.flags & 1 = 1 AND q.claimed_at <= v.at
       AND NOT EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = v.tenant_id AND l.enrollment_id = v.enrollment_id
                          AND l.provider_id = v.provider_id);
  END IF;
  SELECT l.* INTO message FROM campaign.send_logs l
   WHERE l.tenant_id = v.tenant_id AND l.enrollment_id = v.enrollment_id
     AND CASE WHEN touch IS NULL THEN l.status = 'sent' ELSE l.touch_number = touch END
   ORDER BY l.provider_id = v.provider_id DESC NULLS LAST, l.sent_at DESC NULLS LAST, l.touch_number DESC, l.attempt DESC LIMIT 1;
  IF FOUND THEN
    v := campaign.event_of_message(v, message);
  ELSE
    v.touch_number := touch;
  END IF;
  IF v.channel IS NOT NULL AND v.address IS NOT NULL THEN
    RETURN v;
  END IF;
  SELECT coalesce(v.channel, h.channel),
         coalesce(v.address, campaign.normalize_address(CASE h.address_kind WHEN 'phone' THEN k.phone WHEN 'linkedin_url' THEN k.linkedin_url ELSE k.email END))
    INTO v.channel, v.address
    FROM campaign.campaign_enrollments e
    JOIN campaign.contacts k ON k.tenant_id = v.tenant_id AND k.id = e.contact_id
    LEFT JOIN campaign.campaign_touches t ON t.tenant_id = v.tenant_id AND t.campaign_id = e.campaign_id
      AND t.plan_version = e.plan_version AND t.touch_number = v.touch_number
    LEFT JOIN campaign.channels h ON h.channel = coalesce(v.channel, t.channel)
   WHERE e.tenant_id = v.tenant_id AND e.id = v.enrollment_id;
  RETURN v;
END $$;
COMMENT ON FUNCTION campaign.event_of_enrollment(campaign.touch_events) IS
'Internal: an event whose enrolment is known, with its touch, channel and address.';

-- One lookup for each index: a condition on all of them may read the whole tenant.
CREATE FUNCTION campaign.contacts_with_address(tenant uuid, address text) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT c.id FROM campaign.contacts c WHERE c.tenant_id = tenant AND campaign.normalize_address(c.email) = address
               UNION
               SELECT c.id FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.phone = address
               UNION
               SELECT c.id FROM campaign.contacts c
                WHERE c.tenant_id = tenant AND c.linkedin_url IS NOT NULL AND campaign.normalize_address(c.linkedin_url) = address
                ORDER BY 1);
END $$;
COMMENT ON FUNCTION campaign.contacts_with_address(uuid, text) IS
'Internal: the contacts of a tenant that have an address, given in normal form.';

-- Who wrote from an address answers what was last sent there.
CREATE FUNCTION campaign.event_of_address(v campaign.touch_events, contacts uuid[]) RETURNS campaign.touch_events
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  message campaign.send_logs;
BEGIN
  v.channel := coalesce(v.channel, CASE WHEN strpos(v.address, '@') > 0 THEN 'email' WHEN starts_with(v.address, '+') THEN 'sms' END);
  v.contact_id := contacts[1];
  v.unmatched := v.contact_id IS NULL;
  SELECT (f.l).* INTO message
    FROM unnest(contacts) AS k(id)
   CROSS JOIN LATERAL (
         SELECT l, l.enrollment_id, l.sent_at, l.id FROM campaign.send_logs l
          WHERE l.tenant_id = v.tenant_id AND l.contact_id = k.id AND l.status = 'sent'
            AND campaign.normalize_address(l.address) = v.address AND (v.kind <> 'unsubscribed' OR l.channel = v.channel)
         OFFSET 0) f
    LEFT JOIN LATERAL (SELECT e.status FROM campaign.campaign_enrollments e
                        WHERE e.tenant_id = v.tenant_id AND e.id = f.enrollment_id OFFSET 0) e ON true
   ORDER BY e.status = 'active' DESC NULLS LAST, f.sent_at DESC, f.id DESC LIMIT 1;
  IF FOUND THEN
    v := campaign.event_of_message(v, message);
  END IF;
  RETURN v;
END $$;
COMMENT ON FUNCTION campaign.event_of_address(campaign.touch_events, uuid[]) IS
'Internal: an event from an address, with the contacts that have it; without any it is unmatched.';

-- A worker acts for every tenant, a member for those that he may write to.
CREATE FUNCTION campaign.locate_event(v campaign.touch_events, lease_token text, enrollment uuid) RETURNS campaign.touch_events
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  is_worker boolean := campaign.is_worker();
  allowed uuid[] := CASE WHEN NOT is_worker THEN campaign.writable_tenants() END;
  named_tenant uuid := v.tenant_id;
BEGIN
  IF lease_token IS NOT NULL THEN
    SELECT d.tenant_id, d.enrollment_id, d.touch_number INTO named_tenant, enrollment, v.touch_number
      FROM campaign.decode_touch_token(lease_token) d;
    named_tenant := CASE WHEN v.tenant_id IS NULL OR v.tenant_id = named_tenant THEN named_tenant END;
  END IF;
  IF enrollment IS NOT NULL THEN
    SELECT f.tenant_id, f.id, f.campaign_id, f.contact_id INTO v.tenant_id, v.enrollment_id, v.campaign_id, v.contact_id
      FROM campaign.tenants t
     CROSS JOIN LATERAL (SELECT e.tenant_id, e.id, e.campaign_id, e.contact_id FROM campaign.campaign_enrollments e
                          WHERE e.tenant_id = t.id AND e.id = enrollment LIMIT 1) f
     WHERE (is_worker OR t.id = ANY (allowed)) AND (t.id = named_tenant OR named_tenant IS NULL AND lease_token IS NULL);
    IF NOT FOUND THEN
      RAISE EXCEPTION '% does not exist', CASE WHEN lease_token IS NULL THEN format('enrolment "%s"', enrollment) ELSE 'enrolment of the lease token' END
        USING ERRCODE = 'no_data_found',
              DETAIL = 'No tenant that you may record events for has such an enrolment.',
              HINT = 'Check what was given; an enrolment of another tenant is not found.';
    END IF;
    RETURN campaign.event_of_enrollment(v);
  END IF;
  v.tenant_id := coalesce(v.tenant_id, CASE WHEN cardinality(allowed) = 1 THEN allowed[1] END);
  IF v.tenant_id IS NULL OR v.provider_id IS NULL AND v.address IS NULL THEN
    RAISE EXCEPTION 'the message of an event must be told'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'An event has a lease_token, an enrollment, or with its tenant a provider_id or an address.',
            HINT = 'Give the tenant beside a provider_id or an address: another tenant''s may be the same.';
  END IF;
  IF NOT is_worker THEN
    PERFORM campaign.require_tenant(v.tenant_id);
  ELSIF v.tenant_id = '00000000-0000-0000-0000-000000000000' THEN
    RAISE EXCEPTION 'tenant "%" does not exist', v.tenant_id
      USING ERRCODE = 'no_data_found',
            DETAIL = 'The system tenant sends no messages.',
            HINT = 'Give the tenant that sent the message.';
  END IF;
  RETURN v;
END $$;
COMMENT ON FUNCTION campaign.locate_event(campaign.touch_events, text, uuid) IS
'Internal: an event with its tenant, which the caller may write to, and if a token or an enrolment was given, with all that it is about. Raises P0002, 42501 and 22023.';

-- ---- what an event does

CREATE FUNCTION campaign.event_rules(v campaign.touch_events,
  OUT stop_reason text, OUT stop_scope text, OUT suppress_reason text, OUT opts_out boolean)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  happened text := CASE WHEN v.kind = 'clicked' AND v.link = 'review' THEN 'review_clicked'
                        WHEN v.kind = 'bounced' THEN 'bounced_' || v.bounce
                        WHEN v.kind = 'unsubscribed' AND v.channel = 'sms' THEN 'sms_stop'
                        ELSE v.kind END;
BEGIN
  SELECT max(r.reason) FILTER (WHERE r.action = 'stop'), max(r.scope) FILTER (WHERE r.action = 'stop'),
         max(r.reason) FILTER (WHERE r.action = 'suppress'), coalesce(bool_or(r.action = 'opt_out'), false)
    INTO stop_reason, stop_scope, suppress_reason, opts_out
    FROM campaign.stop_rules r
   WHERE r.event = happened AND NOT v.is_machine
     AND r.tenant_id = CASE WHEN EXISTS (SELECT FROM campaign.stop_rules o WHERE o.tenant_id = v.tenant_id AND o.event = happened)
                            THEN v.tenant_id ELSE '00000000-0000-0000-0000-000000000000' END;
END $$;
COMMENT ON FUNCTION campaign.event_rules(campaign.touch_events) IS
'Internal: what the tenant''s rules for an event, or else the defaults, say; nothing for what a program did.';

-- Contacts, then enrolments, each in order.
CREATE FUNCTION campaign.lock_event_targets(tenant uuid, contacts uuid[], enrollment uuid) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  one uuid;
BEGIN
  FOREACH one IN ARRAY contacts LOOP
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = one FOR NO KEY UPDATE;
  END LOOP;
  FOR one IN
    SELECT DISTINCT w.id FROM unnest(campaign.live_enrollments(tenant, contacts) || enrollment) AS w(id) WHERE w.id IS NOT NULL ORDER BY 1
  LOOP
    PERFORM FROM campaign.campaign_enrollments e WHERE e.tenant_id = tenant AND e.id = one FOR NO KEY UPDATE;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.lock_event_targets(uuid, uuid[], uuid) IS
'Internal: locks contacts, which come in order, their live enrolments and one more until the end of the transaction.';

-- For whoever must not wait, because he holds queue rows: those of the contacts as well, and nothing if
-- anything is busy.
CREATE FUNCTION campaign.try_lock_event_targets(tenant uuid, contacts uuid[], enrollment uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  one uuid;
BEGIN
  FOREACH one IN ARRAY contacts LOOP
    PERFORM FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = one FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
  END LOOP;
  FOR one IN
    SELECT DISTINCT w.id FROM unnest(campaign.live_enrollments(tenant, contacts) || enrollment) AS w(id) WHERE w.id IS NOT NULL ORDER BY 1
  LOOP
    PERFORM FROM campaign.campaign_enrollments e WHERE e.tenant_id = tenant AND e.id = one FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
    PERFORM FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = one FOR UPDATE SKIP LOCKED;
    IF NOT FOUND AND EXISTS (SELECT FROM campaign.touch_queue q WHERE q.tenant_id = tenant AND q.enrollment_id = one) THEN
      RETURN false;
    END IF;
  END LOOP;
  RETURN true;
END $$;
COMMENT ON FUNCTION campaign.try_lock_event_targets(uuid, uuid[], uuid) IS
'Internal: locks contacts, which come in order, their live enrolments and one more, and the queue rows of these, until the end of the transaction, without waiting; false if somebody has one of them.';

-- An event of a message proves that it was sent: what nobody knew of a touch is known.
CREATE FUNCTION campaign.settle_touch_by_event(v campaign.touch_events, lease_token text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  named record;
  touch record;
BEGIN
  IF v.enrollment_id IS NULL OR v.kind NOT IN ('delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained') THEN
    RETURN;
  END IF;
  SELECT q.touch_number, q.attempt, q.fence, q.claimed_at, q.flags,
         campaign.touch_token(q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.touch_number, q.attempt, q.fence) AS token
    INTO touch FROM campaign.touch_queue q
   WHERE q.tenant_id = v.tenant_id AND q.enrollment_id = v.enrollment_id AND q.fence <> 0 AND q.lease_until <= clock_timestamp();
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF lease_token IS NOT NULL THEN
    SELECT d.fence, d.attempt INTO named FROM campaign.decode_touch_token(lease_token) d;
    IF named.fence <> touch.fence OR named.attempt <> touch.attempt THEN
      RETURN;
    END IF;
  ELSIF touch.flags & 1 = 0 OR touch.touch_number IS DISTINCT FROM v.touch_number OR v.at < touch.claimed_at THEN
    RETURN;
  END IF;
  -- an ended lease that a claim or maintenance has come across has lost its time
  PERFORM campaign.report_touches(ARRAY[ROW(touch.token, 'sent', v.provider_id, NULL, NULL, NULL,
            CASE WHEN isfinite(touch.claimed_at) THEN touch.claimed_at ELSE v.at END,
            jsonb_build_object('settled_by', v.kind))::campaign.touch_result]);
END $$;
COMMENT ON FUNCTION campaign.settle_touch_by_event(campaign.touch_events, text) IS
'Internal: reports a touch as sent whose lease has ended without a report, if the event is about that attempt (its token), or about its enrolment after a begin_send. The caller holds the enrolment.';

-- What happens to a touch counts once, however often it happens. Whoever records an event of a contact
-- holds the contact, so that the first one is the first for everybody.
CREATE FUNCTION campaign.count_event(v campaign.touch_events) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  converts boolean := NOT v.is_machine AND (v.kind = 'reviewed' OR v.kind = 'clicked' AND coalesce(v.link = 'review', false));
  service text;
BEGIN
  IF v.campaign_id IS NULL OR v.is_machine AND v.kind = 'clicked' THEN
    RETURN;
  END IF;
  SELECT CASE WHEN e.job_id IS NULL THEN o.service_type ELSE j.service_type END INTO service
    FROM campaign.campaign_enrollments e
    JOIN campaign.outreach_campaigns o ON o.tenant_id = v.tenant_id AND o.campaign_id = e.campaign_id
    LEFT JOIN campaign.jobs j ON j.tenant_id = v.tenant_id AND j.id = e.job_id
   WHERE e.tenant_id = v.tenant_id AND e.id = v.enrollment_id;
  IF NOT EXISTS (SELECT FROM campaign.touch_events o
                  WHERE o.tenant_id = v.tenant_id AND o.enrollment_id = v.enrollment_id AND o.kind = v.kind AND o.id <> v.id
                    AND o.touch_number IS NOT DISTINCT FROM v.touch_number AND o.bounce IS NOT DISTINCT FROM v.bounce
                    AND (o.is_machine = v.is_machine OR v.kind NOT IN ('opened', 'clicked'))) THEN
    PERFORM campaign.count_touch_event(v.tenant_id, v.campaign_id, coalesce(v.touch_number, 0), service,
      CASE WHEN v.kind = 'bounced' THEN 'bounced_' || v.bounce WHEN v.kind = 'opened' AND v.is_machine THEN 'machine_opened' ELSE v.kind END, v.at);
  END IF;
  IF converts AND NOT EXISTS (SELECT FROM campaign.touch_events o
                               WHERE o.tenant_id = v.tenant_id AND o.enrollment_id = v.enrollment_id AND o.id <> v.id AND NOT o.is_machine
                                 AND (o.kind = 'reviewed' OR o.kind = 'clicked' AND o.link = 'review')) THEN
    PERFORM campaign.count_touch_event(v.tenant_id, v.campaign_id, coalesce(v.touch_number, 0), service, 'converted', v.at);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.count_event(campaign.touch_events) IS
'Internal: counts an event that was just recorded, unless it is not the first of its kind for its touch, or for converted for its enrolment.';

CREATE FUNCTION campaign.act_on_event(v campaign.touch_events, rules record, contacts uuid[], holders uuid[]) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- who has reviewed would not have been enrolled for so long, had it been known
  began_by timestamptz := v.at + CASE WHEN v.kind IN ('reviewed', 'feedback') OR v.kind = 'clicked' AND v.link = 'review'
    THEN (SELECT make_interval(secs => extract(epoch FROM t.review_cooldown)::double precision) FROM campaign.tenants t WHERE t.id = v.tenant_id)
    ELSE '0' END;
  stopped integer := 0;
BEGIN
  PERFORM campaign.count_event(v);
  PERFORM campaign.follow_message(v);
  IF rules.stop_reason IS NOT NULL THEN
    stopped := campaign.stop_enrollments(v.tenant_id,
      ARRAY(SELECT w.id FROM unnest(campaign.live_enrollments(v.tenant_id, contacts)) AS w(id)
             WHERE w.id = v.enrollment_id
                OR rules.stop_scope IS DISTINCT FROM 'enrollment'
                   AND (SELECT e.enrolled_at FROM campaign.campaign_enrollments e WHERE e.tenant_id = v.tenant_id AND e.id = w.id) <= began_by),
      rules.stop_reason);
  END IF;
  IF rules.suppress_reason IS NOT NULL OR rules.opts_out THEN
    -- behind the enrolments in the order of locks; a claim meets us there
    PERFORM campaign.lock_contact_touches(v.tenant_id, holders);
  END IF;
  IF rules.suppress_reason IS NOT NULL AND v.address <> '' THEN
    INSERT INTO campaign.suppressions (tenant_id, address, reason, at)
    VALUES (v.tenant_id, v.address, rules.suppress_reason, v.at)
    ON CONFLICT ON CONSTRAINT suppressions_pkey DO NOTHING;
  END IF;
  IF rules.opts_out THEN
    INSERT INTO campaign.consents AS c (tenant_id, contact_id, channel, state, at, source, method)
    SELECT v.tenant_id, h.id, coalesce(v.channel, 'email'), 'opted_out', v.at, 'event', v.kind
      FROM unnest(holders) AS h(id) ORDER BY h.id
    ON CONFLICT ON CONSTRAINT consents_pkey
    DO UPDATE SET state = EXCLUDED.state, at = EXCLUDED.at, source = EXCLUDED.source, method = EXCLUDED.method
    WHERE c.state <> 'opted_out';
  END IF;
  IF v.campaign_id IS NOT NULL AND (v.bounce = 'hard' OR v.kind = 'complained') THEN
    PERFORM campaign.check_breaker(v.tenant_id, v.campaign_id);
  END IF;
  RETURN stopped;
END $$;
COMMENT ON FUNCTION campaign.act_on_event(campaign.touch_events, record, uuid[], uuid[]) IS
'Internal: counts an event, has the message follow it, and does what the rules say to the sequences of contacts, and to the address and the consents of those who hold it; returns how many enrolments were stopped. The caller holds all of them.';

CREATE FUNCTION campaign.store_event(v campaign.touch_events, contacts uuid[], lease_token text,
  OUT event uuid, OUT result text, OUT enrollment_id uuid, OUT stopped integer)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  rules record := campaign.event_rules(v);
  holders uuid[] := contacts;
BEGIN
  PERFORM campaign.lock_tenant_key(v.tenant_id);
  IF rules.suppress_reason IS NOT NULL OR rules.opts_out THEN
    holders := ARRAY(SELECT u.id FROM unnest(contacts || campaign.contacts_with_address(v.tenant_id, v.address)) AS u(id)
                      GROUP BY u.id ORDER BY u.id);
  END IF;
  PERFORM campaign.lock_event_targets(v.tenant_id, holders, v.enrollment_id);
  -- what is told of an erased contact counts, and is not kept
  IF EXISTS (SELECT FROM campaign.contacts c WHERE c.tenant_id = v.tenant_id AND c.id = v.contact_id AND c.erased_at IS NOT NULL) THEN
    v.provider_id := NULL;
    v.data := NULL;
    v.address := campaign.address_hash(v.tenant_id, v.address);
  END IF;
  INSERT INTO campaign.touch_events SELECT v.*
  ON CONFLICT ON CONSTRAINT touch_events_event_id_key DO NOTHING;
  IF NOT FOUND THEN
    SELECT o.id, 'duplicate', o.enrollment_id, 0 INTO event, result, enrollment_id, stopped
      FROM campaign.touch_events o WHERE o.tenant_id = v.tenant_id AND o.event_id = v.event_id;
    RETURN;
  END IF;
  event := v.id;
  enrollment_id := v.enrollment_id;
  result := CASE WHEN v.unmatched THEN 'unmatched' ELSE 'recorded' END;
  PERFORM campaign.settle_touch_by_event(v, lease_token);
  stopped := campaign.act_on_event(v, rules, contacts, holders);
END $$;
COMMENT ON FUNCTION campaign.store_event(campaign.touch_events, uuid[], text) IS
'Internal: records an event unless its id is known, and applies the stop rules to the sequences of the contacts it is from. Locks the tenant''s key, contacts, enrolments and queue rows.';

CREATE FUNCTION campaign.record_event(kind text, at timestamptz DEFAULT NULL, provider_id text DEFAULT NULL, lease_token text DEFAULT NULL,
  enrollment uuid DEFAULT NULL, event_id text DEFAULT NULL, data jsonb DEFAULT NULL, tenant uuid DEFAULT NULL, address text DEFAULT NULL,
  OUT event uuid, OUT result text, OUT enrollment_id uuid, OUT stopped integer)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  v campaign.touch_events;
  message campaign.send_logs;
  contacts uuid[];
BEGIN
  PERFORM campaign.require_read_committed('record_event()');
  v := campaign.read_event(kind, coalesce(at, campaign.now()), event_id, provider_id, address, data);
  v.tenant_id := tenant;
  v := campaign.locate_event(v, lease_token, enrollment);
  IF at IS NOT NULL THEN
    v.event_id := coalesce(event_id, campaign.derived_event_id(v, at, lease_token, enrollment::text, provider_id, campaign.normalize_address(address)));
  END IF;
  IF v.enrollment_id IS NULL AND v.provider_id IS NOT NULL THEN
    message := campaign.find_message(v.tenant_id, v.provider_id);
    IF message.id IS NOT NULL THEN
      v := campaign.event_of_message(v, message);
    ELSE
      -- its report comes later; what concerns the address alone need not wait for it
      v := campaign.event_of_address(v, '{}');
    END IF;
  ELSIF v.enrollment_id IS NULL THEN
    contacts := campaign.contacts_with_address(v.tenant_id, v.address);
    v := campaign.event_of_address(v, contacts);
  END IF;
  IF v.kind = 'clicked' AND v.link IS NULL AND data ->> 'url' = (SELECT t.review_url FROM campaign.tenants t WHERE t.id = v.tenant_id) THEN
    v.link := 'review';
  END IF;
  SELECT s.event, s.result, s.enrollment_id, s.stopped INTO event, result, enrollment_id, stopped
    FROM campaign.store_event(v, coalesce(contacts, array_remove(ARRAY[v.contact_id], NULL)), lease_token) s;
  PERFORM campaign.match_recent_events(v.tenant_id, 20, 20);
END $$;
COMMENT ON FUNCTION campaign.record_event(text, timestamptz, text, text, uuid, text, jsonb, uuid, text) IS
'Records what became of a message or what a contact did, and applies the stop rules: kind delivered, opened, clicked, replied, bounced, complained, unsubscribed, reviewed or feedback (or as stop_rules names it), and which message by lease_token, enrollment, or with the tenant provider_id or address. data may say {"bounce": "hard"}, {"link": "review"} and {"machine": true}. Returns the event, the result recorded, duplicate (the event_id, or without one the same event at the same time, is known) or unmatched (no such message is logged yet), the enrolment, and how many enrolments were stopped. For editors and, in every tenant, workers. Raises 22023, P0002 for what is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.record_link(token text, at timestamptz DEFAULT NULL, event_id text DEFAULT NULL, data jsonb DEFAULT NULL,
  OUT kind text, OUT url text, OUT result text)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  link record;
  v campaign.touch_events;
BEGIN
  PERFORM campaign.require_read_committed('record_link()');
  link := campaign.verify_link(token);
  v := campaign.read_event(CASE link.kind WHEN 'review' THEN 'review_clicked' ELSE 'unsubscribed' END,
                           coalesce(at, campaign.now()), event_id, NULL, NULL, data);
  v.tenant_id := link.tenant_id;
  v.enrollment_id := link.enrollment_id;
  v.contact_id := link.contact_id;
  v.touch_number := link.touch_number;
  SELECT e.campaign_id INTO v.campaign_id FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = v.tenant_id AND e.id = v.enrollment_id;
  v := campaign.event_of_enrollment(v);
  IF at IS NOT NULL THEN
    v.event_id := coalesce(event_id, campaign.derived_event_id(v, at, token));
  END IF;
  SELECT s.result INTO result FROM campaign.store_event(v, ARRAY[v.contact_id], NULL) s;
  kind := link.kind;
  SELECT t.review_url INTO url FROM campaign.tenants t WHERE t.id = v.tenant_id AND link.kind = 'review';
END $$;
COMMENT ON FUNCTION campaign.record_link(text, timestamptz, text, jsonb) IS
'Records a click on a link of a message, of which the token is the end, and applies the stop rules: kind review (a click on the review link; url is the tenant''s review_url, where to send the visitor on to) or unsubscribe (url NULL: show that it is done). result is that of record_event(). For workers. Raises P0002 for every token that is not valid, whatever the cause, 25000 above READ COMMITTED.';

-- ---- events that came before what they are about

CREATE FUNCTION campaign.match_message(tenant uuid, provider_id text) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  message campaign.send_logs := campaign.find_message(tenant, provider_id);
  v campaign.touch_events;
  rules record;
  holders uuid[];
  matched integer := 0;
BEGIN
  PERFORM FROM campaign.tenants t WHERE t.id = tenant AND message.id IS NOT NULL FOR KEY SHARE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  FOR v IN
    SELECT u.* FROM campaign.touch_events u
     WHERE u.tenant_id = tenant AND u.provider_id = provider_id AND u.unmatched ORDER BY u.at, u.id FOR UPDATE SKIP LOCKED
  LOOP
    v := campaign.event_of_message(v, message);
    rules := campaign.event_rules(v);
    holders := ARRAY[v.contact_id];
    IF rules.suppress_reason IS NOT NULL OR rules.opts_out THEN
      holders := ARRAY(SELECT u.id FROM unnest(holders || campaign.contacts_with_address(tenant, v.address)) AS u(id)
                        GROUP BY u.id ORDER BY u.id);
    END IF;
    EXIT WHEN NOT campaign.try_lock_event_targets(tenant, holders, v.enrollment_id);
    UPDATE campaign.touch_events u
       SET unmatched = false, enrollment_id = v.enrollment_id, campaign_id = v.campaign_id, contact_id = v.contact_id,
           touch_number = v.touch_number, channel = v.channel, address = v.address, is_machine = v.is_machine
     WHERE u.tenant_id = tenant AND u.id = v.id;
    PERFORM campaign.act_on_event(v, rules, ARRAY[v.contact_id], holders);
    matched := matched + 1;
  END LOOP;
  RETURN matched;
END $$;
COMMENT ON FUNCTION campaign.match_message(uuid, text) IS
'Internal: applies the events of a message that came before it was logged; returns how many. Waits for nobody, so that a claim may call it: what is busy is left for the next time.';

CREATE FUNCTION campaign.match_enrollment_events(tenant uuid, enrollment uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  early text;
  matched integer := 0;
BEGIN
  FOR early IN
    SELECT DISTINCT l.provider_id FROM campaign.send_logs l
      JOIN campaign.touch_events u ON u.tenant_id = tenant AND u.provider_id = l.provider_id AND u.unmatched
     WHERE l.tenant_id = tenant AND l.enrollment_id = enrollment
  LOOP
    matched := matched + campaign.match_message(tenant, early);
  END LOOP;
  RETURN matched;
END $$;
COMMENT ON FUNCTION campaign.match_enrollment_events(uuid, uuid) IS
'Internal: applies the events of an enrolment''s messages that came before they were logged; returns how many. Waits for nobody.';

CREATE FUNCTION campaign.match_recent_events(tenant uuid, examined integer, most integer) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  since timestamptz := campaign.now() - interval '30 days';
  early text;
  matched integer := 0;
BEGIN
  FOR early IN
    SELECT u.provider_id
      FROM (SELECT r.provider_id, r.at FROM campaign.touch_events r
             WHERE r.tenant_id = tenant AND r.unmatched AND r.recorded_at > since
             ORDER BY r.recorded_at DESC LIMIT examined) u
     WHERE EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = tenant AND l.provider_id = u.provider_id)
     GROUP BY u.provider_id ORDER BY min(u.at)
  LOOP
    EXIT WHEN matched >= most;
    matched := matched + campaign.match_message(tenant, early);
  END LOOP;
  RETURN matched;
END $$;
COMMENT ON FUNCTION campaign.match_recent_events(uuid, integer, integer) IS
'Internal: looks at the newest unmatched events of a tenant, of the last 30 days, and applies those whose message is logged by now; returns how many.';

CREATE FUNCTION campaign.match_events(tenant uuid DEFAULT NULL, max integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- the system tenant has no events
  owner_tenant uuid := '00000000-0000-0000-0000-000000000000';
  matched integer := 0;
BEGIN
  PERFORM campaign.require_read_committed('match_events()');
  IF max IS NULL OR max < 1 THEN
    RAISE EXCEPTION 'max must be at least 1'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is how many events one call applies.',
            HINT = 'Leave it out for 1000.';
  END IF;
  IF tenant IS NOT NULL THEN
    RETURN campaign.match_recent_events(tenant, NULL, max);
  END IF;
  LOOP
    SELECT u.tenant_id INTO owner_tenant FROM campaign.touch_events u
     WHERE u.unmatched AND u.tenant_id > owner_tenant ORDER BY u.tenant_id LIMIT 1;
    EXIT WHEN owner_tenant IS NULL OR matched >= max;
    matched := matched + campaign.match_recent_events(owner_tenant, NULL, max - matched);
  END LOOP;
  RETURN matched;
END $$;
COMMENT ON FUNCTION campaign.match_events(uuid, integer) IS
'Applies events that came before their message was logged, of one tenant or (NULL) all, and whose message is logged by now; returns how many, about max at most. Whatever somebody else has is left for the next time. Record_event() and maintenance call it; events that found no message for 30 days are tried no more. Raises 22023, 25000 above READ COMMITTED.';

ALTER TABLE campaign.touch_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY touch_events_select ON campaign.touch_events FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.touch_events'),
  ('member', 'EXECUTE', 'FUNCTION campaign.record_event(text, timestamptz, text, text, uuid, text, jsonb, uuid, text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.record_event(text, timestamptz, text, text, uuid, text, jsonb, uuid, text)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.record_link(text, timestamptz, text, jsonb)'),
  ('worker', 'EXECUTE', 'FUNCTION campaign.match_events(uuid, integer)'),
  ('admin', 'EXECUTE', 'FUNCTION campaign.match_events(uuid, integer)');

COMMENT ON TABLE campaign.touch_events IS 'What became of messages after they were sent, and what contacts did. Append-only; written by campaign.record_event() and campaign.record_link().';
COMMENT ON COLUMN campaign.touch_events.event_id IS 'The sender''s id of the event, at most 1000 bytes: the same once more changes nothing. One that begins with campaign: was made from what the event says.';
COMMENT ON COLUMN campaign.touch_events.kind IS 'delivered, opened, clicked, replied, bounced, complained, unsubscribed, reviewed or feedback.';
COMMENT ON COLUMN campaign.touch_events.bounce IS 'Of a bounce: hard (there is no such address) or soft (not now).';
COMMENT ON COLUMN campaign.touch_events.link IS 'Of a click on one of the engine''s links: review or unsubscribe.';
COMMENT ON COLUMN campaign.touch_events.is_machine IS 'A program did it, not the contact: it stops nothing and counts apart.';
COMMENT ON COLUMN campaign.touch_events.at IS 'When it happened, by the engine''s clock.';
COMMENT ON COLUMN campaign.touch_events.recorded_at IS 'When it was told, by the engine''s clock.';
COMMENT ON COLUMN campaign.touch_events.enrollment_id IS 'The enrolment in whose message it happened; NULL for a manual send.';
COMMENT ON COLUMN campaign.touch_events.touch_number IS 'The touch in whose message it happened; NULL if none was sent.';
COMMENT ON COLUMN campaign.touch_events.address IS 'The address that it concerns, as the message had it.';
COMMENT ON COLUMN campaign.touch_events.unmatched IS 'Nobody knows yet which message it is about: campaign.match_events() looks again.';
COMMENT ON COLUMN campaign.touch_events.data IS 'Whatever the sender of the event told besides.';
COMMENT ON POLICY touch_events_select ON campaign.touch_events IS 'Members read their tenants''.';
