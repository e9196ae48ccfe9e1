// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Executors
import Logging

/// Keeps what is logged, for tests that look at it.
final class LogCapture: Sendable {
    private let entries = Locked<[(level: Logger.Level, text: String)]>([])

    var logger: Logger { Logger(label: "capture") { _ in Handler(capture: self) } }

    func messages(_ level: Logger.Level? = nil) -> [String] {
        entries.withLock { $0.filter { level == nil || $0.level == level }.map(\.text) }
    }

    private struct Handler: LogHandler {
        let capture: LogCapture
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            capture.entries.withLock { $0.append((event.level, "\(event.message) \(event.metadata ?? [:])")) }
        }
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() } }
}
