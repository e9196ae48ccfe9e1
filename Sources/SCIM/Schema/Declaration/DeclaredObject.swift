// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// An object of a declarative file, whose members are read one by one. What is wrong is noted and reading goes on.
package struct DeclaredObject {
    package let path: String
    private let members: JSONObject

    /// - Parameters:
    ///   - keys: All that it may have: a key that is none of them is a problem, because its author believes that it
    ///     does something.
    /// - Returns: nil, with the problem noted, for what is no object.
    package init?(_ value: JSONValue, at path: String, keys: [String], _ problems: inout DeclarationProblems) {
        guard case .object(let members) = value else {
            problems.report("must be an object", at: path)
            return nil
        }
        self.path = path
        self.members = members
        for key in members.keys where !keys.contains(key) {
            problems.report(
                "has the unknown key \(Self.shown(key)); known are \(keys.joined(separator: ", "))", at: path)
        }
    }

    /// Where a member stands in the file, for messages.
    package func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    package func contains(_ key: String) -> Bool { members.contains(key) }

    /// A text for a message: quoted, and cut when it is long.
    package static func shown(_ text: String) -> String {
        JSONValue.string(text.unicodeScalars.count > 80 ? "\(text.prefix(80))…" : text).text
    }

    // MARK: Values

    /// A value that has to be there.
    package func required(_ key: String, _ problems: inout DeclarationProblems) -> JSONValue? {
        if let value = members[key] { return value }
        problems.report("is required", at: path(of: key))
        return nil
    }

    /// A value as it is; nil when it is not given.
    package func value(_ key: String) -> JSONValue? { members[key] }

    /// - Returns: nil when it is not given, or is no text (which is noted then).
    package func text(
        _ key: String, longest: Int = 1024, _ problems: inout DeclarationProblems
    ) -> String? {
        members[key].flatMap { Self.text($0, at: path(of: key), longest: longest, &problems) }
    }

    /// A text that has to be there.
    package func requiredText(
        _ key: String, longest: Int = 1024, _ problems: inout DeclarationProblems
    ) -> String? {
        required(key, &problems).flatMap { Self.text($0, at: path(of: key), longest: longest, &problems) }
    }

    /// - Returns: `standard` when it is not given, or is neither true nor false (which is noted then).
    package func flag(_ key: String, default standard: Bool, _ problems: inout DeclarationProblems) -> Bool {
        guard let value = members[key] else { return standard }
        guard let flag = value.boolValue else {
            problems.report("must be true or false", at: path(of: key))
            return standard
        }
        return flag
    }

    /// One of the cases of an enumeration, by its raw value.
    /// - Returns: nil when it is not given, or is none of them (which is noted then).
    package func choice<Choice: RawRepresentable<String>>(
        _ key: String, of choices: [Choice], _ problems: inout DeclarationProblems
    ) -> Choice? {
        guard let text = text(key, &problems) else { return nil }
        guard let choice = choices.first(where: { $0.rawValue == text }) else {
            let names = choices.map(\.rawValue).joined(separator: ", ")
            problems.report("must be one of \(names), not \(Self.shown(text))", at: path(of: key))
            return nil
        }
        return choice
    }

    /// The elements of an array with their paths; none when it is not given.
    package func elements(
        _ key: String, atMost limit: Int, _ problems: inout DeclarationProblems
    ) -> [(value: JSONValue, path: String)] {
        guard let value = members[key] else { return [] }
        let path = path(of: key)
        guard let elements = value.arrayValue else {
            problems.report("must be an array", at: path)
            return []
        }
        guard elements.count <= limit else {
            problems.report("must have at most \(limit) elements, not \(elements.count)", at: path)
            return []
        }
        return elements.enumerated().map { ($1, "\(path)[\($0)]") }
    }

    /// An array of texts, each once.
    package func texts(
        _ key: String, atMost limit: Int, _ problems: inout DeclarationProblems
    ) -> [(text: String, path: String)] {
        var texts: [(text: String, path: String)] = []
        for (value, path) in elements(key, atMost: limit, &problems) {
            guard let text = Self.text(value, at: path, longest: 256, &problems) else { continue }
            guard !texts.contains(where: { $0.text == text }) else {
                problems.report("is given twice", at: path)
                continue
            }
            texts.append((text, path))
        }
        return texts
    }

    private static func text(
        _ value: JSONValue, at path: String, longest: Int, _ problems: inout DeclarationProblems
    ) -> String? {
        guard let text = value.stringValue else {
            problems.report("must be a string", at: path)
            return nil
        }
        guard text.utf8.count <= longest, !text.utf8.contains(0) else {
            problems.report("must have at most \(longest) bytes, and no U+0000", at: path)
            return nil
        }
        return text
    }
}
