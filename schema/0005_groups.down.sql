-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

DROP FUNCTION groups_of_member(text, uuid, text);
DROP INDEX group_member_nested;
ALTER TABLE resource DROP COLUMN member_count;
