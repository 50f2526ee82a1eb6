import ArgumentParser
import Foundation
import JobModel
import JobQueueCLI
import JobQueueClient
import JobQueueWorker

/// This queue as the harness sees all of them: see "A driver" in Benchmarks/peers/README.md.
@main
struct Driver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue-peer", subcommands: [About.self, Producer.self, Worker.self])

    struct About: ParsableCommand {
        func run() {
            #if compiler(>=6.3)
                let compiler = "6.3"
            #else
                let compiler = "6.2"
            #endif
            print(#"{"runtime":"Swift \#(compiler)","queue-worker":"\#(JobQueueWorkerVersion.text)"}"#)
        }
    }

    /// What producers and workers are told alike.
    struct Place: ParsableArguments {
        @Option var url: String
        @Option var queue: String
        @Option var job = Kind.noop
    }

    enum Kind: String, ExpressibleByArgument {
        case noop, sleep, latency
    }

    struct Producer: AsyncParsableCommand {
        @OptionGroup var place: Place
        @Option var count: Int
        @Flag var bulk = false
        @Option var sleepMs = 0
        @Option var gapMs = 0.0

        func run() async throws {
            let queue = try await JobQueue(url: place.url)
            let options = JobOptions(queue: place.queue)
            let start = monotonic()
            switch place.job {
            case .noop: try await produce(queue, options) { Mark(Letter($0, sleepMs: sleepMs)) }
            case .sleep: try await produce(queue, options) { Nap(Letter($0, sleepMs: sleepMs)) }
            case .latency: try await produce(queue, options) { Ping(Letter($0, sleepMs: sleepMs)) }
            }
            print(#"{"jobs":\#(count),"seconds":\#(Double(monotonic() - start) / 1e9)}"#)
            await queue.close()
        }

        private func produce<J: Job>(_ queue: JobQueue, _ options: JobOptions, _ job: (Int) -> J) async throws {
            guard bulk else {
                for number in 0..<count {
                    try await queue.enqueue(job(number), options: options)
                    if gapMs > 0 { try await Task.sleep(for: .milliseconds(gapMs * .random(in: 0.5...1.5))) }
                }
                return
            }
            for first in stride(from: 0, to: count, by: 1000) {
                let jobs = (first..<min(first + 1000, count)).map(job)
                for result in await queue.enqueue(contentsOf: jobs, options: options) {
                    guard case .created = result else { throw ValidationError("a job was not taken in: \(result)") }
                }
            }
        }
    }

    struct Worker: AsyncParsableCommand {
        @OptionGroup var place: Place
        @Option var concurrency: Int

        func run() async throws {
            let marks = try Marks()
            var handlers = Handlers()
            handlers.on(Mark.self) { _, _ in marks.add(".") }
            handlers.on(Nap.self) { job, _ in
                try await Task.sleep(for: .milliseconds(job.letter.sleepMs))
                marks.add(".")
            }
            handlers.on(Ping.self) { job, _ in marks.add("\(monotonic() - job.letter.sent)\n") }
            var configuration = WorkerConfiguration()
            configuration.queues = .strict([try QueueName(place.queue)])
            configuration.concurrency = concurrency
            let worker = try JobQueueWorker.Worker(url: place.url, handlers: handlers, configuration: configuration)
            let signals = SignalStream([SIGTERM, SIGINT])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in signals.numbers { worker.stop(within: .zero) } }
                try await worker.run()
                group.cancelAll()
            }
        }
    }
}

/// The same content for every tool, about 185 bytes.
struct Letter: Codable, Sendable {
    var number: Int
    /// `CLOCK_MONOTONIC` just before enqueueing, in ns.
    var sent: Int
    var sleepMs: Int
    var address = "somebody@example.org"
    var text = "Dear customer, your order has left our house and should reach you on one of the next days."

    init(_ number: Int, sleepMs: Int) { (self.number, sent, self.sleepMs) = (1_000_000 + number, monotonic(), sleepMs) }

    private enum CodingKeys: String, CodingKey {
        case number, sent, address, text
        case sleepMs = "sleep_ms"
    }
}

/// A job whose payload is the letter itself.
protocol Delivery: Job {
    var letter: Letter { get }
    init(_ letter: Letter)
}

extension Delivery {
    init(from decoder: any Decoder) throws { self.init(try Letter(from: decoder)) }
    func encode(to encoder: any Encoder) throws { try letter.encode(to: encoder) }
}

struct Mark: Delivery {
    static let name = "peer.noop"
    let letter: Letter
    init(_ letter: Letter) { self.letter = letter }
}

struct Nap: Delivery {
    static let name = "peer.sleep"
    let letter: Letter
    init(_ letter: Letter) { self.letter = letter }
}

struct Ping: Delivery {
    static let name = "peer.latency"
    let letter: Letter
    init(_ letter: Letter) { self.letter = letter }
}

/// The file that tells the harness how far a tool is: one system call for each run, as in all drivers.
struct Marks: Sendable {
    private let file: Int32

    init() throws {
        let path = ProcessInfo.processInfo.environment["PEER_MARKS"] ?? ""
        file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { throw ValidationError("PEER_MARKS: cannot open \(path)") }
    }

    func add(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            guard write(file, bytes.baseAddress, bytes.count) == bytes.count else { fatalError("cannot write a mark") }
        }
    }
}

/// The clock of the machine since it started, ns. All processes see the same.
func monotonic() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}
