// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// A member as a client sees it.
struct GroupMember: Sendable, Equatable {
    let id: ResourceID
    let type: ResourceType
    let display: String?
}
