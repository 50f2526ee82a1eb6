import HTTPTypes
import JobModel
import JobQueueClient
import NIOCore
import Synchronization

/// The shorter way of the commonest request: `POST /v1/jobs` with a small body and nothing special about it.
///
/// On the usual way each such request wakes a task twice, once to be read and once with what Redis said. Here the event loop
/// that has read a request checks it and makes its job ready; those of all connections gather, one task hands them over in
/// one round trip, and each event loop is woken once to write its answers. What is asked, checked, counted, logged and
/// answered is the same: this uses the same functions.
///
/// There is one round trip at a time. Those that come in the meantime make the next one larger, which saves more than a
/// second one beside it would win.
final class Express: Sendable {
    /// One request on its way.
    struct Passenger: Sendable {
        let visit: Visit
        let job: JobRequest
        /// ms since 1970.
        let createdMs: Int
        let ready: JobQueue.ReadyOffer
        let seat: Seat
    }

    private static let path = "/v1/jobs"
    /// A longer body goes the usual way, so that nobody waits behind it.
    private static let longestBody = 16 << 10
    /// Headers with which a request is not of the usual kind.
    private static let special: [HTTPField.Name] = [
        .idempotencyKey, .prefer, .contentEncoding, .transferEncoding, .expect, .connection,
    ]

    private struct State {
        var isOpen = false
        var waiting: [Passenger] = []
        /// Those who wait, and those under way.
        var load = 0
        /// Whoever carries, while nobody waits.
        var resting: CheckedContinuation<Void, Never>?
        /// Those that answers were given to.
        var loops: [any EventLoop] = []
    }

    private let api: JobQueueAPI
    private let route: Route
    private let bodyLimit: Int
    /// Runs what logs several lines, so that they can be written at once.
    private let together: @Sendable (() -> Void) -> Void
    private let state = Mutex(State())

    /// Nil when the API has no such route.
    init?(_ api: JobQueueAPI, together: @escaping @Sendable (() -> Void) -> Void = { $0() }) {
        self.together = together
        guard let route = api.jobRoutes.first(where: { $0.method == .post && $0.path == Self.path }) else { return nil }
        self.api = api
        self.route = route
        bodyLimit = min(Self.longestBody, api.configuration.maxBodyBytes)
    }

    /// Requests that have been taken in and have no answer yet.
    var load: Int { state.withLock { $0.load } }

    /// Carries until the task is cancelled and nobody waits any more.
    func run() async {
        state.withLock { $0.isOpen = true }
        await withTaskCancellationHandler {
            await withTaskExecutorPreference(api.queue.executor) {
                while let passengers = await next() { await carry(passengers) }
            }
        } onCancel: {
            let resting = state.withLock { state in
                state.isOpen = false
                return state.resting.take()
            }
            resting?.resume()
        }
        // Of what is answered the lines are written as well.
        for loop in state.withLock({ $0.loops }) {
            await withCheckedContinuation { done in loop.execute { done.resume() } }
        }
    }

    // MARK: On an event loop

    /// Whether a request of this head may go this way, once its body is there.
    func takes(_ request: HTTPRequest) -> Bool {
        guard request.method == .post, request.path == Self.path,
            let length = request.headerFields.first(where: { $0.name == .contentLength }).flatMap({ Int($0.value) }),
            1...bodyLimit ~= length
        else { return false }
        return !Self.special.contains { request.headerFields.contains($0) }
    }

    /// Takes a request in, which is answered later. False: it goes the usual way, and nothing has happened.
    func board(_ request: HTTPRequest, _ body: ByteBuffer, _ seat: Seat) -> Bool {
        let headers = request.headerFields
        guard state.withLock({ $0.isOpen }), !api.circuit.isOpen,
            let admittance = api.gate.known(headers, to: route.access)
        else { return false }
        let visit = Visit(route, requestID: api.requestID(headers), admittance)
        do throws(Problem) {
            try route.access.check(admittance.caller)
            try headers.checkMedia(["application/json"])
            let (job, offer) = try api.order(
                Array(buffer: body), of: admittance.caller, requestID: visit.requestID)
            let ready: JobQueue.ReadyOffer
            do throws(JobQueueError) { ready = try api.queue.ready(offer).get() } catch { throw Problem(error) }
            wait(
                Passenger(
                    visit: visit, job: job, createdMs: offer.createdMs ?? api.queue.now, ready: ready, seat: seat))
        } catch {
            let answer = finished(api.answer(error, to: visit), visit)
            seat.loop.execute { seat.write(answer, HTTPDate.now) }
        }
        return true
    }

    private func wait(_ passenger: Passenger) {
        let carrier = state.withLock { state in
            state.waiting.append(passenger)
            state.load += 1
            return state.resting.take()
        }
        carrier?.resume()
    }

    private func finished(_ answer: Answer, _ visit: Visit) -> Answer {
        var answer = answer
        api.finish(&answer, to: visit)
        return answer
    }

    /// The lines of all are written before the first answer leaves, as on the usual way.
    private func write(_ arrivals: [(Passenger, JobQueue.OfferResult)]) {
        let date = HTTPDate.now
        var answers: [Answer] = []
        together {
            for (passenger, result) in arrivals {
                let answer: Answer
                do throws(Problem) {
                    answer = api.receipt(try JobQueueAPI.taken(result), passenger.job, passenger.createdMs)
                } catch { answer = api.answer(error, to: passenger.visit) }
                answers.append(finished(answer, passenger.visit))
            }
        }
        for (arrival, answer) in zip(arrivals, answers) { arrival.0.seat.write(answer, date) }
    }

    // MARK: In a task

    /// All who wait; nil when it is over.
    private func next() async -> [Passenger]? {
        while true {
            let (passengers, isOpen) = state.withLock { state in
                (exchange(&state.waiting, with: []), state.isOpen)
            }
            if !passengers.isEmpty { return passengers }
            guard isOpen else { return nil }
            await withCheckedContinuation { carrier in
                let rests = state.withLock { state in
                    guard state.waiting.isEmpty, state.isOpen else { return false }
                    state.resting = carrier
                    return true
                }
                if !rests { carrier.resume() }
            }
        }
    }

    private func carry(_ passengers: [Passenger]) async {
        let results = await api.handOver(
            passengers.map(\.ready), passengers.map(\.job.name), since: passengers[0].visit.start)
        var arrivals: [(loop: any EventLoop, passengers: [(Passenger, JobQueue.OfferResult)])] = []
        for arrival in zip(passengers, results) {
            let loop = arrival.0.seat.loop
            if let index = arrivals.firstIndex(where: { $0.loop === loop }) {
                arrivals[index].passengers.append(arrival)
            } else {
                arrivals.append((loop, [arrival]))
            }
        }
        state.withLock { state in
            state.load -= passengers.count
            for (loop, _) in arrivals where !state.loops.contains(where: { $0 === loop }) { state.loops.append(loop) }
        }
        for (loop, passengers) in arrivals { loop.execute { [self] in write(passengers) } }
    }
}
