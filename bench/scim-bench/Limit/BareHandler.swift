// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Synchronization

/// A process of this program that serves ``ServeBytesCommand``, until it is ended or this one is gone.
final class BareHandler: Sendable {
    let pid: Int32
    let port: Int
    private let process: Mutex<Process>
    private let input: Pipe

    private static let endLimit: Duration = .seconds(5)

    private init(process: Process, input: Pipe, port: Int) {
        pid = process.processIdentifier
        self.process = Mutex(process)
        self.input = input
        self.port = port
    }

    /// This program.
    static var ownPath: String { URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path }

    /// - Parameters:
    ///   - headers: Of every answer, beside those that the server makes itself.
    ///   - program: scim-bench.
    static func start(
        body: [UInt8], headers: [(name: String, value: String)], program: String = ownPath
    ) async throws -> BareHandler {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments =
            [ServeBytesCommand.name, "--body", Data(body).base64EncodedString()]
            + headers.flatMap { ["--header", "\($0.name): \($0.value)"] }
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        // Another program that is started meanwhile must not hold it open.
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        process.standardOutput = output
        try Program.start(process)
        let line = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    returning: String(decoding: output.fileHandleForReading.availableData, as: UTF8.self))
            }
        }
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            process.terminate()
            throw BenchFailure("the bare handler did not start")
        }
        return BareHandler(process: process, input: input, port: port)
    }

    func end() async {
        try? input.fileHandleForWriting.close()
        process.withLock { if $0.isRunning { $0.terminate() } }
        let deadline = ContinuousClock.now + Self.endLimit
        while process.withLock({ $0.isRunning }), ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        process.withLock { if $0.isRunning { _ = kill($0.processIdentifier, SIGKILL) } }
    }
}
