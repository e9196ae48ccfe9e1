// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Redis

/// The flat reply of a queue script.
struct QueueReply {
    let state: QueueState
    /// What follows the state.
    let values: ArraySlice<RedisReply>

    init(_ reply: RedisReply) throws(RedisError) {
        guard let elements = reply.array, let first = elements.first?.string, let state = QueueState(alive: first)
        else { throw Self.unexpected }
        self.state = state
        values = elements.dropFirst()
    }

    /// The value at `offset`, counted from the one after the state.
    func integer(_ offset: Int) throws(RedisError) -> Int64 {
        guard let value = try value(offset).integer else { throw Self.unexpected }
        return value
    }

    func string(_ offset: Int) throws(RedisError) -> String {
        guard let value = try value(offset).string else { throw Self.unexpected }
        return value
    }

    func key(_ offset: Int) throws(RedisError) -> ResourceKey {
        guard let key = ResourceKey(try string(offset)) else { throw Self.unexpected }
        return key
    }

    func lane(_ offset: Int) throws(RedisError) -> Lane {
        guard let lane = Lane(rawValue: try string(offset)) else { throw Self.unexpected }
        return lane
    }

    /// Milliseconds; `nil` for -1.
    func duration(_ offset: Int) throws(RedisError) -> Duration? {
        let value = try integer(offset)
        return value < 0 ? nil : .milliseconds(value)
    }

    private func value(_ offset: Int) throws(RedisError) -> RedisReply {
        let index = values.startIndex + offset
        guard values.indices.contains(index) else { throw Self.unexpected }
        return values[index]
    }

    static let unexpected = RedisError(.unexpectedReply, "a queue script gave a reply of an unknown form")
}

extension QueueState {
    /// Reads the value of `P:alive`, or `lost` for a missing one.
    init?(alive: String) {
        let rebuilding = "rebuilding:"
        if alive == "lost" {
            self = .lost
        } else if alive.hasPrefix(rebuilding), let generation = Int64(alive.dropFirst(rebuilding.count)) {
            self = .rebuilding(generation: generation)
        } else if let generation = Int64(alive) {
            self = .ready(generation: generation)
        } else {
            return nil
        }
    }
}
