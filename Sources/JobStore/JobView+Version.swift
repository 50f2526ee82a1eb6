import Crypto
import JobModel

extension JobView {
    /// What a reader has seen of the job, in 40 hexadecimal digits: it differs once state, time, place in line, record,
    /// envelope or a wish to stop differ. nil where there is no job, or only the short view was asked for.
    ///
    /// `remove` and `edit` take it, and change nothing when the job is not as it was seen.
    package var version: String? {
        guard isFull, let state, let scoreText else { return nil }
        return Self.version(
            state: state, score: scoreText, isAsked: isAsked, record: recordBytes, envelope: envelope)
    }

    /// How far the job is, as an opaque text: it differs once state, run, history or a wish to stop differ, and not when its
    /// place in line or its envelope does. For those who follow it.
    package var progress: String {
        let run = state == .running ? score.flatMap { Int(exactly: $0) } ?? 0 : 0
        return "\(state?.rawValue ?? "gone")-\(record.generation)-\(record.errors)-\(isAsked ? 1 : 0)-\(run)"
    }

    /// The same in Lua is `version` in find.lua.
    static func version(
        state: JobState, score: String, isAsked: Bool, record: ArraySlice<UInt8>, envelope: ArraySlice<UInt8>
    ) -> String {
        var hash = Insecure.SHA1()
        hash.update(data: Array("\(state.rawValue)\n\(score)\n\(isAsked ? 1 : 0)\n".utf8))
        hash.update(data: record)
        hash.update(data: Array("\n".utf8))
        hash.update(data: envelope)
        return hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
