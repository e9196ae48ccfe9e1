-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- Who gets events. The leading sender keeps it equal to the setting EVENTS_SINKS.
CREATE TABLE event_sink (
    name     text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    added_at timestamptz NOT NULL DEFAULT now(),
    -- It has been given what the outbox held when it was added. Until then nothing is sent to it.
    has_backlog boolean NOT NULL
);

INSERT INTO event_sink (name, has_backlog) VALUES ('provisioning', true);

-- One narrow row for each event and each sink that has not taken it: the position of that sink. It goes when the sink has taken the event, and the
-- event itself goes with the last of them. So a sink that is down delays no other, and what it costs is to be counted here.
CREATE TABLE event_delivery (
    event_id    uuid NOT NULL,
    sink        text COLLATE "C" NOT NULL,
    "order"     bigint NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    resource_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    attempts    integer NOT NULL DEFAULT 0,     -- failed ones
    due_at      timestamptz,                    -- of the next try; null: at once
    parked_at   timestamptz,                    -- refused for good by the sink; kept for the operator
    last_error  text,
    PRIMARY KEY (event_id, sink)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);

CREATE INDEX event_delivery_open ON event_delivery (sink, "order", kind, event_id) WHERE parked_at IS NULL;
-- Is an earlier event of the same resource still waiting for its next try? Few are.
CREATE INDEX event_delivery_waiting ON event_delivery (sink, resource_id, "order") WHERE parked_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX event_delivery_parked ON event_delivery (parked_at, event_id) WHERE parked_at IS NOT NULL;

INSERT INTO event_delivery (event_id, sink, "order", kind, resource_id, recorded_at, attempts, due_at, parked_at, last_error)
SELECT id, 'provisioning', "order", kind, resource_id, recorded_at, send_attempts,
    CASE WHEN send_attempts > 0 THEN due_at END, parked_at, last_error
FROM event_outbox;

-- `due_at`, `send_attempts`, `parked_at` and `last_error` stay for processes of the version before; deliveries say these now.
ALTER TABLE event_outbox
    ALTER COLUMN due_at SET DEFAULT now(),
    -- Written with the acceptance of the write, not with the outcome of its job.
    ADD COLUMN is_early boolean NOT NULL DEFAULT false;

-- Deliveries have the order.
DROP INDEX event_outbox_order;
DROP INDEX event_outbox_resource;

-- Whoever records an event need not know who gets it.
CREATE FUNCTION deliver_events() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO event_delivery (event_id, sink, "order", kind, resource_id, recorded_at)
    SELECT e.id, s.name, e."order", e.kind, e.resource_id, e.recorded_at FROM recorded_events e CROSS JOIN event_sink s;
    RETURN NULL;
END
$$;

CREATE TRIGGER deliver_events AFTER INSERT ON event_outbox
REFERENCING NEW TABLE AS recorded_events FOR EACH STATEMENT EXECUTE FUNCTION deliver_events();

-- The event of the write has been written with its acceptance, so that the outcome writes none: each job remembers who does, whatever the setting
-- is by then.
ALTER TABLE job ADD COLUMN is_announced boolean NOT NULL DEFAULT false;

-- Who came and who left with one revision of a group, at most 10,001 each, so that one knows whether there are more than 10,000; null when nobody did.
CREATE OR REPLACE FUNCTION group_members_delta(group_key uuid, at_revision bigint) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN added IS NOT NULL OR removed IS NOT NULL THEN
        jsonb_build_object('added', coalesce(added, '[]'), 'removed', coalesce(removed, '[]')) END
    FROM (
        SELECT
            (SELECT jsonb_agg(member_id) FROM (
                SELECT member_id FROM group_member
                WHERE group_id = group_key AND added_revision = at_revision LIMIT 10001) a) AS added,
            (SELECT jsonb_agg(member_id) FROM (
                SELECT member_id FROM group_member
                WHERE group_id = group_key AND removed_revision = at_revision LIMIT 10001) r) AS removed
    ) delta
$$;
