-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- The members of a group at one of its revisions as [{"value", "type", "display"}]; null when there are more than 1,000.
CREATE FUNCTION group_members_at(group_key uuid, at_revision bigint) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN count(*) <= 1000 THEN coalesce(jsonb_agg(member ORDER BY id), '[]') END
    FROM (
        SELECT m.member_id AS id, jsonb_strip_nulls(jsonb_build_object(
            'value', m.member_id, 'type', m.member_type, 'display', r.attributes ->> 'displayName')) AS member
        FROM group_member m
        LEFT JOIN resource r ON r.tenant = m.tenant AND r.type = m.member_type AND r.id = m.member_id
        WHERE m.group_id = group_key AND m.added_revision <= at_revision
            AND (m.removed_revision IS NULL OR m.removed_revision > at_revision)
        LIMIT 1001
    ) members
$$;

-- Who came and who left with one revision of a group, at most 10,000 each; null when nobody did.
CREATE FUNCTION group_members_delta(group_key uuid, at_revision bigint) RETURNS jsonb
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

-- Events that the Provisioning service has not accepted yet. The unsent rows are the sender's position; within a resource they go in `order`.
CREATE TABLE event_outbox (
    id            uuid PRIMARY KEY,             -- eventId, stable over retries
    "order"       bigint NOT NULL,
    tenant        text COLLATE "C" NOT NULL,
    type          text COLLATE "C" NOT NULL,
    resource_id   uuid NOT NULL,
    revision      bigint NOT NULL,
    kind          text COLLATE "C" NOT NULL CHECK (kind IN ('change', 'error')),
    operation     text COLLATE "C" NOT NULL CHECK (operation IN ('create', 'modify', 'delete')),
    job_id        uuid NOT NULL,
    client        text NOT NULL,
    request_id    text NOT NULL,
    accepted_at   timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL,
    first_attempt_at timestamptz,
    attempts      integer NOT NULL,             -- of the job
    old_state     jsonb,                        -- as in job
    new_state     jsonb,
    -- Groups: members before and after as [{"value","type","display"}], null when there are more than 1,000.
    old_members   jsonb,
    new_members   jsonb,
    members_delta jsonb,                        -- {"added": [id…], "removed": [id…]} when the lists are null
    udm_dn        text,
    error         jsonb,                        -- kind `error`: as in sync_failure
    send_attempts integer NOT NULL DEFAULT 0,
    due_at        timestamptz NOT NULL,
    parked_at     timestamptz,                  -- refused for good by the receiver; kept for the operator
    last_error    text
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE INDEX event_outbox_order ON event_outbox ("order", id);

-- Who did what to which resource by hand (edit, replay, discard, command line writes).
CREATE TABLE audit_log (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT now(),
    tenant      text COLLATE "C" NOT NULL,
    actor       text NOT NULL,
    action      text COLLATE "C" NOT NULL,
    resource_id uuid,
    job_id      uuid,
    details     jsonb NOT NULL DEFAULT '{}'
);
