// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Standard output or standard error, written to without ever ending the process: `FileHandle` traps when the disk is full or the reader of
/// a pipe has gone, and a service must outlive its log.
struct StandardStream: Sendable {
    static let output = StandardStream(descriptor: STDOUT_FILENO)
    static let error = StandardStream(descriptor: STDERR_FILENO)

    let descriptor: Int32

    /// How often in a row a reader that takes nothing is waited for, 100 ms each.
    private static let waits = 5

    /// Writes all of the text in one call, so that lines of several threads and processes do not mix.
    /// - Returns: Whether all of it was written; what could not be is dropped.
    @discardableResult
    func write(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            guard let base = bytes.baseAddress else { return true }
            var written = 0
            var waits = 0
            while written < bytes.count {
                let count = Foundation.write(descriptor, base + written, bytes.count - written)
                if count > 0 {
                    written += count
                    waits = 0
                    continue
                }
                switch errno {
                case EINTR: continue
                case EAGAIN where waits < Self.waits:
                    waits += 1
                    var readiness = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&readiness, 1, 100)
                default: return false
                }
            }
            return true
        }
    }

    /// A write to a pipe without a reader fails then, instead of ending the process.
    static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
}
