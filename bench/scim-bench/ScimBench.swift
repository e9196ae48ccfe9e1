// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation

@main
struct ScimBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scim-bench",
        abstract: "Measures a SCIM server beside what its machine can do at best.",
        subcommands: [
            AcceptCommand.self, LoadCommand.self, ListsCommand.self, GroupsCommand.self, ReadCommand.self,
            SyncCommand.self, PatchCommand.self, MixedCommand.self, OutageCommand.self, RedisLossCommand.self,
            BulkCommand.self, EntraCommand.self, PaceCommand.self, RebuildCommand.self, SoakCommand.self,
            ScalingCommand.self, StartCommand.self, PickupCommand.self, RecoveryCommand.self, JoinsCommand.self,
            EventsCommand.self, QueueCommand.self, SummaryCommand.self, TrendCommand.self, AgreementCommand.self,
            ServeBytesCommand.self,
        ])

    /// An error that escapes an async `main` prints a backtrace; whoever measures gets one line and a status instead.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as BenchFailure {
            FileHandle.standardError.write(Data("scim-bench: \(failure)\n".utf8))
            Foundation.exit(1)
        } catch is CancellationError {
            FileHandle.standardError.write(Data("scim-bench: interrupted\n".utf8))
            Foundation.exit(130)
        } catch {
            exit(withError: error)
        }
    }
}
