// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

extension UDMDouble {
    /// What can be set while the double runs.
    package struct Settings: Sendable, Equatable {
        /// By method in upper case; `*` for the methods that have none of their own.
        package var latency: [String: LatencyDistribution]
        /// How many requests are carried out at once, nil for all; one real server process is close to 1.
        package var concurrencyLimit: Int?
        /// How many `Link` headers an answer carries.
        package var linkHeaders: Int
        /// Whether moves of users and groups answer 202 with a progress address, as moves of containers do.
        package var reportsMoveProgress: Bool
        /// How often a progress address answers "not yet".
        package var progressPolls: Int
        /// Names that no user may have, without regard to letter case.
        package var reservedNames: Set<String>
        /// Hosted besides those of `mail/domain` objects; `*` hosts every domain.
        package var mailDomains: Set<String>
        package var minimumPasswordLength: Int
        /// How many passwords, the current one included, may not be set again.
        package var passwordHistoryLength: Int

        package init(
            latency: [String: LatencyDistribution] = [:], concurrencyLimit: Int? = nil, linkHeaders: Int = 1,
            reportsMoveProgress: Bool = false, progressPolls: Int = 1, reservedNames: Set<String> = [],
            mailDomains: Set<String> = ["*"], minimumPasswordLength: Int = 8, passwordHistoryLength: Int = 3
        ) {
            self.latency = latency
            self.concurrencyLimit = concurrencyLimit
            self.linkHeaders = linkHeaders
            self.reportsMoveProgress = reportsMoveProgress
            self.progressPolls = progressPolls
            self.reservedNames = reservedNames
            self.mailDomains = mailDomains
            self.minimumPasswordLength = minimumPasswordLength
            self.passwordHistoryLength = passwordHistoryLength
        }

        func latency(of method: String) -> LatencyDistribution? { latency[method] ?? latency["*"] }

        var rules: Rules {
            Rules(
                reservedNames: reservedNames.isEmpty ? [] : Set(reservedNames.map { $0.lowercased() }),
                minimumPasswordLength: minimumPasswordLength, passwordHistoryLength: passwordHistoryLength)
        }

        func hosts(_ domain: String) -> Bool {
            mailDomains.contains("*") || mailDomains.contains { $0.lowercased() == domain }
        }
    }
}

/// Outside of this module only the full name is seen.
typealias Settings = UDMDouble.Settings

extension Settings {
    package var json: JSONValue {
        [
            "latency": .object(
                JSONObject(uniqueMembers: latency.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) })),
            "concurrencyLimit": concurrencyLimit.map { .number(JSONNumber(Int64($0))) } ?? .null,
            "linkHeaders": .number(JSONNumber(Int64(linkHeaders))),
            "reportsMoveProgress": .bool(reportsMoveProgress),
            "progressPolls": .number(JSONNumber(Int64(progressPolls))),
            "reservedNames": .strings(reservedNames.sorted()),
            "mailDomains": .strings(mailDomains.sorted()),
            "minimumPasswordLength": .number(JSONNumber(Int64(minimumPasswordLength))),
            "passwordHistoryLength": .number(JSONNumber(Int64(passwordHistoryLength))),
        ]
    }

    /// Takes over the members that `json` has; the others stay.
    package mutating func update(_ json: JSONValue) throws(UDMDouble.ControlError) {
        guard let object = json.objectValue else { throw ControlError("settings are an object") }
        var updated = self
        for (name, value) in object {
            switch name {
            case "latency":
                guard let byMethod = value.objectValue else { throw ControlError("latency must be an object") }
                updated.latency = [:]
                for (method, distribution) in byMethod where !distribution.isNull {
                    updated.latency[method.uppercased()] = try LatencyDistribution(json: distribution)
                }
            case "concurrencyLimit":
                updated.concurrencyLimit = value.isNull ? nil : try Self.count(value, name, minimum: 1)
            case "linkHeaders": updated.linkHeaders = try Self.count(value, name)
            case "reportsMoveProgress":
                guard let flag = value.boolValue else { throw ControlError("\(name) must be true or false") }
                updated.reportsMoveProgress = flag
            case "progressPolls": updated.progressPolls = try Self.count(value, name)
            case "reservedNames": updated.reservedNames = try Self.texts(value, name)
            case "mailDomains": updated.mailDomains = try Self.texts(value, name)
            case "minimumPasswordLength": updated.minimumPasswordLength = try Self.count(value, name)
            case "passwordHistoryLength": updated.passwordHistoryLength = try Self.count(value, name)
            default: throw ControlError("there is no setting \(name)")
            }
        }
        self = updated
    }

    private static func count(_ value: JSONValue, _ name: String, minimum: Int64 = 0) throws(ControlError) -> Int {
        guard let count = value.integerValue, (minimum...1_000_000).contains(count) else {
            throw ControlError("\(name) must be an integer of at least \(minimum)")
        }
        return Int(count)
    }

    private static func texts(_ value: JSONValue, _ name: String) throws(ControlError) -> Set<String> {
        guard let texts = value.strings else { throw ControlError("\(name) must be an array of strings") }
        return Set(texts)
    }
}
