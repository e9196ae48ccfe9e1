// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// Drives keep-alive connections against one target: a closed loop each, or all of them by one ``OpenSchedule``.
struct LoadGenerator: Sendable {
    let target: Target
    private let group: MultiThreadedEventLoopGroup
    private let connectTimeout: TimeAmount = .seconds(5)

    /// How often a run looks at its counters.
    private static let step: Duration = .milliseconds(200)

    init(target: Target, threads: Int) {
        self.target = target
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
    }

    func shutDown() async throws { try await group.shutdownGracefully() }

    /// Opens the connections, keeps them busy for the window, and lets the last requests end.
    ///
    /// - Parameters:
    ///   - rate: Of an open loop, requests a second over all connections; nil: a closed loop.
    ///   - meter: Read at the begin and the end of the measured time.
    ///   - progress: Called a few times a second.
    func run(
        _ source: some RequestSource, connections: Int, window: LoadWindow, rate: Double? = nil,
        meter: ProcessorMeter? = nil, progress: @Sendable (LoadCounters) -> Void = { _ in }
    ) async throws -> LoadResult {
        let counters = LoadCounters(connections: connections)
        let open = try await connect(source, connections: connections, counters: counters)
        let begin = NIODeadline.now()
        let measuredFrom = begin + TimeAmount(window.warmUp)
        let measuredUntil = measuredFrom + TimeAmount(window.measured)
        let start = LoadConnection.Start(
            measuredFrom: measuredFrom, measuredUntil: measuredUntil, answerLimit: TimeAmount(window.answerLimit),
            maximumRequests: max(1, rate == nil ? window.maximumRequests / connections : window.maximumRequests),
            schedule: rate.map {
                OpenSchedule(rate: $0, from: begin, until: measuredUntil, maximumRequests: window.maximumRequests)
            })
        for connection in open { connection.channel.pipeline.fireUserInboundEventTriggered(start) }
        let use: ProcessorUse?
        do {
            try await watch(counters, until: measuredFrom, progress)
            let first = (reading: meter?.read(), accepted: counters.accepted)
            try await watch(counters, until: measuredUntil, progress)
            use = meter?.read().use(since: first.reading, operations: counters.accepted - first.accepted)
        } catch {
            for connection in open { connection.channel.pipeline.fireUserInboundEventTriggered(LoadConnection.Stop()) }
            _ = try await records(open)
            throw error
        }
        var result = LoadResult(
            try await records(open), measuredFrom: measuredFrom, measuredUntil: measuredUntil)
        result.processorUse = use
        return result
    }

    private struct OpenConnection: Sendable {
        let channel: any Channel
        let record: EventLoopFuture<ConnectionRecord>
    }

    private func connect(
        _ source: some RequestSource, connections: Int, counters: LoadCounters
    ) async throws -> [OpenConnection] {
        let tls = target.isSecure ? try NIOSSLContext(configuration: target.tls) : nil
        let serverName = target.serverName
        var open: [OpenConnection] = []
        for number in 0..<connections {
            let loop = group.next()
            let finished = loop.makePromise(of: ConnectionRecord.self)
            let bootstrap = ClientBootstrap(group: loop)
                .connectTimeout(connectTimeout)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let session = source.session(connection: number, of: connections)
                        if let tls {
                            try channel.pipeline.syncOperations.addHandler(
                                NIOSSLClientHandler(context: tls, serverHostname: serverName))
                        }
                        try channel.pipeline.syncOperations.addHandlers([
                            PreparedRequestHandler(), ByteToMessageHandler(HTTPResponseDecoder()),
                            LoadConnection(session: session, counters: counters, finished: finished),
                        ])
                    }
                }
            do {
                let channel = try await bootstrap.connect(host: target.host, port: target.port).get()
                open.append(OpenConnection(channel: channel, record: finished.futureResult))
            } catch {
                finished.fail(error)
                for connection in open { connection.channel.close(promise: nil) }
                throw BenchFailure("\(target.authority) does not accept connection \(number + 1): \(error)")
            }
        }
        return open
    }

    private func records(_ open: [OpenConnection]) async throws -> [ConnectionRecord] {
        var records: [ConnectionRecord] = []
        for connection in open { records.append(try await connection.record.get()) }
        return records
    }

    /// Returns at `end`, or as soon as no connection is left.
    private func watch(
        _ counters: LoadCounters, until end: NIODeadline, _ progress: (LoadCounters) -> Void
    ) async throws {
        while counters.running > 0 {
            let left = Duration.nanoseconds((end - NIODeadline.now()).nanoseconds)
            guard left > .zero else { return }
            try await Task.sleep(for: min(left, Self.step))
            progress(counters)
        }
    }
}
