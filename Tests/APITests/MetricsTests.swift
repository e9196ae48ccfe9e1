// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import MetricsTestKit
import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite struct MetricsTests {
        @Test func requestsAreCountedByMethodResourceAndStatus() async throws {
            let metrics = TestMetrics()
            try await withAPI(metrics: metrics) { api in
                let name = Samples.name()
                let id = try await api.post("/Users", Samples.user(name)).id
                try await api.post("/Users", Samples.user(name)).expect(409, scimType: "uniqueness")
                try await api.get("/Users/\(id)").expect(200)
                try await api.get("/Users/x").expect(404)
                try await api.get("/Users/y").expect(404)
                try await api.put("/Users/\(id)", Samples.user(name)).expect(200)
                try await api.put("/Users/\(id)", Samples.user(Samples.name())).expect(200)
                try await api.delete("/Users/\(id)").expect(204)
                try await api.post("/Groups", Samples.group(Samples.name("g"))).expect(201)
                try await api.get("/Schemas").expect(200)
                try await api.send("PROPFIND", "/nothing").expect(404)

                func requests(_ method: String, _ resource: String) throws -> [Int64] {
                    try metrics.expectCounter("scim_requests_total", [("method", method), ("resource", resource)])
                        .values
                }
                #expect(try requests("POST", "User").count == 2)
                #expect(try requests("GET", "User").count == 3)
                #expect(try requests("PUT", "User").count == 2)
                #expect(try requests("DELETE", "User").count == 1)
                #expect(try requests("POST", "Group").count == 1)
                #expect(try requests("GET", "Discovery").count == 1)
                #expect(try requests("OTHER", "Other").count == 1)
                let durations = try metrics.expectTimer(
                    "scim_request_duration_seconds", [("method", "GET"), ("resource", "User")]
                ).values
                #expect(durations.count == 3 && durations.allSatisfy { $0 > 0 })

                func errors(_ method: String, _ resource: String, _ status: String) throws -> Int {
                    try metrics.expectCounter(
                        "scim_request_errors_total", [("method", method), ("resource", resource), ("status", status)]
                    ).values.count
                }
                #expect(try errors("POST", "User", "409") == 1)
                #expect(try errors("GET", "User", "404") == 2)
                #expect(try errors("OTHER", "Other", "404") == 1)

                func accepted(_ operation: String, _ resource: String) throws -> Int {
                    try metrics.expectCounter(
                        "scim_writes_accepted_total", [("operation", operation), ("resource", resource)]
                    ).values.count
                }
                #expect(try accepted("create", "User") == 1)
                #expect(try accepted("modify", "User") == 1, "a PUT that changes nothing is no write")
                #expect(try accepted("delete", "User") == 1)
                #expect(try accepted("create", "Group") == 1)
                #expect(try accepted("delete", "Group") == 0)
            }
        }
    }
}
