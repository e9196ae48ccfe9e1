// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// Why a user or group was not written, beside what the schemas and the directory's rules say.
package enum UpsertRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another resource has the value.
    case taken(UniqueClaim)
    /// Ids or names of members that nobody has.
    case unknown([String])
    /// The group whose members were to change.
    case noGroup(String)
    /// A user and a group have the name.
    case ambiguous(String)
    /// The resource of this name has another id than the one that was given.
    case otherID(String, ResourceID)
    /// The id was another resource's before, or is one of the other type.
    case usedID(ResourceID)
    case wrongType(ResourceID)
    /// The group would become a member of itself.
    case cycle
    /// Others change it again and again.
    case busy(String)

    /// Whether something that was named does not exist.
    package var isNotFound: Bool {
        switch self {
        case .unknown, .noGroup: true
        case .taken, .ambiguous, .otherID, .usedID, .wrongType, .cycle, .busy: false
        }
    }

    package var description: String {
        switch self {
        case .taken(let claim):
            switch claim.kind {
            case .name: "the name \(Self.quoted(claim.value)) is taken by another user or group"
            case .mail: "the address \(Self.quoted(claim.value)) is taken by another resource"
            }
        case .unknown(let names):
            "no such user or group: " + names.prefix(5).map(Self.quoted).joined(separator: ", ")
                + (names.count > 5 ? " and \(names.count - 5) more" : "")
        case .noGroup(let name): "there is no group \(Self.quoted(name))"
        case .ambiguous(let name): "a user and a group have the name \(Self.quoted(name)); say which by its id"
        case .otherID(let name, let id): "\(Self.quoted(name)) is there with another id: \(id)"
        case .usedID(let id): "the id \(id) is, or was, that of another resource"
        case .wrongType(let id): "member \(id) is not of the type that was given"
        case .cycle: "the group would become a member of itself, directly or through other groups"
        case .busy(let name): "\(Self.quoted(name)) is changed by others at the same time; try again"
        }
    }

    /// In one line, without control characters.
    private static func quoted(_ text: String) -> String {
        "\"\(String(text.map { $0.isNewline || ($0.asciiValue ?? 0x20) < 0x20 ? " " : $0 }))\""
    }
}
