package io.moe4j.launch;

import java.io.IOException;

/** The other side of a connection violates the protocol. */
final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1;

    ProtocolException(String message) {
        super(message);
    }
}
