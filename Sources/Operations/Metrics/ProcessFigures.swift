// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Memory, CPU time and descriptors of this process, read when scraped; the names are those of Prometheus' own client libraries.
enum ProcessFigures {
    static func record(in registry: PrometheusRegistry) {
        let sizes = memory()
        if let bytes = sizes.resident { registry.setGauge("process_resident_memory_bytes", to: bytes) }
        if let bytes = sizes.virtual { registry.setGauge("process_virtual_memory_bytes", to: bytes) }
        if let seconds = cpuSeconds() { registry.setCounter("process_cpu_seconds_total", to: seconds) }
        if let count = openDescriptors() { registry.setGauge("process_open_fds", to: count) }
        if let count = mostDescriptors() { registry.setGauge("process_max_fds", to: count) }
    }

    /// Virtual and resident size, in bytes.
    private static func memory() -> (virtual: Double?, resident: Double?) {
        // The first two numbers of statm, in pages.
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return (nil, nil) }
        let pages = text.split(separator: " ").prefix(2).map { Double($0) }
        let size = Double(sysconf(Int32(_SC_PAGESIZE)))
        guard pages.count == 2 else { return (nil, nil) }
        return (pages[0].map { $0 * size }, pages[1].map { $0 * size })
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

    private static func mostDescriptors() -> Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }
}
