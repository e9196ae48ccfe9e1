// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The body of an error (udm-rest-api.md section 8.1).
struct ErrorDocument {
    let status: Int
    let title: String
    let message: String
    /// The deprecated tree form.
    var tree: JSONValue = [:]
    var errors: [FieldError] = []
    /// Only written for a status of 500 and more.
    var traceback: String?

    func bytes(address: String) -> [UInt8] {
        var error: JSONObject = [
            "code": .number(JSONNumber(Int64(status))), "title": .string(title), "message": .string(message),
            "error": tree,
        ]
        if status >= 500 { error["traceback"] = traceback.map(JSONValue.string) ?? .null }
        var document: JSONObject = [
            "error": .object(error),
            "_links": ["self": [["href": .string(address), "title": "HTTP-Error \(status): \(title)"]]],
        ]
        if !errors.isEmpty {
            let list = errors.map { error -> JSONValue in
                ["location": .strings(error.location), "message": .string(error.message), "type": "value_error"]
            }
            document["_embedded"] = ["udm:error": .array(list)]
        }
        return document.serialize()
    }

    init(status: Int, title: String, message: String) {
        self.status = status
        self.title = title
        self.message = message
    }

    init(_ refusal: Refusal) {
        switch refusal {
        case .invalid(let errors): self.init(errors)
        case .notFound: self.init(plain: 404, "Not Found")
        case .badRequest(let details): self.init(status: 400, title: "", message: details)
        case .forbidden(let details): self.init(plain: 403, "Forbidden", details)
        case .methodNotAllowed: self.init(plain: 405, "Method Not Allowed")
        case .notAcceptable: self.init(plain: 406, "Not Acceptable")
        case .preconditionFailed(let details): self.init(plain: 412, "Precondition Failed", details)
        case .rangeNotSatisfiable(let details): self.init(plain: 416, "Requested Range Not Satisfiable", details)
        case .tooLarge: self.init(plain: 413, "Request Entity Too Large")
        case .internalError(let exception):
            self.init(plain: 500, "Internal Server Error")
            traceback = """
                Traceback (most recent call last):
                  File "/usr/lib/python3/dist-packages/univention/admin/rest/module.py", line 1, in post
                \(exception)

                """
        case .directoryDown:
            self.init(
                status: 503, title: "Service Unavailable",
                message: "Cannot connect to the LDAP service. The server is currently not reachable.")
        }
    }

    private init(plain status: Int, _ reason: String, _ details: String? = nil) {
        let suffix = details.map { " (\($0))" } ?? ""
        self.init(status: status, title: "", message: "HTTP \(status): \(reason)\(suffix)")
    }

    private init(_ errors: [FieldError]) {
        var lines = "\(errors.count) error(s) occurred:\n"
        var properties: JSONObject = [:]
        var others: JSONObject = [:]
        for error in errors {
            let tail = error.location.last ?? ""
            let kind = error.location.first == "query" ? "Query string" : "Request argument"
            lines += "\(kind) \"\(tail)\" \(error.message)\n"
            if error.location.starts(with: ["body", "properties"]) {
                properties[tail] = .string(error.message)
            } else {
                others[tail] = .string(error.message)
            }
        }
        self.init(status: 422, title: "Unprocessable Entity", message: lines)
        let root = errors.first?.location.first ?? "body"
        tree = properties.isEmpty ? .object([root: .object(others)]) : .object(properties)
        self.errors = errors
    }
}
