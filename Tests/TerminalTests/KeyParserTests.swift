import Testing

@testable import TerminalDashboard

/// Bytes become the same keys, wherever they are cut.
@Suite(.timeLimit(.minutes(3))) struct KeyParserTests {
    static let keys: [(bytes: String, key: Key)] = [
        ("a", .text("a")), ("Z", .text("Z")), (" ", .text(" ")), ("é", .text("é")), ("字", .text("字")),
        ("😀", .text("😀")),
        ("\r", .enter), ("\t", .tab), ("\u{7F}", .backspace), ("\u{8}", .backspace), ("\u{3}", .control("c")),
        ("\u{1A}", .control("z")), ("\u{C}", .control("l")),
        ("\u{1B}[A", .up), ("\u{1B}[B", .down), ("\u{1B}[C", .right), ("\u{1B}[D", .left), ("\u{1B}OA", .up),
        ("\u{1B}OB", .down), ("\u{1B}[5~", .pageUp), ("\u{1B}[6~", .pageDown), ("\u{1B}[H", .home), ("\u{1B}[F", .end),
        ("\u{1B}[1~", .home), ("\u{1B}[4~", .end), ("\u{1B}OH", .home), ("\u{1B}[3~", .delete), ("\u{1B}[Z", .backTab),
        ("\u{1B}OP", .function(1)), ("\u{1B}[11~", .function(1)), ("\u{1B}[[A", .function(1)),
        ("\u{1B}[17~", .function(6)),
        ("\u{1B}[1;5A", .up), ("\u{1B}[<64;10;20M", .wheel(-3)), ("\u{1B}[<65;10;20M", .wheel(3)),
        ("\u{1B}[<0;10;20M", .click(9, 19)), ("\u{1B}[<0;10;20m", .unknown),
        ("\u{1B}[200~D\r\u{1B}[Ax\u{1B}[201~", .paste("D[Ax")),
        ("\u{1B}x", .unknown), ("\u{1B}[99Q", .function(2)),
    ]

    @Test func `each key is known, cut at every byte`() {
        for (text, key) in Self.keys {
            let bytes = Array(text.utf8)
            for cut in 0...bytes.count {
                var parser = KeyParser()
                let keys = parser.feed(bytes[..<cut]) + parser.feed(bytes[cut...])
                #expect(keys == [key], "\(text.debugDescription) cut at \(cut)")
                #expect(!parser.isWaiting && parser.flush() == [])
            }
        }
    }

    @Test func `a stream of all keys gives all keys, byte by byte and at once`() {
        let bytes = Self.keys.flatMap { Array($0.bytes.utf8) }
        var (slow, fast) = (KeyParser(), KeyParser())
        let keys = Self.keys.map(\.key)
        #expect(bytes.flatMap { slow.feed([$0]) } == keys)
        #expect(fast.feed(bytes) == keys)
    }

    @Test func `Escape alone is Escape once nothing follows`() {
        var parser = KeyParser()
        #expect(parser.feed([0x1B]) == [] && parser.isWaiting)
        #expect(parser.flush() == [.escape] && !parser.isWaiting)
        #expect(parser.feed([0x1B, 0x1B]) == [.escape] && parser.flush() == [.escape])
        #expect(parser.feed(Array("\u{1B}[5".utf8)) == [] && parser.flush() == [.unknown])
        #expect(parser.feed(Array("j".utf8)) == [.text("j")])
    }

    @Test func `what is pasted is never a command, however late its end comes`() {
        var parser = KeyParser()
        #expect(parser.feed(Array("\u{1B}[200~DDDD".utf8)) == [])
        #expect(!parser.isWaiting && parser.flush() == [])
        #expect(parser.feed(Array("y\r\u{1B}[201~q".utf8)) == [.paste("DDDDy"), .text("q")])
        let much = parser.feed(Array("\u{1B}[200~".utf8) + Array(repeating: UInt8(ascii: "D"), count: 1 << 20))
        #expect(much == [])
        #expect(parser.feed(Array("\u{1B}[201~".utf8)).count == 1)
    }

    @Test func `no bytes break it, and none of them are kept for ever`() {
        var numbers = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var parser = KeyParser()
            let bytes = (0..<Int.random(in: 1...40, using: &numbers)).map { _ in
                Bool.random(using: &numbers)
                    ? UInt8.random(in: 0...255, using: &numbers)
                    : [0x1B, 0x5B, 0x3B, 0x4D, 0x3C][Int.random(in: 0..<5, using: &numbers)]
            }
            for key in parser.feed(bytes) + parser.flush() {
                if case .text(let character) = key {
                    for scalar in character.unicodeScalars {
                        #expect(scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value))
                    }
                }
            }
        }
    }
}
