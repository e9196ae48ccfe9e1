// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Queue
import Testing
import UDM

@testable import Sync

@Suite struct UDMGateTests {
    private let gate = UDMGate(limit: CallLimit(endpoint: "udm", maximum: 32))

    private func call(
        _ error: UDMError? = nil, started: ContinuousClock.Instant = .now, took: Duration = .milliseconds(30)
    ) -> UDMCall {
        UDMCall(operation: .create, module: .user, started: started, duration: took, error: error)
    }

    private func end(_ calls: UDMCall...) async throws {
        for call in calls {
            try await gate.callBegins()
            gate.callEnded(call)
        }
    }

    @Test(
        "What an error says about UDM",
        arguments: [
            (UDMError(.transient, detail: "refused"), CallReport.Outcome.overloaded),
            (UDMError(.unknownOutcome, detail: "no answer in time"), .overloaded),
            (UDMError(.transient, status: 503, detail: ""), .overloaded),
            (UDMError(.unknownOutcome, status: 504, detail: ""), .overloaded),
            (UDMError(.transient, status: 429, detail: ""), .throttled),
            (UDMError(.transient(retryLimit: 5), status: 500, detail: ""), .failed),
            (UDMError(.unknownOutcome, status: 502, detail: ""), .failed),
            (UDMError(.transient, status: 302, detail: ""), .failed),
            (UDMError(.authentication, status: 401, detail: ""), .accountRefused),
            (UDMError(.authentication, status: 403, detail: ""), .accountRefused),
            (UDMError(.permanent, status: 403, detail: ""), .answered),
            (UDMError(.permanent, status: 422, detail: ""), .answered),
            (UDMError(.nameLock, status: 422, detail: ""), .answered),
            (UDMError(.notFound, status: 404, detail: ""), .answered),
            (UDMError(.preconditionFailed, status: 412, detail: ""), .answered),
            (UDMError(.bug, status: 500, detail: ""), .answered),
        ])
    func outcomes(error: UDMError, expected: CallReport.Outcome) {
        #expect(CallReport.Outcome(call(error)) == expected)
    }

    @Test("A call that was cancelled says nothing, and one that succeeded says that UDM works")
    func withoutError() {
        #expect(CallReport.Outcome(call()) == .answered)
        #expect(CallReport.Outcome(call(UDMError(.unknownOutcome, detail: "", isCancellation: true))) == nil)
    }

    @Test("Calls are told once, and again when Redis did not take them")
    func reports() async throws {
        try await end(call(), call(UDMError(.transient, status: 503, retryAfter: .seconds(7), detail: "")))
        let first = gate.calls()
        #expect(first.report.calls == 2)
        #expect(first.report.failures == 1)
        #expect(first.report.retryAfter == .seconds(7))
        #expect(gate.calls().report.isEmpty)
        gate.keep(first)
        try await end(call())
        #expect(gate.calls().report.calls == 3)
    }

    @Test("What began before the breaker opened is not told after it")
    func era() async throws {
        let before = ContinuousClock.now
        try await end(call())
        gate.learned(CallLimitState(breaker: .open, limit: 5, era: 1))
        try await end(call(started: before))
        #expect(gate.calls().report == CallReport(era: 1))
        try await end(call())
        #expect(gate.calls().report.calls == 1)
        let former = gate.learned(CallLimitState(breaker: .halfOpen, limit: 5, era: 1))
        #expect(former?.breaker == .open)
        #expect(gate.learned(CallLimitState(breaker: .halfOpen, limit: 7, era: 1)) == nil)
    }

    @Test("Calls wait for a place in their order, and for no more places than the limit leaves")
    func places() async throws {
        // The limit starts at 8; others hold 6 leases.
        gate.leave(elsewhere: 6)
        try await gate.callBegins()
        try await gate.callBegins()
        let (ends, ended) = AsyncStream<Int>.makeStream()
        var waiting: [Task<Void, any Error>] = []
        for number in 0..<3 {
            waiting.append(
                Task {
                    try await gate.callBegins()
                    ended.yield(number)
                })
            while gate.waitingCalls <= number { await Task.yield() }
        }
        var order = ends.makeAsyncIterator()
        gate.callEnded(call())
        #expect(await order.next() == 0)
        #expect(gate.waitingCalls == 2)

        // Who gives up takes no place.
        waiting[1].cancel()
        await #expect(throws: CancellationError.self) { try await waiting[1].value }
        #expect(gate.waitingCalls == 1)

        // Places that others leave are used at once.
        gate.leave(elsewhere: 5)
        #expect(await order.next() == 2)
        for _ in 0..<3 { gate.callEnded(call()) }
        try await gate.callBegins()
        gate.callEnded(call())
    }

    @Test("A call that is cancelled before it waits takes no place")
    func cancelled() async throws {
        gate.leave(elsewhere: 100)
        try await gate.callBegins()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await gate.callBegins()
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(gate.waitingCalls == 0)
        gate.callEnded(call())
        try await gate.callBegins()
    }

    @Test("Turns that store their outcome rest, those that call or wait to call do not")
    func resting() async throws {
        #expect(gate.calls().resting == 0)
        for _ in 0..<4 { gate.turnBegan() }
        gate.leave(elsewhere: 7)
        try await gate.callBegins()
        let task = Task { try await gate.callBegins() }
        while gate.waitingCalls == 0 { await Task.yield() }
        #expect(gate.calls().resting == 2)
        // Of those that come a quarter of the limit, which is 8.
        #expect(gate.calls(confirming: 1).resting == 3)
        #expect(gate.calls(confirming: 9).resting == 4)
        gate.callEnded(call())
        try await task.value
        #expect(gate.calls().resting == 3)
        for _ in 0..<4 { gate.turnEnded() }
        gate.callEnded(call())
        #expect(gate.calls().resting == 0)
    }

    @Test("Without Redis a process goes by its own calls")
    func alone() async throws {
        #expect(gate.admitAlone(20, held: 3) == 5)
        for _ in 0..<10 { try await end(call(UDMError(.transient, detail: "refused"))) }
        #expect(gate.admitAlone(20, held: 0) == 0)
    }

    @Test("A breaker's times follow the lease, so that short leases have short ones")
    func times() {
        let long = SyncConfiguration(concurrency: 12).callLimit(of: "https://udm.example/")
        #expect([long.firstOpen, long.longestOpen] == [.seconds(5), .seconds(60)])
        #expect(long.maximum == 12)
        let short = SyncConfiguration(leaseLength: .seconds(3)).callLimit(of: "https://udm.example/")
        #expect([short.firstOpen, short.longestOpen] == [.seconds(1), .seconds(12)])
        #expect(long.endpoint == short.endpoint)
        #expect(SyncConfiguration().callLimit(of: "https://other.example/").endpoint != long.endpoint)
    }
}
