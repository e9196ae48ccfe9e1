// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOHTTP1
internal import SCIM

extension UDMError {
    /// Reads the meaning of an answer that is not a success (`udm-rest-api` sections 8.1 to 8.3).
    init(answer: UDMAnswer, to request: UDMRequest, now: Timestamp) {
        let body = ErrorBody(answer, secret: request.secret)
        let status = answer.status
        // Not the object itself is missing, so that its DN need not be resolved again.
        let missesObject = status == 400 && body.isOfUDM && body.mentions(Self.noObject)
        let missing = missesObject ? body.named(of: request.listedGroups) : nil
        self.init(
            missing == nil
                ? Self.classify(status: status, body: body, isWrite: request.isWrite)
                : .transient(retryLimit: Self.internalErrorRetries),
            status: status,
            errors: body.errors,
            retryAfter: answer.retryAfter(now: now).map { min($0, Self.longestRetryAfter) },
            detail: body.summary(status: status, location: answer.headers.first(name: "Location")),
            module: request.module,
            dn: request.dn)
        missingGroup = missing
    }

    private static let noObject = "no such object"

    /// A call that brought no answer.
    init(noAnswerTo request: UDMRequest, wasSent: Bool, reason: String, isCancellation: Bool) {
        self.init(
            wasSent && request.isWrite ? .unknownOutcome : .transient,
            detail: wasSent ? "no answer: \(reason)" : "not sent: \(reason)",
            isCancellation: isCancellation,
            module: request.module,
            dn: request.dn)
    }

    private static func classify(status: Int, body: ErrorBody, isWrite: Bool) -> UDMErrorClass {
        switch status {
        case 401: .authentication
        // An ingress without a way to UDM says 404 to everything: that no object is there, only UDM can know.
        case 404, 410: body.isOfUDM ? .notFound : .transient
        case 406, 416: .bug
        case 412: .preconditionFailed
        case 408, 429, 503: .transient
        case 400, 403, 422: classifyRefusal(status: status, body: body, isWrite: isWrite)
        case 500: body.isBrokenIdentifier ? .bug : .transient(retryLimit: internalErrorRetries)
        case 501, 505: .bug
        // A proxy gave up waiting, or lost UDM in the middle.
        case 502, 504, 506...: isWrite ? .unknownOutcome : .transient
        // UDM's objects never redirect; an ingress that does is misconfigured, not the write.
        case 300..<400: .transient
        default: .permanent
        }
    }

    /// The reason decides; without it, ask again.
    private static func classifyRefusal(status: Int, body: ErrorBody, isWrite: Bool) -> UDMErrorClass {
        guard body.isOfUDM else {
            // A mesh or a firewall that lets nobody pass has no quarrel with the one write.
            return status == 403 && body.isComplete ? .transient : .transient(retryLimit: internalErrorRetries)
        }
        switch status {
        case 403:
            return body.mentions("not in allowed groups") ? .authentication : .permanent
        case 400:
            if body.mentions(noObject) { return .notFound }
            if body.mentions("can't contact ldap server") { return isWrite ? .unknownOutcome : .transient }
            if body.isBusyDirectory { return .transient }
            let passes = ["ldap error", "timeout", "timed out", "size limit"].contains(where: body.mentions)
            return passes ? .transient(retryLimit: internalErrorRetries) : .permanent
        default:
            let refusals = body.errors.map(\.refusal)
            if !refusals.isEmpty, refusals.allSatisfy({ $0 == .lockHeld || $0 == .numberClash }) {
                return refusals.contains(.lockHeld) ? .nameLock : .transient(retryLimit: 1)
            }
            // Without items, the old flat text is all there is.
            return refusals.isEmpty && body.mentions("(nolock)") ? .nameLock : .permanent
        }
    }
}

/// The parts of an error's body that may be shown.
private struct ErrorBody {
    /// Whether the body arrived; a 401 has none.
    let isComplete: Bool
    /// Whether it is an error in UDM's form, and not a page of something in between.
    let isOfUDM: Bool
    let errors: [UDMFieldError]
    let message: String

    init(_ answer: UDMAnswer, secret: String?) {
        let json = answer.json(maximumBytes: 1 << 20)
        isComplete = answer.body != nil
        isOfUDM = json?["error"]?.objectValue != nil
        errors = (json?["_embedded"]?["udm:error"]?.arrayValue ?? []).compactMap { item in
            guard let message = item["message"]?.stringValue else { return nil }
            // Python's None stands where UDM's exception named no property.
            let location =
                item["location"]?.arrayValue?.map { $0.isNull ? "" : $0.stringValue ?? $0.text } ?? []
            return UDMFieldError(location: location, message: Self.withhold(secret, in: message))
        }
        // The gateway's 503 is a bare string; a traceback (`error.traceback`) is never read.
        let text = json?.stringValue ?? json?["error"]?["message"]?.stringValue ?? ""
        message = Self.withhold(secret, in: text)
    }

    func mentions(_ text: String) -> Bool {
        message.lowercased().contains(text) || errors.contains { $0.message.lowercased().contains(text) }
    }

    /// The first of `dns` that the text names; UDM writes some of them in lower case.
    func named(of dns: [String]) -> String? {
        let text = ([message] + errors.map(\.message)).joined(separator: " ").lowercased()
        return dns.first { !$0.isEmpty && text.contains($0.lowercased()) }
    }

    /// LDAP answers and takes nothing from anybody: an outage, as a 503 is, which the age of the work bounds.
    var isBusyDirectory: Bool {
        mentions("ldap error")
            && ["server is busy", "server is unavailable", "operation restricted"].contains(where: mentions)
    }

    /// Python's complaint about a `univentionObjectIdentifier` that is no UUID.
    var isBrokenIdentifier: Bool { mentions("badly formed hexadecimal uuid") }

    func summary(status: Int, location: String?) -> String {
        let phrase = HTTPResponseStatus(statusCode: status).reasonPhrase
        if (300..<400).contains(status) {
            return "\(status) \(phrase) to \(location ?? "nowhere"): is the base URL right?"
        }
        if isComplete, !isOfUDM, [400, 403, 404, 410, 422].contains(status) {
            return "\(status) \(phrase), which UDM did not say: is the base URL right, and what is in between?"
        }
        let text = errors.isEmpty ? message : errors.map(\.message).joined(separator: "; ")
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return UDMFieldError(location: [], message: line.isEmpty ? "\(status) \(phrase)" : line).message
    }

    private static func withhold(_ secret: String?, in text: String) -> String {
        guard let secret, !secret.isEmpty, text.contains(secret) else { return text }
        // Blanking out a very short one would show it by its gaps.
        guard secret.count >= 4 else { return "(text withheld)" }
        return text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
    }
}
