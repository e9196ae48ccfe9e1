// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
package import HummingbirdCore
internal import HummingbirdTLS
internal import Logging
internal import NIOCore
package import NIOSSL

extension HTTPServerBuilder {
    /// HTTP/1.1 whose requests are answered on the threads of their connections' event loops, where they are read and written anyway: two changes of
    /// thread fewer for each. What takes long, and would keep the other connections of the loop waiting, leaves it with ``offEventLoop(_:)``.
    package static func onEventLoops(
        _ configuration: HTTP1Channel.Configuration, tls: TLSConfiguration? = nil
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            let channel = EventLoopChannel(http: HTTP1Channel(responder: responder, configuration: configuration))
            guard let tls else { return channel }
            return try TLSChannel(channel, tlsConfiguration: tls)
        }
    }
}

private struct EventLoopChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let http: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        http.setup(channel: channel, logger: logger)
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await http.handle(value: value, logger: logger)
        }
    }
}
