// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Glibc

/// Stands between a client and a server on 127.0.0.1 and misbehaves like a network: holds back what either says, or
/// cuts every connection.
package final class PostgresProxy: Sendable {
    package let port: UInt16
    private let listener: Int32
    private let target: UInt16
    private let gate = ProxyGate()

    package init(to target: UInt16) throws {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        port = try Self.bindAndListen(listener)
        let thread = Thread { [weak self, listener] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0, let self else { return }
                serve(client)
            }
        }
        thread.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        cut()
    }

    /// From now on the server's answers stay here, until ``release()``; a cut loses them.
    package func holdAnswers() { gate.set { $0.holdsAnswers = true } }

    /// From now on nothing reaches the server, until ``release()``; a cut loses it.
    package func holdRequests() { gate.set { $0.holdsRequests = true } }

    package func release() {
        gate.set {
            $0.holdsAnswers = false
            $0.holdsRequests = false
        }
    }

    /// Ends every connection that is open now.
    package func cut() {
        gate.set { state in
            state.generation += 1
            for descriptor in state.sockets { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    private func serve(_ client: Int32) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard Self.connect(server, to: target) else {
            close(server)
            close(client)
            return
        }
        let generation = gate.set { state in
            state.sockets.formUnion([client, server])
            return state.generation
        }
        let pumps = DispatchGroup()
        for (source, sink, isAnswer) in [(client, server, false), (server, client, true)] {
            pumps.enter()
            Thread { [gate] in
                Self.pump(from: source, to: sink) { gate.waitToPass(isAnswer: isAnswer, generation: generation) }
                shutdown(source, Int32(SHUT_RDWR))
                shutdown(sink, Int32(SHUT_RDWR))
                pumps.leave()
            }.start()
        }
        pumps.notify(queue: .global()) { [gate] in
            gate.set { state in
                state.sockets.subtract([client, server])
                close(client)
                close(server)
            }
        }
    }

    private static func pump(from source: Int32, to sink: Int32, mayPass: () -> Bool) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0, mayPass() else { return }
            var sent = 0
            while sent < count {
                let written = buffer.withUnsafeBytes {
                    Glibc.send(sink, $0.baseAddress.map { $0 + sent }, count - sent, Int32(MSG_NOSIGNAL))
                }
                guard written > 0 else { return }
                sent += written
            }
        }
    }

    private static func bindAndListen(_ descriptor: Int32) throws -> UInt16 {
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isReady = withUnsafeMutableBytes(of: &address) { bytes in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return bind(descriptor, pointer, length) == 0 && listen(descriptor, 64) == 0
                && getsockname(descriptor, pointer, &length) == 0
        }
        guard isReady else { throw PostgresServer.Failure(description: "the proxy cannot listen") }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func connect(_ descriptor: Int32, to port: UInt16) -> Bool {
        var address = loopback(port: port)
        return withUnsafeBytes(of: &address) { bytes in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return Glibc.connect(descriptor, pointer, socklen_t(bytes.count)) == 0
        }
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        return address
    }
}

/// `@unchecked Sendable`: the state is guarded by the condition.
private final class ProxyGate: @unchecked Sendable {
    struct State {
        var holdsAnswers = false
        var holdsRequests = false
        /// Rises with every cut: what was held before it is lost.
        var generation = 0
        var sockets: Set<Int32> = []
    }

    private let condition = NSCondition()
    private var current = State()

    func set<Result>(_ update: (inout State) -> Result) -> Result {
        condition.withLock {
            defer { condition.broadcast() }
            return update(&current)
        }
    }

    func waitToPass(isAnswer: Bool, generation: Int) -> Bool {
        condition.withLock {
            while current.generation == generation, isAnswer ? current.holdsAnswers : current.holdsRequests {
                condition.wait()
            }
            return current.generation == generation
        }
    }
}
