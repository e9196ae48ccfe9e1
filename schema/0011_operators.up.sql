-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- What operators see and do: attempts of a job, dead letters that are settled, replays, pauses.

-- Failed tries of jobs, with what UDM said, redacted; of each job the first ones and the latest. A try that succeeds leaves none: the job
-- has ended with it. Removed when the job's history is.
CREATE TABLE job_attempt (
    job_id      uuid NOT NULL,
    number      bigint NOT NULL,                -- 1, 2, 3 … per job, tries that were held included
    resource_id uuid NOT NULL,
    -- Of the lease in which it was made: an outcome that is recorded again is no second attempt.
    lease_epoch bigint NOT NULL,
    at          timestamptz NOT NULL,
    -- `retry`: tried again later. `held`: UDM or our account was out of order, which is no attempt of the job's. `dead`: failed for good.
    outcome     text COLLATE "C" NOT NULL CHECK (outcome IN ('retry', 'held', 'dead')),
    class       text COLLATE "C" NOT NULL,      -- what kind of failure, as the worker classified it
    http_status bigint,                         -- UDM's, null when no answer came
    error       jsonb NOT NULL,                 -- as in job
    worker      text,
    PRIMARY KEY (job_id, number)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- `replay_of`: the dead letter, or else the last write of the resource, that an operator has had pushed again.
ALTER TABLE job ADD COLUMN replay_of uuid;

-- A dead letter is settled when nobody has to look at it any more: `replayed` or `edited` by the job `settled_by`, `discarded`, or `overtaken`
-- because a later write of its resource went through.
ALTER TABLE job_history
    ADD COLUMN replay_of uuid,
    ADD COLUMN settled_at timestamptz,
    ADD COLUMN settled_as text COLLATE "C" CHECK (settled_as IN ('replayed', 'edited', 'discarded', 'overtaken')),
    ADD COLUMN settled_by uuid;

CREATE INDEX job_history_unsettled ON job_history (finished_at, id) WHERE state = 'dead' AND settled_at IS NULL;

DROP VIEW dead_letter;
CREATE VIEW dead_letter AS SELECT * FROM job_history WHERE state = 'dead' AND settled_at IS NULL;

-- A parked attribute: the value that UDM refused; null: to be tried again.
ALTER TABLE sync_failure ADD COLUMN IF NOT EXISTS refused jsonb;

-- Parts of the queue that hand out no work: `all`, `lane:bulk`, `tenant:default`, `operation:delete`. Redis holds a copy, which it may forget.
CREATE TABLE queue_pause (
    scope  text COLLATE "C" PRIMARY KEY CHECK (scope ~ '^(all|lane:(interactive|bulk|repair)|tenant:.+|operation:(create|modify|delete))$'),
    since  timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor  text NOT NULL,
    reason text
);

CREATE INDEX audit_log_resource ON audit_log (resource_id, id);
