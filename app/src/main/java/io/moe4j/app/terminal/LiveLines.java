package io.moe4j.app.terminal;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Lines of output and, on a terminal, one line of progress below them that is rewritten. Output from any thread appears above that line.
 *
 * <p>It writes plain characters, and two control sequences that every terminal has: to the start of the line, and clear to the end of the line. It
 * opens no terminal, sets no mode, and handles no signal, so that there is nothing to put back when the process is stopped or killed.
 */
public final class LiveLines implements AutoCloseable {
    private static final String CLEAR = "\r\u001b[K";

    private final PrintWriter out;
    private final Screen screen;
    private Optional<LiveLine> below = Optional.empty();
    private boolean closed;

    /** Writes to {@code out}, whose properties are {@code screen}. */
    public LiveLines(PrintWriter out, Screen screen) {
        this.out = out;
        this.screen = screen;
    }

    /** Whether there can be a line below. */
    public boolean interactive() {
        return screen.interactive();
    }

    /** The current width of the terminal; a large number if there is no terminal, so that no text is cut. */
    public int width() {
        return screen.width();
    }

    /** Writes text, which may have several lines, above the line below. */
    public synchronized void println(String text) {
        out.print(clear() + text + System.lineSeparator() + drawn());
        out.flush();
    }

    /** Rewrites the line below. Does nothing where there is no terminal. */
    public synchronized void below(LiveLine progress) {
        if (screen.interactive() && !closed) {
            below = Optional.of(progress);
            out.print(clear() + drawn());
            out.flush();
        }
    }

    /**
     * A stream that writes whole lines to {@code target}, each above the line below; for other output to the same terminal, such as logs. An unfinished line
     * is kept until its end comes, or the stream is flushed after {@link #close()}.
     */
    public PrintStream above(PrintStream target) {
        return new PrintStream(new Above(target), true, StandardCharsets.UTF_8);
    }

    /** Removes the line below; later output is written unchanged. */
    @Override
    public synchronized void close() {
        out.print(clear());
        out.flush();
        below = Optional.empty();
        closed = true;
    }

    private String clear() {
        return below.isPresent() ? CLEAR : "";
    }

    private String drawn() {
        return below.map(progress -> progress.line(screen.width())).orElse("");
    }

    private final class Above extends OutputStream {
        private final PrintStream target;
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();

        Above(PrintStream target) {
            this.target = target;
        }

        @Override
        public void write(int value) {
            synchronized (LiveLines.this) {
                line.write(value);
                if (value == '\n') {
                    send();
                }
            }
        }

        @Override
        public void flush() {
            synchronized (LiveLines.this) {
                if (below.isEmpty()) {
                    send();
                }
            }
        }

        @Override
        public void close() {
            synchronized (LiveLines.this) {
                send();
            }
        }

        private void send() {
            if (line.size() == 0) {
                return;
            }
            out.print(clear());
            out.flush();
            target.write(line.toByteArray(), 0, line.size());
            target.flush();
            out.print(drawn());
            out.flush();
            line.reset();
        }
    }
}
