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
 * One side of a connection after its {@link Handshake}. Sending never blocks: a separate thread writes. Another thread reads, checks that each
 * message comes from a process of this job and is the next in order, and passes it to the receiver.
 */
final class Connection implements AutoCloseable {
    static final Duration FLUSH = Duration.ofSeconds(2);

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final Seal sealIn;
    private final Seal sealOut;
    /** Messages to write; an empty element ends the writer. */
    private final BlockingQueue<Optional<byte[]>> outbox = new LinkedBlockingQueue<>();
    private @Nullable Thread writer;
    private @Nullable Thread reader;

    /** Takes ownership of a socket, with the seals of incoming and of outgoing messages. */
    Connection(Socket socket, DataInputStream in, DataOutputStream out, Seal sealIn, Seal sealOut) {
        this.socket = socket;
        this.in = in;
        this.out = out;
        this.sealIn = sealIn;
        this.sealOut = sealOut;
    }

    /** Reads one message on the calling thread, and waits at most {@code limit} for each part of it. Only before {@link #start}. */
    Message readNow(Duration limit) throws IOException {
        socket.setSoTimeout(Math.toIntExact(Math.clamp(limit.toMillis(), 1, Integer.MAX_VALUE)));
        return read(Wire.MAX_HELLO);
    }

    /** Writes one message on the calling thread. Only before {@link #start}. */
    void sendNow(Message message) throws IOException {
        write(Wire.encode(message));
    }

    /**
     * Begins to read and write.
     *
     * @param limit the longest message to accept
     * @param onMessage called for each message, by one thread
     * @param onEnd called once, with the reason, when no more messages can come
     */
    void start(String name, long limit, Consumer<Message> onMessage, Consumer<String> onEnd) {
        writer = Thread.ofVirtual().name(name + " writer").start(this::write);
        reader = Thread.ofVirtual().name(name + " reader").start(() -> onEnd.accept(read(limit, onMessage)));
    }

    void send(Message message) {
        outbox.add(Optional.of(Wire.encode(message)));
    }

    /** Ends sending after the queued messages. */
    void finish() {
        outbox.add(Optional.empty());
    }

    String remote() {
        return String.valueOf(socket.getRemoteSocketAddress());
    }

    /** Sends the queued messages, waits for at most {@link #FLUSH} until the other side has ended too, and closes the socket. */
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
            // Ignored: messages that are still in transit are not needed any more.
        }
    }

    private Message read(long limit) throws IOException {
        int length = Wire.readLength(in, limit);
        // Memory is allocated only for bytes that have arrived, not for the announced length.
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
            // The reader fails as well, and reports it.
            drop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
