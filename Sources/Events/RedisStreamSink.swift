// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Redis
internal import SCIM
package import Storage

/// Appends events to a Redis stream of bounded length. An entry has the fields `id`, `order`, `realm`, `topic`, `ts` and `body`.
package final class RedisStreamSink: EventSink {
    package let name = SinkName.redisStream
    private let configuration: RedisStreamConfiguration
    private let client: RedisClient

    /// - Parameter client: Belongs to the caller and stays open.
    package init(configuration: RedisStreamConfiguration, client: RedisClient) {
        self.configuration = configuration
        self.client = client
    }

    package func shutdown() async {}

    package func publish(_ event: EventMessage) async -> PublishAnswer {
        do throws(RedisError) {
            _ = try await client.send(
                RedisCommand([
                    "XADD", configuration.name, "MAXLEN", "~", "\(configuration.maximumLength)", "*",
                    "id", event.id.description, "order", "\(event.order)", "realm", event.realm, "topic", event.topic,
                    "ts", event.time.iso8601Microseconds, "body", String(decoding: event.body, as: UTF8.self),
                ]))
            return .accepted
        } catch {
            return Self.answer(error)
        }
    }

    package func probe() async -> PublishAnswer {
        do throws(RedisError) {
            let type = try await client.send(RedisCommand("TYPE", configuration.name)).string ?? ""
            if type == "none" || type == "stream" { return .accepted }
            return .misconfigured(
                reason: "the key \(configuration.name) is in use as a \(type). Check EVENTS_STREAM_NAME")
        } catch {
            return Self.answer(error)
        }
    }

    private static func answer(_ error: RedisError) -> PublishAnswer {
        switch error.kind {
        case .server where !error.canRetry:
            .misconfigured(reason: "\(error). Check EVENTS_STREAM_NAME and the rights of the account in Redis")
        default: .retry(reason: "\(error)", after: nil)
        }
    }
}
