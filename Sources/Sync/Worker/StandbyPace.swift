// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How often a busy worker asks for leases, and how many should stand by: about as many as turns leave their place while others are asked for and
/// confirmed.
struct StandbyPace {
    /// Means, in seconds. Before anything is known nothing stands by.
    private var turn: Double?
    private var lease = 0.015

    /// Where turns take longer, a place that stands empty for a moment is a small part of it, and who stands by would wait for long.
    static let longestTurn = Duration.milliseconds(500)
    private static let leaseBounds = 0.002...0.05
    /// Between two lease calls of a busy worker. A call costs Redis and PostgreSQL most of what it costs by itself: where several workers share
    /// the work, or each outcome is stored alone, what one of them gets in the shortest pause is little.
    private(set) var pause = Self.shortestPause
    static let shortestPause = Duration.milliseconds(3)
    static let longestPause = Duration.milliseconds(8)
    private static let fewLeases = 8
    private static let manyLeases = 16
    /// A new value counts for so much.
    private static let weight = 1.0 / 16

    /// - Parameter length: From a turn's start until it needed its place no more.
    mutating func noteTurn(_ length: Duration) {
        let seconds = max(length.inSeconds, 0.001)
        turn = turn.map { $0 + (seconds - $0) * Self.weight } ?? seconds
    }

    /// - Parameter length: From a lease call to the confirmation.
    mutating func noteLease(_ length: Duration) {
        let seconds = min(max(length.inSeconds, Self.leaseBounds.lowerBound), Self.leaseBounds.upperBound)
        lease += (seconds - lease) * Self.weight
    }

    /// - Parameter count: What a lease call has brought while many turns were under way.
    mutating func noteLeases(_ count: Int) {
        if count < Self.fewLeases {
            pause = min(pause * 5 / 4, Self.longestPause)
        } else if count > Self.manyLeases {
            pause = max(pause * 4 / 5, Self.shortestPause)
        }
    }

    /// What stood by was not needed in time: turns take longer than they did.
    mutating func noteWait() { turn = max(turn ?? 0, 2 * Self.longestTurn.inSeconds) }

    /// - Parameter calling: Turns of this process that use a place.
    func level(calling: Int) -> Int {
        guard let turn, turn <= Self.longestTurn.inSeconds else { return 0 }
        // What is left just after a call is asked for with the next one, after a pause.
        let length = 2 * (lease + pause.inSeconds)
        return min(calling / 2, Int((Double(calling) * length / turn).rounded(.up)))
    }
}
