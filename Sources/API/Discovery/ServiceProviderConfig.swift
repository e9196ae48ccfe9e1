// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The answer of `/ServiceProviderConfig` (RFC 7643 section 5, RFC 9865 section 4). Clients choose what to send by it,
/// so it announces what works and nothing else.
enum ServiceProviderConfig {
    static func json(limits: RequestLimits, acceptsPasswords: Bool, baseURL: String) -> JSONValue {
        [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": ["supported": true],
            "bulk": [
                "supported": true, "maxOperations": number(limits.bulkOperations),
                "maxPayloadSize": number(limits.bulkBody),
            ],
            "filter": ["supported": true, "maxResults": number(limits.maximumPageSize)],
            "changePassword": ["supported": .bool(acceptsPasswords)],
            "sort": ["supported": true],
            "etag": ["supported": true],
            "pagination": [
                "cursor": true,
                "index": true,
                "defaultPaginationMethod": "index",
                "defaultPageSize": number(limits.defaultPageSize),
                "maxPageSize": number(limits.maximumPageSize),
                "cursorTimeout": number(Int(limits.cursorTimeout.components.seconds)),
            ],
            "securityEvents": [
                "asyncRequest": "request",
                "eventUris": [.string(TransactionToken.event)],
            ],
            "authenticationSchemes": [
                [
                    "type": "oauthbearertoken",
                    "name": "OAuth Bearer Token",
                    "description": "A bearer token in the Authorization header.",
                    "specUri": "https://www.rfc-editor.org/info/rfc6750",
                    "primary": true,
                ]
            ],
            "meta": [
                "resourceType": "ServiceProviderConfig",
                "location": .string(baseURL + "/ServiceProviderConfig"),
            ],
        ]
    }

    private static func number(_ value: Int) -> JSONValue { .number(JSONNumber(Int64(value))) }
}
