public import JobQueueClient

/// An order wants its receipt.
public struct SendReceipt: Job {
    public static let name = "shop.receipt"
    public static let options = JobOptions(queue: "mail", maxAttempts: 8, timeout: .seconds(30))
    public var order: Int

    public init(order: Int) { self.order = order }
}
