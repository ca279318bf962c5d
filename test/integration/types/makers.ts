/** SQL functions that make random values, for a session of its own. */

/** Functions of a session that make values. `random()` is seeded, so that a run can be had again. */
export const makers = `
create or replace function pg_temp.whole(low float8, high float8) returns int8 language sql volatile as
  $$ select floor(low + random() * (high - low + 1))::int8 $$;
create or replace function pg_temp.pick(variadic texts text[]) returns text language plpgsql volatile as
  $$ begin return texts[1 + floor(random() * cardinality(texts))]; end $$;
create or replace function pg_temp.digits(low int, high int) returns text language plpgsql volatile as
  $$ declare made text := ''; wanted int := pg_temp.whole(low, high); begin
    while length(made) < wanted loop made := made || translate(md5(random()::text), 'abcdef', '012345'); end loop;
    return left(made, wanted); end $$;
create or replace function pg_temp.words(high int) returns text language sql volatile as
  $$ select coalesce(string_agg(pg_temp.pick('', ' ', '"', '\\', '{', '}', '(', ')', '[', ']', ',', ';', ':', '''', 'NULL',
    'null', 'a', 'Z', '0', E'\\t', E'\\n', E'\\r', E'\\v', E'\\u0001', E'\\u007f', 'ä', 'ß', '€', '😀', E'e\\u0301', E'\\ufeff',
    E'\\u2028', 'x', '__proto__', '$', '@', '%'), ''), '') from generate_series(1, pg_temp.whole(0, high)) $$;
create or replace function pg_temp.float() returns text language plpgsql volatile as
  $$ begin return pg_temp.pick(
    pg_temp.pick('', '-') || pg_temp.digits(1, 17) || 'e' || pg_temp.whole(-323, 290),
    pg_temp.pick('', '-') || pg_temp.digits(1, 6) || '.' || pg_temp.digits(1, 6),
    random()::text, '-0', '1', '-Infinity', 'NaN'); end $$;
create or replace function pg_temp.point() returns text language sql volatile as
  $$ select format('(%s,%s)', pg_temp.float(), pg_temp.float()) $$;
create or replace function pg_temp.points(low int, high int) returns text language sql volatile as
  $$ select string_agg(pg_temp.point(), ',') from generate_series(1, pg_temp.whole(low, high)) $$;
create or replace function pg_temp.day() returns int8 language sql volatile as
  $$ select case when random() < 0.5 then pg_temp.whole(-60000, 20000) else pg_temp.whole(-2451000, 106000000) end $$;
create or replace function pg_temp.clock() returns interval language sql volatile as
  $$ select pg_temp.whole(0, 86399) * interval '1 second' + case when random() < 0.7 then pg_temp.whole(0, 999999) else 0 end * interval '1 microsecond' $$;
create or replace function pg_temp.lexeme() returns text language sql volatile as
  $$ select '''a' || replace(replace(pg_temp.words(3), '\\', '\\\\'), '''', '''''') || '''' $$;
create or replace function pg_temp.search(depth int) returns text language plpgsql volatile as
  $$ begin if depth = 0 or random() < 0.2 then
    return pg_temp.lexeme() || pg_temp.pick('', ':*', ':A', ':BD', ':*C'); end if;
    return '(' || pg_temp.pick('', '!') || pg_temp.search(depth - 1) || pg_temp.pick('&', '|', '<->', '<7>') || pg_temp.search(depth - 1) || ')';
  end $$;
create or replace function pg_temp.bound() returns text language sql volatile as
  $$ select pg_temp.pick('[]', '[)', '()', '(]') $$;
create or replace function pg_temp.moved(xs anyarray) returns text language sql volatile as
  $$ select (select string_agg(format('[%s:%s]', low, low + array_length(xs, d) - 1), '')
      from (select d, pg_temp.whole(-5, 5) low from generate_series(1, array_ndims(xs)) d) bounds)
    || '=' || regexp_replace(xs::text, '^[[][^=]*=', '') $$;`
