import Foundation
import JobModel
import Testing

/// The scanner against the parser of Foundation, on documents that are almost right.
@Suite(.timeLimit(.minutes(1))) struct JSONMutationTests {
    private static let documents = [
        #"{"name":"email.send","created_ms":1763700000000,"timeout_ms":30000,"payload":{"to":"a@example.org","n":[1,2.5,-3e2]}}"#,
        #"[null,true,false,0,-1,1.5,"a\n\u0041",[],{},{"a":{"b":[[]]}}]"#,
        #" { "a" : [ 1 , 2 ] , "b" : "\"\\\/" } "#,
    ]
    private static let alphabet =
        Array(#"{}[],:"\ 0123456789.-+eEtrufalsn/xb"#.utf8) + [0x09, 0x0A, 0x00, 0x1F, 0x80, 0xC3, 0xA9]

    private func mutate(_ document: String, _ seed: inout Seed) -> [UInt8] {
        var bytes = Array(document.utf8)
        for _ in 0..<Int.random(in: 1...3, using: &seed) {
            let at = Int.random(in: 0..<bytes.count, using: &seed)
            switch Int.random(in: 0..<5, using: &seed) {
            case 0: bytes.remove(at: at)
            case 1: bytes.insert(Self.alphabet.randomElement(using: &seed)!, at: at)
            case 2: bytes[at] = Self.alphabet.randomElement(using: &seed)!
            case 3: bytes.swapAt(at, Int.random(in: 0..<bytes.count, using: &seed))
            default: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...8, using: &seed)))
            }
            if bytes.isEmpty { bytes = [0x20] }
        }
        return bytes
    }

    /// Where Foundation is known to differ from RFC 8259: it takes a NUL for the mark of UTF-16, lets a comma stand before
    /// a closing bracket, and refuses escapes of half a surrogate pair and numbers that fit no type of its own.
    private func isComparable(_ bytes: [UInt8]) -> Bool {
        let json = String(decoding: bytes, as: UTF8.self)
        return !bytes.contains(0) && json.firstMatch(of: #/,[ \t\r\n]*[\]}]/#) == nil
            && json.firstMatch(of: #/\\u[dD][89a-fA-F]/#) == nil
            && json.firstMatch(of: #/[eE][+-]?\d\d/#) == nil && json.firstMatch(of: #/\d{17}/#) == nil
    }

    @Test func `thousands of mutations are judged alike`() {
        var seed = Seed()
        var accepted = 0
        var compared = 0
        for _ in 0..<6000 {
            let bytes = mutate(Self.documents.randomElement(using: &seed)!, &seed)
            guard isComparable(bytes) else { continue }
            compared += 1
            let ours = (try? JSONScanner.validate(bytes)) != nil
            let theirs = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
            #expect(ours == theirs, "seed \(seed.value): \(text(bytes))")
            if ours { accepted += 1 }
        }
        #expect(compared > 4000)
        #expect(accepted > 200)
    }

    @Test func `no mutation of an envelope crashes, and what is read is written and read again`() {
        var seed = Seed()
        var read = 0
        for _ in 0..<6000 {
            let bytes = mutate(Self.documents[0], &seed)
            _ = RunRecord(parsing: bytes[...])
            _ = ErrorEntry(parsing: bytes[...])
            _ = ResultRecord(parsing: bytes[...])
            guard let envelope = try? Envelope(parsing: bytes[...]) else { continue }
            read += 1
            #expect((try? Envelope(parsing: envelope.encoded()[...])) == envelope, "seed \(seed.value): \(text(bytes))")
        }
        #expect(read > 500)
    }
}
