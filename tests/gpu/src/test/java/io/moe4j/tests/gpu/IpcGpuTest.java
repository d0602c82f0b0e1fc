package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Barriers, collectives and {@code minimal_async_ep} between processes on one GPU, through CUDA IPC. */
@Tag("gpu")
@Timeout(90)
final class IpcGpuTest {

    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void ranksInProcessesOfTheirOwn(int ranks, @TempDir Path folder) throws Exception {
        List<Process> processes = new ArrayList<>();
        List<Path> logs = new ArrayList<>();
        for (int r = 0; r < ranks; r++) {
            List<String> command = new ArrayList<>(
                    List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
            command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
            command.addAll(List.of("--module", "io.moe4j.tests.gpu/io.moe4j.tests.gpu.PeerProcess", String.valueOf(r),
                    String.valueOf(ranks), Files.createDirectories(folder.resolve("meet")).toString()));
            logs.add(folder.resolve("rank" + r + ".txt"));
            processes.add(
                    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(logs.get(r).toFile()).start());
        }
        for (int r = 0; r < ranks; r++) {
            boolean ended = processes.get(r).waitFor(60, TimeUnit.SECONDS);
            processes.get(r).destroyForcibly();
            String log = Files.readString(logs.get(r));
            assertTrue(ended, "rank " + r + " did not end:\n" + log);
            assertEquals(0, processes.get(r).exitValue(), "rank " + r + ":\n" + log);
            assertTrue(log.contains("between processes"), log);
            log.lines().filter(line -> line.contains("between processes")).forEach(System.out::println);
        }
    }
}
