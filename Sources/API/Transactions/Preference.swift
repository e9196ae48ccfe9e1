// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// What the header `Prefer` asks for (RFC 7240, RFC 9967 section 2.5.1); everything else in it is passed over, as it says.
struct Preference: Sendable, Equatable {
    static let none = Preference()

    /// The client takes a 202 and asks for the end later.
    private(set) var respondsAsynchronously = false
    /// In seconds: how long the client would rather wait for the end.
    private(set) var wait: Int?

    private init() {}

    init(header: String?) {
        guard let header else { return }
        for part in header.split(separator: ",") {
            // Parameters of a preference, behind a semicolon, mean nothing here.
            let token = part.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
            if token.equalsIgnoringASCIICase("respond-async") {
                respondsAsynchronously = true
            } else if token.lowercased().hasPrefix("wait="),
                let seconds = Int(token.dropFirst(5).filter { $0 != "\"" }),
                seconds >= 0
            {
                wait = wait ?? seconds
            }
        }
    }
}
