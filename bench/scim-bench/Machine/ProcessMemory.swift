// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// How much memory a process holds, as the kernel tells it: see proc(5), `/proc/PID/status`.
struct ProcessMemory: Sendable, Equatable {
    /// Resident now, in KiB.
    let resident: Int
    /// The most that was resident since the process began, in KiB.
    let peak: Int

    init?(status: String) {
        func kibibytes(_ name: String) -> Int? {
            Machine.field(name, of: status, separator: ":").flatMap { $0.split(separator: " ").first }
                .flatMap { Int($0) }
        }
        guard let resident = kibibytes("VmRSS"), let peak = kibibytes("VmHWM") else { return nil }
        self.resident = resident
        self.peak = peak
    }

    /// Of a running process; nil when there is none.
    init?(of process: Int32) {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else { return nil }
        self.init(status: text)
    }
}

/// The most that a process held, in MiB.
struct MemoryPeak: Sendable, Equatable {
    /// While the bench ran, of samples four times a second.
    let during: Double
    /// Since the process began, by the kernel's own count, which misses nothing.
    let sinceStart: Double

    static let goal = Goal.atMost(150)

    var text: String {
        let verdict = Self.goal.verdict(sinceStart) ?? "-"
        return
            "\(Figure.decimal(during, places: 1)) MiB at most, \(Figure.decimal(sinceStart, places: 1)) MiB since its "
            + "start (goal \(Self.goal.text): \(verdict))"
    }
}
