// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@Suite("SCIM errors")
struct SCIMErrorTests {
    @Test(
        "an error has the status and the keyword of its kind",
        arguments: [
            (.invalidSyntax("x"), 400, .invalidSyntax),
            (.invalidValue(attribute: "a", reason: "b"), 400, .invalidValue),
            (.invalidFilter(reason: "x", offset: 3), 400, .invalidFilter),
            (.invalidPath(path: "a", reason: "b"), 400, .invalidPath),
            (.noTarget("x"), 400, .noTarget), (.mutability(attribute: "a", reason: "b"), 400, .mutability),
            (.tooMany("x"), 400, .tooMany), (.invalidCursor(), 400, .invalidCursor),
            (.expiredCursor(), 400, .expiredCursor),
            (.invalidCount("x"), 400, .invalidCount), (.unauthorized("x"), 401, nil), (.forbidden("x"), 403, nil),
            (.sensitive("x"), 403, .sensitive), (.notFound(id: "x"), 404, nil), (.notFound("x"), 404, nil),
            (.methodNotAllowed("PUT"), 405, nil), (.notAcceptable(), 406, nil),
            (.uniqueness(attribute: "userName"), 409, .uniqueness),
            (.conflict("x"), 409, nil), (.preconditionFailed(), 412, nil), (.tooLarge(limit: 1), 413, nil),
            (.tooLarge("x"), 413, nil), (.unsupportedMediaType(), 415, nil),
            (.tooManyRequests(retryAfter: .seconds(1)), 429, nil),
            (.internalError(), 500, nil), (.unavailable(retryAfter: .seconds(3)), 503, nil),
        ] as [(SCIMError, Int, SCIMError.ScimType?)])
    func kinds(error: SCIMError, status: Int, scimType: SCIMError.ScimType?) {
        #expect(error.status == status)
        #expect(error.scimType == scimType)
        #expect(!error.detail.isEmpty)
    }

    @Test("the body is that of RFC 7644 section 3.12, with the status as a string")
    func body() {
        #expect(
            SCIMError.mutability(attribute: "id", reason: "is readOnly").json == [
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "scimType": "mutability",
                "detail": "id is readOnly", "status": "400",
            ])
        #expect(SCIMError.notFound(id: "7").json["scimType"] == nil)
        #expect(SCIMError.notFound(id: "7").json["status"] == "404")
    }

    @Test("a body that is no JSON is a syntax error with its place; one that is too large is 413")
    func malformedJSON() {
        #expect(
            SCIMError.malformedJSON(JSONError(.trailingBytes, at: 7))
                == .invalidSyntax("The body cannot be read as JSON: something follows the value (at byte 7)"))
        #expect(SCIMError.malformedJSON(JSONError(.tooLarge(limit: 9), at: 9)) == .tooLarge(limit: 9))
    }

    @Test("details name what they are about")
    func details() {
        #expect(
            SCIMError.invalidValue(attribute: "emails[1].value", reason: "must be a string").detail
                == "emails[1].value must be a string")
        #expect(SCIMError.uniqueness(attribute: "userName").detail.contains("userName"))
        #expect(
            SCIMError.invalidFilter(reason: "expected a value", offset: 12).detail.contains("byte 12: expected a value")
        )
        #expect(SCIMError.unavailable(retryAfter: .seconds(3)).retryAfter == .seconds(3))
    }
}
