-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- The extension pg_trgm stays: others may use it.
DROP INDEX IF EXISTS unique_claim_name_trigrams;
DROP INDEX group_member_below, resource_emails, resource_modified, resource_display_name, resource_user_name;
DROP FUNCTION ensure_trigram_index(), instant(text), email_values(jsonb), sort_key(text), folded(text);
