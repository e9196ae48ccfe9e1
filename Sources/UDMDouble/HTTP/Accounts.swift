// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Who may use the double, known by the `Authorization` header that they send.
struct Accounts: Sendable {
    enum Verdict {
        case accepted
        /// 403: known, but in no authorized group.
        case notAllowed
        /// 401 with this `WWW-Authenticate`.
        case unknown(challenge: String)
    }

    private let isAllowed: [String: Bool]

    init(_ configuration: UDMDouble.Configuration) {
        var isAllowed: [String: Bool] = [:]
        for account in configuration.accounts {
            isAllowed["basic " + Self.base64("\(account.username):\(account.password)")] = account.isAuthorized
        }
        for token in configuration.bearerTokens { isAllowed["bearer \(token)"] = true }
        self.isAllowed = isAllowed
    }

    func check(_ authorization: String?) -> Verdict {
        let parts = (authorization ?? "").split(separator: " ", maxSplits: 1)
        let scheme = parts.first?.lowercased() ?? ""
        guard parts.count == 2, let isAllowed = isAllowed["\(scheme) \(parts[1])"] else {
            return .unknown(challenge: Self.challenge(scheme))
        }
        return isAllowed ? .accepted : .notAllowed
    }

    static func challenge(_ scheme: String) -> String {
        scheme == "bearer"
            ? "Bearer realm=\"Univention Management Console\", error=\"invalid_token\""
            : "Basic realm=\"Univention Management Console\""
    }

    private static func base64(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            for position in 0..<4 {
                let digit = alphabet[Int(bits >> UInt32(18 - 6 * position) & 63)]
                result.append(position <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
