-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

DROP FUNCTION ensure_trigram_index();
ALTER FUNCTION make_trigram_index() RENAME TO ensure_trigram_index;
DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_class
        WHERE oid = to_regclass('unique_claim_name_trigrams') AND 'gin_pending_list_limit=4096' = ANY (reloptions))
    THEN
        ALTER INDEX unique_claim_name_trigrams SET (gin_pending_list_limit = 256);
    END IF;
END
$$;
