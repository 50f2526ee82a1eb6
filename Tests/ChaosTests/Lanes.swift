import Foundation
import Testing

/// Faults while work is done, in lanes side by side: one takes all the time of the processors that it can get, the others
/// mostly wait. Within a lane one after the other.
@Suite(.serialized)
enum LoadTests {}

/// A lane that mostly waits.
@Suite(.serialized)
enum WaitTests {}

/// Another one: time itself, or a disk, stands still or jumps.
@Suite(.serialized)
enum TimeTests {}

/// How long or how often, by a variable of the environment: `make test` has short forms, `make chaos` and `make soak` long.
func number(_ variable: String, otherwise number: Int) -> Int {
    ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? number
}
