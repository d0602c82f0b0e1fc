package io.moe4j.app.supervise;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Locale;

/**
 * A free port of the loopback interface. On Linux, a socket that is bound to the port and never listens keeps it from other programs until this object is
 * closed. A socket with SO_REUSEADDR, such as rank 0's, can still bind to the port and listen.
 */
public final class ReservedPort implements AutoCloseable {
    private final Socket socket;
    private final int number;

    private ReservedPort(Socket socket, int number) {
        this.socket = socket;
        this.number = number;
    }

    /** Takes a port that is free now. */
    public static ReservedPort take() {
        try {
            Socket socket = new Socket();
            try {
                socket.setReuseAddress(true);
                socket.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0));
                ReservedPort port = new ReservedPort(socket, socket.getLocalPort());
                if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux")) {
                    // On other systems, rank 0 could not listen on a port that is bound.
                    port.close();
                }
                return port;
            } catch (IOException e) {
                socket.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("no free port was found for the processes to meet at (" + e.getMessage()
                    + "); give one with --master-port", e);
        }
    }

    /** The port's number. */
    public int number() {
        return number;
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException("a port cannot be released", e);
        }
    }
}
