// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Foundation
internal import Glibc
internal import TestSupport

/// A process of a run, which ends with this one at the latest.
final class Child: Sendable {
    let name: String
    let log: String
    private let process: GuardedProcess

    /// - Parameters:
    ///   - words: The program and its arguments.
    ///   - environment: Added to ours.
    ///   - log: Where its output is appended.
    init(_ name: String, _ words: [String], environment: [String: String] = [:], log: String) throws {
        self.name = name
        self.log = log
        Descriptors.closeOnExec()
        process = try GuardedProcess(words, environment: environment, log: log)
    }

    var isRunning: Bool { process.isRunning }

    func signal(_ signal: Int32) { process.signal(signal) }

    /// Kills it, if it still runs, and waits until it is gone. Once only.
    func end() {
        process.signal(SIGKILL)
        process.end()
    }

    var logTail: String {
        guard let text = try? String(contentsOfFile: log, encoding: .utf8) else { return "(no log)" }
        return text.split(separator: "\n").suffix(12).joined(separator: "\n")
    }

    /// Runs a program to its end, without holding one of the few cooperative threads.
    /// - Returns: What it wrote.
    /// - Throws: ``ChaosFailure`` unless it succeeds.
    @discardableResult
    static func run(_ words: [String], environment: [String: String] = [:]) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try runBlocking(words, environment: environment) })
            }
        }
    }

    private static func runBlocking(_ words: [String], environment: [String: String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ChaosFailure("\(words.joined(separator: " ")) failed:\n\(text)")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// NIO's sockets are not closed in processes that are started meanwhile: whoever inherits a proxy's connection keeps it open, and its server
/// never learns that the client has been killed.
enum Descriptors {
    static func closeOnExec() {
        for descriptor in Int32(3)..<1024 {
            let flags = fcntl(descriptor, F_GETFD)
            if flags >= 0, flags & FD_CLOEXEC == 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
        }
    }
}

extension LoopbackPort {
    static func waitUntilAnswers(_ port: Int, _ child: Child, limit: Duration = .seconds(30)) async throws {
        let end = ContinuousClock.now + limit
        while !answers(port) {
            guard child.isRunning, ContinuousClock.now < end else {
                throw ChaosFailure("\(child.name) does not answer on port \(port):\n\(child.logTail)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
