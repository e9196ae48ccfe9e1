-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

DELETE FROM waits_for WHERE reason = 'turn';
ALTER TABLE waits_for
    DROP CONSTRAINT waits_for_reason_check,
    ADD CONSTRAINT waits_for_reason_check CHECK (reason IN ('member', 'value'));
