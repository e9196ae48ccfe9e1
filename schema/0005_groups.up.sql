-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- How many members a group has: kept with every write of its members, under the lock of its row, so that nobody has to count a hundred thousand
-- rows to know that they are many.
ALTER TABLE resource ADD COLUMN member_count bigint NOT NULL DEFAULT 0;

UPDATE resource g SET member_count = m.present
FROM (SELECT group_id, count(*) AS present FROM group_member WHERE removed_revision IS NULL GROUP BY group_id) m
WHERE g.type = 'Group' AND g.id = m.group_id;

-- Groups in groups, which are few: the way upwards from a group, and what tells at once that there is none.
CREATE INDEX group_member_nested ON group_member (member_id, group_id) WHERE member_type = 'Group' AND removed_revision IS NULL;

-- The groups that a member is in, directly or through other groups, as text of a JSON array; null when there are none. Each group comes once. Apart
-- from the statements that read resources, because few members are in a group that is in another one, and preparing to look costs all of them.
CREATE FUNCTION groups_of_member(tenant_key text, member_key uuid, base_url text) RETURNS text
LANGUAGE sql STABLE AS $$
    -- UNION drops what was found before: whatever the rows are like, this ends.
    WITH RECURSIVE above(id, is_direct) AS (
        SELECT m.group_id, true FROM group_member m
        WHERE m.member_id = member_key AND m.tenant = tenant_key AND m.removed_revision IS NULL
        UNION
        SELECT m.group_id, false FROM above a
        JOIN group_member m ON m.member_id = a.id AND m.member_type = 'Group' AND m.removed_revision IS NULL
    )
    SELECT json_agg(
        json_strip_nulls(json_build_object(
            'value', a.id, '$ref', base_url || '/Groups/' || a.id, 'display', (
                SELECT x.attributes ->> 'displayName' FROM resource x
                WHERE x.tenant = tenant_key AND x.type = 'Group' AND x.id = a.id),
            'type', CASE WHEN a.is_direct THEN 'direct' ELSE 'indirect' END)) ORDER BY a.id)::text
    FROM (SELECT id, bool_or(is_direct) AS is_direct FROM above GROUP BY id) a
$$;
