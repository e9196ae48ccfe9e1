// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

/// A user and a group to be patched, and the way to do it.
enum PatchFixture {
    static let validator = ResourceValidator()
    static let enterprise = SchemaURN.enterpriseUser
    static let babs = "2819c223-7f76-453a-919d-413861904646"
    static let james = "08e1d05d-121c-4561-8b96-473d93df9210"
    static let mandy = "902c246b-6245-4190-8e05-00816be7344a"

    /// The attributes of a user whose `displayName` was formed from the name.
    static func user() throws -> JSONObject {
        try validator.validate(Fixture.json("patch-user.json"), as: .user).attributes
    }

    static func group() throws -> JSONObject {
        try validator.validate(
            ["schemas": [.string(SchemaURN.group)], "displayName": "Tour Guides"], as: .group
        ).attributes
    }

    /// The message with some operations, written as the elements of a JSON array; `ENT` is the enterprise extension.
    static func message(_ operations: String) throws -> JSONValue {
        let operations = operations.replacing("ENT", with: enterprise)
        return try JSONValue(parsing: #"{"schemas":["\#(SchemaURN.patchOp)"],"Operations":[\#(operations)]}"#)
    }

    static func apply(
        _ message: JSONValue, to attributes: JSONObject, type: ResourceType = .user, externalId: String? = nil,
        validator: ResourceValidator = validator
    ) throws -> PatchedResource {
        try validator.apply(try validator.patch(message, as: type), to: attributes, externalId: externalId)
    }

    static func apply(
        _ operations: String, to attributes: JSONObject? = nil, externalId: String? = nil
    ) throws -> PatchedResource {
        try apply(try message(operations), to: try attributes ?? user(), externalId: externalId)
    }

    /// What the operations do to the members of a group.
    static func members(_ operations: String) throws -> [MemberChanges.Step] {
        try validator.patch(try message(operations), as: .group).members.steps
    }

    static func id(_ text: String) throws -> ResourceID { try #require(ResourceID(text)) }

    static func member(_ text: String, _ type: ResourceType? = nil) throws -> ValidatedResource.Member {
        .init(id: try id(text), type: type)
    }

    /// The error of a patch; a patch without one fails the test.
    static func error(
        of operations: String, as type: ResourceType = .user, to attributes: JSONObject? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> SCIMError? {
        let message = try message(operations)
        let present = try attributes ?? (type == .user ? user() : group())
        return #expect(throws: SCIMError.self, sourceLocation: sourceLocation) {
            try apply(message, to: present, type: type)
        }
    }
}

extension JSONObject {
    /// With the members of another object, written as JSON; null takes one away.
    func changed(by text: String) throws -> JSONObject {
        var object = self
        let changes = try JSONValue(parsing: text.replacing("ENT", with: PatchFixture.enterprise))
        for (key, value) in try #require(changes.objectValue) {
            if value.isNull { object.removeValue(forKey: key) } else { object[key] = value }
        }
        return object
    }
}
