// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import UDMDouble

@Suite("The control interface below /-/double/")
struct ControlInterfaceTests {
    @Test("switches are set, listed and taken back, without credentials")
    func faults() async throws {
        try await withDouble { double, client async throws in
            let fault: JSONValue = [
                "effect": "refuseProperty", "property": "title", "message": "no", "probability": 1, "count": 3,
                "methods": ["patch"], "module": "users/user", "contains": "jo",
            ]
            let created = try await client.control(.post, "faults", fault)
            #expect(created.status == 201)
            let id = try #require(created.json["id"]?.integerValue)
            #expect(
                double.faults.first?.fault
                    == Fault(
                        .refuseProperty(name: "title", message: "no"), count: 3, methods: ["PATCH"],
                        module: "users/user", contains: "jo"))
            #expect(try await client.control(.get, "faults").json["faults"]?[0]?["id"]?.integerValue == id)
            #expect(try await client.control(.delete, "faults/\(id)").status == 200)
            #expect(try await client.control(.delete, "faults/\(id)").status == 404)
            #expect(double.faults.isEmpty)
        }
    }

    @Test(
        "every effect has a JSON form that reads back the same",
        arguments: [
            .latency(.logNormal(medianMilliseconds: 30, sigma: 0.5)),
            .latency(.uniform(fromMilliseconds: 1, toMilliseconds: 2)), .dropBeforeCommit, .dropAfterCommit, .hang,
            .answerLate(delay: .milliseconds(70_000)), .directoryDown, .gatewayStarting, .unauthorized, .forbidden,
            .directoryError, .internalError, .lockHeld, .badGateway(afterCommit: true),
            .gatewayTimeout(afterCommit: false), .foreignPage(status: 404), .staleRead,
            .refuseProperty(name: "x", message: "y"),
            .prohibitName, .nameLocked, .failAfterCommit,
        ] as [Fault.Effect])
    func effects(effect: Fault.Effect) throws {
        let fault = Fault(effect, probability: 0.25, count: 4, methods: ["PUT"], module: "groups/group", contains: "a")
        #expect(try Fault(json: JSONValue(parsing: fault.json.serialize())) == fault)
    }

    @Test(
        "what makes no sense is refused with a reason",
        arguments: [
            ("POST", "faults", #"{"effect": "explode"}"#), ("POST", "faults", #"{}"#), ("POST", "faults", #"[]"#),
            ("POST", "faults", #"{"effect": "hang", "probability": 2}"#),
            ("POST", "faults", #"{"effect": "foreignPage", "status": 99}"#),
            ("POST", "faults", #"{"effect": "hang", "count": -1}"#), ("POST", "faults", #"{"effect": "latency"}"#),
            (
                "POST", "faults",
                #"{"effect": "latency", "latency": {"distribution": "logNormal", "medianMilliseconds": 5}}"#
            ),
            ("POST", "faults", #"{"effect": "#), ("PATCH", "settings", #"{"speed": 1}"#),
            ("PATCH", "settings", #"{"concurrencyLimit": 0}"#), ("GET", "requests?after=x", ""),
        ])
    func refused(method: String, path: String, body: String) async throws {
        try await withDouble { double, client async throws in
            let reply = try await client.send(
                try #require(Method(rawValue: method)), url: client.controlURL + path,
                body.isEmpty ? nil : Array(body.utf8))
            #expect(reply.status == 400)
            #expect(reply.json["error"]?.stringValue?.isEmpty == false)
            #expect(double.faults.isEmpty && double.settings == Settings())
        }
    }

    @Test("settings change in part, read back, and a reset restores them")
    func settings() async throws {
        try await withDouble(.init(settings: Settings(reservedNames: ["root"]))) { double, client async throws in
            let change: JSONValue = [
                "latency": ["post": ["distribution": "fixed", "milliseconds": 1]], "concurrencyLimit": 2,
                "linkHeaders": 5,
                "reportsMoveProgress": true, "progressPolls": 3, "mailDomains": ["a.test"], "minimumPasswordLength": 4,
                "passwordHistoryLength": 0,
            ]
            let reply = try await client.control(.patch, "settings", change)
            #expect(reply.status == 200)
            let expected = Settings(
                latency: ["POST": .fixed(milliseconds: 1)], concurrencyLimit: 2, linkHeaders: 5,
                reportsMoveProgress: true, progressPolls: 3, reservedNames: ["root"], mailDomains: ["a.test"],
                minimumPasswordLength: 4, passwordHistoryLength: 0)
            #expect(double.settings == expected)
            var again = Settings()
            try again.update(try await client.control(.get, "settings").json)
            #expect(again == expected)
            double.add(Fault(.hang))
            #expect(try await client.control(.post, "reset").status == 200)
            #expect(double.settings == Settings(reservedNames: ["root"]) && double.faults.isEmpty)
        }
    }

    @Test("requests, objects and the check are served; control requests are not recorded")
    func evidence() async throws {
        try await withUsers("jo", "al") { _, client async throws in
            let requests = try await client.control(.get, "requests?after=1").json["requests"]?.arrayValue ?? []
            #expect(requests.count == 1 && requests.first?["sequence"] == 2)
            #expect(requests.first?["body"]?.stringValue?.contains("***") == true)
            let users = try await client.control(.get, "objects?module=users/user&properties=username").json["objects"]
            #expect(users?.arrayValue?.map { $0["properties"] } == [["username": "jo"], ["username": "al"]])
            let identifier = try #require(users?[1]?["identifier"]?.stringValue)
            let one = try await client.control(.get, "objects?identifier=\(identifier)").json["objects"]?.arrayValue
            #expect(one?.count == 1 && one?.first?["dn"] == .string(userDN("al")))
            let ordinal = try #require(users?[0]?["ordinal"]?.integerValue)
            let rest = try await client.control(.get, "objects?module=users/user&after=\(ordinal)").json["objects"]
            #expect(rest?.arrayValue?.count == 1)
            let check = try await client.control(.get, "check").json
            #expect(check["sound"] == true && check["requests"] == 2)
            let overview = try await client.control(.get, "").json
            #expect(overview["baseURL"] == .string(client.baseURL))
            #expect(try await client.control(.get, "nothing").status == 404)
        }
    }
}
