// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Puts the JSON text of a resource together from the texts the database holds, without parsing them.
package struct ResourceRenderer: Sendable {
    private struct Frame: Sendable {
        /// `{"schemas":["<core schema>"`
        let head: [UInt8]
        /// `,"meta":{"resourceType":"<type>","created":"`
        let meta: [UInt8]
        /// `","location":"<base>/<endpoint>/`
        let location: [UInt8]
    }

    private let user: Frame
    private let group: Frame

    /// - Parameter baseURL: Such as `https://host/scim/v2`.
    package init(registry: SchemaRegistry = .standard, baseURL: String) {
        user = Self.frame(of: .user, registry, baseURL)
        group = Self.frame(of: .group, registry, baseURL)
    }

    /// The weak entity tag of a revision, as in the header `ETag`: `W/"3"`.
    package static func etag(_ revision: Int64) -> String { "W/\"\(revision)\"" }

    /// The whole resource; `schemas` names the core schema and every extension that has a value.
    ///
    /// - Parameters:
    ///   - attributes: Text of a JSON object, with or without white space, such as PostgreSQL's `jsonb` gives.
    ///   - members: Text of a JSON array.
    ///   - groups: Text of a JSON array.
    ///   - sync: Text of a JSON object, the attributes of the extension `SchemaURN.sync`.
    package func render(
        _ type: ResourceType, id: ResourceID, revision: Int64, created: Timestamp, modified: Timestamp,
        externalId: String?, attributes: [UInt8], members: [UInt8]? = nil, groups: [UInt8]? = nil,
        sync: [UInt8]? = nil
    ) -> [UInt8] {
        let frame = type == .user ? user : group
        var json: [UInt8] = []
        json.reserveCapacity(
            attributes.count + (members?.count ?? 0) + (groups?.count ?? 0) + (sync?.count ?? 0) + 768)
        json.append(contentsOf: frame.head)
        let inner = attributes.withUnsafeBufferPointer { Self.appendExtensions(of: $0, to: &json) }
        if sync != nil { Self.append(",\"\(SchemaURN.sync)\"", to: &json) }
        Self.append("],\"id\":\"", to: &json)
        id.append(to: &json)
        Self.append("\"", to: &json)
        if let externalId {
            Self.append(",\"externalId\":", to: &json)
            appendJSONString(externalId, to: &json)
        }
        if !inner.isEmpty {
            Self.append(",", to: &json)
            json.append(contentsOf: attributes[inner])
        }
        if let members {
            Self.append(",\"members\":", to: &json)
            json.append(contentsOf: members)
        }
        if let groups {
            Self.append(",\"groups\":", to: &json)
            json.append(contentsOf: groups)
        }
        if let sync {
            Self.append(",\"\(SchemaURN.sync)\":", to: &json)
            json.append(contentsOf: sync)
        }
        json.append(contentsOf: frame.meta)
        created.append(to: &json)
        Self.append("\",\"lastModified\":\"", to: &json)
        modified.append(to: &json)
        json.append(contentsOf: frame.location)
        id.append(to: &json)
        Self.append("\",\"version\":\"W/\\\"", to: &json)
        Self.append(revision, to: &json)
        Self.append("\\\"\"}}", to: &json)
        return json
    }

    private static func frame(of type: ResourceType, _ registry: SchemaRegistry, _ baseURL: String) -> Frame {
        var base = baseURL
        while base.hasSuffix("/") { base.removeLast() }
        var location: [UInt8] = []
        appendJSONString("\(base)\(type.endpoint)/", to: &location)
        location.removeLast()
        return Frame(
            head: Array("{\"schemas\":[\"\(registry.coreSchema(for: type).id)\"".utf8),
            meta: Array(",\"meta\":{\"resourceType\":\"\(type.rawValue)\",\"created\":\"".utf8),
            location: Array("\",\"location\":".utf8) + location)
    }

    private static func append(_ text: String, to json: inout [UInt8]) { json.append(contentsOf: text.utf8) }

    private static func append(_ number: Int64, to json: inout [UInt8]) { append(String(number), to: &json) }

    // MARK: The scan of the stored object

    /// Appends `,"<key>"` for each member whose key is a URN.
    ///
    /// - Returns: Where the members stand in `text`, without the braces and the white space beside them.
    private static func appendExtensions(
        of text: UnsafeBufferPointer<UInt8>, to json: inout [UInt8]
    ) -> Range<Int> {
        var start = 0
        var end = text.count
        while start < end, isWhitespace(text[start]) { start += 1 }
        while start < end, isWhitespace(text[end - 1]) { end -= 1 }
        guard end - start >= 2, text[start] == UInt8(ascii: "{"), text[end - 1] == UInt8(ascii: "}") else {
            assertionFailure("the stored attributes are no JSON object")
            return 0..<0
        }
        start += 1
        end -= 1
        while start < end, isWhitespace(text[start]) { start += 1 }
        while start < end, isWhitespace(text[end - 1]) { end -= 1 }
        var position = start
        var depth = 0
        // At depth 0 keys and string values alternate; a string is a key when no colon came since the last comma.
        var expectsKey = true
        while position < end {
            switch text[position] {
            case UInt8(ascii: "\""):
                let opening = position
                position = endOfString(in: text, from: opening, to: end)
                if depth == 0 && expectsKey && isURN(text, opening + 1, position) {
                    json.append(UInt8(ascii: ","))
                    json.append(contentsOf: text[opening..<position])
                }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ","): if depth == 0 { expectsKey = true }
            case UInt8(ascii: ":"): if depth == 0 { expectsKey = false }
            default: break
            }
            position += 1
        }
        return start..<end
    }

    /// - Returns: The position behind the closing quotation mark.
    @inline(__always)
    private static func endOfString(in text: UnsafeBufferPointer<UInt8>, from opening: Int, to end: Int) -> Int {
        var position = opening + 1
        while position < end {
            let byte = text[position]
            if byte == UInt8(ascii: "\"") { return position + 1 }
            position += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        return end
    }

    private static func isURN(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
        end - start > 4 && text[start] == UInt8(ascii: "u") && text[start + 1] == UInt8(ascii: "r")
            && text[start + 2] == UInt8(ascii: "n") && text[start + 3] == UInt8(ascii: ":")
    }

    private static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
