// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization

/// A file of lines that only grows, open for reading and appending.
///
/// Survives the death of the process at any byte: what `write` has taken is in the kernel, and a line without its
/// newline is cut off by the next ``readLines(_:)``.
final class LineFile: Sendable {
    let path: String
    /// Negative once closed.
    private let descriptor: Mutex<CInt>

    /// - Throws: also when another process, or another owner in this one, has the file open.
    init(path: String) throws(JournalError) {
        // Closed on exec, or a child process would keep the lock after our death.
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw JournalError(path: path, reason: "cannot be opened: \(Self.reason(errno))") }
        self.path = path
        self.descriptor = Mutex(descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw JournalError(path: path, reason: "is in use by another process")
        }
    }

    deinit { close() }

    func close() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { _ = systemClose(descriptor) }
            descriptor = -1
        }
    }

    /// Hands every whole line to `body`, without its newline, and cuts off an unfinished last line.
    ///
    /// - Returns: how many bytes were cut off.
    func readLines(_ body: (ArraySlice<UInt8>, Int) throws(JournalError) -> Void) throws(JournalError) -> Int {
        try descriptor.withLock { (descriptor) throws(JournalError) in try readLines(of: descriptor, body) }
    }

    private func readLines(
        of descriptor: CInt, _ body: (ArraySlice<UInt8>, Int) throws(JournalError) -> Void
    ) throws(JournalError) -> Int {
        var buffer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        var number = 0
        var offset: off_t = 0
        while true {
            let count = chunk.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, offset) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw JournalError(path: path, reason: "cannot be read: \(Self.reason(errno))") }
            guard count > 0 else { break }
            offset += off_t(count)
            buffer.append(contentsOf: chunk[..<count])
            var start = 0
            while let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
                number += 1
                try body(buffer[start..<end], number)
                start = end + 1
            }
            buffer.removeFirst(start)
        }
        if !buffer.isEmpty {
            guard ftruncate(descriptor, offset - off_t(buffer.count)) == 0 else {
                throw JournalError(path: path, reason: "cannot be cut: \(Self.reason(errno))")
            }
        }
        return buffer.count
    }

    /// Returns when the kernel has all of it.
    func append(_ bytes: [UInt8]) throws(JournalError) {
        try descriptor.withLock { (descriptor) throws(JournalError) in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else {
                    throw JournalError(path: path, reason: "cannot be written: \(Self.reason(errno))")
                }
                rest = rest.dropFirst(count)
            }
        }
    }

    static func reason(_ code: CInt) -> String { String(cString: strerror(code)) }
}

/// `close` of the C library, which the method of the same name hides.
private func systemClose(_ descriptor: CInt) -> CInt { close(descriptor) }

extension UDMDouble {
    /// The journal cannot be used.
    package struct JournalError: Error, CustomStringConvertible {
        package let path: String
        package let reason: String

        package var description: String { "\(path) \(reason)" }
    }
}

/// Outside of this module only the full name is seen.
typealias JournalError = UDMDouble.JournalError
