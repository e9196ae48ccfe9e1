// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// The parameters of a query string, decoded. Names are compared without regard to ASCII case.
struct QueryParameters: Sendable {
    private var parameters: [(name: String, value: String)] = []

    static let none = QueryParameters()

    private init() {}

    /// - Throws: 400 `invalidSyntax` for broken percent-encoding or text that is not UTF-8.
    init(_ query: Substring) throws(SCIMError) {
        for parameter in query.utf8.split(separator: UInt8(ascii: "&")) {
            let nameEnd = parameter.firstIndex(of: UInt8(ascii: "=")) ?? parameter.endIndex
            let value = parameter[nameEnd...].dropFirst()
            guard
                let name = percentDecoded(parameter[..<nameEnd], plusIsSpace: true),
                let value = percentDecoded(value, plusIsSpace: true)
            else {
                throw .invalidSyntax("The query string is not percent-encoded UTF-8")
            }
            parameters.append((name, value))
        }
    }

    var isEmpty: Bool { parameters.isEmpty }

    /// The first value of that name.
    subscript(name: String) -> String? {
        parameters.first { $0.name.equalsIgnoringASCIICase(name) }?.value
    }

    /// Every value of that name, in order.
    func values(of name: String) -> [String] {
        parameters.filter { $0.name.equalsIgnoringASCIICase(name) }.map(\.value)
    }
}

/// Decodes `%XX`; nil when a percent sign lacks its two digits or the result is not UTF-8.
func percentDecoded(_ bytes: some Collection<UInt8>, plusIsSpace: Bool) -> String? {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var iterator = bytes.makeIterator()
    while let byte = iterator.next() {
        if byte == UInt8(ascii: "%") {
            guard
                let high = iterator.next().flatMap(hexadecimalValue),
                let low = iterator.next().flatMap(hexadecimalValue)
            else { return nil }
            decoded.append(high << 4 | low)
        } else {
            decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
    }
    return String(validating: decoded, as: UTF8.self)
}

func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
