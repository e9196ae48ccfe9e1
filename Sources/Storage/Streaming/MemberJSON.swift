// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// The sub-attributes of `members` that an answer carries.
package struct MemberParts: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let value = MemberParts(rawValue: 1)
    package static let reference = MemberParts(rawValue: 2)
    package static let display = MemberParts(rawValue: 4)
    package static let type = MemberParts(rawValue: 8)

    package static let all: MemberParts = [.value, .reference, .display, .type]
}

/// Writes members as elements of a JSON array, as the statements for a small group have them.
struct MemberJSON: Sendable {
    private let parts: MemberParts
    private let users: [UInt8]
    private let groups: [UInt8]

    /// - Parameter baseURL: Such as `https://host/scim/v2`.
    init(baseURL: String, parts: MemberParts) {
        self.parts = parts
        users = Self.beginning(of: "\(baseURL)/Users/")
        groups = Self.beginning(of: "\(baseURL)/Groups/")
    }

    /// - Parameter isFirst: Whether it is the first of its array.
    func append(_ member: GroupMember, isFirst: Bool, to json: inout [UInt8]) {
        json.append(UInt8(ascii: isFirst ? "{" : ","))
        if !isFirst { json.append(UInt8(ascii: "{")) }
        let start = json.count
        if parts.contains(.value) {
            json.append(contentsOf: #""value":""#.utf8)
            member.id.append(to: &json)
            json.append(UInt8(ascii: "\""))
        }
        if parts.contains(.reference) {
            separate(start, &json)
            json.append(contentsOf: #""$ref":"#.utf8)
            json.append(contentsOf: member.type == .user ? users : groups)
            member.id.append(to: &json)
            json.append(UInt8(ascii: "\""))
        }
        if parts.contains(.display), let display = member.display {
            separate(start, &json)
            json.append(contentsOf: #""display":"#.utf8)
            appendJSONString(display, to: &json)
        }
        if parts.contains(.type) {
            separate(start, &json)
            json.append(contentsOf: #""type":""#.utf8)
            json.append(contentsOf: member.type.rawValue.utf8)
            json.append(UInt8(ascii: "\""))
        }
        json.append(UInt8(ascii: "}"))
    }

    private func separate(_ start: Int, _ json: inout [UInt8]) {
        if json.count > start { json.append(UInt8(ascii: ",")) }
    }

    /// A JSON string without its closing quotation mark.
    private static func beginning(of text: String) -> [UInt8] {
        var json: [UInt8] = []
        appendJSONString(text, to: &json)
        json.removeLast()
        return json
    }

    // MARK: - Around the members

    /// The text of an object, up to the first member of its last attribute, `members`.
    ///
    /// - Parameter object: Text of a JSON object that ends with its brace.
    static func open(_ object: [UInt8], to json: inout [UInt8]) {
        json.append(contentsOf: object.dropLast())
        if object.count > 2 { json.append(UInt8(ascii: ",")) }
        json.append(contentsOf: #""members":["#.utf8)
    }

    static func close(to json: inout [UInt8]) { json.append(contentsOf: "]}".utf8) }
}
