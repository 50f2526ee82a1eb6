import JobModel
import Testing

@Suite(.timeLimit(.minutes(1))) struct NumberTests {
    @Test func `a token is incarnation times two to the 28 plus claim`() {
        let token = Incarnation(7).token(claim: 5)
        #expect(token.number == 7 * 268_435_456 + 5)
        #expect(token.incarnation == Incarnation(7))
        #expect(token.claim == 5)
    }

    @Test func `the highest token is the largest exact double`() {
        let token = Incarnation(1 << 25 - 1).token(claim: Token.lastClaim)
        #expect(Token.lastClaim == 268_435_455)
        #expect(token.number == 9_007_199_254_740_991)
        #expect(Int(Double(token.number)) == token.number)
        #expect(token.incarnation.number == 1 << 25 - 1)
        #expect(token.claim == Token.lastClaim)
    }

    @Test(arguments: [1, 2, 77, 1 << 25 - 1]) func `ranges of incarnations touch and do not overlap`(number: Int) {
        let range = Incarnation(number).tokens
        #expect(range.lowerBound == number << 28)
        #expect(range.count == 1 << 28)
        #expect(range.upperBound + 1 == Incarnation(number + 1).tokens.lowerBound)
        #expect(range.contains(Incarnation(number).token(claim: 1).number))
        #expect(range.upperBound == Incarnation(number).token(claim: Token.lastClaim).number)
    }

    @Test func `random incarnations have 25 bits and are never zero`() {
        var seed = Seed()
        let numbers = (0..<10_000).map { _ in Incarnation.random(using: &seed).number }
        #expect(numbers.allSatisfy { (1..<(1 << 25)).contains($0) })
        #expect(Set(numbers).count > 9900)
        #expect(numbers.max()! > 1 << 24)
    }

    @Test(arguments: [
        (Due.now, 0), (.after(ms: 5), -5), (.after(ms: 0), -1), (.after(ms: -7), -1), (.at(ms: 5), 5), (.at(ms: 0), 1),
        (.at(ms: -7), 1), (.after(ms: Due.latest), -Due.latest), (.at(ms: Due.latest), Due.latest),
    ])
    func `a due time is zero, a negative delay or a positive moment`(due: Due, wire: Int) {
        #expect(due.wire == wire)
    }

    @Test func `ten times the latest moment and the last priority is an exact double`() {
        let score = Due.latest * 10 + 9
        #expect(score < 1 << 53)
        #expect(Int(Double(score)) == score)
    }

    @Test func `priorities are 0 to 9`() {
        #expect((0...9).compactMap { Priority($0)?.value } == Array(0...9))
        for wrong in [-1, 10, Int.max, Int.min] { #expect(Priority(wrong) == nil) }
        #expect(Priority.first < .normal)
        #expect(Priority.normal < .last)
        #expect("\(Priority.normal)" == "5")
    }

    @Test func `only what ended is final`() {
        #expect(JobState.allCases.filter(\.isFinal) == [.succeeded, .dead, .cancelled])
    }
}
