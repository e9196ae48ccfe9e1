// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Why an event must not be sent: the Provisioning service would refuse it for good, or it must not leave the house. Then no sink gets it.
package enum EventProblem: Error, Equatable, CustomStringConvertible {
    /// A state in the outbox that is no JSON object of the expected shape.
    case unreadable(String)
    /// Both sides are empty, which the service answers 500.
    case empty
    /// A side that is not empty has no `objectType`, or has `univentionObjectType`.
    case noObjectType
    /// A key `password` somewhere in the event.
    case password(path: String)
    case publisherName(String)
    case tooLarge(bytes: Int, limit: Int)

    package var description: String {
        switch self {
        case .unreadable(let what): "the \(what) in the outbox is not readable"
        case .empty: "the event has neither an old nor a new state"
        case .noObjectType: "a state of the event has no objectType"
        case .password(let path): "the event would carry a password at \(path)"
        case .publisherName(let name): "\"\(name)\" is no publisher name"
        case .tooLarge(let bytes, let limit): "the event takes \(bytes) bytes in the message queue, more than \(limit)"
        }
    }

    /// Checks what the Provisioning service would answer 500, which looks temporary and is not, and what is secret.
    static func check(publisherName: String, old: JSONObject, new: JSONObject) throws(EventProblem) {
        guard ProvisioningConfiguration.isPublisherName(publisherName) else { throw .publisherName(publisherName) }
        if old.isEmpty && new.isEmpty { throw .empty }
        for (name, side) in [("old", old), ("new", new)] where !side.isEmpty {
            guard side["objectType"]?.stringValue?.isEmpty == false, side["univentionObjectType"] == nil else {
                throw .noObjectType
            }
            if let path = passwordPath(.object(side), "body.\(name)") { throw .password(path: path) }
        }
    }

    /// Where a key `password`, in any case, stands.
    private static func passwordPath(_ value: JSONValue, _ path: String) -> String? {
        switch value {
        case .object(let members):
            for (key, value) in members {
                let place = "\(path).\(key)"
                if key.lowercased() == "password" { return place }
                if let found = passwordPath(value, place) { return found }
            }
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                if let found = passwordPath(element, "\(path)[\(index)]") { return found }
            }
        default: break
        }
        return nil
    }
}
