// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Reads how much processor time the target, PostgreSQL and the generator have used.
struct ProcessorMeter: Sendable {
    /// The process that serves SCIM; nil: not known.
    var server: Int32?
    /// PostgreSQL's parent process; nil: not known.
    var postmaster: Int32?

    /// Microseconds since each began.
    struct Reading: Sendable, Equatable {
        var server: Double?
        var postgres: Double?
        var generator: Double

        /// - Parameters:
        ///   - operations: How many were done in between.
        func use(since earlier: Reading?, operations: Int) -> ProcessorUse? {
            guard let earlier, operations > 0 else { return nil }
            func share(_ now: Double?, _ before: Double?) -> Double? {
                guard let now, let before, now >= before else { return nil }
                return (now - before) / Double(operations)
            }
            return ProcessorUse(
                server: share(server, earlier.server), postgres: share(postgres, earlier.postgres),
                generator: share(generator, earlier.generator) ?? 0)
        }
    }

    func read() -> Reading {
        let tick = 1_000_000 / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        return Reading(
            server: server.flatMap { ProcessTimes(of: $0) }.map { Double($0.own) * tick },
            postgres: postmaster.flatMap { ProcessTimes.ofFamily($0) }.map { Double($0) * tick },
            generator: Self.used(by: RUSAGE_SELF))
    }

    /// Microseconds used by the programs that were started from here and have ended, such as pgbench.
    static var endedChildren: Double { used(by: RUSAGE_CHILDREN) }

    private static func used(by whom: __rusage_who) -> Double {
        var usage = rusage()
        guard getrusage(whom.rawValue, &usage) == 0 else { return 0 }
        func microseconds(_ time: timeval) -> Double { Double(time.tv_sec) * 1e6 + Double(time.tv_usec) }
        return microseconds(usage.ru_utime) + microseconds(usage.ru_stime)
    }
}

/// Microseconds of processor time per accepted write.
struct ProcessorUse: Sendable, Equatable {
    var server: Double?
    var postgres: Double?
    /// Of whoever made the load.
    var generator: Double
}
