// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How many runs of which length.
struct BenchPlan: Sendable, Equatable {
    var connections: [Int]
    var repeats: Int
    var window: LoadWindow

    /// What a run costs beside its window: connecting, the last answers, the proof, PostgreSQL's processes.
    static let overheadPerRun: Duration = .milliseconds(800)
    private static let longestTotal: Duration = .seconds(6 * 3600)

    /// - Parameters:
    ///   - seconds: Measured in each run; nil: what `budget` leaves, at least 1.
    ///   - budget: Of the whole bench, in seconds.
    ///   - sides: 2 when a limit is measured in turn, otherwise 1.
    ///   - subjects: How many things are compared, each with its own runs.
    init(
        connections: [Int], repeats: Int, warmUp: Int, seconds: Int?, budget: Int, maximumRequests: Int, sides: Int,
        subjects: Int = 1
    ) throws(BenchFailure) {
        guard !connections.isEmpty, connections.allSatisfy({ (1...1024).contains($0) }) else {
            throw BenchFailure("--connections must be numbers from 1 to 1024, such as 1,8,32,128")
        }
        guard Set(connections).count == connections.count else {
            throw BenchFailure("--connections names a number twice; use --repeats to measure it more often")
        }
        guard (1...100).contains(repeats) else { throw BenchFailure("--repeats must be from 1 to 100") }
        guard (1...60).contains(warmUp) else { throw BenchFailure("--warm-up must be from 1 to 60 seconds") }
        guard (1...600).contains(seconds ?? 1) else { throw BenchFailure("--seconds must be from 1 to 600") }
        guard maximumRequests >= connections.reduce(0, max) else {
            throw BenchFailure("--maximum-requests must allow each connection at least one")
        }
        let runs = connections.count * repeats * sides * subjects
        let fixed = (Self.overheadPerRun + .seconds(warmUp)) * runs
        let measured = seconds ?? max(1, Int((Duration.seconds(budget) - fixed).components.seconds) / runs)
        self.connections = connections
        self.repeats = repeats
        window = LoadWindow(warmUp: .seconds(warmUp), measured: .seconds(measured), maximumRequests: maximumRequests)
        let total = fixed + .seconds(measured) * runs
        guard total <= Self.longestTotal else { throw BenchFailure("this would take more than 6 hours; measure less") }
        // A length that was asked for by name may exceed the budget, one that was worked out may not.
        guard seconds != nil || total <= .seconds(budget) else {
            throw BenchFailure(
                "\(runs) runs need at least \(total.components.seconds + 1) s, --budget-seconds is \(budget). "
                    + "Allow more, or fewer --connections or --repeats")
        }
    }

    /// - Returns: As of the option, such as `1,8,32,128`.
    static func connections(_ text: String) throws(BenchFailure) -> [Int] {
        var numbers: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let number = Int(part.filter { $0 != " " }) else {
                throw BenchFailure("\"\(part)\" is no number of connections. Separate them by commas: 1,8,32,128")
            }
            numbers.append(number)
        }
        return numbers
    }
}
