// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres
internal import Dispatch
internal import Glibc

/// What one socket is watched for, and who is told. Used on `queue` alone; ``SocketPoller`` enters it.
///
/// `@unchecked Sendable`: for that reason.
final class SocketWatch: @unchecked Sendable {
    /// Where the handlers run.
    enum Place {
        /// On the poller's own thread, which has the queue meanwhile: for queues on which nothing ever blocks.
        case poller
        /// On a thread of the queue.
        case queue
    }

    /// The end of a connection is told whatever is asked for; edge-triggered, so that nobody who has no use for it is told again and again.
    static let idle = EPOLLET.rawValue

    private let socket: Int32
    private let queue: DispatchQueue
    private let place: Place
    private let poller: SocketPoller
    private var number: UInt64 = 0
    private var reads = false
    private var writes = false
    private var isCancelled = false
    private var onReadable: @Sendable () -> Void = {}
    private var onWritable: @Sendable () -> Void = {}

    /// - Parameter socket: Stays open until ``cancel()``.
    init(
        _ socket: Int32, queue: DispatchQueue, place: Place, poller: SocketPoller = .shared
    ) throws(PostgresError) {
        self.socket = socket
        self.queue = queue
        self.place = place
        self.poller = poller
        number = try poller.add(self, of: socket)
    }

    /// Before the first ``watch(reads:writes:)``.
    func handle(onReadable: @escaping @Sendable () -> Void, onWritable: @escaping @Sendable () -> Void) {
        self.onReadable = onReadable
        self.onWritable = onWritable
    }

    var isWatchingWrites: Bool { writes }

    func watch(reads: Bool? = nil, writes: Bool? = nil) {
        let (before, beforeWrites) = (self.reads, self.writes)
        self.reads = reads ?? before
        self.writes = writes ?? beforeWrites
        if self.reads != before || self.writes != beforeWrites { arm() }
    }

    /// Nothing is told from now on. The handlers, and what they hold, are let go.
    func cancel() {
        guard !isCancelled else { return }
        isCancelled = true
        poller.remove(socket, number)
        handle(onReadable: {}, onWritable: {})
    }

    /// On the poller's thread.
    func fire(_ events: UInt32) {
        switch place {
        case .poller: queue.sync { tell(events) }
        case .queue:
            queue.async { [self] in
                tell(events)
                // It was told once only, or the poller would not rest until the queue comes to it. Who watches nothing must not be armed again: the
                // end of the connection would be told anew with each time.
                if !isCancelled, reads || writes { arm() }
            }
        }
    }

    private func tell(_ events: UInt32) {
        let end = EPOLLHUP.rawValue | EPOLLERR.rawValue
        if writes, !isCancelled, events & (EPOLLOUT.rawValue | end) != 0 { onWritable() }
        if reads, !isCancelled, events & (EPOLLIN.rawValue | end) != 0 { onReadable() }
    }

    private func arm() {
        var events: UInt32 = 0
        if reads { events |= EPOLLIN.rawValue }
        if writes { events |= EPOLLOUT.rawValue }
        if events == 0 { events = Self.idle } else if place == .queue { events |= EPOLLONESHOT.rawValue }
        poller.change(socket, to: events, number)
    }
}
