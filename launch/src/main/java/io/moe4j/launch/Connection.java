package io.moe4j.launch;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One side of a connection. Sending never waits: a thread of its own writes. Another one reads, and hands on what comes in order.
 */
final class Connection implements AutoCloseable {
    static final Duration FLUSH = Duration.ofSeconds(2);

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    /** Frames to write; nothing is the end. */
    private final BlockingQueue<Optional<byte[]>> outbox = new LinkedBlockingQueue<>();
    private @Nullable Thread writer;
    private @Nullable Thread reader;

    /** Takes a connected socket over, and sends the preamble. Reads wait {@code limit} at most until {@link #start}. */
    Connection(Socket socket, Duration limit) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true);
        socket.setKeepAlive(true);
        socket.setSoTimeout(Math.toIntExact(Math.max(1, limit.toMillis())));
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        out = new DataOutputStream(socket.getOutputStream());
        Wire.writePreamble(out);
    }

    /** Reads the other side's preamble, and returns its version. */
    int readPreamble() throws IOException {
        return Wire.readPreamble(in);
    }

    /** Reads one message at once; before {@link #start} only. */
    Message readNow() throws IOException {
        return Wire.read(in, Wire.MAX_HELLO);
    }

    /** Writes one message at once; before {@link #start} only. */
    void sendNow(Message message) throws IOException {
        out.write(Wire.encode(message));
        out.flush();
    }

    /**
     * Begins to read and write.
     *
     * @param limit the longest message to accept
     * @param onMessage called for each message, by one thread
     * @param onEnd called once, with the reason, when nothing more comes
     */
    void start(String name, long limit, Consumer<Message> onMessage, Consumer<String> onEnd) {
        writer = Thread.ofVirtual().name(name + " writer").start(this::write);
        reader = Thread.ofVirtual().name(name + " reader").start(() -> onEnd.accept(read(limit, onMessage)));
    }

    void send(Message message) {
        outbox.add(Optional.of(Wire.encode(message)));
    }

    /** Sends nothing more, after what is queued. */
    void finish() {
        outbox.add(Optional.empty());
    }

    String remote() {
        return String.valueOf(socket.getRemoteSocketAddress());
    }

    /** Sends what is queued, waits until the other side has ended too, but not for long, and closes the socket. */
    @Override
    public void close() {
        close(FLUSH);
    }

    void close(Duration limit) {
        finish();
        long deadline = System.nanoTime() + limit.toNanos();
        try {
            for (Thread thread : new @Nullable Thread[] {writer, reader}) {
                if (thread != null && thread != Thread.currentThread()) {
                    thread.join(Duration.ofNanos(deadline - System.nanoTime()));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        drop();
    }

    /** Closes the socket at once. */
    void drop() {
        try {
            socket.close();
        } catch (IOException e) {
            // Nothing is lost: whoever closes does not care for what is still on its way.
        }
    }

    private String read(long limit, Consumer<Message> onMessage) {
        try {
            socket.setSoTimeout(0);
            while (true) {
                onMessage.accept(Wire.read(in, limit));
            }
        } catch (EOFException e) {
            return "the connection ended";
        } catch (IOException e) {
            return e.getMessage() == null ? e.toString() : e.getMessage();
        }
    }

    private void write() {
        try {
            for (var frame = outbox.take(); frame.isPresent(); frame = outbox.take()) {
                out.write(frame.get());
                out.flush();
            }
            socket.shutdownOutput();
        } catch (IOException e) {
            // The reader sees it as well, and tells.
            drop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
