// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CRedis
internal import NIOCore

/// The words of a command or of a script call, kept in one piece of memory.
package struct RedisArguments: Sendable, ExpressibleByArrayLiteral {
    private var bytes: [UInt8] = []
    private var lengths: [Int] = []

    package init() {}

    package init(_ words: [String]) {
        for word in words { append(word) }
    }

    package init(arrayLiteral words: String...) { self.init(words) }

    package var count: Int { lengths.count }

    package mutating func append(_ word: String) {
        let start = bytes.count
        bytes.append(contentsOf: word.utf8)
        lengths.append(bytes.count - start)
    }

    package mutating func append(_ word: [UInt8]) {
        bytes.append(contentsOf: word)
        lengths.append(word.count)
    }

    package mutating func append(_ number: some BinaryInteger) { append(String(number)) }

    package mutating func append(contentsOf other: RedisArguments) {
        bytes.append(contentsOf: other.bytes)
        lengths.append(contentsOf: other.lengths)
    }

    package mutating func reserve(words: Int, bytes: Int) {
        lengths.reserveCapacity(words)
        self.bytes.reserveCapacity(bytes)
    }

    /// The first word, for messages; never an argument.
    var name: String { String(decoding: bytes.prefix(lengths.first ?? 0), as: UTF8.self) }

    /// Writes the words as one RESP command.
    ///
    /// - Returns: `false` if hiredis has no memory for it; nothing was written then.
    func format(into buffer: inout ByteBuffer) -> Bool {
        bytes.withUnsafeBytes { raw in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: lengths.count) { pointers in
                withUnsafeTemporaryAllocation(of: Int.self, capacity: lengths.count) { sizes in
                    let base = raw.baseAddress?.assumingMemoryBound(to: CChar.self)
                    var offset = 0
                    for (index, length) in lengths.enumerated() {
                        pointers.initializeElement(at: index, to: base.map { $0 + offset })
                        sizes.initializeElement(at: index, to: length)
                        offset += length
                    }
                    var formatted: UnsafeMutablePointer<CChar>?
                    let count = sizes.withMemoryRebound(to: size_t.self) { sizes in
                        credis_format(&formatted, Int32(lengths.count), pointers.baseAddress, sizes.baseAddress)
                    }
                    guard let formatted, count >= 0 else { return false }
                    defer { redisFreeCommand(formatted) }
                    buffer.writeBytes(UnsafeRawBufferPointer(start: formatted, count: Int(count)))
                    return true
                }
            }
        }
    }
}

/// One Redis command with its arguments.
package struct RedisCommand: Sendable {
    package var arguments: RedisArguments

    package init(_ words: String...) { arguments = RedisArguments(words) }

    package init(_ words: [String]) { arguments = RedisArguments(words) }

    package init(_ name: String, arguments: RedisArguments) {
        self.arguments = [name]
        self.arguments.append(contentsOf: arguments)
    }

    package var name: String { arguments.name }
}
