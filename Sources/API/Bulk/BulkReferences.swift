// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// References to resources that other operations of the same request create: `bulkId:qwerty` in place of an id (RFC 7644 section 3.7.2).
///
/// A text is one only where an id, or the address of a resource, can stand: as the value of an attribute for such, and between quotation marks in the
/// path of a PATCH. A title may have the words.
struct BulkReferences: Sendable {
    private static let prefix = "bulkId:"

    /// In lower case: names of attributes whose value is an id or an address.
    private let names: Set<String>

    init(_ registry: SchemaRegistry) {
        names = Set(registry.referenceNames.map { $0.lowercased() })
    }

    /// The name of a reference that is all of a text.
    static func name(_ text: some StringProtocol) -> String? {
        guard text.hasPrefix(prefix), text.utf8.count > prefix.utf8.count else { return nil }
        return String(text.dropFirst(prefix.count))
    }

    /// The value with what `id` knows in place of its references. Others stay as they are.
    ///
    /// - Parameter id: Is asked for each of them.
    func resolve(_ value: JSONValue, of method: RequestMethod, _ id: (String) -> ResourceID?) -> JSONValue {
        method == .patch ? message(value, id) : resolve(value, at: nil, id)
    }

    // MARK: Resources

    /// - Parameter key: Of the member that it is the value of, or a value of; nil: none.
    private func resolve(_ value: JSONValue, at key: String?, _ id: (String) -> ResourceID?) -> JSONValue {
        switch value {
        case .string(let text):
            guard let key, let resolved = resolve(text, id, if: { takesReference(key) }) else { return value }
            return .string(resolved)
        case .array(let elements): return .array(elements.map { resolve($0, at: key, id) })
        // The parser bounds the depth.
        case .object(let object):
            return .object(
                object.mapMembers { key, value in (resolve(path: key, id), resolve(value, at: key, id)) })
        case .null, .bool, .number: return value
        }
    }

    /// All of a text, or the last segment of the address of a resource; nil: there is nothing to resolve.
    private func resolve(_ text: String, _ id: (String) -> ResourceID?, if isMeant: () -> Bool) -> String? {
        // Nearly every text holds no such thing.
        guard text.utf8.count > Self.prefix.utf8.count, text.utf8.contains(UInt8(ascii: ":")) else { return nil }
        let start: String.Index
        if text.hasPrefix(Self.prefix) {
            start = text.startIndex
        } else if let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")),
            ResourceType.allCases.contains(where: { text[..<slash].hasSuffix($0.endpoint.dropFirst()) })
        {
            start = text.utf8.index(after: slash)
        } else {
            return nil
        }
        guard let name = Self.name(text[start...]), isMeant(), let id = id(name) else { return nil }
        return text[..<start] + id.description
    }

    /// By what stands last in a name or path, such as `value` in `urn:…:User:manager.value`, or `members` in `members[…]`.
    private func takesReference(_ path: String) -> Bool {
        let bytes = path.utf8
        var last = path[...]
        if let open = bytes.firstIndex(of: UInt8(ascii: "[")) {
            let rest = bytes.lastIndex(of: UInt8(ascii: "]")).map { path[bytes.index(after: $0)...] } ?? ""
            last = rest.isEmpty ? path[..<open] : rest
        }
        let separator = last.utf8.lastIndex { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }
        return names.contains(last[(separator.map { bytes.index(after: $0) } ?? last.startIndex)...].lowercased())
    }

    // MARK: PATCH

    private func message(_ value: JSONValue, _ id: (String) -> ResourceID?) -> JSONValue {
        guard case .object(let message) = value else { return value }
        return .object(
            message.mapMembers { key, value in
                guard key.equalsIgnoringASCIICase("Operations") else { return (key, value) }
                let operations = value.arrayValue.map { JSONValue.array($0.map { operation($0, id) }) }
                return (key, operations ?? operation(value, id))
            })
    }

    private func operation(_ value: JSONValue, _ id: (String) -> ResourceID?) -> JSONValue {
        guard case .object(let operation) = value else { return value }
        let path = operation.member("path")?.stringValue
        return .object(
            operation.mapMembers { key, value in
                if key.equalsIgnoringASCIICase("value") { return (key, resolve(value, at: path, id)) }
                guard key.equalsIgnoringASCIICase("path"), let path = value.stringValue else { return (key, value) }
                return (key, .string(resolve(path: path, id)))
            })
    }

    /// The texts that a filter within a path compares with.
    private func resolve(path: String, _ id: (String) -> ResourceID?) -> String {
        guard path.utf8.contains(UInt8(ascii: "[")), path.contains(Self.prefix) else { return path }
        var resolved = ""
        var rest = path[...]
        while let literal = Self.firstLiteral(in: rest) {
            resolved += rest[..<literal.lowerBound]
            let text = try? JSONValue(parsing: Array(rest[literal].utf8)).stringValue
            let replaced = text.flatMap { text in resolve(text, id, if: { true }) }
            resolved += replaced.map { "\"\($0)\"" } ?? String(rest[literal])
            rest = rest[literal.upperBound...]
        }
        return resolved + rest
    }

    /// With its quotation marks.
    private static func firstLiteral(in text: Substring) -> Range<String.Index>? {
        let bytes = text.utf8
        guard let start = bytes.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        var isEscaped = false
        var index = bytes.index(after: start)
        while index < bytes.endIndex {
            let byte = bytes[index]
            index = bytes.index(after: index)
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                return start..<index
            }
        }
        return nil
    }
}

extension JSONObject {
    /// Keys that become the same are one member, with the value of the last.
    fileprivate func mapMembers(_ change: (String, JSONValue) -> (String, JSONValue)) -> JSONObject {
        var changed = JSONObject()
        changed.reserveCapacity(count)
        for (key, value) in self {
            let member = change(key, value)
            changed[member.0] = member.1
        }
        return changed
    }
}
