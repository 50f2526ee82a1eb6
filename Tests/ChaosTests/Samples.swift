import Foundation
import JobStore
import ProcessSupport
import Redis
import TestSupport

/// What a supervisor and its processes take, looked at from time to time.
struct Samples {
    /// What is measured, and how much more of it the last third may have than the middle one.
    enum Kind: String, CaseIterable {
        case connections, descriptors, threads, memory

        func slack(_ middle: Int, isLong: Bool) -> Int {
            switch self {
            case .connections: 0
            // Handlers that are children come and go.
            case .descriptors: 6
            case .threads: 2
            // KiB. A process is not warm after some seconds.
            case .memory: isLong ? max(2048, middle / 20) : max(12_288, middle / 4)
            }
        }
    }

    struct Series {
        var whose: String
        var kind: Kind
        var values: [Int] = []
        var middle: Int { Self.median(values[(values.count / 3)..<(values.count * 2 / 3)]) }
        var last: Int { Self.median(values[(values.count * 2 / 3)...]) }

        private static func median(_ values: ArraySlice<Int>) -> Int {
            values.isEmpty ? 0 : values.sorted()[values.count / 2]
        }
    }

    private let site: Site
    private let processes: [(whose: String, pid: pid_t)]
    private(set) var series: [Series]

    init(_ site: Site, supervisor: pid_t) {
        self.site = site
        processes =
            [("supervisor", supervisor)]
            + Processes.children(of: supervisor).sorted().enumerated().map { ("process \($0)", $1) }
        series =
            [Series(whose: "redis", kind: .connections)]
            + processes.flatMap { process in
                [Kind.descriptors, .threads, .memory].map { Series(whose: process.whose, kind: $0) }
            }
    }

    mutating func take() async throws {
        let clients = try await site.store.client.send(Command("CLIENT", "LIST")).string()
        var values = [clients.split(whereSeparator: \.isNewline).count]
        for (_, pid) in processes {
            let (threads, memory) = Processes.size(of: pid)
            values += [Processes.descriptors(of: pid), threads, memory]
        }
        for (place, value) in values.enumerated() { series[place].values.append(value) }
    }

    /// What has grown, in words; empty when nothing has.
    func growth(isLong: Bool) -> [String] {
        series.compactMap { series in
            let limit = series.middle + series.kind.slack(series.middle, isLong: isLong)
            guard series.last > limit || series.last == 0 else { return nil }
            return "\(series.kind) of \(series.whose): \(series.middle) in the middle third, \(series.last) in the last"
        }
    }

    var table: String {
        func row(_ words: [String]) -> String {
            words.enumerated().map { column, word in
                let space = String(repeating: " ", count: max(0, (column < 2 ? 12 : 9) - word.count))
                return column < 2 ? word + space : space + word
            }.joined(separator: " ")
        }
        let rows = series.map { series in
            row(
                [series.whose, series.kind.rawValue]
                    + [series.values.first ?? 0, series.middle, series.last, series.values.max() ?? 0].map(String.init))
        }
        let count = "\(series[0].values.count) samples; memory in KiB"
        return ([count, row(["", "", "first", "middle", "last", "most"])] + rows).joined(separator: "\n")
    }
}
