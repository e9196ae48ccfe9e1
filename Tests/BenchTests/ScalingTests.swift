// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import scim_bench

@Suite struct ScalingTests {
    private typealias Point = ScalabilityLaw.Point

    private func points(_ sigma: Double, _ kappa: Double, _ numbers: [Int] = [1, 2, 4, 8]) -> [Point] {
        numbers.map { number in
            let n = Double(number)
            return Point(processes: number, rate: 1000 * n / (1 + sigma * (n - 1) + kappa * n * (n - 1)))
        }
    }

    // MARK: - The law

    @Test(
        "the law is found again in what it has made", arguments: [(0.05, 0.01), (0.3, 0.0), (0.0, 0.02), (0.0, 0.0)])
    func exact(sigma: Double, kappa: Double) throws {
        let law = try #require(ScalabilityLaw(points(sigma, kappa)))
        #expect(abs(law.contention - sigma) < 1e-6)
        #expect(abs(law.coherency - kappa) < 1e-6)
        #expect(abs(law.determination - 1) < 1e-6)
        #expect(law.single == 1000)
        #expect(abs(law.rate(of: 2) - points(sigma, kappa)[1].rate) < 0.01)
    }

    @Test("three numbers are enough, one number of several processes tells contention only")
    func few() throws {
        let three = try #require(ScalabilityLaw(points(0.1, 0.02, [1, 2, 4])))
        #expect(abs(three.coherency - 0.02) < 1e-6)
        let two = try #require(ScalabilityLaw(points(0.1, 0, [1, 2])))
        #expect(abs(two.contention - 0.1) < 1e-6)
        #expect(two.coherency == 0)
    }

    @Test("without one process, or without several, there is no law")
    func none() {
        #expect(ScalabilityLaw(points(0.1, 0.1, [2, 4])) == nil)
        #expect(ScalabilityLaw(points(0.1, 0.1, [1])) == nil)
        #expect(ScalabilityLaw([Point(processes: 1, rate: 0), Point(processes: 2, rate: 10)]) == nil)
    }

    @Test("neither part is below zero: more than linear growth is not explained, and R2 says so")
    func bounds() throws {
        let law = try #require(
            ScalabilityLaw([
                Point(processes: 1, rate: 1000), Point(processes: 2, rate: 2400), Point(processes: 4, rate: 6000),
            ]))
        #expect(law.contention == 0 && law.coherency == 0)
        #expect(law.determination < 1)
        // Falls at first, then not: a negative coherency would be needed.
        let odd = try #require(
            ScalabilityLaw([
                Point(processes: 1, rate: 1000), Point(processes: 2, rate: 900), Point(processes: 4, rate: 1200),
            ]))
        #expect(odd.coherency == 0 && odd.contention > 0)
        let slower = try #require(
            ScalabilityLaw([Point(processes: 1, rate: 1000), Point(processes: 2, rate: 700)]))
        #expect(slower.contention > 1 && slower.bound == 1000)
    }

    @Test("repeats that differ leave a rest")
    func repeats() throws {
        let law = try #require(
            ScalabilityLaw(points(0.1, 0.01) + [Point(processes: 4, rate: 2000), Point(processes: 1, rate: 900)]))
        #expect(law.single == 950)
        #expect(law.determination < 0.9999 && law.determination > 0)
    }

    @Test("the best number of processes, and what none exceeds")
    func most() throws {
        let falling = try #require(ScalabilityLaw(points(0.1, 0.01)))
        #expect(try abs(#require(falling.best) - (0.9 / 0.01).squareRoot()) < 1e-3)
        #expect(try #require(falling.bound) >= falling.rate(of: 9))
        #expect(try #require(falling.bound) >= falling.rate(of: 10))
        let level = try #require(ScalabilityLaw(points(0.25, 0)))
        #expect(try level.best == nil || #require(level.best) > 1000)
        #expect(try abs(#require(level.bound) - 4000) < 40)
    }

    // MARK: - The report

    private func run(_ processes: Int, _ queues: Int, _ accepted: Double, _ synced: Double) -> ScalingScenario.Run {
        ScalingScenario.Run(
            setup: .init(processes: processes, queues: queues), accepted: accepted, synced: synced, busyAccepting: 0.5,
            busySyncing: 0.9, problems: [])
    }

    private func found() -> ScalingFound {
        ScalingFound(
            runs: [
                run(1, 1, 1000, 500), run(2, 1, 1500, 700), run(2, 2, 1600, 900), run(2, 2, 1700, 950),
                run(2, 1, 1400, 650), run(1, 1, 1100, 500),
            ],
            size: DirectorySize(
                users: 1000, writes: 2000,
                ofUser: [
                    .init(name: "resource", heap: 1000, indexes: 500),
                    .init(name: "udm_object", heap: 500, indexes: 48),
                ],
                ofWrite: [.init(name: "job_history", heap: 900, indexes: 100)]), cores: 2, connections: 32)
    }

    @Test("medians of each setup; one process is the begin of both series")
    func setups() throws {
        let found = found()
        #expect(found.setups.map(\.processes) == [1, 2, 2])
        #expect(found.rate(.accept, of: .init(processes: 1, queues: 1))?.median == 1050)
        #expect(found.rate(.sync, of: .init(processes: 2, queues: 2))?.median == 925)
        let keys = found.entries.map(\.key)
        #expect(keys.contains("accepted2") && keys.contains("accepted2Queues2") && keys.contains("syncedQueuesSigma"))
        #expect(Set(keys).count == keys.count)
        let one = try #require(found.law(.accept, .oneQueue))
        let each = try #require(found.law(.accept, .queueEach))
        #expect(one.single == each.single && one.contention > each.contention)
    }

    @Test("the section says what is measured and what is derived, up to 100 million users")
    func section() {
        let section = found().section
        #expect(section.contains("### Measured: processes") && section.contains("### Derived: directories"))
        #expect(section.contains("| 2 | 2 | 1,650 (1,600-1,700) | 1.57 | 50 % | 925 (900-950) | 1.85 | 90 % |"))
        // 2,048 bytes a user.
        #expect(section.contains("| 100,000,000 | 191 GiB | 93 GiB | 26.5 h | 55.6 h |"))
        for table in section.split(separator: "\n\n").filter({ $0.hasPrefix("| ") }) {
            #expect(Set(table.split(separator: "\n").map { line in line.count { $0 == "|" } }).count == 1)
        }
        #expect(found().charts.count == 2)
    }

    @Test("lengths of time and sizes are told in units that can be read")
    func units() {
        #expect(ScalingFound.hours(90) == "90 s")
        #expect(ScalingFound.hours(600) == "10 min")
        #expect(ScalingFound.hours(9000) == "2.5 h")
        #expect(ScalingFound.gibibytes(3 * 1_073_741_824) == "3.0 GiB")
        #expect(ScalingFound.gibibytes(300 * 1_073_741_824) == "300 GiB")
    }

    @Test("the section stands between the marks of a page, whatever was there before")
    func document() throws {
        let page = "a\n\(ScalingDocument.begin)\nold\n\(ScalingDocument.end)\nb\n"
        let once = try #require(ScalingDocument.page(page, with: "new"))
        #expect(once == "a\n\(ScalingDocument.begin)\n\nnew\n\(ScalingDocument.end)\nb\n")
        #expect(ScalingDocument.page(once, with: "new") == once)
        #expect(ScalingDocument.page("no marks", with: "new") == nil)
        #expect(ScalingDocument.page("\(ScalingDocument.end) \(ScalingDocument.begin)", with: "new") == nil)
    }

    @Test("a database beside the bridge's has the same server and role")
    func databaseURL() throws {
        #expect(
            try BenchDatabases.url("postgresql://scim@127.0.0.1:5432/scim?sslmode=disable", database: "x")
                == "postgresql://scim@127.0.0.1:5432/x?sslmode=disable")
        #expect(throws: BenchFailure.self) { try BenchDatabases.url("host=a dbname=b", database: "x") }
    }

    @Test("busy is what the processors did in between")
    func processorLoad() throws {
        let first = try #require(ProcessorLoad(stat: "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3 4 5\n"))
        let second = try #require(ProcessorLoad(stat: "cpu  150 0 130 710 110 0 0 0 0 0\n"))
        #expect(second.share(since: first) == 0.8)
        #expect(first.share(since: first) == nil)
        #expect(ProcessorLoad(stat: "intr 1") == nil)
    }
}
