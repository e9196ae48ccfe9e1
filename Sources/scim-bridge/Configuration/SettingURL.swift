// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The parts of a URL in a setting that security depends on: passwords in it, and the hosts it leads to.
struct SettingURL {
    let scheme: String
    /// What stands before the last `@` of the authority.
    let userInfo: String?
    /// Without ports and brackets, percent-decoded; empty for a PostgreSQL URL without a host, which means the local socket.
    let hosts: [String]
    /// Percent-decoded, in their order.
    let query: [(name: String, value: String)]

    init?(_ text: String) {
        guard let separator = text.firstRange(of: "://") else { return nil }
        scheme = text[..<separator.lowerBound].lowercased()
        let rest = text[separator.upperBound...]
        var authority = rest.prefix { !"/?#".contains($0) }
        if let at = authority.lastIndex(of: "@") {
            userInfo = String(authority[..<at])
            authority = authority[authority.index(after: at)...]
        } else {
            userInfo = nil
        }
        hosts = authority.split(separator: ",").map { Self.decoded(Self.host(of: $0)) }
        let parameters = rest.prefix { $0 != "#" }.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        query =
            parameters.count < 2
            ? []
            : parameters[1].split(separator: "&").map { parameter in
                let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (Self.decoded(parts[0]), parts.count > 1 ? Self.decoded(parts[1]) : "")
            }
    }

    /// Whether somebody wrote a password into it, where process lists and logs show it.
    var hasPassword: Bool {
        userInfo.map { $0.contains(":") && !$0.hasSuffix(":") } ?? false
            || query.contains { Self.isSecret($0.name) && !$0.value.isEmpty }
    }

    /// Whether all of it stays on this machine.
    var isLocal: Bool { Self.areLocal(hosts) }

    static func areLocal(_ hosts: [String]) -> Bool {
        hosts.allSatisfy { host in
            // A path, or a name in Linux's abstract name space, is a local socket.
            host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@") || host.lowercased() == "localhost"
                || host == "::1" || isLoopbackIPv4(host)
        }
    }

    /// The URL with every password in it replaced, for logs.
    static func masked(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        var shown = text
        let authority = shown[scheme.upperBound...].prefix { !"/?#".contains($0) }
        // A password with one of these characters in it ends the authority early: then everything up to the last @ may be one.
        let end =
            authority.lastIndex(of: "@")
            ?? (authority.contains(":") ? shown[scheme.upperBound...].lastIndex(of: "@") : nil)
        if let end, let colon = shown[scheme.upperBound..<end].firstIndex(of: ":") {
            shown.replaceSubrange(colon..<end, with: ":***")
        }
        guard let mark = shown.firstIndex(of: "?") else { return shown }
        let query = shown[shown.index(after: mark)...].split(separator: "&", omittingEmptySubsequences: false)
            .map { parameter -> String in
                guard let equals = parameter.firstIndex(of: "="), isSecret(decoded(parameter[..<equals])) else {
                    return String(parameter)
                }
                return parameter[...equals] + "***"
            }
        return shown[...mark] + query.joined(separator: "&")
    }

    private static func isSecret(_ name: String) -> Bool { name.lowercased().contains("passw") }

    private static func host(of text: Substring) -> Substring {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") { return text[..<end].dropFirst() }
        return text.prefix { $0 != ":" }
    }

    private static func isLoopbackIPv4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func decoded(_ text: Substring) -> String {
        String(text).removingPercentEncoding ?? String(text)
    }
}
