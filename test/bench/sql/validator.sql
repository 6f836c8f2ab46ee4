-- A validator of template_config as it would be written in PL/pgSQL, with all the rules
-- of src/outreach/template_config.c and a plain yes or no for an answer, and documents of
-- both kinds on which the two must agree before they are timed.

CREATE FUNCTION bench.is_text(value jsonb, low int, high int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN jsonb_typeof(value) = 'string' AND length(value #>> '{}') BETWEEN low AND high;
END $$;
CREATE FUNCTION bench.is_number(value jsonb, low int, high int, whole boolean) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  number numeric;
BEGIN
  IF jsonb_typeof(value) <> 'number' THEN
    RETURN false;
  END IF;
  number := value::numeric;
  RETURN number >= low AND number <= high AND (NOT whole OR number = trunc(number));
END $$;
CREATE FUNCTION bench.is_identifier(value jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN jsonb_typeof(value) = 'string' AND (value #>> '{}') COLLATE "C" ~ '^[a-z][a-z0-9_]{0,62}$';
END $$;
CREATE FUNCTION bench.is_uuid(value jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN jsonb_typeof(value) = 'string' AND value #>> '{}' ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$';
END $$;
CREATE FUNCTION bench.is_list_of_uuids(value jsonb, most int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  item jsonb;
BEGIN
  IF jsonb_typeof(value) <> 'array' OR jsonb_array_length(value) > most THEN
    RETURN false;
  END IF;
  FOR item IN SELECT jsonb_array_elements(value) LOOP
    IF NOT bench.is_uuid(item) THEN
      RETURN false;
    END IF;
  END LOOP;
  RETURN true;
END $$;

-- a text with placeholders: two opening braces always begin a known one
CREATE FUNCTION bench.is_message(value jsonb, most int, one_line boolean) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  message text;
BEGIN
  IF jsonb_typeof(value) <> 'string' THEN
    RETURN false;
  END IF;
  message := value #>> '{}';
  RETURN length(message) <= most
     AND (NOT one_line OR strpos(message, E'\n') = 0 AND strpos(message, E'\r') = 0)
     AND (strpos(message, '{{') = 0 OR message ~ ('^(?:[^{]|\{(?!\{)|\{\{[ \t\r\n]*(?:contact\.name|contact\.first_name|contact\.last_name|tenant\.name'
       || '|tenant\.sender_name|job\.service_type|link\.review|link\.unsubscribe|contact\.attributes\.[A-Za-z0-9_]{1,63})[ \t\r\n]*'
       || '(?:\|(?:(?!\{\{|\}\}).)*)?\}\})*$'));
END $$;

CREATE FUNCTION bench.is_generation_config(value jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  field record;
  item jsonb;
  part record;
BEGIN
  IF jsonb_typeof(value) <> 'object' THEN
    RETURN false;
  END IF;
  FOR field IN SELECT e.key, e.value FROM jsonb_each(value) e LOOP
    CASE field.key
      WHEN 'max_length' THEN
        IF NOT bench.is_number(field.value, 1, 100000, true) THEN RETURN false; END IF;
      WHEN 'tone' THEN
        IF jsonb_typeof(field.value) <> 'string' OR field.value #>> '{}' NOT IN
          ('professional', 'casual', 'bold', 'empathetic', 'friendly', 'authoritative', 'consultative') THEN RETURN false; END IF;
      WHEN 'formality' THEN
        IF jsonb_typeof(field.value) <> 'string' OR field.value #>> '{}' NOT IN ('formal', 'informal') THEN RETURN false; END IF;
      WHEN 'language' THEN
        IF jsonb_typeof(field.value) <> 'string' OR field.value #>> '{}' <> ALL (
          '{aa,ab,ae,af,ak,am,an,ar,as,av,ay,az,ba,be,bg,bi,bm,bn,bo,br,bs,ca,ce,ch,co,cr,cs,cu,cv,cy,da,de,dv,dz,ee,el,en,eo,es,et,eu,fa,ff,fi,fj,fo,fr,fy,ga,gd,gl,gn,gu,gv,ha,he,hi,ho,hr,ht,hu,hy,hz,ia,id,ie,ig,ii,ik,io,is,it,iu,ja,jv,ka,kg,ki,kj,kk,kl,km,kn,ko,kr,ks,ku,kv,kw,ky,la,lb,lg,li,ln,lo,lt,lu,lv,mg,mh,mi,mk,ml,mn,mr,ms,mt,my,na,nb,nd,ne,ng,nl,nn,no,nr,nv,ny,oc,oj,om,or,os,pa,pi,pl,ps,pt,qu,rm,rn,ro,ru,rw,sa,sc,sd,se,sg,si,sk,sl,sm,sn,so,sq,sr,ss,st,su,sv,sw,ta,te,tg,th,ti,tk,tl,tn,to,tr,ts,tt,tw,ty,ug,uk,ur,uz,ve,vi,vo,wa,wo,xh,yi,yo,za,zh,zu}'::text[])
        THEN RETURN false; END IF;
      WHEN 'custom_instructions' THEN
        IF NOT bench.is_text(field.value, 0, 2000) THEN RETURN false; END IF;
      WHEN 'example_messages' THEN
        IF jsonb_typeof(field.value) <> 'array' OR jsonb_array_length(field.value) > 20 THEN RETURN false; END IF;
        FOR item IN SELECT jsonb_array_elements(field.value) LOOP
          IF jsonb_typeof(item) <> 'object' OR NOT item ? 'body' THEN RETURN false; END IF;
          FOR part IN SELECT e.key, e.value FROM jsonb_each(item) e LOOP
            CASE part.key
              WHEN 'body' THEN IF NOT bench.is_text(part.value, 1, 100000) THEN RETURN false; END IF;
              WHEN 'note' THEN IF NOT bench.is_text(part.value, 0, 2000) THEN RETURN false; END IF;
              ELSE RETURN false;
            END CASE;
          END LOOP;
        END LOOP;
      WHEN 'asset_ids' THEN
        IF NOT bench.is_list_of_uuids(field.value, 50) THEN RETURN false; END IF;
      WHEN 'asset_mode' THEN
        IF NOT bench.is_identifier(field.value) THEN RETURN false; END IF;
      WHEN 'personalization_vars' THEN
        IF jsonb_typeof(field.value) <> 'array' OR jsonb_array_length(field.value) > 50 THEN RETURN false; END IF;
        FOR item IN SELECT jsonb_array_elements(field.value) LOOP
          IF NOT bench.is_text(item, 1, 255) THEN RETURN false; END IF;
        END LOOP;
      ELSE RETURN false;
    END CASE;
  END LOOP;
  RETURN true;
END $$;

CREATE FUNCTION bench.is_template_config(config jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  step record;
  field record;
  steps int;
  numbered int := 0;
  enabled int := 0;
BEGIN
  IF jsonb_typeof(config) IS DISTINCT FROM 'array' THEN
    RETURN false;
  END IF;
  steps := jsonb_array_length(config);
  IF steps NOT BETWEEN 1 AND 50 THEN
    RETURN false;
  END IF;
  FOR step IN SELECT s.value, s.number FROM jsonb_array_elements(config) WITH ORDINALITY s(value, number) LOOP
    IF jsonb_typeof(step.value) <> 'object' OR NOT step.value ? 'channel' THEN
      RETURN false;
    END IF;
    FOR field IN SELECT e.key, e.value FROM jsonb_each(step.value) e LOOP
      CASE field.key
        WHEN 'step' THEN
          IF NOT bench.is_number(field.value, 1, 50, true) OR field.value::numeric <> step.number THEN RETURN false; END IF;
          numbered := numbered + 1;
        WHEN 'channel' THEN
          IF NOT bench.is_identifier(field.value) THEN RETURN false; END IF;
        WHEN 'label' THEN
          IF NOT bench.is_text(field.value, 1, 255) THEN RETURN false; END IF;
        WHEN 'enabled', 'needs_pdf' THEN
          IF jsonb_typeof(field.value) <> 'boolean' THEN RETURN false; END IF;
        WHEN 'variant_count' THEN
          IF NOT bench.is_number(field.value, 1, 3, true) THEN RETURN false; END IF;
        WHEN 'delay_hours' THEN
          IF NOT bench.is_number(field.value, 0, 8784, false) OR step.value ? 'day_offset' THEN RETURN false; END IF;
        WHEN 'day_offset' THEN
          IF NOT bench.is_number(field.value, 0, 366, true) THEN RETURN false; END IF;
        WHEN 'use_service_delay' THEN
          IF jsonb_typeof(field.value) <> 'boolean' OR field.value = 'true' AND step.number > 1 THEN RETURN false; END IF;
        WHEN 'condition' THEN
          IF jsonb_typeof(field.value) <> 'string' OR field.value #>> '{}' NOT IN ('always', 'no_response', 'opened_not_replied') THEN RETURN false; END IF;
        WHEN 'on_failure' THEN
          IF jsonb_typeof(field.value) <> 'string' OR field.value #>> '{}' NOT IN ('advance', 'stop') THEN RETURN false; END IF;
        WHEN 'max_lateness_hours' THEN
          IF NOT bench.is_number(field.value, 0, 8784, false) OR field.value = '0' THEN RETURN false; END IF;
        WHEN 'late' THEN
          IF jsonb_typeof(field.value) <> 'string' OR field.value #>> '{}' NOT IN ('send', 'skip', 'reschedule')
             OR NOT step.value ? 'max_lateness_hours' THEN RETURN false; END IF;
        WHEN 'template_id' THEN
          IF NOT bench.is_uuid(field.value) THEN RETURN false; END IF;
        WHEN 'subject' THEN
          IF NOT bench.is_message(field.value, 998, true) THEN RETURN false; END IF;
        WHEN 'body_html', 'body_text' THEN
          IF NOT bench.is_message(field.value, 100000, false) THEN RETURN false; END IF;
        WHEN 'attachments' THEN
          IF NOT bench.is_list_of_uuids(field.value, 10) THEN RETURN false; END IF;
        WHEN 'config' THEN
          IF NOT bench.is_generation_config(field.value) THEN RETURN false; END IF;
        ELSE
          RETURN false;
      END CASE;
    END LOOP;
    IF step.value -> 'enabled' IS DISTINCT FROM 'false' THEN
      enabled := enabled + 1;
    END IF;
  END LOOP;
  RETURN enabled > 0 AND numbered IN (0, steps);
END $$;

-- Steps as people write them.
CREATE FUNCTION bench.make_config(steps int) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_agg(jsonb_build_object('step', n, 'label', 'Touch ' || n, 'delay_hours', 24 * n, 'enabled', true, 'condition', 'no_response', 'on_failure', 'advance')
    || CASE WHEN n % 2 = 1
         THEN jsonb_build_object('channel', 'email', 'subject', 'How is the new roof, {{contact.first_name|there}}?', 'max_lateness_hours', 72, 'late', 'skip',
           'body_text', E'Hi {{contact.first_name|there}},\n\nthank you for choosing {{tenant.name}}. Is everything dry, and did we leave the place as we found it?\n'
             'Would you take a minute to tell others how we did? {{link.review}}\n\nBest regards,\n{{tenant.sender_name}}\n\nNo more of these: {{link.unsubscribe}}\n')
         ELSE jsonb_build_object('channel', 'sms', 'body_text', 'Hi {{contact.first_name|there}}, how did {{tenant.name}} do? {{link.review}}',
           'config', jsonb_build_object('tone', 'friendly', 'language', 'en', 'max_length', 160)) END ORDER BY n)
    FROM generate_series(1, steps) n
$$;

-- One document each, most of them with one fault; returns those on which the validators differ.
CREATE FUNCTION bench.disagreements() RETURNS SETOF jsonb LANGUAGE sql AS $$
  WITH good AS (SELECT bench.make_config(3) AS config),
  changes(path, value) AS (VALUES
    ('{0,step}', '2'), ('{0,step}', '1.0'), ('{1,step}', '1.5'), ('{0,channel}', '"Email"'), ('{0,channel}', '"x_1"'), ('{0,channel}', 'null'), ('{0,label}', '""'), ('{0,label}', '7'),
    ('{0,enabled}', '"true"'), ('{1,needs_pdf}', '1'), ('{1,variant_count}', '4'), ('{1,variant_count}', '3'), ('{0,delay_hours}', '-1'),
    ('{0,delay_hours}', '8784'), ('{0,delay_hours}', '8784.5'), ('{0,delay_hours}', '0.25'), ('{0,day_offset}', '3'), ('{0,use_service_delay}', 'true'), ('{1,use_service_delay}', 'true'),
    ('{1,use_service_delay}', 'false'), ('{0,condition}', '"never"'), ('{0,on_failure}', '"stop"'), ('{0,max_lateness_hours}', '0'), ('{0,max_lateness_hours}', '0.0'), ('{1,late}', '"skip"'), ('{0,late}', '"never"'),
    ('{1,template_id}', '"0190a0c4-0000-7000-8000-00000000000A"'), ('{1,template_id}', '"0190a0c4"'), ('{0,subject}', '"two\nlines"'), ('{0,subject}', '"{{contact.firstname}}"'),
    ('{0,subject}', '"{{ contact.attributes.a_1 | {x} }}"'), ('{0,body_text}', '"{{contact.name"'), ('{0,body_text}', '"{ {x} }"'), ('{0,body_text}', '"{{{contact.name}}"'), ('{0,body_text}', '"{{}}"'),
    ('{0,body_html}', '"<p>{{contact.name|}}</p>"'), ('{0,attachments}', '["x"]'), ('{0,attachments}', '["0190a0c4-0000-7000-8000-00000000000a"]'), ('{0,config}', '[]'), ('{0,config}', '{"tone": "rude"}'),
    ('{0,config}', '{"language": "xx"}'), ('{0,config}', '{"step": 1}'), ('{0,config}', '{"asset_mode": "all", "asset_ids": [], "personalization_vars": ["a"], "formality": "formal", "custom_instructions": ""}'),
    ('{0,config}', '{"example_messages": [{"body": "x", "note": ""}]}'), ('{0,config}', '{"example_messages": [{"note": ""}]}'), ('{0,config}', '{"max_length": 0}'), ('{0,other}', '1'), ('{3}', '{}'), ('{3}', '7')),
  documents(config) AS (
    SELECT jsonb_set(config, path::text[], value::jsonb) FROM good, changes
    UNION ALL SELECT bench.make_config(n) FROM generate_series(0, 51) n
    UNION ALL SELECT config - 'step' FROM (SELECT jsonb_array_elements(config) AS config FROM good) s
    UNION ALL SELECT (SELECT jsonb_agg(s - 'step') FROM jsonb_array_elements(config) s) FROM good
    UNION ALL SELECT (SELECT jsonb_agg(s || '{"enabled": false}') FROM jsonb_array_elements(config) s) FROM good
    UNION ALL SELECT (SELECT jsonb_agg(CASE n WHEN 2 THEN s - 'step' ELSE s END ORDER BY n) FROM jsonb_array_elements(config) WITH ORDINALITY e(s, n)) FROM good
    UNION ALL SELECT to_jsonb(config::text) FROM good)
  SELECT config FROM documents WHERE config IS NOT NULL
     AND bench.is_template_config(config) = EXISTS (SELECT FROM campaign.template_config_errors(config))
$$;

-- Microseconds of one validation, of many in a row; the loop itself is in both.
CREATE FUNCTION bench.time_validation(in_c boolean, steps int, times int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  config jsonb := bench.make_config(steps);
  valid boolean;
  start timestamptz := clock_timestamp();
BEGIN
  IF in_c THEN
    FOR i IN 1 .. times LOOP
      valid := campaign.require_template_config(config);
    END LOOP;
  ELSE
    FOR i IN 1 .. times LOOP
      valid := bench.is_template_config(config);
    END LOOP;
  END IF;
  IF NOT valid THEN
    RAISE 'the document is at fault';
  END IF;
  RETURN extract(epoch FROM clock_timestamp() - start) * 1e6 / times;
END $$;
