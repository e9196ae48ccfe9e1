// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Processor time as the kernel counts it, in clock ticks of 10 ms: see proc(5), `/proc/PID/stat`.
struct ProcessTimes: Sendable, Equatable {
    let name: String
    let parent: Int32
    /// In user and kernel mode, all threads.
    let own: Int
    /// Of the children that have ended and were waited for.
    let endedChildren: Int

    /// - Parameter stat: The line of `/proc/PID/stat`. The name may hold anything, blanks and brackets included, so the
    ///   fields are counted from its last bracket.
    init?(stat: String) {
        guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")"), open < close else { return nil }
        name = String(stat[stat.index(after: open)..<close])
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        // The first of them is field 3; utime is 14, stime 15, cutime 16, cstime 17.
        guard fields.count > 14, let parent = Int32(fields[1]), let user = Int(fields[11]),
            let system = Int(fields[12]),
            let childUser = Int(fields[13]), let childSystem = Int(fields[14])
        else { return nil }
        self.parent = parent
        own = user + system
        endedChildren = childUser + childSystem
    }

    /// Of a running process; nil when there is none, or it may not be looked at.
    init?(of process: Int32) {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return nil }
        self.init(stat: text)
    }

    /// The parent of a PostgreSQL backend, if both run here.
    static func postmaster(of backend: Int32) -> Int32? {
        guard let times = ProcessTimes(of: backend), times.name.hasPrefix("postgres"),
            ProcessTimes(of: times.parent)?.name.hasPrefix("postgres") == true
        else { return nil }
        return times.parent
    }

    /// Ticks of a process and all its children, running and ended.
    static func ofFamily(_ process: Int32) -> Int? {
        guard let parent = ProcessTimes(of: process) else { return nil }
        return children(of: process).reduce(parent.own + parent.endedChildren) { sum, child in
            sum + (ProcessTimes(of: child)?.own ?? 0)
        }
    }

    private static func children(of process: Int32) -> [Int32] {
        // Not every kernel has this file; without it every process is asked for its parent.
        if let text = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8) {
            return text.split(separator: " ").compactMap { Int32($0) }
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { ProcessTimes(of: $0)?.parent == process }
    }
}
