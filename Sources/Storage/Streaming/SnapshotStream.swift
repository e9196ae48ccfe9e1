// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres

/// What is read, piece by piece, in one read-only snapshot of the database while somebody takes it. There are two pieces in memory at most.
///
/// A connection is held from the beginning to the end. It goes back when everything was taken, when reading fails, when the taker's task is cancelled,
/// when nobody takes anything for too long, and when the stream is dropped.
final class SnapshotStream<Piece: Sendable>: Sendable {
    private let handoff: Handoff<Piece>
    private let task: Task<Void, Never>

    /// - Parameter read: Is handed the connection and what gives a piece to the taker.
    init(
        _ pool: StreamPool,
        read: @escaping @Sendable (PostgresConnection, @Sendable (Piece) async throws -> Void) async throws -> Void
    ) {
        let handoff = Handoff<Piece>()
        self.handoff = handoff
        // Without a reference to this object, whose end is the end of the task.
        task = Task {
            do {
                try await pool.connections.withConnection { connection in
                    try await connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                    let end = ContinuousClock.now + pool.longest
                    try await read(connection) { piece in
                        try await handoff.give(piece, within: pool.longestPause)
                        guard ContinuousClock.now < end else { throw StreamPool.tooSlow }
                    }
                    try await connection.run("COMMIT")
                }
                handoff.end(.success(()))
            } catch is Handoff<Piece>.Stalled {
                handoff.end(.failure(StreamPool.tooSlow))
            } catch {
                handoff.end(.failure(error))
            }
        }
    }

    deinit {
        handoff.close()
        task.cancel()
    }

    /// nil at the end.
    func next() async throws -> Piece? { try await handoff.take() }
}

/// Connections for streams, and how long one of them may be held.
struct StreamPool: Sendable {
    let connections: PostgresPool
    /// Whoever takes that long is cut off, because a snapshot keeps the database from clearing up.
    let longest: Duration
    /// Between two pieces.
    let longestPause: Duration

    static let tooSlow = PostgresError(kind: .timeout, message: "what was read was not taken in time", canRetry: true)
}
