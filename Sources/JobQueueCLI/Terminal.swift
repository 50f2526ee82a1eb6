import ArgumentParser
import Foundation
import TerminalDashboard

/// What standard output can show.
enum Terminal {
    /// Columns of the terminal; nil when there is none, and nothing to fit into.
    static var width: Int? { isatty(STDOUT_FILENO) == 1 ? width(ProcessInfo.processInfo.environment) : nil }

    /// When to colour; `auto` asks the environment and the terminal.
    enum Colour: String, CaseIterable, ExpressibleByArgument { case auto, always, never }

    static var style: PageStyle { style() }

    static func style(_ colour: Colour = .auto, ascii: Bool = false) -> PageStyle {
        let environment = ProcessInfo.processInfo.environment
        var style = style(environment, isTerminal: isatty(STDOUT_FILENO) == 1, colour)
        style.width = width(environment)
        if ascii { style.hasUnicode = false }
        return style
    }

    /// What the environment asks for, and the terminal is able to. An empty variable is none.
    static func style(_ environment: [String: String], isTerminal: Bool, _ colour: Colour = .auto) -> PageStyle {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let isForced = value("CLICOLOR_FORCE").map { $0 != "0" } ?? false
        let hasColour =
            switch colour {
            case .always: true
            case .never: false
            case .auto: value("NO_COLOR") == nil && (isForced || isTerminal && value("TERM") != "dumb")
            }
        let locale = value("LC_ALL") ?? value("LC_CTYPE") ?? value("LANG") ?? ""
        let hasUnicode = !isTerminal || locale.lowercased().replacing("-", with: "").contains("utf8")
        return PageStyle(hasColour: hasColour, hasUnicode: hasUnicode)
    }

    /// What can move the cursor back to where a page began.
    static var canRepaint: Bool {
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    /// Where there is no terminal nothing is cut: a program reads it.
    static var listStyle: PageStyle {
        var style = style
        if isatty(STDOUT_FILENO) != 1 { style.width = .max }
        return style
    }

    private static func width(_ environment: [String: String]) -> Int {
        if let columns = environment["COLUMNS"].flatMap({ Int($0) }), columns > 0 { return columns }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
