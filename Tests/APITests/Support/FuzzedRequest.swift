// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON

@testable import API

/// A request of the corpus, and the damage that is done to it.
struct FuzzedRequest {
    var method: String
    var target: [UInt8]
    var headers: [(name: String, value: [UInt8])]
    var body: [UInt8]
    /// Whether the head may be none that an HTTP server has to take, so that whoever reads it may refuse it in any way.
    var hasDamagedHead: Bool { isDamaged || target.count > 8 << 10 }

    /// What it is for; nil: nothing.
    var route: Route? {
        RequestTarget(String(decoding: target, as: UTF8.self)).path(below: SCIMAPI.prefix).map(Route.init(path:))
    }

    private var isDamaged = false

    /// - Parameter bytes: A file of the corpus, its placeholders filled.
    init(_ bytes: [UInt8]) {
        let end = bytes.firstRange(of: [13, 10, 13, 10])
        let head = String(decoding: bytes[..<(end?.lowerBound ?? bytes.endIndex)], as: UTF8.self)
        let lines = head.split(separator: "\r\n")
        let first = lines[0].split(separator: " ")
        method = String(first[0])
        target = Array(first[1].utf8)
        headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), Array(parts[1].drop { $0 == " " }.utf8))
        }
        body = end.map { Array(bytes[$0.upperBound...]) } ?? []
    }

    /// As it goes over the connection.
    ///
    /// - Parameter isChunked: The body comes in chunks of seven bytes instead of with its length.
    func bytes(token: String, isChunked: Bool) -> [UInt8] {
        var bytes = Array("\(method) ".utf8) + target + Array(" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".utf8)
        if !headers.contains(where: { $0.name == "Authorization" }) {
            bytes += Array("Authorization: Bearer \(token)\r\n".utf8)
        }
        for (name, value) in headers { bytes += Array("\(name): ".utf8) + value + [13, 10] }
        if isChunked {
            bytes += Array("Transfer-Encoding: chunked\r\n\r\n".utf8)
            for start in stride(from: 0, to: body.count, by: 7) {
                let chunk = body[start..<min(body.count, start + 7)]
                bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [13, 10]
            }
            return bytes + Array("0\r\n\r\n".utf8)
        }
        if !body.isEmpty || ["POST", "PUT", "PATCH"].contains(method) {
            bytes += Array("Content-Length: \(body.count)\r\n".utf8)
        }
        return bytes + [13, 10] + body
    }

    // MARK: Damage

    mutating func damage(_ texts: FuzzTexts, using generator: inout SeededGenerator) {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0:
            method =
                ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LOCK"].randomElement(using: &generator)
                ?? "GET"
        case 1...3: damageTarget(using: &generator)
        case 4...6: addParameter(texts, using: &generator)
        case 7, 8: addHeader(using: &generator)
        case 9: damageHead(using: &generator)
        case 10...12: for _ in 0...1 { JSONDamage.apply(to: &body, using: &generator) }
        case 13: body = texts.json.randomElement(using: &generator) ?? []
        default: changeValue(texts, using: &generator)
        }
    }

    private static let insertions = [
        "%0d%0a", "%0d%0aX-Evil:%201%0d%0a", "%00", "%ff", "%", "%2f", "%2e%2e/", "//", "?", "&", "=", "#", "%e2%80%a8",
        "bulkId:", ".search", "%22", "%5b", "%5c", "+", ":", "%f0%9f%98%80", "%c3%a9", ";", "*", "'",
    ]

    private mutating func damageTarget(using generator: inout SeededGenerator) {
        // Behind the prefix, or nothing would ever get past it.
        let start = min("/scim/v2".utf8.count, target.count)
        let place = Int.random(in: start...target.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0 where place < target.count: target.remove(at: place)
        case 1 where place < target.count:
            target.replaceSubrange(place..., with: target[place...].shuffled(using: &generator))
        default:
            target.insert(contentsOf: Array((Self.insertions.randomElement(using: &generator) ?? "").utf8), at: place)
        }
    }

    private mutating func addParameter(_ texts: FuzzTexts, using generator: inout SeededGenerator) {
        var text = Array((texts.words.randomElement(using: &generator) ?? "").utf8)
        let name: String
        switch Int.random(in: 0..<6, using: &generator) {
        case 0...2:
            name = "filter"
            text = Array((texts.filters.randomElement(using: &generator) ?? "").utf8)
            if Bool.random(using: &generator) { JSONDamage.apply(to: &text, using: &generator) }
        case 3, 4:
            name = ["sortBy", "attributes", "excludedAttributes"].randomElement(using: &generator) ?? "sortBy"
            text = Array((texts.paths.randomElement(using: &generator) ?? "").utf8)
            if Bool.random(using: &generator) { JSONDamage.apply(to: &text, using: &generator) }
        default:
            name =
                ["startIndex", "count", "cursor", "sortOrder", "filter", "x", ""].randomElement(using: &generator) ?? ""
        }
        target += Array((target.contains(UInt8(ascii: "?")) ? "&" : "?").utf8) + Array("\(name)=".utf8)
        for byte in text {
            let hexadecimal = String(byte, radix: 16)
            target += Array((byte < 16 ? "%0\(hexadecimal)" : "%\(hexadecimal)").utf8)
        }
    }

    private mutating func addHeader(using generator: inout SeededGenerator) {
        let all: [(String, [String])] = [
            ("If-Match", ["*", "W/\"1\"", "\"1\"", "W/\"99999999999999999999\"", ",", "W/\"-1\", x", "\"\u{e9}\""]),
            ("If-None-Match", ["*", "W/\"1\"", "W/\"\"", ", ,", "W/"]),
            (
                "Prefer",
                ["respond-async", "wait=99999999999999999999", "respond-async; x, wait=\"0\"", "wait=-1", ",;="]
            ),
            ("Content-Type", ["application/json", "text/plain", "application/json;charset", ";", "a/b; charset=\"\""]),
            ("Content-Encoding", ["gzip", "identity", ""]),
            ("Accept", ["*/*", "application/jwt", "application/json;q=9", ""]),
            ("X-Request-ID", ["a", "a%0d%0ab", String(repeating: "x", count: 200), "\u{e9}", " "]),
            ("traceparent", ["00-0-0-0", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "\u{1F600}"]),
            ("Authorization", ["Bearer", "Bearer ", "Basic eDp5", "Bearer a b", "bearer \u{e9}"]),
            ("Expect", ["100-continue"]), ("Host", ["y"]), ("Content-Length", ["1", "-1", "x"]),
            ("Transfer-Encoding", ["identity", "chunked, gzip"]), ("Upgrade", ["h2c", "websocket"]),
        ]
        guard let (name, values) = all.randomElement(using: &generator),
            let value = values.randomElement(using: &generator)
        else { return }
        if ["Expect", "Host", "Content-Length", "Transfer-Encoding", "Upgrade"].contains(name) {
            isDamaged = true
        }
        headers.removeAll { $0.name == name }
        headers.append((name, Array(value.utf8)))
    }

    /// Any byte anywhere in the head.
    private mutating func damageHead(using generator: inout SeededGenerator) {
        isDamaged = true
        let byte = UInt8.random(in: 0...255, using: &generator)
        if !headers.isEmpty, Bool.random(using: &generator) {
            let index = Int.random(in: 0..<headers.count, using: &generator)
            headers[index].value.insert(
                byte, at: Int.random(in: 0...headers[index].value.count, using: &generator))
        } else {
            target.insert(byte, at: Int.random(in: 0...target.count, using: &generator))
        }
    }

    /// Another value in one place of a JSON body.
    private mutating func changeValue(_ texts: FuzzTexts, using generator: inout SeededGenerator) {
        guard let json = try? JSONValue(parsing: body) else { return }
        var left = Int.random(in: 0..<max(1, Self.count(json)), using: &generator)
        body = replaced(json, &left, texts, using: &generator).serialize()
    }

    private static func count(_ value: JSONValue) -> Int {
        switch value {
        case .array(let elements): elements.reduce(1) { $0 + count($1) }
        case .object(let object): object.reduce(1) { $0 + count($1.value) }
        case .null, .bool, .number, .string: 1
        }
    }

    private func replaced(
        _ value: JSONValue, _ left: inout Int, _ texts: FuzzTexts, using generator: inout SeededGenerator
    ) -> JSONValue {
        left -= 1
        if left == -1 { return texts.value(using: &generator) }
        switch value {
        case .array(let elements):
            // No closure: one that changes what it captures crashes the compiler here (Swift 6.3.1).
            var changed: [JSONValue] = []
            for element in elements { changed.append(replaced(element, &left, texts, using: &generator)) }
            if Int.random(in: 0..<10, using: &generator) == 0, let first = changed.first { changed.append(first) }
            return .array(changed)
        case .object(let object):
            var changed = JSONObject()
            for (key, value) in object { changed[key] = replaced(value, &left, texts, using: &generator) }
            return .object(changed)
        case .null, .bool, .number, .string: return value
        }
    }
}

/// What damage is made of.
struct FuzzTexts {
    let filters: [String]
    let paths: [String]
    let json: [[UInt8]]
    let words = [
        "", " ", "0", "-1", "1", "99999999999999999999", "1e3", "true", "null", "\u{0}", "\r\nX-Evil: 1", "a\u{301}",
        "\u{1F600}", "%", "_", "\\", "\"", "'", "bulkId:u", "bulkId:", "*", "W/\"1\"", "add", "remove", "members",
        "\u{FFFE}", "\u{202E}", "a/b", "..", "urn:", "https://evil.test/", "2026-02-30T25:61:61Z",
        "9999-12-31T23:59:59.999999999Z", "0000-01-01T00:00:00Z", String(repeating: "x", count: 300),
        String(repeating: "\u{e9}", count: 3000),
    ]

    init() throws {
        filters = try FuzzCorpus.filters()
        paths = try FuzzCorpus.paths()
        json = try FuzzCorpus.json() + FuzzCorpus.patches()
    }

    func value(using generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0, 1:
            let values: [JSONValue] = [
                .null, true, false, [:], [], [[]], [.null], [[:]], 0, -1, 9_223_372_036_854_775_807, 1e300, 0.5,
            ]
            return values.randomElement(using: &generator) ?? .null
        case 2: return .string(paths.randomElement(using: &generator) ?? "")
        case 3: return .string(filters.randomElement(using: &generator) ?? "")
        case 4:
            var deep: JSONValue = "x"
            for _ in 0..<Int.random(in: 1...60, using: &generator) {
                deep = Bool.random(using: &generator) ? [deep] : ["value": deep]
            }
            return deep
        case 5: return json.randomElement(using: &generator).flatMap { try? JSONValue(parsing: $0) } ?? .null
        default: return .string(words.randomElement(using: &generator) ?? "")
        }
    }
}
