// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SCIM
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ProvisioningTLSTests {
    /// Serves 202 to everything over TLS, with a certificate of a test authority.
    private func withServer(
        names: String, _ body: (_ url: String, _ certificates: RedisCertificates) async throws -> Void
    ) async throws {
        let certificates = try RedisCertificates()
        defer { certificates.remove() }
        let pair = try certificates.sign("server", names: names)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(pair.certificateFile).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: pair.keyFile, format: .pem))))
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(Accepting())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body("https://127.0.0.1:\(server.localAddress?.port ?? 0)", certificates)
        } catch {
            try await server.close()
            throw error
        }
        try await server.close()
    }

    private func publish(to url: String, trusting authorities: String?) async throws -> PublishAnswer {
        var configuration = Row.provisioning(url: url)
        configuration.trustRootsFile = authorities
        let client = try ProvisioningClient(configuration: configuration, logger: LogCollector().logger)
        let answer = await client.publish(Array("{}".utf8), requestID: .random())
        await client.shutdown()
        return answer
    }

    @Test("An authority of one's own is trusted when its file is given, and only then")
    func authority() async throws {
        try await withServer(names: "IP:127.0.0.1") { url, certificates in
            #expect(try await publish(to: url, trusting: certificates.authorityFile) == .accepted)
            guard case .retry = try await publish(to: url, trusting: nil) else {
                Issue.record("a stranger was trusted")
                return
            }
        }
    }

    @Test("A certificate for another host is refused")
    func otherHost() async throws {
        try await withServer(names: "DNS:elsewhere.example,IP:10.9.8.7") { url, certificates in
            guard case .retry = try await publish(to: url, trusting: certificates.authorityFile) else {
                Issue.record("a stranger was trusted")
                return
            }
        }
    }

    @Test("A file without certificates is a problem of the configuration", arguments: ["/nowhere", "/dev/null"])
    func badFile(path: String) throws {
        var configuration = Row.provisioning(url: "https://127.0.0.1")
        configuration.trustRootsFile = path
        let error = #expect(throws: EventSenderConfigurationError.self) {
            _ = try ProvisioningClient(configuration: configuration, logger: LogCollector().logger)
        }
        #expect(error?.description.contains(path) == true)
    }
}

private final class Accepting: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        let head = HTTPResponseHead(version: .http1_1, status: .accepted, headers: ["Content-Length": "0"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
