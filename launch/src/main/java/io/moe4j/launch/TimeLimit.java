package io.moe4j.launch;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes a socket when its time is up, even if a thread waits on the socket. Closing this object earlier cancels the limit. */
final class TimeLimit implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TimeLimit.class);
    private final Thread clock;

    TimeLimit(Socket socket, Duration limit) {
        clock = Thread.ofVirtual().name("rendezvous time limit").start(() -> {
            try {
                Thread.sleep(limit);
                socket.close();
            } catch (InterruptedException e) {
                // The work was done in time.
            } catch (IOException e) {
                log.debug("closing a connection that took too long", e);
            }
        });
    }

    @Override
    public void close() {
        clock.interrupt();
    }
}
