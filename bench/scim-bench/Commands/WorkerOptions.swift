// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation

/// The worker that a bench starts, and the UDM double that it writes to.
struct WorkerOptions: ParsableArguments {
    @Option(help: "The UDM double, with a slash at the end.") var udmUrl: String
    @Option(help: "Service account at the double.") var udmUsername = "svc-scim"
    @Option(help: "File with its password.") var udmPasswordFile: String
    @Option(help: "Milliseconds that every request to UDM takes.") var udmLatency = 0.0
    @Option(help: "Resources that the worker pushes at once (UDM_CONCURRENCY_MAX).") var inFlight = 64
    @Option(help: "A further setting of the worker as NAME=value; may be repeated.") var setting: [String] = []
    @Option(help: "The program of the worker.") var bridge = ".build/release/scim-bridge"
    @Option(help: "File for the worker's log.") var workerLog = "worker.log"

    func validate() throws {
        guard (1...1024).contains(inFlight) else { throw ValidationError("--in-flight must be from 1 to 1024") }
        guard (0...60_000).contains(udmLatency) else {
            throw ValidationError("--udm-latency must be from 0 to 60000 milliseconds")
        }
        _ = try settings()
    }

    func check(_ database: DatabaseOptions) throws {
        guard database.databaseUrl != nil else {
            throw ValidationError("--database-url is needed: jobs are counted there")
        }
    }

    func udm() throws -> Target { try Target(udmUrl, allowingRemote: false) }

    /// `user:password` at UDM.
    func credentials() throws -> String {
        "\(udmUsername):\(try Secret.read(udmPasswordFile, for: "--udm-password-file"))"
    }

    /// - Parameters:
    ///   - roles: Of the process.
    ///   - more: Settings of this one beside those of all.
    ///   - name: What its log ends with; nil where there is one process only.
    func start(
        roles: String = "worker", with more: [String: String] = [:], name: String? = nil
    ) throws -> BridgeProcess {
        var own = [
            "UDM_URL": udmUrl, "UDM_USERNAME": udmUsername, "UDM_PASSWORD_FILE": udmPasswordFile,
            "UDM_CONCURRENCY_MAX": "\(inFlight)", "OPS_ADDRESS": "127.0.0.1:\(try LoopbackPort.free())",
        ]
        own.merge(more) { _, given in given }
        return try BridgeProcess.start(
            bridge, roles: roles, settings: own.merging(try settings()) { _, given in given },
            log: name.map { "\(workerLog)-\($0)" } ?? workerLog)
    }

    /// A setting of the worker as it will be: given here, or by the environment.
    func value(of name: String) throws -> String? {
        try settings()[name] ?? ProcessInfo.processInfo.environment[name]
    }

    /// For the report.
    var notes: [(name: String, value: String)] {
        [
            ("worker", (["\(inFlight) in flight"] + setting).joined(separator: " ")),
            ("UDM", "the double, \(Figure.shortest(udmLatency)) ms a request"),
        ]
    }

    private func settings() throws -> [String: String] {
        var settings: [String: String] = [:]
        for text in setting {
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw ValidationError("--setting \"\(text)\" must be NAME=value") }
            settings[String(parts[0])] = String(parts[1])
        }
        return settings
    }
}
