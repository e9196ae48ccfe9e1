// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension UDMDouble {
    /// How the double is set up; what may change while it runs is in ``UDMDouble/Settings``.
    package struct Configuration: Sendable {
        /// An account of the service, for HTTP Basic.
        package struct Account: Sendable {
            package var username: String
            package var password: String
            /// False: every request is answered with 403.
            package var isAuthorized: Bool

            package init(username: String, password: String, isAuthorized: Bool = true) {
                self.username = username
                self.password = password
                self.isAuthorized = isAuthorized
            }
        }

        /// A property besides the standard ones: an installed extended attribute. As a literal it is its name, and a string.
        package struct ExtendedProperty: Sendable, ExpressibleByStringLiteral {
            /// The property's type on the wire.
            package enum Kind: String, CaseIterable, Sendable {
                case string, boolean, integer, strings
            }

            package var name: String
            package var kind: Kind

            package init(_ name: String, _ kind: Kind) {
                self.name = name
                self.kind = kind
            }

            package init(stringLiteral name: String) { self.init(name, .string) }
        }

        package var host: String
        /// 0 for a free one.
        package var port: Int
        /// Path of the base URL, with a slash at both ends.
        package var rootPath: String
        /// The directory's base, such as `dc=example,dc=org`; also every object's name ends with it.
        package var baseDN: String
        /// Where commits and requests are written to; nil: in memory only.
        package var journalDirectory: String?
        package var accounts: [Account]
        package var bearerTokens: Set<String>
        /// By module. One whose name the module has already changes nothing.
        package var extendedProperties: [String: [ExtendedProperty]]
        /// What ``UDMDouble/reset()`` goes back to.
        package var settings: Settings
        /// How many requests are kept in memory.
        package var recordedRequests: Int
        /// How much of a request's body is kept.
        package var recordedBodyBytes: Int
        /// Larger bodies are answered with 413.
        package var maximumBodyBytes: Int
        /// For probabilities and latencies.
        package var seed: UInt64

        package init(
            host: String = "127.0.0.1", port: Int = 0, rootPath: String = "/univention/udm/",
            baseDN: String = "dc=example,dc=org", journalDirectory: String? = nil,
            accounts: [Account] = [Account(username: "svc-scim", password: "univention")],
            bearerTokens: Set<String> = [], extendedProperties: [String: [ExtendedProperty]] = [:],
            settings: Settings = Settings(), recordedRequests: Int = 50_000, recordedBodyBytes: Int = 16 << 10,
            maximumBodyBytes: Int = 64 << 20, seed: UInt64 = 1
        ) {
            self.host = host
            self.port = port
            self.rootPath = rootPath
            self.baseDN = baseDN
            self.journalDirectory = journalDirectory
            self.accounts = accounts
            self.bearerTokens = bearerTokens
            self.extendedProperties = extendedProperties
            self.settings = settings
            self.recordedRequests = recordedRequests
            self.recordedBodyBytes = recordedBodyBytes
            self.maximumBodyBytes = maximumBodyBytes
            self.seed = seed
        }
    }
}
