// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Executors

/// What one caller of a pipeline waits for. It is answered once: by the driver, by the caller's cancellation, or by
/// the limit for waiting without a connection.
final class PipelineRequest: Sendable {
    typealias Outcome = Result<[PostgresResult], PostgresError>
    typealias Continuation = CheckedContinuation<Outcome, Never>

    /// - created: nobody waits yet
    /// - waiting: in the inbox or with the driver; nothing has been sent
    /// - sent: the server may have it
    /// - finished: answered, or given up before it began
    private enum State {
        case created
        case waiting(Continuation)
        case sent(Continuation)
        case finished
    }

    let commands: [PostgresCommand]
    /// All commands are one transaction of their own.
    let isTransaction: Bool
    /// In nanoseconds of uptime.
    let submitted = DispatchTime.now().uptimeNanoseconds
    private let mayCommit: Bool
    private let state = Locked(State.created)

    init(commands: [PostgresCommand], isTransaction: Bool, mayCommit: Bool) {
        self.commands = commands
        self.isTransaction = isTransaction
        self.mayCommit = mayCommit
    }

    /// False when the task was cancelled before it began to wait; `continuation` has been resumed then.
    func wait(_ continuation: Continuation) -> Bool {
        let isWaiting = state.withLock { state in
            guard case .created = state else { return false }
            state = .waiting(continuation)
            return true
        }
        if !isWaiting { continuation.resume(returning: .failure(.cancelled())) }
        return isWaiting
    }

    /// False when nobody waits any more: do not send it.
    func markSent() -> Bool {
        state.withLock { state in
            switch state {
            case .waiting(let continuation), .sent(let continuation):
                state = .sent(continuation)
                return true
            case .created, .finished:
                return false
            }
        }
    }

    /// It was rolled back and will be sent again.
    func markUnsent() {
        state.withLock { state in
            if case .sent(let continuation) = state { state = .waiting(continuation) }
        }
    }

    func finish(_ outcome: Outcome) {
        let continuation = state.withLock { state -> Continuation? in
            switch state {
            case .waiting(let continuation), .sent(let continuation):
                state = .finished
                return continuation
            case .created, .finished:
                return nil
            }
        }
        continuation?.resume(returning: outcome)
    }

    /// Gives up waiting for a connection.
    func expire(_ error: PostgresError) {
        let continuation = state.withLock { state -> Continuation? in
            guard case .waiting(let continuation) = state else { return nil }
            state = .finished
            return continuation
        }
        continuation?.resume(returning: .failure(error))
    }

    /// The caller's task was cancelled: the result, should it come, is dropped.
    func abandon() {
        let (continuation, wasSent) = state.withLock { state -> (Continuation?, Bool) in
            defer { state = .finished }
            switch state {
            case .waiting(let continuation): return (continuation, false)
            case .sent(let continuation): return (continuation, true)
            case .created, .finished: return (nil, false)
            }
        }
        continuation?.resume(returning: .failure(.cancelled(mayHaveCommitted: wasSent && mayCommit)))
    }
}

/// The requests that the driver has not seen yet. Submitting is a lock and an append; only a driver that sleeps is
/// woken, once for everything that arrives until it looks.
final class PipelineInbox: Sendable {
    struct Submission {
        /// The caller wakes the driver.
        var mustWake = false
        /// There is no connection: the caller sets the limit for waiting.
        var isDisconnected = false
    }

    private struct State {
        var requests: [PipelineRequest] = []
        var isDriverAwake = false
        var isConnected = false
        var isClosed = false
        /// When the last flight was sent, in nanoseconds of uptime.
        var lastFlight: UInt64 = 0
        var statistics = PostgresPipeline.Statistics()
    }

    private let state = Locked(State())

    /// nil: closed.
    func submit(_ request: PipelineRequest) -> Submission? {
        let now = DispatchTime.now().uptimeNanoseconds
        return state.withLock { state in
            guard !state.isClosed else { return nil }
            state.requests.append(request)
            let submission = Submission(mustWake: !state.isDriverAwake, isDisconnected: !state.isConnected)
            // After a rest nothing has been owed for long; without a connection it has.
            if submission.mustWake, state.isConnected { state.lastFlight = now }
            state.isDriverAwake = true
            return submission
        }
    }

    /// Hands over everything that waits. When there is nothing, and the driver `maySleep`, the next submission wakes it.
    func take(into requests: inout [PipelineRequest], maySleep: Bool) {
        requests.removeAll(keepingCapacity: true)
        state.withLock { state in
            if state.requests.isEmpty {
                if maySleep { state.isDriverAwake = false }
            } else {
                swap(&state.requests, &requests)
            }
        }
    }

    func setConnected(_ isConnected: Bool) {
        state.withLock { state in
            state.isConnected = isConnected
            state.statistics.isConnected = isConnected
            if isConnected { state.statistics.connects += 1 }
        }
    }

    func close() { state.withLock { $0.isClosed = true } }

    func noteFlight(segments: Int, commands: Int) {
        let now = DispatchTime.now().uptimeNanoseconds
        state.withLock { state in
            state.lastFlight = now
            state.statistics.segments += segments
            state.statistics.commands += commands
        }
    }

    /// Whether the driver is awake, and has sent nothing for longer than `limit` nanoseconds: it waits for an answer, or for a connection.
    func isHeldUp(for limit: UInt64, at now: UInt64) -> Bool {
        state.withLock { $0.isDriverAwake && now > $0.lastFlight && now - $0.lastFlight > limit }
    }

    func count(_ update: (inout PostgresPipeline.Statistics) -> Void) { state.withLock { update(&$0.statistics) } }

    var statistics: PostgresPipeline.Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.waiting = state.requests.count
            return statistics
        }
    }
}
