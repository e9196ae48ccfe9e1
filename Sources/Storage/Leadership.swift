// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Logging
internal import Postgres

/// Leadership over one kind of duty: a PostgreSQL advisory lock held by a session of its own. Losing the session loses it.
///
/// PostgreSQL ends that session also when its machine is gone without a word, and when nothing is asked over it for a while, because its process
/// stands still: another one leads then, and the one that wakes up finds that it does not.
package actor Leadership {
    /// What is led; each has a lock of its own, because roles can be spread over processes in any way.
    package enum Duty: Int64, Sendable {
        /// Rebuild, sweep, sampling, partitions.
        case sync = 0x5343_494D_0001
        /// Sending events.
        case events = 0x5343_494D_0002
        /// Indexes and statistics.
        case upkeep = 0x5343_494D_0003
    }

    private let configuration: PostgresConfiguration
    private let duty: Duty
    private let logger: Logger
    private var session: PostgresConnection?
    private var isLeader = false

    /// How long a leader may ask nothing.
    package static let longestSilence = Duration.seconds(60)

    init(configuration: PostgresConfiguration, duty: Duty, longestSilence: Duration, logger: Logger) {
        self.configuration = Self.session(configuration, longestSilence: longestSilence)
        self.duty = duty
        self.logger = logger
    }

    /// The server's own look at the client: that of the system takes two hours.
    static func session(_ configuration: PostgresConfiguration, longestSilence: Duration) -> PostgresConfiguration {
        var session = configuration
        session.sessionSettings += [
            ("tcp_keepalives_idle", "10"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "3"),
            ("tcp_user_timeout", "25000"), ("idle_session_timeout", "\(longestSilence.microseconds / 1000)"),
        ]
        return session
    }

    /// Whether this process leads now; tries to become the leader when nobody is. One statement, to be asked before each step, and every few
    /// seconds while there is none.
    package func hold() async -> Bool {
        do {
            if session == nil || session?.isOpen == false {
                isLeader = false
                session = try await PostgresConnection.open(configuration, label: "leadership", logger: logger)
            }
            guard let session else { return false }
            if isLeader {
                // An answer proves that the session, and so the lock, is still there.
                _ = try await session.execute(Self.alive, [])
            } else {
                let result = try await session.execute(Self.lock, [.int(duty.rawValue)])
                isLeader = try result[0].bool(0)
            }
            return isLeader
        } catch {
            logger.debug("No leadership", metadata: ["error": "\(error)"])
            isLeader = false
            if let lost = session {
                session = nil
                await lost.close()
            }
            return false
        }
    }

    /// Gives leadership up, so that another process need not wait for the session to end.
    package func resign() async {
        isLeader = false
        if let session {
            self.session = nil
            await session.close()
        }
    }

    private static let lock = PostgresStatement("leadership_lock", "SELECT pg_try_advisory_lock($1::int8)")
    private static let alive = PostgresStatement("leadership_alive", "SELECT 1")
}
