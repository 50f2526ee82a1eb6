import HTTPTypes
import JobModel
import JobQueueClient
import JobStore

extension JobQueueAPI {
    /// Making, listing and ending tokens. A token sees, makes and ends only such as may do no more than it may itself.
    var tokenRoutes: [Route] {
        let registry = TokenRegistry(queue.store)
        return [
            Route(.post, "/v1/tokens", .tokensManage) { call async throws(Problem) in
                let rights = try await rights(call)
                let (token, record) = try await stored { () async throws(StoreError) in
                    try await registry.create(rights, by: "token:\(call.caller.id)")
                }
                var answer = Answer.json(record.document(usedMs: nil, secret: token.reveal()), .created)
                // Nobody between here and there keeps it.
                answer.headers[.cacheControl] = "no-store"
                answer.change.id = token.id
                return answer
            },
            Route(.get, "/v1/tokens", .tokensManage) { call async throws(Problem) in
                let all = try await stored { () async throws(StoreError) in try await registry.all() }
                let documents = all.filter { call.caller.rights.cover($0.record.rights) }.map {
                    $0.record.document(usedMs: $0.usedMs)
                }
                return .json(JSONWriter.object { $0.field("items", objects: documents) })
            },
            Route(.delete, "/v1/tokens/{id}", .tokensManage) { call async throws(Problem) in
                let id = call.parameters["id"] ?? ""
                let isEnded = try await stored { () async throws(StoreError) in
                    guard AccessToken.isID(id.utf8), let record = try await registry.find(id).record,
                        call.caller.rights.cover(record.rights)
                    else { return false }
                    return try await registry.revoke(id)
                }
                if isEnded { return Answer(.noContent) }
                throw Problem(.notFound, "there is no token with this id that you may end: GET /v1/tokens lists those")
            },
        ]
    }

    /// What a body asks for. Throws `invalidDocument`, or `forbidden` when it is more than the caller has.
    private func rights(_ call: Call) async throws(Problem) -> TokenRights {
        var fields = try await call.object(limit: min(configuration.maxBodyBytes, 64 << 10))
        let names = fields.strings("scopes")
        for name in names ?? [] where Scope(rawValue: name) == nil {
            let name = Printable.oneLine(name, limit: 80)
            fields.refuse("scopes", "unknown", "there is no scope \"\(name)\": use some of \(Scope.list)")
        }
        // One moment for both, or the shortest life would be over before it is looked at.
        let now = queue.now
        let rights = TokenRights(
            scopes: names.map { Set($0.compactMap(Scope.init)) } ?? TokenRights.usualScopes,
            queues: fields.strings("queues") ?? ["*"], note: fields.string("note") ?? "",
            expiresMs: fields.int("expires_in_ms", 1...JobRequest.longest).map { now + $0 },
            rate: fields.int("rate", TokenRights.rates))
        if fields.problems.isEmpty {
            for problem in rights.problems(now: now) { fields.refuse(problem.field, "invalid", problem.detail) }
        }
        try fields.end(.invalidDocument)
        guard call.caller.rights.cover(rights) else {
            throw Problem(.forbidden, "a token makes only tokens with scopes and queues that it has itself")
        }
        guard call.caller.rights.outlast(rights) else {
            throw Problem(.forbidden, "a token makes only tokens that end no later than itself: send expires_in_ms")
        }
        return rights
    }

    private func stored<T>(_ body: () async throws(StoreError) -> T) async throws(Problem) -> T {
        do throws(StoreError) { return try await body() } catch {
            if JobQueueError(error).code == .unreachable {
                throw Problem(.redisUnavailable, "Redis does not answer: list the tokens before you try again")
                    .retry(after: 1)
            }
            throw Problem(.internalError, "the tokens cannot be read or written: \(error)")
        }
    }
}

extension Caller {
    fileprivate var rights: TokenRights { TokenRights(scopes: scopes, queues: queues, expiresMs: expiresMs) }
}

extension TokenRecord {
    /// As the API shows it. The secret is that of a token just made.
    func document(usedMs: Int?, secret: String? = nil) -> [UInt8] {
        JSONWriter.object(capacity: 512) { writer in
            writer.field("id", id)
            if let secret { writer.field("token", secret) }
            writer.field("scopes", rights.scopes.sorted().map(\.rawValue))
            writer.field("queues", rights.queues)
            writer.field("note", Printable.oneLine(rights.note))
            writer.field("created_at", Timestamp.text(createdMs))
            writer.field("created_by", createdBy)
            if let expires = rights.expiresMs { writer.field("expires_at", Timestamp.text(expires)) }
            if let rate = rights.rate { writer.field("rate", rate) }
            if let usedMs { writer.field("last_used_at", Timestamp.text(usedMs)) }
        }
    }
}
