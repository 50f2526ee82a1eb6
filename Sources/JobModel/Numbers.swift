/// The numbers that order and fence jobs. Every one stays an exact integer below 2^53, because a sorted-set score is a
/// double.

/// When a job may be claimed among the others of its queue: 0 is first, 9 is last.
public struct Priority: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let value: Int

    /// `nil` outside 0…9.
    public init?(_ value: Int) {
        guard (0...9).contains(value) else { return nil }
        self.value = value
    }

    private init(known value: Int) { self.value = value }

    /// 5, in the middle.
    public static let normal = Priority(known: 5)
    /// 0, claimed before everything else.
    public static let first = Priority(known: 0)
    /// 9, claimed when nothing else waits.
    public static let last = Priority(known: 9)

    public var description: String { "\(value)" }
    public static func < (a: Self, b: Self) -> Bool { a.value < b.value }
}

/// One membership of a worker in a queue: a random number of 25 bits, drawn anew for each, never stored by the worker.
package struct Incarnation: Hashable, Sendable {
    package let number: Int

    package static let range = 1..<(1 << 25)

    /// `number` is in `range`.
    package init(_ number: Int) { self.number = number }

    package static func random(using generator: inout some RandomNumberGenerator) -> Incarnation {
        Incarnation(Int.random(in: range, using: &generator))
    }

    package static func random() -> Incarnation {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// The token of claim number `claim`: the proof of ownership of each job that this claim returns.
    package func token(claim: Int) -> Token { Token(number << Token.claimBits | claim) }

    /// The tokens of all claims of this incarnation, which are the scores of all jobs it holds.
    package var tokens: ClosedRange<Int> { (number << Token.claimBits)...((number + 1) << Token.claimBits - 1) }
}

/// The proof that a run owns its job: incarnation × 2^28 + claim number. Equality decides, never time.
package struct Token: Hashable, Sendable {
    package static let claimBits = 28
    /// The last claim number; at half of it a worker joins anew, so it is never reached.
    package static let lastClaim = 1 << claimBits - 1

    package let number: Int
    package init(_ number: Int) { self.number = number }

    package var incarnation: Incarnation { Incarnation(number >> Token.claimBits) }
    package var claim: Int { number & Token.lastClaim }
}

/// When something is to happen, as the scripts take it: by Redis' clock unless the caller gave a moment himself.
package enum Due: Hashable, Sendable {
    case now
    /// After so many ms on Redis' clock. At least 1.
    case after(ms: Int)
    /// At so many ms since 1970.
    case at(ms: Int)

    /// The latest moment, ms since 1970 (about the year 30490): ten times it is still an exact double.
    package static let latest = 900_000_000_000_000

    /// 0 is now, negative is a delay, positive is a moment.
    package var wire: Int {
        switch self {
        case .now: 0
        case .after(let ms): -max(1, ms)
        case .at(let ms): max(1, ms)
        }
    }
}
