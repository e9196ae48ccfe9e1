// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

extension UDMDouble {
    /// A switch that makes matching requests go wrong, or slow.
    package struct Fault: Sendable, Equatable {
        /// What goes wrong.
        package enum Effect: Sendable, Equatable {
            /// Waits before the request is carried out, on top of the general latency.
            case latency(LatencyDistribution)
            /// Closes the connection without an answer and without doing anything.
            case dropBeforeCommit
            /// Does the work, then closes the connection without an answer.
            case dropAfterCommit
            /// Never answers and does nothing; ends when the client goes away, or with a reset.
            case hang
            /// Does the work and answers after `delay`, meant to be longer than the client's patience.
            case answerLate(delay: Duration)
            /// 503 with an error object and `Retry-After: 15`.
            case directoryDown
            /// 503 with a bare JSON string and `Retry-After: 3`.
            case gatewayStarting
            /// 401 with an empty body, as when the directory fails during the bind.
            case unauthorized
            /// 403 `Not in allowed groups.`
            case forbidden
            /// 400 whose message begins with `LDAP Error`.
            case directoryError
            /// 500 with a traceback.
            case internalError
            /// Does the work, then 500 with a traceback, as when a hook fails after LDAP has taken the write.
            case failAfterCommit
            /// 422 `Object exists: (nolock)`; writes only.
            case lockHeld
            /// 422 as if the name were taken, although nobody has it: a lock of a call that was killed; for requests that send a name.
            case nameLocked
            /// 502 with an HTML body; nothing is done unless `afterCommit`.
            case badGateway(afterCommit: Bool)
            /// 504 with an HTML body; nothing is done unless `afterCommit`.
            case gatewayTimeout(afterCommit: Bool)
            /// An HTML page of something in between, such as an ingress without a way to the server; nothing is done.
            case foreignPage(status: Int)
            /// A read from an LDAP server that has not heard of the object: it is not there, and no search finds anything.
            case staleRead
            /// 422 at this property for requests that send it.
            case refuseProperty(name: String, message: String)
            /// 422 `Prohibited username` for requests that send a name.
            case prohibitName
        }

        package var effect: Effect
        /// 0 to 1, for each matching request.
        package var probability: Double
        /// How many matching requests it still strikes, nil for no end.
        package var count: Int?
        /// Upper case; nil for all.
        package var methods: Set<String>?
        /// Such as `users/user`; nil for all.
        package var module: String?
        /// A part of the object's name, of the address, or of the name that the body sets, without regard to letter case.
        package var contains: String?

        package init(
            _ effect: Effect, probability: Double = 1, count: Int? = nil, methods: Set<String>? = nil,
            module: String? = nil, contains: String? = nil
        ) {
            self.effect = effect
            self.probability = probability
            self.count = count
            self.methods = methods
            self.module = module
            self.contains = contains
        }
    }
}

/// Outside of this module only the full name is seen.
typealias Fault = UDMDouble.Fault

extension Fault.Effect {
    /// As in the control interface.
    package var name: String {
        switch self {
        case .latency: "latency"
        case .dropBeforeCommit: "dropBeforeCommit"
        case .dropAfterCommit: "dropAfterCommit"
        case .hang: "hang"
        case .answerLate: "answerLate"
        case .directoryDown: "directoryDown"
        case .gatewayStarting: "gatewayStarting"
        case .unauthorized: "unauthorized"
        case .forbidden: "forbidden"
        case .directoryError: "directoryError"
        case .internalError: "internalError"
        case .failAfterCommit: "failAfterCommit"
        case .lockHeld: "lockHeld"
        case .nameLocked: "nameLocked"
        case .badGateway: "badGateway"
        case .gatewayTimeout: "gatewayTimeout"
        case .foreignPage: "foreignPage"
        case .staleRead: "staleRead"
        case .refuseProperty: "refuseProperty"
        case .prohibitName: "prohibitName"
        }
    }

    fileprivate init(json: JSONValue) throws(ControlError) {
        let afterCommit = json["afterCommit"]?.boolValue ?? false
        switch json["effect"]?.stringValue {
        case "latency":
            guard let latency = json["latency"] else { throw ControlError("latency is missing") }
            self = .latency(try LatencyDistribution(json: latency))
        case "dropBeforeCommit": self = .dropBeforeCommit
        case "dropAfterCommit": self = .dropAfterCommit
        case "hang": self = .hang
        case "answerLate":
            guard let delay = json["delayMilliseconds"]?.integerValue, delay >= 0 else {
                throw ControlError("delayMilliseconds must be an integer of at least 0")
            }
            self = .answerLate(delay: .milliseconds(delay))
        case "directoryDown": self = .directoryDown
        case "gatewayStarting": self = .gatewayStarting
        case "unauthorized": self = .unauthorized
        case "forbidden": self = .forbidden
        case "directoryError": self = .directoryError
        case "internalError": self = .internalError
        case "failAfterCommit": self = .failAfterCommit
        case "lockHeld": self = .lockHeld
        case "nameLocked": self = .nameLocked
        case "badGateway": self = .badGateway(afterCommit: afterCommit)
        case "gatewayTimeout": self = .gatewayTimeout(afterCommit: afterCommit)
        case "staleRead": self = .staleRead
        case "foreignPage":
            guard let status = json["status"]?.integerValue, (200...599).contains(status) else {
                throw ControlError("status must be an HTTP status")
            }
            self = .foreignPage(status: Int(status))
        case "refuseProperty":
            guard let name = json["property"]?.stringValue else { throw ControlError("property is missing") }
            let message = json["message"]?.stringValue ?? "The property \(name) has an invalid value: refused"
            self = .refuseProperty(name: name, message: message)
        case "prohibitName": self = .prohibitName
        case let other: throw ControlError("no effect \(other ?? "is given")")
        }
    }
}

extension Fault {
    /// `effect` with its own members, and `probability`, `count`, `methods`, `module`, `contains`.
    package init(json: JSONValue) throws(UDMDouble.ControlError) {
        guard let object = json.objectValue else { throw ControlError("a fault is an object") }
        self.init(try Effect(json: json))
        if let value = object["probability"] {
            guard let probability = value.doubleValue, (0...1).contains(probability) else {
                throw ControlError("probability must be a number from 0 to 1")
            }
            self.probability = probability
        }
        if let value = object["count"], !value.isNull {
            guard let count = value.integerValue, count >= 0 else {
                throw ControlError("count must be an integer of at least 0")
            }
            self.count = Int(count)
        }
        if let value = object["methods"], !value.isNull {
            guard let methods = value.strings else { throw ControlError("methods must be strings") }
            self.methods = Set(methods.map { $0.uppercased() })
        }
        module = object["module"]?.stringValue
        contains = object["contains"]?.stringValue
    }

    package var json: JSONValue {
        var object: JSONObject = ["effect": .string(effect.name)]
        switch effect {
        case .latency(let latency): object["latency"] = latency.json
        case .answerLate(let delay):
            object["delayMilliseconds"] = .number(JSONNumber(Int64(delay / .milliseconds(1))))
        case .badGateway(let afterCommit), .gatewayTimeout(let afterCommit):
            object["afterCommit"] = .bool(afterCommit)
        case .foreignPage(let status): object["status"] = .number(JSONNumber(Int64(status)))
        case .refuseProperty(let name, let message):
            object["property"] = .string(name)
            object["message"] = .string(message)
        default: break
        }
        object["probability"] = .number(JSONNumber(probability))
        object["count"] = count.map { .number(JSONNumber(Int64($0))) }
        object["methods"] = methods.map { .strings($0.sorted()) }
        object["module"] = module.map(JSONValue.string)
        object["contains"] = contains.map(JSONValue.string)
        return .object(object)
    }
}
