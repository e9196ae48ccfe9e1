// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite("What identity providers send") struct IdentityProviderTests {
        @Test("A recorded flow is answered as its client needs it", arguments: RecordedFlow.names)
        func replay(name: String) async throws {
            let flow = try RecordedFlow(named: name)
            try await withAPI(rules: DirectoryRules(userNameRule: flow.userNameRule)) { api in
                try await FlowReplay(flow, api).run()
            }
        }

        @Test func everyProviderHasAFlow() throws {
            let providers = try Set(RecordedFlow.names.map { try RecordedFlow(named: $0).provider })
            #expect(
                providers == [
                    "Microsoft Entra ID", "Okta", "OneLogin", "Google Workspace", "JumpCloud", "SCIM for Keycloak",
                    "keycloak-scim", "authentik", "SailPoint", "Rippling", "AWS-style client", "GitLab-style client",
                    "Ping Identity",
                ])
        }
    }
}
