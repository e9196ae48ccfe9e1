-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- How much is open for each tenant, as the leader counted it some seconds ago: what the API looks at before it takes more. A tenant without
-- open jobs has no row.
CREATE TABLE tenant_load (
    tenant             text COLLATE "C" PRIMARY KEY,
    open_jobs          bigint NOT NULL,
    oldest_accepted_at timestamptz NOT NULL,
    -- How long the open jobs will take at the present rate; null when nothing is finished now.
    drain_seconds      double precision,
    sampled_at         timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Drops the oldest daily partition of the history if it ended before `first_kept` (UTC), and moves its dead letters to the default partition:
-- they are kept until somebody has dealt with them.
--
-- Detaching locks the history for a moment; callers set `lock_timeout`, and drop one partition in a transaction.
CREATE FUNCTION drop_job_history_partition(first_kept date) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    partition_name text;
BEGIN
    SELECT c.relname INTO partition_name
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'job_history'::regclass
        AND c.relname ~ '^job_history_[0-9]{8}$'
        AND c.relname < 'job_history_' || to_char(first_kept, 'YYYYMMDD')
    ORDER BY c.relname LIMIT 1;
    IF partition_name IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('ALTER TABLE job_history DETACH PARTITION %I', partition_name);
    EXECUTE format('INSERT INTO job_history SELECT * FROM %I WHERE state = ''dead''', partition_name);
    EXECUTE format('DROP TABLE %I', partition_name);
    RETURN true;
END
$$;
