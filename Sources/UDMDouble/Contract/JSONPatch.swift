// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// A JSON Patch document (RFC 6902) as the server takes it: operations on whole properties.
///
/// What plain JSON refuses with 422 is only a warning here, and the rest is carried out.
struct JSONPatch {
    /// What the operations come to.
    private(set) var properties: JSONObject = [:]
    private(set) var warnings: [String] = []

    init(_ document: JSONValue, entry: Entry, directory: Directory) throws(Refusal) {
        guard let operations = document.arrayValue else {
            throw .invalid([FieldError(["body", "request.arguments"], "Not a \"list\"")])
        }
        for operation in operations {
            guard let name = operation["op"]?.stringValue, let path = operation["path"]?.stringValue,
                path.hasPrefix("/"), ["add", "remove", "replace", "copy", "move", "test"].contains(name)
            else { throw .invalid([FieldError(["body", "request.arguments"], "Not a valid patch operation")]) }
            let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
                String($0).replacing("~1", with: "/").replacing("~0", with: "~")
            }
            guard parts.count == 2, parts[0] == "properties", ["add", "remove", "replace"].contains(name) else {
                continue
            }
            guard let index = entry.module.index(of: parts[1]) else {
                warnings.append("The \(entry.module.title) module has no property \(parts[1]).")
                continue
            }
            let property = entry.module.properties[index]
            let current =
                properties[property.name]
                ?? (property.source == .derived ? directory.derived(property.name, of: entry) : entry[property.name])
            properties[property.name] = Self.result(of: name, operation["value"] ?? .null, on: current, property)
        }
    }

    private static func result(
        of operation: String, _ value: JSONValue, on current: JSONValue, _ property: Property
    ) -> JSONValue {
        guard property.kind.isList else { return operation == "remove" ? .null : value }
        let old = current.arrayValue ?? []
        let given = value.arrayValue ?? (value.isNull ? [] : [value])
        switch operation {
        case "add": return .array(old + given.filter { !old.contains($0) })
        case "remove": return .array(given.isEmpty ? [] : old.filter { !given.contains($0) })
        default: return .array(given)
        }
    }
}
