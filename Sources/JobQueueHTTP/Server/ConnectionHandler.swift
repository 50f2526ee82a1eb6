import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// The body of a request did not come to its end in time.
struct BodyTooSlow: Error {}

/// Between the parser of requests and those who answer them: keeps the limits of a connection, answers what is no request,
/// and ends the connection so that its last answer arrives.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: HTTPLimits
    private let isSecure: Bool
    /// What a client is told whose request cannot be read.
    private let refuse: @Sendable (ConnectionState.Refusal) -> Answer
    private var state: ConnectionState
    /// A part of a request came since the last pause.
    private var sawPart = false
    private var timer: (task: Scheduled<Void>, time: NIODeadline)?
    /// Nil: all requests go the usual way.
    let express: Express?
    var turn = ExpressTurn()
    /// Somebody wants more to be read than may be just now.
    var isReadHeld = false
    private(set) var context: ChannelHandlerContext?

    init(
        _ limits: HTTPLimits, isSecure: Bool, express: Express? = nil,
        refuse: @escaping @Sendable (ConnectionState.Refusal) -> Answer
    ) {
        self.express = express
        self.limits = limits
        self.isSecure = isSecure
        self.refuse = refuse
        state = ConnectionState(limits)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        state.opened(.now())
        arm(context)
    }

    func channelActive(context: ChannelHandlerContext) {
        arm(context)
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        disarm()
    }

    func channelInactive(context: ChannelHandlerContext) {
        disarm()
        context.fireChannelInactive()
    }

    // MARK: What comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        sawPart = true
        switch unwrapInboundIn(data) {
        case .head(let head): read(head, context)
        case .body(let bytes):
            if state.reading == .body { pass(.body(bytes), context) }
        case .end:
            guard state.reading == .body else { return }
            state.end()
            pass(.end(nil), context)
        }
    }

    private func read(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard state.reading == .waiting || state.reading == .head else { return }
        guard let request = RequestHead.request(head, isSecure: isSecure) else {
            act(state.broken(.malformed, .now()), context)
            return
        }
        state.head(RequestHead.asked(head), .now())
        // Only for the request that is answered now, and not for a body that will be refused.
        if state.owing == 1, RequestHead.waitsToContinue(head, limit: limits.bodyBytes) {
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
        }
        // Of who does not read its answers the usual way reads no more requests.
        if let express, state.owing == 1, state.answering?.isLast == false, context.channel.isWritable,
            express.takes(request)
        {
            turn.begin(request)
        }
        pass(.head(request), context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !sawPart { state.fragment(.now()) }
        sawPart = false
        arm(context)
        release(context)
        context.fireChannelReadComplete()
        // Those behind this do not read any more, but the client may still send.
        if state.isEnding { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let why: ConnectionState.Refusal
        switch error {
        case HTTPParserError.headerOverflow, is ByteToMessageDecoderError.PayloadTooLargeError: why = .headTooLarge
        case is HTTPParserError: why = .malformed
        default:
            // The connection itself is broken.
            context.fireErrorCaught(error)
            context.close(promise: nil)
            return
        }
        act(state.broken(why, .now()), context, error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: act(state.stop(), context)
        case ChannelEvent.inputClosed:
            act(state.inputClosed(), context)
            closeInput(context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        state.writable(context.channel.isWritable, .now())
        arm(context)
        context.fireChannelWritabilityChanged()
    }

    // MARK: What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        write(unwrapOutboundIn(data), context, promise)
    }

    func write(_ part: HTTPResponsePart, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        if state.isEnding {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        switch part {
        case .head(let response):
            context.write(wrapOutboundOut(.head(head(of: response))), promise: promise)
        case .body(let bytes):
            if state.answering?.isHead == true {
                promise?.succeed()
            } else {
                context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: promise)
            }
        case .end:
            let action = state.answered(.now())
            if action == .end {
                finish(context, promise)
            } else {
                context.write(wrapOutboundOut(.end(nil)), promise: promise)
                act(action, context)
            }
        }
    }

    private func head(of response: HTTPResponse) -> HTTPResponseHead {
        var head = HTTPResponseHead(response)
        if response.status.kind == .informational { return head }
        let asked = state.answering
        // Without a length there would be chunks: HTTP/1.0 does not know them, and there are none without a body.
        let isUnframed = !head.headers.contains(name: "content-length")
        if asked?.isOld == true || (asked?.isHead == true && isUnframed) { head.version = .http1_0 }
        let saysClose = head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "close" }
        let isLast = state.answer(saysClose: saysClose || head.version == .http1_0)
        if isLast { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        return head
    }

    private func act(
        _ action: ConnectionState.Action, _ context: ChannelHandlerContext, _ error: any Error = BodyTooSlow()
    ) {
        arm(context)
        switch action {
        case .nothing, .end: break
        case .close: context.close(promise: nil)
        case .failBody: fail(error, context)
        case .refuse(let why):
            let answer = refuse(why)
            var response = HTTPResponse(status: answer.status, headerFields: answer.headers)
            response.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(HTTPResponseHead(response))), promise: nil)
            if case .bytes(let bytes) = answer.body {
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
            }
            finish(context, nil)
        }
    }

    /// Ends the last answer. Only our side is closed: were the other closed as well, bytes that still come would make the
    /// system reset the connection, and a client might never see the answer.
    private func finish(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        let written = promise ?? context.eventLoop.makePromise()
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        arm(context)
        context.read()
    }

    // MARK: Time

    /// One timer for each connection, which is moved only to an earlier time: most requests touch none.
    private func arm(_ context: ChannelHandlerContext) {
        guard let deadline = state.deadline, context.channel.isActive else { return }
        if let timer, timer.time <= deadline { return }
        timer?.task.cancel()
        let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
            timer = nil
            act(state.expired(.now()), context)
        }
        timer = (task, deadline)
    }

    private func disarm() {
        timer?.task.cancel()
        timer = nil
    }
}
