// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import Foundation

/// Memory, CPU time and descriptors of this process, read when scraped.
enum ProcessFigures {
    static func record(in registry: PrometheusRegistry) {
        set(registry, "process_resident_memory_bytes", residentBytes())
        set(registry, "process_cpu_seconds_total", cpuSeconds())
        set(registry, "process_open_fds", openDescriptors())
    }

    private static func set(_ registry: PrometheusRegistry, _ label: String, _ value: Double?) {
        guard let value else { return }
        registry.makeRecorder(label: label, dimensions: [], aggregate: false).record(value)
    }

    private static func residentBytes() -> Double? {
        // The second number of statm is the resident set in pages.
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func cpuSeconds() -> Double? {
        var usage = rusage()
        guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return nil }
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func openDescriptors() -> Double? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else { return nil }
        return Double(names.count)
    }
}
