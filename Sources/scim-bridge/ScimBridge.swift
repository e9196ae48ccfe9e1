// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging

@main
struct ScimBridge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scim-bridge",
        abstract: "Accepts SCIM 2.0 writes at once and brings them to UDM.",
        discussion: """
            Try it on this machine, with its own PostgreSQL, Redis and doubles of UDM and Provisioning:

              scim-bridge dev --demo

            Production: set the environment as docs/operating/settings.md says, then

              scim-bridge migrate && scim-bridge check-config && scim-bridge serve --roles api,worker,events
            """,
        version: Version.text,
        subcommands: [
            DevCommand.self, ServeCommand.self, MigrateCommand.self, CheckConfigCommand.self, TokenCommand.self,
            UserCommand.self, GroupCommand.self, DoubleCommand.self, QueueCommand.self, EventsCommand.self,
            HealthCommand.self,
        ])

    /// An error that escapes an async `main` prints a backtrace; operators get one line and a status instead.
    static func main() async {
        StandardStream.ignoreBrokenPipes()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let problems as ConfigurationProblems {
            for problem in problems.problems { StandardError.write("configuration: \(problem)") }
            Foundation.exit(ExitStatus.configuration)
        } catch let failure as CommandFailure {
            StandardError.write("scim-bridge: \(failure.message)")
            Foundation.exit(failure.status)
        } catch {
            exit(withError: error)
        }
    }
}

enum Version {
    static let text = "0.1.0"
}

/// Exit statuses as of sysexits.h.
enum ExitStatus {
    static let failure: Int32 = 1
    static let usage: Int32 = 64
    /// What was named does not exist.
    static let notFound: Int32 = 66
    static let unavailable: Int32 = 69
    static let configuration: Int32 = 78
    /// As shells say it: 128 and SIGINT.
    static let interrupted: Int32 = 130
}

/// Why a command ends without having done its work, in one sentence that says what to do.
struct CommandFailure: Error, CustomStringConvertible {
    let message: String
    let status: Int32

    init(_ message: String, status: Int32 = ExitStatus.failure) {
        self.message = message
        self.status = status
    }

    var description: String { message }
}

enum StandardError {
    static func write(_ line: String) {
        StandardStream.error.write("\(line)\n")
    }
}
