// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzSupport
import JSON
import Testing
import UDMDouble

@Suite("The journal: nothing that was answered is lost")
struct JournalTests {
    /// All that a client can see, and more.
    private func everything(_ double: UDMDouble) -> [UDMDouble.StoredObject] { double.objects() }

    @Test("a restart has the same objects, entity tags, passwords, records and counters")
    func restart() async throws {
        try await withTemporaryDirectory { directory async throws in
            let configuration = UDMDouble.Configuration(journalDirectory: directory)
            var before: [UDMDouble.StoredObject] = []
            var records: [RecordedRequest] = []
            try await withDouble(configuration) { double, client async throws in
                try await client.createUser("jo", ["mailPrimaryAddress": "jo@example.org"])
                try await client.createUser("al")
                try await client.createGroup("g", ["users": [.string(userDN("jo")), "uid=nobody,dc=example,dc=org"]])
                #expect(try await client.patch(user("jo"), ["username": "joan", "title": "Dr."]).status == 204)
                #expect(try await client.patch(user("joan"), ["password": "N3w-secret"]).status == 204)
                #expect(try await client.post("container/ou", ["name": "north"]).status == 201)
                #expect(try await client.put(user("al"), [:], position: "ou=north,dc=example,dc=org").status == 201)
                #expect(try await client.delete("users/user/uid=al,ou=north,dc=example,dc=org").status == 204)
                before = everything(double)
                records = double.requests()
            }
            try await withDouble(configuration) { double, client async throws in
                #expect(everything(double) == before)
                #expect(double.requests() == records)
                #expect(double.check().commits == records.count { $0.isCommitted })
                #expect(try await client.patch(user("joan"), ["password": "S3cret-x9"]).status == 422)
                #expect(
                    try await client.post("users/user", userProperties("x", ["mailPrimaryAddress": "jo@example.org"]))
                        .status == 422)
                let created = try await client.createUser("new")
                #expect(double.requests().last?.sequence == records.count + 3)
                #expect(created.etag != nil && Set(before.map(\.etag)).isDisjoint(with: [created.etag ?? ""]))
                let numbers = double.objects(.init(module: "users/user")).compactMap {
                    $0.properties["uidNumber"]?.integerValue
                }
                #expect(Set(numbers).count == numbers.count)
            }
        }
    }

    @Test("what was answered is in the journal before the answer is sent")
    func writtenBeforeTheAnswer() async throws {
        try await withTemporaryDirectory { directory async throws in
            try await withDouble(.init(journalDirectory: directory)) { _, client async throws in
                for number in 0..<20 {
                    try await client.createUser("u\(number)")
                    let changes = try String(contentsOfFile: "\(directory)/changes.jsonl", encoding: .utf8)
                    let requests = try String(contentsOfFile: "\(directory)/requests.jsonl", encoding: .utf8)
                    #expect(changes.contains("\"uid=u\(number),cn=users"))
                    #expect(requests.split(separator: "\n").count == number + 1)
                    #expect(!changes.contains("S3cret-x9") && !requests.contains("S3cret-x9"))
                }
            }
        }
    }

    @Test("killed at any byte: whole commits are there, the torn one is not, and writing goes on")
    func torn() async throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        try await withTemporaryDirectory { directory async throws in
            try await withDouble(.init(journalDirectory: directory)) { _, client async throws in
                for number in 0..<12 {
                    try await client.createUser("u\(number)")
                    #expect(try await client.patch(user("u\(number)"), ["title": .string("é\(number)")]).status == 204)
                }
            }
            let changes = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/changes.jsonl"))
            let requests = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/requests.jsonl"))
            let firstLine = (changes.firstIndex(of: 10) ?? 0) + 1
            for round in 0..<25 {
                let copy = "\(directory)/copy\(round)"
                try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: false)
                let cut = Int.random(in: firstLine...changes.count, using: &generator)
                let cutRequests = Int.random(in: 0...requests.count, using: &generator)
                try changes.prefix(cut).write(to: URL(fileURLWithPath: "\(copy)/changes.jsonl"))
                try requests.prefix(cutRequests).write(to: URL(fileURLWithPath: "\(copy)/requests.jsonl"))
                let commits = changes.prefix(cut).count { $0 == 10 } - 1
                let configuration = UDMDouble.Configuration(journalDirectory: copy)
                for start in 0..<2 {
                    try await withDouble(configuration) { double, client async throws in
                        let comment: Comment = "seed \(seed), cut at \(cut) and \(cutRequests)"
                        let users = double.objects(.init(module: "users/user"))
                        #expect(users.count == (commits + 1) / 2 + start, comment)
                        #expect(users.count { $0.properties["title"]?.stringValue != nil } == commits / 2, comment)
                        if start == 0 { try await client.createUser("after") }
                        #expect(try await client.get(user("after")).status == 200, comment)
                    }
                }
            }
        }
    }

    @Test("a journal that is damaged in the middle is refused, with the line")
    func damaged() async throws {
        try await withTemporaryDirectory { directory async throws in
            try await withDouble(.init(journalDirectory: directory)) { _, client async throws in
                for number in 0..<3 { try await client.createUser("u\(number)") }
            }
            let path = "\(directory)/changes.jsonl"
            var lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
            lines[2] = "{\"commit\":"
            try lines.joined(separator: "\n").appending("\n").write(toFile: path, atomically: true, encoding: .utf8)
            let error = try #require(throws: JournalError.self) {
                try UDMDouble(.init(journalDirectory: directory))
            }
            #expect(error.description.contains("line 3"))
        }
    }

    @Test("a journal of another base is refused")
    func otherBase() async throws {
        try await withTemporaryDirectory { directory async throws in
            try await withDouble(.init(journalDirectory: directory)) { _, client async throws in
                try await client.createUser("jo")
            }
            #expect(throws: UDMDouble.ControlError.self) {
                try UDMDouble(.init(baseDN: "dc=other,dc=test", journalDirectory: directory))
            }
        }
    }

    @Test("two doubles cannot have one journal; after a stop the next one can")
    func exclusive() async throws {
        try await withTemporaryDirectory { directory async throws in
            let configuration = UDMDouble.Configuration(journalDirectory: directory)
            try await withDouble(configuration) { _, client async throws in
                #expect(throws: JournalError.self) { try UDMDouble(configuration) }
                try await client.createUser("jo")
            }
            try await withDouble(configuration) { _, client async throws in
                #expect(try await client.get(user("jo")).status == 200)
            }
        }
    }

    @Test("concurrent creates: each is answered once, written once, and one name has one winner")
    func concurrent() async throws {
        try await withTemporaryDirectory { directory async throws in
            let configuration = UDMDouble.Configuration(journalDirectory: directory)
            var before: [UDMDouble.StoredObject] = []
            try await withDouble(configuration) { double, client async throws in
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<300 {
                        let name = number % 3 == 0 ? "same" : "u\(number)"
                        group.addTask { try await client.post("users/user", userProperties(name)).status }
                    }
                    return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
                }
                #expect(statuses == [201: 201, 422: 99])
                before = everything(double)
                let numbers = before.compactMap { $0.properties["uidNumber"]?.integerValue }
                #expect(numbers.count == 201 && Set(numbers).count == 201)
            }
            try await withDouble(configuration) { double, _ async throws in
                #expect(everything(double) == before)
                #expect(double.requests().count == 300)
            }
        }
    }

    @Test("random operations: a replay gives the same directory")
    func randomOperations() async throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        let comment: Comment = "seed \(seed)"
        try await withTemporaryDirectory { directory async throws in
            let configuration = UDMDouble.Configuration(journalDirectory: directory)
            var before: [UDMDouble.StoredObject] = []
            try await withDouble(configuration) { double, client async throws in
                for _ in 0..<400 { try await operate(client, using: &generator) }
                before = everything(double)
                #expect(double.check().isSound, comment)
                #expect(double.requests().allSatisfy { ($0.status ?? 500) < 500 }, comment)
                try await checkInvariants(double, comment)
            }
            try await withDouble(configuration) { double, _ async throws in
                #expect(everything(double) == before, comment)
            }
        }
    }

    /// One random request on five users and four groups.
    private func operate(_ client: Client, using generator: inout SeededGenerator) async throws {
        let name = "u\(Int.random(in: 0..<5, using: &generator))"
        let other = "u\(Int.random(in: 0..<5, using: &generator))"
        let team = "g\(Int.random(in: 0..<4, using: &generator))"
        let otherTeam = "g\(Int.random(in: 0..<4, using: &generator))"
        switch Int.random(in: 0..<11, using: &generator) {
        case 0:
            _ = try await client.post(
                "users/user", userProperties(name, ["mailPrimaryAddress": .string("\(other)@x.test")]))
        case 1: _ = try await client.post("groups/group", ["name": .string(team)])
        case 2: _ = try await client.patch(user(name), ["username": .string(other)])
        case 3: _ = try await client.patch(group(team), ["name": .string(otherTeam)])
        case 4: _ = try await client.patch(group(team), ["users": [.string(userDN(name)), .string(userDN(other))]])
        case 5: _ = try await client.patch(group(team), ["nestedGroup": [.string(groupDN(otherTeam))]])
        case 6: _ = try await client.patch(user(name), ["groups": [.string(groupDN(team))]])
        case 7: _ = try await client.delete(user(name))
        case 8: _ = try await client.delete(group(team))
        case 9:
            _ = try await client.patch(user(name), ["primaryGroup": .string(groupDN(team)), "title": .string(other)])
        default: _ = try await client.patch(user(name), ["mailAlternativeAddress": [.string("\(team)@x.test")]])
        }
    }

    /// Both directions of membership agree, and unique values are unique.
    private func checkInvariants(_ double: UDMDouble, _ comment: Comment) async throws {
        let users = double.objects(.init(module: "users/user"))
        let groups = double.objects(.init(module: "groups/group"))
        func texts(_ object: UDMDouble.StoredObject, _ property: String) -> [String] {
            object.properties[property]?.arrayValue?.compactMap(\.stringValue) ?? []
        }
        for user in users {
            let listing = groups.filter { texts($0, "users").contains(user.dn) }.map(\.dn)
            let primary = user.properties["primaryGroup"]?.stringValue ?? ""
            #expect(Set(texts(user, "groups")) == Set(listing + [primary]), comment)
            #expect(groups.contains { $0.dn == primary }, comment)
        }
        for group in groups {
            let parents = groups.filter { texts($0, "nestedGroup").contains(group.dn) }.map(\.dn)
            #expect(Set(texts(group, "memberOf")) == Set(parents), comment)
        }
        let names = (users + groups).compactMap {
            ($0.properties["username"] ?? $0.properties["name"])?.stringValue?.lowercased()
        }
        #expect(Set(names).count == names.count, comment)
        let addresses = users.flatMap { user in
            Set(
                texts(user, "mailAlternativeAddress")
                    + (user.properties["mailPrimaryAddress"]?.stringValue.map { [$0] } ?? []))
        }
        #expect(Set(addresses).count == addresses.count, comment)
    }
}
