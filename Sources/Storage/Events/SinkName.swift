// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Who gets events: the values of `EVENTS_SINKS`. Each sink has its own position in the outbox.
package enum SinkName: String, Sendable, CaseIterable, Hashable {
    /// The Nubus Provisioning API.
    case provisioning
    /// An HTTP receiver, by the rules of Standard Webhooks.
    case webhook
    /// A stream in Redis.
    case redisStream = "redis-stream"
}
