-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- A group that could not be given its late members: when it is tried again, and why it failed. Null while nothing failed.
ALTER TABLE waits_for ADD COLUMN due_at timestamptz, ADD COLUMN last_error jsonb;

-- Is an earlier event of the same resource still waiting for its next try?
CREATE INDEX event_outbox_resource ON event_outbox (resource_id, "order");

-- Creates the daily partitions (UTC) from `first` on; days whose rows already lie in the default partition are left there.
--
-- A partition is made as a table of its own and attached, so that the history itself is locked for the attaching only, and against other
-- changes of tables only: outcomes go on. Callers set `lock_timeout`.
CREATE OR REPLACE FUNCTION ensure_job_history_partitions(first date, days integer) RETURNS integer
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
        EXECUTE format('CREATE TABLE %I (LIKE job_history INCLUDING ALL)', partition_name);
        EXECUTE format(
            'ALTER TABLE job_history ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition_name, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        created := created + 1;
    END LOOP;
    RETURN created;
END
$$;
