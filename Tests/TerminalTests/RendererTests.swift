import Foundation
import TestSupport
import Testing

@testable import TerminalDashboard

/// The bytes make a terminal show the frame, however little of it is drawn.
@Suite(.timeLimit(.minutes(2))) struct RendererTests {
    /// Frames that follow each other as they would on a screen.
    private func frames() -> [Frame] {
        var state = DashState(.overview, .wide, size: Extent(80, 24))
        var frames: [Frame] = []
        for key in "jjk3]]] A5\t?q/画".map({ Key.text($0) }) + [.enter, .escape, .end, .home] {
            _ = state.reduce(.key(key))
            frames.append(state.layout())
        }
        return frames + [
            DashState(.dead, .data, size: Extent(80, 24)).layout(),
            DashState(.job(Samples.job), .wide, size: Extent(80, 24)).layout(),
        ]
    }

    @Test func `differences alone lead from each frame to the next`() {
        var renderer = Renderer(hasColour: true)
        var emulator = Emulator(size: Extent(80, 24))
        for (number, frame) in frames().enumerated() {
            emulator.take(renderer.draw(frame))
            #expect(emulator.cells.flatMap(\.self) == frame.cells, "frame \(number)")
            #expect(emulator.unknown == [])
        }
    }

    @Test func `nothing is written where nothing changed, and little where little did`() {
        var renderer = Renderer(hasColour: true)
        var state = DashState(.queues, .data, size: Extent(100, 36))
        let whole = renderer.draw(state.layout())
        #expect(renderer.draw(state.layout()) == [])
        _ = state.reduce(.key(.down))
        let step = renderer.draw(state.layout())
        #expect(!step.isEmpty && step.count < whole.count / 2)
        renderer.forget()
        #expect(renderer.draw(state.layout()).count >= whole.count - 200)
    }

    @Test func `without colour there is none`() {
        var renderer = Renderer(hasColour: false)
        let text = String(
            decoding: renderer.draw(DashState(.overview, .data, size: Extent(80, 24)).layout()), as: UTF8.self)
        #expect(!text.contains(/\[[0-9;]*3[0-7]m/))
        #expect(text.contains("[0;1m") && text.contains("7m"))
    }

    @Test func `only colours that people set up, and no background`() {
        var renderer = Renderer(hasColour: true)
        for frame in frames() {
            let text = String(decoding: renderer.draw(frame), as: UTF8.self)
            for match in text.matches(of: /\[([0-9;]+)m/) {
                for code in match.1.split(separator: ";").compactMap({ Int($0) }) {
                    #expect([0, 1, 2, 7].contains(code) || (31...36).contains(code), "SGR \(code)")
                }
            }
        }
    }

    private static let hasPyte = FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/pyte")

    @Test(.enabled(if: hasPyte, "install python3-pyte"))
    func `a terminal emulator of somebody else shows the same`() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "screen.py").path
        var renderer = Renderer(hasColour: true)
        var bytes: [UInt8] = []
        let frames = frames()
        for frame in frames { bytes += renderer.draw(frame) }
        let file = FileManager.default.temporaryDirectory.appending(path: "frames-\(UUID().uuidString)")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let program = try Program(["/usr/bin/python3", script, file.path, "80", "24"])
        program.waitForEnd()
        let shown = program.output
        #expect(
            shown.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
                == frames.last?.lines)
    }
}
