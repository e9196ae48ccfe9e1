// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What all processors of the machine have done since it began, in clock ticks: the first line of proc(5), `/proc/stat`.
struct ProcessorLoad: Sendable, Equatable {
    let busy: Int
    let all: Int

    init?(stat: String) {
        guard let line = stat.split(separator: "\n").first, line.hasPrefix("cpu ") else { return nil }
        let ticks = line.split(separator: " ").dropFirst().compactMap { Int($0) }
        // user nice system idle iowait irq softirq steal; guests are in user.
        guard ticks.count >= 5 else { return nil }
        all = ticks.prefix(8).reduce(0, +)
        busy = all - ticks[3] - ticks[4]
    }

    /// Nil where the kernel does not tell.
    static var current: ProcessorLoad? {
        (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)).flatMap { ProcessorLoad(stat: $0) }
    }

    /// From 0 to 1; nil when no time has passed.
    func share(since earlier: ProcessorLoad?) -> Double? {
        guard let earlier, all > earlier.all else { return nil }
        return Double(busy - earlier.busy) / Double(all - earlier.all)
    }
}
