// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The switches that are on, in the order in which they were set.
final class FaultPlan: Sendable {
    /// What a request is matched by.
    struct Target {
        var method: String
        var module: String?
        /// The decoded path and the names in the body.
        var texts: [String]
        /// The properties that the body sends.
        var properties: Set<String>
        /// Whether the body sends the module's naming property.
        var hasName: Bool

        var isWrite: Bool { ["POST", "PUT", "PATCH", "DELETE"].contains(method) }
    }

    private struct State {
        var faults: [(id: Int, fault: Fault)] = []
        var lastID = 0
        var generator: SeededGenerator
    }

    private let state: Mutex<State>
    /// Read without the lock: requests pay for faults only while there are any.
    private let isActive = Atomic(false)

    init(seed: UInt64) { state = Mutex(State(generator: SeededGenerator(seed: seed))) }

    func add(_ fault: Fault) -> Int {
        state.withLock { state in
            state.lastID += 1
            state.faults.append((state.lastID, fault))
            isActive.store(true, ordering: .releasing)
            return state.lastID
        }
    }

    func remove(_ id: Int) -> Bool {
        state.withLock { state in
            let before = state.faults.count
            state.faults.removeAll { $0.id == id }
            isActive.store(!state.faults.isEmpty, ordering: .releasing)
            return state.faults.count < before
        }
    }

    func removeAll() {
        state.withLock { state in
            state.faults.removeAll()
            isActive.store(false, ordering: .releasing)
        }
    }

    var all: [(id: Int, fault: Fault)] { state.withLock { $0.faults } }

    func sample(_ latency: LatencyDistribution) -> Duration {
        state.withLock { latency.sample(using: &$0.generator) }
    }

    /// The effects that strike a request: all waits, and the first that decides the outcome.
    func strike(_ target: @autoclosure () -> Target) -> [Fault.Effect] {
        guard isActive.load(ordering: .acquiring) else { return [] }
        let target = target()
        return state.withLock { state in
            var effects: [Fault.Effect] = []
            var isDecided = false
            for index in state.faults.indices {
                let fault = state.faults[index].fault
                let isWait = if case .latency = fault.effect { true } else { false }
                guard fault.matches(target), isWait || !isDecided, fault.count != 0 else { continue }
                guard fault.probability >= 1 || state.generator.unit() < fault.probability else { continue }
                if let count = fault.count { state.faults[index].fault.count = count - 1 }
                effects.append(fault.effect)
                isDecided = isDecided || !isWait
            }
            return effects
        }
    }
}

extension Fault {
    fileprivate func matches(_ target: FaultPlan.Target) -> Bool {
        if let methods, !methods.contains(target.method) { return false }
        if let module, module != target.module { return false }
        if let contains = contains?.lowercased(), !target.texts.contains(where: { $0.lowercased().contains(contains) })
        {
            return false
        }
        switch effect {
        case .lockHeld: return target.isWrite
        case .staleRead: return target.method == "GET"
        case .refuseProperty(let name, _): return target.properties.contains(name)
        case .prohibitName, .nameLocked: return target.hasName
        default: return true
        }
    }
}
