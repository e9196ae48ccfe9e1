// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Why a value is refused; the attribute path is put together from the inside out, when it is needed.
struct Refusal: Error {
    /// Relative to where the refusal has come so far, such as `value` or `[1].value`.
    private(set) var path: String
    /// Continues the sentence that begins with the path.
    let reason: String

    init(_ reason: String, at path: String = "") {
        self.reason = reason
        self.path = path
    }

    func within(attribute name: String) -> Refusal {
        Refusal(reason, at: path.isEmpty || path.hasPrefix("[") ? name + path : "\(name).\(path)")
    }

    func within(element index: Int) -> Refusal {
        Refusal(reason, at: path.isEmpty ? "[\(index)]" : "[\(index)].\(path)")
    }

    func within(extension urn: String) -> Refusal { Refusal(reason, at: path.isEmpty ? urn : "\(urn):\(path)") }

    var error: SCIMError { .invalidValue(attribute: path, reason: reason) }
}
