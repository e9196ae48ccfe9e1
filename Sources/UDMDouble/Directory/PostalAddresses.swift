// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// What becomes of a list of postal addresses on its way through LDAP, which has one text for each: the server joins the lines with `$` and
/// splits them again, without a look at what is in them.
enum PostalAddresses {
    /// - Throws: 400, in the words of the LDAP server, for a backslash that escapes nothing (RFC 4517 section 3.3.28) and for an address that is in the
    ///   list twice, whatever its letter case.
    static func stored(_ value: JSONValue, _ kind: Property.Kind) throws(Refusal) -> JSONValue {
        guard case .complexes(let keys) = kind, let addresses = value.arrayValue else { return value }
        var texts: Set<String> = []
        var stored: [JSONValue] = []
        for address in addresses {
            let text = keys.map { address[$0]?.stringValue ?? "" }.joined(separator: "$")
            guard text.split(separator: "\\", omittingEmptySubsequences: false).dropFirst().allSatisfy(isEscape) else {
                throw .badRequest("LDAP Error: Invalid syntax")
            }
            guard texts.insert(text.lowercased()).inserted else {
                throw .badRequest("LDAP Error: Type or value exists")
            }
            let lines = text.split(separator: "$", omittingEmptySubsequences: false)
            stored.append(.object(JSONObject(uniqueMembers: zip(keys, lines).map { ($0, .string(String($1))) })))
        }
        return .array(stored)
    }

    private static func isEscape(_ text: Substring) -> Bool {
        let text = text.lowercased()
        return text.hasPrefix("24") || text.hasPrefix("5c")
    }
}
