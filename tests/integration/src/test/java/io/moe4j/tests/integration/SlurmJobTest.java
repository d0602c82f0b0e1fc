package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The batch scripts for Slurm, run with an {@code srun} that starts tasks as Slurm does, on this machine. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(300)
class SlurmJobTest {
    private static final String EACH_GPU = "slurm-task-for-each-gpu.sbatch";
    private static final String EACH_NODE = "slurm-launch-on-each-node.sbatch";
    private static final Pattern DIRECTIVE = Pattern.compile("(?m)^#SBATCH --([a-z-]+)(?:=(\\S+))?$");
    private static final String SRUN = """
            each=$SLURM_NTASKS_PER_NODE
            while [ $# -gt 0 ]; do
                case $1 in --ntasks-per-node=*) each=${1#*=} ;; --kill-on-bad-exit=0 | --wait=*) ;; *) break ;; esac
                shift
            done
            tasks=$((SLURM_NNODES * each)) code=0 started=()
            for ((task = 0; task < tasks; task++)); do
                SLURM_PROCID=$task SLURM_LOCALID=$((task % each)) SLURM_NODEID=$((task / each)) SLURM_STEP_ID=0 \\
                    SLURM_STEP_NUM_TASKS=$tasks SLURM_STEP_NUM_NODES=$SLURM_NNODES SLURM_STEP_NODELIST=$SLURM_JOB_NODELIST \\
                    "$@" >"task-$task.log" 2>&1 &
                started+=($!)
            done
            for process in "${started[@]}"; do wait "$process" || code=$?; done
            exit "$code"
            """;

    @TempDir
    private static Path shared;

    private static List<String> expected;

    @TempDir
    private Path folder;

    @BeforeAll
    static void trainWithThreads() throws IOException {
        expected = ClusterRun.expected(shared);
    }

    @Test
    void slurmStartsATaskForEachGpu() throws Exception {
        Map<String, String> directives = directives(EACH_GPU);
        assertEquals(directives.get("ntasks-per-node"), directives.get("gpus-per-node"));
        assertFalse(directives.containsKey("gpus-per-task"), "peer memory needs all GPUs of a node in each task");
        try (ClusterRun run = new ClusterRun(folder)) {
            Process batch = batch(run, EACH_GPU, "2");
            assertEquals(0, run.exitCode(batch), run::logs);
            assertEquals(expected, ClusterRun.numbers(run.path("outputs/moe4j-4711")), run::logs);
        }
    }

    /** The launcher is killed, as the kernel does when memory runs out: its processes save and end. Slurm queues the job again, and it goes on. */
    @Test
    void aKilledLauncherLeavesNoProcessAndTheJobGoesOnWhenItIsQueuedAgain() throws Exception {
        try (ClusterRun run = new ClusterRun(folder)) {
            Process batch = batch(run, EACH_NODE, "1");
            run.awaitCheckpoint("outputs/moe4j-4711", batch);
            ProcessHandle launcher = batch.children().findFirst().orElseThrow();
            List<ProcessHandle> ranks = launcher.children().toList();
            assertEquals(2, ranks.size(), run::logs);
            launcher.destroyForcibly();
            for (ProcessHandle rank : ranks) {
                rank.onExit().get(60, TimeUnit.SECONDS);
            }
            assertEquals(137, run.exitCode(batch), run::logs);
            int steps = ClusterRun.numbers(run.path("outputs/moe4j-4711")).size() / 2;
            Path saved = run.path("outputs/moe4j-4711").resolve("checkpoints").resolve("step-%09d".formatted(steps));
            assertTrue(Files.isDirectory(saved), () -> saved + "\n" + run.logs());

            assertEquals(0, run.exitCode(batch(run, EACH_NODE, "1")), run::logs);
            assertTrue(run.logs().contains("continues "), run::logs);
            assertEquals(expected, ClusterRun.numbers(run.path("outputs/moe4j-4711")), run::logs);
            assertTrue(Files.readString(run.path("logs/moe4j-4711/rank-0.log")).contains("step: " + ClusterRun.STEPS),
                    run::logs);
        }
    }

    private static Process batch(ClusterRun run, String file, String tasksOfANode) throws IOException {
        run.script("srun", SRUN);
        Map<String, String> slurm = new HashMap<>(Map.of("SLURM_JOB_ID", "4711", "SLURM_JOB_NAME", "moe4j",
                "SLURM_SUBMIT_DIR", run.path("").toString(), "SLURM_NNODES", "1", "SLURM_NTASKS", tasksOfANode,
                "SLURM_NTASKS_PER_NODE", tasksOfANode, "SLURM_GPUS_ON_NODE", "2", "SLURM_JOB_NODELIST", "localhost",
                "SLURM_PROCID", "0", "MASTER_PORT", Integer.toString(RankProcesses.freePort())));
        // Slurm runs a copy of the file.
        Path copy = Files.writeString(run.path("slurm_script"), Files.readString(ProjectFiles.job(file)));
        return run.start("batch.log", List.of("bash", copy.toString()), slurm);
    }

    private static Map<String, String> directives(String file) throws IOException {
        Map<String, String> directives = new TreeMap<>();
        Matcher matcher = DIRECTIVE.matcher(Files.readString(ProjectFiles.job(file)));
        while (matcher.find()) {
            directives.put(matcher.group(1), Optional.ofNullable(matcher.group(2)).orElse(""));
        }
        assertTrue(directives.size() >= 8, directives::toString);
        return directives;
    }
}
