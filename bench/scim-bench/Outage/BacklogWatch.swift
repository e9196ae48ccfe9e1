// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import Synchronization

/// What was owed to UDM at some moment.
struct BacklogSample: Sendable, Equatable {
    let at: NIODeadline
    /// Jobs.
    let open: Int
    /// Age of the oldest of them.
    let oldestSeconds: Double
}

/// Looks at the backlog until it is told to end.
final class BacklogWatch: Sendable {
    private let samples: Samples
    private let watching: Task<Void, Never>

    private final class Samples: Sendable { let value = Mutex<[BacklogSample]>([]) }

    init(table: JobTable, interval: Duration) {
        let samples = Samples()
        self.samples = samples
        watching = Task {
            while !Task.isCancelled {
                // A look that fails is one that is missing in the plot; the end of the bench finds what is wrong.
                if let found = try? await table.backlog() {
                    let sample = BacklogSample(at: .now(), open: found.open, oldestSeconds: found.oldestSeconds)
                    samples.value.withLock { $0.append(sample) }
                }
                try? await Task.sleep(for: interval)
            }
        }
    }

    deinit { watching.cancel() }

    @discardableResult
    func end() async -> [BacklogSample] {
        watching.cancel()
        await watching.value
        return samples.value.withLock { $0 }
    }
}

/// When what happened.
final class OutageMoments: Sendable {
    enum Event: Sendable { case began, went, cameBack, ended, drained }

    private let moments = Mutex<[Event: NIODeadline]>([:])

    var all: [Event: NIODeadline] { moments.withLock { $0 } }

    func note(_ event: Event, at moment: NIODeadline = .now()) { moments.withLock { $0[event] = moment } }
}
