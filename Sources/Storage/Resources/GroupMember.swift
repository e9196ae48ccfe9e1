// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// A member as a client sees it.
struct GroupMember: Sendable, Equatable {
    let id: ResourceID
    let type: ResourceType
    let display: String?

    /// For the filter of a value path. Where the service is reached is not known here, so the reference is without it.
    func fulfils(_ filter: Filter) -> Bool {
        var value: JSONObject = [
            "value": .string(id.description), "type": .string(type.rawValue), "$ref": .string("\(type.endpoint)/\(id)"),
        ]
        if let display { value["display"] = .string(display) }
        return filter.matches(value)
    }
}
