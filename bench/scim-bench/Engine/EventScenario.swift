// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON
internal import NIOCore
internal import NIOHTTP1

/// A process with the role `events` sends what waits in the outbox; then a bare client sends as many of one of these messages as it can.
struct EventScenario: Sendable {
    let count: Int
    let provisioning: Target
    /// `user:password` at the Provisioning API.
    let credentials: String
    let limit: Duration
    let isSilent: Bool

    private static let look: Duration = .milliseconds(200)
    /// As many as the sender has.
    private static let bareConnections = 8
    private static let bareWindow = LoadWindow(warmUp: .seconds(1), measured: .seconds(5))

    struct Found: Sendable {
        var count: Int
        /// Between the arrivals of the first and the last message.
        var seconds: Double
        var arrived: Int
        /// Of the double: no event twice, and none before an earlier one of its resource.
        var isSound: Bool
        /// Requests a second of the bare client, and what was wrong with them.
        var bare: (rate: Double, problems: [String])
        var memory: MemoryPeak?
        /// Microseconds of the sender for an event.
        var processor: Double?
    }

    func run(_ table: EventTable, start: @Sendable () throws -> BridgeProcess) async throws -> Found {
        let control = try ProvisioningDoubleControl(provisioning.origin)
        let result: Result<Found, any Error>
        do {
            result = .success(try await run(table, control, start))
        } catch {
            result = .failure(error)
        }
        // What stopped the bench is what its user has to know.
        try? await control.shutDown()
        return try result.get()
    }

    private func run(
        _ table: EventTable, _ control: ProvisioningDoubleControl, _ start: @Sendable () throws -> BridgeProcess
    ) async throws -> Found {
        let before = try await control.evidence().arrived
        try await table.fill(count)
        // Those that waited before are sent as well.
        let count = try await table.open()
        let sender = try start()
        let watch = MemoryWatch(process: sender.pid)
        let meter = ProcessorMeter(server: sender.pid, postmaster: nil)
        do {
            try await drain(table, count, sender)
        } catch {
            await sender.stop()
            throw error
        }
        let used = meter.read().server
        let memory = watch?.end()
        await sender.stop()
        let evidence = try await control.evidence()
        let arrived = evidence.arrived - before
        let first = try await control.message(before + 1)
        let last = try await control.message(before + arrived)
        return Found(
            count: count, seconds: Double(last.arrived - first.arrived) / 1e6, arrived: arrived,
            isSound: evidence.isSound,
            bare: try await bareClient(first.body), memory: memory, processor: used.map { $0 / Double(max(1, arrived)) }
        )
    }

    private func drain(_ table: EventTable, _ count: Int, _ sender: BridgeProcess) async throws {
        let bar = CountBar("events", total: count, isSilent: isSilent)
        defer { bar.end() }
        let deadline = ContinuousClock.now + limit
        var left = count
        while left > 0 {
            try await Task.sleep(for: Self.look)
            guard sender.isRunning else { throw BenchFailure("the sender has ended. Its log tells why") }
            guard ContinuousClock.now < deadline else {
                throw BenchFailure("\(left) events are left when the time is over. Allow more --budget-seconds")
            }
            let now = try await table.open()
            bar.add(left - now)
            left = now
        }
    }

    private func bareClient(_ body: [UInt8]) async throws -> (rate: Double, problems: [String]) {
        let generator = LoadGenerator(target: provisioning, threads: 1)
        let source = SamePost(
            target: provisioning, path: "/v1/messages", credentials: credentials, body: body, expected: .accepted)
        let result: Result<LoadResult, any Error>
        do {
            result = .success(
                try await generator.run(source, connections: Self.bareConnections, window: Self.bareWindow))
        } catch {
            result = .failure(error)
        }
        try await generator.shutDown()
        let found = try result.get()
        return (found.rate, found.failures.sorted { $0.key < $1.key }.map { "bare client: \($0.value) x \($0.key)" })
    }
}

extension EventScenario.Found {
    var rate: Double { seconds > 0 ? Double(arrived - 1) / seconds : 0 }

    var entries: [FigureReport.Entry] {
        typealias Entry = FigureReport.Entry
        var entries = [
            Entry(key: "eventsPerSecond", title: "events/s, first arrival to last", value: rate),
            Entry(key: "events", title: "events", value: Double(count)),
            Entry(key: "barePerSecond", title: "bare client, messages/s", value: bare.rate),
        ]
        if bare.rate > 0 {
            entries.append(
                Entry(key: "ratioToBare", title: "ratio to the bare client", value: rate / bare.rate, places: 2))
        }
        if let processor {
            entries.append(
                Entry(key: "processorMicroseconds", title: "sender, processor µs an event", value: processor))
        }
        if let memory {
            entries.append(
                Entry(key: "senderMiB", title: "sender, most memory MiB", value: memory.sinceStart, places: 1))
        }
        return entries
    }

    var problems: [String] {
        var problems = bare.problems
        if arrived != count { problems.append("\(count) events were to be sent, but \(arrived) have arrived") }
        if !isSound { problems.append("the Provisioning double got events twice, or out of order") }
        return problems
    }
}

/// The same POST again and again.
struct SamePost: RequestSource {
    private let bytes: ByteBuffer
    private let expected: HTTPResponseStatus

    /// - Parameter credentials: `user:password`.
    init(target: Target, path: String, credentials: String, body: [UInt8], expected: HTTPResponseStatus) {
        var head = "POST \(target.path)\(path) HTTP/1.1\r\nHost: \(target.authority)\r\n"
        head += "Authorization: Basic \(Data(credentials.utf8).base64EncodedString())\r\n"
        head += "Content-Type: application/json\r\nAccept: application/json\r\nUser-Agent: scim-bench\r\n"
        head += "Content-Length: \(body.count)\r\n\r\n"
        bytes = ByteBuffer(bytes: Array(head.utf8) + body)
        self.expected = expected
    }

    func session(connection: Int, of connections: Int) -> any RequestSession {
        Session(bytes: bytes, expected: expected)
    }

    private struct Session: RequestSession {
        let bytes: ByteBuffer
        let expected: HTTPResponseStatus

        var method: HTTPMethod { .POST }
        var readsBodies: Bool { false }

        mutating func prepare(_ request: inout ByteBuffer) -> Bool {
            request = bytes
            return true
        }

        func check(_ head: HTTPResponseHead, body: ByteBuffer?) -> String? {
            head.status == expected ? nil : "status \(head.status.code)"
        }
    }
}
