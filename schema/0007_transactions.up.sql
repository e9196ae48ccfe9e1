-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- Requests that a client asked to be told the end of (RFC 9967): one row for each operation, `number` from 0 in the order of the request. What became of it
-- is told by its job; without one it is finished with the status that it was accepted with.
CREATE TABLE transaction_operation (
    transaction_id uuid NOT NULL,
    number         integer NOT NULL,
    tenant         text COLLATE "C" NOT NULL,
    client         text NOT NULL,
    method         text COLLATE "C" NOT NULL,
    bulk_id        text,
    type           text COLLATE "C",
    resource_id    uuid,
    revision       bigint,
    status         integer NOT NULL,
    error          jsonb,                       -- SCIM error of an operation that was refused at once
    job_id         uuid,
    accepted_at    timestamptz NOT NULL,
    PRIMARY KEY (transaction_id, number)
);

CREATE INDEX transaction_operation_age ON transaction_operation (accepted_at);
