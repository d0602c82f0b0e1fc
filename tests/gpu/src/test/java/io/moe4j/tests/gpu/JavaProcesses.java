package io.moe4j.tests.gpu;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Starts JVMs with the command line of this one, but another main class, and keeps what they print. */
final class JavaProcesses {
    private final Path logs;
    private final List<Process> processes = new ArrayList<>();

    /** @param logs a folder for their output */
    JavaProcesses(Path logs) {
        this.logs = logs;
    }

    /** Starts one more JVM: the command line of this one, with another main class. */
    void start(Class<?> main, Map<String, String> environment, Object... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-agentlib") && !argument.startsWith("-javaagent"))
                .forEach(command::add);
        command.addAll(List.of("-Xmx2g", "--module", "io.moe4j.tests.gpu/" + main.getName()));
        for (Object argument : arguments) {
            command.add(String.valueOf(argument));
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(log(processes.size()).toFile());
        builder.environment().putAll(environment);
        processes.add(builder.start());
    }

    /** Waits for the processes; returns their exit codes. A process that has not ended in time is killed. */
    List<Integer> exitCodes(int seconds) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        List<Integer> codes = new ArrayList<>();
        for (Process process : processes) {
            if (!process.waitFor(Math.max(1, end - System.nanoTime()), TimeUnit.NANOSECONDS)) {
                process.destroyForcibly().waitFor();
            }
            codes.add(process.exitValue());
        }
        return codes;
    }

    /** What process {@code index} has printed. */
    String output(int index) throws IOException {
        return Files.readString(log(index));
    }

    /** What all have printed, one after the other. */
    String output() throws IOException {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < processes.size(); i++) {
            all.append(output(i));
        }
        return all.toString();
    }

    private Path log(int index) {
        return logs.resolve("rank" + index + ".txt");
    }
}
