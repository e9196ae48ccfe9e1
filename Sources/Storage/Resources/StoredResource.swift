// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
package import SCIM

/// A resource as it is stored, with what a read was asked to add.
package struct StoredResource: Sendable {
    package let type: ResourceType
    package let id: ResourceID
    /// 1, 2, 3 …; the ETag.
    package let revision: Int64
    /// The database-wide number of the write that made this revision.
    package let order: Int64
    package let created: Timestamp
    package let modified: Timestamp
    /// Of the client that asked.
    package let externalId: String?
    /// Text of a JSON object: what ``ValidatedResource/attributes`` holds.
    package let attributes: [UInt8]
    /// Of a group: text of a JSON array; nil when not asked for or empty.
    package var members: [UInt8]?
    /// Of a user, its direct and indirect groups: text of a JSON array; nil when not asked for or empty.
    package var groups: [UInt8]?
    /// Of a group, how many members it has; nil when the statement that gave the resource did not tell.
    package var memberCount: Int64?

    /// More members are neither in one text nor in the answer to a PATCH.
    package static let manyMembers: Int64 = 1000

    /// Whether a group has more than ``manyMembers``, as far as ``memberCount`` tells.
    package var hasManyMembers: Bool { memberCount.map { $0 > Self.manyMembers } ?? false }

    init(
        type: ResourceType, id: ResourceID, revision: Int64, order: Int64, created: Timestamp, modified: Timestamp,
        externalId: String?, attributes: [UInt8], members: [UInt8]? = nil, groups: [UInt8]? = nil,
        memberCount: Int64? = nil
    ) {
        self.type = type
        self.id = id
        self.revision = revision
        self.order = order
        self.created = created
        self.modified = modified
        self.externalId = externalId
        self.attributes = attributes
        self.members = members
        self.groups = groups
        self.memberCount = memberCount
    }

    /// The attributes as a value; the stores hand them out as text, which most answers take as it is.
    package func parsedAttributes() throws -> JSONObject {
        // Our own text: the limits for clients do not apply.
        let value = try JSONValue(parsing: attributes, limits: JSONLimits(maximumBytes: .max, maximumDepth: 128))
        guard let object = value.objectValue else {
            throw StorageError.inconsistent("the attributes of resource \(id) are not an object")
        }
        return object
    }
}
