// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import SCIM

/// What an identity provider sends, one request after the other, and what it needs to get back: a file of
/// `Tests/Fixtures/idp/`. The format is described there, in `README.md`.
struct ProviderFlow: Sendable {
    struct Request: Sendable {
        let method: String
        /// Below the prefix; it may have a query that is encoded already.
        let path: String
        let query: JSONObject
        let headers: JSONObject
        let body: JSONValue?
        /// Values for places of the body; null leaves the place out.
        let change: JSONObject
    }

    struct ExpectedAnswer: Sendable {
        let status: Int
        let scimType: String?
        let headers: JSONObject
        let equals: JSONObject
        let absent: [String]
        let count: JSONObject
        /// Objects that a list has, each with these members and perhaps others.
        let includes: JSONObject
        /// Objects that a list does not have.
        let excludes: JSONObject
    }

    struct Step: Sendable {
        let title: String
        let request: Request
        let answer: ExpectedAnswer
        /// Names of variables and the places of the answer that they get their values from.
        let keep: JSONObject
        /// How often the request is sent; `{n}` counts from 0.
        let times: Int
        /// Without waiting for the answers in between.
        let atOnce: Bool
    }

    let provider: String
    let flow: String
    let userNameRule: UserNameRule
    /// Part of every query, as it is.
    let query: String
    /// Of every request.
    let headers: JSONObject
    let steps: [Step]
}

// MARK: Files

extension ProviderFlow {
    static let folder: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        // Tests/APITests/Support/ProviderFlow.swift
        parts.removeLast(3)
        return (parts + ["Fixtures", "idp"]).joined(separator: "/")
    }()

    /// Of all flows, without the ending.
    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }()

    init(named name: String) throws {
        let data = try Data(contentsOf: URL(filePath: "\(Self.folder)/\(name).json"))
        let file = try Members(
            of: try JSONValue(parsing: [UInt8](data)), at: name,
            known: ["provider", "flow", "userNameRule", "query", "headers", "steps"])
        provider = try file.text("provider")
        flow = try file.text("flow")
        let rule = try file.optionalText("userNameRule") ?? "local-part"
        guard let userNameRule = UserNameRule(rule) else { throw Malformed(place: name, reason: "no rule \(rule)") }
        self.userNameRule = userNameRule
        query = try file.optionalText("query") ?? ""
        headers = try file.object("headers")
        steps = try file.list("steps").enumerated().map { index, step in
            try Step(step, at: "\(name), step \(index + 1)")
        }
        guard !steps.isEmpty else { throw Malformed(place: name, reason: "no steps") }
    }
}

extension ProviderFlow.Step {
    fileprivate init(_ value: JSONValue, at place: String) throws {
        let step = try Members(
            of: value, at: place, known: ["step", "request", "answer", "keep", "times", "atOnce"])
        title = try step.text("step")
        request = try ProviderFlow.Request(try step.value("request"), at: place)
        answer = try ProviderFlow.ExpectedAnswer(try step.value("answer"), at: place)
        keep = try step.object("keep")
        times = try step.optionalInteger("times") ?? 1
        atOnce = step.members["atOnce"]?.boolValue ?? false
    }
}

extension ProviderFlow.Request {
    fileprivate init(_ value: JSONValue, at place: String) throws {
        let request = try Members(
            of: value, at: place, known: ["method", "path", "query", "headers", "body", "change"])
        method = try request.text("method")
        path = try request.text("path")
        query = try request.object("query")
        headers = try request.object("headers")
        body = request.members["body"]
        change = try request.object("change")
    }
}

extension ProviderFlow.ExpectedAnswer {
    fileprivate init(_ value: JSONValue, at place: String) throws {
        let answer = try Members(
            of: value, at: place,
            known: ["status", "scimType", "headers", "equals", "absent", "count", "includes", "excludes"])
        guard let status = try answer.optionalInteger("status") else {
            throw Malformed(place: place, reason: "no status")
        }
        self.status = status
        scimType = try answer.optionalText("scimType")
        headers = try answer.object("headers")
        equals = try answer.object("equals")
        absent = try answer.list("absent").map { pointer in
            guard let pointer = pointer.stringValue else { throw Malformed(place: place, reason: "absent") }
            return pointer
        }
        count = try answer.object("count")
        includes = try answer.object("includes")
        excludes = try answer.object("excludes")
    }
}

// MARK: Reading

private struct Malformed: Error {
    let place: String
    let reason: String
}

/// The members of an object. One that is not known is an error, so that a misspelt expectation does not always hold.
private struct Members {
    let members: JSONObject
    private let place: String

    init(of value: JSONValue, at place: String, known: Set<String>) throws {
        guard let members = value.objectValue else { throw Malformed(place: place, reason: "no object") }
        for name in members.keys where !known.contains(name) {
            throw Malformed(place: place, reason: "unknown member \(name)")
        }
        self.members = members
        self.place = place
    }

    func value(_ name: String) throws -> JSONValue {
        guard let value = members[name] else { throw Malformed(place: place, reason: "no \(name)") }
        return value
    }

    func text(_ name: String) throws -> String {
        guard let text = try optionalText(name) else { throw Malformed(place: place, reason: "no \(name)") }
        return text
    }

    func optionalText(_ name: String) throws -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.stringValue else { throw Malformed(place: place, reason: "\(name) is no text") }
        return text
    }

    func optionalInteger(_ name: String) throws -> Int? {
        guard let value = members[name] else { return nil }
        guard let number = value.integerValue else { throw Malformed(place: place, reason: "\(name) is no integer") }
        return Int(number)
    }

    func object(_ name: String) throws -> JSONObject {
        guard let value = members[name] else { return [:] }
        guard let object = value.objectValue else { throw Malformed(place: place, reason: "\(name) is no object") }
        return object
    }

    func list(_ name: String) throws -> [JSONValue] {
        guard let value = members[name] else { return [] }
        guard let list = value.arrayValue else { throw Malformed(place: place, reason: "\(name) is no list") }
        return list
    }
}
