import Foundation
import TestSupport
import Testing

@testable import TerminalDashboard

/// Each view with each kind of data at seven sizes, compared with the pictures in `Golden`, which people have looked at.
@Suite(.timeLimit(.minutes(2))) struct GoldenTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    private static let sizes = [
        Extent(1, 1), Extent(20, 5), Extent(60, 20), Extent(80, 24), Extent(100, 36), Extent(200, 60), Extent(300, 100),
    ]

    @Test(arguments: Samples.screens, Sample.allCases)
    func `a view looks as it did when somebody looked at it`(screen: Screen, sample: Sample) throws {
        let file = Self.folder.appending(path: "\(screen.word)-\(sample.rawValue).txt")
        let text = Self.sizes.map { size in
            picture(DashState(screen, sample, size: size).layout(), "\(size.width)x\(size.height)")
        }.joined()
        try compare(text, file)
    }

    @Test func `with ASCII only and without colour everything is told too`() throws {
        let state = DashState(.overview, .data, size: Extent(80, 24), ascii: true)
        let frame = state.layout()
        #expect(frame.lines.joined().utf8.allSatisfy { $0 < 0x80 })
        try compare(picture(frame, "80x24"), Self.folder.appending(path: "overview-ascii.txt"))
    }

    private func picture(_ frame: Frame, _ title: String) -> String {
        "== \(title)\n" + frame.lines.joined(separator: "\n") + "\n"
    }

    private func compare(_ text: String, _ file: URL) throws {
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            return try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOf: file, encoding: .utf8)
        let (is_, was) = (
            text.split(separator: "\n", omittingEmptySubsequences: false),
            golden.split(separator: "\n", omittingEmptySubsequences: false)
        )
        let different = zip(is_, was).enumerated().first { $0.element.0 != $0.element.1 }
        #expect(
            text == golden,
            """
            \(file.lastPathComponent):\((different?.offset ?? 0) + 1)
            is:  \(different?.element.0 ?? "")
            was: \(different?.element.1 ?? "")
            If it is better so: UPDATE_GOLDEN=1, and look at the difference.
            """)
    }
}

extension Screen {
    /// For names of files.
    var word: String {
        switch self {
        case .group: "group"
        case .job: "job"
        default: title.lowercased()
        }
    }
}
