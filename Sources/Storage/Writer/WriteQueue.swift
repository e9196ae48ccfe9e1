// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// Writes in the order of their arrival.
struct WriteQueue {
    private var waiting: [PendingWrite] = []

    var count: Int { waiting.count }

    /// When the first of them came; nil when there is none.
    var oldest: ContinuousClock.Instant? { waiting.first?.arrivedAt }

    mutating func append(_ write: PendingWrite) { waiting.append(write) }

    /// Takes the next batch: in order, without those that touch a resource or claim of an earlier one, taken or not.
    /// - Parameter underWay: What batches touch that have not ended.
    mutating func takeBatch(beside underWay: [WriteFootprint] = []) -> [PendingWrite] {
        if waiting.isEmpty { return [] }
        var batch: [PendingWrite] = []
        var left: [PendingWrite] = []
        var touched = WriteFootprint()
        var weight = 0
        var end = 0
        for write in waiting {
            guard batch.count < BatchWriter.largestBatch, weight < BatchWriter.heaviestBatch,
                end < BatchWriter.farthestLook
            else { break }
            end += 1
            let operation = write.operation
            let isFirst = touched.insert(operation)
            if isFirst && !underWay.contains(where: { $0.touches(operation) }) {
                batch.append(write)
                weight += operation.weight
            } else {
                left.append(write)
            }
        }
        waiting.replaceSubrange(..<end, with: left)
        return batch
    }

    /// Takes the writes that expect another revision than their resource has now.
    mutating func takeStale(_ revisions: [ResourceID: Int64]) -> [PendingWrite] {
        let isStale = { (write: PendingWrite) in
            guard let expected = write.operation.expectedRevision, let current = revisions[write.operation.id] else {
                return false
            }
            return expected != current
        }
        let stale = waiting.filter(isStale)
        if !stale.isEmpty { waiting.removeAll(where: isStale) }
        return stale
    }
}
