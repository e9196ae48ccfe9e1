// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation
import SystemPackage

/// Reads settings and collects every problem, so that a broken configuration is reported whole and not one line a start.
///
/// A setting `UDM_URL` is looked up in the environment first and then in the JSON file of `CONFIG_FILE` as `{"udm": {"url": …}}`.
struct SettingsReader {
    private let reader: ConfigReader
    private(set) var problems: [String] = []
    /// Name and shown value of every setting that was read, secrets masked (R-32).
    private(set) var shown: [(name: String, value: String)] = []

    init(environment: [String: String]) async throws {
        var providers: [any ConfigProvider] = [EnvironmentVariablesProvider(environmentVariables: environment)]
        if let path = environment["CONFIG_FILE"], !path.isEmpty {
            providers.append(try await FileProvider<JSONSnapshot>(filePath: .init(path)))
        }
        reader = ConfigReader(providers: providers)
    }

    mutating func report(_ problem: String) { problems.append(problem) }

    // MARK: Values

    mutating func optional(_ name: String) -> String? {
        let value = reader.string(forKey: ConfigKey(name.lowercased().split(separator: "_").map(String.init)))
        guard let value, !value.isEmpty else { return nil }
        shown.append((name, Self.masked(value)))
        return value
    }

    mutating func required(_ name: String, hint: String) -> String {
        if let value = optional(name) { return value }
        report("\(name) is not set: \(hint)")
        return ""
    }

    mutating func url(_ name: String, schemes: [String], hint: String) -> String {
        let value = required(name, hint: hint)
        if !value.isEmpty, !schemes.contains(where: { value.hasPrefix("\($0)://") }) {
            report("\(name) must start with \(schemes.map { "\($0)://" }.joined(separator: " or ")): \(hint)")
        }
        return value
    }

    mutating func integer(_ name: String, default standard: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = optional(name) else { return standard }
        guard let value = Int(text), range.contains(value) else {
            report("\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(text)\"")
            return standard
        }
        return value
    }

    /// A length such as `90`, `90s`, `15m`, `72h`, `500ms`.
    mutating func duration(_ name: String, default standard: Duration) -> Duration {
        guard let text = optional(name) else { return standard }
        guard let value = Self.duration(text) else {
            report("\(name) must be a length of time such as 500ms, 90s, 15m or 72h, not \"\(text)\"")
            return standard
        }
        return value
    }

    mutating func choice(_ name: String, of choices: [String], default standard: String) -> String {
        guard let text = optional(name) else { return standard }
        guard choices.contains(text) else {
            report("\(name) must be one of \(choices.joined(separator: ", ")), not \"\(text)\"")
            return standard
        }
        return text
    }

    mutating func address(_ name: String, default standard: HostAndPort) -> HostAndPort {
        guard let text = optional(name) else { return standard }
        guard let value = HostAndPort(text) else {
            report("\(name) must be host:port such as 127.0.0.1:8080, not \"\(text)\"")
            return standard
        }
        return value
    }

    // MARK: Secrets

    /// The content of the file that `name`, which ends in `_FILE`, points to; white space at the end removed.
    mutating func secret(_ name: String, hint: String) -> String? {
        // R-30: a secret in a plain variable shows in process lists and crash reports.
        let plain = String(name.dropLast("_FILE".count))
        if reader.string(forKey: ConfigKey(plain.lowercased().split(separator: "_").map(String.init))) != nil {
            report("\(plain) is set: secrets are read from files only. Put it into a file and name that in \(name)")
        }
        guard let path = optional(name) else {
            report("\(name) is not set: \(hint)")
            return nil
        }
        return secret(name, at: path)
    }

    mutating func optionalSecret(_ name: String) -> String? {
        guard let path = optional(name) else { return nil }
        return secret(name, at: path)
    }

    private mutating func secret(_ name: String, at path: String) -> String? {
        do {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
            if value.isEmpty { report("\(name): the file \(path) is empty") }
            return value
        } catch {
            report("\(name): the file \(path) cannot be read (\(error.localizedDescription))")
            return nil
        }
    }

    /// A file that is read later by whoever uses it; here only whether it can be.
    mutating func readableFile(_ name: String, hint: String) -> String {
        let path = required(name, hint: hint)
        if !path.isEmpty, !FileManager.default.isReadableFile(atPath: path) {
            report("\(name): the file \(path) cannot be read")
        }
        return path
    }

    // MARK: Forms

    static func duration(_ text: String) -> Duration? {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("", 1)]
        for (suffix, seconds) in units where text.hasSuffix(suffix) {
            let number = text.dropLast(suffix.count)
            guard let value = Double(number), value >= 0, value.isFinite, value * seconds < 1e9 else { continue }
            return .milliseconds(Int64(value * seconds * 1000))
        }
        return nil
    }

    /// A password inside a URL never reaches the log.
    private static func masked(_ value: String) -> String {
        guard let scheme = value.range(of: "://"), let at = value[scheme.upperBound...].firstIndex(of: "@") else {
            return value
        }
        let credentials = value[scheme.upperBound..<at]
        guard let colon = credentials.firstIndex(of: ":") else { return value }
        return value[..<colon] + ":***" + value[at...]
    }
}

/// Where a server listens.
struct HostAndPort: Equatable, Sendable, CustomStringConvertible {
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port`, `:port` for all addresses, `[::1]:port`.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("[") && host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.init(host: host.isEmpty ? "0.0.0.0" : host, port: port)
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
