// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// Checks what a client wants a resource to be against the schemas and the rules of the directory.
///
/// Not checked here, because it needs the database: unique values, the existence of members, group cycles.
package struct ResourceValidator: Sendable {
    let registry: SchemaRegistry
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
        let body = try object(body, type)
        try checkSchemas(of: body, type)
        var resource = try read(body, as: type)
        resource.complete()
        return resource
    }

    /// Validates the body of a PUT: a replacing resource is subject to the same rules as a new one, and what it does
    /// not name is cleared or, as `active`, gets its default (RFC 7644 section 3.5.1). What is immutable must be as it
    /// was; when it is not named, it stays.
    ///
    /// - Parameter present: The attributes the resource has, as in ``ValidatedResource/attributes``. Those that come
    ///   again are not judged again, so that a stricter rule of the directory does not keep a client from changing others.
    package func validateReplacement(
        _ body: JSONValue, as type: ResourceType, of present: JSONObject = JSONObject()
    ) throws(SCIMError) -> ValidatedResource {
        let body = try object(body, type)
        try checkSchemas(of: body, type)
        var resource = try read(body, as: type, unlike: present)
        try check(&resource, after: present, .init(omission: .keeps))
        resource.complete()
        return resource
    }

    private func object(_ body: JSONValue, _ type: ResourceType) throws(SCIMError) -> JSONObject {
        guard case .object(let body) = body else { throw .invalidSyntax("The body must be a JSON object") }
        do throws(Refusal) {
            return try Tolerance.coreAsContainer(body, of: type)
        } catch {
            throw error.error
        }
    }

    /// - Parameter present: Attributes that are valid already.
    func read(
        _ body: JSONObject, as type: ResourceType, unlike present: JSONObject = JSONObject()
    ) throws(SCIMError) -> ValidatedResource {
        do throws(Refusal) {
            return try readAttributes(of: body, as: type, unlike: present)
        } catch {
            throw error.error
        }
    }

    func check(
        _ resource: inout ValidatedResource, after present: JSONObject, _ immutability: Immutability
    ) throws(SCIMError) {
        do throws(Refusal) {
            try immutability.check(&resource.attributes, after: present, of: resource.type, registry)
        } catch {
            throw .mutability(attribute: error.path, reason: error.reason)
        }
    }

    /// As ``validate(_:as:)``, for the body of a POST of a group that was read while it arrived.
    package func validate(_ body: GroupBody) throws(SCIMError) -> ValidatedResource {
        body.completing(try validate(.object(body.object), as: .group))
    }

    /// As ``validateReplacement(_:as:of:)``, for the body of a PUT of a group that was read while it arrived.
    package func validateReplacement(
        _ body: GroupBody, of present: JSONObject = JSONObject()
    ) throws(SCIMError) -> ValidatedResource {
        body.completing(try validateReplacement(.object(body.object), as: .group, of: present))
    }

    /// URNs beyond the core schema are let through: Google sends more than it uses.
    private func checkSchemas(of body: JSONObject, _ type: ResourceType) throws(SCIMError) {
        let value = body.first { $0.key.equalsIgnoringASCIICase("schemas") }?.value
        // An empty list is no value (RFC 7643 section 2.5).
        guard let value, !value.isNull, value != [] else {
            throw .invalidSyntax("schemas is required and must contain \(type.coreSchema)")
        }
        guard let elements = value.arrayValue ?? Tolerance.singleSchemaAsList(value) else {
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

    private func readAttributes(
        of body: JSONObject, as type: ResourceType, unlike present: JSONObject
    ) throws(Refusal) -> ValidatedResource {
        let core = registry.coreSchema(for: type)
        let extensions = registry.extensions(for: type)
        var resource = ValidatedResource(type: type, attributes: JSONObject())
        resource.attributes.reserveCapacity(body.count + 2)
        for (key, value) in body {
            if let known = present[key], known == value {
                resource.attributes[key] = value
            } else if let attribute = core.attribute(key) {
                try AttributeReader.checkGivenOnce(key, attribute.name, in: body)
                do throws(Refusal) {
                    try read(value, of: attribute, into: &resource)
                } catch {
                    throw error.within(attribute: attribute.name)
                }
            } else if key.equalsIgnoringASCIICase("externalId") {
                try AttributeReader.checkGivenOnce(key, "externalId", in: body)
                do throws(Refusal) {
                    if !value.isNull { resource.externalId = try Self.externalId(value) }
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

    /// An index key of the database, which has no room for more.
    private static let longestExternalId = 1024

    private static func externalId(_ value: JSONValue) throws(Refusal) -> String {
        let text = try AttributeReader.text(value)
        guard text.utf8.count <= longestExternalId else {
            throw Refusal("must be at most \(longestExternalId) bytes long in UTF-8")
        }
        return text
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
            resource.members = try MemberReader.members(of: value, attribute)
        case (.user, "password"):
            let password = try AttributeReader.text(value)
            try rules.checkPassword(password)
            resource.password = password
        case (.user, "emails"):
            let sent = value.arrayValue ?? [value]
            let elements = try AttributeReader.elements(of: value, attribute)
                .filter { !Tolerance.isAddressOfNobody(sent[$0.index]) }
            try checkEmails(elements)
            guard !elements.isEmpty else { return }
            resource.attributes.append(uniqueKey: attribute.name, .array(elements.map(\.value)))
        default:
            guard let value = try AttributeReader.value(value, of: attribute) else { return }
            switch (resource.type, attribute.name, value) {
            case (.user, "userName", .string(let name)): try rules.checkUserName(name)
            case (.group, "displayName", .string(let name)): try rules.checkGroupName(name)
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
