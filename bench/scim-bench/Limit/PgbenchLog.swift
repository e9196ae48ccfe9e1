// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What pgbench 15 and later write with `--log`: a line for each transaction.
///
/// `client transaction microseconds script seconds-since-1970 microseconds-of-it`; the third is no number when the
/// transaction failed.
struct PgbenchLog: Sendable {
    /// Microseconds of each transaction of one script that ended within the measured time.
    private(set) var latencies: [Int64] = []
    /// From the end of the warm-up to the last transaction.
    private(set) var seconds = 0.0

    /// - Parameters:
    ///   - files: One for each thread.
    ///   - script: Counted from 0, in the order of the command line.
    ///   - warmUp: In microseconds, from the begin of the first transaction.
    init(_ files: [[UInt8]], script: Int, warmUp: Int64) {
        var transactions: [(microseconds: Int64, end: Int64)] = []
        var begin = Int64.max
        var end = Int64.min
        for file in files {
            for line in file.split(separator: UInt8(ascii: "\n")) {
                let fields = line.split(separator: UInt8(ascii: " "))
                guard fields.count >= 6, let microseconds = Self.number(fields[2]), let number = Self.number(fields[3]),
                    let seconds = Self.number(fields[4]), let rest = Self.number(fields[5])
                else { continue }
                let ended = seconds * 1_000_000 + rest
                begin = min(begin, ended - microseconds)
                end = max(end, ended)
                if number == Int64(script) { transactions.append((microseconds, ended)) }
            }
        }
        guard begin < end else { return }
        latencies = transactions.filter { $0.end >= begin + warmUp }.map(\.microseconds)
        seconds = Double(max(0, end - begin - warmUp)) / 1e6
    }

    /// Nil for what is no number of at most 18 digits.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard !bytes.isEmpty, bytes.count <= 18 else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
