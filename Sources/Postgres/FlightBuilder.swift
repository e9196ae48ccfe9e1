// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres

/// Puts requests together for one flight and sends them: first those that share a group, then the others.
struct FlightBuilder {
    private let link: PostgresLink
    /// Whether reads that differ in an id only become one statement.
    private let gathers: Bool
    private var shared: [QueuedRequest] = []
    /// At the end of the first group: those that are one statement.
    private var gatherings: [[QueuedRequest]] = []
    private var separate: [QueuedRequest] = []
    private var commandCount = 0
    /// Which group, counted from 0 with the shared one first, prepares a statement in this flight, and as what.
    private var preparing: [PostgresStatement: (group: Int, name: String)] = [:]

    init(link: PostgresLink, gathers: Bool) {
        self.link = link
        self.gathers = gathers
    }

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
        for command in queued.request.commands { prepare(command.statement, in: group) }
        commandCount += queued.request.commands.count
        if queued.needsOwnGroup {
            separate.append(queued)
        } else if let command = queued.request.commands.first, gathers, command.statement.gathered != nil,
            queued.request.commands.count == 1
        {
            gather(queued, command)
        } else {
            shared.append(queued)
        }
    }

    private mutating func gather(_ queued: QueuedRequest, _ command: PostgresCommand) {
        let place = gatherings.firstIndex { gathering in
            gathering.count < PipelineDriver.largestGathering
                && gathering[0].request.commands[0].isGathered(with: command)
        }
        guard let place else { return gatherings.append([queued]) }
        gatherings[place].append(queued)
        if let statement = command.statement.gathered?.statement { prepare(statement, in: 0) }
    }

    private mutating func prepare(_ statement: PostgresStatement, in group: Int) {
        guard !link.isPrepared(statement), preparing[statement] == nil else { return }
        preparing[statement] = (group, link.nameForPreparing(statement))
    }

    /// Not intact: the connection refused to take it all; groups that were not handed over are marked so.
    func send() -> (flight: PipelineFlight, isIntact: Bool) {
        var flight = PipelineFlight()
        flight.reserve(entries: commandCount, commands: statementCount)
        if !shared.isEmpty || !gatherings.isEmpty { flight.addGroup(of: ([shared] + gatherings).joined()) }
        for queued in separate { flight.addGroup(of: CollectionOfOne(queued)) }
        for number in flight.groups.indices {
            guard send(number, of: &flight) else { return (flight, false) }
            flight.groups[number].isSent = true
        }
        return (flight, link.flush())
    }

    /// What the server is sent, preparations apart.
    var statementCount: Int { commandCount - gatherings.reduce(0) { $0 + $1.count - 1 } }

    private func send(_ number: Int, of flight: inout PipelineFlight) -> Bool {
        let gatherings = number == 0 ? gatherings : []
        let entries = flight.groups[number].entries
        var sending = Sending()
        var next = entries.upperBound - gatherings.reduce(0) { $0 + $1.count }
        for entry in entries.lowerBound..<next {
            for command in flight.entries[entry].queued.request.commands {
                guard send(command, for: entry..<entry + 1, of: &flight, &sending) else { return false }
            }
        }
        for gathering in gatherings {
            let commands = gathering.lazy.map { $0.request.commands[0] }
            let command = gathering.count == 1 ? commands.first : PostgresCommand.gathering(commands)
            guard let command, send(command, for: next..<next + gathering.count, of: &flight, &sending) else {
                return false
            }
            next += gathering.count
        }
        flight.expect(.sync(group: number))
        return PQpipelineSync(link.pointer) == 1
    }

    /// What has been sent of one group.
    private struct Sending {
        var prepared: Set<PostgresStatement> = []
        var sinceFlush = 0
    }

    private func send(
        _ command: PostgresCommand, for entries: Range<Int>, of flight: inout PipelineFlight, _ sending: inout Sending
    ) -> Bool {
        let statement = command.statement
        var name: String?
        if !preparing.isEmpty, let preparation = preparing[statement] {
            name = preparation.name
            if sending.prepared.insert(statement).inserted {
                guard link.sendPrepare(statement, as: preparation.name) else { return false }
                flight.expect(.prepare(entries: entries, statement, name: preparation.name))
            }
        }
        guard link.sendExecute(command, as: name) else { return false }
        flight.expect(.command(entries: entries, statement))
        sending.sinceFlush += entries.count
        if sending.sinceFlush >= PipelineDriver.flushInterval {
            guard PQsendFlushRequest(link.pointer) == 1 else { return false }
            sending.sinceFlush = 0
        }
        return true
    }

    private func groupNumber(of queued: QueuedRequest) -> Int { queued.needsOwnGroup ? separate.count + 1 : 0 }
}
