// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import scim_bridge

/// What `dev` keeps in its folder, and outside.
@Suite struct DevFolderTests {
    @Test("The state of the last run is read again")
    func state() async throws {
        try await withFolder { (path) async throws in
            let folder = DevFolder(path)
            try folder.changeState { state in
                state.ports = ["redis": 56_379, "scim": 8080]
                state.outsideFolder = "/var/tmp/x"
                state.systems = ["udm": "double"]
            }
            try folder.changeState { $0.ports["udm"] = 9979 }
            #expect(
                folder.state()
                    == DevState(
                        ports: ["redis": 56_379, "scim": 8080, "udm": 9979], outsideFolder: "/var/tmp/x",
                        systems: ["udm": "double"])
            )
        }
    }

    @Test(
        "A state that somebody has edited does no harm",
        arguments: [
            "", "[]", "{", #"{"ports": []}"#, #"{"ports": {"redis": 70000, "udm": -1, "scim": "x"}}"#,
            #"{"ports": {"redis": 99999999999999999999}, "outsideFolder": "relative"}"#, #"{"outsideFolder": 1}"#,
        ])
    func edited(content: String) async throws {
        try await withFolder { (path) async throws in
            try content.write(toFile: path + "/state.json", atomically: true, encoding: .utf8)
            #expect(DevFolder(path).state() == DevState())
        }
    }

    @Test("A folder is locked for as long as its lock is held")
    func lock() async throws {
        try await withFolder { (path) async throws in
            let folder = DevFolder(path)
            #expect(!folder.isLocked)
            do {
                let lock = try folder.lock()
                #expect(folder.isLocked)
                #expect(throws: CommandFailure.self) { try folder.lock() }
                withExtendedLifetime(lock) {}
            }
            #expect(!folder.isLocked)
        }
    }

    @Test("Data made for the doubles are not sent to real systems")
    func udm() async throws {
        try await withFolder { (path) async throws in
            let double = DevEnvironment(folder: DevFolder(path), environment: [:])
            let real = DevEnvironment(folder: DevFolder(path), environment: ["UDM_URL": "https://dc.example.org/udm/"])
            try double.claimSystems()
            try double.claimSystems()
            #expect(throws: CommandFailure.self) { try real.claimSystems() }
            // A database of their own is somebody else's matter.
            try DevEnvironment(
                folder: DevFolder(path), environment: ["UDM_URL": "https://x/", "DATABASE_URL": "postgresql:///x"]
            ).claimSystems()
            let events = DevEnvironment(folder: DevFolder(path), environment: ["PROVISIONING_URL": "https://p"])
            #expect(throws: CommandFailure.self) { try events.claimSystems() }
            #expect(real.realSystems == [.udm])
            #expect(double.realSystems.isEmpty)
        }
    }
}

/// Needs root: only then the servers have accounts of their own.
/// One after the other: the umask is that of the whole process.
@Suite(.serialized, .enabled(if: geteuid() == 0)) struct ServerFolderTests {
    /// Lends a folder that the account cannot reach, as one below /root.
    private func withClosedFolder(_ body: (DevFolder, UnprivilegedUser) throws -> Void) async throws {
        try await withFolder { (path) async throws in
            chmod(path, 0o700)
            let folder = DevFolder(path + "/.scim-bridge")
            try folder.create()
            let user = try #require(try UnprivilegedUser.first(of: ["nobody"]))
            defer { try? ServerFolder.removeOutsideFolder(of: folder) }
            try body(folder, user)
        }
    }

    private func status(_ path: String) throws -> stat {
        var status = stat()
        try #require(lstat(path, &status) == 0, "\(path)")
        return status
    }

    @Test("A reachable folder holds the data itself")
    func reachable() async throws {
        try await withFolder { (path) async throws in
            let user = try #require(try UnprivilegedUser.first(of: ["nobody"]))
            let data = try ServerFolder.make("postgresql", in: DevFolder(path), for: user)
            #expect(data == path + "/postgresql")
            #expect(try status(data).st_uid == user.userID)
            #expect(DevFolder(path).state().outsideFolder == nil)
        }
    }

    @Test("Data outside lie in a random folder of ours that lets the account pass, whatever the umask")
    func outside() async throws {
        try await withClosedFolder { folder, user in
            let before = umask(0o077)
            defer { umask(before) }
            let data = try ServerFolder.make("postgresql", in: folder, for: user)
            let outside = try #require(folder.state().outsideFolder)
            #expect(outside.hasPrefix("/var/tmp/scim-bridge-") && data == outside + "/postgresql")
            #expect(try status(outside).st_mode & 0o7777 == 0o711)
            #expect(try status(outside).st_uid == 0)
            #expect(try status(data).st_mode & 0o7777 == 0o700)
            #expect(try status(data).st_uid == user.userID)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/postgresql") == data)
            // The same place again, and for the other server.
            #expect(try ServerFolder.make("postgresql", in: folder, for: user) == data)
            #expect(try ServerFolder.make("redis", in: folder, for: user) == outside + "/redis")
        }
    }

    @Test("Another checkout at the same path gets another folder")
    func another() async throws {
        try await withClosedFolder { folder, user in
            let first = try ServerFolder.make("postgresql", in: folder, for: user)
            let forgotten = try #require(folder.state().outsideFolder)
            try FileManager.default.removeItem(atPath: folder.path)
            try folder.create()
            #expect(try ServerFolder.make("postgresql", in: folder, for: user) != first)
            try FileManager.default.removeItem(atPath: forgotten)
        }
    }

    @Test("--fresh removes the data outside, and the folder")
    func removed() async throws {
        try await withClosedFolder { folder, user in
            let data = try ServerFolder.make("postgresql", in: folder, for: user)
            let outside = try #require(folder.state().outsideFolder)
            try ServerFolder.write("x", to: data + "/file", for: user)
            try ServerFolder.remove("postgresql", in: folder)
            #expect(!FileManager.default.fileExists(atPath: data))
            try ServerFolder.removeOutsideFolder(of: folder)
            #expect(!FileManager.default.fileExists(atPath: outside))
            #expect(folder.state().outsideFolder == nil)
        }
    }

    @Test("A link or somebody else's folder in its place is refused and left alone")
    func planted() async throws {
        try await withClosedFolder { folder, user in
            let target = folder.path + "/target"
            try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
            let link = "/var/tmp/scim-bridge-test-\(getpid())"
            symlink(target, link)
            defer { unlink(link) }
            try folder.changeState { $0.outsideFolder = link }
            #expect(throws: CommandFailure.self) { try ServerFolder.make("postgresql", in: folder, for: user) }
            #expect(try status(target).st_uid == 0)

            chown(target, user.userID, user.groupID)
            try folder.changeState { $0.outsideFolder = target }
            #expect(throws: CommandFailure.self) { try ServerFolder.make("postgresql", in: folder, for: user) }
            try ServerFolder.removeOutsideFolder(of: folder)
            #expect(FileManager.default.fileExists(atPath: target))
        }
    }

    @Test("A link in place of a server's folder is not followed")
    func plantedInside() async throws {
        try await withClosedFolder { folder, user in
            _ = try ServerFolder.make("postgresql", in: folder, for: user)
            let outside = try #require(folder.state().outsideFolder)
            let target = folder.path + "/target"
            try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
            symlink(target, outside + "/redis")
            #expect(throws: CommandFailure.self) { try ServerFolder.make("redis", in: folder, for: user) }
            #expect(try status(target).st_uid == 0)
        }
    }

    @Test("Data that can no longer be reached are not deleted for a link")
    func closedLater() async throws {
        try await withClosedFolder { folder, user in
            let data = folder.path + "/postgresql"
            try FileManager.default.createDirectory(atPath: data + "/data", withIntermediateDirectories: true)
            #expect(throws: CommandFailure.self) { try ServerFolder.make("postgresql", in: folder, for: user) }
            #expect(FileManager.default.fileExists(atPath: data + "/data"))
        }
    }

    @Test("A file is never written through a link")
    func writtenThroughLink() async throws {
        try await withClosedFolder { folder, user in
            let data = try ServerFolder.make("redis", in: folder, for: user)
            let target = folder.path + "/target"
            try "untouched".write(toFile: target, atomically: false, encoding: .utf8)
            symlink(target, data + "/redis.conf")
            try ServerFolder.write("secret", to: data + "/redis.conf", for: user)
            #expect(try String(contentsOfFile: target, encoding: .utf8) == "untouched")
            #expect(try status(data + "/redis.conf").st_mode & S_IFMT == S_IFREG)
            #expect(try status(data + "/redis.conf").st_mode & 0o777 == 0o600)
        }
    }
}
