// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import JSON
import ProvisioningDouble
import SCIM
import Testing

@Suite struct ProvisioningClientTests {
    private func withClient<Value>(
        _ configuration: ProvisioningConfiguration, _ body: (ProvisioningClient) async throws -> Value
    ) async throws -> Value {
        let client = try ProvisioningClient(configuration: configuration, logger: LogCollector().logger)
        do {
            let value = try await body(client)
            await client.shutdown()
            return value
        } catch {
            await client.shutdown()
            throw error
        }
    }

    private func message() throws -> [UInt8] { try EventBuilder(Row.configuration()).message(of: Row.make()).json }

    @Test("an event is accepted with the events account and its request id")
    func accepted() async throws {
        try await withProvisioningDouble { (double) async throws in
            try await withClient(Row.provisioning(url: double.baseURL + "/")) { (client) async throws in
                let id = LowercaseUUID.random()
                #expect(await client.publish(try message(), requestID: id) == .accepted)
                #expect(double.messages.map(\.requestID) == [id.description])
            }
        }
    }

    @Test(
        "what the service answers is classified",
        arguments: [
            (Fault.unauthorized, "configuration"), (.publisherRefused, "refused"), (.internalError, "transient"),
            (.unavailable, "transient"), (.dropBeforeAccept, "transient"), (.dropAfterAccept, "transient"),
        ])
    func classified(fault: Fault, name: String) async throws {
        try await withProvisioningDouble { double in
            double.changeSwitches { $0.faults[fault] = .always }
            try await withClient(Row.provisioning(url: double.baseURL)) { client in
                let answer = await client.publish(try message(), requestID: .random())
                switch answer {
                case .misconfigured: #expect(name == "configuration")
                case .refused(_, let namesPublisher): #expect(name == "refused" && namesPublisher)
                case .retry: #expect(name == "transient")
                case .accepted, .tooLarge: Issue.record("\(answer)")
                }
            }
        }
    }

    @Test("an answer whose body never comes ends with the timeout, and its status counts", .timeLimit(.minutes(1)))
    func stalledBody() async throws {
        let server = try await StallingServer.start(status: 503)
        var configuration = Row.provisioning(url: server.url)
        configuration.timeout = .milliseconds(300)
        try await withClient(configuration) { client in
            guard case .retry = await client.publish(try message(), requestID: .random()) else {
                Issue.record("not retried")
                return
            }
        }
        try await server.stop()
    }

    @Test("a request that hangs is a timeout, whose outcome is unknown")
    func timeout() async throws {
        try await withProvisioningDouble { double in
            double.changeSwitches { $0.faults[.hangAfterAccept] = .always }
            var configuration = Row.provisioning(url: double.baseURL)
            configuration.timeout = .milliseconds(300)
            try await withClient(configuration) { client in
                guard case .retry = await client.publish(try message(), requestID: .random()) else {
                    Issue.record("not to be tried again")
                    return
                }
                #expect(double.messages.count == 1)
            }
        }
    }

    @Test("nobody there is worth another try")
    func refusedConnection() async throws {
        let port = try await withProvisioningDouble { $0.port }
        try await withClient(Row.provisioning(url: "http://127.0.0.1:\(port)")) { client in
            guard case .retry = await client.publish(try message(), requestID: .random()) else {
                Issue.record("not to be tried again")
                return
            }
        }
    }

    @Test("a redirect is not followed: the address is wrong")
    func redirect() async throws {
        try await withProvisioningDouble { double in
            // The double answers a path with a slash at its end with 307.
            try await withClient(Row.provisioning(url: double.baseURL + "/v1/messages/?")) { client in
                guard case .misconfigured = await client.publish(try message(), requestID: .random()) else {
                    Issue.record("not told as a wrong address")
                    return
                }
            }
        }
    }

    @Test("a password that the service cannot read is told before it is refused")
    func passwordNotASCII() async throws {
        var configuration = Row.provisioning(url: "http://127.0.0.1:1")
        #expect(configuration.problems.isEmpty)
        configuration.password = "pässword"
        let problem = "the Provisioning user name and password must be ASCII: the service takes no others"
        #expect(configuration.problems == [problem])
    }

    @Test("the probe tells account, address and publisher name apart and publishes nothing")
    func probe() async throws {
        try await withProvisioningDouble { (double) async throws in
            func probe(_ change: (inout ProvisioningConfiguration) -> Void) async throws -> PublishAnswer {
                var configuration = Row.provisioning(url: double.baseURL)
                change(&configuration)
                return try await withClient(configuration) { await $0.probe() }
            }
            func reason(_ answer: PublishAnswer) -> String {
                if case .misconfigured(let reason) = answer { reason } else { "\(answer)" }
            }
            #expect(try await probe { _ in } == .accepted)
            #expect(reason(try await probe { $0.password = "wrong" }).contains("PROVISIONING_PASSWORD_FILE"))
            #expect(reason(try await probe { $0.url += "/wrong" }).contains("PROVISIONING_URL"))
            #expect(reason(try await probe { $0.publisherName = "scim" }).contains("PROVISIONING_PUBLISHER_NAME"))
            #expect(double.messages.isEmpty)
        }
    }

    @Test("a server that refuses everything is not the service", arguments: [400, 410])
    func probeElsewhere(status: Int) async throws {
        try await HTTPReceiver.run(answering: { _, _ in .init(status: status) }) { (receiver) async throws in
            try await withClient(Row.provisioning(url: receiver.url)) { (client) async throws in
                guard case .misconfigured(let reason) = await client.probe() else {
                    Issue.record("taken for the service")
                    return
                }
                #expect(reason.contains("PROVISIONING_URL"))
            }
        }
    }

    @Test("a connection is used again although the body of an answer comes after its head", .timeLimit(.minutes(1)))
    func reused() async throws {
        let server = try await LateBodyServer.start()
        try await withClient(Row.provisioning(url: server.url)) { (client) async throws in
            for _ in 0..<5 { #expect(await client.publish(try message(), requestID: .random()) == .accepted) }
        }
        #expect(server.connections == 1)
        try await server.stop()
    }

    @Test("a success whose body never comes is a success", .timeLimit(.minutes(1)))
    func stalledSuccess() async throws {
        let server = try await StallingServer.start(status: 202)
        try await withClient(Row.provisioning(url: server.url)) { (client) async throws in
            #expect(await client.publish(try message(), requestID: .random()) == .accepted)
        }
        try await server.stop()
    }
}
