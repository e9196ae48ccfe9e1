// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The properties of one request, checked value by value; what depends on other objects comes later.
struct PropertyInput {
    /// Stored properties as they are to be stored; null empties.
    private(set) var values: [String: JSONValue] = [:]
    /// Derived ones: lists of names, and `primaryGroup`.
    private(set) var references: [String: [String]] = [:]
    private(set) var password: String?
    private(set) var overridesPasswordHistory = false
    private(set) var overridesPasswordLength = false
    /// Everything that is wrong, so that the answer lists it at once.
    private(set) var errors: [FieldError] = []
    /// Required properties that the request empties.
    private(set) var emptied: [String] = []

    /// - Throws: 500 for an identifier that is no UUID, before anything else is looked at.
    init(_ properties: JSONObject, module: Module, rules: Rules, hosts: (String) -> Bool) throws(Refusal) {
        for (name, value) in properties {
            guard let index = module.index(of: name) else {
                // The server lets this one through for modules that do not have it.
                if name != "objectFlag" {
                    errors.append(.property(name, "The \(module.title) module has no property \(name)."))
                }
                continue
            }
            let property = module.properties[index]
            do {
                try take(try property.normalise(value, hosts: hosts), as: property, rules: rules)
            } catch let invalid as InvalidValue {
                errors.append(.invalid(name, invalid.details))
            } catch let refusal as Refusal {
                throw refusal
            } catch {
                throw .internalError(exception: "\(error)")
            }
        }
    }

    /// What is required and neither given nor there already.
    mutating func requireAll(of module: Module) {
        for property in module.required {
            let isGiven = property.syntax == .password ? password != nil : values[property.name]?.isNull == false
            let isWrong = errors.contains { $0.location.last == property.name }
            if !isGiven, !isWrong, !emptied.contains(property.name) { emptied.append(property.name) }
        }
    }

    /// The stored properties that the request sets or empties, in the module's order.
    func inOrder(of module: Module) -> [(name: String, value: JSONValue)] {
        values.compactMap { name, value in module.index(of: name).map { (index: $0, name: name, value: value) } }
            .sorted { $0.index < $1.index }
            .map { ($0.name, $0.value) }
    }

    /// - Throws: 422 with all errors, if there are any.
    func refuseErrors() throws(Refusal) {
        let all = errors + emptied.map(FieldError.required)
        if !all.isEmpty { throw .invalid(all) }
    }

    mutating func refuse(_ error: FieldError) { errors.append(error) }

    private mutating func take(_ value: JSONValue, as property: Property, rules: Rules) throws {
        if property.source == .derived {
            references[property.name] = value.strings ?? value.stringValue.map { [$0] } ?? []
            return
        }
        switch property.name {
        case "overridePWHistory": overridesPasswordHistory = value == true
        case "overridePWLength": overridesPasswordLength = value == true
        default: break
        }
        switch property.syntax {
        case .password: password = value.stringValue
        case .identifier:
            if let text = value.stringValue { try checkIdentifier(text) }
        case .userName:
            if let text = value.stringValue, rules.reservedNames.contains(text.lowercased()) {
                errors.append(.property(property.name, "Prohibited username: \(text)"))
            }
        case .phone, .eMail, .mailbox: try refuseSame(value.strings ?? [], as: property.syntax)
        case .postalAddress:
            values[property.name] = try PostalAddresses.stored(value, property.kind)
            return
        default: break
        }
        if property.source == .stored { values[property.name] = value }
        if property.isRequired, value.isNull, property.syntax != .password { emptied.append(property.name) }
    }

    /// What the LDAP server says to a list in which a value is twice, by its own rules.
    private func refuseSame(_ texts: [String], as syntax: Property.Syntax) throws {
        let keys = texts.map { text in
            syntax == .phone ? text.lowercased().filter { $0 != " " && $0 != "-" } : text.lowercased()
        }
        guard Set(keys).count == keys.count else { throw Refusal.badRequest("LDAP Error: Type or value exists") }
    }

    private func checkIdentifier(_ text: String) throws {
        switch ObjectUUID.judge(text) {
        case .accepted: break
        case .refused: throw InvalidValue("Value must be a valid UUID of version 1 or 4.")
        case .notAUUID:
            throw Refusal.internalError(exception: "ValueError: badly formed hexadecimal UUID string")
        }
    }
}

/// The rules that an operator can set.
struct Rules {
    /// Lower case.
    var reservedNames: Set<String> = []
    var minimumPasswordLength = 8
    /// How many passwords, the current one included, may not be set again.
    var passwordHistoryLength = 3
}
