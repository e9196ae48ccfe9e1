// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Testing

@testable import Storage

@Suite("The order of waiting writes") struct WriteQueueTests {
    private func content(_ claims: [String], bytes: Int = 2) -> WriteOperation.Content {
        WriteOperation.Content(
            attributes: [UInt8](repeating: 32, count: bytes), externalId: nil,
            newClaims: claims.map { UniqueClaim(kind: .name, value: $0) }, secret: nil)
    }

    private func operation(
        _ action: WriteOperation.Action, id: ResourceID = .random(), tenant: String = "default"
    ) -> WriteOperation {
        WriteOperation(
            type: .user, id: id, jobID: .random(), time: .now(), context: context(tenant: tenant), action: action)
    }

    private func create(_ claims: String..., tenant: String = "default", bytes: Int = 2) -> WriteOperation {
        operation(.create(content(claims, bytes: bytes)), tenant: tenant)
    }

    private func update(
        _ id: ResourceID, expected: Int64 = 1, adds: [String] = [], removes: [String] = []
    ) -> WriteOperation {
        operation(
            .update(
                content(adds), expected: expected, removedClaims: removes.map { UniqueClaim(kind: .name, value: $0) }),
            id: id)
    }

    private func delete(_ id: ResourceID = .random(), claims: String...) -> WriteOperation {
        operation(.delete(expected: nil, claims: claims.map { UniqueClaim(kind: .name, value: $0) }), id: id)
    }

    private func pending(_ operation: WriteOperation) -> PendingWrite {
        PendingWrite(operation: operation, arrivedAt: .now) { _ in }
    }

    /// The batches as positions in `operations`.
    private func batches(_ operations: [WriteOperation]) -> [[Int]] {
        var queue = WriteQueue()
        for operation in operations { queue.append(pending(operation)) }
        let positions = Dictionary(
            uniqueKeysWithValues: operations.enumerated().map { ($0.element.jobID, $0.offset) })
        var batches: [[Int]] = []
        while queue.count > 0 {
            batches.append(queue.takeBatch().compactMap { positions[$0.operation.jobID] })
        }
        #expect(queue.takeBatch().isEmpty)
        return batches
    }

    @Test("Writes that have nothing in common share a batch, in order")
    func independent() {
        #expect(
            batches([create("a"), create("b"), delete(claims: "c"), update(.random(), adds: ["d"])]) == [[0, 1, 2, 3]])
    }

    @Test("Writes of one resource follow each other, one a batch; others overtake them")
    func oneResource() {
        let id = ResourceID.random()
        #expect(
            batches([update(id), update(id, expected: 2), create("a"), delete(id), create("b")]) == [
                [0, 2, 4], [1], [3],
            ])
    }

    @Test("A name that is given up is taken in the next batch, whatever order they arrive in")
    func oneClaim() {
        #expect(batches([delete(claims: "jo"), create("jo"), create("al")]) == [[0, 2], [1]])
        #expect(batches([create("jo"), delete(claims: "jo"), create("al")]) == [[0, 2], [1]])
        #expect(batches([update(.random(), removes: ["jo"]), update(.random(), adds: ["jo"])]) == [[0], [1]])
    }

    @Test("What touches a write that has to wait waits behind it")
    func chain() {
        // 1 waits for 0 because of a, 2 for 1 because of b, although nothing of 2 is in the first batch.
        #expect(
            batches([create("a"), create("a", "b"), create("b", "c"), create("c"), create("d")]) == [
                [0, 4], [1], [2], [3],
            ])
    }

    @Test("What a batch under way touches waits, and so does what touches the waiting")
    func underWay() {
        let id = ResourceID.random()
        let running = [update(id, adds: ["a"]), delete(claims: "b")].map { pending($0) }
        let waiting = [
            update(id, expected: 2), create("a"), create("b", "c"), create("c"), create("d"), update(id, expected: 3),
        ]
        var queue = WriteQueue()
        for operation in waiting { queue.append(pending(operation)) }
        let beside = queue.takeBatch(beside: [WriteFootprint(running)])
        #expect(beside.map(\.operation.jobID) == [waiting[4].jobID])
        #expect(queue.takeBatch(beside: [WriteFootprint(running), WriteFootprint(beside)]).isEmpty)
        // The batch has ended.
        let next = queue.takeBatch(beside: [WriteFootprint(beside)])
        #expect(next.map(\.operation.jobID) == [waiting[0], waiting[1], waiting[2]].map(\.jobID))
        #expect(queue.takeBatch().map(\.operation.jobID) == [waiting[3], waiting[5]].map(\.jobID))
        #expect(queue.count == 0)
    }

    @Test("A lone write waits for a batch under way that touches it")
    func loneUnderWay() {
        let id = ResourceID.random()
        var queue = WriteQueue()
        queue.append(pending(update(id, expected: 2)))
        #expect(queue.takeBatch(beside: [WriteFootprint([pending(update(id))])]).isEmpty)
        #expect(queue.takeBatch().count == 1)
    }

    @Test("The same name in two tenants is two names")
    func tenants() {
        #expect(batches([create("a"), create("a", tenant: "other")]) == [[0, 1]])
    }

    @Test("A batch is bounded in number and in bytes")
    func bounds() {
        let many = (0..<600).map { create("user\($0)") }
        #expect(batches(many).map(\.count) == [256, 256, 88])
        let heavy = (0..<10).map { create("user\($0)", bytes: 1 << 20) }
        #expect(batches(heavy).map(\.count) == [4, 4, 2])
    }

    @Test("A thousand writes of one resource neither block others nor are searched through again and again")
    func manyOfOne() {
        let id = ResourceID.random()
        var queue = WriteQueue()
        for _ in 0..<2000 { queue.append(pending(update(id))) }
        queue.append(pending(create("a")))
        #expect(queue.takeBatch().count == 1)
        #expect(queue.count == 2000)
        #expect(queue.takeStale([id: 2]).count == 1999)
        #expect(queue.takeBatch().map(\.operation.newClaims) == [[UniqueClaim(kind: .name, value: "a")]])
    }

    @Test("Only writes with another revision than the current one are stale")
    func stale() {
        let id = ResourceID.random()
        var queue = WriteQueue()
        for operation in [update(id, expected: 1), update(id, expected: 2), delete(id), update(.random(), expected: 1)]
        {
            queue.append(pending(operation))
        }
        #expect(queue.takeStale([id: 2]).map(\.operation.expectedRevision) == [1])
        #expect(queue.count == 3)
    }
}
