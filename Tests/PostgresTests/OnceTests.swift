import JobQueueClient
import JobQueuePostgres
import JobQueueWorker
import Postgres
import TestSupport
import Testing

/// Effects in Postgres that happen once, however often their job runs.
@Suite(.timeLimit(.minutes(2))) struct OnceTests {
    @Test func `a run that fails behind its commit is not done again by the next`() async throws {
        let rig = try await OnceRig.make()
        let connection = try await rig.connect()
        let answers = Log<Int?>()
        try await rig.working(on: rig.enqueue()) { context in
            let answer = try await context.once(connection) {
                try await OnceRig.note("paid", connection)
                return context.attempt
            }
            answers.note(answer)
            if context.attempt < 3 { throw Mishap() }
        }
        #expect(answers.items == [1, nil, nil])
        #expect(try await rig.effects() == ["paid"])
    }

    @Test func `a run that is taken away behind its commit is not done again by the next`() async throws {
        let rig = try await OnceRig.make()
        let job = try await rig.enqueue()
        let done = Latch()
        let first = try rig.worker { context in
            let connection = try await rig.connect()
            try await context.once(connection) { try await OnceRig.note("first", connection) }
            done.open()
            try await Latch().pass()
        }
        async let run: Void = first.run()
        try await done.pass()
        first.stop(within: .zero)
        try await run
        try await rig.working(on: job) { context in
            #expect(context.attempt == 1 && context.generation == 0)
            let connection = try await rig.connect()
            let answer: Void? = try await context.once(connection) { try await OnceRig.note("second", connection) }
            #expect(answer == nil)
        }
        #expect(try await rig.effects() == ["first"])
    }

    @Test func `what a body did that throws is undone, and the next run does it`() async throws {
        let rig = try await OnceRig.make()
        try await rig.working(on: rig.enqueue()) { context in
            let connection = try await rig.connect()
            try await context.once(connection) {
                try await OnceRig.note("attempt \(context.attempt)", connection)
                if context.attempt < 3 { throw Mishap() }
            }
        }
        #expect(try await rig.effects() == ["attempt 3"])
    }

    @Test(arguments: [true, false])
    func `of two runs at once the second waits, and does what the first undid`(isUndone: Bool) async throws {
        let rig = try await OnceRig.make()
        try await rig.working(on: rig.enqueue()) { context in
            let (first, second, watcher) = (try await rig.connect(), try await rig.connect(), try await rig.connect())
            let (begun, go) = (Latch(), Latch())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try? await context.once(first) {
                        try await OnceRig.note("first", first)
                        begun.open()
                        try await go.pass()
                        if isUndone { throw Mishap() }
                    }
                }
                try await begun.pass()
                group.addTask { try await context.once(second) { try await OnceRig.note("second", second) } }
                try await eventually {
                    try await watcher.query(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                    ).int(0, 0)
                } is: {
                    $0 == 1
                }
                go.open()
                try await group.waitForAll()
            }
        }
        #expect(try await rig.effects() == [isUndone ? "second" : "first"])
    }

    @Test func `who requeues a job wants its effects again`() async throws {
        let rig = try await OnceRig.make()
        let job = try await rig.enqueue(attempts: 1)
        let work: @Sendable (JobContext) async throws -> Void = { context in
            let connection = try await rig.connect()
            try await context.once(connection) { try await OnceRig.note("life \(context.generation)", connection) }
            if context.generation == 0 { throw Mishap() }
        }
        try await rig.working(on: job, work)
        try await rig.requeue(job)
        try await rig.working(on: job, work)
        #expect(try await rig.effects() == ["life 0", "life 1"])
    }

    @Test func `inside of a transaction it is part of that`() async throws {
        let rig = try await OnceRig.make()
        try await rig.working(on: rig.enqueue()) { context in
            let connection = try await rig.connect()
            for round in 0..<3 {
                try? await connection.transaction { connection in
                    try await context.once(connection) { try await OnceRig.note("round \(round)", connection) }
                    if round == 0 { throw Mishap() }
                }
            }
        }
        #expect(try await rig.effects() == ["round 1"])
    }

    @Test func `another client's connection does it in the transaction that is open`() async throws {
        let rig = try await OnceRig.make()
        try await rig.working(on: rig.enqueue()) { context in
            let connection = try await rig.connect()
            let foreign = Foreign(connection: connection)
            for round in 0..<3 {
                try await connection.query("BEGIN")
                try await context.once(foreign) { try await OnceRig.note("round \(round)", connection) }
                try await connection.query(round == 0 ? "ROLLBACK" : "COMMIT")
            }
        }
        #expect(try await rig.effects() == ["round 1"])
    }

    @Test func `another client's connection without a transaction is found out before anything is done`() async throws {
        let rig = try await OnceRig.make()
        let connection = try await rig.connect()
        try await rig.working(on: rig.enqueue(attempts: 1)) { context in
            let error = await #expect(throws: JobQueueError.self) {
                try await context.once(Foreign(connection: connection)) {
                    try await OnceRig.note("never", connection)
                }
            }
            #expect(error?.code == .noTransaction)
        }
        #expect(try await rig.effects() == [])
        #expect(try await connection.query("SELECT count(*) FROM jobqueue.once_done").int(0, 0) == 0)
    }
}
