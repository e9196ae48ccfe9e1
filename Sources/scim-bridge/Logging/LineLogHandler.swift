// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Foundation
import Logging

/// One line a message to standard error, as text for people or as JSON for collectors (R-41).
///
/// The request id stands in front of the text (R-39), cut to its first ten characters.
struct LineLogHandler: LogHandler {
    var logLevel: Logger.Level = .info
    var metadata: Logger.Metadata = [:]
    let label: String
    let format: BridgeConfiguration.LogFormat

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = metadata
        if let more = event.metadata { fields.merge(more) { _, new in new } }
        if let error = event.error { fields["error"] = "\(error)" }
        let line =
            switch format {
            case .text: Self.text(event, fields: fields)
            case .json: Self.json(event, fields: fields, label: label)
            }
        if !StandardStream.error.write(line) { Counter(label: "scim_log_lines_dropped_total").increment() }
    }

    private static func text(_ event: LogEvent, fields: Logger.Metadata) -> String {
        var fields = fields
        var line = "\(timestamp()) \(event.level.rawValue.uppercased()) "
        if let request = fields.removeValue(forKey: "requestID") { line += "[\("\(request)".prefix(10))] " }
        line += oneLine("\(event.message)")
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(oneLine("\(value)"))" }
        return line + "\n"
    }

    private static func json(_ event: LogEvent, fields: Logger.Metadata, label: String) -> String {
        var object: [UInt8] = []
        append("{\"time\":", to: &object)
        appendString(timestamp(), to: &object)
        append(",\"level\":", to: &object)
        appendString(event.level.rawValue, to: &object)
        append(",\"logger\":", to: &object)
        appendString(label, to: &object)
        append(",\"message\":", to: &object)
        let prefix = fields["requestID"].map { "[\("\($0)".prefix(10))] " } ?? ""
        appendString(prefix + "\(event.message)", to: &object)
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            append(",", to: &object)
            appendString(key, to: &object)
            append(":", to: &object)
            appendString("\(value)", to: &object)
        }
        append("}\n", to: &object)
        return String(decoding: object, as: UTF8.self)
    }

    private static func append(_ text: StaticString, to bytes: inout [UInt8]) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private static func appendString(_ text: String, to bytes: inout [UInt8]) {
        JSONText.append(text, to: &bytes)
    }

    /// What clients sent may hold line breaks; a log line never does.
    private static func oneLine(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 }) else { return text }
        return String(text.map { $0.isNewline || ($0.asciiValue ?? 0x20) < 0x20 ? " " : $0 })
    }

    private static func timestamp() -> String { LogTime.now() }
}
