// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@Suite("Immutable attributes and lists of plain values")
struct ImmutabilityTests {
    private static let present = """
        {"hired":"2020","tags":["a","b"],"badges":["x"],"height":1.8,"remote":true,"rights":["r"],
         "desk":{"building":"A","room":"1","labels":["l"]},
         "devices":[{"value":"phone","serial":"p1"},{"value":"laptop"}]}
        """

    private func user(_ demo: String = present) throws -> JSONObject {
        var body = Fixture.userBody
        body[DemoSchema.urn] = try JSONValue(parsing: demo)
        return try DemoSchema.validator.validate(.object(body), as: .user).attributes
    }

    private func patched(_ operations: String, _ demo: String = present) throws -> JSONValue? {
        let message = try PatchFixture.message(operations.replacing("DEMO", with: DemoSchema.urn))
        return try PatchFixture.apply(message, to: user(demo), validator: DemoSchema.validator)
            .attributes[DemoSchema.urn]
    }

    private func demo(_ changes: String) throws -> JSONValue {
        .object(try #require(JSONValue(parsing: Self.present).objectValue).changed(by: changes))
    }

    @Test(
        "a PATCH may give an immutable attribute its first value, or the one it has",
        arguments: [
            (#"{"rights":["r"]}"#, #"{"op":"add","path":"DEMO:hired","value":"2020"}"#, "hired", #""2020""#),
            (#"{"rights":["r"]}"#, #"{"op":"replace","value":{"DEMO:hired":"2020"}}"#, "hired", #""2020""#),
            (present, #"{"op":"add","path":"DEMO:hired","value":"2020"}"#, "hired", #""2020""#),
            (present, #"{"op":"replace","path":"DEMO","value":{"hired":"2020"}}"#, "hired", #""2020""#),
            (present, #"{"op":"add","path":"DEMO:badges","value":"x"}"#, "badges", #"["x"]"#),
            (
                #"{"rights":["r"],"desk":{"room":"1"}}"#, #"{"op":"add","path":"DEMO:desk.building","value":"B"}"#,
                "desk",
                #"{"room":"1","building":"B"}"#
            ),
            (
                present, #"{"op":"replace","path":"DEMO:desk","value":{"building":"A","room":"2"}}"#, "desk",
                #"{"building":"A","room":"2","labels":["l"]}"#
            ),
            (
                present, #"{"op":"add","path":"DEMO:devices[value eq \"laptop\"].serial","value":"l1"}"#, "devices",
                #"[{"value":"phone","serial":"p1"},{"value":"laptop","serial":"l1"}]"#
            ),
            // Another value is no change of the one there is.
            (
                present, #"{"op":"add","path":"DEMO:devices","value":[{"value":"phone","serial":"p2"}]}"#, "devices",
                #"[{"value":"phone","serial":"p1"},{"value":"laptop"},{"value":"phone","serial":"p2"}]"#
            ),
            (
                present, #"{"op":"replace","path":"DEMO:devices","value":[{"value":"phone","serial":"p2"}]}"#,
                "devices",
                #"[{"value":"phone","serial":"p2"}]"#
            ),
            (present, #"{"op":"remove","path":"DEMO:devices[serial eq \"p1\"]"}"#, "devices", #"[{"value":"laptop"}]"#),
        ])
    func allowed(demo: String, operations: String, attribute: String, value: String) throws {
        #expect(try patched(operations, demo)?[attribute] == JSONValue(parsing: value))
    }

    @Test(
        "a PATCH may not change or remove the value of an immutable attribute",
        arguments: [
            #"{"op":"replace","path":"DEMO:hired","value":"2021"}"#,
            #"{"op":"add","path":"DEMO:hired","value":"2021"}"#,
            #"{"op":"remove","path":"DEMO:hired"}"#, #"{"op":"replace","value":{"DEMO":{"hired":null}}}"#,
            #"{"op":"remove","path":"DEMO"}"#, #"{"op":"add","path":"DEMO:badges","value":["y"]}"#,
            #"{"op":"replace","path":"DEMO:desk.building","value":"B"}"#,
            #"{"op":"remove","path":"DEMO:desk.building"}"#,
            #"{"op":"remove","path":"DEMO:desk"}"#, #"{"op":"replace","path":"DEMO:desk","value":{"building":"B"}}"#,
            #"{"op":"replace","path":"DEMO:devices[value eq \"phone\"].serial","value":"p2"}"#,
            #"{"op":"add","path":"DEMO:devices[value eq \"phone\"]","value":{"serial":"p2"}}"#,
            #"{"op":"remove","path":"DEMO:devices.serial"}"#,
        ])
    func refused(operations: String) throws {
        let error = #expect(throws: SCIMError.self) { try patched(operations) }
        #expect(error?.status == 400)
        #expect(error?.scimType == .mutability, "\(error?.detail ?? "")")
        #expect(error?.detail.contains("immutable") == true, "\(error?.detail ?? "")")
    }

    @Test(
        "a PUT keeps what is immutable, and refuses another value",
        arguments: [
            // It is named with the value it has, or not at all.
            (#"{"hired":"2020","badges":["x"],"rights":["r"],"desk":{"building":"A"}}"#, nil),
            (#"{"rights":["r"]}"#, nil),
            (#"{"rights":["r"],"desk":{"room":"2"}}"#, nil),
            (#"{"rights":["r"],"hired":"2021"}"#, "hired is immutable and has another value"),
            (#"{"rights":["r"],"badges":["x","y"]}"#, "badges is immutable and has another value"),
            (#"{"rights":["r"],"desk":{"building":"B"}}"#, "desk.building is immutable and has another value"),
        ])
    func put(demo: String, refusal: String?) throws {
        var body = Fixture.userBody
        body[DemoSchema.urn] = try JSONValue(parsing: demo)
        let present = try user()
        guard let refusal else {
            let replaced = try DemoSchema.validator.validateReplacement(.object(body), as: .user, of: present)
            let values = try #require(replaced.attributes[DemoSchema.urn])
            #expect(values["hired"] == "2020")
            #expect(values["badges"] == ["x"])
            #expect(values["desk"]?["building"] == "A")
            #expect(values["desk"]?["room"] == body[DemoSchema.urn]?["desk"]?["room"])
            #expect(values["tags"] == nil)
            return
        }
        let error = #expect(throws: SCIMError.self) {
            try DemoSchema.validator.validateReplacement(.object(body), as: .user, of: present)
        }
        #expect(error?.scimType == .mutability)
        #expect(error?.detail == "\(DemoSchema.urn):\(refusal)")
    }

    @Test("a PUT that leaves the whole extension out keeps what is immutable in it")
    func putWithoutExtension() throws {
        let registry = DemoSchema.registry
        #expect(registry.extensions(for: .user).first?.required == false)
        let replaced = try DemoSchema.validator.validateReplacement(
            .object(Fixture.userBody), as: .user, of: user())
        #expect(
            replaced.attributes[DemoSchema.urn] == ["hired": "2020", "badges": ["x"], "desk": ["building": "A"]])
    }

    @Test("a PUT is not judged again for what was accepted before, but for what it changes")
    func putOfStricterRules() throws {
        var body = Fixture.userBody
        body["emails"] = [["value": "jo@old.test", "type": "mailbox"]]
        let present = try ResourceValidator().validate(.object(body), as: .user).attributes
        let strict = ResourceValidator(rules: DirectoryRules(mailDomains: ["new.test"]))
        body["active"] = false
        #expect(try strict.validateReplacement(.object(body), as: .user, of: present).attributes["active"] == false)
        body["emails"] = [["value": "jr@old.test", "type": "mailbox"]]
        #expect(throws: SCIMError.self) { try strict.validateReplacement(.object(body), as: .user, of: present) }
    }

    @Test(
        "values without sub-attributes are added, removed and replaced",
        arguments: [
            (#"{"op":"add","path":"DEMO:tags","value":["c","A"]}"#, #"{"tags":["a","b","c"]}"#),
            (#"{"op":"add","path":"DEMO:tags","value":"c"}"#, #"{"tags":["a","b","c"]}"#),
            (#"{"op":"add","value":{"DEMO:tags":["c"]}}"#, #"{"tags":["a","b","c"]}"#),
            (#"{"op":"remove","path":"DEMO:tags","value":["A","z"]}"#, #"{"tags":["b"]}"#),
            (#"{"op":"remove","path":"DEMO:tags","value":"a"}"#, #"{"tags":["b"]}"#),
            (#"{"op":"remove","path":"DEMO:tags","value":["a","b"]}"#, #"{"tags":null}"#),
            (#"{"op":"remove","path":"DEMO:tags"}"#, #"{"tags":null}"#),
            (#"{"op":"replace","path":"DEMO:tags","value":["z","z"]}"#, #"{"tags":["z"]}"#),
            (
                #"{"op":"add","path":"DEMO:desk.labels","value":["m","L"]}"#,
                #"{"desk":{"building":"A","room":"1","labels":["l","m"]}}"#
            ),
            (
                #"{"op":"replace","path":"DEMO:desk.labels","value":"m"}"#,
                #"{"desk":{"building":"A","room":"1","labels":["m"]}}"#
            ),
            // As Entra ID wraps them.
            (
                #"{"op":"Add","path":"DEMO:tags","value":[{"value":"c"},{"$ref":null,"Value":"d"}]}"#,
                #"{"tags":["a","b","c","d"]}"#
            ),
            (#"{"op":"Replace","path":"DEMO:tags","value":[{"value":"c"}]}"#, #"{"tags":["c"]}"#),
            (#"{"op":"Remove","path":"DEMO:tags","value":[{"value":"A"}]}"#, #"{"tags":["b"]}"#),
            (#"{"op":"add","value":{"DEMO":{"tags":[{"value":"c"}]}}}"#, #"{"tags":["a","b","c"]}"#),
            (
                #"{"op":"add","path":"DEMO:desk.labels","value":[{"value":"m"}]}"#,
                #"{"desk":{"building":"A","room":"1","labels":["l","m"]}}"#
            ),
            (#"{"op":"replace","path":"DEMO:height","value":1.9}"#, #"{"height":1.9}"#),
            (#"{"op":"replace","path":"DEMO:remote","value":"FALSE"}"#, #"{"remote":false}"#),
            (#"{"op":"remove","path":"DEMO:rights","value":["x"]}"#, "{}"),
        ])
    func plainValues(operations: String, changes: String) throws {
        #expect(try patched(operations) == demo(changes))
    }

    @Test(
        "values without sub-attributes are wrapped all or none, and in nothing else",
        arguments: [
            #"[{"value":"c"},"d"]"#, #"[{"value":"c","type":"x"}]"#, #"[{"value":null}]"#, "[{}]", #"{"value":"c"}"#,
            #"[{"value":{"value":"c"}}]"#, "[[\"c\"]]",
        ])
    func notWrapped(value: String) throws {
        for verb in ["add", "replace", "remove"] {
            let error = #expect(throws: SCIMError.self) {
                try patched(#"{"op":"\#(verb)","path":"DEMO:tags","value":\#(value)}"#)
            }
            #expect(error?.scimType == .invalidValue)
        }
    }

    @Test(
        "the last value of a required list stays",
        arguments: [
            #"{"op":"remove","path":"DEMO:rights"}"#, #"{"op":"remove","path":"DEMO:rights","value":["r"]}"#,
            #"{"op":"replace","path":"DEMO:rights","value":[]}"#,
            #"{"op":"replace","path":"DEMO","value":{"rights":null}}"#,
        ])
    func requiredList(operations: String) throws {
        let error = #expect(throws: SCIMError.self) { try patched(operations) }
        #expect(error?.scimType == .mutability)
        #expect(error?.detail.contains("rights is required and cannot be removed") == true)
    }
}
