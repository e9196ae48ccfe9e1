// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// The order of the operations of a bulk request, as far as it follows from what they refer to: that of the request, where only those that refer to
/// what a later one creates are put off, and those about the same resource with them. What was put off comes right behind what it waited for.
struct BulkOrder {
    /// Places in the request.
    private(set) var indices: [Int] = []
    /// Operations that wait for each other for ever: groups in a circle, and what refers to them.
    private(set) var circle: [Int] = []

    /// What is still missing for an operation.
    private var missing: [Set<Int>]
    /// Who waits for an operation.
    private var waiting: [Int: [Int]] = [:]
    /// In order.
    private var putOff: [Int] = []

    init(_ steps: [Result<BulkStep, SCIMError>]) {
        missing = Self.needs(steps)
        for (index, needs) in missing.enumerated() { for need in needs { waiting[need, default: []].append(index) } }
        for index in steps.indices {
            if missing[index].isEmpty {
                settle(index)
            } else {
                putOff.append(index)
            }
        }
        // What is left waits for each other.
        while let index = putOff.first(where: { canDoWithout(steps[$0], at: $0) })
            ?? putOff.first(where: { onlyFollows(steps[$0], at: $0) })
        {
            settle(index)
        }
        circle = putOff
    }

    /// Users may name each other, as managers.
    private func canDoWithout(_ step: Result<BulkStep, SCIMError>, at index: Int) -> Bool {
        guard case .success(let step) = step else { return false }
        return !step.mustWait && missing[index].isSubset(of: step.requires)
    }

    /// Comes behind one about the same resource that is itself in a circle, or waits for one.
    private func onlyFollows(_ step: Result<BulkStep, SCIMError>, at index: Int) -> Bool {
        guard case .success(let step) = step else { return false }
        return missing[index].isDisjoint(with: step.requires)
    }

    /// What each operation comes behind: whatever creates what it refers to, and the last one before it about the same resource.
    private static func needs(_ steps: [Result<BulkStep, SCIMError>]) -> [Set<Int>] {
        var last: [ResourceID: Int] = [:]
        return steps.enumerated().map { index, step in
            guard case .success(let step) = step else { return [] }
            // Before its creation nothing can be done to a resource, whatever the request says.
            if case .create = step.kind { return step.requires }
            defer { last[step.id] = index }
            return step.requires.union(last[step.id].map { [$0] } ?? [])
        }
    }

    /// Puts an operation at the end, and behind it those that have waited for nothing else.
    private mutating func settle(_ index: Int) {
        var ready = [index]
        while let index = ready.min() {
            ready.removeAll { $0 == index }
            putOff.removeAll { $0 == index }
            indices.append(index)
            for other in waiting.removeValue(forKey: index) ?? [] {
                missing[other].remove(index)
                if missing[other].isEmpty, putOff.contains(other) { ready.append(other) }
            }
        }
    }
}
