import CPostgres

/// The rows of an answer, as the text that the server writes: `t` and `f` for booleans, `\x…` for `bytea`.
public struct PostgresResult: Sendable, Equatable {
    /// The names of the columns; empty where the statement answers no rows.
    public private(set) var columns: [String] = []
    public private(set) var rowCount = 0
    /// Rows that were inserted, changed, deleted or selected.
    public private(set) var affected = 0
    /// Row after row.
    private var cells: [[UInt8]?] = []

    package init() {}

    /// A cell, rows and columns from 0; nil for NULL, and where there is no such row. A column that the statement does not
    /// answer is a mistake of the program, and ends it.
    public subscript(row: Int, column: Int) -> [UInt8]? {
        guard (0..<rowCount).contains(row) else { return nil }
        precondition(columns.indices.contains(column), "the statement answers \(columns.count) columns")
        return cells[row * columns.count + column]
    }

    /// The same as text.
    public func text(_ row: Int, _ column: Int) -> String? {
        self[row, column].map { String(decoding: $0, as: UTF8.self) }
    }

    /// The same as a whole number; nil for anything else too.
    public func int(_ row: Int, _ column: Int) -> Int? { text(row, column).flatMap { Int($0) } }

    init(_ result: OpaquePointer) {
        let count = PQnfields(result)
        columns = (0..<count).map { String(cString: PQfname(result, $0)) }
        rowCount = Int(PQntuples(result))
        affected = Int(String(cString: PQcmdTuples(result))) ?? 0
        cells.reserveCapacity(rowCount * columns.count)
        for row in 0..<Int32(rowCount) {
            for column in 0..<count {
                if PQgetisnull(result, row, column) == 1 {
                    cells.append(nil)
                } else {
                    let length = Int(PQgetlength(result, row, column))
                    let start = PQgetvalue(result, row, column)
                    cells.append(
                        start.map { start in
                            start.withMemoryRebound(to: UInt8.self, capacity: length) {
                                Array(UnsafeBufferPointer(start: $0, count: length))
                            }
                        } ?? [])
                }
            }
        }
    }
}

extension ServerError {
    /// Of a result that is an error.
    init(_ result: OpaquePointer) {
        func field(_ code: Int) -> String? { PQresultErrorField(result, Int32(code)).map { String(cString: $0) } }
        self.init(
            sqlState: field(Int(QUEUE_PG_SQLSTATE)) ?? "",
            message: field(Int(QUEUE_PG_MESSAGE)) ?? "no reason given",
            detail: field(Int(QUEUE_PG_DETAIL)), hint: field(Int(QUEUE_PG_HINT)),
            constraint: field(Int(QUEUE_PG_CONSTRAINT)))
    }
}
