// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Testing

@testable import API

@Suite struct BodyBudgetTests {
    private func budget(_ total: Int, patience: Duration = .seconds(60)) -> BodyBudget {
        BodyBudget(total: total, patience: patience)
    }

    @Test("Requests are let in as they came, as many as there is room for")
    func order() async throws {
        let budget = budget(10)
        try await budget.take(6)
        try await budget.take(4)
        let entered = try await withThrowingTaskGroup(of: Int.self) { group in
            // The last would fit at once, but stands behind the others.
            for (index, bytes) in [5, 3, 1].enumerated() {
                group.addTask {
                    try await budget.take(bytes)
                    return index
                }
                try await eventually { budget.waitingCount == index + 1 }
            }
            budget.release(4)
            #expect(budget.waitingCount == 3)
            budget.release(6)
            return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(entered == [0, 1, 2])
        #expect(budget.waitingCount == 0)
        budget.release(9)
        try await budget.take(10)
    }

    @Test("What is larger than everything is let in alone")
    func alone() async throws {
        let budget = budget(10)
        try await budget.take(1)
        async let large: Void = budget.take(50)
        try await eventually { budget.waitingCount == 1 }
        budget.release(1)
        try await large
        async let next: Void = budget.take(1)
        try await eventually { budget.waitingCount == 1 }
        budget.release(50)
        try await next
    }

    @Test("Who waits too long is sent away, and holds up nobody behind")
    func patience() async throws {
        let budget = budget(10, patience: .milliseconds(300))
        try await budget.take(5)
        let large = Task { try await budget.take(9) }
        try await eventually { budget.waitingCount == 1 }
        async let small: Void = budget.take(5)
        let error = await #expect(throws: SCIMError.self) { try await large.value }
        #expect(error?.status == 429 && error?.retryAfter != nil)
        try await small
    }

    @Test("A request that is cancelled leaves the line")
    func cancelled() async throws {
        let budget = budget(10)
        try await budget.take(10)
        let waiting = Task { try await budget.take(1) }
        try await eventually { budget.waitingCount == 1 }
        waiting.cancel()
        await #expect(throws: SCIMError.self) { try await waiting.value }
        #expect(budget.waitingCount == 0)
        budget.release(10)
        try await budget.take(10)
    }

    @Test("The line has an end")
    func full() async throws {
        let budget = budget(1)
        try await budget.take(1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<BodyBudget.longestLine { group.addTask { try await budget.take(1) } }
            try await eventually { budget.waitingCount == BodyBudget.longestLine }
            await #expect(throws: SCIMError.self) { try await budget.take(1) }
            for _ in 0..<BodyBudget.longestLine { budget.release(1) }
            try await group.waitForAll()
        }
    }

    @Test("A share is taken once, for large bodies only, and given back once")
    func share() async throws {
        let budget = budget(10)
        let share = BodyShare(of: budget)
        #expect(try await !share.take(for: BodyBudget.small))
        #expect(try await share.take(for: BodyBudget.small + 1))
        #expect(try await share.take(for: 1))
        let other = BodyShare(of: budget)
        let waiting = Task { try await other.take(for: BodyBudget.small + 1) }
        try await eventually { budget.waitingCount == 1 }
        share.release()
        share.release()
        #expect(try await waiting.value)
        other.release()
    }
}
