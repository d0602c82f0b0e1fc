package io.moe4j.tests.faults;

import io.moe4j.launch.Endpoint;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicBoolean;

/** A relay between a process and rank 0, which damages one byte of the first connection. */
final class Relay implements AutoCloseable {
    private final ServerSocket server;
    private final Endpoint hub;
    private final Trouble trouble;
    private final boolean fromProcess;
    private final long at;
    private final AtomicBoolean done = new AtomicBoolean();

    /** What happens to the byte. */
    enum Trouble {
        NONE, FLIPPED_BIT, LOST_BYTE, REPEATED_BYTE, CUT, SILENCE
    }

    /**
     * @param fromProcess whether the byte is one that the process sends
     * @param at the number of the byte, from 0
     */
    Relay(Endpoint hub, Trouble trouble, boolean fromProcess, long at) throws IOException {
        this.hub = hub;
        this.trouble = trouble;
        this.fromProcess = fromProcess;
        this.at = at;
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    Endpoint endpoint() {
        return new Endpoint("127.0.0.1", server.getLocalPort());
    }

    /** Whether the byte was reached. */
    boolean isDone() {
        return done.get();
    }

    private void accept() {
        while (true) {
            try {
                Socket process = server.accept();
                Socket other;
                try {
                    other = new Socket(hub.host(), hub.port());
                } catch (IOException e) {
                    // Rank 0 does not listen yet.
                    process.close();
                    continue;
                }
                Thread.ofVirtual().start(() -> pass(process, other, fromProcess));
                Thread.ofVirtual().start(() -> pass(other, process, !fromProcess));
            } catch (IOException e) {
                // The fault has happened already.
                return;
            }
        }
    }

    private void pass(Socket from, Socket to, boolean disturbed) {
        try (from; to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            long offset = 0;
            for (int value = in.read(); value >= 0; value = in.read()) {
                if (disturbed && offset++ >= at && !done.getAndSet(true)) {
                    switch (trouble) {
                        case FLIPPED_BIT -> out.write(value ^ 1);
                        case REPEATED_BYTE -> out.write(new byte[] {(byte) value, (byte) value});
                        case CUT -> {
                            return;
                        }
                        case SILENCE -> {
                            while (in.read() >= 0) {
                                // Nothing arrives any more.
                            }
                            return;
                        }
                        case NONE -> out.write(value);
                        case LOST_BYTE -> {}
                    }
                } else {
                    out.write(value);
                }
            }
        } catch (IOException e) {
            // One side has ended, and so has the other.
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
