// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// In which order the operations of a bulk request are carried out: in waves of operations that do not touch each other.
///
/// A wave takes operations of one kind from the front; those that wait for a resource which another operation creates are passed over, and so is
/// whatever is about the same resource as one of them. Operations of another kind end the wave, so that a delete that frees a name comes before the
/// create that takes it.
struct BulkPlan {
    /// Bytes of data in a wave: all of it is in memory several times while it is written.
    private static let heaviest = 1 << 20

    private var waiting: [BulkStep]
    private var unfinished: Set<Int>
    private var failed: Set<Int> = []

    /// - Parameter failed: Operations that will not be carried out.
    init(_ steps: [BulkStep], failed: Set<Int>) {
        waiting = steps
        unfinished = Set(steps.map(\.index))
        self.failed = failed
    }

    var isFinished: Bool { waiting.isEmpty }

    enum Wave {
        case steps([BulkStep])
        /// Operations that can never be carried out, each with its reason.
        case refused([(BulkStep, SCIMError)])
    }

    /// Takes what can be carried out next.
    ///
    /// - Parameter limit: Steps in a wave. One that is heavier than all of ``heaviest`` is a wave by itself.
    mutating func next(upTo limit: Int) -> Wave {
        let orphans = waiting.filter { !$0.requires.isDisjoint(with: failed) }
        if !orphans.isEmpty { return refuse(orphans, "refers to an operation of this request that failed") }
        var wave = take(upTo: limit) { step, unfinished in step.requires.isDisjoint(with: unfinished) }
        // What is left waits for each other. Users may name each other, as managers.
        if wave.isEmpty { wave = take(upTo: limit) { step, _ in !step.mustWait } }
        // Groups in a circle: the directory has none.
        if wave.isEmpty {
            return refuse(waiting, "is part of a circle of references that cannot be resolved")
        }
        return .steps(wave)
    }

    /// Notes how a step ended.
    mutating func finish(_ step: BulkStep, failed hasFailed: Bool) {
        unfinished.remove(step.index)
        if hasFailed, case .create = step.kind { failed.insert(step.index) }
    }

    private mutating func take(upTo limit: Int, _ isReady: (BulkStep, Set<Int>) -> Bool) -> [BulkStep] {
        var wave: [BulkStep] = []
        var weight = 0
        var touched: Set<ResourceID> = []
        var position = waiting.startIndex
        var left: [BulkStep] = []
        while position < waiting.endIndex, wave.count < limit {
            let step = waiting[position]
            if isReady(step, unfinished), !touched.contains(step.id) {
                guard wave.first.map({ $0.kind == step.kind && weight + step.weight <= Self.heaviest }) ?? true
                else { break }
                wave.append(step)
                weight += step.weight
            } else {
                left.append(step)
            }
            touched.insert(step.id)
            position += 1
        }
        waiting.replaceSubrange(..<position, with: left)
        return wave
    }

    private mutating func refuse(_ steps: [BulkStep], _ reason: String) -> Wave {
        let indices = Set(steps.map(\.index))
        waiting.removeAll { indices.contains($0.index) }
        for step in steps { finish(step, failed: true) }
        return .refused(steps.map { ($0, SCIMError.conflict("The operation \(reason)")) })
    }
}
