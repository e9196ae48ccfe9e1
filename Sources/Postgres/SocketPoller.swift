// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres
internal import Executors
internal import Glibc

/// One thread that waits for the sockets of all connections of the process.
///
/// A dispatch source does the same with two threads, which wake each other for every answer: libdispatch's manager, and one for the
/// queue of the source. Here the thread that the kernel woke does the work itself.
final class SocketPoller: Sendable {
    static let shared = SocketPoller()

    private static let largestBatch = 64

    private struct Watches {
        var byNumber: [UInt64: SocketWatch] = [:]
        var last: UInt64 = 0
    }

    /// Negative when the system had none to give; ``add(_:of:)`` says so to every connection.
    private let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    private let watches = Locked(Watches())

    /// Its thread ends with the process.
    init() {
        guard descriptor >= 0 else { return }
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { poller in
                if let poller { Unmanaged<SocketPoller>.fromOpaque(poller).takeRetainedValue().run() }
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        // Nothing of the service works without it, and no later attempt would be better.
        precondition(status == 0, "no thread for the sockets: \(String(cString: strerror(status)))")
        pthread_detach(thread)
    }

    /// Watches the socket for nothing yet; the number is the watch's from now on.
    func add(_ watch: SocketWatch, of socket: Int32) throws(PostgresError) -> UInt64 {
        let number = watches.withLock { watches in
            watches.last += 1
            watches.byNumber[watches.last] = watch
            return watches.last
        }
        guard control(EPOLL_CTL_ADD, socket, SocketWatch.idle, number) else {
            let reason = String(cString: strerror(errno))
            watches.withLock { $0.byNumber[number] = nil }
            throw .connectionFailed("the socket cannot be watched: \(reason)")
        }
        return number
    }

    func change(_ socket: Int32, to events: UInt32, _ number: UInt64) {
        let isChanged = control(EPOLL_CTL_MOD, socket, events, number)
        assert(isChanged, "a socket that is watched can be watched for something else")
    }

    func remove(_ socket: Int32, _ number: UInt64) {
        _ = control(EPOLL_CTL_DEL, socket, 0, number)
        watches.withLock { $0.byNumber[number] = nil }
    }

    private func control(_ operation: Int32, _ socket: Int32, _ events: UInt32, _ number: UInt64) -> Bool {
        var event = epoll_event(events: events, data: epoll_data_t(u64: number))
        return epoll_ctl(descriptor, operation, socket, &event) == 0
    }

    private func run() -> Never {
        let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: Self.largestBatch)
        while true {
            let count = epoll_wait(descriptor, events.baseAddress, Int32(events.count), -1)
            // Interrupted by a signal: nothing else can go wrong with a descriptor of our own.
            guard count > 0 else { continue }
            for event in events[..<Int(count)] {
                // Gone, when an earlier event of this batch has closed its connection.
                let watch = watches.withLock { $0.byNumber[event.data.u64] }
                watch?.fire(event.events)
            }
        }
    }
}
