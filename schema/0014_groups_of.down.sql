-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

DROP FUNCTION groups_of(text, uuid, text);
