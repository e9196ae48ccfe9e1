// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What an `Accept` header selects.
enum Acceptance {
    /// Nil for 406: without the header, or with `*/*`, the server would show its HTML view, which is off.
    static func representation(_ accept: String?) -> ContractRequest.Representation? {
        // What the bridge sends.
        if accept == "application/json" { return .json }
        let choices = (accept ?? "text/html").split(separator: ",").map { choice -> (type: String, quality: Double) in
            let parts = choice.split(separator: ";").map { $0.filter { $0 != " " } }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
            return (parts.first?.lowercased() ?? "", quality ?? 1)
        }
        // A stable order for equal quality: the one in the header.
        let ordered = choices.enumerated().sorted { left, right in
            left.element.quality == right.element.quality
                ? left.offset < right.offset : left.element.quality > right.element.quality
        }
        for (_, choice) in ordered where choice.quality > 0 {
            switch choice.type {
            case "application/json": return .json
            case "application/hal+json", "application/*": return .hal
            case "text/html", "text/xml", "application/xml", "text/*", "*/*": return nil
            default: continue
            }
        }
        return nil
    }
}
