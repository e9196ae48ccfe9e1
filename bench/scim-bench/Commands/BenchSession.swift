// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import Postgres

/// What every bench has around its measurement: the target, its database, who watches them, and what is told of them.
struct BenchSession: Sendable {
    let target: Target
    let token: String?
    let generator: LoadGenerator
    let client: SCIMClient
    /// Nil without `--database-url`.
    let server: DatabaseServer?
    let meter: ProcessorMeter
    let seed: UInt64
    let began: Date
    private let memory: MemoryWatch?
    private let targetText: String
    private let notes: [(name: String, value: String)]
    private let loadBefore: String

    /// Measures, prints what was found, and keeps it. Ctrl-C ends the measurement, with everything that it made removed.
    ///
    /// - Throws: `ExitCode` 1 when the result is void.
    static func run(
        _ target: TargetOptions, _ run: RunOptions, _ database: DatabaseOptions? = nil, seed: UInt64,
        measure: @escaping @Sendable (BenchSession) async throws -> any BenchResult
    ) async throws {
        let bench = Task {
            let session = try await open(target, run, database, seed: seed)
            do {
                let result = try await measure(session)
                try await session.close()
                return result
            } catch {
                // What stopped the bench is what its user has to know.
                try? await session.close()
                throw error
            }
        }
        let interruption = Interruption { bench.cancel() }
        defer { interruption.end() }
        let result = try await bench.value
        print(result.text)
        let path = try ResultFiles(folder: run.output).write(result)
        print("\nresults: \(path)")
        if let list = run.list { try RunList(path: list).add(.result(path)) }
        if result.isVoid { throw ExitCode(1) }
    }

    private static func open(
        _ options: TargetOptions, _ run: RunOptions, _ database: DatabaseOptions?, seed: UInt64
    ) async throws -> BenchSession {
        let began = Date()
        let loadBefore = Machine.loadAverage
        let target = try Target(
            options.url, allowingRemote: options.allowRemote, authorities: options.caFile)
        let token = try options.readToken()
        let notes = try run.notes()
        var server: DatabaseServer?
        if let configuration = try database?.configuration() {
            server = try await DatabaseServer.inspect(configuration, allowingRemote: options.allowRemote)
        }
        var memory: MemoryWatch?
        if let pid = options.serverPid {
            guard let watch = MemoryWatch(process: pid) else {
                throw BenchFailure("there is no process \(pid) to watch. --server-pid names the server's")
            }
            memory = watch
        }
        return BenchSession(
            target: target, token: token, generator: LoadGenerator(target: target, threads: max(1, run.threads)),
            client: SCIMClient(target: target, token: token), server: server,
            meter: ProcessorMeter(server: options.serverPid, postmaster: server?.postmaster), seed: seed, began: began,
            memory: memory, targetText: options.url, notes: notes, loadBefore: loadBefore)
    }

    private func close() async throws {
        try await generator.shutDown()
        try await client.shutDown()
    }

    // MARK: - What it depends on

    /// As of now: the end of the measurement.
    /// - Parameter usesPgbench: Whether its version is to be told.
    func provenance(
        usesPgbench: Bool = false, notes own: [(name: String, value: String)] = []
    ) async throws -> Provenance {
        let peak = memory?.end()
        return Provenance(
            commit: await Provenance.commit(), target: targetText, machine: .current(),
            loadAverageBefore: loadBefore, loadAverageAfter: Machine.loadAverage,
            notes: try await versions(usesPgbench: usesPgbench) + own + notes,
            durability: server?.durability.settings ?? [], memory: peak)
    }

    private func versions(usesPgbench: Bool) async throws -> [(name: String, value: String)] {
        var notes: [(name: String, value: String)] = []
        if target.isSecure {
            notes.append(("TLS", "between generator and server, in the figures of both; limits have none"))
        }
        if let server {
            notes.append(("PostgreSQL", server.version))
            if let fileSystem = server.fileSystem { notes.append(("file system of the database", fileSystem)) }
            if usesPgbench {
                let outcome = try await Self.pgbench().run(["--version"])
                notes.append(("pgbench", outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)))
            }
        }
        #if DEBUG
            notes.append(("generator", "debug build: its own figures are too high"))
        #endif
        return notes
    }

    static func pgbench() throws -> Program {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let folders = versions.compactMap { Int($0) }.sorted(by: >).map { "/usr/lib/postgresql/\($0)/bin" }
        guard let program = Program.find("pgbench", in: folders) else {
            throw BenchFailure("pgbench is not installed. Debian: apt-get install postgresql-contrib")
        }
        return program
    }
}
