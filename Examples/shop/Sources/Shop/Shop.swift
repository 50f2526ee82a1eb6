import Hummingbird
import JobQueueClient
import JobQueueHTTP

/// What a worker does for this shop; `queue-worker dev` has a handler of that name.
struct MakeReceipt: Job {
    static let name = "demo.echo"
    static let options = JobOptions(maxAttempts: 8, timeout: .seconds(30))
    var order: Int
}

/// A web service that enqueues from its own routes, and has the whole API of the queue under `/queue`.
///
///     queue-worker dev --port 6390          # in one terminal: Redis on a port, and a worker
///     REDIS_URL=redis://127.0.0.1:6390 swift run shop
///
///     curl -s -X POST localhost:8085/orders/1042
///     curl -s localhost:8085/queue/v1/queues
@main struct Shop {
    static func main() async throws {
        let queue = try await JobQueue(url: Environment().get("REDIS_URL") ?? "redis://127.0.0.1:6379")
        let router = Router()
        router.post("orders/{order}") { _, context -> String in
            let order = try context.parameters.require("order", as: Int.self)
            // An id of our own: a customer who clicks twice gets one receipt.
            return try await queue.enqueue(MakeReceipt(order: order), id: "receipt-\(order)").id + "\n"
        }
        // Whoever reaches these routes may do everything with the queues: put your own middleware in front of them.
        var configuration = JobQueueAPI.Configuration()
        configuration.prefix = "/queue"
        JobQueueAPI(queue: queue, configuration: configuration).mount(on: router.group("queue"))
        try await Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 8085))
        ).runService()
        await queue.close()
    }
}
