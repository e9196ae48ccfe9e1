// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// One method of one path.
struct OpenAPIOperation: Sendable {
    /// An answer that is no error.
    struct Answer: Sendable {
        let status: Int
        let description: String
        /// By media type.
        var content: [(type: String, schema: JSONValue)] = []
        var headers: [OpenAPIHeader] = []
        /// What can be done with it next, by name.
        var links: [(name: String, link: JSONValue)] = []

        static func scim(
            _ status: Int, _ description: String, _ schema: String, headers: [OpenAPIHeader] = []
        ) -> Answer {
            Answer(
                status: status, description: description,
                content: [(MediaType.scim, openAPIReference("schemas", schema))], headers: headers)
        }

        fileprivate func json(withContent: Bool) -> JSONValue {
            var json: JSONObject = [
                "description": .string(description), "headers": OpenAPIHeader.json([.requestID] + headers),
            ]
            if withContent, !content.isEmpty {
                json["content"] = .object(JSONObject(uniqueMembers: content.map { ($0.type, ["schema": $0.schema]) }))
            }
            if !links.isEmpty {
                json["links"] = .object(JSONObject(uniqueMembers: links.map { ($0.name, $0.link) }))
            }
            return .object(json)
        }
    }

    struct Body: Sendable {
        let schema: String
        let description: String
        let examples: [(name: String, value: JSONValue)]

        fileprivate var json: JSONValue {
            let examples = JSONObject(uniqueMembers: examples.map { ($0.name, ["value": $0.value]) })
            let content: JSONValue = [
                "schema": openAPIReference("schemas", schema), "examples": .object(examples),
            ]
            return [
                "description": .string(description), "required": true,
                "content": [MediaType.scim: content, MediaType.json: content],
            ]
        }
    }

    let method: RequestMethod
    let id: String
    let tag: OpenAPITag
    let summary: String
    var scope = Scopes.read
    var parameters: [OpenAPIParameter] = []
    var body: Body?
    let answers: [Answer]
    let errors: [OpenAPIError]

    /// The same by HEAD, without the body.
    var head: OpenAPIOperation {
        let name = id.prefix(1).uppercased() + id.dropFirst()
        return OpenAPIOperation(
            method: .head, id: "head\(name)", tag: tag, summary: "\(summary), the header section only", scope: scope,
            parameters: parameters, answers: answers, errors: errors)
    }

    var json: JSONValue {
        var json: JSONObject = [
            "operationId": .string(id), "tags": [.string(tag.rawValue)], "summary": .string(summary),
            "security": [["bearer": .array(scope.names.map { .string($0) })]],
        ]
        if !parameters.isEmpty {
            json["parameters"] = .array(parameters.map { openAPIReference("parameters", $0.rawValue) })
        }
        if let body { json["requestBody"] = body.json }
        var responses = answers.map { ("\($0.status)", $0.json(withContent: method != .head)) }
        for error in errors.sorted(by: { $0.rawValue < $1.rawValue }) {
            let answer = method == .head ? error.bodiless : openAPIReference("responses", error.component)
            responses.append(("\(error.rawValue)", answer))
        }
        json["responses"] = .object(JSONObject(uniqueMembers: responses))
        return .object(json)
    }
}

/// The statuses of errors that requests are answered with; each is a component `Error<status>`.
enum OpenAPIError: Int, CaseIterable, Sendable {
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case timeout = 408
    case conflict = 409
    case preconditionFailed = 412
    case tooLarge = 413
    case unsupportedMediaType = 415
    case tooManyRequests = 429
    case internalError = 500
    case notImplemented = 501
    case unavailable = 503

    /// Of every request: its query string, its token and the database may be out of order.
    static let always: [OpenAPIError] = [.badRequest, .unauthorized, .forbidden, .internalError, .unavailable]
    /// Of a body of JSON.
    static let body: [OpenAPIError] = [.tooLarge, .unsupportedMediaType]
    /// Of a body that may be so large that it has to wait for its turn.
    static let largeBody: [OpenAPIError] = body + [.timeout]

    var component: String { "Error\(rawValue)" }

    var json: JSONValue {
        [
            "description": .string(summary), "headers": OpenAPIHeader.json(headers),
            "content": [MediaType.scim: ["schema": openAPIReference("schemas", "Error")]],
        ]
    }

    /// As the answer to HEAD.
    var bodiless: JSONValue { ["description": .string(summary), "headers": OpenAPIHeader.json(headers)] }

    private var headers: [OpenAPIHeader] {
        switch self {
        case .unauthorized: [.requestID, .challenge]
        // Only a lack of scope comes with a challenge.
        case .forbidden: [.requestID, .possibleChallenge]
        case .tooManyRequests, .unavailable: [.requestID, .retryAfter]
        default: [.requestID]
        }
    }

    private var summary: String {
        switch self {
        case .badRequest: "The request is malformed, or a value is refused; `scimType` says in which way."
        case .unauthorized: "There is no token, or none that is valid."
        case .forbidden: "The token lacks the scope, or the request is not allowed here, such as a filter on schemas."
        case .notFound: "There is no such resource."
        case .timeout: "The body took too long to arrive."
        case .conflict: "A value that has to be unique is held by another resource (`uniqueness`)."
        case .preconditionFailed: "The resource is not as `If-Match` or `If-None-Match` wants it."
        case .tooLarge: "The body is larger than the service takes."
        case .unsupportedMediaType: "The body is neither application/scim+json nor application/json in UTF-8."
        case .tooManyRequests: "Too many writes wait for the directory, or too many large bodies for their turn."
        case .internalError: "The service failed; the log says why."
        case .notImplemented: "The token belongs to no user."
        case .unavailable: "The database does not answer. A write may have to be read before it is repeated."
        }
    }
}
