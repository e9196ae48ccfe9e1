// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Something that the bridge needs goes away for a while.
protocol Trouble: Sendable {
    /// Such as `UDM drops all requests`.
    var name: String { get }
    func begin() async throws
    func end() async throws
}

/// The UDM double answers nothing, by a switch of its own.
struct UDMTrouble: Trouble {
    let control: UDMDoubleControl
    /// Of the double.
    let effect: String

    var name: String { "UDM away (\(effect))" }

    func begin() async throws { try await control.setFault(effect) }
    func end() async throws { try await control.clearFaults() }
}

/// Whoever owns the process stops and starts it, by commands of the shell (bash).
struct CommandTrouble: Trouble {
    let name: String
    let stop: String
    let start: String

    func begin() async throws { try await run(stop) }
    func end() async throws { try await run(start) }

    /// Closes what Foundation's `Process` hands to every child, by which it waits for its end: a server that the command leaves behind would
    /// keep it open.
    private static let closing = """
        for f in /proc/self/fd/*; do f="${f##*/}"; if [ "$f" -gt 2 ]; then eval "exec $f>&-"; fi; done
        eval "$0"
        """

    private func run(_ command: String) async throws {
        guard let shell = Program.find("bash", in: ["/bin"]) else { throw BenchFailure("there is no bash") }
        let outcome = try await shell.run(["-c", Self.closing, command])
        guard outcome.status == 0 else {
            throw BenchFailure(
                "\"\(command)\" ended with status \(outcome.status): \(outcome.errors.prefix(300))")
        }
    }
}
