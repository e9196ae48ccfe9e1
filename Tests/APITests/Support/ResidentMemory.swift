// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

/// Memory of this process, as the kernel counts it.
enum ResidentMemory {
    /// Bytes now, without what has been freed.
    static func now() throws -> Int {
        typealias Trim = @convention(c) (Int) -> Int32
        if let function = dlsym(nil, "malloc_trim") { _ = unsafeBitCast(function, to: Trim.self)(0) }
        return try field("VmRSS:")
    }

    /// From now on a large block is a mapping of its own, which is gone as soon as it is freed. Otherwise glibc keeps what it had to map once, in
    /// each of its arenas, and the bodies that the clients of a test hold would be counted long after.
    static func forgetLargeBlocks() {
        // `malloc.h` is in no module; -3 is its M_MMAP_THRESHOLD.
        typealias Option = @convention(c) (Int32, Int32) -> Int32
        if let function = dlsym(nil, "mallopt") { _ = unsafeBitCast(function, to: Option.self)(-3, 256 << 10) }
    }

    /// Bytes at most since ``resetPeak()``.
    static func peak() throws -> Int { try field("VmHWM:") }

    /// Where the kernel does not allow it, the peak is that of the whole run.
    static func resetPeak() { try? Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs")) }

    private static func field(_ name: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name) })
        let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
        return try #require(kibibytes) << 10
    }
}
