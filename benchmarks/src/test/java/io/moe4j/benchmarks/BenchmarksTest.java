package io.moe4j.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmh.annotations.Benchmark;

/** Every benchmark runs once, on little, as the documented command would run it: so none can rot. */
class BenchmarksTest {
    private static final long LIMIT_SECONDS = 120;
    private static final List<Class<?>> ALL = List.of(ExchangeBenchmark.class, ExpertKernelsBenchmark.class,
            FilesBenchmark.class, NormBenchmark.class, StartBenchmark.class);

    @TempDir
    private Path folder;

    @Test
    void everyBenchmarkRunsOnce() throws Exception {
        Path results = folder.resolve("results.csv");
        Path log = folder.resolve("log.txt");
        Process process = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(),
                "--module-path=" + System.getProperty("jmh.module.path"), "--add-modules=ALL-MODULE-PATH",
                "--enable-native-access=ALL-UNNAMED,io.moe4j.runtime.cpu,org.bytedeco.javacpp,org.bytedeco.openblas",
                "--sun-misc-unsafe-memory-access=allow", "-XX:TieredStopAtLevel=1", "-cp",
                System.getProperty("jmh.class.path"), "org.openjdk.jmh.Main", "-f", "0", "-bm", "ss", "-wi", "0", "-i",
                "1", "-foe", "true", "-p", "tokens=3", "-p", "rows=16", "-p", "dim=16", "-p", "dtype=F32", "-p",
                "mebibytes=1", "-rf", "csv", "-rff", results.toString()).redirectErrorStream(true)
                .redirectOutput(log.toFile()).start();
        try {
            assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), () -> "not done in time:\n" + read(log));
        } finally {
            process.destroyForcibly();
        }
        assertEquals(0, process.exitValue(), () -> read(log));
        List<String> expected = ALL.stream().flatMap(BenchmarksTest::names).sorted().toList();
        List<String> run = Files.readAllLines(results).stream().skip(1)
                .map(line -> line.substring(1, line.indexOf('"', 1))).sorted().toList();
        assertEquals(expected, run, () -> read(log));
    }

    private static Stream<String> names(Class<?> type) {
        return Stream.of(type.getMethods()).filter(method -> method.isAnnotationPresent(Benchmark.class))
                .map(Method::getName).map(name -> type.getName() + "." + name);
    }

    private static String read(Path log) {
        try {
            return Files.readString(log, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return log + " cannot be read: " + e;
        }
    }
}
