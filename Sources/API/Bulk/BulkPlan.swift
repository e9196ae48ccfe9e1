// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// In which order the operations of a bulk request are carried out: that of the request, except for those that wait for a resource which a later one
/// creates. These, and whatever is about the same resource, come as soon as it is there.
///
/// A wave takes operations of one kind from the front and passes none over, so that a delete that frees a name comes before the create that takes it,
/// and a name goes to the first who asks for it.
struct BulkPlan {
    /// Bytes of data in a wave: all of it is in memory several times while it is written.
    private static let heaviest = 1 << 20

    struct Wave {
        /// What can be carried out next, all of one kind, and no two about one resource.
        var steps: [BulkStep] = []
        /// Those between them that cannot be carried out, by their place in the request.
        var refused: [(index: Int, error: SCIMError)] = []
    }

    private enum Turn {
        case step(BulkStep)
        case refused(index: Int, SCIMError)
    }

    /// What comes next stands last.
    private var turns: [Turn]
    private var failed: Set<Int> = []

    /// - Parameter steps: In the order of the request; those that are none have their error.
    init(_ steps: [Result<BulkStep, SCIMError>]) {
        let order = BulkOrder(steps)
        turns = order.indices.map { index in
            switch steps[index] {
            case .success(let step): .step(step)
            case .failure(let error): .refused(index: index, error)
            }
        }
        let circle = Self.conflict("is part of a circle of references that cannot be resolved")
        turns += order.circle.map { .refused(index: $0, circle) }
        turns.reverse()
    }

    var isFinished: Bool { turns.isEmpty }

    /// Takes what comes next.
    ///
    /// - Parameter limit: Operations in a wave, those that are refused included. A step that is heavier than all of ``heaviest`` is a wave by itself.
    mutating func next(upTo limit: Int) -> Wave {
        var wave = Wave()
        var weight = 0
        var touched: Set<ResourceID> = []
        var taken: Set<Int> = []
        while wave.steps.count + wave.refused.count < limit, let turn = turns.last {
            switch turn {
            case .refused(let index, let error): refuse(index, error, &wave)
            case .step(let step) where !step.requires.isDisjoint(with: failed):
                refuse(step.index, Self.conflict("refers to an operation of this request that failed"), &wave)
            case .step(let step):
                if let first = wave.steps.first {
                    guard first.kind == step.kind, weight + step.weight <= Self.heaviest, !touched.contains(step.id),
                        step.requires.isDisjoint(with: taken)
                    else { return wave }
                }
                turns.removeLast()
                wave.steps.append(step)
                weight += step.weight
                touched.insert(step.id)
                taken.insert(step.index)
            }
        }
        return wave
    }

    /// Notes that a step has failed.
    mutating func fail(_ step: BulkStep) {
        if case .create = step.kind { failed.insert(step.index) }
    }

    private mutating func refuse(_ index: Int, _ error: SCIMError, _ wave: inout Wave) {
        turns.removeLast()
        failed.insert(index)
        wave.refused.append((index, error))
    }

    private static func conflict(_ reason: String) -> SCIMError { .conflict("The operation \(reason)") }
}
