// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A worker of the bridge that the bench starts and ends, so that it begins with a known number of open jobs.
///
/// Database, Redis and all else come from the environment of the bench, as for `scim-bridge serve`.
struct WorkerProcess: Sendable {
    let pid: Int32
    private let process: Running

    /// - Parameters:
    ///   - program: Of `scim-bridge`.
    ///   - settings: Put over those of the environment.
    ///   - log: File for what it says.
    static func start(_ program: String, settings: [String: String], log: String) throws -> WorkerProcess {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw BenchFailure("\(program) is missing. --bridge names the program of the worker; 'make build' makes it")
        }
        guard FileManager.default.createFile(atPath: log, contents: nil), let output = FileHandle(forWritingAtPath: log)
        else { throw BenchFailure("the worker's log \(log) cannot be written") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["serve", "--roles", "worker"]
        process.environment = ProcessInfo.processInfo.environment.merging(settings) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try Program.start(process)
        return WorkerProcess(pid: process.processIdentifier, process: Running(process))
    }

    var isRunning: Bool { process.process.isRunning }

    /// Ends it as an operator would, and waits for that.
    func stop() async {
        process.process.terminate()
        let process = process
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                process.process.waitUntilExit()
                continuation.resume()
            }
        }
    }

    /// Only asked and told to end, which Foundation allows from any thread.
    private final class Running: @unchecked Sendable {
        let process: Process

        init(_ process: Process) { self.process = process }
    }
}
