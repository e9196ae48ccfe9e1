// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Where the figures come from.
struct Provenance: Sendable {
    /// Short, with `-dirty` when the tree was changed since; `unknown` outside a repository.
    var commit: String
    var target: String
    var machine: Machine
    var loadAverageBefore: String
    var loadAverageAfter: String
    /// Versions and other remarks, in the order of the report.
    var notes: [(name: String, value: String)]
    /// Settings of PostgreSQL; empty without a database.
    var durability: [(name: String, value: String)]
    /// Of the server; nil when its process is not known.
    var memory: MemoryPeak?

    static func commit() async -> String {
        guard let git = Program.find("git"),
            let head = try? await git.run(["rev-parse", "--short=12", "HEAD"]), head.status == 0
        else { return "unknown" }
        let commit = head.output.trimmingCharacters(in: .whitespacesAndNewlines)
        // The results of earlier benches change nothing.
        let changes = try? await git.run(["status", "--porcelain", "--", ".", ":(exclude,top)bench/results"])
        return changes?.status == 0 && changes?.output.isEmpty == true ? commit : "\(commit)-dirty"
    }

    /// What the figures depend on, as lines of a report.
    var conditions: [(name: String, value: String)] {
        var all = [
            ("commit", commit), ("target", target),
            (
                "machine",
                "\(machine.processor), \(machine.cores) cores, \(Figure.decimal(machine.memoryGiB, places: 0)) GiB"
            ),
            ("system", "\(machine.system), Linux \(machine.kernel)"),
            ("load average", "\(loadAverageBefore) before, \(loadAverageAfter) after"),
        ]
        if let memory { all.append(("memory of the server", memory.text)) }
        all += notes.map { ($0.name, $0.value) }
        if !durability.isEmpty {
            all.append(("PostgreSQL settings", durability.map { "\($0.name)=\($0.value)" }.joined(separator: " ")))
        }
        return all
    }
}
