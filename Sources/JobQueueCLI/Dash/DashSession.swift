import ArgumentParser
import Foundation
import JobModel
import JobStore
import Synchronization
import TerminalDashboard

/// One time in front of the dashboard. Keys, signals, answers of Redis and time become events; the state says what follows;
/// who paints and who reads look at the state.
final class DashSession: Sendable {
    private enum Happening: Sendable {
        case event(DashEvent)
        case signal(Int32)
        /// Nothing can be typed any more.
        case hangup
    }

    private struct Board {
        var state: DashState
        /// Counts how often the screen has to be drawn anew.
        var screen = 0
    }

    private let board: Mutex<Board>
    private let terminal: DashTerminal
    private let source: DashSource
    private let actions: DashActions
    private let log: AsyncStream<String>
    private let hasColour: Bool
    private let close: @Sendable () async -> Void

    private let (happenings, news) = AsyncStream.makeStream(of: Happening.self)
    private let (paints, paint) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let (looks, look) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// `close` ends the connection to Redis, so that nobody waits for an answer when somebody leaves.
    init(
        state: DashState, terminal: DashTerminal, source: DashSource, actions: DashActions, log: AsyncStream<String>,
        hasColour: Bool, close: @escaping @Sendable () async -> Void
    ) {
        board = Mutex(Board(state: state))
        self.terminal = terminal
        self.source = source
        self.actions = actions
        self.log = log
        self.hasColour = hasColour
        self.close = close
    }

    private var state: DashState { board.withLock(\.state) }

    /// Returns when somebody leaves; throws the exit code of a signal.
    func run() async throws {
        let wanted = [SIGWINCH, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCONT, SIGTSTP]
        let signals = SignalStream(wanted) { [news, terminal] number in
            // What is typed for an editor is not for us.
            if !terminal.isHeld, [SIGINT, SIGQUIT, SIGTSTP].contains(number) { return }
            news.yield(.signal(number))
        }
        try await terminal.enter()
        let input = DashInput { [news] key in news.yield(key.map { .event(.key($0)) } ?? .hangup) }
        let end = await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.painter() }
            group.addTask { await self.reader() }
            group.addTask { await self.ticker() }
            group.addTask { for await line in self.log { self.news.yield(.event(.logged(line))) } }
            look.yield()
            paint.yield()
            let end = await listen(input, &group)
            input.close()
            await terminal.leave()
            group.cancelAll()
            await close()
            return end
        }
        withExtendedLifetime(signals) {}
        if let end { throw ExitCode(128 + end) }
    }

    // MARK: Events

    /// Follows what happens until somebody leaves. Answers the signal that ended it.
    private func listen(_ input: DashInput, _ group: inout TaskGroup<Void>) async -> Int32? {
        for await happening in happenings {
            var effects: [DashEffect] = []
            switch happening {
            case .event(let event): effects = reduce(event)
            case .signal(SIGWINCH): effects = reduce(.resized(terminal.size))
            case .signal(SIGTSTP): effects = [.suspend]
            case .signal(SIGCONT): effects = reduce(.resized(terminal.size)) + [.redraw]
            case .signal(let number): return number
            case .hangup: return SIGHUP
            }
            for effect in effects {
                if effect == .quit { return nil }
                await follow(effect, input, &group)
            }
            paint.yield()
        }
        return nil
    }

    private func reduce(_ event: DashEvent) -> [DashEffect] { board.withLock { $0.state.reduce(event) } }

    private func follow(_ effect: DashEffect, _ input: DashInput, _ group: inout TaskGroup<Void>) async {
        switch effect {
        case .quit: break
        case .refresh: look.yield()
        case .redraw: await reenter()
        case .suspend:
            input.pause()
            await terminal.stop()
            await reenter()
            input.resume()
        case .copy(let text):
            let base64 = Data(text.utf8).base64EncodedString()
            await terminal.show(Array("\u{1B}]52;c;\(base64)\u{7}".utf8))
            news.yield(.event(.noted("copied, if the terminal lets programs do that")))
        case .perform(let action):
            group.addTask {
                let (text, isError) = await self.actions.perform(action)
                self.news.yield(.event(.done(text, isError: isError)))
            }
        case .edit(let ref): await edit(ref, input)
        }
    }

    /// Takes the terminal, again perhaps, and draws everything anew.
    private func reenter() async {
        try? await terminal.enter()
        board.withLock { $0.screen += 1 }
        _ = reduce(.resized(terminal.size))
    }

    private func edit(_ ref: JobRef, _ input: DashInput) async {
        let text: String
        switch await actions.payload(of: ref) {
        case .success(let payload): text = payload
        case .failure(let failure): return say(failure.message)
        }
        input.pause()
        await terminal.leave()
        let edited = await DashEditor.edit(text, on: terminal)
        await reenter()
        input.resume()
        switch edited {
        case .success(nil): say("nothing was changed")
        case .success(let payload?): news.yield(.event(.edited(ref, payload: Array(payload.utf8))))
        case .failure(let failure): say(failure.message)
        }
    }

    private func say(_ text: String) { news.yield(.event(.noted(text))) }

    // MARK: Tasks

    /// Draws what changed, at most ten times a second.
    private func painter() async {
        var renderer = Renderer(hasColour: hasColour)
        var screen = 0
        for await _ in paints {
            let (state, wanted) = board.withLock { ($0.state, $0.screen) }
            if wanted != screen { renderer.forget() }
            screen = wanted
            await terminal.show(renderer.draw(state.layout()))
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Asks Redis for what is on the screen, whenever somebody wants that.
    private func reader() async {
        for await _ in looks {
            let request = state.request
            let event: DashEvent
            do {
                let (load, ping) = try await source.read(request)
                event = .loaded(load, nowMs: Self.nowMs, pingMs: ping)
            } catch {
                if Task.isCancelled { return }
                event = .failed("\(error)", nowMs: Self.nowMs)
            }
            news.yield(.event(event))
        }
    }

    private func ticker() async {
        while !Task.isCancelled {
            let (interval, isFrozen, isAway) = board.withLock { board in
                (board.state.intervalMs, board.state.isFrozen, board.state.trouble != nil)
            }
            try? await Task.sleep(for: .milliseconds(interval))
            if !isFrozen { look.yield() }
            if isAway { news.yield(.event(.tick(nowMs: Self.nowMs))) }
        }
    }

    private static var nowMs: Int { Int(Date.now.timeIntervalSince1970 * 1000) }
}
