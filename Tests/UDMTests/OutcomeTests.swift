// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing
import UDM

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What is known of a call that got no whole answer.
@Suite struct OutcomeTests {
    private static let created = [
        ("Location", "http://x/univention/udm/users/user/uid%3Djroe%2Cdc%3Dx"), ("Etag", "\"1\""),
    ]

    struct Writes: Sendable {
        static func all(_ client: UDMClient) -> [(String, @Sendable () async throws -> Void)] {
            [
                (
                    "POST",
                    { _ = try await client.create(.user, properties: ["username": "jroe"], requestID: requestID) }
                ),
                (
                    "PATCH",
                    { _ = try await client.modify(.user, dn: roe, properties: ["title": "x"], requestID: requestID) }
                ),
                ("DELETE", { try await client.delete(.user, dn: roe, requestID: requestID) }),
            ]
        }
    }

    @Test("a connection that closes after the request leaves a write unknown and a read to repeat")
    func hangUp() async throws {
        try await withUDM { _ in
            .hangUp
        } _: { client, server in
            for (method, write) in Writes.all(client) {
                let error = try await udmError(write)
                #expect(error.class == .unknownOutcome, "\(method)")
                #expect(error.status == nil)
            }
            let error = try await udmError { _ = try await client.get(.user, dn: roe, requestID: requestID) }
            #expect(error.class == .transient)
            #expect(server.requests.count == 4)
        }
    }

    @Test("no answer in time leaves a write unknown and a read to repeat")
    func silence() async throws {
        try await withUDM {
            $0.timeout = .seconds(2)
        } respond: { _ in
            .silence
        } _: { client, server in
            let read = Task {
                try await udmError { _ = try await client.get(.user, dn: roe, requestID: requestID) }
            }
            let writes = Writes.all(client).map { method, write in
                Task { (method, try await udmError(write)) }
            }
            for write in writes {
                let (method, error) = try await write.value
                #expect(error.class == .unknownOutcome, "\(method)")
                #expect(error.detail == "no answer: no answer within 2.0 seconds")
                #expect(!error.isCancellation)
            }
            #expect(try await read.value.class == .transient)
            #expect(server.requests.count == 4)
        }
    }

    @Test("a refused connection was no call")
    func refused() async throws {
        let server = try await ScriptedServer.start { _ in .silence }
        let port = server.port
        try await withUDM {
            $0.baseURL = "http://127.0.0.1:\(port)/udm/"
        } respond: { _ in
            .silence
        } _: { client, _ in
            // Not before the other server listens, which could get the port.
            try await server.stop()
            let clock = ContinuousClock()
            let start = clock.now
            for (method, write) in Writes.all(client) {
                let error = try await udmError(write)
                #expect(error.class == .transient, "\(method)")
                #expect(error.detail.hasPrefix("not sent"))
            }
            // Known at once, not after the connect timeout of five seconds.
            #expect(start.duration(to: clock.now) < .seconds(5))
        }
    }

    @Test("a host without an address was no call")
    func noSuchHost() async throws {
        try await withUDM {
            $0.baseURL = "http://udm.invalid/udm/"
        } respond: { _ in
            .silence
        } _: { client, _ in
            let error = try await udmError {
                _ = try await client.create(.user, properties: [:], requestID: requestID)
            }
            #expect(error.class == .transient)
            #expect(error.detail.hasPrefix("not sent"))
        }
    }

    @Test("a server that takes no more connections was no call")
    func poolExhausted() async throws {
        try await withUDM { configuration in
            configuration.maximumConnections = 1
            configuration.connectTimeout = .seconds(2)
        } respond: { _ in
            .silence
        } _: { client, server in
            let first = Task {
                try await udmError {
                    _ = try await client.create(.user, properties: ["username": "a"], requestID: requestID)
                }
            }
            _ = try #require(await server.firstRequest())
            let second = try await udmError {
                _ = try await client.create(.user, properties: ["username": "b"], requestID: requestID)
            }
            #expect(second.class == .transient)
            #expect(server.requests.count == 1)
            first.cancel()
            #expect(try await first.value.class == .unknownOutcome)
        }
    }

    @Test("a success whose body is lost is a success, since the head has the DN")
    func lostBody() async throws {
        for reply in [ScriptedServer.Reply.cutOff(201, headers: Self.created), .stall(201, headers: Self.created)] {
            try await withUDM {
                $0.timeout = .seconds(2)
            } respond: { _ in
                reply
            } _: { client, _ in
                let written = try await client.create(.user, properties: [:], requestID: requestID)
                #expect(written == UDMWritten(dn: "uid=jroe,dc=x", etag: "\"1\""))
            }
        }
    }

    @Test(
        "a change or a delete is done by 204 or JSON, and by no page of something in between",
        arguments: [
            (ScriptedServer.Reply.answer(200, headers: [("Content-Type", "text/html")], body: "<html>"), false),
            (.answer(200), false), (.cutOff(200, headers: [("Content-Type", "text/html")]), false),
            (.cutOff(200), true), (.answer(200, body: "{}"), true), (.answer(204), true),
        ])
    func foreignSuccess(reply: ScriptedServer.Reply, isDone: Bool) async throws {
        try await withUDM { _ in
            reply
        } _: { client, _ in
            if isDone {
                _ = try await client.modify(.user, dn: roe, properties: [:], requestID: requestID)
                try await client.delete(.user, dn: roe, requestID: requestID)
            } else {
                let change = try await udmError {
                    _ = try await client.modify(.user, dn: roe, properties: [:], requestID: requestID)
                }
                let removal = try await udmError { try await client.delete(.user, dn: roe, requestID: requestID) }
                #expect([change.class, removal.class] == [.transient, .transient])
            }
        }
    }

    @Test("a success that names no object leaves a create unknown")
    func namelessSuccess() async throws {
        try await withUDM { _ in
            .answer(201, body: "<html>")
        } _: { client, _ in
            let error = try await udmError {
                _ = try await client.create(.user, properties: [:], requestID: requestID)
            }
            #expect(error.class == .unknownOutcome)
        }
    }

    @Test("a read whose body is lost is to be repeated")
    func lostRead() async throws {
        for reply in [ScriptedServer.Reply.cutOff(200), .stall(200)] {
            try await withUDM {
                $0.timeout = .seconds(2)
            } respond: { _ in
                reply
            } _: { client, _ in
                let error = try await udmError { _ = try await client.get(.user, dn: roe, requestID: requestID) }
                #expect(error.class == .transient)
                if case .stall = reply {
                    #expect(error.detail == "the answer was cut off: no answer within 2.0 seconds")
                }
            }
        }
    }

    @Test("a refusal whose reason is lost is asked for again", arguments: [400, 403, 422])
    func lostReason(status: Int) async throws {
        try await withUDM { _ in
            .cutOff(status)
        } _: { client, _ in
            let error = try await udmError { try await client.delete(.user, dn: roe, requestID: requestID) }
            #expect(error.class == .transient(retryLimit: 5))
            #expect(error.status == status)
        }
    }

    @Test("cancelling the task ends the call and says what is known of it")
    func cancel() async throws {
        try await withUDM { _ in
            .silence
        } _: { client, server in
            let call = Task {
                try await udmError { _ = try await client.create(.user, properties: [:], requestID: requestID) }
            }
            _ = try #require(await server.firstRequest())
            call.cancel()
            let error = try await call.value
            #expect(error.isCancellation)
            #expect(error.class == .unknownOutcome)
        }
    }

    @Test("a call of a task that is cancelled already is not made")
    func cancelledBefore() async throws {
        try await withUDM { _ in
            .silence
        } _: { client, server in
            let call = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await udmError { _ = try await client.create(.user, properties: [:], requestID: requestID) }
            }
            let error = try await call.value
            #expect(error.isCancellation)
            // Whether the request still got out or not, the error must not claim less than happened.
            if !server.requests.isEmpty { #expect(error.class == .unknownOutcome) }
        }
    }

    @Test("calls that are given up at any moment are never taken for unsent when they were sent", arguments: 0..<20)
    func races(delay: Int) async throws {
        try await withUDM { configuration in
            configuration.maximumConnections = 4
        } respond: { _ in
            .answer(201, body: #"{"dn": "uid=a,dc=x"}"#)
        } _: { client, server in
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        // `true`: certainly not sent.
                        let call = Task {
                            do {
                                _ = try await client.create(.user, properties: [:], requestID: requestID)
                                return false
                            } catch let error as UDMError {
                                return error.class == .transient
                            } catch {
                                return false
                            }
                        }
                        for _ in 0..<(delay * 5) { await Task.yield() }
                        call.cancel()
                        return await call.value
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            // A request may be on its way still; it must not be more than those that were not given up unsent.
            #expect(server.requests.count <= 20 - outcomes)
        }
    }

    @Test("a server that speaks first is not listened to")
    func speaksFirst() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Greeter())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(channel.localAddress?.port)
        try await withUDM {
            $0.baseURL = "http://127.0.0.1:\(port)/"
        } respond: { _ in
            .silence
        } _: { client, _ in
            for _ in 0..<5 {
                let error = try await udmError { _ = try await client.get(.user, dn: roe, requestID: requestID) }
                #expect(error.class == .transient)
            }
        }
        try await channel.close()
    }

    @Test("TLS is verified: the configured authority is trusted, an unknown one is not, and no call is made then")
    func tls() async throws {
        let certificate = try NIOSSLCertificate.fromPEMBytes(Array(TestCertificate.certificate.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificate.privateKey.utf8), format: .pem)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: certificate.map { .certificate($0) }, privateKey: .privateKey(key)))
        let server = try await ScriptedServer.start(tls: context) { _ in .answer(200, body: ClientTests.roeBody) }
        let directory = FileManager.default.temporaryDirectory
        let file = directory.appending(path: "udm-tests-\(UInt64.random(in: 0 ... .max)).pem").path()
        try TestCertificate.certificate.write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }

        let url = "https://127.0.0.1:\(server.port)/udm/"
        try await withUDM { configuration in
            configuration.baseURL = url
            configuration.trustRootsFile = file
        } respond: { _ in
            .silence
        } _: { client, _ in
            let object = try await client.get(.user, dn: roe, requestID: requestID)
            #expect(object.dn == roe)
        }
        try await withUDM {
            $0.baseURL = url
        } respond: { _ in
            .silence
        } _: { client, _ in
            let error = try await udmError {
                _ = try await client.create(.user, properties: [:], requestID: requestID)
            }
            #expect(error.class == .transient)
            #expect(error.detail.hasPrefix("not sent"))
        }
        #expect(server.requests.count == 1)
        try await server.stop()
    }

    @Test("TLS to a server without it was no call")
    func tlsToPlain() async throws {
        try await withUDM { configuration in
            configuration.baseURL = configuration.baseURL.replacing("http://", with: "https://")
        } respond: { _ in
            .answer(200)
        } _: { client, _ in
            let error = try await udmError { try await client.delete(.user, dn: roe, requestID: requestID) }
            #expect(error.class == .transient)
            #expect(error.detail.hasPrefix("not sent"))
        }
    }
}

/// Says something the moment a connection opens.
private final class Greeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "220 welcome\r\n")), promise: nil)
    }
}
