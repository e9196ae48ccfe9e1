-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

DROP TABLE audit_log, event_outbox;
DROP FUNCTION group_members_at(uuid, bigint), group_members_delta(uuid, bigint);
