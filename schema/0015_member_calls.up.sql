-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- Whoever is leaving a group that somebody works on.
CREATE INDEX group_member_leaving ON group_member (member_id, group_id) WHERE removed_revision IS NOT NULL;

-- A call that changes a user's `groups` in UDM: for which group, and which way. Written before the call, under the user's lease, which the turn of the
-- group has taken for it, and removed when it is known what came of it. Meanwhile no other group changes its list for this user. Null: a call about
-- the resource's own attributes.
ALTER TABLE verification ADD COLUMN group_id uuid, ADD COLUMN is_addition boolean;
