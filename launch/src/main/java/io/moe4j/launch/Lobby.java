package io.moe4j.launch;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections that have not yet shown that they are of this job. There is room for a limited number; when it is full, the oldest one goes. While it is
 * crowded, the next connections are taken one every {@link #PAUSE}: with room for 256, each has at least half a second, and a process of the job needs a few
 * milliseconds. So strangers who open connections by the thousand cannot keep it out for long.
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
