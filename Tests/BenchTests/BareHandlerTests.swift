// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import NIOHTTP1
import Testing

@testable import scim_bench

@Suite(.timeLimit(.minutes(1))) struct BareHandlerTests {
    /// Beside the tests, which are built together with it.
    private static var program: String {
        URL(fileURLWithPath: BareHandler.ownPath).deletingLastPathComponent().appendingPathComponent("scim-bench").path
    }

    @Test("every request is answered with the same bytes and headers, and the process ends when it is told to")
    func served() async throws {
        try #require(FileManager.default.isExecutableFile(atPath: Self.program))
        let body = Array("{\"userName\":\"ada\"}".utf8)
        let handler = try await BareHandler.start(
            body: body, headers: [("Content-Type", "application/scim+json"), ("ETag", "W/\"1\"")],
            program: Self.program)
        let target = try Target("http://127.0.0.1:\(handler.port)", allowingRemote: false)
        let client = SCIMClient(target: target, token: nil)
        for path in ["/", "/Users/1?attributes=id"] {
            let answer = try await client.send(.GET, path)
            #expect(answer.status == 200)
            #expect(answer.body == body)
            #expect(answer.headers.first(name: "ETag") == "W/\"1\"")
            #expect(answer.headers.first(name: "Content-Type") == "application/scim+json")
        }
        let generator = LoadGenerator(target: target, threads: 1)
        let limit = BareHandlerLimit(
            generator: generator, requests: GetRequests(target: target, token: "t", paths: ["/Users/1"], seed: 1),
            pid: handler.pid)
        let window = LoadWindow(warmUp: .milliseconds(100), measured: .milliseconds(300))
        let result = try await limit.run(clients: 2, window: window, meter: ProcessorMeter()) { _ in }
        #expect(result.problems == [])
        #expect(result.rate > 0)
        #expect(try #require(result.percentiles).p50 > 0)
        try await client.shutDown()
        try await generator.shutDown()
        await handler.end()
        #expect(kill(handler.pid, 0) != 0)
    }

    @Test("a program that is no server is told")
    func noServer() async {
        await #expect(throws: BenchFailure.self) {
            try await BareHandler.start(body: [], headers: [], program: "/bin/true")
        }
    }

    @Test("headers are names and values", arguments: ["ETag", "a b: c", ""])
    func badHeader(text: String) {
        #expect(throws: BenchFailure.self) { try ServeBytesCommand.fields([text]) }
    }
}
