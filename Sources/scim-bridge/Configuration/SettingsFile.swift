// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON

/// The file of `CONFIG_FILE`: one flat JSON object with the names of the environment, such as `{"UDM_URL": "https://…", "LEASE_SECONDS": 60}`.
///
/// Numbers and booleans count as their text, arrays as their elements with commas between. It may hold the settings of all roles.
struct SettingsFile {
    private(set) var values: [String: String] = [:]
    /// One line for everything in it that is no setting.
    private(set) var problems: [String] = []

    init(path: String) {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            problems = ["CONFIG_FILE: the file \(path) cannot be read (\(error.localizedDescription))"]
            return
        }
        let content: JSONValue
        do {
            content = try JSONValue(parsing: Array(bytes))
        } catch {
            problems = ["CONFIG_FILE: the file \(path) is no JSON: \(error)"]
            return
        }
        guard let object = content.objectValue else {
            problems = ["CONFIG_FILE: the file \(path) must hold one JSON object, such as {\"LOG_LEVEL\": \"info\"}"]
            return
        }
        for (name, value) in object { read(name, value) }
    }

    private mutating func read(_ name: String, _ value: JSONValue) {
        guard SettingName.all.contains(name), name != "CONFIG_FILE" else {
            problems.append(Self.problem(withName: name))
            return
        }
        guard let text = Self.text(of: value) else {
            problems.append(
                "CONFIG_FILE: \(name) must be a string, a number, true, false, or an array of these, not \(Self.kind(of: value))"
            )
            return
        }
        values[name] = text
    }

    private static func problem(withName name: String) -> String {
        if SettingName.secrets.contains(name + "_FILE") {
            return "CONFIG_FILE: \(name): secrets are read from files of their own. Name one in \(name)_FILE"
        }
        let shown = name.prefix(64).map { $0.isASCII && !$0.isNewline ? $0 : "?" }
        return
            "CONFIG_FILE: \"\(String(shown))\" is no setting; settings have the names of the environment, such as UDM_URL"
    }

    private static func text(of value: JSONValue) -> String? {
        guard let elements = value.arrayValue else { return scalar(value) }
        let texts = elements.compactMap(scalar)
        return texts.count == elements.count ? texts.joined(separator: ",") : nil
    }

    private static func scalar(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .number, .bool: value.text
        default: nil
        }
    }

    private static func kind(of value: JSONValue) -> String {
        switch value {
        case .object: "an object"
        case .null: "null"
        default: "this array"
        }
    }
}
