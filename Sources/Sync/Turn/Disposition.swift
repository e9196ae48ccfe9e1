// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM
internal import UDM

/// What becomes of a job whose push UDM did not take (udm-rest-api section 8, queue-patterns section 9).
enum Disposition: Equatable, Sendable {
    /// Another attempt after a wait. `isAmbiguous`: the call may have had its effect, so the next attempt looks first.
    case retry(after: Duration, isAmbiguous: Bool)
    /// UDM or our account is out of order: the job goes back as it was, the breaker decides when it is tried again.
    case hold
    /// No attempt can succeed.
    case dead

    /// - Parameters:
    ///   - attempts: Failed attempts including this one, of whatever kind: the wait grows with them.
    ///   - series: Failures of this kind in a row, this one included: the limits of a kind are measured against it.
    ///   - accepted: When the write was.
    static func of(
        _ error: UDMError, attempts: Int, series: FailureSeries, accepted: Timestamp, now: Timestamp,
        configuration: SyncConfiguration, using generator: inout some RandomNumberGenerator
    ) -> Disposition {
        let isExpired = accepted.duration(to: now) >= configuration.maximumAge
        func retry(isAmbiguous: Bool = false, atMost longest: Duration? = nil) -> Disposition {
            var wait = configuration.backoff.wait(after: attempts, retryAfter: error.retryAfter, using: &generator)
            if let longest { wait = min(wait, longest) }
            return .retry(after: wait, isAmbiguous: isAmbiguous)
        }
        switch error.class {
        case .notFound where error.mayBeLate:
            // Whether it is late or gone, the age of the job says nothing about it; it is not late for longer than replication takes.
            return retry(atMost: .seconds(5))
        case .permanent, .notFound, .bug:
            return .dead
        case .authentication:
            // Nothing about the job is wrong, so even an old one waits for a working account.
            return .hold
        case .unknownOutcome:
            return isExpired ? .dead : retry(isAmbiguous: true)
        case .preconditionFailed:
            return isExpired ? .dead : retry()
        case .transient(let limit):
            if isExpired { return .dead }
            if let limit { return series.count > limit ? .dead : retry(isAmbiguous: error.mayHaveHadEffect) }
            // No answer at all: it never reached UDM, so it was no attempt.
            return error.status == nil ? .hold : retry()
        case .nameLock:
            // UDM's stale locks end after 300 s; looking more rarely than once a minute gains nothing.
            let isStale = series.since.duration(to: now) > UDMError.nameLockLifetime
            return isExpired || isStale ? .dead : retry(atMost: .seconds(60))
        }
    }
}

extension UDMError {
    /// UDM failed in the middle of a call, perhaps after LDAP had taken it. It looks at nested groups before.
    var mayHaveHadEffect: Bool {
        `class` == .transient(retryLimit: Self.internalErrorRetries) && (status == 500 || status == 400)
            && missingGroup == nil
    }
}
