-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

DROP VIEW dead_letter;
DROP TABLE sync_failure, waits_for, udm_object, resource_sync, job_history, job;
DROP FUNCTION ensure_job_history_partitions(date, integer);
