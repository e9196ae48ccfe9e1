// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Synchronization

/// Shows on standard error how much of a known number is done: one line that is drawn anew on a terminal, a line for each
/// tenth elsewhere.
final class CountBar: Sendable {
    private struct State {
        var done: Int
        var shownAt = ContinuousClock.now
        var shownTenth: Int
    }

    private static let width = 24
    private static let interval: Duration = .milliseconds(200)

    private let noun: String
    private let total: Int
    private let first: Int
    private let began = ContinuousClock.now
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let isSilent: Bool
    private let state: Mutex<State>

    /// - Parameters:
    ///   - noun: What is counted, such as `users`.
    ///   - done: How much of `total` was done before; it does not count for the rate.
    init(_ noun: String, total: Int, done: Int = 0, isSilent: Bool = false) {
        self.noun = noun
        self.total = total
        self.isSilent = isSilent
        first = done
        state = Mutex(State(done: done, shownTenth: total > 0 ? done * 10 / total : 10))
    }

    func add(_ count: Int) {
        let now = ContinuousClock.now
        let line: String? = state.withLock { state in
            state.done += count
            let tenth = total > 0 ? state.done * 10 / total : 10
            guard isTerminal ? now - state.shownAt >= Self.interval : tenth > state.shownTenth else { return nil }
            state.shownAt = now
            state.shownTenth = tenth
            return Self.line(noun, done: state.done, of: total, since: first, after: now - began)
        }
        if let line { write(isTerminal ? "\r\u{1B}[K\(line)" : "\(line)\n") }
    }

    /// A line that stays.
    func note(_ text: String) { write(isTerminal ? "\r\u{1B}[K\(text)\n" : "\(text)\n") }

    func end() { if isTerminal { write("\r\u{1B}[K") } }

    /// Such as `[######------------------] 250,000 of 1,000,000 users, 8,334/s, 90 s left`.
    ///
    /// - Parameters:
    ///   - first: What was done when it began, `elapsed` ago.
    static func line(_ noun: String, done: Int, of total: Int, since first: Int, after elapsed: Duration) -> String {
        let rate = Double(done - first) / max(0.001, elapsed / .seconds(1))
        let fraction = total > 0 ? Double(done) / Double(total) : 1
        var text = ProgressBar.bar(fraction: fraction, width: width)
        text += " \(Figure.count(Double(done))) of \(Figure.count(Double(total))) \(noun)"
        guard done > first else { return text }
        return text + ", \(Figure.count(rate))/s, \(Int((Double(max(0, total - done)) / rate).rounded(.up))) s left"
    }

    private func write(_ text: String) {
        guard !isSilent else { return }
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
