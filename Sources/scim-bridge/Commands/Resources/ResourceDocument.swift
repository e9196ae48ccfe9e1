// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import SCIM

/// The attributes that a command gives: those of a file, and over them those of options.
struct ResourceDocument {
    private(set) var attributes = JSONObject()

    /// As much as the API takes of a group.
    private static let limits = JSONLimits(maximumBytes: 16 << 20)

    /// - Parameter file: A resource of SCIM as JSON; `-` is standard input, nil is none.
    init(file: String?) throws {
        guard let file else { return }
        guard let data = Self.content(of: file) else { throw CommandFailure("the file \(file) cannot be read") }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: Array(data), limits: Self.limits)
        } catch {
            throw CommandFailure("\(file) is no JSON: \(error)")
        }
        guard let object = value.objectValue else {
            throw CommandFailure("\(file) must hold a JSON object, a resource")
        }
        attributes = object
    }

    private static func content(of file: String) -> Data? {
        file == "-" ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: file)
    }

    /// The password that a file holds; one line break at its end belongs to the file.
    static func password(in file: String) throws -> String {
        guard let data = content(of: file) else { throw CommandFailure("the file \(file) cannot be read") }
        guard var text = String(data: data, encoding: .utf8) else {
            throw CommandFailure("the file \(file) is not UTF-8")
        }
        if text.last?.isNewline == true { text.removeLast() }
        guard !text.isEmpty else { throw CommandFailure("the file \(file) is empty") }
        return text
    }

    /// Whether it has an attribute, in whatever case.
    func has(_ name: String) -> Bool { attributes.contains { $0.key.equalsIgnoringASCIICase(name) } }

    /// - Parameter value: nil: the option was not given. An empty text takes the attribute away.
    mutating func set(_ name: String, _ value: String?) {
        guard let value else { return }
        set(name, value.isEmpty ? .null : .string(value))
    }

    mutating func set(_ name: String, _ value: JSONValue) {
        for key in attributes.keys where key.equalsIgnoringASCIICase(name) { attributes[key] = nil }
        attributes[name] = value
    }

    /// The same of a part of a complex attribute, or of an extension; the other parts stay.
    mutating func set(_ name: String, _ part: String, _ value: String?) {
        guard let value else { return }
        let key = attributes.keys.first { $0.equalsIgnoringASCIICase(name) } ?? name
        var parts = attributes[key]?.objectValue ?? JSONObject()
        for other in parts.keys where other.equalsIgnoringASCIICase(part) { parts[other] = nil }
        parts[part] = value.isEmpty ? .null : .string(value)
        attributes[key] = .object(parts)
    }
}
