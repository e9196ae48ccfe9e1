// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// What became of one attempt to publish an event (reference 2.3).
package enum PublishAnswer: Sendable, Equatable {
    /// 202: stored by the service.
    case accepted
    /// The service will never take this event, others it will.
    case refused(reason: String, namesPublisher: Bool)
    /// 413: the sink, or a proxy in front of it, takes no message of this size. One that shows less may do.
    case tooLarge(reason: String)
    /// Worth another try; after a timeout or a lost connection the event may be stored already.
    case retry(reason: String, after: Duration?)
    /// The account or the address is wrong: no event will be taken until that is changed.
    case misconfigured(reason: String)

    /// The label of the failure in `scim_events_failed_total`; `nil` for success, and for what is not the last word.
    var failureClass: String? {
        switch self {
        case .accepted, .tooLarge: nil
        case .refused: "refused"
        case .retry: "transient"
        case .misconfigured: "configuration"
        }
    }

    /// Classifies an answer by its status.
    ///
    /// - Parameters:
    ///   - body: At most its beginning; quoted without what it quotes of the event.
    ///   - publisherName: For the hint when the service does not know it.
    package init(status: Int, body: [UInt8], retryAfter: Duration?, publisherName: String) {
        let text = Self.detail(body)
        let reason = text.isEmpty ? "HTTP \(status)" : "HTTP \(status): \(text)"
        switch status {
        case 202: self = .accepted
        case 401, 403:
            self = .misconfigured(
                reason:
                    "\(reason). Check PROVISIONING_USERNAME and PROVISIONING_PASSWORD_FILE: the events account is refused"
            )
        case 404, 405:
            self = .misconfigured(reason: "\(reason). Check PROVISIONING_URL: there is no message API at this address")
        case 200..<400:
            self = .misconfigured(reason: "\(reason). Check PROVISIONING_URL: something else answers at this address")
        case 408, 425, 429, 500...: self = .retry(reason: reason, after: retryAfter)
        case 413: self = .tooLarge(reason: reason)
        default:
            let namesPublisher = status == 422 && text.contains("publisher_name")
            let hint =
                ". The Provisioning service does not know the publisher name \"\(publisherName)\": set "
                + "PROVISIONING_PUBLISHER_NAME to one it knows, such as udm-listener"
            self = .refused(reason: namesPublisher ? reason + hint : reason, namesPublisher: namesPublisher)
        }
    }

    /// The service's `detail`, or the first problem in its `message` up to its input, which quotes the event.
    private static func detail(_ body: [UInt8]) -> String {
        guard let answer = try? JSONValue(parsing: body) else { return "" }
        if let detail = answer["detail"]?.stringValue { return String(detail.prefix(longestDetail)) }
        if let problem = answer["detail"]?[0] {
            let location = (problem["loc"]?.arrayValue ?? []).map { $0.stringValue ?? $0.text }.joined(separator: ".")
            return String("\(location): \(problem["msg"]?.stringValue ?? "")".prefix(longestDetail))
        }
        var rest = (answer["message"]?.stringValue ?? "")[...]
        var told = ""
        while let character = rest.first, told.count < longestDetail, !rest.hasPrefix("'input'") {
            told.append(character)
            rest.removeFirst()
        }
        return told
    }

    private static let longestDetail = 500
}
