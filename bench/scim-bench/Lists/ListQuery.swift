// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The lists of users that are measured.
enum ListQuery: String, CaseIterable, Sendable {
    case userName, externalId, id, email, workEmail, modifiedRecently, modified, displayName, partOfUserName, firstPage,
        deepPage

    /// Resources of a page.
    static let pageSize = 100

    /// In the report.
    var title: String {
        switch self {
        case .userName: "userName eq"
        case .externalId: "externalId eq"
        case .id: "id eq"
        case .email: "emails.value eq"
        case .workEmail: "emails[type eq \"work\" and value eq]"
        case .modifiedRecently: "meta.lastModified gt, the latest"
        case .modified: "meta.lastModified gt, any time"
        case .displayName: "displayName sw"
        case .partOfUserName: "userName co"
        case .firstPage: "cursor, page 1"
        case .deepPage: "cursor, a page far behind"
        }
    }

    /// - Parameter value: As it is compared.
    func filter(_ value: String) -> String? {
        switch self {
        case .userName: "userName eq \"\(value)\""
        case .externalId: "externalId eq \"\(value)\""
        case .id: "id eq \"\(value)\""
        case .email: "emails.value eq \"\(value)\""
        case .workEmail: "emails[type eq \"work\" and value eq \"\(value)\"]"
        case .modifiedRecently, .modified: "meta.lastModified gt \"\(value)\""
        case .displayName: "displayName sw \"\(value)\""
        case .partOfUserName: "userName co \"\(value)\""
        case .firstPage, .deepPage: nil
        }
    }

    /// Look-ups of one resource go without `count`, as clients send them.
    var isLookup: Bool {
        switch self {
        case .userName, .externalId, .id, .email, .workEmail: true
        case .modifiedRecently, .modified, .displayName, .partOfUserName, .firstPage, .deepPage: false
        }
    }
}

/// What one request of a ``ListQuery`` asks for.
struct ListSample: Sendable, Equatable {
    /// Of the request's URL.
    let parameters: [(String, String)]
    /// What the SELECT compares with.
    let value: String
    /// The end of a range that begins at `value`; otherwise empty.
    let end: String

    static func == (left: Self, right: Self) -> Bool {
        left.parameters.elementsEqual(right.parameters, by: ==) && left.value == right.value && left.end == right.end
    }

    init(parameters: [(String, String)], value: String, end: String = "") {
        self.parameters = parameters
        self.value = value
        self.end = end
    }

    /// By filter.
    init(_ query: ListQuery, _ value: String, compare: String? = nil, end: String = "") {
        var parameters: [(String, String)] = []
        if let filter = query.filter(value) { parameters.append(("filter", filter)) }
        if !query.isLookup { parameters.append(("count", "\(ListQuery.pageSize)")) }
        self.init(parameters: parameters, value: compare ?? value, end: end)
    }
}
