package io.moe4j.launch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Someone between a process and the hub: records what the process sends, and may change it. */
final class Wiretap implements AutoCloseable {
    private final ServerSocket server;
    private final ByteArrayOutputStream recorded = new ByteArrayOutputStream();
    private final Change change;

    /** What becomes of a byte. */
    interface Change {
        int apply(long offset, int value);
    }

    Wiretap(Endpoint hub, Change change) throws IOException {
        this.change = change;
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            try {
                Socket process = server.accept();
                Socket other = new Socket(hub.host(), hub.port());
                Thread.ofVirtual().start(() -> pass(process, other, true));
                pass(other, process, false);
            } catch (IOException e) {
                // The test has ended.
            }
        });
    }

    Endpoint endpoint() {
        return new Endpoint("127.0.0.1", server.getLocalPort());
    }

    /** What was recorded, once there are that many bytes. */
    byte[] recorded(int least) throws InterruptedException {
        synchronized (recorded) {
            while (recorded.size() < least) {
                recorded.wait(20_000);
            }
            return recorded.toByteArray();
        }
    }

    private void pass(Socket from, Socket to, boolean fromProcess) {
        try (from; to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            long offset = 0;
            for (int value = in.read(); value >= 0; value = in.read()) {
                if (fromProcess) {
                    synchronized (recorded) {
                        recorded.write(value);
                        recorded.notifyAll();
                    }
                }
                out.write(fromProcess ? change.apply(offset++, value) : value);
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
