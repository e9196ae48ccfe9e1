// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A Redis of its own on loopback, with a password and an append-only file.
struct EmbeddedRedis: Sendable {
    private let folder: DevFolder
    private let process: ChildProcess
    private let port: Int

    init(folder: DevFolder, port: Int) {
        self.folder = folder
        self.port = port
        process = ChildProcess("redis", in: folder)
    }

    /// - Parameter isEmpty: Start without the data of the former run.
    /// - Returns: The URL, without the password.
    func start(isEmpty: Bool = false) async throws -> String {
        let url = "redis://127.0.0.1:\(port)/0"
        if process.runningID != nil, LoopbackPort.answers(port) { return url }
        await process.stop()
        guard let program = Self.program() else {
            throw CommandFailure("redis-server is not installed. Run `make setup`, or set REDIS_URL")
        }
        if isEmpty { try ServerFolder.remove("redis", in: folder) }
        let user = try UnprivilegedUser.first(of: ["redis", "nobody"])
        let base = try ServerFolder.make("redis", in: folder, for: user)
        // In a file of its own: arguments show in process lists.
        let settings = base + "/redis.conf"
        let text = """
            port \(port)
            bind 127.0.0.1
            requirepass \(try folder.secret("redis-password").value)
            dir \(base)
            appendonly yes
            appendfsync everysec
            save ""
            maxmemory-policy noeviction

            """
        try ServerFolder.write(text, to: settings, for: user)
        try process.start([program, settings], user: user, in: base)
        try await process.waitUntilReady { LoopbackPort.answers(port) }
        return url
    }

    func stop() async { await process.stop() }

    /// The first of that name on the PATH.
    private static func program() -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/redis-server" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
