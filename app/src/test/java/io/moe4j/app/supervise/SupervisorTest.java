package io.moe4j.app.supervise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that are started, watched and ended together: shell commands, which start in milliseconds. */
@Timeout(60)
class SupervisorTest {
    private static final Patience SHORT = new Patience(Duration.ofMillis(300), Duration.ofMillis(300));
    private static final Patience LONG = new Patience(Duration.ofSeconds(50), Duration.ofSeconds(50));
    private static final String FOREVER = "while :; do sleep 0.05; done";

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void shell() {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "skipped: the commands need /bin/sh");
    }

    @Test
    void rankZeroReportsAndTheOthersAreHeadedByTheirRanks() throws Exception {
        assertEquals(0, run(SHORT, 0, "echo 'step: 1'; echo careful >&2", "echo careful >&2", "echo other",
                "echo careful >&2"));
        assertEquals("step: 1\n", out.toString());
        assertTrue(err.toString().contains("] careful\n") && err.toString().contains("[rank 2] other\n"),
                err.toString());
        assertEquals(1, err.toString().split("careful", -1).length - 1,
                "the same line of three ranks is written once: " + err);
        assertTrue(err.toString().contains("[ranks 0, 1 and 3] careful"), err.toString());
    }

    @Test
    void oneThatFailsEndsAll() throws Exception {
        assertEquals(1, run(SHORT, 0, "trap '' TERM; " + FOREVER, "echo first; echo 'error: no memory' >&2; exit 7"));
        assertTrue(
                err.toString()
                        .contains("[launch] rank 0 has not ended within 0 s after rank 1 had failed, and is killed"),
                err.toString());
        assertTrue(
                err.toString().contains("[launch] rank 1 failed (exit code 7), and with it the run; its last lines:"),
                err.toString());
        assertTrue(err.toString().contains("|   error: no memory"), err.toString());
    }

    /** Rank 0 ends first, because of rank 1; and a process that was killed says nothing itself. */
    @Test
    void theFirstToFailIsNamedAndNotTheFirstToEnd() throws Exception {
        assertEquals(1, run(LONG, 0, "echo 'error: rank 1 failed during step 3: it broke' >&2; exit 1",
                "sleep 0.3; echo 'error: it broke' >&2; exit 1"));
        assertTrue(err.toString().contains("[launch] rank 1 failed (exit code 1)"), err.toString());
        assertEquals(1, run(LONG, 0, "echo 'error: rank 2 failed' >&2; exit 1", "exit 1", "sleep 0.2; kill -9 $$"));
        assertTrue(err.toString().contains("[launch] rank 2 was killed by SIGKILL (exit code 137), and with it the run;"
                + " it wrote nothing"), err.toString());
    }

    @Test
    void whatAllFailOfIsToldOnce() throws Exception {
        assertEquals(1, run(LONG, 0, "echo 'error: loss NaN' >&2; exit 1", "echo 'error: loss NaN' >&2; exit 1"));
        assertTrue(err.toString().contains("[launch] ranks 0 and 1 failed (exit code 1), and with it the run"),
                err.toString());
    }

    @Test
    void badInputIsNotTriedAgain() throws Exception {
        assertEquals(2, run(LONG, 5, "echo 'error: rank 1 failed during its start' >&2; exit 1", "exit 2"));
        assertFalse(err.toString().contains("restart"), err.toString());
    }

    @Test
    void whatIsAskedToEndEnds() throws Exception {
        Path ready = folder.resolve("ready");
        String polite = "trap 'echo saved; exit 143' TERM; echo > " + ready + "-$RANK; " + FOREVER;
        Supervisor supervisor = supervisor(LONG, restart -> List.of(polite, polite), Optional::empty);
        Thread asking = Thread.ofVirtual().start(() -> {
            await(Path.of(ready + "-0"));
            await(Path.of(ready + "-1"));
            supervisor.stop();
        });
        assertEquals(3, supervisor.run(new RestartPolicy(5, Optional.empty())));
        asking.join();
        assertEquals("saved\n", out.toString());
    }

    @Test
    void whatDoesNotEndIsKilled() throws Exception {
        Path ready = folder.resolve("ready");
        Supervisor supervisor = supervisor(SHORT, restart -> List.of("trap '' TERM; echo > " + ready + "; " + FOREVER),
                Optional::empty);
        Thread asking = Thread.ofVirtual().start(() -> {
            await(ready);
            supervisor.stop();
        });
        supervisor.run(new RestartPolicy(0, Optional.empty()));
        asking.join();
        assertTrue(
                err.toString().contains("[launch] rank 0 has not ended within 0 s after being asked to, and is killed"),
                err.toString());
    }

    @Test
    void aRunIsRestartedAsLongAsThatIsOfUse() throws Exception {
        List<Integer> starts = new ArrayList<>();
        Supervisor supervisor = supervisor(LONG, restart -> {
            starts.add(restart);
            return List.of(restart < 1 ? "echo 'error: no memory' >&2; exit 1" : "exit 0");
        }, () -> Optional.of(Path.of("step-" + starts.size())));
        assertEquals(0, supervisor.run(new RestartPolicy(3, Optional.empty())));
        assertEquals(List.of(0, 1), starts);
        assertTrue(
                err.toString().contains("[launch] rank 0 failed (exit code 1): no memory: restart 1 of 3 in 1 s, from"
                        + " step-1"),
                err.toString());
    }

    @Test
    void aSignalBeforeARestartIsTheEnd() throws Exception {
        List<Supervisor> asked = new ArrayList<>();
        Supervisor supervisor = supervisor(LONG, restart -> {
            assertEquals(0, restart);
            return List.of("exit 1");
        }, () -> {
            asked.forEach(Supervisor::stop);
            return Optional.empty();
        });
        RestartPolicy restarts = new RestartPolicy(3, Optional.empty());
        asked.add(supervisor);
        assertEquals(3, supervisor.run(restarts));
    }

    @Test
    void linesOfAProcessStayInOrderWhereOthersWriteTheSame() {
        try (MergedLines lines = new MergedLines(new PrintWriter(err))) {
            lines.add(List.of(0), "a");
            lines.add(List.of(0), "b");
            lines.add(List.of(1), "b");
            lines.add(List.of(1), "a");
            lines.add(List.of(2, 3), "a");
            lines.add(List.of(0), "11:26:35.121 WARN  c");
            lines.add(List.of(1), "11:26:35.136 WARN  c");
        }
        assertEquals("[ranks 0, 2 and 3] a\n[ranks 0 and 1] b\n[rank 1] a\n[ranks 0 and 1] 11:26:35.121 WARN  c\n",
                err.toString());
    }

    /** The pipe that is a process's standard input ends with the process that has started it, and never before. */
    @Test
    void standardInputIsAPipeThatNothingIsWrittenTo() throws Exception {
        assertEquals(0, run(LONG, 0, "test -p /dev/stdin && ! read -t 0.2 line; test $? = 0 && echo open"));
        assertEquals("open\n", out.toString());
    }

    @Test
    void aFullDiskCostsALogAndNotTheRun() throws Exception {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "skipped: there is no /dev/full");
        Path logs = Files.createDirectory(folder.resolve("logs"));
        Files.createSymbolicLink(logs.resolve("rank-0.log"), full);
        PrintWriter errors = new PrintWriter(err, true);
        try (RankOutput output = new RankOutput(new PrintWriter(out), errors,
                Optional.of(LogFiles.in(logs, errors::println)))) {
            assertEquals(0, new Supervisor(job(restart -> List.of("echo a; echo b", "echo c; echo d >&2"),
                    Optional::empty), output, LONG).run(new RestartPolicy(0, Optional.empty())));
        }
        assertEquals("a\nb\n", out.toString());
        assertEquals(List.of("c", "d"), Files.readAllLines(logs.resolve("rank-1.log")).stream().sorted().toList());
        assertEquals(1, err.toString().split("the run goes on without this log", -1).length - 1, err.toString());
    }

    private int run(Patience patience, int restarts, String... scripts) throws Exception {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        try (RankOutput output = new RankOutput(new PrintWriter(out), new PrintWriter(err), Optional.empty())) {
            return new Supervisor(job(restart -> List.of(scripts), Optional::empty), output, patience)
                    .run(new RestartPolicy(restarts, Optional.empty()));
        }
    }

    private Supervisor supervisor(Patience patience, IntFunction<List<String>> scripts,
            Supplier<Optional<Path>> newest) {
        return new Supervisor(job(scripts, newest),
                new RankOutput(new PrintWriter(out), new PrintWriter(err), Optional.empty()), patience);
    }

    private static Supervisor.Job job(IntFunction<List<String>> scripts,
            Supplier<Optional<Path>> newest) {
        return new Supervisor.Job() {
            @Override
            public List<Child> children(int restart) {
                List<Child> children = new ArrayList<>();
                for (String script : scripts.apply(restart)) {
                    int rank = children.size();
                    children.add(new Child(List.of(rank), List.of("/bin/sh", "-c", script),
                            Map.of("RANK", Integer.toString(rank))));
                }
                return children;
            }

            @Override
            public Optional<Path> newestCheckpoint() {
                return newest.get();
            }
        };
    }

    private static void await(Path file) {
        while (!Files.exists(file)) {
            Thread.onSpinWait();
        }
    }
}
