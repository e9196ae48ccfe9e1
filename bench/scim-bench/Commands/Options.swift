// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import Postgres

struct TargetOptions: ParsableArguments {
    @Option(help: "Base of the SCIM service, such as http://127.0.0.1:8080/scim/v2, or with https://.") var url: String
    @Option(help: "PEM file of the authorities to trust for https://; otherwise the system's.") var caFile: String?
    @Option(help: "Bearer token. It shows in process lists: better a file.") var token: String?
    @Option(help: "File with the bearer token.") var tokenFile: String?
    @Flag(help: "Allow a target or database that is not on this machine.") var allowRemote = false
    @Option(help: "Process id of the server, to tell its processor time and memory.") var serverPid: Int32?

    /// - Throws: ``BenchFailure`` when the token cannot be a header's value.
    func readToken() throws -> String? {
        guard token == nil || tokenFile == nil else {
            throw BenchFailure("--token and --token-file are given; one of them is enough")
        }
        guard let text = try tokenFile.map({ try Secret.read($0, for: "--token-file") }) ?? token else { return nil }
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw BenchFailure("the token is empty or holds characters that no header may have")
        }
        return text
    }
}

struct RunOptions: ParsableArguments {
    @Option(help: "Numbers of connections, one after the other, such as 1,8,32.") var connections: String?
    @Option(help: "Runs for each number of connections, 3 unless given; of sync, 1.") var repeats: Int?
    @Option(help: "Seconds before the measured time of each run.") var warmUp = 1
    @Option(help: "Measured seconds of each run; otherwise what the budget leaves.") var seconds: Int?
    @Option(help: "Seconds for the whole bench.") var budgetSeconds: Int?
    @Option(help: "Most requests of one run.") var maximumRequests = 1_000_000
    @Option(help: "Threads of the load generator.") var threads = 1
    @Option(help: "Folder for the results as JSON and Markdown.") var output = "bench/results"
    @Option(help: "File to which a line with the path of the result is added.") var list: String?
    @Option(help: "A remark for the report as name=value; may be repeated.") var note: [String] = []
    @Flag(help: "No progress on standard error.") var quiet = false

    /// Runs of what is measured in rounds, unless they are given.
    static let standardRepeats = 3

    /// - Parameters:
    ///   - connections: Unless they are given.
    ///   - budget: In seconds, unless it is given.
    ///   - sides: 2 when a limit is measured in turn, otherwise 1.
    ///   - subjects: How many things are compared, each with its own runs.
    func plan(
        connections defaultConnections: String, budget: Int, sides: Int, subjects: Int = 1
    ) throws -> BenchPlan {
        try BenchPlan(
            connections: BenchPlan.connections(connections ?? defaultConnections),
            repeats: repeats ?? Self.standardRepeats, warmUp: warmUp, seconds: seconds,
            budget: budgetSeconds ?? budget, maximumRequests: maximumRequests, sides: sides, subjects: subjects)
    }

    func notes() throws -> [(name: String, value: String)] {
        try note.map { text in
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw BenchFailure("--note \"\(text)\" must be name=value") }
            return (String(parts[0]), String(parts[1]))
        }
    }
}

struct DatabaseOptions: ParsableArguments {
    @Option(
        help: """
            PostgreSQL of the server, such as postgresql://scim@127.0.0.1/scim. The limit is measured in it, and accepted \
            writes are counted in it. What the bench makes there lies in schemas of its own, removed at the end.
            """)
    var databaseUrl: String?
    @Option(help: "File with the password of the database.") var databasePasswordFile: String?
    @Option(help: "Threads of pgbench; otherwise one for each core.") var pgbenchThreads: Int?

    /// Of pgbench.
    var threads: Int { max(1, pgbenchThreads ?? ProcessInfo.processInfo.activeProcessorCount) }

    /// Nil without `--database-url`.
    func configuration() throws -> PostgresConfiguration? {
        guard let databaseUrl else { return nil }
        guard !Self.holdsPassword(databaseUrl) else {
            throw BenchFailure(
                "the database URL holds a password, which shows in process lists. Use --database-password-file")
        }
        let password = try databasePasswordFile.map { try Secret.read($0, for: "--database-password-file") }
        return PostgresConfiguration(
            url: databaseUrl, password: password, applicationName: "scim-bench", statementTimeout: .seconds(600))
    }

    static func holdsPassword(_ url: String) -> Bool {
        if url.contains("password=") { return true }
        guard let scheme = url.range(of: "://") else { return false }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
        guard let at = authority.lastIndex(of: "@") else { return false }
        return authority[..<at].contains(":")
    }
}

/// How accepted writes are proven.
enum VerificationChoice: String, ExpressibleByArgument, Sendable { case database, samples }

/// The directory that `load` fills and the other commands ask for.
struct DirectoryOptions: ParsableArguments {
    @Option(help: "Number of users.") var users = 1_000_000
    @Option(help: "Of all names; the same for every command on one directory.") var seed: UInt64 = 1

    func validate() throws {
        guard (1...DirectoryUsers.largestCount).contains(users) else {
            throw ValidationError("--users must be from 1 to \(DirectoryUsers.largestCount)")
        }
    }
}

enum Secret {
    static func read(_ path: String, for option: String) throws -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw BenchFailure("\(option): \(path) cannot be read")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
