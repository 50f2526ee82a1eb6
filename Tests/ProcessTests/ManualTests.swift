import Foundation
import ProcessSupport
import TestSupport
import Testing

extension ProcessTests {
    /// Manual pages, made by `scripts/man` from what the program says of itself.
    @Suite(.timeLimit(.minutes(1))) struct ManualTests {
        /// What `--experimental-dump-help` says, as far as it matters here.
        private struct Help: Decodable {
            var command: Command
        }

        private struct Command: Decodable {
            struct Name: Decodable {
                var kind, name: String
            }
            struct Argument: Decodable {
                var names: [Name]?
                var valueName: String
                var shouldDisplay: Bool
            }
            var commandName: String
            var arguments: [Argument]
            var subcommands: [Command]?

            /// With the words that lead to it, but for `help`.
            func all(_ path: [String] = []) -> [(path: [String], command: Command)] {
                if commandName == "help" { return [] }
                let path = path + [commandName]
                return [(path, self)] + (subcommands ?? []).flatMap { $0.all(path) }
            }
        }

        private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../scripts/man").standardizedFileURL

        @Test func `every command has a page with all that it takes, and every page is one of a command`() async throws
        {
            let program = Child.products.appending(path: "queue-worker").path
            let folder = FileManager.default.temporaryDirectory.appending(path: "man-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let made = try await Program.run(
                ["python3", Self.script.path, "--program", program, folder.path], errors: .output)
            #expect(made.status == 0, "\(made.output)")
            let dump = try await Program.run([program, "--experimental-dump-help"])
            let help = try JSONDecoder().decode(Help.self, from: Data(dump.output.utf8))

            let commands = help.command.all()
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(Set(files) == Set(commands.map { "\($0.path.joined(separator: "-")).1" }))
            for (path, command) in commands {
                let file = folder.appending(path: "\(path.joined(separator: "-")).1")
                let page = try String(contentsOf: file, encoding: .utf8)
                for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT STATUS\""] {
                    #expect(page.contains("\n.SH \(section)\n"), "\(path) \(section)")
                }
                #expect(page.contains(".B \(path.joined(separator: " "))".replacing("-", with: #"\-"#)), "\(path)")
                #expect(page.contains(#"\fB78\fR"#) && page.contains(#"\fB130\fR"#), "\(path) has no exit codes")
                for argument in command.arguments where argument.shouldDisplay {
                    let spelled = (argument.names ?? []).map { ($0.kind == "long" ? "--" : "-") + $0.name }
                    for word in spelled.isEmpty ? [argument.valueName] : spelled {
                        let tag = (spelled.isEmpty ? #"\fI"# : #"\fB"#) + word.replacing("-", with: #"\-"#) + #"\fR"#
                        #expect(page.contains(tag), "\(path) \(word)")
                    }
                }
            }
        }

        /// Only where there is a formatter.
        @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/groff")))
        func `pages are read without a complaint, and examples keep their lines`() async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "man-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let program = Child.products.appending(path: "queue-worker").path
            _ = try await Program.run(["python3", Self.script.path, "--program", program, folder.path])
            let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            #expect(files.count > 40)
            let all = files.map(\.path)
            let complaints = try await Program.run(["groff", "-man", "-ww", "-k", "-z"] + all, errors: .output)
            #expect(complaints.status == 0 && complaints.output.isEmpty, "\(complaints.output)")
            let page = try await Program.run(
                ["groff", "-man", "-k", "-Tascii", folder.appending(path: "queue-worker-info.1").path])
            #expect(page.output.contains("queue-worker info mail -i 2         one queue, again every 2 seconds\n"))
        }
    }
}
