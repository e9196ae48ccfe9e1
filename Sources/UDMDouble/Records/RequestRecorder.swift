// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Every request, and what the order of them says about the client.
final class RequestRecorder: Sendable {
    /// The event loops may notice a closed connection and the next request in the wrong order, by this much.
    private static let noticeMicroseconds: Int64 = 20_000
    private static let keptOverlaps = 100

    private struct State {
        /// In the order of their sequence; the oldest go when there are too many.
        var records: [RecordedRequest] = []
        var open: [Int: RecordedRequest] = [:]
        var nextSequence = 1
        /// Open writes by object.
        var writing: [String: [Int]] = [:]
        /// Pairs whose earlier request is still open: whether its client is gone decides what they are.
        var undecided: [Int: [CheckReport.Overlap]] = [:]
        var statistics = CheckReport()

        /// Index of the first record with at least this sequence.
        func position(of sequence: Int) -> Int {
            var low = 0
            var high = records.count
            while low < high {
                let middle = (low + high) / 2
                if records[middle].sequence < sequence { low = middle + 1 } else { high = middle }
            }
            return low
        }

        mutating func replace(_ record: RecordedRequest) {
            let position = position(of: record.sequence)
            if position < records.count, records[position].sequence == record.sequence { records[position] = record }
        }
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: how many requests are kept.
    init(limit: Int) { self.limit = limit }

    /// - Parameters:
    ///   - record: its sequence is given here.
    ///   - object: what writes of the same object have in common; nil for reads.
    func begin(_ record: RecordedRequest, writing object: String?) -> Int {
        state.withLock { state in
            var record = record
            record.sequence = state.nextSequence
            state.nextSequence += 1
            state.open[record.sequence] = record
            state.records.append(record)
            if state.records.count > limit + max(limit / 4, 1) {
                state.records.removeFirst(state.records.count - limit)
            }
            state.statistics.requests += 1
            state.statistics.mostInProgress = max(state.statistics.mostInProgress, state.open.count)
            if let object {
                for earlier in state.writing[object] ?? [] {
                    let overlap = CheckReport.Overlap(
                        object: object, first: earlier, second: record.sequence, secondStarted: record.started)
                    state.undecided[earlier, default: []].append(overlap)
                }
                state.writing[object, default: []].append(record.sequence)
            }
            return record.sequence
        }
    }

    func clientGone(_ sequence: Int, at time: Int64) {
        state.withLock { state in
            state.open[sequence]?.clientGone = time
            if let record = state.open[sequence] { state.replace(record) }
        }
    }

    /// Completes a record: `update` sets status, identifier and the rest.
    func finish(_ sequence: Int, writing object: String?, update: (inout RecordedRequest) -> Void) -> RecordedRequest? {
        state.withLock { state -> RecordedRequest? in
            guard var record = state.open.removeValue(forKey: sequence) else { return nil }
            update(&record)
            state.replace(record)
            let outcome = record.status.map(String.init) ?? "none"
            state.statistics.answers["\(record.method) \(outcome)", default: 0] += 1
            if record.isCommitted { state.statistics.commits += 1 }
            if let object {
                state.writing[object]?.removeAll { $0 == sequence }
                if state.writing[object]?.isEmpty == true { state.writing[object] = nil }
            }
            for overlap in state.undecided.removeValue(forKey: sequence) ?? [] {
                Self.decide(overlap, earlier: record, in: &state.statistics)
            }
            return record
        }
    }

    private static func decide(
        _ overlap: CheckReport.Overlap, earlier: RecordedRequest, in statistics: inout CheckReport
    ) {
        if let gone = earlier.clientGone, gone <= overlap.secondStarted + noticeMicroseconds {
            statistics.overlapsAfterDisconnect += 1
        } else {
            statistics.overlapCount += 1
            if statistics.overlaps.count < keptOverlaps { statistics.overlaps.append(overlap) }
        }
    }

    /// Takes back the requests of an earlier run, in the order of the log.
    func restore(_ records: [RecordedRequest], lastSequence: Int) {
        state.withLock { state in
            state.records = records.sorted { $0.sequence < $1.sequence }.suffix(limit)
            state.nextSequence = max(lastSequence, state.records.last?.sequence ?? 0) + 1
            var earlier: [String: RecordedRequest] = [:]
            for record in state.records {
                state.statistics.requests += 1
                state.statistics.answers["\(record.method) \(record.status.map(String.init) ?? "none")", default: 0] +=
                    1
                if record.isCommitted { state.statistics.commits += 1 }
                guard record.method != "GET", let object = record.identifier else { continue }
                if let other = earlier[object], let ended = other.ended, ended > record.started {
                    let overlap = CheckReport.Overlap(
                        object: object, first: other.sequence, second: record.sequence, secondStarted: record.started)
                    Self.decide(overlap, earlier: other, in: &state.statistics)
                }
                if (earlier[object]?.ended ?? 0) <= record.ended ?? 0 { earlier[object] = record }
            }
        }
    }

    func requests(after sequence: Int, limit: Int) -> [RecordedRequest] {
        state.withLock { state in
            Array(state.records[state.position(of: sequence + 1)...].prefix(limit))
        }
    }

    /// What the requests say; the rest of the report is the directory's.
    var report: CheckReport {
        state.withLock { state in
            var report = state.statistics
            report.inProgress = state.open.count
            for (sequence, overlaps) in state.undecided {
                guard let earlier = state.open[sequence] else { continue }
                for overlap in overlaps { Self.decide(overlap, earlier: earlier, in: &report) }
            }
            return report
        }
    }

    /// Forgets what is complete; the sequence goes on.
    func reset() {
        state.withLock { state in
            state.records = state.open.values.sorted { $0.sequence < $1.sequence }
            state.undecided = [:]
            state.statistics = CheckReport()
        }
    }
}
