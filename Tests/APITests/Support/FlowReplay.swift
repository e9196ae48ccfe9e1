// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import NIOHTTP1
import SCIM
import Testing

@testable import API

/// Sends the requests of a flow and compares the answers.
struct FlowReplay: Sendable {
    private let flow: ProviderFlow
    private let api: TestAPI

    init(_ flow: ProviderFlow, _ api: TestAPI) {
        self.flow = flow
        self.api = api
    }

    func run() async throws {
        var variables = FlowVariables()
        for (index, step) in flow.steps.enumerated() {
            let place = "\(flow.provider), \(flow.flow): step \(index + 1), \(step.title)"
            for (n, answer) in try await answers(to: step, variables).enumerated() {
                try check(answer, step.answer, variables, n: n, at: place)
                for (name, pointer) in step.keep {
                    let pointer = try variables.text(pointer.stringValue ?? "", n: n)
                    let value = answer.body.isEmpty ? nil : JSONValue.object(answer.json).at(pointer)
                    // Without it nothing that follows makes sense.
                    variables[try variables.text(name, n: n)] = try #require(
                        value, "\(place): nothing at \(pointer) of \(answer.text.prefix(1000))")
                }
            }
        }
    }

    // MARK: Requests

    private func answers(to step: ProviderFlow.Step, _ variables: FlowVariables) async throws -> [Answer] {
        guard step.atOnce else {
            var answers: [Answer] = []
            for n in 0..<step.times { answers.append(try await send(step.request, variables, n: n)) }
            return answers
        }
        return try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            for n in 0..<step.times { group.addTask { (n, try await send(step.request, variables, n: n)) } }
            var answers: [Int: Answer] = [:]
            for try await (n, answer) in group { answers[n] = answer }
            return (0..<step.times).compactMap { answers[$0] }
        }
    }

    private func send(_ request: ProviderFlow.Request, _ variables: FlowVariables, n: Int) async throws -> Answer {
        var parameters = flow.query.isEmpty ? [] : [flow.query]
        for (name, value) in try variables.filled(request.query, n: n) {
            parameters.append("\(name)=\(Self.percentEncoded(value.stringValue ?? value.description))")
        }
        var path = try variables.text(request.path, n: n)
        if !parameters.isEmpty { path += (path.contains("?") ? "&" : "?") + parameters.joined(separator: "&") }
        var body = try request.body.map { try variables.filled($0, n: n) }
        for (pointer, value) in try variables.filled(request.change, n: n) {
            body = body?.with(value.isNull ? nil : value, at: pointer)
        }
        var headers: [(String, String)] = []
        for (name, value) in flow.headers where request.headers[name] == nil && (body != nil || name != "Content-Type")
        {
            headers.append((name, value.stringValue ?? ""))
        }
        for (name, value) in try variables.filled(request.headers, n: n) {
            headers.append((name, value.stringValue ?? ""))
        }
        return try await api.send(request.method, path, body: body?.serialize(), headers: headers)
    }

    /// All but the unreserved characters of RFC 3986.
    private static func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            let character = Character(UnicodeScalar(byte))
            guard byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) else {
                return (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
            return String(character)
        }.joined()
    }

    // MARK: Answers

    private func check(
        _ answer: Answer, _ expected: ProviderFlow.ExpectedAnswer, _ variables: FlowVariables, n: Int, at place: String
    ) throws {
        let shown = "\(place): \(answer.status) \(answer.text.prefix(1500))"
        #expect(answer.status == expected.status, "\(shown)")
        for (name, value) in try variables.filled(expected.headers, n: n) {
            #expect(answer.header(name) == value.stringValue, "\(shown)")
        }
        let body: JSONValue = answer.body.isEmpty ? .null : .object(answer.json)
        checkForm(of: answer, body, shown)
        #expect(body["scimType"]?.stringValue == expected.scimType, "\(shown)")
        for (pointer, value) in try variables.filled(expected.equals, n: n) {
            #expect(body.at(pointer) == value, "\(pointer) of \(shown)")
        }
        for pointer in expected.absent { #expect(body.at(pointer) == nil, "\(pointer) of \(shown)") }
        for (pointer, count) in expected.count {
            let elements = body.at(pointer)?.arrayValue?.count ?? 0
            #expect(elements == count.integerValue.map(Int.init), "\(pointer) of \(shown)")
        }
        for (pointer, wanted) in try variables.filled(expected.includes, n: n) {
            let elements = body.at(pointer)?.arrayValue ?? []
            for part in wanted.arrayValue ?? [] {
                #expect(elements.contains { $0.contains(part) }, "\(pointer) has no \(part): \(shown)")
            }
        }
        for (pointer, unwanted) in try variables.filled(expected.excludes, n: n) {
            let elements = body.at(pointer)?.arrayValue ?? []
            for part in unwanted.arrayValue ?? [] {
                #expect(!elements.contains { $0.contains(part) }, "\(pointer) has \(part): \(shown)")
            }
        }
    }

    /// What every client relies on, whatever it has asked for.
    private func checkForm(of answer: Answer, _ body: JSONValue, _ shown: String) {
        guard !answer.body.isEmpty else {
            #expect(answer.status == 204 || answer.status == 304, "\(shown)")
            return
        }
        #expect(answer.header("Content-Type") == "application/scim+json", "\(shown)")
        #expect(body["schemas"]?.arrayValue?.isEmpty == false, "\(shown)")
        if answer.status >= 400 {
            #expect(body["schemas"] == [.string(SchemaURN.error)], "\(shown)")
            #expect(body["status"] == .string(String(answer.status)), "\(shown)")
            #expect(body["detail"]?.stringValue?.isEmpty == false, "\(shown)")
            return
        }
        for resource in body["Resources"]?.arrayValue ?? [body] {
            #expect(resource["password"] == nil, "\(shown)")
        }
        if answer.status == 201 {
            #expect(answer.header("Location") == body.at("/meta/location")?.stringValue, "\(shown)")
            #expect(answer.header("Location")?.hasSuffix("/\(answer.id)") == true, "\(shown)")
        }
    }
}
