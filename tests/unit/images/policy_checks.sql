CREATE OR REPLACE FUNCTION engine.check_thumb_sizes(data text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $check$
DECLARE
  entry record;
BEGIN
  IF data COLLATE "C" ~ '^([ \t\r\n]*[1-9][0-9]{0,4}[ \t\r\n]*(,[ \t\r\n]*[1-9][0-9]{0,4}[ \t\r\n]*)*)$' THEN
    RETURN CASE WHEN cardinality(string_to_array(data, ',')) > 100 THEN 'expected a JSON list of IIIF sizes such as ["!1024,1024", "!400,400"], of integers such as [1024, 400], or the text 1024,400: 1 to 100 entries' END;
  END IF;
  IF data IS NULL OR json_typeof(data::json) <> 'array' THEN
    RETURN 'expected a JSON list of IIIF sizes such as ["!1024,1024", "!400,400"], of integers such as [1024, 400], or the text 1024,400: 1 to 100 entries';
  END IF;
  IF json_array_length(data::json) NOT BETWEEN 1 AND 100 THEN
    RETURN 'expected a JSON list of IIIF sizes such as ["!1024,1024", "!400,400"], of integers such as [1024, 400], or the text 1024,400: 1 to 100 entries';
  END IF;
  FOR entry IN SELECT json_typeof(value) AS kind, value #>> '{}' AS plain, ordinality
      FROM json_array_elements(data::json) WITH ORDINALITY
  LOOP
    IF NOT (CASE entry.kind
        WHEN 'number' THEN entry.plain COLLATE "C" ~ '^([1-9][0-9]{0,4})$'
        WHEN 'string' THEN entry.plain COLLATE "C" ~ '^(\^?max|\^?!?[1-9][0-9]{0,4},[1-9][0-9]{0,4}|\^?([1-9][0-9]{0,4},|,[1-9][0-9]{0,4})|pct:(?![0.]*$)(100(\.0{1,10})?|[1-9]?[0-9](\.[0-9]{1,10})?)|\^pct:(?![0.]*$)(0|[1-9][0-9]{0,3})(\.[0-9]{1,10})?)$'
        ELSE false END)
    THEN
      RETURN format('entry %s, %s: expected %s',
        entry.ordinality, coalesce(left(entry.plain, 60), 'null'), 'a IIIF 3.0 size: max, pct:n, `w,` `,h` `w,h` or `!w,h`, each with `^` in front if it may enlarge, w and h from 1 to 99999, n above 0 (to 100, or with `^` below 10000)');
    END IF;
  END LOOP;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN  -- no JSON, or more than PostgreSQL can hold
  RETURN 'expected a JSON list of IIIF sizes such as ["!1024,1024", "!400,400"], of integers such as [1024, 400], or the text 1024,400: 1 to 100 entries' || ', not ' || SQLERRM;
END
$check$;

CREATE OR REPLACE FUNCTION engine.check_recipe(data text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $check$
DECLARE
  recipe json;
  field record;
  fits boolean;
  expected text;
  seen text[] := ARRAY[]::text[];
BEGIN
  IF data IS NULL OR data COLLATE "C" ~ '^[ \t\r\n]*$' THEN
    RETURN NULL;
  END IF;
  recipe := data::json;
  IF json_typeof(recipe) <> 'object' THEN
    RETURN 'recipe: expected null or a JSON object with some of codec, reversible, ratio, rate, layers, levels, block, precincts, progression, tiles, optimisation, tolerant';
  END IF;
  FOR field IN SELECT key, value, json_typeof(value) AS kind, value #>> '{}' AS plain FROM json_each(recipe) LOOP
    CASE field.key
      WHEN 'codec' THEN fits := CASE WHEN field.kind = 'string' THEN field.plain = ANY (ARRAY['j2k', 'htj2k']) ELSE false END; expected := 'one of j2k, htj2k';
      WHEN 'reversible' THEN fits := field.kind = 'boolean'; expected := 'true or false';
      WHEN 'ratio' THEN fits := (field.kind = 'null' OR CASE WHEN field.kind = 'number' THEN field.plain::numeric BETWEEN 1 AND 1000 ELSE false END); expected := 'a number from 1 to 1000, or null';
      WHEN 'rate' THEN fits := (field.kind = 'null' OR CASE WHEN field.kind = 'number' THEN field.plain::numeric BETWEEN 0.01 AND 64 ELSE false END); expected := 'a number from 0.01 to 64, or null';
      WHEN 'layers' THEN fits := CASE WHEN field.kind = 'number' THEN CASE WHEN field.plain ~ '^-?[0-9]+$' THEN field.plain::numeric BETWEEN 1 AND 65535 ELSE false END ELSE false END; expected := 'a whole number from 1 to 65535';
      WHEN 'levels' THEN fits := CASE WHEN field.kind = 'number' THEN CASE WHEN field.plain ~ '^-?[0-9]+$' THEN field.plain::numeric BETWEEN 0 AND 32 ELSE false END ELSE false END; expected := 'a whole number from 0 to 32';
      WHEN 'block' THEN fits := CASE WHEN field.kind = 'array' THEN CASE WHEN (SELECT count(*) BETWEEN 2 AND 2 AND coalesce(bool_and(json_typeof(one) = 'number' AND one::text = ANY (ARRAY['4', '8', '16', '32', '64', '128', '256', '512', '1024'])), true) FROM json_array_elements(field.value) AS one) THEN (field.value ->> 0)::numeric * (field.value ->> 1)::numeric <= 4096 ELSE false END ELSE false END; expected := 'a list of 2 powers of two from 4 to 1024, at most 4096 multiplied';
      WHEN 'precincts' THEN fits := CASE WHEN field.kind = 'array' THEN (SELECT count(*) BETWEEN 1 AND 33 AND coalesce(bool_and(json_typeof(one) = 'number' AND one::text = ANY (ARRAY['16', '32', '64', '128', '256', '512', '1024', '2048', '4096', '8192', '16384', '32768'])), true) FROM json_array_elements(field.value) AS one) ELSE false END; expected := 'a list of 1 to 33 powers of two from 16 to 32768';
      WHEN 'progression' THEN fits := CASE WHEN field.kind = 'string' THEN field.plain = ANY (ARRAY['LRCP', 'RLCP', 'RPCL', 'PCRL', 'CPRL']) ELSE false END; expected := 'one of LRCP, RLCP, RPCL, PCRL, CPRL';
      WHEN 'tiles' THEN fits := (field.kind = 'null' OR CASE WHEN field.kind = 'number' THEN CASE WHEN field.plain ~ '^-?[0-9]+$' THEN field.plain::numeric BETWEEN 128 AND 65535 ELSE false END ELSE false END); expected := 'a whole number from 128 to 65535, or null';
      WHEN 'optimisation' THEN fits := (field.kind = 'null' OR CASE WHEN field.kind = 'string' THEN field.plain = ANY (ARRAY['kdu_low', 'kdu_med', 'kdu_med_layers', 'kdu_high', 'kdu_max']) ELSE false END); expected := 'one of kdu_low, kdu_med, kdu_med_layers, kdu_high, kdu_max, or null';
      WHEN 'tolerant' THEN fits := field.kind = 'boolean'; expected := 'true or false';
      ELSE fits := false; expected := 'one of the fields codec, reversible, ratio, rate, layers, levels, block, precincts, progression, tiles, optimisation, tolerant';
    END CASE;
    IF NOT fits THEN
      RETURN format('%s: expected %s, not %s', left(field.key, 60), expected, left(field.value::text, 60));
    END IF;
    IF field.key = ANY (seen) THEN
      RETURN format('%s is named twice', field.key);
    END IF;
    seen := seen || field.key;
  END LOOP;
  IF recipe ->> 'ratio' IS NOT NULL AND recipe ->> 'rate' IS NOT NULL THEN
    RETURN 'rate: expected null beside a ratio';
  END IF;
  IF recipe ->> 'codec' = 'htj2k' THEN
    FOR field IN SELECT key FROM json_each_text(recipe)
      WHERE key = ANY (ARRAY['ratio', 'rate', 'layers', 'block', 'precincts']) AND value IS NOT NULL
    LOOP
      RETURN field.key || ': expected nothing, for HTJ2K is written without it';
    END LOOP;
    IF recipe ->> 'progression' <> 'RPCL' THEN
      RETURN 'progression: expected RPCL for HTJ2K';
    END IF;
  END IF;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN  -- no JSON, or more than PostgreSQL can hold
  RETURN 'recipe: expected null or a JSON object with some of codec, reversible, ratio, rate, layers, levels, block, precincts, progression, tiles, optimisation, tolerant' || ', not ' || SQLERRM;
END
$check$;

CREATE OR REPLACE FUNCTION engine.check_policy(channel text, name text, data text)
RETURNS text LANGUAGE sql IMMUTABLE AS $check$
  SELECT CASE
    WHEN channel = 'thumbs' THEN engine.check_thumb_sizes(data)
    WHEN channel = 'iiif-img' AND name <> 'use-original' THEN engine.check_recipe(data)
    WHEN channel <> ALL (ARRAY['iiif-img', 'file', 'none', 'iiif-av']) THEN 'Channel: expected one of iiif-img, thumbs, file, none, iiif-av'
  END
$check$;

CREATE OR REPLACE FUNCTION engine.refuse_bad_policy() RETURNS trigger LANGUAGE plpgsql AS $check$
DECLARE
  problem text := engine.check_policy(NEW."Channel", NEW."Name", NEW."PolicyData");
BEGIN
  IF problem IS NOT NULL THEN
    RAISE EXCEPTION '% policy "%", PolicyData: %', NEW."Channel", NEW."Name", problem
      USING ERRCODE = 'check_violation',
        HINT = 'SELECT engine.guard_policies(false) switches this check off.';
  END IF;
  RETURN NEW;
END
$check$;

CREATE OR REPLACE FUNCTION engine.guard_policies(guarded boolean) RETURNS void LANGUAGE plpgsql AS $check$
BEGIN
  DROP TRIGGER IF EXISTS sluice_refuse_bad_policy ON "DeliveryChannelPolicies";
  IF guarded THEN
    CREATE TRIGGER sluice_refuse_bad_policy BEFORE INSERT OR UPDATE OF "Channel", "Name", "PolicyData"
      ON "DeliveryChannelPolicies" FOR EACH ROW EXECUTE FUNCTION engine.refuse_bad_policy();
  END IF;
END
$check$;

DROP FUNCTION IF EXISTS engine.guard_policies(boolean);

DROP FUNCTION IF EXISTS engine.refuse_bad_policy() CASCADE;

DROP FUNCTION IF EXISTS engine.check_policy(text, text, text);

DROP FUNCTION IF EXISTS engine.check_recipe(text);

DROP FUNCTION IF EXISTS engine.check_thumb_sizes(text);
