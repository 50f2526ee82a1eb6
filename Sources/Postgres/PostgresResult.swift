import CPostgres

/// The rows of an answer, as the text that the server writes.
package struct PostgresResult: Sendable, Equatable {
    package var columns: [String] = []
    package var rowCount = 0
    /// Rows that were inserted, changed or deleted.
    package var affected = 0
    /// Row after row.
    private var cells: [[UInt8]?] = []

    package init() {}

    /// A cell; nil for NULL.
    package subscript(row: Int, column: Int) -> [UInt8]? { cells[row * columns.count + column] }

    package func text(_ row: Int, _ column: Int) -> String? {
        self[row, column].map { String(decoding: $0, as: UTF8.self) }
    }

    /// A whole number; nil for NULL and for anything else.
    package func int(_ row: Int, _ column: Int) -> Int? { text(row, column).flatMap { Int($0) } }

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
