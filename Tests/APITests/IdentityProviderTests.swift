// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite("What identity providers send") struct IdentityProviderTests {
        @Test("A flow is answered as its client needs it", arguments: ProviderFlow.names)
        func replay(name: String) async throws {
            let flow = try ProviderFlow(named: name)
            try await withAPI(rules: DirectoryRules(userNameRule: flow.userNameRule)) { api in
                try await FlowReplay(flow, api).run()
            }
        }

        @Test func everyProviderHasAFlow() throws {
            let providers = try Set(ProviderFlow.names.map { try ProviderFlow(named: $0).provider })
            #expect(
                providers == [
                    "Microsoft Entra ID", "Okta", "OneLogin", "Google Workspace", "JumpCloud", "SCIM for Keycloak",
                    "keycloak-scim", "authentik", "SailPoint", "Rippling", "AWS-style client", "GitLab-style client",
                    "Ping Identity", "SCIM-SDK",
                ])
        }
    }
}
