// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// An object as UDM represents it (`udm-rest-api` section 3).
package struct UDMObject: Sendable, Hashable {
    /// Changes with a rename or a move: never a key.
    package var dn: String
    /// LDAP's entryUUID, for diagnosis only.
    package var uuid: String?
    /// `univentionObjectIdentifier`, equal to the id of the SCIM resource for objects created by this bridge.
    package var identifier: String?
    /// Parent DN.
    package var position: String?
    package var properties: JSONObject
    /// With its quotes, as `If-Match` wants it. Search hits have none.
    package var etag: String?

    package init(
        dn: String,
        uuid: String? = nil,
        identifier: String? = nil,
        position: String? = nil,
        properties: JSONObject = JSONObject(),
        etag: String? = nil
    ) {
        self.dn = dn
        self.uuid = uuid
        self.identifier = identifier
        self.position = position
        self.properties = properties
        self.etag = etag
    }

    /// Reads one representation; `nil` when it has no DN.
    init?(_ value: JSONValue, etag: String? = nil) {
        guard let dn = value["dn"]?.stringValue, !dn.isEmpty else { return nil }
        let properties = value["properties"]?.objectValue ?? JSONObject()
        self.init(
            dn: dn,
            uuid: value["uuid"]?.stringValue,
            identifier: properties[UDMObject.identifierProperty]?.stringValue,
            position: value["position"]?.stringValue,
            properties: properties,
            etag: etag)
    }

    package static let identifierProperty = "univentionObjectIdentifier"
}

/// What UDM said of a write that went through.
package struct UDMWritten: Sendable, Hashable {
    /// Where the object is now: after a rename another DN than the one that was written to.
    package var dn: String
    package var uuid: String?
    package var etag: String?
    /// Values UDM took only in part (`udm:warning`).
    package var warnings: [String]

    package init(dn: String, uuid: String? = nil, etag: String? = nil, warnings: [String] = []) {
        self.dn = dn
        self.uuid = uuid
        self.etag = etag
        self.warnings = warnings
    }
}
