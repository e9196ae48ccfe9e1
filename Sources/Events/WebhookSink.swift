// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import NIOHTTP1
package import SCIM
package import Storage

/// Posts events to an HTTP receiver by the rules of Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
package final class WebhookSink: EventSink {
    package let name = SinkName.webhook
    private let configuration: WebhookConfiguration
    private let http: SinkHTTPClient
    private let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - connections: Kept open at most.
    ///   - now: The time that an attempt is signed with.
    /// - Throws: When the certificate authorities cannot be read.
    package init(
        configuration: WebhookConfiguration, connections: Int = 8, logger: Logger,
        now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) throws(EventSenderConfigurationError) {
        self.configuration = configuration
        self.now = now
        http = try SinkHTTPClient(
            trustRootsFile: configuration.trustRootsFile, connectTimeout: configuration.connectTimeout,
            timeout: configuration.timeout, connections: connections, logger: logger)
    }

    package func shutdown() async { await http.shutdown() }

    /// A receiver cannot be asked without sending it something.
    package func probe() async -> PublishAnswer { .accepted }

    package func publish(_ event: EventMessage) async -> PublishAnswer {
        let id = event.id.description
        let seconds = now().microsecondsSinceEpoch / 1_000_000
        let headers: HTTPHeaders = [
            "webhook-id": id, "webhook-timestamp": "\(seconds)",
            "webhook-signature": WebhookSecret.signature(
                configuration.secrets, id: id, timestamp: seconds, body: event.json),
            "X-Request-ID": event.requestID.description,
        ]
        switch await http.post(event.json, to: configuration.url, headers) {
        case .success(let answer): return .webhook(status: answer.status, retryAfter: answer.retryAfter)
        case .failure(let failure): return .retry(reason: failure.reason, after: nil)
        }
    }
}

extension PublishAnswer {
    /// Classifies a receiver's status. What it says besides is quoted nowhere: it may repeat the event.
    package static func webhook(status: Int, retryAfter: Duration?) -> PublishAnswer {
        let reason = "HTTP \(status)"
        switch status {
        case 200..<300: return .accepted
        case 300..<400:
            return .misconfigured(reason: "\(reason). Check WEBHOOK_URL: redirects are not followed")
        case 401, 403:
            return .misconfigured(
                reason: "\(reason). Check WEBHOOK_SECRET_FILE: the receiver does not accept the signature")
        case 404, 405:
            return .misconfigured(reason: "\(reason). Check WEBHOOK_URL: there is no receiver at this address")
        case 410:
            return .misconfigured(
                reason: "\(reason): the receiver is gone. Remove webhook from EVENTS_SINKS, or set another WEBHOOK_URL")
        case 408, 425, 429, 500...: return .retry(reason: reason, after: retryAfter)
        case 413: return .tooLarge(reason: reason)
        default: return .refused(reason: reason, namesPublisher: false)
        }
    }
}
