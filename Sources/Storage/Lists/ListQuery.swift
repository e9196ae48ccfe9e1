// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// What a list, or a search over both types, asks for.
package struct ListQuery: Sendable {
    /// The resources of one type, and what is wanted of them.
    package struct Selection: Sendable {
        package let type: ResourceType
        /// nil: all.
        package var filter: Filter?
        /// nil: by id. In a list of both types each type has its own; nil for a type without the attribute, or for both if no sorting is asked for.
        package var sortKey: SortKey?
        /// With the groups of users or the members of groups.
        package var withRelated: Bool

        package init(
            _ type: ResourceType, filter: Filter? = nil, sortKey: SortKey? = nil, withRelated: Bool = false
        ) {
            self.type = type
            self.filter = filter
            self.sortKey = sortKey
            self.withRelated = withRelated
        }
    }

    /// Where the page begins.
    package enum Start: Sendable {
        /// The first resource of the page, counted from 1 (RFC 7644 section 3.4.2.4).
        case index(Int64)
        /// Behind a position, or at the beginning (RFC 9865).
        case cursor(ListPosition?)
    }

    package var tenant: String
    /// Whose `externalId` is meant.
    package var client: String
    /// Such as `https://host/scim/v2`; for `$ref`, and for filters by it or by `meta.location`.
    package var baseURL: String
    /// Each type once.
    package var selections: [Selection]
    package var isDescending: Bool
    package var start: Start
    /// Resources of the page at most; 0: only the total.
    package var count: Int
    package var withSyncStatus: Bool
    /// Whether ``ListPage/next`` is wanted of a start by index as well, which costs one row.
    package var offersCursor: Bool

    package init(
        tenant: String, client: String, baseURL: String, _ selections: [Selection], isDescending: Bool = false,
        start: Start = .index(1), count: Int, withSyncStatus: Bool = false, offersCursor: Bool = false
    ) {
        self.tenant = tenant
        self.client = client
        self.baseURL = baseURL
        self.selections = selections
        self.isDescending = isDescending
        self.start = start
        self.count = count
        self.withSyncStatus = withSyncStatus
        self.offersCursor = offersCursor
    }

    /// Whether the page tells where the next one begins.
    var isPaged: Bool { if case .cursor = start { true } else { offersCursor } }

    /// Behind a position.
    var knownTotal: Int64? { if case .cursor(let position?) = start { position.total } else { nil } }
}

/// Where a page ended; it holds whatever is inserted and deleted meanwhile, the resource it names included.
package struct ListPosition: Sendable, Hashable {
    /// What the last resource was sorted by, as text of PostgreSQL; nil if it had no value, or if the list is sorted by id.
    package let key: String?
    package let id: ResourceID
    /// Of all resources when the first page was read.
    package let total: Int64

    package init(key: String?, id: ResourceID, total: Int64) {
        self.key = key
        self.id = id
        self.total = total
    }
}

/// A page of a list.
package struct ListPage: Sendable {
    /// Of all resources, not only the page. Counting costs more than the page, so behind a cursor it is the total of the first page.
    package let total: Int64
    package let resources: [StoredResource]
    /// Empty when not asked for.
    package let syncStatuses: [ResourceID: SyncStatus]
    /// For the next page; nil when it is not asked for, and when there are no more resources.
    package let next: ListPosition?

    static func only(total: Int64) -> ListPage {
        ListPage(total: total, resources: [], syncStatuses: [:], next: nil)
    }
}
