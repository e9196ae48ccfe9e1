// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Testing

@testable import Storage
@testable import Sync

@Suite struct TurnPlanTests {
    private static let maximumCrashes = 5

    private static func job(
        _ revision: Int64, _ operation: JobOperation, attempts: Int = 0, crashes: Int = 0, secret: Bool = false
    ) -> LeasedJob {
        LeasedJob(
            id: .timeOrdered(at: .now()), revision: revision, order: revision, operation: operation, lane: "bulk",
            client: "test", requestID: "request", traceParent: nil, acceptedAt: .now(), dueAt: .now(),
            firstAttemptAt: nil, attempts: attempts, crashes: crashes, lastError: nil, secret: secret ? [1] : nil,
            newState: operation == .delete ? nil : [])
    }

    private func steps(_ jobs: [LeasedJob], isUntouched: Bool = false, refusals: Int = 0, held: Int = 0) -> [TurnPlan
        .Step]
    {
        var plan = TurnPlan(maximumCrashes: Self.maximumCrashes)
        var open = jobs[...]
        var isUntouched = isUntouched
        var refusals = refusals
        var steps: [TurnPlan.Step] = []
        while let step = plan.next(open, isUntouched: isUntouched) {
            steps.append(step)
            switch step {
            case .cancel: open = []
            case .bury: open.removeFirst()
            case .push(let count):
                isUntouched = false
                if count > 1 && refusals > 0 {
                    refusals -= 1
                    plan.refused(held: min(held, count - 1))
                } else {
                    plan.settled()
                    open.removeFirst(count)
                }
            }
        }
        return steps
    }

    private func jobs(_ operations: [JobOperation]) -> [LeasedJob] {
        operations.enumerated().map { Self.job(Int64($0.offset) + 1, $0.element) }
    }

    @Test(
        "Jobs of one turn are one push",
        arguments: [[JobOperation.create], [.create, .modify, .modify], [.modify, .modify]])
    func together(operations: [JobOperation]) {
        #expect(steps(jobs(operations), isUntouched: true) == [.push(count: operations.count)])
    }

    @Test("What is deleted before its create was tried is cancelled; what UDM may know of is deleted")
    func deleted() {
        let whole: [JobOperation] = [.create, .modify, .delete]
        #expect(steps(jobs(whole), isUntouched: true) == [.cancel])
        #expect(steps(jobs(whole)) == [.push(count: 3)])
        #expect(steps(jobs([.modify, .delete]), isUntouched: true) == [.push(count: 2)])
        let tried = [Self.job(1, .create, attempts: 1), Self.job(2, .delete)]
        #expect(steps(tried, isUntouched: true) == [.push(count: 2)])
        let crashed = [Self.job(1, .create, crashes: 1), Self.job(2, .delete)]
        #expect(steps(crashed, isUntouched: true) == [.push(count: 2)])
    }

    @Test("After a refusal each job is pushed by itself")
    func refused() {
        #expect(
            steps(jobs([.create, .modify, .modify]), refusals: 1)
                == [.push(count: 3), .push(count: 1), .push(count: 1), .push(count: 1)])
    }

    @Test("What UDM holds already stays together after a refusal; refused again, it is taken apart as well")
    func held() {
        let jobs = jobs([.create, .modify, .modify, .modify])
        #expect(
            steps(jobs, refusals: 1, held: 2) == [.push(count: 4), .push(count: 2), .push(count: 1), .push(count: 1)])
        #expect(
            steps(jobs, refusals: 2, held: 3)
                == [.push(count: 4), .push(count: 3), .push(count: 2), .push(count: 1), .push(count: 1)])
        #expect(
            steps(jobs, refusals: 3, held: 3)
                == [.push(count: 4), .push(count: 3), .push(count: 2)] + Array(repeating: .push(count: 1), count: 4))
        #expect(
            steps(jobs, refusals: 1, held: 1) == [.push(count: 4)] + Array(repeating: .push(count: 1), count: 4))
    }

    @Test("A job whose leases crash too often is buried; before that nothing is pushed behind what may have been sent")
    func crashes() {
        let others = [Self.job(2, .modify), Self.job(3, .modify)]
        #expect(steps([Self.job(1, .create, crashes: 1)] + others) == [.push(count: 3)])
        #expect(steps([Self.job(1, .create, crashes: 4)] + others) == [.push(count: 3)])
        #expect(steps([Self.job(1, .create, crashes: 5)] + others) == [.bury, .push(count: 2)])
    }

    @Test("Whatever is open, each job is settled once and in order, and only the newest password counts")
    func everyJobOnce() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var open: [LeasedJob] = []
            let count = Int.random(in: 1...12, using: &generator)
            for revision in 1...count {
                let isFirst = revision == 1
                let operation: JobOperation =
                    revision == count && Bool.random(using: &generator)
                    ? .delete : isFirst && Bool.random(using: &generator) ? .create : .modify
                open.append(
                    Self.job(
                        Int64(revision), operation, attempts: Int.random(in: 0...1, using: &generator),
                        crashes: isFirst ? Int.random(in: 0...6, using: &generator) : 0,
                        secret: Bool.random(using: &generator)))
            }
            let steps = steps(
                open, isUntouched: Bool.random(using: &generator), refusals: Int.random(in: 0...1, using: &generator))
            var settled = 0
            for (index, step) in steps.enumerated() {
                switch step {
                case .bury: settled += 1
                case .cancel: settled = open.count
                case .push(let count):
                    #expect(count >= 1 && settled + count <= open.count)
                    // A push of several is refused when the next one begins with its first job.
                    let isRefused = count > 1 && index + 1 < steps.count && settled + count == open.count
                    if !isRefused { settled += count }
                }
            }
            #expect(settled == open.count)
            let batch = JobBatch(open[...])
            #expect(batch?.newestPassword?.revision == open.last { $0.secret != nil }?.revision)
            #expect(batch?.carrier.revision == Int64(count))
        }
    }
}
