package io.moe4j.launch;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections that have not yet proved that they belong to this job. Their number is limited; when the limit is reached, the oldest one is closed.
 * While more than half of the room is taken, new connections are accepted only one every {@link #PAUSE}: with room for 256, each connection has at
 * least half a second, and a process of the job needs a few milliseconds. So strangers that open thousands of connections cannot keep it out for
 * long.
 */
final class Lobby {
    static final Duration PAUSE = Duration.ofMillis(2);

    private static final Logger log = LoggerFactory.getLogger(Lobby.class);

    private final int capacity;
    private final Set<Socket> waiting = new LinkedHashSet<>();

    Lobby(int capacity) {
        this.capacity = capacity;
    }

    synchronized void enter(Socket socket) {
        if (waiting.size() == capacity) {
            Socket oldest = waiting.iterator().next();
            waiting.remove(oldest);
            close(oldest);
        }
        waiting.add(socket);
    }

    synchronized boolean isCrowded() {
        return waiting.size() > capacity / 2;
    }

    synchronized void leave(Socket socket) {
        waiting.remove(socket);
    }

    synchronized void closeAll() {
        waiting.forEach(Lobby::close);
        waiting.clear();
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            log.debug("closing a connection that was not known", e);
        }
    }
}
