import Foundation
import JobModel

/// Repeatable random numbers (SplitMix64); `SEED` in the environment repeats a run.
struct Seed: RandomNumberGenerator {
    let value: UInt64
    private var state: UInt64

    init(_ test: String = #function) {
        let given = ProcessInfo.processInfo.environment["SEED"].flatMap { UInt64($0) }
        value = given ?? UInt64.random(in: 1...UInt64(UInt32.max))
        state = value
        print("seed: \(value) (\(test))")
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }
func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

/// Hands the bytes of a text to a function that reads a buffer.
func with<T>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> T) -> T {
    Array(text.utf8).withUnsafeBufferPointer(body)
}

/// Texts that are awkward to store: quotes, escapes, controls, other scripts, everything that changes direction.
let awkwardTexts = [
    "", "a", "\"", "\\", "\"\\\"", "/", "\0", "\u{1}\u{1F}\u{7F}", "\n\r\t\u{8}\u{C}", "é", "日本語", "👩‍👩‍👧", "\u{10FFFF}",
    "\u{FFFD}", "\u{202E}abc", "{\"a\":1}", "\\u0041", "\u{2028}\u{2029}", String(repeating: "x", count: 10_000),
    "e\u{301}",
]
