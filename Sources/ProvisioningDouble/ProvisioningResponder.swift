// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import Logging
internal import NIOCore

/// The connection of a request, so that a switch can close it.
struct ConnectionContext: InitializableFromSource {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) { channel = source.channel }
}

/// The HTTP face of a ``MessageStore``: routes as the real service does, control endpoints under `/-/double`.
struct ProvisioningResponder: HTTPResponder {
    typealias Context = ConnectionContext

    let store: MessageStore
    let logger: Logger

    private static let requestIDName = HTTPField.Name("X-Request-ID")

    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let requestID = CorrelationID.of(Self.requestIDName.flatMap { request.headers[$0] })
        var answer: Answer
        do {
            let body = try await request.body.collect(upTo: MessageDraft.limits.maximumBytes)
            answer = try await self.answer(to: request, body: body, requestID: requestID)
        } catch is NIOTooManyBytesError {
            answer = .detail(413, "Request Entity Too Large")
        } catch let error as JournalError {
            logger.error("request failed", metadata: ["reason": "\(error)", "requestId": "\(requestID)"])
            answer = .internalError
        }
        if answer.isDropped {
            // Already closed by the client is as good.
            try? await context.channel.close()
        }
        if let name = Self.requestIDName { answer.headers[name] = requestID }
        return answer.response
    }

    private func answer(to request: Request, body: ByteBuffer, requestID: String) async throws -> Answer {
        let exchange = Exchange(request: request, body: body, requestID: requestID)
        let path = request.uri.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if path.last == "" && path.count > 1 {
            // Starlette redirects to the path without the slash.
            guard path.first == "v1" else { return .detail(404, "Not Found") }
            var answer = Answer(307, bytes: [])
            answer.headers = [.location: "http://\(request.head.authority ?? "")\(request.uri.path.dropLast())"]
            return answer
        }
        guard let segments = Percent.decoded(path) else { return .detail(404, "Not Found") }
        switch (segments.first, segments.count > 1 ? segments[1] : nil) {
        case ("v1", "messages") where segments.count == 2:
            guard request.method == .post else { return .methodNotAllowed("POST") }
            let answer = try await publish(exchange)
            store.count { statistics in
                if !answer.isDropped { statistics.answers[answer.status, default: 0] += 1 }
            }
            return answer
        case ("v1", "subscriptions"): return try await subscriptions(exchange, Array(segments.dropFirst(2)))
        case ("-", "double"): return try control(exchange, Array(segments.dropFirst(2)))
        default: return .detail(404, "Not Found")
        }
    }
}

/// One request with its body read.
struct Exchange {
    let request: Request
    let body: ByteBuffer
    let requestID: String

    var method: HTTPRequest.Method { request.method }

    var credentials: BasicCredentials? { BasicCredentials(header: request.headers[.authorization]) }

    enum Reading {
        case value(JSONValue)
        /// Told after the account was checked.
        case problem(ValidationProblem)
    }

    /// A body that cannot be parsed at all; told before the account is checked.
    struct Unreadable: Error {
        let answer: Answer
    }

    /// The body as FastAPI reads it: parsed only under a JSON content type.
    func readBody(_ route: String) throws(Unreadable) -> Reading {
        if body.readableBytes == 0 { return .problem(.missing([.name("body")], in: .null)) }
        guard isJSON else {
            return .problem(.notAnObject([.name("body")], .bytes(Array(body.readableBytesView))))
        }
        do {
            return .value(try JSONValue(parsing: Array(body.readableBytesView), limits: MessageDraft.limits))
        } catch {
            let isText = error.kind != .invalidUTF8
            throw Unreadable(
                answer: isText
                    ? .invalid([.invalidJSON(error)], route) : .detail(400, "There was an error parsing the body"))
        }
    }

    private var isJSON: Bool {
        let mediaType = (request.headers[.contentType] ?? "").prefix { $0 != ";" }.lowercased()
        let name = mediaType.drop { $0 == " " }.prefix { $0 != " " }
        return name == "application/json" || (name.hasPrefix("application/") && name.hasSuffix("+json"))
    }

    /// The last value of a query parameter.
    func parameter(_ name: String) -> String? {
        let pairs = (request.uri.query ?? "").split(separator: "&")
        let values = pairs.compactMap { pair -> String? in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] == name else { return nil }
            return Percent.decoded(String(parts[1].map { $0 == "+" ? " " : $0 })[...])
        }
        return values.last
    }
}

/// Percent-decoding (RFC 3986 section 2.1).
enum Percent {
    static func decoded(_ segments: some Sequence<Substring>) -> [String]? {
        var result: [String] = []
        for segment in segments {
            guard let text = decoded(segment) else { return nil }
            result.append(text)
        }
        return result
    }

    static func decoded(_ text: Substring) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var result: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(Substring(rest.prefix(2)), radix: 16) {
                result.append(value)
                rest = rest.dropFirst(2)
            } else {
                result.append(byte)
            }
        }
        return String(validating: result, as: UTF8.self)
    }
}
