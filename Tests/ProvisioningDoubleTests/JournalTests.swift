// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Logging
import NIOHTTP1
import ProvisioningDouble
import ServiceLifecycle
import Testing

@Suite struct JournalTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "double-\(UUID().uuidString)")
    private var file: URL { directory.appending(path: "provisioning.jsonl") }

    private var configuration: ProvisioningDoubleConfiguration {
        var configuration = ProvisioningDoubleConfiguration()
        configuration.journal = directory.path
        return configuration
    }

    private func withDirectory(_ body: () async throws -> Void) async throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        try await body()
    }

    /// Runs `body` with a double on a copy of the journal as it is now: what one finds that starts after a kill.
    private func afterKill(_ body: (ProvisioningDouble) async throws -> Void) async throws {
        let copy = directory.appending(path: "copy")
        try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
        try? FileManager.default.removeItem(at: copy.appending(path: file.lastPathComponent))
        try FileManager.default.copyItem(at: file, to: copy.appending(path: file.lastPathComponent))
        var configuration = configuration
        configuration.journal = copy.path
        try await withProvisioningDouble(configuration, body)
    }

    @Test("what was answered 202 is in the journal by then")
    func survivesKill() async throws {
        try await withDirectory {
            try await withProvisioningDouble(configuration) { double in
                let client = DoubleClient(double)
                _ = try await client.subscribe("s")
                for number in 1...3 {
                    let event = DoubleClient.event("e\(number)", order: Int64(number))
                    #expect(try await client.publish(event).status == 202)
                    try await afterKill { #expect($0.messages == double.messages) }
                }
            }
        }
    }

    @Test("subscriptions, confirmations and delivery counts survive too")
    func survivesDelivery() async throws {
        try await withDirectory {
            try await withProvisioningDouble(configuration) { double in
                let client = DoubleClient(double)
                _ = try await client.subscribe("s")
                _ = try await client.subscribe("gone")
                for number in 1...4 { _ = try await client.publish(DoubleClient.message(id: "u\(number)")) }
                _ = try await client.next("s")
                _ = try await client.acknowledge("s", 1)
                _ = try await client.next("s", pop: true)
                _ = try await client.next("s")
                _ = try await client.send(.DELETE, "/v1/subscriptions/gone", account: DoubleClient.admin)
                try await afterKill { double in
                    let client = DoubleClient(double)
                    #expect(try await client.subscribe("s").status == 200)
                    #expect(try await client.subscribe("gone").status == 201)
                    let message = try await client.next("s")
                    #expect(message["sequence_number"] == 3)
                    #expect(message["num_delivered"] == 2)
                    #expect(try await client.acknowledge("s", 1).status == 404)
                }
            }
        }
    }

    @Test("messages that the dispatcher had not delivered are delivered after the restart, once")
    func survivesPausedDispatcher() async throws {
        try await withDirectory {
            try await withProvisioningDouble(configuration) { double in
                let client = DoubleClient(double)
                _ = try await client.subscribe("s")
                _ = try await client.publish(DoubleClient.message(id: "u1"))
                double.changeSwitches { $0.dispatcherPaused = true }
                _ = try await client.publish(DoubleClient.message(id: "u2"))
                #expect(try await client.acknowledge("s", 1).status == 200)
                #expect(try await client.acknowledge("s", 2).status == 404)
            }
            for _ in 0..<2 {
                try await withProvisioningDouble(configuration) { (double) async throws in
                    let client = DoubleClient(double)
                    #expect(try await client.next("s")["body"]?["new"]?["id"] == "u2")
                    #expect(try await client.send(.GET, "/-/double/statistics").json["undispatched"] == 0)
                    #expect(try await client.acknowledge("s", 3).status == 404)
                }
            }
        }
    }

    @Test(
        "a torn last line is cut off and the journal goes on",
        arguments: [
            #"{"kind":"message","sequ"#, #"{"kind":"message","sequ"# + "\n", "\n", "\u{0}\u{0}\u{0}",
        ])
    func tornLine(torn: String) async throws {
        try await withDirectory {
            try await withProvisioningDouble(configuration) { double in
                _ = try await DoubleClient(double).publish(DoubleClient.message())
            }
            let handle = try FileHandle(forWritingTo: file)
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(torn.utf8))
            try handle.close()
            try await withProvisioningDouble(configuration) { double in
                #expect(double.messages.count == 1)
                _ = try await DoubleClient(double).publish(DoubleClient.message())
            }
            try await withProvisioningDouble(configuration) { #expect($0.messages.map(\.sequence) == [1, 2]) }
        }
    }

    @Test("a damaged line in the middle is told, not skipped")
    func damagedLine() async throws {
        try await withDirectory {
            try await withProvisioningDouble(configuration) { double in
                for _ in 0..<2 { _ = try await DoubleClient(double).publish(DoubleClient.message()) }
            }
            let content = try String(contentsOf: file, encoding: .utf8)
            try ("nonsense\n" + content).write(to: file, atomically: false, encoding: .utf8)
            await #expect(throws: JournalError.damaged(path: file.path, line: 1)) {
                try await ProvisioningDouble.start(configuration)
            }
        }
    }

    @Test("a journal is used by one double at a time")
    func inUse() async throws {
        try await withDirectory {
            let double = try await ProvisioningDouble.start(configuration)
            await #expect(throws: JournalError.inUse(path: file.path)) {
                try await ProvisioningDouble.start(configuration)
            }
            try await double.stop()
        }
    }

    @Test("a folder that cannot be made is told")
    func noDirectory() async throws {
        var configuration = ProvisioningDoubleConfiguration()
        configuration.journal = "/proc/nothing/here"
        await #expect(throws: JournalError.self) { try await ProvisioningDouble.start(configuration) }
    }

    @Test("forgetting empties the journal too and counts anew")
    func forget() async throws {
        try await withDirectory {
            try await withProvisioningDouble(configuration) { double in
                let client = DoubleClient(double)
                _ = try await client.subscribe("s")
                _ = try await client.publish(DoubleClient.message())
                #expect(try await client.send(.DELETE, "/-/double/messages").status == 200)
                #expect(double.messages.isEmpty)
                #expect(try await client.subscribe("s").status == 201)
                _ = try await client.publish(DoubleClient.message(id: "u2"))
            }
            try await withProvisioningDouble(configuration) { (double) async throws in
                #expect(double.messages.map(\.sequence) == [1])
                #expect(try await DoubleClient(double).next("s")["body"]?["new"]?["id"] == "u2")
            }
        }
    }

    @Test("the stand-alone server keeps its journal and ends at a graceful stop")
    func server() async throws {
        try await withDirectory {
            // A free port, taken from a double that is gone again.
            let port = try await withProvisioningDouble { $0.port }
            for run in 1...2 {
                let server = ProvisioningDoubleServer(
                    configuration: .init(port: port, journal: directory.path), logger: .silent)
                let group = ServiceGroup(configuration: .init(services: [server], logger: .silent))
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await group.run() }
                    let client = DoubleClient(baseURL: "http://127.0.0.1:\(port)")
                    try await client.waitUntilHealthy()
                    #expect(try await client.publish(DoubleClient.message()).status == 202)
                    #expect(
                        try await client.send(.GET, "/-/double/statistics").json["accepted"]
                            == .number(JSONNumber(Int64(run))))
                    await group.triggerGracefulShutdown()
                    try await tasks.waitForAll()
                }
            }
        }
    }

    @Test("a port that is taken is told")
    func portTaken() async throws {
        try await withProvisioningDouble { double in
            var configuration = ProvisioningDoubleConfiguration()
            configuration.port = double.port
            _ = await #expect(throws: (any Error).self) { try await ProvisioningDouble.start(configuration) }
        }
    }
}
