package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * The command line as processes of one job, started as torchrun starts them; each writes to a log of its own. Closing it ends them.
 *
 * <p>They compile with C1 only: a process that ends within seconds would spend most of its processor time in the optimizing compiler. A model whose vectors are
 * long needs that compiler: see {@link #optimized}.
 */
final class RankProcesses implements AutoCloseable {
    private final Path folder;
    private final int size;
    private final int port;
    private final List<String> compiler;
    private final Map<Integer, Process> processes = new TreeMap<>();

    /** @param folder for their logs, and the secret that they share */
    RankProcesses(Path folder, int size) throws IOException {
        this(folder, size, freePort());
    }

    RankProcesses(Path folder, int size, int port) {
        this(folder, size, port, List.of("-XX:TieredStopAtLevel=1"));
    }

    private RankProcesses(Path folder, int size, int port, List<String> compiler) {
        this.folder = folder;
        this.size = size;
        this.port = port;
        this.compiler = compiler;
    }

    /** Processes with the optimizing compiler. */
    static RankProcesses optimized(Path folder, int size) throws IOException {
        return new RankProcesses(folder, size, freePort(), List.of());
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    int port() {
        return port;
    }

    void start(int rank, List<String> arguments) throws IOException {
        start(rank, arguments, Map.of(), UnaryOperator.identity());
    }

    /**
     * Starts a process.
     *
     * @param environment beside what torchrun sets
     * @param jvm changes an argument of the JVM, such as the module path
     */
    void start(int rank, List<String> arguments, Map<String, String> environment, UnaryOperator<String> jvm)
            throws IOException {
        List<String> command = new ArrayList<>(ProgramJvm.command(compiler).stream().map(jvm).toList());
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true)
                .redirectOutput(logFile(rank).toFile());
        builder.environment().putAll(Map.of("RANK", Integer.toString(rank), "WORLD_SIZE", Integer.toString(size),
                "MASTER_ADDR", "127.0.0.1", "MASTER_PORT", Integer.toString(port), "XDG_STATE_HOME",
                folder.resolve("state").toString()));
        builder.environment().putAll(environment);
        processes.put(rank, builder.start());
    }

    /** What {@code ./moe4j} starts, with the modules of this JVM: the program, to which its arguments are added. */
    static List<String> commandLine() {
        return ProgramJvm.command(List.of("-XX:TieredStopAtLevel=1"));
    }

    Process process(int rank) {
        return processes.get(rank);
    }

    /** The exit code of a process, which ends in time. */
    int exitCode(int rank) throws InterruptedException {
        assertTrue(process(rank).waitFor(120, TimeUnit.SECONDS), () -> "rank " + rank + " ends: " + log(rank));
        return process(rank).exitValue();
    }

    /** Waits until a process has written {@code text}. */
    void await(int rank, String text) throws InterruptedException {
        for (int i = 0; i < 2400 && !log(rank).contains(text); i++) {
            assertTrue(process(rank).isAlive(), () -> log(rank));
            Thread.sleep(50);
        }
        assertTrue(log(rank).contains(text), () -> log(rank));
    }

    String log(int rank) {
        try {
            return Files.readString(logFile(rank));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private Path logFile(int rank) {
        return folder.resolve("port" + port + "-rank" + rank + ".log");
    }

    @Override
    public void close() {
        processes.values().forEach(Process::destroyForcibly);
    }
}
