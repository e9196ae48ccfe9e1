// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres
internal import Dispatch
internal import Glibc
internal import Logging

/// One open connection with the watch of its socket: it flushes, tells when there is something to read, and watches the
/// clock while the server owes an answer.
///
/// `@unchecked Sendable`: opened on one thread, then used on `queue` alone.
final class PostgresLink: @unchecked Sendable {
    let pointer: OpaquePointer
    private var handle: PostgresHandle?
    private let queue: DispatchQueue
    /// A duplicate of libpq's socket. libpq closes its own as soon as it sees the end of the connection, while it is
    /// still watched: the number would go to the next file that anyone opens, and that one's events be lost.
    private let socket: Int32
    private let watch: SocketWatch
    private var parameters = ParameterBuffer()
    /// Those that the server has confirmed.
    private var prepared = PreparedStatements()
    private let isPipelined: Bool
    private var generation = 0

    private var onDrained: @Sendable () -> Void = {}

    private let silenceLimit: UInt64?
    private var silenceDeadline = UInt64.max
    private var timer: (any DispatchSourceTimer)?
    private var isTimerArmed = false

    /// Blocks; never call it on a cooperative thread.
    init(
        opening configuration: PostgresConfiguration, readOnly: Bool = false, pipelined: Bool,
        deadline: ContinuousClock.Instant, queue: DispatchQueue, logger: Logger
    ) throws(PostgresError) {
        let handle = try PostgresHandle.open(configuration, readOnly: readOnly, deadline: deadline, logger: logger)
        pointer = handle.pointer
        isPipelined = pipelined
        if pipelined, PQenterPipelineMode(pointer) != 1 { throw .connectionFailed(handle.errorMessage) }
        socket = fcntl(PQsocket(pointer), F_DUPFD_CLOEXEC, 0)
        guard socket >= 0 else { throw .connectionFailed("no file descriptor: \(String(cString: strerror(errno)))") }
        do throws(PostgresError) {
            // A driver of pipelines never blocks its queue; a connection for exclusive use connects again on its own.
            watch = try SocketWatch(socket, queue: queue, place: pipelined ? .poller : .queue)
        } catch {
            Glibc.close(socket)
            throw error
        }
        self.handle = consume handle
        self.queue = queue
        silenceLimit = configuration.silenceLimit?.nanoseconds
    }

    deinit {
        watch.cancel()
        Glibc.close(socket)
    }

    /// Calls back on `queue`: `onReadable` when the server has sent something or is gone, `onSilence` when it owes an
    /// answer for too long, `onDrained` when everything written has left.
    func start(
        onReadable: @escaping @Sendable () -> Void, onSilence: @escaping @Sendable () -> Void,
        onDrained: @escaping @Sendable () -> Void = {}
    ) {
        self.onDrained = onDrained
        watch.handle(onReadable: onReadable) { [weak self] in
            guard let self else { return }
            if !self.flush() { onReadable() }
        }
        watch.watch(reads: true)
        if silenceLimit != nil {
            let timer = DispatchSource.makeTimerSource(queue: queue)
            timer.setEventHandler { [weak self] in self?.timerFired(onSilence) }
            timer.activate()
            self.timer = timer
        }
    }

    /// Closes the connection, once; nothing may be called afterwards.
    func close(_ closed: @escaping @Sendable () -> Void = {}) {
        timer?.cancel()
        timer = nil
        watch.cancel()
        queue.async { [self] in
            handle = nil
            closed()
        }
    }

    var errorMessage: String { PostgresError.oneLine(PQerrorMessage(pointer).map { String(cString: $0) } ?? "") }

    // MARK: - Reading and writing

    /// Something waits in the socket.
    var hasInput: Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) > 0
    }

    /// Takes what has arrived; false when the connection is gone.
    ///
    /// libpq may leave the rest of a TLS record inside OpenSSL, of which the socket says nothing any more.
    func read() -> Bool {
        repeat {
            guard PQconsumeInput(pointer) == 1, PQstatus(pointer) == CONNECTION_OK else { return false }
        } while TLSBuffer.isFilled(of: pointer)
        return true
    }

    /// Sends what the socket takes and the rest when it can take more; false when the connection is gone.
    func flush() -> Bool {
        switch PQflush(pointer) {
        case 0:
            if watch.isWatchingWrites {
                watch.watch(writes: false)
                onDrained()
            }
            return true
        case 1:
            watch.watch(writes: true)
            return true
        default:
            return false
        }
    }

    /// Part of what was written is still waiting for the socket.
    var hasUnsentData: Bool { watch.isWatchingWrites }

    /// While nobody wants to read, a readable socket must not wake the queue again and again.
    func pauseReading() { watch.watch(reads: false) }

    func resumeReading() { watch.watch(reads: true) }

    // MARK: - Statements

    /// Or need not be.
    func isPrepared(_ statement: PostgresStatement) -> Bool {
        !statement.isNamed || (isPipelined && statement.isOneOfMany) || prepared.contains(statement)
    }

    /// A name that this connection has never used, also when another text, or a stale plan, holds the plain one. The
    /// number leads, because the server looks at 63 bytes only.
    func nameForPreparing(_ statement: PostgresStatement) -> String {
        generation += 1
        return "\(generation)_\(statement.name)"
    }

    func sendPrepare(_ statement: PostgresStatement, as name: String) -> Bool {
        PQsendPrepare(pointer, name, statement.sql, 0, nil) == 1
    }

    func didPrepare(_ statement: PostgresStatement, as name: String) { prepared.add(statement, as: name) }

    func forget(_ statement: PostgresStatement) { prepared.remove(statement) }

    /// What the server should give up, because there are too many; ``forget(_:)`` it then.
    var excessStatement: (statement: PostgresStatement, name: String)? { prepared.excess }

    func sendDeallocate(_ name: String) -> Bool { PQsendQuery(pointer, "DEALLOCATE \"\(name)\"") == 1 }

    /// Executes under `name` where the preparation is still under way, else under the confirmed name.
    func sendExecute(_ command: PostgresCommand, as name: String? = nil) -> Bool {
        let statement = command.statement
        let name = name ?? prepared.nameForUse(of: statement)
        return parameters.withEncoded(command.parameters) { arguments in
            let (count, values, lengths, formats) = arguments
            if let name { return PQsendQueryPrepared(pointer, name, count, values, lengths, formats, 1) == 1 }
            return PQsendQueryParams(pointer, statement.sql, count, nil, values, lengths, formats, 1) == 1
        }
    }

    // MARK: - The clock

    /// The server owes an answer from now on; also called whenever a part of it has come.
    func expectAnswer() {
        guard let silenceLimit else { return }
        silenceDeadline = DispatchTime.now().uptimeNanoseconds + silenceLimit
        if !isTimerArmed { armTimer() }
    }

    func expectNothing() { silenceDeadline = .max }

    // The timer is not moved with every statement: when it fires it looks whether the deadline has moved.
    private func armTimer() {
        isTimerArmed = true
        timer?.schedule(deadline: DispatchTime(uptimeNanoseconds: silenceDeadline), leeway: .milliseconds(5))
    }

    private func timerFired(_ onSilence: @Sendable () -> Void) {
        isTimerArmed = false
        guard silenceDeadline != .max else { return }
        if DispatchTime.now().uptimeNanoseconds < silenceDeadline { armTimer() } else { onSilence() }
    }
}
