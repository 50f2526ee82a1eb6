import HTTPTypes
import JobModel
package import JobQueueClient
package import JobStore

extension Health {
    /// `/health/live`, `/health/ready` and `/health/startup`: open to all, and no part of the API's description.
    package var routes: [Route] {
        [
            route("live") { [self] in
                isAlive() ? .status(.ok, "alive") : .status(.serviceUnavailable, "stuck")
            },
            route("ready") { [self] in await report().answer },
            route("startup") { [self] in
                if !isStarted { _ = await report() }
                return isStarted ? .status(.ok, "started") : .status(.serviceUnavailable, "starting")
            },
        ]
    }

    private func route(_ name: String, _ answer: @escaping @Sendable () async -> Answer) -> Route {
        var route = Route(.get, "/health/\(name)", .open, needsRedis: false) { _ in
            var answer = await answer()
            // Somebody between us must not keep it.
            answer.headers[.cacheControl] = "no-store"
            return answer
        }
        route.isListed = false
        return route
    }
}

extension Health.Check {
    /// Slower than this is worth a look, though everything works.
    static let slow = Duration.milliseconds(250)

    /// Asks Redis for its time. An error is told as a word: who may not even log in must not learn where Redis is.
    package static func redis(_ store: Store, within limit: Duration) -> Self {
        Self("redis") {
            let start = ContinuousClock.now
            do throws(StoreError) { _ = try await store.time(timeout: limit) } catch {
                return Health.Finding(error: JobQueueError(error).code.description)
            }
            let latency = ContinuousClock.now - start
            return Health.Finding(.latency(latency), isDegraded: latency > slow)
        }
    }
}

extension Health.Check {
    /// The same for a queue that may not have been found yet.
    package static func redis(_ queue: JobQueue, within limit: Duration) -> Self {
        let known = redis(queue.store, within: limit)
        return Self("redis") {
            queue.isChecked ? await known.look() : Health.Finding(error: JobQueueError.Code.unreachable.description)
        }
    }
}

extension Health.Report {
    /// 200 while work can be done, 503 while not.
    var answer: Answer { .json(encoded, status == .notReady ? .serviceUnavailable : .ok) }

    var encoded: [UInt8] {
        let dependencies = findings.map { "\"\($0.name)\":" + String(decoding: $0.finding.encoded, as: UTF8.self) }
        return JSONWriter.object { writer in
            writer.field("status", status.rawValue)
            writer.field("dependencies", json: Array("{\(dependencies.joined(separator: ","))}".utf8))
        }
    }
}

extension Health.Finding {
    fileprivate var encoded: [UInt8] {
        JSONWriter.object { writer in
            // What is vital and slow says so by its time.
            writer.field("status", error != nil ? "error" : isDegraded && !isVital ? "degraded" : "ok")
            switch measure {
            case .latency(let time): writer.field("latency_ms", json: Self.tenths(time))
            case .age(let time): writer.field("age_ms", time.milliseconds)
            case nil: writer.field("latency_ms", json: Array("null".utf8))
            }
            if let error { writer.field("error", error) } else { writer.field("error", json: Array("null".utf8)) }
        }
    }

    /// Milliseconds with one decimal.
    private static func tenths(_ time: Duration) -> [UInt8] {
        let tenths = Int(time / .microseconds(100))
        return Array("\(tenths / 10).\(tenths % 10)".utf8)
    }
}

extension Answer {
    /// `{"status":"…"}`
    fileprivate static func status(_ status: HTTPResponse.Status, _ word: String) -> Answer {
        .json(JSONWriter.object { $0.field("status", word) }, status)
    }
}
