// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

extension SCIMError {
    /// A value that another resource holds, named by the attribute that carries it.
    static func uniqueness(_ claim: UniqueClaim, _ type: ResourceType) -> SCIMError {
        switch (claim.kind, type) {
        case (.name, .user): .uniqueness(attribute: "userName")
        case (.name, .group): .uniqueness(attribute: "displayName")
        case (.mail, _): .uniqueness(attribute: "emails.value")
        }
    }

    static func unknownMembers(_ ids: [ResourceID]) -> SCIMError {
        let named = ids.prefix(5).map(\.description).joined(separator: ", ")
        let rest = ids.count > 5 ? " and \(ids.count - 5) more" : ""
        return .invalidValue(attribute: "members.value", reason: "names resources that do not exist: \(named)\(rest)")
    }

    static func memberTypeMismatch(_ id: ResourceID) -> SCIMError {
        .invalidValue(attribute: "members.type", reason: "is not the resource type of member \(id)")
    }

    static var memberCycle: SCIMError {
        .invalidValue(
            attribute: "members", reason: "would make the group a member of itself, directly or through other groups")
    }
}
