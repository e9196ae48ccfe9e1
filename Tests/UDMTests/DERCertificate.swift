// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What has the shape of an X.509 certificate, and says nothing.
enum DERCertificate {
    static func base64(serial: UInt8) -> String { Data(bytes(serial: serial)).base64EncodedString() }

    /// - Parameter extra: What is put behind the public key, where extensions would be.
    static func bytes(serial: UInt8, version: [UInt8]? = nil, extra: [UInt8] = []) -> [UInt8] {
        let empty = element(0x30, [])
        let signed =
            (version.map { element(0xA0, $0) } ?? []) + element(0x02, [0, serial]) + empty + empty + empty + empty
            + empty
            + extra
        return element(0x30, element(0x30, signed) + empty + element(0x03, [0]))
    }

    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        if content.count < 0x80 { return [tag, UInt8(content.count)] + content }
        return [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
    }
}
