// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres

/// Puts requests together for one flight and sends them: first those that share a group, then the others.
struct FlightBuilder {
    private let link: PostgresLink
    private var shared: [QueuedRequest] = []
    private var separate: [QueuedRequest] = []
    private var commandCount = 0
    /// Which group, counted from 0 with the shared one first, prepares a statement in this flight, and as what.
    private var preparing: [PostgresStatement: (group: Int, name: String)] = [:]

    init(link: PostgresLink) { self.link = link }

    var isEmpty: Bool { commandCount == 0 }

    /// False when `queued` has to wait for the next flight: this one is full, or another group of it prepares the same
    /// statement, which is certain only when that group has been answered.
    func accepts(_ queued: QueuedRequest) -> Bool {
        let commands = queued.request.commands
        if isEmpty { return true }
        if commandCount + commands.count > PipelineDriver.largestFlight { return false }
        if preparing.isEmpty { return true }
        let group = groupNumber(of: queued)
        return commands.allSatisfy { command in
            guard let preparation = preparing[command.statement] else { return true }
            return preparation.group == group
        }
    }

    mutating func add(_ queued: QueuedRequest) {
        let group = groupNumber(of: queued)
        for command in queued.request.commands where !link.isPrepared(command.statement) {
            if preparing[command.statement] == nil {
                preparing[command.statement] = (group, link.nameForPreparing(command.statement))
            }
        }
        commandCount += queued.request.commands.count
        if queued.needsOwnGroup { separate.append(queued) } else { shared.append(queued) }
    }

    /// Not intact: the connection refused to take it all; groups that were not handed over are marked so.
    func send() -> (flight: PipelineFlight, commandCount: Int, isIntact: Bool) {
        var flight = PipelineFlight()
        flight.reserve(entries: shared.count + separate.count, commands: commandCount)
        if !shared.isEmpty { flight.addGroup(of: shared) }
        for queued in separate { flight.addGroup(of: CollectionOfOne(queued)) }
        for number in flight.groups.indices {
            guard send(number, of: &flight) else { return (flight, commandCount, false) }
            flight.groups[number].isSent = true
        }
        return (flight, commandCount, link.flush())
    }

    private func send(_ number: Int, of flight: inout PipelineFlight) -> Bool {
        var prepared: Set<PostgresStatement> = []
        var sinceFlush = 0
        for entry in flight.groups[number].entries {
            for command in flight.entries[entry].queued.request.commands {
                let statement = command.statement
                var name: String?
                if !preparing.isEmpty, let preparation = preparing[statement] {
                    name = preparation.name
                    if prepared.insert(statement).inserted {
                        guard link.sendPrepare(statement, as: preparation.name) else { return false }
                        flight.expect(.prepare(entry: entry, statement, name: preparation.name))
                    }
                }
                guard link.sendExecute(command, as: name) else { return false }
                flight.expect(.command(entry: entry, statement))
                sinceFlush += 1
                if sinceFlush == PipelineDriver.flushInterval {
                    guard PQsendFlushRequest(link.pointer) == 1 else { return false }
                    sinceFlush = 0
                }
            }
        }
        flight.expect(.sync(group: number))
        return PQpipelineSync(link.pointer) == 1
    }

    private func groupNumber(of queued: QueuedRequest) -> Int { queued.needsOwnGroup ? separate.count + 1 : 0 }
}
