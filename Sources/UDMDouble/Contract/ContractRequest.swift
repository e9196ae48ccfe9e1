// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// A request as the contract sees it: authenticated, acceptable, its body read.
struct ContractRequest: Sendable {
    enum Representation: Sendable {
        case json
        case hal

        var contentType: String {
            switch self {
            case .json: "application/json"
            case .hal: "application/hal+json"
            }
        }
    }

    enum Body: Sendable {
        case none
        case json(JSONValue)
        case patch(JSONValue)
    }

    var sequence: Int
    /// Microseconds since the Unix epoch.
    var time: Int64
    var method: String
    var route: Route
    var query: QueryParameters
    var representation = Representation.json
    var body: Body
    var conditions: Conditions
    var links: Links
    /// The whole address, for the answer's link to itself.
    var address: String
    var settings: Settings
    /// Of a read: a switch has it see no object.
    var seesNothing = false
    /// A property that a switch has the server refuse, and in which words.
    var refusedProperty: (name: String, message: String)?
}
