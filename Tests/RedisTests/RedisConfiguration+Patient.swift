// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Redis

extension RedisConfiguration {
    /// With time enough for a busy machine, for tests that are not about timeouts.
    static func patient(_ url: String, username: String? = nil, password: String? = nil) throws -> RedisConfiguration {
        var configuration = try RedisConfiguration(url: url, username: username, password: password)
        configuration.connectTimeout = .seconds(20)
        configuration.commandTimeout = .seconds(20)
        return configuration
    }
}
