// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The addresses that answers carry, absolute as the server makes them: from the request's own host.
struct Links {
    /// The base URL, with a slash at the end.
    let root: String

    func module(_ name: String) -> String { "\(root)\(name)/" }

    func object(_ entry: Entry) -> String { object(module: entry.module.name, dn: entry.dn) }

    func object(module: String, dn: String) -> String { "\(root)\(module)/\(Self.encode(dn: dn))" }

    func progress(_ id: String) -> String { "\(root)progress/\(id)" }

    /// A name as a path segment: UTF-8, percent-encoded, but slashes stay and a double slash is written `,/=/,`.
    static func encode(dn: String) -> String {
        var bytes: [UInt8] = []
        let text = hasSlash(dn) ? dn.replacing("//", with: ",/=/,") : dn
        bytes.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                bytes.append(upperDigits[Int(byte >> 4)])
                bytes.append(upperDigits[Int(byte & 15)])
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func decode(dn: String) -> String { hasSlash(dn) ? dn.replacing(",/=/,", with: "//") : dn }

    /// Few names have one, and the look is much cheaper than a replacement that finds nothing.
    private static func hasSlash(_ dn: String) -> Bool { dn.utf8.contains(UInt8(ascii: "/")) }

    private static let upperDigits = Array("0123456789ABCDEF".utf8)
}
