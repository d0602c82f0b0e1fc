package io.moe4j.launch;

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
 * One side of a connection after its {@link Handshake}. Sending never waits: a thread of its own writes. Another one reads, checks that each message is from
 * a process of this job and the next one, and hands it on.
 */
final class Connection implements AutoCloseable {
    static final Duration FLUSH = Duration.ofSeconds(2);

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final Seal sealIn;
    private final Seal sealOut;
    /** Messages to write; nothing is the end. */
    private final BlockingQueue<Optional<byte[]>> outbox = new LinkedBlockingQueue<>();
    private @Nullable Thread writer;
    private @Nullable Thread reader;

    /** Takes a socket over, with the seals of what comes in and of what goes out. */
    Connection(Socket socket, DataInputStream in, DataOutputStream out, Seal sealIn, Seal sealOut) {
        this.socket = socket;
        this.in = in;
        this.out = out;
        this.sealIn = sealIn;
        this.sealOut = sealOut;
    }

    /** Reads one message at once, and waits {@code limit} at most for each part of it; before {@link #start} only. */
    Message readNow(Duration limit) throws IOException {
        socket.setSoTimeout(Math.toIntExact(Math.clamp(limit.toMillis(), 1, Integer.MAX_VALUE)));
        return read(Wire.MAX_HELLO);
    }

    /** Writes one message at once; before {@link #start} only. */
    void sendNow(Message message) throws IOException {
        write(Wire.encode(message));
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

    private Message read(long limit) throws IOException {
        int length = Wire.readLength(in, limit);
        // Memory is taken only for what has come, not for what the length promises.
        byte[] body = in.readNBytes(length);
        byte[] tag = in.readNBytes(Seal.TAG_BYTES);
        if (tag.length < Seal.TAG_BYTES) {
            throw new ProtocolException("a message of " + length + " bytes ended after " + (body.length + tag.length)
                    + " of its " + (length + Seal.TAG_BYTES));
        }
        sealIn.check(body, tag);
        return Wire.decode(body);
    }

    private void write(byte[] body) throws IOException {
        out.writeInt(body.length);
        out.write(body);
        out.write(sealOut.tag(body));
        out.flush();
    }

    private String read(long limit, Consumer<Message> onMessage) {
        try {
            socket.setSoTimeout(0);
            while (true) {
                onMessage.accept(read(limit));
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
                write(frame.get());
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
