-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

DROP INDEX audit_log_resource;
DROP TABLE queue_pause, job_attempt;
-- The column `refused` may be an earlier migration's; it harms nobody.
DROP VIEW dead_letter;
DROP INDEX job_history_unsettled;
ALTER TABLE job_history DROP COLUMN replay_of, DROP COLUMN settled_at, DROP COLUMN settled_as, DROP COLUMN settled_by;
ALTER TABLE job DROP COLUMN replay_of;
CREATE VIEW dead_letter AS SELECT * FROM job_history WHERE state = 'dead';
