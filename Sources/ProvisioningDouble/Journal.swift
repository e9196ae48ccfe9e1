// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Why a journal cannot be used.
package enum JournalError: Error, Equatable, CustomStringConvertible {
    case cannotOpen(path: String, reason: String)
    /// Another process, or another double of this one, writes it.
    case inUse(path: String)
    /// A line other than the last one is no record.
    case damaged(path: String, line: Int)
    case cannotWrite(path: String, reason: String)

    package var description: String {
        switch self {
        case .cannotOpen(let path, let reason): "cannot open the journal \(path): \(reason)"
        case .inUse(let path): "the journal \(path) is in use"
        case .damaged(let path, let line): "line \(line) of the journal \(path) is no record"
        case .cannotWrite(let path, let reason): "cannot write the journal \(path): \(reason)"
        }
    }
}

/// The append-only file from which a double remembers what it accepted, also after `kill -9`.
///
/// A record is handed to the kernel before the answer that depends on it, so it survives the process, not the machine.
/// Not `Sendable`: its owner guards it.
final class Journal {
    static let fileName = "provisioning.jsonl"

    private let path: String
    private let descriptor: Int32
    /// Up to here the file consists of whole records.
    private var size: Int

    private init(path: String, descriptor: Int32, size: Int) {
        self.path = path
        self.descriptor = descriptor
        self.size = size
    }

    deinit { close(descriptor) }

    /// Opens or creates the journal in `directory`, which is created too, and gives every record in it to `replay`.
    ///
    /// A last line that is torn, as by a kill in the middle of a write, is cut off.
    static func open(in directory: String, replay: (JournalRecord) -> Void) throws(JournalError) -> Journal {
        try createDirectory(directory)
        let path = "\(directory)/\(fileName)"
        // Subscriptions carry passwords: nobody else reads it.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: reason(errno)) }
        let journal = Journal(path: path, descriptor: descriptor, size: 0)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw errno == EWOULDBLOCK ? .inUse(path: path) : .cannotOpen(path: path, reason: reason(errno))
        }
        journal.size = try replayRecords(of: try readAll(descriptor, path), path: path, replay)
        try journal.cutOff()
        return journal
    }

    func append(_ record: JournalRecord) throws(JournalError) {
        let line = record.line
        var written = 0
        while written < line.count {
            let count = line.withUnsafeBytes { bytes in
                write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            }
            if count > 0 {
                written += count
            } else if errno != EINTR {
                let reason = Self.reason(errno)
                try cutOff()
                throw .cannotWrite(path: path, reason: reason)
            }
        }
        size += line.count
    }

    /// Forgets every record.
    func clear() throws(JournalError) {
        size = 0
        try cutOff()
    }

    /// Removes what stands behind the last whole record.
    private func cutOff() throws(JournalError) {
        guard ftruncate(descriptor, size) == 0 else { throw .cannotWrite(path: path, reason: Self.reason(errno)) }
    }

    /// Gives the whole records to `replay` and tells how many bytes they take.
    private static func replayRecords(
        of content: [UInt8], path: String, _ replay: (JournalRecord) -> Void
    ) throws(JournalError) -> Int {
        var start = 0
        var line = 0
        while let end = content[start...].firstIndex(of: UInt8(ascii: "\n")) {
            line += 1
            let record = content.withUnsafeBytes {
                JournalRecord(line: UnsafeRawBufferPointer(rebasing: $0[start..<end]))
            }
            guard let record else {
                // Only the last write can be torn.
                if end == content.count - 1 { return start }
                throw .damaged(path: path, line: line)
            }
            replay(record)
            start = end + 1
        }
        return start
    }

    private static func readAll(_ descriptor: Int32, _ path: String) throws(JournalError) -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                content += chunk[..<count]
            } else if count == 0 {
                return content
            } else if errno != EINTR {
                throw .cannotOpen(path: path, reason: reason(errno))
            }
        }
    }

    private static func createDirectory(_ directory: String) throws(JournalError) {
        var path = directory.hasPrefix("/") ? "/" : ""
        for part in directory.split(separator: "/") {
            path += "\(part)/"
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
                throw .cannotOpen(path: directory, reason: reason(errno))
            }
        }
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
