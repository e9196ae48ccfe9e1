-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

DROP FUNCTION ensure_trigram_index();
ALTER FUNCTION make_trigram_index() RENAME TO ensure_trigram_index;
ALTER INDEX IF EXISTS unique_claim_name_trigrams SET (gin_pending_list_limit = 256);
