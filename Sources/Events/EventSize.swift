// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What an event takes in the message queue of the Provisioning service.
///
/// The service stores Python's `json.dumps` of it: everything but ASCII escaped (`\u00e9`), a blank after `,` and `:`. NATS refuses
/// more than its `max_payload`, 1 MB unless set otherwise, and the service answers 500 then.
package enum EventSize {
    /// - Parameter json: JSON without white space between its parts.
    package static func queuedBytes(of json: [UInt8]) -> Int {
        var size = 0
        var isInString = false
        var isEscaped = false
        for byte in json {
            switch byte {
            // The bytes that follow the first one of a character.
            case 0x80..<0xC0: break
            case 0xC0..<0xF0: size += 6
            // Beyond U+FFFF: two escapes.
            case 0xF0...: size += 12
            // DEL is escaped as well, the one ASCII character beyond those that JSON demands.
            case 0x7F: size += 6
            default: size += 1
            }
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\"") {
                isInString.toggle()
            } else if isInString {
                isEscaped = byte == UInt8(ascii: "\\")
            } else if byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":") {
                size += 1
            }
        }
        return size
    }
}
