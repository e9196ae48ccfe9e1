// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM

@testable import API

/// A response as it came over the connection, read strictly: nothing is skipped that a lenient reader would.
struct RawResponse {
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    let status: Int
    /// In their order, names in lower case.
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    /// - Parameters:
    ///   - bytes: Everything that came until the server closed.
    ///   - isHead: The request was a HEAD, so there is no body whatever the headers say.
    init(_ bytes: [UInt8], isHead: Bool = false) throws(Malformed) {
        let separator: [UInt8] = [13, 10, 13, 10]
        guard let end = bytes.firstRange(of: separator) else { throw Malformed(description: "no end of the head") }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        // A bare CR or LF would be a line to some readers and none to others. `Character` takes CR LF for one.
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        for line in lines where line.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            throw Malformed(description: "a control character in \(line)")
        }
        let statusLine = lines[0].split(separator: " ", maxSplits: 2)
        guard statusLine.count >= 2, statusLine[0].hasPrefix("HTTP/1."), let status = Int(statusLine[1]) else {
            throw Malformed(description: "status line \(lines[0])")
        }
        var headers: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw Malformed(description: "header line \(line)") }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers.append((line[..<colon].lowercased(), String(value)))
        }
        self.status = status
        self.headers = headers
        body = try Self.body(Array(bytes[end.upperBound...]), headers, hasNone: isHead || [204, 304].contains(status))
    }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    private static func body(
        _ rest: [UInt8], _ headers: [(name: String, value: String)], hasNone: Bool
    ) throws(Malformed) -> [UInt8] {
        if hasNone { return [] }
        if headers.contains(where: { $0.name == "transfer-encoding" }) { return try dechunked(rest) }
        guard let length = headers.first(where: { $0.name == "content-length" }).flatMap({ Int($0.value) }) else {
            throw Malformed(description: "a body without a length")
        }
        guard rest.count >= length else { throw Malformed(description: "\(rest.count) bytes instead of \(length)") }
        return Array(rest[..<length])
    }

    private static func dechunked(_ bytes: [UInt8]) throws(Malformed) -> [UInt8] {
        var body: [UInt8] = []
        var rest = bytes[...]
        while true {
            guard let end = rest.firstRange(of: [13, 10]),
                let length = Int(String(decoding: rest[..<end.lowerBound], as: UTF8.self), radix: 16),
                rest.endIndex - end.upperBound >= length + 2
            else { throw Malformed(description: "a broken chunk") }
            if length == 0 { return body }
            body += rest[end.upperBound..<(end.upperBound + length)]
            rest = rest[(end.upperBound + length + 2)...]
        }
    }
}

extension RawResponse {
    private static let known: Set<String> = [
        "allow", "connection", "content-length", "content-type", "date", "etag", "location", "preference-applied",
        "retry-after", "set-txn", "transfer-encoding", "www-authenticate", "x-request-id",
    ]

    /// What is wrong with the answer to any request at all; nil when nothing is.
    ///
    /// - Parameter mayBe501: The request is for `/Me`, with a token of no user, or its method may be unknown.
    func fault(mayBe501: Bool = false) -> String? {
        if status < 200 || status >= 500 && !(status == 501 && mayBe501) { return "status \(status)" }
        for (name, value) in headers {
            guard Self.known.contains(name) else { return "header \(name)" }
            if name == "location", value.wholeMatch(of: Self.address) == nil { return "Location \(value)" }
            if name == "etag", value.wholeMatch(of: /W\/"[0-9]+"/) == nil { return "ETag \(value)" }
        }
        for name in Self.known where headers.filter({ $0.name == name }).count > 1 { return "\(name) twice" }
        guard header("x-request-id") != nil else { return "no X-Request-ID" }
        if status >= 400 { return faultOfError }
        guard !body.isEmpty else { return nil }
        switch header("content-type") {
        case "application/scim+json", "application/json":
            return (try? JSONValue(parsing: body, limits: JSONLimits(maximumBytes: .max)))?.objectValue == nil
                ? "no JSON object: \(text)" : nil
        case "application/secevent+jwt": return nil
        case let type: return "Content-Type \(type ?? "none")"
        }
    }

    nonisolated(unsafe) private static let address =
        // Without state, so it may be shared.
        /https:\/\/scim\.example\/scim\/v2\/(Users|Groups|Transactions)\/[0-9a-f-]{36}/

    private var faultOfError: String? {
        // HEAD.
        if body.isEmpty, header("content-length") != "0" { return nil }
        guard header("content-type") == "application/scim+json" else { return "an error that is no SCIM" }
        guard let json = (try? JSONValue(parsing: body))?.objectValue,
            json["schemas"] == [.string(SchemaURN.error)], json["status"] == .string(String(status)),
            json["detail"]?.stringValue?.isEmpty == false
        else { return "no SCIM error: \(text)" }
        return nil
    }

    private var text: String { String(decoding: body.prefix(500), as: UTF8.self) }
}
