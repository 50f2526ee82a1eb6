import CPostgres

extension PostgresSession {
    /// One is open, or has failed and waits for its end.
    var isInTransaction: Bool {
        let status = PQtransactionStatus(connection)
        return status != PQTRANS_IDLE && status != PQTRANS_UNKNOWN
    }

    func beginTransaction() throws(PostgresError) {
        try checkUsable()
        guard !isInTransaction else { throw .transactionOpen }
        do { try execute(script: "BEGIN") } catch {
            // Cancelled a moment too late, it has begun all the same.
            rollBack()
            throw error
        }
    }

    /// Undoes what is open; a connection where that is not certain is given up.
    func rollBack() {
        guard isUsable, isInTransaction else { return }
        arm(Ticket(), timeout: .seconds(5))
        try? execute(script: "ROLLBACK")
        if isInTransaction { isBroken = true }
    }

    func commit() throws(PostgresError) {
        try checkUsable()
        guard isInTransaction else { throw .transactionEnded }
        // The server would answer a COMMIT with a rollback, and no error.
        guard PQtransactionStatus(connection) == PQTRANS_INTRANS else {
            rollBack()
            throw .transactionAborted
        }
        do { try execute(script: "COMMIT") } catch {
            rollBack()
            throw error.isClearAboutCommit ? error : .commitUnknown("\(error)")
        }
    }
}

extension PostgresError {
    /// As the answer to a `COMMIT` it means that nothing was done.
    fileprivate var isClearAboutCommit: Bool {
        switch self {
        // A server that shuts down may say so behind a commit that it has done.
        case .server(let answer):
            !["08", "57"].contains(String(answer.sqlState.prefix(2))) && answer.sqlState != "40003"
        case .unreachable, .closed: true
        default: false
        }
    }
}
