// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Foundation

/// A secret that a webhook is signed with: `whsec_` and base64 of 24 to 64 random bytes (Standard Webhooks).
package struct WebhookSecret: Sendable {
    private let key: SymmetricKey

    /// - Returns: nil for anything else.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), let bytes = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
            (24...64).contains(bytes.count)
        else { return nil }
        key = SymmetricKey(data: bytes)
    }

    private static let prefix = "whsec_"

    /// The value of the header `webhook-signature` for one delivery: `v1,` and base64 of the HMAC-SHA256 over `id.timestamp.body`, once for
    /// each secret, so that a receiver may know any of them while they are changed.
    ///
    /// - Parameter timestamp: Of this attempt, in seconds since 1970.
    package static func signature(_ secrets: [WebhookSecret], id: String, timestamp: Int64, body: [UInt8]) -> String {
        let head = Array("\(id).\(timestamp).".utf8)
        return secrets.map { secret in
            var code = HMAC<SHA256>(key: secret.key)
            code.update(data: head)
            code.update(data: body)
            return "v1,\(Data(code.finalize()).base64EncodedString())"
        }.joined(separator: " ")
    }
}

extension WebhookSecret: CustomStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
