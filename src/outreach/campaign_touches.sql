-- The plan: one row per touch and plan version, projected from the document and never written by hand.
-- Lanes: one per campaign and channel, numbered within the tenant.

CREATE TABLE campaign.campaign_touches (
  tenant_id         uuid NOT NULL,
  campaign_id       uuid NOT NULL,
  plan_version      integer NOT NULL,
  touch_number      smallint NOT NULL,
  step              smallint NOT NULL,
  channel           text COLLATE "C" NOT NULL,
  label             text NOT NULL,
  delay             interval NOT NULL,
  use_service_delay boolean NOT NULL,
  condition         text NOT NULL,
  on_failure        text NOT NULL,
  max_lateness      interval,
  late              text,
  template_id       uuid,
  subject           text,
  body              text,
  body_html         text,
  needs_pdf         boolean NOT NULL,
  variant_count     smallint NOT NULL,
  attachments       uuid[] NOT NULL,
  config            jsonb NOT NULL,
  CONSTRAINT campaign_touches_pkey PRIMARY KEY (tenant_id, campaign_id, plan_version, touch_number),
  CONSTRAINT campaign_touches_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT campaign_touches_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.outreach_campaigns (tenant_id, campaign_id) ON DELETE CASCADE,
  CONSTRAINT campaign_touches_channel_fkey FOREIGN KEY (channel) REFERENCES campaign.channels (channel),
  CONSTRAINT campaign_touches_template_fkey FOREIGN KEY (tenant_id, template_id) REFERENCES campaign.message_templates (tenant_id, id),
  CONSTRAINT campaign_touches_touch_number_check CHECK (touch_number BETWEEN 1 AND 50),
  CONSTRAINT campaign_touches_delay_check CHECK (delay >= '0')
);
CREATE INDEX campaign_touches_template_idx ON campaign.campaign_touches (tenant_id, template_id) WHERE template_id IS NOT NULL;
CREATE INDEX campaign_touches_channel_idx ON campaign.campaign_touches (channel);
SELECT pg_catalog.pg_extension_config_dump('campaign.campaign_touches', '');

CREATE TABLE campaign.lanes (
  tenant_id   uuid NOT NULL,
  lane        integer NOT NULL,
  campaign_id uuid NOT NULL,
  channel     text COLLATE "C" NOT NULL,
  paused      boolean NOT NULL,
  throttled_until timestamptz NOT NULL DEFAULT '-infinity',
  paused_at     timestamptz,
  resumed_at    timestamptz NOT NULL DEFAULT '-infinity',
  resume_policy text NOT NULL DEFAULT 'keep',
  spread        interval NOT NULL DEFAULT '0',
  shift         interval NOT NULL DEFAULT '0',
  CONSTRAINT lanes_pkey PRIMARY KEY (tenant_id, lane),
  CONSTRAINT lanes_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE,
  CONSTRAINT lanes_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign.outreach_campaigns (tenant_id, campaign_id) ON DELETE CASCADE,
  CONSTRAINT lanes_channel_fkey FOREIGN KEY (channel) REFERENCES campaign.channels (channel),
  CONSTRAINT lanes_resume_policy_check CHECK (resume_policy IN ('keep', 'shift', 'bump')),
  CONSTRAINT lanes_spread_check CHECK (spread >= '0'),
  CONSTRAINT lanes_shift_check CHECK (shift >= '0'),
  CONSTRAINT lanes_campaign_channel_key UNIQUE (tenant_id, campaign_id, channel)
);
CREATE INDEX lanes_channel_idx ON campaign.lanes (channel);
SELECT pg_catalog.pg_extension_config_dump('campaign.lanes', '');

CREATE FUNCTION campaign.ensure_lane(tenant uuid, campaign uuid, channel text) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  number integer;
BEGIN
  SELECT l.lane INTO number FROM campaign.lanes l
   WHERE l.tenant_id = tenant AND l.campaign_id = campaign AND l.channel = channel;
  IF FOUND THEN
    RETURN number;
  END IF;
  -- two campaigns of one tenant take their numbers one after the other
  PERFORM 1 FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
  number := coalesce((SELECT max(l.lane) FROM campaign.lanes l WHERE l.tenant_id = tenant), 0) + 1;
  -- all lanes of a campaign are paused, resumed and shifted alike
  INSERT INTO campaign.lanes (tenant_id, lane, campaign_id, channel, paused, paused_at, resumed_at, resume_policy, spread, shift)
  SELECT tenant, number, campaign, channel, c.status <> 'running', l.paused_at, coalesce(l.resumed_at, '-infinity'),
         coalesce(l.resume_policy, 'keep'), coalesce(l.spread, '0'), coalesce(l.shift, '0')
    FROM campaign.campaigns c
    LEFT JOIN LATERAL (SELECT * FROM campaign.lanes o WHERE o.tenant_id = tenant AND o.campaign_id = campaign
                        ORDER BY o.lane LIMIT 1) l ON true
   WHERE c.tenant_id = tenant AND c.id = campaign;
  RETURN number;
END $$;
COMMENT ON FUNCTION campaign.ensure_lane(uuid, uuid, text) IS
'Internal: the lane of a campaign and channel, made where there is none. Locks the tenant to give out a number.';

-- Copy on use: rows of a tenant refer to its own rows only.
CREATE FUNCTION campaign.adopt_message_template(tenant uuid, template uuid) RETURNS uuid
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  system_tenant constant uuid := '00000000-0000-0000-0000-000000000000';
  own uuid;
BEGIN
  SELECT m.id INTO own FROM campaign.message_templates m WHERE m.tenant_id = tenant AND m.id = template;
  IF FOUND THEN
    RETURN own;
  END IF;
  PERFORM 1 FROM campaign.tenants t WHERE t.id = tenant FOR NO KEY UPDATE;
  SELECT c.id INTO own
    FROM campaign.message_templates c JOIN campaign.message_templates s ON s.tenant_id = system_tenant AND s.id = c.copied_from
   WHERE c.tenant_id = tenant AND s.tenant_id = system_tenant AND c.copied_from = template AND c.archived_at IS NULL
     AND (c.subject, c.body, c.body_html) IS NOT DISTINCT FROM (s.subject, s.body, s.body_html)
   ORDER BY c.id LIMIT 1;
  IF FOUND THEN
    RETURN own;
  END IF;
  RETURN campaign.copy_message_template(template, tenant);
END $$;
COMMENT ON FUNCTION campaign.adopt_message_template(uuid, uuid) IS
'Internal: the tenant''s own template for an id of its own or of the system; a system template is copied once, and again only if the copy was edited.';

-- The document's enabled steps as touches.
CREATE FUNCTION campaign.document_touches(document jsonb)
RETURNS TABLE (touch_number smallint, "position" smallint, step jsonb, channel text, delay interval, use_service_delay boolean)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT row_number() OVER (ORDER BY s.place)::smallint, s.place::smallint, s.step, s.step ->> 'channel',
         -- a day is 24 hours, whatever the clocks do: an instant plus a delay is the same in every time zone
         make_interval(secs => coalesce((s.step ->> 'delay_hours')::numeric, (s.step ->> 'day_offset')::numeric * 24, 0)::double precision * 3600),
         coalesce((s.step ->> 'use_service_delay')::boolean, false)
    FROM jsonb_array_elements(campaign.normalize_template_config($1)) WITH ORDINALITY AS s(step, place)
   WHERE (s.step ->> 'enabled')::boolean;
END;
COMMENT ON FUNCTION campaign.document_touches(jsonb) IS
'Internal: the enabled steps of a document as touches, with their delays; raises CP003 for an invalid document.';

CREATE FUNCTION campaign.require_document(tenant uuid, document jsonb) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  fault record;
  faults text;
BEGIN
  IF document IS NULL THEN
    RAISE EXCEPTION 'template_config must not be null'
      USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'A campaign is a sequence of 1 to 50 steps.',
            HINT = 'Pass the whole document.';
  END IF;
  SELECT f.path, f.message, f.hint INTO fault FROM campaign.check_template_config(tenant, document) f LIMIT 1;
  IF FOUND THEN
    SELECT string_agg(f.path || ': ' || f.message, E'\n') INTO faults
      FROM (SELECT * FROM campaign.check_template_config(tenant, document) LIMIT 50) f;
    RAISE EXCEPTION 'invalid template_config at %: %', fault.path, fault.message
      USING ERRCODE = 'CP003', DETAIL = faults,
            HINT = coalesce(nullif(fault.hint, ''), 'campaign.check_template_config() lists every fault.');
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_document(uuid, jsonb) IS
'Internal: raises CP003 for a document that a campaign of the tenant could not have, 22004 for NULL.';

CREATE FUNCTION campaign.project_plan(tenant uuid, campaign uuid, version integer, document jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  touch record;
BEGIN
  PERFORM campaign.require_document(tenant, document);
  FOR touch IN
    SELECT d.* FROM campaign.document_touches(document) d ORDER BY d.touch_number
  LOOP
    INSERT INTO campaign.campaign_touches (tenant_id, campaign_id, plan_version, touch_number, step, channel, label,
      delay, use_service_delay, condition, on_failure, max_lateness, late, template_id, subject, body, body_html,
      needs_pdf, variant_count, attachments, config)
    SELECT tenant, campaign, version, touch.touch_number, touch.position, touch.channel, touch.step ->> 'label',
      touch.delay, touch.use_service_delay,
      touch.step ->> 'condition', touch.step ->> 'on_failure',
      make_interval(secs => (touch.step ->> 'max_lateness_hours')::double precision * 3600), touch.step ->> 'late',
      campaign.adopt_message_template(tenant, (touch.step ->> 'template_id')::uuid),
      touch.step ->> 'subject', touch.step ->> 'body_text', touch.step ->> 'body_html',
      (touch.step ->> 'needs_pdf')::boolean, (touch.step ->> 'variant_count')::smallint,
      ARRAY(SELECT a::uuid FROM jsonb_array_elements_text(coalesce(touch.step -> 'attachments', '[]')) a),
      coalesce(touch.step -> 'config', '{}');
    PERFORM campaign.ensure_lane(tenant, campaign, touch.channel);
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.project_plan(uuid, uuid, integer, jsonb) IS
'Internal: checks a document against channels and templates (CP003) and writes its enabled steps as touches of a plan version, with their lanes.';

-- Which text a touch has: the step's own, its template, the tenant's default, the system's.
CREATE FUNCTION campaign.touch_text(tenant uuid, campaign uuid, version integer, touch smallint, service text,
  OUT template_id uuid, OUT subject text, OUT body text, OUT body_html text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  -- in PL/pgSQL for its plan, which is kept
  RETURN QUERY
  SELECT m.id, coalesce(t.subject, m.subject),
         CASE WHEN t.body IS NULL AND t.body_html IS NULL THEN m.body ELSE t.body END,
         CASE WHEN t.body IS NULL AND t.body_html IS NULL THEN m.body_html ELSE t.body_html END
    FROM campaign.campaign_touches t
    LEFT JOIN LATERAL (
      SELECT c.* FROM (
        SELECT m.*, 1 AS choice FROM campaign.message_templates m
         WHERE m.tenant_id = tenant AND m.id = t.template_id
        UNION ALL
        SELECT m.*, 2 FROM campaign.message_templates m
         WHERE t.template_id IS NULL AND m.tenant_id = tenant AND m.channel = t.channel AND m.is_default
           AND m.archived_at IS NULL AND m.service_type = service
        UNION ALL
        SELECT m.*, 3 FROM campaign.message_templates m
         WHERE t.template_id IS NULL AND m.tenant_id = tenant AND m.channel = t.channel AND m.is_default
           AND m.archived_at IS NULL AND m.service_type IS NULL
        UNION ALL
        SELECT m.*, CASE WHEN m.service_type = service THEN 4 ELSE 5 END FROM campaign.message_templates m
         WHERE t.template_id IS NULL AND m.tenant_id = '00000000-0000-0000-0000-000000000000' AND m.channel = t.channel
           AND m.is_default AND m.archived_at IS NULL AND m.service_type IN (service, 'other')
      ) c ORDER BY c.choice LIMIT 1
    ) m ON t.body IS NULL AND t.body_html IS NULL
   WHERE t.tenant_id = tenant AND t.campaign_id = campaign AND t.plan_version = version AND t.touch_number = touch;
END $$;
COMMENT ON FUNCTION campaign.touch_text(uuid, uuid, integer, smallint, text) IS
'Internal: the unrendered text of a touch for a service type: the step''s own, else its template, else the tenant''s default for the service, for any, else the system''s for the service, for other. All NULL: there is none.';

CREATE FUNCTION campaign.dead_link(content text, link_base text, review_page text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN link_base IS NULL AND review_page IS NULL AND content ~ '\{\{\s*link\.review\s*\}\}' THEN 'review'
            WHEN link_base IS NULL AND content ~ '\{\{\s*link\.unsubscribe' THEN 'unsubscribe' END;
COMMENT ON FUNCTION campaign.dead_link(text, text, text) IS
'Internal: which link of an unrendered text leads nowhere for a tenant with this link_base_url and review_url: review or unsubscribe; NULL if none does.';

CREATE FUNCTION campaign.require_live_links(place text, content text, link_base text, review_page text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  dead text := campaign.dead_link(content, link_base, review_page);
BEGIN
  IF dead = 'review' THEN
    RAISE EXCEPTION '% has a review link that leads nowhere', place
      USING ERRCODE = 'CP002',
            DETAIL = 'Its text uses {{link.review}}, and the tenant has neither link_base_url nor review_url.',
            HINT = 'Set one of the two, or give the placeholder a default.';
  ELSIF dead = 'unsubscribe' THEN
    RAISE EXCEPTION '% has an unsubscribe link that leads nowhere', place
      USING ERRCODE = 'CP002',
            DETAIL = 'Its text uses {{link.unsubscribe}}, and the tenant has no link_base_url.',
            HINT = 'Set tenants.link_base_url to the address where your application answers links.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_live_links(text, text, text, text) IS
'Internal: raises CP002 if an unrendered text, whose place is named, has a link that leads nowhere.';

-- Where messages were written, a contact without one for a step gets what was written for the step, and no default.
CREATE FUNCTION campaign.require_sendable_plan(tenant uuid, campaign uuid, version integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  touch record;
  message record;
  link_base text;
  review_page text;
  has_messages boolean;
  touch_has_messages boolean;
BEGIN
  SELECT t.link_base_url, t.review_url INTO link_base, review_page FROM campaign.tenants t WHERE t.id = tenant;
  has_messages := EXISTS (
    SELECT FROM campaign.outreach_campaigns o JOIN campaign.messages m ON m.tenant_id = o.tenant_id AND m.campaign_id = o.campaign_id
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND o.audience = 'assigned' AND m.tenant_id = tenant
       AND m.status NOT IN ('draft', 'rejected'));
  FOR touch IN
    SELECT t.touch_number, t.step, t.label, t.channel, h.has_body, h.has_subject, x.subject, x.body, x.body_html
      FROM campaign.outreach_campaigns o
      JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = coalesce(version, o.plan_version)
      JOIN campaign.channels h ON h.channel = t.channel
      LEFT JOIN LATERAL campaign.touch_text(tenant, campaign, t.plan_version, t.touch_number, o.service_type) x
        ON NOT has_messages OR num_nonnulls(t.body, t.body_html, t.template_id) > 0
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant
     ORDER BY t.touch_number
  LOOP
    touch_has_messages := false;
    -- looked for only where the step does without a text
    IF has_messages AND (touch.has_body AND touch.body IS NULL AND touch.body_html IS NULL OR touch.has_subject AND touch.subject IS NULL) THEN
      touch_has_messages := EXISTS (
        SELECT FROM campaign.messages m
         WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND m.touch_number = touch.touch_number AND m.channel = touch.channel
           AND m.status NOT IN ('draft', 'rejected'));
    END IF;
    IF touch.has_body AND touch.body IS NULL AND touch.body_html IS NULL AND NOT touch_has_messages THEN
      RAISE EXCEPTION 'step % ("%") has no text', touch.step, touch.label
        USING ERRCODE = 'CP002',
              DETAIL = CASE WHEN has_messages THEN 'Neither the step nor its template gives a body, and no message that was written for it is approved.'
                       ELSE 'Neither the step, nor its template, nor a default template of its channel gives a body.' END,
              HINT = CASE WHEN has_messages THEN 'Give the step a body or a template_id, or the contacts messages for it.'
                     ELSE 'Give the step a body or a template_id, the tenant a default template for the channel, or the contacts messages.' END;
    END IF;
    IF touch.has_subject AND touch.subject IS NULL AND NOT touch_has_messages THEN
      RAISE EXCEPTION 'step % ("%") has no subject', touch.step, touch.label
        USING ERRCODE = 'CP002',
              DETAIL = 'Its channel has one, and the step gives a body of its own without it.',
              HINT = 'Give the step a subject.';
    END IF;
    PERFORM campaign.require_live_links(format('step %s ("%s")', touch.step, touch.label),
      concat(touch.subject, touch.body, touch.body_html), link_base, review_page);
  END LOOP;
  IF has_messages AND link_base IS NULL THEN
    SELECT m.id, concat(m.subject, m.body, m.body_html) AS content INTO message FROM campaign.messages m
     WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND m.status = 'approved'
       AND campaign.dead_link(concat(m.subject, m.body, m.body_html), link_base, review_page) IS NOT NULL
     ORDER BY m.id LIMIT 1;
    PERFORM campaign.require_live_links(format('message "%s"', message.id), message.content, link_base, review_page);
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_sendable_plan(uuid, uuid, integer) IS
'Internal: raises CP002 unless every touch of a version of the campaign''s plan (default: the present one) can be rendered, or has messages of its channel that were approved, and no text or approved message has a link that leads nowhere.';

ALTER TABLE campaign.campaign_touches ENABLE ROW LEVEL SECURITY;
CREATE POLICY campaign_touches_select ON campaign.campaign_touches FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
ALTER TABLE campaign.lanes ENABLE ROW LEVEL SECURITY;
CREATE POLICY lanes_select ON campaign.lanes FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.campaign_touches'),
  ('member', 'SELECT', 'TABLE campaign.lanes');

COMMENT ON TABLE campaign.campaign_touches IS 'The plan of a campaign: its enabled steps, per plan version, projected from template_config.';
COMMENT ON COLUMN campaign.campaign_touches.step IS 'Position of the step in the document, from 1; disabled steps have no touch.';
COMMENT ON COLUMN campaign.campaign_touches.delay IS 'After the anchor (first touch) or after the scheduled time of the touch before. A day is 24 hours.';
COMMENT ON COLUMN campaign.campaign_touches.template_id IS 'The tenant''s own template; a system template was copied.';
COMMENT ON TABLE campaign.lanes IS 'One (campaign, channel) of a tenant: what all of its queued touches have in common.';
COMMENT ON COLUMN campaign.lanes.throttled_until IS 'A cap is used up until then, by the engine''s clock: nothing is claimed.';
COMMENT ON COLUMN campaign.lanes.paused_at IS 'Since when it is paused.';
COMMENT ON COLUMN campaign.lanes.resumed_at IS 'The last resume; what was due before it goes out as resume_policy says.';
COMMENT ON COLUMN campaign.lanes.resume_policy IS 'keep: spread over the time after the resume; shift: later by the pause; bump: at the resume plus the touch''s own delay.';
COMMENT ON COLUMN campaign.lanes.spread IS 'Over which time keep spreads what is overdue.';
COMMENT ON COLUMN campaign.lanes.shift IS 'Length of all pauses that were resumed with shift: a due time in the queue is as much earlier than the real one.';
COMMENT ON COLUMN campaign.lanes.lane IS 'Number within the tenant, so that the queue''s index stays narrow.';
COMMENT ON COLUMN campaign.lanes.paused IS 'True unless the campaign is running. Set by the life cycle.';
COMMENT ON POLICY campaign_touches_select ON campaign.campaign_touches IS 'Members read their tenants''.';
COMMENT ON POLICY lanes_select ON campaign.lanes IS 'Members read their tenants''.';
