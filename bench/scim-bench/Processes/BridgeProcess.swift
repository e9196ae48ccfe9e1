// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A process of the bridge that the bench starts and ends, so that it begins with a known state.
///
/// Database, Redis and all else come from the environment of the bench, as for `scim-bridge serve`.
struct BridgeProcess: Sendable {
    let pid: Int32
    /// Of `/metrics` and `/health`; nil when `OPS_ADDRESS` has none.
    let operationsPort: Int?
    private let process: Running

    /// - Parameters:
    ///   - program: Of `scim-bridge`.
    ///   - roles: Such as `worker`, or `api,worker`.
    ///   - settings: Put over those of the environment.
    ///   - log: File for what it says.
    static func start(
        _ program: String, roles: String = "worker", settings: [String: String], log: String
    ) throws -> BridgeProcess {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw BenchFailure("\(program) is missing. --bridge names the program; 'make build' makes it")
        }
        guard FileManager.default.createFile(atPath: log, contents: nil), let output = FileHandle(forWritingAtPath: log)
        else { throw BenchFailure("the log \(log) of the process cannot be written") }
        defer { try? output.close() }
        let environment = ProcessInfo.processInfo.environment.merging(settings) { _, new in new }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["serve", "--roles", roles]
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try Program.start(process)
        return BridgeProcess(
            pid: process.processIdentifier,
            operationsPort: environment["OPS_ADDRESS"].flatMap { LoopbackPort.port(of: $0) }, process: Running(process))
    }

    var isRunning: Bool { process.process.isRunning }

    /// Ends it as an operator would, and waits for that.
    func stop() async {
        process.process.terminate()
        await waitForEnd()
    }

    /// Ends it as a broken machine would, and waits until it is gone.
    func kill() async {
        Foundation.kill(pid, SIGKILL)
        await waitForEnd()
    }

    /// Until `/health/ready` says that it works: what it can do without may be slow, as a UDM that is told to be.
    /// - Throws: ``BenchFailure`` when that takes longer than `limit`, or when the process has ended.
    func waitUntilReady(within limit: Duration = .seconds(30)) async throws {
        guard let operationsPort else { throw BenchFailure("OPS_ADDRESS of a process has no port") }
        let deadline = ContinuousClock.now + limit
        while true {
            let answer = await LoopbackRequest.get(port: operationsPort, path: "/health/ready")
            if answer?.status == 200 { return }
            guard isRunning else { throw BenchFailure("a process of the bridge has ended. Its log tells why") }
            guard ContinuousClock.now < deadline else {
                throw BenchFailure("a process of the bridge is not ready: \(answer?.text.prefix(300) ?? "no answer")")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func waitForEnd() async {
        let process = process
        await Program.onThread { process.process.waitUntilExit() }
    }

    /// Only asked and told to end, which Foundation allows from any thread.
    private final class Running: @unchecked Sendable {
        let process: Process

        init(_ process: Process) { self.process = process }
    }
}
