// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A program of the system that is run to its end.
struct Program: Sendable {
    struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    let path: String

    /// The first program of that name in one of the folders, then on the PATH.
    static func find(_ name: String, in folders: [String] = []) -> Program? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return (folders + path.split(separator: ":").map { String($0) }).map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
            .map { Program(path: $0) }
    }

    /// - Parameters:
    ///   - input: For its standard input.
    ///   - limit: After that it is killed.
    ///   - onErrorLine: Called for each line of its standard error as it comes, on some thread.
    func run(
        _ arguments: [String], environment: [String: String] = [:], input: String = "", limit: Duration = .seconds(30),
        onErrorLine: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stderr
        try Self.start(process)
        let running = process.processIdentifier
        // A program that ends before it has read everything says why by its status.
        try? stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try? stdin.fileHandleForWriting.close()
        let watchdog = Task {
            try await Task.sleep(for: limit)
            kill(running, SIGKILL)
        }
        defer { watchdog.cancel() }
        return await withTaskCancellationHandler {
            // Reading blocks, so each pipe has a thread of its own.
            async let output = Self.onThread { stdout.fileHandleForReading.readDataToEndOfFile() }
            async let errors = Self.onThread { Self.readLines(stderr.fileHandleForReading, onErrorLine) }
            let (outputText, errorText) = await (String(decoding: output, as: UTF8.self), errors)
            await Self.onThread { process.waitUntilExit() }
            return Outcome(status: process.terminationStatus, output: outputText, errors: errorText)
        } onCancel: {
            kill(running, SIGKILL)
        }
    }

    /// The threads of Dispatch block signals, and a program inherits that: pgbench would wait for its alarm for ever.
    static func start(_ process: Process) throws {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
    }

    private static func readLines(_ handle: FileHandle, _ onLine: (String) -> Void) -> String {
        var all = Data()
        var begin = 0
        while true {
            let part = handle.availableData
            if part.isEmpty { break }
            all.append(part)
            while let end = all[begin...].firstIndex(of: UInt8(ascii: "\n")) {
                onLine(String(decoding: all[begin..<end], as: UTF8.self))
                begin = end + 1
            }
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// For what blocks: a thread of its own, so that nothing else waits for it.
    static func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}
