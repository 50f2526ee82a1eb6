import HTTPTypes
import NIOCore
import NIOHTTPTypes

// Requests that are answered without those behind this handler.
extension Express {
    /// Where an answer is to be written: one connection.
    struct Seat: Sendable {
        let loop: any EventLoop
        private let handler: NIOLoopBound<ConnectionHandler>

        init(_ handler: ConnectionHandler, _ loop: any EventLoop) {
            self.loop = loop
            self.handler = NIOLoopBound(handler, eventLoop: loop)
        }

        /// On the event loop. A connection that has ended takes nothing.
        func write(_ answer: Answer, _ date: String) {
            var head = HTTPResponse(status: answer.status, headerFields: answer.headers)
            let body = if case .bytes(let bytes) = answer.body { ByteBuffer(bytes: bytes) } else { ByteBuffer() }
            head.headerFields.append(HTTPField(name: .contentLength, value: String(body.readableBytes)))
            head.headerFields.append(HTTPField(name: .date, value: date))
            handler.value.answered(head, body)
        }
    }
}

extension ConnectionHandler {
    func pass(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch turn.take(part) {
        case .pass: context.fireChannelRead(wrapInboundOut(part))
        case .keep: break
        case .complete(let request, let body):
            if express?.board(request, body, Express.Seat(self, context.eventLoop)) == true {
                turn.depart()
            } else {
                release(context)
                context.fireChannelRead(wrapInboundOut(part))
            }
        }
    }

    /// What does not come as a whole goes the usual way.
    func release(_ context: ChannelHandlerContext) {
        for part in turn.release() { context.fireChannelRead(wrapInboundOut(part)) }
    }

    func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        release(context)
        if !turn.park(.failure(error)) { context.fireErrorCaught(error) }
    }

    func closeInput(_ context: ChannelHandlerContext) {
        release(context)
        if !turn.park(.inputClosed) { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
    }

    /// The answer of the request that went by express.
    fileprivate func answered(_ head: HTTPResponse, _ body: ByteBuffer) {
        guard let context else { return }
        write(.head(head), context, nil)
        write(.body(body), context, nil)
        write(.end(nil), context, nil)
        context.flush()
        let items = turn.returned()
        for item in items {
            switch item {
            case .part(let part): pass(part, context)
            case .failure(let error): fail(error, context)
            case .inputClosed: closeInput(context)
            }
        }
        guard !items.isEmpty else { return }
        release(context)
        context.fireChannelReadComplete()
        if isReadHeld {
            isReadHeld = false
            context.read()
        }
    }

    func read(context: ChannelHandlerContext) {
        // While something waits here, nobody has asked for more of it.
        if turn.isHolding { isReadHeld = true } else { context.read() }
    }
}
