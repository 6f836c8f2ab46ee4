-- campaign 0.4.0 to 0.4.1: mends of outreach campaigns.
\echo Use "ALTER EXTENSION campaign UPDATE TO '0.4.1'" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

INSERT INTO campaign.schema_version (version, description) VALUES ('0.4.1', 'updated from 0.4.0');

CREATE OR REPLACE FUNCTION campaign.require_sendable_plan(tenant uuid, campaign uuid, version integer DEFAULT NULL) RETURNS void
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

CREATE OR REPLACE FUNCTION campaign.configure_campaign(campaign uuid, generation_config jsonb DEFAULT NULL, sender_config jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  locked record := campaign.lock_outreach_campaign(campaign);
BEGIN
  IF locked.status NOT IN ('draft', 'ready') THEN
    RAISE EXCEPTION 'the settings of a campaign in status "%" cannot be edited', locked.status
      USING ERRCODE = 'CP002',
            DETAIL = 'How messages are generated and sent is edited in draft and ready only.',
            HINT = 'Bring the campaign back to ready, or clone it.';
  END IF;
  UPDATE campaign.outreach_campaigns o
     SET generation_config = coalesce($2, o.generation_config), sender_config = coalesce($3, o.sender_config),
         -- what an owner has scheduled lowers the limits that he has read, not those that an editor writes afterwards
         launch_lowers = o.launch_lowers AND ($3 IS NULL OR locked.tenant = ANY (campaign.owned_tenants()))
   WHERE o.tenant_id = locked.tenant AND o.campaign_id = $1;
END $$;

ALTER FUNCTION campaign.pause_campaign(uuid, text) SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION campaign.resume_campaign(uuid, text, interval, text) SET plan_cache_mode = force_generic_plan;

CREATE OR REPLACE FUNCTION campaign.estimate_generation(campaign uuid,
  OUT touch_number smallint, OUT channel text, OUT label text, OUT variants integer, OUT contacts bigint, OUT messages bigint, OUT usd numeric, OUT credits bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  owner_tenant uuid := (campaign.find_outreach_campaign(estimate_generation.campaign, campaign.readable_tenants())).tenant_id;
  price numeric := campaign.message_price(owner_tenant);
  people bigint;
BEGIN
  SELECT count(*) INTO people FROM campaign.campaign_contacts k
    JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
   WHERE k.tenant_id = owner_tenant AND k.campaign_id = estimate_generation.campaign AND k.status <> 'excluded'
     AND c.tenant_id = owner_tenant AND c.archived_at IS NULL;
  RETURN QUERY
    SELECT s.touch_number, s.channel, s.label, sum(s.variants)::integer, people, sum(s.variants)::bigint * people,
           sum(s.variants) * people * price, campaign.credits(sum(s.variants) * people * price)
      FROM campaign.generation_steps(owner_tenant, estimate_generation.campaign) s
     GROUP BY GROUPING SETS ((s.touch_number, s.channel, s.label), ()) ORDER BY s.touch_number NULLS LAST;
END $$;
COMMENT ON FUNCTION campaign.estimate_generation(uuid) IS
'What generating all messages of a campaign would cost: enabled steps times variants times contacts that are neither excluded nor archived times the price of a message, a row for each step and, with touch_number NULL, one for all. credits are rounded in each row by itself, so they need not add up. Raises P0002 for a campaign that is not yours.';

CREATE OR REPLACE FUNCTION campaign.edit_message(message uuid, reason text, body text DEFAULT NULL, subject text DEFAULT NULL, body_html text DEFAULT NULL,
  note text DEFAULT NULL, version integer DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  locked record := campaign.lock_message(message);
  old campaign.messages := locked.present;
  new_version integer;
BEGIN
  IF reason IS NULL OR reason NOT IN ('too_formal', 'too_casual', 'wrong_tone', 'wrong_language', 'too_long', 'too_short',
                                      'factually_wrong', 'off_topic', 'generic', 'other') THEN
    RAISE EXCEPTION 'unknown reason % of an edit', coalesce(quote_literal(left(reason, 100)), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The reasons are too_formal, too_casual, wrong_tone, wrong_language, too_long, too_short, factually_wrong, off_topic, generic and other.',
            HINT = 'Say more in note.';
  ELSIF num_nonnulls(subject, body, body_html) = 0 THEN
    RAISE EXCEPTION 'an edit of message "%" without a text', message
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Neither subject, nor body, nor body_html is given.',
            HINT = 'Give what is to change, or say why the message is not wanted with campaign.review_messages().';
  END IF;
  PERFORM campaign.require_message_version(old, version);
  PERFORM campaign.require_reviewable(old, locked.campaign_status);
  PERFORM campaign.refuse_excluded(old);
  new_version := campaign.add_message_version(old.tenant_id, old.id, 'edited',
    CASE WHEN subject IS NULL THEN old.subject ELSE nullif(subject, '') END,
    CASE WHEN body IS NULL THEN old.body ELSE nullif(body, '') END,
    CASE WHEN body_html IS NULL THEN old.body_html ELSE nullif(body_html, '') END, reason, note);
  INSERT INTO campaign.message_feedback (tenant_id, message_id, version, action, reason, note, member, at)
  VALUES (old.tenant_id, old.id, old.version, 'edited', reason, note, campaign.current_member(), campaign.now());
  PERFORM campaign.reopen_review(old.tenant_id, old.campaign_id, locked.campaign_status);
  RETURN new_version;
END $$;
COMMENT ON FUNCTION campaign.edit_message(uuid, text, text, text, text, text, integer) IS
'Changes the text of a message (NULL leaves a part as it is, the empty string takes it away) and returns its new version, which is to be reviewed; an approved campaign goes back to review. reason: too_formal, too_casual, wrong_tone, wrong_language, too_long, too_short, factually_wrong, off_topic, generic or other. version: the one that was read; if it is no longer the present one, CP002. Raises CP002 for a message that was sent or is with a worker, whose contact was excluded or erased, or where the campaign is not in review, approved, running or paused, 22023 for an unknown reason and where no text is given, 23514 and CP003 for a text that the channel does not take, P0002.';
