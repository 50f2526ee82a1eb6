import Foundation

@testable import JobStore

/// A script's file taken apart, together with the shared parts it uses.
struct ScriptFile {
    struct DeclaredKey {
        var number: Int
        var key: Key
        var type: String
        var meaning: String
    }

    struct Argument {
        var number: Int
        /// `ARGV[4…]`: this one and all that follow.
        var isRest: Bool
    }

    struct Call {
        var name: String
        /// The variable in the key's place.
        var key: String
    }

    let lines: [String]
    let header: [String]
    /// Lines of the script and its shared parts without comments.
    let code: [String]
    let words: Set<String>
    let commands: [Call]

    private static let all = StoreScript.allCases.map(ScriptFile.init(reading:))

    init(_ script: StoreScript) { self = Self.all[script.rawValue] }

    private init(reading script: StoreScript) {
        lines = script.file.components(separatedBy: "\n")
        header = Array(lines.dropFirst().prefix { $0.hasPrefix("--") })
        let uses = header.last ?? ""
        var parts = [script.file, Self.text(PackageResources.common_lua)]
        if uses.contains("admit") { parts.append(Self.text(PackageResources.admit_lua)) }
        if uses.contains("causes") { parts.append(Self.text(PackageResources.causes_lua)) }
        if uses.contains("clock") { parts.append(Self.text(PackageResources.clock_lua)) }
        if uses.contains("sample") { parts.append(Self.text(PackageResources.sample_lua)) }
        if uses.contains("find") { parts.append(Self.text(PackageResources.find_lua)) }
        if uses.contains("tell") { parts.append(Self.text(PackageResources.tell_lua)) }
        let text = parts.joined(separator: "\n")
        code = text.components(separatedBy: "\n").map(Self.withoutComment).filter { !$0.isEmpty }
        words = Self.words(of: code)
        commands = Self.commands(in: code)
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func withoutComment(_ line: String) -> String {
        line.hasPrefix("#!") ? "" : line.components(separatedBy: "--")[0].trimmingCharacters(in: .whitespaces)
    }

    var keys: [DeclaredKey] {
        header.compactMap { line in
            guard let match = line.wholeMatch(of: #/-- KEYS\[(\d+)\] +([a-z-]+) +([A-Z]+) +(.+)/#),
                let key = Key(rawValue: String(match.2))
            else { return nil }
            return DeclaredKey(number: Int(match.1)!, key: key, type: String(match.3), meaning: String(match.4))
        }
    }

    var arguments: [Argument] {
        header.flatMap { line -> [Argument] in
            guard let match = line.prefixMatch(of: #/-- ARGV\[(\d+)(…(\d+)?)?\]/#) else { return [] }
            let first = Int(match.1)!
            guard let rest = match.2 else { return [Argument(number: first, isRest: false)] }
            guard let last = match.3.flatMap({ Int($0) }) else {
                return [Argument(number: first, isRest: !rest.isEmpty)]
            }
            return (first...last).map { Argument(number: $0, isRest: false) }
        }
    }

    /// The numbers in `ARGV[n]`; a range `ARGV[4 + g]` counts with every number up to where the rest begins.
    var usedArguments: Set<Int> {
        var used: Set<Int> = []
        for line in code {
            for match in line.matches(of: #/ARGV\[(\d+)\]/#) { used.insert(Int(match.1)!) }
            for match in line.matches(of: #/ARGV\[(\d+) \+ g\]/#) { used.formUnion((1...6).map { Int(match.1)! + $0 }) }
        }
        return used
    }

    /// Every word that is no text, no field of a table and no command.
    private static func words(of code: [String]) -> Set<String> {
        var words: Set<String> = []
        for line in code {
            // What stands between quotes is at the odd places.
            for (index, plain) in line.split(separator: "'", omittingEmptySubsequences: false).enumerated()
            where index.isMultiple(of: 2) {
                let parts = plain.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
                for part in parts { words.insert(String(part.prefix { $0 != "." })) }
            }
        }
        return words
    }

    /// Keys up to this one are used by a loop over `KEYS[k]`.
    var loopedKeys: Int {
        guard code.contains(where: { $0.contains("KEYS[k]") }) else { return 0 }
        return code.compactMap { $0.firstMatch(of: #/for k = 1, (\d+) do/#).flatMap { Int($0.1) } }.first ?? 0
    }

    private static func commands(in code: [String]) -> [Call] {
        code.flatMap { line in
            line.matches(of: #/redis\.p?call\('([A-Z]+)'(, ([a-z_]+))?/#).map {
                Call(name: String($0.1), key: $0.3.map(String.init) ?? "")
            }
        }
    }
}

extension Key {
    /// What scripts call it.
    var variable: String { rawValue.replacing("-", with: "_") }
}

/// The slot of a key in a cluster: CRC16 (XMODEM) of what stands between the first braces, if anything does.
func slot(of key: String) -> Int {
    let bytes = Array(key.utf8)
    if let open = bytes.firstIndex(of: UInt8(ascii: "{")),
        let close = bytes[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
    {
        return crc16(bytes[(open + 1)..<close]) % 16384
    }
    return crc16(bytes) % 16384
}

func crc16(_ bytes: some Sequence<UInt8>) -> Int {
    var crc: UInt16 = 0
    for byte in bytes {
        crc ^= UInt16(byte) << 8
        for _ in 0..<8 { crc = crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
    }
    return Int(crc)
}
