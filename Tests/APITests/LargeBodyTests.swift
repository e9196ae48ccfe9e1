// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite struct LargeBodyTests {
        private static func bulk(_ operations: Int, padding: Int) -> [UInt8] {
            let text = String(repeating: "x", count: padding)
            let list: [JSONValue] = (0..<operations).map { index in
                [
                    "method": "POST", "path": "/Users", "bulkId": .string("u\(index)"),
                    "data": .object(
                        Samples.user(Samples.name("bulk"), ["profileUrl": .string("https://x.test/\(text)")])),
                ]
            }
            let body: JSONObject = ["schemas": [.string(SchemaURN.bulkRequest)], "Operations": .array(list)]
            return body.serialize()
        }

        private static func head(_ length: Int) -> [UInt8] {
            Array(
                """
                POST /scim/v2/Bulk HTTP/1.1\r
                Host: x\r
                Connection: close\r
                Authorization: Bearer \(TestToken.client.secret)\r
                Content-Type: application/scim+json\r
                Content-Length: \(length)\r
                \r

                """.utf8)
        }

        @Test("Eight bulk requests of 8 MiB at the same time are all carried out, within bounded memory")
        func eightBulks() async throws {
            var limits = RequestLimits()
            // However slow the machine is.
            limits.bodyPatience = .seconds(300)
            try await withAPI(limits: limits) { api in
                ResidentMemory.forgetLargeBlocks()
                let warm = Self.bulk(100, padding: 100)
                try await api.send("POST", "/Bulk", body: warm).expect(200)
                let bodies = (0..<8).map { _ in Self.bulk(1000, padding: 7700) }
                #expect(bodies.allSatisfy { $0.count > 7_900_000 && $0.count <= 8 << 20 })
                let before = try ResidentMemory.now()
                ResidentMemory.resetPeak()
                let start = ContinuousClock.now
                let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                    for body in bodies {
                        group.addTask {
                            try await RawConnection.exchange(
                                Self.head(body.count) + body, port: api.port, limit: .seconds(300))
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                for bytes in answers {
                    let response = try RawResponse(bytes)
                    #expect(response.status == 200)
                    let json = try JSONValue(parsing: response.body)
                    let statuses = (json["Operations"]?.arrayValue ?? []).map { $0["status"]?.stringValue }
                    #expect(statuses.count == 1000 && statuses.allSatisfy { $0 == "201" })
                }
                let (now, peak) = (try ResidentMemory.now(), try ResidentMemory.peak())
                print(
                    "8 bulk requests of \(bodies[0].count) bytes took \(start.duration(to: .now)); resident memory: before \(before >> 20) MiB, "
                        + "peak \(peak >> 20) MiB, after \(now >> 20) MiB")
                // The clients, in this same process, have every body once more.
                #expect(peak - before < bodies.reduce(0) { $0 + $1.count } + (100 << 20))
            }
        }

        @Test("While a large body trickles in, small requests are served; another large one is told to come back")
        func turn() async throws {
            var limits = RequestLimits()
            limits.bodiesAtOnce = 100_000
            limits.bodyPatience = .milliseconds(500)
            try await withAPI(limits: limits) { api in
                let body = Self.bulk(20, padding: 5000)
                // Holds its turn until its time is over: it never sends its end.
                async let stalled = RawConnection.exchange(
                    Self.head(body.count + 1) + body, port: api.port, limit: .seconds(3))
                try await eventually {
                    let answer = try await api.send("POST", "/Bulk", body: body)
                    if answer.status == 200 { return false }
                    answer.expect(429)
                    #expect(answer.header("Retry-After") == "1")
                    return true
                }
                try await api.post("/Users", Samples.user(Samples.name())).expect(201)
                try await api.send("POST", "/Bulk", body: Self.bulk(3, padding: 10)).expect(200)
                _ = try await stalled
                // The client has gone, and so has its share.
                try await eventually {
                    try await api.send("POST", "/Bulk", body: Self.bulk(20, padding: 5000)).status == 200
                }
            }
        }

        @Test("A large body that takes too long is refused")
        func time() async throws {
            var limits = RequestLimits()
            limits.bodyTime = .zero
            try await withAPI(limits: limits) { api in
                try await api.send("POST", "/Bulk", body: Self.bulk(20, padding: 5000)).expect(408)
                try await api.send("POST", "/Bulk", body: Self.bulk(3, padding: 10)).expect(200)
            }
        }

        @Test("A large body of unknown length waits for its turn, too")
        func chunked() async throws {
            var limits = RequestLimits()
            limits.bodiesAtOnce = 1
            try await withAPI(limits: limits) { api in
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            var request = FuzzedRequest(
                                Array("POST /scim/v2/Bulk\r\nContent-Type: application/json\r\n\r\n".utf8))
                            request.body = Self.bulk(20, padding: 5000)
                            let bytes = request.bytes(token: TestToken.client.secret, isChunked: true)
                            return try RawResponse(try await RawConnection.exchange(bytes, port: api.port)).status
                        }
                    }
                    for try await status in group { #expect(status == 200) }
                }
            }
        }
    }
}
