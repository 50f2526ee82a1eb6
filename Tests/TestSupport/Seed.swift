import Foundation

/// The random numbers of a test: from `SEED` in the environment or drawn anew, and printed, so that a failing run can be
/// repeated.
package struct Seed: RandomNumberGenerator, Sendable {
    package let value: UInt64
    private var state: UInt64

    package init(_ test: String = #function) {
        let given = ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) }
        self.init(value: given ?? UInt64.random(in: 1...UInt64(UInt32.max)))
        print("seed: \(value) (\(test))")
    }

    package init(value: UInt64) {
        self.value = value
        state = value
    }

    /// SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
