-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- A group whose last write has ended as a dead letter while its members differ from UDM's: it waits for a turn of its own, `target_id` is itself. With
-- Redis intact it comes at once; the row is what sweep and rebuild find it by when Redis has forgotten.
ALTER TABLE waits_for
    DROP CONSTRAINT waits_for_reason_check,
    ADD CONSTRAINT waits_for_reason_check CHECK (reason IN ('member', 'value', 'turn'));
