-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- Parked attributes: {UDM property: the value that UDM refused}, left out of pushes until the resource has another one; an empty object for a
-- password, whose value is nowhere kept. Null: the next push tries again, after an operator's replay for one.
ALTER TABLE sync_failure ADD COLUMN refused jsonb;

-- A resource also waits for another one that holds a unique value which it is to have: `target_id` has open jobs, which may set the value free.
ALTER TABLE waits_for ADD COLUMN reason text COLLATE "C" NOT NULL DEFAULT 'member' CHECK (reason IN ('member', 'value'));
ALTER TABLE waits_for DROP CONSTRAINT waits_for_pkey, ADD PRIMARY KEY (resource_id, target_id, reason);

-- A call to UDM had no answer and may have had its effect late: looked at when UDM must have ended it. In a table of its own, because it is owed
-- also when nothing else is left of the resource.
CREATE TABLE verification (
    resource_id uuid PRIMARY KEY,
    tenant      text COLLATE "C" NOT NULL,
    type        text COLLATE "C" NOT NULL,
    since       timestamptz NOT NULL,           -- when the earliest such call began
    due_at      timestamptz NOT NULL            -- when the latest one has ended, by UDM's own limit of a request
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Writes that were refused for good and are to be undone in SCIM (ON_PERMANENT_REFUSAL=revert): a revision of our own, which the leader writes.
CREATE TABLE compensation (
    job_id      uuid PRIMARY KEY,
    resource_id uuid NOT NULL,
    tenant      text COLLATE "C" NOT NULL,
    type        text COLLATE "C" NOT NULL,
    attributes  jsonb,                          -- paths of the refused attributes; null for the whole write
    noted_at    timestamptz NOT NULL
);
