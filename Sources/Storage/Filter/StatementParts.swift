// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// What a statement that is put together needs besides its text: parameters, and tables of a WITH clause.
///
/// Nothing of a request ever becomes SQL text: values are bound, and the names of attributes, which come from the schemas, are quoted.
struct StatementParts {
    /// Of the resources; always `$1`.
    static let tenant = "$1::text"

    private(set) var parameters: [PostgresParameter]
    /// `name(columns) AS (…)`, in the order in which they were added.
    private(set) var tables: [String] = []
    /// Rows of a table of names that are searched by trigrams, at most: for statements that tell whether there are more. nil: all.
    var largestSearch: Int64?
    /// The tables that have reached ``largestSearch`` + 1 if there are more.
    private(set) var searches: [String] = []
    private let client: String
    private let baseURL: String
    private var clientReference: String?
    private var baseURLReference: String?
    private var lastName = 0

    /// - Parameters:
    ///   - client: Whose `externalId` is meant.
    ///   - baseURL: Such as `https://host/scim/v2`.
    init(tenant: String, client: String, baseURL: String) {
        parameters = [.text(tenant)]
        self.client = client
        var baseURL = baseURL
        while baseURL.hasSuffix("/") { baseURL.removeLast() }
        self.baseURL = baseURL
    }

    /// Adds a parameter.
    ///
    /// - Parameter type: Of PostgreSQL, such as `uuid`.
    /// - Returns: The reference, such as `$7::uuid`.
    mutating func bind(_ parameter: PostgresParameter, as type: String) -> String {
        parameters.append(parameter)
        return "$\(parameters.count)::\(type)"
    }

    mutating func bindClient() -> String {
        let reference = clientReference ?? bind(.text(client), as: "text")
        clientReference = reference
        return reference
    }

    mutating func bindBaseURL() -> String {
        let reference = baseURLReference ?? bind(.text(baseURL), as: "text")
        baseURLReference = reference
        return reference
    }

    /// A name for a row or a table that no other has.
    mutating func name(_ prefix: String) -> String {
        lastName += 1
        return "\(prefix)\(lastName)"
    }

    /// Adds a table to the WITH clause, which is recursive.
    ///
    /// - Parameter query: Gets the name.
    /// - Returns: The name.
    mutating func addTable(columns: String, _ query: (String) -> String) -> String {
        let name = name("t")
        tables.append("\(name)(\(columns)) AS MATERIALIZED (\(query(name)))")
        return name
    }

    /// Adds a table of ids of one column that are only looked for up to a number of them.
    ///
    /// - Returns: The name.
    mutating func addSearch(_ query: String, upTo largest: Int64) -> String {
        let name = addTable(columns: "id") { _ in "\(query) LIMIT \(largest + 1)" }
        searches.append(name)
        return name
    }

    // MARK: - Taking back

    /// How much there was at a time.
    struct Mark {
        fileprivate let parameters: Int
        fileprivate let tables: Int
        fileprivate let searches: Int
        fileprivate let hasClient: Bool
        fileprivate let hasBaseURL: Bool
    }

    var mark: Mark {
        Mark(
            parameters: parameters.count, tables: tables.count, searches: searches.count,
            hasClient: clientReference != nil, hasBaseURL: baseURLReference != nil)
    }

    /// Forgets what was added since: PostgreSQL refuses a parameter that is in no place of a statement.
    mutating func takeBack(to mark: Mark) {
        parameters.removeLast(parameters.count - mark.parameters)
        tables.removeLast(tables.count - mark.tables)
        searches.removeLast(searches.count - mark.searches)
        if !mark.hasClient { clientReference = nil }
        if !mark.hasBaseURL { baseURLReference = nil }
    }

    // MARK: - Texts

    /// A name of the schemas as an SQL text: a literal, so that it is the same expression as that of an index.
    mutating func quoted(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"), UInt8(ascii: "$"):
                true
            default: false
            }
        }
        return isPlain ? "'\(name)'" : bind(.text(name), as: "text")
    }

    /// The type and id that an address of this service names, as in `$ref` and `meta.location`.
    func resource(at address: String) -> (type: ResourceType, id: ResourceID)? {
        for type in ResourceType.allCases {
            let prefix = "\(baseURL)\(type.endpoint)/"
            guard address.utf8.starts(with: prefix.utf8) else { continue }
            let text = String(decoding: address.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
            return ResourceID(lowercase: text).map { (type, $0) }
        }
        return nil
    }
}

extension LowercaseUUID {
    /// Only the text that ``description`` gives, which is how ids are compared.
    init?(lowercase text: String) {
        guard let id = LowercaseUUID(text), id.description.utf8.elementsEqual(text.utf8) else { return nil }
        self = id
    }
}
