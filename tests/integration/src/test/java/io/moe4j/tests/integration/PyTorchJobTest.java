package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** The job files for Kubernetes: their containers as processes of this machine, with the variables that the operator sets. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(300)
class PyTorchJobTest {
    /** What {@code /runs} is in the job files. */
    private static final String VOLUME = "volume";

    @TempDir
    private Path folder;

    /** A pod of the job: the container's command, and the operator's and the container's variables. */
    private record Pod(List<String> command, Map<String, String> environment) {}

    @ParameterizedTest
    @ValueSource(strings = {"kubernetes-one-node.yaml", "kubernetes-two-nodes.yaml"})
    void aPodIsGivenTheTimeThatItsRanksAre(String file) throws IOException {
        Map<String, Object> job = read(file);
        assertEquals("PyTorchJob", job.get("kind"));
        assertEquals("kubeflow.org/v1", job.get("apiVersion"));
        for (Map<String, Object> replica : replicas(job).values()) {
            Map<String, Object> pod = map(map(replica, "template"), "spec");
            Map<String, Object> container = container(replica);
            assertEquals("pytorch", container.get("name"), "the operator looks for this name");
            String grace = strings(container, "args").stream().filter(word -> word.startsWith("--grace=")).findFirst()
                    .orElseThrow().substring("--grace=".length());
            assertTrue((int) pod.get("terminationGracePeriodSeconds") > Integer.parseInt(grace), pod::toString);
            assertEquals(map(job, "spec").get("nprocPerNode"),
                    map(map(container, "resources"), "limits").get("nvidia.com/gpu").toString(),
                    "a process for each GPU");
        }
    }

    /**
     * A process of the second pod is killed: both launchers start their processes again, which go on from the checkpoint. Each build has launchers and their
     * processes in {@link SlurmJobTest}, and restarts in the launcher's own tests.
     */
    @Test
    @Tag("thorough")
    void twoPodsGoOnAfterAFailure() throws Exception {
        List<String> expected = ClusterRun.expected(folder.resolve("reference"));
        try (ClusterRun run = new ClusterRun(folder.resolve("runs"))) {
            List<Process> launchers = new ArrayList<>();
            for (Pod pod : pods(run, "kubernetes-two-nodes.yaml")) {
                launchers.add(run.start("pod-" + launchers.size() + ".log", pod.command, pod.environment));
            }
            assertEquals(2, launchers.size());
            run.awaitCheckpoint(VOLUME + "/moe4j", launchers.getFirst());
            assertTrue(launchers.getLast().children().findFirst().orElseThrow().destroyForcibly());
            for (Process launcher : launchers) {
                assertEquals(0, run.exitCode(launcher), run::logs);
            }
            String logs = run.logs();
            assertTrue(
                    logs.contains(
                            "[launch] rank 1 was killed by SIGKILL (exit code 137): restart 1 of 3 in 1 s, from "),
                    logs);
            assertTrue(
                    logs.contains("[launch] rank 0 failed (exit code 1): rank 1 failed")
                            && logs.contains("its process has ended") && logs.contains("continues "),
                    logs);
            assertEquals(expected, ClusterRun.numbers(run.path(VOLUME + "/moe4j")), logs);
        }
    }

    @Test
    void theConfigurationOfTheJobFilesHolds() {
        assertEquals(8, new ConfigLoader(Plugins.load(List.of())).load(ProjectFiles.job("train.toml").toString(),
                Arguments.of("ranks=8").overrides(), ConfigUse.planning()).ranks());
    }

    private static List<Pod> pods(ClusterRun run, String file) throws IOException {
        Map<String, Map<String, Object>> replicas = replicas(read(file));
        int count = replicas.values().stream().mapToInt(replica -> (int) replica.get("replicas")).sum();
        String port = Integer.toString(RankProcesses.freePort());
        Path volume = Files.createDirectories(run.path(VOLUME));
        Files.copy(run.path("train.toml"), volume.resolve("train.toml"));
        List<Pod> pods = new ArrayList<>();
        for (String type : List.of("Master", "Worker")) {
            for (int i = 0; i < (int) replicas.get(type).get("replicas"); i++) {
                Map<String, Object> container = container(replicas.get(type));
                List<String> command = new ArrayList<>(strings(container, "command"));
                strings(container, "args").forEach(word -> command.add(word.replace("/runs", volume.toString())));
                // NCCL is on GPUs only.
                command.add("--runtime.collectives=");
                Map<String, String> environment = new HashMap<>(Map.of("MASTER_ADDR", "127.0.0.1", "MASTER_PORT", port,
                        "RANK", Integer.toString(pods.size()), "WORLD_SIZE", Integer.toString(count),
                        "PET_NODE_RANK", Integer.toString(pods.size()), "PET_NNODES", Integer.toString(count),
                        "PET_NPROC_PER_NODE", "1"));
                for (Object each : (List<?>) container.get("env")) {
                    Map<String, Object> variable = map(each);
                    environment.put(variable.get("name").toString(), variable.containsKey("value")
                            ? variable.get("value").toString() : "what the secret of the cluster has");
                }
                pods.add(new Pod(command, environment));
            }
        }
        return pods;
    }

    private static Map<String, Object> read(String file) throws IOException {
        return map(new Yaml().load(Files.readString(ProjectFiles.job(file))));
    }

    private static Map<String, Map<String, Object>> replicas(Map<String, Object> job) {
        Map<String, Map<String, Object>> replicas = new HashMap<>();
        map(map(job, "spec"), "pytorchReplicaSpecs").forEach((type, replica) -> replicas.put(type, map(replica)));
        return replicas;
    }

    private static Map<String, Object> container(Map<String, Object> replica) {
        List<?> containers = (List<?>) map(map(replica, "template"), "spec").get("containers");
        assertEquals(1, containers.size());
        return map(containers.getFirst());
    }

    private static List<String> strings(Map<String, Object> from, String key) {
        return ((List<?>) from.get(key)).stream().map(String.class::cast).toList();
    }

    private static Map<String, Object> map(Map<String, Object> from, String key) {
        return map(from.get(key));
    }

    private static Map<String, Object> map(Object value) {
        Map<String, Object> map = new HashMap<>();
        ((Map<?, ?>) value).forEach((key, each) -> map.put((String) key, each));
        return map;
    }
}
