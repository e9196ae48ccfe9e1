// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How far something long is, in one line of the terminal on standard error; in a log or pipe nothing but the end is told.
struct ProgressBar {
    /// Nil: nobody knows how many there are.
    private let total: Int?
    private let isTerminal: Bool
    private let started: ContinuousClock.Instant
    private var drawn: ContinuousClock.Instant?

    private static let width = 30
    private static let interval = Duration.milliseconds(100)

    init(total: Int?, isTerminal: Bool = isatty(STDERR_FILENO) == 1, now: ContinuousClock.Instant = .now) {
        self.total = total
        self.isTerminal = isTerminal
        started = now
    }

    mutating func show(_ count: Int, _ note: String = "", now: ContinuousClock.Instant = .now) {
        guard isTerminal else { return }
        if let drawn, drawn.duration(to: now) < Self.interval { return }
        drawn = now
        StandardStream.error.write("\r\u{1B}[K" + line(count, note, now: now))
    }

    /// Leaves the line to what is printed next.
    func end() {
        if isTerminal, drawn != nil { StandardStream.error.write("\r\u{1B}[K") }
    }

    func line(_ count: Int, _ note: String, now: ContinuousClock.Instant) -> String {
        let seconds = Double(started.duration(to: now).components.seconds) + 0.001
        let rate = "\(Int((Double(count) / max(seconds, 1)).rounded()))/s"
        let tail = note.isEmpty ? "" : "  \(note)"
        guard let total, total > 0 else { return "\(count)  \(rate)\(tail)" }
        let filled = min(Self.width, count * Self.width / total)
        let bar = String(repeating: "#", count: filled) + String(repeating: " ", count: Self.width - filled)
        return "[\(bar)] \(count)/\(total)  \(rate)\(tail)"
    }
}
