// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Storage

/// Who gets events, and how they are sent.
package struct EventSenderConfiguration: Sendable {
    // Each nil unless it is one of the sinks.
    package var provisioning: ProvisioningConfiguration?
    package var webhook: WebhookConfiguration?
    package var redisStream: RedisStreamConfiguration?
    /// The base of SCIM, such as `https://scim.example.org/scim/v2`, for `meta.location`; `nil` leaves that out.
    package var publicURL: String?
    /// Resources whose events are sent to a sink at the same time; those of one resource go one after the other.
    package var parallelResources: Int
    /// Events read at a time.
    package var batchSize: Int
    /// The longest wait before the outbox is looked at without a signal: what other processes tell may be lost.
    package var pollInterval: Duration
    /// How long to wait before a sink that refused the account or the address is asked again.
    package var recoveryInterval: Duration
    /// How often the figures of the sinks are taken.
    package var sampleInterval: Duration
    /// The most that an event may take in the message queue of the Provisioning service, see ``EventSize``.
    package var maximumEventBytes: Int

    package init(
        provisioning: ProvisioningConfiguration? = nil,
        webhook: WebhookConfiguration? = nil,
        redisStream: RedisStreamConfiguration? = nil,
        publicURL: String? = nil,
        parallelResources: Int = 8,
        batchSize: Int = 1000,
        pollInterval: Duration = .milliseconds(250),
        recoveryInterval: Duration = .seconds(30),
        sampleInterval: Duration = .seconds(5),
        maximumEventBytes: Int = 900_000
    ) {
        self.provisioning = provisioning
        self.webhook = webhook
        self.redisStream = redisStream
        self.publicURL = publicURL
        self.parallelResources = parallelResources
        self.batchSize = batchSize
        self.pollInterval = pollInterval
        self.recoveryInterval = recoveryInterval
        self.sampleInterval = sampleInterval
        self.maximumEventBytes = maximumEventBytes
    }

    package var sinks: Set<SinkName> {
        var sinks: Set<SinkName> = []
        if provisioning != nil { sinks.insert(.provisioning) }
        if webhook != nil { sinks.insert(.webhook) }
        if redisStream != nil { sinks.insert(.redisStream) }
        return sinks
    }

    /// All sinks get the same message.
    var publisherName: String { provisioning?.publisherName ?? ProvisioningConfiguration.standardPublisherName }

    /// One sentence per setting that cannot work; empty when all can.
    package var problems: [String] {
        var problems =
            (provisioning?.problems ?? []) + (webhook?.problems ?? []) + (redisStream?.problems ?? [])
        if sinks.isEmpty { problems.append("events must have at least one sink") }
        if parallelResources < 1 { problems.append("events of at least one resource must be sent at a time") }
        if batchSize < 1 { problems.append("at least one event must be read at a time") }
        if pollInterval <= .zero || recoveryInterval <= .zero || sampleInterval <= .zero {
            problems.append("the intervals of the event sender must be longer than zero")
        }
        if maximumEventBytes < 16_384 { problems.append("the largest event must be at least 16384 bytes") }
        return problems
    }
}

/// The sender refuses to start with a configuration that cannot work.
package struct EventSenderConfigurationError: Error, Equatable, CustomStringConvertible {
    package let problems: [String]

    package var description: String { problems.joined(separator: "; ") }
}
