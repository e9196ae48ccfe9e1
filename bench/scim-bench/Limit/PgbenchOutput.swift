// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What pgbench 15 and later print.
enum PgbenchOutput {
    /// One line of `--progress`, such as
    /// `progress: 2.0 s, 9816.4 tps, lat 0.815 ms stddev 0.312, 0 failed`.
    struct Progress: Sendable, Equatable {
        /// Seconds since the clients were connected.
        let elapsed: Double
        /// Of the time since the line before.
        let rate: Double
        /// Mean, in milliseconds.
        let latency: Double

        init?(_ line: String) {
            guard line.hasPrefix("progress: ") else { return nil }
            let words = line.split(separator: " ")
            guard words.count >= 7, words[2] == "s,", words[4] == "tps,", words[5] == "lat",
                let elapsed = Double(words[1]),
                let rate = Double(words[3]), let latency = Double(words[6]), rate.isFinite
            else { return nil }
            self.elapsed = elapsed
            self.rate = rate
            self.latency = latency
        }

        init(elapsed: Double, rate: Double, latency: Double) {
            self.elapsed = elapsed
            self.rate = rate
            self.latency = latency
        }
    }

    /// The number of the summary's line `name: number …`.
    static func number(_ name: String, in summary: String) -> Int? {
        for line in summary.split(separator: "\n") where line.hasPrefix("\(name): ") {
            return Int(line.dropFirst(name.count + 2).prefix { $0.isASCII && $0.isNumber })
        }
        return nil
    }

    /// How often each of several scripts was run, of the lines ` - 1234 transactions (50.1% of total, tps = 617.000000)`.
    static func scriptTransactions(in summary: String) -> [Int] {
        summary.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count > 3, words[0] == "-", words[2] == "transactions", words[3].hasPrefix("(") else {
                return nil
            }
            return Int(words[1])
        }
    }

    /// Rate and latency of the lines after the warm-up, weighted by their length and their transactions.
    static func measured(_ lines: [Progress], warmUp: Double) -> (rate: Double, latency: Double)? {
        var before = 0.0
        var (seconds, transactions, waited) = (0.0, 0.0, 0.0)
        for line in lines {
            // A line covers the time since the one before; half a second tells on which side of the warm-up it lies.
            if line.elapsed > warmUp + 0.5 {
                let length = line.elapsed - before
                seconds += length
                transactions += line.rate * length
                waited += line.latency * line.rate * length
            }
            before = line.elapsed
        }
        guard seconds > 0, transactions > 0 else { return nil }
        return (transactions / seconds, waited / transactions)
    }

    /// Rate and latency of what came after the last line: on a busy machine the last second of pgbench may end without a line.
    ///
    /// - Parameters:
    ///   - processed: All transactions, those of the warm-up included.
    ///   - seconds: From the last line to the end.
    /// - Returns: Nil without a line, or when the summary tells no latency; that is the mean of all transactions.
    static func rest(
        after lines: [Progress], of summary: String, processed: Int, seconds: Double
    ) -> (rate: Double, latency: Double)? {
        let name = "latency average = "
        guard !lines.isEmpty, seconds > 0,
            let line = summary.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let latency = line.dropFirst(name.count).split(separator: " ").first.flatMap({ Double($0) })
        else { return nil }
        let transactions = Double(processed) - transactions(lines)
        return transactions > 0 ? (transactions / seconds, latency) : nil
    }

    /// How many transactions the lines tell of.
    static func transactions(_ lines: [Progress]) -> Double {
        var before = 0.0
        return lines.reduce(0) { sum, line in
            defer { before = line.elapsed }
            return sum + line.rate * (line.elapsed - before)
        }
    }
}
