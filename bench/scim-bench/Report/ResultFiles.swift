// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON

/// Keeps a result as `<date>-<commit>-<scenario>.json`, `.md` and `.html`.
struct ResultFiles: Sendable {
    let folder: String

    /// A second one of the same day, commit and scenario gets `-2`, and so on: no result is overwritten.
    /// - Returns: The path of the JSON file.
    func write(_ result: any BenchResult) throws -> String {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var path = ""
        for number in 1... {
            path = "\(folder)/\(result.day)-\(result.provenance.commit)-\(result.scenario)"
            if number > 1 { path += "-\(number)" }
            if !FileManager.default.fileExists(atPath: path + ".json") { break }
        }
        var bytes: [UInt8] = []
        Self.append(result.json, to: &bytes, depth: 0)
        bytes.append(UInt8(ascii: "\n"))
        try Data(bytes).write(to: URL(fileURLWithPath: path + ".json"))
        try Data(result.markdown.utf8).write(to: URL(fileURLWithPath: path + ".md"))
        try Data(result.html.utf8).write(to: URL(fileURLWithPath: path + ".html"))
        return path + ".json"
    }

    /// Outer levels on lines of their own, so that two results can be compared line by line.
    static func append(_ value: JSONValue, to bytes: inout [UInt8], depth: Int) {
        let indentation = String(repeating: "  ", count: depth + 1)
        let isNested = depth < 2 && !(value.arrayValue?.allSatisfy { $0.objectValue == nil } ?? false)
        if isNested, let object = value.objectValue, !object.isEmpty {
            bytes.append(contentsOf: "{\n".utf8)
            for (index, member) in object.enumerated() {
                if index > 0 { bytes.append(contentsOf: ",\n".utf8) }
                bytes.append(contentsOf: indentation.utf8)
                appendJSONString(member.key, to: &bytes)
                bytes.append(contentsOf: ": ".utf8)
                append(member.value, to: &bytes, depth: depth + 1)
            }
            bytes.append(contentsOf: "\n\(indentation.dropLast(2))}".utf8)
        } else if isNested, let elements = value.arrayValue, !elements.isEmpty {
            bytes.append(contentsOf: "[\n".utf8)
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(contentsOf: ",\n".utf8) }
                bytes.append(contentsOf: indentation.utf8)
                append(element, to: &bytes, depth: depth + 1)
            }
            bytes.append(contentsOf: "\n\(indentation.dropLast(2))]".utf8)
        } else {
            value.append(to: &bytes)
        }
    }
}
