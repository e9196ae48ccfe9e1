// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDM

@testable import Sync

@Suite struct DispositionTests {
    private let now = Timestamp.now()

    private func disposition(
        _ error: UDMError, attempts: Int = 1, age: Duration = .seconds(1), tried: Duration = .seconds(1)
    ) -> Disposition {
        let since = now.advanced(by: .zero - tried)
        var series = FailureSeries(after: nil, kind: error.class.series, at: since)
        for _ in 1..<max(2, attempts) where attempts > 1 {
            series = FailureSeries(after: series, kind: error.class.series, at: now)
        }
        return disposition(error, series: series, age: age)
    }

    private func disposition(
        _ error: UDMError, series: FailureSeries, age: Duration = .seconds(1)
    ) -> Disposition {
        var generator = SystemRandomNumberGenerator()
        return Disposition.of(
            error, attempts: series.count, series: series, accepted: now.advanced(by: .zero - age), now: now,
            configuration: SyncConfiguration(), using: &generator)
    }

    @Test("Failures of another kind do not use up the tries of a limited one")
    func kinds() {
        let outage = UDMError(.transient, status: 503, detail: "down")
        let internalError = UDMError(.transient(retryLimit: 5), status: 500, detail: "oops")
        var series: FailureSeries?
        for _ in 0..<20 { series = FailureSeries(after: series, kind: outage.class.series, at: now) }
        for _ in 0..<5 {
            let next = FailureSeries(after: series, kind: internalError.class.series, at: now)
            #expect(isRetry(disposition(internalError, series: next), ambiguous: true))
            series = next
        }
        let sixth = FailureSeries(after: series, kind: internalError.class.series, at: now)
        #expect(disposition(internalError, series: sixth) == .dead)
        // An outage between them begins the series anew.
        let outageAgain = FailureSeries(after: series, kind: outage.class.series, at: now)
        let again = FailureSeries(after: outageAgain, kind: internalError.class.series, at: now)
        #expect(again.count == 1)
        #expect(again.first == series?.first)
    }

    @Test("A series survives its storage in a job's error")
    func stored() throws {
        let error = UDMError(.transient, status: 503, retryAfter: .seconds(15), detail: "down")
        let first = FailureSeries(after: nil, kind: "transient", at: now)
        let series = FailureSeries(
            after: first, kind: error.class.series, retryAfter: error.retryAfter, at: now.advanced(by: .seconds(3)))
        #expect(series.notBefore == now.advanced(by: .seconds(18)))
        let text = JobError(error, operation: .modify, type: .user, id: .random()).json(series)
        #expect(FailureSeries(storedIn: text) == series)
        for broken in [nil, "{}", "[", #"{"series": {"class": 1}}"#] {
            #expect(FailureSeries(storedIn: broken.map { Array($0.utf8) }) == nil)
        }
    }

    private func isRetry(_ disposition: Disposition, ambiguous: Bool) -> Bool {
        if case .retry(_, let isAmbiguous) = disposition { isAmbiguous == ambiguous } else { false }
    }

    private let old = Duration.seconds(73 * 3600)

    @Test(
        "What UDM refuses for good is dead at the first attempt",
        arguments: [
            UDMErrorClass.permanent, .notFound, .bug,
        ])
    func permanent(class: UDMErrorClass) {
        #expect(disposition(UDMError(`class`, status: 422, detail: "no")) == .dead)
    }

    @Test("What was written a short time ago is looked for again soon, however old and often tried its job is")
    func late() {
        var error = UDMError(.notFound, status: 404, detail: "no")
        error.mayBeLate = true
        #expect(isRetry(disposition(error), ambiguous: false))
        #expect(isRetry(disposition(error, age: old), ambiguous: false))
        for _ in 0..<20 {
            guard case .retry(let wait, false) = disposition(error, attempts: 1000) else {
                Issue.record("expected a retry")
                return
            }
            #expect(wait <= .seconds(5))
        }
    }

    @Test("A refused account holds the queue and fails no job, however old")
    func account() {
        let error = UDMError(.authentication, status: 401, detail: "no")
        #expect(disposition(error) == .hold)
        #expect(disposition(error, attempts: 1000, age: old) == .hold)
    }

    @Test("No answer at all is no attempt; it ends with the age")
    func unreachable() {
        let error = UDMError(.transient, detail: "connection refused")
        #expect(disposition(error, attempts: 10_000) == .hold)
        #expect(disposition(error, age: old) == .dead)
    }

    @Test("An unknown outcome is tried again with care")
    func unknown() {
        let error = UDMError(.unknownOutcome, status: 504, detail: "?")
        #expect(isRetry(disposition(error), ambiguous: true))
        #expect(disposition(error, age: old) == .dead)
    }

    @Test("503 is tried again as long as the age allows")
    func unavailable() {
        let error = UDMError(.transient, status: 503, detail: "down")
        #expect(isRetry(disposition(error, attempts: 10_000), ambiguous: false))
        #expect(disposition(error, age: old) == .dead)
    }

    @Test("A limited class is dead after its retries; UDM may have failed behind the write")
    func limited() {
        let error = UDMError(.transient(retryLimit: 5), status: 500, detail: "oops")
        #expect(isRetry(disposition(error, attempts: 5), ambiguous: true))
        #expect(disposition(error, attempts: 6) == .dead)
    }

    @Test("A name lock is waited for until it must have ended")
    func nameLock() {
        let error = UDMError(.nameLock, status: 422, detail: "(nolock)")
        #expect(isRetry(disposition(error, attempts: 30, tried: .seconds(299)), ambiguous: false))
        #expect(disposition(error, tried: .seconds(301)) == .dead)
    }

    @Test("A lost race for the object is tried again")
    func precondition() {
        #expect(isRetry(disposition(UDMError(.preconditionFailed, status: 412, detail: "changed")), ambiguous: false))
    }
}
