// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Takes U+FEFF from the beginning of a body that comes in parts: editors and some clients write it, and a parser may ignore it (RFC 8259 section 8.1).
struct ByteOrderMark {
    private static let bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Bytes of the mark so far; nil: what follows is the body.
    private var seen: Int? = 0

    /// What a body has that ends within a mark.
    var rest: ByteBuffer? {
        guard let seen, 1..<Self.bytes.count ~= seen else { return nil }
        return ByteBuffer(bytes: Self.bytes[..<seen])
    }

    /// The next part of the body, behind what was taken for a mark and is none.
    mutating func removed(from part: ByteBuffer) -> [ByteBuffer] {
        guard let before = seen else { return [part] }
        var part = part
        var count = before
        while count < Self.bytes.count, let byte = part.getInteger(at: part.readerIndex, as: UInt8.self) {
            guard byte == Self.bytes[count] else {
                seen = nil
                // Only of this part it can be put back.
                part.moveReaderIndex(to: part.readerIndex - (count - before))
                return before == 0 ? [part] : [ByteBuffer(bytes: Self.bytes[..<before]), part]
            }
            part.moveReaderIndex(forwardBy: 1)
            count += 1
        }
        seen = count < Self.bytes.count ? count : nil
        return part.readableBytes > 0 ? [part] : []
    }
}
