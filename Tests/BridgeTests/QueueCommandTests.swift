// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSON
import Queue
import SCIM
import Storage
import Sync
import TestSupport
import Testing

@testable import scim_bridge

@Suite struct QueueCommandTests {
    private static let id = "0198f3a2-5c1e-7000-8000-0123456789ab"

    @Test(
        "What is wrong on the command line is refused before anything is done",
        arguments: [
            "list --parked --open", "list --parked --client a", "list --limit 0", "list --since yesterday",
            "list --operation read", "list --type Device", "list --resource 7", "show", "show 7", "show ID --jobs 0",
            "replay", "replay ID --all", "replay ID --tenant a", "replay --all --rate fast", "replay --all --rate 0/s",
            "edit ID", "edit ID --set userName", "edit ID --set a=1 --patch f", "edit ID --set password=x",
            "edit ID --set urn:x:Password=x", "discard ID", "discard ID --reason", "discard --reason x",
            "pause lane:fast", "pause operation:read", "resume", "resume all --everything", "verify User",
            "verify Device ID",
        ])
    func refused(line: String) {
        #expect(throws: (any Error).self) { try Self.parse(line) }
    }

    @Test(
        "What is right is taken",
        arguments: [
            "stats --json", "list", "list --failing --tenant a --type users --limit 10 --after ID --json",
            "list --since 2h --until 2026-05-04T12:00:00Z --error taken --scim-type uniqueness", "show ID --states",
            "replay ID --actor jo", "replay --all --rate 20/s", "replay --tenant a --rate 0.5 --dry-run",
            "edit ID --set userName=jo --remove title --if-revision 3 --reason why", "edit ID --patch -",
            "discard ID ID --reason gone", "pause", "pause all", "pause tenant:a --reason why", "resume --everything",
            "resume operation:delete", "rebuild", "verify user ID --repair", "rewrap",
        ])
    func accepted(line: String) {
        #expect(throws: Never.self) { try Self.parse(line) }
    }

    private static func parse(_ line: String) throws {
        let words = line.replacing("ID", with: id).split(separator: " ").map(String.init)
        _ = try ScimBridge.parseAsRoot(["queue"] + words)
    }

    @Test("Every command has a help text with an example")
    func help() {
        for command in QueueCommand.configuration.subcommands + [QueueCommand.self] {
            let text = command.configuration.discussion
            #expect(text.contains("Example:\n\n  scim-bridge queue "), "\(command)")
        }
    }

    @Test("--set makes a PATCH message: JSON where it is some, text otherwise, and a path may hold an equals sign")
    func message() throws {
        let message = try QueueEditCommand.message(
            set: [
                "userName=jo=roe", "active=false", #"emails[type eq "a=b"].value=x@y"#, "title=",
                #"name={"familyName":"Roe"}"#,
            ], remove: ["nickName"])
        let operations = try #require(message["Operations"]?.arrayValue)
        #expect(operations.map { $0["op"]?.stringValue } == Array(repeating: "replace", count: 5) + ["remove"])
        #expect(
            operations.map { $0["path"]?.stringValue }
                == ["userName", "active", #"emails[type eq "a=b"].value"#, "title", "name", "nickName"])
        #expect(
            operations.prefix(5).map { $0["value"] } == ["jo=roe", false, "x@y", "", ["familyName": "Roe"]])
        #expect(throws: Never.self) {
            try ResourceValidator().patch(message, as: .user)
        }
    }

    @Test("A stored error is one line, whatever is in it")
    func errorText() {
        let json =
            #"{"status":"409","scimType":"uniqueness","detail":"taken\nby \u001b[31mjo","udm":{"httpStatus":422}}"#
        #expect(QueueText.error(Array(json.utf8)) == "UDM 422: uniqueness: taken by  [31mjo")
        #expect(QueueText.error(nil) == nil)
        #expect(QueueText.error(Array("no json".utf8)) == nil)
    }

    @Test("What the workers know of UDM is told in words and for programs")
    func limits() throws {
        typealias Endpoint = CallLimitOverview.Endpoint
        let open = Endpoint(name: "a", breaker: .open, triedIn: .seconds(12), limit: 5)
        let halfOpen = Endpoint(name: "b", breaker: .halfOpen, probes: 2, limit: 5)
        let closed = Endpoint(name: "c", breaker: .closed, limit: 23)
        let overview = CallLimitOverview(endpoints: [open, halfOpen, closed], calling: 18, resting: 3)
        #expect(
            QueueText.limits(overview) == [
                "UDM a: breaker OPEN, tried again in 12 s",
                "UDM b: breaker half-open, 2 at a time to see whether it works",
                "UDM c: breaker closed, limit of calls 23",
                "Calls to UDM under way: 18, leases without one: 3",
            ])
        let fresh = CallLimitOverview(endpoints: [Endpoint(name: "a", breaker: .closed)], calling: 1, resting: 0)
        #expect(QueueText.limits(fresh).first == "UDM: breaker closed, limit of calls at its start")
        let now = Timestamp(microsecondsSinceEpoch: 1_750_000_000_000_000)
        let json = JSONValue.object(QueueJSON.udm(overview, at: now))
        #expect(json["callsUnderWay"]?.integerValue == 18)
        #expect(
            json["endpoints"] == [
                ["endpoint": "a", "breaker": "open", "triedAt": "2025-06-15T15:06:52.000Z", "limit": 5],
                ["endpoint": "b", "breaker": "half-open", "probes": 2, "limit": 5],
                ["endpoint": "c", "breaker": "closed", "limit": 23],
            ])
    }

    @Test("The progress bar tells how many, how fast and of how many")
    func progress() {
        let start = ContinuousClock.now
        let bar = ProgressBar(total: 200, isTerminal: true, now: start)
        let line = bar.line(100, "90 queued", now: start.advanced(by: .seconds(10)))
        #expect(line == "[###############               ] 100/200  10/s  90 queued")
        let open = ProgressBar(total: nil, isTerminal: true, now: start)
        #expect(open.line(5, "", now: start) == "5  5/s")
    }

    // MARK: Sessions

    private func environment(_ settings: Settings, _ database: String) async throws -> [String: String] {
        var environment = settings.environment
        environment["DATABASE_URL"] = database
        environment["DATABASE_PASSWORD_FILE"] = ""
        environment["REDIS_URL"] = try await RedisForTests.url()
        environment["REDIS_PASSWORD_FILE"] = ""
        environment["ALLOW_PLAINTEXT"] = "true"
        return environment
    }

    @Test("A command needs only the settings that it uses")
    func needs() throws {
        try withSettings { settings in
            let database = ["DATABASE_URL": "postgresql://scim@127.0.0.1/scim"]
            #expect(throws: Never.self) { try OperatorSettings.read([], environment: database) }
            for (needs, missing): (Set<OperatorSettings.Need>, String) in [
                ([.queue], "REDIS_URL"), ([.udm], "UDM_URL"), ([.passwordKey], "PASSWORD_KEY_FILE"),
            ] {
                let problems = #expect(throws: ConfigurationProblems.self) {
                    try OperatorSettings.read(needs, environment: database)
                }
                #expect(problems?.description.contains(missing) == true)
            }
            let all = try OperatorSettings.read(
                [.queue, .udm, .resources, .passwordKey], environment: settings.environment)
            #expect(all.redis != nil)
            #expect(all.udm != nil)
            #expect(all.passwordKeyFile != nil)
        }
    }

    @Test("A database that does not answer ends a command with what to do")
    func noDatabase() async throws {
        try await withFolder { folder in
            let settings = Settings(folder: folder)
            let environment = try await environment(settings, "postgresql://scim@127.0.0.1:1/scim")
            let failure = await #expect(throws: CommandFailure.self) {
                try await QueueSession.run([], environment: environment) { _ in }
            }
            #expect(failure?.status == ExitStatus.unavailable)
            #expect(failure?.message.contains("DATABASE_URL") == true)
        }
    }
}
