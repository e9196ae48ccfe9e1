// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import SCIM
import Synchronization
import Testing

@testable import Sync

@Suite struct LeftOutLogTests {
    @Test("An attribute without a place is said once, and again only at the level debug")
    func once() {
        let lines = Lines()
        let logger = Logger(label: "test") { _ in lines }
        let log = LeftOutLog()
        let (first, second) = (ResourceID.random(), ResourceID.random())
        log.note(["nickName", "ims"], type: .user, id: first, logger: logger)
        log.note(["nickName"], type: .user, id: second, logger: logger)
        log.note(["nickName"], type: .group, id: second, logger: logger)
        log.note([], type: .user, id: second, logger: logger)
        #expect(
            lines.all == [
                "notice User nickName \(first)", "notice User ims \(first)", "debug User nickName \(second)",
                "notice Group nickName \(second)",
            ])
    }

    @Test("What clients make up cannot fill the log or the memory")
    func bounded() {
        let lines = Lines()
        let logger = Logger(label: "test") { _ in lines }
        let log = LeftOutLog()
        for number in 0..<1100 {
            log.note(["phoneNumbers[type eq \"\(number)\"]"], type: .user, id: .random(), logger: logger)
        }
        log.note([String(repeating: "x", count: 10_000)], type: .group, id: .random(), logger: logger)
        #expect(lines.all.filter { $0.hasPrefix("notice") }.count == 1000)
        #expect(lines.all.allSatisfy { $0.count < 300 })
    }
}

/// Keeps what is logged: level, type, attribute and resource.
private final class Lines: LogHandler {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let fields = ["type", "attribute", "resource"].compactMap { key in event.metadata?[key].map { "\($0)" } }
        lines.withLock { $0.append("\(event.level) \(fields.joined(separator: " "))") }
    }
}
