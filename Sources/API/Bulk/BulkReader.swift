// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// Reads the message of a bulk request while it arrives. One operation at a time is a JSON value; what waits to be carried out is compact text, so
/// that a request of 8 MiB takes little more than that.
///
///     var reader = BulkReader(limits: limits, references: references)
///     for try await part in body { try part.withUnsafeReadableBytes { try reader.append($0) } }
///     let request = try reader.finish()
struct BulkReader {
    /// Of everything that is no operation, together.
    private static let maximumMemberBytes = 64 << 10

    private let operationLimit: Int
    private let references: BulkReferences
    private var reader: JSONStreamReader
    private var members = JSONObject()
    private var operations: [Result<BulkRequest.Operation, BulkRequest.Unreadable>] = []
    private var bulkIDs: Set<String> = []
    private var hasOperations = false
    private var isObject = true
    private var isEmpty = true

    init(limits: RequestLimits, references: BulkReferences) {
        self.references = references
        operationLimit = limits.bulkOperations
        reader = JSONStreamReader(
            limits: JSONLimits(
                maximumBytes: limits.bulkBody, maximumDepth: limits.depth, maximumValues: limits.bulkValues),
            maximumElementBytes: limits.bulkBody, maximumMemberBytes: Self.maximumMemberBytes,
            isSplit: { $0.equalsIgnoringASCIICase("Operations") })
    }

    /// Takes the next part of the body.
    ///
    /// - Throws: 413 for more than is allowed, 400 `invalidSyntax` for what is not JSON. The reader is of no use afterwards.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(SCIMError) {
        isEmpty = isEmpty && bytes.isEmpty
        do throws(JSONError) {
            try reader.append(bytes)
        } catch {
            throw .malformedJSON(error)
        }
        try takePieces()
    }

    /// - Throws: Also for a body that ends too early, or is no bulk request.
    mutating func finish() throws(SCIMError) -> BulkRequest {
        guard !isEmpty else { throw .invalidSyntax("The request has no body") }
        reader.finish()
        try takePieces()
        guard isObject else { throw .invalidSyntax("The body must be a JSON object") }
        return try BulkRequest(members, operations: hasOperations ? operations : nil)
    }

    private mutating func takePieces() throws(SCIMError) {
        while let piece = try nextPiece() {
            switch piece {
            case .value: isObject = false
            case .member(let key, let value): members.append(uniqueKey: key, value)
            case .array:
                guard !hasOperations else { throw .invalidSyntax("Operations is given twice") }
                hasOperations = true
            case .element(let value, let index):
                guard index < operationLimit else {
                    throw .tooLarge(
                        "The request has more than \(operationLimit) operations; no more are taken at a time")
                }
                operations.append(operation(value, at: index))
            }
        }
    }

    private mutating func operation(
        _ value: JSONValue, at index: Int
    ) -> Result<BulkRequest.Operation, BulkRequest.Unreadable> {
        do throws(SCIMError) {
            let operation = try BulkRequest.Operation(value, at: index, references)
            if operation.method == .post, let bulkID = operation.bulkID, !bulkIDs.insert(bulkID).inserted {
                throw SCIMError.invalidValue(
                    attribute: "Operations[\(index)].bulkId", reason: "is the bulkId of an earlier operation too")
            }
            return .success(operation)
        } catch {
            return .failure(BulkRequest.Unreadable(value, error))
        }
    }

    private mutating func nextPiece() throws(SCIMError) -> JSONStreamReader.Piece? {
        do throws(JSONError) {
            return try reader.next()
        } catch {
            throw .malformedJSON(error)
        }
    }
}
