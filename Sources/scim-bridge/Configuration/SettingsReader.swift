// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation

/// Reads settings and collects every problem, so that a broken configuration is reported whole and not one line a start.
///
/// A setting is looked up in the environment first and then in the file of `CONFIG_FILE`, see ``SettingsFile``.
struct SettingsReader {
    private let reader: ConfigReader
    private(set) var problems: [String]
    /// Name and shown value of every setting that was read, secrets masked (R-32).
    private(set) var shown: [(name: String, value: String)] = []
    /// Whether passwords and names may cross the network without TLS.
    var allowsPlaintext = false

    init(environment: [String: String]) {
        let path = environment["CONFIG_FILE"] ?? ""
        let file = path.isEmpty ? nil : SettingsFile(path: path)
        problems = file?.problems ?? []
        let values = (file?.values ?? [:]).map { name, value in
            (AbsoluteConfigKey(Self.key(name)), ConfigValue(.string(value), isSecret: false))
        }
        reader = ConfigReader(providers: [
            EnvironmentVariablesProvider(environmentVariables: environment),
            InMemoryProvider(name: "CONFIG_FILE", values: Dictionary(uniqueKeysWithValues: values)),
        ])
    }

    mutating func report(_ problem: String) { problems.append(problem) }

    // MARK: Values

    mutating func optional(_ name: String) -> String? {
        assert(SettingName.all.contains(name), "\(name) is missing in SettingName.all")
        guard let value = reader.string(forKey: Self.key(name)), !value.isEmpty else { return nil }
        if !shown.contains(where: { $0.name == name }) { shown.append((name, SettingURL.masked(value))) }
        return value
    }

    private static func key(_ name: String) -> ConfigKey {
        ConfigKey(name.lowercased().split(separator: "_").map(String.init))
    }

    mutating func required(_ name: String, hint: String) -> String {
        if let value = optional(name) { return value }
        report("\(name) is not set: \(hint)")
        return ""
    }

    /// A URL without a password in it.
    /// - Parameter passwordFile: The setting that is for the password.
    mutating func url(_ name: String, schemes: [String], passwordFile: String?, hint: String) -> String {
        let value = required(name, hint: hint)
        if !value.isEmpty, !schemes.contains(where: { value.hasPrefix("\($0)://") }) {
            report("\(name) must start with \(schemes.map { "\($0)://" }.joined(separator: " or ")): \(hint)")
        }
        if SettingURL(value)?.hasPassword == true {
            let place = passwordFile.map { ". Put it into a file and name that in \($0)" } ?? ""
            report("\(name) holds a password, which process lists and logs would show\(place)")
        }
        return value
    }

    /// Reports a connection without TLS that leaves this machine.
    mutating func requireTLS(_ name: String, _ value: String, secureScheme: String) {
        guard !allowsPlaintext, let url = SettingURL(value), url.scheme != secureScheme, !url.isLocal else { return }
        report(
            "\(name) leads over the network without TLS: use \(secureScheme)://, or set ALLOW_PLAINTEXT=true if something else protects it"
        )
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
        refusePlain(name)
        guard let path = optional(name) else {
            report("\(name) is not set: \(hint)")
            return nil
        }
        return secret(name, at: path)
    }

    mutating func optionalSecret(_ name: String) -> String? {
        refusePlain(name)
        guard let path = optional(name) else { return nil }
        return secret(name, at: path)
    }

    /// R-30: a secret in a plain variable shows in process lists and crash reports.
    private mutating func refusePlain(_ name: String) {
        let plain = String(name.dropLast("_FILE".count))
        if reader.string(forKey: Self.key(plain)) != nil {
            report("\(plain) is set: secrets are read from files only. Put it into a file and name that in \(name)")
        }
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
        if !path.isEmpty { checkReadable(name, path) }
        return path
    }

    /// As ``readableFile(_:hint:)``, where none is needed.
    mutating func optionalFile(_ name: String) -> String? {
        guard let path = optional(name) else { return nil }
        checkReadable(name, path)
        return path
    }

    private mutating func checkReadable(_ name: String, _ path: String) {
        if !FileManager.default.isReadableFile(atPath: path) { report("\(name): the file \(path) cannot be read") }
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

    static let standardOperations = HostAndPort(host: "127.0.0.1", port: 9090)

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
