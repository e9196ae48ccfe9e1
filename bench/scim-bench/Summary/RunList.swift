// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What a run of several parts has done so far, in a file that outlives a part that fails, and the machine.
///
/// A line for each: `result bench/results/2026-11-30-0123abc-accept.json` by whoever measured, `part accept 0 182` (name, status, seconds) by
/// whoever ran the part.
struct RunList: Sendable {
    enum Line: Sendable, Equatable {
        /// The path of a JSON file.
        case result(String)
        case part(name: String, status: Int, seconds: Int)

        init?(_ text: some StringProtocol) {
            let words = text.split(separator: " ")
            switch words.first {
            case "result" where words.count > 1: self = .result(words.dropFirst().joined(separator: " "))
            case "part" where words.count == 4:
                guard let status = Int(words[2]), let seconds = Int(words[3]) else { return nil }
                self = .part(name: String(words[1]), status: status, seconds: seconds)
            default: return nil
            }
        }

        var text: String {
            switch self {
            case .result(let path): "result \(path)"
            case .part(let name, let status, let seconds): "part \(name) \(status) \(seconds)"
            }
        }
    }

    let path: String

    /// The lines so far; what is none is left out.
    func lines() throws -> [Line] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw BenchFailure("\(path) cannot be read: the list of a run, which 'make bench' writes")
        }
        return text.split(separator: "\n").compactMap { Line($0) }
    }

    func add(_ line: Line) throws {
        if !FileManager.default.fileExists(atPath: path) {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw BenchFailure("the list \(path) cannot be written")
            }
        }
        guard let file = FileHandle(forWritingAtPath: path) else {
            throw BenchFailure("the list \(path) cannot be written")
        }
        defer { try? file.close() }
        try file.seekToEnd()
        try file.write(contentsOf: Data("\(line.text)\n".utf8))
    }
}
