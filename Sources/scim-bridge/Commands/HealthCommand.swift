// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1

/// For containers without `curl`: the image has nothing but this program.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask a running process for its health: exit status 0 or 1.",
        discussion: """
            Example, as the health check of a container:

              scim-bridge health --url http://127.0.0.1:9090/health/ready

            Without --url the address is that of OPS_ADDRESS, or 127.0.0.1:9090. /health/live and /health/startup answer the other
            questions of an orchestrator. "degraded" is healthy: Redis or UDM is away, and work waits.
            """)

    @Option(help: "What is asked.") var url: String?
    @Option(help: "How long an answer may take.") var timeout = "3s"
    @Flag(help: "Print nothing.") var quiet = false

    func validate() throws {
        _ = try CommandLineValue.duration("--timeout", timeout)
        guard let url else { return }
        guard let parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme ?? ""),
            !(parts.host ?? "").isEmpty
        else { throw ValidationError("--url must be such as http://127.0.0.1:9090/health/ready, not \"\(url)\"") }
    }

    func run() async throws {
        let url = url ?? Self.url(ofOperations: ProcessInfo.processInfo.environment["OPS_ADDRESS"])
        let health = await Health.ask(url, timeout: try CommandLineValue.duration("--timeout", timeout))
        if !quiet { print(health.text) }
        if !health.isGood { throw ExitCode(ExitStatus.failure) }
    }

    /// - Parameter address: `OPS_ADDRESS`. Of all addresses of the machine the loopback one is asked.
    static func url(ofOperations address: String?) -> String {
        var asked = address.flatMap { HostAndPort($0) } ?? .standardOperations
        if ["0.0.0.0", "::"].contains(asked.host) { asked.host = asked.host == "::" ? "::1" : "127.0.0.1" }
        return "http://\(asked)/health/ready"
    }
}

/// One answer of `/health/…`, or why there is none.
struct Health: Equatable {
    var isGood: Bool
    /// A line for people and logs: `degraded (udm: no answer within 0.5 seconds)`.
    var text: String

    static func ask(_ url: String, timeout: Duration) async -> Health {
        let limit = TimeAmount.nanoseconds(Int64(timeout.inSeconds * 1e9))
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = limit
        configuration.redirectConfiguration = .disallow
        // An orchestrator asks again itself.
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(configuration: configuration)
        let health: Health
        do {
            let answer = try await client.execute(HTTPClientRequest(url: url), timeout: limit)
            let body = try await answer.body.collect(upTo: 1 << 20)
            health = Health(status: Int(answer.status.code), body: Array(body.readableBytesView))
        } catch {
            health = Health(isGood: false, text: "no answer from \(url): \(error)")
        }
        // Nothing is under way any more that could fail.
        try? await client.shutdown()
        return health
    }

    init(isGood: Bool, text: String) {
        self.isGood = isGood
        self.text = text
    }

    init(status: Int, body: [UInt8]) {
        isGood = status == 200
        let answer = (try? JSONValue(parsing: body))?.objectValue
        text = answer?["status"]?.stringValue ?? "HTTP status \(status)"
        let problems = (answer?["checks"]?.objectValue ?? JSONObject()).compactMap { name, check in
            check["error"]?.stringValue.map { "\(name): \($0)" }
        }
        if !problems.isEmpty { text += " (\(problems.joined(separator: "; ")))" }
    }
}
