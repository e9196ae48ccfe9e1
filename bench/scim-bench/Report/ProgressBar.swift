// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Synchronization

/// Shows on standard error how far the bench is: one line that is drawn anew on a terminal, a line for each run elsewhere.
final class ProgressBar: Sendable {
    private struct State {
        var steps = 0
        var done = -1
        var title = ""
        var window: LoadWindow?
        var stepBegan = ContinuousClock.now
    }

    private static let width = 24

    private let isTerminal: Bool
    private let isSilent: Bool
    private let state = Mutex(State())

    init(isSilent: Bool = false) {
        self.isSilent = isSilent
        isTerminal = isatty(STDERR_FILENO) == 1
    }

    func begin(steps: Int, window: LoadWindow) {
        state.withLock { state in
            state = State()
            state.steps = steps
            state.window = window
        }
    }

    /// The next run begins.
    func step(_ title: String) {
        let line = state.withLock { state in
            state.done += 1
            state.title = title
            state.stepBegan = .now
            return "\(state.done + 1)/\(state.steps) \(title)"
        }
        if isTerminal { show(rate: nil, failures: 0) } else { write("\(line)\n") }
    }

    func show(rate: Double?, failures: Int) {
        guard isTerminal else { return }
        let line = state.withLock { state in Self.line(state, rate: rate, failures: failures, now: .now) }
        write("\r\u{1B}[K\(line)")
    }

    /// A line that stays.
    func note(_ text: String) { write(isTerminal ? "\r\u{1B}[K\(text)\n" : "\(text)\n") }

    func end() { if isTerminal { write("\r\u{1B}[K") } }

    private static func line(
        _ state: State, rate: Double?, failures: Int, now: ContinuousClock.Instant
    ) -> String {
        let length = (state.window.map { $0.warmUp + $0.measured } ?? .seconds(1)) + BenchPlan.overheadPerRun
        let part = min(1, (now - state.stepBegan) / length)
        let left = length * (Double(state.steps - state.done) - part)
        let text = bar(fraction: (Double(max(0, state.done)) + part) / Double(max(1, state.steps)), width: width)
        let speed = rate.map { ", \(Figure.count($0))/s" } ?? ""
        let errors = failures > 0 ? ", \(failures) failed" : ""
        return
            "\(text) \(state.done + 1)/\(state.steps) \(state.title)\(speed)\(errors), \(left.components.seconds) s left"
    }

    static func bar(fraction: Double, width: Int) -> String {
        let full = Int((min(1, max(0, fraction)) * Double(width)).rounded())
        return "[" + String(repeating: "#", count: full) + String(repeating: "-", count: width - full) + "]"
    }

    private func write(_ text: String) {
        guard !isSilent else { return }
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
