// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Logging
import Redis
import SCIM
import Storage
import UDM

/// One thing that a valid configuration leads to and that has to work: a file's content, a dependency with its account.
struct ConfigurationCheck {
    let name: String
    /// - Throws: With a description that says what is wrong.
    let run: () async throws -> Void

    private init(_ name: String, run: @escaping () async throws -> Void) {
        self.name = name
        self.run = run
    }

    /// What the roles of the configuration need, files first.
    static func all(for configuration: BridgeConfiguration, logger: Logger) -> [ConfigurationCheck] {
        var checks: [ConfigurationCheck] = []
        if let key = configuration.passwordKeyFile {
            checks.append(ConfigurationCheck("Password key") { _ = try SecretSealer.load(keyFile: key) })
        }
        if let api = configuration.api {
            checks.append(ConfigurationCheck("Tokens") { _ = try TokenFile(path: api.staticTokensFile).read() })
            if api.tlsCertificateFile != nil {
                checks.append(ConfigurationCheck("TLS certificate") { _ = try ServerTLS.configuration(api) })
            }
        }
        checks.append(ConfigurationCheck("PostgreSQL") { try await checkDatabase(configuration, logger: logger) })
        if let redis = configuration.redis {
            checks.append(ConfigurationCheck("Redis") { try await checkRedis(redis, logger: logger) })
        }
        if let udm = configuration.udm {
            checks.append(ConfigurationCheck("UDM") { try await checkUDM(udm, logger: logger) })
        }
        if let events = configuration.events { checks += sinks(events, configuration.redis, logger: logger) }
        return checks
    }

    private static func checkDatabase(_ configuration: BridgeConfiguration, logger: Logger) async throws {
        let schema = try Migrator.newestVersion(in: configuration.schemaFolder)
        let database = Database(
            configuration: StorageConfiguration(
                postgres: configuration.database, sealer: nil, rules: configuration.rules), logger: logger)
        do {
            try await database.checkSchema(version: schema)
        } catch {
            await database.close()
            throw error
        }
        await database.close()
    }

    private static func checkRedis(_ configuration: RedisConfiguration, logger: Logger) async throws {
        let redis = RedisClient(configuration: configuration, logger: logger)
        do {
            try await redis.start()
        } catch {
            await redis.close()
            throw error
        }
        await redis.close()
    }

    private static func checkUDM(_ configuration: UDMConfiguration, logger: Logger) async throws {
        let client = try UDMClient(configuration: configuration, logger: logger)
        do {
            try await client.probe()
            for module in UDMModule.allCases { try await checkTemplate(of: module, client) }
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    /// What every create needs: a container that exists, and the property that says whose object it is.
    private static func checkTemplate(of module: UDMModule, _ client: UDMClient) async throws {
        let known: Set<String>
        do throws(UDMError) {
            known = try await client.findProperties(module, requestID: LowercaseUUID.random().description)
        } catch {
            if error.class == .notFound { return }
            guard error.class == .permanent else { throw error }
            let setting = module == .user ? "UDM_USER_POSITION" : "UDM_GROUP_POSITION"
            throw CommandFailure("\(setting) cannot be used: \(error.reason)")
        }
        // A template that leaves out what has no value does not tell, as none does.
        guard known.contains(module.nameProperty), !known.contains(UDMObject.identifierProperty) else { return }
        throw CommandFailure(
            "\(module.rawValue) has no property \(UDMObject.identifierProperty), which every object of the bridge carries: "
                + "UDM is too old")
    }

    private static func sinks(
        _ events: EventSenderConfiguration, _ redis: RedisConfiguration?, logger: Logger
    ) -> [ConfigurationCheck] {
        var checks: [ConfigurationCheck] = []
        if let provisioning = events.provisioning {
            checks.append(
                ConfigurationCheck("Provisioning") {
                    try await check(try ProvisioningClient(configuration: provisioning, logger: logger))
                })
        }
        if let webhook = events.webhook {
            // Nothing is sent: a receiver would take it for an event.
            checks.append(
                ConfigurationCheck("Webhook") {
                    try await check(try WebhookSink(configuration: webhook, logger: logger))
                })
        }
        if let stream = events.redisStream, let redis {
            checks.append(
                ConfigurationCheck("Redis stream") {
                    let client = RedisClient(configuration: redis, logger: logger)
                    do {
                        try await client.start()
                        try await check(RedisStreamSink(configuration: stream, client: client))
                    } catch {
                        await client.close()
                        throw error
                    }
                    await client.close()
                })
        }
        return checks
    }

    private static func check(_ sink: some EventSink) async throws {
        let answer = await sink.probe()
        await sink.shutdown()
        switch answer {
        case .accepted: break
        case .misconfigured(let reason), .refused(let reason, _), .tooLarge(let reason), .retry(let reason, _):
            throw CommandFailure(reason)
        }
    }
}
