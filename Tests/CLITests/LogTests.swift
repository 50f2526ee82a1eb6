import Foundation
import Logging
import Testing

@testable import JobQueueCLI

@Suite struct LogTests {
    private func line(_ message: String, _ metadata: Logger.Metadata = [:]) throws -> (text: String, [String: Any]) {
        let event = LogEvent(
            level: .warning, message: "\(message)", metadata: metadata, source: "", file: "", function: "", line: 0)
        let text = JSONLogHandler().line(event)
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return (text, try #require(object))
    }

    @Test func `a line is one JSON object with time, level, message and process`() throws {
        let (text, object) = try line("hello", ["job_id": "a", "attempt": .stringConvertible(3)])
        #expect(text.hasPrefix("{\"ts\":\"2"))
        #expect(object["level"] as? String == "warning")
        #expect(object["msg"] as? String == "hello")
        #expect(object["pid"] as? Int == Int(ProcessInfo.processInfo.processIdentifier))
        #expect(object["job_id"] as? String == "a")
        #expect(object["attempt"] as? Int == 3)
        #expect(object.keys.contains("version") && object.keys.contains("host"))
    }

    @Test(arguments: ["a\nb", "\u{1B}[31m", "\u{9B}31m", "\u{202E}abc", "\"}{\"", "\\", "\u{0}", "\u{7F}"])
    func `hostile text stays inside its string and moves no cursor`(hostile: String) throws {
        let (text, object) = try line(hostile, ["error": "\(hostile)", "\(hostile)": "x"])
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) })
        #expect(!text.unicodeScalars.contains("\u{202E}"))
        #expect(object["msg"] as? String == hostile)
        #expect(object["error"] as? String == hostile)
        #expect(object[hostile] as? String == "x")
    }

    @Test func `a field of a handler's own does not pass for one of the line's`() throws {
        let (_, object) = try line("hello", ["level": "debug", "msg": "forged", "ts": "0"])
        #expect(object["level"] as? String == "warning")
        #expect(object["msg"] as? String == "hello")
        #expect(object["msg_"] as? String == "forged")
    }

    @Test func `lists and maps stay what they are, and long texts are cut`() throws {
        let (_, object) = try line(
            "x",
            [
                "list": ["a", .stringConvertible(1)], "map": ["k": ["l": "v"]],
                "long": "\(String(repeating: "y", count: 9999))",
            ])
        #expect(object["list"] as? [AnyHashable] == ["a", 1])
        #expect((object["map"] as? [String: [String: String]])?["k"] == ["l": "v"])
        #expect((object["long"] as? String)?.count == 4097)
    }
}
