// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Hummingbird
internal import JSON

/// What the double says to one request.
struct Answer {
    var status: Int
    var headers: HTTPFields = [.contentType: "application/json"]
    var body: [UInt8]
    /// Close the connection instead of saying it.
    var isDropped = false

    init(_ status: Int, _ body: JSONValue = .null) {
        self.status = status
        self.body = body.serialize()
    }

    init(_ status: Int, bytes: [UInt8]) {
        self.status = status
        body = bytes
    }

    static func detail(_ status: Int, _ text: String) -> Answer { Answer(status, ["detail": .string(text)]) }

    static var dropped: Answer {
        var answer = Answer(0)
        answer.isDropped = true
        return answer
    }

    static func unauthorized(_ text: String) -> Answer {
        var answer = detail(401, text)
        answer.headers[.wwwAuthenticate] = "Basic"
        return answer
    }

    static var internalError: Answer {
        var answer = detail(500, "Internal server error")
        answer.headers[.accessControlExposeHeaders] = "X-Request-ID"
        return answer
    }

    static func methodNotAllowed(_ allowed: String) -> Answer {
        var answer = detail(405, "Method Not Allowed")
        answer.headers[.allow] = allowed
        return answer
    }

    /// The answer of the service's handler of validation errors, which is not FastAPI's usual one.
    static func invalid(_ problems: [ValidationProblem], _ route: String) -> Answer {
        let count = "\(problems.count) validation error\(problems.count == 1 ? "" : "s")"
        let text = "\(count): \(problems.map(\.text).joined(separator: " "))  \(route)"
        return Answer(422, ["status_code": 422, "message": .string(text), "data": nil])
    }

    var response: Response {
        Response(
            status: HTTPResponse.Status(code: status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

/// The correlation id of a request: taken over if it is a UUID in any spelling, else a new one of 32 digits.
enum CorrelationID {
    static func of(_ header: String?) -> String {
        if let header, isUUID(header) { return header }
        let digits = (0..<32).map { _ in String(Int.random(in: 0..<16), radix: 16) }
        return digits.joined()
    }

    private static func isUUID(_ text: String) -> Bool {
        var rest = text[...]
        for prefix in ["urn:", "uuid:"] where rest.hasPrefix(prefix) { rest = rest.dropFirst(prefix.count) }
        let digits = rest.utf8.filter { !"-{}".utf8.contains($0) }
        return digits.count == 32 && String(decoding: digits, as: UTF8.self).allSatisfy(\.isHexDigit)
    }
}
