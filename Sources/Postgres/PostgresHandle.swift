// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres
internal import Glibc
internal import Logging

/// The only owner of one `PGconn`; when it goes away, the connection is closed.
///
/// Not `Sendable`: libpq allows one thread at a time, which ``PostgresLink`` ensures.
struct PostgresHandle: ~Copyable {
    let pointer: OpaquePointer
    private let notices: NoticeLog

    private init(adopting pointer: OpaquePointer, notices: NoticeLog) {
        self.pointer = pointer
        self.notices = notices
        // The handle keeps the log for as long as libpq may call back.
        _ = PQsetNoticeReceiver(pointer, NoticeLog.receiver, Unmanaged.passUnretained(notices).toOpaque())
    }

    deinit { PQfinish(pointer) }

    /// Blocks until the session is ready or `deadline` has passed. Name resolution cannot be interrupted.
    ///
    /// Every server that the URL names gets an equal share of what is left of the time.
    static func open(
        _ configuration: PostgresConfiguration, readOnly: Bool, deadline: ContinuousClock.Instant, logger: Logger
    ) throws(PostgresError) -> PostgresHandle {
        let settings = try StartupParameters.settings(in: configuration.url)
        let targets = ConnectionTarget.all(in: settings)
        var messages: [String] = []
        for (index, target) in targets.dropLast().enumerated() {
            let share = ContinuousClock.now.duration(to: deadline) / (targets.count - index)
            let parameters = StartupParameters(configuration, settings: settings, target: target, readOnly: readOnly)
            do throws(PostgresError) {
                return try connect(parameters, until: .now + share, share, logger)
            } catch {
                messages.append(error.message)
            }
        }
        let parameters = StartupParameters(
            configuration, settings: settings, target: targets.last, readOnly: readOnly)
        do throws(PostgresError) {
            return try connect(parameters, until: deadline, configuration.connectTimeout, logger)
        } catch {
            throw .connectionFailed((messages + [error.message]).joined(separator: "; "), canRetry: error.canRetry)
        }
    }

    private static func connect(
        _ parameters: StartupParameters, until deadline: ContinuousClock.Instant, _ limit: Duration, _ logger: Logger
    ) throws(PostgresError) -> PostgresHandle {
        guard let pointer = parameters.withCStrings({ PQconnectStartParams($0, $1, 1) }) else {
            throw .connectionFailed("libpq is out of memory")
        }
        // A refused connection is still an allocated PGconn: own it before checking it.
        let handle = PostgresHandle(adopting: pointer, notices: NoticeLog(logger))
        var state = PGRES_POLLING_WRITING
        while PQstatus(pointer) != CONNECTION_BAD {
            switch state {
            case PGRES_POLLING_OK:
                guard PQsetnonblocking(pointer, 1) == 0 else { throw .connectionFailed(handle.errorMessage) }
                return handle
            case PGRES_POLLING_FAILED:
                throw .connectionFailed(handle.errorMessage)
            case PGRES_POLLING_READING:
                try wait(for: Int16(POLLIN), on: PQsocket(pointer), until: deadline, limit)
            default:
                try wait(for: Int16(POLLOUT), on: PQsocket(pointer), until: deadline, limit)
            }
            state = PQconnectPoll(pointer)
        }
        throw .connectionFailed(handle.errorMessage)
    }

    var errorMessage: String {
        PostgresError.oneLine(PQerrorMessage(pointer).map { String(cString: $0) } ?? "")
    }

    private static func wait(
        for events: Int16, on socket: Int32, until deadline: ContinuousClock.Instant, _ limit: Duration
    ) throws(PostgresError) {
        var descriptor = pollfd(fd: socket, events: events, revents: 0)
        while true {
            let remaining = ContinuousClock.now.duration(to: deadline)
            guard remaining > .zero else { throw .connectionFailed("no answer from the server within \(limit)") }
            let milliseconds = Int32(clamping: remaining.wholeMilliseconds)
            let ready = poll(&descriptor, 1, milliseconds)
            if ready > 0 { return }
            if ready < 0, errno != EINTR {
                throw .connectionFailed("poll failed: \(String(cString: strerror(errno)))")
            }
        }
    }
}

/// Where libpq's notices go; it would print them to standard error.
private final class NoticeLog: Sendable {
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    static let receiver: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?) -> Void = { context, result in
        guard let context, let result, let text = PQresultErrorMessage(result) else { return }
        let notice = PostgresError.oneLine(String(cString: text))
        Unmanaged<NoticeLog>.fromOpaque(context).takeUnretainedValue().logger.debug("\(notice)")
    }
}
