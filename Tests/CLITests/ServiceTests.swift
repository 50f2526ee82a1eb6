import Foundation
import Testing

@testable import JobQueueCLI

/// What a service manager has of a worker: a file with its number, and datagrams.
@Suite(.timeLimit(.minutes(1))) struct ServiceTests {
    private let folder = FileManager.default.temporaryDirectory.appending(
        path: "service-\(UUID().uuidString.prefix(8))")

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    private func tidy() { try? FileManager.default.removeItem(at: folder) }

    // MARK: The file

    @Test func `the file has the number of this process, until it ends`() throws {
        defer { tidy() }
        let path = folder.appending(path: "worker.pid").path
        // What a crash left behind, and longer than what is to be there.
        try Data("123456789\n".utf8).write(to: URL(fileURLWithPath: path))
        let file = try PidFile(path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "\(getpid())\n")
        let refusal = #expect(throws: Failure.self) { try PidFile(path) }
        #expect(refusal?.code == .cannotWrite && refusal?.message.contains("process \(getpid()) has it") == true)
        file.remove()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a file that somebody put in its place stays`() throws {
        defer { tidy() }
        let path = folder.appending(path: "worker.pid").path
        let file = try PidFile(path)
        try FileManager.default.removeItem(atPath: path)
        try Data("1\n".utf8).write(to: URL(fileURLWithPath: path))
        file.remove()
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "1\n")
    }

    @Test func `what cannot be a file is refused in one line`() throws {
        defer { tidy() }
        let target = folder.appending(path: "target").path
        let link = folder.appending(path: "link").path
        try Data("precious".utf8).write(to: URL(fileURLWithPath: target))
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        let fifo = folder.appending(path: "fifo").path
        #expect(mkfifo(fifo, 0o600) == 0)
        let (number, second) = (folder.appending(path: "number").path, folder.appending(path: "second").path)
        try Data("1\n".utf8).write(to: URL(fileURLWithPath: number))
        try FileManager.default.linkItem(atPath: number, toPath: second)
        for path in [folder.path, folder.path + "/missing/worker.pid", link, target, fifo, second] {
            let refusal = #expect(throws: Failure.self) { try PidFile(path) }
            #expect(refusal?.code == .cannotWrite && refusal?.message.contains("\n") == false)
        }
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "precious")
        #expect(try String(contentsOfFile: number, encoding: .utf8) == "1\n")
    }

    // MARK: The datagrams

    /// A socket as systemd has one.
    private func listen(_ name: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            path.copyBytes(from: name.utf8)
            if name.hasPrefix("@") { path[0] = 0 }
        }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + name.utf8.count)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        try #require(status == 0, "errno \(errno)")
        return descriptor
    }

    private func heard(_ descriptor: Int32) -> [String] {
        var texts: [String] = []
        var bytes = [UInt8](repeating: 0, count: 500)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            if count < 0 { return texts }
            texts.append(String(decoding: bytes[..<count], as: UTF8.self))
        }
    }

    @Test(arguments: [false, true])
    func `systemd hears that it is ready, lives, reloads and stops`(isAbstract: Bool) throws {
        defer { tidy() }
        let name = isAbstract ? "@service-\(UUID().uuidString)" : folder.appending(path: "notify").path
        let descriptor = try listen(name)
        defer { close(descriptor) }
        let notice = try #require(
            ServiceNotice(["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "3", "WATCHDOG_PID": "\(getpid())"]))
        notice.live()
        #expect(heard(descriptor) == ["READY=1"])
        notice.live()
        #expect(heard(descriptor) == ["WATCHDOG=1"], "a third of 3 us has passed")
        notice.reloading()
        notice.reloaded()
        notice.stopping()
        let rest = heard(descriptor)
        #expect(rest.count == 3 && rest[0].hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        #expect(rest.suffix(2) == ["READY=1", "STOPPING=1"])
    }

    @Test func `signs of life come no more often than asked, and only if they were asked of this process`() throws {
        defer { tidy() }
        let name = folder.appending(path: "notify").path
        let descriptor = try listen(name)
        defer { close(descriptor) }
        for watchdog in [
            ["WATCHDOG_USEC": "3600000000"], ["WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"], ["WATCHDOG_USEC": "0"], [:],
        ] {
            let notice = try #require(ServiceNotice(watchdog.merging(["NOTIFY_SOCKET": name]) { $1 }))
            for _ in 0..<100 { notice.live() }
            #expect(heard(descriptor) == ["READY=1"], "\(watchdog)")
        }
    }

    @Test func `without a service manager there is nothing to tell`() {
        defer { tidy() }
        let long = "/" + String(repeating: "x", count: 200)
        for name in [nil, "", "relative", "/", "vsock:1:2", long] {
            #expect(ServiceNotice(name.map { ["NOTIFY_SOCKET": $0] } ?? [:]) == nil)
        }
        // Nobody listens there.
        ServiceNotice(["NOTIFY_SOCKET": folder.path + "/nobody"])?.live()
    }
}
