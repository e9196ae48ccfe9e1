// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Lines on standard output that show what is going on before there is a log.
enum Progress {
    static func begin(_ what: String) { write("\(what) ... ") }
    static func end(_ result: String) { write("\(result)\n") }

    static func write(_ text: String) { StandardStream.output.write(text) }
}
