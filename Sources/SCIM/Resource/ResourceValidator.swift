// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// Checks what a client wants a resource to be against the schemas and the rules of the directory.
///
/// Not checked here, because it needs the database: unique values, the existence of members, group cycles.
package struct ResourceValidator: Sendable {
    private let registry: SchemaRegistry
    private let rules: DirectoryRules

    package init(registry: SchemaRegistry = .standard, rules: DirectoryRules = DirectoryRules()) {
        self.registry = registry
        self.rules = rules
    }

    /// Validates the body of a POST.
    ///
    /// What the schemas do not know is ignored, as is everything readOnly (RFC 7644 section 3.3).
    ///
    /// - Throws: 400 with `invalidSyntax` for a body that is no resource at all, otherwise with `invalidValue` and the
    ///   attribute path in the detail.
    package func validate(_ body: JSONValue, as type: ResourceType) throws(SCIMError) -> ValidatedResource {
        guard case .object(let body) = body else { throw .invalidSyntax("The body must be a JSON object") }
        try checkSchemas(of: body, type)
        do throws(Refusal) {
            var resource = try read(body, as: type)
            complete(&resource)
            return resource
        } catch {
            throw error.error
        }
    }

    /// Validates the body of a PUT: a replacing resource is subject to the same rules as a new one, and what it does
    /// not name is cleared or, as `active`, gets its default (RFC 7644 section 3.5.1).
    package func validateReplacement(_ body: JSONValue, as type: ResourceType) throws(SCIMError) -> ValidatedResource {
        try validate(body, as: type)
    }

    /// URNs beyond the core schema are let through: Google sends more than it uses.
    private func checkSchemas(of body: JSONObject, _ type: ResourceType) throws(SCIMError) {
        guard let member = body.first(where: { $0.key.equalsIgnoringASCIICase("schemas") }), !member.value.isNull else {
            throw .invalidSyntax("schemas is required and must contain \(type.coreSchema)")
        }
        guard let elements = member.value.arrayValue else {
            throw .invalidSyntax("schemas must be an array of strings")
        }
        var urns: [String] = []
        for (index, element) in elements.enumerated() {
            guard let urn = element.stringValue else { throw .invalidSyntax("schemas[\(index)] must be a string") }
            urns.append(urn)
        }
        guard !urns.contains(where: { $0.equalsIgnoringASCIICase(type.coreSchema) }) else { return }
        let other = ResourceType.allCases.first { other in
            urns.contains { $0.equalsIgnoringASCIICase(other.coreSchema) }
        }
        let explanation = other.map { "; a \($0.rawValue) belongs to \($0.endpoint)" } ?? ""
        throw .invalidValue(attribute: "schemas", reason: "must contain \(type.coreSchema)\(explanation)")
    }

    private func read(_ body: JSONObject, as type: ResourceType) throws(Refusal) -> ValidatedResource {
        let core = registry.coreSchema(for: type)
        let extensions = registry.extensions(for: type)
        var resource = ValidatedResource(type: type, attributes: JSONObject())
        resource.attributes.reserveCapacity(body.count + 2)
        for (key, value) in body {
            if let attribute = core.attribute(key) {
                try AttributeReader.checkGivenOnce(key, attribute.name, in: body)
                do throws(Refusal) {
                    try read(value, of: attribute, into: &resource)
                } catch {
                    throw error.within(attribute: attribute.name)
                }
            } else if key.equalsIgnoringASCIICase("externalId") {
                try AttributeReader.checkGivenOnce(key, "externalId", in: body)
                do throws(Refusal) {
                    if !value.isNull { resource.externalId = try AttributeReader.text(value) }
                } catch {
                    throw error.within(attribute: "externalId")
                }
            } else if let schema = extensions.first(where: { $0.schema.id.equalsIgnoringASCIICase(key) })?.schema {
                try AttributeReader.checkGivenOnce(key, schema.id, in: body)
                do throws(Refusal) {
                    if let value = try read(value, of: schema) {
                        resource.attributes.append(uniqueKey: schema.id, value)
                    }
                } catch {
                    throw error.within(extension: schema.id)
                }
            }
        }
        try AttributeReader.checkRequired(core.lookup, in: resource.attributes)
        for entry in extensions where entry.required && !resource.attributes.contains(entry.schema.id) {
            throw Refusal("is required", at: entry.schema.id)
        }
        return resource
    }

    /// - Returns: nil for an extension without values.
    private func read(_ value: JSONValue, of schema: Schema) throws(Refusal) -> JSONValue? {
        // A readOnly extension is ignored whatever its value.
        guard !value.isNull, schema.attributes.contains(where: { $0.mutability != .readOnly }) else { return nil }
        guard case .object(let object) = value else { throw Refusal("must be an object") }
        let attributes = try AttributeReader.attributes(of: object, schema.lookup)
        return attributes.isEmpty ? nil : .object(attributes)
    }

    /// One attribute of the core schema. Those with a place of their own, or with rules of the directory, are named.
    private func read(
        _ value: JSONValue, of attribute: SchemaAttribute, into resource: inout ValidatedResource
    ) throws(Refusal) {
        guard attribute.mutability != .readOnly, !value.isNull else { return }
        switch (resource.type, attribute.name) {
        case (.group, "members"):
            resource.members = try readMembers(value, attribute)
        case (.user, "password"):
            let password = try AttributeReader.text(value)
            try rules.checkPassword(password)
            resource.password = password
        case (.user, "emails"):
            let elements = try AttributeReader.elements(of: value, attribute)
            try checkEmails(elements)
            guard !elements.isEmpty else { return }
            resource.attributes.append(uniqueKey: attribute.name, .array(elements.map(\.value)))
        default:
            guard let value = try AttributeReader.value(value, of: attribute) else { return }
            switch (resource.type, attribute.name, value) {
            case (.user, "userName", .string(let name)): try rules.checkUserName(name)
            case (.group, "displayName", .string(let name)): try rules.checkGroupName(name)
            case (.user, "x509Certificates", .array(let certificates)) where certificates.count > 1:
                throw Refusal("must have one value at most, because the directory takes one certificate")
            default: break
            }
            resource.attributes.append(uniqueKey: attribute.name, value)
        }
    }

    /// `mailbox` and `alias` are addresses that the directory hosts; a user has one mailbox.
    private func checkEmails(_ elements: [AttributeReader.Element]) throws(Refusal) {
        var hasMailbox = false
        for element in elements {
            guard let kind = HostedAddress(email: element.value) else { continue }
            do throws(Refusal) {
                guard case .string(let address)? = element.value["value"] else {
                    throw Refusal("is required", at: "value")
                }
                if kind == .mailbox {
                    guard !hasMailbox else {
                        throw Refusal("must not be mailbox, because another value is the mailbox", at: "type")
                    }
                    hasMailbox = true
                }
                do throws(Refusal) {
                    try rules.checkMailAddress(address)
                } catch {
                    throw error.within(attribute: "value")
                }
            } catch {
                throw error.within(element: element.index)
            }
        }
    }
}

// MARK: Members

extension ResourceValidator {
    private func readMembers(
        _ value: JSONValue, _ attribute: SchemaAttribute
    ) throws(Refusal) -> [ValidatedResource.Member] {
        guard let list = value.arrayValue ?? Tolerance.singleObjectAsList(value, for: attribute) else {
            throw Refusal("must be an array")
        }
        var members: [ValidatedResource.Member] = []
        members.reserveCapacity(list.count)
        var positions = [ResourceID: Int](minimumCapacity: list.count)
        for (index, element) in list.enumerated() {
            do throws(Refusal) {
                let member = try readMember(element)
                guard let position = positions[member.id] else {
                    positions[member.id] = members.count
                    members.append(member)
                    continue
                }
                guard let type = member.type else { continue }
                guard members[position].type == nil || members[position].type == type else {
                    throw Refusal("contradicts an earlier value for the same member", at: "type")
                }
                members[position] = member
            } catch {
                throw error.within(element: index)
            }
        }
        return members
    }

    private func readMember(_ element: JSONValue) throws(Refusal) -> ValidatedResource.Member {
        guard case .object(let object) = element else { throw Refusal("must be an object") }
        let value = try subAttribute("value", of: object)
        guard let value else { throw Refusal("is required", at: "value") }
        guard let id = ResourceID(value) else { throw Refusal("must be the id of a resource, a UUID", at: "value") }
        guard let typeName = try subAttribute("type", of: object) else { return .init(id: id, type: nil) }
        guard let type = ResourceType.allCases.first(where: { $0.rawValue.equalsIgnoringASCIICase(typeName) }) else {
            throw Refusal("must be User or Group", at: "type")
        }
        return .init(id: id, type: type)
    }

    private func subAttribute(_ name: String, of object: JSONObject) throws(Refusal) -> String? {
        var found: JSONValue?
        for (key, value) in object where key.equalsIgnoringASCIICase(name) {
            guard found == nil else { throw Refusal("is given twice", at: name) }
            found = value
        }
        guard let found, !found.isNull else { return nil }
        do throws(Refusal) {
            return try AttributeReader.text(found)
        } catch {
            throw error.within(attribute: name)
        }
    }
}

// MARK: Derived values

extension ResourceValidator {
    private func complete(_ resource: inout ValidatedResource) {
        guard resource.type == .user else { return }
        if var name = resource.attributes["name"]?.objectValue {
            let fullName = Self.fullName(of: name)
            name["formatted"] = .string(fullName)
            resource.attributes["name"] = .object(name)
            if Self.isBlank(resource.attributes["displayName"]) {
                resource.attributes["displayName"] = .string(fullName)
            }
        }
        if !resource.attributes.contains("active") { resource.attributes["active"] = true }
    }

    /// Given name, blank, family name; what is missing or blank is left out.
    private static func fullName(of name: JSONObject) -> String {
        ["givenName", "familyName"].compactMap { key in isBlank(name[key]) ? nil : name[key]?.stringValue }
            .joined(separator: " ")
    }

    private static func isBlank(_ value: JSONValue?) -> Bool {
        value?.stringValue?.isBlank ?? true
    }
}
