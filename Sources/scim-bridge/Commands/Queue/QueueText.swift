// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Queue
import SCIM
import Storage

/// How operators read jobs, failures and times in a terminal. What is stored may hold line breaks and control characters; a line never does.
enum QueueText {
    /// A stored error in one line: status, scimType, detail.
    static func error(_ json: [UInt8]?) -> String? {
        guard let json, let value = parsed(json) else { return nil }
        var parts: [String] = []
        if let status = value["udm"]?["httpStatus"]?.integerValue { parts.append("UDM \(status)") }
        if let scimType = value["scimType"]?.stringValue { parts.append(scimType) }
        let detail = value["detail"]?.stringValue ?? ""
        if !detail.isEmpty { parts.append(detail) }
        return oneLine(parts.joined(separator: ": "))
    }

    static func parsed(_ json: [UInt8]) -> JSONValue? {
        try? JSONValue(parsing: json, limits: JSONLimits(maximumBytes: .max, maximumDepth: 128))
    }

    static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline || ($0.asciiValue ?? 0x20) < 0x20 || $0 == "\u{7F}" ? " " : $0 })
    }

    static func time(_ time: Timestamp) -> String { time.iso8601Milliseconds }

    /// `5 s`, `3 min`, `2 h`, `4 d`.
    static func length(_ length: Duration) -> String {
        let seconds = max(0, length.components.seconds)
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) d"
        }
    }

    /// One job in two lines: what it is, and what is wrong.
    static func job(_ job: JobSummary) -> String {
        var line =
            "\(job.id)  \(time(job.finishedAt ?? job.acceptedAt))  \(job.operation.rawValue) \(job.type.rawValue)"
        line += " \(job.resourceID) rev \(job.revision)"
        if let name = job.name { line += "  \(oneLine(name))" }
        line += "  tenant \(job.tenant), client \(job.client)"
        var lines = [line]
        var state = "\(job.state), \(job.attempts) attempt\(job.attempts == 1 ? "" : "s")"
        if job.crashes > 0 { state += ", \(job.crashes) crash\(job.crashes == 1 ? "" : "es")" }
        if let due = job.dueAt { state += ", due \(time(due))" }
        if job.state == "dead", job.settlement == nil, !job.isCurrentFailure { state += ", overtaken by a later write" }
        if let settlement = job.settlement {
            state += ", \(settlement.how) \(time(settlement.at))"
            if let by = settlement.job { state += " by \(by)" }
        }
        if let origin = job.replayOf { state += ", replay of \(origin)" }
        if let carrier = job.supersededBy { state += ", carried by \(carrier)" }
        if let error = error(job.error) { state += ": \(error)" }
        lines.append("    \(state)")
        return lines.joined(separator: "\n")
    }

    static func parked(_ parked: ParkedAttribute) -> String {
        """
        \(parked.type.rawValue) \(parked.resourceID)\(parked.name.map { "  \(oneLine($0))" } ?? "")  tenant \(parked.tenant)
            \(oneLine(parked.attribute)) since \(time(parked.failedAt)), rev \(parked.revision): \(error(parked.error) ?? "no reason is known")
        """
    }

    // MARK: UDM

    /// What the workers know of UDM: a line for each address of it, and one for the calls.
    static func limits(_ limits: CallLimitOverview) -> [String] {
        var lines = limits.endpoints.map { endpoint in
            // Workers of one queue may have different addresses of UDM, and then different states; usually there is one.
            let name = limits.endpoints.count > 1 ? "UDM \(oneLine(endpoint.name))" : "UDM"
            let limit = endpoint.limit.map { "limit of calls \($0)" } ?? "limit of calls at its start"
            switch endpoint.breaker {
            case .closed: return "\(name): breaker closed, \(limit)"
            case .halfOpen:
                return "\(name): breaker half-open, \(endpoint.probes ?? 1) at a time to see whether it works"
            case .open where (endpoint.triedIn ?? .zero) > .zero:
                return "\(name): breaker OPEN, tried again in \(length(endpoint.triedIn ?? .zero))"
            case .open: return "\(name): breaker OPEN, tried again with the next lease"
            }
        }
        if lines.isEmpty { lines.append("UDM: no worker has called it for a day") }
        lines.append("Calls to UDM under way: \(limits.calling), leases without one: \(limits.resting)")
        return lines
    }

    // MARK: A report

    static func report(_ report: ResourceReport) -> String {
        let subject = report.subject
        var lines = ["\(subject.type.rawValue) \(subject.id)  tenant \(subject.tenant)"]
        if let name = report.name { lines[0] += "  \(oneLine(name))" }
        lines.append(report.revision.map { "SCIM: revision \($0)" } ?? "SCIM: deleted")
        if let object = report.object {
            lines.append("UDM: revision \(object.revision) since \(time(object.syncedAt)), \(oneLine(object.dn))")
        } else {
            lines.append("UDM: never pushed")
        }
        if let holder = report.holder {
            lines.append("Worker \(holder.worker ?? "?") is at it until \(time(holder.until)) or longer")
        }
        if let since = report.ambiguousSince {
            lines.append("A call of \(time(since)) may have had its effect; the next worker looks first")
        }
        if let failure = report.failure { lines.append("Failed: \(error(failure) ?? "no reason is known")") }
        for parked in report.parked {
            lines.append("Parked: \(oneLine(parked.attribute)): \(error(parked.error) ?? "no reason is known")")
        }
        if report.awaited > 0 { lines.append("Waits for \(report.awaited) member\(report.awaited == 1 ? "" : "s")") }
        for entry in report.jobs {
            lines.append("")
            lines.append(job(entry.summary))
            var last: Int64 = 0
            for attempt in entry.attempts {
                if attempt.number > last + 1 { lines.append("    … \(attempt.number - last - 1) not kept") }
                last = attempt.number
                // The error begins with UDM's status.
                let status = attempt.httpStatus == nil ? "  no answer" : ""
                lines.append(
                    "    #\(attempt.number) \(time(attempt.at))  \(attempt.outcome.rawValue)  \(oneLine(attempt.kind))\(status)  "
                        + "\(error(attempt.error) ?? "")")
            }
        }
        if report.hasMoreJobs { lines.append("\nOlder jobs are left out; --jobs shows more of them.") }
        if !report.audit.isEmpty { lines.append("\nDone by hand:") }
        for entry in report.audit {
            lines.append(
                "    \(time(entry.at))  \(oneLine(entry.actor))  \(entry.action)  "
                    + oneLine(String(decoding: entry.details, as: UTF8.self)))
        }
        return lines.joined(separator: "\n")
    }
}
