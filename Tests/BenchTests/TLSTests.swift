// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOSSL
import TestSupport
import Testing

@testable import scim_bench

@Suite(.timeLimit(.minutes(1))) struct TLSTests {
    /// Lends a server that answers with `[]`, the URL of its address, and the file of the authority that signed it.
    private func withServer(
        names: String, _ body: (_ url: String, _ authority: String) async throws -> Void
    ) async throws {
        let authority = try RedisCertificates()
        defer { authority.remove() }
        let pair = try authority.sign("server", names: names)
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(pair.certificateFile).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: pair.keyFile, format: .pem)))
        let server = try await HTTPTestServer.start(tls: try NIOSSLContext(configuration: configuration)) { _ in
            HTTPTestServer.Answer(status: .ok, body: Array("[]".utf8))
        }
        do {
            try await body("https://127.0.0.1:\(server.port)", authority.authorityFile)
        } catch {
            try await server.stop()
            throw error
        }
        try await server.stop()
    }

    private func load(_ target: Target) async throws -> LoadResult {
        let generator = LoadGenerator(target: target, threads: 1)
        let source = GetRequests(target: target, token: nil, paths: ["/Users/a"], seed: 1)
        let window = LoadWindow(warmUp: .zero, measured: .seconds(20), maximumRequests: 10)
        let result = try await generator.run(source, connections: 2, window: window)
        try await generator.shutDown()
        return result
    }

    private func status(_ target: Target) async throws -> Int {
        let client = SCIMClient(target: target, token: nil)
        let result: Result<Int, any Error>
        do {
            result = .success(try await client.send(.GET, "/Users").status)
        } catch {
            result = .failure(error)
        }
        try await client.shutDown()
        return try result.get()
    }

    @Test("a server whose certificate an authority of the file has signed is measured as others are")
    func trusted() async throws {
        try await withServer(names: "DNS:localhost,IP:127.0.0.1") { url, authority in
            for text in [url, url.replacing("127.0.0.1", with: "localhost")] {
                let target = try Target(text, allowingRemote: false, authorities: authority)
                let result = try await load(target)
                #expect(result.accepted == 10)
                #expect(result.failures == [:])
                #expect(try await status(target) == 200)
            }
        }
    }

    @Test("a certificate of an unknown authority gets no request")
    func unknownAuthority() async throws {
        try await withServer(names: "DNS:localhost,IP:127.0.0.1") { url, _ in
            let target = try Target(url, allowingRemote: false)
            let result = try await load(target)
            #expect(result.accepted == 0)
            #expect(result.failures.values.reduce(0, +) == 2)
            await #expect(throws: BenchFailure.self) { try await status(target) }
        }
    }

    @Test("a certificate for another name gets no request, by address or by name")
    func otherName() async throws {
        try await withServer(names: "DNS:scim.example.org") { url, authority in
            for text in [url, url.replacing("127.0.0.1", with: "localhost")] {
                let target = try Target(text, allowingRemote: false, authorities: authority)
                #expect(try await load(target).accepted == 0)
            }
            let target = try Target(url, allowingRemote: false, authorities: authority)
            await #expect(throws: BenchFailure.self) { try await status(target) }
        }
    }
}
