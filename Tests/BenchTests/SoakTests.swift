// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import Testing

@testable import scim_bench

@Suite struct SoakTests {
    @Test("a line through points on a line is that line")
    func exact() throws {
        let slope = try #require(Slope([(1, 5), (2, 7), (4, 11)]))
        #expect(abs(slope.perUnit - 2) < 1e-9)
        #expect(abs(slope.offset - 3) < 1e-9)
        #expect(abs(slope.determination - 1) < 1e-9)
    }

    @Test("the line is the one of least squares")
    func leastSquares() throws {
        // By hand: means 2 and 3, sum of products 3, of squares 2.
        let slope = try #require(Slope([(1, 2), (2, 2), (3, 5)]))
        #expect(abs(slope.perUnit - 1.5) < 1e-9)
        #expect(abs(slope.offset) < 1e-9)
        #expect(abs(slope.determination - 0.75) < 1e-9)
    }

    @Test("one place on the axis has no slope, level points have none either")
    func degenerate() throws {
        #expect(Slope([]) == nil)
        #expect(Slope([(1, 1), (1, 2)]) == nil)
        let level = try #require(Slope([(1, 4), (2, 4)]))
        #expect(level.perUnit == 0)
        #expect(level.determination == 1)
    }

    private func sample(_ seconds: Double, memory: Double, heap: Int64, dead: Int64) -> SoakWatch.Sample {
        SoakWatch.Sample(
            seconds: seconds, writes: seconds * 1000, memory: ["API": memory],
            tables: ["job": TableSizes.Size(heap: heap, indexes: 0, rows: 1, deadRows: dead)], openJobs: Int(seconds))
    }

    private func found(_ samples: [SoakWatch.Sample]) -> SoakFound {
        var load = LoadResult(connections: 1)
        load.acceptedBySeries = [60, 20, 20]
        return SoakFound(
            plan: .init(length: .seconds(100), rate: 1, connections: 1, users: 10, drainLimit: .seconds(1)), load: load,
            samples: samples, pool: 10, drainSeconds: 1, problems: [])
    }

    @Test("slopes are for 100,000 writes, without the quarter in which everything fills up")
    func slopes() throws {
        // 1,000 writes a second. Memory jumps at first, then grows by 1 MiB each 10 s.
        let samples = [sample(0, memory: 10, heap: 0, dead: 9000), sample(10, memory: 70, heap: 0, dead: 9000)]
        let settled = (3...10).map { step in
            sample(Double(step) * 10, memory: 80 + Double(step), heap: Int64(step) << 20, dead: 100)
        }
        let found = found(samples + settled)
        #expect(try abs(#require(found.memorySlope(of: "API")).perUnit - 10) < 1e-6)
        #expect(try abs(#require(found.sizeSlope(of: "job")).perUnit - 10) < 1e-6)
        #expect(try abs(#require(found.deadSlope(of: "job")).perUnit) < 1e-6)
        #expect(found.memorySlope(of: "worker") == nil)
        let keys = found.entries.map(\.key)
        #expect(keys.contains("apiMiBPer100000") && keys.contains("jobMiBPer100000"))
        #expect(found.entries.first { $0.key == "jobMostDead" }?.value == 9000)
        #expect(found.writes == 40)
    }

    @Test("every write must be done, in UDM and among the events")
    func void() {
        var found = found([])
        found.note(JobTable.Drained(done: 50), usersInUDM: 30, isSound: true)
        found.note(events: 50, isSound: true)
        #expect(found.problems.isEmpty)
        found.note(JobTable.Drained(done: 49), usersInUDM: 29, isSound: false)
        #expect(found.problems.count == 3)
        found.note(events: 49, isSound: false)
        #expect(found.problems.count == 5)
    }

    @Test("of five requests three read, one creates and one changes; each has latencies of its own")
    func requests() throws {
        let source = SoakRequests(
            target: try Target("http://127.0.0.1:1/scim/v2", allowingRemote: false), token: "t", ids: ["a", "b"],
            names: UserNames(seed: 3), run: 1)
        var session = source.session(connection: 0, of: 1)
        var counts = [0, 0, 0]
        var request = ByteBuffer()
        var paths: Set<String> = []
        for _ in 0..<2000 {
            let isPrepared = session.prepare(&request)
            #expect(isPrepared)
            let series = try #require(session.series)
            counts[series] += 1
            let text = String(buffer: request)
            paths.insert("\(series) \(text.split(separator: " ")[0])")
            let length = text.firstRange(of: "Content-Length: ").map { text[$0.upperBound...].prefix { $0 != "\r" } }
            if let length, let bytes = Int(length) {
                #expect(text.hasBody(ofBytes: bytes))
            }
        }
        #expect(paths == ["0 GET", "1 POST", "2 PATCH"])
        #expect((1100...1300).contains(counts[0]))
        #expect((300...500).contains(counts[1]) && (300...500).contains(counts[2]))
        _ = session.prepare(&request)
        let problem = session.check(HTTPResponseHead(version: .http1_1, status: .badGateway), body: nil)
        #expect(problem != nil)
    }
}

extension String {
    /// Whether what follows the blank line is so long.
    fileprivate func hasBody(ofBytes bytes: Int) -> Bool {
        firstRange(of: "\r\n\r\n").map { self[$0.upperBound...].utf8.count == bytes } ?? false
    }
}
