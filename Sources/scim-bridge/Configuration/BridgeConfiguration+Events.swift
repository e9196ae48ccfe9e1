// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Foundation
import Storage

/// The settings of the role `events`: those of the sinks that `EVENTS_SINKS` names.
extension BridgeConfiguration {
    static func events(_ reader: inout SettingsReader, publicURL: String?) -> EventSenderConfiguration {
        let sinks = sinks(&reader)
        var configuration = EventSenderConfiguration(publicURL: publicURL)
        if sinks.contains(.provisioning) { configuration.provisioning = provisioning(&reader) }
        if sinks.contains(.webhook) {
            configuration.webhook = webhook(&reader)
        } else if reader.optional("WEBHOOK_URL") != nil {
            reader.report("WEBHOOK_URL is set, but EVENTS_SINKS does not name webhook: no event would go there")
        }
        if sinks.contains(.redisStream) { configuration.redisStream = redisStream(&reader) }
        return configuration
    }

    private static func sinks(_ reader: inout SettingsReader) -> Set<SinkName> {
        guard let text = reader.optional("EVENTS_SINKS") else { return [.provisioning] }
        var sinks: Set<SinkName> = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            let name = name.trimmingCharacters(in: .whitespaces)
            guard let sink = SinkName(rawValue: name) else {
                let known = SinkName.allCases.map(\.rawValue).joined(separator: ", ")
                reader.report("EVENTS_SINKS must be a list of \(known), separated by commas; \"\(name)\" is none")
                continue
            }
            sinks.insert(sink)
        }
        return sinks
    }

    private static func provisioning(_ reader: inout SettingsReader) -> ProvisioningConfiguration {
        let url = reader.url(
            "PROVISIONING_URL", schemes: ["http", "https"], passwordFile: "PROVISIONING_PASSWORD_FILE",
            hint: "base URL of the Provisioning API, such as https://provisioning.example.org")
        reader.requireTLS("PROVISIONING_URL", url, secureScheme: "https")
        let configuration = ProvisioningConfiguration(
            url: url,
            username: reader.required("PROVISIONING_USERNAME", hint: "the events account of the Provisioning API"),
            password: reader.secret("PROVISIONING_PASSWORD_FILE", hint: "a file with that account's password") ?? "",
            publisherName: reader.optional("PROVISIONING_PUBLISHER_NAME")
                ?? ProvisioningConfiguration.standardPublisherName,
            trustRootsFile: reader.optionalFile("PROVISIONING_CA_FILE"))
        if !configuration.url.isEmpty && !configuration.username.isEmpty && !configuration.password.isEmpty {
            configuration.problems.forEach { reader.report($0) }
        }
        return configuration
    }

    /// Whoever gets events outside gets names and addresses: TLS is not for anybody to waive, except on this machine.
    private static func webhook(_ reader: inout SettingsReader) -> WebhookConfiguration {
        let url = reader.url(
            "WEBHOOK_URL", schemes: ["http", "https"], passwordFile: nil,
            hint: "the receiver's address, such as https://hooks.example.org/scim")
        if let parts = SettingURL(url), parts.scheme != "https", !parts.isLocal {
            reader.report("WEBHOOK_URL leads over the network without TLS: use https://")
        }
        let text = reader.secret(
            "WEBHOOK_SECRET_FILE",
            hint: "a file with a secret such as whsec_ and 32 random bytes in base64 in each line")
        let lines = (text ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
        let secrets = lines.compactMap { WebhookSecret($0) }
        if secrets.count < lines.count {
            reader.report(
                "WEBHOOK_SECRET_FILE: each line must be whsec_ and 24 to 64 random bytes in base64, such as "
                    + "\"whsec_$(openssl rand -base64 32)\"")
        }
        let configuration = WebhookConfiguration(
            url: url, secrets: secrets, trustRootsFile: reader.optionalFile("WEBHOOK_CA_FILE"))
        if !url.isEmpty && !secrets.isEmpty { configuration.problems.forEach { reader.report($0) } }
        return configuration
    }

    private static func redisStream(_ reader: inout SettingsReader) -> RedisStreamConfiguration {
        let configuration = RedisStreamConfiguration(
            name: reader.optional("EVENTS_STREAM_NAME") ?? RedisStreamConfiguration.standardName,
            maximumLength: reader.integer("EVENTS_STREAM_MAX_LENGTH", default: 100_000, in: 1000...10_000_000))
        configuration.problems.forEach { reader.report($0) }
        return configuration
    }
}
