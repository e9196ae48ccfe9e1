-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

DROP FUNCTION drop_job_history_partition(date);
DROP TABLE tenant_load;
