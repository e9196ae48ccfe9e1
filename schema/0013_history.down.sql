-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

DROP VIEW dead_letter;
ALTER TABLE job_history DROP COLUMN is_announced;
CREATE VIEW dead_letter AS SELECT * FROM job_history WHERE state = 'dead' AND settled_at IS NULL;

CREATE OR REPLACE FUNCTION drop_job_history_partition(first_kept date) RETURNS boolean
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
