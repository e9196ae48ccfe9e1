-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- The function stays as it is: the former version makes the same tables.
DROP INDEX event_outbox_resource;
ALTER TABLE waits_for DROP COLUMN due_at, DROP COLUMN last_error;
