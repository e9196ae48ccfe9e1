// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import Storage
internal import UDM

/// What UDM has refused of one resource: its parked attributes (DESIGN section 4, "Permanent refusal").
struct ParkedAttributes: Equatable, Sendable {
    /// SCIM attribute → the refused values by UDM property, which may be none; nil: the next push tries again.
    private(set) var refusals: [String: JSONObject?] = [:]

    init() {}

    /// - Parameter text: See `ConfirmedLease.parked`; what cannot be read is tried again.
    init(storedIn text: [UInt8]?) {
        guard let text, let object = try? JSONValue(parsing: text, limits: .ownText).objectValue else { return }
        for (attribute, refused) in object { refusals.updateValue(refused.objectValue, forKey: attribute) }
    }

    /// The properties whose value is still the one that UDM refused. A write that changed the value un-parks it.
    func leftOut(of goal: JSONObject) -> Set<String> {
        var properties: Set<String> = []
        for case let refused? in refusals.values {
            for (property, value) in refused where goal[property] == value { properties.insert(property) }
        }
        return properties
    }

    /// After a push that went through.
    mutating func apply(_ parking: Parking) {
        for attribute in parking.cleared { refusals[attribute] = nil }
        for attribute in parking.refused {
            let refused = attribute.refused.flatMap {
                try? JSONValue(parsing: $0, limits: .ownText).objectValue
            }
            refusals.updateValue(refused, forKey: attribute.name)
        }
    }
}

extension Parking {
    /// Members and passwords have no former value to go back to.
    var isRevertible: Bool {
        refused.contains { $0.name != PushRefusals.members && $0.name != PushRefusals.password }
    }
}

/// What UDM has refused of one push so far; the next round of it leaves that out.
struct PushRefusals: Sendable {
    private var rounds: [(properties: Set<String>, error: UDMError)] = []
    /// The password is too old to be sent, as its error says.
    var expiry: JobError?

    /// Among them `password`, and ``MemberDelta/usersProperty`` for all members.
    var properties: Set<String> { rounds.reduce(into: []) { $0.formUnion($1.properties) } }

    var isEmpty: Bool { rounds.isEmpty && expiry == nil }

    mutating func add(_ properties: Set<String>, _ error: UDMError) { rounds.append((properties, error)) }

    /// What the outcome of the push says of attributes.
    ///
    /// - Parameters:
    ///   - goal: All mapped properties of the pushed state.
    ///   - sentPassword: A password of the client's went through.
    func parking(
        _ former: ParkedAttributes, goal: JSONObject, sentPassword: Bool, mapping: UDMMapping, operation: JobOperation,
        type: ResourceType, id: ResourceID
    ) -> Parking {
        var parking = Parking()
        var errors: [JobError] = []
        let stillLeftOut = former.leftOut(of: goal)
        func attribute(_ property: String) -> String {
            mapping.attribute(of: property, type: type)?.description ?? property
        }
        for (properties, error) in rounds {
            for (name, ofAttribute) in Dictionary(grouping: properties.sorted(), by: attribute).sorted(by: {
                $0.key < $1.key
            }) {
                var part = error
                part.errors = error.errors.filter { $0.property.map { attribute($0) == name } ?? false }
                let details = JobError(part, operation: operation, type: type, id: id, attributes: [name])
                errors.append(details)
                var refused: JSONObject? = JSONObject()
                if name == Self.members {
                    refused = nil
                } else if name != Self.password {
                    let earlier = former.refusals[name].flatMap(\.self) ?? JSONObject()
                    for property in stillLeftOut where earlier[property] != nil { refused?[property] = goal[property] }
                    for property in ofAttribute { refused?[property] = goal[property] }
                }
                // Refused in an earlier round too: the later one knows more.
                if let index = parking.refused.firstIndex(where: { $0.name == name }), let more = refused {
                    var whole =
                        parking.refused[index].refused.flatMap { try? JSONValue(parsing: $0).objectValue } ?? more
                    for (property, value) in more { whole[property] = value }
                    refused = whole
                    parking.refused.remove(at: index)
                }
                parking.refused.append(
                    Parking.Attribute(
                        name: name, refused: refused.map { JSONValue.object($0).serialize() }, error: details.json()))
            }
        }
        if let expiry {
            errors.append(expiry)
            parking.refused.append(
                Parking.Attribute(name: Self.password, refused: Array("{}".utf8), error: expiry.json()))
        }
        parking.event = JobError(joining: errors)?.json()
        let refusedNow = Set(parking.refused.map(\.name))
        for (name, refused) in former.refusals where !refusedNow.contains(name) {
            let isOver =
                switch name {
                // Those of members end with the members.
                case Self.members: false
                case Self.password: sentPassword
                default: refused?.keys.contains(where: stillLeftOut.contains) != true
                }
            if isOver { parking.cleared.append(name) }
        }
        parking.cleared.sort()
        return parking
    }

    static let members = "members"
    static let password = "password"
}
