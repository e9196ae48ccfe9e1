// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Samples of memory, tables and backlog while the load goes on.
final class SoakWatch: Sendable {
    struct Sample: Sendable {
        /// Since the watch began.
        var seconds: Double
        /// Accepted until then, since the watch began.
        var writes: Double
        /// MiB, by the name of the process; one that has ended is not there.
        var memory: [String: Double]
        var tables: [String: TableSizes.Size]
        var openJobs: Int
    }

    private let samples: Samples
    private let watching: Task<Void, Never>

    private final class Samples: Sendable { let value = Mutex<[Sample]>([]) }

    /// - Parameters:
    ///   - processes: By their names in the report.
    ///   - tables: Of the bridge.
    init(
        sizes: TableSizes, jobs: JobTable, processes: [String: Int32], tables: [String], interval: Duration
    ) async throws {
        let samples = Samples()
        self.samples = samples
        let first = try await sizes.latestWrite()
        watching = Task {
            let began = ContinuousClock.now
            while !Task.isCancelled {
                // A look that fails is one that is missing in the plot; the end of the bench finds what is wrong.
                if let latest = try? await sizes.latestWrite(), let found = try? await sizes.sizes(of: tables),
                    let open = try? await jobs.openJobs()
                {
                    let sample = Sample(
                        seconds: (ContinuousClock.now - began) / .seconds(1), writes: Double(latest - first),
                        memory: processes.compactMapValues { pid in
                            ProcessMemory(of: pid).map { Double($0.resident) / 1024 }
                        }, tables: found, openJobs: open)
                    samples.value.withLock { $0.append(sample) }
                }
                try? await Task.sleep(for: interval)
            }
        }
    }

    deinit { watching.cancel() }

    @discardableResult
    func end() async -> [Sample] {
        watching.cancel()
        await watching.value
        return samples.value.withLock { $0 }
    }
}
