// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON

/// What a flow has kept of earlier answers. `{user.id}` in a text stands for the value of that name; a text that is
/// nothing else becomes the value itself, which may be a whole resource.
struct FlowVariables: Sendable {
    struct Unknown: Error {
        let name: String
    }

    private var values: [String: JSONValue] = [:]

    subscript(name: String) -> JSONValue? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// - Parameter n: For `{n}`, also within the name of another variable.
    func filled(_ value: JSONValue, n: Int) throws -> JSONValue {
        switch value {
        case .string(let text): return try filled(text, n: n)
        case .array(let elements): return .array(try elements.map { try filled($0, n: n) })
        case .object(let object): return .object(try filled(object, n: n))
        case .null, .bool, .number: return value
        }
    }

    func filled(_ object: JSONObject, n: Int) throws -> JSONObject {
        var filled = JSONObject()
        for (key, value) in object { filled[try text(key, n: n)] = try self.filled(value, n: n) }
        return filled
    }

    func text(_ text: String, n: Int) throws -> String {
        var rest = text.replacing("{n}", with: String(n))[...]
        var filled = ""
        while let match = rest.firstMatch(of: /\{([A-Za-z][A-Za-z0-9.]*)\}/) {
            filled += rest[..<match.range.lowerBound]
            let value = try self.value(String(match.output.1))
            filled += value.stringValue ?? value.description
            rest = rest[match.range.upperBound...]
        }
        return filled + rest
    }

    private func filled(_ text: String, n: Int) throws -> JSONValue {
        let counted = text.replacing("{n}", with: String(n))
        if let match = counted.wholeMatch(of: /\{([A-Za-z][A-Za-z0-9.]*)\}/) {
            return try value(String(match.output.1))
        }
        return .string(try self.text(text, n: n))
    }

    private func value(_ name: String) throws -> JSONValue {
        guard let value = values[name] else { throw Unknown(name: name) }
        return value
    }
}

extension JSONValue {
    /// The value at a JSON pointer (RFC 6901), such as `/emails/0/value`.
    func at(_ pointer: String) -> JSONValue? {
        var value = self
        for name in Self.names(of: pointer) {
            let next = Int(name).flatMap { value.arrayValue == nil ? nil : value[$0] } ?? value[name]
            guard let next else { return nil }
            value = next
        }
        return value
    }

    /// With another value at a JSON pointer; nil takes the place away. Places that do not exist are made in objects only.
    func with(_ new: JSONValue?, at pointer: String) -> JSONValue {
        with(new, at: Self.names(of: pointer)[...]) ?? self
    }

    private func with(_ new: JSONValue?, at names: ArraySlice<String>) -> JSONValue? {
        guard let name = names.first else { return new }
        switch self {
        case .array(var elements):
            guard let index = Int(name), elements.indices.contains(index) else { return self }
            if let element = elements[index].with(new, at: names.dropFirst()) {
                elements[index] = element
            } else {
                elements.remove(at: index)
            }
            return .array(elements)
        case .object(var object):
            object[name] = (object[name] ?? [:]).with(new, at: names.dropFirst())
            return .object(object)
        case .null, .bool, .number, .string: return self
        }
    }

    /// Whether it has every member of `part` with the same value; of what is no object, whether it is the same.
    func contains(_ part: JSONValue) -> Bool {
        guard let wanted = part.objectValue else { return self == part }
        return wanted.allSatisfy { name, value in self[name]?.contains(value) ?? false }
    }

    private static func names(of pointer: String) -> [String] {
        pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
    }
}
