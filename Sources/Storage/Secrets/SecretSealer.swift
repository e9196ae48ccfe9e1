// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Foundation
package import SCIM

/// Seals passwords for the time they wait in a job row (R-82): AES-256-GCM with a random data key for each secret, which in turn is
/// wrapped by the key-encryption key of `PASSWORD_KEY_FILE`.
///
/// Envelope, in bytes: format (1), id of the key-encryption key (8), wrapped data key (12 nonce + 32 + 16 tag), secret (12 nonce + n + 16
/// tag). Both seals are bound to the job and its resource, so that an envelope moved to another row does not open.
package struct SecretSealer: Sendable {
    private struct Key: Sendable {
        let id: [UInt8]
        let key: SymmetricKey
    }

    /// The first seals; all open.
    private let keys: [Key]

    private static let format: UInt8 = 1
    private static let keyIDLength = 8
    private static let wrappedKeyLength = 12 + 32 + 16

    /// - Parameter keys: 32 bytes each; the current one first, then those that older envelopes may need.
    package init(keys: [[UInt8]]) throws(SecretError) {
        guard !keys.isEmpty, keys.allSatisfy({ $0.count == 32 }) else { throw .badKey }
        self.keys = keys.map { bytes in
            Key(id: Array(SHA256.hash(data: bytes).prefix(Self.keyIDLength)), key: SymmetricKey(data: bytes))
        }
    }

    /// - Parameter path: A file with 32 raw bytes, or with lines of base64 or hexadecimal digits, the current key first.
    package static func load(keyFile path: String) throws(SecretError) -> SecretSealer {
        try SecretSealer(keys: try keys(inFile: path))
    }

    /// The keys of a key file, the current one first.
    package static func keys(inFile path: String) throws(SecretError) -> [[UInt8]] {
        guard let data = FileManager.default.contents(atPath: path) else { throw .unreadable(path: path) }
        if data.count == 32 { return [Array(data)] }
        guard let text = String(data: data, encoding: .utf8) else { throw .badKeyFile(path: path) }
        var keys: [[UInt8]] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let key = bytes(ofHex: line) ?? Data(base64Encoded: line).map(Array.init), key.count == 32 else {
                throw .badKeyFile(path: path)
            }
            keys.append(key)
        }
        guard !keys.isEmpty else { throw .badKeyFile(path: path) }
        return keys
    }

    /// The envelope of a secret, which only opens for this job of this resource.
    package func seal(_ secret: [UInt8], jobID: JobID, resourceID: ResourceID) throws(SecretError) -> [UInt8] {
        let binding = Self.binding(jobID, resourceID)
        let dataKey = SymmetricKey(size: .bits256)
        do {
            let wrapped = try AES.GCM.seal(
                dataKey.withUnsafeBytes { Array($0) }, using: keys[0].key, authenticating: binding)
            let sealed = try AES.GCM.seal(secret, using: dataKey, authenticating: binding)
            // `combined` is there for every nonce of 12 bytes, which is what `seal` makes.
            guard let key = wrapped.combined, let text = sealed.combined else { throw SecretError.notSealed }
            return [Self.format] + keys[0].id + Array(key) + Array(text)
        } catch {
            throw .notSealed
        }
    }

    /// - Throws: ``SecretError`` when the envelope is damaged, belongs to another row, or its key is not in the file any more.
    package func open(_ envelope: [UInt8], jobID: JobID, resourceID: ResourceID) throws(SecretError) -> [UInt8] {
        let keyStart = 1 + Self.keyIDLength
        let textStart = keyStart + Self.wrappedKeyLength
        guard envelope.count > textStart, envelope[0] == Self.format else { throw .damaged }
        let id = Array(envelope[1..<keyStart])
        guard let key = keys.first(where: { $0.id == id }) else { throw .unknownKey(id: Self.hex(id)) }
        let binding = Self.binding(jobID, resourceID)
        do {
            let wrapped = try AES.GCM.SealedBox(combined: envelope[keyStart..<textStart])
            let dataKey = SymmetricKey(data: try AES.GCM.open(wrapped, using: key.key, authenticating: binding))
            let sealed = try AES.GCM.SealedBox(combined: envelope[textStart...])
            return Array(try AES.GCM.open(sealed, using: dataKey, authenticating: binding))
        } catch {
            throw .damaged
        }
    }

    /// Wraps the data key of an envelope under the current key; the secret itself stays sealed as it is.
    ///
    /// - Returns: The new envelope; nil when the current key wraps it already.
    /// - Throws: As ``open(_:jobID:resourceID:)``.
    package func rewrap(_ envelope: [UInt8], jobID: JobID, resourceID: ResourceID) throws(SecretError) -> [UInt8]? {
        let keyStart = 1 + Self.keyIDLength
        let textStart = keyStart + Self.wrappedKeyLength
        guard envelope.count > textStart, envelope[0] == Self.format else { throw .damaged }
        let id = Array(envelope[1..<keyStart])
        guard id != keys[0].id else { return nil }
        guard let key = keys.first(where: { $0.id == id }) else { throw .unknownKey(id: Self.hex(id)) }
        let binding = Self.binding(jobID, resourceID)
        do {
            let wrapped = try AES.GCM.SealedBox(combined: envelope[keyStart..<textStart])
            let dataKey = try AES.GCM.open(wrapped, using: key.key, authenticating: binding)
            let again = try AES.GCM.seal(dataKey, using: keys[0].key, authenticating: binding)
            guard let combined = again.combined else { throw SecretError.notSealed }
            return [Self.format] + keys[0].id + Array(combined) + envelope[textStart...]
        } catch {
            throw .damaged
        }
    }

    private static func binding(_ jobID: JobID, _ resourceID: ResourceID) -> [UInt8] {
        Array("\(jobID)/\(resourceID)".utf8)
    }

    private static func bytes(ofHex text: String) -> [UInt8]? {
        guard text.utf8.count == 64 else { return nil }
        var bytes: [UInt8] = []
        var rest = text[...]
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// Why a secret was not sealed or opened; never says anything of the secret.
package enum SecretError: Error, Equatable, Sendable, CustomStringConvertible {
    case unreadable(path: String)
    case badKeyFile(path: String)
    case badKey
    case notSealed
    case damaged
    case unknownKey(id: String)

    package var description: String {
        switch self {
        case .unreadable(let path): "the key file \(path) cannot be read"
        case .badKeyFile(let path):
            "the key file \(path) must hold 32 raw bytes or lines of 32 bytes in base64 or hex (openssl rand -base64 32)"
        case .badKey: "a key must have 32 bytes"
        case .notSealed: "the secret could not be sealed"
        case .damaged: "the sealed secret is damaged or belongs to another job"
        case .unknownKey(let id): "the secret was sealed with key \(id), which is not in PASSWORD_KEY_FILE"
        }
    }
}
