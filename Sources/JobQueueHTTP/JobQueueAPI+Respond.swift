import HTTPTypes
import Hummingbird
import JobModel
import JobQueueClient
import Logging

/// What is known of a request beside what it asks for.
struct Visit: Sendable {
    let route: Route
    let parameters: [String: String]
    let requestID: String
    let start = ContinuousClock.now
    /// Nil for who was not let in.
    var admittance: Admittance?

    init(_ route: Route, _ parameters: [String: String] = [:], requestID: String, _ admittance: Admittance? = nil) {
        self.route = route
        self.parameters = parameters
        self.requestID = requestID
        self.admittance = admittance
    }
}

extension JobQueueAPI {
    func requestID(_ headers: HTTPFields) -> String { RequestID.of(headers, now: queue.now) }

    func note(unrouted method: HTTPRequest.Method, status: Int, after duration: Duration) {
        meter?.unrouted(method, status: status, after: duration)
    }

    /// One request from its arrival to its answer. Whatever goes wrong becomes a problem, so this throws nothing.
    func respond(to request: Request, by route: Route, _ parameters: [String: String]) async -> Answer {
        var visit = Visit(route, parameters, requestID: requestID(request.headers))
        var answer: Answer
        do throws(Problem) {
            let admittance = try await gate.admit(request.headers, to: route.access)
            visit.admittance = admittance
            try route.access.check(admittance.caller)
            if route.needsRedis { try await circuit.check() }
            let call = Call(
                request: request, parameters: parameters, requestID: visit.requestID, caller: admittance.caller)
            answer = try await route.handle(call)
        } catch { answer = self.answer(error, to: visit) }
        finish(&answer, to: visit)
        return answer
    }

    /// What is told of a problem.
    func answer(_ problem: Problem, to visit: Visit) -> Answer {
        if problem.kind == .redisUnavailable { circuit.trip() }
        if problem.kind.status.code >= 500 { log(problem, visit.route, visit.requestID) }
        return .problem(problem, requestID: visit.requestID)
    }

    /// What every answer has, and what is written down of it.
    func finish(_ answer: inout Answer, to visit: Visit) {
        if let admittance = visit.admittance {
            for field in admittance.headers { answer.headers.append(field) }
        }
        answer.headers.append(HTTPField(name: .requestID, value: visit.requestID))
        let (route, caller) = (visit.route, visit.admittance?.caller)
        audit(answer, route, visit.parameters, caller, visit.requestID)
        let duration = ContinuousClock.now - visit.start
        meter?.answered(
            route.method.rawValue, route.path, status: answer.status.code, after: duration - answer.waited)
        log(answer, route, caller, duration, visit.requestID)
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
