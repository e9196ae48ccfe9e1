// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import JSON
import Logging
import Postgres
import SCIM
import Storage
import Sync
import TestSupport
import Testing

@testable import scim_bridge

@Suite(.serialized, .timeLimit(.minutes(3))) struct ResourceCommandTests {
    private static let id = "3f1c8a52-7a0e-4a4f-9a55-1d2c3b4a5f60"
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    // MARK: The command line

    @Test(
        "What is wrong on the command line is refused before anything is done",
        arguments: [
            "user", "user upsert --given-name Ada", "user upsert --user-name ada --active --inactive",
            "user upsert --user-name ada --password-file f --no-push", "user upsert --user-name ada --reset-password",
            "user upsert --user-name ada --password x", "user upsert --user-name ada --tenant A",
            "user upsert --user-name ada --tenant -a", "user upsert --user-name ada --client",
            "user upsert --user-name ada --id 7",
            "user upsert --user-name ada --id 0198f3a2-5c1e-7000-8000-0123456789ab",
            "group upsert", "group upsert --member ada", "group add-member --group g", "group add-member --member ada",
            "group remove-member --group g", "group add-member --group g --member ada --given-name x",
        ])
    func refused(line: String) {
        #expect(throws: (any Error).self) { try Self.parse(line) }
    }

    @Test(
        "What is right is taken",
        arguments: [
            "user upsert --user-name ada --family-name Byron --given-name Ada --display-name Ada --email a@x.org --email b@x.org",
            "user upsert --user-name ada --external-id 7 --inactive --password-file f --reset-password --json",
            "user upsert --file ada.json --reset-password --reason why --actor jo", "user upsert --file -",
            "user upsert --user-name ada --id ID --tenant a-1 --client idp --no-push",
            "group upsert --display-name g --external-id 7 --description d --member ada --member ID --id ID",
            "group upsert --file g.json --no-push", "group add-member --group g --member ada --member bo --no-push",
            "group remove-member --group ID --member ada --json",
        ])
    func accepted(line: String) {
        #expect(throws: Never.self) { try Self.parse(line) }
    }

    private static func parse(_ line: String) throws -> any ParsableCommand {
        let words = line.replacing("ID", with: id).split(separator: " ").map(String.init)
        let command = try ScimBridge.parseAsRoot(words)
        // A group of commands alone shows its help.
        if command is UserCommand || command is GroupCommand { throw CleanExit.helpRequest() }
        return command
    }

    @Test("Every command has a help text with an example")
    func help() {
        let commands: [any ParsableCommand.Type] =
            [UserCommand.self, GroupCommand.self] + UserCommand.configuration.subcommands
            + GroupCommand.configuration.subcommands
        for command in commands {
            #expect(command.configuration.discussion.contains("Example:\n\n  scim-bridge "), "\(command)")
        }
    }

    @Test("Options count more than the file, keep what they do not name, and an empty one takes an attribute away")
    func document() async throws {
        try await withFolder { folder in
            let settings = Settings(folder: folder)
            let file = settings.file(
                "ada.json", #"{"USERNAME": "x", "Name": {"FamilyName": "x", "middleName": "K"}, "title": "Dr"}"#)
            let password = settings.file("password", "a Passw0rd! \n")
            let command = try UserUpsertCommand.parse([
                "--file", file, "--user-name", "ada", "--family-name", "Lovelace", "--display-name", "", "--email",
                "a@x.org", "--email", "b@x.org", "--inactive", "--password-file", password, "--reset-password",
            ])
            #expect(
                try command.document().attributes == [
                    "userName": "ada", "Name": ["middleName": "K", "familyName": "Lovelace"], "title": "Dr",
                    "displayName": .null, "active": false, "password": "a Passw0rd! ",
                    "emails": [
                        ["value": "a@x.org", "type": "work", "primary": true], ["value": "b@x.org", "type": "work"],
                    ],
                ])
            let group = try GroupUpsertCommand.parse(["--display-name", "g", "--description", "d"])
            #expect(
                try group.document().attributes == [
                    "displayName": "g", SchemaURN.univentionGroup: ["description": "d"],
                ])
            for content in ["", "[]", "{"] {
                let bad = settings.file("bad.json", content)
                #expect(throws: CommandFailure.self) { try ResourceDocument(file: bad) }
            }
            #expect(throws: CommandFailure.self) { try ResourceDocument(file: folder + "/none") }
            #expect(throws: CommandFailure.self) { try ResourceDocument.password(in: settings.file("empty", "\n")) }
        }
    }

    // MARK: With a database

    /// Runs commands with the settings of the database alone.
    private struct Shell {
        let settings: Settings
        let configuration: PostgresConfiguration
        var environment: [String: String]

        func run(_ words: String...) async throws -> JSONValue {
            let command = try ScimBridge.parseAsRoot(words + ["--json", "--actor", "op"])
            let text =
                switch command {
                case let command as UserUpsertCommand: try await command.execute(environment: environment)
                case let command as GroupUpsertCommand: try await command.execute(environment: environment)
                case let command as GroupAddMemberCommand: try await command.execute(environment: environment)
                case let command as GroupRemoveMemberCommand: try await command.execute(environment: environment)
                default: ""
                }
            return try JSONValue(parsing: text)
        }

        func number(_ sql: String) async throws -> Int {
            let connection = try await PostgresConnection.open(configuration, label: "look", logger: logger)
            let result = try await connection.execute(PostgresStatement(unnamed: sql), [])
            await connection.close()
            return Int(try result[0].int(0))
        }
    }

    private func withShell(isMigrated: Bool = true, _ body: (Shell) async throws -> Void) async throws {
        try await withSchema { (database) async throws in
            try await withFolder { (folder) async throws in
                if isMigrated {
                    _ = try await Migrator(
                        configuration: database, folder: packageFolder + "/schema", logger: Self.logger
                    ).migrate()
                }
                let option = "options=-csearch_path%3D\(database.searchPath ?? "")"
                let shell = Shell(
                    settings: Settings(folder: folder), configuration: database,
                    environment: [
                        "DATABASE_URL": "\(database.url)\(database.url.contains("?") ? "&" : "?")\(option)",
                        "SCHEMA_FOLDER": packageFolder + "/schema",
                    ])
                try await body(shell)
            }
        }
    }

    @Test("The account of a client and its group come with the database alone, and again without a change")
    func bootstrap() async throws {
        try await withShell { shell in
            var ids: [JSONValue?] = []
            for (user, group, member) in [("created", "created", "changed"), ("unchanged", "unchanged", "unchanged")] {
                let client = try await shell.run(
                    "user", "upsert", "--user-name", "idp-client", "--family-name", "Client")
                #expect(client["result"] == .string(user))
                let clients = try await shell.run(
                    "group", "upsert", "--display-name", "scim-clients", "--description", "May use SCIM")
                #expect(clients["result"] == .string(group))
                let added = try await shell.run(
                    "group", "add-member", "--group", "SCIM-clients", "--member", "idp-client")
                #expect(added["result"] == .string(member))
                #expect(added["resource"] == clients["resource"])
                #expect((added["job"] != nil) == (member == "changed"))
                ids.append(client["resource"])
            }
            #expect(ids[0] != nil && ids[0] == ids[1])
            #expect(try await shell.number("SELECT count(*) FROM job WHERE client = 'cli'") == 3)
            #expect(try await shell.number("SELECT count(*) FROM audit_log WHERE actor = 'op'") == 3)
            let removed = try await shell.run(
                "group", "remove-member", "--group", "scim-clients", "--member", "idp-client", "--no-push")
            #expect(removed["result"] == "changed")
            #expect(removed["job"] == nil)
            #expect(try await shell.number("SELECT count(*) FROM job") == 3)
            #expect(try await shell.number("SELECT count(*) FROM job_history WHERE state = 'cancelled'") == 1)
        }
    }

    @Test("Errors say what is wrong, with the status that scripts go by")
    func errors() async throws {
        try await withShell { shell in
            func failure(_ words: String...) async throws -> CommandFailure? {
                await #expect(throws: CommandFailure.self) {
                    let command = try ScimBridge.parseAsRoot(words)
                    if let command = command as? UserUpsertCommand {
                        _ = try await command.execute(environment: shell.environment)
                    } else if let command = command as? GroupUpsertCommand {
                        _ = try await command.execute(environment: shell.environment)
                    } else if let command = command as? GroupAddMemberCommand {
                        _ = try await command.execute(environment: shell.environment)
                    }
                }
            }
            let nameless = try await failure("user", "upsert", "--user-name", "ada")
            #expect(nameless?.message == "refused: name is required")
            #expect(nameless?.status == ExitStatus.failure)
            let at = try await failure("user", "upsert", "--user-name", "a@b", "--family-name", "B")
            #expect(at?.message.hasPrefix("refused: userName must not contain @") == true)
            _ = try await shell.run("user", "upsert", "--user-name", "ada", "--family-name", "Byron")
            let clash = try await failure("group", "upsert", "--display-name", "Ada")
            #expect(clash?.message == #"refused: the name "ada" is taken by another user or group"#)
            #expect(clash?.status == ExitStatus.failure)
            let unknown = try await failure("group", "upsert", "--display-name", "g", "--member", "bo")
            #expect(unknown?.message == #"refused: no such user or group: "bo""#)
            #expect(unknown?.status == ExitStatus.notFound)
            let group = try await failure("group", "add-member", "--group", "g", "--member", "ada")
            #expect(group?.status == ExitStatus.notFound)
            let file = shell.settings.file("ada.json", #"{"userName": "ada", "password": "a-Passw0rd!"}"#)
            let password = try await failure("user", "upsert", "--file", file, "--no-push")
            #expect(password?.status == ExitStatus.usage)
            #expect(try await shell.number("SELECT count(*) FROM job") == 1)
        }
    }

    @Test("A password needs the key that seals it, and is stored sealed")
    func password() async throws {
        try await withShell { shell in
            var shell = shell
            let file = shell.settings.file("password", "a-Passw0rd!\n")
            let problems = await #expect(throws: ConfigurationProblems.self) {
                try await shell.run(
                    "user", "upsert", "--user-name", "ada", "--family-name", "B", "--password-file", file)
            }
            #expect(problems?.description.contains("PASSWORD_KEY_FILE") == true)
            shell.environment["PASSWORD_KEY_FILE"] = shell.settings.environment["PASSWORD_KEY_FILE"]
            for result in ["created", "unchanged"] {
                let user = try await shell.run(
                    "user", "upsert", "--user-name", "ada", "--family-name", "B", "--password-file", file)
                #expect(user["result"] == .string(result))
            }
            #expect(try await shell.number("SELECT count(*) FROM job WHERE octet_length(secret) > 0") == 1)
        }
    }

    @Test("With Redis the job is enqueued at once; a Redis that is away is no failure")
    func redis() async throws {
        try await withShell { shell in
            var shell = shell
            for (name, url) in [("ada", try await RedisForTests.url()), ("bo", "redis://127.0.0.1:1")] {
                shell.environment["REDIS_URL"] = url
                let user = try await shell.run("user", "upsert", "--user-name", name, "--family-name", "B")
                #expect(user["result"] == "created")
            }
            shell.environment["REDIS_URL"] = "http://127.0.0.1"
            await #expect(throws: ConfigurationProblems.self) {
                try await shell.run("user", "upsert", "--user-name", "carl", "--family-name", "B")
            }
        }
    }

    @Test("A database without a schema ends a command with what to do")
    func notMigrated() async throws {
        try await withShell(isMigrated: false) { shell in
            let failure = await #expect(throws: CommandFailure.self) {
                try await shell.run("user", "upsert", "--user-name", "ada", "--family-name", "B")
            }
            #expect(failure?.status == ExitStatus.configuration)
            #expect(failure?.message.contains("scim-bridge migrate") == true)
        }
    }
}
