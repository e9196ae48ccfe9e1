// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Redis
import TestSupport
import Testing

@Suite struct RedisTLSTests {
    private func withCertificates(_ body: (RedisCertificates) async throws -> Void) async throws {
        let certificates = try RedisCertificates()
        defer { certificates.remove() }
        try await body(certificates)
    }

    private func start(
        _ certificates: RedisCertificates, names: String, asksForCertificate: Bool = false
    ) async throws -> RedisServer {
        let pair = try certificates.sign("server", names: names)
        return try await RedisServer.start(
            tls: .init(
                authorityFile: certificates.authorityFile, certificateFile: pair.certificateFile, keyFile: pair.keyFile,
                asksForCertificate: asksForCertificate))
    }

    @Test("TLS to a server of a trusted authority, by name and by address", arguments: ["localhost", "127.0.0.1"])
    func trusted(host: String) async throws {
        try await withCertificates { certificates in
            let server = try await start(certificates, names: "DNS:localhost,IP:127.0.0.1")
            defer { server.stop() }
            try await withRedis(
                "rediss://\(host):\(server.port)", configure: { $0.tls?.authorityFile = certificates.authorityFile }
            ) { client async throws in
                #expect(try await client.send(RedisCommand("ECHO", "private")).string == "private")
                #expect(
                    try await client.sendBlocking(RedisCommand("BLPOP", "x", "0.01"), upTo: .seconds(1)) == .null)
            }
        }
    }

    @Test(
        "An unknown authority, or a certificate for another host, is refused",
        arguments: [
            ("DNS:localhost,IP:127.0.0.1", false), ("DNS:elsewhere.example,IP:10.9.8.7", true),
        ])
    func refused(names: String, trustsAuthority: Bool) async throws {
        try await withCertificates { certificates in
            let server = try await start(certificates, names: names)
            defer { server.stop() }
            for host in ["localhost", "127.0.0.1"] {
                let error = await #expect(throws: RedisError.self) {
                    try await withRedis(
                        "rediss://\(host):\(server.port)",
                        configure: { if trustsAuthority { $0.tls?.authorityFile = certificates.authorityFile } }
                    ) { _ in }
                }
                #expect(error?.kind == .connectFailed)
                #expect(error?.mayHaveRun == false)
            }
        }
    }

    @Test("A server that asks for a certificate gets ours")
    func mutual() async throws {
        try await withCertificates { certificates in
            let server = try await start(certificates, names: "DNS:localhost", asksForCertificate: true)
            defer { server.stop() }
            let ours = try certificates.sign("bridge", names: "DNS:bridge")
            try await withRedis(
                server.url,
                configure: {
                    $0.tls = .init(
                        authorityFile: certificates.authorityFile, certificateFile: ours.certificateFile,
                        keyFile: ours.keyFile)
                }
            ) { client async throws in
                #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
            }
            await #expect(throws: RedisError.self) {
                try await withRedis(server.url, configure: { $0.tls?.authorityFile = certificates.authorityFile }) {
                    _ in
                }
            }
        }
    }

    @Test("A file that cannot be used is named, and no retry is promised")
    func files() async throws {
        for tls in [
            RedisConfiguration.TLS(authorityFile: "/nowhere/ca.pem"),
            RedisConfiguration.TLS(certificateFile: "/nowhere/ca.pem", keyFile: "/nowhere/key.pem"),
        ] {
            let error = await #expect(throws: RedisError.self) {
                try await withRedis("rediss://localhost:1", configure: { $0.tls = tls }) { _ in }
            }
            #expect(error?.kind == .configuration)
            #expect(error?.message.contains("/nowhere/ca.pem") == true)
        }
        let error = await #expect(throws: RedisError.self) {
            try await withRedis(
                "rediss://localhost:1", configure: { $0.tls = .init(certificateFile: "/nowhere/c.pem") }
            ) {
                _ in
            }
        }
        #expect(error?.message.contains("no key file") == true)
    }

    @Test("The host name is in the TLS greeting, for servers that choose the certificate by it")
    func serverNameIndication() async throws {
        let (greetings, continuation) = AsyncStream<String>.makeStream()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.pipeline.addHandler(GreetingHandler { continuation.yield($0) })
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let client = RedisClient(
            configuration: try .patient("rediss://localhost:\(port)"), logger: .silent)
        let error = await #expect(throws: RedisError.self) { try await client.start() }
        #expect(error?.canRetry == true)
        var iterator = greetings.makeAsyncIterator()
        #expect(await iterator.next()?.contains("localhost") == true)
        await client.close()
        try await listener.close()
    }
}

/// Hands over the first bytes as text and closes the connection.
private final class GreetingHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let onGreeting: @Sendable (String) -> Void

    init(_ onGreeting: @escaping @Sendable (String) -> Void) { self.onGreeting = onGreeting }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        onGreeting(String(decoding: unwrapInboundIn(data).readableBytesView, as: UTF8.self))
        context.close(promise: nil)
    }
}
