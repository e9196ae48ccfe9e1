// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a person needs to go on, ready to paste.
enum Welcome {
    static func show(baseURL: String, operations: HostAndPort, token: String, took: Duration) {
        Progress.write(
            """

            The bridge is up (\(took.shown)).
              SCIM        \(baseURL)
              Metrics     http://\(operations)/metrics
              Health      http://\(operations)/health/ready

            Create a user:

              curl -s \(baseURL)/Users \\
                -H 'Authorization: Bearer \(token)' \\
                -H 'Content-Type: application/scim+json' \\
                -d '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"jroe",
                     "name":{"givenName":"Jo","familyName":"Roe"},"emails":[{"value":"jo@home.test","type":"home"}]}'


            """)
    }
}
