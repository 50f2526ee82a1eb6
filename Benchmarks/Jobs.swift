import JobQueueClient

/// The job that does nothing: its payload is decoded and thrown away. With its envelope about 180 bytes.
struct NoOp: Job {
    static let name = "bench.noop"
    var number: Int
    var address: String

    init(_ number: Int) { (self.number, address) = (number, "somebody@example.org") }
}

/// The job that waits like one that asks another service.
struct Nap: Job {
    static let name = "bench.nap"
    var ms: Int
}

/// Something that makes a figure worthless.
struct BenchFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
