// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Foundation
package import SCIM

/// Makes cursors (RFC 9865) of positions and reads them again. They hold all there is to know, so nothing is kept for them.
///
/// Token: base64url of format (1), time of issue (8, microseconds), total (8), id (16), whether there is a key (1), key (n), and an HMAC-SHA256
/// (32) of all that and of the query. The cursor of another client, tenant or query is therefore not told apart from a forged one.
package struct CursorCodec: Sendable {
    /// What a cursor is good for: it continues exactly this query.
    package struct Binding: Sendable, Hashable {
        package var tenant: String
        package var client: String
        /// In the order of the query.
        package var types: [ResourceType]
        /// As the client wrote it; so is what follows.
        package var filter: String?
        package var sortBy: String?
        package var isDescending: Bool

        package init(
            tenant: String, client: String, types: [ResourceType], filter: String? = nil, sortBy: String? = nil,
            isDescending: Bool = false
        ) {
            self.tenant = tenant
            self.client = client
            self.types = types
            self.filter = filter
            self.sortBy = sortBy
            self.isDescending = isDescending
        }
    }

    private static let format: UInt8 = 1
    private static let fixedLength = 1 + 8 + 8 + 16 + 1
    private static let codeLength = SHA256.byteCount
    /// A key has ``SearchKey/length`` characters of four bytes at most, and base64 takes a third more.
    private static let maximumLength = 2048

    /// The first signs; all verify.
    private let keys: [SymmetricKey]
    private let lifetime: Duration

    /// - Parameters:
    ///   - keys: At least one, of at least 16 bytes, the same in every process; the current one first, then those of cursors that are still about.
    ///     They may serve something else as well: only what is derived from them is used.
    ///   - lifetime: From one page to the next.
    package init(keys: [[UInt8]], lifetime: Duration = .seconds(3600)) throws(SecretError) {
        guard !keys.isEmpty, keys.allSatisfy({ $0.count >= 16 }) else { throw .badKey }
        let label = Array("scim-bridge cursor".utf8)
        self.keys = keys.map { key in
            SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: label, using: SymmetricKey(data: key)))
        }
        self.lifetime = lifetime
    }

    /// Letters, digits, `-` and `_` only.
    package func encode(_ position: ListPosition, for binding: Binding, now: Timestamp) -> String {
        var bytes: [UInt8] = [Self.format]
        Self.append(now.microsecondsSinceEpoch, to: &bytes)
        Self.append(position.total, to: &bytes)
        Self.append(position.id.high, to: &bytes)
        Self.append(position.id.low, to: &bytes)
        bytes.append(position.key == nil ? 0 : 1)
        bytes.append(contentsOf: (position.key ?? "").utf8)
        bytes.append(contentsOf: HMAC<SHA256>.authenticationCode(for: bytes + binding.bytes, using: keys[0]))
        return Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    /// - Returns: nil for the empty text, which asks for the first page.
    /// - Throws: 400 with `invalidCursor` or `expiredCursor`.
    package func decode(
        _ cursor: String, for binding: Binding, now: Timestamp
    ) throws(SCIMError) -> ListPosition? {
        guard !cursor.isEmpty else { return nil }
        guard let bytes = Self.bytes(of: cursor), bytes.count >= Self.fixedLength + Self.codeLength else {
            throw .invalidCursor()
        }
        let content = bytes.dropLast(Self.codeLength)
        let signed = content + binding.bytes
        // Compares in constant time.
        let isOurs = keys.contains {
            HMAC<SHA256>.isValidAuthenticationCode(bytes.suffix(Self.codeLength), authenticating: signed, using: $0)
        }
        guard isOurs, content[0] == Self.format else { throw .invalidCursor() }
        let issued = Timestamp(microsecondsSinceEpoch: Self.number(content[1..<9]))
        guard issued.duration(to: now) <= lifetime else { throw .expiredCursor() }
        let id = ResourceID(
            high: UInt64(bitPattern: Self.number(content[17..<25])),
            low: UInt64(bitPattern: Self.number(content[25..<33])))
        let key = content[33] == 0 ? nil : String(decoding: content[Self.fixedLength...], as: UTF8.self)
        return ListPosition(key: key, id: id, total: Self.number(content[9..<17]))
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
        Int64(bitPattern: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    /// Unreserved characters only, as they come from ``encode(_:for:now:)``.
    private static func bytes(of cursor: String) -> [UInt8]? {
        let text = cursor.utf8
        guard text.count <= maximumLength, text.count % 4 != 1 else { return nil }
        var base64: [UInt8] = []
        base64.reserveCapacity(text.count + 3)
        for byte in text {
            switch byte {
            case UInt8(ascii: "-"): base64.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): base64.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: base64.append(byte)
            }
        }
        while base64.count % 4 != 0 { base64.append(UInt8(ascii: "=")) }
        return Data(base64Encoded: Data(base64)).map(Array.init)
    }
}

extension CursorCodec.Binding {
    /// Each part with its length, so that no two bindings have the same bytes.
    fileprivate var bytes: [UInt8] {
        let parts: [String?] = [tenant, client, filter, sortBy, isDescending ? "descending" : "ascending"]
        var bytes: [UInt8] = []
        for part in parts + types.map(\.rawValue) {
            guard let part else {
                bytes.append(0)
                continue
            }
            bytes.append(1)
            withUnsafeBytes(of: UInt64(part.utf8.count).bigEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: part.utf8)
        }
        return bytes
    }
}
