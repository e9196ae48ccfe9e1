// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import Logging
import SCIM
import Testing

@testable import API

extension OverHTTP {
    /// Whole requests, damaged in every part, against the API and a real PostgreSQL.
    @Suite struct RequestFuzzTests {
        /// What the placeholders of the corpus stand for; made anew now and then, because requests delete them.
        private struct Names {
            let user: String
            let group: String

            init(_ api: TestAPI) async throws {
                user = try await api.post("/Users", Samples.user(Samples.name("fuzz"))).id
                group = try await api.post("/Groups", Samples.group(Samples.name("fuzz"), members: [user])).id
            }

            func filled(_ bytes: [UInt8]) -> [UInt8] {
                Array(
                    String(decoding: bytes, as: UTF8.self).replacing("{user}", with: user)
                        .replacing("{group}", with: group).replacing("{name}", with: Samples.name("fuzz")).utf8)
            }
        }

        @Test("No request is answered with 5xx (/Me with 501 apart), with anything but SCIM, or with a client's header")
        func requests() async throws {
            let seed = SeededGenerator.seedOfThisRun
            let corpus = try FuzzCorpus.requests()
            let texts = try FuzzTexts()
            let log = CapturedLog()
            try await withAPI(logger: log.logger) { api in
                var generator = SeededGenerator(seed: seed)
                var names = try await Names(api)
                var statuses: [Int: Int] = [:]
                var budget = FuzzBudget(count: 1500)
                var number = 0
                while budget.takes() {
                    if number % 50 == 49 { names = try await Names(api) }
                    // Undamaged first.
                    let file = number < corpus.count ? corpus[number] : corpus.randomElement(using: &generator) ?? []
                    var request = FuzzedRequest(names.filled(file))
                    if number >= corpus.count {
                        for _ in 0..<Int.random(in: 1...3, using: &generator) {
                            request.damage(texts, using: &generator)
                        }
                    }
                    let isChunked = !request.body.isEmpty && Int.random(in: 0..<6, using: &generator) == 0
                    let bytes = request.bytes(token: TestToken.client.secret, isChunked: isChunked)
                    // A damaged head may announce a body that never comes.
                    let answer = try await RawConnection.exchange(
                        bytes, port: api.port, limit: .seconds(request.hasDamagedHead ? 1 : 20))
                    do {
                        statuses[try Self.status(of: answer, to: request, log), default: 0] += 1
                    } catch {
                        Issue.record("seed \(seed), request \(number): \(error): \(Self.shown(bytes))")
                    }
                    number += 1
                }
                try await api.get("/Users?count=1").expect(200)
                // What is stored can be read, whatever it was.
                try await Self.readEverything(api)
                // Both ways have to be met often, or the test would prove nothing.
                var taken = 0
                for (status, count) in statuses where 200..<300 ~= status { taken += count }
                #expect(taken > number / 10, "seed \(seed): \(statuses)")
                #expect((statuses[400] ?? 0) > number / 10, "seed \(seed): \(statuses)")
            }
        }

        private struct Fault: Error {
            let description: String
        }

        /// - Returns: The status; 0 when the connection was closed without an answer.
        private static func status(
            of answer: [UInt8], to request: FuzzedRequest, _ log: CapturedLog
        ) throws -> Int {
            // Some requests ask for it, and then it comes before the answer.
            let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
            let answer = answer.starts(with: goOn) ? Array(answer.dropFirst(goOn.count)) : answer
            if answer.isEmpty {
                guard request.hasDamagedHead else { throw Fault(description: "no answer") }
                return 0
            }
            let response = try RawResponse(answer, isHead: request.method == "HEAD")
            // Below the API a request that is no HTTP gets a plain 400.
            if request.hasDamagedHead, response.header("x-request-id") == nil {
                guard 400..<500 ~= response.status else { throw Fault(description: "status \(response.status)") }
                return response.status
            }
            let mayBe501 = request.hasDamagedHead || request.route == .me
            guard let fault = response.fault(mayBe501: mayBe501) else { return response.status }
            var errors: [String] = []
            for line in log.lines where line.level >= .error { errors.append("\(line.message) \(line.metadata)") }
            throw Fault(description: "\(fault), \(errors.suffix(2))")
        }

        private static func readEverything(_ api: TestAPI) async throws {
            for path in ["/Users", "/Groups"] {
                var cursor = ""
                while true {
                    let page = try await api.get("\(path)?cursor=\(cursor)&count=200")
                    page.expect(200)
                    for resource in page.json["Resources"]?.arrayValue ?? [] {
                        #expect(resource["id"]?.stringValue.flatMap { LowercaseUUID($0) } != nil)
                    }
                    guard let next = page.json["nextCursor"]?.stringValue else { break }
                    cursor = next
                }
            }
        }

        /// Printable, and short enough for a report.
        private static func shown(_ bytes: [UInt8]) -> String {
            String(String(decoding: bytes.prefix(3000), as: UTF8.self).debugDescription)
        }
    }
}
