// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Queue
import SCIM
import Storage
import Sync

/// The same as programs read it: one document, times as ISO 8601, what is not there left out.
enum QueueJSON {
    static func document(_ object: JSONObject) -> String { JSONValue.object(object).text }

    static func page<Element>(
        _ page: BacklogPage<Element>, _ entry: (Element) -> JSONObject
    ) -> JSONObject {
        var object: JSONObject = ["entries": .array(page.entries.map { .object(entry($0)) })]
        if let next = page.next { object["next"] = .string(next) }
        return object
    }

    static func job(_ job: JobSummary) -> JSONObject {
        var object: JSONObject = [
            "id": id(job.id), "tenant": .string(job.tenant), "type": .string(job.type.rawValue),
            "resource": id(job.resourceID), "revision": number(job.revision), "order": number(job.order),
            "operation": .string(job.operation.rawValue), "lane": .string(job.lane), "client": .string(job.client),
            "requestId": .string(job.requestID), "acceptedAt": time(job.acceptedAt), "state": .string(job.state),
            "attempts": number(job.attempts), "crashes": number(job.crashes),
        ]
        object.set("name", job.name.map { .string($0) })
        object.set("firstAttemptAt", job.firstAttemptAt.map(time))
        object.set("dueAt", job.dueAt.map(time))
        object.set("finishedAt", job.finishedAt.map(time))
        object.set("error", job.error.flatMap(QueueText.parsed))
        object.set("supersededBy", job.supersededBy.map(id))
        object.set("replayOf", job.replayOf.map(id))
        if job.state == "dead" { object["isCurrentFailure"] = .bool(job.isCurrentFailure) }
        if let settlement = job.settlement {
            var settled: JSONObject = ["at": time(settlement.at), "as": .string(settlement.how)]
            settled.set("by", settlement.job.map(id))
            object["settled"] = .object(settled)
        }
        return object
    }

    static func parked(_ parked: ParkedAttribute) -> JSONObject {
        var object: JSONObject = [
            "tenant": .string(parked.tenant), "type": .string(parked.type.rawValue),
            "resource": id(parked.resourceID), "attribute": .string(parked.attribute),
            "revision": number(parked.revision), "job": id(parked.jobID), "failedAt": time(parked.failedAt),
        ]
        object.set("name", parked.name.map { .string($0) })
        object.set("error", QueueText.parsed(parked.error))
        return object
    }

    static func report(_ report: ResourceReport) -> JSONObject {
        var object: JSONObject = [
            "tenant": .string(report.subject.tenant), "type": .string(report.subject.type.rawValue),
            "resource": id(report.subject.id),
        ]
        object.set("name", report.name.map { .string($0) })
        object.set("revision", report.revision.map(number))
        if let udm = report.object {
            object["udm"] = [
                "dn": .string(udm.dn), "revision": number(udm.revision), "syncedAt": time(udm.syncedAt),
            ]
        }
        if let holder = report.holder {
            var lease: JSONObject = ["until": time(holder.until)]
            lease.set("worker", holder.worker.map { .string($0) })
            object["lease"] = .object(lease)
        }
        object.set("ambiguousSince", report.ambiguousSince.map(time))
        object.set("failure", report.failure.flatMap(QueueText.parsed))
        object["parked"] = .array(report.parked.map { .object(parked($0)) })
        object["awaitedMembers"] = number(Int64(report.awaited))
        object["jobs"] = .array(
            report.jobs.map { entry in
                var job = job(entry.summary)
                job["failedAttempts"] = .array(entry.attempts.map { .object(attempt($0)) })
                return .object(job)
            })
        object["hasMoreJobs"] = .bool(report.hasMoreJobs)
        object["audit"] = .array(
            report.audit.map { entry in
                var line: JSONObject = [
                    "at": time(entry.at), "actor": .string(entry.actor), "action": .string(entry.action),
                ]
                line.set("job", entry.jobID.map(id))
                line.set("details", QueueText.parsed(entry.details))
                return .object(line)
            })
        return object
    }

    private static func attempt(_ attempt: JobAttempt) -> JSONObject {
        var object: JSONObject = [
            "number": number(attempt.number), "at": time(attempt.at), "outcome": .string(attempt.outcome.rawValue),
            "class": .string(attempt.kind),
        ]
        object.set("httpStatus", attempt.httpStatus.map(number))
        object.set("worker", attempt.worker.map { .string($0) })
        object.set("error", QueueText.parsed(attempt.error))
        return object
    }

    // MARK: Verification

    static func verification(_ report: VerificationReport) -> JSONObject {
        var object: JSONObject = [
            "finding": .string(report.finding.rawValue), "openJobs": number(Int64(report.openJobs)),
        ]
        object.set("revision", report.revision.map(number))
        object.set("dn", report.dn.map { .string($0) })
        object.set("knownDN", report.knownDN.map { .string($0) })
        object["differences"] = .array(
            report.differences.map { difference in
                var line: JSONObject = [
                    "property": .string(difference.property), "scim": difference.expected, "udm": difference.found,
                    "cause": .string(difference.cause.rawValue),
                ]
                line.set("attribute", difference.attribute.map { .string($0) })
                line.set("synced", difference.synced)
                return .object(line)
            })
        object["members"] = [
            "lacking": .array(report.members.lacking.map(id)), "notInUDM": .array(report.members.notInUDM.map(id)),
            "additional": .array(report.members.additional.map { .string($0) }),
        ]
        return object
    }

    // MARK: The queue at a glance

    static func overview(_ overview: QueueOverview) -> JSONObject {
        let statistics = overview.statistics
        let figures = overview.figures
        var lanes = JSONObject()
        for lane in Lane.allCases {
            let open = statistics.lanes[lane.rawValue]
            var object: JSONObject = ["open": number(Int64(open?.openJobs ?? 0))]
            object.set("oldestAcceptedAt", open?.oldestAcceptedAt.map(time))
            object.set("ready", overview.depth?.lanes[lane].map { number(Int64($0.ready)) })
            lanes[lane.rawValue] = .object(object)
        }
        var object: JSONObject = [
            "at": time(overview.at), "lanes": .object(lanes), "openJobs": number(Int64(statistics.openJobs)),
            "failingJobs": number(Int64(figures.failingJobs)), "deadLetters": number(Int64(statistics.deadLetters)),
            "parkedAttributes": number(Int64(figures.parkedAttributes)),
            "parkedResources": number(Int64(figures.parkedResources)),
            "waitingGroups": number(Int64(figures.waitingGroups)),
            "unsentEvents": number(Int64(statistics.unsentEvents)),
            "parkedEvents": number(Int64(statistics.parkedEvents)),
            "paused": .array(overview.pauses.map { .object(pause($0)) }),
        ]
        if let leader = figures.leader {
            var line: JSONObject = ["since": time(leader.since)]
            line.set("address", leader.address.map { .string($0) })
            object["leader"] = .object(line)
        }
        if let depth = overview.depth {
            object["redis"] = [
                "state": .string(depth.state.word), "ready": number(Int64(depth.ready)),
                "due": number(Int64(depth.due)), "leased": number(Int64(depth.leased)),
                "dirty": number(Int64(depth.dirty)),
            ]
        }
        if let limits = overview.limits { object["udm"] = .object(udm(limits, at: overview.at)) }
        object.set("redisProblem", overview.redisProblem.map { .string($0) })
        return object
    }

    /// - Parameter now: What the time until the next try counts from.
    static func udm(_ limits: CallLimitOverview, at now: Timestamp) -> JSONObject {
        [
            "callsUnderWay": number(Int64(limits.calling)), "leasesWithoutCall": number(Int64(limits.resting)),
            "endpoints": .array(
                limits.endpoints.map { endpoint in
                    var line: JSONObject = [
                        "endpoint": .string(endpoint.name), "breaker": .string(endpoint.breaker.word),
                    ]
                    line.set("triedAt", endpoint.triedIn.map { time(now.advanced(by: $0)) })
                    line.set("probes", endpoint.probes.map { number(Int64($0)) })
                    line.set("limit", endpoint.limit.map { number(Int64($0)) })
                    return .object(line)
                }),
        ]
    }

    static func pause(_ pause: PauseStore.Pause) -> JSONObject {
        var object: JSONObject = [
            "scope": .string(pause.scope), "since": time(pause.since), "actor": .string(pause.actor),
        ]
        object.set("reason", pause.reason.map { .string($0) })
        return object
    }

    // MARK: Values

    static func id(_ id: LowercaseUUID) -> JSONValue { .string(id.description) }
    static func number(_ number: Int64) -> JSONValue { .number(JSONNumber(number)) }
    static func time(_ time: Timestamp) -> JSONValue { .string(time.iso8601Milliseconds) }
}

extension JSONObject {
    /// Leaves out what is not there.
    fileprivate mutating func set(_ key: String, _ value: JSONValue?) {
        if let value { self[key] = value }
    }
}

extension QueueState {
    var word: String {
        switch self {
        case .ready: "ready"
        case .rebuilding: "rebuilding"
        case .lost: "lost"
        }
    }
}

extension CallLimitState.Breaker {
    var word: String {
        switch self {
        case .closed: "closed"
        case .halfOpen: "half-open"
        case .open: "open"
        }
    }
}
