-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- What lists are filtered and sorted by. The functions are inlined into queries and indexes alike, so an index serves a query that says
-- the same with them; their bodies are parsed here, so that they mean the same whatever the search path is.

-- Text as it is compared when case does not matter: each letter in lower case. Of the collations that this database has, the first one whose
-- lower() does that for every script; in a database of locale C lower() alone knows ASCII only.
DO $do$
DECLARE
    candidate record;
    works boolean;
    chosen text := '';
BEGIN
    FOR candidate IN
        SELECT format('COLLATE %I.%I', n.nspname, c.collname) AS clause,
            array_position(ARRAY['pg_c_utf8', 'C.utf8', 'C.UTF-8'], c.collname::text) AS rank
        FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
        WHERE c.collname IN ('pg_c_utf8', 'C.utf8', 'C.UTF-8', 'und-x-icu')
            AND c.collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))
        UNION ALL
        SELECT '', 10
        ORDER BY rank NULLS LAST
    LOOP
        -- The last letters tell a collation that looks at the end of a word, as ICU's do: better than ASCII only, and last in the list.
        EXECUTE format(
            $$SELECT lower('IÄÉЖ' %1$s) = 'iäéж' AND (lower('ΑΣ' %1$s) = 'ασ' OR %2$L)$$,
            candidate.clause, candidate.rank IS NULL) INTO works;
        IF works THEN
            chosen := candidate.clause;
            EXIT;
        END IF;
    END LOOP;
    EXECUTE format(
        'CREATE FUNCTION folded(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN lower($1 %s)', chosen);
    -- The values of the attribute emails as a jsonb array. lower() leaves JSON's own syntax as it is, which is lower case.
    EXECUTE format(
        $$CREATE FUNCTION email_values(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN lower(jsonb_path_query_array($1, '$.emails[*].value')::text %s)::jsonb$$, chosen);
END
$do$;

-- The part of a text that it is sorted by: an index holds no longer one.
CREATE FUNCTION sort_key(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN left($1, 256);

-- An xsd:dateTime as it was validated when it was stored, in UTC if it has no time zone; NULL for any other text.
CREATE FUNCTION instant(text) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN $1 ~ '^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-4]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?$'
    THEN (
        make_date(substr($1, 1, 4)::int, substr($1, 6, 2)::int, 1) + (substr($1, 9, 2)::int - 1)
        + substr($1, 12, 2)::int * interval '1 hour'
        + substr($1, 15, 2)::int * interval '1 minute'
        + substr($1, 18, 2)::int * interval '1 second'
        + coalesce(rpad(left(substring($1 FROM '\.([0-9]+)'), 6), 6, '0')::int, 0) * interval '1 microsecond'
        - coalesce((substring($1 FROM '([+-])[0-9]{2}:[0-9]{2}$') || '1')::int
            * (substring($1 FROM '[+-]([0-9]{2}):[0-9]{2}$')::int * 60 + substring($1 FROM '[+-][0-9]{2}:([0-9]{2})$')::int), 0)
            * interval '1 minute'
    ) AT TIME ZONE 'UTC'
END;

-- Not partial: PostgreSQL knows no statistics of a partial index. The tenant does not come first: in a table that is nearly empty, or seems to be, an
-- index that begins as the primary key does looks as good as that for a read by id, and the plan would stay while the table fills up.
CREATE INDEX resource_user_name ON resource ((sort_key(folded(attributes ->> 'userName')) COLLATE "C"), tenant, type, id);
CREATE INDEX resource_display_name ON resource ((sort_key(folded(attributes ->> 'displayName')) COLLATE "C"), tenant, type, id);
CREATE INDEX resource_modified ON resource (modified_at, tenant, type, id);
-- Without a pending list: a look-up would read it as a whole.
CREATE INDEX resource_emails ON resource USING gin (email_values(attributes)) WITH (fastupdate = off);

-- Groups in groups, which are few: the way downwards, for users by a group that holds them through others.
CREATE INDEX group_member_below ON group_member (group_id, member_id) WHERE member_type = 'Group' AND removed_revision IS NULL;

-- Names by `co` and `ew`, by trigrams, where the extension pg_trgm is there or may be made; called by every `migrate`, so that it may come later. The
-- extension belongs to the database and not to our schema. Trigrams cost more than all other indexes together, so they are those of the claims:
-- a resource that keeps its name pays nothing. A short pending list, because whoever fills it up waits until it is empty.
-- Returns whether the index is there.
CREATE FUNCTION ensure_trigram_index() RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    place text;
BEGIN
    IF to_regclass('unique_claim_name_trigrams') IS NOT NULL THEN
        RETURN true;
    END IF;
    IF to_regnamespace('public') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        BEGIN
            CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
        EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_file OR duplicate_object OR unique_violation THEN
            RAISE NOTICE 'The extension pg_trgm cannot be made: %', SQLERRM;
        END;
    END IF;
    SELECT n.nspname INTO place
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_trgm' AND has_schema_privilege(n.oid, 'USAGE');
    IF place IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format(
        $index$CREATE INDEX unique_claim_name_trigrams ON unique_claim USING gin (value %I.gin_trgm_ops)
        WITH (gin_pending_list_limit = 256) WHERE kind = 'name'$index$, place);
    RETURN true;
END
$$;
