// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import API
import Events
import Foundation
import Postgres
import Redis
import SCIM
import Sync
import UDM

extension BridgeConfiguration {
    /// Reads all settings of the given roles.
    /// - Parameter environment: As of the process; the names are those of `docs/operating/settings.md`.
    /// - Throws: ``ConfigurationProblems`` with every problem found, not only the first.
    static func read(
        roles: Set<Role>, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> (configuration: BridgeConfiguration, shown: [(name: String, value: String)]) {
        var reader = SettingsReader(environment: environment)
        let configuration = Self.read(roles: roles, from: &reader)
        guard reader.problems.isEmpty else { throw ConfigurationProblems(problems: reader.problems) }
        return (configuration, reader.shown)
    }

    private static func read(roles: Set<Role>, from reader: inout SettingsReader) -> BridgeConfiguration {
        refuseWhatIsNotHere(&reader)
        reader.allowsPlaintext =
            reader.choice("ALLOW_PLAINTEXT", of: ["true", "false"], default: "false") == "true"
        // Migrating needs neither queue nor operators' port.
        let serves = !roles.isEmpty
        let redis = serves ? redis(&reader) : nil
        let sync = roles.contains(.worker) ? syncConfiguration(&reader, redis: redis) : SyncConfiguration()
        let api = roles.contains(.api) ? api(&reader) : nil
        let publicURL = publicURL(&reader, api: api, isRequired: roles.contains(.events))
        // Who takes or pushes resources.
        let handlesResources = !roles.isDisjoint(with: [.api, .worker])
        let configuration = BridgeConfiguration(
            roles: roles, database: database(&reader), redis: redis,
            queueName: serves ? queueName(&reader) : "default",
            api: api, publicURL: publicURL,
            udm: roles.contains(.worker) ? udm(&reader) : nil,
            events: roles.contains(.events) ? events(&reader, publicURL: publicURL) : nil,
            // A worker writes what undoes a refused write.
            emitsOnAcceptance: handlesResources
                && reader.choice("EVENTS_EMIT_ON", of: ["completed", "accepted"], default: "completed") == "accepted",
            rules: handlesResources ? rules(&reader) : DirectoryRules(),
            schema: handlesResources ? schema(&reader) : .standard,
            passwordKeyFile: handlesResources
                ? reader.readableFile(
                    "PASSWORD_KEY_FILE",
                    hint: "a file with 32 random bytes (openssl rand -base64 32), which seals passwords")
                : nil,
            sync: sync,
            historyDays: roles.contains(.worker)
                ? reader.integer("HISTORY_DAYS", default: 30, in: 8...3650) : 30,
            operationsAddress: serves
                ? reader.address("OPS_ADDRESS", default: .standardOperations) : .standardOperations,
            operationsToken: serves ? reader.optionalSecret("OPS_TOKEN_FILE") : nil,
            logLevel: reader.choice(
                "LOG_LEVEL", of: ["trace", "debug", "info", "notice", "warning", "error", "critical"], default: "info"),
            logFormat: LogFormat(
                rawValue: reader.choice("LOG_FORMAT", of: LogFormat.allCases.map(\.rawValue), default: "json"))
                ?? .json,
            schemaFolder: reader.optional("SCHEMA_FOLDER") ?? SchemaFolder.find() ?? "schema")
        return configuration
    }

    /// Settings of later versions: to ignore one silently would leave its author believing that it works.
    private static func refuseWhatIsNotHere(_ reader: inout SettingsReader) {
        for name in [
            "OIDC_ISSUERS", "OIDC_AUDIENCES", "OIDC_CLIENT_IDS", "OIDC_JWKS_FILE", "SCIM_CLIENT_GROUP",
        ] where reader.optional(name) != nil {
            reader.report("\(name) is set, but this version knows static tokens only: use STATIC_TOKENS_FILE")
        }
    }

    static func database(_ reader: inout SettingsReader) -> PostgresConfiguration {
        let url = reader.url(
            "DATABASE_URL", schemes: ["postgresql", "postgres"], passwordFile: "DATABASE_PASSWORD_FILE",
            hint: "PostgreSQL 15 or later, such as postgresql://scim@db.example.org/scim")
        var configuration = PostgresConfiguration(
            url: url, password: reader.optionalSecret("DATABASE_PASSWORD_FILE"), applicationName: "scim-bridge")
        let authorities = reader.optionalFile("DATABASE_CA_FILE")
        guard let security = DatabaseSecurity(url: url, authorityFile: authorities) else { return configuration }
        security.problems(allowsPlaintext: reader.allowsPlaintext).forEach { reader.report($0) }
        configuration.sslMode = security.sslMode
        configuration.sslRootCertificate = security.sslRootCertificate
        return configuration
    }

    static func redis(_ reader: inout SettingsReader) -> RedisConfiguration? {
        let url = reader.url(
            "REDIS_URL", schemes: ["redis", "rediss"], passwordFile: "REDIS_PASSWORD_FILE",
            hint: "Redis 6.2 or later, or Valkey, such as rediss://redis.example.org:6379/0")
        reader.requireTLS("REDIS_URL", url, secureScheme: "rediss")
        let timeout = reader.duration("REDIS_TIMEOUT", default: .seconds(2))
        let password = reader.optionalSecret("REDIS_PASSWORD_FILE")
        let files = RedisConfiguration.TLS(
            authorityFile: reader.optionalFile("REDIS_CA_FILE"),
            certificateFile: reader.optionalFile("REDIS_CERTIFICATE_FILE"),
            keyFile: reader.optionalFile("REDIS_KEY_FILE"))
        if (files.certificateFile == nil) != (files.keyFile == nil) {
            reader.report("REDIS_CERTIFICATE_FILE and REDIS_KEY_FILE go together: set both or none")
        }
        guard !url.isEmpty else { return nil }
        do throws(RedisError) {
            var configuration = try RedisConfiguration(url: url, password: password)
            configuration.commandTimeout = timeout
            if configuration.tls != nil {
                configuration.tls = files
            } else if files != RedisConfiguration.TLS() {
                reader.report("the certificates of REDIS_…_FILE are set, but REDIS_URL does not begin with rediss://")
            }
            return configuration
        } catch {
            reader.report("REDIS_URL cannot be used: \(error)")
            return nil
        }
    }

    static func queueName(_ reader: inout SettingsReader) -> String {
        let name = reader.optional("QUEUE_NAME") ?? "default"
        if name.count > 64 || !name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
        {
            reader.report("QUEUE_NAME must be letters, digits, - and _, at most 64 of them")
        }
        return name
    }

    private static func api(_ reader: inout SettingsReader) -> APISettings {
        let certificate = reader.optionalFile("TLS_CERTIFICATE_FILE")
        let key = reader.optionalFile("TLS_KEY_FILE")
        if (certificate == nil) != (key == nil) {
            reader.report("TLS_CERTIFICATE_FILE and TLS_KEY_FILE go together: set both or none")
        }
        return APISettings(
            address: reader.address("HTTP_ADDRESS", default: HostAndPort(host: "127.0.0.1", port: 8080)),
            tlsCertificateFile: certificate, tlsKeyFile: key,
            staticTokensFile: reader.readableFile(
                "STATIC_TOKENS_FILE",
                hint: "the file that `scim-bridge token create` writes; every request needs a token"),
            backPressure: BackPressure.Limits(
                bulkJobs: reader.integer("TENANT_JOBS_MAX", default: 200_000, in: 1...100_000_000),
                bulkAge: reader.duration("TENANT_AGE_MAX", default: .seconds(6 * 3600)),
                jobs: reader.integer("TENANT_JOBS_HARD_MAX", default: 1_000_000, in: 1...100_000_000)),
            interactiveRate: reader.integer("CLIENT_INTERACTIVE_RATE", default: 10, in: 1...1_000_000))
    }

    /// Events go to other systems, for which no address of ours can be guessed; clients of the API know where they are.
    private static func publicURL(
        _ reader: inout SettingsReader, api: APISettings?, isRequired: Bool
    ) -> String? {
        guard isRequired || api != nil else { return nil }
        if !isRequired, reader.optional("PUBLIC_URL") == nil { return api?.localURL }
        var url = reader.url(
            "PUBLIC_URL", schemes: ["http", "https"], passwordFile: nil,
            hint: "the address clients use, such as https://scim.example.org/scim/v2")
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    static func udm(_ reader: inout SettingsReader) -> UDMConfiguration {
        let url = reader.url(
            "UDM_URL", schemes: ["http", "https"], passwordFile: "UDM_PASSWORD_FILE",
            hint: "base URL of the UDM REST API with a slash at its end, such as https://dc.example.org/univention/udm/"
        )
        reader.requireTLS("UDM_URL", url, secureScheme: "https")
        let username = reader.required("UDM_USERNAME", hint: "the service account of the bridge in UDM")
        let password = reader.secret("UDM_PASSWORD_FILE", hint: "a file with that account's password") ?? ""
        let timeout = reader.duration("UDM_TIMEOUT", default: .seconds(60))
        let configuration = UDMConfiguration(
            baseURL: url, username: username, password: password, timeout: timeout,
            trustRootsFile: reader.optionalFile("UDM_CA_FILE"), userPosition: reader.optional("UDM_USER_POSITION"),
            groupPosition: reader.optional("UDM_GROUP_POSITION"),
            maximumConnections: 256)
        if !url.isEmpty && !username.isEmpty && !password.isEmpty {
            configuration.problems.forEach { reader.report($0) }
        }
        return configuration
    }

    static func rules(_ reader: inout SettingsReader) -> DirectoryRules {
        var rules = DirectoryRules(
            minimumPasswordLength: reader.integer("PASSWORD_LENGTH_MIN", default: 8, in: 1...128))
        if let text = reader.optional("UDM_USERNAME_RULE") {
            if let rule = UserNameRule(text) {
                rules.userNameRule = rule
            } else {
                reader.report(
                    "UDM_USERNAME_RULE must be exact, local-part, replace, or replace: and one letter, digit, _ . or -, "
                        + "such as replace:-, not \"\(text)\"")
            }
        }
        if let text = reader.optional("MAIL_DOMAINS") {
            let domains = text.split(separator: ",", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
            for domain in domains where !DirectoryRules.isMailDomain(domain) {
                reader.report("MAIL_DOMAINS must be domains such as example.org,example.com; \"\(domain)\" is none")
            }
            rules.mailDomains = Set(domains)
        }
        return rules
    }

    /// The schemas and the mapping, with what `SCHEMA_FILE` adds.
    static func schema(_ reader: inout SettingsReader) -> ConfiguredSchema {
        guard let path = reader.optional("SCHEMA_FILE") else { return .standard }
        do {
            return try ConfiguredSchema(file: try SchemaFile.read(path))
        } catch {
            SchemaFile.problems(error, at: path).forEach { reader.report($0) }
            return .standard
        }
    }

    private static func syncConfiguration(
        _ reader: inout SettingsReader, redis: RedisConfiguration?
    ) -> SyncConfiguration {
        let lease = Duration.seconds(reader.integer("LEASE_SECONDS", default: 15, in: 2...300))
        var configuration = SyncConfiguration(
            concurrency: reader.integer("UDM_CONCURRENCY_MAX", default: 32, in: 1...256), leaseLength: lease,
            maximumAge: reader.duration("RETRY_MAX_AGE", default: .seconds(72 * 3600)),
            membersByUserFrom: reader.integer("MEMBERS_BY_USER_FROM", default: 5000, in: 0...10_000_000),
            udmRequestLimit: reader.duration("UDM_REQUEST_LIMIT", default: .seconds(311)),
            revertsRefusals: reader.choice("ON_PERMANENT_REFUSAL", of: ["keep", "revert"], default: "keep") == "revert",
            outcomeBatch: reader.integer("OUTCOME_BATCH", default: 64, in: 1...256))
        #if DEBUG
            if ProcessInfo.processInfo.environment["SCIM_CHAOS_TIMES"] != nil { configuration.useChaosTimes() }
        #endif
        guard let redis else { return configuration }
        do {
            try configuration.validate(redisTimeout: redis.commandTimeout)
        } catch {
            reader.report(error.description)
        }
        return configuration
    }
}

#if DEBUG
    extension SyncConfiguration {
        /// For `make chaos`: short enough that a run sees many of them, and no job is buried for the kills it lived through.
        fileprivate mutating func useChaosTimes() {
            heartbeat = .milliseconds(400)
            maximumCrashes = .max
            memberWait = .seconds(3)
            fullSweep = .seconds(3)
            backoff = Backoff(base: .milliseconds(100), cap: .seconds(1))
        }
    }
#endif

/// Finds the SQL migrations that ship beside the program.
enum SchemaFolder {
    static func find() -> String? {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        // Beside the binary in an image, or at the top of the source tree above .build/<configuration>/.
        var folder = program.deletingLastPathComponent()
        for _ in 0..<6 {
            for name in ["schema", "share/scim-bridge/schema"] {
                let candidate = folder.appendingPathComponent(name).path
                if FileManager.default.fileExists(atPath: candidate + "/0001_resources.up.sql") { return candidate }
            }
            folder = folder.deletingLastPathComponent()
        }
        return nil
    }
}
