// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore

/// What `read` is measured against, in a process of its own: the same HTTP server as the bridge's, and nothing behind it.
struct ServeBytesCommand: AsyncParsableCommand {
    static let name = "serve-bytes"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Answers every request with the same bytes, until its standard input ends.",
        shouldDisplay: false)

    @Option(help: "Of every answer, in base64.") var body: String
    @Option(help: "Of every answer, as name: value; may be repeated.") var header: [String] = []

    func run() async throws {
        guard let data = Data(base64Encoded: body) else { throw BenchFailure("--body is no base64") }
        let response = Response(
            status: .ok, headers: try Self.fields(header), body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
        var logger = Logger(label: "scim-bench")
        logger.logLevel = .critical
        // Whoever started this may be killed; the end of the pipe tells it.
        Thread.detachNewThread {
            while !FileHandle.standardInput.availableData.isEmpty {}
            Foundation.exit(0)
        }
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { _, _ in response },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0), serverName: nil),
            onServerRunning: { channel in
                FileHandle.standardOutput.write(Data("\(channel.localAddress?.port ?? 0)\n".utf8))
            }, logger: logger)
        try await application.runService()
    }

    static func fields(_ texts: [String]) throws -> HTTPFields {
        var fields = HTTPFields()
        for text in texts {
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else {
                throw BenchFailure("--header \"\(text)\" must be name: value")
            }
            fields.append(HTTPField(name: name, value: parts[1].trimmingCharacters(in: .whitespaces)))
        }
        return fields
    }
}
