-- SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
-- SPDX-License-Identifier: Apache-2.0

-- What clients see: tenants, resources, their unique values, external ids and group members.

CREATE TABLE tenant (
    id         text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    created_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO tenant (id) VALUES ('default');

-- `order`: one number per accepted write, drawn while the resource's row is locked, so that it rises per resource with the revision.
CREATE SEQUENCE write_order AS bigint CACHE 1;

CREATE TABLE resource (
    tenant      text COLLATE "C" NOT NULL,
    type        text COLLATE "C" NOT NULL CHECK (type IN ('User', 'Group')),
    id          uuid NOT NULL,
    revision    bigint NOT NULL,
    "order"     bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    -- Canonical attribute names; without schemas, id, meta, externalId, password, members and groups.
    attributes  jsonb NOT NULL,
    PRIMARY KEY (tenant, type, id)
) WITH (fillfactor = 85);

-- Every value that may occur once only. User and group names share the kind `name`, mailbox and alias addresses the kind `mail`.
CREATE TABLE unique_claim (
    tenant      text COLLATE "C" NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    value       text COLLATE "C" NOT NULL,
    resource_id uuid NOT NULL,
    PRIMARY KEY (tenant, kind, value)
);

CREATE INDEX unique_claim_resource ON unique_claim (resource_id);

-- externalId is the client's own key: every client has at most one per resource and sees only its own.
CREATE TABLE external_id (
    resource_id uuid NOT NULL,
    client      text COLLATE "C" NOT NULL,
    tenant      text COLLATE "C" NOT NULL,
    value       text NOT NULL,
    PRIMARY KEY (resource_id, client)
);

CREATE INDEX external_id_value ON external_id (tenant, client, value);

-- One row per stay of a member in a group, from the group revision that added it until the one that removed it, so that the members at any
-- revision with an open job can be told, and a change costs the same in a group of ten and of a hundred thousand.
-- A removed row stays while UDM still lists the member (`synced`) or a job of an earlier revision is open.
CREATE TABLE group_member (
    tenant           text COLLATE "C" NOT NULL,
    group_id         uuid NOT NULL,
    member_id        uuid NOT NULL,
    member_type      text COLLATE "C" NOT NULL CHECK (member_type IN ('User', 'Group')),
    added_revision   bigint NOT NULL,
    removed_revision bigint,
    -- UDM's group lists the member, as far as we know.
    synced           boolean NOT NULL DEFAULT false,
    PRIMARY KEY (group_id, member_id, added_revision)
) WITH (fillfactor = 85);

CREATE UNIQUE INDEX group_member_present ON group_member (group_id, member_id) WHERE removed_revision IS NULL;
CREATE INDEX group_member_of ON group_member (member_id, group_id) WHERE removed_revision IS NULL;
-- What a push has to send: the few rows in which our state and UDM's differ.
CREATE INDEX group_member_ended ON group_member (group_id, member_id) WHERE removed_revision IS NOT NULL;
CREATE INDEX group_member_difference ON group_member (group_id, member_id) WHERE synced = (removed_revision IS NOT NULL);
