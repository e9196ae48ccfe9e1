// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite struct ConditionalTests {
        @Test(
            "GET with If-None-Match",
            arguments: [
                (#"W/"2""#, 304), (#""2""#, 304), ("*", 304), (#"W/"1", W/"2""#, 304), (#"W/"1""#, 200),
                (#"W/"3""#, 200), ("nonsense", 200),
            ])
        func read(header: String, status: Int) async throws {
            try await withAPI { api in
                for type in ResourceType.allCases {
                    let collection = type.endpoint
                    let (first, second) =
                        switch type {
                        case .user: (Samples.user(Samples.name()), Samples.user(Samples.name()))
                        case .group: (Samples.group(Samples.name()), Samples.group(Samples.name()))
                        }
                    let id = try await api.post(collection, first).id
                    try await api.put("\(collection)/\(id)", second).expect(200)
                    let answer = try await api.get("\(collection)/\(id)", headers: [("If-None-Match", header)])
                    #expect(answer.status == status)
                    #expect(answer.etag == #"W/"2""#)
                    #expect(answer.body.isEmpty == (status == 304))
                    #expect(answer.header("X-Request-ID") != nil)
                }
            }
        }

        @Test(
            "GET and HEAD with If-Match",
            arguments: [
                (#"W/"1""#, nil, 200), ("*", nil, 200), (#"W/"7", W/"1""#, nil, 200), (#"W/"2""#, nil, 412),
                ("nonsense", nil, 412), (#"W/"1""#, #"W/"1""#, 304), (#"W/"2""#, #"W/"1""#, 412),
            ] as [(String, String?, Int)])
        func readIfMatch(match: String, noneMatch: String?, status: Int) async throws {
            try await withAPI { api in
                let user = try await api.post("/Users", Samples.user(Samples.name())).id
                let group = try await api.post("/Groups", Samples.group(Samples.name())).id
                let headers = [("If-Match", match)] + (noneMatch.map { [("If-None-Match", $0)] } ?? [])
                for path in ["/Users/\(user)", "/Groups/\(group)"] {
                    for method in ["GET", "HEAD"] {
                        let answer = try await api.send(method, path, headers: headers)
                        #expect(answer.status == status)
                    }
                }
                try await api.get("/Users/\(group)", headers: headers).expect(404)
            }
        }

        static let writes = [
            ("If-Match", #"W/"2""#, true), ("If-Match", #""2""#, true), ("If-Match", "*", true),
            ("If-Match", #"W/"7", W/"2""#, true),
            ("If-Match", #"W/"1""#, false), ("If-Match", #"W/"3""#, false), ("If-Match", #"W/"1", W/"3""#, false),
            ("If-Match", #""abc""#, false), ("If-Match", "2", false),
            ("If-None-Match", #"W/"1""#, true), ("If-None-Match", #"W/"2""#, false), ("If-None-Match", "*", false),
        ]

        @Test("PUT with a condition", arguments: writes)
        func replace(name: String, value: String, holds: Bool) async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                try await api.put("/Users/\(id)", Samples.user(Samples.name())).expect(200)
                let answer = try await api.put("/Users/\(id)", Samples.user(Samples.name()), headers: [(name, value)])
                answer.expect(holds ? 200 : 412)
                #expect(try await api.get("/Users/\(id)").etag == (holds ? #"W/"3""# : #"W/"2""#))
            }
        }

        @Test("DELETE with a condition", arguments: writes)
        func delete(name: String, value: String, holds: Bool) async throws {
            try await withAPI { api in
                let id = try await api.post("/Groups", Samples.group(Samples.name())).id
                try await api.put("/Groups/\(id)", Samples.group(Samples.name())).expect(200)
                try await api.delete("/Groups/\(id)", headers: [(name, value)]).expect(holds ? 204 : 412)
                try await api.get("/Groups/\(id)").expect(holds ? 404 : 200)
            }
        }

        @Test("A condition on nothing is 404", arguments: ["*", #"W/"1""#, #"W/"1", W/"2""#, "x"])
        func missing(value: String) async throws {
            try await withAPI { api in
                let path = "/Users/\(LowercaseUUID.random())"
                try await api.put(path, Samples.user(Samples.name()), headers: [("If-Match", value)]).expect(404)
                try await api.delete(path, headers: [("If-Match", value)]).expect(404)
            }
        }

        @Test func ofParallelConditionalWritesOneWins() async throws {
            try await withAPI { api in
                let created = try await api.post("/Users", Samples.user(Samples.name()))
                let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            try await api.put(
                                "/Users/\(created.id)", Samples.user(Samples.name()),
                                headers: [("If-Match", created.etag)]
                            ).status
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.sorted() == [200] + Array(repeating: 412, count: 7))
                #expect(try await api.get("/Users/\(created.id)").etag == #"W/"2""#)
            }
        }

        @Test func parallelUnconditionalWritesAllSucceed() async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                    for _ in 0..<16 {
                        group.addTask { try await api.put("/Users/\(id)", Samples.user(Samples.name())) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                for answer in answers { answer.expect(200) }
                #expect(Set(answers.map(\.etag)).count == 16)
                #expect(try await api.jobs(of: id).map(\.revision) == Array(1...17))
            }
        }
    }
}
