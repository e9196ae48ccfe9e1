// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres

/// The keywords and values of `PQconnectStartParams` (manual, section 34.1.2).
struct StartupParameters {
    private(set) var keywords: [String] = []
    private(set) var values: [String] = []

    /// - Parameters:
    ///   - settings: Those of the URL, see ``settings(in:)``.
    ///   - target: The one server to connect to, of those in the URL.
    init(
        _ configuration: PostgresConfiguration, settings: [String: String], target: ConnectionTarget?, readOnly: Bool
    ) {
        let ownOptions = settings["options"] ?? ""
        // The last one wins, and `dbname` is expanded where it stands: these can be overridden in the URL.
        add("keepalives_idle", "30")
        add("keepalives_interval", "10")
        add("keepalives_count", "3")
        // What was sent and is not even acknowledged: a connection that a firewall has dropped.
        let unacknowledged = min(configuration.silenceLimit ?? Self.longestSilence, Self.longestSilence)
        add("tcp_user_timeout", Self.milliseconds(unacknowledged))
        add("gssencmode", "disable")
        if let mode = configuration.sslMode { add("sslmode", mode) }
        if let file = configuration.sslRootCertificate { add("sslrootcert", file) }
        add("dbname", configuration.url)
        if let target {
            add("host", target.host)
            add("hostaddr", target.address)
            add("port", target.port)
        }
        // These cannot.
        if let password = configuration.password { add("password", password) }
        add("application_name", configuration.applicationName)
        add("client_encoding", "UTF8")
        add("options", Self.options(ownOptions, configuration, readOnly))
    }

    func withCStrings<Value>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<UnsafePointer<CChar>?>?) -> Value
    ) -> Value {
        var memory: [CChar] = []
        var offsets: [Int] = []
        for text in keywords + values {
            offsets.append(memory.count)
            memory.append(contentsOf: text.utf8CString)
        }
        return memory.withUnsafeBufferPointer { memory in
            let pointers = offsets.map { offset in memory.baseAddress.map { $0 + offset } }
            let keywordPointers = pointers.prefix(keywords.count) + [nil]
            let valuePointers = pointers.dropFirst(keywords.count) + [nil]
            return Array(keywordPointers).withUnsafeBufferPointer { keywords in
                Array(valuePointers).withUnsafeBufferPointer { values in
                    body(keywords.baseAddress, values.baseAddress)
                }
            }
        }
    }

    private mutating func add(_ keyword: String, _ value: String) {
        keywords.append(keyword)
        values.append(value)
    }

    private static let longestSilence = Duration.seconds(30)

    /// What the URL itself sets.
    /// - Throws: ``PostgresError/Kind/connectionFailed`` without libpq's sentence, which may quote a password.
    static func settings(in url: String) throws(PostgresError) -> [String: String] {
        guard !url.utf8.contains(0), let parsed = PQconninfoParse(url, nil) else {
            throw .connectionFailed("the database URL is neither a URL nor a libpq keyword string", canRetry: false)
        }
        defer { PQconninfoFree(parsed) }
        var found: [String: String] = [:]
        var option = parsed
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { found[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        // A password with one of these in it ends up in the name of the host, which libpq would quote.
        let isURL = url.hasPrefix("postgres://") || url.hasPrefix("postgresql://")
        let misplaced = ["host", "dbname"].contains { found[$0]?.contains("@") == true }
        let isPort = (found["port"] ?? "").allSatisfy { $0.isASCII && ($0.isNumber || $0 == ",") }
        if !isPort || (isURL && misplaced) {
            throw .connectionFailed(
                "the database URL has no proper host and port; percent-encode /, : and @ in a password", canRetry: false
            )
        }
        return found
    }

    private static func options(_ own: String, _ configuration: PostgresConfiguration, _ readOnly: Bool) -> String {
        var settings: [(String, String)] = [("TimeZone", "UTC")]
        if let limit = configuration.statementTimeout { settings.append(("statement_timeout", milliseconds(limit))) }
        if let limit = configuration.lockTimeout { settings.append(("lock_timeout", milliseconds(limit))) }
        if let limit = configuration.idleInTransactionTimeout {
            settings.append(("idle_in_transaction_session_timeout", milliseconds(limit)))
        }
        if let path = configuration.searchPath { settings.append(("search_path", path)) }
        settings += configuration.sessionSettings.map { ($0.name, $0.value) }
        if readOnly { settings.append(("default_transaction_read_only", "on")) }
        let words = settings.map { name, value in "-c \(name)=\(escaped(value))" }
        return (own.isEmpty ? words : [own] + words).joined(separator: " ")
    }

    private static func milliseconds(_ duration: Duration) -> String { "\(duration.wholeMilliseconds)" }

    /// The server splits `options` at spaces; a backslash keeps the next character.
    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            if character == "\\" || character.isWhitespace { text.append("\\") }
            text.append(character)
        }
    }
}
