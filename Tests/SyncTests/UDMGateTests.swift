// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Executors
import Queue
import SCIM
import Storage
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

    private func end(_ calls: UDMCall...) {
        for call in calls {
            gate.callBegan()
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
            (UDMError(.transient, status: 404, detail: ""), .failed),
            (UDMError(.transient, status: 403, detail: ""), .failed),
            (UDMError(.transient, status: 200, detail: ""), .failed),
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
    func reports() {
        end(call(), call(UDMError(.transient, status: 503, retryAfter: .seconds(7), detail: "")))
        let first = gate.calls()
        #expect(first.report.calls == 2)
        #expect(first.report.failures == 1)
        #expect(first.report.retryAfter == .seconds(7))
        #expect(gate.calls().report.isEmpty)
        gate.keep(first)
        end(call())
        #expect(gate.calls().report.calls == 3)
    }

    @Test("What began before the breaker opened is not told after it")
    func era() {
        let before = ContinuousClock.now
        end(call())
        gate.learned(CallLimitState(breaker: .open, limit: 5, era: 1))
        end(call(started: before))
        #expect(gate.calls().report == CallReport(era: 1))
        end(call())
        #expect(gate.calls().report.calls == 1)
        let former = gate.learned(CallLimitState(breaker: .halfOpen, limit: 5, era: 1))
        #expect(former?.breaker == .open)
        #expect(gate.learned(CallLimitState(breaker: .halfOpen, limit: 7, era: 1)) == nil)
    }

    @Test("A turn that stores its outcome rests, and says so once when others wait for its place")
    func resting() {
        let left = Locked(0)
        gate.whenPlaceIsLeft { left.withLock { $0 += 1 } }
        let handles = (1...4).map { LeaseHandle(resourceID: .random(), epoch: $0, token: .random()) }
        gate.storingBegan(handles[0])
        #expect(gate.takeLeft() == [handles[0]])
        #expect(left.withLock { $0 } == 0)

        gate.noteLimit(isReached: true)
        gate.storingBegan(handles[1])
        gate.storingBegan(handles[2])
        #expect(gate.takeLeft() == [handles[1], handles[2]])
        #expect(gate.takeLeft().isEmpty)
        #expect(left.withLock { $0 } == 1)

        gate.noteLimit(isReached: true)
        gate.noteLimit(isReached: false)
        gate.storingBegan(handles[3])
        #expect(left.withLock { $0 } == 1)

        // Whoever stands by is told each time.
        gate.noteStandby(true)
        gate.storingBegan(handles[0])
        gate.storingBegan(handles[1])
        #expect(left.withLock { $0 } == 3)
        gate.noteStandby(false)
        gate.storingBegan(handles[2])
        #expect(left.withLock { $0 } == 3)
    }

    @Test("Without Redis a process goes by its own calls")
    func alone() {
        #expect(gate.admitAlone(20, held: 3) == 5)
        for _ in 0..<10 { end(call(UDMError(.transient, detail: "refused"))) }
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

extension UDMGate {
    fileprivate func calls() -> LimitedCalls { calls(resting: 0, spare: 0, ahead: 0, in: nil) }
}
