// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import scim_bench

@Suite struct MachineTests {
    private static let stat = "S 40 41 42 0 -1 4194560 900 0 0 0 120 30 7 5 20 0 8 0 1234 99 88 18446744073709551615"

    @Test(
        "times are counted from the name's last bracket",
        arguments: ["scim-bridge", "postgres: writer", "a) S 1 2 (b", ")", "("])
    func stat(name: String) throws {
        let times = try #require(ProcessTimes(stat: "17 (\(name)) \(Self.stat)"))
        #expect(times.name == name)
        #expect(times.parent == 40)
        #expect(times.own == 150)
        #expect(times.endedChildren == 12)
    }

    @Test("a line that is cut short is no times", arguments: ["", "17", "17 (a) S 40", "17 )a( S"])
    func broken(text: String) { #expect(ProcessTimes(stat: text) == nil) }

    @Test("this process uses time, and is no PostgreSQL")
    func own() throws {
        let me = getpid()
        let before = ProcessorMeter(server: me).read()
        var sum = 0.0
        while ProcessorMeter(server: me).read().generator < before.generator + 60_000 { sum += 1 }
        let use = try #require(ProcessorMeter(server: me).read().use(since: before, operations: 10))
        #expect(use.generator >= 6_000)
        #expect(try #require(use.server) > 0)
        #expect(use.postgres == nil)
        #expect(sum > 0)
        #expect(ProcessTimes.postmaster(of: me) == nil)
    }

    @Test("nothing is said of no operations, or of a process that is not there")
    func unknown() {
        let reading = ProcessorMeter.Reading(server: 1, postgres: nil, generator: 5)
        #expect(reading.use(since: reading, operations: 0) == nil)
        #expect(reading.use(since: nil, operations: 1) == nil)
        #expect(ProcessorMeter(server: 0, postmaster: 0).read().server == nil)
        #expect(ProcessorMeter(server: 0, postmaster: 0).read().postgres == nil)
    }

    @Test(
        "the file system is that of the deepest mount",
        arguments: [
            ("/var/lib/postgresql", "ext4"), ("/tmp/bench/data", "tmpfs"), ("/tmp", "tmpfs"), ("/tmpfoo", "ext4"),
            ("/mnt/my disk/data", "xfs"), ("/", "ext4"),
        ])
    func mounts(path: String, fileSystem: String) {
        let table = MountTable(
            """
            rootfs / rootfs rw 0 0
            /dev/vda / ext4 rw 0 0
            tmpfs /tmp tmpfs rw 0 0
            /dev/vdb /mnt/my\\040disk xfs rw 0 0
            """)
        #expect(table.fileSystem(of: path) == fileSystem)
    }

    @Test("fields of the system's files are read without quotation marks")
    func fields() {
        let text = "NAME=\"Debian\"\nmodel name\t: AMD EPYC\nmodel name\t: second\n"
        #expect(Machine.field("model name", of: text, separator: ":") == "AMD EPYC")
        #expect(Machine.field("NAME", of: text, separator: "=") == "Debian")
        #expect(Machine.field("missing", of: text, separator: "=") == nil)
    }

    @Test("a program's output, errors and status come back; one that runs too long is ended")
    func program() async throws {
        let shell = try #require(Program.find("sh"))
        let outcome = try await shell.run(["-c", "cat; echo bad >&2; exit 3"], input: "good")
        #expect(outcome.output == "good")
        #expect(outcome.errors == "bad\n")
        #expect(outcome.status == 3)
        let ended = try await shell.run(["-c", "exec sleep 100"], limit: .milliseconds(50))
        #expect(ended.status != 0)
        #expect(Program.find("no-such-program-anywhere") == nil)
    }
}
