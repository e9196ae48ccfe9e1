// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// One entry of a token file: a token's digest and whom it stands for. The token itself is stored nowhere.
///
///     <64 hexadecimal digits> client=okta tenant=default scopes=scim.read,scim.write expires=2027-01-01T00:00:00Z
///
/// The digits are the SHA-256 of the token. `expires` is optional, and so is `subject`, the `userName` of the user whom the token belongs to, for `/Me`; the
/// other fields are not.
package struct StaticToken: Equatable, Sendable {
    /// Starts every token, so that a leaked one is recognised by scanners and by people.
    package static let prefix = "scimbridge_"

    package let digest: TokenDigest
    package let principal: Principal
    package let expires: Timestamp?

    package init(digest: TokenDigest, principal: Principal, expires: Timestamp?) {
        self.digest = digest
        self.principal = principal
        self.expires = expires
    }

    /// Makes a token of 256 random bits, in base64url after ``prefix``.
    ///
    /// - Returns: The token, which is to be shown once, and its entry for the token file.
    /// - Throws: ``StaticTokenError`` when the entry could not be read back, such as a client name with a space.
    package static func generate(
        for principal: Principal, expires: Timestamp? = nil
    ) throws(StaticTokenError) -> (token: String, entry: StaticToken) {
        var generator = SystemRandomNumberGenerator()
        let bits = (0..<4).flatMap { _ in
            let word = generator.next()
            return (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
        }
        let token = prefix + base64URL(bits)
        let entry = StaticToken(digest: TokenDigest(of: token), principal: principal, expires: expires)
        return (token, try StaticToken(line: entry.line))
    }

    /// The line of the token file for this entry.
    package var line: String {
        var fields = [
            digest.hexadecimal, "client=\(principal.client)", "tenant=\(principal.tenant)",
            "scopes=\(principal.scopes.names.joined(separator: ","))",
        ]
        if let subject = principal.subject { fields.append("subject=\(subject)") }
        if let expires { fields.append("expires=\(expires.iso8601Milliseconds)") }
        return fields.joined(separator: " ")
    }

    /// Reads one line of a token file.
    package init(line: some StringProtocol) throws(StaticTokenError) {
        var fields = String(line).split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)[...]
        guard let digest = fields.popFirst().flatMap({ TokenDigest(hexadecimal: $0) }) else { throw .noDigest }
        var values: [String: String] = [:]
        for field in fields {
            let pair = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2, ["client", "tenant", "scopes", "subject", "expires"].contains(pair[0]) else {
                throw .unknownField(field)
            }
            guard values.updateValue(pair[1], forKey: pair[0]) == nil else { throw .repeatedField(pair[0]) }
        }
        guard let client = values["client"], 1...255 ~= client.utf8.count, client.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
        else {
            throw .invalidField("client", "1 to 255 visible ASCII characters")
        }
        guard let tenant = values["tenant"], StaticToken.isTenant(tenant) else {
            throw .invalidField("tenant", "1 to 63 of a-z, 0-9 and -, not starting with -")
        }
        var scopes: Scopes = []
        for name in (values["scopes"] ?? "").split(separator: ",", omittingEmptySubsequences: false) {
            guard let scope = Scopes(name: name) else {
                throw .invalidField("scopes", "scim.read, scim.write or both, with a comma")
            }
            scopes.formUnion(scope)
        }
        if let subject = values["subject"], !StaticToken.isSubject(subject) {
            throw .invalidField("subject", "1 to 255 bytes of a userName, without white space and control characters")
        }
        let expires = values["expires"].map { Timestamp(iso8601: $0) }
        if case .some(nil) = expires { throw .invalidField("expires", "a time such as 2027-01-01T00:00:00Z") }
        self.init(
            digest: digest,
            principal: Principal(client: client, tenant: tenant, scopes: scopes, subject: values["subject"]),
            expires: expires.flatMap { $0 })
    }

    private static func isSubject(_ name: String) -> Bool {
        1...255 ~= name.utf8.count
            && name.unicodeScalars.allSatisfy {
                !$0.properties.isWhitespace && $0.properties.generalCategory != .control
            }
    }

    /// The rule of the table `tenant`.
    private static func isTenant(_ name: String) -> Bool {
        1...63 ~= name.utf8.count && name.utf8.first != UInt8(ascii: "-")
            && name.utf8.allSatisfy { byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                    || byte == UInt8(ascii: "-")
            }
    }
}

/// What is wrong with a line of a token file.
package enum StaticTokenError: Error, Equatable, Sendable, CustomStringConvertible {
    case noDigest
    case unknownField(String)
    case repeatedField(String)
    case invalidField(String, String)

    package var description: String {
        switch self {
        case .noDigest: "the line does not start with the 64 hexadecimal digits of a token's SHA-256"
        case .unknownField(let field): "\"\(field)\" is none of client=, tenant=, scopes=, subject= and expires="
        case .repeatedField(let name): "\(name)= occurs twice"
        case .invalidField(let name, let rule): "\(name)= must be \(rule)"
        }
    }
}
