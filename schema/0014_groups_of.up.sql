-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- The groups of a member as text of a JSON array, direct and indirect; null when there are none. Most resources are in no group: a statement that
-- reads them asks for this only where there is one, and does not prepare what it will not need. The plan stays with the session.
CREATE FUNCTION groups_of(tenant_key text, member_key uuid, base_url text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT CASE
            WHEN bool_or(EXISTS (
                SELECT FROM group_member n
                WHERE n.member_id = m.group_id AND n.member_type = 'Group' AND n.removed_revision IS NULL))
            THEN groups_of_member(tenant_key, member_key, base_url)
            ELSE json_agg(
                json_strip_nulls(json_build_object(
                    'value', m.group_id, '$ref', base_url || '/Groups/' || m.group_id, 'display', (
                        SELECT x.attributes ->> 'displayName' FROM resource x
                        WHERE x.tenant = tenant_key AND x.type = 'Group' AND x.id = m.group_id),
                    'type', 'direct')) ORDER BY m.group_id)::text END
        FROM group_member m
        WHERE m.member_id = member_key AND m.tenant = tenant_key AND m.removed_revision IS NULL);
END
$$;
