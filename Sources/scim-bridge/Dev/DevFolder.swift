// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The folder `.scim-bridge/` in which `dev` keeps everything: data, secrets, journals, logs, ports and process ids.
struct DevFolder: Sendable {
    let path: String

    init(_ path: String) {
        self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    }

    var logs: String { path + "/logs" }
    var journals: String { path + "/doubles" }

    func create() throws {
        for folder in [path, logs, journals, path + "/secrets", path + "/run"] {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: folder.hasSuffix("secrets") ? [.posixPermissions: 0o700] : nil)
        }
    }

    // MARK: One `dev` at a time

    /// Whether a `dev` runs in this folder now.
    var isLocked: Bool {
        let descriptor = open(path + "/lock", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// Holds the folder for this process until it ends, however it ends.
    /// - Throws: ``CommandFailure`` that names the process which has it.
    func lock() throws -> FolderLock {
        // Close-on-exec: a child that outlives us must not keep the folder locked.
        let descriptor = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw CommandFailure("\(path)/lock cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = (try? String(contentsOfFile: path + "/lock", encoding: .utf8))?
                .trimmingCharacters(in: .whitespacesAndNewlines)
            close(descriptor)
            throw CommandFailure(
                """
                another `scim-bridge dev`\(holder.map { " (process \($0))" } ?? "") is running in \(path). \
                Stop it with Ctrl-C, or give this one a folder of its own: --folder OTHER
                """, status: ExitStatus.unavailable)
        }
        ftruncate(descriptor, 0)
        let text = "\(getpid())\n"
        _ = text.withCString { write(descriptor, $0, strlen($0)) }
        return FolderLock(descriptor: descriptor)
    }

    // MARK: Secrets

    /// A random secret that is made once and kept; 256 bits, base64.
    func secret(_ name: String) throws -> (file: String, value: String) {
        let file = path + "/secrets/" + name
        if let value = try? String(contentsOfFile: file, encoding: .utf8) {
            return (file, value.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let value = Data(bytes).base64EncodedString()
        try writeSecret(value, to: file)
        return (file, value)
    }

    /// A secret whose value is given, such as the password a double expects.
    func secret(_ name: String, value: String) throws -> String {
        let file = path + "/secrets/" + name
        try writeSecret(value, to: file)
        return file
    }

    private func writeSecret(_ value: String, to file: String) throws {
        guard
            FileManager.default.createFile(
                atPath: file, contents: Data("\(value)\n".utf8), attributes: [.posixPermissions: 0o600])
        else { throw CommandFailure("\(file) cannot be written") }
    }

    // MARK: State

    private var stateFile: String { path + "/state.json" }

    func state() -> DevState { DevState.load(from: stateFile) }

    func changeState(_ change: (inout DevState) throws -> Void) throws {
        var state = state()
        try change(&state)
        try state.save(to: stateFile)
    }
}

/// The lock ends with the process; the descriptor is kept open until then.
final class FolderLock: Sendable {
    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}
