// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM

enum LogTime {
    static func now() -> String { Timestamp.now().iso8601Milliseconds }
}

enum JSONText {
    static func append(_ text: String, to bytes: inout [UInt8]) {
        JSONValue.string(text).append(to: &bytes)
    }
}
