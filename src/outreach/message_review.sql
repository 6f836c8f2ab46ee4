-- Review: people edit, approve and reject messages before they are sent.
-- Locks in order: tenant and campaign, so that a status does not change meanwhile; the contact, whom
-- nobody erases meanwhile; the queue row of a message that could be on its way; the message.

CREATE FUNCTION campaign.lock_message(message uuid, OUT tenant uuid, OUT campaign uuid, OUT campaign_status text, OUT present campaign.messages)
RETURNS record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  contact uuid;
BEGIN
  SELECT m.tenant_id, m.campaign_id, m.contact_id INTO tenant, campaign, contact FROM campaign.messages m
   WHERE m.tenant_id = ANY (campaign.writable_tenants()) AND m.id = message;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'message % does not exist', coalesce('"' || message || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may write to has a message with this id.',
            HINT = 'Check the id; a message of another tenant is not found.';
  END IF;
  SELECT l.status INTO campaign_status FROM campaign.lock_outreach_campaign(campaign) l;
  PERFORM FROM campaign.contacts c WHERE c.tenant_id = tenant AND c.id = contact FOR KEY SHARE;
  -- before the message, as whoever reports its touch
  IF campaign_status IN ('running', 'paused') THEN
    PERFORM 1 FROM campaign.messages m
      JOIN campaign.campaign_enrollments e ON e.tenant_id = m.tenant_id AND e.contact_id = m.contact_id AND e.campaign_id = m.campaign_id
      JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
     WHERE m.tenant_id = tenant AND m.id = message AND e.tenant_id = tenant AND q.tenant_id = tenant FOR NO KEY UPDATE OF q;
  END IF;
  SELECT m.* INTO present FROM campaign.messages m WHERE m.tenant_id = tenant AND m.id = message FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION campaign.lock_message(uuid) IS
'Internal: locks a message of the caller''s writable tenants, its campaign, its contact FOR KEY SHARE, and in running and paused the queue row of its contact; returns message and campaign. Raises P0002.';

-- A sent message is history; in draft, ready and generating nobody reviews yet, or the generator is still writing.
CREATE FUNCTION campaign.require_reviewable(message campaign.messages, campaign_status text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF message.sent_at IS NOT NULL THEN
    RAISE EXCEPTION 'message "%" was sent', message.id
      USING ERRCODE = 'CP002',
            DETAIL = format('It was sent at %s, and is what it was then.', message.sent_at),
            HINT = 'Edit the messages of later steps.';
  ELSIF campaign_status NOT IN ('review', 'approved', 'running', 'paused') THEN
    RAISE EXCEPTION 'messages of a campaign in status "%" cannot be changed', campaign_status
      USING ERRCODE = 'CP002',
            DETAIL = 'They are reviewed in review and approved, and, until they are sent, in running and paused.',
            HINT = 'Wait until the generation has finished, or clone the campaign.';
  END IF;
  -- a worker who has it sends what it was; the row is locked
  IF EXISTS (SELECT FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
              WHERE e.tenant_id = message.tenant_id AND e.contact_id = message.contact_id AND e.campaign_id = message.campaign_id
                AND q.tenant_id = message.tenant_id AND q.touch_number = message.touch_number
                AND (q.lease_until > clock_timestamp() OR q.flags & 1 = 1)) THEN
    RAISE EXCEPTION 'message "%" is being sent', message.id
      USING ERRCODE = 'CP002',
            DETAIL = 'A worker has claimed its touch.',
            HINT = 'Try again when it is reported or the lease has ended.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_reviewable(campaign.messages, text) IS
'Internal: raises CP002 for a message that was sent or is with a worker, and where the campaign''s status allows no review.';

-- What nobody will get is rejected at most.
CREATE FUNCTION campaign.refuse_excluded(message campaign.messages) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM campaign.refuse_erased(message.tenant_id, message.contact_id);
  IF EXISTS (SELECT FROM campaign.campaign_contacts k
              WHERE k.tenant_id = message.tenant_id AND k.campaign_id = message.campaign_id AND k.contact_id = message.contact_id AND k.status = 'excluded') THEN
    RAISE EXCEPTION 'the contact of message "%" is excluded', message.id
      USING ERRCODE = 'CP002',
            DETAIL = 'Nothing is sent to a contact who was excluded from the campaign.',
            HINT = 'Leave the message as it is.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.refuse_excluded(campaign.messages) IS
'Internal: raises CP002 for a message to a contact who was excluded from its campaign, or erased.';

CREATE FUNCTION campaign.require_message_version(message campaign.messages, version integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF version <> message.version THEN
    RAISE EXCEPTION 'message "%" has changed', message.id
      USING ERRCODE = 'CP002',
            DETAIL = format('Version %s was meant, and the present one is %s.', version, message.version),
            HINT = 'Read it again.';
  END IF;
END $$;
COMMENT ON FUNCTION campaign.require_message_version(campaign.messages, integer) IS
'Internal: raises CP002 if the version of a message is not the one that was meant; NULL means any.';

CREATE FUNCTION campaign.edit_message(message uuid, reason text, body text DEFAULT NULL, subject text DEFAULT NULL, body_html text DEFAULT NULL,
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

CREATE FUNCTION campaign.revert_message(message uuid, version integer, note text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  locked record := campaign.lock_message(message);
  old campaign.messages := locked.present;
  former campaign.message_versions;
  new_version integer;
BEGIN
  SELECT v.* INTO former FROM campaign.message_versions v
   WHERE v.tenant_id = old.tenant_id AND v.message_id = old.id AND v.version = version;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'message "%" has no version %', message, coalesce(version::text, 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = format('Its versions are 1 to %s.', old.version),
            HINT = 'See campaign.message_versions.';
  END IF;
  PERFORM campaign.require_reviewable(old, locked.campaign_status);
  PERFORM campaign.refuse_excluded(old);
  new_version := campaign.add_message_version(old.tenant_id, old.id, 'reverted', former.subject, former.body, former.body_html, NULL, note);
  PERFORM campaign.reopen_review(old.tenant_id, old.campaign_id, locked.campaign_status);
  RETURN new_version;
END $$;
COMMENT ON FUNCTION campaign.revert_message(uuid, integer, text) IS
'Gives a message the text of one of its versions again, as a new version that is to be reviewed; returns its number. Raises P0002 for a version that there is not, and what edit_message() does.';

-- What is to be reviewed again is not approved any more.
CREATE FUNCTION campaign.reopen_review(tenant uuid, campaign uuid, status text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF status = 'approved' THEN
    PERFORM campaign.transition_campaign(campaign, 'review', 'a message was edited');
  END IF;
END $$;
COMMENT ON FUNCTION campaign.reopen_review(uuid, uuid, text) IS
'Internal: an approved campaign, locked, of which a message is to be reviewed again goes back to review.';

CREATE FUNCTION campaign.review_message(message uuid, action text, reason text, version integer) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  locked record := campaign.lock_message(message);
  old campaign.messages := locked.present;
  now_time timestamptz := campaign.now();
  wanted text := CASE action WHEN 'approve' THEN 'approved' ELSE 'rejected' END;
BEGIN
  PERFORM campaign.require_message_version(old, version);
  PERFORM campaign.require_reviewable(old, locked.campaign_status);
  IF old.status = wanted THEN
    RETURN 'unchanged';
  END IF;
  IF wanted = 'approved' THEN
    PERFORM campaign.refuse_excluded(old);
  END IF;
  UPDATE campaign.messages m
     SET status = wanted, changed_at = now_time,
         approved_by = CASE wanted WHEN 'approved' THEN campaign.current_member() END,
         approved_at = CASE wanted WHEN 'approved' THEN now_time END,
         review_notes = CASE wanted WHEN 'rejected' THEN reason END
   WHERE m.tenant_id = old.tenant_id AND m.id = old.id;
  INSERT INTO campaign.message_feedback (tenant_id, message_id, version, action, reason, member, at)
  VALUES (old.tenant_id, old.id, old.version, wanted, reason, campaign.current_member(), now_time);
  RETURN wanted;
END $$;
COMMENT ON FUNCTION campaign.review_message(uuid, text, text, integer) IS
'Internal: approves or rejects one message and returns approved, rejected or unchanged; raises CP001, CP002, P0002.';

CREATE FUNCTION campaign.lock_campaigns_of(messages uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  item record;
BEGIN
  FOR item IN
    SELECT DISTINCT m.tenant_id, m.campaign_id FROM campaign.messages m
     WHERE m.tenant_id = ANY (campaign.writable_tenants()) AND m.id = ANY (messages) ORDER BY m.tenant_id, m.campaign_id
  LOOP
    PERFORM campaign.lock_tenant_key(item.tenant_id);
    PERFORM FROM campaign.campaigns c WHERE c.tenant_id = item.tenant_id AND c.id = item.campaign_id FOR NO KEY UPDATE;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.lock_campaigns_of(uuid[]) IS
'Internal: locks the campaigns of messages, in order; those that are not the caller''s to write are passed over.';

CREATE FUNCTION campaign.review_messages(ids uuid[], action text, reason text DEFAULT NULL, versions integer[] DEFAULT NULL)
RETURNS TABLE (message_id uuid, result text, code text, detail text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  item record;
  fault_detail text;
BEGIN
  IF action IS NULL OR action NOT IN ('approve', 'reject') THEN
    RAISE EXCEPTION 'unknown action %', coalesce(quote_literal(left(action, 100)), 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Messages are approved or rejected.',
            HINT = 'Pass approve or reject; campaign.edit_message() changes a message.';
  ELSIF action = 'reject' AND coalesce(btrim(reason), '') = '' THEN
    RAISE EXCEPTION 'a rejection needs a reason'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Whoever writes the messages learns from it.',
            HINT = 'Say in a few words what is wrong.';
  ELSIF length(reason) > 2000 THEN
    RAISE EXCEPTION 'reason is too long'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It has %s characters, and 2000 are the most.', length(reason)),
            HINT = 'Say it in a few words.';
  ELSIF cardinality(campaign.writable_tenants()) = 0 THEN
    RAISE EXCEPTION 'permission denied to review messages'
      USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'You are an editor or owner of no tenant.',
            HINT = 'Ask an owner.';
  ELSIF cardinality(versions) <> cardinality(ids) THEN
    RAISE EXCEPTION 'ids and versions differ in number'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('There are %s ids and %s versions.', cardinality(ids), cardinality(versions)),
            HINT = 'Pass for each message the version that was read, or no versions.';
  END IF;
  -- campaigns first, and then their queue rows in the order in which a batch of reports locks them, so that
  -- nobody waits in a circle
  PERFORM campaign.lock_campaigns_of(ids);
  FOR item IN
    SELECT i.id, i.version, min(i.place) AS place
      FROM unnest(ids, versions) WITH ORDINALITY i(id, version, place)
      LEFT JOIN campaign.messages m ON m.tenant_id = ANY (campaign.writable_tenants()) AND m.id = i.id
      LEFT JOIN campaign.campaign_enrollments e ON e.tenant_id = m.tenant_id AND e.contact_id = m.contact_id AND e.campaign_id = m.campaign_id
            AND EXISTS (SELECT FROM campaign.touch_queue q WHERE q.tenant_id = e.tenant_id AND q.enrollment_id = e.id)
     GROUP BY i.id, i.version, m.tenant_id ORDER BY m.tenant_id, (array_agg(e.id ORDER BY e.id))[1], i.id, i.version
  LOOP
    message_id := item.id;
    BEGIN
      code := NULL;
      detail := NULL;
      result := campaign.review_message(item.id, action, reason, item.version);
    EXCEPTION WHEN SQLSTATE 'P0002' OR SQLSTATE 'CP001' OR SQLSTATE 'CP002' THEN
      GET STACKED DIAGNOSTICS fault_detail = PG_EXCEPTION_DETAIL;
      result := 'refused';
      code := SQLSTATE;
      detail := SQLERRM || coalesce('. ' || fault_detail, '');
    END;
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION campaign.review_messages(uuid[], text, text, integer[]) IS
'Approves or rejects messages, each by itself: one that cannot be does not keep the others. action: approve, or reject with a reason. versions: for each message the one that was read, so that nothing is approved that was edited meanwhile. Returns for each id, once, the result approved, rejected, unchanged or refused, and then the SQLSTATE that says why and its facts: P0002 (not yours, or there is none), CP001 (a rejected message is edited or reverted before it is approved), CP002 (sent, with a worker, changed since, the contact excluded, or the campaign not under review). Raises 22023 for a bad action or reason, 42501 for who only reads.';

CREATE FUNCTION campaign.review_queue(campaign uuid, status text DEFAULT 'draft', channel text DEFAULT NULL, touch_number integer DEFAULT NULL,
  max_rows integer DEFAULT 50, after_position bigint DEFAULT 0)
RETURNS TABLE ("position" bigint, total bigint, message_id uuid, contact_id uuid, contact_name text, score numeric, touch smallint, variant text,
  message_channel text, subject text, body text, body_html text, message_status text, version integer, review_notes text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid := (campaign.find_outreach_campaign(campaign, campaign.readable_tenants())).tenant_id;
BEGIN
  IF max_rows IS NULL OR max_rows NOT BETWEEN 1 AND 1000 OR after_position IS NULL OR after_position < 0 THEN
    RAISE EXCEPTION 'max_rows or after_position is out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A page has 1 to 1000 rows, and begins behind a position from 0.',
            HINT = 'Pass the last position of the page before as after_position.';
  END IF;
  RETURN QUERY
    SELECT r.* FROM (
      SELECT row_number() OVER (ORDER BY c.score DESC NULLS LAST, m.contact_id, m.touch_number, m.variant), count(*) OVER (),
             m.id, m.contact_id, coalesce(c.name, btrim(concat_ws(' ', c.first_name, c.last_name))), c.score::numeric, m.touch_number, m.variant,
             m.channel, m.subject::text, m.body::text, m.body_html::text, m.status, m.version, m.review_notes
        FROM campaign.messages m
        JOIN campaign.contacts c ON c.tenant_id = m.tenant_id AND c.id = m.contact_id
        JOIN campaign.campaign_contacts k ON k.tenant_id = m.tenant_id AND k.campaign_id = m.campaign_id AND k.contact_id = m.contact_id
       WHERE m.tenant_id = owner_tenant AND m.campaign_id = campaign AND k.status <> 'excluded'
         AND c.tenant_id = owner_tenant AND k.tenant_id = owner_tenant
         AND (review_queue.status IS NULL OR m.status = review_queue.status)
         AND (review_queue.channel IS NULL OR m.channel = review_queue.channel)
         AND (review_queue.touch_number IS NULL OR m.touch_number = review_queue.touch_number)) r
     WHERE r.row_number > after_position ORDER BY r.row_number LIMIT max_rows;
END $$;
COMMENT ON FUNCTION campaign.review_queue(uuid, text, text, integer, integer, bigint) IS
'The messages of a campaign that wait for review (or have another status; NULL: any), those of excluded contacts left out, in an order that stays: contacts of the highest score first, then by contact, step and variant; with the position of each and the total. Raises P0002 for a campaign that is not yours, 22023 for a bad page.';

-- What keeps a campaign from being approved; NULL if nothing does.
CREATE FUNCTION campaign.approval_obstacle(tenant uuid, campaign uuid) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  approved bigint;
  drafts bigint;
BEGIN
  SELECT count(*) FILTER (WHERE m.status = 'approved'), count(*) FILTER (WHERE m.status = 'draft') INTO approved, drafts
    FROM campaign.messages m
    JOIN campaign.campaign_contacts k ON k.tenant_id = m.tenant_id AND k.campaign_id = m.campaign_id AND k.contact_id = m.contact_id
   WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND k.tenant_id = tenant AND k.status <> 'excluded';
  RETURN CASE WHEN drafts > 0 THEN format('messages that wait for review: %s', drafts)
              WHEN approved = 0 THEN 'no message is approved' END;
END $$;
COMMENT ON FUNCTION campaign.approval_obstacle(uuid, uuid) IS
'Internal: what keeps a campaign from being approved, its messages to excluded contacts left out; NULL if nothing does.';

CREATE FUNCTION campaign.review_summary(campaign uuid, OUT total bigint, OUT draft bigint, OUT approved bigint, OUT rejected bigint, OUT sent bigint,
  OUT active_contacts bigint, OUT excluded_contacts bigint, OUT by_channel jsonb, OUT can_approve boolean, OUT obstacle text)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid := (campaign.find_outreach_campaign(campaign, campaign.readable_tenants())).tenant_id;
  status text := (SELECT c.status FROM campaign.campaigns c WHERE c.tenant_id = owner_tenant AND c.id = campaign);
BEGIN
  SELECT count(*) FILTER (WHERE k.status <> 'excluded'), count(*) FILTER (WHERE k.status = 'excluded')
    INTO active_contacts, excluded_contacts
    FROM campaign.campaign_contacts k WHERE k.tenant_id = owner_tenant AND k.campaign_id = campaign;
  SELECT coalesce(sum(n.total), 0), coalesce(sum(n.draft), 0), coalesce(sum(n.approved), 0), coalesce(sum(n.rejected), 0), coalesce(sum(n.sent), 0),
         coalesce(jsonb_object_agg(n.channel, jsonb_build_object('total', n.total, 'draft', n.draft, 'approved', n.approved,
                                                                  'rejected', n.rejected, 'sent', n.sent)), '{}')
    INTO total, draft, approved, rejected, sent, by_channel
    FROM (SELECT m.channel, count(*) AS total, count(*) FILTER (WHERE m.status = 'draft') AS draft,
                 count(*) FILTER (WHERE m.status = 'approved') AS approved, count(*) FILTER (WHERE m.status = 'rejected') AS rejected,
                 count(*) FILTER (WHERE m.sent_at IS NOT NULL) AS sent
            FROM campaign.messages m
            JOIN campaign.campaign_contacts k ON k.tenant_id = m.tenant_id AND k.campaign_id = m.campaign_id AND k.contact_id = m.contact_id
           WHERE m.tenant_id = owner_tenant AND m.campaign_id = campaign AND k.tenant_id = owner_tenant AND k.status <> 'excluded'
           GROUP BY m.channel) n;
  obstacle := CASE WHEN status <> 'review' THEN format('the campaign is in status "%s"', status)
                   ELSE campaign.approval_obstacle(owner_tenant, campaign) END;
  can_approve := obstacle IS NULL;
END $$;
COMMENT ON FUNCTION campaign.review_summary(uuid) IS
'How far the review of a campaign is: its messages by status and channel (sent: also delivered and replied), those of excluded contacts left out; its contacts; whether it can be approved and, if not, why. Raises P0002 for a campaign that is not yours.';

CREATE VIEW campaign.message_insights WITH (security_invoker = true) AS
  SELECT m.tenant_id, m.campaign_id, m.channel, m.touch_number, f.action, CASE f.action WHEN 'edited' THEN f.reason END AS reason,
         count(*) AS times, count(DISTINCT f.message_id) AS messages
    FROM campaign.message_feedback f
    JOIN campaign.messages m ON m.tenant_id = f.tenant_id AND m.id = f.message_id
   GROUP BY m.tenant_id, m.campaign_id, m.channel, m.touch_number, f.action, CASE f.action WHEN 'edited' THEN f.reason END;
COMMENT ON VIEW campaign.message_insights IS 'What reviewers did with the messages of a step, and of edits why: how often, and with how many messages.';

-- Whoever is excluded gets none of what is not sent yet.
CREATE FUNCTION campaign.reject_excluded_messages() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  UPDATE campaign.messages m
     SET status = 'rejected', review_notes = 'the contact was excluded', approved_by = NULL, approved_at = NULL, changed_at = now_time
    FROM changed k
   WHERE m.tenant_id = k.tenant_id AND m.campaign_id = k.campaign_id AND m.contact_id = k.contact_id
     AND k.status = 'excluded' AND m.status IN ('draft', 'approved')
     -- what a worker has begun to send may be sent: his report says
     AND NOT EXISTS (SELECT FROM campaign.campaign_enrollments e JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
                      WHERE e.tenant_id = m.tenant_id AND e.contact_id = m.contact_id AND e.campaign_id = m.campaign_id
                        AND q.touch_number = m.touch_number AND q.flags & 1 = 1);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION campaign.reject_excluded_messages() IS
'Trigger on campaign_contacts: messages of a contact who is excluded, and that were not sent and are not being sent, are rejected.';
CREATE TRIGGER reject_messages AFTER UPDATE ON campaign.campaign_contacts
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION campaign.reject_excluded_messages();
COMMENT ON TRIGGER reject_messages ON campaign.campaign_contacts IS 'Nothing more is sent to whom the campaign has excluded.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.edit_message(uuid, text, text, text, text, text, integer)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.revert_message(uuid, integer, text)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.review_messages(uuid[], text, text, integer[])'),
  ('member', 'EXECUTE', 'FUNCTION campaign.review_queue(uuid, text, text, integer, integer, bigint)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.review_summary(uuid)'),
  ('member', 'SELECT', 'TABLE campaign.message_insights');
