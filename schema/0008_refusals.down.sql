-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

DROP TABLE compensation;
DROP TABLE verification;
DELETE FROM waits_for WHERE reason = 'value';
ALTER TABLE waits_for DROP CONSTRAINT waits_for_pkey, ADD PRIMARY KEY (resource_id, target_id);
ALTER TABLE waits_for DROP COLUMN reason;
ALTER TABLE sync_failure DROP COLUMN refused;
