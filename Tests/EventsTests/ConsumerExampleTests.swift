// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Foundation
import JSON
import ProvisioningDouble
import SCIM
import Storage
import Testing

/// The examples of docs/consuming, run as they are.
@Suite struct ConsumerExampleTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/consuming")

    private static let python = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/python3" }.first { FileManager.default.isExecutableFile(atPath: $0) }

    /// An example that was not run would be as good as none.
    static func findPython() throws -> String {
        try #require(python, "python3 is not installed: the package python3, which `make setup` installs")
    }

    private func builder() -> EventBuilder { EventBuilder(Row.configuration()) }

    @Test(
        "the examples name the metadata and the headers as they are sent",
        arguments: ["consumer.py", "webhook_receiver.py"])
    func shape(name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
        #expect(text.contains("METADATA = \"urn:univention:scim:event:1.0\""))
        #expect(text.contains("SPDX-License-Identifier: Apache-2.0"))
    }

    @Test(
        "the consumer applies each event once, in order, confirms it, and remembers over a restart",
        .timeLimit(.minutes(2)))
    func consumer() async throws {
        try await withProvisioningDouble { (double) async throws in
            try await Script.withFolder { (folder) async throws in
                func consume() async throws -> [JSONValue] {
                    let script = try Script(
                        Self.folder.appending(path: "consumer.py"),
                        [
                            "--url", double.baseURL, "--name", "example", "--password-file",
                            folder.file("secret", "s3cret\n"),
                            "--admin-password-file", folder.file("admin", "provisioning\n"), "--state",
                            folder.path("state.db"),
                            "--idle-exit", "3", "--poll", "0.2",
                        ], folder)
                    try await script.end()
                    return try script.lines()
                }
                #expect(try await consume().isEmpty)

                let user = ResourceID.random()
                let events = [
                    Row.make(id: .random(), order: 1, resourceID: user),
                    Row.make(
                        id: .random(), order: 5, resourceID: user, revision: 2, operation: .modify,
                        old: Row.state(["userName": "a"])),
                    // Held up: it tells of a state that is over.
                    Row.make(
                        id: .random(), order: 3, resourceID: user, revision: 2, operation: .modify,
                        old: Row.state(["userName": "a"])),
                    Row.make(
                        id: .random(), order: 6, resourceID: user, kind: .error,
                        error: ["status": "409", "detail": "taken"]),
                    Row.group(old: nil, new: nil, delta: ["added": [.string(Row.memberID(1))], "removed": []]),
                    Row.make(
                        id: .random(), order: 9, resourceID: user, revision: 3, operation: .delete,
                        old: Row.state(["userName": "b"]), new: nil),
                ]
                let client = try ProvisioningClient(
                    configuration: Row.provisioning(url: double.baseURL), logger: LogCollector().logger)
                for event in events {
                    let message = try builder().message(of: event)
                    // Each twice, as after a lost answer.
                    for _ in 1...2 { #expect(await client.publish(message) == .accepted) }
                }
                await client.shutdown()

                let lines = try await consume()
                #expect(
                    lines.map { $0["kind"]?.stringValue } == [
                        "created", "modified", "sync-error", "modified", "deleted",
                    ])
                #expect(lines.first?["new"]?["userName"] == "jroe")
                #expect(lines.first?["new"]?["objectType"] == nil)
                #expect(lines[2]["detail"] == "taken")
                #expect(lines[3]["membersDelta"]?["added"] == [.string(Row.memberID(1))])
                #expect(try await consume().isEmpty)
            }
        }
    }

    @Test(
        "the receiver takes what is signed, once, and nothing else", .timeLimit(.minutes(2)))
    func receiver() async throws {
        try await Script.withFolder { (folder) async throws in
            let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
            let script = try Script(
                Self.folder.appending(path: "webhook_receiver.py"),
                ["--port", "0", "--secret-file", folder.file("secret", "\(secret)\n\(Row.webhookSecretText)\n")], folder
            )
            let port = try await script.port()
            func publish(_ event: OutboxEvent, _ secret: String, at time: Timestamp = .now()) async throws
                -> PublishAnswer
            {
                let configuration = WebhookConfiguration(
                    url: "http://127.0.0.1:\(port)/scim", secrets: [WebhookSecret(secret)].compactMap(\.self))
                let sink = try WebhookSink(configuration: configuration, logger: LogCollector().logger) { time }
                let answer = await sink.publish(try builder().message(of: event))
                await sink.shutdown()
                return answer
            }
            let user = ResourceID.random()
            let first = Row.make(id: .random(), order: 1, resourceID: user)
            let second = Row.make(id: .random(), order: 2, resourceID: user)
            #expect(try await publish(first, secret) == .accepted)
            #expect(try await publish(first, Row.webhookSecretText) == .accepted)
            #expect(try await publish(second, secret) == .accepted)
            let stranger = "whsec_" + Data(repeating: 1, count: 32).base64EncodedString()
            for answer in [
                try await publish(second, stranger),
                try await publish(second, secret, at: Row.time("2020-01-01T00:00:00Z")),
            ] {
                guard case .misconfigured = answer else {
                    Issue.record("\(answer)")
                    continue
                }
            }
            try await script.stop()
            #expect(try script.lines().map { $0["order"] } == [1, 2])
        }
    }
}

/// A Python program that runs beside a test.
private final class Script: Sendable {
    struct Folder: Sendable {
        let url: URL

        func path(_ name: String) -> String { url.appending(path: name).path }

        func file(_ name: String, _ content: String) -> String {
            let path = path(name)
            #expect(FileManager.default.createFile(atPath: path, contents: Data(content.utf8)))
            return path
        }
    }

    static func withFolder<Value>(_ body: (Folder) async throws -> Value) async throws -> Value {
        let url = FileManager.default.temporaryDirectory.appending(path: "consumer-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }
        return try await body(Folder(url: url))
    }

    private let process: Process
    private let output: String
    private let errors: String

    init(_ program: URL, _ arguments: [String], _ folder: Folder) throws {
        let run = UInt64.random(in: 0 ... .max)
        output = folder.file("output-\(run)", "")
        errors = folder.file("errors-\(run)", "")
        process = Process()
        process.executableURL = URL(filePath: try ConsumerExampleTests.findPython())
        process.arguments = ["-B", program.path] + arguments
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
    }

    func lines() throws -> [JSONValue] {
        try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n").map {
            try JSONValue(parsing: Array($0.utf8))
        }
    }

    private func complaints() -> String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }

    func end() async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while process.isRunning && ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        if process.isRunning { try await stop() }
        #expect(process.terminationStatus == 0, "\(complaints())")
        #expect(complaints().isEmpty)
    }

    /// Looks for `listening on 127.0.0.1:<port>`, for 30 s at most.
    func port() async throws -> Int {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            let line = complaints()
            if line.hasSuffix("\n"), let port = line.split(separator: ":").last.flatMap({ Int($0.dropLast()) }) {
                return port
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("the receiver does not listen: \(complaints())")
        return 0
    }

    /// Waits for the end, for 20 s at most; whoever waits with `waitUntilExit` may wait for ever.
    func stop() async throws {
        // SIGKILL: the test process may have SIGTERM blocked, which its children inherit.
        kill(process.processIdentifier, SIGKILL)
        let deadline = ContinuousClock.now + .seconds(20)
        while process.isRunning && ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        #expect(!process.isRunning)
    }
}
