// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// A PATCH for a resource of one type, ready to be applied to any state of it, and again when the state has changed.
package struct Patch: Sendable {
    package let type: ResourceType
    /// For a group.
    package let members: MemberChanges
    let steps: [PatchStep]

    /// Whether it is about members alone, so that the attributes stay as they are.
    package var changesMembersOnly: Bool { steps.isEmpty }

    /// Whether the resource may claim other values afterwards.
    package var mayMoveClaims: Bool {
        let attributes = UniqueClaim.attributes(of: type)
        return steps.contains { $0.path.extensionURN == nil && attributes.contains($0.path.attribute.name) }
    }

    /// - Throws: 400 for everything that is wrong whatever the resource looks like, with the place of the operation in
    ///   the detail, such as `Operations[2]: …`.
    package init(_ request: PatchRequest, for type: ResourceType, registry: SchemaRegistry) throws(SCIMError) {
        var reader = PatchReader(type: type, registry: registry)
        for (index, operation) in request.operations.enumerated() { try reader.read(operation, at: index) }
        self.type = type
        members = reader.members.changes
        steps = reader.steps
    }
}

/// The state of a resource after a PATCH; its members are in ``Patch/members``.
package struct PatchedResource: Hashable, Sendable {
    /// As in ``ValidatedResource/attributes``.
    package let attributes: JSONObject
    package let externalId: String?
    /// A new password, in clear text; nil leaves it as it is.
    package let password: String?
    /// Whether anything here differs from the state before.
    package let differs: Bool
}
