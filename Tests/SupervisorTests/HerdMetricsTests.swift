import CoreMetrics
import JobQueueSupervisor
import JobQueueWorker
import Logging
import Telemetry
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct HerdMetricsTests {
    /// One worker process.
    private struct Process {
        let board: Board
        let metrics = PrometheusMetrics()

        init() throws { board = try #require(Board(slots: 2)) }

        func count(_ jobs: Int) {
            Counter(label: "jobs", factory: metrics).increment(by: jobs)
            Meter(label: "slots", factory: metrics).set(2)
            tell()
        }

        func tell() { MetricsTeller(metrics, board, logger: Logger(label: "")).tell() }
    }

    private func scrape(_ herd: HerdMetrics) throws -> Scrape { try Scrape(TextFormat.text(herd.families)) }

    @Test func `processes are added up, and what ended ones counted is kept`() throws {
        let herd = HerdMetrics()
        let (one, two) = (try Process(), try Process())
        herd.began(0, one.board)
        herd.began(1, two.board)
        #expect(try scrape(herd).values.isEmpty, "nobody has told anything")
        one.count(3)
        two.count(4)
        #expect(try scrape(herd)["jobs_total"] == 7)
        #expect(try scrape(herd)["slots"] == 4)
        one.count(10)
        herd.ended(0)
        #expect(try scrape(herd)["jobs_total"] == 17, "its last words count")
        #expect(try scrape(herd)["slots"] == 2, "but it has no slots any more")
        // In its place another one begins at zero: a sum never goes down.
        let three = try Process()
        herd.began(0, three.board)
        three.count(1)
        #expect(try scrape(herd)["jobs_total"] == 18)
        herd.ended(0)
        herd.ended(0)
        #expect(try scrape(herd)["jobs_total"] == 18)
    }

    @Test func `what is told during work is told once more at the end`() async throws {
        let herd = HerdMetrics()
        let process = try Process()
        herd.began(0, process.board)
        let counter = Counter(label: "jobs", factory: process.metrics)
        try await MetricsTeller(process.metrics, process.board, logger: Logger(label: "")).run {
            try await eventually {
                herd.families.count
            } is: {
                $0 == 1
            }
            counter.increment(by: 5)
        }
        #expect(try scrape(herd)["jobs_total"] == 5)
    }

    @Test func `a page that is read while it is written is of one piece`() async throws {
        let board = try #require(Board(slots: 3))
        #expect(board.published == nil)
        await withDiscardingTaskGroup { group in
            group.addTask {
                for number in 0..<2000 {
                    _ = board.publish(Array(repeating: UInt8(number % 251), count: 1000 + number))
                }
            }
            for _ in 0..<2000 {
                guard let page = board.published else { continue }
                #expect(page.allSatisfy { $0 == page[0] } && page.count % 251 == (1000 + Int(page[0])) % 251)
            }
        }
        #expect(board.published?.count == 2999)
    }

    @Test func `what is too long is not told, and what was told before stays`() throws {
        let board = try #require(Board(slots: 1))
        #expect(board.publish([1, 2, 3]))
        #expect(!board.publish(Array(repeating: 0, count: Board.pageLimit + 1)))
        #expect(board.published == [1, 2, 3])
    }
}
