// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// A resource as a client sent it, after everything that can be known without the database was checked.
package struct ValidatedResource: Hashable, Sendable {
    /// A member as the client named it; whether there is such a resource, the database knows.
    package struct Member: Hashable, Sendable {
        package let id: ResourceID
        /// As far as the client said.
        package let type: ResourceType?

        package init(id: ResourceID, type: ResourceType?) {
            self.id = id
            self.type = type
        }
    }

    package let type: ResourceType
    /// Attribute names in the spelling of the schema, the attributes of an extension under its URN, values of the
    /// types of the schema. Without `schemas`, `id`, `meta`, `externalId`, `password`, `members` and every readOnly
    /// attribute.
    package var attributes: JSONObject
    package var externalId: String?
    package var password: String?
    /// Each member once; nil when the client did not give the attribute, empty when it gave an empty list.
    package var members: [Member]?

    package init(
        type: ResourceType, attributes: JSONObject, externalId: String? = nil, password: String? = nil,
        members: [Member]? = nil
    ) {
        self.type = type
        self.attributes = attributes
        self.externalId = externalId
        self.password = password
        self.members = members
    }
}
