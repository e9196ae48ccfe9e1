// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

extension SCIMError {
    /// A value that another resource holds, and the attribute that carries it. For a `userName` the value may be the name
    /// that the directory makes of it, so the value is named: a client could not find out otherwise what to change.
    static func uniqueness(_ claim: UniqueClaim, _ type: ResourceType) -> SCIMError {
        let (attribute, value) =
            switch (claim.kind, type) {
            case (.name, .user): ("userName", "the name \(JSONValue.string(claim.value).text)")
            case (.name, .group): ("displayName", "the name \(JSONValue.string(claim.value).text)")
            case (.mail, _): ("emails.value", "the address \(JSONValue.string(claim.value).text)")
            }
        return SCIMError(
            status: 409, scimType: .uniqueness,
            detail: "The value of \(attribute) is in use by another resource: \(value) is taken"
                + (claim.kind == .name ? " by a user or a group" : ""))
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
