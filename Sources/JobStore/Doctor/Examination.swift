package import JobModel
package import Redis

/// Everything that was collected of a server, its queues and what is to work with them: facts without opinions. What could
/// not be seen says why.
package struct Examination: Sendable {
    package typealias Seen<Value> = Result<Value, StoreError>

    package var redis: RedisConfiguration
    package var server: Seen<ServerFacts>
    /// Of `CONFIG GET`, by name.
    package var settings: Seen<[String: String]>
    package var clock: Seen<ClockReading>
    /// The rights that are missing. Asked by a script, so a failure says that scripts do not run.
    package var missingRights: Seen<[Right]>
    /// How many scripts of the queue can be loaded.
    package var loadedScripts: Seen<Int>
    package var queues: Seen<[Queue]>
    package var plan: WorkPlan

    /// One queue.
    package struct Queue: Sendable {
        package var name: QueueName
        /// In the register. A queue that other programs filled is in none before its first worker.
        package var isKnown: Bool
        package var snapshot: Seen<QueueSnapshot>
        /// Bytes of its largest key, the envelopes; about.
        package var jobBytes: Seen<Int>
    }

    /// Who is logged in.
    var user: String { redis.username ?? "default" }
}

/// What is to run on this machine.
package struct WorkPlan: Sendable, Equatable {
    /// Worker processes under a supervisor; 0: one without.
    package var processes: Int
    /// How workers name this machine.
    package var host: String

    package init(processes: Int, host: String) {
        self.processes = processes
        self.host = host
    }

    /// Each worker has one connection for its calls and one to wait; a supervisor has one, and may have two more processes
    /// for jobs that have to run alone.
    package var connections: Int { processes == 0 ? 2 : (processes + 2) * 2 + 1 }
}

/// How far the clock of Redis is from the clock here.
package struct ClockReading: Sendable, Equatable {
    /// Redis' clock minus ours, ms, as if it was read in the middle of the round trip.
    package var offset: Int
    package var roundTrip: Int

    /// From our times around the call and Redis' time in between, all in ms since 1970.
    package init(before: Int, server: Int, after: Int) {
        roundTrip = max(0, after - before)
        offset = server - (before + roundTrip / 2)
    }

    /// At least so far off, in one direction, ms.
    var certainOffset: Int { max(0, abs(offset) - (roundTrip + 1) / 2) }
}
