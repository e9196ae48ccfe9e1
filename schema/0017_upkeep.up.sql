-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- The list of names that are not in the index of their parts yet is moved into it every second by one of the processes that serve requests, and no longer by the writes that
-- fill 256 kB of it. The limit is for when none does: four seconds of the fastest writing, which a search reads in 15 ms.
-- An index that is there already is changed by the first `migrate`, which waits for unique_claim as for any table; another limit than ours stays.
ALTER FUNCTION ensure_trigram_index() RENAME TO make_trigram_index;

CREATE FUNCTION ensure_trigram_index() RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT make_trigram_index() THEN
        RETURN false;
    END IF;
    IF EXISTS (
        SELECT FROM pg_class
        WHERE oid = to_regclass('unique_claim_name_trigrams') AND 'gin_pending_list_limit=256' = ANY (reloptions))
    THEN
        ALTER INDEX unique_claim_name_trigrams SET (gin_pending_list_limit = 4096);
    END IF;
    RETURN true;
END
$$;
