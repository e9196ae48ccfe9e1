-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

ALTER TABLE job DROP COLUMN is_announced;

DROP TRIGGER deliver_events ON event_outbox;
DROP FUNCTION deliver_events();

ALTER TABLE event_outbox
    ALTER COLUMN due_at DROP DEFAULT,
    DROP COLUMN is_early;

-- What the Provisioning service has taken is not sent to it again.
DELETE FROM event_outbox e
WHERE NOT EXISTS (SELECT FROM event_delivery d WHERE d.event_id = e.id AND d.sink = 'provisioning');

UPDATE event_outbox e SET
    send_attempts = d.attempts, due_at = coalesce(d.due_at, e.due_at), parked_at = d.parked_at, last_error = d.last_error
FROM event_delivery d WHERE d.event_id = e.id AND d.sink = 'provisioning';

CREATE INDEX event_outbox_order ON event_outbox ("order", id);
CREATE INDEX event_outbox_resource ON event_outbox (resource_id, "order");

DROP TABLE event_delivery;
DROP TABLE event_sink;

CREATE OR REPLACE FUNCTION group_members_delta(group_key uuid, at_revision bigint) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN added IS NOT NULL OR removed IS NOT NULL THEN
        jsonb_build_object('added', coalesce(added, '[]'), 'removed', coalesce(removed, '[]')) END
    FROM (
        SELECT
            (SELECT jsonb_agg(member_id) FROM (
                SELECT member_id FROM group_member
                WHERE group_id = group_key AND added_revision = at_revision LIMIT 10000) a) AS added,
            (SELECT jsonb_agg(member_id) FROM (
                SELECT member_id FROM group_member
                WHERE group_id = group_key AND removed_revision = at_revision LIMIT 10000) r) AS removed
    ) delta
$$;
