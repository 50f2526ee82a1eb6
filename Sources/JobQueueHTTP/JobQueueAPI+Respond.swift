import HTTPTypes
import Hummingbird
import JobModel
import JobQueueClient
import Logging

extension JobQueueAPI {
    func requestID(_ headers: HTTPFields) -> String { RequestID.of(headers, now: queue.now) }

    func note(unrouted method: HTTPRequest.Method, status: Int, after duration: Duration) {
        meter?.unrouted(method, status: status, after: duration)
    }

    /// One request from its arrival to its answer. Whatever goes wrong becomes a problem, so this throws nothing.
    func respond(to request: Request, by route: Route, _ parameters: [String: String]) async -> Answer {
        let start = ContinuousClock.now
        let requestID = requestID(request.headers)
        var caller: Caller?
        var headers = HTTPFields()
        var answer: Answer
        do throws(Problem) {
            let admittance = try await gate.admit(request.headers, to: route.access)
            (caller, headers) = (admittance.caller, admittance.headers)
            try route.access.check(admittance.caller)
            if route.needsRedis { try await circuit.check() }
            let call = Call(
                request: request, parameters: parameters, requestID: requestID, caller: admittance.caller)
            answer = try await route.handle(call)
        } catch {
            if error.kind == .redisUnavailable { circuit.trip() }
            answer = .problem(error, requestID: requestID)
            if error.kind.status.code >= 500 { log(error, route, requestID) }
        }
        for field in headers { answer.headers.append(field) }
        answer.headers.append(HTTPField(name: .requestID, value: requestID))
        audit(answer, route, parameters, caller, requestID)
        let duration = ContinuousClock.now - start
        meter?.answered(
            route.method.rawValue, route.path, status: answer.status.code, after: duration - answer.waited)
        log(answer, route, caller, duration, requestID)
        return answer
    }

    /// The line that explains an answer of 500 and above: it has the id that the caller was told.
    private func log(_ problem: Problem, _ route: Route, _ requestID: String) {
        configuration.logger.error(
            "\(Printable.oneLine(problem.detail))",
            metadata: [
                "event": "http.failed", "problem": "\(problem.kind.name)", "http_route": "\(route.path)",
                "request_id": "\(requestID)",
            ])
    }

    private func log(
        _ answer: Answer, _ route: Route, _ caller: Caller?, _ duration: Duration, _ requestID: String
    ) {
        let logger = configuration.logger
        let waited = answer.waited
        let isSlow = duration - waited > configuration.slowRequest
        // Probes come all the time, and are as slow as what they look at.
        let level: Logger.Level = isSlow && route.isListed ? .warning : .debug
        guard logger.logLevel <= level else { return }
        logger.log(
            level: level, isSlow ? "slow request" : "request",
            metadata: [
                "event": isSlow ? "http.slow" : "http.request", "http_method": "\(route.method.rawValue)",
                "http_route": "\(route.path)", "http_status": "\(answer.status.code)",
                "duration_ms": "\(duration.milliseconds)", "token": "\(caller?.id ?? "none")",
                "request_id": "\(requestID)",
            ])
    }
}
