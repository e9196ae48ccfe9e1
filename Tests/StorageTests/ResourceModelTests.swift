// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

/// What ``ResourceStore`` should hold, kept in memory by the plainest rules.
private struct Model {
    struct Resource {
        let type: ResourceType
        var revision: Int64 = 1
        var name: String
        var title: String
        var externalIDs: [String: String] = [:]
        var members: Set<ResourceID> = []
        var jobs: [String] = ["create 1"]
    }

    enum Expectation: Equatable {
        case created, updated(Int64), unchanged, deleted, notFound, mismatch(Int64), uniqueness(String), unknownMembers,
            cycle
    }

    var resources: [ResourceID: Resource] = [:]
    /// Jobs of what is gone.
    var former: [ResourceID: [String]] = [:]

    func holder(of name: String) -> ResourceID? {
        resources.first { $0.value.name.lowercased() == name.lowercased() }?.key
    }

    func isBelow(_ group: ResourceID, _ others: Set<ResourceID>) -> Bool {
        var seen: Set<ResourceID> = []
        var open = Array(others)
        while let id = open.popLast() {
            if id == group { return true }
            if seen.insert(id).inserted { open += resources[id]?.members ?? [] }
        }
        return false
    }

    func expectCreate(_ name: String, members: Set<ResourceID>) -> Expectation {
        if !members.allSatisfy({ resources[$0] != nil }) { return .unknownMembers }
        return holder(of: name) == nil ? .created : .uniqueness(name.lowercased())
    }

    mutating func replace(
        _ id: ResourceID, _ type: ResourceType, name: String, title: String, externalID: String?, client: String,
        members: Set<ResourceID>, ifMatch: Int64?
    ) -> Expectation {
        guard var resource = resources[id], resource.type == type else { return .notFound }
        if let ifMatch, ifMatch != resource.revision { return .mismatch(resource.revision) }
        if type == .group {
            let new = members.subtracting(resource.members)
            if new.contains(id) { return .cycle }
            if !new.allSatisfy({ resources[$0] != nil }) { return .unknownMembers }
            if isBelow(id, new) { return .cycle }
        }
        let isSame =
            resource.name == name && resource.title == title && resource.externalIDs[client] == externalID
            && resource.members == members
        if isSame { return .unchanged }
        if let other = holder(of: name), other != id { return .uniqueness(name.lowercased()) }
        resource.revision += 1
        resource.name = name
        resource.title = title
        resource.externalIDs[client] = externalID
        resource.members = members
        resource.jobs.append("modify \(resource.revision)")
        resources[id] = resource
        return .updated(resource.revision)
    }

    /// The members that are added are new ones, or the change is none of theirs.
    mutating func changeMembers(
        _ id: ResourceID, adding: Set<ResourceID>, removing: Set<ResourceID>?, ifMatch: Int64?
    ) -> Expectation {
        guard var resource = resources[id], resource.type == .group else { return .notFound }
        if let ifMatch, ifMatch != resource.revision { return .mismatch(resource.revision) }
        let kept = removing.map { resource.members.subtracting($0) } ?? []
        let new = adding.subtracting(resource.members)
        if new.contains(id) { return .cycle }
        if !new.allSatisfy({ resources[$0] != nil }) { return .unknownMembers }
        if isBelow(id, new) { return .cycle }
        if kept.union(adding) == resource.members { return .unchanged }
        resource.members = kept.union(adding)
        resource.revision += 1
        resource.jobs.append("modify \(resource.revision)")
        resources[id] = resource
        return .updated(resource.revision)
    }

    mutating func delete(_ id: ResourceID, _ type: ResourceType, ifMatch: Int64?) -> Expectation {
        guard let resource = resources[id], resource.type == type else { return .notFound }
        if let ifMatch, ifMatch != resource.revision { return .mismatch(resource.revision) }
        former[id] = resource.jobs + ["delete \(resource.revision + 1)"]
        resources[id] = nil
        for (group, holder) in resources where holder.members.contains(id) {
            resources[group]?.members.remove(id)
            resources[group]?.revision += 1
        }
        return .deleted
    }
}

@Suite("Resources against a model", .timeLimit(.minutes(3))) struct ResourceModelTests {
    private let clients = ["idp", "hr"]

    @Test("Random writes have the results and the end state of the model", arguments: 1...6 as ClosedRange<UInt64>)
    func random(seed: UInt64) async throws {
        let seed = seed &+ SeededGenerator.seedOffset
        try await StorageFixture.run { fixture in
            var generator = SeededGenerator(seed: seed)
            var model = Model()
            for step in 0..<250 {
                let (expected, actual) = try await self.step(fixture, &model, &generator)
                #expect(actual == expected, "seed \(seed), step \(step)")
                if actual != expected { return }
            }
            try await check(fixture, model, seed)
        }
    }

    private func step(
        _ fixture: StorageFixture, _ model: inout Model, _ generator: inout SeededGenerator
    ) async throws -> (Model.Expectation, Model.Expectation) {
        let known = model.resources.keys.sorted()
        let type: ResourceType = Bool.random(using: &generator) ? .user : .group
        // Names differ in case only, now and then.
        let number = Int.random(in: 0..<25, using: &generator)
        let name = Bool.random(using: &generator) ? "name\(number)" : "NAME\(number)"
        let title = "\(Int.random(in: 0..<3, using: &generator))"
        let externalID = Bool.random(using: &generator) ? "e\(Int.random(in: 0..<3, using: &generator))" : nil
        let client = clients.randomElement(using: &generator) ?? "idp"
        var members: Set<ResourceID> = []
        if type == .group {
            for id in known where Int.random(in: 0..<4, using: &generator) == 0 { members.insert(id) }
            if Int.random(in: 0..<15, using: &generator) == 0 { members.insert(.random()) }
        }
        let target = known.randomElement(using: &generator) ?? .random()
        let revision = model.resources[target]?.revision ?? 1
        let ifMatch: Int64? = [nil, nil, nil, revision, revision + 1].randomElement(using: &generator) ?? nil
        var resource = type == .user ? user(name) : group(name, members: members.sorted())
        resource.attributes["title"] = .string(title)
        resource.externalId = externalID
        switch Int.random(in: 0..<13, using: &generator) {
        case 10..<13:
            let adding = Set(members.prefix(Int.random(in: 0...2, using: &generator)))
            let removing = Set(known.filter { _ in Int.random(in: 0..<8, using: &generator) == 0 }).subtracting(adding)
            let replaces = Int.random(in: 0..<4, using: &generator) == 0
            let expected = model.changeMembers(
                target, adding: adding, removing: replaces ? nil : removing, ifMatch: ifMatch)
            let list = adding.map { ValidatedResource.Member(id: $0, type: nil) }
            let result = try await fixture.store.changeMembers(
                of: target,
                [replaces ? .replace(with: list) : .change(adding: list, removing: Array(removing))],
                ifMatch: ifMatch, context: context(client: client))
            return (expected, expectation(result))
        case 0..<4:
            var expected = model.expectCreate(name, members: members)
            let result = try await fixture.store.create(resource, context: context(client: client))
            if case .created(let stored, _) = result {
                if expected == .created, stored.revision != 1 { expected = .notFound }
                model.resources[stored.id] = Model.Resource(
                    type: type, name: name, title: title, externalIDs: externalID.map { [client: $0] } ?? [:],
                    members: members)
            }
            return (expected, expectation(result))
        case 4..<8:
            let expected = model.replace(
                target, type, name: name, title: title, externalID: externalID, client: client, members: members,
                ifMatch: ifMatch)
            let result = try await fixture.store.replace(
                type, target, with: resource, ifMatch: ifMatch, context: context(client: client))
            return (expected, expectation(result))
        default:
            let expected = model.delete(target, type, ifMatch: ifMatch)
            let result = try await fixture.store.delete(
                type, target, ifMatch: ifMatch, context: context(client: client))
            return (expected, expectation(result))
        }
    }

    private func expectation(_ result: CreateResult) -> Model.Expectation {
        switch result {
        case .created: .created
        case .uniqueness(let claim): .uniqueness(claim.value)
        case .unknownMembers: .unknownMembers
        case .memberTypeMismatch: .cycle
        }
    }

    private func expectation(_ result: UpdateResult) -> Model.Expectation {
        switch result {
        case .updated(let stored, _): .updated(stored.revision)
        case .unchanged: .unchanged
        case .notFound: .notFound
        case .revisionMismatch(let current): .mismatch(current)
        case .uniqueness(let claim): .uniqueness(claim.value)
        case .unknownMembers: .unknownMembers
        case .memberTypeMismatch: .notFound
        case .memberCycle: .cycle
        }
    }

    private func expectation(_ result: DeleteResult) -> Model.Expectation {
        switch result {
        case .deleted: .deleted
        case .notFound: .notFound
        case .revisionMismatch(let current): .mismatch(current)
        }
    }

    private func check(_ fixture: StorageFixture, _ model: Model, _ seed: UInt64) async throws {
        let comment: Comment = "seed \(seed)"
        #expect(try await fixture.number("SELECT count(*) FROM resource") == model.resources.count, comment)
        #expect(try await fixture.number("SELECT count(*) FROM unique_claim") == model.resources.count, comment)
        for (id, expected) in model.resources {
            for client in clients {
                let read = try await fixture.store.read(expected.type, id, tenant: "default", client: client)
                #expect(read?.revision == expected.revision, comment)
                #expect(read?.externalId == expected.externalIDs[client], comment)
                #expect(try read?.parsedAttributes()["title"] == .string(expected.title), comment)
                #expect(read?.memberCount == (expected.type == .group ? Int64(expected.members.count) : nil), comment)
            }
            #expect(try await Set(fixture.memberIDs(of: id)) == expected.members, comment)
            #expect(try await fixture.jobs(of: id) == expected.jobs, comment)
        }
        for (id, jobs) in model.former { #expect(try await fixture.jobs(of: id) == jobs, comment) }
        let disorder = try await fixture.number(
            """
            SELECT count(*) FROM job a JOIN job b
                ON a.resource_id = b.resource_id AND a.revision < b.revision AND a."order" >= b."order"
            """)
        #expect(disorder == 0, comment)
        // A stay that has ended lies within the revisions of its group; no two present stays of one member.
        let badStays = try await fixture.number(
            "SELECT count(*) FROM group_member WHERE removed_revision <= added_revision")
        #expect(badStays == 0, comment)
    }
}
