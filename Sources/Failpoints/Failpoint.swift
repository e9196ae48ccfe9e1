// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

#if DEBUG
    internal import Glibc
    internal import Synchronization
#endif

/// Places by name at which a debug build can be made to end, to fail or to stand still: `SCIM_FAILPOINTS`, read once.
///
/// In a release build a place is an empty function. The names are listed in `docs/developing/failpoints.md`, which a test compares with the
/// code.
package enum Failpoint {
    #if DEBUG
        private static let plan = FailpointPlan.fromEnvironment()
        private static let hits = Mutex<[String: Int]>([:])

        /// A place that may also fail.
        /// - Throws: ``FailpointError``, when that was asked for.
        package static func hit(_ name: String) async throws {
            guard let action = due(name) else { return }
            switch action {
            case .kill: end(name)
            case .error: throw FailpointError(name: name)
            case .pause(let length): try await Task.sleep(for: length)
            }
        }

        /// A place in code that cannot fail: an error that was asked for is passed over, a pause holds the thread.
        package static func strike(_ name: String) {
            guard let action = due(name) else { return }
            switch action {
            case .kill: end(name)
            case .error: break
            case .pause(let length): usleep(UInt32(min(max(0, length / .microseconds(1)), 4e9)))
            }
        }

        private static func due(_ name: String) -> FailpointPlan.Action? {
            guard let plan, let rule = plan.rules[name] else { return nil }
            let count = hits.withLock { hits in
                hits[name, default: 0] += 1
                return hits[name] ?? 0
            }
            return plan.isDue(rule, name: name, hit: count) ? rule.action : nil
        }

        /// As `kill -9` would: nothing is flushed, nobody is told.
        private static func end(_ name: String) -> Never {
            let line = Array("failpoint \(name)\n".utf8)
            _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            kill(getpid(), SIGKILL)
            while true { pause() }
        }
    #else
        package static func hit(_ name: String) async throws {}

        package static func strike(_ name: String) {}
    #endif
}

/// An error that a failpoint was asked for.
package struct FailpointError: Error, CustomStringConvertible {
    package let name: String

    package var description: String { "failpoint \(name)" }
}
