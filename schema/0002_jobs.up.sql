-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- What is owed to UDM: open jobs, the lease of a resource, what UDM is known to hold, and what it refused.

-- Open jobs only. A finished job moves to job_history in the transaction that records its outcome.
CREATE TABLE job (
    id           uuid PRIMARY KEY,              -- UUID version 7, made by the process that accepts the write
    tenant       text COLLATE "C" NOT NULL,
    type         text COLLATE "C" NOT NULL,
    resource_id  uuid NOT NULL,
    revision     bigint NOT NULL,
    "order"      bigint NOT NULL,
    operation    text COLLATE "C" NOT NULL CHECK (operation IN ('create', 'modify', 'delete')),
    lane         text COLLATE "C" NOT NULL CHECK (lane IN ('interactive', 'bulk', 'repair')),
    client       text NOT NULL,
    request_id   text NOT NULL,
    trace_parent text,
    accepted_at  timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    first_attempt_at timestamptz,
    attempts     integer NOT NULL DEFAULT 0,    -- leased tries that ended with a failure of UDM's
    crashes      integer NOT NULL DEFAULT 0,    -- leases of this job whose holder never ended its turn
    -- {"resource": …attributes, "externalId": …, "created": …, "modified": …}, without secrets and members; null for "no such resource".
    old_state    jsonb,
    new_state    jsonb,
    last_error   jsonb,
    -- Sealed password (AES-256-GCM envelope with its key id); erased with the outcome.
    secret       bytea
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000);

CREATE INDEX job_resource ON job (resource_id, revision);

CREATE TABLE job_history (
    id           uuid NOT NULL,
    tenant       text COLLATE "C" NOT NULL,
    type         text COLLATE "C" NOT NULL,
    resource_id  uuid NOT NULL,
    revision     bigint NOT NULL,
    "order"      bigint NOT NULL,
    operation    text COLLATE "C" NOT NULL,
    lane         text COLLATE "C" NOT NULL,
    client       text NOT NULL,
    request_id   text NOT NULL,
    trace_parent text,
    accepted_at  timestamptz NOT NULL,
    first_attempt_at timestamptz,
    finished_at  timestamptz NOT NULL,
    state        text COLLATE "C" NOT NULL CHECK (state IN ('done', 'superseded', 'cancelled', 'dead')),
    superseded_by uuid,
    attempts     integer NOT NULL,
    crashes      integer NOT NULL,
    old_state    jsonb,
    new_state    jsonb,
    last_error   jsonb
) PARTITION BY RANGE (finished_at);

CREATE INDEX job_history_id ON job_history (id);
CREATE INDEX job_history_resource ON job_history (resource_id, revision);
CREATE INDEX job_history_dead ON job_history (finished_at) WHERE state = 'dead';

-- Takes what no daily partition covers, so that an outcome is never refused for want of a partition.
CREATE TABLE job_history_default PARTITION OF job_history DEFAULT;

-- Creates the daily partitions (UTC) from `first` on; days whose rows already lie in the default partition are left there.
CREATE FUNCTION ensure_job_history_partitions(first date, days integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    day date;
    partition_name text;
    created integer := 0;
BEGIN
    FOR day IN SELECT first + n FROM generate_series(0, days - 1) AS n LOOP
        partition_name := 'job_history_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(partition_name) IS NOT NULL;
        CONTINUE WHEN EXISTS (
            SELECT FROM job_history_default
            WHERE finished_at >= day::timestamp AT TIME ZONE 'UTC' AND finished_at < (day + 1)::timestamp AT TIME ZONE 'UTC');
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF job_history FOR VALUES FROM (%L) TO (%L)',
            partition_name, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        created := created + 1;
    END LOOP;
    RETURN created;
END
$$;

CREATE VIEW dead_letter AS SELECT * FROM job_history WHERE state = 'dead';

-- One narrow row per resource that was ever leased. Only the primary key is indexed: everything else changes with every turn.
CREATE TABLE resource_sync (
    resource_id     uuid PRIMARY KEY,
    tenant          text COLLATE "C" NOT NULL,
    type            text COLLATE "C" NOT NULL,
    lease_epoch     bigint NOT NULL DEFAULT 0,
    lease_token     uuid,
    leased_by       text,
    leased_until    timestamptz,
    -- When the current holder may have started its first call to UDM.
    call_started_at timestamptz,
    -- The earliest call of a former holder whose outcome nobody knows; set by the confirmation that finds it, cleared by an outcome.
    ambiguous_since timestamptz,
    -- The former lease ran out without an end: whoever held it crashed or was cut off.
    is_abandoned    boolean NOT NULL DEFAULT false,
    synced_revision bigint NOT NULL DEFAULT 0,
    last_attempt_at timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- What UDM holds for a resource: its DN (a hint) and the UDM properties of the last push that succeeded.
CREATE TABLE udm_object (
    resource_id uuid PRIMARY KEY,
    tenant      text COLLATE "C" NOT NULL,
    type        text COLLATE "C" NOT NULL,
    dn          text NOT NULL,
    properties  jsonb NOT NULL,
    revision    bigint NOT NULL,
    synced_at   timestamptz NOT NULL
) WITH (fillfactor = 80);

-- `resource_id` is owed a push that needs `target_id` in UDM; woken by the outcome that creates the target.
CREATE TABLE waits_for (
    resource_id uuid NOT NULL,
    target_id   uuid NOT NULL,
    tenant      text COLLATE "C" NOT NULL,
    type        text COLLATE "C" NOT NULL,
    since       timestamptz NOT NULL,
    PRIMARY KEY (resource_id, target_id)
);

CREATE INDEX waits_for_target ON waits_for (target_id);

-- What UDM refused for good: one row per parked attribute, or one with the empty attribute for the whole resource (dead letter).
CREATE TABLE sync_failure (
    resource_id uuid NOT NULL,
    attribute   text COLLATE "C" NOT NULL,
    tenant      text COLLATE "C" NOT NULL,
    type        text COLLATE "C" NOT NULL,
    revision    bigint NOT NULL,
    job_id      uuid NOT NULL,
    failed_at   timestamptz NOT NULL,
    error       jsonb NOT NULL,                 -- SCIM error body and UDM's answer, redacted
    PRIMARY KEY (resource_id, attribute)
);
