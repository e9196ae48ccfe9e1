// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON

/// What `dev` remembers between its runs, in `state.json`.
struct DevState: Equatable, Sendable {
    /// Of the last run by part, so that addresses stay the same.
    var ports: [String: Int] = [:]
    /// Where the servers' data are when their account cannot reach the folder itself, see ``ServerFolder``.
    var outsideFolder: String?
    /// What `udm` and `provisioning` were when the data were made: `double`, or the address of a real one.
    var systems: [String: String] = [:]

    /// What cannot be used is left out: somebody may have edited the file.
    static func load(from file: String) -> DevState {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8), let value = try? JSONValue(parsing: text)
        else { return DevState() }
        var state = DevState()
        for (name, value) in value["ports"]?.objectValue ?? [:] {
            guard let port = value.integerValue, (1...65_535).contains(port) else { continue }
            state.ports[name] = Int(port)
        }
        if let folder = value["outsideFolder"]?.stringValue, folder.hasPrefix("/") { state.outsideFolder = folder }
        for (name, value) in value["systems"]?.objectValue ?? [:] {
            if let text = value.stringValue { state.systems[name] = text }
        }
        return state
    }

    func save(to file: String) throws {
        var numbers = JSONObject()
        for (name, port) in ports.sorted(by: { $0.key < $1.key }) { numbers[name] = .number(JSONNumber(Int64(port))) }
        var texts = JSONObject()
        for (name, text) in systems.sorted(by: { $0.key < $1.key }) { texts[name] = .string(text) }
        var object: JSONObject = ["ports": .object(numbers), "systems": .object(texts)]
        if let outsideFolder { object["outsideFolder"] = .string(outsideFolder) }
        try (JSONValue.object(object).text + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    }
}
