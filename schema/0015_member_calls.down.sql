-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

DROP INDEX group_member_leaving;
ALTER TABLE verification DROP COLUMN group_id, DROP COLUMN is_addition;
