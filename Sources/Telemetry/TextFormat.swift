/// The text format 0.0.4 of Prometheus, which everything that collects metrics reads.
package enum TextFormat {
    /// For the header `Content-Type`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Families and their series in the order of their names, so that two scrapes can be compared.
    package static func text(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families.sorted(by: { $0.name < $1.name }) { write(family, to: &text) }
        return text
    }

    private static func write(_ family: MetricFamily, to text: inout String) {
        if family.series.isEmpty { return }
        text += "# HELP \(family.name) \(MetricText.escaped(family.help, limit: 400))\n"
        text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
        for series in family.series.sorted(by: { $0.labels < $1.labels }) {
            switch series.value {
            case .number(let number): line(family.name, series.labels, MetricText.number(number), &text)
            case .histogram(let bounds, let counts, let sum):
                var count = 0
                for (bound, more) in zip(bounds + [.infinity], counts) {
                    count &+= more
                    line(
                        family.name + "_bucket", series.labels.adding("le", MetricText.number(bound)), "\(count)", &text
                    )
                }
                line(family.name + "_sum", series.labels, MetricText.number(sum), &text)
                line(family.name + "_count", series.labels, "\(count)", &text)
            }
        }
    }

    private static func line(_ name: String, _ labels: Labels, _ value: String, _ text: inout String) {
        text += labels.text.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels.text)} \(value)\n"
    }
}
