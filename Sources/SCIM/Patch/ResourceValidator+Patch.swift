// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

extension ResourceValidator {
    /// The most that the JSON of a resource may have after a PATCH, as the body of a POST: a resource must not grow
    /// without a bound by one addition after another.
    private static let maximumBytes = 1 << 20

    /// Reads the body of a PATCH.
    ///
    /// - Throws: 400 for everything that is wrong whatever the resource looks like.
    package func patch(_ body: JSONValue, as type: ResourceType) throws(SCIMError) -> Patch {
        try Patch(try PatchRequest(body), for: type, registry: registry)
    }

    /// Applies a PATCH to a copy of a resource: all operations or none (RFC 7644 section 3.5.2).
    ///
    /// The result is subject to the same rules as the body of a POST. Attributes that stay as they are, are not judged
    /// again: whoever deactivates a user need not repair an address first that was fine when it was written.
    ///
    /// - Parameters:
    ///   - attributes: Those there are, as in ``ValidatedResource/attributes``.
    ///   - externalId: That of the writing client.
    /// - Throws: 400 with `noTarget`, `mutability` or `invalidValue`, 413 if too much would have to be done or stored.
    package func apply(
        _ patch: Patch, to attributes: JSONObject, externalId: String?
    ) throws(SCIMError) -> PatchedResource {
        var state = PatchedState(attributes, externalId: externalId)
        for step in patch.steps {
            do throws(SCIMError) {
                try state.apply(step)
            } catch {
                throw error.inOperation(step.operation)
            }
        }
        var resource = try read(state.attributes, as: patch.type, unlike: attributes)
        try check(&resource, after: attributes, .init(omission: .removes))
        resource.complete(after: attributes, displayNameIsGiven: patch.names("displayName"))
        let changesAttributes = resource.attributes != attributes
        if changesAttributes { try checkSize(of: resource.attributes, before: attributes) }
        return PatchedResource(
            attributes: resource.attributes, externalId: resource.externalId, password: resource.password,
            differs: changesAttributes || resource.externalId != externalId || resource.password != nil)
    }

    private func checkSize(of attributes: JSONObject, before: JSONObject) throws(SCIMError) {
        let size = attributes.serialize().count
        guard size <= Self.maximumBytes || size <= before.serialize().count else {
            throw .tooLarge("The resource would be larger than \(Self.maximumBytes) bytes")
        }
    }
}

extension Patch {
    /// Whether an operation is about an attribute of the core schema.
    fileprivate func names(_ attribute: String) -> Bool {
        steps.contains { $0.path.extensionURN == nil && $0.path.attribute.name == attribute }
    }
}
