import Foundation
import Testing

/// The rules of the house, held against everything that lies in the repository.
@Suite(.timeLimit(.minutes(1))) struct ArchitectureTests {
    @Test func `arrows between modules run downwards only`() {
        let files = Repository.files(under: ["Sources", "worker", "dashboard"], named: ".swift")
        #expect(files.count > 50, "the files are where they are looked for")
        #expect(ModuleTable.violations(in: files) == [])
    }

    @Test func `each module is there, and no arrow of the table runs upwards`() {
        let order = ModuleTable.house.map(\.module)
        for (position, entry) in ModuleTable.house.enumerated() {
            #expect(!Repository.files(under: [entry.folder], named: ".swift").isEmpty, "\(entry.folder)")
            for upper in order[...position] { #expect(!entry.imports.contains(upper), "\(entry.module) uses \(upper)") }
        }
    }

    @Test func `files and functions are short enough to be read`() {
        #expect(Repository.swift.count > 100)
        for file in Repository.swift { #expect(Rules.tooLong(file) + Rules.longFunctions(file) == []) }
    }

    @Test func `every task has somebody who waits for it`() {
        for file in Repository.files(under: ["Sources", "worker", "dashboard"], named: ".swift") {
            #expect(Rules.looseTasks(file) == [])
        }
    }

    @Test func `promises to the compiler have their reason beside them`() {
        for file in Repository.files(under: ["Sources", "worker", "dashboard"], named: ".swift") {
            #expect(Rules.unexplained(file) == [])
        }
    }

    @Test func `tests wait for events`() {
        // These ask again and again, each in one place, what nobody tells them; and the fixture misbehaves on purpose.
        let helpers = ["Tests/TestSupport/", "Tests/ProcessSupport/Waiting.swift", "Tests/Fixture/"]
        for file in Repository.files(under: ["Tests"], named: ".swift")
        where !helpers.contains(where: file.path.hasPrefix) {
            #expect(Rules.sleeps(file) == [])
        }
    }

    @Test func `no file knows the machine it was written on`() {
        for file in Repository.all { #expect(Rules.machinePaths(file) == []) }
    }

    @Test func `every script is in the catalogue, and every entry has its script`() throws {
        let scripts = Repository.files(under: ["Sources/JobStore/Scripts"], named: ".lua").map { $0.name.dropLast(4) }
        // Parts of others, and the one that touches no queue.
        let shared: Set<Substring> = ["common", "admit", "causes", "clock", "find", "rights", "sample", "tell"]
        let catalogue = try #require(Repository.file("Sources/JobStore/StoreScript.swift"))
        // Those that declare: the others speak of a value.
        let lines = catalogue.lines.map(\.text).filter { $0.hasPrefix("    case ") && !$0.contains(/[."]/) }
        let cases = lines.flatMap { $0.split { !$0.isLetter }.dropFirst() }
        #expect(Set(cases) == Set(scripts).subtracting(shared))
        #expect(shared.isSubset(of: scripts))
        for name in scripts { #expect(catalogue.text.contains("PackageResources.\(name)_lua"), "\(name).lua") }
    }

    @Test func `what the README and the guide tell people to run exists`() throws {
        let makefile = try #require(Repository.file("Makefile"))
        let targets = Set(makefile.text.matches(of: /(?m)^([a-z]+):/).map(\.1))
        for path in ["README.md", "CONTRIBUTING.md"] {
            let text = try #require(Repository.file(path)).text
            let commands = text.matches(of: /(?m)^\$ make ([a-z]+)|`make ([a-z]+)`/).compactMap { $0.1 ?? $0.2 }
            #expect(commands.count > 1, "\(path)")
            for command in commands { #expect(targets.contains(command), "\(path): make \(command)") }
            for script in text.matches(of: /\bscripts\/[a-z-]+/) {
                #expect(Repository.file(String(script.0)) != nil, "\(path): \(script.0)")
            }
        }
        for script in makefile.text.matches(of: /\bscripts\/[a-z-]+/) {
            #expect(Repository.file(String(script.0)) != nil, "Makefile: \(script.0)")
        }
    }
}
