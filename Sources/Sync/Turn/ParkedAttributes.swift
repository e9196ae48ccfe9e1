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

extension ParkedAttributes {
    /// The attributes that are parked no longer after a push that went through.
    fileprivate func over(after parking: Parking, stillLeftOut: Set<String>, sentPassword: Bool) -> [String] {
        let refusedNow = Set(parking.refused.map(\.name))
        let over = refusals.filter { name, refused in
            guard !refusedNow.contains(name) else { return false }
            return switch name {
            // Those of members end with the members.
            case PushRefusals.members: false
            case PushRefusals.password: sentPassword
            default: refused?.keys.contains(where: stillLeftOut.contains) != true
            }
        }
        return over.keys.sorted()
    }
}

extension Parking {
    /// - Parameter values: What was refused, by UDM property.
    fileprivate mutating func add(_ name: String, values: JSONObject?, error: JobError) {
        var refused = values
        // Refused in an earlier round too: the later one knows more.
        if let index = self.refused.firstIndex(where: { $0.name == name }), let more = values {
            let former = self.refused.remove(at: index).refused
            var whole = former.flatMap { try? JSONValue(parsing: $0).objectValue } ?? more
            for (property, value) in more { whole[property] = value }
            refused = whole
        }
        self.refused.append(
            Attribute(name: name, refused: refused.map { JSONValue.object($0).serialize() }, error: error.json()))
    }

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
            let byAttribute = Dictionary(grouping: properties.sorted(), by: attribute)
            for (name, properties) in byAttribute.sorted(by: { $0.key < $1.key }) {
                var part = error
                part.errors = error.errors.filter { $0.property.map { attribute($0) == name } ?? false }
                let details = JobError(part, operation: operation, type: type, id: id, attributes: [name])
                errors.append(details)
                let earlier = former.refusals[name].flatMap(\.self) ?? JSONObject()
                let values = Self.values(
                    of: name, properties + stillLeftOut.filter { earlier[$0] != nil }, in: goal)
                parking.add(name, values: values, error: details)
            }
        }
        if let expiry {
            errors.append(expiry)
            parking.add(Self.password, values: JSONObject(), error: expiry)
        }
        parking.event = JobError(joining: errors)?.json()
        parking.cleared = former.over(after: parking, stillLeftOut: stillLeftOut, sentPassword: sentPassword)
        return parking
    }

    /// What is kept of a refused attribute, so that a write that changes it is known; nil for members, which tell themselves what differs.
    private static func values(of name: String, _ properties: [String], in goal: JSONObject) -> JSONObject? {
        switch name {
        case members: nil
        case password: JSONObject()
        default: properties.reduce(into: JSONObject()) { $0[$1] = goal[$1] }
        }
    }

    static let members = "members"
    static let password = "password"
}
