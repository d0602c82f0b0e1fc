package io.moe4j.app.supervise;

import io.moe4j.api.Shown;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A running child process. Its standard input is a pipe from this process, to which nothing is written. When the pipe closes, this process has ended, and
 * the child ends itself.
 *
 * <p>The child ignores SIGINT and SIGHUP, which a terminal sends to all its processes at once; this process forwards them as SIGTERM.
 */
final class RankProcess {
    /** Every JVM of moe4j writes this line, because the CPU kernels use that module; it is not shown. */
    private static final String EXPECTED_WARNING = "WARNING: Using incubator modules: jdk.incubator.vector";
    private static final int LAST_LINES = 20;
    /** How long to read on after the process has ended: a child of its own may still hold its output open. */
    private static final long READ_ON_MILLIS = 2000;

    private final Child child;
    private final Process process;
    private final List<Thread> readers;
    private final Deque<String> lastLines = new ArrayDeque<>();
    private volatile boolean killed;

    private RankProcess(Child child, Process process, RankOutput output) {
        this.child = child;
        this.process = process;
        readers = List.of(read(process.getInputStream(), false, output), read(process.getErrorStream(), true, output));
    }

    /** Starts the process. */
    static RankProcess start(Child child, RankOutput output) {
        // The shell replaces itself with the command, which keeps the process id and ignores the signals that the shell ignores.
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "trap '' HUP INT; exec \"$@\"", "moe4j"));
        command.addAll(child.command());
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(child.environment());
        try {
            return new RankProcess(child, builder.start(), output);
        } catch (IOException e) {
            throw new UncheckedIOException("the process of " + Shown.ranks(child.ranks()) + " cannot be started: "
                    + e.getMessage(), e);
        }
    }

    private Thread read(InputStream stream, boolean error, RankOutput output) {
        return Thread.ofPlatform().daemon().name("output of " + Shown.ranks(child.ranks())).start(() -> {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    if (!line.equals(EXPECTED_WARNING)) {
                        remember(line);
                        output.line(child.ranks(), error, line);
                    }
                }
            } catch (IOException e) {
                // The process was killed while it wrote a line.
            }
        });
    }

    private synchronized void remember(String line) {
        if (lastLines.size() == LAST_LINES) {
            lastLines.removeFirst();
        }
        lastLines.addLast(line);
    }

    List<Integer> ranks() {
        return child.ranks();
    }

    /** Runs {@code told} when the process has ended. */
    void onExit(Runnable told) {
        CompletableFuture<Void> ignored = process.onExit().thenRun(told);
    }

    /** Sends SIGTERM. {@link Process#destroy} would also close the pipes, and the process's last output could not be read. */
    void stop() {
        process.toHandle().destroy();
    }

    /** Kills the process. */
    void kill() {
        killed = killed || process.isAlive();
        process.toHandle().destroyForcibly();
    }

    /** How the process has ended; called after its end. */
    ProcessEnd end() throws InterruptedException {
        for (Thread reader : readers) {
            reader.join(READ_ON_MILLIS);
        }
        synchronized (this) {
            return new ProcessEnd(child.ranks(), process.exitValue(), killed, List.copyOf(lastLines));
        }
    }
}
