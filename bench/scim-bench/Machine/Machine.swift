// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What the figures of a run depend on beside the program.
struct Machine: Sendable, Equatable {
    var processor: String
    var cores: Int
    var memoryGiB: Double
    var system: String
    var kernel: String

    static func current() -> Machine {
        Machine(
            processor: field("model name", of: read("/proc/cpuinfo"), separator: ":") ?? "unknown",
            cores: ProcessInfo.processInfo.activeProcessorCount,
            memoryGiB: Double(ProcessInfo.processInfo.physicalMemory) / Double(1 << 30),
            system: field("PRETTY_NAME", of: read("/etc/os-release"), separator: "=") ?? "unknown",
            kernel: read("/proc/sys/kernel/osrelease").trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// The 1, 5 and 15 minute load averages, in one text.
    static var loadAverage: String { read("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ") }

    /// The value of the first line that begins with `name`, without quotation marks.
    static func field(_ name: String, of text: String, separator: Character) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: separator, maxSplits: 1)
            guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == name else { continue }
            return parts[1].trimmingCharacters(in: CharacterSet(charactersIn: "\" \t"))
        }
        return nil
    }

    private static func read(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
}
