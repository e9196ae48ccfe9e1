// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// How long a process takes from its start until it is ready, on a database that is migrated.
struct StartScenario: Sendable {
    /// Such as `api`, or `api,worker,events`.
    let roles: [String]
    let repeats: Int

    /// More often would cost the process that is about to start.
    private static let look: UInt32 = 1_000
    private static let limit: Duration = .seconds(15)

    /// Milliseconds of each start.
    struct Found: Sendable {
        let roles: String
        let milliseconds: [Double]
    }

    /// One start of each in turn, so that whatever else the machine does meets all alike.
    /// - Parameter start: With the roles.
    func run(start: @Sendable (String) throws -> BridgeProcess) async throws -> [Found] {
        var times: [String: [Double]] = [:]
        for _ in 0..<repeats {
            for roles in roles { times[roles, default: []].append(try await measure { try start(roles) }) }
        }
        return roles.map { Found(roles: $0, milliseconds: times[$0] ?? []) }
    }

    private func measure(_ start: () throws -> BridgeProcess) async throws -> Double {
        let began = ContinuousClock.now
        let process = try start()
        guard let port = process.operationsPort else { throw BenchFailure("OPS_ADDRESS of a process has no port") }
        let ready: ContinuousClock.Instant? = await Program.onThread {
            while ContinuousClock.now < began + Self.limit, process.isRunning {
                if LoopbackRequest.blockingGet(port: port, path: "/health/ready")?.saysReady == true { return .now }
                usleep(Self.look)
            }
            return nil
        }
        let isRunning = process.isRunning
        await process.stop()
        guard let ready else {
            throw BenchFailure(
                isRunning
                    ? "a process was not ready within \(Self.limit.components.seconds) s. Its log tells why"
                    : "a process ended before it was ready. Its log tells why")
        }
        return (ready - began) / .milliseconds(1)
    }
}

extension StartScenario.Found {
    private static let goal = Goal.atMost(300)

    var entries: [FigureReport.Entry] {
        guard let spread = Spread(milliseconds) else { return [] }
        let key = roles.split(separator: ",").joined(separator: "-")
        return [
            FigureReport.Entry(
                key: "\(key)Milliseconds", title: "\(roles): ready after ms, median", value: spread.median,
                goal: Self.goal),
            FigureReport.Entry(key: "\(key)Most", title: "\(roles): the slowest, ms", value: spread.maximum),
        ]
    }
}
