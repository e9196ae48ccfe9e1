// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Looks at the memory of a process until it is told to end.
final class MemoryWatch: Sendable {
    private static let interval: Duration = .milliseconds(250)

    private let process: Int32
    private let highest: Highest
    private let watching: Task<Void, Never>

    /// Nil when there is no such process, or it may not be looked at.
    init?(process: Int32) {
        guard let first = ProcessMemory(of: process) else { return nil }
        let highest = Highest(first.resident)
        self.process = process
        self.highest = highest
        watching = Task {
            while !Task.isCancelled {
                if let memory = ProcessMemory(of: process) { highest.note(memory.resident) }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    deinit { watching.cancel() }

    /// - Returns: Nil when the process has ended: what it held last is not known then.
    func end() -> MemoryPeak? {
        watching.cancel()
        guard let last = ProcessMemory(of: process) else { return nil }
        highest.note(last.resident)
        // The kernel's two counts may differ by a few pages.
        return MemoryPeak(
            during: Double(highest.value) / 1024, sinceStart: Double(max(highest.value, last.peak)) / 1024)
    }

    private final class Highest: Sendable {
        private let number: Mutex<Int>

        init(_ number: Int) { self.number = Mutex(number) }

        var value: Int { number.withLock { $0 } }

        func note(_ other: Int) { number.withLock { $0 = max($0, other) } }
    }
}
