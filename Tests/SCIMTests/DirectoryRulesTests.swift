// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@Suite("Directory rules")
struct DirectoryRulesTests {
    @Test(
        "the name in the directory follows from the rule",
        arguments: [
            (.exact, "jo@corp.test", "jo@corp.test"), (.exact, "jo", "jo"), (.localPart, "jo@corp.test", "jo"),
            (.localPart, "jo", "jo"),
            (.localPart, "a@b@c", "a@b"), (.localPart, "@corp", ""),
            (.replace(with: "_"), "jo@corp.test", "jo_corp.test"),
            (.replace(with: "-"), "a@b@c", "a-b-c"), (.replace(with: "_"), "jo", "jo"),
        ] as [(UserNameRule, String, String)])
    func directoryName(rule: UserNameRule, userName: String, name: String) {
        #expect(rule.directoryName(for: userName) == name)
    }

    @Test(
        "names UDM takes",
        arguments: ["jo", "JO", "j.o-e_1", "jürgen", "ß", "Łukasz", "иван", "4711", "山田", "_x", "a.b"])
    func goodUserName(name: String) throws {
        _ = try ResourceValidator().validate(Fixture.body(.user, "userName", .string(name)), as: .user)
    }

    @Test(
        "names UDM refuses are refused with what to do",
        arguments: [
            ("jo roe", "userName must not contain blanks; only letters, digits, _ . and - are possible"),
            (
                "jo@corp.test",
                "userName must not contain @; only letters, digits, _ . and - are possible; use a name without @, "
                    + "or set the user name rule of the service to local-part or replace"
            ),
            ("jo/roe", "userName must not contain /; only letters, digits, _ . and - are possible"),
            ("jo\troe", "userName must not contain U+0009; only letters, digits, _ . and - are possible"),
            ("j\u{F6}\u{301}", "userName must not contain U+0301; only letters, digits, _ . and - are possible"),
            ("😀", "userName must not contain U+1F600; only letters, digits, _ . and - are possible"),
            ("a\u{200B}b", "userName must not contain U+200B; only letters, digits, _ . and - are possible"),
            (" jo", "userName must not contain blanks; only letters, digits, _ . and - are possible"),
            ("jo+x", "userName must not contain +; only letters, digits, _ . and - are possible"),
            (".jo", "userName must begin and end with a letter, a digit or _"),
            ("jo.", "userName must begin and end with a letter, a digit or _"),
            ("-jo", "userName must begin and end with a letter, a digit or _"),
            ("jo-", "userName must begin and end with a letter, a digit or _"),
            (".", "userName must begin and end with a letter, a digit or _"),
            ("-", "userName must begin and end with a letter, a digit or _"),
        ])
    func badUserName(name: String, detail: String) {
        #expect(throws: SCIMError(status: 400, scimType: .invalidValue, detail: detail)) {
            try ResourceValidator().validate(Fixture.body(.user, "userName", .string(name)), as: .user)
        }
    }

    @Test(
        "with a rule it is the name in the directory that has to fit",
        arguments: [
            (.localPart, "jo@any thing", nil), (.replace(with: "."), "jo@corp.test", nil), (.localPart, "jo", nil),
            (.localPart, "@corp.test", "userName gives an empty name in the directory"),
            (
                .localPart, "jo roe@corp.test",
                "userName gives the directory name \"jo roe\" with blanks; only letters, digits, _ . and - are possible"
            ),
            (
                .localPart, "a@b@c",
                "userName gives the directory name \"a@b\" with @; only letters, digits, _ . and - are possible"
            ),
            (
                .localPart, "jo.@corp.test",
                "userName gives the directory name \"jo.\", which must begin and end with a letter, a digit or _"
            ),
            (
                .replace(with: "-"), "jo@",
                "userName gives the directory name \"jo-\", which must begin and end with a letter, a digit or _"
            ),
            (.replace(with: "_"), "jo@", nil), (.replace(with: "_"), "@jo", nil),
            (
                .replace(with: "#"), "a@b",
                "userName gives the directory name \"a#b\" with #; only letters, digits, _ . and - are possible"
            ),
        ] as [(UserNameRule, String, String?)])
    func userNameRules(rule: UserNameRule, name: String, detail: String?) throws {
        let validator = ResourceValidator(rules: DirectoryRules(userNameRule: rule))
        let body = Fixture.body(.user, "userName", .string(name))
        if let detail {
            #expect(throws: SCIMError(status: 400, scimType: .invalidValue, detail: detail)) {
                try validator.validate(body, as: .user)
            }
        } else {
            #expect(try validator.validate(body, as: .user).attributes["userName"] == .string(name))
        }
    }

    @Test("a name is no longer than the keys of the directory and of the database", arguments: ResourceType.allCases)
    func longNames(type: ResourceType) throws {
        let attribute = type == .user ? "userName" : "displayName"
        func validate(_ name: String) throws {
            _ = try ResourceValidator().validate(Fixture.body(type, attribute, .string(name)), as: type)
        }
        try validate(String(repeating: "a", count: 256))
        try validate(String(repeating: "ü", count: 128))
        for name in [String(repeating: "a", count: 257), String(repeating: "ü", count: 129)] {
            #expect(
                throws: SCIMError.invalidValue(attribute: attribute, reason: "must be at most 256 bytes long in UTF-8")
            ) { try validate(name) }
        }
    }

    @Test("an externalId and a hosted address are bounded too")
    func longValues() throws {
        let validator = ResourceValidator()
        func accepts(_ key: String, _ value: JSONValue) -> Bool {
            (try? validator.validate(Fixture.body(.user, key, value), as: .user)) != nil
        }
        #expect(accepts("externalId", .string(String(repeating: "x", count: 1024))))
        #expect(!accepts("externalId", .string(String(repeating: "x", count: 1025))))
        let domain = "@corp.test"
        func mailbox(_ length: Int) -> JSONValue {
            [["value": .string(String(repeating: "x", count: length - domain.count) + domain), "type": "mailbox"]]
        }
        #expect(accepts("emails", mailbox(254)))
        #expect(!accepts("emails", mailbox(255)))
    }

    @Test(
        "the rule for user names is read from its setting",
        arguments: [
            ("exact", .exact), ("local-part", .localPart), ("replace", .replace(with: "_")),
            ("replace:-", .replace(with: "-")), ("replace:.", .replace(with: ".")), ("replace:x", .replace(with: "x")),
            ("replace:ü", .replace(with: "ü")), ("replace:", nil), ("replace:@", nil), ("replace: ", nil),
            ("replace:--", nil), ("replace:+", nil), ("replace-x", nil), ("replaceXY", nil), ("Exact", nil), ("", nil),
        ] as [(String, UserNameRule?)])
    func rule(text: String, rule: UserNameRule?) {
        #expect(UserNameRule(text) == rule)
    }

    @Test(
        "mail domains are told from other texts",
        arguments: [
            ("example.org", true), ("localhost", true), ("exämple.test", true), ("", false), ("a b", false),
            ("a..b", false), ("@a", false), ("a.", false),
        ])
    func mailDomain(text: String, isDomain: Bool) {
        #expect(DirectoryRules.isMailDomain(text) == isDomain)
    }

    @Test(
        "group names may have inside what UDM lets them have",
        arguments: [
            "staff", "Tour Guides", "a  b", "Büro 1.OG", "a-b_c.d", "R&D", "Sales, EMEA", "C# (intern) 1",
            "Groupe d’accès", "It's \"it\" + 1", "4711", "_",
        ])
    func goodGroupName(name: String) throws {
        _ = try ResourceValidator().validate(Fixture.body(.group, "displayName", .string(name)), as: .group)
    }

    @Test(
        "the least password length is counted in characters as UDM counts",
        arguments: [
            ("12345678", 8, true), ("1234567", 8, false), ("äöüäöüäö", 8, true), ("😀😀😀", 3, true), ("a", 1, true),
            ("ab", 3, false),
        ])
    func passwordLength(password: String, minimum: Int, isAccepted: Bool) throws {
        let validator = ResourceValidator(rules: DirectoryRules(minimumPasswordLength: minimum))
        let user = try? validator.validate(Fixture.body(.user, "password", .string(password)), as: .user)
        #expect(user?.password == (isAccepted ? password : nil))
        #expect(user?.attributes.contains("password") != true)
    }

    @Test(
        "an address of the directory has to be one",
        arguments: [
            ("jo@corp.test", true), ("j.o+x@corp.test", true), ("JO@CORP.TEST", true), ("jürgen@corp.test", false),
            ("a@localhost", true), ("o'neil@corp.test", true), ("jo@xn--exmple-cua.test", true),
            ("jo@exämple.test", false),
            ("", false), ("jo", false), ("jo@", false), ("@corp.test", false), ("jo@a@b", false),
            ("jo roe@corp.test", false),
            (".jo@corp.test", false), ("jo.@corp.test", false), ("j..o@corp.test", false), ("jo@corp..test", false),
            ("jo@-corp.test", false), ("jo@corp-.test", false), ("jo@corp_x.test", false), ("jo@.test", false),
            ("jo@test.", false),
            ("<jo@corp.test>", false), ("jo@corp.test ", false), ("\"jo\"@corp.test", false), ("jo@[127.0.0.1]", false),
            ("jo,roe@corp.test", false), ("jo\u{A0}@corp.test", false), ("jo\n@corp.test", false),
        ], ["mailbox", "alias", "ALIAS"])
    func addresses(address: (text: String, isAccepted: Bool), type: String) {
        let body = Fixture.body(.user, "emails", [["value": .string(address.text), "type": .string(type)]])
        #expect(((try? ResourceValidator().validate(body, as: .user)) != nil) == address.isAccepted)
    }

    @Test("other addresses are the client's own business", arguments: ["work", "home", "other", "anything"])
    func otherAddresses(type: String) throws {
        let validator = ResourceValidator(rules: DirectoryRules(mailDomains: []))
        for address in ["jo@elsewhere.test", "no address", ""] {
            let body = Fixture.body(
                .user, "emails", [["value": .string(address), "type": .string(type)], ["value": "z"]])
            _ = try validator.validate(body, as: .user)
        }
    }

    @Test("mail domains are compared without regard to case, and only when they are known")
    func mailDomains() {
        let body = Fixture.body(.user, "emails", [["value": "jo@CORP.test", "type": "mailbox"]])
        func isAccepted(_ domains: Set<String>?) -> Bool {
            (try? ResourceValidator(rules: DirectoryRules(mailDomains: domains)).validate(body, as: .user)) != nil
        }
        #expect(isAccepted(nil))
        #expect(isAccepted(["Corp.Test"]))
        #expect(!isAccepted(["other.test"]))
        #expect(!isAccepted([]))
        #expect(!isAccepted(["test"]))
    }
}
